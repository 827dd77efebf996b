/* node.c - the shell around uplink.h: what kabar-node does, with a made-up disk and network. */
#include "core/base/assert.h"
#include "core/seal/chain.h"
#include "sim.h"

#define ORGANISATION "16"

void node_setup(struct sim *sim, uint32_t index)
{
    struct node *node = &sim->nodes[index];
    node->index = index;
    node->enrolment = 100 + index;
    node->delay_ms = 5 + (uint32_t)rng_below(&sim->rng, rng_below(&sim->rng, 3) == 0 ? 500 : 60);
    (void)snprintf(node->regency, sizeof node->regency, "16.0%u", index + 1);
    uint8_t seed[32];
    rng_fill(&sim->rng, seed, sizeof seed);
    seal_keypair(seed, &node->key, node->secret);
    rng_fill(&sim->rng, node->office.b, sizeof node->office.b);
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        rng_fill(&sim->rng, node->logs[log].b, sizeof node->logs[log].b);
        struct genesis genesis = {.direction = DIRECTION_UP,
                                  .lane = log == 0 ? LANE_URGENT : LANE_ROUTINE,
                                  .owner = bytes_of_text(node->regency),
                                  .counterpart = bytes_of_text(ORGANISATION),
                                  .signing_key = node->key,
                                  .enrolment = node->enrolment,
                                  .created_ms = 1};
        uint8_t body[512];
        size_t len = 0;
        int rc = genesis_encode(&genesis, body, sizeof body, &len, NULL);
        ASSERT(rc == 0);
        check_log(sim, index, log, &node->logs[log]);
        entries_add(&node->durable.logs[log], &node->logs[log], ENTRY_GENESIS, bytes_of(body, len));
        check_written(sim, index, log, ENTRY_GENESIS, bytes_of(body, len));
    }
    node->durable.office.incarnation = node->office;
}

/* ---- carrying out effects ---- */

static struct uplink_event *follow(struct sim *sim, struct node *node, enum uplink_event_type type,
                                   uint32_t connection)
{
    ASSERT(node->pending_count < 16);
    size_t at = (node->pending_first + node->pending_count++) % 16;
    struct uplink_event *event = &node->pending[at];
    *event = (struct uplink_event){.type = type,
                                   .now_ms = sim->now_ms,
                                   .clock_ms = (int64_t)sim->now_ms + 777,
                                   .connection = connection,
                                   .arena = sim->arena};
    rng_fill(&sim->rng, event->random, sizeof event->random);
    return event;
}

static uint32_t log_index(const struct node *node, const struct incarnation *incarnation)
{
    uint32_t log = 0;
    while (log < SIM_UP_LOGS && !incarnation_equal(&node->logs[log], incarnation)) {
        log++;
    }
    return log;
}

static void wake(struct sim *sim, struct node *node, uint64_t at_ms)
{
    at_ms = at_ms < sim->now_ms ? sim->now_ms : at_ms;
    if (sim->plant == PLANT_WAKE_FORGOTTEN || (node->wake_ms != 0 && node->wake_ms <= at_ms)) {
        return;
    }
    node->wake_ms = at_ms;
    sim_at(sim, at_ms - sim->now_ms,
           (struct event){.type = EVENT_WAKE, .who = node->index, .life = node->life});
}

static void send_span(struct sim *sim, struct node *node, const struct span_plan *plan,
                      uint32_t connection)
{
    uint32_t log = log_index(node, &plan->incarnation);
    ASSERT(log < SIM_UP_LOGS);
    if (plan->first <= node->durable.deleted[log]) {
        sim_fail(sim, "node %u: entry %llu is to be sent, but was deleted", node->index,
                 (unsigned long long)plan->first);
        return;
    }
    if (sim_fault(sim, FAULT_BLOCKED, sim->profile.blocked)) {
        (void)follow(sim, node, UPLINK_EVENT_SEND_BLOCKED, connection);
        return;
    }
    uint64_t last = 0;
    struct bytes frame = entries_cut(sim, &node->durable.logs[log], plan, node->secret, &last);
    sim_trace(sim, "node %u: span %llu..%llu of log %u on %u, %zu bytes", node->index,
              (unsigned long long)plan->first, (unsigned long long)last, log, connection,
              frame.len);
    net_send_up(sim, node, connection, frame);
    struct uplink_event *sent = follow(sim, node, UPLINK_EVENT_SPAN_SENT, connection);
    sent->plan = *plan;
    sent->id.seq = last;
    sent->wire_bytes = frame.len;
    if (sim->plant == PLANT_DELETE_BEFORE_ACK) {
        node->durable.deleted[log] = last;
        check_deleted(sim, node->index, log, last);
    }
}

/* Entries may have to be read first: other events come in between. */
static void plan_span(struct sim *sim, struct node *node, const struct effect *effect)
{
    if (node->late.connection == effect->connection) {
        sim_fail(sim, "node %u: a span was asked for before the last was sent", node->index);
    } else if (sim_fault(sim, FAULT_SLOW_CUT, sim->profile.slow_cut)) {
        node->late = (struct late_span){effect->connection, effect->as.plan};
        sim_at(sim, 1 + rng_below(&sim->rng, 300),
               (struct event){.type = EVENT_CUT_NODE, .who = node->index, .life = node->life});
    } else {
        send_span(sim, node, &effect->as.plan, effect->connection);
    }
}

static void send_control(struct sim *sim, struct node *node, const struct effect *effect)
{
    const struct control *control = &effect->as.control;
    sim_trace(sim, "node %u: %s on %u", node->index, frame_kind_name((int)control->kind),
              effect->connection);
    if (control->kind == FRAME_RESUME) {
        check_pair_sent(sim, node->index, &control->as.resume.pair);
    }
    size_t len = 0;
    int rc = control_encode(control, sim->buffer, sizeof sim->buffer, &len, NULL);
    ASSERT(rc == 0);
    net_send_up(sim, node, effect->connection, bytes_of(sim->buffer, len));
}

static void commit_pair(struct sim *sim, struct node *node, const struct effect *effect)
{
    struct op op = {.type = OP_PAIR, .pair = effect->as.pair};
    if (sim->plant == PLANT_PAIR_BEFORE_COMMIT) {
        op.answered = true;
        (void)follow(sim, node, UPLINK_EVENT_PAIR_COMMITTED, 0);
    }
    disk_put(sim, node->index, op, bytes_of(NULL, 0));
}

static void store_span(struct sim *sim, struct node *node, const struct effect *effect)
{
    struct op op = {.type = OP_SPAN, .store = effect->as.store};
    if (sim->plant == PLANT_OFFICE_ACK_BEFORE_COMMIT) {
        op.answered = true;
        follow(sim, node, UPLINK_EVENT_STORED, 0)->store = op.store;
    }
    disk_put(sim, node->index, op, sim->frame);
}

static void acked(struct sim *sim, struct node *node, const struct ack *ack)
{
    sim_trace(sim, "node %u: %s of %llu", node->index, ack->has_signature ? "receipt" : "ack",
              (unsigned long long)ack->id.seq);
    check_acked(sim, node->index, ack);
    uint32_t log = log_index(node, &ack->id.incarnation);
    if (log < SIM_UP_LOGS) {
        struct op op = {
            .type = OP_ACKED, .log = log, .seq = ack->id.seq, .has_signature = ack->has_signature};
        disk_put(sim, node->index, op, bytes_of(NULL, 0));
    }
}

/* No node here was copied or restored, nor was the aggregator: these must not be raised. */
static void alarm(struct sim *sim, struct node *node, const struct effect *effect)
{
    enum alarm code = effect->as.alarm.code;
    enum denied_code denied = effect->as.alarm.denied;
    sim->alarms[code]++;
    sim_trace(sim, "node %u: alarm %s %s", node->index, alarm_name(code),
              code == ALARM_DENIED ? denied_code_name(denied) : "");
    bool damaged = sim->profile.damaged > 0;
    bool clone = code == ALARM_CLONE || code == ALARM_FORK ||
                 (code == ALARM_DENIED && (denied == DENIED_CLONE || denied == DENIED_FORK ||
                                           (denied == DENIED_WRONG_LOG && !damaged)));
    bool foreign = code == ALARM_ACK_FOREIGN || code == ALARM_ACK_AHEAD || code == ALARM_ACK_BACK;
    bool broken =
        !damaged && (code == ALARM_BAD_CHAIN || code == ALARM_BAD_FRAME || code == ALARM_WRONG_LOG);
    /* A damaged span may name another log, and the GAP that answers it then does. */
    if (clone || (foreign && !(damaged && effect->as.alarm.error == ERR_NOT_FOUND)) || broken) {
        sim_fail(sim, "node %u: false alarm %s (%s, %s)", node->index, alarm_name(code),
                 err_name(effect->as.alarm.error), denied_code_name(denied));
    }
}

static void carry_out(struct sim *sim, struct node *node, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_CONNECT:
        sim_trace(sim, "node %u: connect %u", node->index, effect->connection);
        net_connect(sim, node, effect->connection);
        break;
    case EFFECT_DISCONNECT:
        sim_trace(sim, "node %u: disconnect %u", node->index, effect->connection);
        node->late.connection = 0;
        net_disconnect(sim, node, effect->connection);
        break;
    case EFFECT_COMMIT_PAIR:
        commit_pair(sim, node, effect);
        break;
    case EFFECT_SEND:
        send_control(sim, node, effect);
        break;
    case EFFECT_SEND_SPAN:
        plan_span(sim, node, effect);
        break;
    case EFFECT_STORE_SPAN:
        store_span(sim, node, effect);
        break;
    case EFFECT_ACKED:
        acked(sim, node, &effect->as.acked);
        break;
    case EFFECT_ALARM:
        alarm(sim, node, effect);
        break;
    case EFFECT_WAKE:
        wake(sim, node, effect->as.at_ms);
        break;
    case EFFECT_SUCCEED:
    case EFFECT_RESTORED:
        sim_fail(sim, "not modelled yet");
        break;
    }
}

static void run(struct sim *sim, struct node *node)
{
    while (node->pending_count > 0 && !sim->failed) {
        struct uplink_event event = node->pending[node->pending_first];
        node->pending_first = (node->pending_first + 1) % 16;
        node->pending_count--;
        sim->effects.count = 0;
        uplink_step(&node->uplink, &event, &sim->effects);
        for (size_t i = 0; i < sim->effects.count && !sim->failed; i++) {
            carry_out(sim, node, &sim->effects.list[i]);
        }
    }
}

static void simple(struct sim *sim, struct node *node, enum uplink_event_type type,
                   uint32_t connection)
{
    (void)follow(sim, node, type, connection);
    run(sim, node);
}

void node_cut(struct sim *sim, struct node *node)
{
    struct late_span late = node->late;
    node->late.connection = 0;
    if (late.connection == 0) {
        return;
    }
    uint32_t log = log_index(node, &late.plan.incarnation);
    ASSERT(log < SIM_UP_LOGS);
    if (late.plan.first <= node->durable.deleted[log]) {
        (void)follow(sim, node, UPLINK_EVENT_SEND_BLOCKED, late.connection); /* acked meanwhile */
    } else {
        send_span(sim, node, &late.plan, late.connection);
    }
    run(sim, node);
}

/* ---- life ---- */

void node_boot(struct sim *sim, struct node *node)
{
    struct uplink_config config = {
        .limits = sim->hub.peers[node->index].intake.config.limits,
        .enrolment = node->enrolment,
        .silence_ms = 3000,
        .keep_alive_ms = 10000,
        .reconnect_ms = 500,
        .office_signer = sim->hub.key,
        .province = bytes_of_text(ORGANISATION),
        .regency = bytes_of_text(node->regency),
        .office = node->office,
        .software = bytes_of_text("sim"),
    };
    const struct node_durable *durable = &node->durable;
    struct session_own own = {.pair = durable->pair};
    node->up = true;
    node->wake_ms = 0;
    node->late.connection = 0;
    node->pending_count = 0;
    sim_trace(sim, "node %u: starts, life %u", node->index, node->life);
    uplink_init(&node->uplink, &config, &own, &durable->aggregator, durable->office.seq,
                &durable->office.h);
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        int rc =
            uplink_add_log(&node->uplink, &node->logs[log], log == 0 ? LANE_URGENT : LANE_ROUTINE,
                           durable->logs[log].count, durable->acked[log], durable->receipt[log]);
        ASSERT(rc == 0);
    }
    simple(sim, node, UPLINK_EVENT_START, 0);
}

void node_crash(struct sim *sim, struct node *node)
{
    sim_trace(sim, "node %u: crashes", node->index);
    net_break(sim, node->index);
    disk_crash(sim, node->index);
    node->up = false;
    node->life++;
    sim_at(sim, 100 + rng_below(&sim->rng, 8000),
           (struct event){.type = EVENT_RESTART, .who = node->index});
}

void node_append(struct sim *sim, struct node *node)
{
    uint8_t body[5000];
    uint64_t count = 1 + rng_below(&sim->rng, 3);
    for (uint64_t i = 0; i < count && node->up; i++) {
        size_t len = 20 + rng_below(&sim->rng, rng_below(&sim->rng, 30) == 0 ? 4900 : 250);
        rng_fill(&sim->rng, body, len);
        bool urgent = rng_below(&sim->rng, 3) == 0;
        struct op op = {.type = OP_APPEND, .log = urgent ? 0 : 1, .kind = ENTRY_REPORT};
        disk_put(sim, node->index, op, bytes_of(body, len));
    }
}

void node_wake(struct sim *sim, struct node *node)
{
    if (node->wake_ms == 0 || sim->now_ms < node->wake_ms) {
        return; /* asked for earlier meanwhile, and done */
    }
    node->wake_ms = 0;
    node->spin_count = node->spin_ms == sim->now_ms ? node->spin_count + 1 : 0;
    node->spin_ms = sim->now_ms;
    if (node->spin_count > SIM_SPIN_MAX) {
        sim_fail(sim, "node %u: ticks without end (%s)", node->index,
                 uplink_state_name(node->uplink.state));
        return;
    }
    simple(sim, node, UPLINK_EVENT_TICK, 0);
}

void node_link(struct sim *sim, struct node *node, uint32_t number, bool up)
{
    sim_trace(sim, "node %u: link %u %s", node->index, number, up ? "up" : "down");
    simple(sim, node, up ? UPLINK_EVENT_LINK_UP : UPLINK_EVENT_LINK_DOWN, number);
}

void node_onoff(struct sim *sim, struct node *node, bool on)
{
    sim_trace(sim, "node %u: %s", node->index, on ? "start" : "stop");
    simple(sim, node, on ? UPLINK_EVENT_START : UPLINK_EVENT_STOP, 0);
    if (!on) {
        sim_at(sim, rng_below(&sim->rng, 40),
               (struct event){.type = EVENT_START, .who = node->index, .life = node->life});
    }
}

/* ---- frames ---- */

static const struct hash *own_h(const struct node *node, const struct entry_id *id)
{
    uint32_t log = log_index(node, &id->incarnation);
    return log < SIM_UP_LOGS ? entries_h(&node->durable.logs[log], id->seq) : NULL;
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
    sim_trace(sim, "node %u: hears %s on %u (%d)", node->index, frame_kind_name(kind), number, rc);
    enum uplink_event_type type = rc != 0              ? UPLINK_EVENT_BAD_FRAME
                                  : kind == FRAME_SPAN ? UPLINK_EVENT_SPAN
                                                       : UPLINK_EVENT_CONTROL;
    struct uplink_event *event = follow(sim, node, type, number);
    event->rc = rc;
    if (type == UPLINK_EVENT_SPAN) {
        event->header = &header;
        event->entries = entries;
    } else if (type == UPLINK_EVENT_CONTROL) {
        look_up(node, &control, event);
    }
    run(sim, node);
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
    arena_reset(sim->store_arena);
    int rc = entries_decode(sim, sim->store_arena, bytes_of(op->data, op->len), &header, &entries);
    ASSERT(rc == 0);
    for (uint32_t i = op->store.skip; i < header.count; i++) {
        struct entry_id id = {.incarnation = header.incarnation, .seq = header.first + i};
        check_stored(sim, node->index, &id, entries[i].kind, entries[i].body);
    }
    cursor->seq = op->store.last;
    cursor->h = op->store.h_last;
    return 0;
}

static void apply_acked(struct sim *sim, struct node *node, const struct op *op)
{
    struct node_durable *durable = &node->durable;
    durable->acked[op->log] = op->seq;
    if (op->has_signature && op->seq > durable->receipt[op->log]) {
        durable->receipt[op->log] = op->seq;
        durable->deleted[op->log] = op->seq;
        check_deleted(sim, node->index, op->log, op->seq);
    }
}

int node_apply(struct sim *sim, struct node *node, struct op *op)
{
    struct node_durable *durable = &node->durable;
    switch (op->type) {
    case OP_APPEND:
        entries_add(&durable->logs[op->log], &node->logs[op->log], op->kind,
                    bytes_of(op->data, op->len));
        op->seq = durable->logs[op->log].count;
        check_written(sim, node->index, op->log, op->kind, bytes_of(op->data, op->len));
        break;
    case OP_PAIR:
        durable->pair = op->pair;
        check_pair_written(sim, node->index, &op->pair);
        break;
    case OP_ACKED:
        apply_acked(sim, node, op);
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
        struct uplink_event *event = follow(sim, node, UPLINK_EVENT_APPENDED, 0);
        event->id = (struct entry_id){.incarnation = node->logs[op->log], .seq = op->seq};
    } else if (op->type == OP_PAIR) {
        follow(sim, node, UPLINK_EVENT_PAIR_COMMITTED, 0)->rc = op->rc;
    } else if (op->type == OP_SPAN) {
        struct uplink_event *event = follow(sim, node, UPLINK_EVENT_STORED, 0);
        event->store = op->store;
        event->rc = op->rc;
    }
    run(sim, node);
}
