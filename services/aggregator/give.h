/* give.h - objects that nodes ask for: the catalogue that holds, which every office log names. Read
 * from the views, never kept here. Loop thread.
 */
#ifndef AGGREGATOR_GIVE_H
#define AGGREGATOR_GIVE_H

#include "aggregator/aggregator.h"

/* object_lookup (core/sync/object_giver.h); arg: the peer. ERR_NOT_FOUND; errors of storage. */
int give_size(void *arg, const struct hash *hash, uint64_t *ret_bytes) MUST_USE;
/* The part of the plan, as a frame in aggregator->control, valid until the next one. ERR_NOT_FOUND:
 * another catalogue holds by now. */
int give_part(struct aggregator *aggregator, const struct part_plan *plan, struct bytes *ret_frame,
              struct err_ctx *err) MUST_USE;

#endif
