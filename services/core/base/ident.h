/* ident.h - the fixed-size values everything else speaks of. Raw bytes, compared with memcmp. */
#ifndef CORE_BASE_IDENT_H
#define CORE_BASE_IDENT_H

#include "core/base/bytes.h"

#define HASH_BYTES 32u
#define INCARNATION_BYTES 16u
#define KEY_BYTES 32u
#define SECRET_BYTES 64u /* Ed25519 secret key as libsodium has it */
#define SIGNATURE_BYTES 64u
#define SALT_BYTES 8u

struct hash {
    uint8_t b[HASH_BYTES];
};
struct incarnation { /* 128 random bits naming one life of a log */
    uint8_t b[INCARNATION_BYTES];
};
struct key { /* a public key: Ed25519 or X25519 */
    uint8_t b[KEY_BYTES];
};
struct signature {
    uint8_t b[SIGNATURE_BYTES];
};
/* An entry's identity: log and place in it, seq from 1 without gaps. */
struct entry_id {
    struct incarnation incarnation;
    uint64_t seq;
};

bool hash_equal(const struct hash *a, const struct hash *b);
bool hash_is_zero(const struct hash *hash);
bool incarnation_equal(const struct incarnation *a, const struct incarnation *b);
bool incarnation_is_zero(const struct incarnation *incarnation);
bool key_equal(const struct key *a, const struct key *b);

#endif
