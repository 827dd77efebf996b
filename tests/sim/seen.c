/* seen.c - which machine was in which state when which event came, and what had gone wrong shortly
 * before: what was never seen was never tried. */
#include "core/base/assert.h"
#include "sim.h"

#define UPLINK_EVENTS (UPLINK_EVENT_STORED + 1)
#define INTAKE_EVENTS (INTAKE_EVENT_CLOSE + 1)
#define INTAKE_STATES (INTAKE_CLOSED + 2) /* one more: no connection */
#define KINDS (FAULT_COUNT + 1)           /* one more: nothing had gone wrong */
#define LISTED_MAX 60u

struct seen {
    uint64_t uplink[UPLINK_STATE_COUNT][UPLINK_EVENTS][KINDS];
    uint64_t intake[INTAKE_STATES][INTAKE_EVENTS][KINDS];
};

static const char *const uplink_events[UPLINK_EVENTS] = {
    "start",    "stop",    "tick", "pair_committed", "link_up",   "link_down",    "link_denied",
    "appended", "control", "span", "bad_frame",      "span_sent", "send_blocked", "stored"};
static const char *const intake_events[INTAKE_EVENTS] = {
    "control",   "span",         "bad_frame", "pair_stored", "stored",  "flush", "appended",
    "span_sent", "send_blocked", "gone",      "tick",        "revoked", "close"};
static const char *const intake_states[INTAKE_STATES] = {"new", "resuming", "open", "closed",
                                                         "none"};

/* What cannot be, whatever has gone wrong before; KINDS: with any fault. */
struct unreachable {
    const char *machine, *state, *event; /* "*": any */
    const char *reason;
};
static const struct unreachable unreachable[] = {
#include "unreachable.h"
};

struct seen *seen_new(void)
{
    struct seen *seen = calloc(1, sizeof *seen);
    ASSERT(seen != NULL);
    return seen;
}

void seen_free(struct seen *seen)
{
    free(seen);
}

void seen_uplink(struct sim *sim, enum uplink_state state, enum uplink_event_type type)
{
    sim->tools->seen->uplink[state][type][sim->active]++;
}

void seen_intake(struct sim *sim, const struct intake_connection *connection,
                 enum intake_event_type type)
{
    unsigned state = connection == NULL ? INTAKE_STATES - 1 : (unsigned)connection->state;
    sim->tools->seen->intake[state][type][sim->active]++;
}

static bool matches(const char *pattern, const char *name)
{
    return strcmp(pattern, "*") == 0 || strcmp(pattern, name) == 0;
}

static const char *why_not(const char *machine, const char *state, const char *event)
{
    for (size_t i = 0; i < sizeof unreachable / sizeof unreachable[0]; i++) {
        const struct unreachable *row = &unreachable[i];
        if (matches(row->machine, machine) && matches(row->state, state) &&
            matches(row->event, event)) {
            return row->reason;
        }
    }
    return NULL;
}

struct tally {
    size_t seen, never, cannot, wrong, listed;
};

static void judge(struct tally *tally, const char *machine, const char *state, const char *event,
                  const uint64_t counts[KINDS], bool list)
{
    const char *reason = why_not(machine, state, event);
    for (int kind = 0; kind < KINDS; kind++) {
        bool was = counts[kind] > 0;
        tally->seen += was;
        tally->cannot += reason != NULL;
        tally->never += !was && reason == NULL;
        if (was && reason != NULL) {
            tally->wrong++;
            (void)printf("  seen, but held for unreachable: %s %s %s after %s (%s)\n", machine,
                         state, event, fault_name((enum fault)kind), reason);
        } else if (!was && reason == NULL && list && tally->listed++ < LISTED_MAX) {
            (void)printf("  never seen: %s %s %s after %s\n", machine, state, event,
                         fault_name((enum fault)kind));
        }
    }
}

size_t seen_print(const struct seen *seen, bool list)
{
    struct tally tally = {0};
    for (int state = 0; state < UPLINK_STATE_COUNT; state++) {
        for (int event = 0; event < (int)UPLINK_EVENTS; event++) {
            judge(&tally, "uplink", uplink_state_name((enum uplink_state)state),
                  uplink_events[event], seen->uplink[state][event], list);
        }
    }
    for (int state = 0; state < (int)INTAKE_STATES; state++) {
        for (int event = 0; event < (int)INTAKE_EVENTS; event++) {
            judge(&tally, "intake", intake_states[state], intake_events[event],
                  seen->intake[state][event], list);
        }
    }
    (void)printf("  (state, event, fault): %zu seen, %zu never, %zu unreachable\n", tally.seen,
                 tally.never, tally.cannot);
    return tally.wrong;
}
