/* The two stores: opened, and the views thrown away when they are of another journal or format.
 * They are computed anew then, before anything is served. */
#include "aggregator/aggregator.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define VIEWS_JOURNAL_KEY "journal"
#define JOURNAL_MARK_BYTES (INCARNATION_BYTES + HASH_BYTES)

static int open_journal(struct aggregator *aggregator, struct err_ctx *err)
{
    char path[STORES_PATH_BYTES];
    const struct conf_aggregator *conf = aggregator->conf;
    struct store_config config = {.path = path,
                                  .tables = journal_table_names,
                                  .table_count = JOURNAL_TABLE_COUNT,
                                  .map_bytes = conf->map_mib * 1048576u,
                                  .quota_bytes = conf->quota_mib * 1048576u,
                                  .format = JOURNAL_FORMAT,
                                  .mend = "restore a backup: kabar restore FILE --config … "
                                          "--replace; the nodes send what is newer"};
    (void)snprintf(path, sizeof path, "%s/journal", conf->store);
    return store_open(&config, &aggregator->journal, err);
}

int stores_make_views(struct aggregator *aggregator, struct err_ctx *err)
{
    char path[STORES_PATH_BYTES];
    struct store_config config = {.path = path,
                                  .tables = view_table_names,
                                  .table_count = VIEW_TABLE_COUNT,
                                  .map_bytes = aggregator->conf->map_mib * 1048576u,
                                  .format = VIEWS_FORMAT,
                                  .mend = "remove this folder while the aggregator is stopped: it "
                                          "is computed again from the journal"};
    (void)snprintf(path, sizeof path, "%s/views", aggregator->conf->store);
    return store_open(&config, &aggregator->views, err);
}

/* ---- views that are not of this journal ---- */

static int drop_views(struct aggregator *aggregator, const char *why, struct err_ctx *err)
{
    char path[STORES_PATH_BYTES];
    LOG(LOG_LEVEL_WARN, "views_built_anew", log_text("why", why),
        log_text("what", "what this journal holds is computed again"));
    store_close(aggregator->views);
    aggregator->views = NULL;
    (void)snprintf(path, sizeof path, "%s/views/data.mdb", aggregator->conf->store);
    if (unlink(path) != 0 && errno != ENOENT) {
        return err_set(err, ERR_IO, "%s: %s", path, strerrordesc_np(errno));
    }
    return 0;
}

static void mark_encode(const struct incarnation *aggregator, const struct hash *h,
                        uint8_t ret[JOURNAL_MARK_BYTES])
{
    memcpy(ret, aggregator->b, INCARNATION_BYTES);
    memcpy(ret + INCARNATION_BYTES, h->b, HASH_BYTES);
}

void stores_mark_views(struct store_txn *txn, const struct incarnation *aggregator,
                       const struct hash *h)
{
    uint8_t value[JOURNAL_MARK_BYTES];
    mark_encode(aggregator, h, value);
    store_put(txn, VIEW_META, bytes_of_text(VIEWS_JOURNAL_KEY), bytes_of(value, sizeof value));
}

/* Why the views cannot be those of this journal; NULL: they are. */
static int judge_views(struct aggregator *aggregator, struct store_txn *views,
                       struct store_txn *journal, const char **ret)
{
    uint64_t position = 0;
    struct journal_meta meta;
    struct journal_entry entry;
    struct bytes known;
    uint8_t wanted[JOURNAL_MARK_BYTES];
    int rc = journal_load(journal, &meta);
    rc = rc != 0 ? rc : driver_position(views, &position);
    if (rc != 0 || position == 0) {
        return rc;
    }
    if (position >= meta.next_position) {
        *ret = "they are ahead of the journal";
        return 0;
    }
    rc = journal_reader_seek(aggregator->loop_reader, journal, position);
    rc = rc != 0 ? rc : journal_reader_next(aggregator->loop_reader, &entry);
    if (rc != 0) {
        return rc;
    }
    mark_encode(&meta.aggregator, &entry.h, wanted);
    rc = store_get(views, VIEW_META, bytes_of_text(VIEWS_JOURNAL_KEY), &known);
    if (rc == ERR_NOT_FOUND || (rc == 0 && !bytes_equal(known, bytes_of(wanted, sizeof wanted)))) {
        *ret = "they are of another life of this aggregator";
        return 0;
    }
    return rc;
}

static int check_views(struct aggregator *aggregator, const char **ret_why, struct err_ctx *err)
{
    struct store_txn *views = NULL;
    struct store_txn *journal = NULL;
    int rc = store_read_begin(aggregator->views, &views, err);
    rc = rc != 0 ? rc : store_read_begin(aggregator->journal, &journal, err);
    rc = rc != 0 ? rc : judge_views(aggregator, views, journal, ret_why);
    store_read_end(journal);
    store_read_end(views);
    return rc;
}

int stores_open_objects(struct aggregator *aggregator, struct err_ctx *err)
{
    char path[STORES_PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/objects", aggregator->conf->store);
    return objects_open(path, aggregator->conf->objects_mib << 20, &aggregator->objects, err);
}

int stores_open_journal(struct aggregator *aggregator, struct err_ctx *err)
{
    int rc = folder_make(aggregator->conf->store, err);
    return rc != 0 ? rc : open_journal(aggregator, err);
}

int stores_open_views(struct aggregator *aggregator, struct err_ctx *err)
{
    const char *why = NULL;
    int rc = stores_make_views(aggregator, err);
    if (rc == ERR_VERSION) {
        why = "they are of another format";
    } else if (rc == 0) {
        rc = check_views(aggregator, &why, err);
    }
    if (why != NULL) {
        rc = drop_views(aggregator, why, err);
        rc = rc != 0 ? rc : stores_make_views(aggregator, err);
    }
    return rc;
}
