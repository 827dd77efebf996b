/* kill_map.h - what the storm's driver and the shim inside each daemon share: one slot a process.
 *
 *              (1) data pages   (2) fdatasync  (3) meta page  (4)      (5) answer, ack  (6)
 *   STARTING ─► ──────────────── BEFORE ────────────────────► ─ BETWEEN ────────────► AFTER
 *                  ▲                                                                   │
 *                  └───────────────────────────────────────────────────────────────────┘
 *
 * The driver arms a point with a countdown; the process that reaches it for the n-th time kills
 * itself there with SIGKILL. A kill from outside is classified by the phase that is left behind.
 */
#ifndef FAULT_KILL_MAP_H
#define FAULT_KILL_MAP_H

#include <stdatomic.h>
#include <stdint.h>

#define KILL_SLOTS_MAX 16u
#define KILL_MAP_ENV "KABAR_KILL_MAP"
#define KILL_SLOT_ENV "KABAR_KILL_SLOT"

/* Where a process may be told to die. */
#define KILL_POINT_LIST(X)                                                                         \
    X(POINT_NONE, "outside")                                                                       \
    X(POINT_DATA, "before_data_pages")   /* (1) of the journal or the node's store */              \
    X(POINT_SYNC, "before_fdatasync")    /* (2) */                                                 \
    X(POINT_META, "before_meta_page")    /* (3) */                                                 \
    X(POINT_COMMITTED, "after_meta")     /* (4) */                                                 \
    X(POINT_ANSWER, "before_answer")     /* (5) "accepted" to a client; an ACK to libzmq */        \
    X(POINT_QUEUED, "ack_inside_libzmq") /* an ACK that no socket has yet */                       \
    X(POINT_ANSWERED, "after_answer")    /* (6) the kernel has it */                               \
    X(POINT_SPAN, "before_span")         /* a node about to send entries */                        \
    X(POINT_SPAN_SENT, "after_span")                                                               \
    X(POINT_VIEWS_DATA, "before_views_pages")                                                      \
    X(POINT_VIEWS_META, "before_views_meta")

enum kill_point {
#define KILL_POINT_X(name, text) name,
    KILL_POINT_LIST(KILL_POINT_X)
#undef KILL_POINT_X
        POINT_COUNT
};

#define KILL_PHASE_LIST(X)                                                                         \
    X(PHASE_STARTING, "starting")    /* nothing answered yet in this life */                       \
    X(PHASE_BEFORE, "before_commit") /* pages are being written and synced */                      \
    X(PHASE_BETWEEN, "before_ack")   /* committed while reports waited for their answer */         \
    X(PHASE_AFTER, "after_ack")      /* answered; nothing new is being written */

enum kill_phase {
#define KILL_PHASE_X(name, text) name,
    KILL_PHASE_LIST(KILL_PHASE_X)
#undef KILL_PHASE_X
        PHASE_COUNT
};

struct kill_slot {
    _Atomic uint32_t phase;
    _Atomic uint32_t armed;     /* enum kill_point */
    _Atomic uint32_t countdown; /* how many more times the point is passed alive */
    _Atomic uint32_t died_at;   /* POINT_NONE: killed from outside, or alive */
};

struct kill_map {
    struct kill_slot slots[KILL_SLOTS_MAX];
};

#endif
