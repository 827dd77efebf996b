#include "core/seal/reporter.h"

#include "core/base/assert.h"
#include "core/base/limits.h"

#include <sodium.h>
#include <string.h>

#define PLAIN_BYTES_MAX 2048u
#define LENGTHS_BYTES 4u /* two lengths of two bytes */
#define SEAL_BYTES (crypto_box_PUBLICKEYBYTES + crypto_box_MACBYTES)

/* Few sizes, so that the length of what is sealed says next to nothing about who reported. */
static const size_t padded_sizes[] = {256, 1024, PLAIN_BYTES_MAX};
#define PADDED_SIZES (sizeof padded_sizes / sizeof padded_sizes[0])

/* 0 when nothing is large enough. */
static size_t padded_size(size_t bytes)
{
    for (size_t i = 0; i < PADDED_SIZES; i++) {
        if (bytes <= padded_sizes[i]) {
            return padded_sizes[i];
        }
    }
    return 0;
}

/* The nonce of crypto_box_seal: BLAKE2b-192 of both public keys. */
static void seal_nonce(const uint8_t ephemeral[crypto_box_PUBLICKEYBYTES], const struct key *reader,
                       uint8_t ret[crypto_box_NONCEBYTES])
{
    uint8_t both[crypto_box_PUBLICKEYBYTES + KEY_BYTES];
    memcpy(both, ephemeral, crypto_box_PUBLICKEYBYTES);
    memcpy(both + crypto_box_PUBLICKEYBYTES, reader->b, sizeof reader->b);
    int status = crypto_generichash_blake2b(ret, crypto_box_NONCEBYTES, both, sizeof both, NULL, 0);
    ASSERT(status == 0);
}

/* crypto_box_seal itself draws the ephemeral key; here it comes from the caller's seed. */
static int seal_box(const struct key *reader, const uint8_t seed[32], struct bytes plain,
                    uint8_t *ret)
{
    uint8_t ephemeral_secret[crypto_box_SECRETKEYBYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    int status = crypto_box_seed_keypair(ret, ephemeral_secret, seed);
    ASSERT(status == 0);
    seal_nonce(ret, reader, nonce);
    status = crypto_box_easy(ret + crypto_box_PUBLICKEYBYTES, plain.data, plain.len, nonce,
                             reader->b, ephemeral_secret);
    sodium_memzero(ephemeral_secret, sizeof ephemeral_secret);
    return status;
}

int reporter_seal(const struct key *reader, const uint8_t seed[32], struct bytes name,
                  struct bytes contact, uint8_t *ret, size_t *ret_len, struct err_ctx *err)
{
    if (name.len > REPORTER_BYTES_MAX || contact.len > REPORTER_BYTES_MAX - name.len) {
        return err_set(err, ERR_LIMIT, "reporter: name and contact are over %u bytes",
                       REPORTER_BYTES_MAX);
    }
    uint8_t plain[PLAIN_BYTES_MAX] = {0};
    size_t size = padded_size(LENGTHS_BYTES + name.len + contact.len);
    ASSERT(size != 0);
    struct writer writer;
    writer_init(&writer, plain, size);
    writer_be16(&writer, (uint16_t)name.len);
    writer_bytes(&writer, name);
    writer_be16(&writer, (uint16_t)contact.len);
    writer_bytes(&writer, contact);
    ASSERT(!writer.overflow);
    int status = seal_box(reader, seed, bytes_of(plain, size), ret);
    sodium_memzero(plain, sizeof plain);
    if (status != 0) {
        return err_set(err, ERR_KEY, "reporter: the reader key is no usable key");
    }
    *ret_len = size + SEAL_BYTES;
    return 0;
}

static int reporter_parse(struct bytes plain, struct bytes *ret_name, struct bytes *ret_contact,
                          struct err_ctx *err)
{
    struct reader reader;
    reader_init(&reader, plain);
    struct bytes name = reader_bytes(&reader, reader_be16(&reader));
    struct bytes contact = reader_bytes(&reader, reader_be16(&reader));
    if (reader.underflow) {
        return err_set(err, ERR_FORMAT, "reporter: a length goes past the end");
    }
    while (reader_left(&reader) > 0) {
        if (reader_u8(&reader) != 0) {
            return err_set(err, ERR_FORMAT, "reporter: the padding is not zeros");
        }
    }
    *ret_name = name;
    *ret_contact = contact;
    return 0;
}

int reporter_open(const struct key *reader, const uint8_t reader_secret[32], struct bytes sealed,
                  uint8_t plain[2048], struct bytes *ret_name, struct bytes *ret_contact,
                  struct err_ctx *err)
{
    size_t size = sealed.len < SEAL_BYTES ? 0 : sealed.len - SEAL_BYTES;
    if (size == 0 || padded_size(size) != size) {
        return err_set(err, ERR_FORMAT, "reporter: %zu bytes is not a sealed reporter", sealed.len);
    }
    if (crypto_box_seal_open(plain, sealed.data, sealed.len, reader->b, reader_secret) != 0) {
        return err_set(err, ERR_SIGNATURE, "reporter: sealed to another key, or altered");
    }
    return reporter_parse(bytes_of(plain, size), ret_name, ret_contact, err);
}
