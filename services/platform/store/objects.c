#include "core/base/assert.h"
#include "platform/host/host.h"
#include "platform/store/objects_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEX_LEN (2u * HASH_BYTES)

int objects_fail(struct err_ctx *err, const char *name, const char *what)
{
    int number = errno;
    int code = number == ENOENT                       ? ERR_NOT_FOUND
               : number == ENOSPC || number == EDQUOT ? ERR_FULL
               : number == EACCES || number == EROFS  ? ERR_PERMISSION
                                                      : ERR_IO;
    return err_set(err, code, "object %.8s…: %s: %s", name, what, strerrordesc_np(number));
}

void objects_name(const struct hash *sha256, const char *ending, char ret[OBJECT_NAME_CAPACITY])
{
    char hex[HEX_CAPACITY(HASH_BYTES)];
    int len =
        snprintf(ret, OBJECT_NAME_CAPACITY, "%s%s", hex_encode(hex, sha256->b, HASH_BYTES), ending);
    ASSERT(len > 0 && (size_t)len < OBJECT_NAME_CAPACITY);
}

/* ---- the folder ---- */

static bool ends_with(const char *name, const char *ending)
{
    size_t len = strlen(name);
    size_t end = strlen(ending);
    return len >= end && strcmp(name + len - end, ending) == 0;
}

/* Counts a file of ours; what a copy left half done is dropped. Others' files are left alone. */
static int sweep_one(struct objects *objects, const char *name, struct err_ctx *err)
{
    if (strncmp(name, "new-", 4) == 0 && ends_with(name, ".tmp")) {
        return unlinkat(objects->folder, name, 0) == 0 ? 0 : objects_fail(err, name, "drop");
    }
    struct hash hash;
    size_t len = strlen(name);
    bool ours = len >= HEX_LEN && hex_decode(hash.b, HASH_BYTES, bytes_of(name, HEX_LEN)) &&
                (len == HEX_LEN || strcmp(name + HEX_LEN, ".part") == 0);
    struct stat info;
    if (!ours) {
        return 0;
    }
    if (fstatat(objects->folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return objects_fail(err, name, "look at");
    }
    objects->bytes += S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
    return 0;
}

/* NULL with errno 0: there is no more. */
static const struct dirent *next_entry(DIR *folder)
{
    errno = 0;
    /* cppcheck-suppress readdirCalled */
    return readdir(folder); /* the folder is ours alone: NOLINT(concurrency-mt-unsafe) */
}

static int sweep(struct objects *objects, struct err_ctx *err)
{
    int fd = openat(objects->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (folder == NULL) {
        int rc = objects_fail(err, "folder", "list");
        if (fd >= 0) {
            (void)close(fd);
        }
        return rc;
    }
    int rc = 0;
    const struct dirent *entry = next_entry(folder);
    while (entry != NULL && rc == 0) {
        rc = sweep_one(objects, entry->d_name, err);
        entry = next_entry(folder);
    }
    if (rc == 0 && errno != 0) {
        rc = objects_fail(err, "folder", "list");
    }
    (void)closedir(folder);
    return rc;
}

/* EINVAL: a file system that has nothing to sync for folders. */
int objects_sync_folder(const struct objects *objects, struct err_ctx *err)
{
    return fsync(objects->folder) == 0 || errno == EINVAL ? 0 : objects_fail(err, "folder", "sync");
}

int objects_open(const char *path, uint64_t bytes_max, struct objects **ret, struct err_ctx *err)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return objects_fail(err, "folder", "make");
    }
    struct objects *objects = calloc(1, sizeof *objects);
    if (objects == NULL) {
        return err_set(err, ERR_NOMEM, "no memory for objects");
    }
    objects->bytes_max = bytes_max;
    (void)pthread_mutex_init(&objects->lock, NULL);
    objects->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = objects->folder < 0 ? objects_fail(err, "folder", "open") : file_sync_name(path, err);
    if (rc == 0) {
        rc = sweep(objects, err);
    }
    /* A name may be in the page cache only: what ended before its sync is synced now. */
    if (rc == 0) {
        rc = objects_sync_folder(objects, err);
    }
    if (rc != 0) {
        objects_close(objects);
        return rc;
    }
    *ret = objects;
    return 0;
}

void objects_close(struct objects *objects)
{
    if (objects == NULL) {
        return;
    }
    if (objects->folder >= 0) {
        (void)close(objects->folder);
    }
    (void)pthread_mutex_destroy(&objects->lock);
    free(objects);
}

uint64_t objects_bytes(struct objects *objects)
{
    (void)pthread_mutex_lock(&objects->lock);
    uint64_t bytes = objects->bytes;
    (void)pthread_mutex_unlock(&objects->lock);
    return bytes;
}

bool objects_take_room(struct objects *objects, uint64_t bytes)
{
    (void)pthread_mutex_lock(&objects->lock);
    bool fits =
        objects->bytes <= objects->bytes_max && bytes <= objects->bytes_max - objects->bytes;
    objects->bytes += fits ? bytes : 0;
    (void)pthread_mutex_unlock(&objects->lock);
    return fits;
}

void objects_give_room(struct objects *objects, uint64_t bytes)
{
    (void)pthread_mutex_lock(&objects->lock);
    objects->bytes -= bytes;
    (void)pthread_mutex_unlock(&objects->lock);
}

/* ---- reading ---- */

static int open_whole(const struct objects *objects, const struct hash *sha256, int *ret_fd,
                      uint64_t *ret_size, struct err_ctx *err)
{
    char name[OBJECT_NAME_CAPACITY];
    objects_name(sha256, "", name);
    int fd = openat(objects->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    if (fd < 0) {
        return objects_fail(err, name, "open");
    }
    if (fstat(fd, &info) != 0) {
        int rc = objects_fail(err, name, "look at");
        (void)close(fd);
        return rc;
    }
    *ret_fd = fd;
    *ret_size = (uint64_t)info.st_size;
    return 0;
}

/* Exactly len bytes. */
int objects_read_at(int fd, const char *name, uint64_t offset, uint8_t *to, size_t len,
                    struct err_ctx *err)
{
    size_t done = 0;
    while (done < len) {
        ssize_t got = pread(fd, to + done, len - done, (off_t)(offset + done));
        if (got < 0 && errno != EINTR) {
            return objects_fail(err, name, "read");
        }
        if (got == 0) {
            return err_set(err, ERR_IO, "object %.8s…: shorter than it was", name);
        }
        done += got > 0 ? (size_t)got : 0;
    }
    return 0;
}

int objects_size(const struct objects *objects, const struct hash *sha256, uint64_t *ret,
                 struct err_ctx *err)
{
    int fd = -1;
    int rc = open_whole(objects, sha256, &fd, ret, err);
    if (rc == 0) {
        (void)close(fd);
    }
    return rc;
}

int objects_read(const struct objects *objects, const struct hash *sha256, uint64_t offset,
                 uint8_t *to, size_t len, struct err_ctx *err)
{
    int fd = -1;
    uint64_t size = 0;
    int rc = open_whole(objects, sha256, &fd, &size, err);
    if (rc != 0) {
        return rc;
    }
    if (offset > size || len > size - offset) {
        rc = err_set(err, ERR_VALUE, "a range beyond the object's end");
    } else {
        rc = objects_read_at(fd, "", offset, to, len, err);
    }
    (void)close(fd);
    return rc;
}
