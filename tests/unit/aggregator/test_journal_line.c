/* A restored, copied or moved journal takes new names before anything else; nobody writes under the
 * old ones, and everything that was there is found. */
#include "unit/aggregator/journal_fixture.h"

#define OFFICE_MARK 0x60

static struct incarnation office_named(uint8_t mark)
{
    struct incarnation office;
    memset(office.b, mark, sizeof office.b);
    return office;
}

/* ---- what there is before ---- */

struct office_call {
    uint8_t mark;
    uint64_t last, acked, enrolment;
};

static int office_run(struct store_txn *txn, void *arg)
{
    const struct office_call *call = arg;
    struct incarnation office = office_named(call->mark);
    struct genesis genesis = {.direction = DIRECTION_DOWN,
                              .lane = LANE_OFFICE,
                              .owner = bytes_of_text(PROVINCE),
                              .counterpart = bytes_of_text(REGENCY),
                              .enrolment = call->enrolment,
                              .created_ms = BIRTH_MS};
    struct outlog log;
    memset(&genesis.signing_key, 7, sizeof genesis.signing_key);
    int rc = outlog_create(txn, &journal_office_tables, &office, &genesis, &log);
    while (rc == 0 && log.last < call->last) {
        uint8_t body = (uint8_t)log.last;
        outlog_append(txn, &journal_office_tables, &log, ENTRY_STATUS, bytes_of(&body, 1), 5);
    }
    log.acked = call->acked;
    outlog_save(txn, &journal_office_tables, &log);
    return rc;
}

static int enrolment_run(struct store_txn *txn, void *arg)
{
    struct fixture *fixture = arg;
    uint8_t body[1024];
    size_t len = 0;
    uint64_t position = 0;
    uint64_t seq = 0;
    struct enrolment enrolment = {.number = 3,
                                  .regency = bytes_of_text(REGENCY),
                                  .officer = bytes_of_text("sri"),
                                  .office = office_named(OFFICE_MARK + 2),
                                  .active = true,
                                  .at_ms = BIRTH_MS};
    memset(&enrolment.curve_key, 1, sizeof enrolment.curve_key);
    memset(&enrolment.signing_key, 2, sizeof enrolment.signing_key);
    memset(&enrolment.signature, 3, sizeof enrolment.signature);
    assert_int_equal(enrolment_encode(&enrolment, body, sizeof body, &len, NULL), 0);
    struct span_entry entry = {.kind = ENTRY_ENROLMENT, .body = bytes_of(body, len)};
    struct journal_own own = {.entries = &entry,
                              .count = 1,
                              .log_secret = fixture->log_secret,
                              .builder = fixture->builder,
                              .now_ms = BIRTH_MS};
    int rc = journal_put_own(txn, &own, &position, &seq);
    want_own(fixture, &entry, BIRTH_MS);
    return rc;
}

static int moved_run(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_mark_moved(txn);
    return 0;
}

static int lived(void **state)
{
    struct office_call offices[] = {{OFFICE_MARK, 5, 3, 1}, {OFFICE_MARK + 1, 2, 0, 2}};
    int rc = fixture_setup(state);
    struct fixture *fixture = *state;
    put_own(fixture, 3);
    struct feed *feed = feed_new(ENROLMENT, REGENCY);
    put_span(fixture, feed, 1, 4, 0);
    free(feed);
    for (size_t i = 0; i < COUNT(offices); i++) {
        assert_int_equal(store_apply(fixture->store, office_run, &offices[i], NULL), 0);
    }
    assert_int_equal(store_apply(fixture->store, moved_run, NULL, NULL), 0);
    store_reopen(fixture);
    assert_true(store_moved(fixture->store));
    return rc;
}

/* ---- the rebirth ---- */

static void count_names(struct incarnation *ret)
{
    static uint8_t next = 0xa0;
    memset(ret->b, next++, sizeof ret->b);
}

static int reborn_run(struct store_txn *txn, void *arg)
{
    return journal_reborn(txn, arg);
}

static void reborn(struct fixture *fixture, uint8_t mark)
{
    struct journal_rebirth rebirth = {
        .birth = birth_of(fixture), .name = count_names, .reader = fixture->reader};
    memset(rebirth.birth.aggregator.b, mark, INCARNATION_BYTES);
    rebirth.birth.now_ms = BIRTH_MS + mark;
    assert_int_equal(store_apply(fixture->store, reborn_run, &rebirth, NULL), 0);
}

static struct outlog office_end(struct store_txn *txn, uint8_t mark)
{
    struct incarnation first = office_named(mark);
    struct incarnation end;
    struct outlog log;
    assert_int_equal(journal_office_end(txn, &first, &end), 0);
    assert_int_equal(outlog_load(txn, &journal_office_tables, &end, &log), 0);
    assert_true(outlog_lives(&log));
    return log;
}

/* ---- tests ---- */

static void our_own_log_goes_on_under_another_name(void **state)
{
    struct fixture *fixture = *state;
    struct journal_entry entry;
    struct journal_meta meta;
    struct genesis genesis;
    struct journal_restored restored;
    struct arena *arena = arena_new(65536);
    reborn(fixture, 0x81);
    assert_false(store_moved(fixture->store));
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_load(txn, &meta), 0);
    assert_int_equal(meta.aggregator.b[0], 0x81);
    assert_int_equal(meta.own_last, 1);
    assert_int_equal(meta.next_position, fixture->count + 2);
    assert_int_equal(journal_reader_seek(fixture->reader, txn, 1), 0);
    for (uint64_t position = 1; position <= fixture->count; position++) {
        assert_int_equal(journal_reader_next(fixture->reader, &entry), 0);
        check_entry(fixture, position, &entry); /* what stood before is what it was */
    }
    assert_int_equal(journal_reader_next(fixture->reader, &entry), 0);
    assert_true(entry.own);
    assert_int_equal(entry.id.seq, 1);
    assert_int_equal(genesis_decode(entry.body, arena, &genesis, NULL), 0);
    assert_true(genesis.has_predecessor);
    assert_true(incarnation_equal(&genesis.predecessor.incarnation, &fixture->aggregator));
    assert_int_equal(genesis.predecessor.seq, fixture->own_last);
    assert_true(hash_equal(&genesis.predecessor_h, &fixture->own_h));
    assert_int_equal(genesis.predecessor_count, 0);
    assert_int_equal(journal_get_restored(txn, &restored), 0);
    assert_int_equal(restored.at_ms, BIRTH_MS + 0x81);
    assert_true(incarnation_equal(&restored.old, &fixture->aggregator));
    store_read_end(txn);
    arena_free(arena);
}

static void office_logs_go_on_after_what_was_acknowledged(void **state)
{
    struct fixture *fixture = *state;
    reborn(fixture, 0x81);
    struct store_txn *txn = reading(fixture);
    struct outlog log = office_end(txn, OFFICE_MARK);
    assert_int_equal(log.predecessor.seq, 3);
    assert_int_equal(log.copies, 2);
    assert_int_equal(log.last, 3);
    assert_int_equal(log.enrolment, 1);
    assert_int_equal(log.acked, 0);
    log = office_end(txn, OFFICE_MARK + 1); /* nobody has anything of it: all goes on */
    assert_int_equal(log.predecessor.seq, 0);
    assert_int_equal(log.copies, 2);
    assert_int_equal(log.last, 3);
    struct incarnation never = office_named(0x33);
    struct incarnation end;
    assert_int_equal(journal_office_end(txn, &never, &end), 0);
    assert_true(incarnation_equal(&end, &never));
    store_read_end(txn);
    /* And once more: a backup of a backup. */
    reborn(fixture, 0x82);
    txn = reading(fixture);
    struct outlog again = office_end(txn, OFFICE_MARK + 1);
    assert_true(incarnation_equal(&again.predecessor.incarnation, &log.incarnation));
    struct incarnation first = office_named(OFFICE_MARK + 1);
    assert_true(outlog_in_line(txn, &journal_office_tables, &first, &again.incarnation));
    store_read_end(txn);
}

/* The enrolment stands in the journal, its office log was to be made next. */
static void an_office_log_that_may_have_been_is_succeeded_too(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(store_apply(fixture->store, enrolment_run, fixture, NULL), 0);
    reborn(fixture, 0x81);
    struct store_txn *txn = reading(fixture);
    struct outlog log = office_end(txn, OFFICE_MARK + 2);
    struct incarnation first = office_named(OFFICE_MARK + 2);
    assert_false(incarnation_equal(&log.incarnation, &first));
    assert_int_equal(log.enrolment, 3);
    assert_int_equal(log.predecessor.seq, 0);
    store_read_end(txn);
}

static int session_run(struct store_txn *txn, void *arg)
{
    journal_put_session(txn, 1, arg);
    return 0;
}

static void sessions_are_of_one_life(void **state)
{
    struct fixture *fixture = *state;
    struct session_memory memory = {.has_accepted = true};
    bool ours = true;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_session_is_ours(txn, 1, &ours), 0);
    assert_false(ours);
    store_read_end(txn);
    assert_int_equal(store_apply(fixture->store, session_run, &memory, NULL), 0);
    txn = reading(fixture);
    assert_int_equal(journal_session_is_ours(txn, 1, &ours), 0);
    assert_true(ours);
    store_read_end(txn);
    reborn(fixture, 0x81);
    txn = reading(fixture);
    assert_int_equal(journal_session_is_ours(txn, 1, &ours), 0);
    assert_false(ours);
    assert_int_equal(journal_get_session(txn, 1, &memory), 0);
    assert_true(memory.has_accepted);
    store_read_end(txn);
}

/* ---- names, and logs that are over ---- */

static int put_as(struct fixture *fixture, struct feed *feed, const struct incarnation *incarnation,
                  uint64_t first, uint64_t last, const struct incarnation *ends)
{
    static const struct incarnation none;
    feed->sample.incarnation = *incarnation;
    sample_chain(&feed->sample);
    struct span_store store = store_of(feed, first, last, 0);
    store.ends = ends == NULL ? none : *ends;
    return put_store(fixture, feed, &store, feed_frame(fixture, feed, first, last));
}

static void nobody_writes_under_our_names(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(ENROLMENT + 1, REGENCY);
    struct incarnation old_own = fixture->aggregator;
    struct incarnation office = office_named(OFFICE_MARK);
    struct incarnation known = feed->sample.incarnation;
    reborn(fixture, 0x81);
    struct incarnation new_own = {{0}};
    memset(new_own.b, 0x81, sizeof new_own.b);
    assert_int_equal(put_as(fixture, feed, &old_own, 1, 2, NULL), ERR_KEY);
    assert_int_equal(put_as(fixture, feed, &new_own, 1, 2, NULL), ERR_KEY);
    assert_int_equal(put_as(fixture, feed, &office, 1, 2, NULL), ERR_KEY);
    struct store_txn *txn = reading(fixture);
    struct incarnation end = office_end(txn, OFFICE_MARK).incarnation;
    store_read_end(txn);
    assert_int_equal(put_as(fixture, feed, &end, 1, 2, NULL), ERR_KEY);
    assert_int_equal(put_as(fixture, feed, &known, 1, 2, NULL), 0);
    free(feed);
}

static void a_log_that_is_over_takes_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct feed *old = feed_new(ENROLMENT, REGENCY);
    struct feed *next = feed_new(ENROLMENT, REGENCY);
    struct incarnation first = old->sample.incarnation;
    struct incarnation second = {{0x44}};
    struct incarnation never = {{0x45}};
    struct journal_cursor cursor;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_find_cursor(txn, &first, &cursor), 0);
    assert_false(cursor.ended);
    store_read_end(txn);
    assert_int_equal(put_as(fixture, next, &second, 1, 3, &never), ERR_NOT_FOUND);
    assert_int_equal(put_as(fixture, next, &second, 1, 3, &first), 0);
    txn = reading(fixture);
    assert_int_equal(journal_find_cursor(txn, &first, &cursor), 0);
    assert_true(cursor.ended);
    assert_int_equal(cursor.last, 4);
    assert_string_equal(cursor.owner, REGENCY);
    assert_int_equal(journal_find_cursor(txn, &second, &cursor), 0);
    assert_false(cursor.ended);
    store_read_end(txn);
    assert_int_equal(put_as(fixture, old, &first, 5, 6, NULL), ERR_STATE);
    free(old);
    free(next);
}

#define LINE(test) cmocka_unit_test_setup_teardown(test, lived, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINE(our_own_log_goes_on_under_another_name),
        LINE(office_logs_go_on_after_what_was_acknowledged),
        LINE(an_office_log_that_may_have_been_is_succeeded_too),
        LINE(sessions_are_of_one_life),
        LINE(nobody_writes_under_our_names),
        LINE(a_log_that_is_over_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
