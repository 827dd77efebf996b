/* Files with keys. Byte 0 chooses: 0 a sealed key as it is, 1 one that is sealed here and then
 * spoiled in one place, 2 the command line's raw secret, 3 a node's two, 4 a public part as JSON.
 * Argon2id is replaced by a hash, and no file is read: opening costs half a second on purpose. */
#include "fuzz/fuzz.h"

#include "cli/cli.h"
#include "core/seal/vault.h"
#include "node/node.h"
#include "platform/host/host.h"

#include <ctype.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                         unsigned long long passphrase_len, const unsigned char *salt,
                         unsigned long long ops, size_t memory_bytes, int algorithm);
int __wrap_file_read(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                     struct err_ctx *err);
int __wrap_file_read_secret(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                            struct err_ctx *err);

static struct bytes file;
static bool no_memory;

int __wrap_crypto_pwhash(unsigned char *out, unsigned long long out_len, const char *passphrase,
                         unsigned long long passphrase_len, const unsigned char *salt,
                         unsigned long long ops, size_t memory_bytes, int algorithm)
{
    CHECK(out_len == 32 && algorithm == crypto_pwhash_ALG_ARGON2ID13, "Argon2id of 32 bytes");
    CHECK(ops >= 1 && ops <= 16 && memory_bytes >= (8u << 20) && memory_bytes <= (1u << 30),
          "nobody asks for more work than a plan may");
    return no_memory ? -1
                     : crypto_generichash_blake2b_salt_personal(
                           out, 32, (const unsigned char *)passphrase, passphrase_len, NULL, 0,
                           salt, (const unsigned char *)"0123456789abcdef");
}

int __wrap_file_read(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                     struct err_ctx *err)
{
    if (file.len > bytes_max) {
        return err_set(err, ERR_LIMIT, "%s: longer than %zu bytes", path, bytes_max);
    }
    uint8_t *copy = malloc(file.len + 1);
    CHECK(copy != NULL, "there is memory");
    if (file.len > 0) {
        memcpy(copy, file.data, file.len);
    }
    copy[file.len] = 0;
    *ret = copy;
    *ret_len = file.len;
    return 0;
}

int __wrap_file_read_secret(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                            struct err_ctx *err)
{
    return __wrap_file_read(path, bytes_max, ret, ret_len, err);
}

/* ---- sealed keys ---- */

static void check_name(const char *name)
{
    size_t len = strlen(name);
    CHECK(len >= 1 && len <= 128 && text_sound(bytes_of(name, len)), "a name is one line of text");
    for (size_t i = 0; i < len; i++) {
        CHECK((unsigned char)name[i] >= 0x20 && name[i] != 0x7f, "without control bytes");
    }
}

static void take_sealed(struct bytes text)
{
    uint8_t seed[32];
    char name[129];
    struct err_ctx err = {""};
    struct bytes passphrase = bytes_of_text("correct horse");
    int rc = vault_open(text, "officer", passphrase, seed, name, &err);
    if (rc != 0) {
        check_refused(rc, &err);
    } else {
        check_name(name);
    }
    int other = vault_open(text, "root", passphrase, seed, NULL, &err);
    CHECK(rc != 0 || other == ERR_KEY, "a key of one kind is of no other");
    CHECK(rc != ERR_FORMAT || other == ERR_FORMAT, "form is form, whoever asks");
}

/* name_len 1 ‖ name ‖ where 2 ‖ what 1 ‖ passphrase */
static void take_made(struct bytes input)
{
    char name[256];
    char text[VAULT_TEXT_CAPACITY];
    uint8_t seed[32] = {42};
    uint8_t back[32];
    char name_back[129];
    struct err_ctx err = {""};
    size_t name_len = take_u8(&input) % 140u;
    take_into(&input, name, name_len);
    name[name_len] = '\0';
    uint8_t place[2];
    take_into(&input, place, 2);
    uint8_t what = take_u8(&input);
    struct vault_plan plan = {.kind = what % 8 == 7 ? "a\nb" : "officer",
                              .name = name,
                              .passphrase = input,
                              .random = {1, 2, 3},
                              .ops = what / 8 % 18,
                              .memory_bytes = what >= 128 ? 4096 : 8u << 20};
    int rc = vault_seal(&plan, seed, text, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    struct bytes file_text = bytes_of_text(text);
    no_memory = true;
    CHECK(vault_open(file_text, plan.kind, input, back, NULL, &err) == ERR_NOMEM &&
              vault_seal(&plan, seed, text, &err) == ERR_NOMEM,
          "Argon2id without its memory");
    no_memory = false;
    CHECK(vault_open(file_text, plan.kind, input, back, name_back, &err) == 0, "sealed, so opens");
    CHECK(memcmp(seed, back, sizeof seed) == 0 && strcmp(name, name_back) == 0, "and is the same");
    size_t at = get_be16(place) % file_text.len;
    char before = text[at];
    text[at] = (char)what;
    bool same = tolower((unsigned char)before) == tolower((unsigned char)text[at]);
    rc = vault_open(file_text, plan.kind, input, back, NULL, &err);
    CHECK(rc != 0 || same, "no byte can be changed unnoticed, but the case of hex digits");
    text[at] = before;
    CHECK(vault_open(bytes_of(text, at), plan.kind, input, back, NULL, &err) == ERR_FORMAT,
          "nor can it be cut");
}

/* ---- raw secrets and public parts ---- */

static void take_secret(struct bytes text)
{
    struct key public;
    uint8_t secret[SECRET_BYTES];
    struct err_ctx err = {""};
    file = text;
    int rc = secret_key_load("k", KEY_TYPE_SIGN, &public, secret, &err);
    int curve = secret_key_load("k", KEY_TYPE_CURVE, &public, NULL, NULL);
    CHECK((rc == 0) == (curve == 0), "a secret of one type has the form of the other");
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(text.len == 64 || (text.len == 65 && text.data[64] == '\n'), "64 hex digits");
}

static void take_identity(struct bytes text)
{
    static char key[] = "k";
    struct conf_node conf = {.curve_key = key, .sign_key = key};
    struct node_identity identity;
    struct err_ctx err = {""};
    file = text;
    int rc = identity_load(&conf, &identity, &err);
    if (rc != 0) {
        CHECK(rc == ERR_CONFIG || rc == ERR_LIMIT, "a key file that is no good is wrong settings");
        check_refused(rc, &err);
    }
}

static void take_public(struct bytes text)
{
    json_t *object = NULL;
    struct key key;
    struct err_ctx err = {""};
    uint8_t *bytes = NULL;
    size_t len = 0;
    file = text;
    int rc = json_file_read("k", &object, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    rc = json_key(object, "k", "curve_key", &key, &err);
    if (rc != 0) {
        check_refused(rc, &err);
    }
    rc = json_unhex(object, "ring", &bytes, &len, &err);
    CHECK(rc != 0 || len > 0, "hex of something");
    free(rc == 0 ? bytes : NULL);
    json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const takers[])(struct bytes) = {take_sealed, take_made, take_secret,
                                                   take_identity, take_public};
    struct bytes input = bytes_of(data, size);
    CHECK(sodium_init() >= 0, "libsodium is there");
    takers[take_u8(&input) % (sizeof takers / sizeof takers[0])](input);
    return 0;
}
