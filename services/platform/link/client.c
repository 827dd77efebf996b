/* One connection from connect to its end. Every way it can end leads to client_end, once:
 *
 *   connecting --CLOSED, CONNECT_RETRIED, deadline--------------------------> DOWN
 *   handshake  --HANDSHAKE_FAILED_AUTH--> DENIED   --any other failure------> DOWN
 *   up         --DISCONNECTED-----------------------------------------------> DOWN
 *
 * The deadline is ours as well as libzmq's: 4.3.4 reports nothing at all when a name does not
 * resolve or a socket cannot be made, and without its own reconnect it would stay silent for ever.
 */
#include "platform/link/context.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "platform/loop/loop.h"

#include <zmq.h>

#define SEND_BUFFER_BYTES 32768 /* priority is decided late: little waits below us */
#define DEADLINE_SLACK_MS 1000  /* libzmq's own timeouts say more: let them come first */

struct link_client {
    struct link_client_config config;
    void *socket;
    void *monitor;
    struct loop_zmq *watch;
    struct loop_zmq *monitor_watch;
    struct loop_timer *deadline;
    unsigned callbacks; /* how deep we are in the user's callbacks */
    bool up;
    bool ended;  /* the final event was given, or is about to be */
    bool closed; /* by the user, who is not called again */
};

/* Sockets, watches and timer; the object stays. */
static void client_release(struct link_client *client)
{
    struct link_context *context = client->config.context;
    loop_timer_free(client->deadline);
    loop_zmq_free(client->watch);
    loop_zmq_free(client->monitor_watch);
    monitor_close(context, client->socket, client->monitor);
    context_socket_close(context, client->socket);
    client->deadline = NULL;
    client->watch = NULL;
    client->monitor_watch = NULL;
    client->monitor = NULL;
    client->socket = NULL;
}

static void callback_enter(struct link_client *client)
{
    client->callbacks++;
}

/* A client closed inside a callback is freed when the outermost one returns. */
static void callback_leave(struct link_client *client)
{
    ASSERT(client->callbacks > 0);
    client->callbacks--;
    if (client->callbacks == 0 && client->closed) {
        free(client);
    }
}

/* One frame; false when there is none. The caller holds the client by callback_enter. */
static bool frame_take(struct link_client *client)
{
    zmq_msg_t message;
    (void)zmq_msg_init(&message);
    size_t count = 0;
    int more = 1;
    while (more != 0 && zmq_msg_recv(&message, client->socket, ZMQ_DONTWAIT) >= 0) {
        count++;
        more = zmq_msg_more(&message);
    }
    if (count == 1) { /* more parts than one is not our server's: dropped whole */
        struct bytes frame = bytes_of(zmq_msg_data(&message), zmq_msg_size(&message));
        client->config.on_frame(client->config.arg, frame);
    }
    (void)zmq_msg_close(&message);
    return count > 0;
}

/* What came in before the end is still handed over, then the final event, and nothing after it. */
static void client_end(struct link_client *client, enum link_event event)
{
    if (client->ended || client->closed) {
        return;
    }
    client->ended = true;
    while (client->up && !client->closed && frame_take(client)) {
    }
    if (!client->closed) {
        client_release(client);
        client->config.on_event(client->config.arg, event);
    }
}

static void client_up(struct link_client *client)
{
    if (!client->up && !client->ended && !client->closed) {
        client->up = true;
        loop_timer_stop(client->deadline);
        loop_zmq_kick(client->watch);
        client->config.on_event(client->config.arg, LINK_UP);
    }
}

static void monitor_event(struct link_client *client, uint16_t event)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        client_up(client);
        break;
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        client_end(client, LINK_DENIED);
        break;
    default: /* the others we asked for: there is no way on from any of them */
        client_end(client, LINK_DOWN);
        break;
    }
}

static bool client_monitor_ready(void *arg)
{
    struct link_client *client = arg;
    uint16_t event = 0;
    uint32_t value = 0;
    if (!monitor_next(client->monitor, &event, &value)) {
        return false;
    }
    callback_enter(client);
    monitor_event(client, event);
    callback_leave(client);
    return true;
}

static bool client_ready(void *arg)
{
    struct link_client *client = arg;
    if (!client->up) {
        /* A frame overtook the news of the handshake, which is in the monitor already. */
        loop_zmq_kick(client->monitor_watch);
        return false;
    }
    callback_enter(client);
    bool received = frame_take(client);
    callback_leave(client);
    return received;
}

static void on_deadline(void *arg)
{
    struct link_client *client = arg;
    callback_enter(client);
    client_end(client, LINK_DOWN);
    callback_leave(client);
}

static int options_set(struct link_client *client, struct err_ctx *err)
{
    const struct link_client_config *config = &client->config;
    const struct socket_option options[] = {
        {ZMQ_IMMEDIATE, 1},
        {ZMQ_RECONNECT_IVL, -1},
        {ZMQ_CONNECT_TIMEOUT, config->connect_timeout_ms},
        {ZMQ_HANDSHAKE_IVL, config->handshake_timeout_ms},
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, 1},
        {ZMQ_RCVHWM, LINK_HWM_FRAMES},
        {ZMQ_SNDBUF, SEND_BUFFER_BYTES},
        {ZMQ_HEARTBEAT_IVL, 0}, /* the engine asks whether anybody is there: it is paid for once */
        {ZMQ_IPV6, strchr(config->endpoint, '[') != NULL},
    };
    const int64_t wire_bytes_max = FRAME_BYTES_MAX + LINK_CURVE_OVERHEAD_BYTES;
    if (zmq_setsockopt(client->socket, ZMQ_MAXMSGSIZE, &wire_bytes_max, sizeof wire_bytes_max) !=
        0) {
        return zmq_failed(err, "client socket option");
    }
    int code = socket_options_set(client->socket, options, sizeof options / sizeof options[0], err);
    if (code == 0) {
        code = socket_key_set(client->socket, ZMQ_CURVE_SERVERKEY, config->server_key, err);
    }
    if (code == 0) {
        code = socket_key_set(client->socket, ZMQ_CURVE_PUBLICKEY, config->public_key, err);
    }
    if (code == 0) {
        code = socket_key_set(client->socket, ZMQ_CURVE_SECRETKEY, config->secret_key, err);
    }
    return code;
}

static int client_watch(struct link_client *client, struct err_ctx *err)
{
    const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                       ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                       ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_CONNECT_RETRIED;
    int code = monitor_open(client->config.context, client->socket, events, &client->monitor, err);
    if (code != 0) {
        return code;
    }
    struct loop *loop = client->config.loop;
    client->watch = loop_zmq_new(loop, client->socket, client_ready, client);
    client->monitor_watch = loop_zmq_new(loop, client->monitor, client_monitor_ready, client);
    client->deadline = loop_timer_new(loop, on_deadline, client);
    if (client->watch == NULL || client->monitor_watch == NULL || client->deadline == NULL) {
        return err_set(err, ERR_NOMEM, "client socket: cannot be watched");
    }
    return 0;
}

static int client_connect(struct link_client *client, struct err_ctx *err)
{
    const struct link_client_config *config = &client->config;
    if (zmq_connect(client->socket, config->endpoint) != 0) {
        int code = zmq_failed(err, "connect");
        return err_wrap(err, code, "%s", config->endpoint);
    }
    loop_timer_set(client->deadline, (uint64_t)config->connect_timeout_ms +
                                         (uint64_t)config->handshake_timeout_ms +
                                         DEADLINE_SLACK_MS);
    return 0;
}

int link_client_open(const struct link_client_config *config, struct link_client **ret,
                     struct err_ctx *err)
{
    ASSERT(config->connect_timeout_ms > 0 && config->handshake_timeout_ms > 0);
    int code = 0;
    struct link_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return err_set(err, ERR_NOMEM, "link client: out of memory");
    }
    client->config = *config;
    client->socket = context_socket_open(config->context, ZMQ_DEALER, err);
    if (client->socket == NULL) {
        code = ERR_IO;
        goto out;
    }
    code = options_set(client, err);
    if (code != 0) {
        goto out;
    }
    code = client_watch(client, err);
    if (code != 0) {
        goto out;
    }
    code = client_connect(client, err);
    if (code != 0) {
        goto out;
    }
    client->config.endpoint = NULL; /* the caller's text and keys may go */
    client->config.server_key = NULL;
    client->config.public_key = NULL;
    client->config.secret_key = NULL;
    *ret = client;
    return 0;
out:
    link_client_close(client);
    /* No callback has run, so that it was freed: NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
    return err_wrap(err, code, "link client");
}

int link_client_send(struct link_client *client, struct bytes frame)
{
    if (frame.len > FRAME_BYTES_MAX) {
        return ERR_LIMIT;
    }
    if (client->ended || client->closed) {
        return ERR_GONE;
    }
    if (!client->up) {
        return ERR_AGAIN;
    }
    int code = socket_send(client->socket, frame.data, frame.len, 0);
    loop_zmq_kick(client->watch);
    return code;
}

void link_client_close(struct link_client *client)
{
    if (client == NULL) {
        return;
    }
    ASSERT(!client->closed);
    client->closed = true;
    client_release(client);
    if (client->callbacks == 0) {
        free(client);
    }
}
