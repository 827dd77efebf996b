/* receiver.h - the receiving end of one log: chain, head, cursor. Used at both ends.
 *
 * `taken` runs ahead of `durable`: spans are verified on top of what was handed to the store, and
 * acknowledged only when the store says they are synced. A span is taken whole or not at all.
 * It never decodes a body (but the genesis, which the caller checks).
 */
#ifndef CORE_SYNC_RECEIVER_H
#define CORE_SYNC_RECEIVER_H

#include "core/sync/effects.h"

struct receiver {
    struct incarnation incarnation;
    enum lane lane;
    struct key signer;
    uint64_t durable, taken;
    struct hash durable_h, taken_h;
    uint32_t epoch; /* rises when what was taken is given up */
};

void receiver_init(struct receiver *receiver, const struct incarnation *incarnation, enum lane lane,
                   const struct key *signer, uint64_t durable, const struct hash *durable_h);

enum receiver_outcome {
    RECEIVER_NEW,  /* *ret says what to store */
    RECEIVER_SEEN, /* nothing new in it, and it does not contradict us: acknowledge again */
};
/* >= 0: an outcome. ERR_GAP: begins beyond the cursor. ERR_CHAIN, ERR_HEAD: does not hold.
 * ERR_FORK: holds under its key, but contradicts what we have. Nothing changes on an error. */
int receiver_take(struct receiver *receiver, const struct span_header *header,
                  const struct span_entry *entries, struct span_store *ret,
                  struct err_ctx *err) MUST_USE;

/* The store answered. True if the cursor moved (an ack is due). rc != 0 gives up what was taken
 * since, if it is of this epoch. */
bool receiver_stored(struct receiver *receiver, uint64_t last, const struct hash *h_last,
                     uint32_t epoch, int rc);

#endif
