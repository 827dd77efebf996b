/* Lives of a log (ADR 7), seen from the node: when it asks for successors, how it comes as one, and
 * how it follows an office log that goes on. */
#include "core/sync/uplink.h"

#include "fixture.h"

#define KEEP_ALIVE_MS 20000u

static struct sample urgent, old, earlier, office, office_next;
static struct incarnation aggregator;
static struct uplink uplink;
static struct effects effects;
static struct arena *arena;
static uint64_t now_ms;
static uint8_t chance;

/* What the node's store has of its office log. */
static int office_h(void *arg, const struct entry_id *id, struct hash *ret)
{
    (void)arg;
    const struct sample *known[] = {&office, &earlier};
    for (size_t i = 0; i < 2; i++) {
        if (incarnation_equal(&id->incarnation, &known[i]->incarnation)) {
            *ret = known[i]->h[id->seq];
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

/* The urgent log goes on from (old, 10); `acked` of it is acknowledged. */
static void begin_with(bool successor, uint64_t acked)
{
    struct uplink_config config = {
        .limits = {.window_start_bytes = 1000, .window_max_bytes = 4000, .span_raw_bytes = 500},
        .enrolment = ENROLMENT,
        .silence_ms = 3000,
        .keep_alive_ms = KEEP_ALIVE_MS,
        .reconnect_ms = 500,
        .office_signer = office.key,
        .province = bytes_of_text(PROVINCE),
        .regency = bytes_of_text(REGENCY),
        .office = office.incarnation,
        .office_h = office_h,
        .software = bytes_of_text("test")};
    struct session_own own = {.successor = successor};
    const struct entry_id from = {old.incarnation, 10};
    uplink_init(&uplink, &config, &own, &aggregator, 20, &office.h[20]);
    assert_int_equal(uplink_add_log(&uplink, &urgent.incarnation, LANE_URGENT, 9, acked, 0), 0);
    uplink_set_predecessor(&uplink, &urgent.incarnation, &from);
}

static int begin(void **state)
{
    (void)state;
    sample_open(&old, 1, LANE_URGENT);
    sample_succeed(&urgent, &old, 2, LANE_URGENT, 11);
    sample_open(&earlier, 6, LANE_OFFICE);
    sample_open(&office, 3, LANE_OFFICE);
    sample_succeed(&office_next, &office, 4, LANE_OFFICE, 16);
    memset(aggregator.b, 9, sizeof aggregator.b);
    arena = arena_new(PARSE_ARENA_BYTES);
    now_ms = 100000;
    chance = 0;
    begin_with(false, 5);
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
    struct uplink_event event = {
        .type = type, .now_ms = now_ms, .connection = uplink.connection, .arena = arena};
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

static void connect(void)
{
    happens(UPLINK_EVENT_START);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_UP);
}

static void hears(const struct control *control, const struct hash *own_h, bool line_before)
{
    struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
    event.control = control;
    event.own_h[0] = own_h;
    event.line_before = line_before;
    event.line_last = 10; /* of the old log */
    step(&event);
}

static void resumed(const struct incarnation *office_named, const struct ack *cursor)
{
    struct control control = {.kind = FRAME_RESUMED};
    struct resumed *resumed = &control.as.resumed;
    resumed->aggregator = aggregator;
    resumed->office = *office_named;
    memcpy(resumed->next, uplink.own.pair.next, 16);
    resumed->cursor_count = cursor != NULL;
    if (cursor != NULL) {
        resumed->cursors[0] = *cursor;
    }
    hears(&control, cursor != NULL ? &urgent.h[cursor->id.seq] : NULL, false);
}

static void live(void)
{
    struct ack cursor = sample_ack(&urgent, 5);
    connect();
    resumed(&office.incarnation, &cursor);
    assert_int_equal(uplink.state, UPLINK_LIVE);
}

static void denied(enum denied_code code, uint32_t retry_s)
{
    struct control control = {.kind = FRAME_DENIED};
    control.as.denied.code = code;
    control.as.denied.retry_s = retry_s;
    hears(&control, NULL, false);
}

static bool asked_for_all(void)
{
    return count_of(&effects, EFFECT_SUCCEED) == 1 &&
           incarnation_is_zero(&effect_of(&effects, EFFECT_SUCCEED)->as.from.incarnation) &&
           count_of(&effects, EFFECT_DISCONNECT) == 1 && uplink.state == UPLINK_STOPPED;
}

static void whoever_is_denied_as_a_clone_asks_for_successors(void **state)
{
    (void)state;
    static const enum denied_code codes[] = {DENIED_CLONE, DENIED_FORK};
    for (size_t i = 0; i < 2; i++) {
        begin_with(false, 5);
        connect();
        denied(codes[i], 0);
        assert_true(asked_for_all());
    }
}

static void a_cursor_ahead_of_us_asks_for_successors(void **state)
{
    (void)state;
    struct ack ahead = sample_ack(&urgent, 12);
    connect();
    resumed(&office.incarnation, &ahead);
    assert_true(alarmed(&effects, ALARM_ACK_AHEAD));
    assert_true(asked_for_all());
}

static void other_denials_do_not(void **state)
{
    (void)state;
    static const enum denied_code codes[] = {DENIED_REVOKED, DENIED_UNKNOWN_KEY, DENIED_WRONG_LOG,
                                             DENIED_VERSION};
    for (size_t i = 0; i < 4; i++) {
        begin_with(false, 5);
        connect();
        denied(codes[i], 0);
        assert_int_equal(uplink.state, UPLINK_WAITING);
        assert_int_equal(count_of(&effects, EFFECT_SUCCEED), 0);
    }
}

static void resume_says_successor_until_it_is_confirmed(void **state)
{
    (void)state;
    begin_with(true, 0);
    connect();
    assert_true(frame_of(&effects, FRAME_RESUME)->as.resume.successor);
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_LINK_UP);
    assert_true(frame_of(&effects, FRAME_RESUME)->as.resume.successor);
    resumed(&office.incarnation, NULL);
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 1);
    assert_false(uplink.own.successor);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_UP);
    assert_false(frame_of(&effects, FRAME_RESUME)->as.resume.successor);
}

static void a_refused_successor_waits_as_long_as_it_is_told(void **state)
{
    (void)state;
    begin_with(true, 0);
    connect();
    denied(DENIED_CLONE, 40);
    assert_int_equal(count_of(&effects, EFFECT_SUCCEED), 0);
    assert_in_range(uplink.wake_ms - now_ms, 40000, 45001);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_LINK_UP);
    denied(DENIED_CLONE, 0);
    assert_in_range(uplink.wake_ms - now_ms, 5000, 5626); /* never a hammer */
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_LINK_UP);
    denied(DENIED_CLONE, UINT32_MAX);
    assert_in_range(uplink.wake_ms - now_ms, 900000, 1012501); /* and never for good */
}

static void a_successor_nothing_of_which_arrived_has_no_other(void **state)
{
    (void)state;
    begin_with(false, 0); /* resumed once, but its genesis was denied */
    connect();
    denied(DENIED_FORK, 0);
    assert_int_equal(count_of(&effects, EFFECT_SUCCEED), 0);
    assert_true(uplink.wake_ms - now_ms >= 300000);
}

static void a_pair_that_was_taken_is_no_successors(void **state)
{
    (void)state;
    begin_with(true, 5); /* a copy from before the store heard that it was taken */
    connect();
    struct control control = {.kind = FRAME_RESUMED};
    control.as.resumed.old = true;
    hears(&control, NULL, false);
    assert_true(asked_for_all());
    struct ack ahead = sample_ack(&urgent, 12);
    begin_with(true, 5);
    connect();
    resumed(&office.incarnation, &ahead);
    assert_true(asked_for_all());
}

/* One lane's successor was taken, the other's was not: its twin took over in between. */
static void whoever_is_replaced_goes_on_again(void **state)
{
    (void)state;
    begin_with(false, 0);
    connect();
    denied(DENIED_CLONE, 0);
    assert_true(asked_for_all());
}

static struct control gap_of(const struct sample *sample, uint64_t seq)
{
    struct control control = {.kind = FRAME_GAP};
    control.as.gap.have = (struct entry_id){sample->incarnation, seq};
    control.as.gap.h = sample->h[seq];
    return control;
}

static void a_gap_in_the_line_leads_further_back(void **state)
{
    (void)state;
    live();
    struct control control = gap_of(&old, 7);
    hears(&control, &old.h[7], true);
    const struct effect *succeed = effect_of(&effects, EFFECT_SUCCEED);
    assert_true(incarnation_equal(&succeed->as.from.incarnation, &old.incarnation));
    assert_int_equal(succeed->as.from.seq, 7);
    assert_int_equal(uplink.state, UPLINK_STOPPED);
}

/* What the aggregator has of that log moved on here: two lives before it took one. */
static void a_gap_beyond_the_old_log_begins_at_its_end(void **state)
{
    (void)state;
    live();
    struct control control = gap_of(&old, 12);
    struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
    event.control = &control;
    event.line_before = true;
    event.line_last = 8;
    step(&event);
    assert_int_equal(effect_of(&effects, EFFECT_SUCCEED)->as.from.seq, 8);
}

static void a_gap_in_the_line_must_be_ours_and_further_back(void **state)
{
    (void)state;
    live();
    struct control control = gap_of(&old, 7);
    hears(&control, &old.h[8], true);
    assert_int_equal(count_of(&effects, EFFECT_SUCCEED), 0);
    assert_int_equal(uplink.denied, DENIED_FORK);
    begin_with(false, 5);
    live();
    control = gap_of(&old, 10); /* where it begins already */
    hears(&control, &old.h[10], true);
    assert_int_equal(count_of(&effects, EFFECT_SUCCEED), 0);
    begin_with(false, 5);
    live();
    control = gap_of(&old, 7); /* a log we know nothing of */
    hears(&control, &old.h[7], false);
    assert_int_equal(count_of(&effects, EFFECT_SUCCEED), 0);
    assert_int_equal(uplink.state, UPLINK_LIVE);
}

/* ---- the aggregator was restored ---- */

static struct ack receipt_of(uint64_t seq)
{
    struct ack ack = sample_ack(&urgent, seq);
    ack.aggregator = aggregator;
    ack.has_signature = true;
    struct receipt receipt = {.aggregator = ack.aggregator, .id = ack.id, .h = ack.h};
    receipt_sign(office.secret, &receipt, &ack.signature);
    return ack;
}

static void a_cursor_below_our_receipt_gets_it_back(void **state)
{
    (void)state;
    struct ack receipt = receipt_of(5);
    uplink_set_receipt(&uplink, &receipt);
    struct ack cursor = sample_ack(&urgent, 3);
    connect();
    resumed(&office.incarnation, &cursor);
    assert_true(alarmed(&effects, ALARM_ACK_BACK));
    const struct ack *back = &frame_of(&effects, FRAME_RECEIPT)->as.ack;
    assert_int_equal(back->id.seq, 5);
    assert_true(back->has_signature);
    assert_int_equal(uplink.state, UPLINK_LIVE);
}

static void a_receipt_of_an_earlier_life_stays_here(void **state)
{
    (void)state;
    struct ack receipt = receipt_of(5);
    receipt.aggregator.b[0] = 1;
    uplink_set_receipt(&uplink, &receipt);
    struct ack cursor = sample_ack(&urgent, 3);
    connect();
    resumed(&office.incarnation, &cursor);
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 0);
}

static void office_span(const struct sample *sample, uint64_t first, uint64_t last)
{
    struct span_header header = sample_span(sample, first, last);
    struct uplink_event event = event_of(UPLINK_EVENT_SPAN);
    event.header = &header;
    event.entries = &sample->entries[first - 1];
    step(&event);
}

static void stored(const struct span_store *store, int rc)
{
    struct uplink_event event = event_of(UPLINK_EVENT_STORED);
    event.store = *store;
    event.rc = rc;
    step(&event);
}

static void follow(void)
{
    struct ack cursor = sample_ack(&urgent, 5);
    connect();
    resumed(&office_next.incarnation, &cursor);
    assert_int_equal(uplink.state, UPLINK_LIVE);
}

static void an_office_log_that_goes_on_is_followed(void **state)
{
    (void)state;
    follow();
    office_span(&office_next, 1, 3);
    struct span_store store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    assert_true(incarnation_equal(&store.ends, &office.incarnation));
    assert_int_equal(store.predecessor.seq, 15);
    assert_true(incarnation_equal(&uplink.config.office, &office.incarnation)); /* until then */
    office_span(&office_next, 4, 5);
    struct span_store second = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    stored(&store, 0);
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.id.seq, 3);
    assert_true(incarnation_equal(&uplink.config.office, &office_next.incarnation));
    stored(&second, 0);
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.id.seq, 5);
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms = uplink.wake_ms;
    happens(UPLINK_EVENT_TICK);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_UP);
    const struct resume *resume = &frame_of(&effects, FRAME_RESUME)->as.resume;
    assert_true(incarnation_equal(&resume->office, &office_next.incarnation));
    assert_int_equal(resume->office_seq, 5);
}

static void a_genesis_that_was_not_stored_changes_nothing(void **state)
{
    (void)state;
    follow();
    office_span(&office_next, 1, 3);
    struct span_store store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    stored(&store, ERR_AGAIN);
    assert_true(incarnation_equal(&uplink.config.office, &office.incarnation));
    assert_int_equal(uplink.office.durable, 20);
    assert_int_equal(uplink.state, UPLINK_WAITING);
}

static void an_office_log_with_another_past_is_not_followed(void **state)
{
    (void)state;
    struct sample forged;
    office.h[15].b[0] ^= 1;
    sample_succeed(&forged, &office, 4, LANE_OFFICE, 16);
    office.h[15].b[0] ^= 1;
    follow();
    office_span(&forged, 1, 3);
    assert_true(alarmed(&effects, ALARM_FORK));
    assert_int_equal(frame_of(&effects, FRAME_GAP)->as.gap.have.seq, 0); /* all of it, please */
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    struct sample plain;
    sample_open(&plain, 4, LANE_OFFICE); /* goes on from nothing */
    plain.key = office.key;
    memcpy(plain.secret, office.secret, sizeof plain.secret);
    struct genesis genesis = sample_statement(&plain, LANE_OFFICE);
    sample_genesis(&plain, &genesis);
    office_span(&plain, 1, 3);
    assert_true(alarmed(&effects, ALARM_WRONG_LOG));
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void an_office_log_beyond_ours_is_a_gap(void **state)
{
    (void)state;
    struct sample later;
    sample_succeed(&later, &office, 4, LANE_OFFICE, 26);
    follow();
    office_span(&later, 1, 3);
    const struct gap *gap = &frame_of(&effects, FRAME_GAP)->as.gap;
    assert_true(incarnation_equal(&gap->have.incarnation, &office.incarnation));
    assert_int_equal(gap->have.seq, 20);
    assert_true(hash_equal(&gap->h, &office.h[20]));
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

/* The province was put back to the same copy twice: its log goes on from one before ours. */
static void an_office_log_that_goes_on_from_an_earlier_one_is_followed(void **state)
{
    (void)state;
    static struct sample again;
    earlier.key = office.key;
    memcpy(earlier.secret, office.secret, sizeof earlier.secret);
    sample_succeed(&again, &earlier, 4, LANE_OFFICE, 16);
    follow();
    office_span(&again, 1, 3);
    struct span_store store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    assert_true(incarnation_equal(&store.ends, &office.incarnation));
    assert_true(incarnation_equal(&store.predecessor.incarnation, &earlier.incarnation));
    assert_int_equal(store.predecessor.seq, 15);
}

/* The province was put back, does not know it, and offers what we went on from long ago. */
static void an_earlier_office_log_is_not_taken_again(void **state)
{
    (void)state;
    follow();
    office_span(&office_next, 1, 3);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 1);
    begin_with(false, 5);
    earlier.incarnation = office_next.incarnation;
    follow();
    office_span(&office_next, 1, 3);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    assert_int_equal(effect_of(&effects, EFFECT_ALARM)->as.alarm.error, ERR_FORK);
}

static void all_of_an_unknown_line_is_taken_and_no_less(void **state)
{
    (void)state;
    static struct sample unknown, later, whole;
    sample_open(&unknown, 7, LANE_OFFICE);
    unknown.key = office.key;
    memcpy(unknown.secret, office.secret, sizeof unknown.secret);
    sample_succeed(&later, &unknown, 4, LANE_OFFICE, 16);
    follow();
    office_span(&later, 1, 3);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    assert_int_equal(frames_of(&effects, FRAME_GAP), 1);
    sample_succeed(&whole, &unknown, 4, LANE_OFFICE, 1);
    office_span(&whole, 1, 3);
    assert_int_equal(effect_of(&effects, EFFECT_STORE_SPAN)->as.store.predecessor.seq, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(whoever_is_denied_as_a_clone_asks_for_successors),
        TEST(a_cursor_ahead_of_us_asks_for_successors),
        TEST(other_denials_do_not),
        TEST(resume_says_successor_until_it_is_confirmed),
        TEST(a_refused_successor_waits_as_long_as_it_is_told),
        TEST(a_successor_nothing_of_which_arrived_has_no_other),
        TEST(a_pair_that_was_taken_is_no_successors),
        TEST(whoever_is_replaced_goes_on_again),
        TEST(a_gap_in_the_line_leads_further_back),
        TEST(a_gap_beyond_the_old_log_begins_at_its_end),
        TEST(a_gap_in_the_line_must_be_ours_and_further_back),
        TEST(a_cursor_below_our_receipt_gets_it_back),
        TEST(a_receipt_of_an_earlier_life_stays_here),
        TEST(an_office_log_that_goes_on_is_followed),
        TEST(a_genesis_that_was_not_stored_changes_nothing),
        TEST(an_office_log_with_another_past_is_not_followed),
        TEST(an_office_log_beyond_ours_is_a_gap),
        TEST(an_office_log_that_goes_on_from_an_earlier_one_is_followed),
        TEST(an_earlier_office_log_is_not_taken_again),
        TEST(all_of_an_unknown_line_is_taken_and_no_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
