/* case list, case show. */
#include "aggregator/doors.h"

#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/cases/match_explain.h"
#include "core/wire/report_json.h"

#define LIST_LIMIT_DEFAULT 50u
#define LIST_LIMIT_MAX 1000u

int door_find_case(struct aggregator *aggregator, struct store_txn *views, const char *text,
                   struct case_name *ret, struct err_ctx *err)
{
    struct views driver;
    driver_views(views, &driver);
    if (case_name_parse(bytes_of_text(text), ret)) {
        struct bytes value;
        int rc = views_lead(&driver, aggregator->arena, ret);
        rc = rc != 0 ? rc : store_get(views, VIEW_CASES, bytes_of(ret->b, CASE_NAME_BYTES), &value);
        return rc == 0 ? 0 : err_set(err, rc, "there is no case %s", text);
    }
    uint64_t number = 0;
    struct bytes province = bytes_of_text(aggregator->conf->province);
    if (!case_short_parse(bytes_of_text(text), province, &number)) {
        return err_set(err, ERR_VALUE, "'%.60s' is no case: use the short form of case list", text);
    }
    uint8_t key[8];
    struct bytes value;
    put_be64(key, number);
    int rc = store_get(views, VIEW_CASE_NUMBERS, bytes_of(key, sizeof key), &value);
    if (rc == 0 && value.len != CASE_NAME_BYTES) {
        rc = ERR_FORMAT;
    }
    if (rc != 0) {
        return err_set(err, rc, "there is no case %s", text);
    }
    memcpy(ret->b, value.data, CASE_NAME_BYTES);
    return views_lead(&driver, aggregator->arena, ret);
}

static void set_text(json_t *object, const char *name, struct bytes text)
{
    (void)json_object_set_new(object, name, text.len == 0 ? json_null() : json_text(text));
}

/* Persons are masked, unless who looks has said why. */
static json_t *case_json(struct aggregator *aggregator, const struct case_name *name,
                         const struct case_view *view, bool masked)
{
    char full[CASE_TEXT_CAPACITY];
    char brief[CASE_SHORT_CAPACITY];
    char day[DAY_TEXT_CAPACITY] = "";
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:b, s:I}", "case", case_name_text(name, full), "short",
        case_short_text(bytes_of_text(aggregator->conf->province), view->number, brief), "state",
        case_state_name(view->state), "version", (json_int_t)view->version, "reports",
        (json_int_t)view->report_count, "withdrawn", (json_int_t)view->withdrawn_count,
        "needs_review", (int)view->needs_review, "opened_ms", (json_int_t)view->opened_ms);
    set_text(json, "regency", view->regency);
    set_text(json, "filed_by", view->filed_by);
    if (masked) {
        (void)json_object_set_new(json, "name", door_masked_name(view->name));
        (void)json_object_set_new(json, "nip", door_masked_number(view->nip));
    } else {
        set_text(json, "name", view->name);
        set_text(json, "nip", view->nip);
    }
    set_text(json, "unit", view->unit);
    set_text(json, "position", view->position);
    set_text(json, "form", view->form);
    bool known = view->employment > 0 && view->employment < EMPLOYMENT_COUNT;
    (void)json_object_set_new(
        json, "employment", known ? json_string(employment_names[view->employment]) : json_null());
    if (view->has_occurred_on) {
        (void)day_to_text(view->occurred_on, day);
    }
    (void)json_object_set_new(json, "occurred_on",
                              view->has_occurred_on ? json_string(day) : json_null());
    return json;
}

static bool wanted(const json_t *args, const struct case_view *view)
{
    const char *state = door_text(args, "state");
    const char *regency = door_text(args, "regency");
    const char *form = door_text(args, "form");
    return (state == NULL || strcmp(state, case_state_name(view->state)) == 0) &&
           (regency == NULL || bytes_equal(view->regency, bytes_of_text(regency))) &&
           (form == NULL || bytes_equal(view->form, bytes_of_text(form)));
}

/* Not there: it went up in another. */
static int case_read(struct store_txn *txn, const struct case_name *name, struct case_view *ret,
                     bool *ret_there)
{
    struct bytes value;
    int rc = store_get(txn, VIEW_CASES, bytes_of(name->b, sizeof name->b), &value);
    if (rc == ERR_NOT_FOUND) {
        return 0;
    }
    rc = rc == 0 ? case_view_decode(value, ret) : rc;
    *ret_there = rc == 0;
    return rc;
}

/* Rows from the newest number down; `next` in the answer goes on below the last one shown. */
static int list_rows(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                     struct store_txn *txn, uint64_t below, uint64_t *ret_next)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    uint8_t from[8];
    uint64_t left = door_number(args, "limit", LIST_LIMIT_DEFAULT);
    bool masked = !json_is_true(json_object_get(args, "reveal"));
    left = left > LIST_LIMIT_MAX ? LIST_LIMIT_MAX : left;
    *ret_next = 0;
    int rc = store_cursor_open(txn, VIEW_CASE_NUMBERS, &cursor);
    uint64_t number = below;
    while (rc == 0 && left > 0 && number > 1) {
        put_be64(from, number - 1);
        rc = store_seek_before(cursor, bytes_of(from, sizeof from), &key, &value);
        if (rc != 0 || key.len != 8 || value.len != CASE_NAME_BYTES) {
            break;
        }
        number = get_be64(key.data);
        struct case_name name;
        struct case_view view;
        bool there = false;
        memcpy(name.b, value.data, sizeof name.b);
        rc = case_read(txn, &name, &view, &there);
        if (there && wanted(args, &view)) {
            door_call_row(call, case_json(aggregator, &name, &view, masked));
            left--;
        }
        *ret_next = left == 0 ? number : 0;
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static void case_list(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct store_txn *txn = NULL;
    uint64_t below = UINT64_MAX;
    uint64_t next = 0;
    const char *after = door_text(args, "after");
    int rc = store_read_begin(aggregator->views, &txn, &err);
    enum case_state state;
    const char *state_name = door_text(args, "state");
    if (rc == 0 && state_name != NULL && !case_state_of(bytes_of_text(state_name), &state)) {
        rc = err_set(&err, ERR_VALUE, "state: '%.40s' is no state of a case", state_name);
    }
    if (rc == 0 && after != NULL) {
        struct case_name name;
        struct case_view view;
        struct bytes value;
        rc = door_find_case(aggregator, txn, after, &name, &err);
        if (rc == 0) {
            rc = store_get(txn, VIEW_CASES, bytes_of(name.b, sizeof name.b), &value);
            rc = rc == 0 ? case_view_decode(value, &view) : rc;
            below = rc == 0 ? view.number : 0;
        }
    }
    if (rc == 0) {
        rc = list_rows(aggregator, call, args, txn, below, &next);
    }
    store_read_end(txn);
    if (rc != 0) {
        door_refuse(call, rc, &err);
        return;
    }
    char brief[CASE_SHORT_CAPACITY];
    json_t *next_json =
        next == 0
            ? json_null()
            : json_string(case_short_text(bytes_of_text(aggregator->conf->province), next, brief));
    door_call_done(call, json_pack("{s:o}", "next", next_json));
}

void door_case_list(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    if (!door_look(aggregator, call, args, "case list", case_list)) {
        case_list(aggregator, call, args);
    }
}

/* What its filer said of the report later: how often it was amended, and why it does not hold. */
static void set_changes(struct aggregator *aggregator, struct journal_reader *reader,
                        struct store_txn *journal, const struct report_view *report, json_t *json)
{
    struct journal_entry entry;
    if (report->amendments > 0) {
        (void)json_object_set_new(json, "amendments", json_integer((json_int_t)report->amendments));
    }
    if (report->changed_ms != 0) {
        (void)json_object_set_new(json, "changed_ms", json_integer((json_int_t)report->changed_ms));
    }
    if (!entry_id_is_zero(&report->withdrawal) &&
        journal_reader_find(reader, journal, &report->withdrawal, &entry) == 0 && !entry.erased) {
        (void)json_object_set_new(json, "withdrawal",
                                  entry_body_to_json(entry.kind, entry.body, aggregator->arena));
    }
}

/* The report's contents that hold; `name` is the entry that says them. */
static void set_contents(struct aggregator *aggregator, struct journal_reader *reader,
                         struct store_txn *journal, const struct entry_id *name, json_t *json)
{
    struct journal_entry entry;
    struct amendment amendment;
    arena_reset(aggregator->arena);
    if (journal_reader_find(reader, journal, name, &entry) != 0 || entry.erased) {
        return;
    }
    bool amended = entry.kind == ENTRY_AMENDMENT &&
                   amendment_decode(entry.body, aggregator->arena, &amendment, NULL) == 0;
    (void)json_object_set_new(json, "filed_by", json_string(entry.owner));
    (void)json_object_set_new(json, "report",
                              amended
                                  ? report_to_json(&amendment.report)
                                  : entry_body_to_json(entry.kind, entry.body, aggregator->arena));
}

/* Why it is in this case: what was found when it was placed. */
static void set_found(struct aggregator *aggregator, struct store_txn *views,
                      const struct case_report_view *view, json_t *json)
{
    struct view_key key;
    struct bytes value;
    struct placement placement;
    view_key_init(&key, bytes_of(view->id.incarnation.b, INCARNATION_BYTES));
    view_key_u64(&key, view->id.seq);
    view_key_u32(&key, view->subject);
    arena_reset(aggregator->arena);
    if (store_get(views, VIEW_PLACEMENTS, view_key_bytes(&key), &value) == 0 &&
        placement_decode(value, aggregator->arena, &placement, NULL) == 0) {
        (void)json_object_set_new(json, "fields",
                                  match_explain_fields(placement.fields, placement.field_count));
    }
}

static bool report_of(struct store_txn *views, const struct entry_id *id, struct report_view *ret)
{
    struct view_key key;
    struct bytes value;
    view_key_init(&key, bytes_of(id->incarnation.b, INCARNATION_BYTES));
    view_key_u64(&key, id->seq);
    return store_get(views, VIEW_REPORTS, view_key_bytes(&key), &value) == 0 &&
           report_view_decode(value, ret) == 0;
}

static json_t *report_json(struct aggregator *aggregator, struct journal_reader *reader,
                           struct store_txn *journal, struct store_txn *views,
                           const struct case_report_view *view)
{
    char incarnation[HEX_CAPACITY(INCARNATION_BYTES)];
    json_t *json = json_pack("{s:s, s:I, s:I, s:s, s:f}", "incarnation",
                             hex_encode(incarnation, view->id.incarnation.b, INCARNATION_BYTES),
                             "seq", (json_int_t)view->id.seq, "subject", (json_int_t)view->subject,
                             "outcome", placement_outcome_name(view->outcome), "score",
                             (double)view->score_milli / 1000.0);
    set_text(json, "rule", view->rule);
    set_found(aggregator, views, view, json);
    struct report_view report = {.amendments = 0};
    bool known = report_of(views, &view->id, &report);
    bool amended = known && report.amendments > 0;
    if (view->withdrawn) {
        (void)json_object_set_new(json, "withdrawn", json_true());
    }
    set_contents(aggregator, reader, journal, amended ? &report.contents : &view->id, json);
    if (known) {
        set_changes(aggregator, reader, journal, &report, json);
    }
    return json;
}

static json_t *case_reports(struct aggregator *aggregator, struct store_txn *views,
                            struct store_txn *journal, const struct case_name *name)
{
    struct journal_reader *reader = journal_reader_new();
    struct views driver;
    driver_views(views, &driver);
    json_t *list = json_array();
    struct bytes prefix = bytes_of(name->b, CASE_NAME_BYTES);
    struct bytes after = {0};
    struct bytes key;
    struct bytes value;
    uint8_t last[CASE_NAME_BYTES + 12];
    while (reader != NULL && json_array_size(list) < LIST_LIMIT_MAX &&
           driver.next(driver.arg, VIEW_CASE_REPORTS, prefix, after, &key, &value) == 0) {
        struct case_report_view view;
        if (key.len != sizeof last || case_report_view_decode(value, &view) != 0) {
            break;
        }
        (void)json_array_append_new(list, report_json(aggregator, reader, journal, views, &view));
        memcpy(last, key.data, sizeof last);
        after = bytes_of(last, sizeof last);
    }
    journal_reader_free(reader);
    return list;
}

static void set_work(json_t *json, const struct case_view *view)
{
    set_text(json, "assigned", view->assigned);
    set_text(json, "authority", view->authority);
    set_text(json, "barred", view->barred);
    (void)json_object_set_new(
        json, "leave", view->leave == 0 ? json_null() : json_string(leave_names[view->leave]));
    (void)json_object_set_new(
        json, "since_ms",
        json_integer((json_int_t)(view->since_ms != 0 ? view->since_ms : view->opened_ms)));
}

struct showing {
    struct aggregator *aggregator;
    struct store_txn *views, *journal;
    bool masked;
};

static json_t *whole_json(const struct showing *showing, const struct case_name *name,
                          const struct case_view *view)
{
    struct aggregator *aggregator = showing->aggregator;
    struct store_txn *views = showing->views;
    json_t *reports = case_reports(aggregator, views, showing->journal, name);
    json_t *json = case_json(aggregator, name, view, showing->masked);
    if (showing->masked) {
        door_mask_reports(reports);
    }
    (void)json_object_set_new(json, "masked", json_boolean(showing->masked));
    (void)json_object_set_new(json, "report_list", reports);
    door_case_documents(aggregator, views, name, json);
    set_work(json, view);
    door_set_ties(aggregator, views, name, json);
    (void)json_object_set_new(json, "due", door_due_json(aggregator, views, view));
    (void)json_object_set_new(json, "other_cases", door_others_json(aggregator, views, name, view));
    (void)json_object_set_new(json, "verdict", door_verdict_json(aggregator, views, view));
    return json;
}

static void case_show(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct showing showing = {.aggregator = aggregator,
                              .masked = !json_is_true(json_object_get(args, "reveal")) &&
                                        !PLANTED(CASE_UNMASKED)};
    struct case_name name;
    struct case_view view;
    struct bytes value;
    json_t *json = NULL;
    int rc = store_read_begin(aggregator->views, &showing.views, &err);
    if (rc == 0) {
        rc = store_read_begin(aggregator->journal, &showing.journal, &err);
    }
    if (rc == 0) {
        rc = door_find_case(aggregator, showing.views, door_text(args, "case"), &name, &err);
    }
    if (rc == 0) {
        rc = store_get(showing.views, VIEW_CASES, bytes_of(name.b, sizeof name.b), &value);
        rc = rc == 0 ? case_view_decode(value, &view) : rc;
    }
    if (rc == 0) {
        json = whole_json(&showing, &name, &view);
    }
    store_read_end(showing.journal);
    store_read_end(showing.views);
    if (rc != 0) {
        door_refuse(call, rc, &err);
    } else {
        door_call_done(call, json);
    }
}

void door_case_show(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    if (!door_look_case(aggregator, call, args, "case show", case_show)) {
        case_show(aggregator, call, args);
    }
}
