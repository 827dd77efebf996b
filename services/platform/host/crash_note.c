#include "platform/host/crash_note.h"

#include "platform/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STACK_BYTES 65536u /* of the handler; the kernel's own frame can be 11 kB of it */

static const char magic[16] = "kabar.crash.v1";

static const int faults[] = {SIGSEGV, SIGFPE, SIGILL, SIGABRT};
#define FAULT_COUNT (sizeof faults / sizeof faults[0])

static struct {
    bool open;
    int fd;
    struct sigaction before[FAULT_COUNT];
} note = {.fd = -1};

/* Encoded beforehand: the handler only writes. */
static _Thread_local uint8_t entered[CRASH_NOTE_BYTES];
static _Thread_local volatile sig_atomic_t busy;
static _Thread_local void *own_stack;
static _Thread_local stack_t stack_before;

static void encode(const struct crash_mark *mark, uint8_t ret[CRASH_NOTE_BYTES])
{
    struct writer writer;
    writer_init(&writer, ret, CRASH_NOTE_BYTES);
    writer_bytes(&writer, bytes_of(magic, sizeof magic));
    writer_be64(&writer, mark->number);
    writer_be64(&writer, mark->deaths);
    writer_bytes(&writer, bytes_of(mark->hash.b, HASH_BYTES));
}

static bool decode(struct bytes value, struct crash_mark *ret)
{
    struct reader reader;
    uint8_t head[sizeof magic];
    reader_init(&reader, value);
    reader_copy(&reader, head, sizeof head);
    ret->number = reader_be64(&reader);
    ret->deaths = reader_be64(&reader);
    reader_copy(&reader, ret->hash.b, HASH_BYTES);
    return !reader.underflow && memcmp(head, magic, sizeof magic) == 0;
}

/* Async-safe calls only. The thread's own fault comes from the kernel or from its own raise. */
static void on_fault(int signum, siginfo_t *info, void *context)
{
    (void)context;
    int before = errno;
    bool own = info->si_code > 0 || (info->si_code == SI_TKILL && info->si_pid == getpid());
    if (own && busy != 0) {
        busy = 0;
        ssize_t put = pwrite(note.fd, entered, sizeof entered, 0);
        int synced = fdatasync(note.fd);
        (void)put;
        (void)synced;
    }
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        if (faults[i] == signum) {
            (void)sigaction(signum, &note.before[i], NULL);
        }
    }
    if (info->si_code <= 0) { /* was sent, and would not come again by itself */
        (void)raise(signum);
    }
    errno = before;
}

static int set_handlers(struct err_ctx *err)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        if (sigaction(faults[i], &action, &note.before[i]) != 0) {
            return err_set(err, ERR_IO, "set fault handlers: %s", strerrordesc_np(errno));
        }
    }
    return 0;
}

int crash_note_open(const char *path, struct crash_mark *ret, struct err_ctx *err)
{
    uint8_t value[CRASH_NOTE_BYTES];
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return err_set(err, ERR_IO, "%s: open: %s", path, strerrordesc_np(errno));
    }
    ssize_t got = pread(fd, value, sizeof value, 0);
    *ret = (struct crash_mark){0};
    if (got != (ssize_t)sizeof value || !decode(bytes_of(value, sizeof value), ret)) {
        *ret = (struct crash_mark){0};
        /* Written once now, so that the handler needs no new block of a full disk. */
        memset(value, 0, sizeof value);
        if (pwrite(fd, value, sizeof value, 0) != (ssize_t)sizeof value || fsync(fd) != 0) {
            int rc = errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_IO;
            rc = err_set(err, rc, "%s: write: %s", path, strerrordesc_np(errno));
            (void)close(fd);
            return rc;
        }
    }
    note.fd = fd;
    note.open = true;
    return set_handlers(err);
}

void crash_note_close(void)
{
    if (!note.open) {
        return;
    }
    for (size_t i = 0; i < FAULT_COUNT; i++) {
        (void)sigaction(faults[i], &note.before[i], NULL);
    }
    (void)close(note.fd);
    note.fd = -1;
    note.open = false;
}

void crash_note_clear(void)
{
    static const uint8_t nothing[CRASH_NOTE_BYTES];
    /* If that fails the mark stays, and means nothing: what it names has been passed. */
    if (note.open && pwrite(note.fd, nothing, sizeof nothing, 0) == (ssize_t)sizeof nothing) {
        (void)fdatasync(note.fd);
    }
}

void crash_note_thread_begin(void)
{
    own_stack = malloc(STACK_BYTES);
    stack_t stack = {.ss_sp = own_stack, .ss_size = STACK_BYTES};
    if (own_stack == NULL || sigaltstack(&stack, &stack_before) != 0) {
        free(own_stack);
        own_stack = NULL;
    }
}

void crash_note_thread_end(void)
{
    if (own_stack != NULL) {
        (void)sigaltstack(&stack_before, NULL);
        free(own_stack);
        own_stack = NULL;
    }
}

/* The fences keep the compiler from moving work of the thread across the mark. */
void crash_note_enter(const struct crash_mark *mark)
{
    busy = 0;
    encode(mark, entered);
    atomic_signal_fence(memory_order_seq_cst);
    busy = note.open ? 1 : 0;
    atomic_signal_fence(memory_order_seq_cst);
}

void crash_note_leave(void)
{
    atomic_signal_fence(memory_order_seq_cst);
    busy = 0;
}

bool crash_note_pause(void)
{
    bool was = busy != 0;
    crash_note_leave();
    return was;
}

void crash_note_resume(bool was)
{
    busy = was ? 1 : 0;
    atomic_signal_fence(memory_order_seq_cst);
}
