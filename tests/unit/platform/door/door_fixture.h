/* door_fixture.h - a door on a loop thread of its own, and a client to it. */
#ifndef DOOR_FIXTURE_H
#define DOOR_FIXTURE_H

#include "lib/cmocka_all.h"

#include "core/base/limits.h"
#include "lib/folder.h"
#include "platform/door/door.h"
#include "platform/host/host.h"
#include "platform/loop/loop.h"

#include <inttypes.h>
#include <pthread.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DEADLINE_MS 20000
#define BLOB_BYTES 65536u

/* ---- the server: a loop of its own in a thread; all below `door` is its alone while it runs ----
 */

struct server {
    char folder[FOLDER_PATH_CAPACITY];
    char path[108]; /* as sun_path */
    pthread_t thread;
    struct loop *loop;
    struct loop_wake *wake;
    uint64_t idle_ms; /* before server_start */
    struct door *door;
    struct door_call *held[2 * DOOR_CALLS_MAX];
    struct door_call *paused;
    struct door_call *flood;
    size_t held_count, gone, drained, blobs, lines;
    uint64_t flood_left, flood_sent;
    bool idle_at_end;
};

static inline void flood_on(struct server *server)
{
    while (server->flood_left > 0 && !door_call_full(server->flood)) {
        server->flood_left--;
        server->flood_sent++;
        door_call_row(server->flood, json_stringn("0123456789abcdef", 16));
    }
    if (server->flood_left == 0) {
        door_call_done(server->flood, json_integer((json_int_t)server->flood_sent));
        server->flood = NULL;
    }
}

static inline void on_drain(void *arg, struct door_call *call)
{
    struct server *server = arg;
    server->drained++;
    if (call == server->flood) {
        flood_on(server);
    }
}

static inline void release(struct server *server, struct door_call *call)
{
    size_t count = server->held_count;
    server->held_count = 0;
    for (size_t i = 0; i < count; i++) {
        door_call_done(server->held[i], json_integer((json_int_t)i));
    }
    door_call_done(call, json_integer((json_int_t)count));
}

static inline json_t *status(const struct server *server)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:i}", "held", (json_int_t)server->held_count,
                     "gone", (json_int_t)server->gone, "blobs", (json_int_t)server->blobs, "lines",
                     (json_int_t)server->lines, "drained", (json_int_t)server->drained,
                     "flood_sent", (json_int_t)server->flood_sent, "paused",
                     server->paused != NULL);
}

static inline void answer_rows(struct door_call *call, const json_t *args)
{
    json_int_t count = json_integer_value(json_object_get(args, "count"));
    for (json_int_t i = 0; i < count; i++) {
        door_call_row(call, json_integer(i));
    }
    door_call_done(call, json_object());
}

static inline void answer_blob(struct server *server, struct door_call *call)
{
    static char blob[BLOB_BYTES];
    memset(blob, 'b', sizeof blob);
    server->blobs++;
    door_call_done(call, json_stringn(blob, sizeof blob));
}

static inline void start_flood(struct server *server, struct door_call *call, const json_t *args)
{
    server->flood = call;
    server->flood_sent = 0;
    server->flood_left = (uint64_t)json_integer_value(json_object_get(args, "count"));
    flood_on(server);
}

static inline void on_request(void *arg, struct door_call *call, const char *command,
                              const json_t *args)
{
    struct server *server = arg;
    if (strcmp(command, "echo") == 0) {
        door_call_done(call, json_deep_copy(args));
    } else if (strcmp(command, "rows") == 0) {
        answer_rows(call, args);
    } else if (strcmp(command, "raw") == 0) {
        door_call_raw(call, json_pack("{s:i}", "line", 1));
        door_call_done(call, json_null());
    } else if (strcmp(command, "user") == 0) {
        door_call_done(call, json_string(door_call_user(call)));
    } else if (strcmp(command, "refuse") == 0) {
        door_call_fail(call, ERR_VALUE, 65, "no \xff such thing");
    } else if (strcmp(command, "hold") == 0) {
        server->held[server->held_count++] = call;
    } else if (strcmp(command, "release") == 0) {
        release(server, call);
    } else if (strcmp(command, "blob") == 0) {
        answer_blob(server, call);
    } else if (strcmp(command, "flood") == 0) {
        start_flood(server, call, args);
    } else if (strcmp(command, "status") == 0) {
        door_call_done(call, status(server));
    } else if (strcmp(command, "stop") == 0) {
        door_stop(server->door);
        door_call_done(call, json_true());
    } else if (strcmp(command, "paused lines") == 0) {
        server->paused = call;
        door_call_pause(call, true);
    } else if (strcmp(command, "go on") == 0) {
        door_call_pause(server->paused, false);
        door_call_done(call, json_true());
    } else if (strcmp(command, "lines") != 0) {
        door_call_fail(call, ERR_NOT_FOUND, 64, "no such command");
    }
}

/* Tells what came: [line, length, oversized, hex of the first bytes]. "quit" ends it early. */
static inline void on_line(void *arg, struct door_call *call, uint64_t line, struct bytes text,
                           bool oversized)
{
    struct server *server = arg;
    char hex[HEX_CAPACITY(4)];
    server->lines++;
    door_call_set_data(call, server);
    if (bytes_equal(text, bytes_of_text("quit"))) {
        door_call_fail(call, ERR_STATE, 65, "had enough");
        return;
    }
    (void)hex_encode(hex, text.data, text.len < 4 ? text.len : 4);
    door_call_row(
        call, json_pack("[I,I,b,s]", (json_int_t)line, (json_int_t)text.len, (int)oversized, hex));
}

static inline void on_end(void *arg, struct door_call *call)
{
    bool kept = door_call_data(call) == arg;
    door_call_done(call, json_pack("{s:b}", "data_kept", (int)kept));
}

static inline void on_gone(void *arg, struct door_call *call)
{
    struct server *server = arg;
    server->gone++;
    for (size_t i = 0; i < server->held_count; i++) {
        if (server->held[i] == call) {
            server->held[i] = server->held[--server->held_count];
            break;
        }
    }
    server->flood = server->flood == call ? NULL : server->flood;
    server->paused = server->paused == call ? NULL : server->paused;
}

static inline void on_wake(void *arg)
{
    struct server *server = arg;
    server->idle_at_end = door_idle(server->door);
    door_close(server->door);
    loop_wake_free(server->wake);
    loop_stop(server->loop);
}

static inline void *serve(void *arg)
{
    struct server *server = arg;
    loop_run(server->loop);
    return NULL;
}

static inline struct door_config config_of(struct server *server)
{
    return (struct door_config){.loop = server->loop,
                                .path = server->path,
                                .idle_ms = server->idle_ms,
                                .on_request = on_request,
                                .on_line = on_line,
                                .on_end = on_end,
                                .on_gone = on_gone,
                                .on_drain = on_drain,
                                .arg = server};
}

static inline void server_start(struct server *server)
{
    struct door_config config = config_of(server);
    struct err_ctx err = {0};
    if (door_open(&config, &server->door, &err) != 0) {
        fail_msg("%s", err.text);
    }
    server->wake = loop_wake_new(server->loop, on_wake, server);
    assert_non_null(server->wake);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

/* After this the server's fields may be read. Was it idle, just before its door closed? */
static inline bool server_stop(struct server *server)
{
    loop_wake_send(server->wake);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    server->door = NULL;
    return server->idle_at_end;
}

static inline int set_up_loop(void **state)
{
    struct server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    folder_open(server->folder);
    (void)snprintf(server->path, sizeof server->path, "%s/door.sock", server->folder);
    assert_int_equal(loop_new(&server->loop, NULL), 0);
    server->idle_ms = 600000; /* no slow machine makes a connection idle where it should not be */
    *state = server;
    return 0;
}

static inline int set_up(void **state)
{
    (void)set_up_loop(state);
    server_start(*state);
    return 0;
}

static inline int tear_down(void **state)
{
    struct server *server = *state;
    if (server->door != NULL) {
        (void)server_stop(server);
    }
    loop_free(server->loop);
    assert_int_equal(access(server->path, F_OK), -1); /* the socket file is gone */
    folder_drop(server->folder);
    free(server);
    return 0;
}

/* ---- the client ---- */

static inline struct door_client *client_of(const struct server *server)
{
    struct door_client *client = NULL;
    struct err_ctx err = {0};
    if (door_client_open(server->path, DEADLINE_MS, &client, &err) != 0) {
        fail_msg("%s", err.text);
    }
    return client;
}

static inline void send_text(struct door_client *client, const char *text)
{
    assert_int_equal(door_client_send(client, bytes_of_text(text), NULL), 0);
}

static inline json_t *read_json(struct door_client *client)
{
    struct bytes line;
    struct err_ctx err = {0};
    if (door_client_read(client, &line, &err) != 0) {
        fail_msg("%s", err.text);
    }
    json_t *answer = json_loadb((const char *)line.data, line.len, 0, NULL);
    assert_non_null(answer);
    return answer;
}

static inline void expect_line(struct door_client *client, const char *want)
{
    struct bytes line;
    struct err_ctx err = {0};
    if (door_client_read(client, &line, &err) != 0) {
        fail_msg("%s", err.text);
    }
    if (!bytes_equal(line, bytes_of_text(want))) {
        fail_msg("got %.*s, wanted %s", (int)line.len, (const char *)line.data, want);
    }
}

static inline json_int_t status_of(struct door_client *client, const char *name)
{
    send_text(client, "{\"id\":0,\"command\":\"status\"}");
    json_t *answer = read_json(client);
    json_t *value = json_object_get(json_object_get(answer, "result"), name);
    assert_true(json_is_integer(value));
    json_int_t number = json_integer_value(value);
    json_decref(answer);
    return number;
}

/* Asks until it is so. */
static inline void await_status(struct door_client *client, const char *name, json_int_t want)
{
    uint64_t deadline_ms = host_monotonic_ms() + DEADLINE_MS;
    json_int_t is = status_of(client, name);
    while (is != want) {
        if (host_monotonic_ms() > deadline_ms) {
            fail_msg("%s is %" JSON_INTEGER_FORMAT ", wanted %" JSON_INTEGER_FORMAT, name, is,
                     want);
        }
        is = status_of(client, name);
    }
}

static inline void expect_error(struct door_client *client, const char *code, int exit_code)
{
    json_t *answer = read_json(client);
    json_t *error = json_object_get(answer, "error");
    assert_true(json_is_false(json_object_get(answer, "ok")));
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    assert_int_equal(json_integer_value(json_object_get(error, "exit")), exit_code);
    assert_true(json_string_length(json_object_get(error, "text")) > 0);
    json_decref(answer);
}

static inline int raw_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up_loop, tear_down)

#endif
