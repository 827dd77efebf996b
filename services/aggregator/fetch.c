#include "aggregator/fetch_private.h"

#include "core/base/assert.h"

#define NO_ROOM_MS 60000u
#define RANGE_BYTES_MIN 4096u
#define RANGE_BYTES_MAX 262144u
#define RANGE_MS 1000u /* what one range may take on the line */
#define SILENT_MS_MIN 60000u
#define THREADS_MAX 16u /* of all nodes; the others begin with a later tick */

/* ---- the end of one file ---- */

static void look(struct peer *peer);

static void fetch_free(struct fetch *fetch)
{
    fetch->peer->fetch = NULL;
    objects_leave(fetch->draft);
    loop_wake_free(fetch->wake);
    free(fetch);
}

static void say(const struct fetch *fetch, enum log_level level, const char *event,
                const char *text)
{
    LOG(level, event, log_text("node", fetch->peer->regency),
        log_hex("sha256", fetch->receiver.ref.sha256.b, HASH_BYTES),
        log_u64("bytes", object_receiver_bytes(&fetch->receiver)),
        log_u64("size", fetch->receiver.ref.size), log_text("text", text));
}

/* It stays pending; the next one has its turn. again_ms: when all are looked at again; 0: in the
 * next session. */
static void put_off(struct fetch *fetch, uint64_t again_ms)
{
    struct peer *peer = fetch->peer;
    peer->files_skipped = true;
    if (again_ms != 0) {
        peer->files_again_ms = host_monotonic_ms() + again_ms;
    }
    fetch_free(fetch); /* the tick looks for the next one */
}

static void failed(struct fetch *fetch, int rc, const struct err_ctx *err)
{
    say(fetch, LOG_LEVEL_WARN, "file_put_off", err_peek(err, rc));
    put_off(fetch, NO_ROOM_MS);
}

static void refused(struct fetch *fetch)
{
    say(fetch, LOG_LEVEL_WARN, "file_refused", "what comes is not what the report names");
    if (fetch->draft != NULL) {
        objects_give_up(fetch->draft);
    }
    put_off(fetch, 0);
}

static int note_run(struct store_txn *txn, void *arg)
{
    const struct fetch *fetch = arg;
    fetch_note(txn, fetch->peer, &fetch->receiver.ref.sha256);
    return 0;
}

static void note_done(void *arg, int rc)
{
    struct fetch *fetch = arg;
    struct peer *peer = fetch->peer;
    struct err_ctx err = {{0}};
    peer->under_way--;
    if (rc != 0) {
        (void)err_set(&err, rc, "%s", err_text(rc));
        failed(fetch, rc, &err);
        return;
    }
    peer->files_fetched++;
    say(fetch, LOG_LEVEL_INFO, "file_fetched", "");
    fetch_free(fetch);
    look(peer);
}

static void note(struct fetch *fetch)
{
    struct err_ctx err = {{0}};
    fetch->phase = FETCH_NOTING;
    fetch->command =
        (struct store_command){.run = note_run, .done = note_done, .arg = fetch, .droppable = true};
    int rc = store_submit(fetch->peer->aggregator->journal, &fetch->command);
    if (rc != 0) {
        (void)err_set(&err, rc, "%s", err_text(rc));
        failed(fetch, rc, &err);
        return;
    }
    fetch->peer->under_way++;
}

/* ---- on the thread: whole files ---- */

static void *prepare(void *arg)
{
    struct fetch *fetch = arg;
    fetch->rc = fetch_find_left(fetch);
    loop_wake_send(fetch->wake);
    return NULL;
}

static void *finish(void *arg)
{
    struct fetch *fetch = arg;
    struct hash found;
    fetch->rc = objects_finish(fetch->draft, &found, &fetch->err);
    loop_wake_send(fetch->wake);
    return NULL;
}

static void ask(struct fetch *fetch);

static void whole(struct fetch *fetch);

/* The thread has sent its wake, as its last act. */
static void on_worked(void *arg)
{
    struct fetch *fetch = arg;
    ASSERT(pthread_join(fetch->thread, NULL) == 0);
    loop_wake_free(fetch->wake);
    fetch->wake = NULL;
    if (fetch->rc == ERR_CHAIN) {
        refused(fetch);
        return;
    }
    if (fetch->rc != 0 && fetch->rc != ERR_EXISTS) {
        failed(fetch, fetch->rc, &fetch->err);
        return;
    }
    if (fetch->phase == FETCH_FINISHING) {
        note(fetch);
        return;
    }
    if (fetch->found > 0) {
        say(fetch, LOG_LEVEL_INFO, "file_resumed", "goes on where it stopped");
    }
    fetch->phase = FETCH_ASKING;
    if (fetch->receiver.phase == OBJECT_WHOLE) {
        whole(fetch);
    } else {
        ask(fetch);
    }
}

static void work(struct fetch *fetch, void *(*run)(void *))
{
    struct err_ctx err = {{0}};
    fetch->wake = loop_wake_new(fetch->peer->aggregator->loop, on_worked, fetch);
    if (fetch->wake == NULL || host_thread_start(&fetch->thread, run, fetch) != 0) {
        loop_wake_free(fetch->wake);
        fetch->wake = NULL;
        failed(fetch, err_set(&err, ERR_NOMEM, "out of memory"), &err);
    }
}

static void whole(struct fetch *fetch)
{
    fetch->phase = FETCH_FINISHING;
    if (fetch->draft == NULL) {
        note(fetch); /* the list is that of the blocks that came: nothing is kept of them */
    } else {
        work(fetch, finish);
    }
}

/* ---- asking ---- */

static void ask(struct fetch *fetch)
{
    struct peer *peer = fetch->peer;
    uint32_t connection = intake_asks(&peer->intake);
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
        net_send(peer, connection, &control);
    }
}

/* As much as crosses in RANGE_MS, never more than twice what the last one was. */
static void size_range(struct fetch *fetch)
{
    uint64_t took_ms = host_monotonic_ms() - fetch->asked_ms;
    uint64_t fits = fetch->range_bytes * RANGE_MS / (took_ms == 0 ? 1 : took_ms);
    uint64_t most = 2 * fetch->range_bytes;
    uint64_t bytes = fits < most ? fits : most;
    fetch->range_bytes = bytes < RANGE_BYTES_MIN   ? RANGE_BYTES_MIN
                         : bytes > RANGE_BYTES_MAX ? RANGE_BYTES_MAX
                                                   : bytes;
}

static int keep(struct fetch *fetch, const struct object_effect *effect, struct err_ctx *err)
{
    if (fetch->draft == NULL || effect->what == OBJECT_NOTHING) {
        return 0;
    }
    return effect->what == OBJECT_KEEP_LIST
               ? objects_keep_list(fetch->draft, effect->bytes, err)
               : objects_write(fetch->draft, effect->offset, effect->bytes, err);
}

static void take_part(struct fetch *fetch, const struct object_part *part)
{
    struct peer *peer = fetch->peer;
    struct object_effect effect;
    struct err_ctx err = {{0}};
    int rc = object_receiver_part(&fetch->receiver, part, &effect, &err);
    if (rc == ERR_VALUE) {
        return; /* asked for in an earlier session, or by nobody */
    }
    fetch->heard_ms = host_monotonic_ms();
    peer->file_bytes += part->data.len;
    fetch->range_left -= part->data.len;
    if (rc != 0) {
        peer->file_blocks_wrong++;
        say(fetch, LOG_LEVEL_WARN, "file_block_wrong", err_peek(&err, rc));
        if (fetch->receiver.phase == OBJECT_REFUSED) {
            refused(fetch);
            return;
        }
    }
    rc = rc == 0 ? keep(fetch, &effect, &err) : 0;
    if (rc != 0) {
        failed(fetch, rc, &err);
    } else if (fetch->receiver.phase == OBJECT_WHOLE) {
        whole(fetch);
    } else {
        if (fetch->range_left == 0) {
            size_range(fetch);
        }
        ask(fetch);
    }
}

void fetch_frame(struct peer *peer, uint32_t connection, const struct control *control)
{
    struct fetch *fetch = peer->fetch;
    if (fetch == NULL || fetch->phase != FETCH_ASKING || connection != fetch->connection) {
        return;
    }
    if (control->kind == FRAME_PART) {
        take_part(fetch, &control->as.part);
        return;
    }
    const struct hash *hash = &control->as.missing.hash;
    if (hash_equal(hash, &fetch->receiver.ref.sha256) ||
        hash_equal(hash, &fetch->receiver.ref.list)) {
        say(fetch, LOG_LEVEL_INFO, "file_missing", "the node has it not: asked again later");
        put_off(fetch, 0);
    }
}

/* ---- what to fetch ---- */

static void begin(struct peer *peer, const struct file_view *file)
{
    struct err_ctx err = {{0}};
    const struct object_ref ref = {.sha256 = file->sha256, .list = file->list, .size = file->size};
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL || object_receiver_init(&fetch->receiver, &ref, NULL) != 0) {
        free(fetch);
        peer->files_skipped = true;
        return;
    }
    fetch->peer = peer;
    peer->fetch = fetch;
    int rc = objects_begin(peer->aggregator->objects, &ref.sha256, ref.size, &fetch->draft, &err);
    if (rc == ERR_EXISTS) {
        fetch->phase = FETCH_ASKING;
        ask(fetch);
    } else if (rc != 0) {
        failed(fetch, rc, &err);
    } else {
        work(fetch, prepare);
    }
}

static bool threads_left(const struct aggregator *aggregator)
{
    size_t count = 0;
    for (const struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        count += peer->fetch != NULL && peer->fetch->wake != NULL;
    }
    return count < THREADS_MAX;
}

/* Two at one file would write into each other's, and into what the first one has finished. */
static bool others_fetch(const struct aggregator *aggregator, const struct hash *sha256)
{
    for (const struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        if (peer->fetch != NULL && hash_equal(&peer->fetch->receiver.ref.sha256, sha256)) {
            return true;
        }
    }
    return false;
}

static void look(struct peer *peer)
{
    struct aggregator *aggregator = peer->aggregator;
    struct file_view file;
    uint32_t connection = intake_asks(&peer->intake);
    if (peer->fetch != NULL || connection == 0 || aggregator->stopping ||
        !threads_left(aggregator) || fetch_next(peer, connection, &file) != 0) {
        return;
    }
    if (others_fetch(aggregator, &file.sha256)) {
        peer->files_skipped = true;
        peer->files_again_ms = host_monotonic_ms() + NO_ROOM_MS;
        return;
    }
    begin(peer, &file);
}

void fetch_tick(struct peer *peer)
{
    struct fetch *fetch = peer->fetch;
    if (fetch == NULL) {
        look(peer);
        return;
    }
    uint64_t silent_ms = host_monotonic_ms() - fetch->heard_ms;
    if (fetch->phase == FETCH_ASKING && fetch->connection != 0 && silent_ms >= SILENT_MS_MIN &&
        !object_receiver_idle(&fetch->receiver)) {
        fetch->connection = 0; /* a WANT that found no room on its way out: asked again */
    }
    ask(fetch);
}

void fetch_stop(struct peer *peer)
{
    struct fetch *fetch = peer->fetch;
    if (fetch == NULL) {
        return;
    }
    if (fetch->wake != NULL) {
        ASSERT(pthread_join(fetch->thread, NULL) == 0);
    }
    fetch_free(fetch);
}

static json_t *at_hand(const struct fetch *fetch)
{
    char hex[HEX_CAPACITY(HASH_BYTES)];
    if (fetch == NULL) {
        return json_null();
    }
    bool on_thread = fetch->wake != NULL;
    return json_pack(
        "{s:s, s:I, s:I}", "sha256", hex_encode(hex, fetch->receiver.ref.sha256.b, HASH_BYTES),
        "bytes", on_thread ? (json_int_t)0 : (json_int_t)object_receiver_bytes(&fetch->receiver),
        "size", (json_int_t)fetch->receiver.ref.size);
}

json_t *fetch_json(const struct peer *peer)
{
    return json_pack("{s:I, s:I, s:I, s:o}", "fetched", (json_int_t)peer->files_fetched, "bytes_in",
                     (json_int_t)peer->file_bytes, "blocks_wrong",
                     (json_int_t)peer->file_blocks_wrong, "fetching", at_hand(peer->fetch));
}
