#include "core/wire/span_fields.h"

#include "core/base/assert.h"

#include <string.h>

#define TAG_MAX 0x7fffu
#define VARINT_BYTES_MAX 10u
#define WIRE_NUMBER 0u
#define WIRE_BYTES 2u

/* Messages of which something is known; of other kinds it is OTHER + kind. */
enum message {
    ENTRY_ID = 1,
    REPORT,
    SUBJECT,
    EVIDENCE,
    ZERO,
    AMENDMENT,
    WITHDRAWAL,
    RUNG,
    ANSWER,
    OTHER
};
enum slot { NO_SLOT, DAYS, TIMES };

struct known_field {
    uint8_t message, field;
    uint8_t type; /* of a length-delimited one */
    uint8_t slot; /* of a number */
    uint8_t inner;
};

/* No message stands in itself: three deep at most. */
static const struct known_field known_fields[] = {
    {ENTRY_ID, 1, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {REPORT, 5, SPAN_TOKEN_TEXT, DAYS, 0},
    {REPORT, 6, SPAN_TOKEN_TEXT, DAYS, 0},
    {REPORT, 7, SPAN_TOKEN_TEXT, DAYS, 0},
    {REPORT, 14, SPAN_TOKEN_OPEN, NO_SLOT, SUBJECT},
    {REPORT, 15, SPAN_TOKEN_OPEN, NO_SLOT, EVIDENCE},
    {REPORT, 16, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {REPORT, 18, SPAN_TOKEN_TEXT, TIMES, 0},
    {REPORT, 99, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {EVIDENCE, 1, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {EVIDENCE, 4, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {ZERO, 2, SPAN_TOKEN_TEXT, DAYS, 0},
    {ZERO, 3, SPAN_TOKEN_TEXT, DAYS, 0},
    {ZERO, 7, SPAN_TOKEN_TEXT, TIMES, 0},
    {ZERO, 99, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {AMENDMENT, 1, SPAN_TOKEN_OPEN, NO_SLOT, ENTRY_ID},
    {AMENDMENT, 2, SPAN_TOKEN_OPEN, NO_SLOT, REPORT},
    {AMENDMENT, 5, SPAN_TOKEN_TEXT, TIMES, 0},
    {AMENDMENT, 99, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {WITHDRAWAL, 1, SPAN_TOKEN_OPEN, NO_SLOT, ENTRY_ID},
    {WITHDRAWAL, 4, SPAN_TOKEN_TEXT, TIMES, 0},
    {WITHDRAWAL, 99, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {RUNG, 4, SPAN_TOKEN_TEXT, TIMES, 0},
    {RUNG, 99, SPAN_TOKEN_RAW, NO_SLOT, 0},
    {ANSWER, 4, SPAN_TOKEN_TEXT, TIMES, 0},
    {ANSWER, 99, SPAN_TOKEN_RAW, NO_SLOT, 0},
};

static uint32_t message_of(unsigned kind)
{
    switch (kind) {
    case 16:
        return REPORT;
    case 17:
        return ZERO;
    case 18:
        return AMENDMENT;
    case 19:
        return WITHDRAWAL;
    case 20:
        return RUNG;
    case 21:
        return ANSWER;
    default:
        return OTHER + kind;
    }
}

/* The token's type, field and slot from its message and tag; the message within, or 0. */
static uint32_t look_up(struct span_token *token)
{
    const struct known_field *known = NULL;
    token->field = token->tag >> 3;
    for (size_t i = 0; i < sizeof known_fields / sizeof known_fields[0]; i++) {
        if (known_fields[i].message == token->message && known_fields[i].field == token->field) {
            known = &known_fields[i];
        }
    }
    bool number = (token->tag & 7u) == WIRE_NUMBER;
    token->slot = number && known != NULL ? known->slot : NO_SLOT;
    token->type = number          ? SPAN_TOKEN_NUMBER
                  : known == NULL ? SPAN_TOKEN_TEXT
                                  : (enum span_token_type)known->type;
    return token->type == SPAN_TOKEN_OPEN ? known->inner : 0;
}

static bool good_tag(uint32_t tag)
{
    unsigned wire = tag & 7u;
    return tag >> 3 != 0 && tag <= TAG_MAX && (wire == WIRE_NUMBER || wire == WIRE_BYTES);
}

/* ---- reading ---- */

void span_fields_read(struct span_field_reader *ret, unsigned kind, struct bytes body)
{
    *ret = (struct span_field_reader){.messages = {message_of(kind)}, .ends = {body.len}};
    reader_init(&ret->reader, body);
}

/* As short as it can be, or false. */
static bool read_varint(struct reader *reader, uint64_t *ret)
{
    uint8_t byte = 0x80;
    uint64_t value = 0;
    unsigned bits = 0;
    for (; byte >= 0x80 && bits < 64; bits += 7) {
        byte = reader_u8(reader);
        value |= (uint64_t)(byte & 0x7fu) << bits;
    }
    *ret = value;
    bool too_large = bits > 64 && byte > 1; /* the tenth has one bit left */
    return !reader->underflow && byte < 0x80 && !too_large && (byte != 0 || bits == 7);
}

static bool read_bytes(struct span_field_reader *reader, struct span_token *token, uint32_t inner)
{
    uint64_t len = 0;
    size_t end = reader->ends[reader->depth];
    if (!read_varint(&reader->reader, &len) || reader->reader.at > end ||
        len > end - reader->reader.at) {
        return false;
    }
    if (token->type == SPAN_TOKEN_OPEN) {
        reader->depth++;
        ASSERT(reader->depth < SPAN_FIELD_DEPTH_MAX);
        reader->messages[reader->depth] = inner;
        reader->before[reader->depth] = 0;
        reader->ends[reader->depth] = reader->reader.at + (size_t)len;
        return true;
    }
    token->bytes = reader_bytes(&reader->reader, (size_t)len);
    return token->type == SPAN_TOKEN_RAW || len == 0 ||
           memchr(token->bytes.data, 0, token->bytes.len) == NULL;
}

bool span_field_next(struct span_field_reader *reader, struct span_token *ret)
{
    unsigned depth = reader->depth;
    uint64_t tag = 0;
    ASSERT(!reader->done);
    *ret = (struct span_token){.message = reader->messages[depth],
                               .tag_before = reader->before[depth]};
    if (reader->reader.at == reader->ends[depth]) {
        reader->done = depth == 0;
        reader->depth -= depth == 0 ? 0 : 1;
        return true;
    }
    if (!read_varint(&reader->reader, &tag) || tag > TAG_MAX || !good_tag((uint32_t)tag)) {
        return false;
    }
    ret->tag = (uint32_t)tag;
    reader->before[depth] = ret->tag;
    uint32_t inner = look_up(ret);
    bool good = ret->type == SPAN_TOKEN_NUMBER ? read_varint(&reader->reader, &ret->number)
                                               : read_bytes(reader, ret, inner);
    return good && reader->reader.at <= reader->ends[depth];
}

/* ---- writing ---- */

void span_fields_write(struct span_field_writer *ret, unsigned kind, struct writer *to)
{
    *ret = (struct span_field_writer){.to = to, .messages = {message_of(kind)}};
}

void span_field_where(const struct span_field_writer *writer, struct span_token *ret)
{
    *ret = (struct span_token){.message = writer->messages[writer->depth],
                               .tag_before = writer->before[writer->depth]};
}

bool span_field_tagged(uint32_t tag, struct span_token *ret)
{
    ret->tag = tag;
    if (tag == 0) {
        ret->type = SPAN_TOKEN_END;
        return true;
    }
    (void)look_up(ret);
    return good_tag(tag);
}

static struct bytes varint(uint8_t ret[VARINT_BYTES_MAX], uint64_t number)
{
    size_t len = 0;
    for (; number > 0x7f; number >>= 7) {
        ret[len++] = (uint8_t)(number | 0x80u);
    }
    ret[len++] = (uint8_t)number;
    return bytes_of(ret, len);
}

void span_field_number(struct span_field_writer *writer, uint64_t number)
{
    uint8_t room[VARINT_BYTES_MAX];
    writer_bytes(writer->to, varint(room, number));
}

void span_field_length(struct span_field_writer *writer, size_t start)
{
    struct writer *to = writer->to;
    uint8_t room[VARINT_BYTES_MAX];
    size_t len = to->len - start;
    struct bytes head = varint(room, len);
    writer_bytes(to, head); /* to have the room; then turned about */
    if (!to->overflow) {
        memmove(to->data + start + head.len, to->data + start, len);
        memcpy(to->data + start, head.data, head.len);
    }
}

void span_field_tag(struct span_field_writer *writer, const struct span_token *token)
{
    if (token->type == SPAN_TOKEN_END) {
        writer->done = writer->depth == 0;
        if (!writer->done) {
            span_field_length(writer, writer->starts[writer->depth]);
            writer->depth--;
        }
        return;
    }
    writer->before[writer->depth] = token->tag;
    span_field_number(writer, token->tag);
    if (token->type == SPAN_TOKEN_OPEN) {
        struct span_token inner = *token;
        writer->depth++;
        ASSERT(writer->depth < SPAN_FIELD_DEPTH_MAX);
        writer->messages[writer->depth] = look_up(&inner);
        writer->before[writer->depth] = 0;
        writer->starts[writer->depth] = writer->to->len;
    }
}

uint64_t span_fold(uint64_t number)
{
    return number << 1 ^ (number >> 63 != 0 ? UINT64_MAX : 0);
}

uint64_t span_unfold(uint64_t folded)
{
    return folded >> 1 ^ ((folded & 1) != 0 ? UINT64_MAX : 0);
}
