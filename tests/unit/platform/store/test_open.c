/* Opening: who is refused, what is synced before anything is read, and readers that died.
 *
 * Some functions of libc and LMDB are defined here again, watch, and pass on to the real ones. */
#include "unit/platform/store/fixture.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <lmdb.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "platform/store/store_private.h"

static struct {
    unsigned forced_syncs;
    unsigned transactions_before_sync;
    ino_t synced[16]; /* of fsync, in order */
    size_t synced_count;
    uint32_t file_system; /* what statfs says, when not 0 */
} seen;

static void *next_of(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    assert_non_null(found);
    return found;
}

int mdb_env_sync(MDB_env *env, int force)
{
    union {
        void *found;
        int (*call)(MDB_env *env, int force);
    } real = {.found = next_of("mdb_env_sync")};
    seen.forced_syncs += force == 1;
    return real.call(env, force);
}

int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
    union {
        void *found;
        int (*call)(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn);
    } real = {.found = next_of("mdb_txn_begin")};
    seen.transactions_before_sync += seen.forced_syncs == 0;
    return real.call(env, parent, flags, txn);
}

int fsync(int fd)
{
    struct stat info;
    if (fstat(fd, &info) == 0 && seen.synced_count < sizeof seen.synced / sizeof seen.synced[0]) {
        seen.synced[seen.synced_count++] = info.st_ino;
    }
    return (int)syscall(SYS_fsync, fd);
}

int statfs(const char *path, struct statfs *ret)
{
    int rc = (int)syscall(SYS_statfs, path, ret);
    if (rc == 0 && seen.file_system != 0) {
        ret->f_type = (__typeof__(ret->f_type))seen.file_system;
    }
    return rc;
}

static bool was_synced(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    for (size_t i = 0; i < seen.synced_count; i++) {
        if (seen.synced[i] == info.st_ino) {
            return true;
        }
    }
    return false;
}

static int open_rc(const struct store_config *config, struct err_ctx *err)
{
    struct store *store = NULL;
    int rc = store_open(config, &store, err);
    store_close(store);
    return rc;
}

static void file_of(const struct fixture *fixture, const char *name, char to[256])
{
    (void)snprintf(to, 256, "%s/%s", fixture->path, name);
}

static int put_one(struct store_txn *txn, void *arg)
{
    fixture_put(txn, *(uint32_t *)arg, 16);
    return 0;
}

static void apply_put(struct fixture *fixture, uint32_t key)
{
    assert_int_equal(store_apply(fixture->store, put_one, &key, NULL), 0);
}

/* ---- syncing ---- */

static void test_synced_before_anything_is_read(void **state)
{
    struct fixture *fixture = *state;
    for (unsigned again = 0; again < 2; again++) {
        memset(&seen, 0, sizeof seen);
        fixture_open(fixture);
        assert_int_equal(seen.forced_syncs, again == 0 ? 2 : 1); /* one more as it is made */
        assert_int_equal(seen.transactions_before_sync, 0);
        fixture_close(fixture);
    }
}

/* The power went while the first start made its file: the next one begins anew. */
static void test_a_half_made_file_is_made_again(void **state)
{
    static const char half[5000] = "half of an environment";
    struct fixture *fixture = *state;
    char path[256];
    file_of(fixture, "data.new", path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(write(fd, half, sizeof half), sizeof half);
    assert_int_equal(close(fd), 0);
    fixture_open(fixture);
    apply_put(fixture, 1);
    fixture_close(fixture);
    assert_int_equal(access(path, F_OK), -1);
    fixture_open(fixture);
}

static void test_folders_are_synced(void **state)
{
    struct fixture *fixture = *state;
    char inner[256];
    file_of(fixture, "inner", inner);
    fixture->config.path = inner;
    fixture_open(fixture);
    fixture_close(fixture);
    memset(&seen, 0, sizeof seen); /* the power may have failed between making and syncing */
    fixture_open(fixture);
    assert_true(was_synced(inner));         /* it names data.mdb */
    assert_true(was_synced(fixture->path)); /* it names inner */
    struct stat info;
    assert_int_equal(stat(inner, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
}

/* ---- who is refused ---- */

static void test_a_second_process_is_refused(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(open_rc(&fixture->config, NULL) == ERR_BUSY ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);

    struct err_ctx err = {""};
    assert_int_equal(open_rc(&fixture->config, &err), ERR_BUSY); /* nor twice in one process */
    assert_non_null(strstr(err.text, fixture->path));
    struct store_config look = fixture->config;
    look.read_only = true;
    assert_int_equal(open_rc(&look, NULL), ERR_BUSY);

    apply_put(fixture, 1); /* being knocked at did no harm */
    fixture_close(fixture);
    assert_int_equal(open_rc(&fixture->config, NULL), 0);
}

static void test_lock_files_may_vanish(void **state)
{
    struct fixture *fixture = *state;
    char path[256];
    fixture_open(fixture);
    file_of(fixture, "lock.mdb", path);
    assert_int_equal(unlink(path), 0);
    file_of(fixture, "lock", path);
    assert_true(unlink(path) == 0 || errno == ENOENT);
    assert_int_equal(open_rc(&fixture->config, NULL), ERR_BUSY);
    apply_put(fixture, 1);
}

static void test_another_format_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct err_ctx err = {""};
    fixture_open(fixture);
    fixture_close(fixture);
    for (uint32_t format = FIXTURE_FORMAT - 1; format <= FIXTURE_FORMAT + 1; format++) {
        fixture->config.format = format;
        int wanted = format == FIXTURE_FORMAT ? 0 : ERR_VERSION;
        assert_int_equal(open_rc(&fixture->config, &err), wanted);
    }
    assert_non_null(strstr(err.text, "it has format 7, this program knows 8"));
}

/* Someone else's LMDB: it must stay as it is. */
static void test_a_foreign_store_is_refused(void **state)
{
    struct fixture *fixture = *state;
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi dbi;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
    assert_int_equal(mdb_env_open(env, fixture->path, 0, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, "theirs", MDB_CREATE, &dbi), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
    for (unsigned again = 0; again < 2; again++) {
        assert_int_equal(open_rc(&fixture->config, NULL), ERR_VERSION);
    }
}

static void test_garbage_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char garbage[8192] = "not a store";
    char file[256];
    struct err_ctx err = {""};
    file_of(fixture, "data.mdb", file);
    int fd = open(file, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, garbage, sizeof garbage), sizeof garbage);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_rc(&fixture->config, &err), ERR_IO);
    assert_non_null(strstr(err.text, "data file"));
}

static void test_a_network_disk_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const uint32_t magics[] = {0x6969u, 0x517Bu, 0xFF534D42u, 0xFE534D42u};
    char file[256];
    file_of(fixture, "data.mdb", file);
    for (size_t i = 0; i < 4; i++) {
        struct err_ctx err = {""};
        seen.file_system = magics[i];
        assert_int_equal(open_rc(&fixture->config, &err), ERR_IO);
        assert_non_null(strstr(err.text, "network file system"));
        assert_int_equal(access(file, F_OK), -1); /* nothing was begun there */
    }
    seen.file_system = 0xEF53u; /* ext4 */
    assert_int_equal(open_rc(&fixture->config, NULL), 0);
    seen.file_system = 0;
}

static void test_read_only(void **state)
{
    struct fixture *fixture = *state;
    struct store_config look = fixture->config;
    char file[256];
    look.read_only = true;
    file_of(fixture, "data.mdb", file);
    assert_int_equal(open_rc(&look, NULL), ERR_IO);
    assert_int_equal(access(file, F_OK), -1);

    fixture_open(fixture);
    apply_put(fixture, 5);
    fixture_close(fixture);
    fixture->config.read_only = true;
    fixture_open(fixture);
    assert_true(fixture_has(fixture, 5));
    uint32_t key = 6;
    assert_int_equal(store_apply(fixture->store, put_one, &key, NULL), ERR_STATE);
    struct store_writer_config writer = {.store = fixture->store, .queue_max = 1, .batch_max = 1};
    assert_int_equal(store_writer_start(&writer, NULL), ERR_STATE);
    assert_int_equal(open_rc(&look, NULL), 0); /* several may look */
}

/* ---- readers that died ---- */

/* Another process with a read transaction on our environment, killed in the middle of it. */
static pid_t reader_start(const struct fixture *fixture, unsigned readers_max)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        MDB_env *env = NULL;
        MDB_txn *txn = NULL;
        bool good = mdb_env_create(&env) == 0 && mdb_env_set_maxreaders(env, readers_max) == 0 &&
                    mdb_env_open(env, fixture->path, MDB_NOTLS, 0600) == 0 &&
                    mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0;
        byte = good ? 'y' : 'n';
        (void)!write(ready[1], &byte, 1);
        for (;;) {
            (void)pause();
        }
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    (void)close(ready[0]);
    (void)close(ready[1]);
    return child;
}

static void reader_kill(pid_t child)
{
    int status = 0;
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void test_a_dead_readers_slot_is_taken_back(void **state)
{
    struct fixture *fixture = *state;
    struct store_txn *txn = NULL;
    fixture->config.readers_max = 1;
    fixture_open(fixture);
    pid_t child = reader_start(fixture, 1);
    assert_int_equal(store_read_begin(fixture->store, &txn, NULL), ERR_AGAIN);
    reader_kill(child);
    assert_int_equal(store_read_begin(fixture->store, &txn, NULL), 0);
    assert_int_equal(atomic_load(&fixture->store->stale_readers_cleared), 1);
    assert_false(store_latched(fixture->store));
    store_read_end(txn);
}

static void test_dead_readers_are_looked_for_each_minute(void **state)
{
    struct fixture *fixture = *state;
    fixture_open(fixture);
    pid_t child = reader_start(fixture, 126);
    uint64_t due_ms = fixture->store->readers_check_at_ms;
    store_housekeep(fixture->store, due_ms);
    assert_int_equal(fixture_numbers(fixture).stale_readers_cleared, 0); /* it lives */
    reader_kill(child);
    store_housekeep(fixture->store, due_ms + STORE_READERS_CHECK_MS - 1);
    assert_int_equal(fixture_numbers(fixture).stale_readers_cleared, 0); /* not due */
    store_housekeep(fixture->store, due_ms + STORE_READERS_CHECK_MS);
    assert_int_equal(fixture_numbers(fixture).stale_readers_cleared, 1);
    assert_int_equal(STORE_READERS_CHECK_MS, 60000);
}

/* Overwrites one value far more often than the map has room, which works only if the pages of the
 * old ones come back. */
static void overwrite(struct fixture *fixture, unsigned times)
{
    struct note note = note_of(fixture, ACT_PUT, 1);
    note.value_bytes = 50000;
    for (unsigned i = 0; i < times; i++) {
        assert_int_equal(note_alone(fixture, note), 0);
    }
}

static void test_a_dead_reader_does_not_fill_the_map(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.map_bytes = 256u << 10;
    fixture_open(fixture);
    fixture_start(fixture, 4, 4);
    overwrite(fixture, 2);
    pid_t child = reader_start(fixture, 126);
    overwrite(fixture, 2);
    reader_kill(child);
    overwrite(fixture, 60);
    assert_int_equal(fixture_numbers(fixture).stale_readers_cleared, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup_closed, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_synced_before_anything_is_read),
        TEST(test_a_half_made_file_is_made_again),
        TEST(test_folders_are_synced),
        TEST(test_a_second_process_is_refused),
        TEST(test_lock_files_may_vanish),
        TEST(test_another_format_is_refused),
        TEST(test_a_foreign_store_is_refused),
        TEST(test_garbage_is_refused),
        TEST(test_a_network_disk_is_refused),
        TEST(test_read_only),
        TEST(test_a_dead_readers_slot_is_taken_back),
        TEST(test_dead_readers_are_looked_for_each_minute),
        TEST(test_a_dead_reader_does_not_fill_the_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
