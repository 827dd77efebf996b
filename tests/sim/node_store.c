/* node_store.c - what a node hears, and what its store holds. */
#include "core/base/assert.h"
#include "core/seal/chain.h"
#include "sim.h"

/* ---- frames ---- */

/* Of the living logs and those before them. */
static const struct hash *own_h(const struct node *node, const struct entry_id *id,
                                bool *ret_before)
{
    const struct hash *h = NULL;
    *ret_before = false;
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        bool before = false;
        const struct hash *some = line_h(&node->durable.lines[log], id, &before);
        *ret_before = *ret_before || before;
        h = some != NULL ? some : h;
    }
    return h;
}

static uint64_t line_last(const struct node *node, const struct incarnation *incarnation)
{
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        const struct own_log *own = line_find(&node->durable.lines[log], incarnation);
        if (own != NULL) {
            return own->entries.count;
        }
    }
    return 0;
}

static void look_up(const struct node *node, const struct control *control,
                    struct uplink_event *event)
{
    bool before = false;
    event->control = control;
    if (control->kind == FRAME_ACK || control->kind == FRAME_RECEIPT) {
        event->own_h[0] = own_h(node, &control->as.ack.id, &before);
    } else if (control->kind == FRAME_GAP) {
        event->own_h[0] = own_h(node, &control->as.gap.have, &event->line_before);
        event->line_last = line_last(node, &control->as.gap.have.incarnation);
    } else if (control->kind == FRAME_RESUMED) {
        for (size_t i = 0; i < control->as.resumed.cursor_count; i++) {
            event->own_h[i] = own_h(node, &control->as.resumed.cursors[i].id, &before);
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

/* The aggregator names a log of a twin as what it has of this lane: the two lines part before both,
 * and neither end can know where. Alarms on both sides; the node must be enrolled anew. */
static void needs_person(struct sim *sim, struct node *node, const struct control *control)
{
    if (control->kind != FRAME_GAP || sim->faults || !sim->hub.peers[node->peer].split) {
        return;
    }
    const struct incarnation *named = &control->as.gap.have.incarnation;
    if (line_find(&node->durable.lines[0], named) == NULL &&
        line_find(&node->durable.lines[1], named) == NULL) {
        sim->persons++;
        node_off(sim, node, "must be enrolled anew");
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
        needs_person(sim, node, &control);
    }
}

/* A receipt or office span by stick, in whatever state the line is. */
bool node_carry(struct sim *sim, struct node *node, struct bytes frame)
{
    struct span_header header;
    struct span_entry *entries = NULL;
    struct control control;
    struct carried carried;
    struct uplink_event event = {.type = UPLINK_EVENT_SPAN,
                                 .now_ms = sim->now_ms,
                                 .connection = CARRIED_CONNECTION,
                                 .header = &header,
                                 .arena = sim->tools->arena,
                                 .wire_bytes = frame.len};
    if (node->renewing) {
        return false;
    }
    arena_reset(sim->tools->arena);
    sim->frame = frame;
    bool span = frame_kind_of(frame, NULL) == FRAME_SPAN;
    if (span && entries_decode(sim, sim->tools->arena, frame, &header, &entries) != 0) {
        return true; /* damaged on the way */
    }
    event.entries = entries;
    if (!span) {
        event.type = UPLINK_EVENT_CONTROL;
        event.control = &control;
        if (control_decode(frame, sim->tools->arena, &control, NULL) != 0) {
            return true;
        }
        look_up(node, &control, &event);
    }
    sim->effects.count = 0;
    uplink_carry(&node->uplink, &event, &sim->effects, &carried);
    sim_trace(sim, "node %u: a stick: %s", node->index, carried_name(carried.outcome));
    node_carry_out(sim, node);
    return carried.outcome != CARRIED_LATER;
}

/* ---- the disk ---- */

/* An office log that goes on from ours is another from now on. */
static struct kept *office_of(struct sim *sim, struct node *node, const struct span_store *store)
{
    struct node_durable *durable = &node->durable;
    struct kept *office = &durable->offices[durable->office_count - 1];
    if (incarnation_equal(&office->incarnation, &store->incarnation)) {
        return office;
    }
    if (!incarnation_equal(&store->ends, &office->incarnation) || !store->is_new_log) {
        return NULL;
    }
    ASSERT(durable->office_count < SIM_OFFICES);
    office->ended = true;
    office = &durable->offices[durable->office_count++];
    *office = (struct kept){.incarnation = store->incarnation, .lane = LANE_OFFICE};
    check_reads(sim, node->index, node->peer, &store->incarnation);
    return office;
}

bool kept_follows(const struct kept *kept, const struct span_store *store)
{
    static const struct hash none;
    const struct hash *h = kept->count == 0 ? &none : &kept->h[kept->count - 1];
    return store->first_new == kept->count + 1 && hash_equal(&store->h_before, h);
}

void kept_add(struct sim *sim, struct kept *kept, uint32_t reader, uint32_t peer,
              const struct op *op, uint32_t skip)
{
    struct span_header header;
    struct span_entry *entries = NULL;
    arena_reset(sim->tools->store_arena);
    int rc = entries_decode(sim, sim->tools->store_arena, bytes_of(op->data, op->len), &header,
                            &entries);
    ASSERT(rc == 0);
    struct hash h = header.h_before;
    for (uint32_t i = 0; i < header.count; i++) {
        struct entry_id id = {.incarnation = header.incarnation, .seq = header.first + i};
        struct hash before = h;
        struct hash b;
        chain_body(entries[i].body, &b);
        chain_next(&before, &b, &id, entries[i].kind, &h);
        if (i >= skip) {
            check_stored(sim, reader, peer, &id, entries[i].kind, entries[i].body);
        }
        if (id.seq == kept->count + 1) {
            kept->h = sim_room(sim, kept->h, kept->count, &kept->capacity, sizeof *kept->h);
            kept->h[kept->count++] = h;
        }
    }
}

static int apply_office(struct sim *sim, struct node *node, const struct op *op)
{
    struct kept *office = office_of(sim, node, &op->store);
    if (office == NULL || !kept_follows(office, &op->store)) {
        return ERR_GAP;
    }
    kept_add(sim, office, node->index, node->peer, op, op->store.skip);
    return 0;
}

static void apply_append(struct sim *sim, struct node *node, struct op *op)
{
    struct own_log *own = &node->durable.lines[op->log].now;
    struct bytes body = bytes_of(op->data, op->len);
    entries_add(sim, &own->entries, &own->incarnation, op->kind, body);
    op->seq = own->entries.count;
    op->incarnation = own->incarnation;
    own->entries.list[op->seq - 1].created_ms = (int64_t)sim->now_ms;
    check_written(sim, node->index, &own->incarnation, op->kind, body);
}

static void apply_acked(struct node *node, const struct op *op)
{
    struct own_log *own = &node->durable.lines[op->log].now;
    if (!incarnation_equal(&own->incarnation, &op->incarnation)) {
        return; /* it is over meanwhile */
    }
    own->acked = op->seq;
    own->receipt = op->receipt;
    if (op->has_backup) {
        own->backed_up_to = op->backed_up_to;
        own->last_receipt = op->receipted;
    }
}

static void apply_prune(struct sim *sim, struct node *node, const struct op *op)
{
    struct own_log *own = &node->durable.lines[op->log].now;
    if (incarnation_equal(&own->incarnation, &op->incarnation)) {
        own->deleted = op->seq;
        sim_trace(sim, "node %u: deletes %s up to %llu", node->index,
                  op->log == 0 ? "urgent" : "routine", (unsigned long long)op->seq);
        check_deleted(sim, node->index, &own->incarnation, op->seq, op->full);
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
        durable->successor = op->successor;
        check_pair_written(sim, node->index, &op->pair);
        break;
    case OP_ACKED:
        apply_acked(node, op);
        break;
    case OP_PRUNE:
        apply_prune(sim, node, op);
        break;
    case OP_LIFE:
        return node_succeed(sim, node, &op->from);
    case OP_AGGREGATOR:
        durable->aggregator = op->incarnation;
        break;
    case OP_SPAN:
        return apply_office(sim, node, op);
    case OP_SESSION:
    case OP_MOVED:
        break;
    }
    return 0;
}

static void life_answer(struct sim *sim, struct node *node, const struct op *op)
{
    if (op->rc == ERR_STATE) {
        node_stuck(sim, node);
    } else if (op->rc == 0 && node->opening) {
        node_boot(sim, node);
    } else if (op->rc == 0) {
        node_begin(sim, node);
    }
}

void node_answer(struct sim *sim, struct node *node, struct op *op)
{
    if (op->answered) {
        return;
    }
    if (op->type == OP_LIFE) {
        life_answer(sim, node, op);
        return;
    }
    if (!node->up) {
        return;
    }
    if (op->type == OP_APPEND && op->rc == 0) {
        struct uplink_event *event = node_follow(sim, node, UPLINK_EVENT_APPENDED, 0);
        event->id = (struct entry_id){.incarnation = op->incarnation, .seq = op->seq};
    } else if (op->type == OP_PAIR) {
        node_follow(sim, node, UPLINK_EVENT_PAIR_COMMITTED, 0)->rc = op->rc;
    } else if (op->type == OP_SPAN) {
        struct uplink_event *event = node_follow(sim, node, UPLINK_EVENT_STORED, 0);
        event->store = op->store;
        event->rc = op->rc;
    }
    node_run(sim, node);
}
