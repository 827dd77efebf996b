/* outlog_check.c - reading logs back, entry by entry. */
#include "core/seal/chain.h"
#include "platform/store/outlog_private.h"

struct check {
    struct store_txn *txn;
    const struct outlog_tables *tables;
    const struct store_watch *watch;
    uint64_t entries;
    struct err_ctx *err;
};

/* The first entry of the log that is not deleted; last + 1: none. */
static int first_there(const struct check *check, const struct outlog *log, uint64_t *ret)
{
    struct entry_id id = {.incarnation = log->incarnation};
    uint8_t wanted[OUTLOG_KEY_BYTES];
    struct bytes key;
    struct bytes value;
    struct store_cursor *cursor = NULL;
    int rc = store_cursor_open(check->txn, check->tables->entries, &cursor);
    if (rc != 0) {
        return rc;
    }
    rc = store_seek(cursor, outlog_key(&id, wanted), &key, &value);
    store_cursor_close(cursor);
    bool ours =
        rc == 0 && key.len == OUTLOG_KEY_BYTES && memcmp(key.data, wanted, INCARNATION_BYTES) == 0;
    *ret = ours ? get_be64(key.data + INCARNATION_BYTES) : log->last + 1;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* The chain can be followed from the second one on: what the first stands on is gone. */
static bool entry_holds(const struct outlog_entry *entry, const struct entry_id *id,
                        const struct hash *before)
{
    struct hash b = entry->b;
    struct hash h = entry->h;
    if (!entry->erased) {
        chain_body(entry->body, &b);
    }
    if (before != NULL) {
        chain_next(before, &entry->b, id, entry->kind, &h);
    }
    return hash_equal(&b, &entry->b) && hash_equal(&h, &entry->h);
}

static int check_log(struct check *check, const struct outlog *log)
{
    static const struct hash zeros;
    struct entry_id id = {.incarnation = log->incarnation};
    struct hash h = zeros;
    char hex[HEX_CAPACITY(INCARNATION_BYTES)];
    int rc = first_there(check, log, &id.seq);
    bool known = id.seq == 1;
    for (; rc == 0 && id.seq <= log->last; id.seq++) {
        struct outlog_entry entry;
        rc = outlog_read(check->txn, check->tables, &id, &entry);
        if (rc == 0 && !entry_holds(&entry, &id, known ? &h : NULL)) {
            rc = ERR_FORMAT;
        }
        if (rc == 0 && !store_watch_go_on(check->watch, ++check->entries)) {
            return err_set(check->err, ERR_GONE, "given up");
        }
        h = entry.h;
        known = true;
    }
    if (rc == 0 && known && !hash_equal(&h, &log->h_last)) {
        rc = ERR_FORMAT;
    }
    return rc == 0 ? 0
                   : err_set(check->err, ERR_FORMAT, "log %s: entry %llu does not hold",
                             hex_encode(hex, log->incarnation.b, INCARNATION_BYTES),
                             (unsigned long long)id.seq);
}

int outlog_check_all(struct store_txn *txn, const struct outlog_tables *tables,
                     const struct store_watch *watch, uint64_t *ret_entries, struct err_ctx *err)
{
    struct check check = {.txn = txn, .tables = tables, .watch = watch, .err = err};
    struct outlog log;
    int found = outlog_next(txn, tables, NULL, &log);
    while (found == 0) {
        struct incarnation after = log.incarnation;
        int rc = check_log(&check, &log);
        if (rc != 0) {
            return rc;
        }
        found = outlog_next(txn, tables, &after, &log);
    }
    if (found != ERR_NOT_FOUND) {
        return err_set(err, found, "the list of logs: %s", err_text(found));
    }
    if (ret_entries != NULL) {
        *ret_entries = check.entries;
    }
    return 0;
}
