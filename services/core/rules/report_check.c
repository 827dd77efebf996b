/* What a report must be. Codes and dates are echoed in the reasons; numbers of persons and names
 * never, because reasons end up in answers, refusals and logs.
 */
#include "core/rules/report_check.h"

#include "core/base/text.h"
#include "core/rules/catalogue.h"

#include <stdarg.h>
#include <stdio.h>

#define NIP_DIGITS 18u
#define NIP_OLD_DIGITS 9u
#define NIK_DIGITS 16u
#define CODE_SHOWN_BYTES_MAX 12u

/* ---- codes ---- */

static bool builtin_form(const void *arg, struct bytes code)
{
    (void)arg;
    return catalogue_form_find(code) != NULL;
}

static bool builtin_regency(const void *arg, struct bytes code)
{
    (void)arg;
    return catalogue_region_find(code) != NULL;
}

const struct report_codes report_codes_builtin = {.form = builtin_form, .regency = builtin_regency};

/* ---- refusing ---- */

static int refuse(struct field_error *error, const char *field, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static int refuse(struct field_error *error, const char *field, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->reason, sizeof error->reason, format, arguments);
    va_end(arguments);
    (void)snprintf(error->field, sizeof error->field, "%s", field);
    return ERR_VALUE;
}

/* list: "subjects"; what: the field in it, empty for the element as a whole. */
static int refuse_in(struct field_error *error, const char *list, size_t index, const char *what,
                     const char *reason)
{
    char field[FIELD_PATH_BYTES_MAX];
    (void)snprintf(field, sizeof field, "%s[%zu]%s%s", list, index, what[0] != '\0' ? "." : "",
                   what);
    return refuse(error, field, "%s", reason);
}

/* A code of a catalogue, quoted; "this" when what stands there does not look like one. */
static const char *code_shown(struct bytes code, char ret[CODE_SHOWN_BYTES_MAX + 3])
{
    bool plain = code.len > 0 && code.len <= CODE_SHOWN_BYTES_MAX;
    size_t digits = 0;
    for (size_t i = 0; plain && i < code.len; i++) {
        uint8_t byte = code.data[i];
        bool digit = byte >= '0' && byte <= '9';
        bool letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
        digits += digit ? 1 : 0;
        plain = digit || letter || byte == '-' || byte == '.' || byte == '_';
    }
    if (!plain || digits >= NIP_OLD_DIGITS) {
        return "this";
    }
    (void)snprintf(ret, CODE_SHOWN_BYTES_MAX + 3, "'%.*s'", (int)code.len, (const char *)code.data);
    return ret;
}

/* One's own needs no catalogue: whoever enrolled the node has looked. */
static int check_regency(struct bytes regency, const struct report_codes *codes, struct bytes own,
                         struct field_error *error)
{
    char shown[CODE_SHOWN_BYTES_MAX + 3];
    char own_shown[CODE_SHOWN_BYTES_MAX + 3];
    if (regency.len == 0) {
        return refuse(error, "regency", "is missing: write this node's own, %s",
                      code_shown(own, own_shown));
    }
    if (bytes_equal(regency, own)) {
        return 0;
    }
    if (!codes->regency(codes->arg, regency)) {
        return refuse(error, "regency", "%s is no known regency: write its code, like 16.07",
                      code_shown(regency, shown));
    }
    return refuse(error, "regency", "%s is not the regency of this node, which reports for %s only",
                  code_shown(regency, shown), code_shown(own, own_shown));
}

/* ---- identifiers: DOMAIN "Identifiers" ---- */

static bool all_digits(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
    }
    return true;
}

/* Form only. There is no check digit, and a slip in the date of birth (which real numbers have too)
 * must not cost a report: what a number says is for the matcher and the officers to weigh. */
static const char *nip_wrong(struct bytes nip)
{
    bool length = nip.len == NIP_DIGITS || nip.len == NIP_OLD_DIGITS;
    return length && all_digits(nip)
               ? NULL
               : "must be 18 digits without spaces (9 for an old one): check it, or leave it out";
}

static const char *nik_wrong(struct bytes nik)
{
    return nik.len == NIK_DIGITS && all_digits(nik)
               ? NULL
               : "must be 16 digits without spaces: check it, or leave it out";
}

/* ---- subjects ---- */

static int check_subject(const struct report *report, const struct report_codes *codes,
                         size_t index, struct field_error *error)
{
    const struct subject *subject = &report->subjects[index];
    if (text_blank(subject->name) && text_blank(subject->nip) && text_blank(subject->nik) &&
        text_blank(subject->account)) {
        return refuse_in(error, "subjects", index, "",
                         "says not who: give a name, nip, nik or account");
    }
    const char *wrong = subject->nip.len > 0 ? nip_wrong(subject->nip) : NULL;
    if (wrong != NULL) {
        return refuse_in(error, "subjects", index, "nip", wrong);
    }
    wrong = subject->nik.len > 0 ? nik_wrong(subject->nik) : NULL;
    if (wrong != NULL) {
        return refuse_in(error, "subjects", index, "nik", wrong);
    }
    if (subject->regency.len > 0 && !codes->regency(codes->arg, subject->regency)) {
        return refuse_in(error, "subjects", index, "regency",
                         "is no known regency: write the code of the employing one, like 16.07");
    }
    return 0;
}

static int check_subjects(const struct report *report, const struct report_codes *codes,
                          struct field_error *error)
{
    if (report->subject_count == 0) {
        return refuse(error, "subjects", "is missing: name at least one person");
    }
    if (report->subject_count > SUBJECTS_MAX) {
        (void)refuse(error, "subjects", "has %zu entries and at most %u are allowed",
                     report->subject_count, SUBJECTS_MAX);
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < report->subject_count; i++) {
        int rc = check_subject(report, codes, i, error);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- the act ---- */

static int check_act(const struct report *report, const struct report_codes *codes,
                     struct field_error *error)
{
    char shown[CODE_SHOWN_BYTES_MAX + 3];
    if (report->form.len == 0) {
        return refuse(error, "form", "is missing: write the code of the form, like DS-06");
    }
    if (!codes->form(codes->arg, report->form)) {
        return refuse(error, "form", "%s is no known form of violation: write a code like DS-06",
                      code_shown(report->form, shown));
    }
    if (report->channel <= 0 || report->channel >= CHANNEL_COUNT) {
        return refuse(error, "channel", "is missing: say how the report came in, like bawaslu");
    }
    return 0;
}

static int check_dates(const struct report *report, int32_t today, struct field_error *error)
{
    char day[DAY_TEXT_CAPACITY];
    char other[DAY_TEXT_CAPACITY];
    if (!report->has_occurred_on && !report->has_known_on) {
        return refuse(error, "occurred_on",
                      "is missing: give the day of the act, or known_on where nobody knows it");
    }
    if (!report->has_occurred_on && report->has_occurred_until) {
        return refuse(error, "occurred_on", "is missing: occurred_until needs a first day");
    }
    if (report->has_occurred_on && report->occurred_on > today) {
        return refuse(error, "occurred_on", "%s is after today, %s: check the date and the clock",
                      day_to_text(report->occurred_on, day), day_to_text(today, other));
    }
    if (report->has_occurred_on && report->has_known_on && report->occurred_on > report->known_on) {
        return refuse(error, "occurred_on", "%s is after known_on, %s: correct one of them",
                      day_to_text(report->occurred_on, day), day_to_text(report->known_on, other));
    }
    if (report->has_known_on && report->known_on > today) {
        return refuse(error, "known_on", "%s is after today, %s: check the date and the clock",
                      day_to_text(report->known_on, day), day_to_text(today, other));
    }
    if (report->has_occurred_until && report->occurred_until < report->occurred_on) {
        return refuse(error, "occurred_until", "%s is before occurred_on, %s: correct one of them",
                      day_to_text(report->occurred_until, other),
                      day_to_text(report->occurred_on, day));
    }
    return 0;
}

static int check_evidence(const struct report *report, struct field_error *error)
{
    if (text_blank(report->description) && text_blank(report->url) && report->evidence_count == 0) {
        return refuse(error, "description",
                      "is missing: say what happened, or give a url or evidence");
    }
    if (report->evidence_count > EVIDENCE_MAX) {
        (void)refuse(error, "evidence", "has %zu entries and at most %u are allowed",
                     report->evidence_count, EVIDENCE_MAX);
        return ERR_LIMIT;
    }
    for (size_t i = 1; i < report->evidence_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (hash_equal(&report->evidence[i].sha256, &report->evidence[j].sha256)) {
                return refuse_in(error, "evidence", i, "sha256",
                                 "is the same file as an earlier one: keep one of them");
            }
        }
    }
    return 0;
}

int report_check(const struct report *report, const struct report_codes *codes,
                 struct bytes own_regency, int32_t today, struct field_error *ret)
{
    int rc = check_regency(report->regency, codes, own_regency, ret);
    if (rc == 0) {
        rc = check_act(report, codes, ret);
    }
    if (rc == 0) {
        rc = check_dates(report, today, ret);
    }
    if (rc == 0) {
        rc = check_subjects(report, codes, ret);
    }
    if (rc == 0) {
        rc = check_evidence(report, ret);
    }
    return rc;
}

int zero_report_check(const struct zero_report *zero, const struct report_codes *codes,
                      struct bytes own_regency, int32_t today, struct field_error *ret)
{
    char day[DAY_TEXT_CAPACITY];
    char other[DAY_TEXT_CAPACITY];
    int rc = check_regency(zero->regency, codes, own_regency, ret);
    if (rc != 0) {
        return rc;
    }
    if (zero->scope <= 0 || zero->scope >= SCOPE_COUNT) {
        return refuse(ret, "zero.scope", "is missing: say for whom, like all");
    }
    if (zero->until < zero->from) {
        return refuse(ret, "zero.until", "%s is before from, %s: correct one of them",
                      day_to_text(zero->until, day), day_to_text(zero->from, other));
    }
    if (zero->until > today) {
        return refuse(ret, "zero.until", "%s is after today, %s: what is to come cannot be stated",
                      day_to_text(zero->until, day), day_to_text(today, other));
    }
    if (text_blank(zero->stated_name)) {
        return refuse(ret, "stated_name", "is missing: a zero report is stated by a named person");
    }
    return 0;
}

/* ---- a report that is amended ---- */
static bool same_number(struct bytes a, struct bytes b)
{
    return a.len > 0 && bytes_equal(a, b);
}

static bool same_person(const struct subject *a, const struct subject *b)
{
    if (a->nip.len > 0 && b->nip.len > 0) {
        return bytes_equal(a->nip, b->nip);
    }
    if (a->nik.len > 0 && b->nik.len > 0) {
        return bytes_equal(a->nik, b->nik);
    }
    return same_number(a->name, b->name) || same_number(a->account, b->account);
}

static bool stands_at(const struct report *report, size_t index, const struct subject *subject)
{
    return index < report->subject_count && same_person(&report->subjects[index], subject);
}

/* From one place to another, and not as one more. */
static bool moved(const struct report *before, size_t from, const struct report *now, size_t to)
{
    const struct subject *was = &before->subjects[from], *is = &now->subjects[to];
    return from != to && same_person(was, is) && !stands_at(before, to, is) &&
           !stands_at(now, from, was);
}

int report_amend_check(const struct report *before, struct bytes key, const struct report *now,
                       struct field_error *ret)
{
    if (now->key.len > 0 && !bytes_equal(now->key, key)) {
        return refuse(ret, "key", "A3: is not the key of the report that is amended");
    }
    for (size_t i = 0; i < now->subject_count; i++) {
        for (size_t j = 0; j < before->subject_count; j++) {
            if (moved(before, j, now, i)) {
                return refuse_in(ret, "subjects", i, "name",
                                 "A4: stood elsewhere: subjects keep their places, new ones come "
                                 "last; else withdraw the report and hand in another");
            }
        }
    }
    return 0;
}
