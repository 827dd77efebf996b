/* Frames on a stick: what comes out is what went in, a file that was cut off gives what stands
 * before the cut, and nothing that was altered, moved or sealed to another opens. */
#include "core/seal/chain.h"
#include "core/wire/bundle.h"
#include "lib/cmocka_all.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 3u
#define FILE_BYTES_MAX 40960u

static struct key receiver, other, signer;
static uint8_t receiver_secret[32], other_secret[32], sign_secret[SECRET_BYTES];
static uint8_t file[FILE_BYTES_MAX];
static size_t file_len, chunk_at[FRAMES + 3]; /* manifest, frames, end, behind it */
static const size_t frame_bytes[FRAMES] = {1, 300, BUNDLE_FRAME_BYTES_MAX};

static int start(void **state)
{
    (void)state;
    static const uint8_t seeds[3][32] = {{1}, {2}, {3}};
    seal_keypair(seeds[2], &signer, sign_secret);
    return sodium_init() < 0 || crypto_box_seed_keypair(receiver.b, receiver_secret, seeds[0]) ||
           crypto_box_seed_keypair(other.b, other_secret, seeds[1]);
}

static uint8_t byte_of(size_t frame, size_t at)
{
    return (uint8_t)(frame * 31 + at);
}

static void push(struct bundle_stream *stream, struct bytes plain, bool final)
{
    static size_t chunks;
    uint8_t chunk[4 + BUNDLE_CHUNK_BYTES_MAX];
    chunks = file_len == BUNDLE_HEAD_BYTES ? 0 : chunks;
    size_t len = bundle_push(stream, plain, final, chunk);
    assert_in_range(file_len + len, 1, sizeof file);
    chunk_at[chunks++] = file_len;
    memcpy(file + file_len, chunk, len);
    file_len += len;
    chunk_at[chunks] = file_len;
}

static void write_file(enum bundle_kind kind)
{
    uint8_t random[BUNDLE_RANDOM_BYTES];
    uint8_t manifest[BUNDLE_MANIFEST_BYTES];
    uint8_t frame[BUNDLE_FRAME_BYTES_MAX];
    struct bundle_stream stream;
    struct bundle_manifest fields = {.enrolment = 7, .made_ms = 1732000000000, .office_seq = 5};
    memset(random, 9, sizeof random);
    memset(&fields.office, 8, sizeof fields.office);
    memset(&fields.answer_to, 6, sizeof fields.answer_to);
    assert_int_equal(bundle_begin(kind, &receiver, random, &stream, file, NULL), 0);
    file_len = BUNDLE_HEAD_BYTES;
    bundle_manifest_encode(kind, &fields, sign_secret, manifest);
    push(&stream, bytes_of(manifest, sizeof manifest), false);
    for (size_t i = 0; i < FRAMES; i++) {
        for (size_t at = 0; at < frame_bytes[i]; at++) {
            frame[at] = byte_of(i, at);
        }
        push(&stream, bytes_of(frame, frame_bytes[i]), false);
    }
    push(&stream, (struct bytes){0}, true);
}

struct read {
    size_t frames; /* that came out whole and as they were */
    bool manifest, final;
    int rc; /* of what ended it; 0: the file's end or the last chunk */
};

static bool frame_holds(size_t frame, const uint8_t *plain, size_t len)
{
    bool same = frame < FRAMES && len == frame_bytes[frame];
    for (size_t at = 0; same && at < len; at++) {
        same = plain[at] == byte_of(frame, at);
    }
    return same;
}

static struct read read_chunks(struct bundle_stream *stream, struct bytes left)
{
    static uint8_t plain[BUNDLE_FRAME_BYTES_MAX];
    struct read read = {.rc = 0};
    while (read.rc == 0 && !read.final && left.len >= 4) {
        size_t len = 0;
        size_t plain_len = 0;
        read.rc = bundle_chunk_bytes(left.data, &len, NULL);
        if (read.rc != 0 || left.len - 4 < len) {
            break;
        }
        read.rc =
            bundle_pull(stream, bytes_of(left.data + 4, len), plain, &plain_len, &read.final, NULL);
        left = bytes_of(left.data + 4 + len, left.len - 4 - len);
        if (read.rc == 0 && !read.manifest) {
            read.manifest = plain_len == BUNDLE_MANIFEST_BYTES;
            assert_true(read.manifest);
        } else if (read.rc == 0 && !read.final) {
            assert_true(frame_holds(read.frames, plain, plain_len));
            read.frames++;
        }
    }
    return read;
}

static struct read read_file(struct bytes bytes, const struct key *to, const uint8_t secret[32])
{
    struct bundle_stream stream;
    enum bundle_kind kind;
    struct bytes sealed;
    uint8_t key[32];
    struct read read = {.rc = bundle_head_decode(bytes, &kind, &sealed, NULL)};
    if (read.rc == 0) {
        read.rc = bundle_key_open(sealed, to, secret, key, NULL);
    }
    if (read.rc != 0) {
        return read;
    }
    bundle_continue(bytes.data, key, &stream);
    return read_chunks(&stream,
                       bytes_of(bytes.data + BUNDLE_HEAD_BYTES, bytes.len - BUNDLE_HEAD_BYTES));
}

static void what_went_in_comes_out(void **state)
{
    (void)state;
    write_file(BUNDLE_FROM_NODE);
    struct read read = read_file(bytes_of(file, file_len), &receiver, receiver_secret);
    assert_int_equal(read.rc, 0);
    assert_true(read.manifest && read.final);
    assert_int_equal(read.frames, FRAMES);
}

/* libsodium's own calls, which draw random bytes themselves, read what we write. */
static void libsodium_reads_it(void **state)
{
    (void)state;
    uint8_t key[32];
    uint8_t plain[BUNDLE_FRAME_BYTES_MAX];
    uint8_t tag = 9;
    crypto_secretstream_xchacha20poly1305_state stream;
    write_file(BUNDLE_FROM_NODE);
    assert_int_equal(crypto_box_seal_open(key, file + 24, 80, receiver.b, receiver_secret), 0);
    assert_int_equal(crypto_secretstream_xchacha20poly1305_init_pull(&stream, file + 104, key), 0);
    assert_int_equal(crypto_secretstream_xchacha20poly1305_pull(
                         &stream, plain, NULL, &tag, file + BUNDLE_HEAD_BYTES + 4,
                         BUNDLE_MANIFEST_BYTES + 17, file, 24),
                     0);
    assert_int_equal(tag, 0);
    assert_int_equal(get_be64(plain), 7);
}

/* At every length: as many frames as are whole, and no end but at the whole. */
static void a_cut_file_gives_what_is_whole(void **state)
{
    (void)state;
    write_file(BUNDLE_ANSWER);
    for (size_t len = 0; len < file_len; len += len < 1000 ? 1 : 97) {
        struct read read = read_file(bytes_of(file, len), &receiver, receiver_secret);
        size_t whole = 0;
        while (whole < FRAMES && chunk_at[whole + 2] <= len) {
            whole++;
        }
        assert_int_equal(read.rc, len < 16 ? ERR_FORMAT : len < BUNDLE_HEAD_BYTES ? ERR_GONE : 0);
        assert_int_equal(read.frames, len < BUNDLE_HEAD_BYTES ? 0 : whole);
        assert_false(read.final);
    }
}

static void no_byte_can_be_changed(void **state)
{
    (void)state;
    write_file(BUNDLE_FROM_NODE);
    for (size_t at = 0; at < chunk_at[3]; at++) {
        write_file(BUNDLE_FROM_NODE);
        file[at] ^= (uint8_t)(1u << at % 8);
        if (at == 16) { /* one kind for the other: still no chunk opens */
            file[at] = BUNDLE_ANSWER;
        }
        struct read read = read_file(bytes_of(file, file_len), &receiver, receiver_secret);
        bool longer = read.rc == 0 && !read.final; /* it claims more than there is */
        assert_true(read.rc != 0 || longer);
        assert_true(at >= chunk_at[1] || read.frames == 0);
    }
}

static void no_piece_can_be_moved_or_left_out(void **state)
{
    (void)state;
    write_file(BUNDLE_FROM_NODE); /* the first frame is left out */
    size_t first = chunk_at[2] - chunk_at[1];
    memmove(file + chunk_at[1], file + chunk_at[2], file_len - chunk_at[2]);
    struct read read = read_file(bytes_of(file, file_len - first), &receiver, receiver_secret);
    assert_int_equal(read.rc, ERR_SIGNATURE);
    assert_int_equal(read.frames, 0);
    write_file(BUNDLE_FROM_NODE); /* and comes twice */
    memmove(file + chunk_at[2] + first, file + chunk_at[2], 400);
    memcpy(file + chunk_at[2], file + chunk_at[1], first);
    read = read_file(bytes_of(file, file_len), &receiver, receiver_secret);
    assert_int_equal(read.rc, ERR_SIGNATURE);
    assert_int_equal(read.frames, 1);
}

static void it_opens_for_the_receiver_only(void **state)
{
    (void)state;
    static const struct key unusable;
    uint8_t random[BUNDLE_RANDOM_BYTES] = {0};
    uint8_t head[BUNDLE_HEAD_BYTES];
    struct bundle_stream stream;
    write_file(BUNDLE_FROM_NODE);
    assert_int_equal(read_file(bytes_of(file, file_len), &other, other_secret).rc, ERR_KEY);
    assert_int_equal(bundle_begin(BUNDLE_FROM_NODE, &unusable, random, &stream, head, NULL),
                     ERR_KEY);
}

static void other_files_and_versions_are_told_apart(void **state)
{
    (void)state;
    enum bundle_kind kind;
    struct bytes sealed;
    write_file(BUNDLE_FROM_NODE);
    assert_int_equal(
        bundle_head_decode(bytes_of_text("PDF-1.7 and so on, and on"), &kind, &sealed, NULL),
        ERR_FORMAT);
    file[14] = '2';
    assert_int_equal(bundle_head_decode(bytes_of(file, file_len), &kind, &sealed, NULL),
                     ERR_VERSION);
    write_file(BUNDLE_FROM_NODE);
    file[16] = 3;
    assert_int_equal(bundle_head_decode(bytes_of(file, file_len), &kind, &sealed, NULL),
                     ERR_VERSION);
    write_file(BUNDLE_FROM_NODE);
    file[23] = 1;
    assert_int_equal(bundle_head_decode(bytes_of(file, file_len), &kind, &sealed, NULL),
                     ERR_VERSION);
}

static void a_piece_claims_no_more_than_there_may_be(void **state)
{
    (void)state;
    uint8_t length[4];
    size_t len = 0;
    put_be32(length, BUNDLE_CHUNK_BYTES_MAX);
    assert_int_equal(bundle_chunk_bytes(length, &len, NULL), 0);
    assert_int_equal(len, BUNDLE_CHUNK_BYTES_MAX);
    put_be32(length, BUNDLE_CHUNK_BYTES_MAX + 1);
    assert_int_equal(bundle_chunk_bytes(length, &len, NULL), ERR_LIMIT);
    put_be32(length, UINT32_MAX);
    assert_int_equal(bundle_chunk_bytes(length, &len, NULL), ERR_LIMIT);
    put_be32(length, BUNDLE_TAG_BYTES - 1);
    assert_int_equal(bundle_chunk_bytes(length, &len, NULL), ERR_FORMAT);
}

/* What a hostile writer seals: a frame that is the end, an end that is none, a rekeying. */
static void no_other_tag_is_taken(void **state)
{
    (void)state;
    static const struct {
        uint8_t tag;
        size_t len;
    } rows[] = {{crypto_secretstream_xchacha20poly1305_TAG_FINAL, 5},
                {crypto_secretstream_xchacha20poly1305_TAG_MESSAGE, 0},
                {crypto_secretstream_xchacha20poly1305_TAG_PUSH, 5},
                {crypto_secretstream_xchacha20poly1305_TAG_REKEY, 5}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t key[32] = {4};
        uint8_t plain[32] = {0};
        uint8_t chunk[64];
        uint8_t head[BUNDLE_HEAD_BYTES] = {0};
        size_t len = 0;
        bool final = false;
        struct bundle_stream stream;
        crypto_secretstream_xchacha20poly1305_state hostile;
        (void)crypto_secretstream_xchacha20poly1305_init_push(&hostile, head + 104, key);
        (void)crypto_secretstream_xchacha20poly1305_push(&hostile, chunk, NULL, plain, rows[i].len,
                                                         head, 24, rows[i].tag);
        bundle_continue(head, key, &stream);
        assert_int_equal(bundle_pull(&stream, bytes_of(chunk, rows[i].len + BUNDLE_TAG_BYTES),
                                     plain, &len, &final, NULL),
                         ERR_FORMAT);
    }
}

static void a_manifest_is_signed_for_its_kind(void **state)
{
    (void)state;
    uint8_t bytes[BUNDLE_MANIFEST_BYTES] = {0};
    struct bundle_manifest back;
    struct bundle_manifest fields = {.enrolment = 3, .made_ms = -1, .office_seq = UINT64_MAX};
    struct bytes manifest = bytes_of(bytes, sizeof bytes);
    memset(&fields.office_h, 7, sizeof fields.office_h);
    memset(&fields.aggregator, 2, sizeof fields.aggregator);
    bundle_manifest_encode(BUNDLE_FROM_NODE, &fields, sign_secret, bytes);
    assert_int_equal(bundle_manifest_decode(manifest, &back, NULL), 0);
    assert_memory_equal(&back, &fields, sizeof back);
    assert_true(bundle_manifest_verify(BUNDLE_FROM_NODE, manifest, &signer));
    assert_false(bundle_manifest_verify(BUNDLE_ANSWER, manifest, &signer));
    assert_false(bundle_manifest_verify(BUNDLE_FROM_NODE, manifest, &other));
    for (size_t at = 0; at < sizeof bytes; at++) {
        bytes[at] ^= 1;
        assert_false(bundle_manifest_verify(BUNDLE_FROM_NODE, manifest, &signer));
        bytes[at] ^= 1;
    }
    assert_int_equal(bundle_manifest_decode(bytes_of(bytes, sizeof bytes - 1), &back, NULL),
                     ERR_FORMAT);
}

static void answers_have_a_pair_of_their_own(void **state)
{
    (void)state;
    struct key pair;
    struct key again;
    uint8_t secret[32];
    uint8_t other_sign[SECRET_BYTES] = {1};
    bundle_answer_pair(sign_secret, &pair, secret);
    bundle_answer_pair(sign_secret, &again, secret);
    assert_true(key_equal(&pair, &again));
    assert_int_equal(crypto_scalarmult_base(again.b, secret), 0);
    assert_true(key_equal(&pair, &again));
    bundle_answer_pair(other_sign, &again, secret);
    assert_false(key_equal(&pair, &again));
    assert_memory_not_equal(secret, sign_secret, sizeof secret);
}

/* ---- proto/vectors/bundle.json, made without our code ---- */

static json_t *vector_of(void)
{
    const char *source = getenv("KABAR_SOURCE"); /* NOLINT(concurrency-mt-unsafe): one thread */
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/proto/vectors/bundle.json",
                   source == NULL ? "." : source);
    json_t *all = json_load_file(path, 0, NULL);
    json_t *vector = json_incref(json_object_get(all, "bundle"));
    json_decref(all);
    assert_non_null(vector);
    return vector;
}

static size_t raw_of(const json_t *value, uint8_t *to, size_t bytes_max)
{
    struct bytes text = bytes_of_text(json_string_value(value));
    assert_in_range(text.len / 2, 1, bytes_max);
    assert_true(hex_decode(to, text.len / 2, text));
    return text.len / 2;
}

static void field_of(const json_t *vector, const char *name, uint8_t *to, size_t bytes)
{
    assert_int_equal(raw_of(json_object_get(vector, name), to, bytes), bytes);
}

static uint64_t number_of(const json_t *vector, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(vector, name));
}

static struct bundle_manifest fields_of(const json_t *vector)
{
    struct bundle_manifest fields = {.enrolment = number_of(vector, "enrolment"),
                                     .made_ms = (int64_t)number_of(vector, "made_ms"),
                                     .office_seq = number_of(vector, "office_seq")};
    field_of(vector, "aggregator", fields.aggregator.b, INCARNATION_BYTES);
    field_of(vector, "office", fields.office.b, INCARNATION_BYTES);
    field_of(vector, "office_h", fields.office_h.b, HASH_BYTES);
    field_of(vector, "answer_to", fields.answer_to.b, KEY_BYTES);
    return fields;
}

static void the_golden_file_is_what_we_write(void **state)
{
    (void)state;
    uint8_t seed[32];
    uint8_t random[BUNDLE_RANDOM_BYTES];
    uint8_t manifest[BUNDLE_MANIFEST_BYTES];
    uint8_t frame[BUNDLE_FRAME_BYTES_MAX];
    uint8_t golden[4096];
    uint8_t secret[SECRET_BYTES];
    uint8_t pair_secret[32];
    struct key made;
    struct key wanted;
    struct bundle_stream stream;
    size_t at = 0;
    const json_t *row = NULL;
    json_t *vector = vector_of();
    struct bundle_manifest fields = fields_of(vector);
    field_of(vector, "sign_seed", seed, sizeof seed);
    seal_keypair(seed, &made, secret);
    bundle_answer_pair(secret, &made, pair_secret);
    assert_true(key_equal(&made, &fields.answer_to));
    bundle_manifest_encode(BUNDLE_FROM_NODE, &fields, secret, manifest);
    field_of(vector, "random", random, sizeof random);
    field_of(vector, "receiver", wanted.b, KEY_BYTES);
    assert_int_equal(bundle_begin(BUNDLE_FROM_NODE, &wanted, random, &stream, file, NULL), 0);
    file_len = BUNDLE_HEAD_BYTES;
    push(&stream, bytes_of(manifest, sizeof manifest), false);
    json_array_foreach(json_object_get(vector, "frames"), at, row)
    {
        push(&stream, bytes_of(frame, raw_of(row, frame, sizeof frame)), false);
    }
    push(&stream, (struct bytes){0}, true);
    assert_int_equal(raw_of(json_object_get(vector, "file"), golden, sizeof golden), file_len);
    assert_memory_equal(file, golden, file_len);
    field_of(vector, "manifest", golden, sizeof manifest);
    assert_memory_equal(manifest, golden, sizeof manifest);
    json_decref(vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_went_in_comes_out),
        cmocka_unit_test(libsodium_reads_it),
        cmocka_unit_test(a_cut_file_gives_what_is_whole),
        cmocka_unit_test(no_byte_can_be_changed),
        cmocka_unit_test(no_piece_can_be_moved_or_left_out),
        cmocka_unit_test(it_opens_for_the_receiver_only),
        cmocka_unit_test(other_files_and_versions_are_told_apart),
        cmocka_unit_test(a_piece_claims_no_more_than_there_may_be),
        cmocka_unit_test(no_other_tag_is_taken),
        cmocka_unit_test(a_manifest_is_signed_for_its_kind),
        cmocka_unit_test(answers_have_a_pair_of_their_own),
        cmocka_unit_test(the_golden_file_is_what_we_write),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
