#include "fault/store_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KNOWN_MAX 256u

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

/* Files that were opened, by what the kernel calls them: /proc is closed to a process that must not
 * be looked into, as our daemons are. The newest name counts. */
static struct known {
    dev_t device;
    ino_t inode;
    char path[DISK_PATH_CAPACITY];
} known[KNOWN_MAX];
static size_t known_count;
static pthread_mutex_t known_mutex = PTHREAD_MUTEX_INITIALIZER;

static struct known *known_find(const struct stat *info)
{
    for (size_t i = 0; i < known_count; i++) {
        if (known[i].device == info->st_dev && known[i].inode == info->st_ino) {
            return &known[i];
        }
    }
    return NULL;
}

/* "store/.." is "". */
static void known_name(struct known *file, const char *name)
{
    (void)snprintf(file->path, sizeof file->path, "%s", name);
    size_t len = strlen(file->path);
    if (len >= 3 && strcmp(file->path + len - 3, "/..") == 0) {
        file->path[len - 3] = '\0';
        char *slash = strrchr(file->path, '/');
        *(slash == NULL ? file->path : slash) = '\0';
    }
}

/* What was opened, if it is one of those we look at; a number used again for another is not. */
static void remember(int fd, const char *path)
{
    const char *name = below(path);
    struct stat info;
    int number = errno;
    (void)pthread_mutex_lock(&known_mutex);
    struct known *file = fstat(fd, &info) == 0 ? known_find(&info) : NULL;
    if (file != NULL && name == NULL) {
        file->inode = 0;
    } else if (name != NULL && (file != NULL || known_count < KNOWN_MAX)) {
        file = file != NULL ? file : &known[known_count++];
        file->device = info.st_dev;
        file->inode = info.st_ino;
        known_name(file, name);
    }
    (void)pthread_mutex_unlock(&known_mutex);
    errno = number;
}

static const char *path_of(int fd, char to[DISK_PATH_CAPACITY])
{
    if (watched == NULL) {
        return NULL;
    }
    struct stat info;
    int number = errno;
    (void)pthread_mutex_lock(&known_mutex);
    const struct known *found = fstat(fd, &info) == 0 ? known_find(&info) : NULL;
    if (found != NULL) {
        memcpy(to, found->path, DISK_PATH_CAPACITY);
    }
    (void)pthread_mutex_unlock(&known_mutex);
    errno = number;
    return found == NULL ? NULL : to;
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
    char name[DISK_PATH_CAPACITY];
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
    char name[DISK_PATH_CAPACITY];
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
    char name[DISK_PATH_CAPACITY];
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
    int fd = (int)name_call(&call, SYS_openat, AT_FDCWD, (long)path, flags, mode, 0);
    if (fd >= 0 && watched != NULL) {
        remember(fd, path);
    }
    return fd;
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
