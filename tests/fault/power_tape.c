#include "fault/power_tape.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define TAPE_DATA_BYTES (96u << 20)

struct tape {
    size_t count, used;
    struct tape_event events[TAPE_EVENTS_MAX];
    uint8_t data[TAPE_DATA_BYTES];
};

static struct tape *recording;
static struct tape_fault *fault;
static void (*answers_wait)(void *arg);
static void *answers_arg;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void expect(bool condition, const char *what)
{
    if (!condition) {
        (void)fprintf(stderr, "tape: %s\n", what);
        abort();
    }
}

struct tape *tape_new(void)
{
    struct tape *tape = mmap(NULL, sizeof *tape, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    expect(tape != MAP_FAILED, "no memory");
    tape_rewind(tape);
    return tape;
}

void tape_rewind(struct tape *tape)
{
    tape->count = 0;
    tape->used = 1; /* offset 0 is "none" */
}

size_t tape_count(const struct tape *tape)
{
    return tape->count;
}

const struct tape_event *tape_event(const struct tape *tape, size_t index)
{
    expect(index < tape->count, "no such event");
    return &tape->events[index];
}

struct disk_op tape_op(const struct tape *tape, const struct tape_event *event)
{
    return (struct disk_op){.step = event->step,
                            .synced = event->synced,
                            .failed = event->failed,
                            .path = (const char *)tape->data + event->path,
                            .to = event->to == 0 ? NULL : (const char *)tape->data + event->to,
                            .at = event->at,
                            .data = tape->data + event->data,
                            .len = event->len};
}

void promises_follow(struct promises *promises, const struct tape_event *event)
{
    if (event->kind == TAPE_PROMISED && event->number > promises->promised) {
        promises->promised = event->number;
    } else if (event->kind == TAPE_BEGUN && event->number > promises->begun) {
        promises->begun = event->number;
    }
}

/* ---- recording ---- */

void tape_record(struct tape *tape, const char *folder)
{
    recording = tape;
    store_calls_watch(folder);
}

void tape_fail(struct tape_fault *what)
{
    fault = what;
}

void tape_let_answers_out(void (*wait)(void *arg), void *arg)
{
    answers_wait = wait;
    answers_arg = arg;
}

static struct tape_event *event_add(enum tape_event_kind kind)
{
    expect(recording->count < TAPE_EVENTS_MAX, "full of events");
    struct tape_event *event = &recording->events[recording->count++];
    *event = (struct tape_event){.kind = kind};
    return event;
}

void tape_note(enum tape_event_kind kind, uint64_t number)
{
    (void)pthread_mutex_lock(&mutex);
    if (recording != NULL) {
        event_add(kind)->number = number;
    }
    (void)pthread_mutex_unlock(&mutex);
}

static size_t keep(const void *from, size_t len)
{
    expect(recording->used + len <= TAPE_DATA_BYTES, "full of data");
    size_t at = recording->used;
    memcpy(recording->data + at, from, len);
    recording->used += len;
    return at;
}

static size_t keep_parts(const struct store_call *call)
{
    size_t at = recording->used;
    size_t left = call->len;
    for (int i = 0; i < call->part_count && left > 0; i++) {
        size_t len = call->parts[i].iov_len < left ? call->parts[i].iov_len : left;
        (void)keep(call->parts[i].iov_base, len);
        left -= len;
    }
    return at;
}

struct store_answer store_call_begin(const struct store_call *call)
{
    struct store_answer answer = {.bytes_kept = call->len, .skip = true};
    if (answers_wait != NULL) {
        answers_wait(answers_arg);
    }
    (void)pthread_mutex_lock(&mutex);
    size_t number = fault == NULL ? 0 : ++fault->seen;
    if (number != 0 && (number == fault->at || (fault->ever && number > fault->at))) {
        bool is_write = call->step == DISK_WRITE;
        fault->met = fault->met || fault->error != 0 || is_write;
        answer.error = fault->error;
        answer.done = fault->done;
        answer.bytes_kept = fault->error == 0 && is_write ? call->len / 2 : call->len;
    }
    (void)pthread_mutex_unlock(&mutex);
    return answer;
}

void store_call_end(const struct store_call *call)
{
    (void)pthread_mutex_lock(&mutex);
    if (recording != NULL) {
        struct tape_event *event = event_add(TAPE_OP);
        event->step = call->step;
        event->synced = call->synced;
        event->failed = call->failed;
        event->function = call->function;
        event->at = call->at;
        event->len = call->len;
        event->path = keep(call->path, strlen(call->path) + 1);
        event->to = call->to == NULL ? 0 : keep(call->to, strlen(call->to) + 1);
        event->data = keep_parts(call);
    }
    (void)pthread_mutex_unlock(&mutex);
}
