/* What officers put together. A merge: one case goes up in another, and its name leads there. "Not
 * the same" is remembered, of a split and of a review that was answered so, and not offered again.
 */
#include "core/cases/fold_parts.h"
#include "core/cases/match_names.h"

#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/rules/catalogue_set.h"

#include <string.h>

#define UNDER_WAY                                                                                  \
    (1u << CASE_RECEIVED | 1u << CASE_INCOMPLETE | 1u << CASE_NOT_REGISTERED |                     \
     1u << CASE_WITHDRAWN | 1u << CASE_VERIFICATION | 1u << CASE_CLARIFICATION)

static bool in_states(const struct case_view *view, unsigned states)
{
    return (1u << view->state & states) != 0;
}

/* ---- not the same ---- */
static void pair_key(const struct case_name *a, const struct case_name *b, struct view_key *ret)
{
    view_key_init(ret, bytes_of(a->b, CASE_NAME_BYTES));
    view_key_part(ret, bytes_of(b->b, CASE_NAME_BYTES));
}

void fold_parted_put(struct fold *fold, const struct case_name *a, const struct case_name *b)
{
    uint8_t position[8];
    struct view_key key;
    put_be64(position, fold->input->position);
    pair_key(a, b, &key);
    fold_put(fold, VIEW_PARTED, view_key_bytes(&key), bytes_of(position, sizeof position));
    pair_key(b, a, &key);
    fold_put(fold, VIEW_PARTED, view_key_bytes(&key), bytes_of(position, sizeof position));
}

static void pair_drop(struct fold *fold, const struct case_name *a, const struct case_name *b)
{
    struct view_key key;
    pair_key(a, b, &key);
    fold->views->del(fold->views->arg, VIEW_PARTED, view_key_bytes(&key));
    pair_key(b, a, &key);
    fold->views->del(fold->views->arg, VIEW_PARTED, view_key_bytes(&key));
}

/* What is not the same as the case that goes up is not the same as the one it goes up in. */
static int pairs_follow(struct fold *fold, const struct case_name *from,
                        const struct case_name *into)
{
    struct bytes prefix = bytes_of(from->b, CASE_NAME_BYTES), key, value;
    struct case_name other;
    pair_drop(fold, from, into);
    int status = fold_next(fold, VIEW_PARTED, prefix, (struct bytes){0}, &key, &value);
    while (status == 0) {
        if (key.len != (size_t)2 * CASE_NAME_BYTES) {
            return ERR_FORMAT;
        }
        memcpy(other.b, key.data + CASE_NAME_BYTES, CASE_NAME_BYTES);
        pair_drop(fold, from, &other);
        fold_parted_put(fold, into, &other);
        status = fold_next(fold, VIEW_PARTED, prefix, (struct bytes){0}, &key, &value);
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* ---- what is still to be reviewed ---- */
/* The candidate is another case that nobody has said is not the same. */
static int candidate_open(struct fold *fold, const struct case_name *name, struct bytes text,
                          bool *ret)
{
    struct case_name other;
    struct case_view view;
    struct view_key key;
    struct bytes value;
    if (!case_name_parse(text, &other)) {
        return ERR_FORMAT;
    }
    int status = views_lead(fold->views, fold->arena, &other);
    status = status == 0 ? fold_case_get(fold, &other, &view) : status;
    if (status != 0 || case_name_same(&other, name)) {
        return status == ERR_NOT_FOUND ? 0 : status;
    }
    pair_key(name, &other, &key);
    status = fold->views->get(fold->views->arg, VIEW_PARTED, view_key_bytes(&key), &value);
    *ret = *ret || status == ERR_NOT_FOUND || (status == 0 && PLANTED(PART_FORGOTTEN));
    return status == ERR_NOT_FOUND ? 0 : status;
}

static int row_open(struct fold *fold, const struct case_name *name, const struct case_row *row,
                    bool *ret)
{
    struct view_key key;
    struct bytes value;
    struct placement placement;
    if (row->view.withdrawn || bytes_equal(row->view.rule, bytes_of_text("amended_apart"))) {
        *ret = *ret || !row->view.withdrawn;
        return 0;
    }
    view_key_init(&key, bytes_of(row->view.id.incarnation.b, INCARNATION_BYTES));
    view_key_u64(&key, row->view.id.seq);
    view_key_u32(&key, row->view.subject);
    int status = fold_get(fold, VIEW_PLACEMENTS, view_key_bytes(&key), &value);
    status = status == 0 ? placement_decode(value, fold->arena, &placement, NULL) : status;
    for (size_t i = 0; status == 0 && i < placement.candidate_count && !*ret; i++) {
        status = candidate_open(fold, name, placement.candidates[i], ret);
    }
    return status;
}

int fold_review_again(struct fold *fold, const struct case_name *name, struct case_view *view)
{
    struct view_key after;
    struct case_row row;
    bool open = false;
    size_t used = arena_used(fold->arena);
    view_key_init(&after, (struct bytes){0});
    int status = fold_row_next(fold, name, &after, &row);
    while (status == 0 && !open) {
        status = row_open(fold, name, &row, &open);
        arena_rewind(fold->arena, used);
        status = status == 0 ? fold_row_next(fold, name, &after, &row) : status;
    }
    view->needs_review = open;
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* ---- the other case of an act ---- */
static int other_case(struct fold *fold, const struct act *act, const struct case_name *name,
                      struct case_name *ret_name, struct case_view *ret)
{
    if (text_blank(act->other_reason)) {
        return fold_refuse(fold, ERR_VALUE, "M1: a reason must be given");
    }
    if (!case_name_parse(act->other, ret_name)) {
        return fold_refuse(fold, ERR_FORMAT, "\"%.*s\" names no case", SHOWN(act->other));
    }
    int status = views_lead(fold->views, fold->arena, ret_name);
    status = status == 0 ? fold_case_get(fold, ret_name, ret) : status;
    if (status == ERR_NOT_FOUND) {
        return fold_refuse(fold, ERR_NOT_FOUND, "there is no case %.*s", SHOWN(act->other));
    }
    if (status == 0 && case_name_same(name, ret_name)) {
        return fold_refuse(fold, ERR_STATE, "M2: this is one case already");
    }
    return status != 0 ? status : fold_not_barred(fold, ret, act->officer);
}

/* ---- merge ---- */
/* A number of a permanent civil servant is that person's for life: two that no slip of the hand
 * explains, and none that is the same, are two persons. */
static bool other_person(const struct traits *a, const struct traits *b)
{
    bool differ = false;
    for (size_t i = 0; i < a->nips.count; i++) {
        for (size_t j = 0; j < b->nips.count; j++) {
            struct bytes one = trait_bytes(&a->nips.list[i]), two = trait_bytes(&b->nips.list[j]);
            enum number_likeness like = match_numbers(one, two);
            bool lasting = bytes_equal(catalogue_class(0, one), bytes_of_text("pns")) &&
                           bytes_equal(catalogue_class(0, two), bytes_of_text("pns"));
            if (like != NUMBERS_DIFFER && like != NUMBERS_UNKNOWN) {
                return false;
            }
            differ = differ || (lasting && like == NUMBERS_DIFFER);
        }
    }
    return differ && !PLANTED(PERSONS_MERGED);
}

static int merge_rules(struct fold *fold, const struct case_view *into,
                       const struct case_view *from)
{
    struct traits a, b;
    if (case_over(into->state) || !in_states(from, UNDER_WAY)) {
        const struct case_view *wrong = case_over(into->state) ? into : from;
        return fold_refuse(fold, ERR_STATE,
                           "M3: what is %s does not %s: name the case that stays first",
                           case_state_name(wrong->state),
                           wrong == into ? "take in another case" : "go up in another case");
    }
    int status = traits_decode(into->match, &a);
    status = status == 0 ? traits_decode(from->match, &b) : status;
    if (status != 0) {
        return status;
    }
    if (other_person(&a, &b)) {
        return fold_refuse(fold, ERR_STATE, "M4: two persons: their NIPs differ");
    }
    return a.side != 0 && b.side != 0 && a.side != b.side
               ? fold_refuse(fold, ERR_STATE, "M5: one before, the other after the determination")
               : FOLD_DONE;
}

/* What led to the case that goes up leads on. */
static int names_follow(struct fold *fold, const struct case_name *from, uint64_t number,
                        const struct case_name *into)
{
    uint8_t value[CASE_NAME_BYTES + 8];
    struct view_key after;
    struct bytes key, found;
    view_key_init(&after, (struct bytes){0});
    int status =
        fold_next(fold, VIEW_MERGED, (struct bytes){0}, view_key_bytes(&after), &key, &found);
    while (status == 0) {
        view_key_init(&after, key);
        if (found.len == sizeof value && memcmp(found.data, from->b, CASE_NAME_BYTES) == 0) {
            memcpy(value, found.data, sizeof value);
            memcpy(value, into->b, CASE_NAME_BYTES);
            fold_put(fold, VIEW_MERGED, key, bytes_of(value, sizeof value));
        }
        status =
            fold_next(fold, VIEW_MERGED, (struct bytes){0}, view_key_bytes(&after), &key, &found);
    }
    memcpy(value, into->b, CASE_NAME_BYTES);
    put_be64(value + CASE_NAME_BYTES, number);
    fold_put(fold, VIEW_MERGED, bytes_of(from->b, CASE_NAME_BYTES), bytes_of(value, sizeof value));
    return status == ERR_NOT_FOUND ? 0 : status;
}

static int rows_follow(struct fold *fold, const struct case_name *from,
                       const struct case_name *into)
{
    struct case_row row;
    struct view_key after;
    size_t used = arena_used(fold->arena);
    view_key_init(&after, (struct bytes){0});
    int status = fold_row_next(fold, from, &after, &row);
    while (status == 0) {
        status = fold_row_move(fold, from, into, &row, "merged", PLACEMENT_MERGED);
        arena_rewind(fold->arena, used);
        view_key_init(&after, (struct bytes){0}); /* it is gone: the next one is the first */
        status = status == 0 ? fold_row_next(fold, from, &after, &row) : status;
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* Who is kept from one is kept from both. */
static int barred_join(struct fold *fold, struct case_view *into, const struct case_view *from)
{
    size_t len = into->barred.len + 1 + from->barred.len;
    if (from->barred.len == 0 || bytes_equal(from->barred, into->barred)) {
        return FOLD_DONE;
    }
    if (into->barred.len == 0) {
        into->barred = from->barred;
        return FOLD_DONE;
    }
    if (len > CASE_BARRED_BYTES_MAX) {
        return fold_refuse(fold, ERR_LIMIT, "barred: over %u bytes together",
                           CASE_BARRED_BYTES_MAX);
    }
    uint8_t *both = arena_alloc(fold->arena, len);
    if (both == NULL) {
        return ERR_NOMEM;
    }
    memcpy(both, into->barred.data, into->barred.len);
    both[into->barred.len] = '|';
    memcpy(both + into->barred.len + 1, from->barred.data, from->barred.len);
    into->barred = bytes_of(both, len);
    return FOLD_DONE;
}

/* Its state, officer and authority stay; what it has none of it takes over. */
static int work_joins(struct fold *fold, struct case_view *into, const struct case_view *from)
{
    int status = barred_join(fold, into, from);
    into->authority = into->authority.len > 0 ? into->authority : from->authority;
    into->leave = into->leave != 0 ? into->leave : from->leave;
    if (into->assigned.len == 0 && status == FOLD_DONE) {
        into->assigned = from->assigned;
    }
    if (into->assigned.len > 0 && status == FOLD_DONE) {
        status = fold_not_barred(fold, into, into->assigned);
    }
    if (into->state == CASE_WITHDRAWN && from->state != CASE_WITHDRAWN) {
        into->state = from->state;
        into->since_ms = from->since_ms;
    }
    return status;
}

static int case_gone(struct fold *fold, const struct case_name *name, const struct case_view *view)
{
    uint64_t joined = 0;
    int status = fold_counter(fold, "cases_joined", &joined);
    if (status != 0) {
        return status;
    }
    fold_counter_put(fold, "cases_joined", joined + 1);
    fold->views->del(fold->views->arg, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES));
    if (view->nip.len > 0) {
        fold_person_drop(fold, view->nip, name);
    }
    return 0;
}

static int merge_apply(struct fold *fold, const struct case_name *into, struct case_view *view,
                       const struct case_name *from, const struct case_view *gone, int64_t at_ms)
{
    int status = fold_tell(fold, from, view, "the case is joined with another", at_ms);
    status = status == 0 ? rows_follow(fold, from, into) : status;
    status = status == 0 ? names_follow(fold, from, gone->number, into) : status;
    status = status == 0 ? pairs_follow(fold, from, into) : status;
    status = status == 0 ? case_gone(fold, from, gone) : status;
    if (status != 0) {
        return status;
    }
    view->opened_ms = gone->opened_ms < view->opened_ms ? gone->opened_ms : view->opened_ms;
    view->version += gone->report_count + 1; /* as if they had come one by one, and an act */
    status = fold_case_again(fold, into, false, view);
    status = status == 0 ? fold_review_again(fold, into, view) : status;
    if (status == 0) {
        fold_case_put(fold, into, view);
    }
    return status;
}

int fold_merge(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct case_name name, from;
    struct case_view view, gone;
    char brief[CASE_SHORT_CAPACITY];
    int status = fold_act_on_case(fold, act, ring, &name, &view);
    if (status == FOLD_DONE) {
        status = other_case(fold, act, &name, &from, &gone);
    }
    if (status == FOLD_DONE && act->other_version != gone.version) {
        status =
            fold_refuse(fold, ERR_STALE, "the other case is at version %llu, the officer saw %llu",
                        (unsigned long long)gone.version, (unsigned long long)act->other_version);
    }
    if (status == FOLD_DONE) {
        status = merge_rules(fold, &view, &gone);
    }
    if (status == FOLD_DONE) {
        status = work_joins(fold, &view, &gone);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    status = merge_apply(fold, &name, &view, &from, &gone, act->at_ms);
    fold_say(fold, "%s went up in this case",
             case_short_text(fold->config->province, gone.number, brief));
    return status;
}

/* ---- part ---- */
int fold_part(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct case_name name, other;
    struct case_view view, known;
    int status = fold_act_on_case(fold, act, ring, &name, &view);
    if (status == FOLD_DONE) {
        status = other_case(fold, act, &name, &other, &known);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    fold_parted_put(fold, &name, &other);
    status = fold_review_again(fold, &name, &view);
    status = status == 0 ? fold_review_again(fold, &other, &known) : status;
    if (status != 0) {
        return status;
    }
    view.version++;
    known.version++; /* touched by an officer: it does not go up in another by itself */
    fold_case_put(fold, &name, &view);
    fold_case_put(fold, &other, &known);
    fold_say(fold, "not the same: this is remembered");
    return FOLD_DONE;
}
