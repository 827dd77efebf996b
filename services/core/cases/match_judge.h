/* match_judge.h - one case against one report's subject: same, perhaps, or another. Pure.
 *
 * Above every score: another person (name, number, unit, regency), the other side of the
 * determination, another act (post, place, day). What is not sure is `maybe`, for an officer.
 */
#ifndef CORE_CASES_MATCH_JUDGE_H
#define CORE_CASES_MATCH_JUDGE_H

#include "core/cases/match_traits.h"

enum verdict { VERDICT_OTHER, VERDICT_MAYBE, VERDICT_SAME };

struct judgement {
    enum verdict verdict;
    uint32_t score_milli;
    bool fragile; /* right only if no other case fits as well */
    const char *rule;
    const char *fields[6]; /* what agreed; static texts */
    size_t field_count;
};

void match_judge(const struct traits *report, const struct traits *known, struct judgement *ret);

#endif
