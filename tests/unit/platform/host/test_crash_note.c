/* Who is blamed for the end of a process: children end in all kinds of ways, and their note is
 * read by the next life. */
#include "lib/cmocka_all.h"
#include "lib/folder.h"

#include "core/base/assert.h"
#include "platform/host/crash_note.h"
#include "platform/host/host.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[FOLDER_PATH_CAPACITY];
static char path[FOLDER_PATH_CAPACITY + 8];
static volatile int sink;

static int setup(void **state)
{
    (void)state;
    folder_open(folder);
    (void)snprintf(path, sizeof path, "%s/crash", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_drop(folder);
    return 0;
}

static const struct crash_mark mark = {
    .number = 0x0102030405060708u, .deaths = 2, .hash = {{7, 8, 9}}};

/* ---- how a process ends ---- */

static void by_wild_pointer(void)
{
    static int *volatile nowhere = (int *)64; /* not NULL: the sanitizers look out for that */
    *nowhere = 1;
}

static void by_assert(void)
{
    ASSERT(sink == 1);
}

static void by_raise(void)
{
    (void)raise(SIGFPE);
}

/* More stack than a thread has, a page at a time. */
static void eat_stack(int depth) /* NOLINT(misc-no-recursion): that is what is tried */
{
    volatile char page[4096];
    page[0] = (char)depth;
    if (depth > 0) {
        eat_stack(depth - 1);
    }
    sink += page[0];
}

static void by_stack(void)
{
    eat_stack(1 << 20);
}

static void by_kill(void)
{
    (void)kill(getpid(), SIGKILL);
}

static void by_bus(void)
{
    (void)raise(SIGBUS);
}

static void after_leave(void)
{
    crash_note_leave();
    by_wild_pointer();
}

static void while_paused(void)
{
    bool was = crash_note_pause();
    if (was) {
        by_wild_pointer();
    }
}

static void after_pause(void)
{
    crash_note_resume(crash_note_pause());
    by_wild_pointer();
}

static void by_another_process(void)
{
    /* That the sender is a child of ours makes no difference: it is not this process. */
    pid_t self = getpid();
    if (fork() == 0) {
        (void)kill(self, SIGSEGV);
        _exit(0);
    }
    for (;;) {
        (void)pause();
    }
}

static void *idle_thread(void *arg)
{
    (void)arg;
    by_wild_pointer();
    return NULL;
}

static void by_another_thread(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, idle_thread, NULL) == 0) {
        (void)pthread_join(thread, NULL);
    }
}

static void by_nothing(void)
{
}

/* ---- a child and its note ---- */

static void child_life(void (*end)(void))
{
    struct crash_mark found;
    struct sigaction plain = {.sa_handler = SIG_DFL}; /* no report of a sanitizer is wanted */
    (void)sigaction(SIGSEGV, &plain, NULL);
    (void)sigaction(SIGFPE, &plain, NULL);
    (void)sigaction(SIGABRT, &plain, NULL);
    if (host_init(NULL) != 0 || crash_note_open(path, &found, NULL) != 0) {
        _exit(99);
    }
    crash_note_thread_begin();
    crash_note_enter(&mark);
    end();
    crash_note_leave();
    crash_note_thread_end();
    crash_note_close();
    _exit(0);
}

/* The child's wait status; what it left is read as the next life does. */
static int life(void (*end)(void), struct crash_mark *ret)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        child_life(end);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(crash_note_open(path, ret, NULL), 0);
    crash_note_close();
    return status;
}

static void assert_blamed(void (*end)(void), int signum)
{
    struct crash_mark found;
    int status = life(end, &found);
    assert_true(WIFSIGNALED(status)); /* it still ends as it would have */
    assert_int_equal(WTERMSIG(status), signum);
    assert_int_equal(found.number, mark.number);
    assert_int_equal(found.deaths, mark.deaths);
    assert_true(hash_equal(&found.hash, &mark.hash));
}

static void assert_not_blamed(void (*end)(void), int signum)
{
    struct crash_mark found;
    int status = life(end, &found);
    if (signum != 0) {
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), signum);
    } else {
        assert_true(WIFEXITED(status));
    }
    assert_int_equal(found.deaths, 0);
}

/* ---- tests ---- */

static void own_faults_are_noted(void **state)
{
    (void)state;
    assert_blamed(by_wild_pointer, SIGSEGV);
    assert_blamed(by_assert, SIGABRT);
    assert_blamed(by_raise, SIGFPE);
    assert_blamed(after_pause, SIGSEGV);
}

static void a_stack_that_overflows_is_noted(void **state)
{
    (void)state;
    assert_blamed(by_stack, SIGSEGV);
}

static void others_faults_are_not(void **state)
{
    (void)state;
    assert_not_blamed(by_nothing, 0);
    assert_not_blamed(by_kill, SIGKILL);
    assert_not_blamed(by_bus, 0); /* the disk: host.h ends the process */
    assert_not_blamed(after_leave, SIGSEGV);
    assert_not_blamed(while_paused, SIGSEGV);
    assert_not_blamed(by_another_process, SIGSEGV);
    assert_not_blamed(by_another_thread, SIGSEGV);
}

static void a_note_stays_until_it_is_cleared(void **state)
{
    (void)state;
    struct crash_mark found;
    assert_blamed(by_wild_pointer, SIGSEGV);
    (void)life(by_kill, &found);
    assert_int_equal(found.deaths, mark.deaths);
    assert_int_equal(crash_note_open(path, &found, NULL), 0);
    crash_note_clear();
    crash_note_close();
    assert_int_equal(crash_note_open(path, &found, NULL), 0);
    crash_note_close();
    assert_int_equal(found.deaths, 0);
}

static void a_garbled_note_says_nothing(void **state)
{
    (void)state;
    struct crash_mark found;
    static const size_t lens[] = {1, 63, 64};
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        uint8_t garbage[CRASH_NOTE_BYTES];
        memset(garbage, 0xa5, sizeof garbage);
        assert_int_equal(file_replace(path, 0600, bytes_of(garbage, lens[i]), NULL), 0);
        assert_int_equal(crash_note_open(path, &found, NULL), 0);
        crash_note_close();
        assert_int_equal(found.deaths, 0);
    }
    assert_int_equal(crash_note_open("/nowhere/crash", &found, NULL), ERR_IO);
}

#define NOTE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NOTE(own_faults_are_noted),        NOTE(a_stack_that_overflows_is_noted),
        NOTE(others_faults_are_not),       NOTE(a_note_stays_until_it_is_cleared),
        NOTE(a_garbled_note_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
