/* Documents: list, show, propose, countersign. What a document must be is core's word. */
#include "aggregator/doors.h"

#include "core/base/text.h"
#include "core/cases/catalogue_view.h"
#include "core/wire/report_json.h"

/* ---- reading ---- */

static json_t *document_json(struct aggregator *aggregator, struct store_txn *views,
                             struct bytes id, const struct document_view *view, bool whole)
{
    char name[CASE_TEXT_CAPACITY];
    char brief[CASE_SHORT_CAPACITY] = "";
    struct bytes value;
    struct case_view case_view;
    if (store_get(views, VIEW_CASES, bytes_of(view->case_name.b, CASE_NAME_BYTES), &value) == 0 &&
        case_view_decode(value, &case_view) == 0) {
        (void)case_short_text(bytes_of_text(aggregator->conf->province), case_view.number, brief);
    }
    json_t *json =
        json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:b}", "id", json_text(id), "type",
                  document_type_name(view->type), "state", document_state_name(view->state), "case",
                  case_name_text(&view->case_name, name), "short", brief, "addressee",
                  json_text(view->addressee), "proposed_ms", (json_int_t)view->proposed_ms,
                  "issued_ms", (json_int_t)view->issued_ms, "returned", (int)view->returned);
    struct signed_document signed_document;
    json_t *signed_by = json_array();
    arena_reset(aggregator->arena);
    if (signed_document_decode(view->signed_document, aggregator->arena, &signed_document, NULL) ==
        0) {
        for (size_t i = 0; i < signed_document.signature_count; i++) {
            (void)json_array_append_new(signed_by,
                                        json_text(signed_document.signatures[i].officer));
        }
        if (whole) {
            (void)json_object_set_new(
                json, "document",
                door_hex_json(signed_document.document.data, signed_document.document.len));
            (void)json_object_set_new(
                json, "fields",
                entry_body_to_json(ENTRY_DOCUMENT, view->signed_document, aggregator->arena));
        }
    }
    (void)json_object_set_new(json, "signed_by", signed_by);
    (void)json_object_set_new(json, "rungs", door_rungs_json(views, id, whole));
    json_t *answers = door_answers_json(views, id, view);
    door_times_into(aggregator, view, json_array_size(answers), json);
    if (whole && view->type == DOCUMENT_TYPE_QUESTION) {
        (void)json_object_set(json, "answers", answers);
    }
    if (whole && view->state != DOCUMENT_PROPOSED && view->state != DOCUMENT_WITHDRAWN) {
        door_receipts_into(aggregator, views, id, view, json);
    }
    json_decref(answers);
    return json;
}

void door_document_list(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct store_txn *txn = NULL;
    struct store_cursor *cursor = NULL;
    struct bytes key = {0};
    struct bytes value;
    uint64_t left = door_number(args, "limit", 50);
    const char *after = door_text(args, "after");
    json_t *next = json_null();
    int rc = store_read_begin(aggregator->views, &txn, &err);
    if (rc == 0) {
        rc = store_cursor_open(txn, VIEW_DOCUMENTS, &cursor);
    }
    if (rc == 0) {
        rc = store_seek(cursor, bytes_of_text(after), &key, &value);
        if (rc == 0 && after != NULL && bytes_equal(key, bytes_of_text(after))) {
            rc = store_next(cursor, &key, &value);
        }
    }
    for (; rc == 0 && left > 0; left--) {
        struct document_view view;
        rc = document_view_decode(value, &view);
        if (rc == 0) {
            door_call_row(call, document_json(aggregator, txn, key, &view, false));
            json_decref(next);
            next = left == 1 ? json_text(key) : json_null();
            rc = store_next(cursor, &key, &value);
        }
    }
    store_cursor_close(cursor);
    store_read_end(txn);
    if (rc != 0 && rc != ERR_NOT_FOUND) {
        json_decref(next);
        door_refuse(call, rc, &err);
        return;
    }
    door_call_done(call, json_pack("{s:o}", "next", next));
}

void door_document_show(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct store_txn *txn = NULL;
    struct bytes value;
    struct document_view view;
    struct bytes id = bytes_of_text(door_text(args, "id"));
    json_t *json = NULL;
    int rc = store_read_begin(aggregator->views, &txn, &err);
    if (rc == 0) {
        rc = store_get(txn, VIEW_DOCUMENTS, id, &value);
        rc = rc == 0 ? document_view_decode(value, &view) : rc;
        if (rc != 0) {
            rc = err_set(&err, rc, "there is no document %.60s", door_text(args, "id"));
        }
    }
    if (rc == 0) {
        json = document_json(aggregator, txn, id, &view, true);
    }
    store_read_end(txn);
    if (rc != 0) {
        door_refuse(call, rc, &err);
    } else {
        door_call_done(call, json);
    }
}

/* ---- signing ---- */

static int signature_of(const json_t *args, struct officer_signature *ret, struct err_ctx *err)
{
    ret->officer = bytes_of_text(door_text(args, "officer"));
    const char *hex = door_text(args, "signature");
    if (!hex_decode(ret->signature.b, SIGNATURE_BYTES, bytes_of_text(hex))) {
        return err_set(err, ERR_VALUE, "signature: 64 bytes of hex are wanted");
    }
    return 0;
}

void door_append_act(struct aggregator *aggregator, struct door_call *call, struct act *act)
{
    struct err_ctx err = {{0}};
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    act->at_ms = host_wall_ms();
    act->entered_by = bytes_of_text(door_call_user(call));
    int rc = act_encode(act, body, sizeof body, &len, &err);
    if (rc == 0) {
        rc = own_append(aggregator, ENTRY_ACT, bytes_of(body, len), call);
    }
    if (rc != 0) {
        door_refuse(call, rc, &err);
    }
}

/* What is drafted under another catalogue than the one that holds is drafted again. */
static int catalogue_check(struct aggregator *aggregator, struct bytes version, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct views views;
    struct catalogue_view holding;
    int rc = store_read_begin(aggregator->views, &txn, err);
    if (rc == 0) {
        driver_views(txn, &views);
        rc = catalogue_view_get(&views, aggregator->arena, &holding);
    }
    store_read_end(txn);
    if (rc == 0 && !bytes_equal(version, bytes_of_text(holding.version))) {
        rc = err_set(err, ERR_STALE, "catalogue %u holds: draft again", (unsigned)holding.number);
    }
    return rc;
}

void door_document_propose(struct aggregator *aggregator, struct door_call *call,
                           const json_t *args)
{
    struct err_ctx err = {{0}};
    struct act act = {.type = ACT_PROPOSE};
    struct document document;
    size_t len = 0;
    uint8_t *bytes = door_hex(call, args, "document", ENTRY_BYTES_MAX, &len);
    if (bytes == NULL) {
        return;
    }
    arena_reset(aggregator->arena);
    int rc = document_decode(bytes_of(bytes, len), aggregator->arena, &document, &err);
    if (rc == 0) {
        act.propose.document = bytes_of(bytes, len);
        act.propose.signature_count = 1;
        rc = signature_of(args, &act.propose.signatures[0], &err);
    }
    if (rc == 0) {
        rc = catalogue_check(aggregator, document.catalogue, &err);
    }
    if (rc == 0) {
        act.officer = act.propose.signatures[0].officer;
        act.case_name = document.case_name;
        act.has_case_version = document.has_case_version;
        act.case_version = document.case_version;
        door_append_act(aggregator, call, &act);
    } else {
        door_refuse(call, rc, &err);
    }
    free(bytes);
}

void door_document_countersign(struct aggregator *aggregator, struct door_call *call,
                               const json_t *args)
{
    struct err_ctx err = {{0}};
    struct act act = {.type = ACT_COUNTERSIGN,
                      .countersign_document = bytes_of_text(door_text(args, "id"))};
    int rc = signature_of(args, &act.countersign, &err);
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return;
    }
    act.officer = act.countersign.officer;
    door_append_act(aggregator, call, &act);
}

void door_document_withdraw(struct aggregator *aggregator, struct door_call *call,
                            const json_t *args)
{
    struct act act = {.type = ACT_WITHDRAW,
                      .officer = bytes_of_text(door_text(args, "as")),
                      .withdraw_document = bytes_of_text(door_text(args, "id")),
                      .withdraw_reason = bytes_of_text(door_text(args, "reason"))};
    door_append_act(aggregator, call, &act);
}
