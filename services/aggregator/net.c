/* Frames to intakes, and their effects carried out. No rules here: core/sync/intake decides. */
#include "aggregator/fetch.h"
#include "aggregator/give.h"
#include "aggregator/span_in.h"

#include "core/base/assert.h"

#define SEND_RETRY_MS 5u
#define TICK_MS 1000u
#define EVENTS_MAX 128u
#define ANEW_RETRY_S 1u
#define EXIT_RESTORED 75 /* start me again */

/* Events of one peer that follow from one another; all are dealt with before the turn ends. */
struct turn {
    struct intake_event list[EVENTS_MAX];
    size_t first, count;
    struct bytes frame; /* what a STORE_SPAN effect stores */
    struct effects effects;
    bool running;
};

static struct intake_event event_of(enum intake_event_type type, uint32_t connection)
{
    return (struct intake_event){.type = type,
                                 .now_ms = host_monotonic_ms(),
                                 .clock_ms = host_wall_ms(),
                                 .connection = connection};
}

/* Room for one more event in the turn at hand. */
static struct intake_event *follow(struct peer *peer, enum intake_event_type type,
                                   uint32_t connection)
{
    struct turn *turn = peer->aggregator->turn;
    ASSERT(turn->count < EVENTS_MAX);
    struct intake_event *event = &turn->list[(turn->first + turn->count++) % EVENTS_MAX];
    *event = event_of(type, connection);
    return event;
}

struct peer *net_peer(struct aggregator *aggregator, uint64_t enrolment)
{
    struct peer *peer = aggregator->peers;
    while (peer != NULL && peer->enrolment != enrolment) {
        peer = peer->next;
    }
    return peer;
}

static struct peer *peer_of_key(struct aggregator *aggregator, const uint8_t key[KEY_BYTES])
{
    struct peer *found = NULL;
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        if (memcmp(peer->curve_key.b, key, KEY_BYTES) == 0 &&
            (found == NULL || peer->enrolment > found->enrolment)) {
            found = peer;
        }
    }
    return found;
}

bool net_connected(const struct peer *peer)
{
    uint64_t silence_ms = peer->aggregator->conf->keep_alive_s * 1500u;
    return intake_connected(&peer->intake, host_monotonic_ms(), silence_ms);
}

/* ---- connections and what waits for them ---- */

static void outbox_clear(struct peer_connection *connection)
{
    while (connection->first != NULL) {
        struct outgoing *outgoing = connection->first;
        connection->first = outgoing->next;
        free(outgoing);
    }
    free(connection->past);
    *connection = (struct peer_connection){0};
}

static struct peer_connection *connection_numbered(struct peer *peer, uint32_t number)
{
    for (size_t i = 0; number != 0 && i < INTAKE_CONNECTIONS_MAX; i++) {
        if (peer->connections[i].number == number) {
            return &peer->connections[i];
        }
    }
    return NULL;
}

static uint32_t connection_of_route(struct peer *peer, const struct link_route *route)
{
    struct peer_connection *oldest = &peer->connections[0];
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        struct peer_connection *connection = &peer->connections[i];
        if (connection->number != 0 && connection->route.len == route->len &&
            memcmp(connection->route.id, route->id, route->len) == 0) {
            return connection->number;
        }
        if (connection->number < oldest->number) {
            oldest = connection;
        }
    }
    outbox_clear(oldest);
    oldest->number = ++peer->last_number;
    oldest->route = *route;
    return oldest->number;
}

static int send_now(struct peer *peer, struct peer_connection *connection, struct bytes frame)
{
    int rc = link_server_send(peer->aggregator->server, &connection->route, frame);
    if (rc == ERR_GONE) {
        (void)follow(peer, INTAKE_EVENT_GONE, connection->number);
        outbox_clear(connection);
    }
    return rc;
}

static void send_or_queue(struct peer *peer, uint32_t number, struct bytes frame)
{
    struct peer_connection *connection = connection_numbered(peer, number);
    if (connection == NULL) {
        return;
    }
    if (connection->first == NULL && send_now(peer, connection, frame) != ERR_AGAIN) {
        return;
    }
    struct outgoing *outgoing =
        connection->waiting < PEER_OUTBOX_MAX ? malloc(sizeof *outgoing + frame.len) : NULL;
    if (outgoing == NULL) {
        return; /* a peer that does not read loses acks, which the next one repeats */
    }
    outgoing->next = NULL;
    outgoing->len = frame.len;
    memcpy(outgoing->frame, frame.data, frame.len);
    if (connection->last != NULL && connection->first != NULL) {
        connection->last->next = outgoing;
    } else {
        connection->first = outgoing;
    }
    connection->last = outgoing;
    connection->waiting++;
    loop_timer_set(peer->aggregator->retry, SEND_RETRY_MS);
}

static void outbox_retry(struct peer *peer, struct peer_connection *connection)
{
    while (connection->first != NULL) {
        struct outgoing *outgoing = connection->first;
        int rc = send_now(peer, connection, bytes_of(outgoing->frame, outgoing->len));
        if (rc != 0) {
            break;
        }
        connection->first = outgoing->next;
        connection->waiting--;
        free(outgoing);
    }
    if (connection->first != NULL) {
        loop_timer_set(peer->aggregator->retry, SEND_RETRY_MS);
    }
}

/* ---- effects ---- */

static void run(struct peer *peer, const struct intake_event *event);

struct span_command {
    struct store_command command;
    struct peer *peer;
    struct span_store store;
    int64_t received_ms;
    struct journal_clock clock;
    size_t len;
    uint8_t frame[];
};

static int span_run(struct store_txn *txn, void *arg)
{
    const struct span_command *span = arg;
    struct journal_span put = {.store = &span->store,
                               .frame = bytes_of(span->frame, span->len),
                               .enrolment = span->peer->enrolment,
                               .owner = span->peer->regency,
                               .received_ms = span->received_ms,
                               .clock = span->clock};
    return journal_put_span(txn, &put);
}

static void span_done(void *arg, int rc)
{
    struct span_command *span = arg;
    struct intake_event event = event_of(INTAKE_EVENT_STORED, 0);
    event.store = span->store;
    event.wire_bytes = span->len;
    event.rc = rc;
    span->peer->flush_due = true;
    span->peer->under_way--;
    run(span->peer, &event);
    free(span);
}

/* Nothing could be handed to the store: the intake hears it as an answer. */
static void not_stored(struct peer *peer, const struct effect *effect, size_t wire_bytes, int rc)
{
    struct intake_event *event = follow(peer, INTAKE_EVENT_STORED, 0);
    event->store = effect->as.store;
    event->wire_bytes = wire_bytes;
    event->rc = rc;
}

/* As the session's RESUME said: the session that brings an entry is the next one after it.
 * What comes by stick has none. */
static struct journal_clock clock_of(const struct peer *peer, const struct effect *effect)
{
    int64_t s = peer->intake.clock_offset_ms / 1000;
    int64_t most = JOURNAL_CLOCK_S_MAX;
    return (struct journal_clock){.known = effect->connection != CARRIED_CONNECTION,
                                  .s = (int32_t)(s > most    ? most
                                                 : s < -most ? -most
                                                             : s)};
}

static void store_span(struct peer *peer, const struct effect *effect)
{
    struct bytes frame = peer->aggregator->turn->frame;
    struct span_command *span = malloc(sizeof *span + frame.len);
    if (span == NULL) {
        not_stored(peer, effect, frame.len, ERR_NOMEM);
        return;
    }
    *span = (struct span_command){
        .command = {.run = span_run, .done = span_done, .arg = span, .droppable = true},
        .peer = peer,
        .store = effect->as.store,
        .received_ms = host_wall_ms(),
        .clock = clock_of(peer, effect),
        .len = frame.len};
    memcpy(span->frame, frame.data, frame.len);
    int rc = store_submit(peer->aggregator->journal, &span->command);
    if (rc != 0) {
        free(span);
        not_stored(peer, effect, frame.len, rc);
    } else {
        peer->under_way++;
    }
}

struct pair_command {
    struct store_command command;
    struct peer *peer;
    uint32_t connection;
    struct session_memory memory;
};

static int pair_run(struct store_txn *txn, void *arg)
{
    const struct pair_command *pair = arg;
    journal_put_session(txn, pair->peer->enrolment, &pair->memory);
    return 0;
}

static void pair_done(void *arg, int rc)
{
    struct pair_command *pair = arg;
    struct intake_event event = event_of(INTAKE_EVENT_PAIR_STORED, pair->connection);
    event.rc = rc;
    pair->peer->under_way--;
    if (rc == 0) {
        net_resumed(pair->peer);
    }
    run(pair->peer, &event);
    free(pair);
}

static void commit_pair(struct peer *peer, uint32_t connection)
{
    struct pair_command *pair = malloc(sizeof *pair);
    int rc = ERR_NOMEM;
    if (pair != NULL) {
        *pair = (struct pair_command){.command = {.run = pair_run, .done = pair_done, .arg = pair},
                                      .peer = peer,
                                      .connection = connection,
                                      .memory = peer->intake.session};
        rc = store_submit(peer->aggregator->journal, &pair->command);
    }
    if (rc != 0) {
        free(pair);
        follow(peer, INTAKE_EVENT_PAIR_STORED, connection)->rc = rc;
    } else {
        peer->under_way++;
    }
}

static void alarm_seen(struct peer *peer, const struct effect *effect)
{
    enum alarm code = effect->as.alarm.code;
    uint64_t held = 0;
    peer->alarms[code]++;
    if (log_limit_pass(&peer->alarm_limit[code], host_monotonic_ms(),
                       peer->aggregator->conf->log_interval_s * 1000u, &held) != 0) {
        LOG(LOG_LEVEL_WARN, "alarm", log_text("alarm", alarm_name(code)),
            log_text("node", peer->regency), log_u64("enrolment", peer->enrolment),
            log_text("error", err_name(effect->as.alarm.error)),
            log_u64("count", peer->alarms[code]), log_u64("held_back", held));
    }
}

static void send_span(struct peer *peer, const struct effect *effect)
{
    struct peer_connection *connection = connection_numbered(peer, effect->connection);
    struct bytes frame = {0};
    uint64_t last = 0;
    int rc = connection == NULL ? ERR_GONE : connection->first != NULL ? ERR_AGAIN : 0;
    if (rc == 0) {
        rc = office_cut(peer, &effect->as.plan, &frame, &last);
    }
    if (rc == 0) {
        rc = send_now(peer, connection, frame);
    }
    if (rc == ERR_GONE) {
        return;
    }
    struct intake_event *event = follow(
        peer, rc == 0 ? INTAKE_EVENT_SPAN_SENT : INTAKE_EVENT_SEND_BLOCKED, effect->connection);
    event->plan = effect->as.plan;
    event->id = (struct entry_id){.incarnation = effect->as.plan.incarnation, .seq = last};
    event->wire_bytes = frame.len;
    if (rc == ERR_AGAIN) {
        loop_timer_set(peer->aggregator->retry, SEND_RETRY_MS);
    } else if (rc != 0) { /* our own store: the tick tries again */
        LOG(LOG_LEVEL_ERROR, "office_not_cut", log_text("node", peer->regency),
            log_u64("first", effect->as.plan.first), log_text("error", err_name(rc)));
    }
}

/* Of an object that the node asked for. */
static void send_part(struct peer *peer, const struct effect *effect)
{
    struct peer_connection *connection = connection_numbered(peer, effect->connection);
    struct bytes frame;
    struct err_ctx err = {""};
    int rc = connection == NULL ? ERR_GONE : connection->first != NULL ? ERR_AGAIN : 0;
    int read = rc != 0 ? 0 : give_part(peer->aggregator, &effect->as.part, &frame, &err);
    if (rc == 0 && read == 0) {
        rc = send_now(peer, connection, frame);
    }
    if (rc == ERR_GONE) {
        return;
    }
    follow(peer, rc == 0 ? INTAKE_EVENT_PART_SENT : INTAKE_EVENT_SEND_BLOCKED, effect->connection)
        ->rc = read;
    if (rc != 0) {
        loop_timer_set(peer->aggregator->retry, SEND_RETRY_MS);
    } else if (read != 0) {
        LOG(LOG_LEVEL_WARN, "part_not_read", log_text("node", peer->regency),
            log_text("error", err_peek(&err, read)));
    }
}

static void finish_turn(struct peer *peer);

static void send_control(struct peer *peer, const struct effect *effect)
{
    struct aggregator *aggregator = peer->aggregator;
    size_t len = 0;
    int rc = control_encode(&effect->as.control, aggregator->control, sizeof aggregator->control,
                            &len, NULL);
    ASSERT(rc == 0);
    send_or_queue(peer, effect->connection, bytes_of(aggregator->control, len));
}

void net_send(struct peer *peer, uint32_t connection, const struct control *control)
{
    struct effect effect = {.connection = connection, .as.control = *control};
    send_control(peer, &effect);
    if (!peer->aggregator->turn->running) {
        finish_turn(peer);
    }
}

struct restored_command {
    struct store_command command;
    struct aggregator *aggregator;
};

static int restored_run(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_mark_moved(txn);
    return 0;
}

static void restored_done(void *arg, int rc)
{
    struct restored_command *restored = arg;
    struct aggregator *aggregator = restored->aggregator;
    free(restored);
    if (aggregator->stopping) {
        return;
    }
    LOG(LOG_LEVEL_ERROR, "stopping",
        log_text("why",
                 "the journal is an older one than this province receipted: restored unseen"),
        log_text("what", "started again, it takes new names and asks its nodes for what it lost"),
        log_text("marked", rc == 0 ? "yes" : err_name(rc)));
    aggregator->exit_code = EXIT_RESTORED;
    loop_stop(aggregator->loop);
}

/* Our own signature says that we lost what we had: whatever we write now may contradict it. */
static void mark_restored(struct peer *peer)
{
    struct restored_command *restored = malloc(sizeof *restored);
    if (restored == NULL) {
        return; /* the node says it again */
    }
    *restored = (struct restored_command){
        .command = {.run = restored_run, .done = restored_done, .arg = restored},
        .aggregator = peer->aggregator};
    if (store_submit(peer->aggregator->journal, &restored->command) != 0) {
        free(restored);
    }
}

static void carry_out(struct peer *peer, const struct effect *effect)
{
    switch (effect->type) {
    case EFFECT_SEND:
        send_control(peer, effect);
        break;
    case EFFECT_SEND_SPAN:
        send_span(peer, effect);
        break;
    case EFFECT_STORE_SPAN:
        store_span(peer, effect);
        break;
    case EFFECT_COMMIT_PAIR:
        commit_pair(peer, effect->connection);
        break;
    case EFFECT_ACKED:
        office_note_ack(peer, &effect->as.acked);
        break;
    case EFFECT_ALARM:
        alarm_seen(peer, effect);
        break;
    case EFFECT_WAKE: /* the tick comes every second anyway */
        break;
    case EFFECT_OBJECT:
        fetch_frame(peer, effect->connection, &effect->as.control);
        break;
    case EFFECT_SEND_PART:
        send_part(peer, effect);
        break;
    case EFFECT_CONNECT:
    case EFFECT_DISCONNECT:
        ASSERT(false && "an intake does not dial");
        break;
    case EFFECT_SUCCEED:
        office_succeed(peer, &effect->as.from);
        break;
    case EFFECT_RESTORED:
        mark_restored(peer);
        break;
    }
}

/* Deals with what is in the turn until nothing follows any more. */
static void finish_turn(struct peer *peer)
{
    struct turn *turn = peer->aggregator->turn;
    ASSERT(!turn->running);
    turn->running = true;
    while (turn->count > 0) {
        struct intake_event event = turn->list[turn->first];
        turn->first = (turn->first + 1) % EVENTS_MAX;
        turn->count--;
        turn->effects.count = 0;
        if (peer->stopped) {
            continue; /* its engine begins anew from the store */
        }
        intake_step(&peer->intake, &event, &turn->effects);
        for (size_t i = 0; i < turn->effects.count; i++) {
            carry_out(peer, &turn->effects.list[i]);
        }
    }
    turn->running = false;
    turn->frame = (struct bytes){0};
}

static void run(struct peer *peer, const struct intake_event *event)
{
    struct turn *turn = peer->aggregator->turn;
    ASSERT(turn->count < EVENTS_MAX);
    turn->list[(turn->first + turn->count++) % EVENTS_MAX] = *event;
    finish_turn(peer);
}

/* Its office log has another name, or its engine stopped for nothing: whoever is connected comes
 * back. */
void net_begin_anew(struct peer *peer)
{
    struct effect come_back = {
        .type = EFFECT_SEND,
        .as.control = {.kind = FRAME_COME_BACK, .as.come_back.retry_s = ANEW_RETRY_S}};
    peer->begin_anew = false;
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        come_back.connection = peer->connections[i].number;
        if (come_back.connection != 0) {
            send_control(peer, &come_back);
        }
    }
    finish_turn(peer); /* what came of that is this peer's, and its old engine's: nobody else's */
    int rc = net_load_intake(peer);
    if (rc != 0) {
        LOG(LOG_LEVEL_ERROR, "node_not_loaded", log_text("node", peer->regency),
            log_text("error", err_name(rc)));
        peer->begin_anew = true; /* the tick tries again */
        return;
    }
    peer->stopped = false;
}

/* ---- frames in ---- */

/* `frame` becomes what is kept of a span. */
static int decode(struct peer *peer, struct bytes *frame, struct intake_event *event,
                  struct control *control, struct span_header *header, struct hash *own)
{
    struct aggregator *aggregator = peer->aggregator;
    int kind = frame_kind_of(*frame, NULL);
    if (kind < 0) {
        return kind;
    }
    if (kind == FRAME_SPAN) {
        struct peer_connection *connection = connection_numbered(peer, event->connection);
        event->type = INTAKE_EVENT_SPAN;
        return span_in(aggregator, connection, frame, header, event);
    }
    event->type = INTAKE_EVENT_CONTROL;
    event->control = control;
    int rc = control_decode(*frame, aggregator->arena, control, NULL);
    return rc == 0 && office_look_up(peer, event, own) != 0 ? ERR_AGAIN : rc;
}

static void on_frame(void *arg, const struct link_route *route, const uint8_t key[KEY_BYTES],
                     struct bytes frame)
{
    struct aggregator *aggregator = arg;
    struct peer *peer = peer_of_key(aggregator, key);
    if (peer == NULL || aggregator->stopping) {
        return; /* a key without an enrolment never passes the ZAP handler */
    }
    struct control control;
    struct span_header header = {.count = 0};
    struct hash own;
    struct intake_event event = event_of(INTAKE_EVENT_BAD_FRAME, connection_of_route(peer, route));
    arena_reset(aggregator->arena);
    event.arena = aggregator->arena;
    event.wire_bytes = frame.len;
    /* A revoked key's frames are not even looked into. */
    event.rc = peer->active ? decode(peer, &frame, &event, &control, &header, &own) : ERR_KEY;
    if (event.rc == ERR_AGAIN) {
        return; /* our store: a node that hears nothing comes again */
    }
    if (event.rc != 0 && event.rc != ERR_GAP) {
        event.type = INTAKE_EVENT_BAD_FRAME;
        aggregator->frames_bad++;
    } else {
        peer->heard_wall_ms = event.clock_ms;
    }
    aggregator->turn->frame = frame;
    run(peer, &event);
}

void net_carry(struct peer *peer, struct bytes frame, struct carried *ret)
{
    struct aggregator *aggregator = peer->aggregator;
    struct turn *turn = aggregator->turn;
    struct intake_event event = event_of(INTAKE_EVENT_SPAN, CARRIED_CONNECTION);
    struct span_header header = {.count = 0};
    struct control control;
    struct hash own;
    arena_reset(aggregator->arena);
    event.arena = aggregator->arena;
    int rc = peer->stopped ? ERR_AGAIN : frame_kind_of(frame, NULL);
    rc = rc == FRAME_SPAN ? decode(peer, &frame, &event, &control, &header, &own)
         : rc < 0         ? rc
                          : ERR_FORMAT; /* nothing else comes from a node by stick */
    if (rc != 0) {
        aggregator->frames_bad += rc != ERR_AGAIN;
        carried_refuse(ret, rc == ERR_AGAIN ? CARRIED_LATER : CARRIED_REFUSED, rc, NULL);
        return;
    }
    ASSERT(!turn->running);
    turn->running = true;
    turn->frame = frame;
    turn->effects.count = 0;
    intake_carry(&peer->intake, &event, &turn->effects, ret);
    for (size_t i = 0; i < turn->effects.count; i++) {
        carry_out(peer, &turn->effects.list[i]);
    }
    turn->running = false;
    finish_turn(peer);
}

static bool allow(void *arg, const uint8_t key[KEY_BYTES])
{
    const struct peer *peer = peer_of_key(arg, key);
    return peer != NULL;
}

static void on_denied(void *arg, const uint8_t key[KEY_BYTES])
{
    struct aggregator *aggregator = arg;
    uint64_t held = 0;
    if (log_limit_pass(&aggregator->denied_limit, host_monotonic_ms(),
                       aggregator->conf->log_interval_s * 1000u, &held) != 0) {
        LOG(LOG_LEVEL_WARN, "key_denied", log_hex("key", key, 8), log_u64("held_back", held));
    }
}

/* ---- the parts' life ---- */

int net_open(struct aggregator *aggregator, struct err_ctx *err)
{
    aggregator->turn = calloc(1, sizeof *aggregator->turn);
    if (aggregator->turn == NULL) {
        return err_set(err, ERR_NOMEM, "intake: out of memory");
    }
    struct link_server_config config = {.context = aggregator->link_context,
                                        .loop = aggregator->loop,
                                        .endpoint = aggregator->conf->listen,
                                        .secret_key = aggregator->curve_secret,
                                        .allow = allow,
                                        .on_frame = on_frame,
                                        .on_denied = on_denied,
                                        .arg = aggregator,
                                        .test_without_zap = aggregator->test_without_zap};
    return link_server_open(&config, &aggregator->server, err);
}

static void peer_free(struct peer *peer)
{
    fetch_stop(peer);
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        outbox_clear(&peer->connections[i]);
    }
    free(peer);
}

void net_close(struct aggregator *aggregator)
{
    if (aggregator->server != NULL) {
        link_server_close(aggregator->server);
        aggregator->server = NULL;
    }
    while (aggregator->peers != NULL) {
        struct peer *peer = aggregator->peers;
        aggregator->peers = peer->next;
        peer_free(peer);
    }
    free(aggregator->turn);
    aggregator->turn = NULL;
}

/* Everyone, when something is to be said to each. */
static void run_all(struct aggregator *aggregator, enum intake_event_type type)
{
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        struct intake_event event = event_of(type, 0);
        run(peer, &event);
    }
}

/* Those who never got through a handshake: counted by the link, said once an interval. */
static void say_handshakes(struct aggregator *aggregator)
{
    uint64_t failed = link_server_counts(aggregator->server)->handshake_failed;
    uint64_t held = 0;
    if (failed != aggregator->handshakes_failed &&
        log_limit_pass(&aggregator->handshake_limit, host_monotonic_ms(),
                       aggregator->conf->log_interval_s * 1000u, &held) != 0) {
        LOG(LOG_LEVEL_WARN, "handshakes_failed",
            log_u64("count", failed - aggregator->handshakes_failed), log_u64("total", failed));
        aggregator->handshakes_failed = failed;
    }
}

/* How much was held back since the last line of its kind, when nothing has come since to say it. */
static void say_held_back(struct aggregator *aggregator)
{
    uint64_t now_ms = host_monotonic_ms();
    uint64_t interval_ms = aggregator->conf->log_interval_s * 1000u;
    uint64_t held = 0;
    if (log_limit_rest(&aggregator->denied_limit, now_ms, interval_ms, &held) != 0) {
        LOG(LOG_LEVEL_WARN, "key_denied", log_u64("held_back", held));
    }
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        for (int code = 0; code < ALARM_COUNT; code++) {
            if (log_limit_rest(&peer->alarm_limit[code], now_ms, interval_ms, &held) != 0) {
                LOG(LOG_LEVEL_WARN, "alarm", log_text("alarm", alarm_name((enum alarm)code)),
                    log_text("node", peer->regency), log_u64("enrolment", peer->enrolment),
                    log_u64("count", peer->alarms[code]), log_u64("held_back", held));
            }
        }
    }
}

void net_tick(struct aggregator *aggregator)
{
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        if (peer->begin_anew && peer->under_way == 0) {
            net_begin_anew(peer);
        }
    }
    run_all(aggregator, INTAKE_EVENT_TICK);
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        fetch_tick(peer);
    }
    say_handshakes(aggregator);
    say_held_back(aggregator);
    loop_timer_set(aggregator->tick, TICK_MS);
}

void net_retry(struct aggregator *aggregator)
{
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
            if (peer->connections[i].first != NULL) {
                outbox_retry(peer, &peer->connections[i]);
            }
        }
        if (peer->intake.blocked || aggregator->turn->count > 0) {
            struct intake_event event = event_of(INTAKE_EVENT_TICK, 0);
            run(peer, &event);
        }
    }
}

void net_flush(struct aggregator *aggregator)
{
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        if (peer->flush_due) {
            peer->flush_due = false;
            struct intake_event event = event_of(INTAKE_EVENT_FLUSH, 0);
            run(peer, &event);
        }
    }
}

void net_hold(struct aggregator *aggregator, bool held)
{
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        intake_hold(&peer->intake, held);
    }
}

void net_revoke(struct peer *peer)
{
    if (!peer->active) {
        return;
    }
    peer->active = false;
    LOG(LOG_LEVEL_WARN, "node_revoked", log_text("node", peer->regency),
        log_u64("enrolment", peer->enrolment));
    struct intake_event event = event_of(INTAKE_EVENT_REVOKED, 0);
    run(peer, &event);
}

void net_say_bye(struct aggregator *aggregator)
{
    run_all(aggregator, INTAKE_EVENT_CLOSE);
}

void net_office_appended(struct aggregator *aggregator, const struct incarnation *office,
                         uint64_t last)
{
    for (struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        if (incarnation_equal(&peer->office, office)) {
            struct intake_event event = event_of(INTAKE_EVENT_APPENDED, 0);
            event.id = (struct entry_id){.incarnation = *office, .seq = last};
            run(peer, &event);
        }
    }
}
