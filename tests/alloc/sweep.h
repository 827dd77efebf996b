/* sweep.h - fails each allocation of an operation in turn: once, and from there on for ever.
 *
 * After each failure the operation has to have failed cleanly: with the code that says so, its
 * outputs as they were, nothing leaked; and with memory back it works on the very same object.
 */
#ifndef ALLOC_SWEEP_H
#define ALLOC_SWEEP_H

#include "alloc/fail_alloc.h"

#include <stdio.h>
#include <stdlib.h>

struct sweep {
    const char *name;
    void (*ready)(void *arg); /* NULL, or what comes before each run, with memory */
    /* The operation; memory may fail. Returns 0 or a code. */
    int (*run)(void *arg);
    /* Memory is back. rc 0: the result has to be right, and is released. Else: nothing came out. */
    void (*judge)(void *arg, int rc);
    void *arg;
    int rc;          /* expected when memory fails */
    bool may_manage; /* a failure may also be got round, with a right result */
    /* A failure may also end the program, if it says "event=out_of_memory": run in a child. */
    bool may_end;
    bool keeps; /* it may keep memory for the next time: only the leak checker at the end */
};

#define SWEEP_CHECK(condition)                                                                     \
    ((condition) ? (void)0 : sweep_failed(#condition, __FILE__, __LINE__))
_Noreturn void sweep_failed(const char *what, const char *file, int line);

/* Ends the program at the first thing that is not so. At least one allocation must be seen. */
void sweep_run(const struct sweep *sweep);
/* The usual one: ERR_NOMEM, nothing managed, nothing kept. */
void sweep_plain(const char *name, int (*run)(void *arg), void (*judge)(void *arg, int rc),
                 void *arg);
/* For what must not allocate at all. */
void sweep_without(const char *name, int (*run)(void *arg), void (*judge)(void *arg, int rc),
                   void *arg);

/* A test program is a list of these, with covers == NULL at the end. */
struct sweep_part {
    const char *covers; /* the public functions it is for, with blanks between (reach.sh) */
    void (*run)(void);
};
/* main: runs all, or with --list says what they are for. */
int sweep_main(int argc, char **argv, const struct sweep_part *parts);

#endif
