#include "platform/door/door.h"

#include "platform/host/host.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 65536u
#define ANSWER_BYTES_MAX                                                                           \
    67108864u /* answers held here while a sender is busy, or one long line                        \
               */

struct door_client {
    int fd;
    uint8_t *in;
    size_t capacity;
    size_t at; /* in[at..len) is not given out yet */
    size_t len;
    size_t scanned; /* no line end before this */
    bool ended;     /* the server closed, or the connection broke */
};

int door_client_open(const char *path, struct door_client **ret, struct err_ctx *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof address.sun_path) {
        return err_set(err, ERR_LIMIT, "%s: socket path empty or too long", path);
    }
    memcpy(address.sun_path, path, len + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_set(err, ERR_IO, "%s: socket: %s", path, strerrordesc_np(errno));
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        int code = errno == EACCES || errno == EPERM ? ERR_PERMISSION : ERR_GONE;
        (void)err_set(err, code, "%s: connect: %s", path, strerrordesc_np(errno));
        (void)close(fd);
        return code;
    }
    struct door_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        (void)close(fd);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    client->fd = fd;
    *ret = client;
    return 0;
}

/* Room for one more read; false when the limit or memory is used up. */
static bool reserve(struct door_client *client)
{
    if (client->at > 0) {
        client->len -= client->at;
        client->scanned -= client->at;
        memmove(client->in, client->in + client->at, client->len);
        client->at = 0;
    }
    if (client->capacity - client->len >= READ_BYTES / 2) {
        return true;
    }
    size_t want = client->capacity == 0 ? READ_BYTES : client->capacity * 2;
    if (want > ANSWER_BYTES_MAX) {
        return client->len < client->capacity;
    }
    uint8_t *in = realloc(client->in, want);
    if (in == NULL) {
        return client->len < client->capacity;
    }
    client->in = in;
    client->capacity = want;
    return true;
}

/* Takes what is there without waiting. True if something came or the end was seen. */
static bool pull(struct door_client *client)
{
    if (client->ended || !reserve(client)) {
        return false;
    }
    ssize_t got =
        recv(client->fd, client->in + client->len, client->capacity - client->len, MSG_DONTWAIT);
    if (got > 0) {
        client->len += (size_t)got;
        return true;
    }
    bool nothing = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    client->ended = !nothing;
    return client->ended;
}

static bool find_line(struct door_client *client, struct bytes *ret)
{
    size_t left = client->len - client->scanned;
    uint8_t *newline = left == 0 ? NULL : memchr(client->in + client->scanned, '\n', left);
    client->scanned = newline == NULL ? client->len : (size_t)(newline - client->in);
    if (newline == NULL) {
        return false;
    }
    *ret = bytes_of(client->in + client->at, client->scanned - client->at);
    return true;
}

/* ---- sending ---- */

/* Meanwhile takes in answers: a server that waits for us to read would never read on. */
static int wait_for_room(struct door_client *client, struct err_ctx *err)
{
    struct pollfd ready = {.fd = client->fd, .events = POLLOUT};
    if (client->len - client->at >= ANSWER_BYTES_MAX / 2) {
        return err_set(err, ERR_FULL, "too many answers wait to be read");
    }
    if (!client->ended) {
        ready.events |= POLLIN;
    }
    if (poll(&ready, 1, -1) < 0 && errno != EINTR) {
        return err_set(err, ERR_IO, "wait for the server: %s", strerrordesc_np(errno));
    }
    if ((ready.revents & POLLIN) != 0) {
        (void)pull(client);
    }
    return 0;
}

static ssize_t send_rest(struct door_client *client, struct bytes line, size_t sent)
{
    uint8_t newline = '\n';
    uint8_t *rest = NULL;
    memcpy(&rest, &line.data, sizeof rest); /* iovec has no const */
    struct iovec parts[] = {{rest, line.len}, {&newline, 1}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (sent < line.len) {
        parts[0].iov_base = rest + sent;
        parts[0].iov_len = line.len - sent;
    } else {
        message.msg_iov = &parts[1];
        message.msg_iovlen = 1;
    }
    return sendmsg(client->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int door_client_send(struct door_client *client, struct bytes line, struct err_ctx *err)
{
    if (line.len > 0 && memchr(line.data, '\n', line.len) != NULL) {
        return err_set(err, ERR_VALUE, "a line end inside a line");
    }
    size_t sent = 0;
    while (sent < line.len + 1) {
        ssize_t put = send_rest(client, line, sent);
        if (put >= 0) {
            sent += (size_t)put;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            int rc = wait_for_room(client, err);
            if (rc != 0) {
                return rc;
            }
        } else if (errno != EINTR) {
            return err_set(err, ERR_GONE, "the server closed the connection");
        }
    }
    return 0;
}

/* ---- reading ---- */

/* Milliseconds poll may wait: -1 for ever. */
static int left_ms(int timeout_ms, uint64_t deadline_ms)
{
    uint64_t now_ms = host_monotonic_ms();
    if (timeout_ms < 0) {
        return -1;
    }
    return now_ms >= deadline_ms ? 0 : (int)(deadline_ms - now_ms);
}

static int wait_for_bytes(struct door_client *client, int wait_ms, struct err_ctx *err)
{
    struct pollfd ready = {.fd = client->fd, .events = POLLIN};
    int count = poll(&ready, 1, wait_ms);
    if (count < 0 && errno != EINTR) {
        return err_set(err, ERR_IO, "wait for the server: %s", strerrordesc_np(errno));
    }
    if (count == 0 && wait_ms == 0) {
        return err_set(err, ERR_TIMEOUT, "no answer in time");
    }
    return 0;
}

int door_client_read(struct door_client *client, int timeout_ms, struct bytes *ret,
                     struct err_ctx *err)
{
    uint64_t deadline_ms = host_monotonic_ms() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms);
    while (!find_line(client, ret)) {
        if (client->ended) {
            return err_set(err, ERR_GONE, "the server closed the connection");
        }
        if (pull(client)) {
            continue;
        }
        if (client->len == client->capacity && client->len > 0) {
            return err_set(err, ERR_LIMIT, "answer line too long");
        }
        int rc = wait_for_bytes(client, left_ms(timeout_ms, deadline_ms), err);
        if (rc != 0) {
            return rc;
        }
    }
    client->at = client->scanned + 1;
    client->scanned = client->at;
    return 0;
}

bool door_client_readable(struct door_client *client)
{
    struct bytes line;
    while (!find_line(client, &line)) {
        if (client->ended) {
            return true;
        }
        if (!pull(client)) {
            return false;
        }
    }
    return true;
}

void door_client_close(struct door_client *client)
{
    if (client != NULL) {
        (void)close(client->fd);
        free(client->in);
        free(client);
    }
}
