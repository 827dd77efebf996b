#include "core/wire/span_codec.h"

#include "core/base/assert.h"
#include "core/wire/dictionary.h"
#include "core/wire/span_model.h"

#include <zstd.h>

/* RFC 8878, 3.1.1: magic 4, descriptor 1, then the window byte unless it is a single segment. */
#define MAGIC_BYTES 4u
#define SINGLE_SEGMENT 0x20u
#define RESERVED_BIT 0x08u
#define DICTIONARY_ID_BITS 0x03u

struct span_decoder {
    ZSTD_DCtx *context;
    struct span_model *model; /* NULL until it is needed */
};

struct span_decoder *span_decoder_new(void)
{
    struct span_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) {
        return NULL;
    }
    decoder->context = ZSTD_createDCtx();
    if (decoder->context == NULL ||
        ZSTD_isError(
            ZSTD_DCtx_setParameter(decoder->context, ZSTD_d_windowLogMax, SPAN_WINDOW_LOG_MAX))) {
        span_decoder_free(decoder);
        return NULL;
    }
    return decoder;
}

void span_decoder_free(struct span_decoder *decoder)
{
    if (decoder != NULL) {
        (void)ZSTD_freeDCtx(decoder->context);
        span_model_free(decoder->model);
        free(decoder);
    }
}

/* windowLogMax binds zstd's streaming only, and a skippable or older frame has another magic; so
 * the few bytes that matter are read here. */
static int check_frame_header(struct bytes payload, struct err_ctx *err)
{
    static const uint8_t magic[MAGIC_BYTES] = {0x28, 0xb5, 0x2f, 0xfd};
    if (payload.len < MAGIC_BYTES + 2 || memcmp(payload.data, magic, sizeof magic) != 0) {
        return err_set(err, ERR_FORMAT, "span: not a zstd frame");
    }
    unsigned descriptor = payload.data[MAGIC_BYTES];
    if ((descriptor & RESERVED_BIT) != 0) {
        return err_set(err, ERR_FORMAT, "span: zstd frame with a reserved bit");
    }
    if ((descriptor & DICTIONARY_ID_BITS) != 0) {
        return err_set(err, ERR_FORMAT, "span: zstd frame with a dictionary id");
    }
    if ((descriptor & SINGLE_SEGMENT) != 0) {
        return 0; /* the window is the content, and that is bounded */
    }
    unsigned window = payload.data[MAGIC_BYTES + 1];
    unsigned log = 10 + (window >> 3);
    bool mantissa = (window & 7u) != 0;
    if (log > SPAN_WINDOW_LOG_MAX || (log == SPAN_WINDOW_LOG_MAX && mantissa)) {
        return err_set(err, ERR_LIMIT, "span: zstd window above 2^%d", SPAN_WINDOW_LOG_MAX);
    }
    return 0;
}

static int check_frame_sizes(struct bytes payload, size_t raw_len, struct err_ctx *err)
{
    unsigned long long content = ZSTD_getFrameContentSize(payload.data, payload.len);
    if (content == ZSTD_CONTENTSIZE_UNKNOWN || content == ZSTD_CONTENTSIZE_ERROR) {
        return err_set(err, ERR_FORMAT, "span: zstd frame without its content size");
    }
    if (content != raw_len) {
        return err_set(err, ERR_FORMAT, "span: zstd frame of %llu bytes, not %zu", content,
                       raw_len);
    }
    size_t frame = ZSTD_findFrameCompressedSize(payload.data, payload.len);
    if (ZSTD_isError(frame)) {
        return err_set(err, ERR_FORMAT, "span: zstd frame: %s", ZSTD_getErrorName(frame));
    }
    if (frame != payload.len) {
        return err_set(err, ERR_FORMAT, "span: %zu bytes after the zstd frame",
                       payload.len - frame);
    }
    return 0;
}

static int inflate_zstd(struct span_decoder *decoder, struct bytes payload, uint8_t *to,
                        size_t raw_len, struct err_ctx *err)
{
    int rc = check_frame_header(payload, err);
    rc = rc != 0 ? rc : check_frame_sizes(payload, raw_len, err);
    if (rc != 0) {
        return rc;
    }
    size_t got = ZSTD_decompressDCtx(decoder->context, to, raw_len, payload.data, payload.len);
    if (ZSTD_isError(got)) {
        return err_set(err, ERR_FORMAT, "span: zstd frame: %s", ZSTD_getErrorName(got));
    }
    return got == raw_len
               ? 0
               : err_set(err, ERR_FORMAT, "span: zstd frame gave %zu bytes, not %zu", got, raw_len);
}

size_t span_raw_bytes_max(enum span_codec codec, size_t payload_len)
{
    size_t most = codec == SPAN_MODEL ? SPAN_MODEL_RAW_BYTES_MAX : SPAN_RAW_BYTES_MAX;
    size_t dense = payload_len * (codec == SPAN_MODEL ? SPAN_MODEL_RATIO_MAX : SPAN_RATIO_MAX);
    return dense < most ? dense : most;
}

static struct span_model *model_of(struct span_decoder *decoder)
{
    if (decoder->model == NULL) {
        decoder->model = span_model_new(dictionary_1());
    }
    return decoder->model;
}

static int inflate_model(struct span_decoder *decoder, const struct span_header *header,
                         struct bytes before, struct bytes payload, uint8_t *to,
                         struct err_ctx *err)
{
    if (header->dictionary != SPAN_DICTIONARY_1) {
        return err_set(err, ERR_VERSION, "span: dictionary %u", header->dictionary);
    }
    struct span_model *model = model_of(decoder);
    return model == NULL
               ? err_set(err, ERR_NOMEM, "out of memory")
               : span_model_unpack(model, before, payload, header->count, to, header->raw_len, err);
}

int span_inflate(struct span_decoder *decoder, const struct span_header *header,
                 struct bytes before, struct bytes payload, uint8_t *to, struct err_ctx *err)
{
    ASSERT(header->raw_len <= SPAN_RAW_BYTES_MAX);
    if (header->codec == SPAN_MODEL) {
        return inflate_model(decoder, header, before, payload, to, err);
    }
    if (header->dictionary != 0) {
        return err_set(err, ERR_VERSION, "span: dictionary %u", header->dictionary);
    }
    return inflate_zstd(decoder, payload, to, header->raw_len, err);
}

size_t span_model_deflate(struct span_decoder *decoder, struct bytes before, struct bytes rows,
                          uint8_t *to, size_t room)
{
    struct span_model *model = model_of(decoder);
    return model == NULL ? 0 : span_model_pack(model, before, rows, to, room);
}
