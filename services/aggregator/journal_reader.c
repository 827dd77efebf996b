/* Entries of the journal in order, or one by identity: one decoded record is kept, so that reading
 * on is a step in it. */
#include "aggregator/journal.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/seal/chain.h"

struct journal_reader {
    struct store_txn *txn;
    struct arena *arena;
    struct span_decoder *decoder;
    uint64_t next_position; /* what journal_reader_next gives */
    /* The record that is decoded, if any. */
    bool loaded;
    uint64_t position; /* of its first new entry */
    uint32_t skip, count;
    int64_t received_ms;
    struct journal_clock clock;
    uint64_t enrolment;
    char owner[8];
    struct span_header header;
    struct span_entry *entries;
    uint32_t at; /* index in entries whose h is in `h`, plus one; 0: h is h_before */
    struct hash h, b;
};

struct journal_reader *journal_reader_new(void)
{
    struct journal_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return NULL;
    }
    reader->arena = arena_new(SPAN_SCRATCH_BYTES_MAX);
    reader->decoder = span_decoder_new();
    if (reader->arena == NULL || reader->decoder == NULL) {
        journal_reader_free(reader);
        return NULL;
    }
    return reader;
}

void journal_reader_free(struct journal_reader *reader)
{
    if (reader != NULL) {
        span_decoder_free(reader->decoder);
        arena_free(reader->arena);
        free(reader);
    }
}

static int owner_of(struct journal_reader *reader)
{
    struct bytes value;
    reader->owner[0] = '\0';
    if (reader->enrolment == 0) {
        return 0;
    }
    int rc = store_get(reader->txn, JOURNAL_CURSORS,
                       bytes_of(reader->header.incarnation.b, INCARNATION_BYTES), &value);
    if (rc != 0) {
        return rc;
    }
    if (value.len < sizeof reader->owner) {
        return ERR_FORMAT;
    }
    memcpy(reader->owner, value.data + value.len - sizeof reader->owner, sizeof reader->owner);
    reader->owner[sizeof reader->owner - 1] = '\0';
    return 0;
}

static bool hash_holds(struct bytes record, struct bytes stored)
{
    struct hash hash;
    seal_hash(JOURNAL_RECORD_PERSONAL, record, &hash);
    return bytes_equal(stored, bytes_of(hash.b, HASH_BYTES));
}

/* The record's own numbers; *ret_frame points into the value. */
static int read_head(struct journal_reader *reader, struct bytes value, struct bytes *ret_frame)
{
    if (value.len <= JOURNAL_RECORD_HEAD_BYTES + HASH_BYTES) {
        return ERR_FORMAT;
    }
    struct reader head;
    reader_init(&head, value);
    if (reader_u8(&head) != JOURNAL_RECORD_VERSION) {
        return ERR_VERSION;
    }
    reader->clock.known = reader_u8(&head) != 0;
    reader->clock.s = (int16_t)reader_be16(&head);
    reader->skip = reader_be32(&head);
    reader->count = reader_be32(&head);
    reader->received_ms = (int64_t)reader_be64(&head);
    reader->enrolment = reader_be64(&head);
    reader->position = reader_be64(&head);
    *ret_frame = reader_bytes(&head, reader_left(&head) - HASH_BYTES);
    struct bytes record = bytes_of(value.data, value.len - HASH_BYTES);
    return hash_holds(record, reader_bytes(&head, HASH_BYTES)) ? 0 : ERR_FORMAT;
}

/* Nothing that was decoded points into the map: the record may outlive the transaction here. */
static int read_entries(struct journal_reader *reader, struct bytes frame)
{
    struct bytes payload;
    arena_reset(reader->arena);
    int rc = span_header_decode(frame, &reader->header, &payload, NULL);
    if (rc == 0 && reader->header.codec == SPAN_RAW) {
        payload = arena_copy(reader->arena, payload);
        rc = payload.data == NULL ? ERR_LIMIT : 0;
    }
    return rc != 0 ? rc
                   : span_entries_decode(reader->decoder, &reader->header, payload, reader->arena,
                                         &reader->entries, NULL);
}

/* A sum of skip and count may wrap around: a difference does not. */
static bool numbers_fit(const struct journal_reader *reader, struct bytes key)
{
    if (PLANTED(RECORD_WRAPS)) {
        return reader->skip + reader->count == reader->header.count;
    }
    return reader->skip <= reader->header.count &&
           reader->count == reader->header.count - reader->skip && key.len == 8 &&
           reader->position == get_be64(key.data);
}

/* Decodes the record under `key`. */
static int load(struct journal_reader *reader, struct bytes key, struct bytes value)
{
    struct bytes frame;
    reader->loaded = false;
    int rc = read_head(reader, value, &frame);
    if (rc == 0) {
        rc = read_entries(reader, frame);
    }
    if (rc == 0 && !numbers_fit(reader, key)) {
        rc = ERR_FORMAT;
    }
    if (rc == 0) {
        rc = owner_of(reader);
    }
    if (rc != 0) {
        return rc;
    }
    reader->at = 0;
    reader->h = reader->header.h_before;
    reader->loaded = true;
    return 0;
}

static bool holds(const struct journal_reader *reader, uint64_t position)
{
    return reader->loaded && position >= reader->position &&
           position < reader->position + reader->count;
}

static int load_position(struct journal_reader *reader, uint64_t position)
{
    uint8_t wanted[8];
    put_be64(wanted, position);
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    int rc = store_cursor_open(reader->txn, JOURNAL_RECORDS, &cursor);
    if (rc != 0) {
        return rc;
    }
    rc = store_seek_before(cursor, bytes_of(wanted, sizeof wanted), &key, &value);
    if (rc == 0) {
        rc = load(reader, key, value);
    }
    store_cursor_close(cursor);
    if (rc == 0 && !holds(reader, position)) {
        rc = ERR_NOT_FOUND;
    }
    return rc;
}

/* Steps the chain up to entry `index` of the loaded span. */
static void step_to(struct journal_reader *reader, uint32_t index)
{
    if (reader->at > index) {
        reader->at = 0;
        reader->h = reader->header.h_before;
    }
    while (reader->at <= index) {
        const struct span_entry *entry = &reader->entries[reader->at];
        struct entry_id id = {.incarnation = reader->header.incarnation,
                              .seq = reader->header.first + reader->at};
        if (entry->erased) {
            memcpy(reader->b.b, entry->body.data, HASH_BYTES);
        } else {
            chain_body(entry->body, &reader->b);
        }
        struct hash before = reader->h;
        chain_next(&before, &reader->b, &id, entry->kind, &reader->h);
        reader->at++;
    }
}

static void give(struct journal_reader *reader, uint64_t position, struct journal_entry *ret)
{
    uint32_t index = reader->skip + (uint32_t)(position - reader->position);
    step_to(reader, index);
    const struct span_entry *entry = &reader->entries[index];
    *ret = (struct journal_entry){
        .position = position,
        .id = {.incarnation = reader->header.incarnation, .seq = reader->header.first + index},
        .kind = entry->kind,
        .erased = entry->erased,
        .body = entry->erased ? bytes_of(NULL, 0) : entry->body,
        .h = reader->h,
        .b = reader->b,
        .has_head = index + 1 == reader->header.count,
        .head = reader->header.head,
        .own = reader->enrolment == 0,
        .enrolment = reader->enrolment,
        .received_ms = reader->received_ms,
        .clock = reader->clock,
    };
    memcpy(ret->owner, reader->owner, sizeof ret->owner);
}

int journal_reader_seek(struct journal_reader *reader, struct store_txn *txn, uint64_t position)
{
    reader->txn = txn;
    reader->next_position = position == 0 ? 1 : position;
    reader->loaded = false;
    return 0;
}

int journal_reader_next(struct journal_reader *reader, struct journal_entry *ret)
{
    ASSERT(reader->txn != NULL);
    if (!holds(reader, reader->next_position)) {
        int rc = load_position(reader, reader->next_position);
        if (rc != 0) {
            return rc;
        }
    }
    give(reader, reader->next_position, ret);
    reader->next_position++;
    return 0;
}

int journal_reader_find(struct journal_reader *reader, struct store_txn *txn,
                        const struct entry_id *id, struct journal_entry *ret)
{
    uint8_t wanted[INCARNATION_BYTES + 8];
    memcpy(wanted, id->incarnation.b, INCARNATION_BYTES);
    put_be64(wanted + INCARNATION_BYTES, id->seq);
    reader->txn = txn;
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    int rc = store_cursor_open(txn, JOURNAL_SPANS, &cursor);
    if (rc != 0) {
        return rc;
    }
    rc = store_seek_before(cursor, bytes_of(wanted, sizeof wanted), &key, &value);
    uint64_t position = 0;
    if (rc == 0) {
        bool same_log = key.len == sizeof wanted &&
                        memcmp(key.data, wanted, INCARNATION_BYTES) == 0 && value.len == 8;
        rc = same_log ? 0 : ERR_NOT_FOUND;
        if (same_log) {
            position = get_be64(value.data) + (id->seq - get_be64(key.data + INCARNATION_BYTES));
        }
    }
    store_cursor_close(cursor);
    if (rc == 0 && !holds(reader, position)) {
        rc = load_position(reader, position);
    }
    if (rc != 0) {
        return rc;
    }
    struct journal_entry entry;
    give(reader, position, &entry);
    if (entry.id.seq != id->seq || !incarnation_equal(&entry.id.incarnation, &id->incarnation)) {
        return ERR_NOT_FOUND;
    }
    *ret = entry;
    return 0;
}
