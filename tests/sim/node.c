/* node.c - the shell around uplink.h: what kabar-node does, with a made-up disk and network. */
#include "core/base/assert.h"
#include "core/seal/chain.h"
#include "core/sync/retention.h"
#include "sim.h"

#define ORGANISATION "16"
#define RETENTION_MS 2000 /* here entries are old soon */

static struct writer_of writer_of(struct node *node, uint32_t log)
{
    return (struct writer_of){.box = node->index,
                              .peer = node->peer,
                              .log = log,
                              .genesis = {.direction = DIRECTION_UP,
                                          .lane = log == 0 ? LANE_URGENT : LANE_ROUTINE,
                                          .owner = bytes_of_text(node->regency),
                                          .counterpart = bytes_of_text(ORGANISATION),
                                          .signing_key = node->key,
                                          .enrolment = node->enrolment,
                                          .created_ms = 1}};
}

static void open_log(struct sim *sim, struct node *node, uint32_t log)
{
    struct own_log *own = &node->durable.lines[log].now;
    const struct writer_of writer = writer_of(node, log);
    uint8_t body[512];
    size_t len = 0;
    rng_fill(&sim->rng, own->incarnation.b, sizeof own->incarnation.b);
    entries_genesis(&writer.genesis, body, sizeof body, &len);
    check_log(sim, node->index, node->peer, log, &own->incarnation);
    entries_add(sim, &own->entries, &own->incarnation, ENTRY_GENESIS, bytes_of(body, len));
    check_written(sim, node->index, &own->incarnation, ENTRY_GENESIS, bytes_of(body, len));
}

void node_setup(struct sim *sim, uint32_t index)
{
    struct node *node = &sim->nodes[index];
    node->index = index;
    node->peer = index;
    node->enrolment = 100 + index;
    bool far = sim_draw(sim, 3, 1) == 0;
    node->delay_ms = 5 + (uint32_t)sim_draw(sim, far ? 500 : 60, 35);
    (void)snprintf(node->regency, sizeof node->regency, "16.0%u", index + 1);
    uint8_t seed[32];
    rng_fill(&sim->rng, seed, sizeof seed);
    seal_keypair(seed, &node->key, node->secret);
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        open_log(sim, node, log);
    }
    hub_peer(sim, index, node->regency, node->enrolment, &node->key);
    node->durable.office_count = 1;
    node->durable.offices[0].incarnation = sim->hub.peers[index].durable.office.now.incarnation;
    check_reads(sim, index, index, &node->durable.offices[0].incarnation);
}

/* All logs after what is acknowledged, in a new chain of session pairs; or the one of the line that
 * `from` names, from there (node_life.c). */
int node_succeed(struct sim *sim, struct node *node, const struct entry_id *from)
{
    struct node_durable *durable = &node->durable;
    bool all = incarnation_is_zero(&from->incarnation);
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        struct line *line = &durable->lines[log];
        const struct writer_of writer = writer_of(node, log);
        struct entry_id at = *from;
        if (all) {
            at = (struct entry_id){line->now.incarnation, line->now.acked};
        } else if (line_find(line, &from->incarnation) == NULL) {
            continue;
        }
        int rc = line_succeed(sim, line, &writer, &at);
        if (rc != 0) {
            return rc;
        }
    }
    if (all) {
        durable->pair = (struct session_pair){{0}, {0}};
        durable->successor = true;
        check_pair_written(sim, node->index, &durable->pair);
    }
    durable->moved = false;
    return 0;
}

/* ---- carrying out effects ---- */

struct uplink_event *node_follow(struct sim *sim, struct node *node, enum uplink_event_type type,
                                 uint32_t connection)
{
    ASSERT(node->pending_count < SIM_PENDING);
    size_t at = (node->pending_first + node->pending_count++) % SIM_PENDING;
    struct uplink_event *event = &node->pending[at];
    *event = (struct uplink_event){.type = type,
                                   .now_ms = sim->now_ms,
                                   .clock_ms = (int64_t)sim->now_ms + 777 + node->clock_offset_ms,
                                   .connection = connection,
                                   .arena = sim->tools->arena};
    rng_fill(&sim->rng, event->random, sizeof event->random);
    return event;
}

uint32_t node_log(const struct node *node, const struct incarnation *incarnation)
{
    uint32_t log = 0;
    while (log < SIM_UP_LOGS &&
           !incarnation_equal(&node->durable.lines[log].now.incarnation, incarnation)) {
        log++;
    }
    return log;
}

static void wake(struct sim *sim, struct node *node, uint64_t at_ms)
{
    at_ms = at_ms < sim->now_ms ? sim->now_ms : at_ms;
    if (PLANTED(WAKE_FORGOTTEN) || (node->wake_ms != 0 && node->wake_ms <= at_ms)) {
        return;
    }
    node->wake_ms = at_ms;
    sim_at(sim, at_ms - sim->now_ms,
           (struct event){.type = EVENT_WAKE, .who = node->index, .life = node->life});
}

void node_off(struct sim *sim, struct node *node, const char *why)
{
    sim_trace(sim, "node %u: %s", node->index, why);
    node->off = node->stuck = true;
    sim_at(sim, 0, (struct event){.type = EVENT_END, .who = node->index, .life = node->life});
}

/* The aggregator lost what this node was told to delete for want of room. A person must help; the
 * node keeps what it has. */
void node_stuck(struct sim *sim, struct node *node)
{
    check_stuck(sim, node->index);
    sim->persons++;
    node_off(sim, node, "cannot go back so far");
}

static void send_span(struct sim *sim, struct node *node, const struct span_plan *plan,
                      uint32_t connection)
{
    uint32_t log = node_log(node, &plan->incarnation);
    ASSERT(log < SIM_UP_LOGS);
    const struct own_log *own = &node->durable.lines[log].now;
    bool gone = plan->first <= own->deleted;
    if (gone) {
        node_stuck(sim, node);
    }
    if (gone || sim_chance(sim, FAULT_BLOCKED) || node->disk.latched) {
        (void)node_follow(sim, node, UPLINK_EVENT_SEND_BLOCKED, connection);
        return;
    }
    uint64_t last = 0;
    struct bytes frame = entries_cut(sim, node->index, &own->entries, plan, node->secret,
                                     net_sent(sim, node, connection), &last);
    sim_trace(sim, "node %u: sends %s %llu..%llu on %u, %zu bytes", node->index,
              log == 0 ? "urgent" : "routine", (unsigned long long)plan->first,
              (unsigned long long)last, connection, frame.len);
    check_span_sent(sim, node, connection, plan, last, frame.len);
    net_send_up(sim, node, connection, frame);
    struct uplink_event *sent = node_follow(sim, node, UPLINK_EVENT_SPAN_SENT, connection);
    sent->plan = *plan;
    sent->id.seq = last;
    sent->wire_bytes = frame.len;
}

/* Entries may have to be read first: other events come in between. */
static void plan_span(struct sim *sim, struct node *node, const struct effect *effect)
{
    if (node->late.connection == effect->connection) {
        sim_fail(sim, "node %u: a span was asked for before the last was sent", node->index);
    } else if (sim_chance(sim, FAULT_SLOW_CUT)) {
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
    sim_trace(sim, "node %u: sends %s on %u", node->index, describe_control(sim, control),
              effect->connection);
    if (control->kind == FRAME_RESUME) {
        const struct resume *resume = &control->as.resume;
        check_pair_sent(sim, node->index, &resume->pair);
        struct entry_id id = {.incarnation = resume->office, .seq = resume->office_seq};
        check_told(sim, node->index, &id, &resume->office_h);
    } else if (control->kind == FRAME_ACK) {
        check_told(sim, node->index, &control->as.ack.id, &control->as.ack.h);
    }
    size_t len = 0;
    int rc = control_encode(control, sim->buffer, sizeof sim->buffer, &len, NULL);
    ASSERT(rc == 0);
    net_send_up(sim, node, effect->connection, bytes_of(sim->buffer, len));
}

static void store_span(struct sim *sim, struct node *node, const struct effect *effect)
{
    struct op op = {.type = OP_SPAN, .store = effect->as.store};
    if (PLANTED(OFFICE_ACK_BEFORE_COMMIT)) {
        op.answered = true;
        node_follow(sim, node, UPLINK_EVENT_STORED, 0)->store = op.store;
    }
    disk_put(sim, node->index, op, sim->frame);
}

/* What the uplink knows is stored, as node_commit.c does. */
static void acked(struct sim *sim, struct node *node, const struct ack *ack)
{
    sim_trace(sim, "node %u: takes %s of %llu", node->index, ack->has_signature ? "receipt" : "ack",
              (unsigned long long)ack->id.seq);
    check_acked(sim, node->index, node->peer, ack);
    check_window_acked(sim, node->index, ack);
    uint32_t log = node_log(node, &ack->id.incarnation);
    if (log < SIM_UP_LOGS) {
        const struct out_log *out = sender_log(&node->uplink.sender, &ack->id.incarnation);
        struct op op = {.type = OP_ACKED,
                        .log = log,
                        .incarnation = ack->id.incarnation,
                        .receipted = ack->has_signature ? *ack : (struct ack){.id.seq = 0},
                        .seq = out->acked,
                        .receipt = out->receipt,
                        .has_backup = ack->has_signature,
                        .backed_up_to = ack->backed_up_to};
        disk_put(sim, node->index, op, bytes_of(NULL, 0));
    }
}

/* Unless this node was copied or restored, or the aggregator was, these must not be raised. */
static void alarm(struct sim *sim, struct node *node, const struct effect *effect)
{
    enum alarm code = effect->as.alarm.code;
    enum denied_code denied = effect->as.alarm.denied;
    sim->alarms[code]++;
    sim_trace(sim, "node %u: alarm %s %s", node->index, alarm_name(code),
              code == ALARM_DENIED ? denied_code_name(denied) : "");
    bool damaged = sim->profile.level[FAULT_DAMAGED] > 0;
    if (sim->hub.peers[node->peer].split || sim->hub.was_restored) {
        bool locked_out = denied == DENIED_WRONG_LOG || denied == DENIED_FORK;
        if (code == ALARM_DENIED && locked_out && !sim->faults) {
            sim->persons++; /* README, "Who needs a person" */
            node_off(sim, node, "must be enrolled anew");
        }
        return;
    }
    bool clone = code == ALARM_CLONE || code == ALARM_FORK || code == ALARM_SUCCESSOR ||
                 (code == ALARM_DENIED && (denied == DENIED_CLONE || denied == DENIED_FORK ||
                                           (denied == DENIED_WRONG_LOG && !damaged)));
    bool foreign = code == ALARM_ACK_FOREIGN || code == ALARM_ACK_AHEAD || code == ALARM_ACK_BACK;
    bool broken = !damaged && (code == ALARM_BAD_CHAIN || code == ALARM_BAD_FRAME);
    bool strange = !damaged && sim->hostile == NULL && code == ALARM_WRONG_LOG;
    /* A damaged span may name another log, and the GAP that answers it then does. */
    if (clone || (foreign && !(damaged && effect->as.alarm.error == ERR_NOT_FOUND)) || broken ||
        strange) {
        sim_fail(sim, "node %u: false alarm %s (%s, %s)", node->index, alarm_name(code),
                 err_name(effect->as.alarm.error), denied_code_name(denied));
    }
}

static void carry_out(struct sim *sim, struct node *node, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_CONNECT:
        sim_trace(sim, "node %u: connects, %u", node->index, effect->connection);
        net_connect(sim, node, effect->connection);
        break;
    case EFFECT_DISCONNECT:
        sim_trace(sim, "node %u: disconnects %u", node->index, effect->connection);
        if (node->late.connection == effect->connection) {
            node->late.connection = 0;
        }
        net_disconnect(sim, node, effect->connection);
        break;
    case EFFECT_COMMIT_PAIR:
        disk_put(sim, node->index,
                 (struct op){.type = OP_PAIR,
                             .pair = effect->as.pair,
                             .successor = node->uplink.own.successor},
                 bytes_of(NULL, 0));
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
        sim_trace(sim, "node %u: its logs must go on as others", node->index);
        node->renewing = true;
        net_forget(sim, node);
        disk_put(sim, node->index, (struct op){.type = OP_LIFE, .from = effect->as.from},
                 bytes_of(NULL, 0));
        break;
    case EFFECT_OBJECT: /* nobody asks for one here */
        break;
    case EFFECT_SEND_PART: /* no object is here: every WANT is answered MISSING */
    case EFFECT_RESTORED:
        sim_fail(sim, "an uplink never asks for this");
        break;
    }
}

void node_carry_out(struct sim *sim, struct node *node)
{
    for (size_t i = 0; i < sim->effects.count && !sim->failed; i++) {
        carry_out(sim, node, &sim->effects.list[i]);
    }
}

void node_run(struct sim *sim, struct node *node)
{
    while (node->pending_count > 0 && !sim->failed) {
        struct uplink_event *event = &node->pending[node->pending_first];
        seen_uplink(sim, node->uplink.state, event->type);
        sim->effects.count = 0;
        uplink_step(&node->uplink, event, &sim->effects);
        node->pending_first = (node->pending_first + 1) % SIM_PENDING;
        node->pending_count--;
        node_carry_out(sim, node);
    }
}

static void simple(struct sim *sim, struct node *node, enum uplink_event_type type,
                   uint32_t connection)
{
    (void)node_follow(sim, node, type, connection);
    node_run(sim, node);
}

void node_cut(struct sim *sim, struct node *node)
{
    struct late_span late = node->late;
    node->late.connection = 0;
    if (late.connection == 0) {
        return;
    }
    uint32_t log = node_log(node, &late.plan.incarnation);
    ASSERT(log < SIM_UP_LOGS);
    if (late.plan.first <= node->durable.lines[log].now.deleted) { /* acked meanwhile */
        (void)node_follow(sim, node, UPLINK_EVENT_SEND_BLOCKED, late.connection);
    } else {
        send_span(sim, node, &late.plan, late.connection);
    }
    node_run(sim, node);
}

/* ---- life ---- */

static int office_h(void *arg, const struct entry_id *id, struct hash *ret)
{
    const struct node *node = arg;
    for (size_t i = node->durable.office_count; i-- > 0;) {
        const struct kept *office = &node->durable.offices[i];
        if (!incarnation_equal(&office->incarnation, &id->incarnation)) {
            continue;
        }
        if (id->seq > 0 && id->seq <= office->count) {
            *ret = office->h[id->seq - 1];
        }
        return id->seq <= office->count ? 0 : ERR_NOT_FOUND;
    }
    return ERR_NOT_FOUND;
}

/* The engine, from what is stored. */
void node_begin(struct sim *sim, struct node *node)
{
    const struct intake_config *hub = &sim->hub.peers[node->peer].intake.config;
    const struct node_durable *durable = &node->durable;
    const struct kept *office = &durable->offices[durable->office_count - 1];
    static const struct hash none;
    struct uplink_config config = {
        .limits = hub->limits,
        .enrolment = node->enrolment,
        .silence_ms = 3000,
        .keep_alive_ms = 10000,
        .reconnect_ms = 500,
        .office_signer = sim->hub.key,
        .province = bytes_of_text(ORGANISATION),
        .regency = bytes_of_text(node->regency),
        .office = office->incarnation,
        .lookup_arg = node,
        .office_h = office_h,
        .software = bytes_of_text("sim"),
    };
    struct session_own own = {.pair = durable->pair, .successor = durable->successor};
    node->wake_ms = 0;
    node->renewing = false;
    node->begun++;
    node->late.connection = 0;
    node->pending_count = 0;
    uplink_init(&node->uplink, &config, &own, &durable->aggregator, office->count,
                office->count == 0 ? &none : &office->h[office->count - 1]);
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        const struct own_log *own_log = &durable->lines[log].now;
        int rc = uplink_add_log(&node->uplink, &own_log->incarnation,
                                log == 0 ? LANE_URGENT : LANE_ROUTINE, own_log->entries.count,
                                own_log->acked, own_log->receipt);
        ASSERT(rc == 0);
        if (!incarnation_is_zero(&own_log->predecessor.incarnation)) {
            uplink_set_predecessor(&node->uplink, &own_log->incarnation, &own_log->predecessor);
        }
        if (own_log->last_receipt.id.seq > 0) {
            uplink_set_receipt(&node->uplink, &own_log->last_receipt);
        }
    }
    simple(sim, node, UPLINK_EVENT_START, 0);
}

/* A store that is not where it was: its logs go on as others before anybody may write. */
void node_boot(struct sim *sim, struct node *node)
{
    if (node->durable.moved && !PLANTED(SEQ_REUSED)) {
        sim_trace(sim, "node %u: finds its store moved", node->index);
        disk_put(sim, node->index, (struct op){.type = OP_LIFE}, bytes_of(NULL, 0));
        return;
    }
    node->up = true;
    node->opening = false;
    sim_trace(sim, "node %u: starts, life %u", node->index, node->life);
    node_begin(sim, node);
}

void node_write(struct sim *sim, struct node *node, uint32_t log, size_t len)
{
    uint8_t body[5000];
    ASSERT(len <= sizeof body);
    rng_fill(&sim->rng, body, len);
    for (size_t i = len / 2; i < len; i++) { /* half of it can be packed */
        body[i] = (uint8_t)(i % 64);
    }
    struct op op = {.type = OP_APPEND, .log = log, .kind = ENTRY_REPORT};
    sim->entry_count++;
    disk_put(sim, node->index, op, bytes_of(body, len));
}

void node_append(struct sim *sim, struct node *node)
{
    uint64_t count = 1 + rng_below(&sim->rng, 3);
    for (uint64_t i = 0; i < count && node->up; i++) {
        size_t len = 20 + rng_below(&sim->rng, rng_below(&sim->rng, 30) == 0 ? 4900 : 250);
        node_write(sim, node, rng_below(&sim->rng, 3) == 0 ? 0 : 1, len);
    }
}

/* As node_prune.c: which may go is the word of the core. */
void node_prune(struct sim *sim, struct node *node)
{
    for (uint32_t log = 0; node->up && log < SIM_UP_LOGS; log++) {
        const struct own_log *own = &node->durable.lines[log].now;
        const struct retention retention = {.acked = own->acked,
                                            .receipt = own->receipt,
                                            .backed_up_to = own->backed_up_to,
                                            .before_ms = (int64_t)sim->now_ms - RETENTION_MS,
                                            .store_full = node->disk.full};
        uint64_t seq = own->deleted;
        while (seq < own->entries.count &&
               retention_may_delete(&retention, seq + 1, own->entries.list[seq].created_ms)) {
            seq++;
        }
        if (seq > own->deleted) {
            struct op op = {.type = OP_PRUNE,
                            .log = log,
                            .incarnation = own->incarnation,
                            .seq = seq,
                            .full = node->disk.full};
            disk_put(sim, node->index, op, bytes_of(NULL, 0));
        }
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
    sim_trace(sim, "node %u: link %u is %s", node->index, number, up ? "up" : "down");
    simple(sim, node, up ? UPLINK_EVENT_LINK_UP : UPLINK_EVENT_LINK_DOWN, number);
}

void node_onoff(struct sim *sim, struct node *node, bool on)
{
    if (node->renewing) {
        return;
    }
    sim_trace(sim, "node %u: %s", node->index, on ? "start" : "stop");
    simple(sim, node, on ? UPLINK_EVENT_START : UPLINK_EVENT_STOP, 0);
    if (!on && sim->options.script == NULL) {
        sim_at(sim, rng_below(&sim->rng, 40),
               (struct event){.type = EVENT_START, .who = node->index, .life = node->life});
    }
}

/* Everything after the last receipt goes on a stick, in spans that come out in any order. */
void node_stick(struct sim *sim, struct node *node)
{
    if (!node->up || node->disk.latched || !sim_fault(sim, FAULT_STICK, 1000)) {
        return;
    }
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        const struct own_log *own = &node->durable.lines[log].now;
        uint64_t at = own->receipt > own->deleted ? own->receipt : own->deleted;
        while (at < own->entries.count) {
            struct span_plan plan = {.incarnation = own->incarnation,
                                     .first = at + 1,
                                     .last_max = own->entries.count,
                                     .raw_bytes_max = 200 + rng_below(&sim->rng, 3000)};
            struct bytes frame =
                entries_cut(sim, node->index, &own->entries, &plan, node->secret, NULL, &at);
            struct packet *packet = net_packet(sim, frame);
            packet->to_hub = true;
            sim_at(sim, rng_below(&sim->rng, 9000),
                   (struct event){.type = EVENT_STICK, .who = node->peer, .packet = packet});
        }
    }
}
