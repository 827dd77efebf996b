/* Sealing the reporter: libsodium's own crypto_box_seal_open reads it, sizes say little, and
 * nothing altered opens. */
#include "core/base/limits.h"
#include "core/seal/reporter.h"
#include "lib/cmocka_all.h"

#include <sodium.h>
#include <string.h>

static struct key reader;
static uint8_t reader_secret[32];
static const uint8_t seed[32] = {5, 6, 7};

static int start(void **state)
{
    (void)state;
    static const uint8_t reader_seed[32] = {1, 2, 3};
    if (sodium_init() < 0) {
        return -1;
    }
    return crypto_box_seed_keypair(reader.b, reader_secret, reader_seed);
}

static void libsodium_opens_what_we_seal(void **state)
{
    (void)state;
    uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
    uint8_t plain[2048];
    size_t len = 0;
    assert_int_equal(reporter_seal(&reader, seed, bytes_of_text("Siti"), bytes_of_text("+62"),
                                   sealed, &len, NULL),
                     0);
    assert_int_equal(len, 256 + crypto_box_SEALBYTES);
    assert_int_equal(crypto_box_seal_open(plain, sealed, len, reader.b, reader_secret), 0);
    assert_memory_equal(plain, "\0\4Siti\0\3+62", 11);
    assert_true(sodium_is_zero(plain + 11, 256 - 11));
}

/* Seals a reporter with that plain text of ours by libsodium, then opens it by our code. */
static int open_plain(const uint8_t *plain, size_t size, struct bytes *name, struct bytes *contact,
                      uint8_t room[2048])
{
    uint8_t sealed[2048 + 256 + crypto_box_SEALBYTES];
    assert_int_equal(crypto_box_seal(sealed, plain, size, reader.b), 0);
    return reporter_open(&reader, reader_secret, bytes_of(sealed, size + crypto_box_SEALBYTES),
                         room, name, contact, NULL);
}

static void we_open_what_libsodium_seals(void **state)
{
    (void)state;
    uint8_t plain[256] = "\0\2Bu\0\1x";
    uint8_t room[2048];
    struct bytes name;
    struct bytes contact;
    assert_int_equal(open_plain(plain, sizeof plain, &name, &contact, room), 0);
    assert_true(bytes_equal(name, bytes_of_text("Bu")));
    assert_true(bytes_equal(contact, bytes_of_text("x")));
}

static void sizes_are_three_and_no_more(void **state)
{
    (void)state;
    static const struct {
        size_t name, contact, sealed;
    } rows[] = {{0, 0, 256},     {126, 126, 256}, {252, 0, 256},   {253, 0, 1024},
                {0, 253, 1024},  {1020, 0, 1024}, {1021, 0, 2048}, {512, 512, 2048},
                {1024, 0, 2048}, {0, 1024, 2048}};
    uint8_t text[REPORTER_BYTES_MAX];
    memset(text, 'n', sizeof text);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
        uint8_t plain[2048];
        size_t len = 0;
        struct bytes name;
        struct bytes contact;
        assert_int_equal(reporter_seal(&reader, seed, bytes_of(text, rows[i].name),
                                       bytes_of(text, rows[i].contact), sealed, &len, NULL),
                         0);
        assert_int_equal(len, rows[i].sealed + 48);
        assert_int_equal(reporter_open(&reader, reader_secret, bytes_of(sealed, len), plain, &name,
                                       &contact, NULL),
                         0);
        assert_true(bytes_equal(name, bytes_of(text, rows[i].name)));
        assert_true(bytes_equal(contact, bytes_of(text, rows[i].contact)));
    }
}

static void over_the_limit_is_refused(void **state)
{
    (void)state;
    uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
    uint8_t text[REPORTER_BYTES_MAX + 1] = {0};
    static const size_t names[] = {REPORTER_BYTES_MAX + 1, 0, 512, 1, SIZE_MAX};
    static const size_t contacts[] = {0, REPORTER_BYTES_MAX + 1, 513, SIZE_MAX, 1};
    for (size_t i = 0; i < 5; i++) {
        size_t len = 4711;
        assert_int_equal(reporter_seal(&reader, seed, bytes_of(text, names[i]),
                                       bytes_of(text, contacts[i]), sealed, &len, NULL),
                         ERR_LIMIT);
        assert_int_equal(len, 4711);
    }
}

/* A key of small order would give a box that anybody opens. */
static void an_unusable_reader_key_is_refused(void **state)
{
    (void)state;
    uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
    size_t len = 4711;
    struct key zeros = {{0}};
    assert_int_equal(
        reporter_seal(&zeros, seed, bytes_of_text("x"), bytes_of_text("y"), sealed, &len, NULL),
        ERR_KEY);
    assert_int_equal(len, 4711);
}

static void same_reporter_looks_different_each_time(void **state)
{
    (void)state;
    uint8_t sealed[2][REPORTER_SEALED_BYTES_MAX];
    size_t len = 0;
    static const uint8_t other_seed[32] = {5, 6, 8};
    struct bytes name = bytes_of_text("Siti");
    assert_int_equal(reporter_seal(&reader, seed, name, name, sealed[0], &len, NULL), 0);
    assert_int_equal(reporter_seal(&reader, other_seed, name, name, sealed[1], &len, NULL), 0);
    for (size_t at = 0; at + 16 <= len; at += 16) {
        assert_memory_not_equal(sealed[0] + at, sealed[1] + at, 16);
    }
}

static void nothing_altered_opens(void **state)
{
    (void)state;
    uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
    uint8_t plain[2048];
    size_t len = 0;
    struct bytes name = {0};
    struct bytes contact = {0};
    assert_int_equal(reporter_seal(&reader, seed, bytes_of_text("Siti"), bytes_of_text("+62"),
                                   sealed, &len, NULL),
                     0);
    for (size_t at = 0; at < len; at++) {
        sealed[at] ^= 1;
        assert_int_equal(reporter_open(&reader, reader_secret, bytes_of(sealed, len), plain, &name,
                                       &contact, NULL),
                         ERR_SIGNATURE);
        sealed[at] ^= 1;
    }
    for (size_t cut = 0; cut < len; cut++) {
        assert_int_equal(reporter_open(&reader, reader_secret, bytes_of(sealed, cut), plain, &name,
                                       &contact, NULL),
                         ERR_FORMAT);
    }
    struct key other;
    uint8_t other_secret[32];
    assert_int_equal(crypto_box_seed_keypair(other.b, other_secret, seed), 0);
    assert_int_equal(
        reporter_open(&other, other_secret, bytes_of(sealed, len), plain, &name, &contact, NULL),
        ERR_SIGNATURE);
    assert_null(name.data);
    assert_null(contact.data);
}

static void a_malformed_plain_text_is_refused(void **state)
{
    (void)state;
    uint8_t room[2048];
    struct bytes name = {0};
    struct bytes contact = {0};
    uint8_t past_end[256] = "\0\375";              /* name of 253 bytes leaves one for the length */
    uint8_t contact_past_end[256] = "\0\1n\0\374"; /* 252 after 5 bytes */
    uint8_t dirty[256] = "\0\1n\0\1c";
    dirty[255] = 1;
    uint8_t odd_size[257] = {0};
    assert_int_equal(open_plain(past_end, 256, &name, &contact, room), ERR_FORMAT);
    assert_int_equal(open_plain(contact_past_end, 256, &name, &contact, room), ERR_FORMAT);
    assert_int_equal(open_plain(dirty, 256, &name, &contact, room), ERR_FORMAT);
    assert_int_equal(open_plain(odd_size, 257, &name, &contact, room), ERR_FORMAT);
    assert_int_equal(open_plain(odd_size, 255, &name, &contact, room), ERR_FORMAT);
    assert_null(name.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libsodium_opens_what_we_seal),
        cmocka_unit_test(we_open_what_libsodium_seals),
        cmocka_unit_test(sizes_are_three_and_no_more),
        cmocka_unit_test(over_the_limit_is_refused),
        cmocka_unit_test(an_unusable_reader_key_is_refused),
        cmocka_unit_test(same_reporter_looks_different_each_time),
        cmocka_unit_test(nothing_altered_opens),
        cmocka_unit_test(a_malformed_plain_text_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
