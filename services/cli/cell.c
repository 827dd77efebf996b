/* cell.c - one value as a person reads it, and how wide it is on a terminal. */
#include "cli/cli.h"

#include "core/base/assert.h"
#include "core/base/text.h"

#include <inttypes.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>

#define DAY_MS INT64_C(86400000)
#define WIB_MS INT64_C(25200000) /* UTC+7 */
/* September 2001: a number of milliseconds above is a time, below a duration. */
#define WALL_MS_LEAST INT64_C(1000000000000)

static void *must(void *memory)
{
    ASSERT(memory != NULL); /* a few bytes for a line on a screen */
    return memory;
}

/* ---- text ---- */

/* Marks and overrides that turn the direction of what follows. */
static bool turns_direction(wchar_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
           c == 0x200f || c == 0x061c;
}

/* Bytes of the next character of a text that is not at its end; 0 when they make none. */
static size_t next_char(const char *text, wchar_t *ret)
{
    uint8_t lead = (uint8_t)text[0];
    size_t len = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t c = len == 1 ? lead : lead & (0x7fu >> len);
    if (strnlen(text, len) < len || !utf8_valid(bytes_of(text, len))) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        c = c << 6 | ((uint8_t)text[i] & 0x3fu);
    }
    *ret = (wchar_t)c;
    return len;
}

/* -1: not to be shown. The tables for this are read from files when the first character beyond
 * ASCII comes: most commands never need them, and they are a tenth of their time. */
static int columns_of(wchar_t c)
{
    static bool ready;
    if (c < 0x80) {
        return c >= 0x20 && c != 0x7f ? 1 : -1;
    }
    if (!ready) {
        (void)uselocale(newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0));
        ready = true;
    }
    return wcwidth(c);
}

char *text_clean(const char *text)
{
    char *clean = must(calloc(1, strlen(text) + 1));
    size_t len = 0;
    while (*text != '\0') {
        wchar_t c = 0;
        size_t took = next_char(text, &c);
        if (took == 0 || columns_of(c) < 0 || turns_direction(c)) {
            clean[len++] = *text == '\n' || *text == '\t' || *text == '\r' ? ' ' : '?';
        } else {
            memcpy(clean + len, text, took);
            len += took;
        }
        text += took == 0 ? 1 : took;
    }
    return clean;
}

size_t cell_width(const char *text)
{
    size_t width = 0;
    while (*text != '\0') {
        wchar_t c = 0;
        size_t took = next_char(text, &c);
        int columns = took == 0 ? 1 : columns_of(c);
        width += columns > 0 ? (size_t)columns : 0;
        text += took == 0 ? 1 : took;
    }
    return width;
}

/* ---- values ---- */

bool cell_is_scalar(const json_t *value)
{
    if (json_is_object(value)) {
        return json_object_size(value) == 0;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *element = json_array_get(value, i);
        if (json_is_object(element) || json_is_array(element)) {
            return false;
        }
    }
    return true;
}

static bool ends_in_ms(const char *key)
{
    size_t len = strlen(key);
    return len >= 3 && strcmp(key + len - 3, "_ms") == 0;
}

static void put_duration(FILE *to, int64_t ms)
{
    int64_t s = ms / 1000;
    if (ms < 10000) {
        (void)fprintf(to, "%" PRId64 " ms", ms);
    } else if (s < 120) {
        (void)fprintf(to, "%" PRId64 " s", s);
    } else if (s < 7200) {
        (void)fprintf(to, "%" PRId64 " min", s / 60);
    } else if (s < 172800) {
        (void)fprintf(to, "%" PRId64 " h", s / 3600);
    } else {
        (void)fprintf(to, "%" PRId64 " days", s / 86400);
    }
}

static void put_time(FILE *to, int64_t ms)
{
    char day[DAY_TEXT_CAPACITY];
    int64_t local = ms + WIB_MS;
    int64_t s = local % DAY_MS / 1000;
    (void)fprintf(to, "%s %02d:%02d:%02d WIB", day_to_text((int32_t)(local / DAY_MS), day),
                  (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}

static void put_number(FILE *to, const char *key, int64_t number)
{
    if (number == 0 && ends_in_ms(key) && strstr(key, "offset") == NULL) {
        (void)fputs("-", to); /* a time that never was */
    } else if (!ends_in_ms(key)) {
        (void)fprintf(to, "%" PRId64, number);
    } else if (number >= WALL_MS_LEAST && number < INT64_C(7000000000000)) {
        put_time(to, number);
    } else {
        put_duration(to, number);
    }
}

static void put_scalar(FILE *to, const char *key, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING: {
        char *clean = text_clean(json_string_value(value));
        (void)fputs(clean, to);
        free(clean);
        break;
    }
    case JSON_INTEGER:
        put_number(to, key, json_integer_value(value));
        break;
    case JSON_REAL:
        (void)fprintf(to, "%.3g", json_real_value(value));
        break;
    case JSON_TRUE:
        (void)fputs("yes", to);
        break;
    case JSON_FALSE:
        (void)fputs("no", to);
        break;
    case JSON_OBJECT:
    case JSON_ARRAY:
    case JSON_NULL:
        break;
    }
}

static void put_compact(FILE *to, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT);
    char *clean = text_clean(text == NULL ? "" : text);
    (void)fputs(clean, to);
    free(clean);
    free(text);
}

char *cell_text(const char *key, const json_t *value)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = must(open_memstream(&text, &len));
    if (value == NULL) {
        (void)fputs("", to);
    } else if (!cell_is_scalar(value)) {
        put_compact(to, value);
    } else if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            (void)fputs(i == 0 ? "" : ", ", to);
            put_scalar(to, key, json_array_get(value, i));
        }
    } else {
        put_scalar(to, key, value);
    }
    (void)fclose(to);
    return must(text);
}
