/* The apply thread: folds the journal into the views, a batch a transaction.
 *
 * What the fold puts out (placements, office entries) goes into the journal store *before* the
 * views that used it are committed, together with the note how far outputs were made
 * (outputs_to). After a crash between the two the same entries are folded again: their placements
 * are read from the journal, their office entries are there already and are not made twice. So a
 * rebuild never matches again and nothing is sent twice.
 *
 * An entry that ends the process twice (a fault of its fold, not a kill from outside) is passed:
 * platform/host/crash_note.h, adr/0008.
 *
 * Shared with the loop thread, under `mutex`: journal_grew, stop, full, results, nodes_changed,
 * position. The loop thread calls apply_journal_grew, apply_collect, apply_stop, apply_position.
 */
#include "aggregator/apply.h"

#include <signal.h>
#include <systemd/sd-daemon.h>

#define PROGRESS_MS 5000u

/* ---- the thread ---- */

static bool set_full(struct apply *apply, bool full)
{
    (void)pthread_mutex_lock(&apply->mutex);
    bool before = apply->full;
    apply->full = full;
    (void)pthread_mutex_unlock(&apply->mutex);
    return before;
}

/* No room for outputs or views: nothing is lost, the next tick tries again. Once a spell. */
static void say_full(struct apply *apply)
{
    if (!set_full(apply, true)) {
        LOG(LOG_LEVEL_ERROR, "views_wait", log_u64("position", apply->position),
            log_text("why", "the disk or map is full; entries are kept, cases wait for room"));
        loop_wake_send(apply->aggregator->apply_wake);
    }
}

static void give_up(struct apply *apply, int rc)
{
    (void)pthread_mutex_lock(&apply->mutex);
    apply->failed = rc;
    (void)pthread_mutex_unlock(&apply->mutex);
    loop_wake_send(apply->aggregator->apply_wake);
}

static void *apply_main(void *arg)
{
    struct apply *apply = arg;
    bool more = true;
    crash_note_thread_begin();
    for (;;) {
        (void)pthread_mutex_lock(&apply->mutex);
        while (!apply->stop && !apply->journal_grew && !more) {
            (void)pthread_cond_wait(&apply->grew, &apply->mutex);
        }
        bool stop = apply->stop;
        apply->journal_grew = false;
        (void)pthread_mutex_unlock(&apply->mutex);
        if (stop) {
            break;
        }
        struct err_ctx err = {{0}};
        int rc = apply_batch(apply, &more, &err);
        if (rc == ERR_FULL) {
            say_full(apply);
        } else if (rc != 0 && !apply_stopping(apply)) {
            give_up(apply, rc);
            break;
        } else {
            (void)set_full(apply, false);
        }
    }
    crash_note_thread_end();
    return NULL;
}

static int apply_new(struct aggregator *aggregator)
{
    struct apply *apply = calloc(1, sizeof *apply);
    if (apply == NULL) {
        return ERR_NOMEM;
    }
    aggregator->apply = apply;
    apply->aggregator = aggregator;
    apply->results_end = &apply->results;
    apply->batch.results_end = &apply->batch.results;
    (void)pthread_mutex_init(&apply->mutex, NULL);
    (void)pthread_cond_init(&apply->grew, NULL);
    (void)pthread_cond_init(&apply->put_out, NULL);
    apply->reader = journal_reader_new();
    apply->other_reader = journal_reader_new();
    apply->arena = arena_new(FOLD_ARENA_BYTES);
    apply->batch_arena = arena_new(BATCH_ARENA_BYTES);
    apply->output = calloc(1, sizeof *apply->output);
    apply->recorded = calloc(SUBJECTS_MAX, sizeof *apply->recorded);
    bool all = apply->reader != NULL && apply->other_reader != NULL && apply->arena != NULL &&
               apply->batch_arena != NULL && apply->output != NULL && apply->recorded != NULL;
    return all ? 0 : ERR_NOMEM;
}

static int open_crash_note(struct apply *apply, struct err_ctx *err)
{
    char path[4096];
    struct crash_mark *crash = &apply->crash;
    (void)snprintf(path, sizeof path, "%s/crash", apply->aggregator->conf->store);
    int rc = crash_note_open(path, crash, err);
    if (rc == 0 && crash->deaths > 0) {
        LOG(LOG_LEVEL_ERROR, "apply_crashed_before", log_u64("position", crash->number),
            log_u64("deaths", crash->deaths));
    }
    return rc;
}

/* A rebuild takes long: people and the service manager see that it goes on. */
static void say_progress(const struct apply *apply, uint64_t *said_ms)
{
    uint64_t now_ms = host_monotonic_ms();
    if (now_ms - *said_ms >= PROGRESS_MS) {
        *said_ms = now_ms;
        LOG(LOG_LEVEL_INFO, "views_catch_up", log_u64("position", apply->position));
        (void)sd_notify(0, "EXTEND_TIMEOUT_USEC=120000000");
    }
}

static int catch_up(struct apply *apply, struct err_ctx *err)
{
    uint64_t said_ms = host_monotonic_ms();
    bool more = true;
    int rc = 0;
    crash_note_thread_begin();
    while (rc == 0 && more) {
        rc = apply_batch(apply, &more, err);
        say_progress(apply, &said_ms);
    }
    crash_note_thread_end();
    return rc;
}

int apply_open(struct aggregator *aggregator, struct err_ctx *err)
{
    int rc = apply_new(aggregator);
    if (rc != 0) {
        return err_set(err, rc, "apply: out of memory");
    }
    struct apply *apply = aggregator->apply;
    struct store_txn *txn = NULL;
    rc = store_read_begin(aggregator->views, &txn, err);
    rc = rc != 0 ? rc : driver_position(txn, &apply->position);
    store_read_end(txn);
    rc = rc != 0 ? rc : open_crash_note(apply, err);
    rc = rc != 0 ? rc : catch_up(apply, err);
    if (rc == ERR_FULL) { /* the journal may have room: take reports in, cases wait */
        say_full(apply);
        rc = 0;
    }
    return rc != 0 ? err_wrap(err, rc, "catch up the views") : 0;
}

int apply_start(struct aggregator *aggregator, struct err_ctx *err)
{
    struct apply *apply = aggregator->apply;
    apply->started = true;
    sigset_t blocked; /* signals are the loop thread's, but a fault strikes the thread at fault */
    sigset_t before;
    (void)sigfillset(&blocked);
    (void)sigdelset(&blocked, SIGBUS);
    (void)sigdelset(&blocked, SIGSEGV);
    (void)sigdelset(&blocked, SIGFPE);
    (void)sigdelset(&blocked, SIGILL);
    (void)sigdelset(&blocked, SIGABRT);
    (void)pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int rc = pthread_create(&apply->thread, NULL, apply_main, apply);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        apply->started = false;
        return err_set(err, ERR_NOMEM, "apply: no thread");
    }
    return 0;
}

void apply_journal_grew(struct aggregator *aggregator)
{
    struct apply *apply = aggregator->apply;
    (void)pthread_mutex_lock(&apply->mutex);
    apply->journal_grew = true;
    (void)pthread_cond_signal(&apply->grew);
    (void)pthread_mutex_unlock(&apply->mutex);
}

bool apply_is_full(const struct aggregator *aggregator)
{
    struct apply *apply = aggregator->apply;
    (void)pthread_mutex_lock(&apply->mutex);
    bool full = apply->full;
    (void)pthread_mutex_unlock(&apply->mutex);
    return full;
}

void apply_tick(struct aggregator *aggregator)
{
    if (apply_is_full(aggregator)) {
        apply_journal_grew(aggregator);
    }
}

uint64_t apply_position(const struct aggregator *aggregator)
{
    struct apply *apply = aggregator->apply;
    (void)pthread_mutex_lock(&apply->mutex);
    uint64_t position = apply->position;
    (void)pthread_mutex_unlock(&apply->mutex);
    return position;
}

static void tell_appended(struct aggregator *aggregator, const struct incarnation *office)
{
    struct store_txn *txn = NULL;
    struct outlog log;
    if (store_read_begin(aggregator->journal, &txn, NULL) == 0 &&
        outlog_load(txn, &journal_office_tables, office, &log) == 0) {
        net_office_appended(aggregator, office, log.last);
    }
    store_read_end(txn);
}

void apply_collect(struct aggregator *aggregator)
{
    struct apply *apply = aggregator->apply;
    (void)pthread_mutex_lock(&apply->mutex);
    struct result *results = apply->results;
    struct touched *touched = apply->touched;
    bool nodes_changed = apply->nodes_changed;
    int failed = apply->failed;
    apply->results = NULL;
    apply->results_end = &apply->results;
    apply->touched = NULL;
    apply->nodes_changed = false;
    (void)pthread_mutex_unlock(&apply->mutex);
    if (nodes_changed) {
        struct err_ctx err = {{0}};
        int rc = net_reload_peers(aggregator, &err);
        if (rc != 0) {
            LOG(LOG_LEVEL_ERROR, "enrolments_unreadable", log_text("error", err_peek(&err, rc)));
            failed = rc;
        }
    }
    while (touched != NULL) {
        struct touched *next = touched->next;
        tell_appended(aggregator, &touched->office);
        free(touched);
        touched = next;
    }
    while (results != NULL) {
        struct result *next = results->next;
        own_answer(aggregator, results->position, results->code, results->text,
                   results->document_id);
        free(results);
        results = next;
    }
    if (apply_is_full(aggregator)) {
        own_tell_full(aggregator);
    }
    if (failed != 0 && !aggregator->stopping) {
        LOG(LOG_LEVEL_ERROR, "stopping", log_text("why", "the views cannot be kept up"));
        aggregator->exit_code = 74;
        loop_stop(aggregator->loop);
    }
}

void apply_stop(struct aggregator *aggregator)
{
    struct apply *apply = aggregator->apply;
    if (apply == NULL) {
        return;
    }
    if (apply->started) {
        (void)pthread_mutex_lock(&apply->mutex);
        apply->stop = true;
        (void)pthread_cond_signal(&apply->grew);
        (void)pthread_mutex_unlock(&apply->mutex);
        /* The thread may wait for outputs that only this thread can collect. */
        store_writer_stop(aggregator->journal);
        (void)pthread_join(apply->thread, NULL);
    }
    apply_batch_reset(apply);
    while (apply->results != NULL) {
        struct result *next = apply->results->next;
        free(apply->results);
        apply->results = next;
    }
    while (apply->touched != NULL) {
        struct touched *next = apply->touched->next;
        free(apply->touched);
        apply->touched = next;
    }
    crash_note_close();
    journal_reader_free(apply->reader);
    journal_reader_free(apply->other_reader);
    arena_free(apply->arena);
    arena_free(apply->batch_arena);
    key_filter_free(apply->filter);
    free(apply->batch.office);
    free(apply->output);
    free(apply->recorded);
    (void)pthread_cond_destroy(&apply->grew);
    (void)pthread_cond_destroy(&apply->put_out);
    (void)pthread_mutex_destroy(&apply->mutex);
    free(apply);
    aggregator->apply = NULL;
}
