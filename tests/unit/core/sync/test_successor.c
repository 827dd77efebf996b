/* Lives of a log (ADR 7), seen from the aggregator: which successor is taken, when, and what is
 * over. */
#include "core/sync/intake.h"

#include "fixture.h"

#define KEEP_ALIVE_S 30u

static struct sample old, next, office;
static struct sample_store there;
static struct intake intake;
static struct effects effects;
static struct arena *arena;
static uint64_t now_ms;

static struct intake_event event_of(enum intake_event_type type, uint32_t connection)
{
    return (struct intake_event){
        .type = type, .now_ms = now_ms, .connection = connection, .arena = arena};
}

static void step(const struct intake_event *event)
{
    effects.count = 0;
    intake_step(&intake, event, &effects);
}

static int begin(void **state)
{
    (void)state;
    sample_open(&old, 1, LANE_URGENT);
    sample_open(&office, 3, LANE_OFFICE);
    sample_succeed(&next, &old, 5, LANE_URGENT, 11);
    arena = arena_new(PARSE_ARENA_BYTES);
    now_ms = 100000;
    there = (struct sample_store){.logs = {&old}, .last = {20}};
    struct intake_config config = {
        .limits = {.window_start_bytes = 1000, .window_max_bytes = 4000, .span_raw_bytes = 500},
        .lookup = {.arg = &there, .log = sample_lookup},
        .keep_alive_ms = KEEP_ALIVE_S * 1000,
        .log_key = office.key,
        .province = bytes_of_text(PROVINCE),
        .regency = bytes_of_text(REGENCY),
        .enrolment = ENROLMENT,
        .signing_key = old.key,
        .office = office.incarnation,
        .log_secret = office.secret,
        .receipt_interval_ms = 600000,
        .queue_bytes_max = 100000};
    memset(config.aggregator.b, 9, sizeof config.aggregator.b);
    struct session_memory memory = {.has_accepted = true};
    memory.accepted.next[0] = 1;
    intake_init(&intake, &config, &memory);
    assert_int_equal(intake_set_office(&intake, 5, 0), 0);
    assert_int_equal(intake_add_log(&intake, &old.incarnation, LANE_URGENT, 20, &old.h[20]), 0);
    struct intake_event tick = event_of(INTAKE_EVENT_TICK, 0);
    step(&tick);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct control resume_of(uint8_t prev, uint8_t fresh, bool successor)
{
    struct control control = {.kind = FRAME_RESUME};
    struct resume *resume = &control.as.resume;
    resume->pair.prev[0] = prev;
    resume->pair.next[0] = fresh;
    resume->aggregator = intake.config.aggregator;
    resume->enrolment = ENROLMENT;
    resume->office = office.incarnation;
    resume->keep_alive_s = KEEP_ALIVE_S;
    resume->successor = successor;
    return control;
}

static void hears(uint32_t connection, const struct control *control)
{
    struct intake_event event = event_of(INTAKE_EVENT_CONTROL, connection);
    event.control = control;
    step(&event);
}

static void resume(uint32_t connection, uint8_t prev, uint8_t fresh, bool successor)
{
    struct control control = resume_of(prev, fresh, successor);
    hears(connection, &control);
}

static void pair_stored(uint32_t connection)
{
    struct intake_event event = event_of(INTAKE_EVENT_PAIR_STORED, connection);
    step(&event);
}

static void silence(void)
{
    now_ms += 2 * KEEP_ALIVE_S * 1000;
}

/* The successor's session is open on connection 2. */
static void taken_over(void)
{
    silence();
    resume(2, 0, 77, true);
    pair_stored(2);
    assert_int_equal(frames_of(&effects, FRAME_RESUMED), 1);
}

static void span(uint32_t connection, const struct sample *sample, uint64_t first, uint64_t last)
{
    struct intake_event event = event_of(INTAKE_EVENT_SPAN, connection);
    struct span_header header = sample_span(sample, first, last);
    event.header = &header;
    event.entries = &sample->entries[first - 1];
    event.wire_bytes = 300;
    step(&event);
}

static void stored(const struct span_store *store, int rc)
{
    struct intake_event event = event_of(INTAKE_EVENT_STORED, 0);
    event.store = *store;
    event.wire_bytes = 300;
    event.rc = rc;
    step(&event);
}

static enum denied_code denied(void)
{
    return frame_of(&effects, FRAME_DENIED)->as.denied.code;
}

/* ---- sessions ---- */

static void early_successor_is_a_clone_and_told_how_long(void **state)
{
    (void)state;
    resume(1, 1, 2, false);
    pair_stored(1);
    now_ms += 10000;
    resume(2, 0, 77, true);
    assert_int_equal(denied(), DENIED_CLONE);
    assert_int_equal(frame_of(&effects, FRAME_DENIED)->as.denied.retry_s, 51);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 0);
    assert_int_equal(intake.session.accepted.next[0], 2);
}

static void asking_does_not_count_as_being_heard(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        resume((uint32_t)(2 + i), 0, 77, true);
        assert_int_equal(denied(), DENIED_CLONE);
        now_ms += KEEP_ALIVE_S * 500;
    }
    resume(9, 0, 77, true);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 1);
}

static void successor_ends_the_session_before_it(void **state)
{
    (void)state;
    resume(1, 1, 2, false);
    pair_stored(1);
    taken_over();
    span(1, &old, 21, 22);
    assert_int_equal(effects.count, 0); /* that connection was closed */
    resume(3, 2, 3, false);
    assert_int_equal(denied(), DENIED_CLONE);
    resume(4, 1, 2, false);
    assert_true(frame_of(&effects, FRAME_RESUMED)->as.resumed.old);
}

static void the_open_connection_of_the_other_is_told(void **state)
{
    (void)state;
    resume(1, 1, 2, false);
    pair_stored(1);
    silence();
    resume(2, 0, 77, true);
    assert_int_equal(denied(), DENIED_CLONE);
    assert_true(alarmed(&effects, ALARM_SUCCESSOR));
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 1);
}

static void same_pair_is_a_retry_at_once(void **state)
{
    (void)state;
    taken_over();
    resume(3, 0, 77, true);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 1);
    assert_int_equal(frames_of(&effects, FRAME_DENIED), 0);
}

/* ---- logs ---- */

static void successor_ends_the_log_before_it(void **state)
{
    (void)state;
    taken_over();
    span(2, &next, 1, 5);
    struct span_store store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    assert_true(incarnation_equal(&store.ends, &old.incarnation));
    assert_true(incarnation_equal(&store.predecessor.incarnation, &old.incarnation));
    assert_int_equal(store.predecessor.seq, 10);
    assert_int_equal(store.copies, SAMPLE_ENTRIES - 11);
    stored(&store, 0);
    span(2, &old, 21, 22);
    assert_int_equal(denied(), DENIED_CLONE);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void what_could_not_be_stored_ends_nothing(void **state)
{
    (void)state;
    taken_over();
    span(2, &next, 1, 5);
    struct span_store store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    stored(&store, ERR_FULL);
    assert_false(intake.logs[0].ended);
    resume(3, 77, 78, false);
    pair_stored(3);
    assert_int_equal(frame_of(&effects, FRAME_RESUMED)->as.resumed.cursor_count, 1);
    span(3, &next, 1, 5);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 1);
}

static void ended_logs_are_no_cursors(void **state)
{
    (void)state;
    taken_over();
    span(2, &next, 1, 5);
    struct span_store store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    stored(&store, 0);
    resume(3, 77, 78, false);
    pair_stored(3);
    const struct resumed *resumed = &frame_of(&effects, FRAME_RESUMED)->as.resumed;
    assert_int_equal(resumed->cursor_count, 1);
    assert_true(incarnation_equal(&resumed->cursors[0].id.incarnation, &next.incarnation));
}

static void wrong_hash_of_the_predecessor_is_a_fork(void **state)
{
    (void)state;
    taken_over();
    struct sample forged;
    old.h[10].b[0] ^= 1;
    sample_succeed(&forged, &old, 6, LANE_URGENT, 11);
    old.h[10].b[0] ^= 1;
    span(2, &forged, 1, 5);
    assert_int_equal(denied(), DENIED_FORK);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    assert_false(intake.logs[0].ended);
}

static void less_of_the_predecessor_is_a_gap(void **state)
{
    (void)state;
    taken_over();
    there.last[0] = 7;
    span(2, &next, 1, 5);
    const struct gap *gap = &frame_of(&effects, FRAME_GAP)->as.gap;
    assert_true(incarnation_equal(&gap->have.incarnation, &old.incarnation));
    assert_int_equal(gap->have.seq, 7);
    assert_true(hash_equal(&gap->h, &old.h[7]));
    assert_int_equal(intake.log_count, 1);
}

static void unknown_predecessor_is_answered_with_nothing(void **state)
{
    (void)state;
    taken_over();
    there.logs[0] = NULL;
    span(2, &next, 1, 5);
    const struct gap *gap = &frame_of(&effects, FRAME_GAP)->as.gap;
    assert_true(incarnation_equal(&gap->have.incarnation, &old.incarnation));
    assert_int_equal(gap->have.seq, 0);
}

static void nothing_of_the_line_takes_only_all_of_it(void **state)
{
    (void)state;
    taken_over();
    there.logs[0] = NULL;
    intake.log_count = 0;
    span(2, &next, 1, 5);
    assert_int_equal(frame_of(&effects, FRAME_GAP)->as.gap.have.seq, 0);
    struct sample all;
    sample_succeed(&all, &old, 6, LANE_URGENT, 1);
    span(2, &all, 1, 5);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 1);
}

/* All of a log that itself goes on from one: what stood in that one would be left out. */
static void all_of_a_later_life_is_not_all(void **state)
{
    (void)state;
    static struct sample third;
    taken_over();
    there.last[0] = 7;
    intake.log_count = 0;
    sample_succeed(&third, &next, 6, LANE_URGENT, 1);
    span(2, &third, 1, 5);
    const struct gap *gap = &frame_of(&effects, FRAME_GAP)->as.gap;
    assert_true(incarnation_equal(&gap->have.incarnation, &old.incarnation));
    assert_int_equal(gap->have.seq, 7);
    assert_true(hash_equal(&gap->h, &old.h[7]));
    there.logs[0] = NULL; /* not even that */
    span(2, &third, 1, 5);
    assert_int_equal(frame_of(&effects, FRAME_GAP)->as.gap.have.seq, 0);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void a_genesis_alone_does_not_show_what_it_goes_on_from(void **state)
{
    (void)state;
    static struct sample third;
    taken_over();
    intake.log_count = 0;
    sample_succeed(&third, &next, 6, LANE_URGENT, 1);
    span(2, &third, 1, 1);
    assert_int_equal(denied(), DENIED_WRONG_LOG);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void another_regencys_log_is_nobodys_predecessor(void **state)
{
    (void)state;
    taken_over();
    there.rc = ERR_KEY;
    span(2, &next, 1, 5);
    assert_int_equal(denied(), DENIED_WRONG_LOG);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
}

static void a_store_that_cannot_be_read_is_not_the_nodes_fault(void **state)
{
    (void)state;
    taken_over();
    there.rc = ERR_STORAGE;
    span(2, &next, 1, 5);
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
    assert_int_equal(intake.log_count, 1);
}

static void long_lines_find_room(void **state)
{
    (void)state;
    taken_over();
    static struct sample lives[2];
    lives[0] = next;
    for (uint8_t i = 0; i < 2 * LOGS_MAX; i++) {
        struct sample *life = &lives[i % 2];
        there.logs[0] = &lives[(i + 1) % 2];
        there.logs[1] = &old;
        there.last[0] = there.last[1] = 5;
        if (i > 0) {
            sample_succeed(life, &lives[(i + 1) % 2], (uint8_t)(20 + i), LANE_URGENT, 3);
        } else {
            there.last[1] = 20;
        }
        span(2, life, 1, 5);
        struct span_store store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
        stored(&store, 0);
    }
    assert_true(intake.log_count <= LOGS_MAX);
}

/* ---- what the aggregator itself lost ---- */

static void receipt_above_the_cursor_says_restored(void **state)
{
    (void)state;
    taken_over();
    struct control control = {.kind = FRAME_RECEIPT};
    struct ack *ack = &control.as.ack;
    *ack = sample_ack(&old, 25);
    ack->has_signature = true;
    ack->aggregator = intake.config.aggregator;
    struct receipt receipt = {.aggregator = ack->aggregator, .id = ack->id, .h = ack->h};
    receipt_sign(old.secret, &receipt, &ack->signature);
    hears(2, &control);
    assert_int_equal(count_of(&effects, EFFECT_RESTORED), 0); /* not our signature */
    receipt_sign(office.secret, &receipt, &ack->signature);
    hears(2, &control);
    assert_int_equal(count_of(&effects, EFFECT_RESTORED), 1);
    *ack = sample_ack(&old, 20);
    ack->aggregator = intake.config.aggregator;
    receipt.id = ack->id;
    receipt.h = ack->h;
    receipt_sign(office.secret, &receipt, &ack->signature);
    hears(2, &control);
    assert_int_equal(count_of(&effects, EFFECT_RESTORED), 0); /* we have that much */
}

static void receipt_of_an_earlier_life_says_nothing(void **state)
{
    (void)state;
    taken_over();
    struct control control = {.kind = FRAME_RECEIPT};
    struct ack *ack = &control.as.ack;
    *ack = sample_ack(&old, 25);
    ack->aggregator.b[0] = 8;
    struct receipt receipt = {.aggregator = ack->aggregator, .id = ack->id, .h = ack->h};
    receipt_sign(office.secret, &receipt, &ack->signature);
    hears(2, &control);
    assert_int_equal(count_of(&effects, EFFECT_RESTORED), 0);
    assert_true(alarmed(&effects, ALARM_BAD_FRAME));
}

static void node_with_an_earlier_office_log_begins_anew(void **state)
{
    (void)state;
    struct control control = resume_of(1, 2, false);
    memset(control.as.resume.office.b, 44, INCARNATION_BYTES);
    control.as.resume.office_seq = 9;
    hears(1, &control);
    assert_int_equal(denied(), DENIED_WRONG_LOG);
    struct intake_event event = event_of(INTAKE_EVENT_CONTROL, 2);
    event.control = &control;
    event.office_before = true;
    step(&event);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 1);
    pair_stored(2);
    assert_true(incarnation_equal(&frame_of(&effects, FRAME_RESUMED)->as.resumed.office,
                                  &office.incarnation));
    assert_int_equal(effect_of(&effects, EFFECT_SEND_SPAN)->as.plan.first, 1);
}

static void gap_in_an_earlier_office_log_asks_for_another(void **state)
{
    (void)state;
    resume(1, 1, 2, false);
    pair_stored(1);
    struct hash ours = {{7}};
    struct control control = {.kind = FRAME_GAP};
    memset(control.as.gap.have.incarnation.b, 44, INCARNATION_BYTES);
    control.as.gap.have.seq = 9;
    control.as.gap.h = ours;
    struct intake_event event = event_of(INTAKE_EVENT_CONTROL, 1);
    event.control = &control;
    event.office_before = true;
    event.office_last = 9;
    event.own_h = &ours;
    step(&event);
    assert_int_equal(effect_of(&effects, EFFECT_SUCCEED)->as.from.seq, 9);
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
}

/* We were put back unseen and wrote in that log again, for a copy of the node, which took this one.
 */
static void gap_at_another_past_begins_at_0_and_is_told(void **state)
{
    (void)state;
    resume(1, 1, 2, false);
    pair_stored(1);
    struct hash ours = {{7}};
    struct control control = {.kind = FRAME_GAP};
    control.as.gap.have.seq = 9;
    control.as.gap.h.b[0] = 8;
    struct intake_event event = event_of(INTAKE_EVENT_CONTROL, 1);
    event.control = &control;
    event.office_before = true;
    event.office_last = 9;
    event.own_h = &ours;
    step(&event);
    assert_true(alarmed(&effects, ALARM_FORK));
    assert_int_equal(effect_of(&effects, EFFECT_SUCCEED)->as.from.seq, 0);
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
}

/* The same copy was put in our place twice: the node has an office log of the life between. */
static void node_of_a_lost_life_begins_anew(void **state)
{
    (void)state;
    struct control control = resume_of(1, 2, false);
    memset(control.as.resume.office.b, 44, INCARNATION_BYTES);
    memset(control.as.resume.aggregator.b, 45, INCARNATION_BYTES);
    control.as.resume.office_seq = 9;
    hears(1, &control);
    assert_int_equal(count_of(&effects, EFFECT_COMMIT_PAIR), 1);
    pair_stored(1);
    assert_int_equal(effect_of(&effects, EFFECT_SEND_SPAN)->as.plan.first, 1);
    /* And where ours goes on from says nothing to it: it gets all of the line. */
    control = (struct control){.kind = FRAME_GAP};
    memset(control.as.gap.have.incarnation.b, 44, INCARNATION_BYTES);
    control.as.gap.have.seq = 9;
    hears(1, &control);
    assert_int_equal(effect_of(&effects, EFFECT_SUCCEED)->as.from.seq, 0);
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 1);
}

/* Nobody makes us write an office log anew for ever: its own log still comes in. */
static void an_office_line_has_an_end(void **state)
{
    (void)state;
    resume(1, 1, 2, false);
    pair_stored(1);
    for (unsigned i = 0; i < LOG_LIVES_MAX; i++) {
        intake_count_life(&intake, LANE_OFFICE);
    }
    struct control control = {.kind = FRAME_GAP};
    memset(control.as.gap.have.incarnation.b, 44, INCARNATION_BYTES);
    hears(1, &control);
    assert_int_equal(count_of(&effects, EFFECT_SUCCEED), 0);
    assert_true(alarmed(&effects, ALARM_LIVES));
    assert_int_equal(frames_of(&effects, FRAME_COME_BACK), 0);
    span(1, &old, 21, 22);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 1);
    struct intake_event tick = event_of(INTAKE_EVENT_TICK, 0);
    step(&tick);
    assert_int_equal(count_of(&effects, EFFECT_SEND_SPAN), 0);
}

static void a_line_has_an_end(void **state)
{
    (void)state;
    silence();
    resume(2, 0, 77, true);
    pair_stored(2);
    for (unsigned i = 1; i < LOG_LIVES_MAX; i++) {
        intake_count_life(&intake, LANE_URGENT);
    }
    span(2, &next, 1, 3); /* the last one; a store that refuses it does not use it up */
    stored(&effect_of(&effects, EFFECT_STORE_SPAN)->as.store, ERR_FULL);
    resume(3, 0, 77, true);
    pair_stored(3);
    span(3, &next, 1, 3);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 1);
    intake.lives[LANE_URGENT] = LOG_LIVES_MAX;
    stored(&effect_of(&effects, EFFECT_STORE_SPAN)->as.store, ERR_FULL);
    intake_count_life(&intake, LANE_URGENT);
    resume(4, 0, 77, true);
    pair_stored(4);
    span(4, &next, 1, 3);
    assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
    assert_true(alarmed(&effects, ALARM_LIVES));
    assert_int_equal(denied(), DENIED_WRONG_LOG);
}

/* The node has more of that earlier log than still stands in it here: the rest moved on. */
static void gap_beyond_an_earlier_office_log_begins_at_its_end(void **state)
{
    (void)state;
    resume(1, 1, 2, false);
    pair_stored(1);
    struct control control = {.kind = FRAME_GAP};
    control.as.gap.have.seq = 9;
    struct intake_event event = event_of(INTAKE_EVENT_CONTROL, 1);
    event.control = &control;
    event.office_before = true;
    event.office_last = 5;
    step(&event);
    assert_int_equal(effect_of(&effects, EFFECT_SUCCEED)->as.from.seq, 5);
}

/* A log that the store has and the engine does not: it is over since before the last start. */
static void log_over_before_the_start_is_denied(void **state)
{
    (void)state;
    silence();
    resume(2, 0, 77, true);
    pair_stored(2);
    span(2, &next, 1, 3);
    stored(&effect_of(&effects, EFFECT_STORE_SPAN)->as.store, 0);
    struct session_memory memory = intake.session;
    struct intake_config config = intake.config;
    intake_init(&intake, &config, &memory);
    assert_int_equal(intake_set_office(&intake, 5, 0), 0);
    assert_int_equal(intake_add_log(&intake, &next.incarnation, LANE_URGENT, 3, &next.h[3]), 0);
    struct control control = resume_of(77, 78, false);
    control.as.resume.logs[0].incarnation = old.incarnation;
    control.as.resume.log_count = 1;
    hears(3, &control);
    pair_stored(3);
    const struct resumed *answer = &frame_of(&effects, FRAME_RESUMED)->as.resumed;
    assert_int_equal(answer->cursor_count, 2);
    assert_true(incarnation_equal(&answer->cursors[1].id.incarnation, &old.incarnation));
    assert_int_equal(answer->cursors[1].id.seq, 20);
    span(3, &old, 21, 22);
    assert_int_equal(denied(), DENIED_CLONE);
}

static void backup_makes_a_receipt_due(void **state)
{
    (void)state;
    resume(1, 1, 2, false);
    pair_stored(1);
    assert_int_equal(frame_of(&effects, FRAME_RECEIPT)->as.ack.backed_up_to, 0);
    now_ms += 600001;
    struct intake_event tick = event_of(INTAKE_EVENT_TICK, 0);
    step(&tick);
    assert_int_equal(frames_of(&effects, FRAME_RECEIPT), 0);
    intake_set_backed_up(&intake, &old.incarnation, 15);
    intake_set_backed_up(&intake, &old.incarnation, 12);
    step(&tick);
    assert_int_equal(frame_of(&effects, FRAME_RECEIPT)->as.ack.backed_up_to, 15);
}

/* A node that tries again under other names while our store is full is not shut out for that. */
static void logs_that_could_not_be_stored_find_room(void **state)
{
    (void)state;
    taken_over();
    for (uint8_t i = 0; i < 2 * LOGS_MAX; i++) {
        sample_succeed(&next, &old, (uint8_t)(20 + i), LANE_URGENT, 20);
        span(2 + i, &next, 1, 5);
        assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 1);
        stored(&effect_of(&effects, EFFECT_STORE_SPAN)->as.store, ERR_FULL);
        resume(3 + i, 77 + i, 78 + i, false);
        pair_stored(3 + i);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(early_successor_is_a_clone_and_told_how_long),
        TEST(asking_does_not_count_as_being_heard),
        TEST(successor_ends_the_session_before_it),
        TEST(the_open_connection_of_the_other_is_told),
        TEST(same_pair_is_a_retry_at_once),
        TEST(successor_ends_the_log_before_it),
        TEST(what_could_not_be_stored_ends_nothing),
        TEST(ended_logs_are_no_cursors),
        TEST(wrong_hash_of_the_predecessor_is_a_fork),
        TEST(less_of_the_predecessor_is_a_gap),
        TEST(unknown_predecessor_is_answered_with_nothing),
        TEST(nothing_of_the_line_takes_only_all_of_it),
        TEST(all_of_a_later_life_is_not_all),
        TEST(a_genesis_alone_does_not_show_what_it_goes_on_from),
        TEST(another_regencys_log_is_nobodys_predecessor),
        TEST(a_store_that_cannot_be_read_is_not_the_nodes_fault),
        TEST(long_lines_find_room),
        TEST(logs_that_could_not_be_stored_find_room),
        TEST(receipt_above_the_cursor_says_restored),
        TEST(receipt_of_an_earlier_life_says_nothing),
        TEST(node_with_an_earlier_office_log_begins_anew),
        TEST(gap_in_an_earlier_office_log_asks_for_another),
        TEST(gap_at_another_past_begins_at_0_and_is_told),
        TEST(node_of_a_lost_life_begins_anew),
        TEST(an_office_line_has_an_end),
        TEST(a_line_has_an_end),
        TEST(gap_beyond_an_earlier_office_log_begins_at_its_end),
        TEST(log_over_before_the_start_is_denied),
        TEST(backup_makes_a_receipt_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
