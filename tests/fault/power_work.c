#include "fault/power_work.h"

#include <sodium.h>
#include <string.h>

const struct work *work_named(const char *name)
{
    static const struct work *const all[] = {&work_node, &work_aggregator};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(all[i]->name, name) == 0) {
            return all[i];
        }
    }
    return NULL;
}

int64_t work_now_ms(size_t step)
{
    return 1730419200000 + (int64_t)step * 1000;
}

static void digest_number(crypto_generichash_state *state, uint64_t number)
{
    uint8_t bytes[8];
    put_be64(bytes, number);
    (void)crypto_generichash_update(state, bytes, sizeof bytes);
}

static void digest_bytes(crypto_generichash_state *state, struct bytes bytes)
{
    digest_number(state, bytes.len);
    (void)crypto_generichash_update(state, bytes.data, bytes.len);
}

static int digest_table(struct store_txn *txn, unsigned table, crypto_generichash_state *state)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    uint64_t count = 0;
    int rc = store_cursor_open(txn, table, &cursor);
    if (rc != 0) {
        return rc;
    }
    for (rc = store_next(cursor, &key, &value); rc == 0; rc = store_next(cursor, &key, &value)) {
        digest_bytes(state, key);
        digest_bytes(state, value);
        count++;
    }
    digest_number(state, count);
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

int work_digest(struct store *store, size_t tables, struct hash *digest, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    crypto_generichash_state state;
    struct hash before = *digest; /* of the stores looked at so far */
    int rc = store_read_begin(store, &txn, err);
    (void)crypto_generichash_init(&state, before.b, sizeof before.b, sizeof digest->b);
    for (size_t i = 0; rc == 0 && i < tables; i++) {
        rc = digest_table(txn, (unsigned)i, &state);
    }
    store_read_end(txn);
    (void)crypto_generichash_final(&state, digest->b, sizeof digest->b);
    return rc;
}
