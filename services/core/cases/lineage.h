/* lineage.h - which statement an entry of a node's log is.
 *
 * A log that goes on from another one repeats what the province had not acknowledged: its entries 2
 * … copies+1 are the predecessor's s+1 …, and so they are called (ADR 7). Followed back to the log
 * in which a statement was made, that is its canonical identity. Lines come from genesis entries
 * and stand in VIEW_LINES; they say nothing about whether the bodies are the same.
 */
#ifndef CORE_CASES_LINEAGE_H
#define CORE_CASES_LINEAGE_H

#include "core/cases/views.h"

/* Further back nobody looks: such an entry is called by the last name that was found. */
#define LINEAGE_STEPS_MAX 256u

struct lineage {
    struct entry_id canonical; /* the entry's own identity when it is no copy */
    bool is_copy;
    bool goes_on;       /* its log goes on from another */
    bool may_be_copied; /* a log goes on from this one, at or before this entry */
};
int lineage_canonical(const struct views *views, const struct entry_id *id,
                      struct lineage *ret) MUST_USE;
/* At entry 1 of a log: where it goes on from. */
int lineage_begin(const struct views *views, const struct incarnation *incarnation,
                  const struct entry_id *predecessor, uint64_t copies) MUST_USE;

/* Whether the entry `at` may speak of `target`: one that stands before it in its log, or in what
 * its log goes on from. *ret: its name in the newest log that has it. */
int lineage_in_log(const struct views *views, const struct entry_id *at,
                   const struct entry_id *target, struct entry_id *ret, bool *ret_in) MUST_USE;

#endif
