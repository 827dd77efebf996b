/* words.h - eight Indonesian words that two people compare over the phone.
 *
 * w = BLAKE2b-256(data; personal "kabar.words.v1"), then 65,536 times
 * w = BLAKE2b-256(w; personal "kabar.words.v1"); the first eight bytes each name one of 256 words.
 * The repetition makes grinding for a collision 2^16 times dearer. The list is in SPEC.md.
 */
#ifndef CORE_SEAL_WORDS_H
#define CORE_SEAL_WORDS_H

#include "core/base/ident.h"

#define WORDS_TEXT_CAPACITY 128u

/* Words separated by one blank, lower case, with a NUL. */
void words_of(struct bytes data, char ret[WORDS_TEXT_CAPACITY]);
/* Compares as people type: case and runs of blanks or hyphens do not matter. */
bool words_match(const char *typed, const char *words);
const char *words_list(unsigned index); /* 0..255, for SPEC's test */

#endif
