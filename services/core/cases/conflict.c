#include "core/cases/conflict.h"

#include "core/base/plant.h"

#include <string.h>

#define WORDS_MAX 24u
#define WORD_BYTES_MAX 24u

struct words {
    char list[WORDS_MAX][WORD_BYTES_MAX];
    size_t count;
};

static char lower(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    return word ? (char)c : ' ';
}

static void words_add(struct words *words, struct bytes text)
{
    size_t len = 0;
    for (size_t i = 0; i <= text.len && words->count < WORDS_MAX; i++) {
        char c = i < text.len ? lower(text.data[i]) : ' ';
        char *word = words->list[words->count];
        if (c != ' ' && len + 1 < WORD_BYTES_MAX) {
            word[len++] = c;
        } else if (c == ' ' && len > 0) {
            word[len] = '\0';
            words->count++;
            len = 0;
        }
    }
}

static bool one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(word, *list) == 0) {
            return true;
        }
    }
    return false;
}

static bool holds(const struct words *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i], word) == 0) {
            return true;
        }
    }
    return false;
}

/* Without "acting", "regency", and with one spelling of wali kota. */
static void post_of(const struct words *from, struct words *ret)
{
    static const char *const dropped[] = {
        "pj",        "pjs",       "plt", "plh",  "penjabat", "pelaksana", "tugas", "harian",
        "sementara", "kabupaten", "kab", "kota", "provinsi", "prov",      NULL};
    ret->count = 0;
    for (size_t i = 0; i < from->count; i++) {
        const char *word = from->list[i];
        if (strcmp(word, "wali") == 0 || strcmp(word, "walikota") == 0) {
            word = "walikota";
        } else if (one_of(word, dropped)) {
            continue;
        }
        (void)memcpy(ret->list[ret->count++], word, strlen(word) + 1);
    }
}

/* All words of `part` stand in `whole`, and there is one at least. */
static bool within(const struct words *part, const struct words *whole)
{
    for (size_t i = 0; i < part->count; i++) {
        if (!holds(whole, part->list[i])) {
            return false;
        }
    }
    return part->count > 0;
}

/* Titles before and after a name say nothing of who it is. */
static void name_of(struct bytes name, struct words *ret)
{
    static const char *const titles[] = {"h",  "hj",  "ir", "dr", "drs", "dra", "prof", "sh",
                                         "se", "mm",  "m",  "si", "st",  "mt",  "mh",   "ap",
                                         "sp", "sos", "s",  "pd", "kom", "ip",  NULL};
    struct words all = {.count = 0};
    words_add(&all, name);
    ret->count = 0;
    for (size_t i = 0; i < all.count; i++) {
        if (!one_of(all.list[i], titles)) {
            (void)memcpy(ret->list[ret->count++], all.list[i], WORD_BYTES_MAX);
        }
    }
}

static bool is_head(const struct words *post)
{
    static const char *const heads[] = {"bupati", "walikota", "gubernur", NULL};
    return post->count > 0 && one_of(post->list[0], heads);
}

bool conflict_is_accused(const struct conflict_person *person, struct bytes authority)
{
    struct words said = {.count = 0}, position = {.count = 0};
    struct words post, own, name;
    if (PLANTED(ACCUSED_DECIDES)) {
        return false;
    }
    words_add(&said, authority);
    name_of(person->name, &name);
    if (within(&name, &said)) {
        return true;
    }
    words_add(&position, person->position);
    post_of(&said, &post);
    post_of(&position, &own);
    if (!is_head(&post) || !is_head(&own) || strcmp(post.list[0], own.list[0]) != 0) {
        return false;
    }
    if (own.count == 1) {
        words_add(&own, person->place);
    }
    return post.count == 1 || own.count == 1 || within(&own, &post) || within(&post, &own);
}

bool conflict_is_officer(struct bytes subject, struct bytes officer)
{
    struct words a, b;
    name_of(subject, &a);
    name_of(officer, &b);
    return within(&a, &b) && within(&b, &a) && !PLANTED(OWN_CASE);
}
