/* chain.h - what makes a log a chain, and heads, receipts and other signatures over fixed bytes.
 *
 *   b   = BLAKE2b-256(body; personal "kabar.body.v1")
 *   h_i = BLAKE2b-256(h_{i-1} 32 ‖ b 32 ‖ seq 8 BE ‖ kind 2 BE; salt = incarnation,
 *                     personal "kabar.entry.v1")            h_0 = zeros
 *   head    = Ed25519("kabar.head.v1" ‖ incarnation 16 ‖ seq 8 BE ‖ h_seq 32)
 *   receipt = Ed25519("kabar.receipt.v1" ‖ aggregator incarnation 16 ‖ incarnation 16 ‖
 *                     seq 8 BE ‖ h_seq 32 ‖ backed_up_to 8 BE)
 * Personals are padded with zeros to 16 bytes. Source: DESIGN "Words". Pure; no state.
 */
#ifndef CORE_SEAL_CHAIN_H
#define CORE_SEAL_CHAIN_H

#include "core/base/error.h"
#include "core/base/ident.h"

/* Plain BLAKE2b-256 with a personal ("kabar.doc.v1", …), at most 16 characters. */
void seal_hash(const char *personal, struct bytes data, struct hash *ret);

/* 16 bytes to look something up by, cheaply: SipHash-128 under a fixed key. Who wants two things to
 * have the same can make them so: for tables that compare what they find. */
#define SEAL_LOOKUP_BYTES 16u
void seal_lookup(struct bytes data, uint8_t ret[SEAL_LOOKUP_BYTES]);

void chain_body(struct bytes body, struct hash *ret_b);
void chain_next(const struct hash *before, const struct hash *b, const struct entry_id *id,
                uint16_t kind, struct hash *ret_h);

/* domain ‖ message, signed. message at most 512 bytes. */
void seal_sign(const uint8_t secret[SECRET_BYTES], const char *domain, struct bytes message,
               struct signature *ret);
bool seal_verify(const struct key *signer, const char *domain, struct bytes message,
                 const struct signature *signature);
/* Deterministic key pair of a 32-byte seed. */
void seal_keypair(const uint8_t seed[32], struct key *ret_public, uint8_t ret_secret[SECRET_BYTES]);

void head_sign(const uint8_t secret[SECRET_BYTES], const struct entry_id *id, const struct hash *h,
               struct signature *ret);
bool head_verify(const struct key *signer, const struct entry_id *id, const struct hash *h,
                 const struct signature *signature);

struct receipt {
    struct incarnation aggregator;
    struct entry_id id; /* log and last seq received for good */
    struct hash h;
    uint64_t backed_up_to;
};
void receipt_sign(const uint8_t secret[SECRET_BYTES], const struct receipt *receipt,
                  struct signature *ret);
bool receipt_verify(const struct key *signer, const struct receipt *receipt,
                    const struct signature *signature);

#endif
