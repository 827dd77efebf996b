#include "platform/fetch/object_fetch_private.h"

#include "core/base/assert.h"
#include "platform/host/host.h"

#include <stdlib.h>

#define RANGE_BYTES_MIN 4096u
#define RANGE_BYTES_MAX 262144u
#define RANGE_MS 1000u /* what one range may take on the line */
#define SILENT_MS_MIN 60000u

/* ---- what the owner is told ---- */

static void say(const struct object_fetch *fetch, enum object_fetch_what what, int rc,
                const struct err_ctx *err)
{
    const struct object_fetch_event event = {.what = what, .rc = rc, .err = err};
    fetch->config.on_event(fetch->config.arg, &event);
}

/* The last word: the fetch may be gone after it. */
static void over(struct object_fetch *fetch, enum object_fetch_what what, int rc)
{
    struct err_ctx err = fetch->err;
    fetch->phase = FETCH_OVER;
    say(fetch, what, rc, &err);
}

static void refused(struct object_fetch *fetch)
{
    if (fetch->draft != NULL) {
        objects_give_up(fetch->draft);
    }
    over(fetch, OBJECT_FETCH_REFUSED, ERR_CHAIN);
}

/* ---- on the thread: whole files ---- */

static void *prepare(void *arg)
{
    struct object_fetch *fetch = arg;
    fetch->rc = object_fetch_find_left(fetch);
    loop_wake_send(fetch->wake);
    return NULL;
}

static void *finish(void *arg)
{
    struct object_fetch *fetch = arg;
    struct hash found;
    fetch->rc = objects_finish(fetch->draft, &found, &fetch->err);
    loop_wake_send(fetch->wake);
    return NULL;
}

static void ask(struct object_fetch *fetch);
static void whole(struct object_fetch *fetch);

/* The thread has sent its wake, as its last act. */
static void on_worked(void *arg)
{
    struct object_fetch *fetch = arg;
    ASSERT(pthread_join(fetch->thread, NULL) == 0);
    loop_wake_free(fetch->wake);
    fetch->wake = NULL;
    if (fetch->rc == ERR_CHAIN) {
        refused(fetch);
        return;
    }
    if (fetch->rc != 0 && fetch->rc != ERR_EXISTS) {
        over(fetch, OBJECT_FETCH_FAILED, fetch->rc);
        return;
    }
    if (fetch->phase == FETCH_FINISHING) {
        over(fetch, OBJECT_FETCH_WHOLE, 0);
        return;
    }
    fetch->phase = FETCH_ASKING;
    if (fetch->found > 0) {
        say(fetch, OBJECT_FETCH_RESUMED, 0, NULL);
    }
    if (fetch->receiver.phase == OBJECT_WHOLE) {
        whole(fetch);
    } else {
        ask(fetch);
    }
}

static void work(struct object_fetch *fetch, void *(*run)(void *))
{
    fetch->wake = loop_wake_new(fetch->config.loop, on_worked, fetch);
    if (fetch->wake == NULL || host_thread_start(&fetch->thread, run, fetch) != 0) {
        loop_wake_free(fetch->wake);
        fetch->wake = NULL;
        over(fetch, OBJECT_FETCH_FAILED, err_set(&fetch->err, ERR_NOMEM, "out of memory"));
    }
}

static void whole(struct object_fetch *fetch)
{
    fetch->phase = FETCH_FINISHING;
    if (fetch->draft == NULL) { /* the list is that of the blocks that came: none is kept */
        over(fetch, OBJECT_FETCH_WHOLE, 0);
    } else {
        work(fetch, finish);
    }
}

/* ---- asking ---- */

static void ask(struct object_fetch *fetch)
{
    const struct object_fetch_config *config = &fetch->config;
    uint32_t connection = config->asks(config->arg);
    struct control control = {.kind = FRAME_WANT, .as.want.count = 1};
    if (fetch->phase != FETCH_ASKING || connection == 0) {
        return;
    }
    if (connection != fetch->connection) {
        object_receiver_session(&fetch->receiver);
        fetch->connection = connection;
        fetch->range_bytes = RANGE_BYTES_MIN;
    }
    if (object_receiver_want(&fetch->receiver, fetch->range_bytes, &control.as.want.hash,
                             &control.as.want.ranges[0])) {
        fetch->asked_ms = host_monotonic_ms();
        fetch->heard_ms = fetch->asked_ms;
        fetch->range_left = control.as.want.ranges[0].length;
        config->send(config->arg, connection, &control);
    }
}

/* As much as crosses in RANGE_MS, never more than twice what the last one was. */
static void size_range(struct object_fetch *fetch)
{
    uint64_t took_ms = host_monotonic_ms() - fetch->asked_ms;
    uint64_t fits = fetch->range_bytes * RANGE_MS / (took_ms == 0 ? 1 : took_ms);
    uint64_t most = 2 * fetch->range_bytes;
    uint64_t bytes = fits < most ? fits : most;
    fetch->range_bytes = bytes < RANGE_BYTES_MIN   ? RANGE_BYTES_MIN
                         : bytes > RANGE_BYTES_MAX ? RANGE_BYTES_MAX
                                                   : bytes;
}

static int keep(struct object_fetch *fetch, const struct object_effect *effect)
{
    if (fetch->draft == NULL || effect->what == OBJECT_NOTHING) {
        return 0;
    }
    return effect->what == OBJECT_KEEP_LIST
               ? objects_keep_list(fetch->draft, effect->bytes, &fetch->err)
               : objects_write(fetch->draft, effect->offset, effect->bytes, &fetch->err);
}

static void took(struct object_fetch *fetch, size_t bytes)
{
    const struct object_fetch_event event = {.what = OBJECT_FETCH_TOOK, .bytes = bytes};
    fetch->heard_ms = host_monotonic_ms();
    fetch->range_left -= bytes;
    fetch->config.on_event(fetch->config.arg, &event);
}

static void take_part(struct object_fetch *fetch, const struct object_part *part)
{
    struct object_effect effect;
    struct err_ctx err = {{0}};
    int rc = object_receiver_part(&fetch->receiver, part, &effect, &err);
    if (rc == ERR_VALUE) {
        return; /* asked for in an earlier session, or by nobody */
    }
    took(fetch, part->data.len);
    if (rc != 0) {
        say(fetch, OBJECT_FETCH_WRONG, rc, &err);
    }
    rc = rc == 0 ? keep(fetch, &effect) : 0;
    if (rc != 0) {
        over(fetch, OBJECT_FETCH_FAILED, rc);
        return;
    }
    if (fetch->receiver.phase == OBJECT_REFUSED) {
        refused(fetch);
    } else if (fetch->receiver.phase == OBJECT_WHOLE) {
        whole(fetch);
    } else {
        if (fetch->range_left == 0) {
            size_range(fetch);
        }
        ask(fetch);
    }
}

void object_fetch_frame(struct object_fetch *fetch, uint32_t connection,
                        const struct control *control)
{
    if (fetch->phase != FETCH_ASKING || connection != fetch->connection) {
        return;
    }
    if (control->kind == FRAME_PART) {
        take_part(fetch, &control->as.part);
        return;
    }
    const struct hash *hash = &control->as.missing.hash;
    if (hash_equal(hash, &fetch->receiver.ref.sha256) ||
        hash_equal(hash, &fetch->receiver.ref.list)) {
        over(fetch, OBJECT_FETCH_MISSING, ERR_NOT_FOUND);
    }
}

void object_fetch_tick(struct object_fetch *fetch)
{
    uint64_t silent_ms = host_monotonic_ms() - fetch->heard_ms;
    if (fetch->phase == FETCH_ASKING && fetch->connection != 0 && silent_ms >= SILENT_MS_MIN &&
        !object_receiver_idle(&fetch->receiver)) {
        fetch->connection = 0; /* a WANT that found no room on its way out: asked again */
    }
    ask(fetch);
}

/* ---- life ---- */

int object_fetch_new(const struct object_fetch_config *config, const struct object_ref *ref,
                     struct object_fetch **ret, struct err_ctx *err)
{
    struct object_fetch *fetch = calloc(1, sizeof *fetch);
    int rc = fetch == NULL ? err_set(err, ERR_NOMEM, "out of memory")
                           : object_receiver_init(&fetch->receiver, ref, err);
    if (rc != 0) {
        free(fetch);
        return rc;
    }
    fetch->config = *config;
    *ret = fetch;
    return 0;
}

void object_fetch_free(struct object_fetch *fetch)
{
    if (fetch == NULL) {
        return;
    }
    if (fetch->wake != NULL) {
        ASSERT(pthread_join(fetch->thread, NULL) == 0);
        loop_wake_free(fetch->wake);
    }
    objects_leave(fetch->draft);
    free(fetch);
}

void object_fetch_start(struct object_fetch *fetch)
{
    const struct object_ref *ref = &fetch->receiver.ref;
    ASSERT(fetch->phase == FETCH_PREPARING && fetch->wake == NULL && fetch->draft == NULL);
    int rc =
        objects_begin(fetch->config.objects, &ref->sha256, ref->size, &fetch->draft, &fetch->err);
    if (rc == ERR_EXISTS) {
        fetch->phase = FETCH_ASKING;
        ask(fetch);
    } else if (rc != 0) {
        over(fetch, OBJECT_FETCH_FAILED, rc);
    } else {
        work(fetch, prepare);
    }
}

const struct object_ref *object_fetch_ref(const struct object_fetch *fetch)
{
    return &fetch->receiver.ref;
}

bool object_fetch_works(const struct object_fetch *fetch)
{
    return fetch->wake != NULL;
}

uint64_t object_fetch_bytes(const struct object_fetch *fetch)
{
    return object_fetch_works(fetch) ? 0 : object_receiver_bytes(&fetch->receiver);
}
