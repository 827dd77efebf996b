#include "core/cases/match_traits.h"

#include "core/base/assert.h"
#include "core/cases/normalise.h"
#include "core/rules/catalogue.h"
#include "core/seal/chain.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct bytes trait_bytes(const struct trait_text *text)
{
    return bytes_of(text->b, text->len);
}

struct bytes trait_first(const struct trait_texts *texts)
{
    struct bytes first = {0};
    if (texts->count > 0) {
        first = trait_bytes(&texts->list[0]);
    }
    return first;
}

int32_t traits_day_last(const struct traits *traits)
{
    int32_t last = 0;
    for (int32_t i = 0; i < TRAIT_DAYS_MAX; i++) {
        last = (traits->days >> i & 1u) != 0 ? i : last;
    }
    return traits->day_first + last;
}

void trait_set(struct trait_text *text, struct bytes from)
{
    size_t len = from.len;
    if (len > TRAIT_TEXT_BYTES_MAX) {
        len = TRAIT_TEXT_BYTES_MAX;
    }
    if (len > 0) {
        memcpy(text->b, from.data, len);
    }
    text->len = len;
}

/* Each once; as many as fit. */
static void text_add(struct trait_texts *texts, struct bytes text)
{
    if (text.len == 0 || texts->count == TRAIT_TEXTS_MAX) {
        return;
    }
    text.len = text.len > TRAIT_TEXT_BYTES_MAX ? TRAIT_TEXT_BYTES_MAX : text.len;
    for (size_t i = 0; i < texts->count; i++) {
        if (bytes_equal(trait_bytes(&texts->list[i]), text)) {
            return;
        }
    }
    trait_set(&texts->list[texts->count++], text);
}

static uint64_t hash_of(const char *what, struct bytes data)
{
    struct hash hash;
    seal_hash(what, data, &hash);
    return get_be64(hash.b) | 1; /* never 0 */
}

bool traits_share(const struct trait_hashes *a, const struct trait_hashes *b)
{
    for (size_t i = 0; i < a->count; i++) {
        for (size_t j = 0; j < b->count; j++) {
            if (a->list[i] == b->list[j]) {
                return true;
            }
        }
    }
    return false;
}

static void hash_add(struct trait_hashes *hashes, uint64_t hash, size_t max)
{
    for (size_t i = 0; i < hashes->count; i++) {
        if (hashes->list[i] == hash) {
            return;
        }
    }
    if (hashes->count < max) {
        hashes->list[hashes->count++] = hash;
    }
}

/* ---- who ---- */
static bool only_initials(struct bytes name)
{
    size_t letters = 0, vowels = 0;
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] == ' ') {
            return false;
        }
        letters++;
        vowels += strchr("aiueo", name.data[i]) != NULL;
    }
    return letters <= 2 || (letters <= 4 && vowels * 3 <= letters);
}

/* Titles that only one sex bears; Drs. and dr. are written of both. */
static uint8_t sex_of_title(struct bytes name)
{
    static const char *const male[] = {"h", "haji", "bapak", "bpk", "pak"};
    static const char *const female[] = {"hj", "hajjah", "hajah", "ibu", "bu"};
    char word[8];
    size_t len = 0;
    for (size_t i = 0; i < name.len && len < sizeof word; i++) {
        char letter = (char)(name.data[i] | 0x20);
        if (letter < 'a' || letter > 'z') {
            break;
        }
        word[len++] = letter;
    }
    for (size_t i = 0; i < LENGTH(male); i++) {
        if (bytes_equal(bytes_of(word, len), bytes_of_text(male[i]))) {
            return SEX_MALE;
        }
        if (bytes_equal(bytes_of(word, len), bytes_of_text(female[i]))) {
            return SEX_FEMALE;
        }
    }
    return 0;
}

static uint8_t sex_of_numbers(struct bytes nip, struct bytes nik)
{
    uint8_t sex = 0;
    if (nip.len == 18 && (nip.data[14] == '1' || nip.data[14] == '2')) {
        sex |= nip.data[14] == '1' ? SEX_MALE : SEX_FEMALE;
    }
    if (nik.len == 16) {
        sex |= nik.data[6] < '4' ? SEX_MALE : SEX_FEMALE;
    }
    return sex;
}

static void person_traits(const struct report *report, const struct subject *who,
                          struct traits *ret)
{
    char text[NORMAL_NAME_CAPACITY], number[NORMAL_NUMBER_CAPACITY];
    text_add(&ret->names, bytes_of(text, normalise_name(who->name, text)));
    text_add(&ret->units, bytes_of(text, normalise_unit(who->unit, text)));
    text_add(&ret->positions, bytes_of(text, normalise_unit(who->position, text)));
    text_add(&ret->nips, bytes_of(number, normalise_number(who->nip, number)));
    text_add(&ret->niks, bytes_of(number, normalise_number(who->nik, number)));
    trait_set(&ret->regency, who->regency.len > 0 ? who->regency : report->regency);
    ret->initials = only_initials(trait_first(&ret->names));
    ret->sex =
        sex_of_title(who->name) | sex_of_numbers(trait_first(&ret->nips), trait_first(&ret->niks));
    if (who->account.len > 0) {
        hash_add(&ret->accounts, hash_of("kabar.account.v1", who->account), TRAIT_FILES_MAX);
    }
}

/* ---- when ---- */
/* Stretches: before and after the determination of Pemilu 2024, then of Pilkada 2024. From
 * deploy/catalogue/calendars.csv; a unit test holds them against it. */
static const int32_t stretches[] = {19664, 19768, 19988};

static uint8_t stretch_of(int32_t day)
{
    uint8_t stretch = 0;
    while (stretch < LENGTH(stretches) && day >= stretches[stretch]) {
        stretch++;
    }
    return stretch;
}

enum told { TOLD_NOTHING, TOLD_BEFORE, TOLD_AFTER };

static bool begins_with(struct bytes text, const char *word)
{
    size_t i = 0;
    while (i < text.len && word[i] != '\0' && (char)(text.data[i] | 0x20) == word[i]) {
        i++;
    }
    return word[i] == '\0';
}

/* A candidate is a prospective one (bakal calon) until the determination. */
static void told_in(struct bytes text, bool *early, bool *late)
{
    static const char *const before[] = {"bakal", "bacabup", "bacalon", "bacawa", "bapaslon"};
    bool paslon = false, bapaslon = false;
    for (size_t i = 0; i < text.len; i++) {
        struct bytes rest = bytes_of(text.data + i, text.len - i);
        char letter = (char)(text.data[i] | 0x20);
        for (size_t j = 0; letter == 'b' && j < LENGTH(before); j++) {
            *early = *early || begins_with(rest, before[j]);
            bapaslon = bapaslon || begins_with(rest, "bapaslon");
        }
        paslon = paslon || (letter == 'p' && begins_with(rest, "paslon"));
        *late = *late || (letter == 'n' && begins_with(rest, "nomor"));
    }
    *late = *late || (paslon && !bapaslon);
}

static enum told told_by(const struct report *report)
{
    bool early = false, late = false;
    told_in(report->candidate, &early, &late);
    told_in(report->description, &early, &late);
    if (early == late) {
        return TOLD_NOTHING;
    }
    return early ? TOLD_BEFORE : TOLD_AFTER;
}

static bool near_determination(int32_t day)
{
    for (size_t i = 0; i < LENGTH(stretches); i += 2) {
        if (day >= stretches[i] - 2 && day <= stretches[i] + 2) {
            return true;
        }
    }
    return false;
}

/* 0 where day and words contradict each other close to the boundary, or nothing tells. */
static uint8_t side_of(const struct report *report, int32_t day, bool dated)
{
    uint8_t stretch = stretch_of(day);
    bool after = stretch % 2 == 1;
    if (dated && !near_determination(day)) {
        return (uint8_t)(stretch + 1);
    }
    enum told told = told_by(report);
    if (dated) {
        return (told == TOLD_BEFORE && after) || (told == TOLD_AFTER && !after)
                   ? 0
                   : (uint8_t)(stretch + 1);
    }
    if (!after) {
        return told == TOLD_AFTER ? 0 : (uint8_t)(stretch + 1);
    }
    if (told == TOLD_NOTHING) {
        return 0;
    }
    return told == TOLD_BEFORE ? stretch : (uint8_t)(stretch + 1);
}

/* ---- what ---- */
/* A short link says nothing about where it leads: two of them may be one post, and one of them
 * any. It can only be the same. */
static bool shortened(struct bytes link)
{
    static const char *const hosts[] = {
        "bit.ly/",        "s.id/",        "t.co/",          "tinyurl.com/", "goo.gl/",
        "cutt.ly/",       "shorturl.at/", "is.gd/",         "ow.ly/",       "rb.gy/",
        "vt.tiktok.com/", "lnkd.in/",     "vm.tiktok.com/", "fb.watch/",    "wa.me/"};
    for (size_t i = 0; i < LENGTH(hosts); i++) {
        size_t len = strlen(hosts[i]);
        if (link.len >= len && memcmp(link.data, hosts[i], len) == 0) {
            return true;
        }
    }
    return false;
}

static void act_traits(const struct report *report, struct traits *ret)
{
    char text[NORMAL_LINK_CAPACITY];
    size_t len = normalise_link(report->url, text);
    if (len > 0) {
        hash_add(shortened(bytes_of(text, len)) ? &ret->files : &ret->links,
                 hash_of("kabar.link.v1", bytes_of(text, len)), TRAIT_LINKS_MAX);
    }
    for (size_t i = 0; i < report->evidence_count && i < TRAIT_FILES_MAX; i++) {
        hash_add(&ret->files, get_be64(report->evidence[i].sha256.b), TRAIT_FILES_MAX);
    }
    char place[NORMAL_NAME_CAPACITY];
    if (report->place.len < NORMAL_NAME_CAPACITY / 4) {
        text_add(&ret->places, bytes_of(place, normalise_unit(report->place, place)));
    }
    traits_form(report->form, ret);
    ret->dated = report->has_occurred_on;
    int32_t day = report->has_occurred_on ? report->occurred_on : 0;
    if (!report->has_occurred_on && report->has_known_on) {
        day = report->known_on;
    }
    ret->day_first = day;
    ret->days = 1;
    ret->side = side_of(report, day, ret->dated);
}

/* Names of two words or more only: by others nobody is known. */
static void company_traits(const struct report *report, uint32_t subject, struct traits *ret)
{
    char text[NORMAL_NAME_CAPACITY];
    for (uint32_t i = 0; i < report->subject_count && ret->company.count < TRAIT_FILES_MAX; i++) {
        if (i == subject) {
            continue;
        }
        struct bytes name = bytes_of(text, normalise_name(report->subjects[i].name, text));
        if (name.len > 0 && memchr(name.data, ' ', name.len) != NULL) {
            hash_add(&ret->company, hash_of("kabar.company.v1", name), TRAIT_FILES_MAX);
        }
    }
}

void traits_of(const struct report *report, uint32_t subject, struct traits *ret)
{
    ASSERT(subject < report->subject_count);
    memset(ret, 0, sizeof *ret);
    person_traits(report, &report->subjects[subject], ret);
    act_traits(report, ret);
    company_traits(report, subject, ret);
}

static void texts_add(struct trait_texts *into, const struct trait_texts *from)
{
    for (size_t i = 0; i < from->count; i++) {
        text_add(into, trait_bytes(&from->list[i]));
    }
}

static void hashes_add(struct trait_hashes *into, const struct trait_hashes *from, size_t max)
{
    for (size_t i = 0; i < from->count; i++) {
        hash_add(into, from->list[i], max);
    }
}

/* What lies too far off to be told apart counts as the last day that is. */
static uint32_t days_later(uint32_t days, int64_t shift)
{
    if (shift >= TRAIT_DAYS_MAX) {
        return UINT32_C(1) << (TRAIT_DAYS_MAX - 1);
    }
    uint64_t later = (uint64_t)days << shift;
    return (uint32_t)later | ((later >> TRAIT_DAYS_MAX) != 0 ? UINT32_C(1) << 31 : 0u);
}

static void days_add(struct traits *into, const struct traits *from)
{
    if (!from->dated && into->dated) {
        return;
    }
    if (from->dated && !into->dated) {
        into->day_first = from->day_first;
        into->days = from->days;
        into->dated = true;
        return;
    }
    int64_t shift = (int64_t)from->day_first - into->day_first;
    if (shift >= 0) {
        into->days |= days_later(from->days, shift);
        return;
    }
    into->days = from->days | days_later(into->days, -shift);
    into->day_first = from->day_first;
}

/* The longest name first: it says most. */
static void names_add(struct traits *into, const struct traits *from)
{
    size_t before = trait_first(&into->names).len;
    texts_add(&into->names, &from->names);
    for (size_t i = 1; i < into->names.count; i++) {
        if (into->names.list[i].len > before) {
            struct trait_text longer = into->names.list[i];
            into->names.list[i] = into->names.list[0];
            into->names.list[0] = longer;
            before = longer.len;
        }
    }
    into->initials = only_initials(trait_first(&into->names));
}

void traits_add(struct traits *into, const struct traits *from)
{
    names_add(into, from);
    texts_add(&into->nips, &from->nips);
    texts_add(&into->niks, &from->niks);
    texts_add(&into->units, &from->units);
    texts_add(&into->positions, &from->positions);
    texts_add(&into->places, &from->places);
    hashes_add(&into->accounts, &from->accounts, TRAIT_FILES_MAX);
    hashes_add(&into->links, &from->links, TRAIT_LINKS_MAX);
    hashes_add(&into->files, &from->files, TRAIT_FILES_MAX);
    hashes_add(&into->company, &from->company, TRAIT_FILES_MAX);
    days_add(into, from);
    into->side = into->side == 0 ? from->side : into->side;
    into->groups |= from->groups;
    into->forms |= from->forms;
    into->sex |= from->sex;
}
