/* small.c - every crash point, and every pair of them, in one small exchange, without chance.
 *
 * A crash point is a step of the run and an end that ends before it, by a kill or by loss of power,
 * with what became of its commit under way: lost, applied, or applied and not yet synced; or the
 * commit itself fails with one of these to show for it. The second point of a pair comes at any
 * later step, in what the first one made of the run. Each run must be safe and drain, as any other.
 */
#include "sim.h"

#include "core/base/assert.h"

struct kind {
    bool in_flight; /* only with a commit under way */
    bool unsynced;  /* only while something visible is not durable */
    struct crash_point point;
};
static const struct kind kinds[] = {
    {false, false, {.outcome = OUTCOME_LOST}},
    {true, false, {.outcome = OUTCOME_APPLIED}},
    {true, false, {.outcome = OUTCOME_VOLATILE}},
    {true, false, {.fails = true, .outcome = OUTCOME_LOST}},
    {true, false, {.fails = true, .outcome = OUTCOME_APPLIED}},
    {true, false, {.fails = true, .outcome = OUTCOME_VOLATILE}},
    {false, true, {.power = true, .outcome = OUTCOME_LOST}},
    {true, true, {.power = true, .outcome = OUTCOME_APPLIED}},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

struct small {
    struct tools tools;
    struct sim_options options;
    struct crash_point crashes[2];
    uint64_t runs, steps;
    bool failed, single;
};
static struct sim sim;

static void print_point(const struct crash_point *point)
{
    static const char *const outcomes[] = {"lost", "applied", "volatile"};
    (void)printf(" --crash %llu,%s,%s,%s", (unsigned long long)point->step,
                 point->owner == SIM_HUB ? "aggregator" : "node",
                 point->fails   ? "fails"
                 : point->power ? "power"
                                : "kill",
                 outcomes[point->outcome]);
}

static bool run(struct small *small)
{
    small->runs++;
    bool held = sim_run(&sim);
    small->steps += sim.steps;
    if (!held) {
        (void)printf("%s: sim_small", sim.failure);
        print_point(&small->crashes[0]);
        if (small->crashes[1].step != 0) {
            print_point(&small->crashes[1]);
        }
        (void)printf("\n");
        small->failed = true;
    }
    return held;
}

/* Runs up to this step and says which kinds make sense there, for each end. */
struct place {
    bool in_flight, unsynced, runs;
};

static struct place place_of(uint32_t owner)
{
    const struct disk *disk = sim_disk(&sim, owner);
    bool alive = owner == SIM_HUB ? sim.hub.up || sim.hub.opening
                                  : sim.nodes[owner].up || sim.nodes[owner].opening;
    return (struct place){.in_flight = disk->flight.count > 0 && !disk->latched,
                          .unsynced = disk->unsynced,
                          .runs = alive};
}

struct places {
    struct place *list; /* two a step: node, aggregator */
    size_t count, capacity;
};

static void watch(void *arg)
{
    struct places *places = arg;
    if (places->count + 2 > places->capacity) {
        places->capacity = places->capacity == 0 ? 1024 : 2 * places->capacity;
        places->list = realloc(places->list, places->capacity * sizeof *places->list);
        ASSERT(places->list != NULL);
    }
    places->list[places->count++] = place_of(0);
    places->list[places->count++] = place_of(SIM_HUB);
}

/* One run, and where a crash could have come in it while faults are on. */
static bool look(struct small *small, struct places *places)
{
    places->count = 0;
    sim_init(&sim, &small->tools, &small->options);
    sim.watch = watch;
    sim.watch_arg = places;
    return run(small);
}

static bool fits(const struct kind *kind, const struct place *place)
{
    return place->runs && (!kind->in_flight || place->in_flight) &&
           (!kind->unsynced || place->unsynced);
}

static void try_second(struct small *small, uint64_t from, struct places *places,
                       uint64_t *ret_pairs)
{
    for (size_t at = 2 * from; at < places->count && !small->failed; at++) {
        for (size_t k = 0; k < KIND_COUNT && !small->failed; k++) {
            if (!fits(&kinds[k], &places->list[at])) {
                continue;
            }
            small->crashes[1] = kinds[k].point;
            small->crashes[1].step = at / 2 + 1;
            small->crashes[1].owner = at % 2 == 0 ? 0 : SIM_HUB;
            sim_init(&sim, &small->tools, &small->options);
            (void)run(small);
            (*ret_pairs)++;
        }
    }
    small->crashes[1].step = 0;
}

static void try_all(struct small *small)
{
    struct places first = {0};
    struct places second = {0};
    uint64_t points = 0;
    uint64_t pairs = 0;
    bool held = look(small, &first);
    size_t steps = first.count / 2;
    for (size_t at = 0; held && at < first.count && !small->failed; at++) {
        for (size_t k = 0; k < KIND_COUNT && !small->failed; k++) {
            if (!fits(&kinds[k], &first.list[at])) {
                continue;
            }
            small->crashes[0] = kinds[k].point;
            small->crashes[0].step = at / 2 + 1;
            small->crashes[0].owner = at % 2 == 0 ? 0 : SIM_HUB;
            points++;
            if (look(small, &second) && !small->single) {
                try_second(small, at / 2 + 1, &second, &pairs);
            }
        }
    }
    (void)printf("%zu steps, %llu crash points, %llu pairs, %llu steps in all: %s\n", steps,
                 (unsigned long long)points, (unsigned long long)pairs,
                 (unsigned long long)small->steps, small->failed ? "FAILED" : "all held");
    free(first.list);
    free(second.list);
}

/* ---- one pair again ---- */

static bool word_of(const char *word, size_t len, const char *const *words, uint32_t count,
                    uint32_t *ret)
{
    for (*ret = 0; *ret < count; (*ret)++) {
        if (strlen(words[*ret]) == len && strncmp(word, words[*ret], len) == 0) {
            return true;
        }
    }
    return false;
}

static bool point_of(const char *text, struct crash_point *ret)
{
    static const char *const owners[] = {"node", "aggregator"};
    static const char *const ways[] = {"kill", "power", "fails"};
    static const char *const outcomes[] = {"lost", "applied", "volatile"};
    char *rest = NULL;
    uint32_t owner = 0;
    uint32_t way = 0;
    uint32_t outcome = 0;
    ret->step = strtoull(text, &rest, 10);
    size_t len = *rest == ',' ? strcspn(++rest, ",") : 0;
    bool good = word_of(rest, len, owners, 2, &owner);
    rest += len + (rest[len] == ',');
    len = strcspn(rest, ",");
    good = good && word_of(rest, len, ways, 3, &way);
    rest += len + (rest[len] == ',');
    good = good && word_of(rest, strlen(rest), outcomes, 3, &outcome);
    ret->owner = owner == 0 ? 0 : SIM_HUB;
    ret->power = way == 1;
    ret->fails = way == 2;
    ret->outcome = (enum outcome)outcome;
    return good;
}

int main(int argc, char **argv)
{
    static struct small small;
    int given = 0;
    small.single = argc == 2 && strcmp(argv[1], "--single") == 0;
    for (int i = 1; i + 1 < argc && strcmp(argv[i], "--crash") == 0 && given < 2; i += 2) {
        given += point_of(argv[i + 1], &small.crashes[given]);
    }
    if (argc != 1 + 2 * given + small.single) {
        (void)fprintf(stderr, "usage: sim_small [--single]\n       sim_small [--crash "
                              "STEP,node|aggregator,kill|power|fails,"
                              "lost|applied|volatile [--crash …]]\n");
        return 2;
    }
    small.options = (struct sim_options){.seed = 1,
                                         .trace = given > 0,
                                         .nodes_max = SIM_NODES_MAX,
                                         .entries_max = SIM_ALL,
                                         .until_ms = SIM_ALL,
                                         .script = script_find("canonical"),
                                         .crashes = small.crashes};
    tools_open(&small.tools);
    if (given > 0) {
        sim_init(&sim, &small.tools, &small.options);
        (void)run(&small);
    } else {
        try_all(&small);
    }
    tools_close(&small.tools);
    return small.failed ? 1 : 0;
}
