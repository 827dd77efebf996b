/* disk.c - what a store is to the shells: commands wait, one commit is under way, then durable.
 *
 * A crash loses what waits. The commit under way is lost, applied, or applied and not yet on the
 * disk: then a loss of power takes it back, unless the store was synced in between. A commit that
 * fails ends in one of these three as well, and its owner ends itself (DESIGN: fail-stop).
 */
#include "core/base/assert.h"
#include "sim.h"

static void start_commit(struct sim *sim, uint32_t owner)
{
    struct disk *disk = sim_disk(sim, owner);
    if (disk->latched || disk->flight.count > 0 || disk->waiting.count == 0) {
        return;
    }
    struct ops empty = disk->flight;
    disk->flight = disk->waiting;
    disk->waiting = empty;
    bool slow = sim_draw(sim, 20, 1) == 0;
    uint64_t takes_ms = 1 + sim_draw(sim, slow ? 900 : 25, 9);
    uint32_t life = sim_life(sim, owner);
    sim_at(sim, takes_ms, (struct event){.type = EVENT_COMMIT, .who = owner, .life = life});
    if (disk->crash_armed) {
        disk->crash_armed = false;
        sim_at(sim, rng_below(&sim->fate, takes_ms),
               (struct event){.type = disk->power_armed ? EVENT_POWER : EVENT_CRASH,
                              .who = owner,
                              .life = life});
    }
}

void disk_put(struct sim *sim, uint32_t owner, struct op op, struct bytes data)
{
    struct ops *ops = &sim_disk(sim, owner)->waiting;
    ops->list = sim_room(sim, ops->list, ops->count, &ops->capacity, sizeof *ops->list);
    op.data = sim_copy(sim, data);
    op.len = data.len;
    ops->list[ops->count++] = op;
    start_commit(sim, owner);
}

/* New entries are refused when full; room for acks and sessions is reserved (DESIGN). */
static bool refused(struct sim *sim, uint32_t owner, const struct op *op)
{
    bool takes_room = op->type == OP_APPEND || op->type == OP_SPAN;
    if (!sim_disk(sim, owner)->full || !takes_room) {
        return false;
    }
    return sim_fault(sim, owner == SIM_HUB ? FAULT_HUB_FULL : FAULT_NODE_FULL, 1000);
}

static void apply_all(struct sim *sim, uint32_t owner)
{
    struct ops *ops = &sim_disk(sim, owner)->flight;
    for (size_t i = 0; i < ops->count && !sim->failed; i++) {
        struct op *op = &ops->list[i];
        if (refused(sim, owner, op)) {
            op->rc = ERR_FULL;
        } else if (owner == SIM_HUB) {
            op->rc = hub_apply(sim, op);
        } else {
            op->rc = node_apply(sim, &sim->nodes[owner], op);
        }
    }
}

static void answer_all(struct sim *sim, uint32_t owner, struct ops *done)
{
    bool flush[SIM_PEERS] = {false};
    for (size_t i = 0; i < done->count && !sim->failed; i++) {
        struct op *op = &done->list[i];
        if (owner == SIM_HUB) {
            flush[op->peer % SIM_PEERS] = op->peer < SIM_PEERS;
            hub_answer(sim, op);
        } else {
            node_answer(sim, &sim->nodes[owner], op);
        }
    }
    for (uint32_t i = 0; owner == SIM_HUB && i < SIM_PEERS; i++) {
        if (flush[i] && !sim->failed && sim->hub.up) {
            hub_flush(sim, i);
        }
    }
}

/* Everybody is told, and then it is over: what became of the commit shows after the restart. */
void disk_fail(struct sim *sim, uint32_t owner, enum outcome outcome)
{
    struct disk *disk = sim_disk(sim, owner);
    disk->latched = true;
    disk->outcome = outcome;
    sim_trace(sim, "  the commit fails");
    struct ops done = disk->flight;
    for (size_t i = 0; i < done.count; i++) {
        done.list[i].rc = ERR_STORAGE;
    }
    answer_all(sim, owner, &done);
    sim_at(sim, 0, (struct event){.type = EVENT_CRASH, .who = owner, .life = sim_life(sim, owner)});
}

void disk_commit(struct sim *sim, uint32_t owner)
{
    struct disk *disk = sim_disk(sim, owner);
    if (disk->latched) {
        return;
    }
    if (sim_chance(sim, FAULT_COMMIT_FAILED)) {
        disk_fail(sim, owner, OUTCOME_LOST);
        return;
    }
    apply_all(sim, owner);
    disk->unsynced = false;
    check_synced(sim, owner);
    struct ops done = disk->flight; /* answers put new commands */
    disk->flight = (struct ops){0};
    answer_all(sim, owner, &done);
    start_commit(sim, owner);
}

enum outcome disk_draw(struct sim *sim, uint32_t owner)
{
    if (sim_disk(sim, owner)->flight.count == 0) {
        return OUTCOME_LOST;
    }
    if (sim_fault(sim, FAULT_COMMIT_APPLIED, 350)) {
        return OUTCOME_APPLIED;
    }
    if (sim_fault(sim, FAULT_COMMIT_VOLATILE, 500)) {
        return OUTCOME_VOLATILE;
    }
    (void)sim_fault(sim, FAULT_COMMIT_LOST, 1000);
    return OUTCOME_LOST;
}

static void keep_undo(struct sim *sim, uint32_t owner)
{
    sim_disk(sim, owner)->unsynced = true;
    if (owner != SIM_HUB) {
        sim->nodes[owner].undo = sim->nodes[owner].durable;
        return;
    }
    sim->hub.undo = sim->hub.durable;
    for (uint32_t i = 0; i < SIM_PEERS; i++) {
        sim->hub.peers[i].undo = sim->hub.peers[i].durable;
    }
}

static void undo(struct sim *sim, uint32_t owner)
{
    (void)sim_fault(sim, FAULT_VOLATILE_LOST, 1000);
    if (owner != SIM_HUB) {
        sim->nodes[owner].durable = sim->nodes[owner].undo;
        return;
    }
    sim->hub.durable = sim->hub.undo;
    for (uint32_t i = 0; i < SIM_PEERS; i++) {
        sim->hub.peers[i].durable = sim->hub.peers[i].undo;
    }
}

void disk_crash(struct sim *sim, uint32_t owner, bool power, enum outcome outcome)
{
    struct disk *disk = sim_disk(sim, owner);
    static const char *const words[] = {"lost", "applied", "applied, not synced"};
    if (owner == SIM_HUB) {
        sim_trace(sim, "aggregator: %s", power ? "power is gone" : "crashes");
    } else {
        sim_trace(sim, "node %u: %s", owner, power ? "power is gone" : "crashes");
    }
    if (disk->flight.count > 0) {
        sim_trace(sim, "  its commit: %s", words[outcome]);
    }
    if (disk->flight.count > 0 && outcome != OUTCOME_LOST) {
        if (!disk->unsynced && outcome == OUTCOME_VOLATILE) {
            keep_undo(sim, owner);
        }
        apply_all(sim, owner);
        if (outcome == OUTCOME_APPLIED) {
            disk->unsynced = false;
            check_synced(sim, owner);
        }
    }
    if (power && disk->unsynced) {
        undo(sim, owner);
        check_power_lost(sim, owner);
        disk->unsynced = false;
    }
    bool full = disk->full;
    bool unsynced = disk->unsynced;
    *disk = (struct disk){.full = full, .unsynced = unsynced};
}

void disk_sync(struct sim *sim, uint32_t owner)
{
    if (PLANTED(NO_SYNC_AFTER_OPEN)) {
        return;
    }
    sim_disk(sim, owner)->unsynced = false;
    check_synced(sim, owner);
}
