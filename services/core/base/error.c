#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#undef err_set
#undef err_wrap

struct err_row {
    const char *name;
    const char *text;
    enum err_action action;
};

static const struct err_row rows[ERR_ORDINAL_END] = {
    [ERR_ORDINAL_NONE] = {"OK", "no error", ERR_ACTION_NONE},
#define ERR_X(name, text, action) [name##_ORDINAL] = {#name, text, ERR_ACTION_##action},
    ERR_LIST(ERR_X)
#undef ERR_X
};

static const struct err_row unknown = {"ERR_UNKNOWN", "unknown error", ERR_ACTION_FATAL};

static const struct err_row *row_of(int code)
{
    return code <= 0 && code > -(int)ERR_ORDINAL_END ? &rows[-code] : &unknown;
}

const char *err_text(int code)
{
    return row_of(code)->text;
}

const char *err_name(int code)
{
    return row_of(code)->name;
}

enum err_action err_action(int code)
{
    return row_of(code)->action;
}

int err_set(struct err_ctx *ctx, int code, const char *format, ...)
{
    if (ctx != NULL) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(ctx->text, sizeof ctx->text, format, args);
        va_end(args);
    }
    return code;
}

int err_wrap(struct err_ctx *ctx, int code, const char *format, ...)
{
    if (ctx != NULL) {
        char before[ERR_TEXT_BYTES_MAX];
        char inner[ERR_TEXT_BYTES_MAX];
        (void)snprintf(inner, sizeof inner, "%s", err_peek(ctx, code));
        va_list args;
        va_start(args, format);
        (void)vsnprintf(before, sizeof before, format, args);
        va_end(args);
        int len = snprintf(ctx->text, sizeof ctx->text, "%s: %s", before, inner);
        if (len < 0) {
            ctx->text[0] = '\0';
        }
    }
    return code;
}

const char *err_peek(const struct err_ctx *ctx, int code)
{
    return ctx != NULL && ctx->text[0] != '\0' ? ctx->text : err_text(code);
}
