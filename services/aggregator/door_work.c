/* case assign, case advance; what is due, and what else there is about one person. */
#include "aggregator/doors.h"

#include "core/base/text.h"
#include "core/cases/catalogue_view.h"
#include "core/wire/report_json.h"

#define DAY_MS 86400000
#define WIB_MS 25200000 /* UTC+7 */
#define OTHERS_MAX 20u

/* ---- acts ---- */

static int case_at(struct aggregator *aggregator, const json_t *args, struct case_name *ret_name,
                   uint64_t *ret_version, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct bytes value;
    struct case_view view;
    int rc = store_read_begin(aggregator->views, &txn, err);
    if (rc == 0) {
        rc = door_find_case(aggregator, txn, door_text(args, "case"), ret_name, err);
    }
    if (rc == 0) {
        rc = store_get(txn, VIEW_CASES, bytes_of(ret_name->b, CASE_NAME_BYTES), &value);
        rc = rc == 0 ? case_view_decode(value, &view) : rc;
    }
    if (rc == 0) {
        *ret_version = door_number(args, "seen", view.version);
    }
    store_read_end(txn);
    return rc;
}

void door_act_on_case(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                      struct act *act)
{
    struct err_ctx err = {{0}};
    struct case_name name;
    char text[CASE_TEXT_CAPACITY];
    int rc = case_at(aggregator, args, &name, &act->case_version, &err);
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return;
    }
    act->officer = bytes_of_text(door_text(args, "as"));
    act->case_name = bytes_of_text(case_name_text(&name, text));
    act->has_case_version = true;
    door_append_act(aggregator, call, act);
}

static int leave_of(const char *text, int *ret)
{
    *ret = 0;
    for (int i = 1; text != NULL && i < LEAVE_COUNT; i++) {
        *ret = strcmp(leave_names[i], text) == 0 ? i : *ret;
    }
    return text == NULL || *ret != 0 ? 0 : ERR_VALUE;
}

void door_case_assign(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    const json_t *bar = json_object_get(args, "bar");
    struct act act = {.type = ACT_ASSIGN,
                      .assign_officer = bytes_of_text(door_text(args, "to")),
                      .assign_authority = bytes_of_text(door_text(args, "authority")),
                      .assign_reason = bytes_of_text(door_text(args, "reason"))};
    int rc = leave_of(door_text(args, "leave"), &act.assign_leave);
    if (rc != 0) {
        (void)err_set(&err, rc, "leave: cltn or none");
    } else if (json_array_size(bar) > BARRED_MAX) {
        rc = err_set(&err, ERR_LIMIT, "bar: %u officers at most", BARRED_MAX);
    }
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return;
    }
    for (size_t i = 0; i < json_array_size(bar); i++) {
        const char *id = json_string_value(json_array_get(bar, i));
        act.assign_barred[act.assign_barred_count++] = bytes_of_text(id);
    }
    door_act_on_case(aggregator, call, args, &act);
}

void door_case_advance(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    const char *code = door_text(args, "code");
    const char *reason = door_text(args, "reason");
    char text[TEXT_BYTES_MAX];
    struct act act = {.type = ACT_ADVANCE,
                      .advance_state = bytes_of_text(door_text(args, "to")),
                      .advance_reason = bytes_of_text(reason)};
    if (code != NULL) {
        int len = snprintf(text, sizeof text, "%s%s%s", code, reason == NULL ? "" : ": ",
                           reason == NULL ? "" : reason);
        if (len < 0 || (size_t)len >= sizeof text) {
            (void)err_set(&err, ERR_LIMIT, "reason: too long");
            door_refuse(call, ERR_LIMIT, &err);
            return;
        }
        act.advance_reason = bytes_of_text(text);
    }
    door_act_on_case(aggregator, call, args, &act);
}

/* ---- what an officer looks at ---- */

static json_t *due_json(const struct catalogue *catalogue, const struct catalogue_due *due,
                        int32_t today)
{
    char day[DAY_TEXT_CAPACITY];
    return json_pack("{s:o, s:o, s:s, s:I, s:s, s:b, s:b, s:I, s:o, s:o}", "code",
                     json_text(due->code), "name", json_text(due->name), "due",
                     day_to_text(due->day, day), "days", (json_int_t)due->days, "unit",
                     due->working ? "working" : "calendar", "late", (int)(today > due->day),
                     "holidays_unknown", (int)due->uncertain, "left",
                     (json_int_t)catalogue_days_left(catalogue, due, today), "legal_basis",
                     json_text(due->legal_basis), "source", json_text(due->source));
}

json_t *door_due_json(struct aggregator *aggregator, struct store_txn *txn,
                      const struct case_view *view)
{
    struct views views;
    struct catalogue_view holding;
    struct catalogue_moment moment = {.quiet = false};
    struct catalogue_due due[CATALOGUE_DUE_MAX];
    json_t *list = json_array();
    int64_t since = view->since_ms != 0 ? view->since_ms : view->opened_ms;
    driver_views(txn, &views);
    arena_reset(aggregator->arena);
    if (since < 0 || since / DAY_MS > INT32_MAX / 2 ||
        catalogue_view_get(&views, aggregator->arena, &holding) != 0) {
        return list;
    }
    int32_t day = (int32_t)((since + WIB_MS) / DAY_MS);
    catalogue_moment(holding.catalogue, view->has_occurred_on ? view->occurred_on : day, &moment);
    size_t count = catalogue_due(holding.catalogue, bytes_of_text(case_state_name(view->state)),
                                 moment.election, day, due);
    int32_t today = (int32_t)((host_wall_ms() + WIB_MS) / DAY_MS);
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, due_json(holding.catalogue, &due[i], today));
    }
    return list;
}

/* ---- the other cases of the same number ---- */
struct others {
    struct case_name names[OTHERS_MAX];
    json_t *rows[OTHERS_MAX]; /* of the list */
    size_t count;
};

static json_t *other_json(struct aggregator *aggregator, struct store_txn *txn,
                          const struct case_name *name, const struct case_view *one)
{
    struct bytes value;
    struct case_view view;
    char brief[CASE_SHORT_CAPACITY];
    char day[DAY_TEXT_CAPACITY];
    if (store_get(txn, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES), &value) != 0 ||
        case_view_decode(value, &view) != 0) {
        return NULL;
    }
    return json_pack(
        "{s:s, s:s, s:o, s:o, s:[], s:o}", "short",
        case_short_text(bytes_of_text(aggregator->conf->province), view.number, brief), "state",
        case_state_name(view.state), "form", json_text(view.form), "occurred_on",
        view.has_occurred_on ? json_string(day_to_text(view.occurred_on, day)) : json_null(),
        "decisions", "judged", door_judgement_json(aggregator, one, &view));
}

static json_t *decision_json(struct aggregator *aggregator, struct bytes id,
                             const struct document_view *view)
{
    struct signed_document both;
    struct document document;
    char day[DAY_TEXT_CAPACITY];
    if (signed_document_decode(view->signed_document, aggregator->arena, &both, NULL) != 0 ||
        document_decode(both.document, aggregator->arena, &document, NULL) != 0) {
        return NULL;
    }
    return json_pack("{s:o, s:o, s:o, s:o}", "id", json_text(id), "sanction",
                     document.sanction.len == 0 ? json_null() : json_text(document.sanction),
                     "number", json_text(document.decree_number), "date",
                     document.has_decree_date ? json_string(day_to_text(document.decree_date, day))
                                              : json_null());
}

/* One look at all documents, however many the other cases are. */
static void decisions_into(struct aggregator *aggregator, struct store_txn *txn,
                           const struct others *others)
{
    struct store_cursor *cursor = NULL;
    struct bytes key, value;
    struct views driver;
    driver_views(txn, &driver);
    int rc = others->count == 0 ? ERR_NOT_FOUND : store_cursor_open(txn, VIEW_DOCUMENTS, &cursor);
    rc = rc == 0 ? store_seek(cursor, (struct bytes){0}, &key, &value) : rc;
    for (; rc == 0; rc = store_next(cursor, &key, &value)) {
        struct document_view view;
        arena_reset(aggregator->arena);
        if (document_view_decode(value, &view) != 0 || view.type != DOCUMENT_TYPE_DECISION ||
            (view.state != DOCUMENT_ISSUED && view.state != DOCUMENT_WAITING) ||
            views_lead(&driver, aggregator->arena, &view.case_name) != 0) {
            continue;
        }
        for (size_t i = 0; i < others->count; i++) {
            if (memcmp(others->names[i].b, view.case_name.b, CASE_NAME_BYTES) == 0) {
                (void)json_array_append_new(json_object_get(others->rows[i], "decisions"),
                                            decision_json(aggregator, key, &view));
            }
        }
    }
    store_cursor_close(cursor);
}

json_t *door_others_json(struct aggregator *aggregator, struct store_txn *txn,
                         const struct case_name *name, const struct case_view *view)
{
    struct views views;
    struct view_key prefix, after;
    struct bytes key, value;
    struct others others = {.count = 0};
    json_t *list = json_array();
    driver_views(txn, &views);
    view_key_init(&prefix, view->nip);
    view_key_zero(&prefix);
    view_key_init(&after, (struct bytes){0});
    while (view->nip.len > 0 && others.count < OTHERS_MAX &&
           views.next(views.arg, VIEW_PERSONS, view_key_bytes(&prefix), view_key_bytes(&after),
                      &key, &value) == 0 &&
           key.len == prefix.len + CASE_NAME_BYTES) {
        struct case_name *other = &others.names[others.count];
        memcpy(other->b, key.data + prefix.len, CASE_NAME_BYTES);
        view_key_init(&after, key);
        json_t *row = memcmp(other->b, name->b, CASE_NAME_BYTES) == 0
                          ? NULL
                          : other_json(aggregator, txn, other, view);
        if (row != NULL) {
            others.rows[others.count++] = row;
            (void)json_array_append_new(list, row);
        }
    }
    decisions_into(aggregator, txn, &others);
    return list;
}
