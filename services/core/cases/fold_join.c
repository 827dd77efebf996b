/* A report shows that two cases are one: the matcher's joining (officers' is an act). The case that
 * goes up leaves no record but its reports, whose placements say where they are: by them its name
 * still means the case that holds it. */
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"

#include <string.h>

#define PLACEMENT_VIEW_BYTES_MAX 2048u

static void placement_key(const struct entry_id *id, uint32_t subject, struct view_key *ret)
{
    view_key_init(ret, bytes_of(id->incarnation.b, INCARNATION_BYTES));
    view_key_u64(ret, id->seq);
    view_key_u32(ret, subject);
}

static int placement_get(struct fold *fold, const struct view_key *key, struct placement *ret)
{
    struct bytes value;
    int status = fold_get(fold, VIEW_PLACEMENTS, view_key_bytes(key), &value);
    return status != 0 ? status : placement_decode(value, fold->arena, ret, NULL);
}

static int placement_put(struct fold *fold, const struct view_key *key,
                         const struct placement *placement)
{
    uint8_t value[PLACEMENT_VIEW_BYTES_MAX];
    size_t len = 0;
    int status = placement_encode(placement, value, sizeof value, &len, NULL);
    if (status == 0) {
        fold_put(fold, VIEW_PLACEMENTS, view_key_bytes(key), bytes_of(value, len));
    }
    return status;
}

/* ---- a report moves ---- */
static int row_move(struct fold *fold, const struct case_name *into, struct bytes key,
                    struct bytes value)
{
    uint8_t changed[SMALL_VIEW_BYTES_MAX];
    char text[CASE_TEXT_CAPACITY];
    struct case_report_view view;
    struct placement placement;
    struct view_key to, placed;
    int status =
        key.len == CASE_NAME_BYTES + 12 ? case_report_view_decode(value, &view) : ERR_FORMAT;
    if (status != 0) {
        return status;
    }
    placement_key(&view.id, view.subject, &placed);
    status = placement_get(fold, &placed, &placement);
    if (status != 0) {
        return status;
    }
    fold->views->del(fold->views->arg, VIEW_CASE_REPORTS, key);
    view_key_init(&to, bytes_of(into->b, CASE_NAME_BYTES));
    view_key_part(&to, bytes_of(key.data + CASE_NAME_BYTES, 12));
    if (view.outcome != PLACEMENT_MERGED) {
        view.rule = bytes_of_text("joined");
    }
    view.outcome = PLACEMENT_MERGED;
    size_t len = case_report_view_encode(&view, changed, sizeof changed);
    fold_put(fold, VIEW_CASE_REPORTS, view_key_bytes(&to), bytes_of(changed, len));
    placement.case_name = bytes_of_text(case_name_text(into, text));
    placement.outcome = PLACEMENT_MERGED;
    placement.rule = view.rule;
    placement.candidate_count = 0;
    return placement_put(fold, &placed, &placement);
}

static int rows_move(struct fold *fold, const struct case_name *into, const struct case_name *from)
{
    struct bytes key, value, after = {0};
    struct bytes prefix = bytes_of(from->b, CASE_NAME_BYTES);
    int status = fold_next(fold, VIEW_CASE_REPORTS, prefix, after, &key, &value);
    while (status == 0) {
        status = row_move(fold, into, key, value);
        after = key;
        status =
            status == 0 ? fold_next(fold, VIEW_CASE_REPORTS, prefix, after, &key, &value) : status;
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* ---- what was to be reviewed ---- */
/* Candidates of the two openings that are neither of the two stay with the case that is left. */
static void still_open(struct placement *kept, const struct placement *gone, struct bytes into,
                       struct bytes from)
{
    size_t count = 0;
    for (size_t i = 0; i < kept->candidate_count; i++) {
        if (!bytes_equal(kept->candidates[i], from)) {
            kept->candidates[count++] = kept->candidates[i];
        }
    }
    for (size_t i = 0; i < gone->candidate_count && count < MATCH_CANDIDATES_MAX; i++) {
        if (!bytes_equal(gone->candidates[i], into) && !bytes_equal(gone->candidates[i], from)) {
            kept->candidates[count++] = gone->candidates[i];
        }
    }
    kept->candidate_count = count;
    kept->outcome = count > 0 ? PLACEMENT_REVIEW : PLACEMENT_NEW;
}

static void named(const struct case_name *name, struct view_key *ret)
{
    view_key_init(ret, bytes_of(name->b, CASE_NAME_BYTES)); /* the report and its subject */
}

static int review_again(struct fold *fold, const struct case_name *into,
                        const struct case_name *from, bool *ret_needs_review)
{
    char into_text[CASE_TEXT_CAPACITY], from_text[CASE_TEXT_CAPACITY];
    struct view_key kept_key, gone_key;
    struct placement kept, gone;
    named(into, &kept_key);
    named(from, &gone_key);
    int status = placement_get(fold, &kept_key, &kept);
    status = status == 0 ? placement_get(fold, &gone_key, &gone) : status;
    if (status != 0) {
        return status;
    }
    still_open(&kept, &gone, bytes_of_text(case_name_text(into, into_text)),
               bytes_of_text(case_name_text(from, from_text)));
    *ret_needs_review = kept.outcome == PLACEMENT_REVIEW;
    return placement_put(fold, &kept_key, &kept);
}

/* ---- the case ---- */
static void fill(struct bytes *into, struct bytes from)
{
    if (into->len == 0) {
        *into = from;
    }
}

static void view_fill(struct case_view *into, const struct case_view *from)
{
    fill(&into->regency, from->regency);
    fill(&into->name, from->name);
    fill(&into->nip, from->nip);
    fill(&into->nik, from->nik);
    fill(&into->unit, from->unit);
    fill(&into->position, from->position);
    fill(&into->link, from->link);
    if (into->employment == 0) {
        into->employment = from->employment;
    }
    into->version += from->version; /* as if they had come one by one */
    into->filer_versions += from->filer_versions;
    into->report_count += from->report_count;
    into->withdrawn_count += from->withdrawn_count;
}

static int traits_join(struct case_view *into, const struct case_view *from,
                       uint8_t match[TRAITS_BYTES_MAX])
{
    struct traits all, more;
    int status = traits_decode(into->match, &all);
    status = status == 0 ? traits_decode(from->match, &more) : status;
    if (status == 0) {
        traits_add(&all, &more);
        into->match = bytes_of(match, traits_encode(&all, match));
    }
    return status;
}

static int case_drop(struct fold *fold, const struct case_name *name, const struct case_view *view)
{
    struct view_key key;
    uint64_t joined = 0;
    view_key_init(&key, (struct bytes){0});
    view_key_u64(&key, view->number);
    fold->views->del(fold->views->arg, VIEW_CASE_NUMBERS, view_key_bytes(&key));
    fold->views->del(fold->views->arg, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES));
    if (view->nip.len > 0) {
        view_key_init(&key, view->nip);
        view_key_zero(&key);
        view_key_part(&key, bytes_of(name->b, CASE_NAME_BYTES));
        fold->views->del(fold->views->arg, VIEW_PERSONS, view_key_bytes(&key));
    }
    int status = fold_counter(fold, "cases_joined", &joined);
    if (status == 0) {
        fold_counter_put(fold, "cases_joined", joined + 1);
    }
    return status;
}

static int join_one(struct fold *fold, const struct case_name *into, const struct case_name *from)
{
    uint8_t match[TRAITS_BYTES_MAX];
    struct case_view kept, gone;
    bool needs_review = false;
    int status = fold_case_get(fold, into, &kept);
    status = status == 0 ? fold_case_get(fold, from, &gone) : status;
    status = status == 0 ? review_again(fold, into, from, &needs_review) : status;
    status = status == 0 ? rows_move(fold, into, from) : status;
    status = status == 0 ? traits_join(&kept, &gone, match) : status;
    status = status == 0 ? case_drop(fold, from, &gone) : status;
    if (status == 0) {
        view_fill(&kept, &gone);
        kept.needs_review = needs_review;
        fold_case_put(fold, into, &kept);
    }
    return status;
}

int fold_join(struct fold *fold, const struct placement *placement, const struct case_name *into)
{
    for (size_t i = 0; i < placement->joined_count; i++) {
        struct case_name from;
        bool good = case_name_parse(placement->joined[i], &from);
        int status = good ? join_one(fold, into, &from) : ERR_FORMAT;
        if (status != 0) {
            return status;
        }
    }
    return 0;
}
