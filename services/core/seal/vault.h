/* vault.h - a private key under a passphrase, for files of officers and of the root.
 *
 * File (text): "kabar-sealed-key v1\n" kind "\n" name "\n" hex of salt 16 ‖ ops 8 BE ‖ mem 8 BE ‖
 * nonce 24 ‖ box. The box is crypto_secretbox of the 32-byte seed under Argon2id(passphrase).
 * Random bytes come in from the caller. Opening costs the given work on purpose.
 */
#ifndef CORE_SEAL_VAULT_H
#define CORE_SEAL_VAULT_H

#include "core/base/error.h"
#include "core/base/ident.h"

#define VAULT_TEXT_CAPACITY 1024u

struct vault_plan {
    const char *kind;        /* "root" or "officer"; printable, no newline */
    const char *name;        /* printable, no newline, at most 128 bytes */
    struct bytes passphrase; /* at least 8 bytes */
    uint8_t random[40];      /* fresh: salt 16, nonce 24 */
    uint64_t ops;            /* Argon2id passes, 1..16 */
    uint64_t memory_bytes;   /* 8 MiB..1 GiB */
};

int vault_seal(const struct vault_plan *plan, const uint8_t seed[32], char ret[VAULT_TEXT_CAPACITY],
               struct err_ctx *err) MUST_USE;
/* ERR_SIGNATURE: wrong passphrase or altered file. ret_name may be NULL. */
int vault_open(struct bytes text, const char *kind, struct bytes passphrase, uint8_t ret_seed[32],
               char ret_name[129], struct err_ctx *err) MUST_USE;

#endif
