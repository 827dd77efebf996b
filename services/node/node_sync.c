/* node_sync.c - the shell of the uplink engine: events in, effects carried out in order.
 *
 * A step may ask for things that give their answer at once (a span sent, a connection refused):
 * those events wait in sync.posted until the effects at hand are done, so the engine is never
 * entered twice.
 */
#include "core/base/assert.h"
#include "node/node_budget.h"
#include "node/node_bundle.h"

#define WINDOW_START_BYTES 8192u
#define WINDOW_MAX_BYTES 1048576u
#define SPAN_RAW_BYTES 65536u
_Static_assert(SPAN_RAW_BYTES <= SPAN_WIRE_BYTES_MAX - SPAN_HEADER_BYTES, "a span always fits");

static const char software[] = "kabar-node " KABAR_VERSION;

/* ---- effects ---- */

static void acked(struct node *node, const struct ack *ack)
{
    const struct out_log *log = sender_log(&node->sync.uplink.sender, &ack->id.incarnation);
    if (log != NULL) {
        /* Only the province's signature lets us delete: a bare ack says nothing of backups. */
        if (ack->has_signature) {
            node->sync.backed_up_to[log->lane] = ack->backed_up_to;
        } else if (log->acked < node->sync.backed_up_to[log->lane]) {
            node->sync.backed_up_to[log->lane] = log->acked; /* it lost even that */
        }
        LOG(LOG_LEVEL_DEBUG, "acked", log_text("lane", lane_name(log->lane)),
            log_u64("seq", ack->id.seq), log_u64("receipt", log->receipt));
        sync_save(node);
    }
}

/* Enrolled at this end only, as far as we know: the province's yes comes after its card. */
static bool not_met(const struct node *node)
{
    const struct uplink *uplink = &node->sync.uplink;
    return uplink->denied == DENIED_UNKNOWN_KEY && incarnation_is_zero(&uplink->aggregator);
}

static void alarm_raised(struct node *node, const struct effect *effect)
{
    enum alarm code = effect->as.alarm.code;
    uint64_t held = 0;
    if (code == ALARM_DENIED && not_met(node)) {
        return; /* no alarm yet: log_state says what it is */
    }
    node->counters.alarms[code]++;
    if (log_limit_pass(&node->alarm_limits[code], host_monotonic_ms(),
                       node->conf->log_interval_s * 1000, &held)) {
        const char *denied =
            effect->as.alarm.denied != 0 ? denied_code_name(effect->as.alarm.denied) : "";
        const struct log_field fields[] = {
            log_text("alarm", alarm_name(code)),
            log_text("code", effect->as.alarm.error != 0 ? err_name(effect->as.alarm.error) : ""),
            log_text("denied", denied), log_u64("held", held)};
        node_log(LOG_LEVEL_WARN, "alarm", fields, 4);
    }
}

static void wake(struct node *node, uint64_t at_ms, uint64_t now_ms)
{
    if (at_ms < node->sync.wake_ms) {
        node->sync.wake_ms = at_ms;
        loop_timer_set(node->sync.tick, at_ms > now_ms ? at_ms - now_ms : 0);
    }
}

static void send_out(struct node *node, const struct effect *effect)
{
    if (effect->type == EFFECT_SEND_SPAN) {
        line_send_span(node, &effect->as.plan);
    } else if (effect->type == EFFECT_SEND_PART) {
        objects_send_part(node, &effect->as.part);
    } else {
        line_send(node, effect->connection, &effect->as.control);
    }
}

static void carry_out(struct node *node, const struct effect *effect, uint64_t now_ms)
{
    switch (effect->type) {
    case EFFECT_CONNECT:
        line_connect(node, effect);
        break;
    case EFFECT_DISCONNECT:
        line_disconnect(node, effect->connection);
        break;
    case EFFECT_COMMIT_PAIR:
        sync_commit_pair(node, &effect->as.pair);
        break;
    case EFFECT_SEND:
    case EFFECT_SEND_SPAN:
    case EFFECT_SEND_PART:
        send_out(node, effect);
        break;
    case EFFECT_STORE_SPAN:
        sync_store_span(node, &effect->as.store);
        break;
    case EFFECT_ACKED:
        acked(node, &effect->as.acked);
        break;
    case EFFECT_ALARM:
        alarm_raised(node, effect);
        break;
    case EFFECT_WAKE:
        wake(node, effect->as.at_ms, now_ms);
        break;
    case EFFECT_SUCCEED:
        life_succeed(node, &effect->as.from);
        break;
    case EFFECT_OBJECT:
        catalogue_frame(node, effect->connection, &effect->as.control);
        break;
    case EFFECT_RESTORED:
        ASSERT(false && "an aggregator's, not ours");
    }
}

static void log_state(struct node *node)
{
    struct node_sync *sync = &node->sync;
    const struct uplink *uplink = &sync->uplink;
    if (uplink->state == UPLINK_LIVE && sync->logged_state != UPLINK_LIVE) {
        LOG(LOG_LEVEL_INFO, "connected", log_u64("backlog", sender_backlog(&uplink->sender)),
            log_i64("clock_offset_ms", uplink->clock_offset_ms));
    } else if (uplink->state != UPLINK_LIVE && sync->logged_state == UPLINK_LIVE) {
        LOG(LOG_LEVEL_INFO, "disconnected", log_text("state", uplink_state_name(uplink->state)),
            log_u64("backlog", sender_backlog(&uplink->sender)));
    }
    if (uplink->denied != 0 && uplink->denied != sync->logged_denied && not_met(node)) {
        LOG(LOG_LEVEL_INFO, "waiting_for_province",
            log_text("text", "the card is here, but the province has not said yes yet (there: "
                             "kabar enrol approve REQUEST --card CARD --words \"...\")"));
    } else if (uplink->denied != 0 && uplink->denied != sync->logged_denied) {
        LOG(LOG_LEVEL_ERROR, "denied", log_text("code", denied_code_name(uplink->denied)),
            log_text("text", denied_text(uplink->denied)));
    }
    sync->logged_state = uplink->state;
    sync->logged_denied = uplink->denied;
    if (!incarnation_equal(&uplink->aggregator, &sync->saved_aggregator) ||
        (sync->saved_successor && uplink->own.confirmed)) {
        sync_save(node);
    }
}

/* ---- steps ---- */

static void step(struct node *node, struct uplink_event *event)
{
    struct effects effects = {.count = 0};
    event->now_ms = host_monotonic_ms();
    event->clock_ms = host_wall_ms();
    host_random(event->random, sizeof event->random);
    budget_follow(node, event->now_ms, event->clock_ms);
    uplink_step(&node->sync.uplink, event, &effects);
    for (size_t i = 0; i < effects.count; i++) {
        carry_out(node, &effects.list[i], event->now_ms);
    }
}

/* Deals with what is posted until nothing follows any more. */
static void run_posted(struct node *node)
{
    struct node_sync *sync = &node->sync;
    sync->stepping = true;
    while (sync->posted_count > 0) {
        struct uplink_event next = sync->posted[0];
        sync->posted_count--;
        memmove(&sync->posted[0], &sync->posted[1], sync->posted_count * sizeof sync->posted[0]);
        step(node, &next);
        sync->frame = (struct bytes){NULL, 0};
    }
    sync->stepping = false;
    log_state(node);
}

void sync_event(struct node *node, const struct uplink_event *event)
{
    struct node_sync *sync = &node->sync;
    if (!sync->ready) {
        return;
    }
    ASSERT(sync->posted_count < sizeof sync->posted / sizeof sync->posted[0]);
    sync->posted[sync->posted_count++] = *event;
    if (!sync->stepping) {
        run_posted(node);
    }
}

void sync_carried(struct node *node, struct uplink_event *event, struct carried *ret)
{
    struct effects effects = {.count = 0};
    ASSERT(node->sync.ready && !node->sync.stepping);
    event->now_ms = host_monotonic_ms();
    event->clock_ms = host_wall_ms();
    node->sync.stepping = true;
    uplink_carry(&node->sync.uplink, event, &effects, ret);
    for (size_t i = 0; i < effects.count; i++) {
        carry_out(node, &effects.list[i], event->now_ms);
    }
    node->sync.frame = (struct bytes){NULL, 0};
    run_posted(node);
}

static void on_life_retry(void *arg)
{
    struct node *node = arg;
    if (!node->stopping) {
        life_succeed(node, &node->sync.life_from);
    }
}

static void on_tick(void *arg)
{
    struct node *node = arg;
    node->sync.wake_ms = UINT64_MAX;
    struct uplink_event event = {.type = UPLINK_EVENT_TICK};
    sync_event(node, &event);
}

void sync_retry(struct node *node)
{
    const enum uplink_event_type both[] = {UPLINK_EVENT_STOP, UPLINK_EVENT_START};
    for (size_t i = 0; i < 2 && node->sync.uplink.state <= UPLINK_WAITING; i++) {
        struct uplink_event event = {.type = both[i]};
        sync_event(node, &event);
    }
}

void sync_appended(struct node *node, const struct entry_id *last)
{
    bool urgent = incarnation_equal(&last->incarnation, &node->urgent);
    if (!urgent && !incarnation_equal(&last->incarnation, &node->routine)) {
        return; /* it went on with its log; whoever begins anew finds it in the store */
    }
    uint64_t *to = &node->sync.appended[urgent ? LANE_URGENT : LANE_ROUTINE];
    *to = last->seq > *to ? last->seq : *to;
}

void sync_forget(struct node *node)
{
    memset(node->sync.appended, 0, sizeof node->sync.appended);
    node->sync.ready = false;
    node->sync.posted_count = 0;
}

void sync_flush(struct node *node)
{
    static const enum lane lanes[] = {LANE_URGENT, LANE_ROUTINE};
    for (size_t i = 0; i < 2; i++) {
        uint64_t *last = &node->sync.appended[lanes[i]];
        if (*last != 0) {
            struct uplink_event event = {.type = UPLINK_EVENT_APPENDED, .id.seq = *last};
            event.id.incarnation = lanes[i] == LANE_URGENT ? node->urgent : node->routine;
            *last = 0;
            sync_event(node, &event);
        }
    }
}

/* ---- life ---- */

int sync_open(struct node *node, struct err_ctx *err)
{
    struct node_sync *sync = &node->sync;
    sync->wake_ms = UINT64_MAX;
    sync->tick = loop_timer_new(node->loop, on_tick, node);
    sync->life_retry = loop_timer_new(node->loop, on_life_retry, node);
    sync->builder = span_builder_new();
    sync->decoder = span_decoder_new();
    sync->scratch = arena_new(SPAN_SCRATCH_BYTES_MAX);
    if (sync->tick == NULL || sync->life_retry == NULL || sync->builder == NULL ||
        sync->decoder == NULL || sync->scratch == NULL || line_open(node) != 0) {
        return err_set(err, ERR_NOMEM, "uplink: out of memory");
    }
    return 0;
}

static int add_log(struct node *node, struct store_txn *txn, const struct incarnation *incarnation)
{
    struct outlog log;
    int rc = outlog_load(txn, &node_log_tables, incarnation, &log);
    if (rc == 0) {
        node->sync.backed_up_to[log.lane] = log.backed_up_to;
        rc = uplink_add_log(&node->sync.uplink, incarnation, log.lane, log.last, log.acked,
                            log.receipt);
    }
    if (rc == 0) {
        uplink_set_predecessor(&node->sync.uplink, incarnation, &log.predecessor);
    }
    return rc;
}

/* Receipts of logs that are over are of no use any more. */
static void add_receipts(struct uplink *uplink, const struct node_meta *meta)
{
    for (size_t i = 0; i < 2; i++) {
        const struct ack *receipt = &meta->receipts[i];
        if (sender_log(&uplink->sender, &receipt->id.incarnation) != NULL) {
            uplink_set_receipt(uplink, receipt);
        }
    }
}

static struct uplink_config config_of(struct node *node, const struct node_meta *meta)
{
    return (struct uplink_config){
        .limits = {.window_start_bytes = WINDOW_START_BYTES,
                   .window_max_bytes = WINDOW_MAX_BYTES,
                   .span_raw_bytes = SPAN_RAW_BYTES},
        .enrolment = meta->enrolment,
        .silence_ms = node->conf->silence_ms,
        .keep_alive_ms = node->conf->keep_alive_s * 1000,
        .reconnect_ms = node->conf->reconnect_ms,
        .office_signer = node->ring.log_key,
        .province = node->card.ring.province,
        .regency = bytes_of_text(node->conf->regency),
        .office = meta->office,
        .software = bytes_of_text(software),
        .lookup_arg = node,
        .office_h = office_hash,
        .object = {.arg = node, .size = objects_asked},
    };
}

int sync_start(struct node *node, const struct node_meta *meta, struct err_ctx *err)
{
    struct node_sync *sync = &node->sync;
    const struct uplink_config config = config_of(node, meta);
    const struct session_own own = {.pair = meta->pair, .successor = meta->successor};
    struct store_txn *txn = NULL;
    int rc = store_read_begin(node->store, &txn, err);
    if (rc != 0) {
        return rc;
    }
    uplink_init(&sync->uplink, &config, &own, &meta->aggregator, meta->office_last,
                &meta->office_h);
    rc = add_log(node, txn, &meta->urgent);
    if (rc == 0) {
        rc = add_log(node, txn, &meta->routine);
    }
    store_read_end(txn);
    if (rc != 0) {
        return err_set(err, rc, "store: one of our logs cannot be read");
    }
    add_receipts(&sync->uplink, meta);
    sync->saved_aggregator = meta->aggregator;
    sync->saved_successor = meta->successor;
    sync->ready = true;
    struct uplink_event event = {.type = UPLINK_EVENT_START};
    sync_event(node, &event);
    return 0;
}

void sync_stop(struct node *node)
{
    struct uplink_event event = {.type = UPLINK_EVENT_STOP};
    sync_event(node, &event);
    node->sync.ready = false;
}

void sync_close(struct node *node)
{
    struct node_sync *sync = &node->sync;
    sync->ready = false;
    line_close(node);
    loop_timer_free(sync->tick);
    loop_timer_free(sync->life_retry);
    span_builder_free(sync->builder);
    span_decoder_free(sync->decoder);
    arena_free(sync->scratch);
}
