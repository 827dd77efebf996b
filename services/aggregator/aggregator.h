/* aggregator.h - the province's program: its parts and who touches what on which thread.
 *
 *   loop thread    link server, intakes, door; hands commands to the writer, answers after them
 *   writer thread  the journal store's transactions (platform/store)
 *   apply thread   folds the journal into the views store, one transaction a batch
 *
 * Nothing is shared but what is named in struct apply's comment. The views may be read by the loop
 * thread in short read transactions.
 */
#ifndef AGGREGATOR_AGGREGATOR_H
#define AGGREGATOR_AGGREGATOR_H

#include "aggregator/journal.h"
#include "aggregator/key_filter.h"
#include "core/cases/fold.h"
#include "core/sync/intake.h"
#include "core/wire/bundle.h"
#include "platform/conf/conf.h"
#include "platform/door/door.h"
#include "platform/host/host.h"
#include "platform/host/log.h"
#include "platform/link/link.h"
#include "platform/loop/loop.h"
#include "platform/store/objects.h"
#include "platform/store/store.h"

#define PEER_OUTBOX_MAX 64u

struct aggregator;
struct turn;
struct fetch;

/* A frame that the pipe did not take yet. */
struct outgoing {
    struct outgoing *next;
    size_t len;
    uint8_t frame[];
};

struct peer_connection {
    uint32_t number; /* 0: free */
    struct link_route route;
    struct outgoing *first, *last;
    size_t waiting;
    struct span_past *past; /* of what came over it; NULL: nothing modelled yet */
};

/* One enrolled node, revoked ones too: their key must be answered DENIED, and nothing else. */
struct peer {
    struct aggregator *aggregator;
    struct peer *next;
    uint64_t enrolment;
    char regency[8];
    struct key curve_key, signing_key;
    bool active;
    int64_t enrolled_ms;
    struct incarnation enrolled_office; /* as on its card */
    struct incarnation office;          /* the one that its line ends in */
    struct intake intake;
    size_t under_way; /* its spans and pairs in the writer's hands */
    bool stopped;     /* its intake waits for the store, to begin anew: it hears nothing */
    bool begin_anew;  /* with the next tick */
    bool has_resumed; /* since this aggregator has its incarnation */
    struct peer_connection connections[INTAKE_CONNECTIONS_MAX];
    uint32_t last_number;
    bool flush_due;
    struct fetch *fetch;       /* fetch.c: the file that is being fetched; NULL: none */
    uint64_t files_low;        /* rows of VIEW_FILES up to this one are here */
    uint64_t files_next;       /* up to this one they were looked at in this session */
    bool files_skipped;        /* some of these are not here */
    uint32_t files_connection; /* this session */
    uint64_t files_again_ms;   /* then they are looked at again; 0: in the next session */
    uint64_t files_fetched, file_bytes, file_blocks_wrong; /* since the start */
    int64_t heard_wall_ms;
    uint64_t alarms[ALARM_COUNT];
    struct log_limit alarm_limit[ALARM_COUNT];
};

typedef void own_then(struct aggregator *aggregator, struct door_call *call, const json_t *args);

/* An officer's command that is in the journal or on its way, and waits for the fold's answer. */
struct pending {
    struct pending *next;
    struct store_command command;
    struct aggregator *aggregator;
    struct door_call *call; /* NULL: the client went away */
    own_then *then;         /* answers the call once the entry is accepted; NULL: own_answer does */
    json_t *args;           /* for it */
    bool either;            /* it answers also when the entry is refused */
    uint16_t kind;
    bool stored;               /* the store answered */
    bool judged;               /* the fold answered: it may be first, as it sees a commit at once */
    _Atomic uint64_t position; /* set by the writer thread before the commit */
    size_t len;
    uint8_t body[];
};

struct apply;
struct backup_job;

struct aggregator {
    struct conf_aggregator *conf;
    const char *conf_path;
    struct loop *loop;
    struct link_context *link_context;
    struct link_server *server;
    struct store *journal, *views;
    struct objects *objects; /* files of reports that have come */
    struct loop_wake *store_wake, *apply_wake;
    struct loop_timer *tick, *retry;
    struct door *door;
    struct incarnation incarnation;
    struct key log_key;
    uint8_t log_secret[SECRET_BYTES];
    uint8_t curve_secret[KEY_BYTES];
    struct key root_key;
    struct fold_config fold;
    struct apply *apply;
    struct peer *peers;
    struct pending *pending;
    struct bundle_wait *bundle_waits;   /* door_bundle.c: calls that wait for the store */
    uint64_t bundles[BUNDLE_OUTCOMES];  /* files that were read, by what became of them */
    struct backup_job *backup;          /* NULL: none is being made */
    struct arena *arena;                /* of the frame or request at hand */
    struct span_decoder *decoder;       /* loop thread */
    struct span_builder *cut_builder;   /* loop thread: office spans */
    struct span_builder *keep_builder;  /* loop thread: modelled spans, as they are kept */
    struct span_builder *own_builder;   /* writer thread: own spans */
    struct journal_reader *loop_reader; /* loop thread */
    struct turn *turn;                  /* net.c */
    uint8_t control[CONTROL_BYTES_MAX];
    uint64_t frames_bad;
    uint64_t last_number_given; /* enrolment numbers on cards that were made */
    uint64_t handshakes_failed; /* as last logged */
    struct log_limit handshake_limit, denied_limit;
    struct journal_restored restored; /* at_ms 0: never */
    bool test_without_zap;            /* --test-without-zap: shows that nobody gets in then */
    bool stopping;
    bool storage_failed;
    int exit_code;
};

#define STORES_PATH_BYTES 4096
/* ---- stores.c: the journal, then the views, which are built anew if they are not its ---- */
int stores_open_journal(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;
int stores_open_objects(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;
int stores_open_views(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;
/* Opens or makes them, as they are; ERR_VERSION. */
int stores_make_views(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;
/* With each batch: of whose journal the views are, and h of the last entry that is in them. */
void stores_mark_views(struct store_txn *txn, const struct incarnation *aggregator,
                       const struct hash *h);

/* ---- stores_lost.c ---- */
/* With the journal open, and nothing born in it. ERR_CONFIG: it is empty, and views of it are
 * there. One that is shorter than they are is opened again as one that was moved. */
int stores_check_lost(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;

/* ---- net.c, peers.c: frames, intakes, effects; who is enrolled ---- */
int net_open(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;
void net_close(struct aggregator *aggregator);
/* The views lag too far, or no more: nodes get credit accordingly. */
void net_hold(struct aggregator *aggregator, bool held);
/* Reads the enrolments from the views: new peers appear, revoked ones are cut off. */
int net_reload_peers(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;
void net_revoke(struct peer *peer); /* one DENIED, then nothing more */
void net_tick(struct aggregator *aggregator);
void net_retry(struct aggregator *aggregator);
void net_flush(struct aggregator *aggregator);   /* after store_collect: acks go out */
void net_say_bye(struct aggregator *aggregator); /* last receipts, BYE */
/* Office log `office` now ends at `last`. */
void net_office_appended(struct aggregator *aggregator, const struct incarnation *office,
                         uint64_t last);
/* From the store: sessions, logs, the office log that the node's line ends in. */
int net_load_intake(struct peer *peer) MUST_USE;
void net_begin_anew(struct peer *peer);
/* A session of this peer is durable. */
void net_resumed(struct peer *peer);
/* A frame that came by stick; what is handed to the store is there after what it has already. */
void net_carry(struct peer *peer, struct bytes frame, struct carried *ret);
/* A frame to this peer; dropped if it is gone or does not read. */
void net_send(struct peer *peer, uint32_t connection, const struct control *control);
struct peer *net_peer(struct aggregator *aggregator, uint64_t enrolment);
bool net_connected(const struct peer *peer);

/* ---- office.c: office logs on the loop thread ---- */
int office_cut(struct peer *peer, const struct span_plan *plan, struct bytes *ret_frame,
               uint64_t *ret_last) MUST_USE;
/* What the event's frame says of the node's office log: own_h, whose room is `own`, and
 * office_before. */
/* What the store cannot say just now is no fault of the node's: the frame is as lost on the way. */
int office_look_up(struct peer *peer, struct intake_event *event, struct hash *own) MUST_USE;
void office_note_ack(struct peer *peer, const struct ack *ack);
/* EFFECT_SUCCEED: the peer's intake is stopped, and begun anew when its office log has gone on. */
void office_succeed(struct peer *peer, const struct entry_id *from);

/* ---- restored.c: the banner after a restore ---- */
int restored_load(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;
/* null, or since when, and whose nodes have not resumed yet. */
json_t *restored_json(const struct aggregator *aggregator);

/* ---- apply.c: the apply thread ---- */
int apply_open(struct aggregator *aggregator, struct err_ctx *err) MUST_USE; /* catches up first */
int apply_start(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;
void apply_journal_grew(struct aggregator *aggregator);
void apply_tick(struct aggregator *aggregator);    /* if it waits for room, it tries again */
void apply_collect(struct aggregator *aggregator); /* loop thread: answers and changed peers */
void apply_stop(struct aggregator *aggregator);
bool apply_is_full(const struct aggregator *aggregator); /* it waits for room */
uint64_t apply_position(const struct aggregator *aggregator);

/* ---- own.c: entries of our own log ---- */
/* Appends an entry; when the fold has judged it, answers `call` (or nobody when NULL). */
int own_append(struct aggregator *aggregator, uint16_t kind, struct bytes body,
               struct door_call *call) MUST_USE;
/* The same; what is accepted is answered by then(), which gets args. */
int own_append_then(struct aggregator *aggregator, uint16_t kind, struct bytes body,
                    struct door_call *call, own_then *then, const json_t *args) MUST_USE;
/* The same; then() answers whatever the fold says: of an attempt that is refused already. */
int own_append_attempt(struct aggregator *aggregator, uint16_t kind, struct bytes body,
                       struct door_call *call, own_then *then, const json_t *args) MUST_USE;
void own_answer(struct aggregator *aggregator, uint64_t position, int code, const char *text,
                const char *document_id);
/* The views wait for room: who waits for an answer is told so, and what became of the command. */
void own_tell_full(struct aggregator *aggregator);
void own_forget_call(struct aggregator *aggregator, const struct door_call *call);
/* At start: a ring file with a higher number than the views' goes into the journal. */
int own_check_ring(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;

/* ---- driver.c: struct views over a transaction of the views store ---- */
void driver_views(struct store_txn *txn, struct views *ret);
/* The same for the one thread that writes the views: a case key that its filter knows to be absent
 * is not looked up, and what is put goes into the filter. filter NULL: without one. */
struct driver {
    struct store_txn *txn;
    struct key_filter *filter;
};
void driver_writing(struct driver *driver, struct views *ret);
/* At the begin of a write transaction, before its first change: the filter is made from the table,
 * when there is none or it has become too small. NULL stays when there is no memory. */
int driver_filter_ready(struct store_txn *txn, struct key_filter **filter) MUST_USE;
#define VIEWS_POSITION_KEY "position"
int driver_position(struct store_txn *txn, uint64_t *ret) MUST_USE;

/* ---- backup.c ---- */
void backup_job_stop(struct aggregator *aggregator);
/* `root` NULL: not there to compare with. ERR_CONFIG: the backup is of another installation. */
int backup_restore(const struct conf_aggregator *conf, const struct key *root, const char *file,
                   bool replace, struct err_ctx *err) MUST_USE;

/* ---- door_*.c: commands ---- */
int doors_open(struct aggregator *aggregator, struct err_ctx *err) MUST_USE;

#endif
