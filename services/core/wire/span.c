#include "core/wire/span.h"

#include "core/seal/chain.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/wire/control.h"
#include "core/wire/span_codec.h"

static int over(struct err_ctx *err, const char *what, size_t value, size_t limit)
{
    return err_set(err, ERR_LIMIT, "span: %s %zu, more than %zu", what, value, limit);
}

static int check_numbers(const struct span_header *header, size_t payload_len, struct err_ctx *err)
{
    if (header->count == 0 || header->first == 0 ||
        header->first - 1 > UINT64_MAX - header->count) {
        return err_set(err, ERR_FORMAT, "span: no such run of entries");
    }
    if (header->count > SPAN_ENTRIES_MAX) {
        return over(err, "entries", header->count, SPAN_ENTRIES_MAX);
    }
    if (header->raw_len > SPAN_RAW_BYTES_MAX) {
        return over(err, "raw bytes", header->raw_len, SPAN_RAW_BYTES_MAX);
    }
    if (header->raw_len < header->count * SPAN_ENTRY_HEAD_BYTES) {
        return err_set(err, ERR_FORMAT, "span: %u entries in %u bytes", header->count,
                       header->raw_len);
    }
    if (header->codec == SPAN_RAW && header->raw_len != payload_len) {
        return err_set(err, ERR_FORMAT, "span: %zu raw bytes, not %u", payload_len,
                       header->raw_len);
    }
    size_t most = span_raw_bytes_max(header->codec, payload_len);
    if (header->raw_len > most && !PLANTED(DENSE_SPAN)) {
        return over(err, "raw bytes of so few", header->raw_len, most);
    }
    return 0;
}

static int check_frame(struct bytes frame, struct err_ctx *err)
{
    int kind = frame_kind_of(frame, err);
    if (kind < 0) {
        return kind;
    }
    if (kind != (int)FRAME_SPAN) {
        return err_set(err, ERR_FORMAT, "span: a frame of kind %s", frame_kind_name(kind));
    }
    if (frame.len <= SPAN_HEADER_BYTES) {
        return err_set(err, ERR_FORMAT, "span: a frame of %zu bytes", frame.len);
    }
    return frame.len <= SPAN_WIRE_BYTES_MAX ? 0
                                            : over(err, "bytes", frame.len, SPAN_WIRE_BYTES_MAX);
}

int span_header_decode(struct bytes frame, struct span_header *ret, struct bytes *ret_payload,
                       struct err_ctx *err)
{
    int rc = check_frame(frame, err);
    if (rc != 0) {
        return rc;
    }
    unsigned codec = frame.data[SPAN_CODEC_AT];
    if (codec > SPAN_MODEL) {
        return err_set(err, ERR_VERSION, "span: codec %u", codec);
    }
    struct reader reader;
    reader_init(&reader, bytes_of(frame.data + 4, frame.len - 4));
    struct span_header header = {.codec = (enum span_codec)codec,
                                 .after = frame.data[SPAN_AFTER_AT]};
    header.dictionary = reader_be32(&reader);
    header.count = reader_be32(&reader);
    header.raw_len = reader_be32(&reader);
    reader_copy(&reader, header.incarnation.b, sizeof header.incarnation.b);
    header.first = reader_be64(&reader);
    reader_copy(&reader, header.h_before.b, sizeof header.h_before.b);
    reader_copy(&reader, header.head.b, sizeof header.head.b);
    struct bytes payload = reader_bytes(&reader, reader_left(&reader));
    ASSERT(!reader.underflow && payload.len == frame.len - SPAN_HEADER_BYTES);
    if ((codec != SPAN_MODEL && header.after != 0) ||
        (codec == SPAN_RAW && header.dictionary != 0)) {
        return err_set(err, ERR_FORMAT, "span: what must be zero is not");
    }
    rc = check_numbers(&header, payload.len, err);
    if (rc == 0) {
        *ret = header;
        *ret_payload = payload;
    }
    return rc;
}

void span_header_encode(const struct span_header *header, uint8_t ret[SPAN_HEADER_BYTES])
{
    struct writer writer;
    writer_init(&writer, ret, SPAN_HEADER_BYTES);
    writer_u8(&writer, FRAME_VERSION);
    writer_u8(&writer, FRAME_SPAN);
    writer_u8(&writer, (uint8_t)header->codec);
    writer_u8(&writer, header->after);
    writer_be32(&writer, header->dictionary);
    writer_be32(&writer, header->count);
    writer_be32(&writer, header->raw_len);
    writer_bytes(&writer, bytes_of(header->incarnation.b, sizeof header->incarnation.b));
    writer_be64(&writer, header->first);
    writer_bytes(&writer, bytes_of(header->h_before.b, sizeof header->h_before.b));
    writer_bytes(&writer, bytes_of(header->head.b, sizeof header->head.b));
    ASSERT(!writer.overflow && writer.len == SPAN_HEADER_BYTES);
}

static int read_entry(struct reader *reader, uint32_t index, struct span_entry *ret,
                      struct err_ctx *err)
{
    ret->kind = reader_be16(reader);
    unsigned length = reader_be16(reader);
    ret->erased = (length & SPAN_ERASED_BIT) != 0;
    length &= ~SPAN_ERASED_BIT;
    ret->body = reader_bytes(reader, length);
    if (reader->underflow) {
        return err_set(err, ERR_FORMAT, "span: entry %u is truncated", index);
    }
    if (length > ENTRY_BYTES_MAX) {
        return over(err, "entry bytes", length, ENTRY_BYTES_MAX);
    }
    if (ret->erased && length != HASH_BYTES) {
        return err_set(err, ERR_FORMAT, "span: erased entry %u of %u bytes", index, length);
    }
    return 0;
}

static int read_entries(struct bytes raw, uint32_t count, struct span_entry *entries,
                        struct err_ctx *err)
{
    struct reader reader;
    reader_init(&reader, raw);
    int rc = 0;
    for (uint32_t i = 0; rc == 0 && i < count; i++) {
        rc = read_entry(&reader, i, &entries[i], err);
    }
    if (rc == 0 && reader_left(&reader) != 0) {
        rc = err_set(err, ERR_FORMAT, "span: %zu bytes after the last entry", reader_left(&reader));
    }
    return rc;
}

/* The rows it was packed after; none if it was not. */
static int rows_before(const struct span_header *header, const struct span_past *past,
                       struct bytes *ret, struct err_ctx *err)
{
    if (header->after == 0) {
        return 0;
    }
    if (header->codec != SPAN_MODEL || header->after > header->first - 1) {
        return err_set(err, ERR_FORMAT, "span: packed after %u entries", header->after);
    }
    if (past == NULL ||
        span_past_before(past, &header->incarnation, header->first) < header->after) {
        return err_set(err, ERR_GAP, "span: the %u entries it was packed after are not here",
                       header->after);
    }
    *ret = span_past_rows(past, header->after);
    return 0;
}

static int open_payload(struct span_decoder *decoder, const struct span_header *header,
                        struct bytes before, struct bytes payload, struct arena *scratch,
                        struct bytes *ret, struct err_ctx *err)
{
    if (header->codec == SPAN_RAW) {
        *ret = payload;
        return 0;
    }
    uint8_t *room = arena_alloc(scratch, header->raw_len);
    if (room == NULL) {
        return err_set(err, ERR_LIMIT, "span: no room for %u bytes", header->raw_len);
    }
    int rc = span_inflate(decoder, header, before, payload, room, err);
    if (rc == 0) {
        *ret = bytes_of(room, header->raw_len);
    }
    return rc;
}

int span_entries_receive(struct span_decoder *decoder, const struct span_header *header,
                         struct bytes payload, struct span_past *past, struct arena *scratch,
                         struct span_entry **ret, struct err_ctx *err)
{
    struct bytes before = {0};
    struct bytes raw = {0};
    int rc = check_numbers(header, payload.len, err);
    rc = rc != 0 ? rc : rows_before(header, past, &before, err);
    rc = rc != 0 ? rc : open_payload(decoder, header, before, payload, scratch, &raw, err);
    if (rc != 0) {
        return rc;
    }
    struct span_entry *entries = arena_alloc(scratch, header->count * sizeof *entries);
    if (entries == NULL) {
        return err_set(err, ERR_LIMIT, "span: no room for %u entries", header->count);
    }
    rc = read_entries(raw, header->count, entries, err);
    if (rc != 0) {
        return rc;
    }
    if (past != NULL && header->codec == SPAN_MODEL) {
        span_past_add(past, &header->incarnation, header->first, header->count, raw);
    }
    *ret = entries;
    return 0;
}

int span_entries_decode(struct span_decoder *decoder, const struct span_header *header,
                        struct bytes payload, struct arena *scratch, struct span_entry **ret,
                        struct err_ctx *err)
{
    return span_entries_receive(decoder, header, payload, NULL, scratch, ret, err);
}

void span_hash(const struct span_header *header, const struct span_entry *entries, uint64_t seq,
               struct hash *ret)
{
    ASSERT(seq + 1 >= header->first && seq - header->first + 1 <= header->count);
    struct entry_id id = {.incarnation = header->incarnation, .seq = header->first};
    *ret = header->h_before;
    for (; id.seq <= seq; id.seq++) {
        const struct span_entry *entry = &entries[id.seq - header->first];
        struct hash before = *ret;
        struct hash b;
        if (entry->erased) {
            memcpy(b.b, entry->body.data, sizeof b.b);
        } else {
            chain_body(entry->body, &b);
        }
        chain_next(&before, &b, &id, entry->kind, ret);
    }
}
