#include "core/sync/pace.h"

#include <string.h>

#define PERIOD_MS_MIN 10000u
#define PERIOD_ACKS 10u
#define SLICE_MS_MIN 500u
#define RATE_UNKNOWN_BYTES_S 1000u /* what GPRS does: nobody is thought dead for being slow */
#define SETUP_ROUND_TRIPS 4u
#define SETUP_CRAWLS_MS 4000u
#define CRAWLS_BYTES_S 2048u

void pace_init(struct pace *pace)
{
    memset(pace, 0, sizeof *pace);
    pace->entry_bytes = PACE_ENTRY_BYTES;
}

void pace_up(struct pace *pace, uint64_t setup_ms)
{
    pace->setup_ms = setup_ms + 1;
}

struct pace_mark pace_sent(struct pace *pace, uint64_t wire_bytes, uint64_t entries,
                           uint64_t under_way, bool idle, uint64_t now_ms)
{
    if (under_way == 0) {
        pace->counted_ms = now_ms; /* the pause before it says nothing of the line */
    }
    pace->entry_bytes = (3 * pace->entry_bytes + wire_bytes / entries + 3) / 4;
    return (struct pace_mark){.sent_ms = now_ms, .idle = idle};
}

/* ---- measures ---- */

static uint64_t better_of(uint64_t one, uint64_t other, bool highest)
{
    if (one == 0 || other == 0) {
        return one + other;
    }
    return (one > other) == highest ? one : other;
}

static uint64_t best(const struct pace_best *best, bool highest)
{
    return better_of(best->present, best->before, highest);
}

static void take(struct pace_best *best, uint64_t value, bool highest, uint64_t period_ms,
                 uint64_t now_ms)
{
    if (now_ms - best->began_ms >= period_ms) {
        best->before = best->present;
        best->present = 0;
        best->began_ms = now_ms;
    }
    best->present = better_of(best->present, value, highest);
}

static uint64_t slice_rate(const struct pace *pace)
{
    return pace->slice_bytes == 0 ? 0 : 1 + 1000 * pace->slice_bytes / (pace->slice_ms + 1);
}

static void add_to_slice(struct pace *pace, const struct pace_mark *mark, uint64_t wire_bytes,
                         uint64_t period_ms, uint64_t now_ms)
{
    pace->slice_bytes += wire_bytes;
    pace->slice_ms += now_ms - pace->counted_ms;
    pace->slice_idle = pace->slice_idle || mark->idle;
    pace->counted_ms = now_ms;
    if (pace->slice_ms < SLICE_MS_MIN || pace->slice_ms < 2 * pace->ack_time_ms) {
        return;
    }
    if (!pace->slice_idle || slice_rate(pace) > best(&pace->rate, true)) {
        take(&pace->rate, slice_rate(pace), true, period_ms, now_ms);
    }
    pace->slice_bytes = 0;
    pace->slice_ms = 0;
    pace->slice_idle = false;
}

void pace_after_stall(struct pace *pace, uint64_t now_ms)
{
    pace->counted_ms = now_ms;
}

void pace_acked(struct pace *pace, const struct pace_mark *mark, uint64_t wire_bytes,
                uint64_t now_ms)
{
    uint64_t period_ms = PERIOD_ACKS * pace->ack_time_ms;
    period_ms = period_ms > PERIOD_MS_MIN ? period_ms : PERIOD_MS_MIN;
    if (!mark->stalled) {
        uint64_t took_ms = now_ms - mark->sent_ms + 1;
        pace->ack_time_ms =
            pace->ack_time_ms == 0 ? took_ms : (7 * pace->ack_time_ms + took_ms + 4) / 8;
        take(&pace->ack, took_ms, false, period_ms, now_ms);
    }
    add_to_slice(pace, mark, wire_bytes, period_ms, now_ms);
}

uint64_t pace_rate_bytes_s(const struct pace *pace)
{
    uint64_t rate = best(&pace->rate, true);
    return rate != 0 ? rate : slice_rate(pace);
}

/* ---- what follows ---- */

bool pace_is_slow(const struct pace *pace)
{
    uint64_t rate = pace_rate_bytes_s(pace);
    uint64_t ack_ms =
        pace->ack_time_ms != 0 ? pace->ack_time_ms : pace->setup_ms / SETUP_ROUND_TRIPS;
    /* Both: a province that is busy answers late, but much at once. */
    return rate <= PACE_SLOW_BYTES_S && ack_ms >= PACE_SLOW_ACK_MS;
}

/* Two spans; one where it takes two seconds to cross (what GPRS does, by its rate or by the length
 * of its handshake): what queues longer before such a line is lost. */
static uint64_t window_bytes_min(const struct pace *pace)
{
    uint64_t rate = pace_rate_bytes_s(pace);
    bool crawls = rate == 0 ? pace->setup_ms >= SETUP_CRAWLS_MS : rate <= CRAWLS_BYTES_S;
    return crawls ? PACE_SPAN_BYTES_MIN : 2 * PACE_SPAN_BYTES_MIN;
}

uint64_t pace_start_bytes(const struct pace *pace)
{
    return window_bytes_min(pace);
}

uint64_t pace_window_bytes(const struct pace *pace)
{
    uint64_t rate = pace_rate_bytes_s(pace);
    if (rate == 0) {
        return UINT64_MAX;
    }
    uint64_t bytes = rate * best(&pace->ack, false) / 1000 * 3 / 2;
    uint64_t least = window_bytes_min(pace);
    return bytes > least ? bytes : least;
}

uint64_t pace_span_entries(const struct pace *pace, uint64_t window_bytes)
{
    uint64_t bytes = window_bytes / 4;
    bytes = bytes > PACE_SPAN_BYTES_MIN ? bytes : PACE_SPAN_BYTES_MIN;
    return bytes > pace->entry_bytes ? bytes / pace->entry_bytes : 1;
}

uint64_t pace_patience_ms(const struct pace *pace, uint64_t under_way_bytes)
{
    uint64_t rate = pace_rate_bytes_s(pace);
    uint64_t ack_ms = pace->ack_time_ms != 0 ? 4 * pace->ack_time_ms : pace->setup_ms;
    return ack_ms + 1000 * under_way_bytes / (rate == 0 ? RATE_UNKNOWN_BYTES_S : rate);
}
