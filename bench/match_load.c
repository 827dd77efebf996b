#include "match_load.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_CAPACITY 256u
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define DAY_FIRST 19877 /* 2024-06-03 */
#define DAYS 178u       /* to polling day */
#define DAY_DETERMINED 19988

static const char *const given[] = {
    "Ahmad",   "Andi",  "Bambang", "Budi",   "Candra", "Dedi",    "Dewi",   "Dian",
    "Eko",     "Erna",  "Fajar",   "Farida", "Galih",  "Gatot",   "Hasan",  "Hendra",
    "Herlina", "Indra", "Irma",    "Jamal",  "Joko",   "Kartika", "Kurnia", "Laila",
    "Lukman",  "Maya",  "Mulyadi", "Nanang", "Nurul",  "Oktavia", "Prima",  "Putri",
    "Rahmat",  "Rina",  "Rudi",    "Sari",   "Sigit",  "Siti",    "Taufik", "Tuti",
    "Umar",    "Vera",  "Wahyu",   "Wati",   "Yanti",  "Yusuf",   "Zainal", "Zubaidah"};
/* Second names are made of three of these: two persons of one name, unit and day are no accident.
 */
static const char *const syllables[] = {"ba", "da", "ga", "ha", "ja", "ka", "la", "ma", "na", "pa",
                                        "ra", "sa", "ta", "wa", "ya", "bi", "di", "fi", "hi", "ju",
                                        "ku", "li", "mu", "no", "pu", "ri", "su", "ti", "wi", "zu"};
static const char *const offices[] = {"Dinas Kesehatan",   "Dinas Pendidikan",
                                      "Dinas Perhubungan", "Badan Keuangan",
                                      "Kantor Camat",      "Puskesmas",
                                      "SD Negeri",         "SMP Negeri",
                                      "Inspektorat",       "Dinas Lingkungan Hidup"};
static const char *const towns[] = {"Betung",    "Sekayu",      "Talang Kelapa", "Lawang Kidul",
                                    "Gelumbang", "Tugumulyo",   "Muara Lakitan", "Rambutan",
                                    "Lais",      "Sungai Lilin"};
static const char *const posts[] = {"staf",          "guru",      "Kepala Seksi",
                                    "Kepala Bidang", "bidan",     "analis kebijakan",
                                    "Camat",         "Sekretaris"};
static const char *const regencies[] = {"16.01", "16.02", "16.03", "16.04", "16.05", "16.06",
                                        "16.07", "16.08", "16.09", "16.10", "16.11", "16.12",
                                        "16.13", "16.71", "16.72", "16.73", "16.74"};
static const char *const before[] = {"KE-01", "KE-02", "KE-03", "KE-04"};
static const char *const after[] = {"DS-01", "DS-02", "DS-06", "DS-07"};

/* splitmix64 */
static uint64_t mix(uint64_t value)
{
    value += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static uint32_t draw(uint64_t *state, uint32_t below)
{
    *state = mix(*state);
    return (uint32_t)((*state >> 32) * below >> 32);
}

static bool chance(uint64_t *state, uint32_t percent)
{
    return draw(state, 100) < percent;
}

#define PICK(state, list) ((list)[draw((state), LENGTH(list))])

/* What is true of a case, from its number. */
struct truth {
    const char *regency, *first, *office, *town, *post, *form, *venue;
    const char *last[3];
    uint64_t number; /* of the post */
    uint32_t office_number;
    uint32_t born_year, born_month, born_day, from_year, from_month, sex, serial;
    int32_t day;
    bool online, pppk;
};

static void plain_truth(uint64_t seed, uint32_t number, struct truth *ret)
{
    uint64_t state = mix(seed ^ ((uint64_t)number << 20));
    *ret = (struct truth){
        .regency = PICK(&state, regencies),
        .first = PICK(&state, given),
        .last = {PICK(&state, syllables), PICK(&state, syllables), PICK(&state, syllables)},
        .office = PICK(&state, offices),
        .office_number = 1 + draw(&state, 30),
        .town = PICK(&state, towns),
        .post = PICK(&state, posts),
        .venue = PICK(&state, towns),
        .number = mix(state) >> 14,
        .born_year = 1967 + draw(&state, 30),
        .born_month = 1 + draw(&state, 12),
        .born_day = 1 + draw(&state, 28),
        .from_month = 1 + draw(&state, 12),
        .sex = 1 + draw(&state, 2),
        .serial = 1 + draw(&state, 40),
        .day = DAY_FIRST + (int32_t)draw(&state, DAYS),
        .online = chance(&state, 60),
        .pppk = chance(&state, 16)};
    ret->from_year = ret->born_year + 20 + draw(&state, 6);
    if (ret->pppk) {
        ret->from_year = 2021 + draw(&state, 3);
        ret->from_month = 21;
    }
    ret->form = ret->day < DAY_DETERMINED ? PICK(&state, before) : PICK(&state, after);
}

struct text {
    struct arena *arena;
    bool full;
};

static struct bytes made(struct text *text, const char *chars, int len)
{
    size_t bytes = len < 0 ? 0 : (size_t)len;
    struct bytes copy =
        arena_copy(text->arena, bytes_of(chars, bytes < TEXT_CAPACITY ? bytes : TEXT_CAPACITY - 1));
    text->full = text->full || (bytes > 0 && copy.data == NULL);
    return copy;
}

static void subject_of(const struct truth *truth, uint64_t *state, struct text *text,
                       struct subject *ret)
{
    static const char *const front[] = {"", "", "", "H. ", "Drs. ", "Ir. "};
    static const char *const back[] = {"", "", ", S.E.", ", S.Pd., M.M.", ", SH"};
    char chars[TEXT_CAPACITY];
    const char *title = truth->sex == 1 ? PICK(state, front) : "";
    ret->name = made(text, chars,
                     snprintf(chars, sizeof chars, "%s%s %c%s%s%s%s", title, truth->first,
                              truth->last[0][0] - 'a' + 'A', truth->last[0] + 1, truth->last[1],
                              truth->last[2], PICK(state, back)));
    if (chance(state, 45)) {
        ret->nip = made(text, chars,
                        snprintf(chars, sizeof chars, "%04u%02u%02u%04u%02u%u%03u",
                                 truth->born_year, truth->born_month, truth->born_day,
                                 truth->from_year, truth->from_month, truth->sex, truth->serial));
    }
    if (chance(state, 85)) {
        ret->unit = made(text, chars,
                         snprintf(chars, sizeof chars, "%s %u %s", truth->office,
                                  truth->office_number, truth->town));
    }
    if (chance(state, 60)) {
        ret->position = bytes_of_text(truth->post);
    }
    ret->employment = truth->pppk ? 2 : 1;
}

static struct bytes url_of(const struct truth *truth, uint64_t *state, struct text *text)
{
    static const char *const hosts[] = {"facebook.com", "www.facebook.com", "m.facebook.com"};
    static const char *const tails[] = {"", "", "?fbclid=IwAR0", "?utm_source=wa"};
    char chars[TEXT_CAPACITY];
    return made(text, chars,
                snprintf(chars, sizeof chars, "https://%s/groups/%u/posts/%" PRIu64 "%s",
                         PICK(state, hosts), 1000 + (unsigned)(truth->number % 90000),
                         truth->number, PICK(state, tails)));
}

static bool report_of(const struct truth *truth, uint64_t *state, struct arena *arena,
                      struct report *ret)
{
    char chars[TEXT_CAPACITY];
    struct text text = {.arena = arena};
    memset(ret, 0, sizeof *ret);
    ret->subjects = arena_alloc(arena, sizeof *ret->subjects);
    if (ret->subjects == NULL) {
        return false;
    }
    ret->subject_count = 1;
    subject_of(truth, state, &text, &ret->subjects[0]);
    ret->regency = bytes_of_text(truth->regency);
    ret->form = bytes_of_text(truth->form);
    ret->channel = 1 + (int)draw(state, CHANNEL_COUNT - 1);
    ret->has_occurred_on = chance(state, 90);
    bool off = chance(state, 15) && truth->day + 1 != DAY_DETERMINED;
    ret->occurred_on = truth->day + (off ? 1 : 0);
    ret->has_known_on = true;
    ret->known_on = truth->day + 1 + (int32_t)draw(state, 6);
    if (truth->online && chance(state, 75)) {
        ret->url = url_of(truth, state, &text);
    }
    if (!truth->online) {
        ret->place = made(&text, chars, snprintf(chars, sizeof chars, "Lapangan %s", truth->venue));
    }
    ret->description = made(&text, chars,
                            snprintf(chars, sizeof chars,
                                     "%s terlihat mendukung salah satu pasangan di %s, dilihat "
                                     "warga dan difoto",
                                     truth->first, truth->venue));
    put_be64(ret->salt, *state);
    return !text.full;
}

/* The same person in another act, a namesake elsewhere, or a colleague of a like name. */
static void nearly(const struct truth *like, uint64_t *state, struct truth *truth)
{
    struct truth other = *truth;
    *truth = *like;
    truth->number = other.number;
    switch (draw(state, 3)) {
    case 0: /* the other act, far off: posts and places of the other case */
        truth->day = like->day < DAY_DETERMINED ? like->day + 112 : like->day - 112;
        truth->form = truth->day < DAY_DETERMINED ? before[0] : after[0];
        truth->venue = other.venue;
        return;
    case 1: /* a namesake in another regency */
        truth->regency = other.regency == like->regency ? regencies[0] : other.regency;
        if (truth->regency == like->regency) {
            truth->regency = regencies[1];
        }
        break;
    default: /* another member of the family, in the same unit */
        for (size_t i = 0; truth->first == like->first; i++) {
            truth->first = given[(draw(state, LENGTH(given)) + i) % LENGTH(given)];
        }
        break;
    }
    truth->born_year = other.born_year;
    truth->born_month = other.born_month;
    truth->born_day = other.born_day;
    truth->serial = other.serial;
}

/* A sixteenth of the cases are near misses: five of eighty. */
static enum load_kind truth_of(uint64_t seed, uint32_t number, struct truth *ret)
{
    struct truth like;
    uint64_t state = mix(~seed ^ ((uint64_t)number << 24));
    plain_truth(seed, number, ret);
    if (number == 0 || draw(&state, 16) != 0) {
        return LOAD_NEW;
    }
    plain_truth(seed, number - 1, &like); /* no two are like one */
    nearly(&like, &state, ret);
    return LOAD_NEAR_MISS;
}

bool load_next(struct load *load, struct arena *arena, struct report *ret, enum load_kind *ret_kind,
               uint32_t *ret_case)
{
    struct truth truth;
    uint64_t state = mix(load->seed ^ ~load->drawn++);
    bool repeat = load->cases > 0 && chance(&state, 20);
    *ret_case = repeat ? draw(&state, load->cases) : load->cases++;
    enum load_kind kind = truth_of(load->seed, *ret_case, &truth);
    *ret_kind = repeat ? LOAD_REPEAT : kind;
    return report_of(&truth, &state, arena, ret);
}
