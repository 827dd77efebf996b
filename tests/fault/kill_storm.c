/* kill_storm.c - an aggregator and its nodes under load, killed with SIGKILL hundreds of times.
 *
 *   kill_storm --bin DIR --dir DIR --shim FILE --seed N --kills N [--pause MS] REGENCY…
 *
 * DIR is a province as tests/integration/lib.bash makes it, with nothing running. Two thirds of the
 * kills are at a named point (kill_map.h), which the process reaches and dies at by itself; the
 * others come from outside at a random moment, some while the process is starting. Every process
 * comes back at once, or a little later, so that both ends are often down together. At the end what
 * had no answer is handed in again, and all are stopped by SIGTERM.
 *
 * Writes answers.jsonl (every "accepted", with the number of kills before it), kills.jsonl and
 * storm.json into DIR. Exit: 0, or 1 and what happened, on stderr.
 */
#include "kill_storm.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CLIENTS_OF_NODE 2u
#define CLIENTS_MAX (KILL_SLOTS_MAX * CLIENTS_OF_NODE)
#define TURN_MS 5
#define PROGRESS_MS 5000u
#define CALM_MS 120000u /* ends a storm that would never end */

struct options {
    const char *bin, *dir, *shim;
    uint64_t kills, seed;
    uint32_t pause_ms;
};

static struct client *clients;
static size_t client_count;

static int usage(void)
{
    (void)fputs("usage: kill_storm --bin DIR --dir DIR --shim FILE --seed N --kills N"
                " [--pause MS] REGENCY…\n",
                stderr);
    return 2;
}

/* ---- setting up ---- */

static FILE *create(const char *dir, const char *name)
{
    char path[PATH_CAPACITY];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "we");
    if (file == NULL) {
        (void)fprintf(stderr, "kill_storm: %s: %s\n", path, strerrordesc_np(errno));
        exit(1);
    }
    return file;
}

static void open_map(struct storm *storm, const char *dir)
{
    (void)snprintf(storm->map_path, sizeof storm->map_path, "%s/kill.map", dir);
    int fd = open(storm->map_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    void *map = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof *storm->map) == 0) {
        map = mmap(NULL, sizeof *storm->map, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (map == MAP_FAILED) {
        (void)fprintf(stderr, "kill_storm: %s: %s\n", storm->map_path, strerrordesc_np(errno));
        exit(1);
    }
    (void)close(fd);
    storm->map = map;
}

static void add_process(struct storm *storm, const struct options *options, const char *name)
{
    struct process *process = &storm->processes[storm->process_count];
    bool node = storm->process_count > 0;
    const char *dash = node ? "node-" : "";
    const char *kind = node ? "node" : "aggregator";
    const char *dir = options->dir;
    process->slot_index = storm->process_count;
    process->slot = &storm->map->slots[storm->process_count++];
    (void)snprintf(process->name, sizeof process->name, "%s", name);
    (void)snprintf(process->program, PATH_CAPACITY, "%s/kabar-%s", options->bin, kind);
    (void)snprintf(process->conf, PATH_CAPACITY, "%s/%s%s/kabar-%s.conf", dir, dash, name, kind);
    (void)snprintf(process->door, sizeof process->door, "%s/%s%s.sock", dir, dash, name);
    (void)snprintf(process->log, PATH_CAPACITY, "%s/%s.log", dir, name);
    process->pidfd = -1;
}

static void add_clients(struct storm *storm, FILE *answers)
{
    clients = calloc(CLIENTS_MAX, sizeof *clients);
    if (clients == NULL) {
        exit(1);
    }
    for (size_t i = 1; i < storm->process_count; i++) {
        for (size_t k = 0; k < CLIENTS_OF_NODE; k++) {
            struct client *client = &clients[client_count];
            client->storm = storm;
            client->node = &storm->processes[i];
            client->number = client_count++;
            client->answers = answers;
            client->fd = -1;
        }
    }
}

/* ---- a turn ---- */

static struct client *client_of(const struct process *process)
{
    for (size_t i = 0; i < client_count; i++) {
        if (clients[i].node == process) {
            return &clients[i];
        }
    }
    return NULL;
}

/* Whether the door answers: a connection that is made tells it; nodes' clients keep it. */
static bool door_opens(struct process *process)
{
    static struct client probe;
    struct client *client = client_of(process);
    if (client == NULL) {
        client = &probe;
        probe.node = process;
        probe.storm = clients[0].storm;
    }
    bool open = client_connect(client) == 0;
    if (client == &probe) {
        client_close(client);
    }
    return open;
}

static int attend(struct storm *storm, struct process *process, uint64_t now_ms)
{
    switch (process->state) {
    case PROCESS_DEAD:
        return now_ms >= process->at_ms ? process_start(storm, process) : 0;
    case PROCESS_STARTING:
        if (now_ms >= process->deadline_ms) {
            (void)fprintf(stderr, "FAILED: %s does not start, after kill %llu\n", process->name,
                          (unsigned long long)storm->kills);
            return -1;
        }
        if (process->at_ms == 0 && door_opens(process)) {
            process->state = PROCESS_UP;
            process_doom(storm, process);
        }
        break;
    case PROCESS_UP:
        break;
    }
    if (process->at_ms != 0 && now_ms >= process->at_ms) {
        process->at_ms = UINT64_MAX;
        process_kill(process);
    }
    return 0;
}

static void connect_clients(void)
{
    for (size_t i = 0; i < client_count; i++) {
        if (clients[i].fd < 0 && clients[i].node->state == PROCESS_UP) {
            (void)client_connect(&clients[i]);
        }
    }
}

static int turn(struct storm *storm, const struct options *options)
{
    struct pollfd ready[KILL_SLOTS_MAX + CLIENTS_MAX];
    uint64_t now_ms = clock_ms();
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < storm->process_count; i++) {
        rc = attend(storm, &storm->processes[i], now_ms);
        ready[i] = (struct pollfd){.fd = storm->processes[i].pidfd, .events = POLLIN};
    }
    connect_clients();
    struct pollfd *of_clients = ready + storm->process_count;
    for (size_t i = 0; i < client_count; i++) {
        bool out = client_wants_out(&clients[i], now_ms, options->pause_ms);
        of_clients[i] =
            (struct pollfd){.fd = clients[i].fd, .events = (short)(POLLIN | (out ? POLLOUT : 0))};
    }
    if (rc != 0 || poll(ready, storm->process_count + client_count, TURN_MS) < 0) {
        return -1;
    }
    /* Answers first: what a process said before it died was said. */
    for (size_t i = 0; rc == 0 && i < client_count; i++) {
        if ((of_clients[i].revents & POLLOUT) != 0) {
            client_write(&clients[i]);
        }
        if (clients[i].fd >= 0 && (of_clients[i].revents & ~POLLOUT) != 0) {
            rc = client_read(&clients[i]);
        }
    }
    for (size_t i = 0; rc == 0 && i < storm->process_count; i++) {
        if (ready[i].fd >= 0 && ready[i].revents != 0) {
            rc = process_reap(storm, &storm->processes[i]);
        }
    }
    return rc;
}

/* ---- the storm ---- */

static uint64_t answered(uint64_t *ret_open)
{
    uint64_t total = 0;
    *ret_open = 0;
    for (size_t i = 0; i < client_count; i++) {
        total += clients[i].answered;
        *ret_open += clients[i].given - clients[i].answered;
    }
    return total;
}

static void progress(const struct storm *storm)
{
    uint64_t open;
    uint64_t total = answered(&open);
    uint64_t passed_ms = clock_ms() - storm->began_ms;
    (void)printf("  %6.1f s: %llu kills, %llu reports accepted\n", (double)passed_ms / 1000,
                 (unsigned long long)storm->kills, (unsigned long long)total);
    (void)fflush(stdout);
}

static bool all_up(const struct storm *storm)
{
    for (size_t i = 0; i < storm->process_count; i++) {
        if (storm->processes[i].state != PROCESS_UP) {
            return false;
        }
    }
    return true;
}

static bool sides_hit(const struct storm *storm, size_t node)
{
    const uint64_t *on = storm->on_side[node];
    return on[SIDE_BEFORE_COMMIT] > 0 && on[SIDE_BEFORE_ACK] > 0 && on[SIDE_AFTER_ACK] > 0;
}

static bool all_sides(const struct storm *storm)
{
    return sides_hit(storm, 0) && sides_hit(storm, 1);
}

/* Those that were told to die and have not: they are told to live. */
static void calm_down(struct storm *storm)
{
    storm->calm = true;
    for (size_t i = 0; i < storm->process_count; i++) {
        storm->processes[i].slot->armed = POINT_NONE;
        if (storm->processes[i].state != PROCESS_DEAD) {
            storm->processes[i].at_ms = 0;
        }
    }
}

static int rage(struct storm *storm, const struct options *options)
{
    uint64_t said_ms = clock_ms();
    uint64_t open = 1;
    int rc = 0;
    /* A short storm goes on until every side was hit; the count below fails if none ever is. */
    while (rc == 0 && (storm->kills < storm->kills_wanted ||
                       (!all_sides(storm) && storm->kills < 4 * storm->kills_wanted))) {
        rc = turn(storm, options);
        if (clock_ms() - said_ms >= PROGRESS_MS) {
            said_ms = clock_ms();
            progress(storm);
        }
    }
    calm_down(storm);
    uint64_t deadline_ms = clock_ms() + CALM_MS;
    while (rc == 0 && (open > 0 || !all_up(storm))) {
        rc = turn(storm, options);
        (void)answered(&open);
        if (clock_ms() > deadline_ms) {
            (void)fprintf(stderr, "FAILED: %llu reports get no answer after the storm\n",
                          (unsigned long long)open);
            rc = -1;
        }
    }
    progress(storm);
    return rc;
}

static int stop_all(struct storm *storm)
{
    int rc = 0;
    for (size_t i = storm->process_count; i-- > 0;) {
        rc = process_stop(&storm->processes[i]) != 0 ? -1 : rc;
    }
    return rc;
}

/* ---- counters ---- */

static void count_points(FILE *file, const struct storm *storm, size_t node)
{
    static const char *const names[] = {
#define KILL_POINT_X(name, text) [name] = (text),
        KILL_POINT_LIST(KILL_POINT_X)
#undef KILL_POINT_X
    };
    static const char *const phases[] = {
#define KILL_PHASE_X(name, text) [name] = (text),
        KILL_PHASE_LIST(KILL_PHASE_X)
#undef KILL_PHASE_X
    };
    const char *comma = "";
    (void)fprintf(file, "\"%s\":{\"named\":{", node ? "nodes" : "aggregator");
    for (size_t i = POINT_NONE + 1; i < POINT_COUNT; i++) {
        if (storm->at_point[node][i] > 0) {
            (void)fprintf(file, "%s\"%s\":%llu", comma, names[i],
                          (unsigned long long)storm->at_point[node][i]);
            comma = ",";
        }
    }
    (void)fputs("},\"from_outside\":{", file);
    for (size_t i = 0; i < PHASE_COUNT; i++) {
        (void)fprintf(file, "%s\"%s\":%llu", i == 0 ? "" : ",", phases[i],
                      (unsigned long long)storm->in_phase[node][i]);
    }
    (void)fprintf(file,
                  "},\"sides\":{\"before_commit\":%llu,\"before_ack\":%llu,\"after_ack\":%llu}}",
                  (unsigned long long)storm->on_side[node][SIDE_BEFORE_COMMIT],
                  (unsigned long long)storm->on_side[node][SIDE_BEFORE_ACK],
                  (unsigned long long)storm->on_side[node][SIDE_AFTER_ACK]);
}

static int count(const struct storm *storm, FILE *file)
{
    uint64_t open;
    int rc = 0;
    (void)fprintf(file, "{\"seed\":%llu,\"kills\":%llu,\"seconds\":%.1f,\"accepted\":%llu,",
                  (unsigned long long)storm->seed, (unsigned long long)storm->kills,
                  (double)(clock_ms() - storm->began_ms) / 1000,
                  (unsigned long long)answered(&open));
    for (size_t node = 0; node < 2; node++) {
        count_points(file, storm, node);
        (void)fputs(node == 0 ? "," : "}\n", file);
        if (!sides_hit(storm, node)) {
            (void)fprintf(stderr,
                          "FAILED: no kill of %s before a commit, before an answer, or after one\n",
                          node ? "a node" : "the aggregator");
            rc = -1;
        }
    }
    return rc;
}

static int parse(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"bin", required_argument, NULL, 'b'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {"shim", required_argument, NULL, 's'},
                                          {"kills", required_argument, NULL, 'k'},
                                          {"seed", required_argument, NULL, 'n'},
                                          {"pause", required_argument, NULL, 'p'},
                                          {NULL, 0, NULL, 0}};
    int got;
    options->pause_ms = 150;
    while ((got = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (got) {
        case 'b':
            options->bin = optarg;
            break;
        case 'd':
            options->dir = optarg;
            break;
        case 's':
            options->shim = optarg;
            break;
        case 'k':
            options->kills = strtoull(optarg, NULL, 10);
            break;
        case 'n':
            options->seed = strtoull(optarg, NULL, 10);
            break;
        case 'p':
            options->pause_ms = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        default:
            return -1;
        }
    }
    bool good = options->bin != NULL && options->dir != NULL && options->shim != NULL &&
                options->kills > 0 && options->pause_ms > 0 && optind < argc &&
                (size_t)(argc - optind) < KILL_SLOTS_MAX;
    return good ? 0 : -1;
}

int main(int argc, char **argv)
{
    struct options options = {0};
    static struct storm storm;
    if (parse(argc, argv, &options) != 0) {
        return usage();
    }
    storm.seed = options.seed;
    storm.kills_wanted = options.kills;
    storm.chance.state = options.seed;
    storm.shim = options.shim;
    open_map(&storm, options.dir);
    add_process(&storm, &options, "aggregator");
    for (int i = optind; i < argc; i++) {
        add_process(&storm, &options, argv[i]);
    }
    storm.kill_log = create(options.dir, "kills.jsonl");
    FILE *answers = create(options.dir, "answers.jsonl");
    FILE *numbers = create(options.dir, "storm.json");
    add_clients(&storm, answers);
    storm.began_ms = clock_ms();
    (void)printf("seed %llu, %llu kills\n", (unsigned long long)storm.seed,
                 (unsigned long long)storm.kills_wanted);
    int rc = rage(&storm, &options);
    rc = rc == 0 ? stop_all(&storm) : rc;
    rc = count(&storm, numbers) != 0 ? -1 : rc;
    (void)fclose(numbers);
    (void)fclose(answers);
    (void)fclose(storm.kill_log);
    free(clients);
    return rc == 0 ? 0 : 1;
}
