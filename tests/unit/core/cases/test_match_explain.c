/* A judgement explains itself: the parts add up to the score, and what keeps two apart is named. */
#include "lib/cmocka_all.h"

#include "core/base/text.h"
#include "core/cases/match_explain.h"
#include "core/wire/report_json.h"
#include "unit/core/cases/match_labelled.h"

#include <string.h>

#define SEED 1607u
#define GROUPS 60u

struct fixture {
    struct arena *lines, *arena;
};

static int open_all(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->lines = arena_new(PARSE_ARENA_BYTES);
    fixture->arena = arena_new(PARSE_ARENA_BYTES);
    assert_non_null(fixture->lines);
    assert_non_null(fixture->arena);
    *state = fixture;
    return 0;
}

static int close_all(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->lines);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static void traits_read(struct fixture *fixture, const char *json, struct traits *ret)
{
    struct report_line line;
    struct field_error error = {.field = ""};
    arena_reset(fixture->lines);
    if (report_line_read(bytes_of_text(json), fixture->lines, &line, &error) != 0) {
        fail_msg("%s: %s: %s", json, error.field, error.reason);
    }
    traits_of(&line.report, 0, ret);
}

/* ---- the parts are the whole ---- */
static void check_sum(const struct judgement *judgement)
{
    int32_t sum = 0;
    for (size_t i = 0; i < MATCH_FIELD_COUNT; i++) {
        const struct match_found *found = &judgement->fields[i];
        sum += found->share_milli;
        if (found->share_milli > 0 && i != MATCH_DAY && i != MATCH_FORM && i != MATCH_NAME) {
            assert_true(found->finding == FOUND_EQUAL || found->finding == FOUND_NEAR);
        }
    }
    assert_int_equal(sum, (int32_t)judgement->score_milli);
    assert_non_null(judgement->rule);
    bool apart = strncmp(judgement->rule, "other_", 6) == 0;
    assert_int_equal(apart, judgement->verdict == VERDICT_OTHER);
    assert_int_equal(sum == 0, judgement->verdict == VERDICT_OTHER);
}

static void the_shares_add_up(void **state)
{
    static struct labelled rows[LABELLED_MAX];
    static struct traits traits[LABELLED_MAX];
    size_t verdicts[VERDICT_SAME + 1] = {0};
    struct judgement judgement;
    print_message("seed %u\n", SEED);
    size_t count = labelled_make(SEED, GROUPS, rows);
    for (size_t i = 0; i < count; i++) {
        traits_read(*state, rows[i].json, &traits[i]);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            match_judge(&traits[i], &traits[j], &judgement);
            check_sum(&judgement);
            verdicts[judgement.verdict]++;
        }
    }
    assert_true(verdicts[VERDICT_OTHER] > 100 && verdicts[VERDICT_MAYBE] > 10 &&
                verdicts[VERDICT_SAME] > 100);
}

/* ---- every rule that keeps two apart, and what it was found by ---- */
#define REPORT(day, rest, subject)                                                                 \
    "{\"regency\":\"16.07\",\"channel\":\"citizen\",\"occurred_on\":\"" day                        \
    "\",\"known_on\":\"2024-11-30\",\"description\":\"uraian\"," rest ",\"subjects\":[{" subject   \
    "}]}"
#define FORM "\"form\":\"DS-06\""
#define BUDI "\"name\":\"Budi Santoso\",\"unit\":\"Dinas Sosial\""
#define NIP(last) ",\"nip\":\"19820314200604100" last "\""

struct apart {
    const char *one, *other, *rule;
    enum match_field field;
};
static const struct apart aparts[] = {
    {REPORT("2024-10-03", FORM, BUDI NIP("7")), REPORT("2024-10-03", FORM, BUDI NIP("8")),
     "other_number", MATCH_NIP},
    {REPORT("2024-10-03", FORM, BUDI), REPORT("2024-10-03", FORM, "\"name\":\"Ratna Dewi\""),
     "other_name", MATCH_NAME},
    {REPORT("2024-10-03", FORM, BUDI),
     REPORT("2024-10-03", FORM, "\"name\":\"Budi Santoso\",\"unit\":\"Satpol PP\""), "other_unit",
     MATCH_UNIT},
    {REPORT("2024-10-03", FORM, BUDI), REPORT("2024-10-03", FORM, BUDI ",\"regency\":\"16.03\""),
     "other_regency", MATCH_REGENCY},
    {REPORT("2024-09-18", FORM, BUDI NIP("7")), REPORT("2024-10-03", FORM, BUDI NIP("7")),
     "other_side", MATCH_SIDE},
    {REPORT("2024-10-03", FORM ",\"place\":\"GOR Betung\"", BUDI NIP("7")),
     REPORT("2024-10-03", FORM ",\"place\":\"Pasar Sekayu\"", BUDI NIP("7")), "other_place",
     MATCH_PLACE},
    {REPORT("2024-10-03", FORM ",\"url\":\"https://facebook.com/groups/1/posts/11\"", BUDI),
     REPORT("2024-10-03", FORM ",\"url\":\"https://facebook.com/groups/1/posts/12\"", BUDI),
     "other_post", MATCH_LINK},
    {REPORT("2024-10-03", FORM, BUDI NIP("7")), REPORT("2024-10-23", FORM, BUDI NIP("7")),
     "other_day", MATCH_DAY},
    {REPORT("2024-10-03", FORM, BUDI NIP("7")),
     REPORT("2024-10-03", "\"form\":\"DS-12\"", BUDI NIP("7")), "other_kind", MATCH_FORM},
};

static void what_keeps_apart_is_named(void **state)
{
    for (size_t i = 0; i < sizeof aparts / sizeof aparts[0]; i++) {
        const struct apart *apart = &aparts[i];
        struct traits one, other;
        struct judgement judgement;
        traits_read(*state, apart->one, &one);
        traits_read(*state, apart->other, &other);
        match_judge(&one, &other, &judgement);
        assert_string_equal(judgement.rule, apart->rule);
        assert_int_equal(judgement.verdict, VERDICT_OTHER);
        assert_int_equal(judgement.fields[apart->field].finding, FOUND_DIFFERENT);
        match_judge(&one, &one, &judgement); /* the field alone makes the difference */
        assert_int_not_equal(judgement.fields[apart->field].finding, FOUND_DIFFERENT);
    }
}

/* ---- a number typed wrong speaks against nobody ---- */
struct birth {
    const char *nip, *nik;
    bool differ;
};
static const struct birth births[] = {
    {"197408112002032004", "1607195108740041", false}, /* the same day */
    {"197480112002032004", "1607195108740041", false}, /* no month 80 */
    {"199609142017121008", "1602171409690036", false}, /* 69 and 96 */
    {"197408112002032004", "1607195208740041", true},
    {"197408112002032004", "1607195108750041", true},
};

static void births_contradict(void **state)
{
    char json[512];
    for (size_t i = 0; i < sizeof births / sizeof births[0]; i++) {
        struct traits one, other;
        struct judgement judgement;
        (void)snprintf(json, sizeof json, REPORT("2024-10-03", FORM, BUDI ",\"nip\":\"%s\""),
                       births[i].nip);
        traits_read(*state, json, &one);
        (void)snprintf(json, sizeof json, REPORT("2024-10-03", FORM, BUDI ",\"nik\":\"%s\""),
                       births[i].nik);
        traits_read(*state, json, &other);
        match_judge(&one, &other, &judgement);
        assert_int_equal(judgement.fields[MATCH_SEX_BIRTH].finding == FOUND_DIFFERENT,
                         births[i].differ);
    }
}

/* ---- as it is shown ---- */
static const char *found_of(const json_t *fields, const char *name, double *ret_share)
{
    size_t index = 0;
    const json_t *row = NULL;
    json_array_foreach(fields, index, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "field")), name) == 0) {
            *ret_share = json_number_value(json_object_get(row, "share"));
            return json_string_value(json_object_get(row, "found"));
        }
    }
    return "not listed";
}

static void it_is_shown_field_by_field(void **state)
{
    struct fixture *fixture = *state;
    struct traits one, other;
    struct judgement judgement;
    double share = 0;
    traits_read(fixture, REPORT("2024-10-03", FORM, BUDI NIP("7")), &one);
    traits_read(fixture, REPORT("2024-10-04", FORM, "\"name\":\"Budi\"" NIP("7")), &other);
    match_judge(&one, &other, &judgement);
    json_t *json = match_explain_json(&judgement, fixture->arena);
    const json_t *fields = json_object_get(json, "fields");
    assert_string_equal(json_string_value(json_object_get(json, "verdict")), "perhaps");
    assert_string_equal(json_string_value(json_object_get(json, "rule")), "number_day");
    assert_string_equal(found_of(fields, "nip", &share), "equal");
    assert_true(share > 0.499 && share < 0.501);
    assert_string_equal(found_of(fields, "name", &share), "near");
    assert_string_equal(found_of(fields, "unit", &share), "absent");
    assert_string_equal(found_of(fields, "occurred_on", &share), "near");
    assert_true(share > -0.011 && share < -0.009);
    assert_int_equal(json_array_size(fields), MATCH_FIELD_COUNT);
    json_decref(json);
}

/* A placement of an older matcher lists what agreed. */
static void older_placements_are_read(void **state)
{
    (void)state;
    double share = -1;
    const struct bytes texts[] = {bytes_of_text("nip"), bytes_of_text("near name=x"),
                                  bytes_of_text("")};
    json_t *fields = match_explain_fields(texts, 3);
    assert_string_equal(found_of(fields, "nip", &share), "equal");
    assert_string_equal(found_of(fields, "name", &share), "near");
    assert_true(share > -0.001 && share < 0.001);
    assert_int_equal(json_array_size(fields), 3);
    json_decref(fields);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_shares_add_up, open_all, close_all),
        cmocka_unit_test_setup_teardown(what_keeps_apart_is_named, open_all, close_all),
        cmocka_unit_test_setup_teardown(births_contradict, open_all, close_all),
        cmocka_unit_test_setup_teardown(it_is_shown_field_by_field, open_all, close_all),
        cmocka_unit_test_setup_teardown(older_placements_are_read, open_all, close_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
