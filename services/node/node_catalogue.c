#include "core/base/assert.h"
#include "core/rules/catalogue.h"
#include "core/rules/catalogue_note.h"
#include "core/rules/trust.h"
#include "node/node.h"
#include "platform/fetch/object_fetch.h"

#include <stdio.h>
#include <stdlib.h>

#define TICK_MS 1000u
#define AGAIN_MS 60000u
#define NOTE_ARENA_BYTES 4096u
/* The text, what is read out of it, and the list of its mistakes. */
#define ARENA_BYTES                                                                                \
    (CATALOGUE_BYTES_MAX + CATALOGUE_ARENA_BYTES + sizeof(struct catalogue_problems) + 4096)

static void look(struct node *node);

/* ---- in force ---- */

static struct bytes name_of(const char *name)
{
    return bytes_of_text(name);
}

/* From here on this one holds; the arena has it and is ours. */
static void hold(struct node_catalogue *mine, struct arena *arena,
                 const struct catalogue *catalogue, struct bytes packed)
{
    uint8_t hash[HASH_BYTES];
    arena_free(mine->arena);
    mine->arena = arena;
    mine->catalogue = catalogue;
    mine->trouble[0] = '\0';
    catalogue_info(catalogue, &mine->info);
    catalogue_hash(packed, hash);
    (void)hex_encode(mine->version, hash, sizeof hash);
}

static int hold_builtin(struct node_catalogue *mine)
{
    const struct catalogue *catalogue = NULL;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct catalogue_problems *problems =
        arena == NULL ? NULL : arena_alloc(arena, sizeof *problems);
    int rc = problems == NULL ? ERR_NOMEM
                              : catalogue_parse(catalogue_builtin(), arena, &catalogue, problems);
    if (rc == 0) {
        hold(mine, NULL, catalogue, catalogue_builtin());
        mine->catalogue = NULL; /* what the program has of it is enough */
    }
    arena_free(arena);
    return rc;
}

static int hold_stored(struct node *node, struct bytes packed)
{
    struct node_catalogue *mine = &node->catalogue;
    const struct catalogue *catalogue = NULL;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct catalogue_problems *problems =
        arena == NULL ? NULL : arena_alloc(arena, sizeof *problems);
    struct bytes text = problems == NULL ? bytes_of(NULL, 0) : arena_copy(arena, packed);
    int rc = text.data == NULL ? ERR_NOMEM : catalogue_parse(text, arena, &catalogue, problems);
    if (rc == 0) {
        hold(mine, arena, catalogue, text);
    } else {
        arena_free(arena);
    }
    return rc;
}

static int note_read(struct bytes body, struct arena *arena, struct node_catalogue *mine)
{
    struct object_note note;
    int rc = object_note_decode(body, arena, &note, NULL);
    if (rc == 0) {
        mine->told_number = note.number;
        mine->told =
            (struct object_ref){.sha256 = note.hash, .list = note.block_list, .size = note.size};
    }
    return rc;
}

/* What the store has. A catalogue that this version cannot read is fetched again. */
static int load(struct node *node, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct bytes value;
    struct arena *arena = arena_new(NOTE_ARENA_BYTES);
    int rc = arena == NULL ? err_set(err, ERR_NOMEM, "out of memory")
                           : store_read_begin(node->store, &txn, err);
    if (rc == 0 && store_get(txn, NODE_META, name_of("catalogue_note"), &value) == 0 &&
        note_read(value, arena, &node->catalogue) != 0) {
        node_trouble(node, TROUBLE_CATALOGUE, ERR_FORMAT, "its note in the store");
    }
    if (rc == 0 && store_get(txn, NODE_META, name_of("catalogue"), &value) == 0 &&
        hold_stored(node, value) != 0) {
        node_trouble(node, TROUBLE_CATALOGUE, ERR_FORMAT, "the one in the store: fetched again");
    }
    store_read_end(txn);
    arena_free(arena);
    return rc;
}

/* ---- the one that came ---- */

struct coming {
    struct store_command command;
    struct node *node;
    struct arena *arena;
    const struct catalogue *catalogue;
    struct bytes packed;
};

static void fetch_over(struct node *node)
{
    object_fetch_free(node->catalogue.fetch);
    node->catalogue.fetch = NULL;
}

/* The one that holds goes on holding. */
static void put_off(struct node *node, int rc, const char *text)
{
    struct node_catalogue *mine = &node->catalogue;
    (void)snprintf(mine->trouble, sizeof mine->trouble, "catalogue %u: %s",
                   (unsigned)mine->told_number, text);
    mine->again_ms = host_monotonic_ms() + AGAIN_MS;
    node_trouble(node, TROUBLE_CATALOGUE, rc, mine->trouble);
    fetch_over(node);
}

static void coming_free(struct coming *coming)
{
    arena_free(coming->arena);
    free(coming);
}

static int coming_run(struct store_txn *txn, void *arg)
{
    const struct coming *coming = arg;
    store_put(txn, NODE_META, name_of("catalogue"), coming->packed);
    return 0;
}

static void coming_done(void *arg, int rc)
{
    struct coming *coming = arg;
    struct node *node = coming->node;
    node->catalogue.storing = false;
    node_work_done(node, rc);
    if (rc != 0) {
        put_off(node, rc, err_text(rc));
        coming_free(coming);
        return;
    }
    hold(&node->catalogue, coming->arena, coming->catalogue, coming->packed);
    LOG(LOG_LEVEL_INFO, "catalogue", log_u64("number", node->catalogue.info.number),
        log_text("version", node->catalogue.version));
    free(coming);
    fetch_over(node);
    look(node); /* another may have been told of meanwhile */
}

/* Read, and looked at as a whole: it is what the root signed, and has no mistake. */
static int coming_read(struct coming *coming, struct err_ctx *err)
{
    struct node *node = coming->node;
    const struct object_ref *ref = object_fetch_ref(node->catalogue.fetch);
    coming->arena = arena_new(ARENA_BYTES);
    uint8_t *text = coming->arena == NULL ? NULL : arena_alloc(coming->arena, (size_t)ref->size);
    if (text == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    coming->packed = bytes_of(text, (size_t)ref->size);
    int rc = objects_read(node->objects, &ref->sha256, 0, text, coming->packed.len, err);
    return rc != 0 ? rc
                   : catalogue_whole(coming->packed, &ref->sha256, node->catalogue.told_number,
                                     coming->arena, &coming->catalogue, err);
}

static void whole(struct node *node)
{
    struct err_ctx err = {""};
    struct coming *coming = calloc(1, sizeof *coming);
    if (coming == NULL) {
        put_off(node, ERR_NOMEM, "out of memory");
        return;
    }
    coming->node = node;
    coming->command = (struct store_command){.run = coming_run, .done = coming_done, .arg = coming};
    int rc = coming_read(coming, &err);
    rc = rc != 0 ? rc : node_submit(node, &coming->command);
    if (rc != 0) {
        put_off(node, rc, err_peek(&err, rc));
        coming_free(coming);
        return;
    }
    node->catalogue.storing = true;
}

/* ---- fetching ---- */

static void on_event(void *arg, const struct object_fetch_event *event)
{
    struct node *node = arg;
    switch (event->what) {
    case OBJECT_FETCH_RESUMED:
    case OBJECT_FETCH_TOOK:
    case OBJECT_FETCH_WRONG: /* asked for again */
        break;
    case OBJECT_FETCH_WHOLE:
        whole(node);
        break;
    case OBJECT_FETCH_MISSING: /* a newer one holds: its note is on its way */
        put_off(node, ERR_NOT_FOUND, "the province has it not, or not any more");
        break;
    case OBJECT_FETCH_REFUSED:
        put_off(node, ERR_CHAIN, "what comes is not what was signed");
        break;
    case OBJECT_FETCH_FAILED:
        put_off(node, event->rc, err_peek(event->err, event->rc));
        break;
    }
}

static uint32_t asks(void *arg)
{
    const struct node *node = arg;
    return node->sync.ready ? uplink_asks(&node->sync.uplink) : 0;
}

static void send_want(void *arg, uint32_t connection, const struct control *want)
{
    line_send(arg, connection, want);
}

static void begin(struct node *node)
{
    struct node_catalogue *mine = &node->catalogue;
    const struct object_fetch_config config = {.loop = node->loop,
                                               .objects = node->objects,
                                               .arg = node,
                                               .asks = asks,
                                               .send = send_want,
                                               .on_event = on_event};
    struct err_ctx err = {""};
    int rc = object_fetch_new(&config, &mine->told, &mine->fetch, &err);
    if (rc != 0) {
        put_off(node, rc, err_peek(&err, rc));
        return;
    }
    object_fetch_start(mine->fetch);
}

/* Begins what is due, and comes again while something is. */
static void look(struct node *node)
{
    struct node_catalogue *mine = &node->catalogue;
    bool lacks = mine->told_number != 0 &&
                 (mine->catalogue == NULL || mine->told_number > mine->info.number);
    if (!lacks || node->stopping) {
        return;
    }
    if (mine->fetch == NULL && asks(node) != 0 && host_monotonic_ms() >= mine->again_ms) {
        begin(node);
    } else if (mine->fetch != NULL && !mine->storing) {
        object_fetch_tick(mine->fetch);
    }
    loop_timer_set(mine->timer, TICK_MS);
}

static void on_tick(void *arg)
{
    look(arg);
}

void catalogue_frame(struct node *node, uint32_t connection, const struct control *control)
{
    if (node->catalogue.fetch != NULL && !node->catalogue.storing) {
        object_fetch_frame(node->catalogue.fetch, connection, control);
    }
}

/* ---- notes ---- */

int catalogue_judge_note(const struct node *node, struct bytes body, struct arena *arena,
                         struct err_ctx *err)
{
    struct object_note note;
    int rc = object_note_decode(body, arena, &note, err);
    if (rc == 0 && note.purpose != OBJECT_CATALOGUE) {
        return err_set(err, ERR_STALE, "of no use here");
    }
    rc = rc != 0 ? rc : trust_catalogue_note(&node->card.card.root_key, &note, err);
    return rc != 0 ? rc : note.number > node->catalogue.told_number ? 0 : ERR_STALE;
}

void catalogue_put_note(struct store_txn *txn, struct bytes body)
{
    store_put(txn, NODE_META, name_of("catalogue_note"), body);
}

void catalogue_told(struct node *node, struct bytes body)
{
    struct arena *arena = arena_new(NOTE_ARENA_BYTES);
    int rc = arena == NULL ? ERR_NOMEM : note_read(body, arena, &node->catalogue);
    arena_free(arena);
    if (rc != 0) {
        node_trouble(node, TROUBLE_CATALOGUE, rc, "its note"); /* read again at the next start */
        return;
    }
    if (node->catalogue.fetch != NULL && !node->catalogue.storing) {
        fetch_over(node); /* an older one is of no use any more */
    }
    node->catalogue.again_ms = 0;
    look(node);
}

/* ---- what it says ---- */

static bool has_form(const void *arg, struct bytes code)
{
    const struct node_catalogue *mine = arg;
    return catalogue_form_find(code) != NULL ||
           (mine->catalogue != NULL && catalogue_has_form(mine->catalogue, code));
}

static bool has_regency(const void *arg, struct bytes code)
{
    const struct node_catalogue *mine = arg;
    return catalogue_region_find(code) != NULL ||
           (mine->catalogue != NULL && catalogue_has_regency(mine->catalogue, code));
}

struct report_codes catalogue_codes(const struct node *node)
{
    return (struct report_codes){.arg = &node->catalogue, .form = has_form, .regency = has_regency};
}

json_t *catalogue_status(const struct node *node)
{
    const struct node_catalogue *mine = &node->catalogue;
    bool lacks = mine->told_number != 0 &&
                 (mine->catalogue == NULL || mine->told_number > mine->info.number);
    json_t *coming =
        !lacks ? json_null()
               : json_pack("{s:I, s:I, s:I}", "number", (json_int_t)mine->told_number, "bytes",
                           mine->fetch == NULL ? (json_int_t)0
                                               : (json_int_t)object_fetch_bytes(mine->fetch),
                           "size", (json_int_t)mine->told.size);
    return json_pack("{s:I, s:s, s:b, s:o, s:o}", "number", (json_int_t)mine->info.number,
                     "version", mine->version, "builtin", mine->catalogue == NULL, "coming", coming,
                     "trouble",
                     mine->trouble[0] == '\0' ? json_null() : json_string(mine->trouble));
}

/* ---- life ---- */

int catalogue_open(struct node *node, struct err_ctx *err)
{
    node->catalogue.timer = loop_timer_new(node->loop, on_tick, node);
    if (node->catalogue.timer == NULL || hold_builtin(&node->catalogue) != 0) {
        return err_set(err, ERR_NOMEM, "catalogue: out of memory");
    }
    int rc = load(node, err);
    loop_timer_set(node->catalogue.timer, TICK_MS);
    return rc;
}

void catalogue_stop(struct node *node)
{
    if (!node->catalogue.storing) {
        fetch_over(node);
    }
}

void catalogue_close(struct node *node)
{
    fetch_over(node);
    loop_timer_free(node->catalogue.timer);
    arena_free(node->catalogue.arena);
}
