/* The loop: timers, wake-ups, deferred calls, signals, and ZeroMQ's edge-triggered descriptor. */
#include "lib/cmocka_all.h"

#include "platform/host/host.h"
#include "platform/loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <zmq.h>

#define DEADLINE_MS 20000

/* Every test runs under this: the loop stops, and `late` says that it was for want of progress. */
struct scene {
    struct loop *loop;
    struct loop_timer *deadline;
    bool late;
};

static void on_late(void *arg)
{
    struct scene *scene = arg;
    scene->late = true;
    loop_stop(scene->loop);
}

static void scene_open(struct scene *scene)
{
    *scene = (struct scene){0};
    struct err_ctx err = {0};
    assert_int_equal(loop_new(&scene->loop, &err), 0);
    scene->deadline = loop_timer_new(scene->loop, on_late, scene);
    assert_non_null(scene->deadline);
    loop_timer_set(scene->deadline, DEADLINE_MS);
}

static void scene_run(struct scene *scene)
{
    loop_run(scene->loop);
    assert_false(scene->late);
}

static void scene_close(struct scene *scene)
{
    loop_timer_free(scene->deadline);
    loop_free(scene->loop);
}

/* --- timers --- */

struct tick {
    struct scene *scene;
    struct loop_timer *timer;
    char name;
    char *trace;
    size_t *count;
    uint64_t fired_ms;
    bool last;
};

static void on_tick(void *arg)
{
    struct tick *tick = arg;
    tick->trace[(*tick->count)++] = tick->name;
    tick->fired_ms = host_monotonic_ms();
    if (tick->last) {
        loop_stop(tick->scene->loop);
    }
}

static void timers_fire_once_in_order_of_their_delay(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    char trace[8] = {0};
    size_t count = 0;
    struct tick ticks[] = {
        {.scene = &scene, .name = 'c', .last = true},
        {.scene = &scene, .name = 'a'},
        {.scene = &scene, .name = 'b'},
        {.scene = &scene, .name = 'x'},
    };
    for (size_t i = 0; i < 4; i++) {
        ticks[i].trace = trace;
        ticks[i].count = &count;
        ticks[i].timer = loop_timer_new(scene.loop, on_tick, &ticks[i]);
        assert_non_null(ticks[i].timer);
    }
    uint64_t start = host_monotonic_ms();
    loop_timer_set(ticks[0].timer, 40);
    loop_timer_set(ticks[1].timer, DEADLINE_MS * 2);
    loop_timer_set(ticks[1].timer, 10); /* replaces */
    loop_timer_set(ticks[2].timer, 20);
    loop_timer_set(ticks[3].timer, 15);
    loop_timer_stop(ticks[3].timer);
    scene_run(&scene);
    assert_string_equal(trace, "abc");
    /* The loop's clock is cut to whole milliseconds: one may be missing. */
    assert_true(ticks[0].fired_ms - start >= 39);
    for (size_t i = 0; i < 4; i++) {
        loop_timer_free(ticks[i].timer);
    }
    loop_timer_free(NULL);
    scene_close(&scene);
}

struct busy_work {
    struct scene *scene;
    struct loop_timer *timer;
    uint64_t set_ms;
    uint64_t fired_ms;
};

static void on_after_work(void *arg)
{
    struct busy_work *work = arg;
    work->fired_ms = host_monotonic_ms();
    loop_stop(work->scene->loop);
}

static void on_long_work(void *arg)
{
    struct busy_work *work = arg;
    uint64_t until = host_monotonic_ms() + 60;
    while (host_monotonic_ms() < until) {
    }
    work->set_ms = host_monotonic_ms();
    loop_timer_set(work->timer, 50);
}

static void timer_set_after_long_work_is_not_early(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct busy_work work = {.scene = &scene};
    work.timer = loop_timer_new(scene.loop, on_after_work, &work);
    assert_non_null(work.timer);
    assert_int_equal(loop_defer(scene.loop, on_long_work, &work), 0);
    scene_run(&scene);
    assert_true(work.fired_ms - work.set_ms >= 49);
    loop_timer_free(work.timer);
    scene_close(&scene);
}

static void on_free_self(void *arg)
{
    struct tick *tick = arg;
    loop_timer_free(tick->timer);
    tick->timer = NULL;
    loop_stop(tick->scene->loop);
}

static void timer_may_free_itself(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct tick tick = {.scene = &scene};
    tick.timer = loop_timer_new(scene.loop, on_free_self, &tick);
    loop_timer_set(tick.timer, 0);
    scene_run(&scene);
    assert_null(tick.timer);
    scene_close(&scene);
}

/* --- deferred calls --- */

struct deferred_trace {
    struct scene *scene;
    int runs;
    int runs_wanted;
    bool inside; /* we are in the call that defers */
    bool nested; /* a deferred call ran inside that call */
};

static void on_deferred(void *arg)
{
    struct deferred_trace *trace = arg;
    trace->nested = trace->nested || trace->inside;
    trace->runs++;
    if (trace->runs == trace->runs_wanted) {
        loop_stop(trace->scene->loop);
        return;
    }
    trace->inside = true;
    assert_int_equal(loop_defer(trace->scene->loop, on_deferred, trace), 0);
    trace->inside = false;
}

static void deferred_calls_run_later_and_without_waiting(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct deferred_trace trace = {.scene = &scene, .runs_wanted = 1000};
    assert_int_equal(loop_defer(scene.loop, on_deferred, &trace), 0);
    assert_int_equal(trace.runs, 0);
    scene_run(&scene);
    assert_int_equal(trace.runs, 1000);
    assert_false(trace.nested);
    scene_close(&scene);
}

static void deferred_calls_left_over_run_at_free(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct deferred_trace trace = {.scene = &scene, .runs_wanted = 3};
    assert_int_equal(loop_defer(scene.loop, on_deferred, &trace), 0);
    scene_close(&scene);
    assert_int_equal(trace.runs, 3);
}

/* --- other threads, signals --- */

#define WAKES 1000

struct wake_scene {
    struct scene *scene;
    struct loop_wake *wake;
    pthread_t loop_thread;
    int calls;
    int seen;
    int sent; /* atomic */
    bool on_loop_thread;
};

static void *send_wakes(void *arg)
{
    struct wake_scene *wakes = arg;
    for (int i = 0; i < WAKES; i++) {
        __atomic_add_fetch(&wakes->sent, 1, __ATOMIC_SEQ_CST);
        loop_wake_send(wakes->wake);
    }
    return NULL;
}

static void on_wake(void *arg)
{
    struct wake_scene *wakes = arg;
    wakes->calls++;
    wakes->on_loop_thread = pthread_equal(pthread_self(), wakes->loop_thread) != 0;
    wakes->seen = __atomic_load_n(&wakes->sent, __ATOMIC_SEQ_CST);
    if (wakes->seen == WAKES) {
        loop_stop(wakes->scene->loop);
    }
}

static void wake_from_another_thread_is_never_lost(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct wake_scene wakes = {.scene = &scene, .loop_thread = pthread_self()};
    wakes.wake = loop_wake_new(scene.loop, on_wake, &wakes);
    assert_non_null(wakes.wake);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_wakes, &wakes), 0);
    scene_run(&scene);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(wakes.seen, WAKES);
    assert_in_range(wakes.calls, 1, WAKES);
    assert_true(wakes.on_loop_thread);
    loop_wake_free(wakes.wake);
    scene_close(&scene);
}

static void on_signal(void *arg)
{
    struct deferred_trace *trace = arg;
    trace->runs++;
    loop_stop(trace->scene->loop);
}

static void raise_signal(void *arg)
{
    (void)arg;
    assert_int_equal(kill(getpid(), SIGUSR1), 0);
}

static void signal_arrives_on_the_loop(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct deferred_trace trace = {.scene = &scene};
    struct loop_signal *signal = loop_signal_new(scene.loop, SIGUSR1, on_signal, &trace);
    assert_non_null(signal);
    assert_null(loop_signal_new(scene.loop, -1, on_signal, &trace));
    assert_int_equal(loop_defer(scene.loop, raise_signal, NULL), 0);
    scene_run(&scene);
    assert_int_equal(trace.runs, 1);
    loop_signal_free(signal);
    scene_close(&scene);
}

/* --- ZeroMQ --- */

struct pair {
    struct scene *scene;
    void *context;
    void *near; /* watched */
    void *far;
    struct loop_zmq *watch;
    int received;
    int wanted;
    int sent_back;
    uint64_t give_up_ms;
    bool gave_up;
};

static bool receive_one(void *socket)
{
    char byte = 0;
    int len = zmq_recv(socket, &byte, sizeof byte, ZMQ_DONTWAIT);
    if (len < 0) {
        assert_int_equal(zmq_errno(), EAGAIN);
        return false;
    }
    return true;
}

static void pair_open(struct pair *pair, struct scene *scene, bool (*ready)(void *arg))
{
    *pair = (struct pair){.scene = scene};
    pair->context = zmq_ctx_new();
    pair->near = zmq_socket(pair->context, ZMQ_PAIR);
    pair->far = zmq_socket(pair->context, ZMQ_PAIR);
    int unlimited = 0;
    assert_int_equal(zmq_setsockopt(pair->near, ZMQ_RCVHWM, &unlimited, sizeof unlimited), 0);
    assert_int_equal(zmq_setsockopt(pair->near, ZMQ_SNDHWM, &unlimited, sizeof unlimited), 0);
    assert_int_equal(zmq_setsockopt(pair->far, ZMQ_RCVHWM, &unlimited, sizeof unlimited), 0);
    assert_int_equal(zmq_setsockopt(pair->far, ZMQ_SNDHWM, &unlimited, sizeof unlimited), 0);
    assert_int_equal(zmq_bind(pair->near, "inproc://pair"), 0);
    assert_int_equal(zmq_connect(pair->far, "inproc://pair"), 0);
    pair->watch = loop_zmq_new(scene->loop, pair->near, ready, pair);
    assert_non_null(pair->watch);
}

static void pair_close(struct pair *pair)
{
    loop_zmq_free(pair->watch);
    loop_zmq_free(NULL);
    assert_int_equal(zmq_close(pair->near), 0);
    if (pair->far != NULL) {
        assert_int_equal(zmq_close(pair->far), 0);
    }
    assert_int_equal(zmq_ctx_term(pair->context), 0);
}

#define MESSAGES 10000

static void *send_messages(void *arg)
{
    struct pair *pair = arg;
    for (int i = 0; i < MESSAGES; i++) {
        if (zmq_send(pair->far, "m", 1, 0) != 1) {
            break;
        }
    }
    /* And take the answers, so that this end sends room back at any moment. */
    for (int i = 0; i < MESSAGES; i++) {
        char byte = 0;
        if (zmq_recv(pair->far, &byte, 1, 0) != 1) {
            break;
        }
    }
    assert_int_equal(zmq_close(pair->far), 0);
    return NULL;
}

static bool echo_ready(void *arg)
{
    struct pair *pair = arg;
    if (!receive_one(pair->near)) {
        return false;
    }
    pair->received++;
    pair->sent_back += zmq_send(pair->near, "r", 1, ZMQ_DONTWAIT) == 1;
    loop_zmq_kick(pair->watch);
    if (pair->received == MESSAGES) {
        loop_stop(pair->scene->loop);
    }
    return true;
}

static void ten_thousand_messages_while_sending_do_not_stall(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct pair pair;
    pair_open(&pair, &scene, echo_ready);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, send_messages, &pair), 0);
    scene_run(&scene);
    assert_int_equal(pair.received, MESSAGES);
    assert_int_equal(pair.sent_back, MESSAGES);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pair.far = NULL; /* closed by its thread */
    pair_close(&pair);
    scene_close(&scene);
}

static bool count_ready(void *arg)
{
    struct pair *pair = arg;
    if (!receive_one(pair->near)) {
        return false;
    }
    pair->received++;
    if (pair->received == pair->wanted) {
        loop_stop(pair->scene->loop);
    }
    return true;
}

/* What a send may do to the watched socket: read the mailbox, and the edge is gone. */
static void swallow_edge(struct pair *pair)
{
    assert_int_equal(zmq_send(pair->far, "m", 1, 0), 1);
    int events = 0;
    size_t size = sizeof events;
    assert_int_equal(zmq_getsockopt(pair->near, ZMQ_EVENTS, &events, &size), 0);
    assert_true((events & ZMQ_POLLIN) != 0);
}

static void swallow_without_kick(void *arg)
{
    swallow_edge(arg);
}

static void swallow_and_kick(void *arg)
{
    struct pair *pair = arg;
    swallow_edge(pair);
    loop_zmq_kick(pair->watch);
}

static void stop_loop(void *arg)
{
    struct scene *scene = arg;
    loop_stop(scene->loop);
}

/* With its negative control: without the kick the message lies there unseen, so the kick is what
 * brings it. */
static void kick_brings_what_a_send_swallowed(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct pair pair;
    pair_open(&pair, &scene, count_ready);
    pair.wanted = 2;
    struct loop_timer *stop = loop_timer_new(scene.loop, stop_loop, &scene);
    /* Deferred calls run after the first look at ZMQ_EVENTS: the watch is quiet by then. */
    assert_int_equal(loop_defer(scene.loop, swallow_without_kick, &pair), 0);
    loop_timer_set(stop, 100);
    scene_run(&scene);
    assert_int_equal(pair.received, 0);

    assert_int_equal(loop_defer(scene.loop, swallow_and_kick, &pair), 0);
    scene_run(&scene);
    assert_int_equal(pair.received, 2);
    loop_timer_free(stop);
    pair_close(&pair);
    scene_close(&scene);
}

/* Each message brings the next: without a budget this never returns to the loop. */
static bool flood_ready(void *arg)
{
    struct pair *pair = arg;
    if (!receive_one(pair->near)) {
        return false;
    }
    pair->received++;
    if (host_monotonic_ms() > pair->give_up_ms) {
        pair->gave_up = true;
        return true;
    }
    assert_int_equal(zmq_send(pair->far, "m", 1, ZMQ_DONTWAIT), 1);
    return true;
}

static void budget_keeps_a_timer_alive_while_flooded(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct pair pair;
    pair_open(&pair, &scene, flood_ready);
    pair.give_up_ms = host_monotonic_ms() + DEADLINE_MS / 2;
    assert_int_equal(zmq_send(pair.far, "m", 1, 0), 1);
    struct loop_timer *stop = loop_timer_new(scene.loop, stop_loop, &scene);
    loop_timer_set(stop, 50);
    scene_run(&scene);
    assert_false(pair.gave_up);
    assert_true(pair.received > 100);
    loop_timer_free(stop);
    pair_close(&pair);
    scene_close(&scene);
}

static bool free_self_ready(void *arg)
{
    struct pair *pair = arg;
    bool received = receive_one(pair->near);
    if (received) {
        pair->received++;
        loop_zmq_free(pair->watch);
        pair->watch = NULL;
        loop_stop(pair->scene->loop);
    }
    return received;
}

static void watch_may_free_itself(void **state)
{
    (void)state;
    struct scene scene;
    scene_open(&scene);
    struct pair pair;
    pair_open(&pair, &scene, free_self_ready);
    assert_int_equal(zmq_send(pair.far, "m", 1, 0), 1);
    assert_int_equal(zmq_send(pair.far, "m", 1, 0), 1);
    scene_run(&scene);
    assert_int_equal(pair.received, 1);
    pair_close(&pair);
    scene_close(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_once_in_order_of_their_delay),
        cmocka_unit_test(timer_set_after_long_work_is_not_early),
        cmocka_unit_test(timer_may_free_itself),
        cmocka_unit_test(deferred_calls_run_later_and_without_waiting),
        cmocka_unit_test(deferred_calls_left_over_run_at_free),
        cmocka_unit_test(wake_from_another_thread_is_never_lost),
        cmocka_unit_test(signal_arrives_on_the_loop),
        cmocka_unit_test(ten_thousand_messages_while_sending_do_not_stall),
        cmocka_unit_test(kick_brings_what_a_send_swallowed),
        cmocka_unit_test(budget_keeps_a_timer_alive_while_flooded),
        cmocka_unit_test(watch_may_free_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
