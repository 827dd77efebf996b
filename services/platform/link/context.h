/* context.h - what server, client and ZAP handler share: the ZeroMQ context, socket options,
 * socket monitors, and the translation of errno. For platform/link and its tests only.
 */
#ifndef PLATFORM_LINK_CONTEXT_H
#define PLATFORM_LINK_CONTEXT_H

#include "core/base/error.h"
#include "platform/link/link.h"

#define CURVE_KEY_BYTES 32u
#define LINK_ZAP_DOMAIN "kabar"
#define LINK_HWM_FRAMES 8 /* frames, not bytes: 8 * FRAME_BYTES_MAX a peer at worst */
/* ZMQ_MAXMSGSIZE is held against what is on the wire: a frame inside a CURVE MESSAGE command
 * ("\x07MESSAGE" 8, nonce 8, MAC 16, flags 1). Without this the largest frame would not pass. */
#define LINK_CURVE_OVERHEAD_BYTES 33u

struct socket_option {
    int option;
    int value;
};

/* Counted, so that link_context_free finds what was left open instead of hanging. */
void *context_socket_open(struct link_context *context, int type, struct err_ctx *err) MUST_USE;
void context_socket_close(struct link_context *context, void *socket); /* NULL is fine */
void *link_context_peek_zmq(struct link_context *context);

/* Translates zmq_errno(), with "what: <zmq's text>". */
int zmq_failed(struct err_ctx *err, const char *what);
int socket_options_set(void *socket, const struct socket_option *options, size_t count,
                       struct err_ctx *err) MUST_USE;
int socket_key_set(void *socket, int option, const uint8_t key[CURVE_KEY_BYTES],
                   struct err_ctx *err) MUST_USE;
/* A send without waiting. EAGAIN is believed only after ZMQ_EVENTS was read: libzmq looks at its
 * mailbox at most once a millisecond on send, and room that came in since would be overlooked.
 * 0, ERR_AGAIN, ERR_GONE or ERR_IO. */
int socket_send(void *socket, const void *data, size_t len, int flags) MUST_USE;

/* Starts a monitor for exactly these events and returns the socket to read it from. */
int monitor_open(struct link_context *context, void *socket, int events, void **ret,
                 struct err_ctx *err) MUST_USE;
/* One event, without waiting; false when there is none. */
bool monitor_next(void *monitor, uint16_t *ret_event, uint32_t *ret_value);
/* Before the monitored socket is closed. */
void monitor_close(struct link_context *context, void *socket, void *monitor);

#endif
