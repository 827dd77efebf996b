/* Documents: who may sign them, how many must, and what they must have. */
#include "unit/core/rules/trust_fixture.h"

/* ---- documents ---- */

static struct document recommendation_make(void)
{
    struct document document = decision_make();
    document.type = DOCUMENT_TYPE_RECOMMENDATION;
    document.has_decree_date = false;
    document.decree_number = (struct bytes){0};
    document.decree_scan = (struct bytes){0};
    document.has_respond_by = true;
    document.respond_by = 20012;
    return document;
}

static struct document advisory_make(enum document_type type)
{
    return (struct document){.province = bytes_of_text("16"),
                             .id = bytes_of_text("16-2024-000124-7f3a"),
                             .type = type,
                             .addressee = bytes_of_text("16.07"),
                             .text = bytes_of_text("Himbauan netralitas"),
                             .ring = 5,
                             .salt = {1}};
}

static int judge(const struct signed_document *outer, enum trust_level level, bool new_signature)
{
    struct document back = {.case_version = 4711};
    err.text[0] = '\0';
    int status = trust_document(&ring, outer, level, new_signature, arena, &back, &err);
    if (status != 0) {
        assert_int_equal(back.case_version, 4711);
        assert_true(strlen(err.text) > 0);
    } else {
        assert_true(back.type != 0 && back.id.len > 0);
    }
    return status;
}

static int judge_signers(const char *signers, enum trust_level level, bool new_signature)
{
    struct document decision = decision_make();
    struct signed_document outer = document_signed(&decision, signers);
    int status = judge(&outer, level, new_signature);
    struct document recommendation = recommendation_make();
    outer = document_signed(&recommendation, signers);
    assert_int_equal(judge(&outer, level, new_signature), status);
    return status;
}

static void two_officers_make_a_document(void **state)
{
    (void)state;
    assert_int_equal(judge_signers("sri budi", TRUST_FULL, true), 0);
    assert_int_equal(judge_signers("sri dewi", TRUST_FULL, true), 0);
    assert_int_equal(judge_signers("sri budi dewi", TRUST_FULL, true), 0);
}

static void one_signature_only_proposes(void **state)
{
    (void)state;
    assert_int_equal(judge_signers("sri", TRUST_PROPOSED, true), 0);
    assert_int_equal(judge_signers("sri", TRUST_FULL, true), ERR_STATE);
    assert_int_equal(judge_signers("", TRUST_PROPOSED, true), ERR_STATE);
    assert_int_equal(judge_signers("", TRUST_FULL, true), ERR_STATE);
}

static void two_signatures_of_one_person_are_one(void **state)
{
    (void)state;
    static const char *const lists[] = {"sri sri", "sri sri-key", "sri sri-name",
                                        "sri sri sri sri-key"};
    for (size_t i = 0; i < COUNT(lists); i++) {
        assert_int_equal(judge_signers(lists[i], TRUST_FULL, true), ERR_STATE);
        assert_int_equal(judge_signers(lists[i], TRUST_PROPOSED, true), 0);
    }
    /* With another person among them there are two after all. */
    assert_int_equal(judge_signers("sri sri-key budi", TRUST_FULL, true), 0);
    assert_int_equal(judge_signers("sri sri-name budi", TRUST_FULL, true), 0);
}

static void a_retired_officer_signs_nothing_new(void **state)
{
    (void)state;
    assert_int_equal(judge_signers("sri rini", TRUST_FULL, false), 0);
    assert_int_equal(judge_signers("sri rini", TRUST_FULL, true), ERR_KEY);
    assert_int_equal(judge_signers("rini", TRUST_PROPOSED, true), ERR_KEY);
    assert_int_equal(judge_signers("rini", TRUST_PROPOSED, false), 0);
}

/* One bad signature spoils the document, however many good ones stand beside it. */
static void who_may_not_sign_spoils_the_document(void **state)
{
    (void)state;
    static const char *const wrong[] = {"joko", "joko-key", "eko", "lina", "tono", "nia", "yudi"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct document decision = decision_make();
        struct signed_document outer = document_signed(&decision, "sri budi");
        assert_int_equal(judge(&outer, TRUST_FULL, false), 0);
        add_signature(&outer, wrong[i]);
        assert_int_equal(judge(&outer, TRUST_FULL, false), ERR_KEY);
        assert_int_equal(judge(&outer, TRUST_PROPOSED, false), ERR_KEY);
        assert_non_null(strstr(err.text, wrong[i]));
    }
    struct document decision = decision_make();
    struct signed_document outer = document_signed(&decision, "sri budi");
    outer.signatures[1].officer = bytes_of_text("nobody");
    assert_int_equal(judge(&outer, TRUST_FULL, false), ERR_KEY);
}

static void scope_follows_the_addressee(void **state)
{
    (void)state;
    struct document decision = decision_make();
    decision.addressee = bytes_of_text("16.03");
    struct signed_document outer = document_signed(&decision, "sri lina");
    assert_int_equal(judge(&outer, TRUST_FULL, true), 0);
    outer = document_signed(&decision, "sri dewi"); /* Dewi's is 16.07 */
    assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_KEY);
    decision.addressee = bytes_of_text("16.071");
    outer = document_signed(&decision, "sri dewi");
    assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_KEY);
}

static void the_wrong_officers_signature_is_refused(void **state)
{
    (void)state;
    struct document decision = decision_make();
    struct signed_document outer = document_signed(&decision, "sri budi");
    struct signature first = outer.signatures[0].signature;
    outer.signatures[0].signature = outer.signatures[1].signature;
    outer.signatures[1].signature = first;
    assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_SIGNATURE);
    assert_int_equal(judge(&outer, TRUST_PROPOSED, true), ERR_SIGNATURE);
    /* Signed in another domain. */
    struct hash digest;
    document_digest(outer.document, &digest);
    outer = document_signed(&decision, "sri budi");
    outer.signatures[1].signature = sign(person_of("budi")->seed, "kabar.enrol.v1", &digest);
    assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_SIGNATURE);
}

static void every_byte_of_a_document_is_signed(void **state)
{
    (void)state;
    struct document decision = decision_make();
    struct signed_document outer = document_signed(&decision, "sri budi");
    struct bytes kept = outer.document;
    uint8_t altered[ENTRY_BYTES_MAX];
    memcpy(altered, kept.data, kept.len);
    outer.document = bytes_of(altered, kept.len);
    struct arena *whole = arena;
    arena = arena_new(PARSE_ARENA_BYTES);
    for (size_t at = 0; at < kept.len; at++) {
        altered[at] ^= 1;
        arena_reset(arena);
        assert_int_not_equal(judge(&outer, TRUST_FULL, true), 0);
        assert_int_not_equal(judge(&outer, TRUST_PROPOSED, true), 0);
        altered[at] ^= 1;
    }
    for (size_t at = 0; at < 2 * SIGNATURE_BYTES; at++) {
        uint8_t *byte = &outer.signatures[at / SIGNATURE_BYTES].signature.b[at % SIGNATURE_BYTES];
        *byte ^= 1;
        arena_reset(arena);
        assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_SIGNATURE);
        *byte ^= 1;
    }
    arena_reset(arena);
    assert_int_equal(judge(&outer, TRUST_FULL, true), 0);
    arena_free(arena);
    arena = whole;
}

enum missing {
    MISSING_CASE,
    MISSING_ADDRESSEE,
    MISSING_AUTHORITY,
    MISSING_NUMBER,
    MISSING_DATE,
    MISSING_SCAN,
    MISSING_RESPOND_BY,
    MISSING_SANCTION,
    MISSING_TEXT,
    MISSING_END
};

static void take_out(struct document *document, enum missing what)
{
    static const uint8_t zeros[HASH_BYTES];
    document->has_decree_date = document->has_decree_date && what != MISSING_DATE;
    document->has_respond_by = document->has_respond_by && what != MISSING_RESPOND_BY;
    struct bytes *texts[MISSING_END] = {
        [MISSING_CASE] = &document->case_name,      [MISSING_ADDRESSEE] = &document->addressee,
        [MISSING_AUTHORITY] = &document->authority, [MISSING_NUMBER] = &document->decree_number,
        [MISSING_SANCTION] = &document->sanction,   [MISSING_TEXT] = &document->text};
    if (texts[what] != NULL) {
        *texts[what] = bytes_of_text(what % 2 == 0 ? " \t " : ""); /* blank is as good as missing */
    }
    if (what == MISSING_SCAN) {
        document->decree_scan = bytes_of(zeros, sizeof zeros);
    }
}

static int judge_without(struct document document, enum missing what, const char *signers)
{
    take_out(&document, what);
    struct signed_document outer = document_signed(&document, signers);
    int full = judge(&outer, TRUST_FULL, true);
    assert_int_equal(judge(&outer, TRUST_PROPOSED, true), full);
    return full;
}

static void a_document_has_what_its_type_must_have(void **state)
{
    (void)state;
    static const bool decision_needs[MISSING_END] = {
        [MISSING_CASE] = true,   [MISSING_ADDRESSEE] = true, [MISSING_AUTHORITY] = true,
        [MISSING_NUMBER] = true, [MISSING_DATE] = true,      [MISSING_SCAN] = true};
    static const bool recommendation_needs[MISSING_END] = {[MISSING_CASE] = true,
                                                           [MISSING_ADDRESSEE] = true,
                                                           [MISSING_AUTHORITY] = true,
                                                           [MISSING_RESPOND_BY] = true};
    for (enum missing what = 0; what < MISSING_END; what++) {
        assert_int_equal(judge_without(decision_make(), what, "sri budi"),
                         decision_needs[what] ? ERR_FORMAT : 0);
        assert_int_equal(judge_without(recommendation_make(), what, "sri budi"),
                         recommendation_needs[what] ? ERR_FORMAT : 0);
    }
    struct document document = decision_make();
    document.decree_scan = (struct bytes){0};
    struct signed_document outer = document_signed(&document, "sri budi");
    assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_FORMAT);
    assert_non_null(strstr(err.text, "decree_scan"));
    /* Sanction or text may be missing, but not both. */
    document = decision_make();
    document.text = (struct bytes){0};
    assert_int_equal(judge_without(document, MISSING_SANCTION, "sri budi"), ERR_FORMAT);
}

static void advisories_and_questions_need_one_officer(void **state)
{
    (void)state;
    static const enum document_type types[] = {DOCUMENT_TYPE_ADVISORY, DOCUMENT_TYPE_QUESTION};
    for (size_t i = 0; i < COUNT(types); i++) {
        struct document document = advisory_make(types[i]);
        struct signed_document outer = document_signed(&document, "dewi");
        assert_int_equal(judge(&outer, TRUST_FULL, true), 0);
        outer = document_signed(&document, "");
        assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_STATE);
        assert_int_equal(judge_without(document, MISSING_TEXT, "dewi"), ERR_FORMAT);
    }
}

static void a_document_of_another_province_is_refused(void **state)
{
    (void)state;
    struct document decision = decision_make();
    decision.province = bytes_of_text("17");
    struct signed_document outer = document_signed(&decision, "sri budi");
    assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_FORMAT);
}

static void a_document_under_a_newer_ring_waits(void **state)
{
    (void)state;
    struct document decision = decision_make();
    decision.ring = 6;
    struct signed_document outer = document_signed(&decision, "sri budi");
    assert_int_equal(judge(&outer, TRUST_FULL, true), ERR_STALE);
    decision.ring = 4;
    outer = document_signed(&decision, "sri budi");
    assert_int_equal(judge(&outer, TRUST_FULL, true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TRUST_TEST(two_officers_make_a_document),
        TRUST_TEST(one_signature_only_proposes),
        TRUST_TEST(two_signatures_of_one_person_are_one),
        TRUST_TEST(a_retired_officer_signs_nothing_new),
        TRUST_TEST(who_may_not_sign_spoils_the_document),
        TRUST_TEST(scope_follows_the_addressee),
        TRUST_TEST(the_wrong_officers_signature_is_refused),
        TRUST_TEST(every_byte_of_a_document_is_signed),
        TRUST_TEST(a_document_has_what_its_type_must_have),
        TRUST_TEST(advisories_and_questions_need_one_officer),
        TRUST_TEST(a_document_of_another_province_is_refused),
        TRUST_TEST(a_document_under_a_newer_ring_waits),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
