/* Where an amended report belongs: asked again, subject by subject. See fold_amend.c. */
#include "core/cases/fold_amend.h"

#include "core/base/assert.h"
#include "core/cases/match_judge.h"

#include <string.h>

/* ---- where its subjects are ---- */
static void placement_key(const struct fold *fold, uint32_t subject, struct view_key *ret)
{
    view_key_init(ret, bytes_of(fold->report.incarnation.b, INCARNATION_BYTES));
    view_key_u64(ret, fold->report.seq);
    view_key_u32(ret, subject);
}

/* ERR_NOT_FOUND: it has named no such subject yet. */
int fold_spot_find(struct fold *fold, uint32_t subject, struct spot *ret)
{
    struct view_key key;
    struct bytes value;
    placement_key(fold, subject, &key);
    int status = fold_get(fold, VIEW_PLACEMENTS, view_key_bytes(&key), &value);
    status = status == 0 ? placement_decode(value, fold->arena, &ret->placement, NULL) : status;
    if (status != 0) {
        return status;
    }
    status = case_name_parse(ret->placement.case_name, &ret->name) ? 0 : ERR_FORMAT;
    status = status == 0 ? views_lead(fold->views, fold->arena, &ret->name) : status;
    status = status == 0 ? fold_case_get(fold, &ret->name, &ret->view) : status;
    ret->row.position = fold->report_position;
    status = status == 0
                 ? fold_row_get(fold, &ret->name, fold->report_position, subject, &ret->row.view)
                 : status;
    return status == ERR_NOT_FOUND ? ERR_FORMAT : status;
}

/* The filer's word is a change that an officer has to see, but no officer's. */
int fold_spot_again(struct fold *fold, struct spot *spot, bool keys)
{
    spot->view.version++;
    spot->view.filer_versions++;
    int status = fold_case_again(fold, &spot->name, keys, &spot->view);
    return status == 0 ? fold_review_again(fold, &spot->name, &spot->view) : status;
}

/* ---- amended: whether it still belongs ---- */
#define APART "amended_apart"

/* What is known of its case but for this report. */
static int rest_traits(struct fold *fold, struct amending *amending, struct traits *ret)
{
    struct case_row row = amending->spot.row;
    struct case_view rest = amending->spot.view;
    if (amending->others == 0) {
        traits_of(&amending->before, amending->subject, ret);
        return 0;
    }
    row.view.withdrawn = true; /* put back when it is marked */
    fold_row_put(fold, &amending->spot.name, &row);
    int status = fold_case_again(fold, &amending->spot.name, false, &rest);
    return status == 0 ? traits_decode(rest.match, ret) : status;
}

/* It fits worse than it did. */
static int fits_worse(struct fold *fold, struct amending *amending, bool *ret)
{
    struct traits rest, traits;
    struct judgement before, now;
    *ret = false;
    if (amending->subject >= amending->before.subject_count) {
        return 0;
    }
    int status = rest_traits(fold, amending, &rest);
    if (status != 0) {
        return status;
    }
    traits_of(&amending->before, amending->subject, &traits);
    match_judge(&traits, &rest, &before);
    traits_of(&amending->now, amending->subject, &traits);
    match_judge(&traits, &rest, &now);
    *ret = now.verdict < before.verdict;
    return 0;
}

static int own_text(struct fold *fold, const struct spot *spot, struct bytes *ret)
{
    char text[CASE_TEXT_CAPACITY];
    *ret = arena_copy(fold->arena, bytes_of_text(case_name_text(&spot->name, text)));
    return ret->data == NULL ? ERR_NOMEM : 0;
}

static bool by_officer(const struct placement *placement)
{
    return bytes_equal(placement->matcher, bytes_of_text("officer"));
}

/* It stays where it is, whatever it says. */
static int place_here(struct fold *fold, struct amending *amending, struct placement *ret)
{
    const struct spot *spot = &amending->spot;
    bool worse = false;
    int status = fits_worse(fold, amending, &worse);
    *ret = spot->placement;
    ret->position = fold->input->position;
    ret->joined_count = 0;
    if (worse) {
        ret->outcome = PLACEMENT_REVIEW;
        ret->rule = bytes_of_text(APART);
    } else if (bytes_equal(ret->rule, bytes_of_text(APART))) {
        ret->outcome = PLACEMENT_MERGED;
        ret->rule = bytes_of_text("amended");
    }
    return status == 0 ? own_text(fold, spot, &ret->case_name) : status;
}

/* A case of this report alone: it goes up in another, or stays one of its own, but is no candidate
 * of itself. */
static int place_sole(struct fold *fold, const struct amending *amending, struct placement *ret)
{
    struct bytes own;
    size_t count = 0;
    int status = fold_place(fold, &amending->now, amending->subject, ret);
    status = status == 0 ? own_text(fold, &amending->spot, &own) : status;
    if (status != 0) {
        return status;
    }
    ret->case_name = ret->outcome == PLACEMENT_REROUTED ? own : ret->case_name;
    for (size_t i = 0; i < ret->candidate_count; i++) {
        if (!bytes_equal(ret->candidates[i], own)) {
            ret->candidates[count++] = ret->candidates[i];
        }
    }
    ret->candidate_count = count;
    if (ret->outcome == PLACEMENT_REVIEW && count == 0) {
        ret->outcome = PLACEMENT_NEW;
        ret->rule = bytes_of_text("none");
        ret->score_milli = 0;
        ret->field_count = 0;
    } else if (ret->outcome == PLACEMENT_MERGED && !bytes_equal(ret->case_name, own)) {
        ret->joined_count -= ret->joined_count == PLACEMENT_JOINED_MAX;
        ret->joined[ret->joined_count++] = own;
    }
    return 0;
}

/* ---- amended: where it goes ---- */
/* The row and its placement say what was found. */
static int mark(struct fold *fold, struct amending *amending, const struct placement *placement)
{
    struct spot *spot = &amending->spot;
    bool revived = case_live(&spot->view) == 0;
    spot->row.view.withdrawn = false;
    spot->row.view.outcome = placement->outcome;
    spot->row.view.score_milli = placement->score_milli;
    spot->row.view.rule = placement->rule;
    fold_row_put(fold, &spot->name, &spot->row);
    int status = fold_placement_put(fold, placement);
    status = status == 0 ? fold_spot_again(fold, spot, !case_over(spot->view.state)) : status;
    if (revived) {
        fold_case_revived(fold, &spot->view);
    }
    return status;
}

static int stay(struct fold *fold, struct amending *amending, const struct placement *placement)
{
    struct spot *spot = &amending->spot;
    char brief[CASE_SHORT_CAPACITY];
    int status = mark(fold, amending, placement);
    if (status == 0 && bytes_equal(placement->rule, bytes_of_text(APART))) {
        fold_alarm(fold, ERR_STALE, "an amended report does not fit %s any more, and stays: %s",
                   case_short_text(fold->config->province, spot->view.number, brief),
                   case_state_name(spot->view.state));
    }
    if (status == 0) {
        fold_case_put(fold, &spot->name, &spot->view);
    }
    return status;
}

static int sole(struct fold *fold, struct amending *amending, const struct placement *placement)
{
    struct spot *spot = &amending->spot;
    struct case_name into;
    int status = case_name_parse(placement->case_name, &into) ? 0 : ERR_FORMAT;
    status = status == 0 ? mark(fold, amending, placement) : status;
    if (status == 0 && placement->outcome == PLACEMENT_REROUTED) {
        spot->view.state = CASE_REROUTED;
        status = fold_rerouted_status(fold, &amending->now, amending->subject, &spot->view);
    }
    if (status != 0) {
        return status;
    }
    fold_case_put(fold, &spot->name, &spot->view);
    status = views_lead(fold->views, fold->arena, &into);
    return status == 0 ? fold_join(fold, placement, &into) : status;
}

/* Out of a case of others, and in again wherever it belongs. */
static int leave(struct fold *fold, struct amending *amending)
{
    struct spot *spot = &amending->spot;
    struct view_key key;
    fold_row_drop(fold, &spot->name, &spot->row);
    placement_key(fold, amending->subject, &key); /* its own name leads there no more */
    fold->views->del(fold->views->arg, VIEW_PLACEMENTS, view_key_bytes(&key));
    spot->view.filer_versions++;
    int status = fold_spot_again(fold, spot, false);
    if (status != 0) {
        return status;
    }
    fold_case_put(fold, &spot->name, &spot->view);
    return fold_subject_new(fold, &amending->now, amending->subject);
}

static int subject_again(struct fold *fold, struct amending *amending)
{
    struct spot *spot = &amending->spot;
    struct case_name own;
    struct placement *placement = &fold->ret->placements[fold->ret->placement_count];
    const struct placement *known = fold_recorded(fold, amending->subject);
    case_name_of(&fold->report, amending->subject, &own);
    bool names = case_name_same(&own, &spot->name);
    bool free = matcher_untouched(&spot->view) && !by_officer(&spot->placement);
    amending->others = case_live(&spot->view) - !spot->row.view.withdrawn;
    if (free && !names && amending->others > 0) {
        return leave(fold, amending);
    }
    bool alone = free && names && amending->others == 0;
    int status = 0;
    if (known != NULL) {
        *placement = *known;
    } else {
        status =
            alone ? place_sole(fold, amending, placement) : place_here(fold, amending, placement);
        fold->ret->placement_count += status == 0;
    }
    if (status != 0) {
        return status;
    }
    return alone ? sole(fold, amending, placement) : stay(fold, amending, placement);
}

/* What was made for one subject needs no room for the next one, but its placement. */
static int keep_placement(struct fold *fold, size_t used, size_t offices, size_t placements)
{
    uint8_t text[2048];
    size_t len = 0;
    if (fold->ret->office_count != offices || fold->ret->placement_count == placements) {
        return 0;
    }
    struct placement *placement = &fold->ret->placements[placements];
    int status = placement_encode(placement, text, sizeof text, &len, NULL);
    arena_rewind(fold->arena, used);
    struct bytes copy = arena_copy(fold->arena, bytes_of(text, len));
    if (status == 0 && copy.data == NULL) {
        status = ERR_NOMEM;
    }
    return status == 0 ? placement_decode(copy, fold->arena, placement, NULL) : status;
}

int fold_subjects_again(struct fold *fold, struct amending *amending)
{
    int status = 0;
    ASSERT(amending->now.subject_count <= SUBJECTS_MAX);
    for (uint32_t i = 0; status == 0 && i < amending->now.subject_count; i++) {
        size_t used = arena_used(fold->arena);
        size_t offices = fold->ret->office_count, placements = fold->ret->placement_count;
        amending->subject = i;
        status = fold_spot_find(fold, i, &amending->spot);
        if (status == 0) {
            status = subject_again(fold, amending);
        } else if (status == ERR_NOT_FOUND) {
            status = fold_subject_new(fold, &amending->now, i);
        }
        status = status == 0 ? keep_placement(fold, used, offices, placements) : status;
    }
    return status;
}
