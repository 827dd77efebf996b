/* What its filer says of a report later: other contents (kind 18), or that it does not hold (19).
 *
 * The report stays where it is found, under its name and position; what it says is read from the
 * newest amendment. Where its subjects belong is asked again, as if it had come with these
 * contents: but what an officer has touched, or a case that is named by this report and holds
 * others, is not led away from. Then the report stays, marked `amended_apart` when it fits worse
 * than before, with an alarm. What is withdrawn stays visible and says nothing any more; a case of
 * nothing but such is withdrawn, where its state allows that. Rules A1 to A5: SPEC 5.
 */
#include "core/cases/fold_amend.h"

#include "core/base/plant.h"
#include "core/cases/lineage.h"
#include "core/rules/report_check.h"

#include <string.h>

/* ---- which report ---- */
static int no_target(struct fold *fold, const struct entry_id *target)
{
    char name[HEX_CAPACITY(INCARNATION_BYTES)];
    return fold_refuse(fold, ERR_NOT_FOUND, "A1: %s seq %llu is no report of this log",
                       hex_encode(name, target->incarnation.b, INCARNATION_BYTES),
                       (unsigned long long)target->seq);
}

/* The record of the statement that counted, of which the one named may be a copy. */
static int record_find(struct fold *fold, struct entry_id *id, struct report_view *ret)
{
    int status = fold_report_get(fold, id, ret);
    for (size_t i = 0; status == 0 && ret->state == REPORT_COPY && i < LINEAGE_STEPS_MAX; i++) {
        *id = ret->contents;
        status = fold_report_get(fold, id, ret);
    }
    return status == 0 && ret->state == REPORT_COPY ? ERR_NOT_FOUND : status;
}

/* It becomes the report at hand. */
static int target_find(struct fold *fold, const struct entry_id *target, struct report_view *ret)
{
    struct lineage lineage;
    struct entry_id id = *target;
    bool in_log = false;
    int status = lineage_in_log(fold->views, &fold->input->id, target, &id, &in_log);
    if (status == 0 && !in_log && !PLANTED(FOREIGN_TARGET)) {
        return no_target(fold, target);
    }
    status = status == 0 ? record_find(fold, &id, ret) : status;
    status = status == 0 ? lineage_canonical(fold->views, &id, &lineage) : status;
    if (status != 0) {
        return status == ERR_NOT_FOUND ? no_target(fold, target) : status;
    }
    fold->identity = lineage.canonical;
    fold->report = id;
    fold->report_position = ret->position;
    fold->report_ms = ret->received_ms;
    if (ret->state == REPORT_WITHDRAWN && !PLANTED(WITHDRAWN_AMENDED)) {
        return fold_refuse(fold, ERR_STATE, "A2: the report is withdrawn");
    }
    return ret->state == REPORT_REPEATED_KEY
               ? fold_refuse(fold, ERR_EXISTS,
                             "A5: the report counts for nothing: its key was seen before")
               : FOLD_DONE;
}

/* ---- withdrawn ---- */
static int nothing_left(struct fold *fold, struct spot *spot)
{
    char brief[CASE_SHORT_CAPACITY];
    struct case_view *view = &spot->view;
    if (case_state_move(&view->state, CASE_WITHDRAWN, NULL) == 0) {
        view->since_ms = fold->input->received_ms;
        return fold_tell(fold, &spot->name, view, "every report of the case is withdrawn",
                         fold->input->received_ms);
    }
    if (view->reached != 0) {
        fold_alarm(fold, ERR_STATE, "every report of %s is withdrawn; it is %s, and stays so",
                   case_short_text(fold->config->province, view->number, brief),
                   case_state_name(view->state));
    }
    return 0;
}

static int subject_withdraw(struct fold *fold, struct spot *spot)
{
    if (spot->row.view.withdrawn) {
        return 0;
    }
    spot->row.view.withdrawn = true;
    fold_row_put(fold, &spot->name, &spot->row);
    int status = fold_spot_again(fold, spot, false);
    if (status == 0 && case_live(&spot->view) == 0) {
        status = nothing_left(fold, spot);
    }
    if (status == 0) {
        fold_case_put(fold, &spot->name, &spot->view);
    }
    return status;
}

/* From this subject on. */
static int subjects_withdraw(struct fold *fold, uint32_t from)
{
    struct spot spot;
    int status = 0;
    for (uint32_t i = from; status == 0; i++) {
        size_t used = arena_used(fold->arena), offices = fold->ret->office_count;
        status = fold_spot_find(fold, i, &spot);
        status = status == 0 ? subject_withdraw(fold, &spot) : status;
        if (fold->ret->office_count == offices) {
            arena_rewind(fold->arena, used);
        }
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

int fold_withdrawal(struct fold *fold)
{
    struct withdrawal withdrawal;
    struct report_view view;
    struct report before;
    struct arrival arrival;
    struct err_ctx why = {.text = ""};
    int status = withdrawal_decode(fold->input->body, fold->arena, &withdrawal, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = target_find(fold, &withdrawal.target, &view);
    if (status != FOLD_DONE) {
        return status;
    }
    if (view.state == REPORT_APPLIED) {
        status = fold_contents(fold, &fold->report, &before);
        status = status == 0 ? fold_filed_drop(fold, &before, &arrival) : status;
        if (status != 0 && status != ERR_NOT_FOUND) {
            return status;
        }
    }
    view.state = REPORT_WITHDRAWN;
    view.withdrawal = fold->input->id;
    view.changed_ms = fold->input->received_ms;
    fold_report_put(fold, &view);
    fold_say(fold, "the report is withdrawn");
    return subjects_withdraw(fold, 0);
}

/* ---- the amendment ---- */
/* What it said so far, and the key of its first contents. */
static int contents_before(struct fold *fold, const struct report_view *view, struct amending *ret,
                           struct bytes *ret_key)
{
    int status = fold_body(fold, &fold->report, &ret->before);
    *ret_key = status == 0 ? ret->before.key : (struct bytes){0};
    if (status == 0 && view->amendments > 0) {
        status = fold_contents(fold, &fold->report, &ret->before);
    }
    if (status == 0 || status == ERR_NOMEM || err_action(status) == ERR_ACTION_FATAL) {
        return status;
    }
    return fold_refuse(fold, ERR_NOT_FOUND, "A1: what it amends cannot be read any more");
}

static int contents_check(struct fold *fold, const struct amendment *amendment,
                          const struct report_view *view, struct amending *ret)
{
    struct field_error field = {.field = ""};
    struct bytes key;
    int status = fold_report_check(fold, &amendment->report, "report.");
    if (status != FOLD_DONE) {
        return status;
    }
    status = contents_before(fold, view, ret, &key);
    if (status != FOLD_DONE) {
        return status;
    }
    ret->now = amendment->report;
    status = report_amend_check(&ret->before, key, &ret->now, &field);
    return status == 0 ? FOLD_DONE : fold_refuse(fold, status, "%s: %s", field.field, field.reason);
}

/* One that was refused counts from now on, as if it had come now. */
static int counts_now(struct fold *fold, struct amending *amending, struct report_view *view)
{
    struct view_key key;
    bool seen = false;
    int status = fold_key_seen(fold, &amending->before, &key, &seen);
    if (status == 0 && seen) {
        return fold_refuse(fold, ERR_EXISTS, "A5: the key of this report was seen before");
    }
    if (status != 0) {
        return status;
    }
    fold_report_put(fold, view);
    amending->now.key = amending->before.key;
    return fold_report_counts(fold, &amending->now, &key);
}

static int contents_change(struct fold *fold, struct amending *amending)
{
    struct arrival arrival =
        fold_arrival(fold, amending->now.has_entered_ms, amending->now.entered_ms);
    int status = fold_filed_drop(fold, &amending->before, &arrival);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    fold_filed(fold, &amending->now, &arrival);
    status = subjects_withdraw(fold, (uint32_t)amending->now.subject_count);
    return status == 0 ? fold_subjects_again(fold, amending) : status;
}

int fold_amendment(struct fold *fold)
{
    struct amendment amendment;
    struct report_view view;
    struct err_ctx why = {.text = ""};
    struct amending *amending = arena_alloc(fold->arena, sizeof *amending);
    int status = amending == NULL
                     ? ERR_NOMEM
                     : amendment_decode(fold->input->body, fold->arena, &amendment, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = target_find(fold, &amendment.target, &view);
    status = status == FOLD_DONE ? contents_check(fold, &amendment, &view, amending) : status;
    if (status != FOLD_DONE) {
        return status;
    }
    bool refused = view.state == REPORT_REFUSED;
    view.state = REPORT_APPLIED;
    view.contents = fold->input->id;
    view.subject_count = (uint32_t)amendment.report.subject_count;
    view.amendments++;
    view.changed_ms = fold->input->received_ms;
    fold_say(fold, "the report is amended");
    if (refused) {
        return counts_now(fold, amending, &view);
    }
    fold_report_put(fold, &view);
    return contents_change(fold, amending);
}
