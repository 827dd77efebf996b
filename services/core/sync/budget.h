/* budget.h - what a node may send and receive in a day and a month, and when bulk may go.
 *
 * Days and months are WIB's (UTC+7), as the deadlines are. A clock that goes to another day, on or
 * back, begins a new count: one that was years ahead must not shut a line for years. When a budget
 * is spent, acks, session, office and urgent entries still go; routine ones and objects wait.
 */
#ifndef CORE_SYNC_BUDGET_H
#define CORE_SYNC_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget_limits {
    uint64_t day_bytes;   /* 0: none */
    uint64_t month_bytes; /* 0: none */
    uint64_t bulk_from_hour;
    uint64_t bulk_to_hour; /* objects go from … to before …, over midnight too; the same: always */
};

/* What was used; zeroed: nothing yet. */
struct budget {
    uint64_t day;   /* since 1970 */
    uint64_t month; /* since year 0 */
    uint64_t day_bytes;
    uint64_t month_bytes;
};

/* So many more bytes went over the line; also with 0 bytes, for what is over. */
void budget_count(struct budget *budget, int64_t clock_ms, uint64_t bytes);
bool budget_spent(const struct budget *budget, const struct budget_limits *limits);
/* What may still go. UINT64_MAX: there is no limit. */
uint64_t budget_left(const struct budget *budget, const struct budget_limits *limits);
bool budget_bulk_open(const struct budget_limits *limits, int64_t clock_ms);

/* Bytes of whole packets, both ways, from what the program itself sees; an estimate, meant to be
 * rather above than below (kabar-bench link says how far off; attempts that never connect are not
 * in it). */
uint64_t budget_estimate(uint64_t frame_bytes, uint64_t frames, uint64_t connects);

#endif
