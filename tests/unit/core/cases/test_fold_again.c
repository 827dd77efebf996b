/* The same journal again: the same views; and every read that fails, and too little memory. */
#include "unit/core/cases/fold_amended.h"

/* ---- again ---- */
/* Folds the whole journal into fresh views. planted: as if the first placement had been another. */
static struct memory_views *refold(struct story *story, bool recorded, const char *planted)
{
    struct memory_views *memory = memory_views_new();
    struct views views = memory_views_driver(memory);
    static struct placement placements[SUBJECTS_MAX];
    static struct fold_output out;
    for (size_t i = 0; i < story->count; i++) {
        struct record *record = &story->journal[i];
        struct fold_input input = record->input;
        arena_reset(story->arena);
        for (size_t j = 0; j < record->placement_count; j++) {
            struct bytes body = bytes_of(record->placements[j], record->placement_lens[j]);
            assert_int_equal(placement_decode(body, story->arena, &placements[j], NULL), 0);
            if (planted != NULL && placements[j].outcome == PLACEMENT_MERGED) {
                placements[j].case_name = bytes_of_text(planted);
            }
        }
        input.recorded = recorded ? placements : NULL;
        input.recorded_count = recorded ? record->placement_count : 0;
        assert_int_equal(fold_entry(&story->config, &views, &input, story->arena, &out, NULL), 0);
        assert_int_equal(out.placement_count, recorded ? 0 : record->placement_count);
    }
    return memory;
}

static void tell_it_all(struct story *story)
{
    struct drafted drafted;
    recommended(story, &drafted);
    put_report(story, (struct filed){"16.07", "k-1", "197005052000031002", NULL, NULL, 15});
    put_report(story, (struct filed){"16.07", "k-1", NIP, NULL, NULL, 1});
    put_report(story, (struct filed){"16.03", "k-2", NIP, NULL, NULL, 2});
    put_report(story, (struct filed){"16.03", "k-3", NIP, "17.01", NULL, 1});
    put_report(story, (struct filed){"16.03", "k-4", NIP, NULL, "DS-99", 1});
    put_rung(story, "16.03", drafted.id, RUNG_KIND_SHOWN);
    put_revocation(story, NODE_07);
    /* A log that goes on from theirs: what came, what another said, what is new. */
    put_genesis(story, 30, 9, 2, 9, false);
    for (size_t i = 0; i < 3; i++) {
        struct record *said = &story->journal[8 + i];
        put_in(story, 30, 2 + i, "16.03", said->input.kind, said->input.body);
    }
    const struct said said = {.key = "k-1", .subjects = {{"Hasan", OTHER_NIP}, {"Siti", NIP}}};
    amend(story, &(struct entry_id){.incarnation = {{9}}, .seq = 2}, &said);
    accepted(story);
    take_back(story, &(struct entry_id){.incarnation = {{9}}, .seq = 1});
    accepted(story);
}

static void the_same_journal_gives_the_same_views(void **state)
{
    struct story *story = *state;
    tell_it_all(story);
    struct memory_views *again = refold(story, true, NULL);
    assert_null(memory_views_differ(story->memory, again));
    memory_views_free(again);
    /* Matching anew gives the same too: it is deterministic. */
    again = refold(story, false, NULL);
    assert_null(memory_views_differ(story->memory, again));
    memory_views_free(again);
}

static void recorded_placements_are_not_matched_again(void **state)
{
    struct story *story = *state;
    char text[CASE_TEXT_CAPACITY];
    struct case_name first, second;
    begin(story);
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, NULL, 1});
    case_name_of(&story->journal[3].input.id, 0, &first);
    put_report(story, (struct filed){"16.07", NULL, "197005052000031002", NULL, NULL, 1});
    case_name_of(&story->journal[4].input.id, 0, &second);
    put_report(story, (struct filed){"16.07", NULL, NIP, NULL, NULL, 1});
    assert_int_equal(story->out.placements[0].outcome, PLACEMENT_MERGED);
    assert_int_equal(case_of(story, &first).report_count, 2);
    /* The journal says the third went to the second case, and so it does. */
    struct memory_views *planted = refold(story, true, case_name_text(&second, text));
    assert_string_equal(memory_views_differ(story->memory, planted), "placements");
    struct views views = memory_views_driver(planted);
    struct bytes value;
    struct case_view view;
    assert_int_equal(views.get(views.arg, VIEW_CASES, bytes_of(second.b, CASE_NAME_BYTES), &value),
                     0);
    assert_int_equal(case_view_decode(value, &view), 0);
    assert_int_equal(view.report_count, 2);
    memory_views_free(planted);
}

/* ---- storage and memory ---- */
static void every_failed_read_comes_through(void **state)
{
    struct story *story = *state;
    tell_it_all(story);
    assert_true(sweep_reads(story) > 60);
}

/* In an arena too small an entry is an error, or too big; nothing is written past it. */
static void a_small_arena_is_an_error(void **state)
{
    struct story *story = *state;
    static struct fold_output out;
    size_t failed = 0;
    tell_it_all(story);
    for (size_t size = 1; size < 65536; size += 512) {
        struct arena *arena = arena_new(size);
        struct memory_views *memory = memory_views_new();
        struct views views = memory_views_driver(memory);
        assert_non_null(arena);
        memory_views_copy(memory, story->memory);
        int status =
            fold_entry(&story->config, &views, &story->journal[3].input, arena, &out, NULL);
        assert_true(status == ERR_NOMEM || (status == 0 && out.code == ERR_LIMIT) ||
                    (status == 0 && out.code == 0 && failed > 0));
        failed += status != 0 || out.code != 0;
        memory_views_free(memory);
        arena_free(arena);
    }
    assert_true(failed > 0);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, story_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(the_same_journal_gives_the_same_views),
        STORY(recorded_placements_are_not_matched_again),
        STORY(every_failed_read_comes_through),
        STORY(a_small_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
