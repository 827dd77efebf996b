#include "core/seal/object_blocks.h"

#include "core/base/assert.h"
#include "core/seal/chain.h"

#include <string.h>

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

struct bytes object_list_of(struct bytes object, uint8_t *ret)
{
    const struct object_ref ref = {.size = object.len};
    for (uint32_t i = 0; i < object_blocks(&ref); i++) {
        struct hash hash;
        size_t at = (size_t)i * OBJECT_BLOCK_BYTES;
        object_block_hash(bytes_of(object.data + at, object_block_bytes(&ref, i)), &hash);
        memcpy(ret + (size_t)i * HASH_BYTES, hash.b, HASH_BYTES);
    }
    return bytes_of(ret, object_list_bytes(&ref));
}
