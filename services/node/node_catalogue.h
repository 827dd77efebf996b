/* node_catalogue.h - the catalogue that this node goes by: the newest of which the province's
 * office log brought a note that the root signed, once it was fetched, looked at whole and stored;
 * until then, and if none ever came, the one before or the one this program was built with. Loop
 * thread.
 */
#ifndef NODE_NODE_CATALOGUE_H
#define NODE_NODE_CATALOGUE_H

#include "core/rules/report_check.h"
#include "core/seal/object_blocks.h"
#include "platform/loop/loop.h"

#include <jansson.h>

struct node;
struct control;
struct store_txn;
struct object_fetch;

struct node_catalogue {
    struct arena *arena;               /* of the one that holds here; NULL: the built-in one */
    const struct catalogue *catalogue; /* NULL: the built-in one */
    struct catalogue_info info;
    char version[2 * HASH_BYTES + 1];
    /* The newest that the province told of; number 0: none. */
    uint32_t told_number;
    struct object_ref told;
    struct object_fetch *fetch; /* NULL: it is here, or waits */
    bool storing;               /* it is on its way into the store */
    uint64_t again_ms;          /* it is asked for again then */
    char trouble[200];          /* why it does not hold yet; "" */
    struct loop_timer *timer;
};

/* With what the store holds. */
int catalogue_open(struct node *node, struct err_ctx *err) MUST_USE;
/* Before the store's writer stops. */
void catalogue_stop(struct node *node);
void catalogue_close(struct node *node);

/* Whether a note of the office log is one to act on: newer than the last, and the root signed it.
 * ERR_STALE: an older one, as every new box is sent; ERR_SIGNATURE, ERR_VALUE, ERR_FORMAT. */
int catalogue_judge_note(const struct node *node, struct bytes body, struct arena *arena,
                         struct err_ctx *err) MUST_USE;
/* In the transaction that takes the note in. */
void catalogue_put_note(struct store_txn *txn, struct bytes body);
/* After it. */
void catalogue_told(struct node *node, struct bytes body);
/* EFFECT_OBJECT. */
void catalogue_frame(struct node *node, uint32_t connection, const struct control *control);

/* The codes of the catalogue that holds, and of the built-in one: what was right stays right. */
struct report_codes catalogue_codes(const struct node *node);
json_t *catalogue_status(const struct node *node);

#endif
