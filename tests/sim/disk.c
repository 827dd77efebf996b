/* disk.c - what a store is to the shells: commands wait, one commit is under way, then durable.
 * A crash loses what waits and tosses a coin for the commit under way; its answer is lost anyway.
 */
#include "core/base/assert.h"
#include "sim.h"

static struct disk *disk_of(struct sim *sim, uint32_t owner)
{
    return owner == SIM_NODES_MAX ? &sim->hub.disk : &sim->nodes[owner].disk;
}

static void ops_forget(struct ops *ops)
{
    for (size_t i = 0; i < ops->count; i++) {
        free(ops->list[i].data);
    }
    ops->count = 0;
}

void disk_clear(struct disk *disk)
{
    ops_forget(&disk->waiting);
    ops_forget(&disk->flight);
    free(disk->waiting.list);
    free(disk->flight.list);
    *disk = (struct disk){0};
}

static void start_commit(struct sim *sim, uint32_t owner)
{
    struct disk *disk = disk_of(sim, owner);
    if (disk->flight.count > 0 || disk->waiting.count == 0) {
        return;
    }
    struct ops empty = disk->flight;
    disk->flight = disk->waiting;
    disk->waiting = empty;
    bool slow = rng_below(&sim->rng, 20) == 0;
    uint64_t takes_ms = 1 + rng_below(&sim->rng, slow ? 900 : 25);
    uint32_t life = owner == SIM_NODES_MAX ? sim->hub.life : sim->nodes[owner].life;
    sim_at(sim, takes_ms, (struct event){.type = EVENT_COMMIT, .who = owner, .life = life});
    if (disk->crash_armed) {
        sim_at(sim, rng_below(&sim->rng, takes_ms),
               (struct event){.type = EVENT_CRASH, .who = owner, .life = life});
    }
}

void disk_put(struct sim *sim, uint32_t owner, struct op op, struct bytes data)
{
    struct ops *ops = &disk_of(sim, owner)->waiting;
    ops->list = sim_room(ops->list, ops->count, &ops->capacity, sizeof *ops->list);
    op.data = malloc(data.len + 1);
    ASSERT(op.data != NULL);
    if (data.len > 0) {
        memcpy(op.data, data.data, data.len);
    }
    op.len = data.len;
    ops->list[ops->count++] = op;
    start_commit(sim, owner);
}

/* New entries are refused when full; room for acks and sessions is reserved (DESIGN). */
static bool refused(struct sim *sim, uint32_t owner, const struct op *op)
{
    bool takes_room = op->type == OP_APPEND || op->type == OP_SPAN;
    if (!disk_of(sim, owner)->full || !takes_room) {
        return false;
    }
    return sim_fault(sim, owner == SIM_NODES_MAX ? FAULT_HUB_FULL : FAULT_NODE_FULL, 1000);
}

static void apply_all(struct sim *sim, uint32_t owner)
{
    struct ops *ops = &disk_of(sim, owner)->flight;
    for (size_t i = 0; i < ops->count && !sim->failed; i++) {
        struct op *op = &ops->list[i];
        if (refused(sim, owner, op)) {
            op->rc = ERR_FULL;
        } else if (owner == SIM_NODES_MAX) {
            op->rc = hub_apply(sim, op);
        } else {
            op->rc = node_apply(sim, &sim->nodes[owner], op);
        }
    }
}

void disk_commit(struct sim *sim, uint32_t owner)
{
    struct disk *disk = disk_of(sim, owner);
    apply_all(sim, owner);
    struct ops done = disk->flight; /* answers put new commands */
    disk->flight = (struct ops){0};
    bool flush[SIM_NODES_MAX] = {false};
    for (size_t i = 0; i < done.count && !sim->failed; i++) {
        struct op *op = &done.list[i];
        if (owner == SIM_NODES_MAX) {
            flush[op->node] = true;
            hub_answer(sim, op);
        } else {
            node_answer(sim, &sim->nodes[owner], op);
        }
    }
    for (uint32_t i = 0; owner == SIM_NODES_MAX && i < sim->node_count; i++) {
        if (flush[i] && !sim->failed) {
            hub_flush(sim, i);
        }
    }
    ops_forget(&done);
    free(done.list);
    start_commit(sim, owner);
}

void disk_crash(struct sim *sim, uint32_t owner)
{
    struct disk *disk = disk_of(sim, owner);
    if (disk->flight.count > 0) {
        if (sim_fault(sim, FAULT_COMMIT_APPLIED, 500)) {
            apply_all(sim, owner);
        } else {
            (void)sim_fault(sim, FAULT_COMMIT_LOST, 1000);
        }
    }
    disk_clear(disk);
}
