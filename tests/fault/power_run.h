/* power_run.h - runs a life's transactions through the real store and its writer thread, and says
 * on the tape when each is begun and when it was reported durable. */
#ifndef FAULT_POWER_RUN_H
#define FAULT_POWER_RUN_H

#include "fault/power_tape.h"
#include "fault/power_work.h"

struct run_outcome {
    size_t done;        /* steps reported durable, without a gap from `from` on */
    int rc;             /* of the first that was not; 0: all were */
    bool after_error;   /* something was reported durable after a storage error: never */
    struct err_ctx err; /* of that first one */
};

/* Steps from … to - 1, those that belong together in one commit. Ends at the first that fails; all
 * that were handed in are waited for. */
void run_steps(const struct work *work, struct work_state *state, size_t from, size_t to,
               struct run_outcome *ret);
/* One past the last step that is committed together with this one. */
size_t run_group_end(const struct work *work, size_t step);

#endif
