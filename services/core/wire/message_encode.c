/* From our structs to bytes: generated structs in a bounded room on the stack, checks, pack. */
#include "core/base/assert.h"
#include "core/wire/message_map.h"
#include "core/wire/prescan.h"

/* Recursion follows the maps, which are finite, not the input: NOLINTBEGIN(misc-no-recursion) */

/* The largest: a report with SUBJECTS_MAX subjects and EVIDENCE_MAX pieces, 22 KiB on 64 bits. */
#define PACK_ROOM_BYTES 32768u

struct pack_room {
    size_t used;
    _Alignas(max_align_t) uint8_t bytes[PACK_ROOM_BYTES];
};

/* List lengths are checked before, so what does not fit is a mistake in the tables. */
static void *room_for(struct pack_room *room, size_t bytes)
{
    size_t align = _Alignof(max_align_t);
    size_t rounded = (bytes + align - 1) / align * align;
    ASSERT(rounded <= PACK_ROOM_BYTES - room->used);
    void *found = room->bytes + room->used;
    room->used += rounded;
    return found;
}

static int store(const struct message_map *map, const uint8_t *from, struct pack_room *room,
                 ProtobufCMessage **ret, struct err_ctx *err) MUST_USE;

static void set_has(const ProtobufCFieldDescriptor *descriptor, uint8_t *message)
{
    protobuf_c_boolean yes = 1;
    memcpy(message + descriptor->quantifier_offset, &yes, sizeof yes);
}

static bool all_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

/* protobuf-c only reads what it packs, but has no const for it. */
static ProtobufCBinaryData binary(struct bytes bytes)
{
    union {
        const uint8_t *in;
        uint8_t *out;
    } data = {.in = bytes.data};
    return (ProtobufCBinaryData){.len = bytes.len, .data = data.out};
}

static void store_bytes(const struct field_map *field, const uint8_t *from,
                        const ProtobufCFieldDescriptor *descriptor, uint8_t *message)
{
    const uint8_t *at = from + field->offset;
    bool has = true;
    struct bytes bytes = {0};
    if (field->has != NO_MEMBER) {
        memcpy(&has, from + field->has, sizeof has);
    }
    if (field->kind != FIELD_FIXED) {
        memcpy(&bytes, at, sizeof bytes);
    } else if (has && ((field->flags & FIELD_ZERO_IS_ABSENT) == 0 || !all_zero(at, field->size))) {
        bytes = bytes_of(at, field->size);
    }
    if (bytes.len > 0) {
        ProtobufCBinaryData data = binary(bytes);
        memcpy(message + descriptor->offset, &data, sizeof data);
        set_has(descriptor, message);
    }
}

static void store_number(const struct field_map *field, const uint8_t *from,
                         const ProtobufCFieldDescriptor *descriptor, uint8_t *message)
{
    bool has = true;
    if (field->has != NO_MEMBER) {
        memcpy(&has, from + field->has, sizeof has);
    }
    if (has) {
        memcpy(message + descriptor->offset, from + field->offset, field->size);
        set_has(descriptor, message);
    }
}

/* Enums and bools: both an int in the generated struct, and zero is never written. */
static void store_int(const struct field_map *field, const uint8_t *from,
                      const ProtobufCFieldDescriptor *descriptor, uint8_t *message)
{
    int value = 0;
    if (field->kind == FIELD_CODE) {
        memcpy(&value, from, sizeof value);
    } else {
        bool yes = false;
        memcpy(&yes, from, sizeof yes);
        value = (yes ? 1 : 0) + (field->kind == FIELD_CHOICE ? 1 : 0);
    }
    if (value != 0) {
        memcpy(message + descriptor->offset, &value, sizeof value);
        set_has(descriptor, message);
    }
}

static int store_message(const struct field_map *field, const uint8_t *from,
                         const ProtobufCFieldDescriptor *descriptor, struct pack_room *room,
                         uint8_t *message, struct err_ctx *err)
{
    int number = 0;
    bool has = true;
    if (field->kind == FIELD_ONE_OF) {
        memcpy(&number, from + field->has, sizeof number);
        has = number == (int)field->number;
    } else if (field->has != NO_MEMBER) {
        memcpy(&has, from + field->has, sizeof has);
    }
    if (!has) {
        return 0;
    }
    ProtobufCMessage *within = NULL;
    int rc = store(field->map, from + field->offset, room, &within, err);
    if (rc != 0) {
        return err_wrap(err, rc, "%s", descriptor->name);
    }
    memcpy(message + descriptor->offset, &within, sizeof within);
    if (field->kind == FIELD_ONE_OF) {
        memcpy(message + descriptor->quantifier_offset, &number, sizeof number);
    }
    return 0;
}

/* For protobuf-c, which may be refused: what it unpacks comes from outside. */
static void *give(void *data, size_t size)
{
    struct pack_room *room = data;
    size_t free_bytes = PACK_ROOM_BYTES - room->used;
    bool fits = free_bytes > _Alignof(max_align_t) && size <= free_bytes - _Alignof(max_align_t);
    return fits ? room_for(room, size) : NULL;
}

static void take_back(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

static int store_encoded(const struct field_map *field, const uint8_t *from,
                         const ProtobufCFieldDescriptor *descriptor, struct pack_room *room,
                         uint8_t *message, struct err_ctx *err)
{
    struct bytes bytes = {0};
    memcpy(&bytes, from + field->offset, sizeof bytes);
    if (bytes.len == 0) {
        return 0;
    }
    int rc = bytes.len <= field->map->bytes_max ? 0 : err_set(err, ERR_LIMIT, "too long");
    rc = rc != 0 ? rc : prescan(field->map->descriptor, bytes, err);
    if (rc != 0) {
        return err_wrap(err, rc, "%s", descriptor->name);
    }
    ProtobufCAllocator allocator = {.alloc = give, .free = take_back, .allocator_data = room};
    const ProtobufCMessage *within =
        protobuf_c_message_unpack(field->map->descriptor, &allocator, bytes.len, bytes.data);
    if (within == NULL) {
        return err_set(err, ERR_LIMIT, "%s does not unpack", descriptor->name);
    }
    memcpy(message + descriptor->offset, &within, sizeof within);
    return 0;
}

static int store_elements(const struct field_map *field, const uint8_t *elements, size_t count,
                          struct pack_room *room, void **ret, struct err_ctx *err)
{
    bool texts = field->kind == FIELD_TEXTS;
    size_t each = texts ? sizeof(ProtobufCBinaryData) : sizeof(ProtobufCMessage *);
    uint8_t *list = room_for(room, count * each);
    for (size_t i = 0; i < count; i++, elements += field->stride) {
        if (texts) {
            struct bytes bytes = {0};
            memcpy(&bytes, elements, sizeof bytes);
            ProtobufCBinaryData data = binary(bytes);
            memcpy(list + i * each, &data, each);
        } else {
            ProtobufCMessage *within = NULL;
            int rc = store(field->map, elements, room, &within, err);
            if (rc != 0) {
                return err_wrap(err, rc, "[%zu]", i);
            }
            memcpy(list + i * each, &within, each);
        }
    }
    *ret = list;
    return 0;
}

static int store_list(const struct field_map *field, const uint8_t *from,
                      const ProtobufCFieldDescriptor *descriptor, struct pack_room *room,
                      uint8_t *message, struct err_ctx *err)
{
    size_t count = 0;
    memcpy(&count, from + field->count, sizeof count);
    if (count > field->size) {
        return err_set(err, ERR_LIMIT, "%s: more than %zu", descriptor->name, field->size);
    }
    if (count == 0) {
        return 0;
    }
    const uint8_t *elements = from + field->offset;
    if ((field->flags & FIELD_IN_ARENA) != 0) {
        memcpy(&elements, from + field->offset, sizeof elements);
    }
    void *list = NULL;
    int rc = store_elements(field, elements, count, room, &list, err);
    if (rc != 0) {
        return err_wrap(err, rc, "%s", descriptor->name);
    }
    memcpy(message + descriptor->quantifier_offset, &count, sizeof count);
    memcpy(message + descriptor->offset, &list, sizeof list);
    return 0;
}

static int store_field(const struct message_map *map, const struct field_map *field,
                       const uint8_t *from, struct pack_room *room, uint8_t *message,
                       struct err_ctx *err)
{
    const ProtobufCFieldDescriptor *descriptor = field_descriptor(map, field);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_BLOB:
    case FIELD_EXACT:
    case FIELD_FIXED:
        store_bytes(field, from, descriptor, message);
        return 0;
    case FIELD_NUMBER:
        store_number(field, from, descriptor, message);
        return 0;
    case FIELD_FLAG:
    case FIELD_CODE:
    case FIELD_CHOICE:
        store_int(field, from + field->offset, descriptor, message);
        return 0;
    case FIELD_MESSAGE:
    case FIELD_ONE_OF:
        return store_message(field, from, descriptor, room, message, err);
    case FIELD_ENCODED:
        return store_encoded(field, from, descriptor, room, message, err);
    case FIELD_MESSAGES:
    case FIELD_TEXTS:
    default:
        return store_list(field, from, descriptor, room, message, err);
    }
}

/* Calls itself for messages within: as deep as the tables are. */
static int store(const struct message_map *map, const uint8_t *from, struct pack_room *room,
                 ProtobufCMessage **ret, struct err_ctx *err)
{
    int rc = map->check != NULL ? map->check(from, err) : 0;
    uint8_t *message = room_for(room, map->descriptor->sizeof_message);
    protobuf_c_message_init(map->descriptor, message);
    for (size_t i = 0; rc == 0 && i < map->field_count; i++) {
        rc = store_field(map, &map->fields[i], from, room, message, err);
    }
    if (rc == 0) {
        *ret = (ProtobufCMessage *)(void *)message;
    }
    return rc;
}

static int pack(const struct message_map *map, const ProtobufCMessage *message, uint8_t *ret,
                size_t capacity_max, size_t *ret_len, struct err_ctx *err)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    size_t bytes_max = map->bytes_max < capacity_max ? map->bytes_max : capacity_max;
    if (len > bytes_max) {
        return err_set(err, ERR_LIMIT, "%zu bytes, more than %zu", len, bytes_max);
    }
    size_t written = protobuf_c_message_pack(message, ret);
    ASSERT(written == len);
    *ret_len = len;
    return 0;
}

int message_encode(const struct message_map *map, const void *value, uint8_t *ret,
                   size_t capacity_max, size_t *ret_len, struct err_ctx *err)
{
    struct pack_room room;
    room.used = 0;
    ProtobufCMessage *message = NULL;
    int rc = store(map, value, &room, &message, err);
    rc = rc != 0 ? rc : message_check(map, message, true, err);
    rc = rc != 0 ? rc : pack(map, message, ret, capacity_max, ret_len, err);
    return rc == 0 ? 0 : err_wrap(err, rc, "%s", map->descriptor->short_name);
}
/* NOLINTEND(misc-no-recursion) */
