/* journal.h - the aggregator's one sequence: position → entry, in commit order.
 *
 * A record is a span as received (or as we wrote it ourselves), stored under the position of its
 * first new entry; entries at or below the cursor are skipped and get no position. Positions begin
 * at 1 and have no gaps. A record carries its position and a hash over all of it, looked at on each
 * read: LMDB has no checksums, and a damaged record must be an error, never another entry. Our own
 * log (officers' acts, placements, enrolments) lies in the journal too, under the aggregator's
 * incarnation. Office logs are outlog tables in the same environment, so that what the applier puts
 * out and the note that it did are one transaction.
 *
 * Functions with a txn run in the caller's transaction (writer thread, or a read); the rest says.
 */
#ifndef AGGREGATOR_JOURNAL_H
#define AGGREGATOR_JOURNAL_H

#include "core/sync/effects.h"
#include "core/sync/session.h"
#include "platform/store/outlog.h"

#define JOURNAL_FORMAT 2u
#define JOURNAL_RECORD_VERSION 1u
#define JOURNAL_RECORD_HEAD_BYTES 36u
#define JOURNAL_RECORD_PERSONAL "kabar.record.v1"

enum journal_table {
    JOURNAL_META,     /* "journal" → struct journal_meta; "rejected" ‖ position 8 → code;
                       * "restored" → struct journal_restored; "backup" → struct journal_backup;
                       * "fetched" ‖ regency 8 ‖ SHA-256 → nothing: files that came from there */
    JOURNAL_RECORDS,  /* position 8 → head ‖ frame ‖ hash of both 32 */
    JOURNAL_SPANS,    /* inc 16 ‖ first new seq 8 → position 8 */
    JOURNAL_CURSORS,  /* inc 16 → struct journal_cursor */
    JOURNAL_SESSIONS, /* enrolment 8 → session pairs ‖ our incarnation when they were taken */
    JOURNAL_OUT,      /* office logs: entries */
    JOURNAL_LOGS,     /* office logs: state */
    JOURNAL_PLACED,   /* position of a report 8 → position of its first placement 8 ‖ count 1 */
    JOURNAL_BACKED_UP, /* incarnation 16 → seq 8: the last one that a backup has */
    JOURNAL_TABLE_COUNT
};
extern const char *const journal_table_names[JOURNAL_TABLE_COUNT];
extern const struct outlog_tables journal_office_tables;

struct journal_meta {
    struct incarnation aggregator; /* also the incarnation of our own log */
    uint64_t next_position;
    uint64_t own_last;
    struct hash own_h;
    uint64_t outputs_to; /* entries up to here have had their placements and office entries made */
};

struct journal_cursor {
    struct incarnation incarnation;
    uint64_t enrolment;
    enum lane lane;
    uint64_t last;
    struct hash h;
    bool ended;    /* a successor was taken */
    char owner[8]; /* regency */
};

/* First start: mints the aggregator incarnation and the own log's genesis. */
struct journal_birth {
    struct incarnation aggregator;
    struct bytes province;
    struct key log_key;
    const uint8_t *log_secret;
    int64_t now_ms;
};
int journal_born(struct store_txn *txn, const struct journal_birth *birth) MUST_USE;
/* ---- journal_line.c: a store that was restored, copied or moved (ADR 7) ---- */
/* Before anything else is appended: our own log goes on under birth->aggregator, each office log
 * that lives under a name that `name` makes, after what its node has acknowledged; the store
 * settles in this place. A large transaction. */
struct journal_rebirth {
    struct journal_birth birth;
    void (*name)(struct incarnation *ret);
    struct journal_reader *reader; /* caller's */
};
int journal_reborn(struct store_txn *txn, const struct journal_rebirth *rebirth) MUST_USE;
struct journal_restored {
    int64_t at_ms;
    struct incarnation old;
};
/* The last time. ERR_NOT_FOUND: never. */
int journal_get_restored(struct store_txn *txn, struct journal_restored *ret) MUST_USE;
/* The office log that goes on from `first`, or first itself, which may not be there yet. */
int journal_office_end(struct store_txn *txn, const struct incarnation *first,
                       struct incarnation *ret) MUST_USE;

/* ---- journal.c ---- */
int journal_load(struct store_txn *txn, struct journal_meta *ret) MUST_USE;

/* The node's clock minus ours, as its session said when the span came; unknown of our own log. */
#define JOURNAL_CLOCK_S_MAX 32767
struct journal_clock {
    bool known;
    int32_t s; /* at most JOURNAL_CLOCK_S_MAX either way */
};

/* Before any write: ERR_GAP unless the log's cursor is exactly where `store` continues; ERR_KEY for
 * a log of another enrolment, or a new one under a name that is ours, now or before a restore;
 * ERR_STATE for a log that is over. */
struct journal_span {
    const struct span_store *store;
    struct bytes frame;
    uint64_t enrolment;
    const char *owner;
    int64_t received_ms;
    struct journal_clock clock;
};
int journal_put_span(struct store_txn *txn, const struct journal_span *span) MUST_USE;

/* Appends entries to our own log as one span, signed. */
struct journal_own {
    const struct span_entry *entries;
    size_t count;
    const uint8_t *log_secret;
    struct span_builder *builder; /* writer thread's own */
    int64_t now_ms;
};
int journal_put_own(struct store_txn *txn, const struct journal_own *own, uint64_t *ret_position,
                    uint64_t *ret_seq) MUST_USE;
/* Entry 1 of our own log, under birth->aggregator; `meta` is where it stood. */
int journal_put_own_genesis(struct store_txn *txn, const struct journal_birth *birth,
                            const struct journal_meta *meta) MUST_USE;
void journal_set_outputs(struct store_txn *txn, uint64_t outputs_to);

void journal_put_session(struct store_txn *txn, uint64_t enrolment,
                         const struct session_memory *memory);
int journal_get_session(struct store_txn *txn, uint64_t enrolment,
                        struct session_memory *ret) MUST_USE;
/* Whether that was put under the incarnation that we have now. */
int journal_session_is_ours(struct store_txn *txn, uint64_t enrolment, bool *ret) MUST_USE;
int journal_find_cursor(struct store_txn *txn, const struct incarnation *incarnation,
                        struct journal_cursor *ret) MUST_USE;
/* Calls back for every log of every node. */
int journal_each_cursor(struct store_txn *txn,
                        void (*each)(void *arg, const struct journal_cursor *), void *arg) MUST_USE;

void journal_put_placed(struct store_txn *txn, uint64_t position, uint64_t first_position,
                        size_t count);

#define CRASH_CODE "crash" /* SPEC 11: it ended the applier twice */
/* An entry that the fold cannot take: with which code it was passed. Together with the REJECTED
 * entry of our own log that says so to others, so that a rebuild does not fold it again.
 * ERR_NOT_FOUND: it was not. */
void journal_put_rejected(struct store_txn *txn, uint64_t position, struct bytes code);
int journal_get_rejected(struct store_txn *txn, uint64_t position, struct bytes *ret_code) MUST_USE;
int journal_count_rejected(struct store_txn *txn, uint64_t *ret) MUST_USE;

/* ---- journal_backup.c: what a backup has, and whether it is sound ---- */
struct journal_backup {
    int64_t at_ms;
    uint64_t position; /* of the last entry in it */
};
void journal_put_backup(struct store_txn *txn, const struct journal_backup *backup);
/* The last one. ERR_NOT_FOUND: there never was one. */
int journal_get_backup(struct store_txn *txn, struct journal_backup *ret) MUST_USE;
/* Never lowers it. */
int journal_put_backed_up(struct store_txn *txn, const struct entry_id *id) MUST_USE;
/* 0 if it is in none. */
int journal_get_backed_up(struct store_txn *txn, const struct incarnation *incarnation,
                          uint64_t *ret) MUST_USE;

struct journal_checked {
    uint64_t position;
    struct entry_id *ends; /* where each node's log ends in it */
    size_t end_count;
};
/* Of a store that nobody writes: each record and its chain, each cursor against the entry that it
 * names, each office log. ERR_FORMAT and what is wrong. */
int journal_check(struct store *journal, const struct store_watch *watch,
                  struct journal_checked *ret, struct err_ctx *err) MUST_USE;
void journal_checked_clear(struct journal_checked *checked);

/* ---- journal_owner.c: whose journal it is ---- */
#define JOURNAL_PROVINCE_BYTES 8u
struct journal_owner {
    char province[JOURNAL_PROVINCE_BYTES]; /* "": nothing is in it */
    bool other_root;                       /* its first key ring is not by that root key */
};
/* ERR_CONFIG, without a text: another province's, or begun under another root key (NULL: that is
 * not looked at). *ret says which. */
int journal_check_owner(struct store *journal, const char *province, const struct key *root,
                        struct journal_owner *ret, struct err_ctx *err) MUST_USE;

/* ---- reading entries in order; one reader per thread ---- */
struct journal_entry {
    uint64_t position;
    struct entry_id id;
    uint16_t kind;
    bool erased;
    struct bytes body; /* until the next call */
    struct hash h;
    struct hash b;
    bool has_head; /* the last one of its record: what was signed over it */
    struct signature head;
    bool own;
    char owner[8];
    uint64_t enrolment;
    int64_t received_ms;
    struct journal_clock clock;
};
struct journal_reader;
struct journal_reader *journal_reader_new(void); /* NULL: out of memory */
void journal_reader_free(struct journal_reader *reader);
/* Binds to a read transaction and stands before `position`. */
int journal_reader_seek(struct journal_reader *reader, struct store_txn *txn,
                        uint64_t position) MUST_USE;
/* ERR_NOT_FOUND at the end. ERR_FORMAT, ERR_VERSION: the record is damaged or of a later format;
 * the reader stays where it is. Positions come without gaps. */
int journal_reader_next(struct journal_reader *reader, struct journal_entry *ret) MUST_USE;
/* One entry by identity. */
int journal_reader_find(struct journal_reader *reader, struct store_txn *txn,
                        const struct entry_id *id, struct journal_entry *ret) MUST_USE;
/* Placements that stand in the journal for a report's position: where the first stands, how many;
 * ERR_NOT_FOUND if none. */
int journal_get_placed(struct store_txn *txn, uint64_t position, uint64_t *ret_first_position,
                       size_t *ret_count) MUST_USE;

#endif
