/* fetch_private.h - one file on its way in; shared by the files of fetch.h. */
#ifndef AGGREGATOR_FETCH_PRIVATE_H
#define AGGREGATOR_FETCH_PRIVATE_H

#include <pthread.h>

#include "aggregator/fetch.h"
#include "core/sync/object_receiver.h"

struct fetch {
    struct peer *peer;
    enum { FETCH_PREPARING, FETCH_ASKING, FETCH_FINISHING, FETCH_NOTING } phase;
    struct object_receiver receiver;
    struct object_draft *draft; /* NULL: the file is here, and what comes is only compared */
    uint32_t connection;        /* asked on; 0: on none */
    uint64_t range_bytes, range_left;
    uint64_t asked_ms, heard_ms; /* the last WANT; it or what came of it */
    pthread_t thread;
    struct loop_wake *wake; /* NULL: no thread is running */
    int rc;
    struct err_ctx err;
    uint32_t found; /* blocks that an earlier run left */
    struct store_command command;
};

/* ---- fetch_left.c: on the thread ---- */
/* Takes up what an earlier run left of it, and counts its blocks in `found`. An error: with text
 * in `err`. */
int fetch_find_left(struct fetch *fetch) MUST_USE;

#endif
