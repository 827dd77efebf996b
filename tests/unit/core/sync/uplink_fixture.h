/* uplink_fixture.h - a node's end with two logs, and what may happen to it. */
#ifndef SYNC_UPLINK_FIXTURE_H
#define SYNC_UPLINK_FIXTURE_H

#include "core/sync/uplink.h"

#include "fixture.h"

#define SILENCE_MS 3000u
#define KEEP_ALIVE_MS 20000u
#define RECONNECT_MS 500u

static struct sample urgent, routine, office;
static struct incarnation aggregator;
static struct uplink uplink;
static struct effects effects;
static struct arena *arena;
static uint64_t now_ms;
static uint8_t chance;

static inline int begin(void **state)
{
    (void)state;
    sample_open(&urgent, 1, LANE_URGENT);
    sample_open(&routine, 1, LANE_ROUTINE);
    memset(routine.incarnation.b, 2, sizeof routine.incarnation.b);
    sample_chain(&routine);
    sample_open(&office, 3, LANE_OFFICE);
    memset(aggregator.b, 9, sizeof aggregator.b);
    arena = arena_new(PARSE_ARENA_BYTES);
    now_ms = 100000;
    chance = 0;
    struct uplink_config config = {
        .limits = {.window_start_bytes = 1000, .window_max_bytes = 4000, .span_raw_bytes = 500},
        .enrolment = ENROLMENT,
        .silence_ms = SILENCE_MS,
        .keep_alive_ms = KEEP_ALIVE_MS,
        .reconnect_ms = RECONNECT_MS,
        .office_signer = office.key,
        .province = bytes_of_text(PROVINCE),
        .regency = bytes_of_text(REGENCY),
        .office = office.incarnation,
        .software = bytes_of_text("test")};
    struct session_own own = {0};
    struct incarnation nobody = {{0}};
    uplink_init(&uplink, &config, &own, &nobody, 0, &office.h[0]);
    assert_int_equal(uplink_add_log(&uplink, &urgent.incarnation, LANE_URGENT, 4, 0, 0), 0);
    assert_int_equal(uplink_add_log(&uplink, &routine.incarnation, LANE_ROUTINE, 9, 0, 0), 0);
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static inline struct uplink_event event_of(enum uplink_event_type type)
{
    struct uplink_event event = {.type = type,
                                 .now_ms = now_ms,
                                 .clock_ms = (int64_t)now_ms,
                                 .connection = uplink.connection,
                                 .arena = arena};
    memset(event.random, ++chance, sizeof event.random);
    return event;
}

static inline void step(const struct uplink_event *event)
{
    effects.count = 0;
    uplink_step(&uplink, event, &effects);
}

static inline void happens(enum uplink_event_type type)
{
    struct uplink_event event = event_of(type);
    step(&event);
}

/* A span that was asked for goes out whole; what is asked for next is in `effects`. */
static inline void span_sent(const struct span_plan *plan, uint64_t last)
{
    struct uplink_event event = event_of(UPLINK_EVENT_SPAN_SENT);
    event.plan = *plan;
    event.id.seq = last;
    event.wire_bytes = 200;
    step(&event);
}

static inline void hears(const struct control *control)
{
    struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
    event.control = control;
    const struct ack *acks = &control->as.ack;
    size_t count = 1;
    if (control->kind == FRAME_RESUMED) {
        acks = control->as.resumed.cursors;
        count = control->as.resumed.cursor_count;
    } else if (control->kind != FRAME_ACK && control->kind != FRAME_RECEIPT) {
        count = 0;
    }
    for (size_t i = 0; i < count; i++) {
        bool first = incarnation_equal(&acks[i].id.incarnation, &urgent.incarnation);
        const struct sample *sample = first ? &urgent : &routine;
        event.own_h[i] = &sample->h[acks[i].id.seq];
    }
    if (control->kind == FRAME_GAP) {
        event.own_h[0] = &urgent.h[control->as.gap.have.seq];
    }
    step(&event);
}

static inline void connect(void)
{
    happens(UPLINK_EVENT_START);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_UP);
}

static inline void resume_with(const struct ack *cursors, size_t count)
{
    struct control control = {.kind = FRAME_RESUMED};
    control.as.resumed.aggregator = aggregator;
    memcpy(control.as.resumed.next, uplink.own.pair.next, 16);
    control.as.resumed.cursor_count = count;
    if (count > 0) {
        memcpy(control.as.resumed.cursors, cursors, count * sizeof *cursors);
    }
    hears(&control);
}

static inline void live(void)
{
    connect();
    resume_with(NULL, 0);
    assert_int_equal(uplink.state, UPLINK_LIVE);
}

static inline uint64_t wait_of(void)
{
    assert_int_equal(uplink.state, UPLINK_WAITING);
    uint64_t at_ms = effect_of(&effects, EFFECT_WAKE)->as.at_ms;
    assert_int_equal(at_ms, uplink.wake_ms);
    return at_ms - now_ms;
}

#endif
