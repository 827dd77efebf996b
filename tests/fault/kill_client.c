/* kill_client.c - one desk at a node's door: hands in reports one after the other, and whatever had
 * no answer when the line broke again, with the same keys. Every answer is written down.
 */
#include "kill_storm.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LINE_BYTES 512u
#define BURST_MAX 8u

static bool put(struct client *client, const char *text, size_t len)
{
    if (client->out_len + len > sizeof client->out) {
        return false;
    }
    memcpy(client->out + client->out_len, text, len);
    client->out_len += len;
    return true;
}

/* A name that few others share, so that matching has no easy and no absurd work. */
static void name_of(uint64_t number, char ret[64])
{
    static const char *const parts[] = {"sa", "ri", "wu", "lan", "bu", "di",  "ma", "tu",
                                        "ji", "no", "ka", "ros", "de", "wa",  "ti", "lo",
                                        "gi", "na", "su", "pri", "ha", "yan", "me", "ko"};
    uint64_t x = number * 0x9e3779b97f4a7c15u;
    size_t len = 0;
    for (size_t i = 0; i < 8; i++) {
        len += (size_t)snprintf(ret + len, 64 - len, "%s%s", i == 4 ? " " : "", parts[x % 24]);
        x /= 24;
    }
}

/* Report `number` is the same bytes whenever it is asked for. */
static bool put_report(struct client *client, uint64_t number)
{
    char line[LINE_BYTES];
    char name[64];
    name_of(number * 64 + client->number, name);
    int len = snprintf(line, sizeof line,
                       "{\"key\":\"storm-%zu-%llu\",\"regency\":\"%s\",\"channel\":\"own_finding\","
                       "\"form\":\"DS-06\",\"occurred_on\":\"2024-10-%02u\",\"description\":"
                       "\"Laporan badai %zu nomor %llu.\",\"subjects\":[{\"name\":\"%s %llu\","
                       "\"employment\":\"pns\",\"unit\":\"Dinas %llu\"}]}\n",
                       client->number, (unsigned long long)number, client->node->name,
                       (unsigned)(number % 28 + 1), client->number, (unsigned long long)number,
                       name, (unsigned long long)number, (unsigned long long)(number % 97));
    return put(client, line, (size_t)len);
}

int client_connect(struct client *client)
{
    static const char request[] =
        "{\"id\":1,\"command\":\"report submit\",\"stream\":true,\"args\":{}}\n";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", client->node->door);
    client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (client->fd < 0 ||
        connect(client->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        client_close(client);
        return -1;
    }
    /* Sometimes a little of what was answered is asked again: the answer must be the same. */
    uint32_t back = chance_below(&client->storm->chance, 4) == 0 ? 5 : 0;
    client->base = client->answered + 1 - (client->answered < back ? client->answered : back);
    client->out_len = 0;
    client->in_len = 0;
    (void)put(client, request, sizeof request - 1);
    client->next = client->base;
    return 0;
}

void client_close(struct client *client)
{
    if (client->fd >= 0) {
        (void)close(client->fd);
    }
    client->fd = -1;
}

bool client_wants_out(struct client *client, uint64_t now_ms, uint32_t pause_ms)
{
    struct storm *storm = client->storm;
    uint64_t most = client->answered + CLIENT_WINDOW;
    if (client->fd < 0) {
        return false;
    }
    if (!storm->calm && now_ms >= client->burst_ms) {
        uint64_t given = client->given + 1 + chance_below(&storm->chance, BURST_MAX);
        client->burst_ms = now_ms + chance_below(&storm->chance, pause_ms);
        client->given = given < most ? given : client->given;
    }
    while (client->next <= client->given && client->next <= most &&
           put_report(client, client->next)) {
        client->next++;
    }
    return client->out_len > 0;
}

void client_write(struct client *client)
{
    ssize_t sent = send(client->fd, client->out, client->out_len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
        client->out_len -= (size_t)sent;
        memmove(client->out, client->out + sent, client->out_len);
    } else if (sent < 0 && errno != EAGAIN) {
        client_close(client);
    }
}

/* ---- answers ---- */

static int wrong(const struct client *client, uint64_t number, const char *what, const char *line)
{
    (void)fprintf(stderr, "FAILED: report storm-%zu-%llu at %s, after kill %llu: %s\n  %s\n",
                  client->number, (unsigned long long)number, client->node->name,
                  (unsigned long long)client->storm->kills, what, line);
    return -1;
}

static int take_answer(struct client *client, const json_t *row, const char *line)
{
    char identity[128];
    uint64_t number = client->base + (uint64_t)json_integer_value(json_object_get(row, "line")) - 1;
    if (!json_is_true(json_object_get(row, "accepted"))) {
        return wrong(client, number, "not accepted", line);
    }
    (void)snprintf(identity, sizeof identity, "%s-%lld %s",
                   json_string_value(json_object_get(row, "incarnation")),
                   (long long)json_integer_value(json_object_get(row, "seq")),
                   json_string_value(json_object_get(row, "hash")));
    char *known = client->known[number % CLIENT_KNOWN];
    if (number > client->answered + 1 || number >= client->next) {
        return wrong(client, number, "an answer that nobody waits for", line);
    }
    if (number <= client->answered) {
        client->repeated++;
        return strcmp(known, identity) == 0 ? 0 : wrong(client, number, "another answer", line);
    }
    memcpy(known, identity, sizeof identity);
    client->answered = number;
    (void)fprintf(client->answers,
                  "{\"accepted\":true,\"incarnation\":\"%.32s\",\"seq\":%lld,\"hash\":\"%s\","
                  "\"key\":\"storm-%zu-%llu\",\"owner\":\"%s\",\"after_kill\":%llu}\n",
                  identity, (long long)json_integer_value(json_object_get(row, "seq")),
                  json_string_value(json_object_get(row, "hash")), client->number,
                  (unsigned long long)number, client->node->name,
                  (unsigned long long)client->storm->kills);
    return 0;
}

/* A line that says "ok": the stream is over, as when the node is being stopped. */
static int take_line(struct client *client, const char *line)
{
    json_t *row = json_loads(line, 0, NULL);
    int rc = 0;
    if (json_object_get(row, "accepted") != NULL && json_object_get(row, "line") != NULL) {
        rc = take_answer(client, row, line);
    } else if (json_object_get(row, "ok") != NULL) {
        client_close(client);
    } else {
        rc = wrong(client, client->answered, "no answer at all", line);
    }
    json_decref(row);
    return rc;
}

int client_read(struct client *client)
{
    int rc = 0;
    ssize_t got = recv(client->fd, client->in + client->in_len, sizeof client->in - client->in_len,
                       MSG_DONTWAIT);
    if (got <= 0) {
        if (got == 0 || errno != EAGAIN) {
            client_close(client);
        }
        return 0;
    }
    client->in_len += (size_t)got;
    char *from = client->in;
    char *end;
    while (rc == 0 && client->fd >= 0 &&
           (end = memchr(from, '\n', client->in_len - (size_t)(from - client->in))) != NULL) {
        *end = '\0';
        rc = take_line(client, from);
        from = end + 1;
    }
    client->in_len -= (size_t)(from - client->in);
    memmove(client->in, from, client->in_len);
    return rc;
}
