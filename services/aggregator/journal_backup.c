/* journal_backup.c - how far the last backup reaches, and reading one back. */
#include "aggregator/journal.h"

#include <stdlib.h>

#define BACKUP_KEY "backup"
#define BACKUP_BYTES 16u

void journal_put_backup(struct store_txn *txn, const struct journal_backup *backup)
{
    uint8_t value[BACKUP_BYTES];
    put_be64(value, (uint64_t)backup->at_ms);
    put_be64(value + 8, backup->position);
    store_put(txn, JOURNAL_META, bytes_of_text(BACKUP_KEY), bytes_of(value, sizeof value));
}

int journal_get_backup(struct store_txn *txn, struct journal_backup *ret)
{
    struct bytes value;
    int rc = store_get(txn, JOURNAL_META, bytes_of_text(BACKUP_KEY), &value);
    if (rc == 0 && value.len != BACKUP_BYTES) {
        rc = ERR_FORMAT;
    }
    if (rc == 0) {
        ret->at_ms = (int64_t)get_be64(value.data);
        ret->position = get_be64(value.data + 8);
    }
    return rc;
}

int journal_get_backed_up(struct store_txn *txn, const struct incarnation *incarnation,
                          uint64_t *ret)
{
    struct bytes value;
    int rc = store_get(txn, JOURNAL_BACKED_UP, bytes_of(incarnation->b, INCARNATION_BYTES), &value);
    if (rc == 0 && value.len != 8) {
        rc = ERR_FORMAT;
    }
    if (rc == 0 || rc == ERR_NOT_FOUND) {
        *ret = rc == 0 ? get_be64(value.data) : 0;
        rc = 0;
    }
    return rc;
}

int journal_put_backed_up(struct store_txn *txn, const struct entry_id *id)
{
    uint8_t value[8];
    uint64_t there = 0;
    int rc = journal_get_backed_up(txn, &id->incarnation, &there);
    if (rc == 0 && id->seq > there) {
        put_be64(value, id->seq);
        store_put(txn, JOURNAL_BACKED_UP, bytes_of(id->incarnation.b, INCARNATION_BYTES),
                  bytes_of(value, sizeof value));
    }
    return rc;
}

/* ---- reading one back ---- */

static int check_records(struct store_txn *txn, struct journal_reader *reader,
                         const struct store_watch *watch, uint64_t last, struct err_ctx *err)
{
    int rc = journal_reader_seek(reader, txn, 1);
    for (uint64_t position = 1; rc == 0 && position <= last; position++) {
        struct journal_entry entry;
        rc = journal_reader_next(reader, &entry);
        if (rc != 0) {
            return err_set(err, rc == ERR_NOT_FOUND ? ERR_FORMAT : rc, "entry %llu: %s",
                           (unsigned long long)position, err_text(rc));
        }
        if (!store_watch_go_on(watch, position)) {
            return err_set(err, ERR_GONE, "given up");
        }
    }
    return rc;
}

struct ends {
    struct journal_checked *checked;
    struct journal_cursor *cursors;
    size_t capacity;
    int rc;
};

static int ends_grow(struct ends *ends)
{
    size_t capacity = ends->capacity == 0 ? 64 : 2 * ends->capacity;
    struct entry_id *list = realloc(ends->checked->ends, capacity * sizeof *list);
    if (list == NULL) {
        return ERR_NOMEM;
    }
    ends->checked->ends = list;
    struct journal_cursor *cursors = realloc(ends->cursors, capacity * sizeof *cursors);
    if (cursors == NULL) {
        return ERR_NOMEM;
    }
    ends->cursors = cursors;
    ends->capacity = capacity;
    return 0;
}

static void add_end(void *arg, const struct journal_cursor *cursor)
{
    struct ends *ends = arg;
    struct journal_checked *checked = ends->checked;
    if (ends->rc == 0 && checked->end_count == ends->capacity) {
        ends->rc = ends_grow(ends);
    }
    if (ends->rc == 0) {
        ends->cursors[checked->end_count] = *cursor;
        checked->ends[checked->end_count++] = (struct entry_id){cursor->incarnation, cursor->last};
    }
}

static int check_cursor(struct store_txn *txn, struct journal_reader *reader,
                        const struct journal_cursor *cursor, struct err_ctx *err)
{
    const struct entry_id id = {cursor->incarnation, cursor->last};
    struct journal_entry entry;
    int rc = journal_reader_find(reader, txn, &id, &entry);
    if (rc == 0 && hash_equal(&entry.h, &cursor->h)) {
        return 0;
    }
    char hex[HEX_CAPACITY(INCARNATION_BYTES)];
    return err_set(err, ERR_FORMAT, "log %s of %s: entry %llu is not what its cursor says",
                   hex_encode(hex, id.incarnation.b, INCARNATION_BYTES), cursor->owner,
                   (unsigned long long)id.seq);
}

static int check_own(struct store_txn *txn, struct journal_reader *reader,
                     const struct journal_meta *meta, struct err_ctx *err)
{
    const struct journal_cursor own = {
        .incarnation = meta->aggregator, .last = meta->own_last, .h = meta->own_h, .owner = "us"};
    return check_cursor(txn, reader, &own, err);
}

static int check_cursors(struct store_txn *txn, struct journal_reader *reader,
                         struct journal_checked *checked, struct err_ctx *err)
{
    struct ends ends = {.checked = checked};
    int rc = journal_each_cursor(txn, add_end, &ends);
    rc = rc != 0 ? rc : ends.rc;
    for (size_t i = 0; rc == 0 && i < checked->end_count; i++) {
        rc = check_cursor(txn, reader, &ends.cursors[i], err);
    }
    free(ends.cursors);
    return rc;
}

static int check_all(struct store_txn *txn, struct journal_reader *reader,
                     const struct store_watch *watch, struct journal_checked *checked,
                     struct err_ctx *err)
{
    struct journal_meta meta;
    int rc = journal_load(txn, &meta);
    if (rc != 0) {
        return err_set(err, ERR_FORMAT, "there is no journal in it");
    }
    checked->position = meta.next_position - 1;
    rc = check_records(txn, reader, watch, checked->position, err);
    rc = rc != 0 ? rc : check_own(txn, reader, &meta, err);
    rc = rc != 0 ? rc : check_cursors(txn, reader, checked, err);
    return rc != 0 ? rc : outlog_check_all(txn, &journal_office_tables, watch, NULL, err);
}

int journal_check(struct store *journal, const struct store_watch *watch,
                  struct journal_checked *ret, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct journal_checked checked = {.position = 0};
    struct journal_reader *reader = journal_reader_new();
    int rc = reader == NULL ? err_set(err, ERR_NOMEM, "out of memory")
                            : store_read_begin(journal, &txn, err);
    rc = rc != 0 ? rc : check_all(txn, reader, watch, &checked, err);
    store_read_end(txn);
    journal_reader_free(reader);
    if (rc != 0) {
        journal_checked_clear(&checked);
        return err_wrap(err, rc, "journal");
    }
    *ret = checked;
    return 0;
}

void journal_checked_clear(struct journal_checked *checked)
{
    free(checked->ends);
    *checked = (struct journal_checked){.position = 0};
}
