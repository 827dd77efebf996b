#include "core/sync/uplink_private.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/seal/chain.h"

#define COME_BACK_S_MAX 60u /* no word of the aggregator keeps a node away for longer */
#define BLOCKED_RETRY_MS 2u

const char *uplink_state_name(enum uplink_state state)
{
    static const char *const names[UPLINK_STATE_COUNT] = {"stopped",    "waiting",  "pairing",
                                                          "connecting", "resuming", "live"};
    return state < UPLINK_STATE_COUNT ? names[state] : "unknown";
}

void uplink_init(struct uplink *uplink, const struct uplink_config *config,
                 const struct session_own *own, const struct incarnation *aggregator,
                 uint64_t office_durable, const struct hash *office_h)
{
    memset(uplink, 0, sizeof *uplink);
    uplink->config = *config;
    uplink->own = *own;
    uplink->own.confirmed = false; /* after a start the same pair goes out again: a retry */
    uplink->aggregator = *aggregator;
    sender_init(&uplink->sender, &config->limits);
    receiver_init(&uplink->office, &config->office, LANE_OFFICE, &config->office_signer,
                  office_durable, office_h);
}

int uplink_add_log(struct uplink *uplink, const struct incarnation *incarnation, enum lane lane,
                   uint64_t last, uint64_t acked, uint64_t receipt)
{
    int rc = sender_add(&uplink->sender, incarnation, lane, last, acked);
    if (rc == 0) {
        sender_log(&uplink->sender, incarnation)->receipt = receipt;
    }
    return rc;
}

/* ---- another life ---- */

static void succeed(struct uplink *uplink, struct effects *effects, const struct entry_id *from)
{
    effects_alarm(effects, uplink->connection, ALARM_SUCCESSOR, 0);
    uplink_leave(uplink, effects);
    uplink_move(uplink, UPLINK_STOPPED);
    effects_add(effects, EFFECT_SUCCEED, 0)->as.from = *from;
}

/* Our logs are successors already, and the aggregator has not taken them yet. */
static bool not_taken_yet(const struct uplink *uplink)
{
    bool waiting = uplink->own.successor;
    for (size_t i = 0; i < uplink->sender.log_count; i++) {
        waiting = waiting || (!incarnation_is_zero(&uplink->predecessors[i].incarnation) &&
                              uplink->sender.logs[i].acked == 0);
    }
    return waiting;
}

/* We are not who the aggregator knows under this key: restored, moved, or one of two clones. */
static void not_ourselves(struct uplink *uplink, const struct uplink_event *event,
                          struct effects *effects, enum denied_code code, uint32_t retry_s)
{
    static const struct entry_id all;
    /* DENIED CLONE in a session that was no successor's: whoever is there now went on from us. */
    bool replaced = code == DENIED_CLONE && !uplink->own.successor;
    if (replaced || !not_taken_yet(uplink)) {
        succeed(uplink, effects, &all);
    } else if (uplink->own.successor && code == DENIED_CLONE) {
        uplink_wait_take_over(uplink, event, effects, code, retry_s);
    } else {
        uplink_wait_denied(uplink, event, effects, code);
    }
}

/* ---- sending ---- */

static void plan_next(struct uplink *uplink, struct effects *effects)
{
    struct span_plan plan;
    if (uplink->planned || uplink->blocked) {
        return;
    }
    if (!sender_next(&uplink->sender, &plan)) {
        uplink->planned =
            !uplink->no_objects && object_giver_plan(&uplink->giver, uplink->connection, effects);
        return;
    }
    uplink->planned = true;
    effects_add(effects, EFFECT_SEND_SPAN, uplink->connection)->as.plan = plan;
}

static void watch_progress(struct uplink *uplink, struct effects *effects)
{
    uint64_t silence = uplink_silence_ms(uplink);
    uint64_t at = uplink->keep_alive_sent_ms != 0 ? uplink->keep_alive_sent_ms + silence
                                                  : uplink->heard_ms + uplink->config.keep_alive_ms;
    if (uplink->sender.span_count > 0 && uplink->sender.progress_ms + silence < at) {
        at = uplink->sender.progress_ms + silence;
    }
    effects_wake(effects, at);
}

static void send_resume(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects)
{
    struct resume *resume = &effects_send(effects, uplink->connection, FRAME_RESUME)->as.resume;
    resume->pair = uplink->own.pair;
    resume->aggregator = uplink->aggregator;
    resume->enrolment = uplink->config.enrolment;
    for (size_t i = 0; i < uplink->sender.log_count; i++) {
        const struct out_log *log = &uplink->sender.logs[i];
        resume->logs[resume->log_count++] = (struct log_position){.incarnation = log->incarnation,
                                                                  .lane = log->lane,
                                                                  .acked = log->acked,
                                                                  .last = log->last};
    }
    resume->office = uplink->config.office;
    resume->office_seq = uplink->office.durable;
    resume->office_h = uplink->office.durable_h;
    resume->credit_bytes = uplink->config.limits.window_max_bytes;
    resume->clock_ms = event->clock_ms;
    resume->keep_alive_s = (uint32_t)(uplink->config.keep_alive_ms / 1000);
    resume->software = uplink->config.software;
    resume->successor = uplink->own.successor;
}

static void link_up(struct uplink *uplink, const struct uplink_event *event,
                    struct effects *effects)
{
    if (uplink->state != UPLINK_CONNECTING) {
        return;
    }
    uplink_drop_kept(uplink, effects);
    uplink_move(uplink, UPLINK_RESUMING);
    uplink->heard_ms = event->now_ms;
    uplink->keep_alive_sent_ms = 0;
    uplink->planned = false;
    uplink->blocked = false;
    uplink->gap_told = false;
    memset(uplink->carried, 0, sizeof uplink->carried);
    object_giver_session(&uplink->giver);
    uplink->failed_count = 0;
    uplink->resumed_ms = event->now_ms;
    pace_up(&uplink->sender.pace, event->now_ms - uplink->connect_began_ms);
    sender_start(&uplink->sender, event->now_ms);
    send_resume(uplink, event, effects);
    plan_next(uplink, effects);
    effects_wake(effects, event->now_ms + uplink_silence_ms(uplink));
}

/* ---- what the aggregator says ---- */

bool uplink_receipt_holds(const struct uplink *uplink, const struct ack *ack)
{
    struct receipt receipt = {.aggregator = ack->aggregator,
                              .id = ack->id,
                              .h = ack->h,
                              .backed_up_to = ack->backed_up_to};
    return receipt_verify(&uplink->office.signer, &receipt, &ack->signature);
}

static void acked(struct uplink *uplink, const struct uplink_event *event, struct effects *effects,
                  const struct ack *ack, const struct hash *own_h)
{
    if (ack->has_signature && !uplink_receipt_holds(uplink, ack)) {
        effects_alarm(effects, uplink->connection, ALARM_ACK_FOREIGN, ERR_SIGNATURE);
        return;
    }
    bool moved = false;
    int rc = sender_acked(&uplink->sender, ack, own_h, event->now_ms, &moved);
    if (rc != 0) {
        effects_alarm(effects, uplink->connection,
                      rc == ERR_VALUE ? ALARM_ACK_AHEAD : ALARM_ACK_FOREIGN, rc);
        return;
    }
    if (moved) {
        uplink->silence_doublings = 0;
        uplink->silent_since_ms = 0;
    }
    if (ack->has_signature) {
        uplink_set_receipt(uplink, ack);
    }
    if (moved || ack->has_signature) {
        effects_add(effects, EFFECT_ACKED, uplink->connection)->as.acked = *ack;
    }
}

/* It has less than it once receipted, and may not know: its own signature says so. */
static void send_back_receipt(struct uplink *uplink, struct effects *effects,
                              const struct ack *cursor)
{
    const struct out_log *log = sender_log(&uplink->sender, &cursor->id.incarnation);
    const struct ack *receipt = &uplink->receipts[log - uplink->sender.logs];
    if (receipt->id.seq > cursor->id.seq &&
        incarnation_equal(&receipt->aggregator, &uplink->aggregator)) {
        effects_send(effects, uplink->connection, FRAME_RECEIPT)->as.ack = *receipt;
    }
}

/* A cursor below what we believed: the aggregator lost something; we send it again. */
static bool cursor(struct uplink *uplink, const struct uplink_event *event, struct effects *effects,
                   const struct ack *ack, const struct hash *own_h)
{
    bool back = false;
    if (uplink_overtaken(uplink, ack)) {
        return true;
    }
    int rc = sender_cursor(&uplink->sender, ack, own_h, &back);
    if (rc != 0) {
        effects_alarm(effects, uplink->connection,
                      rc == ERR_VALUE ? ALARM_ACK_AHEAD : ALARM_ACK_FOREIGN, rc);
        return false;
    }
    if (back) {
        effects_alarm(effects, uplink->connection, ALARM_ACK_BACK, 0);
        send_back_receipt(uplink, effects, ack);
        effects_add(effects, EFFECT_ACKED, uplink->connection)->as.acked = *ack;
        return true;
    }
    acked(uplink, event, effects, ack, own_h);
    return true;
}

static bool cursors(struct uplink *uplink, const struct uplink_event *event,
                    struct effects *effects, const struct resumed *resumed)
{
    bool ours = true;
    bool named[LOGS_MAX] = {false};
    for (size_t i = 0; i < resumed->cursor_count; i++) {
        const struct out_log *log =
            sender_log(&uplink->sender, &resumed->cursors[i].id.incarnation);
        if (log == NULL) {
            continue; /* a log of an earlier life of this node: nothing to send in it */
        }
        named[log - uplink->sender.logs] = true;
        ours = cursor(uplink, event, effects, &resumed->cursors[i], event->own_h[i]) && ours;
    }
    for (size_t i = 0; i < uplink->sender.log_count; i++) {
        struct out_log *log = &uplink->sender.logs[i];
        if (!named[i] && log->acked > 0) {
            struct ack none = {.id = {.incarnation = log->incarnation, .seq = 0}};
            none.credit_bytes = uplink->sender.credit_bytes;
            ours = cursor(uplink, event, effects, &none, NULL) && ours;
        }
    }
    return ours;
}

static void resumed(struct uplink *uplink, const struct uplink_event *event,
                    struct effects *effects)
{
    const struct resumed *resumed = &event->control->as.resumed;
    if (uplink->state != UPLINK_RESUMING) {
        return;
    }
    static const struct entry_id all;
    if (resumed->old) {
        /* Somebody else has taken a step from this very pair, be it one that was never answered. */
        effects_alarm(effects, uplink->connection, ALARM_CLONE, ERR_FORK);
        succeed(uplink, effects, &all);
        return;
    }
    if (!session_own_confirm(&uplink->own, resumed->next)) {
        effects_alarm(effects, uplink->connection, ALARM_BAD_FRAME, ERR_STATE);
        return;
    }
    uplink_move(uplink, UPLINK_LIVE);
    uplink->aggregator = resumed->aggregator;
    uplink->clock_offset_ms = resumed->clock_ms - event->clock_ms;
    uplink->refused_count = 0;
    uplink->denied = 0;
    uplink_note_office(uplink, &resumed->office);
    if (!cursors(uplink, event, effects, resumed)) {
        /* It has these very logs from somebody else, be they successors that we think it never
         * took: a copy of us was faster. */
        succeed(uplink, effects, &all);
    }
}

/* It has no more than this of an earlier log of ours: our successors must begin there. What it has
 * of it may have moved on here already; then they begin where that log ends. */
static void line_gap(struct uplink *uplink, const struct uplink_event *event,
                     struct effects *effects)
{
    const struct gap *gap = &event->control->as.gap;
    const struct hash *own_h = event->own_h[0];
    struct entry_id have = gap->have;
    bool beyond = have.seq > event->line_last;
    bool ours = have.seq == 0 || beyond || (own_h != NULL && hash_equal(own_h, &gap->h));
    have.seq = beyond ? event->line_last : have.seq;
    for (size_t i = 0; i < uplink->sender.log_count; i++) {
        const struct entry_id *from = &uplink->predecessors[i];
        bool same =
            incarnation_equal(&from->incarnation, &have.incarnation) && from->seq == have.seq;
        ours = ours && !same; /* that is where it begins: no step further */
    }
    if (ours) {
        succeed(uplink, effects, &have);
    } else {
        effects_alarm(effects, uplink->connection, ALARM_FORK, ERR_FORK);
        uplink_wait_denied(uplink, event, effects, DENIED_FORK);
    }
}

static void gap(struct uplink *uplink, const struct uplink_event *event, struct effects *effects)
{
    const struct gap *gap = &event->control->as.gap;
    if (event->line_before) {
        line_gap(uplink, event, effects);
        return;
    }
    struct ack have = {.id = gap->have,
                       .h = gap->h,
                       .aggregator = uplink->aggregator,
                       .credit_bytes = uplink->sender.credit_bytes};
    sender_rewind(&uplink->sender, &gap->have.incarnation);
    (void)cursor(uplink, event, effects, &have, event->own_h[0]);
}

static void keep_alive_answer(struct uplink *uplink)
{
    uplink->keep_alive_sent_ms = 0;
    uplink->silence_doublings = 0;
    uplink->silent_since_ms = 0;
}

static void denied(struct uplink *uplink, const struct uplink_event *event, struct effects *effects)
{
    const struct denied *denied = &event->control->as.denied;
    switch (denied->code) {
    case DENIED_NO_SESSION:
        uplink_wait_refused(uplink, event, effects);
        break;
    case DENIED_CLONE:
    case DENIED_FORK:
        not_ourselves(uplink, event, effects, denied->code, denied->retry_s);
        break;
    case DENIED_REVOKED:
    case DENIED_UNKNOWN_KEY:
    case DENIED_WRONG_LOG:
    case DENIED_VERSION:
        uplink_wait_denied(uplink, event, effects, denied->code);
        break;
    }
}

uint32_t uplink_asks(const struct uplink *uplink)
{
    return uplink->state == UPLINK_LIVE && !uplink->no_objects ? uplink->connection : 0;
}

void uplink_hold(struct uplink *uplink, bool urgent_only, bool no_objects)
{
    uplink->sender.urgent_only = urgent_only;
    uplink->no_objects = no_objects;
}

/* Whoever asked knows whether it is what was asked for. */
static void object_came(const struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects)
{
    if (uplink->state != UPLINK_LIVE) {
        effects_alarm(effects, uplink->connection, ALARM_BAD_FRAME, ERR_STATE);
        return;
    }
    effects_add(effects, EFFECT_OBJECT, uplink->connection)->as.control = *event->control;
}

static void control(struct uplink *uplink, const struct uplink_event *event,
                    struct effects *effects)
{
    uplink->heard_ms = event->now_ms;
    switch (event->control->kind) {
    case FRAME_RESUMED:
        resumed(uplink, event, effects);
        break;
    case FRAME_ACK:
    case FRAME_RECEIPT:
        acked(uplink, event, effects, &event->control->as.ack, event->own_h[0]);
        break;
    case FRAME_GAP:
        gap(uplink, event, effects);
        break;
    case FRAME_KEEP_ALIVE:
        keep_alive_answer(uplink);
        break;
    case FRAME_DENIED:
        denied(uplink, event, effects);
        break;
    case FRAME_COME_BACK: {
        uint32_t retry_s = event->control->as.come_back.retry_s;
        uint64_t delay_ms = retry_s < COME_BACK_S_MAX ? 1000u * retry_s : 1000u * COME_BACK_S_MAX;
        uplink_wait_asked(uplink, event, effects, delay_ms);
        break;
    }
    case FRAME_BYE:
        uplink_wait_refused(uplink, event, effects);
        break;
    case FRAME_WANT:
        object_giver_want(&uplink->giver, &uplink->config.object, uplink->connection,
                          &event->control->as.want, effects);
        break;
    case FRAME_PART:
    case FRAME_MISSING:
        object_came(uplink, event, effects);
        break;
    case FRAME_RESUME:
    case FRAME_SPAN:
        effects_alarm(effects, uplink->connection, ALARM_BAD_FRAME, ERR_STATE);
        break;
    }
}

/* ---- time ---- */

static void live_tick(struct uplink *uplink, const struct uplink_event *event,
                      struct effects *effects)
{
    uint64_t silence = uplink_silence_ms(uplink);
    if (uplink->sender.span_count > 0 && event->now_ms >= uplink->sender.progress_ms + silence) {
        uplink_wait_silent(uplink, event, effects);
        return;
    }
    if (uplink->keep_alive_sent_ms != 0) {
        if (event->now_ms >= uplink->keep_alive_sent_ms + silence) {
            uplink_wait_silent(uplink, event, effects);
            return;
        }
    } else if (event->now_ms >= uplink->heard_ms + uplink->config.keep_alive_ms) {
        struct keep_alive *alive =
            &effects_send(effects, uplink->connection, FRAME_KEEP_ALIVE)->as.keep_alive;
        alive->backlog = sender_backlog(&uplink->sender);
        alive->clock_ms = event->clock_ms;
        uplink->keep_alive_sent_ms = event->now_ms;
    }
    plan_next(uplink, effects);
    watch_progress(uplink, effects);
}

static void tick(struct uplink *uplink, const struct uplink_event *event, struct effects *effects)
{
    uplink->blocked = false;
    switch (uplink->state) {
    case UPLINK_WAITING:
        if (event->now_ms >= uplink->wake_ms) {
            uplink_begin(uplink, event, effects);
        } else {
            effects_wake(effects, uplink->wake_ms);
        }
        break;
    case UPLINK_CONNECTING:
        if (event->now_ms >= uplink->deadline_ms) {
            uplink->failed_count++;
            uplink_wait_silent(uplink, event, effects);
        } else {
            effects_wake(effects, uplink->deadline_ms);
        }
        break;
    case UPLINK_RESUMING:
        if (event->now_ms >= uplink->resumed_ms + uplink_silence_ms(uplink)) {
            uplink_wait_silent(uplink, event, effects);
        } else {
            plan_next(uplink, effects);
            effects_wake(effects, uplink->resumed_ms + uplink_silence_ms(uplink));
        }
        break;
    case UPLINK_LIVE:
        live_tick(uplink, event, effects);
        break;
    case UPLINK_STOPPED:
    case UPLINK_PAIRING:
    case UPLINK_STATE_COUNT:
        break;
    }
}

static bool stale(const struct uplink *uplink, const struct uplink_event *event)
{
    switch (event->type) {
    case UPLINK_EVENT_LINK_DOWN:
        if (uplink_is_kept(uplink, event->connection)) {
            return false;
        }
        return uplink->state < UPLINK_CONNECTING || event->connection != uplink->connection;
    case UPLINK_EVENT_LINK_UP:
    case UPLINK_EVENT_LINK_DENIED:
        return uplink->state < UPLINK_CONNECTING || event->connection != uplink->connection;
    case UPLINK_EVENT_CONTROL:
    case UPLINK_EVENT_SPAN:
    case UPLINK_EVENT_BAD_FRAME:
    case UPLINK_EVENT_SPAN_SENT:
    case UPLINK_EVENT_PART_SENT:
    case UPLINK_EVENT_SEND_BLOCKED:
        if (uplink_is_kept(uplink, event->connection)) {
            return false;
        }
        return uplink->state < UPLINK_RESUMING || event->connection != uplink->connection;
    case UPLINK_EVENT_START:
    case UPLINK_EVENT_STOP:
    case UPLINK_EVENT_TICK:
    case UPLINK_EVENT_PAIR_COMMITTED:
    case UPLINK_EVENT_APPENDED:
    case UPLINK_EVENT_STORED:
        break;
    }
    return false;
}

static void stop(struct uplink *uplink, struct effects *effects)
{
    if (uplink->state == UPLINK_STOPPED) {
        return;
    }
    uplink_leave(uplink, effects);
    uplink_move(uplink, UPLINK_STOPPED);
}

static void send_blocked(struct uplink *uplink, const struct uplink_event *event,
                         struct effects *effects)
{
    uplink->planned = false;
    if (event->rc != 0) {
        sender_stuck(&uplink->sender, &event->plan);
        return;
    }
    uplink->blocked = true;
    effects_wake(effects, event->now_ms + BLOCKED_RETRY_MS);
}

static void go_on(struct uplink *uplink, struct effects *effects)
{
    if (uplink->state == UPLINK_LIVE || uplink->state == UPLINK_RESUMING) {
        plan_next(uplink, effects);
    }
    if (uplink->state == UPLINK_LIVE) {
        watch_progress(uplink, effects);
    }
}

/* Whether this shows that what we wait for comes. That the other end is there does not: a frame may
 * have been lost inside the connection, and only another one says so. */
static bool is_progress(const struct uplink *uplink, const struct control *control)
{
    if (control->kind == FRAME_RESUMED) {
        return uplink->kept_state == UPLINK_RESUMING;
    }
    if (control->kind == FRAME_KEEP_ALIVE) {
        return uplink->kept_state == UPLINK_LIVE && uplink->sender.span_count == 0;
    }
    if (control->kind != FRAME_ACK && control->kind != FRAME_RECEIPT) {
        return false;
    }
    const struct ack *ack = &control->as.ack;
    for (size_t i = 0; i < uplink->sender.log_count; i++) {
        const struct out_log *log = &uplink->sender.logs[i];
        if (incarnation_equal(&log->incarnation, &ack->id.incarnation)) {
            return ack->id.seq > log->acked;
        }
    }
    return false;
}

/* Of the connection that is kept: what is progress ends the attempt beside it; where it does not
 * want us the other one will be told so too; all else comes again on the other one. False: it is
 * not to be looked at. */
static bool kept_speaks(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects)
{
    if (!uplink_is_kept(uplink, event->connection) ||
        (event->type != UPLINK_EVENT_SPAN && event->type != UPLINK_EVENT_CONTROL)) {
        return true;
    }
    if (event->type == UPLINK_EVENT_SPAN) {
        return false;
    }
    enum frame_kind kind = event->control->kind;
    if (kind == FRAME_DENIED || kind == FRAME_COME_BACK || kind == FRAME_BYE) {
        uplink_drop_kept(uplink, effects);
        return false;
    }
    bool progress = is_progress(uplink, event->control);
    if (progress) {
        uplink_take_back(uplink, event, effects);
    }
    return progress;
}

static void frame_or_entry(struct uplink *uplink, const struct uplink_event *event,
                           struct effects *effects)
{
    switch (event->type) {
    case UPLINK_EVENT_APPENDED:
        sender_appended(&uplink->sender, &event->id.incarnation, event->id.seq);
        break;
    case UPLINK_EVENT_CONTROL:
        control(uplink, event, effects);
        break;
    case UPLINK_EVENT_SPAN:
        uplink_office_span(uplink, event, effects);
        break;
    case UPLINK_EVENT_BAD_FRAME:
        effects_alarm(effects, uplink->connection, ALARM_BAD_FRAME, event->rc);
        break;
    case UPLINK_EVENT_SPAN_SENT:
        uplink->planned = false;
        sender_sent(&uplink->sender, &event->plan, event->id.seq, event->wire_bytes, event->now_ms);
        break;
    case UPLINK_EVENT_PART_SENT:
        uplink->planned = false;
        object_giver_sent(&uplink->giver, uplink->connection, event->rc, effects);
        break;
    case UPLINK_EVENT_SEND_BLOCKED:
        send_blocked(uplink, event, effects);
        break;
    case UPLINK_EVENT_STORED:
        uplink_office_stored(uplink, event, effects);
        break;
    case UPLINK_EVENT_START:
    case UPLINK_EVENT_STOP:
    case UPLINK_EVENT_TICK:
    case UPLINK_EVENT_PAIR_COMMITTED:
    case UPLINK_EVENT_LINK_UP:
    case UPLINK_EVENT_LINK_DOWN:
    case UPLINK_EVENT_LINK_DENIED:
        break;
    }
    go_on(uplink, effects);
}

void uplink_step(struct uplink *uplink, const struct uplink_event *event, struct effects *effects)
{
    if (stale(uplink, event)) {
        return;
    }
    switch (event->type) {
    case UPLINK_EVENT_START:
        if (uplink->state == UPLINK_STOPPED) {
            uplink->started_ms = event->now_ms;
            uplink_begin(uplink, event, effects);
        }
        break;
    case UPLINK_EVENT_STOP:
        stop(uplink, effects);
        break;
    case UPLINK_EVENT_TICK:
        tick(uplink, event, effects);
        break;
    case UPLINK_EVENT_PAIR_COMMITTED:
        uplink_pair_committed(uplink, event, effects);
        break;
    case UPLINK_EVENT_LINK_UP:
        link_up(uplink, event, effects);
        break;
    case UPLINK_EVENT_LINK_DOWN:
        uplink_link_down(uplink, event, effects);
        break;
    case UPLINK_EVENT_LINK_DENIED:
        uplink_wait_denied(uplink, event, effects, DENIED_UNKNOWN_KEY);
        break;
    case UPLINK_EVENT_APPENDED:
    case UPLINK_EVENT_CONTROL:
    case UPLINK_EVENT_SPAN:
    case UPLINK_EVENT_BAD_FRAME:
    case UPLINK_EVENT_SPAN_SENT:
    case UPLINK_EVENT_PART_SENT:
    case UPLINK_EVENT_SEND_BLOCKED:
    case UPLINK_EVENT_STORED:
        if (kept_speaks(uplink, event, effects)) {
            frame_or_entry(uplink, event, effects);
        }
        break;
    }
}

void uplink_set_predecessor(struct uplink *uplink, const struct incarnation *incarnation,
                            const struct entry_id *predecessor)
{
    struct out_log *log = sender_log(&uplink->sender, incarnation);
    ASSERT(log != NULL);
    uplink->predecessors[log - uplink->sender.logs] = *predecessor;
}

void uplink_set_receipt(struct uplink *uplink, const struct ack *receipt)
{
    struct out_log *log = sender_log(&uplink->sender, &receipt->id.incarnation);
    ASSERT(log != NULL);
    uplink->receipts[log - uplink->sender.logs] = *receipt;
}
