/* writer.c - the one thread that writes: a queue in, group commits, a list of results out. */
#include <errno.h>
#include <time.h>

#include "core/base/assert.h"
#include "platform/host/host.h"
#include "platform/store/store_private.h"

struct command_list {
    struct store_command *first;
    struct store_command *last;
    size_t count;
};

struct store_writer {
    struct store_writer_config config;
    pthread_t thread;
    struct store_command **batch; /* batch_max; the thread's own, like the next two */
    struct store_command **left;
    size_t batch_last; /* new work in the round before: an ack is nobody's company */
    size_t unanswered; /* in batch now */

    pthread_cond_t more; /* with the store's mutex, which guards the rest */
    struct command_list queue;
    struct command_list finished;
    size_t enough; /* so many in the queue end its wait for company */
    bool waiting;
    bool stopping;
};

static void list_add(struct command_list *list, struct store_command *command)
{
    command->next = NULL;
    if (list->last != NULL) {
        list->last->next = command;
    } else {
        list->first = command;
    }
    list->last = command;
    list->count++;
}

static struct store_command *list_take(struct command_list *list)
{
    struct store_command *command = list->first;
    if (command != NULL) {
        list->first = command->next;
        list->last = list->first != NULL ? list->last : NULL;
        list->count--;
        command->next = NULL;
    }
    return command;
}

/* ---- the thread ---- */

static struct timespec deadline_in_us(uint64_t us)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    us += (uint64_t)at.tv_nsec / 1000;
    at.tv_sec += (time_t)(us / 1000000);
    at.tv_nsec = (long)(us % 1000000 * 1000);
    return at;
}

/* With the mutex held: until there is a command or the end. */
static void wait_for_work(struct store *store)
{
    struct store_writer *writer = store->writer;
    while (writer->queue.count == 0 && !writer->stopping) {
        struct timespec at = deadline_in_us(STORE_READERS_CHECK_MS * 1000ull);
        writer->waiting = true;
        int rc = pthread_cond_timedwait(&writer->more, &store->mutex, &at);
        writer->waiting = false;
        if (rc == ETIMEDOUT) {
            (void)pthread_mutex_unlock(&store->mutex);
            store_housekeep(store, host_monotonic_ms());
            (void)pthread_mutex_lock(&store->mutex);
        }
    }
}

/* With the mutex held: in a rush a little waiting makes the batch larger, until as many are there
 * as came together the last time; a lone one never waits. */
static void gather(struct store *store)
{
    struct store_writer *writer = store->writer;
    struct timespec at = deadline_in_us(STORE_GATHER_US);
    int rc = writer->batch_last > 1 ? 0 : ETIMEDOUT;
    writer->enough = writer->batch_last;
    while (rc == 0 && !writer->stopping && writer->queue.count < writer->enough) {
        rc = pthread_cond_timedwait(&writer->more, &store->mutex, &at);
    }
}

/* How many are in writer->batch now; 0: asked to stop, and nothing is left. */
static size_t batch_take(struct store *store)
{
    struct store_writer *writer = store->writer;
    size_t count = 0;
    (void)pthread_mutex_lock(&store->mutex);
    wait_for_work(store);
    gather(store);
    writer->batch_last = 0;
    while (count < writer->config.batch_max && writer->queue.count > 0) {
        writer->batch[count] = list_take(&writer->queue);
        writer->batch_last += writer->batch[count++]->droppable ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&store->mutex);
    return count;
}

void store_writer_answer(struct store *store)
{
    struct store_writer *writer = store->writer;
    size_t count = writer->unanswered;
    writer->unanswered = 0;
    if (count == 0) {
        return;
    }
    (void)pthread_mutex_lock(&store->mutex);
    for (size_t i = 0; i < count; i++) {
        list_add(&writer->finished, writer->batch[i]);
    }
    (void)pthread_mutex_unlock(&store->mutex);
    if (writer->config.wake != NULL) {
        writer->config.wake(writer->config.wake_arg);
    }
}

static void *writer_main(void *arg)
{
    struct store *store = arg;
    struct store_writer *writer = store->writer;
    size_t count;
    while ((count = batch_take(store)) > 0) {
        writer->unanswered = count;
        store_batch_run(store, writer->batch, writer->left, count);
        store_writer_answer(store);
        store_housekeep(store, host_monotonic_ms());
    }
    return NULL;
}

/* ---- life ---- */

static void writer_free(struct store_writer *writer)
{
    if (writer != NULL) {
        (void)pthread_cond_destroy(&writer->more);
        free(writer->batch);
        free(writer->left);
        free(writer);
    }
}

static struct store_writer *writer_new(const struct store_writer_config *config)
{
    struct store_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return NULL;
    }
    pthread_condattr_t attr;
    ASSERT(pthread_condattr_init(&attr) == 0);
    ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    ASSERT(pthread_cond_init(&writer->more, &attr) == 0);
    (void)pthread_condattr_destroy(&attr);
    writer->config = *config;
    writer->batch = calloc(config->batch_max, sizeof(struct store_command *));
    writer->left = calloc(config->batch_max, sizeof(struct store_command *));
    if (writer->batch == NULL || writer->left == NULL) {
        writer_free(writer);
        return NULL;
    }
    return writer;
}

int store_writer_start(const struct store_writer_config *config, struct err_ctx *err)
{
    struct store *store = config->store;
    ASSERT(config->queue_max > 0 && config->batch_max > 0 && store->writer == NULL);
    if (store->read_only) {
        return err_set(err, ERR_STATE, "store writer: opened for reading only");
    }
    struct store_writer *writer = writer_new(config);
    if (writer == NULL) {
        return err_set(err, ERR_NOMEM, "store writer: out of memory");
    }
    (void)pthread_mutex_lock(&store->mutex);
    store->writer = writer;
    (void)pthread_mutex_unlock(&store->mutex);
    int cause = host_thread_start(&writer->thread, writer_main, store);
    if (cause != 0) {
        (void)pthread_mutex_lock(&store->mutex);
        store->writer = NULL;
        (void)pthread_mutex_unlock(&store->mutex);
        writer_free(writer);
        char text[64];
        return err_set(err, ERR_NOMEM, "store writer: start thread: %s",
                       strerror_r(cause, text, sizeof text));
    }
    return 0;
}

static int queue_add(struct store *store, struct store_command *command)
{
    struct store_writer *writer = store->writer;
    if (writer == NULL || writer->stopping) {
        return ERR_STATE;
    }
    if (writer->queue.count >= writer->config.queue_max) {
        return ERR_AGAIN;
    }
    list_add(&writer->queue, command);
    if (writer->waiting || writer->queue.count == writer->enough) {
        (void)pthread_cond_signal(&writer->more);
    }
    return 0;
}

int store_submit(struct store *store, struct store_command *command)
{
    if (store_latched(store)) {
        return ERR_STORAGE;
    }
    (void)pthread_mutex_lock(&store->mutex);
    int rc = queue_add(store, command);
    (void)pthread_mutex_unlock(&store->mutex);
    return rc;
}

size_t store_collect(struct store *store)
{
    struct command_list finished = {NULL, NULL, 0};
    (void)pthread_mutex_lock(&store->mutex);
    if (store->writer != NULL) {
        finished = store->writer->finished;
        store->writer->finished = (struct command_list){NULL, NULL, 0};
    }
    (void)pthread_mutex_unlock(&store->mutex);
    size_t count = finished.count;
    struct store_command *command;
    while ((command = list_take(&finished)) != NULL) {
        command->done(command->arg, command->rc); /* it may be gone, or queued again, after this */
    }
    return count;
}

void store_writer_stop(struct store *store)
{
    (void)pthread_mutex_lock(&store->mutex);
    struct store_writer *writer = store->writer;
    if (writer != NULL) {
        writer->stopping = true;
        (void)pthread_cond_signal(&writer->more);
    }
    (void)pthread_mutex_unlock(&store->mutex);
    if (writer == NULL) {
        return;
    }
    ASSERT(pthread_join(writer->thread, NULL) == 0);
    (void)store_collect(store);
    (void)pthread_mutex_lock(&store->mutex);
    store->writer = NULL;
    (void)pthread_mutex_unlock(&store->mutex);
    writer_free(writer);
}
