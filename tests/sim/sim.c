/* sim.c - virtual time, and one run from its beginning to its end. */
#include "sim.h"

#include "core/base/assert.h"

#include <stdarg.h>

/* ---- words ---- */

void assert_fail(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: ASSERT(%s)\n", file, line, expression);
    abort();
}

void sim_fail(struct sim *sim, const char *format, ...)
{
    if (sim->failed) {
        return; /* the first is the one to read */
    }
    sim->failed = true;
    sim->failure_kind = format;
    va_list list;
    va_start(list, format);
    (void)vsnprintf(sim->failure, sizeof sim->failure, format, list);
    va_end(list);
}

void sim_trace(struct sim *sim, const char *format, ...)
{
    if (!sim->options.trace) {
        return;
    }
    (void)printf("%6llu.%03llu  ", (unsigned long long)sim->now_ms / 1000,
                 (unsigned long long)sim->now_ms % 1000);
    va_list list;
    va_start(list, format);
    (void)vprintf(format, list);
    va_end(list);
    (void)printf("\n");
}

/* ---- memory of one run ---- */

void *sim_take(struct sim *sim, size_t bytes)
{
    void *ret = pool_take(sim->tools->pool, bytes);
    memset(ret, 0, bytes);
    return ret;
}

const uint8_t *sim_copy(struct sim *sim, struct bytes bytes)
{
    uint8_t *ret = pool_take(sim->tools->pool, bytes.len);
    if (bytes.len > 0) {
        memcpy(ret, bytes.data, bytes.len);
    }
    return ret;
}

void *sim_room(struct sim *sim, void *list, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity) {
        return list;
    }
    *capacity = *capacity == 0 ? 16 : *capacity * 2;
    void *more = pool_take(sim->tools->pool, *capacity * item_bytes);
    if (count > 0) {
        memcpy(more, list, count * item_bytes);
    }
    return more;
}

uint64_t sim_draw(struct sim *sim, uint64_t limit, uint64_t plain)
{
    return sim->options.script != NULL ? plain : rng_below(&sim->rng, limit);
}

struct disk *sim_disk(struct sim *sim, uint32_t owner)
{
    return owner == SIM_HUB ? &sim->hub.disk : &sim->nodes[owner].disk;
}

uint32_t sim_life(const struct sim *sim, uint32_t owner)
{
    return owner == SIM_HUB ? sim->hub.life : sim->nodes[owner].life;
}

void tools_open(struct tools *tools)
{
    *tools = (struct tools){.pool = pool_new(),
                            .arena = arena_new(SPAN_SCRATCH_BYTES_MAX),
                            .store_arena = arena_new(SPAN_SCRATCH_BYTES_MAX),
                            .builder = span_builder_new(),
                            .decoder = span_decoder_new(),
                            .seen = seen_new()};
    ASSERT(tools->arena != NULL && tools->store_arena != NULL);
    ASSERT(tools->builder != NULL && tools->decoder != NULL);
}

void tools_close(struct tools *tools)
{
    pool_free(tools->pool);
    arena_free(tools->arena);
    arena_free(tools->store_arena);
    span_builder_free(tools->builder);
    span_decoder_free(tools->decoder);
    seen_free(tools->seen);
}

/* ---- the heap of events: by time, then in the order they were made ---- */

static bool before(const struct event *a, const struct event *b)
{
    return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->order < b->order);
}

void sim_at(struct sim *sim, uint64_t delay_ms, struct event event)
{
    sim->heap = sim_room(sim, sim->heap, sim->heap_count, &sim->heap_capacity, sizeof *sim->heap);
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

/* ---- the run ---- */

/* Mostly one or two nodes and half a minute: many small worlds find more than few large ones. */
static void draw_size(struct sim *sim)
{
    uint64_t size = rng_below(&sim->rng, 20);
    sim->node_count = size < 11 ? 1 : size < 17 ? 2 : size < 19 ? 3 : SIM_NODES_MAX;
    uint64_t lasts_ms = 4000 + rng_below(&sim->rng, size % 8 == 0 ? 60000 : 14000);
    if (sim->node_count > sim->options.nodes_max) {
        sim->node_count = (uint32_t)sim->options.nodes_max;
    }
    if (lasts_ms > sim->options.until_ms) {
        lasts_ms = sim->options.until_ms;
    }
    sim->faults_until_ms = sim->now_ms + lasts_ms;
}

void sim_init(struct sim *sim, struct tools *tools, const struct sim_options *options)
{
    pool_reset(tools->pool);
    memset(sim, 0, sizeof *sim);
    sim->options = *options;
    sim->tools = tools;
    sim->now_ms = 1000;
    sim->faults = true;
    stand_in_use_real(options->real);
    rng_seed(&sim->rng, options->seed);
    rng_seed(&sim->fate, options->seed ^ 0x6661746521u);
    sim->check = check_new(sim);
    if (options->script != NULL) {
        sim->profile.name = options->script->name;
        sim->node_count = options->script->nodes;
        sim->faults_until_ms = sim->now_ms + options->script->until_ms;
    } else {
        profile_draw(&sim->fate, &sim->profile);
        draw_size(sim);
    }
    hub_setup(sim);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        node_setup(sim, i);
    }
    if (sim->profile.level[FAULT_HOSTILE] > 0) {
        hostile_setup(sim);
    }
}

/* The store is there again; it syncs what it finds before anybody may look (store.h). */
static void restart(struct sim *sim, uint32_t owner)
{
    bool *opening = owner == SIM_HUB ? &sim->hub.opening : &sim->nodes[owner].opening;
    bool up = owner == SIM_HUB ? sim->hub.up : sim->nodes[owner].up || sim->nodes[owner].off;
    if (up || *opening) {
        return;
    }
    *opening = true;
    sim_at(sim, sim_draw(sim, 30, 4) + 1,
           (struct event){.type = EVENT_OPENED, .who = owner, .life = sim_life(sim, owner)});
}

static void opened(struct sim *sim, const struct event *event)
{
    if (event->life != sim_life(sim, event->who)) {
        return;
    }
    disk_sync(sim, event->who);
    if (event->who == SIM_HUB) {
        hub_boot(sim);
    } else {
        node_boot(sim, &sim->nodes[event->who]);
    }
}

static void faults_end(struct sim *sim)
{
    sim_trace(sim, "---- faults are over ----");
    sim->faults = false;
    restore_faults_end(sim);
    sim->hub.disk.full = false;
    sim->hub.disk.crash_armed = false;
    restart(sim, SIM_HUB);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct node *node = &sim->nodes[i];
        node->cut_until_ms = 0;
        node->disk.full = false;
        node->disk.crash_armed = false;
        restart(sim, i);
    }
}

static void append_comes(struct sim *sim, const struct event *event)
{
    if (!sim->faults || sim->entry_count >= sim->options.entries_max) {
        return;
    }
    bool office = event->type == EVENT_OFFICE;
    if (office) {
        hub_append(sim, event->who);
    } else {
        node_append(sim, &sim->nodes[event->who]);
    }
    sim_at(sim, 1 + rng_below(&sim->rng, office ? 6000 : 2500),
           (struct event){.type = event->type, .who = event->who});
}

static void prune_comes(struct sim *sim, const struct event *event)
{
    node_prune(sim, &sim->nodes[event->who]);
    if (sim->faults) {
        sim_at(sim, 1000 + rng_below(&sim->rng, 8000), *event);
    }
}

static void node_backup_comes(struct sim *sim, const struct event *event)
{
    restore_backup_node(sim, &sim->nodes[event->who]);
    if (sim->faults) {
        sim_at(sim, 1000 + rng_below(&sim->rng, 9000), *event);
    }
}

static bool restorable(const struct sim *sim)
{
    return sim->profile.level[FAULT_NODE_RESTORED] > 0 ||
           sim->profile.level[FAULT_NODE_ROLLED] > 0 || sim->profile.level[FAULT_NODE_MOVED] > 0 ||
           sim->profile.level[FAULT_NODE_CLONED] > 0;
}

static void dispatch_owner(struct sim *sim, const struct event *event)
{
    if (event->type == EVENT_RESTART) {
        restart(sim, event->who);
    } else if (event->type == EVENT_FULL_ENDS) {
        sim_disk(sim, event->who)->full = false;
    } else if (event->type == EVENT_OPENED) {
        opened(sim, event);
    } else if (event->type == EVENT_COMMIT && event->life == sim_life(sim, event->who)) {
        disk_commit(sim, event->who);
    } else if (event->type == EVENT_END && event->life == sim_life(sim, event->who)) {
        faults_end_owner(sim, event->who, false, OUTCOME_LOST);
    } else if (event->type == EVENT_CRASH || event->type == EVENT_POWER) {
        faults_crash(sim, event);
    }
}

static void dispatch_node(struct sim *sim, const struct event *event)
{
    struct node *node = &sim->nodes[event->who];
    if (!node->up || event->life != node->life) {
        return;
    }
    if (event->type == EVENT_WAKE) {
        node_wake(sim, node);
    } else if (event->type == EVENT_CUT_NODE) {
        node_cut(sim, node);
    } else if (event->type == EVENT_START) {
        node_onoff(sim, node, true);
    }
}

static void dispatch(struct sim *sim, const struct event *event)
{
    switch (event->type) {
    case EVENT_APPEND:
    case EVENT_OFFICE:
        append_comes(sim, event);
        break;
    case EVENT_PRUNE:
        prune_comes(sim, event);
        break;
    case EVENT_PACKET:
        net_arrive(sim, event->packet);
        break;
    case EVENT_STICK:
        net_stick(sim, event->who, event->packet);
        break;
    case EVENT_LINK_UP:
    case EVENT_LINK_DOWN:
        net_link_event(sim, event->who, event->type == EVENT_LINK_UP);
        break;
    case EVENT_GONE:
        net_gone(sim, event->who);
        break;
    case EVENT_WAKE:
    case EVENT_CUT_NODE:
    case EVENT_START:
        dispatch_node(sim, event);
        break;
    case EVENT_CUT_HUB:
        if (sim->hub.up && event->life == sim->hub.life) {
            hub_cut(sim, event->who);
        }
        break;
    case EVENT_HUB_TICK:
        if (sim->hub.up && event->life == sim->hub.life) {
            hub_tick(sim);
        }
        break;
    case EVENT_SCRIPT:
        script_act(sim, &sim->options.script->rows[event->who]);
        break;
    case EVENT_NODE_BACKUP:
        node_backup_comes(sim, event);
        break;
    case EVENT_BACKUP:
        hub_backup(sim);
        break;
    case EVENT_FAULT:
        faults_come(sim, (enum fault)event->who, event->life);
        break;
    case EVENT_COMMIT:
    case EVENT_CRASH:
    case EVENT_END:
    case EVENT_POWER:
    case EVENT_RESTART:
    case EVENT_OPENED:
    case EVENT_FULL_ENDS:
        dispatch_owner(sim, event);
        break;
    }
}

/* A crash that was asked for at this very step. */
static void crash_point(struct sim *sim, const struct crash_point *point)
{
    if (point->step != sim->steps) {
        return;
    }
    if (point->fails) {
        disk_fail(sim, point->owner, point->outcome);
    } else {
        faults_end_owner(sim, point->owner, point->power, point->outcome);
    }
}

static void step(struct sim *sim)
{
    if (sim->watch != NULL && sim->faults) {
        sim->watch(sim->watch_arg);
    }
    struct event event = take_first(sim);
    sim->now_ms = event.at_ms;
    sim->steps++;
    if (sim->options.crashes != NULL) {
        crash_point(sim, &sim->options.crashes[0]);
        crash_point(sim, &sim->options.crashes[1]);
    }
    uint64_t word = event.at_ms ^ (uint64_t)event.type << 48 ^ (uint64_t)event.who << 56;
    sim->digest = (sim->digest ^ word) * 0x100000001b3u;
    if (sim->faults && sim->now_ms >= sim->faults_until_ms) {
        faults_end(sim);
    }
    faults_pass(sim);
    dispatch(sim, &event);
}

static void begin(struct sim *sim)
{
    if (sim->options.script != NULL) {
        sim_trace(sim, "%s: %s", sim->profile.name, sim->options.script->title);
    } else {
        sim_trace(sim, "seed %llu: %s, %u nodes, faults until %llu ms",
                  (unsigned long long)sim->options.seed, sim->profile.name, sim->node_count,
                  (unsigned long long)sim->faults_until_ms);
    }
    check_synced(sim, SIM_HUB);
    hub_boot(sim);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        check_synced(sim, i);
        node_boot(sim, &sim->nodes[i]);
    }
    if (sim->options.script != NULL) {
        script_begin(sim);
        return;
    }
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (restorable(sim)) {
            sim_at(sim, rng_below(&sim->rng, 5000),
                   (struct event){.type = EVENT_NODE_BACKUP, .who = i});
        }
        sim_at(sim, rng_below(&sim->rng, 500), (struct event){.type = EVENT_APPEND, .who = i});
        sim_at(sim, rng_below(&sim->rng, 3000), (struct event){.type = EVENT_OFFICE, .who = i});
        sim_at(sim, rng_below(&sim->rng, 9000), (struct event){.type = EVENT_PRUNE, .who = i});
    }
    sim_at(sim, rng_below(&sim->rng, 10000), (struct event){.type = EVENT_BACKUP});
    faults_plan(sim);
}

bool sim_run(struct sim *sim)
{
    begin(sim);
    while (!sim->failed && (sim->faults || !check_drained(sim) || restore_next_turn(sim))) {
        if (sim->now_ms > sim->faults_until_ms + SIM_QUIET_MS_MAX) {
            check_not_drained(sim);
        } else if (sim->steps > SIM_STEPS_MAX) {
            sim_fail(sim, "more than %u steps", SIM_STEPS_MAX);
        } else if (sim->heap_count == 0) {
            sim_fail(sim, "nothing is left to happen, and not all has arrived");
        } else {
            step(sim);
        }
    }
    if (!sim->failed) {
        check_end(sim);
    }
    sim_trace(sim, "%s", sim->failed ? sim->failure : "drained");
    return !sim->failed;
}
