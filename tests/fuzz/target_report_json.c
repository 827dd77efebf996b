/* Lines as `kabar report submit` takes them. A refused one says where and why, in sound text; an
 * accepted one comes back the same from its JSON, and, when it is what a report must be, from its
 * entry's body. */
#include "fuzz/fuzz.h"

#include "core/rules/report_check.h"
#include "core/wire/report_json.h"

#include <stdlib.h>
#include <string.h>

static bool same_texts(const struct bytes *const *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal(*pairs[2 * i], *pairs[2 * i + 1])) {
            return false;
        }
    }
    return true;
}
#define PAIR(member) &a->member, &b->member
#define SAME_TEXTS(...)                                                                            \
    same_texts((const struct bytes *const[]){__VA_ARGS__},                                         \
               sizeof((const struct bytes *const[]){__VA_ARGS__}) / sizeof(struct bytes *) / 2)

static bool same_subject(const struct subject *a, const struct subject *b)
{
    return a->employment == b->employment &&
           SAME_TEXTS(PAIR(name), PAIR(nip), PAIR(nik), PAIR(unit), PAIR(position), PAIR(account),
                      PAIR(regency));
}

static bool same_evidence(const struct evidence *a, const struct evidence *b)
{
    return hash_equal(&a->sha256, &b->sha256) && a->has_size == b->has_size &&
           (!a->has_size || a->size == b->size) && SAME_TEXTS(PAIR(media_type), PAIR(block_list));
}

static bool same_day(bool has_a, int32_t a, bool has_b, int32_t b)
{
    return has_a == has_b && (!has_a || a == b);
}

static bool same_report(const struct report *a, const struct report *b)
{
    bool same = SAME_TEXTS(PAIR(key), PAIR(regency), PAIR(form), PAIR(place), PAIR(description),
                           PAIR(url), PAIR(candidate), PAIR(external_ref)) &&
                a->channel == b->channel && a->urgent == b->urgent &&
                same_day(a->has_occurred_on, a->occurred_on, b->has_occurred_on, b->occurred_on) &&
                same_day(a->has_occurred_until, a->occurred_until, b->has_occurred_until,
                         b->occurred_until) &&
                same_day(a->has_known_on, a->known_on, b->has_known_on, b->known_on) &&
                a->subject_count == b->subject_count && a->evidence_count == b->evidence_count;
    for (size_t i = 0; same && i < a->subject_count; i++) {
        same = same_subject(&a->subjects[i], &b->subjects[i]);
    }
    for (size_t i = 0; same && i < a->evidence_count; i++) {
        same = same_evidence(&a->evidence[i], &b->evidence[i]);
    }
    return same;
}

static bool same_zero(const struct zero_report *a, const struct zero_report *b)
{
    return a->from == b->from && a->until == b->until && a->scope == b->scope &&
           SAME_TEXTS(PAIR(regency), PAIR(stated_name));
}

/* ---- limits ---- */

static void check_report_limits(const struct report *report)
{
    const struct bytes names[] = {report->regency, report->form};
    const struct bytes short_texts[] = {report->place, report->candidate, report->external_ref};
    CHECK(texts_sound(&report->key, 1, KEY_BYTES_MAX), "key");
    CHECK(texts_sound(names, 2, NAME_BYTES_MAX), "names");
    CHECK(texts_sound(short_texts, 3, SHORT_TEXT_BYTES_MAX), "short texts");
    CHECK(texts_sound(&report->description, 1, TEXT_BYTES_MAX), "description");
    CHECK(texts_sound(&report->url, 1, URL_BYTES_MAX), "url");
    CHECK(report->subject_count <= SUBJECTS_MAX && report->evidence_count <= EVIDENCE_MAX, "lists");
    CHECK(report->sealed_reporter.len == 0, "nothing is sealed in a line");
    for (size_t i = 0; i < report->subject_count; i++) {
        const struct subject *subject = &report->subjects[i];
        const struct bytes texts[] = {subject->name,   subject->nip,      subject->nik,
                                      subject->unit,   subject->position, subject->account,
                                      subject->regency};
        CHECK(texts_sound(texts, 7, NAME_BYTES_MAX), "subject");
    }
}

/* ---- round trips ---- */

static void check_through_json(const struct report_line *line)
{
    bool zero = line->type == REPORT_LINE_ZERO;
    json_t *object = zero ? zero_report_to_json(&line->zero) : report_to_json(&line->report);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    json_decref(object);
    CHECK(text != NULL, "what was read can be shown");
    struct report_line again = {0};
    struct field_error error = {"", ""};
    /* cppcheck-suppress nullPointer // CHECK does not return */
    if (strlen(text) <= LINE_BYTES_MAX) {
        int rc = report_line_read(bytes_of_text(text), fuzz_arena_other(), &again, &error);
        CHECK(rc == 0, "what was shown can be read");
        CHECK(again.type == line->type, "and is the same");
        CHECK(zero ? same_zero(&line->zero, &again.zero)
                   : same_report(&line->report, &again.report),
              "nothing is lost between a line and its JSON");
    }
    free(text);
}

static void check_report_entry(struct report *report)
{
    static uint8_t body[ENTRY_BYTES_MAX];
    struct field_error error = {"", ""};
    struct err_ctx err = {""};
    struct report again;
    size_t len = 0;
    int rc = report_check(report, &report_codes_builtin, report->regency, INT32_MAX, &error);
    CHECK((rc == 0) == (error.reason[0] == '\0'), "a refusal has a reason");
    if (rc != 0) {
        return;
    }
    memset(report->salt, 1, sizeof report->salt);
    rc = report_encode(report, body, sizeof body, &len, &err);
    CHECK(rc == 0 || rc == ERR_LIMIT, "what may be sent encodes, unless it is too long as a whole");
    if (rc != 0) {
        return;
    }
    CHECK(report_decode(bytes_of(body, len), fuzz_arena_other(), &again, &err) == 0,
          "encoded, so decodes");
    CHECK(same_report(report, &again), "nothing is lost between a line and its entry");
}

static void check_zero_entry(struct zero_report *zero)
{
    uint8_t body[2048];
    struct field_error error = {"", ""};
    struct zero_report again;
    size_t len = 0;
    int rc = zero_report_check(zero, &report_codes_builtin, zero->regency, INT32_MAX, &error);
    CHECK((rc == 0) == (error.reason[0] == '\0'), "a refusal has a reason");
    if (rc != 0) {
        return;
    }
    memset(zero->salt, 1, sizeof zero->salt);
    CHECK(zero_report_encode(zero, body, sizeof body, &len, NULL) == 0, "a zero report encodes");
    CHECK(zero_report_decode(bytes_of(body, len), fuzz_arena_other(), &again, NULL) == 0,
          "encoded, so decodes");
    CHECK(same_zero(zero, &again), "nothing is lost between a line and its entry");
}

/* Once: a line over its limit is refused before it is looked at. */
static void check_too_long(void)
{
    static uint8_t blanks[LINE_BYTES_MAX + 1];
    static bool done;
    struct report_line line;
    struct field_error error = {"", ""};
    if (!done) {
        memset(blanks, ' ', sizeof blanks);
        CHECK(report_line_read(bytes_of(blanks, sizeof blanks), fuzz_arena(), &line, &error) ==
                  ERR_LIMIT,
              "no line over the limit");
        done = true;
    }
}

/* With less memory than it needs, a line is refused for that, or is what it is with more. */
static void check_little_memory(struct bytes text, int rc)
{
    static struct arena *arenas[4];
    struct report_line line;
    struct field_error error = {"", ""};
    for (size_t i = 0; i < 4; i++) {
        arenas[i] = arenas[i] != NULL ? arenas[i] : arena_new((size_t)16 << (2 * i));
        CHECK(arenas[i] != NULL, "there is memory");
        arena_reset(arenas[i]);
        int again = report_line_read(text, arenas[i], &line, &error);
        CHECK(again == rc || again == ERR_LIMIT, "what lacks is memory");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report_line line = {0};
    struct field_error error;
    memset(&error, 0x55, sizeof error);
    check_too_long();
    int rc = report_line_read(bytes_of(data, size), fuzz_arena(), &line, &error);
    if (size % 16 == 0) {
        check_little_memory(bytes_of(data, size), rc);
    }
    if (rc != 0) {
        struct bytes field = bytes_of(error.field, strnlen(error.field, sizeof error.field));
        struct bytes reason = bytes_of(error.reason, strnlen(error.reason, sizeof error.reason));
        CHECK(field.len < sizeof error.field && reason.len < sizeof error.reason, "both texts end");
        CHECK(text_sound(field) && text_sound(reason), "both are text");
        CHECK(reason.len > 0, "a refused line is told why");
        return 0;
    }
    CHECK(size <= LINE_BYTES_MAX, "no line over the limit");
    CHECK(line.reporter_name.len + line.reporter_contact.len <= REPORTER_BYTES_MAX,
          "who reported fits what is sealed");
    check_through_json(&line);
    if (line.type == REPORT_LINE_ZERO) {
        check_zero_entry(&line.zero);
    } else {
        check_report_limits(&line.report);
        check_report_entry(&line.report);
    }
    return 0;
}
