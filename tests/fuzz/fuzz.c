#include "fuzz/fuzz.h"

#include "core/base/assert.h"
#include "core/base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void check_failed(const char *file, int line, const char *what)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s:%d: property broken: %s\n", file, line, what);
    (void)fflush(stderr);
    abort();
}

/* Reached from outside input, an ASSERT is a finding. */
void assert_fail(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: ASSERT(%s)\n", file, line, expression);
    (void)fflush(stderr);
    abort();
}

static struct arena *emptied(struct arena **arena)
{
    if (*arena == NULL) {
        *arena = arena_new(PARSE_ARENA_BYTES);
    }
    CHECK(*arena != NULL, "there is memory for an arena");
    arena_reset(*arena);
    return *arena;
}

struct arena *fuzz_arena(void)
{
    static struct arena *arena;
    return emptied(&arena);
}

struct arena *fuzz_arena_other(void)
{
    static struct arena *arena;
    return emptied(&arena);
}

void check_refused(int rc, const struct err_ctx *err)
{
    CHECK(rc < 0, "a refusal has a negative code");
    CHECK(strcmp(err_name(rc), "ERR_NONE") != 0, "a refusal has a code of the list");
    CHECK(err->text[0] != '\0', "a refusal says why");
    CHECK(memchr(err->text, '\0', sizeof err->text) != NULL, "its text ends");
}

/* How many bytes the character at `from` has, by the table of RFC 3629; 0: none. */
static size_t character_bytes(const uint8_t *from, size_t left)
{
    static const struct {
        uint8_t first, last, second_first, second_last;
        size_t len;
    } rows[] = {
        {0x01, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (from[0] < rows[i].first || from[0] > rows[i].last || left < rows[i].len) {
            continue;
        }
        bool good =
            rows[i].len == 1 || (from[1] >= rows[i].second_first && from[1] <= rows[i].second_last);
        for (size_t j = 2; j < rows[i].len; j++) {
            good = good && from[j] >= 0x80 && from[j] <= 0xbf;
        }
        return good ? rows[i].len : 0;
    }
    return 0;
}

bool text_sound(struct bytes text)
{
    for (size_t at = 0; at < text.len;) {
        size_t len = character_bytes(text.data + at, text.len - at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

bool texts_sound(const struct bytes *texts, size_t count, size_t bytes_max)
{
    for (size_t i = 0; i < count; i++) {
        if (texts[i].len > bytes_max || !text_sound(texts[i])) {
            return false;
        }
    }
    return true;
}

struct bytes take_bytes(struct bytes *from, size_t len)
{
    len = len < from->len ? len : from->len;
    struct bytes taken = bytes_of(from->data, len);
    *from = bytes_of(len > 0 ? from->data + len : from->data, from->len - len);
    return taken;
}

void take_into(struct bytes *from, void *to, size_t len)
{
    struct bytes taken = take_bytes(from, len);
    memset(to, 0, len);
    if (taken.len > 0) {
        memcpy(to, taken.data, taken.len);
    }
}

uint8_t take_u8(struct bytes *from)
{
    uint8_t value = 0;
    take_into(from, &value, 1);
    return value;
}

uint64_t take_u64(struct bytes *from)
{
    uint8_t value[8];
    take_into(from, value, sizeof value);
    return get_be64(value);
}
