/* A disk that fails: each step of a commit breaks once, below a real LMDB.
 *
 * A commit is: data pages (pwrite or writev), fdatasync, then 120 bytes of a meta page (pwrite).
 * The system calls are defined here again and fail when told to; else they pass on. */
#include "unit/platform/store/fixture.h"

#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>

enum step { STEP_NONE, STEP_DATA, STEP_SYNC, STEP_META };

static atomic_int fail_step;    /* this step fails next */
static atomic_int fail_errno;   /* with this; 0: a short write */
static atomic_int fail_times;   /* so often */
static atomic_bool disk_full;   /* what statvfs says */
static atomic_uint disk_blocks; /* the same; 0: it does not say */
static atomic_int steps[4];     /* how often each was reached */

#define META_BYTES_MAX 4096

/* True when this step is to fail now. */
static bool fails(enum step step)
{
    atomic_fetch_add(&steps[step], 1);
    if (atomic_load(&fail_step) != (int)step || atomic_load(&fail_times) == 0) {
        return false;
    }
    atomic_fetch_sub(&fail_times, 1);
    errno = atomic_load(&fail_errno);
    return true;
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t at)
{
    enum step step = len < META_BYTES_MAX && at < 8192 ? STEP_META : STEP_DATA;
    if (fails(step)) {
        return errno != 0 ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, from, len / 2, at);
    }
    return (ssize_t)syscall(SYS_pwrite64, fd, from, len, at);
}

/* LMDB's only: others' writes go to descriptors that are no regular file. */
static bool is_file(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    if (is_file(fd) && fails(STEP_DATA)) {
        return errno != 0 ? -1 : (ssize_t)syscall(SYS_writev, fd, parts, 1);
    }
    return (ssize_t)syscall(SYS_writev, fd, parts, count);
}

int fdatasync(int fd)
{
    return fails(STEP_SYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int statvfs(const char *path, struct statvfs *ret)
{
    struct statfs fs;
    if (statfs(path, &fs) != 0) {
        return -1;
    }
    *ret = (struct statvfs){.f_frsize = 4096,
                            .f_blocks = atomic_load(&disk_blocks),
                            .f_bavail = atomic_load(&disk_full) ? 3 : 1u << 20};
    return 0;
}

static void fail_next(enum step step, int error, int times)
{
    atomic_store(&fail_step, step);
    atomic_store(&fail_errno, error);
    atomic_store(&fail_times, times);
}

static void assert_failed_as_told(void)
{
    assert_int_equal(atomic_load(&fail_times), 0);
}

static int setup(void **state)
{
    fail_next(STEP_NONE, 0, 0);
    atomic_store(&disk_full, false);
    atomic_store(&disk_blocks, 0);
    (void)fixture_setup(state);
    fixture_start(*state, 256, 64);
    return 0;
}

static struct note put(struct fixture *fixture, uint32_t key)
{
    struct note note = note_of(fixture, ACT_PUT, key);
    note.command.droppable = true;
    return note;
}

static void reopen(struct fixture *fixture)
{
    store_writer_stop(fixture->store);
    fixture_close(fixture);
    fixture_open(fixture);
    fixture_start(fixture, 64, 64);
}

/* The hooks are worth something only if LMDB runs into them. */
static void test_a_commit_has_three_steps(void **state)
{
    struct fixture *fixture = *state;
    for (int step = STEP_DATA; step <= STEP_META; step++) {
        atomic_store(&steps[step], 0);
    }
    assert_int_equal(note_alone(fixture, put(fixture, 1)), 0);
    assert_in_range(atomic_load(&steps[STEP_DATA]), 1, 4);
    assert_int_equal(atomic_load(&steps[STEP_SYNC]), 1);
    assert_int_equal(atomic_load(&steps[STEP_META]), 1);
}

/* ---- storage errors: latched, though LMDB itself would go on ---- */

static void assert_latches(struct fixture *fixture, enum step step, int error)
{
    struct err_ctx why = {""};
    assert_int_equal(note_alone(fixture, put(fixture, 1)), 0);
    assert_int_equal(store_latch_reason(fixture->store, &why), 0);
    struct note notes[] = {put(fixture, 2), note_of(fixture, ACT_FAIL, 0),
                           note_of(fixture, ACT_DELETE, 1)};
    fail_next(step, error, 1);
    notes_batch(fixture, notes, 3);
    assert_failed_as_told();
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(notes[i].rc, ERR_STORAGE);
    }
    assert_true(store_latched(fixture->store));
    assert_int_equal(store_latch_reason(fixture->store, &why), ERR_STORAGE);
    assert_non_null(strstr(why.text, "commit"));
    /* The disk is well again, and yet: */
    for (uint32_t i = 3; i < 6; i++) {
        assert_int_equal(note_alone(fixture, put(fixture, i)), ERR_STORAGE);
    }
    store_writer_stop(fixture->store);
    assert_int_equal(store_apply(fixture->store, note_run, &notes[0], &why), ERR_STORAGE);
    assert_non_null(strstr(why.text, "commit"));
}

static void assert_works_after_restart(struct fixture *fixture)
{
    reopen(fixture);
    assert_false(store_latched(fixture->store));
    assert_true(fixture_has(fixture, 1));
    assert_false(fixture_has(fixture, 2));
    assert_int_equal(note_alone(fixture, put(fixture, 7)), 0);
    assert_true(fixture_has(fixture, 7));
}

static void test_latched_by_data(void **state)
{
    assert_latches(*state, STEP_DATA, EIO);
    assert_works_after_restart(*state);
}

static void test_latched_by_read_only_disk(void **state)
{
    assert_latches(*state, STEP_DATA, EROFS);
    assert_works_after_restart(*state);
}

static void test_latched_by_sync(void **state)
{
    assert_latches(*state, STEP_SYNC, EIO);
    assert_works_after_restart(*state);
}

static void test_latched_by_meta(void **state)
{
    assert_latches(*state, STEP_META, EIO);
    assert_works_after_restart(*state);
}

/* "No space" from the meta page is no clean failure: what the disk holds is not known. */
static void test_latched_by_meta_on_a_full_disk(void **state)
{
    atomic_store(&disk_full, true);
    assert_latches(*state, STEP_META, ENOSPC);
}

static void test_latched_by_short_meta_on_a_full_disk(void **state)
{
    atomic_store(&disk_full, true);
    assert_latches(*state, STEP_META, 0);
}

static void test_latched_by_a_short_write_with_room(void **state)
{
    assert_latches(*state, STEP_DATA, 0);
    assert_works_after_restart(*state);
}

/* Commands that wait when it happens hear of it too. */
static void test_the_queue_hears_of_the_latch(void **state)
{
    struct fixture *fixture = *state;
    struct note notes[100]; /* 64 in the batch that fails, the others behind it */
    for (uint32_t i = 0; i < 100; i++) {
        notes[i] = put(fixture, i);
    }
    fail_next(STEP_SYNC, EIO, 1);
    notes_batch(fixture, notes, 100);
    assert_failed_as_told();
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(notes[i].rc, ERR_STORAGE);
        assert_int_equal(notes[i].runs, i < 64 ? 1 : 0);
    }
}

/* ---- a full disk: refused, not latched ---- */

static void assert_recovers(struct fixture *fixture)
{
    assert_failed_as_told();
    assert_false(store_latched(fixture->store));
    assert_false(fixture_has(fixture, 2));
    atomic_store(&disk_full, false);
    assert_int_equal(note_alone(fixture, put(fixture, 2)), 0);
    reopen(fixture);
    assert_true(fixture_has(fixture, 1) && fixture_has(fixture, 2));
}

static void test_disk_full(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        enum step step;
        int error;
    } cases[] = {{STEP_DATA, ENOSPC}, {STEP_DATA, EDQUOT}, {STEP_SYNC, ENOSPC}, {STEP_DATA, 0}};
    assert_int_equal(note_alone(fixture, put(fixture, 1)), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        atomic_store(&disk_full, cases[i].error == 0);
        fail_next(cases[i].step, cases[i].error, 1);
        assert_int_equal(note_alone(fixture, put(fixture, 2)), ERR_FULL);
        assert_recovers(fixture);
        assert_int_equal(note_alone(fixture, note_of(fixture, ACT_DELETE, 2)), 0);
    }
}

static void test_disk_full_spares_what_cannot_be_dropped(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(note_alone(fixture, put(fixture, 1)), 0);
    struct note notes[] = {put(fixture, 2), note_of(fixture, ACT_DELETE, 1), put(fixture, 3)};
    fail_next(STEP_DATA, ENOSPC, 1);
    notes_batch(fixture, notes, 3);
    assert_failed_as_told();
    assert_int_equal(notes[0].rc, ERR_FULL);
    assert_int_equal(notes[1].rc, 0);
    assert_int_equal(notes[2].rc, ERR_FULL);
    assert_false(fixture_has(fixture, 1) || fixture_has(fixture, 2) || fixture_has(fixture, 3));
}

static void test_disk_full_for_all(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(note_alone(fixture, put(fixture, 1)), 0);
    struct note notes[] = {put(fixture, 2), note_of(fixture, ACT_DELETE, 1)};
    fail_next(STEP_DATA, ENOSPC, 2); /* with all, then with what may not be dropped */
    notes_batch(fixture, notes, 2);
    assert_int_equal(notes[0].rc, ERR_FULL);
    assert_int_equal(notes[1].rc, ERR_FULL);
    assert_recovers(fixture);
}

/* The last of a disk is for what may not be dropped; nothing had to fail before. */
static void test_disk_nearly_full(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&disk_blocks, 1024); /* 4 MiB, of which 256 KiB are kept */
    assert_int_equal(note_alone(fixture, put(fixture, 1)), 0);
    assert_false(fixture_numbers(fixture).full);
    atomic_store(&disk_full, true);
    assert_true(fixture_numbers(fixture).full);
    struct note notes[] = {put(fixture, 2), note_of(fixture, ACT_PUT, 3)};
    notes_batch(fixture, notes, 2);
    assert_int_equal(notes[0].rc, ERR_FULL);
    assert_int_equal(notes[0].runs, 0);
    assert_int_equal(notes[1].rc, 0);
    assert_true(fixture_has(fixture, 3));
    assert_recovers(fixture);
}

static void test_apply_on_a_full_disk(void **state)
{
    struct fixture *fixture = *state;
    struct err_ctx err = {""};
    store_writer_stop(fixture->store);
    struct note note = put(fixture, 1);
    fail_next(STEP_DATA, ENOSPC, 1);
    assert_int_equal(store_apply(fixture->store, note_run, &note, &err), ERR_FULL);
    assert_non_null(strstr(err.text, "No space"));
    assert_int_equal(store_apply(fixture->store, note_run, &note, NULL), 0);
}

/* Nothing can be promised before the sync at opening. */
static void test_open_fails_without_its_sync(void **state)
{
    struct fixture *fixture = *state;
    struct err_ctx err = {""};
    store_writer_stop(fixture->store);
    fixture_close(fixture);
    fail_next(STEP_SYNC, EIO, 1);
    assert_int_equal(store_open(&fixture->config, &fixture->store, &err), ERR_IO);
    assert_non_null(strstr(err.text, "sync: "));
    assert_failed_as_told();
    fixture_open(fixture);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_commit_has_three_steps),
        TEST(test_latched_by_data),
        TEST(test_latched_by_read_only_disk),
        TEST(test_latched_by_sync),
        TEST(test_latched_by_meta),
        TEST(test_latched_by_meta_on_a_full_disk),
        TEST(test_latched_by_short_meta_on_a_full_disk),
        TEST(test_latched_by_a_short_write_with_room),
        TEST(test_the_queue_hears_of_the_latch),
        TEST(test_disk_full),
        TEST(test_disk_full_spares_what_cannot_be_dropped),
        TEST(test_disk_full_for_all),
        TEST(test_disk_nearly_full),
        TEST(test_apply_on_a_full_disk),
        TEST(test_open_fails_without_its_sync),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
