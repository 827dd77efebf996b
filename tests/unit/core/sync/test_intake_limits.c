/* What intake gives no one: our own names, a way past the session judgement, credit without end. */
#include "core/sync/intake.h"

#include "fixture.h"

static struct sample urgent, office;
static struct intake intake;
static struct effects effects;
static struct arena *arena;

static struct intake_event event_of(enum intake_event_type type)
{
    return (struct intake_event){.type = type, .now_ms = 5000, .connection = 1, .arena = arena};
}

static void step(const struct intake_event *event)
{
    effects.count = 0;
    intake_step(&intake, event, &effects);
}

static void happens(enum intake_event_type type)
{
    struct intake_event event = event_of(type);
    step(&event);
}

static void resume(void)
{
    struct control control = {.kind = FRAME_RESUME};
    control.as.resume.pair.next[0] = 1;
    control.as.resume.aggregator = intake.config.aggregator;
    control.as.resume.enrolment = ENROLMENT;
    control.as.resume.office = office.incarnation;
    struct intake_event event = event_of(INTAKE_EVENT_CONTROL);
    event.control = &control;
    event.own_h = &office.h[0];
    step(&event);
}

static int begin(void **state)
{
    (void)state;
    sample_open(&urgent, 1, LANE_URGENT);
    sample_open(&office, 3, LANE_OFFICE);
    arena = arena_new(PARSE_ARENA_BYTES);
    struct intake_config config = {
        .lookup = {.log = sample_lookup},
        .limits = {.window_start_bytes = 1000, .window_max_bytes = 4000, .span_raw_bytes = 500},
        .province = bytes_of_text(PROVINCE),
        .regency = bytes_of_text(REGENCY),
        .enrolment = ENROLMENT,
        .signing_key = urgent.key,
        .office = office.incarnation,
        .log_secret = office.secret,
        .receipt_interval_ms = 600000,
        .queue_bytes_max = 10000};
    memset(config.aggregator.b, 9, sizeof config.aggregator.b);
    struct session_memory memory = {0};
    intake_init(&intake, &config, &memory);
    assert_int_equal(intake_set_office(&intake, 0, 0), 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void open_session(void)
{
    resume();
    happens(INTAKE_EVENT_PAIR_STORED);
    assert_int_equal(frames_of(&effects, FRAME_RESUMED), 1);
}

static void span(const struct sample *sample, uint64_t first, uint64_t last)
{
    struct span_header header = sample_span(sample, first, last);
    struct intake_event event = event_of(INTAKE_EVENT_SPAN);
    event.header = &header;
    event.entries = &sample->entries[first - 1];
    event.wire_bytes = 100;
    step(&event);
}

static void stored(void)
{
    struct intake_event event = event_of(INTAKE_EVENT_STORED);
    event.store = effect_of(&effects, EFFECT_STORE_SPAN)->as.store;
    event.wire_bytes = 100;
    step(&event);
}

/* The aggregator's incarnation is public, and its own log has no cursor: a node that wrote under it
 * could put its words where placements are looked up. */
static void nobody_writes_under_our_names(void **state)
{
    (void)state;
    const struct incarnation names[] = {intake.config.aggregator, office.incarnation, {{0}}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)end(state);
        (void)begin(state);
        open_session();
        urgent.incarnation = names[i];
        sample_chain(&urgent);
        span(&urgent, 1, 2);
        assert_int_equal(count_of(&effects, EFFECT_STORE_SPAN), 0);
        assert_int_equal(frame_of(&effects, FRAME_DENIED)->as.denied.code, DENIED_WRONG_LOG);
        assert_int_equal(intake.log_count, 0);
    }
}

static void another_version_is_told_so(void **state)
{
    (void)state;
    struct intake_event event = event_of(INTAKE_EVENT_BAD_FRAME);
    event.rc = ERR_VERSION;
    step(&event);
    assert_int_equal(frame_of(&effects, FRAME_DENIED)->as.denied.code, DENIED_VERSION);
}

static void lagging_views_take_credit_away_and_give_it_back(void **state)
{
    (void)state;
    open_session();
    span(&urgent, 1, 2);
    intake_hold(&intake, true);
    stored();
    happens(INTAKE_EVENT_FLUSH);
    assert_int_equal(frames_of(&effects, FRAME_ACK), 0); /* at the next tick only */
    happens(INTAKE_EVENT_TICK);
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.credit_bytes, 0);
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.id.seq, 2);
    intake_hold(&intake, false);
    happens(INTAKE_EVENT_TICK);
    assert_int_equal(frame_of(&effects, FRAME_ACK)->as.ack.credit_bytes, 10000);
    happens(INTAKE_EVENT_TICK);
    assert_int_equal(frames_of(&effects, FRAME_ACK), 0); /* said once */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_writes_under_our_names, begin, end),
        cmocka_unit_test_setup_teardown(another_version_is_told_so, begin, end),
        cmocka_unit_test_setup_teardown(lagging_views_take_credit_away_and_give_it_back, begin,
                                        end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
