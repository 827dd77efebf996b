/* batch.c - many commands, one commit; and one bad command fails alone.
 *
 *     attempt ── committed ──────────────► all have their result; those left out, if what was put
 *        │ │                               is near the reserve, in another
 *        │ ├──── one wrote, then failed ─► it keeps its error; again without it
 *        │ ├──── full ───────────────────► clear dead readers, again; else the droppable get
 *        │ │                               ERR_FULL, again with the rest; else one by one
 *        └─┴──── storage ────────────────► latched: ERR_STORAGE for all
 *
 * There are no nested transactions (LMDB 0.9.24 has bugs there): an attempt is undone as a whole.
 */
#include "core/base/assert.h"
#include "core/base/plant.h"
#include "platform/store/store_private.h"

enum outcome { OUTCOME_COMMITTED, OUTCOME_OFFENDER, OUTCOME_FULL, OUTCOME_STORAGE };

struct batch {
    struct store *store;
    struct store_command **commands;
    size_t count;
};

/* Takes out commands[at]; the others keep their order. */
static void batch_remove(struct batch *batch, size_t at)
{
    ASSERT(at < batch->count);
    batch->count--;
    for (size_t i = at; i < batch->count; i++) {
        batch->commands[i] = batch->commands[i + 1];
    }
}

static void batch_fail(struct batch *batch, int rc)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->commands[i]->rc = rc;
    }
    batch->count = 0;
}

/* New work gets ERR_FULL and leaves; what may not be dropped stays. True if any left. */
static bool batch_drop(struct batch *batch)
{
    size_t kept = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->commands[i]->droppable) {
            batch->commands[i]->rc = ERR_FULL;
        } else {
            batch->commands[kept++] = batch->commands[i];
        }
    }
    bool dropped = kept < batch->count;
    batch->count = kept;
    return dropped;
}

static bool has_droppable(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->commands[i]->droppable) {
            return true;
        }
    }
    return false;
}

static enum outcome command_run(struct store_txn *txn, struct store_command *command)
{
    uint64_t writes = txn->writes;
    int rc = command->run(txn, command->arg);
    ASSERT(rc <= 0 && txn->cursors == 0);
    command->rc = rc != 0 ? rc : txn->error;
    if (txn->error == ERR_FULL) {
        return OUTCOME_FULL;
    }
    if (txn->error == ERR_STORAGE) {
        return OUTCOME_STORAGE;
    }
    bool spoiled = txn->error != 0 || (rc != 0 && txn->writes != writes);
    return spoiled ? OUTCOME_OFFENDER : OUTCOME_COMMITTED;
}

static void count_committed(const struct batch *batch, size_t count)
{
    uint64_t good = 0;
    for (size_t i = 0; i < count; i++) {
        good += batch->commands[i]->rc == 0;
    }
    struct store *store = batch->store;
    (void)pthread_mutex_lock(&store->mutex);
    store->commands += good;
    if (count > store->batches_max) {
        store->batches_max = count;
    }
    (void)pthread_mutex_unlock(&store->mutex);
}

/* The commands committed have left the batch: all, or the first of them when they are large. */
static enum outcome batch_attempt(struct batch *batch, size_t *ret_offender)
{
    struct store_txn txn;
    uint64_t bytes_max = has_droppable(batch) ? store_txn_bytes_max(batch->store) : UINT64_MAX;
    size_t count = 0;
    if (store_txn_start(batch->store, &txn) != 0) {
        return OUTCOME_STORAGE;
    }
    while (count < batch->count && txn.bytes < bytes_max) {
        size_t i = count++;
        enum outcome outcome = command_run(&txn, batch->commands[i]);
        if (outcome != OUTCOME_COMMITTED) {
            store_txn_drop(&txn);
            *ret_offender = i;
            return outcome;
        }
    }
    if (PLANTED(ACK_BEFORE_COMMIT) && count == batch->count) {
        store_writer_answer(batch->store); /* they may be gone now */
        batch->count = 0;
        return store_txn_finish(&txn) == 0 ? OUTCOME_COMMITTED : OUTCOME_STORAGE;
    }
    int rc = store_txn_finish(&txn);
    if (rc != 0) {
        return rc == ERR_FULL ? OUTCOME_FULL : OUTCOME_STORAGE;
    }
    count_committed(batch, count);
    batch->commands += count;
    batch->count -= count;
    return OUTCOME_COMMITTED;
}

/* Full, and nothing here may be dropped: a delete must not fail because a put beside it does. */
static void batch_singly(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        size_t offender;
        struct batch one = {batch->store, batch->commands + i, 1};
        switch (batch_attempt(&one, &offender)) {
        case OUTCOME_COMMITTED:
        case OUTCOME_OFFENDER:
            break;
        case OUTCOME_FULL:
            batch_fail(&one, ERR_FULL);
            break;
        case OUTCOME_STORAGE:
            batch_fail(&one, ERR_STORAGE);
            break;
        }
    }
    batch->count = 0;
}

static void batch_full(struct batch *batch)
{
    if (store_readers_check(batch->store) > 0 || batch_drop(batch)) {
        return; /* another attempt is worth it */
    }
    if (batch->count > 1) {
        batch_singly(batch);
    } else {
        batch_fail(batch, ERR_FULL);
    }
}

void store_batch_run(struct store *store, struct store_command **commands,
                     struct store_command **left, size_t count)
{
    struct batch batch = {store, left, count};
    memcpy(left, commands, count * sizeof *left);
    while (batch.count > 0) {
        size_t offender = 0;
        if (has_droppable(&batch) && store_over_quota(store) && batch_drop(&batch)) {
            continue;
        }
        switch (batch_attempt(&batch, &offender)) {
        case OUTCOME_COMMITTED:
            break;
        case OUTCOME_OFFENDER:
            batch_remove(&batch, offender);
            break;
        case OUTCOME_FULL:
            batch_full(&batch);
            break;
        case OUTCOME_STORAGE:
            batch_fail(&batch, ERR_STORAGE);
            break;
        }
    }
}
