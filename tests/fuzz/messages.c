/* Protobuf messages by their descriptors: the list of them, unpacking into an arena, comparing. */
#include "fuzz/fuzz.h"

#include "kabar/v1/control.pb-c.h"
#include "kabar/v1/entry.pb-c.h"
#include "kabar/v1/trust.pb-c.h"

#include <string.h>

#define MESSAGE(name) &kabar__v1__##name##__descriptor

static const ProtobufCMessageDescriptor *const messages[FUZZ_MESSAGE_COUNT] = {
    MESSAGE(genesis),       MESSAGE(report),         MESSAGE(zero),
    MESSAGE(rung),          MESSAGE(document),       MESSAGE(signed_document),
    MESSAGE(status),        MESSAGE(refusal),        MESSAGE(enrolment),
    MESSAGE(revocation),    MESSAGE(placement),      MESSAGE(act),
    MESSAGE(rejected),      MESSAGE(key_ring),       MESSAGE(signed_ring),
    MESSAGE(enrol_request), MESSAGE(signed_request), MESSAGE(province_card),
    MESSAGE(returned),      MESSAGE(resume),         MESSAGE(resumed),
    MESSAGE(ack),           MESSAGE(denied),         MESSAGE(gap),
    MESSAGE(keep_alive),    MESSAGE(come_back),      MESSAGE(bye),
    MESSAGE(amendment),     MESSAGE(want),           MESSAGE(part),

    MESSAGE(object_note),   MESSAGE(catalogue_part), MESSAGE(answer),
    MESSAGE(withdrawal),
};

const ProtobufCMessageDescriptor *fuzz_message(size_t index)
{
    return index < FUZZ_MESSAGE_COUNT ? messages[index] : NULL;
}

static void *give(void *data, size_t size)
{
    return arena_alloc(data, size);
}

static void take_back(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

const ProtobufCMessage *fuzz_unpack(const ProtobufCMessageDescriptor *descriptor,
                                    struct bytes message, struct arena *arena)
{
    ProtobufCAllocator allocator = {.alloc = give, .free = take_back, .allocator_data = arena};
    static const uint8_t nothing;
    return protobuf_c_message_unpack(descriptor, &allocator, message.len,
                                     message.len > 0 ? message.data : &nothing);
}

/* ---- comparing ---- */

static bool is_ignored(const char *name, const char *const *ignored)
{
    for (; ignored != NULL && *ignored != NULL; ignored++) {
        if (strcmp(name, *ignored) == 0) {
            return true;
        }
    }
    return false;
}

static const uint8_t *member(const ProtobufCMessage *message, size_t offset)
{
    return (const uint8_t *)message + offset;
}

static size_t size_of(ProtobufCType type)
{
    switch ((int)type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
        return 8;
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    default:
        return 4; /* also bool and enums, which are int */
    }
}

static bool says_nothing(ProtobufCBinaryData data)
{
    uint8_t any = 0;
    for (size_t i = 0; i < data.len; i++) {
        any |= data.data[i];
    }
    return any == 0;
}

/* One value of a field; a and b point at it. */
static bool same_value(ProtobufCType type, const uint8_t *a, const uint8_t *b,
                       const char *const *ignored)
{
    if (type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *pair[2];
        memcpy(&pair[0], a, sizeof pair[0]);
        memcpy(&pair[1], b, sizeof pair[1]);
        return fuzz_same_message(pair[0], pair[1], ignored);
    }
    if (type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData pair[2];
        memcpy(&pair[0], a, sizeof pair[0]);
        memcpy(&pair[1], b, sizeof pair[1]);
        return pair[0].len == pair[1].len &&
               (pair[0].len == 0 || memcmp(pair[0].data, pair[1].data, pair[0].len) == 0);
    }
    return memcmp(a, b, size_of(type)) == 0;
}

static bool same_list(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *a,
                      const ProtobufCMessage *b, const char *const *ignored)
{
    size_t count_a = 0;
    size_t count_b = 0;
    const uint8_t *list_a = NULL;
    const uint8_t *list_b = NULL;
    memcpy(&count_a, member(a, field->quantifier_offset), sizeof count_a);
    memcpy(&count_b, member(b, field->quantifier_offset), sizeof count_b);
    memcpy(&list_a, member(a, field->offset), sizeof list_a);
    memcpy(&list_b, member(b, field->offset), sizeof list_b);
    bool same = count_a == count_b;
    for (size_t i = 0; same && i < count_a; i++) {
        size_t at = i * size_of(field->type);
        same = same_value(field->type, list_a + at, list_b + at, ignored);
    }
    return same;
}

/* Whether the field is there and says more than its absence would. */
static bool present(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    int has = 0;
    memcpy(&has, member(message, field->quantifier_offset), sizeof has);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 && has != (int)field->id) {
        return false;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const void *within = NULL;
        memcpy(&within, member(message, field->offset), sizeof within);
        return within != NULL;
    }
    ProtobufCBinaryData data = {0};
    int value = 1;
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        memcpy(&data, member(message, field->offset), sizeof data);
        value = has != 0 && !says_nothing(data);
    } else if (field->type == PROTOBUF_C_TYPE_BOOL) {
        memcpy(&value, member(message, field->offset), sizeof value);
    }
    return has != 0 && value != 0;
}

/* Calls itself for messages within: as deep as the descriptors are. */
bool fuzz_same_message(const ProtobufCMessage *a, const ProtobufCMessage *b,
                       const char *const *ignored)
{
    const ProtobufCMessageDescriptor *descriptor = a->descriptor;
    bool same = descriptor == b->descriptor;
    for (unsigned i = 0; same && i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (is_ignored(field->name, ignored)) {
            continue;
        }
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            same = same_list(field, a, b, ignored);
        } else if (present(field, a) || present(field, b)) {
            same = present(field, a) && present(field, b) &&
                   same_value(field->type, member(a, field->offset), member(b, field->offset),
                              ignored);
        }
    }
    return same;
}
