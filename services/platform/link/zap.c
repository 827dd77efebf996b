#include "platform/link/zap.h"

#include "core/base/assert.h"
#include "platform/loop/loop.h"

#include <zmq.h>

/* Parts of a request as a ROUTER gets it. */
enum {
    PART_ROUTE,
    PART_DELIMITER,
    PART_VERSION,
    PART_REQUEST_ID,
    PART_DOMAIN,
    PART_ADDRESS,
    PART_IDENTITY,
    PART_MECHANISM,
    PART_KEY,
    PARTS
};

#define ZAP_VERSION "1.0"

struct zap {
    struct zap_config config;
    void *socket;
    struct loop_zmq *watch;
};

struct zap_request {
    zmq_msg_t parts[PARTS];
    size_t count; /* as received; parts beyond PARTS are counted but not kept */
};

struct zap_answer {
    const char *status;
    const char *text;
    char user_id[HEX_CAPACITY(CURVE_KEY_BYTES)];
};

static struct bytes part_bytes(struct zap_request *request, size_t index)
{
    zmq_msg_t *part = &request->parts[index];
    return bytes_of(zmq_msg_data(part), zmq_msg_size(part));
}

static bool part_is(struct zap_request *request, size_t index, const char *text)
{
    return bytes_equal(part_bytes(request, index), bytes_of_text(text));
}

static void request_init(struct zap_request *request)
{
    request->count = 0;
    for (size_t i = 0; i < PARTS; i++) {
        (void)zmq_msg_init(&request->parts[i]);
    }
}

static void request_clear(struct zap_request *request)
{
    for (size_t i = 0; i < PARTS; i++) {
        (void)zmq_msg_close(&request->parts[i]);
    }
}

/* Takes one whole message, whatever its shape; false when there is none. */
static bool request_receive(void *socket, struct zap_request *request)
{
    zmq_msg_t surplus;
    (void)zmq_msg_init(&surplus);
    int more = 1;
    while (more != 0) {
        zmq_msg_t *part = request->count < PARTS ? &request->parts[request->count] : &surplus;
        if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0) {
            break;
        }
        request->count++;
        more = zmq_msg_more(part);
    }
    (void)zmq_msg_close(&surplus);
    return request->count > 0;
}

static struct zap_answer refusal(const char *status, const char *text)
{
    return (struct zap_answer){.status = status, .text = text};
}

static struct zap_answer judge(struct zap *zap, struct zap_request *request)
{
    const struct zap_config *config = &zap->config;
    bool readable = request->count > PART_MECHANISM && request->count <= PARTS &&
                    zmq_msg_size(&request->parts[PART_DELIMITER]) == 0 &&
                    part_is(request, PART_VERSION, ZAP_VERSION);
    if (!readable) {
        return refusal("500", "request not understood");
    }
    if (!part_is(request, PART_DOMAIN, LINK_ZAP_DOMAIN)) {
        return refusal("400", "domain not ours");
    }
    struct bytes key = part_bytes(request, PART_KEY);
    if (!part_is(request, PART_MECHANISM, "CURVE") || key.len != CURVE_KEY_BYTES) {
        return refusal("400", "CURVE only");
    }
    if (!config->allow(config->arg, key.data)) {
        if (config->on_denied != NULL) {
            config->on_denied(config->arg, key.data);
        }
        return refusal("400", "key not allowed");
    }
    struct zap_answer answer = {.status = "200", .text = "OK"};
    (void)hex_encode(answer.user_id, key.data, key.len);
    return answer;
}

static void reply(void *socket, struct zap_request *request, const struct zap_answer *answer)
{
    const struct bytes parts[] = {
        part_bytes(request, PART_ROUTE), bytes_of("", 0),
        bytes_of_text(ZAP_VERSION),      part_bytes(request, PART_REQUEST_ID),
        bytes_of_text(answer->status),   bytes_of_text(answer->text),
        bytes_of_text(answer->user_id),  bytes_of("", 0),
    };
    const size_t count = sizeof parts / sizeof parts[0];
    for (size_t i = 0; i < count; i++) {
        int flags = i + 1 < count ? ZMQ_SNDMORE : 0;
        /* Pipes of ZAP sessions have no limit, and a ROUTER drops what nobody waits for. */
        int code = socket_send(socket, parts[i].data, parts[i].len, flags);
        ASSERT(code == 0);
    }
}

static bool zap_ready(void *arg)
{
    struct zap *zap = arg;
    struct zap_request request;
    request_init(&request);
    bool received = request_receive(zap->socket, &request);
    if (received) {
        struct zap_answer answer = judge(zap, &request);
        if (answer.status[0] == '2') {
            zap->config.counts->zap_allowed++;
        } else {
            zap->config.counts->zap_denied++;
        }
        reply(zap->socket, &request, &answer);
        loop_zmq_kick(zap->watch);
    }
    request_clear(&request);
    return received;
}

int zap_open(const struct zap_config *config, struct zap **ret, struct err_ctx *err)
{
    int code = ERR_NOMEM;
    struct zap *zap = calloc(1, sizeof *zap);
    if (zap == NULL) {
        return err_set(err, ERR_NOMEM, "ZAP handler: out of memory");
    }
    zap->config = *config;
    zap->socket = context_socket_open(config->context, ZMQ_ROUTER, err);
    if (zap->socket == NULL) {
        code = ERR_IO;
        goto out;
    }
    if (zmq_bind(zap->socket, ZAP_ENDPOINT) != 0) {
        code = zmq_failed(err, "bind " ZAP_ENDPOINT);
        goto out;
    }
    zap->watch = loop_zmq_new(config->loop, zap->socket, zap_ready, zap);
    if (zap->watch == NULL) {
        code = err_set(err, ERR_NOMEM, "ZAP handler: cannot be watched");
        goto out;
    }
    *ret = zap;
    return 0;
out:
    zap_close(zap);
    return code;
}

void zap_close(struct zap *zap)
{
    if (zap == NULL) {
        return;
    }
    loop_zmq_free(zap->watch);
    if (zap->socket != NULL) {
        /* zmq_close gives the name back later, on another thread; the next server needs it now. */
        (void)zmq_unbind(zap->socket, ZAP_ENDPOINT);
    }
    context_socket_close(zap->config.context, zap->socket);
    free(zap);
}
