/* normalise.h - one spelling for what people write in many: links, names, units, numbers.
 *
 * Only what is sure: two things that come out equal are meant to be the same link, name or unit.
 * What is merely alike stays different here, for scored matching is another stage's work. Outputs
 * are not NUL-terminated; what does not fit is cut (the inputs have limits far below).
 * Source: DOMAIN "What real duplicates look like".
 */
#ifndef CORE_CASES_NORMALISE_H
#define CORE_CASES_NORMALISE_H

#include "core/base/bytes.h"
#include "core/base/limits.h"

#define NORMAL_LINK_CAPACITY (URL_BYTES_MAX + 64u)
#define NORMAL_NAME_CAPACITY 1024u
#define NORMAL_NUMBER_CAPACITY 32u

/* "https://m.facebook.com/a/b/?fbclid=x#y" → "facebook.com/a/b". Empty when the link names no
 * single thing: no path, or only a person's profile. Paths keep their case. */
size_t normalise_link(struct bytes url, char ret[NORMAL_LINK_CAPACITY]);

/* "H. Moh. Joesoef, S.Sos., M.Si." → "muhammad yusuf". */
size_t normalise_name(struct bytes name, char ret[NORMAL_NAME_CAPACITY]);
/* Initials or nothing ("rd", "a b"): no person can be told by it. */
bool normal_name_weak(struct bytes normal);
/* Two neighbours exchanged, a letter too many or one left out. */
bool normal_mistyped(struct bytes word, struct bytes meant);
/* A word of three letters or more in both. */
bool normal_names_share(struct bytes a, struct bytes b);

/* "Kec. Tebat & Serai" → "kecamatan tebat dan serai". */
size_t normalise_unit(struct bytes unit, char ret[NORMAL_NAME_CAPACITY]);

/* The digits of a NIP or NIK as people print them ("19820314 200604 1 007"). */
size_t normalise_number(struct bytes number, char ret[NORMAL_NUMBER_CAPACITY]);

#endif
