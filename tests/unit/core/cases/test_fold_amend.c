/* Amendments and withdrawals: which report they speak of, what counts then, and where it belongs.
 * Every story is told again from its journal: the views are the same. */
#include "unit/core/cases/fold_amended.h"

static const struct said siti = {.subjects = {{"Siti Rahmawati", NIP}}};
static const struct said other = {.subjects = {{"Hasan Basri", OTHER_NIP}}};
static const struct said both = {.subjects = {{"Siti Rahmawati", NIP}, {"Hasan Basri", OTHER_NIP}}};

static void same_text(struct bytes text, const char *wanted)
{
    if (!bytes_equal(text, bytes_of_text(wanted))) {
        fail_msg("\"%.*s\" is not \"%s\"", (int)text.len, (const char *)text.data, wanted);
    }
}

static bool same_case(const struct case_name *a, const struct case_name *b)
{
    return memcmp(a->b, b->b, CASE_NAME_BYTES) == 0;
}

/* ---- what counts ---- */
static void the_newest_contents_count(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id id = file_it(story, &siti);
    struct case_name name = case_for(story, &id, 0);
    amend(story, &id, &(struct said){.subjects = {{"Siti Rahmawati", NIP}}, .day = 20003});
    accepted(story);
    amend(story, &id, &(struct said){.subjects = {{"Sitti Rahmawati", NIP}}, .form = "DS-08"});
    accepted(story);
    struct case_view view = case_of(story, &name);
    same_text(view.name, "Sitti Rahmawati");
    same_text(view.form, "DS-08");
    assert_int_equal(view.occurred_on, 20000);
    assert_int_equal(view.report_count, 1);
    assert_int_equal(view.version, 3); /* what an officer saw before is stale */
    assert_int_equal(view.state, CASE_RECEIVED);
    assert_int_equal(view.number, 1);
    struct report_view report = report_of(story, &id);
    assert_int_equal(report.state, REPORT_APPLIED);
    assert_int_equal(report.amendments, 2);
    assert_int_equal(report.contents.seq, 3);
    assert_int_equal(memory_views_count(story->memory, VIEW_FILED), 1);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), 1);
    same_again(story);
}

static void what_is_withdrawn_stays_so(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id id = file_it(story, &siti);
    struct case_name name = case_for(story, &id, 0);
    take_back(story, &id);
    accepted(story);
    assert_true(contains(office_is(story, 0, ENTRY_STATUS, NODE_07), "withdrawn"));
    struct case_view view = case_of(story, &name);
    assert_int_equal(view.state, CASE_WITHDRAWN);
    assert_int_equal(view.withdrawn_count, 1);
    assert_int_equal(view.version, 2);
    same_text(view.name, "Siti Rahmawati");
    assert_int_equal(report_of(story, &id).state, REPORT_WITHDRAWN);
    assert_int_equal(report_of(story, &id).withdrawal.seq, 2);
    assert_int_equal(memory_views_count(story->memory, VIEW_FILED), 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASE_REPORTS), 1);
    amend(story, &id, &other);
    refused(story, ERR_STATE, "A2");
    office_is(story, 0, ENTRY_REFUSAL, NODE_07);
    take_back(story, &id);
    refused(story, ERR_STATE, "A2");
    same_text(case_of(story, &name).name, "Siti Rahmawati");
    same_again(story);
}

static void what_is_left_counts(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id first = file_it(story, &siti);
    struct entry_id second =
        file_it(story, &(struct said){.subjects = {{"Siti Rahmawati SH", NIP}}});
    struct case_name name = case_for(story, &first, 0);
    struct case_name too = case_for(story, &second, 0);
    assert_true(same_case(&name, &too));
    take_back(story, &first);
    accepted(story);
    assert_int_equal(story->out.office_count, 0);
    struct case_view view = case_of(story, &name);
    assert_int_equal(view.state, CASE_RECEIVED);
    assert_int_equal(view.report_count, 2);
    assert_int_equal(view.withdrawn_count, 1);
    same_text(view.name, "Siti Rahmawati SH");
    take_back(story, &second);
    assert_int_equal(case_of(story, &name).state, CASE_WITHDRAWN);
    /* Another report about it: somebody has to look again. */
    (void)file_it(story, &siti);
    accepted(story);
    view = case_of(story, &name);
    assert_int_equal(view.state, CASE_VERIFICATION);
    assert_int_equal(case_live(&view), 1);
    same_text(view.name, "Siti Rahmawati");
    same_again(story);
}

/* ---- which report ---- */
static void only_reports_of_this_log(void **state)
{
    struct story *story = *state;
    uint8_t body[ENTRY_BYTES_MAX];
    begin(story);
    struct entry_id id = file_it(story, &siti);
    size_t len = amendment_bytes(&id, &other, body);
    put_in(story, 20, 2, "16.07", ENTRY_AMENDMENT, bytes_of(body, len));
    refused(story, ERR_NOT_FOUND, "A1");
    len = withdrawal_bytes(&id, body);
    put_in(story, 20, 3, "16.07", ENTRY_WITHDRAWAL, bytes_of(body, len));
    refused(story, ERR_NOT_FOUND, "A1");
    put_in(story, 21, 2, "16.03", ENTRY_WITHDRAWAL, bytes_of(body, len));
    refused(story, ERR_NOT_FOUND, "A1");
    static const uint64_t nothing[] = {0, 2, 5, 99, UINT64_MAX};
    take_back(story, &(struct entry_id){.incarnation = {{9}}, .seq = 2}); /* itself */
    refused(story, ERR_NOT_FOUND, "A1");
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        struct entry_id target = {.incarnation = {{9}}, .seq = nothing[i]};
        amend(story, &target, &other);
        refused(story, ERR_NOT_FOUND, "A1");
    }
    from_node(story, "16.07", ENTRY_AMENDMENT, bytes_of_text("x"));
    assert_int_equal(story->out.code, ERR_FORMAT);
    from_node(story, "16.07", ENTRY_WITHDRAWAL, bytes_of_text("x"));
    assert_int_equal(story->out.code, ERR_FORMAT);
    struct case_name name = case_for(story, &id, 0);
    same_text(case_of(story, &name).name, "Siti Rahmawati");
    same_again(story);
}

/* Log 30 goes on from 9 after its entry 1, with entries 2 and 3 as copies; log 31 from 30. */
static void a_successor_speaks_of_what_it_goes_on_from(void **state)
{
    struct story *story = *state;
    uint8_t body[ENTRY_BYTES_MAX];
    begin(story);
    struct entry_id first = file_it(story, &siti);
    struct entry_id second = file_it(story, &other);
    struct bytes copied = story->journal[story->count - 1].input.body;
    put_genesis(story, 30, 9, 1, 2, false);
    put_in(story, 30, 2, "16.07", ENTRY_REPORT, copied);
    assert_int_not_equal(story->out.same_as, 0);
    size_t len = amendment_bytes(&first, &(struct said){.subjects = {{"Siti R.", NIP}}}, body);
    put_in(story, 30, 3, "16.07", ENTRY_AMENDMENT, bytes_of(body, len));
    accepted(story);
    struct case_name name = case_for(story, &first, 0);
    same_text(case_of(story, &name).name, "Siti R.");
    /* The same as an entry of the old log, that came too late: it counts once. */
    put_in(story, 9, 3, "16.07", ENTRY_AMENDMENT, bytes_of(body, len));
    assert_int_not_equal(story->out.same_as, 0);
    assert_int_equal(report_of(story, &first).amendments, 1);
    /* By its name in the successor, by its old one, and from a log further on. */
    struct entry_id copy = {.incarnation = {{30}}, .seq = 2};
    len = amendment_bytes(&copy, &(struct said){.subjects = {{"Hasan B.", OTHER_NIP}}}, body);
    put_in(story, 30, 4, "16.07", ENTRY_AMENDMENT, bytes_of(body, len));
    accepted(story);
    struct case_name its = case_for(story, &second, 0);
    same_text(case_of(story, &its).name, "Hasan B.");
    assert_int_equal(report_of(story, &second).amendments, 1);
    put_genesis(story, 31, 30, 4, 0, false);
    len = withdrawal_bytes(&second, body);
    put_in(story, 31, 2, "16.07", ENTRY_WITHDRAWAL, bytes_of(body, len));
    accepted(story);
    assert_int_equal(case_of(story, &its).state, CASE_WITHDRAWN);
    len = withdrawal_bytes(&copy, body);
    put_in(story, 31, 3, "16.07", ENTRY_WITHDRAWAL, bytes_of(body, len));
    refused(story, ERR_STATE, "A2");
    /* What the old log said after it was gone on from is not the successor's. */
    struct entry_id beyond = {.incarnation = {{9}}, .seq = 4};
    put_in(story, 9, 4, "16.07", ENTRY_REPORT, copied);
    len = withdrawal_bytes(&beyond, body);
    put_in(story, 31, 4, "16.07", ENTRY_WITHDRAWAL, bytes_of(body, len));
    refused(story, ERR_NOT_FOUND, "A1");
    same_again(story);
}

/* ---- its contents ---- */
static void contents_are_checked(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id id = file_it(
        story, &(struct said){.key = "k-1", .subjects = {{"Siti Rahmawati", NIP}, {"Hasan", ""}}});
    amend(story, &id, &(struct said){.key = "k-2", .subjects = {{"Siti", NIP}}});
    refused(story, ERR_VALUE, "A3");
    amend(story, &id, &(struct said){.form = "DS-99", .subjects = {{"Siti", NIP}}});
    refused(story, ERR_VALUE, "report.form");
    amend(story, &id, &(struct said){.subjects = {{"Hasan", ""}, {"Siti Rahmawati", NIP}}});
    refused(story, ERR_VALUE, "A4");
    amend(story, &id, &(struct said){.subjects = {{"Hasan", ""}}});
    refused(story, ERR_VALUE, "A4");
    amend(story, &id, &(struct said){.key = "k-1", .subjects = {{"Siti R", NIP}, {"Hasan", ""}}});
    accepted(story);
    amend(story, &id, &(struct said){.subjects = {{"Siti", NIP}}});
    accepted(story);
    same_again(story);
}

static void a_repeated_key_stays_for_nothing(void **state)
{
    struct story *story = *state;
    begin(story);
    struct said said = {.key = "k-1", .subjects = {{"Siti Rahmawati", NIP}}};
    (void)file_it(story, &said);
    struct entry_id again = file_it(story, &said);
    amend(story, &again, &other);
    refused(story, ERR_EXISTS, "A5");
    take_back(story, &again);
    refused(story, ERR_EXISTS, "A5");
    same_again(story);
}

static void a_refused_report_can_be_put_right(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id id = file_it(
        story, &(struct said){.key = "k-1", .form = "DS-99", .subjects = {{"Siti R", NIP}}});
    refused(story, ERR_VALUE, "form");
    amend(story, &id, &siti);
    accepted(story);
    assert_int_equal(story->out.placement_count, 1);
    struct case_name name = case_for(story, &id, 0);
    assert_int_equal(case_of(story, &name).report_count, 1);
    assert_int_equal(memory_views_count(story->memory, VIEW_REPORT_KEYS), 1);
    assert_int_equal(memory_views_count(story->memory, VIEW_FILED), 1);
    struct entry_id wrong =
        file_it(story, &(struct said){.form = "DS-99", .subjects = {{"A", ""}}});
    take_back(story, &wrong);
    accepted(story);
    amend(story, &wrong, &siti);
    refused(story, ERR_STATE, "A2");
    same_again(story);
}

/* ---- its subjects ---- */
static void subjects_come_and_go(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id id = file_it(story, &siti);
    amend(story, &id, &both);
    accepted(story);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), 2);
    struct case_name second = case_for(story, &id, 1);
    same_text(case_of(story, &second).name, "Hasan Basri");
    assert_int_equal(report_of(story, &id).subject_count, 2);
    amend(story, &id, &siti);
    accepted(story);
    struct case_view view = case_of(story, &second);
    assert_int_equal(view.state, CASE_WITHDRAWN);
    same_text(view.name, "Hasan Basri");
    amend(story, &id, &both);
    accepted(story);
    view = case_of(story, &second);
    assert_int_equal(view.state, CASE_VERIFICATION);
    assert_int_equal(case_live(&view), 1);
    take_back(story, &id);
    assert_int_equal(case_of(story, &second).state, CASE_WITHDRAWN);
    assert_int_equal(memory_views_count(story->memory, VIEW_FILED), 0);
    same_again(story);
}

static void another_province_is_told(void **state)
{
    struct story *story = *state;
    begin(story);
    struct entry_id id = file_it(story, &siti);
    amend(story, &id, &(struct said){.regency = "17.01", .subjects = {{"Siti Rahmawati", NIP}}});
    accepted(story);
    struct case_name name = case_for(story, &id, 0);
    assert_int_equal(case_of(story, &name).state, CASE_REROUTED);
    assert_true(contains(office_is(story, 0, ENTRY_STATUS, NODE_07), "17.01"));
    same_again(story);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_newest_contents_count),
        STORY(what_is_withdrawn_stays_so),
        STORY(what_is_left_counts),
        STORY(only_reports_of_this_log),
        STORY(a_successor_speaks_of_what_it_goes_on_from),
        STORY(contents_are_checked),
        STORY(a_repeated_key_stays_for_nothing),
        STORY(a_refused_report_can_be_put_right),
        STORY(subjects_come_and_go),
        STORY(another_province_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
