/* span_codec.h - the compressed payload of a span: one zstd frame, looked at before it is opened,
 * or one modelled. Private to core/wire.
 */
#ifndef CORE_WIRE_SPAN_CODEC_H
#define CORE_WIRE_SPAN_CODEC_H

#include "core/wire/span.h"

#define SPAN_ENTRY_HEAD_BYTES 4u /* kind, length */
#define SPAN_ERASED_BIT 0x8000u
#define SPAN_WINDOW_LOG_MAX 20

/* Exactly header->raw_len bytes come out into `to`, or an error. A zstd frame: content size present
 * and raw_len, window up to 2^20, no dictionary id, nothing before or after it. `before`: rows that
 * a modelled one was packed after. */
int span_inflate(struct span_decoder *decoder, const struct span_header *header,
                 struct bytes before, struct bytes payload, uint8_t *to,
                 struct err_ctx *err) MUST_USE;

/* What raw_len may be, with so many bytes of payload. */
size_t span_raw_bytes_max(enum span_codec codec, size_t payload_len);

/* Bytes of the rows when modelled; 0: they do not fit `room`, or out of memory. */
size_t span_model_deflate(struct span_decoder *decoder, struct bytes before, struct bytes rows,
                          uint8_t *to, size_t room);

#endif
