#include "core/sync/intake_private.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/seal/chain.h"

#define OFFICE_RETRY_S 1u
#define SILENT_KEEP_ALIVES 2u /* without a word: then a successor may take over */
#define KEEP_ALIVE_MS_MIN 1000u
#define KEEP_ALIVE_MS_MAX 3600000u
#define OFFICE_SILENCE_MS 15000u /* least wait for an ack of office spans */
#define OFFICE_DOUBLINGS_MAX 6u

void intake_init(struct intake *intake, const struct intake_config *config,
                 const struct session_memory *session)
{
    memset(intake, 0, sizeof *intake);
    intake->config = *config;
    intake->session = *session;
    intake->session_durable = *session;
    intake->keep_alive_ms = config->keep_alive_ms;
    sender_init(&intake->office, &config->limits);
}

int intake_set_office(struct intake *intake, uint64_t last, uint64_t acked)
{
    return sender_add(&intake->office, &intake->config.office, LANE_OFFICE, last, acked);
}

void intake_count_life(struct intake *intake, enum lane lane)
{
    ASSERT(lane < LANE_JOURNAL);
    intake->lives[lane]++;
}

bool intake_lives_full(const struct intake *intake, enum lane lane)
{
    uint32_t most = intake->config.lives_max == 0 ? LOG_LIVES_MAX : intake->config.lives_max;
    return intake->lives[lane] >= most && !PLANTED(LIVES_UNCOUNTED);
}

bool intake_connected(const struct intake *intake, uint64_t now_ms, uint64_t silence_ms)
{
    if (intake->revoked || intake->heard_ms == 0 || now_ms - intake->heard_ms > silence_ms) {
        return false;
    }
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        if (intake->connections[i].number != 0 && intake->connections[i].state == INTAKE_OPEN) {
            return true;
        }
    }
    return false;
}

/* ---- connections ---- */

static struct intake_connection *find_connection(struct intake *intake, uint32_t number)
{
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        if (intake->connections[i].number == number) {
            return &intake->connections[i];
        }
    }
    return NULL;
}

/* The connection's place; a new one takes a free place or the lowest number's (the oldest). */
static struct intake_connection *connection_of(struct intake *intake, uint32_t number)
{
    ASSERT(number != 0);
    struct intake_connection *connection = find_connection(intake, number);
    if (connection != NULL) {
        return connection;
    }
    connection = &intake->connections[0];
    for (size_t i = 1; i < INTAKE_CONNECTIONS_MAX; i++) {
        if (intake->connections[i].number < connection->number) {
            connection = &intake->connections[i];
        }
    }
    *connection = (struct intake_connection){.number = number, .state = INTAKE_NEW};
    return connection;
}

static void connection_move(struct intake_connection *connection, enum intake_connection_state to)
{
    static const uint8_t allowed[] = {
        [INTAKE_NEW] = 1u << INTAKE_RESUMING | 1u << INTAKE_CLOSED,
        [INTAKE_RESUMING] = 1u << INTAKE_OPEN | 1u << INTAKE_CLOSED,
        [INTAKE_OPEN] = 1u << INTAKE_CLOSED,
        [INTAKE_CLOSED] = 0,
    };
    ASSERT(allowed[connection->state] & 1u << to);
    connection->state = to;
}

static void close_connection(struct intake *intake, struct intake_connection *connection)
{
    connection_move(connection, INTAKE_CLOSED);
    if (intake->live == connection->number) {
        intake->live = 0;
    }
}

struct denied *intake_deny(struct intake *intake, struct intake_connection *connection,
                           struct effects *effects, enum denied_code code, const char *text)
{
    struct denied *denied = &effects_send(effects, connection->number, FRAME_DENIED)->as.denied;
    denied->code = code;
    denied->text = bytes_of_text(text);
    close_connection(intake, connection);
    return denied;
}

void intake_come_back(struct intake *intake, struct intake_connection *connection,
                      struct effects *effects, uint32_t retry_s)
{
    effects_send(effects, connection->number, FRAME_COME_BACK)->as.come_back.retry_s = retry_s;
    close_connection(intake, connection);
}

/* ---- acks ---- */

static uint64_t credit_of(const struct intake *intake)
{
    bool room = !intake->held && intake->queue_bytes < intake->config.queue_bytes_max;
    return room ? intake->config.queue_bytes_max - intake->queue_bytes : 0;
}

static struct ack ack_of(const struct intake *intake, const struct intake_log *log)
{
    return (struct ack){
        .id = {.incarnation = log->receiver.incarnation, .seq = log->receiver.durable},
        .h = log->receiver.durable_h,
        .aggregator = intake->config.aggregator,
        .backed_up_to = log->backed_up_to,
        .credit_bytes = credit_of(intake),
    };
}

void intake_hold(struct intake *intake, bool held)
{
    for (size_t i = 0; intake->held && !held && i < intake->log_count; i++) {
        struct intake_log *log = &intake->logs[i];
        log->ack_due = !log->ended && log->receiver.durable > 0;
    }
    intake->held = held;
}

/* The connection that answers go to; NULL when there is none. */
struct intake_connection *intake_live(struct intake *intake)
{
    struct intake_connection *connection = find_connection(intake, intake->live);
    bool open = intake->live != 0 && connection != NULL && connection->state == INTAKE_OPEN;
    return open ? connection : NULL;
}

/* Answers go where the node speaks: a RESUME of a connection it gave up may arrive late and be
 * answered, but the next frame on the one it holds takes everything back there. */
static void follow(struct intake *intake, uint32_t number, uint64_t now_ms)
{
    if (intake->live == number) {
        return;
    }
    intake->live = number;
    intake->planned = false;
    intake->blocked = false;
    object_giver_session(&intake->giver);
    uint64_t credit_bytes = intake->office.credit_bytes;
    sender_start(&intake->office, now_ms);
    intake->office.credit_bytes = credit_bytes;
}

static void send_ack(struct intake *intake, struct intake_log *log, struct effects *effects)
{
    log->ack_due = false;
    if (intake_live(intake) != NULL) {
        effects_send(effects, intake->live, FRAME_ACK)->as.ack = ack_of(intake, log);
    }
}

void intake_receipt(const struct intake *intake, const struct intake_log *log, struct ack *ret)
{
    *ret = ack_of(intake, log);
    if (PLANTED(RECEIPT_BEFORE_COMMIT)) {
        ret->id.seq = log->receiver.taken;
        ret->h = log->receiver.taken_h;
    }
    struct receipt receipt = {.aggregator = ret->aggregator,
                              .id = ret->id,
                              .h = ret->h,
                              .backed_up_to = ret->backed_up_to};
    receipt_sign(intake->config.log_secret, &receipt, &ret->signature);
    ret->has_signature = true;
}

static void send_receipt(struct intake *intake, struct intake_log *log, struct effects *effects,
                         uint64_t now_ms)
{
    struct ack *ack = &effects_send(effects, intake->live, FRAME_RECEIPT)->as.ack;
    intake_receipt(intake, log, ack);
    log->receipt_seq = ack->id.seq;
    log->receipt_backed_up_to = ack->backed_up_to;
    log->receipt_ms = now_ms;
}

static void flush(struct intake *intake, const struct intake_event *event, struct effects *effects,
                  bool closing)
{
    for (size_t i = 0; i < intake->log_count; i++) {
        struct intake_log *log = &intake->logs[i];
        if (log->ack_due) {
            send_ack(intake, log, effects);
        }
        bool more = log->receiver.durable > log->receipt_seq ||
                    log->backed_up_to > log->receipt_backed_up_to;
        bool time = closing || log->receipt_ms == 0 ||
                    event->now_ms >= log->receipt_ms + intake->config.receipt_interval_ms;
        if (more && time && !log->ended && intake_live(intake) != NULL) {
            send_receipt(intake, log, effects, event->now_ms);
        }
    }
}

/* ---- the office log, towards the node ---- */

static void plan_next(struct intake *intake, struct effects *effects)
{
    struct span_plan plan;
    if (intake->planned || intake->blocked || intake_live(intake) == NULL) {
        return;
    }
    if (intake->office_held || !sender_next(&intake->office, &plan)) {
        intake->planned = object_giver_plan(&intake->giver, intake->live, effects);
        return;
    }
    intake->planned = true;
    effects_add(effects, EFFECT_SEND_SPAN, intake->live)->as.plan = plan;
}

/* Office spans without an ack for too long were lost inside the connection: the node has nothing
 * that would show it, so a new session must. */
static void watch_office(struct intake *intake, const struct intake_event *event,
                         struct effects *effects)
{
    struct intake_connection *connection = intake_live(intake);
    const struct sender *office = &intake->office;
    uint64_t wait = pace_patience_ms(&office->pace, office->outstanding_bytes);
    wait = wait > OFFICE_SILENCE_MS ? wait : OFFICE_SILENCE_MS;
    if (connection == NULL || office->span_count == 0 ||
        event->now_ms < office->progress_ms + (wait << intake->office_doublings)) {
        return;
    }
    if (intake->office_doublings < OFFICE_DOUBLINGS_MAX) {
        intake->office_doublings++;
    }
    intake_come_back(intake, connection, effects, OFFICE_RETRY_S);
}

static void office_error(const struct intake_event *event, struct effects *effects, int rc)
{
    effects_alarm(effects, event->connection, rc == ERR_VALUE ? ALARM_ACK_AHEAD : ALARM_ACK_FOREIGN,
                  rc);
}

static void office_acked(struct intake *intake, const struct intake_event *event,
                         struct effects *effects, const struct ack *ack)
{
    bool moved = false;
    int rc = sender_acked(&intake->office, ack, event->own_h, event->now_ms, &moved);
    if (rc != 0) {
        office_error(event, effects, rc);
    } else if (moved) {
        intake->office_doublings = 0;
        effects_add(effects, EFFECT_ACKED, event->connection)->as.acked = *ack;
    }
}

/* A session begins where the node says its office log ends: at nothing of this one, if the node has
 * another one. */
static void office_resume(struct intake *intake, const struct intake_event *event,
                          struct effects *effects, const struct resume *resume)
{
    bool present = incarnation_equal(&resume->office, &intake->config.office);
    struct ack at = {
        .id = {.incarnation = intake->config.office, .seq = present ? resume->office_seq : 0},
        .h = resume->office_h,
        .credit_bytes = resume->credit_bytes};
    bool back = false;
    int rc = sender_cursor(&intake->office, &at, event->own_h, &back);
    intake->office_held = rc != 0;
    if (rc != 0) {
        office_error(event, effects, rc);
        return;
    }
    office_acked(intake, event, effects, &at);
}

/* The node has less of an earlier office log than this one goes on from; or another one, of a life
 * of ours that is lost; or another past of it, because we were put back unseen and wrote in it
 * again for a copy of the node: then all of the line is said again. */
static void office_gap(struct intake *intake, struct intake_connection *connection,
                       const struct intake_event *event, struct effects *effects)
{
    const struct gap *gap = &event->control->as.gap;
    struct entry_id from = gap->have;
    if (incarnation_equal(&from.incarnation, &intake->config.office)) {
        sender_rewind(&intake->office, &from.incarnation);
        return;
    }
    if (sender_log(&intake->office, &intake->config.office) == NULL) {
        effects_alarm(effects, connection->number, ALARM_FORK, ERR_FORK);
        intake->office_held = true;
        return;
    }
    if (intake_lives_full(intake, LANE_OFFICE)) {
        effects_alarm(effects, connection->number, ALARM_LIVES, ERR_LIMIT);
        intake->office_held = true; /* its own log comes in all the same */
        return;
    }
    bool beyond = from.seq > event->office_last; /* it moved on here already */
    bool ours =
        from.seq == 0 || beyond || (event->own_h != NULL && hash_equal(event->own_h, &gap->h));
    bool other = event->office_before && !ours;
    from.seq = !event->office_before || other ? 0 : beyond ? event->office_last : from.seq;
    effects_alarm(effects, connection->number, other ? ALARM_FORK : ALARM_SUCCESSOR,
                  other ? ERR_FORK : 0);
    intake_come_back(intake, connection, effects, OFFICE_RETRY_S);
    effects_add(effects, EFFECT_SUCCEED, 0)->as.from = from;
}

/* ---- sessions ---- */

uint64_t intake_silence_left_ms(const struct intake *intake, uint64_t now_ms)
{
    uint64_t heard = intake->heard_ms > intake->begun_ms ? intake->heard_ms : intake->begun_ms;
    uint64_t wanted = SILENT_KEEP_ALIVES * intake->keep_alive_ms;
    return now_ms - heard >= wanted ? 0 : wanted - (now_ms - heard);
}

static void answer_old(struct intake *intake, struct intake_connection *connection,
                       const struct intake_event *event, struct effects *effects)
{
    effects_alarm(effects, connection->number, ALARM_CLONE, ERR_FORK);
    struct resumed *old = &effects_send(effects, connection->number, FRAME_RESUMED)->as.resumed;
    old->old = true;
    memcpy(old->next, event->control->as.resume.pair.next, sizeof old->next);
    old->aggregator = intake->config.aggregator;
    old->clock_ms = event->clock_ms;
    old->office = intake->config.office;
    close_connection(intake, connection);
}

void intake_deny_clone(struct intake *intake, struct intake_connection *connection,
                       const struct intake_event *event, struct effects *effects)
{
    effects_alarm(effects, connection->number, ALARM_FORK, ERR_FORK);
    struct denied *denied = intake_deny(
        intake, connection, effects, DENIED_CLONE,
        "another machine speaks under this node's key: stop that one, or enrol this one anew");
    denied->retry_s = (uint32_t)(intake_silence_left_ms(intake, event->now_ms) / 1000 + 1);
}

/* Whoever spoke under this key before is over. */
static void take_over(struct intake *intake, const struct intake_connection *by,
                      struct effects *effects)
{
    effects_alarm(effects, by->number, ALARM_SUCCESSOR, 0);
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        struct intake_connection *other = &intake->connections[i];
        if (other != by && (other->state == INTAKE_OPEN || other->state == INTAKE_RESUMING)) {
            (void)intake_deny(intake, other, effects, DENIED_CLONE,
                              "another machine took over under this node's key");
        }
    }
}

/* True if the session is taken; else it was answered. */
static bool judge_resume(struct intake *intake, struct intake_connection *connection,
                         const struct intake_event *event, struct effects *effects)
{
    const struct resume *resume = &event->control->as.resume;
    bool same = incarnation_equal(&resume->aggregator, &intake->config.aggregator);
    bool successor = resume->successor && intake->session.has_accepted;
    bool early = successor && intake_silence_left_ms(intake, event->now_ms) > 0;
    /* A successor that comes early is no step, whatever else would make it one. */
    switch (session_judge(&intake->session, &resume->pair, same || early, successor && !early)) {
    case SESSION_STEP:
        if (successor) {
            take_over(intake, connection, effects);
        }
        session_accept(&intake->session, &resume->pair);
        return true;
    case SESSION_RETRY:
        return true;
    case SESSION_OLD:
        answer_old(intake, connection, event, effects);
        return false;
    case SESSION_FORK:
        intake_deny_clone(intake, connection, event, effects);
        return false;
    }
    return false;
}

/* Ages, not times: the node's clock may be wrong. */
static void note_oldest(struct intake *intake, const struct intake_event *event, int64_t age_ms)
{
    int64_t since_ms = event->clock_ms - age_ms;
    if (age_ms > 0 && since_ms > 0 &&
        (intake->oldest_since_ms == 0 || since_ms < intake->oldest_since_ms)) {
        intake->oldest_since_ms = since_ms;
    }
}

static void note_resume(struct intake *intake, const struct intake_event *event)
{
    const struct resume *resume = &event->control->as.resume;
    uint64_t keep_alive_ms = 1000u * (uint64_t)resume->keep_alive_s;
    intake->heard_ms = event->now_ms;
    intake->keep_alive_ms = keep_alive_ms < KEEP_ALIVE_MS_MIN   ? KEEP_ALIVE_MS_MIN
                            : keep_alive_ms > KEEP_ALIVE_MS_MAX ? KEEP_ALIVE_MS_MAX
                                                                : keep_alive_ms;
    intake->clock_offset_ms = resume->clock_ms - event->clock_ms;
    intake->node_backlog = 0;
    intake->oldest_since_ms = 0;
    for (size_t i = 0; i < resume->log_count; i++) {
        uint64_t acked = resume->logs[i].acked;
        note_oldest(intake, event, resume->logs[i].oldest_ms);
        intake->node_backlog += resume->logs[i].last > acked ? resume->logs[i].last - acked : 0;
    }
}

/* The node met a life of this aggregator that is not in our store: put back to the same copy twice.
 * Its office log may be one that we know nothing of. */
static bool of_lost_life(const struct intake *intake, const struct resume *resume)
{
    return !incarnation_is_zero(&resume->aggregator) &&
           !incarnation_equal(&resume->aggregator, &intake->config.aggregator);
}

static void resume(struct intake *intake, struct intake_connection *connection,
                   const struct intake_event *event, struct effects *effects)
{
    const struct resume *resume = &event->control->as.resume;
    if (connection->state != INTAKE_NEW) {
        effects_alarm(effects, connection->number, ALARM_BAD_FRAME, ERR_STATE);
        return; /* one session a connection: RESUMED speaks of one pair only */
    }
    bool office = event->office_before || of_lost_life(intake, resume) ||
                  incarnation_equal(&resume->office, &intake->config.office);
    if (resume->enrolment != intake->config.enrolment || !office) {
        effects_alarm(effects, connection->number, ALARM_WRONG_LOG, ERR_KEY);
        (void)intake_deny(
            intake, connection, effects, DENIED_WRONG_LOG,
            "this key is enrolled under another number: accept the newest province card");
        return;
    }
    if (!judge_resume(intake, connection, event, effects)) {
        return;
    }
    connection_move(connection, INTAKE_RESUMING);
    memcpy(connection->next, resume->pair.next, sizeof connection->next);
    for (size_t i = 0; i < resume->log_count; i++) {
        connection->named[i] = resume->logs[i].incarnation;
    }
    connection->named_count = resume->log_count;
    intake->pairs_in_flight++;
    note_resume(intake, event);
    effects_add(effects, EFFECT_COMMIT_PAIR, connection->number)->as.pair =
        intake->session.accepted;
    office_resume(intake, event, effects, resume);
}

/* Logs that are over are no logs of ours any more, but a node that still writes one must learn how
 * far we have it: its successor begins there. */
static void add_ended(const struct intake *intake, const struct intake_connection *connection,
                      struct resumed *answer)
{
    for (size_t i = 0; i < connection->named_count && answer->cursor_count < LOGS_MAX; i++) {
        struct ack ended = {.id.incarnation = connection->named[i],
                            .aggregator = intake->config.aggregator,
                            .credit_bytes = credit_of(intake)};
        struct hash none;
        bool named = false;
        for (size_t k = 0; k < answer->cursor_count; k++) {
            named = named ||
                    incarnation_equal(&answer->cursors[k].id.incarnation, &connection->named[i]);
        }
        struct entry_id any = {.incarnation = connection->named[i]};
        if (!named && intake->config.lookup.log(intake->config.lookup.arg, &any, &ended.id.seq,
                                                &ended.h, &none) == 0) {
            answer->cursors[answer->cursor_count++] = ended;
        }
    }
}

static void pair_stored(struct intake *intake, const struct intake_event *event,
                        struct effects *effects)
{
    intake->pairs_in_flight--;
    struct intake_connection *connection = find_connection(intake, event->connection);
    if (event->rc == 0) {
        intake->session_durable = intake->session;
    } else if (intake->pairs_in_flight == 0) {
        intake->session = intake->session_durable;
    }
    if (connection == NULL || connection->state != INTAKE_RESUMING || intake->revoked) {
        return;
    }
    if (event->rc != 0) {
        effects_alarm(effects, connection->number, ALARM_NO_ROOM, event->rc);
        intake_come_back(intake, connection, effects, INTAKE_NO_ROOM_RETRY_S);
        return;
    }
    if (memcmp(connection->next, intake->session.accepted.next, sizeof connection->next) != 0) {
        close_connection(intake, connection); /* superseded: the node gave this connection up */
        return;
    }
    connection_move(connection, INTAKE_OPEN);
    struct resumed *answer = &effects_send(effects, connection->number, FRAME_RESUMED)->as.resumed;
    memcpy(answer->next, connection->next, sizeof answer->next);
    answer->aggregator = intake->config.aggregator;
    answer->clock_ms = event->clock_ms;
    answer->office = intake->config.office;
    for (size_t i = 0; i < intake->log_count; i++) {
        if (!intake->logs[i].ended && intake->logs[i].receiver.durable > 0) {
            answer->cursors[answer->cursor_count++] = ack_of(intake, &intake->logs[i]);
        }
        intake->logs[i].gap_told = false;
        intake->logs[i].receipt_seq = 0; /* the last one may have been lost with its connection */
    }
    add_ended(intake, connection, answer);
    follow(intake, connection->number, event->now_ms);
    flush(intake, event, effects, false);
    plan_next(intake, effects);
}

/* ---- frames ---- */

/* A node that sees our cursor below a receipt of ours sends it back. If it is ours and above what
 * we have, this store was put back to an earlier state and does not know it. */
static void own_receipt(struct intake *intake, const struct intake_connection *connection,
                        const struct intake_event *event, struct effects *effects)
{
    const struct ack *ack = &event->control->as.ack;
    struct receipt receipt = {.aggregator = ack->aggregator,
                              .id = ack->id,
                              .h = ack->h,
                              .backed_up_to = ack->backed_up_to};
    struct entry_id any = {.incarnation = ack->id.incarnation};
    uint64_t last = 0;
    struct hash h_last;
    struct hash h;
    if (!incarnation_equal(&ack->aggregator, &intake->config.aggregator) ||
        !receipt_verify(&intake->config.log_key, &receipt, &ack->signature)) {
        effects_alarm(effects, connection->number, ALARM_BAD_FRAME, ERR_SIGNATURE);
        return;
    }
    int rc = intake->config.lookup.log(intake->config.lookup.arg, &any, &last, &h_last, &h);
    if ((rc == 0 || rc == ERR_NOT_FOUND) && ack->id.seq > last) {
        effects_alarm(effects, connection->number, ALARM_RESTORED, 0);
        effects_add(effects, EFFECT_RESTORED, 0);
    }
}

static void control(struct intake *intake, struct intake_connection *connection,
                    const struct intake_event *event, struct effects *effects)
{
    switch (event->control->kind) {
    case FRAME_ACK:
        office_acked(intake, event, effects, &event->control->as.ack);
        break;
    case FRAME_KEEP_ALIVE: {
        intake->node_backlog = event->control->as.keep_alive.backlog;
        intake->oldest_since_ms = 0;
        note_oldest(intake, event, event->control->as.keep_alive.oldest_ms);
        struct keep_alive *answer =
            &effects_send(effects, connection->number, FRAME_KEEP_ALIVE)->as.keep_alive;
        answer->answer = true;
        answer->clock_ms = event->clock_ms;
        break;
    }
    case FRAME_BYE:
        close_connection(intake, connection);
        break;
    case FRAME_GAP:
        office_gap(intake, connection, event, effects);
        break;
    case FRAME_RECEIPT:
        own_receipt(intake, connection, event, effects);
        break;
    case FRAME_WANT:
    case FRAME_PART:
    case FRAME_MISSING:
        intake_object_frame(intake, connection, event, effects);
        break;
    case FRAME_RESUME:
    case FRAME_RESUMED:
    case FRAME_SPAN:
    case FRAME_DENIED:
    case FRAME_COME_BACK:
        effects_alarm(effects, connection->number, ALARM_BAD_FRAME, ERR_STATE);
        break;
    }
}

static void frame(struct intake *intake, const struct intake_event *event, struct effects *effects)
{
    struct intake_connection *connection = connection_of(intake, event->connection);
    if (connection->state == INTAKE_CLOSED) {
        return; /* answered already */
    }
    if (intake->revoked) {
        (void)intake_deny(intake, connection, effects, DENIED_REVOKED,
                          "this node's key was revoked");
        return;
    }
    if (event->type == INTAKE_EVENT_BAD_FRAME) {
        effects_alarm(effects, connection->number, ALARM_BAD_FRAME, event->rc);
        if (event->rc == ERR_VERSION) {
            (void)intake_deny(
                intake, connection, effects, DENIED_VERSION,
                "this aggregator does not speak that version: update the older of the two");
        }
        return;
    }
    if (event->type == INTAKE_EVENT_CONTROL && event->control->kind == FRAME_RESUME) {
        resume(intake, connection, event, effects);
        return;
    }
    if (connection->state == INTAKE_NEW) {
        (void)intake_deny(intake, connection, effects, DENIED_NO_SESSION, "RESUME comes first");
        return;
    }
    intake->heard_ms = event->now_ms;
    if (connection->state == INTAKE_OPEN) {
        follow(intake, connection->number, event->now_ms);
    }
    if (event->type == INTAKE_EVENT_SPAN) {
        intake_span(intake, connection, event, effects);
    } else {
        control(intake, connection, event, effects);
    }
    plan_next(intake, effects);
}

static void everyone(struct intake *intake, const struct intake_event *event,
                     struct effects *effects)
{
    if (event->type == INTAKE_EVENT_CLOSE) {
        flush(intake, event, effects, true);
    } else {
        intake->revoked = true;
    }
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        struct intake_connection *connection = &intake->connections[i];
        if (connection->number == 0 || connection->state == INTAKE_CLOSED) {
            continue;
        }
        if (event->type == INTAKE_EVENT_REVOKED) {
            (void)intake_deny(intake, connection, effects, DENIED_REVOKED,
                              "this node's key was revoked");
        } else {
            effects_send(effects, connection->number, FRAME_BYE);
            close_connection(intake, connection);
        }
    }
}

static void gone(struct intake *intake, uint32_t number)
{
    struct intake_connection *connection = find_connection(intake, number);
    if (number != 0 && connection != NULL) {
        *connection = (struct intake_connection){0};
    }
    if (intake->live == number) {
        intake->live = 0;
    }
}

static void sent(struct intake *intake, const struct intake_event *event, struct effects *effects)
{
    if (event->connection != intake->live) {
        return; /* answers moved to another connection meanwhile */
    }
    intake->planned = false;
    if (event->type == INTAKE_EVENT_SEND_BLOCKED) {
        intake->blocked = true;
        return;
    }
    if (event->type == INTAKE_EVENT_PART_SENT) {
        object_giver_sent(&intake->giver, intake->live, event->rc, effects);
    } else {
        sender_sent(&intake->office, &event->plan, event->id.seq, event->wire_bytes, event->now_ms);
    }
    plan_next(intake, effects);
}

static void flush_unless_held(struct intake *intake, const struct intake_event *event,
                              struct effects *effects)
{
    if (!intake->held) {
        flush(intake, event, effects, false);
    }
}

static void tick(struct intake *intake, const struct intake_event *event, struct effects *effects)
{
    intake->blocked = false;
    flush(intake, event, effects, false);
    watch_office(intake, event, effects);
    plan_next(intake, effects);
}

void intake_step(struct intake *intake, const struct intake_event *event, struct effects *effects)
{
    intake->begun_ms = intake->begun_ms == 0 ? event->now_ms : intake->begun_ms;
    switch (event->type) {
    case INTAKE_EVENT_CONTROL:
    case INTAKE_EVENT_SPAN:
    case INTAKE_EVENT_BAD_FRAME:
        frame(intake, event, effects);
        break;
    case INTAKE_EVENT_PAIR_STORED:
        pair_stored(intake, event, effects);
        break;
    case INTAKE_EVENT_STORED:
        intake_stored(intake, event, effects);
        break;
    case INTAKE_EVENT_FLUSH:
        flush_unless_held(intake, event, effects);
        break;
    case INTAKE_EVENT_APPENDED:
        sender_appended(&intake->office, &event->id.incarnation, event->id.seq);
        plan_next(intake, effects);
        break;
    case INTAKE_EVENT_SPAN_SENT:
    case INTAKE_EVENT_SEND_BLOCKED:
    case INTAKE_EVENT_PART_SENT:
        sent(intake, event, effects);
        break;
    case INTAKE_EVENT_GONE:
        gone(intake, event->connection);
        break;
    case INTAKE_EVENT_TICK:
        tick(intake, event, effects);
        break;
    case INTAKE_EVENT_REVOKED:
    case INTAKE_EVENT_CLOSE:
        everyone(intake, event, effects);
        break;
    }
}
