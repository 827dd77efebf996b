/* faults.c - what goes wrong, when, and whether the shrinker lets it. */
#include "sim.h"

#define ACTIVE_MS 3000u /* for so long a fault counts as what surrounds an event */

void faults_pass(struct sim *sim)
{
    for (uint64_t left = sim->active; left != 0; left &= left - 1) {
        int fault = __builtin_ctzll(left);
        if (sim->now_ms >= sim->active_until_ms[fault]) {
            sim->active &= ~((uint64_t)1 << fault);
        }
    }
}

static bool allowed(struct sim *sim, enum fault fault)
{
    const struct sim_options *options = &sim->options;
    uint32_t number = sim->occurrences++;
    if ((options->without >> fault & 1u) != 0) {
        return false;
    }
    if (options->only == NULL) {
        return true;
    }
    for (size_t i = 0; i < options->only_count; i++) {
        if (options->only[i] == number) {
            return true;
        }
    }
    return false;
}

bool sim_fault(struct sim *sim, enum fault fault, uint32_t permille)
{
    bool scripted = sim->options.script != NULL && permille < 1000;
    if (!sim->faults || permille == 0 || scripted || rng_below(&sim->fate, 1000) >= permille ||
        !allowed(sim, fault)) {
        return false;
    }
    sim->counts[fault]++;
    sim->active |= (uint64_t)1 << fault;
    sim->active_until_ms[fault] = sim->now_ms + ACTIVE_MS;
    if (fault != FAULT_STALE && fault != FAULT_REORDERED) {
        sim_trace(sim, "  fault %u: %s", sim->occurrences - 1, fault_name(fault));
    }
    return true;
}

bool sim_chance(struct sim *sim, enum fault fault)
{
    return sim_fault(sim, fault, sim->profile.level[fault]);
}

static void plan(struct sim *sim, enum fault fault, uint32_t node)
{
    uint32_t mean_ms = sim->profile.level[fault];
    if (mean_ms > 0) {
        sim_at(sim, 1 + rng_below(&sim->fate, 2ul * mean_ms),
               (struct event){.type = EVENT_FAULT, .who = (uint32_t)fault, .life = node});
    }
}

void faults_plan(struct sim *sim)
{
    static const enum fault of_nodes[] = {FAULT_CUT,         FAULT_REPLAYED,   FAULT_STICK,
                                          FAULT_NODE_CRASH,  FAULT_NODE_POWER, FAULT_NODE_FULL,
                                          FAULT_STOPPED,     FAULT_CLOCK,      FAULT_NODE_RESTORED,
                                          FAULT_NODE_ROLLED, FAULT_NODE_MOVED, FAULT_NODE_CLONED};
    static const enum fault of_all[] = {FAULT_CLOG,         FAULT_HUB_CRASH, FAULT_HUB_POWER,
                                        FAULT_HUB_FULL,     FAULT_REVOKED,   FAULT_HOSTILE,
                                        FAULT_HUB_RESTORED, FAULT_HUB_ROLLED};
    for (uint32_t i = 0; i < sim->node_count; i++) {
        for (size_t k = 0; k < sizeof of_nodes / sizeof of_nodes[0]; k++) {
            plan(sim, of_nodes[k], i);
        }
    }
    for (size_t k = 0; k < sizeof of_all / sizeof of_all[0]; k++) {
        plan(sim, of_all[k], 0);
    }
}

static void fill_up(struct sim *sim, uint32_t owner)
{
    sim_disk(sim, owner)->full = true;
    sim_at(sim, 500 + rng_below(&sim->fate, 6000),
           (struct event){.type = EVENT_FULL_ENDS, .who = owner});
}

/* ---- crashes ---- */

static bool runs(const struct sim *sim, uint32_t owner)
{
    return owner == SIM_HUB ? sim->hub.up || sim->hub.opening
                            : sim->nodes[owner].up || sim->nodes[owner].opening;
}

/* Half of the crashes wait for a commit to be under way: that is where they hurt. */
static void crash_comes(struct sim *sim, uint32_t owner, bool power)
{
    if (!runs(sim, owner)) {
        return;
    }
    struct disk *disk = sim_disk(sim, owner);
    if (rng_below(&sim->fate, 2) == 0) {
        disk->crash_armed = true;
        disk->power_armed = power;
        return;
    }
    sim_at(sim, 0,
           (struct event){.type = power ? EVENT_POWER : EVENT_CRASH,
                          .who = owner,
                          .life = sim_life(sim, owner)});
}

static void end_life(struct sim *sim, uint32_t owner)
{
    if (owner == SIM_HUB) {
        sim->hub.up = sim->hub.opening = false;
        sim->hub.life++;
    } else {
        sim->nodes[owner].up = sim->nodes[owner].opening = false;
        sim->nodes[owner].life++;
    }
}

void faults_end_owner(struct sim *sim, uint32_t owner, bool power, enum outcome outcome)
{
    if (!runs(sim, owner)) {
        return;
    }
    net_break(sim, owner);
    end_life(sim, owner);
    disk_crash(sim, owner, power, outcome);
    bool soon = sim_draw(sim, 4, 1) == 0;
    sim_at(sim, 20 + sim_draw(sim, soon ? 200 : 6000, 180),
           (struct event){.type = EVENT_RESTART, .who = owner});
}

void faults_crash(struct sim *sim, const struct event *event)
{
    uint32_t owner = event->who;
    bool hub = owner == SIM_HUB;
    bool power = event->type == EVENT_POWER;
    bool latched = sim_disk(sim, owner)->latched; /* it ends itself */
    enum fault fault = hub ? (power ? FAULT_HUB_POWER : FAULT_HUB_CRASH)
                           : (power ? FAULT_NODE_POWER : FAULT_NODE_CRASH);
    if (event->life != sim_life(sim, owner) || !runs(sim, owner) ||
        !(latched || sim_fault(sim, fault, 1000))) {
        return;
    }
    bool told = sim->options.script != NULL;
    faults_end_owner(sim, owner, power,
                     told ? sim_disk(sim, owner)->outcome : disk_draw(sim, owner));
}

/* ---- the others ---- */

/* Lines clog one after the other and are freed in another order. */
static void clog_lines(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct node *node = &sim->nodes[i];
        for (int up = 0; up < 2; up++) {
            if (rng_below(&sim->fate, 2) == 0 && sim->now_ms >= node->clog_until_ms[up] &&
                sim_fault(sim, FAULT_CLOG, 1000)) {
                node->clog_until_ms[up] = sim->now_ms + 50 + rng_below(&sim->fate, 7000);
            }
        }
    }
}

static void cut(struct sim *sim, struct node *node)
{
    bool longer = rng_below(&sim->fate, 2) == 0;
    uint64_t lasts_ms = rng_below(&sim->fate, longer ? 9000 : 300);
    if (sim_fault(sim, FAULT_CUT, 1000)) {
        node->cut_until_ms = sim->now_ms + lasts_ms;
        net_break(sim, node->index);
    }
}

static void clock_jumps(struct sim *sim, struct node *node)
{
    static const int64_t years_20 = 20ll * 365 * 86400 * 1000;
    int64_t to = (int64_t)rng_below(&sim->fate, (uint64_t)(2 * years_20)) - years_20;
    bool hub = rng_below(&sim->fate, 3) == 0;
    if (sim_fault(sim, FAULT_CLOCK, 1000)) {
        *(hub ? &sim->hub.clock_offset_ms : &node->clock_offset_ms) = to;
    }
}

void faults_come(struct sim *sim, enum fault fault, uint32_t index)
{
    struct node *node = &sim->nodes[index];
    if (!sim->faults) {
        return;
    }
    plan(sim, fault, index);
    if (fault == FAULT_HUB_FULL || fault == FAULT_NODE_FULL) {
        fill_up(sim, fault == FAULT_HUB_FULL ? SIM_HUB : index);
    } else if (fault == FAULT_CUT) {
        cut(sim, node);
    } else if (fault == FAULT_CLOG) {
        clog_lines(sim);
    } else if (fault == FAULT_HUB_CRASH || fault == FAULT_HUB_POWER) {
        crash_comes(sim, SIM_HUB, fault == FAULT_HUB_POWER);
    } else if (fault == FAULT_NODE_CRASH || fault == FAULT_NODE_POWER) {
        crash_comes(sim, index, fault == FAULT_NODE_POWER);
    } else if (fault == FAULT_STOPPED && node->up) {
        if (sim_fault(sim, fault, 1000)) {
            node_onoff(sim, node, false);
        }
    } else if (fault == FAULT_CLOCK) {
        clock_jumps(sim, node);
    } else if (fault == FAULT_REPLAYED) {
        net_replay(sim, node);
    } else if (fault == FAULT_STICK) {
        node_stick(sim, node);
    } else if (fault >= FAULT_NODE_RESTORED && fault <= FAULT_HUB_ROLLED) {
        restore_comes(sim, fault, node);
    } else if (fault == FAULT_HOSTILE) {
        hostile_act(sim);
    } else if (fault == FAULT_REVOKED && sim->hub.up && !sim->hub.peers[node->peer].revoked &&
               sim_fault(sim, fault, 1000)) {
        hub_revoke(sim, node->peer);
    }
}
