#include "core/wire/span_past.h"

#include "core/base/assert.h"
#include "core/wire/span_codec.h"

#include <string.h>

void span_past_clear(struct span_past *past)
{
    past->next = 0;
    past->count = 0;
    past->len = 0;
}

uint32_t span_past_before(const struct span_past *past, const struct incarnation *incarnation,
                          uint64_t first)
{
    bool follows = past->next == first && incarnation_equal(&past->incarnation, incarnation);
    return follows ? past->count : 0;
}

/* Where the newest rows begin that are at most so many and so long; *count becomes their number. */
static size_t newest(struct bytes rows, uint32_t *count, uint32_t count_max, size_t bytes_max)
{
    struct reader reader;
    reader_init(&reader, rows);
    while (*count > count_max || reader_left(&reader) > bytes_max) {
        (void)reader_be16(&reader);
        (void)reader_bytes(&reader, reader_be16(&reader) & ~SPAN_ERASED_BIT);
        ASSERT(!reader.underflow);
        --*count;
    }
    return rows.len - reader_left(&reader);
}

struct bytes span_past_rows(const struct span_past *past, uint32_t count)
{
    ASSERT(count > 0 && count <= past->count);
    uint32_t there = past->count;
    size_t from = newest(bytes_of(past->rows, past->len), &there, count, past->len);
    return bytes_of(past->rows + from, past->len - from);
}

void span_past_add(struct span_past *past, const struct incarnation *incarnation, uint64_t first,
                   uint32_t count, struct bytes rows)
{
    uint32_t added = count;
    size_t skip = newest(rows, &added, SPAN_PAST_ENTRIES_MAX, SPAN_PAST_BYTES_MAX);
    if (added < count || span_past_before(past, incarnation, first) == 0) {
        span_past_clear(past);
    }
    size_t room = SPAN_PAST_BYTES_MAX - (rows.len - skip);
    size_t gone =
        newest(bytes_of(past->rows, past->len), &past->count, SPAN_PAST_ENTRIES_MAX - added, room);
    past->len -= gone;
    memmove(past->rows, past->rows + gone, past->len);
    memcpy(past->rows + past->len, rows.data + skip, rows.len - skip);
    past->len += rows.len - skip;
    past->count += added;
    past->incarnation = *incarnation;
    past->next = first + count;
}
