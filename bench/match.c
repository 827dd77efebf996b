/* kabar-bench match - the processor time of finding a report's case, in the aggregator's own views.
 *
 * First the views are filled through the fold (core/cases/fold.h over the aggregator's own LMDB
 * driver) until as many cases are open as asked for. Then, in batches as large as half of the
 * applier's and in one write transaction each, the same reports go three ways:
 *   match    matcher_place: normalising, keys, blocks and cases looked up in LMDB (but for keys
 * that the aggregator's filter knows to be nowhere), judging, the placement. From the decoded
 * report; nothing is written fold     fold_entry: the body decoded and checked, the same matching
 * again (its pages are warm by then), case, placement, keys and numbers written to the views
 * get+put  one case's record of these views read, and put back, by a random name Processor time of
 * the thread, without making the reports and without the commit. Who is who is known: one merge of
 * two cases, and no figure is printed.
 */
#include "aggregator/aggregator.h"
#include "bench.h"
#include "core/cases/fold.h"
#include "match_load.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define BATCH 512u
#define BATCH_ARENA_BYTES (BATCH * 16384u)
#define CASES_MAX 4000000u
#define EX_USAGE 64

struct made {
    struct report report;
    uint32_t truth;
    enum load_kind kind;
    struct bytes body;
};
struct match_bench {
    uint64_t cases, reports, seed;
    const char *dir, *json;
    char folder[512];
    struct store *store;
    struct key_filter *filter;
    struct load load;
    struct arena *batch_arena, *arena;
    struct fold_config config;
    struct fold_output output;
    struct made made[BATCH];
    uint32_t *truth_of; /* by seq */
    uint64_t seq, open, capacity;
    bool timed;
    uint64_t match_ns, fold_ns, get_put_ns, value_bytes;
    uint64_t by_outcome[5], by_kind[LOAD_KIND_COUNT], repeats_found, wrong;
};

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- one batch ---- */
static int batch_make(struct match_bench *bench, struct err_ctx *err)
{
    uint8_t body[ENTRY_BYTES_MAX];
    arena_reset(bench->batch_arena);
    for (size_t i = 0; i < BATCH; i++) {
        struct made *made = &bench->made[i];
        size_t len = 0;
        if (!load_next(&bench->load, bench->batch_arena, &made->report, &made->kind,
                       &made->truth)) {
            return err_set(err, ERR_NOMEM, "reports");
        }
        int rc = report_encode(&made->report, body, sizeof body, &len, err);
        made->body = arena_copy(bench->batch_arena, bytes_of(body, len));
        if (rc != 0 || made->body.data == NULL) {
            return rc != 0 ? rc : err_set(err, ERR_NOMEM, "bodies");
        }
    }
    return 0;
}

static struct fold_input input_of(const struct match_bench *bench, size_t i)
{
    uint64_t seq = bench->seq + i + 1;
    return (struct fold_input){.position = seq,
                               .id = {.incarnation = {{1}}, .seq = seq},
                               .kind = ENTRY_REPORT,
                               .body = bench->made[i].body,
                               .owner = bench->made[i].report.regency,
                               .enrolment = 1,
                               .received_ms = 1732000000000};
}

static int batch_match(struct match_bench *bench, const struct views *views, struct err_ctx *err)
{
    int rc = 0;
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < BATCH && rc == 0; i++) {
        struct fold_input input = input_of(bench, i);
        struct placement placement;
        arena_reset(bench->arena);
        rc = matcher_place(views, &bench->made[i].report, &input.id, input.position, 0,
                           bench->config.province, bench->arena, &placement, err);
    }
    bench->match_ns += cpu_ns() - from;
    return rc;
}

/* What came out, against what is true: names of cases are those of their first reports. */
static int placement_judge(struct match_bench *bench, size_t i, struct err_ctx *err)
{
    const struct placement *placement = &bench->output.placements[0];
    const struct made *made = &bench->made[i];
    struct case_name name;
    if (bench->output.code != 0 || bench->output.placement_count != 1 ||
        !case_name_parse(placement->case_name, &name)) {
        return err_set(err, ERR_FORMAT, "report %" PRIu64 ": %s", bench->seq + i + 1,
                       bench->output.text);
    }
    bench->truth_of[bench->seq + i + 1] = made->truth;
    bool merged = placement->outcome == PLACEMENT_MERGED;
    uint64_t first = get_be64(name.b + INCARNATION_BYTES);
    bench->open += merged ? 0 : 1;
    bench->open -= placement->joined_count;
    bench->wrong += merged && bench->truth_of[first] != made->truth;
    if (bench->timed) {
        bench->by_outcome[placement->outcome]++;
        bench->by_kind[made->kind]++;
        bench->repeats_found += merged && made->kind == LOAD_REPEAT;
    }
    return 0;
}

static int batch_fold(struct match_bench *bench, const struct views *views, struct err_ctx *err)
{
    int rc = 0;
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < BATCH && rc == 0; i++) {
        struct fold_input input = input_of(bench, i);
        arena_reset(bench->arena);
        rc = fold_entry(&bench->config, views, &input, bench->arena, &bench->output, err);
        rc = rc == 0 ? placement_judge(bench, i, err) : rc;
    }
    bench->fold_ns += cpu_ns() - from;
    return rc;
}

static int batch_get_put(struct match_bench *bench, const struct views *views)
{
    static struct case_name names[BATCH];
    static uint8_t value[CASE_VIEW_BYTES_MAX];
    uint64_t spread = bench->seq;
    for (size_t i = 0; i < BATCH; i++) {
        struct entry_id id = {.incarnation = {{1}}};
        struct view_key after;
        struct bytes key, unused;
        spread = spread * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        id.seq = (spread >> 20) % bench->seq;
        case_name_of(&id, 0, &names[i]);
        view_key_init(&after, bytes_of(names[i].b, CASE_NAME_BYTES));
        int rc = views->next(views->arg, VIEW_CASES, (struct bytes){0}, view_key_bytes(&after),
                             &key, &unused);
        if (rc == 0 && key.len == CASE_NAME_BYTES) {
            memcpy(names[i].b, key.data, CASE_NAME_BYTES);
        } else {
            names[i] = names[i > 0 ? i - 1 : 0];
        }
    }
    uint64_t from = cpu_ns();
    for (size_t i = 0; i < BATCH; i++) {
        struct bytes key = bytes_of(names[i].b, CASE_NAME_BYTES), got;
        int rc = views->get(views->arg, VIEW_CASES, key, &got);
        if (rc != 0 || got.len > sizeof value) {
            return rc != 0 ? rc : ERR_LIMIT;
        }
        memcpy(value, got.data, got.len);
        views->put(views->arg, VIEW_CASES, key, bytes_of(value, got.len));
        bench->value_bytes += got.len;
    }
    bench->get_put_ns += cpu_ns() - from;
    return 0;
}

struct batch_call {
    struct match_bench *bench;
    struct err_ctx *err;
};

static int batch_run(struct store_txn *txn, void *arg)
{
    struct batch_call *call = arg;
    struct match_bench *bench = call->bench;
    struct views views;
    int rc = driver_filter_ready(txn, &bench->filter);
    struct driver driver = {.txn = txn, .filter = bench->filter};
    driver_writing(&driver, &views);
    rc = rc == 0 && bench->timed ? batch_match(bench, &views, call->err) : rc;
    rc = rc == 0 ? batch_fold(bench, &views, call->err) : rc;
    if (rc == 0 && bench->timed) {
        rc = batch_get_put(bench, &views);
    }
    return rc;
}

static int batch(struct match_bench *bench, struct err_ctx *err)
{
    struct batch_call call = {.bench = bench, .err = err};
    if (bench->seq + BATCH + 1 > bench->capacity) {
        return err_set(err, ERR_LIMIT, "more than %" PRIu64 " reports", bench->capacity);
    }
    int rc = batch_make(bench, err);
    rc = rc == 0 ? store_apply(bench->store, batch_run, &call, err) : rc;
    bench->seq += BATCH;
    if (rc == 0 && bench->wrong > 0) {
        return err_set(err, ERR_STATE, "%" PRIu64 " reports were merged into another's case",
                       bench->wrong);
    }
    return rc;
}

/* ---- the run ---- */
static int match_open(struct match_bench *bench, struct err_ctx *err)
{
    char path[600];
    int len = snprintf(bench->folder, sizeof bench->folder, "%s/kabar-bench-XXXXXX", bench->dir);
    if (len < 0 || (size_t)len >= sizeof bench->folder || mkdtemp(bench->folder) == NULL) {
        bench->folder[0] = '\0';
        return err_set(err, ERR_IO, "%s: no folder can be made", bench->dir);
    }
    (void)snprintf(path, sizeof path, "%s/views", bench->folder);
    struct store_config config = {.path = path,
                                  .tables = view_table_names,
                                  .table_count = VIEW_TABLE_COUNT,
                                  .map_bytes = (bench->cases * 16 + (1u << 20)) * 1024,
                                  .format = VIEWS_FORMAT,
                                  .test_no_sync = true}; /* no commit is measured */
    bench->capacity = (bench->cases + bench->reports) * 2 + 8 * (uint64_t)BATCH;
    bench->truth_of = calloc(bench->capacity, sizeof *bench->truth_of);
    bench->batch_arena = arena_new(BATCH_ARENA_BYTES);
    bench->arena = arena_new(PARSE_ARENA_BYTES);
    bench->config.province = bytes_of_text("16");
    bench->load.seed = bench->seed;
    if (bench->truth_of == NULL || bench->batch_arena == NULL || bench->arena == NULL) {
        return err_set(err, ERR_NOMEM, "match");
    }
    return store_open(&config, &bench->store, err);
}

static void match_close(struct match_bench *bench)
{
    static const char *const files[] = {"/views/data.mdb", "/views/lock.mdb", "/views/lock",
                                        "/views", ""};
    char path[600];
    store_close(bench->store);
    key_filter_free(bench->filter);
    for (size_t i = 0; bench->folder[0] != '\0' && i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(path, sizeof path, "%s%s", bench->folder, files[i]);
        if (remove(path) != 0 && errno != ENOENT) {
            (void)fprintf(stderr, "kabar-bench: %s: left behind\n", path);
        }
    }
    free(bench->truth_of);
    arena_free(bench->batch_arena);
    arena_free(bench->arena);
}

static int match_measure(struct match_bench *bench, struct err_ctx *err)
{
    int rc = 0;
    while (rc == 0 && bench->open < bench->cases) {
        rc = batch(bench, err);
    }
    bench->timed = true;
    bench->fold_ns = 0;
    for (uint64_t done = 0; rc == 0 && done < bench->reports; done += BATCH) {
        rc = batch(bench, err);
    }
    return rc;
}

/* ---- the result ---- */
static double rounded(double value)
{
    return (double)(int64_t)(value * 100 + 0.5) / 100;
}

static json_t *machine_json(void)
{
    struct utsname name;
    if (uname(&name) != 0) {
        return NULL;
    }
    return json_pack("{s:I, s:s}", "cores", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "kernel",
                     name.release);
}

static json_t *result_json(const struct match_bench *bench)
{
    double n = (double)(bench->by_kind[LOAD_NEW] + bench->by_kind[LOAD_REPEAT] +
                        bench->by_kind[LOAD_NEAR_MISS]);
    double match_us = (double)bench->match_ns / n / 1000;
    double get_put_us = (double)bench->get_put_ns / n / 1000;
    double target = bench->cases > 100000 ? 12 : 8;
    return json_pack(
        "{s:f, s:f, s:b, s:f, s:f, s:f, s:I, s:I, s:{s:I, s:I, s:I}, s:{s:I, s:I, s:I}, s:I}",
        "us_per_report", rounded(match_us), "target_us", target, "met", match_us <= target,
        "get_put_us", rounded(get_put_us), "ratio_to_get_put", rounded(match_us / get_put_us),
        "fold_us", rounded((double)bench->fold_ns / n / 1000), "case_bytes",
        (json_int_t)((double)bench->value_bytes / n), "open_cases", (json_int_t)bench->open,
        "outcomes", "new", (json_int_t)bench->by_outcome[PLACEMENT_NEW], "merged",
        (json_int_t)bench->by_outcome[PLACEMENT_MERGED], "review",
        (json_int_t)bench->by_outcome[PLACEMENT_REVIEW], "mix", "new",
        (json_int_t)bench->by_kind[LOAD_NEW], "repeats", (json_int_t)bench->by_kind[LOAD_REPEAT],
        "near_misses", (json_int_t)bench->by_kind[LOAD_NEAR_MISS], "repeats_merged",
        (json_int_t)bench->repeats_found);
}

static int match_print(const struct match_bench *bench, struct err_ctx *err)
{
    json_t *all =
        json_pack("{s:s, s:{s:I, s:I, s:I}, s:o, s:o}", "benchmark", "match", "settings", "cases",
                  (json_int_t)bench->cases, "reports", (json_int_t)bench->reports, "seed",
                  (json_int_t)bench->seed, "machine", machine_json(), "result", result_json(bench));
    FILE *out = bench->json == NULL ? stdout : fopen(bench->json, "we");
    int rc = 0;
    if (all == NULL || out == NULL || json_dumpf(all, out, JSON_COMPACT) != 0 ||
        fputc('\n', out) == EOF) {
        rc = err_set(err, ERR_IO, "the result cannot be written");
    }
    if (out != NULL && out != stdout && fclose(out) != 0 && rc == 0) {
        rc = err_set(err, ERR_IO, "the result cannot be written");
    }
    json_decref(all);
    return rc;
}

static bool option_read(struct match_bench *bench, const char *name, const char *value)
{
    if (strcmp(name, "--cases") == 0) {
        return bench_number(value, CASES_MAX, &bench->cases);
    }
    if (strcmp(name, "--reports") == 0) {
        return bench_number(value, CASES_MAX, &bench->reports);
    }
    if (strcmp(name, "--seed") == 0) {
        return bench_number(value, INT64_MAX, &bench->seed);
    }
    if (strcmp(name, "--dir") == 0) {
        bench->dir = value;
        return true;
    }
    if (strcmp(name, "--json") == 0) {
        bench->json = value;
        return true;
    }
    return false;
}

int bench_match(int argc, char **argv)
{
    struct err_ctx err = {.text = ""};
    struct match_bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL) {
        return 1;
    }
    const char *tmp = getenv("TMPDIR");
    bench->cases = 100000;
    bench->reports = 20480;
    bench->seed = 1607;
    bench->dir = tmp != NULL ? tmp : "/tmp";
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc || !option_read(bench, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "kabar-bench match: %s: see kabar-bench --help\n", argv[i]);
            free(bench);
            return EX_USAGE;
        }
    }
    int rc = match_open(bench, &err);
    rc = rc == 0 ? match_measure(bench, &err) : rc;
    rc = rc == 0 ? match_print(bench, &err) : rc;
    if (rc != 0) {
        (void)fprintf(stderr, "kabar-bench match: %s\n", err_peek(&err, rc));
    }
    match_close(bench);
    free(bench);
    return rc == 0 ? 0 : 1;
}
