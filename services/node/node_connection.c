/* node_connection.c - connections to the aggregator: one, or a second that is tried beside a silent
 * one; each with its outbox. */
#include "core/base/assert.h"
#include "node/node.h"

#define OUTBOX_RETRY_MS 2u
#define ENDPOINT_BYTES_MAX 256u

static struct node_connection *find(struct node *node, uint32_t number)
{
    struct node_connection *list = node->sync.connections;
    for (size_t i = 0; i < NODE_CONNECTIONS; i++) {
        if (list[i].client != NULL && list[i].number == number) {
            return &list[i];
        }
    }
    return NULL;
}

/* ---- out ---- */

static void outbox_clear(struct node_connection *connection)
{
    while (connection->first != NULL) {
        struct outgoing *next = connection->first->next;
        free(connection->first);
        connection->first = next;
    }
    connection->last = NULL;
    connection->waiting = 0;
}

/* Frames leave in order; true when none is left. */
static bool outbox_flush(struct node *node, struct node_connection *connection)
{
    while (connection->first != NULL) {
        struct outgoing *outgoing = connection->first;
        int rc = link_client_send(connection->client, bytes_of(outgoing->frame, outgoing->len));
        if (rc == ERR_AGAIN) {
            loop_timer_set(node->sync.outbox, OUTBOX_RETRY_MS);
            return false;
        }
        if (rc != 0) { /* the final event of this connection is on its way */
            outbox_clear(connection);
            return false;
        }
        node->counters.frames_out++;
        node->counters.wire_bytes_out += outgoing->len;
        connection->first = outgoing->next;
        connection->last = connection->first == NULL ? NULL : connection->last;
        connection->waiting--;
        free(outgoing);
    }
    return true;
}

struct link_client *line_ready(struct node *node)
{
    struct node_connection *connection = find(node, node->sync.uplink.connection);
    bool ready = connection != NULL && outbox_flush(node, connection);
    return ready ? connection->client : NULL;
}

static void on_outbox(void *arg)
{
    struct node *node = arg;
    for (size_t i = 0; i < NODE_CONNECTIONS; i++) {
        (void)outbox_flush(node, &node->sync.connections[i]);
    }
}

void line_lost(struct node *node, uint32_t number)
{
    struct uplink_event event = {.type = UPLINK_EVENT_LINK_DOWN, .connection = number};
    sync_event(node, &event);
}

void line_send(struct node *node, uint32_t number, const struct control *frame)
{
    struct node_sync *sync = &node->sync;
    struct node_connection *connection = find(node, number);
    struct control control = *frame;
    struct err_ctx err = {""};
    size_t len = 0;
    if (connection == NULL) {
        return;
    }
    age_say(node, &control);
    int rc = control_encode(&control, sync->control, sizeof sync->control, &len, &err);
    if (rc != 0) {
        node_trouble(node, TROUBLE_CUT, rc, err_peek(&err, rc));
        return;
    }
    struct outgoing *outgoing = calloc(1, sizeof *outgoing + len);
    if (outgoing == NULL || connection->waiting == NODE_OUTBOX_MAX) {
        free(outgoing);
        line_lost(node, number);
        return;
    }
    outgoing->len = len;
    memcpy(outgoing->frame, sync->control, len);
    if (connection->last == NULL) {
        connection->first = outgoing;
    } else {
        connection->last->next = outgoing;
    }
    connection->last = outgoing;
    connection->waiting++;
    (void)outbox_flush(node, connection);
}

/* ---- the connection ---- */

static void on_event(void *arg, enum link_event what)
{
    struct node_connection *connection = arg;
    struct node *node = connection->node;
    struct uplink_event event = {.type = UPLINK_EVENT_LINK_UP, .connection = connection->number};
    if (what == LINK_UP) {
        connection->up = true;
        node->counters.connects++;
    } else {
        event.type = what == LINK_DENIED ? UPLINK_EVENT_LINK_DENIED : UPLINK_EVENT_LINK_DOWN;
        node->sync.endpoint += connection->up ? 0 : 1; /* the next attempt goes to another one */
    }
    sync_event(node, &event);
}

static void on_frame(void *arg, struct bytes frame)
{
    const struct node_connection *connection = arg;
    line_frame(connection->node, connection->number, frame);
}

static int open_client(struct node_connection *connection, const struct effect *effect,
                       struct err_ctx *err)
{
    struct node *node = connection->node;
    const struct province_card *card = &node->card.card;
    struct bytes text = card->endpoints[node->sync.endpoint % card->endpoint_count];
    char endpoint[ENDPOINT_BYTES_MAX];
    const struct link_client_config config = {
        .context = node->links,
        .loop = node->loop,
        .endpoint = endpoint,
        .server_key = node->ring.curve_key.b,
        .public_key = node->identity.curve_public.b,
        .secret_key = node->identity.curve_secret,
        .connect_timeout_ms = (int)effect->as.connect.connect_ms,
        .handshake_timeout_ms = (int)effect->as.connect.handshake_ms,
        .on_event = on_event,
        .on_frame = on_frame,
        .arg = connection,
    };
    if (text.len >= sizeof endpoint) {
        return err_set(err, ERR_LIMIT, "endpoint too long");
    }
    memcpy(endpoint, text.data, text.len);
    endpoint[text.len] = '\0';
    return link_client_open(&config, &connection->client, err);
}

void line_connect(struct node *node, const struct effect *effect)
{
    struct err_ctx err = {""};
    struct node_connection *connection = node->sync.connections;
    connection += connection->client != NULL; /* beside the one that is kept */
    ASSERT(connection->client == NULL);
    *connection = (struct node_connection){.node = node, .number = effect->connection};
    int rc = open_client(connection, effect, &err);
    if (rc != 0) {
        connection->client = NULL;
        node_trouble(node, TROUBLE_CONNECT, rc, err_peek(&err, rc));
        node->sync.endpoint++;
        line_lost(node, effect->connection);
    }
}

void line_disconnect(struct node *node, uint32_t number)
{
    struct node_connection *connection = find(node, number);
    if (connection != NULL) {
        link_client_close(connection->client);
        outbox_clear(connection);
        *connection = (struct node_connection){.client = NULL};
        node->sync.cut.there = false;
    }
}

void line_close(struct node *node)
{
    for (size_t i = 0; i < NODE_CONNECTIONS; i++) {
        line_disconnect(node, node->sync.connections[i].number);
    }
    loop_timer_free(node->sync.outbox);
}

int line_open(struct node *node)
{
    node->sync.outbox = loop_timer_new(node->loop, on_outbox, node);
    return node->sync.outbox == NULL ? ERR_NOMEM : 0;
}
