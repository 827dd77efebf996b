/* node_commit.c - what the uplink wants in the store: session pairs, office spans, acks. */
#include "core/base/assert.h"
#include "node/node.h"

struct pair_command {
    struct store_command command;
    struct node *node;
    struct session_pair pair;
    bool successor;
};

static int pair_run(struct store_txn *txn, void *arg)
{
    const struct pair_command *pair = arg;
    meta_put_pair(txn, &pair->pair, pair->successor);
    return 0;
}

static void pair_done(void *arg, int rc)
{
    struct pair_command *pair = arg;
    struct node *node = pair->node;
    free(pair);
    node_work_done(node, rc);
    struct uplink_event event = {.type = UPLINK_EVENT_PAIR_COMMITTED, .rc = rc};
    sync_event(node, &event);
}

void sync_commit_pair(struct node *node, const struct session_pair *value)
{
    struct pair_command *pair = calloc(1, sizeof *pair);
    int rc = ERR_NOMEM;
    if (pair != NULL) {
        pair->command = (struct store_command){.run = pair_run, .done = pair_done, .arg = pair};
        pair->node = node;
        pair->pair = *value;
        pair->successor = node->sync.uplink.own.successor;
        rc = node_submit(node, &pair->command);
    }
    if (rc != 0) {
        free(pair);
        struct uplink_event event = {.type = UPLINK_EVENT_PAIR_COMMITTED, .rc = rc};
        sync_event(node, &event);
    }
}

struct span_command {
    struct store_command command;
    struct node *node;
    struct span_store store;
    struct entry_id urgent; /* left by the writer: the end of that log, if documents went back */
    int64_t received_ms;
    size_t len;
    uint8_t frame[];
};

static int span_run(struct store_txn *txn, void *arg)
{
    struct span_command *span = arg;
    struct outlog urgent;
    int rc =
        office_put_span(txn, &span->store, bytes_of(span->frame, span->len), span->received_ms);
    if (rc == 0 && !incarnation_is_zero(&span->store.ends)) {
        rc = node_log_load(txn, LANE_URGENT, &urgent);
        span->urgent = (struct entry_id){urgent.incarnation, urgent.last};
    }
    return rc;
}

static void span_done(void *arg, int rc)
{
    struct span_command *span = arg;
    struct node *node = span->node;
    struct uplink_event event = {.type = UPLINK_EVENT_STORED, .rc = rc, .store = span->store};
    const struct entry_id urgent = span->urgent;
    free(span);
    node_work_done(node, rc);
    if (rc == 0 && !incarnation_is_zero(&event.store.ends)) {
        node->office.incarnation = event.store.incarnation;
        node->office.applied = 0;
        sync_appended(node, &urgent);
        LOG(LOG_LEVEL_WARN, "office_log_goes_on",
            log_text("why", "the province was restored from a backup"),
            log_u64("after", event.store.predecessor.seq));
    }
    if (rc == 0) {
        uint64_t count = event.store.last - event.store.first_new + 1;
        node->counters.office_entries += count;
        LOG(LOG_LEVEL_DEBUG, "office_stored", log_u64("last", event.store.last),
            log_u64("entries", count));
    }
    sync_event(node, &event);
    office_pump(node);
}

void sync_store_span(struct node *node, const struct span_store *store)
{
    struct bytes frame = node->sync.frame;
    ASSERT(frame.data != NULL);
    struct span_command *span = calloc(1, sizeof *span + frame.len);
    int rc = ERR_NOMEM;
    if (span != NULL) {
        span->command = (struct store_command){.run = span_run, .done = span_done, .arg = span};
        span->node = node;
        span->store = *store;
        span->received_ms = host_wall_ms();
        span->len = frame.len;
        memcpy(span->frame, frame.data, frame.len);
        rc = node_submit(node, &span->command);
    }
    if (rc != 0) {
        free(span);
        struct uplink_event event = {.type = UPLINK_EVENT_STORED, .rc = rc, .store = *store};
        sync_event(node, &event);
    }
}

/* What the engine knows of acks and of the aggregator, as it is now: nothing waits for it. */
struct save_command {
    struct store_command command;
    struct node *node;
    struct out_log logs[LOGS_MAX];
    struct ack receipts[LOGS_MAX];
    size_t log_count;
    uint64_t backed_up_to[5];
    struct incarnation aggregator;
    struct session_pair pair;
    bool confirmed; /* the pair: as a successor's it was taken */
    int64_t now_ms;
};

static int save_run(struct store_txn *txn, void *arg)
{
    const struct save_command *save = arg;
    for (size_t i = 0; i < save->log_count; i++) {
        const struct out_log *now = &save->logs[i];
        struct outlog log;
        if (outlog_load(txn, &node_log_tables, &now->incarnation, &log) != 0) {
            continue; /* what matters of it will be said again by the next ack */
        }
        uint64_t backed_up_to = save->backed_up_to[now->lane];
        bool same = log.acked == now->acked && log.receipt == now->receipt &&
                    log.backed_up_to == backed_up_to;
        if (save->receipts[i].id.seq > 0) {
            meta_put_receipt(txn, now->lane, &save->receipts[i]);
        }
        if (!same) {
            log.acked_ms = now->acked > log.acked ? save->now_ms : log.acked_ms;
            log.acked = now->acked;
            log.receipt = now->receipt;
            log.backed_up_to = backed_up_to;
            outlog_save(txn, &node_log_tables, &log);
        }
    }
    meta_put_aggregator(txn, &save->aggregator);
    if (save->confirmed) {
        meta_put_pair(txn, &save->pair, false);
    }
    return 0;
}

static void save_done(void *arg, int rc)
{
    struct save_command *save = arg;
    struct node *node = save->node;
    free(save);
    node->sync.saving = false;
    node_work_done(node, rc);
    if (rc == 0 && node->sync.save_again) {
        sync_save(node);
    }
}

void sync_save(struct node *node)
{
    struct node_sync *sync = &node->sync;
    sync->save_again = sync->saving;
    if (sync->saving || !sync->ready) { /* not ready: the logs it knows go on under other names */
        return;
    }
    struct save_command *save = calloc(1, sizeof *save);
    if (save == NULL) {
        return; /* the next ack tries again */
    }
    save->command = (struct store_command){.run = save_run, .done = save_done, .arg = save};
    save->node = node;
    memcpy(save->logs, sync->uplink.sender.logs, sizeof save->logs);
    memcpy(save->receipts, sync->uplink.receipts, sizeof save->receipts);
    save->log_count = sync->uplink.sender.log_count;
    memcpy(save->backed_up_to, sync->backed_up_to, sizeof save->backed_up_to);
    save->aggregator = sync->uplink.aggregator;
    save->pair = sync->uplink.own.pair;
    save->confirmed = sync->saved_successor && sync->uplink.own.confirmed;
    save->now_ms = host_wall_ms();
    if (node_submit(node, &save->command) != 0) {
        free(save);
        return;
    }
    sync->saving = true;
    sync->saved_aggregator = save->aggregator;
    sync->saved_successor = sync->saved_successor && !save->confirmed;
}
