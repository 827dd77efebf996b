#include "core/seal/chain.h"

#include "core/base/assert.h"

#include <sodium.h>

#define PERSONAL_BYTES crypto_generichash_blake2b_PERSONALBYTES
#define DOMAIN_BYTES_MAX 32u
#define MESSAGE_BYTES_MAX 512u
#define HEAD_BYTES (INCARNATION_BYTES + 8u + HASH_BYTES)
#define RECEIPT_BYTES (2u * INCARNATION_BYTES + 8u + HASH_BYTES + 8u)

static void hash_salted(const char *personal, const struct incarnation *salt, struct bytes data,
                        struct hash *ret)
{
    uint8_t padded[PERSONAL_BYTES] = {0};
    struct writer writer;
    writer_init(&writer, padded, sizeof padded);
    writer_bytes(&writer, bytes_of_text(personal));
    ASSERT(!writer.overflow);
    int status = crypto_generichash_blake2b_salt_personal(
        ret->b, sizeof ret->b, data.data, data.len, NULL, 0, salt == NULL ? NULL : salt->b, padded);
    ASSERT(status == 0);
}

void seal_hash(const char *personal, struct bytes data, struct hash *ret)
{
    hash_salted(personal, NULL, data, ret);
}

void seal_lookup(struct bytes data, uint8_t ret[SEAL_LOOKUP_BYTES])
{
    static const uint8_t key[crypto_shorthash_siphashx24_KEYBYTES] = "kabar.lookup.v1";
    int status = crypto_shorthash_siphashx24(ret, data.data, data.len, key);
    ASSERT(status == 0);
}

void chain_body(struct bytes body, struct hash *ret_b)
{
    seal_hash("kabar.body.v1", body, ret_b);
}

void chain_next(const struct hash *before, const struct hash *b, const struct entry_id *id,
                uint16_t kind, struct hash *ret_h)
{
    uint8_t block[HASH_BYTES + HASH_BYTES + 8 + 2];
    struct writer writer;
    writer_init(&writer, block, sizeof block);
    writer_bytes(&writer, bytes_of(before->b, sizeof before->b));
    writer_bytes(&writer, bytes_of(b->b, sizeof b->b));
    writer_be64(&writer, id->seq);
    writer_be16(&writer, kind);
    ASSERT(!writer.overflow && writer.len == sizeof block);
    hash_salted("kabar.entry.v1", &id->incarnation, bytes_of(block, sizeof block), ret_h);
}

/* What is really signed: domain ‖ message. Returns its length. */
static size_t signed_bytes(const char *domain, struct bytes message,
                           uint8_t to[DOMAIN_BYTES_MAX + MESSAGE_BYTES_MAX])
{
    struct bytes prefix = bytes_of_text(domain);
    ASSERT(prefix.len > 0 && prefix.len <= DOMAIN_BYTES_MAX);
    ASSERT(message.len <= MESSAGE_BYTES_MAX);
    struct writer writer;
    writer_init(&writer, to, DOMAIN_BYTES_MAX + MESSAGE_BYTES_MAX);
    writer_bytes(&writer, prefix);
    writer_bytes(&writer, message);
    return writer.len;
}

void seal_sign(const uint8_t secret[SECRET_BYTES], const char *domain, struct bytes message,
               struct signature *ret)
{
    uint8_t whole[DOMAIN_BYTES_MAX + MESSAGE_BYTES_MAX];
    size_t len = signed_bytes(domain, message, whole);
    int status = crypto_sign_detached(ret->b, NULL, whole, len, secret);
    ASSERT(status == 0);
}

bool seal_verify(const struct key *signer, const char *domain, struct bytes message,
                 const struct signature *signature)
{
    uint8_t whole[DOMAIN_BYTES_MAX + MESSAGE_BYTES_MAX];
    size_t len = signed_bytes(domain, message, whole);
    return crypto_sign_verify_detached(signature->b, whole, len, signer->b) == 0;
}

void seal_keypair(const uint8_t seed[32], struct key *ret_public, uint8_t ret_secret[SECRET_BYTES])
{
    int status = crypto_sign_seed_keypair(ret_public->b, ret_secret, seed);
    ASSERT(status == 0);
}

static void head_bytes(const struct entry_id *id, const struct hash *h, uint8_t to[HEAD_BYTES])
{
    struct writer writer;
    writer_init(&writer, to, HEAD_BYTES);
    writer_bytes(&writer, bytes_of(id->incarnation.b, sizeof id->incarnation.b));
    writer_be64(&writer, id->seq);
    writer_bytes(&writer, bytes_of(h->b, sizeof h->b));
    ASSERT(!writer.overflow && writer.len == HEAD_BYTES);
}

void head_sign(const uint8_t secret[SECRET_BYTES], const struct entry_id *id, const struct hash *h,
               struct signature *ret)
{
    uint8_t message[HEAD_BYTES];
    head_bytes(id, h, message);
    seal_sign(secret, "kabar.head.v1", bytes_of(message, sizeof message), ret);
}

bool head_verify(const struct key *signer, const struct entry_id *id, const struct hash *h,
                 const struct signature *signature)
{
    uint8_t message[HEAD_BYTES];
    head_bytes(id, h, message);
    return seal_verify(signer, "kabar.head.v1", bytes_of(message, sizeof message), signature);
}

static void receipt_bytes(const struct receipt *receipt, uint8_t to[RECEIPT_BYTES])
{
    struct writer writer;
    writer_init(&writer, to, RECEIPT_BYTES);
    writer_bytes(&writer, bytes_of(receipt->aggregator.b, sizeof receipt->aggregator.b));
    writer_bytes(&writer, bytes_of(receipt->id.incarnation.b, sizeof receipt->id.incarnation.b));
    writer_be64(&writer, receipt->id.seq);
    writer_bytes(&writer, bytes_of(receipt->h.b, sizeof receipt->h.b));
    writer_be64(&writer, receipt->backed_up_to);
    ASSERT(!writer.overflow && writer.len == RECEIPT_BYTES);
}

void receipt_sign(const uint8_t secret[SECRET_BYTES], const struct receipt *receipt,
                  struct signature *ret)
{
    uint8_t message[RECEIPT_BYTES];
    receipt_bytes(receipt, message);
    seal_sign(secret, "kabar.receipt.v1", bytes_of(message, sizeof message), ret);
}

bool receipt_verify(const struct key *signer, const struct receipt *receipt,
                    const struct signature *signature)
{
    uint8_t message[RECEIPT_BYTES];
    receipt_bytes(receipt, message);
    return seal_verify(signer, "kabar.receipt.v1", bytes_of(message, sizeof message), signature);
}
