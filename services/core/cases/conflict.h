/* conflict.h - whether who decides, or who works on the case, is the accused.
 *
 * Both are words that people typed: "Bupati Banyuasin" and the name and position of a subject. It
 * is so when all words of the subject's name stand in the authority, or when both hold the same
 * post: acting or not, and with the employing regency's name filled in where the position is the
 * bare title. A deputy is another person.
 */
#ifndef CORE_CASES_CONFLICT_H
#define CORE_CASES_CONFLICT_H

#include "core/base/bytes.h"

struct conflict_person {
    struct bytes name, position;
    struct bytes place; /* the employing regency's name: "Banyuasin" */
};
bool conflict_is_accused(const struct conflict_person *person, struct bytes authority);
/* The subject and an officer of the ring have one name, titles aside. The ring knows no officer's
 * number, unit or post: a namesake is kept away too, and whoever stands below the subject must be
 * barred by hand. */
bool conflict_is_officer(struct bytes subject, struct bytes officer);

#endif
