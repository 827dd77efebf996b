/* What follows when a document has its signatures, and what its readers send back. */
#include "core/base/text.h"
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"

#include <string.h>

/* Reports of one case that get a status: more would be one artefact reported by a crowd. */
#define STATUSES_MAX 256u

/* ---- statuses to those who filed ---- */
static int filing_regency(struct fold *fold, const struct entry_id *id, struct bytes *ret)
{
    struct view_key key;
    struct bytes value;
    struct report_view view;
    view_key_init(&key, bytes_of(id->incarnation.b, INCARNATION_BYTES));
    view_key_u64(&key, id->seq);
    int status = fold_get(fold, VIEW_REPORTS, view_key_bytes(&key), &value);
    if (status == 0) {
        status = report_view_decode(value, &view);
    }
    if (status == 0) {
        *ret = view.regency;
    }
    return status;
}

/* Without personal data: the report's own identity, the case's number, and what happened. */
static int status_send(struct fold *fold, const struct case_report_view *report,
                       const struct status *pattern)
{
    struct bytes regency;
    uint64_t enrolment = 0;
    int status = filing_regency(fold, &report->id, &regency);
    if (status == 0) {
        status = fold_newest(fold, regency, &enrolment);
    }
    if (status != 0 || enrolment == 0) {
        return status; /* nobody there to tell: the new box asks no history */
    }
    struct status value = *pattern;
    value.report = report->id;
    value.subject = report->subject;
    return fold_status(fold, &value, regency, enrolment);
}

static int statuses_send(struct fold *fold, const struct case_name *name,
                         const struct status *pattern)
{
    struct bytes prefix = bytes_of(name->b, CASE_NAME_BYTES), key = {0}, value;
    for (size_t i = 0; i < STATUSES_MAX; i++) {
        struct case_report_view report;
        int status = fold_next(fold, VIEW_CASE_REPORTS, prefix, key, &key, &value);
        if (status == ERR_NOT_FOUND) {
            return 0;
        }
        if (status == 0) {
            status = case_report_view_decode(value, &report);
        }
        if (status == 0) {
            status = status_send(fold, &report, pattern);
        }
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

int fold_tell(struct fold *fold, const struct case_name *name, const struct case_view *case_view,
              const char *text, int64_t at_ms)
{
    char short_name[CASE_SHORT_CAPACITY];
    case_short_text(fold->config->province, case_view->number, short_name);
    struct status pattern = {.case_short = bytes_of_text(short_name),
                             .state = bytes_of_text(case_state_name(case_view->state)),
                             .text = bytes_of_text(text),
                             .at_ms = at_ms};
    return statuses_send(fold, name, &pattern);
}

int fold_tell_filers(struct fold *fold, const struct document_view *view,
                     const struct case_view *case_view, int64_t at_ms)
{
    char text[160];
    (void)snprintf(text, sizeof text, "a %s %s %.*s", document_type_name(view->type),
                   view->state == DOCUMENT_WAITING ? "waits for a node of" : "went to",
                   SHOWN(view->addressee));
    return fold_tell(fold, &view->case_name, case_view, text, at_ms);
}

/* ---- issue ---- */
static int case_moves(struct fold *fold, const struct document *document,
                      const struct document_view *view, int64_t at_ms)
{
    struct case_view case_view;
    enum case_state target = CASE_RECEIVED;
    if (document->case_name.len == 0) {
        return 0;
    }
    int status = fold_case_get(fold, &view->case_name, &case_view);
    if (status != 0 || !fold_target_state(document->type, &target)) {
        return status;
    }
    case_view.state = target; /* fold_may_issue has allowed it */
    case_view.since_ms = at_ms;
    case_view.version++;
    fold_case_put(fold, &view->case_name, &case_view);
    return fold_tell_filers(fold, view, &case_view, at_ms);
}

void fold_unfinished_drop(struct fold *fold, struct bytes regency, struct bytes id)
{
    struct view_key key;
    fold_addressee_key(regency, id, &key);
    fold->views->del(fold->views->arg, VIEW_ADDRESSEES, view_key_bytes(&key));
}

static int supersede(struct fold *fold, const struct document *document)
{
    struct document_view old;
    if (document->supersedes.len == 0) {
        return 0;
    }
    int status = fold_document_get(fold, document->supersedes, &old);
    if (status == 0) {
        status = document_state_move(&old.state, DOCUMENT_SUPERSEDED, NULL);
    }
    if (status == 0) {
        status = fold_document_put(fold, document->supersedes, &old);
    }
    if (status == 0) {
        fold_unfinished_drop(fold, old.addressee, document->supersedes);
    }
    return status;
}

int fold_issue(struct fold *fold, const struct document *document, struct document_view *view,
               int64_t at_ms)
{
    struct view_key key;
    uint64_t enrolment = 0;
    int status = fold_newest(fold, document->addressee, &enrolment);
    if (status == 0) {
        status = document_state_move(&view->state,
                                     enrolment == 0 ? DOCUMENT_WAITING : DOCUMENT_ISSUED, NULL);
    }
    view->issued_ms = at_ms;
    if (status == 0) {
        status = supersede(fold, document);
    }
    if (status == 0) {
        status = fold_document_put(fold, document->id, view);
    }
    if (status != 0) {
        return status;
    }
    fold_addressee_key(document->addressee, document->id, &key);
    fold_put(fold, VIEW_ADDRESSEES, view_key_bytes(&key), (struct bytes){0});
    fold_say(fold,
             enrolment == 0 ? "%.*s is signed, and waits: no node of %.*s is enrolled"
                            : "%.*s is issued to %.*s",
             SHOWN(document->id), SHOWN(document->addressee));
    if (enrolment != 0) {
        status = fold_office_add(fold, document->addressee, enrolment, ENTRY_DOCUMENT,
                                 view->signed_document);
    }
    return status != 0 ? status : case_moves(fold, document, view, at_ms);
}

int fold_case_executed(struct fold *fold, const struct document_view *document)
{
    struct case_view view;
    if (document->type != DOCUMENT_TYPE_DECISION ||
        (document->rungs & (1u << RUNG_KIND_EXECUTED)) == 0) {
        return 0;
    }
    int status = fold_case_get(fold, &document->case_name, &view);
    if (status == 0) {
        view.reached |= CASE_REACHED_EXECUTED;
        fold_case_put(fold, &document->case_name, &view);
    }
    return status == ERR_NOT_FOUND ? 0 : status; /* it is awaited */
}

/* ---- rungs ---- */
int fold_rung_put(struct fold *fold, enum view_table table, uint64_t position,
                  const struct bytes *document, const struct rung_view *view)
{
    struct view_key key;
    uint8_t *value = arena_alloc(fold->arena, RUNG_VIEW_BYTES_MAX);
    if (value == NULL) {
        return ERR_NOMEM;
    }
    view_key_init(&key, *document);
    view_key_zero(&key);
    view_key_u64(&key, position);
    size_t len = rung_view_encode(view, value, RUNG_VIEW_BYTES_MAX);
    fold_put(fold, table, view_key_bytes(&key), bytes_of(value, len));
    return 0;
}

/* Whether the id was given by an earlier life of this aggregator, which may have lost the document.
 */
static int of_earlier_life(struct fold *fold, struct bytes id, bool *ret)
{
    struct bytes own;
    char suffix[HEX_CAPACITY(2)];
    *ret = false;
    int status = fold_get(fold, VIEW_META, bytes_of_text("restored"), &own);
    if (status == ERR_NOT_FOUND) {
        return 0;
    }
    if (status == 0 && own.len == INCARNATION_BYTES && id.len > 4) {
        (void)hex_encode(suffix, own.data + INCARNATION_BYTES - 2, 2);
        *ret = memcmp(id.data + id.len - 4, suffix, 4) != 0;
    }
    return status;
}

/* The document may yet be handed back, as it was before this aggregator lost it: then its rungs
 * count. Until then the answer is the same for one that is not there and one that is not theirs. */
static int rung_early(struct fold *fold, const struct rung *rung, const struct rung_view *view)
{
    bool lost = false;
    int status = 0;
    if (rung->document.len <= DOCUMENT_ID_BYTES_MAX) {
        status =
            fold_rung_put(fold, VIEW_RUNGS_EARLY, fold->input->position, &rung->document, view);
    }
    if (status == 0) {
        status = of_earlier_life(fold, rung->document, &lost);
    }
    return status != 0 || lost
               ? status
               : fold_refuse(fold, ERR_NOT_FOUND, "no document %.*s was sent to %.*s",
                             SHOWN(rung->document), SHOWN(fold->input->owner));
}

static int rung_on(struct fold *fold, const struct rung *rung, const struct rung_view *view,
                   struct document_view *document)
{
    if (!bytes_equal(document->addressee, fold->input->owner)) {
        return fold_refuse(fold, ERR_NOT_FOUND, "no document %.*s was sent to %.*s",
                           SHOWN(rung->document), SHOWN(fold->input->owner));
    }
    int status = fold_rung_put(fold, VIEW_RUNGS, fold->input->position, &rung->document, view);
    document->rungs = (uint8_t)(document->rungs | (1u << (unsigned)rung->rung));
    if (status == 0) {
        status = fold_document_put(fold, rung->document, document);
    }
    if (status == 0 && rung->rung >= RUNG_KIND_ACKNOWLEDGED) {
        fold_unfinished_drop(fold, document->addressee, rung->document);
    }
    return status != 0 ? status : fold_case_executed(fold, document);
}

int fold_rung(struct fold *fold)
{
    struct rung rung;
    struct document_view document;
    struct err_ctx why = {.text = ""};
    int status = rung_decode(fold->input->body, fold->arena, &rung, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    if (rung.rung >= RUNG_KIND_SHOWN && text_blank(rung.person)) {
        return fold_refuse(fold, ERR_VALUE, "a rung from shown on names the person");
    }
    struct rung_view view = {.rung = rung.rung,
                             .regency = fold->input->owner,
                             .person = rung.person,
                             .note = rung.note,
                             .at_ms = rung.at_ms,
                             .received_ms = fold->input->received_ms};
    status = fold_document_get(fold, rung.document, &document);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    return status == ERR_NOT_FOUND || document.state == DOCUMENT_PROPOSED
               ? rung_early(fold, &rung, &view)
               : rung_on(fold, &rung, &view, &document);
}
