/* error.h - error codes, what a caller may do about each, and the text a person reads.
 *
 * A fallible function returns 0 or one of the negative codes below. Text for a person goes into an
 * err_ctx, which every layer may be given as NULL. Libraries never log: they return.
 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <stddef.h>

#define ERR_TEXT_BYTES_MAX 512

/* name, text, what the caller may do: RETRY later unchanged, DROP the input, or FATAL: stop. */
#define ERR_LIST(X)                                                                                \
    X(ERR_NOMEM, "out of memory", RETRY)                                                           \
    X(ERR_LIMIT, "over a limit", DROP)                                                             \
    X(ERR_FORMAT, "malformed", DROP)                                                               \
    X(ERR_UTF8, "not valid UTF-8 text", DROP)                                                      \
    X(ERR_VALUE, "value not allowed", DROP)                                                        \
    X(ERR_VERSION, "version not supported", DROP)                                                  \
    X(ERR_CHAIN, "chain does not hold", DROP)                                                      \
    X(ERR_HEAD, "head does not verify", DROP)                                                      \
    X(ERR_GAP, "entries before these are missing", RETRY)                                          \
    X(ERR_FORK, "two histories under one key", DROP)                                               \
    X(ERR_KEY, "key unknown, revoked or not allowed here", DROP)                                   \
    X(ERR_SIGNATURE, "signature does not verify", DROP)                                            \
    X(ERR_NOT_FOUND, "not found", DROP)                                                            \
    X(ERR_EXISTS, "exists already", DROP)                                                          \
    X(ERR_STALE, "changed since it was read", RETRY)                                               \
    X(ERR_STATE, "not allowed in this state", DROP)                                                \
    X(ERR_FULL, "no room", RETRY)                                                                  \
    X(ERR_AGAIN, "try again", RETRY)                                                               \
    X(ERR_GONE, "peer is gone", RETRY)                                                             \
    X(ERR_TIMEOUT, "took too long", RETRY)                                                         \
    X(ERR_IO, "input or output failed", FATAL)                                                     \
    X(ERR_STORAGE, "storage failed, nothing is acknowledged any more", FATAL)                      \
    X(ERR_CONFIG, "configuration error", FATAL)                                                    \
    X(ERR_PERMISSION, "permission denied", FATAL)                                                  \
    X(ERR_BUSY, "in use by another process", FATAL)                                                \
    X(ERR_USAGE, "wrong usage", DROP)

enum err_action { ERR_ACTION_NONE, ERR_ACTION_RETRY, ERR_ACTION_DROP, ERR_ACTION_FATAL };

enum err_ordinal {
    ERR_ORDINAL_NONE,
#define ERR_X(name, text, action) name##_ORDINAL,
    ERR_LIST(ERR_X)
#undef ERR_X
        ERR_ORDINAL_END
};

enum err_code {
    ERR_NONE = 0,
#define ERR_X(name, text, action) name = -(int)name##_ORDINAL,
    ERR_LIST(ERR_X)
#undef ERR_X
};

struct err_ctx {
    char text[ERR_TEXT_BYTES_MAX]; /* NUL-terminated; empty when nothing was said */
};

#define MUST_USE __attribute__((warn_unused_result))

/* The fixed text of a code; never NULL. */
const char *err_text(int code);

/* The code's name as in ERR_LIST; never NULL. */
const char *err_name(int code);

enum err_action err_action(int code);

/* Writes the text and returns code, so that `return err_set(ctx, ERR_LIMIT, "…")` reads well. */
int err_set(struct err_ctx *ctx, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "what: " in front of the text there is and returns code. */
int err_wrap(struct err_ctx *ctx, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef KABAR_ANALYSED
/* For static analysers, which do not look into another file to see what these return. */
#define err_set(ctx, code, ...) ((void)(err_set)((ctx), (code), __VA_ARGS__), (code))
#define err_wrap(ctx, code, ...) ((void)(err_wrap)((ctx), (code), __VA_ARGS__), (code))
#endif

/* The text for a person: what was said, or the code's fixed text. Borrowed from ctx. */
const char *err_peek(const struct err_ctx *ctx, int code);

#endif
