/* Reports and zero reports: checked, placed, and joined to their cases. */
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"
#include "core/rules/catalogue.h"
#include "core/rules/report_check.h"

#include <string.h>

static void report_key(const struct fold *fold, struct view_key *ret)
{
    view_key_init(ret, bytes_of(fold->report.incarnation.b, INCARNATION_BYTES));
    view_key_u64(ret, fold->report.seq);
}

void fold_report_put(struct fold *fold, const struct report_view *view)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    report_key(fold, &key);
    size_t len = report_view_encode(view, value, sizeof value);
    fold_put(fold, VIEW_REPORTS, view_key_bytes(&key), bytes_of(value, len));
}

void fold_report_state(struct fold *fold, enum report_state state, const struct entry_id *counted)
{
    struct report_view view = {.position = fold->input->position,
                               .regency = fold->input->owner,
                               .received_ms = fold->input->received_ms,
                               .state = state};
    if (counted != NULL) {
        view.contents = *counted;
    }
    fold_report_put(fold, &view);
}

/* ---- one (regency, key) counts once ---- */
int fold_key_seen(struct fold *fold, const struct report *report, struct view_key *key,
                  bool *ret_seen)
{
    struct bytes value;
    *ret_seen = false;
    if (report->key.len == 0) {
        return 0;
    }
    view_key_init(key, report->regency);
    view_key_zero(key);
    view_key_part(key, report->key);
    int status = fold->views->get(fold->views->arg, VIEW_REPORT_KEYS, view_key_bytes(key), &value);
    *ret_seen = status == 0;
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* ---- a subject joins a case ---- */
static void case_open(struct fold *fold, const struct report *report, uint64_t number,
                      struct case_view *ret)
{
    *ret = (struct case_view){.number = number,
                              .state = CASE_RECEIVED,
                              .filed_by = report->regency,
                              .form = report->form,
                              .has_occurred_on = report->has_occurred_on,
                              .occurred_on = report->occurred_on,
                              .opened_position = fold->input->position,
                              .opened_ms = fold->report_ms};
}

int fold_number_next(struct fold *fold, const struct case_name *name, uint64_t *ret)
{
    uint64_t number = 0;
    struct view_key key;
    int status = fold_counter(fold, "case_number", &number);
    if (status != 0) {
        return status;
    }
    number++;
    fold_counter_put(fold, "case_number", number);
    view_key_init(&key, (struct bytes){0});
    view_key_u64(&key, number);
    fold_put(fold, VIEW_CASE_NUMBERS, view_key_bytes(&key), bytes_of(name->b, CASE_NAME_BYTES));
    *ret = number;
    return 0;
}

static int case_new(struct fold *fold, const struct report *report, const struct case_name *name,
                    struct case_view *ret)
{
    uint64_t number = 0;
    int status = fold_number_next(fold, name, &number);
    if (status == 0) {
        case_open(fold, report, number, ret);
    }
    return status;
}

int fold_keys_put(struct fold *fold, const struct report *report, uint32_t subject,
                  const struct traits *traits, const struct case_name *name)
{
    struct match_keys keys;
    matcher_keys(traits, fold_province_of(fold, report->subjects[subject].regency), false, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        struct bytes key = bytes_of(keys.list[i].b, sizeof keys.list[i].b), block = {0};
        uint8_t changed[MATCH_BLOCK_BYTES_MAX];
        int status = fold->views->get(fold->views->arg, VIEW_CASE_KEYS, key, &block);
        if (status != 0 && status != ERR_NOT_FOUND) {
            return status;
        }
        size_t len = matcher_block_add(block, name, traits, changed);
        if (len > 0) {
            fold_put(fold, VIEW_CASE_KEYS, key, bytes_of(changed, len));
        }
    }
    return 0;
}

int fold_placement_put(struct fold *fold, const struct placement *placement)
{
    const size_t capacity = 2048;
    struct view_key key;
    size_t len = 0;
    uint8_t *value = arena_alloc(fold->arena, capacity);
    if (value == NULL) {
        return ERR_NOMEM;
    }
    int status = placement_encode(placement, value, capacity, &len, NULL);
    if (status != 0) {
        return status;
    }
    report_key(fold, &key);
    view_key_u32(&key, placement->subject);
    fold_put(fold, VIEW_PLACEMENTS, view_key_bytes(&key), bytes_of(value, len));
    return 0;
}

static void case_report_put(struct fold *fold, const struct placement *placement,
                            const struct case_name *name)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    struct case_report_view view = {.id = fold->report,
                                    .subject = placement->subject,
                                    .outcome = placement->outcome,
                                    .score_milli = placement->score_milli,
                                    .rule = placement->rule};
    view_key_init(&key, bytes_of(name->b, CASE_NAME_BYTES));
    view_key_u64(&key, fold->report_position);
    view_key_u32(&key, placement->subject);
    size_t len = case_report_view_encode(&view, value, sizeof value);
    fold_put(fold, VIEW_CASE_REPORTS, view_key_bytes(&key), bytes_of(value, len));
}

/* The case the placement names: as it stands, or new under that name. */
static int placed_case(struct fold *fold, const struct report *report,
                       const struct placement *placement, struct case_name *ret_name,
                       struct case_view *ret)
{
    if (!case_name_parse(placement->case_name, ret_name)) {
        return ERR_FORMAT;
    }
    int status = views_lead(fold->views, fold->arena, ret_name);
    status = status == 0 ? fold_case_get(fold, ret_name, ret) : status;
    if (status == ERR_NOT_FOUND && placement->outcome != PLACEMENT_MERGED) {
        status = case_new(fold, report, ret_name, ret);
    }
    return status;
}

/* What is withdrawn as a whole has a report again. */
void fold_case_revived(struct fold *fold, struct case_view *view)
{
    if (view->state == CASE_WITHDRAWN &&
        case_state_move(&view->state, CASE_VERIFICATION, NULL) == 0) {
        view->since_ms = fold->input->received_ms;
    }
}

/* What the case knows with this report. The row stands already. */
static int case_joined(struct fold *fold, const struct report *report,
                       const struct placement *placement, const struct traits *traits,
                       const struct case_name *name, struct case_view *view, struct case_room *room)
{
    bool revived = view->report_count > 0 && case_live(view) == 0;
    int status = fold_case_take(view, report, placement->subject, traits, room);
    view->version++;
    view->report_count++;
    if (revived && status == 0) {
        fold_case_revived(fold, view);
        status = fold_case_again(fold, name, false, view);
    }
    return status;
}

int fold_subject_join(struct fold *fold, const struct report *report,
                      const struct placement *placement)
{
    struct case_name name;
    struct case_view view;
    struct case_room room;
    struct traits traits;
    int status = placed_case(fold, report, placement, &name, &view);
    if (status != 0) {
        return status;
    }
    bool rerouted = placement->outcome == PLACEMENT_REROUTED;
    traits_of(report, placement->subject, &traits);
    case_report_put(fold, placement, &name);
    status = case_joined(fold, report, placement, &traits, &name, &view, &room);
    if (status != 0) {
        return status;
    }
    view.needs_review = view.needs_review || placement->outcome == PLACEMENT_REVIEW;
    view.state = rerouted && view.state != CASE_CLOSED ? CASE_REROUTED : view.state;
    fold_case_put(fold, &name, &view);
    status = fold_placement_put(fold, placement);
    if (status == 0) {
        status = fold_keys_put(fold, report, placement->subject, &traits, &name);
    }
    if (status == 0 && rerouted) {
        status = fold_rerouted_status(fold, report, placement->subject, &view);
    }
    status = status == 0 ? fold_join(fold, placement, &name) : status;
    return status != 0 ? status : fold_returned_attach(fold, placement->subject, &name);
}

/* ---- where a subject belongs ---- */
const struct placement *fold_recorded(const struct fold *fold, uint32_t subject)
{
    for (size_t i = 0; i < fold->input->recorded_count; i++) {
        if (fold->input->recorded[i].subject == subject) {
            return &fold->input->recorded[i];
        }
    }
    return NULL;
}

int fold_place(struct fold *fold, const struct report *report, uint32_t subject,
               struct placement *ret)
{
    struct bytes regency = report->subjects[subject].regency;
    const struct placement *known = fold_recorded(fold, subject);
    int status = 0;
    if (known != NULL) {
        *ret = *known;
        return 0;
    }
    if (regency.len > 0 && !fold_in_province(fold, regency)) {
        status = fold_place_elsewhere(fold, report, subject, ret);
    } else {
        status = matcher_place(fold->views, report, &fold->report, fold->report_position, subject,
                               fold->config->province, fold->arena, ret, NULL);
    }
    ret->position = fold->input->position;
    return status;
}

int fold_subject_new(struct fold *fold, const struct report *report, uint32_t subject)
{
    struct placement *placement = &fold->ret->placements[fold->ret->placement_count];
    int status = fold_place(fold, report, subject, placement);
    if (status == 0) {
        status = fold_subject_join(fold, report, placement);
    }
    fold->ret->placement_count += status == 0 && fold_recorded(fold, subject) == NULL;
    return status;
}

static int subjects_join(struct fold *fold, const struct report *report)
{
    int status = 0;
    ASSERT(report->subject_count <= SUBJECTS_MAX);
    for (uint32_t i = 0; i < report->subject_count && status == 0; i++) {
        status = fold_subject_new(fold, report, i);
    }
    return status;
}

int fold_report_counts(struct fold *fold, const struct report *report, const struct view_key *key)
{
    struct arrival arrival = fold_arrival(fold, report->has_entered_ms, report->entered_ms);
    if (report->key.len > 0) {
        struct view_key id;
        report_key(fold, &id);
        fold_put(fold, VIEW_REPORT_KEYS, view_key_bytes(key), view_key_bytes(&id));
    }
    fold_filed(fold, report, &arrival);
    return subjects_join(fold, report);
}

int fold_report(struct fold *fold)
{
    struct report report;
    struct err_ctx why = {.text = ""};
    struct view_key key;
    bool seen = false;
    int status = report_decode(fold->input->body, fold->arena, &report, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = fold_report_check(fold, &report, "");
    if (status != FOLD_DONE) {
        return status;
    }
    status = fold_key_seen(fold, &report, &key, &seen);
    if (status != 0) {
        return status;
    }
    struct report_view view = {.position = fold->input->position,
                               .regency = report.regency,
                               .subject_count = (uint32_t)report.subject_count,
                               .received_ms = fold->input->received_ms,
                               .state = seen ? REPORT_REPEATED_KEY : REPORT_APPLIED};
    fold_report_put(fold, &view);
    if (seen) {
        fold_say(fold, "the key of this report was seen before: it counts once");
        return FOLD_DONE;
    }
    return fold_report_counts(fold, &report, &key);
}

int fold_zero(struct fold *fold)
{
    struct zero_report zero;
    struct err_ctx why = {.text = ""};
    struct view_key key;
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    int status = zero_report_decode(fold->input->body, fold->arena, &zero, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = fold_zero_check(fold, &zero);
    if (status != FOLD_DONE) {
        return status;
    }
    struct zero_view view = {.id = fold->input->id,
                             .stated_name = zero.stated_name,
                             .arrival = fold_arrival(fold, zero.has_entered_ms, zero.entered_ms)};
    uint8_t scope = (uint8_t)zero.scope;
    view_key_init(&key, zero.regency);
    view_key_zero(&key);
    view_key_u32(&key, (uint32_t)zero.from);
    view_key_u32(&key, (uint32_t)zero.until);
    view_key_part(&key, bytes_of(&scope, 1));
    view_key_u64(&key, fold->input->position);
    size_t len = zero_view_encode(&view, value, sizeof value);
    fold_put(fold, VIEW_ZEROS, view_key_bytes(&key), bytes_of(value, len));
    return FOLD_DONE;
}
