#include "platform/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_FIRST_BYTES 4096u
#define RIGHTS_OF_OTHERS 077u

static int code_of_errno(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_PERMISSION;
    case EEXIST:
        return ERR_EXISTS;
    case ENOMEM:
        return ERR_NOMEM;
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    default:
        return ERR_IO;
    }
}

/* Reads errno, so it comes straight after the call that failed. */
static int fail(struct err_ctx *err, const char *path, const char *what)
{
    int number = errno;
    return err_set(err, code_of_errno(number), "%s: %s: %s", path, what, strerrordesc_np(number));
}

/* ---- reading ---- */

struct growing {
    uint8_t *data;
    size_t len;
    size_t capacity;
};

/* Room for one more read; one byte above bytes_max tells "too big" from "just fits". */
static bool growing_reserve(struct growing *growing, size_t bytes_max)
{
    if (growing->len < growing->capacity) {
        return true;
    }
    size_t want = growing->capacity == 0 ? READ_FIRST_BYTES : growing->capacity * 2;
    want = want > bytes_max + 1 || want < growing->capacity ? bytes_max + 1 : want;
    uint8_t *data = realloc(growing->data, want + 1);
    if (data == NULL) {
        return false;
    }
    growing->data = data;
    growing->capacity = want;
    return true;
}

static int read_all(int fd, const char *path, size_t bytes_max, struct growing *to,
                    struct err_ctx *err)
{
    while (to->len <= bytes_max) {
        if (!growing_reserve(to, bytes_max)) {
            return err_set(err, ERR_NOMEM, "%s: out of memory", path);
        }
        ssize_t got = read(fd, to->data + to->len, to->capacity - to->len);
        if (got < 0 && errno != EINTR) {
            return fail(err, path, "read");
        }
        if (got == 0) {
            to->data[to->len] = 0;
            return 0;
        }
        to->len += got > 0 ? (size_t)got : 0;
    }
    return err_set(err, ERR_LIMIT, "%s: longer than %zu bytes", path, bytes_max);
}

/* On failure what was read is wiped: it may be part of a secret. */
static int read_fd(int fd, const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                   struct err_ctx *err)
{
    struct growing to = {0};
    int rc = read_all(fd, path, bytes_max < SIZE_MAX / 4 ? bytes_max : SIZE_MAX / 4, &to, err);
    if (rc != 0) {
        if (to.data != NULL) {
            explicit_bzero(to.data, to.len);
        }
        free(to.data);
        return rc;
    }
    *ret = to.data;
    *ret_len = to.len;
    return 0;
}

int file_read(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
              struct err_ctx *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(err, path, "open");
    }
    int rc = read_fd(fd, path, bytes_max, ret, ret_len, err);
    (void)close(fd);
    return rc;
}

/* A regular file of this user (or root) that gives group and others none of `rights`. */
static int check_rights(const struct stat *found, unsigned rights, const char *wanted,
                        const char *path, struct err_ctx *err)
{
    const struct stat info = *found;
    if (!S_ISREG(info.st_mode)) {
        return err_set(err, ERR_PERMISSION, "%s: not a regular file", path);
    }
    unsigned mode = (unsigned)info.st_mode & 07777u;
    if ((mode & rights) != 0) {
        return err_set(err, ERR_PERMISSION, "%s: mode is %04o, must be %s", path, mode, wanted);
    }
    if (info.st_uid != geteuid() && info.st_uid != 0) {
        return err_set(err, ERR_PERMISSION, "%s: owner is uid %u (mode %04o), must be uid %u", path,
                       (unsigned)info.st_uid, mode, (unsigned)geteuid());
    }
    return 0;
}

static int check_secret(int fd, const char *path, struct err_ctx *err)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        return fail(err, path, "stat");
    }
    return check_rights(&info, RIGHTS_OF_OTHERS, "0600", path, err);
}

int file_check(const char *path, enum file_guard guard, struct err_ctx *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return fail(err, path, "stat");
    }
    return guard == FILE_SECRET ? check_rights(&info, RIGHTS_OF_OTHERS, "0600", path, err)
                                : check_rights(&info, S_IWGRP | S_IWOTH, "0644 or less", path, err);
}

int file_read_secret(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                     struct err_ctx *err)
{
    /* O_NONBLOCK: a FIFO in its place must not hang us before it is refused. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail(err, path, "open");
    }
    int rc = check_secret(fd, path, err);
    if (rc == 0) {
        rc = read_fd(fd, path, bytes_max, ret, ret_len, err);
    }
    (void)close(fd);
    return rc;
}

/* ---- writing ---- */

/* The folder of a path, without its last part: "a/b" -> "a", "a" -> ".", "/a" -> "/". */
static int parent_of(const char *path, char *to, size_t capacity, struct err_ctx *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 0 : (size_t)(slash - path);
    if (len + 2 > capacity) {
        return err_set(err, ERR_LIMIT, "path too long: %.64s…", path);
    }
    if (len == 0) {
        to[0] = slash == NULL ? '.' : '/';
        len = 1;
    } else {
        memcpy(to, path, len);
    }
    to[len] = '\0';
    return 0;
}

int file_sync_name(const char *path, struct err_ctx *err)
{
    char folder[PATH_MAX];
    int rc = parent_of(path, folder, sizeof folder, err);
    if (rc != 0) {
        return rc;
    }
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return fail(err, folder, "open folder");
    }
    /* EINVAL: a file system that has nothing to sync for folders. */
    if (fsync(fd) != 0 && errno != EINVAL) {
        rc = fail(err, folder, "sync folder");
    }
    (void)close(fd);
    return rc;
}

static int write_all(int fd, const char *path, struct bytes content, struct err_ctx *err)
{
    size_t done = 0;
    while (done < content.len) {
        ssize_t put = write(fd, content.data + done, content.len - done);
        if (put < 0 && errno != EINTR) {
            return fail(err, path, "write");
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

/* A new file at path, its content synced; nothing is left behind on failure. */
static int write_new(const char *path, unsigned mode, struct bytes content, struct err_ctx *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(err, path, "create");
    }
    int rc = write_all(fd, path, content, err);
    /* fchmod: the process's umask shall not decide. */
    if (rc == 0 && fchmod(fd, (mode_t)mode) != 0) {
        rc = fail(err, path, "set mode");
    }
    if (rc == 0 && fsync(fd) != 0) {
        rc = fail(err, path, "sync");
    }
    if (close(fd) != 0 && rc == 0) {
        rc = fail(err, path, "close");
    }
    if (rc != 0) {
        (void)unlink(path);
    }
    return rc;
}

static int beside(const char *path, char *to, size_t capacity, struct err_ctx *err)
{
    uint8_t random[6];
    char hex[HEX_CAPACITY(sizeof random)];
    host_random(random, sizeof random);
    int len = snprintf(to, capacity, "%s.%s.tmp", path, hex_encode(hex, random, sizeof random));
    if (len < 0 || (size_t)len >= capacity) {
        return err_set(err, ERR_LIMIT, "path too long: %.64s…", path);
    }
    return 0;
}

/* The name appears only with its whole content behind it, and never over another file. */
static int move_new(const char *from, const char *to, struct err_ctx *err)
{
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return fail(err, to, "create");
    }
    /* A file system without that flag: a hard link refuses to replace as well. */
    if (link(from, to) != 0) {
        return fail(err, to, "create");
    }
    (void)unlink(from);
    return 0;
}

static int move_over(const char *from, const char *to, struct err_ctx *err)
{
    return rename(from, to) == 0 ? 0 : fail(err, to, "replace");
}

static int write_beside_and_move(const char *path, unsigned mode, struct bytes content,
                                 int (*move)(const char *, const char *, struct err_ctx *),
                                 struct err_ctx *err)
{
    char temporary[PATH_MAX];
    int rc = beside(path, temporary, sizeof temporary, err);
    if (rc != 0) {
        return rc;
    }
    rc = write_new(temporary, mode, content, err);
    if (rc != 0) {
        return rc;
    }
    rc = move(temporary, path, err);
    if (rc != 0) {
        (void)unlink(temporary);
        return rc;
    }
    return file_sync_name(path, err);
}

int file_create(const char *path, unsigned mode, struct bytes content, struct err_ctx *err)
{
    return write_beside_and_move(path, mode, content, move_new, err);
}

int file_replace(const char *path, unsigned mode, struct bytes content, struct err_ctx *err)
{
    return write_beside_and_move(path, mode, content, move_over, err);
}

int file_rename_new(const char *from, const char *to, struct err_ctx *err)
{
    int rc = move_new(from, to, err);
    rc = rc != 0 ? rc : file_sync_name(to, err);
    return rc != 0 ? rc : file_sync_name(from, err);
}

/* ---- folders ---- */

/* One of ours that was there: who made it may have died before its name was on the disk. Where the
 * folder above cannot be opened or written, we made nothing in it. */
static int sync_parent_again(const char *path, const struct stat *info, struct err_ctx *err)
{
    struct err_ctx why = {""};
    int rc = info->st_uid == geteuid() ? file_sync_name(path, &why) : 0;
    return rc == 0 || rc == ERR_PERMISSION ? 0 : err_set(err, rc, "%s", why.text);
}

static int make_one(const char *path, struct err_ctx *err)
{
    struct stat info;
    if (mkdir(path, 0700) == 0) {
        return file_sync_name(path, err);
    }
    int number = errno;
    /* Whatever mkdir says (EEXIST, EACCES, EROFS): a folder that is there is fine. */
    if (stat(path, &info) == 0) {
        return S_ISDIR(info.st_mode) ? sync_parent_again(path, &info, err)
                                     : err_set(err, ERR_EXISTS, "%s: exists, not a folder", path);
    }
    errno = number;
    return fail(err, path, "make folder");
}

int folder_make(const char *path, struct err_ctx *err)
{
    char part[PATH_MAX];
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof part) {
        return err_set(err, ERR_LIMIT, "path empty or too long: %.64s", path);
    }
    memcpy(part, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (part[i] == '/' && part[i - 1] != '/') {
            part[i] = '\0';
            int rc = make_one(part, err);
            if (rc != 0) {
                return rc;
            }
            part[i] = '/';
        }
    }
    return make_one(part, err);
}
