/* span_codec.h - the compressed payload of a span: one zstd frame, looked at before it is opened.
 * Private to core/wire.
 */
#ifndef CORE_WIRE_SPAN_CODEC_H
#define CORE_WIRE_SPAN_CODEC_H

#include "core/wire/span.h"

#define SPAN_ENTRY_HEAD_BYTES 4u /* kind, length */
#define SPAN_ERASED_BIT 0x8000u
#define SPAN_WINDOW_LOG_MAX 20

/* Exactly raw_len bytes come out into `to`, or an error. The frame: content size present and
 * raw_len, window up to 2^20, no dictionary id, nothing before or after it. */
int span_inflate(struct span_decoder *decoder, struct bytes payload, uint8_t *to, size_t raw_len,
                 struct err_ctx *err) MUST_USE;

#endif
