/* hub_store.c - what the aggregator hears, and what its journal holds. */
#include "core/base/assert.h"
#include "sim.h"

/* ---- frames ---- */

static void look_up(const struct peer *peer, const struct control *control,
                    struct intake_event *event)
{
    const struct line *office = &peer->durable.office;
    bool before = false;
    event->control = control;
    if (control->kind == FRAME_ACK) {
        event->own_h = line_h(office, &control->as.ack.id, &before);
    } else if (control->kind == FRAME_GAP) {
        const struct own_log *log = line_find(office, &control->as.gap.have.incarnation);
        event->own_h = line_h(office, &control->as.gap.have, &event->office_before);
        event->office_last = log == NULL ? 0 : log->entries.count;
    } else if (control->kind == FRAME_RESUME) {
        const struct resume *resume = &control->as.resume;
        struct entry_id id = {.incarnation = resume->office, .seq = resume->office_seq};
        event->own_h = line_h(office, &id, &event->office_before);
    }
}

void hub_frame(struct sim *sim, uint32_t index, uint32_t number, struct bytes frame)
{
    if (sim->hub.peers[index].renewing) {
        return;
    }
    arena_reset(sim->tools->arena);
    sim->frame = frame;
    struct span_header header;
    struct span_entry *entries = NULL;
    struct control control;
    int kind = frame_kind_of(frame, NULL);
    int rc = kind < 0 ? kind : 0;
    if (kind == FRAME_SPAN) {
        rc = entries_receive(sim, net_heard(sim, number), &sim->frame, &header, &entries);
    } else if (rc == 0) {
        rc = control_decode(frame, sim->tools->arena, &control, NULL);
    }
    if (sim->options.trace) {
        sim_trace(sim, "aggregator: hears node %u: %s on %u", index,
                  describe_frame(sim, rc, kind, &control, &header), number);
    }
    bool bad = rc != 0 && rc != ERR_GAP;
    enum intake_event_type type = bad                  ? INTAKE_EVENT_BAD_FRAME
                                  : kind == FRAME_SPAN ? INTAKE_EVENT_SPAN
                                                       : INTAKE_EVENT_CONTROL;
    struct intake_event *event = hub_follow(sim, type, number);
    event->rc = rc;
    if (type != INTAKE_EVENT_BAD_FRAME) {
        check_session_alive(sim, index, number);
    }
    if (type == INTAKE_EVENT_SPAN) {
        event->header = &header;
        event->entries = entries;
        event->wire_bytes = sim->frame.len;
        if (rc == 0) {
            check_hears(sim, index, number, &header, entries);
        }
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

/* A span by stick: no session hears it. What cannot be taken now stays on the stick. */
bool hub_carry(struct sim *sim, uint32_t index, struct bytes frame)
{
    struct peer *peer = &sim->hub.peers[index];
    struct span_header header;
    struct span_entry *entries = NULL;
    struct carried carried;
    struct intake_event event = {.type = INTAKE_EVENT_SPAN,
                                 .now_ms = sim->now_ms,
                                 .clock_ms = (int64_t)sim->now_ms,
                                 .connection = CARRIED_CONNECTION,
                                 .header = &header,
                                 .arena = sim->tools->arena,
                                 .wire_bytes = frame.len};
    if (peer->renewing) {
        return false;
    }
    arena_reset(sim->tools->arena);
    sim->frame = frame;
    if (entries_decode(sim, sim->tools->arena, frame, &header, &entries) != 0) {
        return true; /* damaged on the way */
    }
    event.entries = entries;
    sim->effects.count = 0;
    intake_carry(&peer->intake, &event, &sim->effects, &carried);
    sim_trace(sim, "aggregator: a stick for node %u: %s", index, carried_name(carried.outcome));
    hub_carry_out(sim, index);
    return carried.outcome != CARRIED_LATER;
}

/* ---- the disk ---- */

static struct kept *kept_of(struct peer *peer, const struct span_store *store)
{
    struct peer_durable *durable = &peer->durable;
    struct kept *kept = hub_kept(peer, &store->incarnation);
    if (kept == NULL && store->is_new_log) {
        ASSERT(durable->log_count < SIM_KEPT);
        kept = &durable->logs[durable->log_count++];
        *kept = (struct kept){.incarnation = store->incarnation};
    }
    return kept;
}

static int apply_span(struct sim *sim, const struct op *op)
{
    struct peer *peer = &sim->hub.peers[op->peer];
    const struct span_store *store = &op->store;
    struct kept *kept = kept_of(peer, store);
    if (kept == NULL || kept->ended || !kept_follows(kept, store)) {
        return ERR_GAP;
    }
    struct kept *ends = incarnation_is_zero(&store->ends) ? NULL : hub_kept(peer, &store->ends);
    kept->lane = store->lane;
    kept_add(sim, kept, SIM_HUB, op->peer, op, PLANTED(SKIP_IGNORED) ? 0 : store->skip);
    if (ends != NULL) {
        ends->ended = true;
    }
    return 0;
}

int hub_apply(struct sim *sim, struct op *op)
{
    struct peer_durable *durable = &sim->hub.peers[op->peer % SIM_PEERS].durable;
    struct own_log *office = &durable->office.now;
    struct bytes data = bytes_of(op->data, op->len);
    switch (op->type) {
    case OP_APPEND:
        entries_add(sim, &office->entries, &office->incarnation, op->kind, data);
        op->seq = office->entries.count;
        op->incarnation = office->incarnation;
        check_written(sim, SIM_HUB, &office->incarnation, op->kind, data);
        break;
    case OP_ACKED:
        if (incarnation_equal(&office->incarnation, &op->incarnation)) {
            office->acked = op->seq;
        }
        break;
    case OP_LIFE:
        return hub_succeed(sim, op->peer, &op->from);
    case OP_MOVED:
        sim->hub.durable.moved = true;
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

/* An engine begins anew when nothing of it is under way any more. */
static void life_answer(struct sim *sim, const struct op *op)
{
    if (op->rc == 0 && op->peer == SIM_PEERS) {
        hub_boot(sim);
    } else if (op->rc != 0 && op->rc != ERR_STORAGE) {
        sim_fail(sim, "aggregator: the office log of node %u cannot go on (%s)", op->peer,
                 err_name(op->rc));
    }
}

static void begin_anew(struct sim *sim, uint32_t index)
{
    const struct peer *peer = &sim->hub.peers[index];
    const struct intake *intake = &peer->intake;
    if (peer->renewing && intake->queue_bytes == 0 && intake->pairs_in_flight == 0 &&
        !incarnation_equal(&intake->config.office, &peer->durable.office.now.incarnation)) {
        hub_begin(sim, index);
    }
}

void hub_answer(struct sim *sim, struct op *op)
{
    if (op->answered) {
        return;
    }
    if (op->type == OP_LIFE) {
        life_answer(sim, op);
    } else if (op->type == OP_MOVED && op->rc == 0) {
        sim_at(sim, 0, (struct event){.type = EVENT_END, .who = SIM_HUB, .life = sim->hub.life});
    }
    if (!sim->hub.up || op->peer == SIM_PEERS) {
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
        event->id = (struct entry_id){.incarnation = op->incarnation, .seq = op->seq};
    }
    hub_run(sim, op->peer);
    begin_anew(sim, op->peer);
}
