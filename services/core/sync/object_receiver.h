/* object_receiver.h - the end that wants an object: asks for what it lacks, checks what comes.
 *
 *   LIST ──list fits──► BLOCKS ──every block is written──► WHOLE ──SHA-256 fits──► DONE
 *     └───────── OBJECT_WRONG_MAX lists or blocks that do not fit ────┴──────────► REFUSED
 *
 * Promises: a block is handed out for writing only if it is the one the list names, and the list
 * only if it is the one the entry names; nothing is asked for twice but what never came, came
 * wrong, or was part of a block that was not whole when the program ended. Parts are taken in the
 * order asked for; any others are left alone. A second kind of progress is not kept on disk: after
 * a restart the file itself is shown block by block (object_receiver_found), and what a crash
 * left torn does not fit and is fetched again. Pure; about 100 KiB, in the caller's memory.
 */
#ifndef CORE_SYNC_OBJECT_RECEIVER_H
#define CORE_SYNC_OBJECT_RECEIVER_H

#include "core/sync/object.h"

enum object_phase { OBJECT_LIST, OBJECT_BLOCKS, OBJECT_WHOLE, OBJECT_DONE, OBJECT_REFUSED };
const char *object_phase_name(enum object_phase phase);

struct object_receiver {
    struct object_ref ref;
    enum object_phase phase;
    uint8_t list[OBJECT_BLOCKS_MAX * HASH_BYTES];
    bool have[OBJECT_BLOCKS_MAX];
    uint32_t have_count;
    uint8_t block[OBJECT_BLOCK_BYTES]; /* what came of the block at `at` */
    uint64_t at;                       /* in list or object: all that was taken ends here */
    uint64_t asked_until;              /* asked for and not come: [at, asked_until) */
    uint32_t wrong;                    /* lists and blocks that did not fit */
    bool missing;                      /* the other end has it not: not asked in this session */
};

/* What a part came to; bytes point into the receiver and stay until the next call. */
struct object_effect {
    enum { OBJECT_NOTHING, OBJECT_KEEP_LIST, OBJECT_WRITE } what;
    uint64_t offset; /* OBJECT_WRITE: where in the file */
    struct bytes bytes;
};

/* ERR_LIMIT: no such object can be. */
int object_receiver_init(struct object_receiver *receiver, const struct object_ref *ref,
                         struct err_ctx *err) MUST_USE;
/* After a restart: the list that was kept, then what stands in the file. ERR_VALUE: not the list
 * that the entry names, ERR_STATE: there is one already; nothing changed. */
int object_receiver_found_list(struct object_receiver *receiver, struct bytes list,
                               struct err_ctx *err) MUST_USE;
/* True if these are block `index`; it is not asked for then. Nothing may be under way. */
bool object_receiver_found(struct object_receiver *receiver, uint32_t index, struct bytes block);

/* A connection begins, or another one: nothing is under way any more. */
void object_receiver_session(struct object_receiver *receiver);
/* What to ask for now: one range of at most bytes_max (above 0), sized for the line. False: a
 * range is under way, or there is nothing to ask for. ret_hash: of the object or its list. */
bool object_receiver_want(struct object_receiver *receiver, uint64_t bytes_max,
                          struct hash *ret_hash, struct object_range *ret);
/* ERR_VALUE: not what was asked for, left alone. ERR_CHAIN: a list or block that does not fit; it
 * is asked for again, or the object is REFUSED. */
int object_receiver_part(struct object_receiver *receiver, const struct object_part *part,
                         struct object_effect *ret, struct err_ctx *err) MUST_USE;
void object_receiver_missing(struct object_receiver *receiver);
/* In WHOLE: the SHA-256 of the file as written and synced. ERR_CHAIN: REFUSED. */
int object_receiver_whole(struct object_receiver *receiver, const struct hash *sha256,
                          struct err_ctx *err) MUST_USE;
/* Nothing that was asked for is still to come. */
bool object_receiver_idle(const struct object_receiver *receiver);
/* Bytes of whole blocks, for "pending, N percent". */
uint64_t object_receiver_bytes(const struct object_receiver *receiver);

#endif
