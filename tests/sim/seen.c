/* seen.c - which machine was in which state when which event came, and what had gone wrong shortly
 * before: what was never seen was never tried. */
#include "core/base/assert.h"
#include "sim.h"

#define UPLINK_EVENTS (UPLINK_EVENT_STORED + 1)
#define INTAKE_EVENTS (INTAKE_EVENT_CLOSE + 1)
#define INTAKE_STATES (INTAKE_CLOSED + 2) /* one more: no connection */
#define KINDS (FAULT_COUNT + 1)           /* one more: nothing had gone wrong */

struct seen {
    uint64_t uplink[UPLINK_STATE_COUNT][UPLINK_EVENTS][KINDS];
    uint64_t intake[INTAKE_STATES][INTAKE_EVENTS][KINDS];
};

static const char *const uplink_events[UPLINK_EVENTS] = {
    "start",     "stop",        "tick",      "pair_committed", "link_up",
    "link_down", "link_denied", "appended",  "control",        "span",
    "bad_frame", "span_sent",   "part_sent", "send_blocked",   "stored"};
static const char *const intake_events[INTAKE_EVENTS] = {
    "control",   "span",         "bad_frame", "pair_stored", "stored", "flush",   "appended",
    "span_sent", "send_blocked", "part_sent", "gone",        "tick",   "revoked", "close"};
static const char *const intake_states[INTAKE_STATES] = {"new", "resuming", "open", "closed",
                                                         "none"};

/* What cannot be, whatever has gone wrong before. */
struct unreachable {
    const char *machine, *state, *event; /* "*": any */
    const char *reason;
};
#define PAIR "a pair is under way only while it is waited for, or after a stop"
#define CUT "the answer comes at once, or is forgotten with its connection"
#define LIVE "it is about the open connection, or about none"
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

static void count(const struct sim *sim, uint64_t counts[KINDS])
{
    for (uint64_t left = sim->active; left != 0; left &= left - 1) {
        counts[__builtin_ctzll(left)]++;
    }
    counts[FAULT_COUNT] += sim->active == 0;
}

void seen_uplink(struct sim *sim, enum uplink_state state, enum uplink_event_type type)
{
    count(sim, sim->tools->seen->uplink[state][type]);
}

void seen_intake(struct sim *sim, const struct intake_connection *connection,
                 enum intake_event_type type)
{
    unsigned state = connection == NULL ? INTAKE_STATES - 1 : (unsigned)connection->state;
    count(sim, sim->tools->seen->intake[state][type]);
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
    size_t seen, never, cannot, wrong;
};

/* One line for what was never seen of a state and an event. */
static void print_never(const char *machine, const char *state, const char *event,
                        const uint64_t counts[KINDS], size_t never)
{
    (void)printf("  never seen: %s %s %s", machine, state, event);
    if (never == KINDS) {
        (void)printf(", whatever had gone wrong\n");
        return;
    }
    const char *before = " after ";
    for (int kind = 0; kind < KINDS; kind++) {
        if (counts[kind] == 0) {
            (void)printf("%s%s", before, fault_name((enum fault)kind));
            before = ", ";
        }
    }
    (void)printf("\n");
}

static void judge(struct tally *tally, const char *machine, const char *state, const char *event,
                  const uint64_t counts[KINDS], bool list)
{
    const char *reason = why_not(machine, state, event);
    size_t seen = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        seen += counts[kind] > 0;
    }
    tally->seen += seen;
    if (reason != NULL) {
        tally->cannot += KINDS;
        tally->wrong += seen > 0;
        if (seen > 0) {
            (void)printf("  seen, but held for unreachable: %s %s %s (%s)\n", machine, state, event,
                         reason);
        }
        return;
    }
    tally->never += KINDS - seen;
    if (list && seen < KINDS) {
        print_never(machine, state, event, counts, KINDS - seen);
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
