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
}

static void open_office(struct sim *sim, uint32_t index, const struct intake_config *config)
{
    struct peer_durable *durable = &sim->hub.peers[index].durable;
    struct genesis genesis = {.direction = DIRECTION_DOWN,
                              .lane = LANE_OFFICE,
                              .owner = config->province,
                              .counterpart = config->regency,
                              .signing_key = sim->hub.key,
                              .enrolment = config->enrolment,
                              .created_ms = 1};
    uint8_t body[512];
    size_t len = 0;
    entries_genesis(&genesis, body, sizeof body, &len);
    check_log(sim, SIM_HUB, index, SIM_OFFICE, &durable->office_incarnation);
    entries_add(sim, &durable->office, &durable->office_incarnation, ENTRY_GENESIS,
                bytes_of(body, len));
    check_written(sim, SIM_HUB, &durable->office_incarnation, ENTRY_GENESIS, bytes_of(body, len));
}

/* A log of this node as it stands in the journal, for the engine. */
static int look_up_log(void *arg, const struct entry_id *id, uint64_t *ret_last,
                       struct hash *ret_h_last, struct hash *ret_h)
{
    (void)arg;
    (void)id;
    (void)ret_last;
    (void)ret_h_last;
    (void)ret_h;
    return ERR_NOT_FOUND;
}

void hub_peer(struct sim *sim, uint32_t index, const char *regency, uint64_t enrolment,
              const struct key *key)
{
    struct peer *peer = &sim->hub.peers[index];
    peer->used = true;
    (void)snprintf(peer->regency, sizeof peer->regency, "%s", regency);
    rng_fill(&sim->rng, peer->durable.office_incarnation.b, INCARNATION_BYTES);
    peer->intake.config = (struct intake_config){
        .limits = {.window_start_bytes = 1000 + sim_draw(sim, 2000, 0),
                   .window_max_bytes = 4000 + sim_draw(sim, 30000, 0),
                   .span_raw_bytes = 300 + sim_draw(sim, 3000, 0)},
        .lookup = {.log = look_up_log},
        .keep_alive_ms = 10000,
        .log_key = sim->hub.key,
        .aggregator = sim->hub.incarnation,
        .province = bytes_of_text(ORGANISATION),
        .regency = bytes_of_text(peer->regency),
        .enrolment = enrolment,
        .signing_key = *key,
        .office = peer->durable.office_incarnation,
        .log_secret = sim->hub.secret,
        .receipt_interval_ms = 1000 + sim_draw(sim, 7000, 0),
        .queue_bytes_max = 2000 + sim_draw(sim, 20000, 20000),
    };
    open_office(sim, index, &peer->intake.config);
}

/* ---- carrying out effects ---- */

struct intake_event *hub_follow(struct sim *sim, enum intake_event_type type, uint32_t connection)
{
    struct hub *hub = &sim->hub;
    ASSERT(hub->pending_count < SIM_PENDING);
    size_t at = (hub->pending_first + hub->pending_count++) % SIM_PENDING;
    struct intake_event *event = &hub->pending[at];
    *event = (struct intake_event){.type = type,
                                   .now_ms = sim->now_ms,
                                   .clock_ms = (int64_t)sim->now_ms + hub->clock_offset_ms,
                                   .connection = connection,
                                   .arena = sim->tools->arena};
    return event;
}

/* What a frame claims to have must be there for good. */
static void check_claims(struct sim *sim, uint32_t peer, uint32_t connection,
                         const struct control *control)
{
    check_sent_to(sim, peer, connection, control);
    if (control->kind == FRAME_RESUMED) {
        const struct resumed *resumed = &control->as.resumed;
        if (!resumed->old) {
            check_resumed_sent(sim, peer, resumed->next);
        }
        for (size_t i = 0; i < resumed->cursor_count; i++) {
            check_told(sim, &resumed->cursors[i].id, &resumed->cursors[i].h);
        }
    } else if (control->kind == FRAME_ACK || control->kind == FRAME_RECEIPT) {
        check_told(sim, &control->as.ack.id, &control->as.ack.h);
    } else if (control->kind == FRAME_GAP && control->as.gap.have.seq > 0) {
        check_told(sim, &control->as.gap.have, &control->as.gap.h);
    }
}

static void send_frame(struct sim *sim, uint32_t peer, uint32_t connection,
                       const struct control *control)
{
    sim_trace(sim, "aggregator: sends node %u %s on %u", peer, describe_control(sim, control),
              connection);
    check_claims(sim, peer, connection, control);
    size_t len = 0;
    int rc = control_encode(control, sim->buffer, sizeof sim->buffer, &len, NULL);
    ASSERT(rc == 0);
    net_send_down(sim, peer, connection, bytes_of(sim->buffer, len));
}

static void store_span(struct sim *sim, uint32_t index, const struct effect *effect)
{
    struct op op = {.type = OP_SPAN, .peer = index, .store = effect->as.store};
    const struct intake *intake = &sim->hub.peers[index].intake;
    check_store_asked(sim, index);
    if (intake->queue_bytes > intake->config.queue_bytes_max + FRAME_BYTES_MAX) {
        sim_fail(sim, "node %u: more in the queue than its limit", index);
    }
    disk_put(sim, SIM_HUB, op, sim->frame);
}

static void send_span(struct sim *sim, uint32_t index, const struct span_plan *plan,
                      uint32_t connection)
{
    if (sim_chance(sim, FAULT_BLOCKED) || sim->hub.disk.latched) {
        (void)hub_follow(sim, INTAKE_EVENT_SEND_BLOCKED, connection);
        return;
    }
    uint64_t last = 0;
    struct bytes frame = entries_cut(sim, SIM_HUB, &sim->hub.peers[index].durable.office, plan,
                                     sim->hub.secret, &last);
    sim_trace(sim, "aggregator: sends node %u office %llu..%llu on %u, %zu bytes", index,
              (unsigned long long)plan->first, (unsigned long long)last, connection, frame.len);
    net_send_down(sim, index, connection, frame);
    struct intake_event *sent = hub_follow(sim, INTAKE_EVENT_SPAN_SENT, connection);
    sent->plan = *plan;
    sent->id.seq = last;
    sent->wire_bytes = frame.len;
}

/* As at the node; of two connections at once the later one is remembered. */
static void plan_span(struct sim *sim, uint32_t index, const struct effect *effect)
{
    struct late_span *late = &sim->hub.peers[index].late;
    if (sim_chance(sim, FAULT_SLOW_CUT)) {
        *late = (struct late_span){effect->connection, effect->as.plan};
        sim_at(sim, 1 + rng_below(&sim->rng, 300),
               (struct event){.type = EVENT_CUT_HUB, .who = index, .life = sim->hub.life});
    } else {
        send_span(sim, index, &effect->as.plan, effect->connection);
    }
}

static void alarm(struct sim *sim, uint32_t index, const struct effect *effect)
{
    enum alarm code = effect->as.alarm.code;
    sim->alarms[code]++;
    sim_trace(sim, "aggregator: alarm %s for node %u", alarm_name(code), index);
    bool foreign = code == ALARM_ACK_FOREIGN || code == ALARM_ACK_AHEAD || code == ALARM_ACK_BACK;
    bool broken = sim->profile.level[FAULT_DAMAGED] == 0 &&
                  (code == ALARM_BAD_CHAIN || code == ALARM_WRONG_LOG ||
                   (code == ALARM_BAD_FRAME && effect->as.alarm.error != ERR_STATE));
    bool clone = code == ALARM_FORK;
    if (index != SIM_HOSTILE && (foreign || broken || clone)) {
        sim_fail(sim, "aggregator: false alarm %s for node %u (%s)", alarm_name(code), index,
                 err_name(effect->as.alarm.error));
    }
}

static void acked(struct sim *sim, uint32_t index, const struct ack *ack)
{
    check_acked(sim, SIM_HUB, index, ack);
    struct op op = {.type = OP_ACKED, .peer = index, .seq = ack->id.seq};
    disk_put(sim, SIM_HUB, op, bytes_of(NULL, 0));
}

static void commit_pair(struct sim *sim, uint32_t index, const struct effect *effect)
{
    struct op op = {.type = OP_SESSION,
                    .peer = index,
                    .connection = effect->connection,
                    .memory = sim->hub.peers[index].intake.session};
    if (PLANTED(RESUMED_BEFORE_COMMIT)) {
        op.answered = true;
        (void)hub_follow(sim, INTAKE_EVENT_PAIR_STORED, effect->connection);
    }
    disk_put(sim, SIM_HUB, op, bytes_of(NULL, 0));
}

static void carry_out(struct sim *sim, uint32_t index, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_SEND:
        send_frame(sim, index, effect->connection, &effect->as.control);
        break;
    case EFFECT_COMMIT_PAIR:
        commit_pair(sim, index, effect);
        break;
    case EFFECT_STORE_SPAN:
        store_span(sim, index, effect);
        break;
    case EFFECT_SEND_SPAN:
        plan_span(sim, index, effect);
        break;
    case EFFECT_ACKED:
        acked(sim, index, &effect->as.acked);
        break;
    case EFFECT_ALARM:
        alarm(sim, index, effect);
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

static const struct intake_connection *connection_of(const struct intake *intake, uint32_t number)
{
    for (size_t i = 0; number != 0 && i < INTAKE_CONNECTIONS_MAX; i++) {
        if (intake->connections[i].number == number) {
            return &intake->connections[i];
        }
    }
    return NULL;
}

void hub_run(struct sim *sim, uint32_t index)
{
    struct hub *hub = &sim->hub;
    struct intake *intake = &hub->peers[index].intake;
    while (hub->pending_count > 0 && !sim->failed) {
        struct intake_event *event = &hub->pending[hub->pending_first];
        uint32_t about = event->connection != 0 ? event->connection : intake->live;
        seen_intake(sim, connection_of(intake, about), event->type);
        sim->effects.count = 0;
        intake_step(intake, event, &sim->effects);
        hub->pending_first = (hub->pending_first + 1) % SIM_PENDING;
        hub->pending_count--;
        for (size_t i = 0; i < sim->effects.count && !sim->failed; i++) {
            carry_out(sim, index, &sim->effects.list[i]);
        }
    }
}

void hub_cut(struct sim *sim, uint32_t index)
{
    struct late_span late = sim->hub.peers[index].late;
    sim->hub.peers[index].late.connection = 0;
    if (late.connection != 0) {
        send_span(sim, index, &late.plan, late.connection);
        hub_run(sim, index);
    }
}

/* ---- life ---- */

static void say_backed_up(struct peer *peer)
{
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        const struct cursor *cursor = &peer->backup.logs[log];
        intake_set_backed_up(&peer->intake, &cursor->incarnation, cursor->seq);
    }
}

static void boot_peer(struct sim *sim, uint32_t index)
{
    struct peer *peer = &sim->hub.peers[index];
    struct intake_config config = peer->intake.config;
    const struct peer_durable *durable = &peer->durable;
    peer->late.connection = 0;
    intake_init(&peer->intake, &config, &durable->memory);
    peer->intake.revoked = peer->revoked; /* peers.c: as the views say */
    for (uint32_t log = 0; log < SIM_UP_LOGS; log++) {
        const struct cursor *cursor = &durable->logs[log];
        if (cursor->open) {
            int rc = intake_add_log(&peer->intake, &cursor->incarnation,
                                    log == 0 ? LANE_URGENT : LANE_ROUTINE, cursor->seq, &cursor->h);
            ASSERT(rc == 0);
        }
    }
    int rc = intake_set_office(&peer->intake, durable->office.count, durable->office_acked);
    ASSERT(rc == 0);
    say_backed_up(peer);
}

void hub_boot(struct sim *sim)
{
    struct hub *hub = &sim->hub;
    sim_trace(sim, "aggregator: starts, life %u", hub->life);
    hub->up = true;
    hub->opening = false;
    hub->pending_count = 0;
    for (uint32_t i = 0; i < SIM_PEERS; i++) {
        if (hub->peers[i].used) {
            boot_peer(sim, i);
        }
    }
    sim_at(sim, TICK_MS, (struct event){.type = EVENT_HUB_TICK, .life = hub->life});
}

void hub_append(struct sim *sim, uint32_t index)
{
    if (!sim->hub.up) {
        return;
    }
    uint8_t body[1000];
    size_t len = 20 + sim_draw(sim, 900, 80);
    rng_fill(&sim->rng, body, len);
    struct op op = {.type = OP_APPEND, .peer = index, .kind = ENTRY_DOCUMENT};
    sim->entry_count++;
    disk_put(sim, SIM_HUB, op, bytes_of(body, len));
}

/* Without a live connection a tick does nothing. */
void hub_tick(struct sim *sim)
{
    for (uint32_t i = 0; i < SIM_PEERS && !sim->failed; i++) {
        if (sim->hub.peers[i].used && sim->hub.peers[i].intake.live != 0) {
            (void)hub_follow(sim, INTAKE_EVENT_TICK, 0);
            hub_run(sim, i);
        }
    }
    sim_at(sim, TICK_MS, (struct event){.type = EVENT_HUB_TICK, .life = sim->hub.life});
}

/* `kabar backup`: a copy of what is committed; the cursors in it are backed up from then on. */
void hub_backup(struct sim *sim)
{
    if (sim->hub.up && !sim->hub.disk.latched && !sim->hub.disk.unsynced) {
        sim_trace(sim, "aggregator: backup");
        for (uint32_t i = 0; i < SIM_PEERS; i++) {
            struct peer *peer = &sim->hub.peers[i];
            peer->backup = peer->durable;
            say_backed_up(peer);
            check_backup(sim, i);
        }
    }
    if (sim->faults && sim->options.script == NULL) {
        sim_at(sim, 1000 + rng_below(&sim->rng, 12000), (struct event){.type = EVENT_BACKUP});
    }
}

void hub_gone(struct sim *sim, uint32_t index, uint32_t number)
{
    sim_trace(sim, "aggregator: connection %u of node %u is gone", number, index);
    (void)hub_follow(sim, INTAKE_EVENT_GONE, number);
    hub_run(sim, index);
}

void hub_flush(struct sim *sim, uint32_t index)
{
    (void)hub_follow(sim, INTAKE_EVENT_FLUSH, 0);
    hub_run(sim, index);
}

/* Two officers have signed it; the views say so at every start from now on. */
void hub_revoke(struct sim *sim, uint32_t index)
{
    sim_trace(sim, "aggregator: node %u is revoked", index);
    sim->hub.peers[index].revoked = true;
    check_revoked(sim, index);
    (void)hub_follow(sim, INTAKE_EVENT_REVOKED, 0);
    hub_run(sim, index);
}
