/* case_state.h - states of a case and of a document, as checked tables.
 *
 * Source: DOMAIN "Process and clocks". A case's states end at `decided`; delivered, acknowledged
 * and executed are read from rungs and are no states here. Whether an officer may make a move is
 * asked here and nowhere else; that only an issued document leads to `recommended` or `decided` is
 * the fold's rule.
 *
 *   received ──► verification ⇄ clarification ──► recommended ──► decided ──► closed
 *      │              │ ▲                             │              │  ▲
 *      ▼              ▼ │                             └─► blocked ◄──┤  │
 *   incomplete ──► (verification)                          └─────────┼──┤
 *   not_registered, withdrawn, not_proven ──► back to                └─► appealed
 *   verification, or closed;  rejected, rerouted, left_service ──► closed
 */
#ifndef CORE_CASES_CASE_STATE_H
#define CORE_CASES_CASE_STATE_H

#include "core/base/bytes.h"
#include "core/base/error.h"

#define CASE_STATE_LIST(X)                                                                         \
    X(CASE_RECEIVED, "received")                                                                   \
    X(CASE_INCOMPLETE, "incomplete")                                                               \
    X(CASE_NOT_REGISTERED, "not_registered")                                                       \
    X(CASE_WITHDRAWN, "withdrawn")                                                                 \
    X(CASE_REJECTED, "rejected")                                                                   \
    X(CASE_REROUTED, "rerouted")                                                                   \
    X(CASE_VERIFICATION, "verification")                                                           \
    X(CASE_CLARIFICATION, "clarification")                                                         \
    X(CASE_NOT_PROVEN, "not_proven")                                                               \
    X(CASE_RECOMMENDED, "recommended")                                                             \
    X(CASE_DECIDED, "decided")                                                                     \
    X(CASE_BLOCKED, "blocked")                                                                     \
    X(CASE_LEFT_SERVICE, "left_service")                                                           \
    X(CASE_APPEALED, "appealed")                                                                   \
    X(CASE_CLOSED, "closed")

enum case_state {
#define CASE_X(name, text) name,
    CASE_STATE_LIST(CASE_X)
#undef CASE_X
        CASE_STATE_COUNT
};

const char *case_state_name(enum case_state state);
bool case_state_of(struct bytes name, enum case_state *ret);
/* 0, or ERR_STATE with "… from X to Y". Issuing a recommendation moves received, verification or
 * clarification to recommended; issuing a decision moves recommended, blocked or appealed (or, when
 * it came by another route, received, verification, clarification) to decided. */
int case_state_move(enum case_state *state, enum case_state to, struct err_ctx *err) MUST_USE;

enum document_state {
    DOCUMENT_PROPOSED, /* one signature */
    DOCUMENT_ISSUED,   /* enough signatures: in the office log of its addressee */
    DOCUMENT_WAITING,  /* issued, but no node is enrolled for the addressee yet */
    DOCUMENT_SUPERSEDED,
    DOCUMENT_WITHDRAWN,
    DOCUMENT_EXPIRED,
    DOCUMENT_STATE_COUNT
};
/* proposed → issued or waiting; waiting → issued; all three → withdrawn or expired; issued and
 * waiting → superseded. */
const char *document_state_name(enum document_state state);
int document_state_move(enum document_state *state, enum document_state to,
                        struct err_ctx *err) MUST_USE;

#endif
