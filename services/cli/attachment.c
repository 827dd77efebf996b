/* attachment.c - kabar case attachment open: a file of a case, out of the province's store.
 *
 * It is written beside OUT and gets that name once it is whole, synced, and has the hash that was
 * asked for. */
#include "cli/cli.h"

#include "platform/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct download {
    const char *out;
    char part[PATH_MAX]; /* beside it; empty: not made */
    int fd;
    crypto_hash_sha256_state sha256;
    int rc; /* of the first row that could not be written */
    struct err_ctx *err;
};

static int failed(const struct download *download, const char *what, const char *path)
{
    int code = errno == ENOSPC || errno == EDQUOT  ? ERR_FULL
               : errno == EACCES || errno == EROFS ? ERR_PERMISSION
               : errno == ENOENT                   ? ERR_NOT_FOUND
               : errno == EEXIST                   ? ERR_EXISTS
                                                   : ERR_IO;
    return err_set(download->err, code, "%s %s: %s", what, path, strerrordesc_np(errno));
}

/* Before anybody is told that an officer looks. */
static int begin(struct download *download)
{
    struct stat info;
    char part[PATH_MAX];
    int len = snprintf(part, sizeof part, "%s.part", download->out);
    if (len < 0 || (size_t)len >= sizeof part) {
        return err_set(download->err, ERR_LIMIT, "path too long: %.64s", download->out);
    }
    if (lstat(download->out, &info) == 0) {
        return err_set(download->err, ERR_EXISTS, "%s is there: say another name", download->out);
    }
    download->fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (download->fd < 0) {
        return failed(download, "create", part);
    }
    memcpy(download->part, part, sizeof part);
    (void)crypto_hash_sha256_init(&download->sha256);
    return 0;
}

static int write_all(struct download *download, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(download->fd, data, len);
        if (put < 0 && errno != EINTR) {
            return failed(download, "write", download->part);
        }
        data += put > 0 ? put : 0;
        len -= put > 0 ? (size_t)put : 0;
    }
    return 0;
}

static void take_row(void *arg, const json_t *row)
{
    struct download *download = arg;
    uint8_t *data = NULL;
    size_t len = 0;
    if (download->rc != 0) {
        return;
    }
    download->rc = json_unhex(row, "data", &data, &len, download->err);
    if (download->rc == 0) {
        (void)crypto_hash_sha256_update(&download->sha256, data, len);
        download->rc = write_all(download, data, len);
    }
    free(data);
}

static int finish(struct download *download, const char *wanted)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    char hex[HEX_CAPACITY(sizeof hash)];
    (void)crypto_hash_sha256_final(&download->sha256, hash);
    if (strcasecmp(hex_encode(hex, hash, sizeof hash), wanted) != 0) {
        return err_set(download->err, ERR_CHAIN,
                       "the province's copy of the file is damaged: its hash is %s", hex);
    }
    if (fsync(download->fd) != 0) {
        return failed(download, "sync", download->part);
    }
    return file_rename_new(download->part, download->out, download->err);
}

static void end(struct download *download, int rc)
{
    if (download->fd >= 0) {
        (void)close(download->fd);
    }
    if (rc != 0 && download->part[0] != '\0') {
        (void)unlink(download->part);
    }
}

int attachment_open_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct download download = {.out = args_text(args, "out"), .fd = -1, .err = err};
    json_t *result = NULL;
    json_t *request = json_deep_copy(args);
    int rc = request == NULL || json_object_del(request, "out") != 0
                 ? err_set(err, ERR_NOMEM, "request")
                 : begin(&download);
    rc = rc != 0
             ? rc
             : call_rows(cli, "case attachment open", request, take_row, &download, &result, err);
    rc = rc != 0 ? rc : download.rc;
    rc = rc != 0 ? rc : finish(&download, args_text(args, "hash"));
    end(&download, rc);
    if (rc == 0) {
        (void)json_object_set_new(result, "file", json_string(download.out));
        print_object(cli->output, result);
    }
    json_decref(result);
    json_decref(request);
    return rc;
}
