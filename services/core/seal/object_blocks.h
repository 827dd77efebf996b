/* object_blocks.h - what an object is called: blocks, their list, and the hashes of both.
 *
 * An object is a file of 1 byte to OBJECT_BYTES_MAX, named by the SHA-256 of its bytes in an entry
 * that also carries its size and the hash of its block list; a block is OBJECT_BLOCK_BYTES, the
 * last one shorter. Source: proto/SPEC.md "Objects". It never moves a byte of one: core/sync does.
 */
#ifndef CORE_SEAL_OBJECT_BLOCKS_H
#define CORE_SEAL_OBJECT_BLOCKS_H

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/ident.h"
#include "core/base/limits.h"

struct object_ref {
    struct hash sha256;
    struct hash list; /* of the block list */
    uint64_t size;
};
/* ERR_LIMIT: empty or above OBJECT_BYTES_MAX. Asked of every name before anything else below. */
int object_ref_check(const struct object_ref *ref, struct err_ctx *err) MUST_USE;
uint32_t object_blocks(const struct object_ref *ref);
uint32_t object_list_bytes(const struct object_ref *ref);
/* Of block `index`, which is one of the object's. */
uint32_t object_block_bytes(const struct object_ref *ref, uint32_t index);
void object_block_hash(struct bytes block, struct hash *ret);
void object_list_hash(struct bytes list, struct hash *ret);
/* The block list of an object in memory: HASH_BYTES for each of its blocks into ret. Returns the
 * list, in ret. */
struct bytes object_list_of(struct bytes object, uint8_t *ret);

#endif
