/* reporter.h - sealing who reported, at the node's door, to the province's reader key.
 *
 * Plain text touches no disk, index or log; the private reader key is not on the aggregator.
 * Plain: name length 2 BE ‖ name ‖ contact length 2 BE ‖ contact ‖ zeros up to the next of
 * 256, 1024, 2048 bytes. Sealed: libsodium's crypto_box_seal format (ephemeral key 32 ‖ box).
 */
#ifndef CORE_SEAL_REPORTER_H
#define CORE_SEAL_REPORTER_H

#include "core/base/error.h"
#include "core/base/ident.h"

#define REPORTER_SEALED_BYTES_MAX (2048u + 48u)

/* seed: 32 fresh random bytes, used for nothing else. ret holds REPORTER_SEALED_BYTES_MAX.
 * ERR_LIMIT: name and contact over REPORTER_BYTES_MAX; ERR_KEY: reader is no usable key. */
int reporter_seal(const struct key *reader, const uint8_t seed[32], struct bytes name,
                  struct bytes contact, uint8_t *ret, size_t *ret_len,
                  struct err_ctx *err) MUST_USE;
/* On the reader's own machine. plain holds 2048 bytes; name and contact point into it, and the
 * caller wipes it. ERR_SIGNATURE: sealed to another key, or altered; ERR_FORMAT: no such box. */
int reporter_open(const struct key *reader, const uint8_t reader_secret[32], struct bytes sealed,
                  uint8_t plain[2048], struct bytes *ret_name, struct bytes *ret_contact,
                  struct err_ctx *err) MUST_USE;

#endif
