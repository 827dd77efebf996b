/* Logs we write: appended entry by entry, cut into spans, and the same after the store was opened
 * again. What stands in the tables and in the frames is compared with a model kept here. */
#include "unit/platform/store/fixture.h"

#include "core/seal/chain.h"
#include "platform/store/outlog.h"

#include <sodium.h>

#define ENTRIES_MAX 32u
#define BODY_BYTES_MAX 400u
#define CREATED_MS 1700000000000

static const struct outlog_tables tables = {.entries = TABLE_ONE, .logs = TABLE_TWO};

/* What the log must hold, with chain values computed here. */
struct expected {
    uint16_t kind;
    bool erased;
    int64_t created_ms;
    uint8_t body[BODY_BYTES_MAX];
    size_t len;
    struct hash b, h;
};
struct model {
    struct incarnation incarnation;
    size_t count;
    struct expected entries[ENTRIES_MAX]; /* entry seq at seq - 1 */
};

static struct key signer;
static uint8_t secret[SECRET_BYTES];

static struct incarnation incarnation_of(uint8_t byte)
{
    struct incarnation incarnation;
    memset(incarnation.b, byte, sizeof incarnation.b);
    return incarnation;
}

static struct genesis genesis_of(enum lane lane)
{
    return (struct genesis){
        .direction = DIRECTION_UP,
        .lane = lane,
        .owner = bytes_of_text("16.07"),
        .counterpart = bytes_of_text("16"),
        .signing_key = signer,
        .enrolment = 7,
        .created_ms = CREATED_MS,
    };
}

static void model_add(struct model *model, uint16_t kind, struct bytes body, int64_t created_ms)
{
    static const struct hash zeros;
    assert_true(model->count < ENTRIES_MAX && body.len <= BODY_BYTES_MAX);
    const struct hash *before = model->count == 0 ? &zeros : &model->entries[model->count - 1].h;
    struct expected *entry = &model->entries[model->count++];
    struct entry_id id = {.incarnation = model->incarnation, .seq = model->count};
    *entry = (struct expected){.kind = kind, .created_ms = created_ms, .len = body.len};
    if (body.len > 0) {
        memcpy(entry->body, body.data, body.len);
    }
    chain_body(body, &entry->b);
    chain_next(before, &entry->b, &id, kind, &entry->h);
}

/* ---- writing: the model and the store step by step ---- */

struct birth {
    struct incarnation incarnation;
    enum lane lane;
    struct outlog log;
};

static int birth_run(struct store_txn *txn, void *arg)
{
    struct birth *birth = arg;
    struct genesis genesis = genesis_of(birth->lane);
    return outlog_create(txn, &tables, &birth->incarnation, &genesis, &birth->log);
}

static void log_create(struct fixture *fixture, struct model *model, uint8_t byte, enum lane lane)
{
    struct birth birth = {.incarnation = incarnation_of(byte), .lane = lane};
    struct genesis genesis = genesis_of(lane);
    uint8_t body[BODY_BYTES_MAX];
    size_t len = 0;
    assert_int_equal(genesis_encode(&genesis, body, sizeof body, &len, NULL), 0);
    *model = (struct model){.incarnation = birth.incarnation};
    model_add(model, ENTRY_GENESIS, bytes_of(body, len), CREATED_MS);
    assert_int_equal(store_apply(fixture->store, birth_run, &birth, NULL), 0);
    assert_int_equal(birth.log.last, 1);
    assert_true(hash_equal(&birth.log.h_last, &model->entries[0].h));
}

struct append {
    struct incarnation incarnation;
    uint16_t kind;
    struct bytes body;
    int64_t now_ms;
    size_t times;
};

static int append_run(struct store_txn *txn, void *arg)
{
    const struct append *append = arg;
    struct outlog log;
    int rc = outlog_load(txn, &tables, &append->incarnation, &log);
    for (size_t i = 0; rc == 0 && i < append->times; i++) {
        outlog_append(txn, &tables, &log, append->kind, append->body, append->now_ms);
    }
    return rc;
}

static void log_append(struct fixture *fixture, struct model *model, uint16_t kind, size_t len)
{
    uint8_t body[BODY_BYTES_MAX];
    for (size_t i = 0; i < len; i++) {
        body[i] = (uint8_t)(model->count * 31 + i * (kind | 1u));
    }
    struct append append = {.incarnation = model->incarnation,
                            .kind = kind,
                            .body = bytes_of(body, len),
                            .now_ms = CREATED_MS + (int64_t)model->count,
                            .times = 1};
    model_add(model, kind, append.body, append.now_ms);
    assert_int_equal(store_apply(fixture->store, append_run, &append, NULL), 0);
}

/* Kinds that nobody knows too, bodies from nothing to a few hundred bytes. */
static void log_fill(struct fixture *fixture, struct model *model, size_t count)
{
    static const uint16_t kinds[] = {ENTRY_REPORT, ENTRY_RUNG, 65535, 0};
    for (size_t i = 0; i < count; i++) {
        log_append(fixture, model, kinds[i % 4], i * 53 % (BODY_BYTES_MAX + 1));
    }
}

/* As erasing will do it: the flag set, the body gone, b and h kept. */
static int erase_run(struct store_txn *txn, void *arg)
{
    const struct model *model = arg;
    for (size_t i = 0; i < model->count; i++) {
        const struct expected *entry = &model->entries[i];
        if (entry->erased) {
            uint8_t key[INCARNATION_BYTES + 8];
            uint8_t value[2 + 1 + 1 + 8 + 2 * HASH_BYTES] = {0};
            memcpy(key, model->incarnation.b, INCARNATION_BYTES);
            put_be64(key + INCARNATION_BYTES, i + 1);
            put_be16(value, entry->kind);
            value[2] = 1;
            put_be64(value + 4, (uint64_t)entry->created_ms);
            memcpy(value + 12, entry->b.b, HASH_BYTES);
            memcpy(value + 12 + HASH_BYTES, entry->h.b, HASH_BYTES);
            store_put(txn, TABLE_ONE, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
        }
    }
    return 0;
}

static void log_erase(struct fixture *fixture, struct model *model, uint64_t seq)
{
    model->entries[seq - 1].erased = true;
    assert_int_equal(store_apply(fixture->store, erase_run, model, NULL), 0);
}

struct removal {
    unsigned table;
    struct incarnation incarnation;
    uint64_t seq;       /* 0: the log's own record */
    struct bytes value; /* put in its place, when there is one */
};

static int removal_run(struct store_txn *txn, void *arg)
{
    const struct removal *removal = arg;
    uint8_t key[INCARNATION_BYTES + 8];
    memcpy(key, removal->incarnation.b, INCARNATION_BYTES);
    put_be64(key + INCARNATION_BYTES, removal->seq);
    struct bytes wanted = bytes_of(key, removal->seq == 0 ? INCARNATION_BYTES : sizeof key);
    if (removal->value.len > 0) {
        store_put(txn, removal->table, wanted, removal->value);
    } else {
        store_delete(txn, removal->table, wanted);
    }
    return 0;
}

/* ---- reading ---- */

static struct store_txn *reading(struct fixture *fixture)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_read_begin(fixture->store, &txn, NULL), 0);
    return txn;
}

static void check_entry(struct store_txn *txn, const struct model *model, uint64_t seq)
{
    const struct expected *wanted = &model->entries[seq - 1];
    struct entry_id id = {.incarnation = model->incarnation, .seq = seq};
    struct outlog_entry entry;
    struct hash h;
    assert_int_equal(outlog_read(txn, &tables, &id, &entry), 0);
    assert_int_equal(entry.kind, wanted->kind);
    assert_int_equal(entry.erased, wanted->erased);
    assert_int_equal(entry.created_ms, wanted->created_ms);
    assert_true(hash_equal(&entry.b, &wanted->b));
    assert_true(hash_equal(&entry.h, &wanted->h));
    struct bytes body = bytes_of(wanted->body, wanted->erased ? 0 : wanted->len);
    assert_true(bytes_equal(entry.body, body));
    assert_int_equal(outlog_hash(txn, &tables, &id, &h), 0);
    assert_true(hash_equal(&h, &wanted->h));
}

static void check_log(struct fixture *fixture, const struct model *model)
{
    struct store_txn *txn = reading(fixture);
    struct outlog log;
    assert_int_equal(outlog_load(txn, &tables, &model->incarnation, &log), 0);
    assert_int_equal(log.last, model->count);
    assert_true(hash_equal(&log.h_last, &model->entries[model->count - 1].h));
    for (uint64_t seq = 1; seq <= model->count; seq++) {
        check_entry(txn, model, seq);
    }
    const uint64_t absent[] = {0, model->count + 1, UINT64_MAX};
    for (size_t i = 0; i < 3; i++) {
        struct entry_id id = {.incarnation = model->incarnation, .seq = absent[i]};
        struct outlog_entry entry;
        struct hash h;
        assert_int_equal(outlog_read(txn, &tables, &id, &entry), ERR_NOT_FOUND);
        assert_int_equal(outlog_hash(txn, &tables, &id, &h), ERR_NOT_FOUND);
    }
    assert_int_equal(store_txn_error(txn), 0);
    store_read_end(txn);
}

/* ---- cutting ---- */

struct cutter {
    struct span_builder *builder;
    struct span_decoder *decoder;
    struct arena *arena;
};

static struct cutter cutter_new(void)
{
    struct cutter cutter = {.builder = span_builder_new(),
                            .decoder = span_decoder_new(),
                            .arena = arena_new(SPAN_SCRATCH_BYTES_MAX)};
    assert_true(cutter.builder != NULL && cutter.decoder != NULL && cutter.arena != NULL);
    return cutter;
}

static void cutter_free(struct cutter *cutter)
{
    span_builder_free(cutter->builder);
    span_decoder_free(cutter->decoder);
    arena_free(cutter->arena);
}

static struct outlog_cut cut_of(const struct model *model, uint64_t first, uint64_t last_max,
                                size_t raw_bytes_max)
{
    return (struct outlog_cut){.incarnation = model->incarnation,
                               .first = first,
                               .last_max = last_max,
                               .raw_bytes_max = raw_bytes_max,
                               .codec = SPAN_RAW,
                               .secret = secret};
}

/* The last entry that fits: at least one, each with four bytes of its own. */
static uint64_t last_that_fits(const struct model *model, const struct outlog_cut *cut)
{
    size_t used = 0;
    uint64_t seq = cut->first;
    for (; seq <= cut->last_max; seq++) {
        const struct expected *entry = &model->entries[seq - 1];
        used += 4 + (entry->erased ? HASH_BYTES : entry->len);
        if (used > cut->raw_bytes_max && seq > cut->first) {
            break;
        }
    }
    return seq - 1;
}

static void check_frame(struct cutter *cutter, const struct model *model, struct bytes frame,
                        uint64_t first, uint64_t last)
{
    static const struct hash zeros;
    struct span_header header;
    struct bytes payload;
    struct span_entry *entries = NULL;
    arena_reset(cutter->arena);
    assert_int_equal(span_header_decode(frame, &header, &payload, NULL), 0);
    assert_int_equal(
        span_entries_decode(cutter->decoder, &header, payload, cutter->arena, &entries, NULL), 0);
    assert_true(incarnation_equal(&header.incarnation, &model->incarnation));
    assert_int_equal(header.first, first);
    assert_int_equal(header.count, last - first + 1);
    assert_true(hash_equal(&header.h_before, first == 1 ? &zeros : &model->entries[first - 2].h));
    for (uint64_t seq = first; seq <= last; seq++) {
        const struct expected *wanted = &model->entries[seq - 1];
        const struct span_entry *entry = &entries[seq - first];
        struct bytes body = wanted->erased ? bytes_of(wanted->b.b, HASH_BYTES)
                                           : bytes_of(wanted->body, wanted->len);
        assert_int_equal(entry->kind, wanted->kind);
        assert_int_equal(entry->erased, wanted->erased);
        assert_true(bytes_equal(entry->body, body));
    }
    struct entry_id id = {.incarnation = model->incarnation, .seq = last};
    assert_true(head_verify(&signer, &id, &model->entries[last - 1].h, &header.head));
}

static void check_cut(struct cutter *cutter, struct store_txn *txn, const struct model *model,
                      const struct outlog_cut *cut)
{
    struct bytes frame;
    uint64_t last = 0;
    uint64_t wanted = last_that_fits(model, cut);
    assert_int_equal(outlog_cut(txn, &tables, cut, cutter->builder, &frame, &last, NULL), 0);
    assert_int_equal(last, wanted);
    check_frame(cutter, model, frame, cut->first, last);
}

/* Nothing is cut, and what was there to be written to stays as it was. */
static void check_cut_ends(struct cutter *cutter, struct store_txn *txn, struct outlog_cut cut,
                           int rc, uint64_t wanted)
{
    struct bytes frame;
    uint64_t last = 0;
    assert_int_equal(outlog_cut(txn, &tables, &cut, cutter->builder, &frame, &last, NULL), rc);
    assert_int_equal(last, wanted);
}

static void check_no_cut(struct cutter *cutter, struct store_txn *txn, const struct outlog_cut *cut)
{
    struct bytes frame = bytes_of_text("as it was");
    uint64_t last = 4711;
    struct err_ctx err = {""};
    assert_int_equal(outlog_cut(txn, &tables, cut, cutter->builder, &frame, &last, &err),
                     ERR_NOT_FOUND);
    assert_int_equal(last, 4711);
    assert_true(bytes_equal(frame, bytes_of_text("as it was")));
    assert_non_null(strstr(err.text, "cut a span"));
}

/* ---- tests ---- */

static void a_log_is_born_once(void **state)
{
    struct fixture *fixture = *state;
    struct model model;
    log_create(fixture, &model, 1, LANE_URGENT);
    log_append(fixture, &model, ENTRY_REPORT, 20);
    struct birth again = {.incarnation = model.incarnation, .lane = LANE_ROUTINE, .log.last = 4711};
    assert_int_equal(store_apply(fixture->store, birth_run, &again, NULL), ERR_EXISTS);
    assert_int_equal(again.log.last, 4711);
    check_log(fixture, &model);
    struct store_txn *txn = reading(fixture);
    struct outlog log;
    assert_int_equal(outlog_load(txn, &tables, &model.incarnation, &log), 0);
    assert_int_equal(log.lane, LANE_URGENT);
    assert_int_equal(log.enrolment, 7);
    assert_int_equal(log.acked, 0);
    struct incarnation other = incarnation_of(2);
    assert_int_equal(outlog_load(txn, &tables, &other, &log), ERR_NOT_FOUND);
    store_read_end(txn);
}

static void a_log_with_a_bad_genesis_is_not_born(void **state)
{
    struct fixture *fixture = *state;
    struct birth birth = {.incarnation = incarnation_of(1), .lane = (enum lane)9};
    assert_int_equal(store_apply(fixture->store, birth_run, &birth, NULL), ERR_VALUE);
    struct store_txn *txn = reading(fixture);
    struct entry_id id = {.incarnation = birth.incarnation, .seq = 1};
    struct outlog log;
    struct hash h;
    assert_int_equal(outlog_load(txn, &tables, &birth.incarnation, &log), ERR_NOT_FOUND);
    assert_int_equal(outlog_hash(txn, &tables, &id, &h), ERR_NOT_FOUND);
    store_read_end(txn);
}

static void entries_are_read_as_they_were_appended(void **state)
{
    struct fixture *fixture = *state;
    struct model one;
    struct model two;
    log_create(fixture, &one, 1, LANE_URGENT);
    log_create(fixture, &two, 2, LANE_ROUTINE);
    for (size_t i = 0; i < 10; i++) {
        log_fill(fixture, &one, 2);
        log_fill(fixture, &two, 1);
    }
    check_log(fixture, &one);
    check_log(fixture, &two);
}

static void all_logs_are_listed(void **state)
{
    struct fixture *fixture = *state;
    struct model models[3];
    struct outlog log = {.last = 4711};
    struct store_txn *txn = reading(fixture);
    assert_int_equal(outlog_next(txn, &tables, NULL, &log), ERR_NOT_FOUND);
    assert_int_equal(log.last, 4711);
    store_read_end(txn);
    for (uint8_t i = 0; i < 3; i++) {
        log_create(fixture, &models[i], (uint8_t)(3 - i), LANE_URGENT);
        log_fill(fixture, &models[i], i);
    }
    txn = reading(fixture);
    struct incarnation after;
    for (size_t i = 0; i < 3; i++) { /* in the order of their incarnations */
        const struct model *model = &models[2 - i];
        assert_int_equal(outlog_next(txn, &tables, i == 0 ? NULL : &after, &log), 0);
        after = log.incarnation;
        assert_true(incarnation_equal(&log.incarnation, &model->incarnation));
        assert_int_equal(log.last, model->count);
        assert_true(hash_equal(&log.h_last, &model->entries[model->count - 1].h));
        assert_true(outlog_lives(&log));
    }
    assert_int_equal(outlog_next(txn, &tables, &after, &log), ERR_NOT_FOUND);
    after = incarnation_of(0); /* of no log */
    assert_int_equal(outlog_next(txn, &tables, &after, &log), 0);
    assert_true(incarnation_equal(&log.incarnation, &models[2].incarnation));
    store_read_end(txn);
}

static void spans_hold_as_much_as_they_may(void **state)
{
    static const size_t raw_bytes_max[] = {0, 1, 57, 137, 700, 4000, SPAN_RAW_BYTES_MAX};
    struct fixture *fixture = *state;
    struct model model;
    struct model other;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    log_create(fixture, &other, 2, LANE_ROUTINE); /* its entries stand behind in the table */
    log_fill(fixture, &model, 15);
    struct store_txn *txn = reading(fixture);
    for (uint64_t first = 1; first <= model.count; first++) {
        for (uint64_t last_max = first; last_max <= model.count; last_max++) {
            for (size_t i = 0; i < sizeof raw_bytes_max / sizeof raw_bytes_max[0]; i++) {
                struct outlog_cut cut = cut_of(&model, first, last_max, raw_bytes_max[i]);
                check_cut(&cutter, txn, &model, &cut);
                cut.codec = SPAN_ZSTD;
                check_cut(&cutter, txn, &model, &cut);
            }
        }
    }
    store_read_end(txn);
    cutter_free(&cutter);
}

static void what_is_not_there_is_not_cut(void **state)
{
    struct fixture *fixture = *state;
    struct model model;
    struct model other;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    log_fill(fixture, &model, 4);
    for (int with_other = 0; with_other < 2; with_other++) {
        const uint64_t firsts[][2] = {{6, 6}, {7, 9}, {6, UINT64_MAX},
                                      {5, 4}, {0, 3}, {UINT64_MAX, UINT64_MAX}};
        struct store_txn *txn = reading(fixture);
        for (size_t i = 0; i < sizeof firsts / sizeof firsts[0]; i++) {
            struct outlog_cut cut = cut_of(&model, firsts[i][0], firsts[i][1], 100000);
            check_no_cut(&cutter, txn, &cut);
        }
        struct outlog_cut cut = cut_of(&model, 1, 5, 100000);
        check_cut(&cutter, txn, &model, &cut);
        cut.incarnation = incarnation_of(9);
        check_no_cut(&cutter, txn, &cut);
        store_read_end(txn);
        if (with_other == 0) {
            log_create(fixture, &other, 2, LANE_ROUTINE);
        }
    }
    cutter_free(&cutter);
}

/* Old entries are deleted: the log begins later, and is not cut from before that. */
static void a_missing_entry_is_not_jumped_over(void **state)
{
    struct fixture *fixture = *state;
    struct model model;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    log_fill(fixture, &model, 5);
    struct removal removal = {.table = TABLE_ONE, .incarnation = model.incarnation, .seq = 3};
    assert_int_equal(store_apply(fixture->store, removal_run, &removal, NULL), 0);
    struct store_txn *txn = reading(fixture);
    check_cut_ends(&cutter, txn, cut_of(&model, 3, 6, 100000), ERR_NOT_FOUND, 0);
    check_cut_ends(&cutter, txn, cut_of(&model, 4, 6, 100000), ERR_NOT_FOUND, 0);
    struct outlog_cut before = cut_of(&model, 1, 2, 100000);
    check_cut(&cutter, txn, &model, &before);
    check_cut_ends(&cutter, txn, cut_of(&model, 2, 6, 100000), 0, 2);
    struct outlog_cut behind = cut_of(&model, 5, 6, 100000);
    check_cut(&cutter, txn, &model, &behind);
    store_read_end(txn);
    cutter_free(&cutter);
}

static void erased_entries_travel_as_their_hash(void **state)
{
    static const uint64_t lasts[] = {3, 5, 6};
    struct fixture *fixture = *state;
    struct model model;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    log_fill(fixture, &model, 5);
    log_erase(fixture, &model, 3);
    log_erase(fixture, &model, 6); /* the bare last one */
    check_log(fixture, &model);
    struct store_txn *txn = reading(fixture);
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t first = 1; first <= lasts[i]; first++) {
            struct outlog_cut cut = cut_of(&model, first, lasts[i], 100000);
            check_cut(&cutter, txn, &model, &cut);
        }
    }
    store_read_end(txn);
    log_fill(fixture, &model, 2);
    check_log(fixture, &model);
    txn = reading(fixture);
    struct outlog_cut cut = cut_of(&model, 1, 8, 100000);
    check_cut(&cutter, txn, &model, &cut);
    store_read_end(txn);
    cutter_free(&cutter);
}

static void an_empty_body_is_an_entry(void **state)
{
    struct fixture *fixture = *state;
    struct model model;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    log_append(fixture, &model, ENTRY_REPORT, 0);
    check_log(fixture, &model);
    struct store_txn *txn = reading(fixture);
    for (uint64_t first = 1; first <= 2; first++) {
        struct outlog_cut cut = cut_of(&model, first, 2, 100000);
        check_cut(&cutter, txn, &model, &cut);
    }
    store_read_end(txn);
    cutter_free(&cutter);
}

static void the_largest_entry_fits_alone(void **state)
{
    static uint8_t body[ENTRY_BYTES_MAX];
    struct fixture *fixture = *state;
    struct model model;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    for (int round = 0; round < 2; round++) { /* zeros, too dense for zstd; then noise */
        struct append append = {.incarnation = model.incarnation,
                                .kind = ENTRY_REPORT,
                                .body = bytes_of(body, sizeof body),
                                .now_ms = CREATED_MS,
                                .times = 1};
        assert_int_equal(store_apply(fixture->store, append_run, &append, NULL), 0);
        struct outlog_cut cut = cut_of(&model, 2 + (uint64_t)round, 2 + (uint64_t)round, 1);
        cut.codec = SPAN_ZSTD;
        struct store_txn *txn = reading(fixture);
        struct bytes frame;
        struct bytes payload;
        struct span_header header;
        struct span_entry *entries = NULL;
        uint64_t last = 0;
        arena_reset(cutter.arena);
        assert_int_equal(outlog_cut(txn, &tables, &cut, cutter.builder, &frame, &last, NULL), 0);
        store_read_end(txn); /* the frame is the builder's */
        assert_int_equal(last, cut.first);
        assert_int_equal(span_header_decode(frame, &header, &payload, NULL), 0);
        assert_int_equal(
            span_entries_decode(cutter.decoder, &header, payload, cutter.arena, &entries, NULL), 0);
        assert_true(bytes_equal(entries[0].body, append.body));
        for (size_t i = 0; i < sizeof body; i++) {
            body[i] = (uint8_t)((i * UINT64_C(0x9e3779b97f4a7c15)) >> 40);
        }
    }
    cutter_free(&cutter);
}

static void a_span_has_its_number_of_entries(void **state)
{
    struct fixture *fixture = *state;
    struct model model;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    struct append append = {
        .incarnation = model.incarnation, .kind = ENTRY_RUNG, .times = SPAN_ENTRIES_MAX + 3};
    assert_int_equal(store_apply(fixture->store, append_run, &append, NULL), 0);
    struct store_txn *txn = reading(fixture);
    struct outlog_cut cut = cut_of(&model, 2, SPAN_ENTRIES_MAX + 4, SPAN_RAW_BYTES_MAX);
    struct bytes frame;
    struct bytes payload;
    struct span_header header;
    uint64_t last = 0;
    assert_int_equal(outlog_cut(txn, &tables, &cut, cutter.builder, &frame, &last, NULL), 0);
    assert_int_equal(last, SPAN_ENTRIES_MAX + 1);
    assert_int_equal(span_header_decode(frame, &header, &payload, NULL), 0);
    assert_int_equal(header.count, SPAN_ENTRIES_MAX);
    store_read_end(txn);
    cutter_free(&cutter);
}

static int acked_run(struct store_txn *txn, void *arg)
{
    outlog_save(txn, &tables, arg);
    return 0;
}

static void a_log_is_the_same_after_reopening(void **state)
{
    struct fixture *fixture = *state;
    struct model model;
    struct outlog log;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_ROUTINE);
    log_fill(fixture, &model, 6);
    struct store_txn *txn = reading(fixture);
    assert_int_equal(outlog_load(txn, &tables, &model.incarnation, &log), 0);
    store_read_end(txn);
    log.acked = 5;
    log.receipt = 4;
    log.backed_up_to = 3;
    log.acked_ms = -1; /* a clock that was never set */
    log.predecessor = (struct entry_id){incarnation_of(8), 12};
    log.copies = 13;
    log.successor = incarnation_of(9);
    log.last_ever = 14;
    assert_int_equal(store_apply(fixture->store, acked_run, &log, NULL), 0);

    fixture_close(fixture);
    fixture_open(fixture);
    struct outlog again;
    txn = reading(fixture);
    assert_int_equal(outlog_load(txn, &tables, &model.incarnation, &again), 0);
    store_read_end(txn);
    assert_true(incarnation_equal(&again.incarnation, &model.incarnation));
    assert_int_equal(again.lane, LANE_ROUTINE);
    assert_int_equal(again.enrolment, 7);
    assert_int_equal(again.acked, 5);
    assert_int_equal(again.receipt, 4);
    assert_int_equal(again.backed_up_to, 3);
    assert_int_equal(again.acked_ms, -1);
    assert_true(incarnation_equal(&again.predecessor.incarnation, &log.predecessor.incarnation));
    assert_int_equal(again.predecessor.seq, 12);
    assert_int_equal(again.copies, 13);
    assert_true(incarnation_equal(&again.successor, &log.successor));
    assert_int_equal(again.last_ever, 14);
    again.successor = (struct incarnation){{0}};
    assert_int_equal(store_apply(fixture->store, acked_run, &again, NULL), 0);
    check_log(fixture, &model);
    log_fill(fixture, &model, 3);
    check_log(fixture, &model);
    txn = reading(fixture);
    struct outlog_cut cut = cut_of(&model, 4, model.count, 100000);
    check_cut(&cutter, txn, &model, &cut);
    store_read_end(txn);
    cutter_free(&cutter);
}

static void damaged_records_are_errors(void **state)
{
    struct fixture *fixture = *state;
    struct model model;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    log_fill(fixture, &model, 3);
    struct removal entry = {.table = TABLE_ONE,
                            .incarnation = model.incarnation,
                            .seq = 2,
                            .value = bytes_of_text("shorter than any entry")};
    struct removal record = {.table = TABLE_TWO,
                             .incarnation = model.incarnation,
                             .value = bytes_of_text("shorter than any log")};
    assert_int_equal(store_apply(fixture->store, removal_run, &entry, NULL), 0);
    assert_int_equal(store_apply(fixture->store, removal_run, &record, NULL), 0);
    struct store_txn *txn = reading(fixture);
    struct entry_id id = {.incarnation = model.incarnation, .seq = 2};
    struct outlog_entry read;
    struct outlog log;
    struct hash h;
    assert_int_equal(outlog_read(txn, &tables, &id, &read), ERR_FORMAT);
    assert_int_equal(outlog_hash(txn, &tables, &id, &h), ERR_FORMAT);
    assert_int_equal(outlog_load(txn, &tables, &model.incarnation, &log), ERR_FORMAT);
    assert_int_equal(outlog_next(txn, &tables, NULL, &log), ERR_FORMAT);
    struct outlog_cut cut = cut_of(&model, 2, 4, 100000);
    check_no_cut(&cutter, txn, &cut);
    store_read_end(txn);
    cutter_free(&cutter);
}

static int flip_run(struct store_txn *txn, void *arg)
{
    const struct entry_id *id = arg;
    uint8_t key[INCARNATION_BYTES + 8];
    uint8_t value[4096];
    struct bytes found;
    memcpy(key, id->incarnation.b, INCARNATION_BYTES);
    put_be64(key + INCARNATION_BYTES, id->seq);
    int rc = store_get(txn, TABLE_ONE, bytes_of(key, sizeof key), &found);
    if (rc == 0) {
        memcpy(value, found.data, found.len);
        value[found.len - 1] ^= 1;
        store_put(txn, TABLE_ONE, bytes_of(key, sizeof key), bytes_of(value, found.len));
    }
    return rc;
}

static void a_flipped_bit_is_never_sent(void **state)
{
    struct fixture *fixture = *state;
    struct model model;
    struct cutter cutter = cutter_new();
    log_create(fixture, &model, 1, LANE_URGENT);
    log_fill(fixture, &model, 3);
    struct entry_id id = {.incarnation = model.incarnation, .seq = 3};
    assert_int_equal(store_apply(fixture->store, flip_run, &id, NULL), 0);
    struct store_txn *txn = reading(fixture);
    check_cut_ends(&cutter, txn, cut_of(&model, 3, 4, 100000), ERR_FORMAT, 0);
    check_cut_ends(&cutter, txn, cut_of(&model, 1, 4, 100000), 0, 2); /* what is sound before it */
    store_read_end(txn);
    cutter_free(&cutter);
}

static uint64_t check_all(struct fixture *fixture, int wanted)
{
    uint64_t entries = 0;
    struct store_txn *txn = reading(fixture);
    assert_int_equal(outlog_check_all(txn, &tables, NULL, &entries, NULL), wanted);
    store_read_end(txn);
    return entries;
}

static void logs_are_read_back(void **state)
{
    struct fixture *fixture = *state;
    struct model one;
    struct model two;
    log_create(fixture, &one, 1, LANE_URGENT);
    log_create(fixture, &two, 2, LANE_ROUTINE);
    log_fill(fixture, &one, 6);
    log_fill(fixture, &two, 4);
    log_erase(fixture, &two, 3);
    assert_int_equal(check_all(fixture, 0), 7 + 5);
    struct removal removal = {.table = TABLE_ONE, .incarnation = one.incarnation, .seq = 1};
    assert_int_equal(store_apply(fixture->store, removal_run, &removal, NULL), 0);
    assert_int_equal(check_all(fixture, 0), 6 + 5); /* pruned: the rest still holds */
    struct entry_id id = {two.incarnation, 2};
    assert_int_equal(store_apply(fixture->store, flip_run, &id, NULL), 0);
    (void)check_all(fixture, ERR_FORMAT);
    assert_int_equal(store_apply(fixture->store, flip_run, &id, NULL), 0);
    removal.seq = 4; /* a hole */
    assert_int_equal(store_apply(fixture->store, removal_run, &removal, NULL), 0);
    (void)check_all(fixture, ERR_FORMAT);
}

static int keys_make(void **state)
{
    static const uint8_t seed[32] = {4, 7};
    (void)state;
    if (sodium_init() < 0) {
        return -1;
    }
    seal_keypair(seed, &signer, secret);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_is_born_once),
        TEST(a_log_with_a_bad_genesis_is_not_born),
        TEST(entries_are_read_as_they_were_appended),
        TEST(all_logs_are_listed),
        TEST(spans_hold_as_much_as_they_may),
        TEST(what_is_not_there_is_not_cut),
        TEST(a_missing_entry_is_not_jumped_over),
        TEST(erased_entries_travel_as_their_hash),
        TEST(an_empty_body_is_an_entry),
        TEST(the_largest_entry_fits_alone),
        TEST(a_span_has_its_number_of_entries),
        TEST(a_log_is_the_same_after_reopening),
        TEST(damaged_records_are_errors),
        TEST(a_flipped_bit_is_never_sent),
        TEST(logs_are_read_back),
    };
    return cmocka_run_group_tests(tests, keys_make, NULL);
}
