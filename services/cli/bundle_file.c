#include "cli/bundle.h"

#include "platform/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int failed(const char *what, const char *path, struct err_ctx *err)
{
    int code = errno == ENOSPC || errno == EDQUOT  ? ERR_FULL
               : errno == EACCES || errno == EROFS ? ERR_PERMISSION
               : errno == ENOENT                   ? ERR_NOT_FOUND
                                                   : ERR_IO;
    return err_set(err, code, "%s %s: %s", what, path, strerrordesc_np(errno));
}

/* ---- writing ---- */

static int write_all(struct bundle_writer *writer, const uint8_t *data, size_t len,
                     struct err_ctx *err)
{
    (void)crypto_generichash_update(&writer->digest, data, len);
    writer->bytes += len;
    while (len > 0) {
        ssize_t put = write(writer->fd, data, len);
        if (put < 0 && errno != EINTR) {
            return failed("write", writer->part, err);
        }
        data += put > 0 ? put : 0;
        len -= put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static int push(struct bundle_writer *writer, struct bytes plain, bool final, struct err_ctx *err)
{
    uint8_t chunk[4 + BUNDLE_CHUNK_BYTES_MAX];
    size_t len = bundle_push(&writer->stream, plain, final, chunk);
    return write_all(writer, chunk, len, err);
}

int bundle_writer_put(struct bundle_writer *writer, struct bytes frame, struct err_ctx *err)
{
    if (frame.len == 0 || frame.len > BUNDLE_FRAME_BYTES_MAX) {
        return err_set(err, ERR_FORMAT, "the daemon gave a frame that no bundle holds");
    }
    return push(writer, frame, false, err);
}

int bundle_writer_open(struct bundle_writer *writer, const char *path, enum bundle_kind kind,
                       const struct key *to, struct bytes manifest, struct err_ctx *err)
{
    struct stat info;
    uint8_t random[BUNDLE_RANDOM_BYTES];
    uint8_t head[BUNDLE_HEAD_BYTES];
    *writer = (struct bundle_writer){.fd = -1};
    int len = snprintf(writer->path, sizeof writer->path, "%s", path);
    if (len < 0 || (size_t)len >= sizeof writer->path) {
        return err_set(err, ERR_LIMIT, "path too long: %.64s", path);
    }
    if (lstat(path, &info) == 0) {
        return err_set(err, ERR_EXISTS, "%s is there: say another name", path);
    }
    (void)snprintf(writer->part, sizeof writer->part, "%s.part", path);
    /* One that was left behind is nobody's: a file gets its name once it is whole. */
    writer->fd = open(writer->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (writer->fd < 0) {
        return failed("create", writer->part, err);
    }
    (void)crypto_generichash_init(&writer->digest, NULL, 0, HASH_BYTES);
    host_random(random, sizeof random);
    int rc = bundle_begin(kind, to, random, &writer->stream, head, err);
    sodium_memzero(random, sizeof random);
    rc = rc != 0 ? rc : write_all(writer, head, sizeof head, err);
    return rc != 0 ? rc : bundle_writer_put(writer, manifest, err);
}

int bundle_writer_close(struct bundle_writer *writer, int rc, json_t **ret, struct err_ctx *err)
{
    uint8_t digest[HASH_BYTES];
    char hex[HEX_CAPACITY(HASH_BYTES)];
    rc = rc != 0 ? rc : push(writer, (struct bytes){0}, true, err);
    if (rc == 0 && fsync(writer->fd) != 0) {
        rc = failed("sync", writer->part, err);
    }
    if (writer->fd >= 0) {
        (void)close(writer->fd);
    }
    rc = rc != 0 ? rc : file_rename_new(writer->part, writer->path, err);
    if (rc != 0 && writer->fd >= 0) {
        (void)unlink(writer->part);
    }
    if (rc == 0) {
        (void)crypto_generichash_final(&writer->digest, digest, sizeof digest);
        *ret =
            json_pack("{s:s, s:I, s:s}", "file", writer->path, "bytes", (json_int_t)writer->bytes,
                      "digest", hex_encode(hex, digest, sizeof digest));
    }
    sodium_memzero(&writer->stream, sizeof writer->stream);
    return rc;
}

/* ---- reading ---- */

/* As much as there is, up to len; a stick that was pulled out gives less, or an error. */
static int read_some(struct bundle_reader *reader, uint8_t *data, size_t len, size_t *ret_len,
                     struct err_ctx *err)
{
    *ret_len = 0;
    while (*ret_len < len) {
        ssize_t got = read(reader->fd, data + *ret_len, len - *ret_len);
        if (got < 0 && errno != EINTR) {
            return failed("read", "the bundle", err);
        }
        if (got == 0) {
            break;
        }
        *ret_len += got > 0 ? (size_t)got : 0;
    }
    (void)crypto_generichash_update(&reader->digest, data, *ret_len);
    return 0;
}

int bundle_reader_open(struct bundle_reader *reader, const char *path, struct err_ctx *err)
{
    size_t len = 0;
    reader->whole = false;
    reader->piece_len = 0;
    (void)crypto_generichash_init(&reader->digest, NULL, 0, HASH_BYTES);
    reader->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->fd < 0) {
        return failed("open", path, err);
    }
    int rc = read_some(reader, reader->head, sizeof reader->head, &len, err);
    return rc != 0 ? rc
                   : bundle_head_decode(bytes_of(reader->head, len), &reader->kind, &reader->sealed,
                                        err);
}

void bundle_reader_start(struct bundle_reader *reader, const uint8_t key[32])
{
    bundle_continue(reader->head, key, &reader->stream);
}

/* The end was there: nothing may follow it. */
static int at_end(struct bundle_reader *reader, struct err_ctx *err)
{
    uint8_t more;
    size_t len = 0;
    int rc = read_some(reader, &more, 1, &len, err);
    if (rc == 0 && len > 0) {
        return err_set(err, ERR_FORMAT, "altered: something was written behind its end");
    }
    reader->whole = rc == 0;
    return rc != 0 ? rc : ERR_NOT_FOUND;
}

int bundle_reader_next(struct bundle_reader *reader, struct err_ctx *err)
{
    uint8_t chunk[BUNDLE_CHUNK_BYTES_MAX];
    uint8_t length[4];
    size_t wanted = 0;
    size_t len = 0;
    bool final = false;
    int rc = read_some(reader, length, sizeof length, &len, err);
    if (rc != 0 || len < sizeof length) {
        return rc != 0 ? rc : ERR_NOT_FOUND;
    }
    rc = bundle_chunk_bytes(length, &wanted, err);
    rc = rc != 0 ? rc : read_some(reader, chunk, wanted, &len, err);
    if (rc != 0 || len < wanted) {
        return rc != 0 ? rc : ERR_NOT_FOUND;
    }
    rc = bundle_pull(&reader->stream, bytes_of(chunk, len), reader->piece, &reader->piece_len,
                     &final, err);
    return rc == 0 && final ? at_end(reader, err) : rc;
}

void bundle_reader_close(struct bundle_reader *reader, char ret_digest[HEX_CAPACITY(HASH_BYTES)])
{
    uint8_t digest[HASH_BYTES];
    size_t len = reader->fd >= 0 ? 1 : 0;
    while (len > 0) {
        int rc = read_some(reader, reader->piece, sizeof reader->piece, &len, NULL);
        len = rc == 0 ? len : 0;
    }
    (void)crypto_generichash_final(&reader->digest, digest, sizeof digest);
    (void)hex_encode(ret_digest, digest, sizeof digest);
    if (reader->fd >= 0) {
        (void)close(reader->fd);
    }
    sodium_memzero(&reader->stream, sizeof reader->stream);
}
