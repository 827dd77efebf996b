/* kabar-bench link - a backlog over bad lines, again and again: medians and spread of
 * bench/link.sh's runs, and peers over the same line, with the same seed and phase, in the same
 * sitting.
 *
 * It holds the plan and the arithmetic; a run is the scripts' (a province of real programs). A line
 * with outages begins each run in another phase of them, any other with another seed. A run without
 * figures ends everything: nothing is left out of a median. A peer that did not drain is kept in
 * the result, and in no ratio. */
#include "bench.h"
#include "core/base/assert.h"
#include "line.h"

#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EX_USAGE 64
#define RUNS_MAX 64u
#define PEERS_MAX 16u
#define PROFILES_MAX 8u
#define WORDS_MAX 24u
#define PATH_BYTES 4096u
#define NS_PER_S 1000000000u

struct link_bench {
    const char *scripts, *events, *peers_folder, *json;
    const char *profiles[PROFILES_MAX];
    const char *peers[PEERS_MAX];
    size_t profile_count, peer_count;
    uint64_t count, runs, seed, lone, limit_s;
    char found[PATH_BYTES]; /* scripts, when not given */
};

/* What a backlog is where --count does not say. */
static const struct {
    const char *profile;
    uint64_t count;
} usual[] = {{"vsat", 2000}, {"gprs", 200}, {"3g-flap", 2000}, {"edge-bad", 500}, {"lan", 2000}};

static const char *const figures[] = {"drain_s",
                                      "first_ack_s",
                                      "accept_to_ack_s.p50",
                                      "accept_to_ack_s.p99",
                                      "send_to_ack_s.p50",
                                      "send_to_ack_s.p99",
                                      "bytes_an_entry",
                                      "bytes_out",
                                      "bytes_back",
                                      "entries_sent",
                                      "entries_sent_twice",
                                      "line_use_percent",
                                      "bulk_percent",
                                      "counted_percent",
                                      "lone_ms.p50",
                                      "stored_twice",
                                      "lost"};

/* ---- numbers ---- */

/* The number at "name" or "name.name"; false: none there. */
static bool number_at(const json_t *object, const char *path, double *ret)
{
    char name[64];
    const char *dot = strchr(path, '.');
    int length = dot == NULL ? (int)strlen(path) : (int)(dot - path);
    (void)snprintf(name, sizeof name, "%.*s", length, path);
    const json_t *value = json_object_get(object, name);
    value = dot == NULL ? value : json_object_get(value, dot + 1);
    *ret = json_number_value(value);
    return json_is_number(value);
}

static int by_size(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Median (of an even number the mean of the two in the middle), least and most. */
static json_t *spread_json(double *values, size_t count)
{
    ASSERT(count > 0 && count <= RUNS_MAX);
    qsort(values, count, sizeof *values, by_size);
    double median = (values[(count - 1) / 2] + values[count / 2]) / 2;
    return json_pack("{s:f, s:f, s:f, s:I}", "median", median, "min", values[0], "max",
                     values[count - 1], "of", (json_int_t)count);
}

/* Adds the spread of the figure over all runs that have it; without one, nothing. */
static void spread_into(json_t *into, const json_t *runs, const char *path)
{
    double values[RUNS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(runs); i++) {
        count += number_at(json_array_get(runs, i), path, &values[count]) ? 1 : 0;
    }
    if (count > 0) {
        (void)json_object_set_new(into, path, spread_json(values, count));
    }
}

static json_t *summary_json(const json_t *runs)
{
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        spread_into(all, runs, figures[i]);
    }
    return all;
}

/* The least of a figure among the peers in run `index`; false: none of them has it. */
static bool best_peer(json_t *peers, size_t index, const char *path, double *ret)
{
    const char *name;
    json_t *runs;
    bool any = false;
    json_object_foreach(peers, name, runs)
    {
        double value;
        if (number_at(json_array_get(runs, index), path, &value) && (!any || value < *ret)) {
            *ret = value;
            any = true;
        }
    }
    return any;
}

/* Run by run, kabar's figure by that of `peer`'s same run, or of the best of them all (NULL). */
static void ratio_into(json_t *into, const json_t *own, json_t *peers, const char *peer,
                       const char *path)
{
    double values[RUNS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(own); i++) {
        double ours;
        double theirs = 0;
        bool there = peer == NULL ? best_peer(peers, i, path, &theirs)
                                  : number_at(json_array_get(json_object_get(peers, peer), i), path,
                                              &theirs);
        if (there && theirs > 0 && number_at(json_array_get(own, i), path, &ours)) {
            values[count++] = ours / theirs;
        }
    }
    (void)json_object_set_new(into, path, count == 0 ? json_null() : spread_json(values, count));
}

static json_t *ratios_json(const json_t *own, json_t *peers, const char *peer)
{
    json_t *ratios = json_object();
    ratio_into(ratios, own, peers, peer, "drain_s");
    ratio_into(ratios, own, peers, peer, "bytes_an_entry");
    return ratios;
}

/* ---- a run ---- */

/* The command's standard output, ended by a zero; it must end well. */
static bool output_of(char *const words[], char *ret, size_t capacity)
{
    int ends[2];
    pid_t pid = 0;
    int status = -1;
    size_t bytes = 0;
    ssize_t got = 1;
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    int rc = posix_spawn(&pid, words[0], &actions, NULL, words, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)close(ends[1]);
    while (rc == 0 && got > 0 && bytes < capacity - 1) {
        got = read(ends[0], ret + bytes, capacity - 1 - bytes);
        bytes += got > 0 ? (size_t)got : 0;
    }
    (void)close(ends[0]);
    ret[bytes] = '\0';
    if (rc == 0 && waitpid(pid, &status, 0) != pid) {
        status = -1;
    }
    if (rc != 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)fprintf(stderr, "kabar-bench link: %s: %s\n", words[0],
                      rc != 0 ? strerror(rc) : "no figures");
        return false;
    }
    return true;
}

struct link_run {
    const struct link_bench *bench;
    const char *profile;
    uint64_t count, seed, phase_s;
};

struct words {
    char *at[WORDS_MAX + 1];
    size_t count;
    char text[WORDS_MAX][PATH_BYTES];
};

static void word_add(struct words *words, const char *text)
{
    ASSERT(words->count < WORDS_MAX);
    (void)snprintf(words->text[words->count], PATH_BYTES, "%s", text);
    words->at[words->count] = words->text[words->count];
    words->at[++words->count] = NULL;
}

static void words_add(struct words *words, const char *name, const char *value)
{
    word_add(words, name);
    word_add(words, value);
}

static void words_number(struct words *words, const char *name, uint64_t value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    words_add(words, name, text);
}

/* One run of a script, kabar's (peer NULL) or a peer's; NULL: no figures. */
static json_t *run_once(const struct link_run *run, const char *peer)
{
    static struct words words;
    static char text[65536];
    const struct link_bench *bench = run->bench;
    char script[PATH_BYTES];
    words.count = 0;
    (void)snprintf(script, sizeof script, "%s/%s", bench->scripts,
                   peer == NULL ? "link.sh" : "peer.sh");
    word_add(&words, script);
    words_add(&words, "--profile", run->profile);
    words_number(&words, "--count", run->count);
    words_number(&words, "--seed", run->seed);
    words_number(&words, "--phase", run->phase_s);
    if (peer != NULL) {
        words_add(&words, "--peers", bench->peers_folder);
        words_add(&words, "--peer", peer);
        words_number(&words, "--limit", bench->limit_s);
    } else {
        words_number(&words, "--lone", bench->lone);
        if (bench->events != NULL) {
            words_add(&words, "--events", bench->events);
        }
    }
    return output_of(words.at, text, sizeof text) ? json_loads(text, 0, NULL) : NULL;
}

/* Keeps the run's result, with its seed and phase beside it. */
static bool run_into(const struct link_run *run, const char *peer, json_t *into, json_t **ret_first)
{
    json_t *said = run_once(run, peer);
    json_t *result = json_object_get(said, "result");
    bool ok = json_is_object(result) &&
              json_object_set_new(result, "seed", json_integer((json_int_t)run->seed)) == 0 &&
              json_object_set_new(result, "phase_s", json_integer((json_int_t)run->phase_s)) == 0 &&
              json_array_append(into, result) == 0;
    if (ok && *ret_first == NULL) {
        *ret_first = json_incref(said);
    }
    json_decref(said);
    return ok;
}

/* ---- a profile ---- */

/* Seconds of one turn of the profile's outages; 0: it has none. */
static bool turn_of(const struct link_bench *bench, const char *profile, uint64_t *ret_s)
{
    char path[PATH_BYTES];
    char text[4096];
    struct line_profile line;
    unsigned bad = 0;
    (void)snprintf(path, sizeof path, "%s/profiles/%s", bench->scripts, profile);
    FILE *in = fopen(path, "re");
    size_t bytes = in == NULL ? 0 : fread(text, 1, sizeof text - 1, in);
    if (in != NULL) {
        (void)fclose(in);
    }
    text[bytes] = '\0';
    if (in == NULL || !line_parse(text, &line, &bad)) {
        (void)fprintf(stderr, "kabar-bench link: no profile %s\n", path);
        return false;
    }
    *ret_s = line.down_ns == 0 ? 0 : (line.up_ns + line.down_ns) / NS_PER_S;
    return true;
}

static uint64_t usual_count(const char *profile)
{
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        if (strcmp(usual[i].profile, profile) == 0) {
            return usual[i].count;
        }
    }
    return usual[0].count;
}

static bool all_runs(struct link_run *run, json_t *own, json_t *peers, json_t **ret_first)
{
    const struct link_bench *bench = run->bench;
    uint64_t turn_s = 0;
    bool ok = turn_of(bench, run->profile, &turn_s);
    for (uint64_t i = 0; ok && i < bench->runs; i++) {
        run->seed = bench->seed + i;
        run->phase_s = turn_s * i / bench->runs;
        ok = run_into(run, NULL, own, ret_first);
        for (size_t k = 0; ok && k < bench->peer_count; k++) {
            json_t *runs = json_object_get(peers, bench->peers[k]);
            ok = run_into(run, bench->peers[k], runs, ret_first);
        }
    }
    return ok;
}

static json_t *peers_json(const json_t *own, json_t *peers)
{
    json_t *all = json_object();
    const char *name;
    json_t *runs;
    json_object_foreach(peers, name, runs)
    {
        json_t *one = json_pack("{s:o, s:o, s:O}", "summary", summary_json(runs), "kabar_by_this",
                                ratios_json(own, peers, name), "runs", runs);
        (void)json_object_set_new(all, name, one);
    }
    return all;
}

static json_t *profile_json(const struct link_bench *bench, const char *profile, json_t **ret_first)
{
    json_t *own = json_array();
    json_t *peers = json_object();
    json_t *all = NULL;
    struct link_run run = {.bench = bench, .profile = profile};
    run.count = bench->count > 0 ? bench->count : usual_count(profile);
    for (size_t i = 0; i < bench->peer_count; i++) {
        (void)json_object_set_new(peers, bench->peers[i], json_array());
    }
    if (all_runs(&run, own, peers, ret_first)) {
        all = json_pack("{s:s, s:I, s:I, s:o, s:O}", "profile", profile, "count",
                        (json_int_t)run.count, "runs_each", (json_int_t)bench->runs, "summary",
                        summary_json(own), "runs", own);
    }
    if (all != NULL && bench->peer_count > 0) {
        (void)json_object_set_new(all, "kabar_by_best_peer", ratios_json(own, peers, NULL));
        (void)json_object_set_new(all, "peers", peers_json(own, peers));
    }
    json_decref(own);
    json_decref(peers);
    return all;
}

/* ---- all ---- */

static const char method[] =
    "A backlog handed in with the aggregator away; time 0 is when the line turns bad and the node "
    "(or a peer's client) starts, so its start and handshakes count. Bytes are whole IP packets "
    "given to the line by both ends, also those it lost. Entries sent twice: by the node's log of "
    "spans given to a connection. Line use: bytes sent on the air outwards by rate and time up. "
    "Lines with outages: each run begins in another phase, others with another seed. Ratios are "
    "taken run by run, same seed and phase. Peers carry 200 bytes an event, kabar whole reports "
    "with a 32-byte evidence hash.";

static json_t *settings_json(const struct link_bench *bench)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:s}", "runs", (json_int_t)bench->runs, "seed",
                     (json_int_t)bench->seed, "lone", (json_int_t)bench->lone, "peer_limit_s",
                     (json_int_t)bench->limit_s, "events",
                     bench->events == NULL ? "generated" : "a file", "method", method);
}

static json_t *measure(const struct link_bench *bench)
{
    json_t *first = NULL; /* its date, commit, build and machine are those of all */
    json_t *profiles = json_array();
    bool ok = true;
    for (size_t i = 0; ok && i < bench->profile_count; i++) {
        json_t *one = profile_json(bench, bench->profiles[i], &first);
        ok = one != NULL && json_array_append_new(profiles, one) == 0;
    }
    if (!ok) {
        json_decref(profiles);
        json_decref(first);
        return NULL;
    }
    (void)json_object_set_new(first, "benchmark", json_string("link"));
    (void)json_object_set_new(first, "settings", settings_json(bench));
    (void)json_object_set_new(first, "result", json_pack("{s:o}", "profiles", profiles));
    return first;
}

static bool flag_read(struct link_bench *bench, const char *name, const char *value)
{
    const struct {
        const char *name;
        uint64_t *number;
        uint64_t max;
    } numbers[] = {{"--count", &bench->count, 1000000},
                   {"--runs", &bench->runs, RUNS_MAX},
                   {"--seed", &bench->seed, 1000000},
                   {"--lone", &bench->lone, 1000},
                   {"--limit", &bench->limit_s, 86400}};
    const struct {
        const char *name;
        const char **text;
    } texts[] = {{"--events", &bench->events},
                 {"--scripts", &bench->scripts},
                 {"--peers", &bench->peers_folder},
                 {"--json", &bench->json}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            return bench_number(value, numbers[i].max, numbers[i].number);
        }
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].text = value;
            return strlen(value) < PATH_BYTES / 2;
        }
    }
    if (strcmp(name, "--profile") == 0 && bench->profile_count < PROFILES_MAX) {
        bench->profiles[bench->profile_count++] = value;
        return strlen(value) < 64;
    }
    if (strcmp(name, "--peer") == 0 && bench->peer_count < PEERS_MAX) {
        bench->peers[bench->peer_count++] = value;
        return strlen(value) < 64;
    }
    return false;
}

/* bench/ of the tree that this program was built in: build/NAME/bin lies in it. */
static bool scripts_find(struct link_bench *bench)
{
    ssize_t bytes = readlink("/proc/self/exe", bench->found, sizeof bench->found - 32);
    if (bytes <= 0) {
        return false;
    }
    bench->found[bytes] = '\0';
    for (int up = 0; up < 4; up++) {
        char *slash = strrchr(bench->found, '/');
        if (slash == NULL) {
            return false;
        }
        *slash = '\0';
    }
    (void)snprintf(bench->found + strlen(bench->found), 32, "/bench");
    bench->scripts = bench->found;
    return true;
}

static bool options_read(struct link_bench *bench, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 >= argc || !flag_read(bench, argv[i], argv[i + 1])) {
            (void)fprintf(stderr, "kabar-bench link: %s: see kabar-bench --help\n", argv[i]);
            return false;
        }
    }
    if ((bench->peers_folder == NULL) != (bench->peer_count == 0)) {
        (void)fputs("kabar-bench link: --peers FOLDER and --peer NAME go together\n", stderr);
        return false;
    }
    for (size_t i = 0; bench->profile_count == 0 && i < sizeof usual / sizeof usual[0]; i++) {
        bench->profiles[i] = usual[i].profile;
    }
    bench->profile_count =
        bench->profile_count > 0 ? bench->profile_count : sizeof usual / sizeof usual[0];
    return bench->scripts != NULL || scripts_find(bench);
}

int bench_link(int argc, char **argv)
{
    struct link_bench bench = {.runs = 4, .seed = 1, .lone = 10, .limit_s = 420};
    if (!options_read(&bench, argc, argv)) {
        return EX_USAGE;
    }
    json_t *all = measure(&bench);
    if (all == NULL) {
        return 1;
    }
    FILE *out = bench.json == NULL ? stdout : fopen(bench.json, "we");
    bool ok = out != NULL && json_dumpf(all, out, JSON_REAL_PRECISION(6) | JSON_COMPACT) == 0 &&
              fputc('\n', out) != EOF;
    ok = out != NULL && (out == stdout ? fflush(out) : fclose(out)) == 0 && ok;
    if (!ok) {
        perror(bench.json == NULL ? "kabar-bench link" : bench.json);
    }
    json_decref(all);
    return ok ? 0 : 1;
}
