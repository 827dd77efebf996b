/* match.c - kabar match: the aggregator's own fold over a file of reports, in order, no server. */
#include "cli/cli.h"
#include "cli/match_views.h"

#include "core/base/text.h"
#include "core/cases/fold.h"
#include "core/cases/match_explain.h"
#include "core/cases/matcher.h"
#include "core/wire/report_json.h"
#include "platform/host/host.h"

#include <stdlib.h>
#include <string.h>

#define REPORTS_BYTES_MAX 1073741824u

struct match {
    FILE *out;
    json_t *judged; /* of each (report, subject): what it was judged against; NULL: not asked */
    struct match_views *memory;
    struct views views;
    struct arena *lines, *arena;
    struct fold_config config;
    struct fold_output output;
    uint64_t reports; /* read so far */
    size_t printed;   /* placements */
};

static int match_open(struct match *match, struct err_ctx *err)
{
    match->memory = match_views_new();
    match->lines = arena_new(PARSE_ARENA_BYTES);
    match->arena = arena_new(PARSE_ARENA_BYTES);
    if (match->memory == NULL || match->lines == NULL || match->arena == NULL) {
        return err_set(err, ERR_NOMEM, "match");
    }
    match->views = match_views_driver(match->memory);
    return 0;
}

static void match_clear(struct match *match)
{
    match_views_free(match->memory);
    json_decref(match->judged);
    arena_free(match->lines);
    arena_free(match->arena);
}

static json_t *texts_json(const struct bytes *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, json_text(texts[i]));
    }
    return list;
}

static int placement_print(struct match *match, const struct placement *placement,
                           struct err_ctx *err)
{
    static const char *const outcomes[] = {[PLACEMENT_NEW] = "new",
                                           [PLACEMENT_MERGED] = "merged",
                                           [PLACEMENT_REVIEW] = "review",
                                           [PLACEMENT_REROUTED] = "new"};
    json_t *row = json_pack(
        "{s:I, s:I, s:o, s:s, s:o, s:f, s:o}", "report", (json_int_t)placement->position - 1,
        "subject", (json_int_t)placement->subject, "case", json_text(placement->case_name),
        "outcome", outcomes[placement->outcome], "rule", json_text(placement->rule), "score",
        (double)placement->score_milli / 1000, "candidates",
        texts_json(placement->candidates, placement->candidate_count));
    if (row == NULL) {
        return err_set(err, ERR_NOMEM, "match");
    }
    if (match->judged != NULL) {
        (void)json_object_set_new(row, "fields",
                                  match_explain_fields(placement->fields, placement->field_count));
        (void)json_object_set(row, "judged", json_array_get(match->judged, match->printed));
    }
    int failed = json_dumpf(row, match->out, JSON_COMPACT) != 0 || fputc('\n', match->out) == EOF;
    json_decref(row);
    match->printed++;
    return failed ? err_set(err, ERR_IO, "placements cannot be written") : 0;
}

/* The cases its candidates are in now, each once. */
static int candidates_now(const struct match *match, struct placement *placement)
{
    size_t count = 0;
    for (size_t i = 0; i < placement->candidate_count; i++) {
        struct case_name name;
        struct bytes value;
        char text[CASE_TEXT_CAPACITY];
        if (!case_name_parse(placement->candidates[i], &name)) {
            return ERR_FORMAT;
        }
        int rc = matcher_case(&match->views, match->arena, &name, &value);
        struct bytes copy = arena_copy(match->arena, bytes_of_text(case_name_text(&name, text)));
        bool again = bytes_equal(copy, placement->case_name);
        for (size_t j = 0; j < count; j++) {
            again = again || bytes_equal(copy, placement->candidates[j]);
        }
        if (rc != 0) {
            return rc;
        }
        if (!again) {
            placement->candidates[count++] = copy;
        }
    }
    placement->candidate_count = count;
    return 0;
}

/* Where each subject is after the last report: later ones may have shown that two cases are one. */
static int placements_print(struct match *match, struct err_ctx *err)
{
    struct view_key after;
    struct bytes key, value;
    int rc = 0;
    view_key_init(&after, (struct bytes){0});
    while (rc == 0 && match->views.next(match->views.arg, VIEW_PLACEMENTS, (struct bytes){0},
                                        view_key_bytes(&after), &key, &value) == 0) {
        struct placement placement;
        arena_reset(match->arena);
        view_key_init(&after, key);
        rc = placement_decode(value, match->arena, &placement, err);
        rc = rc == 0 ? candidates_now(match, &placement) : rc;
        rc = rc == 0 ? placement_print(match, &placement, err) : rc;
    }
    return rc;
}

/* What a subject is judged against just before it is placed, the kept apart too. */
static json_t *judged_json(const struct match *match, const struct report *report, uint32_t subject)
{
    struct matcher_judged judged[MATCH_CASES_MAX];
    size_t count = 0;
    json_t *list = json_array();
    int rc = matcher_explain(&match->views, report, match->reports + 1, subject,
                             match->config.province, match->arena, judged, &count);
    for (size_t i = 0; i < count && rc == 0; i++) {
        char text[CASE_TEXT_CAPACITY];
        json_t *row = match_explain_json(&judged[i].judgement, match->arena);
        (void)json_object_set_new(row, "case",
                                  json_string(case_name_text(&judged[i].case_name, text)));
        (void)json_array_append_new(list, row);
    }
    return list;
}

static void explain(struct match *match, const struct report *report)
{
    for (uint32_t i = 0; match->judged != NULL && i < report->subject_count; i++) {
        (void)json_array_append_new(match->judged, judged_json(match, report, i));
    }
    arena_reset(match->arena);
}

static int fold_one(struct match *match, struct report *report, struct err_ctx *err)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    int rc = report_encode(report, body, sizeof body, &len, err);
    struct fold_input input = {.position = match->reports + 1,
                               .id = {.incarnation = {{1}}, .seq = match->reports + 1},
                               .kind = ENTRY_REPORT,
                               .body = bytes_of(body, len),
                               .owner = report->regency,
                               .enrolment = 1};
    /* The province is the filing regency's: nothing is rerouted away from the reports at hand. */
    match->config.province = bytes_of(report->regency.data, report->regency.len < 2 ? 0 : 2);
    if (rc == 0) {
        explain(match, report);
        rc = fold_entry(&match->config, &match->views, &input, match->arena, &match->output, err);
    }
    if (rc == 0 && match->output.code != 0) {
        return err_set(err, match->output.code, "%s", match->output.text);
    }
    return rc != 0 || !match_views_full(match->memory) ? rc : err_set(err, ERR_NOMEM, "views");
}

static int line_run(struct match *match, struct bytes text, struct err_ctx *err)
{
    struct report_line line;
    struct field_error field = {.field = ""};
    arena_reset(match->lines);
    arena_reset(match->arena);
    int rc = report_line_read(text, match->lines, &line, &field);
    if (rc != 0) {
        return err_set(err, rc, "%s: %s", field.field, field.reason);
    }
    if (line.type == REPORT_LINE_REPORT) {
        rc = fold_one(match, &line.report, err);
    }
    match->reports++;
    return rc;
}

static int lines_run(struct match *match, const char *name, struct bytes file, struct err_ctx *err)
{
    size_t at = 0;
    for (size_t number = 1; at < file.len; number++) {
        const uint8_t *end = memchr(file.data + at, '\n', file.len - at);
        size_t len = end == NULL ? file.len - at : (size_t)(end - (file.data + at));
        int rc = len == 0 ? 0 : line_run(match, bytes_of(file.data + at, len), err);
        if (rc != 0) {
            return err_wrap(err, rc, "%s:%zu", name, number);
        }
        at += len + 1;
    }
    return 0;
}

int match_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    (void)cli;
    const char *reports = args_text(args, "reports"), *out = args_text(args, "out");
    uint8_t *file = NULL;
    size_t len = 0;
    bool explained = json_is_true(json_object_get(args, "explain"));
    struct match match = {.out = stdout, .judged = explained ? json_array() : NULL};
    int rc = file_read(reports, REPORTS_BYTES_MAX, &file, &len, err);
    if (rc != 0) {
        return rc;
    }
    if (out != NULL) {
        match.out = fopen(out, "we");
    }
    if (match.out == NULL) {
        rc = err_set(err, ERR_IO, "%s: cannot be written", out);
    }
    rc = rc != 0 ? rc : match_open(&match, err);
    rc = rc != 0 ? rc : lines_run(&match, reports, bytes_of(file, len), err);
    rc = rc != 0 ? rc : placements_print(&match, err);
    if (out != NULL && match.out != NULL && fclose(match.out) != 0 && rc == 0) {
        rc = err_set(err, ERR_IO, "%s: cannot be written", out);
    }
    match_clear(&match);
    free(file);
    return rc;
}
