/* Codec 2. Byte 0 chooses: even, the rest is the payload of a span, with how much is to come out of
 * it; odd, the rest is the body of an entry, which goes in and comes back.
 */
#include "fuzz/fuzz.h"

#include "core/base/limits.h"
#include "core/wire/dictionary.h"
#include "core/wire/span_model.h"

#include <stdlib.h>
#include <string.h>

#define RAW_BYTES_MAX 4096u

static struct span_model *model;

static void prepare(void)
{
    if (model == NULL) {
        span_model_free(NULL);
        CHECK(span_model_new(bytes_of("\0\x10\0\x09short", 9)) == NULL, "a dictionary is of rows");
        model = span_model_new(dictionary_1());
        CHECK(model != NULL, "there is memory");
    }
}

static void take_payload(struct bytes input)
{
    struct err_ctx err = {""};
    uint32_t count = 1u + take_u8(&input) % 8u;
    size_t raw_len = (size_t)take_u8(&input) << 4 | take_u8(&input) % 16u;
    uint8_t *to = malloc(raw_len + 1); /* so that writing past it is seen */
    CHECK(to != NULL, "there is memory");
    int rc = span_model_unpack(model, bytes_of(NULL, 0), input, count, to, raw_len, &err);
    if (rc != 0) {
        CHECK(rc == ERR_FORMAT, "what is wrong is the format");
        check_refused(rc, &err);
    }
    free(to);
}

static void there_and_back(struct bytes input)
{
    static uint8_t rows[4 + RAW_BYTES_MAX];
    static uint8_t packed[3 * RAW_BYTES_MAX];
    static uint8_t back[4 + RAW_BYTES_MAX];
    unsigned kind = take_u8(&input);
    unsigned how = take_u8(&input);
    unsigned erased = how % 8 == 0 ? 0x8000u : 0;
    bool after = how >= 128; /* itself */
    size_t room = (size_t)take_u8(&input) * 64;
    size_t len = input.len < RAW_BYTES_MAX ? input.len : RAW_BYTES_MAX;
    put_be16(rows, (uint16_t)kind);
    put_be16(rows + 2, (uint16_t)(len | erased));
    if (len > 0) {
        memcpy(rows + 4, input.data, len);
    }
    room = room < sizeof packed ? room : sizeof packed;
    struct bytes row = bytes_of(rows, len + 4);
    struct bytes before = bytes_of(rows, after ? row.len : 0);
    size_t got = span_model_pack(model, before, row, packed, room);
    CHECK(got <= room, "no more than there is room");
    if (got > 0) {
        CHECK(span_model_unpack(model, before, bytes_of(packed, got), 1, back, row.len, NULL) == 0,
              "packed, so opened");
        CHECK(memcmp(back, rows, row.len) == 0, "every byte comes back");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    prepare();
    if (take_u8(&input) % 2 == 0) {
        take_payload(input);
    } else {
        there_and_back(input);
    }
    return 0;
}
