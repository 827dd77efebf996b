/* door_slices.h - an answer that is made in slices on the loop thread: each turn does a bounded
 * part and lets others go first; it waits while its client takes its time, and ends with its
 * client. */
#ifndef AGGREGATOR_DOOR_SLICES_H
#define AGGREGATOR_DOOR_SLICES_H

#include "aggregator/aggregator.h"

/* The first member of whatever a command keeps between slices. */
struct slices {
    struct aggregator *aggregator;
    struct door_call *call;
    /* A slice; *ret_more: call again. An error ends the answer. */
    int (*step)(struct slices *slices, bool *ret_more);
    /* Answers the call: rc of the last step, or 0. */
    void (*answer)(struct slices *slices, int rc);
    void (*free)(struct slices *slices);
    bool waits; /* for the client; else a deferred turn goes on */
};
/* Takes `slices`, which was allocated, with the fields above but `waits` filled in. */
void slices_begin(struct slices *slices);

/* For the door's callbacks; calls without slices are left alone. */
void slices_drained(struct door_call *call);
void slices_gone(struct door_call *call);

#endif
