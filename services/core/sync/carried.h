/* carried.h - what became of a frame that came by stick. Used at both ends.
 *
 * It is judged by the code that judges frames of the line, on a connection that nobody answers on:
 * what would have been sent there says what became of it.
 */
#ifndef CORE_SYNC_CARRIED_H
#define CORE_SYNC_CARRIED_H

#include "core/sync/effects.h"

#define CARRIED_CONNECTION UINT32_MAX

#define CARRIED_LIST(X)                                                                            \
    X(CARRIED_NEW, "new")     /* handed to the store */                                            \
    X(CARRIED_KNOWN, "known") /* nothing of it is new */                                           \
    X(CARRIED_GAP, "gap")     /* entries before it are missing */                                  \
    X(CARRIED_LATER, "later") /* no room, or a wait that ends */                                   \
    X(CARRIED_REFUSED, "refused")

enum carried_outcome {
#define CARRIED_X(name, text) name,
    CARRIED_LIST(CARRIED_X)
#undef CARRIED_X
        CARRIED_COUNT
};
const char *carried_name(enum carried_outcome outcome);

struct carried {
    enum carried_outcome outcome;
    int error;               /* of REFUSED and LATER */
    uint64_t fresh, known;   /* entries */
    struct entry_id have;    /* GAP: the last one there is */
    struct span_store store; /* NEW, of a span */
    struct bytes text;       /* for a person; empty: none. Static */
};

void carried_refuse(struct carried *ret, enum carried_outcome outcome, int error, const char *text);
/* What a step left: frames to CARRIED_CONNECTION are taken out of the effects. `entries`: of the
 * frame, which is known when nothing else is said. */
void carried_judge(struct effects *effects, uint32_t entries, struct carried *ret);

#endif
