/* ask.c - questions to the person at the terminal; passphrases without echo. */
#include "cli/cli.h"

#include "platform/host/host.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#define PASSPHRASE_BYTES_MAX 1024u

bool ask_possible(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

/* One line from the terminal, byte by byte: stdio would keep a copy. */
static size_t read_line(uint8_t *to, size_t capacity)
{
    size_t len = 0;
    for (;;) {
        uint8_t byte = 0;
        ssize_t got = read(STDIN_FILENO, &byte, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 || byte == '\n') {
            return len;
        }
        if (len < capacity) {
            to[len++] = byte;
        }
    }
}

int ask_yes(const char *question, struct err_ctx *err)
{
    char answer[16] = {0};
    (void)fprintf(stderr, "%s (yes/no) ", question);
    (void)fflush(stderr);
    (void)read_line((uint8_t *)answer, sizeof answer - 1);
    return strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "ya") == 0
               ? 0
               : err_set(err, ERR_STATE, "not confirmed; nothing was done");
}

/* ---- passphrases ---- */

void secret_free(struct secret *secret)
{
    if (secret->data != NULL) {
        sodium_memzero(secret->data, secret->len);
        free(secret->data);
    }
    *secret = (struct secret){0};
}

static int from_file(const char *file, struct secret *ret, struct err_ctx *err)
{
    int rc = file_read_secret(file, PASSPHRASE_BYTES_MAX, &ret->data, &ret->len, err);
    if (rc != 0) {
        return rc;
    }
    uint8_t *end = memchr(ret->data, '\n', ret->len);
    if (end != NULL) {
        size_t len = (size_t)(end - ret->data);
        sodium_memzero(end, ret->len - len);
        ret->len = len;
    }
    return 0;
}

static int ask_once(const char *question, const char *whose, struct secret *ret,
                    struct err_ctx *err)
{
    struct termios was;
    uint8_t *data = calloc(1, PASSPHRASE_BYTES_MAX);
    if (data == NULL || tcgetattr(STDIN_FILENO, &was) != 0) {
        free(data);
        return err_set(err, ERR_IO, "the terminal cannot be read");
    }
    struct termios silent = was;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG); /* no way out that leaves the echo off */
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) != 0) {
        free(data);
        return err_set(err, ERR_IO, "the terminal does not hide what is typed");
    }
    /* Only now: what is typed at sight of it is neither shown nor thrown away. */
    (void)fprintf(stderr, "%s %s: ", question, whose);
    (void)fflush(stderr);
    size_t len = read_line(data, PASSPHRASE_BYTES_MAX);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
    (void)fputc('\n', stderr);
    if (len > 0 && data[len - 1] == 3) { /* ^C as a byte */
        sodium_memzero(data, len);
        free(data);
        return err_set(err, ERR_STATE, "not confirmed; nothing was done");
    }
    *ret = (struct secret){.data = data, .len = len};
    return 0;
}

static bool same(const struct secret *a, const struct secret *b)
{
    return a->len == b->len && sodium_memcmp(a->data, b->data, a->len) == 0;
}

int ask_passphrase(const char *file, const char *whose, bool confirm, struct secret *ret,
                   struct err_ctx *err)
{
    struct secret again = {0};
    if (file != NULL) {
        return from_file(file, ret, err);
    }
    if (!ask_possible()) {
        return err_set(err, ERR_USAGE, "no terminal to ask for a passphrase: --passphrase-file");
    }
    int rc = ask_once(confirm ? "New passphrase for" : "Passphrase of", whose, ret, err);
    if (rc != 0 || !confirm) {
        return rc;
    }
    rc = ask_once("The same again for", whose, &again, err);
    if (rc == 0 && !same(ret, &again)) {
        rc = err_set(err, ERR_VALUE, "the two passphrases differ");
    }
    secret_free(&again);
    if (rc != 0) {
        secret_free(ret);
    }
    return rc;
}
