/* Documents handed back to an aggregator that lost them: taken in as issued, in whatever order they
 * come with their reports and rungs; forged ones are refused. */
#include "unit/core/cases/fold_story.h"

#define LOG_07 9  /* as from_node has it */
#define LOG_03 20 /* of the node that hands back */
#define OWN_NEW 6 /* our own log since the restore */

/* What there was before the restore: made by another aggregator's fold. */
struct lost {
    uint8_t report[ENTRY_BYTES_MAX];
    size_t report_len;
    struct drafted recommendation, decision;
};
static struct lost lost;

static struct bytes lost_report(void)
{
    return bytes_of(lost.report, lost.report_len);
}

static void decided_before(void)
{
    void *state = NULL;
    struct document wanted = decision();
    story_open(&state);
    struct story *before = state;
    struct case_name name = recommended(before, &lost.recommendation);
    struct bytes report = before->journal[3].input.body;
    memcpy(lost.report, report.data, report.len);
    lost.report_len = report.len;
    assert_int_equal(draft(before, &name, &wanted, &lost.decision, NULL), 0);
    story_close(&state);
}

/* A restored aggregator: two nodes, a key ring, none of the reports. */
static int restored_open(void **state)
{
    int rc = story_open(state);
    struct story *story = *state;
    decided_before();
    begin(story);
    put_genesis(story, OWN_NEW, 5, 3, 0, true);
    accepted(story);
    story->config.document_suffix[0] = 0;
    story->config.document_suffix[1] = 0;
    return rc;
}

static struct signed_document with_two(const struct story *story, struct bytes document)
{
    struct signed_document ret = {.document = document, .signature_count = 2};
    ret.signatures[0] = sign(document, "sri", &story->sri);
    ret.signatures[1] = sign(document, "budi", &story->budi);
    return ret;
}

static void put_returned(struct story *story, const char *owner,
                         const struct signed_document *document)
{
    static uint64_t seq = 1;
    uint8_t inner[ENTRY_BYTES_MAX], body[ENTRY_BYTES_MAX];
    size_t len = 0;
    assert_int_equal(signed_document_encode(document, inner, sizeof inner, &len, NULL), 0);
    struct returned returned = {
        .signed_document = bytes_of(inner, len), .office = {{63}}, .office_seq = 4};
    assert_int_equal(returned_encode(&returned, body, sizeof body, &len, NULL), 0);
    put_in(story, LOG_03, ++seq, owner, ENTRY_RETURNED, bytes_of(body, len));
}

static void hand_back(struct story *story, const struct drafted *drafted)
{
    struct signed_document document = with_two(story, bytes_of(drafted->bytes, drafted->len));
    put_returned(story, "16.03", &document);
}

static void report_comes(struct story *story)
{
    put_in(story, LOG_07, 1, "16.07", ENTRY_REPORT, lost_report());
    accepted(story);
}

/* ---- taken in ---- */
static void taken_in_as_issued(void **state)
{
    struct story *story = *state;
    struct drafted next;
    struct document wanted = decision();
    report_comes(story);
    struct case_name name = only_case(story);
    hand_back(story, &lost.recommendation);
    accepted(story);
    assert_int_equal(story->out.office_count, 1); /* not to the node that has it */
    office_is(story, 0, ENTRY_STATUS, NODE_07);
    struct document_view view = document_of(story, lost.recommendation.id);
    assert_int_equal(view.state, DOCUMENT_ISSUED);
    assert_true(view.returned);
    assert_int_equal(view.issued_ms, NOW_MS); /* when it was made: more is not known */
    assert_memory_equal(&view.case_name, &name, sizeof name);
    assert_int_equal(case_of(story, &name).state, CASE_RECOMMENDED);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 1);
    /* No number is given twice. */
    assert_int_equal(draft(story, &name, &wanted, &next, NULL), 0);
    assert_string_equal(next.id, "16-2024-000002-0000");
    same_again(story);
}

static void again_is_nothing_and_other_bytes_an_alarm(void **state)
{
    struct story *story = *state;
    struct document document;
    struct drafted other = {.len = 0};
    report_comes(story);
    struct case_name name = only_case(story);
    hand_back(story, &lost.recommendation);
    uint64_t version = case_of(story, &name).version;
    hand_back(story, &lost.recommendation);
    accepted(story);
    assert_int_equal(story->out.office_count, 0);
    assert_int_equal(case_of(story, &name).version, version);
    assert_int_equal(document_decode(bytes_of(lost.recommendation.bytes, lost.recommendation.len),
                                     story->arena, &document, NULL),
                     0);
    document.text = bytes_of_text("lain");
    assert_int_equal(document_encode(&document, other.bytes, sizeof other.bytes, &other.len, NULL),
                     0);
    hand_back(story, &other);
    refused(story, ERR_EXISTS, "another document");
    assert_true(story->out.alarm);
    assert_int_equal(memory_views_count(story->memory, VIEW_ALARMS), 1);
    assert_int_equal(case_of(story, &name).version, version);
    same_again(story);
}

/* The backup was made between the two officers. */
static void an_open_proposal_gives_way(void **state)
{
    struct story *story = *state;
    struct document wanted = recommendation();
    struct drafted open, same = lost.recommendation;
    report_comes(story);
    struct case_name name = only_case(story);
    same.version = 1;
    propose(story, &same, "sri", &story->sri);
    accepted(story);
    assert_int_equal(draft(story, &name, &wanted, &open, NULL), 0);
    propose(story, &open, "budi", &story->budi);
    accepted(story);
    hand_back(story, &lost.recommendation);
    accepted(story);
    assert_int_equal(document_of(story, same.id).state, DOCUMENT_ISSUED);
    assert_int_equal(case_of(story, &name).state, CASE_RECOMMENDED);
    countersign(story, &same, "budi", &story->budi);
    refused(story, ERR_STATE, "issued already");
    countersign(story, &open, "sri", &story->sri);
    refused(story, ERR_STALE, "version 2");
    same_again(story);
}

/* ---- advisories and questions ---- */
/* Made by the aggregator before it was restored: one officer signs. */
static struct signed_document letter(struct story *story, const struct document *wanted,
                                     struct drafted *ret)
{
    void *state = NULL;
    story_open(&state);
    struct story *before = state;
    begin(before);
    assert_int_equal(draft(before, NULL, wanted, ret, NULL), 0);
    story_close(&state);
    struct signed_document signed_document = {.document = bytes_of(ret->bytes, ret->len),
                                              .signature_count = 1};
    signed_document.signatures[0] = sign(signed_document.document, "sri", &story->sri);
    return signed_document;
}

/* The answer stands in the node's log before the question that it hands back. */
static void an_answer_comes_before_its_question(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    uint8_t body[1024];
    size_t len = 0;
    const struct document wanted = {.type = DOCUMENT_TYPE_QUESTION,
                                    .addressee = bytes_of_text("16.03"),
                                    .text = bytes_of_text("Apakah cuti?"),
                                    .has_respond_by = true,
                                    .respond_by = 20040};
    struct signed_document question = letter(story, &wanted, &drafted);
    struct answer answer = {.document = bytes_of_text(drafted.id),
                            .text = bytes_of_text("Ya."),
                            .stated_name = bytes_of_text("Siti"),
                            .at_ms = NOW_MS};
    memset(answer.salt, 3, sizeof answer.salt);
    assert_int_equal(answer_encode(&answer, body, sizeof body, &len, NULL), 0);
    from_node(story, "16.03", ENTRY_ANSWER, bytes_of(body, len));
    accepted(story);
    put_returned(story, "16.03", &question);
    accepted(story);
    assert_int_equal(document_of(story, drafted.id).rungs, 1u << RUNG_KIND_ACKNOWLEDGED);
    assert_int_equal(memory_views_count(story->memory, VIEW_ANSWERS), 1);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 0);
    same_again(story);
}

/* Each node that got it hands it back: it is taken in once, and the others have it again. */
static void an_advisory_to_all_is_handed_back(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    const struct document wanted = {.type = DOCUMENT_TYPE_ADVISORY,
                                    .addressee = bytes_of_text("16"),
                                    .text = bytes_of_text("Tetap netral")};
    struct signed_document advisory = letter(story, &wanted, &drafted);
    put_rung(story, "16.07", drafted.id, RUNG_KIND_ACKNOWLEDGED);
    accepted(story);
    put_returned(story, "16.03", &advisory);
    accepted(story);
    assert_int_equal(story->out.office_count, 1);
    office_is(story, 0, ENTRY_DOCUMENT, NODE_07);
    assert_int_equal(memory_views_count(story->memory, VIEW_RUNGS), 1);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 1);
    put_returned(story, "16.07", &advisory);
    accepted(story);
    assert_int_equal(story->out.office_count, 0);
    same_again(story);
}

/* ---- any order ---- */
enum step { REPORT, STORED, ACKNOWLEDGED, RECOMMENDED, DECIDED, STEPS };

static void take_step(struct story *story, unsigned step)
{
    switch (step) {
    case REPORT:
        report_comes(story);
        break;
    case STORED:
        put_rung(story, "16.03", lost.recommendation.id, RUNG_KIND_STORED);
        break;
    case ACKNOWLEDGED:
        put_rung(story, "16.03", lost.recommendation.id, RUNG_KIND_ACKNOWLEDGED);
        break;
    case RECOMMENDED:
        hand_back(story, &lost.recommendation);
        break;
    default:
        hand_back(story, &lost.decision);
    }
    accepted(story);
}

static void check_all_in(struct story *story)
{
    struct case_name name = only_case(story);
    struct case_view view = case_of(story, &name);
    assert_int_equal(view.state, CASE_DECIDED);
    assert_int_equal(view.version, 3);
    assert_int_equal(view.report_count, 1);
    struct document_view made = document_of(story, lost.recommendation.id);
    assert_int_equal(made.state, DOCUMENT_ISSUED);
    assert_int_equal(made.rungs, 1u << RUNG_KIND_STORED | 1u << RUNG_KIND_ACKNOWLEDGED);
    assert_memory_equal(&made.case_name, &name, sizeof name);
    assert_int_equal(document_of(story, lost.decision.id).state, DOCUMENT_ISSUED);
    assert_int_equal(memory_views_count(story->memory, VIEW_RUNGS), 2);
    assert_int_equal(memory_views_count(story->memory, VIEW_RUNGS_EARLY), 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_AWAITED), 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 1); /* the decision */
    assert_int_equal(memory_views_count(story->memory, VIEW_REFUSED), 0);
    assert_int_equal(memory_views_count(story->memory, VIEW_ALARMS), 0);
    same_again(story);
}

static void any_order_leaves_the_same(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 120; order++) {
        unsigned left[STEPS] = {REPORT, STORED, ACKNOWLEDGED, RECOMMENDED, DECIDED};
        unsigned code = order;
        void *fresh = NULL;
        restored_open(&fresh);
        for (unsigned count = STEPS; count > 0; count--) {
            unsigned at = code % count;
            code /= count;
            take_step(fresh, left[at]);
            memmove(&left[at], &left[at + 1], (count - at - 1) * sizeof left[0]);
        }
        check_all_in(fresh);
        story_close(&fresh);
    }
}

/* The report comes in a successor of its log, or went into another case this time. */
static void the_case_is_found_by_any_name(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        void *fresh = NULL;
        restored_open(&fresh);
        struct story *story = fresh;
        if (way / 2 == 1) { /* the other report was the second one before */
            put_report(story, (struct filed){"16.03", "k", NIP, "16.03", NULL, 1});
        }
        put_genesis(story, 30, LOG_07, 0, 5, false);
        if (way % 2 == 0) {
            hand_back(story, &lost.recommendation);
        }
        put_in(story, 30, 2, "16.07", ENTRY_REPORT, lost_report());
        if (way % 2 == 1) {
            hand_back(story, &lost.recommendation);
        }
        accepted(story);
        struct case_name name = only_case(story);
        assert_int_equal(case_of(story, &name).state, CASE_RECOMMENDED);
        struct document_view view = document_of(story, lost.recommendation.id);
        assert_memory_equal(&view.case_name, &name, sizeof name);
        assert_int_equal(memory_views_count(story->memory, VIEW_AWAITED), 0);
        same_again(story);
        story_close(&fresh);
    }
}

static void the_newer_one_replaces_in_any_order(void **state)
{
    (void)state;
    for (unsigned order = 0; order < 2; order++) {
        void *fresh = NULL;
        struct document document;
        struct drafted newer = {.len = 0};
        restored_open(&fresh);
        struct story *story = fresh;
        report_comes(story);
        assert_int_equal(
            document_decode(bytes_of(lost.recommendation.bytes, lost.recommendation.len),
                            story->arena, &document, NULL),
            0);
        document.id = bytes_of_text("16-2024-000009-7f3a");
        document.supersedes = bytes_of_text(lost.recommendation.id);
        assert_int_equal(
            document_encode(&document, newer.bytes, sizeof newer.bytes, &newer.len, NULL), 0);
        hand_back(story, order == 0 ? &lost.recommendation : &newer);
        accepted(story);
        hand_back(story, order == 0 ? &newer : &lost.recommendation);
        accepted(story);
        assert_int_equal(document_of(story, lost.recommendation.id).state, DOCUMENT_SUPERSEDED);
        assert_int_equal(document_of(story, "16-2024-000009-7f3a").state, DOCUMENT_ISSUED);
        assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 1);
        struct case_name name = only_case(story);
        assert_int_equal(case_of(story, &name).state, CASE_RECOMMENDED);
        assert_int_equal(case_of(story, &name).version, 3);
        same_again(story);
        story_close(&fresh);
    }
}

/* ---- key rings ---- */
static void it_waits_for_its_key_ring(void **state)
{
    (void)state;
    for (unsigned revoked = 0; revoked < 2; revoked++) {
        void *fresh = NULL;
        struct document document;
        struct drafted later = {.len = 0};
        restored_open(&fresh);
        struct story *story = fresh;
        report_comes(story);
        assert_int_equal(
            document_decode(bytes_of(lost.recommendation.bytes, lost.recommendation.len),
                            story->arena, &document, NULL),
            0);
        document.ring = 2;
        assert_int_equal(
            document_encode(&document, later.bytes, sizeof later.bytes, &later.len, NULL), 0);
        hand_back(story, &later);
        accepted(story);
        assert_non_null(strstr(story->out.text, "waits for key ring 2"));
        assert_int_equal(memory_views_count(story->memory, VIEW_DOCUMENTS), 0);
        put_ring(story, &story->root, 2, revoked ? KEY_REVOKED_FOR_GOOD : KEY_RETIRED);
        accepted(story);
        assert_string_equal(story->out.text, "key ring 2 holds");
        assert_int_equal(memory_views_count(story->memory, VIEW_HELD), 0);
        assert_int_equal(memory_views_count(story->memory, VIEW_DOCUMENTS), !revoked);
        assert_int_equal(memory_views_count(story->memory, VIEW_REFUSED), revoked);
        /* The ring to both nodes, then to the one what became of its document. */
        office_is(story, 2, revoked ? ENTRY_REFUSAL : ENTRY_STATUS, revoked ? NODE_03 : NODE_07);
        same_again(story);
        story_close(&fresh);
    }
}

/* ---- what is refused ---- */
struct forgery {
    const char *what;
    int code;
    const char *part;
    const char *owner;
    void (*change)(const struct story *story, struct document *document);
    void (*spoil)(const struct story *story, struct signed_document *document);
};

static void other_id(const struct story *story, struct document *document)
{
    (void)story;
    document->id = bytes_of_text("surat-1");
}
static void long_id(const struct story *story, struct document *document)
{
    (void)story;
    document->id = bytes_of_text("16-2024-000000000000000000000000000000000000001-7f3a");
}
static void other_province(const struct story *story, struct document *document)
{
    (void)story;
    document->province = bytes_of_text("17");
}
static void no_authority(const struct story *story, struct document *document)
{
    (void)story;
    document->authority = bytes_of_text(" ");
}
static void no_case(const struct story *story, struct document *document)
{
    (void)story;
    document->case_name = bytes_of_text("16-000001");
}
static void one_signature(const struct story *story, struct signed_document *document)
{
    (void)story;
    document->signature_count = 1;
}
static void no_signature(const struct story *story, struct signed_document *document)
{
    (void)story;
    document->signature_count = 0;
}
static void one_person(const struct story *story, struct signed_document *document)
{
    document->signatures[1] = sign(document->document, "tono", &story->tono);
}
static void signed_twice(const struct story *story, struct signed_document *document)
{
    (void)story;
    document->signatures[1] = document->signatures[0];
}
static void bent_signature(const struct story *story, struct signed_document *document)
{
    (void)story;
    document->signatures[1].signature.b[7] ^= 1;
}
static void stranger(const struct story *story, struct signed_document *document)
{
    document->signatures[1] = sign(document->document, "rudi", &story->budi);
}
static void other_key(const struct story *story, struct signed_document *document)
{
    document->signatures[1] = sign(document->document, "budi", &story->tono);
}
static void other_bytes(const struct story *story, struct signed_document *document)
{
    static uint8_t bytes[ENTRY_BYTES_MAX];
    (void)story;
    memcpy(bytes, document->document.data, document->document.len);
    bytes[document->document.len - 1] ^= 1; /* in its salt */
    document->document.data = bytes;
}
static void not_a_document(const struct story *story, struct signed_document *document)
{
    (void)story;
    document->document = bytes_of_text("bukan");
}

static const struct forgery forgeries[] = {
    {"another regency's", ERR_NOT_FOUND, "addressed to 16.03", "16.07", NULL, NULL},
    {"no id of ours", ERR_FORMAT, "id: ", "16.03", other_id, NULL},
    {"an id too long", ERR_FORMAT, "id: ", "16.03", long_id, NULL},
    {"of another province", ERR_FORMAT, "province 17", "16.03", other_province, NULL},
    {"no authority", ERR_FORMAT, "authority", "16.03", no_authority, NULL},
    {"no case", ERR_FORMAT, "case_name", "16.03", no_case, NULL},
    {"one signature", ERR_STATE, "second person", "16.03", NULL, one_signature},
    {"no signature", ERR_STATE, "nobody signed", "16.03", NULL, no_signature},
    {"one person by two ids", ERR_STATE, "second person", "16.03", NULL, one_person},
    {"one officer twice", ERR_STATE, "second person", "16.03", NULL, signed_twice},
    {"a bent signature", ERR_SIGNATURE, "budi", "16.03", NULL, bent_signature},
    {"a stranger's", ERR_KEY, "rudi", "16.03", NULL, stranger},
    {"another's key", ERR_SIGNATURE, "budi", "16.03", NULL, other_key},
    {"other bytes", ERR_SIGNATURE, "sri", "16.03", NULL, other_bytes},
    {"no document", ERR_FORMAT, "", "16.03", NULL, not_a_document},
};

static void forged_ones_are_refused(void **state)
{
    struct story *story = *state;
    report_comes(story);
    struct case_name name = only_case(story);
    for (size_t i = 0; i < sizeof forgeries / sizeof forgeries[0]; i++) {
        const struct forgery *forgery = &forgeries[i];
        struct document document;
        struct drafted changed = {.len = 0};
        assert_int_equal(
            document_decode(bytes_of(lost.recommendation.bytes, lost.recommendation.len),
                            story->arena, &document, NULL),
            0);
        if (forgery->change != NULL) {
            forgery->change(story, &document);
        }
        assert_int_equal(
            document_encode(&document, changed.bytes, sizeof changed.bytes, &changed.len, NULL), 0);
        struct signed_document both = with_two(story, bytes_of(changed.bytes, changed.len));
        if (forgery->spoil != NULL) {
            forgery->spoil(story, &both);
        }
        put_returned(story, forgery->owner, &both);
        if (story->out.code != forgery->code) {
            fail_msg("%s: %s, %s", forgery->what, err_name(story->out.code), story->out.text);
        }
        refused(story, forgery->code, forgery->part);
        assert_int_equal(story->out.office_count, 1);
        assert_int_equal(story->out.office[0].kind, ENTRY_REFUSAL);
        assert_int_equal(memory_views_count(story->memory, VIEW_DOCUMENTS), 0);
        assert_int_equal(memory_views_count(story->memory, VIEW_HELD), 0);
        assert_int_equal(memory_views_count(story->memory, VIEW_AWAITED), 0);
        assert_int_equal(case_of(story, &name).version, 1);
    }
    put_in(story, LOG_03, 99, "16.03", ENTRY_RETURNED, bytes_of_text("bukan"));
    refused(story, ERR_FORMAT, "");
    put_ring(story, &story->root, 2, KEY_REVOKED_FOR_GOOD);
    hand_back(story, &lost.recommendation);
    refused(story, ERR_KEY, "sri");
    same_again(story);
}

/* ---- the rest ---- */
static void an_advisory_needs_no_case(void **state)
{
    struct story *story = *state;
    struct drafted drafted;
    struct document wanted = {.type = DOCUMENT_TYPE_ADVISORY,
                              .addressee = bytes_of_text("16.03"),
                              .text = bytes_of_text("Tetap netral")};
    assert_int_equal(draft(story, NULL, &wanted, &drafted, NULL), 0);
    struct bytes document = bytes_of(drafted.bytes, drafted.len);
    struct signed_document by_one = {.document = document, .signature_count = 1};
    by_one.signatures[0] = sign(document, "budi", &story->budi);
    put_returned(story, "16.03", &by_one);
    accepted(story);
    assert_int_equal(document_of(story, drafted.id).state, DOCUMENT_ISSUED);
    assert_int_equal(memory_views_count(story->memory, VIEW_AWAITED), 0);
    same_again(story);
}

static void a_newer_box_gets_it_too(void **state)
{
    struct story *story = *state;
    put_enrolment(story, 8, "16.03", true);
    hand_back(story, &lost.recommendation);
    accepted(story);
    assert_int_equal(story->out.office_count, 1);
    office_is(story, 0, ENTRY_DOCUMENT, 8);
}

static void a_case_that_went_elsewhere_is_an_alarm(void **state)
{
    struct story *story = *state;
    report_comes(story);
    struct case_name name = only_case(story);
    advance(story, &name, 1, "rejected");
    accepted(story);
    hand_back(story, &lost.recommendation);
    accepted(story);
    assert_true(story->out.alarm);
    assert_int_equal(case_of(story, &name).state, CASE_REJECTED);
    assert_int_equal(document_of(story, lost.recommendation.id).state, DOCUMENT_ISSUED);
    same_again(story);
}

/* Rungs of a document that is not here: refused as ever under our own suffix, kept all the same. */
static void rungs_of_others_do_not_count(void **state)
{
    struct story *story = *state;
    put_rung(story, "16.03", "16-2024-000001-0000", RUNG_KIND_STORED); /* of this life */
    refused(story, ERR_NOT_FOUND, "000001");
    put_rung(story, "16.07", lost.recommendation.id, RUNG_KIND_ACKNOWLEDGED); /* not theirs */
    accepted(story);
    put_rung(story, "16.03", lost.recommendation.id, RUNG_KIND_STORED);
    accepted(story);
    hand_back(story, &lost.recommendation);
    accepted(story);
    assert_int_equal(document_of(story, lost.recommendation.id).rungs, 1u << RUNG_KIND_STORED);
    assert_int_equal(memory_views_count(story->memory, VIEW_RUNGS), 1);
    assert_int_equal(memory_views_count(story->memory, VIEW_ADDRESSEES), 1);
    same_again(story);
}

/* All at once, for the sweep: early rungs, documents before their report, copies. */
static void every_failed_read_comes_through(void **state)
{
    struct story *story = *state;
    take_step(story, STORED);
    take_step(story, DECIDED);
    take_step(story, RECOMMENDED);
    take_step(story, ACKNOWLEDGED);
    put_enrolment(story, 8, "16.03", true);
    take_step(story, REPORT);
    put_genesis(story, 30, LOG_07, 0, 5, false);
    put_in(story, 30, 2, "16.07", ENTRY_REPORT, lost_report());
    assert_true(sweep_reads(story) > 60);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, restored_open, story_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(taken_in_as_issued),
        STORY(again_is_nothing_and_other_bytes_an_alarm),
        STORY(an_open_proposal_gives_way),
        STORY(an_answer_comes_before_its_question),
        STORY(an_advisory_to_all_is_handed_back),
        cmocka_unit_test(any_order_leaves_the_same),
        cmocka_unit_test(the_case_is_found_by_any_name),
        cmocka_unit_test(the_newer_one_replaces_in_any_order),
        cmocka_unit_test(it_waits_for_its_key_ring),
        STORY(forged_ones_are_refused),
        STORY(an_advisory_needs_no_case),
        STORY(a_newer_box_gets_it_too),
        STORY(a_case_that_went_elsewhere_is_an_alarm),
        STORY(rungs_of_others_do_not_count),
        STORY(every_failed_read_comes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
