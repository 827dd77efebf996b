/* Reading JSON lines: every bad line is refused with its field and a reason that names no person.
 */
#include "core/base/text.h"
#include "core/wire/report_json.h"
#include "lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static char long_line[2 * LINE_BYTES_MAX];

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

static int read_bytes(struct bytes line, struct report_line *ret, struct field_error *ret_error)
{
    arena_reset(arena);
    memset(ret_error, 0, sizeof *ret_error);
    return report_line_read(line, arena, ret, ret_error);
}

static void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.len, strlen(expected));
    assert_memory_equal(text.data, expected, text.len);
}

static int32_t day(const char *text)
{
    int32_t ret = 0;
    assert_true(day_of_text(bytes_of_text(text), &ret));
    return ret;
}

/* ---- good lines ---- */

static const char full_line[] =
    "{\"key\":\"k-1\",\"regency\":\"16.07\",\"channel\":\"own_finding\",\"form\":\"DS-06\","
    "\"occurred_on\":\"2024-10-02\",\"occurred_until\":null,\"known_on\":\"2024-10-03\","
    "\"place\":\"Simpang\",\"description\":\"Unggahan\",\"url\":\"https://x.example/1\","
    "\"candidate\":\"Calon\",\"external_ref\":\"041/X\",\"urgent\":true,"
    "\"subjects\":[{\"name\":\"Tono\",\"nip\":\"198203142006041007\",\"nik\":\"1607011403820001\","
    "\"employment\":\"pns\",\"unit\":\"Dinas\",\"position\":\"Analis\","
    "\"account\":\"facebook:tono\",\"regency\":\"16.03\"},{\"name\":\"Tini\"}],"
    "\"evidence\":[{\"sha256\":"
    "\"c44f717a0deed9d5b695a7fe722b0c5a1257cc8399f197a647961ce6cfd8c249\","
    "\"media_type\":\"image/jpeg\",\"size\":0,\"name\":\"foto.jpg\",\"path\":\"/srv/clerk/"
    "secret.jpg\"}],"
    "\"reporter\":{\"name\":\"Warga\",\"contact\":\"WA 1\"}}";

static void a_full_line_gives_every_field(void **state)
{
    (void)state;
    struct report_line line;
    struct field_error error;
    assert_int_equal(read_bytes(bytes_of_text(full_line), &line, &error), 0);
    assert_int_equal(line.type, REPORT_LINE_REPORT);
    const struct report *report = &line.report;
    assert_text(report->key, "k-1");
    assert_text(report->regency, "16.07");
    assert_text(report->form, "DS-06");
    assert_text(report->place, "Simpang");
    assert_text(report->description, "Unggahan");
    assert_text(report->url, "https://x.example/1");
    assert_text(report->candidate, "Calon");
    assert_text(report->external_ref, "041/X");
    assert_string_equal(channel_names[report->channel], "own_finding");
    assert_true(report->urgent);
    assert_true(report->has_occurred_on);
    assert_int_equal(report->occurred_on, day("2024-10-02"));
    assert_false(report->has_occurred_until);
    assert_true(report->has_known_on);
    assert_int_equal(report->known_on, day("2024-10-03"));
    assert_int_equal(report->sealed_reporter.len, 0);
    assert_text(line.reporter_name, "Warga");
    assert_text(line.reporter_contact, "WA 1");
}

static void a_full_line_gives_its_lists(void **state)
{
    (void)state;
    struct report_line line;
    struct field_error error;
    assert_int_equal(read_bytes(bytes_of_text(full_line), &line, &error), 0);
    assert_int_equal(line.report.subject_count, 2);
    const struct subject *subject = &line.report.subjects[0];
    assert_text(subject->name, "Tono");
    assert_text(subject->nip, "198203142006041007");
    assert_text(subject->nik, "1607011403820001");
    assert_text(subject->unit, "Dinas");
    assert_text(subject->position, "Analis");
    assert_text(subject->account, "facebook:tono");
    assert_text(subject->regency, "16.03");
    assert_string_equal(employment_names[subject->employment], "pns");
    assert_text(line.report.subjects[1].name, "Tini");
    assert_int_equal(line.report.subjects[1].employment, 0);
    assert_int_equal(line.report.evidence_count, 1);
    const struct evidence *evidence = &line.report.evidence[0];
    assert_text(evidence->name, "foto.jpg");
    assert_true(evidence->has_path);
    assert_int_equal(evidence->sha256.b[0], 0xc4);
    assert_int_equal(evidence->sha256.b[31], 0x49);
    assert_true(evidence->has_size); /* zero is not absent */
    assert_int_equal(evidence->size, 0);
}

static void null_is_absent(void **state)
{
    (void)state;
    static const char line_text[] =
        "{\"key\":null,\"regency\":null,\"channel\":null,\"form\":null,\"occurred_on\":null,"
        "\"urgent\":null,\"subjects\":null,\"evidence\":null,\"reporter\":null,\"zero\":null}\n";
    struct report_line nulls;
    struct report_line nothing;
    struct field_error error;
    assert_int_equal(read_bytes(bytes_of_text("{}"), &nothing, &error), 0);
    assert_int_equal(read_bytes(bytes_of_text(line_text), &nulls, &error), 0);
    assert_memory_equal(&nulls, &nothing, sizeof nulls);
    assert_int_equal(nulls.type, REPORT_LINE_REPORT);
    assert_int_equal(nulls.report.subject_count, 0);
}

static void a_zero_report_is_read(void **state)
{
    (void)state;
    static const char line_text[] =
        "{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\","
        "\"scope\":\"village\"},\"stated_name\":\"Sulastri\"}";
    struct report_line line;
    struct field_error error;
    assert_int_equal(read_bytes(bytes_of_text(line_text), &line, &error), 0);
    assert_int_equal(line.type, REPORT_LINE_ZERO);
    assert_text(line.zero.regency, "16.07");
    assert_text(line.zero.stated_name, "Sulastri");
    assert_int_equal(line.zero.from, day("2024-05-01"));
    assert_int_equal(line.zero.until, day("2024-05-31"));
    assert_string_equal(scope_names[line.zero.scope], "village");
}

static size_t samples_read(const char *name)
{
    char path[4096];
    const char *source = getenv("KABAR_SOURCE");
    assert_non_null(source);
    (void)snprintf(path, sizeof path, "%s/deploy/samples/%s.jsonl", source, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t count = 0;
    while (fgets(long_line, (int)sizeof long_line, file) != NULL) {
        struct report_line line;
        struct field_error error;
        int rc = read_bytes(bytes_of_text(long_line), &line, &error);
        if (rc != 0) {
            fail_msg("%s line %zu: %s %s", name, count + 1, error.field, error.reason);
        }
        count++;
    }
    assert_int_equal(fclose(file), 0);
    return count;
}

static void the_samples_are_read(void **state)
{
    (void)state;
    assert_true(samples_read("reports-16.07") > 3);
    size_t seeds = samples_read("seeds-16.07") + samples_read("seeds-16.03") +
                   samples_read("seeds-16.05") + samples_read("seeds-16.11");
    assert_int_equal(seeds, 72);
    assert_true(samples_read("reports-16.73") > 1);
    assert_true(samples_read("zero-16.07") > 0);
}

/* ---- bad lines ---- */

struct bad_line {
    const char *line;
    int code;
    const char *field;
    const char *reason; /* part of it */
};

static void assert_refused(struct bytes line, const struct bad_line *bad)
{
    struct report_line read;
    struct report_line before;
    struct field_error error;
    memset(&read, 0x5a, sizeof read);
    before = read;
    int rc = read_bytes(line, &read, &error);
    if (rc != bad->code || strcmp(error.field, bad->field) != 0 ||
        strstr(error.reason, bad->reason) == NULL) {
        fail_msg("%.60s: %s, field '%s', reason '%s'; not %s, '%s', '%s'", bad->line, err_name(rc),
                 error.field, error.reason, err_name(bad->code), bad->field, bad->reason);
    }
    assert_memory_equal(&read, &before, sizeof read);
    assert_in_range(strlen(error.reason), 1, 160);
    assert_true(utf8_valid(bytes_of_text(error.reason)));
    assert_null(strstr(error.reason, "RAHASIA"));
}

#define CHANNELS "bawaslu, citizen, inspectorate, media, lapor, referral, own_finding"
#define EMPLOYMENTS "pns, pppk, honorer, kades, village_staff, unknown"

static const struct bad_line bad_lines[] = {
    /* malformed */
    {"", ERR_FORMAT, "", "empty"},
    {" \t\r\n", ERR_FORMAT, "", "empty"},
    {"hello", ERR_FORMAT, "", "not JSON, at byte"},
    {"42", ERR_FORMAT, "", "not JSON"},
    {"[]", ERR_FORMAT, "", "object in braces, not a list"},
    {"{\"form\":\"DS-06\"", ERR_FORMAT, "form", "ends too early"},
    {"{\"form\":\"RAHASIA", ERR_FORMAT, "form", "ends too early"},
    {"{\"form\":DS-06}", ERR_FORMAT, "form", "check quotes"},
    {"{'form':'RAHASIA'}", ERR_FORMAT, "", "check quotes"},
    {"{} {}", ERR_FORMAT, "", "one report a line"},
    {"{\"subjects\":[{\"name\":RAHASIA}]}", ERR_FORMAT, "subjects[0].name", "check quotes"},
    {"{\"form\":\"DS-06\",\"form\":\"DS-07\"}", ERR_FORMAT, "form", "twice"},
    {"{\"subjects\":[{\"name\":\"a\"},{\"name\":\"a\",\"name\":\"RAHASIA\"}]}", ERR_FORMAT,
     "subjects[1].name", "twice"},
    {"{\"evidence\":[{\"size\":99999999999999999999}]}", ERR_FORMAT, "evidence[0].size", "big"},
    {"{\"place\":\"RAHASIA\\u0000\"}", ERR_UTF8, "place", "\\u0000"},
    {"{\"place\":\"\\ud800\"}", ERR_FORMAT, "place", "not JSON"},
    {"\xef\xbb\xbf{}", ERR_FORMAT, "", "byte order mark"},
    {"{\"subjects\":[{\"name\":[[1]]}]}", ERR_LIMIT, "subjects[0].name[0]", "deeper"},
    {"[[[[[[[[[[[[", ERR_LIMIT, "[0][0][0][0]", "deeper"},
    /* what is not seen, raw or escaped */
    {"{\"place\":\"RAHASIA\\u0007\"}", ERR_VALUE, "place", "byte 8 that is not seen"},
    {"{\"place\":\"RAHASIA\\u202e\"}", ERR_VALUE, "place", "turns the text"},
    {"{\"place\":\"RAHASIA\xe2\x80\xae\xe2\x80\xac\"}", ERR_VALUE, "place", "byte 8"},
    {"{\"place\":\"a\\nb\"}", ERR_VALUE, "place", "byte 2"},
    {"{\"description\":\"a\\u001b[2J\"}", ERR_VALUE, "description", "byte 2"},
    {"{\"description\":\"\\u2066a\"}", ERR_VALUE, "description", "byte 1"},
    {"{\"subjects\":[{\"name\":\"Si\\u200bti\"}]}", ERR_VALUE, "subjects[0].name", "byte 3"},
    {"{\"subjects\":[{\"nip\":\"1\\ufeff2\"}]}", ERR_VALUE, "subjects[0].nip", "byte 2"},
    {"{\"reporter\":{\"name\":\"RAHASIA\\u0085\"}}", ERR_VALUE, "reporter.name", "byte 8"},
    {"{\"zero\":{},\"stated_name\":\"\\ud83d\\ude00\\u2069\"}", ERR_VALUE, "stated_name", "byte 5"},
    {"{\"url\":\"javascript:alert(1)\"}", ERR_VALUE, "url", "web address"},
    {"{\"url\":\"javascript:1;alert(1)\"}", ERR_VALUE, "url", "web address"},
    {"{\"url\":\" javascript:alert(1)\"}", ERR_VALUE, "url", "web address"},
    {"{\"url\":\":1\"}", ERR_VALUE, "url", "web address"},
    {"{\"url\":\"JavaScript://x/%0aalert(1)\"}", ERR_VALUE, "url", "web address"},
    {"{\"url\":\"data:text/html,x\"}", ERR_VALUE, "url", "web address"},
    {"{\"url\":\"file:///etc/passwd\"}", ERR_VALUE, "url", "web address"},
    /* not UTF-8 */
    {"{\"place\":\"ok\",\"description\":\"RAHASIA \xe9\"}", ERR_UTF8, "description", "byte 38"},
    {"{\"subjects\":[{\"name\":\"a\"},{\"name\":\"b\",\"unit\":\"\xff\"}]}", ERR_UTF8,
     "subjects[1].unit", "not UTF-8"},
    {"{\"reporter\":{\"name\":\"RAHASIA\xc0\x80\"}}", ERR_UTF8, "reporter.name", "save the file"},
    {"{\"evidence\":[{\"sha256\":\"a\\\"\",\"path\":\"\xf0\x9f\"}]}", ERR_UTF8, "evidence[0].path",
     "not UTF-8"},
    {"{\"\xfe\":1}", ERR_UTF8, "", "byte 3"},
    {"\xff\xfe{", ERR_UTF8, "", "byte 1"},
    /* unknown fields */
    {"{\"formulir\":\"DS-06\"}", ERR_FORMAT, "formulir", "not a field of a report"},
    {"{\"stated_name\":\"RAHASIA\"}", ERR_FORMAT, "stated_name", "not a field of a report"},
    {"{\"entered_by\":\"RAHASIA\"}", ERR_FORMAT, "entered_by", "not a field of a report"},
    {"{\"sealed_reporter\":\"RAHASIA\"}", ERR_FORMAT, "sealed_reporter", "not a field"},
    {"{\"subjects\":[{},{\"nama\":\"RAHASIA\"}]}", ERR_FORMAT, "subjects[1].nama",
     "not a field of a subject"},
    {"{\"evidence\":[{\"hash\":\"00\"}]}", ERR_FORMAT, "evidence[0].hash", "piece of evidence"},
    {"{\"reporter\":{\"phone\":\"RAHASIA\"}}", ERR_FORMAT, "reporter.phone", "not a field"},
    {"{\"zero\":{},\"form\":\"DS-06\"}", ERR_FORMAT, "form", "not a field of a zero report"},
    {"{\"zero\":{\"to\":\"2024-01-01\"}}", ERR_FORMAT, "zero.to", "not a field"},
    {"{\"\":1}", ERR_FORMAT, "", "not a field"},
    /* wrong types */
    {"{\"regency\":16.07}", ERR_FORMAT, "regency", "text in double quotes, not a number"},
    {"{\"subjects\":[{\"nip\":198203142006041007}]}", ERR_FORMAT, "subjects[0].nip",
     "text in double quotes, not a number"},
    {"{\"urgent\":\"yes\"}", ERR_FORMAT, "urgent", "true or false, without quotes, not text"},
    {"{\"urgent\":0}", ERR_FORMAT, "urgent", "not a number"},
    {"{\"occurred_on\":20241002}", ERR_FORMAT, "occurred_on", "a date in double quotes"},
    {"{\"channel\":[\"media\"]}", ERR_FORMAT, "channel", "not a list"},
    {"{\"description\":true}", ERR_FORMAT, "description", "not true or false"},
    {"{\"subjects\":{\"name\":\"RAHASIA\"}}", ERR_FORMAT, "subjects", "a list in brackets, not an"},
    {"{\"subjects\":[\"RAHASIA\"]}", ERR_FORMAT, "subjects[0]", "object in braces, not text"},
    {"{\"subjects\":[null]}", ERR_FORMAT, "subjects[0]", "not null"},
    {"{\"evidence\":\"foto.jpg\"}", ERR_FORMAT, "evidence", "a list in brackets, not text"},
    {"{\"evidence\":[{\"size\":\"5\"}]}", ERR_FORMAT, "evidence[0].size", "whole number"},
    {"{\"evidence\":[{\"size\":1.5}]}", ERR_FORMAT, "evidence[0].size", "whole number"},
    {"{\"evidence\":[{\"path\":7}]}", ERR_FORMAT, "evidence[0].path", "text"},
    {"{\"reporter\":\"RAHASIA\"}", ERR_FORMAT, "reporter", "not text"},
    {"{\"zero\":true}", ERR_FORMAT, "zero", "not true or false"},
    /* code lists */
    {"{\"channel\":\"tv\"}", ERR_VALUE, "channel", "'tv' is not one of " CHANNELS},
    {"{\"channel\":\"\"}", ERR_VALUE, "channel", "this is not one of " CHANNELS},
    {"{\"channel\":\"RAHASIA 081234567890\"}", ERR_VALUE, "channel", "this is not one of "},
    {"{\"channel\":\"198203142006041007\"}", ERR_VALUE, "channel", "this is not one of "},
    {"{\"subjects\":[{\"employment\":\"PNS\"}]}", ERR_VALUE, "subjects[0].employment",
     "'PNS' is not one of " EMPLOYMENTS},
    {"{\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-02\",\"scope\":\"asn\"}}", ERR_VALUE,
     "zero.scope", "'asn' is not one of all, pns, pppk, honorer, village"},
    /* dates */
    {"{\"occurred_on\":\"2024-02-30\"}", ERR_VALUE, "occurred_on", "'2024-02-30' is no day"},
    {"{\"occurred_until\":\"2023-02-29\"}", ERR_VALUE, "occurred_until", "like 2024-10-02"},
    {"{\"known_on\":\"02-10-2024\"}", ERR_VALUE, "known_on", "'02-10-2024' is no day"},
    {"{\"known_on\":\"2024-10-2\"}", ERR_VALUE, "known_on", "year-month-day"},
    {"{\"known_on\":\"\"}", ERR_VALUE, "known_on", "this is no day"},
    {"{\"known_on\":\"RAHASIA kemarin\"}", ERR_VALUE, "known_on", "this is no day"},
    {"{\"zero\":{\"from\":\"2024-13-01\"}}", ERR_VALUE, "zero.from", "'2024-13-01'"},
    {"{\"zero\":{\"from\":\"2024-05-01\",\"scope\":\"all\"}}", ERR_FORMAT, "zero.until", "missing"},
    {"{\"zero\":{\"from\":null,\"until\":\"2024-05-01\"}}", ERR_FORMAT, "zero.from", "missing"},
    /* evidence */
    {"{\"evidence\":[{}]}", ERR_FORMAT, "evidence[0].sha256", "missing"},
    {"{\"evidence\":[{\"sha256\":null}]}", ERR_FORMAT, "evidence[0].sha256", "missing"},
    {"{\"evidence\":[{\"sha256\":\"c44f\"}]}", ERR_VALUE, "evidence[0].sha256", "64 hex digits"},
    {"{\"evidence\":[{\"size\":-1}]}", ERR_VALUE, "evidence[0].size", "below zero"},
    {"{\"evidence\":[{\"size\":67108865}]}", ERR_LIMIT, "evidence[0].size", "67108864"},
};

static void bad_lines_are_refused_by_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
        assert_refused(bytes_of_text(bad_lines[i].line), &bad_lines[i]);
    }
}

/* ---- sizes ---- */

/* `before`, then count times `filler`, then `after`; returns the line. */
static struct bytes filled(const char *before, size_t count, const char *filler, const char *after)
{
    struct writer writer;
    writer_init(&writer, (uint8_t *)long_line, sizeof long_line);
    writer_bytes(&writer, bytes_of_text(before));
    for (size_t i = 0; i < count; i++) {
        writer_bytes(&writer, bytes_of_text(filler));
    }
    writer_bytes(&writer, bytes_of_text(after));
    assert_false(writer.overflow);
    return bytes_of(long_line, writer.len);
}

struct size_limit {
    const char *before, *after, *field;
    size_t max;
};

static const struct size_limit size_limits[] = {
    {"{\"key\":\"", "\"}", "key", KEY_BYTES_MAX},
    {"{\"regency\":\"", "\"}", "regency", NAME_BYTES_MAX},
    {"{\"form\":\"", "\"}", "form", NAME_BYTES_MAX},
    {"{\"place\":\"", "\"}", "place", SHORT_TEXT_BYTES_MAX},
    {"{\"description\":\"", "\"}", "description", TEXT_BYTES_MAX},
    {"{\"url\":\"", "\"}", "url", URL_BYTES_MAX},
    {"{\"candidate\":\"", "\"}", "candidate", SHORT_TEXT_BYTES_MAX},
    {"{\"external_ref\":\"", "\"}", "external_ref", SHORT_TEXT_BYTES_MAX},
    {"{\"subjects\":[{\"name\":\"", "\"}]}", "subjects[0].name", NAME_BYTES_MAX},
    {"{\"subjects\":[{\"nip\":\"", "\"}]}", "subjects[0].nip", NAME_BYTES_MAX},
    {"{\"subjects\":[{\"nik\":\"", "\"}]}", "subjects[0].nik", NAME_BYTES_MAX},
    {"{\"subjects\":[{\"unit\":\"", "\"}]}", "subjects[0].unit", NAME_BYTES_MAX},
    {"{\"subjects\":[{\"position\":\"", "\"}]}", "subjects[0].position", NAME_BYTES_MAX},
    {"{\"subjects\":[{\"account\":\"", "\"}]}", "subjects[0].account", NAME_BYTES_MAX},
    {"{\"reporter\":{\"name\":\"", "\"}}", "reporter.name", REPORTER_BYTES_MAX},
    {"{\"reporter\":{\"contact\":\"", "\"}}", "reporter.contact", REPORTER_BYTES_MAX},
};

static void sizes_are_limited_and_the_limit_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof size_limits / sizeof size_limits[0]; i++) {
        const struct size_limit *limit = &size_limits[i];
        struct report_line line;
        struct field_error error;
        char reason[64];
        struct bytes fits = filled(limit->before, limit->max, "x", limit->after);
        assert_int_equal(read_bytes(fits, &line, &error), 0);
        (void)snprintf(reason, sizeof reason, "is %zu bytes long and at most %zu", limit->max + 1,
                       limit->max);
        struct bad_line bad = {limit->field, ERR_LIMIT, limit->field, reason};
        assert_refused(filled(limit->before, limit->max + 1, "x", limit->after), &bad);
    }
}

static void a_reporter_must_fit_as_a_whole(void **state)
{
    (void)state;
    static const char before[] = "{\"reporter\":{\"name\":\"RAHASIA!\",\"contact\":\"";
    struct bad_line bad = {"reporter", ERR_LIMIT, "reporter", "1024 bytes together"};
    struct report_line line;
    struct field_error error;
    assert_int_equal(read_bytes(filled(before, REPORTER_BYTES_MAX - 8, "x", "\"}}"), &line, &error),
                     0);
    assert_refused(filled(before, REPORTER_BYTES_MAX - 7, "x", "\"}}"), &bad);
}

static void lists_are_limited(void **state)
{
    (void)state;
    static const char piece[] =
        ",{\"sha256\":\"c44f717a0deed9d5b695a7fe722b0c5a1257cc8399f197a647961ce6cfd8c249\"}";
    struct bad_line subjects = {"subjects", ERR_LIMIT, "subjects", "65 entries and at most 64"};
    struct bad_line evidence = {"evidence", ERR_LIMIT, "evidence", "65 entries and at most 64"};
    struct report_line line;
    struct field_error error;
    struct bytes most = filled("{\"subjects\":[{}", SUBJECTS_MAX - 1, ",{}", "]}");
    assert_int_equal(read_bytes(most, &line, &error), 0);
    assert_int_equal(line.report.subject_count, SUBJECTS_MAX);
    assert_refused(filled("{\"subjects\":[{}", SUBJECTS_MAX, ",{}", "]}"), &subjects);
    assert_refused(filled("{\"evidence\":[{}", EVIDENCE_MAX, piece, "]}"), &evidence);
}

static void a_line_is_limited(void **state)
{
    (void)state;
    struct report_line line;
    struct field_error error;
    struct bad_line bad = {"line", ERR_LIMIT, "", "65537 bytes and at most 65536"};
    assert_int_equal(read_bytes(filled("{}", LINE_BYTES_MAX - 2, " ", ""), &line, &error), 0);
    assert_refused(filled("{}", LINE_BYTES_MAX - 1, " ", ""), &bad);
}

static void an_arena_that_is_full_refuses(void **state)
{
    (void)state;
    struct arena *small = arena_new(64);
    struct report_line line;
    struct field_error error;
    struct bytes text = filled("{\"description\":\"", 100, "x", "\"}");
    assert_non_null(small);
    assert_int_equal(report_line_read(text, small, &line, &error), ERR_LIMIT);
    assert_string_equal(error.field, "description");
    arena_reset(small);
    text = filled("{\"subjects\":[{}", 9, ",{}", "]}");
    assert_int_equal(report_line_read(text, small, &line, &error), ERR_LIMIT);
    assert_string_equal(error.field, "subjects");
    arena_free(small);
}

/* A path longer than its room, or with a key nobody can show, is cut and stays text. */
static void long_field_names_are_cut(void **state)
{
    (void)state;
    struct report_line line;
    struct field_error error;
    struct bytes text = filled("{\"", 500, "\xc3\xa9x", "\":1}");
    assert_int_equal(read_bytes(text, &line, &error), ERR_FORMAT);
    assert_in_range(strlen(error.field), 38, 40);
    assert_true(utf8_valid(bytes_of_text(error.field)));
    text = filled("{\"", 40, "x", "\":[{\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\":\xff");
    assert_int_equal(read_bytes(text, &line, &error), ERR_UTF8);
    assert_in_range(strlen(error.field), 40, FIELD_PATH_BYTES_MAX - 1);
}

/* Every start of a good line is refused, and no byte of it can be broken without notice. */
static void cut_and_broken_lines_are_refused(void **state)
{
    (void)state;
    struct report_line line;
    struct field_error error;
    for (size_t len = 0; len < sizeof full_line - 1; len++) {
        assert_int_equal(read_bytes(bytes_of(full_line, len), &line, &error), ERR_FORMAT);
    }
    for (size_t at = 0; at < sizeof full_line - 1; at++) {
        memcpy(long_line, full_line, sizeof full_line);
        long_line[at] = (char)0xff;
        assert_int_equal(read_bytes(bytes_of(long_line, sizeof full_line - 1), &line, &error),
                         ERR_UTF8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_line_gives_every_field),
        cmocka_unit_test(a_full_line_gives_its_lists),
        cmocka_unit_test(null_is_absent),
        cmocka_unit_test(a_zero_report_is_read),
        cmocka_unit_test(the_samples_are_read),
        cmocka_unit_test(bad_lines_are_refused_by_field),
        cmocka_unit_test(sizes_are_limited_and_the_limit_named),
        cmocka_unit_test(a_reporter_must_fit_as_a_whole),
        cmocka_unit_test(lists_are_limited),
        cmocka_unit_test(a_line_is_limited),
        cmocka_unit_test(an_arena_that_is_full_refuses),
        cmocka_unit_test(long_field_names_are_cut),
        cmocka_unit_test(cut_and_broken_lines_are_refused),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
