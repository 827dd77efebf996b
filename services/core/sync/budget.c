#include "core/sync/budget.h"

#define HOUR_MS 3600000
#define DAY_MS (24 * HOUR_MS)
#define WIB_MS (7 * HOUR_MS)

/* Of a frame: its packet's headers, the ack's, CURVE's and ZMTP's. Of its bytes: headers and acks
 * of the further packets of a long one. Of a connection: TCP, ZMTP's greeting, CURVE. */
#define FRAME_BYTES 170u
#define LONG_PERCENT 7u
#define CONNECT_BYTES 3000u

/* Before 1970 there is nothing to count. */
static uint64_t wib_ms(int64_t clock_ms)
{
    return clock_ms < 0 ? 0 : (uint64_t)clock_ms + WIB_MS;
}

/* Months since year 0 of a day since 1970 (Hinnant's civil_from_days, for days from 1970 on). */
static uint64_t month_of(uint64_t day)
{
    uint64_t shifted = day + 719468; /* since 1 March of year 0 */
    uint64_t era = shifted / 146097;
    uint64_t of_era = shifted % 146097;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t from_march = (5 * of_year + 2) / 153;
    return (era * 400 + year) * 12 + 2 + from_march;
}

void budget_count(struct budget *budget, int64_t clock_ms, uint64_t bytes)
{
    uint64_t day = wib_ms(clock_ms) / DAY_MS;
    uint64_t month = month_of(day);
    if (budget->day != day) {
        budget->day = day;
        budget->day_bytes = 0;
    }
    if (budget->month != month) {
        budget->month = month;
        budget->month_bytes = 0;
    }
    budget->day_bytes += bytes;
    budget->month_bytes += bytes;
}

static uint64_t left(uint64_t used, uint64_t limit)
{
    if (limit == 0) {
        return UINT64_MAX;
    }
    return used < limit ? limit - used : 0;
}

uint64_t budget_left(const struct budget *budget, const struct budget_limits *limits)
{
    uint64_t day = left(budget->day_bytes, limits->day_bytes);
    uint64_t month = left(budget->month_bytes, limits->month_bytes);
    return day < month ? day : month;
}

bool budget_spent(const struct budget *budget, const struct budget_limits *limits)
{
    return budget_left(budget, limits) == 0;
}

bool budget_bulk_open(const struct budget_limits *limits, int64_t clock_ms)
{
    uint64_t hour = wib_ms(clock_ms) % DAY_MS / HOUR_MS;
    bool after = hour >= limits->bulk_from_hour;
    bool before = hour < limits->bulk_to_hour;
    if (limits->bulk_from_hour == limits->bulk_to_hour) {
        return true;
    }
    return limits->bulk_from_hour < limits->bulk_to_hour ? after && before : after || before;
}

uint64_t budget_estimate(uint64_t frame_bytes, uint64_t frames, uint64_t connects)
{
    return frame_bytes + frame_bytes / 100 * LONG_PERCENT + frames * FRAME_BYTES +
           connects * CONNECT_BYTES;
}
