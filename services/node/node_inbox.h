/* node_inbox.h - documents as the door shows them. Private to the inbox. */
#ifndef NODE_NODE_INBOX_H
#define NODE_NODE_INBOX_H

#include "node/node.h"

/* False: it does not decode. What comes out points into the arena, which is reset. */
bool inbox_document(const struct inbox_item *item, struct arena *arena,
                    struct signed_document *ret_signed, struct document *ret);
bool inbox_expired(const struct document *document, int64_t now_ms);
json_t *inbox_row_json(struct bytes id, const struct inbox_item *item, struct arena *arena);
json_t *inbox_show_json(struct node *node, struct bytes id, const struct inbox_item *item);

#endif
