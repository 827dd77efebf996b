/* said.h - what a program that we started says on standard error: passed on as it comes, and its
 * last line remembered, for the moment when it ends.
 *
 * The reading end never blocks and sends SIGIO, which the caller waits for. Not for programs that
 * must outlive us: they write to a pipe that ends with us.
 */
#ifndef CLI_SAID_H
#define CLI_SAID_H

#include "core/base/error.h"

#include <sys/types.h>

#define SAID_BYTES_MAX 512u /* of a line; the rest of a longer one is not remembered */

struct said {
    int fd; /* -1: closed */
    size_t len;
    char line[SAID_BYTES_MAX], last[SAID_BYTES_MAX];
};

/* fork(), *ret_pid as it returns: in the new process, standard error is what is heard here. A
 * reader that does not read costs it lines, and never makes it wait. */
int said_fork(struct said *said, pid_t *ret_pid, struct err_ctx *err) MUST_USE;
/* Passes on what is there. */
void said_pass(struct said *said);
/* It ended, with this status of waitpid: says so, with the last line it said, without its priority;
 * not that it stopped, which a daemon says at its very last. */
void said_end(struct said *said, const char *program, const char *conf, int status);
void said_close(struct said *said);

#endif
