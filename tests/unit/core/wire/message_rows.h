/* What each field of a message must refuse, checked row by row: fields are dropped, emptied, cut
 * and filled in the generated structs of a good sample, and the result must be refused with the
 * field's name. The rows are written by hand from proto/ and DESIGN, not from the code's tables.
 * And the way there and back, for whatever decodes. */
#ifndef UNIT_CORE_WIRE_MESSAGE_ROWS_H
#define UNIT_CORE_WIRE_MESSAGE_ROWS_H

#include "unit/core/wire/samples.h"

#include "core/base/arena.h"
#include "core/base/error.h"
#include "core/base/limits.h"

#include <protobuf-c/protobuf-c.h>

#define MUST true
#define MAY false

static struct arena *arena; /* of the message at hand */

static inline int messages_open(void **state)
{
    arena = arena_new(PARSE_ARENA_BYTES);
    return arena != NULL ? samples_open(state) : -1;
}

static inline int messages_close(void **state)
{
    arena_free(arena);
    return samples_close(state);
}

/* bool round_trip_TYPE(message): decoding and, where it succeeds, the way back: the second encoding
 * is the first. A refusal has a text. */
#define ROUND_TRIP(type)                                                                           \
    static bool round_trip_##type(struct bytes message)                                            \
    {                                                                                              \
        static struct type value, again;                                                           \
        static uint8_t first[65536], second[65536];                                                \
        size_t first_len = 0, second_len = 0;                                                      \
        struct err_ctx err = {{0}};                                                                \
        arena_reset(arena);                                                                        \
        if (type##_decode(message, arena, &value, &err) != 0) {                                    \
            assert_true(err.text[0] != '\0');                                                      \
            return false;                                                                          \
        }                                                                                          \
        assert_int_equal(type##_encode(&value, first, sizeof first, &first_len, NULL), 0);         \
        assert_int_equal(type##_decode(bytes_of(first, first_len), arena, &again, NULL), 0);       \
        assert_int_equal(type##_encode(&again, second, sizeof second, &second_len, NULL), 0);      \
        assert_int_equal(first_len, second_len);                                                   \
        assert_memory_equal(first, second, first_len);                                             \
        return true;                                                                               \
    }

enum row_type {
    ROW_TEXT,    /* UTF-8, limited */
    ROW_TEXTS,   /* a list of them, none empty */
    ROW_BLOB,    /* any bytes */
    ROW_FIXED,   /* its one length */
    ROW_EXACT,   /* its one length or empty */
    ROW_ENUM,    /* known values other than 0 */
    ROW_NUMBER,  /* or flag, or message, or list: only presence */
    ROW_ONE_OF,  /* without it the whole is missing */
    ROW_IGNORED, /* decoded by nobody here */
};
struct row {
    const char *path; /* in a list: of its first element */
    enum row_type type;
    bool must;
};
struct rows_of {
    const char *name;
    const ProtobufCMessageDescriptor *descriptor;
    const struct row *rows; /* ends with path NULL */
    struct bytes sample;
    int (*decode)(struct bytes message, struct err_ctx *err);
};

struct field_at {
    ProtobufCMessage *root, *holder;
    const ProtobufCFieldDescriptor *field;
    uint8_t value[sizeof(ProtobufCBinaryData)], quantifier[sizeof(size_t)];
};

static inline size_t value_size(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_BYTES && field->label != PROTOBUF_C_LABEL_REPEATED
               ? sizeof(ProtobufCBinaryData)
               : sizeof(int);
}

static inline size_t quantifier_size(const ProtobufCFieldDescriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED ? sizeof(size_t) : sizeof(int);
}

static inline ProtobufCMessage *message_within(ProtobufCMessage *holder,
                                               const ProtobufCFieldDescriptor *field)
{
    void *found = NULL;
    memcpy(&found, (uint8_t *)holder + field->offset, sizeof found);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        memcpy(&found, found, sizeof found);
    }
    return found;
}

static inline void find_field(const struct rows_of *rows, const char *path, struct field_at *ret)
{
    const char *part = path;
    char name[64];
    ret->root =
        protobuf_c_message_unpack(rows->descriptor, NULL, rows->sample.len, rows->sample.data);
    assert_non_null(ret->root);
    ret->holder = ret->root;
    for (;;) {
        size_t len = strcspn(part, ".");
        (void)snprintf(name, sizeof name, "%.*s", (int)len, part);
        ret->field = protobuf_c_message_descriptor_get_field_by_name(ret->holder->descriptor, name);
        assert_non_null(ret->field);
        if (part[len] == '\0') {
            break;
        }
        ret->holder = message_within(ret->holder, ret->field);
        assert_non_null(ret->holder);
        part += len + 1;
    }
    uint8_t *base = (uint8_t *)ret->holder;
    memcpy(ret->value, base + ret->field->offset, value_size(ret->field));
    memcpy(ret->quantifier, base + ret->field->quantifier_offset, quantifier_size(ret->field));
}

static inline bool is_optional_message(const ProtobufCFieldDescriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED;
}

/* Packs what stands there now, puts back what was, and decodes. */
static inline int decode_changed(const struct rows_of *rows, struct field_at *at,
                                 struct err_ctx *err)
{
    static uint8_t room[65536];
    assert_true(protobuf_c_message_get_packed_size(at->root) <= sizeof room);
    size_t len = protobuf_c_message_pack(at->root, room);
    uint8_t *base = (uint8_t *)at->holder;
    if (!is_optional_message(at->field)) {
        memcpy(base + at->field->offset, at->value, value_size(at->field));
        memcpy(base + at->field->quantifier_offset, at->quantifier, quantifier_size(at->field));
    }
    protobuf_c_message_free_unpacked(at->root, NULL);
    err->text[0] = '\0';
    return rows->decode(bytes_of(room, len), err);
}

static inline int decode_without(const struct rows_of *rows, const char *path, struct err_ctx *err)
{
    struct field_at at = {0};
    find_field(rows, path, &at);
    uint8_t *base = (uint8_t *)at.holder;
    if ((at.field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        memset(base + at.field->quantifier_offset, 0, quantifier_size(at.field));
    }
    if (is_optional_message(at.field)) {
        protobuf_c_message_free_unpacked(message_within(at.holder, at.field), NULL);
        memset(base + at.field->offset, 0, sizeof(void *));
    } else {
        memset(base + at.field->quantifier_offset, 0, quantifier_size(at.field));
    }
    return decode_changed(rows, &at, err);
}

static inline int decode_with_bytes(const struct rows_of *rows, const char *path, uint8_t fill,
                                    size_t len, struct err_ctx *err)
{
    static uint8_t filled[20000];
    struct field_at at = {0};
    int has = 1;
    assert_true(len <= sizeof filled);
    memset(filled, fill, sizeof filled);
    find_field(rows, path, &at);
    /* cppcheck-suppress legacyUninitvar // set here; it has not seen the generated type */
    ProtobufCBinaryData data = {.len = len, .data = filled};
    if (at.field->label == PROTOBUF_C_LABEL_REPEATED) {
        /* The first of a list of texts. */
        ProtobufCBinaryData *list = NULL;
        memcpy(&list, (uint8_t *)at.holder + at.field->offset, sizeof list);
        ProtobufCBinaryData before = list[0];
        static uint8_t room[65536];
        list[0] = data;
        size_t packed = protobuf_c_message_pack(at.root, room);
        list[0] = before;
        protobuf_c_message_free_unpacked(at.root, NULL);
        err->text[0] = '\0';
        return rows->decode(bytes_of(room, packed), err);
    }
    memcpy((uint8_t *)at.holder + at.field->offset, &data, sizeof data);
    memcpy((uint8_t *)at.holder + at.field->quantifier_offset, &has, sizeof has);
    return decode_changed(rows, &at, err);
}

static inline int decode_with_int(const struct rows_of *rows, const char *path, int value,
                                  struct err_ctx *err)
{
    struct field_at at = {0};
    int has = 1;
    find_field(rows, path, &at);
    memcpy((uint8_t *)at.holder + at.field->offset, &value, sizeof value);
    memcpy((uint8_t *)at.holder + at.field->quantifier_offset, &has, sizeof has);
    return decode_changed(rows, &at, err);
}

static inline void expect(const struct rows_of *rows, const struct row *row, int got, int wanted,
                          const struct err_ctx *err, const char *text)
{
    const char *dot = strrchr(row->path, '.');
    const char *leaf = dot != NULL ? dot + 1 : row->path;
    const char *named = row->type == ROW_ONE_OF ? "" : leaf;
    if (got != wanted || strstr(err->text, named) == NULL || strstr(err->text, text) == NULL) {
        fail_msg("%s.%s: %s \"%s\", wanted %s and \"%s\"", rows->name, row->path, err_name(got),
                 err->text, err_name(wanted), text);
    }
}

static inline void expect_good(const struct rows_of *rows, const struct row *row, int got,
                               const struct err_ctx *err)
{
    if (got != 0) {
        fail_msg("%s.%s: %s \"%s\", wanted 0", rows->name, row->path, err_name(got), err->text);
    }
}

static inline size_t length_of(const struct rows_of *rows, const char *path)
{
    struct field_at at = {0};
    ProtobufCBinaryData bytes = {0};
    find_field(rows, path, &at);
    memcpy(&bytes, at.value, sizeof bytes);
    protobuf_c_message_free_unpacked(at.root, NULL);
    return bytes.len;
}

static inline void check_text_row(const struct rows_of *rows, const struct row *row)
{
    struct err_ctx err = {{0}};
    int rc = decode_with_bytes(rows, row->path, 0xff, 2, &err);
    expect(rows, row, rc, ERR_UTF8, &err, "not valid UTF-8");
    rc = decode_with_bytes(rows, row->path, 0, 1, &err);
    expect(rows, row, rc, ERR_UTF8, &err, "not valid UTF-8");
    rc = decode_with_bytes(rows, row->path, 'a', 8193, &err);
    expect(rows, row, rc, ERR_LIMIT, &err, "longer than");
    rc = decode_with_bytes(rows, row->path, 'a', 0, &err);
    if (row->type == ROW_TEXTS) {
        expect(rows, row, rc, ERR_FORMAT, &err, "is empty");
    } else if (row->must) {
        expect(rows, row, rc, ERR_FORMAT, &err, "is missing");
    } else {
        expect_good(rows, row, rc, &err);
    }
}

static inline void check_row(const struct rows_of *rows, const struct row *row)
{
    struct err_ctx err = {{0}};
    int rc = decode_without(rows, row->path, &err);
    if (row->must) {
        expect(rows, row, rc, ERR_FORMAT, &err, "is missing");
    } else {
        expect_good(rows, row, rc, &err);
    }
    if (row->type == ROW_TEXT || row->type == ROW_TEXTS) {
        check_text_row(rows, row);
    } else if (row->type == ROW_BLOB) {
        rc = decode_with_bytes(rows, row->path, 0xff, 3, &err);
        expect_good(rows, row, rc, &err);
        rc = decode_with_bytes(rows, row->path, 0xff, 16385, &err);
        assert_int_equal(rc, ERR_LIMIT); /* its own, or that of the whole */
    } else if (row->type == ROW_FIXED || row->type == ROW_EXACT) {
        size_t len = length_of(rows, row->path);
        rc = decode_with_bytes(rows, row->path, 0xff, len - 1, &err);
        expect(rows, row, rc, ERR_FORMAT, &err, "bytes, not");
        rc = decode_with_bytes(rows, row->path, 0xff, len + 1, &err);
        expect(rows, row, rc, ERR_FORMAT, &err, "bytes, not");
        rc = decode_with_bytes(rows, row->path, 0xff, 0, &err);
        if (row->type == ROW_EXACT) {
            expect_good(rows, row, rc, &err);
        } else {
            expect(rows, row, rc, ERR_FORMAT, &err, "bytes, not");
        }
    } else if (row->type == ROW_ENUM) {
        rc = decode_with_int(rows, row->path, 0, &err);
        expect(rows, row, rc, ERR_VALUE, &err, "unknown value");
        rc = decode_with_int(rows, row->path, 99, &err);
        expect(rows, row, rc, ERR_VALUE, &err, "unknown value");
    }
}

/* The rows name every field the schema has, in messages within too. */
static inline void check_rows_are_all(const struct rows_of *rows,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const char *prefix)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        char path[128];
        const struct row *row = rows->rows;
        assert_true(snprintf(path, sizeof path, "%s%s", prefix, field->name) < 100);
        while (row->path != NULL && strcmp(row->path, path) != 0) {
            row++;
        }
        bool sibling = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
        if (row->path == NULL && !sibling) {
            fail_msg("%s: no row for %s", rows->name, path);
        }
        if (row->path != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE) {
            assert_true(snprintf(path, sizeof path, "%.60s%.60s.", prefix, field->name) < 100);
            check_rows_are_all(rows, field->descriptor, path);
        }
    }
}

static inline void check_rows(const struct rows_of *rows)
{
    struct err_ctx err = {{0}};
    assert_int_equal(rows->decode(rows->sample, &err), 0);
    check_rows_are_all(rows, rows->descriptor, "");
    for (const struct row *row = rows->rows; row->path != NULL; row++) {
        if (row->type != ROW_IGNORED) {
            check_row(rows, row);
        }
    }
}

/* All messages of a test; `of` makes the nth, its sample in `to`. */
static inline void check_all_rows(size_t count,
                                  struct rows_of (*of)(size_t nth, uint8_t to[SAMPLE_BYTES_MAX]))
{
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[SAMPLE_BYTES_MAX];
        struct rows_of rows = of(i, bytes);
        check_rows(&rows);
    }
}

#endif
