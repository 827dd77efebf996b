/* Whether the journal has lost what the views were computed from: asked before anything is born in
 * it. Only the views remember how far it went. */
#include "aggregator/aggregator.h"

#include "core/base/plant.h"

#include <inttypes.h>
#include <sys/stat.h>

struct remembered {
    bool any, counted; /* views are there; they can be asked */
    uint64_t position;
};

static int ask_views(struct aggregator *aggregator, struct remembered *ret, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    int rc = store_read_begin(aggregator->views, &txn, err);
    rc = rc != 0 ? rc : driver_position(txn, &ret->position);
    store_read_end(txn);
    store_close(aggregator->views);
    aggregator->views = NULL;
    ret->counted = rc == 0;
    ret->any = rc == 0 && ret->position > 0;
    return rc;
}

/* Views of another format are of a journal, too: they are made only beside one. */
static int remember(struct aggregator *aggregator, struct remembered *ret, struct err_ctx *err)
{
    char path[STORES_PATH_BYTES];
    struct stat info;
    *ret = (struct remembered){.any = false};
    (void)snprintf(path, sizeof path, "%s/views/data.mdb", aggregator->conf->store);
    if (stat(path, &info) != 0) {
        return 0;
    }
    int rc = stores_make_views(aggregator, err);
    if (rc == ERR_VERSION) {
        ret->any = true;
        return 0;
    }
    return rc != 0 ? rc : ask_views(aggregator, ret, err);
}

static int journal_end(struct aggregator *aggregator, uint64_t *ret_next, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct journal_meta meta = {.next_position = 0};
    int rc = store_read_begin(aggregator->journal, &txn, err);
    rc = rc != 0 ? rc : journal_load(txn, &meta);
    store_read_end(txn);
    *ret_next = rc == 0 ? meta.next_position : 0;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int refuse(const struct aggregator *aggregator, const struct remembered *remembered,
                  struct err_ctx *err)
{
    char many[48] = "entries";
    if (remembered->counted) {
        (void)snprintf(many, sizeof many, "%" PRIu64 " entries", remembered->position);
    }
    return err_set(
        err, ERR_CONFIG,
        "the journal in %s/journal is empty, and the views beside it were computed from "
        "%s: the journal is lost or not mounted. Put it back, or restore a backup (kabar "
        "restore FILE --config %s --replace); to begin an empty province, move %s away",
        aggregator->conf->store, many, aggregator->conf_path, aggregator->conf->store);
}

static int mark_run(struct store_txn *txn, void *arg)
{
    (void)arg;
    store_mark_moved(txn);
    return 0;
}

/* An older journal was written over this one: positions that were given out would be given again,
 * to other entries. It is what it is, a restored one, and takes new names. */
static int take_for_restored(struct aggregator *aggregator, uint64_t next, uint64_t position,
                             struct err_ctx *err)
{
    LOG(LOG_LEVEL_WARN, "journal_is_shorter", log_u64("entries", next - 1),
        log_u64("views_remember", position),
        log_text("what", "an older journal lies here: it is taken for a restored one"));
    int rc = store_apply(aggregator->journal, mark_run, NULL, err);
    if (rc != 0) {
        return rc;
    }
    store_close(aggregator->journal);
    aggregator->journal = NULL;
    return stores_open_journal(aggregator, err);
}

int stores_check_lost(struct aggregator *aggregator, struct err_ctx *err)
{
    struct remembered remembered;
    uint64_t next = 0;
    int rc = journal_end(aggregator, &next, err);
    rc = rc != 0 ? rc : remember(aggregator, &remembered, err);
    if (rc != 0 || !remembered.any) {
        return rc;
    }
    if (next == 0 && !PLANTED(EMPTY_JOURNAL)) {
        return refuse(aggregator, &remembered, err);
    }
    bool shorter = next > 0 && remembered.position >= next && !PLANTED(SHORTER_JOURNAL);
    return shorter && !store_moved(aggregator->journal)
               ? take_for_restored(aggregator, next, remembered.position, err)
               : 0;
}
