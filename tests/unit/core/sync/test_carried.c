/* Frames that came by stick, at both ends: judged as on a line, in any order with it, and without a
 * word on it. */
#include "core/sync/intake.h"
#include "core/sync/uplink.h"

#include "fixture.h"

static struct sample routine, office;
static struct incarnation aggregator;
static struct sample_store has;
static struct intake intake;
static struct uplink uplink;
static struct effects effects;
static struct carried carried;
static struct arena *arena;
static uint64_t now_ms;

static int no_office(void *arg, const struct entry_id *id, struct hash *ret)
{
    (void)arg;
    (void)id;
    (void)ret;
    return ERR_NOT_FOUND;
}

static void begin_intake(void)
{
    struct session_memory memory = {0};
    struct intake_config config = {
        .limits = {.window_start_bytes = 1000, .window_max_bytes = 4000, .span_raw_bytes = 500},
        .lookup = {.arg = &has, .log = sample_lookup},
        .keep_alive_ms = 5000,
        .aggregator = aggregator,
        .province = bytes_of_text(PROVINCE),
        .regency = bytes_of_text(REGENCY),
        .enrolment = ENROLMENT,
        .signing_key = routine.key,
        .office = office.incarnation,
        .log_secret = office.secret,
        .receipt_interval_ms = 600000,
        .queue_bytes_max = 10000};
    intake_init(&intake, &config, &memory);
    assert_int_equal(intake_set_office(&intake, 5, 0), 0);
}

static int begin(void **state)
{
    (void)state;
    sample_open(&routine, 1, LANE_ROUTINE);
    sample_open(&office, 3, LANE_OFFICE);
    memset(aggregator.b, 9, sizeof aggregator.b);
    arena = arena_new(PARSE_ARENA_BYTES);
    now_ms = 100000;
    has = (struct sample_store){.rc = 0};
    begin_intake();
    struct uplink_config config = {
        .limits = {.window_start_bytes = 1000, .window_max_bytes = 4000, .span_raw_bytes = 500},
        .enrolment = ENROLMENT,
        .silence_ms = 3000,
        .keep_alive_ms = 20000,
        .reconnect_ms = 500,
        .office_signer = office.key,
        .province = bytes_of_text(PROVINCE),
        .regency = bytes_of_text(REGENCY),
        .office = office.incarnation,
        .office_h = no_office};
    struct session_own own = {0};
    uplink_init(&uplink, &config, &own, &aggregator, 0, &office.h[0]);
    assert_int_equal(uplink_add_log(&uplink, &routine.incarnation, LANE_ROUTINE, 30, 0, 0), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* Nothing that was done is said on the line. */
static void nothing_is_sent(void)
{
    assert_int_equal(count_of(&effects, EFFECT_SEND), 0);
    assert_int_equal(count_of(&effects, EFFECT_DISCONNECT), 0);
}

/* ---- at the province ---- */

static enum carried_outcome stick_header(const struct sample *sample, struct span_header *header)
{
    struct intake_event event = {.type = INTAKE_EVENT_SPAN,
                                 .now_ms = now_ms,
                                 .connection = CARRIED_CONNECTION,
                                 .header = header,
                                 .entries = &sample->entries[header->first - 1],
                                 .arena = arena,
                                 .wire_bytes = 300};
    effects.count = 0;
    intake_carry(&intake, &event, &effects, &carried);
    nothing_is_sent();
    return carried.outcome;
}

static enum carried_outcome stick(const struct sample *sample, uint64_t first, uint64_t last)
{
    struct span_header header = sample_span(sample, first, last);
    return stick_header(sample, &header);
}

static void intake_happens(enum intake_event_type type, uint32_t connection,
                           const struct control *control)
{
    struct intake_event event = {.type = type,
                                 .now_ms = now_ms,
                                 .clock_ms = (int64_t)now_ms,
                                 .connection = connection,
                                 .control = control,
                                 .own_h = &office.h[0],
                                 .arena = arena};
    effects.count = 0;
    intake_step(&intake, &event, &effects);
}

static void stored(int rc)
{
    struct intake_event event = {.type = INTAKE_EVENT_STORED,
                                 .now_ms = now_ms,
                                 .store = carried.store,
                                 .wire_bytes = 300,
                                 .rc = rc};
    effects.count = 0;
    intake_step(&intake, &event, &effects);
}

static void open_line(void)
{
    struct control control = {.kind = FRAME_RESUME};
    struct resume *resume = &control.as.resume;
    memset(resume->pair.next, 5, 16);
    resume->aggregator = aggregator;
    resume->enrolment = ENROLMENT;
    resume->office = office.incarnation;
    resume->credit_bytes = 4000;
    resume->keep_alive_s = 5;
    intake_happens(INTAKE_EVENT_CONTROL, 1, &control);
    intake_happens(INTAKE_EVENT_PAIR_STORED, 1, NULL);
    assert_int_equal(intake.live, 1);
}

static void a_span_by_stick_is_stored_and_counts_once(void **state)
{
    (void)state;
    assert_int_equal(stick(&routine, 1, 10), CARRIED_NEW);
    assert_int_equal(carried.fresh, 10);
    assert_true(carried.store.is_new_log);
    stored(0);
    assert_int_equal(stick(&routine, 1, 10), CARRIED_KNOWN);
    assert_int_equal(carried.known, 10);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    assert_int_equal(stick(&routine, 5, 15), CARRIED_NEW);
    assert_int_equal(carried.fresh, 5);
    assert_int_equal(carried.known, 6);
    assert_int_equal(carried.store.first_new, 11);
}

static void a_gap_is_told_each_time_and_leaves_the_line_its_own(void **state)
{
    (void)state;
    assert_int_equal(stick(&routine, 11, 12), CARRIED_GAP);
    assert_int_equal(carried.have.seq, 0);
    assert_int_equal(stick(&routine, 1, 5), CARRIED_NEW);
    stored(0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stick(&routine, 8, 12), CARRIED_GAP);
        assert_int_equal(carried.have.seq, 5);
        assert_memory_equal(&carried.have.incarnation, &routine.incarnation, 16);
    }
    assert_false(intake.logs[0].gap_told);
}

static void what_is_not_a_log_of_this_node_is_refused(void **state)
{
    (void)state;
    struct span_header header = sample_span(&routine, 1, 10);
    header.head.b[3] ^= 1;
    assert_int_equal(stick_header(&routine, &header), CARRIED_REFUSED);
    assert_int_equal(carried.error, ERR_HEAD);
    struct sample other;
    sample_open(&other, 1, LANE_ROUTINE);
    struct genesis genesis = sample_statement(&other, LANE_ROUTINE);
    genesis.owner = bytes_of_text("16.03");
    memset(other.incarnation.b, 44, sizeof other.incarnation.b);
    sample_genesis(&other, &genesis);
    assert_int_equal(stick(&other, 1, 4), CARRIED_REFUSED);
    assert_int_equal(carried.error, ERR_KEY);
    assert_true(carried.text.len > 0);
    assert_int_equal(intake.queue_bytes, 0);
    assert_int_equal(stick(&routine, 1, 10), CARRIED_NEW); /* nothing of it stayed */
}

static void a_revoked_key_brings_nothing(void **state)
{
    (void)state;
    intake_happens(INTAKE_EVENT_REVOKED, 0, NULL);
    assert_int_equal(stick(&routine, 1, 10), CARRIED_REFUSED);
    assert_int_equal(carried.error, ERR_KEY);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void no_room_is_said_and_nothing_is_lost(void **state)
{
    (void)state;
    intake_hold(&intake, true);
    assert_int_equal(stick(&routine, 1, 10), CARRIED_LATER);
    intake_hold(&intake, false);
    assert_int_equal(stick(&routine, 1, 10), CARRIED_NEW);
    stored(ERR_FULL);
    assert_int_equal(stick(&routine, 1, 10), CARRIED_NEW);
    stored(0);
    assert_int_equal(intake.logs[0].receiver.durable, 10);
}

static void the_line_goes_on_where_the_stick_left_it(void **state)
{
    (void)state;
    open_line();
    uint64_t heard_ms = intake.heard_ms;
    now_ms += 100;
    assert_int_equal(stick(&routine, 1, 10), CARRIED_NEW);
    stored(0);
    assert_int_equal(intake.live, 1);
    assert_int_equal(intake.heard_ms, heard_ms);
    intake_happens(INTAKE_EVENT_FLUSH, 0, NULL);
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.id.seq, 10);
}

static void a_successor_waits_until_nobody_speaks(void **state)
{
    (void)state;
    struct sample next;
    open_line();
    assert_int_equal(stick(&routine, 1, 10), CARRIED_NEW);
    stored(0);
    has = (struct sample_store){.logs = {&routine}, .last = {10}};
    sample_succeed(&next, &routine, 6, LANE_ROUTINE, 9);
    assert_int_equal(stick(&next, 1, 5), CARRIED_LATER);
    now_ms += 9999;
    assert_int_equal(stick(&next, 1, 5), CARRIED_LATER);
    now_ms += 1;
    assert_int_equal(stick(&next, 1, 5), CARRIED_NEW);
    assert_true(incarnation_equal(&carried.store.ends, &routine.incarnation));
    stored(0);
    /* What comes of the old log is known as far as we had it; the rest its successor brings. */
    assert_int_equal(stick(&routine, 1, 10), CARRIED_KNOWN);
    assert_int_equal(stick(&routine, 1, 20), CARRIED_REFUSED);
    assert_int_equal(carried.error, ERR_STATE);
    assert_false(alarmed(&effects, ALARM_FORK));
}

static void receipts_speak_of_what_is_durable(void **state)
{
    (void)state;
    struct ack receipts[LOGS_MAX];
    assert_int_equal(intake_receipts(&intake, receipts), 0);
    assert_int_equal(stick(&routine, 1, 10), CARRIED_NEW);
    assert_int_equal(intake_receipts(&intake, receipts), 0);
    stored(0);
    assert_int_equal(stick(&routine, 11, 20), CARRIED_NEW);
    assert_int_equal(intake_receipts(&intake, receipts), 1);
    assert_int_equal(receipts[0].id.seq, 10);
    struct receipt receipt = {.aggregator = receipts[0].aggregator,
                              .id = receipts[0].id,
                              .h = receipts[0].h,
                              .backed_up_to = receipts[0].backed_up_to};
    assert_true(receipt_verify(&office.key, &receipt, &receipts[0].signature));
}

/* ---- at the node ---- */

static struct control receipt_of(uint64_t seq, const struct incarnation *life)
{
    struct control control = {.kind = FRAME_RECEIPT, .as.ack = sample_ack(&routine, seq)};
    struct ack *ack = &control.as.ack;
    ack->aggregator = *life;
    ack->has_signature = true;
    struct receipt receipt = {.aggregator = *life, .id = ack->id, .h = ack->h};
    receipt_sign(office.secret, &receipt, &ack->signature);
    return control;
}

static enum carried_outcome answer(const struct control *control)
{
    bool receipt = control->kind == FRAME_RECEIPT;
    struct uplink_event event = {.type = UPLINK_EVENT_CONTROL,
                                 .now_ms = now_ms,
                                 .connection = CARRIED_CONNECTION,
                                 .control = control,
                                 .own_h = {receipt ? &routine.h[control->as.ack.id.seq] : NULL},
                                 .arena = arena};
    effects.count = 0;
    uplink_carry(&uplink, &event, &effects, &carried);
    nothing_is_sent();
    return carried.outcome;
}

static enum carried_outcome receipted(uint64_t seq)
{
    struct control control = receipt_of(seq, &aggregator);
    return answer(&control);
}

static enum carried_outcome office_span(uint64_t first, uint64_t last)
{
    struct span_header header = sample_span(&office, first, last);
    struct uplink_event event = {.type = UPLINK_EVENT_SPAN,
                                 .now_ms = now_ms,
                                 .connection = CARRIED_CONNECTION,
                                 .header = &header,
                                 .entries = &office.entries[first - 1],
                                 .arena = arena};
    effects.count = 0;
    uplink_carry(&uplink, &event, &effects, &carried);
    nothing_is_sent();
    return carried.outcome;
}

static void line_says(const struct control *control, uint64_t seq)
{
    struct uplink_event event = {.type = UPLINK_EVENT_CONTROL,
                                 .now_ms = now_ms,
                                 .connection = uplink.connection,
                                 .control = control,
                                 .own_h = {&routine.h[seq]},
                                 .arena = arena};
    effects.count = 0;
    uplink_step(&uplink, &event, &effects);
}

static void line_happens(enum uplink_event_type type)
{
    struct uplink_event event = {
        .type = type, .now_ms = now_ms, .connection = uplink.connection, .random = {7}};
    effects.count = 0;
    uplink_step(&uplink, &event, &effects);
}

static struct control resumed_at(uint64_t seq)
{
    struct control control = {.kind = FRAME_RESUMED};
    control.as.resumed.aggregator = aggregator;
    memcpy(control.as.resumed.next, uplink.own.pair.next, 16);
    control.as.resumed.cursor_count = 1;
    control.as.resumed.cursors[0] = sample_ack(&routine, seq);
    return control;
}

static void connect_line(void)
{
    line_happens(UPLINK_EVENT_START);
    line_happens(UPLINK_EVENT_PAIR_COMMITTED);
    line_happens(UPLINK_EVENT_LINK_UP);
    assert_int_equal(uplink.state, UPLINK_RESUMING);
}

static void gap_at(uint64_t seq)
{
    struct control gap = {.kind = FRAME_GAP,
                          .as.gap = {.have = {routine.incarnation, seq}, .h = routine.h[seq]}};
    line_says(&gap, seq);
}

static void a_receipt_by_stick_is_taken_without_a_line(void **state)
{
    (void)state;
    assert_int_equal(receipted(10), CARRIED_NEW);
    assert_int_equal(carried.fresh, 10);
    assert_int_equal(effect_of(&effects, EFFECT_ACKED)->as.acked.id.seq, 10);
    assert_int_equal(uplink.sender.logs[0].receipt, 10);
    assert_int_equal(receipted(10), CARRIED_KNOWN);
    assert_int_equal(receipted(4), CARRIED_KNOWN); /* an older one takes nothing back */
    assert_int_equal(effects.count, 0);
    assert_int_equal(uplink.sender.logs[0].receipt, 10);
    assert_int_equal(uplink.receipts[0].id.seq, 10);
}

static void only_the_province_makes_receipts(void **state)
{
    (void)state;
    struct control control = receipt_of(10, &aggregator);
    control.as.ack.id.seq = 11;
    assert_int_equal(answer(&control), CARRIED_REFUSED);
    assert_int_equal(carried.error, ERR_SIGNATURE);
    assert_true(alarmed(&effects, ALARM_ACK_FOREIGN));
    control = receipt_of(10, &aggregator);
    control.as.ack.has_signature = true;
    control.as.ack.backed_up_to = 10;
    assert_int_equal(answer(&control), CARRIED_REFUSED);
    assert_int_equal(uplink.sender.logs[0].acked, 0);
    assert_int_equal(count_of(&effects, EFFECT_ACKED), 0);
}

static void a_receipt_of_another_life_is_refused(void **state)
{
    (void)state;
    struct incarnation before = {{8}};
    struct control control = receipt_of(10, &before);
    assert_int_equal(answer(&control), CARRIED_REFUSED);
    assert_int_equal(carried.error, ERR_STALE);
    assert_int_equal(uplink.sender.logs[0].acked, 0);
    memset(&uplink.aggregator, 0, sizeof uplink.aggregator); /* it never met one */
    assert_int_equal(answer(&control), CARRIED_NEW);
}

/* What the line said of less before the stick came is no step back of the province. */
static void a_gap_that_a_receipt_overtook_is_no_step_back(void **state)
{
    (void)state;
    connect_line();
    struct control resumed = resumed_at(5);
    line_says(&resumed, 5);
    assert_int_equal(uplink.state, UPLINK_LIVE);
    assert_int_equal(receipted(20), CARRIED_NEW);
    gap_at(5);
    assert_false(alarmed(&effects, ALARM_ACK_BACK));
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 0);
    assert_int_equal(uplink.sender.logs[0].acked, 20);
    assert_int_equal(uplink.sender.logs[0].sent, 20); /* it goes on behind it */
}

static void a_cursor_that_a_receipt_overtook_is_no_step_back(void **state)
{
    (void)state;
    connect_line();
    assert_int_equal(receipted(20), CARRIED_NEW);
    struct control resumed = resumed_at(5);
    line_says(&resumed, 5);
    assert_false(alarmed(&effects, ALARM_ACK_BACK));
    assert_int_equal(uplink.sender.logs[0].acked, 20);
}

/* A province that was put back says so in the next session, and is heard. */
static void a_new_session_is_believed_again(void **state)
{
    (void)state;
    connect_line();
    struct control resumed = resumed_at(5);
    line_says(&resumed, 5);
    assert_int_equal(receipted(20), CARRIED_NEW);
    line_happens(UPLINK_EVENT_LINK_DOWN);
    now_ms += 100000;
    line_happens(UPLINK_EVENT_TICK);
    line_happens(UPLINK_EVENT_PAIR_COMMITTED);
    line_happens(UPLINK_EVENT_LINK_UP);
    resumed = resumed_at(5);
    line_says(&resumed, 5);
    assert_true(alarmed(&effects, ALARM_ACK_BACK));
    assert_int_equal(frame_of(&effects, FRAME_RECEIPT)->as.ack.id.seq, 20);
    assert_int_equal(uplink.sender.logs[0].acked, 5);
    assert_int_equal(receipted(20), CARRIED_KNOWN); /* the same stick again is no word of now */
    assert_int_equal(receipted(12), CARRIED_KNOWN);
    assert_int_equal(uplink.sender.logs[0].acked, 5);
}

static void another_life_of_the_province_is_believed_at_once(void **state)
{
    (void)state;
    connect_line();
    assert_int_equal(receipted(20), CARRIED_NEW);
    struct control resumed = resumed_at(5);
    memset(&resumed.as.resumed.aggregator, 77, sizeof aggregator);
    line_says(&resumed, 5);
    assert_true(alarmed(&effects, ALARM_ACK_BACK));
    assert_int_equal(uplink.sender.logs[0].acked, 5);
}

static void the_office_log_comes_by_stick_too(void **state)
{
    (void)state;
    assert_int_equal(office_span(3, 5), CARRIED_GAP);
    assert_int_equal(carried.have.seq, 0);
    assert_int_equal(office_span(1, 5), CARRIED_NEW);
    struct uplink_event event = {.type = UPLINK_EVENT_STORED, .store = carried.store};
    effects.count = 0;
    uplink_step(&uplink, &event, &effects);
    assert_int_equal(uplink.office.durable, 5);
    assert_int_equal(office_span(1, 5), CARRIED_KNOWN);
    assert_int_equal(office_span(4, 9), CARRIED_NEW);
    assert_int_equal(carried.fresh, 4);
    assert_false(uplink.gap_told);
    assert_int_equal(uplink.heard_ms, 0);
}

static void a_false_office_span_is_refused(void **state)
{
    (void)state;
    struct sample forged;
    sample_open(&forged, 4, LANE_OFFICE);
    forged.incarnation = office.incarnation;
    sample_chain(&forged);
    struct sample before = office;
    office = forged;
    assert_int_equal(office_span(1, 5), CARRIED_REFUSED);
    office = before;
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    assert_int_equal(office_span(1, 5), CARRIED_NEW);
}

static void nothing_else_comes_by_stick(void **state)
{
    (void)state;
    struct control control = {.kind = FRAME_ACK, .as.ack = sample_ack(&routine, 9)};
    assert_int_equal(answer(&control), CARRIED_REFUSED);
    control = resumed_at(9);
    assert_int_equal(answer(&control), CARRIED_REFUSED);
    assert_int_equal(uplink.sender.logs[0].acked, 0);
    assert_string_equal(carried_name(CARRIED_LATER), "later");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_span_by_stick_is_stored_and_counts_once),
        TEST(a_gap_is_told_each_time_and_leaves_the_line_its_own),
        TEST(what_is_not_a_log_of_this_node_is_refused),
        TEST(a_revoked_key_brings_nothing),
        TEST(no_room_is_said_and_nothing_is_lost),
        TEST(the_line_goes_on_where_the_stick_left_it),
        TEST(a_successor_waits_until_nobody_speaks),
        TEST(receipts_speak_of_what_is_durable),
        TEST(a_receipt_by_stick_is_taken_without_a_line),
        TEST(only_the_province_makes_receipts),
        TEST(a_receipt_of_another_life_is_refused),
        TEST(a_gap_that_a_receipt_overtook_is_no_step_back),
        TEST(a_cursor_that_a_receipt_overtook_is_no_step_back),
        TEST(a_new_session_is_believed_again),
        TEST(another_life_of_the_province_is_believed_at_once),
        TEST(the_office_log_comes_by_stick_too),
        TEST(a_false_office_span_is_refused),
        TEST(nothing_else_comes_by_stick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
