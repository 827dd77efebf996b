/* fetch.h - files that reports name, fetched from the nodes that have them. Loop thread.
 *
 * One file a node at a time, in the order the reports came; the others wait. What was MISSING is
 * asked for again in the next session, what found no room after a minute. A file that another
 * regency sent is asked for all the same, and compared: else a node could learn who else handed it
 * in. How one file comes in: platform/fetch/object_fetch.h.
 */
#ifndef AGGREGATOR_FETCH_H
#define AGGREGATOR_FETCH_H

#include "aggregator/aggregator.h"

struct fetch;

/* Looks for the next file, or goes on after a new session: with every tick. */
void fetch_tick(struct peer *peer);
/* EFFECT_OBJECT. */
void fetch_frame(struct peer *peer, uint32_t connection, const struct control *control);
/* Joins its thread; what is here of a file stays. Its store must not answer any more. */
void fetch_stop(struct peer *peer);
/* What was fetched since the start, and the file at hand (null: none). */
json_t *fetch_json(const struct peer *peer);

/* ---- fetch_next.c ---- */
/* The next file that this node's reports name and that did not come from it, or is not here. Goes
 * through them once a session. ERR_NOT_FOUND; ERR_AGAIN: enough looked at for now. */
int fetch_next(struct peer *peer, uint32_t connection, struct file_view *ret) MUST_USE;
/* It came from this regency's node. */
void fetch_note(struct store_txn *txn, const struct peer *peer, const struct hash *sha256);

#endif
