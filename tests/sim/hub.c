/* hub.c - the shell around intake.h: what kabar-aggregator does, with a made-up disk and network.
 */
#include "core/base/assert.h"
#include "core/seal/chain.h"
#include "sim.h"

#define ORGANISATION "16"
#define TICK_MS 250u

void hub_setup(struct sim *sim)
{
    struct hub *hub = &sim->hub;
    uint8_t seed[32];
    rng_fill(&sim->rng, seed, sizeof seed);
    seal_keypair(seed, &hub->key, hub->secret);
    rng_fill(&sim->rng, hub->incarnation.b, sizeof hub->incarnation.b);
    for (uint32_t i = 0; i < sim->node_count; i++) {
        const struct node *node = &sim->nodes[i];
        struct peer *peer = &hub->peers[i];
        uint64_t window = 4000 + rng_below(&sim->rng, 30000);
        peer->intake.config = (struct intake_config){
            .limits = {.window_start_bytes = 1000 + rng_below(&sim->rng, 2000),
                       .window_max_bytes = window,
                       .span_raw_bytes = 300 + rng_below(&sim->rng, 3000)},
            .aggregator = hub->incarnation,
            .province = bytes_of_text(ORGANISATION),
            .regency = bytes_of_text(node->regency),
            .enrolment = node->enrolment,
            .signing_key = node->key,
            .office = node->office,
            .log_secret = hub->secret,
            .receipt_interval_ms = 5000,
            .queue_bytes_max = 2000 + rng_below(&sim->rng, 20000),
        };
        struct genesis genesis = {.direction = DIRECTION_DOWN,
                                  .lane = LANE_OFFICE,
                                  .owner = bytes_of_text(ORGANISATION),
                                  .counterpart = bytes_of_text(node->regency),
                                  .signing_key = hub->key,
                                  .enrolment = node->enrolment,
                                  .created_ms = 1};
        uint8_t body[512];
        size_t len = 0;
        int rc = genesis_encode(&genesis, body, sizeof body, &len, NULL);
        ASSERT(rc == 0);
        check_log(sim, i, SIM_OFFICE, &node->office);
        entries_add(&peer->office, &node->office, ENTRY_GENESIS, bytes_of(body, len));
        check_written(sim, i, SIM_OFFICE, ENTRY_GENESIS, bytes_of(body, len));
    }
}

/* ---- carrying out effects ---- */

static struct intake_event *follow(struct sim *sim, enum intake_event_type type,
                                   uint32_t connection)
{
    struct hub *hub = &sim->hub;
    ASSERT(hub->pending_count < 16);
    size_t at = (hub->pending_first + hub->pending_count++) % 16;
    struct intake_event *event = &hub->pending[at];
    *event = (struct intake_event){.type = type,
                                   .now_ms = sim->now_ms,
                                   .clock_ms = (int64_t)sim->now_ms,
                                   .connection = connection,
                                   .arena = sim->arena};
    return event;
}

static void send_frame(struct sim *sim, uint32_t node, uint32_t connection,
                       const struct control *control)
{
    sim_trace(sim, "aggregator: %s to node %u on %u", frame_kind_name((int)control->kind), node,
              connection);
    if (control->kind == FRAME_RESUMED && !control->as.resumed.old) {
        check_resumed_sent(sim, node, control->as.resumed.next);
    }
    size_t len = 0;
    int rc = control_encode(control, sim->buffer, sizeof sim->buffer, &len, NULL);
    ASSERT(rc == 0);
    net_send_down(sim, connection, bytes_of(sim->buffer, len));
}

static void plant_receipt(struct sim *sim, uint32_t node, const struct effect *effect)
{
    const struct span_store *store = &effect->as.store;
    struct control control = {.kind = FRAME_RECEIPT};
    struct ack *ack = &control.as.ack;
    *ack = (struct ack){.id = {.incarnation = store->incarnation, .seq = store->last},
                        .h = store->h_last,
                        .aggregator = sim->hub.incarnation,
                        .credit_bytes = 10000,
                        .has_signature = true};
    struct receipt receipt = {.aggregator = ack->aggregator, .id = ack->id, .h = ack->h};
    receipt_sign(sim->hub.secret, &receipt, &ack->signature);
    send_frame(sim, node, effect->connection, &control);
}

static void store_span(struct sim *sim, uint32_t node, const struct effect *effect)
{
    struct op op = {.type = OP_SPAN, .node = node, .store = effect->as.store};
    if (sim->plant == PLANT_ACK_BEFORE_COMMIT) {
        op.answered = true;
        struct intake_event *event = follow(sim, INTAKE_EVENT_STORED, 0);
        event->store = op.store;
        event->wire_bytes = sim->frame.len;
        (void)follow(sim, INTAKE_EVENT_FLUSH, 0);
    } else if (sim->plant == PLANT_RECEIPT_BEFORE_COMMIT) {
        plant_receipt(sim, node, effect);
    }
    const struct intake *intake = &sim->hub.peers[node].intake;
    if (intake->queue_bytes > intake->config.queue_bytes_max + FRAME_BYTES_MAX) {
        sim_fail(sim, "node %u: more in the queue than its limit", node);
    }
    disk_put(sim, SIM_NODES_MAX, op, sim->frame);
}

static void send_span(struct sim *sim, uint32_t node, const struct span_plan *plan,
                      uint32_t connection)
{
    if (sim_fault(sim, FAULT_BLOCKED, sim->profile.blocked)) {
        (void)follow(sim, INTAKE_EVENT_SEND_BLOCKED, connection);
        return;
    }
    uint64_t last = 0;
    struct bytes frame =
        entries_cut(sim, &sim->hub.peers[node].office, plan, sim->hub.secret, &last);
    sim_trace(sim, "aggregator: office span %llu..%llu to node %u on %u",
              (unsigned long long)plan->first, (unsigned long long)last, node, connection);
    net_send_down(sim, connection, frame);
    struct intake_event *sent = follow(sim, INTAKE_EVENT_SPAN_SENT, connection);
    sent->plan = *plan;
    sent->id.seq = last;
    sent->wire_bytes = frame.len;
}

/* As at the node; of two connections at once the later one is remembered. */
static void plan_span(struct sim *sim, uint32_t node, const struct effect *effect)
{
    struct late_span *late = &sim->hub.peers[node].late;
    if (sim_fault(sim, FAULT_SLOW_CUT, sim->profile.slow_cut)) {
        *late = (struct late_span){effect->connection, effect->as.plan};
        sim_at(sim, 1 + rng_below(&sim->rng, 300),
               (struct event){.type = EVENT_CUT_HUB, .who = node, .life = sim->hub.life});
    } else {
        send_span(sim, node, &effect->as.plan, effect->connection);
    }
}

static void alarm(struct sim *sim, uint32_t node, const struct effect *effect)
{
    enum alarm code = effect->as.alarm.code;
    sim->alarms[code]++;
    sim_trace(sim, "aggregator: alarm %s for node %u", alarm_name(code), node);
    bool foreign = code == ALARM_ACK_FOREIGN || code == ALARM_ACK_AHEAD || code == ALARM_ACK_BACK;
    bool broken = sim->profile.damaged == 0 && (code == ALARM_BAD_CHAIN || code == ALARM_WRONG_LOG);
    if (foreign || broken) {
        sim_fail(sim, "aggregator: false alarm %s for node %u (%s)", alarm_name(code), node,
                 err_name(effect->as.alarm.error));
    }
}

static void carry_out(struct sim *sim, uint32_t node, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_SEND:
        send_frame(sim, node, effect->connection, &effect->as.control);
        break;
    case EFFECT_COMMIT_PAIR: {
        struct op op = {.type = OP_SESSION,
                        .node = node,
                        .connection = effect->connection,
                        .memory = sim->hub.peers[node].intake.session};
        if (sim->plant == PLANT_RESUMED_BEFORE_COMMIT) {
            op.answered = true;
            (void)follow(sim, INTAKE_EVENT_PAIR_STORED, effect->connection);
        }
        disk_put(sim, SIM_NODES_MAX, op, bytes_of(NULL, 0));
        break;
    }
    case EFFECT_STORE_SPAN:
        store_span(sim, node, effect);
        break;
    case EFFECT_SEND_SPAN:
        plan_span(sim, node, effect);
        break;
    case EFFECT_ACKED: {
        check_acked(sim, node, &effect->as.acked);
        struct op op = {.type = OP_ACKED, .node = node, .seq = effect->as.acked.id.seq};
        disk_put(sim, SIM_NODES_MAX, op, bytes_of(NULL, 0));
        break;
    }
    case EFFECT_ALARM:
        alarm(sim, node, effect);
        break;
    case EFFECT_CONNECT:
    case EFFECT_DISCONNECT:
    case EFFECT_WAKE:
    case EFFECT_SUCCEED:
    case EFFECT_RESTORED:
        sim_fail(sim, "an intake never asks for this");
        break;
    }
}

static void run(struct sim *sim, uint32_t node)
{
    struct hub *hub = &sim->hub;
    while (hub->pending_count > 0 && !sim->failed) {
        struct intake_event event = hub->pending[hub->pending_first];
        hub->pending_first = (hub->pending_first + 1) % 16;
        hub->pending_count--;
        sim->effects.count = 0;
        intake_step(&hub->peers[node].intake, &event, &sim->effects);
        for (size_t i = 0; i < sim->effects.count && !sim->failed; i++) {
            carry_out(sim, node, &sim->effects.list[i]);
        }
    }
}

void hub_cut(struct sim *sim, uint32_t node)
{
    struct late_span late = sim->hub.peers[node].late;
    sim->hub.peers[node].late.connection = 0;
    if (late.connection != 0) {
        send_span(sim, node, &late.plan, late.connection);
        run(sim, node);
    }
}

/* ---- life ---- */

void hub_boot(struct sim *sim)
{
    struct hub *hub = &sim->hub;
    sim_trace(sim, "aggregator: starts, life %u", hub->life);
    hub->up = true;
    hub->pending_count = 0;
    for (uint32_t i = 0; i < sim->node_count; i++) {
        struct peer *peer = &hub->peers[i];
        struct intake_config config = peer->intake.config;
        peer->late.connection = 0;
        intake_init(&peer->intake, &config, &peer->memory);
        for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
            const struct cursor *cursor = &peer->logs[log];
            if (cursor->open) {
                int rc =
                    intake_add_log(&peer->intake, &cursor->incarnation,
                                   log == 0 ? LANE_URGENT : LANE_ROUTINE, cursor->seq, &cursor->h);
                ASSERT(rc == 0);
            }
        }
        int rc = intake_set_office(&peer->intake, peer->office.count, peer->office_acked);
        ASSERT(rc == 0);
    }
    sim_at(sim, TICK_MS, (struct event){.type = EVENT_HUB_TICK, .life = hub->life});
}

void hub_crash(struct sim *sim)
{
    sim_trace(sim, "aggregator: crashes");
    net_break(sim, SIM_NODES_MAX);
    disk_crash(sim, SIM_NODES_MAX);
    sim->hub.up = false;
    sim->hub.life++;
    sim_at(sim, 100 + rng_below(&sim->rng, 8000),
           (struct event){.type = EVENT_RESTART, .who = SIM_NODES_MAX});
}

void hub_append(struct sim *sim, uint32_t node)
{
    if (!sim->hub.up) {
        return;
    }
    uint8_t body[1000];
    size_t len = 20 + rng_below(&sim->rng, 900);
    rng_fill(&sim->rng, body, len);
    struct op op = {.type = OP_APPEND, .node = node, .kind = ENTRY_DOCUMENT};
    disk_put(sim, SIM_NODES_MAX, op, bytes_of(body, len));
}

void hub_tick(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->node_count && !sim->failed; i++) {
        (void)follow(sim, INTAKE_EVENT_TICK, 0);
        run(sim, i);
    }
    sim_at(sim, TICK_MS, (struct event){.type = EVENT_HUB_TICK, .life = sim->hub.life});
}

void hub_gone(struct sim *sim, uint32_t node, uint32_t number)
{
    sim_trace(sim, "aggregator: connection %u of node %u is gone", number, node);
    (void)follow(sim, INTAKE_EVENT_GONE, number);
    run(sim, node);
}

void hub_flush(struct sim *sim, uint32_t node)
{
    (void)follow(sim, INTAKE_EVENT_FLUSH, 0);
    run(sim, node);
}

/* ---- frames ---- */

static void look_up(const struct peer *peer, const struct control *control,
                    struct intake_event *event)
{
    event->control = control;
    if (control->kind == FRAME_ACK) {
        event->own_h = entries_h(&peer->office, control->as.ack.id.seq);
    } else if (control->kind == FRAME_RESUME) {
        event->own_h = entries_h(&peer->office, control->as.resume.office_seq);
    }
}

void hub_frame(struct sim *sim, uint32_t node, uint32_t number, struct bytes frame)
{
    arena_reset(sim->arena);
    sim->frame = frame;
    struct span_header header;
    struct span_entry *entries = NULL;
    struct control control;
    int kind = frame_kind_of(frame, NULL);
    int rc = kind < 0 ? kind : 0;
    if (kind == FRAME_SPAN) {
        rc = entries_decode(sim, sim->arena, frame, &header, &entries);
    } else if (rc == 0) {
        rc = control_decode(frame, sim->arena, &control, NULL);
    }
    sim_trace(sim, "aggregator: hears %s of node %u on %u (%d)", frame_kind_name(kind), node,
              number, rc);
    enum intake_event_type type = rc != 0              ? INTAKE_EVENT_BAD_FRAME
                                  : kind == FRAME_SPAN ? INTAKE_EVENT_SPAN
                                                       : INTAKE_EVENT_CONTROL;
    struct intake_event *event = follow(sim, type, number);
    event->rc = rc;
    if (type == INTAKE_EVENT_SPAN) {
        event->header = &header;
        event->entries = entries;
        event->wire_bytes = frame.len;
    } else if (type == INTAKE_EVENT_CONTROL) {
        look_up(&sim->hub.peers[node], &control, event);
    }
    run(sim, node);
}

/* ---- the disk ---- */

static struct cursor *cursor_of(struct peer *peer, const struct span_store *store)
{
    struct cursor *cursor = &peer->logs[store->lane == LANE_URGENT ? 0 : 1];
    if (!cursor->open && store->is_new_log) {
        *cursor = (struct cursor){.open = true, .incarnation = store->incarnation};
    }
    bool same = cursor->open && incarnation_equal(&cursor->incarnation, &store->incarnation);
    return same ? cursor : NULL;
}

static int apply_span(struct sim *sim, const struct op *op)
{
    const struct span_store *store = &op->store;
    struct cursor *cursor = cursor_of(&sim->hub.peers[op->node], store);
    if (cursor == NULL || store->first_new != cursor->seq + 1 ||
        !hash_equal(&store->h_before, &cursor->h)) {
        return ERR_GAP;
    }
    struct span_header header;
    struct span_entry *entries = NULL;
    arena_reset(sim->store_arena);
    int rc = entries_decode(sim, sim->store_arena, bytes_of(op->data, op->len), &header, &entries);
    ASSERT(rc == 0);
    uint32_t skip = sim->plant == PLANT_SKIP_IGNORED ? 0 : store->skip;
    for (uint32_t i = skip; i < header.count; i++) {
        struct entry_id id = {.incarnation = header.incarnation, .seq = header.first + i};
        check_stored(sim, op->node, &id, entries[i].kind, entries[i].body);
    }
    cursor->seq = store->last;
    cursor->h = store->h_last;
    return 0;
}

int hub_apply(struct sim *sim, struct op *op)
{
    struct peer *peer = &sim->hub.peers[op->node];
    const struct incarnation *office = &sim->nodes[op->node].office;
    switch (op->type) {
    case OP_APPEND:
        entries_add(&peer->office, office, op->kind, bytes_of(op->data, op->len));
        op->seq = peer->office.count;
        check_written(sim, op->node, SIM_OFFICE, op->kind, bytes_of(op->data, op->len));
        break;
    case OP_ACKED:
        peer->office_acked = op->seq;
        break;
    case OP_SPAN:
        return apply_span(sim, op);
    case OP_SESSION: {
        uint8_t bytes[SESSION_MEMORY_BYTES];
        session_encode(&op->memory, bytes);
        int rc = session_decode(bytes_of(bytes, sizeof bytes), &peer->memory, NULL);
        ASSERT(rc == 0);
        check_session_written(sim, op->node, op->memory.accepted.next);
        break;
    }
    case OP_PAIR:
    case OP_AGGREGATOR:
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
        struct intake_event *event = follow(sim, INTAKE_EVENT_STORED, 0);
        event->store = op->store;
        event->wire_bytes = op->len;
        event->rc = op->rc;
    } else if (op->type == OP_SESSION) {
        follow(sim, INTAKE_EVENT_PAIR_STORED, op->connection)->rc = op->rc;
    } else if (op->type == OP_APPEND && op->rc == 0) {
        struct intake_event *event = follow(sim, INTAKE_EVENT_APPENDED, 0);
        event->id = (struct entry_id){.incarnation = sim->nodes[op->node].office, .seq = op->seq};
    }
    run(sim, op->node);
}
