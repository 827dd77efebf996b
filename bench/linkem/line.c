#include "line.h"

#include "core/base/assert.h"

#define NS_PER_S 1000000000ULL

/* Draws of one packet, each with an index of its own: that one is never taken moves no other. */
enum { DRAW_LOSS, DRAW_JITTER, DRAW_DUPLICATE, DRAW_REORDER, DRAW_CORRUPT, DRAW_FLIP, DRAWS };

uint64_t line_random(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

static uint64_t draw(const struct line_state *state, uint64_t packet, unsigned what)
{
    return line_random(state->seed, packet * DRAWS + what);
}

static bool happens(const struct line_state *state, uint64_t packet, unsigned what, uint32_t ppm)
{
    return draw(state, packet, what) % LINE_PPM < ppm;
}

void line_init(struct line *line, const struct line_config *config)
{
    *line =
        (struct line){.profile = *config->profile, .start_ns = config->now_ns - config->phase_ns};
    for (uint64_t way = 0; way < LINE_WAYS; way++) {
        line->state[way].seed = line_random(config->seed, way);
    }
}

bool line_up(const struct line *line, uint64_t now_ns)
{
    const struct line_profile *profile = &line->profile;
    if (profile->down_ns == 0) {
        return true;
    }
    return (now_ns - line->start_ns) % (profile->up_ns + profile->down_ns) < profile->up_ns;
}

uint64_t line_bindings(const struct line *line, uint64_t now_ns)
{
    uint64_t every_ns = line->profile.rebind_ns;
    return every_ns == 0 ? 0 : (now_ns - line->start_ns) / every_ns;
}

static uint64_t air_ns(const struct line_way *way, uint64_t bytes)
{
    return way->rate_bit_s == 0 ? 0 : bytes * 8 * NS_PER_S / way->rate_bit_s;
}

/* Does it still fit? What waits is counted by the time it has yet to be sent in. */
static bool overflows(const struct line_way *way, uint64_t wait_ns, size_t bytes)
{
    if (way->rate_bit_s == 0 || way->queue_bytes == 0) {
        return false;
    }
    return wait_ns > air_ns(way, way->queue_bytes) ||
           wait_ns + air_ns(way, bytes) > air_ns(way, way->queue_bytes);
}

static uint64_t due(const struct line_way *way, struct line_state *state, struct line_fate *fate,
                    uint64_t packet)
{
    uint64_t due_ns = state->busy_until_ns + way->delay_ns;
    if (way->jitter_ns > 0) {
        due_ns += draw(state, packet, DRAW_JITTER) % way->jitter_ns;
    }
    if (fate->held_back) {
        return due_ns + way->reorder_ns;
    }
    if (due_ns < state->last_due_ns) {
        due_ns = state->last_due_ns;
    }
    state->last_due_ns = due_ns;
    return due_ns;
}

struct line_fate line_decide(struct line *line, int index, uint64_t now_ns, size_t bytes)
{
    ASSERT(index >= 0 && index < LINE_WAYS);
    const struct line_way *way = &line->profile.way[index];
    struct line_state *state = &line->state[index];
    uint64_t packet = state->packets++;
    struct line_fate fate = {.cause = LINE_DELIVERED, .copies = 1};
    if (state->busy_until_ns < now_ns) {
        state->busy_until_ns = now_ns;
    }
    if (overflows(way, state->busy_until_ns - now_ns, bytes)) {
        fate.cause = LINE_QUEUE;
        return fate;
    }
    state->busy_until_ns += air_ns(way, bytes);
    if (!line_up(line, state->busy_until_ns)) {
        fate.cause = LINE_OUTAGE;
        return fate;
    }
    if (happens(state, packet, DRAW_LOSS, way->loss_ppm)) {
        fate.cause = LINE_LOSS;
        return fate;
    }
    fate.copies += happens(state, packet, DRAW_DUPLICATE, way->duplicate_ppm);
    fate.held_back = happens(state, packet, DRAW_REORDER, way->reorder_ppm);
    fate.corrupt = happens(state, packet, DRAW_CORRUPT, way->corrupt_ppm);
    fate.draw = draw(state, packet, DRAW_FLIP);
    fate.due_ns = due(way, state, &fate, packet);
    return fate;
}
