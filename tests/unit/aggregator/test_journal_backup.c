/* What a backup has is noted and never lowered; a journal is read back to the last byte. */
#include "unit/aggregator/journal_fixture.h"

static int note_run(struct store_txn *txn, void *arg)
{
    return journal_put_backed_up(txn, arg);
}

static uint64_t backed_up(struct fixture *fixture, const struct incarnation *incarnation)
{
    uint64_t seq = 4711;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_get_backed_up(txn, incarnation, &seq), 0);
    store_read_end(txn);
    return seq;
}

static void what_is_backed_up_only_rises(void **state)
{
    struct fixture *fixture = *state;
    const struct incarnation other = {{9}};
    struct entry_id id = {{{8}}, 5};
    static const uint64_t noted[][2] = {{5, 5}, {4, 5}, {0, 5}, {7, 7}};
    assert_int_equal(backed_up(fixture, &id.incarnation), 0);
    for (size_t i = 0; i < COUNT(noted); i++) {
        id.seq = noted[i][0];
        assert_int_equal(store_apply(fixture->store, note_run, &id, NULL), 0);
        assert_int_equal(backed_up(fixture, &id.incarnation), noted[i][1]);
    }
    assert_int_equal(backed_up(fixture, &other), 0);
    store_reopen(fixture);
    assert_int_equal(backed_up(fixture, &id.incarnation), 7);
}

static int backup_run(struct store_txn *txn, void *arg)
{
    journal_put_backup(txn, arg);
    return 0;
}

static void the_last_backup_is_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct journal_backup backup = {.at_ms = BIRTH_MS, .position = 3};
    struct journal_backup found;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_get_backup(txn, &found), ERR_NOT_FOUND);
    store_read_end(txn);
    assert_int_equal(store_apply(fixture->store, backup_run, &backup, NULL), 0);
    txn = reading(fixture);
    assert_int_equal(journal_get_backup(txn, &found), 0);
    assert_int_equal(found.at_ms, BIRTH_MS);
    assert_int_equal(found.position, 3);
    store_read_end(txn);
}

/* ---- reading it back ---- */

static void fill(struct fixture *fixture)
{
    struct feed *one = feed_new(3, "16.03");
    struct feed *two = feed_new(5, "16.05");
    two->codec = SPAN_ZSTD;
    journal_birth(fixture);
    put_span(fixture, one, 1, 4, 0);
    put_own(fixture, 3);
    put_span(fixture, two, 1, 10, 0);
    put_span(fixture, one, 3, 7, 2);
    free(one);
    free(two);
}

static int check(struct fixture *fixture, struct journal_checked *ret, struct err_ctx *err)
{
    return journal_check(fixture->store, NULL, ret, err);
}

static void a_sound_journal_says_where_its_logs_end(void **state)
{
    struct fixture *fixture = *state;
    struct journal_checked checked;
    fill(fixture);
    assert_int_equal(check(fixture, &checked, NULL), 0);
    assert_int_equal(checked.position, fixture->count);
    assert_int_equal(checked.end_count, 2);
    assert_int_equal(checked.ends[0].seq + checked.ends[1].seq, 7 + 10);
    journal_checked_clear(&checked);
    assert_null(checked.ends);
}

struct change {
    enum journal_table table;
    uint8_t key[64], value[4096];
    size_t key_len, len;
};

static int change_run(struct store_txn *txn, void *arg)
{
    const struct change *change = arg;
    store_put(txn, change->table, bytes_of(change->key, change->key_len),
              bytes_of(change->value, change->len));
    return 0;
}

/* The n-th row of a table. */
static struct change row(struct fixture *fixture, enum journal_table table, size_t n)
{
    struct change change = {.table = table};
    struct store_txn *txn = reading(fixture);
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    assert_int_equal(store_cursor_open(txn, table, &cursor), 0);
    assert_int_equal(store_seek(cursor, (struct bytes){0}, &key, &value), 0);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(store_next(cursor, &key, &value), 0);
    }
    assert_true(key.len <= sizeof change.key && value.len <= sizeof change.value);
    memcpy(change.key, key.data, key.len);
    memcpy(change.value, value.data, value.len);
    change.key_len = key.len;
    change.len = value.len;
    store_cursor_close(cursor);
    store_read_end(txn);
    return change;
}

static void any_changed_byte_is_seen(void **state)
{
    struct fixture *fixture = *state;
    struct journal_checked checked;
    fill(fixture);
    for (size_t n = 0; n < 5; n++) {
        struct change change = row(fixture, JOURNAL_RECORDS, n);
        for (size_t at = 0; at < change.len; at += 1 + at / 16) {
            struct err_ctx err = {""};
            change.value[at] ^= 4;
            assert_int_equal(store_apply(fixture->store, change_run, &change, NULL), 0);
            assert_true(check(fixture, &checked, &err) < 0);
            assert_non_null(strstr(err.text, "journal"));
            change.value[at] ^= 4;
        }
        assert_int_equal(store_apply(fixture->store, change_run, &change, NULL), 0);
    }
    for (size_t at = 9; at < 49; at += 13) { /* where a node's log ends, and its h */
        struct change change = row(fixture, JOURNAL_CURSORS, 1);
        change.value[at] ^= 4;
        assert_int_equal(store_apply(fixture->store, change_run, &change, NULL), 0);
        assert_int_equal(check(fixture, &checked, NULL), ERR_FORMAT);
        change.value[at] ^= 4;
        assert_int_equal(store_apply(fixture->store, change_run, &change, NULL), 0);
    }
    assert_int_equal(check(fixture, &checked, NULL), 0);
    journal_checked_clear(&checked);
}

static bool go_on(void *arg, uint64_t done)
{
    return done < *(const uint64_t *)arg;
}

static void a_check_can_be_given_up(void **state)
{
    struct fixture *fixture = *state;
    struct journal_checked checked;
    uint64_t most = 7;
    const struct store_watch watch = {.go_on = go_on, .arg = &most};
    assert_int_equal(check(fixture, &checked, NULL), ERR_FORMAT); /* no journal at all */
    fill(fixture);
    assert_int_equal(journal_check(fixture->store, &watch, &checked, NULL), ERR_GONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_unborn, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_backed_up_only_rises),
        TEST(the_last_backup_is_remembered),
        TEST(a_sound_journal_says_where_its_logs_end),
        TEST(any_changed_byte_is_seen),
        TEST(a_check_can_be_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
