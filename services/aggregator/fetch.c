#include "aggregator/fetch.h"

#include "core/base/assert.h"
#include "platform/fetch/object_fetch.h"

#define NO_ROOM_MS 60000u
#define THREADS_MAX 16u /* of all nodes; the others begin with a later tick */

struct fetch {
    struct peer *peer;
    struct object_fetch *object;
    struct store_command command; /* the note that it came from there */
};

static void look(struct peer *peer);

/* ---- the end of one file ---- */

static void fetch_free(struct fetch *fetch)
{
    fetch->peer->fetch = NULL;
    object_fetch_free(fetch->object);
    free(fetch);
}

static void say(const struct fetch *fetch, enum log_level level, const char *event,
                const char *text)
{
    const struct object_ref *ref = object_fetch_ref(fetch->object);
    LOG(level, event, log_text("node", fetch->peer->regency),
        log_hex("sha256", ref->sha256.b, HASH_BYTES),
        log_u64("bytes", object_fetch_bytes(fetch->object)), log_u64("size", ref->size),
        log_text("text", text));
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

static void failed(struct fetch *fetch, const char *text)
{
    say(fetch, LOG_LEVEL_WARN, "file_put_off", text);
    put_off(fetch, NO_ROOM_MS);
}

static int note_run(struct store_txn *txn, void *arg)
{
    const struct fetch *fetch = arg;
    fetch_note(txn, fetch->peer, &object_fetch_ref(fetch->object)->sha256);
    return 0;
}

static void note_done(void *arg, int rc)
{
    struct fetch *fetch = arg;
    struct peer *peer = fetch->peer;
    peer->under_way--;
    if (rc != 0) {
        failed(fetch, err_text(rc));
        return;
    }
    peer->files_fetched++;
    say(fetch, LOG_LEVEL_INFO, "file_fetched", "");
    fetch_free(fetch);
    look(peer);
}

static void note(struct fetch *fetch)
{
    fetch->command =
        (struct store_command){.run = note_run, .done = note_done, .arg = fetch, .droppable = true};
    int rc = store_submit(fetch->peer->aggregator->journal, &fetch->command);
    if (rc != 0) {
        failed(fetch, err_text(rc));
        return;
    }
    fetch->peer->under_way++;
}

/* ---- how it goes ---- */

static void on_event(void *arg, const struct object_fetch_event *event)
{
    struct fetch *fetch = arg;
    const char *text = err_peek(event->err, event->rc);
    switch (event->what) {
    case OBJECT_FETCH_RESUMED:
        say(fetch, LOG_LEVEL_INFO, "file_resumed", "goes on where it stopped");
        break;
    case OBJECT_FETCH_TOOK:
        fetch->peer->file_bytes += event->bytes;
        break;
    case OBJECT_FETCH_WRONG:
        fetch->peer->file_blocks_wrong++;
        say(fetch, LOG_LEVEL_WARN, "file_block_wrong", text);
        break;
    case OBJECT_FETCH_WHOLE:
        note(fetch);
        break;
    case OBJECT_FETCH_MISSING:
        say(fetch, LOG_LEVEL_INFO, "file_missing", "the node has it not: asked again later");
        put_off(fetch, 0);
        break;
    case OBJECT_FETCH_REFUSED:
        say(fetch, LOG_LEVEL_WARN, "file_refused", "what comes is not what the report names");
        put_off(fetch, 0);
        break;
    case OBJECT_FETCH_FAILED:
        failed(fetch, text);
        break;
    }
}

static uint32_t asks(void *arg)
{
    const struct fetch *fetch = arg;
    return intake_asks(&fetch->peer->intake);
}

static void send_want(void *arg, uint32_t connection, const struct control *want)
{
    const struct fetch *fetch = arg;
    net_send(fetch->peer, connection, want);
}

void fetch_frame(struct peer *peer, uint32_t connection, const struct control *control)
{
    if (peer->fetch != NULL) {
        object_fetch_frame(peer->fetch->object, connection, control);
    }
}

/* ---- what to fetch ---- */

static void begin(struct peer *peer, const struct file_view *file)
{
    const struct object_ref ref = {.sha256 = file->sha256, .list = file->list, .size = file->size};
    struct fetch *fetch = calloc(1, sizeof *fetch);
    const struct object_fetch_config config = {.loop = peer->aggregator->loop,
                                               .objects = peer->aggregator->objects,
                                               .arg = fetch,
                                               .asks = asks,
                                               .send = send_want,
                                               .on_event = on_event};
    if (fetch == NULL || object_fetch_new(&config, &ref, &fetch->object, NULL) != 0) {
        free(fetch);
        peer->files_skipped = true;
        return;
    }
    fetch->peer = peer;
    peer->fetch = fetch;
    object_fetch_start(fetch->object);
}

static bool threads_left(const struct aggregator *aggregator)
{
    size_t count = 0;
    for (const struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        count += peer->fetch != NULL && object_fetch_works(peer->fetch->object);
    }
    return count < THREADS_MAX;
}

/* Two at one file would write into each other's, and into what the first one has finished. */
static bool others_fetch(const struct aggregator *aggregator, const struct hash *sha256)
{
    for (const struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        if (peer->fetch != NULL &&
            hash_equal(&object_fetch_ref(peer->fetch->object)->sha256, sha256)) {
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
    if (peer->fetch == NULL) {
        look(peer);
    } else {
        object_fetch_tick(peer->fetch->object);
    }
}

void fetch_stop(struct peer *peer)
{
    if (peer->fetch != NULL) {
        fetch_free(peer->fetch);
    }
}

static json_t *at_hand(const struct fetch *fetch)
{
    char hex[HEX_CAPACITY(HASH_BYTES)];
    if (fetch == NULL) {
        return json_null();
    }
    const struct object_ref *ref = object_fetch_ref(fetch->object);
    return json_pack("{s:s, s:I, s:I}", "sha256", hex_encode(hex, ref->sha256.b, HASH_BYTES),
                     "bytes", (json_int_t)object_fetch_bytes(fetch->object), "size",
                     (json_int_t)ref->size);
}

json_t *fetch_json(const struct peer *peer)
{
    return json_pack("{s:I, s:I, s:I, s:o}", "fetched", (json_int_t)peer->files_fetched, "bytes_in",
                     (json_int_t)peer->file_bytes, "blocks_wrong",
                     (json_int_t)peer->file_blocks_wrong, "fetching", at_hand(peer->fetch));
}
