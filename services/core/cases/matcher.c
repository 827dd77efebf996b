#include "core/cases/matcher.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/cases/match_names.h"

#include <string.h>

struct found {
    struct case_name name;
    struct judgement judgement;
};
struct search {
    const struct views *views;
    uint64_t position;
    struct traits traits;
    uint32_t letters;
    struct case_name seen[MATCH_CASES_MAX];
    size_t seen_count;
    struct found best[MATCH_CANDIDATES_MAX + 1]; /* in falling order */
    size_t best_count;
};

/* Is a subject of this very report in that case already? */
static int in_this_report(const struct search *search, const struct case_name *name, bool *ret)
{
    struct view_key prefix;
    struct bytes key, value;
    view_key_init(&prefix, bytes_of(name->b, CASE_NAME_BYTES));
    view_key_u64(&prefix, search->position);
    int status = search->views->next(search->views->arg, VIEW_CASE_REPORTS, view_key_bytes(&prefix),
                                     (struct bytes){0}, &key, &value);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    *ret = status == 0;
    return 0;
}

static bool better(const struct judgement *a, const struct judgement *b)
{
    return a->verdict != b->verdict ? a->verdict > b->verdict : a->score_milli > b->score_milli;
}

static void keep(struct search *search, const struct found *found)
{
    size_t at = search->best_count;
    while (at > 0 && better(&found->judgement, &search->best[at - 1].judgement)) {
        at--;
    }
    if (at > MATCH_CANDIDATES_MAX) {
        return;
    }
    if (search->best_count <= MATCH_CANDIDATES_MAX) {
        search->best_count++;
    }
    memmove(&search->best[at + 1], &search->best[at],
            (search->best_count - at - 1) * sizeof search->best[0]);
    search->best[at] = *found;
}

static int judge_case(struct search *search, const struct case_name *name)
{
    struct bytes value;
    struct case_view view;
    struct traits known;
    struct found found = {.name = *name};
    int status = search->views->get(search->views->arg, VIEW_CASES,
                                    bytes_of(name->b, CASE_NAME_BYTES), &value);
    status = status == 0 ? case_view_decode(value, &view) : status;
    status = status == 0 ? traits_decode(view.match, &known) : status;
    if (status != 0) {
        return status;
    }
    match_judge(&search->traits, &known, &found.judgement);
    if (found.judgement.verdict == VERDICT_OTHER) {
        return 0;
    }
    bool same_report = false;
    status = in_this_report(search, name, &same_report);
    if (status != 0) {
        return status;
    }
    if (same_report && !PLANTED(SAME_REPORT)) {
        /* Two subjects of one report are two persons, unless an officer says otherwise. */
        found.judgement.verdict--;
    }
    if (found.judgement.verdict != VERDICT_OTHER) {
        keep(search, &found);
    }
    return 0;
}

static bool seen_before(const struct search *search, const uint8_t *name)
{
    for (size_t i = 0; i < search->seen_count; i++) {
        if (memcmp(search->seen[i].b, name, CASE_NAME_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static bool letters_fit(uint32_t a, uint32_t b)
{
    return (a & b) == a || (a & b) == b;
}

/* The block is copied: what a driver lends is valid until the next change only, and may move. */
static int judge_block(struct search *search, const struct match_key *key)
{
    uint8_t block[MATCH_BLOCK_BYTES_MAX];
    struct bytes value;
    int status = search->views->get(search->views->arg, VIEW_CASE_KEYS,
                                    bytes_of(key->b, sizeof key->b), &value);
    if (status != 0) {
        return status == ERR_NOT_FOUND ? 0 : status;
    }
    if (value.len > sizeof block || value.len % MATCH_BLOCK_ENTRY_BYTES != 0) {
        return ERR_FORMAT;
    }
    memcpy(block, value.data, value.len);
    for (size_t at = 0; at < value.len && status == 0; at += MATCH_BLOCK_ENTRY_BYTES) {
        struct case_name name;
        memcpy(name.b, block + at, CASE_NAME_BYTES);
        if ((!key->by_number &&
             !letters_fit(get_be32(block + at + CASE_NAME_BYTES), search->letters)) ||
            seen_before(search, name.b) || search->seen_count == MATCH_CASES_MAX) {
            continue;
        }
        search->seen[search->seen_count++] = name;
        status = judge_case(search, &name);
    }
    return status;
}

/* ---- the placement ---- */
static int copy_case_text(struct arena *arena, const struct case_name *name, struct bytes *ret)
{
    char text[CASE_TEXT_CAPACITY];
    struct bytes copy = arena_copy(arena, bytes_of_text(case_name_text(name, text)));
    if (copy.data == NULL) {
        return ERR_NOMEM;
    }
    *ret = copy;
    return 0;
}

static void explain(const struct judgement *judgement, struct placement *ret)
{
    ret->rule = bytes_of_text(judgement->rule);
    ret->score_milli = judgement->score_milli;
    for (size_t i = 0; i < judgement->field_count; i++) {
        ret->fields[ret->field_count++] = bytes_of_text(judgement->fields[i]);
    }
}

/* One that is the same, and no other that fits as well. */
static bool decided(const struct search *search)
{
    const struct judgement *first = &search->best[0].judgement;
    const struct judgement *second = &search->best[1].judgement;
    if (search->best_count == 0 || first->verdict != VERDICT_SAME) {
        return false;
    }
    bool rival = search->best_count > 1 && second->verdict == VERDICT_SAME;
    return !rival || (!first->fragile && second->score_milli < first->score_milli);
}

static int settle(const struct search *search, const struct case_name *own, struct arena *arena,
                  struct placement *ret)
{
    int status = 0;
    if (search->best_count > 0) {
        explain(&search->best[0].judgement, ret);
    } else {
        ret->rule = bytes_of_text("none");
    }
    if (decided(search)) {
        ret->outcome = PLACEMENT_MERGED;
        return copy_case_text(arena, &search->best[0].name, &ret->case_name);
    }
    ret->outcome = search->best_count > 0 ? PLACEMENT_REVIEW : PLACEMENT_NEW;
    for (size_t i = 0; i < search->best_count && i < MATCH_CANDIDATES_MAX && status == 0; i++) {
        status =
            copy_case_text(arena, &search->best[i].name, &ret->candidates[ret->candidate_count++]);
    }
    return status != 0 ? status : copy_case_text(arena, own, &ret->case_name);
}

int matcher_place(const struct views *views, const struct report *report, const struct entry_id *id,
                  uint64_t position, uint32_t subject, struct bytes province, struct arena *arena,
                  struct placement *ret, struct err_ctx *err)
{
    struct case_name own;
    struct match_keys keys;
    struct search search = {.views = views, .position = position};
    int status = 0;
    memset(ret, 0, sizeof *ret);
    ret->position = position;
    ret->subject = subject;
    ret->matcher = bytes_of_text(MATCHER_VERSION);
    traits_of(report, subject, &search.traits);
    search.letters = matcher_letters(&search.traits);
    matcher_keys(&search.traits, province, true, &keys);
    for (size_t i = 0; i < keys.count && status == 0; i++) {
        status = judge_block(&search, &keys.list[i]);
    }
    case_name_of(id, subject, &own);
    status = status != 0 ? status : settle(&search, &own, arena, ret);
    return status == 0 ? 0 : err_wrap(err, status, "match subject %u", (unsigned)subject);
}
