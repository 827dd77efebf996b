#include "fuzz/fake_store.h"

#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 300u
#define KEY_BYTES_ROOM 511u

struct row {
    unsigned table;
    uint8_t key[KEY_BYTES_ROOM];
    size_t key_len;
    uint8_t *value;
    size_t len;
};
struct store_txn {
    struct row rows[ROWS_MAX];
    size_t count;
};
struct store_cursor {
    unsigned table;
    const struct row *at;
};

static struct store_txn only;
static struct store_cursor cursor;
static bool refusing;

void fake_refuses(bool refuses)
{
    refusing = refuses;
}

struct store_txn *fake_store(void)
{
    for (size_t i = 0; i < only.count; i++) {
        free(only.rows[i].value);
    }
    only.count = 0;
    return &only;
}

static struct bytes key_of(const struct row *row)
{
    return bytes_of(row->key, row->key_len);
}

static struct row *find(unsigned table, struct bytes key)
{
    for (size_t i = 0; i < only.count; i++) {
        if (only.rows[i].table == table && bytes_equal(key_of(&only.rows[i]), key)) {
            return &only.rows[i];
        }
    }
    return NULL;
}

void fake_put(unsigned table, struct bytes key, struct bytes value)
{
    struct row *row = find(table, key);
    uint8_t *copy = malloc(value.len > 0 ? value.len : 1);
    CHECK(copy != NULL && key.len <= KEY_BYTES_ROOM && only.count < ROWS_MAX, "there is room");
    if (value.len > 0) {
        memcpy(copy, value.data, value.len);
    }
    if (row == NULL) {
        row = &only.rows[only.count++];
        row->table = table;
        row->key_len = key.len;
        memcpy(row->key, key.data, key.len);
    } else {
        free(row->value);
    }
    row->value = copy;
    row->len = value.len;
}

/* ---- store.h ---- */

int store_get(struct store_txn *txn, unsigned table, struct bytes key, struct bytes *ret)
{
    (void)txn;
    const struct row *row = find(table, key);
    if (row != NULL) {
        *ret = bytes_of(row->value, row->len);
    }
    return row != NULL ? 0 : ERR_NOT_FOUND;
}

void store_put(struct store_txn *txn, unsigned table, struct bytes key, struct bytes value)
{
    (void)txn;
    fake_put(table, key, value);
}

void store_append(struct store_txn *txn, unsigned table, struct bytes key, struct bytes value)
{
    store_put(txn, table, key, value);
}

int store_cursor_open(struct store_txn *txn, unsigned table, struct store_cursor **ret)
{
    (void)txn;
    cursor = (struct store_cursor){.table = table};
    *ret = &cursor;
    return refusing ? ERR_STORAGE : 0;
}

void store_cursor_close(struct store_cursor *closed)
{
    (void)closed;
}

/* The first row at or above `from` (above it, if `after`), or the last at or below it. */
static const struct row *seek(unsigned table, struct bytes from, bool after, bool before)
{
    const struct row *best = NULL;
    for (size_t i = 0; i < only.count; i++) {
        const struct row *row = &only.rows[i];
        int order = bytes_compare(key_of(row), from);
        bool fits = row->table == table && (before  ? order <= 0 || from.len == 0
                                            : after ? order > 0
                                                    : order >= 0);
        if (fits && (best == NULL || (bytes_compare(key_of(row), key_of(best)) < 0) != before)) {
            best = row;
        }
    }
    return best;
}

static int give(struct store_cursor *to, const struct row *row, struct bytes *ret_key,
                struct bytes *ret_value)
{
    to->at = row;
    if (row == NULL) {
        return ERR_NOT_FOUND;
    }
    *ret_key = key_of(row);
    *ret_value = bytes_of(row->value, row->len);
    return 0;
}

int store_seek(struct store_cursor *of, struct bytes key, struct bytes *ret_key,
               struct bytes *ret_value)
{
    return give(of, seek(of->table, key, false, false), ret_key, ret_value);
}

int store_seek_before(struct store_cursor *of, struct bytes key, struct bytes *ret_key,
                      struct bytes *ret_value)
{
    return give(of, seek(of->table, key, false, true), ret_key, ret_value);
}

int store_next(struct store_cursor *of, struct bytes *ret_key, struct bytes *ret_value)
{
    struct bytes from = of->at != NULL ? key_of(of->at) : (struct bytes){0};
    return give(of, seek(of->table, from, of->at != NULL, false), ret_key, ret_value);
}
