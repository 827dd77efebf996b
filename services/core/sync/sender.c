#include "core/sync/sender.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

#define OPENING_ENTRIES 2u /* of a log: entry 2 may say what it goes on from (SPEC 3) */

void sender_init(struct sender *sender, const struct sender_limits *limits)
{
    ASSERT(limits->window_start_bytes > 0 && limits->span_raw_bytes > 0);
    memset(sender, 0, sizeof *sender);
    sender->limits = *limits;
    sender->window_bytes = limits->window_start_bytes;
    sender->credit_bytes = limits->window_max_bytes;
    pace_init(&sender->pace);
}

struct out_log *sender_log(struct sender *sender, const struct incarnation *incarnation)
{
    for (size_t i = 0; i < sender->log_count; i++) {
        if (incarnation_equal(&sender->logs[i].incarnation, incarnation)) {
            return &sender->logs[i];
        }
    }
    return NULL;
}

int sender_add(struct sender *sender, const struct incarnation *incarnation, enum lane lane,
               uint64_t last, uint64_t acked)
{
    if (sender_log(sender, incarnation) != NULL) {
        return ERR_EXISTS;
    }
    if (sender->log_count == LOGS_MAX) {
        return ERR_LIMIT;
    }
    sender->logs[sender->log_count++] = (struct out_log){
        .incarnation = *incarnation, .lane = lane, .last = last, .acked = acked, .sent = acked};
    return 0;
}

void sender_appended(struct sender *sender, const struct incarnation *incarnation, uint64_t last)
{
    struct out_log *log = sender_log(sender, incarnation);
    if (log != NULL && last > log->last) {
        log->last = last;
    }
}

void sender_start(struct sender *sender, uint64_t now_ms)
{
    for (size_t i = 0; i < sender->log_count; i++) {
        if (!PLANTED(SECOND_CONNECTION_LOSES)) {
            sender->logs[i].sent = sender->logs[i].acked;
        }
        sender->logs[i].stuck = 0;
    }
    sender->span_count = 0;
    sender->outstanding_bytes = 0;
    uint64_t start = pace_start_bytes(&sender->pace);
    sender->window_bytes =
        start < sender->limits.window_start_bytes ? start : sender->limits.window_start_bytes;
    sender->credit_bytes = sender->limits.window_max_bytes;
    sender->progress_ms = now_ms;
}

void sender_after_stall(struct sender *sender, uint64_t now_ms)
{
    for (size_t i = 0; i < sender->span_count; i++) {
        sender->spans[i].mark.stalled = true;
    }
    sender->progress_ms = now_ms;
    pace_after_stall(&sender->pace, now_ms);
}

/* Office before urgent before routine (DESIGN "Lanes in order"). */
static int lane_rank(enum lane lane)
{
    switch (lane) {
    case LANE_OFFICE:
        return 0;
    case LANE_URGENT:
        return 1;
    case LANE_ROUTINE:
    case LANE_JOURNAL:
        break;
    }
    return 2;
}

static bool is_held(const struct sender *sender, const struct out_log *log)
{
    return sender->urgent_only && log->lane == LANE_ROUTINE && !PLANTED(BUDGET_IGNORED);
}

/* The last entry that a span may be cut up to. */
static uint64_t last_to_cut(const struct sender *sender, const struct out_log *log)
{
    if (is_held(sender, log)) {
        return log->sent;
    }
    return log->stuck > log->sent ? log->stuck - 1 : log->last;
}

static uint64_t window_of(const struct sender *sender)
{
    return sender->window_bytes < sender->credit_bytes ? sender->window_bytes
                                                       : sender->credit_bytes;
}

bool sender_next(const struct sender *sender, struct span_plan *ret)
{
    uint64_t window = window_of(sender);
    if (sender->span_count == SENDER_SPANS_MAX ||
        (sender->span_count > 0 && sender->outstanding_bytes >= window &&
         !PLANTED(WINDOW_IGNORED))) {
        return false;
    }
    const struct out_log *best = NULL;
    for (size_t i = 0; i < sender->log_count; i++) {
        const struct out_log *log = &sender->logs[i];
        if (log->sent < last_to_cut(sender, log) &&
            (best == NULL || lane_rank(log->lane) < lane_rank(best->lane))) {
            best = log;
        }
    }
    if (best == NULL) {
        return false;
    }
    bool slow = pace_is_slow(&sender->pace);
    size_t raw_bytes = sender->limits.span_raw_bytes;
    uint64_t last = best->sent + pace_span_entries(&sender->pace, window);
    last = last > OPENING_ENTRIES ? last : OPENING_ENTRIES;
    *ret = (struct span_plan){
        .incarnation = best->incarnation,
        .first = best->sent + 1,
        .last_max = last < last_to_cut(sender, best) ? last : last_to_cut(sender, best),
        .raw_bytes_max = slow && raw_bytes > PACE_SLOW_RAW_BYTES ? PACE_SLOW_RAW_BYTES : raw_bytes,
        .codec = slow ? SPAN_MODEL : SPAN_ZSTD,
        .log = (uint32_t)(best - sender->logs),
    };
    return true;
}

/* Nothing waits behind what is under way, and there would be room. */
static bool has_no_more(const struct sender *sender)
{
    for (size_t i = 0; i < sender->log_count; i++) {
        if (sender->logs[i].sent < last_to_cut(sender, &sender->logs[i])) {
            return false;
        }
    }
    return sender->outstanding_bytes < window_of(sender);
}

void sender_sent(struct sender *sender, const struct span_plan *plan, uint64_t last,
                 uint64_t wire_bytes, uint64_t now_ms)
{
    ASSERT(plan->log < sender->log_count && last >= plan->first && last <= plan->last_max);
    ASSERT(sender->span_count < SENDER_SPANS_MAX);
    struct out_log *log = &sender->logs[plan->log];
    if (plan->first > log->sent + 1 || last <= log->sent) {
        return; /* rewound or acknowledged meanwhile: it counts for nothing */
    }
    if (sender->span_count == 0) {
        sender->progress_ms = now_ms;
    }
    log->sent = last;
    uint64_t under_way = sender->outstanding_bytes;
    sender->outstanding_bytes += wire_bytes;
    sender->spans[sender->span_count++] =
        (struct sent_span){.log = plan->log,
                           .last = last,
                           .wire_bytes = wire_bytes,
                           .mark = pace_sent(&sender->pace, wire_bytes, last - plan->first + 1,
                                             under_way, has_no_more(sender), now_ms)};
}

void sender_stuck(struct sender *sender, const struct span_plan *plan)
{
    ASSERT(plan->log < sender->log_count);
    struct out_log *log = &sender->logs[plan->log];
    if (plan->first == log->sent + 1) { /* else rewound or acknowledged meanwhile */
        log->stuck = plan->first;
    }
}

static int check_own(const struct out_log *log, const struct ack *ack, const struct hash *own_h)
{
    if (log == NULL) {
        return ERR_NOT_FOUND;
    }
    if (ack->id.seq > log->last) {
        return ERR_VALUE;
    }
    bool same = own_h != NULL && hash_equal(own_h, &ack->h);
    if (ack->id.seq > 0 && !same && !PLANTED(FOREIGN_ACK)) {
        return ERR_FORK;
    }
    return 0;
}

/* Forgets the spans that an ack of `log` up to `seq` covers; the window grows by what they held. */
static void drop_covered(struct sender *sender, uint32_t log, uint64_t seq, uint64_t now_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < sender->span_count; i++) {
        const struct sent_span *span = &sender->spans[i];
        if (span->log != log || span->last > seq) {
            sender->spans[kept++] = *span;
            continue;
        }
        pace_acked(&sender->pace, &span->mark, span->wire_bytes, now_ms);
        sender->outstanding_bytes -= span->wire_bytes;
        sender->window_bytes += span->wire_bytes;
    }
    sender->span_count = kept;
    uint64_t most = pace_window_bytes(&sender->pace);
    most = most < sender->limits.window_max_bytes ? most : sender->limits.window_max_bytes;
    sender->window_bytes = sender->window_bytes < most ? sender->window_bytes : most;
}

int sender_acked(struct sender *sender, const struct ack *ack, const struct hash *own_h,
                 uint64_t now_ms, bool *ret_moved)
{
    struct out_log *log = sender_log(sender, &ack->id.incarnation);
    int rc = check_own(log, ack, own_h);
    if (rc != 0) {
        return rc;
    }
    sender->credit_bytes = ack->credit_bytes;
    *ret_moved = ack->id.seq > log->acked;
    if (*ret_moved) {
        log->acked = ack->id.seq;
        sender->progress_ms = now_ms;
        if (log->sent < log->acked) {
            log->sent = log->acked; /* an earlier session's spans arrived after all */
        }
        drop_covered(sender, (uint32_t)(log - sender->logs), log->acked, now_ms);
    }
    if (ack->has_signature && ack->id.seq > log->receipt) {
        log->receipt = ack->id.seq;
    }
    return 0;
}

int sender_cursor(struct sender *sender, const struct ack *cursor, const struct hash *own_h,
                  bool *ret_back)
{
    struct out_log *log = sender_log(sender, &cursor->id.incarnation);
    int rc = check_own(log, cursor, own_h);
    if (rc != 0) {
        return rc;
    }
    *ret_back = cursor->id.seq < log->acked;
    if (*ret_back) {
        log->acked = cursor->id.seq;
        log->receipt = log->receipt < log->acked ? log->receipt : log->acked;
        sender_rewind(sender, &log->incarnation);
    }
    return 0;
}

void sender_rewind(struct sender *sender, const struct incarnation *incarnation)
{
    struct out_log *log = sender_log(sender, incarnation);
    if (log == NULL) {
        return;
    }
    log->sent = log->acked;
    size_t kept = 0;
    for (size_t i = 0; i < sender->span_count; i++) {
        if (&sender->logs[sender->spans[i].log] == log) {
            sender->outstanding_bytes -= sender->spans[i].wire_bytes;
        } else {
            sender->spans[kept++] = sender->spans[i];
        }
    }
    sender->span_count = kept;
}

bool sender_idle(const struct sender *sender)
{
    for (size_t i = 0; i < sender->log_count; i++) {
        const struct out_log *log = &sender->logs[i];
        if (log->acked < log->last && !is_held(sender, log)) {
            return false;
        }
    }
    return true;
}

uint64_t sender_backlog(const struct sender *sender)
{
    uint64_t backlog = 0;
    for (size_t i = 0; i < sender->log_count; i++) {
        backlog += sender->logs[i].last - sender->logs[i].acked;
    }
    return backlog;
}
