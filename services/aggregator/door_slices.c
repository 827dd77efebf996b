#include "aggregator/door_slices.h"

static void go_on(void *arg)
{
    struct slices *slices = arg;
    bool more = false;
    if (slices->call == NULL) { /* the client went away */
        slices->free(slices);
        return;
    }
    int rc = slices->step(slices, &more);
    if (rc == 0 && more) {
        bool full = door_call_full(slices->call);
        if (full || loop_defer(slices->aggregator->loop, go_on, slices) == 0) {
            slices->waits = full;
            return;
        }
        rc = ERR_NOMEM;
    }
    door_call_set_data(slices->call, NULL);
    slices->answer(slices, rc);
    slices->free(slices);
}

void slices_begin(struct slices *slices)
{
    slices->waits = false;
    door_call_set_data(slices->call, slices);
    go_on(slices);
}

void slices_drained(struct door_call *call)
{
    struct slices *slices = door_call_data(call);
    if (slices != NULL && slices->waits) {
        slices->waits = false;
        go_on(slices);
    }
}

void slices_gone(struct door_call *call)
{
    struct slices *slices = door_call_data(call);
    if (slices == NULL) {
        return;
    }
    door_call_set_data(call, NULL);
    if (slices->waits) {
        slices->free(slices);
    } else {
        slices->call = NULL; /* the deferred turn frees it */
    }
}
