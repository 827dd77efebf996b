/* effects.h - what the sync engine asks its shell to do. The shell carries it out and has no rules.
 *
 * A step function appends to a `struct effects`; the shell carries the effects out in order. A
 * connection is a small number that the uplink chooses (node end) or the shell (aggregator end);
 * events that name a connection which is over are ignored.
 */
#ifndef CORE_SYNC_EFFECTS_H
#define CORE_SYNC_EFFECTS_H

#include "core/wire/control.h"
#include "core/wire/entry.h"
#include "core/wire/span.h"

#define EFFECTS_MAX 32u

/* Next span to cut from one of our logs: entries first..last_max, as many as fit raw_bytes_max. */
struct span_plan {
    struct incarnation incarnation;
    uint64_t first;
    uint64_t last_max;
    size_t raw_bytes_max;
    enum span_codec codec;
    uint32_t log; /* index in the sender, given back in the SPAN_SENT event */
};

/* Bytes of a file of ours, to be sent as one PART. */
struct part_plan {
    struct hash hash; /* of the object, or of its block list */
    struct object_range range;
};

/* A span that was verified and is to be stored as received. The store refuses it (ERR_GAP, nothing
 * written) unless its own cursor for this log is (first_new - 1, h_before). */
struct span_store {
    struct incarnation incarnation;
    uint64_t first_new; /* first entry that is new; those before it are skipped */
    uint64_t last;
    uint32_t skip;        /* entries of the frame at or below the cursor */
    uint32_t epoch;       /* given back in the STORED event */
    struct hash h_before; /* of entry first_new - 1 */
    struct hash h_last;
    bool is_new_log; /* entry 1 is in it: the genesis was checked */
    enum lane lane;
    /* A successor: the log it goes on from, the seq s and how many entries are copies; incarnation
     * zero: none. */
    struct entry_id predecessor;
    uint64_t copies;
    /* The log that is over with this one, in the same transaction; zero: none. */
    struct incarnation ends;
};

/* Names are what the log line and the counters say. */
#define ALARM_LIST(X)                                                                              \
    X(ALARM_FORK, "fork")               /* two histories under one key */                          \
    X(ALARM_CLONE, "clone")             /* our session pair is one of the past */                  \
    X(ALARM_ACK_FOREIGN, "ack_foreign") /* ack whose hash is not ours */                           \
    X(ALARM_ACK_AHEAD, "ack_ahead")     /* ack of what was never written */                        \
    X(ALARM_ACK_BACK, "ack_back")       /* cursor went back: restored aggregator */                \
    X(ALARM_BAD_FRAME, "bad_frame")     /* malformed or unexpected frame */                        \
    X(ALARM_BAD_CHAIN, "bad_chain")     /* chain or head does not hold */                          \
    X(ALARM_WRONG_LOG, "wrong_log")     /* this key may not write this log */                      \
    X(ALARM_NO_ROOM, "no_room")         /* store full: come back later */                          \
    X(ALARM_DENIED, "denied")           /* the aggregator refused us */                            \
    X(ALARM_WINDOW, "window_exceeded")  /* peer sent more than its credit */                       \
    X(ALARM_SUCCESSOR, "successor")     /* a log goes on under another incarnation */              \
    X(ALARM_RESTORED, "restored")       /* a receipt of ours is above our cursor: we lost it */    \
    X(ALARM_LIVES, "too_many_lives")    /* a log went on as another too often: enrol anew */

enum alarm {
#define ALARM_X(name, text) name,
    ALARM_LIST(ALARM_X)
#undef ALARM_X
        ALARM_COUNT
};
const char *alarm_name(enum alarm alarm);

enum effect_type {
    EFFECT_CONNECT,     /* open connection number `connection`; LINK_DOWN after these waits */
    EFFECT_DISCONNECT,  /* close it; no event for it comes any more */
    EFFECT_COMMIT_PAIR, /* make the pair durable, then PAIR_COMMITTED */
    EFFECT_SEND,        /* a control frame on `connection` */
    EFFECT_SEND_SPAN, /* cut a span, send it, then SPAN_SENT; or SEND_BLOCKED, also when its entries
                         were acknowledged and deleted meanwhile, or cannot be read. The next one is
                         asked for only after that, or on another connection */
    EFFECT_SEND_PART, /* read it, send it, then PART_SENT, with rc if it cannot be read; or
                         SEND_BLOCKED */
    EFFECT_OBJECT,    /* a PART or MISSING came, in `control`: for whoever asked */
    EFFECT_STORE_SPAN, /* store the frame of the current event, then STORED */
    EFFECT_ACKED,      /* a log of ours is durable at the other end up to here; also receipts */
    EFFECT_ALARM,      /* count it, one line per interval */
    EFFECT_WAKE,       /* TICK at at_ms (the earliest asked is enough) */
    /* Our logs go on under new incarnations (outlog_succeed), because the other end shows that this
     * store was restored or copied (from.incarnation zero: all of them, after what is acknowledged,
     * in a new session chain), or because it has no more than `from` of an earlier log of this
     * line (seq 0 and a log that we do not know: all of the line). The engine has stopped; the
     * shell commits, then begins it anew. */
    EFFECT_SUCCEED,
    /* Aggregator: this store lost what it had receipted. The shell marks it restored and ends. */
    EFFECT_RESTORED,
};

struct effect {
    enum effect_type type;
    uint32_t connection;
    union {
        struct control control;
        struct span_plan plan;
        struct part_plan part;
        struct span_store store;
        struct session_pair pair;
        struct ack acked;
        struct {
            uint64_t connect_ms;   /* until TCP is connected */
            uint64_t handshake_ms; /* from there until CURVE's handshake is done */
        } connect;
        struct entry_id from; /* EFFECT_SUCCEED */
        struct {
            enum alarm code;
            int error;               /* err code, 0 if none */
            enum denied_code denied; /* ALARM_DENIED */
        } alarm;
        uint64_t at_ms;
    } as;
};

struct effects {
    struct effect list[EFFECTS_MAX];
    size_t count;
};

/* The next free effect, zeroed; ASSERTs that there is one. */
struct effect *effects_add(struct effects *effects, enum effect_type type, uint32_t connection);
struct control *effects_send(struct effects *effects, uint32_t connection, enum frame_kind kind);
void effects_alarm(struct effects *effects, uint32_t connection, enum alarm code, int error);
void effects_wake(struct effects *effects, uint64_t at_ms);

#endif
