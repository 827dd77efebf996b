/* object_giver.h - the end of a link that is asked for objects: both ends are. What goes out next
 * of what the other one wants, and nothing that no log between the two names.
 *
 *   WANT ──► looked up ──not named, not here──► MISSING
 *              └──► EFFECT_SEND_PART ──► PART_SENT ──► the next part, while nothing else waits
 *
 * It keeps nothing but the last WANT, of this connection. When a part may go is decided by the
 * engine that holds it (uplink, intake). Pure.
 */
#ifndef CORE_SYNC_OBJECT_GIVER_H
#define CORE_SYNC_OBJECT_GIVER_H

#include "core/sync/effects.h"
#include "core/sync/object.h"

/* How long the object or block list of this hash is, if a log between these two names it and it is
 * here. ERR_NOT_FOUND. Called within a step. size NULL: there are none. */
struct object_lookup {
    void *arg;
    int (*size)(void *arg, const struct hash *hash, uint64_t *ret_bytes);
};
struct object_giver {
    struct object_sender wanted;
    struct object_range part; /* on its way out */
    bool part_due;            /* there is one: not sent yet */
};

/* Another connection: nothing is wanted. */
void object_giver_session(struct object_giver *giver);
/* A WANT came. Answers MISSING, or alarms; else parts are due. */
void object_giver_want(struct object_giver *giver, const struct object_lookup *lookup,
                       uint32_t connection, const struct want *want, struct effects *effects);
/* The next part goes out. False: nothing is wanted. */
bool object_giver_plan(struct object_giver *giver, uint32_t connection,
                       struct effects *effects) MUST_USE;
/* PART_SENT. rc: it could not be read. */
void object_giver_sent(struct object_giver *giver, uint32_t connection, int rc,
                       struct effects *effects);

#endif
