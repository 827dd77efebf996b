/* What a report must be: one good report, and each way to spoil it. Lines are read as JSON first,
 * so that the table looks like what a clerk types. */
#include "core/base/text.h"
#include "core/rules/report_check.h"
#include "lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN "16.07"
#define TODAY "2024-11-30"
#define SUBJECTS "\"subjects\":[{\"name\":\"RAHASIA\"}]"
#define SUBJECT(fields) "\"subjects\":[{\"name\":\"a\"},{" fields "}]"
#define REGENCY "\"regency\":\"16.07\","
#define FORM "\"form\":\"DS-06\","
#define CHANNEL "\"channel\":\"bawaslu\","
#define DAYS "\"occurred_on\":\"2024-10-02\",\"known_on\":\"2024-10-03\","
#define WHAT "\"description\":\"RAHASIA\","
#define HASH "c44f717a0deed9d5b695a7fe722b0c5a1257cc8399f197a647961ce6cfd8c249"
#define OTHER_HASH "a44f717a0deed9d5b695a7fe722b0c5a1257cc8399f197a647961ce6cfd8c249"
#define GOOD REGENCY FORM CHANNEL DAYS WHAT

static struct arena *arena;

static int group_setup(void **state)
{
    (void)state;
    arena = arena_new(PARSE_ARENA_BYTES);
    return arena != NULL ? 0 : -1;
}

static int group_teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static int32_t day(const char *text)
{
    int32_t ret = 0;
    assert_true(day_of_text(bytes_of_text(text), &ret));
    return ret;
}

static int check_line(const char *text, const char *own, int32_t today, struct field_error *error)
{
    struct report_line line;
    arena_reset(arena);
    memset(error, 0, sizeof *error);
    if (report_line_read(bytes_of_text(text), arena, &line, error) != 0) {
        fail_msg("%s: %s %s", text, error->field, error->reason);
    }
    return line.type == REPORT_LINE_ZERO ? zero_report_check(&line.zero, &report_codes_builtin,
                                                             bytes_of_text(own), today, error)
                                         : report_check(&line.report, &report_codes_builtin,
                                                        bytes_of_text(own), today, error);
}

static const char *const good_lines[] = {
    "{" GOOD SUBJECTS "}",
    /* one of description, url and evidence is enough; a day may be today */
    "{" REGENCY FORM CHANNEL
    "\"occurred_on\":\"2024-11-30\",\"url\":\"https://x.example\"," SUBJECTS "}",
    "{" REGENCY FORM CHANNEL DAYS "\"evidence\":[{\"sha256\":\"" HASH
    "\"},{\"sha256\":\"" OTHER_HASH "\"}]," SUBJECTS "}",
    "{" GOOD "\"occurred_until\":\"2024-10-02\"," SUBJECTS "}",
    /* any one of name, nip, nik and account says who */
    "{" GOOD SUBJECT("\"nip\":\"198203142006041007\"") "}",
    "{" GOOD SUBJECT("\"nik\":\"1607011403820001\"") "}",
    "{" GOOD SUBJECT("\"account\":\"facebook:x\"") "}",
    /* NI PPPK: 21 and more where the month of appointment is for PNS */
    "{" GOOD SUBJECT("\"nip\":\"199307252022212011\"") "}",
    "{" GOOD SUBJECT("\"nip\":\"199307252024242011\"") "}",
    "{" GOOD SUBJECT("\"nip\":\"199307252024992011\"") "}",
    "{" GOOD SUBJECT("\"nip\":\"130123456\"") "}",
    /* NIK: day + 40 for women; 29 February of a leap year of either century */
    "{" GOOD SUBJECT("\"nik\":\"1607015403820001\"") "}",
    "{" GOOD SUBJECT("\"nik\":\"1607017112990001\"") "}",
    "{" GOOD SUBJECT("\"nik\":\"1607016902000001\"") "}",
    /* a slip in the date of birth, or a day of the act that nobody knows, costs no report */
    "{" GOOD SUBJECT("\"nip\":\"198213142006041007\"") "}",
    "{" GOOD SUBJECT("\"nik\":\"1607013203820001\"") "}",
    "{" REGENCY FORM CHANNEL "\"known_on\":\"2024-10-03\"," WHAT SUBJECTS "}",
    /* employed elsewhere, in another province too */
    "{" GOOD SUBJECT("\"name\":\"b\",\"regency\":\"16.03\"") "}",
    "{" GOOD SUBJECT("\"name\":\"b\",\"regency\":\"17.01\"") "}",
    "{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\","
    "\"scope\":\"all\"},\"stated_name\":\"RAHASIA\"}",
    "{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-11-30\",\"until\":\"2024-11-30\","
    "\"scope\":\"village\"},\"stated_name\":\"RAHASIA\"}",
};

static void good_lines_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good_lines / sizeof good_lines[0]; i++) {
        struct field_error error;
        if (check_line(good_lines[i], OWN, day(TODAY), &error) != 0) {
            fail_msg("%s: %s %s", good_lines[i], error.field, error.reason);
        }
    }
}

struct bad_line {
    const char *line, *field, *reason;
};

static const struct bad_line bad_lines[] = {
    /* regency */
    {"{" FORM CHANNEL DAYS WHAT SUBJECTS "}", "regency", "write this node's own, '16.07'"},
    {"{\"regency\":\"99.99\"," FORM CHANNEL DAYS WHAT SUBJECTS "}", "regency",
     "'99.99' is no known regency"},
    {"{\"regency\":\"1607\"," FORM CHANNEL DAYS WHAT SUBJECTS "}", "regency", "'1607' is no known"},
    {"{\"regency\":\"RAHASIA Raya\"," FORM CHANNEL DAYS WHAT SUBJECTS "}", "regency",
     "this is no known regency"},
    {"{\"regency\":\"16.03\"," FORM CHANNEL DAYS WHAT SUBJECTS "}", "regency",
     "'16.03' is not the regency of this node, which reports for '16.07' only"},
    /* form and channel */
    {"{" REGENCY CHANNEL DAYS WHAT SUBJECTS "}", "form", "missing"},
    {"{" REGENCY "\"form\":\"DS-99\"," CHANNEL DAYS WHAT SUBJECTS "}", "form",
     "'DS-99' is no known form"},
    {"{" REGENCY "\"form\":\"ds-06\"," CHANNEL DAYS WHAT SUBJECTS "}", "form", "no known form"},
    {"{" REGENCY "\"form\":\"130123456\"," CHANNEL DAYS WHAT SUBJECTS "}", "form",
     "this is no known form"},
    {"{" REGENCY FORM DAYS WHAT SUBJECTS "}", "channel", "missing"},
    /* dates */
    {"{" REGENCY FORM CHANNEL WHAT SUBJECTS "}", "occurred_on", "missing"},
    {"{" REGENCY FORM CHANNEL
     "\"known_on\":\"2024-10-03\",\"occurred_until\":\"2024-10-04\"," WHAT SUBJECTS "}",
     "occurred_on", "needs a first day"},
    {"{" REGENCY FORM CHANNEL "\"occurred_on\":\"2024-12-01\"," WHAT SUBJECTS "}", "occurred_on",
     "2024-12-01 is after today, 2024-11-30"},
    {"{" REGENCY FORM CHANNEL
     "\"occurred_on\":\"2024-10-04\",\"known_on\":\"2024-10-03\"," WHAT SUBJECTS "}",
     "occurred_on", "2024-10-04 is after known_on, 2024-10-03"},
    {"{" REGENCY FORM CHANNEL
     "\"occurred_on\":\"2024-10-02\",\"known_on\":\"2025-10-03\"," WHAT SUBJECTS "}",
     "known_on", "2025-10-03 is after today, 2024-11-30"},
    {"{" GOOD "\"occurred_until\":\"2024-10-01\"," SUBJECTS "}", "occurred_until",
     "2024-10-01 is before occurred_on, 2024-10-02"},
    /* subjects */
    {"{" GOOD "\"url\":\"u\"}", "subjects", "missing"},
    {"{" GOOD "\"subjects\":[]}", "subjects", "missing"},
    {"{" GOOD SUBJECT("") "}", "subjects[1]", "says not who"},
    {"{" GOOD SUBJECT("\"name\":\" \",\"unit\":\"RAHASIA\"") "}", "subjects[1]", "says not who"},
    {"{" GOOD SUBJECT("\"nip\":\"19820314200604100\"") "}", "subjects[1].nip", "18 digits"},
    {"{" GOOD SUBJECT("\"nip\":\"1982031420060410077\"") "}", "subjects[1].nip", "18 digits"},
    {"{" GOOD SUBJECT("\"nip\":\"1301234567\"") "}", "subjects[1].nip", "18 digits"},
    {"{" GOOD SUBJECT("\"nip\":\"19820314 200604 10\"") "}", "subjects[1].nip", "18 digits"},
    {"{" GOOD SUBJECT("\"nik\":\"160701140382000\"") "}", "subjects[1].nik", "16 digits"},
    {"{" GOOD SUBJECT("\"nik\":\"16070114038200011\"") "}", "subjects[1].nik", "16 digits"},
    {"{" GOOD SUBJECT("\"name\":\"RAHASIA\",\"regency\":\"16.99\"") "}", "subjects[1].regency",
     "no known regency"},
    /* evidence */
    {"{" REGENCY FORM CHANNEL DAYS SUBJECTS "}", "description", "missing"},
    {"{" REGENCY FORM CHANNEL DAYS "\"description\":\" \",\"url\":\" \"," SUBJECTS "}",
     "description", "missing"},
    {"{" GOOD "\"evidence\":[{\"sha256\":\"" HASH "\"},{\"sha256\":\"" OTHER_HASH
     "\"},{\"sha256\":\"" HASH "\"}]," SUBJECTS "}",
     "evidence[2].sha256", "same file"},
    /* zero reports */
    {"{\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\",\"scope\":\"all\"},"
     "\"stated_name\":\"RAHASIA\"}",
     "regency", "missing"},
    {"{\"regency\":\"16.05\",\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\","
     "\"scope\":\"all\"},\"stated_name\":\"RAHASIA\"}",
     "regency", "'16.05' is not the regency of this node"},
    {"{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\"},"
     "\"stated_name\":\"RAHASIA\"}",
     "zero.scope", "missing"},
    {"{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-05-02\",\"until\":\"2024-05-01\","
     "\"scope\":\"all\"},\"stated_name\":\"RAHASIA\"}",
     "zero.until", "2024-05-01 is before from, 2024-05-02"},
    {"{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-11-01\",\"until\":\"2024-12-31\","
     "\"scope\":\"all\"},\"stated_name\":\"RAHASIA\"}",
     "zero.until", "after today"},
    {"{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\","
     "\"scope\":\"all\"},\"stated_name\":\"  \"}",
     "stated_name", "named person"},
};

static void bad_lines_are_refused_by_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
        const struct bad_line *bad = &bad_lines[i];
        struct field_error error;
        int rc = check_line(bad->line, OWN, day(TODAY), &error);
        if (rc != ERR_VALUE || strcmp(error.field, bad->field) != 0 ||
            strstr(error.reason, bad->reason) == NULL) {
            fail_msg("%s: %s, field '%s', reason '%s'", bad->line, err_name(rc), error.field,
                     error.reason);
        }
        assert_in_range(strlen(error.reason), 1, 160);
        assert_null(strstr(error.reason, "RAHASIA"));
        assert_null(strstr(error.reason, "1982031"));
    }
}

/* The applier knows no clock: nothing is after INT32_MAX. */
static void without_a_clock_the_future_passes(void **state)
{
    (void)state;
    struct field_error error;
    static const char report[] =
        "{" REGENCY FORM CHANNEL
        "\"occurred_on\":\"2030-01-01\",\"known_on\":\"2030-01-02\"," WHAT SUBJECTS "}";
    static const char zero[] =
        "{\"regency\":\"16.07\",\"zero\":{\"from\":\"2030-05-01\",\"until\":\"2030-05-31\","
        "\"scope\":\"all\"},\"stated_name\":\"a\"}";
    assert_int_equal(check_line(report, OWN, INT32_MAX, &error), 0);
    assert_int_equal(check_line(zero, OWN, INT32_MAX, &error), 0);
    assert_int_equal(check_line(report, OWN, day(TODAY), &error), ERR_VALUE);
    assert_int_equal(check_line(zero, OWN, day(TODAY), &error), ERR_VALUE);
}

/* A decoded body of another make may hold more than the reader of lines lets through. */
static void lists_are_limited(void **state)
{
    (void)state;
    static struct subject subjects[SUBJECTS_MAX + 1];
    static struct evidence evidence[EVIDENCE_MAX + 1];
    for (size_t i = 0; i <= SUBJECTS_MAX; i++) {
        subjects[i].name = bytes_of_text("a");
    }
    for (size_t i = 0; i <= EVIDENCE_MAX; i++) {
        evidence[i].sha256.b[0] = (uint8_t)i;
    }
    struct report report = {
        .regency = bytes_of_text(OWN),
        .form = bytes_of_text("DS-06"),
        .channel = 1,
        .has_occurred_on = true,
        .occurred_on = day("2024-10-02"),
        .subjects = subjects,
        .subject_count = SUBJECTS_MAX,
        .evidence = evidence,
        .evidence_count = EVIDENCE_MAX,
    };
    struct field_error error;
    assert_int_equal(
        report_check(&report, &report_codes_builtin, bytes_of_text(OWN), INT32_MAX, &error), 0);
    report.evidence_count++;
    assert_int_equal(
        report_check(&report, &report_codes_builtin, bytes_of_text(OWN), INT32_MAX, &error),
        ERR_LIMIT);
    assert_string_equal(error.field, "evidence");
    report.subject_count++;
    assert_int_equal(
        report_check(&report, &report_codes_builtin, bytes_of_text(OWN), INT32_MAX, &error),
        ERR_LIMIT);
    assert_string_equal(error.field, "subjects");
    assert_non_null(strstr(error.reason, "65 entries and at most 64"));
    report.subject_count = 1;
    report.evidence_count = 1;
    report.channel = CHANNEL_COUNT;
    assert_int_equal(
        report_check(&report, &report_codes_builtin, bytes_of_text(OWN), INT32_MAX, &error),
        ERR_VALUE);
    assert_string_equal(error.field, "channel");
}

/* All invented samples of a regency are good reports of that regency. */
static void the_samples_pass(void **state)
{
    (void)state;
    static const char *const regencies[] = {"16.01", "16.03", "16.05", "16.07", "16.73"};
    static char text[LINE_BYTES_MAX];
    for (size_t i = 0; i < sizeof regencies / sizeof regencies[0]; i++) {
        char path[4096];
        struct field_error error;
        size_t count = 0;
        (void)snprintf(path, sizeof path, "%s/deploy/samples/reports-%s.jsonl",
                       getenv("KABAR_SOURCE"), regencies[i]);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        while (fgets(text, (int)sizeof text, file) != NULL) {
            count++;
            if (check_line(text, regencies[i], day("2024-12-31"), &error) != 0) {
                fail_msg("%s line %zu: %s %s", path, count, error.field, error.reason);
            }
        }
        assert_int_equal(fclose(file), 0);
        assert_true(count > 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines_pass),
        cmocka_unit_test(bad_lines_are_refused_by_field),
        cmocka_unit_test(without_a_clock_the_future_passes),
        cmocka_unit_test(lists_are_limited),
        cmocka_unit_test(the_samples_pass),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
