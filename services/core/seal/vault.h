/* vault.h - a private key under a passphrase, for files of officers and of the root.
 *
 * File (text): "kabar-sealed-key v1\n" kind "\n" name "\n" hex of salt 16 ‖ ops 8 BE ‖ mem 8 BE ‖
 * nonce 24 ‖ box, "\n". The box is crypto_secretbox of the 32-byte seed under the key
 *   BLAKE2b-256(stretched 32 ‖ ops 8 BE ‖ mem 8 BE ‖ kind ‖ "\n" ‖ name;
 *               personal "kabar.vault.v1"),   stretched = Argon2id13(passphrase; salt, ops, mem)
 * so that no part of the file can be changed unnoticed.
 *
 * Random bytes come in from the caller. Opening costs the given work on purpose; a file that asks
 * for more than a plan may is refused before any work.
 */
#ifndef CORE_SEAL_VAULT_H
#define CORE_SEAL_VAULT_H

#include "core/base/error.h"
#include "core/base/ident.h"

#define VAULT_TEXT_CAPACITY 1024u

struct vault_plan {
    const char *kind;        /* "root" or "officer"; printable, no newline, at most 32 bytes */
    const char *name;        /* printable, no newline, at most 128 bytes */
    struct bytes passphrase; /* at least 8 bytes */
    uint8_t random[40];      /* fresh: salt 16, nonce 24 */
    uint64_t ops;            /* Argon2id passes, 1..16 */
    uint64_t memory_bytes;   /* 8 MiB..1 GiB */
};

/* ERR_VALUE: a field of the plan is outside its limits; ERR_NOMEM. */
int vault_seal(const struct vault_plan *plan, const uint8_t seed[32], char ret[VAULT_TEXT_CAPACITY],
               struct err_ctx *err) MUST_USE;
/* ERR_SIGNATURE: wrong passphrase or altered file; ERR_FORMAT: not such a file, or work outside
 * the limits; ERR_KEY: a key of another kind; ERR_NOMEM. ret_name may be NULL. The outputs are
 * written on success only; the caller wipes ret_seed. */
int vault_open(struct bytes text, const char *kind, struct bytes passphrase, uint8_t ret_seed[32],
               char ret_name[129], struct err_ctx *err) MUST_USE;

#endif
