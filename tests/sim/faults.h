/* faults.h - what goes wrong on purpose. Each kind must have happened once the seeds of a run are
 * through. */
#ifndef SIM_FAULTS_H
#define SIM_FAULTS_H

#include <stdint.h>

/* name, text, how its level is meant, when heavy, when it is one of many.
 * CHANCE: permille at each occasion. EVERY: mean ms between two. FOLLOWS: from others. */
#define FAULT_LIST(X)                                                                              \
    X(FAULT_CUT, "cut", EVERY, 2500, 9000)                                                         \
    X(FAULT_CLOG, "clogged", EVERY, 2500, 8000)                                                    \
    X(FAULT_REFUSED, "refused", CHANCE, 400, 150)                                                  \
    X(FAULT_HALF_OPEN, "half_open", FOLLOWS, 0, 0)                                                 \
    X(FAULT_LOST_INSIDE, "lost_inside", CHANCE, 60, 15)                                            \
    X(FAULT_DUPLICATED, "duplicated", CHANCE, 150, 30)                                             \
    X(FAULT_REORDERED, "reordered", FOLLOWS, 0, 0)                                                 \
    X(FAULT_DELAYED, "delayed", CHANCE, 100, 25)                                                   \
    X(FAULT_DROPPED, "dropped_as_curve", CHANCE, 40, 8)                                            \
    X(FAULT_DAMAGED, "damaged_span", CHANCE, 80, 15)                                               \
    X(FAULT_BLOCKED, "send_blocked", CHANCE, 200, 50)                                              \
    X(FAULT_SLOW_CUT, "span_cut_later", CHANCE, 250, 60)                                           \
    X(FAULT_STALE, "event_of_old_connection", FOLLOWS, 0, 0)                                       \
    X(FAULT_REPLAYED, "replayed_frame", EVERY, 600, 4000)                                          \
    X(FAULT_STICK, "stick", EVERY, 2500, 9000)                                                     \
    X(FAULT_NODE_CRASH, "node_crash", EVERY, 4000, 12000)                                          \
    X(FAULT_NODE_POWER, "node_power_loss", EVERY, 4000, 12000)                                     \
    X(FAULT_HUB_CRASH, "aggregator_crash", EVERY, 5000, 15000)                                     \
    X(FAULT_HUB_POWER, "aggregator_power_loss", EVERY, 5000, 15000)                                \
    X(FAULT_COMMIT_LOST, "crash_lost_commit", FOLLOWS, 0, 0)                                       \
    X(FAULT_COMMIT_APPLIED, "crash_applied_commit", FOLLOWS, 0, 0)                                 \
    X(FAULT_COMMIT_VOLATILE, "crash_volatile_commit", FOLLOWS, 0, 0)                               \
    X(FAULT_VOLATILE_LOST, "volatile_commit_undone", FOLLOWS, 0, 0)                                \
    X(FAULT_COMMIT_FAILED, "commit_failed", CHANCE, 30, 6)                                         \
    X(FAULT_NODE_FULL, "node_refused_full", EVERY, 6000, 20000)                                    \
    X(FAULT_HUB_FULL, "aggregator_refused_full", EVERY, 6000, 20000)                               \
    X(FAULT_STOPPED, "uplink_stopped", EVERY, 4000, 15000)                                         \
    X(FAULT_CLOCK, "clock_years_off", EVERY, 3000, 10000)                                          \
    X(FAULT_REVOKED, "revoked", EVERY, 15000, 90000)                                               \
    X(FAULT_NODE_RESTORED, "node_restored", EVERY, 6000, 60000)                                    \
    X(FAULT_NODE_ROLLED, "node_rolled_back", EVERY, 6000, 60000)                                   \
    X(FAULT_NODE_MOVED, "node_moved", EVERY, 6000, 60000)                                          \
    X(FAULT_NODE_CLONED, "node_cloned", EVERY, 5000, 40000)                                        \
    X(FAULT_HUB_RESTORED, "aggregator_restored", EVERY, 7000, 60000)                               \
    X(FAULT_HUB_ROLLED, "aggregator_rolled_back", EVERY, 7000, 60000)                              \
    X(FAULT_HOSTILE, "hostile_frame", EVERY, 150, 800)

enum fault {
#define FAULT_X(name, text, how, heavy, mild) name,
    FAULT_LIST(FAULT_X)
#undef FAULT_X
        FAULT_COUNT
};
const char *fault_name(enum fault fault); /* "none" for FAULT_COUNT */

/* How bad this run is, kind by kind; 0: never. */
struct profile {
    const char *name;
    uint32_t level[FAULT_COUNT];
};
struct rng;
/* Rare faults at one low rate starve the deep states, so each run has a character: calm, one kind
 * heavily, or a storm of many. */
void profile_draw(struct rng *rng, struct profile *ret);

#endif
