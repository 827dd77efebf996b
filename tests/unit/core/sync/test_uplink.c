/* The node's end: what it sends when, and whom it believes. */
#include "uplink_fixture.h"

/* ---- pairs ---- */

static void pair_is_durable_before_it_is_sent(void **state)
{
    (void)state;
    happens(UPLINK_EVENT_START);
    assert_int_equal(effects.count, 1);
    struct session_pair pair = effect_of(&effects, EFFECT_COMMIT_PAIR)->as.pair;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(effects.count, 0); /* however long it takes */
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    assert_int_equal(effect_of(&effects, EFFECT_CONNECT)->connection, 1);
    assert_int_equal(count_of(&effects, EFFECT_SEND), 0);
    happens(UPLINK_EVENT_LINK_UP);
    const struct resume *resume = &frame_of(&effects, FRAME_RESUME)->as.resume;
    assert_memory_equal(&resume->pair, &pair, sizeof pair);
}

static void pair_that_could_not_be_committed_is_not_used(void **state)
{
    (void)state;
    happens(UPLINK_EVENT_START);
    struct session_pair refused = effect_of(&effects, EFFECT_COMMIT_PAIR)->as.pair;
    struct uplink_event event = event_of(UPLINK_EVENT_PAIR_COMMITTED);
    event.rc = ERR_FULL;
    step(&event);
    assert_int_equal(count_of(&effects, EFFECT_CONNECT), 0);
    assert_true(wait_of() <= RECONNECT_MS);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    const struct session_pair *pair = &effect_of(&effects, EFFECT_COMMIT_PAIR)->as.pair;
    assert_memory_not_equal(pair->next, refused.next, 16);
    assert_memory_equal(pair->prev, refused.prev, 16);
}

static void stop_while_pairing_waits_for_the_commit(void **state)
{
    (void)state;
    happens(UPLINK_EVENT_START);
    happens(UPLINK_EVENT_STOP);
    happens(UPLINK_EVENT_START);
    assert_int_equal(effects.count, 0); /* neither a second commit nor a connection */
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    assert_int_equal(count_of(&effects, EFFECT_CONNECT), 1);
    happens(UPLINK_EVENT_START); /* once more: nothing */
    assert_int_equal(effects.count, 0);
}

static void unanswered_pair_goes_out_again(void **state)
{
    (void)state;
    connect();
    struct session_pair pair = frame_of(&effects, FRAME_RESUME)->as.resume.pair;
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 0);
    happens(UPLINK_EVENT_LINK_UP);
    assert_memory_equal(&frame_of(&effects, FRAME_RESUME)->as.resume.pair, &pair, sizeof pair);
    resume_with(NULL, 0);
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    assert_memory_equal(effect_of(&effects, EFFECT_COMMIT_PAIR)->as.pair.prev, pair.next, 16);
}

static void resumed_of_another_pair_is_not_believed(void **state)
{
    (void)state;
    connect();
    struct control control = {.kind = FRAME_RESUMED};
    hears(&control);
    assert_int_equal(uplink.state, UPLINK_RESUMING);
    assert_true(alarmed(&effects, ALARM_BAD_FRAME));
}

static void restarted_node_sends_its_last_pair(void **state)
{
    (void)state;
    live();
    struct session_own own = uplink.own; /* as it is on the disk, answered or not */
    struct uplink_config config = uplink.config;
    uplink_init(&uplink, &config, &own, &aggregator, 0, &office.h[0]);
    happens(UPLINK_EVENT_START);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 0);
    assert_int_equal(count_of(&effects, EFFECT_CONNECT), 1);
    happens(UPLINK_EVENT_LINK_UP);
    assert_memory_equal(&frame_of(&effects, FRAME_RESUME)->as.resume.pair, &own.pair,
                        sizeof own.pair);
}

static void second_resumed_is_nothing(void **state)
{
    (void)state;
    live();
    struct ack cursor = sample_ack(&urgent, 2);
    resume_with(&cursor, 1);
    assert_int_equal(uplink.state, UPLINK_LIVE);
    assert_int_equal(count_of(&effects, EFFECT_ACKED), 0);
}

/* ---- a session ---- */

static void resume_goes_together_with_the_first_span(void **state)
{
    (void)state;
    connect();
    assert_int_equal(effects.list[0].type, EFFECT_SEND);
    const struct resume *resume = &effects.list[0].as.control.as.resume;
    assert_int_equal(resume->log_count, 2);
    assert_int_equal(resume->logs[0].last, 4);
    assert_int_equal(resume->enrolment, ENROLMENT);
    assert_true(incarnation_equal(&resume->office, &office.incarnation));
    assert_int_equal(effects.list[1].type, EFFECT_SEND_SPAN);
    assert_int_equal(effects.list[1].as.plan.first, 1);
    assert_true(incarnation_equal(&effects.list[1].as.plan.incarnation, &urgent.incarnation));
    struct span_plan plan = effects.list[1].as.plan;
    span_sent(&plan, 4); /* and the next without waiting for an answer */
    const struct span_plan *next = &effect_of(&effects, EFFECT_SEND_SPAN)->as.plan;
    assert_true(incarnation_equal(&next->incarnation, &routine.incarnation));
}

static void span_is_asked_for_once(void **state)
{
    (void)state;
    connect();
    struct span_plan plan = effect_of(&effects, EFFECT_SEND_SPAN)->as.plan;
    struct uplink_event event = event_of(UPLINK_EVENT_APPENDED);
    event.id = (struct entry_id){.incarnation = urgent.incarnation, .seq = 5};
    step(&event);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0);
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0);
    span_sent(&plan, 4);
    assert_int_equal(effect_of(&effects, EFFECT_SEND_SPAN)->as.plan.first, 5);
}

static void full_pipe_is_tried_again(void **state)
{
    (void)state;
    live();
    happens(UPLINK_EVENT_SEND_BLOCKED);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0);
    assert_true(effect_of(&effects, EFFECT_WAKE)->as.at_ms <= now_ms + 10);
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(effect_of(&effects, EFFECT_SEND_SPAN)->as.plan.first, 1);
}

static void an_entry_that_cannot_be_cut_holds_its_log_only(void **state)
{
    (void)state;
    live();
    struct span_plan plan = {.incarnation = urgent.incarnation, .first = 1};
    struct uplink_event event = event_of(UPLINK_EVENT_SEND_BLOCKED);
    event.plan = plan;
    event.rc = ERR_FORMAT;
    step(&event);
    assert_int_equal(uplink.state, UPLINK_LIVE);
    assert_int_equal(count_of(&effects, EFFECT_DISCONNECT), 0);
    plan = effect_of(&effects, EFFECT_SEND_SPAN)->as.plan; /* at once, and of the other log */
    assert_true(incarnation_equal(&plan.incarnation, &routine.incarnation));
    span_sent(&plan, 9);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0); /* not asked for again and again */
    struct control control = {.kind = FRAME_ACK, .as.ack = sample_ack(&routine, 9)};
    hears(&control);
    assert_int_equal(count_of(&effects, EFFECT_ACKED), 1);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0);
    assert_int_equal(sender_backlog(&uplink.sender), 4);
    control.as.ack = sample_ack(&urgent, 1); /* it had come some other way */
    hears(&control);
    assert_int_equal(effect_of(&effects, EFFECT_SEND_SPAN)->as.plan.first, 2);
}

static void cursors_say_where_to_go_on(void **state)
{
    (void)state;
    connect();
    struct span_plan plan = effect_of(&effects, EFFECT_SEND_SPAN)->as.plan;
    struct ack cursors[2] = {sample_ack(&urgent, 2), sample_ack(&routine, 9)};
    resume_with(cursors, 2);
    assert_int_equal(count_of(&effects, EFFECT_ACKED), 2);
    assert_true(incarnation_equal(&uplink.aggregator, &aggregator));
    span_sent(&plan, 4);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0); /* all is there or under way */
    assert_int_equal(sender_backlog(&uplink.sender), 2);
}

static void aggregator_that_lost_entries_gets_them_again(void **state)
{
    (void)state;
    live();
    struct control control = {.kind = FRAME_ACK, .as.ack = sample_ack(&routine, 9)};
    hears(&control);
    control.as.ack = sample_ack(&urgent, 4);
    hears(&control);
    assert_int_equal(sender_backlog(&uplink.sender), 0);
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_UP);
    struct ack cursor = sample_ack(&routine, 3); /* and nothing at all of the urgent log */
    resume_with(&cursor, 1);
    assert_int_equal(uplink.state, UPLINK_LIVE);
    assert_true(alarmed(&effects, ALARM_ACK_BACK));
    assert_int_equal(sender_backlog(&uplink.sender), 4 + 6);
    assert_int_equal(effect_of(&effects, EFFECT_SEND_SPAN)->as.plan.first, 1);
}

static void cursor_that_is_not_ours_ends_the_session(void **state)
{
    (void)state;
    connect();
    struct ack cursor = sample_ack(&urgent, 2);
    cursor.h.b[0] ^= 1;
    resume_with(&cursor, 1);
    assert_true(alarmed(&effects, ALARM_ACK_FOREIGN));
    assert_int_equal(uplink.state, UPLINK_STOPPED);
    assert_int_equal(count_of(&effects, EFFECT_SUCCEED), 1);
    assert_int_equal(count_of(&effects, EFFECT_DISCONNECT), 1);
}

static void ack_with_a_foreign_hash_changes_nothing(void **state)
{
    (void)state;
    live();
    struct control control = {.kind = FRAME_ACK, .as.ack = sample_ack(&urgent, 3)};
    control.as.ack.h.b[7] ^= 1;
    hears(&control);
    assert_true(alarmed(&effects, ALARM_ACK_FOREIGN));
    assert_int_equal(count_of(&effects, EFFECT_ACKED), 0);
    assert_int_equal(sender_backlog(&uplink.sender), 13);
    control.as.ack = sample_ack(&urgent, 5);
    hears(&control);
    assert_true(alarmed(&effects, ALARM_ACK_AHEAD));
    assert_int_equal(sender_backlog(&uplink.sender), 13);
}

static void receipt_needs_the_log_keys_signature(void **state)
{
    (void)state;
    live();
    struct control control = {.kind = FRAME_RECEIPT, .as.ack = sample_ack(&urgent, 3)};
    struct ack *ack = &control.as.ack;
    ack->aggregator = aggregator;
    ack->has_signature = true;
    struct receipt receipt = {.aggregator = aggregator, .id = ack->id, .h = ack->h};
    receipt_sign(urgent.secret, &receipt, &ack->signature); /* some other key */
    hears(&control);
    assert_int_equal(count_of(&effects, EFFECT_ACKED), 0);
    assert_true(alarmed(&effects, ALARM_ACK_FOREIGN));
    receipt_sign(office.secret, &receipt, &ack->signature);
    hears(&control);
    assert_int_equal(effect_of(&effects, EFFECT_ACKED)->as.acked.id.seq, 3);
    assert_int_equal(sender_log(&uplink.sender, &urgent.incarnation)->receipt, 3);
}

static void gap_goes_back_to_what_is_there(void **state)
{
    (void)state;
    connect();
    struct span_plan plan = effect_of(&effects, EFFECT_SEND_SPAN)->as.plan;
    span_sent(&plan, 2);
    plan = effect_of(&effects, EFFECT_SEND_SPAN)->as.plan;
    span_sent(&plan, 4);
    plan = effect_of(&effects, EFFECT_SEND_SPAN)->as.plan; /* routine */
    struct control control = {.kind = FRAME_GAP};
    control.as.gap.have = (struct entry_id){.incarnation = urgent.incarnation, .seq = 1};
    control.as.gap.h = urgent.h[1];
    hears(&control);
    span_sent(&plan, 9);
    const struct span_plan *again = &effect_of(&effects, EFFECT_SEND_SPAN)->as.plan;
    assert_true(incarnation_equal(&again->incarnation, &urgent.incarnation));
    assert_int_equal(again->first, 2);
}

/* ---- the office log ---- */

static void office_span(uint64_t first, uint64_t last)
{
    struct uplink_event event = event_of(UPLINK_EVENT_SPAN);
    struct span_header header = sample_span(&office, first, last);
    event.header = &header;
    event.entries = &office.entries[first - 1];
    step(&event);
}

static void office_is_acked_once_it_is_stored(void **state)
{
    (void)state;
    live();
    office_span(1, 3);
    assert_int_equal(count_of(&effects, EFFECT_SEND), 0);
    struct uplink_event event = event_of(UPLINK_EVENT_STORED);
    event.store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    step(&event);
    const struct ack *ack = &frame_of(&effects, FRAME_ACK)->as.ack;
    assert_int_equal(ack->id.seq, 3);
    assert_true(hash_equal(&ack->h, &office.h[3]));
    office_span(2, 3); /* seen: it is told again */
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.id.seq, 3);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void office_without_room_comes_again_later(void **state)
{
    (void)state;
    live();
    office_span(1, 3);
    struct uplink_event event = event_of(UPLINK_EVENT_STORED);
    event.store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    event.rc = ERR_FULL;
    step(&event);
    assert_true(alarmed(&effects, ALARM_NO_ROOM));
    assert_int_equal(uplink.state, UPLINK_WAITING);
    assert_int_equal(frames_of(&effects, FRAME_ACK), 0);
    assert_int_equal(uplink.office.taken, 0);
}

static void office_gap_is_told_once(void **state)
{
    (void)state;
    live();
    office_span(4, 5);
    const struct gap *gap = &frame_of(&effects, FRAME_GAP)->as.gap;
    assert_int_equal(gap->have.seq, 0);
    assert_true(incarnation_equal(&gap->have.incarnation, &office.incarnation));
    office_span(6, 7);
    assert_int_equal(frames_of(&effects, FRAME_GAP), 0);
    office_span(1, 2);
    office_span(4, 5);
    assert_int_equal(frames_of(&effects, FRAME_GAP), 1);
}

static void foreign_office_log_is_refused(void **state)
{
    (void)state;
    live();
    struct uplink_event event = event_of(UPLINK_EVENT_SPAN);
    struct span_header header = sample_span(&urgent, 1, 2);
    event.header = &header;
    event.entries = urgent.entries;
    step(&event);
    assert_true(alarmed(&effects, ALARM_WRONG_LOG));
    struct genesis genesis = sample_statement(&office, LANE_OFFICE);
    genesis.enrolment = ENROLMENT + 1;
    sample_genesis(&office, &genesis);
    office_span(1, 2);
    assert_true(alarmed(&effects, ALARM_WRONG_LOG));
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    assert_int_equal(uplink.office.taken, 0);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        FRESH(pair_is_durable_before_it_is_sent),
        FRESH(pair_that_could_not_be_committed_is_not_used),
        FRESH(stop_while_pairing_waits_for_the_commit),
        FRESH(unanswered_pair_goes_out_again),
        FRESH(resumed_of_another_pair_is_not_believed),
        FRESH(restarted_node_sends_its_last_pair),
        FRESH(second_resumed_is_nothing),
        FRESH(resume_goes_together_with_the_first_span),
        FRESH(span_is_asked_for_once),
        FRESH(full_pipe_is_tried_again),
        FRESH(an_entry_that_cannot_be_cut_holds_its_log_only),
        FRESH(cursors_say_where_to_go_on),
        FRESH(aggregator_that_lost_entries_gets_them_again),
        FRESH(cursor_that_is_not_ours_ends_the_session),
        FRESH(ack_with_a_foreign_hash_changes_nothing),
        FRESH(receipt_needs_the_log_keys_signature),
        FRESH(gap_goes_back_to_what_is_there),
        FRESH(office_is_acked_once_it_is_stored),
        FRESH(office_without_room_comes_again_later),
        FRESH(office_gap_is_told_once),
        FRESH(foreign_office_log_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
