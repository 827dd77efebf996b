/* Files that the aggregator asks for: only what a log names, and only while nothing else waits. */
#include "core/sync/uplink.h"

#include "fixture.h"

#define FILE_BYTES 100000u

static struct sample urgent, office;
static struct uplink uplink;
static struct effects effects;
static const struct hash file = {{1}}, other = {{2}};
static uint64_t now_ms;

static int object(void *arg, const struct hash *hash, uint64_t *ret_bytes)
{
    (void)arg;
    if (!hash_equal(hash, &file)) {
        return ERR_NOT_FOUND;
    }
    *ret_bytes = FILE_BYTES;
    return 0;
}

static struct uplink_event event_of(enum uplink_event_type type)
{
    return (struct uplink_event){
        .type = type, .now_ms = now_ms, .connection = uplink.connection, .random = {1}};
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

static bool is_seen(enum effect_type type)
{
    for (size_t i = 0; i < effects.count; i++) {
        if (effects.list[i].type == type) {
            return true;
        }
    }
    return false;
}

static const struct effect *seen(enum effect_type type)
{
    size_t i = 0;
    assert_true(is_seen(type));
    while (effects.list[i].type != type) {
        i++;
    }
    return &effects.list[i];
}

/* In a session that is live, and everything that was there is sent. */
static int begin(void **state)
{
    (void)state;
    sample_open(&urgent, 1, LANE_URGENT);
    sample_open(&office, 3, LANE_OFFICE);
    now_ms = 100000;
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
        .software = bytes_of_text("test"),
        .object = {.size = object}};
    struct session_own own = {0};
    struct incarnation nobody = {{0}};
    uplink_init(&uplink, &config, &own, &nobody, 0, &office.h[0]);
    assert_int_equal(uplink_add_log(&uplink, &urgent.incarnation, LANE_URGENT, 4, 4, 4), 0);
    happens(UPLINK_EVENT_START);
    happens(UPLINK_EVENT_PAIR_COMMITTED);
    happens(UPLINK_EVENT_LINK_UP);
    struct control control = {.kind = FRAME_RESUMED};
    memcpy(control.as.resumed.next, uplink.own.pair.next, sizeof control.as.resumed.next);
    memset(control.as.resumed.aggregator.b, 9, INCARNATION_BYTES);
    control.as.resumed.cursors[0] = (struct ack){.id = {urgent.incarnation, 4},
                                                 .h = urgent.h[4],
                                                 .aggregator = control.as.resumed.aggregator,
                                                 .credit_bytes = 100000};
    control.as.resumed.cursor_count = 1;
    struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
    event.control = &control;
    event.own_h[0] = &urgent.h[4];
    step(&event);
    assert_int_equal(uplink.state, UPLINK_LIVE);
    return 0;
}

static void want(const struct hash *hash, uint64_t offset, uint64_t length)
{
    struct control control = {.kind = FRAME_WANT,
                              .as.want = {.hash = *hash, .ranges = {{offset, length}}, .count = 1}};
    struct uplink_event event = event_of(UPLINK_EVENT_CONTROL);
    event.control = &control;
    step(&event);
}

static bool missing(const struct hash *hash)
{
    const struct effect *effect = seen(EFFECT_SEND);
    return effect->as.control.kind == FRAME_MISSING &&
           hash_equal(&effect->as.control.as.missing.hash, hash);
}

static void what_no_log_names_is_missing(void **state)
{
    (void)state;
    want(&other, 0, 10);
    assert_true(missing(&other));
    assert_false(is_seen(EFFECT_SEND_PART));
    uplink.config.object.size = NULL;
    want(&file, 0, 10);
    assert_true(missing(&file));
}

static void a_range_goes_out_in_parts_and_no_more(void **state)
{
    (void)state;
    uint64_t at = 60000;
    want(&file, at, 40000);
    while (is_seen(EFFECT_SEND_PART)) {
        const struct part_plan *plan = &seen(EFFECT_SEND_PART)->as.part;
        assert_true(hash_equal(&plan->hash, &file));
        assert_int_equal(plan->range.offset, at);
        assert_in_range(plan->range.length, 1, 16384);
        at += plan->range.length;
        happens(UPLINK_EVENT_PART_SENT);
    }
    assert_int_equal(at, FILE_BYTES);
}

static void what_is_not_within_the_file_is_refused(void **state)
{
    (void)state;
    want(&file, FILE_BYTES - 1, 2);
    assert_false(is_seen(EFFECT_SEND_PART));
    assert_int_equal(seen(EFFECT_ALARM)->as.alarm.code, ALARM_BAD_FRAME);
}

static void a_report_overtakes_a_file(void **state)
{
    (void)state;
    want(&file, 0, 65536);
    assert_true(is_seen(EFFECT_SEND_PART));
    struct uplink_event event = event_of(UPLINK_EVENT_APPENDED);
    event.id = (struct entry_id){urgent.incarnation, 5};
    step(&event);
    assert_false(is_seen(EFFECT_SEND_SPAN)); /* one frame is on its way out */
    happens(UPLINK_EVENT_PART_SENT);
    assert_true(is_seen(EFFECT_SEND_SPAN));
    assert_false(is_seen(EFFECT_SEND_PART));
    event = event_of(UPLINK_EVENT_SPAN_SENT);
    event.plan = seen(EFFECT_SEND_SPAN)->as.plan;
    event.id = (struct entry_id){urgent.incarnation, 5};
    event.wire_bytes = 300;
    step(&event);
    assert_int_equal(seen(EFFECT_SEND_PART)->as.part.range.offset, 16384);
}

static void a_part_that_found_no_room_goes_out_again(void **state)
{
    (void)state;
    want(&file, 500, 100);
    happens(UPLINK_EVENT_SEND_BLOCKED);
    assert_false(is_seen(EFFECT_SEND_PART));
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(seen(EFFECT_SEND_PART)->as.part.range.offset, 500);
    assert_int_equal(seen(EFFECT_SEND_PART)->as.part.range.length, 100);
}

static void what_cannot_be_read_is_missing(void **state)
{
    (void)state;
    want(&file, 0, 65536);
    struct uplink_event event = event_of(UPLINK_EVENT_PART_SENT);
    event.rc = ERR_IO;
    step(&event);
    assert_true(missing(&file));
    assert_false(is_seen(EFFECT_SEND_PART));
}

static void a_new_session_begins_with_nothing_wanted(void **state)
{
    (void)state;
    want(&file, 0, 65536);
    happens(UPLINK_EVENT_LINK_DOWN);
    now_ms += 60000;
    happens(UPLINK_EVENT_TICK);
    if (uplink.state == UPLINK_PAIRING) {
        happens(UPLINK_EVENT_PAIR_COMMITTED);
    }
    happens(UPLINK_EVENT_LINK_UP);
    assert_int_equal(uplink.state, UPLINK_RESUMING);
    assert_false(is_seen(EFFECT_SEND_PART));
}

static void a_file_waits_for_its_hour(void **state)
{
    (void)state;
    uplink_hold(&uplink, false, true);
    want(&file, 0, 10);
    assert_false(is_seen(EFFECT_SEND_PART));
    assert_false(is_seen(EFFECT_SEND)); /* it is not missing either */
    uplink_hold(&uplink, false, false);
    happens(UPLINK_EVENT_TICK);
    assert_int_equal(seen(EFFECT_SEND_PART)->as.part.range.length, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_no_log_names_is_missing, begin),
        cmocka_unit_test_setup(a_range_goes_out_in_parts_and_no_more, begin),
        cmocka_unit_test_setup(what_is_not_within_the_file_is_refused, begin),
        cmocka_unit_test_setup(a_report_overtakes_a_file, begin),
        cmocka_unit_test_setup(a_file_waits_for_its_hour, begin),
        cmocka_unit_test_setup(a_part_that_found_no_room_goes_out_again, begin),
        cmocka_unit_test_setup(what_cannot_be_read_is_missing, begin),
        cmocka_unit_test_setup(a_new_session_begins_with_nothing_wanted, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
