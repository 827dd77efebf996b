/* net_relay.c - a line on loopback that fails as it is told: TCP in, TCP out, faults in between.
 *
 *   net_relay PORT TO SEED     commands on standard input, one answer line each on standard output
 *   net_relay --replay TO FILE bytes of a recorded stream to a new connection; prints what came
 * back
 *
 *   go               forward everything, faultless
 *   hold up|down|both  stop forwarding towards the server, the client, or either; close nothing
 *   strand           the connections there are now are never forwarded again, nor closed; new ones
 * are (what a NAT does that forgot them) cut              close the connections there are now
 *   flip|twice|lose|swap BYTES  a bit flipped, a piece doubled, lost, or changed with the next one,
 *                    about every BYTES. TCP's checksums are right, as they are after a bad
 * middlebox slow BYTES       at most so many bytes a second towards the client record FILE what the
 * next connections send to the server, all in one file count            how many faults,
 * connections and bytes there were
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PAIRS_MAX 256u
#define PIECE_BYTES 4096u
#define TURN_MS 50

enum way { UP, DOWN }; /* to the server, to the client */
enum fault { FAULT_NONE, FAULT_FLIP, FAULT_TWICE, FAULT_LOSE, FAULT_SWAP };

struct pair {
    int ends[2]; /* client, server; -1: free */
    bool stranded, recorded;
};

static struct pair pairs[PAIRS_MAX];
static bool held[2];
static enum fault fault;
static uint64_t distance, until; /* mean bytes between two faults; bytes until the next */
static uint64_t slow_rate, slow_left, slow_ms;
static uint64_t faults, connections, bytes[2];
static uint64_t state;
static FILE *record;

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* splitmix64 */
static uint64_t below(uint64_t limit)
{
    uint64_t x = state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (x ^ (x >> 31)) % limit;
}

static struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int dial(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static int listen_at(const char *port)
{
    struct sockaddr_in address = loopback(port);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                listen(fd, 128) == 0;
    if (!good && fd >= 0) {
        (void)close(fd);
    }
    return good ? fd : -1;
}

static bool send_all(int fd, const uint8_t *data, size_t len)
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

/* ---- connections ---- */

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
    int from = accept(listener, NULL, NULL);
    for (size_t i = 0; from >= 0 && i < PAIRS_MAX; i++) {
        struct pair *pair = &pairs[i];
        if (pair->ends[0] < 0) {
            *pair = (struct pair){.ends = {from, dial(to)}, .recorded = record != NULL};
            connections++;
            if (pair->ends[1] < 0) {
                close_pair(pair);
            }
            return;
        }
    }
    if (from >= 0) {
        (void)close(from);
    }
}

/* Whether this piece gets the fault; the next one is then drawn. */
static bool strikes(size_t len)
{
    if (fault == FAULT_NONE || until > len) {
        until -= fault == FAULT_NONE ? 0 : len;
        return false;
    }
    until = 1 + below(2 * distance);
    faults++;
    return true;
}

/* A damaged piece on its way. What is swapped needs a next one: two halves change places. */
static bool forward(int fd, uint8_t *data, size_t len)
{
    size_t half = len / 2;
    if (!strikes(len)) {
        return send_all(fd, data, len);
    }
    switch (fault) {
    case FAULT_FLIP:
        data[below(len)] ^= (uint8_t)(1u << below(8));
        return send_all(fd, data, len);
    case FAULT_TWICE:
        /* NOLINTNEXTLINE(misc-redundant-expression): twice is what it is for */
        return send_all(fd, data, len) && send_all(fd, data, len);
    case FAULT_LOSE:
        return true;
    case FAULT_SWAP:
        return send_all(fd, data + half, len - half) && send_all(fd, data, half);
    case FAULT_NONE:
        break;
    }
    return send_all(fd, data, len);
}

static void pass_on(struct pair *pair, enum way way)
{
    uint8_t piece[PIECE_BYTES];
    size_t most = sizeof piece;
    if (way == DOWN && slow_rate > 0) {
        most = slow_left < most ? (size_t)slow_left : most;
    }
    ssize_t got = recv(pair->ends[way], piece, most, 0);
    if (got <= 0) {
        close_pair(pair);
        return;
    }
    size_t len = (size_t)got;
    bytes[way] += len;
    slow_left -= way == DOWN && slow_rate > 0 ? len : 0;
    if (way == UP && pair->recorded && record != NULL) {
        (void)fwrite(piece, 1, len, record);
        (void)fflush(record);
    }
    if (!forward(pair->ends[1 - way], piece, len)) {
        close_pair(pair);
    }
}

/* ---- commands ---- */

static void strand_or_cut(bool strand)
{
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        if (strand) {
            pairs[i].stranded = pairs[i].ends[0] >= 0;
        } else if (!pairs[i].stranded) {
            close_pair(&pairs[i]);
        }
    }
}

static void go(void)
{
    held[UP] = held[DOWN] = false;
    fault = FAULT_NONE;
    slow_rate = 0;
}

static bool take_fault(const char *word, const char *value)
{
    static const char *const names[] = {"", "flip", "twice", "lose", "swap"};
    for (size_t i = FAULT_FLIP; i <= FAULT_SWAP; i++) {
        if (strcmp(word, names[i]) == 0) {
            fault = (enum fault)i;
            distance = strtoull(value, NULL, 10) + 1;
            until = 1 + below(2 * distance);
            return true;
        }
    }
    return false;
}

static bool obey(const char *word, const char *value)
{
    if (strcmp(word, "go") == 0) {
        go();
    } else if (strcmp(word, "hold") == 0) {
        held[UP] = held[UP] || strcmp(value, "down") != 0;
        held[DOWN] = held[DOWN] || strcmp(value, "up") != 0;
    } else if (strcmp(word, "strand") == 0 || strcmp(word, "cut") == 0) {
        strand_or_cut(word[0] == 's');
    } else if (strcmp(word, "slow") == 0) {
        slow_rate = strtoull(value, NULL, 10);
        slow_ms = now_ms();
        slow_left = 0;
    } else if (strcmp(word, "record") == 0) {
        record = fopen(value, "we");
        return record != NULL;
    } else if (strcmp(word, "count") != 0) {
        return take_fault(word, value);
    }
    return true;
}

static void take_command(void)
{
    char line[512];
    char word[32] = "";
    char value[448] = "";
    if (fgets(line, sizeof line, stdin) == NULL) {
        exit(0);
    }
    bool good = sscanf(line, "%31s %447s", word, value) >= 1 && obey(word, value);
    (void)printf("%s {\"faults\":%llu,\"connections\":%llu,\"up\":%llu,\"down\":%llu}\n",
                 good ? "ok" : "no", (unsigned long long)faults, (unsigned long long)connections,
                 (unsigned long long)bytes[UP], (unsigned long long)bytes[DOWN]);
    (void)fflush(stdout);
}

/* ---- life ---- */

static bool may_pass(const struct pair *pair, size_t way)
{
    bool dry = way == DOWN && slow_rate > 0 && slow_left == 0;
    return pair->ends[way] >= 0 && !pair->stranded && !held[way] && !dry;
}

static void refill(void)
{
    uint64_t now = now_ms();
    uint64_t more = slow_rate * (now - slow_ms) / 1000;
    if (slow_rate > 0 && more > 0) {
        slow_left = slow_left + more > slow_rate ? slow_rate : slow_left + more;
        slow_ms = now;
    }
}

static void turn(int listener, const char *to)
{
    struct pollfd ready[2 + 2 * PAIRS_MAX] = {{.fd = listener, .events = POLLIN},
                                              {.fd = STDIN_FILENO, .events = POLLIN}};
    refill();
    for (size_t i = 0; i < 2 * PAIRS_MAX; i++) {
        const struct pair *pair = &pairs[i / 2];
        ready[2 + i] =
            (struct pollfd){.fd = may_pass(pair, i % 2) ? pair->ends[i % 2] : -1, .events = POLLIN};
    }
    (void)poll(ready, 2 + 2 * PAIRS_MAX, TURN_MS);
    for (size_t i = 0; i < 2 * PAIRS_MAX; i++) {
        bool same = pairs[i / 2].ends[i % 2] == ready[2 + i].fd && ready[2 + i].fd >= 0;
        if (same && ready[2 + i].revents != 0 && may_pass(&pairs[i / 2], i % 2)) {
            pass_on(&pairs[i / 2], (enum way)(i % 2));
        }
    }
    if (ready[0].revents != 0) {
        take_in(listener, to);
    }
    if (ready[1].revents != 0) {
        take_command();
    }
}

/* What a server answers to a stream that it has heard before. */
static int replay(const char *to, const char *path)
{
    static uint8_t data[1048576];
    FILE *file = fopen(path, "re");
    size_t len = file == NULL ? 0 : fread(data, 1, sizeof data, file);
    int fd = dial(to);
    if (file != NULL) {
        (void)fclose(file);
    }
    if (len == 0 || fd < 0) {
        (void)fprintf(stderr, "net_relay: nothing to replay, or nobody there\n");
        return 1;
    }
    bool whole = send_all(fd, data, len);
    size_t answered = 0;
    ssize_t got = 1;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    while (got > 0 && poll(&ready, 1, 60000) == 1) {
        got = recv(fd, data, sizeof data, 0);
        answered += got > 0 ? (size_t)got : 0;
    }
    (void)printf("{\"sent\":%zu,\"all\":%s,\"answered\":%zu,\"closed\":%s}\n", len,
                 whole ? "true" : "false", answered, got <= 0 ? "true" : "false");
    (void)close(fd);
    return 0;
}

/* A third of them each: silence, rubbish, and ZMTP's greeting without what must follow. */
static int disturb(const char *to, size_t number)
{
    static const uint8_t greeting[64] = {0xff, 0, 0, 0,   0,   0,   0,   0,  1,
                                         0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E'};
    uint8_t rubbish[64];
    int fd = dial(to);
    if (fd < 0 || number % 3 == 0) {
        return fd;
    }
    for (size_t i = 0; i < sizeof rubbish; i++) {
        rubbish[i] = (uint8_t)below(256);
    }
    (void)send_all(fd, number % 3 == 1 ? rubbish : greeting, sizeof rubbish);
    return fd;
}

static int flood(const char *to, size_t count)
{
    static struct pollfd ready[1 + 1024];
    uint8_t heard[1024];
    uint64_t again = 0;
    count = count > 1024 ? 1024 : count;
    ready[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    for (size_t i = 1; i <= count; i++) {
        ready[i] = (struct pollfd){.fd = disturb(to, i), .events = POLLIN};
    }
    (void)puts("ready");
    (void)fflush(stdout);
    while (ready[0].revents == 0) {
        (void)poll(ready, 1 + count, TURN_MS);
        for (size_t i = 1; i <= count; i++) {
            bool over = ready[i].fd < 0;
            if (!over && ready[i].revents != 0) {
                over = recv(ready[i].fd, heard, sizeof heard, 0) <= 0;
            }
            if (over) {
                (void)(ready[i].fd >= 0 ? close(ready[i].fd) : 0);
                ready[i].fd = disturb(to, i);
                again++;
            }
        }
    }
    (void)printf("{\"opened_again\":%llu}\n", (unsigned long long)again);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--replay") == 0) {
        return replay(argv[2], argv[3]);
    }
    if (argc == 4 && strcmp(argv[1], "--flood") == 0) {
        return flood(argv[2], strtoul(argv[3], NULL, 10));
    }
    for (size_t i = 0; i < PAIRS_MAX; i++) {
        pairs[i] = (struct pair){.ends = {-1, -1}};
    }
    int listener = argc == 4 ? listen_at(argv[1]) : -1;
    if (listener < 0) {
        (void)fprintf(stderr, "usage: net_relay PORT TO SEED | net_relay --replay TO FILE\n");
        return 1;
    }
    state = strtoull(argv[3], NULL, 10);
    (void)puts("ready");
    (void)fflush(stdout);
    for (;;) {
        turn(listener, argv[2]);
    }
}
