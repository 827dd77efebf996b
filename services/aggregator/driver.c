/* The views' driver over LMDB: the fold's keys and values, as they are. What goes wrong in here is
 * the store's fault, never the entry's: crash_note pauses. */
#include "aggregator/aggregator.h"

#include "core/base/plant.h"
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

/* ---- for the thread that writes ---- */
static bool filtered(const struct driver *driver, enum view_table table, struct bytes key)
{
    return driver->filter != NULL && table == VIEW_CASE_KEYS && key.len == KEY_FILTER_KEY_BYTES;
}

static int writing_get(void *arg, enum view_table table, struct bytes key, struct bytes *ret)
{
    const struct driver *driver = arg;
    if (filtered(driver, table, key) && !key_filter_maybe(driver->filter, key.data)) {
        return ERR_NOT_FOUND;
    }
    return driver_get(driver->txn, table, key, ret);
}

static void writing_put(void *arg, enum view_table table, struct bytes key, struct bytes value)
{
    const struct driver *driver = arg;
    if (filtered(driver, table, key) && !PLANTED(KEY_FORGOTTEN)) {
        key_filter_add(driver->filter, key.data);
    }
    driver_put(driver->txn, table, key, value);
}

static void writing_del(void *arg, enum view_table table, struct bytes key)
{
    const struct driver *driver = arg;
    driver_del(driver->txn, table, key);
}

static int writing_next(void *arg, enum view_table table, struct bytes prefix, struct bytes after,
                        struct bytes *ret_key, struct bytes *ret_value)
{
    const struct driver *driver = arg;
    return driver_next(driver->txn, table, prefix, after, ret_key, ret_value);
}

void driver_writing(struct driver *driver, struct views *ret)
{
    *ret = (struct views){.arg = driver,
                          .get = writing_get,
                          .put = writing_put,
                          .del = writing_del,
                          .next = writing_next};
}

static int filter_fill(struct store_txn *txn, struct key_filter *filter)
{
    struct store_cursor *cursor = NULL;
    struct bytes key, value;
    int rc = store_cursor_open(txn, VIEW_CASE_KEYS, &cursor);
    rc = rc == 0 ? store_seek(cursor, (struct bytes){0}, &key, &value) : rc;
    while (rc == 0) {
        if (key.len == KEY_FILTER_KEY_BYTES) {
            key_filter_add(filter, key.data);
        }
        rc = store_next(cursor, &key, &value);
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* With room for as many again. */
int driver_filter_ready(struct store_txn *txn, struct key_filter **filter)
{
    int rc = 0;
    uint64_t keys_max = KEY_FILTER_KEYS_MIN;
    if (*filter != NULL && !key_filter_full(*filter)) {
        return 0;
    }
    if (*filter != NULL) {
        keys_max = key_filter_keys_max(*filter) * 2;
    }
    do {
        key_filter_free(*filter);
        keys_max *= 2;
        *filter = key_filter_new(keys_max);
        rc = *filter == NULL ? 0 : filter_fill(txn, *filter);
    } while (rc == 0 && *filter != NULL && key_filter_full(*filter));
    if (rc != 0) {
        key_filter_free(*filter);
        *filter = NULL;
    }
    return rc;
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
