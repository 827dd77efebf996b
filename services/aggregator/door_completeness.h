/* door_completeness.h - completeness: its parts: what is asked, and its rows. Private to
 * door_completeness*.c. */
#ifndef AGGREGATOR_DOOR_COMPLETENESS_H
#define AGGREGATOR_DOOR_COMPLETENESS_H

#include "aggregator/door_slices.h"
#include "aggregator/doors.h"
#include "core/cases/completeness.h"
#include "core/rules/catalogue_set.h"

#define REGENCIES_MAX 64u /* of one province */

struct tally {
    uint64_t expected, received, on_time, came_on_time;
};
struct regency {
    char code[8];
    char name[64];
    struct tally tally;
};
struct asked {
    struct slices slices;
    struct arena *arena; /* holds the catalogue */
    const struct catalogue *catalogue;
    enum period_kind kind;
    int scope;
    struct period range; /* from the first day of the first period to the last of the last */
    bool claims, has_range;
    int32_t today, stale_days;
    struct regency regencies[REGENCIES_MAX];
    size_t regency_count, regency_at;
    struct period period;
    struct tally tally, all;
    size_t periods;
    bool begun, running;
    struct completeness cell;
    struct view_key after; /* claims */
};

/* ---- door_completeness_rows.c ---- */
/* The regency that is counted: its row, and into the sums. */
void completeness_cell_row(struct asked *asked);
void completeness_province_row(struct asked *asked, const char *period, const struct period *days,
                               const struct tally *tally);
/* Over all periods, where there are several. */
void completeness_sums(struct asked *asked);
/* A record of VIEW_ZEROS, if it is asked for. */
int completeness_claim_row(struct asked *asked, const struct views *views, struct bytes key,
                           struct bytes value) MUST_USE;

#endif
