/* What a message must be beyond well-formed: the same for what comes in and what goes out. */
#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/wire/message_map.h"

/* Recursion follows the maps, which are finite, not the input: NOLINTBEGIN(misc-no-recursion) */

const ProtobufCFieldDescriptor *field_descriptor(const struct message_map *map,
                                                 const struct field_map *field)
{
    const ProtobufCFieldDescriptor *found =
        protobuf_c_message_descriptor_get_field(map->descriptor, field->number);
    ASSERT(found != NULL);
    return found;
}

static const uint8_t *member(const ProtobufCMessage *message, size_t offset)
{
    return (const uint8_t *)message + offset;
}

static int int_at(const ProtobufCMessage *message, size_t offset)
{
    int value = 0;
    memcpy(&value, member(message, offset), sizeof value);
    return value;
}

static const void *pointer_at(const ProtobufCMessage *message, size_t offset)
{
    const void *value = NULL;
    memcpy(&value, member(message, offset), sizeof value);
    return value;
}

static size_t count_at(const ProtobufCMessage *message, size_t offset)
{
    size_t value = 0;
    memcpy(&value, member(message, offset), sizeof value);
    return value;
}

bool field_present(const ProtobufCFieldDescriptor *descriptor, const ProtobufCMessage *message)
{
    if (descriptor->label == PROTOBUF_C_LABEL_REPEATED) {
        return count_at(message, descriptor->quantifier_offset) > 0;
    }
    if ((descriptor->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        int_at(message, descriptor->quantifier_offset) != (int)descriptor->id) {
        return false;
    }
    if (descriptor->type == PROTOBUF_C_TYPE_MESSAGE) {
        return pointer_at(message, descriptor->offset) != NULL;
    }
    return int_at(message, descriptor->quantifier_offset) != 0;
}

static int check_text(const char *name, ProtobufCBinaryData text, size_t bytes_max,
                      struct err_ctx *err)
{
    if (text.len > bytes_max) {
        return err_set(err, ERR_LIMIT, "%s is longer than %zu bytes", name, bytes_max);
    }
    if (!utf8_valid(bytes_of(text.data, text.len)) && !PLANTED(ANY_TEXT)) {
        return err_set(err, ERR_UTF8, "%s is not valid UTF-8 text", name);
    }
    return 0;
}

static int check_bytes(const struct field_map *field, const char *name, ProtobufCBinaryData bytes,
                       struct err_ctx *err)
{
    if (field->kind == FIELD_TEXT) {
        return check_text(name, bytes, field->size, err);
    }
    if (field->kind == FIELD_BLOB) {
        return bytes.len <= field->size
                   ? 0
                   : err_set(err, ERR_LIMIT, "%s is longer than %zu bytes", name, field->size);
    }
    bool may_be_empty = field->kind == FIELD_EXACT;
    if (bytes.len != field->size && !(may_be_empty && bytes.len == 0)) {
        return err_set(err, ERR_FORMAT, "%s has %zu bytes, not %zu", name, bytes.len, field->size);
    }
    return 0;
}

static int check_code(const ProtobufCFieldDescriptor *descriptor, int value, struct err_ctx *err)
{
    if (value == 0 || protobuf_c_enum_descriptor_get_value(descriptor->descriptor, value) == NULL) {
        return err_set(err, ERR_VALUE, "%s has the unknown value %d", descriptor->name, value);
    }
    return 0;
}

static int check_texts(const struct field_map *field, const ProtobufCFieldDescriptor *descriptor,
                       const ProtobufCMessage *message, struct err_ctx *err)
{
    const ProtobufCBinaryData *texts = pointer_at(message, descriptor->offset);
    size_t count = count_at(message, descriptor->quantifier_offset);
    int rc = count <= field->size
                 ? 0
                 : err_set(err, ERR_LIMIT, "%s: more than %zu", descriptor->name, field->size);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = texts[i].len > 0 ? check_text(descriptor->name, texts[i], field->element_max, err)
                              : err_set(err, ERR_FORMAT, "%s[%zu] is empty", descriptor->name, i);
    }
    return rc;
}

static int check_messages(const struct field_map *field, const ProtobufCFieldDescriptor *descriptor,
                          const ProtobufCMessage *message, bool encoding, struct err_ctx *err)
{
    const ProtobufCMessage *const *list = pointer_at(message, descriptor->offset);
    size_t count = count_at(message, descriptor->quantifier_offset);
    if (count > field->size) {
        return err_set(err, ERR_LIMIT, "%s: more than %zu", descriptor->name, field->size);
    }
    for (size_t i = 0; i < count; i++) {
        int rc = message_check(field->map, list[i], encoding, err);
        if (rc != 0) {
            return err_wrap(err, rc, "%s[%zu]", descriptor->name, i);
        }
    }
    return 0;
}

static int check_present(const struct field_map *field, const ProtobufCFieldDescriptor *descriptor,
                         const ProtobufCMessage *message, bool encoding, struct err_ctx *err)
{
    ProtobufCBinaryData bytes = {0};
    int rc = 0;
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_BLOB:
    case FIELD_EXACT:
    case FIELD_FIXED:
        memcpy(&bytes, member(message, descriptor->offset), sizeof bytes);
        return check_bytes(field, descriptor->name, bytes, err);
    case FIELD_CODE:
    case FIELD_CHOICE:
        return check_code(descriptor, int_at(message, descriptor->offset), err);
    case FIELD_MESSAGE:
    case FIELD_ONE_OF:
    case FIELD_ENCODED:
        rc = message_check(field->map, pointer_at(message, descriptor->offset), encoding, err);
        return rc == 0 ? 0 : err_wrap(err, rc, "%s", descriptor->name);
    case FIELD_MESSAGES:
        return check_messages(field, descriptor, message, encoding, err);
    case FIELD_TEXTS:
        return check_texts(field, descriptor, message, err);
    case FIELD_NUMBER:
    case FIELD_FLAG:
    default:
        return 0;
    }
}

/* Empty mandatory bytes are as good as none. */
static bool says_something(const struct field_map *field,
                           const ProtobufCFieldDescriptor *descriptor,
                           const ProtobufCMessage *message)
{
    if (!field_present(descriptor, message)) {
        return false;
    }
    ProtobufCBinaryData bytes = {0};
    if (field->kind == FIELD_TEXT || field->kind == FIELD_BLOB) {
        memcpy(&bytes, member(message, descriptor->offset), sizeof bytes);
        return bytes.len > 0;
    }
    return true;
}

/* Calls itself for messages within: as deep as the tables are, whatever the input. */
int message_check(const struct message_map *map, const ProtobufCMessage *message, bool encoding,
                  struct err_ctx *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < map->field_count; i++) {
        const struct field_map *field = &map->fields[i];
        const ProtobufCFieldDescriptor *descriptor = field_descriptor(map, field);
        bool later = encoding && (field->flags & FIELD_ZERO_IS_ABSENT) != 0;
        if ((field->flags & FIELD_MANDATORY) != 0 && !later &&
            !says_something(field, descriptor, message)) {
            rc = err_set(err, ERR_FORMAT, "%s is missing", descriptor->name);
        } else if (field_present(descriptor, message)) {
            rc = check_present(field, descriptor, message, encoding, err);
        }
    }
    return rc;
}
/* NOLINTEND(misc-no-recursion) */
