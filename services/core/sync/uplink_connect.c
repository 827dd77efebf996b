/* uplink_connect.c - getting a connection, leaving one, and how long to wait in between.
 *
 * Make before break: a connection that is silent is kept while another is tried. What it still
 * brings ends the attempt; when the other one is up it is given up.
 */
#include "core/sync/uplink_private.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

#define REFUSED_WAIT_MS_MAX 60000u
#define SILENT_EAGER_MS 600000u /* 10 minutes of eager attempts */
#define SILENT_LATE_WAIT_MS 60000u
#define DENIED_WAIT_MS_MIN 300000u
#define DENIED_WAIT_MS_SPREAD 600000u
#define ADMITTED_WAIT_MS 3000u /* a key that was never met may be admitted any moment */
#define ADMITTED_EAGER_MS 600000u
#define SILENCE_DOUBLINGS_MAX 5u
#define CONNECT_MS_MIN 3000u   /* and what the last one took, 4 round trips and more */
#define SETUP_MS_UNKNOWN 4000u /* a round trip of 1 s, as on GPRS */
#define CONNECT_MS_MAX 20000u
#define HANDSHAKE_MS_MAX 30000u
#define WIDER_MS 1000u /* after each attempt that failed */
#define CONNECT_SLACK_MS 2000u
#define TAKE_OVER_WAIT_MS_MIN 5000u /* a successor that came too early */
#define TAKE_OVER_WAIT_MS_MAX 900000u

void uplink_move(struct uplink *uplink, enum uplink_state to)
{
    static const uint8_t allowed[UPLINK_STATE_COUNT] = {
        [UPLINK_STOPPED] = 1u << UPLINK_PAIRING | 1u << UPLINK_CONNECTING,
        [UPLINK_WAITING] = 1u << UPLINK_PAIRING | 1u << UPLINK_CONNECTING | 1u << UPLINK_RESUMING |
                           1u << UPLINK_LIVE | 1u << UPLINK_STOPPED,
        [UPLINK_PAIRING] = 1u << UPLINK_CONNECTING | 1u << UPLINK_WAITING | 1u << UPLINK_STOPPED,
        [UPLINK_CONNECTING] =
            1u << UPLINK_RESUMING | 1u << UPLINK_LIVE | 1u << UPLINK_WAITING | 1u << UPLINK_STOPPED,
        [UPLINK_RESUMING] = 1u << UPLINK_LIVE | 1u << UPLINK_WAITING | 1u << UPLINK_STOPPED,
        [UPLINK_LIVE] = 1u << UPLINK_WAITING | 1u << UPLINK_STOPPED,
    };
    ASSERT(allowed[uplink->state] & 1u << to);
    uplink->state = to;
}

uint64_t uplink_silence_ms(const struct uplink *uplink)
{
    const struct sender *sender = &uplink->sender;
    uint64_t scaled = pace_patience_ms(&sender->pace, sender->outstanding_bytes);
    uint64_t base = uplink->config.silence_ms > scaled ? uplink->config.silence_ms : scaled;
    return base << uplink->silence_doublings;
}

static uint64_t spread(const struct uplink_event *event, uint64_t range_ms)
{
    return range_ms == 0 ? 0 : get_be64(event->random) % range_ms;
}

/* ---- the one that is kept ---- */

bool uplink_is_kept(const struct uplink *uplink, uint32_t connection)
{
    return uplink->kept != 0 && connection == uplink->kept;
}

void uplink_drop_kept(struct uplink *uplink, struct effects *effects)
{
    if (uplink->kept != 0) {
        effects_add(effects, EFFECT_DISCONNECT, uplink->kept);
        uplink->kept = 0;
    }
}

void uplink_take_back(struct uplink *uplink, const struct uplink_event *event,
                      struct effects *effects)
{
    if (uplink->state == UPLINK_CONNECTING) {
        effects_add(effects, EFFECT_DISCONNECT, uplink->connection);
    }
    uplink->connection = uplink->kept;
    uplink->kept = 0;
    uplink_move(uplink, uplink->kept_state);
    sender_after_stall(&uplink->sender, event->now_ms);
    uplink->resumed_ms = event->now_ms;
}

/* ---- leaving a connection ---- */

static void wait_until(struct uplink *uplink, struct effects *effects, uint64_t at_ms)
{
    uplink_move(uplink, UPLINK_WAITING);
    uplink->blocked = false;
    uplink->wake_ms = at_ms;
    effects_wake(effects, uplink->wake_ms);
}

void uplink_leave(struct uplink *uplink, struct effects *effects)
{
    uplink_drop_kept(uplink, effects);
    if (uplink->state >= UPLINK_CONNECTING) {
        effects_add(effects, EFFECT_DISCONNECT, uplink->connection);
    }
}

static void wait_for(struct uplink *uplink, const struct uplink_event *event,
                     struct effects *effects, uint64_t delay_ms)
{
    uplink_leave(uplink, effects);
    wait_until(uplink, effects, event->now_ms + delay_ms);
}

void uplink_wait_refused(struct uplink *uplink, const struct uplink_event *event,
                         struct effects *effects)
{
    uint64_t ceiling = uplink->config.reconnect_ms;
    for (uint32_t i = 0; i < uplink->refused_count && ceiling < REFUSED_WAIT_MS_MAX; i++) {
        ceiling *= 2;
    }
    if (ceiling > REFUSED_WAIT_MS_MAX) {
        ceiling = REFUSED_WAIT_MS_MAX;
    }
    uplink->refused_count++;
    wait_for(uplink, event, effects, 1 + spread(event, ceiling));
}

/* The connection that stood is kept, and the first attempt beside it is made at once. */
static uint64_t keep(struct uplink *uplink)
{
    if (uplink->silence_doublings < SILENCE_DOUBLINGS_MAX) {
        uplink->silence_doublings++;
    }
    uplink->kept = uplink->connection;
    uplink->kept_state = uplink->state;
    return 0;
}

static uint64_t try_again(struct uplink *uplink, const struct uplink_event *event,
                          struct effects *effects)
{
    effects_add(effects, EFFECT_DISCONNECT, uplink->connection);
    return 1000 + spread(event, 1000);
}

void uplink_wait_silent(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects)
{
    if (uplink->silent_since_ms == 0) {
        uplink->silent_since_ms = event->now_ms;
    }
    bool eager =
        event->now_ms - uplink->silent_since_ms < SILENT_EAGER_MS && !sender_idle(&uplink->sender);
    uint64_t delay_ms =
        uplink->state >= UPLINK_RESUMING ? keep(uplink) : try_again(uplink, event, effects);
    wait_until(uplink, effects,
               event->now_ms + (eager ? delay_ms : spread(event, SILENT_LATE_WAIT_MS)));
}

void uplink_wait_denied(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects, enum denied_code code)
{
    effects_alarm(effects, uplink->connection, ALARM_DENIED, ERR_KEY);
    effects->list[effects->count - 1].as.alarm.denied = code;
    uplink->denied = code;
    bool never_met = incarnation_is_zero(&uplink->aggregator) && code == DENIED_UNKNOWN_KEY;
    bool soon = never_met && event->now_ms - uplink->started_ms < ADMITTED_EAGER_MS;
    wait_for(uplink, event, effects,
             soon ? ADMITTED_WAIT_MS : DENIED_WAIT_MS_MIN + spread(event, DENIED_WAIT_MS_SPREAD));
}

void uplink_wait_take_over(struct uplink *uplink, const struct uplink_event *event,
                           struct effects *effects, enum denied_code code, uint32_t retry_s)
{
    uint64_t delay_ms = 1000u * (uint64_t)retry_s;
    delay_ms = delay_ms < TAKE_OVER_WAIT_MS_MIN   ? TAKE_OVER_WAIT_MS_MIN
               : delay_ms > TAKE_OVER_WAIT_MS_MAX ? TAKE_OVER_WAIT_MS_MAX
                                                  : delay_ms;
    effects_alarm(effects, uplink->connection, ALARM_DENIED, ERR_KEY);
    effects->list[effects->count - 1].as.alarm.denied = code;
    uplink->denied = code;
    wait_for(uplink, event, effects, delay_ms + spread(event, 1 + delay_ms / 8));
}

void uplink_wait_asked(struct uplink *uplink, const struct uplink_event *event,
                       struct effects *effects, uint64_t delay_ms)
{
    wait_for(uplink, event, effects, delay_ms + spread(event, 1 + delay_ms));
}

/* ---- getting one ---- */

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

/* Scaled with the line, and wider after each failure: a fixed short limit would keep a slow line
 * out for ever. */
static void connect_now(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects)
{
    uint64_t setup_ms = uplink->sender.pace.setup_ms;
    uint64_t wider_ms = WIDER_MS * (uint64_t)uplink->failed_count;
    uint64_t handshake_ms =
        setup_ms == 0 ? HANDSHAKE_MS_MAX
                      : at_most(CONNECT_MS_MIN + 2 * (setup_ms + wider_ms), HANDSHAKE_MS_MAX);
    setup_ms = setup_ms == 0 ? SETUP_MS_UNKNOWN : setup_ms;
    uplink->connect_ms = at_most(CONNECT_MS_MIN + setup_ms + wider_ms, CONNECT_MS_MAX);
    uplink_move(uplink, UPLINK_CONNECTING);
    uplink->connection = ++uplink->last_connection;
    uplink->connect_began_ms = event->now_ms;
    uplink->deadline_ms = event->now_ms + uplink->connect_ms + handshake_ms + CONNECT_SLACK_MS;
    struct effect *effect = effects_add(effects, EFFECT_CONNECT, uplink->connection);
    effect->as.connect.connect_ms = uplink->connect_ms;
    effect->as.connect.handshake_ms = handshake_ms;
    effects_wake(effects, uplink->deadline_ms);
}

void uplink_begin(struct uplink *uplink, const struct uplink_event *event, struct effects *effects)
{
    if (uplink->pair_in_flight) {
        uplink_move(uplink, UPLINK_PAIRING); /* stopped and started while it was being committed */
        return;
    }
    uplink->own_before = uplink->own;
    /* Beside another connection the same pair goes out: a retry. */
    if (uplink->kept != 0 || !session_own_next(&uplink->own, event->random)) {
        connect_now(uplink, event, effects);
        return;
    }
    if (PLANTED(PAIR_NOT_COMMITTED)) {
        connect_now(uplink, event, effects);
        return;
    }
    uplink_move(uplink, UPLINK_PAIRING);
    uplink->pair_in_flight = true;
    effects_add(effects, EFFECT_COMMIT_PAIR, 0)->as.pair = uplink->own.pair;
}

void uplink_pair_committed(struct uplink *uplink, const struct uplink_event *event,
                           struct effects *effects)
{
    uplink->pair_in_flight = false;
    if (event->rc != 0) {
        uplink->own = uplink->own_before;
    }
    if (uplink->state != UPLINK_PAIRING) {
        return;
    }
    if (event->rc != 0) {
        uplink_wait_refused(uplink, event, effects);
    } else {
        connect_now(uplink, event, effects);
    }
}

void uplink_link_down(struct uplink *uplink, const struct uplink_event *event,
                      struct effects *effects)
{
    if (uplink_is_kept(uplink, event->connection)) {
        uplink_drop_kept(uplink, effects);
        return;
    }
    bool connecting = uplink->state == UPLINK_CONNECTING;
    uplink->failed_count += connecting;
    /* Nobody answered, which is another thing than to be refused. */
    if (connecting && event->now_ms - uplink->connect_began_ms >= uplink->connect_ms) {
        uplink_wait_silent(uplink, event, effects);
    } else {
        uplink_wait_refused(uplink, event, effects);
    }
}
