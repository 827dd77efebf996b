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
    rng_fill(&sim->rng, hub->durable.incarnation.b, INCARNATION_BYTES);
}

static struct writer_of writer_of(const struct sim *sim, uint32_t index)
{
    const struct intake_config *config = &sim->hub.peers[index].intake.config;
    return (struct writer_of){.box = SIM_HUB,
                              .peer = index,
                              .log = SIM_OFFICE,
                              .genesis = {.direction = DIRECTION_DOWN,
                                          .lane = LANE_OFFICE,
                                          .owner = config->province,
                                          .counterpart = config->regency,
                                          .signing_key = sim->hub.key,
                                          .enrolment = config->enrolment,
                                          .created_ms = 1}};
}

static void open_office(struct sim *sim, uint32_t index)
{
    struct own_log *office = &sim->hub.peers[index].durable.office.now;
    const struct writer_of writer = writer_of(sim, index);
    uint8_t body[512];
    size_t len = 0;
    entries_genesis(&writer.genesis, body, sizeof body, &len);
    check_log(sim, SIM_HUB, index, SIM_OFFICE, &office->incarnation);
    entries_add(sim, &office->entries, &office->incarnation, ENTRY_GENESIS, bytes_of(body, len));
    check_written(sim, SIM_HUB, &office->incarnation, ENTRY_GENESIS, bytes_of(body, len));
}

struct kept *hub_kept(struct peer *peer, const struct incarnation *incarnation)
{
    for (size_t i = 0; i < peer->durable.log_count; i++) {
        if (incarnation_equal(&peer->durable.logs[i].incarnation, incarnation)) {
            return &peer->durable.logs[i];
        }
    }
    return NULL;
}

/* A log of this node as it stands in the journal, for the engine. */
static int look_up_log(void *arg, const struct entry_id *id, uint64_t *ret_last,
                       struct hash *ret_h_last, struct hash *ret_h)
{
    static const struct hash none;
    const struct kept *kept = hub_kept(arg, &id->incarnation);
    if (kept == NULL) {
        return ERR_NOT_FOUND;
    }
    *ret_last = kept->count;
    *ret_h_last = kept->count == 0 ? none : kept->h[kept->count - 1];
    if (id->seq <= kept->count) {
        *ret_h = id->seq == 0 ? none : kept->h[id->seq - 1];
    }
    return 0;
}

void hub_peer(struct sim *sim, uint32_t index, const char *regency, uint64_t enrolment,
              const struct key *key)
{
    struct peer *peer = &sim->hub.peers[index];
    peer->used = true;
    (void)snprintf(peer->regency, sizeof peer->regency, "%s", regency);
    rng_fill(&sim->rng, peer->durable.office.now.incarnation.b, INCARNATION_BYTES);
    peer->intake.config = (struct intake_config){
        .limits = {.window_start_bytes = 1000 + sim_draw(sim, 2000, 0),
                   .window_max_bytes = 4000 + sim_draw(sim, 30000, 0),
                   .span_raw_bytes = 300 + sim_draw(sim, 3000, 0)},
        .lookup = {.arg = peer, .log = look_up_log},
        .keep_alive_ms = 10000,
        .log_key = sim->hub.key,
        .province = bytes_of_text(ORGANISATION),
        .regency = bytes_of_text(peer->regency),
        .enrolment = enrolment,
        .signing_key = *key,
        .log_secret = sim->hub.secret,
        .receipt_interval_ms = 1000 + sim_draw(sim, 7000, 0),
        .queue_bytes_max = 2000 + sim_draw(sim, 20000, 20000),
        .lives_max = index == SIM_HOSTILE ? SIM_HOSTILE_LIVES : 0,
    };
    open_office(sim, index);
}

/* The office log of this peer goes on from there; of all peers, after what is acknowledged, under a
 * new name of the aggregator. */
int hub_succeed(struct sim *sim, uint32_t index, const struct entry_id *from)
{
    if (index < SIM_PEERS) {
        const struct writer_of writer = writer_of(sim, index);
        struct line *office = &sim->hub.peers[index].durable.office;
        struct entry_id all = *from;
        if (line_find(office, &from->incarnation) == NULL) { /* all of the line (office.c) */
            all.incarnation =
                office->before_count > 0 ? office->before[0].incarnation : office->now.incarnation;
        }
        return line_succeed(sim, office, &writer, &all);
    }
    for (uint32_t i = 0; i < SIM_PEERS; i++) {
        struct line *office = &sim->hub.peers[i].durable.office;
        const struct writer_of writer = writer_of(sim, i);
        const struct entry_id after = {office->now.incarnation, office->now.acked};
        int rc = sim->hub.peers[i].used ? line_succeed(sim, office, &writer, &after) : 0;
        ASSERT(rc == 0);
    }
    rng_fill(&sim->rng, sim->hub.durable.incarnation.b, INCARNATION_BYTES);
    sim->hub.durable.moved = false;
    return 0;
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
            check_told(sim, SIM_HUB, &resumed->cursors[i].id, &resumed->cursors[i].h);
        }
    } else if (control->kind == FRAME_ACK || control->kind == FRAME_RECEIPT) {
        check_told(sim, SIM_HUB, &control->as.ack.id, &control->as.ack.h);
    } else if (control->kind == FRAME_GAP && control->as.gap.have.seq > 0) {
        check_told(sim, SIM_HUB, &control->as.gap.have, &control->as.gap.h);
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
    const struct own_log *log =
        line_find(&sim->hub.peers[index].durable.office, &plan->incarnation);
    if (log == NULL || plan->first > log->entries.count) { /* it went on as another meanwhile */
        (void)hub_follow(sim, INTAKE_EVENT_SEND_BLOCKED, connection);
        return;
    }
    struct bytes frame =
        entries_cut(sim, SIM_HUB, &log->entries, plan, sim->hub.secret, NULL, &last);
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
    bool split = index == SIM_HOSTILE || sim->hub.peers[index].split || sim->hub.was_restored;
    sim_trace(sim, "aggregator: alarm %s for node %u", alarm_name(code), index);
    bool foreign = code == ALARM_ACK_FOREIGN || code == ALARM_ACK_AHEAD || code == ALARM_ACK_BACK;
    bool broken = sim->profile.level[FAULT_DAMAGED] == 0 &&
                  (code == ALARM_BAD_CHAIN || code == ALARM_WRONG_LOG ||
                   (code == ALARM_BAD_FRAME && effect->as.alarm.error != ERR_STATE));
    bool clone = code == ALARM_FORK || code == ALARM_SUCCESSOR || code == ALARM_RESTORED;
    if (!split && (foreign || broken || clone)) {
        sim_fail(sim, "aggregator: false alarm %s for node %u (%s)", alarm_name(code), index,
                 err_name(effect->as.alarm.error));
    }
}

static void acked(struct sim *sim, uint32_t index, const struct ack *ack)
{
    check_acked(sim, SIM_HUB, index, ack);
    struct op op = {
        .type = OP_ACKED, .peer = index, .incarnation = ack->id.incarnation, .seq = ack->id.seq};
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
    case EFFECT_SUCCEED:
        sim_trace(sim, "aggregator: the office log of node %u must go on as another", index);
        if (index == SIM_HOSTILE &&
            sim->hub.peers[index].durable.office.before_count + 1 >= SIM_HOSTILE_LIVES) {
            sim_fail(sim, "aggregator: another life of the hostile's office log, %zu before",
                     sim->hub.peers[index].durable.office.before_count);
        }
        sim->hub.peers[index].renewing = true;
        disk_put(sim, SIM_HUB, (struct op){.type = OP_LIFE, .peer = index, .from = effect->as.from},
                 bytes_of(NULL, 0));
        break;
    case EFFECT_OBJECT: /* nobody asks for one here */
        break;
    case EFFECT_RESTORED:
        sim_trace(sim, "aggregator: sees that it was restored");
        check_was_restored(sim);
        disk_put(sim, SIM_HUB, (struct op){.type = OP_MOVED, .peer = index}, bytes_of(NULL, 0));
        break;
    case EFFECT_CONNECT:
    case EFFECT_DISCONNECT:
    case EFFECT_SEND_PART:
    case EFFECT_WAKE:
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

void hub_carry_out(struct sim *sim, uint32_t index)
{
    for (size_t i = 0; i < sim->effects.count && !sim->failed; i++) {
        carry_out(sim, index, &sim->effects.list[i]);
    }
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
        hub_carry_out(sim, index);
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
    for (size_t i = 0; i < peer->backup.log_count; i++) {
        const struct kept *kept = &peer->backup.logs[i];
        intake_set_backed_up(&peer->intake, &kept->incarnation, kept->count);
    }
}

void hub_begin(struct sim *sim, uint32_t index)
{
    static const struct hash none;
    struct peer *peer = &sim->hub.peers[index];
    struct intake_config config = peer->intake.config;
    const struct peer_durable *durable = &peer->durable;
    config.aggregator = sim->hub.durable.incarnation;
    config.office = durable->office.now.incarnation;
    peer->late.connection = 0;
    peer->renewing = false;
    intake_init(&peer->intake, &config, &durable->memory);
    peer->intake.revoked = peer->revoked; /* peers.c: as the views say */
    for (size_t i = 0; i <= durable->office.before_count; i++) {
        intake_count_life(&peer->intake, LANE_OFFICE);
    }
    for (size_t i = 0; i < durable->log_count; i++) {
        const struct kept *kept = &durable->logs[i];
        intake_count_life(&peer->intake, kept->lane);
        if (!kept->ended) {
            int rc = intake_add_log(&peer->intake, &kept->incarnation, kept->lane, kept->count,
                                    kept->count == 0 ? &none : &kept->h[kept->count - 1]);
            ASSERT(rc == 0);
        }
    }
    int rc = intake_set_office(&peer->intake, durable->office.now.entries.count,
                               durable->office.now.acked);
    ASSERT(rc == 0);
    say_backed_up(peer);
}

void hub_boot(struct sim *sim)
{
    struct hub *hub = &sim->hub;
    if (hub->durable.moved) {
        sim_trace(sim, "aggregator: finds its store moved");
        disk_put(sim, SIM_HUB, (struct op){.type = OP_LIFE, .peer = SIM_PEERS}, bytes_of(NULL, 0));
        return;
    }
    sim_trace(sim, "aggregator: starts, life %u", hub->life);
    hub->up = true;
    hub->opening = false;
    hub->pending_count = 0;
    for (uint32_t i = 0; i < SIM_PEERS; i++) {
        if (hub->peers[i].used) {
            hub_begin(sim, i);
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
        const struct peer *peer = &sim->hub.peers[i];
        if (peer->used && !peer->renewing && peer->intake.live != 0) {
            (void)hub_follow(sim, INTAKE_EVENT_TICK, 0);
            hub_run(sim, i);
        }
    }
    sim_at(sim, TICK_MS, (struct event){.type = EVENT_HUB_TICK, .life = sim->hub.life});
}

/* `kabar backup`: a copy of what is committed; the cursors in it are backed up from then on. */
void hub_backup(struct sim *sim)
{
    if (sim->hub.up && restore_backup_fits(sim)) {
        sim_trace(sim, "aggregator: backup");
        for (uint32_t i = 0; i < SIM_PEERS; i++) {
            struct peer *peer = &sim->hub.peers[i];
            peer->backup = peer->durable;
            if (peer->used) {
                say_backed_up(peer);
            }
        }
        sim->hub.backup = sim->hub.durable;
        sim->hub.has_backup = true;
        check_backup(sim, SIM_HUB);
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
