#include "fault/power_run.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DEADLINE_S 60
#define GROUP_MAX 16u

struct runner;

struct hand_in {
    struct store_command command;
    struct runner *runner;
    size_t step;
    bool finished;
    int rc;
};

struct runner {
    const struct work *work;
    struct work_state *state;
    struct run_outcome *outcome;
    bool writing;         /* the writer thread runs */
    atomic_uint wakes;    /* by the writer thread */
    atomic_uint answered; /* of them */
    sem_t woken, at_gate, gate;
    size_t waiting;
    struct hand_in gate_keeper, group[GROUP_MAX];
};

static void expect(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "run: %s\n", what);
        abort();
    }
}

static void await(sem_t *semaphore)
{
    struct timespec at;
    expect(clock_gettime(CLOCK_MONOTONIC, &at) == 0, "no clock");
    at.tv_sec += DEADLINE_S;
    while (sem_clockwait(semaphore, CLOCK_MONOTONIC, &at) != 0) {
        expect(errno == EINTR, "the writer does not answer");
    }
}

size_t run_group_end(const struct work *work, size_t step)
{
    while (step + 1 < work->count && work->steps[step].with_next) {
        step++;
    }
    return step + 1;
}

/* ---- the writer thread's side ---- */

static void wake(void *arg)
{
    struct runner *runner = arg;
    atomic_fetch_add(&runner->wakes, 1);
    (void)sem_post(&runner->woken);
}

/* Nothing more is stored before the answers that are ready have been given. */
static void answers_wait(void *arg)
{
    struct runner *runner = arg;
    struct timespec begin;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    while (atomic_load(&runner->answered) < atomic_load(&runner->wakes)) {
        (void)sched_yield();
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        expect(now.tv_sec - begin.tv_sec < DEADLINE_S, "answers do not get out");
    }
}

static int gate_run(struct store_txn *txn, void *arg)
{
    struct hand_in *keeper = arg;
    (void)txn;
    (void)sem_post(&keeper->runner->at_gate);
    await(&keeper->runner->gate);
    return 0;
}

static int step_run(struct store_txn *txn, void *arg)
{
    struct hand_in *hand_in = arg;
    struct runner *runner = hand_in->runner;
    return runner->work->steps[hand_in->step].in_txn(txn, runner->state, hand_in->step);
}

/* ---- answers ---- */

static void settle(struct runner *runner, size_t step, int rc)
{
    struct run_outcome *outcome = runner->outcome;
    if (rc == 0) {
        outcome->after_error = outcome->after_error || outcome->rc == ERR_STORAGE;
        if (outcome->rc == 0) {
            outcome->done++;
            tape_note(TAPE_PROMISED, step + 1);
        }
    } else if (outcome->rc == 0) {
        outcome->rc = rc;
    }
}

static void done(void *arg, int rc)
{
    struct hand_in *hand_in = arg;
    hand_in->finished = true;
    hand_in->runner->waiting--;
    if (hand_in != &hand_in->runner->gate_keeper) {
        settle(hand_in->runner, hand_in->step, rc);
    }
}

static void hand_in(struct runner *runner, struct hand_in *what, size_t step,
                    int (*run)(struct store_txn *txn, void *arg))
{
    *what = (struct hand_in){.runner = runner, .step = step};
    what->command = (struct store_command){.run = run, .done = done, .arg = what};
    int rc = store_submit(runner->work->store(runner->state), &what->command);
    if (rc == 0) {
        runner->waiting++;
    } else if (what != &runner->gate_keeper) {
        settle(runner, step, rc);
    }
}

static void collect(struct runner *runner)
{
    while (runner->waiting > 0) {
        await(&runner->woken);
        unsigned wakes = atomic_load(&runner->wakes);
        (void)store_collect(runner->work->store(runner->state));
        atomic_store(&runner->answered, wakes);
    }
}

static void run_group(struct runner *runner, size_t from, size_t to)
{
    expect(to - from <= GROUP_MAX, "a large group");
    tape_note(TAPE_BEGUN, to);
    bool together = to - from > 1;
    if (together) { /* what is handed in meanwhile is one batch */
        hand_in(runner, &runner->gate_keeper, 0, gate_run);
        together = runner->waiting > 0;
    }
    if (together) {
        await(&runner->at_gate);
    }
    for (size_t step = from; step < to; step++) {
        hand_in(runner, &runner->group[step - from], step, step_run);
    }
    if (together) {
        (void)sem_post(&runner->gate);
    }
    collect(runner);
}

static int writer_start(struct runner *runner)
{
    const struct store_writer_config config = {.store = runner->work->store(runner->state),
                                               .wake = wake,
                                               .wake_arg = runner,
                                               .queue_max = 2 * GROUP_MAX,
                                               .batch_max = 2 * GROUP_MAX};
    int rc = runner->writing ? 0 : store_writer_start(&config, &runner->outcome->err);
    runner->writing = rc == 0;
    return rc;
}

static void writer_stop(struct runner *runner)
{
    if (runner->writing) {
        store_writer_stop(runner->work->store(runner->state));
        runner->writing = false;
    }
}

static void run_alone(struct runner *runner, size_t step)
{
    writer_stop(runner);
    tape_note(TAPE_BEGUN, step + 1);
    int rc = runner->work->steps[step].alone(runner->state, &runner->outcome->err);
    settle(runner, step, rc);
}

void run_steps(const struct work *work, struct work_state *state, size_t from, size_t to,
               struct run_outcome *ret)
{
    struct runner runner = {.work = work, .state = state, .outcome = ret};
    *ret = (struct run_outcome){.err = {""}};
    expect(sem_init(&runner.woken, 0, 0) == 0 && sem_init(&runner.at_gate, 0, 0) == 0 &&
               sem_init(&runner.gate, 0, 0) == 0,
           "no semaphore");
    tape_let_answers_out(answers_wait, &runner);
    for (size_t step = from; step < to && ret->rc == 0;) {
        size_t end = run_group_end(work, step);
        end = end < to ? end : to;
        if (work->steps[step].alone != NULL) {
            run_alone(&runner, step);
        } else if (writer_start(&runner) != 0) {
            ret->rc = ERR_NOMEM;
        } else {
            run_group(&runner, step, end);
        }
        step = end;
    }
    writer_stop(&runner);
    tape_let_answers_out(NULL, NULL);
    if (ret->rc == ERR_STORAGE && ret->err.text[0] == '\0') {
        (void)store_latch_reason(work->store(state), &ret->err);
    }
    (void)sem_destroy(&runner.woken);
    (void)sem_destroy(&runner.at_gate);
    (void)sem_destroy(&runner.gate);
}
