#include "core/sync/object.h"

#include "core/base/assert.h"

int object_sender_want(struct object_sender *sender, const struct hash *hash, uint64_t size,
                       const struct object_range *ranges, uint32_t count, struct err_ctx *err)
{
    if (count == 0 || count > OBJECT_RANGES_MAX) {
        return err_set(err, ERR_LIMIT, "a WANT has 1 to %u ranges", OBJECT_RANGES_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct object_range *range = &ranges[i];
        if (range->length == 0 || range->offset >= size || range->length > size - range->offset) {
            return err_set(err, ERR_VALUE, "range %u is empty or not within the object", i + 1);
        }
    }
    sender->hash = *hash;
    for (uint32_t i = 0; i < count; i++) {
        sender->ranges[i] = ranges[i];
    }
    sender->count = count;
    sender->first = 0;
    return 0;
}

bool object_sender_next(struct object_sender *sender, uint32_t bytes_max, struct object_range *ret)
{
    ASSERT(bytes_max > 0);
    if (sender->first == sender->count) {
        return false;
    }
    struct object_range *range = &sender->ranges[sender->first];
    uint64_t length = OBJECT_BLOCK_BYTES - range->offset % OBJECT_BLOCK_BYTES;
    length = length < bytes_max ? length : bytes_max;
    length = length < range->length ? length : range->length;
    *ret = (struct object_range){.offset = range->offset, .length = length};
    range->offset += length;
    range->length -= length;
    if (range->length == 0) {
        sender->first++;
    }
    return true;
}
