/* The data budget: days and months, what is left, hours for bulk. */
#include "core/sync/budget.h"

#include "lib/cmocka_all.h"

#include <string.h>

#define HOUR_MS ((int64_t)3600000)
#define DAY_MS (24 * HOUR_MS)
#define FIRST_MS (1709139600000 - DAY_MS) /* 28 February 2024, 0:00 WIB */

static struct budget budget;

static int begin(void **state)
{
    (void)state;
    memset(&budget, 0, sizeof budget);
    return 0;
}

static void days_begin_at_midnight_in_jakarta(void **state)
{
    (void)state;
    budget_count(&budget, FIRST_MS, 10);
    budget_count(&budget, FIRST_MS + DAY_MS - 1, 10);
    assert_int_equal(budget.day_bytes, 20);
    budget_count(&budget, FIRST_MS + DAY_MS, 1);
    assert_int_equal(budget.day_bytes, 1);
    assert_int_equal(budget.month_bytes, 21);
}

static void months_are_the_calendars(void **state)
{
    (void)state;
    budget_count(&budget, FIRST_MS + 2 * DAY_MS - 1, 10); /* 29 February */
    assert_int_equal(budget.month, 2024 * 12 + 1);
    budget_count(&budget, FIRST_MS + 2 * DAY_MS, 5);
    assert_int_equal(budget.month, 2024 * 12 + 2);
    assert_int_equal(budget.month_bytes, 5);
    budget_count(&budget, FIRST_MS + 308 * DAY_MS - 1, 5); /* 31 December */
    assert_int_equal(budget.month, 2024 * 12 + 11);
    budget_count(&budget, FIRST_MS + 308 * DAY_MS, 0);
    assert_int_equal(budget.month, 2025 * 12);
    budget_count(&budget, 0, 0);
    assert_int_equal(budget.month, 1970 * 12);
}

/* Years ahead for a moment: afterwards the day is another one again. */
static void a_wrong_clock_shuts_no_line_for_years(void **state)
{
    (void)state;
    const struct budget_limits limits = {.day_bytes = 100};
    budget_count(&budget, FIRST_MS + 20000 * DAY_MS, 100);
    assert_true(budget_spent(&budget, &limits));
    budget_count(&budget, FIRST_MS, 0);
    assert_false(budget_spent(&budget, &limits));
    budget_count(&budget, -5, 7);
    assert_int_equal(budget.day_bytes, 7);
}

static void either_limit_ends_it(void **state)
{
    (void)state;
    struct budget_limits limits = {.day_bytes = 100, .month_bytes = 150};
    assert_int_equal(budget_left(&budget, &limits), 100);
    budget_count(&budget, FIRST_MS, 99);
    assert_int_equal(budget_left(&budget, &limits), 1);
    budget_count(&budget, FIRST_MS, 1);
    assert_true(budget_spent(&budget, &limits));
    budget_count(&budget, FIRST_MS + DAY_MS, 49);
    assert_int_equal(budget_left(&budget, &limits), 1);
    budget_count(&budget, FIRST_MS + DAY_MS, 2);
    assert_int_equal(budget_left(&budget, &limits), 0);
    assert_true(budget_spent(&budget, &limits));
    limits = (struct budget_limits){0};
    assert_false(budget_spent(&budget, &limits));
    assert_true(budget_left(&budget, &limits) == UINT64_MAX);
}

static bool open_at(uint64_t from, uint64_t to, int64_t hour)
{
    const struct budget_limits limits = {.bulk_from_hour = from, .bulk_to_hour = to};
    return budget_bulk_open(&limits, FIRST_MS + hour * HOUR_MS);
}

static void bulk_has_its_hours(void **state)
{
    (void)state;
    for (int64_t hour = 0; hour < 24; hour++) {
        assert_true(open_at(0, 24, hour));
        assert_true(open_at(5, 5, hour));
        assert_int_equal(open_at(9, 17, hour), hour >= 9 && hour < 17);
        assert_int_equal(open_at(20, 5, hour), hour >= 20 || hour < 5);
    }
}

static void what_is_estimated_never_falls(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (uint64_t bytes = 0; bytes < 5000; bytes += 7) {
        uint64_t now = budget_estimate(bytes, bytes / 70, bytes / 1000);
        assert_true(now >= last && now >= bytes);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(days_begin_at_midnight_in_jakarta, begin),
        cmocka_unit_test_setup(months_are_the_calendars, begin),
        cmocka_unit_test_setup(a_wrong_clock_shuts_no_line_for_years, begin),
        cmocka_unit_test_setup(either_limit_ends_it, begin),
        cmocka_unit_test(bulk_has_its_hours),
        cmocka_unit_test(what_is_estimated_never_falls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
