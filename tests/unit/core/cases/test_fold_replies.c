/* Advisories and who has taken note of them, questions and answers, and how a document ends: done,
 * replaced, withdrawn, expired. */
#include "unit/core/cases/fold_story.h"

#define LATER_MS (NOW_MS + 1000)

static struct document advisory(const char *addressee)
{
    return (struct document){.type = DOCUMENT_TYPE_ADVISORY,
                             .addressee = bytes_of_text(addressee),
                             .text = bytes_of_text("Tetap netral")};
}

static void issue(struct story *story, const struct case_name *name, struct document wanted,
                  struct drafted *ret)
{
    struct err_ctx err = {.text = ""};
    if (draft(story, name, &wanted, ret, &err) != 0) {
        fail_msg("no draft: %s", err.text);
    }
    propose(story, ret, "sri", &story->sri);
    accepted(story);
    if (wanted.type == DOCUMENT_TYPE_RECOMMENDATION || wanted.type == DOCUMENT_TYPE_DECISION) {
        countersign(story, ret, "budi", &story->budi);
        accepted(story);
    }
}

static void put_rung_at(struct story *story, const char *owner, const char *document,
                        enum rung_kind kind, int64_t at_ms)
{
    uint8_t body[512];
    size_t len = 0;
    struct rung rung = {.document = bytes_of_text(document),
                        .rung = kind,
                        .person = bytes_of_text("Siti"),
                        .at_ms = at_ms,
                        .salt = {(uint8_t)at_ms}};
    assert_int_equal(rung_encode(&rung, body, sizeof body, &len, NULL), 0);
    from_node(story, owner, ENTRY_RUNG, bytes_of(body, len));
}

static void put_answer(struct story *story, const char *owner, const char *document,
                       const char *text, const char *name)
{
    uint8_t body[1024];
    size_t len = 0;
    struct answer answer = {.document = bytes_of_text(document),
                            .text = bytes_of_text(text),
                            .stated_name = bytes_of_text(name),
                            .at_ms = NOW_MS,
                            .salt = {7}};
    assert_int_equal(answer_encode(&answer, body, sizeof body, &len, NULL), 0);
    from_node(story, owner, ENTRY_ANSWER, bytes_of(body, len));
}

static void withdraw(struct story *story, const char *officer, const char *id, const char *why)
{
    struct act act = {.officer = bytes_of_text(officer),
                      .at_ms = NOW_MS,
                      .type = ACT_WITHDRAW,
                      .withdraw_document = bytes_of_text(id),
                      .withdraw_reason = bytes_of_text(why)};
    put_act(story, &act);
}

/* ---- refused: the rule is named, the attempt is kept, and nothing else changed ---- */
static struct memory_views *snapshot(const struct story *story)
{
    struct memory_views *copy = memory_views_new();
    memory_views_copy(copy, story->memory);
    return copy;
}

static void only_refused(struct story *story, struct memory_views *before, int code,
                         const char *rule)
{
    struct memory_views *after = memory_views_new();
    struct views views = memory_views_driver(after);
    struct view_key key;
    refused(story, code, rule);
    assert_int_equal(memory_views_count(story->memory, VIEW_REFUSED),
                     memory_views_count(before, VIEW_REFUSED) + 1);
    memory_views_copy(after, story->memory);
    view_key_init(&key, (struct bytes){0});
    view_key_u64(&key, story->count);
    views.del(views.arg, VIEW_REFUSED, view_key_bytes(&key));
    const char *differs = memory_views_differ(before, after);
    if (differs != NULL) {
        fail_msg("%s: refused, and yet %s changed", rule, differs);
    }
    memory_views_free(after);
    memory_views_free(before);
}

/* ---- advisories ---- */
static void an_advisory_goes_to_all(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    begin(story);
    issue(story, NULL, advisory("16"), &drafted);
    assert_int_equal(story->out.office_count, 2);
    office_is(story, 0, ENTRY_DOCUMENT, NODE_03);
    office_is(story, 1, ENTRY_DOCUMENT, NODE_07);
    put_rung(story, "16.07", drafted.id, RUNG_KIND_SHOWN);
    accepted(story);
    put_rung(story, "16.07", drafted.id, RUNG_KIND_ACKNOWLEDGED);
    accepted(story);
    /* One regency's word is not the others'. */
    struct bytes key, value;
    struct rung_view rung;
    memory_views_at(story->memory, VIEW_RUNGS, 0, &key, &value);
    assert_int_equal(rung_view_decode(value, &rung), 0);
    assert_true(bytes_equal(rung.regency, bytes_of_text("16.07")));
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 1);
    /* A node that comes later gets it; a new box of who took note of it does not. */
    put_enrolment(story, 5, "16.05", true);
    assert_int_equal(story->out.office_count, 2);
    office_is(story, 1, ENTRY_DOCUMENT, 5);
    put_enrolment(story, 9, "16.07", true);
    assert_int_equal(story->out.office_count, 1);
    put_enrolment(story, 10, "16.03", true);
    assert_int_equal(story->out.office_count, 2);
    /* Of two boxes the newest gets the next one. */
    issue(story, NULL, advisory("16"), &drafted);
    assert_int_equal(story->out.office_count, 3);
    put_rung(story, "17.01", drafted.id, RUNG_KIND_SHOWN);
    refused(story, ERR_NOT_FOUND, "no document");
    same_again(story);
}

static void an_advisory_waits_for_the_first_node(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    put_ring(story, &story->root, 1, KEY_ACTIVE);
    issue(story, NULL, advisory("16"), &drafted);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_WAITING);
    put_enrolment(story, 5, "16.05", true);
    office_is(story, 1, ENTRY_DOCUMENT, 5);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_ISSUED);
}

static void only_an_advisory_is_for_all(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = advisory("16");
    begin(story);
    wanted.type = DOCUMENT_TYPE_QUESTION;
    wanted.has_respond_by = true;
    wanted.respond_by = 20040;
    assert_int_equal(draft(story, NULL, &wanted, &drafted, NULL), ERR_VALUE);
    wanted = advisory("17");
    assert_int_equal(draft(story, NULL, &wanted, &drafted, NULL), ERR_VALUE);
}

static void an_expired_advisory_is_not_sent_any_more(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = advisory("16");
    wanted.has_expires_ms = true;
    wanted.expires_ms = NOW_MS; /* enrolments are of NOW_MS */
    begin(story);
    assert_int_equal(draft(story, NULL, &wanted, &drafted, NULL), ERR_VALUE);
    assert_int_equal(draft_at(story, NULL, &wanted, NOW_MS - 1, &drafted, NULL), 0);
    struct memory_views *before = snapshot(story);
    propose(story, &drafted, "sri", &story->sri);
    only_refused(story, before, ERR_STATE, "D2:");
    wanted.expires_ms = NOW_MS + 1;
    assert_int_equal(draft(story, NULL, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    before = snapshot(story);
    put_rung_at(story, "16.07", drafted.id, RUNG_KIND_ACKNOWLEDGED, NOW_MS + 1);
    only_refused(story, before, ERR_STATE, "D2:");
    put_rung_at(story, "16.07", drafted.id, RUNG_KIND_SHOWN, LATER_MS); /* looking is free */
    accepted(story);
    put_rung_at(story, "16.07", drafted.id, RUNG_KIND_ACKNOWLEDGED, NOW_MS);
    accepted(story);
    assert_int_equal(document_of(story, drafted.id).expires_ms, NOW_MS + 1);
}

static void what_expired_is_not_sent_to_a_new_box(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = advisory("16.05"), document;
    begin(story);
    /* Signed when it had not: the enrolment comes after. */
    wanted.has_expires_ms = true;
    wanted.expires_ms = NOW_MS;
    assert_int_equal(draft_at(story, NULL, &wanted, NOW_MS - 9, &drafted, NULL), 0);
    assert_int_equal(
        document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL), 0);
    struct bytes bytes = bytes_of(drafted.bytes, drafted.len);
    struct act act = {.officer = bytes_of_text("sri"),
                      .at_ms = NOW_MS - 5,
                      .type = ACT_PROPOSE,
                      .propose = {.document = bytes, .signature_count = 1}};
    act.propose.signatures[0] = sign(bytes, "sri", &story->sri);
    put_act(story, &act);
    accepted(story);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_WAITING);
    put_enrolment(story, 5, "16.05", true);
    assert_int_equal(story->out.office_count, 1); /* the ring */
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_EXPIRED);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 0);
}

/* ---- questions ---- */
static struct document question(void)
{
    return (struct document){.type = DOCUMENT_TYPE_QUESTION,
                             .addressee = bytes_of_text("16.03"),
                             .text = bytes_of_text("Apakah cuti?"),
                             .has_respond_by = true,
                             .respond_by = 20040};
}

static void a_question_is_answered(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = question();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    wanted.has_respond_by = false;
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), ERR_VALUE);
    issue(story, &name, question(), &drafted);
    assert_int_equal(story->out.office_count, 1);
    office_is(story, 0, ENTRY_DOCUMENT, NODE_03);
    assert_int_equal(case_of(story, &name).state, CASE_RECEIVED); /* a question decides nothing */
    assert_int_equal(case_of(story, &name).version, 1);
    put_answer(story, "16.07", drafted.id, "ya", "Siti");
    refused(story, ERR_NOT_FOUND, "no document");
    put_answer(story, "16.03", drafted.id, "ya", " ");
    refused(story, ERR_VALUE, "who says it");
    put_answer(story, "16.03", drafted.id, "Ya, cuti.", "Siti");
    accepted(story);
    assert_int_equal(document_of(story, drafted.id).rungs, 1u << RUNG_KIND_ACKNOWLEDGED);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 0);
    put_answer(story, "16.03", drafted.id, "Bukan, tidak cuti.", "Siti");
    accepted(story);
    /* The later answer stands beside the first. */
    struct bytes key, value;
    struct rung_view view;
    assert_int_equal(memory_views_count(story->memory, VIEW_ANSWERS), 2);
    memory_views_at(story->memory, VIEW_ANSWERS, 0, &key, &value);
    assert_int_equal(rung_view_decode(value, &view), 0);
    assert_true(bytes_equal(view.note, bytes_of_text("Ya, cuti.")));
    memory_views_at(story->memory, VIEW_ANSWERS, 1, &key, &value);
    assert_int_equal(rung_view_decode(value, &view), 0);
    assert_true(bytes_equal(view.note, bytes_of_text("Bukan, tidak cuti.")));
    same_again(story);
}

static void only_a_question_is_answered(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    begin(story);
    issue(story, NULL, advisory("16.07"), &drafted);
    struct memory_views *before = snapshot(story);
    put_answer(story, "16.07", drafted.id, "ya", "Siti");
    only_refused(story, before, ERR_STATE, "D9:");
    before = snapshot(story);
    put_answer(story, "16.07", "16-2024-000099-7f3a", "ya", "Siti");
    only_refused(story, before, ERR_NOT_FOUND, "no document");
}

/* ---- executed ---- */
static void a_decision_is_executed(void **state)
{
    struct story *story = *state;
    struct drafted asked, decided;
    struct case_name name = recommended(story, &asked);
    put_rung(story, "16.03", asked.id, RUNG_KIND_ACKNOWLEDGED);
    struct memory_views *before = snapshot(story);
    put_rung(story, "16.03", asked.id, RUNG_KIND_EXECUTED);
    only_refused(story, before, ERR_STATE, "D7: only a decision");
    issue(story, &name, decision(), &decided);
    before = snapshot(story);
    put_rung(story, "16.03", decided.id, RUNG_KIND_EXECUTED);
    only_refused(story, before, ERR_STATE, "D7: ");
    put_rung(story, "16.03", decided.id, RUNG_KIND_ACKNOWLEDGED);
    accepted(story);
    put_rung(story, "16.03", decided.id, RUNG_KIND_EXECUTED);
    accepted(story);
    assert_int_equal(document_of(story, decided.id).rungs & (1u << RUNG_KIND_EXECUTED), 0x20);
    assert_int_equal(case_of(story, &name).state, CASE_DECIDED); /* states end there */
}

/* ---- replaced ---- */
static void what_is_replaced_is_not_acknowledged(void **state)
{
    struct story *story = *state;
    struct drafted first, second;
    struct document wanted = recommendation();
    struct case_name name = recommended(story, &first);
    wanted.supersedes = bytes_of_text(first.id);
    issue(story, &name, wanted, &second);
    assert_true(bytes_equal(document_of(story, first.id).superseded_by, bytes_of_text(second.id)));
    put_rung(story, "16.03", first.id, RUNG_KIND_ACKNOWLEDGED); /* crossed on the way */
    accepted(story);
    put_rung(story, "16.03", second.id, RUNG_KIND_STORED);
    accepted(story);
    struct memory_views *before = snapshot(story);
    put_rung(story, "16.03", first.id, RUNG_KIND_ACKNOWLEDGED);
    only_refused(story, before, ERR_STATE, "D8:");
    put_rung(story, "16.03", first.id, RUNG_KIND_SHOWN);
    accepted(story);
    put_rung(story, "16.03", second.id, RUNG_KIND_ACKNOWLEDGED);
    accepted(story);
    same_again(story);
}

static void an_advisory_to_all_is_replaced_at_each_node(void **state)
{
    struct story *story = *state;
    struct drafted first, second;
    struct document wanted = advisory("16");
    begin(story);
    issue(story, NULL, wanted, &first);
    wanted.supersedes = bytes_of_text(first.id);
    wanted.addressee = bytes_of_text("16.07");
    assert_int_equal(draft(story, NULL, &wanted, &second, NULL), ERR_STATE); /* D5 */
    wanted.addressee = bytes_of_text("16");
    issue(story, NULL, wanted, &second);
    assert_int_equal(story->out.office_count, 2);
    put_rung(story, "16.03", second.id, RUNG_KIND_STORED);
    put_rung(story, "16.07", first.id, RUNG_KIND_ACKNOWLEDGED);
    accepted(story);
    struct memory_views *before = snapshot(story);
    put_rung(story, "16.03", first.id, RUNG_KIND_ACKNOWLEDGED);
    only_refused(story, before, ERR_STATE, "D8:");
    put_enrolment(story, 5, "16.05", true);
    assert_int_equal(story->out.office_count, 2); /* the ring and the second */
}

/* ---- withdrawn ---- */
static void a_proposal_is_withdrawn(void **state)
{
    struct story *story = *state;
    struct drafted drafted, other;
    struct document wanted = recommendation();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    struct memory_views *before = snapshot(story);
    withdraw(story, "budi", drafted.id, "");
    only_refused(story, before, ERR_VALUE, "D6:");
    before = snapshot(story);
    withdraw(story, "siapa", drafted.id, "keliru");
    only_refused(story, before, ERR_KEY, "siapa");
    before = snapshot(story);
    withdraw(story, "budi", "16-2024-000099-7f3a", "keliru");
    only_refused(story, before, ERR_NOT_FOUND, "no document");
    withdraw(story, "budi", drafted.id, "keliru");
    accepted(story);
    struct document_view view = document_of(story, drafted.id);
    assert_int_equal(view.state, DOCUMENT_WITHDRAWN);
    assert_true(bytes_equal(view.withdrawn_by, bytes_of_text("budi")));
    assert_true(bytes_equal(view.withdrawn_why, bytes_of_text("keliru")));
    before = snapshot(story);
    countersign(story, &drafted, "budi", &story->budi);
    only_refused(story, before, ERR_STATE, "D1:");
    issue(story, &name, recommendation(), &other);
    before = snapshot(story);
    withdraw(story, "sri", other.id, "keliru");
    only_refused(story, before, ERR_STATE, "D1:");
    same_again(story);
}

/* ---- what the issue calls bad input ---- */
static void decision_lacks(struct story *story, const struct case_name *name,
                           void (*spoil)(struct document *), const char *rule)
{
    struct document wanted = decision(), document;
    struct drafted drafted, spoilt;
    assert_int_equal(draft(story, name, &wanted, &drafted, NULL), 0);
    assert_int_equal(
        document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL), 0);
    spoilt = drafted;
    spoil(&document);
    assert_int_equal(
        document_encode(&document, spoilt.bytes, sizeof spoilt.bytes, &spoilt.len, NULL), 0);
    struct memory_views *before = snapshot(story);
    propose(story, &spoilt, "sri", &story->sri);
    only_refused(story, before, story->out.code, rule);
}

static void no_authority(struct document *document)
{
    document->authority = (struct bytes){0};
}
static void no_number(struct document *document)
{
    document->decree_number = bytes_of_text("  ");
}
static void no_date(struct document *document)
{
    document->has_decree_date = false;
}
static void no_scan(struct document *document)
{
    static const uint8_t zeros[HASH_BYTES];
    document->decree_scan = bytes_of(zeros, sizeof zeros);
}
static void the_accused(struct document *document)
{
    document->authority = bytes_of_text("Bupati Terlapor Nomor0");
}
static void too_mild(struct document *document)
{
    document->sanction = bytes_of_text("MOR-BUKA");
}
static void old_version(struct document *document)
{
    document->case_version = 0;
}
static void no_such_old_one(struct document *document)
{
    document->supersedes = bytes_of_text("16-2024-000001-7f3a");
}

static void bad_decisions_name_their_rule(void **state)
{
    struct story *story = *state;
    struct drafted proposal;
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    struct document wanted = decision();
    assert_int_equal(draft(story, &name, &wanted, &proposal, NULL), 0);
    propose(story, &proposal, "sri", &story->sri);
    accepted(story);
    decision_lacks(story, &name, no_authority,
                   "D4: document 16-2024-000002-7f3a: a decision must "
                   "have authority");
    decision_lacks(story, &name, no_number, "must have decree_number");
    decision_lacks(story, &name, no_date, "must have decree_date");
    decision_lacks(story, &name, no_scan, "must have decree_scan");
    decision_lacks(story, &name, the_accused, "R11:");
    decision_lacks(story, &name, too_mild, "D11:");
    decision_lacks(story, &name, old_version, "D10:");
    decision_lacks(story, &name, no_such_old_one, "D5:");
    struct memory_views *before = snapshot(story);
    countersign(story, &proposal, "sri", &story->sri);
    only_refused(story, before, ERR_STATE, "D3:");
    before = snapshot(story);
    countersign(story, &proposal, "tono", &story->tono); /* the same person's other key */
    only_refused(story, before, ERR_STATE, "D3:");
    /* A report joins the case between the two officers. */
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    before = snapshot(story);
    countersign(story, &proposal, "budi", &story->budi);
    only_refused(story, before, ERR_STALE, "D10:");
}

static void an_expired_proposal_is_not_signed(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = decision();
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    struct case_name name = only_case(story);
    wanted.has_expires_ms = true;
    wanted.expires_ms = NOW_MS + 5; /* the second officer's moment */
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    struct memory_views *before = snapshot(story);
    countersign(story, &drafted, "budi", &story->budi);
    only_refused(story, before, ERR_STATE, "D2:");
    assert_int_equal(case_of(story, &name).state, CASE_RECEIVED);
}

/* ---- what those who filed are told ---- */
static void statuses_name_nobody(void **state)
{
    struct story *story = *state;
    struct drafted asked, decided, other;
    struct document wanted = decision();
    size_t statuses = 0;
    struct case_name name = recommended(story, &asked);
    size_t from = story->count;
    issue(story, &name, question(), &other);
    issue(story, &name, wanted, &decided);
    wanted.supersedes = bytes_of_text(decided.id);
    issue(story, &name, wanted, &other);
    advance(story, &name, case_of(story, &name).version, "closed");
    accepted(story);
    for (size_t i = 0; i < story->count; i++) {
        struct record *record = &story->journal[i];
        struct memory_views *memory = memory_views_new();
        struct views views = memory_views_driver(memory);
        static struct fold_output out;
        for (size_t j = 0; j <= i; j++) {
            arena_reset(story->arena);
            assert_int_equal(fold_entry(&story->config, &views, &story->journal[j].input,
                                        story->arena, &out, NULL),
                             0);
        }
        for (size_t j = 0; j < out.office_count; j++) {
            static const char *const never[] = {"Terlapor", NIP, "Dinas A", "Bupati", "Siti"};
            for (size_t k = 0; out.office[j].kind == ENTRY_STATUS && k < 5; k++) {
                assert_false(contains(out.office[j].body, never[k]));
            }
            statuses += out.office[j].kind == ENTRY_STATUS && record->input.position > from;
        }
        memory_views_free(memory);
    }
    assert_int_equal(statuses, 3); /* decided, decided anew, closed; nothing of the question */
}

static void reads_fail_loudly(void **state)
{
    struct story *story = *state;
    struct drafted drafted, second;
    struct document wanted = advisory("16");
    begin(story);
    issue(story, NULL, wanted, &drafted);
    wanted.supersedes = bytes_of_text(drafted.id);
    issue(story, NULL, wanted, &second);
    put_rung(story, "16.03", second.id, RUNG_KIND_STORED);
    put_rung(story, "16.03", drafted.id, RUNG_KIND_ACKNOWLEDGED);
    put_enrolment(story, 9, "16.03", true);
    issue(story, NULL, question(), &drafted);
    put_answer(story, "16.03", drafted.id, "ya", "Siti");
    withdraw(story, "budi", drafted.id, "keliru");
    assert_true(sweep_reads(story) > 40);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(an_advisory_goes_to_all),
        STORY(an_advisory_waits_for_the_first_node),
        STORY(only_an_advisory_is_for_all),
        STORY(an_expired_advisory_is_not_sent_any_more),
        STORY(what_expired_is_not_sent_to_a_new_box),
        STORY(a_question_is_answered),
        STORY(only_a_question_is_answered),
        STORY(a_decision_is_executed),
        STORY(what_is_replaced_is_not_acknowledged),
        STORY(an_advisory_to_all_is_replaced_at_each_node),
        STORY(a_proposal_is_withdrawn),
        STORY(bad_decisions_name_their_rule),
        STORY(an_expired_proposal_is_not_signed),
        STORY(statuses_name_nobody),
        STORY(reads_fail_loudly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
