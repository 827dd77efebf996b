#include "fuzz/records_journal.h"

#include "fuzz/fake_store.h"
#include "fuzz/fuzz.h"
#include "fuzz/made_span.h"

#include "aggregator/journal.h"
#include "core/seal/chain.h"

#include <string.h>

#define OUTLOG_HEAD_BYTES 76u

static void check_code(int rc)
{
    CHECK(rc == 0 || rc == ERR_FORMAT || rc == ERR_NOT_FOUND || rc == ERR_VERSION ||
              rc == ERR_LIMIT,
          "a bad record is an error of form");
}

struct bytes outlog_value(struct bytes *input, size_t len)
{
    static uint8_t value[OUTLOG_HEAD_BYTES + 4096];
    len = len % sizeof value;
    struct bytes from = take_bytes(input, len);
    struct hash b;
    if (from.len > 0) {
        memcpy(value, from.data, from.len);
    }
    if (from.len >= OUTLOG_HEAD_BYTES && (value[3] & 1u) == 0) {
        chain_body(bytes_of(value + OUTLOG_HEAD_BYTES, from.len - OUTLOG_HEAD_BYTES), &b);
        memcpy(value + 12, b.b, HASH_BYTES);
    }
    return bytes_of(value, from.len);
}

void take_journal_meta(struct bytes value)
{
    struct store_txn *txn = fake_store();
    struct journal_meta meta;
    fake_put(JOURNAL_META, bytes_of_text("journal"), value);
    int rc = journal_load(txn, &meta);
    check_code(rc);
    if (rc == 0 && meta.outputs_to < UINT64_MAX) {
        struct journal_meta again;
        journal_set_outputs(txn, meta.outputs_to + 1);
        CHECK(journal_load(txn, &again) == 0, "what is written is read");
        CHECK(again.next_position == meta.next_position && again.own_last == meta.own_last &&
                  again.outputs_to == meta.outputs_to + 1 && hash_equal(&again.own_h, &meta.own_h),
              "and is the same");
    }
}

static void on_cursor(void *arg, const struct journal_cursor *cursor)
{
    size_t *count = arg;
    CHECK(memchr(cursor->owner, '\0', sizeof cursor->owner) != NULL, "an owner's name ends");
    *count += 1;
}

void take_journal_cursor(struct bytes value)
{
    static const uint8_t name[INCARNATION_BYTES + 1] = {1};
    struct store_txn *txn = fake_store();
    size_t count = 0;
    fake_put(JOURNAL_CURSORS, bytes_of(name, value.len % 8 == 7 ? 17 : 16), value);
    int rc = journal_each_cursor(txn, on_cursor, &count);
    check_code(rc);
    CHECK((rc == 0) == (count == 1), "every good cursor is given, and no other");
}

void take_journal_placed(struct bytes value)
{
    static const uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 3};
    struct store_txn *txn = fake_store();
    uint64_t first = 0;
    size_t count = 0;
    struct session_memory memory;
    fake_put(JOURNAL_PLACED, bytes_of(key, sizeof key), value);
    fake_put(JOURNAL_SESSIONS, bytes_of(key, sizeof key), value);
    int rc = journal_get_placed(txn, 3, &first, &count);
    check_code(rc);
    CHECK((rc == 0) == (value.len == 9), "a placement's note has nine bytes");
    check_code(journal_get_session(txn, 3, &memory));
}

/* ---- records ---- */

struct record_plan {
    bool sealed;
    unsigned odd; /* 1: later format, 2: no cursor, 3: a wrong index, 4: a cut cursor */
    uint32_t skip, count;
    uint64_t enrolment, position, key;
    struct bytes frame;
    const struct made_span *span; /* NULL: the frame is what the input says */
};

/* choices 1 ‖ skip 1 ‖ count 1 ‖ frame, or what made_span takes. Wide numbers come from the last
 * ones of their range: what wraps around must not be taken for small. */
static void read_plan(struct bytes input, struct record_plan *plan)
{
    static struct made_span span;
    uint8_t choice = take_u8(&input);
    uint8_t skip = take_u8(&input);
    uint8_t count = take_u8(&input);
    plan->sealed = (choice & 1u) == 0;
    plan->enrolment = (choice & 2u) != 0 ? 7 : 0;
    plan->skip = (choice & 4u) != 0 ? UINT32_MAX - skip : skip % 32u;
    plan->count = count;
    plan->position = (choice & 8u) != 0 ? UINT64_MAX - skip : 1;
    plan->key = (choice & 16u) != 0 ? plan->position + 1 : plan->position;
    plan->span = (choice & 32u) == 0 && made_span_make(input, &span) ? &span : NULL;
    plan->frame = plan->span != NULL ? span.frame : input;
    plan->odd = count / 32;
    if ((choice & 64u) != 0 && plan->span != NULL) { /* numbers that fit together */
        plan->count = span.count - plan->skip;
    }
}

static void put_record(const struct record_plan *plan)
{
    static uint8_t value[JOURNAL_RECORD_HEAD_BYTES + SPAN_WIRE_BYTES_MAX + HASH_BYTES];
    struct hash hash;
    struct writer writer;
    uint8_t key[8];
    writer_init(&writer, value, sizeof value);
    writer_u8(&writer, JOURNAL_RECORD_VERSION + (plan->odd == 1 ? 1 : 0));
    writer_u8(&writer, 0);
    writer_be16(&writer, 0);
    writer_be32(&writer, plan->skip);
    writer_be32(&writer, plan->count);
    writer_be64(&writer, 1700000000000);
    writer_be64(&writer, plan->enrolment);
    writer_be64(&writer, plan->position);
    writer_bytes(&writer, plan->frame);
    CHECK(!writer.overflow, "a record has room");
    seal_hash(JOURNAL_RECORD_PERSONAL, bytes_of(value, writer.len), &hash);
    writer_bytes(&writer, bytes_of(hash.b, plan->sealed ? HASH_BYTES : 7));
    put_be64(key, plan->key);
    fake_put(JOURNAL_RECORDS, bytes_of(key, sizeof key), bytes_of(value, writer.len));
    if (plan->span != NULL) {
        uint8_t name[INCARNATION_BYTES + 8];
        static const uint8_t owner[58] = {[50] = '1', [51] = '6'};
        memcpy(name, plan->frame.data + 16, INCARNATION_BYTES);
        put_be64(name + INCARNATION_BYTES,
                 plan->span->first + plan->skip - (plan->odd == 3 ? 1 : 0));
        fake_put(JOURNAL_SPANS, bytes_of(name, sizeof name), bytes_of(key, sizeof key));
        if (plan->odd != 2) {
            fake_put(JOURNAL_CURSORS, bytes_of(name, INCARNATION_BYTES),
                     bytes_of(owner, plan->odd == 4 ? 7 : sizeof owner));
        }
    }
}

static void check_entry(const struct record_plan *plan, const struct journal_entry *entry,
                        uint64_t nth)
{
    CHECK(entry->position == plan->position + nth, "positions come without gaps");
    CHECK(entry->own == (plan->enrolment == 0), "ours and others'");
    if (plan->span == NULL) {
        return;
    }
    CHECK(plan->skip + nth < plan->span->count, "no entry is made up");
    const struct span_entry *wanted = &plan->span->entries[plan->skip + nth];
    CHECK(entry->id.seq == plan->span->first + plan->skip + nth, "seq");
    CHECK(entry->kind == wanted->kind && entry->erased == wanted->erased, "kind");
    CHECK(bytes_equal(entry->body, wanted->erased ? bytes_of(NULL, 0) : wanted->body), "body");
    CHECK(entry->id.seq != plan->span->last ||
              memcmp(entry->h.b, plan->span->h_last, HASH_BYTES) == 0,
          "h");
}

void take_journal_record(struct bytes input)
{
    static struct journal_reader *reader;
    struct record_plan plan;
    struct store_txn *txn = fake_store();
    struct journal_entry entry;
    uint64_t nth = 0;
    if (reader == NULL) {
        journal_reader_free(journal_reader_new());
        journal_reader_free(NULL);
        reader = journal_reader_new();
    }
    CHECK(reader != NULL, "there is memory");
    read_plan(input, &plan);
    put_record(&plan);
    CHECK(journal_reader_seek(reader, txn, plan.position) == 0, "seeking never fails");
    int rc = journal_reader_next(reader, &entry);
    for (; rc == 0 && nth < 4096; nth++) {
        check_entry(&plan, &entry, nth);
        rc = journal_reader_next(reader, &entry);
    }
    check_code(rc);
    CHECK(nth == 0 || (plan.sealed && plan.key == plan.position && nth == plan.count),
          "only a sound record is read, and whole");
    bool sound = plan.sealed && plan.span != NULL && plan.key == plan.position && plan.odd != 1 &&
                 (uint64_t)plan.skip + plan.count == plan.span->count &&
                 plan.position + plan.count > plan.position &&
                 (plan.enrolment == 0 || (plan.odd != 2 && plan.odd != 4));
    CHECK(!sound || nth == plan.count, "a sound record is read");
    for (uint64_t i = 0; plan.span != NULL && i < 3; i++) {
        struct entry_id id = {.seq = plan.span->first + plan.skip + (2 - i)};
        memcpy(id.incarnation.b, plan.frame.data + 16, INCARNATION_BYTES);
        rc = journal_reader_find(reader, txn, &id, &entry);
        check_code(rc);
        CHECK(rc != 0 || entry.id.seq == id.seq, "who is found is who was asked for");
    }
    fake_refuses(true);
    struct entry_id any = {.seq = 1};
    CHECK(journal_reader_seek(reader, txn, 1) == 0 &&
              journal_reader_next(reader, &entry) == ERR_STORAGE &&
              journal_reader_find(reader, txn, &any, &entry) == ERR_STORAGE,
          "a store that fails is said");
    fake_refuses(false);
}
