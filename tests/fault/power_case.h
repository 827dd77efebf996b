/* power_case.h - one life or one look at a disk, in a process of its own: a damaged file may end it
 * by a signal, and nothing of one case is left for the next. */
#ifndef FAULT_POWER_CASE_H
#define FAULT_POWER_CASE_H

#include "fault/power_run.h"

/* What the child leaves for its parent, in memory they share. */
struct case_report {
    bool finished; /* it came to its end; else a signal or an abort ended it */
    bool good;
    size_t state; /* transactions that are in the store */
    int rc;       /* of a faulty life */
    bool fault_met;
    size_t calls; /* that change files, of a faulty life */
    char text[ERR_TEXT_BYTES_MAX];
};

#define BETWEEN_MAX 8u

/* Digests of all tables after so many transactions. A step that is several commits (the applier's:
 * outputs, then views) has states between as well, from which the same step leads on. */
struct case_states {
    struct hash after[WORK_STEPS_MAX + 1];
    struct hash between[WORK_STEPS_MAX][BETWEEN_MAX];
    size_t between_count[WORK_STEPS_MAX];
};

struct power_case {
    const struct work *work;
    struct tape *tape;
    struct case_states *states; /* shared */
    struct case_report *report;
    char folder[64]; /* in memory, if there is such a place */
};

/* Makes the folder and what is shared; ends the program when it cannot. */
void case_open(struct power_case *run, const struct work *work);
void case_close(struct power_case *run);
/* The path of the folder that stands for the disk, empty; valid until the next call. */
const char *case_disk(struct power_case *run);

/* Runs child() in a child process; true when it finished and was good. */
bool case_run(struct power_case *run, bool (*child)(struct power_case *run, void *arg), void *arg);

/* Everything by itself, nothing recorded: fills run->states. */
bool case_reference(struct power_case *run);
/* A whole life on an empty disk, on the tape. */
bool case_life(struct power_case *run);

/* What was found: between `promised` and `begun` transactions must be there, whole, and one more
 * can be made. */
struct case_look {
    const char *disk;
    size_t promised, begun;
};
bool case_look(struct power_case *run, const struct case_look *look);
/* The same in this process: for a child. */
bool case_look_here(struct power_case *run, const struct case_look *look);
/* After a process died: opens what it left, says what it read (on the tape, as a promise) and goes
 * on for a few transactions. */
bool case_second_life(struct power_case *run, const struct case_look *look);
/* A life on a disk that fails, on the tape. Good: nothing was reported durable after the first
 * storage error, and after one that found no room it went on as soon as there was some. The report
 * has the code it ended with; what was promised is on the tape. */
bool case_faulty_life(struct power_case *run, const char *disk, struct tape_fault *fault);

#endif
