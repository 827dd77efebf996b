/* loop.h - one event loop per thread: timers, signals, wake-ups from other threads, ZeroMQ sockets.
 *
 * The only room that includes uv.h together with platform/door. ZMQ_FD is edge-triggered: a socket
 * is drained until nothing is ready, with a budget per turn so that others get theirs. Before the
 * loop sleeps ZMQ_EVENTS is read again for every socket that fired, was kicked or is not drained.
 * All functions on the loop's thread, but loop_wake_send.
 */
#ifndef PLATFORM_LOOP_LOOP_H
#define PLATFORM_LOOP_LOOP_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_signal;
struct loop_wake;
struct loop_zmq;
struct uv_loop_s;

int loop_new(struct loop **ret, struct err_ctx *err) MUST_USE;
/* Runs until loop_stop; every object below must be closed before loop_free. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Runs what is still deferred, lets closes finish, then frees. ASSERTs that nothing is open. */
void loop_free(struct loop *loop);
/* For platform/door only. */
struct uv_loop_s *loop_peek_uv(struct loop *loop);
/* Runs once, on this loop's thread, at the next turn. */
int loop_defer(struct loop *loop, void (*call)(void *arg), void *arg) MUST_USE;

struct loop_timer *loop_timer_new(struct loop *loop, void (*call)(void *arg), void *arg);
/* Fires once after delay_ms; setting again replaces. */
void loop_timer_set(struct loop_timer *timer, uint64_t delay_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer); /* NULL is fine; no call after this */

struct loop_signal *loop_signal_new(struct loop *loop, int signum, void (*call)(void *arg),
                                    void *arg);
void loop_signal_free(struct loop_signal *signal);

struct loop_wake *loop_wake_new(struct loop *loop, void (*call)(void *arg), void *arg);
/* From any thread; many sends may give one call, which sees what was written before them. */
void loop_wake_send(struct loop_wake *wake);
void loop_wake_free(struct loop_wake *wake);

/* Watches a ZeroMQ socket. `ready(arg)` must receive with ZMQ_DONTWAIT *one* message and return
 * true if there was one; it is called until it returns false or the turn's budget is used up, then
 * again at the next turn. It may free its own watch. NULL when out of memory. */
struct loop_zmq *loop_zmq_new(struct loop *loop, void *socket, bool (*ready)(void *arg), void *arg);
/* Call after every zmq_send on the socket: a send can swallow the edge of a receive. */
void loop_zmq_kick(struct loop_zmq *watch);
/* Before zmq_close; no call after this. */
void loop_zmq_free(struct loop_zmq *watch);

#endif
