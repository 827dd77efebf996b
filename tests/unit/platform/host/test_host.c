#include "lib/cmocka_all.h"

#include "core/base/assert.h"
#include "platform/host/host.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs `body` in a child with stderr captured; gives the child's wait status. */
static int in_child(void (*body)(void), char *said, size_t capacity)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (dup2(ends[1], STDERR_FILENO) < 0 || host_init(NULL) != 0) {
            _exit(99);
        }
        body();
        _exit(0);
    }
    (void)close(ends[1]);
    size_t len = 0;
    for (ssize_t got = 1; got > 0 && len<capacity - 1; len += got> 0 ? (size_t)got : 0) {
        got = read(ends[0], said + len, capacity - 1 - len);
    }
    said[len] = '\0';
    (void)close(ends[0]);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void bus_error(void)
{
    (void)raise(SIGBUS);
}

static void sigbus_says_one_line_and_exits(void **state)
{
    (void)state;
    char said[512];
    int status = in_child(bus_error, said, sizeof said);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 74);
    assert_non_null(strstr(said, "event=sigbus"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

static void failing_assert(void)
{
    /* The sanitizers' own report on SIGABRT is not what is looked at. */
    (void)signal(SIGABRT, SIG_DFL);
    ASSERT(1 + 1 == 3);
}

static void failed_assert_says_where_and_aborts(void **state)
{
    (void)state;
    char said[512];
    int status = in_child(failing_assert, said, sizeof said);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_false(WCOREDUMP(status));
    assert_non_null(strstr(said, "1 + 1 == 3"));
    assert_non_null(strstr(said, "test_host.c:"));
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
}

/* Exits with a number that tells which promise of host_init did not hold. */
static void check_process(void)
{
    struct sigaction pipe_action;
    struct rlimit core;
    if (sigaction(SIGPIPE, NULL, &pipe_action) != 0 || pipe_action.sa_handler != SIG_IGN) {
        _exit(1);
    }
    if (umask(0) != 077) {
        _exit(2);
    }
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) {
        _exit(3);
    }
}

static void init_sets_up_the_process(void **state)
{
    (void)state;
    char said[512];
    int status = in_child(check_process, said, sizeof said);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_string_equal(said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigbus_says_one_line_and_exits),
        cmocka_unit_test(failed_assert_says_where_and_aborts),
        cmocka_unit_test(init_sets_up_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
