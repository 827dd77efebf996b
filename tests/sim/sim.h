/* sim.h - one run from one seed: a few nodes and an aggregator on a bad network.
 *
 * The shells here (node.c, hub.c) stand where the programs stand: they carry out the effects of the
 * shipped uplink and intake, through the shipped frames, chain and spans. Time, network (net.c) and
 * disks (disk.c) are made up. check.c keeps its own books and knows nothing of the core's.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "core/base/plant.h"
#include "core/sync/intake.h"
#include "core/sync/uplink.h"
#include "faults.h"

#define SIM_NODES_MAX 4u              /* machines */
#define SIM_HUB SIM_NODES_MAX         /* as owner of a disk: the aggregator */
#define SIM_HOSTILE SIM_NODES_MAX     /* as a peer: one whose key is good and who is not */
#define SIM_PEERS (SIM_NODES_MAX + 1) /* enrolments */
#define SIM_LOGS 3u                   /* urgent, routine, office: index of a lane */
#define SIM_UP_LOGS 2u
#define SIM_OFFICE 2u
#define SIM_STEPS_MAX 400000u
#define SIM_QUIET_MS_MAX 3600000u /* everything drains within an hour once faults are off */
#define SIM_SPIN_MAX 200u         /* ticks without time passing */
#define SIM_RECORDS 16u           /* frames of a peer that are kept, to come again later */
#define SIM_PENDING 16u
#define SIM_OFFICES 12u  /* office logs of one node, one after the other */
#define SIM_KEPT 40u     /* logs of one enrolment */
#define SIM_ALL 1000000u /* entries, ms: no limit of the shrinker */

struct rng {
    uint64_t s[4];
};
void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t limit);
void rng_fill(struct rng *rng, uint8_t *to, size_t len);

struct entry {
    uint16_t kind;
    size_t len;
    const uint8_t *body;
    int64_t created_ms;
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
    OP_ACKED,      /* log, seq, receipt, backed_up_to */
    OP_PRUNE,      /* node: seq: delete up to here */
    OP_AGGREGATOR, /* node: incarnation of the aggregator met */
    OP_SPAN,       /* store, data: the frame as received */
    OP_SESSION,    /* hub: memory */
    OP_LIFE,       /* from: the own logs go on as successors; hub: peer, or SIM_PEERS for all */
    OP_MOVED,      /* hub: this store lost what it had */
};
struct op {
    enum op_type type;
    uint32_t peer; /* whose, at the hub */
    uint32_t log;
    uint32_t connection;
    bool answered;   /* a planted shell said so before the commit */
    bool full;       /* OP_PRUNE: because there was no room */
    bool has_backup; /* OP_ACKED: backed_up_to comes from a receipt */
    uint16_t kind;
    uint64_t seq, receipt, backed_up_to;
    struct entry_id from;
    bool successor;       /* OP_PAIR */
    struct ack receipted; /* OP_ACKED: id.seq 0: none */
    struct span_store store;
    struct session_pair pair;
    struct session_memory memory;
    struct incarnation incarnation;
    const uint8_t *data;
    size_t len;
    int rc;
};
struct ops {
    struct op *list;
    size_t count, capacity;
};
/* What became of a commit whose answer nobody heard, or was an error (PITFALLS E4, E6). */
enum outcome {
    OUTCOME_LOST,
    OUTCOME_APPLIED,
    OUTCOME_VOLATILE, /* there after a restart, gone after a loss of power, unless synced since */
};
struct disk {
    struct ops waiting, flight;
    bool full;
    enum outcome outcome; /* of the commit that failed */
    bool latched;         /* a commit failed: nothing is stored any more (DESIGN, I9) */
    bool crash_armed;     /* its owner crashes while the next commit is under way */
    bool power_armed;     /* … by loss of power */
    bool unsynced; /* what is visible is not what is durable: `undo` of the owner holds that */
};

/* A span that a shell was asked for and has not cut yet. */
struct late_span {
    uint32_t connection; /* 0: none */
    struct span_plan plan;
};

/* A frame that crossed once, or was carried away on a stick. */
struct record {
    const uint8_t *data;
    size_t len;
};
struct records {
    struct record list[SIM_RECORDS];
    uint32_t count;
};

/* ---- the node ---- */

/* A log that somebody else writes, as far as it is stored here. */
struct kept {
    struct incarnation incarnation;
    enum lane lane;
    bool ended;
    struct hash *h;
    size_t count, capacity;
};
/* A log of one's own, and how far the other end has it. */
struct own_log {
    struct incarnation incarnation;
    struct entries entries;
    uint64_t acked, receipt, backed_up_to, deleted;
    struct ack last_receipt;
    struct entry_id predecessor; /* incarnation zero: the first of its line */
    uint64_t copies;
};
/* A log and those it goes on from, the first first (ADR 7). */
struct line {
    struct own_log now;
    const struct own_log *before;
    size_t before_count;
};
struct node_durable {
    struct line lines[SIM_UP_LOGS];
    struct session_pair pair;
    bool successor; /* of the pair: no RESUMED has come since the logs were succeeded */
    bool moved;     /* the store is not where it was: restored, moved or copied */
    struct incarnation aggregator;
    struct kept offices[SIM_OFFICES]; /* the last one lives */
    size_t office_count;
};
struct node {
    uint32_t index; /* the machine */
    uint32_t peer;  /* whose enrolment it has */
    bool up, opening;
    uint32_t begun; /* engines so far */
    bool renewing;  /* its logs go on as others: the engine waits for the commit */
    bool has_backup;
    uint32_t clone_of; /* one of two under one key: index + 1 of the original; 0: alone */
    bool had_turn;     /* of the two, once faults are over */
    bool stuck;        /* the aggregator lost what it was told to delete */
    bool off;          /* it stays down: a clone that had its turn, one that needs a person */
    uint32_t life;
    char regency[8];
    uint64_t enrolment;
    struct key key;
    uint8_t secret[SECRET_BYTES];
    struct uplink uplink;
    struct disk disk;
    struct node_durable durable, undo, backup;
    int64_t clock_offset_ms;
    uint64_t wake_ms; /* 0: no tick asked for */
    uint64_t spin_ms;
    uint32_t spin_count;
    uint64_t cut_until_ms;
    uint64_t clog_until_ms[2]; /* down, up */
    uint32_t delay_ms;         /* of its line, one way */
    uint32_t newest_link;
    uint32_t lose;    /* so many of its next frames get lost */
    uint32_t sent_on; /* the checker's account of the window: connection and what is on it */
    struct late_span late;
    struct uplink_event pending[SIM_PENDING];
    size_t pending_first, pending_count;
};

/* ---- the aggregator ---- */

#define SIM_HOSTILE_LIVES 3u /* of its office log: LOG_LIVES_MAX is far away */

struct peer_durable {
    struct session_memory memory;
    struct kept logs[SIM_KEPT];
    size_t log_count;
    struct line office;
};
struct hub_durable {
    struct incarnation incarnation;
    bool moved;
};
struct peer {
    bool used, revoked;
    bool renewing; /* its office log goes on as another: the engine waits for the commit */
    bool split;    /* a node of it was restored, moved or copied */
    char regency[8];
    struct intake intake;
    struct peer_durable durable, undo, backup;
    struct records up, down; /* spans; spans and receipts */
    struct late_span late;
};
struct hub {
    bool up, opening;
    uint32_t life;
    struct hub_durable durable, undo, backup;
    bool was_restored, has_backup;
    struct incarnation rolled_back; /* its name when it was restored last */
    struct key key;
    uint8_t secret[SECRET_BYTES];
    struct disk disk;
    struct peer peers[SIM_PEERS];
    int64_t clock_offset_ms;
    uint32_t next_number;
    struct intake_event pending[SIM_PENDING];
    size_t pending_first, pending_count;
};

/* ---- the network ---- */

struct net_link {
    uint32_t peer, node, life, number; /* the node's end */
    uint32_t hub_number, hub_life;
    uint32_t held[2]; /* packets that a clog holds: none overtakes them */
    bool hostile;
    bool over; /* its node's engine began anew */
    bool open; /* the node has not closed it */
    bool broken;
    uint64_t last_ms[2]; /* nothing overtakes inside a connection */
    /* Spans upward are modelled on this one (few are: it is slow); else NULL. */
    struct span_past *sent, *heard;
};
struct packet {
    uint32_t link;
    bool to_hub, late, held;
    uint32_t copies;
    size_t len;
    uint8_t data[];
};

/* ---- time ---- */

enum event_type {
    EVENT_APPEND,    /* who: node */
    EVENT_OFFICE,    /* who: peer it is for */
    EVENT_PRUNE,     /* who: node */
    EVENT_COMMIT,    /* who: node, or SIM_HUB; life */
    EVENT_PACKET,    /* packet */
    EVENT_LINK_UP,   /* who: link */
    EVENT_LINK_DOWN, /* who: link */
    EVENT_GONE,      /* who: link */
    EVENT_WAKE,      /* who: node, life */
    EVENT_CUT_NODE,  /* who: node, life: what it was asked for goes out */
    EVENT_CUT_HUB,   /* who: peer it is for, life */
    EVENT_SCRIPT,    /* who: row */
    EVENT_HUB_TICK,  /* life */
    EVENT_BACKUP,
    EVENT_NODE_BACKUP, /* who: node */
    EVENT_FAULT,       /* who: enum fault, life: node */
    EVENT_STICK,       /* who: peer, packet: comes out of the pocket */
    EVENT_END,         /* who: owner; life: it ends itself, and starts again */
    EVENT_CRASH,       /* who: owner; life */
    EVENT_POWER,       /* who: owner; life */
    EVENT_RESTART,     /* who: owner */
    EVENT_OPENED,      /* who: owner, life: its store is synced */
    EVENT_FULL_ENDS,   /* who: owner */
    EVENT_START,       /* who: node, life: after a stop */
};
struct event {
    uint64_t at_ms, order;
    enum event_type type;
    uint32_t who, life;
    struct packet *packet;
};

/* A run that is told what happens when, and in which nothing is left to chance: script.c. */
enum script_act {
    ACT_URGENT, /* who: node; count: entries, in one transaction */
    ACT_ROUTINE,
    ACT_OFFICE, /* who: node it is for */
    ACT_PRUNE,  /* who: node */
    ACT_BACKUP,
    ACT_STOP, /* who: node */
    ACT_START,
    ACT_CUT,   /* who: node; count: for so many ms */
    ACT_CRASH, /* who: owner; count: enum outcome of its commit */
    ACT_POWER,
    ACT_FULL,        /* who: owner; count: for so many ms */
    ACT_REVOKE,      /* who: node */
    ACT_LOSE,        /* who: node; count: of its next frames so many get lost inside libzmq */
    ACT_FAIL,        /* who: owner; count: enum outcome of its commit, which fails */
    ACT_NODE_BACKUP, /* who: node */
    ACT_RESTORE,     /* who: owner; count: 1 if its store notices */
    ACT_MOVE,        /* who: node */
    ACT_CLONE,       /* who: node; count: 1 if the copy's store notices */
    ACT_COUNT
};
struct script_row {
    uint32_t at_ms;
    enum script_act act;
    uint32_t who, count;
};
#define SCRIPT_ROWS_MAX 24u
struct script {
    const char *name, *title;
    uint32_t nodes, until_ms;
    struct script_row rows[SCRIPT_ROWS_MAX]; /* at_ms 0: the end */
};

/* A crash before the step of this number, and what became of the commit under way. */
struct crash_point {
    uint64_t step; /* 0: none */
    uint32_t owner;
    bool power, fails; /* by loss of power; the commit itself fails */
    enum outcome outcome;
};

/* What one run is asked to be: a seed, and what the shrinker took away from it. */
struct sim_options {
    uint64_t seed;
    bool trace, real;
    uint64_t without; /* bit per enum fault */
    uint64_t nodes_max, entries_max, until_ms;
    const uint32_t *only; /* of the faults that came, by number, these only; NULL: all. Sorted */
    size_t only_count;
    const struct script *script;       /* instead of chance */
    const struct crash_point *crashes; /* two, with a script */
};

struct check;
struct seen;
struct hostile;

/* Kept from run to run, so that a run allocates nothing. */
struct tools {
    struct pool *pool;
    struct arena *arena, *store_arena;
    struct span_builder *builder;
    struct span_decoder *decoder;
    struct seen *seen;
};

struct sim {
    struct sim_options options;
    struct tools *tools;
    struct rng rng, fate; /* chance; and chance of what goes wrong */
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
    struct hostile *hostile; /* NULL: everybody is well-meaning */
    struct effects effects;
    struct bytes frame; /* under way through a shell */
    uint8_t buffer[CONTROL_BYTES_MAX];
    uint32_t restores, persons; /* so many nodes needed a person */
    uint64_t entry_count;       /* written by anybody */
    uint32_t occurrences;       /* of faults */
    uint64_t active;            /* bit per fault that came lately */
    uint64_t active_until_ms[FAULT_COUNT];
    uint64_t counts[FAULT_COUNT];
    uint64_t alarms[ALARM_COUNT];
    uint64_t stored, receipts, deleted;
    void (*watch)(void *arg); /* before each step while faults are on; NULL: nobody */
    void *watch_arg;
    bool failed;
    const char *failure_kind; /* the format: the same in two runs that fail for the same reason */
    char failure[256];
};

/* sim.c */
void tools_open(struct tools *tools);
void tools_close(struct tools *tools);
/* Everything that the last run of these tools gave out is over. */
void sim_init(struct sim *sim, struct tools *tools, const struct sim_options *options);
/* True when the run held what it must; else sim->failure says what did not. */
bool sim_run(struct sim *sim);
void sim_fail(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_at(struct sim *sim, uint64_t delay_ms, struct event event);
void *sim_take(struct sim *sim, size_t bytes); /* zeroed, until the run is over */
const uint8_t *sim_copy(struct sim *sim, struct bytes bytes);
void *sim_room(struct sim *sim, void *list, size_t count, size_t *capacity, size_t item_bytes);
/* Below the limit by chance, or the value that a script holds for plain. */
uint64_t sim_draw(struct sim *sim, uint64_t limit, uint64_t plain);
struct disk *sim_disk(struct sim *sim, uint32_t owner);
uint32_t sim_life(const struct sim *sim, uint32_t owner);

/* pool.c: memory of one run, given back as a whole */
struct pool *pool_new(void);
void pool_free(struct pool *pool);
void pool_reset(struct pool *pool);
void *pool_take(struct pool *pool, size_t bytes);

/* faults.c */
/* True with this chance while faults are on; counted. */
bool sim_fault(struct sim *sim, enum fault fault, uint32_t permille);
/* … with the chance that the profile gives it. */
bool sim_chance(struct sim *sim, enum fault fault);
void faults_plan(struct sim *sim);
/* Those that came long ago are forgotten. */
void faults_pass(struct sim *sim);
void faults_come(struct sim *sim, enum fault fault, uint32_t node);
void faults_crash(struct sim *sim, const struct event *event);
/* It ends now, and starts again after a while. */
void faults_end_owner(struct sim *sim, uint32_t owner, bool power, enum outcome outcome);

/* script.c */
extern const struct script scripts[];
const struct script *script_find(const char *name); /* NULL: none */
void script_begin(struct sim *sim);
void script_act(struct sim *sim, const struct script_row *row);

/* restore.c */
void restore_backup_node(struct sim *sim, struct node *node);
/* The aggregator may make a backup now. */
bool restore_backup_fits(const struct sim *sim);
void restore_node(struct sim *sim, struct node *node, bool seen);
void restore_moved(struct sim *sim, struct node *node);
void restore_hub(struct sim *sim, bool seen);
struct node *restore_clone(struct sim *sim, struct node *node, bool seen);
void restore_comes(struct sim *sim, enum fault fault, struct node *node);
void restore_faults_end(struct sim *sim);
/* True if a clone that was switched off speaks now: not all is over. */
bool restore_next_turn(struct sim *sim);

/* stand_in.c: libsodium's own signatures from here on (slow). */
void stand_in_use_real(bool real);

/* entries.c: what a log is on a disk, and cutting spans from it */
void entries_add(struct sim *sim, struct entries *entries, const struct incarnation *incarnation,
                 uint16_t kind, struct bytes body);
const struct hash *entries_h(const struct entries *entries, uint64_t seq);
/* A span frame's entries, in the arena or the frame. */
int entries_decode(struct sim *sim, struct arena *arena, struct bytes frame,
                   struct span_header *ret_header, struct span_entry **ret) MUST_USE;
/* The same of what came over a connection. What is modelled becomes a frame that stands alone. */
int entries_receive(struct sim *sim, struct span_past *past, struct bytes *frame,
                    struct span_header *ret_header, struct span_entry **ret) MUST_USE;
/* The frame is valid until the next one is cut. `past` is not NULL: modelled, to go over that
 * connection now. */
struct bytes entries_cut(struct sim *sim, uint32_t box, const struct entries *entries,
                         const struct span_plan *plan, const uint8_t *secret,
                         struct span_past *past, uint64_t *ret_last);
void entries_genesis(const struct genesis *genesis, uint8_t *ret, size_t capacity, size_t *ret_len);

/* lives.c */
struct writer_of { /* whose log it is, and what its genesis says besides the predecessor */
    uint32_t box, peer, log;
    struct genesis genesis;
};
const struct own_log *line_find(const struct line *line, const struct incarnation *incarnation);
/* Our h of this entry, in the living log or one before; NULL: none. */
const struct hash *line_h(const struct line *line, const struct entry_id *id, bool *ret_before);
/* ERR_STATE: what stood behind `from` was deleted. ERR_NOT_FOUND: it is not in the line. */
int line_succeed(struct sim *sim, struct line *line, const struct writer_of *writer,
                 const struct entry_id *from) MUST_USE;

/* disk.c */
void disk_put(struct sim *sim, uint32_t owner, struct op op, struct bytes data);
void disk_commit(struct sim *sim, uint32_t owner);
/* The commit under way fails with this to show for it, and its owner ends. */
void disk_fail(struct sim *sim, uint32_t owner, enum outcome outcome);
void disk_crash(struct sim *sim, uint32_t owner, bool power, enum outcome outcome);
/* The store was opened again and has synced what it found (store.h, PITFALLS E6). */
void disk_sync(struct sim *sim, uint32_t owner);
enum outcome disk_draw(struct sim *sim, uint32_t owner);

/* node.c */
void node_setup(struct sim *sim, uint32_t index);
void node_boot(struct sim *sim, struct node *node);
void node_begin(struct sim *sim, struct node *node);
void node_stuck(struct sim *sim, struct node *node);
/* It stays down for good: a person must help. */
void node_off(struct sim *sim, struct node *node, const char *why);
int node_succeed(struct sim *sim, struct node *node, const struct entry_id *from) MUST_USE;
void node_write(struct sim *sim, struct node *node, uint32_t log, size_t len);
void node_append(struct sim *sim, struct node *node);
void node_prune(struct sim *sim, struct node *node);
void node_wake(struct sim *sim, struct node *node);
void node_link(struct sim *sim, struct node *node, uint32_t number, bool up);
void node_cut(struct sim *sim, struct node *node);
void node_onoff(struct sim *sim, struct node *node, bool on);
void node_stick(struct sim *sim, struct node *node);
/* node_store.c */
struct uplink_event *node_follow(struct sim *sim, struct node *node, enum uplink_event_type type,
                                 uint32_t connection);
void node_run(struct sim *sim, struct node *node);
uint32_t node_log(const struct node *node, const struct incarnation *incarnation);
void node_frame(struct sim *sim, struct node *node, uint32_t number, struct bytes frame);
bool kept_follows(const struct kept *kept, const struct span_store *store);
/* The entries of a span that is stored, but the first `skip`. reader: whose store it is. */
void kept_add(struct sim *sim, struct kept *kept, uint32_t reader, uint32_t peer,
              const struct op *op, uint32_t skip);
int node_apply(struct sim *sim, struct node *node, struct op *op);
void node_answer(struct sim *sim, struct node *node, struct op *op);

/* hub.c */
void hub_setup(struct sim *sim);
void hub_peer(struct sim *sim, uint32_t index, const char *regency, uint64_t enrolment,
              const struct key *key);
void hub_boot(struct sim *sim);
void hub_begin(struct sim *sim, uint32_t peer);
int hub_succeed(struct sim *sim, uint32_t peer, const struct entry_id *from) MUST_USE;
struct kept *hub_kept(struct peer *peer, const struct incarnation *incarnation);
void hub_append(struct sim *sim, uint32_t peer);
void hub_cut(struct sim *sim, uint32_t peer);
void hub_tick(struct sim *sim);
void hub_backup(struct sim *sim);
void hub_gone(struct sim *sim, uint32_t peer, uint32_t number);
void hub_flush(struct sim *sim, uint32_t peer);
void hub_revoke(struct sim *sim, uint32_t peer);
/* hub_store.c */
struct intake_event *hub_follow(struct sim *sim, enum intake_event_type type, uint32_t connection);
void hub_run(struct sim *sim, uint32_t peer);
void hub_carry_out(struct sim *sim, uint32_t peer); /* the effects of a step */
/* False: not now; the stick goes back into the pocket. */
bool hub_carry(struct sim *sim, uint32_t peer, struct bytes frame);
bool node_carry(struct sim *sim, struct node *node, struct bytes frame);
void node_carry_out(struct sim *sim, struct node *node);
void hub_frame(struct sim *sim, uint32_t peer, uint32_t number, struct bytes frame);
int hub_apply(struct sim *sim, struct op *op);
void hub_answer(struct sim *sim, struct op *op);

/* net.c */
void net_connect(struct sim *sim, struct node *node, uint32_t number);
/* A connection of the hostile one, up at once; its number at the hub. */
uint32_t net_hostile(struct sim *sim);
/* Nothing that comes on the connections it has had concerns this node any more. */
void net_forget(struct sim *sim, const struct node *node);
void net_disconnect(struct sim *sim, struct node *node, uint32_t number);
void net_send_up(struct sim *sim, struct node *node, uint32_t number, struct bytes frame);
/* What went over this connection, and what arrived of it; NULL: it is not for modelled spans. */
struct span_past *net_sent(struct sim *sim, const struct node *node, uint32_t number);
struct span_past *net_heard(struct sim *sim, uint32_t hub_number);
void net_send_down(struct sim *sim, uint32_t peer, uint32_t hub_number, struct bytes frame);
void net_arrive(struct sim *sim, struct packet *packet);
void net_link_event(struct sim *sim, uint32_t index, bool up);
void net_gone(struct sim *sim, uint32_t index);
/* Breaks a node's connections (SIM_HUB: everybody's); the ends may learn of it. */
void net_break(struct sim *sim, uint32_t node);
/* A frame that came another way: into the session that there is, or it waits for one. */
void net_stick(struct sim *sim, uint32_t peer, struct packet *packet);
void net_replay(struct sim *sim, struct node *node);
struct packet *net_packet(struct sim *sim, struct bytes frame);

/* hostile.c */
void hostile_setup(struct sim *sim);
void hostile_act(struct sim *sim);

/* describe.c: a frame in one line, for people; the text is valid until the next */
const char *describe_control(const struct sim *sim, const struct control *control);
/* What was heard: control or header may be anything where rc != 0. */
const char *describe_frame(const struct sim *sim, int rc, int kind, const struct control *control,
                           const struct span_header *header);

/* seen.c: which machine was in which state when which event came, after which fault */
struct seen *seen_new(void);
void seen_free(struct seen *seen);
void seen_uplink(struct sim *sim, enum uplink_state state, enum uplink_event_type type);
void seen_intake(struct sim *sim, const struct intake_connection *connection,
                 enum intake_event_type type);
/* Prints what was never seen and should be; the number of triples that were but cannot be. */
size_t seen_print(const struct seen *seen, bool list);
#include "check.h"

#endif
