/* Rings, enrolments, revocations, requests and cards: signed by whom they must be, byte by byte. */
#include "core/seal/words.h"
#include "unit/core/rules/trust_fixture.h"

/* ---- ring ---- */

static int take_ring(struct bytes signed_ring, uint64_t number_min, const char *province,
                     struct ring *ret)
{
    uint8_t secret[SECRET_BYTES];
    struct key root = key_of(ROOT_SEED, secret);
    return trust_ring(&root, signed_ring, number_min, bytes_of_text(province), arena, ret, &err);
}

static void ring_of_the_root_is_taken(void **state)
{
    (void)state;
    struct ring back;
    struct bytes file = ring_signed(&ring, ROOT_SEED);
    assert_int_equal(take_ring(file, 0, "", &back), 0);
    assert_int_equal(back.number, 5);
    assert_int_equal(back.officer_count, COUNT(persons));
    const struct officer *budi = ring_officer(&back, bytes_of_text("budi"));
    assert_non_null(budi);
    assert_true(bytes_equal(budi->name, bytes_of_text("Budi Santoso")));
    assert_null(ring_officer(&back, bytes_of_text("bud")));
    assert_null(ring_officer(&back, bytes_of_text("")));
}

static void ring_of_anybody_else_is_refused(void **state)
{
    (void)state;
    struct ring back = {.number = 77};
    assert_int_equal(take_ring(ring_signed(&ring, 1), 0, "", &back), ERR_SIGNATURE);
    assert_int_equal(back.number, 77);
}

static void ring_number_never_falls(void **state)
{
    (void)state;
    struct ring back = {.number = 77};
    struct bytes file = ring_signed(&ring, ROOT_SEED);
    assert_int_equal(take_ring(file, 6, "", &back), ERR_STALE);
    assert_int_equal(take_ring(file, UINT64_MAX, "", &back), ERR_STALE);
    assert_int_equal(back.number, 77);
    assert_int_equal(take_ring(file, 5, "", &back), 0);
    assert_int_equal(back.number, 5);
}

static void ring_of_another_province_is_refused(void **state)
{
    (void)state;
    struct ring back = {.number = 77};
    struct bytes file = ring_signed(&ring, ROOT_SEED);
    assert_int_equal(take_ring(file, 0, "16", &back), 0);
    back.number = 77;
    static const char *const others[] = {"17", "1", "160", "16.07"};
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(take_ring(file, 0, others[i], &back), ERR_KEY);
    }
    assert_int_equal(back.number, 77);
}

static void every_byte_of_a_ring_is_signed(void **state)
{
    (void)state;
    struct ring back = {.number = 77};
    struct bytes file = ring_signed(&ring, ROOT_SEED);
    struct arena *kept = arena;
    uint8_t *altered = arena_alloc(kept, file.len);
    assert_non_null(altered);
    memcpy(altered, file.data, file.len);
    arena = arena_new(PARSE_ARENA_BYTES);
    for (size_t at = 0; at < file.len; at++) {
        altered[at] ^= 1;
        arena_reset(arena);
        assert_int_not_equal(take_ring(bytes_of(altered, file.len), 0, "", &back), 0);
        altered[at] ^= 1;
        arena_reset(arena);
        assert_int_not_equal(take_ring(bytes_of(altered, at), 0, "", &back), 0);
    }
    assert_int_equal(back.number, 77);
    assert_int_equal(take_ring(bytes_of(altered, file.len), 0, "", &back), 0);
    arena_free(arena);
    arena = kept;
}

static void an_officer_twice_in_a_ring_is_refused(void **state)
{
    (void)state;
    struct ring doubled = ring;
    struct ring back;
    doubled.officers[3].id = doubled.officers[1].id;
    assert_int_equal(take_ring(ring_signed(&doubled, ROOT_SEED), 0, "", &back), ERR_FORMAT);
    assert_non_null(strstr(err.text, "budi"));
}

/* ---- enrolment and revocation ---- */

static struct enrolment enrolment_signed(const char *officer, const char *regency)
{
    struct enrolment enrolment = {.number = 9,
                                  .regency = bytes_of_text(regency),
                                  .officer = bytes_of_text(officer),
                                  .curve_key = {{1}},
                                  .signing_key = {{2}},
                                  .request_hash = {{3}},
                                  .office = {{4}},
                                  .active = true,
                                  .at_ms = 1};
    struct hash digest;
    assert_int_equal(enrolment_digest(&enrolment, &digest, NULL), 0);
    enrolment.signature = sign(person_of(officer)->seed, "kabar.enrol.v1", &digest);
    return enrolment;
}

static void an_enrolment_needs_an_officer_of_its_regency(void **state)
{
    (void)state;
    static const struct {
        const char *officer, *regency;
        int status;
    } rows[] = {
        {"sri", "16.07", 0},        {"dewi", "16.07", 0},          {"rini", "16.07", 0},
        {"lina", "16.07", ERR_KEY}, {"joko", "16.07", ERR_KEY},    {"eko", "16.07", ERR_KEY},
        {"yudi", "16.07", ERR_KEY}, {"sri", "17.01", ERR_KEY},     {"sri", "161.7", ERR_KEY},
        {"lina", "16.03", 0},       {"joko-key", "16.07", ERR_KEY}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct enrolment enrolment = enrolment_signed(rows[i].officer, rows[i].regency);
        assert_int_equal(trust_enrolment(&ring, &enrolment, &err), rows[i].status);
    }
    struct enrolment enrolment = enrolment_signed("sri", "16.07");
    enrolment.officer = bytes_of_text("nobody");
    assert_int_equal(trust_enrolment(&ring, &enrolment, &err), ERR_KEY);
    enrolment.officer = bytes_of_text("budi");
    assert_int_equal(trust_enrolment(&ring, &enrolment, &err), ERR_SIGNATURE);
}

#define MUST_FAIL_FLIPPED(what, len, status, call)                                                 \
    for (size_t at_ = 0; at_ < (len); at_++) {                                                     \
        ((uint8_t *)(what))[at_] ^= 1;                                                             \
        assert_int_equal((call), (status));                                                        \
        ((uint8_t *)(what))[at_] ^= 1;                                                             \
    }                                                                                              \
    assert_int_equal((call), 0)

static void every_field_of_an_enrolment_is_signed(void **state)
{
    (void)state;
    struct enrolment e = enrolment_signed("sri", "16.07");
#define CALL trust_enrolment(&ring, &e, NULL)
    MUST_FAIL_FLIPPED(e.signature.b, SIGNATURE_BYTES, ERR_SIGNATURE, CALL);
    MUST_FAIL_FLIPPED(e.curve_key.b, KEY_BYTES, ERR_SIGNATURE, CALL);
    MUST_FAIL_FLIPPED(e.signing_key.b, KEY_BYTES, ERR_SIGNATURE, CALL);
    MUST_FAIL_FLIPPED(e.request_hash.b, HASH_BYTES, ERR_SIGNATURE, CALL);
    MUST_FAIL_FLIPPED(e.office.b, INCARNATION_BYTES, ERR_SIGNATURE, CALL);
    MUST_FAIL_FLIPPED(&e.number, sizeof e.number, ERR_SIGNATURE, CALL);
    MUST_FAIL_FLIPPED(&e.at_ms, sizeof e.at_ms, ERR_SIGNATURE, CALL);
#undef CALL
    e.active = false;
    assert_int_equal(trust_enrolment(&ring, &e, NULL), ERR_SIGNATURE);
    e.active = true;
    e.regency = bytes_of_text("16.08");
    assert_int_equal(trust_enrolment(&ring, &e, NULL), ERR_SIGNATURE);
}

/* The same through the wire: what was signed before encoding holds after decoding. */
static void an_enrolment_holds_after_the_wire(void **state)
{
    (void)state;
    struct enrolment made = enrolment_signed("sri", "16.07");
    struct enrolment back;
    assert_int_equal(enrolment_decode(ENCODED(enrolment, &made), arena, &back, NULL), 0);
    assert_int_equal(trust_enrolment(&ring, &back, NULL), 0);
}

static struct revocation revocation_signed(const char *officer)
{
    struct revocation revocation = {.number = 9,
                                    .reason = bytes_of_text("laptop hilang"),
                                    .officer = bytes_of_text(officer),
                                    .at_ms = 1};
    struct hash digest;
    assert_int_equal(revocation_digest(&revocation, &digest, NULL), 0);
    revocation.signature = sign(person_of(officer)->seed, "kabar.revoke.v1", &digest);
    return revocation;
}

static void a_revocation_needs_an_officer_of_the_province(void **state)
{
    (void)state;
    static const struct {
        const char *officer;
        int status;
    } rows[] = {{"sri", 0}, {"rini", 0}, {"dewi", ERR_KEY}, {"joko", ERR_KEY}, {"eko", ERR_KEY}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct revocation revocation = revocation_signed(rows[i].officer);
        assert_int_equal(trust_revocation(&ring, &revocation, &err), rows[i].status);
    }
    struct revocation r = revocation_signed("sri");
#define CALL trust_revocation(&ring, &r, NULL)
    MUST_FAIL_FLIPPED(r.signature.b, SIGNATURE_BYTES, ERR_SIGNATURE, CALL);
    MUST_FAIL_FLIPPED(&r.number, sizeof r.number, ERR_SIGNATURE, CALL);
    MUST_FAIL_FLIPPED(&r.at_ms, sizeof r.at_ms, ERR_SIGNATURE, CALL);
#undef CALL
    r.reason = bytes_of_text("laptop hilan");
    assert_int_equal(trust_revocation(&ring, &r, NULL), ERR_SIGNATURE);
}

/* ---- request and card ---- */

static struct enrol_request request_make(void)
{
    uint8_t secret[SECRET_BYTES];
    return (struct enrol_request){.regency = bytes_of_text("16.07"),
                                  .host = bytes_of_text("kantor"),
                                  .software = bytes_of_text("kabar 0.1.0"),
                                  .curve_key = {{1, 2, 3}},
                                  .signing_key = key_of(NODE_SEED, secret),
                                  .nonce = {7},
                                  .created_ms = 1};
}

static struct bytes request_signed(const struct enrol_request *request, uint8_t seed_byte)
{
    struct signed_request outer = {.request = ENCODED(enrol_request, request)};
    struct hash digest;
    seal_hash("kabar.request.v1", outer.request, &digest);
    outer.signature = sign(seed_byte, "kabar.request.v1", &digest);
    return ENCODED(signed_request, &outer);
}

static void a_request_signs_itself(void **state)
{
    (void)state;
    struct enrol_request request = request_make();
    struct enrol_request back;
    struct hash hash;
    struct hash expected;
    struct bytes file = request_signed(&request, NODE_SEED);
    assert_int_equal(trust_request(file, arena, &back, &hash, &err), 0);
    assert_true(bytes_equal(back.regency, request.regency));
    assert_true(key_equal(&back.signing_key, &request.signing_key));
    seal_hash("kabar.request.v1", file, &expected);
    assert_true(hash_equal(&hash, &expected));
    assert_int_equal(trust_request(request_signed(&request, 1), arena, &back, &hash, &err),
                     ERR_SIGNATURE);
}

static void every_byte_of_a_request_is_signed(void **state)
{
    (void)state;
    struct enrol_request request = request_make();
    struct enrol_request back = {.created_ms = 77};
    struct hash hash;
    struct bytes file = request_signed(&request, NODE_SEED);
    uint8_t altered[ENTRY_BYTES_MAX];
    memcpy(altered, file.data, file.len);
    struct arena *scratch = arena_new(PARSE_ARENA_BYTES);
    for (size_t at = 0; at < file.len; at++) {
        altered[at] ^= 1;
        arena_reset(scratch);
        assert_int_not_equal(
            trust_request(bytes_of(altered, file.len), scratch, &back, &hash, NULL), 0);
        altered[at] ^= 1;
    }
    assert_int_equal(back.created_ms, 77);
    arena_free(scratch);
}

static void a_request_without_sense_is_refused(void **state)
{
    (void)state;
    struct enrol_request back;
    struct hash hash;
    struct enrol_request request = request_make();
    request.curve_key = request.signing_key;
    assert_int_equal(trust_request(request_signed(&request, NODE_SEED), arena, &back, &hash, &err),
                     ERR_FORMAT);
    request = request_make();
    request.curve_key = (struct key){{0}};
    assert_int_equal(trust_request(request_signed(&request, NODE_SEED), arena, &back, &hash, &err),
                     ERR_FORMAT);
    request = request_make();
    request.regency = bytes_of_text("  ");
    assert_int_equal(trust_request(request_signed(&request, NODE_SEED), arena, &back, &hash, &err),
                     ERR_FORMAT);
}

static struct province_card card_make(const struct hash *request_hash)
{
    uint8_t secret[SECRET_BYTES];
    return (struct province_card){.request_hash = *request_hash,
                                  .root_key = key_of(ROOT_SEED, secret),
                                  .ring = ring_signed(&ring, ROOT_SEED),
                                  .endpoints = {bytes_of_text("tcp://127.0.0.1:7000")},
                                  .endpoint_count = 1,
                                  .enrolment = 9,
                                  .regency = bytes_of_text("16.07"),
                                  .aggregator = {{5}},
                                  .office = {{6}}};
}

static const struct hash request_hash = {{42}};

static int take_card(const struct province_card *card)
{
    struct province_card back = {.enrolment = 4711};
    struct ring ring_back;
    int status = trust_card(ENCODED(province_card, card), &request_hash, bytes_of_text("16.07"),
                            arena, &back, &ring_back, &err);
    assert_int_equal(back.enrolment, status == 0 ? card->enrolment : 4711);
    if (status == 0) {
        assert_int_equal(ring_back.number, 5);
    }
    return status;
}

static void a_card_answers_this_request(void **state)
{
    (void)state;
    struct province_card card = card_make(&request_hash);
    assert_int_equal(take_card(&card), 0);
    for (size_t at = 0; at < HASH_BYTES; at++) {
        card.request_hash.b[at] ^= 1;
        assert_int_equal(take_card(&card), ERR_KEY);
        card.request_hash.b[at] ^= 1;
    }
    card.regency = bytes_of_text("16.03");
    assert_int_equal(take_card(&card), ERR_KEY);
}

static void a_card_of_a_wrong_root_or_province_is_refused(void **state)
{
    (void)state;
    struct province_card card = card_make(&request_hash);
    card.ring = ring_signed(&ring, 1);
    assert_int_equal(take_card(&card), ERR_SIGNATURE);
    uint8_t secret[SECRET_BYTES];
    card = card_make(&request_hash);
    card.root_key = key_of(1, secret);
    assert_int_equal(take_card(&card), ERR_SIGNATURE);
    struct ring other = ring;
    other.province = bytes_of_text("17");
    card = card_make(&request_hash);
    card.ring = ring_signed(&other, ROOT_SEED);
    assert_int_equal(take_card(&card), ERR_KEY);
}

static void a_card_without_sense_is_refused(void **state)
{
    (void)state;
    struct province_card card = card_make(&request_hash);
    card.enrolment = 0;
    assert_int_equal(take_card(&card), ERR_FORMAT);
    card = card_make(&request_hash);
    card.office = (struct incarnation){{0}};
    assert_int_equal(take_card(&card), ERR_FORMAT);
    card = card_make(&request_hash);
    card.aggregator = (struct incarnation){{0}};
    assert_int_equal(take_card(&card), ERR_FORMAT);
}

static void the_words_cover_request_and_card(void **state)
{
    (void)state;
    char words[WORDS_TEXT_CAPACITY];
    char others[WORDS_TEXT_CAPACITY];
    /* As proto/vectors/seal.json, made without our code, has it for these two. */
    struct hash hash;
    seal_hash("kabar.request.v1", bytes_of_text("a signed request"), &hash);
    enrolment_words(&hash, bytes_of_text("a card"), words);
    assert_string_equal(words, "tembaga harapan ketupat cangkir sisir kerikil majalah mulut");
    enrolment_words(&hash, bytes_of_text("a cart"), others);
    assert_string_not_equal(words, others);
    hash.b[31] ^= 1;
    enrolment_words(&hash, bytes_of_text("a card"), others);
    assert_string_not_equal(words, others);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST_TEST(ring_of_the_root_is_taken),
        TRUST_TEST(ring_of_anybody_else_is_refused),
        TRUST_TEST(ring_number_never_falls),
        TRUST_TEST(ring_of_another_province_is_refused),
        TRUST_TEST(every_byte_of_a_ring_is_signed),
        TRUST_TEST(an_officer_twice_in_a_ring_is_refused),
        TRUST_TEST(an_enrolment_needs_an_officer_of_its_regency),
        TRUST_TEST(every_field_of_an_enrolment_is_signed),
        TRUST_TEST(an_enrolment_holds_after_the_wire),
        TRUST_TEST(a_revocation_needs_an_officer_of_the_province),
        TRUST_TEST(a_request_signs_itself),
        TRUST_TEST(every_byte_of_a_request_is_signed),
        TRUST_TEST(a_request_without_sense_is_refused),
        TRUST_TEST(a_card_answers_this_request),
        TRUST_TEST(a_card_of_a_wrong_root_or_province_is_refused),
        TRUST_TEST(a_card_without_sense_is_refused),
        TRUST_TEST(the_words_cover_request_and_card),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
