/* node.h - the regency's program: its parts and who touches what on which thread.
 *
 *   loop thread    door, link, uplink engine, office entries; hands commands to the writer
 *   writer thread  the store's transactions (platform/store); runs only store_command.run
 *
 * All rules are in core; here effects are carried out. A report is answered, a span sent and an
 * office entry acknowledged only after the transaction that holds it was synced. Until a province
 * card is there the node runs, says so, and takes no report: it could not seal who reported.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "core/sync/uplink.h"
#include "core/wire/bundle.h"
#include "core/wire/trust_file.h"
#include "node/node_catalogue.h"
#include "node/node_store.h"
#include "platform/conf/conf.h"
#include "platform/door/door.h"
#include "platform/host/host.h"
#include "platform/host/log.h"
#include "platform/link/link.h"
#include "platform/loop/loop.h"
#include "platform/store/objects.h"

#define NODE_OUTBOX_MAX 64u /* control frames that wait for one connection's pipe */

#define EXIT_DATA 65
#define EXIT_UNAVAILABLE 69
#define EXIT_BUG 70
#define EXIT_IO 74
#define EXIT_RETRY 75
#define EXIT_CONFIG 78

/* What goes wrong outside the sync engine; counted and logged like its alarms. */
#define TROUBLE_LIST(X)                                                                            \
    X(TROUBLE_BODY, "office_body_unreadable")                                                      \
    X(TROUBLE_RING, "ring_refused")                                                                \
    X(TROUBLE_DOCUMENT, "document_refused")                                                        \
    X(TROUBLE_DOCUMENT_OTHER, "document_id_with_other_bytes")                                      \
    X(TROUBLE_OFFICE, "office_log_unreadable")                                                     \
    X(TROUBLE_CUT, "span_not_cut")                                                                 \
    X(TROUBLE_FILE, "file_not_read")                                                               \
    X(TROUBLE_CATALOGUE, "catalogue_not_taken")                                                    \
    X(TROUBLE_CONNECT, "connect_failed")                                                           \
    X(TROUBLE_STORE, "store_refused")                                                              \
    X(TROUBLE_CARD, "card_refused")                                                                \
    X(TROUBLE_LIFE, "logs_cannot_go_on")

enum trouble {
#define TROUBLE_X(name, text) name,
    TROUBLE_LIST(TROUBLE_X)
#undef TROUBLE_X
        TROUBLE_COUNT
};

struct node_counters {
    uint64_t reports_accepted, reports_refused, reports_repeated;
    uint64_t frames_in, frames_out, spans_out, parts_out, office_entries;
    uint64_t entries_deleted;
    uint64_t connects, wire_bytes_out, wire_bytes_in;
    uint64_t alarms[ALARM_COUNT];
    uint64_t troubles[TROUBLE_COUNT];
    uint64_t bundles[BUNDLE_OUTCOMES]; /* answers that were read, by what became of them */
};

struct node_identity {
    struct key curve_public, sign_public;
    uint8_t curve_secret[KEY_BYTES];
    uint8_t sign_secret[SECRET_BYTES];
};

/* A province card as read and verified; what it points to lies in its arena. */
struct node_card {
    struct arena *arena;
    struct province_card card;
    struct ring ring; /* the one in the card: older than the one in force, maybe */
};

/* A control frame that the pipe did not take yet. */
struct outgoing {
    struct outgoing *next;
    size_t len;
    uint8_t frame[];
};

/* A span that was cut and not taken: cutting costs, so it is kept for the next attempt. */
struct cut_span {
    bool there;
    uint32_t connection; /* it may be packed after what went over that one */
    struct incarnation incarnation;
    uint64_t first, last;
    struct bytes frame; /* in the builder */
};

struct node;
struct node_budget; /* node_budget.h */

#define NODE_CONNECTIONS 2u
/* One connection to the aggregator; beside it a second one may be tried. */
struct node_connection {
    struct node *node;
    uint32_t number;            /* the uplink's */
    struct link_client *client; /* NULL: none */
    bool up;
    struct outgoing *first, *last;
    size_t waiting;
};

struct node_sync {
    bool ready; /* uplink is initialised */
    bool stepping;
    struct uplink uplink;
    struct node_connection connections[NODE_CONNECTIONS];
    uint32_t endpoint; /* which of the card's is tried next */
    struct loop_timer *tick, *outbox;
    uint64_t wake_ms; /* when tick fires; UINT64_MAX: not set */
    struct uplink_event posted[2 * EFFECTS_MAX + 8];
    size_t posted_count;
    struct bytes frame; /* of the event at hand */
    struct span_builder *builder;
    struct span_decoder *decoder;
    struct cut_span cut;
    struct span_past past; /* what went over that connection before */
    uint32_t past_connection;
    struct arena *scratch;   /* of the frame at hand */
    uint64_t appended[5];    /* by lane: last entry that the engine was not told of; 0: none */
    bool saving, save_again; /* acks and aggregator on their way into the store */
    uint64_t backed_up_to[5];
    struct incarnation saved_aggregator;
    bool saved_successor;
    struct loop_timer *life_retry;
    struct entry_id life_from; /* what could not be stored, for the retry */
    uint8_t control[CONTROL_BYTES_MAX];
    enum uplink_state logged_state;
    enum denied_code logged_denied;
};

struct node_office {
    bool applying; /* a batch is on its way into the store */
    struct incarnation incarnation;
    uint64_t applied;
    struct loop_timer *retry;
    struct span_decoder *decoder;
    struct arena *scratch; /* the stored span */
    struct arena *parse;   /* one body */
};

struct stream;     /* node_stream.c */
struct files_call; /* node_files.c */
/* What door_call_data of an open call begins with. */
struct open_call {
    /* struct rung_command, stream, files_call, bundle_wait */
    enum { OPEN_RUNG, OPEN_STREAM, OPEN_FILES, OPEN_BUNDLE } kind;
};

struct node {
    struct conf_node *conf;
    const char *conf_path;
    struct node_identity identity;
    struct loop *loop;
    struct loop_signal *sigterm, *sigint, *sighup;
    struct loop_wake *store_wake;
    struct loop_timer *card_timer, *drain_timer, *prune_timer, *file_timer;
    struct link_context *links;
    struct store *store;
    bool writer_runs;
    size_t works; /* commands in the store's hands */
    struct door *door;

    bool enrolled;
    bool enrolling;
    struct node_card card;
    struct arena *ring_arena;
    struct ring ring; /* in force; points into ring_arena */
    struct outlog_tables tables;
    struct incarnation urgent, routine;
    uint8_t input_secret[KEY_BYTES];

    struct node_sync sync;
    struct node_office office;
    struct node_catalogue catalogue;
    struct stream *streams; /* all that are open */
    struct files_call *files;
    struct objects *objects; /* evidence that was handed over */
    struct arena *arena;     /* of the request or line at hand */
    struct node_counters counters;
    struct node_budget *budget;
    struct log_limit alarm_limits[ALARM_COUNT];
    struct log_limit trouble_limits[TROUBLE_COUNT];
    struct log_limit card_limit;
    bool storage_told, card_told;
    struct log_limit full_limit;
    int64_t full_since_ms; /* work is refused for want of room since then; 0: it is not */
    uint64_t full_refused; /* since then, and not in the log yet */
    bool pruning;
    struct backup_job *backup; /* NULL: none is being made */
    uint64_t prune_again_ms;   /* nothing could be deleted: not before then */

    bool stopping;
    uint64_t stop_deadline_ms;
    int exit_code;
};

/* ---- node_card.c: keys and card ---- */
int identity_load(const struct conf_node *conf, struct node_identity *ret,
                  struct err_ctx *err) MUST_USE;
/* ERR_NOT_FOUND: there is no card yet. */
int card_load(const struct conf_node *conf, const struct node_identity *identity,
              struct node_card *ret, struct err_ctx *err) MUST_USE;
void card_clear(struct node_card *card);

/* ---- node_in_use.c: a note beside the card that a store writes under it ---- */
/* Once the store holds the enrolment. Nothing is written when the note says so already. */
int in_use_note(const struct conf_node *conf, const struct province_card *card,
                struct err_ctx *err) MUST_USE;
/* ERR_CONFIG, with what to do: the store holds no enrolment, and the note says that one does. */
int in_use_check(const struct node *node, const struct province_card *card,
                 struct err_ctx *err) MUST_USE;

/* ---- node_enrol.c: from a card to logs and a ring in force ---- */
/* Takes the card; the logs are made or found by the writer, then the uplink starts. */
int node_enrol(struct node *node, struct node_card *card, struct err_ctx *err) MUST_USE;
/* Makes a ring that the store holds the one in force. */
int node_take_ring(struct node *node, struct bytes signed_ring, struct err_ctx *err) MUST_USE;
/* Looks for a card, now and again until there is one. */
void node_watch_card(struct node *node);

/* ---- node_sync.c, node_commit.c, node_line.c: the uplink's effects ---- */
int sync_open(struct node *node, struct err_ctx *err) MUST_USE;
/* With the logs and cursors in the store; then START. */
int sync_start(struct node *node, const struct node_meta *meta, struct err_ctx *err) MUST_USE;
void sync_stop(struct node *node);
/* Whatever the engine waits for: it begins again now. */
void sync_retry(struct node *node);
void sync_close(struct node *node);
/* An entry of ours is synced; the engine hears of it at sync_flush. */
void sync_appended(struct node *node, const struct entry_id *last);
void sync_flush(struct node *node);
/* Puts an event into the queue of the step at hand, or begins a step. */
void sync_event(struct node *node, const struct uplink_event *event);

/* A log of ours now goes on as another one: what the engine had of it is over. */
void sync_forget(struct node *node);
void sync_commit_pair(struct node *node, const struct session_pair *value);
/* The frame of the event at hand. */
void sync_store_span(struct node *node, const struct span_store *store);
/* What the engine knows of acks and of the aggregator, soon: nothing waits for it. */
void sync_save(struct node *node);

int line_open(struct node *node) MUST_USE;
void line_connect(struct node *node, const struct effect *effect); /* CONNECT */
void line_disconnect(struct node *node, uint32_t number);
void line_close(struct node *node);
void line_send(struct node *node, uint32_t number, const struct control *frame);
/* It is of no more use; the engine decides what then. */
void line_lost(struct node *node, uint32_t number);
void line_frame(struct node *node, uint32_t number, struct bytes frame);
/* ---- node_objects.c: files that the province asks for ---- */
/* How long the file or list is; arg is the node. */
int objects_asked(void *arg, const struct hash *hash, uint64_t *ret_bytes) MUST_USE;
void objects_send_part(struct node *node, const struct part_plan *plan);

/* How long the oldest entries have waited, in a frame that says how many wait (node_age.c). */
void age_say(const struct node *node, struct control *control);
/* What takes a frame of the uplink's connection: nothing waits before it. NULL: it must wait. */
struct link_client *line_ready(struct node *node);
void line_send_span(struct node *node, const struct span_plan *plan);
/* Of an entry that cannot be cut into a span: what it means and what to do. */
extern const char line_stuck_text[];

/* ---- node_life.c: our logs go on under new names (ADR 7) ---- */
enum life_why { LIFE_TOLD, LIFE_MOVED, LIFE_ENROLLED };
struct life {
    enum life_why why;
    struct entry_id from;   /* LIFE_TOLD: incarnation zero, or where the aggregator has less */
    struct genesis genesis; /* all but lane and predecessor */
    struct incarnation fresh[2];
    uint64_t entries; /* left by the writer: how many moved */
};
/* Fresh names, and what a genesis of this node says. */
void life_begin(const struct node *node, enum life_why why, uint64_t enrolment,
                struct bytes province, struct life *ret);
/* In a write transaction; changes meta's log names, pair and successor flag, and stores them. */
int life_run(struct store_txn *txn, struct life *life, struct node_meta *meta) MUST_USE;
void life_say(const struct life *life);
/* The engine has stopped and asks for it; it begins anew afterwards. */
void life_succeed(struct node *node, const struct entry_id *from);

/* ---- node_office.c ---- */
int office_open(struct node *node, struct err_ctx *err) MUST_USE;
/* Applies what is stored and not applied yet. */
void office_pump(struct node *node);
/* Our h at an entry of an office log that is stored; arg is the node. */
int office_hash(void *arg, const struct entry_id *id, struct hash *ret) MUST_USE;
void office_close(struct node *node);

/* ---- node_backup.c ---- */
void node_backup(struct node *node, struct door_call *call, const json_t *args);
void node_backup_gone(struct node *node, const struct door_call *call);
void node_backup_stop(struct node *node); /* gives up what is being copied */
int node_restore(const struct conf_node *conf, const char *file, bool replace,
                 struct err_ctx *err) MUST_USE;

/* ---- node_prune.c ---- */
/* Deletes what may go; `full`: also what is not backed up at the province, if it has it. */
void node_prune(struct node *node, bool full);
/* Makes room when it gets short, before anything new has to be refused. */
void node_prune_short(struct node *node);
void node_prune_look(void *arg); /* the prune timer's */

/* ---- node_stream.c, node_list.c, node_inbox.c: commands at the door ---- */
void report_submit(struct node *node, struct door_call *call, const json_t *args);
void report_line(struct node *node, struct door_call *call, uint64_t number, struct bytes text,
                 bool oversized);
void report_end(struct node *node, struct door_call *call);
void report_drain(struct node *node, struct door_call *call);
void report_gone(struct node *node, struct door_call *call);
/* Stopping: streams end as soon as what they handed in is answered. */
void report_stop(struct node *node);
/* ---- node_files.c: evidence files at the door ---- */
int files_open(struct node *node, struct err_ctx *err) MUST_USE;
void files_stop(struct node *node); /* once the door is closed */
void report_files(struct node *node, struct door_call *call, const json_t *args);
void report_files_line(struct node *node, struct door_call *call, uint64_t number,
                       struct bytes text, bool oversized);
void report_files_end(struct door_call *call);
void report_files_gone(struct door_call *call);

/* ---- node_stream.c, node_list.c ---- */
void report_zero(struct node *node, struct door_call *call, const json_t *args);
/* ---- node_changes.c, node_amend.c: what is said of a report later ---- */
struct changes {
    uint32_t amendments;
    bool withdrawn;
    struct report_change {
        struct entry_id id;   /* as it was appended; follow it */
        struct hash input, h; /* of what was handed in; of the entry */
    } amendment, withdrawal;  /* the newest */
};
/* Under whichever of its names. */
int changes_of(struct store_txn *txn, const struct entry_id *report, struct changes *ret) MUST_USE;
void report_replace(struct node *node, struct door_call *call, const json_t *args);
void report_withdraw(struct node *node, struct door_call *call, const json_t *args);

/* ---- node_list.c ---- */
/* By key or by name, also by one it had before our log went on. ERR_NOT_FOUND. */
int report_find(struct store_txn *txn, const char *text, struct entry_id *ret) MUST_USE;
/* The entry that this one is a copy of, from before our log went on under its name. */
bool report_original(struct store_txn *txn, struct entry_id *id);
#define LIVES_MAX 16u /* of a log, that are looked through for what was said of an entry */
void report_list(struct node *node, struct door_call *call, const json_t *args);
void report_show(struct node *node, struct door_call *call, const json_t *args);
void report_status(struct node *node, struct door_call *call, const json_t *args);
void inbox_list(struct node *node, struct door_call *call, const json_t *args);
void inbox_show(struct node *node, struct door_call *call, const json_t *args);
void inbox_acknowledge(struct node *node, struct door_call *call, const json_t *args);
void inbox_executed(struct node *node, struct door_call *call, const json_t *args);
void inbox_answer(struct node *node, struct door_call *call, const json_t *args);
/* The client of a call that waits for the store went away. */
void inbox_gone(struct node *node, struct door_call *call);

/* ---- node_door.c ---- */
int doors_open(struct node *node, struct err_ctx *err) MUST_USE;
/* The call fails with the code's exit status. */
void node_fail(struct door_call *call, int code, const struct err_ctx *err);
const char *node_arg(const json_t *args, const char *name); /* NULL: not given */

/* ---- node_status.c ---- */
void node_status(struct node *node, struct door_call *call, const json_t *args);
/* Why the aggregator refuses us, for a person; NULL when it does not. */
const char *denied_text(enum denied_code code);

/* ---- node.c ---- */
/* Hands a command to the writer; its done must call node_work_done first. */
int node_submit(struct node *node, struct store_command *command) MUST_USE;
void node_work_done(struct node *node, int rc);
void node_trouble(struct node *node, enum trouble trouble, int code, const char *text);
/* LOG, where the last field is a number that is left out when it is 0. */
void node_log(enum log_level level, const char *event, const struct log_field *fields,
              size_t count);
/* The store's answer to a clerk's work: whether there was room is counted and said. */
void node_store_room(struct node *node, int rc);
/* The refusal of a clerk's work that the store gave, in words. */
const char *node_store_text(int rc);
/* `conf_path` stays with the caller; conf, identity and card are taken. */
struct node_start {
    const char *conf_path;
    struct conf_node *conf;
    struct node_identity *identity;
    struct node_card *card; /* arena NULL: not enrolled */
};
/* The door opens once it is known whether this node is enrolled: before, a report would be refused
 * for good that a moment later is welcome. */
int node_started(struct node *node, struct err_ctx *err) MUST_USE;
int node_exit_of_start(int rc);
/* Runs until it is told to stop. The exit code. */
int node_run(const struct node_start *start);

#endif
