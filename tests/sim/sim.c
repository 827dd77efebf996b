/* sim.c - virtual time, one source of chance, and the faults that come by themselves. */
#include "sim.h"

#include "core/base/assert.h"

#include <stdarg.h>

const char *fault_name(enum fault fault)
{
    static const char *const names[FAULT_COUNT] = {
#define FAULT_X(name, text) [name] = (text),
        FAULT_LIST(FAULT_X)
#undef FAULT_X
    };
    return names[fault];
}

const char *plant_name(enum plant plant)
{
    static const char *const names[PLANT_COUNT] = {
#define PLANT_X(name, text) [name] = (text),
        PLANT_LIST(PLANT_X)
#undef PLANT_X
    };
    return names[plant];
}

/* ---- chance: splitmix64 seeds xoshiro256** ---- */

void rng_seed(struct rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        rng->s[i] = z ^ (z >> 31);
    }
}

static uint64_t turn(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t ret = turn(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn(s[3], 45);
    return ret;
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
    return limit == 0 ? 0 : rng_next(rng) % limit;
}

void rng_fill(struct rng *rng, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = rng_next(rng);
        memcpy(to + i, &word, len - i < 8 ? len - i : 8);
    }
}

/* ---- words ---- */

void sim_fail(struct sim *sim, const char *format, ...)
{
    if (sim->failed) {
        return; /* the first is the one to read */
    }
    sim->failed = true;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(sim->failure, sizeof sim->failure, format, list);
    va_end(list);
}

void sim_trace(struct sim *sim, const char *format, ...)
{
    if (!sim->trace) {
        return;
    }
    (void)printf("%8llu.%03llu  ", (unsigned long long)sim->now_ms / 1000,
                 (unsigned long long)sim->now_ms % 1000);
    va_list list;
    va_start(list, format);
    (void)vprintf(format, list);
    va_end(list);
    (void)printf("\n");
}

bool sim_fault(struct sim *sim, enum fault fault, uint32_t permille)
{
    if (!sim->faults || permille == 0 || rng_below(&sim->rng, 1000) >= permille) {
        return false;
    }
    sim->counts[fault]++;
    if (fault != FAULT_STALE) {
        sim_trace(sim, "  fault: %s", fault_name(fault));
    }
    return true;
}

void *sim_room(void *list, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity) {
        return list;
    }
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    void *more = realloc(list, *capacity * item_bytes);
    ASSERT(more != NULL);
    return more;
}

/* ---- the heap of events: by time, then in the order they were made ---- */

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

void sim_at(struct sim *sim, uint64_t delay_ms, struct event event)
{
    sim->heap = sim_room(sim->heap, sim->heap_count, &sim->heap_capacity, sizeof *sim->heap);
    event.at_ms = sim->now_ms + delay_ms;
    event.order = sim->order++;
    size_t at = sim->heap_count++;
    while (at > 0 && before(&event, &sim->heap[(at - 1) / 2])) {
        sim->heap[at] = sim->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    sim->heap[at] = event;
}

static struct event take_first(struct sim *sim)
{
    struct event first = sim->heap[0];
    struct event last = sim->heap[--sim->heap_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < sim->heap_count && before(&sim->heap[child + 1], &sim->heap[child])) {
            child++;
        }
        if (child >= sim->heap_count || !before(&sim->heap[child], &last)) {
            break;
        }
        sim->heap[at] = sim->heap[child];
        at = child;
    }
    sim->heap[at] = last;
    return first;
}

/* ---- what goes wrong ---- */

/* Rare faults at one low rate starve the deep states: each run has a character. */
static const struct profile profiles[] = {
    {.name = "calm", .cut_ms = 30000, .refused = 50},
    {.name = "lossy", .lost = 30, .duplicated = 40, .delayed = 20, .cut_ms = 20000},
    {.name = "damaging", .dropped = 15, .damaged = 30, .lost = 5, .cut_ms = 30000},
    {.name = "flapping",
     .cut_ms = 2500,
     .refused = 200,
     .blocked = 50,
     .slow_cut = 100,
     .stop_ms = 15000},
    {.name = "crashing",
     .node_crash_ms = 6000,
     .hub_crash_ms = 9000,
     .cut_ms = 15000,
     .slow_cut = 50},
    {.name = "full", .node_full_ms = 12000, .hub_full_ms = 9000, .hub_crash_ms = 30000},
    {.name = "storm",
     .lost = 20,
     .duplicated = 30,
     .delayed = 30,
     .dropped = 8,
     .damaged = 15,
     .blocked = 60,
     .slow_cut = 60,
     .refused = 150,
     .cut_ms = 6000,
     .node_crash_ms = 12000,
     .hub_crash_ms = 15000,
     .node_full_ms = 25000,
     .hub_full_ms = 25000,
     .stop_ms = 20000},
};

static uint32_t fault_mean_ms(const struct sim *sim, enum fault fault)
{
    const struct profile *profile = &sim->profile;
    return fault == FAULT_CUT          ? profile->cut_ms
           : fault == FAULT_NODE_CRASH ? profile->node_crash_ms
           : fault == FAULT_HUB_CRASH  ? profile->hub_crash_ms
           : fault == FAULT_NODE_FULL  ? profile->node_full_ms
           : fault == FAULT_HUB_FULL   ? profile->hub_full_ms
                                       : profile->stop_ms;
}

static void plan_fault(struct sim *sim, enum fault fault, uint32_t node)
{
    uint32_t mean_ms = fault_mean_ms(sim, fault);
    if (mean_ms > 0) {
        sim_at(sim, 1 + rng_below(&sim->rng, 2ul * mean_ms),
               (struct event){.type = EVENT_FAULT, .who = (uint32_t)fault, .life = node});
    }
}

static void plan_faults(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        plan_fault(sim, FAULT_CUT, i);
        plan_fault(sim, FAULT_NODE_CRASH, i);
        plan_fault(sim, FAULT_NODE_FULL, i);
        plan_fault(sim, FAULT_STOPPED, i);
    }
    plan_fault(sim, FAULT_HUB_CRASH, 0);
    plan_fault(sim, FAULT_HUB_FULL, 0);
}

static void fill_up(struct sim *sim, uint32_t owner)
{
    struct disk *disk = owner == SIM_NODES_MAX ? &sim->hub.disk : &sim->nodes[owner].disk;
    disk->full = true;
    sim_at(sim, 500 + rng_below(&sim->rng, 6000),
           (struct event){.type = EVENT_FULL_ENDS, .who = owner});
}

/* Half of the crashes wait for a commit to be under way: that is where they hurt. */
static void crash_comes(struct sim *sim, uint32_t owner)
{
    bool hub = owner == SIM_NODES_MAX;
    if (!(hub ? sim->hub.up : sim->nodes[owner].up)) {
        return;
    }
    if (rng_below(&sim->rng, 2) == 0) {
        (hub ? &sim->hub.disk : &sim->nodes[owner].disk)->crash_armed = true;
        return;
    }
    uint32_t life = hub ? sim->hub.life : sim->nodes[owner].life;
    sim_at(sim, 0, (struct event){.type = EVENT_CRASH, .who = owner, .life = life});
}

static void crash(struct sim *sim, const struct event *event)
{
    bool hub = event->who == SIM_NODES_MAX;
    if (!sim->faults || event->life != (hub ? sim->hub.life : sim->nodes[event->who].life)) {
        return;
    }
    (void)sim_fault(sim, hub ? FAULT_HUB_CRASH : FAULT_NODE_CRASH, 1000);
    if (hub) {
        hub_crash(sim);
    } else {
        node_crash(sim, &sim->nodes[event->who]);
    }
}

static void fault_comes(struct sim *sim, enum fault fault, uint32_t index)
{
    struct node *node = &sim->nodes[index];
    if (!sim->faults) {
        return;
    }
    plan_fault(sim, fault, index);
    if (fault == FAULT_HUB_FULL) {
        fill_up(sim, SIM_NODES_MAX);
    } else if (fault == FAULT_NODE_FULL) {
        fill_up(sim, index);
    } else if (fault == FAULT_CUT) {
        (void)sim_fault(sim, fault, 1000);
        bool longer = rng_below(&sim->rng, 2) == 0;
        node->cut_until_ms = sim->now_ms + rng_below(&sim->rng, longer ? 15000 : 300);
        net_break(sim, index);
    } else if (fault == FAULT_HUB_CRASH || fault == FAULT_NODE_CRASH) {
        crash_comes(sim, fault == FAULT_HUB_CRASH ? SIM_NODES_MAX : index);
    } else if (fault == FAULT_STOPPED && node->up) {
        (void)sim_fault(sim, fault, 1000);
        node_onoff(sim, node, false);
    }
}

/* ---- the run ---- */

struct sim *sim_new(uint64_t seed, enum plant plant, bool trace)
{
    struct sim *sim = calloc(1, sizeof *sim);
    ASSERT(sim != NULL);
    sim->seed = seed;
    sim->plant = plant;
    sim->trace = trace;
    sim->now_ms = 1000;
    sim->faults = true;
    rng_seed(&sim->rng, seed);
    sim->check = check_new();
    sim->arena = arena_new(SPAN_SCRATCH_BYTES_MAX);
    sim->store_arena = arena_new(SPAN_SCRATCH_BYTES_MAX);
    sim->builder = span_builder_new();
    sim->decoder = span_decoder_new();
    ASSERT(sim->check != NULL && sim->arena != NULL && sim->store_arena != NULL);
    ASSERT(sim->builder != NULL && sim->decoder != NULL);
    sim->profile = profiles[rng_below(&sim->rng, sizeof profiles / sizeof profiles[0])];
    sim->node_count = 1 + (uint32_t)rng_below(&sim->rng, SIM_NODES_MAX);
    sim->faults_until_ms = sim->now_ms + 20000 + rng_below(&sim->rng, 100000);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        node_setup(sim, i);
    }
    hub_setup(sim);
    return sim;
}

void sim_free(struct sim *sim)
{
    for (size_t i = 0; i < sim->heap_count; i++) {
        free(sim->heap[i].packet);
    }
    for (uint32_t i = 0; i < sim->node_count; i++) {
        disk_clear(&sim->nodes[i].disk);
        entries_clear(&sim->nodes[i].durable.logs[0]);
        entries_clear(&sim->nodes[i].durable.logs[1]);
        entries_clear(&sim->hub.peers[i].office);
    }
    disk_clear(&sim->hub.disk);
    check_free(sim->check);
    arena_free(sim->arena);
    arena_free(sim->store_arena);
    span_decoder_free(sim->decoder);
    span_builder_free(sim->builder);
    free(sim->heap);
    free(sim->links);
    free(sim);
}

static void restart(struct sim *sim, uint32_t owner)
{
    if (owner == SIM_NODES_MAX) {
        if (!sim->hub.up) {
            hub_boot(sim);
        }
    } else if (!sim->nodes[owner].up) {
        node_boot(sim, &sim->nodes[owner]);
    }
}

static void faults_end(struct sim *sim)
{
    sim_trace(sim, "---- faults are over ----");
    sim->faults = false;
    sim->hub.disk.full = false;
    restart(sim, SIM_NODES_MAX);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        sim->nodes[i].cut_until_ms = 0;
        sim->nodes[i].disk.full = false;
        restart(sim, i);
    }
}

static void append_comes(struct sim *sim, const struct event *event)
{
    if (!sim->faults) {
        return;
    }
    bool office = event->type == EVENT_OFFICE;
    if (office) {
        hub_append(sim, event->who);
    } else {
        node_append(sim, &sim->nodes[event->who]);
    }
    sim_at(sim, 1 + rng_below(&sim->rng, office ? 9000 : 3000),
           (struct event){.type = event->type, .who = event->who});
}

static void commit_comes(struct sim *sim, const struct event *event)
{
    bool hub = event->who == SIM_NODES_MAX;
    if (event->life == (hub ? sim->hub.life : sim->nodes[event->who].life)) {
        disk_commit(sim, event->who);
    }
}

static void dispatch(struct sim *sim, const struct event *event)
{
    switch (event->type) {
    case EVENT_APPEND:
    case EVENT_OFFICE:
        append_comes(sim, event);
        break;
    case EVENT_COMMIT:
        commit_comes(sim, event);
        break;
    case EVENT_PACKET:
        net_arrive(sim, event->packet);
        break;
    case EVENT_LINK_UP:
    case EVENT_LINK_DOWN:
        net_link_event(sim, event->who, event->type == EVENT_LINK_UP);
        break;
    case EVENT_GONE:
        net_gone(sim, event->who);
        break;
    case EVENT_WAKE:
        if (event->life == sim->nodes[event->who].life) {
            node_wake(sim, &sim->nodes[event->who]);
        }
        break;
    case EVENT_CUT_NODE:
        if (event->life == sim->nodes[event->who].life) {
            node_cut(sim, &sim->nodes[event->who]);
        }
        break;
    case EVENT_CUT_HUB:
        if (event->life == sim->hub.life) {
            hub_cut(sim, event->who);
        }
        break;
    case EVENT_HUB_TICK:
        if (event->life == sim->hub.life) {
            hub_tick(sim);
        }
        break;
    case EVENT_FAULT:
        fault_comes(sim, (enum fault)event->who, event->life);
        break;
    case EVENT_CRASH:
        crash(sim, event);
        break;
    case EVENT_RESTART:
        restart(sim, event->who);
        break;
    case EVENT_FULL_ENDS:
        *(event->who == SIM_NODES_MAX ? &sim->hub.disk.full : &sim->nodes[event->who].disk.full) =
            false;
        break;
    case EVENT_START:
        if (sim->nodes[event->who].up && event->life == sim->nodes[event->who].life) {
            node_onoff(sim, &sim->nodes[event->who], true);
        }
        break;
    }
}

static void step(struct sim *sim)
{
    struct event event = take_first(sim);
    sim->now_ms = event.at_ms;
    sim->steps++;
    uint64_t word = event.at_ms ^ (uint64_t)event.type << 48 ^ (uint64_t)event.who << 56;
    sim->digest = (sim->digest ^ word) * 0x100000001b3u;
    if (sim->faults && sim->now_ms >= sim->faults_until_ms) {
        faults_end(sim);
    }
    dispatch(sim, &event);
}

bool sim_run(struct sim *sim)
{
    sim_trace(sim, "seed %llu: %s, %u nodes, faults until %llu ms", (unsigned long long)sim->seed,
              sim->profile.name, sim->node_count, (unsigned long long)sim->faults_until_ms);
    hub_boot(sim);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        node_boot(sim, &sim->nodes[i]);
        sim_at(sim, rng_below(&sim->rng, 500), (struct event){.type = EVENT_APPEND, .who = i});
        sim_at(sim, rng_below(&sim->rng, 4000), (struct event){.type = EVENT_OFFICE, .who = i});
    }
    plan_faults(sim);
    while (!sim->failed && (sim->faults || !check_drained(sim))) {
        if (sim->now_ms > sim->faults_until_ms + SIM_QUIET_MS_MAX) {
            sim_fail(sim, "not drained %u minutes after the last fault", SIM_QUIET_MS_MAX / 60000);
        } else if (sim->steps > SIM_STEPS_MAX) {
            sim_fail(sim, "more than %u steps", SIM_STEPS_MAX);
        } else {
            step(sim);
        }
    }
    sim_trace(sim, "%s", sim->failed ? sim->failure : "drained");
    return !sim->failed;
}
