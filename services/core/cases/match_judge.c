#include "core/cases/match_judge.h"

#include "core/base/plant.h"
#include "core/cases/match_days.h"
#include "core/cases/match_names.h"

#include <string.h>

#define DAYS_ARTEFACT_MAX 4 /* from the first to the last: merging does not walk */
#define DAYS_REVIEW_MAX 7
#define DAYS_PLACE_MAX 2
#define DAYS_BARE_MAX 2
#define DAYS_EARLY_MAX 2 /* known before it happened: by a slip only */
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
    enum number_likeness nip, nik; /* the nearest two; UNKNOWN where one says none */
    bool number_differs;           /* some two do, and not as a contract's number changes */
    bool contract_changed;         /* some two do so */
    enum name_likeness names;      /* the nearest two */
    bool names_clash;              /* others have other initials */
    enum likeness units, positions;
    bool units_clash;
    bool account, contradicted; /* by birth or sex */
    bool one_post;              /* of which a unit has one */
    bool initials;              /* one of them gives nothing else */
};

static enum number_likeness numbers_nearest(const struct trait_texts *a,
                                            const struct trait_texts *b, bool *differs,
                                            bool *changed)
{
    enum number_likeness nearest = NUMBERS_UNKNOWN;
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            struct bytes one = trait_bytes(&a->list[i]), two = trait_bytes(&b->list[j]);
            enum number_likeness like = match_numbers(one, two);
            nearest = nearest == NUMBERS_UNKNOWN || like < nearest ? like : nearest;
            bool contract = like == NUMBERS_DIFFER && match_contract_changed(one, two);
            *changed = *changed || contract;
            *differs = *differs || (like == NUMBERS_DIFFER && !contract);
        }
    }
    return nearest;
}

static bool initials_differ(struct bytes a, struct bytes b)
{
    char one[MATCH_INITIALS_CAPACITY], two[MATCH_INITIALS_CAPACITY];
    size_t len = match_initials(a, false, one), other = match_initials(b, false, two);
    return len != other || memcmp(one, two, len) != 0;
}

static void names_compare(const struct traits *a, const struct traits *b, struct person *ret)
{
    ret->names = a->names.count == 0 || b->names.count == 0 ? NAMES_MAYBE : NAMES_DIFFER;
    for (size_t i = 0; i < a->names.count; i++) {
        for (size_t j = 0; j < b->names.count; j++) {
            struct bytes one = trait_bytes(&a->names.list[i]);
            struct bytes two = trait_bytes(&b->names.list[j]);
            enum name_likeness like = match_names(one, two);
            ret->names = like > ret->names ? like : ret->names;
            bool clash = like == NAMES_DIFFER && initials_differ(one, two);
            ret->names_clash = ret->names_clash || clash;
        }
    }
}

/* The nearest two. clash: whether some two are of different things; NULL: not asked. */
static enum likeness texts_nearest(const struct trait_texts *a, const struct trait_texts *b,
                                   bool *clash)
{
    enum likeness nearest = LIKE_UNKNOWN;
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            enum likeness like = match_words(trait_bytes(&a->list[i]), trait_bytes(&b->list[j]));
            nearest = nearest == LIKE_UNKNOWN || like < nearest ? like : nearest;
            if (clash != NULL) {
                *clash = *clash || like == LIKE_DIFFERENT || like == LIKE_SIMILAR;
            }
        }
    }
    return nearest;
}

static bool contradicted(const struct traits *a, const struct traits *b)
{
    return births_differ(trait_first(&a->nips), trait_first(&b->niks)) ||
           births_differ(trait_first(&b->nips), trait_first(&a->niks)) ||
           (a->sex != 0 && b->sex != 0 && (a->sex & b->sex) == 0);
}

/* A unit has one head and one secretary. */
static bool single_post(struct bytes position)
{
    static const char *const posts[] = {"kepala dinas",     "kepala badan", "kepala sekolah",
                                        "kepala puskesmas", "kepala desa",  "kecamatan",
                                        "kelurahan",        "sekretaris"};
    for (size_t i = 0; i < sizeof posts / sizeof posts[0]; i++) {
        size_t len = strlen(posts[i]);
        if (position.len >= len && memcmp(position.data, posts[i], len) == 0) {
            return true;
        }
    }
    return false;
}

static bool one_post(const struct traits *a, const struct traits *b)
{
    for (size_t i = 0; i < a->positions.count; i++) {
        struct bytes position = trait_bytes(&a->positions.list[i]);
        for (size_t j = 0; j < b->positions.count && single_post(position); j++) {
            if (bytes_equal(position, trait_bytes(&b->positions.list[j]))) {
                return true;
            }
        }
    }
    return false;
}

static void compare(const struct traits *a, const struct traits *b, struct person *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->nip = numbers_nearest(&a->nips, &b->nips, &ret->number_differs, &ret->contract_changed);
    bool unused = false;
    ret->nik = numbers_nearest(&a->niks, &b->niks, &ret->number_differs, &unused);
    names_compare(a, b, ret);
    ret->units = texts_nearest(&a->units, &b->units, &ret->units_clash);
    ret->positions = texts_nearest(&a->positions, &b->positions, NULL);
    ret->account = traits_share(&a->accounts, &b->accounts);
    ret->contradicted = contradicted(a, b);
    ret->one_post = ret->units == LIKE_EQUAL && one_post(a, b);
    ret->initials = a->initials != b->initials;
}

static bool unlike(enum likeness like)
{
    return like == LIKE_DIFFERENT || like == LIKE_SIMILAR;
}

/* Something else that is known of both speaks against it. */
static bool doubtful(const struct person *person)
{
    return person->names_clash || unlike(person->positions) ||
           (person->units_clash && !PLANTED(NAMESAKE_ELSEWHERE)) ||
           (person->contradicted && !PLANTED(CONTRADICTED_PERSON));
}

/* Nothing speaks against it: how much for it? */
static enum who likely(const struct person *person)
{
    bool placed = person->units == LIKE_EQUAL || person->account;
    if (person->names == NAMES_MAYBE) {
        return person->initials && person->one_post ? WHO_WEAK : WHO_MAYBE;
    }
    if (person->names == NAMES_SINGLE && person->one_post) {
        return WHO_LIKELY;
    }
    if (person->names != NAMES_EQUAL) {
        return placed ? WHO_WEAK : WHO_MAYBE;
    }
    return placed || unlike(person->units) ? WHO_LIKELY : WHO_WEAK;
}

/* Without a number: name, unit, position, account. */
static enum who name_says(const struct person *person)
{
    bool elsewhere = unlike(person->units);
    if (person->names == NAMES_DIFFER || (elsewhere && !PLANTED(NAMESAKE_ELSEWHERE))) {
        return WHO_OTHER;
    }
    if (person->names == NAMES_MAYBE && person->names_clash) {
        return WHO_OTHER;
    }
    return doubtful(person) ? WHO_MAYBE : likely(person);
}

/* Two numbers that are not one. */
static enum who other_number(const struct person *person, bool artefact)
{
    bool elsewhere = unlike(person->units) || person->units_clash;
    bool contract = person->contract_changed && !person->number_differs;
    if (contract && person->names == NAMES_EQUAL && !elsewhere && artefact) {
        return WHO_WEAK; /* a contract's number changes with the contract */
    }
    bool alike = person->names >= NAMES_SLIP && artefact &&
                 (person->contract_changed || person->units == LIKE_EQUAL);
    return alike ? WHO_MAYBE : WHO_OTHER;
}

/* A slip in the number is a reason for caution, or, where the name is the same, for trust. */
static enum who near_number(const struct person *person)
{
    enum who who = name_says(person);
    if (person->nip == NUMBERS_NEAR && person->names == NAMES_EQUAL && who == WHO_WEAK) {
        return WHO_LIKELY;
    }
    if (person->nip == NUMBERS_CLOSE && who > WHO_MAYBE) {
        return person->names == NAMES_EQUAL && who == WHO_LIKELY ? WHO_WEAK : WHO_MAYBE;
    }
    return who;
}

static enum who person_says(const struct person *person, bool artefact)
{
    bool equal = person->nip == NUMBERS_EQUAL || person->nik == NUMBERS_EQUAL;
    if (PLANTED(OTHER_PERSON) && person->names == NAMES_EQUAL) {
        return WHO_SURE;
    }
    if (equal) {
        return person->number_differs || person->names == NAMES_DIFFER ? WHO_MAYBE : WHO_SURE;
    }
    if ((person->number_differs || person->contract_changed) && !PLANTED(NUMBER_IGNORED)) {
        return other_number(person, artefact);
    }
    bool near = person->nip == NUMBERS_NEAR || person->nip == NUMBERS_CLOSE;
    return near ? near_number(person) : name_says(person);
}

static enum who judge_who(const struct traits *a, const struct traits *b, bool artefact,
                          struct judgement *ret)
{
    struct person person;
    compare(a, b, &person);
    enum who who = person_says(&person, artefact);
    if (who == WHO_OTHER) {
        return who;
    }
    if (person.nip == NUMBERS_EQUAL || person.nik == NUMBERS_EQUAL) {
        agreed(ret, person.nip == NUMBERS_EQUAL ? "nip" : "nik");
    } else if (!bytes_equal(trait_bytes(&a->regency), trait_bytes(&b->regency))) {
        return WHO_OTHER;
    }
    agreed(ret, "name");
    if (person.units == LIKE_EQUAL || person.units == LIKE_WITHIN) {
        agreed(ret, "unit");
    }
    if (person.account) {
        agreed(ret, "account");
    }
    return who;
}

/* ---- what ---- */
static enum what by_artefact(const struct traits *a, const struct traits *b,
                             const struct days *days)
{
    if (!a->dated || !b->dated) {
        return days->span <= DAYS_KNOWN_LATE_MAX && days->gap >= -DAYS_EARLY_MAX ? WHAT_ARTEFACT
                                                                                 : WHAT_MAYBE;
    }
    if (days->span > DAYS_ARTEFACT_MAX) {
        return days->span <= DAYS_REVIEW_MAX ? WHAT_MAYBE : WHAT_OTHER;
    }
    bool other_link =
        a->links.count > 0 && b->links.count > 0 && !traits_share(&a->links, &b->links);
    return other_link && !PLANTED(OTHER_ACT) ? WHAT_MAYBE : WHAT_ARTEFACT;
}

/* Neither says where: the same kind of act, a day or two apart. */
static enum what by_kind(const struct traits *a, const struct traits *b, const struct days *days)
{
    bool told = a->links.count + b->links.count > 0 || a->places.count + b->places.count > 0;
    if (days->gap == 0) {
        return (a->forms & b->forms) != 0 || told ? WHAT_BARE : WHAT_MAYBE;
    }
    return told && days->gap <= DAYS_BARE_MAX ? WHAT_BARE : WHAT_MAYBE;
}

static enum what by_known_day(bool placed, int32_t gap)
{
    if (gap < -DAYS_EARLY_MAX || gap > DAYS_KNOWN_REVIEW_MAX) {
        return WHAT_OTHER;
    }
    if (gap <= DAYS_KNOWN_MAX) {
        return placed ? WHAT_PLACE : WHAT_BARE;
    }
    return WHAT_MAYBE;
}

/* The day is said on both sides. */
static enum what by_place(const struct traits *a, const struct traits *b, const struct days *days,
                          enum likeness places)
{
    bool one_kind = (a->groups & b->groups) != 0;
    bool placed = places == LIKE_EQUAL || places == LIKE_WITHIN;
    if (days->gap > DAYS_PLACE_MAX || days->span > DAYS_ARTEFACT_MAX) {
        return placed && one_kind && days->gap <= DAYS_ARTEFACT_MAX ? WHAT_MAYBE : WHAT_OTHER;
    }
    if (placed || places == LIKE_SIMILAR) {
        return placed && one_kind ? WHAT_PLACE : WHAT_MAYBE;
    }
    /* The same persons on those days in the same kind of act: the same occasion. */
    if (one_kind && traits_share(&a->company, &b->company)) {
        return WHAT_PLACE;
    }
    return one_kind ? by_kind(a, b, days) : WHAT_OTHER;
}

static enum what by_day(const struct traits *a, const struct traits *b, const struct days *days,
                        bool sure)
{
    enum likeness places = texts_nearest(&a->places, &b->places, NULL);
    if (places == LIKE_DIFFERENT && !PLANTED(OTHER_ACT)) {
        return WHAT_OTHER;
    }
    if (a->links.count > 0 && b->links.count > 0 && !PLANTED(OTHER_ACT)) {
        /* Two posts of one day are two acts. */
        return sure && days->span == 0 ? WHAT_MAYBE : WHAT_OTHER;
    }
    if (a->dated && b->dated) {
        return by_place(a, b, days, places);
    }
    bool placed = places == LIKE_EQUAL || places == LIKE_WITHIN;
    return (a->groups & b->groups) != 0 ? by_known_day(placed, days->gap) : WHAT_OTHER;
}

static enum what judge_what(const struct traits *a, const struct traits *b, const struct days *days,
                            bool sure, struct judgement *ret)
{
    bool artefact = artefact_shared(a, b);
    if (a->side != 0 && b->side != 0 && a->side != b->side && !PLANTED(EITHER_SIDE)) {
        return WHAT_OTHER;
    }
    enum what what = artefact ? by_artefact(a, b, days) : by_day(a, b, days, sure);
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
    enum who who = judge_who(report, known, artefact_shared(report, known), ret);
    if (who == WHO_OTHER) {
        return;
    }
    struct days days = match_days(report, known);
    enum what what = judge_what(report, known, &days, who == WHO_SURE, ret);
    if (what == WHAT_OTHER) {
        return;
    }
    int32_t gap = days.gap < 0 ? -days.gap : days.gap;
    uint32_t off = (uint32_t)(gap < 10 ? gap : 10) * 10;
    ret->score_milli = (uint32_t)who * 125 + (uint32_t)what * 125 - off;
    ret->rule = rule_of(who, what);
    ret->fragile = who == WHO_WEAK || what == WHAT_BARE;
    bool same = who >= WHO_WEAK && what >= WHAT_BARE && !(who == WHO_WEAK && what == WHAT_BARE);
    ret->verdict = same ? VERDICT_SAME : VERDICT_MAYBE;
}
