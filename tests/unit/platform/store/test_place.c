/* Where a store lives: remembered, noticed when it is another place, settled, marked; and copies.
 */
#include "unit/platform/store/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "platform/host/host.h"
#include "platform/store/store_private.h"

#define PATH_CAPACITY (FOLDER_PATH_CAPACITY + 32)

static void path_in(const struct fixture *fixture, const char *name, char to[PATH_CAPACITY])
{
    int len = snprintf(to, PATH_CAPACITY, "%s/%s", fixture->path, name);
    assert_true(len > 0 && (size_t)len < PATH_CAPACITY);
}

/* Another inode, the same bytes: what cp makes of a store. */
static void data_copied(const struct fixture *fixture)
{
    char path[PATH_CAPACITY];
    uint8_t *data = NULL;
    size_t len = 0;
    path_in(fixture, "data.mdb", path);
    assert_int_equal(file_read(path, 64u << 20, &data, &len, NULL), 0);
    assert_int_equal(file_replace(path, 0600, bytes_of(data, len), NULL), 0);
    free(data);
}

static int settle_run(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_settle(txn);
    return 0;
}

static int mark_run(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_mark_moved(txn);
    return 0;
}

static int settle_in_vain(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_settle(txn);
    return ERR_STATE;
}

static int put_run(struct store_txn *txn, void *arg)
{
    fixture_put(txn, *(uint32_t *)arg, 3000);
    return 0;
}

/* As if the disk had been put into another box, whose id is not ours. */
static int elsewhere_run(struct store_txn *txn, void *arg)
{
    struct bytes kept;
    uint8_t other[64];
    (void)arg;
    assert_int_equal(store_about_get(txn, STORE_ABOUT_PLACE, &kept), 0);
    assert_int_equal(kept.len, 32);
    memcpy(other, kept.data, kept.len);
    other[0] ^= 1;
    store_about_put(txn, STORE_ABOUT_PLACE, bytes_of(other, kept.len));
    return 0;
}

static bool moved_when_reopened(struct fixture *fixture)
{
    fixture_close(fixture);
    fixture_open(fixture);
    return store_moved(fixture->store);
}

static void a_store_stays_where_it_is(void **state)
{
    struct fixture *fixture = *state;
    assert_false(store_moved(fixture->store));
    assert_false(moved_when_reopened(fixture));
    /* Its folder may get another name. */
    char away[PATH_CAPACITY];
    fixture_close(fixture);
    int len = snprintf(away, sizeof away, "%s.renamed", fixture->path);
    assert_true(len > 0 && (size_t)len < PATH_CAPACITY);
    assert_int_equal(rename(fixture->path, away), 0);
    fixture->config.path = away;
    fixture_open(fixture);
    assert_false(store_moved(fixture->store));
    fixture_close(fixture);
    assert_int_equal(rename(away, fixture->path), 0);
    fixture->config.path = fixture->path;
    fixture_open(fixture);
}

/* `rm` and `cp`: the file system may give the same inode again, at once. */
static void a_file_put_in_its_place_has_moved(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_CAPACITY];
    uint8_t *data = NULL;
    size_t len = 0;
    struct statx file;
    path_in(fixture, "data.mdb", path);
    fixture_close(fixture);
    assert_int_equal(file_read(path, 64u << 20, &data, &len, NULL), 0);
    assert_int_equal(statx(AT_FDCWD, path, 0, STATX_BTIME, &file), 0);
    bool knows_birth = (file.stx_mask & STATX_BTIME) != 0;
    unsigned long long before = file.stx_ino;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(remove(path), 0);
        assert_int_equal(file_create(path, 0600, bytes_of(data, len), NULL), 0);
        assert_int_equal(statx(AT_FDCWD, path, 0, STATX_INO, &file), 0);
        fixture_open(fixture);
        assert_true(store_moved(fixture->store) || (!knows_birth && file.stx_ino == before));
        fixture_close(fixture);
    }
    free(data);
    fixture_open(fixture);
}

static void a_copied_store_has_moved_until_it_settles(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    data_copied(fixture);
    fixture_open(fixture);
    assert_true(store_moved(fixture->store));
    assert_true(moved_when_reopened(fixture)); /* opening it settles nothing */
    assert_int_equal(store_apply(fixture->store, settle_in_vain, NULL, NULL), ERR_STATE);
    assert_true(store_moved(fixture->store));
    assert_int_equal(store_apply(fixture->store, settle_run, NULL, NULL), 0);
    assert_false(store_moved(fixture->store));
    assert_false(moved_when_reopened(fixture));
}

static void a_marked_store_has_moved_at_the_next_open(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_apply(fixture->store, mark_run, NULL, NULL), 0);
    assert_false(store_moved(fixture->store));
    assert_true(moved_when_reopened(fixture));
    assert_int_equal(store_apply(fixture->store, settle_run, NULL, NULL), 0);
    assert_false(moved_when_reopened(fixture));
}

static void another_machine_is_another_place(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_apply(fixture->store, elsewhere_run, NULL, NULL), 0);
    assert_true(moved_when_reopened(fixture));
}

/* What stood behind the last ack must fit beside itself, even in a store that is full of it. */
static void a_full_store_that_moved_has_room(void **state)
{
    struct fixture *fixture = *state;
    uint32_t key = 0;
    int rc = 0;
    fixture->config.map_bytes = 1u << 20;
    fixture_open(fixture);
    for (; rc == 0; key++) {
        rc = store_apply(fixture->store, put_run, &key, NULL);
    }
    assert_int_equal(rc, ERR_FULL);
    fixture_close(fixture);
    data_copied(fixture);
    fixture_open(fixture);
    assert_true(store_moved(fixture->store));
    uint32_t twice = 2 * key;
    for (; key < twice; key++) {
        assert_int_equal(store_apply(fixture->store, put_run, &key, NULL), 0);
    }
    assert_int_equal(store_apply(fixture->store, settle_run, NULL, NULL), 0);
    /* Then it is as large as before, and what there is too much may go. */
    assert_false(moved_when_reopened(fixture));
    assert_true(fixture_has(fixture, twice - 1));
    assert_true(fixture_numbers(fixture).full);
}

/* ---- copies ---- */

static int copy_to(struct fixture *fixture, const char *path, struct err_ctx *err)
{
    const struct store_copy copy = {.path = path, .kind = "fixture"};
    return store_copy(fixture->store, &copy, err);
}

static void copy_is_opened(struct fixture *fixture, const char *copy)
{
    char path[PATH_CAPACITY];
    path_in(fixture, "restored", path);
    assert_int_equal(folder_make(path, NULL), 0);
    char data[PATH_CAPACITY + 16];
    (void)snprintf(data, sizeof data, "%s/data.mdb", path);
    assert_int_equal(rename(copy, data), 0);
    fixture_close(fixture);
    fixture->config.path = path;
    fixture_open(fixture);
    fixture->config.path = fixture->path;
}

static void a_copy_holds_what_was_committed(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_CAPACITY];
    path_in(fixture, "copy", path);
    for (uint32_t key = 0; key < 100; key++) {
        assert_int_equal(store_apply(fixture->store, put_run, &key, NULL), 0);
    }
    assert_int_equal(copy_to(fixture, path, NULL), 0);
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_mode & 07777, 0600);
    uint32_t later = 100;
    assert_int_equal(store_apply(fixture->store, put_run, &later, NULL), 0);
    copy_is_opened(fixture, path);
    assert_true(store_moved(fixture->store));
    for (uint32_t key = 0; key < 100; key++) {
        assert_true(fixture_has(fixture, key));
    }
    assert_false(fixture_has(fixture, 100));
}

static void the_store_is_written_while_it_is_copied(void **state)
{
    struct fixture *fixture = *state;
    enum { COUNT = 64 };
    static struct note notes[COUNT];
    char path[PATH_CAPACITY];
    path_in(fixture, "copy", path);
    fixture_start(fixture, COUNT, 1);
    for (uint32_t i = 0; i < COUNT; i++) {
        notes[i] = note_of(fixture, ACT_PUT, i);
        assert_int_equal(note_submit(&notes[i]), 0);
    }
    assert_int_equal(copy_to(fixture, path, NULL), 0);
    notes_await(fixture, notes, COUNT);
    store_writer_stop(fixture->store);
    copy_is_opened(fixture, path);
    bool gone = false; /* a state that was: no gaps */
    for (uint32_t i = 0; i < COUNT; i++) {
        bool there = fixture_has(fixture, i);
        assert_false(there && gone);
        gone = !there;
    }
}

static void a_copy_replaces_nothing_and_leaves_no_half(void **state)
{
    struct fixture *fixture = *state;
    struct err_ctx err = {""};
    char path[PATH_CAPACITY];
    struct stat file;
    path_in(fixture, "copy", path);
    assert_int_equal(file_create(path, 0600, bytes_of_text("there"), NULL), 0);
    assert_int_equal(copy_to(fixture, path, &err), ERR_EXISTS);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(stat(path, &file), 0);
    assert_int_equal(file.st_size, 5);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(copy_to(fixture, path, NULL), ERR_EXISTS);
    assert_int_equal(unlink(path), 0);
    for (uint32_t key = 0; key < 100; key++) {
        assert_int_equal(store_apply(fixture->store, put_run, &key, NULL), 0);
    }
    const struct rlimit small = {.rlim_cur = 20000, .rlim_max = RLIM_INFINITY};
    const struct rlimit none = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    int rc = copy_to(fixture, path, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(rc, ERR_FULL);
    assert_int_equal(stat(path, &file), -1);
    path_in(fixture, "no/such/folder", path);
    assert_int_equal(copy_to(fixture, path, NULL), ERR_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_store_stays_where_it_is),
        TEST(a_file_put_in_its_place_has_moved),
        TEST(a_copied_store_has_moved_until_it_settles),
        TEST(a_marked_store_has_moved_at_the_next_open),
        TEST(another_machine_is_another_place),
        cmocka_unit_test_setup_teardown(a_full_store_that_moved_has_room, fixture_setup_closed,
                                        fixture_teardown),
        TEST(a_copy_holds_what_was_committed),
        TEST(the_store_is_written_while_it_is_copied),
        TEST(a_copy_replaces_nothing_and_leaves_no_half),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
