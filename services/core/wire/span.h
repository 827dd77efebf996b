/* span.h - a run of entries in one frame.
 *
 * Frame (all numbers big-endian):
 *   0 version u8 = 1 | 1 kind u8 = FRAME_SPAN | 2 codec u8 | 3 after u8 | 4 dictionary u32
 *   8 count u32 | 12 raw_len u32 | 16 incarnation 16 | 32 first u64 | 40 h_before 32
 *  72 head signature 64 (of entry first+count-1) | 136 payload (compressed as codec says)
 * Payload, raw: per entry `kind u16 | length u16 | body`. Bit 15 of length set: erased, the length
 * is 32 and the body is b. Codecs: 0 raw, 1 zstd (one frame, content size present, no dictionary,
 * window ≤ 2^20), 2 modelled (span_model.h; for slow lines: a third less, at 0.4 ms an entry).
 * after: of a modelled one, how many of the log's entries before it its packer had just packed; who
 * unpacks needs the same (span_past.h). 0: none, and always with the other codecs.
 * Limits: SPAN_WIRE_BYTES_MAX, SPAN_RAW_BYTES_MAX and SPAN_RATIO_MAX (SPAN_MODEL_…; all checked
 * before decompressing), SPAN_ENTRIES_MAX, ENTRY_BYTES_MAX; raw_len must be what comes out exactly.
 */
#ifndef CORE_WIRE_SPAN_H
#define CORE_WIRE_SPAN_H

#include "core/base/arena.h"
#include "core/base/ident.h"
#include "core/base/limits.h"
#include "core/wire/span_past.h"

#define SPAN_HEADER_BYTES 136u
#define SPAN_CODEC_AT 2u
#define SPAN_AFTER_AT 3u
#define SPAN_RATIO_MAX 100u /* raw_len to payload length */
#define SPAN_MODEL_RATIO_MAX 32u
#define SPAN_MODEL_RAW_BYTES_MAX 65536u /* about 0.1 s of processor time */
enum span_codec { SPAN_RAW = 0, SPAN_ZSTD = 1, SPAN_MODEL = 2 };
#define SPAN_DICTIONARY_1 1u /* the one built in; of SPAN_MODEL only */

struct span_header {
    struct incarnation incarnation;
    uint64_t first;
    uint32_t count, raw_len, dictionary;
    uint8_t after;
    enum span_codec codec;
    struct hash h_before;
    struct signature head;
};

struct span_entry {
    uint16_t kind;
    bool erased;
    struct bytes body; /* of an erased entry: b, 32 bytes */
};

/* Fixed header only; *ret_payload points into the frame. ERR_FORMAT, ERR_VERSION, ERR_LIMIT. */
int span_header_decode(struct bytes frame, struct span_header *ret, struct bytes *ret_payload,
                       struct err_ctx *err) MUST_USE;
void span_header_encode(const struct span_header *header, uint8_t ret[SPAN_HEADER_BYTES]);

/* What decompressing needs, allocated once: one for each thread. NULL: out of memory. The first
 * modelled span costs 10 MiB and about 0.1 s more. */
struct span_decoder;
struct span_decoder *span_decoder_new(void);
void span_decoder_free(struct span_decoder *decoder);

/* An arena this large holds what any one span needs. */
#define SPAN_SCRATCH_BYTES_MAX                                                                     \
    (SPAN_RAW_BYTES_MAX + SPAN_ENTRIES_MAX * sizeof(struct span_entry) + 64u)

/* Decompresses (or borrows from the frame, when raw) and walks the payload. *ret is an array of
 * header->count entries; it and decompressed bodies lie in scratch, which must live as long. Room
 * that scratch lacks is ERR_LIMIT. A dictionary nobody has is ERR_VERSION. */
int span_entries_decode(struct span_decoder *decoder, const struct span_header *header,
                        struct bytes payload, struct arena *scratch, struct span_entry **ret,
                        struct err_ctx *err) MUST_USE;
/* The same, of what comes over a connection: `past` is what came before, and takes in this one if
 * it was modelled. ERR_GAP: it was packed after entries that did not come over this connection, and
 * must come anew (what span_entries_decode says of any that was packed after others). */
int span_entries_receive(struct span_decoder *decoder, const struct span_header *header,
                         struct bytes payload, struct span_past *past, struct arena *scratch,
                         struct span_entry **ret, struct err_ctx *err) MUST_USE;

/* h of entry `seq` of a decoded span, or of the one before it (header->first - 1 … last). */
void span_hash(const struct span_header *header, const struct span_entry *entries, uint64_t seq,
               struct hash *ret);

/* Builds a payload entry by entry, then a frame. Choose the codec: the encoder decodes its own
 * output and compares, and falls back to the one before it when it differs, is not smaller, or is
 * more than a decoder takes. */
struct span_builder;
struct span_builder *span_builder_new(void); /* NULL: out of memory; reusable, not per span */
void span_builder_free(struct span_builder *builder);
void span_builder_start(struct span_builder *builder, const struct incarnation *incarnation,
                        uint64_t first, const struct hash *h_before);
/* ERR_FULL when this entry no longer fits in raw_bytes_max or there are SPAN_ENTRIES_MAX (at least
 * one entry always fits). ERR_LIMIT, ERR_FORMAT: no entry at all (too long; erased, but no b). */
int span_builder_add(struct span_builder *builder, const struct span_entry *entry,
                     size_t raw_bytes_max) MUST_USE;
uint32_t span_builder_count(const struct span_builder *builder);
/* After start: the frame goes over a connection over which this went before. Packed after it if it
 * goes on where that ends, and is modelled. Borrowed until finish. */
void span_builder_after(struct span_builder *builder, const struct span_past *past);
/* The finished frame was sent: `past` takes it in, if it was modelled. */
void span_builder_sent(const struct span_builder *builder, struct span_past *past);
/* The frame, valid until the next start or finish. `head` must sign the last added entry.
 * ERR_STATE: nothing was added. ERR_LIMIT: raw it does not fit SPAN_WIRE_BYTES_MAX, and compressed
 * it does not either or is denser than SPAN_RATIO_MAX; start again with fewer entries. It always
 * fits when raw_bytes_max was at most SPAN_WIRE_BYTES_MAX - SPAN_HEADER_BYTES. */
int span_builder_finish(struct span_builder *builder, enum span_codec codec,
                        const struct signature *head, struct bytes *ret_frame,
                        struct err_ctx *err) MUST_USE;

#endif
