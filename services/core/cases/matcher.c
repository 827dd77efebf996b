#include "core/cases/matcher.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/cases/match_explain.h"
#include "core/cases/match_names.h"

#include <string.h>

struct found {
    struct case_name name;
    struct judgement judgement;
    bool same_report; /* another subject of this report is in it */
    bool joined;      /* it is the same case as the best one */
    bool untouched;   /* by officers: it may go up in another */
    uint64_t number;
};
struct search {
    const struct views *views;
    struct arena *arena;
    uint64_t position;
    struct traits traits;
    struct traits all; /* with what the best case knows, and the cases that join it */
    uint32_t letters;
    struct case_name seen[MATCH_CASES_MAX];
    size_t seen_count;
    struct found best[MATCH_CANDIDATES_MAX + 1]; /* in falling order */
    size_t best_count;
    struct matcher_judged *ret; /* each that was judged; NULL: nobody asks */
    size_t ret_count;
};

/* Is a subject of the report at this position in that case already? */
static int holds_report(const struct views *views, const struct case_name *name, uint64_t position,
                        bool *ret)
{
    struct view_key prefix;
    struct bytes key, value;
    view_key_init(&prefix, bytes_of(name->b, CASE_NAME_BYTES));
    view_key_u64(&prefix, position);
    int status = views->next(views->arg, VIEW_CASE_REPORTS, view_key_bytes(&prefix),
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

static int case_decode(struct bytes value, struct case_view *ret, struct traits *ret_known)
{
    int status = case_view_decode(value, ret);
    return status == 0 ? traits_decode(ret->match, ret_known) : status;
}

static int case_read(const struct search *search, const struct case_name *name,
                     struct case_view *ret, struct traits *ret_known)
{
    struct bytes value;
    int status = search->views->get(search->views->arg, VIEW_CASES,
                                    bytes_of(name->b, CASE_NAME_BYTES), &value);
    return status == 0 ? case_decode(value, ret, ret_known) : status;
}

static int judge_case(struct search *search, const struct case_name *name, struct bytes value)
{
    struct case_view view;
    struct traits known;
    struct found found = {.name = *name};
    int status = case_decode(value, &view, &known);
    if (status != 0) {
        return status;
    }
    found.untouched = matcher_untouched(&view);
    found.number = view.number;
    match_judge(&search->traits, &known, &found.judgement);
    if (found.judgement.verdict != VERDICT_OTHER) {
        status = holds_report(search->views, name, search->position, &found.same_report);
    }
    if (status != 0) {
        return status;
    }
    if (found.same_report && !PLANTED(SAME_REPORT)) {
        /* Two subjects of one report are two persons, unless an officer says otherwise. */
        found.judgement.verdict--;
        found.judgement.rule = "same_report";
    }
    if (search->ret != NULL) {
        search->ret[search->ret_count++] =
            (struct matcher_judged){.case_name = *name, .judgement = found.judgement};
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

/* The case that is called so now. None: the report that named it is being placed anew. */
static int judge_named(struct search *search, struct case_name name)
{
    struct bytes value;
    int status = matcher_case(search->views, search->arena, &name, &value);
    if (status != 0 || seen_before(search, name.b)) {
        return status == ERR_NOT_FOUND ? 0 : status;
    }
    search->seen[search->seen_count++] = name;
    return judge_case(search, &name, value);
}

/* Whether its case need not be read: it is known, or of another person by the name. */
static bool passed_over(const struct search *search, const struct match_key *key,
                        const struct block_entry *entry)
{
    if (search->seen_count == MATCH_CASES_MAX) {
        return true;
    }
    if (!key->by_number &&
        (!letters_fit(entry->letters, search->letters) ||
         match_names(trait_first(&search->traits.names), entry->name) == NAMES_DIFFER)) {
        return true;
    }
    return seen_before(search, entry->case_name.b);
}

/* Read where it lies: what a driver lends is valid until the next change, and nothing is changed
 * here. */
static int judge_block(struct search *search, const struct match_key *key)
{
    struct block_entry entry = {.letters = 0};
    struct reader reader;
    struct bytes value;
    int status = search->views->get(search->views->arg, VIEW_CASE_KEYS,
                                    bytes_of(key->b, sizeof key->b), &value);
    if (status != 0) {
        return status == ERR_NOT_FOUND ? 0 : status;
    }
    if (value.len > MATCH_BLOCK_BYTES_MAX) {
        return ERR_FORMAT;
    }
    reader_init(&reader, value);
    while (status == 0 && matcher_block_next(&reader, &entry)) {
        if (!passed_over(search, key, &entry)) {
            status = judge_named(search, entry.case_name);
        }
    }
    return status == 0 && reader.underflow ? ERR_FORMAT : status;
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

static int explain(const struct search *search, struct placement *ret)
{
    const struct judgement *judgement = &search->best[0].judgement;
    ret->rule = bytes_of_text(judgement->rule);
    ret->score_milli = judgement->score_milli;
    return match_explain_texts(judgement, search->arena, ret->fields, &ret->field_count);
}

/* ---- cases that are one ---- */
/* Whether some report names a subject in each: they are two persons. */
static int share_report(const struct search *search, const struct case_name *one,
                        const struct case_name *other, bool *ret)
{
    struct view_key after;
    struct bytes key, value;
    int status = 0;
    *ret = false;
    view_key_init(&after, (struct bytes){0});
    while (!*ret) {
        status = search->views->next(search->views->arg, VIEW_CASE_REPORTS,
                                     bytes_of(one->b, CASE_NAME_BYTES), view_key_bytes(&after),
                                     &key, &value);
        if (status != 0 || key.len != CASE_NAME_BYTES + 12) {
            break;
        }
        view_key_init(&after, key);
        status = holds_report(search->views, other, get_be64(after.b + CASE_NAME_BYTES), ret);
        if (status != 0) {
            return status;
        }
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* Whether this case is the same as the best one, by all that is known of both now. */
static int join_one(struct search *search, struct found *found)
{
    struct case_view view;
    struct traits known;
    struct judgement judgement;
    bool shared = found->same_report && !PLANTED(STOOD_TOGETHER);
    int status = case_read(search, &found->name, &view, &known);
    if (status != 0 || !found->untouched || shared) {
        return status;
    }
    match_judge(&search->all, &known, &judgement);
    if (judgement.verdict != VERDICT_SAME) {
        return 0;
    }
    for (size_t i = 0; i < search->best_count && status == 0 && !shared; i++) {
        if (i == 0 || search->best[i].joined) {
            status = share_report(search, &found->name, &search->best[i].name, &shared);
            shared = shared && !PLANTED(STOOD_TOGETHER);
        }
    }
    if (status == 0 && !shared) {
        found->joined = true;
        traits_add(&search->all, &known);
    }
    return status;
}

static int join_others(struct search *search)
{
    struct case_view view;
    if (search->best_count < 2 || search->best[0].judgement.verdict != VERDICT_SAME) {
        return 0;
    }
    int status = case_read(search, &search->best[0].name, &view, &search->all);
    if (status != 0 || view.report_count > MATCH_JOIN_REPORTS_MAX) {
        return status;
    }
    traits_add(&search->all, &search->traits);
    for (size_t i = 1; i < search->best_count && status == 0; i++) {
        status = join_one(search, &search->best[i]);
    }
    return status;
}

/* One that is the same, and no other that fits as well. */
static bool decided(const struct search *search)
{
    const struct judgement *first = &search->best[0].judgement;
    if (search->best_count == 0 || first->verdict != VERDICT_SAME) {
        return false;
    }
    for (size_t i = 1; i < search->best_count; i++) {
        const struct found *other = &search->best[i];
        if (!other->joined && other->judgement.verdict == VERDICT_SAME &&
            (first->fragile || other->judgement.score_milli >= first->score_milli)) {
            return false;
        }
    }
    return true;
}

/* The oldest stays, or the one that an officer has touched. */
static size_t staying(const struct search *search)
{
    size_t stays = 0;
    for (size_t i = 1; i < search->best_count && search->best[0].untouched; i++) {
        if (search->best[i].joined && search->best[i].number < search->best[stays].number) {
            stays = i;
        }
    }
    return stays;
}

static int settle_merged(const struct search *search, struct placement *ret)
{
    size_t stays = staying(search);
    int status = copy_case_text(search->arena, &search->best[stays].name, &ret->case_name);
    ret->outcome = PLACEMENT_MERGED;
    for (size_t i = 0; i < search->best_count && status == 0; i++) {
        if (i != stays && (i == 0 ? stays != 0 : search->best[i].joined)) {
            status = copy_case_text(search->arena, &search->best[i].name,
                                    &ret->joined[ret->joined_count++]);
        }
    }
    return status;
}

static int settle(struct search *search, const struct case_name *own, struct placement *ret)
{
    int status = join_others(search);
    if (status != 0) {
        return status;
    }
    ret->rule = bytes_of_text("none");
    status = search->best_count > 0 ? explain(search, ret) : 0;
    if (status != 0) {
        return status;
    }
    if (decided(search)) {
        return settle_merged(search, ret);
    }
    ret->outcome = search->best_count > 0 ? PLACEMENT_REVIEW : PLACEMENT_NEW;
    for (size_t i = 0; i < search->best_count && i < MATCH_CANDIDATES_MAX && status == 0; i++) {
        status = copy_case_text(search->arena, &search->best[i].name,
                                &ret->candidates[ret->candidate_count++]);
    }
    return status != 0 ? status : copy_case_text(search->arena, own, &ret->case_name);
}

/* Its arrays are large, and read only as far as their counts: they are not zeroed. */
static void search_begin(struct search *search, const struct views *views, struct arena *arena,
                         uint64_t position)
{
    search->views = views;
    search->arena = arena;
    search->position = position;
    search->seen_count = 0;
    search->best_count = 0;
    search->ret = NULL;
    search->ret_count = 0;
}

/* Judges every case that its blocks lead to. */
static int look(struct search *search, const struct report *report, uint32_t subject,
                struct bytes province)
{
    struct match_keys keys;
    int status = 0;
    traits_of(report, subject, &search->traits);
    search->letters = matcher_letters(&search->traits);
    matcher_keys(&search->traits, province, true, &keys);
    for (size_t i = 0; i < keys.count && status == 0; i++) {
        status = judge_block(search, &keys.list[i]);
    }
    return status;
}

int matcher_explain(const struct views *views, const struct report *report, uint64_t position,
                    uint32_t subject, struct bytes province, struct arena *arena,
                    struct matcher_judged ret[MATCH_CASES_MAX], size_t *ret_count)
{
    struct search search;
    search_begin(&search, views, arena, position);
    search.ret = ret;
    int status = look(&search, report, subject, province);
    *ret_count = search.ret_count;
    return status;
}

int matcher_place(const struct views *views, const struct report *report, const struct entry_id *id,
                  uint64_t position, uint32_t subject, struct bytes province, struct arena *arena,
                  struct placement *ret, struct err_ctx *err)
{
    struct case_name own;
    struct search search;
    search_begin(&search, views, arena, position);
    memset(ret, 0, sizeof *ret);
    ret->position = position;
    ret->subject = subject;
    ret->matcher = bytes_of_text(MATCHER_VERSION);
    int status = look(&search, report, subject, province);
    case_name_of(id, subject, &own);
    status = status != 0 ? status : settle(&search, &own, ret);
    return status == 0 ? 0 : err_wrap(err, status, "match subject %u", (unsigned)subject);
}
