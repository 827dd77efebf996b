/* node_bundle.h - what goes to the province by stick, and its answer. */
#ifndef NODE_NODE_BUNDLE_H
#define NODE_NODE_BUNDLE_H

#include "node/node.h"

/* ---- node_bundle.c: requests at the door ---- */
void bundle_begin_asked(struct node *node, struct door_call *call, const json_t *args);
void bundle_cut_asked(struct node *node, struct door_call *call, const json_t *args);
void bundle_key_asked(struct node *node, struct door_call *call, const json_t *args);
void bundle_accept(struct node *node, struct door_call *call, const json_t *args);
void bundle_answer_read(struct node *node, struct door_call *call, const json_t *args);
void bundle_gone(struct door_call *call);
json_t *bundles_json(const struct node *node);

/* ---- node_line.c, node_sync.c ---- */
/* A frame that came by stick; what is handed to the store is there after what it has already. */
void sync_carry(struct node *node, struct bytes frame, struct carried *ret);
void sync_carried(struct node *node, struct uplink_event *event, struct carried *ret);

#endif
