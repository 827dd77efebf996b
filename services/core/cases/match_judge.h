/* match_judge.h - one case against one report's subject: same, perhaps, or another. Pure.
 *
 * Above every score: another person (name, number, unit, regency), the other side of the
 * determination, another act (post, place, day). What is not sure is `maybe`, for an officer.
 * A judgement explains itself: its rule, and what was found of each field with its part of the
 * score; the parts add up to the score (match_explain.h renders it).
 */
#ifndef CORE_CASES_MATCH_JUDGE_H
#define CORE_CASES_MATCH_JUDGE_H

#include "core/cases/match_traits.h"

enum verdict { VERDICT_OTHER, VERDICT_MAYBE, VERDICT_SAME };

enum match_field {
    MATCH_NIP,
    MATCH_NIK,
    MATCH_NAME,
    MATCH_UNIT,
    MATCH_POSITION,
    MATCH_ACCOUNT,
    MATCH_SEX_BIRTH, /* what titles and numbers say of it */
    MATCH_REGENCY,
    MATCH_LINK,
    MATCH_FILE,
    MATCH_PLACE,
    MATCH_COMPANY, /* who else stood in the reports */
    MATCH_FORM,
    MATCH_DAY,
    MATCH_SIDE, /* of the determination */
    MATCH_FIELD_COUNT
};
enum match_finding {
    FOUND_UNASKED, /* something before it had decided */
    FOUND_EQUAL,
    FOUND_NEAR,
    FOUND_DIFFERENT,
    FOUND_ABSENT, /* on one side or both */
    FOUND_COUNT
};
struct match_found {
    enum match_finding finding;
    int32_t share_milli;
};

struct judgement {
    enum verdict verdict;
    uint32_t score_milli;
    bool fragile;     /* right only if no other case fits as well */
    const char *rule; /* of `other`: what keeps them apart, "other_…" */
    struct match_found fields[MATCH_FIELD_COUNT];
};

void match_judge(const struct traits *report, const struct traits *known, struct judgement *ret);

#endif
