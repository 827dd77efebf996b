/* What is made of a body, whatever it is: byte 0 the kind of entry, the rest its body. As JSON (for
 * lists and `journal dump`) it comes out whole; a report's links, names and keys come out in one
 * spelling. */
#include "fuzz/fuzz.h"

#include "core/cases/matcher.h"
#include "core/cases/normalise.h"
#include "core/wire/report_json.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    uint16_t kind;
    size_t message;
} kinds[] = {
    {ENTRY_GENESIS, 0},   {ENTRY_REPORT, 1},     {ENTRY_ZERO, 2},        {ENTRY_RUNG, 3},
    {ENTRY_DOCUMENT, 5},  {ENTRY_STATUS, 6},     {ENTRY_REFUSAL, 7},     {ENTRY_RING, 14},
    {ENTRY_ENROLMENT, 8}, {ENTRY_REVOCATION, 9}, {ENTRY_PLACEMENT, 10},  {ENTRY_ACT, 11},
    {ENTRY_REJECTED, 12}, {ENTRY_RETURNED, 18},  {ENTRY_CATALOGUE, 31},  {65535, 0},
    {ENTRY_ANSWER, 32},   {ENTRY_AMENDMENT, 27}, {ENTRY_WITHDRAWAL, 33}, {ENTRY_OBJECT, 30},
};
#define KINDS (sizeof kinds / sizeof kinds[0])

const ProtobufCMessageDescriptor *fuzz_message_at(const uint8_t *data, size_t size, size_t *ret_at)
{
    *ret_at = 1;
    return size < 1 ? NULL : fuzz_message(kinds[data[0] % KINDS].message);
}

/* Out of memory aside, there is always an answer, and it is sound JSON. */
static void check_json(uint16_t kind, struct bytes body)
{
    json_t *object = entry_body_to_json(kind, body, fuzz_arena());
    CHECK(object != NULL && json_is_object(object), "every body can be shown");
    char *text = json_dumps(object, JSON_COMPACT);
    CHECK(text != NULL, "and be written as text");
    free(text);
    json_decref(object);
    json_t *shown = json_text(body);
    CHECK(shown != NULL && text_sound(bytes_of_text(json_string_value(shown))),
          "any bytes can be shown as text");
    json_decref(shown);
}

/* What the applier makes of texts from outside. */
static void check_normal(const struct report *report)
{
    static struct match_keys keys;
    static struct traits traits;
    char link[NORMAL_LINK_CAPACITY];
    char name[NORMAL_NAME_CAPACITY];
    CHECK(normalise_link(report->url, link) <= sizeof link, "a link fits");
    for (size_t i = 0; i < report->subject_count; i++) {
        const struct subject *subject = &report->subjects[i];
        size_t len = normalise_name(subject->name, name);
        CHECK(len <= sizeof name && text_sound(bytes_of(name, len)), "a normal name is text");
        (void)normal_name_weak(bytes_of(name, len));
        CHECK(normalise_unit(subject->unit, name) <= sizeof name, "a unit fits");
        CHECK(normalise_number(subject->nip, name) <= NORMAL_NUMBER_CAPACITY, "a number fits");
    }
    for (uint32_t i = 0; i < report->subject_count; i++) {
        traits_of(report, i, &traits);
        matcher_keys(&traits, bytes_of_text("16"), i % 2 == 0, &keys);
        CHECK(keys.count <= MATCH_KEYS_MAX, "few keys");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data, size);
    uint16_t kind = kinds[take_u8(&body) % KINDS].kind;
    struct report report;
    CHECK(entry_kind_name(kind) != NULL, "every kind has a name");
    check_json(kind, body);
    if (kind == ENTRY_REPORT && report_decode(body, fuzz_arena(), &report, NULL) == 0) {
        check_normal(&report);
    }
    return 0;
}
