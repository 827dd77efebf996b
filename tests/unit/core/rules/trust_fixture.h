/* trust_fixture.h - officers good and bad, a ring of theirs, and documents they sign. For tests of
 * who may say what. */
#ifndef UNIT_CORE_RULES_TRUST_FIXTURE_H
#define UNIT_CORE_RULES_TRUST_FIXTURE_H

#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "lib/cmocka_all.h"

#include <sodium.h>
#include <string.h>

#define ROOT_SEED 100
#define NODE_SEED 101
#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

struct person {
    const char *id, *name, *role, *scope;
    enum key_state state;
    uint8_t seed; /* of the key */
};
static const struct person persons[] = {
    {"sri", "Sri Hartati", "officer", "16", KEY_ACTIVE, 1},
    {"budi", "Budi Santoso", "officer", "16", KEY_ACTIVE, 2},
    {"dewi", "Dewi Lestari", "officer", "16.07", KEY_ACTIVE, 3},
    {"lina", "Lina Marlina", "officer", "16.03", KEY_ACTIVE, 4},
    {"rini", "Rini Astuti", "officer", "16", KEY_RETIRED, 5},
    {"joko", "Joko Susilo", "officer", "16", KEY_REVOKED_FOR_GOOD, 6},
    {"sri-key", "Wahyu Hidayat", "officer", "16", KEY_ACTIVE, 1}, /* Sri's key */
    {"sri-name", "SRI  hartati", "officer", "16", KEY_ACTIVE, 7}, /* Sri's name */
    {"joko-key", "Agus Salim", "officer", "16", KEY_ACTIVE, 6},   /* a revoked key */
    {"eko", "Eko Prasetyo", "reader", "16", KEY_ACTIVE, 8},       /* does not sign */
    {"tono", "Tono Wijaya", "officer", "161", KEY_ACTIVE, 9},     /* no such region */
    {"nia", "Nia Ramadhani", "officer", "1", KEY_ACTIVE, 10},     /* half a code */
    {"yudi", "Yudi Latif", "officer", "16.0", KEY_ACTIVE, 11},    /* half a code */
};

static struct arena *arena;
static struct ring ring; /* as made, not decoded */
static struct err_ctx err;

static inline struct key key_of(uint8_t seed_byte, uint8_t secret[SECRET_BYTES])
{
    uint8_t seed[32] = {seed_byte};
    struct key public_key;
    seal_keypair(seed, &public_key, secret);
    return public_key;
}

static inline struct signature sign(uint8_t seed_byte, const char *domain,
                                    const struct hash *digest)
{
    uint8_t secret[SECRET_BYTES];
    struct signature signature;
    (void)key_of(seed_byte, secret);
    seal_sign(secret, domain, bytes_of(digest->b, sizeof digest->b), &signature);
    return signature;
}

/* An encoded message that stays until the test ends. */
#define ENCODED(type, value)                                                                       \
    __extension__({                                                                                \
        uint8_t room_[ENTRY_BYTES_MAX];                                                            \
        size_t len_ = 0;                                                                           \
        assert_int_equal(type##_encode((value), room_, sizeof room_, &len_, NULL), 0);             \
        struct bytes copy_ = arena_copy(arena, bytes_of(room_, len_));                             \
        assert_non_null(copy_.data);                                                               \
        copy_;                                                                                     \
    })

static inline const struct person *person_of(const char *id)
{
    for (size_t i = 0; i < COUNT(persons); i++) {
        if (strcmp(persons[i].id, id) == 0) {
            return &persons[i];
        }
    }
    fail_msg("no person %s", id);
    return &persons[0]; /* not reached */
}

static inline int start(void **state)
{
    (void)state;
    if (sodium_init() < 0) {
        return -1;
    }
    uint8_t secret[SECRET_BYTES];
    ring = (struct ring){.province = bytes_of_text("16"),
                         .name = bytes_of_text("Bawaslu Sumatera Selatan"),
                         .number = 5,
                         .issued_ms = 1,
                         .curve_key = {{1}},
                         .log_key = {{2}},
                         .reader_key = {{3}},
                         .bundle_key = {{4}},
                         .officer_count = COUNT(persons)};
    for (size_t i = 0; i < COUNT(persons); i++) {
        ring.officers[i] = (struct officer){.id = bytes_of_text(persons[i].id),
                                            .name = bytes_of_text(persons[i].name),
                                            .role = bytes_of_text(persons[i].role),
                                            .scope = bytes_of_text(persons[i].scope),
                                            .key = key_of(persons[i].seed, secret),
                                            .state = persons[i].state};
    }
    return 0;
}

static inline int fresh(void **state)
{
    (void)state;
    arena = arena_new(4u << 20);
    err = (struct err_ctx){{0}};
    return arena == NULL;
}

static inline int clean(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static inline struct bytes ring_signed(const struct ring *value, uint8_t seed_byte)
{
    struct signed_ring outer = {.ring = ENCODED(ring, value)};
    struct hash digest;
    ring_digest(outer.ring, &digest);
    outer.signature = sign(seed_byte, "kabar.ring.v1", &digest);
    return ENCODED(signed_ring, &outer);
}

/* ---- documents ---- */

static inline struct document decision_make(void)
{
    static const uint8_t scan[HASH_BYTES] = {0xab, 0xcd};
    return (struct document){.province = bytes_of_text("16"),
                             .id = bytes_of_text("16-2024-000123-7f3a"),
                             .type = DOCUMENT_TYPE_DECISION,
                             .case_name = bytes_of_text("00ff-7-0"),
                             .has_case_version = true,
                             .case_version = 3,
                             .addressee = bytes_of_text("16.07"),
                             .authority = bytes_of_text("Bupati Banyuasin"),
                             .sanction = bytes_of_text("SED-6"),
                             .text = bytes_of_text("Isi keputusan"),
                             .decree_number = bytes_of_text("800/123/2024"),
                             .has_decree_date = true,
                             .decree_date = 19998,
                             .decree_scan = bytes_of(scan, sizeof scan),
                             .ring = 5,
                             .salt = {1, 2, 3, 4, 5, 6, 7, 8}};
}

static inline void add_signature(struct signed_document *to, const char *id)
{
    const struct person *person = person_of(id);
    struct hash digest;
    document_digest(to->document, &digest);
    to->signatures[to->signature_count++] =
        (struct officer_signature){.officer = bytes_of_text(person->id),
                                   .signature = sign(person->seed, "kabar.doc.v1", &digest)};
}

/* Signed by the officers of a list such as "sri budi", in that order; SIGNATURES_MAX at most. */
static inline struct signed_document document_signed(const struct document *document,
                                                     const char *signers)
{
    struct signed_document outer = {.document = ENCODED(document, document)};
    while (*signers != '\0') {
        size_t len = strcspn(signers, " ");
        char id[32] = {0};
        assert_true(len < sizeof id);
        memcpy(id, signers, len);
        add_signature(&outer, id);
        signers += len + strspn(signers + len, " ");
    }
    return outer;
}

#define TRUST_TEST(function) cmocka_unit_test_setup_teardown(function, fresh, clean)

#endif
