/* completeness: regency by regency and period by period, in slices; and the zero claims. */
#include "aggregator/door_completeness.h"

#include "core/cases/catalogue_view.h"

#define TURN_RECORDS 4096u /* records between two looks at everything else */
#define TURN_CLAIMS 4u     /* each looks at CLAIM_ROWS_MAX reports, twice at most */
#define PERIODS_MAX 60u
#define PERIODS_DEFAULT 3
#define STALE_DAYS 31 /* where the catalogue does not say */

/* ---- what is asked ---- */
static int regencies_of(struct asked *asked)
{
    const char *province = asked->slices.aggregator->conf->province;
    struct bytes code, name;
    for (size_t i = 0; catalogue_regency_at(asked->catalogue, i, &code, &name); i++) {
        struct regency *regency = &asked->regencies[asked->regency_count];
        if (code.len < 3 || code.len >= sizeof regency->code ||
            memcmp(code.data, province, 2) != 0) {
            continue;
        }
        if (asked->regency_count == REGENCIES_MAX) {
            return ERR_LIMIT;
        }
        (void)snprintf(regency->code, sizeof regency->code, "%.*s", (int)code.len,
                       (const char *)code.data);
        (void)snprintf(regency->name, sizeof regency->name, "%.*s", (int)name.len,
                       (const char *)name.data);
        asked->regency_count++;
    }
    return 0;
}

/* The last day of the deadline `state` that begins with `day`; false: the catalogue has none. */
static bool deadline(const struct asked *asked, const char *state, int32_t day, int32_t *ret,
                     uint32_t *ret_days)
{
    struct catalogue_moment moment;
    struct catalogue_due due[CATALOGUE_DUE_MAX];
    catalogue_moment(asked->catalogue, day, &moment);
    size_t count = catalogue_due(asked->catalogue, bytes_of_text(state), moment.election, day, due);
    if (count > 0) {
        *ret = due[0].day;
        *ret_days = due[0].days;
    }
    return count > 0;
}

static int asked_begin(struct asked *asked, struct store_txn *txn)
{
    struct views views;
    struct catalogue_view holding;
    int32_t day = 0;
    uint32_t days = STALE_DAYS;
    driver_views(txn, &views);
    int rc = catalogue_view_get(&views, asked->arena, &holding);
    if (rc != 0) {
        return rc;
    }
    asked->catalogue = holding.catalogue;
    asked->begun = true;
    (void)deadline(asked, "zero_claim", asked->today, &day, &days);
    asked->stale_days = (int32_t)days;
    asked->period = period_of(asked->kind, asked->range.from);
    return regencies_of(asked);
}

/* ---- cells ---- */
static void cell_begin(struct asked *asked)
{
    struct completeness_ask ask = {.period = asked->period, .scope = asked->scope};
    uint32_t days = 0;
    const char *state = asked->kind == PERIOD_WEEK ? "period_week" : "period_month";
    memcpy(ask.regency, asked->regencies[asked->regency_at].code, sizeof ask.regency);
    if (!deadline(asked, state, asked->period.until, &ask.due, &days)) {
        ask.due = PERIOD_DAY_MOST; /* nothing is late where nothing is due */
    }
    completeness_begin(&asked->cell, &ask);
    asked->running = true;
}

/* After a regency's row: the next one, or the next period. */
static bool cell_next(struct asked *asked)
{
    char period[PERIOD_TEXT_CAPACITY];
    asked->running = false;
    asked->regency_at++;
    if (asked->regency_at < asked->regency_count) {
        return true;
    }
    completeness_province_row(asked, period_text(asked->kind, &asked->period, period),
                              &asked->period, &asked->tally);
    asked->regency_at = 0;
    asked->tally = (struct tally){0};
    asked->periods++;
    asked->period = period_of(asked->kind, asked->period.until + 1);
    return asked->period.from <= asked->range.until && asked->periods < PERIODS_MAX;
}

static int cells_step(struct asked *asked, const struct views *views, bool *ret_more)
{
    int rc = 0;
    size_t records = 0;
    *ret_more = asked->regency_count > 0;
    while (rc == 0 && *ret_more && records < TURN_RECORDS) {
        if (!asked->running) {
            cell_begin(asked);
        }
        rc = completeness_step(&asked->cell, views, TURN_RECORDS / 16);
        records += TURN_RECORDS / 16;
        if (rc == 0 && asked->cell.stage == COMPLETENESS_DONE) {
            completeness_cell_row(asked);
            *ret_more = cell_next(asked);
        }
    }
    if (rc == 0 && !*ret_more) {
        completeness_sums(asked);
    }
    return rc;
}

/* ---- claims ---- */
static int claims_step(struct asked *asked, const struct views *views, bool *ret_more)
{
    struct bytes key, value;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < TURN_CLAIMS; i++) {
        rc = views->next(views->arg, VIEW_ZEROS, (struct bytes){0}, view_key_bytes(&asked->after),
                         &key, &value);
        if (rc == 0) {
            view_key_init(&asked->after, key);
            rc = completeness_claim_row(asked, views, view_key_bytes(&asked->after), value);
        }
    }
    *ret_more = rc == 0;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* ---- slices ---- */
static int asked_step(struct slices *slices, bool *ret_more)
{
    struct asked *asked = (struct asked *)slices;
    struct store_txn *txn = NULL;
    struct views views;
    *ret_more = false;
    int rc = store_read_begin(slices->aggregator->views, &txn, NULL);
    if (rc == 0 && !asked->begun) {
        rc = asked_begin(asked, txn);
    }
    if (rc == 0) {
        driver_views(txn, &views);
        rc = asked->claims ? claims_step(asked, &views, ret_more)
                           : cells_step(asked, &views, ret_more);
    }
    store_read_end(txn);
    return rc;
}

static void asked_answer(struct slices *slices, int rc)
{
    const struct asked *asked = (const struct asked *)slices;
    struct err_ctx err = {{0}};
    if (rc != 0) {
        (void)err_set(&err, rc, "completeness cannot be counted: %s", err_text(rc));
        door_refuse(slices->call, rc, &err);
        return;
    }
    door_call_done(slices->call, json_pack("{s:I}", "periods", (json_int_t)asked->periods));
}

static void asked_free(struct slices *slices)
{
    struct asked *asked = (struct asked *)slices;
    arena_free(asked->arena);
    free(asked);
}

/* ---- the question ---- */
static int range_read(struct asked *asked, const json_t *args, struct err_ctx *err)
{
    bool from = false, until = false;
    int rc = door_day(args, "from", &from, &asked->range.from, err);
    rc = rc != 0 ? rc : door_day(args, "until", &until, &asked->range.until, err);
    if (rc != 0) {
        return rc;
    }
    asked->has_range = from || until;
    asked->range.until = until ? asked->range.until : asked->today;
    if (!from) {
        asked->range.from =
            asked->claims ? PERIOD_DAY_LEAST : period_of(asked->kind, asked->range.until).from;
        for (int i = 1; !asked->claims && i < PERIODS_DEFAULT; i++) {
            asked->range.from = period_of(asked->kind, asked->range.from - 1).from;
        }
    }
    int32_t days = asked->range.until - asked->range.from;
    if (days < 0) {
        return err_set(err, ERR_VALUE, "until is before from");
    }
    int32_t most = (int32_t)PERIODS_MAX * (asked->kind == PERIOD_WEEK ? 7 : 30);
    return asked->claims || days < most
               ? 0
               : err_set(err, ERR_LIMIT, "from, until: at most %u periods", PERIODS_MAX);
}

static int question_read(struct asked *asked, const json_t *args, struct err_ctx *err)
{
    const char *kind = door_text(args, "period");
    const char *scope = door_text(args, "scope");
    asked->claims = json_is_true(json_object_get(args, "claims"));
    asked->kind = kind != NULL && strcmp(kind, "week") == 0 ? PERIOD_WEEK : PERIOD_MONTH;
    if (kind != NULL && strcmp(kind, "week") != 0 && strcmp(kind, "month") != 0) {
        return err_set(err, ERR_VALUE, "period: '%.20s' is neither week nor month", kind);
    }
    asked->scope = asked->claims ? 0 : 1;
    for (int i = 1; scope != NULL && i <= SCOPE_COUNT; i++) {
        if (i == SCOPE_COUNT) {
            return err_set(err, ERR_VALUE,
                           "scope: '%.20s' is none of all, pns, pppk, honorer, village", scope);
        }
        if (strcmp(scope, scope_names[i]) == 0) {
            asked->scope = i;
            break;
        }
    }
    return range_read(asked, args, err);
}

void door_completeness(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct asked *asked = calloc(1, sizeof *asked);
    int rc = asked == NULL ? ERR_NOMEM : 0;
    if (rc == 0) {
        asked->today = period_day(host_wall_ms());
        rc = question_read(asked, args, &err);
    }
    if (rc == 0) {
        asked->arena = arena_new(CATALOGUE_ARENA_BYTES + CATALOGUE_BYTES_MAX);
        rc = asked->arena == NULL ? ERR_NOMEM : 0;
    }
    if (rc != 0) {
        free(asked);
        door_refuse(call, rc, &err);
        return;
    }
    asked->slices = (struct slices){.aggregator = aggregator,
                                    .call = call,
                                    .step = asked_step,
                                    .answer = asked_answer,
                                    .free = asked_free};
    slices_begin(&asked->slices);
}
