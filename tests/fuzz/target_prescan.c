/* The pre-scan alone, over any message: byte 0 says which. What it passes, protobuf-c unpacks
 * within the arena, no deeper than allowed, with as few fields and unknown ones as allowed.
 * tests/fuzz/differential.c compares it with a reader that is not ours or protobuf-c's. */
#include "fuzz/fuzz.h"

#include "core/base/limits.h"
#include "core/wire/prescan.h"

#include <string.h>

const ProtobufCMessageDescriptor *fuzz_message_at(const uint8_t *data, size_t size, size_t *ret_at)
{
    *ret_at = 1;
    return size < 1 ? NULL : fuzz_message(data[0] % FUZZ_MESSAGE_COUNT);
}

struct tally {
    size_t depth, unknown, elements;
};

/* What protobuf-c made of it, counted. Calls itself as deep as the descriptors are. */
static void count(const ProtobufCMessage *message, size_t depth, struct tally *tally)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    tally->depth = depth > tally->depth ? depth : tally->depth;
    tally->unknown += message->n_unknown_fields;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const uint8_t *at = (const uint8_t *)message + field->offset;
        size_t elements = 0;
        int which = 0;
        const ProtobufCMessage *const *list = NULL;
        const ProtobufCMessage *one = NULL;
        memcpy(&which, (const uint8_t *)message + field->quantifier_offset, sizeof which);
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            memcpy(&elements, (const uint8_t *)message + field->quantifier_offset, sizeof elements);
            memcpy(&list, at, sizeof list);
            tally->elements += elements;
        }
        if (field->type != PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        for (size_t j = 0; j < elements; j++) {
            count(list[j], depth + 1, tally);
        }
        if (field->label != PROTOBUF_C_LABEL_REPEATED &&
            ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 || which == (int)field->id)) {
            memcpy(&one, at, sizeof one);
            if (one != NULL) {
                count(one, depth + 1, tally);
            }
        }
    }
}

/* The number at `at`, which moves behind it; by another hand than the pre-scan's. */
static uint64_t varint(struct bytes message, size_t *at)
{
    uint64_t value = 0;
    for (unsigned shift = 0; *at < message.len && shift < 70; shift += 7) {
        uint8_t byte = message.data[(*at)++];
        value |= shift < 64 ? (uint64_t)(byte & 0x7fu) << shift : 0;
        if (byte < 0x80) {
            return value;
        }
    }
    CHECK(false, "no number is cut or too long");
    return 0;
}

/* Of a message that was passed, the outermost fields: none but repeated ones stands there twice. */
static void check_once(const ProtobufCMessageDescriptor *descriptor, struct bytes message)
{
    bool seen[128] = {false};
    for (size_t at = 0; at < message.len;) {
        uint64_t tag = varint(message, &at);
        unsigned type = (unsigned)(tag & 7);
        CHECK(tag >> 3 != 0 && (type <= 2 || type == 5), "no field 0, no groups");
        uint64_t len = type == 0 ? 0 : type == 1 ? 8 : type == 5 ? 4 : varint(message, &at);
        if (type == 0) {
            (void)varint(message, &at);
        }
        CHECK(len <= message.len - at, "no field ends outside");
        at += (size_t)len;
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(tag >> 3));
        if (field != NULL && field->label != PROTOBUF_C_LABEL_REPEATED) {
            CHECK(field->id < 128 && !seen[field->id], "no singular field twice");
            seen[field->id] = true;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes message = bytes_of(data, size);
    const ProtobufCMessageDescriptor *descriptor =
        fuzz_message(take_u8(&message) % FUZZ_MESSAGE_COUNT);
    struct err_ctx err = {""};
    if (message.len > CONTROL_BYTES_MAX) {
        return 0; /* nothing longer is read */
    }
    int rc = prescan(descriptor, message, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        CHECK(rc == ERR_FORMAT || rc == ERR_LIMIT, "a pre-scan refuses for form or limits");
        return 0;
    }
    check_once(descriptor, message);
    struct tally tally = {0};
    const ProtobufCMessage *unpacked = fuzz_unpack(descriptor, message, fuzz_arena());
    CHECK(unpacked != NULL, "what the pre-scan passes unpacks within the arena");
    count(unpacked, 1, &tally);
    CHECK(tally.depth <= PARSE_DEPTH_MAX, "no deeper than allowed");
    CHECK(tally.unknown <= PARSE_UNKNOWN_MAX, "no more unknown fields than allowed");
    CHECK(tally.elements <= PARSE_FIELDS_MAX, "no more elements than allowed");
    return 0;
}
