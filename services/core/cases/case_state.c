#include "core/cases/case_state.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

static const char *const case_names[CASE_STATE_COUNT] = {
#define CASE_X(name, text) [name] = (text),
    CASE_STATE_LIST(CASE_X)
#undef CASE_X
};

#define TO(state) (1u << (state))

/* Where each state may go. Followed by hand from DOMAIN: formal and material check, clarification,
 * recommendation, decision of the PPK; without one, block of personnel services. */
static const uint32_t case_moves[CASE_STATE_COUNT] = {
    [CASE_RECEIVED] = TO(CASE_INCOMPLETE) | TO(CASE_NOT_REGISTERED) | TO(CASE_WITHDRAWN) |
                      TO(CASE_REJECTED) | TO(CASE_REROUTED) | TO(CASE_VERIFICATION) |
                      TO(CASE_CLARIFICATION) | TO(CASE_RECOMMENDED) | TO(CASE_DECIDED),
    [CASE_INCOMPLETE] = TO(CASE_NOT_REGISTERED) | TO(CASE_WITHDRAWN) | TO(CASE_REJECTED) |
                        TO(CASE_REROUTED) | TO(CASE_VERIFICATION) | TO(CASE_DECIDED),
    [CASE_NOT_REGISTERED] = TO(CASE_VERIFICATION) | TO(CASE_CLOSED) | TO(CASE_DECIDED),
    [CASE_WITHDRAWN] = TO(CASE_VERIFICATION) | TO(CASE_CLOSED) | TO(CASE_DECIDED),
    [CASE_REJECTED] = TO(CASE_CLOSED),
    [CASE_REROUTED] = TO(CASE_CLOSED),
    [CASE_VERIFICATION] = TO(CASE_INCOMPLETE) | TO(CASE_WITHDRAWN) | TO(CASE_REJECTED) |
                          TO(CASE_REROUTED) | TO(CASE_CLARIFICATION) | TO(CASE_NOT_PROVEN) |
                          TO(CASE_RECOMMENDED) | TO(CASE_DECIDED) | TO(CASE_LEFT_SERVICE),
    [CASE_CLARIFICATION] = TO(CASE_VERIFICATION) | TO(CASE_WITHDRAWN) | TO(CASE_REROUTED) |
                           TO(CASE_NOT_PROVEN) | TO(CASE_RECOMMENDED) | TO(CASE_DECIDED) |
                           TO(CASE_LEFT_SERVICE),
    [CASE_NOT_PROVEN] = TO(CASE_VERIFICATION) | TO(CASE_CLOSED),
    [CASE_RECOMMENDED] = TO(CASE_DECIDED) | TO(CASE_BLOCKED) | TO(CASE_LEFT_SERVICE),
    [CASE_DECIDED] = TO(CASE_BLOCKED) | TO(CASE_LEFT_SERVICE) | TO(CASE_APPEALED) | TO(CASE_CLOSED),
    [CASE_BLOCKED] = TO(CASE_DECIDED) | TO(CASE_LEFT_SERVICE) | TO(CASE_CLOSED),
    [CASE_LEFT_SERVICE] = TO(CASE_CLOSED),
    [CASE_APPEALED] = TO(CASE_DECIDED) | TO(CASE_LEFT_SERVICE) | TO(CASE_CLOSED),
    [CASE_CLOSED] = 0,
};

const char *case_state_name(enum case_state state)
{
    ASSERT((unsigned)state < CASE_STATE_COUNT);
    return case_names[state];
}

bool case_state_of(struct bytes name, enum case_state *ret)
{
    for (unsigned i = 0; i < CASE_STATE_COUNT; i++) {
        if (bytes_equal(name, bytes_of_text(case_names[i]))) {
            *ret = (enum case_state)i;
            return true;
        }
    }
    return false;
}

int case_state_move(enum case_state *state, enum case_state to, struct err_ctx *err)
{
    ASSERT((unsigned)*state < CASE_STATE_COUNT && (unsigned)to < CASE_STATE_COUNT);
    if ((case_moves[*state] & TO(to)) == 0) {
        return err_set(err, ERR_STATE, "a case does not go from %s to %s", case_names[*state],
                       case_names[to]);
    }
    *state = to;
    return 0;
}

/* What coming into a state asks for, whatever it comes from. */
enum { BY_DOCUMENT = 1, REASON = 2, ASSIGNEE = 4, REROUTE = 8 };
static const uint8_t case_asks[CASE_STATE_COUNT] = {
    [CASE_INCOMPLETE] = REASON,
    [CASE_NOT_REGISTERED] = REASON,
    [CASE_WITHDRAWN] = REASON,
    [CASE_REJECTED] = REASON,
    [CASE_REROUTED] = REASON | REROUTE,
    [CASE_CLARIFICATION] = ASSIGNEE,
    [CASE_NOT_PROVEN] = ASSIGNEE | REASON,
    [CASE_RECOMMENDED] = BY_DOCUMENT,
    [CASE_DECIDED] = BY_DOCUMENT,
    [CASE_BLOCKED] = REASON,
    [CASE_LEFT_SERVICE] = REASON,
    [CASE_APPEALED] = REASON,
    [CASE_CLOSED] = REASON,
};

const char *case_rule_text(enum case_rule rule)
{
    static const char *const texts[CASE_RULE_COUNT] = {
#define CASE_X(name, text) [name] = (text),
        CASE_RULE_LIST(CASE_X)
#undef CASE_X
    };
    ASSERT((unsigned)rule < CASE_RULE_COUNT);
    return texts[rule];
}

static enum case_rule who_may(unsigned asks, const struct case_facts *facts)
{
    bool document = facts->by == CASE_BY_DOCUMENT;
    if (((asks & BY_DOCUMENT) != 0) != document) {
        return document ? CASE_RULE_OFFICER : CASE_RULE_DOCUMENT;
    }
    if ((asks & ASSIGNEE) == 0 || (facts->assigned && facts->assignee)) {
        return CASE_RULE_NONE;
    }
    return facts->assigned ? CASE_RULE_ASSIGNEE : CASE_RULE_UNASSIGNED;
}

enum case_rule case_step(enum case_state from, enum case_state to, const struct case_facts *facts)
{
    ASSERT((unsigned)from < CASE_STATE_COUNT && (unsigned)to < CASE_STATE_COUNT);
    unsigned asks = case_asks[to];
    if (from == CASE_CLOSED) {
        return CASE_RULE_CLOSED;
    }
    if (from == to) {
        return CASE_RULE_SAME;
    }
    if ((case_moves[from] & TO(to)) == 0 && !PLANTED(ANY_STEP)) {
        return CASE_RULE_NO_STEP;
    }
    enum case_rule rule = who_may(asks, facts);
    if (rule == CASE_RULE_NONE && (asks & REASON) != 0 && !facts->reason) {
        rule = CASE_RULE_REASON;
    }
    if (rule == CASE_RULE_NONE && (asks & REROUTE) != 0 && !facts->reroute_code) {
        rule = CASE_RULE_REROUTE;
    }
    return rule;
}

struct bytes case_reroute_code(struct bytes reason)
{
    static const char *const codes[] = {"not_asn", "other_province", "other_body"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct bytes code = bytes_of_text(codes[i]);
        if (reason.len >= code.len && bytes_equal(bytes_of(reason.data, code.len), code) &&
            (reason.len == code.len || reason.data[code.len] == ':')) {
            return code;
        }
    }
    return (struct bytes){0};
}

static const char *const document_names[DOCUMENT_STATE_COUNT] = {
    [DOCUMENT_PROPOSED] = "proposed",   [DOCUMENT_ISSUED] = "issued",
    [DOCUMENT_WAITING] = "waiting",     [DOCUMENT_SUPERSEDED] = "superseded",
    [DOCUMENT_WITHDRAWN] = "withdrawn", [DOCUMENT_EXPIRED] = "expired",
};

static const uint32_t document_moves[DOCUMENT_STATE_COUNT] = {
    [DOCUMENT_PROPOSED] =
        TO(DOCUMENT_ISSUED) | TO(DOCUMENT_WAITING) | TO(DOCUMENT_WITHDRAWN) | TO(DOCUMENT_EXPIRED),
    [DOCUMENT_ISSUED] = TO(DOCUMENT_SUPERSEDED) | TO(DOCUMENT_WITHDRAWN) | TO(DOCUMENT_EXPIRED),
    [DOCUMENT_WAITING] = TO(DOCUMENT_ISSUED) | TO(DOCUMENT_SUPERSEDED) | TO(DOCUMENT_WITHDRAWN) |
                         TO(DOCUMENT_EXPIRED),
    [DOCUMENT_SUPERSEDED] = 0,
    [DOCUMENT_WITHDRAWN] = 0,
    [DOCUMENT_EXPIRED] = 0,
};

const char *document_state_name(enum document_state state)
{
    ASSERT((unsigned)state < DOCUMENT_STATE_COUNT);
    return document_names[state];
}

int document_state_move(enum document_state *state, enum document_state to, struct err_ctx *err)
{
    ASSERT((unsigned)*state < DOCUMENT_STATE_COUNT && (unsigned)to < DOCUMENT_STATE_COUNT);
    if ((document_moves[*state] & TO(to)) == 0) {
        return err_set(err, ERR_STATE, "a document does not go from %s to %s",
                       document_names[*state], document_names[to]);
    }
    *state = to;
    return 0;
}
