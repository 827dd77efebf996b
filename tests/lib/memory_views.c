#include "lib/memory_views.h"

#include "core/base/assert.h"

#include <string.h>

struct row {
    uint8_t *key, *value;
    size_t key_len, value_len;
};
struct table {
    struct row *rows;
    size_t count, capacity;
};
struct lent {
    uint8_t *copy;
    size_t len;
    struct lent *next;
};
struct memory_views {
    struct table tables[VIEW_TABLE_COUNT];
    struct lent *lent;
    size_t reads, fail_at;
};

static uint8_t *copied(struct bytes bytes)
{
    uint8_t *copy = malloc(bytes.len + 1); /* never NULL for no bytes */
    ASSERT(copy != NULL);
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    return copy;
}

static void row_set(struct row *row, struct bytes key, struct bytes value)
{
    *row = (struct row){
        .key = copied(key), .value = copied(value), .key_len = key.len, .value_len = value.len};
}

static void row_clear(struct row *row)
{
    free(row->key);
    free(row->value);
}

static void table_clear(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        row_clear(&table->rows[i]);
    }
    free(table->rows);
    *table = (struct table){.rows = NULL};
}

static void take_back(struct memory_views *memory)
{
    while (memory->lent != NULL) {
        struct lent *lent = memory->lent;
        memory->lent = lent->next;
        memset(lent->copy, 0xa5, lent->len);
        free(lent->copy);
        free(lent);
    }
}

static struct bytes lend(struct memory_views *memory, const uint8_t *data, size_t len)
{
    struct lent *lent = malloc(sizeof *lent);
    ASSERT(lent != NULL);
    *lent = (struct lent){.copy = copied(bytes_of(data, len)), .len = len, .next = memory->lent};
    memory->lent = lent;
    return bytes_of(lent->copy, len);
}

/* The first row whose key is not below. */
static size_t lower_bound(const struct table *table, struct bytes key)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct row *row = &table->rows[middle];
        if (bytes_compare(bytes_of(row->key, row->key_len), key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool row_is(const struct table *table, size_t index, struct bytes key)
{
    return index < table->count &&
           bytes_equal(bytes_of(table->rows[index].key, table->rows[index].key_len), key);
}

static bool fails(struct memory_views *memory)
{
    memory->reads++;
    return memory->fail_at != 0 && memory->reads == memory->fail_at;
}

/* As LMDB: no empty key, none over its limit. */
static void check_key(struct bytes key)
{
    ASSERT(key.len > 0 && key.len <= VIEW_KEY_BYTES_MAX);
}

static int get(void *arg, enum view_table table, struct bytes key, struct bytes *ret)
{
    struct memory_views *memory = arg;
    check_key(key);
    if (fails(memory)) {
        return ERR_STORAGE;
    }
    const struct table *in = &memory->tables[table];
    size_t index = lower_bound(in, key);
    if (!row_is(in, index, key)) {
        return ERR_NOT_FOUND;
    }
    *ret = lend(memory, in->rows[index].value, in->rows[index].value_len);
    return 0;
}

static void put(void *arg, enum view_table table, struct bytes key, struct bytes value)
{
    struct memory_views *memory = arg;
    struct table *in = &memory->tables[table];
    struct row row;
    check_key(key);
    row_set(&row, key, value); /* before lent values go: value may be one */
    size_t index = lower_bound(in, bytes_of(row.key, row.key_len));
    if (row_is(in, index, bytes_of(row.key, row.key_len))) {
        row_clear(&in->rows[index]);
    } else {
        if (in->count == in->capacity) {
            in->capacity = in->capacity == 0 ? 16 : 2 * in->capacity;
            in->rows = realloc(in->rows, in->capacity * sizeof *in->rows);
            ASSERT(in->rows != NULL);
        }
        memmove(&in->rows[index + 1], &in->rows[index], (in->count - index) * sizeof *in->rows);
        in->count++;
    }
    in->rows[index] = row;
    take_back(memory);
}

static void del(void *arg, enum view_table table, struct bytes key)
{
    struct memory_views *memory = arg;
    struct table *in = &memory->tables[table];
    check_key(key);
    size_t index = lower_bound(in, key);
    if (row_is(in, index, key)) {
        row_clear(&in->rows[index]);
        in->count--;
        memmove(&in->rows[index], &in->rows[index + 1], (in->count - index) * sizeof *in->rows);
    }
    take_back(memory);
}

static bool begins(const struct row *row, struct bytes prefix)
{
    return row->key_len >= prefix.len &&
           (prefix.len == 0 || memcmp(row->key, prefix.data, prefix.len) == 0);
}

static int next(void *arg, enum view_table table, struct bytes prefix, struct bytes after,
                struct bytes *ret_key, struct bytes *ret_value)
{
    struct memory_views *memory = arg;
    const struct table *in = &memory->tables[table];
    if (fails(memory)) {
        return ERR_STORAGE;
    }
    size_t index = lower_bound(in, after.len > 0 ? after : prefix);
    if (after.len > 0 && row_is(in, index, after)) {
        index++;
    }
    if (index >= in->count || !begins(&in->rows[index], prefix)) {
        return ERR_NOT_FOUND;
    }
    const struct row *row = &in->rows[index];
    *ret_key = lend(memory, row->key, row->key_len);
    *ret_value = lend(memory, row->value, row->value_len);
    return 0;
}

struct memory_views *memory_views_new(void)
{
    struct memory_views *memory = calloc(1, sizeof *memory);
    ASSERT(memory != NULL);
    return memory;
}

void memory_views_free(struct memory_views *memory)
{
    if (memory == NULL) {
        return;
    }
    take_back(memory);
    for (size_t i = 0; i < VIEW_TABLE_COUNT; i++) {
        table_clear(&memory->tables[i]);
    }
    free(memory);
}

struct views memory_views_driver(struct memory_views *memory)
{
    return (struct views){.arg = memory, .get = get, .put = put, .del = del, .next = next};
}

size_t memory_views_count(const struct memory_views *memory, enum view_table table)
{
    return memory->tables[table].count;
}

void memory_views_at(const struct memory_views *memory, enum view_table table, size_t index,
                     struct bytes *ret_key, struct bytes *ret_value)
{
    const struct row *row = &memory->tables[table].rows[index];
    *ret_key = bytes_of(row->key, row->key_len);
    *ret_value = bytes_of(row->value, row->value_len);
}

static bool table_same(const struct table *a, const struct table *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct row *one = &a->rows[i], *two = &b->rows[i];
        if (!bytes_equal(bytes_of(one->key, one->key_len), bytes_of(two->key, two->key_len)) ||
            !bytes_equal(bytes_of(one->value, one->value_len),
                         bytes_of(two->value, two->value_len))) {
            return false;
        }
    }
    return true;
}

const char *memory_views_differ(const struct memory_views *a, const struct memory_views *b)
{
    for (size_t i = 0; i < VIEW_TABLE_COUNT; i++) {
        if (!table_same(&a->tables[i], &b->tables[i])) {
            return view_table_names[i];
        }
    }
    return NULL;
}

void memory_views_fail_at(struct memory_views *memory, size_t read)
{
    memory->reads = 0;
    memory->fail_at = read;
}

size_t memory_views_reads(const struct memory_views *memory)
{
    return memory->reads;
}

void memory_views_copy(struct memory_views *to, const struct memory_views *from)
{
    for (size_t i = 0; i < VIEW_TABLE_COUNT; i++) {
        for (size_t j = 0; j < from->tables[i].count; j++) {
            struct bytes key, value;
            memory_views_at(from, (enum view_table)i, j, &key, &value);
            put(to, (enum view_table)i, key, value);
        }
    }
}
