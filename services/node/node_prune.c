/* node_prune.c - entries of our own that the province has for good make room.
 *
 * Which may go is core/sync/retention's word; what goes because the store is full goes loudly.
 * Keys stay: the same report handed in again still gets the same answer.
 */
#include "node/node.h"

#include "core/sync/retention.h"

#define PRUNE_MAX 512u /* entries in one transaction */
#define LOOK_MS 3600000u
#define AGAIN_MS 1000u
#define DAY_MS 86400000

struct prune {
    struct store_command command;
    struct node *node;
    bool full;
    int64_t before_ms;
    size_t count; /* left by the writer, like the next */
    uint64_t reports;
    struct entry_id ids[PRUNE_MAX];
};

/* The oldest there is of a log; ERR_NOT_FOUND. */
static int first_seq(struct store_txn *txn, const struct outlog *log, uint64_t *ret)
{
    struct store_cursor *cursor = NULL;
    int rc = store_cursor_open(txn, NODE_ENTRIES, &cursor);
    if (rc != 0) {
        return rc;
    }
    struct bytes key;
    struct bytes value;
    rc = store_seek(cursor, bytes_of(log->incarnation.b, INCARNATION_BYTES), &key, &value);
    if (rc == 0 && (key.len != INCARNATION_BYTES + 8 ||
                    memcmp(key.data, log->incarnation.b, INCARNATION_BYTES) != 0)) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == 0) {
        *ret = get_be64(key.data + INCARNATION_BYTES);
    }
    store_cursor_close(cursor);
    return rc;
}

static int collect(struct store_txn *txn, struct prune *prune, const struct outlog *log)
{
    struct entry_id id = {.incarnation = log->incarnation};
    struct outlog_entry entry;
    const struct retention retention = {.acked = log->acked,
                                        .receipt = log->receipt,
                                        .backed_up_to = log->backed_up_to,
                                        .before_ms = prune->before_ms,
                                        .store_full = prune->full};
    int rc = first_seq(txn, log, &id.seq);
    while (rc == 0 && prune->count < PRUNE_MAX) {
        rc = outlog_read(txn, &node_log_tables, &id, &entry);
        if (rc != 0 || !retention_may_delete(&retention, id.seq, entry.created_ms)) {
            break;
        }
        prune->reports += entry.kind == ENTRY_REPORT || entry.kind == ENTRY_ZERO;
        prune->ids[prune->count++] = id;
        id.seq++;
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int prune_run(struct store_txn *txn, void *arg)
{
    struct prune *prune = arg;
    struct outlog log;
    prune->count = 0;
    prune->reports = 0;
    int rc = outlog_next(txn, &node_log_tables, NULL, &log); /* those that are over too */
    while (rc == 0 && prune->count < PRUNE_MAX) {
        rc = collect(txn, prune, &log);
        if (rc == 0) {
            struct incarnation after = log.incarnation;
            rc = outlog_next(txn, &node_log_tables, &after, &log);
        }
    }
    if ((rc != 0 && rc != ERR_NOT_FOUND) || prune->count == 0) {
        return rc == ERR_NOT_FOUND ? 0 : rc;
    }
    struct node_meta meta;
    rc = meta_load(txn, &meta);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < prune->count; i++) {
        uint8_t key[INCARNATION_BYTES + 8];
        memcpy(key, prune->ids[i].incarnation.b, INCARNATION_BYTES);
        put_be64(key + INCARNATION_BYTES, prune->ids[i].seq);
        store_delete(txn, NODE_ENTRIES, bytes_of(key, sizeof key));
    }
    meta_put_pruned(txn, meta.pruned + prune->reports);
    meta_put_owner(txn, prune->node->conf->regency);
    return 0;
}

/* Less than a sixteenth of the quota is left. */
static bool room_wanted(const struct node *node)
{
    struct store_numbers numbers;
    store_numbers(node->store, &numbers);
    uint64_t quota = node->conf->quota_mib << 20;
    if (quota == 0 || quota > numbers.map_bytes) {
        quota = numbers.map_bytes;
    }
    return numbers.used_bytes > quota - quota / 16;
}

static void prune_done(void *arg, int rc)
{
    struct prune *prune = arg;
    struct node *node = prune->node;
    bool full = prune->full;
    size_t count = prune->count;
    free(prune);
    node->pruning = false;
    node_work_done(node, rc);
    if (rc != 0 || count == 0) {
        node->prune_again_ms = host_monotonic_ms() + AGAIN_MS;
        return;
    }
    node->counters.entries_deleted += count;
    LOG(full ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, full ? "deleted_for_room" : "deleted",
        log_u64("entries", count));
    if (!node->stopping && (!full || room_wanted(node))) {
        node_prune(node, full);
    }
}

void node_prune(struct node *node, bool full)
{
    if (node->pruning || node->stopping || !node->enrolled) {
        return;
    }
    struct prune *prune = calloc(1, sizeof *prune);
    if (prune == NULL) {
        return;
    }
    prune->command = (struct store_command){.run = prune_run, .done = prune_done, .arg = prune};
    prune->node = node;
    prune->full = full;
    prune->before_ms = host_wall_ms() - (int64_t)node->conf->retention_days * DAY_MS;
    if (node_submit(node, &prune->command) != 0) {
        free(prune);
        return;
    }
    node->pruning = true;
}

void node_prune_short(struct node *node)
{
    if (!node->pruning && host_monotonic_ms() >= node->prune_again_ms && room_wanted(node)) {
        node_prune(node, true);
    }
}

void node_prune_look(void *arg)
{
    struct node *node = arg;
    node_prune(node, false);
    loop_timer_set(node->prune_timer, LOOK_MS);
}
