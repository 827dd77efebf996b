#include "core/cases/case_state.h"

#include "core/base/assert.h"

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
                        TO(CASE_REROUTED) | TO(CASE_VERIFICATION),
    [CASE_NOT_REGISTERED] = TO(CASE_VERIFICATION) | TO(CASE_CLOSED),
    [CASE_WITHDRAWN] = TO(CASE_VERIFICATION) | TO(CASE_CLOSED),
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
