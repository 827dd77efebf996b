#include "fault/power_case.h"

#include <errno.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/assert.h"

#define SECOND_LIFE_STEPS 3u

/* The same bytes in every run: what is stored has times in it. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (clock == CLOCK_REALTIME) {
        *ret = (struct timespec){.tv_sec = 1730419200};
        return 0;
    }
    return (int)syscall(SYS_clock_gettime, clock, ret);
}

static void expect(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "case: %s: %s\n", what, strerrordesc_np(errno));
        exit(1);
    }
}

static void *shared(size_t len)
{
    void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    expect(memory != MAP_FAILED, "no memory");
    return memory;
}

/* ---- folders ---- */

static int drop_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

static void folder_clear(const char *path)
{
    int rc = nftw(path, drop_one, 16, FTW_DEPTH | FTW_PHYS);
    expect(rc == 0 || errno == ENOENT, path);
}

void case_open(struct power_case *run, const struct work *work)
{
    const char *place = getenv("TMPDIR");
    place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : place != NULL ? place : "/tmp";
    *run = (struct power_case){.work = work, .tape = tape_new()};
    int len = snprintf(run->folder, sizeof run->folder, "%s/kabar-power-XXXXXX", place);
    expect(len > 0 && (size_t)len < sizeof run->folder && mkdtemp(run->folder) != NULL, place);
    run->states = shared(sizeof *run->states);
    run->report = shared(sizeof *run->report);
    work->prepare();
}

void case_close(struct power_case *run)
{
    folder_clear(run->folder);
}

const char *case_disk(struct power_case *run)
{
    static char path[96];
    (void)snprintf(path, sizeof path, "%s/disk", run->folder);
    folder_clear(path);
    expect(mkdir(path, 0700) == 0, path);
    return path;
}

/* ---- the child ---- */

__attribute__((format(printf, 2, 3))) static bool bad(struct power_case *run, const char *format,
                                                      ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(run->report->text, sizeof run->report->text, format, arguments);
    va_end(arguments);
    return false;
}

static void child_main(struct power_case *run, bool (*child)(struct power_case *run, void *arg),
                       void *arg)
{
    run->report->good = child(run, arg);
    run->report->finished = true;
    _exit(0);
}

bool case_run(struct power_case *run, bool (*child)(struct power_case *run, void *arg), void *arg)
{
    *run->report = (struct case_report){.text = ""};
    pid_t pid = fork();
    expect(pid >= 0, "fork");
    if (pid == 0) {
        child_main(run, child, arg);
    }
    int status = 0;
    expect(waitpid(pid, &status, 0) == pid, "wait");
    if (!run->report->finished) {
        return bad(run, "the process ended with %s %d", WIFSIGNALED(status) ? "signal" : "exit",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    return run->report->good;
}

/* After how many transactions the tables look like this, or SIZE_MAX. What is between two counts as
 * the first of them. */
static size_t state_of(const struct power_case *run, const struct hash *found, size_t most)
{
    for (size_t i = most + 1; i-- > 0;) {
        if (hash_equal(found, &run->states->after[i])) {
            return i;
        }
        for (size_t n = 0; i > 0 && n < run->states->between_count[i - 1]; n++) {
            if (hash_equal(found, &run->states->between[i - 1][n])) {
                return i - 1;
            }
        }
    }
    return SIZE_MAX;
}

static bool state_find(struct power_case *run, struct work_state *state, size_t least, size_t most)
{
    struct hash found;
    struct err_ctx err = {""};
    if (run->work->digest(state, &found, &err) != 0) {
        return bad(run, "the tables cannot be read: %s", err.text);
    }
    size_t at = state_of(run, &found, most);
    if (at != SIZE_MAX && at >= least) {
        run->report->state = at;
        return true;
    }
    if (at != SIZE_MAX) {
        return bad(run, "LOST: %zu transactions are there, %zu were reported durable", at, least);
    }
    at = state_of(run, &found, run->work->count);
    return at != SIZE_MAX
               ? bad(run, "transaction %zu is there, only %zu were begun", at, most)
               : bad(run, "HALF: nothing between %zu and %zu looks like this", least, most);
}

static bool open_and_find(struct power_case *run, const struct case_look *look,
                          struct work_state **ret)
{
    struct err_ctx err = {""};
    int rc = run->work->open(look->disk, ret, &err);
    if (rc != 0) {
        return bad(run, "it does not open any more: %s", err_peek(&err, rc));
    }
    if (!state_find(run, *ret, look->promised, look->begun)) {
        return false;
    }
    rc = run->work->verify(*ret, &err);
    return rc == 0 || bad(run, "what is there is wrong: %s", err_peek(&err, rc));
}

/* The next transaction works as if nothing had been. */
static bool goes_on(struct power_case *run, struct work_state *state)
{
    size_t next = run->report->state;
    struct run_outcome outcome;
    struct err_ctx err = {""};
    if (next == run->work->count) {
        return true;
    }
    run_steps(run->work, state, next, next + 1, &outcome);
    if (outcome.rc != 0) {
        return bad(run, "\"%s\" fails afterwards: %s", run->work->steps[next].name,
                   err_peek(&outcome.err, outcome.rc));
    }
    if (!state_find(run, state, next + 1, next + 1)) {
        return false;
    }
    int rc = run->work->verify(state, &err);
    return rc == 0 || bad(run, "what comes afterwards is wrong: %s", err_peek(&err, rc));
}

/* ---- kinds of children ---- */

struct watcher {
    struct power_case *run;
    struct work_state *state;
    size_t step;
};

/* Before each change of a file: whatever state a commit before has left. */
static void between_note(void *arg)
{
    struct watcher *watcher = arg;
    struct case_states *states = watcher->run->states;
    size_t *count = &states->between_count[watcher->step];
    struct hash *list = states->between[watcher->step];
    struct hash found;
    expect(watcher->run->work->digest(watcher->state, &found, NULL) == 0, "digest");
    const struct hash *last = *count == 0 ? &states->after[watcher->step] : &list[*count - 1];
    if (!hash_equal(&found, last)) {
        expect(*count < BETWEEN_MAX, "too many commits in one step");
        list[(*count)++] = found;
    }
}

static int reference_step(struct power_case *run, struct work_state *state, size_t step,
                          struct err_ctx *err)
{
    struct watcher watcher = {run, state, step};
    struct run_outcome outcome;
    if (run->work->steps[step].alone == NULL) {
        run_steps(run->work, state, step, step + 1, &outcome);
        *err = outcome.err;
        return outcome.rc;
    }
    tape_let_answers_out(between_note, &watcher);
    int rc = run->work->steps[step].alone(state, err);
    tape_let_answers_out(NULL, NULL);
    return rc;
}

static bool reference_child(struct power_case *run, void *arg)
{
    struct work_state *state = NULL;
    struct err_ctx err = {""};
    tape_record(NULL, arg);
    int rc = run->work->open(arg, &state, &err);
    for (size_t i = 0; rc == 0; i++) {
        rc = run->work->digest(state, &run->states->after[i], &err);
        rc = rc != 0 ? rc : run->work->verify(state, &err);
        if (rc != 0 || i == run->work->count) {
            break;
        }
        rc = reference_step(run, state, i, &err);
        run->report->state = i;
    }
    run->work->close(state);
    return rc == 0 || bad(run, "step %zu: %s", run->report->state, err_peek(&err, rc));
}

bool case_reference(struct power_case *run)
{
    char *disk = strdup(case_disk(run));
    bool good = case_run(run, reference_child, disk);
    free(disk);
    return good;
}

static bool life_child(struct power_case *run, void *arg)
{
    struct work_state *state = NULL;
    struct run_outcome outcome;
    struct err_ctx err = {""};
    tape_rewind(run->tape);
    tape_record(run->tape, arg);
    int rc = run->work->open(arg, &state, &err);
    if (rc != 0) {
        return bad(run, "open: %s", err_peek(&err, rc));
    }
    run_steps(run->work, state, 0, run->work->count, &outcome);
    if (outcome.rc != 0) {
        return bad(run, "%s", err_peek(&outcome.err, outcome.rc));
    }
    bool good = state_find(run, state, run->work->count, run->work->count);
    run->work->close(state);
    return good;
}

bool case_life(struct power_case *run)
{
    char *disk = strdup(case_disk(run));
    bool good = case_run(run, life_child, disk);
    free(disk);
    return good;
}

bool case_look_here(struct power_case *run, const struct case_look *look)
{
    struct work_state *state = NULL;
    return open_and_find(run, look, &state) && goes_on(run, state);
}

static bool look_child(struct power_case *run, void *arg)
{
    const struct case_look *look = arg;
    tape_record(NULL, look->disk);
    return case_look_here(run, look);
}

bool case_look(struct power_case *run, const struct case_look *look)
{
    struct case_look copy = *look;
    return case_run(run, look_child, &copy);
}

static bool second_life_child(struct power_case *run, void *arg)
{
    const struct case_look *look = arg;
    struct work_state *state = NULL;
    struct run_outcome outcome;
    tape_rewind(run->tape);
    tape_record(run->tape, look->disk);
    if (!open_and_find(run, look, &state)) {
        return false;
    }
    size_t next = run->report->state;
    size_t end = next + SECOND_LIFE_STEPS;
    tape_note(TAPE_BEGUN, next);
    tape_note(TAPE_PROMISED, next); /* whoever asks is told of it */
    end = end < run->work->count ? end : run->work->count;
    run_steps(run->work, state, next, end, &outcome);
    return outcome.rc == 0 || bad(run, "it does not go on: %s", err_peek(&outcome.err, outcome.rc));
}

bool case_second_life(struct power_case *run, const struct case_look *look)
{
    struct case_look copy = *look;
    return case_run(run, second_life_child, &copy);
}

struct faulty {
    const char *disk;
    struct tape_fault *fault;
};

/* Whoever asks a store that failed is refused, each time. */
static bool stays_shut(struct power_case *run, struct work_state *state, size_t next)
{
    struct run_outcome outcome;
    if (next >= run->work->count || run->work->steps[next].alone != NULL) {
        return true;
    }
    run_steps(run->work, state, next, run_group_end(run->work, next), &outcome);
    return (outcome.rc == ERR_STORAGE && outcome.done == 0) ||
           bad(run, "after a storage error it took another: %s", err_name(outcome.rc));
}

/* With no room once, what was refused is taken the next time. */
static bool faulty_steps(struct power_case *run, struct work_state *state,
                         const struct tape_fault *fault, struct run_outcome *outcome)
{
    size_t done = 0;
    run_steps(run->work, state, 0, run->work->count, outcome);
    done = outcome->done;
    bool after_error = outcome->after_error;
    if (outcome->rc == ERR_FULL && !fault->ever) {
        run_steps(run->work, state, done, run->work->count, outcome);
        done += outcome->done;
        if (outcome->rc != 0) {
            return bad(run, "it does not go on when there is room again: %s",
                       err_peek(&outcome->err, outcome->rc));
        }
    }
    if (after_error || outcome->after_error) {
        return bad(run, "reported durable after a storage error");
    }
    return outcome->rc != ERR_STORAGE || stays_shut(run, state, done);
}

static bool faulty_child(struct power_case *run, void *arg)
{
    struct faulty *faulty = arg;
    struct work_state *state = NULL;
    struct run_outcome outcome = {.err = {""}};
    bool good = true;
    expect(freopen("/dev/null", "w", stderr) != NULL, "no /dev/null"); /* the daemon's log */
    tape_rewind(run->tape);
    tape_record(run->tape, faulty->disk);
    tape_fail(faulty->fault);
    outcome.rc = run->work->open(faulty->disk, &state, &outcome.err);
    if (outcome.rc == 0) {
        good = faulty_steps(run, state, faulty->fault, &outcome);
    }
    run->report->rc = outcome.rc;
    run->report->fault_met = faulty->fault->met;
    run->report->calls = faulty->fault->seen;
    if (good && outcome.rc != 0 && outcome.err.text[0] == '\0' && outcome.rc != ERR_FULL) {
        return bad(run, "it ended with %s and said nothing", err_name(outcome.rc));
    }
    return good;
}

bool case_faulty_life(struct power_case *run, const char *disk, struct tape_fault *fault)
{
    struct faulty faulty = {disk, fault};
    return case_run(run, faulty_child, &faulty);
}
