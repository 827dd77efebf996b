/* store_errors.c - a disk that fails at each call by which a store changes its files.
 *
 * A whole life of the node's or the aggregator's store, again and again: call n fails, once or from
 * then on. The life must end with a clear error and report nothing durable after it (or go on, when
 * there was only no room). Then the program starts again, on what it left: each transaction that
 * was reported durable is there once, none is there by half. The same when the power fails after
 * the error; and when the process is killed in the middle of the call that failed, started again,
 * and the power fails then. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/power_case.h"

#define FAILURES_MAX 5u
#define TEARS 3u

struct kind {
    const char *name;
    int error; /* 0: a short write */
    bool ever, done;
};
static const struct kind kinds[] = {
    {"EIO once", EIO, false, false},
    {"EIO for ever", EIO, true, false},
    {"no space once", ENOSPC, false, false},
    {"no space for ever", ENOSPC, true, false},
    {"read-only for ever", EROFS, true, false},
    {"short write once", 0, false, false},
    {"short writes for ever", 0, true, false},
    {"done, and then EIO", EIO, false, true},
};

struct errors {
    struct power_case run;
    struct tape *first, *second;
    uint64_t seed;
    size_t step; /* 1: every call */
    size_t lives, cases, failures;
};

static void failed(struct errors *errors, const struct kind *kind, size_t call, const char *when)
{
    errors->failures++;
    printf("FAILED: %s, %s at call %zu, %s: %s\n", errors->run.work->name, kind->name, call, when,
           errors->run.report->text);
    (void)fflush(stdout);
}

/* The end of the tape, or of the call that failed; the disk as it is then. */
static size_t play(const struct tape *tape, struct disk *disk, bool to_the_failure,
                   struct promises *promises)
{
    bool failure = false;
    size_t i = 0;
    for (; i < tape_count(tape) && !(to_the_failure && failure); i++) {
        const struct tape_event *event = tape_event(tape, i);
        promises_follow(promises, event);
        if (event->kind == TAPE_OP) {
            const struct disk_op op = tape_op(tape, event);
            disk_apply(disk, &op, false);
            failure = event->failed;
        }
    }
    return i;
}

/* Of a change of names that was made and then called an error, nothing needs to be said. */
static bool was_noticed(const struct errors *errors, const struct kind *kind, int rc)
{
    bool failure = !kind->done;
    for (size_t i = 0; i < tape_count(errors->first); i++) {
        failure = failure || tape_event(errors->first, i)->failed;
    }
    return rc != 0 || kind->error == ENOSPC || !failure;
}

static bool look_at(struct errors *errors, const char *disk, const struct promises *promises)
{
    const struct case_look look = {
        .disk = disk, .promised = promises->promised, .begun = promises->begun};
    errors->cases++;
    return case_look(&errors->run, &look);
}

static bool survives_power_loss(struct errors *errors, const struct disk *disk,
                                const struct promises *promises)
{
    for (unsigned i = 0; i < TEARS; i++) {
        const struct tear tear = {.kind = i == 0   ? TEAR_ALL_LOST
                                          : i == 1 ? TEAR_ALL_KEPT
                                                   : TEAR_RANDOM,
                                  .bits = errors->seed ^ errors->cases << 8,
                                  .eighths = 4,
                                  .long_files = i == 2};
        const char *folder = case_disk(&errors->run);
        if (disk_write_out(disk, &tear, folder) != 0) {
            perror("write out a disk");
            exit(1);
        }
        if (!look_at(errors, folder, promises)) {
            return false;
        }
    }
    return true;
}

/* Killed in the call that failed, started again, and then the power. */
static bool survives_second_life(struct errors *errors)
{
    struct promises promises = {0};
    struct disk *disk = disk_new();
    (void)play(errors->first, disk, true, &promises);
    const struct case_look look = {
        .disk = case_disk(&errors->run), .promised = promises.promised, .begun = promises.begun};
    errors->lives++;
    bool good = disk_write_out_now(disk, look.disk) == 0;
    errors->run.tape = errors->second;
    good = good && case_second_life(&errors->run, &look);
    errors->run.tape = errors->first;
    for (size_t i = 0; good && i < tape_count(errors->second); i++) {
        const struct tape_event *event = tape_event(errors->second, i);
        bool said = event->kind == TAPE_PROMISED;
        promises_follow(&promises, event);
        if (event->kind == TAPE_OP) {
            const struct disk_op op = tape_op(errors->second, event);
            disk_apply(disk, &op, false);
        }
        if (said) {
            good = survives_power_loss(errors, disk, &promises);
        }
    }
    disk_free(disk);
    return good;
}

static void check_after(struct errors *errors, const struct kind *kind, size_t call,
                        const char *folder)
{
    struct promises promises = {0};
    struct disk *disk = disk_new();
    (void)play(errors->first, disk, false, &promises);
    if (!look_at(errors, folder, &promises)) {
        failed(errors, kind, call, "started again");
    } else if (!survives_power_loss(errors, disk, &promises)) {
        failed(errors, kind, call, "then the power");
    } else if (kind->error == EIO && !kind->ever && !survives_second_life(errors)) {
        failed(errors, kind, call, "killed, started again, then the power");
    }
    disk_free(disk);
}

static void try_call(struct errors *errors, const struct kind *kind, size_t call)
{
    struct tape_fault fault = {
        .at = call, .ever = kind->ever, .error = kind->error, .done = kind->done};
    char *folder = strdup(case_disk(&errors->run));
    errors->lives++;
    bool good = case_faulty_life(&errors->run, folder, &fault);
    struct case_report report = *errors->run.report;
    if (!good) {
        failed(errors, kind, call, "in the life itself");
    } else if (report.fault_met && !was_noticed(errors, kind, report.rc)) {
        (void)snprintf(errors->run.report->text, sizeof report.text, "nobody noticed");
        failed(errors, kind, call, "in the life itself");
    } else if (report.fault_met) {
        check_after(errors, kind, call, folder);
    }
    free(folder);
}

/* How many calls there are when none fails. */
static size_t count_calls(struct errors *errors)
{
    struct tape_fault none = {.at = SIZE_MAX};
    char *folder = strdup(case_disk(&errors->run));
    bool good = case_faulty_life(&errors->run, folder, &none);
    free(folder);
    return good && errors->run.report->rc == 0 ? errors->run.report->calls : 0;
}

static int usage(void)
{
    (void)fputs("usage: store_errors node|aggregator [--step N] [--seed N]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    struct errors errors = {.seed = 1, .step = 1};
    const struct work *work = argc > 1 ? work_named(argv[1]) : NULL;
    for (int i = 2; i + 1 < argc; i += 2) {
        uint64_t number = strtoull(argv[i + 1], NULL, 0);
        errors.step = strcmp(argv[i], "--step") == 0 ? number : errors.step;
        errors.seed = strcmp(argv[i], "--seed") == 0 ? number : errors.seed;
    }
    if (work == NULL || argc % 2 != 0 || errors.step == 0) {
        return usage();
    }
    case_open(&errors.run, work);
    errors.first = errors.run.tape;
    errors.second = tape_new();
    bool good = case_reference(&errors.run);
    if (!good) {
        printf("FAILED: %s, with nothing wrong: %s\n", work->name, errors.run.report->text);
    }
    size_t calls = good ? count_calls(&errors) : 0;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (size_t call = 1 + errors.seed % errors.step; call <= calls; call += errors.step) {
            if (errors.failures < FAILURES_MAX) {
                try_call(&errors, &kinds[i], call);
            }
        }
    }
    printf("{\"store\":\"%s\",\"seed\":%" PRIu64 ",\"kinds\":%zu,\"calls\":%zu,\"lives\":%zu,"
           "\"looks\":%zu,\"failures\":%zu}\n",
           work->name, errors.seed, sizeof kinds / sizeof kinds[0], calls, errors.lives,
           errors.cases, errors.failures);
    case_close(&errors.run);
    return calls > 0 && errors.failures == 0 ? 0 : 1;
}
