/* span_fields.h - the body of an entry as a run of fields, and back. Private to core/wire.
 *
 * Protobuf (numbers and length-delimited fields, every varint as short as it can be) whose messages
 * inside messages are those of the table in span_fields.c; any other body is not taken. Which
 * fields are open, raw or dates is part of codec 2 and MUST NOT change: proto/SPEC.md 7.
 */
#ifndef CORE_WIRE_SPAN_FIELDS_H
#define CORE_WIRE_SPAN_FIELDS_H

#include "core/base/bytes.h"

#define SPAN_FIELD_DEPTH_MAX 3u
#define SPAN_FIELD_SLOTS 3u /* 0: none; of days, of times */

enum span_token_type {
    SPAN_TOKEN_END, /* of a message: tag 0 */
    SPAN_TOKEN_NUMBER,
    SPAN_TOKEN_TEXT, /* no octet of it is zero */
    SPAN_TOKEN_RAW,  /* nobody can foretell it */
    SPAN_TOKEN_OPEN  /* of a message within */
};

struct span_token {
    enum span_token_type type;
    uint32_t message;    /* in which it stands */
    uint32_t tag_before; /* in that message, 0: none */
    uint32_t tag, field;
    unsigned slot;      /* of a number: it goes as the difference to the last one in this slot */
    uint64_t number;    /* as on the wire */
    struct bytes bytes; /* borrowed */
};

struct span_field_reader {
    struct reader reader;
    uint32_t messages[SPAN_FIELD_DEPTH_MAX], before[SPAN_FIELD_DEPTH_MAX];
    size_t ends[SPAN_FIELD_DEPTH_MAX];
    unsigned depth;
    bool done;
};

void span_fields_read(struct span_field_reader *ret, unsigned kind, struct bytes body);
/* False: this body is none of ours. Sets `done` with the last token. */
bool span_field_next(struct span_field_reader *reader, struct span_token *ret);

struct span_field_writer {
    struct writer *to;
    uint32_t messages[SPAN_FIELD_DEPTH_MAX], before[SPAN_FIELD_DEPTH_MAX];
    size_t starts[SPAN_FIELD_DEPTH_MAX];
    unsigned depth;
    bool done;
};

void span_fields_write(struct span_field_writer *ret, unsigned kind, struct writer *to);
/* Only `message` and `tag_before`: where the next tag stands. */
void span_field_where(const struct span_field_writer *writer, struct span_token *ret);
/* The rest of the token but what it holds, from its tag. False: no such tag. */
bool span_field_tagged(uint32_t tag, struct span_token *ret);
/* Writes the tag; of a message within, or of an end, all there is to write. */
void span_field_tag(struct span_field_writer *writer, const struct span_token *token);
void span_field_number(struct span_field_writer *writer, uint64_t number);
/* What was written from `start` on gets its length before it. */
void span_field_length(struct span_field_writer *writer, size_t start);

/* Zigzag: 0, -1, 1, -2 … as 0, 1, 2, 3 …, modulo 2^64. */
uint64_t span_fold(uint64_t number);
uint64_t span_unfold(uint64_t folded);

#endif
