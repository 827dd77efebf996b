/* linkem_probe - measures the line of linkem from both its ends, in one process and by one clock.
 *
 *   linkem_probe udp COUNT BYTES GAP_US   datagrams of so many bytes (IP and UDP headers included)
 *                                         go out, are answered by as many; one line of JSON
 *   linkem_probe tcp BYTES                one transfer outwards; seconds from connect to the last
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FAR "10.77.77.2"
#define PORT 7077
#define HEADERS 28U
#define BYTES_MAX 1500U
#define COUNT_MAX 200000U
#define QUIET_MS 3000 /* nothing more comes */
#define TCP_LIMIT_MS 120000

struct mark {
    uint64_t index;
    uint64_t sent_ns;
};

struct seen {
    uint64_t *delay_ns; /* of each that came */
    uint64_t *round_ns;
    uint8_t *times; /* how often each index came */
    uint64_t count, came, answers, twice, disordered, highest;
    uint64_t first_ns, last_ns, longest_gap_ns;
};

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* A socket in the namespace that linkem's variable names. */
static int socket_in(const char *variable, int type)
{
    const char *path = getenv(variable);
    int netns = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    int fd = -1;
    if (netns >= 0 && setns(netns, CLONE_NEWNET) == 0) {
        fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }
    if (netns >= 0) {
        (void)close(netns);
    }
    return fd;
}

static struct sockaddr_in far_address(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    (void)inet_pton(AF_INET, FAR, &address.sin_addr);
    return address;
}

static int by_size(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static double quantile_ms(const uint64_t *sorted, uint64_t count, unsigned percent)
{
    if (count == 0) {
        return 0;
    }
    uint64_t at = (count - 1) * percent / 100;
    return (double)sorted[at] / 1e6;
}

static void came(struct seen *seen, const struct mark *mark, uint64_t now)
{
    if (mark->index >= seen->count) {
        return;
    }
    if (seen->times[mark->index]++ > 0) {
        seen->twice++;
        return;
    }
    seen->disordered += seen->came > 0 && mark->index < seen->highest;
    seen->highest = mark->index > seen->highest ? mark->index : seen->highest;
    if (seen->came == 0) {
        seen->first_ns = now;
    } else if (now - seen->last_ns > seen->longest_gap_ns) {
        seen->longest_gap_ns = now - seen->last_ns;
    }
    seen->last_ns = now;
    seen->delay_ns[seen->came++] = now - mark->sent_ns;
}

static void receive(struct seen *seen, int near, int far)
{
    uint8_t data[BYTES_MAX];
    struct mark mark;
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t bytes;
    while ((bytes = recvfrom(far, data, sizeof data, 0, (struct sockaddr *)&from, &length)) > 0) {
        memcpy(&mark, data, sizeof mark);
        came(seen, &mark, now_ns());
        ssize_t sent = sendto(far, data, (size_t)bytes, 0, (struct sockaddr *)&from, length);
        (void)sent;
        length = sizeof from;
    }
    while (recv(near, data, sizeof data, 0) > 0) {
        memcpy(&mark, data, sizeof mark);
        if (seen->answers < seen->count) {
            seen->round_ns[seen->answers++] = now_ns() - mark.sent_ns;
        }
    }
}

static void exchange(struct seen *seen, int near, int far, size_t bytes, uint64_t gap_ns)
{
    uint8_t data[BYTES_MAX] = {0};
    struct sockaddr_in to = far_address();
    uint64_t start = now_ns();
    struct pollfd fds[] = {{near, POLLIN, 0}, {far, POLLIN, 0}};
    uint64_t sent = 0;
    for (;;) {
        while (sent < seen->count && now_ns() >= start + sent * gap_ns) {
            struct mark mark = {sent++, now_ns()};
            memcpy(data, &mark, sizeof mark);
            ssize_t put = sendto(near, data, bytes, 0, (struct sockaddr *)&to, sizeof to);
            (void)put;
        }
        bool all = sent == seen->count;
        uint64_t next = start + sent * gap_ns;
        uint64_t now = now_ns();
        uint64_t wait = all ? QUIET_MS * 1000000ULL : next > now ? next - now : 0;
        struct timespec limit = {(time_t)(wait / 1000000000ULL), (long)(wait % 1000000000ULL)};
        if (ppoll(fds, 2, &limit, NULL) == 0 && all) {
            return;
        }
        receive(seen, near, far);
    }
}

static void say(struct seen *seen, size_t bytes)
{
    qsort(seen->delay_ns, seen->came, sizeof *seen->delay_ns, by_size);
    qsort(seen->round_ns, seen->answers, sizeof *seen->round_ns, by_size);
    double span_s = (double)(seen->last_ns - seen->first_ns) / 1e9;
    double bits = seen->came < 2 ? 0 : (double)(seen->came - 1) * (double)(bytes + HEADERS) * 8;
    (void)printf(
        "{\"sent\":%" PRIu64 ",\"came\":%" PRIu64 ",\"answers\":%" PRIu64 ",\"twice\":%" PRIu64
        ",\"disordered\":%" PRIu64
        ",\"delay_ms\":{\"min\":%.3f,\"p50\":%.3f,\"p99\":%.3f,\"max\":%.3f}"
        ",\"round_ms\":{\"min\":%.3f,\"p50\":%.3f,\"p99\":%.3f}"
        ",\"rate_bit_s\":%.0f,\"longest_gap_ms\":%.1f}\n",
        seen->count, seen->came, seen->answers, seen->twice, seen->disordered,
        quantile_ms(seen->delay_ns, seen->came, 0), quantile_ms(seen->delay_ns, seen->came, 50),
        quantile_ms(seen->delay_ns, seen->came, 99), quantile_ms(seen->delay_ns, seen->came, 100),
        quantile_ms(seen->round_ns, seen->answers, 0),
        quantile_ms(seen->round_ns, seen->answers, 50),
        quantile_ms(seen->round_ns, seen->answers, 99), span_s > 0 ? bits / span_s : 0,
        (double)seen->longest_gap_ns / 1e6);
}

static int probe_udp(uint64_t count, size_t bytes, uint64_t gap_us)
{
    struct seen seen = {.count = count};
    struct sockaddr_in address = far_address();
    int code = EXIT_FAILURE;
    int near = socket_in("LINKEM_NEAR", SOCK_DGRAM);
    int far = socket_in("LINKEM_FAR", SOCK_DGRAM);
    seen.delay_ns = calloc(count, sizeof *seen.delay_ns);
    seen.round_ns = calloc(count, sizeof *seen.round_ns);
    seen.times = calloc(count, 1);
    if (near >= 0 && far >= 0 && seen.delay_ns != NULL && seen.round_ns != NULL &&
        seen.times != NULL && bind(far, (struct sockaddr *)&address, sizeof address) == 0) {
        exchange(&seen, near, far, bytes - HEADERS, gap_us * 1000);
        say(&seen, bytes - HEADERS);
        code = 0;
    } else {
        perror("linkem_probe");
    }
    free(seen.delay_ns);
    free(seen.round_ns);
    free(seen.times);
    return code;
}

/* Pushes and takes until all came; false: not within the limit. */
static bool transfer(int from, int to, uint64_t bytes)
{
    static const uint8_t data[4096];
    static uint8_t sink[65536];
    uint64_t sent = 0;
    uint64_t got = 0;
    while (got < bytes) {
        struct pollfd fds[] = {{from, sent < bytes ? POLLOUT : 0, 0}, {to, POLLIN, 0}};
        if (poll(fds, 2, TCP_LIMIT_MS) <= 0) {
            return false;
        }
        size_t more = bytes - sent < sizeof data ? (size_t)(bytes - sent) : sizeof data;
        ssize_t put = sent < bytes ? send(from, data, more, MSG_NOSIGNAL) : 0;
        sent += put > 0 ? (uint64_t)put : 0;
        ssize_t taken = recv(to, sink, sizeof sink, 0);
        got += taken > 0 ? (uint64_t)taken : 0;
    }
    return true;
}

static int probe_tcp(uint64_t bytes)
{
    struct sockaddr_in address = far_address();
    int near = socket_in("LINKEM_NEAR", SOCK_STREAM);
    int listener = socket_in("LINKEM_FAR", SOCK_STREAM);
    if (near < 0 || listener < 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0) {
        perror("linkem_probe");
        return EXIT_FAILURE;
    }
    uint64_t start = now_ns();
    struct pollfd ready = {listener, POLLIN, 0};
    if (connect(near, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        perror("linkem_probe");
        return EXIT_FAILURE;
    }
    int far = poll(&ready, 1, TCP_LIMIT_MS) > 0
                  ? accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)
                  : -1;
    if (far < 0 || !transfer(near, far, bytes)) {
        (void)fputs("linkem_probe: the transfer does not end\n", stderr);
        return EXIT_FAILURE;
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    (void)printf("{\"bytes\":%" PRIu64 ",\"seconds\":%.3f,\"rate_bit_s\":%.0f}\n", bytes, seconds,
                 (double)bytes * 8 / seconds);
    return 0;
}

static bool number(const char *text, uint64_t max, uint64_t *ret)
{
    char *end = NULL;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *ret > 0 && *ret <= max;
}

int main(int argc, char **argv)
{
    uint64_t count = 0;
    uint64_t bytes = 0;
    uint64_t gap_us = 0;
    /* As linkem: what it measures is the line, not the machine's other work. */
    struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    (void)sched_setscheduler(0, SCHED_FIFO, &lowest);
    if (argc == 3 && strcmp(argv[1], "tcp") == 0 && number(argv[2], 1ULL << 40, &bytes)) {
        return probe_tcp(bytes);
    }
    if (argc == 5 && strcmp(argv[1], "udp") == 0 && number(argv[2], COUNT_MAX, &count) &&
        number(argv[3], BYTES_MAX, &bytes) && bytes >= HEADERS + sizeof(struct mark) &&
        number(argv[4], 60000000, &gap_us)) {
        return probe_udp(count, (size_t)bytes, gap_us);
    }
    (void)fputs("usage: linkem_probe udp COUNT BYTES GAP_US | tcp BYTES (under linkem)\n", stderr);
    return 64;
}
