/* case merge, case split, review: what officers put together and take apart. */
#include "aggregator/doors.h"

#include "core/base/text.h"
#include "core/cases/match_explain.h"
#include "core/wire/report_json.h"

#define LIST_LIMIT_DEFAULT 50u
#define LIST_LIMIT_MAX 1000u
#define TIES_MAX 50u

static int view_of(struct store_txn *txn, const struct case_name *name, struct case_view *ret)
{
    struct bytes value;
    int rc = store_get(txn, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES), &value);
    return rc == 0 ? case_view_decode(value, ret) : rc;
}

/* The other case of an act, and its version. text: room for its name. */
static int other_at(struct aggregator *aggregator, const char *other, struct act *act,
                    char text[CASE_TEXT_CAPACITY], struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct case_name name;
    struct case_view view;
    int rc = store_read_begin(aggregator->views, &txn, err);
    rc = rc == 0 ? door_find_case(aggregator, txn, other, &name, err) : rc;
    rc = rc == 0 ? view_of(txn, &name, &view) : rc;
    if (rc == 0) {
        act->other = bytes_of_text(case_name_text(&name, text));
        act->other_version = view.version;
    }
    store_read_end(txn);
    return rc;
}

static void act_on_two(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                       const char *other, struct act *act)
{
    struct err_ctx err = {{0}};
    char text[CASE_TEXT_CAPACITY];
    act->other_reason = bytes_of_text(door_text(args, "reason"));
    int rc = other_at(aggregator, other, act, text, &err);
    if (rc != 0) {
        door_refuse(call, rc, &err);
    } else {
        door_act_on_case(aggregator, call, args, act);
    }
}

void door_case_merge(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct act act = {.type = ACT_MERGE};
    act_on_two(aggregator, call, args, door_text(args, "other"), &act);
}

void door_review_part(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct act act = {.type = ACT_PART};
    act_on_two(aggregator, call, args, door_text(args, "candidate"), &act);
}

/* The candidate is the older one, and stays. */
void door_review_same(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct act act = {.type = ACT_MERGE};
    json_t *swapped =
        json_pack("{s:s, s:s}", "case", door_text(args, "candidate"), "as", door_text(args, "as"));
    act.other_reason = bytes_of_text(door_text(args, "reason"));
    struct err_ctx err = {{0}};
    char text[CASE_TEXT_CAPACITY];
    int rc = other_at(aggregator, door_text(args, "case"), &act, text, &err);
    act.other_version = door_number(args, "seen", act.other_version);
    if (rc != 0 || swapped == NULL) {
        door_refuse(call, rc != 0 ? rc : ERR_NOMEM, &err);
    } else {
        door_act_on_case(aggregator, call, swapped, &act);
    }
    json_decref(swapped);
}

/* ---- split ---- */
/* "INCARNATION-SEQ:SUBJECT", from 0; without :SUBJECT the first one. */
static bool piece_of(const char *text, struct piece *ret)
{
    char whole[CASE_TEXT_CAPACITY];
    struct case_name name;
    const char *colon = strchr(text, ':');
    size_t len = colon == NULL ? strlen(text) : (size_t)(colon - text);
    int written = snprintf(whole, sizeof whole, "%.*s-%s", len > 80 ? 80 : (int)len, text,
                           colon == NULL ? "0" : colon + 1);
    if (written < 0 || (size_t)written >= sizeof whole ||
        !case_name_parse(bytes_of_text(whole), &name)) {
        return false;
    }
    memcpy(ret->report.incarnation.b, name.b, INCARNATION_BYTES);
    ret->report.seq = get_be64(name.b + INCARNATION_BYTES);
    ret->subject = get_be32(name.b + INCARNATION_BYTES + 8);
    return true;
}

void door_case_split(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    const json_t *reports = json_object_get(args, "report");
    struct act act = {.type = ACT_SPLIT, .other_reason = bytes_of_text(door_text(args, "reason"))};
    int rc = 0;
    if (json_array_size(reports) > SPLIT_PIECES_MAX) {
        rc = err_set(&err, ERR_LIMIT, "report: %u at most in one act", SPLIT_PIECES_MAX);
    }
    for (size_t i = 0; i < json_array_size(reports) && rc == 0; i++) {
        const char *text = json_string_value(json_array_get(reports, i));
        if (!piece_of(text, &act.pieces[act.piece_count++])) {
            rc = err_set(&err, ERR_VALUE, "report: '%.80s' is not like INCARNATION-SEQ:SUBJECT",
                         text);
        }
    }
    if (rc != 0) {
        door_refuse(call, rc, &err);
    } else {
        door_act_on_case(aggregator, call, args, &act);
    }
}

/* ---- what belongs together and what does not ---- */
static json_t *short_json(struct aggregator *aggregator, uint64_t number)
{
    char brief[CASE_SHORT_CAPACITY];
    return json_string(case_short_text(bytes_of_text(aggregator->conf->province), number, brief));
}

static json_t *not_same_json(struct aggregator *aggregator, struct store_txn *txn,
                             const struct case_name *name)
{
    struct views views;
    struct view_key after;
    struct bytes key, value;
    struct case_name other;
    struct case_view view;
    json_t *list = json_array();
    driver_views(txn, &views);
    view_key_init(&after, (struct bytes){0});
    while (json_array_size(list) < TIES_MAX &&
           views.next(views.arg, VIEW_PARTED, bytes_of(name->b, CASE_NAME_BYTES),
                      view_key_bytes(&after), &key, &value) == 0 &&
           key.len == (size_t)2 * CASE_NAME_BYTES) {
        memcpy(other.b, key.data + CASE_NAME_BYTES, CASE_NAME_BYTES);
        view_key_init(&after, key);
        if (view_of(txn, &other, &view) == 0) {
            (void)json_array_append_new(list, short_json(aggregator, view.number));
        }
    }
    return list;
}

static json_t *merged_json(struct aggregator *aggregator, struct store_txn *txn,
                           const struct case_name *name)
{
    struct store_cursor *cursor = NULL;
    struct bytes key, value;
    json_t *list = json_array();
    int rc = store_cursor_open(txn, VIEW_MERGED, &cursor);
    rc = rc == 0 ? store_seek(cursor, (struct bytes){0}, &key, &value) : rc;
    while (rc == 0 && json_array_size(list) < TIES_MAX) {
        if (value.len == CASE_NAME_BYTES + 8 && memcmp(value.data, name->b, CASE_NAME_BYTES) == 0) {
            (void)json_array_append_new(
                list, short_json(aggregator, get_be64(value.data + CASE_NAME_BYTES)));
        }
        rc = store_next(cursor, &key, &value);
    }
    store_cursor_close(cursor);
    return list;
}

void door_set_ties(struct aggregator *aggregator, struct store_txn *txn,
                   const struct case_name *name, json_t *json)
{
    (void)json_object_set_new(json, "merged", merged_json(aggregator, txn, name));
    (void)json_object_set_new(json, "not_same", not_same_json(aggregator, txn, name));
}

/* ---- review ---- */
json_t *door_judgement_json(struct aggregator *aggregator, const struct case_view *one,
                            const struct case_view *other)
{
    struct traits a, b;
    struct judgement judgement;
    if (traits_decode(one->match, &a) != 0 || traits_decode(other->match, &b) != 0) {
        return json_null();
    }
    match_judge(&a, &b, &judgement);
    return match_explain_json(&judgement, aggregator->arena);
}

static bool parted(const struct views *views, const struct case_name *a, const struct case_name *b)
{
    struct view_key key;
    struct bytes value;
    view_key_init(&key, bytes_of(a->b, CASE_NAME_BYTES));
    view_key_part(&key, bytes_of(b->b, CASE_NAME_BYTES));
    return views->get(views->arg, VIEW_PARTED, view_key_bytes(&key), &value) == 0;
}

/* The candidates of one placement that are still in question. */
static void add_candidates(struct aggregator *aggregator, struct store_txn *txn,
                           const struct case_name *name, const struct case_view *now,
                           const struct placement *placement, json_t *list)
{
    struct views views;
    driver_views(txn, &views);
    for (size_t i = 0; i < placement->candidate_count; i++) {
        struct case_name other;
        struct case_view view;
        if (!case_name_parse(placement->candidates[i], &other) ||
            views_lead(&views, aggregator->arena, &other) != 0 ||
            memcmp(other.b, name->b, CASE_NAME_BYTES) == 0 || parted(&views, name, &other) ||
            view_of(txn, &other, &view) != 0) {
            continue;
        }
        json_t *row =
            json_pack("{s:o, s:s, s:o, s:o, s:f}", "case", short_json(aggregator, view.number),
                      "state", case_state_name(view.state), "form", json_text(view.form), "rule",
                      json_text(placement->rule), "score", (double)placement->score_milli / 1000.0);
        (void)json_object_set_new(row, "judged", door_judgement_json(aggregator, now, &view));
        (void)json_array_append_new(list, row);
    }
}

static json_t *candidates_json(struct aggregator *aggregator, struct store_txn *txn,
                               const struct case_name *name, const struct case_view *view)
{
    struct views views;
    struct view_key after, at;
    struct bytes key, value;
    struct case_report_view row;
    struct placement placement;
    json_t *list = json_array();
    driver_views(txn, &views);
    view_key_init(&after, (struct bytes){0});
    while (json_array_size(list) < TIES_MAX &&
           views.next(views.arg, VIEW_CASE_REPORTS, bytes_of(name->b, CASE_NAME_BYTES),
                      view_key_bytes(&after), &key, &value) == 0 &&
           case_report_view_decode(value, &row) == 0) {
        view_key_init(&after, key);
        view_key_init(&at, bytes_of(row.id.incarnation.b, INCARNATION_BYTES));
        view_key_u64(&at, row.id.seq);
        view_key_u32(&at, row.subject);
        arena_reset(aggregator->arena);
        if (store_get(txn, VIEW_PLACEMENTS, view_key_bytes(&at), &value) == 0 &&
            placement_decode(value, aggregator->arena, &placement, NULL) == 0) {
            add_candidates(aggregator, txn, name, view, &placement, list);
        }
    }
    return list;
}

static void review_row(struct aggregator *aggregator, struct door_call *call, struct store_txn *txn,
                       const struct case_name *name, const struct case_view *view)
{
    door_call_row(call,
                  json_pack("{s:o, s:s, s:I, s:o, s:o, s:o}", "case",
                            short_json(aggregator, view->number), "state",
                            case_state_name(view->state), "version", (json_int_t)view->version,
                            "form", json_text(view->form), "regency", json_text(view->regency),
                            "candidates", candidates_json(aggregator, txn, name, view)));
}

/* From the newest number down, as case list. */
static int review_rows(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                       struct store_txn *txn, uint64_t *number)
{
    struct store_cursor *cursor = NULL;
    struct bytes key, value;
    uint64_t left = door_number(args, "limit", LIST_LIMIT_DEFAULT);
    left = left > LIST_LIMIT_MAX ? LIST_LIMIT_MAX : left;
    int rc = store_cursor_open(txn, VIEW_CASE_NUMBERS, &cursor);
    while (rc == 0 && left > 0 && *number > 1) {
        uint8_t from[8];
        struct case_name name;
        struct case_view view;
        put_be64(from, *number - 1);
        rc = store_seek_before(cursor, bytes_of(from, sizeof from), &key, &value);
        if (rc != 0 || key.len != 8 || value.len != CASE_NAME_BYTES) {
            break;
        }
        *number = get_be64(key.data);
        memcpy(name.b, value.data, sizeof name.b);
        rc = view_of(txn, &name, &view);
        if (rc == 0 && view.needs_review) {
            review_row(aggregator, call, txn, &name, &view);
            left--;
        }
        rc = rc == ERR_NOT_FOUND ? 0 : rc;
    }
    store_cursor_close(cursor);
    *number = rc == 0 && left == 0 ? *number : 0;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

void door_review_list(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct store_txn *txn = NULL;
    uint64_t number = UINT64_MAX;
    const char *after = door_text(args, "after");
    int rc = 0;
    if (after != NULL && !case_short_parse(bytes_of_text(after),
                                           bytes_of_text(aggregator->conf->province), &number)) {
        rc = err_set(&err, ERR_VALUE, "after: '%.60s' is no case", after);
    }
    rc = rc == 0 ? store_read_begin(aggregator->views, &txn, &err) : rc;
    rc = rc == 0 ? review_rows(aggregator, call, args, txn, &number) : rc;
    store_read_end(txn);
    if (rc != 0) {
        door_refuse(call, rc, &err);
    } else {
        door_call_done(call, json_pack("{s:o}", "next",
                                       number == 0 ? json_null() : short_json(aggregator, number)));
    }
}
