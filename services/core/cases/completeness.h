/* completeness.h - who has reported for a period, in time or not, and which zero claims still hold.
 *
 * Counted as DHIS2 counts data sets: each regency of the province is expected to report once a
 * period (its own notion of an assignment: all are assigned); *received* is what came for it, by
 * whatever day; *on time* what came by the deadline; reporting rate = received / expected, on-time
 * rate = on time / expected.
 *
 * A regency has reported for a period when its zero reports together say so for every day of it and
 * every class of persons in the scope, or when it filed a report of an act in it. Nothing is ever
 * inferred from silence.
 *
 * A zero claim is *contradicted* by a report of an act on one of its days, by somebody of its
 * scope, that the regency filed or that is about somebody it employs: whichever came first. It is
 * *stale* once there are reports of later days, or it is old: it says nothing of them, and they do
 * not contradict it. Nothing is deleted.
 */
#ifndef CORE_CASES_COMPLETENESS_H
#define CORE_CASES_COMPLETENESS_H

#include "core/cases/period.h"
#include "core/cases/views.h"

/* ---- on time ---- */
/* When a statement counts as made: when it was entered, if the node's clock was within
 * CLOCK_SKEW_MS_MAX of ours in the session that brought it; else when it came. */
int64_t arrival_made_ms(const struct arrival *arrival, bool *ret_by_entry);
/* By the end of day `due`, West Indonesian Time. */
bool arrival_on_time(const struct arrival *arrival, int32_t due);
bool arrival_came_on_time(const struct arrival *arrival, int32_t due);

/* ---- zero claims ---- */
struct claim {
    struct bytes regency;
    int32_t from, until;
    int scope; /* index of scope_names */
    uint64_t position;
    struct zero_view view;
};
/* A row of VIEW_ZEROS. ERR_FORMAT; texts are borrowed. */
int claim_read(struct bytes key, struct bytes value, struct claim *ret) MUST_USE;

struct filed_at {
    struct entry_id id;
    uint64_t position;
    int32_t day;
};
#define CLAIM_ROWS_MAX 1000u /* reports looked at, of its days and again of later ones */
struct claim_facts {
    uint64_t contradicted; /* reports; at CLAIM_ROWS_MAX rows the count ends */
    struct filed_at by;    /* the first of them, by day */
    bool later;
    struct filed_at later_by; /* the first report of a later day and its scope */
};
/* Errors are of storage. Does not look at texts of the claim, which may be gone. */
int claim_judge(const struct views *views, const struct claim *claim,
                struct claim_facts *ret) MUST_USE;

/* ---- one regency, one period ---- */
struct completeness_ask {
    char regency[8];
    struct period period;
    int scope; /* index of scope_names */
    int32_t due;
};
#define SCOPE_MASKS 5 /* pns pppk honorer village, and claims for all of them */
struct completeness {
    struct completeness_ask ask;
    /* The answer. */
    bool received, on_time, came_on_time; /* on_time: as made; came_on_time: as it came */
    bool zero, report;                    /* received by zero reports; by reports */
    bool partly_zero;                     /* claims are there, but not for all days and classes */
    struct claim claim;                   /* one of them; its texts are in stated_name */
    char stated_name[NAME_BYTES_MAX + 1];
    uint64_t contradicted; /* reports that contradict a claim for these days and this scope */
    struct filed_at by;    /* the first of them */
    /* Where the counting stands. */
    enum { COMPLETENESS_ZEROS, COMPLETENESS_REPORTS, COMPLETENESS_DONE } stage;
    struct view_key after;
    uint32_t said[SCOPE_MASKS], said_on_time[SCOPE_MASKS], came[SCOPE_MASKS]; /* days as bits */
    bool report_on_time, report_came_on_time;
};
void completeness_begin(struct completeness *completeness, const struct completeness_ask *ask);
/* Reads at most rows_max records; until stage is COMPLETENESS_DONE, call again. */
int completeness_step(struct completeness *completeness, const struct views *views,
                      size_t rows_max) MUST_USE;

#endif
