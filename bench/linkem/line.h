/* line.h - what a bad line does to each packet: pure, no clock, no devices, no randomness but a
 * seed.
 *
 *   packet -> queue (tail drop) -> sent at `rate` -> outage? lost? -> delay, jitter -> delivered
 *
 * A packet that is lost has used its air time, as on radio; what leaves while the line is down is
 * gone, nothing is stored over an outage. The n-th packet of a direction meets the same lot with
 * the same seed, whatever came before it. Packets keep their order unless `reorder` holds them
 * back. A corrupt packet has one bit behind its IP header flipped and its checksums left as they
 * are: the receiver's kernel throws it away, as it does on real lines with what their own check let
 * through. Times are ns of any monotonic clock.
 */
#ifndef LINKEM_LINE_H
#define LINKEM_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_PPM 1000000U

/* One direction. Rate 0: as fast as it comes; queue 0: without end. */
struct line_way {
    uint64_t rate_bit_s;
    uint64_t queue_bytes;
    uint64_t delay_ns;
    uint64_t jitter_ns;
    uint64_t reorder_ns; /* how much later those come that are held back */
    uint32_t loss_ppm;
    uint32_t duplicate_ppm;
    uint32_t reorder_ppm;
    uint32_t corrupt_ppm;
};

enum { LINE_OUT, LINE_BACK, LINE_WAYS };

/* Outages and rebinding are the whole line's. down_ns 0: always up; rebind_ns 0: never. */
struct line_profile {
    struct line_way way[LINE_WAYS];
    uint64_t up_ns;
    uint64_t down_ns;
    uint64_t rebind_ns;
    uint32_t mtu;
};

enum line_cause { LINE_DELIVERED, LINE_QUEUE, LINE_LOSS, LINE_OUTAGE, LINE_CAUSES };

/* What happens to one packet. due_ns counts from the same clock; copies is 1 or 2. */
struct line_fate {
    enum line_cause cause;
    uint64_t due_ns;
    uint64_t draw; /* further randomness for whoever flips a bit */
    unsigned copies;
    bool corrupt;
    bool held_back;
};

struct line_state {
    uint64_t seed;
    uint64_t packets;
    uint64_t busy_until_ns;
    uint64_t last_due_ns;
};

struct line {
    struct line_profile profile;
    uint64_t start_ns; /* when the schedule began: now less the phase */
    struct line_state state[LINE_WAYS];
};

struct line_config {
    const struct line_profile *profile;
    uint64_t seed;
    uint64_t now_ns;
    uint64_t phase_ns;
};

/* A profile's text ("key = value", "#"); keys are listed in bench/README.md. "out." or "back."
 * before a key sets it for that direction only. ret_line: the first bad line, from 1. */
bool line_parse(const char *text, struct line_profile *ret, unsigned *ret_line);

void line_init(struct line *line, const struct line_config *config);

bool line_up(const struct line *line, uint64_t now_ns);

/* How often the address was changed since the start. */
uint64_t line_bindings(const struct line *line, uint64_t now_ns);

struct line_fate line_decide(struct line *line, int index, uint64_t now_ns, size_t bytes);

/* Other bits for each index; 64 good ones of a seed (splitmix64). */
uint64_t line_random(uint64_t seed, uint64_t index);

#endif
