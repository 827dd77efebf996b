/* power_fuse.c - loses the power for real: a store's life on a mounted file system (power_fs.c)
 * whose process forgets what was not synced and ends at change N, under the store's feet. Then the
 * folder is mounted again and looked at as in power_store. First it is held against the recording
 * that power_store works with: the kernel must have seen the same changes, in the same order. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault/power_case.h"

#define FAILURES_MAX 5u
#define LINE_BYTES 256u
#define SKIP 77

struct fuse_run {
    struct power_case run;
    const char *program; /* power_fs */
    char mount[96], log[96];
    uint64_t seed, step;
    size_t cases, failures;
};

static void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static void skip(const char *why)
{
    printf("skipped: %s: %s\n", why, strerrordesc_np(errno));
    exit(SKIP);
}

/* ---- the file system's process ---- */

struct served {
    const char *image, *after; /* NULL: empty; no cut */
    unsigned long cut;
    bool log;
};

static void serve_child(const struct fuse_run *fuse, const struct served *served, int ready)
{
    char fd[16];
    char cut[24];
    char seed[24];
    const char *arguments[16] = {fuse->program, fuse->mount, "--ready", fd};
    size_t count = 4;
    (void)snprintf(fd, sizeof fd, "%d", ready);
    (void)snprintf(cut, sizeof cut, "%lu", served->cut);
    (void)snprintf(seed, sizeof seed, "%" PRIu64, fuse->seed);
    const char *const more[][2] = {{"--image", served->image},
                                   {"--after", served->after},
                                   {"--cut", served->cut == 0 ? NULL : cut},
                                   {"--seed", seed},
                                   {"--log", served->log ? fuse->log : NULL}};
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        if (more[i][1] != NULL) {
            arguments[count++] = more[i][0];
            arguments[count++] = more[i][1];
        }
    }
    union {
        const char **in;
        char **out;
    } list = {.in = arguments};
    /* What a program that dies under it had open is libfuse's to forget. */
    (void)setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
    (void)execv(fuse->program, list.out);
    perror(fuse->program);
    _exit(1);
}

static pid_t serve(const struct fuse_run *fuse, const struct served *served)
{
    int ends[2];
    char byte;
    if (pipe(ends) != 0) {
        give_up("pipe");
    }
    pid_t pid = fork();
    if (pid < 0) {
        give_up("fork");
    }
    if (pid == 0) {
        (void)close(ends[0]);
        serve_child(fuse, served, ends[1]);
    }
    (void)close(ends[1]);
    if (read(ends[0], &byte, 1) != 1) {
        give_up("the file system does not mount");
    }
    (void)close(ends[0]);
    return pid;
}

/* asked: it is to unmount and end; else it has ended, and left its mount behind. */
static void served_end(const struct fuse_run *fuse, pid_t pid, bool asked)
{
    int status = 0;
    if (asked) {
        (void)kill(pid, SIGTERM);
    }
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        give_up("the file system failed");
    }
    if (umount2(fuse->mount, MNT_DETACH) != 0 && !asked) {
        give_up("unmount");
    }
}

/* ---- lives ---- */

/* On the mounted folder, with real syncs; only promises go on the tape. */
static bool life_child(struct power_case *run, void *arg)
{
    struct work_state *state = NULL;
    struct run_outcome outcome;
    struct err_ctx err = {""};
    if (freopen("/dev/null", "w", stderr) == NULL) {
        return false;
    }
    tape_rewind(run->tape);
    tape_record(run->tape, NULL);
    int rc = run->work->open(arg, &state, &err);
    if (rc == 0) {
        run_steps(run->work, state, 0, run->work->count, &outcome);
        rc = outcome.rc;
        run->work->close(state);
    }
    return rc == 0;
}

static struct promises promises_of(const struct tape *tape)
{
    struct promises promises = {0};
    for (size_t i = 0; i < tape_count(tape); i++) {
        promises_follow(&promises, tape_event(tape, i));
    }
    return promises;
}

static bool look_child(struct power_case *run, void *arg)
{
    tape_record(NULL, NULL);
    return case_look_here(run, arg);
}

/* Once with the power cut at this change; false when there is no such change. */
static bool try_cut(struct fuse_run *fuse, unsigned long change)
{
    char after[96];
    (void)snprintf(after, sizeof after, "%s", case_disk(&fuse->run));
    pid_t pid = serve(fuse, &(struct served){.after = after, .cut = change});
    if (case_run(&fuse->run, life_child, fuse->mount)) {
        served_end(fuse, pid, true);
        return false;
    }
    served_end(fuse, pid, false);
    struct promises promises = promises_of(fuse->run.tape);
    struct case_look look = {
        .disk = fuse->mount, .promised = promises.promised, .begun = promises.begun};
    pid = serve(fuse, &(struct served){.image = after});
    fuse->cases++;
    if (!case_run(&fuse->run, look_child, &look)) {
        fuse->failures++;
        printf("FAILED: %s, power lost at change %lu, seed %" PRIu64 ": %s\n", fuse->run.work->name,
               change, fuse->seed, fuse->run.report->text);
    }
    served_end(fuse, pid, true);
    return true;
}

/* ---- the kernel's view and ours ---- */

struct seen {
    char step[16], path[DISK_PATH_CAPACITY];
    unsigned long long at;
    size_t len;
};

/* A long write may come in pieces. */
static bool merges(struct seen *last, const struct seen *next)
{
    bool one = strcmp(last->step, "write") == 0 && strcmp(next->step, "write") == 0 &&
               strcmp(last->path, next->path) == 0 && last->at + last->len == next->at;
    last->len += one ? next->len : 0;
    return one;
}

static size_t seen_add(struct seen *list, size_t count, const struct seen *next)
{
    if (count > 0 && merges(&list[count - 1], next)) {
        return count;
    }
    list[count] = *next;
    return count + 1;
}

static size_t seen_of_log(const struct fuse_run *fuse, struct seen *list, size_t capacity)
{
    char line[LINE_BYTES];
    size_t count = 0;
    FILE *log = fopen(fuse->log, "re");
    if (log == NULL) {
        give_up(fuse->log);
    }
    while (count < capacity && fgets(line, sizeof line, log) != NULL) {
        struct seen seen;
        char path[DISK_PATH_CAPACITY];
        if (sscanf(line, "%15[^\t]\t%127[^\t]\t%llu\t%zu", seen.step, path, &seen.at, &seen.len) !=
            4) {
            give_up("a log line");
        }
        (void)snprintf(seen.path, sizeof seen.path, "%s", path + 2); /* "./" */
        count = seen_add(list, count, &seen);
    }
    (void)fclose(log);
    return count;
}

static size_t seen_of_tape(const struct tape *tape, struct seen *list, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < tape_count(tape) && count + 1 < capacity; i++) {
        const struct tape_event *event = tape_event(tape, i);
        if (event->kind != TAPE_OP) {
            continue;
        }
        const struct disk_op op = tape_op(tape, event);
        struct seen seen = {.at = op.at, .len = op.len};
        (void)snprintf(seen.step, sizeof seen.step, "%s", disk_step_name(op.step));
        (void)snprintf(seen.path, sizeof seen.path, "%s", op.path);
        count = seen_add(list, count, &seen);
        if (op.step == DISK_WRITE && op.synced) { /* to the kernel two */
            seen = (struct seen){.step = "sync"};
            (void)snprintf(seen.path, sizeof seen.path, "%s", op.path);
            list[count++] = seen;
        }
    }
    return count;
}

#define SEEN_MAX 4096u

static bool same_view(struct fuse_run *fuse)
{
    static struct seen ours[SEEN_MAX];
    static struct seen kernels[SEEN_MAX];
    if (!case_life(&fuse->run)) {
        printf("FAILED: recorded: %s\n", fuse->run.report->text);
        return false;
    }
    size_t our_count = seen_of_tape(fuse->run.tape, ours, SEEN_MAX);
    pid_t pid = serve(fuse, &(struct served){.log = true});
    bool good = case_run(&fuse->run, life_child, fuse->mount);
    served_end(fuse, pid, true);
    if (!good) {
        printf("FAILED: a life with nothing wrong: %s\n", fuse->run.report->text);
        return false;
    }
    size_t count = seen_of_log(fuse, kernels, SEEN_MAX);
    for (size_t i = 0; i < count || i < our_count; i++) {
        const struct seen *a = &ours[i];
        const struct seen *b = &kernels[i];
        if (i >= count || i >= our_count || strcmp(a->step, b->step) != 0 ||
            strcmp(a->path, b->path) != 0 || a->at != b->at || a->len != b->len) {
            printf("FAILED: change %zu: recorded %s of %s at %llu, %zu bytes; the kernel saw %s of "
                   "%s at %llu, %zu bytes\n",
                   i, a->step, a->path, a->at, a->len, b->step, b->path, b->at, b->len);
            return false;
        }
    }
    printf("%s: the kernel saw the %zu changes that were recorded\n", fuse->run.work->name, count);
    return count > 0;
}

/* ---- the whole ---- */

static void need_mounts(void)
{
    int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        skip("/dev/fuse");
    }
    (void)close(fd);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        skip("a mount namespace of its own");
    }
}

static int usage(void)
{
    (void)fputs("usage: power_fuse node|aggregator POWER_FS [--step N] [--seed N]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct fuse_run fuse = {.seed = 1, .step = 1};
    const struct work *work = argc > 2 ? work_named(argv[1]) : NULL;
    for (int i = 3; i + 1 < argc; i += 2) {
        uint64_t number = strtoull(argv[i + 1], NULL, 0);
        fuse.step = strcmp(argv[i], "--step") == 0 ? number : fuse.step;
        fuse.seed = strcmp(argv[i], "--seed") == 0 ? number : fuse.seed;
    }
    if (work == NULL || argc % 2 == 0 || fuse.step == 0) {
        return usage();
    }
    fuse.program = argv[2];
    need_mounts();
    case_open(&fuse.run, work);
    (void)snprintf(fuse.mount, sizeof fuse.mount, "%s/mount", fuse.run.folder);
    (void)snprintf(fuse.log, sizeof fuse.log, "%s/log", fuse.run.folder);
    if (mkdir(fuse.mount, 0700) != 0) {
        give_up(fuse.mount);
    }
    bool good = case_reference(&fuse.run) && same_view(&fuse);
    unsigned long change = 1 + fuse.seed % fuse.step;
    while (good && fuse.failures < FAILURES_MAX && try_cut(&fuse, change)) {
        change += fuse.step;
    }
    printf("{\"store\":\"%s\",\"mounted\":true,\"seed\":%" PRIu64 ",\"changes\":%lu,\"cases\":%zu,"
           "\"failures\":%zu}\n",
           work->name, fuse.seed, change - 1, fuse.cases, fuse.failures);
    case_close(&fuse.run);
    return good && fuse.failures == 0 && fuse.cases > 0 ? 0 : 1;
}
