#include "platform/host/log.h"

#include "core/base/assert.h"
#include "core/base/bytes.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Not above PIPE_BUF, so that lines of several threads and processes never mix in a pipe. */
#define LINE_MAX_BYTES 4096u

static const char cut_mark[] = " cut=1";

static atomic_int level_now = LOG_LEVEL_INFO;

static const struct {
    const char *name;
    enum log_level level;
} levels[] = {
    {"error", LOG_LEVEL_ERROR},
    {"warn", LOG_LEVEL_WARN},
    {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},
};

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_now, (int)level, memory_order_relaxed);
}

int log_level_of(const char *name)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        if (strcmp(name, levels[i].name) == 0) {
            return (int)levels[i].level;
        }
    }
    return -1;
}

struct log_field log_text(const char *key, const char *text)
{
    return (struct log_field){.key = key, .type = LOG_FIELD_TEXT, .text = text};
}

struct log_field log_u64(const char *key, uint64_t value)
{
    return (struct log_field){.key = key, .type = LOG_FIELD_U64, .u64 = value};
}

struct log_field log_i64(const char *key, int64_t value)
{
    return (struct log_field){.key = key, .type = LOG_FIELD_I64, .i64 = value};
}

struct log_field log_hex(const char *key, const uint8_t *bytes, size_t len)
{
    return (struct log_field){.key = key, .type = LOG_FIELD_HEX, .bytes = bytes, .len = len};
}

/* ---- one line ---- */

static void put_text(struct writer *line, const char *text)
{
    writer_bytes(line, bytes_of_text(text));
}

/* Keys and events are words of the program, never input. */
static bool is_word(const char *text)
{
    return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_")] == '\0';
}

static bool is_printable(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

/* Bare where a reader of key=value lines cannot misread it. */
static bool needs_quotes(const char *text)
{
    bool bare = text[0] != '\0';
    for (const char *at = text; *at != '\0' && bare; at++) {
        bare = is_printable((uint8_t)*at) && *at != ' ' && *at != '"' && *at != '\\' && *at != '=';
    }
    return !bare;
}

static void put_escaped(struct writer *line, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    if (byte == '"' || byte == '\\') {
        writer_u8(line, '\\');
        writer_u8(line, byte);
    } else if (byte == '\n') {
        put_text(line, "\\n");
    } else if (is_printable(byte)) {
        writer_u8(line, byte);
    } else {
        const uint8_t hex[] = {'\\', 'x', (uint8_t)digits[byte >> 4], (uint8_t)digits[byte & 15]};
        writer_bytes(line, bytes_of(hex, sizeof hex));
    }
}

static void put_value(struct writer *line, const char *text)
{
    if (!needs_quotes(text)) {
        put_text(line, text);
        return;
    }
    writer_u8(line, '"');
    for (const char *at = text; *at != '\0'; at++) {
        put_escaped(line, (uint8_t)*at);
    }
    writer_u8(line, '"');
}

static void put_hex(struct writer *line, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && !line->overflow; i++) {
        char hex[HEX_CAPACITY(1)];
        put_text(line, hex_encode(hex, &bytes[i], 1));
    }
}

static void put_field(struct writer *line, const struct log_field *field)
{
    char number[24];
    ASSERT(is_word(field->key));
    writer_u8(line, ' ');
    put_text(line, field->key);
    writer_u8(line, '=');
    switch (field->type) {
    case LOG_FIELD_TEXT:
        put_value(line, field->text != NULL ? field->text : "");
        break;
    case LOG_FIELD_U64:
        (void)snprintf(number, sizeof number, "%" PRIu64, field->u64);
        put_text(line, number);
        break;
    case LOG_FIELD_I64:
        (void)snprintf(number, sizeof number, "%" PRId64, field->i64);
        put_text(line, number);
        break;
    case LOG_FIELD_HEX:
        put_hex(line, field->bytes, field->len);
        break;
    }
}

/* A line that is lost cannot be reported anywhere else, so its error is dropped. */
static void write_line(const uint8_t *data, size_t len)
{
    ssize_t written = 0;
    do {
        written = write(STDERR_FILENO, data, len);
    } while (written < 0 && errno == EINTR);
}

void log_fields(enum log_level level, const char *event, const struct log_field *fields,
                size_t count)
{
    if ((int)level > atomic_load_explicit(&level_now, memory_order_relaxed)) {
        return;
    }
    uint8_t data[LINE_MAX_BYTES];
    struct writer line;
    ASSERT(is_word(event));
    writer_init(&line, data, sizeof data - sizeof cut_mark);
    writer_u8(&line, '<');
    writer_u8(&line, (uint8_t)('0' + (int)level));
    put_text(&line, ">event=");
    put_text(&line, event);
    size_t whole = line.len;
    for (size_t i = 0; i < count; i++) {
        put_field(&line, &fields[i]);
        whole = line.overflow ? whole : line.len;
    }
    /* A field that does not fit is left out whole: half a quoted value is not a value. */
    size_t len = whole;
    if (line.overflow) {
        memcpy(data + len, cut_mark, sizeof cut_mark - 1);
        len += sizeof cut_mark - 1;
    }
    data[len++] = '\n';
    write_line(data, len);
}

int log_limit_pass(struct log_limit *limit, uint64_t now_ms, uint64_t interval_ms,
                   uint64_t *ret_held)
{
    if (now_ms < limit->next_ms) {
        limit->held++;
        return 0;
    }
    limit->next_ms = now_ms + interval_ms;
    *ret_held = limit->held;
    limit->held = 0;
    return 1;
}

int log_limit_rest(struct log_limit *limit, uint64_t now_ms, uint64_t interval_ms,
                   uint64_t *ret_held)
{
    return limit->held > 0 && now_ms >= limit->next_ms
               ? log_limit_pass(limit, now_ms, interval_ms, ret_held)
               : 0;
}
