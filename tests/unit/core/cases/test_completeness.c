/* Who has reported for a period, in time, and which zero claims hold: the story of Banyuasin's zero
 * of May 2024 and its cases of September (DOMAIN "Zero claims go stale"). */
#include "unit/core/cases/fold_story.h"

#include "core/cases/completeness.h"

#define DAY_MS INT64_C(86400000)
#define MAY 19844 /* 2024-05-01 */
#define SEPTEMBER 19967
#define ALL 1
#define PNS 2
#define PPPK 3
#define HONORER 4
#define VILLAGE 5

static int32_t day(const char *text)
{
    int32_t ret = 0;
    assert_true(day_of_text(bytes_of_text(text), &ret));
    return ret;
}

/* Entered at the end of `entered`, brought by a session in which the clock was off by clock_s. */
static void put_zero(struct story *story, const char *owner, const char *from, const char *until,
                     int scope, int32_t clock_s)
{
    uint8_t body[1024];
    size_t len = 0;
    struct zero_report zero = {.regency = bytes_of_text(owner),
                               .from = day(from),
                               .until = day(until),
                               .scope = scope,
                               .stated_name = bytes_of_text("Sulastri"),
                               .has_entered_ms = true,
                               .entered_ms = ((int64_t)day(until) + 2) * DAY_MS,
                               .salt = {1}};
    assert_int_equal(zero_report_encode(&zero, body, sizeof body, &len, NULL), 0);
    struct fold_input input = {.id = {.incarnation = {{9}}, .seq = ++story->node_seq},
                               .kind = ENTRY_ZERO,
                               .owner = bytes_of_text(owner),
                               .enrolment = strcmp(owner, "16.07") == 0 ? NODE_07 : NODE_03,
                               .has_clock = true,
                               .clock_s = clock_s};
    append(story, input, bytes_of(body, len));
    accepted(story);
}

static void put_act_of(struct story *story, const char *owner, const char *on, int employment,
                       const char *employed_in)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    char key[16];
    (void)snprintf(key, sizeof key, "k%zu", story->count);
    struct subject subject = {.name = bytes_of_text(key),
                              .unit = bytes_of_text("Dinas"),
                              .employment = employment,
                              .regency = bytes_of_text(employed_in)};
    struct report report = {.regency = bytes_of_text(owner),
                            .key = bytes_of_text(key),
                            .form = bytes_of_text("DS-08"),
                            .description = bytes_of_text("uraian"),
                            .channel = 1,
                            .has_occurred_on = on != NULL,
                            .occurred_on = on == NULL ? 0 : day(on),
                            .has_known_on = on == NULL,
                            .known_on = day("2024-11-02"),
                            .subjects = &subject,
                            .subject_count = 1,
                            .salt = {1}};
    assert_int_equal(report_encode(&report, body, sizeof body, &len, NULL), 0);
    from_node(story, owner, ENTRY_REPORT, bytes_of(body, len));
    accepted(story);
}

static struct completeness cell_by(struct story *story, const char *regency, struct period period,
                                   int scope, int32_t due, size_t rows)
{
    struct completeness cell;
    struct completeness_ask ask = {.period = period, .scope = scope, .due = due};
    (void)snprintf(ask.regency, sizeof ask.regency, "%s", regency);
    completeness_begin(&cell, &ask);
    while (cell.stage != COMPLETENESS_DONE) {
        assert_int_equal(completeness_step(&cell, &story->views, rows), 0);
    }
    return cell;
}

static struct completeness month(struct story *story, const char *regency, const char *in,
                                 int scope)
{
    struct period period = period_of(PERIOD_MONTH, day(in));
    struct completeness cell = cell_by(story, regency, period, scope, period.until + 10, 1000);
    struct completeness again = cell_by(story, regency, period, scope, period.until + 10, 1);
    assert_int_equal(cell.received, again.received);
    assert_int_equal(cell.on_time, again.on_time);
    assert_int_equal(cell.contradicted, again.contradicted);
    return cell;
}

static struct claim_facts judged(struct story *story, size_t index)
{
    struct bytes key, value;
    struct claim claim;
    struct claim_facts facts;
    memory_views_at(story->memory, VIEW_ZEROS, index, &key, &value);
    assert_int_equal(claim_read(key, value, &claim), 0);
    assert_int_equal(claim_judge(&story->views, &claim, &facts), 0);
    return facts;
}

static void nothing_is_inferred_from_silence(void **state)
{
    struct story *story = *state;
    begin(story);
    struct completeness cell = month(story, "16.07", "2024-05-10", ALL);
    assert_false(cell.received || cell.zero || cell.report || cell.on_time || cell.partly_zero);
    put_zero(story, "16.03", "2024-05-01", "2024-05-31", ALL, 0);
    put_act_of(story, "16.03", "2024-05-02", 1, NULL);
    assert_false(month(story, "16.07", "2024-05-10", ALL).received);
}

static void zeros_cover_days_and_classes(void **state)
{
    struct story *story = *state;
    begin(story);
    put_zero(story, "16.07", "2024-05-01", "2024-05-30", ALL, 0);
    struct completeness cell = month(story, "16.07", "2024-05-10", ALL);
    assert_false(cell.received);
    assert_true(cell.partly_zero);
    put_zero(story, "16.07", "2024-05-31", "2024-06-02", PNS, 0);
    assert_true(month(story, "16.07", "2024-05-10", PNS).zero);
    assert_false(month(story, "16.07", "2024-05-10", PPPK).received);
    assert_false(month(story, "16.07", "2024-05-10", ALL).received);
    for (int scope = PPPK; scope <= VILLAGE; scope++) {
        put_zero(story, "16.07", "2024-05-31", "2024-05-31", scope, 0);
    }
    cell = month(story, "16.07", "2024-05-10", ALL);
    assert_true(cell.zero && cell.received);
    assert_string_equal(cell.stated_name, "Sulastri");
    assert_int_equal(cell.claim.from, day("2024-05-01"));
    struct period week = period_of(PERIOD_WEEK, day("2024-05-15"));
    assert_true(cell_by(story, "16.07", week, ALL, week.until, 10).zero);
    assert_false(month(story, "16.07", "2024-06-10", ALL).received);
}

static void a_report_counts_for_who_filed_it(void **state)
{
    struct story *story = *state;
    begin(story);
    put_act_of(story, "16.03", "2024-10-02", 1, "16.07");
    assert_true(month(story, "16.03", "2024-10-20", ALL).report);
    assert_true(month(story, "16.03", "2024-10-20", PNS).report);
    assert_false(month(story, "16.03", "2024-10-20", PPPK).received);
    assert_false(month(story, "16.07", "2024-10-20", ALL).received);
    assert_false(month(story, "16.03", "2024-09-20", ALL).received);
    put_act_of(story, "16.07", NULL, 4, NULL); /* the day it became known */
    assert_true(month(story, "16.07", "2024-11-20", VILLAGE).report);
}

static void on_time_is_by_the_clock_that_was_right(void **state)
{
    struct story *story = *state;
    const int32_t due = 20000;
    const int64_t end_ms = (due + 1) * DAY_MS - 7 * 3600000; /* midnight, WIB */
    struct arrival arrival = {.has_entered_ms = true,
                              .entered_ms = end_ms - 1,
                              .received_ms = end_ms + 5 * DAY_MS,
                              .has_clock = true};
    const struct {
        bool known;
        int32_t s;
        bool right;
    } clocks[] = {{true, 0, true},    {true, 300, true},   {true, -300, true},
                  {true, 301, false}, {true, -301, false}, {false, 0, false}};
    bool by_entry = false;
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        arrival.has_clock = clocks[i].known;
        arrival.clock_s = clocks[i].s;
        assert_int_equal(arrival_on_time(&arrival, due), clocks[i].right);
        assert_false(arrival_came_on_time(&arrival, due));
        assert_int_equal(arrival_made_ms(&arrival, &by_entry),
                         clocks[i].right ? arrival.entered_ms : arrival.received_ms);
    }
    arrival = (struct arrival){
        .has_entered_ms = true, .entered_ms = end_ms, .received_ms = end_ms, .has_clock = true};
    assert_false(arrival_on_time(&arrival, due) || arrival_came_on_time(&arrival, due));
    arrival = (struct arrival){.received_ms = end_ms - 1, .has_clock = true};
    assert_true(arrival_on_time(&arrival, due) && arrival_came_on_time(&arrival, due));
    /* Through the fold: entered two days after the month, come in November. */
    begin(story);
    put_zero(story, "16.07", "2024-05-01", "2024-05-31", ALL, 120);
    put_zero(story, "16.03", "2024-05-01", "2024-05-31", ALL, 12000);
    struct completeness right = month(story, "16.07", "2024-05-10", ALL);
    struct completeness wrong = month(story, "16.03", "2024-05-10", ALL);
    assert_true(right.received && right.on_time && !right.came_on_time);
    assert_true(wrong.received && !wrong.on_time && !wrong.came_on_time);
}

static void the_zero_of_may_and_the_cases_of_september(void **state)
{
    struct story *story = *state;
    begin(story);
    put_zero(story, "16.07", "2024-05-01", "2024-05-31", ALL, 0);
    struct claim_facts facts = judged(story, 0);
    assert_int_equal(facts.contradicted, 0);
    assert_false(facts.later);
    /* An act of September says nothing about May: the claim is stale, not contradicted. */
    put_act_of(story, "16.07", "2024-09-12", 1, NULL);
    facts = judged(story, 0);
    assert_int_equal(facts.contradicted, 0);
    assert_true(facts.later);
    assert_int_equal(facts.later_by.day, day("2024-09-12"));
    assert_int_equal(month(story, "16.07", "2024-05-10", ALL).contradicted, 0);
    /* An act of May that became known in September contradicts it. */
    put_act_of(story, "16.07", "2024-05-31", 1, NULL);
    uint64_t position = story->count;
    put_act_of(story, "16.03", "2024-05-01", 3, "16.07"); /* of its employee, filed elsewhere */
    put_act_of(story, "16.03", "2024-05-02", 1, NULL);    /* of nobody of theirs */
    facts = judged(story, 0);
    assert_int_equal(facts.contradicted, 2);
    assert_int_equal(facts.by.day, day("2024-05-01"));
    struct completeness cell = month(story, "16.07", "2024-05-10", ALL);
    assert_int_equal(cell.contradicted, 2);
    assert_true(cell.zero && cell.report && cell.received);
    cell = month(story, "16.07", "2024-05-10", PNS);
    assert_int_equal(cell.contradicted, 1);
    assert_int_equal(cell.by.position, position);
    assert_int_equal(memory_views_count(story->memory, VIEW_ZEROS), 1); /* nothing is deleted */
    same_again(story);
}

static void a_claim_speaks_of_its_scope_only(void **state)
{
    struct story *story = *state;
    begin(story);
    put_zero(story, "16.07", "2024-07-01", "2024-07-31", PNS, 0);
    put_act_of(story, "16.07", "2024-07-04", 2, NULL);
    put_act_of(story, "16.07", "2024-07-05", 6, NULL); /* whose class is not known */
    put_act_of(story, "16.07", "2024-08-05", 4, NULL);
    struct claim_facts facts = judged(story, 0);
    assert_int_equal(facts.contradicted, 0);
    assert_false(facts.later);
    assert_int_equal(month(story, "16.07", "2024-07-10", ALL).contradicted, 0);
    put_act_of(story, "16.07", "2024-07-06", 1, NULL);
    assert_int_equal(judged(story, 0).contradicted, 1);
    assert_int_equal(month(story, "16.07", "2024-07-10", ALL).contradicted, 1);
}

static void storage_errors_come_through(void **state)
{
    struct story *story = *state;
    struct completeness cell;
    struct completeness_ask ask = {
        .regency = "16.07", .period = {MAY, MAY + 30}, .scope = ALL, .due = MAY + 40};
    begin(story);
    put_zero(story, "16.07", "2024-05-01", "2024-05-31", ALL, 0);
    put_act_of(story, "16.07", "2024-05-02", 1, NULL);
    for (size_t read = 1; read <= 4; read++) {
        memory_views_fail_at(story->memory, read);
        completeness_begin(&cell, &ask);
        assert_int_equal(completeness_step(&cell, &story->views, 100), ERR_STORAGE);
    }
    memory_views_fail_at(story->memory, 5);
    completeness_begin(&cell, &ask);
    assert_int_equal(completeness_step(&cell, &story->views, 100), 0);
    assert_int_equal(cell.stage, COMPLETENESS_DONE);
}

static void periods_have_days_and_names(void **state)
{
    (void)state;
    static const struct {
        enum period_kind kind;
        const char *day, *from, *until, *name;
    } rows[] = {
        {PERIOD_MONTH, "2024-05-31", "2024-05-01", "2024-05-31", "2024-05"},
        {PERIOD_MONTH, "2024-02-29", "2024-02-01", "2024-02-29", "2024-02"},
        {PERIOD_MONTH, "2023-12-31", "2023-12-01", "2023-12-31", "2023-12"},
        {PERIOD_WEEK, "2024-05-01", "2024-04-29", "2024-05-05", "2024-W18"},
        {PERIOD_WEEK, "2024-12-30", "2024-12-30", "2025-01-05", "2025-W01"},
        {PERIOD_WEEK, "2023-01-01", "2022-12-26", "2023-01-01", "2022-W52"},
        {PERIOD_WEEK, "2021-01-03", "2020-12-28", "2021-01-03", "2020-W53"},
    };
    char text[PERIOD_TEXT_CAPACITY];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct period period = period_of(rows[i].kind, day(rows[i].day));
        assert_int_equal(period.from, day(rows[i].from));
        assert_int_equal(period.until, day(rows[i].until));
        assert_string_equal(period_text(rows[i].kind, &period, text), rows[i].name);
    }
    for (int32_t at = -3; at < 90000; at += at < 83900 ? 61 : 1) {
        for (int kind = 0; kind < 2; kind++) {
            struct period period = period_of((enum period_kind)kind, at);
            assert_true(period.until >= period.from);
            assert_true(period.until - period.from < PERIOD_DAYS_MAX);
            (void)period_text((enum period_kind)kind, &period, text);
        }
    }
    assert_int_equal(period_day(17 * 3600000 - 1), 0);
    assert_int_equal(period_day(17 * 3600000), 1);
    assert_int_equal(period_day(INT64_MIN), 0);
    assert_int_equal(period_day(INT64_MAX), PERIOD_DAY_MOST);
    assert_int_equal(day("2024-09-01"), SEPTEMBER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_inferred_from_silence, story_open, story_close),
        cmocka_unit_test_setup_teardown(zeros_cover_days_and_classes, story_open, story_close),
        cmocka_unit_test_setup_teardown(a_report_counts_for_who_filed_it, story_open, story_close),
        cmocka_unit_test_setup_teardown(on_time_is_by_the_clock_that_was_right, story_open,
                                        story_close),
        cmocka_unit_test_setup_teardown(the_zero_of_may_and_the_cases_of_september, story_open,
                                        story_close),
        cmocka_unit_test_setup_teardown(a_claim_speaks_of_its_scope_only, story_open, story_close),
        cmocka_unit_test_setup_teardown(storage_errors_come_through, story_open, story_close),
        cmocka_unit_test(periods_have_days_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
