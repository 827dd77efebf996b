/* Keys that an active enrolment has are nobody else's; those of a revoked one may come again. */
#include "lib/cmocka_all.h"
#include "lib/folder.h"

#include "aggregator/doors.h"

struct bench {
    char path[FOLDER_PATH_CAPACITY];
    struct store *store;
};

static int put_run(struct store_txn *txn, void *arg)
{
    const struct node_view *node = arg;
    uint8_t value[512];
    uint8_t key[16] = {0};
    size_t len = node_view_encode(node, value, sizeof value);
    memcpy(key, node->regency.data, node->regency.len);
    put_be64(key + 6, node->number);
    store_put(txn, VIEW_NODES, bytes_of(key, 14), bytes_of(value, len));
    return 0;
}

/* Its CURVE key begins with the number, its signing key with the number and 100. */
static struct node_view node_of(uint8_t number, const char *regency)
{
    return (struct node_view){.state = NODE_ACTIVE,
                              .number = number,
                              .regency = bytes_of_text(regency),
                              .curve_key = {{number}},
                              .signing_key = {{(uint8_t)(number + 100)}}};
}

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL) {
        return -1;
    }
    folder_open(bench->path);
    const struct store_config config = {.path = bench->path,
                                        .tables = view_table_names,
                                        .table_count = VIEW_TABLE_COUNT,
                                        .map_bytes = 64u << 20,
                                        .format = VIEWS_FORMAT,
                                        .test_no_sync = true};
    *state = bench;
    assert_int_equal(store_open(&config, &bench->store, NULL), 0);
    struct node_view nodes[] = {node_of(1, "16.03"), node_of(2, "16.05"), node_of(3, "16.07"),
                                node_of(4, "16.11")};
    nodes[1].state = NODE_REVOKED;
    nodes[3].state = NODE_PENDING;
    for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
        assert_int_equal(store_apply(bench->store, put_run, &nodes[i], NULL), 0);
    }
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

static int check(struct bench *bench, uint8_t curve, uint8_t signing, uint64_t number,
                 struct err_ctx *err)
{
    const struct enrol_keys keys = {.curve = {{curve}}, .signing = {{signing}}, .number = number};
    struct store_txn *txn = NULL;
    assert_int_equal(store_read_begin(bench->store, &txn, NULL), 0);
    int rc = door_enrol_check_keys(txn, &keys, err);
    store_read_end(txn);
    return rc;
}

static void keys_of_an_active_node_are_taken(void **state)
{
    struct bench *bench = *state;
    struct err_ctx err = {""};
    assert_int_equal(check(bench, 3, 103, 0, &err), ERR_EXISTS);
    assert_non_null(strstr(err.text, "node 16.07, enrolment 3, which is active"));
    assert_non_null(strstr(err.text, "kabar init node in a new folder"));
    assert_non_null(strstr(err.text, "kabar enrol revoke 3 first"));
    assert_int_equal(check(bench, 1, 200, 0, NULL), ERR_EXISTS); /* either of them */
    assert_int_equal(check(bench, 200, 101, 0, NULL), ERR_EXISTS);
    assert_int_equal(check(bench, 3, 103, 9, NULL), ERR_EXISTS); /* under a second card */
}

static void the_same_card_again_is_the_folds_to_judge(void **state)
{
    assert_int_equal(check(*state, 3, 103, 3, NULL), 0);
}

static void other_keys_and_those_of_a_revoked_node_are_free(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(check(bench, 200, 201, 0, NULL), 0);
    assert_int_equal(check(bench, 2, 102, 0, NULL), 0);
    assert_int_equal(check(bench, 4, 104, 0, NULL), 0); /* a card that nobody said yes to */
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(keys_of_an_active_node_are_taken),
        BENCH(the_same_card_again_is_the_folds_to_judge),
        BENCH(other_keys_and_those_of_a_revoked_node_are_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
