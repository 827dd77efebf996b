/* Work on a case: who examines it, who is kept from it, who decides, and steps that are refused
 * with the rule that forbids them while nothing changes. */
#include "unit/core/cases/fold_story.h"

#define NIP "198203142006041007"

static struct case_name one_case(struct story *story)
{
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, NULL, 1});
    return only_case(story);
}

/* Refused, the attempt in the journal, the case as it was. */
static void stays(struct story *story, const struct case_name *name, int code, const char *text,
                  uint64_t version)
{
    refused(story, code, text);
    assert_int_equal(case_of(story, name).version, version);
    assert_int_equal(story->out.office_count, 0);
}

static void an_assigned_officer_examines(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    advance(story, &name, 1, "clarification");
    stays(story, &name, ERR_STATE, "R6", 1);
    assign_to(story, "sri", &name, 1, "budi");
    accepted(story);
    assert_true(bytes_equal(case_of(story, &name).assigned, bytes_of_text("budi")));
    advance_by(story, "sri", &name, 2, "clarification", "");
    stays(story, &name, ERR_STATE, "R7", 2);
    advance_by(story, "budi", &name, 2, "clarification", "");
    accepted(story);
    assert_int_equal(case_of(story, &name).since_ms, NOW_MS);
    advance_by(story, "budi", &name, 3, "not_proven", " ");
    stays(story, &name, ERR_STATE, "R8", 3);
    advance_by(story, "budi", &name, 2, "not_proven", "tidak cukup bukti");
    stays(story, &name, ERR_STALE, "version 3, the officer saw 2", 3);
    advance_by(story, "budi", &name, 3, "not_proven", "tidak cukup bukti");
    accepted(story);
    assert_int_equal(case_of(story, &name).state, CASE_NOT_PROVEN);
    advance(story, &name, 4, "closed");
    accepted(story);
    advance(story, &name, 5, "verification");
    stays(story, &name, ERR_STATE, "R1", 5);
    assign_to(story, "sri", &name, 5, "sri");
    stays(story, &name, ERR_STATE, "R1", 5);
}

static void nobody_is_assigned_who_cannot_sign(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    assign_to(story, "sri", &name, 1, "siapa");
    stays(story, &name, ERR_KEY, "siapa", 1);
    assign_to(story, "siapa", &name, 1, "sri");
    stays(story, &name, ERR_KEY, "siapa", 1);
    assign_to(story, "sri", &name, 1, "");
    stays(story, &name, ERR_VALUE, "nothing", 1);
    assign_to(story, "sri", &name, 7, "budi");
    stays(story, &name, ERR_STALE, "version 1", 1);
}

static void who_is_below_the_subject_is_kept_from_it(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    char text[CASE_TEXT_CAPACITY];
    struct document wanted = recommendation();
    struct drafted drafted;
    struct act act = act_on("sri", &name, 1, text);
    assign_to(story, "sri", &name, 1, "budi");
    accepted(story);
    /* Not while he has it himself, unless somebody else takes it in the same act. */
    act.type = ACT_ASSIGN;
    act.case_version = 2;
    act.assign_barred[0] = bytes_of_text("budi");
    act.assign_barred_count = 1;
    put_act(story, &act);
    stays(story, &name, ERR_STATE, "R10", 2);
    act.assign_officer = bytes_of_text("sri");
    put_act(story, &act);
    accepted(story);
    advance_by(story, "budi", &name, 3, "verification", "");
    stays(story, &name, ERR_STATE, "R10: officer budi", 3);
    assign_to(story, "budi", &name, 3, "budi");
    stays(story, &name, ERR_STATE, "R10", 3);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "budi", &story->budi);
    stays(story, &name, ERR_STATE, "R10", 3);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    countersign(story, &drafted, "budi", &story->budi);
    stays(story, &name, ERR_STATE, "R10", 3);
}

/* Budi Santoso is an officer of the ring, and reported. */
static struct case_name case_of_budi(struct story *story)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    begin(story);
    struct subject subject = {.name = bytes_of_text("H. Budi Santoso, S.H."),
                              .unit = bytes_of_text("BKD Provinsi")};
    struct report report = {.regency = bytes_of_text("16.07"),
                            .form = bytes_of_text("DS-06"),
                            .description = bytes_of_text("uraian"),
                            .channel = 1,
                            .has_occurred_on = true,
                            .occurred_on = 20000,
                            .has_known_on = true,
                            .known_on = 20001,
                            .subjects = &subject,
                            .subject_count = 1};
    assert_int_equal(report_encode(&report, body, sizeof body, &len, NULL), 0);
    from_node(story, "16.07", ENTRY_REPORT, bytes_of(body, len));
    accepted(story);
    return only_case(story);
}

static void nobody_works_on_a_case_of_their_own(void **state)
{
    struct story *story = *state;
    struct case_name name = case_of_budi(story);
    struct document wanted = recommendation();
    struct drafted drafted;
    advance_by(story, "budi", &name, 1, "not_registered", "salah orang");
    stays(story, &name, ERR_STATE, "R14: officer budi", 1);
    assign_to(story, "sri", &name, 1, "budi");
    stays(story, &name, ERR_STATE, "R14", 1);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "budi", &story->budi);
    stays(story, &name, ERR_STATE, "R14", 1);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    countersign(story, &drafted, "budi", &story->budi);
    stays(story, &name, ERR_STATE, "R14", 1);
    advance_by(story, "sri", &name, 1, "not_registered", "bukti kurang");
    accepted(story);
    same_again(story);
}

static void another_authority_decides(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    char text[CASE_TEXT_CAPACITY];
    struct document wanted = recommendation();
    struct drafted drafted;
    struct err_ctx err = {.text = ""};
    struct act act = act_on("sri", &name, 1, text);
    struct case_view view = case_of(story, &name);
    char accused[300];
    (void)snprintf(accused, sizeof accused, "Bupati %.*s", (int)view.name.len,
                   (const char *)view.name.data);
    act.type = ACT_ASSIGN;
    act.assign_authority = bytes_of_text(accused);
    put_act(story, &act);
    stays(story, &name, ERR_STATE, "R11", 1);
    act.assign_authority = bytes_of_text("Gubernur Sumatera Selatan");
    put_act(story, &act);
    accepted(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "R12: this case is for Gubernur Sumatera Selatan"));
    wanted.authority = bytes_of_text("Gubernur Sumatera Selatan");
    assert_int_equal(draft(story, &name, &wanted, &drafted, &err), 0);
}

static void who_looks_says_why(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    char text[CASE_TEXT_CAPACITY];
    struct act act = act_on("sri", &name, 1, text);
    act.type = ACT_LOOK;
    act.look_scope = bytes_of_text("lampiran 1");
    act.look_reason = bytes_of_text("surat Bawaslu 12");
    put_act(story, &act);
    accepted(story);
    assert_int_equal(case_of(story, &name).version, 1);
    assert_int_equal(story->out.office_count, 0);
    act.case_name = (struct bytes){0};
    put_act(story, &act);
    accepted(story);
    act.look_reason = bytes_of_text(" ");
    put_act(story, &act);
    stays(story, &name, ERR_VALUE, "a reason must be given", 1);
    act.look_reason = bytes_of_text("ingin tahu");
    act.officer = bytes_of_text("siapa");
    put_act(story, &act);
    stays(story, &name, ERR_KEY, "siapa", 1);
    act = act_on("sri", &name, 1, text);
    act.type = ACT_LOOK;
    act.look_scope = act.look_reason = bytes_of_text("x");
    act.case_name = bytes_of_text("bukan nama");
    put_act(story, &act);
    stays(story, &name, ERR_FORMAT, "names no case", 1);
    text[0] = text[0] == 'a' ? 'b' : 'a';
    act.case_name = bytes_of_text(text);
    put_act(story, &act);
    stays(story, &name, ERR_NOT_FOUND, "there is no case", 1);
}

static void unpaid_leave_permits_what_it_permits(void **state)
{
    struct story *story = *state;
    char text[CASE_TEXT_CAPACITY];
    struct document wanted = recommendation();
    struct drafted drafted;
    struct err_ctx err = {.text = ""};
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, "KE-07", 1});
    struct case_name name = only_case(story);
    struct act act = act_on("sri", &name, 1, text);
    wanted.sanction = bytes_of_text("MOR-BUKA");
    assert_int_equal(draft(story, &name, &wanted, &drafted, &err), 0);
    act.type = ACT_ASSIGN;
    act.assign_leave = 2;
    put_act(story, &act);
    accepted(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, &err), ERR_VALUE);
    assert_non_null(strstr(err.text, "R13: KE-07"));
}

static void a_reroute_tells_the_filing_node_its_code(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct status told;
    advance_by(story, "budi", &name, 1, "rerouted", "bukan ASN");
    stays(story, &name, ERR_STATE, "R9", 1);
    advance_by(story, "budi", &name, 1, "rerouted", "not_asn: Budi Santoso adalah kades");
    accepted(story);
    assert_int_equal(story->out.office_count, 1);
    assert_int_equal(story->out.office[0].kind, ENTRY_STATUS);
    assert_int_equal(status_decode(story->out.office[0].body, story->arena, &told, NULL), 0);
    assert_true(bytes_equal(told.text, bytes_of_text("the case is rerouted: not_asn")));
    assert_true(bytes_equal(told.state, bytes_of_text("rerouted")));
}

/* The PPK's decree came by another route, while our case waited for papers. */
static void a_decree_overtakes_what_is_incomplete(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct document wanted = decision();
    struct drafted drafted;
    advance(story, &name, 1, "incomplete");
    accepted(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    countersign(story, &drafted, "budi", &story->budi);
    accepted(story);
    assert_int_equal(case_of(story, &name).state, CASE_DECIDED);
    struct document late = recommendation();
    assert_int_equal(draft(story, &name, &late, &drafted, NULL), ERR_STATE);
}

static void cases_of_one_number_are_found(void **state)
{
    struct story *story = *state;
    one_case(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, "DS-01", 1});
    accepted(story);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), 2);
    assert_int_equal(memory_views_count(story->memory, VIEW_PERSONS), 2);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(an_assigned_officer_examines),
        STORY(nobody_is_assigned_who_cannot_sign),
        STORY(who_is_below_the_subject_is_kept_from_it),
        STORY(nobody_works_on_a_case_of_their_own),
        STORY(another_authority_decides),
        STORY(who_looks_says_why),
        STORY(unpaid_leave_permits_what_it_permits),
        STORY(a_reroute_tells_the_filing_node_its_code),
        STORY(a_decree_overtakes_what_is_incomplete),
        STORY(cases_of_one_number_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
