/* node_objects.c - files that the province asks for: only those that an entry of ours names. */
#include "core/base/assert.h"
#include "node/node.h"

int objects_asked(void *arg, const struct hash *hash, uint64_t *ret_bytes)
{
    struct node *node = arg;
    struct store_txn *txn = NULL;
    struct file_named named;
    uint64_t size = 0;
    int rc = store_read_begin(node->store, &txn, NULL);
    rc = rc != 0 ? rc : file_find_named(txn, hash, &named);
    rc = rc != 0 ? rc : objects_size(node->objects, &named.sha256, &size, NULL);
    if (rc == 0 && size != named.size) {
        rc = ERR_NOT_FOUND; /* another file stands there */
    }
    if (rc == 0) {
        *ret_bytes = named.list.len > 0 ? named.list.len : size;
    }
    store_read_end(txn);
    return rc;
}

static int read_part(struct node *node, const struct part_plan *plan, uint8_t *to,
                     struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct file_named named;
    size_t len = (size_t)plan->range.length;
    int rc = store_read_begin(node->store, &txn, err);
    rc = rc != 0 ? rc : file_find_named(txn, &plan->hash, &named);
    if (rc == 0 && named.list.len > 0) {
        bool within = plan->range.offset <= named.list.len &&
                      len <= named.list.len - (size_t)plan->range.offset;
        rc = within ? 0 : err_set(err, ERR_VALUE, "not within the list of blocks");
        if (within) {
            memcpy(to, named.list.data + plan->range.offset, len);
        }
    } else if (rc == 0) {
        rc = objects_read(node->objects, &named.sha256, plan->range.offset, to, len, err);
    }
    store_read_end(txn);
    return rc;
}

static void answer_part(struct node *node, enum uplink_event_type type, int rc)
{
    struct uplink_event event = {
        .type = type, .connection = node->sync.uplink.connection, .rc = rc};
    sync_event(node, &event);
}

void objects_send_part(struct node *node, const struct part_plan *plan)
{
    static uint8_t data[OBJECT_BLOCK_BYTES]; /* loop thread only */
    struct node_sync *sync = &node->sync;
    struct err_ctx err = {""};
    size_t len = 0;
    struct link_client *client = line_ready(node);
    if (client == NULL) {
        answer_part(node, UPLINK_EVENT_SEND_BLOCKED, 0);
        return;
    }
    ASSERT(plan->range.length <= sizeof data);
    int rc = read_part(node, plan, data, &err);
    struct control control = {.kind = FRAME_PART,
                              .as.part = {.hash = plan->hash,
                                          .offset = plan->range.offset,
                                          .data = bytes_of(data, (size_t)plan->range.length)}};
    rc = rc != 0 ? rc : control_encode(&control, sync->control, sizeof sync->control, &len, &err);
    if (rc != 0) {
        node_trouble(node, TROUBLE_FILE, rc, err_peek(&err, rc));
        answer_part(node, UPLINK_EVENT_PART_SENT, rc);
        return;
    }
    rc = link_client_send(client, bytes_of(sync->control, len));
    if (rc == 0) {
        node->counters.frames_out++;
        node->counters.parts_out++;
        node->counters.wire_bytes_out += len;
    }
    answer_part(node, rc == 0 ? UPLINK_EVENT_PART_SENT : UPLINK_EVENT_SEND_BLOCKED, 0);
}
