/* power_tape.h - what happened, in order: every change of the store's files, and every promise.
 *
 * A tape lies in memory that a process shares with its children; one of them records at a time. The
 * parent plays it onto a disk (power_disk.h) afterwards. While it records, syncs are not carried
 * out: what counts as synced is the disk's business here, not the machine's.
 */
#ifndef FAULT_POWER_TAPE_H
#define FAULT_POWER_TAPE_H

#include "fault/store_calls.h"

#define TAPE_EVENTS_MAX 16384u

enum tape_event_kind {
    TAPE_OP,       /* a change of files */
    TAPE_BEGUN,    /* transaction `number` may be in the store from here on */
    TAPE_PROMISED, /* transactions up to `number` were reported durable */
};

struct tape_event {
    enum tape_event_kind kind;
    enum disk_step step;
    bool synced, failed;
    uint64_t number, at;
    size_t path, to, data, len; /* offsets; 0: none */
    const char *function;       /* same address in parent and child */
};

struct tape;
struct tape *tape_new(void);
void tape_rewind(struct tape *tape);
size_t tape_count(const struct tape *tape);
const struct tape_event *tape_event(const struct tape *tape, size_t index);
struct disk_op tape_op(const struct tape *tape, const struct tape_event *event);

/* What must be in the store, and what may. */
struct promises {
    size_t promised, begun;
};
void promises_follow(struct promises *promises, const struct tape_event *event);

/* ---- in the recording process ---- */
/* Records what happens below the folder. tape NULL: stop; syncs are skipped all the same. */
void tape_record(struct tape *tape, const char *folder);
void tape_note(enum tape_event_kind kind, uint64_t number);
/* A disk that fails: call `at` (from 1) does what `answer` says, and those after it too if ever. */
struct tape_fault {
    size_t at;
    bool ever;
    int error;   /* 0: a short write, half of it */
    bool done;   /* the call did its work all the same */
    bool met;    /* it came to that: left here */
    size_t seen; /* calls so far: left here */
};
void tape_fail(struct tape_fault *fault);
/* Answers that were given are out before anything more is stored, as over the fastest of lines:
 * called before each change, on the thread that makes it. NULL: none. */
void tape_let_answers_out(void (*wait)(void *arg), void *arg);

#endif
