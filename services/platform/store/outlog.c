#include "platform/store/outlog.h"

#include "core/base/assert.h"
#include "core/seal/chain.h"
#include "platform/store/outlog_private.h"

#define ENTRY_HEAD_BYTES (2u + 1u + 1u + 8u + 32u + 32u)
#define LINE_BYTES (INCARNATION_BYTES + 8u + 8u + INCARNATION_BYTES + 8u)
#define LOG_BYTES (1u + 8u + 8u + 32u + 8u + 8u + 8u + 8u + LINE_BYTES)
#define FLAG_ERASED 1u

struct bytes outlog_key(const struct entry_id *id, uint8_t key[OUTLOG_KEY_BYTES])
{
    memcpy(key, id->incarnation.b, INCARNATION_BYTES);
    put_be64(key + INCARNATION_BYTES, id->seq);
    return bytes_of(key, OUTLOG_KEY_BYTES);
}

static int log_decode(struct bytes key, struct bytes value, struct outlog *ret)
{
    if (key.len != INCARNATION_BYTES || value.len != LOG_BYTES) {
        return ERR_FORMAT;
    }
    struct reader reader;
    reader_init(&reader, value);
    memcpy(ret->incarnation.b, key.data, INCARNATION_BYTES);
    ret->lane = (enum lane)reader_u8(&reader);
    ret->enrolment = reader_be64(&reader);
    ret->last = reader_be64(&reader);
    reader_copy(&reader, ret->h_last.b, HASH_BYTES);
    ret->acked = reader_be64(&reader);
    ret->receipt = reader_be64(&reader);
    ret->backed_up_to = reader_be64(&reader);
    ret->acked_ms = (int64_t)reader_be64(&reader);
    reader_copy(&reader, ret->predecessor.incarnation.b, INCARNATION_BYTES);
    ret->predecessor.seq = reader_be64(&reader);
    ret->copies = reader_be64(&reader);
    reader_copy(&reader, ret->successor.b, INCARNATION_BYTES);
    ret->last_ever = reader_be64(&reader);
    return 0;
}

int outlog_load(struct store_txn *txn, const struct outlog_tables *tables,
                const struct incarnation *incarnation, struct outlog *ret)
{
    struct bytes key = bytes_of(incarnation->b, INCARNATION_BYTES);
    struct bytes value;
    int rc = store_get(txn, tables->logs, key, &value);
    return rc != 0 ? rc : log_decode(key, value, ret);
}

void outlog_save(struct store_txn *txn, const struct outlog_tables *tables,
                 const struct outlog *log)
{
    uint8_t value[LOG_BYTES];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_u8(&writer, (uint8_t)log->lane);
    writer_be64(&writer, log->enrolment);
    writer_be64(&writer, log->last);
    writer_bytes(&writer, bytes_of(log->h_last.b, HASH_BYTES));
    writer_be64(&writer, log->acked);
    writer_be64(&writer, log->receipt);
    writer_be64(&writer, log->backed_up_to);
    writer_be64(&writer, (uint64_t)log->acked_ms);
    writer_bytes(&writer, bytes_of(log->predecessor.incarnation.b, INCARNATION_BYTES));
    writer_be64(&writer, log->predecessor.seq);
    writer_be64(&writer, log->copies);
    writer_bytes(&writer, bytes_of(log->successor.b, INCARNATION_BYTES));
    writer_be64(&writer, log->last_ever);
    store_put(txn, tables->logs, bytes_of(log->incarnation.b, INCARNATION_BYTES),
              bytes_of(value, writer.len));
}

int outlog_next(struct store_txn *txn, const struct outlog_tables *tables,
                const struct incarnation *after, struct outlog *ret)
{
    struct store_cursor *cursor = NULL;
    int rc = store_cursor_open(txn, tables->logs, &cursor);
    if (rc != 0) {
        return rc;
    }
    struct bytes wanted = {0};
    struct bytes key;
    struct bytes value;
    if (after != NULL) {
        wanted = bytes_of(after->b, INCARNATION_BYTES);
    }
    rc = store_seek(cursor, wanted, &key, &value);
    if (rc == 0 && bytes_equal(key, wanted)) {
        rc = store_next(cursor, &key, &value);
    }
    if (rc == 0) {
        rc = log_decode(key, value, ret);
    }
    store_cursor_close(cursor);
    return rc;
}

bool outlog_lives(const struct outlog *log)
{
    return incarnation_is_zero(&log->successor);
}

void outlog_put(struct store_txn *txn, const struct outlog_tables *tables, struct outlog *log,
                const struct outlog_entry *entry)
{
    ASSERT(entry->body.len <= ENTRY_BYTES_MAX);
    struct entry_id id = {.incarnation = log->incarnation, .seq = log->last + 1};
    struct hash h;
    chain_next(&log->h_last, &entry->b, &id, entry->kind, &h);

    uint8_t value[ENTRY_HEAD_BYTES + ENTRY_BYTES_MAX];
    struct writer writer;
    writer_init(&writer, value, sizeof value);
    writer_be16(&writer, entry->kind);
    writer_u8(&writer, entry->erased ? FLAG_ERASED : 0);
    writer_u8(&writer, 0);
    writer_be64(&writer, (uint64_t)entry->created_ms);
    writer_bytes(&writer, bytes_of(entry->b.b, HASH_BYTES));
    writer_bytes(&writer, bytes_of(h.b, HASH_BYTES));
    writer_bytes(&writer, entry->body);
    uint8_t key[OUTLOG_KEY_BYTES];
    store_put(txn, tables->entries, outlog_key(&id, key), bytes_of(value, writer.len));
    log->last = id.seq;
    log->h_last = h;
}

void outlog_append(struct store_txn *txn, const struct outlog_tables *tables, struct outlog *log,
                   uint16_t kind, struct bytes body, int64_t now_ms)
{
    ASSERT(outlog_lives(log));
    struct outlog_entry entry = {.kind = kind, .created_ms = now_ms, .body = body};
    chain_body(body, &entry.b);
    outlog_put(txn, tables, log, &entry);
    outlog_save(txn, tables, log);
}

int outlog_create(struct store_txn *txn, const struct outlog_tables *tables,
                  const struct incarnation *incarnation, const struct genesis *genesis,
                  struct outlog *ret)
{
    struct outlog there;
    int rc = outlog_load(txn, tables, incarnation, &there);
    if (rc != ERR_NOT_FOUND) {
        return rc == 0 ? ERR_EXISTS : rc;
    }
    uint8_t body[1024];
    size_t len = 0;
    rc = genesis_encode(genesis, body, sizeof body, &len, NULL);
    if (rc != 0) {
        return rc;
    }
    *ret = (struct outlog){
        .incarnation = *incarnation, .lane = genesis->lane, .enrolment = genesis->enrolment};
    outlog_append(txn, tables, ret, ENTRY_GENESIS, bytes_of(body, len), genesis->created_ms);
    return 0;
}

static int entry_decode(struct bytes value, struct outlog_entry *ret)
{
    if (value.len < ENTRY_HEAD_BYTES) {
        return ERR_FORMAT;
    }
    struct reader reader;
    reader_init(&reader, value);
    ret->kind = reader_be16(&reader);
    ret->erased = (reader_u8(&reader) & FLAG_ERASED) != 0;
    (void)reader_u8(&reader);
    ret->created_ms = (int64_t)reader_be64(&reader);
    reader_copy(&reader, ret->b.b, HASH_BYTES);
    reader_copy(&reader, ret->h.b, HASH_BYTES);
    ret->body = reader_bytes(&reader, reader_left(&reader));
    return 0;
}

int outlog_read(struct store_txn *txn, const struct outlog_tables *tables,
                const struct entry_id *id, struct outlog_entry *ret)
{
    uint8_t key[OUTLOG_KEY_BYTES];
    struct bytes value;
    int rc = store_get(txn, tables->entries, outlog_key(id, key), &value);
    return rc != 0 ? rc : entry_decode(value, ret);
}

int outlog_hash(struct store_txn *txn, const struct outlog_tables *tables,
                const struct entry_id *id, struct hash *ret)
{
    struct outlog_entry entry;
    int rc = outlog_read(txn, tables, id, &entry);
    if (rc == 0) {
        *ret = entry.h;
    }
    return rc;
}

/* Adds entries first..last_max while they fit and are sound; the last one's id and h come back. */
static int add_entries(struct store_cursor *cursor, const struct outlog_cut *cut,
                       struct span_builder *builder, struct entry_id *ret_last, struct hash *ret_h)
{
    struct entry_id id = {.incarnation = cut->incarnation, .seq = cut->first};
    uint8_t wanted[OUTLOG_KEY_BYTES];
    struct bytes key;
    struct bytes value;
    int rc = store_seek(cursor, outlog_key(&id, wanted), &key, &value);
    for (; rc == 0 && id.seq <= cut->last_max; id.seq++) {
        struct outlog_entry entry;
        bool there = bytes_equal(key, outlog_key(&id, wanted)) && entry_decode(value, &entry) == 0;
        struct hash b = {{0}};
        if (there) {
            chain_body(entry.body, &b);
        }
        if (!there || (!entry.erased && !hash_equal(&b, &entry.b))) {
            rc =
                there ? ERR_FORMAT : ERR_NOT_FOUND; /* damaged: never sent as if it had been said */
            break;
        }
        struct span_entry span_entry = {.kind = entry.kind,
                                        .erased = entry.erased,
                                        .body = entry.erased ? bytes_of(entry.b.b, HASH_BYTES)
                                                             : entry.body};
        rc = span_builder_add(builder, &span_entry, cut->raw_bytes_max);
        if (rc == 0) {
            *ret_last = id;
            *ret_h = entry.h;
            rc = id.seq == cut->last_max ? 0 : store_next(cursor, &key, &value);
        }
    }
    bool whole = rc == 0 || rc == ERR_FULL || rc == ERR_FORMAT || rc == ERR_NOT_FOUND;
    return span_builder_count(builder) > 0 && whole ? 0 : rc == 0 ? ERR_NOT_FOUND : rc;
}

int outlog_cut(struct store_txn *txn, const struct outlog_tables *tables,
               const struct outlog_cut *cut, struct span_builder *builder, struct bytes *ret_frame,
               uint64_t *ret_last, struct err_ctx *err)
{
    struct hash h_before = {{0}};
    struct entry_id before = {.incarnation = cut->incarnation, .seq = cut->first - 1};
    int rc = before.seq == 0 ? 0 : outlog_hash(txn, tables, &before, &h_before);
    if (rc != 0) {
        return err_set(err, rc, "cut a span: entry %llu is not in the store",
                       (unsigned long long)before.seq);
    }
    span_builder_start(builder, &cut->incarnation, cut->first, &h_before);
    span_builder_after(builder, cut->past);
    struct store_cursor *cursor = NULL;
    rc = store_cursor_open(txn, tables->entries, &cursor);
    struct entry_id last = {0};
    struct hash h;
    if (rc == 0) {
        rc = add_entries(cursor, cut, builder, &last, &h);
        store_cursor_close(cursor);
    }
    if (rc != 0) {
        return err_set(err, rc, "cut a span: entries from %llu cannot be read",
                       (unsigned long long)cut->first);
    }
    struct signature head;
    head_sign(cut->secret, &last, &h, &head);
    rc = span_builder_finish(builder, cut->codec, &head, ret_frame, err);
    if (rc == 0) {
        *ret_last = last.seq;
    }
    return rc;
}
