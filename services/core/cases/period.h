/* period.h - weeks and months of days since 1970-01-01, as reporting counts them. */
#ifndef CORE_CASES_PERIOD_H
#define CORE_CASES_PERIOD_H

#include "core/base/text.h"

enum period_kind { PERIOD_WEEK, PERIOD_MONTH };
struct period {
    int32_t from, until; /* both inclusive; at most PERIOD_DAYS_MAX days */
};
#define PERIOD_DAYS_MAX 31
#define PERIOD_TEXT_CAPACITY 16u

#define PERIOD_DAY_LEAST 0    /* 1970 */
#define PERIOD_DAY_MOST 84000 /* the end of 2199 is near */

/* The week (from Monday) or month that a day lies in; days outside those above give the nearest. */
struct period period_of(enum period_kind kind, int32_t day);
/* "2024-W18" as ISO 8601 counts weeks, "2024-05". */
char *period_text(enum period_kind kind, const struct period *period,
                  char ret[PERIOD_TEXT_CAPACITY]);
/* The day in West Indonesian Time (UTC+7) of a moment; moments outside give the nearest. */
int32_t period_day(int64_t wall_ms);

#endif
