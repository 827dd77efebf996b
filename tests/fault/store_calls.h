/* store_calls.h - the calls by which a program changes files, defined here again: each first asks
 * `store_call_begin` and then tells `store_call_end`. Linked into a test, or preloaded
 * (store_shim).
 *
 * Only files below the folder that was chosen are looked at, and neither LMDB's lock file nor our
 * own, which say nothing after a restart.
 */
#ifndef FAULT_STORE_CALLS_H
#define FAULT_STORE_CALLS_H

#include "fault/power_disk.h"

#include <sys/uio.h>

struct store_call {
    enum disk_step step;
    bool synced;          /* O_DSYNC */
    bool failed;          /* it gave an error; what a sync was to write counts as clean now */
    const char *path;     /* below the folder */
    const char *to;       /* of a rename or link */
    const char *function; /* as it was called */
    uint64_t at;
    const struct iovec *parts;
    int part_count;
    size_t len; /* of all parts */
};

/* What becomes of a call. A failed one may have done its work all the same. */
struct store_answer {
    int error;         /* 0: none */
    bool done;         /* with an error: it is carried out first */
    size_t bytes_kept; /* of a write, with no error: short when less than len */
    bool skip;         /* it only seems to be done: a sync nobody needs here */
};

/* Below this absolute path; NULL: none. It stays with the caller. */
void store_calls_watch(const char *folder);

/* Defined by who uses this. begin comes before the call, end after one that changed something, with
 * len as much as was written. */
struct store_answer store_call_begin(const struct store_call *call);
void store_call_end(const struct store_call *call);

#endif
