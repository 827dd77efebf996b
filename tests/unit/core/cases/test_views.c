/* Round trips of the values, and every value cut short or with a byte too many. */
#include "lib/cmocka_all.h"

#include "core/base/limits.h"
#include "core/cases/views.h"

#include <string.h>

static struct bytes text(const char *from)
{
    return bytes_of_text(from);
}

/* Decodes with `decode` whole, cut at every length, and one byte longer. */
#define CHECK_CUTS(decode, type, value, len)                                                       \
    do {                                                                                           \
        struct type cut_out;                                                                       \
        for (size_t cut = 0; cut < (len); cut++) {                                                 \
            assert_int_equal(decode(bytes_of(value, cut), &cut_out), ERR_FORMAT);                  \
        }                                                                                          \
        (value)[len] = 0;                                                                          \
        assert_int_equal(decode(bytes_of(value, (len) + 1), &cut_out), ERR_FORMAT);                \
        assert_int_equal(decode(bytes_of(value, len), &cut_out), 0);                               \
    } while (0)

static struct entry_id an_id(void)
{
    struct entry_id id = {.seq = 0x0102030405060708};
    for (size_t i = 0; i < INCARNATION_BYTES; i++) {
        id.incarnation.b[i] = (uint8_t)(0xa0 + i);
    }
    return id;
}

static void cases_round_trip(void **state)
{
    (void)state;
    struct case_view view = {.number = 123,
                             .version = 7,
                             .state = CASE_CLARIFICATION,
                             .regency = text("16.07"),
                             .filed_by = text("16.03"),
                             .name = text("Budi"),
                             .nip = text("198203142006041007"),
                             .nik = text("1607990408710002"),
                             .unit = text("Kecamatan X"),
                             .position = text("Camat"),
                             .form = text("DS-06"),
                             .link = text("0123456789abcdef"),
                             .match = text("recognised by"),
                             .employment = 2,
                             .has_occurred_on = true,
                             .occurred_on = -5,
                             .report_count = 3,
                             .withdrawn_count = 2,
                             .filer_versions = 4,
                             .needs_review = true,
                             .opened_position = 99,
                             .opened_ms = -1,
                             .since_ms = 77,
                             .assigned = text("budi"),
                             .authority = text("Gubernur"),
                             .barred = text("tono|wati"),
                             .leave = 2};
    uint8_t value[CASE_VIEW_BYTES_MAX + 1];
    struct case_view out;
    size_t len = case_view_encode(&view, value, CASE_VIEW_BYTES_MAX);
    assert_int_equal(case_view_decode(bytes_of(value, len), &out), 0);
    assert_int_equal(out.number, 123);
    assert_int_equal(out.version, 7);
    assert_int_equal(out.state, CASE_CLARIFICATION);
    assert_true(bytes_equal(out.regency, view.regency));
    assert_true(bytes_equal(out.filed_by, view.filed_by));
    assert_true(bytes_equal(out.name, view.name));
    assert_true(bytes_equal(out.nip, view.nip));
    assert_true(bytes_equal(out.nik, view.nik));
    assert_true(bytes_equal(out.unit, view.unit));
    assert_true(bytes_equal(out.position, view.position));
    assert_true(bytes_equal(out.form, view.form));
    assert_true(bytes_equal(out.link, view.link));
    assert_true(bytes_equal(out.match, view.match));
    assert_int_equal(out.employment, 2);
    assert_true(out.has_occurred_on && out.needs_review);
    assert_int_equal(out.occurred_on, -5);
    assert_int_equal(out.report_count, 3);
    assert_int_equal(out.withdrawn_count, 2);
    assert_int_equal(out.filer_versions, 4);
    assert_int_equal(out.opened_position, 99);
    assert_int_equal(out.opened_ms, -1);
    assert_int_equal(out.since_ms, 77);
    assert_int_equal(out.leave, 2);
    assert_true(bytes_equal(out.assigned, view.assigned));
    assert_true(bytes_equal(out.authority, view.authority));
    assert_true(bytes_equal(out.barred, view.barred));
    CHECK_CUTS(case_view_decode, case_view, value, len);
    value[16] = CASE_STATE_COUNT; /* a state nobody knows */
    assert_int_equal(case_view_decode(bytes_of(value, len), &out), ERR_FORMAT);
}

static void the_largest_case_fits(void **state)
{
    (void)state;
    static uint8_t long_text[NAME_BYTES_MAX], value[CASE_VIEW_BYTES_MAX];
    memset(long_text, 'x', sizeof long_text);
    struct bytes full = bytes_of(long_text, sizeof long_text);
    struct case_view view = {.regency = full,
                             .filed_by = full,
                             .name = full,
                             .nip = full,
                             .nik = full,
                             .unit = full,
                             .position = full,
                             .form = full};
    struct case_view out;
    size_t len = case_view_encode(&view, value, sizeof value);
    assert_int_equal(case_view_decode(bytes_of(value, len), &out), 0);
    assert_int_equal(out.position.len, NAME_BYTES_MAX);
}

static void reports_round_trip(void **state)
{
    (void)state;
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct report_view view = {.position = 5,
                               .regency = text("16.07"),
                               .subject_count = 15,
                               .received_ms = 1700000000000,
                               .state = REPORT_REPEATED_KEY,
                               .contents = {.incarnation = {{7}}, .seq = 70},
                               .withdrawal = {.incarnation = {{8}}, .seq = 80},
                               .amendments = 3,
                               .changed_ms = 1700000000001};
    struct report_view out;
    size_t len = report_view_encode(&view, value, sizeof value);
    assert_int_equal(report_view_decode(bytes_of(value, len), &out), 0);
    assert_int_equal(out.position, 5);
    assert_true(bytes_equal(out.regency, view.regency));
    assert_int_equal(out.subject_count, 15);
    assert_int_equal(out.received_ms, 1700000000000);
    assert_int_equal(out.state, REPORT_REPEATED_KEY);
    assert_memory_equal(&out.contents, &view.contents, sizeof view.contents);
    assert_memory_equal(&out.withdrawal, &view.withdrawal, sizeof view.withdrawal);
    assert_int_equal(out.amendments, 3);
    assert_int_equal(out.changed_ms, 1700000000001);
    CHECK_CUTS(report_view_decode, report_view, value, len);

    struct case_report_view why = {.id = an_id(),
                                   .subject = 14,
                                   .outcome = PLACEMENT_REVIEW,
                                   .score_milli = 900,
                                   .rule = text("person_artefact"),
                                   .withdrawn = true};
    struct case_report_view why_out;
    len = case_report_view_encode(&why, value, sizeof value);
    assert_int_equal(case_report_view_decode(bytes_of(value, len), &why_out), 0);
    assert_memory_equal(&why_out.id, &why.id, sizeof why.id);
    assert_int_equal(why_out.subject, 14);
    assert_int_equal(why_out.outcome, PLACEMENT_REVIEW);
    assert_true(why_out.withdrawn);
    assert_int_equal(why_out.score_milli, 900);
    assert_true(bytes_equal(why_out.rule, why.rule));
    CHECK_CUTS(case_report_view_decode, case_report_view, value, len);
}

static void documents_round_trip(void **state)
{
    (void)state;
    static uint8_t value[DOCUMENT_VIEW_BYTES_MAX], body[ENTRY_BYTES_MAX];
    memset(body, 7, sizeof body);
    struct entry_id id = an_id();
    struct document_view view = {.state = DOCUMENT_WAITING,
                                 .type = DOCUMENT_TYPE_DECISION,
                                 .addressee = text("16.03"),
                                 .position = 77,
                                 .proposed_ms = 1,
                                 .returned = true,
                                 .issued_ms = 2,
                                 .rungs = 0x1e,
                                 .expires_ms = 4,
                                 .superseded_by = text("16-2024-000009-7f3a"),
                                 .withdrawn_by = text("budi"),
                                 .withdrawn_why = text("keliru"),
                                 .signed_document = bytes_of(body, sizeof body)};
    struct document_view out;
    case_name_of(&id, 3, &view.case_name);
    size_t len = document_view_encode(&view, value, sizeof value);
    assert_int_equal(document_view_decode(bytes_of(value, len), &out), 0);
    assert_int_equal(out.state, DOCUMENT_WAITING);
    assert_int_equal(out.type, DOCUMENT_TYPE_DECISION);
    assert_memory_equal(out.case_name.b, view.case_name.b, CASE_NAME_BYTES);
    assert_true(bytes_equal(out.addressee, view.addressee));
    assert_int_equal(out.position, 77);
    assert_int_equal(out.proposed_ms, 1);
    assert_int_equal(out.issued_ms, 2);
    assert_int_equal(out.rungs, 0x1e);
    assert_true(bytes_equal(out.signed_document, view.signed_document));
    assert_int_equal(out.expires_ms, 4);
    assert_true(bytes_equal(out.superseded_by, view.superseded_by));
    assert_true(bytes_equal(out.withdrawn_by, view.withdrawn_by));
    assert_true(bytes_equal(out.withdrawn_why, view.withdrawn_why));
    view.signed_document.len = 3;
    len = document_view_encode(&view, value, sizeof value);
    CHECK_CUTS(document_view_decode, document_view, value, len);
}

static void small_values_round_trip(void **state)
{
    (void)state;
    static uint8_t value[RUNG_VIEW_BYTES_MAX];
    struct rung_view rung = {.rung = RUNG_KIND_SHOWN,
                             .regency = text("16.03"),
                             .person = text("Siti"),
                             .note = text("dibaca"),
                             .at_ms = 3,
                             .received_ms = 4};
    struct rung_view rung_out;
    size_t len = rung_view_encode(&rung, value, sizeof value);
    assert_int_equal(rung_view_decode(bytes_of(value, len), &rung_out), 0);
    assert_int_equal(rung_out.rung, RUNG_KIND_SHOWN);
    assert_true(bytes_equal(rung_out.regency, rung.regency));
    assert_true(bytes_equal(rung_out.person, rung.person));
    assert_true(bytes_equal(rung_out.note, rung.note));
    assert_int_equal(rung_out.at_ms, 3);
    assert_int_equal(rung_out.received_ms, 4);
    CHECK_CUTS(rung_view_decode, rung_view, value, len);

    struct zero_view zero = {.id = an_id(),
                             .stated_name = text("Sekda"),
                             .arrival = {.has_entered_ms = true,
                                         .entered_ms = 5,
                                         .received_ms = 6,
                                         .has_clock = true,
                                         .clock_s = -7}};
    struct zero_view zero_out;
    len = zero_view_encode(&zero, value, sizeof value);
    assert_int_equal(zero_view_decode(bytes_of(value, len), &zero_out), 0);
    assert_memory_equal(&zero_out.id, &zero.id, sizeof zero.id);
    assert_true(bytes_equal(zero_out.stated_name, zero.stated_name));
    assert_true(zero_out.arrival.has_entered_ms);
    assert_int_equal(zero_out.arrival.entered_ms, 5);
    assert_int_equal(zero_out.arrival.received_ms, 6);
    assert_true(zero_out.arrival.has_clock);
    assert_int_equal(zero_out.arrival.clock_s, -7);
    CHECK_CUTS(zero_view_decode, zero_view, value, len);
    struct filed_view filed = {
        .id = an_id(), .how = FILED_ABOUT, .classes = 1u << 2, .arrival = {.received_ms = 9}};
    struct filed_view filed_out;
    len = filed_view_encode(&filed, value, sizeof value);
    assert_int_equal(filed_view_decode(bytes_of(value, len), &filed_out), 0);
    assert_memory_equal(&filed_out.id, &filed.id, sizeof filed.id);
    assert_int_equal(filed_out.how, FILED_ABOUT);
    assert_int_equal(filed_out.classes, 1u << 2);
    assert_false(filed_out.arrival.has_clock);
    assert_int_equal(filed_out.arrival.received_ms, 9);
    CHECK_CUTS(filed_view_decode, filed_view, value, len);
}

static void refusals_and_nodes_round_trip(void **state)
{
    (void)state;
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct refused_view refused = {
        .id = an_id(), .code = text("ERR_VALUE"), .text = text("form: unknown")};
    struct refused_view refused_out;
    size_t len = refused_view_encode(&refused, value, sizeof value);
    assert_int_equal(refused_view_decode(bytes_of(value, len), &refused_out), 0);
    assert_memory_equal(&refused_out.id, &refused.id, sizeof refused.id);
    assert_true(bytes_equal(refused_out.code, refused.code));
    assert_true(bytes_equal(refused_out.text, refused.text));
    CHECK_CUTS(refused_view_decode, refused_view, value, len);

    struct node_view node = {
        .state = NODE_REVOKED, .number = 12, .regency = text("16.05"), .at_ms = 9};
    struct node_view node_out;
    memset(&node.curve_key, 1, sizeof node.curve_key);
    memset(&node.signing_key, 2, sizeof node.signing_key);
    memset(&node.office, 3, sizeof node.office);
    len = node_view_encode(&node, value, sizeof value);
    assert_int_equal(node_view_decode(bytes_of(value, len), &node_out), 0);
    assert_int_equal(node_out.state, NODE_REVOKED);
    assert_int_equal(node_out.number, 12);
    assert_true(bytes_equal(node_out.regency, node.regency));
    assert_true(key_equal(&node_out.curve_key, &node.curve_key));
    assert_true(key_equal(&node_out.signing_key, &node.signing_key));
    assert_true(incarnation_equal(&node_out.office, &node.office));
    assert_int_equal(node_out.at_ms, 9);
    CHECK_CUTS(node_view_decode, node_view, value, len);
}

static void lines_and_copies_round_trip(void **state)
{
    (void)state;
    uint8_t value[HELD_VIEW_BYTES_MAX];
    struct line_view line = {.predecessor = an_id(), .copies = 7, .copied_from = 8}, line_out;
    size_t len = line_view_encode(&line, value, sizeof value);
    assert_int_equal(line_view_decode(bytes_of(value, len), &line_out), 0);
    assert_memory_equal(&line_out, &line, sizeof line);
    CHECK_CUTS(line_view_decode, line_view, value, len);
    struct copy_view copy = {.position = 3, .id = an_id()}, copy_out;
    len = copy_view_encode(&copy, value, sizeof value);
    assert_int_equal(copy_view_decode(bytes_of(value, len), &copy_out), 0);
    assert_memory_equal(&copy_out, &copy, sizeof copy);
    CHECK_CUTS(copy_view_decode, copy_view, value, len);
    struct copied_view copied = {.canonical = an_id(), .position = 4}, copied_out;
    len = copied_view_encode(&copied, value, sizeof value);
    assert_int_equal(copied_view_decode(bytes_of(value, len), &copied_out), 0);
    assert_memory_equal(&copied_out, &copied, sizeof copied);
    CHECK_CUTS(copied_view_decode, copied_view, value, len);
    struct held_view held = {.id = an_id(),
                             .enrolment = 3,
                             .received_ms = -4,
                             .owner = text("16.07"),
                             .body = text("isi")};
    struct held_view held_out;
    len = held_view_encode(&held, value, sizeof value);
    assert_int_equal(held_view_decode(bytes_of(value, len), &held_out), 0);
    assert_memory_equal(&held_out.id, &held.id, sizeof held.id);
    assert_int_equal(held_out.enrolment, 3);
    assert_int_equal(held_out.received_ms, -4);
    assert_true(bytes_equal(held_out.owner, held.owner));
    assert_true(bytes_equal(held_out.body, held.body));
    CHECK_CUTS(held_view_decode, held_view, value, len);
    struct file_view file = {.sha256 = {{1}}, .list = {{2}}, .size = 5}, file_out;
    len = file_view_encode(&file, value, sizeof value);
    assert_int_equal(file_view_decode(bytes_of(value, len), &file_out), 0);
    assert_memory_equal(&file, &file_out, sizeof file);
    CHECK_CUTS(file_view_decode, file_view, value, len);
}

static void case_names_have_one_spelling(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-1",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-1-",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf--0",
        "A0a1a2a3a4a5a6a7a8a9aaabacadaeaf-1-0",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-01-0",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-1-4294967296",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-18446744073709551616-0",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-1-0 ",
        "a0a1a2a3a4a5a6a7a8a9aaabacadaexx-1-0",
    };
    struct entry_id id = an_id();
    struct case_name name, out;
    char shown[CASE_TEXT_CAPACITY];
    case_name_of(&id, UINT32_MAX, &name);
    assert_string_equal(case_name_text(&name, shown),
                        "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf-72623859790382856-4294967295");
    assert_true(case_name_parse(bytes_of_text(shown), &out));
    assert_memory_equal(&out, &name, sizeof name);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(case_name_parse(bytes_of_text(wrong[i]), &out));
    }
}

static void short_forms(void **state)
{
    (void)state;
    char shown[CASE_SHORT_CAPACITY];
    uint64_t number = 0;
    struct bytes province = text("16");
    assert_string_equal(case_short_text(province, 123, shown), "16-000123");
    assert_true(case_short_parse(text("16-000123"), province, &number));
    assert_int_equal(number, 123);
    assert_true(case_short_parse(text("16-1234567"), province, &number));
    assert_int_equal(number, 1234567);
    assert_false(case_short_parse(text("17-000123"), province, &number));
    assert_false(case_short_parse(text("16-123"), province, &number));
    assert_false(case_short_parse(text("16-00012x"), province, &number));
    assert_false(case_short_parse(text("16"), province, &number));
}

static void every_table_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VIEW_TABLE_COUNT; i++) {
        assert_non_null(view_table_names[i]);
        for (unsigned j = 0; j < i; j++) {
            assert_string_not_equal(view_table_names[i], view_table_names[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases_round_trip),
        cmocka_unit_test(the_largest_case_fits),
        cmocka_unit_test(reports_round_trip),
        cmocka_unit_test(documents_round_trip),
        cmocka_unit_test(small_values_round_trip),
        cmocka_unit_test(refusals_and_nodes_round_trip),
        cmocka_unit_test(lines_and_copies_round_trip),
        cmocka_unit_test(case_names_have_one_spelling),
        cmocka_unit_test(short_forms),
        cmocka_unit_test(every_table_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
