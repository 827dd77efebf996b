/* Merge, split, "not the same": what goes together stays named, what was taken apart is not offered
 * again, what the rules forbid changes nothing; and views made anew are the same. */
#include "unit/core/cases/fold_story.h"

static struct case_name own_name(uint64_t seq)
{
    struct case_name name;
    struct entry_id id = {.incarnation = {{9}}, .seq = seq};
    case_name_of(&id, 0, &name);
    return name;
}

/* A report with this number, of this form: another form is another act. */
static struct case_name reported(struct story *story, const char *nip, const char *form)
{
    put_report(story, (struct filed){"16.07", NULL, nip, NULL, form, 1});
    accepted(story);
    return own_name(story->node_seq);
}

static bool lives(const struct story *story, const struct case_name *name)
{
    struct bytes value;
    return story->views.get(story->views.arg, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES),
                            &value) == 0;
}

static struct act tie(struct story *story, const struct case_name *name,
                      char text[CASE_TEXT_CAPACITY])
{
    struct act act = act_on("sri", name, case_of(story, name).version, text);
    act.other_reason = bytes_of_text("alasan");
    return act;
}

static void merge(struct story *story, const struct case_name *into, const struct case_name *from)
{
    char text[CASE_TEXT_CAPACITY], other[CASE_TEXT_CAPACITY];
    struct act act = tie(story, into, text);
    act.type = ACT_MERGE;
    act.other = bytes_of_text(case_name_text(from, other));
    act.other_version = lives(story, from) ? case_of(story, from).version : 0;
    put_act(story, &act);
}

static void part(struct story *story, const struct case_name *name, const struct case_name *from)
{
    char text[CASE_TEXT_CAPACITY], other[CASE_TEXT_CAPACITY];
    struct act act = tie(story, name, text);
    act.type = ACT_PART;
    act.other = bytes_of_text(case_name_text(from, other));
    put_act(story, &act);
}

static void split(struct story *story, const struct case_name *name, uint64_t seq)
{
    char text[CASE_TEXT_CAPACITY];
    struct act act = tie(story, name, text);
    act.type = ACT_SPLIT;
    act.pieces[0].report = (struct entry_id){.incarnation = {{9}}, .seq = seq};
    act.piece_count = 1;
    put_act(story, &act);
}

static void propose_for(struct story *story, const struct case_name *name, struct drafted *ret)
{
    struct document wanted = recommendation();
    assert_int_equal(draft(story, name, &wanted, ret, NULL), 0);
    propose(story, ret, "sri", &story->sri);
    accepted(story);
}

static void one_goes_up_in_the_other(void **state)
{
    struct story *story = *state;
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    struct case_name second = reported(story, "", "DS-08");
    assert_true(lives(story, &second));
    assign_to(story, "sri", &second, 1, "budi");
    merge(story, &first, &second);
    accepted(story);
    assert_int_equal(story->out.office_count, 1);
    assert_true(contains(office_is(story, 0, ENTRY_STATUS, NODE_07), "joined"));
    assert_false(lives(story, &second));
    struct case_view view = case_of(story, &first);
    assert_int_equal(view.report_count, 2);
    assert_int_equal(view.version, 3);
    assert_true(bytes_equal(view.assigned, bytes_of_text("budi")));
    struct case_name lead = second;
    assert_int_equal(views_lead(&story->views, story->arena, &lead), 0);
    assert_memory_equal(lead.b, first.b, CASE_NAME_BYTES);
    /* What comes about it later finds the case by what only the other one knew. */
    put_report(story, (struct filed){"16.07", NULL, "", NULL, "DS-08", 1});
    accepted(story);
    assert_true(story->out.placements[0].outcome == PLACEMENT_MERGED ||
                story->out.placements[0].outcome == PLACEMENT_REVIEW);
    same_again(story);
}

static void a_chain_of_merges_leads_to_the_last(void **state)
{
    struct story *story = *state;
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    struct case_name second = reported(story, NIP, "DS-08");
    struct case_name third = reported(story, NIP, "DS-05");
    merge(story, &second, &third);
    accepted(story);
    merge(story, &first, &second);
    accepted(story);
    struct case_name lead = third;
    assert_int_equal(views_lead(&story->views, story->arena, &lead), 0);
    assert_memory_equal(lead.b, first.b, CASE_NAME_BYTES);
    assert_int_equal(case_of(story, &first).report_count, 3);
    /* Taken out again it is what it was, under its own number. */
    uint64_t seq = get_be64(second.b + INCARNATION_BYTES);
    split(story, &first, seq);
    accepted(story);
    assert_true(lives(story, &second));
    assert_int_equal(case_of(story, &second).number, 2);
    assert_int_equal(case_of(story, &second).report_count, 1);
    assert_true(bytes_equal(case_of(story, &second).form, bytes_of_text("DS-08")));
    assert_int_equal(case_of(story, &first).report_count, 2);
    lead = third;
    assert_int_equal(views_lead(&story->views, story->arena, &lead), 0);
    assert_memory_equal(lead.b, first.b, CASE_NAME_BYTES);
    same_again(story);
}

/* Refused by this rule, and both cases as they were. */
static void stays(struct story *story, const struct case_name *name, int code, const char *rule)
{
    refused(story, code, rule);
    assert_int_equal(story->out.office_count, 0);
    assert_true(lives(story, name));
    assert_int_equal(memory_views_count(story->memory, VIEW_MERGED), 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_PARTED), 0);
}

static void never_two_persons(void **state)
{
    struct story *story = *state;
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    struct case_name second = reported(story, "197501012000032001", "DS-08");
    merge(story, &first, &second);
    stays(story, &second, ERR_STATE, "M4");
}

static void never_across_the_determination(void **state)
{
    struct story *story = *state;
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    uint8_t body[ENTRY_BYTES_MAX];
    struct subject subject = {.name = bytes_of_text("Terlapor Nomor0"), .nip = bytes_of_text(NIP)};
    struct report report = {.regency = bytes_of_text("16.07"),
                            .form = bytes_of_text("KE-04"),
                            .description = bytes_of_text("uraian"),
                            .channel = 1,
                            .has_occurred_on = true,
                            .occurred_on = 19940, /* 2024-08-05 */
                            .subjects = &subject,
                            .subject_count = 1,
                            .salt = {1}};
    size_t len = 0;
    assert_int_equal(report_encode(&report, body, sizeof body, &len, NULL), 0);
    from_node(story, "16.07", ENTRY_REPORT, bytes_of(body, len));
    struct case_name second = own_name(story->node_seq);
    merge(story, &first, &second);
    stays(story, &second, ERR_STATE, "M5");
}

static void other_refusals(void **state)
{
    struct story *story = *state;
    char text[CASE_TEXT_CAPACITY], other[CASE_TEXT_CAPACITY];
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    struct case_name second = reported(story, NIP, "DS-08");
    merge(story, &first, &first);
    stays(story, &second, ERR_STATE, "M2");
    struct act act = tie(story, &first, text);
    act.type = ACT_MERGE;
    act.other = bytes_of_text(case_name_text(&second, other));
    act.other_version = 7;
    put_act(story, &act);
    stays(story, &second, ERR_STALE, "other case is at version 1, the officer saw 7");
    act.other_version = 1;
    act.case_version = 7;
    put_act(story, &act);
    stays(story, &second, ERR_STALE, "version 1, the officer saw 7");
    act.case_version = 1;
    act.other_reason = bytes_of_text(" ");
    put_act(story, &act);
    stays(story, &second, ERR_VALUE, "M1");
    act.other = bytes_of_text("x");
    act.other_reason = bytes_of_text("y");
    put_act(story, &act);
    stays(story, &second, ERR_FORMAT, "names no case");
    split(story, &first, get_be64(first.b + INCARNATION_BYTES));
    stays(story, &second, ERR_VALUE, "M6");
    advance(story, &second, 1, "rejected");
    accepted(story);
    merge(story, &first, &second);
    stays(story, &second, ERR_STATE, "M3: what is rejected does not go up");
    merge(story, &second, &first);
    stays(story, &second, ERR_STATE, "M3: what is rejected does not take in");
}

static void a_split_is_remembered(void **state)
{
    struct story *story = *state;
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, NULL, 1});
    accepted(story);
    assert_int_equal(case_of(story, &first).report_count, 2);
    uint64_t seq = story->node_seq;
    split(story, &first, get_be64(first.b + INCARNATION_BYTES));
    refused(story, ERR_STATE, "M7");
    split(story, &first, seq + 9);
    refused(story, ERR_NOT_FOUND, "M6");
    split(story, &first, seq);
    accepted(story);
    struct case_name made = own_name(seq);
    assert_int_equal(case_of(story, &made).report_count, 1);
    assert_int_equal(case_of(story, &made).number, 2);
    assert_int_equal(case_of(story, &first).report_count, 1);
    assert_int_equal(memory_views_count(story->memory, VIEW_PARTED), 2);
    /* One more of the same fits both: nobody but an officer puts it anywhere. */
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, NULL, 1});
    accepted(story);
    assert_int_equal(story->out.placements[0].outcome, PLACEMENT_REVIEW);
    struct case_name asked = own_name(story->node_seq);
    assert_true(case_of(story, &asked).needs_review);
    part(story, &asked, &first);
    accepted(story);
    assert_true(case_of(story, &asked).needs_review);
    part(story, &asked, &made);
    accepted(story);
    assert_false(case_of(story, &asked).needs_review);
    /* An officer's later word ends it: what was parted from the one is parted from both. */
    merge(story, &first, &made);
    accepted(story);
    assert_int_equal(memory_views_count(story->memory, VIEW_PARTED), 2);
    same_again(story);
    assert_true(sweep_reads(story) > 100);
}

static void who_is_kept_from_one_is_kept_from_both(void **state)
{
    struct story *story = *state;
    char text[CASE_TEXT_CAPACITY];
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    struct case_name second = reported(story, NIP, "DS-08");
    struct act act = act_on("budi", &second, 1, text);
    act.type = ACT_ASSIGN;
    act.assign_barred[0] = bytes_of_text("sri");
    act.assign_barred_count = 1;
    put_act(story, &act);
    accepted(story);
    merge(story, &first, &second);
    stays(story, &second, ERR_STATE, "R10");
    act = tie(story, &first, text);
    char other[CASE_TEXT_CAPACITY];
    act.officer = bytes_of_text("budi");
    act.type = ACT_MERGE;
    act.other = bytes_of_text(case_name_text(&second, other));
    act.other_version = 2;
    put_act(story, &act);
    accepted(story);
    assert_true(bytes_equal(case_of(story, &first).barred, bytes_of_text("sri")));
}

/* Nor by way of a proposal whose case went up. */
static void who_is_kept_away_ends_no_proposal(void **state)
{
    struct story *story = *state;
    char text[CASE_TEXT_CAPACITY];
    struct drafted drafted;
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    struct case_name second = reported(story, NIP, "DS-08");
    struct act act = act_on("sri", &second, 1, text);
    act.type = ACT_ASSIGN;
    act.assign_barred[0] = bytes_of_text("budi");
    act.assign_barred_count = 1;
    put_act(story, &act);
    accepted(story);
    propose_for(story, &second, &drafted);
    merge(story, &first, &second);
    accepted(story);
    act = (struct act){.type = ACT_WITHDRAW,
                       .officer = bytes_of_text("budi"),
                       .at_ms = NOW_MS,
                       .withdraw_document = bytes_of_text(drafted.id),
                       .withdraw_reason = bytes_of_text("alasan")};
    put_act(story, &act);
    refused(story, ERR_STATE, "R10: officer budi");
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_PROPOSED);
    act.officer = bytes_of_text("sri");
    put_act(story, &act);
    accepted(story);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_WITHDRAWN);
}

/* A proposal is about what its officer saw: it ends with a merge or split, on either side. */
static void a_proposal_ends_with_its_version(void **state)
{
    struct story *story = *state;
    struct drafted of_first, of_second;
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    struct case_name second = reported(story, NIP, "DS-08");
    propose_for(story, &first, &of_first);
    propose_for(story, &second, &of_second);
    merge(story, &first, &second);
    accepted(story);
    countersign(story, &of_second, "budi", &story->budi);
    refused(story, ERR_STALE, "D10: its case went up in another");
    countersign(story, &of_first, "budi", &story->budi);
    refused(story, ERR_STALE, "D10: the case is at version 3");
    assert_int_equal(document_of(story, of_first.id).state, DOCUMENT_PROPOSED);
    assert_int_equal(document_of(story, of_second.id).state, DOCUMENT_PROPOSED);
    assert_int_equal(case_of(story, &first).state, CASE_RECEIVED);
    propose_for(story, &first, &of_first);
    split(story, &first, get_be64(second.b + INCARNATION_BYTES));
    accepted(story);
    countersign(story, &of_first, "budi", &story->budi);
    refused(story, ERR_STALE, "D10: the case is at version 4");
    propose_for(story, &first, &of_first);
    countersign(story, &of_first, "budi", &story->budi);
    accepted(story);
    same_again(story);
}

/* What is issued stays with its case: that one goes up in no other, takes in others as it is, and
 * keeps its document in a split. */
static void what_is_issued_stays_with_its_case(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    begin(story);
    struct case_name first = reported(story, NIP, NULL);
    struct case_name second = reported(story, NIP, "DS-08");
    propose_for(story, &first, &drafted);
    countersign(story, &drafted, "budi", &story->budi);
    accepted(story);
    merge(story, &second, &first);
    stays(story, &first, ERR_STATE, "M3: what is recommended does not go up");
    merge(story, &first, &second);
    accepted(story);
    split(story, &first, get_be64(second.b + INCARNATION_BYTES));
    accepted(story);
    assert_int_equal(case_of(story, &first).state, CASE_RECOMMENDED);
    assert_int_equal(case_of(story, &second).state, CASE_RECEIVED);
    struct document_view view = document_of(story, drafted.id);
    assert_int_equal(view.state, DOCUMENT_ISSUED);
    assert_memory_equal(view.case_name.b, first.b, CASE_NAME_BYTES);
    same_again(story);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_goes_up_in_the_other, story_open, story_close),
        cmocka_unit_test_setup_teardown(who_is_kept_away_ends_no_proposal, story_open, story_close),
        cmocka_unit_test_setup_teardown(a_proposal_ends_with_its_version, story_open, story_close),
        cmocka_unit_test_setup_teardown(what_is_issued_stays_with_its_case, story_open,
                                        story_close),
        cmocka_unit_test_setup_teardown(a_chain_of_merges_leads_to_the_last, story_open,
                                        story_close),
        cmocka_unit_test_setup_teardown(never_two_persons, story_open, story_close),
        cmocka_unit_test_setup_teardown(never_across_the_determination, story_open, story_close),
        cmocka_unit_test_setup_teardown(other_refusals, story_open, story_close),
        cmocka_unit_test_setup_teardown(a_split_is_remembered, story_open, story_close),
        cmocka_unit_test_setup_teardown(who_is_kept_from_one_is_kept_from_both, story_open,
                                        story_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
