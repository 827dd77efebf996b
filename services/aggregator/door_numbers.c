/* stats: a fold over the cases, in slices. */
#include "aggregator/door_slices.h"
#include "aggregator/doors.h"

#include "core/cases/catalogue_view.h"
#include "core/cases/numbers.h"

#define TURN_CASES 4096u /* cases between two looks at everything else */

struct stats {
    struct slices slices;
    struct arena *arena; /* holds the catalogue */
    struct numbers numbers;
    bool begun;
    uint8_t last[CASE_NAME_BYTES]; /* the case that was counted last */
};

int door_day(const json_t *args, const char *name, bool *ret_has, int32_t *ret, struct err_ctx *err)
{
    const char *text = door_text(args, name);
    *ret_has = text != NULL;
    if (text != NULL && !day_of_text(bytes_of_text(text), ret)) {
        return err_set(err, ERR_VALUE, "%s: %.20s is no day", name, text);
    }
    return 0;
}

/* The catalogue is read once, and stays the same over all slices. */
static int stats_begin(struct stats *stats, struct store_txn *txn)
{
    struct views views;
    struct catalogue_view holding;
    driver_views(txn, &views);
    int rc = catalogue_view_get(&views, stats->arena, &holding);
    if (rc == 0) {
        stats->numbers.catalogue = holding.catalogue;
        stats->begun = true;
    }
    return rc;
}

/* The cases after the last one that was counted. */
static int count_cases(struct stats *stats, struct store_cursor *cursor, bool first, bool *ret_more)
{
    struct bytes key;
    struct bytes value;
    struct bytes after = bytes_of(stats->last, first ? 0 : CASE_NAME_BYTES);
    int rc = store_seek(cursor, after, &key, &value);
    if (rc == 0 && bytes_equal(key, after)) {
        rc = store_next(cursor, &key, &value);
    }
    for (size_t i = 0; rc == 0; i++) {
        struct case_view view;
        if (i == TURN_CASES) {
            *ret_more = true;
            return 0;
        }
        rc = key.len == CASE_NAME_BYTES ? case_view_decode(value, &view) : ERR_FORMAT;
        if (rc == 0) {
            numbers_add(&stats->numbers, &view);
            memcpy(stats->last, key.data, CASE_NAME_BYTES);
            rc = store_next(cursor, &key, &value);
        }
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int stats_step(struct slices *slices, bool *ret_more)
{
    struct stats *stats = (struct stats *)slices;
    struct store_txn *txn = NULL;
    struct store_cursor *cursor = NULL;
    bool first = !stats->begun;
    *ret_more = false;
    int rc = store_read_begin(slices->aggregator->views, &txn, NULL);
    if (rc == 0 && first) {
        rc = stats_begin(stats, txn);
    }
    rc = rc != 0 ? rc : store_cursor_open(txn, VIEW_CASES, &cursor);
    rc = rc != 0 ? rc : count_cases(stats, cursor, first, ret_more);
    store_cursor_close(cursor);
    store_read_end(txn);
    return rc;
}

static json_t *row_json(const char *group, const struct numbers_row *row)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I}", "group", group, "reported",
                     (json_int_t)row->reported, "proven", (json_int_t)row->proven, "decided",
                     (json_int_t)row->decided, "executed", (json_int_t)row->executed);
}

static void stats_answer(struct slices *slices, int rc)
{
    struct stats *stats = (struct stats *)slices;
    const struct numbers *numbers = &stats->numbers;
    struct err_ctx err = {{0}};
    if (rc != 0) {
        (void)err_set(&err, rc, "the cases cannot be counted: %s", err_text(rc));
        door_refuse(slices->call, rc, &err);
        return;
    }
    for (size_t i = 0; numbers->by != NUMBERS_BY_NOTHING && i < numbers->count; i++) {
        door_call_row(slices->call, row_json(numbers->rows[i].group, &numbers->rows[i]));
    }
    if (numbers->others.reported > 0) {
        door_call_row(slices->call, row_json("(others)", &numbers->others));
    }
    door_call_row(slices->call, row_json("total", &numbers->total));
    door_call_done(slices->call, json_pack("{s:I}", "groups", (json_int_t)numbers->count));
}

static void stats_free(struct slices *slices)
{
    struct stats *stats = (struct stats *)slices;
    arena_free(stats->arena);
    free(stats);
}

static int stats_read(const json_t *args, struct numbers *ret, struct err_ctx *err)
{
    const char *by = door_text(args, "by");
    if (by != NULL && !numbers_by_of(by, &ret->by)) {
        return err_set(err, ERR_VALUE,
                       "by: '%.20s' is none of all, form, position, class, phase, regency, week",
                       by);
    }
    int rc = door_day(args, "from", &ret->has_from, &ret->from, err);
    return rc != 0 ? rc : door_day(args, "until", &ret->has_until, &ret->until, err);
}

void door_stats(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct stats *stats = calloc(1, sizeof *stats);
    int rc = stats == NULL ? ERR_NOMEM : stats_read(args, &stats->numbers, &err);
    if (rc == 0) {
        stats->arena = arena_new(CATALOGUE_ARENA_BYTES + CATALOGUE_BYTES_MAX);
        rc = stats->arena == NULL ? ERR_NOMEM : 0;
    }
    if (rc != 0) {
        free(stats);
        door_refuse(call, rc, &err);
        return;
    }
    stats->slices = (struct slices){.aggregator = aggregator,
                                    .call = call,
                                    .step = stats_step,
                                    .answer = stats_answer,
                                    .free = stats_free};
    slices_begin(&stats->slices);
}
