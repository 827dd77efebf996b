/* tap PORT TO FILE - a relay on loopback that writes down every byte of both directions.
 *
 * What a TCP dump of the line would show, without needing the right to make one. Says "ready" once
 * it listens; runs until it is ended.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS_MAX 64u

struct pair {
    int ends[2]; /* -1: free */
};

static struct pair pairs[PAIRS_MAX];
static FILE *record;

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_at(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                listen(fd, 16) == 0;
    if (!good && fd >= 0) {
        (void)close(fd);
    }
    return good ? fd : -1;
}

static void close_pair(struct pair *pair)
{
    for (size_t i = 0; i < 2; i++) {
        if (pair->ends[i] >= 0) {
            (void)close(pair->ends[i]);
        }
        pair->ends[i] = -1;
    }
}

static void take_in(int listener, const char *to)
{
    struct sockaddr_in address = loopback(to);
    int from = accept(listener, NULL, NULL);
    for (size_t i = 0; from >= 0 && i < PAIRS_MAX; i++) {
        struct pair *pair = &pairs[i];
        if (pair->ends[0] >= 0) {
            continue;
        }
        pair->ends[0] = from;
        pair->ends[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (pair->ends[1] < 0 ||
            connect(pair->ends[1], (const struct sockaddr *)&address, sizeof address) != 0) {
            close_pair(pair);
        }
        return;
    }
    if (from >= 0) {
        (void)close(from);
    }
}

static bool write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        len -= (size_t)sent;
    }
    return true;
}

static void pass_on(struct pair *pair, size_t from)
{
    static char buffer[65536];
    ssize_t got = recv(pair->ends[from], buffer, sizeof buffer, 0);
    if (got > 0) {
        (void)fwrite(buffer, 1, (size_t)got, record);
        (void)fflush(record);
    }
    if (got <= 0 || !write_all(pair->ends[1 - from], buffer, (size_t)got)) {
        close_pair(pair);
    }
}

static void turn(int listener, const char *to)
{
    struct pollfd ready[1 + 2 * PAIRS_MAX] = {{.fd = listener, .events = POLLIN}};
    for (size_t i = 0; i < 2 * PAIRS_MAX; i++) {
        ready[1 + i] = (struct pollfd){.fd = pairs[i / 2].ends[i % 2], .events = POLLIN};
    }
    (void)poll(ready, 1 + 2 * PAIRS_MAX, -1);
    for (size_t i = 0; i < 2 * PAIRS_MAX; i++) {
        bool same = pairs[i / 2].ends[i % 2] == ready[1 + i].fd && ready[1 + i].fd >= 0;
        if (same && ready[1 + i].revents != 0) {
            pass_on(&pairs[i / 2], i % 2);
        }
    }
    if (ready[0].revents != 0) {
        take_in(listener, to);
    }
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        pairs[i] = (struct pair){.ends = {-1, -1}};
    }
    int listener = argc == 4 ? listen_at(argv[1]) : -1;
    record = argc == 4 ? fopen(argv[3], "we") : NULL;
    if (listener < 0 || record == NULL) {
        (void)fprintf(stderr, "tap: cannot listen or write\n");
        return 1;
    }
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;) {
        turn(listener, argv[2]);
    }
}
