/* Codec 2: whatever the bodies, what comes out is what went in; reports shrink more than with zstd;
 * wrong payloads are refused without a byte too many. */
#include "core/base/limits.h"
#include "core/wire/dictionary.h"
#include "core/wire/span_fields.h"
#include "core/wire/span_model.h"
#include "unit/core/wire/samples.h"

#include <zstd.h>

#define ROWS_MAX 65536u

static struct span_model *model;
static uint8_t rows[ROWS_MAX], packed[2 * ROWS_MAX], back[ROWS_MAX + 1];
static size_t rows_len;
static struct bytes before; /* what they are packed after */
static uint32_t row_count;

static void row(unsigned kind, bool erased, struct bytes body)
{
    assert_true(rows_len + 4 + body.len <= sizeof rows);
    put_be16(rows + rows_len, (uint16_t)kind);
    put_be16(rows + rows_len + 2, (uint16_t)(body.len | (erased ? 0x8000u : 0)));
    if (body.len > 0) {
        memcpy(rows + rows_len + 4, body.data, body.len);
    }
    rows_len += 4 + body.len;
    row_count++;
}

static void no_rows(void)
{
    rows_len = 0;
    row_count = 0;
}

/* Packs the rows and opens them again; returns how long they were packed. */
static size_t there_and_back(void)
{
    struct err_ctx err = {{0}};
    size_t len = span_model_pack(model, before, bytes_of(rows, rows_len), packed, sizeof packed);
    assert_true(len > 0);
    back[rows_len] = 0xa5;
    assert_int_equal(
        span_model_unpack(model, before, bytes_of(packed, len), row_count, back, rows_len, &err),
        0);
    assert_memory_equal(back, rows, rows_len);
    assert_int_equal(back[rows_len], 0xa5);
    return len;
}

static void bodies_of_every_kind(void **state)
{
    (void)state;
    size_t i = 0;
    json_t *vector = NULL;
    no_rows();
    json_array_foreach(json_object_get(sample_file, "messages"), i, vector)
    {
        static uint8_t body[SAMPLE_BYTES_MAX];
        const char *hex = json_string_value(json_object_get(vector, "hex"));
        size_t len = strlen(hex) / 2;
        assert_true(hex_decode(body, len, bytes_of_text(hex)));
        static const unsigned kinds[] = {0, 16, 17, 18, 19, 20, 21, 32, 65535};
        for (size_t at = 0; at < sizeof kinds / sizeof kinds[0]; at++) { /* its own, and others */
            no_rows();
            row(kinds[at], false, bytes_of(body, len));
            (void)there_and_back();
        }
    }
    assert_true(i > 20);
}

/* Each looks almost like ours: what cannot go as fields goes whole. */
static void bodies_that_are_not_ours(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        size_t len;
        uint8_t body[16];
    } odd[] = {
        {"nothing", 0, {0}},
        {"tag zero", 1, {0}},
        {"field zero", 2, {0x02, 0x00}},
        {"a number longer than needed", 3, {0x18, 0x81, 0x00}},
        {"a tag longer than needed", 3, {0x98, 0x00, 0x01}},
        {"eleven octets of a number",
         12,
         {0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}},
        {"a number above 64 bits",
         11,
         {0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}},
        {"the largest number", 11, {0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
        {"the largest day", 11, {0x28, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}},
        {"text past the end", 3, {0x12, 0x05, 'a'}},
        {"text with a zero", 5, {0x12, 0x03, 'a', 0, 'b'}},
        {"a length longer than needed", 4, {0x12, 0x81, 0x00, 'a'}},
        {"fixed 64", 9, {0x19, 1, 2, 3, 4, 5, 6, 7, 8}},
        {"a group", 2, {0x1b, 0x1c}},
        {"a subject that ends in its text", 4, {0x72, 0x02, 0x0a, 0x05}},
        {"a subject past the end", 4, {0x72, 0x05, 0x0a, 0x00}},
        {"an empty subject", 2, {0x72, 0x00}},
        {"a subject that is a number", 2, {0x70, 0x05}},
        {"a salt of another length", 6, {0x9a, 0x06, 0x03, 0, 1, 2}},
        {"a field that nobody knows", 5, {0xf2, 0x0f, 0x02, 'o', 'k'}},
        {"a field number too large", 6, {0x82, 0x80, 0x10, 0x02, 'o', 'k'}},
        {"fields in no order", 7, {0x9a, 0x06, 0x00, 0x12, 0x01, 'z', 0x12}},
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        for (unsigned kind = 15; kind < 23; kind++) {
            no_rows();
            row(kind, false, bytes_of(odd[i].body, odd[i].len));
            row(kind, false, bytes_of(odd[i].body, odd[i].len));
            (void)there_and_back();
        }
    }
}

static void mutated_bodies(void **state)
{
    (void)state;
    struct bytes dictionary = dictionary_1();
    uint64_t seed = SEED;
    size_t at = 0;
    (void)printf("seed %" PRIu64 "\n", seed);
    for (int turn = 0; turn < 100; turn++) {
        static uint8_t body[ENTRY_BYTES_MAX];
        no_rows();
        for (int i = 0; i < 4; i++) {
            size_t len = get_be16(dictionary.data + at + 2);
            memcpy(body, dictionary.data + at + 4, len);
            for (uint64_t hits = next_random(&seed) % 4; hits > 0; hits--) {
                body[next_random(&seed) % len] ^= (uint8_t)(1u << next_random(&seed) % 8);
            }
            row(16, false, bytes_of(body, len - next_random(&seed) % 3));
            at = at + 4 + len < dictionary.len ? at + 4 + len : 0;
        }
        (void)there_and_back();
    }
}

static void large_and_erased_ones(void **state)
{
    (void)state;
    static uint8_t noise[ENTRY_BYTES_MAX];
    uint64_t seed = SEED;
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)next_random(&seed);
    }
    no_rows();
    row(16, false, bytes_of(noise, sizeof noise));
    row(17, true, bytes_of(noise, 32));
    row(65535, false, bytes_of(noise, 0));
    (void)there_and_back();
    assert_int_equal(span_model_pack(model, before, bytes_of(rows, rows_len), packed, 100), 0);
    assert_int_equal(
        span_model_pack(model, before, bytes_of(rows, rows_len - 1), packed, sizeof packed), 0);
}

/* The first reports of the dictionary, to a model without one. */
static void reports_shrink(void **state)
{
    (void)state;
    struct bytes dictionary = dictionary_1();
    struct span_model *own = model;
    no_rows();
    for (size_t at = 0; row_count < 64; at += 4u + get_be16(dictionary.data + at + 2)) {
        row(16, false, bytes_of(dictionary.data + at + 4, get_be16(dictionary.data + at + 2)));
    }
    model = span_model_new(bytes_of(NULL, 0));
    assert_non_null(model);
    size_t modelled = there_and_back();
    size_t compressed = ZSTD_compress(packed, sizeof packed, rows, rows_len, 19);
    (void)printf("64 reports, %zu bytes: zstd %zu, modelled %zu\n", rows_len, compressed, modelled);
    assert_true(modelled < compressed);
    span_model_free(model);
    model = own;
    assert_true(there_and_back() * 2 < modelled); /* with the dictionary, these are known */
}

/* What was packed just before need not be taught again; and is forgotten after. */
static void after_others(void **state)
{
    (void)state;
    static uint8_t others[sizeof rows];
    struct bytes dictionary = dictionary_1();
    size_t half = 0;
    no_rows();
    for (size_t at = 0; row_count < 32; at += 4u + get_be16(dictionary.data + at + 2)) {
        row(16, false, bytes_of(dictionary.data + at + 4, get_be16(dictionary.data + at + 2)));
        half = row_count == 16 ? rows_len : half;
    }
    struct span_model *own = model;
    model = span_model_new(bytes_of(NULL, 0));
    assert_non_null(model);
    memcpy(others, rows, rows_len);
    rows_len -= half;
    row_count = 16;
    memmove(rows, rows + half, rows_len);
    size_t alone = there_and_back();
    before = bytes_of(others, half);
    size_t after = there_and_back();
    before = bytes_of(NULL, 0);
    (void)printf("16 reports, %zu bytes: alone %zu, after 16 others %zu\n", rows_len, alone, after);
    assert_true(after * 4 < alone * 3);
    assert_int_equal(there_and_back(), alone);
    span_model_free(model);
    model = own;
}

static void the_same_bytes_every_time(void **state)
{
    (void)state;
    static uint8_t first[sizeof packed];
    no_rows();
    row(20, false, bytes_of_text("kabar kabar kabar"));
    size_t len = there_and_back();
    memcpy(first, packed, len);
    row(16, false, bytes_of_text("something else between"));
    (void)there_and_back();
    no_rows();
    row(20, false, bytes_of_text("kabar kabar kabar"));
    assert_int_equal(there_and_back(), len);
    assert_memory_equal(first, packed, len);
}

static int unpack(struct bytes payload, uint32_t count, size_t raw_len)
{
    struct err_ctx err = {{0}};
    uint8_t *to = malloc(raw_len + 1); /* so that a sanitizer sees writing on */
    assert_non_null(to);
    int rc = span_model_unpack(model, before, payload, count, to, raw_len, &err);
    assert_true(rc == 0 || (rc == ERR_FORMAT && err.text[0] != '\0'));
    free(to);
    return rc;
}

static void wrong_payloads(void **state)
{
    (void)state;
    struct bytes dictionary = dictionary_1();
    no_rows();
    row(16, false, bytes_of(dictionary.data + 4, get_be16(dictionary.data + 2)));
    row(17, true, bytes_of(dictionary.data + 4, 32));
    size_t len = there_and_back();
    for (size_t cut = 0; cut + 4 < len; cut++) { /* the last bytes can be anything */
        assert_int_equal(unpack(bytes_of(packed, cut), row_count, rows_len), ERR_FORMAT);
    }
    packed[len] = 0;
    assert_int_equal(unpack(bytes_of(packed, len + 1), row_count, rows_len), ERR_FORMAT);
    assert_int_equal(unpack(bytes_of(packed, len), row_count + 1, rows_len), ERR_FORMAT);
    assert_int_equal(unpack(bytes_of(packed, len), row_count - 1, rows_len), ERR_FORMAT);
    assert_int_equal(unpack(bytes_of(packed, len), row_count, rows_len - 1), ERR_FORMAT);
    assert_int_equal(unpack(bytes_of(packed, len), row_count, rows_len + 1), ERR_FORMAT);
    uint64_t seed = SEED;
    for (int turn = 0; turn < 300; turn++) {
        static uint8_t noise[256];
        for (size_t i = 0; i < sizeof noise; i++) {
            noise[i] = (uint8_t)next_random(&seed);
        }
        (void)unpack(bytes_of(noise, next_random(&seed) % sizeof noise),
                     (uint32_t)(1 + next_random(&seed) % 9), next_random(&seed) % 2000);
    }
    (void)there_and_back(); /* nothing of all this stayed */
}

static void zigzag(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {0, 1, UINT64_MAX, 2, UINT64_MAX - 1, UINT64_C(1) << 63};
    static const uint64_t folded[] = {0, 2, 1, 4, 3, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        assert_true(span_fold(numbers[i]) == folded[i]);
        assert_true(span_unfold(folded[i]) == numbers[i]);
    }
}

static int open_all(void **state)
{
    model = span_model_new(dictionary_1());
    return model == NULL ? -1 : samples_open(state);
}

static int close_all(void **state)
{
    span_model_free(model);
    return samples_close(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_every_kind),
        cmocka_unit_test(bodies_that_are_not_ours),
        cmocka_unit_test(mutated_bodies),
        cmocka_unit_test(large_and_erased_ones),
        cmocka_unit_test(reports_shrink),
        cmocka_unit_test(the_same_bytes_every_time),
        cmocka_unit_test(after_others),
        cmocka_unit_test(wrong_payloads),
        cmocka_unit_test(zigzag),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
