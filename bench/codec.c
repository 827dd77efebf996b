/* kabar-bench codec - bytes and processor time a report costs in spans, by codec and by length of
 * the span, on reports as JSON Lines.
 *
 * A span's payload only: its header is 136 bytes more, the frame's encryption 35 to 42. Each report
 * is encoded as a node does, with a salt, and decoded again; what does not come back prints no
 * figure. Encoding includes the decoding by which a sender checks itself.
 */
#include "bench.h"
#include "core/wire/entry.h"
#include "core/wire/report_json.h"
#include "core/wire/span.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVENTS_MAX 100000u
#define ARENA_BYTES (4u << 20)
#define BODIES_BYTES (64u << 20)
#define ENTERED_MS 1727740800000
#define EX_USAGE 64

struct codec_bench {
    const char *events;
    uint64_t skip;
    struct span_entry *entries;
    size_t count;
    struct arena *arena, *bodies;
    struct span_builder *builder;
    struct span_decoder *decoder;
};

struct cost {
    uint64_t bytes, encode_ns, decode_ns;
};

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int entry_make(struct codec_bench *bench, const char *text, struct err_ctx *err)
{
    struct report_line line;
    struct field_error field = {.field = ""};
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    arena_reset(bench->arena);
    int rc = report_line_read(bytes_of_text(text), bench->arena, &line, &field);
    if (rc != 0) {
        return err_set(err, rc, "%s: %s", field.field, field.reason);
    }
    if (line.type != REPORT_LINE_REPORT) {
        return 0;
    }
    line.report.entered_by = bytes_of_text("petugas");
    line.report.has_entered_ms = true;
    line.report.entered_ms = ENTERED_MS + 60000 * (int64_t)bench->count;
    randombytes_buf(line.report.salt, sizeof line.report.salt);
    rc = report_encode(&line.report, body, sizeof body, &len, err);
    struct bytes kept =
        rc == 0 ? arena_copy(bench->bodies, bytes_of(body, len)) : bytes_of(NULL, 0);
    if (kept.data == NULL) {
        return rc != 0 ? rc : err_set(err, ERR_NOMEM, "more than %u bytes", BODIES_BYTES);
    }
    bench->entries[bench->count++] = (struct span_entry){.kind = ENTRY_REPORT, .body = kept};
    return 0;
}

static int events_read(struct codec_bench *bench, struct err_ctx *err)
{
    static char text[LINE_BYTES_MAX + 2];
    FILE *file = fopen(bench->events, "re");
    int rc = file == NULL ? err_set(err, ERR_IO, "%s", strerrordesc_np(errno)) : 0;
    uint64_t number = 0;
    while (rc == 0 && bench->count < EVENTS_MAX && fgets(text, sizeof text, file) != NULL) {
        text[strcspn(text, "\n")] = '\0';
        if (++number > bench->skip && text[0] != '\0') {
            rc = entry_make(bench, text, err);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    if (rc == 0 && bench->count == 0) {
        rc = err_set(err, ERR_VALUE, "no report");
    }
    return rc == 0 ? 0 : err_wrap(err, rc, "%s:%llu", bench->events, (unsigned long long)number);
}

static int span_measure(struct codec_bench *bench, size_t first, size_t count,
                        enum span_codec codec, struct cost *cost, struct err_ctx *err)
{
    static const struct incarnation incarnation = {{1}};
    static const struct hash before = {{2}};
    static const struct signature head = {{3}};
    struct span_header header;
    struct span_entry *found = NULL;
    struct bytes frame;
    struct bytes payload;
    uint64_t began = cpu_ns();
    int rc = 0;
    span_builder_start(bench->builder, &incarnation, first + 1, &before);
    for (size_t i = 0; i < count && rc == 0; i++) {
        rc = span_builder_add(bench->builder, &bench->entries[first + i], SPAN_RAW_BYTES_MAX);
    }
    rc = rc != 0 ? rc : span_builder_finish(bench->builder, codec, &head, &frame, err);
    cost->encode_ns += cpu_ns() - began;
    began = cpu_ns();
    arena_reset(bench->arena);
    rc = rc != 0 ? rc : span_header_decode(frame, &header, &payload, err);
    rc = rc != 0 ? rc
                 : span_entries_decode(bench->decoder, &header, payload, bench->arena, &found, err);
    cost->decode_ns += cpu_ns() - began;
    for (size_t i = 0; i < count && rc == 0; i++) {
        bool same = bytes_equal(found[i].body, bench->entries[first + i].body);
        rc = same ? 0 : err_set(err, ERR_FORMAT, "report %zu came back as another", first + i);
    }
    cost->bytes += rc == 0 ? payload.len : 0;
    return rc;
}

static json_t *cost_json(struct codec_bench *bench, size_t length, enum span_codec codec,
                         struct err_ctx *err)
{
    static const char *const names[] = {"raw", "zstd", "modelled"};
    struct cost cost = {0};
    for (size_t at = 0; at < bench->count; at += length) {
        size_t left = bench->count - at;
        if (span_measure(bench, at, left < length ? left : length, codec, &cost, err) != 0) {
            return NULL;
        }
    }
    double reports = (double)bench->count;
    return json_pack("{s:s, s:I, s:f, s:f, s:f}", "codec", names[codec], "reports_a_span",
                     (json_int_t)length, "bytes", (double)cost.bytes / reports, "encode_us",
                     (double)cost.encode_ns / 1000 / reports, "decode_us",
                     (double)cost.decode_ns / 1000 / reports);
}

static int measure(struct codec_bench *bench, struct err_ctx *err)
{
    static const size_t lengths[] = {1, 16, 64};
    json_t *rows = json_array();
    int rc = rows == NULL ? ERR_NOMEM : 0;
    struct cost unused = {0};
    rc = rc != 0 ? rc : span_measure(bench, 0, 1, SPAN_MODEL, &unused, err); /* the dictionary */
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (int codec = SPAN_RAW; rc == 0 && codec <= SPAN_MODEL; codec++) {
            json_t *row = cost_json(bench, lengths[i], (enum span_codec)codec, err);
            rc = row == NULL || json_array_append_new(rows, row) != 0 ? ERR_FORMAT : 0;
        }
    }
    if (rc == 0) {
        json_t *all = json_pack("{s:I, s:o}", "reports", (json_int_t)bench->count, "spans", rows);
        rc = json_dumpf(all, stdout, JSON_REAL_PRECISION(5) | JSON_INDENT(1)) != 0 ? ERR_IO : 0;
        (void)fputc('\n', stdout);
        json_decref(all);
    } else {
        json_decref(rows);
    }
    return rc;
}

static bool options_read(struct codec_bench *bench, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--events") == 0) {
            bench->events = argv[i + 1];
        } else if (i + 1 >= argc || strcmp(argv[i], "--skip") != 0 ||
                   !bench_number(argv[i + 1], EVENTS_MAX, &bench->skip)) {
            (void)fprintf(stderr, "kabar-bench codec: %s: see kabar-bench --help\n", argv[i]);
            return false;
        }
    }
    return bench->events != NULL;
}

int bench_codec(int argc, char **argv)
{
    struct err_ctx err = {.text = ""};
    struct codec_bench bench = {.skip = 0};
    if (!options_read(&bench, argc, argv)) {
        return EX_USAGE;
    }
    bench.entries = calloc(EVENTS_MAX, sizeof *bench.entries);
    bench.arena = arena_new(ARENA_BYTES);
    bench.bodies = arena_new(BODIES_BYTES);
    bench.builder = span_builder_new();
    bench.decoder = span_decoder_new();
    bool all = bench.entries != NULL && bench.arena != NULL && bench.bodies != NULL &&
               bench.builder != NULL && bench.decoder != NULL && sodium_init() >= 0;
    int rc = all ? events_read(&bench, &err) : err_set(&err, ERR_NOMEM, "out of memory");
    rc = rc != 0 ? rc : measure(&bench, &err);
    if (rc != 0) {
        (void)fprintf(stderr, "kabar-bench codec: %s\n", err_peek(&err, rc));
    }
    free(bench.entries);
    arena_free(bench.arena);
    arena_free(bench.bodies);
    span_builder_free(bench.builder);
    span_decoder_free(bench.decoder);
    return rc == 0 ? 0 : 1;
}
