/* Key rings, requests, cards, documents, enrolments. Byte 0 chooses (modulo TRUST_MODES): the bytes
 * as they are, or signed here with the keys that a reader trusts, so that the checks behind the
 * signature are reached. What is accepted is what its rules say. */
#include "fuzz/fuzz.h"

#include "core/rules/catalogue_set.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "core/seal/words.h"

#include <sodium.h>
#include <string.h>

enum mode {
    RING_RAW,
    RING_SIGNED,
    REQUEST_RAW,
    REQUEST_SIGNED,
    CARD_RAW,
    CARD_WITH_RING,
    DOCUMENT_SIGNED,
    ENROLMENT_SIGNED,
    REVOCATION_SIGNED,
    DOCUMENT_RAW,
    NOTE_SIGNED,
    TRUST_MODES
};
static const size_t message_of_mode[TRUST_MODES] = {
    [RING_RAW] = 14,         [RING_SIGNED] = 13,    [REQUEST_RAW] = 16,    [REQUEST_SIGNED] = 15,
    [CARD_RAW] = 17,         [CARD_WITH_RING] = 13, [DOCUMENT_SIGNED] = 4, [ENROLMENT_SIGNED] = 8,
    [REVOCATION_SIGNED] = 9, [DOCUMENT_RAW] = 5,    [NOTE_SIGNED] = 30,
};

const ProtobufCMessageDescriptor *fuzz_message_at(const uint8_t *data, size_t size, size_t *ret_at)
{
    *ret_at = 2;
    return size < 2 ? NULL : fuzz_message(message_of_mode[data[0] % TRUST_MODES]);
}

/* ---- keys and the ring that documents are judged by ---- */

#define PERSONS 7u
/* FIRST_AGAIN: the first one's name in other letters; KEY_REVOKED: an active one with a revoked
 * key. */
enum { PROVINCE_WIDE, OF_MUARA_ENIM, RETIRED, REVOKED, READER, FIRST_AGAIN, OF_REVOKED_KEY };
#define ROOT_SEED 9

struct pair {
    struct key key;
    uint8_t secret[SECRET_BYTES];
};
static struct pair root;
static struct pair persons[PERSONS];
static struct ring ring;

static struct pair pair_of(uint8_t number)
{
    struct pair pair;
    uint8_t seed[32] = {number};
    seal_keypair(seed, &pair.key, pair.secret);
    return pair;
}

static void prepare(void)
{
    static const char *const ids[PERSONS] = {"ani", "budi", "citra", "dewi", "eko", "ani2", "fani"};
    static const char *const names[PERSONS] = {"Ani", "Budi",  "Citra", "Dewi",
                                               "Eko", "A n I", "Fani"};
    if (ring.number != 0) {
        return;
    }
    CHECK(sodium_init() >= 0, "libsodium is there");
    root = pair_of(ROOT_SEED);
    ring.province = bytes_of_text("16");
    ring.officer_count = PERSONS;
    for (uint8_t i = 0; i < PERSONS; i++) {
        persons[i] = i == OF_REVOKED_KEY ? persons[REVOKED] : pair_of((uint8_t)(i + 1));
        ring.officers[i] = (struct officer){
            .id = bytes_of_text(ids[i]),
            .name = bytes_of_text(names[i]),
            .role = bytes_of_text(i == READER ? "reader" : "officer"),
            .scope = bytes_of_text(i == OF_MUARA_ENIM ? "16.03" : "16"),
            .key = persons[i].key,
            .state = i == RETIRED   ? KEY_RETIRED
                     : i == REVOKED ? KEY_REVOKED_FOR_GOOD
                                    : KEY_ACTIVE,
        };
    }
    ring.number = 5;
    char words[WORDS_TEXT_CAPACITY];
    struct hash any = {{3}};
    enrolment_words(&any, bytes_of_text("card"), words);
    CHECK(text_sound(bytes_of_text(words)) && words_match(words, words), "eight words");
}

static void sign_digest(const struct pair *pair, const char *domain, const struct hash *digest,
                        struct signature *ret)
{
    seal_sign(pair->secret, domain, bytes_of(digest->b, sizeof digest->b), ret);
}

static bool covered(struct bytes code, const char *scope)
{
    size_t len = strlen(scope);
    return code.len >= len && memcmp(code.data, scope, len) == 0 &&
           (code.len == len || code.data[len] == '.');
}

/* May this one's signature count for something new about `where`? */
static bool may_sign(size_t person, struct bytes where)
{
    return person == PROVINCE_WIDE || person == FIRST_AGAIN ||
           (person == OF_MUARA_ENIM && covered(where, "16.03"));
}

/* ---- rings and cards ---- */

static void check_ring(const struct ring *found)
{
    CHECK(found->officer_count <= OFFICERS_MAX, "few officers");
    CHECK(found->province.len > 0, "a ring is of a province");
    for (size_t i = 0; i < found->officer_count; i++) {
        for (size_t j = 0; j < i; j++) {
            CHECK(!bytes_equal(found->officers[i].id, found->officers[j].id), "no id twice");
        }
        CHECK(ring_officer(found, found->officers[i].id) == &found->officers[i], "each is found");
    }
}

static void take_ring(struct bytes file, unsigned option)
{
    static struct ring found;
    struct err_ctx err = {""};
    uint64_t least = option % 4 == 0 ? 0 : option % 4 == 1 ? 2 : option;
    struct bytes province = bytes_of_text(option >= 32 ? "17" : option >= 16 ? "16" : "");
    int rc = trust_ring(&root.key, file, least, province, fuzz_arena(), &found, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(found.number >= least, "a ring's number never falls");
    CHECK(province.len == 0 || bytes_equal(found.province, province), "it is of this province");
    check_ring(&found);
}

/* A SignedRing around these bytes; empty when they are too long. */
static struct bytes ring_file(struct bytes content)
{
    static uint8_t file[ENTRY_BYTES_MAX];
    struct signed_ring outer = {.ring = content};
    struct hash digest;
    size_t len = 0;
    ring_digest(content, &digest);
    sign_digest(&root, "kabar.ring.v1", &digest, &outer.signature);
    int rc =
        content.len > 0 ? signed_ring_encode(&outer, file, sizeof file, &len, NULL) : ERR_LIMIT;
    return rc == 0 ? bytes_of(file, len) : (struct bytes){0};
}

static void take_card(struct bytes file, const struct hash *request_hash, struct bytes regency)
{
    static struct province_card card;
    static struct ring found;
    struct err_ctx err = {""};
    int rc = trust_card(file, request_hash, regency, fuzz_arena(), &card, &found, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(hash_equal(&card.request_hash, request_hash), "a card answers this request");
    CHECK(bytes_equal(card.regency, regency), "and is for this regency");
    CHECK(card.endpoint_count >= 1 && card.endpoint_count <= ENDPOINTS_MAX, "it says where");
    CHECK(card.enrolment != 0, "a card has a number");
    CHECK(regency.len >= found.province.len, "its province covers the regency");
    check_ring(&found);
}

static void take_raw_card(struct bytes file)
{
    static struct province_card card;
    struct err_ctx err = {""};
    int rc = province_card_decode(file, fuzz_arena_other(), &card, &err);
    if (rc == 0) {
        take_card(file, &card.request_hash, card.regency);
    } else {
        struct hash any = {{0}};
        take_card(file, &any, bytes_of_text("16.07"));
    }
}

static void take_card_with_ring(struct bytes content, unsigned option)
{
    static uint8_t file[2 * ENTRY_BYTES_MAX];
    const char *regency = option % 3 == 1 ? "17.01" : "16.07";
    struct province_card card = {
        .request_hash = {{1}},
        .root_key = root.key,
        .ring = ring_file(content),
        .endpoints = {bytes_of_text("tcp://127.0.0.1:5616")},
        .endpoint_count = 1,
        .enrolment = option % 5 == 4 ? 0 : 7,
        .regency = bytes_of_text(regency),
        .aggregator = {{1}},
        .office = {{option % 7 == 6 ? 0 : 1}},
    };
    struct hash asked = {{option % 11 == 10 ? 2 : 1}};
    size_t len = 0;
    if (card.ring.len > 0 && province_card_encode(&card, file, sizeof file, &len, NULL) == 0) {
        take_card(bytes_of(file, len), &asked, bytes_of_text(option % 3 == 2 ? "17.01" : regency));
    }
}

/* Once: cards that no reader would have given, and that no writer may make. */
static void check_card_edges(void)
{
    static uint8_t file[2 * ENTRY_BYTES_MAX];
    static uint8_t big[ENTRY_BYTES_MAX + 1];
    static const uint8_t broken[] = {0x0a, 0x7f};
    static bool done;
    struct bytes rings[] = {{NULL, 0}, bytes_of(big, sizeof big), bytes_of(broken, 2)};
    const int codes[] = {ERR_FORMAT, ERR_LIMIT, ERR_FORMAT};
    struct province_card card = {.endpoints = {bytes_of_text("tcp://x:1")},
                                 .endpoint_count = 1,
                                 .regency = bytes_of_text("16.07")};
    struct act act = {.officer = bytes_of_text("ani"),
                      .type = ACT_PROPOSE,
                      .propose = {.document = bytes_of_text("d"), .signature_count = 5}};
    struct err_ctx err = {""};
    size_t len = 0;
    for (size_t i = 0; !done && i < 3; i++) {
        card.ring = rings[i];
        CHECK(province_card_encode(&card, file, sizeof file, &len, &err) == codes[i],
              "a card holds a ring");
    }
    CHECK(done || act_encode(&act, file, sizeof file, &len, &err) == ERR_LIMIT, "four signatures");
    done = true;
}

/* ---- requests ---- */

static void take_request(struct bytes file, bool must_hold)
{
    static struct enrol_request found;
    struct hash hash;
    struct hash wanted;
    struct err_ctx err = {""};
    int rc = trust_request(file, fuzz_arena(), &found, &hash, &err);
    CHECK(rc == 0 || !must_hold, "a sound request is taken");
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    static const struct key zero;
    seal_hash("kabar.request.v1", file, &wanted);
    CHECK(hash_equal(&hash, &wanted), "a request is named by its bytes");
    CHECK(!key_equal(&found.curve_key, &found.signing_key), "no key serves two purposes");
    CHECK(!key_equal(&found.curve_key, &zero) && found.regency.len > 0, "keys and regency");
}

static void take_signed_request(struct bytes content)
{
    static uint8_t inner[ENTRY_BYTES_MAX];
    static uint8_t file[ENTRY_BYTES_MAX];
    static const struct key zero;
    struct enrol_request request;
    struct signed_request outer;
    struct hash digest;
    size_t len = 0;
    size_t file_len = 0;
    if (enrol_request_decode(content, fuzz_arena_other(), &request, NULL) != 0) {
        return;
    }
    request.signing_key = persons[0].key;
    CHECK(enrol_request_encode(&request, inner, sizeof inner, &len, NULL) == 0,
          "decoded, so encodes");
    outer.request = bytes_of(inner, len);
    seal_hash("kabar.request.v1", outer.request, &digest);
    sign_digest(&persons[0], "kabar.request.v1", &digest, &outer.signature);
    CHECK(signed_request_encode(&outer, file, sizeof file, &file_len, NULL) == 0, "and is signed");
    bool must_hold = !key_equal(&request.curve_key, &zero) &&
                     !key_equal(&request.curve_key, &request.signing_key) &&
                     request.regency.data[0] > 0x20 && request.regency.data[0] < 0x7f;
    take_request(bytes_of(file, file_len), must_hold);
}

/* ---- what officers sign ---- */

static bool needs_two(enum document_type type)
{
    return type == DOCUMENT_TYPE_RECOMMENDATION || type == DOCUMENT_TYPE_DECISION;
}

static void check_decision(const struct document *document)
{
    if (document->type == DOCUMENT_TYPE_DECISION) {
        CHECK(document->authority.len > 0 && document->decree_number.len > 0 &&
                  document->has_decree_date && document->decree_scan.len == HASH_BYTES,
              "a decision has authority, number, date and scan");
    }
    if (document->type == DOCUMENT_TYPE_RECOMMENDATION) {
        CHECK(document->authority.len > 0 && document->has_respond_by,
              "a recommendation says who and by when");
    }
    CHECK(document->id.len > 0 && covered(document->province, "16"), "it has an id, and is ours");
    CHECK(document->ring <= ring.number, "it was not made under a ring to come");
}

static void take_document(struct bytes content, unsigned option)
{
    size_t count = option >= 245 ? SIGNATURES_MAX + 1 : option >= 196 ? 0 : 2;
    struct signed_document file = {.document = content, .signature_count = count};
    size_t signers[2] = {option % PERSONS, option / PERSONS % PERSONS};
    struct document found;
    struct hash digest;
    struct err_ctx err = {""};
    document_digest(content, &digest);
    for (size_t i = 0; i < 2; i++) {
        file.signatures[i].officer = ring.officers[signers[i]].id;
        sign_digest(&persons[signers[i]], "kabar.doc.v1", &digest, &file.signatures[i].signature);
    }
    int rc = trust_document(&ring, &file, TRUST_FULL, true, fuzz_arena(), &found, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(file.signature_count == 2, "nothing holds that nobody signed");
    CHECK(may_sign(signers[0], found.addressee) && may_sign(signers[1], found.addressee),
          "both may sign");
    CHECK(!needs_two(found.type) ||
              (signers[0] != signers[1] && signers[0] + signers[1] != FIRST_AGAIN),
          "two persons signed");
    check_decision(&found);
}

static void take_raw_document(struct bytes content, unsigned option)
{
    struct signed_document file;
    struct document found;
    struct err_ctx err = {""};
    int rc = signed_document_decode(content, fuzz_arena(), &file, &err);
    if (rc == 0) {
        enum trust_level level = option % 2 == 0 ? TRUST_FULL : TRUST_PROPOSED;
        rc = trust_document(&ring, &file, level, option % 3 == 0, fuzz_arena_other(), &found, &err);
        CHECK(rc != 0, "nobody can sign without a key");
    }
    check_refused(rc, &err);
}

static void take_enrolment(struct bytes content, unsigned option)
{
    struct enrolment enrolment;
    struct hash digest;
    struct err_ctx err = {""};
    size_t signer = option % PERSONS;
    if (enrolment_decode(content, fuzz_arena(), &enrolment, NULL) != 0) {
        return;
    }
    CHECK(trust_enrolment(&ring, &enrolment, &err) < 0, "nobody can sign without a key");
    enrolment.officer = bytes_of("", 0);
    CHECK(trust_enrolment(&ring, &enrolment, &err) == ERR_FORMAT, "nobody signs nothing");
    enrolment.officer = ring.officers[signer].id;
    CHECK(enrolment_digest(&enrolment, &digest, &err) == 0, "what decodes has a digest");
    sign_digest(&persons[signer], "kabar.enrol.v1", &digest, &enrolment.signature);
    int rc = trust_enrolment(&ring, &enrolment, &err);
    bool retired_held = signer == RETIRED; /* an old signature of a retired key holds */
    CHECK((rc == 0) == (covered(enrolment.regency, "16") &&
                        (may_sign(signer, enrolment.regency) || retired_held)),
          "an enrolment holds when its officer may sign it");
}

static void take_revocation(struct bytes content, unsigned option)
{
    struct revocation revocation;
    struct hash digest;
    struct err_ctx err = {""};
    size_t signer = option % PERSONS;
    if (revocation_decode(content, fuzz_arena(), &revocation, NULL) != 0) {
        return;
    }
    CHECK(trust_revocation(&ring, &revocation, &err) < 0, "nobody can sign without a key");
    revocation.officer = bytes_of("", 0);
    CHECK(trust_revocation(&ring, &revocation, &err) == ERR_FORMAT, "nobody signs nothing");
    revocation.officer = ring.officers[signer].id;
    CHECK(revocation_digest(&revocation, &digest, &err) == 0, "what decodes has a digest");
    sign_digest(&persons[signer], "kabar.revoke.v1", &digest, &revocation.signature);
    CHECK((trust_revocation(&ring, &revocation, &err) == 0) ==
              (signer == PROVINCE_WIDE || signer == RETIRED || signer == FIRST_AGAIN),
          "a revocation holds when its officer's scope covers the province");
}

/* Of a catalogue, for nodes. */
static void take_note(struct bytes content, unsigned option)
{
    struct object_note note;
    struct hash digest;
    struct err_ctx err = {""};
    if (object_note_decode(content, fuzz_arena(), &note, NULL) != 0) {
        return;
    }
    CHECK(trust_catalogue_note(&root.key, &note, &err) < 0, "nobody can sign without a key");
    CHECK(object_note_digest(&note, &digest, &err) == 0, "what decodes has a digest");
    const struct pair *signer = option % 4 == 0 ? &persons[PROVINCE_WIDE] : &root;
    sign_digest(signer, "kabar.object.v1", &digest, &note.signature);
    CHECK((trust_catalogue_note(&root.key, &note, &err) == 0) ==
              (signer == &root && note.has_number && note.size > 0 &&
               note.size <= CATALOGUE_BYTES_MAX),
          "a note holds when the root signed it, and a catalogue can be so");
    note.name = content;
    note.purpose = (enum object_purpose)99;
    CHECK(trust_catalogue_note(&root.key, &note, &err) < 0, "what nobody could write is no note");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes content = bytes_of(data, size);
    uint8_t choice = take_u8(&content);
    unsigned option = take_u8(&content);
    prepare();
    check_card_edges();
    switch ((enum mode)(choice % TRUST_MODES)) {
    case RING_RAW:
        take_ring(content, option);
        break;
    case RING_SIGNED:
        take_ring(ring_file(content), option);
        break;
    case REQUEST_RAW:
        take_request(content, false);
        break;
    case REQUEST_SIGNED:
        take_signed_request(content);
        break;
    case CARD_RAW:
        take_raw_card(content);
        break;
    case CARD_WITH_RING:
        take_card_with_ring(content, option);
        break;
    case DOCUMENT_SIGNED:
        take_document(content, option);
        break;
    case ENROLMENT_SIGNED:
        take_enrolment(content, option);
        break;
    case REVOCATION_SIGNED:
        take_revocation(content, option);
        break;
    case NOTE_SIGNED:
        take_note(content, option);
        break;
    case DOCUMENT_RAW:
    case TRUST_MODES:
        take_raw_document(content, option);
        break;
    }
    return 0;
}
