#include "core/cases/match_person.h"

#include "core/base/plant.h"

#include <string.h>

#define WHO_MILLI 125 /* of the score, a grade */

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
    bool three_initials;        /* and of three words or more, the same */
    bool regency;               /* they are employed by one */
};

static bool equal_number(const struct person *person)
{
    return person->nip == NUMBERS_EQUAL || person->nik == NUMBERS_EQUAL;
}

static enum number_likeness numbers_nearest(const struct trait_texts *a,
                                            const struct trait_texts *b, bool *differs,
                                            bool *changed)
{
    enum number_likeness nearest = NUMBERS_UNKNOWN;
    bool differ = false;
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            struct bytes one = trait_bytes(&a->list[i]), two = trait_bytes(&b->list[j]);
            enum number_likeness like = match_numbers(one, two);
            nearest = nearest == NUMBERS_UNKNOWN || like < nearest ? like : nearest;
            bool contract = like == NUMBERS_DIFFER && match_contract_changed(one, two);
            *changed = *changed || contract;
            differ = differ || (like == NUMBERS_DIFFER && !contract);
        }
    }
    /* Two slips in one number differ more from each other than from it. */
    *differs = *differs || (differ && nearest > NUMBERS_NEAR);
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

enum likeness match_texts_nearest(const struct trait_texts *a, const struct trait_texts *b,
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

/* All three letters or more; of two, many colleagues have the same. */
static bool three_initials(const struct traits *a, const struct traits *b)
{
    char one[MATCH_INITIALS_CAPACITY], two[MATCH_INITIALS_CAPACITY];
    size_t len = match_initials(trait_first(&a->names), a->initials, one);
    size_t other = match_initials(trait_first(&b->names), b->initials, two);
    size_t least = PLANTED(TWO_INITIALS) ? 2 : 3;
    return len >= least && len == other && memcmp(one, two, len) == 0;
}

static bool contradicted(const struct traits *a, const struct traits *b)
{
    return match_births_differ(&a->nips, &b->niks) || match_births_differ(&b->nips, &a->niks) ||
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
    ret->units = match_texts_nearest(&a->units, &b->units, &ret->units_clash);
    ret->positions = match_texts_nearest(&a->positions, &b->positions, NULL);
    ret->account = traits_share(&a->accounts, &b->accounts);
    ret->contradicted = contradicted(a, b);
    ret->one_post = ret->units == LIKE_EQUAL && one_post(a, b);
    ret->initials = a->initials != b->initials;
    ret->three_initials = ret->initials && three_initials(a, b);
    ret->regency = bytes_equal(trait_bytes(&a->regency), trait_bytes(&b->regency));
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
        bool post = person->units == LIKE_EQUAL && person->positions == LIKE_EQUAL;
        bool told = person->one_post || (person->three_initials && post);
        return person->initials && told ? WHO_WEAK : WHO_MAYBE;
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
    if (PLANTED(OTHER_PERSON) && person->names == NAMES_EQUAL) {
        return WHO_SURE;
    }
    if (equal_number(person)) {
        return person->number_differs || person->names == NAMES_DIFFER ? WHO_MAYBE : WHO_SURE;
    }
    if ((person->number_differs || person->contract_changed) && !PLANTED(NUMBER_IGNORED)) {
        return other_number(person, artefact);
    }
    bool near = person->nip == NUMBERS_NEAR || person->nip == NUMBERS_CLOSE;
    return near ? near_number(person) : name_says(person);
}

/* ---- what it says of itself ---- */
enum match_finding match_finding_of(enum likeness like)
{
    static const enum match_finding findings[] = {[LIKE_UNKNOWN] = FOUND_ABSENT,
                                                  [LIKE_EQUAL] = FOUND_EQUAL,
                                                  [LIKE_WITHIN] = FOUND_NEAR,
                                                  [LIKE_SIMILAR] = FOUND_DIFFERENT,
                                                  [LIKE_DIFFERENT] = FOUND_DIFFERENT};
    return findings[like];
}

enum match_finding match_finding_shared(const struct trait_hashes *a, const struct trait_hashes *b)
{
    if (a->count == 0 || b->count == 0) {
        return FOUND_ABSENT;
    }
    return traits_share(a, b) ? FOUND_EQUAL : FOUND_DIFFERENT;
}

void match_give(struct judgement *judgement, enum match_field field, int32_t up_to, int32_t *left)
{
    int32_t given = up_to < *left ? up_to : *left;
    judgement->fields[field].share_milli += given;
    *left -= given;
}

static enum match_finding finding_of_number(enum number_likeness like, bool changed)
{
    static const enum match_finding findings[] = {[NUMBERS_UNKNOWN] = FOUND_ABSENT,
                                                  [NUMBERS_EQUAL] = FOUND_EQUAL,
                                                  [NUMBERS_NEAR] = FOUND_NEAR,
                                                  [NUMBERS_CLOSE] = FOUND_NEAR,
                                                  [NUMBERS_DIFFER] = FOUND_DIFFERENT};
    return like == NUMBERS_DIFFER && changed ? FOUND_NEAR : findings[like];
}

static enum match_finding finding_of_names(const struct traits *a, const struct traits *b,
                                           enum name_likeness like)
{
    if (a->names.count == 0 || b->names.count == 0) {
        return FOUND_ABSENT;
    }
    if (like == NAMES_DIFFER) {
        return FOUND_DIFFERENT;
    }
    return like >= NAMES_SINGLE ? FOUND_EQUAL : FOUND_NEAR;
}

static void person_note(const struct traits *a, const struct traits *b, const struct person *person,
                        struct judgement *ret)
{
    bool sexes = a->sex != 0 && b->sex != 0;
    enum match_finding agree = sexes ? FOUND_EQUAL : FOUND_ABSENT;
    match_note(ret, MATCH_NIP, finding_of_number(person->nip, person->contract_changed));
    match_note(ret, MATCH_NIK, finding_of_number(person->nik, false));
    match_note(ret, MATCH_NAME, finding_of_names(a, b, person->names));
    match_note(ret, MATCH_UNIT, match_finding_of(person->units));
    match_note(ret, MATCH_POSITION, match_finding_of(person->positions));
    match_note(ret, MATCH_ACCOUNT, match_finding_shared(&a->accounts, &b->accounts));
    match_note(ret, MATCH_SEX_BIRTH, person->contradicted ? FOUND_DIFFERENT : agree);
    match_note(ret, MATCH_REGENCY, person->regency ? FOUND_EQUAL : FOUND_DIFFERENT);
}

/* An equal number says all there is to say of who; else the name does most of it. */
static void person_give(const struct person *person, enum who who, struct judgement *ret)
{
    int32_t left = (int32_t)who * WHO_MILLI;
    if (equal_number(person)) {
        match_give(ret, person->nip == NUMBERS_EQUAL ? MATCH_NIP : MATCH_NIK, left, &left);
        return;
    }
    match_give(ret, MATCH_NAME, person->names >= NAMES_SINGLE ? 2 * WHO_MILLI : WHO_MILLI, &left);
    if (person->units == LIKE_EQUAL) {
        match_give(ret, MATCH_UNIT, WHO_MILLI, &left);
    }
    if (person->account) {
        match_give(ret, MATCH_ACCOUNT, WHO_MILLI, &left);
    }
    if (person->nip == NUMBERS_NEAR || person->nip == NUMBERS_CLOSE) {
        match_give(ret, MATCH_NIP, WHO_MILLI, &left);
    }
    match_give(ret, MATCH_NAME, left, &left);
}

/* What keeps two persons apart; the number before all, as person_says asks. */
static const char *rule_apart(const struct person *person)
{
    bool number = person->number_differs || person->contract_changed;
    if (!person->regency && !equal_number(person)) {
        return "other_regency";
    }
    if (number) {
        return "other_number";
    }
    return person->names == NAMES_DIFFER || person->names_clash ? "other_name" : "other_unit";
}

enum who match_person(const struct traits *a, const struct traits *b, bool artefact,
                      struct judgement *ret)
{
    struct person person;
    compare(a, b, &person);
    enum who who = person_says(&person, artefact);
    if (!equal_number(&person) && !person.regency) {
        who = WHO_OTHER;
    }
    person_note(a, b, &person, ret);
    person_give(&person, who, ret);
    if (who == WHO_OTHER) {
        ret->rule = rule_apart(&person);
    }
    return who;
}
