/* Rings, enrolments, reports, zero reports: what is applied, what is refused, and who is told. */
#include "unit/core/cases/fold_story.h"

/* ---- trust ---- */
static void rings_only_rise(void **state)
{
    struct story *story = *state;
    struct bytes value;
    put_ring(story, &story->sri, 1, KEY_ACTIVE);
    refused(story, ERR_SIGNATURE, "root key");
    assert_int_equal(story->out.office_count, 0);
    put_ring(story, &story->root, 2, KEY_ACTIVE);
    accepted(story);
    put_ring(story, &story->root, 2, KEY_RETIRED);
    refused(story, ERR_STALE, "number 2");
    put_ring(story, &story->root, 1, KEY_RETIRED);
    refused(story, ERR_STALE, "number 1");
    assert_int_equal(story->views.get(story->views.arg, VIEW_META, bytes_of_text("ring"), &value),
                     0);
    assert_true(bytes_equal(value, story->journal[1].input.body));
    assert_int_equal(memory_views_count(story->memory, VIEW_REFUSED), 3);
}

static void enrolment_begins_with_the_ring(void **state)
{
    struct story *story = *state;
    put_enrolment(story, NODE_07, "16.07", true);
    refused(story, ERR_STATE, "no key ring");
    put_ring(story, &story->root, 1, KEY_ACTIVE);
    put_enrolment(story, NODE_07, "16.07", false);
    accepted(story);
    assert_int_equal(story->out.office_count, 0);
    put_enrolment(story, NODE_07, "16.07", true);
    accepted(story);
    assert_int_equal(story->out.office_count, 1);
    assert_true(
        bytes_equal(office_is(story, 0, ENTRY_RING, NODE_07), story->journal[1].input.body));
    assert_string_equal(story->out.office[0].regency, "16.07");
    put_enrolment(story, NODE_07, "16.07", true); /* again: nothing new */
    accepted(story);
    assert_int_equal(story->out.office_count, 0);
    put_enrolment(story, NODE_07, "16.07", false);
    refused(story, ERR_STATE, "active");
    put_enrolment(story, NODE_07, "16.03", true);
    refused(story, ERR_EXISTS, "another box");
    put_enrolment(story, 8, "17.01", true);
    refused(story, ERR_KEY, "17.01");
    put_enrolment(story, 8, "16.99", true);
    refused(story, ERR_VALUE, "16.99");
    /* The next ring goes to everyone. */
    put_enrolment(story, NODE_03, "16.03", true);
    put_ring(story, &story->root, 2, KEY_ACTIVE);
    accepted(story);
    assert_int_equal(story->out.office_count, 2);
    office_is(story, 0, ENTRY_RING, NODE_03);
    office_is(story, 1, ENTRY_RING, NODE_07);
}

static void retired_keys_enrol_nobody(void **state)
{
    struct story *story = *state;
    put_ring(story, &story->root, 1, KEY_RETIRED);
    put_enrolment(story, NODE_07, "16.07", true);
    refused(story, ERR_KEY, "no longer active");
}

static void revocation_ends_an_enrolment(void **state)
{
    struct story *story = *state;
    begin(story);
    put_revocation(story, 99);
    refused(story, ERR_NOT_FOUND, "99");
    put_revocation(story, NODE_07);
    accepted(story);
    put_enrolment(story, NODE_07, "16.07", true);
    refused(story, ERR_STATE, "revoked");
    put_ring(story, &story->root, 2, KEY_ACTIVE);
    assert_int_equal(story->out.office_count, 1);
    office_is(story, 0, ENTRY_RING, NODE_03);
}

/* ---- reports ---- */
static void fifteen_subjects_fifteen_cases(void **state)
{
    struct story *story = *state;
    begin(story);
    put_report(story, (struct filed){"16.07", "k-1", NIP, NULL, NULL, 15});
    accepted(story);
    assert_int_equal(story->out.placement_count, 15);
    assert_int_equal(story->out.office_count, 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), 15);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASE_NUMBERS), 15);
    assert_int_equal(memory_views_count(story->memory, VIEW_PLACEMENTS), 15);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASE_REPORTS), 15);
    struct case_name name;
    case_name_of(&story->journal[3].input.id, 0, &name);
    struct case_view view = case_of(story, &name);
    assert_int_equal(view.number, 1);
    assert_int_equal(view.version, 1);
    assert_int_equal(view.state, CASE_RECEIVED);
    assert_int_equal(view.report_count, 1);
    assert_true(bytes_equal(view.nip, bytes_of_text(NIP)));
    assert_true(bytes_equal(view.regency, bytes_of_text("16.07")));
    /* One of them again: its case counts two reports and rises. */
    put_report(story, (struct filed){"16.07", "k-2", NIP, NULL, NULL, 1});
    accepted(story);
    view = case_of(story, &name);
    assert_int_equal(view.version, 2);
    assert_int_equal(view.report_count, 2);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), 15);
}

static void one_key_counts_once(void **state)
{
    struct story *story = *state;
    begin(story);
    put_report(story, (struct filed){"16.07", "k-1", NIP, NULL, NULL, 1});
    put_report(story, (struct filed){"16.07", "k-1", NIP, NULL, NULL, 2});
    accepted(story);
    assert_int_equal(story->out.placement_count, 0);
    assert_int_equal(story->out.office_count, 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), 1);
    assert_int_equal(memory_views_count(story->memory, VIEW_REPORTS), 2);
    struct bytes key, value;
    struct report_view view;
    memory_views_at(story->memory, VIEW_REPORTS, 1, &key, &value);
    assert_int_equal(report_view_decode(value, &view), 0);
    assert_int_equal(view.state, REPORT_REPEATED_KEY);
    /* The same key of another regency is another key. */
    put_report(story, (struct filed){"16.03", "k-1", NIP, NULL, NULL, 1});
    assert_int_equal(story->out.placement_count, 1);
}

static void refused_contents_are_told(void **state)
{
    struct story *story = *state;
    struct refusal refusal;
    struct refused_view record;
    struct bytes key, value;
    begin(story);
    put_report(story, (struct filed){"16.07", "k-1", NIP, NULL, "DS-99", 1});
    refused(story, ERR_VALUE, "form: ");
    assert_int_equal(story->out.office_count, 1);
    struct bytes body = office_is(story, 0, ENTRY_REFUSAL, NODE_07);
    assert_int_equal(refusal_decode(body, story->arena, &refusal, NULL), 0);
    assert_true(bytes_equal(refusal.code, bytes_of_text("ERR_VALUE")));
    assert_true(bytes_equal(refusal.text, bytes_of_text(story->out.text)));
    assert_memory_equal(&refusal.entry, &story->journal[3].input.id, sizeof refusal.entry);
    assert_false(refusal.has_subject);
    memory_views_at(story->memory, VIEW_REFUSED, 0, &key, &value);
    assert_int_equal(refused_view_decode(value, &record), 0);
    assert_int_equal(get_be64(key.data), 4);
    assert_memory_equal(&record.id, &story->journal[3].input.id, sizeof record.id);
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), 0);
    /* A refused report does not use up its key. */
    put_report(story, (struct filed){"16.07", "k-1", NIP, NULL, NULL, 1});
    assert_int_equal(story->out.placement_count, 1);
    /* Bytes that are no report at all. */
    from_node(story, "16.07", ENTRY_REPORT, bytes_of_text("\xff\xff garbage"));
    assert_int_not_equal(story->out.code, 0);
    office_is(story, 0, ENTRY_REFUSAL, NODE_07);
}

static void a_node_reports_for_its_own_regency(void **state)
{
    struct story *story = *state;
    uint8_t body[ENTRY_BYTES_MAX];
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, NULL, 1});
    struct bytes of_07 = story->journal[3].input.body;
    memcpy(body, of_07.data, of_07.len);
    from_node(story, "16.03", ENTRY_REPORT, bytes_of(body, of_07.len));
    refused(story, ERR_VALUE, "regency: ");
}

static void other_provinces_are_rerouted(void **state)
{
    struct story *story = *state;
    struct status status;
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "17.01", NULL, 1});
    accepted(story);
    assert_int_equal(story->out.placements[0].outcome, PLACEMENT_REROUTED);
    struct bytes body = office_is(story, 0, ENTRY_STATUS, NODE_07);
    assert_int_equal(status_decode(body, story->arena, &status, NULL), 0);
    assert_true(bytes_equal(status.state, bytes_of_text("rerouted")));
    assert_true(contains(status.text, "17.01"));
    assert_false(contains(body, "Terlapor"));
    assert_false(contains(body, NIP));
    struct case_name name = only_case(story);
    assert_int_equal(case_of(story, &name).state, CASE_REROUTED);
    /* The same person under our province is not lost in that case. */
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, NULL, 1});
    assert_int_equal(story->out.placements[0].outcome, PLACEMENT_NEW);
}

static void one_rerouted_case_by_two_routes(void **state)
{
    struct story *story = *state;
    struct status status;
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, "17.01", NULL, 1});
    struct case_name name = only_case(story);
    put_report(story, (struct filed){"16.03", NULL, NIP, "17.01", NULL, 1});
    accepted(story);
    assert_int_equal(story->out.placements[0].outcome, PLACEMENT_REROUTED);
    struct case_view view = case_of(story, &name);
    assert_int_equal(view.report_count, 2);
    assert_int_equal(view.state, CASE_REROUTED);
    struct bytes body = office_is(story, 0, ENTRY_STATUS, NODE_03); /* this one is told too */
    assert_int_equal(status_decode(body, story->arena, &status, NULL), 0);
    assert_true(contains(status.text, "17.01"));
    /* Of another province again, or another act: another case. */
    put_report(story, (struct filed){"16.03", NULL, NIP, "18.01", NULL, 1});
    assert_int_equal(case_of(story, &name).report_count, 2);
    put_report(story, (struct filed){"16.03", NULL, NIP, "17.01", "DS-09", 1});
    assert_int_equal(case_of(story, &name).report_count, 2);
}

static void zeros_are_kept(void **state)
{
    struct story *story = *state;
    uint8_t body[256];
    size_t len = 0;
    struct zero_report zero = {.regency = bytes_of_text("16.07"),
                               .stated_name = bytes_of_text("Sekretaris"),
                               .from = 19844,
                               .until = 19874,
                               .scope = 1,
                               .salt = {1}};
    begin(story);
    assert_int_equal(zero_report_encode(&zero, body, sizeof body, &len, NULL), 0);
    from_node(story, "16.07", ENTRY_ZERO, bytes_of(body, len));
    accepted(story);
    struct bytes key, value;
    struct zero_view view;
    assert_int_equal(memory_views_count(story->memory, VIEW_ZEROS), 1);
    memory_views_at(story->memory, VIEW_ZEROS, 0, &key, &value);
    assert_int_equal(key.len, 6 + 4 + 4 + 1 + 8);
    assert_int_equal(get_be32(key.data + 6), 19844);
    assert_int_equal(zero_view_decode(value, &view), 0);
    assert_true(bytes_equal(view.stated_name, zero.stated_name));
    from_node(story, "16.03", ENTRY_ZERO, bytes_of(body, len));
    refused(story, ERR_VALUE, "regency: ");
    office_is(story, 0, ENTRY_REFUSAL, NODE_03);
}

/* ---- who may write what ---- */
static void kinds_come_from_their_writers(void **state)
{
    struct story *story = *state;
    static const uint16_t of_the_province[] = {ENTRY_DOCUMENT,   ENTRY_STATUS,    ENTRY_REFUSAL,
                                               ENTRY_RING,       ENTRY_OBJECT,    ENTRY_ENROLMENT,
                                               ENTRY_REVOCATION, ENTRY_PLACEMENT, ENTRY_ACT,
                                               ENTRY_REJECTED,   ENTRY_CATALOGUE};
    static const uint16_t of_nodes[] = {ENTRY_REPORT,     ENTRY_ZERO, ENTRY_AMENDMENT,
                                        ENTRY_WITHDRAWAL, ENTRY_RUNG, ENTRY_ANSWER,
                                        ENTRY_RETURNED};
    begin(story);
    for (size_t i = 0; i < sizeof of_the_province / sizeof of_the_province[0]; i++) {
        from_node(story, "16.07", of_the_province[i], story->journal[0].input.body);
        refused(story, ERR_KEY, "province");
        office_is(story, 0, ENTRY_REFUSAL, NODE_07);
    }
    for (size_t i = 0; i < sizeof of_nodes / sizeof of_nodes[0]; i++) {
        from_province(story, of_nodes[i], bytes_of_text("x"));
        refused(story, ERR_KEY, "node");
        assert_int_equal(story->out.office_count, 0);
    }
    /* Unknown kinds, and those of a later version, are kept without a word. */
    static const uint16_t quiet[] = {ENTRY_GENESIS, 999};
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++) {
        from_node(story, "16.07", quiet[i], bytes_of_text("x"));
        accepted(story);
        assert_int_equal(story->out.office_count, 0);
    }
    assert_int_equal(memory_views_count(story->memory, VIEW_REFUSED), 18);
}

static void erased_entries_are_passed(void **state)
{
    struct story *story = *state;
    begin(story);
    struct fold_input input = {.id = {.incarnation = {{9}}, .seq = 1},
                               .kind = ENTRY_REPORT,
                               .owner = bytes_of_text("16.07"),
                               .enrolment = NODE_07,
                               .erased = true};
    append(story, input, bytes_of_text("x"));
    accepted(story);
    assert_int_equal(memory_views_count(story->memory, VIEW_REPORTS), 0);
}

static void what_ended_the_applier_is_recorded(void **state)
{
    struct story *story = *state;
    uint8_t body[256];
    size_t len = 0;
    struct bytes key, value;
    struct refused_view view;
    struct rejected rejected = {
        .position = 77, .code = bytes_of_text("crash"), .text = bytes_of_text("twice")};
    assert_int_equal(rejected_encode(&rejected, body, sizeof body, &len, NULL), 0);
    from_province(story, ENTRY_REJECTED, bytes_of(body, len));
    accepted(story);
    memory_views_at(story->memory, VIEW_REFUSED, 0, &key, &value);
    assert_int_equal(get_be64(key.data), 77);
    assert_int_equal(refused_view_decode(value, &view), 0);
    assert_true(bytes_equal(view.code, rejected.code));
}

/* Whatever is in it: nobody looks. Its REJECTED entry, later, does not hide whose it was. */
static void what_cannot_be_folded_is_passed(void **state)
{
    struct story *story = *state;
    struct bytes key, value;
    struct refused_view view;
    struct refusal refusal;
    struct bytes code = bytes_of_text("crash");
    struct fold_input input = {.position = 77,
                               .id = {.seq = 5},
                               .kind = ENTRY_REPORT,
                               .body = bytes_of_text("x"),
                               .owner = bytes_of_text("16.07"),
                               .enrolment = NODE_07};
    arena_reset(story->arena);
    assert_int_equal(fold_passed(&story->views, &input, code, bytes_of_text("twice"), story->arena,
                                 &story->out, NULL),
                     0);
    assert_int_equal(memory_views_count(story->memory, VIEW_REPORTS), 1);
    assert_int_equal(story->out.placement_count, 0);
    assert_int_equal(story->out.office_count, 1);
    assert_int_equal(story->out.office[0].kind, ENTRY_REFUSAL);
    assert_int_equal(story->out.office[0].enrolment, NODE_07);
    assert_int_equal(refusal_decode(story->out.office[0].body, story->arena, &refusal, NULL), 0);
    assert_true(bytes_equal(refusal.code, code));
    assert_int_equal(refusal.entry.seq, 5);
    what_ended_the_applier_is_recorded(state);
    memory_views_at(story->memory, VIEW_REFUSED, 0, &key, &value);
    assert_int_equal(refused_view_decode(value, &view), 0);
    assert_int_equal(view.id.seq, 5);
    input.own = true;
    input.kind = ENTRY_ACT;
    assert_int_equal(
        fold_passed(&story->views, &input, code, code, story->arena, &story->out, NULL), 0);
    assert_int_equal(story->out.office_count, 0);
    assert_int_not_equal(story->out.code, 0);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(rings_only_rise),
        STORY(enrolment_begins_with_the_ring),
        STORY(retired_keys_enrol_nobody),
        STORY(revocation_ends_an_enrolment),
        STORY(fifteen_subjects_fifteen_cases),
        STORY(one_key_counts_once),
        STORY(refused_contents_are_told),
        STORY(a_node_reports_for_its_own_regency),
        STORY(other_provinces_are_rerouted),
        STORY(one_rerouted_case_by_two_routes),
        STORY(zeros_are_kept),
        STORY(kinds_come_from_their_writers),
        STORY(erased_entries_are_passed),
        STORY(what_ended_the_applier_is_recorded),
        STORY(what_cannot_be_folded_is_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
