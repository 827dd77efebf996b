/* match_bench.h - reports through the fold, for tests of the matcher: the views are the real ones.
 */
#ifndef UNIT_CORE_CASES_MATCH_BENCH_H
#define UNIT_CORE_CASES_MATCH_BENCH_H

#include "lib/cmocka_all.h"

#include "core/base/text.h"
#include "core/cases/fold.h"
#include "core/seal/chain.h"
#include "core/wire/report_json.h"
#include "lib/memory_views.h"

#include <string.h>

struct bench {
    struct memory_views *memory;
    struct views views;
    struct arena *lines, *arena;
    struct fold_config config;
    struct fold_output output;
    uint64_t seq;
};

static inline int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->memory = memory_views_new();
    bench->views = memory_views_driver(bench->memory);
    bench->lines = arena_new(PARSE_ARENA_BYTES);
    bench->arena = arena_new(PARSE_ARENA_BYTES);
    assert_non_null(bench->lines);
    assert_non_null(bench->arena);
    bench->config.province = bytes_of_text("16");
    *state = bench;
    return 0;
}

static inline int bench_close(void **state)
{
    struct bench *bench = *state;
    memory_views_free(bench->memory);
    arena_free(bench->lines);
    arena_free(bench->arena);
    free(bench);
    return 0;
}

/* What an entry placed, as it stands in the journal: for a rebuild. */
#define KEPT_MAX 32u
struct kept {
    uint8_t body[KEPT_MAX][ENTRY_BYTES_MAX], placed[KEPT_MAX][2048];
    size_t body_len[KEPT_MAX], placed_len[KEPT_MAX];
    size_t count;
};
static struct kept kept;

static inline void keep(const struct bench *bench, const uint8_t *body, size_t len)
{
    if (kept.count < KEPT_MAX && bench->output.placement_count == 1) {
        memcpy(kept.body[kept.count], body, len);
        kept.body_len[kept.count] = len;
        assert_int_equal(placement_encode(&bench->output.placements[0], kept.placed[kept.count],
                                          sizeof kept.placed[0], &kept.placed_len[kept.count],
                                          NULL),
                         0);
        kept.count++;
    }
}

/* One JSON line through the door and the fold; placements stand in bench->output. */
static inline void submit(struct bench *bench, const char *json, size_t len)
{
    struct report_line line;
    struct field_error error = {.field = ""};
    static uint8_t body[ENTRY_BYTES_MAX];
    size_t body_len = 0;
    arena_reset(bench->lines);
    arena_reset(bench->arena);
    int status = report_line_read(bytes_of(json, len), bench->lines, &line, &error);
    if (status != 0) {
        fail_msg("%.*s: %s: %s", (int)len, json, error.field, error.reason);
    }
    put_be64(line.report.salt, bench->seq);
    assert_int_equal(report_encode(&line.report, body, sizeof body, &body_len, NULL), 0);
    bench->seq++;
    struct fold_input input = {.position = bench->seq,
                               .id = {.incarnation = {{1}}, .seq = bench->seq},
                               .kind = ENTRY_REPORT,
                               .body = bytes_of(body, body_len),
                               .owner = line.report.regency,
                               .enrolment = 1,
                               .received_ms = 1700000000000};
    assert_int_equal(
        fold_entry(&bench->config, &bench->views, &input, bench->arena, &bench->output, NULL), 0);
    if (bench->output.code != 0) {
        fail_msg("%.*s: %s", (int)len, json, bench->output.text);
    }
    keep(bench, body, body_len);
}

struct who {
    const char *name, *nip, *nik, *unit, *regency;
};
struct what {
    const char *form, *day, *url, *sha256;
};

static inline void add_field(json_t *to, const char *name, const char *value)
{
    if (value != NULL) {
        assert_int_equal(json_object_set_new(to, name, json_string(value)), 0);
    }
}

static inline json_t *subject_json(const struct who *who)
{
    json_t *subject = json_object();
    add_field(subject, "name", who->name);
    add_field(subject, "nip", who->nip);
    add_field(subject, "nik", who->nik);
    add_field(subject, "unit", who->unit);
    add_field(subject, "regency", who->regency);
    return subject;
}

/* Files a report about `count` persons; the last one's outcome. */
static inline enum placement_outcome file_all(struct bench *bench, const struct who *who,
                                              size_t count, const struct what *what)
{
    json_t *report = json_object(), *subjects = json_array();
    add_field(report, "regency", "16.07");
    add_field(report, "channel", "citizen");
    add_field(report, "form", what->form);
    add_field(report, "occurred_on", what->day);
    add_field(report, "known_on", "2024-11-30");
    add_field(report, "description", "uraian");
    add_field(report, "url", what->url);
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(subjects, subject_json(&who[i]));
    }
    json_object_set_new(report, "subjects", subjects);
    if (what->sha256 != NULL) {
        json_object_set_new(report, "evidence",
                            json_pack("[{s:s,s:s,s:i}]", "sha256", what->sha256, "media_type",
                                      "image/jpeg", "size", 7));
    }
    char *text = json_dumps(report, JSON_COMPACT);
    assert_non_null(text);
    submit(bench, text, strlen(text));
    free(text);
    json_decref(report);
    assert_int_equal(bench->output.placement_count, count);
    return bench->output.placements[count - 1].outcome;
}

static inline enum placement_outcome file(struct bench *bench, struct who who, struct what what)
{
    return file_all(bench, &who, 1, &what);
}

static inline bool rule_was(const struct bench *bench, const char *rule)
{
    return bytes_equal(bench->output.placements[0].rule, bytes_of_text(rule));
}

#define NIP_A "198203142006041007"
#define NIP_B "197005052000031002"
#define NIK_A "1607990408710002"
#define NIK_B "1607991212900007"
#define POST "https://www.facebook.com/groups/x/posts/1"
#define POST_MOBILE "https://m.facebook.com/groups/x/posts/1/?fbclid=abc"
#define OTHER_POST "https://www.facebook.com/groups/x/posts/2"
#define FILE_A "c44f717a0deed9d5b695a7fe722b0c5a1257cc8399f197a647961ce6cfd8c249"

#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

#endif
