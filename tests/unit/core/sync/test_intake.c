/* The aggregator's end: what may come in, and that it speaks only of what is durable. */
#include "core/sync/intake.h"

#include "fixture.h"

#define RECEIPT_INTERVAL_MS_HERE 600000u
#define QUEUE_BYTES_MAX 10000u

static struct sample urgent, routine, office;
static struct incarnation aggregator;
static struct intake intake;
static struct intake_config config;
static struct effects effects;
static struct arena *arena;
static uint64_t now_ms;

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
    config = (struct intake_config){
        .limits = {.window_start_bytes = 1000, .window_max_bytes = 4000, .span_raw_bytes = 500},
        .lookup = {.log = sample_lookup},
        .aggregator = aggregator,
        .province = bytes_of_text(PROVINCE),
        .regency = bytes_of_text(REGENCY),
        .enrolment = ENROLMENT,
        .signing_key = urgent.key,
        .office = office.incarnation,
        .log_secret = office.secret,
        .receipt_interval_ms = RECEIPT_INTERVAL_MS_HERE,
        .queue_bytes_max = QUEUE_BYTES_MAX};
    struct session_memory memory = {0};
    intake_init(&intake, &config, &memory);
    assert_int_equal(intake_set_office(&intake, 5, 0), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct intake_event event_of(enum intake_event_type type, uint32_t connection)
{
    return (struct intake_event){.type = type,
                                 .now_ms = now_ms,
                                 .clock_ms = (int64_t)now_ms,
                                 .connection = connection,
                                 .arena = arena};
}

static void step(const struct intake_event *event)
{
    effects.count = 0;
    intake_step(&intake, event, &effects);
}

static void happens(enum intake_event_type type, uint32_t connection)
{
    struct intake_event event = event_of(type, connection);
    step(&event);
}

static void hears(uint32_t connection, const struct control *control)
{
    struct intake_event event = event_of(INTAKE_EVENT_CONTROL, connection);
    event.control = control;
    if (control->kind == FRAME_ACK) {
        event.own_h = &office.h[control->as.ack.id.seq];
    } else if (control->kind == FRAME_RESUME) {
        event.own_h = &office.h[control->as.resume.office_seq];
    }
    step(&event);
}

static struct control resume_of(uint8_t prev, uint8_t next)
{
    struct control control = {.kind = FRAME_RESUME};
    struct resume *resume = &control.as.resume;
    memset(resume->pair.prev, prev, 16);
    memset(resume->pair.next, next, 16);
    resume->aggregator = aggregator;
    resume->enrolment = ENROLMENT;
    resume->office = office.incarnation;
    resume->credit_bytes = 4000;
    resume->clock_ms = (int64_t)now_ms + 50;
    return control;
}

static void resume(uint32_t connection, uint8_t prev, uint8_t next)
{
    struct control control = resume_of(prev, next);
    hears(connection, &control);
}

static void open_on(uint32_t connection, uint8_t prev, uint8_t next)
{
    resume(connection, prev, next);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 1);
    happens(INTAKE_EVENT_PAIR_STORED, connection);
}

#define SPAN_WIRE_BYTES 300u

static void span_from(uint32_t connection, const struct sample *sample, uint64_t first,
                      uint64_t last)
{
    struct intake_event event = event_of(INTAKE_EVENT_SPAN, connection);
    struct span_header header = sample_span(sample, first, last);
    event.header = &header;
    event.entries = &sample->entries[first - 1];
    event.wire_bytes = SPAN_WIRE_BYTES;
    step(&event);
}

static struct span_store handed_over(void)
{
    return effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
}

static void answer(const struct span_store *store, int rc)
{
    struct intake_event event = event_of(INTAKE_EVENT_STORED, 0);
    event.store = *store;
    event.wire_bytes = SPAN_WIRE_BYTES;
    event.rc = rc;
    step(&event);
}

static void take(uint32_t connection, const struct sample *sample, uint64_t first, uint64_t last)
{
    span_from(connection, sample, first, last);
    struct span_store store = handed_over();
    answer(&store, 0);
    happens(INTAKE_EVENT_FLUSH, 0);
}

static enum denied_code denied(void)
{
    return frame_of(&effects, FRAME_DENIED)->as.denied.code;
}

/* ---- sessions ---- */

static void resumed_only_once_the_pair_is_durable(void **state)
{
    (void)state;
    resume(1, 0, 5);
    assert_int_equal(count_of(&effects, EFFECT_SEND), 0);
    const struct session_pair *pair = &effect_of(&effects, EFFECT_COMMIT_PAIR)->as.pair;
    assert_memory_equal(pair, &intake.session.accepted, sizeof *pair);
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(effects.count, 0);
    happens(INTAKE_EVENT_PAIR_STORED, 1);
    const struct resumed *resumed = &frame_of(&effects, FRAME_RESUMED)->as.resumed;
    assert_int_equal(resumed->next[0], 5);
    assert_false(resumed->old);
    assert_int_equal(resumed->cursor_count, 0);
    assert_true(incarnation_equal(&resumed->aggregator, &aggregator));
    assert_int_equal(intake.clock_offset_ms, 50);
}

static void pair_that_was_not_stored_is_forgotten(void **state)
{
    (void)state;
    resume(1, 0, 5);
    struct intake_event event = event_of(INTAKE_EVENT_PAIR_STORED, 1);
    event.rc = ERR_FULL;
    step(&event);
    assert_int_equal(frames_of(&effects, FRAME_RESUMED), 0);
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
    assert_false(intake.session.has_accepted);
    open_on(2, 0, 5);
    assert_int_equal(frames_of(&effects, FRAME_RESUMED), 1);
}

static void step_retry_old_and_fork(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    open_on(2, 1, 2);
    open_on(3, 1, 2); /* a retry is resumed too */
    assert_int_equal(frames_of(&effects, FRAME_RESUMED), 1);
    resume(4, 0, 1);
    assert_true(frame_of(&effects, FRAME_RESUMED)->as.resumed.old);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 0);
    assert_int_equal(intake.session.accepted.next[0], 2); /* it changed nothing */
    resume(5, 1, 77);
    assert_int_equal(denied(), DENIED_CLONE);
    assert_true(alarmed(&effects, ALARM_FORK));
    assert_int_equal(intake.session.accepted.next[0], 2);
    span_from(5, &urgent, 1, 2);
    assert_int_equal(effects.count, 0); /* answered already */
    span_from(3, &urgent, 1, 2);        /* and the other one works on */
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 1);
}

static void one_session_a_connection(void **state)
{
    (void)state;
    resume(1, 0, 1);
    resume(1, 1, 2);
    assert_true(alarmed(&effects, ALARM_BAD_FRAME));
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 0);
    happens(INTAKE_EVENT_PAIR_STORED, 1);
    assert_int_equal(frame_of(&effects, FRAME_RESUMED)->as.resumed.next[0], 1);
}

static void superseded_pair_is_not_resumed(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    resume(2, 0, 1); /* late, while the node has gone on */
    resume(3, 1, 2);
    happens(INTAKE_EVENT_PAIR_STORED, 2);
    assert_int_equal(effects.count, 0);
    happens(INTAKE_EVENT_PAIR_STORED, 3);
    assert_int_equal(frame_of(&effects, FRAME_RESUMED)->as.resumed.next[0], 2);
    span_from(2, &urgent, 1, 2);
    assert_int_equal(effects.count, 0);
}

static void resume_comes_first(void **state)
{
    (void)state;
    span_from(1, &urgent, 1, 2);
    assert_int_equal(denied(), DENIED_NO_SESSION);
    assert_int_equal(intake.log_count, 0);
    struct control alive = {.kind = FRAME_KEEP_ALIVE};
    hears(2, &alive);
    assert_int_equal(denied(), DENIED_NO_SESSION);
}

static void another_enrolment_is_denied(void **state)
{
    (void)state;
    struct control control = resume_of(0, 1);
    control.as.resume.enrolment++;
    hears(1, &control);
    assert_int_equal(denied(), DENIED_WRONG_LOG);
    control = resume_of(0, 1);
    control.as.resume.office = urgent.incarnation;
    hears(2, &control);
    assert_int_equal(denied(), DENIED_WRONG_LOG);
    assert_false(intake.session.has_accepted);
}

/* ---- spans and acks ---- */

static void ack_only_after_stored(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    span_from(1, &urgent, 1, 4);
    struct span_store store = handed_over();
    assert_int_equal(store.lane, LANE_URGENT);
    assert_true(store.is_new_log);
    happens(INTAKE_EVENT_FLUSH, 0);
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(count_of(&effects, EFFECT_SEND), 0);
    answer(&store, 0);
    happens(INTAKE_EVENT_FLUSH, 0);
    const struct ack *ack = &frame_of(&effects, FRAME_ACK)->as.ack;
    assert_int_equal(ack->id.seq, 4);
    assert_true(hash_equal(&ack->h, &urgent.h[4]));
    assert_int_equal(ack->credit_bytes, QUEUE_BYTES_MAX);
    happens(INTAKE_EVENT_FLUSH, 0);
    assert_int_equal(frames_of(&effects, FRAME_ACK), 0); /* said once */
}

static void spans_sent_with_resume_are_taken_at_once(void **state)
{
    (void)state;
    resume(1, 0, 1);
    span_from(1, &urgent, 1, 4);
    struct span_store store = handed_over();
    answer(&store, 0);
    happens(INTAKE_EVENT_FLUSH, 0);
    assert_int_equal(count_of(&effects, EFFECT_SEND), 0); /* RESUMED will say it */
    happens(INTAKE_EVENT_PAIR_STORED, 1);
    assert_int_equal(frame_of(&effects, FRAME_RESUMED)->as.resumed.cursor_count, 1);
    assert_int_equal(frame_of(&effects, FRAME_RESUMED)->as.resumed.cursors[0].id.seq, 4);
}

static void seen_entries_are_acked_again(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    take(1, &urgent, 1, 4);
    span_from(1, &urgent, 2, 3);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.id.seq, 4);
}

static void unknown_log_begins_at_one(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    span_from(1, &urgent, 3, 4);
    const struct gap *gap = &frame_of(&effects, FRAME_GAP)->as.gap;
    assert_int_equal(gap->have.seq, 0);
    assert_true(incarnation_equal(&gap->have.incarnation, &urgent.incarnation));
    assert_int_equal(intake.log_count, 0);
}

static void gap_is_told_once(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    take(1, &urgent, 1, 4);
    span_from(1, &urgent, 7, 8);
    assert_int_equal(frame_of(&effects, FRAME_GAP)->as.gap.have.seq, 4);
    assert_true(hash_equal(&frame_of(&effects, FRAME_GAP)->as.gap.h, &urgent.h[4]));
    span_from(1, &urgent, 9, 10);
    assert_int_equal(effects.count, 0);
    take(1, &urgent, 5, 6);
    span_from(1, &urgent, 9, 10);
    assert_int_equal(frames_of(&effects, FRAME_GAP), 1); /* a new one */
}

/* Sends the genesis `genesis` as the first of the urgent log; true if it was refused. */
static bool refused(const struct genesis *genesis)
{
    static uint32_t connection;
    static uint8_t pair = 1;
    begin(NULL);
    connection++;
    resume(connection, 0, pair);
    happens(INTAKE_EVENT_PAIR_STORED, connection);
    sample_genesis(&urgent, genesis);
    span_from(connection, &urgent, 1, 3);
    bool refused = frames_of(&effects, FRAME_DENIED) == 1;
    if (refused) {
        assert_int_equal(denied(), DENIED_WRONG_LOG);
        assert_true(alarmed(&effects, ALARM_WRONG_LOG));
    }
    assert_int_equal(intake.log_count, refused ? 0 : 1);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), refused ? 0 : 1);
    assert_int_equal(intake.queue_bytes, refused ? 0 : SPAN_WIRE_BYTES);
    span_from(connection, &urgent, 1, 3);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    arena_free(arena);
    arena = NULL;
    return refused;
}

static void wrong_genesis_is_denied_and_leaves_nothing(void **state)
{
    (void)state;
    arena_free(arena);
    const struct genesis right = sample_statement(&urgent, LANE_URGENT);
    assert_false(refused(&right));
    struct genesis wrong = right;
    wrong.owner = bytes_of_text("16.03");
    assert_true(refused(&wrong));
    wrong = right;
    wrong.counterpart = bytes_of_text("17");
    assert_true(refused(&wrong));
    wrong = right;
    wrong.lane = LANE_OFFICE;
    assert_true(refused(&wrong));
    wrong = right;
    wrong.direction = DIRECTION_DOWN;
    assert_true(refused(&wrong));
    wrong = right;
    wrong.signing_key = office.key;
    assert_true(refused(&wrong));
    wrong = right;
    wrong.enrolment++;
    assert_true(refused(&wrong));
    wrong = right;
    wrong.has_predecessor = true;
    wrong.predecessor = (struct entry_id){.incarnation = urgent.incarnation, .seq = 3};
    assert_true(refused(&wrong));
}

static void first_entry_must_be_a_genesis(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    sample_init(&urgent, 1, "plain");
    span_from(1, &urgent, 1, 3);
    assert_int_equal(denied(), DENIED_WRONG_LOG);
    assert_int_equal(intake.log_count, 0);
}

static void genesis_without_its_head_leaves_nothing(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    struct sample forged = urgent;
    memcpy(forged.secret, office.secret, sizeof forged.secret); /* signed by another key */
    span_from(1, &forged, 1, 3);
    assert_true(alarmed(&effects, ALARM_BAD_CHAIN));
    assert_int_equal(intake.log_count, 0);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void one_log_a_lane(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    take(1, &urgent, 1, 2);
    take(1, &routine, 1, 2);
    assert_int_equal(intake.log_count, 2);
    struct sample second;
    sample_open(&second, 1, LANE_URGENT);
    memset(second.incarnation.b, 42, sizeof second.incarnation.b);
    sample_chain(&second);
    span_from(1, &second, 1, 2);
    assert_int_equal(denied(), DENIED_WRONG_LOG);
    assert_int_equal(intake.log_count, 2);
}

static void genesis_is_checked_again_after_a_failed_store(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    span_from(1, &urgent, 1, 2);
    struct span_store store = handed_over();
    answer(&store, ERR_FULL);
    assert_true(alarmed(&effects, ALARM_NO_ROOM));
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
    open_on(2, 1, 2);
    assert_int_equal(frame_of(&effects, FRAME_RESUMED)->as.resumed.cursor_count, 0);
    struct genesis other = sample_statement(&urgent, LANE_URGENT);
    other.owner = bytes_of_text("16.03");
    sample_genesis(&urgent, &other);
    span_from(2, &urgent, 1, 2);
    assert_int_equal(denied(), DENIED_WRONG_LOG);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void failed_store_is_sent_again(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    take(1, &urgent, 1, 4);
    span_from(1, &urgent, 5, 6);
    struct span_store first = handed_over();
    span_from(1, &urgent, 7, 8);
    struct span_store second = handed_over();
    answer(&first, ERR_FULL);
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
    open_on(2, 1, 2);
    assert_int_equal(frame_of(&effects, FRAME_RESUMED)->as.resumed.cursors[0].id.seq, 4);
    answer(&second, ERR_GAP); /* built on the first: no second complaint */
    assert_int_equal(effects.count, 0);
    take(2, &urgent, 5, 8);
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.id.seq, 8);
    assert_int_equal(intake.queue_bytes, 0);
}

static void fork_of_a_log_is_denied(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    take(1, &urgent, 1, 4);
    struct sample other;
    sample_init(&other, 1, "other");
    span_from(1, &other, 3, 6);
    assert_int_equal(denied(), DENIED_FORK);
    assert_true(alarmed(&effects, ALARM_FORK));
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void revoked_is_answered_once(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    span_from(1, &urgent, 1, 4);
    struct span_store store = handed_over();
    happens(INTAKE_EVENT_REVOKED, 0);
    assert_int_equal(frames_of(&effects, FRAME_DENIED), 1);
    assert_int_equal(denied(), DENIED_REVOKED);
    span_from(1, &urgent, 5, 6);
    assert_int_equal(effects.count, 0);
    struct control alive = {.kind = FRAME_KEEP_ALIVE};
    hears(1, &alive);
    assert_int_equal(effects.count, 0);
    answer(&store, 0); /* was under way: it is stored, and not answered */
    happens(INTAKE_EVENT_FLUSH, 0);
    assert_int_equal(effects.count, 0);
    resume(2, 1, 2); /* a new connection hears it once */
    assert_int_equal(denied(), DENIED_REVOKED);
    assert_int_equal(effects.count, 1);
    span_from(2, &urgent, 5, 6);
    assert_int_equal(effects.count, 0);
    assert_false(intake_connected(&intake, now_ms, 1000));
}

static void queue_has_a_limit(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    span_from(1, &urgent, 1, 1);
    for (uint64_t seq = 2; seq < SAMPLE_ENTRIES; seq++) {
        struct intake_event event = event_of(INTAKE_EVENT_SPAN, 1);
        struct span_header header = sample_span(&urgent, seq, seq);
        event.header = &header;
        event.entries = &urgent.entries[seq - 1];
        event.wire_bytes = SPAN_WIRE_BYTES_MAX / 4;
        uint64_t before = intake.queue_bytes;
        step(&event);
        assert_true(intake.queue_bytes <= QUEUE_BYTES_MAX + FRAME_BYTES_MAX);
        if (count_of(&effects, EFFECT_STORE_SPAN) == 0) {
            assert_true(alarmed(&effects, ALARM_WINDOW));
            assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
            assert_int_equal(intake.queue_bytes, before);
            assert_true(seq >= 4); /* its credit and one frame are always taken */
            return;
        }
    }
    fail_msg("there was room without end");
}

static void credit_is_what_room_there_is(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    span_from(1, &urgent, 1, 2);
    struct span_store first = handed_over();
    span_from(1, &urgent, 3, 4);
    answer(&first, 0);
    happens(INTAKE_EVENT_FLUSH, 0);
    const struct ack *ack = &frame_of(&effects, FRAME_ACK)->as.ack;
    assert_int_equal(ack->credit_bytes, QUEUE_BYTES_MAX - SPAN_WIRE_BYTES);
    assert_int_equal(ack->id.seq, 2); /* not what is under way */
    assert_true(hash_equal(&ack->h, &urgent.h[2]));
}

/* ---- receipts ---- */

static void receipts_are_rare_and_verify(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    take(1, &urgent, 1, 2);
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 1);
    uint64_t first_ms = now_ms;
    unsigned receipts = 0;
    for (uint64_t seq = 3; seq < 30; seq++) {
        now_ms += RECEIPT_INTERVAL_MS_HERE / 10;
        take(1, &urgent, seq, seq);
        assert_int_equal(frames_of(&effects, FRAME_ACK), 1);
        if (frames_of(&effects, FRAME_RECEIPT) == 0) {
            continue;
        }
        receipts++;
        assert_true(now_ms - first_ms >= receipts * RECEIPT_INTERVAL_MS_HERE);
        const struct ack *ack = &frame_of(&effects, FRAME_RECEIPT)->as.ack;
        assert_int_equal(ack->id.seq, seq);
        struct receipt receipt = {.aggregator = aggregator,
                                  .id = {.incarnation = urgent.incarnation, .seq = seq},
                                  .h = urgent.h[seq]};
        assert_true(receipt_verify(&office.key, &receipt, &ack->signature));
    }
    assert_int_equal(receipts, 2);
    now_ms += 10 * RECEIPT_INTERVAL_MS_HERE;
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 1);
    now_ms += 10 * RECEIPT_INTERVAL_MS_HERE;
    happens(INTAKE_EVENT_TICK, 0); /* it would say no more than the last */
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 0);
}

static void closing_gives_last_receipts(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    take(1, &urgent, 1, 2);
    take(1, &urgent, 3, 4);
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 0);
    happens(INTAKE_EVENT_CLOSE, 0);
    assert_int_equal(frame_of(&effects, FRAME_RECEIPT)->as.ack.id.seq, 4);
    assert_int_equal(frames_of(&effects, FRAME_BYE), 1);
    span_from(1, &urgent, 5, 6);
    assert_int_equal(effects.count, 0);
}

static void lost_receipt_comes_again_in_a_new_session(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    take(1, &urgent, 1, 2);
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 1);
    open_on(2, 1, 2);
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 0); /* not before its time */
    now_ms += RECEIPT_INTERVAL_MS_HERE;
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(frame_of(&effects, FRAME_RECEIPT)->as.ack.id.seq, 2);
}

/* ---- the office log ---- */

static const struct span_plan *office_plan(void)
{
    return &effect_of(&effects, EFFECT_SEND_SPAN)->as.plan;
}

static void office_sent(uint32_t connection, const struct span_plan *plan, uint64_t last)
{
    struct intake_event event = event_of(INTAKE_EVENT_SPAN_SENT, connection);
    event.plan = *plan;
    event.id.seq = last;
    event.wire_bytes = 200;
    step(&event);
}

static void office_begins_where_the_node_is(void **state)
{
    (void)state;
    struct control control = resume_of(0, 1);
    control.as.resume.office_seq = 2;
    control.as.resume.office_h = office.h[2];
    hears(1, &control);
    assert_int_equal(effect_of(&effects, EFFECT_ACKED)->as.acked.id.seq, 2);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0);
    happens(INTAKE_EVENT_PAIR_STORED, 1);
    struct span_plan plan = *office_plan();
    assert_int_equal(plan.first, 3);
    assert_int_equal(plan.last_max, 5);
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0); /* asked for once */
    office_sent(1, &plan, 5);
    struct control ack = {.kind = FRAME_ACK, .as.ack = sample_ack(&office, 4)};
    hears(1, &ack);
    assert_int_equal(effect_of(&effects, EFFECT_ACKED)->as.acked.id.seq, 4);
    ack.as.ack.h.b[0] ^= 1;
    hears(1, &ack);
    assert_true(alarmed(&effects, ALARM_ACK_FOREIGN));
    assert_int_equal(count_of(&effects, EFFECT_ACKED), 0);
}

static void contradicting_office_log_gets_nothing(void **state)
{
    (void)state;
    struct control control = resume_of(0, 1);
    control.as.resume.office_seq = 2;
    control.as.resume.office_h = office.h[3];
    hears(1, &control);
    assert_true(alarmed(&effects, ALARM_ACK_FOREIGN));
    happens(INTAKE_EVENT_PAIR_STORED, 1);
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0);
}

static void answers_follow_the_connection_that_speaks(void **state)
{
    (void)state;
    open_on(2, 0, 1);
    struct span_plan plan = *office_plan();
    span_from(2, &urgent, 1, 4);
    struct span_store store = handed_over();
    open_on(1, 0, 1); /* the same pair, late, on a connection the node has given up */
    assert_int_equal(effect_of(&effects, EFFECT_SEND_SPAN)->connection, 1);
    office_sent(2, &plan, 5); /* of the other connection: counts for nothing */
    assert_int_equal(intake.office.span_count, 0);
    answer(&store, 0);
    span_from(2, &urgent, 5, 6); /* the node speaks on 2 */
    assert_int_equal(effect_of(&effects, EFFECT_SEND_SPAN)->connection, 2);
    assert_int_equal(office_plan()->first, 1);
    happens(INTAKE_EVENT_FLUSH, 0);
    for (size_t i = 0; i < effects.count; i++) {
        assert_int_equal(effects.list[i].connection, 2);
    }
    assert_int_equal(frames_of(&effects, FRAME_ACK), 1);
}

static void office_gap_is_filled(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    struct span_plan plan = *office_plan();
    office_sent(1, &plan, 5);
    struct control gap = {.kind = FRAME_GAP};
    gap.as.gap.have = (struct entry_id){.incarnation = office.incarnation, .seq = 0};
    hears(1, &gap);
    assert_int_equal(office_plan()->first, 1);
}

static void office_silence_ends_the_session(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    struct span_plan plan = *office_plan();
    office_sent(1, &plan, 5);
    now_ms += 14999;
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(effects.count, 0);
    now_ms += 1;
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
    open_on(2, 1, 2);
    plan = *office_plan();
    assert_int_equal(plan.first, 1);
    office_sent(2, &plan, 5);
    now_ms += 29999; /* more patience the second time */
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 0);
}

static void appended_office_entries_go_out(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    struct span_plan plan = *office_plan();
    office_sent(1, &plan, 5);
    struct intake_event event = event_of(INTAKE_EVENT_APPENDED, 0);
    event.id = (struct entry_id){.incarnation = office.incarnation, .seq = 6};
    step(&event);
    assert_int_equal(office_plan()->first, 6);
    happens(INTAKE_EVENT_SEND_BLOCKED, 1);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0);
    happens(INTAKE_EVENT_TICK, 0);
    assert_int_equal(office_plan()->first, 6);
    happens(INTAKE_EVENT_GONE, 1);
    event.id.seq = 7;
    step(&event);
    assert_int_equal(effects.count, 0);
}

static void keep_alive_is_answered(void **state)
{
    (void)state;
    open_on(1, 0, 1);
    struct control alive = {.kind = FRAME_KEEP_ALIVE, .as.keep_alive.backlog = 12};
    hears(1, &alive);
    assert_true(frame_of(&effects, FRAME_KEEP_ALIVE)->as.keep_alive.answer);
    assert_int_equal(intake.node_backlog, 12);
    assert_true(intake_connected(&intake, now_ms + 1000, 1000));
    assert_false(intake_connected(&intake, now_ms + 1001, 1000));
    happens(INTAKE_EVENT_GONE, 1);
    assert_false(intake_connected(&intake, now_ms, 1000));
}

static void oldest_connection_makes_room(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= INTAKE_CONNECTIONS_MAX + 1; i++) {
        open_on(i, (uint8_t)(i - 1), (uint8_t)i);
    }
    struct control alive = {.kind = FRAME_KEEP_ALIVE};
    hears(INTAKE_CONNECTIONS_MAX + 1, &alive);
    assert_int_equal(frames_of(&effects, FRAME_KEEP_ALIVE), 1);
    hears(1, &alive);
    assert_int_equal(denied(), DENIED_NO_SESSION);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup_teardown(test, begin, end)
    const struct CMUnitTest tests[] = {
        FRESH(resumed_only_once_the_pair_is_durable),
        FRESH(pair_that_was_not_stored_is_forgotten),
        FRESH(step_retry_old_and_fork),
        FRESH(one_session_a_connection),
        FRESH(superseded_pair_is_not_resumed),
        FRESH(resume_comes_first),
        FRESH(another_enrolment_is_denied),
        FRESH(ack_only_after_stored),
        FRESH(spans_sent_with_resume_are_taken_at_once),
        FRESH(seen_entries_are_acked_again),
        FRESH(unknown_log_begins_at_one),
        FRESH(gap_is_told_once),
        FRESH(wrong_genesis_is_denied_and_leaves_nothing),
        FRESH(first_entry_must_be_a_genesis),
        FRESH(genesis_without_its_head_leaves_nothing),
        FRESH(one_log_a_lane),
        FRESH(genesis_is_checked_again_after_a_failed_store),
        FRESH(failed_store_is_sent_again),
        FRESH(fork_of_a_log_is_denied),
        FRESH(revoked_is_answered_once),
        FRESH(queue_has_a_limit),
        FRESH(credit_is_what_room_there_is),
        FRESH(receipts_are_rare_and_verify),
        FRESH(closing_gives_last_receipts),
        FRESH(lost_receipt_comes_again_in_a_new_session),
        FRESH(office_begins_where_the_node_is),
        FRESH(contradicting_office_log_gets_nothing),
        FRESH(answers_follow_the_connection_that_speaks),
        FRESH(office_gap_is_filled),
        FRESH(office_silence_ends_the_session),
        FRESH(appended_office_entries_go_out),
        FRESH(keep_alive_is_answered),
        FRESH(oldest_connection_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
