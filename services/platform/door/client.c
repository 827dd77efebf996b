#include "platform/door/door.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 65536u
#define GATHER_BYTES 65536u
#define ANSWER_BYTES_MAX                                                                           \
    67108864u /* answers held here while a sender is busy, or one long line                        \
               */

struct door_client {
    int fd;
    int patience_ms;
    uint8_t *in;
    size_t capacity;
    size_t at; /* in[at..len) is not given out yet */
    size_t len;
    size_t scanned; /* no line end before this */
    uint8_t *out;   /* GATHER_BYTES, or NULL as long as nothing was put */
    size_t out_len;
    bool ended; /* the server closed, or the connection broke */
};

/* Too many wait to be let in: waits with them. */
static int connect_in_turn(int fd, const struct sockaddr_un *address, int patience_ms)
{
    const struct timeval wait = {patience_ms / 1000, patience_ms % 1000 * 1000L};
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0 ||
        fcntl(fd, F_SETFL, 0) != 0) {
        return -1;
    }
    return connect(fd, (const struct sockaddr *)address, sizeof *address);
}

static int connect_error(const char *path, struct err_ctx *err)
{
    switch (errno) {
    case EAGAIN:
        return err_set(err, ERR_TIMEOUT, "%s: not let in in time", path);
    case EACCES:
    case EPERM:
        return err_set(err, ERR_PERMISSION, "%s: connect: %s", path, strerrordesc_np(errno));
    default:
        return err_set(err, ERR_GONE, "%s: connect: %s", path, strerrordesc_np(errno));
    }
}

int door_client_open(const char *path, int patience_ms, struct door_client **ret,
                     struct err_ctx *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof address.sun_path) {
        return err_set(err, ERR_LIMIT, "%s: socket path empty or too long", path);
    }
    memcpy(address.sun_path, path, len + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_set(err, ERR_IO, "%s: socket: %s", path, strerrordesc_np(errno));
    }
    int failed = connect(fd, (struct sockaddr *)&address, sizeof address);
    if (failed != 0 && errno == EAGAIN) {
        failed = connect_in_turn(fd, &address, patience_ms);
    }
    if (failed != 0) {
        int rc = connect_error(path, err);
        (void)close(fd);
        return rc;
    }
    struct door_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        (void)close(fd);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    client->fd = fd;
    client->patience_ms = patience_ms;
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

static int wait_for_server(struct door_client *client, short events, short *ret,
                           struct err_ctx *err)
{
    struct pollfd ready = {.fd = client->fd, .events = events};
    int count = poll(&ready, 1, client->patience_ms);
    if (count < 0 && errno != EINTR) {
        return err_set(err, ERR_IO, "wait for the server: %s", strerrordesc_np(errno));
    }
    *ret = count > 0 ? ready.revents : 0;
    return count == 0 ? err_set(err, ERR_TIMEOUT, "no answer in time") : 0;
}

/* Meanwhile takes in answers: a server that waits for us to read would never read on. */
static int wait_for_room(struct door_client *client, struct err_ctx *err)
{
    short ready = 0;
    if (client->len - client->at >= ANSWER_BYTES_MAX / 2) {
        return err_set(err, ERR_FULL, "too many answers wait to be read");
    }
    int rc = wait_for_server(client, client->ended ? POLLOUT : POLLOUT | POLLIN, &ready, err);
    if ((ready & POLLIN) != 0) {
        (void)pull(client);
    }
    return rc;
}

static int send_all(struct door_client *client, struct bytes data, struct err_ctx *err)
{
    size_t sent = 0;
    while (sent < data.len) {
        ssize_t put = send(client->fd, data.data + sent, data.len - sent, MSG_NOSIGNAL);
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

int door_client_flush(struct door_client *client, struct err_ctx *err)
{
    struct bytes data = bytes_of(client->out, client->out_len);
    client->out_len = 0; /* what failed once is not sent again */
    return send_all(client, data, err);
}

static void gather(struct door_client *client, struct bytes data)
{
    if (data.len > 0) {
        memcpy(client->out + client->out_len, data.data, data.len);
        client->out_len += data.len;
    }
}

int door_client_put(struct door_client *client, struct bytes line, struct err_ctx *err)
{
    static const uint8_t newline = '\n';
    int rc = 0;
    if (line.len > 0 && memchr(line.data, '\n', line.len) != NULL) {
        return err_set(err, ERR_VALUE, "a line end inside a line");
    }
    if (client->out == NULL) {
        client->out = malloc(GATHER_BYTES);
    }
    if (client->out == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    if (line.len >= GATHER_BYTES - client->out_len) {
        rc = door_client_flush(client, err);
    }
    if (rc == 0 && line.len >= GATHER_BYTES) {
        rc = send_all(client, line, err);
        line.len = 0;
    }
    if (rc == 0) {
        gather(client, line);
        gather(client, bytes_of(&newline, 1));
    }
    return rc;
}

int door_client_send(struct door_client *client, struct bytes line, struct err_ctx *err)
{
    int rc = door_client_put(client, line, err);
    return rc == 0 ? door_client_flush(client, err) : rc;
}

/* ---- reading ---- */

int door_client_read(struct door_client *client, struct bytes *ret, struct err_ctx *err)
{
    while (!find_line(client, ret)) {
        short ready = 0;
        if (client->ended) {
            return err_set(err, ERR_GONE, "the server closed the connection");
        }
        if (pull(client)) {
            continue;
        }
        if (client->len == client->capacity && client->len > 0) {
            return err_set(err, ERR_LIMIT, "answer line too long");
        }
        int rc = client->out_len > 0 ? door_client_flush(client, err)
                                     : wait_for_server(client, POLLIN, &ready, err);
        if (rc != 0 && rc != ERR_GONE) { /* who hung up may have said why */
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
        free(client->out);
        free(client);
    }
}
