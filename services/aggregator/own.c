/* Entries of our own log: officers' acts, enrolments, revocations, key rings. An entry is appended
 * first and judged by the fold; the fold's word is the officer's answer. */
#include "aggregator/aggregator.h"

#include "core/base/assert.h"
#include "core/wire/report_json.h"

static int pending_run(struct store_txn *txn, void *arg)
{
    struct pending *pending = arg;
    struct span_entry entry = {.kind = pending->kind,
                               .body = bytes_of(pending->body, pending->len)};
    struct journal_own own = {.entries = &entry,
                              .count = 1,
                              .log_secret = pending->aggregator->log_secret,
                              .builder = pending->aggregator->own_builder,
                              .now_ms = host_wall_ms()};
    uint64_t position = 0;
    uint64_t seq = 0;
    int rc = journal_put_own(txn, &own, &position, &seq);
    pending->position = position;
    return rc;
}

static void unlink_pending(struct aggregator *aggregator, struct pending *pending)
{
    struct pending **at = &aggregator->pending;
    while (*at != pending) {
        ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = pending->next;
    json_decref(pending->args);
    free(pending);
}

/* A revocation that an officer signed holds as soon as it is durable, however far the views lag;
 * the fold will say the same. */
static void revoke_now(struct aggregator *aggregator, struct bytes body)
{
    struct store_txn *views = NULL;
    struct bytes known;
    struct ring *ring = malloc(sizeof *ring);
    struct revocation revocation;
    arena_reset(aggregator->arena);
    int rc = ring == NULL ? ERR_NOMEM : store_read_begin(aggregator->views, &views, NULL);
    rc = rc != 0 ? rc : store_get(views, VIEW_META, bytes_of_text("ring"), &known);
    rc = rc != 0
             ? rc
             : trust_ring(&aggregator->root_key, known, 0,
                          bytes_of_text(aggregator->conf->province), aggregator->arena, ring, NULL);
    rc = rc != 0 ? rc : revocation_decode(body, aggregator->arena, &revocation, NULL);
    rc = rc != 0 ? rc : trust_revocation(ring, &revocation, NULL);
    store_read_end(views);
    struct peer *peer = rc == 0 ? net_peer(aggregator, revocation.number) : NULL;
    if (peer != NULL) {
        net_revoke(peer);
    }
    free(ring);
}

static void pending_done(void *arg, int rc)
{
    struct pending *pending = arg;
    pending->stored = true;
    if (rc == 0 && pending->kind == ENTRY_REVOCATION) {
        revoke_now(pending->aggregator, bytes_of(pending->body, pending->len));
    }
    if (rc == 0) {
        if (pending->judged) {
            unlink_pending(pending->aggregator, pending);
        }
        return; /* the fold answers, or has answered already */
    }
    if (pending->call != NULL) {
        door_call_fail(pending->call, rc, rc == ERR_FULL ? 75 : 74,
                       rc == ERR_FULL ? "the store is full: nothing was recorded, try again later"
                                      : "the store failed: nothing was recorded");
    }
    unlink_pending(pending->aggregator, pending);
}

static int append(struct aggregator *aggregator, uint16_t kind, struct bytes body,
                  struct door_call *call, struct pending **ret)
{
    if (body.len > ENTRY_BYTES_MAX) {
        return ERR_LIMIT;
    }
    if (call != NULL && kind != ENTRY_REVOCATION && apply_is_full(aggregator)) {
        return ERR_FULL; /* nobody could judge it now; a revocation holds without the views */
    }
    struct pending *pending = malloc(sizeof *pending + body.len);
    if (pending == NULL) {
        return ERR_NOMEM;
    }
    *pending = (struct pending){
        .command = {.run = pending_run, .done = pending_done, .arg = pending, .droppable = true},
        .aggregator = aggregator,
        .call = call,
        .kind = kind,
        .len = body.len};
    memcpy(pending->body, body.data, body.len);
    pending->next = aggregator->pending;
    aggregator->pending = pending;
    int rc = store_submit(aggregator->journal, &pending->command);
    if (rc != 0) {
        aggregator->pending = pending->next;
        free(pending);
        return rc;
    }
    *ret = pending;
    return 0;
}

int own_append(struct aggregator *aggregator, uint16_t kind, struct bytes body,
               struct door_call *call)
{
    struct pending *pending = NULL;
    return append(aggregator, kind, body, call, &pending);
}

/* What the store and the fold say comes to this thread, so there is time to add to it. */
int own_append_then(struct aggregator *aggregator, uint16_t kind, struct bytes body,
                    struct door_call *call, own_then *then, const json_t *args)
{
    struct pending *pending = NULL;
    int rc = append(aggregator, kind, body, call, &pending);
    if (rc == 0) {
        pending->then = then;
        pending->args = json_deep_copy(args);
    }
    return rc;
}

int own_append_attempt(struct aggregator *aggregator, uint16_t kind, struct bytes body,
                       struct door_call *call, own_then *then, const json_t *args)
{
    struct pending *pending = NULL;
    int rc = append(aggregator, kind, body, call, &pending);
    if (rc == 0) {
        pending->then = then;
        pending->args = json_deep_copy(args);
        pending->either = true;
    }
    return rc;
}

static int exit_of(int code)
{
    switch (err_action(code)) {
    case ERR_ACTION_RETRY:
        return 75;
    case ERR_ACTION_FATAL:
        return 74;
    case ERR_ACTION_NONE:
    case ERR_ACTION_DROP:
        break;
    }
    return code == ERR_KEY || code == ERR_SIGNATURE ? 77 : 65;
}

static json_t *answer_of(const struct pending *pending, const char *document_id, const char *text)
{
    json_t *answer = json_pack("{s:I}", "position", (json_int_t)pending->position);
    if (document_id[0] != '\0') {
        (void)json_object_set_new(answer, "id", json_string(document_id));
    }
    if (text[0] != '\0') {
        (void)json_object_set_new(answer, "text", json_text(bytes_of_text(text)));
    }
    return answer;
}

void own_answer(struct aggregator *aggregator, uint64_t position, int code, const char *text,
                const char *document_id)
{
    struct pending *pending = aggregator->pending;
    while (pending != NULL && (pending->judged || pending->position != position)) {
        pending = pending->next;
    }
    if (pending == NULL) {
        return; /* of an earlier life of this process */
    }
    if (pending->call == NULL) {
        LOG(LOG_LEVEL_INFO, "own_entry_judged", log_u64("position", position),
            log_text("outcome", err_name(code)));
    } else if (code != 0 && !pending->either) {
        door_call_fail(pending->call, code, exit_of(code), text);
    } else if (pending->then != NULL) {
        pending->then(aggregator, pending->call, pending->args);
    } else {
        door_call_done(pending->call, answer_of(pending, document_id, text));
    }
    pending->judged = true;
    pending->call = NULL;
    if (pending->stored) {
        unlink_pending(aggregator, pending);
    }
}

void own_tell_full(struct aggregator *aggregator)
{
    for (struct pending *pending = aggregator->pending; pending != NULL; pending = pending->next) {
        if (pending->call != NULL && pending->stored) {
            door_call_fail(pending->call, ERR_FULL, 75,
                           "the disk of the cases is full: the command is recorded and will be "
                           "judged when there is room; look before you give it again");
            pending->call = NULL;
        }
    }
}

void own_forget_call(struct aggregator *aggregator, const struct door_call *call)
{
    for (struct pending *pending = aggregator->pending; pending != NULL; pending = pending->next) {
        if (pending->call == call) {
            pending->call = NULL;
        }
    }
}

int own_check_ring(struct aggregator *aggregator, struct err_ctx *err)
{
    uint8_t *file = NULL;
    size_t len = 0;
    int rc = file_read(aggregator->conf->ring, ENTRY_BYTES_MAX, &file, &len, err);
    if (rc != 0) {
        return err_wrap(err, rc, "key ring");
    }
    struct ring ring;
    arena_reset(aggregator->arena);
    rc = trust_ring(&aggregator->root_key, bytes_of(file, len), 0,
                    bytes_of_text(aggregator->conf->province), aggregator->arena, &ring, err);
    if (rc != 0) {
        rc = err_wrap(err, rc, "key ring %s", aggregator->conf->ring);
        goto out;
    }
    if (!key_equal(&ring.log_key, &aggregator->log_key)) {
        rc = err_set(err, ERR_CONFIG, "key ring %s names another log key than %s holds",
                     aggregator->conf->ring, aggregator->conf->log_key);
        goto out;
    }
    uint64_t number = ring.number;
    struct store_txn *txn = NULL;
    rc = store_read_begin(aggregator->views, &txn, err);
    if (rc != 0) {
        goto out;
    }
    struct bytes known;
    uint64_t known_number = 0;
    if (store_get(txn, VIEW_META, bytes_of_text("ring"), &known) == 0) {
        arena_reset(aggregator->arena);
        if (trust_ring(&aggregator->root_key, known, 0, (struct bytes){0}, aggregator->arena, &ring,
                       NULL) == 0) {
            known_number = ring.number;
        }
    }
    store_read_end(txn);
    if (number > known_number) {
        rc = own_append(aggregator, ENTRY_RING, bytes_of(file, len), NULL);
    }
out:
    free(file);
    return rc;
}
