/* One turn: timers, then `prepare` (is anything still to do? then do not sleep), then the poll,
 * then `check` (deferred calls, and every watch on the busy list within its budget).
 *
 * A watch is on the busy list when its socket may be ready: its descriptor fired, somebody kicked
 * it, or its budget ran out. It leaves the list only by a look at ZMQ_EVENTS that shows nothing to
 * receive, because that look is what arms the edge again.
 */
#include "platform/loop/loop.h"

#include "core/base/assert.h"

#include <stdatomic.h>
#include <sys/queue.h>
#include <uv.h>
#include <zmq.h>

#define MESSAGES_PER_TURN_MAX 32

struct deferred {
    void (*call)(void *arg);
    void *arg;
    STAILQ_ENTRY(deferred) next;
};

STAILQ_HEAD(deferred_list, deferred);

struct loop_zmq {
    uv_poll_t uv;
    struct loop *loop;
    void *socket;
    bool (*ready)(void *arg);
    void *arg;
    bool busy; /* on the loop's busy list */
    bool closed;
    TAILQ_ENTRY(loop_zmq) next;
};

struct loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle; /* active: the poll does not sleep */
    TAILQ_HEAD(loop_zmq_list, loop_zmq) busy;
    struct deferred_list deferred;
    size_t open; /* timers, signals, wakes and watches not yet freed */
};

struct loop_timer {
    uv_timer_t uv;
    struct loop *loop;
    void (*call)(void *arg);
    void *arg;
};

struct loop_signal {
    uv_signal_t uv;
    struct loop *loop;
    void (*call)(void *arg);
    void *arg;
};

struct loop_wake {
    uv_async_t uv;
    struct loop *loop;
    atomic_uint sent; /* orders what was written before a send for call, whatever libuv does */
    void (*call)(void *arg);
    void *arg;
};

/* The uv handle is the first member of each object, so one close callback frees them all. */
_Static_assert(offsetof(struct loop_zmq, uv) == 0, "handle first");
_Static_assert(offsetof(struct loop_timer, uv) == 0, "handle first");
_Static_assert(offsetof(struct loop_signal, uv) == 0, "handle first");
_Static_assert(offsetof(struct loop_wake, uv) == 0, "handle first");

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static void object_opened(struct loop *loop)
{
    loop->open++;
}

static void object_closed(struct loop *loop)
{
    ASSERT(loop->open > 0);
    loop->open--;
}

/* --- ZeroMQ watches --- */

static void watch_mark(struct loop_zmq *watch)
{
    if (!watch->busy) {
        watch->busy = true;
        TAILQ_INSERT_TAIL(&watch->loop->busy, watch, next);
    }
}

static void watch_unmark(struct loop_zmq *watch)
{
    if (watch->busy) {
        watch->busy = false;
        TAILQ_REMOVE(&watch->loop->busy, watch, next);
    }
}

static bool watch_readable(const struct loop_zmq *watch)
{
    int events = 0;
    size_t size = sizeof events;
    if (zmq_getsockopt(watch->socket, ZMQ_EVENTS, &events, &size) != 0) {
        ASSERT(zmq_errno() == EINTR);
        return true; /* not known: look again next turn */
    }
    return (events & ZMQ_POLLIN) != 0;
}

/* Takes at most the budget; true when nothing is left, false when the budget is used up or the
 * watch was freed by its own callback. */
static bool watch_drain(struct loop_zmq *watch)
{
    for (int i = 0; i < MESSAGES_PER_TURN_MAX; i++) {
        if (!watch_readable(watch)) {
            return true;
        }
        bool received = watch->ready(watch->arg);
        if (watch->closed || !received) {
            return false;
        }
    }
    return false;
}

static void on_readable(uv_poll_t *uv, int status, int events)
{
    /* Also on error: ZMQ_EVENTS is what decides, and a look at it costs little. */
    (void)status;
    (void)events;
    struct loop_zmq *watch = (struct loop_zmq *)uv;
    watch_mark(watch);
}

static void drain_busy(struct loop *loop)
{
    size_t count = 0;
    struct loop_zmq *watch = NULL;
    TAILQ_FOREACH(watch, &loop->busy, next)
    {
        count++;
    }
    /* From the head, still busy ones back to the tail: a callback may free or mark any watch. */
    for (; count > 0 && !TAILQ_EMPTY(&loop->busy); count--) {
        watch = TAILQ_FIRST(&loop->busy);
        watch_unmark(watch);
        bool empty = watch_drain(watch);
        if (!watch->closed && !empty) {
            watch_mark(watch);
        }
    }
}

struct loop_zmq *loop_zmq_new(struct loop *loop, void *socket, bool (*ready)(void *arg), void *arg)
{
    int fd = -1;
    size_t size = sizeof fd;
    if (zmq_getsockopt(socket, ZMQ_FD, &fd, &size) != 0) {
        return NULL;
    }
    struct loop_zmq *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return NULL;
    }
    if (uv_poll_init(&loop->uv, &watch->uv, fd) != 0) {
        free(watch);
        return NULL;
    }
    watch->loop = loop;
    watch->socket = socket;
    watch->ready = ready;
    watch->arg = arg;
    if (uv_poll_start(&watch->uv, UV_READABLE, on_readable) != 0) {
        uv_close((uv_handle_t *)&watch->uv, on_closed);
        return NULL;
    }
    object_opened(loop);
    watch_mark(watch); /* the edge may have passed before we looked */
    return watch;
}

void loop_zmq_kick(struct loop_zmq *watch)
{
    ASSERT(!watch->closed);
    watch_mark(watch);
}

void loop_zmq_free(struct loop_zmq *watch)
{
    if (watch == NULL) {
        return;
    }
    ASSERT(!watch->closed);
    watch_unmark(watch);
    watch->closed = true;
    (void)uv_poll_stop(&watch->uv);
    object_closed(watch->loop);
    /* The memory stays until the close callback, so watch_drain may still look at `closed`. */
    uv_close((uv_handle_t *)&watch->uv, on_closed);
}

/* --- the loop --- */

static void run_deferred(struct loop *loop)
{
    /* Only what was there: a call deferred from here runs at the next turn. */
    struct deferred_list now = STAILQ_HEAD_INITIALIZER(now);
    STAILQ_CONCAT(&now, &loop->deferred);
    while (!STAILQ_EMPTY(&now)) {
        struct deferred *deferred = STAILQ_FIRST(&now);
        STAILQ_REMOVE_HEAD(&now, next);
        deferred->call(deferred->arg);
        free(deferred);
    }
}

static void on_idle(uv_idle_t *idle)
{
    (void)idle; /* being active is all it is for */
}

static void on_prepare(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    struct loop_zmq *watch = TAILQ_FIRST(&loop->busy);
    while (watch != NULL) {
        struct loop_zmq *next = TAILQ_NEXT(watch, next);
        if (!watch_readable(watch)) {
            watch_unmark(watch);
        }
        watch = next;
    }
    int failed = 0;
    if (TAILQ_EMPTY(&loop->busy) && STAILQ_EMPTY(&loop->deferred)) {
        failed = uv_idle_stop(&loop->idle);
    } else {
        failed = uv_idle_start(&loop->idle, on_idle);
    }
    ASSERT(failed == 0);
}

static void on_check(uv_check_t *check)
{
    struct loop *loop = check->data;
    run_deferred(loop);
    drain_busy(loop);
}

int loop_new(struct loop **ret, struct err_ctx *err)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL) {
        return err_set(err, ERR_NOMEM, "event loop: out of memory");
    }
    int failed = uv_loop_init(&loop->uv);
    if (failed != 0) {
        free(loop);
        return err_set(err, failed == UV_ENOMEM ? ERR_NOMEM : ERR_IO, "event loop: %s",
                       uv_strerror(failed));
    }
    TAILQ_INIT(&loop->busy);
    STAILQ_INIT(&loop->deferred);
    /* These cannot fail: the loop is ours and the callbacks are given. */
    (void)uv_prepare_init(&loop->uv, &loop->prepare);
    (void)uv_check_init(&loop->uv, &loop->check);
    (void)uv_idle_init(&loop->uv, &loop->idle);
    loop->prepare.data = loop;
    loop->check.data = loop;
    failed = uv_prepare_start(&loop->prepare, on_prepare);
    ASSERT(failed == 0);
    failed = uv_check_start(&loop->check, on_check);
    ASSERT(failed == 0);
    *ret = loop;
    return 0;
}

void loop_run(struct loop *loop)
{
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

static void assert_closing(uv_handle_t *handle, void *arg)
{
    (void)arg;
    ASSERT(uv_is_closing(handle));
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    while (!STAILQ_EMPTY(&loop->deferred)) {
        run_deferred(loop);
    }
    ASSERT(loop->open == 0 && TAILQ_EMPTY(&loop->busy));
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->check, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    uv_walk(&loop->uv, assert_closing, NULL);
    /* A uv_stop that came after the last run would make the first of these return at once. */
    while (uv_run(&loop->uv, UV_RUN_DEFAULT) != 0) {
    }
    int failed = uv_loop_close(&loop->uv);
    ASSERT(failed == 0);
    free(loop);
}

struct uv_loop_s *loop_peek_uv(struct loop *loop)
{
    return &loop->uv;
}

int loop_defer(struct loop *loop, void (*call)(void *arg), void *arg)
{
    struct deferred *deferred = calloc(1, sizeof *deferred);
    if (deferred == NULL) {
        return ERR_NOMEM;
    }
    deferred->call = call;
    deferred->arg = arg;
    STAILQ_INSERT_TAIL(&loop->deferred, deferred, next);
    return 0;
}

/* --- timers --- */

static void on_timer(uv_timer_t *uv)
{
    struct loop_timer *timer = (struct loop_timer *)uv;
    timer->call(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, void (*call)(void *arg), void *arg)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL) {
        return NULL;
    }
    (void)uv_timer_init(&loop->uv, &timer->uv); /* always 0 */
    timer->loop = loop;
    timer->call = call;
    timer->arg = arg;
    object_opened(loop);
    return timer;
}

void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms)
{
    /* The loop's clock is cached: after long work a timer would fire early by as much. */
    uv_update_time(&timer->loop->uv);
    int failed = uv_timer_start(&timer->uv, on_timer, delay_ms, 0);
    ASSERT(failed == 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
    (void)uv_timer_stop(&timer->uv); /* always 0 */
}

void loop_timer_free(struct loop_timer *timer)
{
    if (timer != NULL) {
        object_closed(timer->loop);
        uv_close((uv_handle_t *)&timer->uv, on_closed);
    }
}

/* --- signals --- */

static void on_signal(uv_signal_t *uv, int signum)
{
    (void)signum;
    struct loop_signal *signal = (struct loop_signal *)uv;
    signal->call(signal->arg);
}

struct loop_signal *loop_signal_new(struct loop *loop, int signum, void (*call)(void *arg),
                                    void *arg)
{
    struct loop_signal *signal = calloc(1, sizeof *signal);
    if (signal == NULL) {
        return NULL;
    }
    if (uv_signal_init(&loop->uv, &signal->uv) != 0) {
        free(signal);
        return NULL;
    }
    signal->loop = loop;
    signal->call = call;
    signal->arg = arg;
    if (uv_signal_start(&signal->uv, on_signal, signum) != 0) {
        uv_close((uv_handle_t *)&signal->uv, on_closed);
        return NULL;
    }
    object_opened(loop);
    return signal;
}

void loop_signal_free(struct loop_signal *signal)
{
    if (signal != NULL) {
        object_closed(signal->loop);
        uv_close((uv_handle_t *)&signal->uv, on_closed);
    }
}

/* --- wake-ups from other threads --- */

static void on_wake(uv_async_t *uv)
{
    struct loop_wake *wake = (struct loop_wake *)uv;
    (void)atomic_load_explicit(&wake->sent, memory_order_acquire);
    wake->call(wake->arg);
}

struct loop_wake *loop_wake_new(struct loop *loop, void (*call)(void *arg), void *arg)
{
    struct loop_wake *wake = calloc(1, sizeof *wake);
    if (wake == NULL) {
        return NULL;
    }
    wake->loop = loop;
    wake->call = call;
    wake->arg = arg;
    if (uv_async_init(&loop->uv, &wake->uv, on_wake) != 0) {
        free(wake);
        return NULL;
    }
    object_opened(loop);
    return wake;
}

void loop_wake_send(struct loop_wake *wake)
{
    (void)atomic_fetch_add_explicit(&wake->sent, 1, memory_order_release);
    int failed = uv_async_send(&wake->uv);
    ASSERT(failed == 0);
}

void loop_wake_free(struct loop_wake *wake)
{
    if (wake != NULL) {
        object_closed(wake->loop);
        uv_close((uv_handle_t *)&wake->uv, on_closed);
    }
}
