/* Bodies of entries and trust files: what each field must be, limits in both directions, and that
 * nothing anybody sends can do harm. */
#include "core/wire/entry.h"
#include "core/wire/trust_file.h"
#include "unit/core/wire/message_rows.h"

#include "kabar/v1/entry.pb-c.h"
#include "kabar/v1/trust.pb-c.h"

static uint8_t room[65536];

#define KIND(type)                                                                                 \
    static int decode_##type(struct bytes message, struct err_ctx *err)                            \
    {                                                                                              \
        static struct type value;                                                                  \
        arena_reset(arena);                                                                        \
        memset(&value, 0x5a, sizeof value);                                                        \
        return type##_decode(message, arena, &value, err);                                         \
    }                                                                                              \
    ROUND_TRIP(type)
KIND(genesis)
KIND(report)
KIND(zero_report)
KIND(withdrawal)
KIND(rung)
KIND(returned)
KIND(signed_document)
KIND(document)
KIND(status)
KIND(refusal)
KIND(object_note)
KIND(enrolment)
KIND(revocation)
KIND(placement)
KIND(act)
KIND(rejected)
KIND(catalogue_part)
KIND(ring)
KIND(signed_ring)
KIND(enrol_request)
KIND(signed_request)
KIND(province_card)

static const struct row genesis_rows[] = {
    {"direction", ROW_ENUM, MUST},
    {"lane", ROW_ENUM, MUST},
    {"owner", ROW_TEXT, MUST},
    {"counterpart", ROW_TEXT, MUST},
    {"signing_key", ROW_FIXED, MUST},
    {"enrolment", ROW_NUMBER, MUST},
    {"predecessor", ROW_NUMBER, MAY},
    {"predecessor.incarnation", ROW_FIXED, MUST},
    {"predecessor.seq", ROW_NUMBER, MUST},
    {"predecessor.h", ROW_FIXED, MUST},
    {"predecessor.count", ROW_NUMBER, MUST},
    {"created_ms", ROW_NUMBER, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row report_rows[] = {
    {"key", ROW_TEXT, MAY},
    {"regency", ROW_TEXT, MUST},
    {"channel", ROW_ENUM, MUST},
    {"form", ROW_TEXT, MUST},
    {"occurred_on", ROW_NUMBER, MAY},
    {"occurred_until", ROW_NUMBER, MAY},
    {"known_on", ROW_NUMBER, MAY},
    {"place", ROW_TEXT, MAY},
    {"description", ROW_TEXT, MAY},
    {"url", ROW_TEXT, MAY},
    {"candidate", ROW_TEXT, MAY},
    {"external_ref", ROW_TEXT, MAY},
    {"urgent", ROW_NUMBER, MAY},
    {"subjects", ROW_NUMBER, MAY},
    {"subjects.name", ROW_TEXT, MAY},
    {"subjects.nip", ROW_TEXT, MAY},
    {"subjects.nik", ROW_TEXT, MAY},
    {"subjects.employment", ROW_ENUM, MAY},
    {"subjects.unit", ROW_TEXT, MAY},
    {"subjects.position", ROW_TEXT, MAY},
    {"subjects.account", ROW_TEXT, MAY},
    {"subjects.regency", ROW_TEXT, MAY},
    {"evidence", ROW_NUMBER, MAY},
    {"evidence.sha256", ROW_FIXED, MUST},
    {"evidence.media_type", ROW_TEXT, MAY},
    {"evidence.size", ROW_NUMBER, MAY},
    {"evidence.block_list", ROW_EXACT, MAY},
    {"evidence.name", ROW_TEXT, MAY},
    {"sealed_reporter", ROW_BLOB, MAY},
    {"entered_by", ROW_TEXT, MAY},
    {"entered_ms", ROW_NUMBER, MAY},
    {"salt", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row zero_rows[] = {
    {"regency", ROW_TEXT, MUST},     {"from", ROW_NUMBER, MUST},      {"until", ROW_NUMBER, MUST},
    {"scope", ROW_ENUM, MUST},       {"stated_name", ROW_TEXT, MUST}, {"entered_by", ROW_TEXT, MAY},
    {"entered_ms", ROW_NUMBER, MAY}, {"salt", ROW_FIXED, MUST},       {NULL, ROW_NUMBER, MAY},
};
static const struct row withdrawal_rows[] = {
    {"target", ROW_NUMBER, MUST},     {"target.incarnation", ROW_FIXED, MUST},
    {"target.seq", ROW_NUMBER, MUST}, {"reason", ROW_TEXT, MAY},
    {"entered_by", ROW_TEXT, MAY},    {"entered_ms", ROW_NUMBER, MAY},
    {"salt", ROW_FIXED, MUST},        {NULL, ROW_NUMBER, MAY},
};
static const struct row rung_rows[] = {
    {"document", ROW_TEXT, MUST}, {"rung", ROW_ENUM, MUST}, {"person", ROW_TEXT, MAY},
    {"at_ms", ROW_NUMBER, MUST},  {"note", ROW_TEXT, MAY},  {"salt", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row returned_rows[] = {
    {"signed_document", ROW_BLOB, MUST},
    {"office_incarnation", ROW_FIXED, MUST},
    {"office_seq", ROW_NUMBER, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row signed_document_rows[] = {
    {"document", ROW_BLOB, MUST},
    {"signatures", ROW_NUMBER, MAY},
    {"signatures.officer", ROW_TEXT, MUST},
    {"signatures.signature", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row document_rows[] = {
    {"province", ROW_TEXT, MUST},      {"id", ROW_TEXT, MUST},
    {"type", ROW_ENUM, MUST},          {"case_name", ROW_TEXT, MAY},
    {"case_version", ROW_NUMBER, MAY}, {"addressee", ROW_TEXT, MAY},
    {"authority", ROW_TEXT, MAY},      {"legal_basis", ROW_TEXT, MAY},
    {"sanction", ROW_TEXT, MAY},       {"text", ROW_TEXT, MAY},
    {"subject_name", ROW_TEXT, MAY},   {"subject_nip", ROW_TEXT, MAY},
    {"subject_unit", ROW_TEXT, MAY},   {"decree_number", ROW_TEXT, MAY},
    {"decree_date", ROW_NUMBER, MAY},  {"decree_scan", ROW_EXACT, MAY},
    {"respond_by", ROW_NUMBER, MAY},   {"catalogue", ROW_BLOB, MAY},
    {"ring", ROW_NUMBER, MUST},        {"supersedes", ROW_TEXT, MAY},
    {"expires_ms", ROW_NUMBER, MAY},   {"created_ms", ROW_NUMBER, MAY},
    {"form", ROW_TEXT, MAY},           {"salt", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row status_rows[] = {
    {"report", ROW_NUMBER, MUST},     {"report.incarnation", ROW_FIXED, MUST},
    {"report.seq", ROW_NUMBER, MUST}, {"subject", ROW_NUMBER, MUST},
    {"case_short", ROW_TEXT, MAY},    {"state", ROW_TEXT, MUST},
    {"text", ROW_TEXT, MAY},          {"at_ms", ROW_NUMBER, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row refusal_rows[] = {
    {"entry", ROW_NUMBER, MUST},     {"entry.incarnation", ROW_FIXED, MUST},
    {"entry.seq", ROW_NUMBER, MUST}, {"code", ROW_TEXT, MUST},
    {"text", ROW_TEXT, MAY},         {"at_ms", ROW_NUMBER, MUST},
    {"subject", ROW_NUMBER, MAY},    {NULL, ROW_NUMBER, MAY},
};
static const struct row object_note_rows[] = {
    {"purpose", ROW_ENUM, MUST},     {"hash", ROW_FIXED, MUST},   {"size", ROW_NUMBER, MUST},
    {"block_list", ROW_FIXED, MUST}, {"number", ROW_NUMBER, MAY}, {"signature", ROW_FIXED, MAY},
    {"name", ROW_TEXT, MAY},         {NULL, ROW_NUMBER, MAY},
};
static const struct row enrolment_rows[] = {
    {"number", ROW_NUMBER, MUST},      {"regency", ROW_TEXT, MUST},
    {"curve_key", ROW_FIXED, MUST},    {"signing_key", ROW_FIXED, MUST},
    {"request_hash", ROW_FIXED, MUST}, {"office", ROW_FIXED, MUST},
    {"active", ROW_NUMBER, MAY},       {"officer", ROW_TEXT, MUST},
    {"signature", ROW_FIXED, MUST},    {"at_ms", ROW_NUMBER, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row revocation_rows[] = {
    {"number", ROW_NUMBER, MUST},   {"reason", ROW_TEXT, MAY},   {"officer", ROW_TEXT, MUST},
    {"signature", ROW_FIXED, MUST}, {"at_ms", ROW_NUMBER, MUST}, {NULL, ROW_NUMBER, MAY},
};
static const struct row catalogue_part_rows[] = {
    {"hash", ROW_FIXED, MUST},     {"number", ROW_NUMBER, MUST}, {"part", ROW_NUMBER, MUST},
    {"parts", ROW_NUMBER, MUST},   {"data", ROW_BLOB, MUST},     {"signature", ROW_FIXED, MUST},
    {"entered_by", ROW_TEXT, MAY}, {"at_ms", ROW_NUMBER, MUST},  {"note_signature", ROW_FIXED, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row placement_rows[] = {
    {"position", ROW_NUMBER, MUST},    {"subject", ROW_NUMBER, MUST},  {"outcome", ROW_ENUM, MUST},
    {"case_name", ROW_TEXT, MUST},     {"rule", ROW_TEXT, MAY},        {"fields", ROW_TEXTS, MAY},
    {"score_milli", ROW_NUMBER, MUST}, {"candidates", ROW_TEXTS, MAY}, {"matcher", ROW_TEXT, MUST},
    {"joined", ROW_TEXTS, MAY},        {NULL, ROW_NUMBER, MAY},
};
#define ACT_ROWS                                                                                   \
    {"officer", ROW_TEXT, MUST}, {"at_ms", ROW_NUMBER, MUST}, {"case_name", ROW_TEXT, MAY},        \
        {"case_version", ROW_NUMBER, MAY},                                                         \
    {                                                                                              \
        "entered_by", ROW_TEXT, MAY                                                                \
    }
static const struct row propose_rows[] = {
    ACT_ROWS,
    {"propose", ROW_ONE_OF, MUST},
    {"propose.document", ROW_BLOB, MUST},
    {"propose.signatures", ROW_NUMBER, MAY},
    {"propose.signatures.officer", ROW_TEXT, MUST},
    {"propose.signatures.signature", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row countersign_rows[] = {
    ACT_ROWS,
    {"countersign", ROW_ONE_OF, MUST},
    {"countersign.document", ROW_TEXT, MUST},
    {"countersign.signature", ROW_NUMBER, MUST},
    {"countersign.signature.officer", ROW_TEXT, MUST},
    {"countersign.signature.signature", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row advance_rows[] = {
    ACT_ROWS,
    {"advance", ROW_ONE_OF, MUST},
    {"advance.state", ROW_TEXT, MUST},
    {"advance.reason", ROW_TEXT, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row withdraw_rows[] = {
    ACT_ROWS,
    {"withdraw", ROW_ONE_OF, MUST},
    {"withdraw.document", ROW_TEXT, MUST},
    {"withdraw.reason", ROW_TEXT, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row look_rows[] = {
    ACT_ROWS,
    {"look", ROW_ONE_OF, MUST},
    {"look.scope", ROW_TEXT, MUST},
    {"look.reason", ROW_TEXT, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row assign_rows[] = {
    ACT_ROWS,
    {"assign", ROW_ONE_OF, MUST},
    {"assign.officer", ROW_TEXT, MAY},
    {"assign.authority", ROW_TEXT, MAY},
    {"assign.barred", ROW_TEXTS, MAY},
    {"assign.leave", ROW_ENUM, MAY},
    {"assign.reason", ROW_TEXT, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row merge_rows[] = {
    ACT_ROWS,
    {"merge", ROW_ONE_OF, MUST},
    {"merge.other", ROW_TEXT, MUST},
    {"merge.other_version", ROW_NUMBER, MUST},
    {"merge.reason", ROW_TEXT, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row split_rows[] = {
    ACT_ROWS,
    {"split", ROW_ONE_OF, MUST},
    {"split.pieces", ROW_NUMBER, MAY},
    {"split.pieces.report", ROW_NUMBER, MUST},
    {"split.pieces.report.incarnation", ROW_FIXED, MUST},
    {"split.pieces.report.seq", ROW_NUMBER, MUST},
    {"split.pieces.subject", ROW_NUMBER, MUST},
    {"split.reason", ROW_TEXT, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row rejected_rows[] = {
    {"position", ROW_NUMBER, MUST},
    {"code", ROW_TEXT, MUST},
    {"text", ROW_TEXT, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row ring_rows[] = {
    {"province", ROW_TEXT, MUST},      {"number", ROW_NUMBER, MUST},
    {"issued_ms", ROW_NUMBER, MUST},   {"curve_key", ROW_FIXED, MUST},
    {"log_key", ROW_FIXED, MUST},      {"reader_key", ROW_FIXED, MUST},
    {"bundle_key", ROW_FIXED, MUST},   {"officers", ROW_NUMBER, MAY},
    {"officers.id", ROW_TEXT, MUST},   {"officers.name", ROW_TEXT, MUST},
    {"officers.role", ROW_TEXT, MUST}, {"officers.scope", ROW_TEXT, MUST},
    {"officers.key", ROW_FIXED, MUST}, {"officers.state", ROW_ENUM, MUST},
    {"name", ROW_TEXT, MAY},           {NULL, ROW_NUMBER, MAY},
};
static const struct row signed_ring_rows[] = {
    {"ring", ROW_BLOB, MUST},
    {"signature", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row enrol_request_rows[] = {
    {"regency", ROW_TEXT, MUST}, {"curve_key", ROW_FIXED, MUST},   {"signing_key", ROW_FIXED, MUST},
    {"nonce", ROW_FIXED, MUST},  {"created_ms", ROW_NUMBER, MUST}, {"host", ROW_TEXT, MAY},
    {"software", ROW_TEXT, MAY}, {NULL, ROW_NUMBER, MAY},
};
static const struct row signed_request_rows[] = {
    {"request", ROW_BLOB, MUST},
    {"signature", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row province_card_rows[] = {
    {"request_hash", ROW_FIXED, MUST},
    {"root_key", ROW_FIXED, MUST},
    {"ring", ROW_NUMBER, MUST},
    {"ring.ring", ROW_BLOB, MUST},
    {"ring.signature", ROW_FIXED, MUST},
    {"endpoints", ROW_TEXTS, MUST},
    {"enrolment", ROW_NUMBER, MUST},
    {"regency", ROW_TEXT, MUST},
    {"aggregator_incarnation", ROW_FIXED, MUST},
    {"office", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};

static const struct kind {
    const char *message; /* name in the vectors */
    size_t nth;          /* which of its samples has every field */
    const ProtobufCMessageDescriptor *descriptor;
    const struct row *rows;
    int (*decode)(struct bytes message, struct err_ctx *err);
    bool (*round_trip)(struct bytes message);
} kinds[] = {
#define ROWS(message, nth, type, rows)                                                             \
    {                                                                                              \
#message, nth, &kabar__v1__##message##__descriptor, rows, decode_##type, round_trip_##type \
    }
    ROWS(genesis, 1, genesis, genesis_rows),
    ROWS(report, 0, report, report_rows),
    ROWS(zero, 0, zero_report, zero_rows),
    ROWS(withdrawal, 0, withdrawal, withdrawal_rows),
    ROWS(rung, 0, rung, rung_rows),
    ROWS(returned, 0, returned, returned_rows),
    ROWS(signed_document, 0, signed_document, signed_document_rows),
    ROWS(document, 0, document, document_rows),
    ROWS(status, 0, status, status_rows),
    ROWS(refusal, 0, refusal, refusal_rows),
    ROWS(object_note, 0, object_note, object_note_rows),
    ROWS(enrolment, 0, enrolment, enrolment_rows),
    ROWS(revocation, 0, revocation, revocation_rows),
    ROWS(placement, 0, placement, placement_rows),
    ROWS(act, 0, act, propose_rows),
    ROWS(act, 1, act, countersign_rows),
    ROWS(act, 2, act, advance_rows),
    ROWS(act, 3, act, assign_rows),
    ROWS(act, 6, act, merge_rows),
    ROWS(act, 7, act, split_rows),
    ROWS(act, 4, act, withdraw_rows),
    ROWS(act, 5, act, look_rows),
    ROWS(rejected, 0, rejected, rejected_rows),
    ROWS(catalogue_part, 1, catalogue_part, catalogue_part_rows),
    {"ring", 0, &kabar__v1__key_ring__descriptor, ring_rows, decode_ring, round_trip_ring},
    ROWS(signed_ring, 0, signed_ring, signed_ring_rows),
    ROWS(enrol_request, 0, enrol_request, enrol_request_rows),
    ROWS(signed_request, 0, signed_request, signed_request_rows),
    ROWS(province_card, 0, province_card, province_card_rows),
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static struct bytes sample_of(size_t nth, uint8_t to[SAMPLE_BYTES_MAX])
{
    return sample("messages", "message", kinds[nth].message, kinds[nth].nth, to);
}

static struct rows_of rows_of_nth(size_t nth, uint8_t to[SAMPLE_BYTES_MAX])
{
    return (struct rows_of){
        .name = kinds[nth].message,
        .descriptor = kinds[nth].descriptor,
        .rows = kinds[nth].rows,
        .sample = sample_of(nth, to),
        .decode = kinds[nth].decode,
    };
}

static void every_field_is_checked(void **state)
{
    (void)state;
    check_all_rows(KIND_COUNT, rows_of_nth);
}

static void empty_and_too_long_bodies_are_refused(void **state)
{
    (void)state;
    static const uint8_t zeros[2 * ENTRY_BYTES_MAX + 1];
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct err_ctx err = {{0}};
        assert_int_equal(kinds[i].decode((struct bytes){0}, &err), ERR_FORMAT);
        assert_non_null(strstr(err.text, "missing"));
        assert_int_equal(kinds[i].decode(bytes_of(zeros, sizeof zeros), &err), ERR_LIMIT);
    }
}

static void ret_stays_unchanged_on_failure(void **state)
{
    (void)state;
    uint8_t bytes[SAMPLE_BYTES_MAX];
    struct rung rung = {.at_ms = 4711, .rung = RUNG_KIND_SHOWN};
    struct rung before = rung;
    struct bytes body = sample("messages", "message", "rung", 0, bytes);
    for (size_t len = 0; len < body.len; len++) {
        arena_reset(arena);
        assert_true(rung_decode(bytes_of(body.data, len), arena, &rung, NULL) < 0);
        assert_memory_equal(&rung, &before, sizeof rung);
    }
}

static void a_small_arena_is_a_limit(void **state)
{
    (void)state;
    uint8_t bytes[SAMPLE_BYTES_MAX];
    struct report report;
    struct bytes body = sample("messages", "message", "report", 0, bytes);
    int rc = ERR_LIMIT;
    size_t capacity = 64;
    for (; rc == ERR_LIMIT && capacity < PARSE_ARENA_BYTES; capacity += 64) {
        struct arena *small = arena_new(capacity);
        assert_non_null(small);
        rc = report_decode(body, small, &report, NULL);
        arena_free(small);
    }
    assert_int_equal(rc, 0);
    assert_in_range(capacity, 2048, 32768);
}

/* 76-fold growth measured with plain protobuf-c: here 16 KiB of nothing end at a limit. */
static void empty_subjects_are_a_limit(void **state)
{
    (void)state;
    uint8_t body[ENTRY_BYTES_MAX];
    struct err_ctx err = {{0}};
    for (size_t i = 0; i < sizeof body; i += 2) {
        body[i] = 14u << 3 | 2u;
        body[i + 1] = 0;
    }
    assert_int_equal(decode_report(bytes_of(body, sizeof body), &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, "too many fields"));
}

static struct report plain_report(struct subject *subjects, struct evidence *evidence)
{
    return (struct report){
        .regency = bytes_of_text("16.07"),
        .form = bytes_of_text("DS-06"),
        .channel = 1,
        .has_occurred_on = true,
        .subjects = subjects,
        .evidence = evidence,
    };
}

static void lists_have_their_limits_both_ways(void **state)
{
    (void)state;
    static struct subject subjects[SUBJECTS_MAX + 1];
    static struct evidence evidence[EVIDENCE_MAX + 1];
    struct report report = plain_report(subjects, evidence);
    struct err_ctx err = {{0}};
    size_t len = 0;
    for (size_t i = 0; i < SUBJECTS_MAX; i++) {
        subjects[i].name = bytes_of_text("a name");
    }
    report.subject_count = SUBJECTS_MAX;
    report.evidence_count = EVIDENCE_MAX;
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), 0);
    struct report back;
    arena_reset(arena);
    assert_int_equal(report_decode(bytes_of(room, len), arena, &back, &err), 0);
    assert_int_equal(back.subject_count, SUBJECTS_MAX);
    assert_true(bytes_equal(back.subjects[SUBJECTS_MAX - 1].name, bytes_of_text("a name")));
    /* One more of each, put behind by hand. */
    memcpy(room + len, "\x72\x03\x0a\x01z", 5);
    assert_int_equal(decode_report(bytes_of(room, len + 5), &err), ERR_LIMIT);
    assert_non_null(strstr(err.text, "subjects: more than 64"));
    report.subject_count = SUBJECTS_MAX + 1;
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), ERR_LIMIT);
    report.subject_count = 0;
    report.evidence_count = EVIDENCE_MAX + 1;
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), ERR_LIMIT);
}

static void the_largest_ring_fits(void **state)
{
    (void)state;
    static struct ring ring, back;
    struct err_ctx err = {{0}};
    size_t len = 0;
    ring.province = bytes_of_text("16");
    for (size_t i = 0; i < OFFICERS_MAX; i++) {
        ring.officers[i] = (struct officer){.id = bytes_of_text("an officer's id"),
                                            .name = bytes_of_text("An Officer With A Long Name"),
                                            .role = bytes_of_text("officer"),
                                            .scope = bytes_of_text("16.07"),
                                            .state = KEY_REVOKED_FOR_GOOD};
        ring.officers[i].key.b[0] = (uint8_t)i;
    }
    ring.officer_count = OFFICERS_MAX;
    assert_int_equal(ring_encode(&ring, room, sizeof room, &len, &err), 0);
    arena_reset(arena);
    assert_int_equal(ring_decode(bytes_of(room, len), arena, &back, &err), 0);
    assert_int_equal(back.officer_count, OFFICERS_MAX);
    assert_int_equal(back.officers[63].key.b[0], 63);
    ring.officer_count++;
    assert_int_equal(ring_encode(&ring, room, sizeof room, &len, &err), ERR_LIMIT);
}

static void encoders_refuse_what_decoders_would(void **state)
{
    (void)state;
    struct err_ctx err = {{0}};
    size_t len = 4711;
    struct report report = plain_report(NULL, NULL);
    report.description = bytes_of(room, TEXT_BYTES_MAX + 1);
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), ERR_LIMIT);
    report.description = bytes_of("\xc3(", 2);
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), ERR_UTF8);
    report.description = bytes_of(NULL, 0);
    report.channel = CHANNEL_COUNT;
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), ERR_VALUE);
    report.channel = 0;
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "channel is missing"));
    struct act act = {.officer = bytes_of_text("sri")};
    assert_int_equal(act_encode(&act, room, sizeof room, &len, &err), ERR_FORMAT);
    memset(&act.type, 9, sizeof act.type);
    assert_int_equal(act_encode(&act, room, sizeof room, &len, &err), ERR_VALUE);
    assert_int_equal(len, 4711);
}

/* Every part within its limit and the whole above ENTRY_BYTES_MAX. */
static void the_whole_entry_has_a_limit(void **state)
{
    (void)state;
    static uint8_t letters[NAME_BYTES_MAX];
    static struct subject subjects[SUBJECTS_MAX];
    struct report report = plain_report(subjects, NULL);
    struct err_ctx err = {{0}};
    size_t len = 0;
    memset(letters, 'a', sizeof letters);
    for (size_t i = 0; i < SUBJECTS_MAX; i++) {
        subjects[i].name = bytes_of(letters, sizeof letters);
    }
    report.subject_count = 62;
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), 0);
    assert_in_range(len, ENTRY_BYTES_MAX - 300, ENTRY_BYTES_MAX);
    report.subject_count = 64;
    assert_int_equal(report_encode(&report, room, sizeof room, &len, &err), ERR_LIMIT);
}

/* Whatever a node took for a document, it can hand back. */
static void the_longest_document_can_be_returned(void **state)
{
    (void)state;
    static const uint8_t letters[ENTRY_BYTES_MAX] = {'x'};
    static uint8_t entry[2 * ENTRY_BYTES_MAX];
    struct signed_document document = {.signature_count = 1};
    struct signed_document back;
    size_t len = 0;
    size_t more = 0;
    document.signatures[0].officer = bytes_of_text("sri");
    memset(document.signatures[0].signature.b, 1, SIGNATURE_BYTES);
    document.document = bytes_of(letters, SIGNED_DOCUMENT_BYTES_MAX - 100);
    assert_int_equal(signed_document_encode(&document, entry, sizeof entry, &len, NULL), 0);
    document.document.len += SIGNED_DOCUMENT_BYTES_MAX - len;
    assert_int_equal(signed_document_encode(&document, entry, sizeof entry, &len, NULL), 0);
    assert_int_equal(len, SIGNED_DOCUMENT_BYTES_MAX);
    arena_reset(arena);
    assert_int_equal(signed_document_decode(bytes_of(entry, len), arena, &back, NULL), 0);
    const struct returned returned = {
        .signed_document = bytes_of(entry, len), .office = {.b = {1}}, .office_seq = UINT64_MAX};
    assert_int_equal(returned_encode(&returned, room, sizeof room, &more, NULL), 0);
    assert_in_range(more, len, ENTRY_BYTES_MAX);
    memcpy(entry + len, "\xf8\x01\x01", 3); /* what we do not know of makes it longer too */
    assert_int_equal(signed_document_decode(bytes_of(entry, len + 3), arena, &back, NULL),
                     ERR_LIMIT);
    document.document.len++;
    assert_int_equal(signed_document_encode(&document, entry, sizeof entry, &more, NULL),
                     ERR_LIMIT);
}

static void zero_and_absent_are_two_things(void **state)
{
    (void)state;
    struct report report = plain_report(NULL, NULL);
    struct report back;
    size_t len = 0;
    report.has_known_on = true;
    assert_int_equal(report_encode(&report, room, sizeof room, &len, NULL), 0);
    arena_reset(arena);
    assert_int_equal(report_decode(bytes_of(room, len), arena, &back, NULL), 0);
    assert_true(back.has_known_on);
    assert_int_equal(back.known_on, 0);
    assert_false(back.has_occurred_until);
    assert_false(back.has_entered_ms);
}

/* What an officer signs is the enrolment without its signature; it does not pass as one. */
static void an_unsigned_enrolment_encodes_but_does_not_decode(void **state)
{
    (void)state;
    struct err_ctx err = {{0}};
    struct enrolment enrolment = {.regency = bytes_of_text("16.07"),
                                  .officer = bytes_of_text("sri")};
    size_t bare = 0;
    size_t signed_len = 0;
    assert_int_equal(enrolment_encode(&enrolment, room, sizeof room, &bare, NULL), 0);
    assert_int_equal(decode_enrolment(bytes_of(room, bare), &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "signature is missing"));
    enrolment.signature.b[63] = 1;
    assert_int_equal(enrolment_encode(&enrolment, room, sizeof room, &signed_len, NULL), 0);
    assert_int_equal(signed_len, bare + 66);
    assert_int_equal(decode_enrolment(bytes_of(room, signed_len), &err), 0);
}

static void a_card_takes_only_a_signed_ring(void **state)
{
    (void)state;
    uint8_t bytes[SAMPLE_BYTES_MAX];
    struct province_card card;
    struct err_ctx err = {{0}};
    size_t len = 0;
    struct bytes body = sample("messages", "message", "province_card", 0, bytes);
    arena_reset(arena);
    assert_int_equal(province_card_decode(body, arena, &card, &err), 0);
    struct bytes good = card.ring;
    static const uint8_t group[] = {0x0b};
    card.ring = bytes_of(group, sizeof group);
    assert_int_equal(province_card_encode(&card, room, sizeof room, &len, &err), ERR_FORMAT);
    card.ring = bytes_of(good.data, good.len - 1);
    assert_int_equal(province_card_encode(&card, room, sizeof room, &len, &err), ERR_FORMAT);
    card.ring = (struct bytes){0};
    assert_int_equal(province_card_encode(&card, room, sizeof room, &len, &err), ERR_FORMAT);
    assert_non_null(strstr(err.text, "ring is missing"));
    static uint8_t long_ring[ENTRY_BYTES_MAX - 70];
    struct signed_ring signed_ring = {.ring = bytes_of(long_ring, sizeof long_ring)};
    assert_int_equal(signed_ring_encode(&signed_ring, room, sizeof room, &len, &err), 0);
    static uint8_t card_room[65536];
    card.ring = bytes_of(room, len);
    assert_int_equal(province_card_encode(&card, card_room, sizeof card_room, &len, &err), 0);
}

/* Limits that check_rows does not know: the last length that passes, and one more. */
static void each_field_has_its_own_limit(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        size_t bytes_max;
    } limits[] = {
        {"key", KEY_BYTES_MAX},
        {"description", TEXT_BYTES_MAX},
        {"url", URL_BYTES_MAX},
        {"place", SHORT_TEXT_BYTES_MAX},
        {"subjects.name", NAME_BYTES_MAX},
        {"candidate", SHORT_TEXT_BYTES_MAX},
        {"sealed_reporter", 2096},
        {"external_ref", SHORT_TEXT_BYTES_MAX},
    };
    uint8_t bytes[SAMPLE_BYTES_MAX];
    struct err_ctx err = {{0}};
    struct rows_of rows = {
        .name = "report",
        .descriptor = &kabar__v1__report__descriptor,
        .sample = sample("messages", "message", "report", 0, bytes),
        .decode = decode_report,
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        size_t max = limits[i].bytes_max;
        assert_int_equal(decode_with_bytes(&rows, limits[i].path, 'a', max, &err), 0);
        assert_int_equal(decode_with_bytes(&rows, limits[i].path, 'a', max + 1, &err), ERR_LIMIT);
        assert_non_null(strstr(err.text, "is longer than"));
    }
}

static void names_of_numbers(void **state)
{
    (void)state;
    assert_string_equal(entry_kind_name(ENTRY_REPORT), "report");
    assert_string_equal(entry_kind_name(ENTRY_REJECTED), "rejected");
    assert_string_equal(entry_kind_name(2), "unknown");
    assert_string_equal(entry_kind_name(65535), "unknown");
    assert_string_equal(lane_name(LANE_ROUTINE), "routine");
    assert_string_equal(rung_name(RUNG_KIND_EXECUTED), "executed");
    assert_string_equal(document_type_name(DOCUMENT_TYPE_DECISION), "decision");
    assert_string_equal(placement_outcome_name(PLACEMENT_REROUTED), "rerouted");
    assert_string_equal(channel_names[7], "own_finding");
    assert_string_equal(employment_names[5], "village_staff");
    assert_string_equal(scope_names[5], "village");
}

static bool comes_back(size_t nth, struct bytes body)
{
    return kinds[nth].round_trip(body);
}

static void mutated_bodies_do_no_harm(void **state)
{
    (void)state;
    check_mutations(KIND_COUNT, sample_of, comes_back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_checked),
        cmocka_unit_test(empty_and_too_long_bodies_are_refused),
        cmocka_unit_test(ret_stays_unchanged_on_failure),
        cmocka_unit_test(a_small_arena_is_a_limit),
        cmocka_unit_test(empty_subjects_are_a_limit),
        cmocka_unit_test(lists_have_their_limits_both_ways),
        cmocka_unit_test(the_largest_ring_fits),
        cmocka_unit_test(encoders_refuse_what_decoders_would),
        cmocka_unit_test(the_whole_entry_has_a_limit),
        cmocka_unit_test(the_longest_document_can_be_returned),
        cmocka_unit_test(zero_and_absent_are_two_things),
        cmocka_unit_test(an_unsigned_enrolment_encodes_but_does_not_decode),
        cmocka_unit_test(a_card_takes_only_a_signed_ring),
        cmocka_unit_test(each_field_has_its_own_limit),
        cmocka_unit_test(names_of_numbers),
        cmocka_unit_test(mutated_bodies_do_no_harm),
    };
    return cmocka_run_group_tests(tests, messages_open, messages_close);
}
