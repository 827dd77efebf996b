/* kill_process.c - daemons that are started, told where to die, and started again. */
#include "kill_storm.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 60000u /* ends a storm that would never end, says nothing about speed */
#define LIFE_MS 600u    /* a random moment is within this time */
#define NAMED_MS 2000u  /* a named point that is not reached by then: from outside */

static const char *const point_names[POINT_COUNT] = {
#define KILL_POINT_X(name, text) [name] = (text),
    KILL_POINT_LIST(KILL_POINT_X)
#undef KILL_POINT_X
};
static const char *const phase_names[PHASE_COUNT] = {
#define KILL_PHASE_X(name, text) [name] = (text),
    KILL_PHASE_LIST(KILL_PHASE_X)
#undef KILL_PHASE_X
};

uint64_t clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

/* splitmix64 */
uint32_t chance_below(struct chance *chance, uint32_t limit)
{
    uint64_t x = chance->state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)((x ^ (x >> 31)) % limit);
}

static void become_daemon(const struct storm *storm, const struct process *process, pid_t parent)
{
    char number[16];
    int nothing = open("/dev/null", O_RDONLY);
    int log = open(process->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)snprintf(number, sizeof number, "%zu", process->slot_index);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || nothing < 0 || log < 0 || dup2(nothing, 0) < 0 || dup2(log, 1) < 0 ||
        dup2(log, 2) < 0 || setenv(KILL_MAP_ENV, storm->map_path, 1) != 0 ||
        setenv(KILL_SLOT_ENV, number, 1) != 0 || setenv("LD_PRELOAD", storm->shim, 1) != 0) {
        _exit(97);
    }
    (void)execl(process->program, process->program, "--config", process->conf, (char *)NULL);
    _exit(96);
}

int process_start(struct storm *storm, struct process *process)
{
    pid_t parent = getpid();
    process->slot->phase = PHASE_STARTING;
    process->slot->armed = POINT_NONE;
    process->slot->died_at = POINT_NONE;
    process->pid = fork();
    if (process->pid == 0) {
        become_daemon(storm, process, parent);
    }
    process->pidfd = process->pid < 0 ? -1 : pidfd_open(process->pid, 0);
    if (process->pidfd < 0) {
        (void)fprintf(stderr, "%s: cannot be started: %s\n", process->name, strerrordesc_np(errno));
        return -1;
    }
    process->state = PROCESS_STARTING;
    process->deadline_ms = clock_ms() + START_MS;
    process->at_ms = 0;
    bool early = !storm->calm && chance_below(&storm->chance, 10) == 0;
    if (early) {
        process->at_ms = clock_ms() + chance_below(&storm->chance, 60);
    }
    return 0;
}

static enum kill_point choose_point(struct storm *storm, const struct process *process)
{
    static const enum kill_point both[] = {POINT_DATA,      POINT_SYNC,   POINT_META,
                                           POINT_COMMITTED, POINT_ANSWER, POINT_ANSWERED};
    static const enum kill_point of_node[] = {POINT_SPAN, POINT_SPAN_SENT};
    static const enum kill_point of_aggregator[] = {POINT_QUEUED, POINT_VIEWS_DATA,
                                                    POINT_VIEWS_META};
    uint32_t pick = chance_below(&storm->chance, 9);
    if (pick < 6) {
        return both[pick];
    }
    return process->slot_index > 0 ? of_node[pick % 2] : of_aggregator[pick - 6];
}

void process_doom(struct storm *storm, struct process *process)
{
    if (storm->calm) {
        process->at_ms = 0;
        return;
    }
    if (chance_below(&storm->chance, 3) > 0) {
        enum kill_point point = choose_point(storm, process);
        /* A node answers each report, an aggregator many at once. */
        uint32_t most = process->slot_index > 0 ? 12 : 6;
        process->slot->countdown = 1 + chance_below(&storm->chance, most);
        process->at_ms = clock_ms() + NAMED_MS;
        process->slot->armed = point;
    } else {
        process->at_ms = clock_ms() + chance_below(&storm->chance, LIFE_MS);
    }
}

void process_kill(struct process *process)
{
    (void)kill(process->pid, SIGKILL);
}

static int status_of(struct process *process, int *ret_status)
{
    pid_t got = waitpid(process->pid, ret_status, 0);
    (void)close(process->pidfd);
    process->pidfd = -1;
    process->state = PROCESS_DEAD;
    process->at_ms = 0;
    return got == process->pid ? 0 : -1;
}

/* Which side of a commit that somebody waited for, or waits for an answer to. */
static enum kill_side side_of(enum kill_point point, enum kill_phase phase)
{
    static const enum kill_side named[POINT_COUNT] = {
        [POINT_DATA] = SIDE_BEFORE_COMMIT, [POINT_SYNC] = SIDE_BEFORE_COMMIT,
        [POINT_META] = SIDE_BEFORE_COMMIT, [POINT_ANSWER] = SIDE_BEFORE_ACK,
        [POINT_QUEUED] = SIDE_BEFORE_ACK,  [POINT_ANSWERED] = SIDE_AFTER_ACK};
    static const enum kill_side others[PHASE_COUNT] = {[PHASE_BEFORE] = SIDE_BEFORE_COMMIT,
                                                       [PHASE_BETWEEN] = SIDE_BEFORE_ACK,
                                                       [PHASE_AFTER] = SIDE_AFTER_ACK};
    return named[point] != SIDE_NONE ? named[point] : others[phase];
}

static void count_kill(struct storm *storm, struct process *process)
{
    size_t node = process->slot_index > 0 ? 1 : 0;
    uint32_t point = process->slot->died_at;
    uint32_t phase = process->slot->phase;
    storm->kills++;
    storm->at_point[node][point]++;
    storm->in_phase[node][phase] += point == POINT_NONE ? 1 : 0;
    storm->on_side[node][side_of(point, phase)]++;
    (void)fprintf(
        storm->kill_log,
        "{\"kill\":%llu,\"ms\":%llu,\"process\":\"%s\",\"point\":\"%s\",\"phase\":\"%s\"}\n",
        (unsigned long long)storm->kills, (unsigned long long)(clock_ms() - storm->began_ms),
        process->name, point_names[point], phase_names[phase]);
}

int process_reap(struct storm *storm, struct process *process)
{
    int status = 0;
    if (status_of(process, &status) != 0 || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
        (void)fprintf(stderr,
                      "FAILED: %s ended by itself, with wait status 0x%x, after kill %llu\n",
                      process->name, (unsigned)status, (unsigned long long)storm->kills);
        return -1;
    }
    count_kill(storm, process);
    bool lingers = chance_below(&storm->chance, 6) == 0;
    process->at_ms = clock_ms() + (lingers ? chance_below(&storm->chance, 150) : 0);
    return 0;
}

int process_stop(struct process *process)
{
    struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
    int status = 0;
    if (process->state == PROCESS_DEAD) {
        return 0;
    }
    (void)kill(process->pid, SIGTERM);
    if (poll(&ended, 1, (int)START_MS) != 1) {
        (void)fprintf(stderr, "FAILED: %s does not stop\n", process->name);
        process_kill(process);
    }
    if (status_of(process, &status) != 0 || status != 0) {
        (void)fprintf(stderr, "FAILED: %s stopped with wait status 0x%x\n", process->name,
                      (unsigned)status);
        return -1;
    }
    return 0;
}
