/* stand_in.c - signatures for the simulator: Ed25519 is nine tenths of a run's time and says
 * nothing about the protocol. Linked in the place of libsodium's (-Wl,--wrap); a wrong key, message
 * or signature still fails, but whoever knows a public key could sign under it: nobody here does.
 * `--real` takes libsodium's own, see stand_in_use_real.
 */
#include "sim.h"

#include <sodium.h>

int __real_crypto_sign_seed_keypair(unsigned char *key, unsigned char *secret,
                                    const unsigned char *seed);
int __real_crypto_sign_detached(unsigned char *signature, unsigned long long *ret_len,
                                const unsigned char *message, unsigned long long len,
                                const unsigned char *secret);
int __real_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *key);
int __wrap_crypto_sign_seed_keypair(unsigned char *key, unsigned char *secret,
                                    const unsigned char *seed);
int __wrap_crypto_sign_detached(unsigned char *signature, unsigned long long *ret_len,
                                const unsigned char *message, unsigned long long len,
                                const unsigned char *secret);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *key);

static bool real_wanted;

void stand_in_use_real(bool real)
{
    real_wanted = real;
}

int __wrap_crypto_sign_seed_keypair(unsigned char *key, unsigned char *secret,
                                    const unsigned char *seed)
{
    if (real_wanted) {
        return __real_crypto_sign_seed_keypair(key, secret, seed);
    }
    memcpy(secret, seed, 32);
    (void)crypto_generichash(key, 32, seed, 32, NULL, 0);
    memcpy(secret + 32, key, 32);
    return 0;
}

int __wrap_crypto_sign_detached(unsigned char *signature, unsigned long long *ret_len,
                                const unsigned char *message, unsigned long long len,
                                const unsigned char *secret)
{
    if (real_wanted) {
        return __real_crypto_sign_detached(signature, ret_len, message, len, secret);
    }
    if (ret_len != NULL) {
        *ret_len = 64;
    }
    return crypto_generichash(signature, 64, message, len, secret + 32, 32);
}

int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                       unsigned long long len, const unsigned char *key)
{
    if (real_wanted) {
        return __real_crypto_sign_verify_detached(signature, message, len, key);
    }
    unsigned char expected[64];
    (void)crypto_generichash(expected, sizeof expected, message, len, key, 32);
    return memcmp(expected, signature, sizeof expected) == 0 ? 0 : -1;
}
