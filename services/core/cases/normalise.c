/* One spelling of names, units and numbers. */
#include "core/cases/normalise.h"

#include <string.h>

#define WORDS_MAX 32u
#define WORD_BYTES_MAX 48u

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct word {
    char text[WORD_BYTES_MAX];
    size_t len;
};
struct words {
    struct word list[WORDS_MAX];
    size_t count;
};

static char lower(uint8_t byte)
{
    return (char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

static bool word_is(const struct word *word, const char *text)
{
    /* Most differ in the first letter: long lists are gone through. */
    return word->len > 0 && text[0] == word->text[0] && strncmp(word->text, text, word->len) == 0 &&
           text[word->len] == '\0';
}

static bool word_in(const struct word *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (word_is(word, list[i])) {
            return true;
        }
    }
    return false;
}

/* Of short words, zero-padded: one comparison of eight bytes each. */
typedef char short_word[8];
static bool word_among(const struct word *word, const short_word *list, size_t count)
{
    short_word padded = {0};
    if (word->len > sizeof padded) {
        return false;
    }
    memcpy(padded, word->text, word->len);
    for (size_t i = 0; i < count; i++) {
        if (memcmp(padded, list[i], sizeof padded) == 0) {
            return true;
        }
    }
    return false;
}

static void word_add(struct words *words, const struct word *word)
{
    if (word->len > 0 && words->count < WORDS_MAX) {
        words->list[words->count++] = *word;
    }
}

static void word_push(struct word *word, char letter)
{
    if (word->len < WORD_BYTES_MAX) {
        word->text[word->len++] = letter;
    }
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte >= 0x80;
}

/* Without the beginning of a letter of several bytes that had no room in the word. */
static size_t whole_letters(const struct word *word)
{
    size_t lead = word->len;
    while (lead > 0 && ((uint8_t)word->text[lead - 1] & 0xc0u) == 0x80u) {
        lead--;
    }
    if (lead == 0 || (uint8_t)word->text[lead - 1] < 0xc0u) {
        return word->len;
    }
    uint8_t byte = (uint8_t)word->text[lead - 1];
    size_t wanted = byte >= 0xf0u ? 4 : byte >= 0xe0u ? 3 : 2;
    return word->len - (lead - 1) < wanted ? lead - 1 : word->len;
}

static size_t words_write(const struct words *words, char *ret, size_t capacity)
{
    struct writer writer;
    writer_init(&writer, (uint8_t *)ret, capacity);
    for (size_t i = 0; i < words->count; i++) {
        if (i > 0) {
            writer_u8(&writer, ' ');
        }
        writer_bytes(&writer, bytes_of(words->list[i].text, whole_letters(&words->list[i])));
    }
    return writer.len;
}

/* ---- names ---- */
/* Before the name; kgs, kms, msy, mgs and the like are titles of Palembang. */
static const short_word titles_before[] = {
    "h",      "hj",   "haji",  "hajjah", "dr",    "drs",   "dra",   "drg",     "drh", "ir",
    "prof",   "kh",   "ust",   "ustadz", "ustaz", "pak",   "bapak", "bpk",     "ibu", "bu",
    "sdr",    "sdri", "kgs",   "kiagus", "kms",   "kemas", "mgs",   "masagus", "msy", "masayu",
    "nyimas", "rd",   "raden", "ra",     "rm",    "apt",   "ns",
};
/* After it, dots left out. */
static const short_word titles_after[] = {
    "sh",    "se",   "st",    "sp",  "sag",  "sip",  "ssos", "skom",  "spd",   "spdi",   "ssi",
    "ssn",   "ss",   "spt",   "spi", "shut", "sked", "skm",  "skep",  "sstp",  "stp",    "sst",
    "sstpi", "stpi", "shi",   "sei", "sthi", "sak",  "sars", "sthut", "sfarm", "spsi",   "sikom",
    "mm",    "msi",  "mh",    "mpd", "mt",   "mp",   "mkes", "msc",   "mba",   "mag",    "map",
    "mhum",  "mkom", "mip",   "mak", "mpdi", "mars", "mkm",  "msos",  "amd",   "amdkep", "amdkeb",
    "amk",   "ama",  "amapd", "phd", "ners", "apt",  "ipu",  "ipm",   "lc",    "bsc",    "ba",
};

/* Old spelling (before 1972) to new: oe→u, dj→j, tj→c, sj→sy. */
static void respell(struct word *word)
{
    static const struct {
        char from[2];
        char to[2];
        size_t len;
    } rules[] = {{{'o', 'e'}, {'u', 0}, 1},
                 {{'d', 'j'}, {'j', 0}, 1},
                 {{'t', 'j'}, {'c', 0}, 1},
                 {{'s', 'j'}, {'s', 'y'}, 2}};
    struct word out = {.len = 0};
    size_t at = 0;
    while (at < word->len) {
        size_t rule = LENGTH(rules);
        for (size_t i = 0; at + 1 < word->len && i < LENGTH(rules); i++) {
            if (memcmp(word->text + at, rules[i].from, 2) == 0) {
                rule = i;
            }
        }
        if (rule == LENGTH(rules)) {
            word_push(&out, word->text[at++]);
            continue;
        }
        for (size_t i = 0; i < rules[rule].len; i++) {
            word_push(&out, rules[rule].to[i]);
        }
        at += 2;
    }
    *word = out;
}

static void set_word(struct word *word, const char *text)
{
    word->len = strlen(text);
    memcpy(word->text, text, word->len);
}

/* first: a single M. is a Muhammad only where a first name stands. */
static void expand_name(struct word *word, bool first)
{
    static const char *const muhammad[] = {
        "muh",      "moh",       "mohd",     "muhd",      "mhd",  "mohammad", "mohamad",  "muhamad",
        "mochamad", "mochammad", "muchamad", "muchammad", "moch", "muhammed", "mohammed", "mohamed",
    };
    static const char *const ahmad[] = {"achmad", "akhmad", "ahmed"};
    if (word_in(word, muhammad, LENGTH(muhammad)) || (first && word_is(word, "m")) ||
        normal_mistyped(bytes_of(word->text, word->len), bytes_of_text("muhammad"))) {
        set_word(word, "muhammad");
    } else if (word_in(word, ahmad, LENGTH(ahmad))) {
        set_word(word, "ahmad");
    } else if (word_is(word, "abd") || word_is(word, "abdoel")) {
        set_word(word, "abdul");
    }
}

/* A blank-separated piece: as one word when it is a title without its dots, else cut at dots. */
static void name_piece(struct bytes piece, struct words *words)
{
    struct word joined = {.len = 0};
    for (size_t i = 0; i < piece.len; i++) {
        if (is_letter(piece.data[i])) {
            word_push(&joined, lower(piece.data[i]));
        }
    }
    if (word_among(&joined, titles_after, LENGTH(titles_after)) ||
        word_among(&joined, titles_before, LENGTH(titles_before))) {
        word_add(words, &joined);
        return;
    }
    struct word word = {.len = 0};
    for (size_t i = 0; i < piece.len; i++) {
        if (is_letter(piece.data[i])) {
            word_push(&word, lower(piece.data[i]));
        } else if (piece.data[i] != '\'' && piece.data[i] != '`') {
            word_add(words, &word);
            word.len = 0;
        }
    }
    word_add(words, &word);
}

static void name_words(struct bytes name, struct words *words)
{
    size_t at = 0;
    while (at < name.len) {
        size_t begin = at;
        while (at < name.len && name.data[at] > ' ' && name.data[at] != ',') {
            at++;
        }
        name_piece(bytes_of(name.data + begin, at - begin), words);
        at++;
    }
}

static void drop_first(struct words *words)
{
    words->count--;
    memmove(&words->list[0], &words->list[1], words->count * sizeof words->list[0]);
}

static void drop_titles(struct words *words)
{
    while (words->count > 1 && word_among(&words->list[0], titles_before, LENGTH(titles_before))) {
        drop_first(words);
    }
    while (words->count > 1 &&
           word_among(&words->list[words->count - 1], titles_after, LENGTH(titles_after))) {
        words->count--;
    }
}

size_t normalise_name(struct bytes name, char ret[NORMAL_NAME_CAPACITY])
{
    /* What follows the first comma is titles; unless only titles stood before it. */
    size_t comma = 0;
    while (comma < name.len && name.data[comma] != ',') {
        comma++;
    }
    struct words words;
    words.count = 0;
    name_words(bytes_of(name.data, comma), &words);
    drop_titles(&words);
    if (words.count == 0 ||
        (words.count == 1 && word_among(&words.list[0], titles_before, LENGTH(titles_before)))) {
        words.count = 0;
        name_words(name, &words);
        drop_titles(&words);
    }
    for (size_t i = 0; i < words.count; i++) {
        expand_name(&words.list[i], i == 0 && words.count > 1);
        respell(&words.list[i]);
    }
    return words_write(&words, ret, NORMAL_NAME_CAPACITY);
}

static struct bytes next_word(struct bytes *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ' ') {
        len++;
    }
    struct bytes word = bytes_of(rest->data, len);
    size_t passed = len < rest->len ? len + 1 : len;
    *rest = bytes_of(rest->data + passed, rest->len - passed);
    return word;
}

bool normal_name_weak(struct bytes normal)
{
    while (normal.len > 0) {
        if (next_word(&normal).len >= 3) {
            return false;
        }
    }
    return true;
}

bool normal_names_share(struct bytes a, struct bytes b)
{
    while (a.len > 0) {
        struct bytes word = next_word(&a);
        struct bytes rest = b;
        while (word.len >= 3 && rest.len > 0) {
            if (bytes_equal(word, next_word(&rest))) {
                return true;
            }
        }
    }
    return false;
}

/* ---- units ---- */
static const struct {
    short_word from;
    const char *to;
} unit_words[] = {
    {"kec", "kecamatan"},
    {"kel", "kelurahan"},
    {"ds", "desa"},
    {"kab", "kabupaten"},
    {"pkm", "puskesmas"},
    {"bpp", "balai penyuluhan"},
    {"sdn", "sd negeri"},
    {"smpn", "smp negeri"},
    {"sman", "sma negeri"},
    {"smkn", "smk negeri"},
    {"dinkes", "dinas kesehatan"},
    {"disdik", "dinas pendidikan"},
    {"setda", "sekretariat daerah"},
    {"sekda", "sekretariat daerah"},
    {"bag", "bagian"},
    {"dis", "dinas"},
    {"camat", "kecamatan"},
    {"lurah", "kelurahan"},
    {"kades", "kepala desa"},
    {"sekcam", "sekretaris kecamatan"},
    {"sekdes", "sekretaris desa"},
    {"kadis", "kepala dinas"},
    {"kadin", "kepala dinas"},
    {"kabid", "kepala bidang"},
    {"kabag", "kepala bagian"},
    {"kasi", "kepala seksi"},
    {"kasubbag", "kepala subbagian"},
    {"kasubag", "kepala subbagian"},
    {"kepsek", "kepala sekolah"},
    {"kasek", "kepala sekolah"},
    {"kapus", "kepala puskesmas"},
    {"mtsn", "mts negeri"},
    {"smpit", "smp it"},
    {"diknas", "dinas pendidikan"},
    {"dikbud", "dinas pendidikan"},
    {"dishub", "dinas perhubungan"},
    {"dinsos", "dinas sosial"},
    {"distan", "dinas pertanian"},
};

static void unit_word(struct word *word)
{
    short_word padded = {0};
    if (word->len > sizeof padded) {
        return;
    }
    memcpy(padded, word->text, word->len);
    for (size_t i = 0; i < LENGTH(unit_words); i++) {
        if (memcmp(padded, unit_words[i].from, sizeof padded) == 0) {
            set_word(word, unit_words[i].to);
            return;
        }
    }
}

size_t normalise_unit(struct bytes unit, char ret[NORMAL_NAME_CAPACITY])
{
    struct words words;
    words.count = 0;
    struct word word = {.len = 0};
    for (size_t i = 0; i <= unit.len; i++) {
        if (i < unit.len && is_letter(unit.data[i])) {
            word_push(&word, lower(unit.data[i]));
            continue;
        }
        unit_word(&word);
        if (!word_is(&word, "kantor")) { /* Kantor Camat, Kecamatan: the same */
            word_add(&words, &word);
        }
        word.len = 0;
        if (i < unit.len && unit.data[i] == '&') {
            word_push(&word, 'd');
            word_push(&word, 'a');
            word_push(&word, 'n');
            word_add(&words, &word);
            word.len = 0;
        }
    }
    return words_write(&words, ret, NORMAL_NAME_CAPACITY);
}

/* ---- numbers ---- */
size_t normalise_number(struct bytes number, char ret[NORMAL_NUMBER_CAPACITY])
{
    size_t len = 0;
    for (size_t i = 0; i < number.len && len < NORMAL_NUMBER_CAPACITY; i++) {
        if (number.data[i] >= '0' && number.data[i] <= '9') {
            ret[len++] = (char)number.data[i];
        }
    }
    return len;
}
