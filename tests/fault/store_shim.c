/* store_shim.c - preloaded into a daemon: one of the calls that change its store's files fails.
 *
 * KABAR_FAULT="FOLDER NUMBER ERROR once|ever not|done": below FOLDER call NUMBER (from 1) gives
 * this errno (0: a short write), that one only or all from there on, without or after doing its
 * work. KABAR_FAULT_SEEN is a file: at each call the number of it, and 1 once it failed, stand
 * there. */
#include "fault/store_calls.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    char folder[4096];
    unsigned long number;
    int error;
    bool ever, done;
    int seen_fd;
    unsigned long seen;
    bool met;
} fault = {.seen_fd = -1};
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void shim_open(void)
{
    const char *what = getenv("KABAR_FAULT");
    const char *seen = getenv("KABAR_FAULT_SEEN");
    char times[8];
    char work[8];
    if (what == NULL || seen == NULL) {
        return;
    }
    if (sscanf(what, "%4095s %lu %d %7s %7s", fault.folder, &fault.number, &fault.error, times,
               work) != 5) {
        (void)fprintf(stderr, "store_shim: cannot read KABAR_FAULT=%s\n", what);
        _exit(99);
    }
    fault.ever = strcmp(times, "ever") == 0;
    fault.done = strcmp(work, "done") == 0;
    fault.seen_fd =
        (int)syscall(SYS_openat, AT_FDCWD, seen, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    store_calls_watch(fault.folder);
}

static void say(void)
{
    char line[64];
    int len = snprintf(line, sizeof line, "%8lu %d\n", fault.seen, fault.met);
    (void)syscall(SYS_pwrite64, fault.seen_fd, line, len, 0);
}

struct store_answer store_call_begin(const struct store_call *call)
{
    struct store_answer answer = {.bytes_kept = call->len};
    bool is_write = call->step == DISK_WRITE;
    (void)pthread_mutex_lock(&mutex);
    fault.seen++;
    if (fault.seen == fault.number || (fault.ever && fault.seen > fault.number)) {
        answer.error = fault.error;
        answer.done = fault.done;
        answer.bytes_kept = fault.error == 0 && is_write ? call->len / 2 : call->len;
        fault.met = fault.met || fault.error != 0 || is_write;
    }
    say();
    (void)pthread_mutex_unlock(&mutex);
    return answer;
}

void store_call_end(const struct store_call *call)
{
    (void)call;
}
