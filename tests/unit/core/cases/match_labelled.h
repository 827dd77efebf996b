/* match_labelled.h - made reports whose persons and acts are known, from one seed: what is told of
 * one act in several ways, and what must never be taken for one. Every rate is an assumption. Two
 * persons always leave something in each report that tells them apart (unit, number, sex or name),
 * and so do two acts (day or post); without a number and a post, nothing else is like them.
 */
#ifndef UNIT_CORE_CASES_MATCH_LABELLED_H
#define UNIT_CORE_CASES_MATCH_LABELLED_H

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bytes.h"

#define LABELLED_MAX 1024u
#define LABELLED_TEXT_MAX 1400u

struct labelled {
    unsigned person[2], act, subjects; /* a case is (person, act) */
    char json[LABELLED_TEXT_MAX];
};
enum labelled_kind {
    PLAIN,
    OTHER_NUMBER,  /* one name, unit and post; each has its own NIP */
    OTHER_UNIT,    /* one name and post, no number */
    FAMILY,        /* one surname, unit and post; numbers one after the other */
    EITHER_SIDE,   /* one person, before and after the determination */
    ACTS_IN_WEEK,  /* one person, two posts five days apart */
    CONTRACT,      /* one person with two NI PPPK */
    TOGETHER,      /* two of one name in one report */
    LIKE_NAMES,    /* Suryanti and Suryati in one unit, no number, no post */
    MAN_AND_WOMAN, /* of one name and unit, by their titles */
    ONE_LETTER,    /* Fadilah and Fadillah in one unit, no number, no post */
    UNDATED,       /* one person at one place, no post; which day is said by some */
    TWINS, /* Rina and Rini, born on one day; numbers one after the other, one unit, one post */
    COLLEAGUES,  /* other names; one unit, position, post, place and text */
    INITIALS,    /* one by the full name, the other by the same two initials; else as COLLEAGUES */
    ONE_WORD,    /* Fadilah and Fadillah and nothing more, in one unit, on one post */
    MONTH_AFTER, /* one person at one place, the same day of the next month */
    AFTER_VOTE,  /* one person and post, before the vote of February 2024 and after it */
    LABELLED_KINDS
};
struct maker {
    uint64_t state;
    struct labelled *rows;
    size_t count;
};
struct told { /* what the reports of one act are made of */
    unsigned person, act;
    enum labelled_kind kind;
    const char *first, *last, *title, *position;
    char nip[19];
    unsigned unit, regency;
    int day;            /* of 2024, from 1 June */
    unsigned other_act; /* at the same place */
    uint64_t post;
};

static inline uint32_t draw(struct maker *maker, uint32_t below)
{
    maker->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (maker->state ^ (maker->state >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((mixed ^ (mixed >> 31)) >> 32) * below >> 32);
}

static inline bool chance(struct maker *maker, uint32_t percent)
{
    return draw(maker, 100) < percent;
}

static const char *const firsts[] = {"Bambang",  "Dewi",      "Fatimah", "Gunawan", "Hasanuddin",
                                     "Jumadi",   "Kartika",   "Lukman",  "Nurul",   "Oktaria",
                                     "Purnomo",  "Ratna",     "Subandi", "Taufik",  "Usman",
                                     "Veronika", "Wulandari", "Yusuf"};
static const char *const lasts[] = {"Cahyono",    "Darmawan",  "Effendi",  "Hutagalung", "Iskandar",
                                    "Jamaluddin", "Kusuma",    "Lubis",    "Mulyadi",    "Nasution",
                                    "Pratama",    "Rahayu",    "Setiawan", "Tanjung",    "Utomo",
                                    "Wijaya",     "Zulkarnain"};

static inline void nip_make(struct maker *maker, bool contract, char ret[19])
{
    (void)snprintf(ret, 19, "%04u%02u%02u%04u%02u%u%03u", 1968 + draw(maker, 25),
                   1 + draw(maker, 12), 1 + draw(maker, 28),
                   contract ? 2021 + draw(maker, 3) : 2010 + draw(maker, 8),
                   contract ? 21 : 1 + draw(maker, 12), 1 + draw(maker, 2), 1 + draw(maker, 9));
}

/* A slip of the hand, for persons whom nobody is like: a letter twice, or two exchanged. */
static inline void name_slip(struct maker *maker, char *name)
{
    size_t len = strlen(name), at = 1 + draw(maker, 3);
    if (chance(maker, 50) && name[at] != name[at + 1]) {
        char letter = name[at];
        name[at] = name[at + 1];
        name[at + 1] = letter;
    } else {
        memmove(name + at + 1, name + at, len - at + 1);
    }
}

static inline void name_old(char *name)
{
    char *at = strchr(name, 'u');
    if (at != NULL) {
        memmove(at + 2, at + 1, strlen(at));
        at[0] = 'o';
        at[1] = 'e';
    }
}

static inline void name_tell(struct maker *maker, const struct told *told, char ret[96])
{
    static const char *const fronts[] = {"", "", "", "Drs. ", "Ir. ", "dr. "};
    static const char *const backs[] = {"", "", ", S.E.", ", S.Pd., M.M.", " SH"};
    char first[40];
    (void)snprintf(first, sizeof first, "%s", told->first);
    if (told->kind == PLAIN && chance(maker, 12)) {
        name_slip(maker, first);
    } else if (chance(maker, 8)) {
        name_old(first);
    }
    (void)snprintf(ret, 96, "%s%s%s%s%s",
                   told->title != NULL ? told->title : fronts[draw(maker, 6)], first,
                   told->last[0] != '\0' ? " " : "", told->last,
                   told->last[0] != '\0' ? backs[draw(maker, 5)] : "");
    for (size_t i = 0; told->title == NULL && i < 96 && ret[i] != '\0' && draw(maker, 64) == 0;
         i++) {
        ret[i] = (char)toupper(ret[i]);
    }
}

/* The NIK of the same birth and sex: DDMMYY after the region, 40 more for women. */
static inline void nik_tell(const char nip[19], char ret[32])
{
    int tens = nip[6] - '0' + (nip[14] == '2' ? 4 : 0);
    (void)snprintf(ret, 32, ",\"nik\":\"160701%d%c%.2s%.2s0007\"", tens, nip[7], nip + 4, nip + 2);
}

static inline size_t subject_tell(struct maker *maker, const struct told *told, char *to,
                                  size_t room)
{
    static const char *const units[] = {"Dinas Kesehatan", "SD Negeri", "Puskesmas", "Kecamatan"};
    char name[96], nip[19], number[32] = "", nik[32] = "", unit[128] = "";
    bool must = told->kind == OTHER_NUMBER || told->kind == FAMILY || told->kind == CONTRACT ||
                told->kind == TOGETHER || told->kind == TWINS;
    bool never = told->kind == OTHER_UNIT || told->kind == LIKE_NAMES ||
                 told->kind == MAN_AND_WOMAN || told->kind == ONE_LETTER ||
                 told->kind == COLLEAGUES || told->kind == INITIALS || told->kind == ONE_WORD;
    name_tell(maker, told, name);
    memcpy(nip, told->nip, sizeof nip);
    if (told->kind == PLAIN && chance(maker, 6)) {
        char digit = nip[6];
        nip[6] = nip[7];
        nip[7] = digit;
    }
    if (must || (!never && chance(maker, 60))) {
        (void)snprintf(number, sizeof number, ",\"nip\":\"%s\"", nip);
    }
    if (told->kind == PLAIN && chance(maker, 10)) {
        nik_tell(told->nip, nik);
    }
    if (told->kind != PLAIN || chance(maker, 85)) {
        (void)snprintf(unit, sizeof unit, ",\"unit\":\"%s %u Betung\"", units[told->unit % 4],
                       1 + told->unit);
    }
    if (told->position != NULL) {
        size_t end = strlen(unit);
        (void)snprintf(unit + end, sizeof unit - end, ",\"position\":\"%s\"", told->position);
    }
    int len = snprintf(to, room, "{\"name\":\"%s\"%s%s%s}", name, number, nik, unit);
    return len < 0 ? 0 : (size_t)len;
}

/* From 1 June on; before it back to February. */
static inline void day_text(int day, char ret[40])
{
    static const int months[] = {29, 31, 30, 31, 30, 31, 31, 30, 31, 30};
    size_t month = 0;
    day += 121;
    while (month < 9 && day > months[month]) {
        day -= months[month++];
    }
    (void)snprintf(ret, 40, "2024-%02zu-%02d", month + 2, day);
}

static inline void url_tell(struct maker *maker, uint64_t post, char ret[160])
{
    static const char *const hosts[] = {"www.facebook.com", "facebook.com", "m.facebook.com"};
    static const char *const tails[] = {"", "/", "?fbclid=IwAR0x", "?utm_source=wa&mibextid=a"};
    (void)snprintf(ret, 160, ",\"url\":\"https://%s/groups/77/posts/%" PRIu64 "%s\"",
                   hosts[draw(maker, 3)], post, tails[draw(maker, 4)]);
}

/* One report, about `other` as well when it is not NULL. */
static inline void tell(struct maker *maker, const struct told *told, const struct told *other)
{
    struct labelled *row = &maker->rows[maker->count++];
    char day[40], known[40] = "2024-11-30", days[120], url[160] = "", subjects[512];
    size_t len = subject_tell(maker, told, subjects, 250);
    if (other != NULL) {
        subjects[len++] = ',';
        len += subject_tell(maker, other, subjects + len, 250);
    }
    bool plain = told->kind == PLAIN || told->kind == UNDATED;
    int when = told->day + (plain && chance(maker, 15) ? 1 : 0);
    day_text(when, day);
    (void)snprintf(days, sizeof days, "\"occurred_on\":\"%s\",\"known_on\":\"%s\"", day, known);
    if (plain && chance(maker, told->kind == PLAIN ? 15 : 40)) { /* which day is not said */
        day_text(when + (int)draw(maker, 7), known);
        (void)snprintf(days, sizeof days, "\"known_on\":\"%s\"", known);
    }
    if (told->post != 0 && (told->kind != PLAIN || chance(maker, 70))) {
        url_tell(maker, told->post, url);
    }
    (void)snprintf(row->json, sizeof row->json,
                   "{\"regency\":\"16.%02u\",\"channel\":\"citizen\",\"form\":\"%s\","
                   "%s,\"description\":\"uraian\","
                   "\"place\":\"Lapangan %u\"%s,\"subjects\":[%.*s]}",
                   told->regency, told->day < 114 ? "KE-04" : "DS-06", days, told->act, url,
                   (int)len, subjects);
    row->person[0] = told->person;
    row->person[1] = other != NULL ? other->person : 0;
    row->act = told->act + told->other_act;
    row->subjects = other != NULL ? 2 : 1;
}

/* Another act of the same person. */
static inline void act_differ(struct maker *maker, const struct told *one, struct told *two)
{
    two->act++;
    if (one->kind == MONTH_AFTER) {
        two->act = one->act; /* the place has its number */
        two->other_act = 1;
        two->post = 0;
        two->day = one->day + 30;
        return;
    }
    two->post++;
    two->day = one->day + 5;
    if (one->kind == EITHER_SIDE) {
        two->day = 120 + (int)draw(maker, 40);
    } else if (one->kind == AFTER_VOTE) {
        two->post = one->post;
        two->day = one->day + 3;
    }
}

/* Names that are like another's. */
static inline void names_differ(unsigned group, struct told *one, struct told *two)
{
    static const char *const like[][2] = {{"Suryanti", "Suryati"}, {"Yuliana", "Yuliani"}};
    static const char *const letter[][2] = {{"Fadilah", "Fadillah"}, {"Jamaludin", "Jamaluddin"}};
    static const char *const twins[][2] = {{"Rina", "Rini"}, {"Hasan", "Husin"}};
    const char *const *pair = like[group % 2];
    if (one->kind == ONE_LETTER || one->kind == ONE_WORD) {
        pair = letter[group % 2];
    } else if (one->kind == TWINS) {
        pair = twins[group % 2];
    }
    one->first = pair[0];
    two->first = pair[1];
    if (one->kind == ONE_WORD) {
        one->last = two->last = "";
    } else if (one->kind != TWINS) { /* nothing is told but the day */
        one->post = two->post = 0;
        two->act++;
    }
}

static inline void number_next(struct told *told)
{
    told->nip[17] = (char)(told->nip[17] == '9' ? '8' : told->nip[17] + 1);
}

static inline void colleague(unsigned group, struct told *one, struct told *two)
{
    one->position = two->position = "guru kelas";
    if (one->kind == COLLEAGUES) {
        two->first = firsts[(group + 7) % 18];
        two->last = lasts[(group + 3) % 17];
        return;
    }
    one->first = "Hendra";
    one->last = "Saputra";
    two->title = "";
    two->first = "HS";
    two->last = "";
}

/* What makes the second one another, by kind. */
static inline void differ(struct maker *maker, unsigned group, struct told *one, struct told *two)
{
    switch (one->kind) {
    case EITHER_SIDE:
    case ACTS_IN_WEEK:
    case MONTH_AFTER:
    case AFTER_VOTE:
        act_differ(maker, one, two);
        return;
    case OTHER_NUMBER:
    case TOGETHER:
        nip_make(maker, false, two->nip);
        break;
    case OTHER_UNIT:
        two->unit = one->unit + 1;
        break;
    case FAMILY:
        two->first = firsts[(group + 5) % 18];
        number_next(two);
        break;
    case TWINS:
        number_next(two);
        names_differ(group, one, two);
        break;
    case LIKE_NAMES:
    case ONE_LETTER:
    case ONE_WORD:
        names_differ(group, one, two);
        break;
    case MAN_AND_WOMAN:
        one->title = "H. ";
        two->title = "Hj. ";
        two->act++;
        break;
    case COLLEAGUES:
    case INITIALS:
        colleague(group, one, two);
        break;
    case PLAIN:
    case CONTRACT:
    case UNDATED:
    case LABELLED_KINDS:
        return;
    }
    two->person++;
}

static inline void group_tell(struct maker *maker, unsigned group)
{
    struct told one = {.person = 4 * group + 1,
                       .act = 4 * group + 1,
                       .kind = group % 3 == 0 ? (group % 2 == 0 ? UNDATED : PLAIN)
                                              : group / 3 % LABELLED_KINDS,
                       .first = firsts[group % 18],
                       .last = lasts[(group / 18 + group) % 17],
                       .unit = group,
                       .regency = 1 + group % 13,
                       .day = 5 + (int)draw(maker, 60),
                       .post = 5000 + 10 * (uint64_t)group};
    if (one.kind == MONTH_AFTER) {
        one.post = 0;
    } else if (one.kind == AFTER_VOTE) {
        one.day = -108; /* 13 February */
    }
    nip_make(maker, one.kind == CONTRACT, one.nip);
    struct told two = one;
    unsigned reports = 2 + draw(maker, 3);
    if (one.kind == CONTRACT) {
        two.nip[11] = two.nip[11] == '3' ? '2' : '3'; /* another contract, the same person */
        two.nip[17] = two.nip[17] == '9' ? '8' : '9';
    } else if (one.kind == UNDATED) {
        one.post = 0;
    } else if (one.kind != PLAIN) {
        differ(maker, group, &one, &two);
    }
    for (unsigned i = 0; i < reports; i++) {
        if (one.kind == TOGETHER && chance(maker, 60)) {
            tell(maker, &one, &two);
            continue;
        }
        tell(maker, &one, NULL);
        if (one.kind != PLAIN && one.kind != UNDATED) {
            tell(maker, &two, NULL);
        }
    }
}

/* Fisher and Yates. */
static inline void labelled_order(uint64_t seed, size_t count, size_t order[LABELLED_MAX])
{
    struct maker maker = {.state = seed};
    for (size_t i = 0; i < count; i++) {
        size_t other = draw(&maker, (uint32_t)i + 1);
        order[i] = order[other];
        order[other] = i;
    }
}

/* About five reports for each group; how many. */
static inline size_t labelled_make(uint64_t seed, unsigned groups, struct labelled *ret)
{
    struct maker maker = {.state = seed, .rows = ret};
    for (unsigned i = 0; i < groups && maker.count + 8 < LABELLED_MAX; i++) {
        group_tell(&maker, i);
    }
    return maker.count;
}

#endif
