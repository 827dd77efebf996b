/* power_work.h - a daemon's life as a list of transactions, each as the daemon makes it.
 *
 * The same list gives the same bytes in every run (keys, times and random bytes are fixed), so the
 * state of all tables after transaction n is known by its hash, from a run with nothing wrong.
 * After a fault the store must be in one of these states, whole.
 */
#ifndef FAULT_POWER_WORK_H
#define FAULT_POWER_WORK_H

#include "core/base/error.h"
#include "core/seal/chain.h"
#include "platform/store/store.h"

#define WORK_STEPS_MAX 96u

struct work_state; /* of an open life */

struct work_step {
    const char *name;
    /* One of both. in_txn: on the writer thread, shared with the steps queued beside it; what it
     * leaves depends on the step only. alone: everything by itself, with no writer running. */
    int (*in_txn)(struct store_txn *txn, struct work_state *state, size_t step);
    int (*alone)(struct work_state *state, struct err_ctx *err);
    bool with_next; /* handed in together with the step after it: one commit */
};

struct work {
    const char *name;
    const struct work_step *steps;
    size_t count;
    void (*prepare)(void); /* once, before all else and before any fork */
    /* Opens the stores below `folder` as the daemon does. */
    int (*open)(const char *folder, struct work_state **ret, struct err_ctx *err);
    void (*close)(struct work_state *state);          /* NULL is fine */
    struct store *(*store)(struct work_state *state); /* of the in_txn steps */
    /* All tables of all stores. */
    int (*digest)(struct work_state *state, struct hash *ret, struct err_ctx *err);
    /* What must hold in any state, looked at with nothing but the contents: chains, cursors. */
    int (*verify)(struct work_state *state, struct err_ctx *err);
};

extern const struct work work_node, work_aggregator;
const struct work *work_named(const char *name); /* NULL: there is none */

/* For the digests: every key and value of the first `tables` tables. */
int work_digest(struct store *store, size_t tables, struct hash *digest, struct err_ctx *err);
int64_t work_now_ms(size_t step);

#endif
