/* main.c - sim --seed N [--trace] | --seeds FROM COUNT [--plant NAME]
 *
 * Without a plant every seed must hold, and every kind of fault must have happened. With a plant
 * one seed must fail, else the checker is blind: that is the failure then. */
#include "core/base/assert.h"
#include "sim.h"

#include <errno.h>

struct request {
    uint64_t from, count;
    enum plant plant;
    bool trace;
};

struct totals {
    uint64_t counts[FAULT_COUNT], alarms[ALARM_COUNT];
    uint64_t steps, stored, receipts, drain_ms_max;
};

void assert_fail(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: ASSERT(%s)\n", file, line, expression);
    abort();
}

static bool number(const char *text, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    *ret = text == NULL ? 0 : strtoull(text, &end, 10);
    return text != NULL && errno == 0 && end != text && *end == '\0';
}

static bool plant_of(const char *text, enum plant *ret)
{
    for (int i = 0; text != NULL && i < PLANT_COUNT; i++) {
        if (strcmp(text, plant_name((enum plant)i)) == 0) {
            *ret = (enum plant)i;
            return true;
        }
    }
    return false;
}

static bool request_of(char **words, struct request *ret)
{
    bool good = *words != NULL;
    while (good && *words != NULL) {
        if (strcmp(words[0], "--trace") == 0) {
            ret->trace = true;
            words += 1;
        } else if (strcmp(words[0], "--seed") == 0) {
            ret->count = 1;
            good = number(words[1], &ret->from);
            words += 2;
        } else if (strcmp(words[0], "--seeds") == 0) {
            good = number(words[1], &ret->from) && number(words[2], &ret->count);
            words += 3;
        } else {
            good = strcmp(words[0], "--plant") == 0 && plant_of(words[1], &ret->plant);
            words += 2;
        }
    }
    return good && ret->count > 0;
}

static void add_up(struct totals *totals, const struct sim *sim)
{
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        totals->counts[i] += sim->counts[i];
    }
    for (size_t i = 0; i < ALARM_COUNT; i++) {
        totals->alarms[i] += sim->alarms[i];
    }
    totals->steps += sim->steps;
    totals->stored += sim->stored;
    totals->receipts += sim->receipts;
    if (!sim->failed && sim->now_ms > sim->faults_until_ms &&
        sim->now_ms - sim->faults_until_ms > totals->drain_ms_max) {
        totals->drain_ms_max = sim->now_ms - sim->faults_until_ms;
    }
}

/* One seed; *ret_digest tells two runs apart. */
static bool run_one(const struct request *request, uint64_t seed, struct totals *totals,
                    uint64_t *ret_digest)
{
    struct sim *sim = sim_new(seed, request->plant, request->trace);
    bool held = sim_run(sim);
    add_up(totals, sim);
    if (!held) {
        (void)printf("seed %llu (%s) step %llu at %llu ms: %s\n", (unsigned long long)seed,
                     sim->profile.name, (unsigned long long)sim->steps,
                     (unsigned long long)sim->now_ms, sim->failure);
        if (request->plant == PLANT_NONE) {
            (void)printf("replay: sim --seed %llu --trace\n", (unsigned long long)seed);
        }
    }
    *ret_digest = sim->digest;
    sim_free(sim);
    return held;
}

static int print_totals(const struct request *request, const struct totals *totals)
{
    int missing = 0;
    (void)printf("%llu seeds from %llu held: %llu steps, %llu entries stored, %llu receipts, "
                 "slowest drain %llu s\n",
                 (unsigned long long)request->count, (unsigned long long)request->from,
                 (unsigned long long)totals->steps, (unsigned long long)totals->stored,
                 (unsigned long long)totals->receipts,
                 (unsigned long long)totals->drain_ms_max / 1000);
    for (int i = 0; i < FAULT_COUNT; i++) {
        (void)printf("  %-24s %llu\n", fault_name((enum fault)i),
                     (unsigned long long)totals->counts[i]);
        missing += totals->counts[i] == 0;
    }
    for (int i = 0; i < ALARM_COUNT; i++) {
        (void)printf("  alarm %-18s %llu\n", alarm_name((enum alarm)i),
                     (unsigned long long)totals->alarms[i]);
    }
    if (request->count == 1) {
        return 0;
    }
    if (missing > 0 || totals->receipts == 0) {
        (void)printf("%d kinds of fault never happened: these seeds prove less than they say\n",
                     missing);
        return 1;
    }
    return 0;
}

static int run_plain(const struct request *request)
{
    struct totals totals = {0};
    for (uint64_t i = 0; i < request->count; i++) {
        uint64_t digest = 0;
        uint64_t again = 0;
        if (!run_one(request, request->from + i, &totals, &digest)) {
            return 1;
        }
        if (i == 0 && !request->trace) {
            struct totals unused = {0};
            if (!run_one(request, request->from, &unused, &again) || digest != again) {
                (void)printf("seed %llu ran differently twice\n",
                             (unsigned long long)request->from);
                return 1;
            }
        }
    }
    return print_totals(request, &totals);
}

static int run_planted(const struct request *request)
{
    struct totals totals = {0};
    for (uint64_t i = 0; i < request->count; i++) {
        uint64_t unused = 0;
        if (!run_one(request, request->from + i, &totals, &unused)) {
            (void)printf("planted %s: caught in seed %llu of %llu, after %llu steps in all\n",
                         plant_name(request->plant), (unsigned long long)i + 1,
                         (unsigned long long)request->count, (unsigned long long)totals.steps);
            return 0;
        }
    }
    (void)printf("planted %s: NOT caught in %llu seeds\n", plant_name(request->plant),
                 (unsigned long long)request->count);
    return 1;
}

int main(int argc, char **argv)
{
    (void)argc;
    struct request request = {.from = 1};
    if (!request_of(argv + 1, &request)) {
        (void)fprintf(stderr, "usage: sim --seed N [--trace] [--plant NAME]\n"
                              "       sim --seeds FROM COUNT [--plant NAME]\n");
        return 2;
    }
    return request.plant == PLANT_NONE ? run_plain(&request) : run_planted(&request);
}
