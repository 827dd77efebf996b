/* Tables, cursors and transactions: what a caller sees, without a writer thread. */
#include "unit/platform/store/fixture.h"

static struct bytes text(const char *from)
{
    return bytes_of_text(from);
}

static void assert_bytes(struct bytes found, const char *wanted)
{
    assert_int_equal(found.len, strlen(wanted));
    assert_memory_equal(found.data, wanted, found.len);
}

static int fill(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_put(txn, TABLE_ONE, text("b"), text("2"));
    store_put(txn, TABLE_ONE, text("d"), text("4"));
    store_put(txn, TABLE_ONE, text("f"), text("6"));
    store_put(txn, TABLE_TWO, text("c"), text("other"));
    return 0;
}

static struct store_txn *reading(struct fixture *fixture)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_read_begin(fixture->store, &txn, NULL), 0);
    return txn;
}

static void test_get(void **state)
{
    struct fixture *fixture = *state;
    struct bytes value;
    assert_int_equal(store_apply(fixture->store, fill, NULL, NULL), 0);
    struct store_txn *txn = reading(fixture);
    assert_int_equal(store_get(txn, TABLE_ONE, text("d"), &value), 0);
    assert_bytes(value, "4");
    assert_int_equal(store_get(txn, TABLE_ONE, text("c"), &value), ERR_NOT_FOUND);
    assert_int_equal(store_txn_error(txn), 0);
    assert_int_equal(store_get(txn, TABLE_TWO, text("c"), &value), 0);
    assert_bytes(value, "other");
    store_read_end(txn);
}

static int change(struct store_txn *txn, void *arg)
{
    struct bytes value;
    (void)arg;
    store_put(txn, TABLE_ONE, text("d"), text("new"));
    store_put(txn, TABLE_ONE, text("e"), text(""));
    store_delete(txn, TABLE_ONE, text("b"));
    store_delete(txn, TABLE_ONE, text("absent"));
    assert_int_equal(store_get(txn, TABLE_ONE, text("d"), &value), 0);
    assert_bytes(value, "new");
    return store_txn_error(txn);
}

static void test_reader_keeps_its_view(void **state)
{
    struct fixture *fixture = *state;
    struct bytes value;
    assert_int_equal(store_apply(fixture->store, fill, NULL, NULL), 0);
    struct store_txn *before = reading(fixture);
    assert_int_equal(store_apply(fixture->store, change, NULL, NULL), 0);
    assert_int_equal(store_get(before, TABLE_ONE, text("d"), &value), 0);
    assert_bytes(value, "4");
    store_read_end(before);

    struct store_txn *after = reading(fixture);
    assert_int_equal(store_get(after, TABLE_ONE, text("d"), &value), 0);
    assert_bytes(value, "new");
    assert_int_equal(store_get(after, TABLE_ONE, text("e"), &value), 0);
    assert_int_equal(value.len, 0);
    assert_int_equal(store_get(after, TABLE_ONE, text("b"), &value), ERR_NOT_FOUND);
    store_read_end(after);
}

typedef int seek_function(struct store_cursor *cursor, struct bytes key, struct bytes *ret_key,
                          struct bytes *ret_value);

/* wanted: the key found, or NULL. */
static void assert_seek(struct store_cursor *cursor, seek_function *seek, const char *key,
                        const char *wanted)
{
    struct bytes found;
    struct bytes value;
    int rc = seek(cursor, text(key), &found, &value);
    if (wanted == NULL) {
        assert_int_equal(rc, ERR_NOT_FOUND);
    } else {
        assert_int_equal(rc, 0);
        assert_bytes(found, wanted);
        assert_int_equal(value.len, 1);
        assert_int_equal(value.data[0], wanted[0] - 'a' + '1');
    }
}

static void test_seek(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor = NULL;
    assert_int_equal(store_apply(fixture->store, fill, NULL, NULL), 0);
    struct store_txn *txn = reading(fixture);
    assert_int_equal(store_cursor_open(txn, TABLE_ONE, &cursor), 0);
    assert_seek(cursor, store_seek, "", "b");
    assert_seek(cursor, store_seek, "b", "b");
    assert_seek(cursor, store_seek, "c", "d");
    assert_seek(cursor, store_seek, "f", "f");
    assert_seek(cursor, store_seek, "g", NULL);
    assert_seek(cursor, store_seek_before, "", "f");
    assert_seek(cursor, store_seek_before, "z", "f");
    assert_seek(cursor, store_seek_before, "f", "f");
    assert_seek(cursor, store_seek_before, "e", "d");
    assert_seek(cursor, store_seek_before, "b", "b");
    assert_seek(cursor, store_seek_before, "a", NULL);
    assert_int_equal(store_txn_error(txn), 0);
    store_cursor_close(cursor);
    store_read_end(txn);
}

static void test_seek_in_an_empty_table(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(store_cursor_open(txn, TABLE_ONE, &cursor), 0);
    assert_seek(cursor, store_seek, "", NULL);
    assert_seek(cursor, store_seek_before, "", NULL);
    assert_seek(cursor, store_seek_before, "x", NULL);
    assert_int_equal(store_next(cursor, &key, &value), ERR_NOT_FOUND);
    store_cursor_close(cursor);
    store_read_end(txn);
}

static void test_next(void **state)
{
    struct fixture *fixture = *state;
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    assert_int_equal(store_apply(fixture->store, fill, NULL, NULL), 0);
    struct store_txn *txn = reading(fixture);
    assert_int_equal(store_cursor_open(txn, TABLE_ONE, &cursor), 0);
    assert_int_equal(store_next(cursor, &key, &value), 0);
    assert_bytes(key, "b");
    assert_seek(cursor, store_seek_before, "e", "d");
    assert_int_equal(store_next(cursor, &key, &value), 0);
    assert_bytes(key, "f");
    assert_int_equal(store_next(cursor, &key, &value), ERR_NOT_FOUND);
    assert_int_equal(store_next(cursor, &key, &value), ERR_NOT_FOUND);
    assert_seek(cursor, store_seek, "g", NULL);
    assert_int_equal(store_next(cursor, &key, &value), ERR_NOT_FOUND);
    assert_seek(cursor, store_seek_before, "a", NULL);
    assert_int_equal(store_next(cursor, &key, &value), ERR_NOT_FOUND);
    store_cursor_close(cursor);
    store_read_end(txn);
}

static int fill_many(struct store_txn *txn, void *arg)
{
    (void)arg;
    for (uint32_t i = 0; i < 500; i++) {
        fixture_put(txn, i, 100);
    }
    return 0;
}

/* From the head, as a queue is emptied: the key given back is the one that is deleted. */
static int empty_from_head(struct store_txn *txn, void *arg)
{
    unsigned *deleted = arg;
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    int rc = store_cursor_open(txn, TABLE_ONE, &cursor);
    while (rc == 0 && (rc = store_next(cursor, &key, &value)) == 0) {
        assert_int_equal(get_be32(key.data), *deleted);
        store_delete(txn, TABLE_ONE, key);
        ++*deleted;
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static void test_delete_under_the_cursor(void **state)
{
    struct fixture *fixture = *state;
    unsigned deleted = 0;
    assert_int_equal(store_apply(fixture->store, fill_many, NULL, NULL), 0);
    assert_int_equal(store_apply(fixture->store, empty_from_head, &deleted, NULL), 0);
    assert_int_equal(deleted, 500);
    assert_false(fixture_has(fixture, 499));
}

static int append_both(struct store_txn *txn, void *arg)
{
    const char *const *keys = arg;
    store_put(txn, TABLE_TWO, text("beside"), text("x"));
    store_append(txn, TABLE_ONE, text(keys[0]), text("1"));
    store_append(txn, TABLE_ONE, text(keys[1]), text("1"));
    store_append(txn, TABLE_ONE, text("zz"), text("1")); /* would fit: the error must stick */
    return 0;
}

static void assert_absent(struct fixture *fixture, unsigned table, const char *key)
{
    struct bytes value;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(store_get(txn, table, text(key), &value), ERR_NOT_FOUND);
    store_read_end(txn);
}

static void test_append(void **state)
{
    struct fixture *fixture = *state;
    const char *wrong[] = {"n", "m"};
    const char *same[] = {"n", "n"};
    const char *right[] = {"m", "n"};
    assert_int_equal(store_apply(fixture->store, append_both, wrong, NULL), ERR_VALUE);
    assert_int_equal(store_apply(fixture->store, append_both, same, NULL), ERR_VALUE);
    assert_absent(fixture, TABLE_ONE, "n");
    assert_absent(fixture, TABLE_ONE, "zz");
    assert_absent(fixture, TABLE_TWO, "beside");
    assert_false(store_latched(fixture->store));
    assert_int_equal(store_apply(fixture->store, append_both, right, NULL), 0);
}

static int put_long_key(struct store_txn *txn, void *arg)
{
    static const uint8_t key[512];
    struct bytes value;
    const size_t *len = arg;
    store_put(txn, TABLE_TWO, bytes_of(key, *len), text("x"));
    if (*len == 0 || *len > 511) {
        assert_int_equal(store_txn_error(txn), ERR_LIMIT);
        /* Everything after the first error is refused with it, also what is fine by itself. */
        assert_int_equal(store_get(txn, TABLE_TWO, text("beside"), &value), ERR_LIMIT);
    }
    store_put(txn, TABLE_TWO, text("beside"), text("x"));
    return 0;
}

static void test_an_error_sticks(void **state)
{
    struct fixture *fixture = *state;
    size_t bad[] = {0, 512};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(store_apply(fixture->store, put_long_key, &bad[i], NULL), ERR_LIMIT);
        assert_absent(fixture, TABLE_TWO, "beside");
    }
    size_t longest = 511;
    assert_int_equal(store_apply(fixture->store, put_long_key, &longest, NULL), 0);
}

static int write_then_fail(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_put(txn, TABLE_ONE, text("half"), text("x"));
    return ERR_STATE;
}

static void test_apply_undoes_what_failed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_apply(fixture->store, write_then_fail, NULL, NULL), ERR_STATE);
    assert_absent(fixture, TABLE_ONE, "half");
}

static void test_reopened(void **state)
{
    struct fixture *fixture = *state;
    struct bytes value;
    assert_int_equal(store_apply(fixture->store, fill, NULL, NULL), 0);
    fixture_close(fixture);
    fixture_open(fixture);
    struct store_txn *txn = reading(fixture);
    assert_int_equal(store_get(txn, TABLE_ONE, text("f"), &value), 0);
    assert_bytes(value, "6");
    assert_int_equal(store_get(txn, TABLE_TWO, text("c"), &value), 0);
    assert_bytes(value, "other");
    store_read_end(txn);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_get),
        TEST(test_reader_keeps_its_view),
        TEST(test_seek),
        TEST(test_seek_in_an_empty_table),
        TEST(test_next),
        TEST(test_delete_under_the_cursor),
        TEST(test_append),
        TEST(test_an_error_sticks),
        TEST(test_apply_undoes_what_failed),
        TEST(test_reopened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
