/* match_person.h - whether two sets of traits are of one person, and how sure that is. Pure. */
#ifndef CORE_CASES_MATCH_PERSON_H
#define CORE_CASES_MATCH_PERSON_H

#include "core/cases/match_judge.h"
#include "core/cases/match_names.h"

enum who { WHO_OTHER, WHO_MAYBE, WHO_WEAK, WHO_LIKELY, WHO_SURE };

/* artefact: both are of one link or file. Notes what it found of each field; of WHO_OTHER the rule.
 */
enum who match_person(const struct traits *a, const struct traits *b, bool artefact,
                      struct judgement *ret);

/* The nearest two. clash: whether some two are of different things; NULL: not asked. */
enum likeness match_texts_nearest(const struct trait_texts *a, const struct trait_texts *b,
                                  bool *clash);

/* Whether the births in NIPs and NIKs contradict each other: some pair does, and none agrees. */
bool match_births_differ(const struct trait_texts *nips, const struct trait_texts *niks);

/* ---- for what a judgement says of itself ---- */
static inline void match_note(struct judgement *judgement, enum match_field field,
                              enum match_finding finding)
{
    judgement->fields[field].finding = finding;
}
enum match_finding match_finding_of(enum likeness like);
enum match_finding match_finding_shared(const struct trait_hashes *a, const struct trait_hashes *b);
/* Up to so much of what is left to give goes to this field. */
void match_give(struct judgement *judgement, enum match_field field, int32_t up_to, int32_t *left);

#endif
