/* handover.c - the files that a report's evidence names by path: opened here, with the rights of
 * whoever hands the report in, and handed over before the report is.
 *
 * A file is a regular file itself, no link: in a shared folder somebody else may have put one that
 * leads to what only its reader may read. It is read twice, for its hash and on its way, and is
 * refused if it changed in between. Reasons never say a file's name: it may be a person's.
 */
#include "cli/cli.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "platform/door/door.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES (LINE_BYTES_MAX / 2) /* goes out as a line of hex */

struct photo {
    json_t *evidence; /* borrowed */
    size_t index;     /* in the report's list */
    int fd;
    struct stat info; /* as it was when its hash was made */
    char sha256[HEX_CAPACITY(crypto_hash_sha256_BYTES)];
};

struct handover {
    struct cli *cli;
    struct door_client *client;
    const char *folder;
    struct handed *ret;
    struct photo photos[EVIDENCE_MAX];
    size_t count;
    uint8_t piece[PIECE_BYTES];
    char hex[HEX_CAPACITY(PIECE_BYTES)];
};

/* ---- refusing: ERR_VALUE, and the reason in ret ---- */

static int refuse(struct handover *handover, const struct photo *photo, const char *field,
                  const char *reason)
{
    struct handed *ret = handover->ret;
    ret->refused = true;
    (void)snprintf(ret->field, sizeof ret->field, "evidence[%zu].%s", photo->index, field);
    (void)snprintf(ret->reason, sizeof ret->reason, "%s", reason);
    return ERR_VALUE;
}

static int changed(struct handover *handover, const struct photo *photo)
{
    return refuse(handover, photo, "path",
                  "the file changed while it was read: hand the report in again when nobody "
                  "writes it any more");
}

/* ---- one file ---- */

static int open_failed(struct handover *handover, const struct photo *photo)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return refuse(handover, photo, "path",
                      "there is no such file: say where it lies, from the folder of the reports");
    case ELOOP:
        return refuse(handover, photo, "path", "is a link: name the file itself");
    case EACCES:
    case EPERM:
        return refuse(handover, photo, "path", "you may not read this file");
    default:
        return refuse(handover, photo, "path", strerrordesc_np(errno));
    }
}

static int look_at(struct handover *handover, struct photo *photo)
{
    if (fstat(photo->fd, &photo->info) != 0) {
        return refuse(handover, photo, "path", strerrordesc_np(errno));
    }
    if (!S_ISREG(photo->info.st_mode)) {
        return refuse(handover, photo, "path", "is no file: a folder, a device or a pipe");
    }
    if (photo->info.st_size == 0) {
        return refuse(handover, photo, "path", "the file is empty");
    }
    if (photo->info.st_size > (off_t)OBJECT_BYTES_MAX) {
        return refuse(handover, photo, "path", "the file has more than 64 MiB: give a smaller one");
    }
    return 0;
}

/* The same file with the same content, as far as its folder knows. */
static bool same(const struct photo *photo)
{
    struct stat now;
    const struct stat *then = &photo->info;
    return fstat(photo->fd, &now) == 0 && now.st_size == then->st_size &&
           now.st_mtim.tv_sec == then->st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == then->st_mtim.tv_nsec &&
           now.st_ctim.tv_sec == then->st_ctim.tv_sec &&
           now.st_ctim.tv_nsec == then->st_ctim.tv_nsec;
}

/* As many bytes as there are, or fewer at the end of the file. */
static int read_piece(struct handover *handover, const struct photo *photo, uint64_t at,
                      size_t *ret)
{
    uint64_t left = (uint64_t)photo->info.st_size - at;
    size_t want = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
    size_t got = 0;
    while (got < want) {
        ssize_t more = pread(photo->fd, handover->piece + got, want - got, (off_t)(at + got));
        if (more < 0 && errno != EINTR) {
            return refuse(handover, photo, "path", strerrordesc_np(errno));
        }
        if (more == 0) {
            return changed(handover, photo);
        }
        got += more > 0 ? (size_t)more : 0;
    }
    *ret = want;
    return 0;
}

static int make_hash(struct handover *handover, struct photo *photo)
{
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES];
    (void)crypto_hash_sha256_init(&state);
    for (uint64_t at = 0; at < (uint64_t)photo->info.st_size;) {
        size_t len = 0;
        int rc = read_piece(handover, photo, at, &len);
        if (rc != 0) {
            return rc;
        }
        (void)crypto_hash_sha256_update(&state, handover->piece, len);
        at += len;
    }
    (void)crypto_hash_sha256_final(&state, hash);
    (void)hex_encode(photo->sha256, hash, sizeof hash);
    return same(photo) ? 0 : changed(handover, photo);
}

/* What was typed beside the path must be true of the file; what was not is filled in. */
static int fill_in(struct handover *handover, const struct photo *photo, const char *path)
{
    const json_t *size = json_object_get(photo->evidence, "size");
    const json_t *name = json_object_get(photo->evidence, "name");
    const json_t *sha256 = json_object_get(photo->evidence, "sha256");
    const char *slash = strrchr(path, '/');
    struct bytes base = bytes_of_text(slash == NULL ? path : slash + 1);
    if (sha256 != NULL && !json_is_null(sha256) &&
        (!json_is_string(sha256) || strcasecmp(json_string_value(sha256), photo->sha256) != 0)) {
        return refuse(handover, photo, "sha256", "is not that of the file: correct one of them");
    }
    if (size != NULL && !json_is_null(size) &&
        (!json_is_integer(size) || json_integer_value(size) != photo->info.st_size)) {
        return refuse(handover, photo, "size", "is not that of the file: correct one of them");
    }
    bool plain = base.len <= NAME_BYTES_MAX && text_plain_until(base, false) == base.len;
    int failed = json_object_set_new(photo->evidence, "sha256", json_string(photo->sha256));
    failed |= json_object_set_new(photo->evidence, "size", json_integer(photo->info.st_size));
    if ((name == NULL || json_is_null(name)) && plain) {
        failed |= json_object_set_new(photo->evidence, "name",
                                      json_stringn((const char *)base.data, base.len));
    }
    return failed == 0 ? 0 : ERR_NOMEM;
}

static int take_file(struct handover *handover, struct photo *photo, const char *path)
{
    char full[PATH_MAX];
    photo->fd = -1;
    if (path[0] == '\0' || path_join(handover->folder, path, full, sizeof full, NULL) != 0) {
        return refuse(handover, photo, "path", "names no file");
    }
    photo->fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    int rc = photo->fd < 0 ? open_failed(handover, photo) : look_at(handover, photo);
    rc = rc != 0 ? rc : make_hash(handover, photo);
    return rc != 0 ? rc : fill_in(handover, photo, path);
}

/* 0 with no file at all: the line goes as it is. What is not as it must be is the node's to say. */
static int take_files(struct handover *handover, const json_t *report)
{
    const json_t *list = json_object_get(report, "evidence");
    size_t count = json_array_size(list);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count && count <= EVIDENCE_MAX; i++) {
        json_t *evidence = json_array_get(list, i);
        const char *path = args_text(evidence, "path");
        if (path != NULL) {
            struct photo *photo = &handover->photos[handover->count++];
            photo->evidence = evidence;
            photo->index = i;
            rc = take_file(handover, photo, path);
        }
    }
    return rc;
}

/* ---- over to the node ---- */

static const struct photo *photo_of(const struct handover *handover, const char *sha256)
{
    for (size_t i = 0; sha256 != NULL && i < handover->count; i++) {
        if (strcmp(handover->photos[i].sha256, sha256) == 0) {
            return &handover->photos[i];
        }
    }
    return NULL;
}

static int send_file(struct handover *handover, const struct photo *photo, struct err_ctx *err)
{
    for (uint64_t at = 0; at < (uint64_t)photo->info.st_size;) {
        size_t len = 0;
        int rc = read_piece(handover, photo, at, &len);
        if (rc == 0 && !same(photo)) {
            rc = changed(handover, photo);
        }
        if (rc != 0) {
            return rc; /* we hang up: the node drops what it has of it */
        }
        const char *hex = hex_encode(handover->hex, handover->piece, len);
        rc = door_client_put(handover->client, bytes_of_text(hex), err);
        if (rc != 0) {
            return rc == ERR_GONE ? 0 : rc; /* its last words are read next */
        }
        at += len;
    }
    return 0;
}

/* The node does not take it: its words, as those of the line. */
static int node_refused(struct handover *handover, const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *text = args_text(error, "text");
    handover->ret->later = args_number(error, "exit", 0) == 75;
    (void)refuse(handover, &handover->photos[0], "path", text == NULL ? "refused" : text);
    (void)snprintf(handover->ret->field, sizeof handover->ret->field, "evidence");
    return ERR_VALUE;
}

/* One answer of the node's; *ret_over: it was the last. */
static int serve(struct handover *handover, const json_t *answer, bool *ret_over,
                 struct err_ctx *err)
{
    const json_t *row = json_object_get(answer, "row");
    *ret_over = row == NULL;
    if (row == NULL) {
        return json_is_true(json_object_get(answer, "ok")) ? 0 : node_refused(handover, answer);
    }
    const struct photo *photo = photo_of(handover, args_text(row, "want"));
    return photo != NULL ? send_file(handover, photo, err)
                         : err_set(err, ERR_FORMAT, "the node wants a file that was not named");
}

static int converse(struct handover *handover, struct err_ctx *err)
{
    int rc = 0;
    for (bool over = false; rc == 0 && !over;) {
        struct bytes line;
        rc = door_client_read(handover->client, &line, err);
        if (rc != 0) {
            return rc;
        }
        json_t *answer = json_loadb((const char *)line.data, line.len, 0, NULL);
        rc = json_is_object(answer)
                 ? serve(handover, answer, &over, err)
                 : err_set(err, ERR_FORMAT, "the daemon answered something that is not JSON");
        json_decref(answer);
    }
    return rc;
}

static int send_files(struct handover *handover, const char *line, struct err_ctx *err)
{
    int rc = call_open(handover->cli, COMMAND_NODE, &handover->client, err);
    rc = rc != 0 ? rc : call_send(handover->client, "report files", NULL, true, err);
    rc = rc != 0 ? rc : door_client_send(handover->client, bytes_of_text(line), err);
    return rc != 0 && rc != ERR_GONE ? rc : converse(handover, err);
}

/* ---- the line ---- */

static int hand_over(struct handover *handover, const json_t *report, struct err_ctx *err)
{
    int rc = take_files(handover, report);
    if (rc != 0 || handover->count == 0) {
        return rc;
    }
    char *line = json_dumps(report, JSON_COMPACT);
    if (line == NULL) {
        return err_set(err, ERR_NOMEM, "line");
    }
    if (strlen(line) > LINE_BYTES_MAX) {
        rc = refuse(handover, &handover->photos[0], "path",
                    "the line gets too long with the hashes of its files: split the report");
    }
    rc = rc != 0 ? rc : send_files(handover, line, err);
    if (rc == 0) {
        handover->ret->text = line;
        return 0;
    }
    free(line);
    return rc;
}

static void clear(struct handover *handover)
{
    for (size_t i = 0; i < handover->count; i++) {
        if (handover->photos[i].fd >= 0) {
            (void)close(handover->photos[i].fd);
        }
    }
    door_client_close(handover->client);
    free(handover);
}

int files_hand_over(struct cli *cli, const char *folder, struct bytes line, struct handed *ret,
                    struct err_ctx *err)
{
    static const char word[] = "\"path\"";
    if (line.len == 0 || memmem(line.data, line.len, word, sizeof word - 1) == NULL) {
        return 0;
    }
    struct handover *handover = calloc(1, sizeof *handover);
    if (handover == NULL) {
        return err_set(err, ERR_NOMEM, "files");
    }
    handover->cli = cli;
    handover->folder = folder;
    handover->ret = ret;
    json_t *report = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
    int rc = json_is_object(report) ? hand_over(handover, report, err) : 0;
    clear(handover);
    json_decref(report);
    return rc == ERR_VALUE && ret->refused ? 0 : rc;
}
