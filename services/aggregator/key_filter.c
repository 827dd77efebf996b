#include "aggregator/key_filter.h"

#include <stdlib.h>
#include <string.h>

#define LINE_WORDS 8u /* 64 bytes: all bits of a key are in one line of the processor's cache */
#define KEY_BITS 6u
#define KEY_BYTES 2u
#define LINES_MAX (KEY_FILTER_BYTES_MAX / (LINE_WORDS * 8u))

struct key_filter {
    uint64_t *lines;
    uint64_t line_count; /* a power of two */
    uint64_t keys_max, count;
};

struct key_filter *key_filter_new(uint64_t keys_max)
{
    struct key_filter *filter = calloc(1, sizeof *filter);
    if (filter == NULL) {
        return NULL;
    }
    filter->line_count = 1;
    while (filter->line_count < LINES_MAX &&
           filter->line_count * LINE_WORDS * 8u < keys_max * KEY_BYTES) {
        filter->line_count *= 2;
    }
    filter->keys_max = keys_max;
    size_t bytes = (size_t)filter->line_count * LINE_WORDS * sizeof *filter->lines;
    filter->lines = aligned_alloc(LINE_WORDS * sizeof *filter->lines, bytes);
    if (filter->lines == NULL) {
        free(filter);
        return NULL;
    }
    memset(filter->lines, 0, bytes);
    return filter;
}

void key_filter_free(struct key_filter *filter)
{
    if (filter != NULL) {
        free(filter->lines);
        free(filter);
    }
}

static uint64_t *line_of(const struct key_filter *filter, const uint8_t *key)
{
    return filter->lines + (get_be64(key) & (filter->line_count - 1)) * LINE_WORDS;
}

bool key_filter_maybe(const struct key_filter *filter, const uint8_t key[KEY_FILTER_KEY_BYTES])
{
    const uint64_t *line = line_of(filter, key);
    uint64_t bits = get_be64(key + 8);
    bool all = true;
    for (size_t i = 0; i < KEY_BITS; i++, bits >>= 9) {
        all = all && (line[bits >> 6 & (LINE_WORDS - 1)] >> (bits & 63) & 1u) != 0;
    }
    return all;
}

void key_filter_add(struct key_filter *filter, const uint8_t key[KEY_FILTER_KEY_BYTES])
{
    if (key_filter_maybe(filter, key)) {
        return;
    }
    uint64_t *line = line_of(filter, key);
    uint64_t bits = get_be64(key + 8);
    for (size_t i = 0; i < KEY_BITS; i++, bits >>= 9) {
        line[bits >> 6 & (LINE_WORDS - 1)] |= UINT64_C(1) << (bits & 63);
    }
    filter->count++;
}

uint64_t key_filter_count(const struct key_filter *filter)
{
    return filter->count;
}

bool key_filter_full(const struct key_filter *filter)
{
    return filter->count > filter->keys_max && filter->line_count < LINES_MAX;
}

uint64_t key_filter_keys_max(const struct key_filter *filter)
{
    return filter->keys_max;
}
