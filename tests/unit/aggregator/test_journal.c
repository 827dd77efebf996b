/* The journal: positions in the order of arrival, what comes out again, and what is kept beside. */
#include "unit/aggregator/journal_fixture.h"

static struct journal_meta meta_of(struct fixture *fixture)
{
    struct store_txn *txn = reading(fixture);
    struct journal_meta meta;
    assert_int_equal(journal_load(txn, &meta), 0);
    store_read_end(txn);
    return meta;
}

/* ---- birth ---- */

static void a_journal_is_born_once(void **state)
{
    struct fixture *fixture = *state;
    struct store_txn *txn = reading(fixture);
    struct journal_meta meta;
    assert_int_equal(journal_load(txn, &meta), ERR_NOT_FOUND);
    store_read_end(txn);
    journal_birth(fixture);
    check_journal(fixture);

    struct journal_birth again = birth_of(fixture);
    memset(again.aggregator.b, 0x81, sizeof again.aggregator.b);
    assert_int_equal(store_apply(fixture->store, born_run, &again, NULL), ERR_EXISTS);
    check_journal(fixture);
    assert_int_equal(meta_of(fixture).outputs_to, 0);
}

static void the_own_head_verifies(void **state)
{
    struct fixture *fixture = *state;
    put_own(fixture, 3);
    struct store_txn *txn = reading(fixture);
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    uint64_t last = 0;
    assert_int_equal(store_cursor_open(txn, JOURNAL_RECORDS, &cursor), 0);
    while (store_next(cursor, &key, &value) == 0) {
        struct span_header header;
        struct bytes payload;
        struct bytes frame = bytes_of(value.data + JOURNAL_RECORD_HEAD_BYTES,
                                      value.len - JOURNAL_RECORD_HEAD_BYTES - HASH_BYTES);
        assert_int_equal(span_header_decode(frame, &header, &payload, NULL), 0);
        last += header.count;
        struct entry_id id = {.incarnation = fixture->aggregator, .seq = last};
        assert_true(
            head_verify(&fixture->log_key, &id, &fixture->wanted[last - 1].h, &header.head));
    }
    assert_int_equal(last, 4);
    store_cursor_close(cursor);
    store_read_end(txn);
}

static void nothing_is_put_before_birth(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    struct span_store store = store_of(feed, 1, 3, 0);
    struct span_entry entry = {.kind = ENTRY_ACT, .body = bytes_of_text("too early")};
    struct own_call call = {.own = {.entries = &entry,
                                    .count = 1,
                                    .log_secret = fixture->log_secret,
                                    .builder = fixture->builder}};
    assert_int_equal(put_store(fixture, feed, &store, feed_frame(fixture, feed, 1, 3)),
                     ERR_NOT_FOUND);
    assert_int_equal(store_apply(fixture->store, own_run, &call, NULL), ERR_NOT_FOUND);
    journal_birth(fixture);
    check_journal(fixture);
    free(feed);
}

/* ---- spans and positions ---- */

static void arrivals_get_positions_without_gaps(void **state)
{
    struct fixture *fixture = *state;
    struct feed *one = feed_new(1, "16.07");
    struct feed *two = feed_new(2, "16.03");
    struct feed *high = feed_new(0xf0, "16.05"); /* sorts behind our own log */
    two->codec = SPAN_ZSTD;
    two->erased = 5;
    put_span(fixture, one, 1, 3, 0);
    put_own(fixture, 1);
    put_span(fixture, two, 1, 7, 0);
    put_span(fixture, high, 1, 1, 0);
    put_own(fixture, OWN_MAX);
    put_own(fixture, 2);
    put_span(fixture, one, 4, 4, 0);
    put_span(fixture, high, 2, 12, 0);
    put_span(fixture, one, 5, SAMPLE_ENTRIES, 0);
    put_span(fixture, two, 8, 9, 0);
    assert_int_equal(fixture->count, 1 + 3 + 1 + 7 + 1 + OWN_MAX + 2 + 1 + 11 + 36 + 2);
    check_journal(fixture);
    store_reopen(fixture);
    check_journal(fixture);
    free(one);
    free(two);
    free(high);
}

static void skipped_entries_keep_their_first_position(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    struct feed *other = feed_new(2, "16.03");
    put_span(fixture, feed, 1, 4, 0);
    put_span(fixture, other, 1, 2, 0);
    put_span(fixture, feed, 1, 6, 4); /* all of the first again, and two more */
    put_own(fixture, 2);
    put_span(fixture, feed, 6, 7, 1);
    put_span(fixture, feed, 3, 12, 5);
    assert_int_equal(fixture->count, 1 + 4 + 2 + 2 + 2 + 1 + 5);
    check_journal(fixture); /* each is found, and at its first position */
    free(feed);
    free(other);
}

static void what_is_not_there_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    struct feed *other = feed_new(2, "16.03");
    struct feed *third = feed_new(3, "16.05");
    put_span(fixture, feed, 1, 4, 0);
    put_span(fixture, other, 1, 6, 0);
    put_span(fixture, feed, 2, 7, 3);
    struct store_txn *txn = reading(fixture);
    const struct entry_id absent[] = {
        {.incarnation = feed->sample.incarnation, .seq = 0},
        {.incarnation = feed->sample.incarnation, .seq = 8},
        {.incarnation = feed->sample.incarnation, .seq = 11}, /* its position would be beyond */
        {.incarnation = other->sample.incarnation, .seq = 0},
        {.incarnation = other->sample.incarnation, .seq = 7}, /* there stands one of the first */
        {.incarnation = other->sample.incarnation, .seq = UINT64_MAX},
        {.incarnation = third->sample.incarnation, .seq = 1},
        {.incarnation = fixture->aggregator, .seq = 2}, /* there stands a node's */
    };
    for (size_t i = 0; i < COUNT(absent); i++) {
        struct journal_entry entry = {.position = 4711};
        assert_int_equal(journal_reader_find(fixture->reader, txn, &absent[i], &entry),
                         ERR_NOT_FOUND);
        assert_int_equal(entry.position, 4711);
    }
    store_read_end(txn);
    check_journal(fixture);
    free(feed);
    free(other);
    free(third);
}

static void a_find_does_not_disturb_reading_on(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    put_span(fixture, feed, 1, 20, 0);
    put_own(fixture, 3);
    struct store_txn *txn = reading(fixture);
    struct journal_entry entry;
    assert_int_equal(journal_reader_seek(fixture->reader, txn, 1), 0);
    for (uint64_t position = 1; position <= fixture->count; position++) {
        uint64_t other = fixture->count + 1 - position;
        const struct entry_id *id = &fixture->wanted[other - 1].id;
        assert_int_equal(journal_reader_next(fixture->reader, &entry), 0);
        check_entry(fixture, position, &entry);
        assert_int_equal(journal_reader_find(fixture->reader, txn, id, &entry), 0);
        check_entry(fixture, other, &entry);
    }
    store_read_end(txn);
    free(feed);
}

static void a_span_that_does_not_continue_is_a_gap(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    struct feed *fresh = feed_new(2, "16.03");
    put_span(fixture, feed, 1, 5, 0);
    struct {
        struct feed *feed;
        struct span_store store;
    } wrong[] = {
        {feed, store_of(feed, 1, 5, 0)},   /* again */
        {feed, store_of(feed, 5, 9, 0)},   /* overlaps, and says it does not */
        {feed, store_of(feed, 7, 9, 0)},   /* one is missing */
        {feed, store_of(feed, 6, 9, 1)},   /* skips one that is new */
        {feed, store_of(feed, 6, 9, 0)},   /* continues another history, below */
        {fresh, store_of(fresh, 2, 3, 0)}, /* a log that begins with its second */
        {fresh, store_of(fresh, 1, 3, 0)}, /* and one that begins in the middle of a chain */
        {feed, store_of(feed, 7, 9, 0)},   /* jumps over one, with the hash before it */
    };
    wrong[4].store.h_before = feed->sample.h[4];
    wrong[6].store.h_before = feed->sample.h[4];
    wrong[7].store.h_before = feed->sample.h[5];
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct bytes frame = feed_frame(fixture, wrong[i].feed, 1, wrong[i].store.last);
        assert_int_equal(put_store(fixture, wrong[i].feed, &wrong[i].store, frame), ERR_GAP);
        check_journal(fixture);
    }
    /* Neither cursor moved: both go on where they were. */
    put_span(fixture, feed, 6, 9, 0);
    put_span(fixture, fresh, 1, 3, 0);
    check_journal(fixture);
    free(feed);
    free(fresh);
}

static void too_much_of_our_own_is_refused(void **state)
{
    static uint8_t body[ENTRY_BYTES_MAX + 1];
    struct fixture *fixture = *state;
    struct span_entry entries[OWN_MAX];
    struct own_call call = {.own = {.entries = entries,
                                    .count = OWN_MAX,
                                    .log_secret = fixture->log_secret,
                                    .builder = fixture->builder},
                            .position = 4711};
    for (size_t i = 0; i < OWN_MAX; i++) {
        entries[i] =
            (struct span_entry){.kind = ENTRY_ACT, .body = bytes_of(body, ENTRY_BYTES_MAX)};
    }
    assert_int_equal(store_apply(fixture->store, own_run, &call, NULL), ERR_FULL);
    entries[0].body = bytes_of(body, ENTRY_BYTES_MAX + 1);
    assert_int_equal(store_apply(fixture->store, own_run, &call, NULL), ERR_LIMIT);
    assert_int_equal(call.position, 4711);
    check_journal(fixture);
    put_own(fixture, 1);
    check_journal(fixture);
}

/* ---- the reader's edges ---- */

static void an_empty_journal_has_no_entries(void **state)
{
    static const uint64_t from[] = {0, 1, 2, UINT64_MAX};
    struct fixture *fixture = *state;
    struct store_txn *txn = reading(fixture);
    struct journal_entry entry;
    for (size_t i = 0; i < COUNT(from); i++) {
        assert_int_equal(journal_reader_seek(fixture->reader, txn, from[i]), 0);
        assert_int_equal(journal_reader_next(fixture->reader, &entry), ERR_NOT_FOUND);
        struct entry_id id = {.incarnation = fixture->aggregator, .seq = from[i]};
        assert_int_equal(journal_reader_find(fixture->reader, txn, &id, &entry), ERR_NOT_FOUND);
    }
    assert_int_equal(store_txn_error(txn), 0);
    store_read_end(txn);
    journal_reader_free(NULL);
}

static void a_reader_at_the_end_sees_what_comes(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    struct journal_entry entry;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_reader_seek(fixture->reader, txn, 2), 0);
    assert_int_equal(journal_reader_next(fixture->reader, &entry), ERR_NOT_FOUND);
    store_read_end(txn);
    put_span(fixture, feed, 1, 2, 0);
    txn = reading(fixture);
    assert_int_equal(journal_reader_seek(fixture->reader, txn, 2), 0);
    assert_int_equal(journal_reader_next(fixture->reader, &entry), 0);
    check_entry(fixture, 2, &entry);
    store_read_end(txn);
    free(feed);
}

/* ---- what is kept beside ---- */

struct cursors {
    size_t count;
    struct journal_cursor list[4];
};

static void cursor_note(void *arg, const struct journal_cursor *cursor)
{
    struct cursors *cursors = arg;
    assert_true(cursors->count < COUNT(cursors->list));
    cursors->list[cursors->count++] = *cursor;
}

static struct cursors cursors_of(struct fixture *fixture)
{
    struct cursors cursors = {0};
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_each_cursor(txn, cursor_note, &cursors), 0);
    store_read_end(txn);
    return cursors;
}

static void check_cursor(const struct journal_cursor *cursor, const struct feed *feed,
                         uint64_t last)
{
    assert_true(incarnation_equal(&cursor->incarnation, &feed->sample.incarnation));
    assert_int_equal(cursor->enrolment, feed->enrolment);
    assert_int_equal(cursor->lane, LANE_URGENT);
    assert_int_equal(cursor->last, last);
    assert_true(hash_equal(&cursor->h, &feed->sample.h[last]));
    assert_string_equal(cursor->owner, feed->owner);
}

static void cursors_say_whose_log_it_is(void **state)
{
    struct fixture *fixture = *state;
    struct feed *one = feed_new(1, "16.07");
    struct feed *two = feed_new(2, "16.03");
    assert_int_equal(cursors_of(fixture).count, 0); /* ours has none */
    put_span(fixture, two, 1, 2, 0);
    put_span(fixture, one, 1, 5, 0);
    put_span(fixture, two, 2, 6, 1);
    struct cursors cursors = cursors_of(fixture);
    assert_int_equal(cursors.count, 2);
    check_cursor(&cursors.list[0], one, 5);
    check_cursor(&cursors.list[1], two, 6);
    free(one);
    free(two);
}

static int outputs_run(struct store_txn *txn, void *arg)
{
    journal_set_outputs(txn, *(const uint64_t *)arg);
    return 0;
}

static void outputs_only_rise(void **state)
{
    static const uint64_t to[][2] = {{3, 3}, {2, 3}, {3, 3}, {0, 3}, {9, 9}, {8, 9}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(to); i++) {
        uint64_t position = to[i][0];
        assert_int_equal(store_apply(fixture->store, outputs_run, &position, NULL), 0);
        assert_int_equal(meta_of(fixture).outputs_to, to[i][1]);
    }
    put_own(fixture, 1);
    assert_int_equal(meta_of(fixture).outputs_to, 9);
    check_journal(fixture);
}

struct placed {
    uint64_t position, first_seq;
    size_t count;
};

static int placed_run(struct store_txn *txn, void *arg)
{
    const struct placed *placed = arg;
    journal_put_placed(txn, placed->position, placed->first_seq, placed->count);
    return 0;
}

static void placements_are_found_by_position(void **state)
{
    static const struct placed rows[] = {
        {2, 9, 1}, {3, 10, SUBJECTS_MAX}, {UINT64_MAX, UINT64_MAX, 255}, {2, 12, 2}};
    struct fixture *fixture = *state;
    uint64_t first = 4711;
    size_t count = 4711;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct placed placed = rows[i];
        assert_int_equal(store_apply(fixture->store, placed_run, &placed, NULL), 0);
        struct store_txn *txn = reading(fixture);
        assert_int_equal(journal_get_placed(txn, placed.position, &first, &count), 0);
        assert_int_equal(first, rows[i].first_seq);
        assert_int_equal(count, rows[i].count);
        store_read_end(txn);
    }
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_get_placed(txn, 3, &first, &count), 0);
    assert_int_equal(first, 10);
    assert_int_equal(journal_get_placed(txn, 4, &first, &count), ERR_NOT_FOUND);
    assert_int_equal(first, 10);
    store_read_end(txn);
}

struct session {
    uint64_t enrolment;
    struct session_memory memory;
};

static int session_run(struct store_txn *txn, void *arg)
{
    const struct session *session = arg;
    journal_put_session(txn, session->enrolment, &session->memory);
    return 0;
}

static void check_session(struct fixture *fixture, const struct session *session)
{
    struct session_memory memory = {0};
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_get_session(txn, session->enrolment, &memory), 0);
    store_read_end(txn);
    assert_int_equal(memory.has_accepted, session->memory.has_accepted);
    assert_int_equal(memory.past_count, session->memory.past_count);
    assert_memory_equal(&memory.accepted, &session->memory.accepted, sizeof memory.accepted);
    assert_memory_equal(memory.past, session->memory.past, sizeof memory.past);
}

static void sessions_are_kept_by_enrolment(void **state)
{
    struct fixture *fixture = *state;
    struct session sessions[2] = {{.enrolment = 7}, {.enrolment = 8}};
    struct session_memory memory;
    for (uint8_t i = 1; i < SESSION_PAIRS_KEPT + 4; i++) {
        struct session *session = &sessions[i % 2];
        struct session_pair pair = {.prev = {i}, .next = {(uint8_t)(i + 1)}};
        session_accept(&session->memory, &pair);
        assert_int_equal(store_apply(fixture->store, session_run, session, NULL), 0);
        check_session(fixture, session);
    }
    store_reopen(fixture);
    check_session(fixture, &sessions[0]);
    check_session(fixture, &sessions[1]);
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_get_session(txn, 9, &memory), ERR_NOT_FOUND);
    store_read_end(txn);
}

/* ---- pages ---- */

/* Values that fill pages to the last byte: what lay in freed ones is gone. */
static int fill_run(struct store_txn *txn, void *arg)
{
    static uint8_t value[1980];
    uint64_t *next = arg;
    memset(value, 0xa5, sizeof value);
    for (size_t i = 0; i < 40; i++) {
        uint8_t key[8];
        put_be64(key, (*next)++);
        store_put(txn, JOURNAL_OUT, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
    }
    return 0;
}

/* What a reader keeps from one transaction to the next must not lie in the map. */
static void finds_in_many_transactions_agree(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    struct feed *raw = feed_new(2, "16.03");
    uint64_t filled = 1;
    put_span(fixture, raw, 1, 9, 0);
    for (uint64_t seq = 1; seq <= 20; seq++) {
        struct store_txn *txn = reading(fixture);
        for (uint64_t position = 2; position <= 10; position++) {
            const struct entry_id *id = &fixture->wanted[position - 1].id;
            struct journal_entry entry;
            assert_int_equal(journal_reader_find(fixture->reader, txn, id, &entry), 0);
            check_entry(fixture, position, &entry);
        }
        store_read_end(txn);
        put_span(fixture, feed, seq, seq, 0);
        assert_int_equal(store_apply(fixture->store, fill_run, &filled, NULL), 0);
    }
    check_journal(fixture);
    free(feed);
    free(raw);
}

/* ---- damage ---- */

struct change {
    enum journal_table table;
    struct bytes key, value;
};

static int change_run(struct store_txn *txn, void *arg)
{
    const struct change *change = arg;
    store_put(txn, change->table, change->key, change->value);
    return 0;
}

static void change_put(struct fixture *fixture, enum journal_table table, struct bytes key,
                       struct bytes value)
{
    struct change change = {.table = table, .key = key, .value = value};
    assert_int_equal(store_apply(fixture->store, change_run, &change, NULL), 0);
}

/* A copy of the record at this position. */
static struct bytes record_of(struct fixture *fixture, const uint8_t key[8], uint8_t *to,
                              size_t capacity)
{
    struct bytes value;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(store_get(txn, JOURNAL_RECORDS, bytes_of(key, 8), &value), 0);
    assert_true(value.len <= capacity);
    memcpy(to, value.data, value.len);
    value.data = to;
    store_read_end(txn);
    return value;
}

/* The record first … last is damaged: an error each, and everything else is as ever. */
static void check_damaged(struct fixture *fixture, uint64_t first, uint64_t last)
{
    struct store_txn *txn = reading(fixture);
    struct journal_entry entry;
    for (uint64_t position = 1; position <= fixture->count; position++) {
        const struct entry_id *id = &fixture->wanted[position - 1].id;
        assert_int_equal(journal_reader_seek(fixture->reader, txn, position), 0);
        int next = journal_reader_next(fixture->reader, &entry);
        if (next == 0) {
            check_entry(fixture, position, &entry);
        }
        int found = journal_reader_find(fixture->reader, txn, id, &entry);
        if (found == 0) {
            check_entry(fixture, position, &entry);
        }
        bool damaged = position >= first && position <= last;
        if ((next != 0) != damaged || (found != 0) != damaged || next == ERR_NOT_FOUND) {
            fail_msg("position %zu: next %s, find %s", (size_t)position, err_name(next),
                     err_name(found));
        }
    }
    store_read_end(txn);
}

/* Each byte of it in turn, and each length. */
static void damage_record(struct fixture *fixture, uint64_t first, uint64_t last)
{
    uint8_t key[8];
    uint8_t good[2048];
    uint8_t bad[sizeof good + 1] = {0};
    put_be64(key, first);
    struct bytes value = record_of(fixture, key, good, sizeof good);
    memcpy(bad, good, value.len);
    for (size_t at = 0; at < value.len; at++) {
        bad[at] ^= (uint8_t)(1u << at % 8);
        change_put(fixture, JOURNAL_RECORDS, bytes_of(key, 8), bytes_of(bad, value.len));
        check_damaged(fixture, first, last);
        bad[at] = good[at];
    }
    for (size_t len = 0; len < value.len; len += 7) {
        change_put(fixture, JOURNAL_RECORDS, bytes_of(key, 8), bytes_of(bad, len));
        check_damaged(fixture, first, last);
    }
    change_put(fixture, JOURNAL_RECORDS, bytes_of(key, 8), bytes_of(bad, value.len + 1));
    check_damaged(fixture, first, last);
    change_put(fixture, JOURNAL_RECORDS, bytes_of(key, 8), value);
    check_journal(fixture);
}

static void a_damaged_record_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    struct feed *packed = feed_new(2, "16.03");
    packed->codec = SPAN_ZSTD;
    put_span(fixture, feed, 1, 3, 0);
    put_span(fixture, packed, 1, 12, 0);
    put_span(fixture, feed, 2, 5, 2);
    put_own(fixture, 2);
    damage_record(fixture, 1, 1);
    damage_record(fixture, 2, 4);
    damage_record(fixture, 5, 16);
    damage_record(fixture, 17, 18);
    damage_record(fixture, 19, 20);
    free(feed);
    free(packed);
}

/* The same log's record of as many entries, under another position. */
static void a_record_in_another_place_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    uint8_t keys[2][8];
    uint8_t room[2048];
    put_span(fixture, feed, 1, 3, 0);
    put_span(fixture, feed, 4, 6, 0);
    put_be64(keys[0], 2);
    put_be64(keys[1], 5);
    struct bytes value = record_of(fixture, keys[0], room, sizeof room);
    change_put(fixture, JOURNAL_RECORDS, bytes_of(keys[1], 8), value);
    check_damaged(fixture, 5, 7);
    free(feed);
}

static void damage_beside_the_records_is_an_error(void **state)
{
    static const uint8_t enrolment[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t position[8] = {0, 0, 0, 0, 0, 0, 0, 2};
    struct fixture *fixture = *state;
    struct feed *feed = feed_new(1, REGENCY);
    struct bytes log = bytes_of(feed->sample.incarnation.b, INCARNATION_BYTES);
    struct bytes wrong = bytes_of_text("short");
    put_span(fixture, feed, 1, 3, 0);
    change_put(fixture, JOURNAL_CURSORS, log, wrong);
    change_put(fixture, JOURNAL_SESSIONS, bytes_of(enrolment, 8), wrong);
    change_put(fixture, JOURNAL_PLACED, bytes_of(position, 8), wrong);
    check_damaged(fixture, 2, 4); /* whose they are cannot be said */

    struct span_store store = store_of(feed, 4, 5, 0);
    struct cursors cursors = {0};
    struct session_memory memory;
    uint64_t first = 0;
    size_t count = 0;
    assert_int_equal(put_store(fixture, feed, &store, feed_frame(fixture, feed, 4, 5)), ERR_FORMAT);
    struct store_txn *txn = reading(fixture);
    assert_int_equal(journal_each_cursor(txn, cursor_note, &cursors), ERR_FORMAT);
    assert_int_equal(cursors.count, 0);
    assert_int_equal(journal_get_session(txn, 1, &memory), ERR_FORMAT);
    assert_int_equal(journal_get_placed(txn, 2, &first, &count), ERR_FORMAT);
    store_read_end(txn);

    change_put(fixture, JOURNAL_META, bytes_of_text("journal"), wrong);
    struct journal_birth birth = birth_of(fixture);
    assert_int_equal(store_apply(fixture->store, born_run, &birth, NULL), ERR_FORMAT);
    free(feed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define TEST_UNBORN(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, fixture_setup_unborn, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_UNBORN(a_journal_is_born_once),
        TEST(the_own_head_verifies),
        TEST_UNBORN(nothing_is_put_before_birth),
        TEST(arrivals_get_positions_without_gaps),
        TEST(skipped_entries_keep_their_first_position),
        TEST(what_is_not_there_is_not_found),
        TEST(a_find_does_not_disturb_reading_on),
        TEST(a_span_that_does_not_continue_is_a_gap),
        TEST(too_much_of_our_own_is_refused),
        TEST_UNBORN(an_empty_journal_has_no_entries),
        TEST(a_reader_at_the_end_sees_what_comes),
        TEST(finds_in_many_transactions_agree),
        TEST(cursors_say_whose_log_it_is),
        TEST(outputs_only_rise),
        TEST(placements_are_found_by_position),
        TEST(sessions_are_kept_by_enrolment),
        TEST(a_damaged_record_is_an_error),
        TEST(a_record_in_another_place_is_an_error),
        TEST(damage_beside_the_records_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
