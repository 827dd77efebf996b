/* trust.h - who may say what: root → ring → officers → documents and enrolments.
 *
 * Signatures are Ed25519 over domain ‖ BLAKE2b-256(bytes; personal = the domain):
 *
 *   "kabar.ring.v1"      root key         ring bytes
 *   "kabar.doc.v1"       officer's key    document bytes
 *   "kabar.request.v1"   signing key      request bytes
 *   "kabar.enrol.v1"     officer's key    Enrolment encoded without its signature
 *   "kabar.revoke.v1"    officer's key    Revocation encoded without its signature
 *   "kabar.rules.v1"     root key         hash and number of a catalogue
 *   "kabar.object.v1"    root key         ObjectNote encoded without its signature
 *
 * A ring number only rises. Officers: ACTIVE signs and verifies; RETIRED: old signatures hold;
 * revoked: none hold. A recommendation or decision needs two officers of different ids, names
 * *and* keys, whose scope covers the province or the addressee; advisories and questions one.
 */
#ifndef CORE_RULES_TRUST_H
#define CORE_RULES_TRUST_H

#include "core/wire/trust_file.h"

/* Checks the root's signature, decodes, and refuses a number below `number_min` (ERR_STALE) and a
 * ring of another province when `province` is not empty (ERR_KEY). ERR_FORMAT: an officer's id
 * stands there twice. */
int trust_ring(const struct key *root, struct bytes signed_ring, uint64_t number_min,
               struct bytes province, struct arena *arena, struct ring *ret,
               struct err_ctx *err) MUST_USE;
void ring_digest(struct bytes ring_bytes, struct hash *ret);
const struct officer *ring_officer(const struct ring *ring, struct bytes id);

void document_digest(struct bytes document_bytes, struct hash *ret);
enum trust_level { TRUST_PROPOSED = 1, TRUST_FULL = 2 };
/* TRUST_PROPOSED: at least one good signature and no bad one. TRUST_FULL: all its type needs.
 * ERR_SIGNATURE / ERR_KEY / ERR_STATE (too few) with which officer and why; ERR_FORMAT if the
 * document is of another province than the ring, or lacks what its type must have (decision:
 * authority, number, date, scan; recommendation: authority, respond_by; both: id, case, addressee,
 * sanction or text; advisory and question: text). ERR_STALE: made under a newer ring than this.
 * `new_signature`: RETIRED keys are not good for a signature made now. */
int trust_document(const struct ring *ring, const struct signed_document *signed_document,
                   enum trust_level level, bool new_signature, struct arena *arena,
                   struct document *ret, struct err_ctx *err) MUST_USE;

/* The 32 bytes an officer signs for these two. */
int enrolment_digest(const struct enrolment *enrolment, struct hash *ret,
                     struct err_ctx *err) MUST_USE;
int revocation_digest(const struct revocation *revocation, struct hash *ret,
                      struct err_ctx *err) MUST_USE;
/* ERR_KEY also for a regency of another province; a revocation needs a scope over the province. */
int trust_enrolment(const struct ring *ring, const struct enrolment *enrolment,
                    struct err_ctx *err) MUST_USE;
int trust_revocation(const struct ring *ring, const struct revocation *revocation,
                     struct err_ctx *err) MUST_USE;

/* What the root signs of a catalogue; ERR_SIGNATURE. */
void catalogue_digest(const struct hash *hash, uint32_t number, struct hash *ret);
int trust_catalogue(const struct key *root, const struct catalogue_part *part,
                    struct err_ctx *err) MUST_USE;

/* The 32 bytes the root signs of a note. */
int object_note_digest(const struct object_note *note, struct hash *ret,
                       struct err_ctx *err) MUST_USE;
/* A note that names a catalogue. ERR_SIGNATURE; ERR_VALUE: it has no number, or a size that no
 * catalogue has. */
int trust_catalogue_note(const struct key *root, const struct object_note *note,
                         struct err_ctx *err) MUST_USE;

/* Request: its own signature and sane fields. *ret_hash = BLAKE2b-256(SignedRequest bytes;
 * "kabar.request.v1"). */
int trust_request(struct bytes signed_request, struct arena *arena, struct enrol_request *ret,
                  struct hash *ret_hash, struct err_ctx *err) MUST_USE;
/* The eight words cover request hash ‖ BLAKE2b-256(card bytes; "kabar.card.v1"). Fills
 * WORDS_TEXT_CAPACITY bytes of ret. Costs some 20 ms on purpose. */
void enrolment_words(const struct hash *request_hash, struct bytes card, char *ret);
/* Card: answers this request, for this regency, ring good under its own root key and of the
 * regency's province. ERR_KEY, ERR_SIGNATURE, ERR_FORMAT. */
int trust_card(struct bytes card, const struct hash *request_hash, struct bytes regency,
               struct arena *arena, struct province_card *ret, struct ring *ret_ring,
               struct err_ctx *err) MUST_USE;

#endif
