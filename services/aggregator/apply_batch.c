/* One batch of the apply thread: entries folded into the views in one transaction. */
#include "aggregator/apply.h"

#include "core/base/assert.h"

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
        if (rc == 0 && (!entry.own || entry.kind != ENTRY_PLACEMENT)) {
            rc = ERR_FORMAT;
        }
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

/* What the store cannot do is not the entry's fault; everything else is, for the fold answers
 * contents that it refuses itself. */
static bool entry_is_to_blame(int rc)
{
    return rc != 0 && rc != ERR_FULL && rc != ERR_STORAGE && rc != ERR_IO && rc != ERR_AGAIN &&
           rc != ERR_STATE;
}

static bool is_skipped(const struct apply *apply, uint64_t position)
{
    for (size_t i = 0; i < apply->skip_count; i++) {
        if (apply->skip[i] == position) {
            return true;
        }
    }
    return false;
}

/* An entry that the fold cannot take is kept in the journal, marked rejected, and passed. */
static int pass_over(struct apply *apply, const struct journal_entry *entry, uint64_t outputs_to)
{
    struct batch *batch = &apply->batch;
    if (entry->position <= outputs_to) {
        return 0; /* said so already */
    }
    struct rejected rejected = {.position = entry->position,
                                .code = bytes_of_text(err_name(apply->failed_code)),
                                .text = bytes_of_text(err_text(apply->failed_code))};
    uint8_t body[512];
    size_t len = 0;
    int rc = rejected_encode(&rejected, body, sizeof body, &len, NULL);
    struct bytes copy =
        rc == 0 ? arena_copy(apply->batch_arena, bytes_of(body, len)) : (struct bytes){0};
    if (rc != 0 || copy.data == NULL) {
        return rc != 0 ? rc : ERR_LIMIT;
    }
    ASSERT(batch->own_count < BATCH_OWN_MAX);
    batch->own[batch->own_count] = (struct span_entry){.kind = ENTRY_REJECTED, .body = copy};
    batch->own_position[batch->own_count++] = 0;
    batch->own_bytes += copy.len;
    LOG(LOG_LEVEL_ERROR, "entry_rejected", log_u64("position", entry->position),
        log_text("node", entry->owner), log_text("error", err_name(apply->failed_code)));
    return 0;
}

static int fold_or_pass(struct apply *apply, const struct journal_entry *entry, uint64_t outputs_to,
                        struct err_ctx *err)
{
    if (is_skipped(apply, entry->position)) {
        return pass_over(apply, entry, outputs_to);
    }
    int rc = fold_one(apply, entry, outputs_to, err);
    if (entry_is_to_blame(rc)) {
        apply->failed_at = entry->position;
        apply->failed_code = rc;
    }
    return rc;
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
            rc = fold_or_pass(apply, &entry, outputs_to, err);
            batch->to = entry.position;
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
    batch->office_count = 0;
    batch->nodes_changed = false;
    batch->results_end = &batch->results;
    arena_reset(apply->batch_arena);
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
        rc = apply_find_office(txn, &batch->office[i]);
    }
    if (rc == 0 && batch->own_count + batch->office_count > 0) {
        rc = apply_put_out(apply);
    }
    if (rc == 0 && batch->to > from) {
        save_position(txn, batch->to);
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

int apply_batch(struct apply *apply, bool *ret_more, struct err_ctx *err)
{
    uint64_t before = apply->position;
    int rc = 0;
    do { /* a batch with an entry that cannot be folded is folded again without it */
        apply->failed_at = 0;
        rc = store_apply(apply->aggregator->views, batch_run, apply, err);
        if (rc != 0 && apply->failed_at != 0 && apply->skip_count < SKIP_MAX) {
            apply->skip[apply->skip_count++] = apply->failed_at;
        }
    } while (rc != 0 && apply->failed_at != 0 && is_skipped(apply, apply->failed_at));
    apply->skip_count = 0;
    if (rc == 0) {
        publish(apply);
    }
    *ret_more = rc == 0 && apply->batch.to > before;
    return rc;
}
