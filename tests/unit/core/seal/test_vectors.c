/* proto/vectors/seal.json, made without our code: every value is computed again and compared. */
#include "core/seal/chain.h"
#include "core/seal/reporter.h"
#include "core/seal/words.h"
#include "lib/cmocka_all.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define VALUE_BYTES_MAX 4096u

static json_t *vectors;

static int start(void **state)
{
    (void)state;
    const char *source = getenv("KABAR_SOURCE"); /* NOLINT(concurrency-mt-unsafe): one thread */
    char path[4096];
    json_error_t error;
    (void)snprintf(path, sizeof path, "%s/proto/vectors/seal.json", source == NULL ? "." : source);
    vectors = json_load_file(path, 0, &error);
    if (vectors == NULL) {
        print_error("%s:%d: %s\n", path, error.line, error.text);
        return -1;
    }
    return sodium_init() < 0;
}

static int stop(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    if (text == NULL) {
        fail_msg("the vectors lack %s", name);
    }
    return text;
}

/* Fills exactly len bytes from the hex of a field. */
static void raw_of(const json_t *row, const char *name, uint8_t *to, size_t len)
{
    if (!hex_decode(to, len, bytes_of_text(text_of(row, name)))) {
        fail_msg("%s is not %zu bytes of hex", name, len);
    }
}

/* As many bytes as there are; to has VALUE_BYTES_MAX. */
static struct bytes bytes_in(const json_t *row, const char *name, uint8_t *to)
{
    size_t len = strlen(text_of(row, name)) / 2;
    assert_true(len <= VALUE_BYTES_MAX);
    raw_of(row, name, to, len);
    return bytes_of(to, len);
}

static uint64_t number_of(const json_t *row, const char *name)
{
    const json_t *value = json_object_get(row, name);
    assert_true(json_is_integer(value));
    return (uint64_t)json_integer_value(value);
}

static void must_be(const json_t *row, const char *name, const uint8_t *got, size_t len)
{
    char hex[HEX_CAPACITY(VALUE_BYTES_MAX)];
    assert_true(len <= VALUE_BYTES_MAX);
    assert_string_equal(hex_encode(hex, got, len), text_of(row, name));
}

static void chain_is_as_computed_elsewhere(void **state)
{
    (void)state;
    const json_t *rows = json_object_get(vectors, "chain");
    assert_true(json_array_size(rows) >= 7);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint8_t body[VALUE_BYTES_MAX];
        struct entry_id id = {.seq = number_of(row, "seq")};
        struct hash before;
        struct hash b;
        struct hash h;
        raw_of(row, "incarnation", id.incarnation.b, sizeof id.incarnation.b);
        raw_of(row, "h_before", before.b, sizeof before.b);
        chain_body(bytes_in(row, "body", body), &b);
        must_be(row, "b", b.b, sizeof b.b);
        chain_next(&before, &b, &id, (uint16_t)number_of(row, "kind"), &h);
        must_be(row, "h", h.b, sizeof h.b);
    }
}

/* The key pair of the row's seed, compared with its public key. */
static void keypair_of(const json_t *row, struct key *public_key, uint8_t secret[SECRET_BYTES])
{
    uint8_t seed[32];
    raw_of(row, "seed", seed, sizeof seed);
    seal_keypair(seed, public_key, secret);
    must_be(row, "public", public_key->b, sizeof public_key->b);
}

static void head_is_as_signed_elsewhere(void **state)
{
    (void)state;
    const json_t *row = json_object_get(vectors, "head");
    struct key public_key;
    uint8_t secret[SECRET_BYTES];
    struct entry_id id = {.seq = number_of(row, "seq")};
    struct hash h;
    struct signature signature;
    keypair_of(row, &public_key, secret);
    raw_of(row, "incarnation", id.incarnation.b, sizeof id.incarnation.b);
    raw_of(row, "h", h.b, sizeof h.b);
    head_sign(secret, &id, &h, &signature);
    must_be(row, "signature", signature.b, sizeof signature.b);
    assert_true(head_verify(&public_key, &id, &h, &signature));
}

static void receipt_is_as_signed_elsewhere(void **state)
{
    (void)state;
    const json_t *row = json_object_get(vectors, "receipt");
    struct key public_key;
    uint8_t secret[SECRET_BYTES];
    struct receipt receipt = {.id.seq = number_of(row, "seq"),
                              .backed_up_to = number_of(row, "backed_up_to")};
    struct signature signature;
    keypair_of(row, &public_key, secret);
    raw_of(row, "aggregator", receipt.aggregator.b, sizeof receipt.aggregator.b);
    raw_of(row, "incarnation", receipt.id.incarnation.b, sizeof receipt.id.incarnation.b);
    raw_of(row, "h", receipt.h.b, sizeof receipt.h.b);
    receipt_sign(secret, &receipt, &signature);
    must_be(row, "signature", signature.b, sizeof signature.b);
    assert_true(receipt_verify(&public_key, &receipt, &signature));
}

/* Ring, document, request, enrolment, revocation: domain and personal are the same word. */
static void digests_are_as_signed_elsewhere(void **state)
{
    (void)state;
    const json_t *digests = json_object_get(vectors, "digests");
    const json_t *rows = json_object_get(digests, "rows");
    struct key public_key;
    uint8_t secret[SECRET_BYTES];
    keypair_of(digests, &public_key, secret);
    size_t signed_rows = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *personal = text_of(row, "personal");
        uint8_t data[VALUE_BYTES_MAX];
        struct hash digest;
        seal_hash(personal, bytes_in(row, "data", data), &digest);
        must_be(row, "digest", digest.b, sizeof digest.b);
        if (json_object_get(row, "signature") != NULL) {
            struct signature signature;
            seal_sign(secret, personal, bytes_of(digest.b, sizeof digest.b), &signature);
            must_be(row, "signature", signature.b, sizeof signature.b);
            signed_rows++;
        }
    }
    assert_int_equal(signed_rows, 5);
}

static void words_are_as_computed_elsewhere(void **state)
{
    (void)state;
    const json_t *rows = json_object_get(vectors, "words");
    assert_true(json_array_size(rows) >= 2);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        uint8_t data[VALUE_BYTES_MAX];
        char words[WORDS_TEXT_CAPACITY];
        words_of(bytes_in(row, "data", data), words);
        assert_string_equal(words, text_of(row, "words"));
    }
}

static void reporter_is_as_sealed_elsewhere(void **state)
{
    (void)state;
    const json_t *row = json_object_get(vectors, "reporter");
    struct key reader;
    uint8_t secret[32];
    uint8_t seed[32];
    uint8_t name[VALUE_BYTES_MAX];
    uint8_t contact[VALUE_BYTES_MAX];
    uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
    uint8_t plain[2048];
    size_t len = 0;
    raw_of(row, "reader_public", reader.b, sizeof reader.b);
    raw_of(row, "reader_secret", secret, sizeof secret);
    raw_of(row, "seed", seed, sizeof seed);
    struct bytes in_name = bytes_in(row, "name", name);
    struct bytes in_contact = bytes_in(row, "contact", contact);
    assert_int_equal(reporter_seal(&reader, seed, in_name, in_contact, sealed, &len, NULL), 0);
    must_be(row, "sealed", sealed, len);
    struct bytes out_name;
    struct bytes out_contact;
    assert_int_equal(
        reporter_open(&reader, secret, bytes_of(sealed, len), plain, &out_name, &out_contact, NULL),
        0);
    assert_true(bytes_equal(out_name, in_name));
    assert_true(bytes_equal(out_contact, in_contact));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chain_is_as_computed_elsewhere),
        cmocka_unit_test(head_is_as_signed_elsewhere),
        cmocka_unit_test(receipt_is_as_signed_elsewhere),
        cmocka_unit_test(digests_are_as_signed_elsewhere),
        cmocka_unit_test(words_are_as_computed_elsewhere),
        cmocka_unit_test(reporter_is_as_sealed_elsewhere),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
