/* kill_shim.c - preloaded into a daemon: knows where in a commit or an answer it stands, and dies
 * there when told to (kill_map.h). The daemon itself is the one that is installed.
 *
 * LMDB commits as: data pages by pwrite or writev, one fdatasync, one pwrite of the meta page to a
 * second descriptor opened with O_DSYNC. Answers: a node's go to the door by writev, or sendmsg; an
 * aggregator's ACK goes through zmq_send and then a TCP socket. Everything else is passed on.
 */
#include "kill_map.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zmq.h>

#define FDS_MAX 1024
#define FRAME_SPAN 3 /* proto/SPEC.md: byte 0 version 1, byte 1 kind */
#define FRAME_ACK 4

enum file_kind { FILE_UNKNOWN, FILE_DATA, FILE_META, FILE_VIEWS_DATA, FILE_VIEWS_META };

static struct kill_slot *slot; /* NULL: not told to do anything */
static bool node;              /* else the aggregator, which has the first slot */
static _Atomic unsigned char files[FDS_MAX];
static _Atomic uint32_t waiting;    /* reports, or spans, since the last answer */
static _Atomic uint32_t before;     /* phase to go back to when a commit answers nobody */
static _Atomic bool writing;        /* pages of a transaction are being written */
static _Atomic bool ack_in_library; /* handed to libzmq, not yet to a socket */

static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_read)(int, void *, size_t);
static ssize_t (*real_send)(int, const void *, size_t, int);
static int (*real_fdatasync)(int);
static int (*real_zmq_send)(void *, const void *, size_t, int);
static int (*real_zmq_msg_recv)(zmq_msg_t *, void *, int);

static void find(void *ret, const char *name)
{
    void *symbol = dlsym(RTLD_NEXT, name);
    memcpy(ret, &symbol, sizeof symbol);
}

__attribute__((constructor)) static void shim_open(void)
{
    const char *path = getenv(KILL_MAP_ENV);
    const char *number = getenv(KILL_SLOT_ENV);
    find(&real_pwrite, "pwrite64");
    find(&real_writev, "writev");
    find(&real_read, "read");
    find(&real_send, "send");
    find(&real_fdatasync, "fdatasync");
    find(&real_zmq_send, "zmq_send");
    find(&real_zmq_msg_recv, "zmq_msg_recv");
    unsigned long index = number == NULL ? KILL_SLOTS_MAX : strtoul(number, NULL, 10);
    int fd = path == NULL || index >= KILL_SLOTS_MAX ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *map =
        fd < 0 ? MAP_FAILED
               : mmap(NULL, sizeof(struct kill_map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        (void)fprintf(stderr, "kill_shim: no map\n");
        _exit(98);
    }
    (void)close(fd);
    slot = &((struct kill_map *)map)->slots[index];
    node = index > 0;
    before = PHASE_STARTING;
}

/* Dies here if this is the point and the time. */
static void pass(enum kill_point point)
{
    if (slot == NULL || slot->armed != point) {
        return;
    }
    if (atomic_fetch_sub(&slot->countdown, 1) == 1) {
        slot->died_at = point;
        (void)kill(getpid(), SIGKILL);
        for (;;) {
            (void)pause();
        }
    }
}

static bool ends_with(const char *text, size_t len, const char *end)
{
    size_t end_len = strlen(end);
    return len >= end_len && memcmp(text + len - end_len, end, end_len) == 0;
}

/* What LMDB opened stays open: only a yes is remembered. */
static enum file_kind file_of(int fd)
{
    char link[64];
    char path[4096];
    if (slot == NULL || fd < 0 || fd >= FDS_MAX) {
        return FILE_UNKNOWN;
    }
    if (files[fd] != FILE_UNKNOWN) {
        return files[fd];
    }
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, path, sizeof path);
    if (len <= 0 || !ends_with(path, (size_t)len, "/data.mdb")) {
        return FILE_UNKNOWN;
    }
    bool views = ends_with(path, (size_t)len, "/views/data.mdb");
    bool synced = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    files[fd] =
        views ? (synced ? FILE_VIEWS_META : FILE_VIEWS_DATA) : (synced ? FILE_META : FILE_DATA);
    return files[fd];
}

static void before_pages(enum file_kind file)
{
    if (file == FILE_VIEWS_DATA) {
        pass(POINT_VIEWS_DATA);
    } else if (file == FILE_VIEWS_META) {
        pass(POINT_VIEWS_META);
    } else if (file == FILE_META) {
        pass(POINT_META);
    } else if (file == FILE_DATA && !atomic_exchange(&writing, true)) {
        before = slot->phase == PHASE_BEFORE ? PHASE_STARTING : slot->phase;
        slot->phase = PHASE_BEFORE;
        pass(POINT_DATA);
    }
}

static void after_pages(enum file_kind file)
{
    if (file == FILE_META) {
        writing = false;
        slot->phase = waiting > 0 ? PHASE_BETWEEN : before;
        pass(POINT_COMMITTED);
    }
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
{
    enum file_kind file = file_of(fd);
    before_pages(file);
    ssize_t rc = real_pwrite(fd, data, len, at);
    after_pages(file);
    return rc;
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return pwrite64(fd, data, len, at);
}

int fdatasync(int fd)
{
    if (file_of(fd) == FILE_DATA) {
        pass(POINT_SYNC);
    }
    return real_fdatasync(fd);
}

/* ---- a node's door ---- */

static uint32_t count_of(const char *data, size_t len, const char *word)
{
    uint32_t count = 0;
    const char *end = data + len;
    for (const char *at = data; (at = memmem(at, (size_t)(end - at), word, strlen(word))) != NULL;
         at++) {
        count++;
    }
    return count;
}

static uint32_t answers_in(const struct iovec *parts, int count)
{
    uint32_t found = 0;
    for (int i = 0; i < count && i < 64; i++) {
        found += count_of(parts[i].iov_base, parts[i].iov_len, "\"accepted\":true");
    }
    return found;
}

static void answered(uint32_t count)
{
    waiting = waiting > count ? waiting - count : 0;
    slot->phase = writing ? PHASE_BEFORE : waiting > 0 ? slot->phase : PHASE_AFTER;
    before = PHASE_AFTER;
    pass(POINT_ANSWERED);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    enum file_kind file = file_of(fd);
    uint32_t answers = node && file == FILE_UNKNOWN ? answers_in(parts, count) : 0;
    before_pages(file);
    if (answers > 0) {
        pass(POINT_ANSWER);
    }
    ssize_t rc = real_writev(fd, parts, count);
    if (answers > 0) {
        answered(answers);
    }
    return rc;
}

ssize_t read(int fd, void *data, size_t len)
{
    ssize_t rc = real_read(fd, data, len);
    if (node && rc > 8) { /* 8: an eventfd */
        waiting += count_of(data, (size_t)rc, "{\"key\":\"");
    }
    return rc;
}

/* ---- the line ---- */

int zmq_send(void *socket, const void *data, size_t len, int flags)
{
    const unsigned char *frame = data;
    bool whole = slot != NULL && len >= 2 && frame[0] == 1 && (flags & ZMQ_SNDMORE) == 0;
    bool ack = whole && !node && frame[1] == FRAME_ACK && waiting > 0;
    if (ack) {
        pass(POINT_ANSWER);
        ack_in_library = true;
    } else if (whole && node && frame[1] == FRAME_SPAN) {
        pass(POINT_SPAN);
    }
    int rc = real_zmq_send(socket, data, len, flags);
    if (ack) {
        pass(POINT_QUEUED);
    } else if (whole && node && frame[1] == FRAME_SPAN) {
        pass(POINT_SPAN_SENT);
    }
    return rc;
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    ssize_t rc = real_send(fd, data, len, flags);
    bool messages = slot != NULL && !node && len > 16 && memmem(data, len, "\7MESSAGE", 8) != NULL;
    if (messages && atomic_exchange(&ack_in_library, false)) {
        answered(waiting);
    }
    return rc;
}

int zmq_msg_recv(zmq_msg_t *message, void *socket, int flags)
{
    int rc = real_zmq_msg_recv(message, socket, flags);
    const unsigned char *frame = rc >= 2 ? zmq_msg_data(message) : NULL;
    if (slot != NULL && !node && frame != NULL && frame[0] == 1 && frame[1] == FRAME_SPAN) {
        waiting++;
    }
    return rc;
}
