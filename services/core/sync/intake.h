/* intake.h - the aggregator's end of one enrolled node: what may come in, what goes back.
 *
 * It judges only frame, limits, session pair, chain, head, and whether this key may write this
 * log; it never decodes a body but the genesis. Promises: an ack or receipt speaks only of what
 * the store reported as synced; RESUMED only of a pair that is durable; a key that was revoked is
 * answered one DENIED and nothing else; never more than NODE_QUEUE_BYTES_MAX is under way.
 *
 *  connection:  NEW ── RESUME: step, retry ──► RESUMING ── pair durable ──► OPEN
 *                │                               │ spans are taken already    │
 *                └── OLD, fork, foreign ────► CLOSED ◄── no room, revoked ────┘
 *
 * One struct per enrolment; the shell serialises its events. Time comes in with the event.
 */
#ifndef CORE_SYNC_INTAKE_H
#define CORE_SYNC_INTAKE_H

#include "core/sync/carried.h"
#include "core/sync/genesis.h"
#include "core/sync/object_giver.h"
#include "core/sync/receiver.h"
#include "core/sync/sender.h"
#include "core/sync/session.h"

#define INTAKE_CONNECTIONS_MAX 4u /* of one node; the oldest makes room */

/* What the engine looks up in its shell's store within a step. */
struct intake_lookup {
    void *arg;
    /* A node log of this regency, under whatever enrolment: our cursor, and our h at id.seq (zeros
     * for 0; only when id.seq <= *ret_last). ERR_NOT_FOUND: we have nothing of it.
     * ERR_KEY: it is another regency's. */
    int (*log)(void *arg, const struct entry_id *id, uint64_t *ret_last, struct hash *ret_h_last,
               struct hash *ret_h);
};

struct intake_config {
    struct sender_limits limits;
    struct intake_lookup lookup;
    uint64_t keep_alive_ms; /* until the node says its own: two of them are silence */
    struct key log_key;
    struct incarnation aggregator;
    struct bytes province, regency; /* borrowed for the intake's life */
    uint64_t enrolment;
    struct key signing_key; /* the node's, as enrolled */
    struct incarnation office;
    const uint8_t *log_secret; /* SECRET_BYTES, signs receipts; borrowed */
    uint64_t receipt_interval_ms;
    uint64_t queue_bytes_max;
    uint32_t lives_max;          /* 0: LOG_LIVES_MAX */
    struct object_lookup object; /* that this node's office log names */
};

enum intake_connection_state {
    INTAKE_NEW,
    INTAKE_RESUMING,
    INTAKE_OPEN,
    INTAKE_CLOSED,
};
struct intake_connection {
    uint32_t number; /* 0: free */
    enum intake_connection_state state;
    uint8_t next[16];                   /* of its RESUME */
    struct incarnation named[LOGS_MAX]; /* the node's logs, as its RESUME says */
    size_t named_count;
};
struct intake_log {
    struct receiver receiver;
    bool ended; /* a successor was taken: nothing more comes in */
    bool ack_due;
    bool gap_told;
    uint32_t in_flight; /* spans handed to the store, not yet answered */
    uint64_t receipt_seq, receipt_ms, receipt_backed_up_to;
    uint64_t backed_up_to;
};
struct intake {
    struct intake_config config;
    bool revoked;
    bool held; /* the views lag too far: no credit until they have caught up */
    struct session_memory session, session_durable;
    uint32_t pairs_in_flight;
    struct intake_connection connections[INTAKE_CONNECTIONS_MAX];
    struct intake_log logs[LOGS_MAX];
    size_t log_count;
    uint32_t lives[LANE_JOURNAL]; /* by lane: logs there ever were under this enrolment */
    struct sender office;
    uint32_t live; /* the open connection the node was last heard on: answers go there; 0: none */
    bool office_held;          /* the node's office log contradicts ours: nothing is sent in it */
    struct object_giver giver; /* of what the node wants, on `live` */
    bool planned;              /* an office span or part was asked for and not answered */
    bool blocked;              /* the pipe was full: TICK tries again */
    uint32_t office_doublings; /* of the wait for an ack of office spans */
    uint64_t queue_bytes;      /* handed to the store, not yet answered */
    uint64_t keep_alive_ms;    /* the node's */
    uint64_t begun_ms;         /* first event: nobody was heard of before */
    uint64_t heard_ms;         /* last valid frame of a session that we took */
    int64_t clock_offset_ms;   /* node's clock minus ours at its last RESUME */
    uint64_t node_backlog;     /* entries it says it has for us, at the last RESUME or keep-alive */
    int64_t oldest_since_ms;   /* by our wall clock, the oldest of them; 0: not said */
};

enum intake_event_type {
    INTAKE_EVENT_CONTROL,     /* connection, control, own_h for acks of the office log */
    INTAKE_EVENT_SPAN,        /* connection, header, entries, wire_bytes; or rc ERR_GAP and no
                               * entries: packed after some that did not come over it */
    INTAKE_EVENT_BAD_FRAME,   /* connection, rc */
    INTAKE_EVENT_PAIR_STORED, /* connection, rc */
    INTAKE_EVENT_STORED,      /* store, wire_bytes, rc */
    INTAKE_EVENT_FLUSH,       /* after a batch of STORED: acks go out */
    INTAKE_EVENT_APPENDED,    /* id: office log and its last entry, durable */
    INTAKE_EVENT_SPAN_SENT,   /* connection, plan, id.seq, wire_bytes */
    INTAKE_EVENT_SEND_BLOCKED,
    INTAKE_EVENT_PART_SENT, /* connection, rc: it could not be read */
    INTAKE_EVENT_GONE,      /* connection is over */
    INTAKE_EVENT_TICK,      /* now and then: receipts, blocked sends */
    INTAKE_EVENT_REVOKED,
    INTAKE_EVENT_CLOSE, /* the aggregator stops: last receipts, BYE */
};

struct intake_event {
    enum intake_event_type type;
    uint64_t now_ms;
    int64_t clock_ms;
    uint32_t connection;
    int rc;
    struct entry_id id;
    const struct control *control;
    /* Our hash of the office entry that ACK, GAP or RESUME names, of this office log or an earlier
     * one of its line; NULL: no such entry (or seq 0). */
    const struct hash *own_h;
    bool office_before;   /* RESUME, GAP: the log named is an earlier one of this office line */
    uint64_t office_last; /* GAP: … and this is the last entry that still stands in it */
    const struct span_header *header;
    const struct span_entry *entries;
    struct arena *arena;
    struct span_plan plan;
    uint64_t wire_bytes;
    struct span_store store;
};

void intake_init(struct intake *intake, const struct intake_config *config,
                 const struct session_memory *session);
/* At start: logs that are in the store. ERR_LIMIT. */
int intake_add_log(struct intake *intake, const struct incarnation *incarnation, enum lane lane,
                   uint64_t durable, const struct hash *h) MUST_USE;
int intake_set_office(struct intake *intake, uint64_t last, uint64_t acked) MUST_USE;
/* At start: a log of this enrolment that is in the store, ended or not; also each of the office
 * line. With LOG_LIVES_MAX of a lane no further one is taken or asked for: every life costs the
 * store, and whoever needs that many is looked at by a person (ALARM_LIVES) and enrolled anew. */
void intake_count_life(struct intake *intake, enum lane lane);
/* Entries of a node's log up to `seq` survive the loss of this machine; an unknown log is fine. */
void intake_set_backed_up(struct intake *intake, const struct incarnation *incarnation,
                          uint64_t seq);
/* EFFECT_COMMIT_PAIR means: store intake->session (session_encode) for this enrolment. */
void intake_step(struct intake *intake, const struct intake_event *event, struct effects *effects);
/* A span that came by stick: event's header, entries, arena, wire_bytes, its connection
 * CARRIED_CONNECTION. What is asked of the store is answered by STORED as ever. A log that goes on
 * from one that lives is taken when nobody was heard for so long as a session's would be. */
void intake_carry(struct intake *intake, const struct intake_event *event, struct effects *effects,
                  struct carried *ret);
/* Signed, of every log that lives and has something durable; how many. They change nothing here. */
size_t intake_receipts(const struct intake *intake, struct ack ret[LOGS_MAX]);
/* The views lag more than VIEWS_LAG_ENTRIES_MAX behind the journal, or no more: while held, acks
 * go out at TICK only and give no credit, so a node sends about a span a tick; at the end every log
 * is acknowledged anew. */
void intake_hold(struct intake *intake, bool held);
/* The connection to ask for objects on (WANT); 0: none is open. */
uint32_t intake_asks(const struct intake *intake);
/* A session is there and a frame came within `silence_ms`. */
bool intake_connected(const struct intake *intake, uint64_t now_ms, uint64_t silence_ms);

#endif
