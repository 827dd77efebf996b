#include "unit/platform/door/door_fixture.h"

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
        assert_int_equal(door_client_read(late, &line, NULL), ERR_GONE);
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
    };
    struct err_ctx err = {0};
    if (host_init(&err) != 0) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
