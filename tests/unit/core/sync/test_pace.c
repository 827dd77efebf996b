/* What is learnt of a line, and what follows: window, spans, codec, waits. */
#include "core/sync/pace.h"

#include "lib/cmocka_all.h"

static struct pace pace;

static int begin(void **state)
{
    (void)state;
    pace_init(&pace);
    return 0;
}

/* A span of ten entries goes out at `now_ms` behind `under_way` bytes. */
static struct pace_mark sent(uint64_t bytes, uint64_t under_way, uint64_t now_ms)
{
    return pace_sent(&pace, bytes, 10, under_way, false, now_ms);
}

static void nothing_is_known_at_first(void **state)
{
    (void)state;
    assert_int_equal(pace_rate_bytes_s(&pace), 0);
    assert_true(pace_window_bytes(&pace) == UINT64_MAX);
    assert_int_equal(pace_start_bytes(&pace), 2 * PACE_SPAN_BYTES_MIN);
    assert_false(pace_is_slow(&pace));
    assert_int_equal(pace_span_entries(&pace, 8192), PACE_SPAN_BYTES_MIN / PACE_ENTRY_BYTES);
    assert_int_equal(pace_patience_ms(&pace, 2000), 2000); /* as if it were GPRS */
}

static void a_far_line_is_slow_before_anything_was_acknowledged(void **state)
{
    (void)state;
    pace_up(&pace, 4 * PACE_SLOW_ACK_MS - 2);
    assert_false(pace_is_slow(&pace));
    pace_up(&pace, 4 * PACE_SLOW_ACK_MS);
    assert_true(pace_is_slow(&pace));
    assert_int_equal(pace_patience_ms(&pace, 0), 4 * PACE_SLOW_ACK_MS + 1);
    assert_int_equal(pace_start_bytes(&pace), 2 * PACE_SPAN_BYTES_MIN);
    pace_up(&pace, 4000); /* as GPRS does: two spans would not fit into what queues there */
    assert_int_equal(pace_start_bytes(&pace), PACE_SPAN_BYTES_MIN);
}

/* Spans of 1,000 bytes, two under way, on a line of 1,000 bytes/s that is 500 ms long. */
static void rate_is_what_is_acknowledged_while_something_is_under_way(void **state)
{
    (void)state;
    struct pace_mark marks[2];
    marks[0] = sent(1000, 0, 1000);
    marks[1] = sent(1000, 1000, 1000);
    pace_acked(&pace, &marks[0], 1000, 2500);
    assert_in_range(pace_rate_bytes_s(&pace), 660, 670); /* the line was empty before */
    for (uint64_t i = 1; i < 20; i++) {
        marks[(i + 1) % 2] = sent(1000, 1000, 1500 + 1000 * i);
        pace_acked(&pace, &marks[i % 2], 1000, 2500 + 1000 * i);
    }
    assert_in_range(pace_rate_bytes_s(&pace), 995, 1001);
    assert_in_range(pace.entry_bytes, 100, 104);
    assert_int_equal(pace_window_bytes(&pace), PACE_SPAN_BYTES_MIN); /* the line holds 1,500 */
    assert_int_equal(pace_start_bytes(&pace), PACE_SPAN_BYTES_MIN);
}

static void window_is_what_the_line_holds_and_half_as_much_again(void **state)
{
    (void)state;
    for (uint64_t at = 1000; at < 20000; at += 1000) {
        struct pace_mark mark = sent(100000, 0, at);
        pace_acked(&pace, &mark, 100000, at + 1000);
    }
    assert_in_range(pace_window_bytes(&pace), 149000, 151000);
}

static void a_pause_says_nothing_of_the_line(void **state)
{
    (void)state;
    for (uint64_t at = 1000; at < 100000; at += 5000) {
        struct pace_mark mark = sent(1000, 0, at);
        pace_acked(&pace, &mark, 1000, at + 500);
    }
    assert_in_range(pace_rate_bytes_s(&pace), 1990, 2001);
}

/* A bucket of 2,000 bytes that fills while nothing is sent, on a line of 8,000 bytes/s. */
static void a_burst_is_no_rate(void **state)
{
    (void)state;
    for (uint64_t at = 1000; at < 60000; at += 3000) {
        struct pace_mark first = sent(2000, 0, at);
        struct pace_mark second = sent(6000, 2000, at);
        pace_acked(&pace, &first, 2000, at + 5);
        pace_acked(&pace, &second, 6000, at + 755);
    }
    assert_in_range(pace_rate_bytes_s(&pace), 8000, 11000);
}

static void an_outage_says_nothing_of_the_line(void **state)
{
    (void)state;
    struct pace_mark mark = {.sent_ms = 0};
    for (uint64_t at = 1000; at < 4000; at += 1000) {
        mark = sent(10000, 0, at);
        pace_acked(&pace, &mark, 10000, at + 1000);
    }
    uint64_t ack_ms = pace.ack_time_ms;
    mark = sent(10000, 0, 4000);
    mark.stalled = true;
    pace_after_stall(&pace, 24000);
    pace_acked(&pace, &mark, 10000, 24010);
    assert_int_equal(pace.ack_time_ms, ack_ms);
    assert_in_range(pace_rate_bytes_s(&pace), 9980, 10001);
}

static void who_has_little_to_say_learns_no_lower_rate(void **state)
{
    (void)state;
    struct pace_mark mark = {.sent_ms = 0};
    for (uint64_t at = 1000; at < 4000; at += 1000) {
        mark = sent(10000, 0, at);
        pace_acked(&pace, &mark, 10000, at + 1000);
    }
    assert_in_range(pace_rate_bytes_s(&pace), 9980, 10001);
    for (uint64_t at = 4000; at < 300000; at += 2000) {
        mark = pace_sent(&pace, 100, 1, 0, true, at);
        pace_acked(&pace, &mark, 100, at + 500);
    }
    assert_in_range(pace_rate_bytes_s(&pace), 9980, 10001);
    mark = pace_sent(&pace, 80000, 800, 0, true, 300000); /* but a higher one it does */
    pace_acked(&pace, &mark, 80000, 302000);
    assert_in_range(pace_rate_bytes_s(&pace), 30000, 40001);
}

static void a_line_that_becomes_slower_is_believed_after_two_periods(void **state)
{
    (void)state;
    uint64_t at = 1000;
    for (; at < 4000; at += 1000) {
        struct pace_mark mark = sent(50000, 0, at);
        pace_acked(&pace, &mark, 50000, at + 1000);
    }
    assert_in_range(pace_rate_bytes_s(&pace), 49900, 50001);
    for (; at < 11000; at += 1000) {
        struct pace_mark mark = sent(1000, 0, at);
        pace_acked(&pace, &mark, 1000, at + 1000);
        assert_true(pace_rate_bytes_s(&pace) > 49000);
    }
    for (; at < 35000; at += 1000) {
        struct pace_mark mark = sent(1000, 0, at);
        pace_acked(&pace, &mark, 1000, at + 1000);
    }
    assert_in_range(pace_rate_bytes_s(&pace), 990, 1001);
    assert_true(pace_is_slow(&pace));
}

static void spans_are_a_quarter_of_the_window_and_never_nothing(void **state)
{
    (void)state;
    assert_int_equal(pace_span_entries(&pace, 64 * PACE_SPAN_BYTES_MIN),
                     16 * PACE_SPAN_BYTES_MIN / PACE_ENTRY_BYTES);
    for (int i = 0; i < 30; i++) {
        (void)pace_sent(&pace, 4 * PACE_SPAN_BYTES_MIN, 1, 0, false, 1000);
    }
    assert_int_equal(pace_span_entries(&pace, 8192), 1);
}

static void patience_grows_with_what_is_under_way(void **state)
{
    (void)state;
    struct pace_mark mark = sent(1000, 0, 1000);
    pace_acked(&pace, &mark, 1000, 1999); /* 1,000 ms, 1,001 bytes/s */
    assert_int_equal(pace_patience_ms(&pace, 0), 4000);
    assert_int_equal(pace_patience_ms(&pace, 10010), 14000);
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup(test, begin)
    const struct CMUnitTest tests[] = {
        FRESH(nothing_is_known_at_first),
        FRESH(a_far_line_is_slow_before_anything_was_acknowledged),
        FRESH(rate_is_what_is_acknowledged_while_something_is_under_way),
        FRESH(window_is_what_the_line_holds_and_half_as_much_again),
        FRESH(a_pause_says_nothing_of_the_line),
        FRESH(a_burst_is_no_rate),
        FRESH(an_outage_says_nothing_of_the_line),
        FRESH(who_has_little_to_say_learns_no_lower_rate),
        FRESH(a_line_that_becomes_slower_is_believed_after_two_periods),
        FRESH(spans_are_a_quarter_of_the_window_and_never_nothing),
        FRESH(patience_grows_with_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
