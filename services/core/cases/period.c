#include "core/cases/period.h"

#include "core/base/assert.h"

#include <stdio.h>

#define DAY_MS INT64_C(86400000)
#define WIB_MS INT64_C(25200000)

static int32_t within(int64_t day)
{
    return day < PERIOD_DAY_LEAST  ? PERIOD_DAY_LEAST
           : day > PERIOD_DAY_MOST ? PERIOD_DAY_MOST
                                   : (int32_t)day;
}

int32_t period_day(int64_t wall_ms)
{
    return wall_ms < 0 ? PERIOD_DAY_LEAST
                       : within(wall_ms / DAY_MS + (wall_ms % DAY_MS + WIB_MS) / DAY_MS);
}

static void date_of(int32_t day, int *ret_year, int *ret_month)
{
    char text[DAY_TEXT_CAPACITY];
    (void)day_to_text(day, text);
    *ret_year =
        (text[0] - '0') * 1000 + (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0';
    *ret_month = (text[5] - '0') * 10 + text[6] - '0';
}

/* 0: Monday. 1970-01-01 was a Thursday. */
static int32_t weekday(int32_t day)
{
    return (day + 3) % 7;
}

struct period period_of(enum period_kind kind, int32_t day)
{
    day = within(day);
    struct period period = {.from = day - weekday(day), .until = day - weekday(day) + 6};
    int year = 0, month = 0;
    if (kind == PERIOD_WEEK) {
        return period;
    }
    date_of(day, &year, &month);
    bool first = day_of_date(year, month, 1, &period.from);
    bool last = month == 12 ? day_of_date(year + 1, 1, 1, &period.until)
                            : day_of_date(year, month + 1, 1, &period.until);
    ASSERT(first && last);
    period.until--;
    return period;
}

char *period_text(enum period_kind kind, const struct period *period,
                  char ret[PERIOD_TEXT_CAPACITY])
{
    int year = 0, month = 0;
    int32_t first = 0;
    int32_t from = within(period->from);
    if (kind == PERIOD_MONTH) {
        date_of(from, &year, &month);
        (void)snprintf(ret, PERIOD_TEXT_CAPACITY, "%04d-%02d", year % 10000, month % 100);
        return ret;
    }
    /* A week is of the year in which its Thursday lies, its number that Thursday's. */
    int32_t thursday = from - weekday(from) + 3;
    date_of(within(thursday), &year, &month);
    ASSERT(day_of_date(year, 1, 1, &first));
    (void)snprintf(ret, PERIOD_TEXT_CAPACITY, "%04d-W%02d", year % 10000,
                   (int)((thursday - first) / 7 + 1) % 100);
    return ret;
}
