/* hub_store.c - what the aggregator hears, and what its journal holds. */
#include "core/base/assert.h"
#include "sim.h"

/* ---- frames ---- */

static void look_up(const struct peer *peer, const struct control *control,
                    struct intake_event *event)
{
    event->control = control;
    if (control->kind == FRAME_ACK) {
        event->own_h = entries_h(&peer->durable.office, control->as.ack.id.seq);
    } else if (control->kind == FRAME_RESUME) {
        event->own_h = entries_h(&peer->durable.office, control->as.resume.office_seq);
    }
}

void hub_frame(struct sim *sim, uint32_t index, uint32_t number, struct bytes frame)
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
        sim_trace(sim, "aggregator: hears node %u: %s on %u", index,
                  describe_frame(sim, rc, kind, &control, &header), number);
    }
    enum intake_event_type type = rc != 0              ? INTAKE_EVENT_BAD_FRAME
                                  : kind == FRAME_SPAN ? INTAKE_EVENT_SPAN
                                                       : INTAKE_EVENT_CONTROL;
    struct intake_event *event = hub_follow(sim, type, number);
    event->rc = rc;
    if (type == INTAKE_EVENT_SPAN) {
        event->header = &header;
        event->entries = entries;
        event->wire_bytes = frame.len;
        check_hears(sim, index, number, &header, entries);
    } else if (type == INTAKE_EVENT_CONTROL) {
        look_up(&sim->hub.peers[index], &control, event);
        if (control.kind == FRAME_RESUME) {
            check_resume_heard(sim, index, &control.as.resume);
        }
    }
    hub_run(sim, index);
    if (type == INTAKE_EVENT_SPAN) {
        check_judged(sim, index);
    }
}

/* ---- the disk ---- */

static struct cursor *cursor_of(struct peer *peer, const struct span_store *store)
{
    struct cursor *cursor = &peer->durable.logs[store->lane == LANE_URGENT ? 0 : 1];
    if (!cursor->open && store->is_new_log) {
        *cursor = (struct cursor){.open = true, .incarnation = store->incarnation};
    }
    bool same = cursor->open && incarnation_equal(&cursor->incarnation, &store->incarnation);
    return same ? cursor : NULL;
}

static int apply_span(struct sim *sim, const struct op *op)
{
    const struct span_store *store = &op->store;
    struct cursor *cursor = cursor_of(&sim->hub.peers[op->peer], store);
    if (cursor == NULL || store->first_new != cursor->seq + 1 ||
        !hash_equal(&store->h_before, &cursor->h)) {
        return ERR_GAP;
    }
    struct span_header header;
    struct span_entry *entries = NULL;
    arena_reset(sim->tools->store_arena);
    int rc = entries_decode(sim, sim->tools->store_arena, bytes_of(op->data, op->len), &header,
                            &entries);
    ASSERT(rc == 0);
    uint32_t skip = PLANTED(SKIP_IGNORED) ? 0 : store->skip;
    for (uint32_t i = skip; i < header.count; i++) {
        struct entry_id id = {.incarnation = header.incarnation, .seq = header.first + i};
        check_stored(sim, op->peer, &id, entries[i].kind, entries[i].body);
    }
    cursor->seq = store->last;
    cursor->h = store->h_last;
    return 0;
}

int hub_apply(struct sim *sim, struct op *op)
{
    struct peer_durable *durable = &sim->hub.peers[op->peer].durable;
    struct bytes data = bytes_of(op->data, op->len);
    switch (op->type) {
    case OP_APPEND:
        entries_add(sim, &durable->office, &durable->office_incarnation, op->kind, data);
        op->seq = durable->office.count;
        check_written(sim, SIM_HUB, &durable->office_incarnation, op->kind, data);
        break;
    case OP_ACKED:
        durable->office_acked = op->seq;
        break;
    case OP_SPAN:
        return apply_span(sim, op);
    case OP_SESSION: {
        uint8_t bytes[SESSION_MEMORY_BYTES];
        session_encode(&op->memory, bytes);
        int rc = session_decode(bytes_of(bytes, sizeof bytes), &durable->memory, NULL);
        ASSERT(rc == 0);
        check_session_written(sim, op->peer, &op->memory.accepted);
        break;
    }
    case OP_PAIR:
    case OP_AGGREGATOR:
    case OP_PRUNE:
        break;
    }
    return 0;
}

void hub_answer(struct sim *sim, struct op *op)
{
    if (op->answered) {
        return;
    }
    if (op->type == OP_SPAN) {
        struct intake_event *event = hub_follow(sim, INTAKE_EVENT_STORED, 0);
        event->store = op->store;
        event->wire_bytes = op->len;
        event->rc = op->rc;
    } else if (op->type == OP_SESSION) {
        hub_follow(sim, INTAKE_EVENT_PAIR_STORED, op->connection)->rc = op->rc;
    } else if (op->type == OP_APPEND && op->rc == 0) {
        struct intake_event *event = hub_follow(sim, INTAKE_EVENT_APPENDED, 0);
        event->id = (struct entry_id){
            .incarnation = sim->hub.peers[op->peer].durable.office_incarnation, .seq = op->seq};
    }
    hub_run(sim, op->peer);
}
