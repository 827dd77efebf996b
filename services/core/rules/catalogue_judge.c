/* Looking things up in a catalogue: severity, sanctions, phases, deadlines. */
#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/rules/catalogue_rows.h"
#include "core/wire/entry.h"

#include <string.h>

const char *severity_name(enum severity severity)
{
    static const char *const names[SEVERITY_COUNT] = {"unspecified", "moral", "sedang", "berat",
                                                      "ptdh"};
    ASSERT((unsigned)severity < SEVERITY_COUNT);
    return names[severity];
}

const char *determination_phase_name(enum determination_phase phase)
{
    static const char *const names[] = {"unknown", "before_determination", "after_determination"};
    ASSERT((unsigned)phase < sizeof names / sizeof names[0]);
    return names[phase];
}

const char *campaign_phase_name(enum campaign_phase phase)
{
    static const char *const names[] = {"unknown", "before_campaign", "during_campaign",
                                        "after_campaign"};
    ASSERT((unsigned)phase < sizeof names / sizeof names[0]);
    return names[phase];
}

void catalogue_info(const struct catalogue *catalogue, struct catalogue_info *ret)
{
    const struct version_row *version = ROW(catalogue, FILE_VERSION, version_row, 0);
    *ret = (struct catalogue_info){.number = (uint32_t)version->number,
                                   .day = version->day,
                                   .forms = catalogue->rows[FILE_FORMS].count,
                                   .sanctions = catalogue->rows[FILE_SANCTIONS].count,
                                   .regions = catalogue->rows[FILE_REGIONS].count,
                                   .holidays = catalogue->rows[FILE_HOLIDAYS].count};
}

bool catalogue_regency_at(const struct catalogue *catalogue, size_t index, struct bytes *ret_code,
                          struct bytes *ret_name)
{
    if (index >= catalogue->rows[FILE_REGIONS].count) {
        return false;
    }
    *ret_code = ROW(catalogue, FILE_REGIONS, region_row, index)->code;
    *ret_name = ROW(catalogue, FILE_REGIONS, region_row, index)->name;
    return true;
}

bool catalogue_form_code_at(const struct catalogue *catalogue, size_t index, struct bytes *ret)
{
    if (index >= catalogue->rows[FILE_FORMS].count) {
        return false;
    }
    *ret = ROW(catalogue, FILE_FORMS, form_row, index)->code;
    return true;
}

bool catalogue_has_regency(const struct catalogue *catalogue, struct bytes code)
{
    struct bytes found, name;
    size_t i = 0;
    while (catalogue_regency_at(catalogue, i, &found, &name) && !bytes_equal(found, code)) {
        i++;
    }
    return i < catalogue->rows[FILE_REGIONS].count;
}

/* ---- rows by code ---- */
const struct form_row *catalogue_form_row(const struct catalogue *catalogue, struct bytes code)
{
    for (size_t i = 0; i < catalogue->rows[FILE_FORMS].count; i++) {
        const struct form_row *row = ROW(catalogue, FILE_FORMS, form_row, i);
        if (bytes_equal(row->code, code)) {
            return row;
        }
    }
    return NULL;
}

const struct sanction_row *catalogue_sanction_row(const struct catalogue *catalogue,
                                                  struct bytes code)
{
    for (size_t i = 0; i < catalogue->rows[FILE_SANCTIONS].count; i++) {
        const struct sanction_row *row = ROW(catalogue, FILE_SANCTIONS, sanction_row, i);
        if (bytes_equal(row->code, code)) {
            return row;
        }
    }
    return NULL;
}

const struct class_row *catalogue_class_row(const struct catalogue *catalogue, struct bytes code)
{
    for (size_t i = 0; i < catalogue->rows[FILE_CLASSES].count; i++) {
        const struct class_row *row = ROW(catalogue, FILE_CLASSES, class_row, i);
        if (bytes_equal(row->code, code)) {
            return row;
        }
    }
    return NULL;
}

/* ---- phases ---- */
/* The first election that is not over on this day; of later days the last one. */
static const struct election *election_at(const struct catalogue *catalogue, int32_t day)
{
    size_t last = catalogue->election_count - 1;
    for (size_t i = 0; i < last; i++) {
        if (day <= catalogue->elections[i].day[EVENT_UNTIL]) {
            return &catalogue->elections[i];
        }
    }
    return &catalogue->elections[last];
}

void catalogue_moment(const struct catalogue *catalogue, int32_t day, struct catalogue_moment *ret)
{
    const struct election *election = election_at(catalogue, day);
    const int32_t *days = election->day;
    bool after = day >= days[EVENT_DETERMINATION];
    *ret = (struct catalogue_moment){.election = election->name};
    if (PLANTED(DETERMINATION_LATE)) {
        after = day > days[EVENT_DETERMINATION];
    }
    ret->determination = after ? DETERMINATION_AFTER : DETERMINATION_BEFORE;
    ret->campaign = CAMPAIGN_DURING;
    if (day < days[EVENT_CAMPAIGN_FROM]) {
        ret->campaign = CAMPAIGN_BEFORE;
    } else if (day > days[EVENT_CAMPAIGN_UNTIL]) {
        ret->campaign = CAMPAIGN_AFTER;
    }
    ret->quiet = election->has[EVENT_QUIET_FROM] && election->has[EVENT_QUIET_UNTIL] &&
                 day >= days[EVENT_QUIET_FROM] && day <= days[EVENT_QUIET_UNTIL];
    ret->disputed = after && election->has[EVENT_DETERMINATION_PRESIDENT] &&
                    day < days[EVENT_DETERMINATION_PRESIDENT];
}

static bool fits(const struct form_row *form, const struct catalogue_moment *moment)
{
    switch ((enum form_phase)form->phase) {
    case FORM_BEFORE:
        return moment->determination != DETERMINATION_AFTER;
    case FORM_AFTER:
        return moment->determination != DETERMINATION_BEFORE;
    case FORM_CAMPAIGN:
        return moment->campaign == CAMPAIGN_DURING || moment->campaign == CAMPAIGN_UNKNOWN;
    case FORM_ANY:
        break;
    }
    return true;
}

/* The same act on the other side of the determination; NULL: there is none. */
static const struct form_row *counterpart(const struct catalogue *catalogue,
                                          const struct form_row *form,
                                          const struct catalogue_moment *moment)
{
    bool after = moment->determination == DETERMINATION_AFTER;
    for (size_t i = 0; i < catalogue->rows[FILE_COUNTERPARTS].count; i++) {
        const struct counterpart_row *row = ROW(catalogue, FILE_COUNTERPARTS, counterpart_row, i);
        if (bytes_equal(after ? row->before : row->after, form->code)) {
            return catalogue_form_row(catalogue, after ? row->after : row->before);
        }
    }
    return NULL;
}

/* ---- sanctions ---- */
static bool has_code(const struct codes *codes, struct bytes code)
{
    for (size_t i = 0; i < codes->count; i++) {
        if (bytes_equal(codes->list[i], code)) {
            return true;
        }
    }
    return false;
}

/* Of what the class allows for this severity, what the form names itself; where it names none of
 * them, all that the class allows. */
static void sanctions_of(const struct form_row *form, const struct class_sanction_row *row,
                         struct catalogue_verdict *ret)
{
    bool own = false;
    for (size_t i = 0; i < row->sanctions.count; i++) {
        own = own || has_code(&form->sanctions, row->sanctions.list[i]);
    }
    for (size_t i = 0; i < row->sanctions.count; i++) {
        if (!own || has_code(&form->sanctions, row->sanctions.list[i])) {
            ret->sanctions[ret->sanction_count++] = row->sanctions.list[i];
        }
    }
}

static void class_verdict(const struct catalogue *catalogue, const struct form_row *form,
                          const struct class_row *class, struct catalogue_verdict *ret)
{
    bool unknown = bytes_equal(class->code, bytes_of_text("unknown"));
    ret->class = class->code;
    ret->asn = class->asn == 1;
    ret->authority = class->authority;
    for (size_t i = 0; i < catalogue->rows[FILE_CLASS_SANCTIONS].count; i++) {
        const struct class_sanction_row *row =
            ROW(catalogue, FILE_CLASS_SANCTIONS, class_sanction_row, i);
        if (!bytes_equal(row->class, class->code) || row->severity != form->severity) {
            continue;
        }
        if (unknown && form->severity != SEVERITY_UNSPECIFIED) {
            ret->sanction_count = row->sanctions.count;
            memcpy(ret->sanctions, row->sanctions.list, sizeof row->sanctions.list);
        } else {
            sanctions_of(form, row, ret);
        }
        return;
    }
}

bool catalogue_judge(const struct catalogue *catalogue, const struct catalogue_act *act,
                     struct catalogue_verdict *ret)
{
    const struct form_row *form = catalogue_form_row(catalogue, act->form);
    const struct class_row *class = catalogue_class_row(catalogue, act->class);
    *ret = (struct catalogue_verdict){.reported = act->form};
    if (form == NULL) {
        return false;
    }
    if (act->has_day) {
        catalogue_moment(catalogue, act->day, &ret->moment);
    }
    if (!fits(form, &ret->moment)) {
        const struct form_row *other = counterpart(catalogue, form, &ret->moment);
        ret->outside = other == NULL;
        form = other == NULL ? form : other;
    }
    ret->applied = form->code;
    ret->legal_basis = form->head.legal_basis;
    ret->severity = (enum severity)form->severity;
    ret->referred = has_code(&form->sanctions, bytes_of_text("REFER"));
    for (size_t i = 0; i < catalogue->rows[FILE_DISAGREEMENTS].count; i++) {
        const struct disagreement_row *row =
            ROW(catalogue, FILE_DISAGREEMENTS, disagreement_row, i);
        if (bytes_equal(row->form, form->code)) {
            ret->other_source = row->head.source;
            ret->other_severity = (enum severity)row->severity;
        }
    }
    for (size_t i = 0; i < catalogue->rows[FILE_EXEMPTIONS].count; i++) {
        ret->permitted_on_leave =
            ret->permitted_on_leave ||
            bytes_equal(ROW(catalogue, FILE_EXEMPTIONS, exemption_row, i)->form, form->code);
    }
    if (class == NULL) {
        class = catalogue_class_row(catalogue, bytes_of_text("unknown"));
    }
    ASSERT(class != NULL); /* a catalogue without it is none */
    class_verdict(catalogue, form, class, ret);
    return true;
}

bool catalogue_has_form(const struct catalogue *catalogue, struct bytes code)
{
    return catalogue_form_row(catalogue, code) != NULL;
}

bool catalogue_has_sanction(const struct catalogue *catalogue, struct bytes code)
{
    return catalogue_sanction_row(catalogue, code) != NULL;
}

bool catalogue_permits(const struct catalogue_verdict *verdict, struct bytes sanction)
{
    if (PLANTED(ANY_SANCTION)) {
        return true;
    }
    for (size_t i = 0; i < verdict->sanction_count; i++) {
        if (bytes_equal(verdict->sanctions[i], sanction)) {
            return true;
        }
    }
    return false;
}

#define EMPLOYMENT_UNKNOWN 6
#define NIP_DIGITS 18u

struct bytes catalogue_class(int stated, struct bytes nip)
{
    if (stated > 0 && stated < EMPLOYMENT_UNKNOWN) {
        return bytes_of_text(employment_names[stated]);
    }
    for (size_t i = 0; i < nip.len; i++) {
        if (nip.data[i] < '0' || nip.data[i] > '9') {
            return bytes_of_text("unknown");
        }
    }
    if (nip.len != NIP_DIGITS) {
        return bytes_of_text("unknown");
    }
    unsigned month = (unsigned)(nip.data[12] - '0') * 10 + (unsigned)(nip.data[13] - '0');
    if (month >= 1 && month <= 12) {
        return bytes_of_text("pns");
    }
    return bytes_of_text(month >= 21 ? "pppk" : "unknown");
}

/* ---- deadlines ---- */
#define DAY_MAX 84000 /* the year 2200, as far as text.h reads days */

bool catalogue_working_day(const struct catalogue *catalogue, int32_t day)
{
    int weekday = (((day % 7) + 7 + 3) % 7); /* 1970-01-01 was a Thursday; 0: Monday */
    if (weekday >= 5) {
        return false;
    }
    for (size_t i = 0; i < catalogue->rows[FILE_HOLIDAYS].count; i++) {
        if (ROW(catalogue, FILE_HOLIDAYS, holiday_row, i)->day == day) {
            return false;
        }
    }
    return true;
}

static void due_day(const struct catalogue *catalogue, int32_t since, struct catalogue_due *due)
{
    const struct version_row *version = ROW(catalogue, FILE_VERSION, version_row, 0);
    uint32_t left = due->days;
    int32_t day = since;
    if (!due->working) {
        due->day = since + (int32_t)due->days;
        return;
    }
    while (left > 0) {
        day++;
        left -= catalogue_working_day(catalogue, day) ? 1 : 0;
    }
    due->day = day;
    due->uncertain = since < version->holidays_from || day > version->holidays_until;
}

#define LEFT_WORKING_MAX 3660 /* beyond ten years nobody asks for working days */

int64_t catalogue_days_left(const struct catalogue *catalogue, const struct catalogue_due *due,
                            int32_t today)
{
    int32_t from = today < due->day ? today : due->day;
    int32_t until = today < due->day ? due->day : today;
    int64_t count = 0;
    if (!due->working || until - from > LEFT_WORKING_MAX) {
        return (int64_t)due->day - today;
    }
    for (int32_t day = from; day < until; day++) {
        count += catalogue_working_day(catalogue, day + 1) ? 1 : 0;
    }
    /* On a weekend after the last day no working day was lost, and yet it is past. */
    return today <= due->day ? count : -(count > 0 ? count : 1);
}

/* "pilkada" of "pilkada-2024" */
static bool for_election(struct bytes kind, struct bytes election)
{
    return bytes_equal(kind, bytes_of_text("any")) ||
           (election.len > kind.len && election.data[kind.len] == '-' &&
            memcmp(election.data, kind.data, kind.len) == 0);
}

size_t catalogue_due(const struct catalogue *catalogue, struct bytes state, struct bytes election,
                     int32_t since, struct catalogue_due ret[CATALOGUE_DUE_MAX])
{
    size_t count = 0;
    if (since < 0 || since > DAY_MAX) {
        return 0;
    }
    for (size_t i = 0; i < catalogue->rows[FILE_DEADLINES].count; i++) {
        const struct deadline_row *row = ROW(catalogue, FILE_DEADLINES, deadline_row, i);
        if (count == CATALOGUE_DUE_MAX || !bytes_equal(row->state, state) ||
            !for_election(row->election, election)) {
            continue;
        }
        ret[count] = (struct catalogue_due){.code = row->code,
                                            .name = row->name_en,
                                            .legal_basis = row->head.legal_basis,
                                            .source = row->head.source,
                                            .days = (uint32_t)row->days,
                                            .working = row->unit == UNIT_WORKING};
        due_day(catalogue, since, &ret[count]);
        count++;
    }
    return count;
}
