/* Entries as JSON: every kind as it is meant to look, broken text repaired, nobody's name opened.
 */
#include "core/base/text.h"
#include "core/wire/report_json.h"
#include "core/wire/trust_file.h"
#include "lib/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#define HEX_OF_8(pair) pair pair pair pair pair pair pair pair
#define HEX_OF_HASH(pair) HEX_OF_8(pair) HEX_OF_8(pair) HEX_OF_8(pair) HEX_OF_8(pair)
#define HEX_OF_INCARNATION(pair) HEX_OF_8(pair) HEX_OF_8(pair)
#define HEX_OF_SIGNATURE(pair) HEX_OF_HASH(pair) HEX_OF_HASH(pair)
#define TEXT(text) bytes_of_text(text)

static struct arena *arena;
static uint8_t body[2 * ENTRY_BYTES_MAX];

static int group_setup(void **state)
{
    (void)state;
    arena = arena_new(PARSE_ARENA_BYTES);
    return arena != NULL ? 0 : -1;
}

static int group_teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* Takes the reference. */
static void assert_json(json_t *value, const char *expected)
{
    json_error_t error;
    json_t *wanted = json_loads(expected, JSON_REJECT_DUPLICATES, &error);
    if (wanted == NULL) {
        fail_msg("expectation: %s at %d", error.text, error.position);
    }
    assert_non_null(value);
    if (!json_equal(value, wanted)) {
        char *got = json_dumps(value, 0);
        fail_msg("%s\n  is not\n%s", got, expected);
        free(got);
    }
    json_decref(wanted);
    json_decref(value);
}

static int32_t day(const char *text)
{
    int32_t ret = 0;
    assert_true(day_of_text(TEXT(text), &ret));
    return ret;
}

static void fill(uint8_t *to, size_t len, int byte)
{
    memset(to, byte, len);
}
#define FILL(value, byte) fill((value).b, sizeof(value).b, (byte))

static size_t body_len;

/* rc: of the encoder that has filled body and body_len. */
static json_t *body_json(enum entry_kind kind, int rc)
{
    assert_int_equal(rc, 0);
    arena_reset(arena);
    return entry_body_to_json((uint16_t)kind, bytes_of(body, body_len), arena);
}
#define BODY_JSON(kind, type, value)                                                               \
    body_json(kind, type##_encode(value, body, sizeof body, &body_len, NULL))
/* ---- text ---- */

static void broken_text_is_repaired(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
        const char *expected;
    } cases[] = {
        {"", 0, ""},
        {"a\xc3\xa9", 3, "a\xc3\xa9"},
        {"a\xff"
         "b",
         3,
         "a\xef\xbf\xbd"
         "b"},
        {"\xc3", 1, "\xef\xbf\xbd"},
        {"\xed\xa0\x80!", 4, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!"},
        {"a\0b", 3,
         "a\xef\xbf\xbd"
         "b"},
        {"\xff\xff", 2, "\xef\xbf\xbd\xef\xbf\xbd"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *text = json_text(bytes_of(cases[i].bytes, cases[i].len));
        assert_non_null(text);
        assert_string_equal(json_string_value(text), cases[i].expected);
        assert_int_equal(json_string_length(text), strlen(cases[i].expected));
        json_decref(text);
    }
    json_t *nothing = json_text(bytes_of(NULL, 0));
    assert_string_equal(json_string_value(nothing), "");
    json_decref(nothing);
}

/* ---- up ---- */

static struct subject subjects[2];
static struct evidence evidence[1];

static struct report full_report(void)
{
    memset(subjects, 0, sizeof subjects);
    memset(evidence, 0, sizeof evidence);
    subjects[0] = (struct subject){
        .name = TEXT("Tono"),
        .nip = TEXT("198203142006041007"),
        .nik = TEXT("1607011403820001"),
        .unit = TEXT("Dinas"),
        .position = TEXT("Analis"),
        .account = TEXT("facebook:tono"),
        .regency = TEXT("16.03"),
        .employment = 2,
    };
    subjects[1].name = TEXT("Tini");
    FILL(evidence[0].sha256, 0xc4);
    evidence[0].media_type = TEXT("image/jpeg");
    evidence[0].name = TEXT("foto 1.jpg");
    evidence[0].has_size = true;
    struct report report = {
        .key = TEXT("k-1"),
        .regency = TEXT("16.07"),
        .form = TEXT("DS-06"),
        .place = TEXT("Simpang"),
        .description = TEXT("Unggahan"),
        .url = TEXT("https://x.example/1"),
        .candidate = TEXT("Calon"),
        .external_ref = TEXT("041/X"),
        .channel = 7,
        .has_occurred_on = true,
        .occurred_on = day("2024-10-02"),
        .has_known_on = true,
        .known_on = day("2024-10-03"),
        .urgent = true,
        .subjects = subjects,
        .subject_count = 2,
        .evidence = evidence,
        .evidence_count = 1,
        .sealed_reporter = TEXT("SEALED-BYTES"),
        .entered_by = TEXT("Ani"),
        .has_entered_ms = true,
        .entered_ms = 1727950000123,
    };
    fill(report.salt, sizeof report.salt, 0x77);
    return report;
}

static const char full_report_json[] =
    "{\"key\":\"k-1\",\"regency\":\"16.07\",\"channel\":\"own_finding\",\"form\":\"DS-06\","
    "\"occurred_on\":\"2024-10-02\",\"known_on\":\"2024-10-03\",\"place\":\"Simpang\","
    "\"description\":\"Unggahan\",\"url\":\"https://x.example/1\",\"candidate\":\"Calon\","
    "\"external_ref\":\"041/X\",\"urgent\":true,"
    "\"subjects\":[{\"name\":\"Tono\",\"nip\":\"198203142006041007\",\"nik\":\"1607011403820001\","
    "\"employment\":\"pppk\",\"unit\":\"Dinas\",\"position\":\"Analis\","
    "\"account\":\"facebook:tono\",\"regency\":\"16.03\"},{\"name\":\"Tini\"}],"
    "\"evidence\":[{\"sha256\":\"" HEX_OF_HASH(
        "c4") "\",\"media_type\":\"image/jpeg\",\"name\":\"foto 1.jpg\","
              "\"size\":0}],"
              "\"sealed_reporter_bytes\":12,\"entered_by\":\"Ani\",\"entered_ms\":1727950000123}";

static void a_report_is_shown_without_its_reporter(void **state)
{
    (void)state;
    struct report report = full_report();
    assert_json(report_to_json(&report), full_report_json);
    assert_json(BODY_JSON(ENTRY_REPORT, report, &report), full_report_json);
}

/* What is shown of a report reads again as the same report, but for what the node added. */
static void a_shown_report_reads_again(void **state)
{
    (void)state;
    struct report report = full_report();
    report.sealed_reporter.len = 0;
    report.entered_by.len = 0;
    report.has_entered_ms = false;
    json_t *json = report_to_json(&report);
    char *text = json_dumps(json, JSON_COMPACT);
    struct report_line line;
    struct field_error error;
    arena_reset(arena);
    assert_int_equal(report_line_read(TEXT(text), arena, &line, &error), 0);
    json_t *again = report_to_json(&line.report);
    assert_true(json_equal(json, again));
    json_decref(again);
    json_decref(json);
    free(text);
}

static void absent_is_left_out(void **state)
{
    (void)state;
    struct report report = {.channel = CHANNEL_COUNT};
    assert_json(report_to_json(&report), "{\"urgent\":false,\"subjects\":[]}");
}

static void a_zero_report_is_shown(void **state)
{
    (void)state;
    struct zero_report zero = {
        .regency = TEXT("16.07"),
        .stated_name = TEXT("Sulastri"),
        .entered_by = TEXT("Ani"),
        .from = day("2024-05-01"),
        .until = day("2024-05-31"),
        .scope = 5,
        .has_entered_ms = true,
        .entered_ms = 5,
    };
    static const char expected[] =
        "{\"regency\":\"16.07\",\"zero\":{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\","
        "\"scope\":\"village\"},\"stated_name\":\"Sulastri\",\"entered_by\":\"Ani\","
        "\"entered_ms\":5}";
    fill(zero.salt, sizeof zero.salt, 1);
    assert_json(zero_report_to_json(&zero), expected);
    assert_json(BODY_JSON(ENTRY_ZERO, zero_report, &zero), expected);
}

static void what_its_filer_says_later_is_shown(void **state)
{
    (void)state;
    struct subject subject = {.account = TEXT("facebook:siti.r")};
    struct amendment amendment = {
        .target = {.incarnation = {{1}}, .seq = 7},
        .report = {.regency = TEXT("16.07"),
                   .form = TEXT("KE-01"),
                   .channel = 4,
                   .subjects = &subject,
                   .subject_count = 1},
        .reason = TEXT("tanggal salah"),
        .entered_by = TEXT("Ani"),
    };
    struct withdrawal withdrawal = {.target = amendment.target,
                                    .reason = TEXT("dicabut"),
                                    .has_entered_ms = true,
                                    .entered_ms = 5};
    fill(amendment.salt, sizeof amendment.salt, 1);
    fill(amendment.report.salt, sizeof amendment.report.salt, 2);
    fill(withdrawal.salt, sizeof withdrawal.salt, 3);
    assert_json(BODY_JSON(ENTRY_AMENDMENT, amendment, &amendment),
                "{\"target\":{\"incarnation\":\"01000000000000000000000000000000\",\"seq\":7},"
                "\"report\":{\"regency\":\"16.07\",\"channel\":\"media\",\"form\":\"KE-01\","
                "\"urgent\":false,\"subjects\":[{\"account\":\"facebook:siti.r\"}]},"
                "\"reason\":\"tanggal salah\",\"entered_by\":\"Ani\"}");
    assert_json(BODY_JSON(ENTRY_WITHDRAWAL, withdrawal, &withdrawal),
                "{\"target\":{\"incarnation\":\"01000000000000000000000000000000\",\"seq\":7},"
                "\"reason\":\"dicabut\",\"entered_ms\":5}");
}

static void a_rung_is_shown(void **state)
{
    (void)state;
    struct rung rung = {
        .document = TEXT("16-2024-000123-7f3a"),
        .person = TEXT("Ani"),
        .note = TEXT("dibaca"),
        .rung = RUNG_KIND_ACKNOWLEDGED,
        .at_ms = 7,
    };
    fill(rung.salt, sizeof rung.salt, 1);
    assert_json(BODY_JSON(ENTRY_RUNG, rung, &rung),
                "{\"document\":\"16-2024-000123-7f3a\",\"rung\":\"acknowledged\","
                "\"person\":\"Ani\",\"at_ms\":7,\"note\":\"dibaca\"}");
}

/* ---- any log, and the office ---- */

static void a_genesis_is_shown(void **state)
{
    (void)state;
    struct genesis genesis = {
        .direction = DIRECTION_UP,
        .lane = LANE_URGENT,
        .owner = TEXT("16.07"),
        .counterpart = TEXT("16"),
        .enrolment = 3,
        .created_ms = 9,
        .has_predecessor = true,
        .predecessor.seq = 41,
        .predecessor_count = 2,
    };
    FILL(genesis.signing_key, 0xaa);
    FILL(genesis.predecessor.incarnation, 0xbb);
    FILL(genesis.predecessor_h, 0xcc);
    assert_json(BODY_JSON(ENTRY_GENESIS, genesis, &genesis),
                "{\"direction\":\"up\",\"lane\":\"urgent\",\"owner\":\"16.07\","
                "\"counterpart\":\"16\",\"signing_key\":\"" HEX_OF_HASH(
                    "aa") "\","
                          "\"enrolment\":3,\"created_ms\":9,\"predecessor\":{\"incarnation\":"
                          "\"" HEX_OF_INCARNATION("bb") "\",\"seq\":41,\"h\":\"" HEX_OF_HASH(
                              "cc") "\","
                                    "\"count\":2}}");
}

static uint8_t scan[32];

static struct document full_document(void)
{
    memset(scan, 0x5c, sizeof scan);
    struct document document = {
        .province = TEXT("16"),
        .id = TEXT("16-2024-000123-7f3a"),
        .case_name = TEXT("ab-1-0"),
        .addressee = TEXT("16.07"),
        .authority = TEXT("Bupati"),
        .legal_basis = TEXT("PP 94/2021"),
        .sanction = TEXT("BER-BEBAS"),
        .text = TEXT("Alasan"),
        .subject_name = TEXT("Tono"),
        .subject_nip = TEXT("198203142006041007"),
        .subject_unit = TEXT("Dinas"),
        .decree_number = TEXT("800/1"),
        .catalogue = TEXT("v1"),
        .supersedes = TEXT("16-2024-000001-7f3a"),
        .form = TEXT("DS-06"),
        .decree_scan = bytes_of(scan, sizeof scan),
        .type = DOCUMENT_TYPE_DECISION,
        .has_case_version = true,
        .case_version = 4,
        .ring = 2,
        .has_decree_date = true,
        .decree_date = day("2024-11-01"),
        .has_respond_by = true,
        .respond_by = day("2024-11-20"),
        .has_expires_ms = true,
        .expires_ms = 11,
        .has_created_ms = true,
        .created_ms = 10,
    };
    fill(document.salt, sizeof document.salt, 1);
    return document;
}

#define DOCUMENT_JSON                                                                              \
    "{\"id\":\"16-2024-000123-7f3a\",\"type\":\"decision\",\"province\":\"16\","                   \
    "\"case\":\"ab-1-0\",\"case_version\":4,\"addressee\":\"16.07\",\"authority\":\"Bupati\","     \
    "\"legal_basis\":\"PP 94/2021\",\"sanction\":\"BER-BEBAS\",\"text\":\"Alasan\","               \
    "\"form\":\"DS-06\",\"subject_name\":\"Tono\",\"subject_nip\":\"198203142006041007\","         \
    "\"subject_unit\":\"Dinas\",\"decree_number\":\"800/1\",\"decree_date\":\"2024-11-01\","       \
    "\"decree_scan\":\"" HEX_OF_HASH("5c") "\",\"respond_by\":\"2024-11-20\",\"expires_ms\":11,"   \
                                           "\"created_ms\":10,\"catalogue\":\"v1\",\"ring\":2,"    \
                                           "\"supersedes\":\"16-2024-000001-7f3a\"}"
#define SIGNATURES_JSON "[{\"officer\":\"sri\",\"signature\":\"" HEX_OF_SIGNATURE("d1") "\"}]"

static uint8_t document_bytes[ENTRY_BYTES_MAX];

static struct signed_document full_signed_document(void)
{
    struct document document = full_document();
    size_t len = 0;
    assert_int_equal(document_encode(&document, document_bytes, sizeof document_bytes, &len, NULL),
                     0);
    struct signed_document ret = {.document = bytes_of(document_bytes, len), .signature_count = 1};
    ret.signatures[0].officer = TEXT("sri");
    FILL(ret.signatures[0].signature, 0xd1);
    return ret;
}

static void a_document_is_shown_with_its_signatures(void **state)
{
    (void)state;
    struct signed_document signed_document = full_signed_document();
    assert_json(BODY_JSON(ENTRY_DOCUMENT, signed_document, &signed_document),
                "{\"document\":" DOCUMENT_JSON ",\"signatures\":" SIGNATURES_JSON "}");
}

static void a_document_that_does_not_decode_is_hex(void **state)
{
    (void)state;
    struct signed_document signed_document = full_signed_document();
    signed_document.document = TEXT("\xff\xff");
    assert_json(BODY_JSON(ENTRY_DOCUMENT, signed_document, &signed_document),
                "{\"document\":{\"hex\":\"ffff\"},\"signatures\":" SIGNATURES_JSON "}");
}

static void a_status_is_shown(void **state)
{
    (void)state;
    struct status status = {
        .report.seq = 5,
        .subject = 0,
        .case_short = TEXT("ab12"),
        .state = TEXT("decided"),
        .text = TEXT("selesai"),
        .at_ms = 6,
    };
    FILL(status.report.incarnation, 0xbb);
    assert_json(
        BODY_JSON(ENTRY_STATUS, status, &status),
        "{\"report\":{\"incarnation\":\"" HEX_OF_INCARNATION(
            "bb") "\",\"seq\":5},"
                  "\"subject\":0,\"case\":\"ab12\",\"state\":\"decided\",\"text\":\"selesai\","
                  "\"at_ms\":6}");
}

static void a_refusal_is_shown(void **state)
{
    (void)state;
    struct refusal refusal = {
        .entry.seq = 5,
        .code = TEXT("form"),
        .text = TEXT("tidak dikenal"),
        .has_subject = true,
        .subject = 0,
        .at_ms = 6,
    };
    FILL(refusal.entry.incarnation, 0xbb);
    assert_json(
        BODY_JSON(ENTRY_REFUSAL, refusal, &refusal),
        "{\"entry\":{\"incarnation\":\"" HEX_OF_INCARNATION(
            "bb") "\",\"seq\":5},"
                  "\"subject\":0,\"code\":\"form\",\"text\":\"tidak dikenal\",\"at_ms\":6}");
}

static void a_ring_is_shown(void **state)
{
    (void)state;
    static uint8_t ring_bytes[ENTRY_BYTES_MAX];
    static struct ring ring;
    struct signed_ring signed_ring = {.signature = {{0}}};
    size_t len = 0;
    ring = (struct ring){.province = TEXT("16"),
                         .name = TEXT("BKD"),
                         .number = 2,
                         .issued_ms = 8,
                         .officer_count = 1};
    FILL(ring.curve_key, 1);
    FILL(ring.log_key, 2);
    FILL(ring.reader_key, 3);
    FILL(ring.bundle_key, 4);
    ring.officers[0] = (struct officer){.id = TEXT("sri"),
                                        .name = TEXT("Sri"),
                                        .role = TEXT("officer"),
                                        .scope = TEXT("16"),
                                        .state = KEY_RETIRED};
    FILL(ring.officers[0].key, 5);
    assert_int_equal(ring_encode(&ring, ring_bytes, sizeof ring_bytes, &len, NULL), 0);
    signed_ring.ring = bytes_of(ring_bytes, len);
    FILL(signed_ring.signature, 0xd1);
    assert_json(BODY_JSON(ENTRY_RING, signed_ring, &signed_ring),
                "{\"ring\":{\"province\":\"16\",\"name\":\"BKD\",\"number\":2,\"issued_ms\":8,"
                "\"curve_key\":\"" HEX_OF_HASH("01") "\",\"log_key\":\"" HEX_OF_HASH(
                    "02") "\","
                          "\"reader_key\":\"" HEX_OF_HASH("03") "\",\"bundle_key\":\"" HEX_OF_HASH(
                              "04") "\",\"officers\":[{\"id\":\"sri\",\"name\":\"Sri\",\"role\":"
                                    "\"officer\","
                                    "\"scope\":\"16\",\"key\":\"" HEX_OF_HASH(
                                        "05") "\",\"state\":\"retired\"}]},"
                                              "\"signature\":\"" HEX_OF_SIGNATURE("d1") "\"}");
}

/* ---- the aggregator's own log ---- */

static void an_enrolment_is_shown(void **state)
{
    (void)state;
    struct enrolment enrolment = {
        .number = 3, .regency = TEXT("16.07"), .officer = TEXT("sri"), .active = true, .at_ms = 4};
    FILL(enrolment.curve_key, 1);
    FILL(enrolment.signing_key, 2);
    FILL(enrolment.request_hash, 3);
    FILL(enrolment.office, 4);
    FILL(enrolment.signature, 0xd1);
    assert_json(
        BODY_JSON(ENTRY_ENROLMENT, enrolment, &enrolment),
        "{\"number\":3,\"regency\":\"16.07\",\"curve_key\":\"" HEX_OF_HASH(
            "01") "\","
                  "\"signing_key\":\"" HEX_OF_HASH("02") "\",\"request_hash\":\"" HEX_OF_HASH(
                      "03") "\",\"office\":\"" HEX_OF_INCARNATION("04") "\",\"active\":true,"
                                                                        "\"officer\":\"sri\",\"at_"
                                                                        "ms\":4,\"signature\":"
                                                                        "\"" HEX_OF_SIGNATURE(
                                                                            "d1") "\"}");
}

static void a_revocation_is_shown(void **state)
{
    (void)state;
    struct revocation revocation = {
        .number = 3, .reason = TEXT("hilang"), .officer = TEXT("sri"), .at_ms = 4};
    FILL(revocation.signature, 0xd1);
    assert_json(BODY_JSON(ENTRY_REVOCATION, revocation, &revocation),
                "{\"number\":3,\"reason\":\"hilang\",\"officer\":\"sri\",\"at_ms\":4,"
                "\"signature\":\"" HEX_OF_SIGNATURE("d1") "\"}");
}

static void a_placement_is_shown(void **state)
{
    (void)state;
    struct placement placement = {
        .position = 12,
        .subject = 1,
        .outcome = PLACEMENT_REVIEW,
        .case_name = TEXT("ab-1-1"),
        .rule = TEXT("name+unit"),
        .matcher = TEXT("m1"),
        .fields = {TEXT("name"), TEXT("unit")},
        .field_count = 2,
        .score_milli = 873,
        .candidates = {TEXT("cd-4-0")},
        .candidate_count = 1,
    };
    assert_json(BODY_JSON(ENTRY_PLACEMENT, placement, &placement),
                "{\"position\":12,\"subject\":1,\"outcome\":\"review\",\"case\":\"ab-1-1\","
                "\"rule\":\"name+unit\",\"fields\":[\"name\",\"unit\"],\"score_milli\":873,"
                "\"candidates\":[\"cd-4-0\"],\"matcher\":\"m1\"}");
}

static void an_act_is_shown(void **state)
{
    (void)state;
    struct act act = {
        .officer = TEXT("sri"),
        .case_name = TEXT("ab-1-0"),
        .entered_by = TEXT("sri@kantor"),
        .at_ms = 4,
        .has_case_version = true,
        .case_version = 4,
        .type = ACT_PROPOSE,
        .propose = full_signed_document(),
    };
#define ACT_JSON(what)                                                                             \
    "{\"officer\":\"sri\",\"at_ms\":4,\"case\":\"ab-1-0\",\"case_version\":4," what                \
    ",\"entered_by\":\"sri@kantor\"}"
    assert_json(BODY_JSON(ENTRY_ACT, act, &act), ACT_JSON("\"propose\":{\"document\":" DOCUMENT_JSON
                                                          ",\"signatures\":" SIGNATURES_JSON "}"));
    act.type = ACT_COUNTERSIGN;
    act.countersign_document = TEXT("16-2024-000123-7f3a");
    act.countersign.officer = TEXT("budi");
    FILL(act.countersign.signature, 0xd2);
    assert_json(BODY_JSON(ENTRY_ACT, act, &act),
                ACT_JSON("\"countersign\":{\"document\":\"16-2024-000123-7f3a\",\"signature\":"
                         "{\"officer\":\"budi\",\"signature\":\"" HEX_OF_SIGNATURE("d2") "\"}}"));
    act.type = ACT_ADVANCE;
    act.advance_state = TEXT("verification");
    act.advance_reason = TEXT("lengkap");
    assert_json(BODY_JSON(ENTRY_ACT, act, &act),
                ACT_JSON("\"advance\":{\"state\":\"verification\",\"reason\":\"lengkap\"}"));
}

static void a_piece_of_a_catalogue_is_shown_without_its_bytes(void **state)
{
    (void)state;
    struct catalogue_part part = {.number = 2,
                                  .part = 1,
                                  .parts = 3,
                                  .data = TEXT("abc"),
                                  .entered_by = TEXT("operator"),
                                  .at_ms = 4};
    FILL(part.hash, 0xa1);
    FILL(part.signature, 0xd1);
    FILL(part.note_signature, 0xd2);
    assert_json(
        BODY_JSON(ENTRY_CATALOGUE, catalogue_part, &part),
        "{\"hash\":\"" HEX_OF_HASH("a1") "\",\"number\":2,\"part\":1,\"parts\":3,"
                                         "\"bytes\":3,\"signature\":\"" HEX_OF_SIGNATURE(
                                             "d1") "\","
                                                   "\"entered_by\":\"operator\",\"at_ms\":4}");
}

static void an_object_note_is_shown(void **state)
{
    (void)state;
    struct object_note note = {.purpose = OBJECT_CATALOGUE, .size = 150000};
    FILL(note.hash, 0xa1);
    FILL(note.block_list, 0xa2);
    FILL(note.signature, 0xd1);
#define NOTE_JSON(more)                                                                            \
    "{\"purpose\":\"catalogue\",\"hash\":\"" HEX_OF_HASH(                                          \
        "a1") "\",\"size\":150000,\"block_list\":\"" HEX_OF_HASH("a2") "\"," more
    assert_json(BODY_JSON(ENTRY_OBJECT, object_note, &note),
                NOTE_JSON("\"signature\":\"" HEX_OF_SIGNATURE("d1") "\"}"));
    note.has_number = true;
    note.number = 3;
    note.name = TEXT("catalogue-3");
    assert_json(BODY_JSON(ENTRY_OBJECT, object_note, &note),
                NOTE_JSON("\"number\":3,\"signature\":\"" HEX_OF_SIGNATURE(
                    "d1") "\",\"name\":\"catalogue-3\"}"));
}

static void a_rejected_entry_is_shown(void **state)
{
    (void)state;
    struct rejected rejected = {.position = 12, .code = TEXT("crash"), .text = TEXT("dua kali")};
    assert_json(BODY_JSON(ENTRY_REJECTED, rejected, &rejected),
                "{\"position\":12,\"code\":\"crash\",\"text\":\"dua kali\"}");
}

/* ---- what does not decode ---- */

static void unknown_kinds_and_broken_bodies_are_hex(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0x00, 0xff, 0x10};
    for (unsigned kind = 0; kind < 80; kind++) {
        arena_reset(arena);
        assert_json(entry_body_to_json((uint16_t)kind, bytes_of(bytes, sizeof bytes), arena),
                    "{\"hex\":\"00ff10\"}");
    }
    arena_reset(arena);
    assert_json(entry_body_to_json(999, bytes_of(NULL, 0), arena), "{\"hex\":\"\"}");
}

/* JSON's integers end before ours do: a number beyond stays exact, as text. */
static void numbers_beyond_json_are_text(void **state)
{
    (void)state;
    struct rejected rejected = {.position = UINT64_MAX, .code = TEXT("x"), .text = TEXT("y")};
    assert_json(BODY_JSON(ENTRY_REJECTED, rejected, &rejected),
                "{\"position\":\"18446744073709551615\",\"code\":\"x\",\"text\":\"y\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_text_is_repaired),
        cmocka_unit_test(a_report_is_shown_without_its_reporter),
        cmocka_unit_test(a_shown_report_reads_again),
        cmocka_unit_test(absent_is_left_out),
        cmocka_unit_test(a_zero_report_is_shown),
        cmocka_unit_test(what_its_filer_says_later_is_shown),
        cmocka_unit_test(a_rung_is_shown),
        cmocka_unit_test(a_genesis_is_shown),
        cmocka_unit_test(a_document_is_shown_with_its_signatures),
        cmocka_unit_test(a_document_that_does_not_decode_is_hex),
        cmocka_unit_test(a_status_is_shown),
        cmocka_unit_test(a_refusal_is_shown),
        cmocka_unit_test(a_ring_is_shown),
        cmocka_unit_test(an_enrolment_is_shown),
        cmocka_unit_test(a_revocation_is_shown),
        cmocka_unit_test(a_placement_is_shown),
        cmocka_unit_test(an_act_is_shown),
        cmocka_unit_test(a_piece_of_a_catalogue_is_shown_without_its_bytes),
        cmocka_unit_test(an_object_note_is_shown),
        cmocka_unit_test(a_rejected_entry_is_shown),
        cmocka_unit_test(unknown_kinds_and_broken_bodies_are_hex),
        cmocka_unit_test(numbers_beyond_json_are_text),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
