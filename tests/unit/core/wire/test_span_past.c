/* Spans that are packed after what went over the connection before: both ends keep the same; who
 * lacks it says so, and what stands alone needs nothing. */
#include "core/wire/span.h"
#include "unit/core/wire/samples.h"

#define SPAN_ENTRIES 20u

static const struct incarnation log_a = {{0xaa}}, log_b = {{0xbb}};
static struct span_builder *builder;
static struct span_decoder *decoder;
static struct arena *scratch;
static struct span_past sent, heard;

static void add(struct span_past *past, const struct incarnation *log, uint64_t first,
                uint32_t count, size_t body_len)
{
    static uint8_t rows[SPAN_MODEL_RAW_BYTES_MAX];
    struct writer writer;
    writer_init(&writer, rows, sizeof rows);
    for (uint32_t i = 0; i < count; i++) {
        writer_be16(&writer, (uint16_t)(first + i));
        writer_be16(&writer, (uint16_t)body_len);
        for (size_t at = 0; at < body_len; at++) {
            writer_u8(&writer, (uint8_t)(first + i));
        }
    }
    assert_false(writer.overflow);
    span_past_add(past, log, first, count, bytes_of(rows, writer.len));
}

/* The newest `count` rows are those of the entries before `next`. */
static void assert_newest(const struct span_past *past, uint64_t next, uint32_t count)
{
    struct reader reader;
    reader_init(&reader, span_past_rows(past, count));
    for (uint64_t seq = next - count; seq < next; seq++) {
        assert_int_equal(reader_be16(&reader), (uint16_t)seq);
        struct bytes body = reader_bytes(&reader, reader_be16(&reader));
        assert_true(body.len == 0 || body.data[body.len - 1] == (uint8_t)seq);
    }
    assert_int_equal(reader_left(&reader), 0);
    assert_false(reader.underflow);
}

static void what_it_keeps(void **state)
{
    (void)state;
    struct span_past past;
    span_past_clear(&past);
    assert_int_equal(span_past_before(&past, &log_a, 1), 0);
    assert_int_equal(span_past_before(&past, &log_a, 0), 0);
    add(&past, &log_a, 5, 3, 10);
    assert_int_equal(span_past_before(&past, &log_a, 8), 3);
    assert_int_equal(span_past_before(&past, &log_a, 7), 0);
    assert_int_equal(span_past_before(&past, &log_b, 8), 0);
    assert_newest(&past, 8, 3);
    add(&past, &log_a, 8, 2, 0);
    assert_int_equal(span_past_before(&past, &log_a, 10), 5);
    for (uint32_t count = 1; count <= 5; count++) {
        assert_newest(&past, 10, count);
    }
    add(&past, &log_a, 9, 2, 10); /* again from an earlier one: a new run */
    assert_int_equal(span_past_before(&past, &log_a, 11), 2);
    add(&past, &log_b, 11, 1, 10); /* another log: a new run */
    assert_int_equal(span_past_before(&past, &log_a, 11), 0);
    assert_int_equal(span_past_before(&past, &log_b, 12), 1);
}

static void how_much_it_keeps(void **state)
{
    (void)state;
    struct span_past past;
    span_past_clear(&past);
    for (uint64_t seq = 1; seq < 1001; seq += 40) {
        add(&past, &log_a, seq, 40, 0);
    }
    assert_int_equal(span_past_before(&past, &log_a, 1001), SPAN_PAST_ENTRIES_MAX);
    assert_newest(&past, 1001, SPAN_PAST_ENTRIES_MAX);
    add(&past, &log_a, 1001, 10, 996); /* 10,000 octets: few of the short ones go */
    assert_int_equal(span_past_before(&past, &log_a, 1011), SPAN_PAST_ENTRIES_MAX);
    add(&past, &log_a, 1011, 10, 996); /* 20,000 do not fit */
    assert_int_equal(span_past_before(&past, &log_a, 1021), 16);
    assert_newest(&past, 1021, 16);
    add(&past, &log_a, 1021, 60, 996); /* more in one than it keeps */
    assert_int_equal(span_past_before(&past, &log_a, 1081), 16);
    assert_newest(&past, 1081, 16);
    add(&past, &log_a, 1081, 300, 100);
    assert_int_equal(span_past_before(&past, &log_a, 1381), 157);
    add(&past, &log_a, 1381, 1, ENTRY_BYTES_MAX); /* alone too long: what was before is no run */
    assert_int_equal(span_past_before(&past, &log_a, 1382), 0);
    add(&past, &log_a, 1382, 1, 10);
    assert_int_equal(span_past_before(&past, &log_a, 1383), 1);
}

/* What they share nothing but their neighbours foretells; the rest nobody. */
static struct bytes body_of(uint64_t seq)
{
    static char text[200];
    (void)snprintf(text, sizeof text, "Xylophon quakt zwischen Jux und Tand, Faxgeraet %016llx",
                   (unsigned long long)(seq * 0x9E3779B97F4A7C15u));
    return bytes_of_text(text);
}

static struct bytes pack(uint64_t first, const struct span_past *past, enum span_codec codec)
{
    static const struct hash h_before = {{2}};
    static const struct signature head = {{3}};
    struct bytes frame;
    span_builder_start(builder, &log_a, first, &h_before);
    span_builder_after(builder, past);
    for (uint64_t seq = first; seq < first + SPAN_ENTRIES; seq++) {
        struct span_entry entry = {.kind = 16, .body = body_of(seq)};
        assert_int_equal(span_builder_add(builder, &entry, SPAN_RAW_BYTES_MAX), 0);
    }
    assert_int_equal(span_builder_finish(builder, codec, &head, &frame, NULL), 0);
    return frame;
}

static int hear(struct bytes frame, struct span_past *past)
{
    struct span_header header = {.count = 0};
    struct span_entry *entries = NULL;
    struct bytes payload;
    struct err_ctx err = {""};
    arena_reset(scratch);
    int rc = span_header_decode(frame, &header, &payload, &err);
    rc = rc != 0 ? rc
                 : span_entries_receive(decoder, &header, payload, past, scratch, &entries, &err);
    assert_true(rc == 0 || err.text[0] != '\0');
    for (uint32_t i = 0; rc == 0 && i < header.count; i++) {
        assert_true(bytes_equal(entries[i].body, body_of(header.first + i)));
    }
    return rc;
}

static void both_forget(void)
{
    span_past_clear(&sent);
    span_past_clear(&heard);
}

static void one_after_the_other(void **state)
{
    (void)state;
    size_t alone = 0;
    both_forget();
    for (uint64_t first = 1; first < 1 + 10 * SPAN_ENTRIES; first += SPAN_ENTRIES) {
        struct bytes frame = pack(first, &sent, SPAN_MODEL);
        assert_int_equal(frame.data[SPAN_CODEC_AT], SPAN_MODEL);
        assert_int_equal(frame.data[SPAN_AFTER_AT] > 0, first > 1);
        alone = first == 1 ? frame.len : alone;
        assert_true(first == 1 || frame.len < alone);
        assert_int_equal(hear(frame, &heard), 0);
        span_builder_sent(builder, &sent);
    }
    assert_int_equal(pack(1, NULL, SPAN_MODEL).data[SPAN_AFTER_AT], 0);
    assert_int_equal(pack(1000, &sent, SPAN_MODEL).data[SPAN_AFTER_AT],
                     0); /* it goes on elsewhere */
    assert_int_equal(pack(1 + 10 * SPAN_ENTRIES, &sent, SPAN_ZSTD).data[SPAN_AFTER_AT], 0);
    span_builder_sent(builder, &sent); /* not modelled: nothing is taken in */
    assert_int_equal(span_past_before(&sent, &log_a, 1 + 11 * SPAN_ENTRIES), 0);
}

static void what_is_lacking_is_a_gap(void **state)
{
    (void)state;
    static uint8_t copy[SPAN_WIRE_BYTES_MAX];
    both_forget();
    assert_int_equal(hear(pack(1, &sent, SPAN_MODEL), &heard), 0);
    span_builder_sent(builder, &sent);
    struct bytes frame = pack(1 + SPAN_ENTRIES, &sent, SPAN_MODEL);
    memcpy(copy, frame.data, frame.len);
    struct bytes second = bytes_of(copy, frame.len);
    struct span_past other;
    span_past_clear(&other);
    assert_int_equal(hear(second, NULL), ERR_GAP); /* by stick, or in a journal */
    assert_int_equal(hear(second, &other), ERR_GAP);
    assert_int_equal(hear(second, &heard), 0);
    assert_int_equal(hear(second, &heard), ERR_GAP); /* twice: it goes on from the first time */
    assert_int_equal(hear(pack(1 + SPAN_ENTRIES, NULL, SPAN_MODEL), &heard), 0); /* alone */
    copy[SPAN_AFTER_AT] = (uint8_t)(SPAN_ENTRIES + 1);
    assert_int_equal(hear(second, &other), ERR_FORMAT); /* more than there are before it */
    copy[SPAN_CODEC_AT] = SPAN_ZSTD;
    assert_int_equal(hear(second, &other), ERR_FORMAT);
}

/* Another past than the packer's gives other entries or none; never a word of what it was. */
static void another_past(void **state)
{
    (void)state;
    both_forget();
    (void)pack(1, &sent, SPAN_MODEL);
    span_builder_sent(builder, &sent);
    struct bytes frame = pack(1 + SPAN_ENTRIES, &sent, SPAN_MODEL);
    add(&heard, &log_a, 1, SPAN_ENTRIES, 40);
    struct span_header header;
    struct span_entry *entries = NULL;
    struct bytes payload;
    arena_reset(scratch);
    assert_int_equal(span_header_decode(frame, &header, &payload, NULL), 0);
    int rc = span_entries_receive(decoder, &header, payload, &heard, scratch, &entries, NULL);
    assert_true(rc == ERR_FORMAT ||
                (rc == 0 && !bytes_equal(entries[0].body, body_of(1 + SPAN_ENTRIES))));
}

static int open_all(void **state)
{
    (void)state;
    builder = span_builder_new();
    decoder = span_decoder_new();
    scratch = arena_new(SPAN_SCRATCH_BYTES_MAX);
    return builder == NULL || decoder == NULL || scratch == NULL ? -1 : 0;
}

static int close_all(void **state)
{
    (void)state;
    span_builder_free(builder);
    span_decoder_free(decoder);
    arena_free(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_keeps),       cmocka_unit_test(how_much_it_keeps),
        cmocka_unit_test(one_after_the_other), cmocka_unit_test(what_is_lacking_is_a_gap),
        cmocka_unit_test(another_past),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
