/* restore.c - an end that goes back in time, moves, or stands there twice (ADR 7). */
#include "sim.h"

#include "core/base/assert.h"

#define RESTORES_MAX 6u /* in one run: lines of logs stay short enough for the books */

/* A log that goes on from another, and the other end has not taken it yet. A backup of that, put
 * back after the end went on without it, gives two lines that part where neither can know (README).
 */
static bool untaken(const struct line *line)
{
    return line->before_count > 0 && line->now.acked == 0;
}

bool restore_backup_fits(const struct sim *sim)
{
    bool fits = !sim->hub.disk.unsynced && !sim->hub.disk.latched;
    for (uint32_t i = 0; i < SIM_PEERS; i++) {
        const struct peer *peer = &sim->hub.peers[i];
        bool reads = peer->used && !peer->revoked && i != SIM_HOSTILE;
        fits = fits && !(reads && untaken(&peer->durable.office));
    }
    return fits;
}

void restore_backup_node(struct sim *sim, struct node *node)
{
    if (untaken(&node->durable.lines[0]) || untaken(&node->durable.lines[1])) {
        return;
    }
    if (!node->disk.unsynced && !node->disk.latched) {
        node->backup = node->durable;
        node->has_backup = true;
        check_backup(sim, node->index);
    }
}

static bool may(struct sim *sim, enum fault fault)
{
    return sim->restores < RESTORES_MAX && sim_fault(sim, fault, 1000);
}

/* The machine ends; what it finds at its next start is what the backup holds. seen: the store
 * notices that it is not where it was. */
void restore_node(struct sim *sim, struct node *node, bool seen)
{
    sim->restores++;
    faults_end_owner(sim, node->index, false, OUTCOME_LOST);
    sim_trace(sim, "node %u: restored from a backup%s", node->index,
              seen ? "" : ", and nothing shows it");
    node->durable = node->backup;
    node->durable.moved = node->durable.moved || seen;
    node->backup.moved = false;
    node->disk.unsynced = false;
    sim->hub.peers[node->peer].split = true;
    check_restored(sim, node->index, node->index);
    check_moved(sim, node->index, node->durable.moved);
}

void restore_moved(struct sim *sim, struct node *node)
{
    sim->restores++;
    faults_end_owner(sim, node->index, false, OUTCOME_LOST);
    sim_trace(sim, "node %u: moved to another machine", node->index);
    node->durable.moved = true;
    node->undo.moved = true;
    check_moved(sim, node->index, true);
    sim->hub.peers[node->peer].split = true;
}

void restore_hub(struct sim *sim, bool seen)
{
    struct hub *hub = &sim->hub;
    sim->restores++;
    faults_end_owner(sim, SIM_HUB, false, OUTCOME_LOST);
    sim_trace(sim, "aggregator: restored from a backup%s", seen ? "" : ", and nothing shows it");
    hub->durable = hub->backup;
    hub->durable.moved = hub->durable.moved || seen;
    for (uint32_t i = 0; i < SIM_PEERS; i++) {
        if (hub->peers[i].used) {
            hub->peers[i].durable = hub->peers[i].backup;
        }
    }
    hub->disk.unsynced = false;
    hub->was_restored = true;
    hub->rolled_back = hub->durable.incarnation;
    check_restored(sim, SIM_HUB, SIM_HUB);
}

/* ---- two of them ---- */

static void copy_entries(struct sim *sim, struct entries *entries)
{
    struct entries copy = {.count = 0};
    for (size_t i = 0; i < entries->count; i++) {
        copy.list = sim_room(sim, copy.list, i, &copy.capacity, sizeof *copy.list);
        copy.list[copy.count++] = entries->list[i];
    }
    *entries = copy;
}

static void copy_kept(struct sim *sim, struct kept *kept)
{
    struct kept copy = *kept;
    copy.capacity = 0;
    copy.h = NULL;
    for (size_t i = 0; i < kept->count; i++) {
        copy.h = sim_room(sim, copy.h, i, &copy.capacity, sizeof *copy.h);
        copy.h[i] = kept->h[i];
    }
    *kept = copy;
}

static void copy_durable(struct sim *sim, struct node_durable *durable)
{
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        copy_entries(sim, &durable->lines[log].now.entries);
    }
    for (size_t i = 0; i < durable->office_count; i++) {
        copy_kept(sim, &durable->offices[i]);
    }
}

/* A second machine with the first one's keys, from its backup, and both run. */
struct node *restore_clone(struct sim *sim, struct node *node, bool seen)
{
    ASSERT(sim->node_count < SIM_NODES_MAX);
    struct node *clone = &sim->nodes[sim->node_count];
    sim->restores++;
    *clone = (struct node){.index = sim->node_count++,
                           .peer = node->peer,
                           .enrolment = node->enrolment,
                           .key = node->key,
                           .delay_ms = node->delay_ms,
                           .clone_of = node->index + 1,
                           .has_backup = true,
                           .durable = node->backup};
    memcpy(clone->regency, node->regency, sizeof clone->regency);
    memcpy(clone->secret, node->secret, sizeof clone->secret);
    copy_durable(sim, &clone->durable);
    clone->durable.moved = seen;
    clone->backup = clone->durable;
    clone->backup.moved = false;
    node->clone_of = node->index + 1;
    sim_trace(sim, "node %u: is a copy of node %u%s", clone->index, node->index,
              seen ? "" : ", and nothing shows it");
    sim->hub.peers[node->peer].split = true;
    check_restored(sim, clone->index, node->index);
    check_moved(sim, clone->index, seen);
    sim_at(sim, 10, (struct event){.type = EVENT_RESTART, .who = clone->index});
    return clone;
}

static void clone_comes(struct sim *sim, struct node *node)
{
    bool seen = rng_below(&sim->fate, 2) == 0;
    if (node->clone_of != 0 || sim->node_count >= SIM_NODES_MAX || !may(sim, FAULT_NODE_CLONED)) {
        return;
    }
    const struct node *clone = restore_clone(sim, node, seen);
    sim_at(sim, rng_below(&sim->rng, 2000),
           (struct event){.type = EVENT_APPEND, .who = clone->index});
    sim_at(sim, rng_below(&sim->rng, 9000),
           (struct event){.type = EVENT_PRUNE, .who = clone->index});
}

void restore_comes(struct sim *sim, enum fault fault, struct node *node)
{
    bool seen = fault == FAULT_NODE_RESTORED || fault == FAULT_HUB_RESTORED;
    if (fault == FAULT_HUB_RESTORED || fault == FAULT_HUB_ROLLED) {
        if (sim->hub.has_backup && may(sim, fault)) {
            restore_hub(sim, seen);
        }
    } else if (!node->has_backup || node->off) {
        return;
    } else if (fault == FAULT_NODE_CLONED) {
        clone_comes(sim, node);
    } else if (fault == FAULT_NODE_MOVED) {
        if (may(sim, fault)) {
            restore_moved(sim, node);
        }
    } else if (may(sim, fault)) {
        restore_node(sim, node, seen);
    }
}

/* ---- when faults are over: of two machines under one key one stays, then the other has its turn
 */

static void switch_off(struct sim *sim, struct node *node)
{
    faults_end_owner(sim, node->index, false, OUTCOME_LOST);
    node->off = true;
    sim_trace(sim, "node %u: is switched off", node->index);
}

void restore_faults_end(struct sim *sim)
{
    struct hub *hub = &sim->hub;
    if (hub->was_restored && !hub->durable.moved &&
        incarnation_equal(&hub->rolled_back, &hub->durable.incarnation)) {
        /* No receipt has proved it: a person who sees the alarms must. */
        faults_end_owner(sim, SIM_HUB, false, OUTCOME_LOST);
        sim_trace(sim, "aggregator: marked as restored by a person");
        hub->durable.moved = hub->undo.moved = true;
    }
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct node *node = &sim->nodes[i];
        if (node->clone_of == i + 1 && !node->off) {
            switch_off(sim, node); /* the copy speaks first */
        } else if (node->clone_of != 0) {
            /* What its twin acknowledged it does not get before its next session. */
            faults_end_owner(sim, i, false, OUTCOME_LOST);
        }
    }
}

bool restore_next_turn(struct sim *sim)
{
    bool any = false;
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct node *node = &sim->nodes[i];
        if (node->clone_of == 0 || node->had_turn) {
            continue;
        }
        node->had_turn = true;
        if (node->clone_of == i + 1) { /* the original, after its copy */
            node->off = node->stuck;
            sim_at(sim, 0, (struct event){.type = EVENT_RESTART, .who = i});
            any = any || !node->stuck;
        } else if (!node->off) {
            switch_off(sim, node);
        }
    }
    return any;
}
