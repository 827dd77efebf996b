/* store_private.h - what the files of this folder share; nobody else includes it but its tests. */
#ifndef PLATFORM_STORE_STORE_PRIVATE_H
#define PLATFORM_STORE_STORE_PRIVATE_H

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>

#include "platform/store/store.h"

#define STORE_READERS_MAX 126u
#define STORE_READERS_CHECK_MS 60000u
#define STORE_GATHER_US 1000u
/* Less than this free: a write that came out short met a full disk, not a broken one. */
#define STORE_DISK_FULL_BYTES (1024u * 1024u)

/* Address space above map_bytes, for what makes room. A delete copies its pages before it frees
 * any, and pages freed by one commit are of use only two commits later. */
#define STORE_RESERVE_BYTES(map_bytes) ((map_bytes) / 8 + (1024u * 1024u))

/* Room on the disk that new work leaves to acks, rungs and deletes: a sixteenth, at most this. */
#define STORE_DISK_RESERVE_BYTES (4u << 20)
#define STORE_DISK_RESERVE_PART 16u

/* Of a store that moved: what stood behind the last ack goes to a successor in one transaction, and
 * a store may be full of it. Pages freed in it are of no use to it, and pages get half full. */
#define STORE_MOVED_BYTES(map_bytes) (4 * ((map_bytes) + STORE_RESERVE_BYTES(map_bytes)))

#define STORE_ABOUT_FORMAT "format"
#define STORE_ABOUT_PLACE "place"

#define STORE_PATH_BYTES_MAX 4096

struct store_writer; /* writer.c */

struct store {
    MDB_env *env;
    MDB_dbi *tables; /* table_count of the owner's, then our own "about" */
    size_t table_count;
    char *path;
    int lock_fd;
    const char *mend;
    int map_slot; /* of host_map_name */
    bool read_only;
    atomic_bool moved;
    uint64_t map_bytes;
    uint64_t quota_bytes; /* at most map_bytes */
    atomic_bool latched;
    _Atomic uint64_t stale_readers_cleared;
    uint64_t readers_check_at_ms; /* of the thread that writes */

    pthread_mutex_t mutex; /* guards all below */
    struct err_ctx latch_text;
    uint64_t commits;
    uint64_t commands;
    uint64_t batches_max;
    uint64_t last_commit_us;
    struct store_writer *writer; /* NULL when no writer thread runs */
};

struct store_txn {
    struct store *store;
    MDB_txn *txn;
    bool write;
    int error;       /* the one that stuck */
    int cause;       /* what LMDB said, for the text */
    uint64_t writes; /* changes made so far */
    uint64_t bytes;  /* put so far, in whole pages where LMDB gives a value its own */
    size_t cursors;  /* open now */
    bool settles;    /* the place is in it */
};

/* ---- store.c ---- */
/* Only the first call leaves its text. */
void store_latch(struct store *store, const char *what, int cause);
/* What an LMDB code or errno means here; ERR_STORAGE is one that must latch. */
int store_error_of(const struct store *store, int cause);
/* Clears slots of dead processes; how many. */
size_t store_readers_check(struct store *store);
/* The same, if it is due at now_ms; called by the writer thread. */
void store_housekeep(struct store *store, uint64_t now_ms);
/* Above the quota, or the disk has no more than the reserve. */
bool store_over_quota(struct store *store);
/* What one transaction with new work in it may put: the limits are looked at only between
 * transactions, and one that fits exactly must not eat the reserve. */
uint64_t store_txn_bytes_max(const struct store *store);

/* ---- damage.c ---- */
bool store_cause_is_damage(int cause);
/* The map is where it is from now on: a SIGBUS in it names the file. */
void store_map_name(struct store *store);

/* ---- place.c ---- */
/* Sets store->moved from what stands there; a fresh store keeps where it is. */
int store_place_check(struct store *store, struct store_txn *txn, bool fresh) MUST_USE;

/* ---- txn.c ---- a write transaction, in the caller's memory */
/* In our own table. */
int store_about_get(struct store_txn *txn, const char *name, struct bytes *ret) MUST_USE;
void store_about_put(struct store_txn *txn, const char *name, struct bytes value);
/* ERR_STORAGE, latched, or 0. */
int store_txn_start(struct store *store, struct store_txn *txn) MUST_USE;
/* 0: synced. ERR_FULL: nothing written, the store is sound. ERR_STORAGE: latched. */
int store_txn_finish(struct store_txn *txn) MUST_USE;
void store_txn_drop(struct store_txn *txn);

/* ---- batch.c ---- */
/* Runs all, in order, in as few transactions as can be, and leaves each one's result in its rc.
 * `left` is room for `count` pointers. On the writer thread. */
void store_batch_run(struct store *store, struct store_command **commands,
                     struct store_command **left, size_t count);

/* ---- open.c ---- */
int store_path_join(char *to, const char *path, const char *name, struct err_ctx *err) MUST_USE;

/* ---- data_file.c ---- */
/* Unless there is one. Its name is synced with the folder, by the caller. */
int store_data_make(const struct store *store, struct err_ctx *err) MUST_USE;
/* What it says is committed goes to the disk with the next sync, whatever went wrong before. */
int store_metas_rewrite(const struct store *store, struct err_ctx *err) MUST_USE;

/* ---- writer.c ---- */
/* Hands the batch that has just run to store_collect; once. On the writer thread. */
void store_writer_answer(struct store *store);

#endif
