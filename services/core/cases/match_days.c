#include "core/cases/match_days.h"

static int32_t clamped(int64_t days)
{
    return days > INT32_MAX ? INT32_MAX : (days < INT32_MIN ? INT32_MIN : (int32_t)days);
}

static int32_t gap_of(const struct traits *early, const struct traits *late)
{
    int64_t apart = (int64_t)late->day_first - early->day_first;
    int32_t nearest = INT32_MAX;
    if (apart > 2 * TRAIT_DAYS_MAX) {
        return clamped(apart - TRAIT_DAYS_MAX);
    }
    for (int32_t i = 0; i < TRAIT_DAYS_MAX; i++) {
        for (int32_t j = 0; (early->days >> i & 1u) != 0 && j < TRAIT_DAYS_MAX; j++) {
            int32_t between = (int32_t)apart + j - i;
            between = between < 0 ? -between : between;
            nearest = (late->days >> j & 1u) != 0 && between < nearest ? between : nearest;
        }
    }
    return nearest;
}

struct days match_days(const struct traits *a, const struct traits *b)
{
    const struct traits *early = a->day_first <= b->day_first ? a : b;
    const struct traits *late = early == a ? b : a;
    int32_t one = traits_day_last(a), two = traits_day_last(b);
    int64_t last = one > two ? one : two;
    struct days days = {.span = clamped(last - early->day_first), .gap = gap_of(early, late)};
    if (a->dated != b->dated) {
        const struct traits *dated = a->dated ? a : b, *known = a->dated ? b : a;
        days.gap = clamped((int64_t)known->day_first - traits_day_last(dated));
    }
    return days;
}
