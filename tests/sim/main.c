/* main.c - sim --seed N [--trace] | --seeds FROM COUNT, see usage().
 *
 * Every seed must hold, and over many of them every kind of fault must have happened. The first
 * that fails is shrunk, and the run ends. */
#include "shrink.h"
#include "sim.h"

#include <errno.h>

#define MANY 1000u /* so many seeds show every kind of fault, or something is wrong */

struct request {
    struct sim_options options;
    uint64_t count;
    bool no_shrink, list, scripts;
    const char *json;
    uint32_t only[4096];
};

struct totals {
    uint64_t counts[FAULT_COUNT], alarms[ALARM_COUNT];
    uint64_t seeds, persons, steps, stored, receipts, deleted, drain_ms_max;
};

static int usage(void)
{
    (void)fprintf(
        stderr,
        "usage: sim --seed N [--trace]       one run\n"
        "       sim --seeds FROM COUNT       many; stops at the first that fails, and\n"
        "                                    shrinks it unless --no-shrink\n"
        "       sim --script NAME            one of --scripts: told what happens, no chance\n"
        "  --real           libsodium's signatures, not the stand-in\n"
        "  --list           what was never seen, line by line\n"
        "  --json FILE      the totals\n"
        "what the shrinker takes away:\n"
        "  --nodes N  --entries N  --until MS  --without KIND,…  --only NUMBER,…|none\n");
    return 2;
}

/* ---- the command line ---- */

static bool number(const char *text, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    *ret = text == NULL ? 0 : strtoull(text, &end, 10);
    return text != NULL && errno == 0 && end != text && *end == '\0';
}

static bool without_of(const char *text, uint64_t *ret)
{
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");
        int fault = 0;
        while (fault < FAULT_COUNT && (strlen(fault_name((enum fault)fault)) != len ||
                                       strncmp(text, fault_name((enum fault)fault), len) != 0)) {
            fault++;
        }
        if (fault == FAULT_COUNT) {
            return false;
        }
        *ret |= (uint64_t)1 << fault;
        text += len + (text[len] == ',');
    }
    return text != NULL;
}

static bool only_of(const char *text, struct request *ret)
{
    size_t room = sizeof ret->only / sizeof ret->only[0];
    ret->options.only = ret->only;
    if (text != NULL && strcmp(text, "none") == 0) {
        return true;
    }
    while (text != NULL && *text != '\0' && ret->options.only_count < room) {
        char *end = NULL;
        ret->only[ret->options.only_count++] = (uint32_t)strtoul(text, &end, 10);
        if (end == text || (*end != ',' && *end != '\0')) {
            return false;
        }
        text = end + (*end == ',');
    }
    return text != NULL && *text == '\0';
}

static bool flag_of(const char *word, struct request *ret)
{
    bool *flag = strcmp(word, "--trace") == 0       ? &ret->options.trace
                 : strcmp(word, "--real") == 0      ? &ret->options.real
                 : strcmp(word, "--no-shrink") == 0 ? &ret->no_shrink
                 : strcmp(word, "--list") == 0      ? &ret->list
                 : strcmp(word, "--scripts") == 0   ? &ret->scripts
                                                    : NULL;
    if (flag != NULL) {
        *flag = true;
    }
    return flag != NULL;
}

static bool value_of(const char *word, const char *value, struct request *ret)
{
    struct sim_options *options = &ret->options;
    if (strcmp(word, "--seed") == 0) {
        ret->count = 1;
        return number(value, &options->seed);
    }
    if (strcmp(word, "--script") == 0) {
        ret->count = 1;
        ret->options.trace = true;
        ret->options.script = value == NULL ? NULL : script_find(value);
        return ret->options.script != NULL;
    }
    if (strcmp(word, "--json") == 0) {
        ret->json = value;
        return value != NULL;
    }
    return strcmp(word, "--nodes") == 0     ? number(value, &options->nodes_max)
           : strcmp(word, "--entries") == 0 ? number(value, &options->entries_max)
           : strcmp(word, "--until") == 0   ? number(value, &options->until_ms)
           : strcmp(word, "--without") == 0 ? without_of(value, &options->without)
           : strcmp(word, "--only") == 0    ? only_of(value, ret)
                                            : false;
}

static bool request_of(char **words, struct request *ret)
{
    ret->options = (struct sim_options){
        .seed = 1, .nodes_max = SIM_NODES_MAX, .entries_max = SIM_ALL, .until_ms = SIM_ALL};
    bool good = *words != NULL;
    while (good && *words != NULL) {
        if (flag_of(words[0], ret)) {
            words += 1;
        } else if (strcmp(words[0], "--seeds") == 0) {
            good = number(words[1], &ret->options.seed) && number(words[2], &ret->count);
            words += 3;
        } else {
            good = value_of(words[0], words[1], ret);
            words += 2;
        }
    }
    return good && (ret->count > 0 || ret->scripts) && ret->options.nodes_max > 0;
}

/* ---- runs ---- */

static void add_up(struct totals *totals, const struct sim *sim)
{
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        totals->counts[i] += sim->counts[i];
    }
    for (size_t i = 0; i < ALARM_COUNT; i++) {
        totals->alarms[i] += sim->alarms[i];
    }
    totals->seeds++;
    totals->persons += sim->persons;
    totals->steps += sim->steps;
    totals->stored += sim->stored;
    totals->receipts += sim->receipts;
    totals->deleted += sim->deleted;
    if (!sim->failed && sim->now_ms > sim->faults_until_ms &&
        sim->now_ms - sim->faults_until_ms > totals->drain_ms_max) {
        totals->drain_ms_max = sim->now_ms - sim->faults_until_ms;
    }
}

static const char *program_name(void)
{
#ifdef KABAR_PLANTS
    static char name[100];
    (void)snprintf(name, sizeof name, "KABAR_PLANT=%s sim_planted", plant_name(plant_active));
    return name;
#else
    return "sim";
#endif
}

static bool failed(const struct request *request, struct sim *sim, const struct totals *totals)
{
    (void)printf("seed %llu (%s), the run's number %llu, step %llu at %llu ms: %s\n",
                 (unsigned long long)sim->options.seed, sim->profile.name,
                 (unsigned long long)totals->seeds, (unsigned long long)sim->steps,
                 (unsigned long long)sim->now_ms, sim->failure);
    if (!request->no_shrink && !request->options.trace) {
        struct sim_options options = sim->options;
        (void)fflush(stdout);
        shrink(sim->tools, &options, sim->failure_kind, program_name());
    }
    return false;
}

/* The same seed must go the same way, else no failure can be looked at. */
static bool twice_the_same(struct sim *sim)
{
    uint64_t digest = sim->digest;
    struct sim_options options = sim->options;
    sim_init(sim, sim->tools, &options);
    (void)sim_run(sim);
    if (digest != sim->digest) {
        (void)printf("seed %llu ran differently twice\n", (unsigned long long)options.seed);
    }
    return digest == sim->digest;
}

static bool run_all(const struct request *request, struct tools *tools, struct totals *totals)
{
    static struct sim sim;
    struct sim_options options = request->options;
    bool good = true;
    for (uint64_t i = 0; good && i < request->count; i++) {
        options.seed = request->options.seed + i;
        sim_init(&sim, tools, &options);
        bool held = sim_run(&sim);
        add_up(totals, &sim);
        good = held ? i % 5000 != 0 || options.trace || twice_the_same(&sim)
                    : failed(request, &sim, totals);
    }
    return good;
}

/* ---- what came of it ---- */

static void write_json(const struct request *request, const struct totals *totals)
{
    FILE *file = fopen(request->json, "w");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: %s\n", request->json, strerror(errno));
        exit(1);
    }
    (void)fprintf(file,
                  "{\"from\":%llu,\"seeds\":%llu,\"steps\":%llu,\"entries_stored\":%llu,"
                  "\"receipts\":%llu,\"slowest_drain_ms\":%llu",
                  (unsigned long long)request->options.seed, (unsigned long long)totals->seeds,
                  (unsigned long long)totals->steps, (unsigned long long)totals->stored,
                  (unsigned long long)totals->receipts, (unsigned long long)totals->drain_ms_max);
    for (int i = 0; i < FAULT_COUNT; i++) {
        (void)fprintf(file, "%s\"%s\":%llu", i == 0 ? ",\"faults\":{" : ",",
                      fault_name((enum fault)i), (unsigned long long)totals->counts[i]);
    }
    (void)fprintf(file, "}}\n");
    (void)fclose(file);
}

static int print_totals(const struct request *request, const struct totals *totals)
{
    int missing = 0;
    (void)printf("%llu seeds from %llu held: %llu steps, %llu entries stored, %llu receipts, %llu "
                 "deletions, slowest drain %llu s\n",
                 (unsigned long long)totals->seeds, (unsigned long long)request->options.seed,
                 (unsigned long long)totals->steps, (unsigned long long)totals->stored,
                 (unsigned long long)totals->receipts, (unsigned long long)totals->deleted,
                 (unsigned long long)totals->drain_ms_max / 1000);
    (void)printf("  nodes that needed a person: %llu\n", (unsigned long long)totals->persons);
    for (int i = 0; i < FAULT_COUNT; i++) {
        (void)printf("  %-24s %llu\n", fault_name((enum fault)i),
                     (unsigned long long)totals->counts[i]);
        missing += totals->counts[i] == 0;
    }
    for (int i = 0; i < ALARM_COUNT; i++) {
        (void)printf("  alarm %-18s %llu\n", alarm_name((enum alarm)i),
                     (unsigned long long)totals->alarms[i]);
    }
    if (request->json != NULL) {
        write_json(request, totals);
    }
    if (totals->seeds >= MANY && (missing > 0 || totals->receipts == 0 || totals->deleted == 0)) {
        (void)printf("%d kinds of fault never happened: these seeds prove less than they say\n",
                     missing);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    static struct request request;
    if (!request_of(argv + 1, &request)) {
        return usage();
    }
    for (const struct script *script = scripts; request.scripts && script->name != NULL; script++) {
        (void)printf("%s\n", script->name);
    }
    struct tools tools;
    struct totals totals = {0};
    tools_open(&tools);
    int ret = 1;
    if (request.scripts || request.options.script != NULL) {
        ret = request.scripts || run_all(&request, &tools, &totals) ? 0 : 1;
    } else if (run_all(&request, &tools, &totals)) {
        ret = print_totals(&request, &totals);
        ret = seen_print(tools.seen, request.list) == 0 ? ret : 1;
    }
    tools_close(&tools);
    return ret;
}
