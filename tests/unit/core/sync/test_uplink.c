/* The node's end: what it sends when, how long it waits, and whom it believes. */
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

static int begin(void **state)
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

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct uplink_event event_of(enum uplink_event_type type)
{
    struct uplink_event event = {.type = type,
                                 .now_ms = now_ms,
                                 .clock_ms = (int64_t)now_ms,
                                 .connection = uplink.connection,
                                 .arena = arena};
    memset(event.random, ++chance, sizeof event.random);
    return event;
}

static void step(const struct uplink_event *event)
{
    effects.count = 0;
    uplink_step(&uplink, event, &effects);
}

static void happens(enum uplink_event_type type)
{
    struct uplink_event event = event_of(type);
    step(&event);
}

/* A span that was asked for goes out whole; what is asked for next is in `effects`. */
static void span_sent(const struct span_plan *plan, uint64_t last)
{
    struct uplink_event event = event_of(UPLINK_EVENT_SPAN_SENT);
    event.plan = *plan;
    event.id.seq = last;
    event.wire_bytes = 200;
    step(&event);
}

static void hears(const struct control *control)
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

static void connect(void)
{
    happens(UPLINK_EVENT_START);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_UP);
}

static void resume_with(const struct ack *cursors, size_t count)
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

static void live(void)
{
    connect();
    resume_with(NULL, 0);
    assert_int_equal(uplink.state, UPLINK_LIVE);
}

static uint64_t wait_of(void)
{
    assert_int_equal(uplink.state, UPLINK_WAITING);
    uint64_t at_ms = effect_of(&effects, EFFECT_WAKE)->as.at_ms;
    assert_int_equal(at_ms, uplink.wake_ms);
    return at_ms - now_ms;
}

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
        assert_true(wait_of() >= 1000 && wait_of() <= 2000);
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
    assert_int_equal(connect->as.connect.connect_ms, 20000); /* it may be GPRS */
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

static void no_progress_ends_the_connection(void **state)
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
    assert_int_equal(count_of(&effects, EFFECT_DISCONNECT), 1);
    assert_true(wait_of() >= 1000 && wait_of() <= 2000);
    assert_int_equal(uplink_silence_ms(&uplink), 2 * SILENCE_MS); /* more patience next time */
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
        FRESH(no_progress_ends_the_connection),
        FRESH(idle_line_is_kept_alive),
        FRESH(old_connections_say_nothing),
        FRESH(stop_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
