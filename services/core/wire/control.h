/* control.h - frames other than spans: session, acks, refusals, keep-alive.
 *
 * byte 0 version 1, byte 1 kind, then protobuf (proto/kabar/v1/control.proto).
 */
#ifndef CORE_WIRE_CONTROL_H
#define CORE_WIRE_CONTROL_H

#include "core/base/arena.h"
#include "core/base/ident.h"
#include "core/base/limits.h"

#define FRAME_VERSION 1u

enum frame_kind {
    FRAME_RESUME = 1,
    FRAME_RESUMED = 2,
    FRAME_SPAN = 3,
    FRAME_ACK = 4,
    FRAME_RECEIPT = 5,
    FRAME_DENIED = 6,
    FRAME_GAP = 7,
    FRAME_KEEP_ALIVE = 8,
    FRAME_COME_BACK = 9,
    FRAME_BYE = 10,
    FRAME_WANT = 11,
    FRAME_PART = 12,
    FRAME_MISSING = 13,
};
const char *frame_kind_name(int kind);

struct session_pair {
    uint8_t prev[16];
    uint8_t next[16];
};

struct log_position {
    struct incarnation incarnation;
    uint32_t lane;
    uint64_t acked, last;
    int64_t oldest_ms;
};
struct resume {
    struct session_pair pair;
    struct incarnation aggregator; /* zero: never met */
    uint64_t enrolment;
    struct log_position logs[LOGS_MAX];
    size_t log_count;
    struct incarnation office;
    uint64_t office_seq;
    struct hash office_h;
    uint64_t credit_bytes;
    int64_t clock_ms;
    uint32_t keep_alive_s;
    bool successor;
    struct bytes software;
};
struct ack {
    struct entry_id id;
    struct hash h;
    struct incarnation aggregator;
    uint64_t backed_up_to;
    uint64_t credit_bytes;
    bool has_signature; /* a receipt */
    struct signature signature;
};
struct resumed {
    bool old; /* this pair is one of the last eight, not the last: OLD */
    uint8_t next[16];
    struct incarnation aggregator;
    struct ack cursors[LOGS_MAX];
    size_t cursor_count;
    int64_t clock_ms;
    struct incarnation office;
};
enum denied_code {
    DENIED_REVOKED = 1,
    DENIED_UNKNOWN_KEY = 2,
    DENIED_CLONE = 3,
    DENIED_FORK = 4,
    DENIED_NO_SESSION = 5,
    DENIED_WRONG_LOG = 6,
    DENIED_VERSION = 7
};
const char *denied_code_name(enum denied_code code);
struct denied {
    enum denied_code code;
    struct bytes text;
    uint32_t retry_s;
};
struct gap {
    struct entry_id have; /* last seq the receiver has; 0: none */
    struct hash h;
};
struct keep_alive {
    uint64_t backlog;
    int64_t oldest_ms, clock_ms;
    bool answer;
};
struct come_back {
    uint32_t retry_s;
};
struct object_range {
    uint64_t offset, length; /* length above 0 */
};
/* hash: of the object, or of its block list. */
struct want {
    struct hash hash;
    struct object_range ranges[OBJECT_RANGES_MAX];
    size_t count; /* 1 at least */
};
struct object_part {
    struct hash hash;
    uint64_t offset;
    struct bytes data;
};
struct missing {
    struct hash hash;
};

/* One decoded control frame. */
struct control {
    enum frame_kind kind;
    union {
        struct resume resume;
        struct resumed resumed;
        struct ack ack;
        struct denied denied;
        struct gap gap;
        struct keep_alive keep_alive;
        struct come_back come_back;
        struct want want;
        struct object_part part;
        struct missing missing;
    } as;
};

/* Kind of a frame, or ERR_VERSION / ERR_FORMAT. */
int frame_kind_of(struct bytes frame, struct err_ctx *err) MUST_USE;
/* Not for FRAME_SPAN (ERR_FORMAT). Bytes point into the arena. */
int control_decode(struct bytes frame, struct arena *arena, struct control *ret,
                   struct err_ctx *err) MUST_USE;
/* Writes at most CONTROL_BYTES_MAX; a PART of a whole block is the one that is larger. */
int control_encode(const struct control *control, uint8_t *ret, size_t capacity_max,
                   size_t *ret_len, struct err_ctx *err) MUST_USE;

#endif
