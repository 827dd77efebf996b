/* What the applier leaves where: the views never go ahead of what it put out, and an entry that
 * cannot be folded is passed once, for good. Stores are real, the rest of the program is not there.
 */
#include "unit/aggregator/journal_fixture.h"

#include "aggregator/apply.h"
#include "platform/host/host.h"

#include <sys/stat.h>
#include <unistd.h>

#define SPAN_LAST 10u

struct bench {
    struct fixture *journal; /* its store is the aggregator's */
    struct aggregator aggregator;
    struct conf_aggregator conf;
    char views[FOLDER_PATH_CAPACITY];
};

static void on_wake(void *arg)
{
    (void)arg;
}

static void open_views(struct bench *bench)
{
    const struct store_config config = {.path = bench->views,
                                        .tables = view_table_names,
                                        .table_count = VIEW_TABLE_COUNT,
                                        .map_bytes = 64u << 20,
                                        .format = VIEWS_FORMAT,
                                        .test_no_sync = true};
    assert_int_equal(store_open(&config, &bench->aggregator.views, NULL), 0);
}

/* The node of the sample log is enrolled: refusals find their office log. */
static int enrol_run(struct store_txn *txn, void *arg)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    struct node_view node = {
        .state = NODE_ACTIVE, .number = ENROLMENT, .regency = bytes_of_text(REGENCY)};
    memset(node.office.b, 0x55, sizeof node.office.b);
    (void)arg;
    view_key_init(&key, bytes_of_text(REGENCY));
    view_key_zero(&key);
    view_key_u64(&key, ENROLMENT);
    size_t len = node_view_encode(&node, value, sizeof value);
    store_put(txn, VIEW_NODES, view_key_bytes(&key), bytes_of(value, len));
    return 0;
}

/* A journal with our genesis and one span of a node: its genesis and reports that nobody can
 * decode, so that each is refused. */
static int bench_open(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    void *journal = NULL;
    assert_non_null(bench);
    assert_int_equal(fixture_setup(&journal), 0);
    bench->journal = journal;
    struct feed *feed = feed_new(ENROLMENT, REGENCY);
    put_span(bench->journal, feed, 1, SPAN_LAST, 0);
    free(feed);
    folder_open(bench->views);
    open_views(bench);
    assert_int_equal(store_apply(bench->aggregator.views, enrol_run, NULL, NULL), 0);
    bench->conf.province = strdup(PROVINCE);
    bench->conf.store = bench->views;
    bench->aggregator.conf = &bench->conf;
    bench->aggregator.journal = bench->journal->store;
    bench->aggregator.incarnation = bench->journal->aggregator;
    bench->aggregator.fold.province = bytes_of_text(PROVINCE);
    bench->aggregator.log_key = bench->journal->log_key;
    memcpy(bench->aggregator.log_secret, bench->journal->log_secret, SECRET_BYTES);
    bench->aggregator.own_builder = span_builder_new();
    assert_int_equal(loop_new(&bench->aggregator.loop, NULL), 0);
    bench->aggregator.apply_wake = loop_wake_new(bench->aggregator.loop, on_wake, NULL);
    *state = bench;
    return 0;
}

static int bench_close(void **state)
{
    struct bench *bench = *state;
    void *journal = bench->journal;
    loop_wake_free(bench->aggregator.apply_wake);
    loop_free(bench->aggregator.loop);
    span_builder_free(bench->aggregator.own_builder);
    store_close(bench->aggregator.views);
    free(bench->conf.province);
    assert_int_equal(fixture_teardown(&journal), 0);
    folder_drop(bench->views);
    free(bench);
    return 0;
}

/* One life of the applier, as far as a start of the program. */
static int live(struct bench *bench)
{
    int rc = apply_open(&bench->aggregator, NULL);
    apply_stop(&bench->aggregator);
    return rc;
}

static uint64_t views_position(struct bench *bench)
{
    struct store_txn *txn = NULL;
    uint64_t position = 0;
    assert_int_equal(store_read_begin(bench->aggregator.views, &txn, NULL), 0);
    assert_int_equal(driver_position(txn, &position), 0);
    store_read_end(txn);
    return position;
}

struct counts {
    uint64_t refusals, rejected, entries, outputs_to;
};

/* Of the journal: entries of the office log but its genesis, entries passed, all entries. */
static struct counts count_journal(struct bench *bench)
{
    struct store_txn *txn = reading(bench->journal);
    struct counts counts = {0};
    struct journal_meta meta;
    struct incarnation office;
    struct outlog log;
    assert_int_equal(journal_load(txn, &meta), 0);
    assert_int_equal(journal_count_rejected(txn, &counts.rejected), 0);
    memset(office.b, 0x55, sizeof office.b);
    if (outlog_load(txn, &journal_office_tables, &office, &log) == 0) {
        counts.refusals = log.last - 1;
    }
    counts.entries = meta.next_position - 1;
    counts.outputs_to = meta.outputs_to;
    store_read_end(txn);
    return counts;
}

static void put_crash(struct bench *bench, uint64_t position, uint64_t deaths,
                      const struct hash *hash)
{
    uint8_t value[CRASH_NOTE_BYTES] = "kabar.crash.v1";
    char path[FOLDER_PATH_CAPACITY + 8];
    put_be64(value + 16, position);
    put_be64(value + 24, deaths);
    memcpy(value + 32, hash->b, HASH_BYTES);
    (void)snprintf(path, sizeof path, "%s/crash", bench->views);
    assert_int_equal(file_replace(path, 0600, bytes_of(value, sizeof value), NULL), 0);
}

static void drop_views(struct bench *bench)
{
    store_close(bench->aggregator.views);
    folder_drop(bench->views);
    assert_int_equal(mkdir(bench->views, 0700), 0);
    open_views(bench);
    assert_int_equal(store_apply(bench->aggregator.views, enrol_run, NULL, NULL), 0);
}

/* ---- tests ---- */

#define REFUSED (SPAN_LAST - 1) /* all reports */
#define ALL (1 + SPAN_LAST)

static void outputs_come_before_the_views(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(live(bench), 0);
    assert_int_equal(views_position(bench), ALL);
    struct counts counts = count_journal(bench);
    assert_int_equal(counts.refusals, REFUSED);
    assert_int_equal(counts.outputs_to, ALL);
    assert_int_equal(live(bench), 0);
    assert_int_equal(count_journal(bench).refusals, REFUSED);
}

/* The journal takes nothing, as if it died at that moment: the views must not be ahead of it. */
static void views_are_not_ahead_of_outputs(void **state)
{
    struct bench *bench = *state;
    struct fixture *journal = bench->journal;
    struct store_config config = {.path = journal->path,
                                  .tables = journal_table_names,
                                  .table_count = JOURNAL_TABLE_COUNT,
                                  .map_bytes = 64u << 20,
                                  .format = JOURNAL_FORMAT,
                                  .read_only = true};
    store_close(journal->store);
    assert_int_equal(store_open(&config, &journal->store, NULL), 0);
    bench->aggregator.journal = journal->store;
    assert_int_not_equal(live(bench), 0);
    if (views_position(bench) != 0) {
        fail_msg("views ahead of their outputs: position %llu, outputs made to %llu",
                 (unsigned long long)views_position(bench),
                 (unsigned long long)count_journal(bench).outputs_to);
    }
    store_reopen(journal);
    bench->aggregator.journal = journal->store;
    assert_int_equal(live(bench), 0);
    assert_int_equal(count_journal(bench).refusals, REFUSED);
}

static void one_death_is_not_enough(void **state)
{
    struct bench *bench = *state;
    put_crash(bench, 5, CRASH_DEATHS_MAX - 1, &bench->journal->wanted[4].h);
    assert_int_equal(live(bench), 0);
    assert_int_equal(count_journal(bench).rejected, 0);
    assert_int_equal(views_position(bench), ALL);
}

static void two_deaths_of_another_entry_are_not_its(void **state)
{
    struct bench *bench = *state;
    put_crash(bench, 5, CRASH_DEATHS_MAX, &bench->journal->wanted[5].h);
    assert_int_equal(live(bench), 0);
    assert_int_equal(count_journal(bench).rejected, 0);
}

static void after_two_deaths_it_is_passed(void **state)
{
    struct bench *bench = *state;
    struct bytes code;
    put_crash(bench, 5, CRASH_DEATHS_MAX, &bench->journal->wanted[4].h);
    assert_int_equal(live(bench), 0);
    struct counts counts = count_journal(bench);
    assert_int_equal(counts.rejected, 1);
    assert_int_equal(counts.refusals, REFUSED); /* it is told as the others are */
    assert_int_equal(counts.entries, ALL + 1);  /* and one REJECTED */
    assert_int_equal(views_position(bench), counts.entries);
    struct store_txn *txn = reading(bench->journal);
    assert_int_equal(journal_get_rejected(txn, 5, &code), 0);
    assert_true(bytes_equal(code, bytes_of_text(CRASH_CODE)));
    assert_int_equal(journal_get_rejected(txn, 6, &code), ERR_NOT_FOUND);
    store_read_end(txn);
    /* The mark is gone: should the entry before it ever end us, that is a first death. */
    struct crash_mark mark;
    char path[FOLDER_PATH_CAPACITY + 8];
    (void)snprintf(path, sizeof path, "%s/crash", bench->views);
    assert_int_equal(crash_note_open(path, &mark, NULL), 0);
    crash_note_close();
    assert_int_equal(mark.deaths, 0);
}

static void views_built_anew_pass_it_again(void **state)
{
    struct bench *bench = *state;
    put_crash(bench, 5, CRASH_DEATHS_MAX, &bench->journal->wanted[4].h);
    assert_int_equal(live(bench), 0);
    struct counts before = count_journal(bench);
    drop_views(bench);
    assert_int_equal(views_position(bench), 0);
    assert_int_equal(live(bench), 0);
    struct counts after = count_journal(bench);
    assert_int_equal(after.entries, before.entries);
    assert_int_equal(after.rejected, 1);
    assert_int_equal(after.refusals, before.refusals);
    assert_int_equal(views_position(bench), before.entries);
    struct store_txn *txn = NULL;
    struct bytes value;
    struct refused_view view;
    uint8_t key[8];
    put_be64(key, 5);
    assert_int_equal(store_read_begin(bench->aggregator.views, &txn, NULL), 0);
    assert_int_equal(store_get(txn, VIEW_REFUSED, bytes_of(key, sizeof key), &value), 0);
    assert_int_equal(refused_view_decode(value, &view), 0);
    assert_true(bytes_equal(view.code, bytes_of_text(CRASH_CODE)));
    assert_int_equal(view.id.seq, 4);
    store_read_end(txn);
}

#define BENCH(test) cmocka_unit_test_setup_teardown(test, bench_open, bench_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH(outputs_come_before_the_views), BENCH(views_are_not_ahead_of_outputs),
        BENCH(one_death_is_not_enough),       BENCH(two_deaths_of_another_entry_are_not_its),
        BENCH(after_two_deaths_it_is_passed), BENCH(views_built_anew_pass_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
