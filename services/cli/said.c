#include "cli/said.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int hear(int ends[2], struct err_ctx *err)
{
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return err_set(err, ERR_IO, "pipe: %s", strerrordesc_np(errno));
    }
    if (fcntl(ends[0], F_SETOWN, getpid()) != 0 ||
        fcntl(ends[0], F_SETFL, O_NONBLOCK | O_ASYNC) != 0) {
        int code = errno;
        (void)close(ends[0]);
        (void)close(ends[1]);
        return err_set(err, ERR_IO, "pipe: %s", strerrordesc_np(code));
    }
    return 0;
}

int said_fork(struct said *said, pid_t *ret_pid, struct err_ctx *err)
{
    int ends[2];
    int rc = hear(ends, err);
    if (rc != 0) {
        return rc;
    }
    (void)fflush(NULL);
    pid_t pid = fork();
    int code = errno;
    if (pid == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
    }
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        return err_set(err, ERR_IO, "fork: %s", strerrordesc_np(code));
    }
    *said = (struct said){.fd = ends[0]};
    *ret_pid = pid;
    return 0;
}

/* A line is complete. That a program ended, with which code, is what we say ourselves. */
static void take_line(struct said *said)
{
    static const char end[] = "<6>event=stopped ";
    bool is_end = said->len >= sizeof end - 1 && memcmp(said->line, end, sizeof end - 1) == 0;
    if (said->len > 0 && !is_end) {
        memcpy(said->last, said->line, said->len);
        said->last[said->len] = '\0';
    }
    said->len = 0;
}

static void remember(struct said *said, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            take_line(said);
        } else if (said->len < sizeof said->line - 1) {
            said->line[said->len++] = text[i];
        }
    }
}

void said_pass(struct said *said)
{
    char text[4096];
    while (said->fd >= 0) {
        ssize_t got = read(said->fd, text, sizeof text);
        if (got > 0) {
            (void)fwrite(text, 1, (size_t)got, stderr);
            remember(said, text, (size_t)got);
        } else if (got == 0) {
            (void)close(said->fd);
            said->fd = -1;
        } else if (errno != EINTR) {
            return;
        }
    }
}

void said_end(struct said *said, const char *program, const char *conf, int status)
{
    bool signal = WIFSIGNALED(status);
    said_pass(said);
    take_line(said); /* be it one that was cut */
    const char *last = said->last;
    last += last[0] == '<' && last[1] >= '0' && last[1] <= '7' && last[2] == '>' ? 3 : 0;
    char *clean = text_clean(last);
    (void)fprintf(stderr, "kabar: %s (%s) %s %d%s%s\n", program, conf,
                  signal ? "was ended by signal" : "ended with status",
                  signal ? WTERMSIG(status) : WEXITSTATUS(status),
                  clean[0] == '\0' ? "" : "; the last it said: ", clean);
    free(clean);
}

void said_close(struct said *said)
{
    said_pass(said);
    if (said->fd >= 0) {
        (void)close(said->fd);
        said->fd = -1;
    }
}
