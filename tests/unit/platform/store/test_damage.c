/* A data file that was removed, replaced, garbled or cut short: it is said, with what to do, and
 * nothing that went into a file without a name counts as stored. */
#include "lib/cmocka_all.h"
#include "lib/folder.h"

#include "platform/host/host.h"
#include "platform/store/store.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENTRIES 400u

static const char *const tables[] = {"only"};

struct bench {
    char path[FOLDER_PATH_CAPACITY];
    char data[FOLDER_PATH_CAPACITY + 16];
    char other[FOLDER_PATH_CAPACITY + 16];
    struct store *store;
};

static int open_store(struct bench *bench, struct err_ctx *err)
{
    const struct store_config config = {.path = bench->path,
                                        .tables = tables,
                                        .table_count = 1,
                                        .map_bytes = 16u << 20,
                                        .format = 1,
                                        .mend = "do what the test says",
                                        .test_no_sync = true};
    return store_open(&config, &bench->store, err);
}

static int put_run(struct store_txn *txn, void *arg)
{
    static const uint8_t filler[1000];
    (void)arg;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint8_t key[4];
        put_be32(key, i);
        store_put(txn, 0, bytes_of(key, sizeof key), bytes_of(filler, sizeof filler));
    }
    return 0;
}

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL) {
        return -1;
    }
    folder_open(bench->path);
    (void)snprintf(bench->data, sizeof bench->data, "%s/data.mdb", bench->path);
    (void)snprintf(bench->other, sizeof bench->other, "%s/other", bench->path);
    *state = bench;
    assert_int_equal(open_store(bench, NULL), 0);
    assert_int_equal(store_apply(bench->store, put_run, NULL, NULL), 0);
    return 0;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;
    store_close(bench->store);
    folder_drop(bench->path);
    free(bench);
    return 0;
}

static void said(struct bench *bench, const char *why)
{
    struct err_ctx err = {""};
    assert_int_equal(store_latch_reason(bench->store, &err), ERR_STORAGE);
    assert_non_null(strstr(err.text, bench->path));
    assert_non_null(strstr(err.text, "data.mdb was removed or replaced while in use"));
    assert_non_null(strstr(err.text, why));
}

static void a_file_in_its_place_is_fine(void **state)
{
    struct bench *bench = *state;
    assert_true(store_check_file(bench->store));
    assert_false(store_latched(bench->store));
}

static void a_removed_file_is_noticed(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(unlink(bench->data), 0);
    assert_false(store_check_file(bench->store));
    said(bench, "No such file");
    assert_int_equal(store_apply(bench->store, put_run, NULL, NULL), ERR_STORAGE);
}

static void a_replaced_file_is_noticed(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(rename(bench->data, bench->other), 0);
    int fd = open(bench->data, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    assert_false(store_check_file(bench->store));
    said(bench, "Stale file handle");
}

static void what_went_into_it_is_not_stored(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(unlink(bench->data), 0);
    assert_int_equal(store_apply(bench->store, put_run, NULL, NULL), ERR_STORAGE);
    said(bench, "No such file");
}

static void a_garbled_file_is_named(void **state)
{
    static const uint8_t noise[8192] = {1, 2, 3};
    struct bench *bench = *state;
    struct err_ctx err = {""};
    store_close(bench->store);
    bench->store = NULL;
    int fd = open(bench->data, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, noise, sizeof noise, 0), (int)sizeof noise);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_store(bench, &err), ERR_IO);
    assert_non_null(strstr(err.text, bench->path));
    assert_non_null(strstr(err.text, "damaged"));
    assert_non_null(strstr(err.text, "do what the test says"));
}

static int read_all(struct store *store)
{
    struct store_txn *txn = NULL;
    struct bytes value;
    uint8_t sum = 0;
    int rc = store_read_begin(store, &txn, NULL);
    for (uint32_t i = 0; rc == 0 && i < ENTRIES; i++) {
        uint8_t key[4];
        put_be32(key, i);
        rc = store_get(txn, 0, bytes_of(key, sizeof key), &value);
        sum ^= rc == 0 ? value.data[value.len - 1] : 0;
    }
    store_read_end(txn);
    return rc != 0 ? rc : sum;
}

/* What a child says at its end, reading a store whose file ends after three pages. */
static void a_file_cut_short_is_named(void **state)
{
    struct bench *bench = *state;
    char text[2048] = "";
    int ends[2];
    int status = 0;
    store_close(bench->store);
    bench->store = NULL;
    assert_int_equal(truncate(bench->data, 12288), 0);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        int rc = host_init(NULL);
        rc = rc != 0 ? rc : open_store(bench, NULL);
        _exit(rc == 0 && read_all(bench->store) == 0 ? 0 : 1);
    }
    (void)close(ends[1]);
    ssize_t len = read(ends[0], text, sizeof text - 1);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 74);
    assert_true(len > 0);
    assert_non_null(strstr(text, "event=sigbus"));
    assert_non_null(strstr(text, bench->data));
    assert_non_null(strstr(text, "do what the test says"));
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_file_in_its_place_is_fine), BENCH(a_removed_file_is_noticed),
        BENCH(a_replaced_file_is_noticed),  BENCH(what_went_into_it_is_not_stored),
        BENCH(a_garbled_file_is_named),     BENCH(a_file_cut_short_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
