#include "core/cases/match_judge.h"

#include "core/base/plant.h"
#include "core/cases/match_names.h"

#include <string.h>

#define DAYS_ARTEFACT_MAX 4 /* from the first to the last: merging does not walk */
#define DAYS_REVIEW_MAX 7
#define DAYS_PLACE_MAX 2
#define DAYS_BARE_MAX 2
#define DAYS_KNOWN_MAX 7 /* a report must come within 7 days of becoming known */
#define DAYS_KNOWN_REVIEW_MAX 21
#define DAYS_KNOWN_LATE_MAX 60 /* a referral comes weeks later */

enum who { WHO_OTHER, WHO_MAYBE, WHO_WEAK, WHO_LIKELY, WHO_SURE };
enum what { WHAT_OTHER, WHAT_MAYBE, WHAT_BARE, WHAT_PLACE, WHAT_ARTEFACT };

static void agreed(struct judgement *judgement, const char *field)
{
    if (judgement->field_count < sizeof judgement->fields / sizeof judgement->fields[0]) {
        judgement->fields[judgement->field_count++] = field;
    }
}

static bool artefact_shared(const struct traits *a, const struct traits *b)
{
    return traits_share(&a->links, &b->links) || traits_share(&a->files, &b->files);
}

/* ---- who ---- */
/* A NIP begins with YYYYMMDD, a NIK has DDMMYY after its region, 40 more for women. */
static bool births_differ(struct bytes nip, struct bytes nik)
{
    if (nip.len != 18 || nik.len != 16) {
        return false;
    }
    char first = (char)(nik.data[6] >= '4' ? nik.data[6] - 4 : nik.data[6]);
    return first != (char)nip.data[6] || nik.data[7] != nip.data[7] ||
           memcmp(nik.data + 8, nip.data + 4, 2) != 0 ||
           memcmp(nik.data + 10, nip.data + 2, 2) != 0;
}

struct person {
    enum number_likeness nip, nik;
    enum name_likeness names;
    enum likeness units, positions;
    bool artefact;
};

static enum who numbers_say(const struct traits *a, const struct traits *b,
                            const struct person *person)
{
    bool equal = person->nip == NUMBERS_EQUAL || person->nik == NUMBERS_EQUAL;
    bool differ = person->nip == NUMBERS_DIFFER || person->nik == NUMBERS_DIFFER;
    if (PLANTED(OTHER_PERSON) && person->names == NAMES_EQUAL) {
        return WHO_SURE;
    }
    if (equal) {
        return differ || person->names == NAMES_DIFFER || person->nip == NUMBERS_NEAR ? WHO_MAYBE
                                                                                      : WHO_SURE;
    }
    if (differ) {
        bool changed = match_contract_changed(trait_bytes(&a->nip), trait_bytes(&b->nip));
        bool alike = person->names == NAMES_EQUAL && (changed || person->units == LIKE_EQUAL) &&
                     person->artefact;
        return alike ? WHO_MAYBE : WHO_OTHER;
    }
    if (person->nip == NUMBERS_NEAR) {
        bool sure = person->names == NAMES_EQUAL && person->units == LIKE_EQUAL && person->artefact;
        return sure ? WHO_WEAK : (person->names == NAMES_DIFFER ? WHO_OTHER : WHO_MAYBE);
    }
    return WHO_LIKELY;
}

/* Without a number: name, unit, position. */
static enum who name_says(const struct person *person)
{
    bool elsewhere = person->units == LIKE_DIFFERENT || person->units == LIKE_SIMILAR;
    if (person->names == NAMES_DIFFER || (elsewhere && !PLANTED(NAMESAKE_ELSEWHERE))) {
        return WHO_OTHER;
    }
    if (person->names == NAMES_MAYBE || person->positions == LIKE_DIFFERENT ||
        person->positions == LIKE_SIMILAR) {
        return WHO_MAYBE;
    }
    if (person->names == NAMES_SINGLE) {
        return person->units == LIKE_EQUAL ? WHO_WEAK : WHO_MAYBE;
    }
    return person->units == LIKE_EQUAL || elsewhere ? WHO_LIKELY : WHO_WEAK;
}

static enum who judge_who(const struct traits *a, const struct traits *b, struct judgement *ret)
{
    struct person person = {
        .nip = match_numbers(trait_bytes(&a->nip), trait_bytes(&b->nip)),
        .nik = match_numbers(trait_bytes(&a->nik), trait_bytes(&b->nik)),
        .names = match_names(trait_bytes(&a->name), trait_bytes(&b->name)),
        .units = match_words(trait_bytes(&a->unit), trait_bytes(&b->unit)),
        .positions = match_words(trait_bytes(&a->position), trait_bytes(&b->position)),
        .artefact = artefact_shared(a, b),
    };
    bool one_regency = bytes_equal(trait_bytes(&a->regency), trait_bytes(&b->regency));
    enum who numbers = numbers_say(a, b, &person);
    if (numbers == WHO_SURE) {
        agreed(ret, person.nip == NUMBERS_EQUAL ? "nip" : "nik");
        agreed(ret, "name");
        return WHO_SURE;
    }
    if (numbers != WHO_LIKELY && numbers != WHO_WEAK) {
        agreed(ret, numbers == WHO_MAYBE ? "nip" : "");
        return numbers;
    }
    enum who names = name_says(&person);
    if (!one_regency) {
        return WHO_OTHER;
    }
    bool births = births_differ(trait_bytes(&a->nip), trait_bytes(&b->nik)) ||
                  births_differ(trait_bytes(&b->nip), trait_bytes(&a->nik));
    if (births && names > WHO_MAYBE) {
        names = WHO_MAYBE;
    }
    agreed(ret, "name");
    if (person.units == LIKE_EQUAL || person.units == LIKE_WITHIN) {
        agreed(ret, "unit");
    }
    return names < numbers ? names : numbers;
}

/* ---- what ---- */
static int32_t span_of(const struct traits *a, const struct traits *b)
{
    int32_t first = a->day_first < b->day_first ? a->day_first : b->day_first;
    int32_t last = a->day_last > b->day_last ? a->day_last : b->day_last;
    int64_t span = (int64_t)last - first;
    return span > INT32_MAX ? INT32_MAX : (int32_t)span;
}

static enum what by_artefact(const struct traits *a, const struct traits *b, int32_t span)
{
    if (!a->dated || !b->dated) {
        return span <= DAYS_KNOWN_LATE_MAX ? WHAT_ARTEFACT : WHAT_MAYBE;
    }
    if (span > DAYS_ARTEFACT_MAX) {
        return span <= DAYS_REVIEW_MAX ? WHAT_MAYBE : WHAT_OTHER;
    }
    bool other_link =
        a->links.count > 0 && b->links.count > 0 && !traits_share(&a->links, &b->links);
    return other_link && !PLANTED(OTHER_ACT) ? WHAT_MAYBE : WHAT_ARTEFACT;
}

/* Neither says where: the same kind of act, a day or two apart. */
static enum what by_kind(const struct traits *a, const struct traits *b, int32_t span)
{
    bool one_form = bytes_equal(trait_bytes(&a->form), trait_bytes(&b->form));
    bool told = a->links.count + b->links.count > 0 || a->place.len + b->place.len > 0;
    if (span == 0) {
        return one_form || told ? WHAT_BARE : WHAT_MAYBE;
    }
    return told && span <= DAYS_BARE_MAX ? WHAT_BARE : WHAT_MAYBE;
}

static enum what by_known_day(bool placed, int32_t span)
{
    if (span <= DAYS_KNOWN_MAX) {
        return placed ? WHAT_PLACE : WHAT_BARE;
    }
    return span <= DAYS_KNOWN_REVIEW_MAX ? WHAT_MAYBE : WHAT_OTHER;
}

/* The day is said on both sides. */
static enum what by_place(const struct traits *a, const struct traits *b, int32_t span,
                          enum likeness places)
{
    bool one_kind = (a->groups & b->groups) != 0;
    bool placed = places == LIKE_EQUAL || places == LIKE_WITHIN;
    if (span > DAYS_PLACE_MAX) {
        return placed && one_kind && span <= DAYS_ARTEFACT_MAX ? WHAT_MAYBE : WHAT_OTHER;
    }
    if (placed || places == LIKE_SIMILAR) {
        return placed && one_kind ? WHAT_PLACE : WHAT_MAYBE;
    }
    return one_kind ? by_kind(a, b, span) : WHAT_OTHER;
}

static enum what by_day(const struct traits *a, const struct traits *b, int32_t span, bool sure)
{
    enum likeness places = match_words(trait_bytes(&a->place), trait_bytes(&b->place));
    if (places == LIKE_DIFFERENT && !PLANTED(OTHER_ACT)) {
        return WHAT_OTHER;
    }
    if (a->links.count > 0 && b->links.count > 0 && !PLANTED(OTHER_ACT)) {
        return sure && span == 0 ? WHAT_MAYBE : WHAT_OTHER; /* two posts of one day are two acts */
    }
    if (a->dated && b->dated) {
        return by_place(a, b, span, places);
    }
    bool placed = places == LIKE_EQUAL || places == LIKE_WITHIN;
    return (a->groups & b->groups) != 0 ? by_known_day(placed, span) : WHAT_OTHER;
}

static enum what judge_what(const struct traits *a, const struct traits *b, bool sure,
                            struct judgement *ret)
{
    bool artefact = artefact_shared(a, b);
    int32_t span = span_of(a, b);
    if (a->side != 0 && b->side != 0 && a->side != b->side && !PLANTED(EITHER_SIDE)) {
        return WHAT_OTHER;
    }
    enum what what = artefact ? by_artefact(a, b, span) : by_day(a, b, span, sure);
    if ((a->side == 0 || b->side == 0) && what > WHAT_MAYBE) {
        what = WHAT_MAYBE;
    }
    if (artefact) {
        agreed(ret, "artefact");
    } else {
        agreed(ret, what == WHAT_PLACE ? "place" : "form");
    }
    agreed(ret, "occurred_on");
    return what;
}

/* ---- both ---- */
static const char *rule_of(enum who who, enum what what)
{
    static const char *const rules[2][3] = {
        {"person_day", "person_place", "person_artefact"},
        {"number_day", "number_place", "number_artefact"},
    };
    int column = what == WHAT_ARTEFACT ? 2 : (what == WHAT_PLACE ? 1 : 0);
    return rules[who == WHO_SURE][column];
}

void match_judge(const struct traits *report, const struct traits *known, struct judgement *ret)
{
    memset(ret, 0, sizeof *ret);
    enum who who = judge_who(report, known, ret);
    if (who == WHO_OTHER) {
        return;
    }
    enum what what = judge_what(report, known, who == WHO_SURE, ret);
    if (what == WHAT_OTHER) {
        return;
    }
    int32_t span = span_of(report, known);
    uint32_t off = (uint32_t)(span < 10 ? span : 10) * 10;
    ret->score_milli = (uint32_t)who * 125 + (uint32_t)what * 125 - off;
    ret->rule = rule_of(who, what);
    ret->fragile = who == WHO_WEAK || what == WHAT_BARE;
    bool same = who >= WHO_WEAK && what >= WHAT_BARE && !(who == WHO_WEAK && what == WHAT_BARE);
    ret->verdict = same ? VERDICT_SAME : VERDICT_MAYBE;
}
