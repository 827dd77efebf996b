/* match_traits.h - what a case is recognised by: of one subject of one report, and, gathered from
 * all that joined, of a case. Kept with the case's view; made anew by a rebuild.
 */
#ifndef CORE_CASES_MATCH_TRAITS_H
#define CORE_CASES_MATCH_TRAITS_H

#include "core/wire/entry.h"

#define TRAIT_TEXT_BYTES_MAX 120u
#define TRAIT_TEXTS_MAX 4u
#define TRAIT_LINKS_MAX 6u
#define TRAIT_FILES_MAX 8u
#define TRAIT_DAYS_MAX 32 /* from the first to the last that are told apart */
#define TRAITS_BYTES_MAX 2640u

struct trait_text {
    size_t len;
    char b[TRAIT_TEXT_BYTES_MAX];
};
/* What different reports say, each once. */
struct trait_texts {
    size_t count;
    struct trait_text list[TRAIT_TEXTS_MAX];
};
struct trait_hashes {
    size_t count;
    uint64_t list[TRAIT_FILES_MAX];
};

/* Forms that describe the same kind of thing are taken for one another. */
enum form_group {
    FORM_ONLINE = 1,
    FORM_EVENT = 2,
    FORM_BANNER = 4,
    FORM_DECISION = 8,
    FORM_TEAM = 16,
    FORM_OTHER = 32
};

enum trait_sex { SEX_MALE = 1, SEX_FEMALE = 2 };

struct traits {
    struct trait_texts names, nips, niks, units, positions, places;
    struct trait_text regency;
    bool initials; /* the first name is nothing but initials */
    struct trait_hashes accounts, links, files;
    struct trait_hashes company; /* full names of who else stood in its reports */
    bool dated;
    int32_t day_first; /* undated: when it became known */
    uint32_t days;     /* bit n: day_first + n */
    uint8_t side;      /* 0: not sure; else which stretch between determinations */
    uint8_t groups;    /* enum form_group */
    uint32_t forms;    /* a bit for each form; those before and after the determination are one */
    uint8_t sex;       /* enum trait_sex: what titles and numbers say */
};

void traits_of(const struct report *report, uint32_t subject, struct traits *ret);
/* A report joins, or another case: what each says is said of both. */
void traits_add(struct traits *into, const struct traits *from);
size_t traits_encode(const struct traits *traits, uint8_t ret[TRAITS_BYTES_MAX]);
int traits_decode(struct bytes value, struct traits *ret) MUST_USE;
/* Its groups and forms. */
void traits_form(struct bytes form, struct traits *ret);
/* What does not fit is cut. */
void trait_set(struct trait_text *text, struct bytes from);
struct bytes trait_bytes(const struct trait_text *text);
/* The first, or nothing. */
struct bytes trait_first(const struct trait_texts *texts);
int32_t traits_day_last(const struct traits *traits);
bool traits_share(const struct trait_hashes *a, const struct trait_hashes *b);

#endif
