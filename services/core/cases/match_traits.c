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

static void person_traits(const struct report *report, const struct subject *who,
                          struct traits *ret)
{
    char text[NORMAL_NAME_CAPACITY], number[NORMAL_NUMBER_CAPACITY];
    trait_set(&ret->name, bytes_of(text, normalise_name(who->name, text)));
    trait_set(&ret->unit, bytes_of(text, normalise_unit(who->unit, text)));
    trait_set(&ret->position, bytes_of(text, normalise_unit(who->position, text)));
    trait_set(&ret->nip, bytes_of(number, normalise_number(who->nip, number)));
    trait_set(&ret->nik, bytes_of(number, normalise_number(who->nik, number)));
    trait_set(&ret->regency, who->regency.len > 0 ? who->regency : report->regency);
    ret->initials = only_initials(trait_bytes(&ret->name));
    if (who->account.len > 0) {
        ret->account = hash_of("kabar.account.v1", who->account);
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

static bool says(struct bytes text, const char *word)
{
    size_t len = strlen(word), same = 0;
    for (size_t i = 0; i < text.len; i++) {
        char letter = (char)(text.data[i] | 0x20);
        same = letter == word[same] ? same + 1 : (letter == word[0] ? 1 : 0);
        if (same == len) {
            return true;
        }
    }
    return false;
}

enum told { TOLD_NOTHING, TOLD_BEFORE, TOLD_AFTER };

/* A candidate is a prospective one (bakal calon) until the determination. */
static enum told told_by(const struct report *report)
{
    static const char *const before[] = {"bakal", "bacabup", "bacalon", "bacawa", "bapaslon"};
    struct bytes texts[] = {report->candidate, report->description};
    bool early = false, late = false;
    for (size_t i = 0; i < LENGTH(texts); i++) {
        for (size_t j = 0; j < LENGTH(before); j++) {
            early = early || says(texts[i], before[j]);
        }
        late = late || (says(texts[i], "paslon") && !says(texts[i], "bapaslon")) ||
               says(texts[i], "nomor");
    }
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
static uint8_t group_of(struct bytes form)
{
    static const struct {
        const char *code;
        uint8_t groups;
    } table[] = {
        {"KE-01", FORM_BANNER},   {"DS-01", FORM_BANNER}, {"KE-02", FORM_ONLINE},
        {"DS-02", FORM_ONLINE},   {"KE-04", FORM_ONLINE}, {"DS-06", FORM_ONLINE},
        {"KE-05", FORM_ONLINE},   {"DS-07", FORM_ONLINE}, {"KE-03", FORM_EVENT},
        {"DS-04", FORM_EVENT},    {"KE-06", FORM_EVENT},  {"KE-07", FORM_EVENT},
        {"DS-03", FORM_EVENT},    {"DS-08", FORM_EVENT},  {"PP-01", FORM_EVENT},
        {"PP-02", FORM_EVENT},    {"PP-03", FORM_EVENT},  {"PP-04", FORM_EVENT},
        {"DS-12", FORM_DECISION}, {"DS-09", FORM_TEAM},   {"DS-10", FORM_TEAM},
    };
    for (size_t i = 0; i < LENGTH(table); i++) {
        if (bytes_equal(form, bytes_of_text(table[i].code))) {
            return table[i].groups;
        }
    }
    return FORM_OTHER;
}

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
        trait_set(&ret->place, bytes_of(place, normalise_unit(report->place, place)));
    }
    trait_set(&ret->form, report->form);
    ret->groups = group_of(report->form);
    ret->dated = report->has_occurred_on;
    int32_t day = report->has_occurred_on ? report->occurred_on : 0;
    if (!report->has_occurred_on && report->has_known_on) {
        day = report->known_on;
    }
    ret->day_first = day;
    ret->day_last = day;
    ret->side = side_of(report, day, ret->dated);
}

void traits_of(const struct report *report, uint32_t subject, struct traits *ret)
{
    ASSERT(subject < report->subject_count);
    memset(ret, 0, sizeof *ret);
    person_traits(report, &report->subjects[subject], ret);
    act_traits(report, ret);
}

static void fill(struct trait_text *into, const struct trait_text *from)
{
    if (into->len == 0) {
        *into = *from;
    }
}

static void days_add(struct traits *into, const struct traits *from)
{
    if (!from->dated) {
        return;
    }
    if (!into->dated) {
        into->day_first = from->day_first;
        into->day_last = from->day_last;
        into->dated = true;
        return;
    }
    into->day_first = from->day_first < into->day_first ? from->day_first : into->day_first;
    into->day_last = from->day_last > into->day_last ? from->day_last : into->day_last;
}

void traits_add(struct traits *into, const struct traits *from)
{
    if (from->name.len > into->name.len) {
        into->name = from->name;
        into->initials = from->initials;
    }
    fill(&into->nip, &from->nip);
    fill(&into->nik, &from->nik);
    fill(&into->unit, &from->unit);
    fill(&into->position, &from->position);
    fill(&into->regency, &from->regency);
    fill(&into->place, &from->place);
    fill(&into->form, &from->form);
    into->account = into->account == 0 ? from->account : into->account;
    for (size_t i = 0; i < from->links.count; i++) {
        hash_add(&into->links, from->links.list[i], TRAIT_LINKS_MAX);
    }
    for (size_t i = 0; i < from->files.count; i++) {
        hash_add(&into->files, from->files.list[i], TRAIT_FILES_MAX);
    }
    days_add(into, from);
    into->side = into->side == 0 ? from->side : into->side;
    into->groups |= from->groups;
}
