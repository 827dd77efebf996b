/* Drafting a document for an officer to sign: everything the views know is filled in. */
#include "core/cases/catalogue_view.h"
#include "core/cases/fold_parts.h"

#include "core/base/text.h"

#include <string.h>

#define DAY_MS 86400000
#define WIB_MS 25200000 /* UTC+7, the province's clock */
#define SHOWN_CODE_BYTES_MAX 20u

struct draft {
    struct document document;
    char case_text[CASE_TEXT_CAPACITY];
    char id[DOCUMENT_ID_BYTES_MAX + 1];
    struct catalogue_view catalogue;
};

/* Everything below reckons with now_ms as a day and as a year. */
static int draft_clock(struct fold *fold, int64_t now_ms)
{
    return now_ms >= 0 && now_ms / DAY_MS <= INT32_MAX / 2
               ? FOLD_DONE
               : fold_refuse(fold, ERR_VALUE, "the clock shows no possible day");
}

/* The year it is at the province's desk, in UTC as all times here. */
static int draft_id(struct fold *fold, int64_t now_ms, struct draft *draft)
{
    char day[DAY_TEXT_CAPACITY];
    uint64_t number = 0;
    const uint8_t *suffix = fold->config->document_suffix;
    int status = fold_counter(fold, "document_number", &number);
    if (status != 0) {
        return status;
    }
    day_to_text((int32_t)(now_ms / DAY_MS), day);
    (void)snprintf(draft->id, sizeof draft->id, "%.*s-%.4s-%06llu-%02x%02x",
                   SHOWN(fold->config->province), day, (unsigned long long)number + 1, suffix[0],
                   suffix[1]);
    draft->document.id = bytes_of_text(draft->id);
    return FOLD_DONE;
}

static int draft_case(struct fold *fold, const struct case_name *name, struct draft *draft,
                      uint64_t *ret_version)
{
    struct document *document = &draft->document;
    struct case_view view;
    int status = fold_case_get(fold, name, &view);
    if (status == ERR_NOT_FOUND) {
        return fold_refuse(fold, ERR_NOT_FOUND, "there is no such case");
    }
    if (status != 0) {
        return status;
    }
    if (!catalogue_has_form(draft->catalogue.catalogue, view.form)) {
        return fold_refuse(fold, ERR_VALUE, "form: %.*s is not in the catalogue", SHOWN(view.form));
    }
    document->case_name = bytes_of_text(case_name_text(name, draft->case_text));
    document->has_case_version = true;
    document->case_version = view.version;
    document->addressee = view.regency;
    document->subject_name = view.name;
    document->subject_nip = view.nip;
    document->subject_unit = view.unit;
    document->form = view.form;
    *ret_version = view.version;
    status = fold_may_issue(fold, document, &view);
    return status == FOLD_DONE ? fold_case_rules(fold, document, &view) : status;
}

static int draft_without_case(struct fold *fold, const struct draft *draft)
{
    enum case_state target = CASE_RECEIVED;
    if (fold_target_state(draft->document.type, &target)) {
        return fold_refuse(fold, ERR_VALUE, "a %s is about a case",
                           document_type_name(draft->document.type));
    }
    bool replaces = false;
    return fold_may_address(fold, draft->document.type, draft->document.addressee)
               ? fold_superseded(fold, &draft->document, &replaces)
               : fold_refuse(fold, ERR_VALUE, "addressee: %.*s is no regency of province %.*s",
                             SHOWN(draft->document.addressee), SHOWN(fold->config->province));
}

/* What the officer must have filled in; the same as the rules ask of a signed document. */
static int draft_fields(struct fold *fold, const struct document *document)
{
    bool decision = document->type == DOCUMENT_TYPE_DECISION;
    bool recommendation = document->type == DOCUMENT_TYPE_RECOMMENDATION;
    bool known = decision || recommendation || document->type == DOCUMENT_TYPE_ADVISORY ||
                 document->type == DOCUMENT_TYPE_QUESTION;
    const struct {
        bool missing;
        const char *field;
    } rows[] = {
        {!known, "type"},
        {(decision || recommendation) && text_blank(document->authority), "authority"},
        {decision && text_blank(document->decree_number), "decree_number"},
        {decision && !document->has_decree_date, "decree_date"},
        {decision && document->decree_scan.len != HASH_BYTES, "decree_scan"},
        {(recommendation || document->type == DOCUMENT_TYPE_QUESTION) && !document->has_respond_by,
         "respond_by"},
        {text_blank(document->text) &&
             (!(decision || recommendation) || text_blank(document->sanction)),
         "text"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].missing) {
            return fold_refuse(fold, ERR_VALUE, "D4: %s: must be given", rows[i].field);
        }
    }
    return FOLD_DONE;
}

static int32_t day_in_wib(int64_t now_ms)
{
    return (int32_t)((now_ms + WIB_MS) / DAY_MS);
}

/* Only what could be a mistyped code is echoed: the text ends up on terminals and in logs. */
static bool like_a_code(struct bytes text)
{
    if (text.len == 0 || text.len > SHOWN_CODE_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.') {
            return false;
        }
    }
    return true;
}

/* Of the catalogue that holds, loaded or built in. */
static int draft_sanction(struct fold *fold, const struct draft *draft)
{
    static const char why[] =
        "is no code of the catalogue: see sanctions.csv of the one that holds";
    struct bytes code = draft->document.sanction;
    if (code.len == 0 || catalogue_has_sanction(draft->catalogue.catalogue, code)) {
        return FOLD_DONE;
    }
    return like_a_code(code) ? fold_refuse(fold, ERR_VALUE, "sanction: '%.*s' %s", SHOWN(code), why)
                             : fold_refuse(fold, ERR_VALUE, "sanction: this %s", why);
}

/* Slips that an officer would not want to sign. Only here, not where acts are folded: views that
 * are rebuilt by a later version must not depend on the catalogue and the day of that build. */
static int draft_slips(struct fold *fold, const struct draft *draft, int64_t now_ms)
{
    const struct document *document = &draft->document;
    char said[DAY_TEXT_CAPACITY];
    char today[DAY_TEXT_CAPACITY];
    (void)day_to_text(day_in_wib(now_ms), today);
    if (document->has_decree_date && document->decree_date > day_in_wib(now_ms)) {
        return fold_refuse(fold, ERR_VALUE, "decree_date: %s is after today, %s",
                           day_to_text(document->decree_date, said), today);
    }
    if (document->has_expires_ms && document->expires_ms <= now_ms) {
        return fold_refuse(fold, ERR_VALUE, "D2: expires: this is over already");
    }
    if (document->type != DOCUMENT_TYPE_DECISION && document->has_respond_by &&
        document->respond_by < day_in_wib(now_ms)) {
        return fold_refuse(fold, ERR_VALUE, "respond_by: %s is before today, %s",
                           day_to_text(document->respond_by, said), today);
    }
    return draft_sanction(fold, draft);
}

static int draft_fill(struct fold *fold, const struct case_name *case_name, int64_t now_ms,
                      struct draft *draft, uint64_t *ret_version)
{
    struct ring *ring = NULL;
    int status = draft_fields(fold, &draft->document);
    if (status == FOLD_DONE) {
        status = draft_clock(fold, now_ms);
    }
    if (status == FOLD_DONE) {
        status = catalogue_view_get(fold->views, fold->arena, &draft->catalogue);
        draft->document.catalogue = bytes_of_text(draft->catalogue.version);
    }
    if (status == FOLD_DONE) {
        status = draft_slips(fold, draft, now_ms);
    }
    if (status == FOLD_DONE) {
        status = fold_ring(fold, &ring);
    }
    if (status == FOLD_DONE) {
        status = case_name == NULL ? draft_without_case(fold, draft)
                                   : draft_case(fold, case_name, draft, ret_version);
    }
    if (status == FOLD_DONE) {
        status = draft_id(fold, now_ms, draft);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    draft->document.province = fold->config->province;
    draft->document.ring = ring->number;
    draft->document.has_created_ms = true;
    draft->document.created_ms = now_ms;
    return FOLD_DONE;
}

int fold_draft(const struct fold_config *config, const struct views *views,
               const struct case_name *case_name, const struct document *wanted, int64_t now_ms,
               const uint8_t salt[SALT_BYTES], struct arena *arena, struct bytes *ret_document,
               uint64_t *ret_case_version, struct err_ctx *err)
{
    struct fold_output *answer = arena_alloc(arena, sizeof *answer);
    uint8_t *body = arena_alloc(arena, ENTRY_BYTES_MAX);
    struct draft *draft = arena_alloc(arena, sizeof *draft);
    if (answer == NULL || body == NULL || draft == NULL) {
        return err_set(err, ERR_NOMEM, "draft a document: the arena is too small");
    }
    struct fold fold = {.config = config, .views = views, .arena = arena, .ret = answer};
    uint64_t version = 0;
    size_t len = 0;
    draft->document = *wanted;
    memcpy(draft->document.salt, salt, SALT_BYTES);
    int status = draft_fill(&fold, case_name, now_ms, draft, &version);
    if (status == FOLD_REFUSED) {
        return err_set(err, answer->code, "%s", answer->text);
    }
    if (status == 0) {
        status = document_encode(&draft->document, body, ENTRY_BYTES_MAX, &len, err);
    }
    if (status != 0) {
        return err_wrap(err, status, "draft a document");
    }
    *ret_document = bytes_of(body, len);
    *ret_case_version = version;
    return 0;
}
