/* journal_fixture.h - a journal in a folder of its own, what is written into it, and a list of what
 * must come out again, made without the code under test. */
#ifndef UNIT_AGGREGATOR_JOURNAL_FIXTURE_H
#define UNIT_AGGREGATOR_JOURNAL_FIXTURE_H

#include "unit/core/sync/fixture.h"

#include "aggregator/journal.h"
#include "lib/folder.h"

#include <sodium.h>

#define WANTED_MAX 256u
#define OWN_MAX 8u
#define BIRTH_MS 1700000000000
#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

struct wanted {
    struct entry_id id;
    uint16_t kind;
    bool erased;
    uint8_t body[1024];
    size_t len;
    struct hash b, h;
    char owner[8];
    uint64_t enrolment;
    int64_t received_ms;
};

struct fixture {
    char path[FOLDER_PATH_CAPACITY];
    struct store *store;
    struct journal_reader *reader;
    struct span_builder *builder;
    struct incarnation aggregator;
    struct key log_key;
    uint8_t log_secret[SECRET_BYTES];
    struct hash own_h;
    uint64_t own_last;
    size_t count;
    struct wanted wanted[WANTED_MAX]; /* position p at p - 1 */
};

static inline void store_reopen(struct fixture *fixture)
{
    const struct store_config config = {.path = fixture->path,
                                        .tables = journal_table_names,
                                        .table_count = JOURNAL_TABLE_COUNT,
                                        .map_bytes = 64u << 20,
                                        .format = JOURNAL_FORMAT,
                                        .test_no_sync = true};
    struct err_ctx err = {""};
    store_close(fixture->store);
    fixture->store = NULL;
    if (store_open(&config, &fixture->store, &err) != 0) {
        fail_msg("%s", err.text);
    }
}

static inline struct store_txn *reading(struct fixture *fixture)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_read_begin(fixture->store, &txn, NULL), 0);
    return txn;
}

static inline struct wanted *want(struct fixture *fixture, const struct entry_id *id, uint16_t kind,
                                  struct bytes body, const struct hash *before)
{
    assert_true(fixture->count < WANTED_MAX);
    struct wanted *wanted = &fixture->wanted[fixture->count++];
    *wanted = (struct wanted){.id = *id, .kind = kind, .len = body.len};
    assert_true(body.len <= sizeof wanted->body);
    if (body.len > 0) {
        memcpy(wanted->body, body.data, body.len);
    }
    chain_body(body, &wanted->b);
    chain_next(before, &wanted->b, id, kind, &wanted->h);
    return wanted;
}

/* ---- our own log ---- */

static inline void want_own(struct fixture *fixture, const struct span_entry *entry, int64_t now_ms)
{
    struct entry_id id = {.incarnation = fixture->aggregator, .seq = ++fixture->own_last};
    struct wanted *wanted = want(fixture, &id, entry->kind, entry->body, &fixture->own_h);
    wanted->received_ms = now_ms;
    fixture->own_h = wanted->h;
}

static inline int born_run(struct store_txn *txn, void *arg)
{
    return journal_born(txn, arg);
}

static inline struct journal_birth birth_of(const struct fixture *fixture)
{
    return (struct journal_birth){.aggregator = fixture->aggregator,
                                  .province = bytes_of_text(PROVINCE),
                                  .log_key = fixture->log_key,
                                  .log_secret = fixture->log_secret,
                                  .now_ms = BIRTH_MS};
}

static inline void journal_birth(struct fixture *fixture)
{
    struct journal_birth birth = birth_of(fixture);
    struct genesis genesis = {.direction = DIRECTION_OWN,
                              .lane = LANE_JOURNAL,
                              .owner = birth.province,
                              .counterpart = birth.province,
                              .signing_key = birth.log_key,
                              .created_ms = BIRTH_MS};
    uint8_t body[512];
    size_t len = 0;
    assert_int_equal(genesis_encode(&genesis, body, sizeof body, &len, NULL), 0);
    struct span_entry entry = {.kind = ENTRY_GENESIS, .body = bytes_of(body, len)};
    assert_int_equal(store_apply(fixture->store, born_run, &birth, NULL), 0);
    want_own(fixture, &entry, BIRTH_MS);
}

struct own_call {
    struct journal_own own;
    uint64_t position, seq;
};

static inline int own_run(struct store_txn *txn, void *arg)
{
    struct own_call *call = arg;
    return journal_put_own(txn, &call->own, &call->position, &call->seq);
}

/* That many entries as one span of our own. */
static inline void put_own(struct fixture *fixture, size_t count)
{
    char bodies[OWN_MAX][32];
    struct span_entry entries[OWN_MAX];
    struct own_call call = {.own = {.entries = entries,
                                    .count = count,
                                    .log_secret = fixture->log_secret,
                                    .builder = fixture->builder,
                                    .now_ms = BIRTH_MS + (int64_t)fixture->count}};
    assert_true(count <= OWN_MAX);
    for (size_t i = 0; i < count; i++) {
        int len = snprintf(bodies[i], sizeof bodies[i], "act %zu", fixture->count + i);
        entries[i] =
            (struct span_entry){.kind = ENTRY_ACT, .body = bytes_of(bodies[i], (size_t)len)};
    }
    assert_int_equal(store_apply(fixture->store, own_run, &call, NULL), 0);
    assert_int_equal(call.position, fixture->count + 1);
    assert_int_equal(call.seq, fixture->own_last + 1);
    for (size_t i = 0; i < count; i++) {
        want_own(fixture, &entries[i], call.own.now_ms);
    }
}

/* ---- spans of nodes ---- */

struct feed {
    struct sample sample;
    uint64_t enrolment;
    const char *owner;
    uint64_t erased; /* seq of an entry that came without its body; 0: none */
    enum span_codec codec;
};

static inline struct feed *feed_new(uint8_t mark, const char *owner)
{
    struct feed *feed = calloc(1, sizeof *feed);
    assert_non_null(feed);
    sample_open(&feed->sample, mark, LANE_URGENT);
    feed->enrolment = mark;
    feed->owner = owner;
    feed->codec = SPAN_RAW;
    return feed;
}

static inline struct bytes feed_frame(struct fixture *fixture, const struct feed *feed,
                                      uint64_t first, uint64_t last)
{
    const struct sample *sample = &feed->sample;
    struct span_header header = sample_span(sample, first, last);
    struct bytes frame;
    span_builder_start(fixture->builder, &sample->incarnation, first, &header.h_before);
    for (uint64_t seq = first; seq <= last; seq++) {
        struct span_entry entry = sample->entries[seq - 1];
        struct hash b;
        if (seq == feed->erased) {
            chain_body(entry.body, &b);
            entry.erased = true;
            entry.body = bytes_of(b.b, sizeof b.b);
        }
        assert_int_equal(span_builder_add(fixture->builder, &entry, SPAN_RAW_BYTES_MAX), 0);
    }
    assert_int_equal(span_builder_finish(fixture->builder, feed->codec, &header.head, &frame, NULL),
                     0);
    return frame;
}

static inline struct span_store store_of(const struct feed *feed, uint64_t first, uint64_t last,
                                         uint32_t skip)
{
    return (struct span_store){.incarnation = feed->sample.incarnation,
                               .first_new = first + skip,
                               .last = last,
                               .skip = skip,
                               .h_before = feed->sample.h[first + skip - 1],
                               .h_last = feed->sample.h[last],
                               .is_new_log = first + skip == 1,
                               .lane = LANE_URGENT};
}

struct span_call {
    struct journal_span span;
    int rc;
};

/* What was written is kept, also when it failed: that shows whether it wrote anything. */
static inline int span_run(struct store_txn *txn, void *arg)
{
    struct span_call *call = arg;
    call->rc = journal_put_span(txn, &call->span);
    return 0;
}

static inline int put_store(struct fixture *fixture, const struct feed *feed,
                            const struct span_store *store, struct bytes frame)
{
    struct span_call call = {.span = {.store = store,
                                      .frame = frame,
                                      .enrolment = feed->enrolment,
                                      .owner = feed->owner,
                                      .received_ms = BIRTH_MS + (int64_t)fixture->count}};
    assert_int_equal(store_apply(fixture->store, span_run, &call, NULL), 0);
    return call.rc;
}

/* Entries first … last, of which the first `skip` are there already. */
static inline void put_span(struct fixture *fixture, const struct feed *feed, uint64_t first,
                            uint64_t last, uint32_t skip)
{
    const struct sample *sample = &feed->sample;
    struct span_store store = store_of(feed, first, last, skip);
    struct bytes frame = feed_frame(fixture, feed, first, last);
    int64_t received_ms = BIRTH_MS + (int64_t)fixture->count;
    assert_int_equal(put_store(fixture, feed, &store, frame), 0);
    for (uint64_t seq = first + skip; seq <= last; seq++) {
        struct entry_id id = {.incarnation = sample->incarnation, .seq = seq};
        const struct span_entry *entry = &sample->entries[seq - 1];
        struct wanted *wanted = want(fixture, &id, entry->kind, entry->body, &sample->h[seq - 1]);
        (void)snprintf(wanted->owner, sizeof wanted->owner, "%s", feed->owner);
        wanted->enrolment = feed->enrolment;
        wanted->received_ms = received_ms;
        if (seq == feed->erased) {
            wanted->erased = true;
            wanted->len = 0;
        }
    }
}

/* ---- what comes out ---- */

static inline void check_entry(const struct fixture *fixture, uint64_t position,
                               const struct journal_entry *entry)
{
    assert_in_range(position, 1, fixture->count);
    const struct wanted *wanted = &fixture->wanted[position - 1];
    assert_int_equal(entry->position, position);
    assert_true(incarnation_equal(&entry->id.incarnation, &wanted->id.incarnation));
    assert_int_equal(entry->id.seq, wanted->id.seq);
    assert_int_equal(entry->kind, wanted->kind);
    assert_int_equal(entry->erased, wanted->erased);
    assert_true(bytes_equal(entry->body, bytes_of(wanted->body, wanted->len)));
    assert_true(hash_equal(&entry->b, &wanted->b));
    assert_true(hash_equal(&entry->h, &wanted->h));
    assert_int_equal(entry->own, wanted->enrolment == 0);
    assert_int_equal(entry->enrolment, wanted->enrolment);
    assert_string_equal(entry->owner, wanted->owner);
    assert_int_equal(entry->received_ms, wanted->received_ms);
}

static inline void check_from(struct fixture *fixture, struct store_txn *txn, uint64_t from)
{
    struct journal_entry entry;
    assert_int_equal(journal_reader_seek(fixture->reader, txn, from), 0);
    for (uint64_t position = from == 0 ? 1 : from; position <= fixture->count; position++) {
        assert_int_equal(journal_reader_next(fixture->reader, &entry), 0);
        check_entry(fixture, position, &entry);
    }
    assert_int_equal(journal_reader_next(fixture->reader, &entry), ERR_NOT_FOUND);
}

/* Everything from everywhere, and each by its identity, from the last to the first. */
static inline void check_journal(struct fixture *fixture)
{
    struct store_txn *txn = reading(fixture);
    struct journal_meta meta;
    struct journal_entry entry;
    assert_int_equal(journal_load(txn, &meta), 0);
    assert_int_equal(meta.next_position, fixture->count + 1);
    assert_int_equal(meta.own_last, fixture->own_last);
    assert_true(hash_equal(&meta.own_h, &fixture->own_h));
    assert_true(incarnation_equal(&meta.aggregator, &fixture->aggregator));
    for (uint64_t from = 0; from <= fixture->count + 1; from++) {
        check_from(fixture, txn, from);
    }
    for (uint64_t position = fixture->count; position > 0; position--) {
        const struct entry_id *id = &fixture->wanted[position - 1].id;
        assert_int_equal(journal_reader_find(fixture->reader, txn, id, &entry), 0);
        check_entry(fixture, position, &entry);
    }
    assert_int_equal(store_txn_error(txn), 0);
    store_read_end(txn);
}

/* ---- life ---- */

static inline int fixture_setup_unborn(void **state)
{
    static const uint8_t seed[32] = {16};
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL || sodium_init() < 0) {
        return -1;
    }
    folder_open(fixture->path);
    store_reopen(fixture);
    fixture->reader = journal_reader_new();
    fixture->builder = span_builder_new();
    seal_keypair(seed, &fixture->log_key, fixture->log_secret);
    memset(fixture->aggregator.b, 0x80, sizeof fixture->aggregator.b);
    *state = fixture;
    return fixture->reader != NULL && fixture->builder != NULL ? 0 : -1;
}

static inline int fixture_setup(void **state)
{
    int rc = fixture_setup_unborn(state);
    if (rc == 0) {
        journal_birth(*state);
    }
    return rc;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    journal_reader_free(fixture->reader);
    span_builder_free(fixture->builder);
    store_close(fixture->store);
    folder_drop(fixture->path);
    free(fixture);
    return 0;
}

#endif
