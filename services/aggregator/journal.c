#include "aggregator/journal.h"

#include "core/base/assert.h"
#include "core/seal/chain.h"

#define META_BYTES (INCARNATION_BYTES + 8u + 8u + HASH_BYTES + 8u)
#define CURSOR_BYTES (8u + 1u + 8u + HASH_BYTES + 1u + 8u)
#define SESSION_BYTES (SESSION_MEMORY_BYTES + INCARNATION_BYTES)
#define SPAN_KEY_BYTES (INCARNATION_BYTES + 8u)

const char *const journal_table_names[JOURNAL_TABLE_COUNT] = {
    [JOURNAL_META] = "meta",           [JOURNAL_RECORDS] = "records",
    [JOURNAL_SPANS] = "spans",         [JOURNAL_CURSORS] = "cursors",
    [JOURNAL_SESSIONS] = "sessions",   [JOURNAL_OUT] = "office_entries",
    [JOURNAL_LOGS] = "office_logs",    [JOURNAL_PLACED] = "placed",
    [JOURNAL_BACKED_UP] = "backed_up",
};
const struct outlog_tables journal_office_tables = {.entries = JOURNAL_OUT, .logs = JOURNAL_LOGS};

static const char meta_key[] = "journal";

int journal_load(struct store_txn *txn, struct journal_meta *ret)
{
    struct bytes value;
    int rc = store_get(txn, JOURNAL_META, bytes_of_text(meta_key), &value);
    if (rc != 0) {
        return rc;
    }
    if (value.len != META_BYTES) {
        return ERR_FORMAT;
    }
    struct reader reader;
    reader_init(&reader, value);
    reader_copy(&reader, ret->aggregator.b, INCARNATION_BYTES);
    ret->next_position = reader_be64(&reader);
    ret->own_last = reader_be64(&reader);
    reader_copy(&reader, ret->own_h.b, HASH_BYTES);
    ret->outputs_to = reader_be64(&reader);
    return 0;
}

static void save(struct store_txn *txn, const struct journal_meta *meta)
{
    uint8_t value[META_BYTES];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_bytes(&writer, bytes_of(meta->aggregator.b, INCARNATION_BYTES));
    writer_be64(&writer, meta->next_position);
    writer_be64(&writer, meta->own_last);
    writer_bytes(&writer, bytes_of(meta->own_h.b, HASH_BYTES));
    writer_be64(&writer, meta->outputs_to);
    store_put(txn, JOURNAL_META, bytes_of_text(meta_key), bytes_of(value, writer.len));
}

int journal_put_own_genesis(struct store_txn *txn, const struct journal_birth *birth,
                            const struct journal_meta *meta)
{
    struct genesis genesis = {
        .direction = DIRECTION_OWN,
        .lane = LANE_JOURNAL,
        .owner = birth->province,
        .counterpart = birth->province,
        .signing_key = birth->log_key,
        .created_ms = birth->now_ms,
        .has_predecessor = meta->own_last > 0,
        .predecessor = {.incarnation = meta->aggregator, .seq = meta->own_last},
        .predecessor_h = meta->own_h};
    uint8_t body[512];
    size_t len = 0;
    int rc = genesis_encode(&genesis, body, sizeof body, &len, NULL);
    struct span_builder *builder = rc == 0 ? span_builder_new() : NULL;
    if (builder == NULL) {
        return rc != 0 ? rc : ERR_NOMEM;
    }
    struct span_entry entry = {.kind = ENTRY_GENESIS, .body = bytes_of(body, len)};
    struct journal_own own = {.entries = &entry,
                              .count = 1,
                              .log_secret = birth->log_secret,
                              .builder = builder,
                              .now_ms = birth->now_ms};
    uint64_t position = 0;
    uint64_t seq = 0;
    struct journal_meta fresh = {.aggregator = birth->aggregator,
                                 .next_position = meta->next_position,
                                 .outputs_to = meta->outputs_to};
    save(txn, &fresh);
    rc = journal_put_own(txn, &own, &position, &seq);
    span_builder_free(builder);
    return rc;
}

int journal_born(struct store_txn *txn, const struct journal_birth *birth)
{
    struct journal_meta meta;
    int rc = journal_load(txn, &meta);
    if (rc != ERR_NOT_FOUND) {
        return rc == 0 ? ERR_EXISTS : rc;
    }
    meta = (struct journal_meta){.next_position = 1};
    return journal_put_own_genesis(txn, birth, &meta);
}

/* ---- cursors ---- */

static int cursor_decode(struct bytes key, struct bytes value, struct journal_cursor *ret)
{
    if (key.len != INCARNATION_BYTES || value.len != CURSOR_BYTES) {
        return ERR_FORMAT;
    }
    struct reader reader;
    reader_init(&reader, value);
    memcpy(ret->incarnation.b, key.data, INCARNATION_BYTES);
    ret->enrolment = reader_be64(&reader);
    ret->lane = (enum lane)reader_u8(&reader);
    ret->last = reader_be64(&reader);
    reader_copy(&reader, ret->h.b, HASH_BYTES);
    ret->ended = reader_u8(&reader) != 0;
    reader_copy(&reader, (uint8_t *)ret->owner, sizeof ret->owner);
    ret->owner[sizeof ret->owner - 1] = '\0';
    return 0;
}

int journal_find_cursor(struct store_txn *txn, const struct incarnation *incarnation,
                        struct journal_cursor *ret)
{
    struct bytes key = bytes_of(incarnation->b, INCARNATION_BYTES);
    struct bytes value;
    int rc = store_get(txn, JOURNAL_CURSORS, key, &value);
    return rc != 0 ? rc : cursor_decode(key, value, ret);
}

static void cursor_put(struct store_txn *txn, const struct journal_cursor *cursor)
{
    uint8_t value[CURSOR_BYTES];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_be64(&writer, cursor->enrolment);
    writer_u8(&writer, (uint8_t)cursor->lane);
    writer_be64(&writer, cursor->last);
    writer_bytes(&writer, bytes_of(cursor->h.b, HASH_BYTES));
    writer_u8(&writer, cursor->ended);
    writer_bytes(&writer, bytes_of(cursor->owner, sizeof cursor->owner));
    store_put(txn, JOURNAL_CURSORS, bytes_of(cursor->incarnation.b, INCARNATION_BYTES),
              bytes_of(value, writer.len));
}

int journal_each_cursor(struct store_txn *txn,
                        void (*each)(void *arg, const struct journal_cursor *), void *arg)
{
    struct store_cursor *cursor = NULL;
    int rc = store_cursor_open(txn, JOURNAL_CURSORS, &cursor);
    if (rc != 0) {
        return rc;
    }
    struct bytes key;
    struct bytes value;
    rc = store_seek(cursor, (struct bytes){0}, &key, &value);
    while (rc == 0) {
        struct journal_cursor found;
        rc = cursor_decode(key, value, &found);
        if (rc == 0) {
            each(arg, &found);
            rc = store_next(cursor, &key, &value);
        }
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* ---- writing ---- */

struct record {
    uint32_t skip;
    uint32_t count; /* new entries */
    int64_t received_ms;
    struct journal_clock clock;
    uint64_t enrolment;
    const struct entry_id *first_new;
    struct bytes frame;
};

static int16_t clock_cut(int32_t s)
{
    int32_t most = JOURNAL_CLOCK_S_MAX;
    return (int16_t)(s > most ? most : s < -most ? -most : s);
}

/* version 1 ‖ clock known 1 ‖ node's clock minus ours in seconds 2 ‖ skip 4 ‖ new entries 4 ‖
 * received_ms 8 ‖ enrolment 8 ‖ position 8 ‖ the frame ‖ the hash of all that. */
static void record_put(struct store_txn *txn, uint64_t position, const struct record *record)
{
    static _Thread_local uint8_t value[JOURNAL_RECORD_HEAD_BYTES + FRAME_BYTES_MAX + HASH_BYTES];
    struct hash hash;
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_u8(&writer, JOURNAL_RECORD_VERSION);
    writer_u8(&writer, record->clock.known);
    writer_be16(&writer, (uint16_t)clock_cut(record->clock.known ? record->clock.s : 0));
    writer_be32(&writer, record->skip);
    writer_be32(&writer, record->count);
    writer_be64(&writer, (uint64_t)record->received_ms);
    writer_be64(&writer, record->enrolment);
    writer_be64(&writer, position);
    writer_bytes(&writer, record->frame);
    seal_hash(JOURNAL_RECORD_PERSONAL, bytes_of(value, writer.len), &hash);
    writer_bytes(&writer, bytes_of(hash.b, HASH_BYTES));
    ASSERT(!writer.overflow);
    uint8_t key[8];
    put_be64(key, position);
    store_append(txn, JOURNAL_RECORDS, bytes_of(key, sizeof key), bytes_of(value, writer.len));

    uint8_t span_key[SPAN_KEY_BYTES];
    memcpy(span_key, record->first_new->incarnation.b, INCARNATION_BYTES);
    put_be64(span_key + INCARNATION_BYTES, record->first_new->seq);
    store_put(txn, JOURNAL_SPANS, bytes_of(span_key, sizeof span_key), bytes_of(key, sizeof key));
}

/* A log that is new to us must not have a name that was ever ours: nobody writes under it. */
static int name_is_free(struct store_txn *txn, const struct incarnation *incarnation)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    struct outlog office;
    int rc = store_cursor_open(txn, JOURNAL_SPANS, &cursor);
    if (rc != 0) {
        return rc;
    }
    rc = store_seek(cursor, bytes_of(incarnation->b, INCARNATION_BYTES), &key, &value);
    bool known = rc == 0 && key.len == SPAN_KEY_BYTES &&
                 memcmp(key.data, incarnation->b, INCARNATION_BYTES) == 0;
    store_cursor_close(cursor);
    if (known || (rc != 0 && rc != ERR_NOT_FOUND)) {
        return known ? ERR_KEY : rc;
    }
    rc = outlog_load(txn, &journal_office_tables, incarnation, &office);
    return rc == ERR_NOT_FOUND ? 0 : rc == 0 ? ERR_KEY : rc;
}

/* The cursor before the span, when it may be put. */
static int span_fits(struct store_txn *txn, const struct journal_span *span,
                     struct journal_cursor *ret)
{
    const struct span_store *store = span->store;
    *ret = (struct journal_cursor){.incarnation = store->incarnation, .lane = store->lane};
    int rc = journal_find_cursor(txn, &store->incarnation, ret);
    if (rc == ERR_NOT_FOUND) {
        rc = name_is_free(txn, &store->incarnation);
    } else if (rc == 0 && ret->enrolment != span->enrolment) {
        rc = ERR_KEY;
    } else if (rc == 0 && ret->ended) {
        rc = ERR_STATE;
    }
    bool fits = ret->last == store->first_new - 1 && hash_equal(&ret->h, &store->h_before);
    return rc != 0 ? rc : fits ? 0 : ERR_GAP;
}

int journal_put_span(struct store_txn *txn, const struct journal_span *span)
{
    const struct span_store *store = span->store;
    struct journal_cursor cursor;
    struct journal_cursor over;
    struct journal_meta meta;
    bool ends = !incarnation_is_zero(&store->ends);
    int rc = span_fits(txn, span, &cursor);
    if (rc == 0 && ends) {
        rc = journal_find_cursor(txn, &store->ends, &over);
    }
    rc = rc != 0 ? rc : journal_load(txn, &meta);
    if (rc != 0) {
        return rc;
    }
    struct entry_id first_new = {.incarnation = store->incarnation, .seq = store->first_new};
    struct record record = {.skip = store->skip,
                            .count = (uint32_t)(store->last - store->first_new + 1),
                            .received_ms = span->received_ms,
                            .clock = span->clock,
                            .enrolment = span->enrolment,
                            .first_new = &first_new,
                            .frame = span->frame};
    record_put(txn, meta.next_position, &record);
    meta.next_position += record.count;
    save(txn, &meta);
    cursor.last = store->last;
    cursor.h = store->h_last;
    cursor.enrolment = span->enrolment;
    (void)snprintf(cursor.owner, sizeof cursor.owner, "%s", span->owner);
    cursor_put(txn, &cursor);
    if (ends) {
        over.ended = true;
        cursor_put(txn, &over);
    }
    return 0;
}

static int own_span(struct journal_meta *meta, const struct journal_own *own,
                    struct bytes *ret_frame)
{
    span_builder_start(own->builder, &meta->aggregator, meta->own_last + 1, &meta->own_h);
    for (size_t i = 0; i < own->count; i++) {
        int rc = span_builder_add(own->builder, &own->entries[i], SPAN_WIRE_BYTES_MAX / 2);
        if (rc != 0) {
            return rc;
        }
        struct hash b;
        struct hash before = meta->own_h;
        struct entry_id id = {.incarnation = meta->aggregator, .seq = ++meta->own_last};
        chain_body(own->entries[i].body, &b);
        chain_next(&before, &b, &id, own->entries[i].kind, &meta->own_h);
    }
    struct entry_id last = {.incarnation = meta->aggregator, .seq = meta->own_last};
    struct signature head;
    head_sign(own->log_secret, &last, &meta->own_h, &head);
    return span_builder_finish(own->builder, SPAN_ZSTD, &head, ret_frame, NULL);
}

int journal_put_own(struct store_txn *txn, const struct journal_own *own, uint64_t *ret_position,
                    uint64_t *ret_seq)
{
    ASSERT(own->count > 0 && own->count <= SPAN_ENTRIES_MAX);
    struct journal_meta meta;
    int rc = journal_load(txn, &meta);
    if (rc != 0) {
        return rc;
    }
    struct entry_id first = {.incarnation = meta.aggregator, .seq = meta.own_last + 1};
    struct bytes frame;
    rc = own_span(&meta, own, &frame);
    if (rc != 0) {
        return rc;
    }
    struct record record = {.count = (uint32_t)own->count,
                            .received_ms = own->now_ms,
                            .first_new = &first,
                            .frame = frame};
    record_put(txn, meta.next_position, &record);
    *ret_position = meta.next_position;
    *ret_seq = first.seq;
    meta.next_position += record.count;
    save(txn, &meta);
    return 0;
}

void journal_set_outputs(struct store_txn *txn, uint64_t outputs_to)
{
    struct journal_meta meta;
    if (journal_load(txn, &meta) == 0 && outputs_to > meta.outputs_to) {
        meta.outputs_to = outputs_to;
        save(txn, &meta);
    }
}

void journal_put_session(struct store_txn *txn, uint64_t enrolment,
                         const struct session_memory *memory)
{
    uint8_t key[8];
    uint8_t value[SESSION_BYTES] = {0};
    struct journal_meta meta;
    put_be64(key, enrolment);
    session_encode(memory, value);
    if (journal_load(txn, &meta) == 0) { /* an error sticks to the transaction */
        memcpy(value + SESSION_MEMORY_BYTES, meta.aggregator.b, INCARNATION_BYTES);
    }
    store_put(txn, JOURNAL_SESSIONS, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
}

static int session_value(struct store_txn *txn, uint64_t enrolment, struct bytes *ret)
{
    uint8_t key[8];
    put_be64(key, enrolment);
    int rc = store_get(txn, JOURNAL_SESSIONS, bytes_of(key, sizeof key), ret);
    return rc == 0 && ret->len != SESSION_BYTES ? ERR_FORMAT : rc;
}

int journal_get_session(struct store_txn *txn, uint64_t enrolment, struct session_memory *ret)
{
    struct bytes value;
    int rc = session_value(txn, enrolment, &value);
    return rc != 0 ? rc : session_decode(bytes_of(value.data, SESSION_MEMORY_BYTES), ret, NULL);
}

int journal_session_is_ours(struct store_txn *txn, uint64_t enrolment, bool *ret)
{
    struct bytes value;
    struct journal_meta meta;
    int rc = session_value(txn, enrolment, &value);
    *ret = false;
    if (rc == 0) {
        rc = journal_load(txn, &meta);
    }
    if (rc == 0) {
        struct bytes met = bytes_of(value.data + SESSION_MEMORY_BYTES, INCARNATION_BYTES);
        *ret = bytes_equal(met, bytes_of(meta.aggregator.b, INCARNATION_BYTES));
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

void journal_put_placed(struct store_txn *txn, uint64_t position, uint64_t first_position,
                        size_t count)
{
    uint8_t key[8];
    uint8_t value[9];
    put_be64(key, position);
    put_be64(value, first_position);
    value[8] = (uint8_t)count;
    store_put(txn, JOURNAL_PLACED, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
}

int journal_get_placed(struct store_txn *txn, uint64_t position, uint64_t *ret_first_position,
                       size_t *ret_count)
{
    uint8_t key[8];
    struct bytes value;
    put_be64(key, position);
    int rc = store_get(txn, JOURNAL_PLACED, bytes_of(key, sizeof key), &value);
    if (rc != 0) {
        return rc;
    }
    if (value.len != 9) {
        return ERR_FORMAT;
    }
    *ret_first_position = get_be64(value.data);
    *ret_count = value.data[8];
    return 0;
}

/* ---- entries that were passed ---- */

#define REJECTED_PREFIX "rejected"
#define REJECTED_KEY_BYTES (sizeof REJECTED_PREFIX - 1 + 8)

static struct bytes rejected_key(uint64_t position, uint8_t to[REJECTED_KEY_BYTES])
{
    memcpy(to, REJECTED_PREFIX, sizeof REJECTED_PREFIX - 1);
    put_be64(to + sizeof REJECTED_PREFIX - 1, position);
    return bytes_of(to, REJECTED_KEY_BYTES);
}

void journal_put_rejected(struct store_txn *txn, uint64_t position, struct bytes code)
{
    uint8_t key[REJECTED_KEY_BYTES];
    store_put(txn, JOURNAL_META, rejected_key(position, key), code);
}

int journal_get_rejected(struct store_txn *txn, uint64_t position, struct bytes *ret_code)
{
    uint8_t key[REJECTED_KEY_BYTES];
    return store_get(txn, JOURNAL_META, rejected_key(position, key), ret_code);
}

int journal_count_rejected(struct store_txn *txn, uint64_t *ret)
{
    uint8_t first[REJECTED_KEY_BYTES];
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    uint64_t count = 0;
    int rc = store_cursor_open(txn, JOURNAL_META, &cursor);
    if (rc == 0) {
        rc = store_seek(cursor, rejected_key(0, first), &key, &value);
    }
    while (rc == 0 && key.len == REJECTED_KEY_BYTES &&
           memcmp(key.data, first, sizeof REJECTED_PREFIX - 1) == 0) {
        count++;
        rc = store_next(cursor, &key, &value);
    }
    store_cursor_close(cursor);
    if (rc != 0 && rc != ERR_NOT_FOUND) {
        return rc;
    }
    *ret = count;
    return 0;
}
