/* conflict.h - whether the authority that decides is the accused.
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

#endif
