/* Drafts, two officers, the way of a document, rungs, and moving a case by hand. */
#include "core/rules/catalogue.h"
#include "unit/core/cases/fold_story.h"

/* ---- documents ---- */
static void drafts_say_what_the_case_says(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = recommendation(), document;
    struct err_ctx err = {.text = ""};
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story), other = name;
    char text[CASE_TEXT_CAPACITY];
    assert_int_equal(draft(story, &name, &wanted, &drafted, &err), 0);
    assert_string_equal(drafted.id, "16-2024-000001-7f3a");
    assert_int_equal(drafted.version, 1);
    assert_int_equal(
        document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL), 0);
    assert_true(bytes_equal(document.addressee, bytes_of_text("16.03")));
    assert_true(bytes_equal(document.subject_nip, bytes_of_text(NIP)));
    assert_true(bytes_equal(document.case_name, bytes_of_text(case_name_text(&name, text))));
    assert_true(bytes_equal(document.catalogue, bytes_of_text(catalogue_version())));
    assert_int_equal(document.ring, 1);
    assert_int_equal(document.case_version, 1);

    other.b[0] ^= 1;
    assert_int_equal(draft(story, &other, &wanted, &drafted, &err), ERR_NOT_FOUND);
    assert_int_equal(draft(story, NULL, &wanted, &drafted, &err), ERR_VALUE);
    wanted.has_respond_by = false;
    assert_int_equal(draft(story, &name, &wanted, &drafted, &err), ERR_VALUE);
    assert_non_null(strstr(err.text, "respond_by"));
    wanted = decision();
    wanted.decree_scan = (struct bytes){0};
    assert_int_equal(draft(story, &name, &wanted, &drafted, &err), ERR_VALUE);
    assert_non_null(strstr(err.text, "decree_scan"));
    advance(story, &name, 1, "rejected");
    accepted(story);
    wanted = decision();
    assert_int_equal(draft(story, &name, &wanted, &drafted, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "rejected"));
}

static void two_officers_or_none(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = decision();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->budi); /* not her key */
    refused(story, ERR_SIGNATURE, "sri");
    countersign(story, &drafted, "budi", &story->budi);
    refused(story, ERR_NOT_FOUND, drafted.id);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    assert_string_equal(story->out.document_id, drafted.id);
    assert_int_equal(story->out.office_count, 0);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_PROPOSED);
    assert_int_equal(case_of(story, &name).version, 1);
    propose(story, &drafted, "sri", &story->sri); /* the answer was lost */
    accepted(story);
    propose(story, &drafted, "budi", &story->budi);
    refused(story, ERR_EXISTS, "second officer");
    countersign(story, &drafted, "sri", &story->sri);
    refused(story, ERR_STATE, "a decision needs two officers: sri signed already");
    countersign(story, &drafted, "tono", &story->tono); /* the same person by another id */
    refused(story, ERR_STATE, "second person");
    countersign(story, &drafted, "budi", &story->tono);
    refused(story, ERR_SIGNATURE, "budi");
    countersign(story, &drafted, "rudi", &story->budi);
    refused(story, ERR_KEY, "rudi");
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_PROPOSED);
    assert_int_equal(case_of(story, &name).state, CASE_RECEIVED);
    countersign(story, &drafted, "budi", &story->budi);
    accepted(story);
    assert_int_equal(case_of(story, &name).state, CASE_DECIDED);
    countersign(story, &drafted, "budi", &story->budi);
    refused(story, ERR_STATE, "issued already");
}

static void the_act_and_its_signature_are_one_persons(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = decision();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    struct bytes document = bytes_of(drafted.bytes, drafted.len);
    struct act act = {.officer = bytes_of_text("budi"),
                      .at_ms = NOW_MS,
                      .has_case_version = true,
                      .case_version = 1,
                      .type = ACT_PROPOSE,
                      .propose = {.document = document, .signature_count = 1}};
    act.propose.signatures[0] = sign(document, "sri", &story->sri);
    put_act(story, &act);
    refused(story, ERR_KEY, "the signature is of sri");
    act.officer = bytes_of_text("sri");
    act.has_case_version = false;
    put_act(story, &act);
    refused(story, ERR_VALUE, "which version");
    act.has_case_version = true;
    act.propose.signatures[act.propose.signature_count++] = sign(document, "budi", &story->budi);
    put_act(story, &act);
    refused(story, ERR_VALUE, "one signature");
    assert_int_equal(memory_views_count(story->memory, VIEW_DOCUMENTS), 0);
}

static void stale_versions_are_refused(void **state)
{
    struct story *story = *state;
    struct drafted old, fresh;
    struct document wanted = recommendation();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    assert_int_equal(draft(story, &name, &wanted, &old, NULL), 0);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    propose(story, &old, "sri", &story->sri);
    refused(story, ERR_STALE, "the case is at version 2, the officer saw 1");
    advance(story, &name, 1, "verification");
    refused(story, ERR_STALE, "version 2");
    /* The act says the version of now, the document an older one. */
    old.version = 2;
    propose(story, &old, "sri", &story->sri);
    refused(story, ERR_STALE, "made for 1");
    assert_int_equal(draft(story, &name, &wanted, &fresh, NULL), 0);
    propose(story, &fresh, "sri", &story->sri);
    accepted(story);
    /* A third report between the two officers: the second has not seen it. */
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    countersign(story, &fresh, "budi", &story->budi);
    refused(story, ERR_STALE, "version 3");
    assert_int_equal(case_of(story, &name).state, CASE_RECEIVED);
}

static void documents_must_say_what_the_case_says(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = recommendation(), document;
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    struct drafted altered = drafted;
    struct bytes *fields[] = {&document.addressee, &document.subject_name, &document.subject_nip,
                              &document.form, &document.subject_unit};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        assert_int_equal(
            document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL),
            0);
        *fields[i] = bytes_of_text("16.05");
        assert_int_equal(
            document_encode(&document, altered.bytes, sizeof altered.bytes, &altered.len, NULL), 0);
        propose(story, &altered, "sri", &story->sri);
        refused(story, ERR_VALUE, "does not say what the case says");
    }
    assert_int_equal(
        document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL), 0);
    document.id = bytes_of_text("17-2024-000001-7f3a");
    assert_int_equal(
        document_encode(&document, altered.bytes, sizeof altered.bytes, &altered.len, NULL), 0);
    propose(story, &altered, "sri", &story->sri);
    refused(story, ERR_FORMAT, "id: ");
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    /* The same id, other bytes. */
    assert_int_equal(
        document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL), 0);
    document.id = bytes_of_text(drafted.id);
    document.text = bytes_of_text("lain");
    assert_int_equal(
        document_encode(&document, altered.bytes, sizeof altered.bytes, &altered.len, NULL), 0);
    propose(story, &altered, "sri", &story->sri);
    refused(story, ERR_EXISTS, "another document");
    put_ring(story, &story->root, 2, KEY_ACTIVE);
    assert_int_equal(
        document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL), 0);
    document.id = bytes_of_text("16-2024-000009-7f3a");
    assert_int_equal(
        document_encode(&document, altered.bytes, sizeof altered.bytes, &altered.len, NULL), 0);
    propose(story, &altered, "sri", &story->sri);
    refused(story, ERR_STALE, "key ring 2");
}

static void a_document_goes_to_the_employing_regency(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct signed_document signed_document;
    struct status status;
    struct case_name name = recommended(story, &drafted);
    assert_int_equal(case_of(story, &name).state, CASE_RECOMMENDED);
    assert_int_equal(case_of(story, &name).version, 2);
    assert_int_equal(story->out.office_count, 2);
    struct bytes document = office_is(story, 0, ENTRY_DOCUMENT, NODE_03);
    assert_int_equal(signed_document_decode(document, story->arena, &signed_document, NULL), 0);
    assert_int_equal(signed_document.signature_count, 2);
    assert_true(bytes_equal(signed_document.document, bytes_of(drafted.bytes, drafted.len)));
    struct bytes told = office_is(story, 1, ENTRY_STATUS, NODE_07);
    assert_int_equal(status_decode(told, story->arena, &status, NULL), 0);
    assert_true(bytes_equal(status.state, bytes_of_text("recommended")));
    assert_true(bytes_equal(status.case_short, bytes_of_text("16-000001")));
    assert_memory_equal(&status.report, &story->journal[3].input.id, sizeof status.report);
    assert_false(contains(told, "Terlapor"));
    assert_false(contains(told, NIP));
    struct document_view view = document_of(story, drafted.id);
    assert_int_equal(view.state, DOCUMENT_ISSUED);
    assert_int_equal(view.issued_ms, NOW_MS + 5);
}

static void rungs_up_to_acknowledged(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    recommended(story, &drafted);
    put_rung(story, "16.07", drafted.id, RUNG_KIND_SHOWN); /* not theirs */
    refused(story, ERR_NOT_FOUND, drafted.id);
    office_is(story, 0, ENTRY_REFUSAL, NODE_07);
    put_rung(story, "16.03", "16-2024-000099-7f3a", RUNG_KIND_SHOWN);
    refused(story, ERR_NOT_FOUND, "000099");
    put_rung(story, "16.03", drafted.id, RUNG_KIND_STORED);
    accepted(story);
    put_rung(story, "16.03", drafted.id, RUNG_KIND_VERIFIED);
    put_rung_of(story, "16.03", drafted.id, RUNG_KIND_SHOWN, "");
    refused(story, ERR_VALUE, "person");
    put_rung(story, "16.03", drafted.id, RUNG_KIND_SHOWN);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 1);
    put_rung(story, "16.03", drafted.id, RUNG_KIND_ACKNOWLEDGED);
    accepted(story);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_RUNGS), 4);
    assert_int_equal(document_of(story, drafted.id).rungs, 0x1e);
    /* Finished: a new box does not get it again. */
    put_enrolment(story, 9, "16.03", true);
    assert_int_equal(story->out.office_count, 1);
    office_is(story, 0, ENTRY_RING, 9);
}

static void a_new_box_gets_what_is_unfinished(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = recommendation();
    put_ring(story, &story->root, 1, KEY_ACTIVE);
    put_enrolment(story, NODE_07, "16.07", true);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    countersign(story, &drafted, "budi", &story->budi);
    accepted(story);
    assert_non_null(strstr(story->out.text, "waits"));
    assert_int_equal(story->out.office_count, 1); /* the status alone */
    office_is(story, 0, ENTRY_STATUS, NODE_07);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_WAITING);
    put_enrolment(story, NODE_03, "16.03", true);
    assert_int_equal(story->out.office_count, 2);
    office_is(story, 0, ENTRY_RING, NODE_03);
    office_is(story, 1, ENTRY_DOCUMENT, NODE_03);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_ISSUED);
    /* A second box of the regency gets it too, and what follows goes to the newest only. */
    put_enrolment(story, 9, "16.03", true);
    assert_int_equal(story->out.office_count, 2);
    wanted = decision();
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    assert_string_equal(drafted.id, "16-2024-000002-7f3a");
    propose(story, &drafted, "budi", &story->budi);
    accepted(story);
    countersign(story, &drafted, "sri", &story->sri);
    accepted(story);
    office_is(story, 0, ENTRY_DOCUMENT, 9);
    assert_int_equal(story->out.office_count, 2);
    /* The newest is revoked: the older one serves again. */
    put_revocation(story, 9);
    put_rung(story, "16.03", drafted.id, RUNG_KIND_STORED);
    accepted(story);
}

static void retired_after_proposing(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = recommendation();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    put_ring(story, &story->root, 2, KEY_RETIRED);
    countersign(story, &drafted, "budi", &story->budi); /* her old signature holds */
    accepted(story);
    wanted = decision();
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    refused(story, ERR_KEY, "retired");
    propose(story, &drafted, "budi", &story->budi);
    accepted(story);
    countersign(story, &drafted, "sri", &story->sri);
    refused(story, ERR_KEY, "sri");
}

static void advisories_need_one_officer(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = {.type = DOCUMENT_TYPE_ADVISORY,
                              .addressee = bytes_of_text("16.07"),
                              .text = bytes_of_text("Tetap netral")};
    begin(story);
    assert_int_equal(draft(story, NULL, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    assert_int_equal(story->out.office_count, 1);
    office_is(story, 0, ENTRY_DOCUMENT, NODE_07);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_ISSUED);
    wanted.addressee = bytes_of_text("17.01");
    assert_int_equal(draft(story, NULL, &wanted, &drafted, NULL), ERR_VALUE);
}

static void a_recommendation_is_superseded(void **state)
{
    struct story *story = *state;
    struct drafted first, second;
    struct document wanted = recommendation();
    struct case_name name = recommended(story, &first);
    assert_int_equal(draft(story, &name, &wanted, &second, NULL), ERR_STATE);
    wanted.supersedes = bytes_of_text("16-2024-000077-7f3a");
    assert_int_equal(draft(story, &name, &wanted, &second, NULL), ERR_NOT_FOUND);
    wanted.supersedes = bytes_of_text(first.id);
    assert_int_equal(draft(story, &name, &wanted, &second, NULL), 0);
    propose(story, &second, "budi", &story->budi);
    accepted(story);
    countersign(story, &second, "sri", &story->sri);
    accepted(story);
    assert_int_equal(document_of(story, first.id).state, DOCUMENT_SUPERSEDED);
    assert_int_equal(document_of(story, second.id).state, DOCUMENT_ISSUED);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 1);
    assert_int_equal(case_of(story, &name).state, CASE_RECOMMENDED);
}

static void advancing_by_hand(void **state)
{
    struct story *story = *state;
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, NULL, 1});
    struct case_name name = only_case(story), other = name;
    advance(story, &name, 1, "verification");
    accepted(story);
    assert_int_equal(case_of(story, &name).version, 2);
    advance(story, &name, 2, "decided");
    refused(story, ERR_STATE, "document of two officers");
    advance(story, &name, 2, "closed");
    refused(story, ERR_STATE, "from verification to closed");
    advance(story, &name, 2, "selesai");
    refused(story, ERR_VALUE, "selesai");
    other.b[1] ^= 1;
    advance(story, &other, 2, "clarification");
    refused(story, ERR_NOT_FOUND, "no case");
    assign_to(story, "sri", &name, 2, "budi");
    accepted(story);
    advance(story, &name, 3, "not_proven");
    accepted(story);
    assert_int_equal(case_of(story, &name).state, CASE_NOT_PROVEN);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(drafts_say_what_the_case_says),
        STORY(two_officers_or_none),
        STORY(the_act_and_its_signature_are_one_persons),
        STORY(stale_versions_are_refused),
        STORY(documents_must_say_what_the_case_says),
        STORY(a_document_goes_to_the_employing_regency),
        STORY(rungs_up_to_acknowledged),
        STORY(a_new_box_gets_what_is_unfinished),
        STORY(retired_after_proposing),
        STORY(advisories_need_one_officer),
        STORY(a_recommendation_is_superseded),
        STORY(advancing_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
