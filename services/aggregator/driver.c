/* The views' driver over LMDB: the fold's keys and values, as they are. What goes wrong in here is
 * the store's fault, never the entry's: crash_note pauses. */
#include "aggregator/aggregator.h"

#include "platform/host/crash_note.h"

static int driver_get(void *arg, enum view_table table, struct bytes key, struct bytes *ret)
{
    bool was = crash_note_pause();
    int rc = store_get(arg, table, key, ret);
    crash_note_resume(was);
    return rc;
}

static void driver_put(void *arg, enum view_table table, struct bytes key, struct bytes value)
{
    bool was = crash_note_pause();
    store_put(arg, table, key, value);
    crash_note_resume(was);
}

static void driver_del(void *arg, enum view_table table, struct bytes key)
{
    bool was = crash_note_pause();
    store_delete(arg, table, key);
    crash_note_resume(was);
}

static int find_next(struct store_txn *txn, enum view_table table, struct bytes prefix,
                     struct bytes after, struct bytes *ret_key, struct bytes *ret_value)
{
    struct store_cursor *cursor = NULL;
    int rc = store_cursor_open(txn, table, &cursor);
    if (rc != 0) {
        return rc;
    }
    rc = store_seek(cursor, after.len > 0 ? after : prefix, ret_key, ret_value);
    if (rc == 0 && after.len > 0 && bytes_equal(*ret_key, after)) {
        rc = store_next(cursor, ret_key, ret_value);
    }
    if (rc == 0 && (ret_key->len < prefix.len ||
                    (prefix.len > 0 && memcmp(ret_key->data, prefix.data, prefix.len) != 0))) {
        rc = ERR_NOT_FOUND;
    }
    store_cursor_close(cursor);
    return rc;
}

static int driver_next(void *arg, enum view_table table, struct bytes prefix, struct bytes after,
                       struct bytes *ret_key, struct bytes *ret_value)
{
    bool was = crash_note_pause();
    int rc = find_next(arg, table, prefix, after, ret_key, ret_value);
    crash_note_resume(was);
    return rc;
}

void driver_views(struct store_txn *txn, struct views *ret)
{
    *ret = (struct views){
        .arg = txn, .get = driver_get, .put = driver_put, .del = driver_del, .next = driver_next};
}

int driver_position(struct store_txn *txn, uint64_t *ret)
{
    struct bytes value;
    *ret = 0;
    int rc = store_get(txn, VIEW_META, bytes_of_text(VIEWS_POSITION_KEY), &value);
    if (rc == ERR_NOT_FOUND) {
        return 0;
    }
    if (rc == 0 && value.len != 8) {
        rc = ERR_FORMAT;
    }
    if (rc == 0) {
        *ret = get_be64(value.data);
    }
    return rc;
}
