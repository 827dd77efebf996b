/* object_fetch_private.h - shared by the files of object_fetch.h. */
#ifndef PLATFORM_FETCH_OBJECT_FETCH_PRIVATE_H
#define PLATFORM_FETCH_OBJECT_FETCH_PRIVATE_H

#include <pthread.h>

#include "platform/fetch/object_fetch.h"

struct object_fetch {
    struct object_fetch_config config;
    enum { FETCH_PREPARING, FETCH_ASKING, FETCH_FINISHING, FETCH_OVER } phase;
    struct object_receiver receiver;
    struct object_draft *draft; /* NULL: the object is here, and what comes is only compared */
    uint32_t connection;        /* asked on; 0: on none */
    uint64_t range_bytes, range_left;
    uint64_t asked_ms, heard_ms; /* the last WANT; it or what came of it */
    pthread_t thread;
    struct loop_wake *wake; /* NULL: no thread is running */
    int rc;                 /* left by the thread */
    struct err_ctx err;
    uint32_t found; /* blocks that an earlier run left */
};

/* On the thread: takes up what an earlier run left of it, and counts its blocks in `found`. An
 * error: with text in `err`. */
int object_fetch_find_left(struct object_fetch *fetch) MUST_USE;

#endif
