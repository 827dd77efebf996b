#include "aggregator/give.h"

#include "core/cases/catalogue_view.h"
#include "core/seal/object_blocks.h"

#define NOTE_ARENA_BYTES 4096u
#define LIST_BYTES_MAX                                                                             \
    ((CATALOGUE_BYTES_MAX + OBJECT_BLOCK_BYTES - 1) / OBJECT_BLOCK_BYTES * HASH_BYTES)

/* What this hash names: the catalogue (borrowed from the transaction), or its block list, made in
 * `room`. */
static int find(struct store_txn *txn, const struct hash *hash, uint8_t room[LIST_BYTES_MAX],
                struct bytes *ret)
{
    struct views views;
    struct object_note note = {.number = 0};
    struct arena *arena = arena_new(NOTE_ARENA_BYTES);
    driver_views(txn, &views);
    int rc = arena == NULL ? ERR_NOMEM : catalogue_view_note(&views, arena, &note);
    rc = rc != 0 ? rc : catalogue_view_packed(&views, ret);
    arena_free(arena);
    if (rc != 0) {
        return rc;
    }
    if (hash_equal(hash, &note.block_list)) {
        *ret = object_list_of(*ret, room);
        return 0;
    }
    return hash_equal(hash, &note.hash) ? 0 : ERR_NOT_FOUND;
}

int give_size(void *arg, const struct hash *hash, uint64_t *ret_bytes)
{
    const struct peer *peer = arg;
    uint8_t room[LIST_BYTES_MAX];
    struct bytes found = {0};
    struct store_txn *txn = NULL;
    int rc = store_read_begin(peer->aggregator->views, &txn, NULL);
    rc = rc != 0 ? rc : find(txn, hash, room, &found);
    store_read_end(txn);
    *ret_bytes = found.len;
    return rc;
}

int give_part(struct aggregator *aggregator, const struct part_plan *plan, struct bytes *ret_frame,
              struct err_ctx *err)
{
    uint8_t room[LIST_BYTES_MAX];
    struct bytes found = {0};
    struct store_txn *txn = NULL;
    size_t len = 0;
    int rc = store_read_begin(aggregator->views, &txn, err);
    rc = rc != 0 ? rc : find(txn, &plan->hash, room, &found);
    if (rc == 0 &&
        (plan->range.offset > found.len || plan->range.length > found.len - plan->range.offset)) {
        rc = ERR_NOT_FOUND;
    }
    if (rc == 0) {
        const struct control control = {
            .kind = FRAME_PART,
            .as.part = {.hash = plan->hash,
                        .offset = plan->range.offset,
                        .data =
                            bytes_of(found.data + plan->range.offset, (size_t)plan->range.length)}};
        rc = control_encode(&control, aggregator->control, sizeof aggregator->control, &len, err);
    }
    store_read_end(txn);
    *ret_frame = bytes_of(aggregator->control, len);
    return rc;
}
