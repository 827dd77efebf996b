/* The store that an enrolment wrote to is missed: an empty one in its place is not begun anew. */
#include "lib/cmocka_all.h"
#include "lib/folder.h"
#include "node/node.h"

#include <sys/stat.h>

struct bench {
    char path[FOLDER_PATH_CAPACITY];
    char card_path[FOLDER_PATH_CAPACITY + 16];
    char note_path[FOLDER_PATH_CAPACITY + 32];
    char store_path[FOLDER_PATH_CAPACITY + 16];
    struct conf_node conf;
    struct node node;
    struct province_card card;
};

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    if (bench == NULL) {
        return -1;
    }
    folder_open(bench->path);
    (void)snprintf(bench->card_path, sizeof bench->card_path, "%s/card", bench->path);
    (void)snprintf(bench->note_path, sizeof bench->note_path, "%s/card.in-use", bench->path);
    (void)snprintf(bench->store_path, sizeof bench->store_path, "%s/store", bench->path);
    bench->conf = (struct conf_node){.card = bench->card_path, .store = bench->store_path};
    bench->card = (struct province_card){.enrolment = 7, .office = {{3}}};
    bench->node.conf = &bench->conf;
    bench->node.conf_path = "some.conf";
    const struct store_config config = {.path = bench->store_path,
                                        .tables = node_table_names,
                                        .table_count = NODE_TABLE_COUNT,
                                        .map_bytes = 64u << 20,
                                        .format = NODE_FORMAT,
                                        .test_no_sync = true};
    *state = bench;
    return store_open(&config, &bench->node.store, NULL);
}

static int bench_close(void **state)
{
    struct bench *bench = *state;
    store_close(bench->node.store);
    folder_drop(bench->path);
    free(bench);
    return 0;
}

static int enrol_run(struct store_txn *txn, void *arg)
{
    struct node_meta meta = {.enrolment = 7, .urgent = {{1}}, .routine = {{2}}, .office = {{3}}};
    (void)arg;
    meta_put_enrolment(txn, &meta);
    return 0;
}

static void a_first_start_goes_on(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(in_use_check(&bench->node, &bench->card, NULL), 0);
}

static void an_empty_store_is_not_begun_anew(void **state)
{
    struct bench *bench = *state;
    struct err_ctx err = {""};
    assert_int_equal(in_use_note(&bench->conf, &bench->card, NULL), 0);
    assert_int_equal(in_use_check(&bench->node, &bench->card, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, bench->store_path));
    assert_non_null(strstr(err.text, "missing or empty: enrolment 7"));
    assert_non_null(strstr(err.text, "kabar restore FILE --config some.conf --replace"));
    assert_non_null(strstr(err.text, "kabar init node"));
}

static void the_store_that_wrote_is_welcome(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(in_use_note(&bench->conf, &bench->card, NULL), 0);
    assert_int_equal(store_apply(bench->node.store, enrol_run, NULL, NULL), 0);
    assert_int_equal(in_use_check(&bench->node, &bench->card, NULL), 0);
    struct province_card newer = {.enrolment = 8, .office = {{4}}}; /* enrolled anew: its own way */
    assert_int_equal(in_use_check(&bench->node, &newer, NULL), 0);
}

/* A new card in this folder, and a new store: nothing was written under it. */
static void another_card_begins(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(in_use_note(&bench->conf, &bench->card, NULL), 0);
    struct province_card number = bench->card;
    struct province_card office = bench->card;
    number.enrolment++;
    office.office.b[15] ^= 1;
    assert_int_equal(in_use_check(&bench->node, &number, NULL), 0);
    assert_int_equal(in_use_check(&bench->node, &office, NULL), 0);
    assert_int_equal(in_use_note(&bench->conf, &number, NULL), 0);
    assert_int_equal(in_use_check(&bench->node, &number, NULL), ERR_CONFIG);
    assert_int_equal(in_use_check(&bench->node, &bench->card, NULL), 0);
}

/* It is written once: a full disk or a folder that nobody may write does not disturb later. */
static void the_note_stays_as_it_is(void **state)
{
    struct bench *bench = *state;
    struct stat first;
    struct stat second;
    assert_int_equal(in_use_note(&bench->conf, &bench->card, NULL), 0);
    assert_int_equal(stat(bench->note_path, &first), 0);
    assert_int_equal(first.st_mode & 0777, 0600);
    assert_int_equal(in_use_note(&bench->conf, &bench->card, NULL), 0);
    assert_int_equal(stat(bench->note_path, &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
    (void)snprintf(bench->card_path, sizeof bench->card_path, "%s/none/card", bench->path);
    assert_int_not_equal(in_use_note(&bench->conf, &bench->card, NULL), 0);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(a_first_start_goes_on),           BENCH(an_empty_store_is_not_begun_anew),
        BENCH(the_store_that_wrote_is_welcome), BENCH(another_card_begins),
        BENCH(the_note_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
