/* Proposing a document and signing it as the second officer. */
#include "core/cases/fold_parts.h"

#include "core/base/plant.h"

#include <string.h>

/* Room in an entry for the further signatures beside the document. */
#define SIGNATURES_ROOM_BYTES 1536u

/* ---- what the document says and what the case says ---- */
static int agrees(struct fold *fold, const struct document *document, const struct case_view *view)
{
    const struct {
        const char *name;
        struct bytes document, known;
    } rows[] = {
        {"addressee", document->addressee, view->regency},
        {"form", document->form, view->form},
        {"subject name", document->subject_name, view->name},
        {"subject NIP", document->subject_nip, view->nip},
        {"subject unit", document->subject_unit, view->unit},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!bytes_equal(rows[i].document, rows[i].known)) {
            return fold_refuse(fold, ERR_VALUE, "%s: the document does not say what the case says",
                               rows[i].name);
        }
    }
    return FOLD_DONE;
}

/* `seen`: the version the officer saw. */
static int versions(struct fold *fold, const struct document *document, uint64_t seen,
                    const struct case_view *view)
{
    unsigned long long now = view->version;
    if (seen != view->version) {
        return fold_refuse(fold, ERR_STALE,
                           "D10: the case is at version %llu, the officer saw %llu", now,
                           (unsigned long long)seen);
    }
    if (document->has_case_version && document->case_version == view->version) {
        return FOLD_DONE;
    }
    return fold_refuse(fold, ERR_STALE,
                       "D10: the case is at version %llu, the document was made for %llu", now,
                       (unsigned long long)document->case_version);
}

int fold_may_issue(struct fold *fold, const struct document *document,
                   const struct case_view *case_view)
{
    enum case_state target = CASE_RECEIVED;
    enum case_state state = case_view->state;
    struct err_ctx why = {.text = ""};
    bool replaces = false;
    int status = fold_superseded(fold, document, &replaces);
    if (status != FOLD_DONE || !fold_target_state(document->type, &target)) {
        return status;
    }
    if (replaces && state == target) {
        return FOLD_DONE;
    }
    status = case_state_move(&state, target, &why);
    return status == 0 ? FOLD_DONE : fold_refuse_for(fold, status, &why);
}

/* What was signed was about one of two that are one now: a new draft sees both. */
static int case_missing(struct fold *fold, const struct case_name *name,
                        const struct document *document)
{
    struct case_name now = *name;
    int status = views_lead(fold->views, fold->arena, &now);
    if (status == 0 && !case_name_same(&now, name)) {
        return fold_refuse(fold, ERR_STALE, "D10: its case went up in another: draft again");
    }
    return status != 0 && status != ERR_NOT_FOUND
               ? status
               : fold_refuse(fold, ERR_NOT_FOUND, "there is no case %.*s",
                             SHOWN(document->case_name));
}

/* Everything the case has to say to this document. Without a case: an advisory or question to a
 * regency of this province. */
static int case_check(struct fold *fold, struct bytes officer, const struct document *document,
                      uint64_t seen)
{
    struct case_name name;
    struct case_view view;
    if (document->case_name.len == 0) {
        bool replaces = false;
        return fold_may_address(fold, document->type, document->addressee)
                   ? fold_superseded(fold, document, &replaces)
                   : fold_refuse(fold, ERR_VALUE, "addressee: %.*s is no regency of province %.*s",
                                 SHOWN(document->addressee), SHOWN(fold->config->province));
    }
    if (!case_name_parse(document->case_name, &name)) {
        return fold_refuse(fold, ERR_FORMAT, "case_name: \"%.*s\" names no case",
                           SHOWN(document->case_name));
    }
    int status = fold_case_get(fold, &name, &view);
    if (status == ERR_NOT_FOUND) {
        return case_missing(fold, &name, document);
    }
    if (status != 0) {
        return status;
    }
    status = versions(fold, document, seen, &view);
    if (status == FOLD_DONE) {
        status = fold_not_barred(fold, &view, officer);
    }
    if (status == FOLD_DONE) {
        status = agrees(fold, document, &view);
    }
    if (status == FOLD_DONE) {
        status = fold_may_issue(fold, document, &view);
    }
    return status == FOLD_DONE ? fold_case_rules(fold, document, &view) : status;
}

/* ---- the id ---- */
/* "16-2024-000123-7f3a". The suffix is that of whichever incarnation made it. */
bool fold_document_number(const struct fold *fold, struct bytes id, uint64_t *ret)
{
    struct bytes province = fold->config->province;
    size_t at = province.len + 6; /* "-2024-" */
    uint64_t number = 0;
    if (id.len <= at || id.len > DOCUMENT_ID_BYTES_MAX || id.data[province.len] != '-' ||
        id.data[at - 1] != '-' || !bytes_equal(bytes_of(id.data, province.len), province)) {
        return false;
    }
    size_t begin = at;
    while (at < id.len && id.data[at] >= '0' && id.data[at] <= '9' && at - begin < 12) {
        number = number * 10 + (uint64_t)(id.data[at++] - '0');
    }
    *ret = number;
    return at > begin && id.len - at == 5 && id.data[at] == '-';
}

/* The same bytes again from the same officer is no mistake: the answer was lost. */
static int id_taken(struct fold *fold, const struct act *act, const struct document *document,
                    bool *ret_again)
{
    struct document_view view;
    struct signed_document known;
    int status = fold_document_get(fold, document->id, &view);
    if (status == ERR_NOT_FOUND) {
        *ret_again = false;
        return FOLD_DONE;
    }
    if (status == 0) {
        status = signed_document_decode(view.signed_document, fold->arena, &known, NULL);
    }
    if (status != 0) {
        return status;
    }
    if (!bytes_equal(known.document, act->propose.document)) {
        return fold_refuse(fold, ERR_EXISTS, "%.*s is another document: draft again",
                           SHOWN(document->id));
    }
    if (!bytes_equal(known.signatures[0].officer, act->officer)) {
        return fold_refuse(fold, ERR_EXISTS,
                           "%.*s is proposed already: sign it as the second officer",
                           SHOWN(document->id));
    }
    *ret_again = true;
    return FOLD_DONE;
}

static int encode_signed(struct fold *fold, const struct signed_document *value, struct bytes *ret)
{
    size_t capacity = value->document.len + SIGNATURES_ROOM_BYTES, len = 0;
    uint8_t *encoded = arena_alloc(fold->arena, capacity);
    if (encoded == NULL) {
        return ERR_NOMEM;
    }
    int status = signed_document_encode(value, encoded, capacity, &len, NULL);
    if (status == 0) {
        *ret = bytes_of(encoded, len);
    }
    return status;
}

/* ---- propose ---- */
static int signature_of(struct fold *fold, const struct act *act, struct bytes officer)
{
    return bytes_equal(act->officer, officer)
               ? FOLD_DONE
               : fold_refuse(fold, ERR_KEY, "%.*s acts, but the signature is of %.*s",
                             SHOWN(act->officer), SHOWN(officer));
}

static int propose_check(struct fold *fold, const struct act *act, const struct ring *ring,
                         struct document *ret)
{
    struct err_ctx why = {.text = ""};
    if (act->propose.signature_count != 1) {
        return fold_refuse(fold, ERR_VALUE, "a proposal carries one signature, this one %zu",
                           act->propose.signature_count);
    }
    if (act->propose.document.len > ENTRY_BYTES_MAX - SIGNATURES_ROOM_BYTES) {
        return fold_refuse(fold, ERR_LIMIT, "the document leaves no room for signatures");
    }
    int status = signature_of(fold, act, act->propose.signatures[0].officer);
    if (status != FOLD_DONE) {
        return status;
    }
    status = trust_document(ring, &act->propose, TRUST_PROPOSED, true, fold->arena, ret, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    if (ret->ring != ring->number) {
        return fold_refuse(fold, ERR_STALE, "key ring %llu holds, the document was made under %llu",
                           (unsigned long long)ring->number, (unsigned long long)ret->ring);
    }
    return FOLD_DONE;
}

static int proposal_put(struct fold *fold, const struct act *act, const struct document *document,
                        struct document_view *ret)
{
    uint64_t number = 0, highest = 0;
    if (!fold_document_number(fold, document->id, &number)) {
        return fold_refuse(fold, ERR_FORMAT, "id: \"%.*s\" is not like 16-2024-000123-7f3a",
                           SHOWN(document->id));
    }
    *ret = (struct document_view){.state = DOCUMENT_PROPOSED,
                                  .type = document->type,
                                  .addressee = document->addressee,
                                  .position = fold->input->position,
                                  .proposed_ms = act->at_ms,
                                  .expires_ms =
                                      document->has_expires_ms ? document->expires_ms : INT64_MAX};
    if (document->case_name.len > 0 && !case_name_parse(document->case_name, &ret->case_name)) {
        return fold_refuse(fold, ERR_FORMAT, "case_name: names no case");
    }
    int status = encode_signed(fold, &act->propose, &ret->signed_document);
    if (status == 0) {
        status = fold_counter(fold, "document_number", &highest);
    }
    if (status == 0 && number > highest) {
        fold_counter_put(fold, "document_number", number);
    }
    return status != 0 ? status : fold_document_put(fold, document->id, ret);
}

int fold_propose(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct document document;
    struct document_view view;
    bool again = false;
    enum case_state target = CASE_RECEIVED;
    int status = propose_check(fold, act, ring, &document);
    if (status == FOLD_DONE) {
        status = id_taken(fold, act, &document, &again);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    if (again) {
        fold_answer_id(fold, document.id);
        fold_say(fold, "%.*s is proposed already", SHOWN(document.id));
        return FOLD_DONE;
    }
    if (document.has_expires_ms && document.expires_ms <= act->at_ms) {
        return fold_refuse(fold, ERR_STATE, "D2: %.*s expires before it is signed",
                           SHOWN(document.id));
    }
    if (document.case_name.len > 0 && !act->has_case_version) {
        return fold_refuse(fold, ERR_VALUE,
                           "the act does not say which version of the case was seen");
    }
    status = case_check(fold, act->officer, &document, act->case_version);
    if (status == FOLD_DONE) {
        status = proposal_put(fold, act, &document, &view);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    fold_answer_id(fold, document.id);
    fold_say(fold, "%.*s is proposed: a second officer must sign", SHOWN(document.id));
    /* One officer is enough for what decides nothing. */
    return fold_target_state(document.type, &target)
               ? FOLD_DONE
               : fold_issue(fold, &document, &view, act->at_ms);
}

/* ---- the second signature ---- */
static int countersign_document(struct fold *fold, const struct act *act, struct document_view *ret,
                                struct signed_document *ret_signed)
{
    int status = fold_document_get(fold, act->countersign_document, ret);
    if (status == ERR_NOT_FOUND) {
        return fold_refuse(fold, ERR_NOT_FOUND, "there is no document %.*s",
                           SHOWN(act->countersign_document));
    }
    if (status == 0) {
        status = signed_document_decode(ret->signed_document, fold->arena, ret_signed, NULL);
    }
    if (status != 0) {
        return status;
    }
    if (ret->state != DOCUMENT_PROPOSED) {
        return fold_refuse(fold, ERR_STATE, "D1: %.*s is %s already",
                           SHOWN(act->countersign_document), document_state_name(ret->state));
    }
    return !fold_expired(ret, act->at_ms) || PLANTED(EXPIRED_SIGNED)
               ? FOLD_DONE
               : fold_refuse(fold, ERR_STATE, "D2: %.*s has expired: draft again",
                             SHOWN(act->countersign_document));
}

static int signature_add(struct fold *fold, const struct act *act, enum document_type type,
                         struct signed_document *document)
{
    int status = signature_of(fold, act, act->countersign.officer);
    if (status != FOLD_DONE) {
        return status;
    }
    for (size_t i = 0; i < document->signature_count; i++) {
        if (bytes_equal(document->signatures[i].officer, act->officer)) {
            return fold_refuse(fold, ERR_STATE, "D3: a %s needs two officers: %.*s signed already",
                               document_type_name(type), SHOWN(act->officer));
        }
    }
    if (document->signature_count == SIGNATURES_MAX) {
        return fold_refuse(fold, ERR_LIMIT, "the document has %u signatures", SIGNATURES_MAX);
    }
    document->signatures[document->signature_count++] = act->countersign;
    return FOLD_DONE;
}

int fold_countersign(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct document document;
    struct document_view view;
    struct signed_document with_both;
    struct err_ctx why = {.text = ""};
    int status = countersign_document(fold, act, &view, &with_both);
    if (status == FOLD_DONE) {
        status = signature_add(fold, act, view.type, &with_both);
    }
    if (status == FOLD_DONE) {
        status = fold_signs_now(fold, ring, act->officer);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    /* The first signature is an old one by now: its key may have been retired since. */
    status = trust_document(ring, &with_both, TRUST_FULL, false, fold->arena, &document, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = case_check(fold, act->officer, &document,
                        act->has_case_version ? act->case_version : document.case_version);
    if (status == FOLD_DONE) {
        status = encode_signed(fold, &with_both, &view.signed_document);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    fold_answer_id(fold, document.id);
    return fold_issue(fold, &document, &view, act->at_ms);
}
