#include "core/sync/object.h"

#include "core/base/assert.h"
#include "core/seal/chain.h"

int object_ref_check(const struct object_ref *ref, struct err_ctx *err)
{
    if (ref->size == 0 || ref->size > OBJECT_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, "an object has 1 to %u bytes", OBJECT_BYTES_MAX);
    }
    return 0;
}

uint32_t object_blocks(const struct object_ref *ref)
{
    ASSERT(ref->size > 0 && ref->size <= OBJECT_BYTES_MAX);
    return (uint32_t)((ref->size + OBJECT_BLOCK_BYTES - 1) / OBJECT_BLOCK_BYTES);
}

uint32_t object_list_bytes(const struct object_ref *ref)
{
    return object_blocks(ref) * HASH_BYTES;
}

uint32_t object_block_bytes(const struct object_ref *ref, uint32_t index)
{
    ASSERT(index < object_blocks(ref));
    uint64_t left = ref->size - (uint64_t)index * OBJECT_BLOCK_BYTES;
    return left < OBJECT_BLOCK_BYTES ? (uint32_t)left : OBJECT_BLOCK_BYTES;
}

void object_block_hash(struct bytes block, struct hash *ret)
{
    seal_hash("kabar.block.v1", block, ret);
}

void object_list_hash(struct bytes list, struct hash *ret)
{
    seal_hash("kabar.blocks.v1", list, ret);
}

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
