/* What the emulated line does to packets: rate, queue, schedule, lots drawn from the seed,
 * profiles. */
#include "lib/cmocka_all.h"
#include "line.h"

#define MS 1000000ULL
#define S 1000000000ULL

static struct line line_of(const char *text, uint64_t seed, uint64_t phase_ns)
{
    struct line_profile profile;
    struct line line;
    unsigned at = 0;
    assert_true(line_parse(text, &profile, &at));
    line_init(&line, &(struct line_config){&profile, seed, 100 * S, phase_ns});
    return line;
}

static void packets_leave_at_the_rate_and_come_after_the_delay(void **state)
{
    (void)state;
    struct line line = line_of("rate_bit_s = 8000\ndelay_ms = 300\n", 1, 0);
    for (uint64_t i = 1; i <= 5; i++) {
        struct line_fate fate = line_decide(&line, LINE_OUT, 100 * S, 100);
        assert_int_equal(fate.cause, LINE_DELIVERED);
        assert_true(fate.due_ns == 100 * S + i * 100 * MS + 300 * MS);
    }
    struct line_fate other = line_decide(&line, LINE_BACK, 100 * S, 100);
    assert_true(other.due_ns == 100 * S + 400 * MS);
}

static void a_full_queue_drops_the_tail_until_there_is_room(void **state)
{
    (void)state;
    struct line line = line_of("rate_bit_s = 8000\nqueue_bytes = 250\n", 1, 0);
    assert_int_equal(line_decide(&line, LINE_OUT, 100 * S, 100).cause, LINE_DELIVERED);
    assert_int_equal(line_decide(&line, LINE_OUT, 100 * S, 100).cause, LINE_DELIVERED);
    assert_int_equal(line_decide(&line, LINE_OUT, 100 * S, 100).cause, LINE_QUEUE);
    assert_int_equal(line_decide(&line, LINE_OUT, 100 * S, 50).cause, LINE_DELIVERED);
    assert_int_equal(line_decide(&line, LINE_OUT, 100 * S + 99 * MS, 100).cause, LINE_QUEUE);
    assert_int_equal(line_decide(&line, LINE_OUT, 100 * S + 100 * MS, 100).cause, LINE_DELIVERED);
}

static void the_line_is_up_and_down_as_its_phase_says(void **state)
{
    (void)state;
    const char *text = "up_s = 20\ndown_s = 5\n";
    struct line line = line_of(text, 1, 0);
    assert_true(line_up(&line, 100 * S));
    assert_true(line_up(&line, 120 * S - 1));
    assert_false(line_up(&line, 120 * S));
    assert_false(line_up(&line, 125 * S - 1));
    assert_true(line_up(&line, 125 * S));
    assert_int_equal(line_decide(&line, LINE_OUT, 121 * S, 9).cause, LINE_OUTAGE);
    line = line_of(text, 1, 20 * S);
    assert_false(line_up(&line, 100 * S));
    assert_true(line_up(&line, 105 * S));
}

static void lots_fall_as_often_as_the_profile_says(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    unsigned lost = 0;
    unsigned twice = 0;
    unsigned corrupt = 0;
    struct line line = line_of("loss_percent = 5\nduplicate_percent = 1\ncorrupt_percent = 2\n"
                               "jitter_ms = 10\n",
                               7, 0);
    uint64_t last = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        uint64_t now = 100 * S + i * MS;
        struct line_fate fate = line_decide(&line, LINE_OUT, now, 100);
        lost += fate.cause == LINE_LOSS;
        twice += fate.copies == 2;
        corrupt += fate.corrupt;
        if (fate.cause == LINE_DELIVERED) {
            assert_true(fate.due_ns >= last);
            assert_true(fate.due_ns >= now && fate.due_ns < now + 10 * MS);
            last = fate.due_ns;
        }
    }
    /* 4 standard deviations of the binomial. */
    assert_in_range(lost, 5000 - 276, 5000 + 276);
    assert_in_range(twice, 950 - 124, 950 + 124);
    assert_in_range(corrupt, 1900 - 174, 1900 + 174);
}

static void the_nth_packet_meets_the_same_lot_with_the_same_seed(void **state)
{
    (void)state;
    const char *text = "rate_bit_s = 64000\nloss_percent = 50\n";
    struct line line = line_of(text, 3, 0);
    struct line again = line_of(text, 3, 0);
    struct line other = line_of(text, 4, 0);
    unsigned different = 0;
    unsigned ways = 0;
    for (unsigned i = 0; i < 1000; i++) {
        enum line_cause cause = line_decide(&line, LINE_OUT, 100 * S + i * MS, 100).cause;
        /* Other times and sizes: no matter. */
        assert_int_equal(line_decide(&again, LINE_OUT, 200 * S + i * S, 500).cause, cause);
        different += line_decide(&other, LINE_OUT, 100 * S + i * MS, 100).cause != cause;
        ways += line_decide(&line, LINE_BACK, 100 * S + i * MS, 100).cause != cause;
    }
    assert_in_range(different, 400, 600);
    assert_in_range(ways, 400, 600);
}

static void what_is_held_back_comes_later_than_its_followers(void **state)
{
    (void)state;
    struct line line = line_of("out.reorder_percent = 100\nreorder_ms = 20\n", 1, 0);
    assert_true(line_decide(&line, LINE_OUT, 100 * S, 9).due_ns == 100 * S + 20 * MS);
    assert_true(line_decide(&line, LINE_BACK, 100 * S, 9).due_ns == 100 * S);
}

static void addresses_change_with_time(void **state)
{
    (void)state;
    struct line line = line_of("rebind_s = 60\n", 1, 30 * S);
    assert_true(line_bindings(&line, 130 * S - 1) == 0);
    assert_true(line_bindings(&line, 130 * S) == 1);
    line = line_of("", 1, 0);
    assert_true(line_bindings(&line, 1000 * S) == 0);
}

static void a_profile_is_read_whole_or_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
    } bad[] = {{"rate = 5\n", 1},           {"# a\n\nloss_percent = 101\n", 3},
               {"loss_percent = nan\n", 1}, {"loss_percent = -1\n", 1},
               {"delay_ms\n", 1},           {"delay_ms = 5 ms\n", 1},
               {"delay_ms =\n", 1},         {"out.up_s = 5\n", 1},
               {"mtu = 100\n", 1},          {"up_s = 5\n", 1},
               {"down_s = 5\n", 1}};
    struct line_profile profile;
    unsigned line = 0;
    assert_true(line_parse("# x\n rate_bit_s = 9600 # slow\nback.rate_bit_s=64000\n"
                           "loss_percent = 0.5\nup_s = 1.5\ndown_s=2",
                           &profile, &line));
    assert_true(profile.way[LINE_OUT].rate_bit_s == 9600);
    assert_true(profile.way[LINE_BACK].rate_bit_s == 64000);
    assert_int_equal(profile.way[LINE_BACK].loss_ppm, 5000);
    assert_true(profile.up_ns == 1500 * MS && profile.down_ns == 2 * S);
    assert_int_equal(profile.mtu, 1500);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(line_parse(bad[i].text, &profile, &line));
        assert_int_equal(line, bad[i].line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_leave_at_the_rate_and_come_after_the_delay),
        cmocka_unit_test(a_full_queue_drops_the_tail_until_there_is_room),
        cmocka_unit_test(the_line_is_up_and_down_as_its_phase_says),
        cmocka_unit_test(lots_fall_as_often_as_the_profile_says),
        cmocka_unit_test(the_nth_packet_meets_the_same_lot_with_the_same_seed),
        cmocka_unit_test(what_is_held_back_comes_later_than_its_followers),
        cmocka_unit_test(addresses_change_with_time),
        cmocka_unit_test(a_profile_is_read_whole_or_refused_with_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
