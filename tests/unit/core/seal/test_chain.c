/* Chain, heads, receipts, signatures: what holds, and that every changed byte is noticed. The
 * values themselves are checked against independent ones in test_vectors.c. */
#include "core/seal/chain.h"
#include "lib/cmocka_all.h"

#include <sodium.h>
#include <string.h>

struct fixture {
    struct key public_key, other_key;
    uint8_t secret[SECRET_BYTES], other_secret[SECRET_BYTES];
    struct entry_id id;
    struct hash h;
};

static struct fixture fixture_make(void)
{
    struct fixture f = {.id = {.incarnation = {{1, 2, 3}}, .seq = UINT64_C(0x0102030405060708)}};
    uint8_t seed[32] = {42};
    seal_keypair(seed, &f.public_key, f.secret);
    seed[0] = 43;
    seal_keypair(seed, &f.other_key, f.other_secret);
    seal_hash("test", bytes_of_text("some h"), &f.h);
    return f;
}

/* Flips the lowest and the highest bit of each byte of `what` in turn: nothing may hold then. */
#define FOR_EACH_FLIP(what, len, holds)                                                            \
    for (size_t at_ = 0; at_ < 2 * (len); at_++) {                                                 \
        uint8_t mask_ = at_ % 2 == 0 ? 0x01 : 0x80;                                                \
        ((uint8_t *)(what))[at_ / 2] ^= mask_;                                                     \
        assert_false(holds);                                                                       \
        ((uint8_t *)(what))[at_ / 2] ^= mask_;                                                     \
    }                                                                                              \
    assert_true(holds)

/* hashlib.blake2b(b'abc', digest_size=32, person=b'kabar.doc.v1'.ljust(16, b'\0')), and the same
 * with b'' and the full sixteen characters b'0123456789abcdef'. */
static void personal_is_padded_with_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *personal, *data, *hex;
    } rows[] = {
        {"kabar.doc.v1", "abc", "024b3c7a4536c24f4db68e10a4c9304926a67b1f8062036ba6b71a7af1fb420b"},
        {"0123456789abcdef", "",
         "745c7fe5b8e12c96be18655ca261179a1774125f0018174f2a220f203da8fe47"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hash hash;
        char hex[HEX_CAPACITY(HASH_BYTES)];
        seal_hash(rows[i].personal, bytes_of_text(rows[i].data), &hash);
        assert_string_equal(hex_encode(hex, hash.b, sizeof hash.b), rows[i].hex);
    }
}

static void every_field_of_an_entry_enters_h(void **state)
{
    (void)state;
    struct fixture f = fixture_make();
    struct hash before = {{9}};
    struct hash b;
    struct hash h;
    struct hash changed;
    uint8_t body[] = "body";
    chain_body(bytes_of(body, 4), &b);
    chain_next(&before, &b, &f.id, 16, &h);
#define SAME_H() (chain_next(&before, &b, &f.id, 16, &changed), hash_equal(&changed, &h))
    FOR_EACH_FLIP(before.b, HASH_BYTES, SAME_H());
    FOR_EACH_FLIP(b.b, HASH_BYTES, SAME_H());
    FOR_EACH_FLIP(f.id.incarnation.b, INCARNATION_BYTES, SAME_H());
    FOR_EACH_FLIP(&f.id.seq, sizeof f.id.seq, SAME_H());
#undef SAME_H
    for (unsigned bit = 0; bit < 16; bit++) {
        chain_next(&before, &b, &f.id, (uint16_t)(16u ^ 1u << bit), &changed);
        assert_false(hash_equal(&changed, &h));
    }
#define SAME_B() (chain_body(bytes_of(body, 4), &changed), hash_equal(&changed, &b))
    FOR_EACH_FLIP(body, 4, SAME_B());
#undef SAME_B
    chain_body(bytes_of(body, 3), &changed);
    assert_false(hash_equal(&changed, &b));
}

/* An erased body leaves b: h is the same, whoever computes it. */
static void chain_proves_without_the_body(void **state)
{
    (void)state;
    struct fixture f = fixture_make();
    struct hash b;
    struct hash h[2];
    chain_body(bytes_of_text("a body to be erased"), &b);
    chain_next(&f.h, &b, &f.id, 16, &h[0]);
    struct hash kept = b;
    chain_next(&f.h, &kept, &f.id, 16, &h[1]);
    assert_true(hash_equal(&h[0], &h[1]));
    assert_false(hash_equal(&h[0], &b));
}

static void every_byte_of_a_head_is_signed(void **state)
{
    (void)state;
    struct fixture f = fixture_make();
    struct signature signature;
    head_sign(f.secret, &f.id, &f.h, &signature);
#define HOLDS head_verify(&f.public_key, &f.id, &f.h, &signature)
    FOR_EACH_FLIP(signature.b, SIGNATURE_BYTES, HOLDS);
    FOR_EACH_FLIP(f.public_key.b, KEY_BYTES, HOLDS);
    FOR_EACH_FLIP(f.id.incarnation.b, INCARNATION_BYTES, HOLDS);
    FOR_EACH_FLIP(&f.id.seq, sizeof f.id.seq, HOLDS);
    FOR_EACH_FLIP(f.h.b, HASH_BYTES, HOLDS);
#undef HOLDS
    assert_false(head_verify(&f.other_key, &f.id, &f.h, &signature));
}

static void every_byte_of_a_receipt_is_signed(void **state)
{
    (void)state;
    struct fixture f = fixture_make();
    struct receipt receipt = {
        .aggregator = {{7}}, .id = f.id, .h = f.h, .backed_up_to = UINT64_C(0x1122334455667788)};
    struct signature signature;
    receipt_sign(f.secret, &receipt, &signature);
#define HOLDS receipt_verify(&f.public_key, &receipt, &signature)
    FOR_EACH_FLIP(signature.b, SIGNATURE_BYTES, HOLDS);
    FOR_EACH_FLIP(receipt.aggregator.b, INCARNATION_BYTES, HOLDS);
    FOR_EACH_FLIP(receipt.id.incarnation.b, INCARNATION_BYTES, HOLDS);
    FOR_EACH_FLIP(&receipt.id.seq, sizeof receipt.id.seq, HOLDS);
    FOR_EACH_FLIP(receipt.h.b, HASH_BYTES, HOLDS);
    FOR_EACH_FLIP(&receipt.backed_up_to, sizeof receipt.backed_up_to, HOLDS);
#undef HOLDS
    assert_false(receipt_verify(&f.other_key, &receipt, &signature));
}

static void a_signature_holds_in_its_domain_only(void **state)
{
    (void)state;
    struct fixture f = fixture_make();
    struct bytes message = bytes_of_text("message");
    struct signature signature;
    seal_sign(f.secret, "kabar.doc.v1", message, &signature);
    assert_true(seal_verify(&f.public_key, "kabar.doc.v1", message, &signature));
    assert_false(seal_verify(&f.public_key, "kabar.ring.v1", message, &signature));
    assert_false(seal_verify(&f.public_key, "kabar.doc.v1", bytes_of_text("messag"), &signature));
    assert_false(seal_verify(&f.public_key, "kabar.doc.v1", bytes_of_text("messages"), &signature));
}

static void a_message_may_be_empty_or_512_bytes(void **state)
{
    (void)state;
    struct fixture f = fixture_make();
    uint8_t longest[512] = {0};
    struct bytes messages[] = {{0}, bytes_of(longest, sizeof longest)};
    for (size_t i = 0; i < 2; i++) {
        struct signature signature;
        seal_sign(f.secret, "kabar.doc.v1", messages[i], &signature);
        assert_true(seal_verify(&f.public_key, "kabar.doc.v1", messages[i], &signature));
        assert_false(seal_verify(&f.public_key, "kabar.doc.v1", messages[1 - i], &signature));
    }
    longest[511] = 1;
    struct signature signature;
    seal_sign(f.secret, "kabar.doc.v1", messages[1], &signature);
    longest[511] = 0;
    assert_false(seal_verify(&f.public_key, "kabar.doc.v1", messages[1], &signature));
}

/* S + L signs the same by the bare equation (RFC 8032 section 8.4): it must not pass, or one
 * document had two valid signatures. */
static void a_second_form_of_a_signature_is_refused(void **state)
{
    (void)state;
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct fixture f = fixture_make();
    struct signature signature;
    head_sign(f.secret, &f.id, &f.h, &signature);
    unsigned carry = 0;
    for (size_t i = 0; i < sizeof order; i++) {
        carry += (unsigned)signature.b[32 + i] + order[i];
        signature.b[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    assert_int_equal(carry, 0);
    assert_false(head_verify(&f.public_key, &f.id, &f.h, &signature));
}

/* With the neutral element as key and R, and S = 0, the bare equation holds for any message. */
static void a_key_of_small_order_signs_nothing(void **state)
{
    (void)state;
    struct fixture f = fixture_make();
    struct key neutral = {{1}};
    struct signature signature = {{1}};
    assert_false(head_verify(&neutral, &f.id, &f.h, &signature));
    struct key zeros = {{0}};
    struct signature none = {{0}};
    assert_false(head_verify(&zeros, &f.id, &f.h, &none));
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

/* SipHash-128 (the reference implementation's, libsodium's siphashx24) under the fixed key. */
static void a_lookup_key_is_fixed(void **state)
{
    (void)state;
    uint8_t one[SEAL_LOOKUP_BYTES], again[SEAL_LOOKUP_BYTES], other[SEAL_LOOKUP_BYTES];
    uint8_t wanted[SEAL_LOOKUP_BYTES];
    static const uint8_t key[16] = "kabar.lookup.v1";
    seal_lookup(bytes_of_text("16.07"), one);
    seal_lookup(bytes_of_text("16.07"), again);
    seal_lookup(bytes_of_text("16.08"), other);
    assert_int_equal(crypto_shorthash_siphashx24(wanted, (const uint8_t *)"16.07", 5, key), 0);
    assert_memory_equal(one, wanted, sizeof one);
    assert_memory_equal(one, again, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lookup_key_is_fixed),
        cmocka_unit_test(personal_is_padded_with_zeros),
        cmocka_unit_test(every_field_of_an_entry_enters_h),
        cmocka_unit_test(chain_proves_without_the_body),
        cmocka_unit_test(every_byte_of_a_head_is_signed),
        cmocka_unit_test(every_byte_of_a_receipt_is_signed),
        cmocka_unit_test(a_signature_holds_in_its_domain_only),
        cmocka_unit_test(a_message_may_be_empty_or_512_bytes),
        cmocka_unit_test(a_second_form_of_a_signature_is_refused),
        cmocka_unit_test(a_key_of_small_order_signs_nothing),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
