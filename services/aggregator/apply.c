/* The apply thread: folds the journal into the views, a batch a transaction.
 *
 * What the fold puts out (placements, office entries) goes into the journal store *before* the
 * views that used it are committed, together with the note how far outputs were made
 * (outputs_to). After a crash between the two the same entries are folded again: their placements
 * are read from the journal, their office entries are there already and are not made twice. So a
 * rebuild never matches again and nothing is sent twice.
 *
 * Shared with the loop thread, under `mutex`: journal_grew, stop, full, results, nodes_changed,
 * position. The loop thread calls apply_journal_grew, apply_collect, apply_stop, apply_position.
 */
#include "aggregator/aggregator.h"

#include "core/base/assert.h"

#include <pthread.h>

#define BATCH_ENTRIES_MAX 1024u
#define BATCH_OWN_MAX 1024u
#define BATCH_OFFICE_MAX 512u
#define BATCH_ARENA_BYTES (8u * 1024u * 1024u)
#define BATCH_BODY_BYTES_MAX 98304u /* own entries of one span */
#define FOLD_ARENA_BYTES (4u * 1024u * 1024u)

struct result {
    struct result *next;
    uint64_t position;
    int code;
    char text[256];
    char document_id[DOCUMENT_ID_BYTES_MAX + 1];
};

struct office_out {
    uint64_t enrolment; /* 0: whoever serves the regency */
    uint64_t number;    /* whose office log it became */
    char regency[8];
    struct incarnation office;
    uint16_t kind;
    struct bytes body;
};

struct batch {
    struct span_entry own[BATCH_OWN_MAX];
    uint64_t own_position[BATCH_OWN_MAX]; /* position of the report that a placement belongs to */
    size_t own_count, own_bytes;
    struct office_out *office; /* grows: an enrolment can bring many documents */
    size_t office_count, office_capacity;
    uint64_t to; /* last position in the batch */
    struct store_txn *journal_txn;
    struct store_txn *views_txn;
    struct result *results, **results_end;
    bool nodes_changed;
};

struct touched {
    struct touched *next;
    struct incarnation office;
    uint64_t last;
};

struct apply {
    struct aggregator *aggregator;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t grew;
    pthread_cond_t put_out; /* outputs are durable */
    bool journal_grew, stop, outputs_done;
    bool full; /* waiting for room, said so */
    int outputs_rc;
    struct result *results, **results_end;
    struct touched *touched;
    bool nodes_changed;
    uint64_t position;
    int failed;
    /* The apply thread's own: */
    struct journal_reader *reader, *placed_reader;
    struct arena *arena, *batch_arena;
    struct batch batch;
    struct fold_output *output;
    struct placement *recorded;
    struct store_command command;
};

/* ---- one entry ---- */

/* Placements of a report that stand in the journal already. */
static int read_recorded(struct apply *apply, uint64_t position, struct fold_input *input)
{
    uint64_t first = 0;
    size_t count = 0;
    int rc = journal_get_placed(apply->batch.journal_txn, position, &first, &count);
    if (rc == ERR_NOT_FOUND) {
        return 0;
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct entry_id id = {.incarnation = apply->aggregator->incarnation, .seq = first + i};
        struct journal_entry entry;
        rc = journal_reader_find(apply->placed_reader, apply->batch.journal_txn, &id, &entry);
        if (rc == 0) {
            struct bytes body = arena_copy(apply->arena, entry.body);
            rc = body.data == NULL
                     ? ERR_LIMIT
                     : placement_decode(body, apply->arena, &apply->recorded[i], NULL);
        }
    }
    if (rc == 0) {
        input->recorded = apply->recorded;
        input->recorded_count = count;
    }
    return rc;
}

static int keep_placements(struct apply *apply, uint64_t position)
{
    struct batch *batch = &apply->batch;
    for (size_t i = 0; i < apply->output->placement_count; i++) {
        uint8_t body[ENTRY_BYTES_MAX];
        size_t len = 0;
        int rc = placement_encode(&apply->output->placements[i], body, sizeof body, &len, NULL);
        struct bytes copy =
            rc == 0 ? arena_copy(apply->batch_arena, bytes_of(body, len)) : (struct bytes){0};
        if (rc != 0 || copy.data == NULL) {
            return rc != 0 ? rc : ERR_LIMIT;
        }
        ASSERT(batch->own_count < BATCH_OWN_MAX);
        batch->own[batch->own_count] = (struct span_entry){.kind = ENTRY_PLACEMENT, .body = copy};
        batch->own_position[batch->own_count++] = position;
        batch->own_bytes += copy.len;
    }
    return 0;
}

static int office_room(struct batch *batch, size_t more)
{
    size_t wanted = batch->office_count + more;
    if (wanted <= batch->office_capacity) {
        return 0;
    }
    wanted = wanted < BATCH_OFFICE_MAX ? BATCH_OFFICE_MAX : 2 * wanted;
    struct office_out *grown = realloc(batch->office, wanted * sizeof *grown);
    if (grown == NULL) {
        return ERR_NOMEM;
    }
    batch->office = grown;
    batch->office_capacity = wanted;
    return 0;
}

static int keep_office(struct apply *apply)
{
    struct batch *batch = &apply->batch;
    int rc = office_room(batch, apply->output->office_count);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < apply->output->office_count; i++) {
        const struct fold_office *from = &apply->output->office[i];
        struct office_out *to = &batch->office[batch->office_count++];
        *to = (struct office_out){.enrolment = from->enrolment, .kind = from->kind};
        (void)snprintf(to->regency, sizeof to->regency, "%s", from->regency);
        to->body = arena_copy(apply->batch_arena, from->body);
        if (to->body.data == NULL) {
            return ERR_LIMIT;
        }
    }
    return 0;
}

static int keep_result(struct apply *apply, uint64_t position)
{
    struct result *result = calloc(1, sizeof *result);
    if (result == NULL) {
        return ERR_NOMEM;
    }
    result->position = position;
    result->code = apply->output->code;
    (void)snprintf(result->text, sizeof result->text, "%s", apply->output->text);
    (void)snprintf(result->document_id, sizeof result->document_id, "%s",
                   apply->output->document_id);
    *apply->batch.results_end = result;
    apply->batch.results_end = &result->next;
    return 0;
}

static int fold_one(struct apply *apply, const struct journal_entry *entry, uint64_t outputs_to,
                    struct err_ctx *err)
{
    struct views views;
    driver_views(apply->batch.views_txn, &views);
    struct fold_input input = {.position = entry->position,
                               .id = entry->id,
                               .kind = entry->kind,
                               .erased = entry->erased,
                               .body = entry->body,
                               .own = entry->own,
                               .owner = bytes_of_text(entry->owner),
                               .enrolment = entry->enrolment,
                               .received_ms = entry->received_ms};
    arena_reset(apply->arena);
    int rc = 0;
    bool made = entry->position <= outputs_to;
    if (entry->kind == ENTRY_REPORT && made) {
        rc = read_recorded(apply, entry->position, &input);
    }
    if (rc != 0) {
        return err_set(err, rc, "placements of position %llu cannot be read",
                       (unsigned long long)entry->position);
    }
    rc = fold_entry(&apply->aggregator->fold, &views, &input, apply->arena, apply->output, err);
    if (rc != 0) {
        return rc;
    }
    if (!made) {
        rc = keep_placements(apply, entry->position);
        rc = rc != 0 ? rc : keep_office(apply);
    }
    if (rc == 0 && entry->own && entry->kind != ENTRY_PLACEMENT) {
        rc = keep_result(apply, entry->position);
    }
    bool node_change = entry->kind == ENTRY_ENROLMENT || entry->kind == ENTRY_REVOCATION;
    apply->batch.nodes_changed = apply->batch.nodes_changed || (entry->own && node_change);
    return rc;
}

/* ---- what goes out ---- */

/* The enrolment's office log, or the one of the newest active enrolment of a regency. */
static int find_office(struct store_txn *txn, struct office_out *out)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    bool found = false;
    int rc = store_cursor_open(txn, VIEW_NODES, &cursor);
    if (rc == 0) {
        rc = store_seek(cursor, (struct bytes){0}, &key, &value);
    }
    while (rc == 0) {
        struct node_view node;
        rc = node_view_decode(value, &node);
        bool wanted = out->enrolment != 0
                          ? node.number == out->enrolment
                          : node.state == NODE_ACTIVE &&
                                bytes_equal(node.regency, bytes_of_text(out->regency));
        if (rc == 0 && wanted) { /* rows are in order of number: the last one is the newest */
            out->office = node.office;
            out->number = node.number;
            (void)snprintf(out->regency, sizeof out->regency, "%.*s", (int)node.regency.len,
                           (const char *)node.regency.data);
            found = true;
        }
        rc = rc == 0 ? store_next(cursor, &key, &value) : rc;
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND && found ? 0 : rc;
}

static int append_office(struct store_txn *txn, struct apply *apply, const struct office_out *out)
{
    struct aggregator *aggregator = apply->aggregator;
    struct outlog log;
    int64_t now_ms = host_wall_ms();
    int rc = outlog_load(txn, &journal_office_tables, &out->office, &log);
    if (rc == ERR_NOT_FOUND) {
        struct genesis genesis = {.direction = DIRECTION_DOWN,
                                  .lane = LANE_OFFICE,
                                  .owner = bytes_of_text(aggregator->conf->province),
                                  .counterpart = bytes_of_text(out->regency),
                                  .signing_key = aggregator->log_key,
                                  .enrolment = out->number,
                                  .created_ms = now_ms};
        rc = outlog_create(txn, &journal_office_tables, &out->office, &genesis, &log);
    }
    if (rc == 0) {
        outlog_append(txn, &journal_office_tables, &log, out->kind, out->body, now_ms);
    }
    return rc;
}

/* On the writer thread: all outputs of the batch and how far they reach. */
static int outputs_run(struct store_txn *txn, void *arg)
{
    struct apply *apply = arg;
    struct batch *batch = &apply->batch;
    if (batch->own_count > 0) {
        struct journal_own own = {.entries = batch->own,
                                  .count = batch->own_count,
                                  .log_secret = apply->aggregator->log_secret,
                                  .builder = apply->aggregator->own_builder,
                                  .now_ms = host_wall_ms()};
        uint64_t position = 0;
        uint64_t seq = 0;
        int rc = journal_put_own(txn, &own, &position, &seq);
        if (rc != 0) {
            return rc;
        }
        size_t from = 0;
        for (size_t i = 1; i <= batch->own_count; i++) {
            if (i == batch->own_count || batch->own_position[i] != batch->own_position[from]) {
                journal_put_placed(txn, batch->own_position[from], seq + from, i - from);
                from = i;
            }
        }
    }
    for (size_t i = 0; i < batch->office_count; i++) {
        int rc = append_office(txn, apply, &batch->office[i]);
        if (rc != 0) {
            return rc;
        }
    }
    journal_set_outputs(txn, batch->to);
    return 0;
}

/* On the loop thread, from store_collect. */
static void outputs_done(void *arg, int rc)
{
    struct apply *apply = arg;
    (void)pthread_mutex_lock(&apply->mutex);
    apply->outputs_done = true;
    apply->outputs_rc = rc;
    (void)pthread_cond_signal(&apply->put_out);
    (void)pthread_mutex_unlock(&apply->mutex);
}

static int put_out(struct apply *apply)
{
    if (!apply->started) { /* catching up before the writer thread runs */
        return store_apply(apply->aggregator->journal, outputs_run, apply, NULL);
    }
    (void)pthread_mutex_lock(&apply->mutex);
    apply->outputs_done = false;
    apply->command = (struct store_command){.run = outputs_run, .done = outputs_done, .arg = apply};
    int rc = store_submit(apply->aggregator->journal, &apply->command);
    while (rc == ERR_AGAIN && !apply->stop) { /* queue full: each collect signals */
        (void)pthread_cond_wait(&apply->grew, &apply->mutex);
        rc = store_submit(apply->aggregator->journal, &apply->command);
    }
    while (rc == 0 && !apply->outputs_done) {
        (void)pthread_cond_wait(&apply->put_out, &apply->mutex);
    }
    rc = rc == 0 ? apply->outputs_rc : rc;
    (void)pthread_mutex_unlock(&apply->mutex);
    return rc;
}

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
           arena_used(apply->batch_arena) > BATCH_ARENA_BYTES / 2;
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
        if (rc == 0) {
            rc = fold_one(apply, &entry, outputs_to, err);
            batch->to = entry.position;
        }
    }
    return rc;
}

static bool stopping(struct apply *apply)
{
    (void)pthread_mutex_lock(&apply->mutex);
    bool stop = apply->stop;
    (void)pthread_mutex_unlock(&apply->mutex);
    return stop;
}

/* In the views' write transaction. */
static int batch_run(struct store_txn *txn, void *arg)
{
    struct apply *apply = arg;
    struct batch *batch = &apply->batch;
    struct err_ctx err = {{0}};
    uint64_t from = 0;
    struct journal_meta meta;
    batch->views_txn = txn;
    int rc = driver_position(txn, &from);
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
        rc = find_office(txn, &batch->office[i]);
    }
    if (rc == 0 && batch->own_count + batch->office_count > 0) {
        rc = put_out(apply);
    }
    if (rc == 0 && batch->to > from) {
        save_position(txn, batch->to);
    }
    if (rc != 0 && rc != ERR_FULL && !stopping(apply)) {
        LOG(LOG_LEVEL_ERROR, "apply_failed", log_u64("position", batch->to),
            log_text("error", err_peek(&err, rc)));
    }
    return rc;
}

static void batch_reset(struct apply *apply)
{
    struct batch *batch = &apply->batch;
    while (batch->results != NULL) {
        struct result *result = batch->results;
        batch->results = result->next;
        free(result);
    }
    batch->own_count = 0;
    batch->own_bytes = 0;
    batch->office_count = 0;
    batch->nodes_changed = false;
    batch->results_end = &batch->results;
    arena_reset(apply->batch_arena);
}

static void touch(struct apply *apply, const struct incarnation *office)
{
    for (struct touched *touched = apply->touched; touched != NULL; touched = touched->next) {
        if (incarnation_equal(&touched->office, office)) {
            return;
        }
    }
    struct touched *touched = calloc(1, sizeof *touched);
    if (touched != NULL) {
        touched->office = *office;
        touched->next = apply->touched;
        apply->touched = touched;
    }
}

/* Hands what the batch brought to the loop thread. */
static void publish(struct apply *apply)
{
    struct batch *batch = &apply->batch;
    (void)pthread_mutex_lock(&apply->mutex);
    apply->position = batch->to;
    apply->nodes_changed = apply->nodes_changed || batch->nodes_changed;
    for (size_t i = 0; i < batch->office_count; i++) {
        touch(apply, &batch->office[i].office);
    }
    if (batch->results != NULL) {
        *apply->results_end = batch->results;
        apply->results_end = batch->results_end;
        batch->results = NULL;
        batch->results_end = &batch->results;
    }
    (void)pthread_mutex_unlock(&apply->mutex);
    loop_wake_send(apply->aggregator->apply_wake);
}

/* One batch; *ret_more: something was folded, so there may be more. */
static int apply_batch(struct apply *apply, bool *ret_more, struct err_ctx *err)
{
    uint64_t before = apply->position;
    batch_reset(apply);
    int rc = store_apply(apply->aggregator->views, batch_run, apply, err);
    if (rc == 0) {
        publish(apply);
    }
    *ret_more = rc == 0 && apply->batch.to > before;
    return rc;
}

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
    for (;;) {
        (void)pthread_mutex_lock(&apply->mutex);
        while (!apply->stop && !apply->journal_grew && !more) {
            (void)pthread_cond_wait(&apply->grew, &apply->mutex);
        }
        bool stop = apply->stop;
        apply->journal_grew = false;
        (void)pthread_mutex_unlock(&apply->mutex);
        if (stop) {
            return NULL;
        }
        struct err_ctx err = {{0}};
        int rc = apply_batch(apply, &more, &err);
        if (rc == ERR_FULL) {
            say_full(apply);
        } else if (rc != 0 && !stopping(apply)) {
            give_up(apply, rc);
            return NULL;
        } else {
            (void)set_full(apply, false);
        }
    }
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
    apply->placed_reader = journal_reader_new();
    apply->arena = arena_new(FOLD_ARENA_BYTES);
    apply->batch_arena = arena_new(BATCH_ARENA_BYTES);
    apply->output = calloc(1, sizeof *apply->output);
    apply->recorded = calloc(SUBJECTS_MAX, sizeof *apply->recorded);
    bool all = apply->reader != NULL && apply->placed_reader != NULL && apply->arena != NULL &&
               apply->batch_arena != NULL && apply->output != NULL && apply->recorded != NULL;
    return all ? 0 : ERR_NOMEM;
}

int apply_open(struct aggregator *aggregator, struct err_ctx *err)
{
    int rc = apply_new(aggregator);
    if (rc != 0) {
        return err_set(err, rc, "apply: out of memory");
    }
    struct apply *apply = aggregator->apply;
    bool more = true;
    while (rc == 0 && more) {
        rc = apply_batch(apply, &more, err);
    }
    return rc != 0 ? err_wrap(err, rc, "catch up the views") : 0;
}

int apply_start(struct aggregator *aggregator, struct err_ctx *err)
{
    struct apply *apply = aggregator->apply;
    apply->started = true;
    if (pthread_create(&apply->thread, NULL, apply_main, apply) != 0) {
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

void apply_tick(struct aggregator *aggregator)
{
    struct apply *apply = aggregator->apply;
    (void)pthread_mutex_lock(&apply->mutex);
    bool full = apply->full;
    (void)pthread_mutex_unlock(&apply->mutex);
    if (full) {
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
        store_writer_stop(apply->aggregator->journal);
        (void)pthread_join(apply->thread, NULL);
    }
    batch_reset(apply);
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
    journal_reader_free(apply->reader);
    journal_reader_free(apply->placed_reader);
    arena_free(apply->arena);
    arena_free(apply->batch_arena);
    free(apply->batch.office);
    free(apply->output);
    free(apply->recorded);
    (void)pthread_cond_destroy(&apply->grew);
    (void)pthread_cond_destroy(&apply->put_out);
    (void)pthread_mutex_destroy(&apply->mutex);
    free(apply);
    aggregator->apply = NULL;
}
