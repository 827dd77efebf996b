/* power_store.c - loses the power at every change of a store's files.
 *
 * A whole life of the node's or the aggregator's store is recorded. Then, for each change of a file
 * or folder in it: the disk as it was durable then, with nothing, everything, or seeded parts of
 * what was on its way; on that disk the store must open, hold every transaction that was reported
 * durable and no half one, and go on. The same after a second life: the process dies there, a new
 * one reads what the page cache holds, says so, goes on, and then the power fails. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/power_case.h"

#define FAILURES_MAX 5u /* more say nothing new */
#define WHERE_BYTES 256u
#define BITS_MAX 6u /* so few parts: every combination is tried */

struct power {
    struct power_case run;
    struct tape *first, *second;
    unsigned patterns; /* of each cut */
    unsigned second_patterns;
    uint64_t seed;
    size_t cuts, cases, lives, failures;
};

static void failed(struct power *power, const char *where, const struct tear *tear)
{
    static const char *const kinds[] = {"all lost", "all kept", "bits", "random"};
    power->failures++;
    printf("FAILED: %s, power lost %s", power->run.work->name, where);
    if (tear != NULL) {
        printf(" (%s %#" PRIx64 ", %u of 8%s%s)", kinds[tear->kind], tear->bits, tear->eighths,
               tear->long_files ? ", long files" : "", tear->stale_blocks ? ", stale blocks" : "");
    }
    printf(": %s\n", power->run.report->text);
    (void)fflush(stdout);
}

/* Pattern `number` of a cut with so many parts. False: all there are were tried. */
static bool tear_choose(const struct power *power, size_t parts, unsigned number, uint64_t cut,
                        struct tear *ret)
{
    static const unsigned eighths[] = {4, 1, 7, 2, 6};
    bool few = parts <= BITS_MAX;
    *ret = (struct tear){.long_files = (number & 1u) != 0, .stale_blocks = (number & 2u) != 0};
    if (number < 2) {
        ret->kind = number == 0 ? TEAR_ALL_LOST : TEAR_ALL_KEPT;
        return true;
    }
    if (few) {
        ret->kind = TEAR_BITS;
        ret->bits = number - 1; /* 0 and all ones are done */
        return ret->bits + 1 < 1u << parts;
    }
    ret->kind = TEAR_RANDOM;
    ret->bits = power->seed ^ cut << 20 ^ number;
    ret->eighths = eighths[number % 5];
    return true;
}

/* The power goes now; the change at hand is in flight. */
static void cut(struct power *power, const struct disk *disk, const struct promises *promises,
                unsigned patterns, const char *where)
{
    size_t parts = disk_parts(disk);
    power->cuts++;
    for (unsigned number = 0; number < patterns && power->failures < FAILURES_MAX; number++) {
        struct tear tear;
        if (!tear_choose(power, parts, number, power->cuts, &tear)) {
            break;
        }
        const struct case_look look = {.disk = case_disk(&power->run),
                                       .promised = promises->promised,
                                       .begun = promises->begun};
        power->cases++;
        if (disk_write_out(disk, &tear, look.disk) != 0) {
            perror("write out a disk");
            exit(1);
        }
        if (!case_look(&power->run, &look)) {
            failed(power, where, &tear);
        }
        if (parts == 0) {
            break; /* every pattern is the same */
        }
    }
}

static void describe(char to[WHERE_BYTES], const char *when, const struct tape *tape, size_t index)
{
    const struct tape_event *event = tape_event(tape, index);
    const struct disk_op op = tape_op(tape, event);
    (void)snprintf(to, WHERE_BYTES, "%sat change %zu (%s of %s at %" PRIu64 ", %zu bytes)", when,
                   index, event->function, op.path, op.at, op.len);
}

/* Plays a tape onto a disk and cuts at each change, and at the end; `few`: at the first after the
 * process said what it read, at one more, and at the end. */
static void play_and_cut(struct power *power, struct disk *disk, const struct tape *tape,
                         struct promises promises, const char *when, unsigned patterns, bool few)
{
    uint64_t random = power->seed ^ power->lives;
    size_t other = tape_count(tape) == 0 ? 0 : disk_random(&random) % tape_count(tape);
    bool said = false;
    bool few_done = false;
    char where[WHERE_BYTES];
    for (size_t i = 0; i < tape_count(tape); i++) {
        const struct tape_event *event = tape_event(tape, i);
        promises_follow(&promises, event);
        if (event->kind != TAPE_OP) {
            said = said || event->kind == TAPE_PROMISED;
            continue;
        }
        const struct disk_op op = tape_op(tape, event);
        if (!few || (said && !few_done) || i == other) {
            struct disk *cut_disk = disk_copy(disk);
            disk_apply(cut_disk, &op, true);
            describe(where, when, tape, i);
            cut(power, cut_disk, &promises, patterns, where);
            disk_free(cut_disk);
            few_done = said;
        }
        disk_apply(disk, &op, false);
    }
    (void)snprintf(where, sizeof where, "%sat the end", when);
    cut(power, disk, &promises, patterns, where);
}

/* The process dies in the middle of this change; another one starts; then the power goes. */
static void second_life(struct power *power, const struct disk *disk,
                        const struct promises *promises, size_t index)
{
    char where[WHERE_BYTES];
    char when[WHERE_BYTES];
    const struct case_look look = {
        .disk = case_disk(&power->run), .promised = promises->promised, .begun = promises->begun};
    struct disk *copy = disk_copy(disk);
    const struct disk_op op = tape_op(power->first, tape_event(power->first, index));
    describe(where, "killed ", power->first, index);
    (void)snprintf(when, sizeof when, "%.128s, restarted, then ", where);
    disk_apply(copy, &op, true);
    power->lives++;
    if (disk_write_out_now(copy, look.disk) != 0) {
        perror("write out a disk");
        exit(1);
    }
    power->run.tape = power->second;
    if (!case_second_life(&power->run, &look)) {
        failed(power, when, NULL);
    } else {
        play_and_cut(power, copy, power->second, *promises, when, power->second_patterns, true);
    }
    disk_free(copy);
}

static void second_lives(struct power *power)
{
    struct promises promises = {0};
    struct disk *disk = disk_new();
    for (size_t i = 0; i < tape_count(power->first) && power->failures < FAILURES_MAX; i++) {
        const struct tape_event *event = tape_event(power->first, i);
        promises_follow(&promises, event);
        if (event->kind == TAPE_OP) {
            const struct disk_op op = tape_op(power->first, event);
            second_life(power, disk, &promises, i);
            disk_apply(disk, &op, false);
        }
    }
    disk_free(disk);
}

/* ---- the whole ---- */

static bool record(struct power *power)
{
    power->run.tape = power->first;
    if (!case_reference(&power->run)) {
        printf("FAILED: %s, with nothing wrong: %s\n", power->run.work->name,
               power->run.report->text);
        return false;
    }
    if (!case_life(&power->run)) {
        printf("FAILED: %s, recorded: %s\n", power->run.work->name, power->run.report->text);
        return false;
    }
    return true;
}

static size_t changes(const struct tape *tape)
{
    size_t count = 0;
    for (size_t i = 0; i < tape_count(tape); i++) {
        count += tape_event(tape, i)->kind == TAPE_OP;
    }
    return count;
}

static void run(struct power *power)
{
    struct disk *disk = disk_new();
    struct promises none = {0};
    play_and_cut(power, disk, power->first, none, "", power->patterns, false);
    disk_free(disk);
    if (power->second_patterns > 0) {
        second_lives(power);
    }
}

static int usage(void)
{
    (void)fputs("usage: power_store node|aggregator [--patterns N] [--second N] [--seed N]\n",
                stderr);
    return 2;
}

static bool options(int argc, char **argv, struct power *power)
{
    for (int i = 2; i + 1 < argc; i += 2) {
        uint64_t number = strtoull(argv[i + 1], NULL, 0);
        if (strcmp(argv[i], "--patterns") == 0) {
            power->patterns = (unsigned)number;
        } else if (strcmp(argv[i], "--second") == 0) {
            power->second_patterns = (unsigned)number;
        } else if (strcmp(argv[i], "--seed") == 0) {
            power->seed = number;
        } else {
            return false;
        }
    }
    return argc >= 2 && argc % 2 == 0 && power->patterns >= 2;
}

int main(int argc, char **argv)
{
    struct power power = {.patterns = 34, .second_patterns = 3, .seed = 1};
    const struct work *work = argc > 1 ? work_named(argv[1]) : NULL;
    if (work == NULL || !options(argc, argv, &power)) {
        return usage();
    }
    case_open(&power.run, work);
    power.first = power.run.tape;
    power.second = tape_new();
    bool good = record(&power);
    if (good) {
        run(&power);
        printf("{\"store\":\"%s\",\"seed\":%" PRIu64 ",\"transactions\":%zu,\"changes\":%zu,"
               "\"patterns\":%u,\"cuts\":%zu,\"second_lives\":%zu,\"cases\":%zu,"
               "\"failures\":%zu}\n",
               work->name, power.seed, work->count, changes(power.first), power.patterns,
               power.cuts, power.lives, power.cases, power.failures);
    }
    case_close(&power.run);
    return good && power.failures == 0 ? 0 : 1;
}
