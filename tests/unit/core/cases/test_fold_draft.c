/* Slips an officer would not want to sign: caught while drafting, and only there. */
#include "unit/core/cases/fold_story.h"

#define TODAY ((int32_t)(NOW_MS / 86400000)) /* NOW_MS is 07:00 in WIB */
#define HOUR_MS 3600000
#define SEE "is no code of the catalogue: see sanctions.csv of the one that holds"

static struct case_name one_case(struct story *story)
{
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "16.03", NULL, 1});
    accepted(story);
    return only_case(story);
}

static void catches(struct story *story, const struct case_name *name,
                    const struct document *wanted, int64_t now_ms, const char *text)
{
    struct drafted drafted;
    struct err_ctx err = {.text = ""};
    assert_int_equal(draft_at(story, name, wanted, now_ms, &drafted, &err), ERR_VALUE);
    if (strstr(err.text, text) == NULL) {
        fail_msg("'%s' does not say '%s'", err.text, text);
    }
}

static void takes(struct story *story, const struct case_name *name, const struct document *wanted,
                  int64_t now_ms)
{
    struct drafted drafted;
    struct err_ctx err = {.text = ""};
    if (draft_at(story, name, wanted, now_ms, &drafted, &err) != 0) {
        fail_msg("refused: %s", err.text);
    }
}

static void a_sanction_is_a_code_of_the_catalogue(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct document asked = recommendation(), decided = decision();
    asked.sanction = decided.sanction = bytes_of_text("NOPE");
    catches(story, &name, &asked, NOW_MS, "sanction: 'NOPE' " SEE);
    catches(story, &name, &decided, NOW_MS, "sanction: 'NOPE' " SEE);
    asked.sanction = bytes_of_text("ber-bebas");
    catches(story, &name, &asked, NOW_MS, "sanction: 'ber-bebas' " SEE);
    asked.sanction = bytes_of_text("BER-BEBAS ");
    catches(story, &name, &asked, NOW_MS, "sanction: this " SEE);
    asked.sanction = decided.sanction = bytes_of_text("BER-BEBAS");
    takes(story, &name, &asked, NOW_MS);
    takes(story, &name, &decided, NOW_MS);
    decided.sanction = (struct bytes){0};
    decided.text = bytes_of_text("Tidak terbukti.");
    takes(story, &name, &decided, NOW_MS);
}

static void only_what_looks_like_a_code_is_echoed(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct document wanted = recommendation();
    const char *const hidden[] = {
        "ABCDEFGHIJKLMNOPQRSTU", "A\x1b[31mB", "A'B", "A\nB", "\xc3\x84", " "};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        wanted.sanction = bytes_of_text(hidden[i]);
        catches(story, &name, &wanted, NOW_MS, "sanction: this " SEE);
    }
    wanted.sanction = bytes_of_text("ABCDEFGHIJKLMNOPQRST");
    catches(story, &name, &wanted, NOW_MS, "sanction: 'ABCDEFGHIJKLMNOPQRST' " SEE);
}

static void a_decree_is_not_of_tomorrow(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct document wanted = decision();
    wanted.decree_date = TODAY;
    takes(story, &name, &wanted, NOW_MS);
    wanted.decree_date = TODAY + 1;
    catches(story, &name, &wanted, NOW_MS, "decree_date: 2024-11-02 is after today, 2024-11-01");
    /* Midnight of the province is 17:00 UTC. */
    catches(story, &name, &wanted, NOW_MS + 17 * HOUR_MS - 1, "is after today, 2024-11-01");
    takes(story, &name, &wanted, NOW_MS + 17 * HOUR_MS);
}

static void an_answer_is_not_asked_for_by_yesterday(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct document asked = recommendation(), decided = decision();
    asked.respond_by = TODAY - 1;
    catches(story, &name, &asked, NOW_MS, "respond_by: 2024-10-31 is before today, 2024-11-01");
    asked.respond_by = TODAY;
    takes(story, &name, &asked, NOW_MS + 17 * HOUR_MS - 1);
    catches(story, &name, &asked, NOW_MS + 17 * HOUR_MS,
            "respond_by: 2024-11-01 is before today, 2024-11-02");
    decided.has_respond_by = true; /* by when it was to be carried out: may be over */
    decided.respond_by = TODAY - 1;
    takes(story, &name, &decided, NOW_MS);
}

static void a_clock_without_a_day_drafts_nothing(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct document wanted = recommendation();
    const int64_t clocks[] = {INT64_MIN, -1, INT64_MAX};
    for (size_t i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        catches(story, &name, &wanted, clocks[i], "the clock shows no possible day");
    }
}

/* An act of a time with another catalogue and another day is folded as it was then. */
static void acts_are_folded_without_the_catalogue(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct document wanted = decision(), document;
    struct drafted drafted;
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    assert_int_equal(
        document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL), 0);
    document.sanction = bytes_of_text("NOPE");
    document.catalogue = bytes_of_text("of another time");
    document.decree_date = TODAY + 1000;
    struct drafted old = drafted;
    assert_int_equal(document_encode(&document, old.bytes, sizeof old.bytes, &old.len, NULL), 0);
    propose(story, &old, "sri", &story->sri);
    accepted(story);
    countersign(story, &old, "budi", &story->budi);
    accepted(story);
    assert_int_equal(case_of(story, &name).state, CASE_DECIDED);
}

/* What the draft would have refused, signed by an officer's own program. */
static void proposed(struct story *story, const struct case_name *name, const char *sanction,
                     const char *authority)
{
    struct document wanted = decision(), document;
    struct drafted drafted;
    assert_int_equal(draft(story, name, &wanted, &drafted, NULL), 0);
    assert_int_equal(
        document_decode(bytes_of(drafted.bytes, drafted.len), story->arena, &document, NULL), 0);
    document.sanction = bytes_of_text(sanction);
    document.authority = bytes_of_text(authority);
    struct drafted made = drafted;
    assert_int_equal(document_encode(&document, made.bytes, sizeof made.bytes, &made.len, NULL), 0);
    propose(story, &made, "sri", &story->sri);
}

static void the_catalogue_permits_or_nothing_changes(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    const char *const never[] = {"SED-6", "MOR-BUKA", "PTDH", "REFER", "NOPE"};
    struct document asked = recommendation();
    asked.sanction = bytes_of_text("MOR-BUKA");
    catches(story, &name, &asked, NOW_MS,
            "sanction: DS-06, berat, pns: the catalogue permits BER-TURUN, BER-BEBAS, BER-PDHTAPS");
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        proposed(story, &name, never[i], "Bupati Muara Enim");
        refused(story, ERR_VALUE, "the catalogue permits BER-TURUN");
        assert_int_equal(memory_views_count(story->memory, VIEW_DOCUMENTS), 0);
        assert_int_equal(memory_views_count(story->memory, VIEW_REFUSED), i + 1);
    }
    proposed(story, &name, "BER-PDHTAPS", "Bupati Muara Enim");
    accepted(story);
}

static void the_accused_does_not_decide(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    char authority[300];
    struct case_view view = case_of(story, &name);
    (void)snprintf(authority, sizeof authority, "Plt. Bupati, H. %.*s, S.H.", (int)view.name.len,
                   (const char *)view.name.data);
    proposed(story, &name, "BER-BEBAS", authority);
    refused(story, ERR_STATE, "the accused does not decide");
    assert_int_equal(memory_views_count(story->memory, VIEW_DOCUMENTS), 0);
    struct document asked = recommendation();
    struct drafted drafted;
    asked.authority = bytes_of_text(authority);
    assert_int_equal(draft(story, &name, &asked, &drafted, NULL), ERR_STATE);
}

/* The aggregator's record of what it would not draft: whatever it says, it is no proposal. */
static void what_nobody_signed_is_an_attempt(void **state)
{
    struct story *story = *state;
    struct case_name name = one_case(story);
    struct document wanted = recommendation();
    struct drafted drafted;
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    struct act act = {.officer = bytes_of_text("sri"),
                      .at_ms = NOW_MS,
                      .has_case_version = true,
                      .case_version = drafted.version,
                      .type = ACT_PROPOSE,
                      .propose = {.document = bytes_of(drafted.bytes, drafted.len)}};
    put_act(story, &act);
    refused(story, ERR_VALUE, "a proposal carries one signature");
    assert_int_equal(memory_views_count(story->memory, VIEW_DOCUMENTS), 0);
    assert_int_equal(case_of(story, &name).version, drafted.version);
    same_again(story);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_sanction_is_a_code_of_the_catalogue),
        STORY(only_what_looks_like_a_code_is_echoed),
        STORY(a_decree_is_not_of_tomorrow),
        STORY(an_answer_is_not_asked_for_by_yesterday),
        STORY(a_clock_without_a_day_drafts_nothing),
        STORY(acts_are_folded_without_the_catalogue),
        STORY(the_catalogue_permits_or_nothing_changes),
        STORY(the_accused_does_not_decide),
        STORY(what_nobody_signed_is_an_attempt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
