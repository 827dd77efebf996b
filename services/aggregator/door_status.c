/* status, ping, journal dump. */
#include "aggregator/door_slices.h"
#include "aggregator/doors.h"

#include "core/cases/catalogue_view.h"
#include "core/wire/report_json.h"

/* Entries of a table; a walk over keys, for tables of cases and documents. */
static uint64_t count_rows(struct store_txn *txn, enum view_table table)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    uint64_t count = 0;
    if (store_cursor_open(txn, table, &cursor) != 0) {
        return 0;
    }
    int rc = store_seek(cursor, (struct bytes){0}, &key, &value);
    while (rc == 0) {
        count++;
        rc = store_next(cursor, &key, &value);
    }
    store_cursor_close(cursor);
    return count;
}

/* Numbers count from 1; those of cases that went up in others are gaps. */
static uint64_t count_cases(struct store_txn *txn)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    uint64_t count = 0;
    if (store_cursor_open(txn, VIEW_CASE_NUMBERS, &cursor) != 0) {
        return 0;
    }
    if (store_seek_before(cursor, (struct bytes){0}, &key, &value) == 0 && key.len == 8) {
        count = get_be64(key.data);
    }
    store_cursor_close(cursor);
    if (store_get(txn, VIEW_META, bytes_of_text("cases_joined"), &value) == 0 && value.len == 8) {
        count -= get_be64(value.data);
    }
    return count;
}

static json_t *store_json(struct store *store)
{
    struct store_numbers numbers;
    store_numbers(store, &numbers);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "used_bytes",
                     (json_int_t)numbers.used_bytes, "map_bytes", (json_int_t)numbers.map_bytes,
                     "commits", (json_int_t)numbers.commits, "commands",
                     (json_int_t)numbers.commands, "last_commit_us",
                     (json_int_t)numbers.last_commit_us, "full", (int)numbers.full, "latched",
                     (int)store_latched(store));
}

static json_t *link_json(const struct aggregator *aggregator)
{
    const struct link_server_counts *counts = link_server_counts(aggregator->server);
    return json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "endpoint",
        link_server_endpoint(aggregator->server), "frames_in", (json_int_t)counts->frames_in,
        "frames_out", (json_int_t)counts->frames_out, "keys_allowed",
        (json_int_t)counts->zap_allowed, "keys_denied", (json_int_t)counts->zap_denied,
        "handshake_failed", (json_int_t)counts->handshake_failed, "dropped_multipart",
        (json_int_t)counts->dropped_multipart, "bad_frames", (json_int_t)aggregator->frames_bad);
}

static json_t *journal_json(struct aggregator *aggregator, struct store_txn *journal)
{
    struct journal_meta meta;
    if (journal_load(journal, &meta) != 0) {
        return json_null();
    }
    uint64_t last = meta.next_position - 1;
    uint64_t applied = apply_position(aggregator);
    return json_pack("{s:I, s:I, s:I}", "position", (json_int_t)last, "views_position",
                     (json_int_t)applied, "lag", (json_int_t)(last > applied ? last - applied : 0));
}

static json_t *catalogue_json(struct aggregator *aggregator, struct store_txn *txn)
{
    struct views views;
    struct catalogue_view view;
    driver_views(txn, &views);
    arena_reset(aggregator->arena);
    if (catalogue_view_get(&views, aggregator->arena, &view) != 0) {
        return json_null();
    }
    return json_pack("{s:I, s:s, s:b}", "number", (json_int_t)view.number, "version", view.version,
                     "builtin", (int)view.builtin);
}

static json_t *nodes_json(const struct aggregator *aggregator)
{
    json_t *nodes = json_array();
    for (const struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        (void)json_array_append_new(nodes, door_node_json(peer));
    }
    return nodes;
}

void door_status(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    (void)args;
    struct err_ctx err = {{0}};
    struct store_txn *views = NULL;
    struct store_txn *journal = NULL;
    int rc = store_read_begin(aggregator->views, &views, &err);
    if (rc == 0) {
        rc = store_read_begin(aggregator->journal, &journal, &err);
    }
    if (rc != 0) {
        store_read_end(views);
        door_refuse(call, rc, &err);
        return;
    }
    uint64_t rejected = 0;
    if (journal_count_rejected(journal, &rejected) != 0) {
        rejected = 0; /* the store has said why, and latched */
    }
    json_t *nodes = nodes_json(aggregator);
    json_t *json = json_pack(
        "{s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, "
        "s:o, s:o}",
        "program", "kabar-aggregator", "catalogue", catalogue_json(aggregator, views), "restored",
        restored_json(aggregator), "version", KABAR_VERSION, "province", aggregator->conf->province,
        "name", aggregator->conf->name, "incarnation",
        door_hex_json(aggregator->incarnation.b, INCARNATION_BYTES), "journal",
        journal_json(aggregator, journal), "backup", backup_json(journal), "cases_wait_for_room",
        (int)apply_is_full(aggregator), "cases", (json_int_t)count_cases(views), "documents",
        (json_int_t)count_rows(views, VIEW_DOCUMENTS), "zero_reports",
        (json_int_t)count_rows(views, VIEW_ZEROS), "refused",
        (json_int_t)count_rows(views, VIEW_REFUSED), "contradictions",
        (json_int_t)count_rows(views, VIEW_ALARMS), "rejected", (json_int_t)rejected, "nodes",
        nodes, "store", store_json(aggregator->journal), "link", link_json(aggregator));
    (void)json_object_set_new(json, "bundles", door_bundles_json(aggregator));
    store_read_end(journal);
    store_read_end(views);
    door_call_done(call, json);
}

void door_ping(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    (void)args;
    door_call_done(call,
                   json_pack("{s:s, s:s, s:b}", "program", "kabar-aggregator", "version",
                             KABAR_VERSION, "writable", (int)!store_latched(aggregator->journal)));
}

/* ---- dump ---- */

#define DUMP_TURN_ENTRIES 2048u /* entries between two looks at everything else */
#define UNKNOWN_KIND 0u         /* bodies of unknown kinds are shown as they are */

struct dump {
    struct slices slices;
    struct journal_reader *reader;
    uint64_t next, left, given;
};

static void dump_free(struct slices *slices)
{
    struct dump *dump = (struct dump *)slices;
    journal_reader_free(dump->reader);
    free(dump);
}

/* A body that ended the fold is shown as it is: decoding it here could end us as well. */
static json_t *body_json(struct aggregator *aggregator, const struct journal_entry *entry,
                         struct bytes rejected)
{
    bool raw = bytes_equal(rejected, bytes_of_text(CRASH_CODE));
    arena_reset(aggregator->arena);
    return entry->erased ? json_null()
                         : entry_body_to_json(raw ? UNKNOWN_KIND : entry->kind, entry->body,
                                              aggregator->arena);
}

/* What it said was said before: by whom, in the first log in which it was. */
static json_t *copy_json(struct store_txn *views, uint64_t position)
{
    uint8_t key[8];
    struct bytes value;
    struct copied_view copied;
    put_be64(key, position);
    if (store_get(views, VIEW_COPIED, bytes_of(key, sizeof key), &value) != 0 ||
        copied_view_decode(value, &copied) != 0) {
        return NULL;
    }
    return json_pack("{s:o, s:I, s:I}", "incarnation",
                     door_hex_json(copied.canonical.incarnation.b, INCARNATION_BYTES), "seq",
                     (json_int_t)copied.canonical.seq, "position", (json_int_t)copied.position);
}

static json_t *entry_json(struct aggregator *aggregator, struct store_txn *txn,
                          struct store_txn *views, const struct journal_entry *entry)
{
    struct bytes rejected = {0};
    json_t *json = json_pack(
        "{s:I, s:o, s:I, s:s, s:I, s:o, s:o, s:b, s:s, s:I, s:I}", "position",
        (json_int_t)entry->position, "incarnation",
        door_hex_json(entry->id.incarnation.b, INCARNATION_BYTES), "seq", (json_int_t)entry->id.seq,
        "kind", entry_kind_name(entry->kind), "kind_number", (json_int_t)entry->kind, "hash",
        door_hex_json(entry->h.b, HASH_BYTES), "body_hash", door_hex_json(entry->b.b, HASH_BYTES),
        "erased", (int)entry->erased, "owner", entry->owner, "enrolment",
        (json_int_t)entry->enrolment, "received_ms", (json_int_t)entry->received_ms);
    if (entry->has_head) {
        (void)json_object_set_new(json, "head", door_hex_json(entry->head.b, SIGNATURE_BYTES));
    }
    if (journal_get_rejected(txn, entry->position, &rejected) == 0) {
        (void)json_object_set_new(json, "rejected", json_text(rejected));
    }
    json_t *copy = copy_json(views, entry->position);
    if (copy != NULL) {
        (void)json_object_set_new(json, "copy_of", copy);
    }
    (void)json_object_set_new(json, "body", body_json(aggregator, entry, rejected));
    return json;
}

/* Rows until the client has enough for now, the turn's share is used up, or the end. */
static int dump_rows(struct slices *slices, bool *ret_more)
{
    struct dump *dump = (struct dump *)slices;
    struct aggregator *aggregator = slices->aggregator;
    struct store_txn *txn = NULL;
    struct store_txn *views = NULL;
    int rc = store_read_begin(aggregator->journal, &txn, NULL);
    if (rc == 0) {
        rc = store_read_begin(aggregator->views, &views, NULL);
    }
    if (rc == 0) {
        rc = journal_reader_seek(dump->reader, txn, dump->next);
    }
    size_t turn = 0;
    while (rc == 0 && dump->left > 0 && turn < DUMP_TURN_ENTRIES && !door_call_full(slices->call)) {
        struct journal_entry entry;
        rc = journal_reader_next(dump->reader, &entry);
        if (rc == 0) {
            door_call_row(slices->call, entry_json(aggregator, txn, views, &entry));
            dump->next = entry.position + 1;
            dump->left--;
            dump->given++;
            turn++;
        }
    }
    store_read_end(views);
    store_read_end(txn);
    *ret_more = rc == 0 && dump->left > 0;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static void dump_answer(struct slices *slices, int rc)
{
    const struct dump *dump = (const struct dump *)slices;
    if (rc != 0) {
        struct err_ctx err;
        (void)err_set(&err, rc, "the journal cannot be read at position %llu: %s",
                      (unsigned long long)dump->next, err_text(rc));
        door_refuse(slices->call, rc, &err);
    } else {
        door_call_done(slices->call, json_pack("{s:I}", "entries", (json_int_t)dump->given));
    }
}

void door_journal_dump(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct dump *dump = calloc(1, sizeof *dump);
    if (dump != NULL) {
        dump->reader = journal_reader_new();
    }
    if (dump == NULL || dump->reader == NULL) {
        free(dump);
        door_refuse(call, ERR_NOMEM, &err);
        return;
    }
    dump->slices = (struct slices){.aggregator = aggregator,
                                   .call = call,
                                   .step = dump_rows,
                                   .answer = dump_answer,
                                   .free = dump_free};
    dump->next = door_number(args, "from", 1);
    dump->left = door_number(args, "limit", UINT64_MAX);
    slices_begin(&dump->slices);
}
