/* A store is its regency's, also when the entries that say so were deleted; a backup of another
 * regency's is not restored, and nothing is touched. */
#include "lib/cmocka_all.h"
#include "lib/folder.h"
#include "node/node.h"

#include <sodium.h>
#include <sys/stat.h>

#define OWNER "16.07"
#define OTHER "16.03"

struct bench {
    char path[FOLDER_PATH_CAPACITY];
    char file[FOLDER_PATH_CAPACITY + 16];
    char restored[FOLDER_PATH_CAPACITY + 16];
    struct store *store;
};

static int enrol_run(struct store_txn *txn, void *arg)
{
    struct node_meta meta = {.enrolment = 7, .urgent = {{1}}, .routine = {{2}}, .office = {{3}}};
    struct genesis genesis = {.direction = DIRECTION_UP,
                              .lane = LANE_URGENT,
                              .owner = bytes_of_text(OWNER),
                              .counterpart = bytes_of_text("16"),
                              .enrolment = 7};
    struct outlog log;
    (void)arg;
    meta_put_enrolment(txn, &meta);
    int rc = outlog_create(txn, &node_log_tables, &meta.urgent, &genesis, &log);
    genesis.lane = LANE_ROUTINE;
    return rc != 0 ? rc : outlog_create(txn, &node_log_tables, &meta.routine, &genesis, &log);
}

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL || sodium_init() < 0) {
        return -1;
    }
    folder_open(bench->path);
    (void)snprintf(bench->file, sizeof bench->file, "%s/backup", bench->path);
    (void)snprintf(bench->restored, sizeof bench->restored, "%s/restored", bench->path);
    const struct store_config config = {.path = bench->path,
                                        .tables = node_table_names,
                                        .table_count = NODE_TABLE_COUNT,
                                        .map_bytes = 64u << 20,
                                        .format = NODE_FORMAT,
                                        .test_no_sync = true};
    *state = bench;
    return store_open(&config, &bench->store, NULL);
}

static int bench_close(void **state)
{
    struct bench *bench = *state;
    store_close(bench->store);
    folder_drop(bench->path);
    free(bench);
    return 0;
}

static void enrol(struct bench *bench)
{
    assert_int_equal(store_apply(bench->store, enrol_run, NULL, NULL), 0);
}

static int delete_run(struct store_txn *txn, void *arg)
{
    uint8_t key[INCARNATION_BYTES + 8] = {*(const uint8_t *)arg};
    put_be64(key + INCARNATION_BYTES, 1);
    store_delete(txn, NODE_ENTRIES, bytes_of(key, sizeof key));
    return 0;
}

static void delete_genesis(struct bench *bench, uint8_t log)
{
    assert_int_equal(store_apply(bench->store, delete_run, &log, NULL), 0);
}

static int note_run(struct store_txn *txn, void *arg)
{
    meta_put_owner(txn, arg);
    return 0;
}

static void check_owner(struct bench *bench, const char *regency, int wanted, const char *owner)
{
    char found[NODE_OWNER_BYTES] = "?";
    assert_int_equal(node_check_owner(bench->store, regency, found, NULL), wanted);
    assert_string_equal(found, owner);
}

static void nobodys_before_the_first_enrolment(void **state)
{
    check_owner(*state, OTHER, 0, "");
}

static void the_regencys_as_long_as_anything_says_so(void **state)
{
    static char owner[] = OWNER;
    struct bench *bench = *state;
    enrol(bench);
    for (uint8_t log = 0; log <= 2; log++) {
        if (log == 2) { /* as with the deletion itself */
            assert_int_equal(store_apply(bench->store, note_run, owner, NULL), 0);
        }
        if (log > 0) {
            delete_genesis(bench, log);
        }
        check_owner(bench, OWNER, 0, OWNER);
        check_owner(bench, OTHER, ERR_CONFIG, OWNER);
    }
}

struct damage {
    uint8_t key[INCARNATION_BYTES + 8], value[1024];
    size_t at;
};

static int damage_run(struct store_txn *txn, void *arg)
{
    struct damage *damage = arg;
    struct bytes value;
    const struct bytes key = bytes_of(damage->key, sizeof damage->key);
    int rc = store_get(txn, NODE_ENTRIES, key, &value);
    if (rc != 0 || value.len > sizeof damage->value) {
        return ERR_LIMIT;
    }
    const size_t len = value.len;
    memcpy(damage->value, value.data, len);
    damage->value[damage->at % len] ^= 1;
    store_put(txn, NODE_ENTRIES, key, bytes_of(damage->value, len));
    damage->at++;
    return 0;
}

/* The other log says it still; nothing that a damaged byte says is believed. */
static void a_damaged_entry_stops_nobody(void **state)
{
    struct bench *bench = *state;
    struct damage damage = {.key = {1}};
    put_be64(damage.key + INCARNATION_BYTES, 1);
    enrol(bench);
    for (size_t i = 0; i < 400; i++) {
        assert_int_equal(store_apply(bench->store, damage_run, &damage, NULL), 0);
        check_owner(bench, OWNER, 0, OWNER);
        check_owner(bench, OTHER, ERR_CONFIG, OWNER);
    }
}

static int restore(struct bench *bench, char *regency, struct err_ctx *err)
{
    const struct conf_node conf = {.regency = regency, .store = bench->restored};
    return node_restore(&conf, bench->file, false, err);
}

static void a_backup_goes_back_to_its_own_regency_only(void **state)
{
    static char owner[] = OWNER;
    static char other[] = OTHER;
    struct bench *bench = *state;
    const struct store_copy copy = {.path = bench->file, .kind = "node"};
    struct err_ctx err = {""};
    struct stat info;
    enrol(bench);
    assert_int_equal(store_copy(bench->store, &copy, NULL), 0);
    int rc = restore(bench, other, &err);
    assert_int_equal(rc, ERR_CONFIG);
    assert_non_null(strstr(err.text, "backup of node " OWNER));
    assert_non_null(strstr(err.text, "those of node " OTHER));
    assert_int_equal(stat(bench->restored, &info), -1);
    assert_int_equal(restore(bench, owner, &err), 0);
    assert_int_equal(stat(bench->restored, &info), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobodys_before_the_first_enrolment),
        TEST(the_regencys_as_long_as_anything_says_so),
        TEST(a_damaged_entry_stops_nobody),
        TEST(a_backup_goes_back_to_its_own_regency_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
