/* Statements that stand in several logs of a line count once: successors, three generations of
 * them, two branches of one log, erased entries, and what the rebuild makes of it. */
#include "unit/core/cases/fold_story.h"

#include "core/cases/lineage.h"

#define A 9 /* the log that begins, as from_node has it */
#define B 10
#define C 11
#define D 12

/* Reports 1 … 9: of one person each. */
static struct bytes said(unsigned which)
{
    static uint8_t body[ENTRY_BYTES_MAX];
    static char nip[24];
    (void)snprintf(nip, sizeof nip, "19820314200604100%u", which);
    return bytes_of(body, report_bytes((struct filed){"16.07", NULL, nip, NULL, NULL, 1}, body));
}

static void put_said(struct story *story, uint8_t log, uint64_t seq, unsigned which)
{
    put_in(story, log, seq, "16.07", ENTRY_REPORT, said(which));
    accepted(story);
}

static void counts(const struct story *story)
{
    if (story->out.same_as != 0) {
        fail_msg("lost: it was taken for position %llu", (unsigned long long)story->out.same_as);
    }
    assert_int_equal(story->out.placement_count, 1);
}

static void is_position(const struct story *story, uint64_t position)
{
    char text[64];
    if (story->out.same_as != position) {
        fail_msg("counted twice: a copy of position %llu", (unsigned long long)position);
    }
    (void)snprintf(text, sizeof text, "it is position %llu", (unsigned long long)position);
    assert_string_equal(story->out.text, text);
    assert_int_equal(story->out.placement_count, 0);
    assert_int_equal(story->out.office_count, 0);
}

static void reports_are(const struct story *story, size_t wanted)
{
    struct bytes key, value;
    size_t reports = 0;
    for (size_t i = 0; i < memory_views_count(story->memory, VIEW_CASES); i++) {
        struct case_view view;
        memory_views_at(story->memory, VIEW_CASES, i, &key, &value);
        assert_int_equal(case_view_decode(value, &view), 0);
        reports += view.report_count;
    }
    assert_int_equal(reports, wanted);
}

/* Log A with its genesis and reports 1 … `last - 1`; positions from 4 on. */
static void begin_a(struct story *story, uint64_t last)
{
    begin(story);
    put_genesis(story, A, 0, 0, 0, false);
    for (uint64_t seq = 2; seq <= last; seq++) {
        put_said(story, A, seq, (unsigned)seq - 1);
        counts(story);
    }
}

static uint64_t position_in_a(uint64_t seq)
{
    return 3 + seq;
}

/* ---- names ---- */
static void names_lead_back_to_the_first_log(void **state)
{
    struct story *story = *state;
    struct lineage lineage;
    struct entry_id id = {.incarnation = {{D}}};
    static const struct entry_id at_b = {.incarnation = {{B}}, .seq = 3};
    static const struct entry_id at_a = {.incarnation = {{A}}, .seq = 2};
    static const struct entry_id at_c = {.incarnation = {{C}}, .seq = 4};
    assert_int_equal(lineage_begin(&story->views, &(struct incarnation){{D}}, &at_c, 3), 0);
    assert_int_equal(lineage_begin(&story->views, &(struct incarnation){{C}}, &at_b, 6), 0);
    assert_int_equal(lineage_begin(&story->views, &(struct incarnation){{B}}, &at_a, 4), 0);
    static const struct {
        uint64_t seq;
        uint8_t log;
        uint64_t wanted;
    } rows[] = {
        {1, D, 1}, /* a genesis is its own */
        {2, B, 7}, /* C 5 is B 7, no copy there */
        {3, B, 8}, {4, B, 9}, {5, D, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        id.seq = rows[i].seq;
        assert_int_equal(lineage_canonical(&story->views, &id, &lineage), 0);
        assert_int_equal(lineage.canonical.incarnation.b[0], rows[i].log);
        assert_int_equal(lineage.canonical.seq, rows[i].wanted);
        assert_int_equal(lineage.is_copy, rows[i].log == B);
    }
    id = (struct entry_id){.incarnation = {{C}}, .seq = 2}; /* C 2 is B 4 is A 5 */
    assert_int_equal(lineage_canonical(&story->views, &id, &lineage), 0);
    assert_int_equal(lineage.canonical.incarnation.b[0], A);
    assert_int_equal(lineage.canonical.seq, 5);
    id = (struct entry_id){.incarnation = {{A}}, .seq = 3};
    assert_int_equal(lineage_canonical(&story->views, &id, &lineage), 0);
    assert_false(lineage.is_copy);
    assert_true(lineage.may_be_copied);
    id.seq = 2;
    assert_int_equal(lineage_canonical(&story->views, &id, &lineage), 0);
    assert_false(lineage.may_be_copied);
}

/* No honest node writes such lines; the walk ends all the same. */
static void a_circle_ends(void **state)
{
    struct story *story = *state;
    struct lineage lineage;
    static const struct entry_id at_a = {.incarnation = {{A}}, .seq = 1};
    static const struct entry_id at_b = {.incarnation = {{B}}, .seq = 1};
    static const struct entry_id id = {.incarnation = {{A}}, .seq = 7};
    assert_int_equal(lineage_begin(&story->views, &(struct incarnation){{A}}, &at_b, 99), 0);
    assert_int_equal(lineage_begin(&story->views, &(struct incarnation){{B}}, &at_a, 99), 0);
    assert_int_equal(lineage_canonical(&story->views, &id, &lineage), 0);
    assert_int_equal(lineage.canonical.seq, 7);
}

/* ---- counting ---- */
static void what_came_before_counts_once(void **state)
{
    struct story *story = *state;
    begin_a(story, 4);
    put_genesis(story, B, A, 2, 3, false);
    accepted(story);
    put_said(story, B, 2, 2); /* A 3 */
    is_position(story, position_in_a(3));
    put_said(story, B, 3, 3); /* A 4 */
    is_position(story, position_in_a(4));
    put_said(story, B, 4, 4); /* A 5, that never came */
    counts(story);
    put_said(story, B, 5, 5); /* its own */
    counts(story);
    reports_are(story, 5);
    assert_int_equal(memory_views_count(story->memory, VIEW_COPIED), 2);
    assert_int_equal(memory_views_count(story->memory, VIEW_REFUSED), 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_ALARMS), 0);
    /* The report's record says so. */
    struct view_key key;
    struct bytes value;
    struct report_view report;
    view_key_init(&key, bytes_of((const uint8_t[INCARNATION_BYTES]){B}, INCARNATION_BYTES));
    view_key_u64(&key, 2);
    assert_int_equal(story->views.get(story->views.arg, VIEW_REPORTS, view_key_bytes(&key), &value),
                     0);
    assert_int_equal(report_view_decode(value, &report), 0);
    assert_int_equal(report.state, REPORT_COPY);
    same_again(story);
}

static void three_generations(void **state)
{
    struct story *story = *state;
    begin_a(story, 2);
    put_genesis(story, B, A, 2, 3, false);
    put_said(story, B, 2, 2); /* A 3 */
    counts(story);
    uint64_t third = story->count;
    put_said(story, B, 3, 3); /* A 4 */
    counts(story);
    uint64_t fourth = story->count;
    /* B was to say A 5 too, and one of its own; it was restored before. */
    put_genesis(story, C, B, 2, 3, false);
    put_said(story, C, 2, 3); /* B 3, A 4 */
    is_position(story, fourth);
    put_said(story, C, 3, 4); /* B 4, A 5 */
    counts(story);
    uint64_t fifth = story->count;
    put_said(story, C, 4, 6); /* B 5 */
    counts(story);
    /* A last one that begins further back, at A 2. */
    put_genesis(story, D, A, 2, 3, false);
    put_said(story, D, 2, 2);
    is_position(story, third);
    put_said(story, D, 3, 3);
    is_position(story, fourth);
    put_said(story, D, 4, 4);
    is_position(story, fifth);
    reports_are(story, 5);
    same_again(story);
}

static void two_branches_of_one_log(void **state)
{
    struct story *story = *state;
    begin_a(story, 2);
    put_genesis(story, B, A, 2, 3, false);
    put_genesis(story, C, A, 2, 3, false); /* the clone */
    put_said(story, C, 2, 2);
    counts(story);
    uint64_t third = story->count;
    put_said(story, B, 2, 2);
    is_position(story, third);
    put_said(story, B, 3, 3);
    counts(story);
    uint64_t fourth = story->count;
    put_said(story, C, 3, 3);
    is_position(story, fourth);
    /* From here on each said what the other did not: nothing is lost, and somebody is told. */
    put_said(story, B, 4, 4);
    counts(story);
    assert_false(story->out.alarm);
    put_said(story, C, 4, 5);
    counts(story);
    assert_true(story->out.alarm);
    uint64_t other = story->count;
    assert_int_equal(memory_views_count(story->memory, VIEW_ALARMS), 1);
    /* Another successor of the clone's branch, and what A itself would have said. */
    put_genesis(story, D, C, 3, 1, false);
    put_said(story, D, 2, 5);
    is_position(story, other);
    assert_int_equal(memory_views_count(story->memory, VIEW_ALARMS), 1);
    reports_are(story, 5);
    same_again(story);
}

static void the_original_may_come_last(void **state)
{
    struct story *story = *state;
    begin_a(story, 2);
    put_genesis(story, B, A, 2, 2, false); /* under another enrolment: A is not over */
    put_said(story, B, 2, 2);
    counts(story);
    uint64_t third = story->count;
    put_said(story, A, 3, 2);
    is_position(story, third);
    put_said(story, A, 4, 3);
    counts(story);
    uint64_t fourth = story->count;
    put_said(story, B, 3, 3);
    is_position(story, fourth);
    put_said(story, A, 5, 4);
    counts(story);
    reports_are(story, 4);
    same_again(story);
}

/* The log in which they were made was lost with the province's disk; two copies of the node each
 * took them over, under names of their own. */
static void two_branches_of_a_log_that_was_lost(void **state)
{
    struct story *story = *state;
    begin_a(story, 2);
    put_genesis(story, C, A, 2, 0, false);
    put_said(story, C, 2, 4);
    counts(story);
    uint64_t first = story->count;
    put_genesis(story, D, A, 2, 0, false);
    put_said(story, D, 2, 5);
    counts(story);
    put_said(story, D, 3, 4);
    is_position(story, first);
    reports_are(story, 3);
    same_again(story);
}

/* The original stands in the journal, but behind the copy: whoever rebuilds must not see it. */
static void what_comes_later_does_not_count_now(void **state)
{
    struct story *story = *state;
    begin_a(story, 2);
    put_genesis(story, B, A, 2, 1, false);
    put_said(story, B, 2, 2);
    counts(story);
    put_said(story, A, 3, 2);
    is_position(story, story->count - 1);
    struct record *copy = &story->journal[story->count - 2];
    struct memory_views *fresh = memory_views_new();
    struct views views = memory_views_driver(fresh);
    static const struct entry_id at = {.incarnation = {{A}}, .seq = 2};
    assert_int_equal(lineage_begin(&views, &copy->input.id.incarnation, &at, 1), 0);
    arena_reset(story->arena);
    assert_int_equal(
        fold_entry(&story->config, &views, &copy->input, story->arena, &story->out, NULL), 0);
    counts(story);
    memory_views_free(fresh);
}

static void another_statement_under_its_name(void **state)
{
    struct story *story = *state;
    begin_a(story, 3);
    put_genesis(story, B, A, 2, 1, false);
    put_said(story, B, 2, 7); /* A 3 said something else */
    counts(story);
    assert_true(story->out.alarm);
    /* The same body of another kind is another statement. */
    put_genesis(story, C, A, 2, 1, false);
    put_in(story, C, 2, "16.07", ENTRY_ZERO, said(2));
    assert_int_equal(story->out.same_as, 0);
    assert_true(story->out.alarm);
    reports_are(story, 3);
    same_again(story);
}

static void erased_entries_are_statements_too(void **state)
{
    struct story *story = *state;
    struct fold_input erased = {.id = {.incarnation = {{B}}, .seq = 2},
                                .kind = ENTRY_REPORT,
                                .erased = true,
                                .owner = bytes_of_text("16.07"),
                                .enrolment = NODE_07};
    begin_a(story, 3);
    put_genesis(story, B, A, 2, 2, false);
    append(story, erased, said(2));
    is_position(story, position_in_a(3));
    erased.id.seq = 3; /* A 4 was never seen in full */
    append(story, erased, said(3));
    assert_int_equal(story->out.same_as, 0);
    uint64_t position = story->count;
    put_genesis(story, C, A, 2, 2, false);
    put_said(story, C, 3, 3); /* who erased it meant it */
    is_position(story, position);
    reports_are(story, 2);
    same_again(story);
}

static void no_second_refusal_and_no_second_status(void **state)
{
    struct story *story = *state;
    uint8_t body[ENTRY_BYTES_MAX];
    begin(story);
    put_genesis(story, A, 0, 0, 0, false);
    size_t len = report_bytes((struct filed){"16.07", NULL, NIP, NULL, "DS-99", 1}, body);
    put_in(story, A, 2, "16.07", ENTRY_REPORT, bytes_of(body, len));
    refused(story, ERR_VALUE, "form");
    uint64_t bad = story->count;
    len = report_bytes((struct filed){"16.07", NULL, NIP, "17.01", NULL, 1}, body);
    put_in(story, A, 3, "16.07", ENTRY_REPORT, bytes_of(body, len));
    assert_int_equal(story->out.office_count, 1); /* rerouted: a status */
    put_genesis(story, B, A, 1, 2, false);
    put_in(story, B, 3, "16.07", ENTRY_REPORT, bytes_of(body, len));
    is_position(story, bad + 1);
    len = report_bytes((struct filed){"16.07", NULL, NIP, NULL, "DS-99", 1}, body);
    put_in(story, B, 2, "16.07", ENTRY_REPORT, bytes_of(body, len));
    assert_int_equal(story->out.code, 0);
    is_position(story, bad);
    assert_int_equal(memory_views_count(story->memory, VIEW_REFUSED), 1);
    same_again(story);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(names_lead_back_to_the_first_log),
        STORY(a_circle_ends),
        STORY(what_came_before_counts_once),
        STORY(three_generations),
        STORY(two_branches_of_one_log),
        STORY(two_branches_of_a_log_that_was_lost),
        STORY(the_original_may_come_last),
        STORY(what_comes_later_does_not_count_now),
        STORY(another_statement_under_its_name),
        STORY(erased_entries_are_statements_too),
        STORY(no_second_refusal_and_no_second_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
