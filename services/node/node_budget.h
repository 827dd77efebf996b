/* node_budget.h - the node's data budget: counts what goes over the line, keeps the count in the
 * store, and tells the engine what has to wait. Loop thread only.
 *
 * Counted from an interface's statistics if the settings name one and it is there (then other
 * programs' bytes on it count too), else estimated from frames. Stored once a minute, when it is
 * spent, and at the end: a crash forgets a minute at most.
 */
#ifndef NODE_NODE_BUDGET_H
#define NODE_NODE_BUDGET_H

#include "core/sync/budget.h"
#include "node/node.h"

struct node_budget;

int budget_open(struct node *node, struct err_ctx *err) MUST_USE; /* once the store is open */
void budget_close(struct node *node);                             /* also if it never opened */
/* Before each step of the engine. */
void budget_follow(struct node *node, uint64_t now_ms, int64_t clock_ms);
void budget_save(struct node *node);
/* "budget" of the status. */
json_t *budget_json(const struct node *node);

#endif
