/* object.h - the end that has an object: which part of it goes out next.
 *
 * What it is called and what its blocks are: core/seal/object_blocks.h. The list of its blocks is
 * fetched under its own hash, like an object. Source: proto/SPEC.md "Objects". Pure.
 *
 * The sender keeps nothing but what the other end asked for last. It never sends what was not
 * asked for: the receiver keeps progress (object_receiver.h). Whether the other end may ask for
 * an object at all is judged before (named in a log between the two, else MISSING).
 */
#ifndef CORE_SYNC_OBJECT_H
#define CORE_SYNC_OBJECT_H

#include "core/seal/object_blocks.h"
#include "core/wire/control.h"

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
