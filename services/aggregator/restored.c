/* After a restore: since when this aggregator goes on from a copy, and which nodes have not been
 * there since to bring what it lost. */
#include "aggregator/doors.h"

int restored_load(struct aggregator *aggregator, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    int rc = store_read_begin(aggregator->journal, &txn, err);
    rc = rc != 0 ? rc : journal_get_restored(txn, &aggregator->restored);
    store_read_end(txn);
    if (rc == ERR_NOT_FOUND) {
        aggregator->restored = (struct journal_restored){.at_ms = 0};
        rc = 0;
    }
    return rc;
}

/* Nodes enrolled later have nothing from before. */
static bool awaited(const struct aggregator *aggregator, const struct peer *peer)
{
    return aggregator->restored.at_ms != 0 && peer->active && !peer->has_resumed &&
           peer->enrolled_ms < aggregator->restored.at_ms;
}

static bool anyone_awaited(const struct aggregator *aggregator)
{
    const struct peer *peer = aggregator->peers;
    while (peer != NULL && !awaited(aggregator, peer)) {
        peer = peer->next;
    }
    return peer != NULL;
}

void net_resumed(struct peer *peer)
{
    const struct aggregator *aggregator = peer->aggregator;
    bool was_awaited = awaited(aggregator, peer);
    peer->has_resumed = true;
    if (was_awaited) {
        LOG(LOG_LEVEL_INFO, "restored_node_is_back", log_text("node", peer->regency),
            log_text("all", anyone_awaited(aggregator) ? "no" : "yes"));
    }
}

json_t *restored_json(const struct aggregator *aggregator)
{
    if (!anyone_awaited(aggregator)) {
        return json_null();
    }
    json_t *waiting = json_array();
    for (const struct peer *peer = aggregator->peers; peer != NULL; peer = peer->next) {
        if (awaited(aggregator, peer)) {
            (void)json_array_append_new(waiting, json_string(peer->regency));
        }
    }
    return json_pack("{s:s, s:I, s:o, s:o}", "what",
                     "this aggregator goes on from a copy: numbers, cases and documents may be "
                     "older than what nodes know, until these have connected",
                     "at_ms", (json_int_t)aggregator->restored.at_ms, "old_incarnation",
                     door_hex_json(aggregator->restored.old.b, INCARNATION_BYTES), "waiting_for",
                     waiting);
}
