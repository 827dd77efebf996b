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
 *
 * What its filers withdrew as a whole is withdrawn by this table too; a report that joins it leads
 * it to verification.
 *
 * A decree that came by another route decides also what is incomplete, not registered or withdrawn.
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

/* Who asks for a move, and what else its rules ask about. */
enum case_by { CASE_BY_OFFICER, CASE_BY_DOCUMENT };
struct case_facts {
    enum case_by by;
    bool reason;       /* one was given */
    bool reroute_code; /* the reason begins with one */
    bool assigned;     /* somebody is */
    bool assignee;     /* and it is who asks */
};
#define CASE_RULE_LIST(X)                                                                          \
    X(CASE_RULE_NONE, "allowed")                                                                   \
    X(CASE_RULE_CLOSED, "R1: a closed case stays closed")                                          \
    X(CASE_RULE_SAME, "R2: it is in this state already")                                           \
    X(CASE_RULE_NO_STEP, "R3: there is no such step")                                              \
    X(CASE_RULE_DOCUMENT, "R4: only by a document of two officers")                                \
    X(CASE_RULE_OFFICER, "R5: a document does not do this")                                        \
    X(CASE_RULE_UNASSIGNED, "R6: nobody is assigned to examine it")                                \
    X(CASE_RULE_ASSIGNEE, "R7: only the officer who is assigned does this")                        \
    X(CASE_RULE_REASON, "R8: a reason must be given")                                              \
    X(CASE_RULE_REROUTE, "R9: a reroute says not_asn, other_province or other_body")
enum case_rule {
#define CASE_X(name, text) name,
    CASE_RULE_LIST(CASE_X)
#undef CASE_X
        CASE_RULE_COUNT
};
const char *case_rule_text(enum case_rule rule);
/* The first rule, in the order above, that forbids the move; CASE_RULE_NONE. */
enum case_rule case_step(enum case_state from, enum case_state to, const struct case_facts *facts);
/* "not_asn", "other_province" or "other_body" at the beginning of a reason; empty: none. */
struct bytes case_reroute_code(struct bytes reason);

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
