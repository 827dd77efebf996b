/* Cases that a later report shows to be one: joined by the matcher, in the journal, for a rebuild;
 * and what is never joined. */
#include "unit/core/cases/match_bench.h"

/* ---- cases that turn out to be one ---- */
static bool placed_in(const struct bench *bench, const char *case_text)
{
    return bytes_equal(bench->output.placements[0].case_name, bytes_of_text(case_text));
}

static void case_text_of(const struct bench *bench, char ret[CASE_TEXT_CAPACITY])
{
    (void)snprintf(ret, CASE_TEXT_CAPACITY, "%.*s", (int)bench->output.placements[0].case_name.len,
                   (const char *)bench->output.placements[0].case_name.data);
}

/* The same entries with the placements that stand in the journal: nothing is matched again. */
static void rebuilt_alike(struct bench *bench)
{
    struct memory_views *again = memory_views_new();
    struct views views = memory_views_driver(again);
    for (size_t i = 0; i < kept.count; i++) {
        struct placement placement;
        arena_reset(bench->arena);
        arena_reset(bench->lines);
        assert_int_equal(placement_decode(bytes_of(kept.placed[i], kept.placed_len[i]),
                                          bench->lines, &placement, NULL),
                         0);
        struct fold_input input = {.position = i + 1,
                                   .id = {.incarnation = {{1}}, .seq = i + 1},
                                   .kind = ENTRY_REPORT,
                                   .body = bytes_of(kept.body[i], kept.body_len[i]),
                                   .owner = bytes_of_text("16.07"),
                                   .enrolment = 1,
                                   .received_ms = 1700000000000,
                                   .recorded = &placement,
                                   .recorded_count = 1};
        assert_int_equal(
            fold_entry(&bench->config, &views, &input, bench->arena, &bench->output, NULL), 0);
        assert_int_equal(bench->output.placement_count, 0);
    }
    const char *differs = memory_views_differ(bench->memory, again);
    if (differs != NULL) {
        fail_msg("rebuilt, the table %s is another", differs);
    }
    memory_views_free(again);
}

static void a_report_shows_two_cases_to_be_one(void **state)
{
    struct bench *bench = *state;
    char first[CASE_TEXT_CAPACITY], second[CASE_TEXT_CAPACITY];
    struct who unit = {"Rina Sari", NULL, NULL, "Dinas A", NULL};
    struct who number = {"Rina Sari", NIP_A, NULL, NULL, NULL};
    struct who both = {"Rina Sari", NIP_A, NULL, "Dinas A", NULL};
    kept.count = 0;
    assert_int_equal(file(bench, unit, (struct what){"DS-06", "2024-10-03", POST, NULL}),
                     PLACEMENT_NEW);
    case_text_of(bench, first);
    assert_int_equal(file(bench, number, (struct what){"DS-06", "2024-10-03", NULL, FILE_A}),
                     PLACEMENT_REVIEW);
    case_text_of(bench, second);
    assert_int_equal(file(bench, both, (struct what){"DS-06", "2024-10-03", POST, FILE_A}),
                     PLACEMENT_MERGED);
    assert_true(placed_in(bench, first));
    assert_int_equal(bench->output.placements[0].joined_count, 1);
    assert_true(bytes_equal(bench->output.placements[0].joined[0], bytes_of_text(second)));
    assert_int_equal(memory_views_count(bench->memory, VIEW_CASES), 1);
    assert_int_equal(memory_views_count(bench->memory, VIEW_CASE_NUMBERS), 1);
    assert_int_equal(memory_views_count(bench->memory, VIEW_CASE_REPORTS), 3);
    assert_int_equal(memory_views_count(bench->memory, VIEW_PERSONS), 1);
    /* The name of the one that went up still leads to what holds it. */
    struct case_name name;
    struct bytes value;
    struct case_view view;
    char text[CASE_TEXT_CAPACITY];
    assert_true(case_name_parse(bytes_of_text(second), &name));
    assert_int_equal(matcher_case(&bench->views, bench->arena, &name, &value), 0);
    assert_string_equal(case_name_text(&name, text), first);
    assert_int_equal(case_view_decode(value, &view), 0);
    assert_int_equal(view.report_count, 3);
    assert_int_equal(view.version, 3);
    assert_false(view.needs_review);
    /* What only the second knew finds the first. */
    assert_int_equal(file(bench, number, (struct what){"DS-06", "2024-10-04", NULL, FILE_A}),
                     PLACEMENT_MERGED);
    assert_true(placed_in(bench, first));
    rebuilt_alike(bench);
}

/* A report that names both has said that they are two. */
static void who_stood_together_is_not_joined(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", POST, NULL};
    const struct who two[] = {{"Rina Sari", NULL, NULL, "Dinas A", NULL},
                              {"Rina Sari", NIP_A, NULL, NULL, NULL}};
    (void)file_all(bench, two, 2, &act);
    assert_int_equal(memory_views_count(bench->memory, VIEW_CASES), 2);
    struct who both = {"Rina Sari", NIP_A, NULL, "Dinas A", NULL};
    (void)file(bench, both, act);
    if (memory_views_count(bench->memory, VIEW_CASES) < 2) {
        fail_msg("two persons of one report were joined");
    }
}

/* Neither says where; a day apart, but two of the persons were together both times. */
static void the_same_company_is_the_same_occasion(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-08", "2024-10-03", NULL, NULL};
    struct what next = {"DS-08", "2024-10-04", NULL, NULL};
    const struct who two[] = {{"Rina Sari", NULL, NULL, "Dinas A", NULL},
                              {"Budi Santoso", NULL, NULL, "Dinas B", NULL}};
    const struct who other[] = {{"Joko Lubis", NULL, NULL, "Dinas A", NULL},
                                {"Budi Santoso", NULL, NULL, "Dinas B", NULL}};
    assert_int_equal(file_all(bench, two, 2, &act), PLACEMENT_NEW);
    assert_int_equal(file_all(bench, two, 2, &next), PLACEMENT_MERGED);
    assert_int_equal(file_all(bench, other, 2, &next), PLACEMENT_MERGED);
    next.day = "2024-10-05";
    assert_int_equal(file(bench, two[1], next), PLACEMENT_REVIEW);
}

static enum placement_outcome file_post(struct bench *bench, const char *name, const char *position)
{
    char line[512];
    int len = snprintf(line, sizeof line,
                       "{\"regency\":\"16.07\",\"channel\":\"citizen\",\"form\":\"DS-06\","
                       "\"occurred_on\":\"2024-10-03\",\"known_on\":\"2024-10-04\","
                       "\"url\":\"" POST "\",\"subjects\":[{\"name\":\"%s\","
                       "\"unit\":\"SDN 4 Betung\",\"position\":\"%s\"}]}",
                       name, position);
    submit(bench, line, (size_t)len);
    return bench->output.placements[0].outcome;
}

/* A school has one head and many teachers: initials name the one, not the others. */
static void initials_in_a_post_of_one(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(file_post(bench, "Yanto Nugroho", "Kepala Sekolah"), PLACEMENT_NEW);
    assert_int_equal(file_post(bench, "YN", "Kepsek"), PLACEMENT_MERGED);
    assert_int_equal(file_post(bench, "YK", "Kepala Sekolah"), PLACEMENT_NEW);
    assert_int_equal(file_post(bench, "Rina Marlina", "guru kelas"), PLACEMENT_NEW);
    assert_int_equal(file_post(bench, "RM", "guru kelas"), PLACEMENT_REVIEW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(a_report_shows_two_cases_to_be_one),
        BENCH_TEST(who_stood_together_is_not_joined),
        BENCH_TEST(the_same_company_is_the_same_occasion),
        BENCH_TEST(initials_in_a_post_of_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
