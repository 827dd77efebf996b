/* match_explain.h - a judgement in words: the one place where it is rendered. It names fields,
 * never what stands in them.
 */
#ifndef CORE_CASES_MATCH_EXPLAIN_H
#define CORE_CASES_MATCH_EXPLAIN_H

#include "core/base/arena.h"
#include "core/cases/match_judge.h"

#include <jansson.h>

/* One text for each finding, as a placement keeps them: "equal nip=500 name unit", "different
 * position". The number is the field's part of the score, in thousandths. 0, or ERR_NOMEM. */
int match_explain_texts(const struct judgement *judgement, struct arena *arena,
                        struct bytes ret[FOUND_COUNT], size_t *ret_count) MUST_USE;
/* [{"field":"nip","found":"equal","share":0.5}, …] of such texts. Of placements made before them:
 * the fields that agreed, without a share. NULL: no memory. */
json_t *match_explain_fields(const struct bytes *texts, size_t count);
/* {"verdict":"same|perhaps|other","rule":…,"score":…,"fields":[…]} */
json_t *match_explain_json(const struct judgement *judgement, struct arena *arena);

#endif
