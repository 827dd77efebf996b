/* One fixed slot per connection: nothing is allocated to accept, and what a slot refers to stays
 * valid until libuv has closed it. Only handles' callbacks and the kick below call the program. */
#include "platform/door/door.h"

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "platform/door/user.h"
#include "platform/loop/loop.h"

#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define SLOTS (DOOR_CONNECTIONS_MAX + 1u) /* the last one tells the client too many so */
#define DRAINED_BYTES (DOOR_FULL_BYTES / 4u)
#define LISTEN_BACKLOG 64
#define SOCKET_MODE 0660

#define EXIT_DATA 65
#define EXIT_RETRY 75

struct connection;

struct door_call {
    struct connection *connection;
    json_t *id;
    void *data;
    uint64_t lines; /* raw lines given so far */
    bool paused;
    bool gone;  /* inside on_gone: no answer may follow */
    bool drain; /* on_drain is due */
    struct door_call *next;
};

struct connection {
    uv_pipe_t pipe;
    struct door *door;
    bool open;  /* the slot is taken, until libuv has closed the pipe */
    bool ended; /* nothing is read or written any more; dropped at the next kick */
    bool closing;
    bool reading;
    bool full;                /* from DOOR_FULL_BYTES waiting down to DRAINED_BYTES */
    bool streaming;           /* raw lines until "." */
    bool skipping;            /* inside a line that is too long */
    struct door_call *stream; /* whose lines they are; NULL: answered early, lines are dropped */
    struct door_call *calls;
    size_t call_count;
    size_t waiting_bytes;
    uint64_t active_ms; /* loop's time: when it came, or when a line or a call of it last ended */
    size_t at;          /* in[at..len) is not taken yet */
    size_t len;
    char user[USER_CAPACITY];
    uint8_t in[LINE_BYTES_MAX + 1]; /* the longest line and its end */
};

struct door {
    struct door_config config;
    uv_pipe_t listener;
    uv_async_t kick;
    unsigned handles; /* freed when libuv has closed all */
    bool listening;
    bool stopping;
    bool closing;
    struct user_known known;
    bool accept_waits; /* libuv holds a connection that found no slot */
    struct connection slots[SLOTS];
};

struct writing {
    uv_write_t request;
    struct connection *connection;
    size_t bytes;
    char *text; /* jansson's */
};

static void accept_one(struct door *door);

static void kick(struct door *door)
{
    if (!door->closing) {
        (void)uv_async_send(&door->kick);
    }
}

static void end(struct connection *connection)
{
    connection->ended = true;
    kick(connection->door);
}

/* ---- writing ---- */

static void on_written(uv_write_t *request, int status)
{
    struct writing *writing = request->data;
    struct connection *connection = writing->connection;
    connection->waiting_bytes -= writing->bytes;
    free(writing->text);
    free(writing);
    if (status < 0) {
        end(connection);
    } else if (connection->full && connection->waiting_bytes <= DRAINED_BYTES) {
        kick(connection->door);
    }
}

static bool write_text(struct connection *connection, char *text)
{
    static char newline[] = "\n";
    struct writing *writing = calloc(1, sizeof *writing);
    if (writing == NULL) {
        return false;
    }
    writing->request.data = writing;
    writing->connection = connection;
    writing->text = text;
    writing->bytes = strlen(text) + 1;
    uv_buf_t parts[] = {uv_buf_init(text, (unsigned)strlen(text)), uv_buf_init(newline, 1)};
    if (uv_write(&writing->request, (uv_stream_t *)&connection->pipe, parts, 2, on_written) != 0) {
        free(writing);
        return false;
    }
    connection->waiting_bytes += writing->bytes;
    return true;
}

/* Takes the line. A NULL line is a failed allocation or text that is not UTF-8: the client cannot
 * be told in words any more, so it sees the connection end. */
static void send_line(struct connection *connection, json_t *line)
{
    char *text = NULL;
    if (!connection->ended && line != NULL) {
        text = json_dumps(line, JSON_COMPACT);
    }
    json_decref(line);
    if (text == NULL || !write_text(connection, text)) {
        free(text);
        end(connection);
        return;
    }
    connection->full = connection->full || connection->waiting_bytes > DOOR_FULL_BYTES;
    if (connection->waiting_bytes > DOOR_WAITING_BYTES_MAX) {
        end(connection);
    }
}

static void send_error(struct connection *connection, json_t *id, int code, int exit_code,
                       const char *text)
{
    json_t *said = text == NULL ? NULL : json_string(text);
    if (said == NULL) { /* not UTF-8: the code's own words will do */
        said = json_string(err_text(code));
    }
    send_line(connection, json_pack("{s:O?,s:b,s:{s:s,s:o,s:i}}", "id", id, "ok", 0, "error",
                                    "code", err_name(code), "text", said, "exit", exit_code));
}

/* ---- calls ---- */

static struct door_call *call_new(struct connection *connection, json_t *id)
{
    struct door_call *call = calloc(1, sizeof *call);
    if (call != NULL) {
        call->connection = connection;
        call->id = json_incref(id);
        call->next = connection->calls;
        connection->calls = call;
        connection->call_count++;
    }
    return call;
}

static void call_unlink(struct door_call *call)
{
    struct connection *connection = call->connection;
    struct door_call **at = &connection->calls;
    while (*at != call) {
        ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = call->next;
    connection->call_count--;
    if (connection->stream == call) {
        connection->stream = NULL;
    }
}

static void call_free(struct door_call *call)
{
    json_decref(call->id);
    free(call);
}

static void call_over(struct door_call *call)
{
    struct connection *connection = call->connection;
    /* Reading may have waited for this call, or for its stream to be let go. */
    if (!connection->reading) {
        kick(connection->door);
    }
    connection->active_ms = uv_now(connection->door->listener.loop);
    call_unlink(call);
    call_free(call);
}

void door_call_row(struct door_call *call, json_t *row)
{
    ASSERT(!call->gone);
    send_line(call->connection, json_pack("{s:O,s:o}", "id", call->id, "row", row));
}

void door_call_raw(struct door_call *call, json_t *line)
{
    ASSERT(!call->gone);
    send_line(call->connection, line);
}

void door_call_done(struct door_call *call, json_t *result)
{
    ASSERT(!call->gone);
    send_line(call->connection,
              json_pack("{s:O,s:b,s:o}", "id", call->id, "ok", 1, "result", result));
    call_over(call);
}

void door_call_fail(struct door_call *call, int code, int exit_code, const char *text)
{
    ASSERT(!call->gone);
    send_error(call->connection, call->id, code, exit_code, text);
    call_over(call);
}

bool door_call_full(const struct door_call *call)
{
    return call->connection->full;
}

void door_call_pause(struct door_call *call, bool pause)
{
    call->paused = pause;
    if (!pause) {
        kick(call->connection->door);
    }
}

void door_call_set_data(struct door_call *call, void *data)
{
    call->data = data;
}

void *door_call_data(const struct door_call *call)
{
    return call->data;
}

const char *door_call_user(const struct door_call *call)
{
    return call->connection->user;
}

/* ---- requests ---- */

static void hand_over(struct connection *connection, json_t *request, json_t *id)
{
    const struct door_config *config = &connection->door->config;
    const char *command = json_string_value(json_object_get(request, "command"));
    json_t *args = json_object_get(request, "args");
    connection->streaming = json_is_true(json_object_get(request, "stream"));
    if (connection->door->stopping) {
        send_error(connection, id, ERR_AGAIN, EXIT_RETRY, "stopping, try again");
        return;
    }
    struct door_call *call = call_new(connection, id);
    if (call == NULL) {
        send_error(connection, id, ERR_NOMEM, EXIT_RETRY, NULL);
        return;
    }
    connection->stream = connection->streaming ? call : NULL;
    config->on_request(config->arg, call, command, args);
}

/* NULL, or what is wrong with it. Gives it empty args when it has none. */
static const char *check_request(json_t *request)
{
    if (!json_is_object(request)) {
        return "not a JSON object on one line";
    }
    json_t *id = json_object_get(request, "id");
    if (json_is_object(id) || json_is_array(id)) {
        return "id must be a number or a text";
    }
    const char *command = json_string_value(json_object_get(request, "command"));
    if (command == NULL || command[0] == '\0') {
        return "command is missing";
    }
    json_t *args = json_object_get(request, "args");
    if ((args == NULL || json_is_null(args)) &&
        json_object_set_new(request, "args", json_object()) != 0) {
        return "out of memory";
    }
    return json_is_object(json_object_get(request, "args")) ? NULL : "args must be an object";
}

static void take_request(struct connection *connection, struct bytes line)
{
    json_t *request = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
    const char *wrong = check_request(request);
    json_t *id = json_object_get(request, "id");
    bool scalar = id != NULL && !json_is_object(id) && !json_is_array(id);
    id = scalar ? json_incref(id) : json_null();
    if (wrong != NULL) {
        /* What follows a broken request that asked for a stream is not requests. */
        connection->streaming = json_is_true(json_object_get(request, "stream"));
        send_error(connection, id, ERR_FORMAT, EXIT_DATA, wrong);
    } else {
        hand_over(connection, request, id);
    }
    json_decref(id);
    json_decref(request);
}

static void take_stream_line(struct connection *connection, struct bytes line, bool oversized)
{
    const struct door_config *config = &connection->door->config;
    struct door_call *call = connection->stream;
    if (!oversized && line.len == 1 && line.data[0] == '.') {
        connection->streaming = false;
        connection->stream = NULL;
        if (call != NULL) {
            config->on_end(config->arg, call);
        }
        return;
    }
    if (call != NULL) {
        call->lines++;
        config->on_line(config->arg, call, call->lines, line, oversized);
    }
}

static void take_line(struct connection *connection, struct bytes line, bool oversized)
{
    if (connection->streaming) {
        take_stream_line(connection, line, oversized);
    } else if (oversized) {
        send_error(connection, NULL, ERR_LIMIT, EXIT_DATA, "request line too long");
    } else {
        take_request(connection, line);
    }
}

/* ---- reading ---- */

/* The next whole line; false when there is none yet. The end of a line too long is given with
 * *ret_oversized and no text. */
static bool next_line(struct connection *connection, struct bytes *ret, bool *ret_oversized)
{
    uint8_t *from = connection->in + connection->at;
    size_t left = connection->len - connection->at;
    uint8_t *newline = left == 0 ? NULL : memchr(from, '\n', left);
    if (newline == NULL) {
        if (connection->skipping || left == sizeof connection->in) {
            connection->skipping = true;
            explicit_bzero(connection->in, connection->len);
            connection->at = connection->len = 0;
        }
        return false;
    }
    *ret_oversized = connection->skipping;
    *ret = bytes_of(from, connection->skipping ? 0 : (size_t)(newline - from));
    connection->skipping = false;
    connection->at += (size_t)(newline - from) + 1;
    return true;
}

static bool may_take(const struct connection *connection)
{
    return !connection->ended && !connection->closing && !connection->full &&
           (connection->stream != NULL ? !connection->stream->paused
                                       : connection->call_count < DOOR_CALLS_MAX);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret)
{
    struct connection *connection = handle->data;
    (void)suggested;
    if (connection->at > 0) {
        connection->len -= connection->at;
        memmove(connection->in, connection->in + connection->at, connection->len);
        explicit_bzero(connection->in + connection->len, connection->at);
        connection->at = 0;
    }
    *ret = uv_buf_init((char *)connection->in + connection->len,
                       (unsigned)(sizeof connection->in - connection->len));
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer);

/* Reads only what it may take, so that a client that does not read cannot make us hold more. */
static void set_reading(struct connection *connection)
{
    bool want = may_take(connection);
    uv_stream_t *stream = (uv_stream_t *)&connection->pipe;
    if (want == connection->reading || connection->closing) {
        return;
    }
    connection->reading = want;
    if (!want) {
        (void)uv_read_stop(stream);
    } else if (uv_read_start(stream, on_room, on_read) != 0) {
        connection->reading = false;
        end(connection);
    }
}

/* Never inside itself: it runs only from on_read and on_kick, and the program's calls only kick. */
static void pump(struct connection *connection)
{
    struct bytes line;
    bool oversized = false;
    size_t from = connection->at;
    while (may_take(connection) && next_line(connection, &line, &oversized)) {
        connection->active_ms = uv_now(connection->door->listener.loop);
        take_line(connection, line, oversized);
        /* What a line says may be for nobody else: it stays in memory no longer than needed. */
        explicit_bzero(connection->in + from, connection->at - from);
        from = connection->at;
    }
    set_reading(connection);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct connection *connection = stream->data;
    (void)buffer;
    if (got < 0) {
        end(connection);
        set_reading(connection);
        return;
    }
    connection->len += (size_t)got;
    pump(connection);
}

/* ---- connections ---- */

static void door_handle_closed(struct door *door)
{
    ASSERT(door->handles > 0);
    door->handles--;
    if (door->handles == 0 && door->closing) {
        free(door);
    }
}

static void on_connection_closed(uv_handle_t *handle)
{
    struct connection *connection = handle->data;
    struct door *door = connection->door;
    connection->open = false;
    explicit_bzero(connection->in, connection->len); /* what was taken is wiped already */
    if (door->accept_waits && door->listening) {
        door->accept_waits = false;
        accept_one(door);
    }
    door_handle_closed(door);
}

static void drop(struct connection *connection)
{
    const struct door_config *config = &connection->door->config;
    connection->ended = true;
    connection->closing = true;
    while (connection->calls != NULL) {
        struct door_call *call = connection->calls;
        /* The analyser does not see that call_unlink takes it out of this very list. */
        call->gone = true; /* NOLINT(clang-analyzer-unix.Malloc) */
        call_unlink(call);
        config->on_gone(config->arg, call);
        call_free(call);
    }
    uv_close((uv_handle_t *)&connection->pipe, on_connection_closed);
}

/* One call at a time from the head: on_drain may end this call or any other. */
static void tell_drained(struct connection *connection)
{
    const struct door_config *config = &connection->door->config;
    connection->full = false;
    for (struct door_call *call = connection->calls; call != NULL; call = call->next) {
        call->drain = config->on_drain != NULL;
    }
    struct door_call *call = connection->calls;
    while (call != NULL && !connection->closing) {
        bool due = call->drain;
        call->drain = false;
        if (due) {
            config->on_drain(config->arg, call);
        }
        call = due ? connection->calls : call->next;
    }
}

static void on_kick(uv_async_t *async)
{
    struct door *door = async->data;
    for (size_t i = 0; i < SLOTS && !door->closing; i++) {
        struct connection *connection = &door->slots[i];
        if (!connection->open || connection->closing) {
            continue;
        }
        if (connection->ended) {
            drop(connection);
            continue;
        }
        if (connection->full && connection->waiting_bytes <= DRAINED_BYTES) {
            tell_drained(connection);
        }
        if (!connection->closing) {
            pump(connection);
        }
    }
}

static void learn_user(struct connection *connection)
{
    struct ucred peer = {.uid = (uid_t)-1};
    socklen_t len = sizeof peer;
    uv_os_fd_t fd = -1;
    if (uv_fileno((uv_handle_t *)&connection->pipe, &fd) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        (void)snprintf(connection->user, USER_CAPACITY, "unknown");
        return;
    }
    (void)snprintf(connection->user, USER_CAPACITY, "%s",
                   user_name(&connection->door->known, peer.uid));
}

static struct connection *free_slot(struct door *door)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (!door->slots[i].open) {
            return &door->slots[i];
        }
    }
    return NULL;
}

static size_t live_connections(const struct door *door)
{
    size_t live = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        live += door->slots[i].open && !door->slots[i].ended;
    }
    return live;
}

/* Whoever asked for nothing for longest makes room: else a few forgotten connections would lock the
 * door for everyone. NULL: all have calls open, or were active just now. */
static struct connection *longest_idle(struct door *door)
{
    uint64_t now_ms = uv_now(door->listener.loop);
    uint64_t least_ms = door->config.idle_ms > 0 ? door->config.idle_ms : DOOR_IDLE_MS;
    struct connection *found = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
        struct connection *connection = &door->slots[i];
        bool idle = connection->open && !connection->ended && connection->call_count == 0 &&
                    connection->waiting_bytes == 0 && now_ms - connection->active_ms >= least_ms;
        if (idle && (found == NULL || connection->active_ms < found->active_ms)) {
            found = connection;
        }
    }
    return found;
}

static bool make_room(struct door *door)
{
    struct connection *idle = longest_idle(door);
    if (idle == NULL) {
        return false;
    }
    send_error(idle, NULL, ERR_AGAIN, EXIT_RETRY, "closed: idle, and others wait");
    drop(idle);
    return true;
}

static void accept_one(struct door *door)
{
    struct connection *connection = free_slot(door);
    if (connection == NULL) {
        /* libuv asks no more until this one is accepted; on_connection_closed does it. */
        door->accept_waits = true;
        return;
    }
    /* All but the buffer, which is 64 KiB and needs no zeros. */
    memset(connection, 0, offsetof(struct connection, in));
    connection->door = door;
    if (uv_pipe_init(door->listener.loop, &connection->pipe, 0) != 0) {
        return;
    }
    connection->pipe.data = connection;
    connection->open = true;
    door->handles++;
    if (uv_accept((uv_stream_t *)&door->listener, (uv_stream_t *)&connection->pipe) != 0) {
        drop(connection);
        return;
    }
    learn_user(connection);
    connection->active_ms = uv_now(door->listener.loop);
    if (live_connections(door) > DOOR_CONNECTIONS_MAX && !make_room(door)) {
        send_error(connection, NULL, ERR_FULL, EXIT_RETRY, "too many connections");
        drop(connection);
        return;
    }
    set_reading(connection);
}

static void on_connection(uv_stream_t *listener, int status)
{
    if (status == 0) {
        accept_one(listener->data);
    }
}

/* ---- the door ---- */

static int address_of(const char *path, struct sockaddr_un *ret, struct err_ctx *err)
{
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof ret->sun_path) {
        return err_set(err, ERR_LIMIT, "%s: socket path empty or longer than %zu bytes", path,
                       sizeof ret->sun_path - 1);
    }
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(ret->sun_path, path, len + 1);
    return 0;
}

/* A socket that nobody answers is left over from a crash and is removed; any other file is not. */
static int clear_stale(const char *path, struct err_ctx *err)
{
    struct sockaddr_un address;
    struct stat info;
    int rc = address_of(path, &address, err);
    if (rc != 0 || lstat(path, &info) != 0) {
        return rc;
    }
    if (!S_ISSOCK(info.st_mode)) {
        return err_set(err, ERR_EXISTS, "%s: exists and is not a socket", path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return err_set(err, ERR_IO, "%s: socket: %s", path, strerrordesc_np(errno));
    }
    int connected = connect(fd, (struct sockaddr *)&address, sizeof address);
    bool dead = connected != 0 && errno == ECONNREFUSED;
    (void)close(fd);
    if (!dead) {
        return err_set(err, ERR_BUSY, "%s: another process answers there", path);
    }
    if (unlink(path) != 0) {
        return err_set(err, ERR_PERMISSION, "%s: remove: %s", path, strerrordesc_np(errno));
    }
    return 0;
}

/* Before the socket listens, so that nobody gets in under other rights. */
static int set_rights(const char *path, const char *group, struct err_ctx *err)
{
    if (group != NULL) {
        struct group entry;
        struct group *found = NULL;
        char names[4096];
        if (getgrnam_r(group, &entry, names, sizeof names, &found) != 0 || found == NULL) {
            return err_set(err, ERR_CONFIG, "%s: no group \"%s\"", path, group);
        }
        if (chown(path, (uid_t)-1, entry.gr_gid) != 0) {
            return err_set(err, ERR_PERMISSION, "%s: give to group \"%s\": %s", path, group,
                           strerrordesc_np(errno));
        }
    }
    if (chmod(path, SOCKET_MODE) != 0) {
        return err_set(err, ERR_PERMISSION, "%s: set mode: %s", path, strerrordesc_np(errno));
    }
    return 0;
}

static int code_of_uv(int status)
{
    return status == UV_EADDRINUSE ? ERR_BUSY : status == UV_EACCES ? ERR_PERMISSION : ERR_IO;
}

static int listen_at(struct door *door, struct err_ctx *err)
{
    const char *path = door->config.path;
    int rc = clear_stale(path, err);
    if (rc != 0) {
        return rc;
    }
    int status = uv_pipe_bind(&door->listener, path);
    if (status != 0) {
        return err_set(err, code_of_uv(status), "%s: bind: %s", path, uv_strerror(status));
    }
    rc = set_rights(path, door->config.group, err);
    if (rc != 0) {
        return rc;
    }
    status = uv_listen((uv_stream_t *)&door->listener, LISTEN_BACKLOG, on_connection);
    if (status != 0) {
        return err_set(err, code_of_uv(status), "%s: listen: %s", path, uv_strerror(status));
    }
    return 0;
}

int door_open(const struct door_config *config, struct door **ret, struct err_ctx *err)
{
    uv_loop_t *loop = loop_peek_uv(config->loop);
    struct door *door = calloc(1, sizeof *door);
    if (door == NULL) {
        return err_set(err, ERR_NOMEM, "%s: out of memory", config->path);
    }
    door->config = *config;
    int status = uv_async_init(loop, &door->kick, on_kick);
    if (status != 0) {
        free(door);
        return err_set(err, ERR_IO, "%s: %s", config->path, uv_strerror(status));
    }
    door->kick.data = door;
    door->handles = 1;
    /* A pipe that is neither bound nor opened has nothing to fail with. */
    status = uv_pipe_init(loop, &door->listener, 0);
    ASSERT(status == 0);
    door->listener.data = door;
    door->handles++;
    door->listening = true;
    int rc = listen_at(door, err);
    if (rc != 0) {
        door_close(door);
        return rc;
    }
    *ret = door;
    return 0;
}

static void on_closed(uv_handle_t *handle)
{
    door_handle_closed(handle->data);
}

void door_stop(struct door *door)
{
    door->stopping = true;
    if (door->listening) {
        door->listening = false;
        uv_close((uv_handle_t *)&door->listener, on_closed); /* removes the socket file */
    }
}

bool door_idle(const struct door *door)
{
    for (size_t i = 0; i < SLOTS; i++) {
        const struct connection *connection = &door->slots[i];
        if (connection->open && !connection->ended &&
            (connection->call_count > 0 || connection->waiting_bytes > 0)) {
            return false;
        }
    }
    return true;
}

void door_close(struct door *door)
{
    if (door == NULL || door->closing) {
        return;
    }
    door->closing = true;
    door_stop(door);
    for (size_t i = 0; i < SLOTS; i++) {
        struct connection *connection = &door->slots[i];
        if (connection->open && !connection->closing) {
            drop(connection);
        }
    }
    uv_close((uv_handle_t *)&door->kick, on_closed);
}
