/* The door's life: stop, close, the socket file, who may open it. */
#include "unit/platform/door/door_fixture.h"

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
    assert_int_equal(door_client_open(server->path, DEADLINE_MS, &late, &err), ERR_GONE);
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
    assert_false(server_stop(server)); /* one call was open */
    assert_int_equal(server->gone, 1);
    assert_int_equal(door_client_read(client, &line, NULL), ERR_GONE);
    assert_true(door_client_readable(client));
    assert_int_equal(door_client_send(client, bytes_of_text("x"), NULL), ERR_GONE);
    door_client_close(client);
}

/* A server that listens and does nothing else. */
static int deaf_server(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    return fd;
}

#define PATIENCE_MS 30
#define CROWD_MAX 16u

static void server_that_does_nothing_is_given_up(void **state)
{
    struct server *server = *state;
    struct door_client *crowd[CROWD_MAX] = {NULL};
    struct bytes line;
    char *long_line = calloc(1, LINE_BYTES_MAX);
    int fd = deaf_server(server->path);
    assert_non_null(long_line);
    memset(long_line, 'x', LINE_BYTES_MAX);
    uint64_t began_ms = host_monotonic_ms();
    struct door_client *client = NULL;
    assert_int_equal(door_client_open(server->path, PATIENCE_MS, &client, NULL), 0);
    assert_int_equal(door_client_read(client, &line, NULL), ERR_TIMEOUT);
    assert_true(host_monotonic_ms() - began_ms >= PATIENCE_MS);
    int rc = 0;
    while (rc == 0) { /* until the socket is full */
        rc = door_client_send(client, bytes_of(long_line, LINE_BYTES_MAX), NULL);
    }
    assert_int_equal(rc, ERR_TIMEOUT);
    size_t count = 0;
    for (rc = 0; rc == 0 && count < CROWD_MAX; count += rc == 0) {
        rc = door_client_open(server->path, PATIENCE_MS, &crowd[count], NULL);
    }
    assert_int_equal(rc, ERR_TIMEOUT); /* the queue of those who wait to be let in is full */
    while (count > 0) {
        door_client_close(crowd[--count]);
    }
    door_client_close(client);
    free(long_line);
    (void)close(fd);
    assert_int_equal(unlink(server->path), 0);
}

#define GATHERED 4000 /* more than is gathered at once */

static void what_is_gathered_goes_out_before_a_read_waits(void **state)
{
    struct door_client *client = client_of(*state);
    char text[64];
    for (int i = 0; i < GATHERED; i++) {
        (void)snprintf(text, sizeof text, "{\"id\":%d,\"command\":\"echo\"}", i);
        assert_int_equal(door_client_put(client, bytes_of_text(text), NULL), 0);
    }
    for (int i = 0; i < GATHERED; i++) {
        (void)snprintf(text, sizeof text, "{\"id\":%d,\"ok\":true,\"result\":{}}", i);
        expect_line(client, text);
    }
    assert_int_equal(door_client_put(client, bytes_of_text("a\nb"), NULL), ERR_VALUE);
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

/* False: the door was full, and said so. */
static bool gets_in(struct door_client *client)
{
    send_text(client, "{\"id\":0,\"command\":\"status\"}");
    json_t *answer = read_json(client);
    bool in = json_is_true(json_object_get(answer, "ok"));
    json_decref(answer);
    return in;
}

static void who_is_idle_longest_makes_room(void **state)
{
    struct server *server = *state;
    struct door_client *clients[DOOR_CONNECTIONS_MAX];
    struct bytes line;
    server->idle_ms = 1;
    server_start(server);
    for (size_t i = 0; i < DOOR_CONNECTIONS_MAX; i++) {
        clients[i] = client_of(server);
        (void)status_of(clients[i], "held");
    }
    send_text(clients[0], "{\"id\":1,\"command\":\"hold\"}"); /* waits for an answer: not idle */
    assert_int_equal(status_of(clients[0], "held"), 1);
    struct door_client *late = client_of(server);
    while (!gets_in(late)) { /* less than a millisecond since all were active */
        door_client_close(late);
        late = client_of(server);
    }
    expect_error(clients[1], "ERR_AGAIN", 75);
    assert_int_equal(door_client_read(clients[1], &line, NULL), ERR_GONE);
    assert_int_equal(status_of(clients[0], "held"), 1);
    assert_int_equal(status_of(clients[2], "held"), 1);
    for (size_t i = 0; i < DOOR_CONNECTIONS_MAX; i++) {
        door_client_close(clients[i]);
    }
    door_client_close(late);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(stop_lets_open_calls_finish),
        WITH_SERVER(close_tells_open_calls_and_clients),
        WITH_SERVER(what_is_gathered_goes_out_before_a_read_waits),
        WITH_SERVER(line_end_inside_a_line_is_refused),
        WITH_SERVER(socket_has_mode_0660),
        WITH_SERVER(door_in_use_is_busy),
        WITH_LOOP(left_over_socket_is_replaced),
        WITH_LOOP(who_is_idle_longest_makes_room),
        WITH_LOOP(server_that_does_nothing_is_given_up),
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
