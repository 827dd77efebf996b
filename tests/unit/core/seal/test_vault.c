/* A private key under a passphrase: opens with it, and with nothing else or altered. */
#include "core/seal/vault.h"
#include "lib/cmocka_all.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define RAW_BYTES 104u /* salt 16, ops 8, mem 8, nonce 24, box 48 */

static const uint8_t seed[32] = {1, 2, 3, 4};
static const char passphrase[] = "kuda hijau makan";

static struct vault_plan plan_make(void)
{
    return (struct vault_plan){.kind = "officer",
                               .name = "Sri Hartati, S.H.",
                               .passphrase = bytes_of_text(passphrase),
                               .random = {9, 8, 7},
                               .ops = 1,
                               .memory_bytes = 8u << 20};
}

static int open_text(const char *text, const char *kind, const char *phrase, uint8_t ret_seed[32],
                     char ret_name[129])
{
    return vault_open(bytes_of_text(text), kind, bytes_of_text(phrase), ret_seed, ret_name, NULL);
}

static void opens_with_its_passphrase(void **state)
{
    (void)state;
    struct vault_plan plan = plan_make();
    char text[VAULT_TEXT_CAPACITY];
    uint8_t back[32] = {0};
    char name[129];
    assert_int_equal(vault_seal(&plan, seed, text, NULL), 0);
    assert_int_equal(strncmp(text, "kabar-sealed-key v1\nofficer\nSri Hartati, S.H.\n0908070", 53),
                     0);
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_int_equal(open_text(text, "officer", passphrase, back, name), 0);
    assert_memory_equal(back, seed, sizeof seed);
    assert_string_equal(name, "Sri Hartati, S.H.");
    assert_int_equal(open_text(text, "officer", passphrase, back, NULL), 0);
}

/* The format by hand, from libsodium's parts and the header's words. */
static void the_format_is_the_documented_one(void **state)
{
    (void)state;
    struct vault_plan plan = plan_make();
    char text[VAULT_TEXT_CAPACITY];
    assert_int_equal(vault_seal(&plan, seed, text, NULL), 0);
    uint8_t raw[RAW_BYTES];
    assert_true(hex_decode(raw, sizeof raw,
                           bytes_of(text + strlen(text) - 1 - 2 * RAW_BYTES, 2 * RAW_BYTES)));
    assert_memory_equal(raw, plan.random, 16);
    assert_true(get_be64(raw + 16) == plan.ops);
    assert_true(get_be64(raw + 24) == plan.memory_bytes);
    assert_memory_equal(raw + 32, plan.random + 16, 24);
    uint8_t material[32 + 16 + sizeof "officer\nSri Hartati, S.H." - 1];
    assert_int_equal(crypto_pwhash(material, 32, passphrase, strlen(passphrase), raw, 1, 8u << 20,
                                   crypto_pwhash_ALG_ARGON2ID13),
                     0);
    memcpy(material + 32, raw + 16, 16);
    memcpy(material + 48, "officer\nSri Hartati, S.H.", sizeof material - 48);
    uint8_t key[32];
    uint8_t opened[32];
    assert_int_equal(
        crypto_generichash_blake2b_salt_personal(key, 32, material, sizeof material, NULL, 0, NULL,
                                                 (const uint8_t *)"kabar.vault.v1\0\0"),
        0);
    assert_int_equal(crypto_secretbox_open_easy(opened, raw + 56, 48, raw + 32, key), 0);
    assert_memory_equal(opened, seed, 32);
}

static void a_wrong_passphrase_opens_nothing(void **state)
{
    (void)state;
    struct vault_plan plan = plan_make();
    char text[VAULT_TEXT_CAPACITY];
    uint8_t back[32] = {0};
    char name[129] = "untouched";
    assert_int_equal(vault_seal(&plan, seed, text, NULL), 0);
    static const char *const wrong[] = {"", "kuda hijau maka", "kuda hijau makan ",
                                        "Kuda hijau makan"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(open_text(text, "officer", wrong[i], back, name), ERR_SIGNATURE);
    }
    assert_true(sodium_is_zero(back, sizeof back));
    assert_string_equal(name, "untouched");
}

static void another_kind_is_refused_before_any_work(void **state)
{
    (void)state;
    struct vault_plan plan = plan_make();
    char text[VAULT_TEXT_CAPACITY];
    uint8_t back[32];
    struct err_ctx err = {{0}};
    assert_int_equal(vault_seal(&plan, seed, text, NULL), 0);
    assert_int_equal(
        vault_open(bytes_of_text(text), "root", bytes_of_text(passphrase), back, NULL, &err),
        ERR_KEY);
    assert_non_null(strstr(err.text, "officer"));
    assert_non_null(strstr(err.text, "root"));
}

/* Every byte of the file but the first line; the lowest bit, so that letters stay letters, digits
 * digits, and the work stays small. */
static void every_altered_byte_is_noticed(void **state)
{
    (void)state;
    struct vault_plan plan = plan_make();
    char text[VAULT_TEXT_CAPACITY];
    uint8_t back[32] = {0};
    assert_int_equal(vault_seal(&plan, seed, text, NULL), 0);
    size_t start = strlen("kabar-sealed-key v1\n");
    size_t hex = strlen(text) - 1 - 2 * RAW_BYTES;
    for (size_t at = 0; at < hex; at++) {
        text[at] ^= 1;
        int status = open_text(text, "officer", passphrase, back, NULL);
        assert_true(status == ERR_SIGNATURE || status == ERR_FORMAT || status == ERR_KEY);
        assert_true(at >= start || status == ERR_FORMAT);
        text[at] ^= 1;
    }
    for (size_t i = 0; i < RAW_BYTES; i++) {
        char *pair = text + hex + 2 * i;
        char kept[2] = {pair[0], pair[1]};
        uint8_t byte = 0;
        assert_true(hex_decode(&byte, 1, bytes_of(pair, 2)));
        byte ^= 1;
        char changed[HEX_CAPACITY(1)];
        memcpy(pair, hex_encode(changed, &byte, 1), 2);
        int status = open_text(text, "officer", passphrase, back, NULL);
        assert_true(status == ERR_SIGNATURE || (i >= 16 && i < 32 && status == ERR_FORMAT));
        memcpy(pair, kept, 2);
    }
    assert_true(sodium_is_zero(back, sizeof back));
    assert_int_equal(open_text(text, "officer", passphrase, back, NULL), 0);
}

static void a_cut_or_longer_file_is_malformed(void **state)
{
    (void)state;
    struct vault_plan plan = plan_make();
    char text[VAULT_TEXT_CAPACITY];
    char longer[VAULT_TEXT_CAPACITY + 1];
    uint8_t back[32];
    assert_int_equal(vault_seal(&plan, seed, text, NULL), 0);
    for (size_t len = 0; len < strlen(text); len++) {
        assert_int_equal(
            vault_open(bytes_of(text, len), "officer", bytes_of_text(passphrase), back, NULL, NULL),
            ERR_FORMAT);
    }
    assert_int_equal(
        vault_open((struct bytes){0}, "officer", bytes_of_text(passphrase), back, NULL, NULL),
        ERR_FORMAT);
    (void)snprintf(longer, sizeof longer, "%s\n", text);
    assert_int_equal(open_text(longer, "officer", passphrase, back, NULL), ERR_FORMAT);
}

/* A file must not make us work for hours or take all memory: refused before Argon2id. */
static void a_file_that_asks_for_too_much_is_refused(void **state)
{
    (void)state;
    static const struct {
        uint64_t ops, memory_bytes;
    } rows[] = {{0, 8u << 20},  {17, 8u << 20},      {UINT64_MAX, 8u << 20},
                {1, 0},         {1, (8u << 20) - 1}, {1, (UINT64_C(1) << 30) + 1},
                {1, UINT64_MAX}};
    struct vault_plan plan = plan_make();
    char text[VAULT_TEXT_CAPACITY];
    uint8_t back[32];
    assert_int_equal(vault_seal(&plan, seed, text, NULL), 0);
    char *work = text + strlen(text) - 1 - 2 * RAW_BYTES + 32;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t raw[16];
        char hex[HEX_CAPACITY(16)];
        put_be64(raw, rows[i].ops);
        put_be64(raw + 8, rows[i].memory_bytes);
        memcpy(work, hex_encode(hex, raw, 16), 32);
        assert_int_equal(open_text(text, "officer", passphrase, back, NULL), ERR_FORMAT);
        plan.ops = rows[i].ops;
        plan.memory_bytes = rows[i].memory_bytes;
        char other[VAULT_TEXT_CAPACITY];
        assert_int_equal(vault_seal(&plan, seed, other, NULL), ERR_VALUE);
    }
}

static void a_plan_outside_its_limits_is_refused(void **state)
{
    (void)state;
    char name[130];
    char text[VAULT_TEXT_CAPACITY] = "untouched";
    memset(name, 'n', 129);
    name[129] = '\0';
    static const char *const bad[] = {"", "a\nb", "a\tb", "a\x7f", "\xff", NULL};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct vault_plan plan = plan_make();
        plan.name = bad[i];
        assert_int_equal(vault_seal(&plan, seed, text, NULL), ERR_VALUE);
        plan = plan_make();
        plan.kind = bad[i];
        assert_int_equal(vault_seal(&plan, seed, text, NULL), ERR_VALUE);
    }
    struct vault_plan plan = plan_make();
    plan.name = name;
    assert_int_equal(vault_seal(&plan, seed, text, NULL), ERR_VALUE);
    plan = plan_make();
    plan.passphrase = bytes_of_text("1234567");
    assert_int_equal(vault_seal(&plan, seed, text, NULL), ERR_VALUE);
    assert_string_equal(text, "untouched");
    name[128] = '\0';
    plan.name = name;
    plan.passphrase = bytes_of_text("12345678");
    uint8_t back[32];
    char name_back[129];
    assert_int_equal(vault_seal(&plan, seed, text, NULL), 0);
    assert_int_equal(open_text(text, "officer", "12345678", back, name_back), 0);
    assert_string_equal(name_back, name);
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_with_its_passphrase),
        cmocka_unit_test(the_format_is_the_documented_one),
        cmocka_unit_test(a_wrong_passphrase_opens_nothing),
        cmocka_unit_test(another_kind_is_refused_before_any_work),
        cmocka_unit_test(every_altered_byte_is_noticed),
        cmocka_unit_test(a_cut_or_longer_file_is_malformed),
        cmocka_unit_test(a_file_that_asks_for_too_much_is_refused),
        cmocka_unit_test(a_plan_outside_its_limits_is_refused),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
