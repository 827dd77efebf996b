/* up.c - starts the programs of a folder, stays, and stops them in order: nodes, then aggregator.
 *
 * DIR/aggregator/kabar-aggregator.conf and DIR/node-…/kabar-node.conf, each that is there. The
 * children die with us (PDEATHSIG); one that dies before that takes everything down, but for one
 * that asks to be started again (EX_TEMPFAIL: its store turned out to be an older copy). What they
 * say passes through us (said.h).
 */
#include "cli/cli.h"
#include "cli/said.h"

#include "platform/conf/conf.h"
#include "platform/door/door.h"
#include "platform/host/host.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define CHILDREN_MAX 64u
#define READY_MS 60000u
#define STOP_MS 60000u
#define TICK_MS 50
#define ANSWER_MS 1000 /* for a ping */

struct child {
    const char *program;
    char conf[PATH_MAX];
    char *door;
    pid_t pid; /* 0: not running */
    struct said said;
    bool ready; /* it answered since it was started */
    bool again; /* it ended, and asks to be started again */
};

struct up {
    struct cli *cli;
    char folder[PATH_MAX];               /* of this program; empty: use PATH */
    struct child children[CHILDREN_MAX]; /* the aggregator first */
    size_t count;
    sigset_t signals;
    bool stopping;
    bool again; /* one of them is to be started again */
};

/* ---- what to start ---- */

static char *door_of_conf(const char *program, const char *conf, struct err_ctx *err)
{
    struct conf_aggregator *aggregator = NULL;
    struct conf_node *node = NULL;
    char *door = NULL;
    if (strcmp(program, "kabar-aggregator") == 0) {
        if (conf_load_aggregator(conf, &aggregator, err) == 0) {
            door = strdup(aggregator->door);
        }
    } else if (conf_load_node(conf, &node, err) == 0) {
        door = strdup(node->door);
    }
    conf_aggregator_free(aggregator);
    conf_node_free(node);
    return door;
}

static int add_child(struct up *up, const char *program, const char *conf, struct err_ctx *err)
{
    struct child *child = &up->children[up->count];
    if (up->count == CHILDREN_MAX) {
        return err_set(err, ERR_LIMIT, "more than %u programs", CHILDREN_MAX);
    }
    *child = (struct child){.program = program};
    (void)snprintf(child->conf, sizeof child->conf, "%s", conf);
    child->said.fd = -1;
    child->door = door_of_conf(program, conf, err);
    if (child->door == NULL) {
        return err_wrap(err, ERR_CONFIG, "%s does not start", program);
    }
    up->count++;
    return 0;
}

/* The program of a folder of DIR, if its settings are there. */
static int add_folder(struct up *up, const char *program, const char *folder, struct err_ctx *err)
{
    char name[PATH_MAX];
    char conf[PATH_MAX];
    int len = snprintf(name, sizeof name, "%s/%s.conf", folder, program);
    if (len < 0 || (size_t)len >= sizeof name) {
        return err_set(err, ERR_LIMIT, "path too long: %.64s", folder);
    }
    int rc = path_join(up->cli->dir, name, conf, sizeof conf, err);
    return rc == 0 && access(conf, F_OK) == 0 ? add_child(up, program, conf, err) : rc;
}

static int add_node(void *arg, const char *name, struct err_ctx *err)
{
    return add_folder(arg, "kabar-node", name, err);
}

static int find_children(struct up *up, struct err_ctx *err)
{
    int rc = add_folder(up, "kabar-aggregator", "aggregator", err);
    if (rc == 0) {
        rc = each_node(up->cli->dir, add_node, up, err);
    }
    if (rc == 0 && up->count == 0) {
        rc = err_set(err, ERR_NOT_FOUND,
                     "%s has neither aggregator/kabar-aggregator.conf nor node-*/kabar-node.conf",
                     up->cli->dir);
    }
    return rc;
}

/* One folder for all: a set of programs is not mixed with another. */
static void find_programs(struct up *up)
{
    for (size_t i = 0; i < up->count; i++) {
        program_folder(up->children[i].program, up->folder, sizeof up->folder);
        if (up->folder[0] == '\0') {
            return;
        }
    }
}

/* ---- starting ---- */

/* In the child. */
_Noreturn static void become(const struct up *up, const struct child *child, pid_t parent)
{
    char path[PATH_MAX];
    char program[64];
    char conf[PATH_MAX];
    char option[] = "--config";
    char *const argv[] = {program, option, conf, NULL};
    sigset_t none;
    (void)sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    (void)setpgid(0, 0); /* ^C at the terminal is for us: we stop them, in order */
    (void)snprintf(program, sizeof program, "%s", child->program);
    (void)snprintf(conf, sizeof conf, "%s", child->conf);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) {
        _exit(EX_OSERR);
    }
    if (up->folder[0] != '\0' &&
        path_join(up->folder, child->program, path, sizeof path, NULL) == 0) {
        (void)execv(path, argv);
    } else {
        (void)execvp(program, argv);
    }
    (void)fprintf(stderr, "kabar: %s: %s\n", program, strerrordesc_np(errno));
    _exit(EX_UNAVAILABLE);
}

static bool answers(const char *door)
{
    struct door_client *client = NULL;
    struct bytes line;
    if (door_client_open(door, ANSWER_MS, &client, NULL) != 0) {
        return false;
    }
    bool there = call_send(client, "ping", NULL, false, NULL) == 0 &&
                 door_client_read(client, &line, NULL) == 0;
    door_client_close(client);
    return there;
}

static int start(struct up *up, struct child *child, struct err_ctx *err)
{
    pid_t parent = getpid();
    if (answers(child->door)) {
        return err_set(err, ERR_BUSY, "a daemon answers at %s already", child->door);
    }
    pid_t pid = 0;
    int rc = said_fork(&child->said, &pid, err);
    if (rc != 0) {
        return err_wrap(err, rc, "%s", child->program);
    }
    if (pid == 0) {
        become(up, child, parent);
    }
    child->pid = pid;
    child->ready = false;
    child->again = false;
    return 0;
}

/* ---- while they run ---- */

/* One that never answered would only end so again. */
static bool wants_again(const struct up *up, const struct child *child, int status)
{
    return !up->stopping && child->ready && WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL;
}

/* Takes note of children that ended. False if one did that was not asked to. */
static bool all_alive(struct up *up)
{
    bool alive = true;
    for (size_t i = 0; i < up->count; i++) {
        struct child *child = &up->children[i];
        int status = 0;
        if (child->pid == 0 || waitpid(child->pid, &status, WNOHANG) != child->pid) {
            continue;
        }
        child->pid = 0;
        bool clean = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (!up->stopping || !clean) {
            said_end(&child->said, child->program, child->conf, status);
        }
        said_close(&child->said);
        child->again = wants_again(up, child, status);
        up->again = up->again || child->again;
        alive = alive && child->again;
    }
    return alive || up->stopping;
}

/* Waits for a signal, TICK_MS at most if `tick`. SIGINT or SIGTERM: stopping. */
static void wait_signal(struct up *up, bool tick)
{
    const struct timespec wait = {.tv_nsec = TICK_MS * 1000000L};
    int got = tick ? sigtimedwait(&up->signals, NULL, &wait) : sigwaitinfo(&up->signals, NULL);
    for (size_t i = 0; i < up->count; i++) {
        said_pass(&up->children[i].said);
    }
    if (got == SIGINT || got == SIGTERM || got == SIGHUP) {
        up->stopping = true;
    }
}

static int wait_ready(struct up *up, struct child *child, struct err_ctx *err)
{
    uint64_t deadline_ms = host_monotonic_ms() + READY_MS;
    while (all_alive(up) && !up->stopping) {
        if (answers(child->door)) {
            child->ready = true;
            return 0;
        }
        if (host_monotonic_ms() >= deadline_ms) {
            return err_set(err, ERR_TIMEOUT, "%s does not answer at %s", child->program,
                           child->door);
        }
        wait_signal(up, true);
    }
    return up->stopping
               ? 0
               : err_set(err, ERR_STATE, "%s (%s) did not start", child->program, child->conf);
}

static void report_ready(const struct up *up)
{
    struct print *print = print_new(up->cli->output, "up");
    for (size_t i = 0; i < up->count; i++) {
        const struct child *child = &up->children[i];
        char *door = realpath(child->door, NULL);
        json_t *row = json_pack("{s:s, s:i, s:s}", "program", child->program, "pid",
                                (int)child->pid, "socket", door == NULL ? child->door : door);
        print_row(print, row);
        json_decref(row);
        free(door);
    }
    (void)print_end(print);
    (void)fflush(stdout);
    (void)fputs("running; ^C stops\n", stderr);
}

/* Those that ended and asked for it. */
static int start_again(struct up *up, struct err_ctx *err)
{
    int rc = 0;
    up->again = false;
    for (size_t i = 0; i < up->count && rc == 0 && !up->stopping; i++) {
        struct child *child = &up->children[i];
        if (child->again) {
            (void)fprintf(stderr, "kabar: %s (%s) is started again\n", child->program, child->conf);
            rc = start(up, child, err);
            rc = rc == 0 ? wait_ready(up, child, err) : rc;
        }
    }
    return rc;
}

static int start_all(struct up *up, struct err_ctx *err)
{
    for (size_t i = 0; i < up->count && !up->stopping; i++) {
        int rc = start(up, &up->children[i], err);
        rc = rc == 0 ? wait_ready(up, &up->children[i], err) : rc;
        if (rc != 0) {
            return rc;
        }
    }
    if (!up->stopping) {
        report_ready(up);
    }
    return 0;
}

/* ---- stopping ---- */

static bool running(const struct up *up, size_t from, size_t until)
{
    for (size_t i = from; i < until; i++) {
        if (up->children[i].pid != 0) {
            return true;
        }
    }
    return false;
}

static void signal_children(const struct up *up, size_t from, size_t until, int signum)
{
    for (size_t i = from; i < until; i++) {
        if (up->children[i].pid != 0) {
            (void)kill(up->children[i].pid, signum);
        }
    }
}

static void stop_range(struct up *up, size_t from, size_t until)
{
    uint64_t deadline_ms = host_monotonic_ms() + STOP_MS;
    signal_children(up, from, until, SIGTERM);
    while (running(up, from, until) && host_monotonic_ms() < deadline_ms) {
        wait_signal(up, true);
        (void)all_alive(up);
    }
    if (running(up, from, until)) {
        (void)fputs("kabar: a program did not stop in time and is killed\n", stderr);
        signal_children(up, from, until, SIGKILL);
    }
    while (running(up, from, until)) {
        wait_signal(up, true);
        (void)all_alive(up);
    }
}

static void stop_all(struct up *up)
{
    size_t nodes = up->count > 0 && strcmp(up->children[0].program, "kabar-aggregator") == 0;
    up->stopping = true;
    stop_range(up, nodes, up->count);
    stop_range(up, 0, nodes);
}

/* ---- the command ---- */

static int stay(struct up *up, struct err_ctx *err)
{
    (void)sigemptyset(&up->signals);
    (void)sigaddset(&up->signals, SIGINT);
    (void)sigaddset(&up->signals, SIGTERM);
    (void)sigaddset(&up->signals, SIGHUP);
    (void)sigaddset(&up->signals, SIGCHLD);
    (void)sigaddset(&up->signals, SIGIO); /* one of them said something */
    (void)pthread_sigmask(SIG_BLOCK, &up->signals, NULL);
    int rc = start_all(up, err);
    while (rc == 0 && !up->stopping) {
        wait_signal(up, up->again);
        if (!all_alive(up)) {
            rc = err_set(err, ERR_STATE, "a program ended that was not asked to; all are stopped");
        } else {
            rc = start_again(up, err);
        }
    }
    stop_all(up);
    if (rc == ERR_STATE) {
        up->cli->exit_code = EX_SOFTWARE;
    }
    return rc;
}

int up_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    (void)args;
    if (cli->dir == NULL) {
        return err_set(err, ERR_USAGE, "--dir is missing (the folder of aggregator and nodes)");
    }
    struct up *up = calloc(1, sizeof *up);
    if (up == NULL) {
        return err_set(err, ERR_NOMEM, "up");
    }
    up->cli = cli;
    int rc = find_children(up, err);
    if (rc == 0) {
        find_programs(up);
        rc = stay(up, err);
    }
    for (size_t i = 0; i < up->count; i++) {
        free(up->children[i].door);
    }
    free(up);
    return rc;
}
