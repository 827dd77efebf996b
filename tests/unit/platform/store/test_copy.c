/* Copies of a store: what is no copy, or no whole one, is never opened; what is one is the store.
 */
#include "unit/platform/store/fixture.h"

#include <signal.h>
#include <sodium.h>
#include <sys/stat.h>

#include "platform/host/host.h"

#define PATH_CAPACITY (FOLDER_PATH_CAPACITY + 64)
#define KEYS 60u

static void path_in(const struct fixture *fixture, const char *name, char to[PATH_CAPACITY])
{
    int len = snprintf(to, PATH_CAPACITY, "%s/%s", fixture->path, name);
    assert_true(len > 0 && (size_t)len < PATH_CAPACITY);
}

static int fill_run(struct store_txn *txn, void *arg)
{
    (void)arg;
    for (uint32_t key = 0; key < KEYS; key++) {
        fixture_put(txn, key, 500 + key * 40);
    }
    return 0;
}

/* A store with something in it, and a copy of it; *ret is malloc'ed. */
static void copy_make(struct fixture *fixture, char path[PATH_CAPACITY], uint8_t **ret,
                      size_t *ret_len)
{
    path_in(fixture, "copy", path);
    const struct store_copy copy = {.path = path, .kind = "fixture"};
    assert_int_equal(store_apply(fixture->store, fill_run, NULL, NULL), 0);
    assert_int_equal(store_copy(fixture->store, &copy, NULL), 0);
    assert_int_equal(file_read(path, 64u << 20, ret, ret_len, NULL), 0);
}

static int check_bytes(const char *path, const uint8_t *data, size_t len)
{
    struct store_copy_facts facts = {.bytes = 4711};
    struct err_ctx err = {""};
    assert_int_equal(file_replace(path, 0600, bytes_of(data, len), NULL), 0);
    int rc = store_copy_check(path, NULL, &facts, &err);
    assert_true(rc == 0 || (facts.bytes == 4711 && strstr(err.text, path) != NULL));
    return rc;
}

static void a_copy_says_what_it_is(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_CAPACITY];
    uint8_t *data = NULL;
    size_t len = 0;
    struct store_copy_facts facts;
    struct hash hash;
    copy_make(fixture, path, &data, &len);
    assert_int_equal(store_copy_check(path, NULL, &facts, NULL), 0);
    assert_string_equal(facts.kind, "fixture");
    assert_int_equal(facts.bytes, len);
    assert_int_equal(facts.data_bytes % 4096, 0);
    assert_true(facts.data_bytes < len && len - facts.data_bytes < 4096);
    assert_int_equal(crypto_generichash(hash.b, HASH_BYTES, data, len, NULL, 0), 0);
    assert_true(hash_equal(&facts.blake2b, &hash));
    free(data);
}

static void one_that_was_cut_or_changed_is_none(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_CAPACITY];
    uint8_t *data = NULL;
    size_t len = 0;
    copy_make(fixture, path, &data, &len);
    for (size_t cut = 0; cut < len; cut += cut < len - 200 ? 4096 : 1) {
        assert_int_equal(check_bytes(path, data, cut), ERR_FORMAT);
    }
    for (size_t at = 0; at < len; at += at < len - 200 ? 1021 : 1) {
        data[at] ^= 0x10;
        assert_int_equal(check_bytes(path, data, len), ERR_FORMAT);
        data[at] ^= 0x10;
    }
    /* file_read gives a NUL behind what it read. */
    assert_int_equal(check_bytes(path, data, len + 1), ERR_FORMAT);
    assert_int_equal(check_bytes(path, data, len), 0);
    free(data);
    path_in(fixture, "data.mdb", path); /* what cp makes */
    struct store_copy_facts facts;
    assert_int_equal(store_copy_check(path, NULL, &facts, NULL), ERR_FORMAT);
    assert_int_equal(store_copy_check(fixture->path, NULL, &facts, NULL), ERR_FORMAT);
    path_in(fixture, "nothing", path);
    assert_int_equal(store_copy_check(path, NULL, &facts, NULL), ERR_NOT_FOUND);
}

static void one_is_opened_as_it_is(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_CAPACITY];
    uint8_t *data = NULL;
    size_t len = 0;
    struct err_ctx err = {""};
    copy_make(fixture, path, &data, &len);
    free(data);
    struct store *store = fixture->store;
    struct store_config config = fixture->config;
    config.path = path;
    config.map_bytes = 1;
    config.read_only = true;
    config.file = true;
    assert_int_equal(store_open(&config, &fixture->store, NULL), 0);
    for (uint32_t key = 0; key < KEYS; key++) {
        assert_true(fixture_has(fixture, key));
    }
    assert_int_equal(store_apply(fixture->store, fill_run, NULL, NULL), ERR_STATE);
    store_close(fixture->store);
    fixture->store = store;
    config.format++;
    assert_int_equal(store_open(&config, &store, &err), ERR_VERSION);
    static const char *const others[] = {"one", "three"};
    config.format--;
    config.tables = others;
    assert_int_equal(store_open(&config, &store, &err), ERR_IO);
    assert_non_null(strstr(err.text, "three"));
    char beside[PATH_CAPACITY];
    struct stat info;
    path_in(fixture, "copy-lock", beside); /* what LMDB would make */
    assert_int_equal(stat(beside, &info), -1);
}

static void one_becomes_a_store(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_CAPACITY];
    char folder[PATH_CAPACITY];
    uint8_t *data = NULL;
    size_t len = 0;
    copy_make(fixture, path, &data, &len);
    free(data);
    path_in(fixture, "new", folder);
    assert_int_equal(store_copy_unpack(path, folder, NULL), ERR_NOT_FOUND);
    assert_int_equal(folder_make(folder, NULL), 0);
    assert_int_equal(store_copy_unpack(path, folder, NULL), 0);
    assert_int_equal(store_copy_unpack(path, folder, NULL), ERR_EXISTS);
    fixture_close(fixture);
    fixture->config.path = folder;
    fixture_open(fixture);
    fixture->config.path = fixture->path;
    assert_true(store_moved(fixture->store));
    for (uint32_t key = 0; key < KEYS; key++) {
        assert_true(fixture_has(fixture, key));
    }
}

/* ---- giving up ---- */

struct patience {
    uint64_t most, last;
};

static bool go_on(void *arg, uint64_t done)
{
    struct patience *patience = arg;
    assert_true(done > patience->last);
    patience->last = done;
    return done <= patience->most;
}

static void one_is_given_up_at_once(void **state)
{
    struct fixture *fixture = *state;
    char path[PATH_CAPACITY];
    struct stat info;
    path_in(fixture, "copy", path);
    assert_int_equal(store_apply(fixture->store, fill_run, NULL, NULL), 0);
    struct patience patience = {.most = 0};
    struct store_watch watch = {.go_on = go_on, .arg = &patience};
    const struct store_copy copy = {.path = path, .kind = "fixture", .watch = &watch};
    (void)signal(SIGPIPE, SIG_IGN); /* as host_init does */
    assert_int_equal(store_copy(fixture->store, &copy, NULL), ERR_GONE);
    assert_int_equal(stat(path, &info), -1);
    patience = (struct patience){.most = UINT64_MAX};
    assert_int_equal(store_copy(fixture->store, &copy, NULL), 0);
    assert_int_equal(stat(path, &info), 0);
    assert_true(patience.last > 0 && patience.last <= (uint64_t)info.st_size);
    struct store_copy_facts facts;
    patience = (struct patience){.most = 0};
    assert_int_equal(store_copy_check(path, &watch, &facts, NULL), ERR_GONE);
    /* The store itself has not noticed. */
    assert_true(fixture_has(fixture, KEYS - 1));
    assert_int_equal(store_apply(fixture->store, fill_run, NULL, NULL), 0);
}

static int sodium_start(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_copy_says_what_it_is),  TEST(one_that_was_cut_or_changed_is_none),
        TEST(one_is_opened_as_it_is),  TEST(one_becomes_a_store),
        TEST(one_is_given_up_at_once),
    };
    return cmocka_run_group_tests(tests, sodium_start, NULL);
}
