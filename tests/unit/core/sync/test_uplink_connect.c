/* The node's end: when it connects, how long it waits, and two connections at a time. */
#include "uplink_fixture.h"

/* ---- waits ---- */

static void refused_waits_double_up_to_a_minute(void **state)
{
    (void)state;
    uint64_t longest_ms = 0;
    for (unsigned i = 0; i < 300; i++) {
        if (uplink.state == UPLINK_STOPPED) {
            happens(UPLINK_EVENT_START);
            happens(UPLINK_EVENT_PAIR_COMMITTED);
        }
        struct uplink_event event = event_of(UPLINK_EVENT_LINK_DOWN);
        put_be64(event.random, i * 7919u);
        step(&event);
        uint64_t ceiling = i < 7 ? RECONNECT_MS << i : 60000;
        assert_true(wait_of() >= 1 && wait_of() <= ceiling);
        longest_ms = wait_of() > longest_ms ? wait_of() : longest_ms;
        now_ms = uplink.wake_ms - 1;
        happens(UPLINK_EVENT_TICK);
        assert_int_equal(count_of(&effects, EFFECT_CONNECT), 0); /* not before it is due */
        assert_int_equal(effect_of(&effects, EFFECT_WAKE)->as.at_ms, uplink.wake_ms);
        now_ms++;
        happens(UPLINK_EVENT_TICK);
        assert_int_equal(count_of(&effects, EFFECT_CONNECT), 1);
    }
    assert_true(longest_ms > 50000); /* it is jitter over the whole range */
}

static void resumed_forgets_the_refusals(void **state)
{
    (void)state;
    connect();
    for (unsigned i = 0; i < 10; i++) {
        happens(UPLINK_EVENT_LINK_DOWN);
        now_ms = uplink.wake_ms;
        happens(UPLINK_EVENT_TICK);
    }
    happens(UPLINK_EVENT_LINK_UP);
    resume_with(NULL, 0);
    happens(UPLINK_EVENT_LINK_DOWN);
    assert_true(wait_of() <= RECONNECT_MS);
}

/* Silence after the handshake with a backlog; the time passes up to the deadline. */
static void fall_silent(void)
{
    happens(UPLINK_EVENT_LINK_UP);
    now_ms += uplink_silence_ms(&uplink) - 1;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(uplink.state, UPLINK_RESUMING);
    now_ms++;
    happens(UPLINK_EVENT_TICK);
}

static void silence_is_tried_eagerly_for_ten_minutes(void **state)
{
    (void)state;
    happens(UPLINK_EVENT_START);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    fall_silent();
    uint64_t since_ms = now_ms;
    unsigned eager = 0;
    while (now_ms < since_ms + 600000) {
        assert_int_equal(wait_of(), 0); /* beside the one that stands, at once */
        eager++;
        now_ms = uplink.wake_ms;
        happens(UPLINK_EVENT_TICK);
        fall_silent();
    }
    assert_true(eager > 5);
    uint64_t longest_ms = 0;
    for (unsigned i = 0; i < 40; i++) {
        assert_true(wait_of() <= 60000);
        longest_ms = wait_of() > longest_ms ? wait_of() : longest_ms;
        now_ms = uplink.wake_ms;
        happens(UPLINK_EVENT_TICK);
        fall_silent();
    }
    assert_true(longest_ms > 2000);
}

static void time_to_connect_scales_with_the_line(void **state)
{
    (void)state;
    happens(UPLINK_EVENT_START);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    const struct effect *connect = effect_of(&effects, EFFECT_CONNECT);
    assert_int_equal(connect->as.connect.connect_ms, 7000); /* it may be GPRS */
    assert_int_equal(connect->as.connect.handshake_ms, 30000);
    now_ms += 1200;
    happens(UPLINK_EVENT_LINK_UP);
    happens(UPLINK_EVENT_LINK_DOWN);
    for (unsigned failed = 0; failed < 3;
         failed++) { /* 4 round trips and 3 s, a bit wider each time */
        now_ms = uplink.wake_ms;
        happens(UPLINK_EVENT_TICK);
        connect = effect_of(&effects, EFFECT_CONNECT);
        assert_int_equal(connect->as.connect.connect_ms, 4201 + 1000 * failed);
        assert_int_equal(connect->as.connect.handshake_ms, 3000 + 2 * (1201 + 1000 * failed));
        now_ms += connect->as.connect.connect_ms;
        happens(UPLINK_EVENT_LINK_DOWN);
    }
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    now_ms += 800;
    happens(UPLINK_EVENT_LINK_UP);
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(effect_of(&effects, EFFECT_CONNECT)->as.connect.connect_ms, 3801);
}

/* A line in an outage is another thing than a province that says no. */
static void nobody_there_is_asked_again_soon(void **state)
{
    (void)state;
    happens(UPLINK_EVENT_START);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    for (unsigned i = 0; i < 20; i++) {
        now_ms += uplink.connect_ms;
        happens(UPLINK_EVENT_LINK_DOWN);
        assert_true(wait_of() >= 1000 && wait_of() <= 2000);
        now_ms = uplink.wake_ms;
        happens(UPLINK_EVENT_TICK);
    }
    assert_int_equal(uplink.refused_count, 0);
    happens(UPLINK_EVENT_LINK_UP);
    assert_int_equal(uplink_silence_ms(&uplink) / SILENCE_MS, 1); /* no patience was lost by it */
}

static void denied_waits_five_to_fifteen_minutes(void **state)
{
    (void)state;
    connect();
    for (unsigned i = 0; i < 50; i++) {
        struct control control = {.kind = FRAME_DENIED};
        control.as.denied.code = DENIED_REVOKED;
        hears(&control);
        assert_int_equal(uplink.denied, DENIED_REVOKED);
        assert_true(alarmed(&effects, ALARM_DENIED));
        assert_true(wait_of() >= 300000 && wait_of() <= 900000);
        now_ms = uplink.wake_ms;
        happens(UPLINK_EVENT_TICK);
        happens(UPLINK_EVENT_LINK_UP);
    }
    happens(UPLINK_EVENT_LINK_DENIED);
    assert_int_equal(uplink.denied, DENIED_UNKNOWN_KEY);
    assert_true(wait_of() >= 300000 && wait_of() <= 900000);
}

static void newcomer_asks_again_soon_for_ten_minutes(void **state)
{
    (void)state;
    connect();
    uint64_t started_ms = now_ms;
    while (now_ms - started_ms < 600000) {
        happens(UPLINK_EVENT_LINK_DENIED);
        assert_int_equal(wait_of(), 3000);
        now_ms = uplink.wake_ms;
        happens(UPLINK_EVENT_TICK);
    }
    happens(UPLINK_EVENT_LINK_DENIED);
    assert_true(wait_of() >= 300000);
}

static void one_who_was_met_is_no_newcomer(void **state)
{
    (void)state;
    live();
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_DENIED);
    assert_true(wait_of() >= 300000);
}

static void come_back_has_a_ceiling(void **state)
{
    (void)state;
    connect();
    struct control control = {.kind = FRAME_COME_BACK};
    control.as.come_back.retry_s = UINT32_MAX;
    hears(&control);
    assert_true(wait_of() >= 60000 && wait_of() <= 120000);
}

static void clone_asks_for_successors(void **state)
{
    (void)state;
    connect();
    struct control control = {.kind = FRAME_RESUMED};
    control.as.resumed.old = true;
    hears(&control);
    assert_true(alarmed(&effects, ALARM_CLONE));
    assert_true(incarnation_is_zero(&effect_of(&effects, EFFECT_SUCCEED)->as.from.incarnation));
    assert_int_equal(uplink.state, UPLINK_STOPPED);
}

static void no_session_and_come_back_are_short(void **state)
{
    (void)state;
    connect();
    struct control control = {.kind = FRAME_DENIED};
    control.as.denied.code = DENIED_NO_SESSION;
    hears(&control);
    assert_true(wait_of() <= RECONNECT_MS);
    assert_int_equal(uplink.denied, 0);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_LINK_UP);
    control = (struct control){.kind = FRAME_COME_BACK};
    control.as.come_back.retry_s = 30;
    hears(&control);
    assert_true(wait_of() >= 30000 && wait_of() <= 60000);
}

/* ---- time in a session ---- */

static void no_progress_has_another_one_tried(void **state)
{
    (void)state;
    live();
    struct span_plan plan = {.incarnation = urgent.incarnation, .first = 1, .last_max = 4};
    span_sent(&plan, 4);
    now_ms += SILENCE_MS - 1;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(uplink.state, UPLINK_LIVE);
    now_ms += 1;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(wait_of(), 0);
    assert_int_equal(uplink_silence_ms(&uplink), 2 * SILENCE_MS); /* more patience next time */
}

/* Silent, and another one is tried beside it. */
static void two_connections(void)
{
    live();
    struct span_plan plan = {.incarnation = urgent.incarnation, .first = 1, .last_max = 4};
    span_sent(&plan, 4);
    now_ms += SILENCE_MS;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(count_of(&effects, EFFECT_DISCONNECT), 0); /* the first one is kept */
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 0); /* the same pair */
    assert_int_equal(effect_of(&effects, EFFECT_CONNECT)->connection, 2);
}

static void what_the_first_brings_ends_the_second(void **state)
{
    (void)state;
    two_connections();
    struct control control = {.kind = FRAME_ACK, .as.ack = sample_ack(&urgent, 4)};
    struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
    event.connection = 1;
    event.control = &control;
    event.own_h[0] = &urgent.h[4];
    step(&event);
    assert_int_equal(effect_of(&effects, EFFECT_DISCONNECT)->connection, 2);
    assert_int_equal(uplink.state, UPLINK_LIVE);
    assert_int_equal(uplink.connection, 1);
    assert_int_equal(effect_of(&effects, EFFECT_ACKED)->as.acked.id.seq, 4);
    now_ms += SILENCE_MS;
    event = event_of(UPLINK_EVENT_LINK_UP); /* of the second: too late */
    event.connection = 2;
    step(&event);
    assert_int_equal(effects.count, 0);
    struct span_plan plan = {
        .incarnation = routine.incarnation, .first = 1, .last_max = 2, .log = 1};
    span_sent(&plan, 2);
    now_ms += uplink_silence_ms(&uplink);
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(effect_of(&effects, EFFECT_CONNECT)->connection, 3); /* no number twice */
}

/* Its frames may have been lost inside: that somebody is there is not what is waited for. */
static void being_there_is_no_progress(void **state)
{
    (void)state;
    two_connections();
    const enum frame_kind kinds[] = {FRAME_KEEP_ALIVE, FRAME_GAP, FRAME_ACK};
    for (size_t i = 0; i < 3; i++) {
        struct control control = {.kind = kinds[i]};
        if (kinds[i] == FRAME_ACK) {
            control.as.ack = sample_ack(&urgent, 0); /* what was known */
        }
        struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
        event.connection = 1;
        event.control = &control;
        step(&event);
        assert_int_equal(effects.count, 0);
        assert_int_equal(uplink.state, UPLINK_CONNECTING);
    }
}

static void the_first_goes_when_the_second_is_up(void **state)
{
    (void)state;
    two_connections();
    happens(UPLINK_EVENT_LINK_UP);
    assert_int_equal(effect_of(&effects, EFFECT_DISCONNECT)->connection, 1);
    assert_int_equal(frames_of(&effects, FRAME_RESUME), 1);
    assert_int_equal(uplink.kept, 0);
    struct control control = {.kind = FRAME_ACK, .as.ack = sample_ack(&urgent, 4)};
    struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
    event.connection = 1;
    event.control = &control;
    step(&event);
    assert_int_equal(effects.count, 0);
}

static void the_first_stays_while_attempts_fail_and_may_end(void **state)
{
    (void)state;
    two_connections();
    now_ms += uplink.connect_ms;
    happens(UPLINK_EVENT_LINK_DOWN);
    assert_int_equal(effect_of(&effects, EFFECT_DISCONNECT)->connection, 2);
    assert_int_equal(uplink.kept, 1);
    assert_true(wait_of() >= 1000 && wait_of() <= 2000);
    struct uplink_event event = event_of(UPLINK_EVENT_LINK_DOWN);
    event.connection = 1;
    step(&event);
    assert_int_equal(effect_of(&effects, EFFECT_DISCONNECT)->connection, 1);
    assert_int_equal(uplink.kept, 0);
    assert_int_equal(uplink.state, UPLINK_WAITING);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(uplink.state, UPLINK_PAIRING); /* a step of its own again */
}

static void a_no_on_the_first_leaves_the_second(void **state)
{
    (void)state;
    two_connections();
    struct control control = {.kind = FRAME_COME_BACK, .as.come_back.retry_s = 5};
    struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
    event.connection = 1;
    event.control = &control;
    step(&event);
    assert_int_equal(effect_of(&effects, EFFECT_DISCONNECT)->connection, 1);
    assert_int_equal(uplink.state, UPLINK_CONNECTING);
}

static void stop_ends_both(void **state)
{
    (void)state;
    two_connections();
    happens(UPLINK_EVENT_STOP);
    assert_int_equal(count_of(&effects, EFFECT_DISCONNECT), 2);
}

static void idle_line_is_kept_alive(void **state)
{
    (void)state;
    live();
    struct control control = {.kind = FRAME_ACK, .as.ack = sample_ack(&urgent, 4)};
    hears(&control);
    control.as.ack = sample_ack(&routine, 9);
    hears(&control);
    for (unsigned round = 0; round < 3; round++) {
        now_ms += KEEP_ALIVE_MS - 1;
        happens(UPLINK_EVENT_TICK);
        assert_int_equal(frames_of(&effects, FRAME_KEEP_ALIVE), 0);
        now_ms += 1;
        happens(UPLINK_EVENT_TICK);
        assert_int_equal(frames_of(&effects, FRAME_KEEP_ALIVE), 1);
        for (size_t i = 0; i < effects.count; i++) { /* no tick before there is a reason */
            assert_true(effects.list[i].type != EFFECT_WAKE ||
                        effects.list[i].as.at_ms >= now_ms + SILENCE_MS);
        }
        control = (struct control){.kind = FRAME_KEEP_ALIVE};
        control.as.keep_alive.answer = true;
        hears(&control);
    }
    now_ms += KEEP_ALIVE_MS;
    happens(UPLINK_EVENT_TICK);
    now_ms += SILENCE_MS;
    happens(UPLINK_EVENT_TICK); /* this one was not answered */
    assert_int_equal(uplink.state, UPLINK_WAITING);
}

static void old_connections_say_nothing(void **state)
{
    (void)state;
    live();
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_UP);
    assert_int_equal(uplink.connection, 2);
    struct uplink before = uplink;
    struct control control = {.kind = FRAME_DENIED, .as.denied.code = DENIED_CLONE};
    struct span_header header = sample_span(&office, 1, 2);
    static const enum uplink_event_type types[] = {
        UPLINK_EVENT_LINK_UP,   UPLINK_EVENT_LINK_DOWN,   UPLINK_EVENT_LINK_DENIED,
        UPLINK_EVENT_CONTROL,   UPLINK_EVENT_SPAN,        UPLINK_EVENT_BAD_FRAME,
        UPLINK_EVENT_SPAN_SENT, UPLINK_EVENT_SEND_BLOCKED};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct uplink_event event = event_of(types[i]);
        event.connection = 1;
        event.control = &control;
        event.header = &header;
        event.entries = office.entries;
        step(&event);
        assert_int_equal(effects.count, 0);
        assert_memory_equal(&uplink, &before, sizeof before);
    }
}

static void stop_ends_it(void **state)
{
    (void)state;
    live();
    happens(UPLINK_EVENT_STOP);
    assert_int_equal(count_of(&effects, EFFECT_DISCONNECT), 1);
    now_ms += 10000000;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(effects.count, 0);
    assert_int_equal(uplink.state, UPLINK_STOPPED);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        FRESH(refused_waits_double_up_to_a_minute),
        FRESH(resumed_forgets_the_refusals),
        FRESH(silence_is_tried_eagerly_for_ten_minutes),
        FRESH(time_to_connect_scales_with_the_line),
        FRESH(nobody_there_is_asked_again_soon),
        FRESH(denied_waits_five_to_fifteen_minutes),
        FRESH(newcomer_asks_again_soon_for_ten_minutes),
        FRESH(one_who_was_met_is_no_newcomer),
        FRESH(come_back_has_a_ceiling),
        FRESH(clone_asks_for_successors),
        FRESH(no_session_and_come_back_are_short),
        FRESH(no_progress_has_another_one_tried),
        FRESH(what_the_first_brings_ends_the_second),
        FRESH(being_there_is_no_progress),
        FRESH(the_first_goes_when_the_second_is_up),
        FRESH(the_first_stays_while_attempts_fail_and_may_end),
        FRESH(a_no_on_the_first_leaves_the_second),
        FRESH(stop_ends_both),
        FRESH(idle_line_is_kept_alive),
        FRESH(old_connections_say_nothing),
        FRESH(stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
