/* The sweep's own control: each of these operations does wrong when memory fails, and a sweep over
 * it has to end the program for that reason. One does right, and passes. */
#include "alloc/sweep.h"

#include "core/base/error.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct subject {
    char *first, *second, *kept;
    int output;
    bool broken;
};

static int right(void *arg)
{
    struct subject *subject = arg;
    subject->first = malloc(16);
    subject->second = subject->first != NULL ? malloc(16) : NULL;
    if (subject->second == NULL) {
        free(subject->first);
        subject->first = NULL;
        return ERR_NOMEM;
    }
    subject->output = 1;
    return 0;
}

static int unchecked(void *arg)
{
    struct subject *subject = arg;
    int rc = right(arg);
    subject->kept = malloc(16);
    memset(subject->kept, 1, 16);
    free(subject->kept);
    return rc;
}

static int leaks(void *arg)
{
    struct subject *subject = arg;
    subject->first = malloc(16);
    subject->second = malloc(16);
    if (subject->first == NULL || subject->second == NULL) {
        free(subject->first);
        subject->first = NULL;
        subject->second = NULL; /* and what it was is lost */
        return ERR_NOMEM;
    }
    subject->output = 1;
    return 0;
}

static int touches(void *arg)
{
    struct subject *subject = arg;
    subject->output = 1;
    int rc = right(arg);
    return rc;
}

static int lies_about_why(void *arg)
{
    return right(arg) == 0 ? 0 : ERR_FORMAT;
}

static int shrugs(void *arg)
{
    struct subject *subject = arg;
    if (right(arg) != 0) {
        subject->output = 1;
    }
    return 0;
}

static int stays_broken(void *arg)
{
    struct subject *subject = arg;
    subject->broken = subject->broken || right(arg) != 0;
    return subject->broken ? ERR_NOMEM : 0;
}

static void judge(void *arg, int rc)
{
    struct subject *subject = arg;
    SWEEP_CHECK(subject->output == (rc == 0 ? 1 : 0));
    free(subject->first);
    free(subject->second);
    *subject = (struct subject){.broken = subject->broken};
}

static void sweep_it(int (*run)(void *arg))
{
    struct subject subject = {.output = 0};
    sweep_plain("control", run, judge, &subject);
}

static void without_it(int (*run)(void *arg))
{
    struct subject subject = {.output = 0};
    sweep_without("control", run, judge, &subject);
}

/* What a child that does this says, and how it ends: 0, or the signal. */
static int child_runs(void (*try)(int (*run)(void *arg)), int (*run)(void *arg), char *said,
                      size_t capacity)
{
    int ends[2];
    int status = 0;
    size_t len = 0;
    ssize_t got = 0;
    SWEEP_CHECK(pipe(ends) == 0);
    pid_t child = fork();
    SWEEP_CHECK(child >= 0);
    if (child == 0) {
        SWEEP_CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
        try(run);
        _exit(0);
    }
    (void)close(ends[1]);
    while (len < capacity - 1 && (got = read(ends[0], said + len, capacity - 1 - len)) > 0) {
        len += (size_t)got;
    }
    said[len] = '\0';
    (void)close(ends[0]);
    SWEEP_CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*try)(int (*run)(void *arg));
        int (*run)(void *arg);
        const char *reason; /* "": any end that is none */
    } rows[] = {
        {"an unchecked malloc", sweep_it, unchecked, ""},
        {"a leak", sweep_it, leaks, "alloc_live() == live"},
        {"an output touched", sweep_it, touches, "subject->output =="},
        {"the wrong code", sweep_it, lies_about_why, "rc == sweep->rc"},
        {"a failure nobody is told", sweep_it, shrugs, "sweep->may_manage"},
        {"an object that stays broken", sweep_it, stays_broken, "rc == 0"},
        {"an allocation where none may be", without_it, right, "asked == 0"},
    };
    char said[8192];
    SWEEP_CHECK(child_runs(sweep_it, right, said, sizeof said) == 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int end = child_runs(rows[i].try, rows[i].run, said, sizeof said);
        bool found = end != 0 && strstr(said, rows[i].reason) != NULL;
        (void)printf("%s: %s\n", rows[i].name, found ? "found" : "NOT FOUND");
        if (!found) {
            (void)printf("end %d: %s\n", end, said);
            return 1;
        }
    }
    return 0;
}
