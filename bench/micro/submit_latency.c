/* submit_latency SOCKET KABAR FOLDER REGENCY ROUNDS PAUSE_MS - what one report costs, against what
 * the disk costs.
 *
 * Each round does four things, in an order that goes round too, and takes the time of each:
 *   commit    one entry of the size of a report, put into an LMDB environment in FOLDER, committed
 *   held      one report at the node's door over a connection that is held, until it is answered
 *   command   `KABAR --socket SOCKET report submit FILE` of one report, from its start to its end
 *   start     /bin/true, from its start to its end: what any command costs before it does a thing
 * FOLDER is on the file system of the node's store, so that all wait for the same disk. Prints one
 * JSON object; a report that was not accepted ends it with 1 and no figure.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <lmdb.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/door/door.h"
#include "platform/host/host.h"

#define ROUNDS_MAX 100000u
#define WARM_UP 5u /* rounds that do not count */
#define MAP_BYTES (256u << 20)
#define ANSWER_MS 30000

enum what { COMMIT, HELD, COMMAND, START, WHAT_COUNT };
static const char *const names[WHAT_COUNT] = {"commit_ms", "held_ms", "command_ms", "start_ms"};

struct bench {
    const char *socket, *kabar, *folder, *regency;
    uint64_t rounds, pause_ms, nonce;
    MDB_env *env;
    MDB_dbi table;
    struct door_client *client;
    double *ms[WHAT_COUNT];
};

static _Noreturn void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "submit_latency: %s: %s\n", what, why);
    exit(1);
}

static void mdb_check(int rc, const char *what)
{
    if (rc != 0) {
        die(what, mdb_strerror(rc));
    }
}

static void check(int rc, const struct err_ctx *err)
{
    if (rc != 0) {
        die("door", err_peek(err, rc));
    }
}

/* ---- the three ---- */

static size_t report_text(const struct bench *bench, enum what what, uint64_t round, char *to,
                          size_t capacity)
{
    int len =
        snprintf(to, capacity,
                 "{\"key\":\"latency-%016" PRIx64 "-%d-%" PRIu64
                 "\",\"regency\":\"%s\",\"channel\":\"own_finding\",\"form\":\"DS-06\","
                 "\"occurred_on\":\"2024-10-02\",\"place\":\"Lapangan Merdeka\","
                 "\"description\":\"Hadir dan ikut berorasi pada kampanye pasangan calon, "
                 "mengenakan atribut, difoto oleh warga (nomor %" PRIu64 ")\","
                 "\"subjects\":[{\"name\":\"Orang Uji %d %" PRIu64 "\",\"employment\":\"pns\","
                 "\"unit\":\"Dinas Perhubungan\",\"position\":\"Kepala Seksi\"}]}",
                 bench->nonce, (int)what, round, bench->regency, round, (int)what, round);
    if (len < 0 || (size_t)len >= capacity) {
        die("report", "too long");
    }
    return (size_t)len;
}

static void do_commit(struct bench *bench, uint64_t round)
{
    char text[1024];
    uint64_t key = __builtin_bswap64(round + 1);
    MDB_val name = {sizeof key, &key};
    MDB_val value = {report_text(bench, COMMIT, round, text, sizeof text), text};
    MDB_txn *txn = NULL;
    mdb_check(mdb_txn_begin(bench->env, NULL, 0, &txn), "begin");
    mdb_check(mdb_put(txn, bench->table, &name, &value, 0), "put");
    mdb_check(mdb_txn_commit(txn), "commit");
}

static void do_held(struct bench *bench, uint64_t round)
{
    char text[1024];
    struct err_ctx err = {""};
    struct bytes line;
    static const char request[] =
        "{\"id\":1,\"command\":\"report submit\",\"args\":{},\"stream\":true}";
    size_t len = report_text(bench, HELD, round, text, sizeof text);
    check(door_client_send(bench->client, bytes_of_text(request), &err), &err);
    check(door_client_send(bench->client, bytes_of(text, len), &err), &err);
    check(door_client_send(bench->client, bytes_of_text("."), &err), &err);
    for (int i = 0; i < 2; i++) { /* the line's answer, and that of the command */
        check(door_client_read(bench->client, &line, &err), &err);
        if (i == 0 && memmem(line.data, line.len, "\"accepted\":true", 15) == NULL) {
            die("not accepted", "held");
        }
    }
}

static void file_of(const struct bench *bench, uint64_t round, char *to, size_t capacity)
{
    (void)snprintf(to, capacity, "%s/report-%" PRIu64, bench->folder, round);
}

/* Started, and waited for; it must succeed. */
static void run_program(const char *const *given, size_t count)
{
    char *words[8] = {NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int status = -1;
    memcpy(words, given, count * sizeof *given); /* argv has no const */
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&child, words[0], &actions, NULL, words, environ) != 0) {
        die(words[0], "cannot be started");
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        die(words[0], "failed: a report was not accepted");
    }
}

static void do_command(struct bench *bench, uint64_t round)
{
    char path[4096];
    const char *words[] = {bench->kabar, "--socket", bench->socket, "report", "submit", path};
    file_of(bench, round, path, sizeof path);
    run_program(words, sizeof words / sizeof words[0]);
}

static void do_start(struct bench *bench, uint64_t round)
{
    const char *words[] = {"/bin/true"};
    (void)bench;
    (void)round;
    run_program(words, 1);
}

/* ---- rounds ---- */

static void write_files(const struct bench *bench)
{
    char path[4096];
    char text[1024];
    for (uint64_t round = 0; round < bench->rounds + WARM_UP; round++) {
        file_of(bench, round, path, sizeof path);
        size_t len = report_text(bench, COMMAND, round, text, sizeof text);
        FILE *file = fopen(path, "w");
        if (file == NULL || fwrite(text, 1, len, file) != len || fclose(file) != 0) {
            die(path, "cannot be written");
        }
    }
    sync(); /* not while times are taken */
}

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void run(struct bench *bench)
{
    static void (*const todo[WHAT_COUNT])(struct bench *, uint64_t) = {do_commit, do_held,
                                                                       do_command, do_start};
    struct timespec pause = {.tv_sec = (time_t)(bench->pause_ms / 1000),
                             .tv_nsec = (long)(bench->pause_ms % 1000) * 1000000};
    for (uint64_t round = 0; round < bench->rounds + WARM_UP; round++) {
        for (uint64_t i = 0; i < WHAT_COUNT; i++) {
            size_t what = (size_t)((round + i) % WHAT_COUNT);
            double from = now_ms();
            todo[what](bench, round);
            double took = now_ms() - from;
            if (round >= WARM_UP) {
                bench->ms[what][round - WARM_UP] = took;
            }
            (void)nanosleep(&pause, NULL);
        }
    }
}

/* ---- result ---- */

static int by_value(const void *a, const void *b)
{
    double x;
    double y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static double part_of(const double *sorted, uint64_t count, double part)
{
    uint64_t at = (uint64_t)((double)count * part);
    return sorted[at < count ? at : count - 1];
}

static json_t *rounded(double ms)
{
    return json_real((double)(int64_t)(ms * 1000 + 0.5) / 1000);
}

static void print_result(struct bench *bench)
{
    static const struct {
        const char *name;
        double part;
    } parts[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1.0}};
    json_t *result = json_object();
    double p50[WHAT_COUNT];
    for (int what = 0; what < WHAT_COUNT; what++) {
        json_t *figures = json_object();
        qsort(bench->ms[what], bench->rounds, sizeof(double), by_value);
        p50[what] = part_of(bench->ms[what], bench->rounds, 0.5);
        for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
            double ms = part_of(bench->ms[what], bench->rounds, parts[i].part);
            (void)json_object_set_new(figures, parts[i].name, rounded(ms));
        }
        (void)json_object_set_new(result, names[what], figures);
    }
    uint64_t accepted = 2 * (bench->rounds + WARM_UP);
    (void)json_object_set_new(result, "accepted", json_integer((json_int_t)accepted));
    double target = 1.5 * p50[COMMIT] + 1;
    (void)json_object_set_new(result, "target_p50_ms", rounded(target));
    (void)json_object_set_new(result, "held_met", json_boolean(p50[HELD] <= target));
    (void)json_object_set_new(result, "command_met", json_boolean(p50[COMMAND] <= target));
    (void)json_dumpf(result, stdout, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    (void)fputc('\n', stdout);
    json_decref(result);
}

static void open_all(struct bench *bench)
{
    char path[4096];
    struct err_ctx err = {""};
    MDB_txn *txn = NULL;
    if (host_init(&err) != 0) {
        die("start", err.text);
    }
    host_random(&bench->nonce, sizeof bench->nonce);
    (void)snprintf(path, sizeof path, "%s/lmdb", bench->folder);
    if (mkdir(path, 0700) != 0) {
        die(path, strerrordesc_np(errno));
    }
    mdb_check(mdb_env_create(&bench->env), "create");
    mdb_check(mdb_env_set_mapsize(bench->env, MAP_BYTES), "map size");
    mdb_check(mdb_env_open(bench->env, path, MDB_NOTLS, 0600), "open");
    mdb_check(mdb_txn_begin(bench->env, NULL, 0, &txn), "begin");
    mdb_check(mdb_dbi_open(txn, NULL, 0, &bench->table), "table");
    mdb_check(mdb_txn_commit(txn), "commit");
    check(door_client_open(bench->socket, ANSWER_MS, &bench->client, &err), &err);
    for (int what = 0; what < WHAT_COUNT; what++) {
        bench->ms[what] = calloc(bench->rounds, sizeof(double));
        if (bench->ms[what] == NULL) {
            die("start", "out of memory");
        }
    }
    write_files(bench);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    if (argc == 7) {
        bench = (struct bench){.socket = argv[1],
                               .kabar = argv[2],
                               .folder = argv[3],
                               .regency = argv[4],
                               .rounds = strtoull(argv[5], NULL, 10),
                               .pause_ms = strtoull(argv[6], NULL, 10)};
    }
    if (bench.rounds == 0 || bench.rounds > ROUNDS_MAX || bench.pause_ms > 10000) {
        (void)fputs("usage: submit_latency SOCKET KABAR FOLDER REGENCY ROUNDS PAUSE_MS\n", stderr);
        return 64;
    }
    open_all(&bench);
    run(&bench);
    print_result(&bench);
    for (int what = 0; what < WHAT_COUNT; what++) {
        free(bench.ms[what]);
    }
    door_client_close(bench.client);
    mdb_env_close(bench.env);
    return 0;
}
