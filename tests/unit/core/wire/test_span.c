/* Spans: what is built is what is read, and nothing else passes: truncations, lies about lengths,
 * bombs, frames zstd would take but we do not. */
#include "core/wire/control.h"
#include "core/wire/span.h"
#include "unit/core/wire/samples.h"

#include <zstd.h>

#define ENTRIES 40u

static struct span_builder *builder;
static struct span_decoder *decoder;
static struct arena *scratch;
static const struct incarnation incarnation = {{7, 1, 2, 3}};
static const struct hash h_before = {{9, 8, 7}};
static const struct signature head = {{4, 5, 6}};

static uint8_t bodies[ENTRIES][300];
static struct span_entry entries[ENTRIES];

/* Text-like bodies of different lengths, an empty one and erased ones among them. */
static void fill_entries(void)
{
    uint64_t seed = SEED;
    for (size_t i = 0; i < ENTRIES; i++) {
        size_t len = i == 3 ? 0 : 20 + i * 7;
        for (size_t at = 0; at < len; at++) {
            bodies[i][at] = (uint8_t)('a' + next_random(&seed) % 4);
        }
        entries[i] = (struct span_entry){
            .kind = (uint16_t)(16 + i * 1000),
            .erased = i % 7 == 5,
            .body = bytes_of(bodies[i], i % 7 == 5 ? HASH_BYTES : len),
        };
    }
}

static struct bytes build(const struct span_entry *list, size_t count, enum span_codec codec)
{
    struct bytes frame = {0};
    struct err_ctx err = {{0}};
    span_builder_start(builder, &incarnation, 1001, &h_before);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(span_builder_add(builder, &list[i], SPAN_RAW_BYTES_MAX), 0);
    }
    assert_int_equal(span_builder_count(builder), count);
    assert_int_equal(span_builder_finish(builder, codec, &head, &frame, &err), 0);
    return frame;
}

static int read_span(struct bytes frame, struct span_header *ret, struct span_entry **ret_entries,
                     struct err_ctx *err)
{
    struct bytes payload = {0};
    arena_reset(scratch);
    int rc = span_header_decode(frame, ret, &payload, err);
    return rc != 0 ? rc : span_entries_decode(decoder, ret, payload, scratch, ret_entries, err);
}

/* The result only, with a text for a person on every refusal. */
static int result_of(struct bytes frame)
{
    struct span_header header = {.count = 0};
    struct span_entry *found = NULL;
    struct err_ctx err = {{0}};
    int rc = read_span(frame, &header, &found, &err);
    assert_true(rc == 0 || (rc < 0 && err.text[0] != '\0'));
    return rc;
}

static void assert_entries(const struct span_entry *found, const struct span_entry *wanted,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i].kind, wanted[i].kind);
        assert_int_equal(found[i].erased, wanted[i].erased);
        assert_true(bytes_equal(found[i].body, wanted[i].body));
    }
}

static void round_trip(enum span_codec codec)
{
    struct span_header header = {.count = 0};
    struct span_entry *found = NULL;
    struct bytes frame = build(entries, ENTRIES, codec);
    assert_int_equal(read_span(frame, &header, &found, NULL), 0);
    assert_int_equal(header.codec, codec);
    assert_int_equal(header.count, ENTRIES);
    assert_int_equal(header.first, 1001);
    assert_int_equal(header.dictionary, codec == SPAN_MODEL ? SPAN_DICTIONARY_1 : 0);
    assert_true(incarnation_equal(&header.incarnation, &incarnation));
    assert_true(hash_equal(&header.h_before, &h_before));
    assert_memory_equal(header.head.b, head.b, sizeof head.b);
    assert_entries(found, entries, ENTRIES);
    uint8_t again[SPAN_HEADER_BYTES];
    span_header_encode(&header, again);
    assert_memory_equal(again, frame.data, SPAN_HEADER_BYTES);
}

static void round_trips(void **state)
{
    (void)state;
    round_trip(SPAN_RAW);
    round_trip(SPAN_ZSTD);
    round_trip(SPAN_MODEL);
    size_t raw_len = build(entries, ENTRIES, SPAN_RAW).len;
    assert_true(build(entries, ENTRIES, SPAN_ZSTD).len < raw_len);
}

static void what_does_not_shrink_goes_raw(void **state)
{
    (void)state;
    static uint8_t noise[2000];
    uint64_t seed = SEED;
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)next_random(&seed);
    }
    struct span_entry entry = {.kind = 16, .body = bytes_of(noise, sizeof noise)};
    struct bytes frame = build(&entry, 1, SPAN_ZSTD);
    assert_int_equal(frame.data[2], SPAN_RAW);
    assert_int_equal(frame.len, SPAN_HEADER_BYTES + 4 + sizeof noise);
    assert_int_equal(result_of(frame), 0);
    /* So dense that a decoder would take it for a bomb. */
    static uint8_t zeros[ENTRY_BYTES_MAX];
    entry.body = bytes_of(zeros, sizeof zeros);
    frame = build(&entry, 1, SPAN_ZSTD);
    assert_int_equal(frame.data[2], SPAN_RAW);
    assert_int_equal(result_of(frame), 0);
}

static void truncations_at_every_length(void **state)
{
    (void)state;
    for (int codec = SPAN_RAW; codec <= SPAN_MODEL; codec++) {
        size_t count = codec == SPAN_MODEL ? 4 : ENTRIES; /* each reading takes it longer */
        struct bytes frame = build(entries, count, (enum span_codec)codec);
        for (size_t len = 0; len < frame.len; len++) {
            uint8_t *cut = malloc(len + 1); /* so that a sanitizer sees reading on */
            assert_non_null(cut);
            memcpy(cut + 1, frame.data, len);
            /* So little of a compressed payload is left that it looks like a bomb. */
            size_t ratio_max = codec == SPAN_MODEL ? SPAN_MODEL_RATIO_MAX : SPAN_RATIO_MAX;
            bool dense = codec != SPAN_RAW && len > SPAN_HEADER_BYTES &&
                         get_be32(frame.data + 12) > (len - SPAN_HEADER_BYTES) * ratio_max;
            int rc = result_of(bytes_of(cut + 1, len));
            /* Of a modelled payload the last bytes can be anything: the chain sees that. */
            bool tail = codec == SPAN_MODEL && len + 4 >= frame.len && rc == 0;
            assert_true(tail || rc == (dense ? ERR_LIMIT : ERR_FORMAT));
            free(cut);
        }
        assert_int_equal(result_of(frame), 0);
    }
}

static uint8_t room[SPAN_WIRE_BYTES_MAX + 64];

static struct bytes copy_of(struct bytes frame)
{
    memcpy(room, frame.data, frame.len);
    return bytes_of(room, frame.len);
}

static void trailing_bytes_are_refused(void **state)
{
    (void)state;
    for (int codec = SPAN_RAW; codec <= SPAN_MODEL; codec++) {
        struct bytes frame = copy_of(build(entries, ENTRIES, (enum span_codec)codec));
        room[frame.len] = 0;
        assert_int_equal(result_of(bytes_of(room, frame.len + 1)), ERR_FORMAT);
    }
    /* Raw, with raw_len that says so: bytes after the last entry. */
    struct bytes frame = copy_of(build(entries, ENTRIES, SPAN_RAW));
    put_be32(room + 12, get_be32(room + 12) + 4);
    memset(room + frame.len, 0, 4);
    assert_int_equal(result_of(bytes_of(room, frame.len + 4)), ERR_FORMAT);
}

static void lies_about_raw_len(void **state)
{
    (void)state;
    for (int codec = SPAN_RAW; codec <= SPAN_MODEL; codec++) {
        struct bytes frame = copy_of(build(entries, ENTRIES, (enum span_codec)codec));
        uint32_t truth = get_be32(room + 12);
        static const int lies[] = {-1, 1, 4, -4, 1000};
        for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
            put_be32(room + 12, (uint32_t)((int)truth + lies[i]));
            assert_int_equal(result_of(frame), ERR_FORMAT);
        }
        put_be32(room + 12, 0);
        assert_int_equal(result_of(frame), ERR_FORMAT);
        put_be32(room + 12, SPAN_RAW_BYTES_MAX + 1);
        assert_int_equal(result_of(frame), ERR_LIMIT);
        put_be32(room + 12, UINT32_MAX);
        assert_int_equal(result_of(frame), ERR_LIMIT);
        put_be32(room + 12, truth);
        assert_int_equal(result_of(frame), 0);
    }
}

static void counts_and_numbers(void **state)
{
    (void)state;
    struct bytes frame = copy_of(build(entries, ENTRIES, SPAN_RAW));
    static const struct {
        uint32_t count;
        int wanted;
    } counts[] = {
        {0, ERR_FORMAT},
        {ENTRIES - 1, ERR_FORMAT},
        {ENTRIES + 1, ERR_FORMAT},
        {SPAN_ENTRIES_MAX, ERR_FORMAT},
        {SPAN_ENTRIES_MAX + 1, ERR_LIMIT},
        {UINT32_MAX, ERR_LIMIT},
        {ENTRIES, 0},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        put_be32(room + 8, counts[i].count);
        assert_int_equal(result_of(frame), counts[i].wanted);
    }
    put_be64(room + 32, 0);
    assert_int_equal(result_of(frame), ERR_FORMAT);
    put_be64(room + 32, UINT64_MAX - ENTRIES + 2);
    assert_int_equal(result_of(frame), ERR_FORMAT);
    put_be64(room + 32, UINT64_MAX - ENTRIES + 1);
    assert_int_equal(result_of(frame), 0);
}

static void fixed_bytes_of_the_header(void **state)
{
    (void)state;
    struct bytes frame = copy_of(build(entries, ENTRIES, SPAN_RAW));
    static const struct {
        size_t at;
        uint8_t value;
        int wanted;
    } changes[] = {
        {0, 2, ERR_VERSION}, {0, 0, ERR_VERSION}, {1, FRAME_ACK, ERR_FORMAT},
        {1, 0, ERR_FORMAT},  {2, 2, ERR_VERSION}, {2, 255, ERR_VERSION},
        {3, 1, ERR_FORMAT},  {7, 1, ERR_FORMAT},  {2, SPAN_ZSTD, ERR_FORMAT},
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t before = room[changes[i].at];
        room[changes[i].at] = changes[i].value;
        assert_int_equal(result_of(frame), changes[i].wanted);
        room[changes[i].at] = before;
    }
    frame = copy_of(build(entries, ENTRIES, SPAN_ZSTD));
    put_be32(room + 4, 1); /* a dictionary we do not have */
    assert_int_equal(result_of(frame), ERR_VERSION);
}

static void entries_have_limits(void **state)
{
    (void)state;
    static uint8_t longest[ENTRY_BYTES_MAX + 1];
    struct span_entry entry = {.kind = 16, .body = bytes_of(longest, ENTRY_BYTES_MAX)};
    struct bytes frame = copy_of(build(&entry, 1, SPAN_RAW));
    assert_int_equal(result_of(frame), 0);
    entry.body.len++;
    assert_int_equal(span_builder_add(builder, &entry, SPAN_RAW_BYTES_MAX), ERR_LIMIT);
    put_be16(room + SPAN_HEADER_BYTES + 2, ENTRY_BYTES_MAX + 1);
    put_be32(room + 12, 4 + ENTRY_BYTES_MAX + 1);
    room[frame.len] = 0;
    assert_int_equal(result_of(bytes_of(room, frame.len + 1)), ERR_LIMIT);
    /* Erased entries are 32 bytes. */
    entry = (struct span_entry){.kind = 16, .erased = true, .body = bytes_of(longest, 31)};
    assert_int_equal(span_builder_add(builder, &entry, SPAN_RAW_BYTES_MAX), ERR_FORMAT);
    entry.erased = false;
    frame = copy_of(build(&entry, 1, SPAN_RAW));
    assert_int_equal(result_of(frame), 0);
    room[SPAN_HEADER_BYTES + 2] |= 0x80;
    assert_int_equal(result_of(frame), ERR_FORMAT);
}

static void a_builder_knows_when_it_is_full(void **state)
{
    (void)state;
    static uint8_t body[ENTRY_BYTES_MAX];
    struct span_entry entry = {.kind = 16, .body = bytes_of(body, 100)};
    struct bytes frame = {0};
    struct err_ctx err = {{0}};
    span_builder_start(builder, &incarnation, 1, &h_before);
    assert_int_equal(span_builder_finish(builder, SPAN_RAW, &head, &frame, &err), ERR_STATE);
    assert_int_equal(span_builder_add(builder, &entry, 10), 0); /* one always fits */
    assert_int_equal(span_builder_add(builder, &entry, 10), ERR_FULL);
    assert_int_equal(span_builder_add(builder, &entry, 207), ERR_FULL);
    assert_int_equal(span_builder_add(builder, &entry, 208), 0);
    assert_int_equal(span_builder_count(builder), 2);
    entry.body.len = 0;
    for (uint32_t i = 2; i < SPAN_ENTRIES_MAX; i++) {
        assert_int_equal(span_builder_add(builder, &entry, SIZE_MAX), 0);
    }
    assert_int_equal(span_builder_add(builder, &entry, SIZE_MAX), ERR_FULL);
    assert_int_equal(span_builder_finish(builder, SPAN_RAW, &head, &frame, &err), 0);
    assert_int_equal(result_of(frame), 0);
}

/* Noise up to the raw limit: neither form fits a frame, and the builder says so. */
static void noise_that_fits_no_frame(void **state)
{
    (void)state;
    static uint8_t noise[ENTRY_BYTES_MAX];
    uint64_t seed = SEED;
    struct bytes frame = {0};
    struct err_ctx err = {{0}};
    int rc = 0;
    span_builder_start(builder, &incarnation, 1, &h_before);
    while (rc == 0) {
        for (size_t i = 0; i < sizeof noise; i += 8) {
            put_be64(noise + i, next_random(&seed));
        }
        struct span_entry entry = {.kind = 16, .body = bytes_of(noise, sizeof noise)};
        rc = span_builder_add(builder, &entry, SIZE_MAX);
    }
    assert_int_equal(rc, ERR_FULL);
    assert_int_equal(span_builder_count(builder), SPAN_RAW_BYTES_MAX / (ENTRY_BYTES_MAX + 4));
    assert_int_equal(span_builder_finish(builder, SPAN_ZSTD, &head, &frame, &err), ERR_LIMIT);
    assert_int_equal(span_builder_finish(builder, SPAN_RAW, &head, &frame, &err), ERR_LIMIT);
    assert_null(frame.data);
}

static void a_frame_has_a_limit(void **state)
{
    (void)state;
    static uint8_t frame[SPAN_WIRE_BYTES_MAX + 1];
    struct span_header header = {
        .first = 1, .count = 1, .raw_len = SPAN_WIRE_BYTES_MAX + 1 - SPAN_HEADER_BYTES};
    span_header_encode(&header, frame);
    assert_int_equal(result_of(bytes_of(frame, sizeof frame)), ERR_LIMIT);
}

/* ---- zstd frames made by hand ---- */
static uint8_t raw[SPAN_RAW_BYTES_MAX];

/* One entry and zeros behind it in other entries, so that raw is well formed at any length. */
static uint32_t fill_raw(size_t len)
{
    memset(raw, 0, sizeof raw);
    return (uint32_t)(len / 4);
}

static struct bytes zstd_frame(size_t raw_len, uint32_t count, size_t payload_len)
{
    struct span_header header = {
        .codec = SPAN_ZSTD, .first = 1, .count = count, .raw_len = (uint32_t)raw_len};
    span_header_encode(&header, room);
    return bytes_of(room, SPAN_HEADER_BYTES + payload_len);
}

static uint8_t *payload_room(void)
{
    return room + SPAN_HEADER_BYTES;
}

static size_t compress_with(ZSTD_cParameter parameter, int value, const uint8_t *from, size_t len)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, value)));
    size_t made =
        ZSTD_compress2(context, payload_room(), sizeof room - SPAN_HEADER_BYTES, from, len);
    assert_false(ZSTD_isError(made));
    ZSTD_freeCCtx(context);
    return made;
}

static void frames_of_other_encoders(void **state)
{
    (void)state;
    uint32_t count = fill_raw(400);
    size_t len = compress_with(ZSTD_c_checksumFlag, 1, raw, 400);
    assert_int_equal(result_of(zstd_frame(400, count, len)), 0);
    payload_room()[len - 1] ^= 1;
    assert_int_equal(result_of(zstd_frame(400, count, len)), ERR_FORMAT);
    len = compress_with(ZSTD_c_contentSizeFlag, 0, raw, 400);
    assert_int_equal(result_of(zstd_frame(400, count, len)), ERR_FORMAT);
    len = compress_with(ZSTD_c_compressionLevel, 1, raw, 401);
    assert_int_equal(result_of(zstd_frame(400, count, len)), ERR_FORMAT);
}

static void two_frames_and_skippable_ones(void **state)
{
    (void)state;
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'h', 'i'};
    uint32_t count = fill_raw(400);
    size_t len = compress_with(ZSTD_c_compressionLevel, 1, raw, 400);
    assert_int_equal(result_of(zstd_frame(400, count, len)), 0);
    memcpy(payload_room() + len, payload_room(), len);
    assert_int_equal(result_of(zstd_frame(400, count, 2 * len)), ERR_FORMAT);
    assert_int_equal(result_of(zstd_frame(800, count, 2 * len)), ERR_FORMAT);
    memcpy(payload_room() + len, skippable, sizeof skippable);
    assert_int_equal(result_of(zstd_frame(400, count, len + sizeof skippable)), ERR_FORMAT);
    memmove(payload_room() + sizeof skippable, payload_room(), len);
    memcpy(payload_room(), skippable, sizeof skippable);
    assert_int_equal(result_of(zstd_frame(400, count, len + sizeof skippable)), ERR_FORMAT);
    assert_int_equal(result_of(zstd_frame(400, count, sizeof skippable)), ERR_FORMAT);
    /* Magic of zstd 0.7, which the library may still open. */
    len = compress_with(ZSTD_c_compressionLevel, 1, raw, 400);
    payload_room()[0] = 0x27;
    assert_int_equal(result_of(zstd_frame(400, count, len)), ERR_FORMAT);
}

static void bombs(void **state)
{
    (void)state;
    /* A mebibyte of zeros in some 60 bytes. */
    size_t len = compress_with(ZSTD_c_compressionLevel, 19, raw, sizeof raw);
    assert_true(len < 200);
    assert_int_equal(result_of(zstd_frame(sizeof raw, 4000, len)), ERR_LIMIT);
    /* The same behind a small raw_len. */
    assert_int_equal(result_of(zstd_frame(4000, 1000, len)), ERR_FORMAT);
    /* 4 GiB claimed in 20 bytes: single segment, 8 bytes of content size, one RLE block. */
    static const uint8_t claim[20] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0,    0,    0, 0,
                                      1,    0,    0,    0,    0x03, 0xff, 0xff, 0};
    memcpy(payload_room(), claim, sizeof claim);
    struct span_header header;
    struct span_entry *found = NULL;
    struct err_ctx err = {{0}};
    assert_int_equal(read_span(zstd_frame(1000, 1, sizeof claim), &header, &found, &err),
                     ERR_FORMAT);
    /* Seen in the frame's header, not while it was opened. */
    assert_non_null(strstr(err.text, "of 4294967296 bytes"));
}

static void an_empty_span_is_refused(void **state)
{
    (void)state;
    size_t len = compress_with(ZSTD_c_compressionLevel, 1, raw, 0);
    assert_int_equal(result_of(zstd_frame(0, 0, len)), ERR_FORMAT);
    assert_int_equal(result_of(zstd_frame(0, 1, len)), ERR_FORMAT);
    assert_int_equal(result_of(zstd_frame(0, 0, 0)), ERR_FORMAT);
}

/* One raw block of 256 bytes behind a window byte; the content size field has two bytes. */
static size_t windowed(uint8_t window, uint8_t descriptor)
{
    const uint8_t begin[] = {
        0x28, 0xb5, 0x2f, 0xfd, descriptor, window, 0, 0, 1 | 256 * 8 % 256, 256 * 8 / 256, 0};
    memcpy(payload_room(), begin, sizeof begin);
    memset(payload_room() + sizeof begin, 0, 256);
    return sizeof begin + 256;
}

static void windows_and_dictionary_ids(void **state)
{
    (void)state;
    assert_int_equal(result_of(zstd_frame(256, 64, windowed(0, 0x40))), 0);
    assert_int_equal(result_of(zstd_frame(256, 64, windowed(10 << 3, 0x40))), 0);
    assert_int_equal(result_of(zstd_frame(256, 64, windowed(10 << 3 | 1, 0x40))), ERR_LIMIT);
    assert_int_equal(result_of(zstd_frame(256, 64, windowed(11 << 3, 0x40))), ERR_LIMIT);
    assert_int_equal(result_of(zstd_frame(256, 64, windowed(17 << 3, 0x40))), ERR_LIMIT);
    assert_int_equal(result_of(zstd_frame(256, 64, windowed(0xff, 0x40))), ERR_LIMIT);
    assert_int_equal(result_of(zstd_frame(256, 64, windowed(0, 0x48))), ERR_FORMAT);
    struct err_ctx err = {{0}};
    struct span_header header;
    struct span_entry *found = NULL;
    for (uint8_t bits = 1; bits <= 3; bits++) {
        size_t len = windowed(0, (uint8_t)(0x40 | bits));
        assert_int_equal(read_span(zstd_frame(256, 64, len), &header, &found, &err), ERR_FORMAT);
        assert_non_null(strstr(err.text, "dictionary id"));
    }
}

static void scratch_of_the_stated_size_is_enough(void **state)
{
    (void)state;
    /* The worst: SPAN_ENTRIES_MAX entries in SPAN_RAW_BYTES_MAX, not too dense. */
    static uint8_t body[SPAN_RAW_BYTES_MAX / SPAN_ENTRIES_MAX - 4];
    uint64_t seed = SEED;
    struct bytes frame = {0};
    span_builder_start(builder, &incarnation, 1, &h_before);
    for (size_t i = 0; i < SPAN_ENTRIES_MAX; i++) {
        for (size_t at = 0; at < 24; at += 8) {
            put_be64(body + at, next_random(&seed));
        }
        struct span_entry entry = {.kind = 16, .body = bytes_of(body, sizeof body)};
        assert_int_equal(span_builder_add(builder, &entry, SPAN_RAW_BYTES_MAX), 0);
    }
    assert_int_equal(span_builder_finish(builder, SPAN_ZSTD, &head, &frame, NULL), 0);
    assert_int_equal(frame.data[2], SPAN_ZSTD);
    assert_int_equal(get_be32(frame.data + 12), SPAN_RAW_BYTES_MAX);
    assert_int_equal(result_of(frame), 0);
    struct arena *small = arena_new(SPAN_RAW_BYTES_MAX);
    struct span_header header;
    struct span_entry *found = NULL;
    struct bytes payload = {0};
    assert_int_equal(span_header_decode(frame, &header, &payload, NULL), 0);
    assert_int_equal(span_entries_decode(decoder, &header, payload, small, &found, NULL),
                     ERR_LIMIT);
    assert_null(found);
    arena_free(small);
}

static void every_flipped_bit_is_survived(void **state)
{
    (void)state;
    for (int codec = SPAN_RAW; codec <= SPAN_MODEL; codec++) {
        size_t count = codec == SPAN_MODEL ? 4 : ENTRIES; /* each reading takes it longer */
        struct bytes frame = copy_of(build(entries, count, (enum span_codec)codec));
        for (size_t bit = 0; bit < frame.len * 8; bit++) {
            room[bit / 8] ^= (uint8_t)(1u << bit % 8);
            int rc = result_of(frame);
            /* Numbers that must fit what follows: versions, kinds, counts, lengths. */
            assert_true(bit / 8 >= 16 || rc != 0);
            room[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static void mutated_frames_do_no_harm(void **state)
{
    (void)state;
    static uint8_t changed[2 * SPAN_WIRE_BYTES_MAX];
    uint64_t seed = SEED;
    size_t accepted = 0;
    print_message("seed %" PRIu64 "\n", seed);
    for (size_t i = 0; i < MUTATIONS; i++) {
        struct bytes frame = copy_of(build(entries, 8, (enum span_codec)(i % 2)));
        struct bytes other = mutate(&seed, frame, changed, sizeof changed);
        accepted += result_of(other) == 0 ? 1 : 0;
    }
    assert_in_range(accepted, MUTATIONS / 100, MUTATIONS * 9 / 10);
}

static int set_up(void **state)
{
    (void)state;
    fill_entries();
    builder = span_builder_new();
    decoder = span_decoder_new();
    scratch = arena_new(SPAN_SCRATCH_BYTES_MAX);
    return builder != NULL && decoder != NULL && scratch != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    span_builder_free(builder);
    span_builder_free(NULL);
    span_decoder_free(decoder);
    span_decoder_free(NULL);
    arena_free(scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(what_does_not_shrink_goes_raw),
        cmocka_unit_test(truncations_at_every_length),
        cmocka_unit_test(trailing_bytes_are_refused),
        cmocka_unit_test(lies_about_raw_len),
        cmocka_unit_test(counts_and_numbers),
        cmocka_unit_test(fixed_bytes_of_the_header),
        cmocka_unit_test(entries_have_limits),
        cmocka_unit_test(a_builder_knows_when_it_is_full),
        cmocka_unit_test(noise_that_fits_no_frame),
        cmocka_unit_test(a_frame_has_a_limit),
        cmocka_unit_test(frames_of_other_encoders),
        cmocka_unit_test(two_frames_and_skippable_ones),
        cmocka_unit_test(bombs),
        cmocka_unit_test(an_empty_span_is_refused),
        cmocka_unit_test(windows_and_dictionary_ids),
        cmocka_unit_test(scratch_of_the_stated_size_is_enough),
        cmocka_unit_test(every_flipped_bit_is_survived),
        cmocka_unit_test(mutated_frames_do_no_harm),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
