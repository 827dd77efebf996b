#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/base/plant.h"
#include "platform/host/host.h"
#include "platform/store/objects_private.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES 16384u

enum draft_state { DRAFT_OPEN, DRAFT_GONE, DRAFT_FINISHED };
struct object_draft {
    struct objects *objects;
    struct hash sha256;
    bool named; /* sha256 is what it must be */
    enum draft_state state;
    char name[OBJECT_NAME_CAPACITY];
    int fd;
    uint64_t size;
};

static void draft_name(struct object_draft *draft, const struct hash *sha256)
{
    draft->named = sha256 != NULL;
    if (sha256 != NULL) {
        draft->sha256 = *sha256;
        objects_name(sha256, ".part", draft->name);
        return;
    }
    uint8_t random[16];
    char hex[HEX_CAPACITY(sizeof random)];
    host_random(random, sizeof random);
    (void)snprintf(draft->name, sizeof draft->name, "new-%s.tmp",
                   hex_encode(hex, random, sizeof random));
}

static void forget_list(const struct object_draft *draft)
{
    char list[OBJECT_NAME_CAPACITY];
    objects_name(&draft->sha256, ".list", list);
    (void)unlinkat(draft->objects->folder, list, 0);
}

static void forget(struct object_draft *draft)
{
    ASSERT(draft->state == DRAFT_OPEN);
    (void)unlinkat(draft->objects->folder, draft->name, 0);
    if (draft->named) {
        forget_list(draft);
    }
    draft->state = DRAFT_GONE;
}

/* The file is no good, or has no use. */
static void drop(struct object_draft *draft)
{
    forget(draft);
    objects_give_room(draft->objects, draft->size);
}

static int allocate(struct object_draft *draft, struct err_ctx *err)
{
    do {
        errno = posix_fallocate(draft->fd, 0, (off_t)draft->size);
    } while (errno == EINTR);
    return errno == 0 ? 0 : objects_fail(err, draft->name, "make room");
}

/* Room for all of it, so that a full disk says so now. */
static int reserve(struct object_draft *draft, struct err_ctx *err)
{
    struct objects *objects = draft->objects;
    struct stat info;
    if (fstat(draft->fd, &info) != 0) {
        return objects_fail(err, draft->name, "look at");
    }
    uint64_t counted = (uint64_t)info.st_size;
    if (counted > draft->size) {
        return err_set(err, ERR_VALUE, "object %.8s…: begun with another size", draft->name);
    }
    uint64_t more = draft->size - counted;
    if (more > 0 && !objects_take_room(objects, more)) {
        int rc = err_set(err, ERR_FULL, "no room for objects: %llu of %llu bytes are in use",
                         (unsigned long long)objects_bytes(objects),
                         (unsigned long long)objects->bytes_max);
        objects_give_room(objects, counted);
        forget(draft);
        return rc;
    }
    int rc = allocate(draft, err);
    if (rc != 0) { /* nothing was written to a file that never had its size */
        drop(draft);
    }
    return rc;
}

static int open_draft(struct object_draft *draft, struct err_ctx *err)
{
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (draft->named ? 0 : O_EXCL);
    draft->fd = openat(draft->objects->folder, draft->name, flags, 0600);
    if (draft->fd < 0) {
        return objects_fail(err, draft->name, "create");
    }
    int rc = reserve(draft, err);
    if (rc != 0) {
        (void)close(draft->fd);
    }
    return rc;
}

int objects_begin(struct objects *objects, const struct hash *sha256, uint64_t size,
                  struct object_draft **ret, struct err_ctx *err)
{
    uint64_t whole = 0;
    if (size == 0 || size > OBJECT_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, "an object has 1 to %u bytes", OBJECT_BYTES_MAX);
    }
    if (sha256 != NULL && objects_size(objects, sha256, &whole, NULL) == 0) {
        return err_set(err, ERR_EXISTS, "the object is here");
    }
    struct object_draft *draft = calloc(1, sizeof *draft);
    if (draft == NULL) {
        return err_set(err, ERR_NOMEM, "no memory for an object");
    }
    draft->objects = objects;
    draft->size = size;
    draft_name(draft, sha256);
    int rc = open_draft(draft, err);
    if (rc != 0) {
        free(draft);
        return rc;
    }
    *ret = draft;
    return 0;
}

static int write_at(int fd, const char *name, uint64_t offset, struct bytes bytes,
                    struct err_ctx *err)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t put = pwrite(fd, bytes.data + done, bytes.len - done, (off_t)(offset + done));
        if (put < 0 && errno != EINTR) {
            return objects_fail(err, name, "write");
        }
        done += put > 0 ? (size_t)put : 0;
    }
    return 0;
}

int objects_write(struct object_draft *draft, uint64_t offset, struct bytes bytes,
                  struct err_ctx *err)
{
    ASSERT(draft->state == DRAFT_OPEN);
    ASSERT(offset <= draft->size && bytes.len <= draft->size - offset);
    int rc = write_at(draft->fd, draft->name, offset, bytes, err);
    if (rc != 0) {
        drop(draft);
    }
    return rc;
}

int objects_left(const struct object_draft *draft, uint64_t offset, uint8_t *to, size_t len,
                 struct err_ctx *err)
{
    ASSERT(draft->state == DRAFT_OPEN);
    ASSERT(offset <= draft->size && len <= draft->size - offset);
    return objects_read_at(draft->fd, draft->name, offset, to, len, err);
}

/* Not synced: whoever reads it checks it, and fetches it again where it is torn. */
int objects_keep_list(struct object_draft *draft, struct bytes list, struct err_ctx *err)
{
    ASSERT(draft->named);
    char name[OBJECT_NAME_CAPACITY];
    objects_name(&draft->sha256, ".list", name);
    int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(draft->objects->folder, name, flags, 0600);
    if (fd < 0) {
        return objects_fail(err, name, "create");
    }
    int rc = write_at(fd, name, 0, list, err);
    (void)close(fd);
    return rc;
}

int objects_kept_list(const struct object_draft *draft, uint8_t *to, size_t len,
                      struct err_ctx *err)
{
    ASSERT(draft->named);
    char name[OBJECT_NAME_CAPACITY];
    objects_name(&draft->sha256, ".list", name);
    int fd = openat(draft->objects->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat info;
    if (fd < 0) {
        return objects_fail(err, name, "open");
    }
    int rc = 0;
    if (fstat(fd, &info) != 0) {
        rc = objects_fail(err, name, "look at");
    } else if (info.st_size < 0 || (uint64_t)info.st_size != len) {
        rc = err_set(err, ERR_NOT_FOUND, "the list that was kept has another length");
    } else {
        rc = objects_read_at(fd, name, 0, to, len, err);
    }
    (void)close(fd);
    return rc;
}

static int hash_file(const struct object_draft *draft, struct hash *ret, struct err_ctx *err)
{
    uint8_t piece[COPY_BYTES];
    crypto_hash_sha256_state state;
    (void)crypto_hash_sha256_init(&state);
    for (uint64_t at = 0; at < draft->size;) {
        uint64_t left = draft->size - at;
        size_t len = left < sizeof piece ? (size_t)left : sizeof piece;
        int rc = objects_read_at(draft->fd, draft->name, at, piece, len, err);
        if (rc != 0) {
            return rc;
        }
        (void)crypto_hash_sha256_update(&state, piece, len);
        at += len;
    }
    (void)crypto_hash_sha256_final(&state, ret->b);
    return 0;
}

/* Content first, then the name, then the folder that has it. */
static int give_name(struct object_draft *draft, struct err_ctx *err)
{
    char name[OBJECT_NAME_CAPACITY];
    int folder = draft->objects->folder;
    objects_name(&draft->sha256, "", name);
    if (!PLANTED(OBJECT_NOSYNC) && fsync(draft->fd) != 0) {
        return objects_fail(err, name, "sync");
    }
    if (renameat2(folder, draft->name, folder, name, RENAME_NOREPLACE) != 0) {
        return errno == EEXIST ? err_set(err, ERR_EXISTS, "the object is here")
                               : objects_fail(err, name, "name");
    }
    int rc = objects_sync_folder(draft->objects, err);
    if (rc != 0) { /* its name may not last, so nobody may meet it */
        (void)snprintf(draft->name, sizeof draft->name, "%s", name);
        return rc;
    }
    draft->state = DRAFT_FINISHED;
    if (draft->named) {
        forget_list(draft);
    }
    return 0;
}

int objects_finish(struct object_draft *draft, struct hash *ret_sha256, struct err_ctx *err)
{
    ASSERT(draft->state == DRAFT_OPEN);
    struct hash found;
    int rc = hash_file(draft, &found, err);
    if (rc == 0 && draft->named && !hash_equal(&found, &draft->sha256)) {
        rc = err_set(err, ERR_CHAIN, "the file is not the one that was named");
    }
    if (rc == 0) {
        draft->sha256 = found;
        rc = give_name(draft, err);
    }
    if (rc == 0 || rc == ERR_EXISTS) {
        *ret_sha256 = found;
    }
    if (rc != 0 && draft->state == DRAFT_OPEN) {
        drop(draft);
    }
    return rc;
}

void objects_give_up(struct object_draft *draft)
{
    if (draft->state == DRAFT_OPEN) {
        drop(draft);
    }
}

void objects_leave(struct object_draft *draft)
{
    if (draft == NULL) {
        return;
    }
    if (draft->state == DRAFT_OPEN && !draft->named) {
        drop(draft);
    }
    (void)close(draft->fd);
    free(draft);
}
