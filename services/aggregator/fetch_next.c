/* Which file is fetched next. Who sent what is noted in the journal's store, as the views can be
 * thrown away. */
#include "aggregator/fetch.h"

#define LOOKED_AT_MAX 1024u   /* rows a tick */
#define FETCHED_KEY "fetched" /* ‖ regency ‖ SHA-256 → nothing */

#define FETCHED_KEY_BYTES                                                                          \
    (sizeof FETCHED_KEY - 1 + sizeof(((struct peer *)NULL)->regency) + HASH_BYTES)

static struct bytes fetched_key(const struct peer *peer, const struct hash *sha256,
                                uint8_t room[FETCHED_KEY_BYTES])
{
    struct writer writer;
    writer_init(&writer, room, FETCHED_KEY_BYTES);
    writer_bytes(&writer, bytes_of_text(FETCHED_KEY));
    writer_bytes(&writer, bytes_of((const uint8_t *)peer->regency, sizeof peer->regency));
    writer_bytes(&writer, bytes_of(sha256->b, HASH_BYTES));
    return bytes_of(room, writer.len);
}

static bool was_fetched(const struct peer *peer, struct store_txn *journal,
                        const struct hash *sha256)
{
    uint8_t room[FETCHED_KEY_BYTES];
    struct bytes value;
    uint64_t size = 0;
    return objects_size(peer->aggregator->objects, sha256, &size, NULL) == 0 &&
           store_get(journal, JOURNAL_META, fetched_key(peer, sha256, room), &value) == 0;
}

void fetch_note(struct store_txn *txn, const struct peer *peer, const struct hash *sha256)
{
    uint8_t room[FETCHED_KEY_BYTES];
    store_put(txn, JOURNAL_META, fetched_key(peer, sha256, room), (struct bytes){0});
}

/* The first row from files_next on that is not here. ERR_NOT_FOUND; ERR_AGAIN: looked at enough. */
static int find_row(struct peer *peer, struct store_txn *views_txn, struct store_txn *journal,
                    struct file_view *ret)
{
    struct views views;
    struct view_key prefix;
    struct view_key at;
    struct bytes key;
    struct bytes value;
    driver_views(views_txn, &views);
    view_key_init(&prefix, bytes_of_text(peer->regency));
    view_key_zero(&prefix);
    for (size_t i = 0; i < LOOKED_AT_MAX; i++) {
        at = prefix;
        view_key_u64(&at, peer->files_next);
        int rc = views.next(views.arg, VIEW_FILES, view_key_bytes(&prefix), view_key_bytes(&at),
                            &key, &value);
        if (rc != 0) {
            return rc;
        }
        if (key.len != at.len || file_view_decode(value, ret) != 0) {
            return ERR_FORMAT;
        }
        peer->files_next = get_be64(key.data + prefix.len);
        if (!was_fetched(peer, journal, &ret->sha256)) {
            return 0;
        }
        peer->files_low = peer->files_skipped ? peer->files_low : peer->files_next;
    }
    return ERR_AGAIN;
}

/* All that is not here is looked at again: a new session, or room may be there now. */
static void start_over(struct peer *peer, uint32_t connection)
{
    bool later = peer->files_again_ms != 0 && host_monotonic_ms() >= peer->files_again_ms;
    if (connection != peer->files_connection || later) {
        peer->files_connection = connection;
        peer->files_next = peer->files_low;
        peer->files_skipped = false;
        peer->files_again_ms = 0;
    }
}

int fetch_next(struct peer *peer, uint32_t connection, struct file_view *ret)
{
    struct store_txn *views = NULL;
    struct store_txn *journal = NULL;
    start_over(peer, connection);
    int rc = store_read_begin(peer->aggregator->views, &views, NULL);
    rc = rc != 0 ? rc : store_read_begin(peer->aggregator->journal, &journal, NULL);
    rc = rc != 0 ? rc : find_row(peer, views, journal, ret);
    store_read_end(journal);
    store_read_end(views);
    return rc;
}
