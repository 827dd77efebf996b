/* match_names.h - how far two names, units, places or numbers can mean the same.
 *
 * Takes what normalise.h made. Compares one pair; holds no rule about merging. Integers only,
 * nothing allocated. Source: DOMAIN "What real duplicates look like".
 */
#ifndef CORE_CASES_MATCH_NAMES_H
#define CORE_CASES_MATCH_NAMES_H

#include "core/base/bytes.h"

enum name_likeness {
    NAMES_DIFFER,
    NAMES_MAYBE,  /* one within the other, initials, another letter: for an officer */
    NAMES_SLIP,   /* two words or more, a letter of one off; or one word, so that one is no name */
    NAMES_SINGLE, /* one word, the same */
    NAMES_EQUAL,  /* two words or more; or a letter doubled or exchanged, so that one of the two is
                   * no name any more */
};
enum name_likeness match_names(struct bytes a, struct bytes b);
/* Whether many bear it (match_known_names.c). */
bool match_name_known(struct bytes word);
/* First letters in order, without Muhammad: "muhammad ali sastro" → "as"; initials alone ("ath")
 * are their letters when `initials`. */
#define MATCH_INITIALS_CAPACITY 16u
size_t match_initials(struct bytes name, bool initials, char ret[MATCH_INITIALS_CAPACITY]);

enum likeness { LIKE_UNKNOWN, LIKE_EQUAL, LIKE_WITHIN, LIKE_SIMILAR, LIKE_DIFFERENT };
/* Units, places, positions. WITHIN: all words of one are in the other; SIMILAR: they share a word
 * of four letters. */
enum likeness match_words(struct bytes a, struct bytes b);

enum number_likeness {
    NUMBERS_UNKNOWN,
    NUMBERS_EQUAL,
    NUMBERS_NEAR,  /* a slip of the hand in a NIP: two neighbours exchanged before the serial, or
                    * one digit wrong where that makes it no NIP */
    NUMBERS_CLOSE, /* another digit before the serial, or neighbours exchanged in it: colleagues'
                    * numbers look so too */
    NUMBERS_DIFFER
};
enum number_likeness match_numbers(struct bytes a, struct bytes b);
/* Contract numbers change with the agency: same birth, sex and kind, another year or serial. */
bool match_contract_changed(struct bytes a, struct bytes b);

#endif
