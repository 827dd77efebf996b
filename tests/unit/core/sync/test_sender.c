/* The sending end: lanes, window, and what an ack or a cursor may change. */
#include "core/sync/sender.h"

#include "fixture.h"

static struct sample urgent, routine, office;
static struct sender sender;

static int begin(void **state)
{
    (void)state;
    sample_init(&urgent, 1, "urgent");
    sample_init(&routine, 2, "routine");
    sample_init(&office, 3, "office");
    sender_init(&sender, &(struct sender_limits){.window_start_bytes = 1000,
                                                 .window_max_bytes = 4000,
                                                 .span_raw_bytes = 500});
    return 0;
}

static void add(const struct sample *sample, enum lane lane, uint64_t last, uint64_t acked)
{
    assert_int_equal(sender_add(&sender, &sample->incarnation, lane, last, acked), 0);
}

/* Plans and sends the next span of `count` entries; false when there is nothing to send. */
static bool send_next(uint64_t count, uint64_t wire_bytes, uint64_t now_ms)
{
    struct span_plan plan;
    if (!sender_next(&sender, &plan)) {
        return false;
    }
    sender_sent(&sender, &plan, plan.first + count - 1, wire_bytes, now_ms);
    return true;
}

static int acked(const struct sample *sample, uint64_t seq, uint64_t now_ms, bool *ret_moved)
{
    struct ack ack = sample_ack(sample, seq);
    return sender_acked(&sender, &ack, &sample->h[seq], now_ms, ret_moved);
}

static void logs_have_a_limit_and_are_unique(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 1, 0);
    assert_int_equal(sender_add(&sender, &urgent.incarnation, LANE_URGENT, 1, 0), ERR_EXISTS);
    struct incarnation other = {{0}};
    for (uint8_t i = 1; i < LOGS_MAX; i++) {
        other.b[0] = (uint8_t)(100 + i);
        assert_int_equal(sender_add(&sender, &other, LANE_ROUTINE, 1, 0), 0);
    }
    other.b[0] = 200;
    assert_int_equal(sender_add(&sender, &other, LANE_ROUTINE, 1, 0), ERR_LIMIT);
}

static void what_cannot_be_cut_is_waited_for(void **state)
{
    (void)state;
    struct span_plan plan;
    bool moved = false;
    add(&urgent, LANE_URGENT, 8, 0);
    assert_true(send_next(3, 100, 1));
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 4);
    sender_stuck(&sender, &plan);
    assert_false(sender_next(&sender, &plan));
    sender_rewind(&sender, &urgent.incarnation); /* what is sound goes out again, and no more */
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 1);
    assert_int_equal(plan.last_max, 3);
    sender_appended(&sender, &urgent.incarnation, 9);
    assert_int_equal(acked(&urgent, 5, 2, &moved), 0);
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 6);
    assert_int_equal(plan.last_max, 9);
    sender_stuck(&sender, &plan);
    sender_start(&sender, 3); /* a new session tries it again */
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 6);
    plan.first = 4;
    sender_stuck(&sender, &plan); /* not what is next any more */
    assert_true(sender_next(&sender, &plan));
}

static void a_log_opens_with_two_entries_however_long_they_are(void **state)
{
    (void)state;
    struct span_plan plan;
    add(&urgent, LANE_URGENT, 8, 0);
    add(&routine, LANE_ROUTINE, 8, 0);
    sender.pace.entry_bytes = 100000;
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.last_max, 2);
    sender_sent(&sender, &plan, 2, 10, 5);
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.last_max, 3);
}

static void lanes_go_in_order(void **state)
{
    (void)state;
    add(&routine, LANE_ROUTINE, 2, 0);
    add(&urgent, LANE_URGENT, 2, 0);
    add(&office, LANE_OFFICE, 2, 0);
    static const uint32_t want[] = {2, 2, 1, 1, 0, 0};
    for (size_t i = 0; i < 6; i++) {
        struct span_plan plan;
        assert_true(sender_next(&sender, &plan));
        assert_int_equal(plan.log, want[i]);
        assert_int_equal(plan.first, 1 + i % 2);
        assert_int_equal(plan.last_max, 2);
        assert_int_equal(plan.raw_bytes_max, 500);
        sender_sent(&sender, &plan, plan.first, 10, 5);
    }
    assert_false(send_next(1, 10, 5));
    sender_appended(&sender, &urgent.incarnation, 3); /* decided again after each frame */
    struct span_plan plan;
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 3);
}

static void window_is_in_wire_bytes_and_grows_with_acks(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 40, 0);
    assert_true(send_next(1, 600, 10));
    assert_true(send_next(1, 600, 10)); /* 600 of 1000 were under way */
    assert_false(send_next(1, 600, 10));
    bool moved = false;
    assert_int_equal(acked(&urgent, 2, 20, &moved), 0);
    assert_true(moved);
    assert_int_equal(sender.outstanding_bytes, 0);
    assert_int_equal(sender.window_bytes, 2200);
    uint64_t sent = 0;
    while (send_next(1, 600, 30)) {
        sent++;
    }
    assert_int_equal(sent, 4);
    assert_int_equal(acked(&urgent, 6, 40, &moved), 0);
    assert_int_equal(sender.window_bytes, 4000); /* the most there may be */
    sender_start(&sender, 50);
    assert_int_equal(sender.window_bytes, 1000); /* small again after a reconnect */
}

static void credit_is_never_exceeded_by_more_than_the_span_that_reaches_it(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 40, 0);
    assert_true(send_next(2, 100, 10));
    struct ack ack = sample_ack(&urgent, 1);
    ack.credit_bytes = 50;
    bool moved = false;
    assert_int_equal(sender_acked(&sender, &ack, &urgent.h[1], 20, &moved), 0);
    assert_false(send_next(1, 100, 20)); /* 100 under way, 50 allowed */
    ack = sample_ack(&urgent, 2);
    ack.credit_bytes = 0;
    assert_int_equal(sender_acked(&sender, &ack, &urgent.h[2], 20, &moved), 0);
    assert_true(send_next(1, 100, 30)); /* one, else nobody ever hears of more credit */
    assert_false(send_next(1, 100, 30));
}

static void spans_under_way_have_a_limit(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 1000, 0);
    uint64_t sent = 0;
    while (send_next(1, 1, 10)) {
        sent++;
    }
    assert_int_equal(sent, SENDER_SPANS_MAX);
}

static void nothing_is_sent_twice_in_a_session(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 5, 2);
    struct span_plan plan;
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 3);
    sender_sent(&sender, &plan, 5, 100, 10);
    assert_false(sender_next(&sender, &plan));
    sender_start(&sender, 20);
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 3);
    assert_int_equal(sender.outstanding_bytes, 0);
}

static void foreign_ack_changes_nothing(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 5, 0);
    assert_true(send_next(5, 100, 10));
    struct ack ack = sample_ack(&urgent, 3);
    bool moved = true;
    assert_int_equal(sender_acked(&sender, &ack, &urgent.h[4], 20, &moved), ERR_FORK);
    assert_int_equal(sender_acked(&sender, &ack, NULL, 20, &moved), ERR_FORK);
    ack = sample_ack(&routine, 3);
    assert_int_equal(sender_acked(&sender, &ack, &routine.h[3], 20, &moved), ERR_NOT_FOUND);
    assert_int_equal(sender_log(&sender, &urgent.incarnation)->acked, 0);
    assert_int_equal(sender.outstanding_bytes, 100);
    assert_true(moved); /* untouched */
}

static void ack_of_what_was_never_written(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 5, 0);
    bool moved = false;
    assert_int_equal(acked(&urgent, 6, 10, &moved), ERR_VALUE);
    assert_int_equal(sender_log(&sender, &urgent.incarnation)->acked, 0);
    assert_int_equal(acked(&urgent, 5, 10, &moved), 0); /* sent in an earlier session, say */
    assert_true(moved);
    struct span_plan plan;
    assert_false(sender_next(&sender, &plan));
    assert_true(sender_idle(&sender));
}

static void older_ack_moves_nothing_back(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 5, 0);
    bool moved = false;
    assert_int_equal(acked(&urgent, 4, 10, &moved), 0);
    assert_int_equal(acked(&urgent, 2, 20, &moved), 0);
    assert_false(moved);
    assert_int_equal(sender_log(&sender, &urgent.incarnation)->acked, 4);
    assert_int_equal(sender_backlog(&sender), 1);
    assert_false(sender_idle(&sender));
}

static void receipt_is_kept_apart(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 5, 0);
    struct ack ack = sample_ack(&urgent, 3);
    ack.has_signature = true;
    bool moved = false;
    assert_int_equal(sender_acked(&sender, &ack, &urgent.h[3], 10, &moved), 0);
    assert_int_equal(acked(&urgent, 5, 20, &moved), 0);
    assert_int_equal(sender_log(&sender, &urgent.incarnation)->receipt, 3);
    assert_int_equal(sender_log(&sender, &urgent.incarnation)->acked, 5);
}

static void cursor_may_go_back(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 10, 8);
    assert_true(send_next(2, 100, 10));
    struct ack cursor = sample_ack(&urgent, 3);
    bool back = false;
    assert_int_equal(sender_cursor(&sender, &cursor, &urgent.h[4], &back), ERR_FORK);
    assert_int_equal(sender_cursor(&sender, &cursor, &urgent.h[3], &back), 0);
    assert_true(back);
    assert_int_equal(sender.outstanding_bytes, 0);
    struct span_plan plan;
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 4);
    cursor = sample_ack(&urgent, 9);
    assert_int_equal(sender_cursor(&sender, &cursor, &urgent.h[9], &back), 0);
    assert_false(back); /* forward is an ack's business */
}

static void rewind_begins_after_what_is_acked(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 10, 0);
    add(&routine, LANE_ROUTINE, 10, 0);
    assert_true(send_next(4, 100, 10));
    assert_true(send_next(6, 100, 10));
    assert_true(send_next(3, 40, 10)); /* routine */
    bool moved = false;
    assert_int_equal(acked(&urgent, 4, 20, &moved), 0);
    sender_rewind(&sender, &urgent.incarnation);
    assert_int_equal(sender.outstanding_bytes, 40); /* the other lane's stay under way */
    struct span_plan plan;
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 5);
    sender_rewind(&sender, &office.incarnation); /* no such log: nothing */
    assert_int_equal(sender.outstanding_bytes, 40);
}

static void answer_to_a_plan_may_come_too_late(void **state)
{
    (void)state;
    add(&urgent, LANE_URGENT, 10, 0);
    assert_true(send_next(4, 100, 10));
    struct span_plan plan;
    assert_true(sender_next(&sender, &plan)); /* 5 … */
    sender_rewind(&sender, &urgent.incarnation);
    sender_sent(&sender, &plan, 8, 100, 20); /* what lies before it was given up meanwhile */
    assert_int_equal(sender.outstanding_bytes, 0);
    assert_int_equal(sender_log(&sender, &urgent.incarnation)->sent, 0);
    assert_true(sender_next(&sender, &plan)); /* 1 … */
    bool moved = false;
    assert_int_equal(acked(&urgent, 6, 20, &moved), 0);
    sender_sent(&sender, &plan, 5, 100, 20); /* acknowledged already */
    assert_int_equal(sender.span_count, 0);
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.first, 7);
}

static enum span_codec codec_after(uint64_t wire_bytes, uint64_t ack_ms)
{
    struct span_plan plan;
    bool moved = false;
    (void)begin(NULL);
    add(&urgent, LANE_URGENT, 10, 0);
    for (uint64_t seq = 1; seq <= 3; seq++) {
        assert_true(send_next(1, wire_bytes, 1000 * seq));
        assert_int_equal(acked(&urgent, seq, 1000 * seq + ack_ms, &moved), 0);
    }
    assert_true(sender_next(&sender, &plan));
    return plan.codec;
}

static void slow_lines_get_what_is_smallest(void **state)
{
    (void)state;
    struct span_plan plan;
    add(&urgent, LANE_URGENT, 10, 0);
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.codec, SPAN_ZSTD); /* nothing is known of the line */
    assert_int_equal(codec_after(700, 600), SPAN_MODEL);
    assert_int_equal(codec_after(100, 5), SPAN_ZSTD);     /* little, but at once */
    assert_int_equal(codec_after(60000, 600), SPAN_ZSTD); /* late, but much */
    assert_int_equal(codec_after(PACE_SLOW_BYTES_S / 4, 300), SPAN_MODEL);
    assert_int_equal(codec_after(PACE_SLOW_BYTES_S, 300), SPAN_ZSTD);
}

static void spans_are_short_where_they_are_dear(void **state)
{
    (void)state;
    struct span_plan plan;
    bool moved = false;
    sender_init(&sender, &(struct sender_limits){.window_start_bytes = 100000,
                                                 .window_max_bytes = 400000,
                                                 .span_raw_bytes = 200000});
    add(&urgent, LANE_URGENT, 10, 0);
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.raw_bytes_max, 200000);
    assert_true(send_next(1, 1000, 1000));
    assert_int_equal(acked(&urgent, 1, 2000, &moved), 0);
    assert_true(sender_next(&sender, &plan));
    assert_int_equal(plan.raw_bytes_max, PACE_SLOW_RAW_BYTES);
}

static void a_spent_budget_lets_urgent_entries_through(void **state)
{
    (void)state;
    struct span_plan plan;
    bool moved = false;
    add(&urgent, LANE_URGENT, 1, 0);
    add(&routine, LANE_ROUTINE, 2, 0);
    sender.urgent_only = true;
    assert_true(sender_next(&sender, &plan));
    assert_true(incarnation_equal(&plan.incarnation, &urgent.incarnation));
    assert_true(send_next(1, 100, 0));
    assert_false(sender_next(&sender, &plan));
    assert_false(sender_idle(&sender));
    assert_int_equal(acked(&urgent, 1, 10, &moved), 0);
    assert_false(sender_next(&sender, &plan));
    assert_true(sender_idle(&sender)); /* nothing to hurry for */
    assert_int_equal(sender_backlog(&sender), 2);
    sender.urgent_only = false;
    assert_true(sender_next(&sender, &plan));
    assert_true(incarnation_equal(&plan.incarnation, &routine.incarnation));
    assert_int_equal(plan.last_max, 2);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup(test, begin)
    const struct CMUnitTest tests[] = {
        FRESH(logs_have_a_limit_and_are_unique),
        FRESH(what_cannot_be_cut_is_waited_for),
        FRESH(a_log_opens_with_two_entries_however_long_they_are),
        FRESH(lanes_go_in_order),
        FRESH(window_is_in_wire_bytes_and_grows_with_acks),
        FRESH(credit_is_never_exceeded_by_more_than_the_span_that_reaches_it),
        FRESH(spans_under_way_have_a_limit),
        FRESH(nothing_is_sent_twice_in_a_session),
        FRESH(foreign_ack_changes_nothing),
        FRESH(ack_of_what_was_never_written),
        FRESH(older_ack_moves_nothing_back),
        FRESH(receipt_is_kept_apart),
        FRESH(cursor_may_go_back),
        FRESH(rewind_begins_after_what_is_acked),
        FRESH(answer_to_a_plan_may_come_too_late),
        FRESH(a_spent_budget_lets_urgent_entries_through),
        FRESH(slow_lines_get_what_is_smallest),
        FRESH(spans_are_short_where_they_are_dear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
