#include "platform/link/context.h"

#include "core/base/assert.h"

#include <errno.h>
#include <zmq.h>

#define IO_THREADS 2
#define SOCKETS_MAX 4096 /* a client needs three: itself and both ends of its monitor */
#define MONITOR_NAME_BYTES 48

struct link_context {
    void *zmq;
    size_t open;       /* sockets not closed */
    uint64_t monitors; /* numbers the monitors' names */
};

int link_context_new(struct link_context **ret, struct err_ctx *err)
{
    ASSERT(zmq_has("curve") == 1);
    struct link_context *context = calloc(1, sizeof *context);
    if (context == NULL) {
        return err_set(err, ERR_NOMEM, "ZeroMQ context: out of memory");
    }
    context->zmq = zmq_ctx_new();
    if (context->zmq == NULL) {
        free(context);
        return zmq_failed(err, "ZeroMQ context");
    }
    /* These only fail on values that are not allowed. BLOCKY off: LINGER 0 for every socket. */
    int failed = zmq_ctx_set(context->zmq, ZMQ_IO_THREADS, IO_THREADS);
    ASSERT(failed == 0);
    failed = zmq_ctx_set(context->zmq, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
    ASSERT(failed == 0);
    failed = zmq_ctx_set(context->zmq, ZMQ_BLOCKY, 0);
    ASSERT(failed == 0);
    *ret = context;
    return 0;
}

void link_context_free(struct link_context *context)
{
    if (context == NULL) {
        return;
    }
    ASSERT(context->open == 0); /* zmq_ctx_term would wait for ever */
    while (zmq_ctx_term(context->zmq) != 0) {
        ASSERT(zmq_errno() == EINTR);
    }
    free(context);
}

void *link_context_peek_zmq(struct link_context *context)
{
    return context->zmq;
}

void *context_socket_open(struct link_context *context, int type, struct err_ctx *err)
{
    void *socket = zmq_socket(context->zmq, type);
    if (socket == NULL) {
        (void)zmq_failed(err, "ZeroMQ socket");
        return NULL;
    }
    context->open++;
    return socket;
}

void context_socket_close(struct link_context *context, void *socket)
{
    if (socket != NULL) {
        int failed = zmq_close(socket);
        ASSERT(failed == 0 && context->open > 0);
        context->open--;
    }
}

int zmq_failed(struct err_ctx *err, const char *what)
{
    int number = zmq_errno();
    int code = ERR_IO;
    switch (number) {
    case EADDRINUSE:
        code = ERR_BUSY;
        break;
    case EACCES:
    case EPERM:
        code = ERR_PERMISSION;
        break;
    case EINVAL:
    case ENODEV:
    case EADDRNOTAVAIL:
    case EPROTONOSUPPORT:
        code = ERR_CONFIG;
        break;
    case ENOMEM:
    case EMFILE:
        code = ERR_NOMEM;
        break;
    default:
        break;
    }
    return err_set(err, code, "%s: %s", what, zmq_strerror(number));
}

int socket_options_set(void *socket, const struct socket_option *options, size_t count,
                       struct err_ctx *err)
{
    for (size_t i = 0; i < count; i++) {
        if (zmq_setsockopt(socket, options[i].option, &options[i].value, sizeof options[i].value) !=
            0) {
            int code = zmq_failed(err, "socket option");
            return err_wrap(err, code, "option %d", options[i].option);
        }
    }
    return 0;
}

int socket_key_set(void *socket, int option, const uint8_t key[CURVE_KEY_BYTES],
                   struct err_ctx *err)
{
    if (zmq_setsockopt(socket, option, key, CURVE_KEY_BYTES) != 0) {
        return zmq_failed(err, "CURVE key");
    }
    return 0;
}

int socket_send(void *socket, const void *data, size_t len, int flags)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        int sent = -1;
        do {
            sent = zmq_send(socket, data, len, flags | ZMQ_DONTWAIT);
        } while (sent < 0 && zmq_errno() == EINTR);
        if (sent >= 0) {
            return 0;
        }
        if (zmq_errno() == EHOSTUNREACH) {
            return ERR_GONE;
        }
        if (zmq_errno() != EAGAIN) {
            return ERR_IO;
        }
        int events = 0;
        size_t size = sizeof events;
        (void)zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size);
    }
    return ERR_AGAIN;
}

int monitor_open(struct link_context *context, void *socket, int events, void **ret,
                 struct err_ctx *err)
{
    char name[MONITOR_NAME_BYTES];
    (void)snprintf(name, sizeof name, "inproc://link.monitor.%llu",
                   (unsigned long long)context->monitors++);
    if (zmq_socket_monitor(socket, name, events) != 0) {
        return zmq_failed(err, "socket monitor");
    }
    void *monitor = context_socket_open(context, ZMQ_PAIR, err);
    int code = monitor == NULL ? ERR_IO : 0;
    if (code == 0) {
        /* Without a limit: libzmq's I/O thread waits, holding a lock, on a monitor that is full. */
        const struct socket_option options[] = {{ZMQ_RCVHWM, 0}, {ZMQ_LINGER, 0}};
        code = socket_options_set(monitor, options, 2, err);
    }
    if (code == 0 && zmq_connect(monitor, name) != 0) {
        code = zmq_failed(err, "socket monitor");
    }
    if (code != 0) {
        monitor_close(context, socket, monitor);
        return code;
    }
    *ret = monitor;
    return 0;
}

bool monitor_next(void *monitor, uint16_t *ret_event, uint32_t *ret_value)
{
    zmq_msg_t part;
    (void)zmq_msg_init(&part);
    bool found = false;
    bool first = true;
    int more = 1;
    /* Two parts: event and value in the machine's order, then the endpoint. */
    while (more != 0 && zmq_msg_recv(&part, monitor, ZMQ_DONTWAIT) >= 0) {
        if (first && zmq_msg_size(&part) == sizeof *ret_event + sizeof *ret_value) {
            const uint8_t *data = zmq_msg_data(&part);
            memcpy(ret_event, data, sizeof *ret_event);
            memcpy(ret_value, data + sizeof *ret_event, sizeof *ret_value);
            found = true;
        }
        first = false;
        more = zmq_msg_more(&part);
    }
    (void)zmq_msg_close(&part);
    return found;
}

void monitor_close(struct link_context *context, void *socket, void *monitor)
{
    if (socket != NULL) {
        (void)zmq_socket_monitor(socket, NULL, 0);
    }
    context_socket_close(context, monitor);
}
