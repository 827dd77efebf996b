#include "fault/store_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH_CAPACITY 4096

static const char *watched;

void store_calls_watch(const char *folder)
{
    watched = folder;
}

/* ---- which file is it ---- */

/* The path below the folder, or NULL. */
static const char *below(const char *path)
{
    size_t len = watched == NULL ? 0 : strlen(watched);
    if (len == 0 || strncmp(path, watched, len) != 0) {
        return NULL;
    }
    const char *rest = path + len;
    rest += *rest == '/';
    const char *name = strrchr(rest, '/');
    name = name == NULL ? rest : name + 1;
    return strcmp(name, "lock") == 0 || strcmp(name, "lock.mdb") == 0 ? NULL : rest;
}

static const char *path_of(int fd, char to[PATH_CAPACITY])
{
    char link[32];
    if (watched == NULL) {
        return NULL;
    }
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, to, PATH_CAPACITY - 1);
    if (len <= 0) {
        return NULL;
    }
    to[len] = '\0';
    return below(to);
}

static bool is_folder(int fd)
{
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
}

/* ---- one call ---- */

static void told(const struct store_call *call, size_t len, bool failed)
{
    int number = errno;
    struct store_call done = *call;
    done.len = len;
    done.failed = failed;
    store_call_end(&done);
    errno = number;
}

static long system_write(int fd, const struct store_call *call, bool positioned, size_t len)
{
    struct iovec parts[1024];
    int count = 0;
    for (size_t left = len; count < call->part_count && left > 0; count++) {
        parts[count] = call->parts[count];
        parts[count].iov_len = parts[count].iov_len < left ? parts[count].iov_len : left;
        left -= parts[count].iov_len;
    }
    return positioned ? syscall(SYS_pwritev, fd, parts, count, call->at, 0)
                      : syscall(SYS_writev, fd, parts, count);
}

static ssize_t write_call(int fd, const struct iovec *parts, int count, off_t at,
                          const char *function)
{
    char name[PATH_CAPACITY];
    bool positioned = at >= 0;
    struct store_call call = {.step = DISK_WRITE,
                              .path = path_of(fd, name),
                              .function = function,
                              .parts = parts,
                              .part_count = count};
    if (call.path == NULL || count > 1024) {
        return positioned ? syscall(SYS_pwritev, fd, parts, count, at, 0)
                          : syscall(SYS_writev, fd, parts, count);
    }
    call.synced = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
    call.at = (uint64_t)(positioned ? at : lseek(fd, 0, SEEK_CUR));
    for (int i = 0; i < count; i++) {
        call.len += parts[i].iov_len;
    }
    struct store_answer answer = store_call_begin(&call);
    if (answer.error != 0 && !answer.done) {
        errno = answer.error;
        return -1;
    }
    long put = system_write(fd, &call, positioned,
                            answer.bytes_kept < call.len ? answer.bytes_kept : call.len);
    if (put > 0) {
        told(&call, (size_t)put, answer.error != 0);
    }
    if (answer.error != 0) {
        errno = answer.error;
        return -1;
    }
    return put;
}

static long sync_call(int fd, long number, const char *function)
{
    char name[PATH_CAPACITY];
    struct store_call call = {.step = DISK_SYNC, .path = path_of(fd, name), .function = function};
    if (call.path == NULL) {
        return syscall(number, fd);
    }
    call.step = is_folder(fd) ? DISK_SYNC_FOLDER : DISK_SYNC;
    struct store_answer answer = store_call_begin(&call);
    long rc = answer.skip || (answer.error != 0 && !answer.done) ? 0 : syscall(number, fd);
    if (rc == 0) {
        told(&call, 0, answer.error != 0 && !answer.done);
    }
    if (answer.error != 0) {
        errno = answer.error;
        return -1;
    }
    return rc;
}

/* A change of names: `number` with its arguments. */
static long name_call(const struct store_call *call, long number, long first, long second,
                      long third, long fourth, long fifth)
{
    if (call->path == NULL) {
        return syscall(number, first, second, third, fourth, fifth);
    }
    struct store_answer answer = store_call_begin(call);
    if (answer.error != 0 && !answer.done) {
        errno = answer.error;
        return -1;
    }
    long rc = syscall(number, first, second, third, fourth, fifth);
    if (rc >= 0) {
        told(call, 0, false);
    }
    if (answer.error != 0) {
        errno = answer.error;
        return -1;
    }
    return rc;
}

/* ---- the functions ---- */

ssize_t pwrite(int fd, const void *from, size_t len, off_t at)
{
    union {
        const void *in;
        void *out;
    } data = {.in = from};
    struct iovec part = {data.out, len};
    return write_call(fd, &part, 1, at, "pwrite");
}

ssize_t pwrite64(int fd, const void *from, size_t len, off_t at)
{
    return pwrite(fd, from, len, at);
}

ssize_t write(int fd, const void *from, size_t len)
{
    union {
        const void *in;
        void *out;
    } data = {.in = from};
    struct iovec part = {data.out, len};
    return write_call(fd, &part, 1, -1, "write");
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return write_call(fd, parts, count, -1, "writev");
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
    return write_call(fd, parts, count, at, "pwritev");
}

int fdatasync(int fd)
{
    return (int)sync_call(fd, SYS_fdatasync, "fdatasync");
}

int fsync(int fd)
{
    return (int)sync_call(fd, SYS_fsync, "fsync");
}

int ftruncate(int fd, off_t len)
{
    char name[PATH_CAPACITY];
    struct store_call call = {.step = DISK_LENGTH,
                              .path = path_of(fd, name),
                              .function = "ftruncate",
                              .at = (uint64_t)len};
    return (int)name_call(&call, SYS_ftruncate, fd, len, 0, 0, 0);
}

static int open_call(const char *path, int flags, mode_t mode)
{
    struct stat info;
    struct store_call call = {.step = DISK_CREATE, .function = "open"};
    if ((flags & O_CREAT) != 0 && lstat(path, &info) != 0) {
        call.path = below(path);
    }
    return (int)name_call(&call, SYS_openat, AT_FDCWD, (long)path, flags, mode, 0);
}

int open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_call(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return open_call(path, flags, mode);
}

int mkdir(const char *path, mode_t mode)
{
    struct stat info;
    struct store_call call = {.step = DISK_MAKE_FOLDER, .function = "mkdir"};
    if (lstat(path, &info) != 0) {
        call.path = below(path);
    }
    return (int)name_call(&call, SYS_mkdir, (long)path, mode, 0, 0, 0);
}

int unlink(const char *path)
{
    struct store_call call = {.step = DISK_UNLINK, .path = below(path), .function = "unlink"};
    return (int)name_call(&call, SYS_unlink, (long)path, 0, 0, 0, 0);
}

int rename(const char *from, const char *to)
{
    struct store_call call = {
        .step = DISK_RENAME, .path = below(from), .to = below(to), .function = "rename"};
    return (int)name_call(&call, SYS_rename, (long)from, (long)to, 0, 0, 0);
}

int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    struct store_call call = {
        .step = DISK_RENAME, .path = below(from), .to = below(to), .function = "renameat2"};
    return (int)name_call(&call, SYS_renameat2, from_folder, (long)from, to_folder, (long)to,
                          flags);
}
