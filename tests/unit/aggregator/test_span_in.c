/* Spans as they arrive: whatever came before them, what is kept of them stands alone. */
#include "aggregator/span_in.h"
#include "lib/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#define SPAN_ENTRIES 20u

static const struct incarnation node_log = {{0xaa}};
static struct aggregator aggregator;
static struct span_builder *builder;

static struct bytes body_of(uint64_t seq)
{
    static char text[200];
    (void)snprintf(text, sizeof text, "menghadiri deklarasi di balai warga, nomor %016llx",
                   (unsigned long long)(seq * 0x9E3779B97F4A7C15u));
    return bytes_of_text(text);
}

static struct bytes pack(uint64_t first, const struct span_past *past, enum span_codec codec)
{
    static const struct hash h_before = {{2}};
    static const struct signature head = {{3}};
    struct bytes frame;
    span_builder_start(builder, &node_log, first, &h_before);
    span_builder_after(builder, past);
    for (uint64_t seq = first; seq < first + SPAN_ENTRIES; seq++) {
        struct span_entry entry = {.kind = 16, .body = body_of(seq)};
        assert_int_equal(span_builder_add(builder, &entry, SPAN_RAW_BYTES_MAX), 0);
    }
    assert_int_equal(span_builder_finish(builder, codec, &head, &frame, NULL), 0);
    return frame;
}

static int arrive(struct bytes *frame, struct peer_connection *connection,
                  struct intake_event *event)
{
    static struct span_header header;
    *event = (struct intake_event){.rc = 0};
    arena_reset(aggregator.arena);
    int rc = span_in(&aggregator, connection, frame, &header, event);
    for (uint32_t i = 0; rc == 0 && i < SPAN_ENTRIES; i++) {
        assert_true(bytes_equal(event->entries[i].body, body_of(header.first + i)));
    }
    return rc;
}

/* As whoever reads the journal: nothing came before. */
static void assert_alone(struct bytes kept, uint64_t first)
{
    struct span_decoder *decoder = span_decoder_new();
    struct arena *scratch = arena_new(SPAN_SCRATCH_BYTES_MAX);
    struct span_header header;
    struct span_entry *entries = NULL;
    struct bytes payload;
    assert_int_equal(span_header_decode(kept, &header, &payload, NULL), 0);
    assert_int_equal(span_entries_decode(decoder, &header, payload, scratch, &entries, NULL), 0);
    assert_int_equal(header.first, first);
    assert_int_equal(header.count, SPAN_ENTRIES);
    assert_int_equal(header.head.b[0], 3);
    for (uint32_t i = 0; i < SPAN_ENTRIES; i++) {
        assert_true(bytes_equal(entries[i].body, body_of(first + i)));
    }
    arena_free(scratch);
    span_decoder_free(decoder);
}

static void what_is_kept_stands_alone(void **state)
{
    (void)state;
    struct peer_connection connection = {.number = 1};
    struct span_past sent;
    struct intake_event event;
    span_past_clear(&sent);
    for (uint64_t first = 1; first < 1 + 4 * SPAN_ENTRIES; first += SPAN_ENTRIES) {
        struct bytes frame = pack(first, &sent, SPAN_MODEL);
        assert_int_equal(frame.data[SPAN_AFTER_AT] > 0, first > 1);
        span_builder_sent(builder, &sent);
        assert_int_equal(arrive(&frame, &connection, &event), 0);
        assert_int_equal(event.wire_bytes, frame.len);
        assert_alone(frame, first);
    }
    free(connection.past);
}

static void what_stands_alone_is_kept_as_it_came(void **state)
{
    (void)state;
    struct peer_connection connection = {.number = 1};
    struct intake_event event;
    for (int codec = SPAN_RAW; codec <= SPAN_ZSTD; codec++) {
        struct bytes came = pack(1, NULL, (enum span_codec)codec);
        struct bytes kept = came;
        assert_int_equal(arrive(&kept, &connection, &event), 0);
        assert_ptr_equal(kept.data, came.data);
        assert_int_equal(kept.len, came.len);
    }
    assert_null(connection.past); /* no memory for a fast line */
}

static void a_connection_goes_by_what_came_over_it(void **state)
{
    (void)state;
    struct peer_connection one = {.number = 1}, other = {.number = 2};
    struct span_past sent;
    struct intake_event event;
    static uint8_t copy[FRAME_BYTES_MAX];
    span_past_clear(&sent);
    struct bytes frame = pack(1, &sent, SPAN_MODEL);
    span_builder_sent(builder, &sent);
    assert_int_equal(arrive(&frame, &one, &event), 0);
    struct bytes cut = pack(1 + SPAN_ENTRIES, &sent, SPAN_MODEL);
    memcpy(copy, cut.data, cut.len);
    struct bytes second = bytes_of(copy, cut.len);
    assert_int_equal(arrive(&second, &other, &event), ERR_GAP);
    assert_null(event.entries);
    assert_int_equal(event.header->first, 1 + SPAN_ENTRIES);
    assert_int_equal(arrive(&second, NULL, &event), ERR_GAP); /* by stick */
    assert_int_equal(arrive(&second, &one, &event), 0);
    frame = bytes_of(copy, 20);
    assert_int_equal(arrive(&frame, &one, &event), ERR_FORMAT);
    free(one.past);
    free(other.past);
}

static int open_all(void **state)
{
    (void)state;
    builder = span_builder_new();
    aggregator.decoder = span_decoder_new();
    aggregator.keep_builder = span_builder_new();
    aggregator.arena = arena_new(SPAN_SCRATCH_BYTES_MAX);
    return builder == NULL || aggregator.decoder == NULL || aggregator.keep_builder == NULL ||
                   aggregator.arena == NULL
               ? -1
               : 0;
}

static int close_all(void **state)
{
    (void)state;
    span_builder_free(builder);
    span_builder_free(aggregator.keep_builder);
    span_decoder_free(aggregator.decoder);
    arena_free(aggregator.arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_stands_alone),
        cmocka_unit_test(what_stands_alone_is_kept_as_it_came),
        cmocka_unit_test(a_connection_goes_by_what_came_over_it),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
