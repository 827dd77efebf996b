#include "core/base/assert.h"
#include "core/wire/span_codec.h"

#include <zstd.h>

/* Lines are slow and spans small: worth more than zstd's default of 3, still 50 MB/s and more. */
#define COMPRESSION_LEVEL 6

struct span_builder {
    struct span_header header;
    ZSTD_CCtx *context;
    struct span_decoder *decoder;
    const struct span_past *past; /* NULL: what goes with it is not known */
    size_t raw_len;
    uint8_t raw[SPAN_RAW_BYTES_MAX];
    uint8_t back[SPAN_RAW_BYTES_MAX]; /* own output, opened again */
    uint8_t frame[SPAN_WIRE_BYTES_MAX];
};

static bool set(ZSTD_CCtx *context, ZSTD_cParameter parameter, int value)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value));
}

/* No checksum: the chain is a better one. */
static bool set_up(ZSTD_CCtx *context)
{
    return set(context, ZSTD_c_compressionLevel, COMPRESSION_LEVEL) &&
           set(context, ZSTD_c_windowLog, SPAN_WINDOW_LOG_MAX) &&
           set(context, ZSTD_c_contentSizeFlag, 1) && set(context, ZSTD_c_dictIDFlag, 0) &&
           set(context, ZSTD_c_checksumFlag, 0);
}

struct span_builder *span_builder_new(void)
{
    struct span_builder *builder = calloc(1, sizeof *builder);
    if (builder == NULL) {
        return NULL;
    }
    builder->context = ZSTD_createCCtx();
    builder->decoder = span_decoder_new();
    if (builder->context == NULL || builder->decoder == NULL || !set_up(builder->context)) {
        span_builder_free(builder);
        return NULL;
    }
    return builder;
}

void span_builder_free(struct span_builder *builder)
{
    if (builder != NULL) {
        (void)ZSTD_freeCCtx(builder->context);
        span_decoder_free(builder->decoder);
        free(builder);
    }
}

void span_builder_start(struct span_builder *builder, const struct incarnation *incarnation,
                        uint64_t first, const struct hash *h_before)
{
    ASSERT(first > 0);
    builder->header =
        (struct span_header){.incarnation = *incarnation, .first = first, .h_before = *h_before};
    builder->raw_len = 0;
    builder->past = NULL;
}

int span_builder_add(struct span_builder *builder, const struct span_entry *entry,
                     size_t raw_bytes_max)
{
    if (entry->body.len > ENTRY_BYTES_MAX) {
        return ERR_LIMIT;
    }
    if (entry->erased && entry->body.len != HASH_BYTES) {
        return ERR_FORMAT;
    }
    size_t max = raw_bytes_max < SPAN_RAW_BYTES_MAX ? raw_bytes_max : SPAN_RAW_BYTES_MAX;
    size_t need = SPAN_ENTRY_HEAD_BYTES + entry->body.len;
    bool fits = builder->raw_len <= max && need <= max - builder->raw_len &&
                builder->header.count < SPAN_ENTRIES_MAX;
    /* cppcheck-suppress knownConditionTrueFalse // takes the three conditions for impossible */
    if (!fits && builder->header.count > 0) {
        return ERR_FULL;
    }
    unsigned length = (unsigned)entry->body.len | (entry->erased ? SPAN_ERASED_BIT : 0u);
    struct writer writer;
    writer_init(&writer, builder->raw + builder->raw_len, sizeof builder->raw - builder->raw_len);
    writer_be16(&writer, entry->kind);
    writer_be16(&writer, (uint16_t)length);
    writer_bytes(&writer, entry->body);
    ASSERT(!writer.overflow);
    builder->raw_len += writer.len;
    builder->header.count++;
    return 0;
}

uint32_t span_builder_count(const struct span_builder *builder)
{
    return builder->header.count;
}

void span_builder_after(struct span_builder *builder, const struct span_past *past)
{
    builder->past = past;
}

void span_builder_sent(const struct span_builder *builder, struct span_past *past)
{
    const struct span_header *header = &builder->header;
    if (header->codec == SPAN_MODEL) {
        span_past_add(past, &header->incarnation, header->first, header->count,
                      bytes_of(builder->raw, builder->raw_len));
    }
}

static size_t deflate_zstd(struct span_builder *builder, uint8_t *to, size_t room)
{
    size_t len = ZSTD_compress2(builder->context, to, room, builder->raw, builder->raw_len);
    return ZSTD_isError(len) ? 0 : len;
}

/* What this one is packed after, as its header will say. */
static struct bytes rows_before(struct span_builder *builder)
{
    struct span_header *header = &builder->header;
    uint32_t count = builder->past == NULL
                         ? 0
                         : span_past_before(builder->past, &header->incarnation, header->first);
    header->after = (uint8_t)count;
    return count == 0 ? bytes_of(NULL, 0) : span_past_rows(builder->past, count);
}

/* Length of the compressed payload in the frame; 0 when it is of no use: not smaller, too dense
 * for a decoder's limit, or not what went in. */
static size_t deflate(struct span_builder *builder, enum span_codec codec)
{
    builder->header.codec = codec;
    builder->header.dictionary = codec == SPAN_MODEL ? SPAN_DICTIONARY_1 : 0;
    struct bytes before = codec == SPAN_MODEL ? rows_before(builder) : bytes_of(NULL, 0);
    uint8_t *to = builder->frame + SPAN_HEADER_BYTES;
    size_t room = sizeof builder->frame - SPAN_HEADER_BYTES;
    size_t len = codec == SPAN_ZSTD
                     ? deflate_zstd(builder, to, room)
                     : span_model_deflate(builder->decoder, before,
                                          bytes_of(builder->raw, builder->raw_len), to, room);
    if (len == 0 || len >= builder->raw_len ||
        builder->raw_len > span_raw_bytes_max(builder->header.codec, len)) {
        return 0;
    }
    int rc = span_inflate(builder->decoder, &builder->header, before, bytes_of(to, len),
                          builder->back, NULL);
    return rc == 0 && memcmp(builder->back, builder->raw, builder->raw_len) == 0 ? len : 0;
}

int span_builder_finish(struct span_builder *builder, enum span_codec codec,
                        const struct signature *head, struct bytes *ret_frame, struct err_ctx *err)
{
    if (builder->header.count == 0) {
        return err_set(err, ERR_STATE, "span: no entry");
    }
    size_t len = 0;
    builder->header.after = 0;
    builder->header.raw_len = (uint32_t)builder->raw_len;
    builder->header.head = *head;
    if (codec == SPAN_MODEL && builder->raw_len <= SPAN_MODEL_RAW_BYTES_MAX) {
        len = deflate(builder, SPAN_MODEL);
    }
    if (len == 0 && codec != SPAN_RAW) {
        builder->header.after = 0;
        len = deflate(builder, SPAN_ZSTD);
    }
    if (len == 0) {
        if (builder->raw_len > sizeof builder->frame - SPAN_HEADER_BYTES) {
            return err_set(err, ERR_LIMIT, "span: %zu raw bytes do not fit a frame",
                           builder->raw_len);
        }
        memcpy(builder->frame + SPAN_HEADER_BYTES, builder->raw, builder->raw_len);
        len = builder->raw_len;
        builder->header.codec = SPAN_RAW;
        builder->header.dictionary = 0;
    }
    span_header_encode(&builder->header, builder->frame);
    *ret_frame = bytes_of(builder->frame, SPAN_HEADER_BYTES + len);
    return 0;
}
