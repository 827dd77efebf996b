/* What must merge and what must never, row by row of DOMAIN; and the sample files with their list
 * of true cases. Reports go through the fold, so that the views are the real ones. */
#include "unit/core/cases/match_bench.h"

#include <string.h>

/* ---- must merge ---- */
static void identifier_form_and_day(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-02", NULL, NULL};
    assert_int_equal(file(bench, (struct who){"Budi Santoso", NIP_A, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"B. Santoso, S.E.", NIP_A, NULL, NULL, NULL}, act),
                     PLACEMENT_MERGED);
    assert_true(rule_was(bench, "number_day"));
    assert_int_equal(bench->output.placements[0].field_count, 3);
    assert_true(bytes_equal(
        bench->output.placements[0].fields[0],
        bytes_of_text("equal nip=500 sex_birth regency form=125 occurred_on=125 determination")));
    assert_int_equal(file(bench, (struct who){"Cik Oni", NULL, NIK_A, NULL, NULL}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"Oni", NULL, NIK_A, NULL, NULL}, act),
                     PLACEMENT_MERGED);
    assert_true(rule_was(bench, "number_day"));
}

static void identifier_and_artefact_days_apart(void **state)
{
    struct bench *bench = *state;
    struct who who = {"Budi Santoso", NIP_A, NULL, "Dinas A", NULL};
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-03", POST, NULL}),
                     PLACEMENT_NEW);
    /* Another form, a day or two off, the same post under its mobile address. */
    assert_int_equal(file(bench, who, (struct what){"DS-02", "2024-10-05", POST_MOBILE, NULL}),
                     PLACEMENT_MERGED);
    assert_true(rule_was(bench, "number_artefact"));
    assert_int_equal(file(bench, who, (struct what){"DS-02", "2024-10-01", POST, NULL}),
                     PLACEMENT_MERGED);
}

static void person_and_artefact(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", NULL, FILE_A};
    assert_int_equal(
        file(bench, (struct who){"H. Moh. Yusri, S.Sos.", NIP_A, NULL, "Kec. Rawa", NULL}, act),
        PLACEMENT_NEW);
    act.day = "2024-10-04";
    assert_int_equal(
        file(bench, (struct who){"M. Yusri", NULL, NULL, "Kecamatan Rawa", "16.07"}, act),
        PLACEMENT_MERGED);
    assert_true(rule_was(bench, "person_artefact"));
}

/* Either number of a person whose contract changed is that person's. */
static void a_changed_contract_is_learnt(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", POST, NULL};
    struct who before = {"Fatimah Iskandar", "198902122021212006", NULL, "Dinas A", NULL};
    struct who after = {"Fatimah Iskandar", "198902122023212009", NULL, "Dinas A", NULL};
    assert_int_equal(file(bench, before, act), PLACEMENT_NEW);
    assert_int_equal(file(bench, after, act), PLACEMENT_MERGED);
    assert_int_equal(file(bench, before, act), PLACEMENT_MERGED);
    assert_int_equal(file(bench, after, act), PLACEMENT_MERGED);
    after.nip = NIP_B; /* and no other one is */
    assert_int_equal(file(bench, after, act), PLACEMENT_REVIEW);
}

/* A letter doubled is a slip where it makes no name; of two names nobody knows which was meant. */
static void a_letter_between_two_names(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", NULL, NULL};
    assert_int_equal(file(bench, (struct who){"Fadilah Utomo", NULL, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"Fadillah Utomo", NULL, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_REVIEW);
    assert_int_equal(file(bench, (struct who){"Fadilahh Utomo", NULL, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_MERGED);
}

/* A number that came with a later report is the case's from then on. */
static void a_merge_teaches_the_case(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", POST, NULL};
    struct who without = {"Budi Santoso", NULL, NULL, "Dinas A", NULL};
    struct who with = {"Budi Santoso", NIP_A, NULL, "Dinas A", NULL};
    struct who other = {"Budi Santoso", NIP_B, NULL, "Dinas A", NULL};
    assert_int_equal(file(bench, without, act), PLACEMENT_NEW);
    assert_int_equal(file(bench, with, act), PLACEMENT_MERGED);
    assert_int_equal(file(bench, other, act), PLACEMENT_REVIEW);
    /* … and is found by it, without the post. */
    assert_int_equal(file(bench, with, (struct what){"DS-06", "2024-10-03", NULL, NULL}),
                     PLACEMENT_MERGED);
    assert_true(rule_was(bench, "number_day"));
}

/* ---- must never merge ---- */
static void different_persons_on_one_post(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", POST, FILE_A};
    const struct who two[] = {{"Dewi Anggraini", NULL, NULL, "SDN 88", NULL},
                              {"Dewi Anggraini Putri", NULL, NULL, "SDN 88", NULL}};
    assert_int_equal(file_all(bench, two, 2, &act), PLACEMENT_NEW);
    assert_int_equal(bench->output.placements[0].outcome, PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"Ratna", NULL, NULL, "SDN 88", NULL}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"Dewi Anggraini", NULL, NULL, "SDN 88", NULL}, act),
                     PLACEMENT_MERGED);
}

static void namesakes_in_one_report(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", POST, NULL};
    const struct who two[] = {{"Suparman", NULL, NULL, "Dinas A", NULL},
                              {"Suparman", NULL, NULL, "Dinas A", NULL}};
    assert_int_equal(file_all(bench, two, 2, &act), PLACEMENT_REVIEW);
    assert_int_equal(bench->output.placements[1].candidate_count, 1);
    assert_true(bytes_equal(bench->output.placements[1].candidates[0],
                            bench->output.placements[0].case_name));
}

static void before_and_after_the_determination(void **state)
{
    struct bench *bench = *state;
    struct who who = {"Budi Santoso", NIP_A, NULL, "Dinas A", NULL};
    assert_int_equal(file(bench, who, (struct what){"KE-04", "2024-09-21", POST, FILE_A}),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-09-22", POST, FILE_A}),
                     PLACEMENT_NEW);
}

static void separate_acts_of_one_person(void **state)
{
    struct bench *bench = *state;
    struct who who = {"Budi Santoso", NIP_A, NIK_A, "Dinas A", NULL};
    assert_int_equal(file(bench, who, (struct what){"DS-08", "2024-10-16", NULL, NULL}),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, who, (struct what){"DS-08", "2024-10-17", NULL, NULL}),
                     PLACEMENT_REVIEW);
    assert_int_equal(file(bench, who, (struct what){"DS-04", "2024-10-16", NULL, NULL}),
                     PLACEMENT_REVIEW);
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-01", POST, NULL}),
                     PLACEMENT_NEW);
    /* The same page again, five days later. */
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-06", POST, NULL}),
                     PLACEMENT_REVIEW);
    assert_int_equal(file(bench, who, (struct what){"DS-02", "2024-10-01", OTHER_POST, NULL}),
                     PLACEMENT_REVIEW);
}

/* Two posts of one day: not merged, but told of each other; a report without a link joins. */
static void two_posts_of_one_day(void **state)
{
    struct bench *bench = *state;
    struct who who = {"Budi Santoso", NIP_A, NULL, "Dinas A", NULL};
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-01", NULL, FILE_A}),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-01", POST, NULL}),
                     PLACEMENT_MERGED);
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-01", OTHER_POST, NULL}),
                     PLACEMENT_REVIEW);
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-01", OTHER_POST, NULL}),
                     PLACEMENT_MERGED);
    assert_true(rule_was(bench, "number_artefact"));
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-01", POST_MOBILE, NULL}),
                     PLACEMENT_MERGED);
    assert_true(rule_was(bench, "number_artefact"));
}

/* Merging by a day or two must not walk: from the first day to the last there are four at most. */
static void merges_do_not_walk(void **state)
{
    struct bench *bench = *state;
    struct who who = {"Budi Santoso", NIP_A, NULL, "Dinas A", NULL};
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-01", POST, NULL}),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-03", POST, NULL}),
                     PLACEMENT_MERGED);
    assert_int_equal(file(bench, who, (struct what){"DS-06", "2024-10-06", POST, NULL}),
                     PLACEMENT_REVIEW);
}

static void namesakes_in_different_agencies(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", POST, FILE_A};
    assert_int_equal(file(bench, (struct who){"Yusri Hamdan", NULL, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"Yusri Hamdan", NULL, NULL, "Dinas B", NULL}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"Yusri Hamdan", NULL, NULL, "Dinas A", "16.03"}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"Yusri Hamdan", NULL, NULL, NULL, NULL}, act),
                     PLACEMENT_REVIEW);
}

static void other_identifiers_are_for_review(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", POST, NULL};
    assert_int_equal(file(bench, (struct who){"Budi Santoso", NIP_A, NIK_A, "Dinas A", NULL}, act),
                     PLACEMENT_NEW);
    char first[CASE_TEXT_CAPACITY];
    memcpy(first, bench->output.placements[0].case_name.data,
           bench->output.placements[0].case_name.len);
    struct bytes first_case = bytes_of(first, bench->output.placements[0].case_name.len);
    assert_int_equal(file(bench, (struct who){"Budi Santoso", NIP_B, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_REVIEW);
    assert_int_equal(bench->output.placements[0].candidate_count, 1);
    assert_true(bytes_equal(bench->output.placements[0].candidates[0], first_case));
    assert_true(rule_was(bench, "person_artefact"));
    /* One number alike, the other not. */
    assert_int_equal(file(bench, (struct who){"Budi Santoso", NIP_A, NIK_B, "Dinas A", NULL}, act),
                     PLACEMENT_REVIEW);
    assert_true(rule_was(bench, "person_artefact"));
}

static void a_number_under_another_name(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", NULL, NULL};
    assert_int_equal(file(bench, (struct who){"Budi Santoso", NIP_A, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"Siti Aminah", NIP_A, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_REVIEW);
}

static void initials_make_no_person(void **state)
{
    struct bench *bench = *state;
    struct what act = {"DS-06", "2024-10-03", POST, FILE_A};
    assert_int_equal(file(bench, (struct who){"HS", NULL, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_NEW);
    assert_int_equal(file(bench, (struct who){"HS", NULL, NULL, "Dinas A", NULL}, act),
                     PLACEMENT_REVIEW);
}

/* ---- hard pairs: what the first report and the second say, and what must come of it ---- */
static const struct hard {
    const char *why;
    struct who a, b;
    struct what act_a, act_b;
    enum placement_outcome outcome;
} hard[] = {
#define ACT                                                                                        \
    {                                                                                              \
        "DS-06", "2024-10-03", POST, NULL                                                          \
    }
    {"father and son on one post",
     {"Ahmad Yani", NULL, NULL, "Dinas A", NULL},
     {"Hendra Yani", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_NEW},
    {"one first name, other initials",
     {"Budi S. Harahap", NULL, NULL, "Dinas A", NULL},
     {"Budi T. Harahap", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_NEW},
    {"colleagues numbered one after the other",
     {"Rina Sari", NIP_A, NULL, "Dinas A", NULL},
     {"Rina Sari", "198203142006041008", NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"the same, without a post",
     {"Rina Sari", NIP_A, NULL, "Dinas A", NULL},
     {"Rina Sari", "198203142006041008", NULL, "Dinas A", NULL},
     {"DS-08", "2024-10-03", NULL, NULL},
     {"DS-08", "2024-10-03", NULL, NULL},
     PLACEMENT_NEW},
    {"two digits exchanged",
     {"Rina Sari", NIP_A, NULL, "Dinas A", NULL},
     {"Rina Sari", "198230142006041007", NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_MERGED},
    {"a letter that makes another name",
     {"Suryanti Lubis", NULL, NULL, "Dinas A", NULL},
     {"Suryati Lubis", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"Dewi is not Dwi",
     {"Dewi Lestari", NULL, NULL, "Dinas A", NULL},
     {"Dwi Lestari", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"a mononym and a full name",
     {"Suparman", NULL, NULL, "Dinas A", NULL},
     {"Suparman Hadi", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"mononyms of two villages",
     {"Ketut", NULL, NULL, "Desa A", NULL},
     {"Ketut", NULL, NULL, "Desa B", NULL},
     ACT,
     ACT,
     PLACEMENT_NEW},
    {"old spelling and titles",
     {"Dr. H. Soeharto Djajadi, M.Si.", NULL, NULL, "Dis. A", NULL},
     {"SUHARTO JAYADI", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"a letter left out: Krtika is nobody's name",
     {"Kartika Lestari", NULL, NULL, "Dinas A", NULL},
     {"Krtika Lestari", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_MERGED},
    {"the same, elsewhere",
     {"Kartika Lestari", NULL, NULL, "Dinas A", NULL},
     {"Krtika Lestari", NULL, NULL, "Dinas B", NULL},
     ACT,
     ACT,
     PLACEMENT_NEW},
    {"the same, and nobody says where",
     {"Kartika Lestari", NULL, NULL, "Dinas A", NULL},
     {"Krtika Lestari", NULL, NULL, NULL, NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"two slips are no slip",
     {"Kartika Lestari", NULL, NULL, "Dinas A", NULL},
     {"Krtika Lestai", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"a man and a woman of one name",
     {"H. Nur Hidayat", NULL, NULL, "Dinas A", NULL},
     {"Hj. Nur Hidayat", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"a digit that makes it no number",
     {"Rina Sari", NIP_A, NULL, "Dinas A", NULL},
     {"Rina Sari", "198293142006041007", NULL, NULL, NULL},
     ACT,
     ACT,
     PLACEMENT_MERGED},
    {"siblings, appointed together",
     {"Rini Sari", NIP_A, NULL, "Dinas A", NULL},
     {"Rina Sari", "198203142006041008", NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_NEW},
    {"titles of women",
     {"Hj. Siti Rohana, S.Pd.", NULL, NULL, "SDN 4 Betung", NULL},
     {"Siti Rohana", NULL, NULL, "SD Negeri 4 Betung", NULL},
     ACT,
     ACT,
     PLACEMENT_MERGED},
    {"born on other days",
     {"Rina Sari", NIP_A, NULL, "Dinas A", NULL},
     {"Rina Sari", NULL, NIK_A, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"two acts of a week",
     {"Rina Sari", NULL, NULL, "Dinas A", NULL},
     {"Rina Sari", NULL, NULL, "Dinas A", NULL},
     {"DS-08", "2024-10-01", NULL, NULL},
     {"DS-08", "2024-10-05", NULL, NULL},
     PLACEMENT_NEW},
    {"two posts of a day",
     {"Rina Sari", NULL, NULL, "Dinas A", NULL},
     {"Rina Sari", NULL, NULL, "Dinas A", NULL},
     ACT,
     {"DS-06", "2024-10-03", OTHER_POST, NULL},
     PLACEMENT_NEW},
    {"the same file across the determination",
     {"Rina Sari", NULL, NULL, "Dinas A", NULL},
     {"Rina Sari", NULL, NULL, "Dinas A", NULL},
     {"DS-06", "2024-09-21", NULL, FILE_A},
     {"DS-06", "2024-09-22", NULL, FILE_A},
     PLACEMENT_NEW},
    {"one name at two schools, whose numbers are no slip of one another",
     {"Siti Aminah", NULL, NULL, "SMPN 112", NULL},
     {"Siti Aminah", NULL, NULL, "SMPN 121", NULL},
     ACT,
     ACT,
     PLACEMENT_NEW},
    {"names that differ by a number",
     {"Orang Uji b110", NULL, NULL, "Dinas A", NULL},
     {"Orang Uji b101", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_NEW},
    {"one word mistyped, one unit and post",
     {"H. Rahman, S.Pd.", NULL, NULL, "Dinas A", NULL},
     {"Rhaman", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_MERGED},
    {"one word, which may be two names",
     {"Fadilah", NULL, NULL, "Dinas A", NULL},
     {"Fadillah", NULL, NULL, "Dinas A", NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"one word mistyped, nobody says where",
     {"Rahman", NULL, NULL, "Dinas A", NULL},
     {"Rhaman", NULL, NULL, NULL, NULL},
     ACT,
     ACT,
     PLACEMENT_REVIEW},
    {"known weeks later, by the number",
     {"Rina Sari", NIP_A, NULL, "Dinas A", NULL},
     {"Rina Sari", NIP_A, NULL, "Dinas A", NULL},
     {"DS-08", "2024-10-16", NULL, NULL},
     {"DS-08", NULL, NULL, NULL}, /* 45 days */
     PLACEMENT_REVIEW},
    {"known weeks later, by the name",
     {"Rina Sari", NULL, NULL, "Dinas A", NULL},
     {"Rina Sari", NULL, NULL, "Dinas A", NULL},
     {"DS-08", "2024-10-16", NULL, NULL},
     {"DS-08", NULL, NULL, NULL},
     PLACEMENT_NEW},
#undef ACT
};

/* Each is a slip of the first and of nobody else. */
static void two_slips_in_one_number(void **state)
{
    static const char *const typed[] = {"198203142006041007", "198203142006014007",
                                        "198203124006041007"};
    static const size_t orders[][3] = {{0, 1, 2}, {1, 0, 2}, {2, 1, 0}};
    for (size_t i = 0; i < 3; i++) {
        bench_close(state);
        bench_open(state);
        enum placement_outcome outcome = PLACEMENT_NEW;
        for (size_t j = 0; j < 3; j++) {
            outcome = file(*state, (struct who){"Rina Sari", typed[orders[i][j]], NULL, "A", NULL},
                           (struct what){"DS-06", "2024-10-03", POST, NULL});
        }
        /* Two wrong ones alone are for an officer; the right one brings all together. */
        struct bench *bench = *state;
        assert_int_equal(outcome, PLACEMENT_MERGED);
        assert_int_equal(bench->output.placements[0].joined_count, i == 2 ? 1 : 0);
    }
}

/* Letters, unit, position and post: of two letters many colleagues are, of three nobody else. */
static void initials_of_colleagues(void **state)
{
    static const struct {
        const char *name, *initials;
        enum placement_outcome outcome;
    } rows[] = {{"Fauzi Wibowo Mahmud", "FWM", PLACEMENT_MERGED},
                {"Hendra Saputra", "HS", PLACEMENT_REVIEW}};
    static const char form[] =
        "{\"regency\":\"16.07\",\"channel\":\"citizen\",\"form\":\"DS-06\","
        "\"occurred_on\":\"2024-10-03\",\"known_on\":\"2024-10-04\",\"description\":\"uraian\","
        "\"url\":\"" POST "\",\"subjects\":[{\"name\":\"%s\",\"unit\":\"SDN 5\","
        "\"position\":\"guru kelas\"}]}";
    for (size_t i = 0; i < 2; i++) {
        char json[512];
        bench_close(state);
        bench_open(state);
        struct bench *bench = *state;
        (void)snprintf(json, sizeof json, form, rows[i].name);
        submit(bench, json, strlen(json));
        (void)snprintf(json, sizeof json, form, rows[i].initials);
        submit(bench, json, strlen(json));
        assert_int_equal(bench->output.placements[0].outcome, rows[i].outcome);
    }
}

static void hard_pairs(void **state)
{
    for (size_t i = 0; i < sizeof hard / sizeof hard[0]; i++) {
        for (int turned = 0; turned < 2; turned++) {
            bench_close(state);
            bench_open(state);
            struct bench *bench = *state;
            (void)file(bench, turned ? hard[i].b : hard[i].a,
                       turned ? hard[i].act_b : hard[i].act_a);
            enum placement_outcome outcome =
                file(bench, turned ? hard[i].a : hard[i].b, turned ? hard[i].act_a : hard[i].act_b);
            if (outcome != hard[i].outcome) {
                fail_msg("%s: outcome %d, not %d", hard[i].why, (int)outcome, (int)hard[i].outcome);
            }
        }
    }
}

/* ---- the keys themselves ---- */
static void most_keys_a_report_can_have(void **state)
{
    (void)state;
    static struct evidence evidence[EVIDENCE_MAX];
    struct subject subject = {.name = bytes_of_text("Budi Santoso"),
                              .nip = bytes_of_text(NIP_A),
                              .nik = bytes_of_text(NIK_A),
                              .unit = bytes_of_text("Dinas A")};
    struct report report = {.regency = bytes_of_text("16.07"),
                            .form = bytes_of_text("DS-06"),
                            .url = bytes_of_text(POST),
                            .has_occurred_on = true,
                            .occurred_on = 20000,
                            .subjects = &subject,
                            .subject_count = 1,
                            .evidence = evidence,
                            .evidence_count = EVIDENCE_MAX};
    for (size_t i = 0; i < EVIDENCE_MAX; i++) {
        evidence[i].sha256.b[0] = (uint8_t)i;
    }
    struct match_keys keys, elsewhere, look;
    struct traits traits;
    report.place = bytes_of_text("Lapangan Bola");
    traits_of(&report, 0, &traits);
    matcher_keys(&traits, bytes_of_text("16"), false, &keys);
    matcher_keys(&traits, bytes_of_text("17"), false, &elsewhere);
    matcher_keys(&traits, bytes_of_text("16"), true, &look);
    assert_int_equal(keys.count, 2 + 1 + TRAIT_FILES_MAX + 2);
    assert_in_range(look.count, keys.count, MATCH_KEYS_MAX);
    for (size_t i = 0; i < keys.count; i++) {
        assert_memory_not_equal(keys.list[i].b, elsewhere.list[i].b, sizeof keys.list[i].b);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(keys.list[i].b, keys.list[j].b, sizeof keys.list[i].b);
        }
    }
}

/* The newest stay, and a case stands once. */
static void a_block_is_bounded(void **state)
{
    (void)state;
    uint8_t block[2][MATCH_BLOCK_BYTES_MAX];
    struct traits traits = {.dated = true};
    const size_t entry_bytes = CASE_NAME_BYTES + 5 + 11;
    size_t len = 0;
    struct case_name name;
    traits.names.count = 1;
    trait_set(&traits.names.list[0], bytes_of_text("hani rustam"));
    for (uint32_t i = 0; i < MATCH_BLOCK_CASES_MAX + 3; i++) {
        const struct entry_id id = {.seq = i + 1};
        case_name_of(&id, 0, &name);
        len = matcher_block_add(bytes_of(block[(i + 1) % 2], len), &name, &traits, block[i % 2]);
        assert_int_equal(len,
                         entry_bytes * (i < MATCH_BLOCK_CASES_MAX ? i + 1 : MATCH_BLOCK_CASES_MAX));
        assert_memory_equal(block[i % 2], name.b, CASE_NAME_BYTES);
        assert_int_equal(
            matcher_block_add(bytes_of(block[i % 2], len), &name, &traits, block[(i + 1) % 2]), 0);
    }
}

/* Its case is passed over by that name only, so a case of several names shows none; nor does one
 * whose name has no room. */
static void a_case_of_two_names_is_never_passed_over(void **state)
{
    (void)state;
    static const char *const names[] = {"hani rustam", "hani rustam", "hanny rustam",
                                        "hani syopiar rustam yang panjang"};
    static const size_t told[] = {11, 0, 0, 0}; /* 0: nothing changes, or nothing is told */
    uint8_t block[2][MATCH_BLOCK_BYTES_MAX];
    const struct entry_id ids[] = {{.seq = 1}, {.seq = 2}};
    struct case_name name[2];
    struct block_entry entry = {.letters = 0};
    struct reader reader;
    struct traits traits = {.dated = true};
    size_t len = 0;
    case_name_of(&ids[0], 0, &name[0]);
    case_name_of(&ids[1], 0, &name[1]);
    traits.names.count = 1;
    for (size_t i = 0; i < 4; i++) {
        size_t before = len;
        trait_set(&traits.names.list[0], bytes_of_text(names[i]));
        len = matcher_block_add(bytes_of(block[(i + 1) % 2], before), &name[i / 3], &traits,
                                block[i % 2]);
        if (i == 1) {
            assert_int_equal(len, 0); /* the same name again */
            len = before;
            memcpy(block[1], block[0], len);
            continue;
        }
        reader_init(&reader, bytes_of(block[i % 2], len));
        assert_true(matcher_block_next(&reader, &entry));
        assert_memory_equal(entry.case_name.b, name[i / 3].b, CASE_NAME_BYTES);
        assert_int_equal(entry.name.len, told[i]);
    }
    assert_true(matcher_block_next(&reader, &entry));
    assert_false(matcher_block_next(&reader, &entry));
    assert_false(reader.underflow);
}

/* ---- the sample files ---- */
#define LINES_MAX 128u
struct line {
    char regency[8];
    unsigned number, subject, truth;
    char case_text[CASE_TEXT_CAPACITY];
    enum placement_outcome outcome;
};
struct lines {
    struct line list[LINES_MAX];
    size_t count;
};

static const char *const sample_regencies[] = {"16.01", "16.02", "16.03", "16.04", "16.05", "16.06",
                                               "16.07", "16.08", "16.09", "16.10", "16.11", "16.12",
                                               "16.13", "16.71", "16.72", "16.73", "16.74"};

/* From deploy/samples/README.md. sure: by an exact key. */
static const struct same {
    const char *a;
    unsigned a_line, a_subject;
    const char *b;
    unsigned b_line, b_subject;
    bool sure;
} same[] = {
    {"16.07", 1, 0, "16.07", 2, 0, true},  {"16.07", 1, 0, "16.07", 3, 0, true},
    {"16.07", 4, 0, "16.07", 5, 0, true},  {"16.07", 4, 1, "16.07", 5, 1, true},
    {"16.07", 4, 2, "16.07", 5, 2, false}, {"16.03", 1, 0, "16.03", 2, 0, true},
    {"16.06", 1, 0, "16.06", 2, 0, true},  {"16.03", 3, 0, "16.03", 4, 0, true},
    {"16.04", 1, 0, "16.04", 2, 0, true},  {"16.01", 1, 0, "16.01", 2, 0, false},
    {"16.05", 2, 0, "16.05", 3, 0, true},  {"16.07", 10, 0, "16.03", 10, 0, true},
    {"16.05", 1, 0, "16.73", 1, 0, true},  {"16.10", 1, 0, "16.10", 2, 0, false},
    {"16.71", 1, 0, "16.71", 2, 0, false},
};

static struct line *line_at(struct lines *lines, const char *regency, unsigned number,
                            unsigned subject)
{
    for (size_t i = 0; i < lines->count; i++) {
        struct line *line = &lines->list[i];
        if (strcmp(line->regency, regency) == 0 && line->number == number &&
            line->subject == subject) {
            return line;
        }
    }
    fail_msg("no %s:%u subject %u", regency, number, subject);
    return NULL;
}

static void keep_placements(struct bench *bench, const char *regency, unsigned number,
                            struct lines *lines)
{
    for (size_t i = 0; i < bench->output.placement_count; i++) {
        const struct placement *placement = &bench->output.placements[i];
        assert_true(lines->count < LINES_MAX);
        struct line *line = &lines->list[lines->count];
        (void)snprintf(line->regency, sizeof line->regency, "%s", regency);
        (void)snprintf(line->case_text, sizeof line->case_text, "%.*s",
                       (int)placement->case_name.len, (const char *)placement->case_name.data);
        line->number = number;
        line->subject = placement->subject;
        line->outcome = placement->outcome;
        line->truth = (unsigned)lines->count++;
    }
}

static void read_file(struct bench *bench, const char *regency, struct lines *lines)
{
    static char text[65536];
    char path[64];
    unsigned number = 0;
    (void)snprintf(path, sizeof path, "deploy/samples/reports-%s.jsonl", regency);
    FILE *from = fopen(path, "r");
    assert_non_null(from);
    while (fgets(text, sizeof text, from) != NULL) {
        submit(bench, text, strcspn(text, "\n"));
        keep_placements(bench, regency, ++number, lines);
    }
    assert_int_equal(fclose(from), 0);
    assert_true(number > 0);
}

static void samples_merge_as_listed(void **state)
{
    struct bench *bench = *state;
    static struct lines lines;
    lines.count = 0;
    for (size_t i = 0; i < sizeof sample_regencies / sizeof sample_regencies[0]; i++) {
        read_file(bench, sample_regencies[i], &lines);
    }
    assert_int_equal(lines.count, 87);
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct line *a = line_at(&lines, same[i].a, same[i].a_line, same[i].a_subject);
        struct line *b = line_at(&lines, same[i].b, same[i].b_line, same[i].b_subject);
        b->truth = a->truth;
        if (same[i].sure && strcmp(a->case_text, b->case_text) != 0) {
            fail_msg("%s:%u and %s:%u are not one case", same[i].a, same[i].a_line, same[i].b,
                     same[i].b_line);
        }
    }
    size_t merged = 0;
    for (size_t i = 0; i < lines.count; i++) {
        const struct line *a = &lines.list[i];
        merged += a->outcome == PLACEMENT_MERGED;
        for (size_t j = 0; j < i; j++) {
            const struct line *b = &lines.list[j];
            if (strcmp(a->case_text, b->case_text) == 0 && a->truth != b->truth) {
                fail_msg("%s:%u and %s:%u were merged", a->regency, a->number, b->regency,
                         b->number);
            }
        }
    }
    assert_in_range(merged, 11, 15);
    assert_int_equal(line_at(&lines, "16.07", 11, 0)->outcome, PLACEMENT_REROUTED);
    assert_int_equal(memory_views_count(bench->memory, VIEW_CASES), 87 - merged);
    assert_int_equal(memory_views_count(bench->memory, VIEW_REPORTS), 69);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(identifier_form_and_day),
        BENCH_TEST(identifier_and_artefact_days_apart),
        BENCH_TEST(person_and_artefact),
        BENCH_TEST(a_changed_contract_is_learnt),
        BENCH_TEST(a_letter_between_two_names),
        BENCH_TEST(a_merge_teaches_the_case),
        BENCH_TEST(different_persons_on_one_post),
        BENCH_TEST(namesakes_in_one_report),
        BENCH_TEST(before_and_after_the_determination),
        BENCH_TEST(separate_acts_of_one_person),
        BENCH_TEST(two_posts_of_one_day),
        BENCH_TEST(merges_do_not_walk),
        BENCH_TEST(namesakes_in_different_agencies),
        BENCH_TEST(other_identifiers_are_for_review),
        BENCH_TEST(a_number_under_another_name),
        BENCH_TEST(initials_make_no_person),
        BENCH_TEST(two_slips_in_one_number),
        BENCH_TEST(initials_of_colleagues),
        BENCH_TEST(hard_pairs),
        cmocka_unit_test(most_keys_a_report_can_have),
        cmocka_unit_test(a_block_is_bounded),
        cmocka_unit_test(a_case_of_two_names_is_never_passed_over),
        BENCH_TEST(samples_merge_as_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
