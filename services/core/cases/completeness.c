#include "core/cases/completeness.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)
#define WIB_MS INT64_C(25200000)

/* ---- on time ---- */
int64_t arrival_made_ms(const struct arrival *arrival, bool *ret_by_entry)
{
    const int32_t most_s = CLOCK_SKEW_MS_MAX / 1000;
    bool right = arrival->has_clock && arrival->clock_s <= most_s && arrival->clock_s >= -most_s;
    *ret_by_entry = arrival->has_entered_ms && (right || PLANTED(ANY_CLOCK)) &&
                    arrival->entered_ms <= arrival->received_ms + CLOCK_SKEW_MS_MAX;
    return *ret_by_entry ? arrival->entered_ms : arrival->received_ms;
}

static bool by_end_of(int64_t at_ms, int32_t due)
{
    return at_ms < ((int64_t)due + 1) * DAY_MS - WIB_MS;
}

bool arrival_on_time(const struct arrival *arrival, int32_t due)
{
    bool by_entry = false;
    return by_end_of(arrival_made_ms(arrival, &by_entry), due);
}

bool arrival_came_on_time(const struct arrival *arrival, int32_t due)
{
    return by_end_of(arrival->received_ms, due);
}

/* ---- scopes and classes ---- */
/* Indices of scope_names and employment_names. */
enum { FOR_ALL = 1, FOR_PNS, FOR_PPPK, FOR_HONORER, FOR_VILLAGE };
enum { MASK_ALL = SCOPE_MASKS - 1 };

/* Bits of employment_names that a scope speaks of; of all also those whose class is not known. */
static uint8_t classes_of(int scope)
{
    static const uint8_t classes[SCOPE_COUNT] = {
        [FOR_ALL] = 0xff,
        [FOR_PNS] = 1u << 1,
        [FOR_PPPK] = 1u << 2,
        [FOR_HONORER] = 1u << 3,
        [FOR_VILLAGE] = 1u << 4 | 1u << 5,
    };
    ASSERT(scope > 0 && scope < SCOPE_COUNT);
    return PLANTED(ZERO_ANY_SCOPE) ? 0xff : classes[scope];
}

/* Somebody of this scope is in the report; all speaks of reports without any class, too. */
static bool speaks_of(int scope, const struct filed_view *filed)
{
    return scope == FOR_ALL || (classes_of(scope) & filed->classes) != 0;
}

/* ---- claims ---- */
#define CLAIM_TAIL_BYTES (4u + 4u + 1u + 8u) /* from, until, scope, position */

int claim_read(struct bytes key, struct bytes value, struct claim *ret)
{
    struct claim claim = {.from = 0};
    struct reader reader;
    if (key.len <= CLAIM_TAIL_BYTES + 1) {
        return ERR_FORMAT;
    }
    claim.regency = bytes_of(key.data, key.len - CLAIM_TAIL_BYTES - 1);
    reader_init(&reader, bytes_of(key.data + key.len - CLAIM_TAIL_BYTES, CLAIM_TAIL_BYTES));
    claim.from = (int32_t)reader_be32(&reader);
    claim.until = (int32_t)reader_be32(&reader);
    claim.scope = reader_u8(&reader);
    claim.position = reader_be64(&reader);
    if (claim.scope <= 0 || claim.scope >= SCOPE_COUNT || claim.until < claim.from) {
        return ERR_FORMAT;
    }
    int status = zero_view_decode(value, &claim.view);
    if (status == 0) {
        *ret = claim;
    }
    return status;
}

static void filed_prefix(struct bytes regency, struct view_key *ret)
{
    view_key_init(ret, regency);
    view_key_zero(ret);
}

/* In front of the first report of this day. */
static void filed_before(struct bytes regency, int32_t day, struct view_key *ret)
{
    filed_prefix(regency, ret);
    view_key_u32(ret, (uint32_t)day);
}

/* The next report of a regency, by day; ERR_NOT_FOUND. */
static int filed_next(const struct views *views, struct bytes regency, struct view_key *after,
                      struct filed_at *ret_at, struct filed_view *ret)
{
    struct view_key prefix;
    struct bytes key, value;
    filed_prefix(regency, &prefix);
    int status = views->next(views->arg, VIEW_FILED, view_key_bytes(&prefix), view_key_bytes(after),
                             &key, &value);
    if (status != 0) {
        return status;
    }
    if (key.len != prefix.len + 12 || filed_view_decode(value, ret) != 0) {
        return ERR_FORMAT;
    }
    *ret_at = (struct filed_at){.id = ret->id,
                                .day = (int32_t)get_be32(key.data + prefix.len),
                                .position = get_be64(key.data + prefix.len + 4)};
    view_key_init(after, key);
    return 0;
}

static int claim_later(const struct views *views, const struct claim *claim,
                       struct claim_facts *facts)
{
    struct view_key after;
    struct filed_at at;
    struct filed_view filed;
    int status = 0;
    filed_before(claim->regency, claim->until + 1, &after);
    for (size_t i = 0; i < CLAIM_ROWS_MAX && !facts->later; i++) {
        status = filed_next(views, claim->regency, &after, &at, &filed);
        if (status != 0) {
            break;
        }
        facts->later = speaks_of(claim->scope, &filed);
        facts->later_by = at;
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

int claim_judge(const struct views *views, const struct claim *claim, struct claim_facts *ret)
{
    struct claim_facts facts = {.contradicted = 0};
    struct view_key after;
    struct filed_at at;
    struct filed_view filed;
    int status = 0;
    filed_before(claim->regency, claim->from, &after);
    for (size_t i = 0; i < CLAIM_ROWS_MAX; i++) {
        status = filed_next(views, claim->regency, &after, &at, &filed);
        if (status != 0 || at.day > claim->until) {
            break;
        }
        if (speaks_of(claim->scope, &filed)) {
            facts.by = facts.contradicted == 0 ? at : facts.by;
            facts.contradicted++;
        }
    }
    status = status == ERR_NOT_FOUND ? 0 : status;
    status = status != 0 ? status : claim_later(views, claim, &facts);
    if (status == 0) {
        *ret = facts;
    }
    return status;
}

/* ---- one regency, one period ---- */
void completeness_begin(struct completeness *completeness, const struct completeness_ask *ask)
{
    ASSERT(ask->period.until >= ask->period.from &&
           ask->period.until - ask->period.from < PERIOD_DAYS_MAX);
    ASSERT(ask->scope > 0 && ask->scope < SCOPE_COUNT);
    *completeness = (struct completeness){.ask = *ask};
    view_key_init(&completeness->after, (struct bytes){0});
}

/* The days of the period that a claim speaks of; until before from: none. */
static struct period shared_days(const struct period *period, const struct claim *claim)
{
    return (struct period){.from = claim->from > period->from ? claim->from : period->from,
                           .until = claim->until < period->until ? claim->until : period->until};
}

/* The same as bits from the period's first day. */
static uint32_t days_of(const struct period *period, const struct claim *claim)
{
    struct period shared = shared_days(period, claim);
    uint32_t days = 0;
    for (int32_t day = shared.from; day <= shared.until; day++) {
        days |= 1u << (unsigned)(day - period->from);
    }
    return days;
}

static void say(uint32_t masks[SCOPE_MASKS], int scope, uint32_t days)
{
    if (scope == FOR_ALL || PLANTED(ZERO_ANY_SCOPE)) {
        for (size_t i = 0; i < SCOPE_MASKS; i++) {
            masks[i] |= days;
        }
    } else {
        masks[scope - FOR_PNS] |= days;
    }
}

static bool said_whole(const struct completeness *completeness, const uint32_t masks[SCOPE_MASKS])
{
    const struct period *period = &completeness->ask.period;
    uint32_t whole = (uint32_t)((UINT64_C(1) << (period->until - period->from + 1)) - 1);
    bool all = true;
    for (int i = 0; i < MASK_ALL; i++) {
        bool asked = completeness->ask.scope == FOR_ALL || completeness->ask.scope - FOR_PNS == i;
        all = all && (!asked || masks[i] == whole);
    }
    return all;
}

/* The one that is shown: the first that speaks of the most days. */
static void keep_claim(struct completeness *completeness, const struct claim *claim)
{
    const struct period *period = &completeness->ask.period;
    struct bytes name = claim->view.stated_name;
    struct period kept = shared_days(period, &completeness->claim);
    struct period other = shared_days(period, claim);
    if (completeness->claim.position != 0 && kept.until - kept.from >= other.until - other.from) {
        return;
    }
    completeness->claim = *claim;
    (void)snprintf(completeness->stated_name, sizeof completeness->stated_name, "%.*s",
                   (int)name.len, (const char *)name.data);
    completeness->claim.regency = bytes_of_text(completeness->ask.regency);
    completeness->claim.view.stated_name = bytes_of_text(completeness->stated_name);
}

static int zeros_step(struct completeness *completeness, const struct views *views)
{
    const struct completeness_ask *ask = &completeness->ask;
    struct view_key prefix;
    struct bytes key, value;
    struct claim claim;
    filed_prefix(bytes_of_text(ask->regency), &prefix);
    int status = views->next(views->arg, VIEW_ZEROS, view_key_bytes(&prefix),
                             view_key_bytes(&completeness->after), &key, &value);
    status = status != 0 ? status : claim_read(key, value, &claim);
    if (status == ERR_NOT_FOUND || (status == 0 && claim.from > ask->period.until)) {
        completeness->stage = COMPLETENESS_REPORTS;
        filed_before(bytes_of_text(ask->regency), ask->period.from, &completeness->after);
        return 0;
    }
    if (status != 0) {
        return status;
    }
    view_key_init(&completeness->after, key);
    uint32_t days = days_of(&ask->period, &claim);
    bool asked = ask->scope == FOR_ALL || claim.scope == FOR_ALL || claim.scope == ask->scope ||
                 PLANTED(ZERO_ANY_SCOPE);
    if (days == 0 || !asked) {
        return 0;
    }
    keep_claim(completeness, &claim);
    say(completeness->said, claim.scope, days);
    say(completeness->said_on_time, claim.scope,
        arrival_on_time(&claim.view.arrival, ask->due) ? days : 0);
    say(completeness->came, claim.scope,
        arrival_came_on_time(&claim.view.arrival, ask->due) ? days : 0);
    return 0;
}

/* Whether a claim speaks of this day and of somebody in the report. */
static bool contradicts(const struct completeness *completeness, int32_t day,
                        const struct filed_view *filed)
{
    uint32_t bit = 1u << (unsigned)(day - completeness->ask.period.from);
    bool found = (completeness->said[MASK_ALL] & bit) != 0;
    for (int i = 0; i < MASK_ALL; i++) {
        found = found || ((completeness->said[i] & bit) != 0 && speaks_of(FOR_PNS + i, filed));
    }
    return found;
}

static void judge(struct completeness *completeness)
{
    completeness->zero = said_whole(completeness, completeness->said);
    completeness->partly_zero = !completeness->zero && completeness->claim.position != 0;
    completeness->received = completeness->zero || completeness->report;
    completeness->on_time =
        completeness->report_on_time || said_whole(completeness, completeness->said_on_time);
    completeness->came_on_time =
        completeness->report_came_on_time || said_whole(completeness, completeness->came);
    completeness->stage = COMPLETENESS_DONE;
}

static int reports_step(struct completeness *completeness, const struct views *views)
{
    const struct completeness_ask *ask = &completeness->ask;
    struct filed_at at;
    struct filed_view filed;
    bool enough = completeness->report_on_time && completeness->report_came_on_time &&
                  completeness->claim.position == 0;
    int status =
        enough ? ERR_NOT_FOUND
               : filed_next(views, bytes_of_text(ask->regency), &completeness->after, &at, &filed);
    if (status == ERR_NOT_FOUND || (status == 0 && at.day > ask->period.until)) {
        judge(completeness);
        return 0;
    }
    if (status != 0 || !speaks_of(ask->scope, &filed)) {
        return status;
    }
    if ((filed.how & FILED_HERE) != 0) {
        completeness->report = true;
        completeness->report_on_time |= arrival_on_time(&filed.arrival, ask->due);
        completeness->report_came_on_time |= arrival_came_on_time(&filed.arrival, ask->due);
    }
    if (contradicts(completeness, at.day, &filed)) {
        completeness->by = completeness->contradicted == 0 ? at : completeness->by;
        completeness->contradicted++;
    }
    return 0;
}

int completeness_step(struct completeness *completeness, const struct views *views, size_t rows_max)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < rows_max && completeness->stage != COMPLETENESS_DONE;
         i++) {
        status = completeness->stage == COMPLETENESS_ZEROS ? zeros_step(completeness, views)
                                                           : reports_step(completeness, views);
    }
    return status;
}
