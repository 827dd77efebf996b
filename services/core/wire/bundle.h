/* bundle.h - frames on a stick: what a node has for its province, and the province's answer.
 *
 * File (SPEC 16): head 128 bytes (magic 16 ‖ kind 1 ‖ zero 7 ‖ K sealed to the receiver 80 ‖ stream
 * header 24), then chunks (length 4 BE ‖ that many bytes of the stream). The first chunk is the
 * manifest, each of the next one frame as on the line, the last one empty and tagged FINAL: a file
 * that was cut off lacks it, and what stands before the cut still opens. No chunk can be changed,
 * moved, left out or taken from another file.
 *
 * Whom the manifest is signed by is the caller's to check; what a frame is worth, core/sync says.
 * Random bytes come in from the caller. Nothing here allocates.
 */
#ifndef CORE_WIRE_BUNDLE_H
#define CORE_WIRE_BUNDLE_H

#include "core/base/error.h"
#include "core/base/ident.h"

#define BUNDLE_HEAD_BYTES 128u
#define BUNDLE_SEALED_KEY_BYTES 80u
#define BUNDLE_RANDOM_BYTES 88u       /* fresh: K 32, seed of the sealing 32, stream header 24 */
#define BUNDLE_FRAME_BYTES_MAX 28672u /* one entry always fits, and a door's line holds it */
#define BUNDLE_SPAN_RAW_BYTES 28000u  /* entries of a span that fits into a frame, come what may */
#define BUNDLE_TAG_BYTES 17u
#define BUNDLE_CHUNK_BYTES_MAX (BUNDLE_FRAME_BYTES_MAX + BUNDLE_TAG_BYTES)
#define BUNDLE_MANIFEST_BYTES 184u

enum bundle_kind { BUNDLE_FROM_NODE = 1, BUNDLE_ANSWER = 2 };

struct bundle_manifest {
    uint64_t enrolment;
    int64_t made_ms;
    struct incarnation aggregator; /* of a node: the one it met last; zero: none */
    struct incarnation office;     /* of a node: what it has of it; in an answer: where it ends */
    uint64_t office_seq;
    struct hash office_h;
    struct key answer_to; /* of a node: what the answer is to be sealed to; in an answer zero */
    struct signature signature;
};

struct bundle_stream {
    uint8_t state[52]; /* of libsodium's secretstream */
    uint8_t head[24];  /* additional data of every chunk */
};

/* ERR_KEY: `to` is no usable key. */
int bundle_begin(enum bundle_kind kind, const struct key *to,
                 const uint8_t random[BUNDLE_RANDOM_BYTES], struct bundle_stream *ret,
                 uint8_t ret_head[BUNDLE_HEAD_BYTES], struct err_ctx *err) MUST_USE;
/* One chunk with its length before it; ret holds 4 + BUNDLE_CHUNK_BYTES_MAX. plain: empty with
 * `final`, else at most BUNDLE_FRAME_BYTES_MAX. */
size_t bundle_push(struct bundle_stream *stream, struct bytes plain, bool final, uint8_t *ret);

/* *ret_sealed (BUNDLE_SEALED_KEY_BYTES) points into the head. ERR_FORMAT: not a bundle; ERR_GONE:
 * cut off in its head; ERR_VERSION: of a version or kind that this program does not know. */
int bundle_head_decode(struct bytes head, enum bundle_kind *ret, struct bytes *ret_sealed,
                       struct err_ctx *err) MUST_USE;
/* On the receiver's side. ERR_KEY: sealed to another key, or altered. The caller wipes ret. */
int bundle_key_open(struct bytes sealed, const struct key *receiver, const uint8_t secret[32],
                    uint8_t ret[32], struct err_ctx *err) MUST_USE;
/* head: as decoded, BUNDLE_HEAD_BYTES. */
void bundle_continue(const uint8_t head[BUNDLE_HEAD_BYTES], const uint8_t key[32],
                     struct bundle_stream *ret);
/* How many bytes follow a chunk's length. ERR_LIMIT, ERR_FORMAT. */
int bundle_chunk_bytes(const uint8_t length[4], size_t *ret, struct err_ctx *err) MUST_USE;
/* chunk without its length; ret holds BUNDLE_FRAME_BYTES_MAX. ERR_SIGNATURE: altered, or not the
 * chunk that comes next; nothing after it opens. */
int bundle_pull(struct bundle_stream *stream, struct bytes chunk, uint8_t *ret, size_t *ret_len,
                bool *ret_final, struct err_ctx *err) MUST_USE;

/* Signs it, too. */
void bundle_manifest_encode(enum bundle_kind kind, struct bundle_manifest *manifest,
                            const uint8_t secret[SECRET_BYTES], uint8_t ret[BUNDLE_MANIFEST_BYTES]);
int bundle_manifest_decode(struct bytes bytes, struct bundle_manifest *ret,
                           struct err_ctx *err) MUST_USE;
bool bundle_manifest_verify(enum bundle_kind kind, struct bytes manifest, const struct key *signer);

/* What became of a file, worst last: counted at both ends, said in the log and by `kabar`. */
#define BUNDLE_OUTCOME_LIST(X)                                                                     \
    X(BUNDLE_TAKEN, "taken")           /* all of it is here, some of it is new */                  \
    X(BUNDLE_KNOWN, "known")           /* nothing of it is new */                                  \
    X(BUNDLE_LATER, "later")           /* no room just now: again later */                         \
    X(BUNDLE_GAP, "gap")               /* it begins behind what there is */                        \
    X(BUNDLE_CUT_OFF, "cut_off")       /* taken up to where it ends */                             \
    X(BUNDLE_REFUSED, "refused")       /* a frame in it is not what a log says */                  \
    X(BUNDLE_ALTERED, "altered")       /* it does not open from some piece on */                   \
    X(BUNDLE_SEALED, "other_receiver") /* it does not open with our key */                         \
    X(BUNDLE_FOREIGN, "foreign")       /* not signed by whom it names, or nobody we know */        \
    X(BUNDLE_SHUT_OUT, "revoked")      /* of an enrolment that was revoked */                      \
    X(BUNDLE_VERSION, "version")       /* newer than this program */                               \
    X(BUNDLE_OTHER_FILE, "no_bundle")

enum bundle_outcome {
#define BUNDLE_X(name, text) name,
    BUNDLE_OUTCOME_LIST(BUNDLE_X)
#undef BUNDLE_X
        BUNDLE_OUTCOMES
};
const char *bundle_outcome_name(enum bundle_outcome outcome);
/* False: there is no such outcome. */
bool bundle_outcome_named(const char *name, enum bundle_outcome *ret);

/* The pair that answers to a node are sealed to: of its signing key's seed, and of nothing else. */
void bundle_answer_pair(const uint8_t sign_secret[SECRET_BYTES], struct key *ret,
                        uint8_t ret_secret[32]);

#endif
