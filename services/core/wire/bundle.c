#include "core/wire/bundle.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/seal/chain.h"

#include <sodium.h>
#include <string.h>

#define MAGIC "kabar-bundle v1\n"
#define MAGIC_BYTES 16u
#define FAMILY_BYTES 14u /* of MAGIC: what every version begins with */
#define KIND_AT 16u
#define SEALED_AT 24u
#define STREAM_AT 104u
#define KEY_LEN 32u
#define SIGNED_BYTES (BUNDLE_MANIFEST_BYTES - SIGNATURE_BYTES)
#define DOMAIN "kabar.bundle.v1"

_Static_assert(sizeof(crypto_secretstream_xchacha20poly1305_state) ==
                   sizeof(((struct bundle_stream *)0)->state),
               "a stream's state");
_Static_assert(crypto_secretstream_xchacha20poly1305_ABYTES == BUNDLE_TAG_BYTES, "a chunk's tag");
_Static_assert(BUNDLE_SEALED_KEY_BYTES == KEY_LEN + crypto_box_SEALBYTES, "the sealed key");
_Static_assert(STREAM_AT + crypto_secretstream_xchacha20poly1305_HEADERBYTES == BUNDLE_HEAD_BYTES,
               "the head");

/* The nonce of crypto_box_seal: BLAKE2b-192 of both public keys. */
static void seal_nonce(const uint8_t ephemeral[KEY_BYTES], const struct key *to,
                       uint8_t ret[crypto_box_NONCEBYTES])
{
    uint8_t both[KEY_BYTES + KEY_BYTES];
    memcpy(both, ephemeral, KEY_BYTES);
    memcpy(both + KEY_BYTES, to->b, KEY_BYTES);
    int status = crypto_generichash_blake2b(ret, crypto_box_NONCEBYTES, both, sizeof both, NULL, 0);
    ASSERT(status == 0);
}

/* crypto_box_seal itself draws the ephemeral key; here it comes from the caller's seed. */
static int seal_key(const struct key *to, const uint8_t key[KEY_LEN], const uint8_t seed[32],
                    uint8_t ret[BUNDLE_SEALED_KEY_BYTES])
{
    uint8_t ephemeral_secret[crypto_box_SECRETKEYBYTES];
    uint8_t nonce[crypto_box_NONCEBYTES];
    int status = crypto_box_seed_keypair(ret, ephemeral_secret, seed);
    ASSERT(status == 0);
    seal_nonce(ret, to, nonce);
    status = crypto_box_easy(ret + KEY_BYTES, key, KEY_LEN, nonce, to->b, ephemeral_secret);
    sodium_memzero(ephemeral_secret, sizeof ephemeral_secret);
    return status;
}

/* init_push draws its header itself; with one that is given, init_pull makes the same state. */
void bundle_continue(const uint8_t head[BUNDLE_HEAD_BYTES], const uint8_t key[32],
                     struct bundle_stream *ret)
{
    crypto_secretstream_xchacha20poly1305_state state;
    int status = crypto_secretstream_xchacha20poly1305_init_pull(&state, head + STREAM_AT, key);
    ASSERT(status == 0);
    memcpy(ret->state, &state, sizeof state);
    memcpy(ret->head, head, sizeof ret->head);
    sodium_memzero(&state, sizeof state);
}

int bundle_begin(enum bundle_kind kind, const struct key *to,
                 const uint8_t random[BUNDLE_RANDOM_BYTES], struct bundle_stream *ret,
                 uint8_t ret_head[BUNDLE_HEAD_BYTES], struct err_ctx *err)
{
    uint8_t head[BUNDLE_HEAD_BYTES] = {0};
    memcpy(head, MAGIC, MAGIC_BYTES);
    head[KIND_AT] = (uint8_t)kind;
    if (seal_key(to, random, random + KEY_LEN, head + SEALED_AT) != 0) {
        return err_set(err, ERR_KEY, "bundle: the receiver's key is no usable key");
    }
    memcpy(head + STREAM_AT, random + 2 * KEY_LEN, BUNDLE_HEAD_BYTES - STREAM_AT);
    memcpy(ret_head, head, sizeof head);
    bundle_continue(head, random, ret);
    return 0;
}

size_t bundle_push(struct bundle_stream *stream, struct bytes plain, bool final, uint8_t *ret)
{
    ASSERT(final ? plain.len == 0 : plain.len > 0 && plain.len <= BUNDLE_FRAME_BYTES_MAX);
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t tag = final ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0;
    memcpy(&state, stream->state, sizeof state);
    int status = crypto_secretstream_xchacha20poly1305_push(
        &state, ret + 4, NULL, plain.data, plain.len, stream->head, sizeof stream->head, tag);
    ASSERT(status == 0);
    memcpy(stream->state, &state, sizeof state);
    sodium_memzero(&state, sizeof state);
    put_be32(ret, (uint32_t)(plain.len + BUNDLE_TAG_BYTES));
    return 4 + plain.len + BUNDLE_TAG_BYTES;
}

int bundle_head_decode(struct bytes head, enum bundle_kind *ret, struct bytes *ret_sealed,
                       struct err_ctx *err)
{
    static const uint8_t zeros[SEALED_AT - KIND_AT - 1];
    if (head.len < MAGIC_BYTES || memcmp(head.data, MAGIC, FAMILY_BYTES) != 0) {
        return err_set(err, ERR_FORMAT, "this is not a bundle of kabar");
    }
    if (memcmp(head.data, MAGIC, MAGIC_BYTES) != 0) {
        return err_set(err, ERR_VERSION,
                       "a bundle of a version that this program does not know:"
                       " update it");
    }
    if (head.len < BUNDLE_HEAD_BYTES) {
        return err_set(err, ERR_GONE, "the file ends in its head: it was not copied whole");
    }
    uint8_t kind = head.data[KIND_AT];
    if ((kind != BUNDLE_FROM_NODE && kind != BUNDLE_ANSWER) ||
        memcmp(head.data + KIND_AT + 1, zeros, sizeof zeros) != 0) {
        return err_set(err, ERR_VERSION,
                       "a bundle of a kind that this program does not know:"
                       " update it");
    }
    *ret = (enum bundle_kind)kind;
    *ret_sealed = bytes_of(head.data + SEALED_AT, BUNDLE_SEALED_KEY_BYTES);
    return 0;
}

int bundle_key_open(struct bytes sealed, const struct key *receiver, const uint8_t secret[32],
                    uint8_t ret[32], struct err_ctx *err)
{
    uint8_t key[KEY_LEN];
    if (sealed.len != BUNDLE_SEALED_KEY_BYTES ||
        crypto_box_seal_open(key, sealed.data, sealed.len, receiver->b, secret) != 0) {
        return err_set(err, ERR_KEY, "sealed to another key than ours, or altered");
    }
    memcpy(ret, key, sizeof key);
    sodium_memzero(key, sizeof key);
    return 0;
}

int bundle_chunk_bytes(const uint8_t length[4], size_t *ret, struct err_ctx *err)
{
    uint32_t bytes = get_be32(length);
    if (bytes > BUNDLE_CHUNK_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, "altered: a piece claims %lu bytes, %u are allowed",
                       (unsigned long)bytes, BUNDLE_CHUNK_BYTES_MAX);
    }
    if (bytes < BUNDLE_TAG_BYTES) {
        return err_set(err, ERR_FORMAT, "altered: a piece is too short to be one");
    }
    *ret = bytes;
    return 0;
}

int bundle_pull(struct bundle_stream *stream, struct bytes chunk, uint8_t *ret, size_t *ret_len,
                bool *ret_final, struct err_ctx *err)
{
    ASSERT(chunk.len >= BUNDLE_TAG_BYTES && chunk.len <= BUNDLE_CHUNK_BYTES_MAX);
    crypto_secretstream_xchacha20poly1305_state state;
    uint8_t tag = 0;
    memcpy(&state, stream->state, sizeof state);
    int status = crypto_secretstream_xchacha20poly1305_pull(
        &state, ret, NULL, &tag, chunk.data, chunk.len, stream->head, sizeof stream->head);
    if (status == 0) {
        memcpy(stream->state, &state, sizeof state);
    }
    sodium_memzero(&state, sizeof state);
    bool final = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
    size_t len = chunk.len - BUNDLE_TAG_BYTES;
    if (status != 0) {
        return err_set(err, ERR_SIGNATURE, "altered: a piece does not open");
    }
    if (final != (len == 0) || (!final && tag != 0)) {
        return err_set(err, ERR_FORMAT, "a piece that no writer of bundles makes");
    }
    *ret_len = len;
    *ret_final = final;
    return 0;
}

/* ---- the manifest ---- */

/* The kind is signed with it: a node's is no answer. */
static struct bytes to_sign(enum bundle_kind kind, const uint8_t *manifest,
                            uint8_t room[1 + SIGNED_BYTES])
{
    room[0] = (uint8_t)kind;
    memcpy(room + 1, manifest, SIGNED_BYTES);
    return bytes_of(room, 1 + SIGNED_BYTES);
}

void bundle_manifest_encode(enum bundle_kind kind, struct bundle_manifest *manifest,
                            const uint8_t secret[SECRET_BYTES], uint8_t ret[BUNDLE_MANIFEST_BYTES])
{
    uint8_t room[1 + SIGNED_BYTES];
    struct writer writer;
    writer_init(&writer, ret, BUNDLE_MANIFEST_BYTES);
    writer_be64(&writer, manifest->enrolment);
    writer_be64(&writer, (uint64_t)manifest->made_ms);
    writer_bytes(&writer, bytes_of(manifest->aggregator.b, INCARNATION_BYTES));
    writer_bytes(&writer, bytes_of(manifest->office.b, INCARNATION_BYTES));
    writer_be64(&writer, manifest->office_seq);
    writer_bytes(&writer, bytes_of(manifest->office_h.b, HASH_BYTES));
    writer_bytes(&writer, bytes_of(manifest->answer_to.b, KEY_BYTES));
    ASSERT(!writer.overflow && writer.len == SIGNED_BYTES);
    seal_sign(secret, DOMAIN, to_sign(kind, ret, room), &manifest->signature);
    writer_bytes(&writer, bytes_of(manifest->signature.b, SIGNATURE_BYTES));
    ASSERT(!writer.overflow);
}

int bundle_manifest_decode(struct bytes bytes, struct bundle_manifest *ret, struct err_ctx *err)
{
    struct reader reader;
    if (bytes.len != BUNDLE_MANIFEST_BYTES) {
        return err_set(err, ERR_FORMAT, "the first piece of a bundle is its manifest: %u bytes",
                       BUNDLE_MANIFEST_BYTES);
    }
    reader_init(&reader, bytes);
    ret->enrolment = reader_be64(&reader);
    ret->made_ms = (int64_t)reader_be64(&reader);
    reader_copy(&reader, ret->aggregator.b, INCARNATION_BYTES);
    reader_copy(&reader, ret->office.b, INCARNATION_BYTES);
    ret->office_seq = reader_be64(&reader);
    reader_copy(&reader, ret->office_h.b, HASH_BYTES);
    reader_copy(&reader, ret->answer_to.b, KEY_BYTES);
    reader_copy(&reader, ret->signature.b, SIGNATURE_BYTES);
    ASSERT(!reader.underflow && reader_left(&reader) == 0);
    return 0;
}

bool bundle_manifest_verify(enum bundle_kind kind, struct bytes manifest, const struct key *signer)
{
    uint8_t room[1 + SIGNED_BYTES];
    struct signature signature;
    ASSERT(manifest.len == BUNDLE_MANIFEST_BYTES);
    memcpy(signature.b, manifest.data + SIGNED_BYTES, SIGNATURE_BYTES);
    return PLANTED(BUNDLE_UNSIGNED) ||
           seal_verify(signer, DOMAIN, to_sign(kind, manifest.data, room), &signature);
}

void bundle_answer_pair(const uint8_t sign_secret[SECRET_BYTES], struct key *ret,
                        uint8_t ret_secret[32])
{
    struct hash seed;
    seal_hash("kabar.reply.v1", bytes_of(sign_secret, 32), &seed);
    int status = crypto_box_seed_keypair(ret->b, ret_secret, seed.b);
    sodium_memzero(&seed, sizeof seed);
    ASSERT(status == 0);
}

/* ---- outcomes ---- */

const char *bundle_outcome_name(enum bundle_outcome outcome)
{
    static const char *const names[BUNDLE_OUTCOMES] = {
#define BUNDLE_X(name, text) [name] = (text),
        BUNDLE_OUTCOME_LIST(BUNDLE_X)
#undef BUNDLE_X
    };
    return outcome < BUNDLE_OUTCOMES ? names[outcome] : "unknown";
}

bool bundle_outcome_named(const char *name, enum bundle_outcome *ret)
{
    int at = 0;
    while (at < BUNDLE_OUTCOMES &&
           strcmp(bundle_outcome_name((enum bundle_outcome)at), name) != 0) {
        at++;
    }
    *ret = (enum bundle_outcome)at;
    return at < BUNDLE_OUTCOMES;
}
