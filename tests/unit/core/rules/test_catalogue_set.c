/* A catalogue as a whole: taken only when all of it is right, and what is wrong is named by file,
 * line and column. */
#include "unit/core/rules/catalogue_fixture.h"

#include "core/rules/catalogue.h"

static void the_built_in_one_is_sound(void **state)
{
    (void)state;
    struct parsed parsed;
    struct catalogue_info info;
    uint8_t hash[32];
    char hex[HEX_CAPACITY(32)];
    parse_builtin(&parsed);
    catalogue_info(parsed.catalogue, &info);
    assert_int_equal(info.number, 1);
    assert_int_equal(info.forms, catalogue_form_count());
    assert_int_equal(info.sanctions, catalogue_sanction_count());
    assert_int_equal(info.regions, 27);
    assert_int_equal(info.regions, catalogue_region_count());
    catalogue_hash(catalogue_builtin(), hash);
    assert_string_equal(hex_encode(hex, hash, sizeof hash), catalogue_version());
    parsed_free(&parsed);
}

static void packing_gives_back_every_byte(void **state)
{
    (void)state;
    uint8_t *packed = malloc(CATALOGUE_BYTES_MAX);
    assert_non_null(packed);
    size_t len = pack_changed(NULL, NULL, NULL, packed);
    assert_true(bytes_equal(bytes_of(packed, len), catalogue_builtin()));
    struct bytes files[CATALOGUE_FILE_COUNT];
    for (size_t cut = 0; cut < len; cut += 97) {
        assert_int_equal(catalogue_unpack(bytes_of(packed, cut), files), ERR_FORMAT);
    }
    free(packed);
}

struct mistake {
    const char *file, *from, *to;
    uint32_t line, column;
    const char *reason; /* a part of it */
};

static const struct mistake mistakes[] = {
    {"violation_forms.csv", "KE-02,", "KE-01,", 3, 1, "stands there twice"},
    {"violation_forms.csv", "before_determination", "before_lunch", 2, 231, "phase"},
    {"violation_forms.csv", "MOR-TUTUP|MOR-BUKA", "MOR-TUTUP|MOR-ZZ", 2, 1, "no code of sanctions"},
    {"violation_forms.csv", "moral,", "mild,", 2, 252, "default_severity"},
    {"violation_forms.csv", "short_en", "short", 1, 6, "should be short_en"},
    {"sanctions.csv", "MOR-BUKA,moral,", "MOR-BUKA,", 3, 1, "fields"},
    {"sanctions.csv", "\"Relieved", "Relie\"ved", 11, 86, "quote inside"},
    {"sanctions.csv", ",same", ",", 3, 122, "source: this must not be empty"},
    {"subject_classes.csv", "pppk,", "p3k,", 3, 1, "class_sanctions.csv has 0 rows"},
    {"subject_classes.csv", ",yes,", ",maybe,", 2, 50, "asn"},
    {"class_sanctions.csv", "pns,moral", "pns,berat", 2, 1, "class_sanctions.csv has"},
    {"class_sanctions.csv", "PTDH", "PTDH||", 5, 10, "codes with |"},
    {"counterparts.csv", "DS-06", "DS-66", 5, 1, "DS-66 is no code"},
    {"disagreements.csv", "DS-03", "DS-33", 2, 1, "DS-33 is no code"},
    {"calendars.csv", "2023-11-28", "2023-11-31", 4, 27, "a day like"},
    {"calendars.csv", "2024-09-22", "2024-09-29", 10, 1, "not in order"},
    {"calendars.csv", "pilkada-2024,vote", "pilkada-2024,until", 16, 1, "there already"},
    {"deadlines.csv", ",7,", ",0,", 2, 17, "days: a number"},
    {"deadlines.csv", ",7,", ",500,", 2, 1, "more than 366 days"},
    {"deadlines.csv", "working", "workdays", 3, 22, "unit"},
    {"holidays.csv", "2023-12-25", "2022-12-25", 2, 1, "outside"},
    {"regions.csv", "16.07,", "1607,", 8, 1, "like 16.07"},
    {"regions.csv", "Banyuasin,Sumatera Selatan", "Banyuasin,Riau", 8, 1, "another name"},
    {"regions.csv", "kabupaten", "keluarga", 2, 7, "type"},
    {"version.csv", "2023-11-01", "2026-11-01", 2, 1, "holidays_from"},
    {"version.csv", "\n1,", "\n-1,", 2, 1, "number"},
};

static void every_mistake_is_named_by_its_place(void **state)
{
    (void)state;
    size_t missed = 0;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        const struct mistake *mistake = &mistakes[i];
        struct parsed parsed;
        bool found = false;
        parse_changed(mistake->file, mistake->from, mistake->to, &parsed);
        assert_int_equal(parsed.status, ERR_FORMAT);
        assert_null(parsed.catalogue);
        for (size_t j = 0; j < parsed.problems.count; j++) {
            const struct catalogue_problem *problem = &parsed.problems.list[j];
            found =
                found || (problem->line == mistake->line && problem->column == mistake->column &&
                          strstr(problem->reason, mistake->reason) != NULL);
        }
        if (!found) {
            for (size_t j = 0; j < parsed.problems.count; j++) {
                const struct catalogue_problem *problem = &parsed.problems.list[j];
                print_error("row %zu: %s:%u:%u: %s\n", i, problem->file, problem->line,
                            problem->column, problem->reason);
            }
        }
        missed += found ? 0 : 1;
        parsed_free(&parsed);
    }
    assert_int_equal(missed, 0);
}

/* Whatever byte is lost or changed: no crash, and a catalogue that is taken is a whole one. */
static void damage_is_never_half_a_catalogue(void **state)
{
    (void)state;
    uint8_t *packed = malloc(CATALOGUE_BYTES_MAX);
    assert_non_null(packed);
    size_t len = pack_changed(NULL, NULL, NULL, packed), refused = 0;
    for (size_t at = 0; at < len; at += 61) {
        struct parsed parsed;
        uint8_t kept = packed[at];
        packed[at] = at % 2 == 0 ? '"' : '\n';
        parse(bytes_of(packed, len), &parsed);
        assert_true((parsed.status == 0) == (parsed.catalogue != NULL));
        assert_true((parsed.status == 0) == (parsed.problems.count == 0));
        refused += parsed.status != 0 ? 1 : 0;
        packed[at] = kept;
        parsed_free(&parsed);
    }
    assert_true(refused > 100);
    free(packed);
}

static void a_small_arena_is_said(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    const struct catalogue *catalogue = NULL;
    struct catalogue_problems problems;
    assert_non_null(arena);
    assert_int_equal(catalogue_parse(catalogue_builtin(), arena, &catalogue, &problems), ERR_NOMEM);
    assert_null(catalogue);
    arena_free(arena);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    struct bytes files[CATALOGUE_FILE_COUNT];
    uint8_t *text = calloc(1, CATALOGUE_BYTES_MAX), *packed = malloc(2 * CATALOGUE_BYTES_MAX);
    size_t len = 0;
    assert_non_null(text);
    assert_non_null(packed);
    assert_int_equal(catalogue_unpack(catalogue_builtin(), files), 0);
    files[3] = bytes_of(text, CATALOGUE_BYTES_MAX);
    assert_int_equal(catalogue_pack(files, packed, 2 * CATALOGUE_BYTES_MAX, &len), ERR_LIMIT);
    struct parsed parsed;
    memset(packed, 'x', 2 * CATALOGUE_BYTES_MAX);
    parse(bytes_of(packed, CATALOGUE_BYTES_MAX + 1), &parsed);
    assert_int_equal(parsed.status, ERR_LIMIT);
    parsed_free(&parsed);
    free(text);
    free(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_one_is_sound),
        cmocka_unit_test(packing_gives_back_every_byte),
        cmocka_unit_test(every_mistake_is_named_by_its_place),
        cmocka_unit_test(damage_is_never_half_a_catalogue),
        cmocka_unit_test(a_small_arena_is_said),
        cmocka_unit_test(too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
