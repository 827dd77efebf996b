#include "core/rules/trust.h"

#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/rules/catalogue_set.h"
#include "core/seal/chain.h"
#include "core/seal/words.h"

#include <string.h>

/* For %.*s: texts of decoded messages carry no NUL. */
#define SHOWN(text) (int)(text).len, (const char *)(text).data

#define RING_DOMAIN "kabar.ring.v1"
#define DOCUMENT_DOMAIN "kabar.doc.v1"
#define REQUEST_DOMAIN "kabar.request.v1"
#define ENROLMENT_DOMAIN "kabar.enrol.v1"
#define REVOCATION_DOMAIN "kabar.revoke.v1"
#define CATALOGUE_DOMAIN "kabar.rules.v1"
#define OBJECT_DOMAIN "kabar.object.v1"
#define CARD_PERSONAL "kabar.card.v1"

static bool verify_digest(const struct key *signer, const char *domain, const struct hash *digest,
                          const struct signature *signature)
{
    return seal_verify(signer, domain, bytes_of(digest->b, sizeof digest->b), signature);
}

/* "16" covers "16" and "16.07", but neither "161" nor "1". Nothing covers nothing. */
static bool code_covers(struct bytes scope, struct bytes code)
{
    if (scope.len == 0 || code.len < scope.len ||
        !bytes_equal(scope, bytes_of(code.data, scope.len))) {
        return false;
    }
    return code.len == scope.len || code.data[scope.len] == '.';
}

static bool key_is_zero(const struct key *key)
{
    static const struct key zero;
    return key_equal(key, &zero);
}

/* ---- ring ---- */

void ring_digest(struct bytes ring_bytes, struct hash *ret)
{
    seal_hash(RING_DOMAIN, ring_bytes, ret);
}

const struct officer *ring_officer(const struct ring *ring, struct bytes id)
{
    for (size_t i = 0; i < ring->officer_count; i++) {
        if (bytes_equal(ring->officers[i].id, id)) {
            return &ring->officers[i];
        }
    }
    return NULL;
}

/* With an id twice, two readers could differ on whose key counts. */
static int ring_check(const struct ring *ring, struct err_ctx *err)
{
    for (size_t i = 0; i < ring->officer_count; i++) {
        const struct officer *officer = &ring->officers[i];
        if (ring_officer(ring, officer->id) != officer) {
            return err_set(err, ERR_FORMAT, "key ring: officer %.*s stands there twice",
                           SHOWN(officer->id));
        }
    }
    return 0;
}

int trust_ring(const struct key *root, struct bytes signed_ring, uint64_t number_min,
               struct bytes province, struct arena *arena, struct ring *ret, struct err_ctx *err)
{
    struct signed_ring outer = {.ring = {0}};
    int status = signed_ring_decode(signed_ring, arena, &outer, err);
    if (status != 0) {
        return err_wrap(err, status, "key ring");
    }
    struct hash digest;
    ring_digest(outer.ring, &digest);
    if (!verify_digest(root, RING_DOMAIN, &digest, &outer.signature)) {
        return err_set(err, ERR_SIGNATURE, "key ring: not signed by the root key");
    }
    struct ring ring = {.number = 0};
    status = ring_decode(outer.ring, arena, &ring, err);
    if (status != 0) {
        return err_wrap(err, status, "key ring");
    }
    if (ring.number < number_min) {
        return err_set(err, ERR_STALE, "key ring: number %llu, but %llu is known already",
                       (unsigned long long)ring.number, (unsigned long long)number_min);
    }
    if (province.len > 0 && !bytes_equal(ring.province, province)) {
        return err_set(err, ERR_KEY, "key ring: of province %.*s, not %.*s", SHOWN(ring.province),
                       SHOWN(province));
    }
    status = ring_check(&ring, err);
    if (status == 0) {
        *ret = ring;
    }
    return status;
}

/* ---- the catalogue ---- */

void catalogue_digest(const struct hash *hash, uint32_t number, struct hash *ret)
{
    uint8_t message[HASH_BYTES + 8] = {0};
    memcpy(message, hash->b, HASH_BYTES);
    put_be64(message + HASH_BYTES, number);
    seal_hash(CATALOGUE_DOMAIN, bytes_of(message, sizeof message), ret);
}

int trust_catalogue(const struct key *root, const struct catalogue_part *part, struct err_ctx *err)
{
    struct hash digest;
    catalogue_digest(&part->hash, part->number, &digest);
    return seal_verify(root, CATALOGUE_DOMAIN, bytes_of(digest.b, sizeof digest.b),
                       &part->signature)
               ? 0
               : err_set(err, ERR_SIGNATURE, "catalogue: the root's signature does not hold");
}

int object_note_digest(const struct object_note *note, struct hash *ret, struct err_ctx *err)
{
    uint8_t encoded[ENTRY_BYTES_MAX];
    size_t len = 0;
    struct object_note unsigned_one = *note;
    memset(&unsigned_one.signature, 0, sizeof unsigned_one.signature);
    int status = object_note_encode(&unsigned_one, encoded, sizeof encoded, &len, err);
    if (status != 0) {
        return err_wrap(err, status, "object note");
    }
    seal_hash(OBJECT_DOMAIN, bytes_of(encoded, len), ret);
    return 0;
}

int trust_catalogue_note(const struct key *root, const struct object_note *note,
                         struct err_ctx *err)
{
    struct hash digest;
    int status = object_note_digest(note, &digest, err);
    if (status != 0) {
        return status;
    }
    if (!PLANTED(ANY_NOTE) && !verify_digest(root, OBJECT_DOMAIN, &digest, &note->signature)) {
        return err_set(err, ERR_SIGNATURE,
                       "catalogue: the root's signature of its note does not hold");
    }
    return note->has_number && note->size > 0 && note->size <= CATALOGUE_BYTES_MAX
               ? 0
               : err_set(err, ERR_VALUE, "catalogue: its note has no number, or no such size");
}

/* ---- one officer's signature ---- */

struct claim {
    const char *domain;
    const struct hash *digest;
    struct bytes where; /* addressee or regency, beside the ring's province */
    bool new_signature;
};

/* A key once revoked is revoked under every id. */
static bool key_revoked(const struct ring *ring, const struct key *key)
{
    for (size_t i = 0; i < ring->officer_count; i++) {
        const struct officer *officer = &ring->officers[i];
        if (key_equal(&officer->key, key) && officer->state == KEY_REVOKED_FOR_GOOD) {
            return true;
        }
    }
    return false;
}

static int officer_may(const struct ring *ring, const struct officer *officer,
                       const struct claim *claim, struct err_ctx *err)
{
    if ((officer->state != KEY_ACTIVE && officer->state != KEY_RETIRED) ||
        key_revoked(ring, &officer->key)) {
        return err_set(err, ERR_KEY, "officer %.*s: the key is revoked", SHOWN(officer->id));
    }
    if (officer->state == KEY_RETIRED && claim->new_signature) {
        return err_set(err, ERR_KEY, "officer %.*s: the key is retired and signs nothing new",
                       SHOWN(officer->id));
    }
    if (!bytes_equal(officer->role, bytes_of_text("officer"))) {
        return err_set(err, ERR_KEY, "officer %.*s: the role %.*s does not sign",
                       SHOWN(officer->id), SHOWN(officer->role));
    }
    if (!code_covers(officer->scope, ring->province) &&
        !code_covers(officer->scope, claim->where) && !PLANTED(ANY_SCOPE)) {
        return err_set(err, ERR_KEY, "officer %.*s: the scope %.*s does not cover %.*s",
                       SHOWN(officer->id), SHOWN(officer->scope), SHOWN(claim->where));
    }
    return 0;
}

static int officer_check(const struct ring *ring, const struct officer_signature *signature,
                         const struct claim *claim, const struct officer **ret, struct err_ctx *err)
{
    const struct officer *officer = ring_officer(ring, signature->officer);
    if (officer == NULL) {
        return err_set(err, ERR_KEY, "officer %.*s is not in key ring %llu",
                       SHOWN(signature->officer), (unsigned long long)ring->number);
    }
    int status = officer_may(ring, officer, claim, err);
    if (status != 0) {
        return status;
    }
    if (!verify_digest(&officer->key, claim->domain, claim->digest, &signature->signature)) {
        return err_set(err, ERR_SIGNATURE, "officer %.*s: the signature does not verify",
                       SHOWN(officer->id));
    }
    *ret = officer;
    return 0;
}

/* ---- documents ---- */

void document_digest(struct bytes document_bytes, struct hash *ret)
{
    seal_hash(DOCUMENT_DOMAIN, document_bytes, ret);
}

static bool two_signers(enum document_type type)
{
    return type == DOCUMENT_TYPE_RECOMMENDATION || type == DOCUMENT_TYPE_DECISION;
}

static bool scan_given(const struct document *document)
{
    static const uint8_t zeros[HASH_BYTES];
    return document->decree_scan.len == HASH_BYTES &&
           memcmp(document->decree_scan.data, zeros, HASH_BYTES) != 0;
}

/* The first field that the document's type must have and that is not there; NULL if none. */
static const char *document_lacks(const struct document *document)
{
    bool decision = document->type == DOCUMENT_TYPE_DECISION;
    bool recommendation = document->type == DOCUMENT_TYPE_RECOMMENDATION;
    bool both = decision || recommendation;
    const struct {
        bool missing;
        const char *field;
    } rows[] = {
        {text_blank(document->id), "id"},
        {both && text_blank(document->case_name), "case_name"},
        {both && text_blank(document->addressee), "addressee"},
        {both && text_blank(document->authority), "authority"},
        {both && text_blank(document->sanction) && text_blank(document->text), "sanction or text"},
        {!both && text_blank(document->text), "text"},
        {recommendation && !document->has_respond_by, "respond_by"},
        {decision && text_blank(document->decree_number), "decree_number"},
        {decision && !document->has_decree_date, "decree_date"},
        {decision && !scan_given(document), "decree_scan"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].missing) {
            return rows[i].field;
        }
    }
    return NULL;
}

static int document_check(const struct ring *ring, const struct document *document,
                          struct err_ctx *err)
{
    if (!bytes_equal(document->province, ring->province)) {
        return err_set(err, ERR_FORMAT, "document %.*s: of province %.*s, not %.*s",
                       SHOWN(document->id), SHOWN(document->province), SHOWN(ring->province));
    }
    const char *lacking = document_lacks(document);
    if (lacking != NULL) {
        return err_set(err, ERR_FORMAT, "D4: document %.*s: a %s must have %s", SHOWN(document->id),
                       document_type_name(document->type), lacking);
    }
    if (document->ring > ring->number) {
        return err_set(err, ERR_STALE, "document %.*s: made under key ring %llu, ours is %llu",
                       SHOWN(document->id), (unsigned long long)document->ring,
                       (unsigned long long)ring->number);
    }
    return 0;
}

static bool letter_at(struct bytes text, size_t *at, uint8_t *ret)
{
    while (*at < text.len && text.data[*at] == ' ') {
        (*at)++;
    }
    if (*at == text.len) {
        return false;
    }
    uint8_t letter = text.data[(*at)++];
    *ret = letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter - 'A' + 'a') : letter;
    return true;
}

/* A person does not become two by capitals or blanks. */
static bool name_same(struct bytes a, struct bytes b)
{
    size_t at_a = 0;
    size_t at_b = 0;
    uint8_t letter_a = 0;
    uint8_t letter_b = 0;
    for (;;) {
        bool more_a = letter_at(a, &at_a, &letter_a);
        bool more_b = letter_at(b, &at_b, &letter_b);
        if (!more_a || !more_b) {
            return more_a == more_b;
        }
        if (letter_a != letter_b) {
            return false;
        }
    }
}

static bool same_person(const struct officer *a, const struct officer *b)
{
    return bytes_equal(a->id, b->id) || name_same(a->name, b->name) || key_equal(&a->key, &b->key);
}

static bool two_persons(const struct officer *const *signers, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!same_person(signers[i], signers[j])) {
                return true;
            }
        }
    }
    return false;
}

static int signatures_check(const struct ring *ring, const struct signed_document *signed_document,
                            const struct claim *claim, bool need_two, struct err_ctx *err)
{
    const struct officer *signers[SIGNATURES_MAX] = {NULL};
    size_t count = signed_document->signature_count;
    if (count == 0) {
        return err_set(err, ERR_STATE, "nobody signed it");
    }
    if (count > SIGNATURES_MAX) {
        return err_set(err, ERR_LIMIT, "more than %u signatures", SIGNATURES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        int status = officer_check(ring, &signed_document->signatures[i], claim, &signers[i], err);
        if (status != 0) {
            return status;
        }
    }
    if (need_two && !two_persons(signers, count) && !PLANTED(ONE_SIGNATURE)) {
        return err_set(err, ERR_STATE,
                       "D3: officer %.*s signed, and a second person of another name and key must",
                       SHOWN(signed_document->signatures[0].officer));
    }
    return 0;
}

int trust_document(const struct ring *ring, const struct signed_document *signed_document,
                   enum trust_level level, bool new_signature, struct arena *arena,
                   struct document *ret, struct err_ctx *err)
{
    struct document document = {.ring = 0};
    int status = document_decode(signed_document->document, arena, &document, err);
    if (status != 0) {
        return err_wrap(err, status, "document");
    }
    status = document_check(ring, &document, err);
    if (status != 0) {
        return status;
    }
    struct hash digest;
    document_digest(signed_document->document, &digest);
    const struct claim claim = {.domain = DOCUMENT_DOMAIN,
                                .digest = &digest,
                                .where = document.addressee,
                                .new_signature = new_signature};
    bool need_two = level == TRUST_FULL && two_signers(document.type);
    status = signatures_check(ring, signed_document, &claim, need_two, err);
    if (status != 0) {
        return err_wrap(err, status, "document %.*s", SHOWN(document.id));
    }
    *ret = document;
    return 0;
}

/* ---- enrolment and revocation ---- */

int enrolment_digest(const struct enrolment *enrolment, struct hash *ret, struct err_ctx *err)
{
    uint8_t encoded[ENTRY_BYTES_MAX];
    size_t len = 0;
    struct enrolment unsigned_one = *enrolment;
    memset(&unsigned_one.signature, 0, sizeof unsigned_one.signature);
    int status = enrolment_encode(&unsigned_one, encoded, sizeof encoded, &len, err);
    if (status != 0) {
        return err_wrap(err, status, "enrolment");
    }
    seal_hash(ENROLMENT_DOMAIN, bytes_of(encoded, len), ret);
    return 0;
}

int revocation_digest(const struct revocation *revocation, struct hash *ret, struct err_ctx *err)
{
    uint8_t encoded[ENTRY_BYTES_MAX];
    size_t len = 0;
    struct revocation unsigned_one = *revocation;
    memset(&unsigned_one.signature, 0, sizeof unsigned_one.signature);
    int status = revocation_encode(&unsigned_one, encoded, sizeof encoded, &len, err);
    if (status != 0) {
        return err_wrap(err, status, "revocation");
    }
    seal_hash(REVOCATION_DOMAIN, bytes_of(encoded, len), ret);
    return 0;
}

static int one_signature(const struct ring *ring, struct bytes officer,
                         const struct signature *signature, const struct claim *claim,
                         struct err_ctx *err)
{
    const struct officer_signature signed_by = {.officer = officer, .signature = *signature};
    const struct officer *signer = NULL;
    return officer_check(ring, &signed_by, claim, &signer, err);
}

int trust_enrolment(const struct ring *ring, const struct enrolment *enrolment, struct err_ctx *err)
{
    struct hash digest;
    int status = enrolment_digest(enrolment, &digest, err);
    if (status != 0) {
        return status;
    }
    if (!code_covers(ring->province, enrolment->regency)) {
        return err_set(err, ERR_KEY, "enrolment: %.*s is not of province %.*s",
                       SHOWN(enrolment->regency), SHOWN(ring->province));
    }
    const struct claim claim = {
        .domain = ENROLMENT_DOMAIN, .digest = &digest, .where = enrolment->regency};
    status = one_signature(ring, enrolment->officer, &enrolment->signature, &claim, err);
    return status == 0 ? 0 : err_wrap(err, status, "enrolment");
}

int trust_revocation(const struct ring *ring, const struct revocation *revocation,
                     struct err_ctx *err)
{
    struct hash digest;
    int status = revocation_digest(revocation, &digest, err);
    if (status != 0) {
        return status;
    }
    const struct claim claim = {
        .domain = REVOCATION_DOMAIN, .digest = &digest, .where = ring->province};
    status = one_signature(ring, revocation->officer, &revocation->signature, &claim, err);
    return status == 0 ? 0 : err_wrap(err, status, "revocation");
}

/* ---- request and card ---- */

static int request_check(const struct enrol_request *request, struct err_ctx *err)
{
    if (text_blank(request->regency)) {
        return err_set(err, ERR_FORMAT, "enrolment request: no regency");
    }
    if (key_is_zero(&request->curve_key) || key_is_zero(&request->signing_key)) {
        return err_set(err, ERR_FORMAT, "enrolment request: a key is missing");
    }
    if (key_equal(&request->curve_key, &request->signing_key)) {
        return err_set(err, ERR_FORMAT, "enrolment request: one key for two purposes");
    }
    return 0;
}

int trust_request(struct bytes signed_request, struct arena *arena, struct enrol_request *ret,
                  struct hash *ret_hash, struct err_ctx *err)
{
    struct signed_request outer = {.request = {0}};
    struct enrol_request request = {.created_ms = 0};
    int status = signed_request_decode(signed_request, arena, &outer, err);
    if (status == 0) {
        status = enrol_request_decode(outer.request, arena, &request, err);
    }
    if (status != 0) {
        return err_wrap(err, status, "enrolment request");
    }
    status = request_check(&request, err);
    if (status != 0) {
        return status;
    }
    struct hash digest;
    seal_hash(REQUEST_DOMAIN, outer.request, &digest);
    if (!verify_digest(&request.signing_key, REQUEST_DOMAIN, &digest, &outer.signature)) {
        return err_set(err, ERR_SIGNATURE, "enrolment request: not signed by its own key");
    }
    seal_hash(REQUEST_DOMAIN, signed_request, ret_hash);
    *ret = request;
    return 0;
}

void enrolment_words(const struct hash *request_hash, struct bytes card, char *ret)
{
    struct hash both[2] = {*request_hash};
    seal_hash(CARD_PERSONAL, card, &both[1]);
    words_of(bytes_of(both, sizeof both), ret);
}

static int card_check(const struct province_card *card, const struct hash *request_hash,
                      struct bytes regency, struct err_ctx *err)
{
    if (!hash_equal(&card->request_hash, request_hash)) {
        return err_set(err, ERR_KEY, "province card: it answers another request");
    }
    if (!bytes_equal(card->regency, regency)) {
        return err_set(err, ERR_KEY, "province card: for %.*s, not %.*s", SHOWN(card->regency),
                       SHOWN(regency));
    }
    if (card->endpoint_count == 0) {
        return err_set(err, ERR_FORMAT, "province card: no endpoint to connect to");
    }
    if (card->enrolment == 0 || incarnation_is_zero(&card->aggregator) ||
        incarnation_is_zero(&card->office)) {
        return err_set(err, ERR_FORMAT, "province card: no enrolment number or incarnation");
    }
    return 0;
}

int trust_card(struct bytes card, const struct hash *request_hash, struct bytes regency,
               struct arena *arena, struct province_card *ret, struct ring *ret_ring,
               struct err_ctx *err)
{
    struct province_card decoded = {.enrolment = 0};
    int status = province_card_decode(card, arena, &decoded, err);
    if (status != 0) {
        return err_wrap(err, status, "province card");
    }
    status = card_check(&decoded, request_hash, regency, err);
    if (status != 0) {
        return status;
    }
    struct ring ring = {.number = 0};
    status = trust_ring(&decoded.root_key, decoded.ring, 0, (struct bytes){0}, arena, &ring, err);
    if (status != 0) {
        return err_wrap(err, status, "province card");
    }
    if (!code_covers(ring.province, regency)) {
        return err_set(err, ERR_KEY, "province card: %.*s is not of province %.*s", SHOWN(regency),
                       SHOWN(ring.province));
    }
    *ret = decoded;
    *ret_ring = ring;
    return 0;
}
