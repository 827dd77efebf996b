/* Views that are not of this journal are thrown away at start, and no others. */
#include "unit/aggregator/journal_fixture.h"

#include "aggregator/aggregator.h"

struct bench {
    struct fixture *journal;
    struct aggregator aggregator;
    struct conf_aggregator conf;
    char folder[FOLDER_PATH_CAPACITY];
};

static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    void *journal = NULL;
    assert_non_null(bench);
    assert_int_equal(fixture_setup(&journal), 0);
    bench->journal = journal;
    put_own(bench->journal, 4);
    folder_open(bench->folder);
    bench->conf.store = bench->folder;
    bench->conf.map_mib = 64;
    bench->aggregator.conf = &bench->conf;
    bench->aggregator.journal = bench->journal->store;
    bench->aggregator.loop_reader = bench->journal->reader;
    assert_int_equal(stores_open_views(&bench->aggregator, NULL), 0);
    *state = bench;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;
    void *journal = bench->journal;
    store_close(bench->aggregator.views);
    assert_int_equal(fixture_teardown(&journal), 0);
    folder_drop(bench->folder);
    free(bench);
    return 0;
}

struct mark {
    uint64_t position;
    struct incarnation aggregator;
    struct hash h;
    bool unsaid; /* of which journal they are */
};

static int mark_run(struct store_txn *txn, void *arg)
{
    const struct mark *mark = arg;
    uint8_t value[8];
    put_be64(value, mark->position);
    store_put(txn, VIEW_META, bytes_of_text(VIEWS_POSITION_KEY), bytes_of(value, sizeof value));
    if (!mark->unsaid) {
        stores_mark_views(txn, &mark->aggregator, &mark->h);
    }
    return 0;
}

static uint64_t position_after_start(struct bench *bench, const struct mark *mark)
{
    struct mark writable = *mark;
    struct store_txn *txn = NULL;
    uint64_t position = 0;
    assert_int_equal(store_apply(bench->aggregator.views, mark_run, &writable, NULL), 0);
    store_close(bench->aggregator.views);
    bench->aggregator.views = NULL;
    assert_int_equal(stores_open_views(&bench->aggregator, NULL), 0);
    assert_int_equal(store_read_begin(bench->aggregator.views, &txn, NULL), 0);
    assert_int_equal(driver_position(txn, &position), 0);
    store_read_end(txn);
    return position;
}

static struct mark right(const struct bench *bench)
{
    return (struct mark){
        .position = 3, .aggregator = bench->journal->aggregator, .h = bench->journal->wanted[2].h};
}

static void views_of_this_journal_stay(void **state)
{
    struct bench *bench = *state;
    struct mark mark = right(bench);
    assert_int_equal(position_after_start(bench, &mark), 3);
    mark.position = 5;
    mark.h = bench->journal->wanted[4].h;
    assert_int_equal(position_after_start(bench, &mark), 5);
}

static void views_ahead_of_it_go(void **state)
{
    struct bench *bench = *state;
    struct mark mark = right(bench);
    mark.position = 6;
    assert_int_equal(position_after_start(bench, &mark), 0);
}

static void views_of_another_life_go(void **state)
{
    struct bench *bench = *state;
    struct mark mark = right(bench);
    mark.aggregator.b[3] ^= 1;
    assert_int_equal(position_after_start(bench, &mark), 0);
}

/* As many entries, and the same name, but the journal was put back and went on otherwise. */
static void views_of_another_history_go(void **state)
{
    struct bench *bench = *state;
    struct mark mark = right(bench);
    mark.h.b[0] ^= 1;
    assert_int_equal(position_after_start(bench, &mark), 0);
    mark = right(bench);
    mark.unsaid = true;
    assert_int_equal(position_after_start(bench, &mark), 0);
}

static void views_of_another_format_go(void **state)
{
    struct bench *bench = *state;
    char path[FOLDER_PATH_CAPACITY + 16];
    (void)snprintf(path, sizeof path, "%s/views", bench->folder);
    for (uint32_t format = VIEWS_FORMAT - 1; format <= VIEWS_FORMAT + 1; format += 2) {
        const struct store_config config = {.path = path,
                                            .tables = view_table_names,
                                            .table_count = VIEW_TABLE_COUNT - 1,
                                            .map_bytes = 64u << 20,
                                            .format = format};
        char data[FOLDER_PATH_CAPACITY + 32];
        struct mark mark = right(bench);
        (void)snprintf(data, sizeof data, "%s/data.mdb", path);
        store_close(bench->aggregator.views);
        assert_int_equal(remove(data), 0);
        assert_int_equal(store_open(&config, &bench->aggregator.views, NULL), 0);
        assert_int_equal(position_after_start(bench, &mark), 0);
    }
}

static void an_empty_journal_beside_views_is_refused(void **state)
{
    struct bench *bench = *state;
    char path[FOLDER_PATH_CAPACITY];
    folder_open(path);
    const struct store_config config = {.path = path,
                                        .tables = journal_table_names,
                                        .table_count = JOURNAL_TABLE_COUNT,
                                        .map_bytes = 64u << 20,
                                        .format = JOURNAL_FORMAT,
                                        .test_no_sync = true};
    char folder[FOLDER_PATH_CAPACITY + 16];
    (void)snprintf(folder, sizeof folder, "%s/views", bench->folder);
    const struct store_config views = {.path = folder,
                                       .tables = view_table_names,
                                       .table_count = VIEW_TABLE_COUNT,
                                       .map_bytes = 64u << 20,
                                       .format = VIEWS_FORMAT};
    struct store *empty = NULL;
    struct mark mark = right(bench);
    struct err_ctx err = {""};
    assert_int_equal(store_open(&config, &empty, NULL), 0);
    bench->aggregator.journal = empty;
    store_close(bench->aggregator.views);
    bench->aggregator.views = NULL;
    assert_int_equal(stores_check_lost(&bench->aggregator, NULL), 0); /* the first start */
    assert_int_equal(store_open(&views, &bench->aggregator.views, NULL), 0);
    assert_int_equal(store_apply(bench->aggregator.views, mark_run, &mark, NULL), 0);
    store_close(bench->aggregator.views);
    bench->aggregator.views = NULL;
    assert_int_equal(stores_check_lost(&bench->aggregator, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "is empty"));
    assert_non_null(strstr(err.text, "3 entries"));
    assert_non_null(strstr(err.text, "kabar restore"));
    store_close(empty);
    folder_drop(path);
    bench->aggregator.journal = bench->journal->store;
    assert_int_equal(stores_check_lost(&bench->aggregator, NULL), 0); /* the journal is back */
}

/* Views at position 3, and beside them a journal with its genesis only. */
static void a_shorter_journal_is_taken_for_restored(void **state)
{
    struct bench *bench = *state;
    struct aggregator *aggregator = &bench->aggregator;
    struct mark mark = right(bench);
    struct journal_birth birth = birth_of(bench->journal);
    assert_int_equal(position_after_start(bench, &mark), 3);
    store_close(aggregator->views);
    aggregator->views = NULL;
    aggregator->journal = NULL;
    assert_int_equal(stores_open_journal(aggregator, NULL), 0);
    assert_int_equal(store_apply(aggregator->journal, born_run, &birth, NULL), 0);
    assert_int_equal(stores_check_lost(aggregator, NULL), 0);
    assert_true(store_moved(aggregator->journal));
    store_close(aggregator->journal);
}

static void one_that_is_whole_stays(void **state)
{
    struct bench *bench = *state;
    struct mark mark = right(bench);
    mark.position = 5;
    mark.h = bench->journal->wanted[4].h;
    assert_int_equal(position_after_start(bench, &mark), 5);
    store_close(bench->aggregator.views);
    bench->aggregator.views = NULL;
    assert_int_equal(stores_check_lost(&bench->aggregator, NULL), 0);
    assert_false(store_moved(bench->aggregator.journal));
    assert_ptr_equal(bench->aggregator.journal, bench->journal->store);
}

static void views_of_another_format_remember_too(void **state)
{
    struct bench *bench = *state;
    struct aggregator *aggregator = &bench->aggregator;
    char path[FOLDER_PATH_CAPACITY + 16];
    char data[FOLDER_PATH_CAPACITY + 32];
    (void)snprintf(path, sizeof path, "%s/views", bench->folder);
    (void)snprintf(data, sizeof data, "%s/data.mdb", path);
    const struct store_config config = {.path = path,
                                        .tables = view_table_names,
                                        .table_count = VIEW_TABLE_COUNT,
                                        .map_bytes = 64u << 20,
                                        .format = VIEWS_FORMAT + 1};
    store_close(aggregator->views);
    aggregator->views = NULL;
    assert_int_equal(remove(data), 0);
    assert_int_equal(store_open(&config, &aggregator->views, NULL), 0);
    store_close(aggregator->views);
    aggregator->views = NULL;
    assert_int_equal(stores_check_lost(aggregator, NULL), 0); /* the journal is there */
    aggregator->journal = NULL;
    assert_int_equal(stores_open_journal(aggregator, NULL), 0);
    assert_int_equal(stores_check_lost(aggregator, NULL), ERR_CONFIG);
    store_close(aggregator->journal);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(views_of_this_journal_stay),
        BENCH(views_ahead_of_it_go),
        BENCH(views_of_another_life_go),
        BENCH(views_of_another_history_go),
        BENCH(views_of_another_format_go),
        BENCH(an_empty_journal_beside_views_is_refused),
        BENCH(a_shorter_journal_is_taken_for_restored),
        BENCH(one_that_is_whole_stays),
        BENCH(views_of_another_format_remember_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
