#include "core/wire/prescan.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/base/plant.h"

/* protobuf-c reads tags and lengths of at most 5 bytes, numbers of at most 10. */
#define TAG_BYTES_MAX 5u
#define NUMBER_BYTES_MAX 10u
/* A set of the fields of one message that occurred already is one word. */
#define DESCRIPTOR_FIELDS_MAX 64u

enum wire_type { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_LENGTH = 2, WIRE_32BIT = 5 };

struct level {
    const ProtobufCMessageDescriptor *descriptor;
    size_t end;
    uint64_t seen;
};

struct scan {
    struct bytes message;
    size_t at;
    struct level levels[PARSE_DEPTH_MAX];
    size_t depth;
    uint32_t fields, unknown;
    struct err_ctx *err;
};

static int bad(const struct scan *scan, int code, const char *what)
{
    const char *name = scan->levels[scan->depth - 1].descriptor->short_name;
    return err_set(scan->err, code, "%s: %s at byte %zu", name, what, scan->at);
}

static int bad_field(const struct scan *scan, const ProtobufCFieldDescriptor *field, int code,
                     const char *what)
{
    const char *name = scan->levels[scan->depth - 1].descriptor->short_name;
    return err_set(scan->err, code, "%s: %s %s at byte %zu", name, field->name, what, scan->at);
}

static size_t left(const struct scan *scan)
{
    return scan->levels[scan->depth - 1].end - scan->at;
}

/* A varint of at most bytes_max bytes whose value fits in `bits`; longer than needed is allowed. */
static int read_varint(struct scan *scan, size_t bytes_max, unsigned bits, uint64_t *ret)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes_max; i++) {
        if (i == left(scan)) {
            return bad(scan, ERR_FORMAT, "truncated number");
        }
        uint8_t byte = scan->message.data[scan->at + i];
        unsigned shift = (unsigned)(7 * i);
        unsigned room = shift < bits ? bits - shift : 0;
        if (room < 7 && (byte & 0x7fu) >> room != 0) {
            return bad(scan, ERR_FORMAT, "number too large");
        }
        value |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80) {
            scan->at += i + 1;
            *ret = value;
            return 0;
        }
    }
    return bad(scan, ERR_FORMAT, "number too long");
}

static int skip(struct scan *scan, uint64_t len)
{
    if (len > left(scan)) {
        return bad(scan, ERR_FORMAT, "truncated");
    }
    scan->at += (size_t)len;
    return 0;
}

static int read_length(struct scan *scan, size_t *ret)
{
    uint64_t len = 0;
    int rc = read_varint(scan, TAG_BYTES_MAX, 32, &len);
    if (rc == 0 && len > left(scan)) {
        rc = bad(scan, ERR_FORMAT, "length past the end");
    }
    if (rc == 0) {
        *ret = (size_t)len;
    }
    return rc;
}

static int count_field(struct scan *scan)
{
    return ++scan->fields > PARSE_FIELDS_MAX ? bad(scan, ERR_LIMIT, "too many fields") : 0;
}

static unsigned wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32BIT;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LENGTH;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return WIRE_VARINT;
    }
}

/* Bits a number of this type may have: protobuf-c would cut the rest off without a word. */
static unsigned bits_of(ProtobufCType type)
{
    switch ((int)type) {
    case PROTOBUF_C_TYPE_BOOL:
        return 1;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_ENUM:
        return 32;
    default:
        return 64; /* a negative int32 has ten bytes */
    }
}

static int scan_scalar(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    uint64_t ignored = 0;
    switch (wire_type_of(field->type)) {
    case WIRE_32BIT:
        return skip(scan, 4);
    case WIRE_64BIT:
        return skip(scan, 8);
    default:
        return read_varint(scan, NUMBER_BYTES_MAX, bits_of(field->type), &ignored);
    }
}

/* Every element counts as a field: one byte of it becomes eight in memory. */
static int scan_packed(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    size_t len = 0;
    int rc = read_length(scan, &len);
    if (rc != 0) {
        return rc;
    }
    struct level *top = &scan->levels[scan->depth - 1];
    size_t outer_end = top->end;
    top->end = scan->at + len;
    while (rc == 0 && scan->at < top->end) {
        rc = count_field(scan);
        rc = rc != 0 ? rc : scan_scalar(scan, field);
    }
    top->end = outer_end;
    return rc;
}

static int enter(struct scan *scan, const ProtobufCMessageDescriptor *descriptor, size_t len)
{
    if (scan->depth == PARSE_DEPTH_MAX) {
        return bad(scan, ERR_LIMIT, "nested too deeply");
    }
    ASSERT(descriptor->n_fields <= DESCRIPTOR_FIELDS_MAX);
    scan->levels[scan->depth++] = (struct level){.descriptor = descriptor, .end = scan->at + len};
    return 0;
}

static int scan_length(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    size_t len = 0;
    int rc = read_length(scan, &len);
    if (rc != 0) {
        return rc;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return enter(scan, field->descriptor, len);
    }
    return skip(scan, len);
}

/* The members of a oneof share one bit's fate: any of them makes a second one a duplicate. */
static int note_seen(struct scan *scan, const ProtobufCFieldDescriptor *field)
{
    struct level *top = &scan->levels[scan->depth - 1];
    const ProtobufCFieldDescriptor *all = top->descriptor->fields;
    if (field->label == PROTOBUF_C_LABEL_REPEATED || PLANTED(FIELD_TWICE)) {
        return 0;
    }
    if ((top->seen >> (field - all) & 1u) != 0) {
        return bad_field(scan, field, ERR_FORMAT, "occurs twice");
    }
    bool one_of = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    for (unsigned i = 0; i < top->descriptor->n_fields; i++) {
        bool sibling = one_of && (all[i].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
                       all[i].quantifier_offset == field->quantifier_offset;
        if (sibling || &all[i] == field) {
            top->seen |= UINT64_C(1) << i;
        }
    }
    return 0;
}

static int scan_known(struct scan *scan, const ProtobufCFieldDescriptor *field, unsigned wire_type)
{
    int rc = note_seen(scan, field);
    if (rc != 0) {
        return rc;
    }
    unsigned expected = wire_type_of(field->type);
    if (wire_type == WIRE_LENGTH && expected != WIRE_LENGTH &&
        field->label == PROTOBUF_C_LABEL_REPEATED) {
        return scan_packed(scan, field);
    }
    if (wire_type != expected) {
        return bad_field(scan, field, ERR_FORMAT, "has the wrong wire type");
    }
    return wire_type == WIRE_LENGTH ? scan_length(scan, field) : scan_scalar(scan, field);
}

static int scan_unknown(struct scan *scan, unsigned wire_type)
{
    uint64_t ignored = 0;
    size_t len = 0;
    if (++scan->unknown > PARSE_UNKNOWN_MAX && !PLANTED(MANY_UNKNOWN)) {
        return bad(scan, ERR_LIMIT, "too many unknown fields");
    }
    switch (wire_type) {
    case WIRE_VARINT:
        return read_varint(scan, NUMBER_BYTES_MAX, 64, &ignored);
    case WIRE_64BIT:
        return skip(scan, 8);
    case WIRE_32BIT:
        return skip(scan, 4);
    case WIRE_LENGTH: {
        int rc = read_length(scan, &len);
        return rc != 0 ? rc : skip(scan, len);
    }
    default:
        return bad(scan, ERR_FORMAT, "group or unknown wire type");
    }
}

static int scan_field(struct scan *scan)
{
    uint64_t tag = 0;
    int rc = read_varint(scan, TAG_BYTES_MAX, 32, &tag);
    rc = rc != 0 ? rc : count_field(scan);
    if (rc != 0) {
        return rc;
    }
    if (tag >> 3 == 0) {
        return bad(scan, ERR_FORMAT, "field number 0");
    }
    const ProtobufCMessageDescriptor *descriptor = scan->levels[scan->depth - 1].descriptor;
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3));
    unsigned wire_type = (unsigned)(tag & 7u);
    return field != NULL ? scan_known(scan, field, wire_type) : scan_unknown(scan, wire_type);
}

int prescan(const ProtobufCMessageDescriptor *descriptor, struct bytes message, struct err_ctx *err)
{
    struct scan scan = {.message = message, .err = err};
    int rc = enter(&scan, descriptor, message.len);
    while (rc == 0 && scan.depth > 0) {
        if (left(&scan) == 0) {
            scan.depth--;
        } else {
            rc = scan_field(&scan);
        }
    }
    return rc;
}
