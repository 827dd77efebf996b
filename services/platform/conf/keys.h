/* keys.h - what conf.c is made of: a table of keys, and one loader that fills a struct from it. */
#ifndef PLATFORM_CONF_KEYS_H
#define PLATFORM_CONF_KEYS_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_kind {
    CONF_TEXT,     /* char *: UTF-8, no control bytes, not blank */
    CONF_PATH,     /* char *: joined with the file's folder unless absolute */
    CONF_SECRET,   /* as CONF_PATH; if the file is there, its rights must be a secret's */
    CONF_TRUSTED,  /* as CONF_PATH; if the file is there, nobody else may write it */
    CONF_SOCKET,   /* as CONF_PATH, and short enough for a UNIX socket */
    CONF_PROVINCE, /* char *: NN */
    CONF_REGENCY,  /* char *: NN.NN */
    CONF_ENDPOINT, /* char *: tcp://host:port */
    CONF_LEVEL,    /* enum log_level */
    CONF_NUMBER,   /* uint64_t between least and most */
};

struct conf_key {
    const char *name;
    enum conf_kind kind;
    bool optional;      /* may stay NULL */
    size_t at;          /* offset in the struct */
    const char *preset; /* as if written in the file; NULL: none */
    uint64_t least;
    uint64_t most;
};

#define CONF_KEYS_MAX 32u

/* `to` is the zeroed struct; on failure it may be half filled: conf_keys_clear it. */
int conf_keys_load(const char *path, const struct conf_key *keys, size_t count, void *to,
                   struct err_ctx *err) MUST_USE;
void conf_keys_clear(const struct conf_key *keys, size_t count, void *to);

#endif
