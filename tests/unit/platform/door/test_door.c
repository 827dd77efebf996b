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
    struct door *door;
    struct door_call *held[2 * DOOR_CALLS_MAX];
    struct door_call *paused;
    struct door_call *flood;
    size_t held_count, gone, drained, blobs, lines;
    uint64_t flood_left, flood_sent;
    bool idle_at_end;
};

static void flood_on(struct server *server)
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

static void on_drain(void *arg, struct door_call *call)
{
    struct server *server = arg;
    server->drained++;
    if (call == server->flood) {
        flood_on(server);
    }
}

static void release(struct server *server, struct door_call *call)
{
    size_t count = server->held_count;
    server->held_count = 0;
    for (size_t i = 0; i < count; i++) {
        door_call_done(server->held[i], json_integer((json_int_t)i));
    }
    door_call_done(call, json_integer((json_int_t)count));
}

static json_t *status(const struct server *server)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:i}", "held", (json_int_t)server->held_count,
                     "gone", (json_int_t)server->gone, "blobs", (json_int_t)server->blobs, "lines",
                     (json_int_t)server->lines, "drained", (json_int_t)server->drained,
                     "flood_sent", (json_int_t)server->flood_sent, "paused",
                     server->paused != NULL);
}

static void answer_rows(struct door_call *call, const json_t *args)
{
    json_int_t count = json_integer_value(json_object_get(args, "count"));
    for (json_int_t i = 0; i < count; i++) {
        door_call_row(call, json_integer(i));
    }
    door_call_done(call, json_object());
}

static void answer_blob(struct server *server, struct door_call *call)
{
    static char blob[BLOB_BYTES];
    memset(blob, 'b', sizeof blob);
    server->blobs++;
    door_call_done(call, json_stringn(blob, sizeof blob));
}

static void start_flood(struct server *server, struct door_call *call, const json_t *args)
{
    server->flood = call;
    server->flood_sent = 0;
    server->flood_left = (uint64_t)json_integer_value(json_object_get(args, "count"));
    flood_on(server);
}

static void on_request(void *arg, struct door_call *call, const char *command, const json_t *args)
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
static void on_line(void *arg, struct door_call *call, uint64_t line, struct bytes text,
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

static void on_end(void *arg, struct door_call *call)
{
    bool kept = door_call_data(call) == arg;
    door_call_done(call, json_pack("{s:b}", "data_kept", (int)kept));
}

static void on_gone(void *arg, struct door_call *call)
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

static void on_wake(void *arg)
{
    struct server *server = arg;
    server->idle_at_end = door_idle(server->door);
    door_close(server->door);
    loop_wake_free(server->wake);
    loop_stop(server->loop);
}

static void *serve(void *arg)
{
    struct server *server = arg;
    loop_run(server->loop);
    return NULL;
}

static struct door_config config_of(struct server *server)
{
    return (struct door_config){.loop = server->loop,
                                .path = server->path,
                                .on_request = on_request,
                                .on_line = on_line,
                                .on_end = on_end,
                                .on_gone = on_gone,
                                .on_drain = on_drain,
                                .arg = server};
}

static void server_start(struct server *server)
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
static bool server_stop(struct server *server)
{
    loop_wake_send(server->wake);
    assert_int_equal(pthread_join(server->thread, NULL), 0);
    server->door = NULL;
    return server->idle_at_end;
}

static int set_up_loop(void **state)
{
    struct server *server = calloc(1, sizeof *server);
    assert_non_null(server);
    folder_open(server->folder);
    (void)snprintf(server->path, sizeof server->path, "%s/door.sock", server->folder);
    assert_int_equal(loop_new(&server->loop, NULL), 0);
    *state = server;
    return 0;
}

static int set_up(void **state)
{
    (void)set_up_loop(state);
    server_start(*state);
    return 0;
}

static int tear_down(void **state)
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

static struct door_client *client_of(const struct server *server)
{
    struct door_client *client = NULL;
    struct err_ctx err = {0};
    if (door_client_open(server->path, &client, &err) != 0) {
        fail_msg("%s", err.text);
    }
    return client;
}

static void send_text(struct door_client *client, const char *text)
{
    assert_int_equal(door_client_send(client, bytes_of_text(text), NULL), 0);
}

static json_t *read_json(struct door_client *client)
{
    struct bytes line;
    struct err_ctx err = {0};
    if (door_client_read(client, DEADLINE_MS, &line, &err) != 0) {
        fail_msg("%s", err.text);
    }
    json_t *answer = json_loadb((const char *)line.data, line.len, 0, NULL);
    assert_non_null(answer);
    return answer;
}

static void expect_line(struct door_client *client, const char *want)
{
    struct bytes line;
    struct err_ctx err = {0};
    if (door_client_read(client, DEADLINE_MS, &line, &err) != 0) {
        fail_msg("%s", err.text);
    }
    if (!bytes_equal(line, bytes_of_text(want))) {
        fail_msg("got %.*s, wanted %s", (int)line.len, (const char *)line.data, want);
    }
}

static json_int_t status_of(struct door_client *client, const char *name)
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
static void await_status(struct door_client *client, const char *name, json_int_t want)
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

static void expect_error(struct door_client *client, const char *code, int exit_code)
{
    json_t *answer = read_json(client);
    json_t *error = json_object_get(answer, "error");
    assert_true(json_is_false(json_object_get(answer, "ok")));
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    assert_int_equal(json_integer_value(json_object_get(error, "exit")), exit_code);
    assert_true(json_string_length(json_object_get(error, "text")) > 0);
    json_decref(answer);
}

static int raw_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* ---- requests and answers ---- */

static void request_rows_done(void **state)
{
    struct door_client *client = client_of(*state);
    send_text(client, "{\"id\":1,\"command\":\"rows\",\"args\":{\"count\":2}}");
    expect_line(client, "{\"id\":1,\"row\":0}");
    expect_line(client, "{\"id\":1,\"row\":1}");
    expect_line(client, "{\"id\":1,\"ok\":true,\"result\":{}}");
    send_text(client, "{\"id\":\"a\",\"command\":\"echo\",\"args\":{\"x\":\"\u00e9\"}}");
    expect_line(client, "{\"id\":\"a\",\"ok\":true,\"result\":{\"x\":\"\u00e9\"}}");
    send_text(client, "{\"command\":\"echo\"}");
    expect_line(client, "{\"id\":null,\"ok\":true,\"result\":{}}");
    send_text(client, "{\"id\":2,\"command\":\"raw\"}");
    expect_line(client, "{\"line\":1}");
    expect_line(client, "{\"id\":2,\"ok\":true,\"result\":null}");
    door_client_close(client);
    assert_true(server_stop(*state));
}

static void errors_have_code_text_and_exit(void **state)
{
    struct door_client *client = client_of(*state);
    send_text(client, "{\"id\":1,\"command\":\"nothing\"}");
    expect_line(client, "{\"id\":1,\"ok\":false,\"error\":{\"code\":\"ERR_NOT_FOUND\","
                        "\"text\":\"no such command\",\"exit\":64}}");
    send_text(client, "{\"id\":2,\"command\":\"refuse\"}"); /* its text is not UTF-8 */
    expect_line(client, "{\"id\":2,\"ok\":false,\"error\":{\"code\":\"ERR_VALUE\","
                        "\"text\":\"value not allowed\",\"exit\":65}}");
    door_client_close(client);
}

static void malformed_requests_are_answered_and_survived(void **state)
{
    static const char *const bad[] = {
        "",
        "hello",
        "[1]",
        "{\"id\":1}",
        "{\"id\":1,\"command\":\"\"}",
        "{\"id\":[],\"command\":\"echo\"}",
        "{\"id\":1,\"command\":\"echo\",\"args\":[]}",
        "{\"id\":1,\"id\":2,\"command\":\"echo\"}",
        "{\"command\":\"echo\",\"args\":{\"x\":\"\xff\"}}",
    };
    struct door_client *client = client_of(*state);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        send_text(client, bad[i]);
        expect_error(client, "ERR_FORMAT", 65);
    }
    send_text(client, "{\"id\":7,\"command\":\"echo\"}");
    expect_line(client, "{\"id\":7,\"ok\":true,\"result\":{}}");
    door_client_close(client);
}

static void broken_stream_request_swallows_its_lines(void **state)
{
    struct door_client *client = client_of(*state);
    send_text(client, "{\"id\":1,\"stream\":true}");
    send_text(client, "{\"id\":2,\"command\":\"echo\"}");
    send_text(client, ".");
    send_text(client, "{\"id\":3,\"command\":\"echo\"}");
    expect_error(client, "ERR_FORMAT", 65);
    expect_line(client, "{\"id\":3,\"ok\":true,\"result\":{}}");
    door_client_close(client);
}

static void oversized_request_is_refused_and_survived(void **state)
{
    static char line[LINE_BYTES_MAX + 2];
    struct door_client *client = client_of(*state);
    memset(line, ' ', sizeof line - 1);
    memcpy(line, "{\"command\":\"echo\"}", 18);
    send_text(client, line);
    expect_error(client, "ERR_LIMIT", 65);
    line[LINE_BYTES_MAX] = '\0'; /* just fits */
    send_text(client, line);
    expect_line(client, "{\"id\":null,\"ok\":true,\"result\":{}}");
    door_client_close(client);
}

static void pipelined_requests_are_all_answered(void **state)
{
    struct door_client *client = client_of(*state);
    char text[64];
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "{\"id\":%d,\"command\":\"echo\"}", i);
        send_text(client, text);
    }
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(text, sizeof text, "{\"id\":%d,\"ok\":true,\"result\":{}}", i);
        expect_line(client, text);
    }
    assert_false(door_client_readable(client));
    door_client_close(client);
}

static void answers_may_come_later_in_any_order(void **state)
{
    struct door_client *client = client_of(*state);
    send_text(client, "{\"id\":1,\"command\":\"hold\"}");
    send_text(client, "{\"id\":2,\"command\":\"echo\"}");
    expect_line(client, "{\"id\":2,\"ok\":true,\"result\":{}}");
    send_text(client, "{\"id\":3,\"command\":\"release\"}");
    expect_line(client, "{\"id\":1,\"ok\":true,\"result\":0}");
    expect_line(client, "{\"id\":3,\"ok\":true,\"result\":1}");
    door_client_close(client);
}

static void peer_is_known_by_name(void **state)
{
    struct door_client *client = client_of(*state);
    char want[128];
    const struct passwd *self = getpwuid(geteuid());
    if (self != NULL) {
        (void)snprintf(want, sizeof want, "{\"id\":1,\"ok\":true,\"result\":\"%s\"}",
                       self->pw_name);
    } else {
        (void)snprintf(want, sizeof want, "{\"id\":1,\"ok\":true,\"result\":\"%u\"}",
                       (unsigned)geteuid());
    }
    send_text(client, "{\"id\":1,\"command\":\"user\"}");
    expect_line(client, want);
    door_client_close(client);
}

/* ---- streams ---- */

static void streamed_lines_come_as_they_are(void **state)
{
    static char longest[LINE_BYTES_MAX + 2];
    struct door_client *client = client_of(*state);
    memset(longest, 'x', sizeof longest - 1);
    send_text(client, "{\"id\":9,\"command\":\"lines\",\"stream\":true}");
    send_text(client, "\xff\xfe\x01");
    send_text(client, "");
    assert_int_equal(door_client_send(client, bytes_of("a\0b", 3), NULL), 0);
    send_text(client, longest);
    longest[LINE_BYTES_MAX] = '\0';
    send_text(client, longest);
    send_text(client, "..");
    send_text(client, "{\"command\":\"echo\"}");
    send_text(client, ".");
    expect_line(client, "{\"id\":9,\"row\":[1,3,false,\"fffe01\"]}");
    expect_line(client, "{\"id\":9,\"row\":[2,0,false,\"\"]}");
    expect_line(client, "{\"id\":9,\"row\":[3,3,false,\"610062\"]}");
    expect_line(client, "{\"id\":9,\"row\":[4,0,true,\"\"]}");
    expect_line(client, "{\"id\":9,\"row\":[5,65536,false,\"78787878\"]}");
    expect_line(client, "{\"id\":9,\"row\":[6,2,false,\"2e2e\"]}");
    expect_line(client, "{\"id\":9,\"row\":[7,18,false,\"7b22636f\"]}");
    expect_line(client, "{\"id\":9,\"ok\":true,\"result\":{\"data_kept\":true}}");
    send_text(client, "{\"id\":10,\"command\":\"echo\"}");
    expect_line(client, "{\"id\":10,\"ok\":true,\"result\":{}}");
    door_client_close(client);
}

static void stream_answered_early_drops_the_rest(void **state)
{
    struct door_client *client = client_of(*state);
    send_text(client, "{\"id\":1,\"command\":\"lines\",\"stream\":true}");
    send_text(client, "quit");
    send_text(client, "{\"id\":2,\"command\":\"echo\"}");
    send_text(client, ".");
    send_text(client, "{\"id\":3,\"command\":\"echo\"}");
    expect_error(client, "ERR_STATE", 65);
    expect_line(client, "{\"id\":3,\"ok\":true,\"result\":{}}");
    assert_int_equal(status_of(client, "lines"), 1);
    door_client_close(client);
}

static void held_stream_waits_until_let_go(void **state)
{
    static const char all[] = "{\"id\":1,\"command\":\"paused lines\",\"stream\":true}\na\nb\n.\n";
    struct server *server = *state;
    struct door_client *other = client_of(server);
    int fd = raw_connect(server->path);
    /* In one piece: the lines are in the server's hands when it holds the stream. */
    assert_int_equal(send(fd, all, sizeof all - 1, MSG_NOSIGNAL), sizeof all - 1);
    await_status(other, "paused", 1);
    assert_int_equal(status_of(other, "lines"), 0);
    send_text(other, "{\"id\":1,\"command\":\"go on\"}");
    expect_line(other, "{\"id\":1,\"ok\":true,\"result\":true}");
    await_status(other, "lines", 2);
    (void)close(fd);
    door_client_close(other);
}

/* ---- limits ---- */

static void calls_per_connection_are_bounded(void **state)
{
    struct door_client *client = client_of(*state);
    struct door_client *other = client_of(*state);
    for (size_t i = 0; i < DOOR_CALLS_MAX + 44; i++) {
        send_text(client, "{\"id\":1,\"command\":\"hold\"}");
    }
    await_status(other, "held", DOOR_CALLS_MAX);
    send_text(other, "{\"id\":1,\"command\":\"release\"}");
    expect_line(other, "{\"id\":1,\"ok\":true,\"result\":256}");
    await_status(other, "held", 44);
    door_client_close(other);
    door_client_close(client);
}

/* All requests go out in one piece, nothing is read: the server takes only a few of them. */
static void slow_reader_is_not_read_from(void **state)
{
    enum { REQUESTS = 400 };
    static const char request[] = "{\"id\":1,\"command\":\"blob\"}\n";
    static char all[REQUESTS * (sizeof request - 1)];
    static char taken[1 << 20];
    struct server *server = *state;
    struct door_client *other = client_of(server);
    for (size_t i = 0; i < REQUESTS; i++) {
        memcpy(all + i * (sizeof request - 1), request, sizeof request - 1);
    }
    int fd = raw_connect(server->path);
    assert_int_equal(send(fd, all, sizeof all, MSG_NOSIGNAL), sizeof all);
    uint64_t deadline_ms = host_monotonic_ms() + DEADLINE_MS;
    json_int_t blobs = 0;
    while (blobs == 0 && host_monotonic_ms() < deadline_ms) {
        blobs = status_of(other, "blobs");
    }
    assert_in_range(blobs, DOOR_FULL_BYTES / (BLOB_BYTES + 64), 100);
    size_t lines = 0;
    while (lines < REQUESTS) {
        ssize_t got = recv(fd, taken, sizeof taken, 0);
        assert_true(got > 0);
        for (ssize_t i = 0; i < got; i++) {
            lines += taken[i] == '\n';
        }
    }
    assert_int_equal(status_of(other, "blobs"), REQUESTS);
    (void)close(fd);
    door_client_close(other);
}

static void many_rows_wait_for_the_reader(void **state)
{
    enum { ROWS = 200000 };
    struct door_client *client = client_of(*state);
    struct door_client *other = client_of(*state);
    send_text(client, "{\"id\":1,\"command\":\"flood\",\"args\":{\"count\":200000}}");
    uint64_t deadline_ms = host_monotonic_ms() + DEADLINE_MS;
    json_int_t sent = 0;
    while (sent == 0 && host_monotonic_ms() < deadline_ms) {
        sent = status_of(other, "flood_sent");
    }
    assert_in_range(sent, 1, ROWS / 2);
    for (int i = 0; i < ROWS; i++) {
        expect_line(client, "{\"id\":1,\"row\":\"0123456789abcdef\"}");
    }
    expect_line(client, "{\"id\":1,\"ok\":true,\"result\":200000}");
    assert_true(status_of(other, "drained") > 0);
    door_client_close(other);
    door_client_close(client);
}

/* A client that sends a long stream before it reads anything: send takes the answers in. */
static void sender_that_does_not_read_is_not_stuck(void **state)
{
    enum { LINES = 60000 };
    struct door_client *client = client_of(*state);
    send_text(client, "{\"id\":1,\"command\":\"lines\",\"stream\":true}");
    for (int i = 0; i < LINES; i++) {
        send_text(client, "a line of a stream whose answers are longer than it");
    }
    send_text(client, ".");
    for (int i = 0; i < LINES; i++) {
        json_decref(read_json(client));
    }
    expect_line(client, "{\"id\":1,\"ok\":true,\"result\":{\"data_kept\":true}}");
    door_client_close(client);
}

static void one_connection_too_many_is_told_so(void **state)
{
    struct door_client *clients[DOOR_CONNECTIONS_MAX];
    for (size_t i = 0; i < DOOR_CONNECTIONS_MAX; i++) {
        clients[i] = client_of(*state);
        (void)status_of(clients[i], "held"); /* it is in */
    }
    for (int i = 0; i < 3; i++) {
        struct door_client *late = client_of(*state);
        struct bytes line;
        expect_error(late, "ERR_FULL", 75);
        assert_int_equal(door_client_read(late, DEADLINE_MS, &line, NULL), ERR_GONE);
        door_client_close(late);
    }
    (void)status_of(clients[5], "held");
    for (size_t i = 0; i < DOOR_CONNECTIONS_MAX; i++) {
        door_client_close(clients[i]);
    }
}

/* ---- ends ---- */

static void client_gone_ends_its_calls(void **state)
{
    struct door_client *client = client_of(*state);
    struct door_client *other = client_of(*state);
    send_text(client, "{\"id\":1,\"command\":\"hold\"}");
    send_text(client, "{\"id\":2,\"command\":\"hold\"}");
    send_text(client, "{\"id\":3,\"command\":\"lines\",\"stream\":true}");
    send_text(client, "half a stream");
    await_status(other, "lines", 1);
    door_client_close(client);
    await_status(other, "gone", 3);
    assert_int_equal(status_of(other, "held"), 0);
    door_client_close(other);
}

static void client_gone_in_a_flood_ends_it(void **state)
{
    struct door_client *client = client_of(*state);
    struct door_client *other = client_of(*state);
    send_text(client, "{\"id\":1,\"command\":\"flood\",\"args\":{\"count\":100000000}}");
    uint64_t deadline_ms = host_monotonic_ms() + DEADLINE_MS;
    while (status_of(other, "flood_sent") == 0 && host_monotonic_ms() < deadline_ms) {
    }
    door_client_close(client);
    await_status(other, "gone", 1);
    door_client_close(other);
}

static void stop_lets_open_calls_finish(void **state)
{
    struct server *server = *state;
    struct door_client *client = client_of(server);
    struct door_client *late = NULL;
    struct err_ctx err = {0};
    send_text(client, "{\"id\":1,\"command\":\"lines\",\"stream\":true}");
    struct door_client *other = client_of(server);
    send_text(other, "{\"id\":2,\"command\":\"stop\"}");
    expect_line(other, "{\"id\":2,\"ok\":true,\"result\":true}");
    send_text(other, "{\"id\":3,\"command\":\"echo\"}");
    expect_error(other, "ERR_AGAIN", 75);
    send_text(client, "x");
    send_text(client, ".");
    expect_line(client, "{\"id\":1,\"row\":[1,1,false,\"78\"]}");
    expect_line(client, "{\"id\":1,\"ok\":true,\"result\":{\"data_kept\":true}}");
    assert_int_equal(door_client_open(server->path, &late, &err), ERR_GONE);
    assert_true(server_stop(server));
    assert_int_equal(server->gone, 0);
    door_client_close(other);
    door_client_close(client);
}

static void close_tells_open_calls_and_clients(void **state)
{
    struct server *server = *state;
    struct door_client *client = client_of(server);
    struct bytes line;
    send_text(client, "{\"id\":1,\"command\":\"hold\"}");
    await_status(client, "held", 1);
    assert_int_equal(door_client_read(client, 0, &line, NULL), ERR_TIMEOUT);
    assert_false(server_stop(server)); /* one call was open */
    assert_int_equal(server->gone, 1);
    assert_int_equal(door_client_read(client, DEADLINE_MS, &line, NULL), ERR_GONE);
    assert_true(door_client_readable(client));
    assert_int_equal(door_client_send(client, bytes_of_text("x"), NULL), ERR_GONE);
    door_client_close(client);
}

static void line_end_inside_a_line_is_refused(void **state)
{
    struct door_client *client = client_of(*state);
    assert_int_equal(door_client_send(client, bytes_of_text("a\nb"), NULL), ERR_VALUE);
    door_client_close(client);
}

/* ---- the socket ---- */

static void socket_has_mode_0660(void **state)
{
    struct server *server = *state;
    struct stat info;
    assert_int_equal(stat(server->path, &info), 0);
    assert_int_equal(info.st_mode & 07777u, 0660);
}

static void door_in_use_is_busy(void **state)
{
    struct server *server = *state;
    struct loop *loop = NULL;
    struct door *second = NULL;
    struct err_ctx err = {0};
    assert_int_equal(loop_new(&loop, NULL), 0);
    struct door_config config = config_of(server);
    config.loop = loop;
    assert_int_equal(door_open(&config, &second, &err), ERR_BUSY);
    assert_non_null(strstr(err.text, server->path));
    loop_free(loop);
    struct door_client *client = client_of(server); /* the first one is not harmed */
    assert_int_equal(status_of(client, "held"), 0);
    door_client_close(client);
}

static void left_over_socket_is_replaced(void **state)
{
    struct server *server = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", server->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    (void)close(fd); /* as after a crash: the file stays, nobody listens */
    server_start(server);
    struct door_client *client = client_of(server);
    assert_int_equal(status_of(client, "held"), 0);
    door_client_close(client);
}

static void other_files_are_not_touched(void **state)
{
    struct server *server = *state;
    struct door_config config = config_of(server);
    struct err_ctx err = {0};
    assert_int_equal(file_create(server->path, 0600, bytes_of_text("mine"), NULL), 0);
    assert_int_equal(door_open(&config, &server->door, &err), ERR_EXISTS);
    assert_null(server->door);
    assert_int_equal(unlink(server->path), 0); /* it was still there */
}

static void bad_group_and_path_are_refused(void **state)
{
    struct server *server = *state;
    struct door_config config = config_of(server);
    struct err_ctx err = {0};
    char path[200];
    config.group = "no such group";
    assert_int_equal(door_open(&config, &server->door, &err), ERR_CONFIG);
    assert_non_null(strstr(err.text, "no such group"));
    memset(path, 'p', sizeof path);
    path[sizeof path - 1] = '\0';
    config.path = path;
    assert_int_equal(door_open(&config, &server->door, &err), ERR_LIMIT);
    assert_null(server->door);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_LOOP(test) cmocka_unit_test_setup_teardown(test, set_up_loop, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(request_rows_done),
        WITH_SERVER(errors_have_code_text_and_exit),
        WITH_SERVER(malformed_requests_are_answered_and_survived),
        WITH_SERVER(broken_stream_request_swallows_its_lines),
        WITH_SERVER(oversized_request_is_refused_and_survived),
        WITH_SERVER(pipelined_requests_are_all_answered),
        WITH_SERVER(answers_may_come_later_in_any_order),
        WITH_SERVER(peer_is_known_by_name),
        WITH_SERVER(streamed_lines_come_as_they_are),
        WITH_SERVER(stream_answered_early_drops_the_rest),
        WITH_SERVER(held_stream_waits_until_let_go),
        WITH_SERVER(calls_per_connection_are_bounded),
        WITH_SERVER(slow_reader_is_not_read_from),
        WITH_SERVER(many_rows_wait_for_the_reader),
        WITH_SERVER(sender_that_does_not_read_is_not_stuck),
        WITH_SERVER(one_connection_too_many_is_told_so),
        WITH_SERVER(client_gone_ends_its_calls),
        WITH_SERVER(client_gone_in_a_flood_ends_it),
        WITH_SERVER(stop_lets_open_calls_finish),
        WITH_SERVER(close_tells_open_calls_and_clients),
        WITH_SERVER(line_end_inside_a_line_is_refused),
        WITH_SERVER(socket_has_mode_0660),
        WITH_SERVER(door_in_use_is_busy),
        WITH_LOOP(left_over_socket_is_replaced),
        WITH_LOOP(other_files_are_not_touched),
        WITH_LOOP(bad_group_and_path_are_refused),
    };
    struct err_ctx err = {0};
    if (host_init(&err) != 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
