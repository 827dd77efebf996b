#include "core/seal/vault.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/seal/chain.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define MAGIC "kabar-sealed-key v1"
#define SEED_BYTES 32u
#define STRETCHED_BYTES 32u
#define KIND_BYTES_MAX 32u
#define VAULT_NAME_BYTES_MAX 128u
#define PASSPHRASE_BYTES_MIN 8u
#define OPS_MAX 16u
#define MEMORY_BYTES_MIN (UINT64_C(8) << 20)
#define MEMORY_BYTES_MAX (UINT64_C(1) << 30)
#define BOX_BYTES (crypto_secretbox_MACBYTES + SEED_BYTES)

struct sealed {
    uint8_t salt[crypto_pwhash_SALTBYTES];
    uint64_t ops;
    uint64_t memory_bytes;
    uint8_t nonce[crypto_secretbox_NONCEBYTES];
    uint8_t box[BOX_BYTES];
};
#define SEALED_BYTES (crypto_pwhash_SALTBYTES + 16u + crypto_secretbox_NONCEBYTES + BOX_BYTES)

/* A line of its own for people: neither empty nor with control characters. */
static bool line_fits(struct bytes line, size_t bytes_max)
{
    if (line.len == 0 || line.len > bytes_max || !utf8_valid(line)) {
        return false;
    }
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] < 0x20 || line.data[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

/* The limits hold when opening too: a file from outside must not ask for hours or all memory. */
static bool work_fits(uint64_t ops, uint64_t memory_bytes)
{
    return ops >= 1 && ops <= OPS_MAX && memory_bytes >= MEMORY_BYTES_MIN &&
           memory_bytes <= MEMORY_BYTES_MAX;
}

/* The box's key covers all that stands beside the box, so that no part of the file can be changed
 * unnoticed; Argon2id alone rounds the memory and knows neither kind nor name. */
static void bind_key(const struct sealed *sealed, struct bytes kind, struct bytes name,
                     const uint8_t stretched[STRETCHED_BYTES], struct hash *ret)
{
    uint8_t material[STRETCHED_BYTES + 16 + KIND_BYTES_MAX + 1 + VAULT_NAME_BYTES_MAX];
    struct writer writer;
    writer_init(&writer, material, sizeof material);
    writer_bytes(&writer, bytes_of(stretched, STRETCHED_BYTES));
    writer_be64(&writer, sealed->ops);
    writer_be64(&writer, sealed->memory_bytes);
    writer_bytes(&writer, kind);
    writer_u8(&writer, '\n');
    writer_bytes(&writer, PLANTED(NAME_UNBOUND) ? bytes_of(NULL, 0) : name);
    ASSERT(!writer.overflow);
    seal_hash("kabar.vault.v1", bytes_of(material, writer.len), ret);
    sodium_memzero(material, sizeof material);
}

static int box_key(const struct sealed *sealed, struct bytes kind, struct bytes name,
                   struct bytes passphrase, struct hash *ret, struct err_ctx *err)
{
    uint8_t stretched[STRETCHED_BYTES];
    int status = crypto_pwhash(stretched, sizeof stretched, (const char *)passphrase.data,
                               passphrase.len, sealed->salt, sealed->ops,
                               (size_t)sealed->memory_bytes, crypto_pwhash_ALG_ARGON2ID13);
    if (status != 0) {
        return err_set(err, ERR_NOMEM, "sealed key: Argon2id needs %llu MiB of memory",
                       (unsigned long long)(sealed->memory_bytes >> 20));
    }
    bind_key(sealed, kind, name, stretched, ret);
    sodium_memzero(stretched, sizeof stretched);
    return 0;
}

static int plan_check(const struct vault_plan *plan, struct err_ctx *err)
{
    if (!line_fits(bytes_of_text(plan->kind), KIND_BYTES_MAX)) {
        return err_set(err, ERR_VALUE, "sealed key: the kind is not one printable line");
    }
    if (!line_fits(bytes_of_text(plan->name), VAULT_NAME_BYTES_MAX)) {
        return err_set(err, ERR_VALUE,
                       "sealed key: the name must be one printable line of 1 to %u"
                       " bytes",
                       VAULT_NAME_BYTES_MAX);
    }
    if (plan->passphrase.len < PASSPHRASE_BYTES_MIN) {
        return err_set(err, ERR_VALUE, "sealed key: the passphrase needs %u bytes at least",
                       PASSPHRASE_BYTES_MIN);
    }
    if (!work_fits(plan->ops, plan->memory_bytes)) {
        return err_set(err, ERR_VALUE, "sealed key: 1 to %u passes over 8 MiB to 1 GiB", OPS_MAX);
    }
    return 0;
}

static void sealed_encode(const struct sealed *sealed, uint8_t to[SEALED_BYTES])
{
    struct writer writer;
    writer_init(&writer, to, SEALED_BYTES);
    writer_bytes(&writer, bytes_of(sealed->salt, sizeof sealed->salt));
    writer_be64(&writer, sealed->ops);
    writer_be64(&writer, sealed->memory_bytes);
    writer_bytes(&writer, bytes_of(sealed->nonce, sizeof sealed->nonce));
    writer_bytes(&writer, bytes_of(sealed->box, sizeof sealed->box));
    ASSERT(!writer.overflow && writer.len == SEALED_BYTES);
}

static void sealed_decode(const uint8_t from[SEALED_BYTES], struct sealed *ret)
{
    struct reader reader;
    reader_init(&reader, bytes_of(from, SEALED_BYTES));
    reader_copy(&reader, ret->salt, sizeof ret->salt);
    ret->ops = reader_be64(&reader);
    ret->memory_bytes = reader_be64(&reader);
    reader_copy(&reader, ret->nonce, sizeof ret->nonce);
    reader_copy(&reader, ret->box, sizeof ret->box);
    ASSERT(!reader.underflow && reader_left(&reader) == 0);
}

int vault_seal(const struct vault_plan *plan, const uint8_t seed[32], char ret[VAULT_TEXT_CAPACITY],
               struct err_ctx *err)
{
    int status = plan_check(plan, err);
    if (status != 0) {
        return status;
    }
    struct sealed sealed = {.ops = plan->ops, .memory_bytes = plan->memory_bytes};
    memcpy(sealed.salt, plan->random, sizeof sealed.salt);
    memcpy(sealed.nonce, plan->random + sizeof sealed.salt, sizeof sealed.nonce);
    struct hash key;
    status = box_key(&sealed, bytes_of_text(plan->kind), bytes_of_text(plan->name),
                     plan->passphrase, &key, err);
    if (status != 0) {
        return status;
    }
    status = crypto_secretbox_easy(sealed.box, seed, SEED_BYTES, sealed.nonce, key.b);
    sodium_memzero(&key, sizeof key);
    ASSERT(status == 0);
    uint8_t raw[SEALED_BYTES];
    char hex[HEX_CAPACITY(SEALED_BYTES)];
    sealed_encode(&sealed, raw);
    int len = snprintf(ret, VAULT_TEXT_CAPACITY, MAGIC "\n%s\n%s\n%s\n", plan->kind, plan->name,
                       hex_encode(hex, raw, sizeof raw));
    ASSERT(len > 0 && (size_t)len < VAULT_TEXT_CAPACITY);
    return 0;
}

/* Cuts the next line off; false when there is none. */
static bool next_line(struct bytes *text, struct bytes *ret)
{
    const uint8_t *end = text->len == 0 ? NULL : memchr(text->data, '\n', text->len);
    if (end == NULL) {
        return false;
    }
    *ret = bytes_of(text->data, (size_t)(end - text->data));
    *text = bytes_of(end + 1, text->len - ret->len - 1);
    return true;
}

static int vault_parse(struct bytes text, struct bytes *ret_kind, struct bytes *ret_name,
                       struct sealed *ret, struct err_ctx *err)
{
    struct bytes magic;
    struct bytes hex;
    uint8_t raw[SEALED_BYTES];
    if (!next_line(&text, &magic) || !bytes_equal(magic, bytes_of_text(MAGIC))) {
        return err_set(err, ERR_FORMAT, "sealed key: the file does not begin with " MAGIC);
    }
    if (!next_line(&text, ret_kind) || !line_fits(*ret_kind, KIND_BYTES_MAX) ||
        !next_line(&text, ret_name) || !line_fits(*ret_name, VAULT_NAME_BYTES_MAX) ||
        !next_line(&text, &hex) || text.len != 0 || !hex_decode(raw, sizeof raw, hex)) {
        return err_set(err, ERR_FORMAT, "sealed key: the file is cut or malformed");
    }
    sealed_decode(raw, ret);
    if (!work_fits(ret->ops, ret->memory_bytes)) {
        return err_set(err, ERR_FORMAT,
                       "sealed key: the file asks for too much or too little work");
    }
    return 0;
}

int vault_open(struct bytes text, const char *kind, struct bytes passphrase, uint8_t ret_seed[32],
               char ret_name[129], struct err_ctx *err)
{
    struct bytes found_kind = {0};
    struct bytes name = {0};
    struct sealed sealed = {.ops = 0};
    int status = vault_parse(text, &found_kind, &name, &sealed, err);
    if (status != 0) {
        return status;
    }
    if (!bytes_equal(found_kind, bytes_of_text(kind))) {
        return err_set(err, ERR_KEY, "sealed key: this is the key of kind %.*s, not %s",
                       (int)found_kind.len, (const char *)found_kind.data, kind);
    }
    struct hash key;
    status = box_key(&sealed, found_kind, name, passphrase, &key, err);
    if (status != 0) {
        return status;
    }
    uint8_t seed[SEED_BYTES];
    status = crypto_secretbox_open_easy(seed, sealed.box, sizeof sealed.box, sealed.nonce, key.b);
    sodium_memzero(&key, sizeof key);
    if (status != 0) {
        return err_set(err, ERR_SIGNATURE, "sealed key: wrong passphrase, or the file was altered");
    }
    memcpy(ret_seed, seed, sizeof seed);
    sodium_memzero(seed, sizeof seed);
    if (ret_name != NULL) {
        struct writer writer;
        writer_init(&writer, (uint8_t *)ret_name, VAULT_NAME_BYTES_MAX + 1);
        writer_bytes(&writer, name);
        writer_u8(&writer, '\0');
        ASSERT(!writer.overflow);
    }
    return 0;
}
