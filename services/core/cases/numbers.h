/* numbers.h - how many, by form, position, subject class, phase, regency or week: a funnel.
 *
 * Counted in cases, that is persons and acts, not in reports. Each column holds what the one before
 * it holds, or less:
 *   reported  a report opened a case, whatever became of it
 *   proven    the province recommended a sanction, or the PPK decided one: the case is recommended
 *             or beyond. Not: not_proven, nor what was taken back to be examined again
 *   decided   the decree of the PPK is recorded under two officers' signatures
 *   executed  the regency said that the decision was carried out
 *
 * A fold over VIEW_CASES when somebody asks, not counters kept with each entry: merges, splits and
 * steps back would have to be taken out of counters again, and a counter that is once wrong stays
 * wrong. A case costs under a microsecond (measured with a million), in slices; memory is bounded
 * by the number of groups.
 */
#ifndef CORE_CASES_NUMBERS_H
#define CORE_CASES_NUMBERS_H

#include "core/cases/period.h"
#include "core/cases/views.h"
#include "core/rules/catalogue_set.h"

#define NUMBERS_BY_LIST(X)                                                                         \
    X(NUMBERS_BY_NOTHING, "all")                                                                   \
    X(NUMBERS_BY_FORM, "form")                                                                     \
    X(NUMBERS_BY_POSITION, "position")                                                             \
    X(NUMBERS_BY_CLASS, "class")                                                                   \
    X(NUMBERS_BY_PHASE, "phase")                                                                   \
    X(NUMBERS_BY_REGENCY, "regency")                                                               \
    X(NUMBERS_BY_WEEK, "week")
enum numbers_by {
#define NUMBERS_X(name, text) name,
    NUMBERS_BY_LIST(NUMBERS_X)
#undef NUMBERS_X
        NUMBERS_BY_COUNT
};
bool numbers_by_of(const char *name, enum numbers_by *ret);

#define NUMBERS_GROUPS_MAX 512u
#define NUMBERS_GROUP_CAPACITY 96u

struct numbers_row {
    char group[NUMBERS_GROUP_CAPACITY]; /* "" where there is none */
    uint64_t reported, proven, decided, executed;
};
struct numbers {
    enum numbers_by by;
    const struct catalogue *catalogue; /* for phases */
    bool has_from, has_until;
    int32_t from, until;              /* days on which the first report of a case came, WIB */
    struct numbers_row total, others; /* others: of groups above NUMBERS_GROUPS_MAX */
    struct numbers_row rows[NUMBERS_GROUPS_MAX]; /* in order of group */
    size_t count;
};

/* One case of VIEW_CASES. */
void numbers_add(struct numbers *numbers, const struct case_view *view);
/* The group of a case: a form's code, "camat", "pns", "pilkada-2024 after_determination
 * during_campaign", "16.07", "2024-W40". Without what it is grouped by: "unknown". */
char *numbers_group(const struct numbers *numbers, const struct case_view *view,
                    char ret[NUMBERS_GROUP_CAPACITY]);

#endif
