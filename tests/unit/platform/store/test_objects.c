/* Objects on the disk: what has its name is whole and synced, whatever fails or dies when.
 *
 * The calls that change the disk are defined here again: they are written down, fail or end the
 * process when told to, and else pass on. */
#include "lib/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/limits.h"
#include "lib/folder.h"
#include "platform/store/objects.h"

#define FILE_BYTES 150000u
#define PIECE 65536u
#define BUDGET 400000u

enum call { CALL_ALLOCATE, CALL_WRITE, CALL_SYNC, CALL_NAME, CALL_SYNC_FOLDER };
static char calls[64]; /* a letter for each that was made */
static size_t call_count;
static int fail_call = -1; /* this one fails */
static int fail_errno;
static int die_at = -1; /* the process ends before this one, counted from 0 */

/* True: it is to fail now. */
static bool made(enum call call)
{
    static const char letters[] = "awsnf";
    if (die_at >= 0 && call_count == (size_t)die_at) {
        _exit(9);
    }
    if (call_count < sizeof calls - 1) {
        calls[call_count++] = letters[call];
        calls[call_count] = '\0';
    }
    errno = fail_errno;
    return fail_call == (int)call;
}

static void watch(int call, int error)
{
    call_count = 0;
    calls[0] = '\0';
    fail_call = call;
    fail_errno = error;
}

int posix_fallocate(int fd, off_t at, off_t len)
{
    if (made(CALL_ALLOCATE)) {
        return fail_errno;
    }
    return syscall(SYS_fallocate, fd, 0, at, len) == 0 ? 0 : errno;
}

ssize_t pwrite(int fd, const void *from, size_t len, off_t at)
{
    return made(CALL_WRITE) ? -1 : (ssize_t)syscall(SYS_pwrite64, fd, from, len, at);
}

int fsync(int fd)
{
    struct stat info;
    assert_int_equal(fstat(fd, &info), 0);
    enum call call = S_ISDIR(info.st_mode) ? CALL_SYNC_FOLDER : CALL_SYNC;
    return made(call) ? -1 : (int)syscall(SYS_fsync, fd);
}

int renameat2(int from, const char *old_name, int to, const char *new_name, unsigned flags)
{
    return made(CALL_NAME) ? -1 : (int)syscall(SYS_renameat2, from, old_name, to, new_name, flags);
}

static char folder[FOLDER_PATH_CAPACITY];
static uint8_t content[FILE_BYTES];
static struct hash name;
static struct objects *objects;

static void open_objects(void)
{
    char path[FOLDER_PATH_CAPACITY + 16];
    (void)snprintf(path, sizeof path, "%s/objects", folder);
    assert_int_equal(objects_open(path, BUDGET, &objects, NULL), 0);
}

static int begin_test(void **state)
{
    (void)state;
    watch(-1, 0);
    folder_open(folder);
    for (size_t i = 0; i < sizeof content; i++) {
        content[i] = (uint8_t)(i * 2654435761u >> 24);
    }
    (void)crypto_hash_sha256(name.b, content, sizeof content);
    open_objects();
    return 0;
}

static int end_test(void **state)
{
    (void)state;
    watch(-1, 0);
    objects_close(objects);
    folder_drop(folder);
    return 0;
}

/* All of it into a draft that was begun; the first error. */
static int fill(struct object_draft *draft)
{
    int rc = 0;
    for (size_t at = 0; at < sizeof content && rc == 0; at += PIECE) {
        size_t left = sizeof content - at;
        rc = objects_write(draft, at, bytes_of(content + at, left < PIECE ? left : PIECE), NULL);
    }
    return rc;
}

static int add(const struct hash *named)
{
    struct object_draft *draft = NULL;
    struct hash found;
    int rc = objects_begin(objects, named, sizeof content, &draft, NULL);
    if (rc != 0) {
        return rc;
    }
    rc = fill(draft);
    if (rc == 0) {
        rc = objects_finish(draft, &found, NULL);
        assert_true(rc != 0 || hash_equal(&found, &name));
    }
    objects_leave(draft);
    return rc;
}

/* Here and whole, byte for byte. */
static bool is_here(void)
{
    static uint8_t back[FILE_BYTES];
    uint64_t size = 0;
    if (objects_size(objects, &name, &size, NULL) != 0) {
        return false;
    }
    assert_int_equal(size, sizeof content);
    assert_int_equal(objects_read(objects, &name, 0, back, sizeof back, NULL), 0);
    assert_memory_equal(back, content, sizeof content);
    return true;
}

static void a_file_is_named_after_it_is_synced(void **state)
{
    (void)state;
    const struct hash *ways[] = {NULL, &name};
    for (size_t i = 0; i < 2; i++) {
        watch(-1, 0);
        assert_int_equal(add(ways[i]), i == 0 ? 0 : ERR_EXISTS);
        assert_string_equal(calls, i == 0 ? "awwwsnf" : "");
        assert_true(is_here());
        assert_int_equal(objects_bytes(objects), sizeof content);
    }
    assert_int_equal(add(NULL), ERR_EXISTS); /* copied once more: known only when hashed */
    assert_int_equal(objects_bytes(objects), sizeof content);
}

static void a_range_is_read(void **state)
{
    (void)state;
    uint8_t back[100];
    assert_int_equal(objects_read(objects, &name, 0, back, 1, NULL), ERR_NOT_FOUND);
    assert_int_equal(add(NULL), 0);
    assert_int_equal(objects_read(objects, &name, 77777, back, sizeof back, NULL), 0);
    assert_memory_equal(back, content + 77777, sizeof back);
    assert_int_equal(objects_read(objects, &name, FILE_BYTES - 99, back, 100, NULL), ERR_VALUE);
    assert_int_equal(objects_read(objects, &name, UINT64_MAX, back, 2, NULL), ERR_VALUE);
}

static void another_file_does_not_get_the_name(void **state)
{
    (void)state;
    struct hash other = name;
    other.b[31] ^= 1;
    assert_int_equal(add(&other), ERR_CHAIN);
    assert_int_equal(objects_bytes(objects), 0);
    uint64_t size = 0;
    assert_int_equal(objects_size(objects, &other, &size, NULL), ERR_NOT_FOUND);
}

static void full_is_an_answer(void **state)
{
    (void)state;
    struct object_draft *draft = NULL;
    struct object_draft *more = NULL;
    assert_int_equal(objects_begin(objects, NULL, 0, &draft, NULL), ERR_LIMIT);
    assert_int_equal(objects_begin(objects, NULL, OBJECT_BYTES_MAX + 1ull, &draft, NULL),
                     ERR_LIMIT);
    assert_int_equal(objects_begin(objects, &name, BUDGET, &draft, NULL), 0);
    assert_int_equal(objects_begin(objects, NULL, 1, &more, NULL), ERR_FULL);
    objects_leave(draft); /* stays, as what is being fetched does */
    assert_int_equal(objects_bytes(objects), BUDGET);
    assert_int_equal(objects_begin(objects, &name, BUDGET - 1, &draft, NULL), ERR_VALUE);
    assert_int_equal(objects_begin(objects, &name, BUDGET, &draft, NULL), 0);
    objects_give_up(draft);
    objects_leave(draft);
    assert_int_equal(objects_bytes(objects), 0);
    assert_int_equal(add(NULL), 0);
}

static void a_disk_that_fails_leaves_nothing(void **state)
{
    (void)state;
    static const struct {
        enum call call;
        int error, want;
    } rows[] = {{CALL_ALLOCATE, ENOSPC, ERR_FULL}, {CALL_WRITE, ENOSPC, ERR_FULL},
                {CALL_WRITE, EIO, ERR_IO},         {CALL_SYNC, EIO, ERR_IO},
                {CALL_NAME, ENOSPC, ERR_FULL},     {CALL_SYNC_FOLDER, EIO, ERR_IO}};
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof rows[0]); i++) {
        watch((int)rows[i / 2].call, rows[i / 2].error);
        int rc = add(i % 2 == 0 ? NULL : &name);
        if (rc != rows[i / 2].want || is_here() || objects_bytes(objects) != 0) {
            fail_msg("row %zu: %s, %llu bytes", i, err_name(rc),
                     (unsigned long long)objects_bytes(objects));
        }
    }
    watch(-1, 0);
    assert_int_equal(add(&name), 0);
    assert_true(is_here());
}

static void what_is_fetched_is_gone_on_with(void **state)
{
    (void)state;
    static uint8_t back[PIECE];
    const struct bytes list = bytes_of(content, 96);
    struct object_draft *draft = NULL;
    assert_int_equal(objects_begin(objects, &name, FILE_BYTES, &draft, NULL), 0);
    assert_int_equal(objects_kept_list(draft, back, 96, NULL), ERR_NOT_FOUND);
    assert_int_equal(objects_keep_list(draft, list, NULL), 0);
    assert_int_equal(objects_write(draft, PIECE, bytes_of(content + PIECE, PIECE), NULL), 0);
    objects_leave(draft);
    objects_close(objects);
    open_objects();
    assert_int_equal(objects_bytes(objects), FILE_BYTES);
    assert_false(is_here());
    assert_int_equal(objects_begin(objects, &name, FILE_BYTES, &draft, NULL), 0);
    assert_int_equal(objects_kept_list(draft, back, 64, NULL), ERR_NOT_FOUND);
    assert_int_equal(objects_kept_list(draft, back, 96, NULL), 0);
    assert_memory_equal(back, content, 96);
    assert_int_equal(objects_left(draft, PIECE, back, PIECE, NULL), 0);
    assert_memory_equal(back, content + PIECE, PIECE);
    objects_leave(draft);
    assert_int_equal(add(&name), 0);
    assert_int_equal(objects_bytes(objects), FILE_BYTES);
}

/* The process ends before its n-th call, for every n: what has the name is whole. */
static void killed_at_every_step(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        const struct hash *named = way == 0 ? NULL : &name;
        int status = 9 << 8;
        for (int n = 0; status == 9 << 8; n++) {
            watch(-1, 0);
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                die_at = n;
                _exit(add(named) == 0 ? 0 : 1);
            }
            assert_int_equal(waitpid(child, &status, 0), child);
            objects_close(objects);
            open_objects();
            bool ended = WIFEXITED(status) && WEXITSTATUS(status) == 0;
            assert_true(ended || status == 9 << 8);
            assert_int_equal(is_here(), n >= 6); /* awwwsn done, f not */
            /* A copy is swept; what is fetched stays, once it has its size. */
            assert_int_equal(objects_bytes(objects),
                             n >= 6 || (way == 1 && n > 0) ? FILE_BYTES : 0);
            assert_true(n < 6 || add(named) == ERR_EXISTS);
            if (n == 6) {
                break; /* it is here: nothing more can be begun */
            }
        }
        objects_close(objects);
        folder_drop(folder);
        folder_open(folder);
        open_objects();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_file_is_named_after_it_is_synced, begin_test, end_test),
        cmocka_unit_test_setup_teardown(a_range_is_read, begin_test, end_test),
        cmocka_unit_test_setup_teardown(another_file_does_not_get_the_name, begin_test, end_test),
        cmocka_unit_test_setup_teardown(full_is_an_answer, begin_test, end_test),
        cmocka_unit_test_setup_teardown(a_disk_that_fails_leaves_nothing, begin_test, end_test),
        cmocka_unit_test_setup_teardown(what_is_fetched_is_gone_on_with, begin_test, end_test),
        cmocka_unit_test_setup_teardown(killed_at_every_step, begin_test, end_test),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
