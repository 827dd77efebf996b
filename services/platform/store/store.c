/* store.c - what an error means, the latch, stale readers, the quota and the numbers. */
#include "platform/store/store.h"

#include <errno.h>
#include <sys/statvfs.h>

#include "core/base/plant.h"
#include "platform/store/store_private.h"

void store_latch(struct store *store, const char *what, int cause)
{
    (void)pthread_mutex_lock(&store->mutex);
    if (!atomic_load(&store->latched) && !PLANTED(LATCH_IGNORED)) {
        (void)err_set(&store->latch_text, ERR_STORAGE, "store %s: %s: %s%s%s", store->path, what,
                      mdb_strerror(cause), store_cause_is_damage(cause) ? ": " : "",
                      store_cause_is_damage(cause) ? store->mend : "");
        atomic_store(&store->latched, true);
    }
    (void)pthread_mutex_unlock(&store->mutex);
}

bool store_latched(const struct store *store)
{
    return atomic_load(&store->latched);
}

int store_latch_reason(struct store *store, struct err_ctx *err)
{
    if (!store_latched(store)) {
        return 0;
    }
    (void)pthread_mutex_lock(&store->mutex);
    int rc = err_set(err, ERR_STORAGE, "%s", store->latch_text.text);
    (void)pthread_mutex_unlock(&store->mutex);
    return rc;
}

static bool disk_is_full(const struct store *store)
{
    struct statvfs fs;
    return statvfs(store->path, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize < STORE_DISK_FULL_BYTES;
}

int store_error_of(const struct store *store, int cause)
{
    switch (cause) {
    case 0:
        return 0;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_KEYEXIST: /* an append that was not one */
        return ERR_VALUE;
    case MDB_BAD_VALSIZE:
        return ERR_LIMIT;
    case MDB_READERS_FULL:
        return ERR_AGAIN;
    case ENOMEM:
        return ERR_NOMEM;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case EIO: /* LMDB's word for a short write too, and that is how a disk gets full */
        return disk_is_full(store) ? ERR_FULL : ERR_STORAGE;
    default:
        return ERR_STORAGE;
    }
}

size_t store_readers_check(struct store *store)
{
    int dead = 0;
    if (mdb_reader_check(store->env, &dead) != 0 || dead <= 0) {
        return 0;
    }
    atomic_fetch_add(&store->stale_readers_cleared, (uint64_t)dead);
    return (size_t)dead;
}

void store_housekeep(struct store *store, uint64_t now_ms)
{
    if (now_ms >= store->readers_check_at_ms) {
        store->readers_check_at_ms = now_ms + STORE_READERS_CHECK_MS;
        (void)store_readers_check(store);
    }
}

/* Pages that LMDB may use again, from its own list of them (table 0). */
static uint64_t free_pages(struct store *store)
{
    MDB_txn *txn = NULL;
    MDB_cursor *cursor = NULL;
    uint64_t pages = 0;
    if (mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn) != 0) {
        return 0;
    }
    if (mdb_cursor_open(txn, 0, &cursor) == 0) {
        MDB_val key;
        MDB_val value;
        while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
            size_t count; /* each value is a count, then so many page numbers */
            memcpy(&count, value.mv_data, sizeof count);
            pages += count;
        }
        mdb_cursor_close(cursor);
    }
    mdb_txn_abort(txn);
    return pages;
}

/* The list of free pages is walked only when the answer depends on it. */
static uint64_t used_bytes(struct store *store)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(store->env, &info) != 0 || mdb_env_stat(store->env, &stat) != 0) {
        return 0;
    }
    uint64_t bytes = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    if (bytes > store->quota_bytes) {
        uint64_t unused = free_pages(store) * stat.ms_psize;
        bytes -= unused < bytes ? unused : bytes;
    }
    return bytes;
}

/* 0 for a file system that does not say how large it is. */
static uint64_t disk_reserve(const struct statvfs *fs)
{
    uint64_t part = (uint64_t)fs->f_blocks * fs->f_frsize / STORE_DISK_RESERVE_PART;
    return part < STORE_DISK_RESERVE_BYTES ? part : STORE_DISK_RESERVE_BYTES;
}

static bool disk_is_short(const struct store *store)
{
    struct statvfs fs;
    return statvfs(store->path, &fs) == 0 &&
           (uint64_t)fs.f_bavail * fs.f_frsize < disk_reserve(&fs);
}

bool store_over_quota(struct store *store)
{
    return used_bytes(store) > store->quota_bytes || disk_is_short(store);
}

uint64_t store_txn_bytes_max(const struct store *store)
{
    struct statvfs fs;
    uint64_t map = STORE_RESERVE_BYTES(store->map_bytes) / 4;
    uint64_t disk = statvfs(store->path, &fs) == 0 ? disk_reserve(&fs) / 2 : 0;
    return disk != 0 && disk < map ? disk : map;
}

void store_numbers(struct store *store, struct store_numbers *ret)
{
    uint64_t used = used_bytes(store);
    bool full = used > store->quota_bytes || disk_is_short(store);
    (void)pthread_mutex_lock(&store->mutex);
    *ret = (struct store_numbers){
        .used_bytes = used,
        .map_bytes = store->map_bytes,
        .full = full,
        .commits = store->commits,
        .commands = store->commands,
        .batches_max = store->batches_max,
        .last_commit_us = store->last_commit_us,
        .stale_readers_cleared = atomic_load(&store->stale_readers_cleared),
    };
    (void)pthread_mutex_unlock(&store->mutex);
}
