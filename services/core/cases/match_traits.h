/* match_traits.h - what a case is recognised by: of one subject of one report, and, gathered from
 * all that joined, of a case. Kept with the case's view; made anew by a rebuild.
 */
#ifndef CORE_CASES_MATCH_TRAITS_H
#define CORE_CASES_MATCH_TRAITS_H

#include "core/wire/entry.h"

#define TRAIT_TEXT_BYTES_MAX 120u
#define TRAIT_LINKS_MAX 4u
#define TRAIT_FILES_MAX 8u
#define TRAITS_BYTES_MAX 1024u

struct trait_text {
    size_t len;
    char b[TRAIT_TEXT_BYTES_MAX];
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

struct traits {
    struct trait_text name, nip, nik, unit, position, regency, place, form;
    bool initials;    /* the name is nothing but initials */
    uint64_t account; /* 0: none */
    struct trait_hashes links, files;
    bool dated;
    int32_t day_first, day_last; /* undated: when it became known */
    uint8_t side;                /* 0: not sure; else which stretch between determinations */
    uint8_t groups;              /* enum form_group */
};

void traits_of(const struct report *report, uint32_t subject, struct traits *ret);
/* A report joins: what was open is filled, days and artefacts are added. */
void traits_add(struct traits *into, const struct traits *from);
size_t traits_encode(const struct traits *traits, uint8_t ret[TRAITS_BYTES_MAX]);
int traits_decode(struct bytes value, struct traits *ret) MUST_USE;
/* What does not fit is cut. */
void trait_set(struct trait_text *text, struct bytes from);
struct bytes trait_bytes(const struct trait_text *text);
bool traits_share(const struct trait_hashes *a, const struct trait_hashes *b);

#endif
