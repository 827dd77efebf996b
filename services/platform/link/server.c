#include "platform/link/zap.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "platform/loop/loop.h"

#include <zmq.h>

/* In every libzmq since 4.3.0, but declared only for those who ask for draft functions. */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

#define HANDSHAKE_MS 30000
#define BACKLOG 512
/* A peer whose line died silently is noticed after 120 + 4 * 30 s. Heartbeats are the node's: it
 * knows what a byte costs on its line, and its pings carry the time to live we go by. */
#define KEEPALIVE_IDLE_S 120
#define KEEPALIVE_INTERVAL_S 30
#define KEEPALIVE_PROBES 4
#define ENDPOINT_BYTES_MAX 256

struct link_server {
    struct link_server_config config;
    struct link_server_counts counts;
    struct zap *zap;
    void *socket;
    void *monitor;
    struct loop_zmq *watch;
    struct loop_zmq *monitor_watch;
    bool in_callback;
    char endpoint[ENDPOINT_BYTES_MAX];
};

/* --- receiving --- */

/* RFC 28: ids that begin with a zero octet are the ROUTER's own. Any other was set by the peer,
 * who could choose one that somebody else will be reached by. */
static bool route_of(zmq_msg_t *part, struct link_route *ret)
{
    const uint8_t *id = zmq_msg_data(part);
    size_t len = zmq_msg_size(part);
    if (len == 0 || len > sizeof ret->id || id[0] != 0) {
        return false;
    }
    memcpy(ret->id, id, len);
    ret->len = (uint8_t)len;
    return true;
}

/* From the payload part: libzmq 4.3.4 may leave the metadata off the routing id part. */
static bool key_of(zmq_msg_t *part, uint8_t ret_key[CURVE_KEY_BYTES])
{
    const char *user_id = zmq_msg_gets(part, "User-Id");
    return user_id != NULL && hex_decode(ret_key, CURVE_KEY_BYTES, bytes_of_text(user_id));
}

static void frame_received(struct link_server *server, zmq_msg_t *route_part, zmq_msg_t *payload,
                           size_t count)
{
    struct link_route route = {.len = 0};
    uint8_t key[CURVE_KEY_BYTES];
    if (count != 2) {
        server->counts.dropped_multipart++;
    } else if (!route_of(route_part, &route)) {
        server->counts.dropped_route++;
    } else if (!key_of(payload, key)) {
        server->counts.dropped_no_user_id++;
    } else {
        server->counts.frames_in++;
        struct bytes frame = bytes_of(zmq_msg_data(payload), zmq_msg_size(payload));
        server->in_callback = true;
        server->config.on_frame(server->config.arg, &route, key, frame);
        server->in_callback = false;
    }
}

/* One whole message; what is beyond two parts is received and forgotten. */
static bool server_ready(void *arg)
{
    struct link_server *server = arg;
    zmq_msg_t parts[2];
    (void)zmq_msg_init(&parts[0]);
    (void)zmq_msg_init(&parts[1]);
    size_t count = 0;
    int more = 1;
    while (more != 0) {
        zmq_msg_t *part = &parts[count == 0 ? 0 : 1];
        if (zmq_msg_recv(part, server->socket, ZMQ_DONTWAIT) < 0) {
            break;
        }
        count++;
        more = zmq_msg_more(part);
    }
    if (count > 0) {
        frame_received(server, &parts[0], &parts[1], count);
    }
    (void)zmq_msg_close(&parts[0]);
    (void)zmq_msg_close(&parts[1]);
    return count > 0;
}

static bool server_monitor_ready(void *arg)
{
    struct link_server *server = arg;
    uint16_t event = 0;
    uint32_t value = 0;
    if (!monitor_next(server->monitor, &event, &value)) {
        return false;
    }
    server->counts.handshake_failed++;
    return true;
}

/* --- opening and closing --- */

/* Who may come in hangs on this one option: read it back. */
static int enforce_domain_check(void *socket, struct err_ctx *err)
{
    int enforced = 0;
    size_t size = sizeof enforced;
    if (zmq_getsockopt(socket, ZMQ_ZAP_ENFORCE_DOMAIN, &enforced, &size) != 0 || enforced != 1) {
        return err_set(err, ERR_CONFIG, "this libzmq cannot enforce ZAP");
    }
    return 0;
}

static int options_set(struct link_server *server, struct err_ctx *err)
{
    const struct link_server_config *config = &server->config;
    /* ZAP_ENFORCE_DOMAIN with a domain that is not empty: no handler, no entry. */
    const struct socket_option options[] = {
        {ZMQ_CURVE_SERVER, 1},
        {ZMQ_ZAP_ENFORCE_DOMAIN, 1},
        {ZMQ_ROUTER_MANDATORY, 1},
        {ZMQ_LINGER, 0},
        {ZMQ_RCVHWM, LINK_HWM_FRAMES},
        {ZMQ_SNDHWM, LINK_HWM_FRAMES},
        {ZMQ_HANDSHAKE_IVL, HANDSHAKE_MS},
        {ZMQ_HEARTBEAT_IVL, 0},
        {ZMQ_BACKLOG, BACKLOG},
        {ZMQ_TCP_KEEPALIVE, 1},
        {ZMQ_TCP_KEEPALIVE_IDLE, KEEPALIVE_IDLE_S},
        {ZMQ_TCP_KEEPALIVE_INTVL, KEEPALIVE_INTERVAL_S},
        {ZMQ_TCP_KEEPALIVE_CNT, KEEPALIVE_PROBES},
        {ZMQ_IPV6, strchr(config->endpoint, '[') != NULL},
    };
    const int64_t wire_bytes_max = FRAME_BYTES_MAX + LINK_CURVE_OVERHEAD_BYTES;
    if (zmq_setsockopt(server->socket, ZMQ_ZAP_DOMAIN, LINK_ZAP_DOMAIN, strlen(LINK_ZAP_DOMAIN)) !=
            0 ||
        zmq_setsockopt(server->socket, ZMQ_MAXMSGSIZE, &wire_bytes_max, sizeof wire_bytes_max) !=
            0) {
        return zmq_failed(err, "server socket option");
    }
    int code = socket_options_set(server->socket, options, sizeof options / sizeof options[0], err);
    if (code == 0) {
        code = enforce_domain_check(server->socket, err);
    }
    if (code == 0) {
        code = socket_key_set(server->socket, ZMQ_CURVE_SECRETKEY, config->secret_key, err);
    }
    return code;
}

static int server_bind(struct link_server *server, struct err_ctx *err)
{
    if (zmq_bind(server->socket, server->config.endpoint) != 0) {
        int code = zmq_failed(err, "bind");
        return err_wrap(err, code, "%s", server->config.endpoint);
    }
    size_t size = sizeof server->endpoint;
    if (zmq_getsockopt(server->socket, ZMQ_LAST_ENDPOINT, server->endpoint, &size) != 0) {
        return zmq_failed(err, "endpoint");
    }
    return 0;
}

static int server_zap_open(struct link_server *server, struct err_ctx *err)
{
    if (server->config.test_without_zap) {
        return 0;
    }
    const struct zap_config config = {
        .context = server->config.context,
        .loop = server->config.loop,
        .allow = server->config.allow,
        .on_denied = server->config.on_denied,
        .arg = server->config.arg,
        .counts = &server->counts,
    };
    return zap_open(&config, &server->zap, err);
}

static int server_watch(struct link_server *server, struct err_ctx *err)
{
    const int events = ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
                       ZMQ_EVENT_HANDSHAKE_FAILED_AUTH;
    int code = monitor_open(server->config.context, server->socket, events, &server->monitor, err);
    if (code != 0) {
        return code;
    }
    struct loop *loop = server->config.loop;
    server->watch = loop_zmq_new(loop, server->socket, server_ready, server);
    server->monitor_watch = loop_zmq_new(loop, server->monitor, server_monitor_ready, server);
    if (server->watch == NULL || server->monitor_watch == NULL) {
        return err_set(err, ERR_NOMEM, "server socket: cannot be watched");
    }
    return 0;
}

int link_server_open(const struct link_server_config *config, struct link_server **ret,
                     struct err_ctx *err)
{
    int code = 0;
    struct link_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return err_set(err, ERR_NOMEM, "link server: out of memory");
    }
    server->config = *config;
    code = server_zap_open(server, err); /* before the socket, and closed after it */
    if (code != 0) {
        goto out;
    }
    server->socket = context_socket_open(config->context, ZMQ_ROUTER, err);
    if (server->socket == NULL) {
        code = ERR_IO;
        goto out;
    }
    code = options_set(server, err);
    if (code != 0) {
        goto out;
    }
    code = server_watch(server, err);
    if (code != 0) {
        goto out;
    }
    code = server_bind(server, err);
    if (code != 0) {
        goto out;
    }
    server->config.endpoint = server->endpoint; /* the caller's text may go, and so may its key */
    server->config.secret_key = NULL;
    *ret = server;
    return 0;
out:
    link_server_close(server);
    return err_wrap(err, code, "link server");
}

int link_server_send(struct link_server *server, const struct link_route *route, struct bytes frame)
{
    ASSERT(route->len > 0 && route->len <= sizeof route->id);
    if (frame.len > FRAME_BYTES_MAX) {
        return ERR_LIMIT;
    }
    int code = socket_send(server->socket, route->id, route->len, ZMQ_SNDMORE);
    if (code == 0) {
        /* Room was checked with the first part: this one is taken, or dropped with the peer. */
        code = socket_send(server->socket, frame.data, frame.len, 0);
        ASSERT(code == 0);
        server->counts.frames_out++;
    }
    loop_zmq_kick(server->watch);
    return code;
}

const char *link_server_endpoint(const struct link_server *server)
{
    return server->endpoint;
}

const struct link_server_counts *link_server_counts(const struct link_server *server)
{
    return &server->counts;
}

void link_server_close(struct link_server *server)
{
    if (server == NULL) {
        return;
    }
    ASSERT(!server->in_callback);
    loop_zmq_free(server->watch);
    loop_zmq_free(server->monitor_watch);
    monitor_close(server->config.context, server->socket, server->monitor);
    context_socket_close(server->config.context, server->socket);
    zap_close(server->zap);
    free(server);
}
