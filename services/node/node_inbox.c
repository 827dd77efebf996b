/* node_inbox.c - the province's documents: listed, shown, acknowledged.
 *
 * Who looked and who acknowledged are rungs: entries in the urgent log, synced before the answer,
 * one for each document and person.
 * A name typed here is a stated name; nothing calls it a signature.
 */
#include "core/base/text.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "core/wire/report_json.h"
#include "node/node.h"

/* ---- JSON ---- */

static bool document_of(const struct inbox_item *item, struct arena *arena,
                        struct signed_document *ret_signed, struct document *ret)
{
    arena_reset(arena);
    return signed_document_decode(item->signed_document, arena, ret_signed, NULL) == 0 &&
           document_decode(ret_signed->document, arena, ret, NULL) == 0;
}

static json_t *row_json(struct bytes id, const struct inbox_item *item, struct arena *arena)
{
    struct signed_document signed_document;
    struct document document;
    json_t *row =
        json_pack("{s:o, s:s, s:I}", "id", json_text(id), "state", inbox_state_name(item->state),
                  "received_ms", (json_int_t)item->received_ms);
    if (row == NULL) {
        return NULL;
    }
    if (document_of(item, arena, &signed_document, &document)) {
        (void)json_object_set_new(row, "type", json_string(document_type_name(document.type)));
        (void)json_object_set_new(row, "from", json_text(document.province));
        if (document.subject_name.len > 0) {
            (void)json_object_set_new(row, "subject", json_text(document.subject_name));
        }
    }
    if (item->reason.len > 0) {
        (void)json_object_set_new(row, "reason", json_text(item->reason));
    }
    return row;
}

/* Each signature by itself, under the ring in force now. */
static json_t *signatures_json(const struct node *node, const struct signed_document *document)
{
    struct hash digest;
    json_t *list = json_array();
    document_digest(document->document, &digest);
    for (size_t i = 0; list != NULL && i < document->signature_count; i++) {
        const struct officer_signature *signature = &document->signatures[i];
        const struct officer *officer = ring_officer(&node->ring, signature->officer);
        bool good = officer != NULL && officer->state != KEY_REVOKED_FOR_GOOD &&
                    seal_verify(&officer->key, "kabar.doc.v1", bytes_of(digest.b, HASH_BYTES),
                                &signature->signature);
        (void)json_array_append_new(
            list, json_pack("{s:o, s:o, s:b}", "officer", json_text(signature->officer), "name",
                            officer == NULL ? json_null() : json_text(officer->name), "verified",
                            (int)good));
    }
    return list;
}

static json_t *fields_json(const struct inbox_item *item, struct arena *arena)
{
    arena_reset(arena);
    json_t *both = entry_body_to_json(ENTRY_DOCUMENT, item->signed_document, arena);
    json_t *fields = json_incref(json_object_get(both, "document"));
    if (fields == NULL) {
        return both;
    }
    json_decref(both);
    return fields;
}

static json_t *show_json(struct node *node, struct bytes id, const struct inbox_item *item)
{
    struct signed_document signed_document;
    struct document document;
    json_t *shown = row_json(id, item, node->arena);
    if (shown != NULL && document_of(item, node->arena, &signed_document, &document)) {
        (void)json_object_set_new(shown, "signatures", signatures_json(node, &signed_document));
        (void)json_object_set_new(shown, "fields", fields_json(item, node->arena));
    }
    return shown;
}

void inbox_list(struct node *node, struct door_call *call, const json_t *args)
{
    struct store_txn *txn = NULL;
    struct store_cursor *cursor = NULL;
    struct err_ctx err = {""};
    (void)args;
    int rc = store_read_begin(node->store, &txn, &err);
    if (rc == 0) {
        rc = store_cursor_open(txn, NODE_INBOX, &cursor);
    }
    struct bytes key;
    struct bytes value;
    json_int_t count = 0;
    int at = rc == 0 ? store_seek(cursor, (struct bytes){NULL, 0}, &key, &value) : rc;
    for (; rc == 0 && at == 0; at = store_next(cursor, &key, &value)) {
        struct inbox_item item;
        if (inbox_decode(value, &item) == 0) {
            door_call_row(call, row_json(key, &item, node->arena));
            count++;
        }
    }
    store_cursor_close(cursor);
    store_read_end(txn);
    rc = rc == 0 && at != ERR_NOT_FOUND ? at : rc;
    if (rc != 0) {
        node_fail(call, rc, &err);
    } else {
        door_call_done(call, json_pack("{s:I}", "documents", count));
    }
}

/* ---- rungs ---- */

struct rung_command {
    struct open_call open;
    struct store_command command;
    struct node *node;
    struct door_call *call; /* NULL: the client went away */
    char id[NAME_BYTES_MAX + 1];
    enum rung_kind kind;
    int64_t now_ms;
    struct entry_id last; /* left by the writer: what was appended; seq 0: nothing */
    bool already;         /* left by the writer: this person had done so before */
    size_t len;
    uint8_t person[INBOX_PERSON_BYTES];
    uint8_t body[ENTRY_BYTES_MAX];
};

static bool has_person(const struct inbox_item *item, const uint8_t person[INBOX_PERSON_BYTES])
{
    for (size_t at = 0; at < item->people.len; at += INBOX_PERSON_BYTES) {
        if (memcmp(item->people.data + at, person, INBOX_PERSON_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

static void mark(struct store_txn *txn, const struct rung_command *rung, struct inbox_item *item)
{
    uint8_t people[INBOX_PEOPLE_MAX * INBOX_PERSON_BYTES];
    struct writer writer;
    writer_init(&writer, people, sizeof people);
    writer_bytes(&writer, item->people);
    writer_bytes(&writer, bytes_of(rung->person, INBOX_PERSON_BYTES));
    item->people = bytes_of(people, writer.len);
    if (rung->kind == RUNG_KIND_ACKNOWLEDGED) {
        item->state = INBOX_ACKNOWLEDGED;
    } else if (item->state == INBOX_VERIFIED) {
        item->state = INBOX_SHOWN;
    }
    inbox_put(txn, bytes_of_text(rung->id), item);
}

static int rung_run(struct store_txn *txn, void *arg)
{
    struct rung_command *rung = arg;
    struct bytes id = bytes_of_text(rung->id);
    struct inbox_item item;
    struct outlog urgent;
    bool shown = rung->kind == RUNG_KIND_SHOWN;
    rung->last.seq = 0;
    rung->already = false;
    int rc = inbox_load(txn, id, &item);
    if (rc == 0) {
        rc = node_log_load(txn, LANE_URGENT, &urgent);
    }
    if (rc != 0) {
        return rc;
    }
    if (item.state == INBOX_REJECTED || item.state == INBOX_STORED) {
        return shown ? 0 : ERR_STATE;
    }
    rung->already = has_person(&item, rung->person);
    if (rung->already) {
        return 0;
    }
    if (item.people.len >= (shown ? INBOX_SHOWN_MAX : INBOX_PEOPLE_MAX) * INBOX_PERSON_BYTES) {
        return shown ? 0 : ERR_LIMIT;
    }
    mark(txn, rung, &item);
    outlog_append(txn, &node_log_tables, &urgent, ENTRY_RUNG, bytes_of(rung->body, rung->len),
                  rung->now_ms);
    rung->last = (struct entry_id){urgent.incarnation, urgent.last};
    return 0;
}

static void rung_answer(struct rung_command *rung)
{
    struct node *node = rung->node;
    struct store_txn *txn = NULL;
    struct inbox_item item;
    struct err_ctx err = {""};
    struct bytes id = bytes_of_text(rung->id);
    int rc = store_read_begin(node->store, &txn, &err);
    if (rc == 0) {
        rc = inbox_load(txn, id, &item);
    }
    if (rc != 0) {
        node_fail(rung->call, rc, &err);
    } else if (rung->kind == RUNG_KIND_SHOWN) {
        door_call_done(rung->call, show_json(node, id, &item));
    } else {
        json_t *row = row_json(id, &item, node->arena);
        if (rung->already) {
            (void)json_object_set_new(row, "already", json_true());
        }
        door_call_done(rung->call, row);
    }
    store_read_end(txn);
}

static void rung_done(void *arg, int rc)
{
    struct rung_command *rung = arg;
    struct node *node = rung->node;
    node_work_done(node, rc);
    if (rc == ERR_FULL) {
        node_store_room(node, rc);
    }
    if (rc == 0 && rung->last.seq != 0) {
        sync_appended(node, &rung->last);
    }
    if (rung->call != NULL && rc == 0) {
        rung_answer(rung);
    } else if (rung->call != NULL) {
        struct err_ctx err = {""};
        err_set(&err, rc, "%s",
                rc == ERR_NOT_FOUND ? "no such document here"
                : rc == ERR_STATE   ? "this document was rejected: it cannot be acknowledged"
                : rc == ERR_LIMIT   ? "this document was acknowledged by too many people"
                                    : node_store_text(rc));
        node_fail(rung->call, rc, &err);
    }
    free(rung);
}

void inbox_gone(struct node *node, struct door_call *call)
{
    struct rung_command *rung = door_call_data(call);
    (void)node;
    rung->call = NULL;
}

/* The rung's body and who it is about; what is wrong with the request in err. */
static int rung_fill(struct rung_command *rung, const json_t *args, struct err_ctx *err)
{
    struct bytes id = bytes_of_text(node_arg(args, "id"));
    struct bytes name = bytes_of_text(node_arg(args, "name"));
    struct hash person;
    if (id.len == 0 || id.len >= sizeof rung->id) {
        return err_set(err, ERR_NOT_FOUND, "no such document here");
    }
    if (text_blank(name)) {
        return err_set(err, ERR_VALUE, "name: who looks or acknowledges");
    }
    memcpy(rung->id, id.data, id.len);
    const char *purpose = rung->kind == RUNG_KIND_SHOWN ? "kabar.person.v1" : "kabar.acked.v1";
    seal_hash(purpose, name, &person);
    memcpy(rung->person, person.b, INBOX_PERSON_BYTES);
    struct rung body = {.document = id,
                        .rung = rung->kind,
                        .person = name,
                        .at_ms = rung->now_ms,
                        .note = bytes_of_text(node_arg(args, "note"))};
    host_random(body.salt, sizeof body.salt);
    return rung_encode(&body, rung->body, sizeof rung->body, &rung->len, err);
}

static void rung_begin(struct node *node, struct door_call *call, const json_t *args,
                       enum rung_kind kind)
{
    struct err_ctx err = {""};
    if (!node->enrolled) {
        door_call_fail(call, ERR_NOT_FOUND, EXIT_DATA, "not enrolled yet: there are no documents");
        return;
    }
    struct rung_command *rung = calloc(1, sizeof *rung);
    if (rung == NULL) {
        node_fail(call, ERR_NOMEM, NULL);
        return;
    }
    /* Not droppable: what is taken when the store is full comes out of the reserve. */
    rung->command = (struct store_command){.run = rung_run, .done = rung_done, .arg = rung};
    rung->node = node;
    rung->call = call;
    rung->kind = kind;
    rung->now_ms = host_wall_ms();
    int rc = rung_fill(rung, args, &err);
    if (rc == 0) {
        rc = node_submit(node, &rung->command);
    }
    if (rc != 0) {
        node_fail(call, rc, &err);
        free(rung);
        return;
    }
    door_call_set_data(call, rung);
}

void inbox_show(struct node *node, struct door_call *call, const json_t *args)
{
    rung_begin(node, call, args, RUNG_KIND_SHOWN);
}

void inbox_acknowledge(struct node *node, struct door_call *call, const json_t *args)
{
    rung_begin(node, call, args, RUNG_KIND_ACKNOWLEDGED);
}
