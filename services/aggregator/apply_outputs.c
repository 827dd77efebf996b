/* What the fold puts out: placements into our own log, office entries into the office logs, in one
 * transaction of the writer thread with the note how far outputs were made. */
#include "aggregator/apply.h"

#include "core/base/assert.h"

/* The enrolment's office log, or the one of the newest active enrolment of a regency. */
int apply_find_office(struct store_txn *txn, struct office_out *out)
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

static int append_office(struct store_txn *txn, struct apply *apply, struct office_out *out)
{
    struct aggregator *aggregator = apply->aggregator;
    struct outlog log;
    int64_t now_ms = host_wall_ms();
    int rc = journal_office_end(txn, &out->office, &out->appended);
    rc = rc != 0 ? rc : outlog_load(txn, &journal_office_tables, &out->appended, &log);
    if (rc == ERR_NOT_FOUND) {
        struct genesis genesis = {.direction = DIRECTION_DOWN,
                                  .lane = LANE_OFFICE,
                                  .owner = bytes_of_text(aggregator->conf->province),
                                  .counterpart = bytes_of_text(out->regency),
                                  .signing_key = aggregator->log_key,
                                  .enrolment = out->number,
                                  .created_ms = now_ms};
        rc = outlog_create(txn, &journal_office_tables, &out->appended, &genesis, &log);
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
                if (batch->own_position[from] != 0) {
                    journal_put_placed(txn, batch->own_position[from], position + from, i - from);
                }
                from = i;
            }
        }
    }
    for (size_t i = 0; i < batch->rejected_count; i++) {
        journal_put_rejected(txn, batch->rejected[i].position,
                             bytes_of_text(batch->rejected[i].code));
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

/* The office logs that grew, for the loop thread: told as soon as the outputs are durable, for the
 * views of this batch may still fail to commit, and then nobody would say it again. */
static void tell_office_grew(struct apply *apply)
{
    const struct batch *batch = &apply->batch;
    (void)pthread_mutex_lock(&apply->mutex);
    for (size_t i = 0; i < batch->office_count; i++) {
        touch(apply, &batch->office[i].appended);
    }
    (void)pthread_mutex_unlock(&apply->mutex);
    loop_wake_send(apply->aggregator->apply_wake);
}

/* In the views' write transaction. */
static int make_durable(struct apply *apply)
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

int apply_put_out(struct apply *apply)
{
    int rc = make_durable(apply);
    if (rc == 0) {
        tell_office_grew(apply);
    }
    return rc;
}
