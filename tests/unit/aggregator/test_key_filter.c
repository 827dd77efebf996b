/* The filter of case keys: what was put is never said to be absent, whatever the size. */
#include "aggregator/aggregator.h"
#include "core/seal/chain.h"
#include "lib/cmocka_all.h"
#include "lib/folder.h"

#include <string.h>

#define KEYS 200000u

static void key_of(uint32_t number, uint8_t ret[KEY_FILTER_KEY_BYTES])
{
    uint8_t bytes[4];
    put_be32(bytes, number);
    seal_lookup(bytes_of(bytes, sizeof bytes), ret);
}

static void nothing_is_forgotten(void **state)
{
    (void)state;
    uint8_t key[KEY_FILTER_KEY_BYTES];
    struct key_filter *filter = key_filter_new(KEYS);
    assert_non_null(filter);
    size_t wrong = 0;
    for (uint32_t i = 0; i < KEYS; i++) {
        key_of(i, key);
        key_filter_add(filter, key);
    }
    for (uint32_t i = 0; i < KEYS; i++) {
        key_of(i, key);
        assert_true(key_filter_maybe(filter, key));
        key_of(KEYS + i, key);
        wrong += key_filter_maybe(filter, key);
    }
    print_message("%zu of %u said to be there\n", wrong, KEYS);
    assert_in_range(wrong, 0, KEYS / 100);
    assert_in_range(key_filter_count(filter), KEYS - KEYS / 100, KEYS);
    assert_false(key_filter_full(filter));
    key_filter_free(filter);
}

static void a_small_one_is_full(void **state)
{
    (void)state;
    uint8_t key[KEY_FILTER_KEY_BYTES];
    struct key_filter *filter = key_filter_new(64);
    assert_non_null(filter);
    for (uint32_t i = 0; i < 1000; i++) {
        key_of(i, key);
        key_filter_add(filter, key);
        assert_true(key_filter_maybe(filter, key));
    }
    assert_true(key_filter_full(filter));
    key_filter_free(filter);
}

/* ---- over the store ---- */
struct work {
    struct key_filter **filter;
    uint32_t from, to;
};

static int put_run(struct store_txn *txn, void *arg)
{
    const struct work *work = arg;
    struct views views;
    int rc = driver_filter_ready(txn, work->filter);
    struct driver driver = {.txn = txn, .filter = *work->filter};
    driver_writing(&driver, &views);
    for (uint32_t i = work->from; rc == 0 && i < work->to; i++) {
        uint8_t key[KEY_FILTER_KEY_BYTES];
        struct bytes value;
        key_of(i, key);
        views.put(views.arg, VIEW_CASE_KEYS, bytes_of(key, sizeof key), bytes_of("x", 1));
        rc = views.get(views.arg, VIEW_CASE_KEYS, bytes_of(key, sizeof key), &value);
    }
    return rc;
}

static int look_run(struct store_txn *txn, void *arg)
{
    const struct work *work = arg;
    struct views views;
    int rc = driver_filter_ready(txn, work->filter);
    struct driver driver = {.txn = txn, .filter = *work->filter};
    driver_writing(&driver, &views);
    for (uint32_t i = work->from; rc == 0 && i < work->to; i++) {
        uint8_t key[KEY_FILTER_KEY_BYTES];
        struct bytes value;
        key_of(i, key);
        rc = views.get(views.arg, VIEW_CASE_KEYS, bytes_of(key, sizeof key), &value);
    }
    return rc;
}

static void apply(struct store *store, int (*run)(struct store_txn *txn, void *arg),
                  struct work work, int wanted)
{
    struct err_ctx err = {.text = ""};
    int rc = store_apply(store, run, &work, &err);
    if (rc != wanted) {
        fail_msg("%d instead of %d: %s", rc, wanted, err_peek(&err, rc));
    }
}

/* A filter that is made later, or anew because it became too small, knows what was put before. */
static void it_is_made_from_the_table(void **state)
{
    (void)state;
    char path[FOLDER_PATH_CAPACITY];
    struct err_ctx err = {.text = ""};
    struct store *store = NULL;
    struct key_filter *filter = NULL, *later = NULL;
    folder_open(path);
    struct store_config config = {.path = path,
                                  .tables = view_table_names,
                                  .table_count = VIEW_TABLE_COUNT,
                                  .map_bytes = UINT64_C(256) << 20,
                                  .format = VIEWS_FORMAT,
                                  .test_no_sync = true};
    assert_int_equal(store_open(&config, &store, &err), 0);
    apply(store, put_run, (struct work){&filter, 0, 1000}, 0);
    assert_non_null(filter);
    uint64_t small = key_filter_keys_max(filter);
    for (uint32_t i = 0; i < 4; i++) {
        apply(store, put_run, (struct work){&filter, 50000 * i, 50000 * i + 50000}, 0);
    }
    apply(store, put_run, (struct work){&filter, 0, 1}, 0);
    assert_true(key_filter_keys_max(filter) > small);
    apply(store, look_run, (struct work){&filter, 0, KEYS}, 0);
    apply(store, look_run, (struct work){&later, 0, KEYS}, 0);
    apply(store, look_run, (struct work){&later, KEYS, KEYS + 1}, ERR_NOT_FOUND);
    key_filter_free(filter);
    key_filter_free(later);
    store_close(store);
    folder_drop(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_forgotten),
        cmocka_unit_test(a_small_one_is_full),
        cmocka_unit_test(it_is_made_from_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
