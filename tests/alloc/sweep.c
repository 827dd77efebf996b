#include "alloc/sweep.h"

#include "core/base/error.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_NONE_FAILED 42

static const struct sweep *current;
static size_t current_n;
static bool current_for_ever;
static size_t sweeps, failures;

_Noreturn void sweep_failed(const char *what, const char *file, int line)
{
    (void)alloc_disarm(NULL);
    (void)fprintf(stderr, "%s:%d: %s", file, line, what);
    if (current != NULL) {
        (void)fprintf(stderr, " (sweep %s, allocation %zu%s)", current->name, current_n,
                      current_for_ever ? " and all after it" : "");
    }
    (void)fprintf(stderr, "\n");
    abort();
}

static void with_memory(const struct sweep *sweep)
{
    int rc = sweep->run(sweep->arg);
    SWEEP_CHECK(rc == 0);
    sweep->judge(sweep->arg, 0);
}

static void make_ready(const struct sweep *sweep)
{
    if (sweep->ready != NULL) {
        sweep->ready(sweep->arg);
    }
}

/* False when the operation asks for fewer than n. */
static bool fail_one(const struct sweep *sweep, size_t n, bool for_ever)
{
    long live = alloc_live();
    size_t failed = 0;
    current_n = n;
    current_for_ever = for_ever;
    make_ready(sweep);
    alloc_arm(n, for_ever);
    int rc = sweep->run(sweep->arg);
    (void)alloc_disarm(&failed);
    if (rc != 0 && rc != sweep->rc) {
        (void)fprintf(stderr, "code %d instead of %d\n", rc, sweep->rc);
    }
    SWEEP_CHECK(rc == 0 || rc == sweep->rc);
    SWEEP_CHECK(rc == 0 || failed > 0);
    SWEEP_CHECK(rc != 0 || failed == 0 || sweep->may_manage);
    sweep->judge(sweep->arg, rc);
    SWEEP_CHECK(sweep->keeps || alloc_live() == live);
    if (failed > 0) {
        failures++;
        with_memory(sweep);
    }
    return failed > 0;
}

/* What a child that ended wrote before. */
static void said_so(int from)
{
    char text[4096];
    size_t len = 0;
    ssize_t got = 0;
    while (len < sizeof text - 1 && (got = read(from, text + len, sizeof text - 1 - len)) > 0) {
        len += (size_t)got;
    }
    text[len] = '\0';
    if (strstr(text, "event=out_of_memory") == NULL) {
        (void)fputs(text, stderr);
        SWEEP_CHECK(false && "it ended without saying why");
    }
}

/* False when the operation asks for fewer than n. */
static bool fail_one_in_child(const struct sweep *sweep, size_t n, bool for_ever)
{
    int ends[2];
    int status = 0;
    current_n = n;
    current_for_ever = for_ever;
    SWEEP_CHECK(pipe2(ends, O_CLOEXEC) == 0);
    (void)fflush(NULL);
    pid_t child = fork();
    SWEEP_CHECK(child >= 0);
    if (child == 0) {
        SWEEP_CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
        _exit(fail_one(sweep, n, for_ever) ? 0 : CHILD_NONE_FAILED);
    }
    (void)close(ends[1]);
    SWEEP_CHECK(waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status) ||
        (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != CHILD_NONE_FAILED)) {
        SWEEP_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        said_so(ends[0]);
    }
    (void)close(ends[0]);
    failures++;
    return !WIFEXITED(status) || WEXITSTATUS(status) == 0;
}

void sweep_run(const struct sweep *sweep)
{
    current = sweep;
    current_n = 0;
    make_ready(sweep);
    with_memory(sweep); /* what is made once and kept */
    size_t n = 0;
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        n = 0;
        do {
            n++;
        } while (sweep->may_end ? fail_one_in_child(sweep, n, for_ever == 1)
                                : fail_one(sweep, n, for_ever == 1));
    }
    SWEEP_CHECK(n > 1);
    sweeps++;
    current = NULL;
}

void sweep_plain(const char *name, int (*run)(void *arg), void (*judge)(void *arg, int rc),
                 void *arg)
{
    sweep_run(
        &(struct sweep){.name = name, .run = run, .judge = judge, .arg = arg, .rc = ERR_NOMEM});
}

void sweep_without(const char *name, int (*run)(void *arg), void (*judge)(void *arg, int rc),
                   void *arg)
{
    struct sweep sweep = {.name = name};
    current = &sweep;
    alloc_arm(1, true);
    int rc = run(arg);
    size_t asked = alloc_disarm(NULL);
    SWEEP_CHECK(rc == 0 && asked == 0);
    judge(arg, 0);
    current = NULL;
}

int sweep_main(int argc, char **argv, const struct sweep_part *parts)
{
    bool list = argc == 2 && strcmp(argv[1], "--list") == 0;
    if (argc > 1 && !list) {
        (void)fprintf(stderr, "usage: %s [--list]\n", argv[0]);
        return 2;
    }
    for (; parts->covers != NULL; parts++) {
        if (list) {
            (void)printf("%s\n", parts->covers);
        } else {
            parts->run();
        }
    }
    if (!list) {
        (void)printf("%zu sweeps, %zu runs without memory\n", sweeps, failures);
    }
    return 0;
}
