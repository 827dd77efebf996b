/* What DOMAIN's "What the seeds state" says of severity, subject class and authority, looked up in
 * the built-in catalogue row by row; phases and deadlines from its calendars. */
#include "unit/core/rules/catalogue_fixture.h"

#include "core/wire/entry.h"

struct seed_row {
    const char *what; /* article and fact */
    const char *form, *day, *class;
    const char *severity, *applied, *sanction; /* one that is permitted */
    const char *never;                         /* one that is not */
    const char *authority;                     /* a part of it */
};

#define PPK "PPK: bupati"
static const struct seed_row seeds[] = {
    /* 000, Banyuasin: ASN and honorer; PP 94/2021 art. 14(i), five severe acts */
    {"000 mobilising others", "PP-03", "2024-10-02", "pns", "berat", "PP-03", "BER-TURUN", "SED-6",
     PPK},
    {"000 state facilities", "PP-04", "2024-10-02", "pns", "berat", "PP-04", "BER-BEBAS", "SED-6",
     PPK},
    {"000 decision, before", "DS-12", "2024-06-01", "pns", "berat", "DS-12", "BER-BEBAS",
     "MOR-BUKA", PPK},
    {"000 decision, during", "DS-12", "2024-10-02", "pns", "berat", "DS-12", "BER-PDHTAPS", "PTDH",
     PPK},
    {"000 decision, after", "DS-12", "2024-12-05", "pns", "berat", "DS-12", "BER-TURUN", "SED-12",
     PPK},
    {"000 leaning, before", "DS-08", "2024-06-01", "pns", "berat", "DS-08", "BER-TURUN", "SED-6",
     PPK},
    {"000 leaning, during", "DS-08", "2024-11-01", "pns", "berat", "DS-08", "BER-BEBAS", "SED-6",
     PPK},
    {"000 leaning, after", "DS-08", "2024-12-05", "pns", "berat", "DS-08", "BER-TURUN", "SED-6",
     PPK},
    {"000 support letter", "DS-11", "2024-05-10", "pns", "berat", "DS-11", "BER-TURUN", "SED-6",
     PPK},
    {"000 support letter, late", "DS-11", "2024-10-02", "pns", "berat", "DS-11", "BER-TURUN",
     "SED-6", PPK},
    {"000 honorer", "DS-06", "2024-10-02", "honorer", "berat", "DS-06", "NON-PHK", "BER-BEBAS",
     "Head of the employing agency"},
    {"000 honorer, before", "KE-04", "2024-08-02", "honorer", "moral", "KE-04", "NON-BERTINGKAT",
     "MOR-BUKA", "Head of the employing agency"},
    /* 001: the call goes to camat, kades and lurah; SARA warning */
    {"001 camat", "DS-06", "2024-10-02", "pns", "berat", "DS-06", "BER-BEBAS", "KADES-TEGUR", PPK},
    {"001 kades", "DS-04", "2024-10-02", "kades", "berat", "DS-04", "KADES-HENTI-S", "BER-BEBAS",
     "Bupati"},
    {"001 village staff", "DS-04", "2024-10-02", "village_staff", "berat", "DS-04", "KADES-TEGUR",
     "NON-PHK", "Kepala desa"},
    {"001 SARA", "SX-01", "2024-10-02", "pns", "unspecified", "SX-01", "REFER", "BER-BEBAS", PPK},
    /* 002, Muara Enim */
    {"002 campaigning", "PP-01", "2024-10-02", "pns", "sedang", "PP-01", "SED-9", "BER-TURUN", PPK},
    {"002 attributes", "PP-02", "2024-10-02", "pns", "sedang", "PP-02", "SED-12", "PTDH", PPK},
    {"002 state facilities", "PP-04", "2024-10-02", "pns", "berat", "PP-04", "BER-TURUN",
     "RIN-LISAN", PPK},
    {"002 hoax", "SX-01", "2024-06-02", "kades", "unspecified", "SX-01", "REFER", "KADES-TEGUR",
     "Bupati"},
    {"002 worst: dismissal", "DS-05", "2024-10-02", "pns", "ptdh", "DS-05", "PTDH", "PPPK-PTDH",
     PPK},
    /* 003, Musi Rawas */
    {"003 banners, before", "KE-01", "2024-09-21", "pns", "moral", "KE-01", "MOR-TUTUP",
     "BER-BEBAS", PPK},
    {"003 banners, after", "DS-01", "2024-09-22", "pns", "berat", "DS-01", "BER-BEBAS", "MOR-TUTUP",
     PPK},
    {"003 like, before", "KE-04", "2024-08-01", "pns", "moral", "KE-04", "MOR-BUKA", "BER-TURUN",
     PPK},
    {"003 like, after", "DS-06", "2024-10-02", "pns", "berat", "DS-06", "BER-TURUN", "MOR-BUKA",
     PPK},
    {"003 team, before", "DS-09", "2024-08-01", "pns", "sedang", "DS-09", "SED-6", "BER-TURUN",
     PPK},
    {"003 team, after", "DS-10", "2024-10-02", "pns", "berat", "DS-10", "BER-TURUN", "SED-6", PPK},
    {"003 favouring decision", "DS-12", "2024-10-02", "pns", "berat", "DS-12", "BER-BEBAS", "SED-6",
     PPK},
    {"003 intimidation", "SX-02", "2024-10-02", "pns", "unspecified", "SX-02", "REFER", "SED-6",
     PPK},
    {"003 hate speech", "SX-01", "2024-10-02", "honorer", "unspecified", "SX-01", "REFER",
     "NON-PHK", "Head of the employing agency"},
    {"003 money politics", "SX-03", "2024-10-02", "pns", "unspecified", "SX-03", "REFER", "PTDH",
     PPK},
    /* 004, Bengkulu Selatan: PNS and P3K */
    {"004 P3K, after", "DS-06", "2024-10-02", "pppk", "berat", "DS-06", "PPPK-DISIPLIN",
     "BER-BEBAS", PPK},
    {"004 P3K party member", "DS-05", "2024-01-10", "pppk", "ptdh", "DS-05", "PPPK-PTDH", "PTDH",
     PPK},
    {"004 party member, before", "DS-05", "2024-06-01", "pns", "ptdh", "DS-05", "PTDH", "BER-TURUN",
     PPK},
    {"004 even a like, after", "KE-04", "2024-09-22", "pns", "berat", "DS-06", "BER-TURUN",
     "MOR-BUKA", PPK},
    /* the boundary, reported under the form of the other side */
    {"side: DS-06 before", "DS-06", "2024-09-21", "pns", "moral", "KE-04", "MOR-BUKA", "BER-TURUN",
     PPK},
    {"side: KE-01 after", "KE-01", "2024-11-27", "pns", "berat", "DS-01", "BER-TURUN", "MOR-BUKA",
     PPK},
    {"side: DS-04 before", "DS-04", "2024-06-01", "pns", "moral", "KE-03", "MOR-BUKA", "BER-TURUN",
     PPK},
    {"side: KE-05 after", "KE-05", "2024-10-02", "pns", "berat", "DS-07", "BER-TURUN", "MOR-BUKA",
     PPK},
    {"side: DS-10 before", "DS-10", "2024-06-01", "pns", "sedang", "DS-09", "SED-6", "BER-TURUN",
     PPK},
    /* Severity and sanctions */
    {"spouse at any time", "KE-07", "2024-10-02", "pns", "moral", "KE-07", "MOR-TUTUP", "SED-6",
     PPK},
    {"spouse before", "KE-07", "2024-06-01", "pns", "moral", "KE-07", "MOR-BUKA", "SED-6", PPK},
    {"DS-03: our choice", "DS-03", "2024-06-01", "pns", "sedang", "DS-03", "SED-6", "BER-TURUN",
     PPK},
    {"Pemilu, after", "DS-02", "2023-12-01", "pns", "berat", "DS-02", "BER-TURUN", "MOR-BUKA", PPK},
    {"Pemilu, before", "KE-02", "2023-11-02", "pns", "moral", "KE-02", "MOR-BUKA", "BER-TURUN",
     PPK},
    {"no day: the form's own", "DS-06", NULL, "pns", "berat", "DS-06", "BER-TURUN", "MOR-BUKA",
     PPK},
    {"status not known", "DS-06", "2024-10-02", "", "berat", "DS-06", "NON-PHK", "SED-6",
     "To be established"},
};

static void seeds_are_in_the_catalogue(void **state)
{
    (void)state;
    struct parsed parsed;
    parse_builtin(&parsed);
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        const struct seed_row *row = &seeds[i];
        struct catalogue_verdict verdict;
        struct catalogue_act act = {.form = bytes_of_text(row->form),
                                    .has_day = row->day != NULL,
                                    .day = row->day != NULL ? day_of(row->day) : 0,
                                    .class = bytes_of_text(row->class)};
        assert_true(catalogue_judge(parsed.catalogue, &act, &verdict));
        bool right = strcmp(severity_name(verdict.severity), row->severity) == 0 &&
                     bytes_equal(verdict.applied, bytes_of_text(row->applied)) &&
                     catalogue_permits(&verdict, bytes_of_text(row->sanction)) &&
                     !catalogue_permits(&verdict, bytes_of_text(row->never)) &&
                     memmem(verdict.authority.data, verdict.authority.len, row->authority,
                            strlen(row->authority)) != NULL &&
                     verdict.referred == (strncmp(row->form, "SX-", 3) == 0) &&
                     verdict.legal_basis.len > 0;
        if (!right) {
            print_error("seed %s: %s as %.*s\n", row->what, severity_name(verdict.severity),
                        (int)verdict.applied.len, (const char *)verdict.applied.data);
        }
        assert_true(right);
    }
    parsed_free(&parsed);
}

static void no_form_maps_to_a_light_sanction_and_none_is_without(void **state)
{
    (void)state;
    struct parsed parsed;
    parse_builtin(&parsed);
    static const char *const forms[] = {
        "KE-01", "KE-02", "KE-03", "KE-04", "KE-05", "KE-06", "KE-07", "DS-01", "DS-02", "DS-03",
        "DS-04", "DS-05", "DS-06", "DS-07", "DS-08", "DS-09", "DS-10", "DS-11", "DS-12", "PP-01",
        "PP-02", "PP-03", "PP-04", "SX-01", "SX-02", "SX-03", "LG-01", "LG-02", "LG-03"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        for (int class = 1; class < EMPLOYMENT_COUNT; class ++) {
            struct catalogue_verdict verdict;
            struct catalogue_act act = {.form = bytes_of_text(forms[i]),
                                        .has_day = true,
                                        .day = day_of("2024-10-02"),
                                        .class = bytes_of_text(employment_names[class])};
            assert_true(catalogue_judge(parsed.catalogue, &act, &verdict));
            assert_true(verdict.sanction_count > 0);
            for (size_t j = 0; j < verdict.sanction_count; j++) {
                assert_int_not_equal(memcmp(verdict.sanctions[j].data, "RIN-", 4), 0);
                assert_int_not_equal(memcmp(verdict.sanctions[j].data, "CTL-", 4), 0);
            }
        }
    }
    parsed_free(&parsed);
}

static void sources_that_disagree_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *form, *day, *ours, *theirs;
    } rows[] = {{"DS-03", "2024-06-01", "sedang", "berat"},
                {"DS-08", "2024-10-02", "berat", "sedang"},
                {"DS-09", "2024-06-01", "sedang", "berat"},
                {"DS-10", "2024-10-02", "berat", "berat"}};
    struct parsed parsed;
    struct catalogue_verdict verdict;
    parse_builtin(&parsed);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct catalogue_act act = {.form = bytes_of_text(rows[i].form),
                                    .has_day = true,
                                    .day = day_of(rows[i].day),
                                    .class = bytes_of_text("pns")};
        assert_true(catalogue_judge(parsed.catalogue, &act, &verdict));
        assert_string_equal(severity_name(verdict.severity), rows[i].ours);
        assert_string_equal(severity_name(verdict.other_severity), rows[i].theirs);
        assert_true(verdict.other_source.len > 0);
    }
    struct catalogue_act agreed = {.form = bytes_of_text("DS-06")};
    assert_true(catalogue_judge(parsed.catalogue, &agreed, &verdict));
    assert_int_equal(verdict.other_source.len, 0);
    struct catalogue_act unknown = {.form = bytes_of_text("DS-99")};
    assert_false(catalogue_judge(parsed.catalogue, &unknown, &verdict));
    parsed_free(&parsed);
}

static void phases_come_from_the_calendars(void **state)
{
    (void)state;
    static const struct {
        const char *day, *election, *determination, *campaign;
        bool quiet, disputed;
    } rows[] = {
        {"2023-11-02", "pemilu-2024", "before_determination", "before_campaign", false, false},
        {"2023-11-03", "pemilu-2024", "after_determination", "before_campaign", false, true},
        {"2023-11-12", "pemilu-2024", "after_determination", "before_campaign", false, true},
        {"2023-11-13", "pemilu-2024", "after_determination", "before_campaign", false, false},
        {"2023-11-28", "pemilu-2024", "after_determination", "during_campaign", false, false},
        {"2024-02-10", "pemilu-2024", "after_determination", "during_campaign", false, false},
        {"2024-02-11", "pemilu-2024", "after_determination", "after_campaign", true, false},
        {"2024-02-14", "pemilu-2024", "after_determination", "after_campaign", false, false},
        {"2024-03-20", "pemilu-2024", "after_determination", "after_campaign", false, false},
        {"2024-03-21", "pilkada-2024", "before_determination", "before_campaign", false, false},
        {"2024-09-21", "pilkada-2024", "before_determination", "before_campaign", false, false},
        {"2024-09-22", "pilkada-2024", "after_determination", "before_campaign", false, false},
        {"2024-09-25", "pilkada-2024", "after_determination", "during_campaign", false, false},
        {"2024-11-23", "pilkada-2024", "after_determination", "during_campaign", false, false},
        {"2024-11-24", "pilkada-2024", "after_determination", "after_campaign", true, false},
        {"2024-11-26", "pilkada-2024", "after_determination", "after_campaign", true, false},
        {"2024-11-27", "pilkada-2024", "after_determination", "after_campaign", false, false},
        {"2026-01-01", "pilkada-2024", "after_determination", "after_campaign", false, false},
    };
    struct parsed parsed;
    parse_builtin(&parsed);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct catalogue_moment moment;
        catalogue_moment(parsed.catalogue, day_of(rows[i].day), &moment);
        assert_true(bytes_equal(moment.election, bytes_of_text(rows[i].election)));
        assert_string_equal(determination_phase_name(moment.determination), rows[i].determination);
        assert_string_equal(campaign_phase_name(moment.campaign), rows[i].campaign);
        assert_int_equal(moment.quiet, rows[i].quiet);
        assert_int_equal(moment.disputed, rows[i].disputed);
    }
    parsed_free(&parsed);
}

static void the_class_is_stated_or_read_from_the_number(void **state)
{
    (void)state;
    static const struct {
        int stated;
        const char *nip, *class;
    } rows[] = {
        {1, "", "pns"},
        {2, "198203142006041012", "pppk"}, /* what is stated holds */
        {4, "", "kades"},
        {0, "198203142006041012", "pns"},
        {6, "198203142006041012", "pns"},
        {0, "198203142022211012", "pppk"},
        {0, "198203142022241012", "pppk"},
        {0, "198203142022131012", "unknown"},
        {0, "123456789", "unknown"},
        {0, "19820314200604101x", "unknown"},
        {0, "", "unknown"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(bytes_equal(catalogue_class(rows[i].stated, bytes_of_text(rows[i].nip)),
                                bytes_of_text(rows[i].class)));
    }
}

static void deadlines_run_in_calendar_and_working_days(void **state)
{
    (void)state;
    static const struct {
        const char *state, *election, *since, *code, *due;
        bool uncertain;
    } rows[] = {
        {"known", "pilkada-2024", "2024-10-01", "KNOWN", "2024-10-08", false},
        {"received", "pilkada-2024", "2024-10-03", "STUDY", "2024-10-08", false}, /* weekend */
        {"received", "pilkada-2024", "2024-11-26", "STUDY", "2024-12-02", false}, /* vote day */
        {"received", "pilkada-2024", "2024-12-24", "STUDY", "2024-12-31", false}, /* Natal, leave */
        {"received", "pilkada-2024", "2025-12-29", "STUDY", "2026-01-01", true},
        {"verification", "pilkada-2024", "2024-10-01", "VERIFY", "2024-10-08", false},
        {"clarification", "pilkada-2024", "2024-10-01", "HANDLE-PILKADA", "2024-10-04", false},
        {"clarification", "pilkada-2024", "2024-10-01", "HANDLE-PILKADA-MORE", "2024-10-06", false},
        {"clarification", "pemilu-2024", "2024-02-01", "HANDLE-PEMILU", "2024-02-26", false},
        {"recommended", "pilkada-2024", "2024-10-01", "PPK", "2024-10-11", false},
    };
    struct parsed parsed;
    parse_builtin(&parsed);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct catalogue_due due[CATALOGUE_DUE_MAX];
        size_t count = catalogue_due(parsed.catalogue, bytes_of_text(rows[i].state),
                                     bytes_of_text(rows[i].election), day_of(rows[i].since), due);
        bool found = false;
        for (size_t j = 0; j < count; j++) {
            found = found ||
                    (bytes_equal(due[j].code, bytes_of_text(rows[i].code)) &&
                     due[j].day == day_of(rows[i].due) && due[j].uncertain == rows[i].uncertain);
        }
        if (!found) {
            char text[DAY_TEXT_CAPACITY];
            print_error("row %zu: %zu deadlines, %s\n", i, count,
                        count > 0 ? day_to_text(due[0].day, text) : "none");
        }
        assert_true(found);
    }
    struct catalogue_due due[CATALOGUE_DUE_MAX];
    assert_int_equal(catalogue_due(parsed.catalogue, bytes_of_text("clarification"),
                                   bytes_of_text("pemilu-2024"), day_of("2024-02-01"), due),
                     1);
    assert_int_equal(catalogue_due(parsed.catalogue, bytes_of_text("closed"),
                                   bytes_of_text("pemilu-2024"), day_of("2024-02-01"), due),
                     0);
    assert_int_equal(catalogue_due(parsed.catalogue, bytes_of_text("received"), (struct bytes){0},
                                   INT32_MAX, due),
                     0);
    parsed_free(&parsed);
}

static void what_is_left_is_counted_in_the_same_days(void **state)
{
    (void)state;
    static const struct {
        const char *state, *since, *today;
        int64_t left;
    } rows[] = {
        {"verification", "2024-10-01", "2024-10-01", 7},
        {"verification", "2024-10-01", "2024-10-08", 0},
        {"verification", "2024-10-01", "2024-10-12", -4},
        {"recommended", "2024-10-25", "2024-10-31", 4}, /* over the end of a month */
        {"received", "2024-11-26", "2024-11-26", 3},    /* vote day and a weekend between */
        {"received", "2024-11-26", "2024-11-27", 3},
        {"received", "2024-11-26", "2024-11-28", 2},
        {"received", "2024-11-26", "2024-11-30", 1},
        {"received", "2024-11-26", "2024-12-02", 0},
        {"received", "2024-12-24", "2024-12-26", 3}, /* Natal, leave */
        {"received", "2024-10-01", "2024-10-04", 0},
        {"received", "2024-10-01", "2024-10-05", -1}, /* a weekend: past all the same */
        {"received", "2024-10-01", "2024-10-07", -1},
        {"received", "2024-10-01", "2024-10-08", -2},
    };
    struct parsed parsed;
    struct catalogue_due due[CATALOGUE_DUE_MAX];
    parse_builtin(&parsed);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(catalogue_due(parsed.catalogue, bytes_of_text(rows[i].state),
                                       bytes_of_text("pilkada-2024"), day_of(rows[i].since), due),
                         1);
        int64_t left = catalogue_days_left(parsed.catalogue, &due[0], day_of(rows[i].today));
        if (left != rows[i].left) {
            print_error("row %zu: %lld left\n", i, (long long)left);
        }
        assert_int_equal(left, rows[i].left);
        assert_true(due[0].legal_basis.len > 0 && due[0].source.len > 0);
    }
    assert_int_equal(catalogue_days_left(parsed.catalogue, &due[0], INT32_MAX),
                     (int64_t)due[0].day - INT32_MAX);
    parsed_free(&parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_are_in_the_catalogue),
        cmocka_unit_test(no_form_maps_to_a_light_sanction_and_none_is_without),
        cmocka_unit_test(sources_that_disagree_are_named),
        cmocka_unit_test(phases_come_from_the_calendars),
        cmocka_unit_test(the_class_is_stated_or_read_from_the_number),
        cmocka_unit_test(deadlines_run_in_calendar_and_working_days),
        cmocka_unit_test(what_is_left_is_counted_in_the_same_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
