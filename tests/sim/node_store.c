/* node_store.c - what a node hears, and what its store holds. */
#include "core/base/assert.h"
#include "sim.h"

/* ---- frames ---- */

static const struct hash *own_h(const struct node *node, const struct entry_id *id)
{
    uint32_t log = node_log(node, &id->incarnation);
    return log < SIM_UP_LOGS ? entries_h(&node->durable.logs[log].entries, id->seq) : NULL;
}

static void look_up(const struct node *node, const struct control *control,
                    struct uplink_event *event)
{
    event->control = control;
    if (control->kind == FRAME_ACK || control->kind == FRAME_RECEIPT) {
        event->own_h[0] = own_h(node, &control->as.ack.id);
    } else if (control->kind == FRAME_GAP) {
        event->own_h[0] = own_h(node, &control->as.gap.have);
    } else if (control->kind == FRAME_RESUMED) {
        for (size_t i = 0; i < control->as.resumed.cursor_count; i++) {
            event->own_h[i] = own_h(node, &control->as.resumed.cursors[i].id);
        }
    }
}

static void met(struct sim *sim, struct node *node, const struct control *control)
{
    if (control->kind == FRAME_RESUMED && node->uplink.state == UPLINK_LIVE &&
        !incarnation_equal(&node->uplink.aggregator, &node->durable.aggregator)) {
        struct op op = {.type = OP_AGGREGATOR, .incarnation = node->uplink.aggregator};
        disk_put(sim, node->index, op, bytes_of(NULL, 0));
    }
}

void node_frame(struct sim *sim, struct node *node, uint32_t number, struct bytes frame)
{
    arena_reset(sim->tools->arena);
    sim->frame = frame;
    struct span_header header;
    struct span_entry *entries = NULL;
    struct control control;
    int kind = frame_kind_of(frame, NULL);
    int rc = kind < 0 ? kind : 0;
    if (kind == FRAME_SPAN) {
        rc = entries_decode(sim, sim->tools->arena, frame, &header, &entries);
    } else if (rc == 0) {
        rc = control_decode(frame, sim->tools->arena, &control, NULL);
    }
    if (sim->options.trace) {
        sim_trace(sim, "node %u: hears %s on %u", node->index,
                  describe_frame(sim, rc, kind, &control, &header), number);
    }
    enum uplink_event_type type = rc != 0              ? UPLINK_EVENT_BAD_FRAME
                                  : kind == FRAME_SPAN ? UPLINK_EVENT_SPAN
                                                       : UPLINK_EVENT_CONTROL;
    struct uplink_event *event = node_follow(sim, node, type, number);
    event->rc = rc;
    if (type == UPLINK_EVENT_SPAN) {
        event->header = &header;
        event->entries = entries;
    } else if (type == UPLINK_EVENT_CONTROL) {
        look_up(node, &control, event);
        if (control.kind == FRAME_GAP) {
            check_window_gap(sim, node->index, &control.as.gap.have.incarnation);
        }
    }
    node_run(sim, node);
    if (type == UPLINK_EVENT_CONTROL && !sim->failed) {
        met(sim, node, &control);
    }
}

/* ---- the disk ---- */

static int apply_office(struct sim *sim, struct node *node, const struct op *op)
{
    struct cursor *cursor = &node->durable.office;
    if (op->store.first_new != cursor->seq + 1 || !hash_equal(&op->store.h_before, &cursor->h)) {
        return ERR_GAP;
    }
    struct span_header header;
    struct span_entry *entries = NULL;
    arena_reset(sim->tools->store_arena);
    int rc = entries_decode(sim, sim->tools->store_arena, bytes_of(op->data, op->len), &header,
                            &entries);
    ASSERT(rc == 0);
    for (uint32_t i = op->store.skip; i < header.count; i++) {
        struct entry_id id = {.incarnation = header.incarnation, .seq = header.first + i};
        check_stored(sim, node->peer, &id, entries[i].kind, entries[i].body);
    }
    cursor->seq = op->store.last;
    cursor->h = op->store.h_last;
    return 0;
}

static void apply_append(struct sim *sim, struct node *node, struct op *op)
{
    struct own_log *own = &node->durable.logs[op->log];
    struct bytes body = bytes_of(op->data, op->len);
    entries_add(sim, &own->entries, &own->incarnation, op->kind, body);
    op->seq = own->entries.count;
    own->entries.list[op->seq - 1].created_ms = (int64_t)sim->now_ms;
    check_written(sim, node->index, &own->incarnation, op->kind, body);
}

static void apply_acked(struct node *node, const struct op *op)
{
    struct own_log *own = &node->durable.logs[op->log];
    own->acked = op->seq;
    own->receipt = op->receipt;
    if (op->has_backup) {
        own->backed_up_to = op->backed_up_to;
    }
}

int node_apply(struct sim *sim, struct node *node, struct op *op)
{
    struct node_durable *durable = &node->durable;
    switch (op->type) {
    case OP_APPEND:
        apply_append(sim, node, op);
        break;
    case OP_PAIR:
        durable->pair = op->pair;
        check_pair_written(sim, node->index, &op->pair);
        break;
    case OP_ACKED:
        apply_acked(node, op);
        break;
    case OP_PRUNE:
        durable->logs[op->log].deleted = op->seq;
        check_deleted(sim, node->index, &durable->logs[op->log].incarnation, op->seq, op->full);
        break;
    case OP_AGGREGATOR:
        durable->aggregator = op->incarnation;
        break;
    case OP_SPAN:
        return apply_office(sim, node, op);
    case OP_SESSION:
        break;
    }
    return 0;
}

void node_answer(struct sim *sim, struct node *node, struct op *op)
{
    if (op->answered) {
        return;
    }
    if (op->type == OP_APPEND && op->rc == 0) {
        struct uplink_event *event = node_follow(sim, node, UPLINK_EVENT_APPENDED, 0);
        event->id = (struct entry_id){.incarnation = node->durable.logs[op->log].incarnation,
                                      .seq = op->seq};
    } else if (op->type == OP_PAIR) {
        node_follow(sim, node, UPLINK_EVENT_PAIR_COMMITTED, 0)->rc = op->rc;
    } else if (op->type == OP_SPAN) {
        struct uplink_event *event = node_follow(sim, node, UPLINK_EVENT_STORED, 0);
        event->store = op->store;
        event->rc = op->rc;
    }
    node_run(sim, node);
}
