/* What a case is made of: the rows of its reports, and everything that is known from them. When
 * rows come or go by an officer's or the filer's word, it is read again from what is left. */
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"

#include <string.h>

static void fill_empty(struct bytes *to, struct bytes from)
{
    if (to->len == 0) {
        *to = from;
    }
}

/* What the first report left open, a later one fills. link: room for the hash. */
static void case_fill(struct case_view *view, const struct report *report,
                      const struct subject *subject, uint8_t link[MATCH_LINK_BYTES])
{
    if (matcher_link(report, link)) {
        fill_empty(&view->link, bytes_of(link, MATCH_LINK_BYTES));
    }
    fill_empty(&view->regency, subject->regency.len > 0 ? subject->regency : report->regency);
    fill_empty(&view->name, subject->name);
    fill_empty(&view->nip, subject->nip);
    fill_empty(&view->nik, subject->nik);
    fill_empty(&view->unit, subject->unit);
    fill_empty(&view->position, subject->position);
    if (view->employment == 0) {
        view->employment = subject->employment;
    }
}

int fold_case_take(struct case_view *view, const struct report *report, uint32_t subject,
                   const struct traits *traits, struct case_room *room)
{
    struct traits known = *traits;
    if (view->match.len > 0) {
        int status = traits_decode(view->match, &known);
        if (status != 0) {
            return status;
        }
        traits_add(&known, traits);
    }
    view->match = bytes_of(room->match, traits_encode(&known, room->match));
    case_fill(view, report, &report->subjects[subject], room->link);
    return 0;
}

/* ---- what a report says now ---- */
static void report_key(const struct entry_id *id, struct view_key *ret)
{
    view_key_init(ret, bytes_of(id->incarnation.b, INCARNATION_BYTES));
    view_key_u64(ret, id->seq);
}

int fold_report_get(struct fold *fold, const struct entry_id *id, struct report_view *ret)
{
    struct view_key key;
    struct bytes value;
    report_key(id, &key);
    int status = fold_get(fold, VIEW_REPORTS, view_key_bytes(&key), &value);
    return status != 0 ? status : report_view_decode(value, ret);
}

int fold_body(struct fold *fold, const struct entry_id *id, struct report *ret)
{
    const struct fold_lookup *lookup = &fold->input->lookup;
    struct amendment amendment;
    struct bytes body;
    uint16_t kind = 0;
    ASSERT(lookup->body != NULL);
    int status = lookup->body(lookup->arg, id, fold->arena, &kind, &body);
    if (status == 0 && kind == ENTRY_REPORT) {
        return report_decode(body, fold->arena, ret, NULL);
    }
    if (status == 0 && kind != ENTRY_AMENDMENT) {
        status = ERR_NOT_FOUND;
    }
    status = status == 0 ? amendment_decode(body, fold->arena, &amendment, NULL) : status;
    if (status == 0) {
        *ret = amendment.report;
    }
    return status;
}

int fold_contents(struct fold *fold, const struct entry_id *id, struct report *ret)
{
    struct report_view view;
    int status = fold_report_get(fold, id, &view);
    if (status != 0) {
        return status;
    }
    return fold_body(fold, entry_id_is_zero(&view.contents) ? id : &view.contents, ret);
}

/* ---- rows ---- */
static void row_key(const struct case_name *name, uint64_t position, uint32_t subject,
                    struct view_key *ret)
{
    view_key_init(ret, bytes_of(name->b, CASE_NAME_BYTES));
    view_key_u64(ret, position);
    view_key_u32(ret, subject);
}

int fold_row_get(struct fold *fold, const struct case_name *name, uint64_t position,
                 uint32_t subject, struct case_report_view *ret)
{
    struct view_key key;
    struct bytes value;
    row_key(name, position, subject, &key);
    int status = fold_get(fold, VIEW_CASE_REPORTS, view_key_bytes(&key), &value);
    return status != 0 ? status : case_report_view_decode(value, ret);
}

int fold_row_next(struct fold *fold, const struct case_name *name, struct view_key *after,
                  struct case_row *ret)
{
    struct bytes key, value;
    struct bytes prefix = bytes_of(name->b, CASE_NAME_BYTES);
    int status = fold_next(fold, VIEW_CASE_REPORTS, prefix, view_key_bytes(after), &key, &value);
    if (status != 0) {
        return status;
    }
    if (key.len != CASE_NAME_BYTES + 12) {
        return ERR_FORMAT;
    }
    view_key_init(after, key);
    ret->position = get_be64(key.data + CASE_NAME_BYTES);
    return case_report_view_decode(value, &ret->view);
}

/* The placement says where it is now, and by which rule. */
static int placement_moves(struct fold *fold, const struct case_row *row,
                           const struct case_name *to, const char *rule,
                           enum placement_outcome outcome)
{
    const size_t capacity = 2048;
    char text[CASE_TEXT_CAPACITY];
    struct view_key key;
    struct bytes value;
    struct placement placement;
    size_t len = 0;
    report_key(&row->view.id, &key);
    view_key_u32(&key, row->view.subject);
    int status = fold_get(fold, VIEW_PLACEMENTS, view_key_bytes(&key), &value);
    status = status == 0 ? placement_decode(value, fold->arena, &placement, NULL) : status;
    uint8_t *changed = arena_alloc(fold->arena, capacity);
    if (status != 0 || changed == NULL) {
        return status != 0 ? status : ERR_NOMEM;
    }
    placement.case_name = bytes_of_text(case_name_text(to, text));
    placement.rule = bytes_of_text(rule);
    placement.outcome = outcome;
    placement.matcher = bytes_of_text("officer");
    status = placement_encode(&placement, changed, capacity, &len, NULL);
    if (status == 0) {
        fold_put(fold, VIEW_PLACEMENTS, view_key_bytes(&key), bytes_of(changed, len));
    }
    return status;
}

void fold_row_put(struct fold *fold, const struct case_name *name, const struct case_row *row)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    size_t len = case_report_view_encode(&row->view, value, sizeof value);
    row_key(name, row->position, row->view.subject, &key);
    fold_put(fold, VIEW_CASE_REPORTS, view_key_bytes(&key), bytes_of(value, len));
}

void fold_row_drop(struct fold *fold, const struct case_name *name, const struct case_row *row)
{
    struct view_key key;
    row_key(name, row->position, row->view.subject, &key);
    fold->views->del(fold->views->arg, VIEW_CASE_REPORTS, view_key_bytes(&key));
}

int fold_row_move(struct fold *fold, const struct case_name *from, const struct case_name *to,
                  const struct case_row *row, const char *rule, enum placement_outcome outcome)
{
    struct case_row moved = *row;
    fold_row_drop(fold, from, row);
    moved.view.outcome = outcome;
    moved.view.rule = bytes_of_text(rule);
    fold_row_put(fold, to, &moved);
    return placement_moves(fold, row, to, rule, outcome);
}

/* ---- all of it again ---- */
static void forget(struct case_view *view)
{
    view->regency = view->name = view->nip = view->nik = (struct bytes){0};
    view->unit = view->position = view->link = view->match = (struct bytes){0};
    view->employment = 0;
}

static void first_says(struct case_view *view, const struct report *report)
{
    view->filed_by = report->regency;
    view->form = report->form;
    view->has_occurred_on = report->has_occurred_on;
    view->occurred_on = report->occurred_on;
}

/* One row's report joins what is gathered. An erased one says nothing more, nor does a subject that
 * its report does not name any more. */
static int gather(struct fold *fold, const struct case_name *name, const struct case_row *row,
                  bool keys, struct case_view *view, struct case_room *room)
{
    struct report report;
    struct traits traits;
    int status = fold_contents(fold, &row->view.id, &report);
    if (status != 0 || row->view.subject >= report.subject_count) {
        return status == ERR_NOT_FOUND ? 0 : status;
    }
    if (view->match.len == 0) {
        first_says(view, &report);
    }
    traits_of(&report, row->view.subject, &traits);
    status = fold_case_take(view, &report, row->view.subject, &traits, room);
    return status == 0 && keys ? fold_keys_put(fold, &report, row->view.subject, &traits, name)
                               : status;
}

/* How many there are, and how many of them do not hold. */
static int rows_count(struct fold *fold, const struct case_name *name, struct case_view *view)
{
    struct case_row row;
    struct view_key after;
    size_t used = arena_used(fold->arena);
    view_key_init(&after, (struct bytes){0});
    view->report_count = view->withdrawn_count = 0;
    int status = fold_row_next(fold, name, &after, &row);
    while (status == 0) {
        view->report_count++;
        view->withdrawn_count += row.view.withdrawn;
        arena_rewind(fold->arena, used);
        status = fold_row_next(fold, name, &after, &row);
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

static int rows_gather(struct fold *fold, const struct case_name *name, bool keys,
                       struct case_view *view)
{
    struct case_room room;
    struct case_row row;
    struct view_key after;
    uint8_t *kept = arena_alloc(fold->arena, CASE_VIEW_BYTES_MAX);
    uint8_t *next = arena_alloc(fold->arena, CASE_VIEW_BYTES_MAX);
    size_t len = 0;
    if (kept == NULL || next == NULL) {
        return ERR_NOMEM;
    }
    size_t used = arena_used(fold->arena);
    view_key_init(&after, (struct bytes){0});
    forget(view);
    int status = fold_row_next(fold, name, &after, &row);
    while (status == 0) {
        status = row.view.withdrawn ? 0 : gather(fold, name, &row, keys, view, &room);
        if (status != 0) {
            return status;
        }
        /* Its texts lie where the report was read: they are kept, and the room is free again. */
        len = case_view_encode(view, next, CASE_VIEW_BYTES_MAX);
        memcpy(kept, next, len);
        status = case_view_decode(bytes_of(kept, len), view);
        arena_rewind(fold->arena, used);
        status = status == 0 ? fold_row_next(fold, name, &after, &row) : status;
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

int fold_case_again(struct fold *fold, const struct case_name *name, bool keys,
                    struct case_view *view)
{
    struct bytes before = view->nip;
    int status = rows_count(fold, name, view);
    if (status != 0 || case_live(view) == 0) {
        return status; /* of what is withdrawn as a whole stays what was known */
    }
    status = rows_gather(fold, name, keys, view);
    if (status == 0 && before.len > 0 && !bytes_equal(before, view->nip)) {
        fold_person_drop(fold, before, name);
    }
    return status;
}

int views_lead(const struct views *views, struct arena *arena, struct case_name *name)
{
    struct bytes unused;
    size_t used = arena_used(arena);
    int status = matcher_case(views, arena, name, &unused);
    arena_rewind(arena, used);
    return status == ERR_NOT_FOUND ? 0 : status;
}

void fold_person_drop(struct fold *fold, struct bytes nip, const struct case_name *name)
{
    struct view_key key;
    view_key_init(&key, nip);
    view_key_zero(&key);
    view_key_part(&key, bytes_of(name->b, CASE_NAME_BYTES));
    fold->views->del(fold->views->arg, VIEW_PERSONS, view_key_bytes(&key));
}
