/* pace.h - what a line can do, learnt from acks: its rate and its delay, and what follows from them
 * for window, spans, codec and waits. Outlives sessions: a line that comes back is mostly the same.
 *
 * Rate: bytes acknowledged over the time in which something was under way, in slices of two ack
 * times and half a second at least (a bucket of tokens lets a little through at once); the highest
 * of the last one to two periods, as a sender with little to say sees less of a line than there is.
 * Delay: the lowest time from sent to acknowledged, likewise. The window is half as much again as
 * the line holds in that time, and two spans at least (one on the slowest): enough to keep it busy
 * while an ack travels, and so little that what is urgent waits behind little.
 */
#ifndef CORE_SYNC_PACE_H
#define CORE_SYNC_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* A line that is at most so fast, and at least so far, is slow: a byte on it is dearer than 0.4 ms
 * of both processors an entry (ADR 12). Spans are short, so that nobody waits for their making. */
#define PACE_SLOW_BYTES_S 40000u
#define PACE_SLOW_ACK_MS 200u
#define PACE_SLOW_RAW_BYTES 24576u
/* The least a span is aimed at: shorter ones are mostly header, ack and packet. */
#define PACE_SPAN_BYTES_MIN 4096u
#define PACE_ENTRY_BYTES 128u /* on the wire, while nothing was sent yet */

/* The best value of the last one to two periods. 0: unknown. */
struct pace_best {
    uint64_t present, before;
    uint64_t began_ms;
};

struct pace {
    struct pace_best rate; /* bytes/s, the highest */
    struct pace_best ack;  /* ms from sent to acknowledged, the lowest */
    uint64_t ack_time_ms;  /* smoothed; 0: unknown */
    uint64_t setup_ms;     /* from connect to the end of the handshake: about 4 round trips */
    uint64_t entry_bytes;  /* smoothed, on the wire */
    uint64_t slice_bytes, slice_ms;
    bool slice_idle;
    uint64_t counted_ms; /* the slice has the time up to here */
};

/* Taken when a span is sent, given back when it is acknowledged. */
struct pace_mark {
    uint64_t sent_ms;
    bool stalled; /* it was on its way in an outage, which says nothing of the line */
    bool idle;    /* there was no more to send: the line could have carried more */
};

void pace_init(struct pace *pace);
/* A connection came up after so long. */
void pace_up(struct pace *pace, uint64_t setup_ms);
/* under_way: bytes before this span. */
struct pace_mark pace_sent(struct pace *pace, uint64_t wire_bytes, uint64_t entries,
                           uint64_t under_way, bool idle, uint64_t now_ms);
/* Something comes again after an outage. */
void pace_after_stall(struct pace *pace, uint64_t now_ms);
void pace_acked(struct pace *pace, const struct pace_mark *mark, uint64_t wire_bytes,
                uint64_t now_ms);

uint64_t pace_rate_bytes_s(const struct pace *pace); /* 0: unknown */
bool pace_is_slow(const struct pace *pace);
/* What may be under way before anything was acknowledged in a session. */
uint64_t pace_start_bytes(const struct pace *pace);
/* The most that should be under way. UINT64_MAX: nothing is known. */
uint64_t pace_window_bytes(const struct pace *pace);
/* How many entries the next span should hold, at least 1. */
uint64_t pace_span_entries(const struct pace *pace, uint64_t window_bytes);
/* How long no progress is no wonder, with so much under way. */
uint64_t pace_patience_ms(const struct pace *pace, uint64_t under_way_bytes);

#endif
