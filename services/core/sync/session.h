/* session.h - the chain of session pairs: who restored a backup, who is a clone.
 *
 * A node commits a pair (prev, fresh next) before it connects and sends it in RESUME. The
 * aggregator keeps the accepted pair and the last SESSION_PAIRS_KEPT before it. Source: DESIGN
 * "Frames and sync". Pure value type; the aggregator stores it in the journal's transaction.
 *
 *   got.prev == accepted.next   → STEP   (accepted := got)
 *   got == accepted             → RETRY
 *   got is one of the last 8    → OLD    (changes nothing)
 *   anything else               → FORK
 * Where it would be a fork, it is not judged (STEP) when nothing is accepted yet, the node met
 * another aggregator incarnation, or a successor resumes for the first time.
 */
#ifndef CORE_SYNC_SESSION_H
#define CORE_SYNC_SESSION_H

#include "core/wire/control.h"

enum session_verdict { SESSION_STEP, SESSION_RETRY, SESSION_OLD, SESSION_FORK };
const char *session_verdict_name(enum session_verdict verdict);

struct session_memory {
    bool has_accepted;
    struct session_pair accepted;
    struct session_pair past[SESSION_PAIRS_KEPT]; /* newest first */
    uint32_t past_count;
};

enum session_verdict session_judge(const struct session_memory *memory,
                                   const struct session_pair *got, bool same_aggregator,
                                   bool successor);
/* After STEP: got becomes the accepted pair. */
void session_accept(struct session_memory *memory, const struct session_pair *got);

#define SESSION_MEMORY_BYTES (2u + 32u * (1u + SESSION_PAIRS_KEPT))
void session_encode(const struct session_memory *memory, uint8_t ret[SESSION_MEMORY_BYTES]);
int session_decode(struct bytes bytes, struct session_memory *ret, struct err_ctx *err) MUST_USE;

/* The node's half: which pair to send now. confirmed: the last pair was answered. */
struct session_own {
    struct session_pair pair;
    bool confirmed;
    bool successor; /* of the pair: no RESUMED has come since our logs were succeeded */
};
/* True if `own` changed and must be committed before it is sent. */
bool session_own_next(struct session_own *own, const uint8_t fresh[16]);
/* Our logs were succeeded: a new chain of pairs begins. */
void session_own_succeed(struct session_own *own);
/* A RESUMED for this `next` arrived. */
bool session_own_confirm(struct session_own *own, const uint8_t next[16]);

#endif
