/* sim.h - one run from one seed: up to four nodes and an aggregator on a bad network.
 *
 * The shells here (node.c, hub.c) stand where the programs stand: they carry out the effects of the
 * shipped uplink and intake, through the shipped frames, chain and spans. Time, network (net.c) and
 * disks (disk.c) are made up. check.c keeps its own books and knows nothing of the core's.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "core/sync/intake.h"
#include "core/sync/uplink.h"

#define SIM_NODES_MAX 4u
#define SIM_LOGS 3u /* urgent, routine, office: the checker's index of a log */
#define SIM_UP_LOGS 2u
#define SIM_OFFICE 2u
#define SIM_STEPS_MAX 2000000u
#define SIM_QUIET_MS_MAX 3600000u /* everything drains within an hour once faults are off */
#define SIM_SPIN_MAX 200u         /* ticks without time passing */

/* What went wrong on purpose. Each kind must have happened once the seeds of a run are through. */
#define FAULT_LIST(X)                                                                              \
    X(FAULT_CUT, "cut")                                                                            \
    X(FAULT_REFUSED, "refused")                                                                    \
    X(FAULT_HALF_OPEN, "half_open")                                                                \
    X(FAULT_LOST_INSIDE, "lost_inside")                                                            \
    X(FAULT_DUPLICATED, "duplicated")                                                              \
    X(FAULT_REORDERED, "reordered")                                                                \
    X(FAULT_DELAYED, "delayed")                                                                    \
    X(FAULT_DROPPED, "dropped_as_curve")                                                           \
    X(FAULT_DAMAGED, "damaged_span")                                                               \
    X(FAULT_BLOCKED, "send_blocked")                                                               \
    X(FAULT_SLOW_CUT, "span_cut_later")                                                            \
    X(FAULT_STALE, "event_of_old_connection")                                                      \
    X(FAULT_NODE_CRASH, "node_crash")                                                              \
    X(FAULT_HUB_CRASH, "aggregator_crash")                                                         \
    X(FAULT_COMMIT_LOST, "crash_lost_commit")                                                      \
    X(FAULT_COMMIT_APPLIED, "crash_applied_commit")                                                \
    X(FAULT_NODE_FULL, "node_refused_full")                                                        \
    X(FAULT_HUB_FULL, "aggregator_refused_full")                                                   \
    X(FAULT_STOPPED, "uplink_stopped")

enum fault {
#define FAULT_X(name, text) name,
    FAULT_LIST(FAULT_X)
#undef FAULT_X
        FAULT_COUNT
};

/* Mistakes a shell could make; the checker must see each. */
#define PLANT_LIST(X)                                                                              \
    X(PLANT_NONE, "none")                                                                          \
    X(PLANT_ACK_BEFORE_COMMIT, "ack-before-commit")                                                \
    X(PLANT_RECEIPT_BEFORE_COMMIT, "receipt-before-commit")                                        \
    X(PLANT_PAIR_BEFORE_COMMIT, "pair-before-commit")                                              \
    X(PLANT_RESUMED_BEFORE_COMMIT, "resumed-before-commit")                                        \
    X(PLANT_OFFICE_ACK_BEFORE_COMMIT, "office-ack-before-commit")                                  \
    X(PLANT_DELETE_BEFORE_ACK, "delete-before-ack")                                                \
    X(PLANT_SKIP_IGNORED, "skip-ignored")                                                          \
    X(PLANT_WAKE_FORGOTTEN, "wake-forgotten")

enum plant {
#define PLANT_X(name, text) name,
    PLANT_LIST(PLANT_X)
#undef PLANT_X
        PLANT_COUNT
};
const char *fault_name(enum fault fault);
const char *plant_name(enum plant plant);

struct rng {
    uint64_t s[4];
};
void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t limit);
void rng_fill(struct rng *rng, uint8_t *to, size_t len);

/* How bad this run is: chances in permille, intervals as means in ms (0: never). */
struct profile {
    const char *name;
    uint32_t lost, duplicated, delayed, dropped, damaged, blocked, slow_cut, refused;
    uint32_t cut_ms, node_crash_ms, hub_crash_ms, node_full_ms, hub_full_ms, stop_ms;
};

struct entry {
    uint16_t kind;
    size_t len;
    uint8_t *body;
    struct hash h;
};
struct entries {
    struct entry *list;
    size_t count, capacity;
};

/* ---- disks: commands wait, one commit is under way, then durable ---- */

enum op_type {
    OP_APPEND,     /* log, kind, data: an own entry (node: report; hub: office) */
    OP_PAIR,       /* node: pair */
    OP_ACKED,      /* log, seq; signed: a receipt */
    OP_AGGREGATOR, /* node: id.incarnation of the aggregator met */
    OP_SPAN,       /* store, data: the frame as received */
    OP_SESSION,    /* hub: memory */
};
struct op {
    enum op_type type;
    uint32_t node; /* whose, at the hub */
    uint32_t log;
    uint32_t connection;
    bool answered; /* a planted shell said so before the commit */
    bool has_signature;
    uint16_t kind;
    uint64_t seq;
    struct span_store store;
    struct session_pair pair;
    struct session_memory memory;
    struct incarnation incarnation;
    uint8_t *data;
    size_t len;
    int rc;
};
struct ops {
    struct op *list;
    size_t count, capacity;
};
struct disk {
    struct ops waiting, flight;
    bool full;
    bool crash_armed; /* its owner crashes while the next commit is under way */
};

/* A span that a shell was asked for and has not cut yet. */
struct late_span {
    uint32_t connection; /* 0: none */
    struct span_plan plan;
};

/* ---- the node ---- */

struct cursor {
    bool open;
    struct incarnation incarnation;
    uint64_t seq;
    struct hash h;
};
struct node_durable {
    struct entries logs[SIM_UP_LOGS];
    uint64_t acked[SIM_UP_LOGS], receipt[SIM_UP_LOGS], deleted[SIM_UP_LOGS];
    struct session_pair pair;
    struct incarnation aggregator;
    struct cursor office;
};
struct node {
    uint32_t index;
    bool up;
    uint32_t life;
    char regency[8];
    uint64_t enrolment;
    struct key key;
    uint8_t secret[SECRET_BYTES];
    struct incarnation logs[SIM_UP_LOGS], office;
    struct uplink uplink;
    struct disk disk;
    struct node_durable durable;
    uint64_t wake_ms; /* 0: no tick asked for */
    uint64_t spin_ms;
    uint32_t spin_count;
    uint64_t cut_until_ms;
    uint32_t delay_ms; /* of its line, one way */
    uint32_t newest_link;
    struct late_span late;
    struct uplink_event pending[16];
    size_t pending_first, pending_count;
};

/* ---- the aggregator ---- */

struct peer {
    struct intake intake;
    struct session_memory memory; /* durable from here on */
    struct cursor logs[SIM_UP_LOGS];
    struct entries office;
    uint64_t office_acked;
    struct late_span late;
};
struct hub {
    bool up;
    uint32_t life;
    struct incarnation incarnation;
    struct key key;
    uint8_t secret[SECRET_BYTES];
    struct disk disk;
    struct peer peers[SIM_NODES_MAX];
    uint32_t next_number;
    struct intake_event pending[16];
    size_t pending_first, pending_count;
};

/* ---- the network ---- */

struct net_link {
    uint32_t node, life, number; /* the node's end */
    uint32_t hub_number, hub_life;
    bool open; /* the node has not closed it */
    bool broken;
    uint64_t last_ms[2]; /* nothing overtakes inside a connection */
};
struct packet {
    uint32_t link;
    bool to_hub, late;
    uint32_t copies;
    size_t len;
    uint8_t data[];
};

/* ---- time ---- */

enum event_type {
    EVENT_APPEND,    /* who: node */
    EVENT_OFFICE,    /* who: node it is for */
    EVENT_COMMIT,    /* who: node, or SIM_NODES_MAX for the hub; life */
    EVENT_PACKET,    /* packet */
    EVENT_LINK_UP,   /* who: link */
    EVENT_LINK_DOWN, /* who: link */
    EVENT_GONE,      /* who: link */
    EVENT_WAKE,      /* who: node, life */
    EVENT_CUT_NODE,  /* who: node, life: what it was asked for goes out */
    EVENT_CUT_HUB,   /* who: node it is for, life */
    EVENT_HUB_TICK,  /* life */
    EVENT_FAULT,     /* who: enum fault, life: node */
    EVENT_CRASH,     /* who: node or SIM_NODES_MAX; life */
    EVENT_RESTART,   /* who: node or SIM_NODES_MAX */
    EVENT_FULL_ENDS, /* who: node or SIM_NODES_MAX */
    EVENT_START,     /* who: node, life: after a stop */
};
struct event {
    uint64_t at_ms, order;
    enum event_type type;
    uint32_t who, life;
    struct packet *packet;
};

struct check; /* check.c */

struct sim {
    uint64_t seed;
    bool trace;
    enum plant plant;
    struct rng rng;
    struct profile profile;
    uint64_t now_ms, steps, order, digest;
    bool faults;
    uint64_t faults_until_ms;
    struct event *heap;
    size_t heap_count, heap_capacity;
    struct net_link *links;
    size_t link_count, link_capacity;
    uint32_t node_count;
    struct node nodes[SIM_NODES_MAX];
    struct hub hub;
    struct check *check;
    struct arena *arena, *store_arena;
    struct span_builder *builder;
    struct span_decoder *decoder;
    struct effects effects;
    struct bytes frame; /* under way through a shell */
    uint8_t buffer[CONTROL_BYTES_MAX];
    uint64_t counts[FAULT_COUNT];
    uint64_t alarms[ALARM_COUNT];
    uint64_t stored, receipts;
    bool failed;
    char failure[256];
};

/* sim.c */
struct sim *sim_new(uint64_t seed, enum plant plant, bool trace);
void sim_free(struct sim *sim);
/* True when the run held what it must; else sim->failure says what did not. */
bool sim_run(struct sim *sim);
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_at(struct sim *sim, uint64_t delay_ms, struct event event);
/* True with this chance while faults are on; counted. */
bool sim_fault(struct sim *sim, enum fault fault, uint32_t permille);
void *sim_room(void *list, size_t count, size_t *capacity, size_t item_bytes);

/* entries.c: what a log is on a disk, and cutting spans from it */
void entries_add(struct entries *entries, const struct incarnation *incarnation, uint16_t kind,
                 struct bytes body);
const struct hash *entries_h(const struct entries *entries, uint64_t seq);
void entries_clear(struct entries *entries);
/* A span frame's entries, in the arena or the frame. */
int entries_decode(struct sim *sim, struct arena *arena, struct bytes frame,
                   struct span_header *ret_header, struct span_entry **ret) MUST_USE;
/* The frame is valid until the next one is cut. */
struct bytes entries_cut(struct sim *sim, const struct entries *entries,
                         const struct span_plan *plan, const uint8_t *secret, uint64_t *ret_last);

/* disk.c */
void disk_put(struct sim *sim, uint32_t owner, struct op op, struct bytes data);
void disk_commit(struct sim *sim, uint32_t owner);
void disk_crash(struct sim *sim, uint32_t owner);
void disk_clear(struct disk *disk);

/* node.c */
void node_setup(struct sim *sim, uint32_t index);
void node_boot(struct sim *sim, struct node *node);
void node_crash(struct sim *sim, struct node *node);
void node_append(struct sim *sim, struct node *node);
void node_wake(struct sim *sim, struct node *node);
void node_link(struct sim *sim, struct node *node, uint32_t number, bool up);
void node_frame(struct sim *sim, struct node *node, uint32_t number, struct bytes frame);
void node_cut(struct sim *sim, struct node *node);
void node_onoff(struct sim *sim, struct node *node, bool on);
int node_apply(struct sim *sim, struct node *node, struct op *op);
void node_answer(struct sim *sim, struct node *node, struct op *op);

/* hub.c */
void hub_setup(struct sim *sim);
void hub_boot(struct sim *sim);
void hub_crash(struct sim *sim);
void hub_append(struct sim *sim, uint32_t node);
void hub_cut(struct sim *sim, uint32_t node);
void hub_tick(struct sim *sim);
void hub_gone(struct sim *sim, uint32_t node, uint32_t number);
void hub_frame(struct sim *sim, uint32_t node, uint32_t number, struct bytes frame);
int hub_apply(struct sim *sim, struct op *op);
void hub_answer(struct sim *sim, struct op *op);
void hub_flush(struct sim *sim, uint32_t node);

/* net.c */
void net_connect(struct sim *sim, struct node *node, uint32_t number);
void net_disconnect(struct sim *sim, struct node *node, uint32_t number);
void net_send_up(struct sim *sim, struct node *node, uint32_t number, struct bytes frame);
void net_send_down(struct sim *sim, uint32_t hub_number, struct bytes frame);
void net_arrive(struct sim *sim, struct packet *packet);
void net_link_event(struct sim *sim, uint32_t link, bool up);
void net_gone(struct sim *sim, uint32_t link);
/* Breaks a node's connections (SIM_NODES_MAX: everybody's); the ends may learn of it. */
void net_break(struct sim *sim, uint32_t node);

/* check.c: the books of somebody who trusts nobody. log: SIM_LOGS index */
struct check *check_new(void);
void check_free(struct check *check);
void check_log(struct sim *sim, uint32_t node, uint32_t log, const struct incarnation *incarnation);
void check_written(struct sim *sim, uint32_t node, uint32_t log, uint16_t kind, struct bytes body);
void check_signed(struct sim *sim, const struct incarnation *incarnation, uint64_t last);
void check_stored(struct sim *sim, uint32_t node, const struct entry_id *id, uint16_t kind,
                  struct bytes body);
void check_acked(struct sim *sim, uint32_t node, const struct ack *ack);
void check_deleted(struct sim *sim, uint32_t node, uint32_t log, uint64_t seq);
void check_pair_written(struct sim *sim, uint32_t node, const struct session_pair *pair);
void check_pair_sent(struct sim *sim, uint32_t node, const struct session_pair *pair);
void check_session_written(struct sim *sim, uint32_t node, const uint8_t next[16]);
void check_resumed_sent(struct sim *sim, uint32_t node, const uint8_t next[16]);
bool check_drained(const struct sim *sim);
/* Which log of a node this is; SIM_LOGS when it is none. */
uint32_t check_find(const struct sim *sim, uint32_t node, const struct incarnation *incarnation);

#endif
