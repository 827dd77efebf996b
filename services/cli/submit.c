/* submit.c - a file of reports to the node's door, line by line, without waiting for each answer.
 *
 * Every line goes out as it stands, blank ones too, so that the node's line numbers are the file's.
 * Answers are read while sending; whatever the output mode, they go out as the JSON lines they are.
 */
#include "cli/cli.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "platform/door/door.h"
#include "platform/host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define PROGRESS_MS 200u
#define IDLE_MS 20 /* how often answers are looked for while the file gives nothing */
#define READ_BYTES 65536u

struct submit {
    struct cli *cli;
    struct door_client *client;
    int fd;
    const char *name;
    char folder[PATH_MAX]; /* that it is in */
    uint8_t *buffer;       /* READ_BYTES of the file, given out up to at */
    size_t at, filled;
    uint8_t *line; /* LINE_BYTES_MAX + 1: one more tells the node that it is too long */
    size_t len;
    uint64_t lines, blank, accepted, refused;
    uint64_t later; /* of the refused: nothing wrong with them, the node cannot take them now */
    uint64_t bytes, size; /* of the file; size 0: unknown */
    uint64_t began_ms, shown_ms;
    bool progress, over;
};

/* ---- answers ---- */

static void count_answer(struct submit *submit, const json_t *answer, struct bytes line)
{
    bool accepted = json_is_true(json_object_get(answer, "accepted"));
    submit->accepted += accepted ? 1 : 0;
    submit->refused += accepted ? 0 : 1;
    submit->later += json_is_true(json_object_get(answer, "retry")) ? 1 : 0;
    (void)fwrite(line.data, 1, line.len, stdout);
    (void)fputc('\n', stdout);
}

static int take_answer(struct submit *submit, struct err_ctx *err)
{
    struct bytes line;
    json_t *result = NULL;
    int rc = door_client_read(submit->client, &line, err);
    if (rc != 0) {
        return rc;
    }
    json_t *answer = json_loadb((const char *)line.data, line.len, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(answer)) {
        rc = err_set(err, ERR_FORMAT, "the daemon answered something that is not JSON");
    } else if (json_object_get(answer, "ok") != NULL) {
        rc = call_outcome(submit->cli, answer, &result, err);
        submit->over = true;
    } else {
        count_answer(submit, answer, line);
    }
    json_decref(result);
    json_decref(answer);
    return rc;
}

static int take_answers(struct submit *submit, struct err_ctx *err)
{
    int rc = 0;
    while (rc == 0 && !submit->over && door_client_readable(submit->client)) {
        rc = take_answer(submit, err);
    }
    return rc;
}

/* ---- progress ---- */

static void show_left(const struct submit *submit, uint64_t passed_ms)
{
    if (submit->size == 0 || submit->bytes == 0 || submit->lines == 0) {
        return;
    }
    uint64_t answered = submit->accepted + submit->refused + submit->blank;
    double part =
        (double)submit->bytes / (double)submit->size * (double)answered / (double)submit->lines;
    if (part > 0) {
        uint64_t left_s = (uint64_t)((double)passed_ms * (1 / part - 1) / 1000);
        (void)fprintf(stderr, ", %.0f %%, %" PRIu64 ":%02" PRIu64 " left", part * 100, left_s / 60,
                      left_s % 60);
    }
}

static void show_progress(struct submit *submit, bool last)
{
    uint64_t now_ms = host_monotonic_ms();
    if (!submit->progress || (!last && now_ms - submit->shown_ms < PROGRESS_MS)) {
        return;
    }
    uint64_t passed_ms = now_ms - submit->began_ms;
    uint64_t rate = (submit->accepted + submit->refused) * 1000 / (passed_ms + 1);
    (void)fprintf(stderr, "\r\033[K%" PRIu64 " accepted, %" PRIu64 " refused, %" PRIu64 "/s",
                  submit->accepted, submit->refused, rate);
    if (!last) {
        show_left(submit, passed_ms);
    }
    (void)fputs(last ? "\n" : "", stderr);
    (void)fflush(stderr);
    submit->shown_ms = now_ms;
}

/* ---- files ---- */

int files_folder(const char *name, char ret[PATH_MAX], struct err_ctx *err)
{
    const char *slash = strrchr(name, '/');
    int len = slash == NULL ? snprintf(ret, PATH_MAX, ".")
                            : snprintf(ret, PATH_MAX, "%.*s", (int)(slash - name) + 1, name);
    return len >= 0 && len < PATH_MAX ? 0 : err_set(err, ERR_LIMIT, "path too long: %.64s", name);
}

/* Our own refusal comes when its turn is: behind the answers to all lines before it. */
static int refuse_here(struct submit *submit, const struct handed *handed, struct err_ctx *err)
{
    int rc = 0;
    while (rc == 0 && !submit->over &&
           submit->accepted + submit->refused + submit->blank + 1 < submit->lines) {
        rc = take_answer(submit, err);
    }
    json_t *answer = json_pack("{s:I, s:b, s:s, s:s, s:o*}", "line", (json_int_t)submit->lines,
                               "accepted", 0, "field", handed->field, "reason", handed->reason,
                               "retry", handed->later ? json_true() : NULL);
    char *text = json_dumps(answer, JSON_COMPACT);
    if (rc == 0 && text == NULL) {
        rc = err_set(err, ERR_NOMEM, "answer");
    }
    if (rc == 0 && !submit->over) {
        count_answer(submit, answer, bytes_of_text(text));
    }
    free(text);
    json_decref(answer);
    return rc;
}

/* A line with files: they go first. What is refused here goes as a blank line, so that the node
 * counts lines as we do. */
static int hand_over(struct submit *submit, struct bytes line, struct err_ctx *err)
{
    struct handed handed = {.text = NULL};
    int rc = files_hand_over(submit->cli, submit->folder, line, &handed, err);
    if (rc == 0 && handed.refused) {
        rc = refuse_here(submit, &handed, err);
        line = bytes_of(NULL, 0);
    } else if (handed.text != NULL) {
        line = bytes_of_text(handed.text);
    }
    rc = rc != 0 ? rc : door_client_put(submit->client, line, err);
    free(handed.text);
    return rc;
}

/* ---- lines ---- */

/* Answers must come out while a slow writer thinks: it may be waiting for one. */
static int wait_for_input(struct submit *submit, struct err_ctx *err)
{
    struct pollfd ready = {.fd = submit->fd, .events = POLLIN};
    int rc = 0;
    while (rc == 0 && !submit->over && poll(&ready, 1, 0) == 0) {
        rc = door_client_flush(submit->client, err);
        rc = rc == 0 || rc == ERR_GONE ? take_answers(submit, err) : rc;
        (void)fflush(stdout);
        show_progress(submit, false);
        if (poll(&ready, 1, IDLE_MS) != 0) {
            break;
        }
    }
    return rc;
}

/* More of the file; filled is 0 at its end. */
static int fill(struct submit *submit, struct err_ctx *err)
{
    ssize_t got = -1;
    do {
        int rc = wait_for_input(submit, err);
        if (rc != 0) {
            return rc;
        }
        got = submit->over ? 0 : read(submit->fd, submit->buffer, READ_BYTES);
    } while (got < 0 && (errno == EINTR || errno == EAGAIN));
    if (got < 0) {
        return err_set(err, ERR_IO, "%s: %s", submit->name, strerrordesc_np(errno));
    }
    submit->at = 0;
    submit->filled = (size_t)got;
    submit->bytes += submit->filled;
    return 0;
}

/* The next line without its end; what is longer than the limit is cut one byte above it. *ret is
 * false at the end of the file. */
static int next_line(struct submit *submit, bool *ret, struct err_ctx *err)
{
    submit->len = 0;
    for (;;) {
        if (submit->at == submit->filled) {
            int rc = fill(submit, err);
            if (rc != 0 || submit->filled == 0) {
                *ret = rc == 0 && submit->len > 0;
                return rc;
            }
        }
        const uint8_t *from = submit->buffer + submit->at;
        const uint8_t *end = memchr(from, '\n', submit->filled - submit->at);
        size_t len = end == NULL ? submit->filled - submit->at : (size_t)(end - from);
        size_t room = LINE_BYTES_MAX + 1 - submit->len;
        memcpy(submit->line + submit->len, from, len < room ? len : room);
        submit->len += len < room ? len : room;
        submit->at += len + (end == NULL ? 0 : 1);
        if (end != NULL) {
            *ret = true;
            return 0;
        }
    }
}

static struct bytes line_to_send(struct submit *submit)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf}; /* byte order mark of some editors */
    struct bytes line = bytes_of(submit->line, submit->len);
    if (submit->lines == 1 && line.len >= sizeof mark &&
        memcmp(line.data, mark, sizeof mark) == 0) {
        line = bytes_of(line.data + sizeof mark, line.len - sizeof mark);
    }
    if (line.len > 0 && line.data[line.len - 1] == '\r') {
        line.len--;
    }
    if (text_blank(line)) {
        submit->blank++;
        return bytes_of(NULL, 0);
    }
    /* A single "." would end the stream; with a blank it is a line to refuse. */
    return line.len == 1 && line.data[0] == '.' ? bytes_of_text(". ") : line;
}

/* A daemon that hung up may have said why. */
static int last_words(struct submit *submit, int rc, struct err_ctx *err)
{
    if (rc == ERR_GONE && !submit->over) {
        int said = take_answers(submit, err);
        return submit->over ? said : rc;
    }
    return rc;
}

static int send_lines(struct submit *submit, struct err_ctx *err)
{
    for (;;) {
        bool more = false;
        int rc = next_line(submit, &more, err);
        if (rc != 0 || !more || submit->over) {
            return rc;
        }
        submit->lines++;
        rc = hand_over(submit, line_to_send(submit), err);
        if (rc == 0) {
            rc = take_answers(submit, err);
        }
        if (rc != 0) {
            return last_words(submit, rc, err);
        }
        show_progress(submit, false);
    }
}

static int send_all(struct submit *submit, struct err_ctx *err)
{
    int rc = send_lines(submit, err);
    if (rc == 0 && !submit->over) {
        rc = last_words(submit, door_client_send(submit->client, bytes_of_text("."), err), err);
    }
    while (rc == 0 && !submit->over) {
        rc = take_answer(submit, err);
        show_progress(submit, false);
    }
    return rc;
}

/* ---- the command ---- */

static int open_file(struct submit *submit, struct err_ctx *err)
{
    struct stat info;
    bool input = strcmp(submit->name, "-") == 0;
    submit->fd = input ? STDIN_FILENO : open(submit->name, O_RDONLY | O_CLOEXEC);
    if (submit->fd < 0) {
        return err_set(err, errno == EACCES ? ERR_PERMISSION : ERR_NOT_FOUND, "%s: %s",
                       submit->name, strerrordesc_np(errno));
    }
    if (fstat(submit->fd, &info) == 0 && S_ISREG(info.st_mode)) {
        submit->size = (uint64_t)info.st_size;
    }
    submit->line = malloc(LINE_BYTES_MAX + 1);
    submit->buffer = malloc(READ_BYTES);
    return submit->line != NULL && submit->buffer != NULL ? 0 : err_set(err, ERR_NOMEM, "line");
}

/* The connection broke, or the daemon hangs: which lines have no answer, and what to do about
 * them. */
static int unanswered(const struct submit *submit, int rc, struct err_ctx *err)
{
    uint64_t answered = submit->accepted + submit->refused + submit->blank;
    rc = call_silence(submit->cli, "report submit", rc, err);
    if ((rc != ERR_GONE && rc != ERR_TIMEOUT) || submit->lines <= answered) {
        return rc;
    }
    return err_wrap(err, rc,
                    "%" PRIu64 " lines were sent and have no answer (a report with a key may be"
                    " handed in again, it counts once)",
                    submit->lines - answered);
}

static int submit_file(struct submit *submit, struct err_ctx *err)
{
    int rc = open_file(submit, err);
    if (rc == 0) {
        rc = call_open(submit->cli, COMMAND_NODE, &submit->client, err);
    }
    if (rc != 0) {
        return rc;
    }
    submit->began_ms = host_monotonic_ms();
    submit->progress = isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) != 1;
    rc = call_send(submit->client, "report submit", NULL, true, err);
    if (rc == 0) {
        rc = unanswered(submit, send_all(submit, err), err);
    }
    show_progress(submit, true);
    return rc;
}

int submit_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct submit submit = {.cli = cli, .fd = -1, .name = args_text(args, "file")};
    int rc = files_folder(submit.name, submit.folder, err);
    rc = rc != 0 ? rc : submit_file(&submit, err);
    if (rc == 0 && submit.refused > 0) {
        cli->exit_code = submit.later > 0 ? EX_TEMPFAIL : EX_DATAERR;
    }
    if (rc == 0 && !submit.progress && isatty(STDERR_FILENO) == 1) {
        (void)fprintf(stderr, "%" PRIu64 " accepted, %" PRIu64 " refused\n", submit.accepted,
                      submit.refused);
    }
    door_client_close(submit.client);
    if (submit.fd > STDIN_FILENO) {
        (void)close(submit.fd);
    }
    free(submit.line);
    free(submit.buffer);
    return rc;
}
