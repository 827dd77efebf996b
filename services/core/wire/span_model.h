/* span_model.h - the payload of a span for the slowest lines: entries field by field, each bit
 * foretold from all that came before (context_model.h). Private to core/wire.
 *
 * A body that is protobuf as we write it goes as its fields: text ends in a zero octet, numbers go
 * as the difference to the last one where they are dates, hashes and salts as they are (nobody can
 * foretell them). Any other body goes whole, octet by octet. proto/SPEC.md 7, "Codec 2".
 */
#ifndef CORE_WIRE_SPAN_MODEL_H
#define CORE_WIRE_SPAN_MODEL_H

#include "core/base/bytes.h"
#include "core/base/error.h"

/* About 10 MiB; one thread at a time. It begins with what `dictionary`, rows of typical entries,
 * teaches; empty: with nothing. NULL: out of memory, or no rows. */
struct span_model;
struct span_model *span_model_new(struct bytes dictionary) MUST_USE;
void span_model_free(struct span_model *model);

/* Rows, packed after those `before` (whole ones, or none); 0 when they do not fit `room` (what
 * makes no sense is not packed either). */
size_t span_model_pack(struct span_model *model, struct bytes before, struct bytes rows,
                       uint8_t *to, size_t room);

/* Exactly `count` rows of raw_len bytes in all come out, or ERR_FORMAT. Time and memory are bounded
 * by raw_len and `before`, whatever the payload says. */
int span_model_unpack(struct span_model *model, struct bytes before, struct bytes payload,
                      uint32_t count, uint8_t *to, size_t raw_len, struct err_ctx *err) MUST_USE;

#endif
