/* object.h - what an object is, and the end that has one: which part of it goes out next.
 *
 * An object is a file above 4 KiB, named by the SHA-256 of its bytes in an entry that also carries
 * its size and the hash of its block list; a block is OBJECT_BLOCK_BYTES, the last one shorter. The
 * list is fetched under its own hash, like an object. Source: proto/SPEC.md "Objects". Pure.
 *
 * The sender keeps nothing but what the other end asked for last. It never sends what was not
 * asked for: the receiver keeps progress (object_receiver.h). Whether the other end may ask for
 * an object at all is judged before (named in a log between the two, else MISSING).
 */
#ifndef CORE_SYNC_OBJECT_H
#define CORE_SYNC_OBJECT_H

#include "core/base/error.h"
#include "core/base/ident.h"
#include "core/base/limits.h"
#include "core/wire/control.h"

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

struct object_sender {
    struct hash hash; /* what was asked for */
    struct object_range ranges[OBJECT_RANGES_MAX];
    uint32_t count; /* 0: nothing to send */
    uint32_t first; /* the range that is being sent; what was sent of it is cut off */
};
/* A WANT for an object that is here, in place of what was asked before. size: of what `hash`
 * names, object or list. ERR_LIMIT, ERR_VALUE: a range that cannot be; nothing changed. */
int object_sender_want(struct object_sender *sender, const struct hash *hash, uint64_t size,
                       const struct object_range *ranges, uint32_t count,
                       struct err_ctx *err) MUST_USE;
/* What to read and send as one PART, at most bytes_max (above 0) and within one block. False:
 * all that was asked for is sent. */
bool object_sender_next(struct object_sender *sender, uint32_t bytes_max, struct object_range *ret);

#endif
