/* Where an amended report belongs: placed anew where nobody has touched its case, else it stays and
 * says so. And a crowd of reports, amendments, withdrawals and officers' acts from a seed: the
 * views add up after each, and are the same when made anew. */
#include "unit/core/cases/fold_amended.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct said siti = {.subjects = {{"Siti Rahmawati", NIP}}};
static const struct said hasan = {.subjects = {{"Hasan Basri", OTHER_NIP}}};

static bool lives(const struct story *story, const struct case_name *name)
{
    struct bytes value;
    return story->views.get(story->views.arg, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES),
                            &value) == 0;
}

static void in_case(const struct story *story, const struct entry_id *id,
                    const struct case_name *name)
{
    struct case_name holds = case_for(story, id, 0);
    assert_memory_equal(holds.b, name->b, CASE_NAME_BYTES);
}

static bool alarmed(struct story *story, const char *part)
{
    struct view_key key;
    struct bytes value;
    struct refused_view view;
    view_key_init(&key, (struct bytes){0});
    view_key_u64(&key, story->count);
    return story->out.alarm &&
           story->views.get(story->views.arg, VIEW_ALARMS, view_key_bytes(&key), &value) == 0 &&
           refused_view_decode(value, &view) == 0 && contains(view.text, part);
}

/* ---- nobody has touched it ---- */
static void a_case_of_its_own_goes_up_in_another(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id first = file_it(story, &siti);
    struct entry_id second = file_it(story, &hasan);
    struct case_name into = case_for(story, &first, 0);
    struct case_name gone = case_for(story, &second, 0);
    amend(story, &second, &siti);
    accepted(story);
    assert_int_equal(story->out.placement_count, 1);
    assert_int_equal(story->out.placements[0].outcome, PLACEMENT_MERGED);
    in_case(story, &second, &into);
    assert_false(lives(story, &gone));
    assert_int_equal(case_of(story, &into).report_count, 2);
    /* Nobody has touched it still: the next one joins them. */
    struct entry_id third = file_it(story, &siti);
    in_case(story, &third, &into);
    same_again(story);
}

static void what_came_to_others_leaves_them(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id first = file_it(story, &siti);
    struct entry_id second = file_it(story, &siti);
    struct entry_id third = file_it(story, &hasan);
    struct case_name name = case_for(story, &first, 0);
    struct case_name its = case_for(story, &third, 0);
    in_case(story, &second, &name);
    amend(story, &second, &hasan);
    accepted(story);
    in_case(story, &second, &its);
    assert_int_equal(case_of(story, &name).report_count, 1);
    assert_int_equal(case_of(story, &its).report_count, 2);
    /* Nowhere: a case of its own, under a new number. */
    amend(story, &second, &(struct said){.subjects = {{"Abdul Gani", THIRD_NIP}}});
    accepted(story);
    struct case_name own = case_for(story, &second, 0);
    assert_int_equal(case_of(story, &own).report_count, 1);
    assert_int_equal(case_of(story, &own).number, 3);
    assert_int_equal(case_of(story, &its).report_count, 1);
    /* And back. */
    amend(story, &second, &siti);
    accepted(story);
    in_case(story, &second, &name);
    assert_int_equal(case_of(story, &name).report_count, 2);
    assert_false(lives(story, &own));
    same_again(story);
}

static void a_case_is_not_its_own_candidate(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id id = file_it(story, &(struct said){.subjects = {{"Siti Rahmawati", ""}}});
    struct case_name name = case_for(story, &id, 0);
    amend(story, &id, &(struct said){.subjects = {{"Siti Rahmawati", ""}}, .form = "DS-05"});
    accepted(story);
    assert_int_equal(story->out.placements[0].outcome, PLACEMENT_NEW);
    assert_int_equal(story->out.placements[0].candidate_count, 0);
    assert_false(case_of(story, &name).needs_review);
    same_again(story);
}

/* ---- it stays, and says so ---- */
static void the_report_that_names_a_case_stays(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id first = file_it(story, &siti);
    struct case_name name = case_for(story, &first, 0);
    (void)file_it(story, &siti);
    amend(story, &first, &hasan);
    accepted(story);
    assert_true(alarmed(story, "16-000001"));
    in_case(story, &first, &name);
    assert_true(case_of(story, &name).needs_review);
    assert_int_equal(case_of(story, &name).report_count, 2);
    amend(story, &first, &siti);
    accepted(story);
    assert_false(story->out.alarm);
    assert_false(case_of(story, &name).needs_review);
    same_again(story);
}

static void what_an_officer_has_touched_keeps_its_reports(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id first = file_it(story, &siti);
    struct entry_id second = file_it(story, &siti);
    struct case_name name = case_for(story, &first, 0);
    advance(story, &name, case_of(story, &name).version, "verification");
    accepted(story);
    amend(story, &second, &hasan);
    accepted(story);
    assert_true(alarmed(story, "verification"));
    in_case(story, &second, &name);
    struct case_view view = case_of(story, &name);
    assert_true(view.needs_review);
    assert_int_equal(view.state, CASE_VERIFICATION);
    assert_true(bytes_equal(view.nip, bytes_of_text(NIP)));
    same_again(story);
}

static void splits_and_merges_are_kept(void **state)
{
    struct story *story = *state;
    char text[CASE_TEXT_CAPACITY], from[CASE_TEXT_CAPACITY];
    begin(story);
    struct entry_id first = file_it(story, &siti);
    struct entry_id second = file_it(story, &siti);
    struct entry_id third =
        file_it(story, &(struct said){.form = "DS-05", .subjects = {{"X", ""}}});
    struct case_name name = case_for(story, &first, 0);
    struct case_name gone = case_for(story, &third, 0);
    struct act act = act_on("sri", &name, case_of(story, &name).version, text);
    act.type = ACT_SPLIT;
    act.other_reason = bytes_of_text("alasan");
    act.pieces[0].report = second;
    act.piece_count = 1;
    put_act(story, &act);
    accepted(story);
    struct case_name apart = case_for(story, &second, 0);
    act = act_on("sri", &name, case_of(story, &name).version, text);
    act.type = ACT_MERGE;
    act.other_reason = bytes_of_text("alasan");
    act.other = bytes_of_text(case_name_text(&gone, from));
    act.other_version = case_of(story, &gone).version;
    put_act(story, &act);
    accepted(story);
    /* Whatever they say now, they are where the officer put them. */
    amend(story, &second, &(struct said){.subjects = {{"Siti Rahmawati", NIP}}, .day = 20001});
    accepted(story);
    in_case(story, &second, &apart);
    amend(story, &third, &hasan);
    accepted(story);
    in_case(story, &third, &name);
    assert_int_equal(case_of(story, &name).report_count, 2);
    /* What is withdrawn is not taken out, and one that holds stays. */
    take_back(story, &third);
    accepted(story);
    act = act_on("sri", &name, case_of(story, &name).version, text);
    act.type = ACT_SPLIT;
    act.other_reason = bytes_of_text("alasan");
    act.pieces[0].report = third;
    act.piece_count = 1;
    put_act(story, &act);
    assert_int_not_equal(story->out.code, 0);
    same_again(story);
}

static void what_was_issued_stands(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    begin(story);
    struct document wanted = recommendation();
    struct entry_id id =
        file_it(story, &(struct said){.regency = "16.03", .subjects = {{"Siti Rahmawati", NIP}}});
    struct case_name name = case_for(story, &id, 0);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    /* What they sign is the case that they saw. */
    amend(story, &id, &(struct said){.regency = "16.03", .subjects = {{"Siti Rahma Wati", NIP}}});
    accepted(story);
    countersign(story, &drafted, "budi", &story->budi);
    assert_int_equal(story->out.code, ERR_STALE);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    story->config.document_suffix[1]++; /* another id */
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    countersign(story, &drafted, "budi", &story->budi);
    accepted(story);
    assert_int_equal(case_of(story, &name).state, CASE_RECOMMENDED);
    amend(story, &id, &hasan);
    accepted(story);
    assert_true(alarmed(story, "recommended"));
    assert_true(case_of(story, &name).needs_review);
    take_back(story, &id);
    accepted(story);
    assert_true(alarmed(story, "withdrawn; it is recommended"));
    struct case_view view = case_of(story, &name);
    assert_int_equal(view.state, CASE_RECOMMENDED);
    assert_int_equal(case_live(&view), 0);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_ISSUED);
}

/* ---- a crowd ---- */
#define ROUNDS 60u
#define STEPS 40u
#define FILED_MAX 12u

static uint64_t random_next(uint64_t *seed)
{
    uint64_t x = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static struct said any_said(uint64_t *seed)
{
    static const char *const names[] = {"Siti Rahmawati", "Hasan Basri", "Abdul Gani"};
    static const char *const nips[] = {NIP, OTHER_NIP, THIRD_NIP, ""};
    struct said said = {.form = random_next(seed) % 4 == 0 ? "DS-05" : NULL,
                        .regency = random_next(seed) % 9 == 0 ? "17.01" : NULL,
                        .day = 20000 + (int32_t)(random_next(seed) % 2)};
    size_t count = 1 + random_next(seed) % 2;
    for (size_t i = 0; i < count; i++) {
        size_t who = random_next(seed) % 3;
        said.subjects[i].name = names[who];
        said.subjects[i].nip = nips[random_next(seed) % 3 == 0 ? random_next(seed) % 4 : who];
    }
    return said;
}

static void any_act(struct story *story, uint64_t *seed)
{
    char text[CASE_TEXT_CAPACITY], other_text[CASE_TEXT_CAPACITY];
    struct case_name names[2];
    struct bytes key, value;
    size_t count = memory_views_count(story->memory, VIEW_CASES);
    if (count == 0) {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        memory_views_at(story->memory, VIEW_CASES, random_next(seed) % count, &key, &value);
        memcpy(names[i].b, key.data, CASE_NAME_BYTES);
    }
    struct act act = act_on("sri", &names[0], case_of(story, &names[0]).version, text);
    act.type = random_next(seed) % 2 == 0 ? ACT_MERGE : ACT_SPLIT;
    act.other_reason = bytes_of_text("alasan");
    if (act.type == ACT_MERGE) {
        act.other = bytes_of_text(case_name_text(&names[1], other_text));
        act.other_version = case_of(story, &names[1]).version;
    } else {
        act.pieces[0].report =
            (struct entry_id){.incarnation = {{9}}, .seq = 1 + random_next(seed) % story->node_seq};
        act.piece_count = 1;
    }
    put_act(story, &act);
}

static void step(struct story *story, uint64_t *seed, struct entry_id filed[FILED_MAX],
                 size_t *count)
{
    struct said said = any_said(seed);
    uint64_t what = random_next(seed) % 10;
    if (*count == 0 || (what < 3 && *count < FILED_MAX)) {
        filed[(*count)++] = file_it(story, &said);
    } else if (what < 7) {
        amend(story, &filed[random_next(seed) % *count], &said);
    } else if (what < 8) {
        take_back(story, &filed[random_next(seed) % *count]);
    } else {
        any_act(story, seed);
    }
}

/* Rows of a case, and how many of them are withdrawn; each where its placement says. */
static void case_adds_up(struct story *story, const struct case_name *name,
                         const struct case_view *view)
{
    uint64_t rows = 0, withdrawn = 0;
    for (size_t i = 0; i < memory_views_count(story->memory, VIEW_CASE_REPORTS); i++) {
        struct bytes key, value;
        struct case_report_view row;
        memory_views_at(story->memory, VIEW_CASE_REPORTS, i, &key, &value);
        if (memcmp(key.data, name->b, CASE_NAME_BYTES) != 0) {
            continue;
        }
        assert_int_equal(case_report_view_decode(value, &row), 0);
        struct case_name holds = case_for(story, &row.id, row.subject);
        assert_memory_equal(holds.b, name->b, CASE_NAME_BYTES);
        struct report_view report = report_of(story, &row.id);
        assert_int_equal(row.withdrawn,
                         report.state == REPORT_WITHDRAWN || row.subject >= report.subject_count);
        rows++;
        withdrawn += row.withdrawn;
    }
    assert_int_equal(view->report_count, rows);
    assert_int_equal(view->withdrawn_count, withdrawn);
    assert_true(rows > 0);
    bool early = view->state == CASE_RECEIVED || view->state == CASE_VERIFICATION;
    assert_false(early && rows == withdrawn);
    assert_true(view->version >= view->report_count + view->filer_versions);
}

static size_t adds_up(struct story *story)
{
    size_t cases = memory_views_count(story->memory, VIEW_CASES), rows = 0;
    for (size_t i = 0; i < cases; i++) {
        struct bytes key, value;
        struct case_name name;
        memory_views_at(story->memory, VIEW_CASES, i, &key, &value);
        memcpy(name.b, key.data, CASE_NAME_BYTES);
        struct case_view view = case_of(story, &name);
        case_adds_up(story, &name, &view);
        rows += view.report_count;
    }
    assert_int_equal(rows, memory_views_count(story->memory, VIEW_CASE_REPORTS));
    assert_int_equal(rows, memory_views_count(story->memory, VIEW_PLACEMENTS));
    return cases;
}

static void a_crowd_adds_up(void **state)
{
    (void)state;
    const char *text = getenv("KABAR_SEED");
    uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 20241127;
    size_t cases = 0;
    print_message("KABAR_SEED=%" PRIu64 "\n", seed);
    for (size_t round = 0; round < ROUNDS; round++) {
        void *told = NULL;
        struct entry_id filed[FILED_MAX];
        size_t count = 0;
        assert_int_equal(story_open(&told), 0);
        struct story *story = told;
        begin(story);
        for (size_t i = 0; i < STEPS; i++) {
            step(story, &seed, filed, &count);
            cases += adds_up(story);
        }
        same_again(story);
        assert_int_equal(story_close(&told), 0);
    }
    assert_true(cases > (size_t)ROUNDS * STEPS);
}

/* Storage that fails at any read is an error, never another answer. */
static void every_failed_read_comes_through(void **state)
{
    struct story *story = *state;
    uint64_t seed = 5;
    struct entry_id filed[FILED_MAX];
    size_t count = 0;
    begin(story);
    for (size_t i = 0; i < 20; i++) {
        step(story, &seed, filed, &count);
    }
    assert_true(sweep_reads(story) > 200);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_case_of_its_own_goes_up_in_another),
        STORY(what_came_to_others_leaves_them),
        STORY(a_case_is_not_its_own_candidate),
        STORY(the_report_that_names_a_case_stays),
        STORY(what_an_officer_has_touched_keeps_its_reports),
        STORY(splits_and_merges_are_kept),
        STORY(what_was_issued_stands),
        cmocka_unit_test(a_crowd_adds_up),
        STORY(every_failed_read_comes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
