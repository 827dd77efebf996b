/* The funnel: 489 persons reported, 278 proven (DOMAIN "What the seeds state"), counted by every
 * group; what is proven, and what is not. */
#define JOURNAL_MAX 2048u
#include "unit/core/cases/fold_story.h"

#include "core/cases/catalogue_view.h"
#include "core/cases/numbers.h"

#define REPORTED 489u
#define PROVEN 278u
#define DECIDED 120u
#define EXECUTED 40u
#define NOT_PROVEN 50u

/* Persons, numbered from `first`, of one act. */
static void put_persons(struct story *story, size_t first, size_t count)
{
    static struct subject subjects[SUBJECTS_MAX];
    static char texts[SUBJECTS_MAX][3][64];
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    struct report report = {.regency = bytes_of_text("16.07"),
                            .form = bytes_of_text("DS-04"),
                            .description = bytes_of_text("uraian"),
                            .channel = 1,
                            .has_occurred_on = true,
                            .occurred_on = 20000,
                            .has_known_on = true,
                            .known_on = 20001,
                            .subjects = subjects,
                            .subject_count = count,
                            .salt = {1}};
    for (size_t i = 0; i < count; i++) {
        size_t number = first + i;
        (void)snprintf(texts[i][0], sizeof texts[i][0], "Orang Ke%zu", number);
        (void)snprintf(texts[i][1], sizeof texts[i][1], "19800101200501%zu%03zu", number % 2 + 1,
                       number % 999 + 1);
        (void)snprintf(texts[i][2], sizeof texts[i][2],
                       number % 2 == 0 ? "Camat Ke%zu" : "Staf Dinas Ke%zu", number);
        subjects[i] = (struct subject){.name = bytes_of_text(texts[i][0]),
                                       .nip = bytes_of_text(texts[i][1]),
                                       .position = bytes_of_text(texts[i][2]),
                                       .unit = bytes_of_text("Kecamatan"),
                                       .employment = 1};
    }
    assert_int_equal(report_encode(&report, body, sizeof body, &len, NULL), 0);
    from_node(story, "16.07", ENTRY_REPORT, bytes_of(body, len));
}

static void issue(struct story *story, const struct case_name *name, const struct document *wanted,
                  struct drafted *drafted)
{
    struct err_ctx err = {.text = ""};
    if (draft(story, name, wanted, drafted, &err) != 0) {
        fail_msg("draft: %s", err.text);
    }
    propose(story, drafted, "sri", &story->sri);
    accepted(story);
    countersign(story, drafted, "budi", &story->budi);
    accepted(story);
}

static void not_proven(struct story *story, const struct case_name *name, bool closed)
{
    assign_to(story, "sri", name, case_of(story, name).version, "budi");
    accepted(story);
    advance(story, name, case_of(story, name).version, "clarification");
    accepted(story);
    advance(story, name, case_of(story, name).version, "not_proven");
    accepted(story);
    if (closed) {
        advance(story, name, case_of(story, name).version, "closed");
        accepted(story);
    }
}

static void numbers_all(struct story *story, enum numbers_by by, struct numbers *ret)
{
    static struct arena *arena;
    struct catalogue_view holding;
    if (arena == NULL) {
        arena = arena_new(CATALOGUE_ARENA_BYTES + CATALOGUE_BYTES_MAX);
        assert_non_null(arena);
    }
    arena_reset(arena);
    assert_int_equal(catalogue_view_get(&story->views, arena, &holding), 0);
    *ret = (struct numbers){.by = by, .catalogue = holding.catalogue};
    for (size_t i = 0; i < memory_views_count(story->memory, VIEW_CASES); i++) {
        struct bytes key, value;
        struct case_view view;
        memory_views_at(story->memory, VIEW_CASES, i, &key, &value);
        assert_int_equal(case_view_decode(value, &view), 0);
        numbers_add(ret, &view);
    }
}

static void is_row(const struct numbers_row *row, uint64_t reported, uint64_t proven,
                   uint64_t decided, uint64_t executed)
{
    assert_int_equal(row->reported, reported);
    assert_int_equal(row->proven, proven);
    assert_int_equal(row->decided, decided);
    assert_int_equal(row->executed, executed);
}

/* The groups of a kind add up to all. */
static void adds_up(struct story *story, enum numbers_by by, size_t groups)
{
    static struct numbers numbers;
    struct numbers_row sum = {.reported = 0};
    numbers_all(story, by, &numbers);
    assert_int_equal(numbers.count, groups);
    for (size_t i = 0; i < numbers.count; i++) {
        const struct numbers_row *row = &numbers.rows[i];
        sum.reported += row->reported;
        sum.proven += row->proven;
        sum.decided += row->decided;
        sum.executed += row->executed;
        assert_true(row->reported >= row->proven && row->proven >= row->decided &&
                    row->decided >= row->executed);
        assert_true(i == 0 || strcmp(numbers.rows[i - 1].group, row->group) < 0);
    }
    is_row(&numbers.total, sum.reported, sum.proven, sum.decided, sum.executed);
}

static void the_funnel_of_the_articles(void **state)
{
    struct story *story = *state;
    static struct numbers numbers;
    static struct case_name names[REPORTED];
    static struct drafted drafted;
    struct document wanted = recommendation(), decree = decision();
    begin(story);
    for (size_t at = 0; at < REPORTED; at += SUBJECTS_MAX) {
        put_persons(story, at, REPORTED - at < SUBJECTS_MAX ? REPORTED - at : SUBJECTS_MAX);
        accepted(story);
    }
    assert_int_equal(memory_views_count(story->memory, VIEW_CASES), REPORTED);
    for (size_t i = 0; i < REPORTED; i++) {
        struct bytes key, value;
        memory_views_at(story->memory, VIEW_CASES, i, &key, &value);
        memcpy(names[i].b, key.data, CASE_NAME_BYTES);
    }
    for (size_t i = 0; i < PROVEN; i++) {
        issue(story, &names[i], &wanted, &drafted);
        if (i < DECIDED) {
            issue(story, &names[i], &decree, &drafted);
        }
        if (i < EXECUTED) {
            put_rung(story, "16.07", drafted.id, RUNG_KIND_ACKNOWLEDGED);
            put_rung(story, "16.07", drafted.id, RUNG_KIND_EXECUTED);
            accepted(story);
        }
        if (i % 60 == 0 && i < DECIDED) { /* closed after the decree: it stays what it was */
            advance(story, &names[i], case_of(story, &names[i]).version, "closed");
            accepted(story);
        }
    }
    for (size_t i = PROVEN; i < PROVEN + NOT_PROVEN; i++) {
        not_proven(story, &names[i], i % 2 == 0);
    }
    numbers_all(story, NUMBERS_BY_NOTHING, &numbers);
    is_row(&numbers.total, REPORTED, PROVEN, DECIDED, EXECUTED);
    assert_int_equal(numbers.count, 1);
    adds_up(story, NUMBERS_BY_FORM, 1);
    adds_up(story, NUMBERS_BY_CLASS, 1);
    adds_up(story, NUMBERS_BY_REGENCY, 1);
    adds_up(story, NUMBERS_BY_PHASE, 1);
    adds_up(story, NUMBERS_BY_WEEK, 1);
    adds_up(story, NUMBERS_BY_POSITION, 2);
    numbers_all(story, NUMBERS_BY_POSITION, &numbers);
    assert_string_equal(numbers.rows[0].group, "camat");
    assert_string_equal(numbers.rows[1].group, "staf dinas");
    assert_int_equal(numbers.rows[0].reported, 245);
    same_again(story);
}

static void groups_of_a_case(void **state)
{
    struct story *story = *state;
    static struct numbers numbers;
    char group[NUMBERS_GROUP_CAPACITY];
    static const struct {
        enum numbers_by by;
        const char *group;
    } rows[] = {
        {NUMBERS_BY_NOTHING, "all"},
        {NUMBERS_BY_FORM, "DS-06"},
        {NUMBERS_BY_POSITION, "kepala dinas"},
        {NUMBERS_BY_CLASS, "pppk"},
        {NUMBERS_BY_PHASE, "pilkada-2024 after_determination during_campaign"},
        {NUMBERS_BY_REGENCY, "16.07"},
        {NUMBERS_BY_WEEK, "2024-W44"},
    };
    struct case_view view = {.form = bytes_of_text("DS-06"),
                             .position = bytes_of_text("  KEPALA  Dinas Uji"),
                             .nip = bytes_of_text("198203142024211007"),
                             .regency = bytes_of_text("16.07"),
                             .has_occurred_on = true,
                             .occurred_on = 20000, /* 2024-10-04 */
                             .opened_ms = NOW_MS};
    begin(story);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        numbers_all(story, rows[i].by, &numbers);
        assert_string_equal(numbers_group(&numbers, &view, group), rows[i].group);
    }
    view = (struct case_view){.position = bytes_of_text(" \t ")};
    for (enum numbers_by by = NUMBERS_BY_FORM; by <= NUMBERS_BY_REGENCY; by++) {
        numbers.by = by;
        assert_string_equal(numbers_group(&numbers, &view, group), "unknown");
    }
    /* Cut between letters, whatever the text is. */
    static const char longest[] =
        "éééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé";
    view.position = bytes_of_text(longest);
    numbers.by = NUMBERS_BY_POSITION;
    (void)numbers_group(&numbers, &view, group);
    assert_true(strlen(group) > 50 && utf8_valid(bytes_of_text(group)));
}

static void only_so_many_groups_and_days(void **state)
{
    (void)state;
    static struct numbers numbers;
    char form[16];
    numbers = (struct numbers){.by = NUMBERS_BY_FORM};
    for (size_t i = 0; i < NUMBERS_GROUPS_MAX + 7; i++) {
        (void)snprintf(form, sizeof form, "F-%05zu", (i * 7919) % 100000);
        struct case_view view = {.form = bytes_of_text(form)};
        numbers_add(&numbers, &view);
    }
    assert_int_equal(numbers.count, NUMBERS_GROUPS_MAX);
    assert_int_equal(numbers.others.reported, 7);
    assert_int_equal(numbers.total.reported, NUMBERS_GROUPS_MAX + 7);
    numbers = (struct numbers){.has_from = true, .from = 20028, .has_until = true, .until = 20028};
    for (int64_t hour = -30; hour <= 60; hour++) { /* around 2024-11-01, WIB */
        struct case_view view = {.opened_ms = NOW_MS + hour * 3600000};
        numbers_add(&numbers, &view);
    }
    assert_int_equal(numbers.total.reported, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_funnel_of_the_articles, story_open, story_close),
        cmocka_unit_test_setup_teardown(groups_of_a_case, story_open, story_close),
        cmocka_unit_test(only_so_many_groups_and_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
