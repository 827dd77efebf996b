/* mutate.c - a mutator that knows protobuf: it works on fields, in whatever message of the input,
 * and puts the lengths around them right, so that what it makes is read to the end. */
#include "fuzz/fuzz.h"

#include <string.h>

#define LEVELS_MAX 6u
#define FIELDS_SEEN_MAX 256u
#define VARINT_BYTES_MAX 10u

struct field {
    size_t at, value, end; /* tag, value (of bytes: behind the length), end */
    uint64_t number;
    unsigned wire_type;
};

/* A message inside the input, and the length prefixes that lead to it. */
struct within {
    const ProtobufCMessageDescriptor *descriptor;
    size_t begin, end;
    size_t prefix[LEVELS_MAX]; /* where the lengths stand */
    size_t depth;
};

struct work {
    uint8_t *data;
    size_t size, size_max;
    uint64_t seed;
};

static uint64_t draw(struct work *work, uint64_t below)
{
    uint64_t z = (work->seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static bool read_varint(const uint8_t *data, size_t end, size_t *at, uint64_t *ret)
{
    *ret = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX && *at < end; i++) {
        uint8_t byte = data[(*at)++];
        *ret |= (uint64_t)(byte & 0x7fu) << (7 * i);
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

static size_t write_varint(uint8_t to[VARINT_BYTES_MAX], uint64_t value)
{
    size_t len = 0;
    do {
        to[len] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80u : 0u));
        value >>= 7;
        len++;
    } while (value > 0);
    return len;
}

static bool read_field(const struct work *work, size_t *at, size_t end, struct field *ret)
{
    uint64_t tag = 0;
    uint64_t value = 0;
    ret->at = *at;
    if (!read_varint(work->data, end, at, &tag)) {
        return false;
    }
    ret->number = tag >> 3;
    ret->wire_type = (unsigned)(tag & 7);
    ret->value = *at;
    if (ret->wire_type == 0 && !read_varint(work->data, end, at, &value)) {
        return false;
    }
    if (ret->wire_type == 2) {
        if (!read_varint(work->data, end, at, &value)) {
            return false;
        }
        ret->value = *at;
    }
    size_t len = ret->wire_type == 2   ? (size_t)value
                 : ret->wire_type == 1 ? 8
                 : ret->wire_type == 5 ? 4
                                       : 0;
    if (ret->wire_type > 5 || len > end - *at) {
        return false;
    }
    *at += len;
    ret->end = *at;
    return true;
}

/* How many fields there are up to the first that is broken; one of them, drawn, in *ret. */
static size_t draw_field(struct work *work, const struct within *within, struct field *ret)
{
    size_t count = 0;
    struct field field;
    for (size_t at = within->begin; count < FIELDS_SEEN_MAX && at < within->end &&
                                    read_field(work, &at, within->end, &field);) {
        count++;
        if (draw(work, count) == 0) {
            *ret = field;
        }
    }
    return count;
}

/* Goes down into a drawn message within, or stays. */
static void descend(struct work *work, struct within *within)
{
    struct field field;
    while (within->depth < LEVELS_MAX && draw(work, 3) != 0 &&
           draw_field(work, within, &field) > 0 && field.wire_type == 2) {
        const ProtobufCFieldDescriptor *known =
            protobuf_c_message_descriptor_get_field(within->descriptor, (unsigned)field.number);
        if (known == NULL || known->type != PROTOBUF_C_TYPE_MESSAGE) {
            return;
        }
        uint64_t ignored = 0;
        size_t prefix = field.at;
        (void)read_varint(work->data, field.end, &prefix, &ignored);
        within->prefix[within->depth++] = prefix;
        within->descriptor = known->descriptor;
        within->begin = field.value;
        within->end = field.end;
    }
}

/* Puts `len` bytes in place of those from `at` to `end`; false if there is no room. */
static bool replace(struct work *work, size_t at, size_t end, const uint8_t *with, size_t len)
{
    if (work->size - (end - at) + len > work->size_max) {
        return false;
    }
    memmove(work->data + at + len, work->data + end, work->size - end);
    if (len > 0) {
        memcpy(work->data + at, with, len);
    }
    work->size = work->size - (end - at) + len;
    return true;
}

/* A change inside `within` made it longer by `more` (negative: shorter): the lengths around it,
 * innermost first, each of which may itself change its own. */
static void mend(struct work *work, struct within *within, int64_t more)
{
    for (size_t i = within->depth; i > 0; i--) {
        size_t at = within->prefix[i - 1];
        uint64_t len = 0;
        uint8_t encoded[VARINT_BYTES_MAX];
        if (!read_varint(work->data, work->size, &at, &len)) {
            return;
        }
        size_t written = write_varint(encoded, (uint64_t)((int64_t)len + more));
        size_t before = at - within->prefix[i - 1];
        if (!replace(work, within->prefix[i - 1], at, encoded, written)) {
            return;
        }
        more += (int64_t)written - (int64_t)before;
    }
}

static bool swap_in(struct work *work, struct within *within, size_t at, size_t end,
                    const uint8_t *with, size_t len)
{
    bool done = replace(work, at, end, with, len);
    if (done) {
        mend(work, within, (int64_t)len - (int64_t)(end - at));
    }
    return done;
}

static uint64_t draw_number(struct work *work)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     127,
                                     128,
                                     255,
                                     16384,
                                     INT32_MAX,
                                     UINT32_MAX,
                                     UINT64_C(1) << 32,
                                     INT64_MAX,
                                     UINT64_C(1) << 63,
                                     UINT64_MAX - 1,
                                     UINT64_MAX};
    uint64_t way = draw(work, 3);
    return way == 0   ? edges[draw(work, sizeof edges / sizeof edges[0])]
           : way == 1 ? draw(work, 10)
                      : draw(work, UINT64_MAX) >> draw(work, 64);
}

/* A new field of the message, known or not. */
static bool add_field(struct work *work, struct within *within)
{
    static const size_t lengths[] = {0, 1, 8, 16, 31, 32, 33, 64, 65, 256, 257};
    uint8_t made[2 * VARINT_BYTES_MAX + 512];
    const ProtobufCMessageDescriptor *of = within->descriptor;
    const ProtobufCFieldDescriptor *known =
        of->n_fields > 0 && draw(work, 8) != 0 ? &of->fields[draw(work, of->n_fields)] : NULL;
    bool bytes = known != NULL &&
                 (known->type == PROTOBUF_C_TYPE_BYTES || known->type == PROTOBUF_C_TYPE_MESSAGE);
    unsigned wire_type = draw(work, 16) == 0 ? (unsigned)draw(work, 8) : bytes ? 2 : 0;
    uint64_t number = known != NULL ? known->id : draw(work, 120);
    size_t len = write_varint(made, number << 3 | wire_type);
    if (wire_type == 2) {
        size_t content = known != NULL && known->type == PROTOBUF_C_TYPE_MESSAGE
                             ? 0
                             : lengths[draw(work, sizeof lengths / sizeof lengths[0])];
        len += write_varint(made + len, content);
        memset(made + len, (int)('a' + draw(work, 26)), content);
        len += content;
    } else if (wire_type == 1 || wire_type == 5) {
        size_t content = wire_type == 1 ? 8 : 4;
        memset(made + len, (int)draw(work, 256), content);
        len += content;
    } else {
        len += write_varint(made + len, draw_number(work));
    }
    struct field field;
    size_t at = draw_field(work, within, &field) > 0 && draw(work, 2) == 0 ? field.at : within->end;
    return swap_in(work, within, at, at, made, len);
}

/* Changes what a bytes field holds, and its length with it. */
static bool change_content(struct work *work, struct within *within, const struct field *field)
{
    uint8_t made[2048 + VARINT_BYTES_MAX];
    size_t len = field->end - field->value;
    if (len > 1024) {
        return false;
    }
    uint8_t content[2048];
    memcpy(content, work->data + field->value, len);
    size_t changed = LLVMFuzzerMutate(content, len, 2048);
    size_t at = field->at;
    uint64_t ignored = 0;
    (void)read_varint(work->data, field->end, &at, &ignored);
    size_t prefix = write_varint(made, changed);
    memcpy(made + prefix, content, changed);
    return swap_in(work, within, at, field->end, made, prefix + changed);
}

static bool change_field(struct work *work, struct within *within, const struct field *field)
{
    uint8_t made[2 * VARINT_BYTES_MAX];
    if (field->wire_type == 2) {
        return change_content(work, within, field);
    }
    if (field->wire_type != 0) {
        return false;
    }
    size_t len = write_varint(made, draw_number(work));
    return swap_in(work, within, field->value, field->end, made, len);
}

static bool copy_field(struct work *work, struct within *within, const struct field *field)
{
    uint8_t copy[4096];
    size_t len = field->end - field->at;
    if (len > sizeof copy) {
        return false;
    }
    memcpy(copy, work->data + field->at, len);
    size_t at = draw(work, 2) == 0 ? field->end : within->end;
    for (uint64_t times = draw(work, 16) == 0 ? 70 : 1; times > 1; times--) {
        if (!swap_in(work, within, at, at, copy, len)) {
            return false;
        }
        if (within->depth > 0) {
            return true; /* places may have moved */
        }
    }
    return swap_in(work, within, at, at, copy, len);
}

static bool mutate_once(struct work *work, struct within *within)
{
    struct field field;
    descend(work, within);
    if (draw_field(work, within, &field) == 0) {
        return add_field(work, within);
    }
    switch (draw(work, 8)) {
    case 0:
    case 1:
        return add_field(work, within);
    case 2:
        return swap_in(work, within, field.at, field.end, NULL, 0);
    case 3:
        return copy_field(work, within, &field);
    default:
        return change_field(work, within, &field);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
    struct work work = {.data = data, .size = size, .size_max = size_max, .seed = seed};
    size_t at = 0;
    const ProtobufCMessageDescriptor *descriptor = fuzz_message_at(data, size, &at);
    if (descriptor == NULL || draw(&work, 4) == 0) {
        return LLVMFuzzerMutate(data, size, size_max);
    }
    struct within within = {.descriptor = descriptor, .begin = at, .end = size};
    return mutate_once(&work, &within) ? work.size : LLVMFuzzerMutate(data, size, size_max);
}
