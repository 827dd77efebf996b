/* journal_owner.c - whose a journal is. Under another province's settings, or another root key, its
 * entries would be judged as ours, so neither a start nor a restore takes it. */
#include "aggregator/journal.h"

#include "core/base/arena.h"
#include "core/base/plant.h"
#include "core/rules/trust.h"

#define LOOK_ENTRIES_MAX                                                                           \
    4096u /* the first ring comes with the first start: it stands far before                       \
           */
#define OWNER_ARENA_BYTES 262144u

static bool other_root(const struct key *root, struct bytes signed_ring, struct arena *arena)
{
    struct ring ring;
    arena_reset(arena);
    return trust_ring(root, signed_ring, 0, (struct bytes){0}, arena, &ring, NULL) == ERR_SIGNATURE;
}

static int province_of(struct bytes genesis_body, struct arena *arena,
                       char ret[JOURNAL_PROVINCE_BYTES])
{
    struct genesis genesis;
    arena_reset(arena);
    int rc = genesis_decode(genesis_body, arena, &genesis, NULL);
    if (rc == 0 && genesis.owner.len >= JOURNAL_PROVINCE_BYTES) {
        rc = ERR_FORMAT;
    }
    if (rc == 0) {
        memcpy(ret, genesis.owner.data, genesis.owner.len);
        ret[genesis.owner.len] = '\0';
    }
    return rc;
}

/* Our own genesis is entry 1; the first ring of our own is by the root key that began this. */
static int look(struct store_txn *txn, struct journal_reader *reader, const struct key *root,
                struct arena *arena, struct journal_owner *ret)
{
    struct journal_entry entry;
    bool ring_found = root == NULL;
    int rc = journal_reader_seek(reader, txn, 1);
    for (size_t i = 0; rc == 0 && i < LOOK_ENTRIES_MAX && !(i > 0 && ring_found); i++) {
        rc = journal_reader_next(reader, &entry);
        if (rc == 0 && i == 0) {
            rc = entry.own && entry.kind == ENTRY_GENESIS
                     ? province_of(entry.body, arena, ret->province)
                     : ERR_FORMAT;
        } else if (rc == 0 && entry.own && entry.kind == ENTRY_RING && !entry.erased) {
            ring_found = true;
            ret->other_root = other_root(root, entry.body, arena);
        }
    }
    bool unreadable = rc == ERR_FORMAT || rc == ERR_VERSION; /* others say what is damaged */
    return rc == ERR_NOT_FOUND || unreadable ? 0 : rc;
}

static int owner_of(struct store_txn *txn, struct journal_reader *reader, const struct key *root,
                    struct journal_owner *ret)
{
    *ret = (struct journal_owner){.other_root = false};
    struct arena *arena = arena_new(OWNER_ARENA_BYTES);
    int rc = arena == NULL ? ERR_NOMEM : look(txn, reader, root, arena, ret);
    arena_free(arena);
    return rc;
}

int journal_check_owner(struct store *journal, const char *province, const struct key *root,
                        struct journal_owner *ret, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct journal_reader *reader = journal_reader_new();
    int rc = reader == NULL ? err_set(err, ERR_NOMEM, "out of memory")
                            : store_read_begin(journal, &txn, err);
    if (rc == 0) {
        rc = owner_of(txn, reader, root, ret);
        if (rc != 0) {
            rc = err_set(err, rc, "whose journal it is cannot be read: %s", err_text(rc));
        }
    }
    store_read_end(txn);
    journal_reader_free(reader);
    if (rc != 0 || ret->province[0] == '\0' || PLANTED(ANY_PROVINCE)) {
        return rc;
    }
    return strcmp(ret->province, province) == 0 && !ret->other_root ? 0 : ERR_CONFIG;
}
