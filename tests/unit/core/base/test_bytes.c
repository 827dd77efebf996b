/* Byte ranges, big-endian numbers, the bounded writer and reader, hex. */
#include "core/base/bytes.h"
#include "lib/cmocka_all.h"

static void ranges_compare_as_memcmp_shorter_first(void **state)
{
    (void)state;
    struct bytes ab = bytes_of_text("ab");
    assert_int_equal(bytes_compare(ab, bytes_of_text("ab")), 0);
    assert_true(bytes_compare(ab, bytes_of_text("abc")) < 0);
    assert_true(bytes_compare(bytes_of_text("abc"), ab) > 0);
    assert_true(bytes_compare(ab, bytes_of_text("b")) < 0);
    assert_true(bytes_compare(bytes_of("\xff", 1), ab) > 0);
    assert_true(bytes_compare((struct bytes){0}, ab) < 0);
    assert_true(bytes_equal((struct bytes){0}, bytes_of_text("")));
    assert_true(bytes_equal(bytes_of_text(NULL), (struct bytes){0}));
    assert_true(bytes_equal(ab, bytes_of("ab", 2)));
    assert_false(bytes_equal(ab, bytes_of("ac", 2)));
    assert_false(bytes_equal(ab, bytes_of("abc", 3)));
}

static void numbers_are_big_endian(void **state)
{
    (void)state;
    uint8_t room[8];
    put_be64(room, UINT64_C(0x0102030405060708));
    assert_memory_equal(room, "\1\2\3\4\5\6\7\10", 8);
    assert_true(get_be64(room) == UINT64_C(0x0102030405060708));
    assert_int_equal(get_be32(room + 4), 0x05060708);
    assert_int_equal(get_be16(room + 6), 0x0708);
    put_be64(room, UINT64_MAX);
    assert_true(get_be64(room) == UINT64_MAX);
    assert_int_equal(get_be16(room), UINT16_MAX);
    assert_true(get_be32(room) == UINT32_MAX);
}

static void writer_fills_its_room_exactly(void **state)
{
    (void)state;
    uint8_t room[18] = {0};
    struct writer writer;
    writer_init(&writer, room, 17);
    writer_u8(&writer, 1);
    writer_be16(&writer, 0x0203);
    writer_be32(&writer, 0x04050607);
    writer_be64(&writer, UINT64_C(0x08090a0b0c0d0e0f));
    writer_bytes(&writer, bytes_of_text("\x10\x11"));
    assert_false(writer.overflow);
    assert_int_equal(writer.len, 17);
    for (uint8_t i = 0; i < 17; i++) {
        assert_int_equal(room[i], i + 1);
    }
    writer_bytes(&writer, (struct bytes){0});
    assert_false(writer.overflow);
    writer_u8(&writer, 0xff);
    assert_true(writer.overflow);
    assert_int_equal(room[17], 0);
}

static void writer_never_writes_after_an_overflow(void **state)
{
    (void)state;
    uint8_t room[4] = {0};
    struct writer writer;
    writer_init(&writer, room, 3);
    writer_be32(&writer, UINT32_MAX);
    writer_u8(&writer, 0xff); /* would fit */
    writer_bytes(&writer, bytes_of(room, SIZE_MAX));
    assert_true(writer.overflow);
    assert_int_equal(writer.len, 0);
    assert_memory_equal(room, "\0\0\0\0", 4);
}

static void reader_gives_back_what_was_written(void **state)
{
    (void)state;
    static const uint8_t room[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};
    struct reader reader;
    reader_init(&reader, bytes_of(room, sizeof room));
    assert_int_equal(reader_u8(&reader), 1);
    assert_int_equal(reader_be16(&reader), 0x0203);
    assert_int_equal(reader_be32(&reader), 0x04050607);
    assert_true(reader_be64(&reader) == UINT64_C(0x08090a0b0c0d0e0f));
    uint8_t last[2];
    reader_copy(&reader, last, 2);
    assert_memory_equal(last, "\x10\x11", 2);
    assert_int_equal(reader_left(&reader), 0);
    assert_int_equal(reader_bytes(&reader, 0).len, 0);
    assert_false(reader.underflow);
}

static void reader_gives_zeros_after_its_end(void **state)
{
    (void)state;
    struct reader reader;
    reader_init(&reader, bytes_of("\xff\xff\xff", 3));
    assert_int_equal(reader_be32(&reader), 0);
    assert_true(reader.underflow);
    assert_int_equal(reader_u8(&reader), 0); /* there is one, but the reader has failed */
    assert_int_equal(reader_be16(&reader), 0);
    assert_true(reader_be64(&reader) == 0);
    assert_null(reader_bytes(&reader, 1).data);
    uint8_t copy[3] = {9, 9, 9};
    reader_copy(&reader, copy, 3);
    assert_memory_equal(copy, "\0\0\0", 3);
    reader_init(&reader, bytes_of("\xff", 1));
    assert_null(reader_bytes(&reader, SIZE_MAX).data);
    assert_true(reader.underflow);
}

static void hex_goes_there_and_back(void **state)
{
    (void)state;
    static const uint8_t raw[] = {0x00, 0x09, 0x9a, 0xaf, 0xf0, 0xff};
    char text[HEX_CAPACITY(sizeof raw)];
    assert_string_equal(hex_encode(text, raw, sizeof raw), "00099aaff0ff");
    assert_string_equal(hex_encode(text, raw, 0), "");
    uint8_t back[6] = {0};
    assert_true(hex_decode(back, 6, bytes_of_text("00099aAFF0fF")));
    assert_memory_equal(back, raw, 6);
    assert_true(hex_decode(back, 0, (struct bytes){0}));
}

static void what_is_not_hex_is_refused(void **state)
{
    (void)state;
    uint8_t back[2];
    static const char *const wrong[] = {"",     "000",  "00000", "00 0", "0x00", "000g",
                                        "g000", "00/0", "00:0",  "00@0", "00`0", "-100"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(hex_decode(back, 2, bytes_of_text(wrong[i])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_compare_as_memcmp_shorter_first),
        cmocka_unit_test(numbers_are_big_endian),
        cmocka_unit_test(writer_fills_its_room_exactly),
        cmocka_unit_test(writer_never_writes_after_an_overflow),
        cmocka_unit_test(reader_gives_back_what_was_written),
        cmocka_unit_test(reader_gives_zeros_after_its_end),
        cmocka_unit_test(hex_goes_there_and_back),
        cmocka_unit_test(what_is_not_hex_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
