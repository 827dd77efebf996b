/* store.h - LMDB behind one writer thread: group commit, sticky errors, and a latch.
 *
 * Promises: what `done(arg, 0)` reported is synced. The first storage error latches the store: no
 * later command succeeds and nothing may be acknowledged any more until the process restarts
 * (LMDB has no latch of its own: after a failed commit the next one succeeds). Straight after
 * open the environment is synced by force, so that nothing which a crashed process left unsynced
 * is ever told to anyone. Stale readers are checked at open, every 60 s and when the map is full.
 * A second process is refused by our own flock on the folder. Never WRITEMAP, NOSYNC, NOMETASYNC,
 * DUPSORT.
 *
 * Keys ≤ 511 bytes, big-endian numbers. Values point into the map: valid until the transaction
 * ends, and in a write transaction only until its next put or delete.
 */
#ifndef PLATFORM_STORE_STORE_H
#define PLATFORM_STORE_STORE_H

#include "core/base/bytes.h"
#include "core/base/error.h"
#include "core/base/ident.h"

struct store;
struct store_txn;
struct store_cursor;

struct store_config {
    const char *path;          /* a folder; created 0700 */
    const char *const *tables; /* names; a table's number is its index here */
    size_t table_count;
    /* Limit on used bytes for commands marked `droppable`, checked before each transaction, which
     * ends before it has used up the reserve. LMDB gets an eighth and 1 MiB more address space than
     * map_bytes, which acks and deletes may use: in a map filled to the last page not even a delete
     * commits. For the same reason new work leaves a sixteenth of the disk, at most 4 MiB. The file
     * grows as used. */
    uint64_t map_bytes;
    uint64_t quota_bytes; /* the same limit, when lower than map_bytes; 0 = map_bytes */
    uint32_t format;      /* written at creation; another number at open is ERR_VERSION */
    unsigned readers_max; /* 0 = 126 */
    const char
        *mend; /* for a person: what to do when the file is damaged; NULL: a backup. Lives on */
    bool read_only;    /* for inspection of a store that no process holds */
    bool file;         /* with read_only: path is a data file itself, made by store_copy */
    bool test_no_sync; /* tests only: MDB_NOSYNC, the negative control */
};

/* ERR_BUSY: another process has it; ERR_VERSION: newer format; ERR_IO: what and where in err. */
int store_open(const struct store_config *config, struct store **ret, struct err_ctx *err) MUST_USE;
void store_close(struct store *store);

/* ---- where it lives (ADR 7) ---- */
/* The data file's inode, its time of birth or the machine id is not what the store remembers, or it
 * was marked: a copy, a restored or a moved one. A store just made remembers the place it is in. */
bool store_moved(const struct store *store);
/* In a write transaction: it remembers this place; store_moved is false from the commit on. */
void store_settle(struct store_txn *txn);
/* In a write transaction: the next open finds it moved. */
void store_mark_moved(struct store_txn *txn);
/* Takes the lock that a process which opened the folder's store holds; made if it is not there.
 * ERR_BUSY. Given back with close(). */
int store_folder_lock(const char *path, int *ret_fd, struct err_ctx *err) MUST_USE;

/* ---- copies (copy.c) ---- */
/* Asked now and then with how far the work has come; false: it is given up, ERR_GONE. NULL: goes
 * on.
 */
struct store_watch {
    bool (*go_on)(void *arg, uint64_t done);
    void *arg;
};
static inline bool store_watch_go_on(const struct store_watch *watch, uint64_t done)
{
    return watch == NULL || watch->go_on(watch->arg, done);
}

#define STORE_KIND_BYTES 16u
struct store_copy {
    const char *path;
    const char *kind;                /* "node": whose store it is; shorter than STORE_KIND_BYTES */
    const struct store_watch *watch; /* bytes written */
};
/* A copy of the last committed state into the new file `path`: LMDB's own, compacted, then a
 * trailer with its kind, length and hash; synced with its folder. Other threads may read and write
 * meanwhile. ERR_EXISTS: the file is there. What was begun is deleted on failure. Takes as long as
 * writing the store takes: not on a loop thread. */
int store_copy(struct store *store, const struct store_copy *copy, struct err_ctx *err) MUST_USE;

struct store_copy_facts {
    char kind[STORE_KIND_BYTES];
    uint64_t bytes;      /* of the file */
    uint64_t data_bytes; /* in front of the trailer */
    struct hash blake2b; /* of the file, as b2sum -l 256 prints it */
};
/* Reads all of a copy, from the disk if it can. ERR_FORMAT: it is no copy, cut short or changed. */
int store_copy_check(const char *path, const struct store_watch *watch,
                     struct store_copy_facts *ret, struct err_ctx *err) MUST_USE;
/* Makes the data file of a store out of a copy that was checked; the folder has none. Synced. */
int store_copy_unpack(const char *path, const char *folder, struct err_ctx *err) MUST_USE;

/* Whether the file is still there under its name; else latches. Looked at after each commit, too:
 * from a file that somebody removed, nothing is read after the process has ended. Any thread. */
bool store_check_file(struct store *store);

/* ---- reading: any thread; keep it short ---- */
int store_read_begin(struct store *store, struct store_txn **ret, struct err_ctx *err) MUST_USE;
void store_read_end(struct store_txn *txn); /* NULL is fine */

/* ---- in any transaction ---- errors but ERR_NOT_FOUND stick to the transaction */
int store_get(struct store_txn *txn, unsigned table, struct bytes key, struct bytes *ret) MUST_USE;
/* Cursor: position at the first key >= key (empty key: the first), or at the last key <= key
 * (store_seek_before; empty key: the last of all). ERR_NOT_FOUND past the ends. */
int store_cursor_open(struct store_txn *txn, unsigned table, struct store_cursor **ret) MUST_USE;
int store_seek(struct store_cursor *cursor, struct bytes key, struct bytes *ret_key,
               struct bytes *ret_value) MUST_USE;
int store_seek_before(struct store_cursor *cursor, struct bytes key, struct bytes *ret_key,
                      struct bytes *ret_value) MUST_USE;
/* On a cursor just opened: the first. */
int store_next(struct store_cursor *cursor, struct bytes *ret_key,
               struct bytes *ret_value) MUST_USE;
void store_cursor_close(
    struct store_cursor *cursor); /* NULL is fine; before the transaction ends */

/* ---- in a write transaction: a failed put sticks, and the commit then fails ---- */
void store_put(struct store_txn *txn, unsigned table, struct bytes key, struct bytes value);
/* Key must sort after all there (LMDB append); otherwise ERR_VALUE sticks. */
void store_append(struct store_txn *txn, unsigned table, struct bytes key, struct bytes value);
void store_delete(struct store_txn *txn, unsigned table, struct bytes key); /* absent is fine */
/* The error that stuck, or 0. */
int store_txn_error(const struct store_txn *txn);

/* One transaction, now, on this thread, committed and synced before it returns. For set-up, tools
 * and the view environment's own thread; not while a writer thread runs on the same store. */
int store_apply(struct store *store, int (*run)(struct store_txn *txn, void *arg), void *arg,
                struct err_ctx *err) MUST_USE;

/* ---- the writer thread ---- */
/* run(): on the writer thread, in a transaction shared with other commands. It returns 0, or an
 * error *before its first write*: then only this command fails. It may be called again, in a fresh
 * transaction, when another command spoiled the first (wrote and then failed, or met a full disk):
 * what it leaves in arg must not depend on how often it ran. done(): on the thread that calls
 * store_collect, after the commit is synced (0), or with the command's own error, or ERR_FULL
 * (map or disk or quota full: not latched, nothing written), or ERR_STORAGE (latched). */
struct store_command {
    int (*run)(struct store_txn *txn, void *arg);
    void (*done)(void *arg, int rc);
    void *arg;
    bool droppable; /* new work: refused with ERR_FULL above the quota; acks, deletes are not */
    /* The store's own while it holds the command. */
    struct store_command *next;
    int rc;
};

struct store_writer_config {
    struct store *store;
    void (*wake)(void *arg); /* from the writer thread: there is something to collect */
    void *wake_arg;
    size_t queue_max; /* commands waiting; above it store_submit gives ERR_AGAIN */
    size_t batch_max; /* commands per transaction */
};

int store_writer_start(const struct store_writer_config *config, struct err_ctx *err) MUST_USE;
/* The command must live until done() was called. ERR_AGAIN when the queue is full, ERR_STORAGE
 * once latched; then done() is not called. Any thread. */
int store_submit(struct store *store, struct store_command *command) MUST_USE;
/* Calls done() of what is finished; returns how many. */
size_t store_collect(struct store *store);
/* Finishes what is queued, joins the thread, collects. */
void store_writer_stop(struct store *store);

bool store_latched(const struct store *store);
/* ERR_STORAGE with what failed and why, or 0 when not latched. */
int store_latch_reason(struct store *store, struct err_ctx *err);
/* commands: written with success; batches_max: most commands in one transaction. */
struct store_numbers {
    uint64_t used_bytes, map_bytes, commits, commands, batches_max;
    uint64_t last_commit_us, stale_readers_cleared;
    bool full; /* new work is refused now */
};
void store_numbers(struct store *store, struct store_numbers *ret);

#endif
