/* node_owner.c - whose a store is. Under another regency's settings its reports would be sent in
 * that regency's name, so neither a start nor a restore takes it. */
#include "core/base/arena.h"
#include "core/base/plant.h"
#include "core/seal/chain.h"
#include "node/node_store.h"

#define OWNER_KEY "owner"
#define GENESIS_ARENA_BYTES 65536u

static int owner_copy(struct bytes owner, char ret[NODE_OWNER_BYTES])
{
    if (owner.len >= NODE_OWNER_BYTES) {
        return ERR_FORMAT;
    }
    memcpy(ret, owner.data, owner.len);
    ret[owner.len] = '\0';
    return 0;
}

/* As the log that lives says; ERR_NOT_FOUND when its first entry was deleted, or is damaged: that
 * stops nobody here. */
static int owner_of_log(struct store_txn *txn, const struct incarnation *incarnation,
                        char ret[NODE_OWNER_BYTES])
{
    const struct entry_id first = {.incarnation = *incarnation, .seq = 1};
    struct outlog_entry entry;
    struct genesis genesis;
    struct hash b;
    int rc = outlog_read(txn, &node_log_tables, &first, &entry);
    if (rc != 0) {
        return rc == ERR_FORMAT ? ERR_NOT_FOUND : rc;
    }
    chain_body(entry.body, &b);
    if (!hash_equal(&b, &entry.b)) {
        return ERR_NOT_FOUND;
    }
    struct arena *arena = arena_new(GENESIS_ARENA_BYTES);
    rc = arena == NULL ? ERR_NOMEM : genesis_decode(entry.body, arena, &genesis, NULL);
    rc = rc != 0 ? rc : owner_copy(genesis.owner, ret);
    arena_free(arena);
    return rc;
}

int node_owner(struct store_txn *txn, char ret[NODE_OWNER_BYTES])
{
    struct node_meta meta;
    struct bytes noted;
    ret[0] = '\0';
    int rc = meta_load(txn, &meta);
    if (rc != 0 || !meta.has_enrolment) {
        return rc;
    }
    rc = owner_of_log(txn, &meta.urgent, ret);
    if (rc == ERR_NOT_FOUND) {
        rc = owner_of_log(txn, &meta.routine, ret);
    }
    if (rc == ERR_NOT_FOUND) {
        rc = store_get(txn, NODE_META, bytes_of_text(OWNER_KEY), &noted);
        rc = rc != 0 ? rc : owner_copy(noted, ret);
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

void meta_put_owner(struct store_txn *txn, const char *regency)
{
    store_put(txn, NODE_META, bytes_of_text(OWNER_KEY), bytes_of_text(regency));
}

int node_check_owner(struct store *store, const char *regency, char ret[NODE_OWNER_BYTES],
                     struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    int rc = store_read_begin(store, &txn, err);
    if (rc != 0) {
        return rc;
    }
    rc = node_owner(txn, ret);
    store_read_end(txn);
    if (rc != 0) {
        return err_set(err, rc, "whose store it is cannot be read: %s", err_text(rc));
    }
    bool ours = ret[0] == '\0' || strcmp(ret, regency) == 0;
    return ours || PLANTED(ANY_OWNER) ? 0 : ERR_CONFIG;
}
