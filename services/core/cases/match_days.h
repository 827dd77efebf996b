/* match_days.h - how far apart two acts are in days, by all that their reports say. */
#ifndef CORE_CASES_MATCH_DAYS_H
#define CORE_CASES_MATCH_DAYS_H

#include "core/cases/match_traits.h"

struct days {
    int32_t span; /* from the first of both to the last */
    int32_t gap;  /* between the nearest two; of an undated one: since it happened */
};
struct days match_days(const struct traits *a, const struct traits *b);

#endif
