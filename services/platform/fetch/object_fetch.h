/* object_fetch.h - one object on its way in over a link: asked for, checked, written, synced. The
 * same at both ends. Loop thread.
 *
 *   begin ──► PREPARING ──► ASKING ⇄ part, block written ──► FINISHING ──► WHOLE
 *             what an earlier run   │ MISSING, no room,         │ hash, sync, name
 *             left is read          │ refused: over             ▼
 *                                   └──────────────────────────► FAILED, REFUSED
 *
 * Reading and syncing whole files is done on a thread. Core/sync's object_receiver.h decides what
 * is asked for and what fits; which object is fetched, when again, and what becomes of it is the
 * owner's. One range is under way, sized to what crosses in a second. It never logs.
 */
#ifndef PLATFORM_FETCH_OBJECT_FETCH_H
#define PLATFORM_FETCH_OBJECT_FETCH_H

#include "core/sync/object_receiver.h"
#include "platform/loop/loop.h"
#include "platform/store/objects.h"

struct object_fetch;

enum object_fetch_what {
    OBJECT_FETCH_RESUMED, /* goes on with what an earlier run left */
    OBJECT_FETCH_TOOK,    /* bytes of it came */
    OBJECT_FETCH_WRONG,   /* a list or block that does not fit: asked for again. err */
    /* The end: nothing comes after one of these, and it waits for object_fetch_free. */
    OBJECT_FETCH_WHOLE,   /* here, synced under its name; was here: what came was only compared */
    OBJECT_FETCH_MISSING, /* the other end has it not; what came of it stays */
    OBJECT_FETCH_REFUSED, /* what comes is not what was named: dropped */
    OBJECT_FETCH_FAILED,  /* no room, no memory, the disk. err, rc */
};
struct object_fetch_event {
    enum object_fetch_what what;
    size_t bytes;
    int rc;
    const struct err_ctx *err;
};

struct object_fetch_config {
    struct loop *loop;
    struct objects *objects;
    void *arg;
    /* The connection to ask on; 0: there is none. */
    uint32_t (*asks)(void *arg);
    void (*send)(void *arg, uint32_t connection, const struct control *want);
    /* At an end it may free the fetch. Never called from object_fetch_new. */
    void (*on_event)(void *arg, const struct object_fetch_event *event);
};

/* ERR_LIMIT: no such object can be. Nothing is asked for before object_fetch_start. */
int object_fetch_new(const struct object_fetch_config *config, const struct object_ref *ref,
                     struct object_fetch **ret, struct err_ctx *err) MUST_USE;
/* Joins its thread; what is here of the object stays. NULL is fine. */
void object_fetch_free(struct object_fetch *fetch);

void object_fetch_start(struct object_fetch *fetch);
/* With every tick, and when a session begins: asks for what lacks. */
void object_fetch_tick(struct object_fetch *fetch);
/* PART or MISSING; what was not asked for is left alone. */
void object_fetch_frame(struct object_fetch *fetch, uint32_t connection,
                        const struct control *control);

const struct object_ref *object_fetch_ref(const struct object_fetch *fetch);
/* Of whole blocks; 0 while its thread has it. */
uint64_t object_fetch_bytes(const struct object_fetch *fetch);
/* Whether a thread of it runs. */
bool object_fetch_works(const struct object_fetch *fetch);

#endif
