/* copy.c - a copy of a store that is in use, by LMDB's own reader, and what makes it trustworthy.
 *
 *   file     LMDB's data file ‖ trailer
 *   trailer  magic 16 ‖ kind 16 ‖ data bytes 8 ‖ BLAKE2b-256 of all before it 32
 *
 * LMDB has no checksums, and a file of it that was cut or changed ends a program that opens it: so
 * no copy is opened before its hash was looked at. LMDB does not mind what stands behind its pages.
 *
 *     LMDB's copy ──► pipe ──► hash and write ──► file     (two threads: it counts, and can give
 * up)
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/assert.h"
#include "platform/host/host.h"
#include "platform/store/store_private.h"

#define MAGIC "kabar.backup.v1" /* and its NUL */
#define TRAILER_HEAD_BYTES (sizeof MAGIC + STORE_KIND_BYTES + 8u)
#define TRAILER_BYTES (TRAILER_HEAD_BYTES + HASH_BYTES)
#define BLOCK_BYTES (1u << 20)
#define PATH_BYTES_MAX 4096

static int fail(struct err_ctx *err, const char *what, int cause)
{
    int rc = cause == EEXIST                                        ? ERR_EXISTS
             : cause == ENOSPC || cause == EDQUOT || cause == EFBIG ? ERR_FULL
             : cause == EACCES || cause == EPERM || cause == EROFS  ? ERR_PERMISSION
             : cause == ENOENT || cause == ENOTDIR                  ? ERR_NOT_FOUND
             : cause == ENOMEM                                      ? ERR_NOMEM
                                                                    : ERR_IO;
    return err_set(err, rc, "%s: %s", what, mdb_strerror(cause));
}

/* ---- a file that is written, and hashed on the way ---- */

struct out {
    int fd;
    uint64_t bytes;
    crypto_generichash_state hash;
};

static void hash_start(crypto_generichash_state *hash)
{
    ASSERT(crypto_generichash_init(hash, NULL, 0, HASH_BYTES) == 0);
}

static void hash_take(crypto_generichash_state *hash, const uint8_t *data, size_t len)
{
    ASSERT(crypto_generichash_update(hash, data, len) == 0);
}

/* Of all that was taken; more may follow. */
static void hash_now(const crypto_generichash_state *hash, struct hash *ret)
{
    crypto_generichash_state end = *hash;
    ASSERT(crypto_generichash_final(&end, ret->b, HASH_BYTES) == 0);
}

static int put(struct out *out, const uint8_t *data, size_t len, struct err_ctx *err)
{
    hash_take(&out->hash, data, len);
    out->bytes += len;
    while (len > 0) {
        ssize_t done = write(out->fd, data, len);
        if (done < 0 && errno != EINTR) {
            return fail(err, "write", errno);
        }
        data += done > 0 ? done : 0;
        len -= done > 0 ? (size_t)done : 0;
    }
    return 0;
}

/* 0 and fewer bytes at the end only. */
static int read_block(int fd, uint8_t *block, size_t wanted, size_t *ret_len, struct err_ctx *err)
{
    size_t len = 0;
    while (len < wanted) {
        ssize_t got = read(fd, block + len, wanted - len);
        if (got < 0 && errno != EINTR) {
            return fail(err, "read", errno);
        }
        if (got == 0) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
    }
    *ret_len = len;
    return 0;
}

/* ---- LMDB's end of the pipe ---- */

struct source {
    struct store *store;
    int fd;
    int cause;
};

static void *source_main(void *arg)
{
    struct source *source = arg;
    source->cause = mdb_env_copyfd2(source->store->env, source->fd, MDB_CP_COMPACT);
    if (source->cause == MDB_READERS_FULL && store_readers_check(source->store) > 0) {
        source->cause = mdb_env_copyfd2(source->store->env, source->fd, MDB_CP_COMPACT);
    }
    (void)close(source->fd);
    return NULL;
}

/* Until the pipe's end, or an error, or nobody wants it any more. */
static int drain(int fd, struct out *out, uint8_t *block, const struct store_watch *watch,
                 struct err_ctx *err)
{
    for (;;) {
        ssize_t got = read(fd, block, BLOCK_BYTES);
        if (got == 0) {
            return 0;
        }
        if (got < 0 && errno != EINTR) {
            return fail(err, "read", errno);
        }
        int rc = got > 0 ? put(out, block, (size_t)got, err) : 0;
        if (rc != 0) {
            return rc;
        }
        if (!store_watch_go_on(watch, out->bytes)) {
            return err_set(err, ERR_GONE, "given up");
        }
    }
}

static int copy_data(struct store *store, struct out *out, uint8_t *block,
                     const struct store_watch *watch, struct err_ctx *err)
{
    int ends[2];
    pthread_t thread;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail(err, "pipe", errno);
    }
    struct source source = {.store = store, .fd = ends[1]};
    int cause = host_thread_start(&thread, source_main, &source);
    if (cause != 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return fail(err, "start thread", cause);
    }
    int rc = drain(ends[0], out, block, watch, err);
    (void)close(ends[0]); /* LMDB gets EPIPE if there was more */
    ASSERT(pthread_join(thread, NULL) == 0);
    return rc == 0 && source.cause != 0 ? fail(err, "read", source.cause) : rc;
}

static int put_trailer(struct out *out, const char *kind, struct err_ctx *err)
{
    uint8_t trailer[TRAILER_HEAD_BYTES] = MAGIC;
    struct hash hash;
    size_t len = strlen(kind);
    ASSERT(len < STORE_KIND_BYTES);
    memcpy(trailer + sizeof MAGIC, kind, len);
    put_be64(trailer + sizeof MAGIC + STORE_KIND_BYTES, out->bytes);
    int rc = put(out, trailer, sizeof trailer, err);
    hash_now(&out->hash, &hash);
    return rc != 0 ? rc : put(out, hash.b, HASH_BYTES, err);
}

static int copy_into(struct store *store, int fd, const struct store_copy *copy,
                     struct err_ctx *err)
{
    struct out out = {.fd = fd};
    uint8_t *block = malloc(BLOCK_BYTES);
    if (block == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    hash_start(&out.hash);
    int rc = copy_data(store, &out, block, copy->watch, err);
    rc = rc != 0 ? rc : put_trailer(&out, copy->kind, err);
    free(block);
    return rc != 0 ? rc : fsync(fd) == 0 ? 0 : fail(err, "sync", errno);
}

int store_copy(struct store *store, const struct store_copy *copy, struct err_ctx *err)
{
    int fd = open(copy->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(err, copy->path, errno);
    }
    int rc = copy_into(store, fd, copy, err);
    if (close(fd) != 0 && rc == 0) {
        rc = fail(err, "close", errno);
    }
    if (rc == 0) {
        rc = file_sync_name(copy->path, err);
    }
    if (rc != 0) {
        (void)unlink(copy->path);
        return err_wrap(err, rc, "%s", copy->path);
    }
    return 0;
}

/* ---- looking at one ---- */

/* What the trailer says, if it is one. */
static int read_trailer(int fd, uint8_t trailer[TRAILER_BYTES], struct store_copy_facts *ret,
                        struct err_ctx *err)
{
    struct stat file;
    if (fstat(fd, &file) != 0) {
        return fail(err, "stat", errno);
    }
    off_t at = file.st_size - (off_t)TRAILER_BYTES;
    if (!S_ISREG(file.st_mode) || at <= 0) {
        return err_set(err, ERR_FORMAT, "no backup of kabar, or cut short");
    }
    if (pread(fd, trailer, TRAILER_BYTES, at) != (ssize_t)TRAILER_BYTES) {
        return fail(err, "read", errno);
    }
    uint64_t data_bytes = get_be64(trailer + sizeof MAGIC + STORE_KIND_BYTES);
    if (memcmp(trailer, MAGIC, sizeof MAGIC) != 0 || data_bytes != (uint64_t)at ||
        trailer[sizeof MAGIC + STORE_KIND_BYTES - 1] != 0) {
        return err_set(err, ERR_FORMAT, "no backup of kabar, or cut short");
    }
    memcpy(ret->kind, trailer + sizeof MAGIC, STORE_KIND_BYTES);
    ret->bytes = (uint64_t)file.st_size;
    ret->data_bytes = data_bytes;
    return 0;
}

static int hash_file(int fd, uint64_t bytes, crypto_generichash_state *hash,
                     const struct store_watch *watch, struct err_ctx *err)
{
    uint8_t *block = malloc(BLOCK_BYTES);
    int rc = block == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    for (uint64_t done = 0; rc == 0 && done < bytes;) {
        size_t wanted = bytes - done < BLOCK_BYTES ? (size_t)(bytes - done) : BLOCK_BYTES;
        size_t len = 0;
        rc = read_block(fd, block, wanted, &len, err);
        if (rc == 0 && len < wanted) {
            rc = err_set(err, ERR_FORMAT, "cut short while it was read");
        }
        if (rc == 0) {
            hash_take(hash, block, len);
            done += len;
            rc = store_watch_go_on(watch, done) ? 0 : err_set(err, ERR_GONE, "given up");
        }
    }
    free(block);
    return rc;
}

static int check_fd(int fd, const struct store_watch *watch, struct store_copy_facts *ret,
                    struct err_ctx *err)
{
    uint8_t trailer[TRAILER_BYTES];
    struct store_copy_facts facts = {.bytes = 0};
    crypto_generichash_state hash;
    struct hash found;
    int rc = read_trailer(fd, trailer, &facts, err);
    if (rc != 0) {
        return rc;
    }
    /* What was written is synced: what the disk has shall be seen, not what memory has. */
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    hash_start(&hash);
    rc = hash_file(fd, facts.bytes - HASH_BYTES, &hash, watch, err);
    if (rc != 0) {
        return rc;
    }
    hash_now(&hash, &found);
    if (memcmp(found.b, trailer + TRAILER_HEAD_BYTES, HASH_BYTES) != 0) {
        return err_set(err, ERR_FORMAT, "damaged: its content is not what was written");
    }
    hash_take(&hash, trailer + TRAILER_HEAD_BYTES, HASH_BYTES);
    hash_now(&hash, &facts.blake2b);
    *ret = facts;
    return 0;
}

int store_copy_check(const char *path, const struct store_watch *watch,
                     struct store_copy_facts *ret, struct err_ctx *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return fail(err, path, errno);
    }
    int rc = check_fd(fd, watch, ret, err);
    (void)close(fd);
    return rc == 0 ? 0 : err_wrap(err, rc, "%s", path);
}

/* ---- and taking it into use ---- */

static int unpack_fd(int from, int to, struct err_ctx *err)
{
    uint8_t trailer[TRAILER_BYTES];
    struct store_copy_facts facts = {.data_bytes = 0};
    int rc = read_trailer(from, trailer, &facts, err);
    uint8_t *block = rc == 0 ? malloc(BLOCK_BYTES) : NULL;
    struct out out = {.fd = to};
    hash_start(&out.hash);
    while (rc == 0 && block != NULL && out.bytes < facts.data_bytes) {
        uint64_t left = facts.data_bytes - out.bytes;
        size_t wanted = left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES;
        size_t len = 0;
        rc = read_block(from, block, wanted, &len, err);
        rc = rc != 0         ? rc
             : len == wanted ? put(&out, block, len, err)
                             : err_set(err, ERR_FORMAT, "cut short while it was read");
    }
    if (rc == 0 && block == NULL) {
        rc = err_set(err, ERR_NOMEM, "out of memory");
    }
    free(block);
    return rc != 0 ? rc : fsync(to) == 0 ? 0 : fail(err, "sync", errno);
}

int store_copy_unpack(const char *path, const char *folder, struct err_ctx *err)
{
    char data[PATH_BYTES_MAX];
    int len = snprintf(data, sizeof data, "%s/data.mdb", folder);
    if (len < 0 || (size_t)len >= sizeof data) {
        return err_set(err, ERR_LIMIT, "path too long");
    }
    int from = open(path, O_RDONLY | O_CLOEXEC);
    if (from < 0) {
        return fail(err, path, errno);
    }
    int to = open(data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (to < 0) {
        int rc = fail(err, data, errno);
        (void)close(from);
        return rc;
    }
    int rc = unpack_fd(from, to, err);
    (void)close(from);
    if (close(to) != 0 && rc == 0) {
        rc = fail(err, "close", errno);
    }
    rc = rc != 0 ? err_wrap(err, rc, "%s", data) : file_sync_name(data, err);
    if (rc != 0) {
        (void)unlink(data);
    }
    return rc;
}
