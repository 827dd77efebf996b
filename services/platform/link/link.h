/* link.h - authenticated frames between a node and its aggregator: ZeroMQ with CURVE.
 *
 * Server: one ROUTER, MANDATORY, a ZAP handler bound before it (ZAP_DOMAIN set and
 * ZAP_ENFORCE_DOMAIN=1). Who a frame is from is the peer's CURVE key, read from the frame itself
 * (User-Id, which the ZAP handler sets to the key's hex) *every time*; the routing id means
 * nothing but the way back. Client: one DEALER per connection, IMMEDIATE, no reconnect of its own:
 * the sync engine decides when to connect again. One frame = one single-part message,
 * FRAME_BYTES_MAX at most. A frame handed over means queued in memory, nothing more.
 * All on the loop's thread; keys are raw 32 bytes.
 */
#ifndef PLATFORM_LINK_LINK_H
#define PLATFORM_LINK_LINK_H

#include "core/base/bytes.h"
#include "core/base/error.h"

struct loop;
struct link_context; /* one ZeroMQ context a process */

/* ASSERTs zmq_has("curve"). */
int link_context_new(struct link_context **ret, struct err_ctx *err) MUST_USE;
void link_context_free(struct link_context *context); /* after all servers and clients are closed */

struct link_route {
    uint8_t id[16];
    uint8_t len;
};

struct link_server;

struct link_server_counts {
    uint64_t frames_in, frames_out;
    uint64_t zap_allowed, zap_denied;
    uint64_t handshake_failed;   /* from the socket monitor; those that ZAP denied too */
    uint64_t dropped_multipart;  /* more than one part: dropped whole */
    uint64_t dropped_no_user_id; /* no User-Id: dropped */
    uint64_t dropped_route;      /* a routing id of the peer's own choosing: dropped */
};

struct link_server_config {
    struct link_context *context;
    struct loop *loop;
    const char *endpoint; /* tcp://127.0.0.1:5616; port * or 0: see link_server_endpoint */
    const uint8_t *secret_key;
    /* May this CURVE key connect? Called by the ZAP handler on the loop's thread. */
    bool (*allow)(void *arg, const uint8_t key[32]);
    void (*on_frame)(void *arg, const struct link_route *route, const uint8_t key[32],
                     struct bytes frame);
    void (*on_denied)(void *arg, const uint8_t key[32]); /* ZAP refused this key; may be NULL */
    void *arg;
    bool test_without_zap; /* tests only: with nobody to handle ZAP, ENFORCE_DOMAIN refuses all */
};

/* One server a context at a time. A port just given up by link_server_close may be ERR_BUSY for a
 * moment: libzmq closes it on its own thread. Texts and keys of config may go after the call. */
int link_server_open(const struct link_server_config *config, struct link_server **ret,
                     struct err_ctx *err) MUST_USE;
/* ERR_AGAIN: the peer's pipe is full, keep it and try later. ERR_GONE: that connection is over. */
int link_server_send(struct link_server *server, const struct link_route *route,
                     struct bytes frame) MUST_USE;
const char *link_server_endpoint(const struct link_server *server); /* as really bound */
const struct link_server_counts *link_server_counts(const struct link_server *server);
void link_server_close(struct link_server *server); /* not inside its callbacks */

enum link_event {
    LINK_UP,     /* handshake done: frames can be sent */
    LINK_DENIED, /* the server's ZAP handler refused our key */
    LINK_DOWN,   /* connect failed, handshake failed or timed out, or connection lost; final */
};

struct link_client;

struct link_client_config {
    struct link_context *context;
    struct loop *loop;
    const char *endpoint;
    const uint8_t *server_key;
    const uint8_t *public_key;
    const uint8_t *secret_key;
    int connect_timeout_ms;
    int handshake_timeout_ms;
    /* LINK_DENIED and LINK_DOWN come once and last. Closing inside is allowed. */
    void (*on_event)(void *arg, enum link_event event);
    void (*on_frame)(void *arg, struct bytes frame);
    void *arg;
};

int link_client_open(const struct link_client_config *config, struct link_client **ret,
                     struct err_ctx *err) MUST_USE;
/* ERR_AGAIN: not up yet, or about one frame waits already; try again a little later. ERR_GONE:
 * the final event was given. ERR_LIMIT: over FRAME_BYTES_MAX. */
int link_client_send(struct link_client *client, struct bytes frame) MUST_USE;
void link_client_close(struct link_client *client);

#endif
