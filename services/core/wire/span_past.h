/* span_past.h - what one end has of the entries that went over a connection just before: a modelled
 * span may be packed after them (span.h), so that it need not teach again what they taught.
 *
 * A run without a gap of the newest entries of one log, as rows of a payload. Both ends keep one
 * for each connection; it ends with it. Fixed size, one thread at a time, nothing allocated.
 */
#ifndef CORE_WIRE_SPAN_PAST_H
#define CORE_WIRE_SPAN_PAST_H

#include "core/base/ident.h"

#define SPAN_PAST_ENTRIES_MAX 255u
#define SPAN_PAST_BYTES_MAX 16384u /* of rows; packed after them a span costs 25 ms more */

struct span_past {
    struct incarnation incarnation;
    uint64_t next; /* the entry behind the last one; 0: it has none */
    uint32_t count;
    size_t len;
    uint8_t rows[SPAN_PAST_BYTES_MAX];
};

void span_past_clear(struct span_past *past);
/* How many entries it has just before `first` of this log. */
uint32_t span_past_before(const struct span_past *past, const struct incarnation *incarnation,
                          uint64_t first);
/* The newest `count` of them, from 1 to all; borrowed until the next change. */
struct bytes span_past_rows(const struct span_past *past, uint32_t count);
/* These went over the connection next. Rows must be whole, as they are in a payload. */
void span_past_add(struct span_past *past, const struct incarnation *incarnation, uint64_t first,
                   uint32_t count, struct bytes rows);

#endif
