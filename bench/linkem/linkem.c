/* linkem - two network namespaces joined by a bad line, for as long as a command runs.
 *
 * The forwarder is this one thread: packets come from a TUN device, line.c says what becomes of
 * each, those that arrive are written to the other device when they are due. The command runs
 * outside both namespaces and enters them with nsenter. Signals to LINKEM_PID: USR1 begins the
 * profile after --calm (counters at 0, schedule at its phase), USR2 writes the JSON file now.
 */
#include "core/base/assert.h"
#include "device.h"
#include "line.h"
#include "packet.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EX_USAGE 64
#define EX_SKIP 77
#define NEAR_ADDRESS 0x0a4d4d01U /* 10.77.77.1 */
#define FAR_ADDRESS 0x0a4d4d02U
#define NAT_FIRST 0x0a4d4d0aU
#define NAT_COUNT 200U
#define PACKET_MAX 65536U
#define WAITING_MAX 16384U /* what a line without rate may hold */
#define NS_PER_S 1000000000ULL
#define PRIORITY (-15) /* late packets would be blamed on the line */

struct packet {
    struct packet *next;
    uint64_t due_ns;
    size_t bytes;
    uint8_t data[];
};

/* In the order in which they are due. */
struct packets {
    struct packet *first;
    struct packet *last;
};

struct count {
    uint64_t packets;
    uint64_t bytes;
};

struct way {
    int from;
    int to;
    struct packets waiting;
    size_t waiting_count;
    struct count in;
    struct count by_cause[LINE_CAUSES];
    struct count nat; /* to an address that is no longer */
    uint64_t duplicated, held_back, corrupted;
    uint64_t late_ns; /* the worst that a packet was written after it was due */
};

struct linkem {
    struct line_profile profile;
    struct line line;
    struct device device[LINE_WAYS];
    struct way way[LINE_WAYS];
    uint64_t seed;
    uint64_t phase_ns;
    const char *json;
    bool calm;
    pid_t child;
    int code; /* of the child; -1: it runs */
};

static const char usage[] =
    "usage: linkem --profile FILE [--seed N] [--phase S] [--calm] [--json FILE] -- COMMAND…\n"
    "  runs COMMAND beside two network namespaces that a bad line joins: $LINKEM_NEAR "
    "(10.77.77.1)\n"
    "  and $LINKEM_FAR (10.77.77.2), to enter with: nsenter --net=$LINKEM_NEAR PROGRAM…\n"
    "  --phase S   where in its outages the line begins\n"
    "  --calm      a perfect line until SIGUSR1 to $LINKEM_PID\n"
    "  --json FILE what went over the line, at the end and at each SIGUSR2 (default: stderr)\n"
    "  ends with COMMAND's exit code; 77: no rights to make namespaces or devices\n";

_Noreturn void assert_fail(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "linkem: %s:%d: %s\n", file, line, expression);
    abort();
}

static uint64_t now_ns(void)
{
    struct timespec now;
    ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void begin(struct linkem *linkem)
{
    static const struct line_profile perfect = {.mtu = 1500};
    line_init(&linkem->line, &(struct line_config){
                                 .profile = linkem->calm ? &perfect : &linkem->profile,
                                 .seed = linkem->seed,
                                 .now_ns = now_ns(),
                                 .phase_ns = linkem->phase_ns,
                             });
    for (int i = 0; i < LINE_WAYS; i++) {
        struct way *way = &linkem->way[i];
        way->in = way->nat = (struct count){0, 0};
        memset(way->by_cause, 0, sizeof way->by_cause);
        way->duplicated = way->held_back = way->corrupted = way->late_ns = 0;
    }
}

/* ---- packets ---- */

static void add(struct count *count, size_t bytes)
{
    count->packets++;
    count->bytes += bytes;
}

/* Behind all that are due no later; mostly that is the end. */
static void link_in(struct packets *waiting, struct packet *packet)
{
    struct packet **at = &waiting->first;
    if (waiting->last != NULL && waiting->last->due_ns <= packet->due_ns) {
        at = &waiting->last->next;
    }
    while (*at != NULL && (*at)->due_ns <= packet->due_ns) {
        at = &(*at)->next;
    }
    packet->next = *at;
    *at = packet;
    if (packet->next == NULL) {
        waiting->last = packet;
    }
}

/* The first, out of the list; the caller frees. */
static struct packet *link_out(struct packets *waiting)
{
    struct packet *packet = waiting->first;
    waiting->first = packet->next;
    if (waiting->first == NULL) {
        waiting->last = NULL;
    }
    return packet;
}

static void put(struct way *way, const uint8_t *data, size_t bytes, uint64_t due_ns)
{
    struct packet *packet = malloc(sizeof *packet + bytes);
    ASSERT(packet != NULL);
    packet->due_ns = due_ns;
    packet->bytes = bytes;
    memcpy(packet->data, data, bytes);
    link_in(&way->waiting, packet);
    way->waiting_count++;
}

/* What a NAT box on the line does; false: nobody has that address now. */
static bool translate(const struct linkem *linkem, int index, uint8_t *data, size_t bytes)
{
    if (linkem->line.profile.rebind_ns == 0) {
        return true;
    }
    uint64_t bindings = line_bindings(&linkem->line, now_ns());
    uint32_t address = NAT_FIRST + (uint32_t)(bindings % NAT_COUNT);
    if (index == LINE_OUT) {
        packet_set_source(data, bytes, address);
        return true;
    }
    if (packet_destination(data, bytes) != address) {
        return false;
    }
    packet_set_destination(data, bytes, NEAR_ADDRESS);
    return true;
}

static void take(struct linkem *linkem, int index, uint8_t *data, size_t bytes)
{
    struct way *way = &linkem->way[index];
    add(&way->in, bytes);
    if (!translate(linkem, index, data, bytes)) {
        add(&way->nat, bytes);
        return;
    }
    struct line_fate fate = line_decide(&linkem->line, index, now_ns(), bytes);
    if (way->waiting_count + 2 > WAITING_MAX) {
        fate.cause = LINE_QUEUE;
    }
    add(&way->by_cause[fate.cause], bytes);
    if (fate.cause != LINE_DELIVERED) {
        return;
    }
    if (fate.corrupt) {
        packet_corrupt(data, bytes, fate.draw);
    }
    way->corrupted += fate.corrupt;
    way->held_back += fate.held_back;
    way->duplicated += fate.copies - 1;
    for (unsigned copy = 0; copy < fate.copies; copy++) {
        put(way, data, bytes, fate.due_ns);
    }
}

static void take_all(struct linkem *linkem, int index)
{
    static uint8_t data[PACKET_MAX];
    ssize_t bytes;
    while ((bytes = read(linkem->way[index].from, data, sizeof data)) > 0) {
        take(linkem, index, data, (size_t)bytes);
    }
}

/* Writes what is due. A device that refuses (nobody is up there) has lost it: as a cable would. */
static void give(struct way *way)
{
    uint64_t now = now_ns();
    while (way->waiting.first != NULL && way->waiting.first->due_ns <= now) {
        struct packet *packet = link_out(&way->waiting);
        uint64_t late_ns = now - packet->due_ns;
        way->late_ns = late_ns > way->late_ns && packet->due_ns > 0 ? late_ns : way->late_ns;
        way->waiting_count--;
        ssize_t written = write(way->to, packet->data, packet->bytes);
        (void)written;
        free(packet);
    }
}

static void drop_waiting(struct way *way)
{
    while (way->waiting.first != NULL) {
        free(link_out(&way->waiting));
    }
    way->waiting_count = 0;
}

/* ---- what is said ---- */

static void say_count(FILE *out, const char *name, struct count count)
{
    (void)fprintf(out, "\"%s\":{\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 "},", name,
                  count.packets, count.bytes);
}

static void say_way(FILE *out, const char *name, const struct way *way)
{
    static const char *const causes[] = {"delivered", "queue", "loss", "outage"};
    (void)fprintf(out, "\"%s\":{", name);
    say_count(out, "in", way->in);
    for (size_t i = 0; i < LINE_CAUSES; i++) {
        say_count(out, causes[i], way->by_cause[i]);
    }
    say_count(out, "nat", way->nat);
    (void)fprintf(out,
                  "\"duplicated\":%" PRIu64 ",\"held_back\":%" PRIu64 ",\"corrupted\":%" PRIu64
                  ",\"late_ms_worst\":%.3f}",
                  way->duplicated, way->held_back, way->corrupted, (double)way->late_ns / 1e6);
}

static void say(const struct linkem *linkem, FILE *out)
{
    (void)fprintf(out, "{\"seed\":%" PRIu64 ",\"calm\":%s,", linkem->seed,
                  linkem->calm ? "true" : "false");
    say_way(out, "out", &linkem->way[LINE_OUT]);
    (void)fputc(',', out);
    say_way(out, "back", &linkem->way[LINE_BACK]);
    (void)fputs("}\n", out);
}

/* Under its name only when whole. */
static bool report(const struct linkem *linkem)
{
    char path[4096];
    if (linkem->json == NULL) {
        say(linkem, stderr);
        return true;
    }
    int length = snprintf(path, sizeof path, "%s.new", linkem->json);
    FILE *out = length > 0 && (size_t)length < sizeof path ? fopen(path, "we") : NULL;
    if (out == NULL) {
        perror(linkem->json);
        return false;
    }
    say(linkem, out);
    if (fclose(out) != 0 || rename(path, linkem->json) != 0) {
        perror(linkem->json);
        return false;
    }
    return true;
}

/* ---- the loop ---- */

static void on_child(struct linkem *linkem)
{
    int status = 0;
    if (waitpid(linkem->child, &status, WNOHANG) == linkem->child) {
        linkem->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

static void on_signal(struct linkem *linkem, int fd)
{
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch (info.ssi_signo) {
        case SIGCHLD:
            on_child(linkem);
            break;
        case SIGUSR1:
            linkem->calm = false;
            begin(linkem);
            break;
        case SIGUSR2:
            (void)report(linkem);
            break;
        default:
            (void)kill(linkem->child, (int)info.ssi_signo);
            break;
        }
    }
}

static void set_timer(const struct linkem *linkem, int timer)
{
    uint64_t next = 0;
    for (int i = 0; i < LINE_WAYS; i++) {
        const struct packet *first = linkem->way[i].waiting.first;
        if (first != NULL && (next == 0 || first->due_ns < next)) {
            next = first->due_ns;
        }
    }
    struct itimerspec at = {.it_value = {(time_t)(next / NS_PER_S), (long)(next % NS_PER_S)}};
    ASSERT(timerfd_settime(timer, TFD_TIMER_ABSTIME, &at, NULL) == 0);
}

static void run(struct linkem *linkem, int signals, int timer)
{
    struct pollfd fds[] = {{linkem->way[LINE_OUT].from, POLLIN, 0},
                           {linkem->way[LINE_BACK].from, POLLIN, 0},
                           {signals, POLLIN, 0},
                           {timer, POLLIN, 0}};
    while (linkem->code < 0) {
        uint64_t fired;
        give(&linkem->way[LINE_OUT]);
        give(&linkem->way[LINE_BACK]);
        set_timer(linkem, timer);
        if (poll(fds, sizeof fds / sizeof *fds, -1) < 0) {
            ASSERT(errno == EINTR);
            continue;
        }
        take_all(linkem, LINE_OUT);
        take_all(linkem, LINE_BACK);
        on_signal(linkem, signals);
        ssize_t got = read(timer, &fired, sizeof fired);
        (void)got;
    }
}

/* ---- start and end ---- */

static bool set_number(const char *name, intmax_t value)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%jd", value);
    return setenv(name, text, 1) == 0;
}

static bool set_netns(const char *name, int fd)
{
    char text[64];
    (void)snprintf(text, sizeof text, "/proc/%jd/fd/%d", (intmax_t)getpid(), fd);
    return setenv(name, text, 1) == 0;
}

static bool start_command(struct linkem *linkem, char **command, const sigset_t *before)
{
    if (!set_number("LINKEM_PID", getpid()) ||
        !set_netns("LINKEM_NEAR", linkem->device[LINE_OUT].netns) ||
        !set_netns("LINKEM_FAR", linkem->device[LINE_BACK].netns)) {
        return false;
    }
    linkem->child = fork();
    if (linkem->child == 0) {
        (void)sigprocmask(SIG_SETMASK, before, NULL);
        (void)execvp(command[0], command);
        perror(command[0]);
        _exit(127);
    }
    return linkem->child > 0;
}

/* A packet that is late because the machine is busy would be blamed on the line. */
static void prioritise(void)
{
    struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};
    if (sched_setscheduler(0, SCHED_FIFO, &lowest) != 0) {
        (void)setpriority(PRIO_PROCESS, 0, PRIORITY);
    }
}

/* The command runs to its end; its exit code. */
static int forward(struct linkem *linkem, char **command)
{
    int code = EXIT_FAILURE;
    sigset_t mask;
    sigset_t before;
    int wanted[] = {SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT, SIGHUP};
    (void)sigemptyset(&mask);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        (void)sigaddset(&mask, wanted[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &mask, &before);
    int signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (signals < 0 || timer < 0 || !start_command(linkem, command, &before)) {
        perror("linkem");
        goto out;
    }
    prioritise();
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    begin(linkem);
    run(linkem, signals, timer);
    code = report(linkem) ? linkem->code : EXIT_FAILURE;
out:
    if (signals >= 0) {
        (void)close(signals);
    }
    if (timer >= 0) {
        (void)close(timer);
    }
    return code;
}

static int join(struct linkem *linkem, char **command)
{
    static const uint32_t addresses[] = {NEAR_ADDRESS, FAR_ADDRESS};
    int code = 0;
    for (int i = 0; i < LINE_WAYS && code == 0; i++) {
        const char *what = "";
        int rc = device_open(addresses[i], linkem->profile.mtu, &linkem->device[i], &what);
        if (rc != 0) {
            bool rights = rc == -EPERM || rc == -EACCES || rc == -ENOENT || rc == -ENODEV;
            (void)fprintf(stderr, "linkem: cannot %s: %s\n", what, strerror(-rc));
            code = rights ? EX_SKIP : EXIT_FAILURE;
        }
    }
    for (int i = 0; i < LINE_WAYS; i++) {
        linkem->way[i].from = linkem->device[i].tun;
        linkem->way[i].to = linkem->device[1 - i].tun;
    }
    code = code != 0 ? code : forward(linkem, command);
    for (int i = 0; i < LINE_WAYS; i++) {
        drop_waiting(&linkem->way[i]);
        device_close(&linkem->device[i]);
    }
    return code;
}

static bool load_profile(const char *path, struct line_profile *ret)
{
    char text[16384];
    unsigned line = 0;
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        perror(path);
        return false;
    }
    size_t bytes = fread(text, 1, sizeof text - 1, in);
    (void)fclose(in);
    text[bytes] = '\0';
    if (!line_parse(text, ret, &line)) {
        (void)fprintf(stderr, "linkem: %s: line %u: not understood, or the profile is not whole\n",
                      path, line);
        return false;
    }
    return true;
}

static bool number(const char *text, double max, double *ret)
{
    char *end = NULL;
    double value = strtod(text, &end);
    *ret = value;
    return end != text && *end == '\0' && value >= 0 && value <= max;
}

static bool options(struct linkem *linkem, int argc, char **argv)
{
    static const struct option known[] = {
        {"profile", required_argument, NULL, 'f'}, {"seed", required_argument, NULL, 's'},
        {"phase", required_argument, NULL, 'p'},   {"calm", no_argument, NULL, 'c'},
        {"json", required_argument, NULL, 'j'},    {NULL, 0, NULL, 0}};
    const char *profile = NULL;
    double seed = 1;
    double phase = 0;
    bool good = true;
    int option;
    while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
        switch (option) {
        case 'f':
            profile = optarg;
            break;
        case 's':
            good = good && number(optarg, 4294967295.0, &seed);
            break;
        case 'p':
            good = good && number(optarg, 86400, &phase);
            break;
        case 'c':
            linkem->calm = true;
            break;
        case 'j':
            linkem->json = optarg;
            break;
        default:
            good = false;
            break;
        }
    }
    if (!good || profile == NULL || optind >= argc) {
        (void)fputs(usage, stderr);
        return false;
    }
    linkem->seed = (uint64_t)seed;
    linkem->phase_ns = (uint64_t)(phase * 1e9);
    return load_profile(profile, &linkem->profile);
}

int main(int argc, char **argv)
{
    struct linkem linkem = {.device = {{-1, -1}, {-1, -1}}, .code = -1};
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(usage, stdout);
        return 0;
    }
    if (!options(&linkem, argc, argv)) {
        return EX_USAGE;
    }
    return join(&linkem, argv + optind);
}
