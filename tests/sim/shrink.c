/* shrink.c - a seed that fails, made small: kinds of faults, nodes, time, entries and single faults
 * are taken away as long as it still fails for the same reason. */
#include "shrink.h"

#include "core/base/assert.h"

#define RUNS_MAX 3000u
#define ONLY_MAX 4096u

struct shrink {
    struct sim *sim;
    struct tools *tools;
    struct sim_options best;
    const char *kind; /* of the failure */
    uint32_t occurrences;
    unsigned runs;
    uint32_t only[ONLY_MAX], trial[ONLY_MAX];
};

static bool fails(struct shrink *shrink, const struct sim_options *options)
{
    if (shrink->runs++ >= RUNS_MAX) {
        return false;
    }
    sim_init(shrink->sim, shrink->tools, options);
    bool failed = !sim_run(shrink->sim) && shrink->sim->failure_kind == shrink->kind;
    if (failed) {
        shrink->best = *options;
        shrink->occurrences = shrink->sim->occurrences;
    }
    return failed;
}

static bool drop_kinds(struct shrink *shrink)
{
    bool any = false;
    for (int i = 0; i < FAULT_COUNT; i++) {
        struct sim_options options = shrink->best;
        options.without |= (uint64_t)1 << i;
        any = (options.without != shrink->best.without && fails(shrink, &options)) || any;
    }
    return any;
}

/* The least value that still fails, by halves. */
static void lower(struct shrink *shrink, size_t offset, uint64_t from)
{
    uint64_t low = 0; /* does not fail, or is not worth a try */
    uint64_t high = from;
    while (high - low > 1 && shrink->runs < RUNS_MAX) {
        uint64_t middle = low + (high - low) / 2;
        struct sim_options options = shrink->best;
        memcpy((uint8_t *)&options + offset, &middle, sizeof middle);
        if (fails(shrink, &options)) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

static bool only_without(struct shrink *shrink, size_t at, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < shrink->best.only_count; i++) {
        if (i < at || i >= at + count) {
            shrink->trial[kept++] = shrink->only[i];
        }
    }
    struct sim_options options = shrink->best;
    options.only = shrink->trial;
    options.only_count = kept;
    bool failed = fails(shrink, &options);
    if (failed) {
        memcpy(shrink->only, shrink->trial, kept * sizeof shrink->only[0]);
        shrink->best.only = shrink->only;
    }
    return failed;
}

/* Single faults: ever smaller runs of them are left out. */
static void drop_faults(struct shrink *shrink)
{
    if (shrink->occurrences > ONLY_MAX) {
        return;
    }
    struct sim_options options = shrink->best;
    for (uint32_t i = 0; i < shrink->occurrences; i++) {
        shrink->only[i] = i;
    }
    options.only = shrink->only;
    options.only_count = shrink->occurrences;
    if (!fails(shrink, &options)) {
        return;
    }
    for (size_t size = (options.only_count + 1) / 2; size > 0; size = size > 1 ? size / 2 : 0) {
        size_t at = 0;
        while (at < shrink->best.only_count) {
            at += only_without(shrink, at, size) ? 0 : size;
        }
    }
}

static void print_command(const struct sim_options *options, const char *program)
{
    (void)printf("%s --seed %llu", program, (unsigned long long)options->seed);
    if (options->nodes_max < SIM_NODES_MAX) {
        (void)printf(" --nodes %llu", (unsigned long long)options->nodes_max);
    }
    if (options->entries_max < SIM_ALL) {
        (void)printf(" --entries %llu", (unsigned long long)options->entries_max);
    }
    if (options->until_ms < SIM_ALL) {
        (void)printf(" --until %llu", (unsigned long long)options->until_ms);
    }
    const char *before = " --without ";
    for (int i = 0; i < FAULT_COUNT; i++) {
        if ((options->without >> i & 1u) != 0) {
            (void)printf("%s%s", before, fault_name((enum fault)i));
            before = ",";
        }
    }
    for (size_t i = 0; i < options->only_count; i++) {
        (void)printf("%s%u", i == 0 ? " --only " : ",", options->only[i]);
    }
    if (options->only != NULL && options->only_count == 0) {
        (void)printf(" --only none");
    }
    (void)printf("%s --trace\n", options->real ? " --real" : "");
}

void shrink(struct tools *tools, const struct sim_options *options, const char *kind,
            const char *program)
{
    struct shrink *shrink = calloc(1, sizeof *shrink);
    struct sim *sim = calloc(1, sizeof *sim);
    ASSERT(shrink != NULL && sim != NULL);
    *shrink = (struct shrink){.sim = sim, .tools = tools, .best = *options, .kind = kind};
    shrink->best.trace = false;
    struct sim_options first = shrink->best;
    if (fails(shrink, &first)) {
        while (drop_kinds(shrink) && shrink->runs < RUNS_MAX) {
        }
        lower(shrink, offsetof(struct sim_options, nodes_max), SIM_NODES_MAX);
        lower(shrink, offsetof(struct sim_options, until_ms), SIM_ALL);
        lower(shrink, offsetof(struct sim_options, entries_max), SIM_ALL);
        drop_faults(shrink);
        struct sim_options all_kinds = shrink->best;
        all_kinds.without = 0;
        (void)fails(shrink, &all_kinds);
    }
    (void)printf("smallest of %u tries: ", shrink->runs);
    print_command(&shrink->best, program);
    free(sim);
    free(shrink);
}
