/* node_inbox_show.c - inbox list, and what inbox show says. */
#include "core/base/text.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "core/wire/report_json.h"
#include "node/node_inbox.h"

#define DAY_MS 86400000
#define WIB_MS 25200000 /* UTC+7 */

/* ---- JSON ---- */

bool inbox_document(const struct inbox_item *item, struct arena *arena,
                    struct signed_document *ret_signed, struct document *ret)
{
    arena_reset(arena);
    return signed_document_decode(item->signed_document, arena, ret_signed, NULL) == 0 &&
           document_decode(ret_signed->document, arena, ret, NULL) == 0;
}

bool inbox_expired(const struct document *document, int64_t now_ms)
{
    return document->has_expires_ms && document->expires_ms <= now_ms;
}

/* By when it is to be answered, and whether that or the document itself is over. */
static void set_times(json_t *row, const struct inbox_item *item, const struct document *document)
{
    char text[DAY_TEXT_CAPACITY];
    int64_t now_ms = host_wall_ms();
    if (document->has_expires_ms) {
        (void)json_object_set_new(row, "expires_ms",
                                  json_integer((json_int_t)document->expires_ms));
        (void)json_object_set_new(row, "expired", json_boolean(inbox_expired(document, now_ms)));
    }
    if (document->has_respond_by) {
        bool open = document->type == DOCUMENT_TYPE_QUESTION && item->state < INBOX_ACKNOWLEDGED;
        (void)json_object_set_new(row, "respond_by",
                                  json_string(day_to_text(document->respond_by, text)));
        (void)json_object_set_new(
            row, "overdue",
            json_boolean(open && (now_ms + WIB_MS) / DAY_MS > document->respond_by));
    }
}

json_t *inbox_row_json(struct bytes id, const struct inbox_item *item, struct arena *arena)
{
    struct signed_document signed_document;
    struct document document;
    json_t *row =
        json_pack("{s:o, s:s, s:I}", "id", json_text(id), "state", inbox_state_name(item->state),
                  "received_ms", (json_int_t)item->received_ms);
    if (row == NULL) {
        return NULL;
    }
    if (inbox_document(item, arena, &signed_document, &document)) {
        (void)json_object_set_new(row, "type", json_string(document_type_name(document.type)));
        (void)json_object_set_new(row, "from", json_text(document.province));
        if (document.subject_name.len > 0) {
            (void)json_object_set_new(row, "subject", json_text(document.subject_name));
        }
        set_times(row, item, &document);
    }
    if (item->reason.len > 0) {
        const char *name = item->state == INBOX_REPLACED ? "replaced_by" : "reason";
        (void)json_object_set_new(row, name, json_text(item->reason));
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

json_t *inbox_show_json(struct node *node, struct bytes id, const struct inbox_item *item)
{
    struct signed_document signed_document;
    struct document document;
    json_t *shown = inbox_row_json(id, item, node->arena);
    if (shown != NULL && inbox_document(item, node->arena, &signed_document, &document)) {
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
            door_call_row(call, inbox_row_json(key, &item, node->arena));
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
