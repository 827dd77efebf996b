/* uplink.h - the node's end of a link: when to connect, what to send, what an answer means.
 *
 *            START                 pair durable            LINK_UP               RESUMED
 *  STOPPED ─────────► PAIRING ───────────────► CONNECTING ─────────► RESUMING ──────────► LIVE
 *                        ▲  (nothing to commit: at once)      │           │  spans flow     │
 *                        │                                    ▼           ▼                 ▼
 *                        └──────── TICK, when due ──────── WAITING ◄──────┴── down, silent ─┘
 *
 * Promises: a pair is durable before it is sent; RESUME goes out together with the first span; an
 * entry is sent once a session; an ack with a hash that is not ours or a receipt that the
 * province's log key did not sign changes nothing; every wait ends. When the aggregator shows that
 * this store was restored or copied, the engine stops and asks once for successors of its logs
 * (EFFECT_SUCCEED); a successor that is refused waits. Three back-offs (DESIGN):
 * refused: full jitter up to 60 s; silence with a backlog: 1 to 2 s for 10 minutes, then 60 s;
 * denied: 5 to 15 minutes
 * (but every 3 s in the first 10 minutes of a node that never met its aggregator: the officer may
 * say yes any moment). Time and random bytes come in with the event.
 */
#ifndef CORE_SYNC_UPLINK_H
#define CORE_SYNC_UPLINK_H

#include "core/sync/carried.h"
#include "core/sync/genesis.h"
#include "core/sync/object_giver.h"
#include "core/sync/receiver.h"
#include "core/sync/sender.h"
#include "core/sync/session.h"

enum uplink_state {
    UPLINK_STOPPED,
    UPLINK_WAITING,
    UPLINK_PAIRING,
    UPLINK_CONNECTING,
    UPLINK_RESUMING,
    UPLINK_LIVE,
    UPLINK_STATE_COUNT
};
const char *uplink_state_name(enum uplink_state state);

struct uplink_config {
    struct sender_limits limits;
    uint64_t enrolment;
    uint64_t silence_ms;    /* least time without progress before a new connection */
    uint64_t keep_alive_ms; /* idle time before a keep-alive */
    uint64_t reconnect_ms;  /* first back-off when refused */
    struct key office_signer;
    struct bytes province, regency; /* borrowed for the uplink's life */
    struct incarnation office;
    struct bytes software;
    /* Our h at an entry of the office log or of one before it, as stored; of seq 0 anything, if we
     * ever had that log. ERR_NOT_FOUND. Within a step. */
    void *lookup_arg;
    int (*office_h)(void *arg, const struct entry_id *id, struct hash *ret);
    struct object_lookup object; /* of ours that the aggregator may ask for */
};

struct uplink {
    struct uplink_config config;
    enum uplink_state state;
    struct sender sender;
    struct receiver office;
    struct receiver office_next; /* the office log goes on as this one; nothing of it is durable */
    bool office_over;            /* there is such a one */
    struct session_own own, own_before;
    struct entry_id predecessors[LOGS_MAX]; /* by index of the sender's logs */
    struct ack receipts[LOGS_MAX];          /* the last of each; id.seq 0: none */
    struct ack carried[LOGS_MAX];           /* … that came by stick since this session began */
    struct incarnation aggregator;          /* last met; the shell keeps it */
    uint32_t connection, last_connection;
    uint32_t kept; /* silent, not given up while another is tried; 0: none */
    enum uplink_state kept_state;
    uint32_t refused_count; /* in a row */
    uint64_t started_ms;
    uint64_t silent_since_ms;
    uint64_t wake_ms; /* WAITING: when to try again */
    uint64_t connect_began_ms;
    uint64_t connect_ms;   /* how long TCP may take this time */
    uint64_t deadline_ms;  /* CONNECTING */
    uint64_t resumed_ms;   /* when RESUME was sent */
    uint32_t failed_count; /* attempts in a row that did not get through a handshake */
    uint64_t heard_ms;     /* last frame from the aggregator */
    uint64_t keep_alive_sent_ms;
    uint32_t silence_doublings;
    bool pair_in_flight;       /* own.pair is not durable yet */
    struct object_giver giver; /* of what the aggregator wants */
    bool no_objects;           /* none goes now: the data budget, or the hour */
    bool planned;              /* a span or part was asked for and not answered */
    bool blocked;              /* the pipe was full: TICK tries again */
    bool gap_told;             /* the office log has a gap and the aggregator knows */
    enum denied_code denied;   /* why we wait, 0: not denied */
    int64_t clock_offset_ms;   /* aggregator's clock minus ours at the last RESUMED */
};

enum uplink_event_type {
    UPLINK_EVENT_START,
    UPLINK_EVENT_STOP,
    UPLINK_EVENT_TICK,
    UPLINK_EVENT_PAIR_COMMITTED, /* rc */
    UPLINK_EVENT_LINK_UP,
    UPLINK_EVENT_LINK_DOWN,
    UPLINK_EVENT_LINK_DENIED,
    UPLINK_EVENT_APPENDED,     /* id: log and last entry, durable */
    UPLINK_EVENT_CONTROL,      /* control, own_h for each ack in it */
    UPLINK_EVENT_SPAN,         /* header, entries */
    UPLINK_EVENT_BAD_FRAME,    /* rc: did not decode */
    UPLINK_EVENT_SPAN_SENT,    /* plan, id.seq: last, wire_bytes */
    UPLINK_EVENT_PART_SENT,    /* rc: it could not be read */
    UPLINK_EVENT_SEND_BLOCKED, /* rc 0: the pipe is full; else plan: it cannot be cut */
    UPLINK_EVENT_STORED,       /* store, rc */
};

struct uplink_event {
    enum uplink_event_type type;
    uint64_t now_ms;
    int64_t clock_ms;
    uint8_t random[16];
    uint32_t connection; /* of LINK_*, CONTROL, SPAN, SPAN_SENT, SEND_BLOCKED */
    int rc;
    struct entry_id id;
    const struct control *control;
    const struct hash *own_h[LOGS_MAX]; /* our hash of the entry each ack or GAP names, or NULL */
    bool line_before; /* GAP: the log named is an earlier one of a line of ours (outlog_in_line) */
    uint64_t line_last; /* … and this is the last entry that still stands in it */
    const struct span_header *header;
    const struct span_entry *entries;
    struct arena *arena; /* for the genesis */
    struct span_plan plan;
    uint64_t wire_bytes;
    struct span_store store;
};

void uplink_init(struct uplink *uplink, const struct uplink_config *config,
                 const struct session_own *own, const struct incarnation *aggregator,
                 uint64_t office_durable, const struct hash *office_h);
/* Before START: the logs we write. */
int uplink_add_log(struct uplink *uplink, const struct incarnation *incarnation, enum lane lane,
                   uint64_t last, uint64_t acked, uint64_t receipt) MUST_USE;
/* Before START: the log goes on from an earlier one; the last receipt there is of a log. */
void uplink_set_predecessor(struct uplink *uplink, const struct incarnation *incarnation,
                            const struct entry_id *predecessor);
void uplink_set_receipt(struct uplink *uplink, const struct ack *receipt);
/* A new key ring: the office log may have another signer from here on. */
void uplink_set_office_signer(struct uplink *uplink, const struct key *signer);
/* From the next step on: only acks, session and urgent entries go; no objects go. */
void uplink_hold(struct uplink *uplink, bool urgent_only, bool no_objects);
void uplink_step(struct uplink *uplink, const struct uplink_event *event, struct effects *effects);
/* A frame that came by stick: CONTROL with own_h[0] (a receipt), or SPAN of the office log; the
 * connection is CARRIED_CONNECTION. In any state; what the store is asked for is answered by
 * STORED. */
void uplink_carry(struct uplink *uplink, const struct uplink_event *event, struct effects *effects,
                  struct carried *ret);
/* The connection to ask for objects on (WANT); 0: there is no session, or none may go now. */
uint32_t uplink_asks(const struct uplink *uplink);
/* How long without progress is too long now (also the connect and handshake timeouts' base). */
uint64_t uplink_silence_ms(const struct uplink *uplink);

#endif
