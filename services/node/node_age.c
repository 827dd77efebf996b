/* node_age.c - how long the oldest entries have waited, said in the frames that say how many wait.
 */
#include "node/node.h"

/* 0: none waits, or it cannot be read. */
static int64_t age_ms(const struct node *node, struct store_txn *txn,
                      const struct incarnation *incarnation, uint64_t acked)
{
    struct entry_id id = {*incarnation, acked + 1};
    struct outlog_entry entry;
    int64_t now_ms = host_wall_ms();
    if (outlog_read(txn, &node->tables, &id, &entry) != 0 || entry.created_ms >= now_ms) {
        return 0;
    }
    return now_ms - entry.created_ms;
}

static void say_in_resume(const struct node *node, struct store_txn *txn, struct resume *resume)
{
    for (size_t i = 0; i < resume->log_count; i++) {
        struct log_position *log = &resume->logs[i];
        log->oldest_ms = age_ms(node, txn, &log->incarnation, log->acked);
    }
}

static void say_in_keep_alive(const struct node *node, struct store_txn *txn,
                              struct keep_alive *alive)
{
    struct outlog log;
    int rc = outlog_next(txn, &node->tables, NULL, &log);
    while (rc == 0) {
        struct incarnation after = log.incarnation;
        int64_t age = outlog_lives(&log) ? age_ms(node, txn, &after, log.acked) : 0;
        alive->oldest_ms = age > alive->oldest_ms ? age : alive->oldest_ms;
        rc = outlog_next(txn, &node->tables, &after, &log);
    }
}

void age_say(const struct node *node, struct control *control)
{
    struct store_txn *txn = NULL;
    bool says = control->kind == FRAME_RESUME ||
                (control->kind == FRAME_KEEP_ALIVE && !control->as.keep_alive.answer);
    if (!says || store_read_begin(node->store, &txn, NULL) != 0) {
        return;
    }
    if (control->kind == FRAME_RESUME) {
        say_in_resume(node, txn, &control->as.resume);
    } else {
        say_in_keep_alive(node, txn, &control->as.keep_alive);
    }
    store_read_end(txn);
}
