/* txn.c - transactions, cursors, and what a commit's failure means. */
#include <errno.h>

#include "core/base/assert.h"
#include "platform/host/host.h"
#include "platform/store/store_private.h"

#define PAGE_BYTES 4096u
#define KEY_MAX 511u /* LMDB's, as Debian builds it */

struct store_cursor {
    struct store_txn *txn;
    MDB_cursor *cursor;
    bool past; /* nothing was found last: store_next finds nothing either */
};

/* LMDB's struct has no const, yet it only reads what it is given to look up or store. */
static MDB_val val_of(struct bytes bytes)
{
    union {
        const uint8_t *in;
        void *out;
    } data = {.in = bytes.data};
    return (MDB_val){bytes.len, data.out};
}

static struct bytes bytes_of_val(const MDB_val *val)
{
    return bytes_of(val->mv_data, val->mv_size);
}

static int stick(struct store_txn *txn, const char *what, int cause)
{
    int rc = store_error_of(txn->store, cause);
    if (rc == 0 || rc == ERR_NOT_FOUND) {
        return rc;
    }
    if (txn->error == 0) {
        txn->error = rc;
        txn->cause = cause;
    }
    if (rc == ERR_STORAGE) {
        store_latch(txn->store, what, cause);
    }
    return txn->error;
}

static MDB_dbi table_of(const struct store_txn *txn, unsigned table)
{
    ASSERT(table < txn->store->table_count);
    return txn->store->tables[table];
}

static MDB_dbi about_of(const struct store_txn *txn)
{
    return txn->store->tables[txn->store->table_count];
}

/* False, and the error sticks, for a key LMDB would not take; false after any error. */
static bool usable(struct store_txn *txn, struct bytes key)
{
    if (txn->error == 0 && (key.len == 0 || key.len > KEY_MAX)) {
        (void)stick(txn, "key", MDB_BAD_VALSIZE);
    }
    return txn->error == 0;
}

/* ---- reading ---- */

int store_read_begin(struct store *store, struct store_txn **ret, struct err_ctx *err)
{
    struct store_txn *txn = calloc(1, sizeof *txn);
    if (txn == NULL) {
        return err_set(err, ERR_NOMEM, "read store: out of memory");
    }
    txn->store = store;
    int cause = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn->txn);
    if (cause == MDB_READERS_FULL && store_readers_check(store) > 0) {
        cause = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn->txn);
    }
    if (cause != 0) {
        int rc = stick(txn, "begin to read", cause);
        free(txn);
        return err_set(err, rc, "read store: %s", mdb_strerror(cause));
    }
    *ret = txn;
    return 0;
}

void store_read_end(struct store_txn *txn)
{
    if (txn == NULL) {
        return;
    }
    ASSERT(!txn->write && txn->cursors == 0);
    mdb_txn_abort(txn->txn);
    free(txn);
}

static int get(struct store_txn *txn, MDB_dbi dbi, struct bytes key, struct bytes *ret)
{
    if (!usable(txn, key)) {
        return txn->error;
    }
    MDB_val k = val_of(key);
    MDB_val v;
    int rc = stick(txn, "get", mdb_get(txn->txn, dbi, &k, &v));
    if (rc == 0) {
        *ret = bytes_of_val(&v);
    }
    return rc;
}

int store_get(struct store_txn *txn, unsigned table, struct bytes key, struct bytes *ret)
{
    return get(txn, table_of(txn, table), key, ret);
}

int store_about_get(struct store_txn *txn, const char *name, struct bytes *ret)
{
    return get(txn, about_of(txn), bytes_of_text(name), ret);
}

int store_cursor_open(struct store_txn *txn, unsigned table, struct store_cursor **ret)
{
    MDB_dbi dbi = table_of(txn, table);
    if (txn->error != 0) {
        return txn->error;
    }
    struct store_cursor *cursor = calloc(1, sizeof *cursor);
    if (cursor == NULL) {
        return stick(txn, "cursor", ENOMEM);
    }
    int rc = stick(txn, "cursor", mdb_cursor_open(txn->txn, dbi, &cursor->cursor));
    if (rc != 0) {
        free(cursor);
        return rc;
    }
    cursor->txn = txn;
    txn->cursors++;
    *ret = cursor;
    return 0;
}

static int cursor_get(struct store_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
    return cursor->txn->error != 0
               ? cursor->txn->error
               : stick(cursor->txn, "cursor", mdb_cursor_get(cursor->cursor, key, value, op));
}

static int cursor_give(struct store_cursor *cursor, int rc, const MDB_val *key,
                       const MDB_val *value, struct bytes *ret_key, struct bytes *ret_value)
{
    cursor->past = rc != 0;
    if (rc == 0) {
        *ret_key = bytes_of_val(key);
        *ret_value = bytes_of_val(value);
    }
    return rc;
}

int store_seek(struct store_cursor *cursor, struct bytes key, struct bytes *ret_key,
               struct bytes *ret_value)
{
    MDB_val k = val_of(key);
    MDB_val v;
    int rc = cursor_get(cursor, &k, &v, key.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
    return cursor_give(cursor, rc, &k, &v, ret_key, ret_value);
}

int store_seek_before(struct store_cursor *cursor, struct bytes key, struct bytes *ret_key,
                      struct bytes *ret_value)
{
    MDB_val k = val_of(key);
    MDB_val v;
    int rc = key.len == 0 ? ERR_NOT_FOUND : cursor_get(cursor, &k, &v, MDB_SET_RANGE);
    if (rc == ERR_NOT_FOUND) {
        rc = cursor_get(cursor, &k, &v, MDB_LAST);
    } else if (rc == 0 && !bytes_equal(bytes_of_val(&k), key)) {
        rc = cursor_get(cursor, &k, &v, MDB_PREV);
    }
    return cursor_give(cursor, rc, &k, &v, ret_key, ret_value);
}

int store_next(struct store_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value)
{
    MDB_val k;
    MDB_val v;
    if (cursor->past && cursor->txn->error == 0) {
        return ERR_NOT_FOUND;
    }
    int rc = cursor_get(cursor, &k, &v, MDB_NEXT);
    return cursor_give(cursor, rc, &k, &v, ret_key, ret_value);
}

void store_cursor_close(struct store_cursor *cursor)
{
    if (cursor == NULL) {
        return;
    }
    ASSERT(cursor->txn->cursors > 0);
    cursor->txn->cursors--;
    mdb_cursor_close(cursor->cursor);
    free(cursor);
}

/* ---- writing ---- */

/* What does not go twice into a page gets pages of its own. */
static uint64_t bytes_taken(size_t len)
{
    return len < PAGE_BYTES / 2 ? len : (len / PAGE_BYTES + 1) * PAGE_BYTES;
}

static void put(struct store_txn *txn, MDB_dbi dbi, struct bytes key, struct bytes value,
                unsigned flags)
{
    ASSERT(txn->write);
    if (!usable(txn, key)) {
        return;
    }
    MDB_val k = val_of(key);
    MDB_val v = val_of(value);
    txn->writes++; /* also when it fails: half of it may have been done */
    txn->bytes += bytes_taken(key.len + value.len);
    (void)stick(txn, "put", mdb_put(txn->txn, dbi, &k, &v, flags));
}

void store_put(struct store_txn *txn, unsigned table, struct bytes key, struct bytes value)
{
    put(txn, table_of(txn, table), key, value, 0);
}

void store_append(struct store_txn *txn, unsigned table, struct bytes key, struct bytes value)
{
    put(txn, table_of(txn, table), key, value, MDB_APPEND);
}

void store_about_put(struct store_txn *txn, const char *name, struct bytes value)
{
    put(txn, about_of(txn), bytes_of_text(name), value, 0);
}

void store_delete(struct store_txn *txn, unsigned table, struct bytes key)
{
    ASSERT(txn->write);
    MDB_dbi dbi = table_of(txn, table);
    if (!usable(txn, key)) {
        return;
    }
    MDB_val k = val_of(key);
    int cause = mdb_del(txn->txn, dbi, &k, NULL);
    txn->writes += cause != MDB_NOTFOUND;
    (void)stick(txn, "delete", cause);
}

int store_txn_error(const struct store_txn *txn)
{
    return txn->error;
}

int store_txn_start(struct store *store, struct store_txn *txn)
{
    ASSERT(!store->read_only);
    *txn = (struct store_txn){.store = store, .write = true};
    if (store_latched(store)) {
        return ERR_STORAGE;
    }
    int cause = mdb_txn_begin(store->env, NULL, 0, &txn->txn);
    if (cause != 0) {
        store_latch(store, "begin to write", cause);
        return ERR_STORAGE;
    }
    return 0;
}

void store_txn_drop(struct store_txn *txn)
{
    ASSERT(txn->cursors == 0);
    mdb_txn_abort(txn->txn);
    txn->txn = NULL;
}

/* A failed write of the meta page leaves the environment in panic; any failure before that step
 * leaves it usable, and what failed is not there. */
static bool meta_untouched(struct store *store)
{
    MDB_txn *txn = NULL;
    if (mdb_txn_begin(store->env, NULL, 0, &txn) != 0) {
        return false;
    }
    mdb_txn_abort(txn);
    return true;
}

int store_txn_finish(struct store_txn *txn)
{
    ASSERT(txn->cursors == 0 && txn->error == 0);
    struct store *store = txn->store;
    if (txn->writes == 0) {
        store_txn_drop(txn);
        return 0;
    }
    uint64_t began_us = host_monotonic_us();
    txn->cause = mdb_txn_commit(txn->txn);
    txn->txn = NULL;
    if (txn->cause == 0 && !store_check_file(store)) {
        return ERR_STORAGE; /* into a file that is gone with this process */
    }
    if (txn->cause == 0) {
        if (txn->settles) {
            atomic_store(&store->moved, false);
        }
        (void)pthread_mutex_lock(&store->mutex);
        store->commits++;
        store->last_commit_us = host_monotonic_us() - began_us;
        (void)pthread_mutex_unlock(&store->mutex);
        return 0;
    }
    if (store_error_of(store, txn->cause) == ERR_FULL && meta_untouched(store)) {
        return ERR_FULL;
    }
    store_latch(store, "commit", txn->cause);
    return ERR_STORAGE;
}

static int apply_once(struct store *store, int (*run)(struct store_txn *txn, void *arg), void *arg,
                      struct err_ctx *err)
{
    struct store_txn txn;
    int rc = store_txn_start(store, &txn);
    if (rc != 0) {
        return store_latch_reason(store, err);
    }
    rc = run(&txn, arg);
    if (rc == 0) {
        rc = txn.error;
    }
    if (rc != 0) {
        store_txn_drop(&txn);
    } else {
        rc = store_txn_finish(&txn);
    }
    if (rc != 0 && txn.cause != 0) {
        (void)err_set(err, rc, "write store: %s", mdb_strerror(txn.cause));
    }
    return rc;
}

int store_apply(struct store *store, int (*run)(struct store_txn *txn, void *arg), void *arg,
                struct err_ctx *err)
{
    if (store->read_only) {
        return err_set(err, ERR_STATE, "write store: opened for reading only");
    }
    ASSERT(store->writer == NULL);
    store_housekeep(store, host_monotonic_ms());
    int rc = apply_once(store, run, arg, err);
    if (rc == ERR_FULL && store_readers_check(store) > 0) {
        rc = apply_once(store, run, arg, err);
    }
    return rc;
}
