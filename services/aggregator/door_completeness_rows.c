/* completeness: what a row says. */
#include "aggregator/door_completeness.h"

#include "core/wire/report_json.h"

/* ---- what stands about a line ---- */
static const struct peer *peer_of(const struct aggregator *aggregator, const char *regency)
{
    const struct peer *found = NULL;
    for (const struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        if (peer->active && strcmp(peer->regency, regency) == 0) {
            found = peer; /* the newest is the last */
        }
    }
    return found;
}

/* The four meanings of silence; null: there are reports. A zero stays one when it is contradicted:
 * both are shown. */
static const char *silence_of(const struct completeness *cell, const struct peer *peer)
{
    if (cell->received) {
        return cell->zero ? "zero" : NULL;
    }
    if (peer != NULL && peer->intake.node_backlog > 0) {
        return "backlog";
    }
    return peer != NULL && !net_connected(peer) ? "line_down" : "not_reporting";
}

static json_t *since_json(int64_t ms)
{
    return ms == 0 ? json_null() : json_integer((json_int_t)ms);
}

static void line_into(json_t *row, const struct peer *peer)
{
    bool down = peer != NULL && !net_connected(peer);
    bool waits = peer != NULL && peer->intake.node_backlog > 0;
    (void)json_object_set_new(row, "node",
                              json_string(peer == NULL ? "none"
                                          : down       ? "disconnected"
                                                       : "connected"));
    bool heard = peer != NULL && peer->heard_wall_ms != 0; /* before, nobody knows */
    (void)json_object_set_new(
        row, "backlog", heard ? json_integer((json_int_t)peer->intake.node_backlog) : json_null());
    (void)json_object_set_new(row, "oldest_since_ms",
                              since_json(waits ? peer->intake.oldest_since_ms : 0));
    (void)json_object_set_new(row, "down_since_ms", since_json(down ? peer->heard_wall_ms : 0));
}

/* ---- rows ---- */
static json_t *day_json(int32_t day)
{
    char text[DAY_TEXT_CAPACITY];
    return json_string(day_to_text(day, text));
}

static json_t *filed_json(const struct filed_at *at)
{
    char text[CASE_TEXT_CAPACITY], hex[HEX_CAPACITY(INCARNATION_BYTES)];
    (void)snprintf(text, sizeof text, "%s-%llu",
                   hex_encode(hex, at->id.incarnation.b, INCARNATION_BYTES),
                   (unsigned long long)at->id.seq);
    return json_string(text);
}

/* In per cent, two digits behind the point; nothing expected: null. */
static json_t *rate_json(uint64_t part, uint64_t whole)
{
    if (whole == 0) {
        return json_null();
    }
    uint64_t hundredths = part * 10000 / whole;
    return json_real((double)hundredths / 100.0);
}

static json_t *tally_json(const char *period, const struct period *days, const char *code,
                          const char *name, const struct tally *tally)
{
    json_t *row = json_pack("{s:s, s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:I}", "period", period,
                            "from", day_json(days->from), "until", day_json(days->until), "regency",
                            code, "name", name, "expected", (json_int_t)tally->expected, "received",
                            (json_int_t)tally->received, "on_time", (json_int_t)tally->on_time,
                            "came_on_time", (json_int_t)tally->came_on_time);
    (void)json_object_set_new(row, "reporting_rate", rate_json(tally->received, tally->expected));
    (void)json_object_set_new(row, "on_time_rate", rate_json(tally->on_time, tally->expected));
    (void)json_object_set_new(row, "came_on_time_rate",
                              rate_json(tally->came_on_time, tally->expected));
    return row;
}

static void arrival_into(json_t *row, const struct arrival *arrival)
{
    bool by_entry = false;
    (void)arrival_made_ms(arrival, &by_entry);
    (void)json_object_set_new(row, "entered_ms",
                              arrival->has_entered_ms ? json_integer(arrival->entered_ms)
                                                      : json_null());
    (void)json_object_set_new(row, "received_ms", json_integer(arrival->received_ms));
    (void)json_object_set_new(row, "clock_s",
                              arrival->has_clock ? json_integer(arrival->clock_s) : json_null());
    (void)json_object_set_new(row, "judged_by", json_string(by_entry ? "entry" : "arrival"));
}

static void claim_into(json_t *row, const struct claim *claim)
{
    (void)json_object_set_new(row, "zero_from", day_json(claim->from));
    (void)json_object_set_new(row, "zero_until", day_json(claim->until));
    (void)json_object_set_new(row, "zero_scope", json_string(scope_names[claim->scope]));
    (void)json_object_set_new(row, "stated_by", json_text(claim->view.stated_name));
    arrival_into(row, &claim->view.arrival);
}

static void contradiction_into(json_t *row, uint64_t count, const struct filed_at *by)
{
    (void)json_object_set_new(row, "contradicted", json_integer((json_int_t)count));
    (void)json_object_set_new(row, "contradicted_by", count == 0 ? json_null() : filed_json(by));
    (void)json_object_set_new(row, "contradicted_on", count == 0 ? json_null() : day_json(by->day));
}

void completeness_cell_row(struct asked *asked)
{
    const struct completeness *cell = &asked->cell;
    struct regency *regency = &asked->regencies[asked->regency_at];
    const struct peer *peer = peer_of(asked->slices.aggregator, regency->code);
    struct tally one = {1, cell->received, cell->on_time, cell->came_on_time};
    const char *silence = silence_of(cell, peer);
    char period[PERIOD_TEXT_CAPACITY];
    json_t *row = tally_json(period_text(asked->kind, &asked->period, period), &asked->period,
                             regency->code, regency->name, &one);
    (void)json_object_set_new(
        row, "due", cell->ask.due == PERIOD_DAY_MOST ? json_null() : day_json(cell->ask.due));
    (void)json_object_set_new(row, "scope", json_string(scope_names[asked->scope]));
    (void)json_object_set_new(row, "silence", silence == NULL ? json_null() : json_string(silence));
    (void)json_object_set_new(row, "partly_zero", json_boolean(cell->partly_zero));
    if (cell->claim.position != 0) {
        claim_into(row, &cell->claim);
    }
    contradiction_into(row, cell->contradicted, &cell->by);
    line_into(row, peer);
    door_call_row(asked->slices.call, row);
    struct tally *tallies[] = {&regency->tally, &asked->tally, &asked->all};
    for (size_t i = 0; i < sizeof tallies / sizeof tallies[0]; i++) {
        tallies[i]->expected += one.expected;
        tallies[i]->received += one.received;
        tallies[i]->on_time += one.on_time;
        tallies[i]->came_on_time += one.came_on_time;
    }
}

void completeness_province_row(struct asked *asked, const char *period, const struct period *days,
                               const struct tally *tally)
{
    const struct aggregator *aggregator = asked->slices.aggregator;
    door_call_row(asked->slices.call,
                  tally_json(period, days, aggregator->conf->province, "the province", tally));
}

/* Over all periods, where there are several. */
void completeness_sums(struct asked *asked)
{
    for (size_t i = 0; asked->periods > 1 && i < asked->regency_count; i++) {
        const struct regency *regency = &asked->regencies[i];
        door_call_row(asked->slices.call, tally_json("all", &asked->range, regency->code,
                                                     regency->name, &regency->tally));
    }
    if (asked->periods > 1) {
        completeness_province_row(asked, "all", &asked->range, &asked->all);
    }
}

/* ---- claims ---- */
int completeness_claim_row(struct asked *asked, const struct views *views, struct bytes key,
                           struct bytes value)
{
    struct claim claim;
    struct claim_facts facts;
    char regency[16];
    int rc = claim_read(key, value, &claim);
    if (rc != 0) {
        return rc;
    }
    bool wanted = (!asked->has_range ||
                   (claim.from <= asked->range.until && claim.until >= asked->range.from)) &&
                  (asked->scope == 0 || asked->scope == claim.scope);
    if (!wanted) {
        return 0;
    }
    (void)snprintf(regency, sizeof regency, "%.*s", (int)claim.regency.len,
                   (const char *)claim.regency.data);
    claim.regency = bytes_of_text(regency);
    json_t *row = json_pack("{s:s}", "regency", regency);
    claim_into(row, &claim); /* before its texts are gone */
    rc = claim_judge(views, &claim, &facts);
    if (rc != 0) {
        json_decref(row);
        return rc;
    }
    int32_t age = asked->today > claim.until ? asked->today - claim.until : 0;
    contradiction_into(row, facts.contradicted, &facts.by);
    (void)json_object_set_new(row, "age_days", json_integer(age));
    (void)json_object_set_new(row, "later_report",
                              facts.later ? filed_json(&facts.later_by) : json_null());
    (void)json_object_set_new(row, "later_on",
                              facts.later ? day_json(facts.later_by.day) : json_null());
    (void)json_object_set_new(row, "stale", json_boolean(facts.later || age > asked->stale_days));
    door_call_row(asked->slices.call, row);
    return 0;
}
