/* What follows when a document has its signatures. */
#include "core/cases/fold_parts.h"

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

/* How many nodes get it now; 0: it waits for one. */
static int send(struct fold *fold, const struct document *document, struct bytes signed_document,
                size_t *ret_count)
{
    uint64_t enrolment = 0;
    if (fold_to_all(fold, document->type, document->addressee)) {
        return fold_send_to_all(fold, signed_document, 0, ret_count);
    }
    int status = fold_newest(fold, document->addressee, &enrolment);
    *ret_count = enrolment != 0;
    return status != 0 || enrolment == 0 ? status
                                         : fold_office_add(fold, document->addressee, enrolment,
                                                           ENTRY_DOCUMENT, signed_document);
}

static void say_issued(struct fold *fold, const struct document *document, size_t count)
{
    if (count == 0) {
        fold_say(fold, "%.*s is signed, and waits: no node of %.*s is enrolled",
                 SHOWN(document->id), SHOWN(document->addressee));
    } else if (fold_to_all(fold, document->type, document->addressee)) {
        fold_say(fold, "%.*s is issued to all: %zu regencies", SHOWN(document->id), count);
    } else {
        fold_say(fold, "%.*s is issued to %.*s", SHOWN(document->id), SHOWN(document->addressee));
    }
}

int fold_issue(struct fold *fold, const struct document *document, struct document_view *view,
               int64_t at_ms)
{
    struct view_key key;
    size_t count = 0;
    int status = send(fold, document, view->signed_document, &count);
    if (status == 0) {
        status = document_state_move(&view->state, count == 0 ? DOCUMENT_WAITING : DOCUMENT_ISSUED,
                                     NULL);
    }
    view->issued_ms = at_ms;
    if (status == 0) {
        status = fold_supersede(fold, document);
    }
    if (status == 0) {
        status = fold_document_put(fold, document->id, view);
    }
    if (status != 0) {
        return status;
    }
    fold_addressee_key(document->addressee, document->id, &key);
    fold_put(fold, VIEW_ADDRESSEES, view_key_bytes(&key), (struct bytes){0});
    say_issued(fold, document, count);
    return case_moves(fold, document, view, at_ms);
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
