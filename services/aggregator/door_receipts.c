/* Who has taken note of a document, what was answered, and whether its time is over: read from the
 * rungs and answers that came back. A name in them is a stated name. */
#include "aggregator/doors.h"

#include "core/base/text.h"
#include "core/wire/report_json.h"

#define DAY_MS 86400000
#define WIB_MS 25200000 /* UTC+7 */

/* ---- rows behind one document's id ---- */
struct rows {
    struct views driver;
    uint8_t prefix[DOCUMENT_ID_BYTES_MAX + 1];
    size_t prefix_len;
    uint8_t last[DOCUMENT_ID_BYTES_MAX + 9];
    struct bytes after;
};

static void rows_init(struct rows *rows, struct store_txn *views, struct bytes id)
{
    *rows = (struct rows){.prefix_len = 0};
    driver_views(views, &rows->driver);
    if (id.len <= DOCUMENT_ID_BYTES_MAX) {
        memcpy(rows->prefix, id.data, id.len);
        rows->prefix_len = id.len + 1;
    }
}

static bool rows_next(struct rows *rows, enum view_table table, struct rung_view *ret,
                      uint64_t *ret_position)
{
    struct bytes key;
    struct bytes value;
    struct bytes prefix = bytes_of(rows->prefix, rows->prefix_len);
    if (rows->prefix_len == 0 ||
        rows->driver.next(rows->driver.arg, table, prefix, rows->after, &key, &value) != 0 ||
        key.len > sizeof rows->last || key.len < 8 || rung_view_decode(value, ret) != 0) {
        return false;
    }
    memcpy(rows->last, key.data, key.len);
    rows->after = bytes_of(rows->last, key.len);
    *ret_position = get_be64(rows->last + key.len - 8);
    return true;
}

static json_t *rung_json(const struct rung_view *rung, uint64_t position)
{
    json_t *row = json_pack("{s:s, s:o, s:o, s:I, s:I, s:I}", "rung", rung_name(rung->rung),
                            "person", json_text(rung->person), "regency", json_text(rung->regency),
                            "at_ms", (json_int_t)rung->at_ms, "received_ms",
                            (json_int_t)rung->received_ms, "position", (json_int_t)position);
    if (rung->note.len > 0) {
        (void)json_object_set_new(row, "note", json_text(rung->note));
    }
    return row;
}

json_t *door_rungs_json(struct store_txn *views, struct bytes id, bool whole)
{
    struct rows rows;
    struct rung_view rung;
    uint64_t position = 0;
    json_t *list = json_array();
    rows_init(&rows, views, id);
    while (rows_next(&rows, VIEW_RUNGS, &rung, &position)) {
        (void)json_array_append_new(list, whole ? rung_json(&rung, position)
                                                : json_string(rung_name(rung.rung)));
    }
    return list;
}

/* Of the regency it was asked of; an answer may stand there before its question does. */
json_t *door_answers_json(struct store_txn *views, struct bytes id,
                          const struct document_view *document)
{
    struct rows rows;
    struct rung_view answer;
    uint64_t position = 0;
    json_t *list = json_array();
    rows_init(&rows, views, id);
    while (document->type == DOCUMENT_TYPE_QUESTION &&
           rows_next(&rows, VIEW_ANSWERS, &answer, &position)) {
        if (bytes_equal(answer.regency, document->addressee)) {
            (void)json_array_append_new(
                list, json_pack("{s:o, s:o, s:o, s:I, s:I, s:I}", "text", json_text(answer.note),
                                "stated_name", json_text(answer.person), "regency",
                                json_text(answer.regency), "at_ms", (json_int_t)answer.at_ms,
                                "received_ms", (json_int_t)answer.received_ms, "position",
                                (json_int_t)position));
        }
    }
    return list;
}

/* ---- read receipts ---- */
/* {"16.07": {"regency":…}, …}: whoever is to have it, and whoever has sent a rung. */
static json_t *receipt_of(json_t *receipts, struct bytes regency)
{
    char name[16];
    (void)snprintf(name, sizeof name, "%.*s", (int)regency.len, (const char *)regency.data);
    json_t *receipt = json_object_get(receipts, name);
    if (receipt == NULL) {
        receipt = json_pack("{s:s, s:n, s:n, s:[], s:[], s:[]}", "regency", name, "stored_ms",
                            "verified_ms", "shown", "acknowledged", "executed");
        (void)json_object_set_new(receipts, name, receipt);
    }
    return receipt;
}

static void expect_nodes(struct store_txn *views, json_t *receipts)
{
    struct views driver;
    struct bytes after = {0};
    struct bytes key;
    struct bytes value;
    uint8_t last[64];
    driver_views(views, &driver);
    while (driver.next(driver.arg, VIEW_NODES, (struct bytes){0}, after, &key, &value) == 0) {
        struct node_view node;
        if (key.len > sizeof last || node_view_decode(value, &node) != 0) {
            break;
        }
        memcpy(last, key.data, key.len);
        if (node.state == NODE_ACTIVE) {
            (void)receipt_of(receipts, node.regency);
        }
        after = bytes_of(last, key.len);
    }
}

static void receipt_add(json_t *receipt, const struct rung_view *rung)
{
    json_int_t at_ms = (json_int_t)rung->at_ms;
    if (rung->rung == RUNG_KIND_STORED) {
        (void)json_object_set_new(receipt, "stored_ms", json_integer(at_ms));
    } else if (rung->rung == RUNG_KIND_VERIFIED) {
        (void)json_object_set_new(receipt, "verified_ms", json_integer(at_ms));
    } else {
        (void)json_array_append_new(
            json_object_get(receipt, rung_name(rung->rung)),
            json_pack("{s:o, s:I}", "person", json_text(rung->person), "at_ms", at_ms));
    }
}

/* Which regencies have not come so far: their codes. */
static json_t *missing(json_t *receipts, const char *name)
{
    json_t *list = json_array();
    const char *regency;
    json_t *receipt;
    json_object_foreach(receipts, regency, receipt)
    {
        const json_t *value = json_object_get(receipt, name);
        if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0)) {
            (void)json_array_append_new(list, json_string(regency));
        }
    }
    return list;
}

void door_receipts_into(const struct aggregator *aggregator, struct store_txn *views,
                        struct bytes id, const struct document_view *document, json_t *json)
{
    struct rows rows;
    struct rung_view rung;
    uint64_t position = 0;
    const char *regency;
    json_t *receipt;
    json_t *receipts = json_object();
    json_t *list = json_array();
    if (bytes_equal(document->addressee, bytes_of_text(aggregator->conf->province))) {
        expect_nodes(views, receipts);
    } else {
        (void)receipt_of(receipts, document->addressee);
    }
    rows_init(&rows, views, id);
    while (rows_next(&rows, VIEW_RUNGS, &rung, &position)) {
        receipt_add(receipt_of(receipts, rung.regency), &rung);
    }
    (void)json_object_set_new(json, "not_received", missing(receipts, "verified_ms"));
    (void)json_object_set_new(json, "not_read", missing(receipts, "shown"));
    (void)json_object_set_new(json, "not_acknowledged", missing(receipts, "acknowledged"));
    json_object_foreach(receipts, regency, receipt)
    {
        (void)json_array_append(list, receipt);
    }
    (void)json_object_set_new(json, "receipts", list);
    json_decref(receipts);
}

/* ---- its time ---- */
static bool respond_by_of(struct aggregator *aggregator, const struct document_view *view,
                          int32_t *ret)
{
    struct signed_document signed_document;
    struct document document;
    arena_reset(aggregator->arena);
    bool has = signed_document_decode(view->signed_document, aggregator->arena, &signed_document,
                                      NULL) == 0 &&
               document_decode(signed_document.document, aggregator->arena, &document, NULL) == 0 &&
               document.has_respond_by;
    *ret = has ? document.respond_by : 0;
    return has;
}

void door_times_into(struct aggregator *aggregator, const struct document_view *document,
                     size_t answers, json_t *json)
{
    char text[DAY_TEXT_CAPACITY];
    int32_t respond_by = 0;
    int64_t now_ms = host_wall_ms();
    bool over = document->state > DOCUMENT_WAITING;
    if (document->expires_ms != INT64_MAX) {
        (void)json_object_set_new(json, "expires_ms",
                                  json_integer((json_int_t)document->expires_ms));
        (void)json_object_set_new(json, "expired", json_boolean(document->expires_ms <= now_ms));
    }
    if (respond_by_of(aggregator, document, &respond_by)) {
        bool late = (now_ms + WIB_MS) / DAY_MS > respond_by;
        (void)json_object_set_new(json, "respond_by", json_string(day_to_text(respond_by, text)));
        if (document->type == DOCUMENT_TYPE_QUESTION) {
            (void)json_object_set_new(json, "overdue", json_boolean(late && answers == 0 && !over));
        }
    }
    if (document->superseded_by.len > 0) {
        (void)json_object_set_new(json, "superseded_by", json_text(document->superseded_by));
    }
    if (document->withdrawn_by.len > 0) {
        (void)json_object_set_new(json, "withdrawn_by", json_text(document->withdrawn_by));
        (void)json_object_set_new(json, "withdrawn_why", json_text(document->withdrawn_why));
    }
}

/* ---- a case's way to its end ---- */
/* When the document in force was delivered, acknowledged and executed: times of the first rung. */
static void funnel_into(struct store_txn *views, struct bytes id, json_t *funnel)
{
    static const char *const names[] = {[RUNG_KIND_VERIFIED] = "delivered_ms",
                                        [RUNG_KIND_ACKNOWLEDGED] = "acknowledged_ms",
                                        [RUNG_KIND_EXECUTED] = "executed_ms"};
    struct rows rows;
    struct rung_view rung;
    uint64_t position = 0;
    rows_init(&rows, views, id);
    while (rows_next(&rows, VIEW_RUNGS, &rung, &position)) {
        const char *name = names[rung.rung];
        if (name != NULL && json_is_null(json_object_get(funnel, name))) {
            (void)json_object_set_new(funnel, name, json_integer((json_int_t)rung.at_ms));
        }
    }
}

static json_t *case_document(struct aggregator *aggregator, struct store_txn *views,
                             struct bytes id, const struct document_view *view)
{
    json_t *row = json_pack(
        "{s:o, s:s, s:s, s:o}", "id", json_text(id), "type", document_type_name(view->type),
        "state", document_state_name(view->state), "rungs", door_rungs_json(views, id, false));
    json_t *answers = door_answers_json(views, id, view);
    door_times_into(aggregator, view, json_array_size(answers), row);
    if (view->type == DOCUMENT_TYPE_QUESTION) {
        (void)json_object_set(row, "answers", answers);
    }
    json_decref(answers);
    return row;
}

void door_case_documents(struct aggregator *aggregator, struct store_txn *views,
                         const struct case_name *name, json_t *json)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    struct views driver;
    enum document_type leading = DOCUMENT_TYPE_RECOMMENDATION;
    driver_views(views, &driver);
    json_t *list = json_array();
    json_t *funnel = json_pack("{s:n, s:n, s:n, s:n}", "document", "delivered_ms",
                               "acknowledged_ms", "executed_ms");
    int rc = store_cursor_open(views, VIEW_DOCUMENTS, &cursor);
    rc = rc == 0 ? store_seek(cursor, (struct bytes){0}, &key, &value) : rc;
    for (; rc == 0; rc = store_next(cursor, &key, &value)) {
        struct document_view view;
        if (document_view_decode(value, &view) != 0 ||
            views_lead(&driver, aggregator->arena, &view.case_name) != 0 ||
            memcmp(view.case_name.b, name->b, CASE_NAME_BYTES) != 0) {
            continue;
        }
        (void)json_array_append_new(list, case_document(aggregator, views, key, &view));
        bool out = view.state == DOCUMENT_ISSUED || view.state == DOCUMENT_WAITING;
        if (out && view.type >= leading && view.type <= DOCUMENT_TYPE_DECISION) {
            leading = view.type;
            (void)json_object_set_new(funnel, "document", json_text(key));
        }
    }
    store_cursor_close(cursor);
    const char *leads = json_string_value(json_object_get(funnel, "document"));
    if (leads != NULL) {
        funnel_into(views, bytes_of_text(leads), funnel);
    }
    (void)json_object_set_new(json, "documents", list);
    (void)json_object_set_new(json, "funnel", funnel);
}
