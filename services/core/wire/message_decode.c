/* From bytes to our structs: pre-scan, protobuf-c into the arena, checks, then the table. */
#include "core/base/assert.h"
#include "core/wire/message_map.h"
#include "core/wire/prescan.h"

/* Recursion follows the maps, which are finite, not the input: NOLINTBEGIN(misc-no-recursion) */

struct arena_allocator {
    struct arena *arena;
    bool full;
};

static void *give(void *data, size_t size)
{
    struct arena_allocator *allocator = data;
    void *room = arena_alloc(allocator->arena, size);
    allocator->full = allocator->full || room == NULL;
    return room;
}

/* The arena forgets all at once. */
static void take_back(void *data, void *pointer)
{
    (void)data;
    (void)pointer;
}

static int unpack(const struct message_map *map, struct bytes body, struct arena *arena,
                  const ProtobufCMessage **ret, struct err_ctx *err)
{
    struct arena_allocator room = {.arena = arena};
    ProtobufCAllocator allocator = {.alloc = give, .free = take_back, .allocator_data = &room};
    static const uint8_t nothing;
    const uint8_t *data = body.len > 0 ? body.data : &nothing;
    *ret = protobuf_c_message_unpack(map->descriptor, &allocator, body.len, data);
    if (*ret != NULL) {
        return 0;
    }
    return room.full ? err_set(err, ERR_LIMIT, "needs more memory than one message may")
                     : err_set(err, ERR_FORMAT, "malformed");
}

static int load(const struct message_map *map, const ProtobufCMessage *message, struct arena *arena,
                uint8_t *to, struct err_ctx *err) MUST_USE;

static const ProtobufCMessage *sub_message(const ProtobufCMessage *message, size_t offset)
{
    const ProtobufCMessage *found = NULL;
    memcpy(&found, (const uint8_t *)message + offset, sizeof found);
    return found;
}

static void load_bytes(const struct field_map *field, const uint8_t *from, uint8_t *to)
{
    ProtobufCBinaryData found = {0};
    memcpy(&found, from, sizeof found);
    if (field->kind == FIELD_FIXED) {
        memcpy(to, found.data, field->size);
    } else {
        struct bytes bytes = bytes_of(found.data, found.len);
        memcpy(to, &bytes, sizeof bytes);
    }
}

/* Re-packed: what is signed are bytes within, and they stay as they are. */
static int load_encoded(const ProtobufCMessage *within, struct arena *arena, uint8_t *to,
                        struct err_ctx *err)
{
    size_t len = protobuf_c_message_get_packed_size(within);
    uint8_t *room = arena_alloc(arena, len);
    if (room == NULL) {
        return err_set(err, ERR_LIMIT, "no memory left");
    }
    struct bytes bytes = bytes_of(room, protobuf_c_message_pack(within, room));
    memcpy(to, &bytes, sizeof bytes);
    return 0;
}

static void load_bool(const struct field_map *field, const uint8_t *from, uint8_t *to)
{
    int found = 0;
    memcpy(&found, from, sizeof found);
    bool value = found == (field->kind == FIELD_CHOICE ? 2 : 1);
    memcpy(to, &value, sizeof value);
}

/* Room for the elements: in the arena, with a pointer to it, or the array that is there. */
static uint8_t *list_room(const struct field_map *field, size_t count, struct arena *arena,
                          uint8_t *member)
{
    if ((field->flags & FIELD_IN_ARENA) == 0) {
        return member;
    }
    uint8_t *room = arena_alloc(arena, count * field->stride);
    memcpy(member, &room, sizeof room);
    return room;
}

static int load_list(const struct field_map *field, const ProtobufCFieldDescriptor *descriptor,
                     const ProtobufCMessage *message, struct arena *arena, uint8_t *to,
                     struct err_ctx *err)
{
    size_t count = 0;
    memcpy(&count, (const uint8_t *)message + descriptor->quantifier_offset, sizeof count);
    memcpy(to + field->count, &count, sizeof count);
    const uint8_t *list = NULL;
    memcpy(&list, (const uint8_t *)message + descriptor->offset, sizeof list);
    uint8_t *room = list_room(field, count, arena, to + field->offset);
    int rc = room != NULL ? 0 : err_set(err, ERR_LIMIT, "%s: no memory left", descriptor->name);
    for (size_t i = 0; rc == 0 && i < count; i++, room += field->stride) {
        if (field->kind == FIELD_TEXTS) {
            load_bytes(field, list + i * sizeof(ProtobufCBinaryData), room);
        } else {
            const ProtobufCMessage *element = NULL;
            memcpy(&element, list + i * sizeof element, sizeof element);
            rc = load(field->map, element, arena, room, err);
            rc = rc == 0 ? 0 : err_wrap(err, rc, "%s[%zu]", descriptor->name, i);
        }
    }
    return rc;
}

static void note_presence(const struct field_map *field, uint8_t *to)
{
    if (field->kind == FIELD_ONE_OF) {
        int number = (int)field->number;
        memcpy(to + field->has, &number, sizeof number);
    } else if (field->has != NO_MEMBER) {
        bool yes = true;
        memcpy(to + field->has, &yes, sizeof yes);
    }
}

static int load_field(const struct field_map *field, const ProtobufCFieldDescriptor *descriptor,
                      const ProtobufCMessage *message, struct arena *arena, uint8_t *to,
                      struct err_ctx *err)
{
    const uint8_t *from = (const uint8_t *)message + descriptor->offset;
    int rc = 0;
    note_presence(field, to);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_BLOB:
    case FIELD_EXACT:
    case FIELD_FIXED:
        load_bytes(field, from, to + field->offset);
        return 0;
    case FIELD_NUMBER:
    case FIELD_CODE:
        memcpy(to + field->offset, from, field->size);
        return 0;
    case FIELD_FLAG:
    case FIELD_CHOICE:
        load_bool(field, from, to + field->offset);
        return 0;
    case FIELD_MESSAGE:
    case FIELD_ONE_OF:
        rc = load(field->map, sub_message(message, descriptor->offset), arena, to + field->offset,
                  err);
        return rc == 0 ? 0 : err_wrap(err, rc, "%s", descriptor->name);
    case FIELD_ENCODED:
        rc = load_encoded(sub_message(message, descriptor->offset), arena, to + field->offset, err);
        return rc == 0 ? 0 : err_wrap(err, rc, "%s", descriptor->name);
    case FIELD_MESSAGES:
    case FIELD_TEXTS:
    default:
        return load_list(field, descriptor, message, arena, to, err);
    }
}

/* Calls itself for messages within: as deep as the tables are, whatever the input. `to` is zeros,
 * so what is absent is zero there. */
static int load(const struct message_map *map, const ProtobufCMessage *message, struct arena *arena,
                uint8_t *to, struct err_ctx *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < map->field_count; i++) {
        const struct field_map *field = &map->fields[i];
        const ProtobufCFieldDescriptor *descriptor = field_descriptor(map, field);
        if (field_present(descriptor, message)) {
            rc = load_field(field, descriptor, message, arena, to, err);
        }
    }
    return rc == 0 && map->check != NULL ? map->check(to, err) : rc;
}

int message_decode(const struct message_map *map, struct bytes body, struct arena *arena, void *ret,
                   struct err_ctx *err)
{
    const char *name = map->descriptor->short_name;
    if (body.len > map->bytes_max) {
        return err_set(err, ERR_LIMIT, "%s: %zu bytes, more than %zu", name, body.len,
                       map->bytes_max);
    }
    int rc = prescan(map->descriptor, body, err);
    if (rc != 0) {
        return rc;
    }
    const ProtobufCMessage *message = NULL;
    rc = unpack(map, body, arena, &message, err);
    rc = rc != 0 ? rc : message_check(map, message, false, err);
    uint8_t *value = rc == 0 ? arena_alloc(arena, map->size) : NULL;
    if (rc == 0) {
        rc = value != NULL ? load(map, message, arena, value, err)
                           : err_set(err, ERR_LIMIT, "needs more memory than one message may");
    }
    if (rc != 0) {
        return err_wrap(err, rc, "%s", name);
    }
    memcpy(ret, value, map->size);
    return 0;
}
/* NOLINTEND(misc-no-recursion) */
