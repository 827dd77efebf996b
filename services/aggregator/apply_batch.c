/* One batch of the apply thread: entries folded into the views in one transaction. */
#include "aggregator/apply.h"

#include "core/base/plant.h"

/* ---- one batch ---- */

static void save_position(struct store_txn *txn, uint64_t position)
{
    uint8_t value[8];
    put_be64(value, position);
    store_put(txn, VIEW_META, bytes_of_text(VIEWS_POSITION_KEY), bytes_of(value, sizeof value));
}

static bool batch_full(const struct apply *apply)
{
    const struct batch *batch = &apply->batch;
    return batch->own_count + SUBJECTS_MAX > BATCH_OWN_MAX ||
           batch->own_bytes + SUBJECTS_MAX * 512u > BATCH_BODY_BYTES_MAX ||
           batch->office_count >= BATCH_OFFICE_MAX ||
           arena_used(apply->batch_arena) > BATCH_ARENA_BYTES / 8;
}

static int fold_batch(struct apply *apply, uint64_t from, uint64_t outputs_to, struct err_ctx *err)
{
    struct batch *batch = &apply->batch;
    int rc = journal_reader_seek(apply->reader, batch->journal_txn, from + 1);
    for (size_t i = 0; rc == 0 && i < BATCH_ENTRIES_MAX && !batch_full(apply); i++) {
        struct journal_entry entry;
        rc = journal_reader_next(apply->reader, &entry);
        if (rc == ERR_NOT_FOUND) {
            return 0;
        }
        if (rc == 0 && i > 0 && apply_ended_here(apply, &entry)) {
            return 0; /* what stands before it is safe before it is tried again */
        }
        if (rc == 0) {
            rc = apply_entry(apply, &entry, outputs_to, err);
            batch->to = entry.position;
            batch->to_h = entry.h;
        }
    }
    return rc;
}

bool apply_stopping(struct apply *apply)
{
    (void)pthread_mutex_lock(&apply->mutex);
    bool stop = apply->stop;
    (void)pthread_mutex_unlock(&apply->mutex);
    return stop;
}

void apply_batch_reset(struct apply *apply)
{
    struct batch *batch = &apply->batch;
    while (batch->results != NULL) {
        struct result *result = batch->results;
        batch->results = result->next;
        free(result);
    }
    batch->own_count = 0;
    batch->own_bytes = 0;
    batch->rejected_count = 0;
    batch->office_count = 0;
    batch->nodes_changed = false;
    batch->results_end = &batch->results;
    arena_reset(apply->batch_arena);
}

static int put_out(struct apply *apply)
{
    bool any = apply->batch.own_count + apply->batch.office_count > 0;
    return any ? apply_put_out(apply) : 0;
}

static int batch_run(struct store_txn *txn, void *arg)
{
    struct apply *apply = arg;
    struct batch *batch = &apply->batch;
    struct err_ctx err = {{0}};
    uint64_t from = 0;
    struct journal_meta meta;
    apply_batch_reset(apply); /* the store may run this twice */
    batch->views_txn = txn;
    int rc = driver_filter_ready(txn, &apply->filter);
    batch->driver = (struct driver){.txn = txn, .filter = apply->filter};
    rc = rc != 0 ? rc : driver_position(txn, &from);
    batch->to = from;
    if (rc == 0) {
        rc = store_read_begin(apply->aggregator->journal, &batch->journal_txn, &err);
    }
    if (rc == 0) {
        rc = journal_load(batch->journal_txn, &meta);
    }
    if (rc == 0) {
        rc = fold_batch(apply, from, meta.outputs_to, &err);
    }
    store_read_end(batch->journal_txn);
    batch->journal_txn = NULL;
    for (size_t i = 0; rc == 0 && i < batch->office_count; i++) {
        rc = apply_find_office(txn, &batch->office[i]);
    }
    if (rc == 0 && !PLANTED(VIEWS_AHEAD)) {
        rc = put_out(apply);
    }
    if (rc == 0 && batch->to > from) {
        save_position(txn, batch->to);
        stores_mark_views(txn, &apply->aggregator->incarnation, &batch->to_h);
    }
    if (rc != 0 && rc != ERR_FULL && !apply_stopping(apply)) {
        LOG(LOG_LEVEL_ERROR, "apply_failed", log_u64("position", batch->to),
            log_text("error", err_peek(&err, rc)));
    }
    return rc;
}

/* Hands what the batch brought to the loop thread. */
static void publish(struct apply *apply)
{
    struct batch *batch = &apply->batch;
    (void)pthread_mutex_lock(&apply->mutex);
    apply->position = batch->to;
    apply->nodes_changed = apply->nodes_changed || batch->nodes_changed;
    if (batch->results != NULL) {
        *apply->results_end = batch->results;
        apply->results_end = batch->results_end;
        batch->results = NULL;
        batch->results_end = &batch->results;
    }
    (void)pthread_mutex_unlock(&apply->mutex);
    loop_wake_send(apply->aggregator->apply_wake);
}

/* The views are past the entry that ended an earlier life. */
static void forget_crash(struct apply *apply)
{
    if (apply->crash.deaths > 0 && apply->batch.to >= apply->crash.number) {
        crash_note_clear();
        apply->crash = (struct crash_mark){0};
    }
}

int apply_batch(struct apply *apply, bool *ret_more, struct err_ctx *err)
{
    uint64_t before = apply->position;
    int rc = 0;
    do { /* a batch with an entry that cannot be folded is folded again without it */
        apply->failed_at = 0;
        rc = store_apply(apply->aggregator->views, batch_run, apply, err);
        if (rc != 0 && apply->failed_at != 0 && apply->skip_count < SKIP_MAX) {
            apply->skip[apply->skip_count].position = apply->failed_at;
            apply->skip[apply->skip_count++].code = apply->failed_code;
        }
    } while (rc != 0 && apply->failed_at != 0 && apply_skip_code(apply, apply->failed_at) != 0);
    apply->skip_count = 0;
    if (rc == 0 && PLANTED(VIEWS_AHEAD)) {
        rc = put_out(apply);
    }
    if (rc == 0) {
        forget_crash(apply);
        publish(apply);
    }
    *ret_more = rc == 0 && apply->batch.to > before;
    return rc;
}
