/* keys.c - key files: sealed ones of persons, plain ones of daemons. Secrets are wiped after use.
 */
#include "cli/cli.h"

#include "core/seal/chain.h"
#include "core/seal/vault.h"
#include "platform/host/host.h"

#include <sodium.h>
#include <string.h>

#define SEED_BYTES 32u
#define HEX_FILE_BYTES_MAX 128u
/* Argon2id, some half a second on the machines we have: libsodium's MODERATE. */
#define WORK_PASSES 3u
#define WORK_MEMORY_BYTES 268435456u

/* ---- sealed: officers, root ---- */

static void signer_set(struct signer *signer, const char *id, const uint8_t seed[SEED_BYTES])
{
    (void)snprintf(signer->id, sizeof signer->id, "%s", id);
    seal_keypair(seed, &signer->key, signer->secret);
}

void signer_clear(struct signer *signer)
{
    sodium_memzero(signer, sizeof *signer);
}

static int unseal(struct bytes text, const char *file, const char *kind,
                  const char *passphrase_file, struct signer *ret, struct err_ctx *err)
{
    struct secret passphrase = {0};
    uint8_t seed[SEED_BYTES];
    char id[sizeof ret->id];
    int rc = ask_passphrase(passphrase_file, file, false, &passphrase, err);
    if (rc == 0) {
        rc = vault_open(text, kind, bytes_of(passphrase.data, passphrase.len), seed, id, err);
        rc = rc == 0 ? 0 : err_wrap(err, rc, "%s", file);
        secret_free(&passphrase);
    }
    if (rc == 0) {
        signer_set(ret, id, seed);
        sodium_memzero(seed, sizeof seed);
    }
    return rc;
}

int signer_open(const char *file, const char *kind, const char *passphrase_file, struct signer *ret,
                struct err_ctx *err)
{
    uint8_t *text = NULL;
    size_t len = 0;
    int rc = file_read_secret(file, VAULT_TEXT_CAPACITY, &text, &len, err);
    if (rc == 0) {
        rc = unseal(bytes_of(text, len), file, kind, passphrase_file, ret, err);
    }
    free(text);
    return rc;
}

int signer_id(const char *file, char ret[129], struct err_ctx *err)
{
    uint8_t *text = NULL;
    size_t len = 0;
    size_t begin = 0;
    int lines = 0;
    int rc = file_read_secret(file, VAULT_TEXT_CAPACITY, &text, &len, err);
    while (rc == 0 && lines < 2 && begin < len) { /* name is the third line */
        lines += text[begin++] == '\n';
    }
    const uint8_t *end = rc == 0 ? memchr(text + begin, '\n', len - begin) : NULL;
    size_t name_len = end == NULL ? 0 : (size_t)(end - text) - begin;
    if (rc == 0 && (name_len == 0 || name_len > 128)) {
        rc = err_set(err, ERR_FORMAT, "%s is no sealed key", file);
    }
    if (rc == 0) {
        (void)snprintf(ret, 129, "%.*s", (int)name_len, (const char *)text + begin);
    }
    free(text);
    return rc;
}

static int seal(const uint8_t seed[SEED_BYTES], const char *kind, const char *id,
                const struct secret *passphrase, char ret[VAULT_TEXT_CAPACITY], struct err_ctx *err)
{
    struct vault_plan plan = {
        .kind = kind,
        .name = id,
        .passphrase = bytes_of(passphrase->data, passphrase->len),
        .ops = WORK_PASSES,
        .memory_bytes = WORK_MEMORY_BYTES,
    };
    host_random(plan.random, sizeof plan.random);
    return vault_seal(&plan, seed, ret, err);
}

int signer_create(const char *file, const char *kind, const char *id, const char *passphrase_file,
                  struct key *ret_public, struct err_ctx *err)
{
    struct secret passphrase = {0};
    struct signer signer = {.id = {0}};
    uint8_t seed[SEED_BYTES];
    char text[VAULT_TEXT_CAPACITY];
    int rc = ask_passphrase(passphrase_file, file, true, &passphrase, err);
    if (rc != 0) {
        return rc;
    }
    host_random(seed, sizeof seed);
    signer_set(&signer, id, seed);
    rc = seal(seed, kind, id, &passphrase, text, err);
    sodium_memzero(seed, sizeof seed);
    secret_free(&passphrase);
    if (rc == 0) {
        rc = file_create(file, 0600, bytes_of_text(text), err);
    }
    if (rc == 0) {
        *ret_public = signer.key;
    }
    signer_clear(&signer);
    return rc;
}

/* ---- plain: daemons ---- */

static int public_of(enum key_type type, const uint8_t raw[SEED_BYTES], struct key *ret_public,
                     uint8_t *secret)
{
    uint8_t sign_secret[SECRET_BYTES];
    if (type == KEY_TYPE_CURVE) {
        if (secret != NULL) {
            memcpy(secret, raw, SEED_BYTES);
        }
        return crypto_scalarmult_curve25519_base(ret_public->b, raw) == 0 ? 0 : ERR_KEY;
    }
    seal_keypair(raw, ret_public, sign_secret);
    if (secret != NULL) {
        memcpy(secret, sign_secret, SECRET_BYTES);
    }
    sodium_memzero(sign_secret, sizeof sign_secret);
    return 0;
}

int secret_key_create(const char *file, enum key_type type, struct key *ret_public,
                      struct err_ctx *err)
{
    uint8_t raw[SEED_BYTES];
    char line[HEX_CAPACITY(SEED_BYTES) + 1];
    host_random(raw, sizeof raw);
    (void)hex_encode(line, raw, sizeof raw);
    line[HEX_CAPACITY(SEED_BYTES) - 1] = '\n';
    int rc = public_of(type, raw, ret_public, NULL);
    if (rc == 0) {
        rc = file_create(file, 0600, bytes_of(line, HEX_CAPACITY(SEED_BYTES)), err);
    }
    sodium_memzero(raw, sizeof raw);
    sodium_memzero(line, sizeof line);
    return rc;
}

int secret_key_load(const char *file, enum key_type type, struct key *ret_public, uint8_t *secret,
                    struct err_ctx *err)
{
    uint8_t *text = NULL;
    size_t len = 0;
    uint8_t raw[SEED_BYTES];
    int rc = file_read_secret(file, HEX_FILE_BYTES_MAX, &text, &len, err);
    if (rc != 0) {
        return rc;
    }
    size_t digits = len > 0 && text[len - 1] == '\n' ? len - 1 : len;
    if (!hex_decode(raw, sizeof raw, bytes_of(text, digits))) {
        rc = err_set(err, ERR_CONFIG, "%s: not a key (64 hex digits)", file);
    } else if (public_of(type, raw, ret_public, secret) != 0) {
        rc = err_set(err, ERR_CONFIG, "%s: not a usable key", file);
    }
    sodium_memzero(text, len);
    free(text);
    sodium_memzero(raw, sizeof raw);
    return rc;
}
