/* What may be deleted: nothing that a receipt does not cover, whatever else holds. */
#include "core/sync/retention.h"

#include "lib/cmocka_all.h"

#define OLD_MS 100
#define NEW_MS 900

static const struct retention backed_up = {
    .acked = 9, .receipt = 8, .backed_up_to = 5, .before_ms = 500};

static void old_receipted_and_backed_up_may_go(void **state)
{
    (void)state;
    assert_true(retention_may_delete(&backed_up, 1, OLD_MS));
    assert_true(retention_may_delete(&backed_up, 4, OLD_MS));
    assert_false(retention_may_delete(&backed_up, 5, OLD_MS)); /* a backup's cursor stands there */
    assert_false(retention_may_delete(&backed_up, 6, OLD_MS)); /* not backed up */
    assert_false(retention_may_delete(&backed_up, 4, NEW_MS)); /* too young */
    assert_false(retention_may_delete(&backed_up, 4, 500));
}

static void without_a_backup_nothing_goes(void **state)
{
    (void)state;
    struct retention none = backed_up;
    none.backed_up_to = 0;
    for (uint64_t seq = 1; seq < 10; seq++) {
        assert_false(retention_may_delete(&none, seq, OLD_MS));
    }
}

static void a_full_store_gives_up_what_a_receipt_covers_only(void **state)
{
    (void)state;
    struct retention full = backed_up;
    full.store_full = true;
    assert_true(retention_may_delete(&full, 7, NEW_MS));
    assert_false(retention_may_delete(&full, 8, OLD_MS)); /* the receipt's own entry stays */
    assert_false(retention_may_delete(&full, 9, OLD_MS)); /* acked, but no receipt */
    full.receipt = 0;
    assert_false(retention_may_delete(&full, 1, OLD_MS));
}

static void the_cursor_may_have_gone_back(void **state)
{
    (void)state;
    struct retention back = backed_up;
    back.acked = 3; /* a restored aggregator: it may want what follows again */
    back.store_full = true;
    assert_true(retention_may_delete(&back, 2, OLD_MS));
    assert_false(retention_may_delete(&back, 3, OLD_MS));
    assert_false(retention_may_delete(&back, 5, OLD_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_receipted_and_backed_up_may_go),
        cmocka_unit_test(without_a_backup_nothing_goes),
        cmocka_unit_test(a_full_store_gives_up_what_a_receipt_covers_only),
        cmocka_unit_test(the_cursor_may_have_gone_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
