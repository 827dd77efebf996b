/* Planted bug: a compressor that gives back something else. ZSTD_compress2 is this file's own
 * here, so the builder meets a codec that lies, and must send raw. */
#include "core/wire/span.h"
#include "lib/cmocka_all.h"

#include <zstd.h>

static enum { HONEST, OTHER_BYTE, SHORTER, NO_FRAME, FAILURE } lie;

size_t ZSTD_compress2(ZSTD_CCtx *context, void *to, size_t capacity, const void *from, size_t len)
{
    static uint8_t altered[4096];
    assert_true(len <= sizeof altered);
    memcpy(altered, from, len);
    if (lie == FAILURE) {
        return (size_t)-1;
    }
    if (lie == NO_FRAME) {
        memset(to, 0, 20);
        return 20;
    }
    altered[len / 2] ^= lie == OTHER_BYTE ? 1 : 0;
    return ZSTD_compressCCtx(context, to, capacity, altered, lie == SHORTER ? len - 1 : len, 3);
}

static void a_codec_that_lies_is_not_used(void **state)
{
    (void)state;
    static uint8_t body[3000];
    struct span_builder *builder = span_builder_new();
    const struct incarnation incarnation = {{1}};
    const struct hash before = {{0}};
    const struct signature head = {{2}};
    const struct span_entry entry = {.kind = 16, .body = bytes_of(body, sizeof body)};
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)((uint8_t) "kabar"[i % 5] + i / 100);
    }
    for (int what = HONEST; what <= FAILURE; what++) {
        struct bytes frame = {0};
        memcpy(&lie, &what, sizeof lie);
        span_builder_start(builder, &incarnation, 1, &before);
        assert_int_equal(span_builder_add(builder, &entry, sizeof body + 4), 0);
        assert_int_equal(span_builder_finish(builder, SPAN_ZSTD, &head, &frame, NULL), 0);
        assert_int_equal(frame.data[2], what == HONEST ? SPAN_ZSTD : SPAN_RAW);
        assert_true(what == HONEST ||
                    memcmp(frame.data + SPAN_HEADER_BYTES + 4, body, sizeof body) == 0);
    }
    span_builder_free(builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_codec_that_lies_is_not_used)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
