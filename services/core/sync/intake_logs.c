/* Logs of a node as they come in: which may begin, what is taken of them, what became of it. */
#include "core/sync/intake_private.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

/* A log that is over, or of which nothing could be stored, makes room when nothing is under way. */
static void drop_ended(struct intake *intake)
{
    for (size_t i = 0; i < intake->log_count; i++) {
        const struct intake_log *log = &intake->logs[i];
        if ((log->ended || log->receiver.taken == 0) && log->in_flight == 0) {
            intake->log_count--;
            memmove(&intake->logs[i], &intake->logs[i + 1],
                    (intake->log_count - i) * sizeof intake->logs[0]);
            return;
        }
    }
}

int intake_add_log(struct intake *intake, const struct incarnation *incarnation, enum lane lane,
                   uint64_t durable, const struct hash *h)
{
    if (intake->log_count == LOGS_MAX) {
        drop_ended(intake);
    }
    if (intake->log_count == LOGS_MAX) {
        return ERR_LIMIT;
    }
    struct intake_log *log = &intake->logs[intake->log_count++];
    memset(log, 0, sizeof *log);
    receiver_init(&log->receiver, incarnation, lane, &intake->config.signing_key, durable, h);
    return 0;
}

void intake_set_backed_up(struct intake *intake, const struct incarnation *incarnation,
                          uint64_t seq)
{
    struct intake_log *log = intake_log_of(intake, incarnation);
    if (log != NULL && seq > log->backed_up_to) {
        log->backed_up_to = seq;
    }
}

struct intake_log *intake_log_of(struct intake *intake, const struct incarnation *incarnation)
{
    for (size_t i = 0; i < intake->log_count; i++) {
        if (incarnation_equal(&intake->logs[i].receiver.incarnation, incarnation)) {
            return &intake->logs[i];
        }
    }
    return NULL;
}

static void tell_gap(struct intake_log *log, const struct intake_event *event,
                     const struct incarnation *incarnation, struct effects *effects)
{
    bool carried = event->connection == CARRIED_CONNECTION; /* the line hears nothing of it */
    if (log != NULL && log->gap_told && !carried) {
        return; /* one is enough: what was under way behind the gap arrives out of place too */
    }
    struct gap *gap = &effects_send(effects, event->connection, FRAME_GAP)->as.gap;
    gap->have.incarnation = *incarnation;
    if (log != NULL) {
        gap->have.seq = log->receiver.durable;
        gap->h = log->receiver.durable_h;
        log->gap_told = log->gap_told || !carried;
    }
}

/* The log of this lane that lives; NULL: none. `known` does not count, nor one of which nothing
 * could be stored. */
static struct intake_log *living(struct intake *intake, enum lane lane,
                                 const struct intake_log *known)
{
    for (size_t i = 0; i < intake->log_count; i++) {
        struct intake_log *log = &intake->logs[i];
        if (log != known && !log->ended && log->receiver.taken > 0 && log->receiver.lane == lane) {
            return log;
        }
    }
    return NULL;
}

/* The whole of a log that we have nothing of: unless that one goes on from another, as its own
 * genesis says, which is entry 2 then, it is all there ever was. */
static int judge_whole(const struct intake *intake, const struct intake_event *event,
                       const struct genesis *genesis, struct gap *ret_have)
{
    struct genesis before;
    if (event->header->count < 2) { /* its sender MUST show what it is */
        return genesis->predecessor_count == 0 || PLANTED(SECOND_UNSEEN) ? 0 : ERR_KEY;
    }
    const struct span_entry *second = &event->entries[1];
    if (second->kind != ENTRY_GENESIS || second->erased ||
        genesis_decode(second->body, event->arena, &before, NULL) != 0 || !before.has_predecessor) {
        return 0;
    }
    const struct entry_id *from = &before.predecessor;
    uint64_t last = 0;
    struct hash h_last = {{0}};
    struct hash h = {{0}};
    int rc = intake->config.lookup.log(intake->config.lookup.arg, from, &last, &h_last, &h);
    if (rc != 0 && rc != ERR_NOT_FOUND) {
        return rc;
    }
    *ret_have = (struct gap){.have = {from->incarnation, last < from->seq ? last : from->seq},
                             .h = last < from->seq ? h_last : h};
    return ERR_GAP;
}

/* Does this log go on from what we have? 0; ERR_GAP: we have less of it, *ret_have says what;
 * ERR_FORK: we have something else there; ERR_KEY: it is another regency's. */
static int judge_predecessor(const struct intake *intake, const struct intake_event *event,
                             const struct genesis *genesis, const struct intake_log *present,
                             struct gap *ret_have)
{
    const struct entry_id *from = &genesis->predecessor;
    uint64_t last = 0;
    struct hash h_last = {{0}};
    struct hash h = {{0}};
    int rc = intake->config.lookup.log(intake->config.lookup.arg, from, &last, &h_last, &h);
    bool under_way =
        present != NULL && incarnation_equal(&present->receiver.incarnation, &from->incarnation);
    if (rc == ERR_NOT_FOUND && from->seq == 0) {
        return under_way ? 0 : judge_whole(intake, event, genesis, ret_have);
    }
    if (rc == ERR_NOT_FOUND || (rc == 0 && from->seq > last)) {
        *ret_have = (struct gap){.have = {from->incarnation, last}, .h = h_last};
        return ERR_GAP;
    }
    bool same = from->seq == 0 || hash_equal(&h, &genesis->predecessor_h);
    return rc != 0 ? rc : same ? 0 : ERR_FORK;
}

/* A log that we know and do not take in here is over, or lives under another enrolment. */
static bool is_over(const struct intake *intake, const struct incarnation *incarnation)
{
    const struct entry_id any = {.incarnation = *incarnation};
    uint64_t last = 0;
    struct hash h_last;
    struct hash h;
    return intake->config.lookup.log(intake->config.lookup.arg, &any, &last, &h_last, &h) == 0;
}

/* What a genesis says, when it may begin a log here. *ret_ends: the log that is over with it. */
static int judge_genesis(struct intake *intake, const struct intake_log *known,
                         const struct intake_event *event, struct genesis *ret,
                         struct intake_log **ret_ends, struct gap *ret_have)
{
    const struct incarnation *incarnation = &event->header->incarnation;
    bool ours = incarnation_equal(incarnation, &intake->config.aggregator) ||
                incarnation_equal(incarnation, &intake->config.office) ||
                incarnation_is_zero(incarnation); /* no node writes under our own names */
    struct genesis_expected expected = {.direction = DIRECTION_UP,
                                        .owner = intake->config.regency,
                                        .counterpart = intake->config.province,
                                        .signing_key = intake->config.signing_key,
                                        .enrolment = intake->config.enrolment};
    int rc = ours ? ERR_KEY : genesis_check(&event->entries[0], &expected, event->arena, ret, NULL);
    if (rc != 0) {
        return rc;
    }
    struct intake_log *present = living(intake, ret->lane, known);
    *ret_ends = present;
    if (!ret->has_predecessor) {
        return present == NULL ? 0 : ERR_KEY;
    }
    if (incarnation_equal(&ret->predecessor.incarnation, incarnation)) {
        return ERR_KEY;
    }
    if (intake_lives_full(intake, ret->lane)) {
        return ERR_LIMIT;
    }
    return judge_predecessor(intake, event, ret, present, ret_have);
}

static void refuse_log(struct intake *intake, struct intake_connection *connection,
                       struct effects *effects, int rc)
{
    if (err_action(rc) == ERR_ACTION_RETRY || rc == ERR_STORAGE) { /* our store, not the node */
        effects_alarm(effects, connection->number, ALARM_NO_ROOM, rc);
        intake_come_back(intake, connection, effects, INTAKE_NO_ROOM_RETRY_S);
    } else if (rc == ERR_LIMIT) {
        effects_alarm(effects, connection->number, ALARM_LIVES, rc);
        (void)intake_deny(intake, connection, effects, DENIED_WRONG_LOG,
                          "this log went on under another name too often: enrol this node anew");
    } else if (rc == ERR_FORK) {
        effects_alarm(effects, connection->number, ALARM_FORK, rc);
        (void)intake_deny(intake, connection, effects, DENIED_FORK,
                          "this log goes on from another one than the one received before");
    } else {
        effects_alarm(effects, connection->number, ALARM_WRONG_LOG, rc);
        (void)intake_deny(
            intake, connection, effects, DENIED_WRONG_LOG,
            "this key may not write this log: regency, lane or enrolment does not fit");
    }
}

/* A log of which nothing was taken: only its first span can open it. `known` is its place from an
 * attempt that could not be stored, or NULL. False when answered. */
static bool open_log(struct intake *intake, struct intake_connection *connection,
                     struct intake_log **known, const struct intake_event *event,
                     struct effects *effects, struct genesis *ret, struct intake_log **ret_ends)
{
    const struct incarnation *incarnation = &event->header->incarnation;
    if (*known == NULL && is_over(intake, incarnation)) {
        intake_deny_clone(intake, connection, event, effects);
        return false;
    }
    if (event->header->first != 1) {
        tell_gap(*known, event, incarnation, effects);
        return false;
    }
    struct gap have;
    struct hash none = {{0}};
    int rc = judge_genesis(intake, *known, event, ret, ret_ends, &have);
    if (rc == ERR_GAP) {
        effects_send(effects, connection->number, FRAME_GAP)->as.gap = have;
        return false;
    }
    struct incarnation ends = {{0}};
    bool carried = connection->number == CARRIED_CONNECTION; /* a line's session waited for it */
    if (rc == 0 && *ret_ends != NULL && carried &&
        intake_silence_left_ms(intake, event->now_ms) > 0) {
        intake_come_back(intake, connection, effects, INTAKE_NO_ROOM_RETRY_S);
        return false;
    }
    if (rc == 0 && *ret_ends != NULL) {
        ends = (*ret_ends)->receiver.incarnation;
    }
    if (rc == 0 && *known == NULL) {
        rc = intake_add_log(intake, incarnation, ret->lane, 0, &none);
    }
    if (rc != 0) {
        refuse_log(intake, connection, effects, rc);
        return false;
    }
    *known = intake_log_of(intake, incarnation); /* adding may have moved them */
    (*known)->receiver.lane = ret->lane;
    *ret_ends = *ret_ends == NULL ? NULL : intake_log_of(intake, &ends);
    return true;
}

static bool window_holds(struct intake *intake, struct intake_connection *connection,
                         const struct intake_event *event, struct effects *effects)
{
    if (intake->queue_bytes + event->wire_bytes <=
        intake->config.queue_bytes_max + FRAME_BYTES_MAX) {
        return true;
    }
    effects_alarm(effects, connection->number, ALARM_WINDOW, ERR_LIMIT);
    intake_come_back(intake, connection, effects, INTAKE_WINDOW_RETRY_S);
    return false;
}

static void not_taken(struct intake *intake, struct intake_connection *connection,
                      struct intake_log *log, const struct intake_event *event,
                      struct effects *effects, int rc)
{
    if (rc == RECEIVER_SEEN && log != NULL) {
        log->ack_due = true;
    } else if (rc == ERR_GAP) {
        tell_gap(log, event, &event->header->incarnation, effects);
    } else {
        effects_alarm(effects, connection->number, rc == ERR_FORK ? ALARM_FORK : ALARM_BAD_CHAIN,
                      rc);
        if (rc == ERR_FORK) {
            (void)intake_deny(intake, connection, effects, DENIED_FORK,
                              "this log differs from the one received before: restored or copied?");
        }
    }
}

void intake_span(struct intake *intake, struct intake_connection *connection,
                 const struct intake_event *event, struct effects *effects)
{
    struct intake_log *log = intake_log_of(intake, &event->header->incarnation);
    bool opened = log == NULL;
    struct genesis genesis = {.has_predecessor = false};
    struct intake_log *ends = NULL;
    if (!window_holds(intake, connection, event, effects)) {
        return;
    }
    if (event->rc == ERR_GAP) {
        tell_gap(log, event, &event->header->incarnation, effects);
        return;
    }
    if (log != NULL && log->ended) {
        intake_deny_clone(intake, connection, event, effects);
        return;
    }
    if ((log == NULL || log->receiver.taken == 0) &&
        !open_log(intake, connection, &log, event, effects, &genesis, &ends)) {
        return;
    }
    struct span_store store;
    int rc = receiver_take(&log->receiver, event->header, event->entries, &store, NULL);
    if (rc != RECEIVER_NEW) {
        if (opened) {
            intake->log_count--; /* nothing of it was taken: no state is made */
            log = NULL;
        }
        not_taken(intake, connection, log, event, effects, rc);
        return;
    }
    if (genesis.has_predecessor) {
        store.predecessor = genesis.predecessor;
        store.copies = genesis.predecessor_count;
    }
    if (ends != NULL) {
        store.ends = ends->receiver.incarnation;
        ends->ended = true;
        effects_alarm(effects, connection->number, ALARM_SUCCESSOR, 0);
    }
    if (PLANTED(ACK_BEFORE_COMMIT)) {
        log->ack_due = receiver_stored(&log->receiver, store.last, &store.h_last, store.epoch, 0);
    }
    if (store.is_new_log) {
        intake_count_life(intake, log->receiver.lane);
    }
    log->gap_told = false;
    log->in_flight++;
    intake->queue_bytes += event->wire_bytes;
    effects_add(effects, EFFECT_STORE_SPAN, connection->number)->as.store = store;
}

void intake_stored(struct intake *intake, const struct intake_event *event, struct effects *effects)
{
    ASSERT(intake->queue_bytes >= event->wire_bytes);
    intake->queue_bytes -= event->wire_bytes;
    struct intake_log *log = intake_log_of(intake, &event->store.incarnation);
    ASSERT(log != NULL && log->in_flight > 0);
    log->in_flight--;
    struct intake_log *ended =
        incarnation_is_zero(&event->store.ends) ? NULL : intake_log_of(intake, &event->store.ends);
    if (event->rc != 0 && ended != NULL) {
        ended->ended = false; /* its successor is not there */
    }
    if (event->rc != 0 && event->store.is_new_log) {
        intake->lives[event->store.lane]--;
    }
    bool first_failure = event->rc != 0 && event->store.epoch == log->receiver.epoch;
    bool moved = receiver_stored(&log->receiver, event->store.last, &event->store.h_last,
                                 event->store.epoch, event->rc);
    log->ack_due = !log->ended && (log->ack_due || moved);
    if (moved) {
        uint64_t entries = event->store.last - event->store.first_new + 1;
        intake->node_backlog -= entries < intake->node_backlog ? entries : intake->node_backlog;
        intake->oldest_since_ms = intake->node_backlog == 0 ? 0 : intake->oldest_since_ms;
    }
    if (first_failure) { /* those that were built on it fail too, and say nothing new */
        effects_alarm(effects, intake->live, ALARM_NO_ROOM, event->rc);
        struct intake_connection *connection = intake_live(intake);
        if (connection != NULL) {
            intake_come_back(intake, connection, effects, INTAKE_NO_ROOM_RETRY_S);
        }
    }
}
