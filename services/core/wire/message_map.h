/* message_map.h - tables that say which field of a protobuf message is which member of our struct.
 *
 * Private to core/wire. One row a field: its number, what it holds, whether it must be there, its
 * limit, and where it goes. Decoding and encoding are the same walk over the table in two
 * directions, with the same checks: what the encoder takes, the decoder takes.
 * A number without a `has` member is mandatory: zero and absent must never be confused.
 */
#ifndef CORE_WIRE_MESSAGE_MAP_H
#define CORE_WIRE_MESSAGE_MAP_H

#include "core/base/arena.h"
#include "core/base/ident.h"
#include "core/base/limits.h"

#include <protobuf-c/protobuf-c.h>

enum field_kind {
    FIELD_TEXT,     /* UTF-8 in a struct bytes, at most size bytes; mandatory: not empty */
    FIELD_BLOB,     /* any bytes in a struct bytes, at most size */
    FIELD_EXACT,    /* struct bytes, empty or size bytes */
    FIELD_FIXED,    /* exactly size bytes into an array */
    FIELD_NUMBER,   /* 4 or 8 bytes; `has` member or mandatory */
    FIELD_FLAG,     /* bool; absent is false */
    FIELD_CODE,     /* enum as int; absent is 0, and 0 is never on the wire */
    FIELD_CHOICE,   /* enum of two: 1 is false, 2 is true */
    FIELD_MESSAGE,  /* map; `has` member or mandatory */
    FIELD_ONE_OF,   /* map; the int at `has` holds the number of the member that is there */
    FIELD_ENCODED,  /* map; struct bytes that hold the message encoded */
    FIELD_MESSAGES, /* at most size of them, stride bytes each, how many at `count` */
    FIELD_TEXTS     /* struct bytes each, at most size of them of at most element_max bytes */
};
#define FIELD_MANDATORY 1u
/* Fixed bytes: all zeros are not written. Not mandatory: absent is read as zeros. Mandatory: only
 * a decoder insists (a signature that is still to be made). */
#define FIELD_ZERO_IS_ABSENT 2u
#define FIELD_IN_ARENA 4u /* a list behind a pointer, else an array in the struct */

#define NO_MEMBER SIZE_MAX

struct message_map;
struct field_map {
    uint32_t number;
    enum field_kind kind;
    unsigned flags;
    size_t offset, has, count;
    size_t size, element_max, stride;
    const struct message_map *map;
};
struct message_map {
    const ProtobufCMessageDescriptor *descriptor;
    const struct field_map *fields;
    size_t field_count;
    size_t size;      /* of our struct */
    size_t bytes_max; /* of the message on the wire; 0 for one that is only part of others */
    int (*check)(const void *value, struct err_ctx *err); /* what a row cannot say; may be NULL */
};

#define MEMBER_SIZE(type, member) sizeof(((type *)NULL)->member)
#define TEXT(no, type, member, max, flag)                                                          \
    {                                                                                              \
        .number = (no), .kind = FIELD_TEXT, .flags = (flag), .offset = offsetof(type, member),     \
        .has = NO_MEMBER, .size = (max)                                                            \
    }
#define BLOB(no, type, member, max, flag)                                                          \
    {                                                                                              \
        .number = (no), .kind = FIELD_BLOB, .flags = (flag), .offset = offsetof(type, member),     \
        .has = NO_MEMBER, .size = (max)                                                            \
    }
#define EXACT(no, type, member, len)                                                               \
    {                                                                                              \
        .number = (no), .kind = FIELD_EXACT, .offset = offsetof(type, member), .has = NO_MEMBER,   \
        .size = (len)                                                                              \
    }
#define FIXED(no, type, member, flag)                                                              \
    {                                                                                              \
        .number = (no), .kind = FIELD_FIXED, .flags = (flag), .offset = offsetof(type, member),    \
        .has = NO_MEMBER, .size = MEMBER_SIZE(type, member)                                        \
    }
#define NUMBER(no, type, member)                                                                   \
    {                                                                                              \
        .number = (no), .kind = FIELD_NUMBER, .flags = FIELD_MANDATORY,                            \
        .offset = offsetof(type, member), .has = NO_MEMBER, .size = MEMBER_SIZE(type, member)      \
    }
#define NUMBER_HAS(no, type, member)                                                               \
    {                                                                                              \
        .number = (no), .kind = FIELD_NUMBER, .offset = offsetof(type, member),                    \
        .has = offsetof(type, has_##member), .size = MEMBER_SIZE(type, member)                     \
    }
#define FLAG(no, type, member)                                                                     \
    {                                                                                              \
        .number = (no), .kind = FIELD_FLAG, .offset = offsetof(type, member), .has = NO_MEMBER,    \
        .size = MEMBER_SIZE(type, member)                                                          \
    }
#define CODE(no, type, member, flag)                                                               \
    {                                                                                              \
        .number = (no), .kind = FIELD_CODE, .flags = (flag), .offset = offsetof(type, member),     \
        .has = NO_MEMBER, .size = MEMBER_SIZE(type, member)                                        \
    }
#define CHOICE(no, type, member)                                                                   \
    {                                                                                              \
        .number = (no), .kind = FIELD_CHOICE, .flags = FIELD_MANDATORY,                            \
        .offset = offsetof(type, member), .has = NO_MEMBER, .size = MEMBER_SIZE(type, member)      \
    }
#define MESSAGE(no, type, member, sub_map)                                                         \
    {                                                                                              \
        .number = (no), .kind = FIELD_MESSAGE, .flags = FIELD_MANDATORY,                           \
        .offset = offsetof(type, member), .has = NO_MEMBER, .map = (sub_map)                       \
    }
#define ENCODED(no, type, member, sub_map)                                                         \
    {                                                                                              \
        .number = (no), .kind = FIELD_ENCODED, .flags = FIELD_MANDATORY,                           \
        .offset = offsetof(type, member), .has = NO_MEMBER, .map = (sub_map)                       \
    }
/* The members of the message within lie in the same struct; has_offset: a bool, or NO_MEMBER. */
#define FLATTENED(no, sub_map, has_offset, flag)                                                   \
    {                                                                                              \
        .number = (no), .kind = FIELD_MESSAGE, .flags = (flag), .offset = 0, .has = (has_offset),  \
        .map = (sub_map)                                                                           \
    }
/* Likewise, for the members of a oneof; `which` is an int in the struct. */
#define ONE_OF(no, type, member_offset, which, sub_map)                                            \
    {                                                                                              \
        .number = (no), .kind = FIELD_ONE_OF, .offset = (member_offset),                           \
        .has = offsetof(type, which), .map = (sub_map)                                             \
    }
#define MESSAGES(no, type, member, counter, max, flag, element, sub_map)                           \
    {                                                                                              \
        .number = (no), .kind = FIELD_MESSAGES, .flags = (flag), .offset = offsetof(type, member), \
        .has = NO_MEMBER, .count = offsetof(type, counter), .size = (max),                         \
        .stride = sizeof(element), .map = (sub_map)                                                \
    }
#define TEXTS(no, type, member, counter, max, len, flag)                                           \
    {                                                                                              \
        .number = (no), .kind = FIELD_TEXTS, .flags = (flag), .offset = offsetof(type, member),    \
        .has = NO_MEMBER, .count = offsetof(type, counter), .size = (max), .element_max = (len),   \
        .stride = sizeof(struct bytes)                                                             \
    }
/* A map over an array of rows. */
#define MAP(message, rows, type, max, check_or_null)                                               \
    {                                                                                              \
        .descriptor = &kabar__v1__##message##__descriptor, .fields = (rows),                       \
        .field_count = sizeof(rows) / sizeof((rows)[0]), .size = sizeof(type), .bytes_max = (max), \
        .check = (check_or_null)                                                                   \
    }

int message_decode(const struct message_map *map, struct bytes body, struct arena *arena, void *ret,
                   struct err_ctx *err) MUST_USE;
int message_encode(const struct message_map *map, const void *value, uint8_t *ret,
                   size_t capacity_max, size_t *ret_len, struct err_ctx *err) MUST_USE;

/* ---- between message_check.c, message_decode.c and message_encode.c ---- */
const ProtobufCFieldDescriptor *field_descriptor(const struct message_map *map,
                                                 const struct field_map *field);
bool field_present(const ProtobufCFieldDescriptor *descriptor, const ProtobufCMessage *message);
/* Presence, sizes, UTF-8, enum ranges, of the message and what is in it. encoding: see
 * FIELD_ZERO_IS_ABSENT. */
int message_check(const struct message_map *map, const ProtobufCMessage *message, bool encoding,
                  struct err_ctx *err) MUST_USE;

/* The pair of functions entry.h and trust_file.h promise for a struct. */
#define MESSAGE_CODEC(type, map_of_type)                                                           \
    int type##_decode(struct bytes body, struct arena *arena, struct type *ret,                    \
                      struct err_ctx *err)                                                         \
    {                                                                                              \
        return message_decode(&(map_of_type), body, arena, ret, err);                              \
    }                                                                                              \
    int type##_encode(const struct type *value, uint8_t *ret, size_t capacity_max,                 \
                      size_t *ret_len, struct err_ctx *err)                                        \
    {                                                                                              \
        return message_encode(&(map_of_type), value, ret, capacity_max, ret_len, err);             \
    }                                                                                              \
    struct type

#endif
