/* A split: an officer takes reports out of a case, for one of their own. That the two are not the
 * same is remembered. */
#include "core/cases/fold_parts.h"

#include "core/base/text.h"

#include <string.h>

struct split {
    struct case_name name, own; /* the case, and the one that is made */
    struct case_row rows[SPLIT_PIECES_MAX];
    size_t count;
    uint64_t number; /* of a case that had gone up, 0: a new one */
};

static int piece_find(struct fold *fold, const struct piece *piece, struct split *split)
{
    struct report_view report;
    struct case_row *row = &split->rows[split->count];
    int status = fold_report_get(fold, &piece->report, &report);
    if (status == 0) {
        row->position = report.position;
        status = fold_row_get(fold, &split->name, row->position, piece->subject, &row->view);
    }
    for (size_t i = 0; status == 0 && i < split->count; i++) {
        if (split->rows[i].position == row->position &&
            split->rows[i].view.subject == piece->subject) {
            return fold_refuse(fold, ERR_VALUE, "M6: a report is named twice");
        }
    }
    if (status == 0 && row->view.withdrawn) {
        return fold_refuse(fold, ERR_STATE, "M6: the report of seq %llu is withdrawn",
                           (unsigned long long)piece->report.seq);
    }
    split->count += status == 0;
    return status == ERR_NOT_FOUND
               ? fold_refuse(fold, ERR_NOT_FOUND,
                             "M6: the case has no report of seq %llu, subject %u",
                             (unsigned long long)piece->report.seq, (unsigned)piece->subject)
               : status;
}

/* A case means whatever holds its first report: that one stays. */
static int split_name(struct fold *fold, struct split *split)
{
    struct case_view view;
    struct bytes value;
    for (size_t i = 0; i < split->count; i++) {
        const struct case_report_view *row = &split->rows[i].view;
        case_name_of(&row->id, row->subject, &split->own);
        if (case_name_same(&split->own, &split->name)) {
            return fold_refuse(fold, ERR_STATE,
                               "M7: the case is named by this report: split off the others");
        }
    }
    case_name_of(&split->rows[0].view.id, split->rows[0].view.subject, &split->own);
    int status = fold_case_get(fold, &split->own, &view);
    if (status == 0) {
        return fold_refuse(fold, ERR_STATE, "M7: another case is named by this report");
    }
    if (status == ERR_NOT_FOUND) {
        status = fold_get(fold, VIEW_MERGED, bytes_of(split->own.b, CASE_NAME_BYTES), &value);
        split->number = status == 0 && value.len == CASE_NAME_BYTES + 8
                            ? get_be64(value.data + CASE_NAME_BYTES)
                            : 0;
    }
    return status == ERR_NOT_FOUND ? FOLD_DONE : status;
}

static int split_check(struct fold *fold, const struct act *act, const struct case_view *view,
                       struct split *split)
{
    if (text_blank(act->other_reason)) {
        return fold_refuse(fold, ERR_VALUE, "M1: a reason must be given");
    }
    if (case_over(view->state)) {
        return fold_refuse(fold, ERR_STATE, "M3: what is %s is not split",
                           case_state_name(view->state));
    }
    if (act->piece_count == 0 || act->piece_count >= case_live(view)) {
        return fold_refuse(fold, ERR_VALUE, "M6: a split takes some of %llu reports, not %zu",
                           (unsigned long long)case_live(view), act->piece_count);
    }
    int status = FOLD_DONE;
    for (size_t i = 0; i < act->piece_count && status == FOLD_DONE; i++) {
        status = piece_find(fold, &act->pieces[i], split);
    }
    return status == FOLD_DONE ? split_name(fold, split) : status;
}

static int split_number(struct fold *fold, struct split *split)
{
    uint64_t joined = 0;
    if (split->number == 0) {
        return fold_number_next(fold, &split->own, &split->number);
    }
    int status = fold_counter(fold, "cases_joined", &joined);
    if (status == 0) {
        fold_counter_put(fold, "cases_joined", joined - 1);
        fold->views->del(fold->views->arg, VIEW_MERGED, bytes_of(split->own.b, CASE_NAME_BYTES));
    }
    return status;
}

static int rows_leave(struct fold *fold, const struct split *split)
{
    int status = 0;
    for (size_t i = 0; i < split->count && status == 0; i++) {
        status = fold_row_move(fold, &split->name, &split->own, &split->rows[i], "split",
                               i == 0 ? PLACEMENT_NEW : PLACEMENT_MERGED);
    }
    return status;
}

static int split_apply(struct fold *fold, struct split *split, struct case_view *view,
                       struct case_view *made, int64_t at_ms)
{
    int status = split_number(fold, split);
    status = status == 0 ? rows_leave(fold, split) : status;
    if (status != 0) {
        return status;
    }
    fold_parted_put(fold, &split->name, &split->own);
    *made = (struct case_view){.number = split->number,
                               .version = split->count + 1, /* its reports, and this act */
                               .state = CASE_RECEIVED,
                               .barred = view->barred,
                               .opened_position = fold->input->position,
                               .opened_ms = view->opened_ms,
                               .since_ms = at_ms};
    status = fold_case_again(fold, &split->own, true, made);
    status = status == 0 ? fold_case_again(fold, &split->name, false, view) : status;
    status = status == 0 ? fold_review_again(fold, &split->name, view) : status;
    if (status != 0) {
        return status;
    }
    view->version++;
    fold_case_put(fold, &split->name, view);
    fold_case_put(fold, &split->own, made);
    return fold_tell(fold, &split->own, made, "the report has a case of its own", at_ms);
}

int fold_split(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct case_view view, made = {.number = 0};
    char brief[CASE_SHORT_CAPACITY];
    struct split *split = arena_alloc(fold->arena, sizeof *split);
    if (split == NULL) {
        return ERR_NOMEM;
    }
    int status = fold_act_on_case(fold, act, ring, &split->name, &view);
    if (status == FOLD_DONE) {
        status = split_check(fold, act, &view, split);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    status = split_apply(fold, split, &view, &made, act->at_ms);
    fold_say(fold, "these are %s now", case_short_text(fold->config->province, made.number, brief));
    return status;
}
