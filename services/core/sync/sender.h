/* sender.h - the sending end of a peer's logs: lanes, a window in wire bytes, nothing sent twice
 * in one session. Used at both ends.
 *
 * It holds no entries: it says which to cut next (span_plan) and learns what was sent. Nothing is
 * retransmitted on a timer while a connection lives; a new session (sender_start) begins at what
 * is acknowledged. An ack is taken only if its hash is our own hash of that entry; the caller
 * looks that up. Lanes in order of enum lane's priority: office, urgent, routine.
 */
#ifndef CORE_SYNC_SENDER_H
#define CORE_SYNC_SENDER_H

#include "core/sync/effects.h"
#include "core/sync/pace.h"

#define SENDER_SPANS_MAX 64u /* spans on the way */

struct sender_limits {
    uint64_t window_start_bytes; /* after each (re)connect; less on the slowest lines */
    uint64_t window_max_bytes;
    size_t span_raw_bytes; /* what one span may hold before compression */
};

struct out_log {
    struct incarnation incarnation;
    enum lane lane;
    uint64_t last;    /* last entry there is */
    uint64_t acked;   /* durable at the other end */
    uint64_t receipt; /* covered by a receipt */
    uint64_t sent;    /* sent in this session */
    uint64_t stuck;   /* this entry cannot be cut: the log waits before it; 0: none */
};
struct sent_span {
    uint32_t log;
    uint64_t last;
    uint64_t wire_bytes;
    struct pace_mark mark;
};
struct sender {
    struct sender_limits limits;
    struct out_log logs[LOGS_MAX];
    size_t log_count;
    struct sent_span spans[SENDER_SPANS_MAX];
    size_t span_count;
    uint64_t window_bytes;
    uint64_t outstanding_bytes;
    uint64_t credit_bytes; /* what the other end lets us have under way */
    bool urgent_only;      /* the data budget is spent: routine entries wait */
    uint64_t progress_ms;  /* when something was last acknowledged, or sent when nothing was */
    struct pace pace;
};

void sender_init(struct sender *sender, const struct sender_limits *limits);
/* ERR_LIMIT: LOGS_MAX are there. ERR_EXISTS. */
int sender_add(struct sender *sender, const struct incarnation *incarnation, enum lane lane,
               uint64_t last, uint64_t acked) MUST_USE;
struct out_log *sender_log(struct sender *sender, const struct incarnation *incarnation);
/* More entries were appended (durable here already). */
void sender_appended(struct sender *sender, const struct incarnation *incarnation, uint64_t last);
/* A new session: nothing is under way, the window is small; what the line can do is remembered. */
void sender_start(struct sender *sender, uint64_t now_ms);
/* What is under way was held up by an outage that is over. */
void sender_after_stall(struct sender *sender, uint64_t now_ms);
/* True and a plan, if something is to be sent and the window lets it. With nothing under way one
 * span may go whatever the credit: its ack is how a credit of zero ever rises again. */
bool sender_next(const struct sender *sender, struct span_plan *ret);
/* What was acknowledged or rewound since the plan was made is allowed for. */
void sender_sent(struct sender *sender, const struct span_plan *plan, uint64_t last,
                 uint64_t wire_bytes, uint64_t now_ms);
/* The plan's first entry cannot be cut into a span: in this session its log goes no further, until
 * an ack covers that entry; the others go on. */
void sender_stuck(struct sender *sender, const struct span_plan *plan);
/* own_h: our hash of entry ack->id.seq; NULL if there is none. Returns 0 and *ret_moved;
 * ERR_FORK (hash is not ours), ERR_VALUE (acknowledges what was never written),
 * ERR_NOT_FOUND (no such log): nothing changed. */
int sender_acked(struct sender *sender, const struct ack *ack, const struct hash *own_h,
                 uint64_t now_ms, bool *ret_moved) MUST_USE;
/* The cursor at the start of a session may be below what we believed (restored aggregator): the
 * next spans begin there. Same errors. */
int sender_cursor(struct sender *sender, const struct ack *cursor, const struct hash *own_h,
                  bool *ret_back) MUST_USE;
/* What is under way in this log got lost: begin again after what is acknowledged. */
void sender_rewind(struct sender *sender, const struct incarnation *incarnation);
/* Nothing to send that may go now, nothing under way. */
bool sender_idle(const struct sender *sender);
uint64_t sender_backlog(const struct sender *sender); /* entries not acknowledged */

#endif
