/* node_line.c - what goes over the connection: spans out, frames in. */
#include "core/base/assert.h"
#include "node/node_bundle.h"

const char line_stuck_text[] =
    "it is damaged in this node's store, or not there any more. What stands behind it in this log "
    "is kept and not sent, the other log goes on: restore this node's newest backup (kabar "
    "restore); if there is none, hand in again what the province lacks";

/* ---- out ---- */

/* The frame of this plan in sync->cut: the one kept from the last attempt, or cut now. */
static int cut(struct node *node, const struct span_plan *plan, struct err_ctx *err)
{
    struct node_sync *sync = &node->sync;
    struct cut_span *kept = &sync->cut;
    uint32_t connection = sync->uplink.connection;
    if (kept->there && kept->connection == connection && kept->first == plan->first &&
        kept->last <= plan->last_max && incarnation_equal(&kept->incarnation, &plan->incarnation)) {
        return 0;
    }
    kept->there = false;
    if (sync->past_connection != connection) {
        span_past_clear(&sync->past);
        sync->past_connection = connection;
    }
    struct store_txn *txn = NULL;
    int rc = store_read_begin(node->store, &txn, err);
    if (rc != 0) {
        return rc;
    }
    const struct outlog_cut wanted = {
        .incarnation = plan->incarnation,
        .first = plan->first,
        .last_max = plan->last_max,
        .raw_bytes_max = plan->raw_bytes_max,
        .codec = plan->codec,
        .past = &sync->past,
        .secret = node->identity.sign_secret,
    };
    rc = outlog_cut(txn, &node_log_tables, &wanted, sync->builder, &kept->frame, &kept->last, err);
    store_read_end(txn);
    if (rc == 0) {
        kept->there = true;
        kept->connection = connection;
        kept->incarnation = plan->incarnation;
        kept->first = plan->first;
    }
    return rc;
}

/* rc: why it cannot be cut, 0 if that is not why it was not sent. */
static void answer_plan(struct node *node, const struct span_plan *plan, bool sent, int rc)
{
    struct uplink_event event = {
        .rc = rc,
        .type = sent ? UPLINK_EVENT_SPAN_SENT : UPLINK_EVENT_SEND_BLOCKED,
        .connection = node->sync.uplink.connection,
        .plan = *plan,
    };
    event.id = (struct entry_id){plan->incarnation, node->sync.cut.last};
    event.wire_bytes = sent ? node->sync.cut.frame.len : 0;
    sync_event(node, &event);
}

/* Only this log waits, and says so: what is at stake is what was handed in behind that entry. */
static void not_readable(struct node *node, const struct span_plan *plan, int rc)
{
    char text[sizeof line_stuck_text + 80];
    const struct out_log *log = sender_log(&node->sync.uplink.sender, &plan->incarnation);
    (void)snprintf(text, sizeof text, "entry %llu of the %s log: %s",
                   (unsigned long long)plan->first, log == NULL ? "" : lane_name(log->lane),
                   line_stuck_text);
    node_trouble(node, TROUBLE_CUT, rc, text);
}

/* kabar-bench link counts by it what was sent twice. */
static void log_sent(const struct node_sync *sync, const struct span_plan *plan)
{
    const struct out_log *log = &sync->uplink.sender.logs[plan->log];
    LOG(LOG_LEVEL_DEBUG, "span_sent", log_text("lane", lane_name(log->lane)),
        log_u64("first", plan->first), log_u64("last", sync->cut.last),
        log_u64("bytes", sync->cut.frame.len),
        log_u64("codec", sync->cut.frame.data[SPAN_CODEC_AT]),
        log_u64("after", sync->cut.frame.data[SPAN_AFTER_AT]));
}

void line_send_span(struct node *node, const struct span_plan *plan)
{
    struct node_sync *sync = &node->sync;
    struct err_ctx err = {""};
    struct link_client *client = line_ready(node);
    if (client == NULL) {
        answer_plan(node, plan, false, 0);
        return;
    }
    int rc = cut(node, plan, &err);
    if (rc == ERR_NOT_FOUND || rc == ERR_FORMAT) {
        not_readable(node, plan, rc);
        answer_plan(node, plan, false, rc);
        return;
    }
    if (rc != 0) {
        node_trouble(node, TROUBLE_CUT, rc, err_peek(&err, rc));
        answer_plan(node, plan, false, 0);
        line_lost(node, sync->uplink.connection);
        return;
    }
    rc = link_client_send(client, sync->cut.frame);
    if (rc == 0) {
        node->counters.frames_out++;
        node->counters.spans_out++;
        node->counters.wire_bytes_out += sync->cut.frame.len;
        span_builder_sent(sync->builder, &sync->past);
        log_sent(sync, plan);
        sync->cut.there = false;
    }
    answer_plan(node, plan, rc == 0, 0);
}

/* ---- in ---- */

static struct bytes acks_hash(struct store_txn *txn, const struct entry_id *id, struct hash *ret)
{
    bool ours = id->seq > 0 && outlog_hash(txn, &node_log_tables, id, ret) == 0;
    return ours ? bytes_of(ret->b, HASH_BYTES) : (struct bytes){NULL, 0};
}

/* An earlier log that one of ours goes on from. */
static bool line_before(struct node *node, struct store_txn *txn, const struct incarnation *log)
{
    return !incarnation_equal(log, &node->urgent) && !incarnation_equal(log, &node->routine) &&
           (outlog_in_line(txn, &node_log_tables, log, &node->urgent) ||
            outlog_in_line(txn, &node_log_tables, log, &node->routine));
}

static void look_up_line(struct node *node, struct store_txn *txn, const struct incarnation *named,
                         struct uplink_event *event)
{
    struct outlog log;
    event->line_before =
        line_before(node, txn, named) && outlog_load(txn, &node_log_tables, named, &log) == 0;
    event->line_last = event->line_before ? log.last : 0;
}

/* Our own hashes of the entries that the frame names, in its order. */
static int look_up(struct node *node, const struct control *control, struct hash own[LOGS_MAX],
                   struct uplink_event *event)
{
    struct entry_id ids[LOGS_MAX];
    size_t count = 0;
    if (control->kind == FRAME_RESUMED) {
        for (; count < control->as.resumed.cursor_count; count++) {
            ids[count] = control->as.resumed.cursors[count].id;
        }
    } else if (control->kind == FRAME_ACK || control->kind == FRAME_RECEIPT) {
        ids[count++] = control->as.ack.id;
    } else if (control->kind == FRAME_GAP) {
        ids[count++] = control->as.gap.have;
    }
    if (count == 0) {
        return 0;
    }
    struct store_txn *txn = NULL;
    int rc = store_read_begin(node->store, &txn, NULL);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        event->own_h[i] = acks_hash(txn, &ids[i], &own[i]).data != NULL ? &own[i] : NULL;
    }
    if (rc == 0 && control->kind == FRAME_GAP) {
        look_up_line(node, txn, &ids[0].incarnation, event);
    }
    store_read_end(txn);
    return rc;
}

static void control_in(struct node *node, uint32_t number, struct bytes frame)
{
    struct node_sync *sync = &node->sync;
    struct hash own[LOGS_MAX];
    struct control control;
    struct uplink_event event = {
        .type = UPLINK_EVENT_CONTROL, .connection = number, .control = &control};
    event.rc = control_decode(frame, sync->scratch, &control, NULL);
    if (event.rc != 0) {
        event.type = UPLINK_EVENT_BAD_FRAME;
    } else if (look_up(node, &control, own, &event) != 0) {
        return; /* without our hashes a good ack would look like a foreign one */
    }
    sync_event(node, &event);
}

static void span_in(struct node *node, uint32_t number, struct bytes frame)
{
    struct node_sync *sync = &node->sync;
    struct span_header header;
    struct span_entry *entries = NULL;
    struct bytes payload;
    struct uplink_event event = {.type = UPLINK_EVENT_SPAN,
                                 .connection = number,
                                 .header = &header,
                                 .arena = node->arena,
                                 .wire_bytes = frame.len};
    int rc = span_header_decode(frame, &header, &payload, NULL);
    if (rc == 0) {
        rc = span_entries_decode(sync->decoder, &header, payload, sync->scratch, &entries, NULL);
    }
    if (rc != 0) {
        event.type = UPLINK_EVENT_BAD_FRAME;
        event.rc = rc;
    }
    event.entries = entries;
    sync->frame = frame;
    arena_reset(node->arena);
    sync_event(node, &event);
}

void line_frame(struct node *node, uint32_t number, struct bytes frame)
{
    ASSERT(!node->sync.stepping);
    node->counters.frames_in++;
    node->counters.wire_bytes_in += frame.len;
    int kind = frame_kind_of(frame, NULL);
    if (kind == FRAME_SPAN) {
        span_in(node, number, frame);
    } else if (kind < 0) {
        struct uplink_event event = {
            .type = UPLINK_EVENT_BAD_FRAME, .connection = number, .rc = kind};
        sync_event(node, &event);
    } else {
        control_in(node, number, frame);
    }
    arena_reset(node->sync.scratch);
}

/* By stick: the same, but for the event's type. */
static int carried_event(struct node *node, struct bytes frame, struct control *control,
                         struct hash own[LOGS_MAX], struct span_header *header,
                         struct uplink_event *event)
{
    struct node_sync *sync = &node->sync;
    struct span_entry *entries = NULL;
    struct bytes payload;
    int rc = frame_kind_of(frame, NULL);
    if (rc >= 0 && rc != FRAME_SPAN) {
        event->control = control;
        rc = control_decode(frame, sync->scratch, control, NULL);
        return rc != 0 ? rc : look_up(node, control, own, event);
    }
    event->type = UPLINK_EVENT_SPAN;
    event->header = header;
    rc = rc < 0 ? rc : span_header_decode(frame, header, &payload, NULL);
    if (rc == 0) {
        rc = span_entries_decode(sync->decoder, header, payload, sync->scratch, &entries, NULL);
    }
    event->entries = entries;
    return rc;
}

void sync_carry(struct node *node, struct bytes frame, struct carried *ret)
{
    struct control control;
    struct hash own[LOGS_MAX];
    struct span_header header;
    struct uplink_event event = {.type = UPLINK_EVENT_CONTROL,
                                 .connection = CARRIED_CONNECTION,
                                 .arena = node->arena,
                                 .wire_bytes = frame.len};
    if (!node->sync.ready) {
        carried_refuse(ret, CARRIED_LATER, ERR_AGAIN, "this node's logs are being renewed");
        return;
    }
    arena_reset(node->sync.scratch);
    arena_reset(node->arena);
    int rc = carried_event(node, frame, &control, own, &header, &event);
    if (rc != 0) {
        carried_refuse(ret, err_action(rc) == ERR_ACTION_DROP ? CARRIED_REFUSED : CARRIED_LATER, rc,
                       NULL);
        return;
    }
    node->sync.frame = frame;
    sync_carried(node, &event, ret);
    arena_reset(node->sync.scratch);
}
