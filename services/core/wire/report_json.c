/* Reading the JSON line of a report or a zero report.
 *
 * What may stand in a line is tables of field rules, one for each kind of object. No reason echoes
 * what was typed, but for codes and dates: a refused line must not carry a name into a log.
 */
#include "core/wire/report_json.h"

#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/wire/report_json_place.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define ECHO_BYTES_MAX 20u
#define ECHO_DIGITS_MAX 8u /* a date; a longer number may be somebody's */

/* ---- refusing ---- */

struct line_reader {
    struct arena *arena;
    struct field_error *error;
    const char *group; /* "subjects"; NULL for the line's own fields */
    bool indexed;
    size_t index;
};

/* name: NULL for the group as a whole, or the line. */
static int refuse(const struct line_reader *reader, int code, const char *name, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
static int refuse(const struct line_reader *reader, int code, const char *name, const char *format,
                  ...)
{
    struct field_error *error = reader->error;
    struct writer path;
    writer_init(&path, (uint8_t *)error->field, sizeof error->field - 1);
    path_key(&path, bytes_of_text(reader->group));
    if (reader->indexed) {
        path_index(&path, reader->index);
    }
    path_key(&path, bytes_of_text(name));
    error->field[path.len] = '\0';
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(error->reason, sizeof error->reason, format, arguments);
    va_end(arguments);
    return code;
}

/* A code or a date may be echoed; what could be anything else comes out as "this". */
static const char *echo(const json_t *value, char ret[ECHO_BYTES_MAX + 3])
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    size_t digits = 0;
    bool plain = len > 0 && len <= ECHO_BYTES_MAX;
    for (size_t i = 0; plain && i < len; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        bool letter = (text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z');
        digits += digit ? 1 : 0;
        plain = digit || letter || text[i] == '-' || text[i] == '_' || text[i] == '.';
    }
    if (!plain || digits > ECHO_DIGITS_MAX) {
        return "this";
    }
    (void)snprintf(ret, ECHO_BYTES_MAX + 3, "'%s'", text);
    return ret;
}

static const char *type_text(const json_t *value)
{
    if (value == NULL) {
        return "nothing";
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return "an object in braces";
    case JSON_ARRAY:
        return "a list in brackets";
    case JSON_STRING:
        return "text";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "null";
}

/* ---- one field ---- */

enum value_type {
    VALUE_TEXT,
    VALUE_DATE,
    VALUE_CODE,
    VALUE_FLAG,
    VALUE_HASH,
    VALUE_SIZE,
    VALUE_DROPPED,  /* text that is accepted and forgotten */
    VALUE_ELSEWHERE /* a list or an object with rules of its own */
};

#define NO_HAS SIZE_MAX

struct field_rule {
    const char *name;
    enum value_type type;
    size_t offset, has; /* members of the struct that is filled */
    size_t bytes_max;
    const char *const *codes; /* from index 1 */
    size_t code_count;
    bool prose; /* may have several lines */
    bool link;
};

#define TEXT_RULE(text, type_name, member, max)                                                    \
    {                                                                                              \
        .name = (text), .type = VALUE_TEXT, .offset = offsetof(type_name, member), .has = NO_HAS,  \
        .bytes_max = (max)                                                                         \
    }
#define DATE_RULE(text, type_name, member, has_member)                                             \
    {                                                                                              \
        .name = (text), .type = VALUE_DATE, .offset = offsetof(type_name, member),                 \
        .has = (has_member)                                                                        \
    }
#define CODE_RULE(text, type_name, member, names, count)                                           \
    {                                                                                              \
        .name = (text), .type = VALUE_CODE, .offset = offsetof(type_name, member), .has = NO_HAS,  \
        .codes = (names), .code_count = (count)                                                    \
    }
#define OTHER_RULE(text, value)                                                                    \
    {                                                                                              \
        .name = (text), .type = (value), .has = NO_HAS, .bytes_max = LINE_BYTES_MAX                \
    }

static const struct field_rule report_rules[] = {
    TEXT_RULE("key", struct report, key, KEY_BYTES_MAX),
    TEXT_RULE("regency", struct report, regency, NAME_BYTES_MAX),
    CODE_RULE("channel", struct report, channel, channel_names, CHANNEL_COUNT),
    TEXT_RULE("form", struct report, form, NAME_BYTES_MAX),
    DATE_RULE("occurred_on", struct report, occurred_on, offsetof(struct report, has_occurred_on)),
    DATE_RULE("occurred_until", struct report, occurred_until,
              offsetof(struct report, has_occurred_until)),
    DATE_RULE("known_on", struct report, known_on, offsetof(struct report, has_known_on)),
    TEXT_RULE("place", struct report, place, SHORT_TEXT_BYTES_MAX),
    {.name = "description",
     .type = VALUE_TEXT,
     .offset = offsetof(struct report, description),
     .has = NO_HAS,
     .bytes_max = TEXT_BYTES_MAX,
     .prose = true},
    {.name = "url",
     .type = VALUE_TEXT,
     .offset = offsetof(struct report, url),
     .has = NO_HAS,
     .bytes_max = URL_BYTES_MAX,
     .link = true},
    TEXT_RULE("candidate", struct report, candidate, SHORT_TEXT_BYTES_MAX),
    TEXT_RULE("external_ref", struct report, external_ref, SHORT_TEXT_BYTES_MAX),
    {.name = "urgent",
     .type = VALUE_FLAG,
     .offset = offsetof(struct report, urgent),
     .has = NO_HAS},
    OTHER_RULE("subjects", VALUE_ELSEWHERE),
    OTHER_RULE("evidence", VALUE_ELSEWHERE),
    OTHER_RULE("reporter", VALUE_ELSEWHERE),
    OTHER_RULE("zero", VALUE_ELSEWHERE), /* only null gets this far */
    {.name = NULL},
};

static const struct field_rule subject_rules[] = {
    TEXT_RULE("name", struct subject, name, NAME_BYTES_MAX),
    TEXT_RULE("nip", struct subject, nip, NAME_BYTES_MAX),
    TEXT_RULE("nik", struct subject, nik, NAME_BYTES_MAX),
    CODE_RULE("employment", struct subject, employment, employment_names, EMPLOYMENT_COUNT),
    TEXT_RULE("unit", struct subject, unit, NAME_BYTES_MAX),
    TEXT_RULE("position", struct subject, position, NAME_BYTES_MAX),
    TEXT_RULE("account", struct subject, account, NAME_BYTES_MAX),
    TEXT_RULE("regency", struct subject, regency, NAME_BYTES_MAX),
    {.name = NULL},
};

static const struct field_rule evidence_rules[] = {
    {.name = "sha256",
     .type = VALUE_HASH,
     .offset = offsetof(struct evidence, sha256),
     .has = NO_HAS},
    TEXT_RULE("media_type", struct evidence, media_type, NAME_BYTES_MAX),
    {.name = "size",
     .type = VALUE_SIZE,
     .offset = offsetof(struct evidence, size),
     .has = offsetof(struct evidence, has_size)},
    TEXT_RULE("name", struct evidence, name, NAME_BYTES_MAX),
    {.name = "path",
     .type = VALUE_DROPPED,
     .has = offsetof(struct evidence, has_path),
     .bytes_max = LINE_BYTES_MAX},
    {.name = NULL},
};

static const struct field_rule reporter_rules[] = {
    TEXT_RULE("name", struct report_line, reporter_name, REPORTER_BYTES_MAX),
    TEXT_RULE("contact", struct report_line, reporter_contact, REPORTER_BYTES_MAX),
    {.name = NULL},
};

static const struct field_rule zero_line_rules[] = {
    TEXT_RULE("regency", struct zero_report, regency, NAME_BYTES_MAX),
    TEXT_RULE("stated_name", struct zero_report, stated_name, NAME_BYTES_MAX),
    OTHER_RULE("zero", VALUE_ELSEWHERE),
    {.name = NULL},
};

static const struct field_rule zero_rules[] = {
    DATE_RULE("from", struct zero_report, from, NO_HAS),
    DATE_RULE("until", struct zero_report, until, NO_HAS),
    CODE_RULE("scope", struct zero_report, scope, scope_names, SCOPE_COUNT),
    {.name = NULL},
};

static const char *value_wanted(enum value_type type)
{
    static const char *const wanted[] = {
        [VALUE_TEXT] = "text in double quotes",
        [VALUE_DATE] = "a date in double quotes, like \"2024-10-02\"",
        [VALUE_CODE] = "text in double quotes",
        [VALUE_FLAG] = "true or false, without quotes",
        [VALUE_HASH] = "64 hex digits in double quotes",
        [VALUE_SIZE] = "a whole number of bytes, without quotes",
        [VALUE_DROPPED] = "text in double quotes",
        [VALUE_ELSEWHERE] = "another value",
    };
    return wanted[type];
}

static bool value_fits(enum value_type type, const json_t *value)
{
    switch (type) {
    case VALUE_FLAG:
        return json_is_boolean(value);
    case VALUE_SIZE:
        return json_is_integer(value);
    case VALUE_ELSEWHERE:
        return true;
    case VALUE_TEXT:
    case VALUE_DATE:
    case VALUE_CODE:
    case VALUE_HASH:
    case VALUE_DROPPED:
        break;
    }
    return json_is_string(value);
}

static struct bytes text_of(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

/* "https://…", "http://…" or none ("facebook.com/…", "x.example:8080/…"): others open what is no
 * page. What a browser runs has no dot in its name, and may go on with a digit. */
static bool scheme_allowed(struct bytes url)
{
    size_t len = 0;
    while (len < url.len && memchr(":/?#", url.data[len], 4) == NULL) {
        len++;
    }
    bool port = memchr(url.data, '.', len) != NULL && len + 1 < url.len &&
                url.data[len + 1] >= '0' && url.data[len + 1] <= '9';
    if (len == url.len || url.data[len] != ':' || port) {
        return true;
    }
    const char *scheme = (const char *)url.data;
    return (len == 5 && strncasecmp(scheme, "https", 5) == 0) ||
           (len == 4 && strncasecmp(scheme, "http", 4) == 0) || PLANTED(ANY_SCHEME);
}

/* What is shown must be all there is: no control characters, nothing that turns or hides text. */
static int check_text(const struct line_reader *reader, const struct field_rule *rule,
                      struct bytes text)
{
    size_t plain = text_plain_until(text, rule->prose);
    if (plain < text.len && !PLANTED(UNSEEN_TEXT)) {
        return refuse(reader, ERR_VALUE, rule->name,
                      "has a character at byte %zu that is not seen or turns the text: take it out",
                      plain + 1);
    }
    if (rule->link && !scheme_allowed(text)) {
        return refuse(reader, ERR_VALUE, rule->name,
                      "is no web address: it begins with https:// or http://");
    }
    return 0;
}

static int read_text(const struct line_reader *reader, const struct field_rule *rule,
                     const json_t *value, struct bytes *ret)
{
    struct bytes text = text_of(value);
    if (text.len > rule->bytes_max) {
        return refuse(reader, ERR_LIMIT, rule->name,
                      "is %zu bytes long and at most %zu are allowed: shorten it", text.len,
                      rule->bytes_max);
    }
    int rc = check_text(reader, rule, text);
    if (rc != 0) {
        return rc;
    }
    struct bytes copy = arena_copy(reader->arena, text);
    if (text.len > 0 && copy.data == NULL) {
        return refuse(reader, ERR_LIMIT, rule->name,
                      "does not fit any more: the line holds too much, split it");
    }
    *ret = copy;
    return 0;
}

static int read_date(const struct line_reader *reader, const struct field_rule *rule,
                     const json_t *value, int32_t *ret)
{
    char shown[ECHO_BYTES_MAX + 3];
    if (!day_of_text(text_of(value), ret)) {
        return refuse(reader, ERR_VALUE, rule->name,
                      "%s is no day of the calendar: write year-month-day, like 2024-10-02",
                      echo(value, shown));
    }
    return 0;
}

static int read_code(const struct line_reader *reader, const struct field_rule *rule,
                     const json_t *value, int *ret)
{
    for (size_t i = 1; i < rule->code_count; i++) {
        if (bytes_equal(text_of(value), bytes_of_text(rule->codes[i]))) {
            *ret = (int)i;
            return 0;
        }
    }
    char list[128];
    struct writer names;
    writer_init(&names, (uint8_t *)list, sizeof list - 1);
    for (size_t i = 1; i < rule->code_count; i++) {
        writer_bytes(&names, bytes_of_text(i > 1 ? ", " : ""));
        writer_bytes(&names, bytes_of_text(rule->codes[i]));
    }
    list[names.len] = '\0';
    char shown[ECHO_BYTES_MAX + 3];
    return refuse(reader, ERR_VALUE, rule->name, "%s is not one of %s", echo(value, shown), list);
}

static int read_size(const struct line_reader *reader, const struct field_rule *rule,
                     const json_t *value, uint64_t *ret)
{
    json_int_t size = json_integer_value(value);
    if (size < 0) {
        return refuse(reader, ERR_VALUE, rule->name, "must not be below zero");
    }
    if (size > (json_int_t)OBJECT_BYTES_MAX) {
        return refuse(reader, ERR_LIMIT, rule->name,
                      "is more than the %u bytes a file may have: give a smaller file",
                      OBJECT_BYTES_MAX);
    }
    *ret = (uint64_t)size;
    return 0;
}

static int read_hash(const struct line_reader *reader, const struct field_rule *rule,
                     const json_t *value, struct hash *ret)
{
    if (!hex_decode(ret->b, sizeof ret->b, text_of(value))) {
        return refuse(reader, ERR_VALUE, rule->name,
                      "must be the file's SHA-256 as 64 hex digits (sha256sum shows it)");
    }
    return 0;
}

static int read_value(const struct line_reader *reader, const struct field_rule *rule,
                      const json_t *value, void *target)
{
    void *member = (char *)target + rule->offset;
    switch (rule->type) {
    case VALUE_TEXT:
        return read_text(reader, rule, value, member);
    case VALUE_DATE:
        return read_date(reader, rule, value, member);
    case VALUE_CODE:
        return read_code(reader, rule, value, member);
    case VALUE_FLAG:
        *(bool *)member = json_is_true(value);
        return 0;
    case VALUE_HASH:
        return read_hash(reader, rule, value, member);
    case VALUE_SIZE:
        return read_size(reader, rule, value, member);
    case VALUE_DROPPED:
    case VALUE_ELSEWHERE:
        break;
    }
    return 0;
}

static int read_field(const struct line_reader *reader, const struct field_rule *rule,
                      const json_t *value, void *target)
{
    if (json_is_null(value)) {
        return 0;
    }
    if (!value_fits(rule->type, value)) {
        return refuse(reader, ERR_FORMAT, rule->name, "must be %s, not %s",
                      value_wanted(rule->type), type_text(value));
    }
    int rc = read_value(reader, rule, value, target);
    if (rc == 0 && rule->has != NO_HAS) {
        *(bool *)((char *)target + rule->has) = true;
    }
    return rc;
}

static const struct field_rule *rule_named(const struct field_rule *rules, const char *name)
{
    for (const struct field_rule *rule = rules; rule->name != NULL; rule++) {
        if (strcmp(rule->name, name) == 0) {
            return rule;
        }
    }
    return NULL;
}

/* what: "report", for the reason of an unknown field. */
static int read_object(const struct line_reader *reader, json_t *object,
                       const struct field_rule *rules, const char *what, void *target)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object, name, value)
    {
        const struct field_rule *rule = rule_named(rules, name);
        if (rule == NULL) {
            return refuse(reader, ERR_FORMAT, name[0] != '\0' ? name : NULL,
                          "is not a field of a %s: check its spelling or take it out", what);
        }
        int rc = read_field(reader, rule, value, target);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- lists and the parts of a line ---- */

struct list_rule {
    const char *name, *what;
    const struct field_rule *rules;
    size_t count_max, stride;
};

/* Sets *ret to an array of *ret_count elements of `stride` bytes in the arena. */
static int read_list(const struct line_reader *line, json_t *object, const struct list_rule *rule,
                     void **ret, size_t *ret_count)
{
    json_t *list = json_object_get(object, rule->name);
    if (list == NULL || json_is_null(list)) {
        return 0;
    }
    if (!json_is_array(list)) {
        return refuse(line, ERR_FORMAT, rule->name, "must be a list in brackets, not %s",
                      type_text(list));
    }
    size_t count = json_array_size(list);
    if (count > rule->count_max) {
        return refuse(line, ERR_LIMIT, rule->name,
                      "has %zu entries and at most %zu are allowed: split the report", count,
                      rule->count_max);
    }
    char *elements = arena_alloc(line->arena, count * rule->stride);
    if (elements == NULL && count > 0) {
        return refuse(line, ERR_LIMIT, rule->name,
                      "does not fit any more: the line holds too much, split it");
    }
    struct line_reader reader = *line;
    reader.group = rule->name;
    reader.indexed = true;
    for (reader.index = 0; reader.index < count; reader.index++) {
        json_t *element = json_array_get(list, reader.index);
        if (!json_is_object(element)) {
            return refuse(&reader, ERR_FORMAT, NULL, "must be an object in braces, not %s",
                          type_text(element));
        }
        int rc = read_object(&reader, element, rule->rules, rule->what,
                             elements + reader.index * rule->stride);
        if (rc != 0) {
            return rc;
        }
    }
    *ret = elements;
    *ret_count = count;
    return 0;
}

static int read_subjects(const struct line_reader *reader, json_t *object, struct report *report)
{
    static const struct list_rule rule = {
        .name = "subjects",
        .what = "subject",
        .rules = subject_rules,
        .count_max = SUBJECTS_MAX,
        .stride = sizeof(struct subject),
    };
    void *list = NULL;
    int rc = read_list(reader, object, &rule, &list, &report->subject_count);
    report->subjects = list;
    return rc;
}

static int read_evidence(const struct line_reader *reader, json_t *object, struct report *report)
{
    static const struct list_rule rule = {
        .name = "evidence",
        .what = "piece of evidence",
        .rules = evidence_rules,
        .count_max = EVIDENCE_MAX,
        .stride = sizeof(struct evidence),
    };
    void *list = NULL;
    int rc = read_list(reader, object, &rule, &list, &report->evidence_count);
    report->evidence = list;
    struct line_reader element = *reader;
    element.group = rule.name;
    element.indexed = true;
    for (size_t i = 0; rc == 0 && i < report->evidence_count; i++) {
        json_t *piece = json_array_get(json_object_get(object, rule.name), i);
        json_t *sha256 = json_object_get(piece, "sha256");
        element.index = i;
        if (sha256 == NULL || json_is_null(sha256)) {
            rc = refuse(&element, ERR_FORMAT, "sha256",
                        "is missing: give the file's SHA-256 as 64 hex digits, or its path to "
                        "kabar report submit");
        }
    }
    return rc;
}

static int read_reporter(const struct line_reader *line, json_t *object, struct report_line *ret)
{
    json_t *reporter = json_object_get(object, "reporter");
    if (reporter == NULL || json_is_null(reporter)) {
        return 0;
    }
    if (!json_is_object(reporter)) {
        return refuse(line, ERR_FORMAT, "reporter",
                      "must be an object {\"name\":…,\"contact\":…}, not %s", type_text(reporter));
    }
    struct line_reader reader = *line;
    reader.group = "reporter";
    int rc = read_object(&reader, reporter, reporter_rules, "reporter", ret);
    if (rc == 0 && ret->reporter_name.len + ret->reporter_contact.len > REPORTER_BYTES_MAX) {
        return refuse(line, ERR_LIMIT, "reporter",
                      "name and contact may have %u bytes together: shorten them",
                      REPORTER_BYTES_MAX);
    }
    return rc;
}

static int read_report(const struct line_reader *reader, json_t *object, struct report_line *ret)
{
    ret->type = REPORT_LINE_REPORT;
    int rc = read_object(reader, object, report_rules, "report", &ret->report);
    if (rc == 0) {
        rc = read_subjects(reader, object, &ret->report);
    }
    if (rc == 0) {
        rc = read_evidence(reader, object, &ret->report);
    }
    if (rc == 0) {
        rc = read_reporter(reader, object, ret);
    }
    return rc;
}

static int read_zero(const struct line_reader *line, json_t *object, struct report_line *ret)
{
    ret->type = REPORT_LINE_ZERO;
    int rc = read_object(line, object, zero_line_rules, "zero report", &ret->zero);
    if (rc != 0) {
        return rc;
    }
    json_t *zero = json_object_get(object, "zero");
    if (!json_is_object(zero)) {
        return refuse(line, ERR_FORMAT, "zero",
                      "must be an object {\"from\":…,\"until\":…,\"scope\":…}, not %s",
                      type_text(zero));
    }
    struct line_reader reader = *line;
    reader.group = "zero";
    rc = read_object(&reader, zero, zero_rules, "zero report", &ret->zero);
    static const char *const dates[] = {"from", "until"};
    for (size_t i = 0; rc == 0 && i < 2; i++) {
        json_t *date = json_object_get(zero, dates[i]);
        if (date == NULL || json_is_null(date)) {
            rc = refuse(&reader, ERR_FORMAT, dates[i],
                        "is missing: give a date, like \"2024-05-01\"");
        }
    }
    return rc;
}

/* ---- the line ---- */

/* Our words for jansson's errors: its own quote what stands there. */
static int refuse_json(const struct line_reader *reader, struct bytes line,
                       const json_error_t *error)
{
    int rc = ERR_FORMAT;
    int byte = error->position;
    switch ((int)json_error_code(error)) {
    case json_error_out_of_memory:
        return refuse(reader, ERR_NOMEM, NULL, "out of memory: try again");
    case json_error_duplicate_key:
        rc = refuse(reader, ERR_FORMAT, NULL, "stands twice in one object: keep one");
        break;
    case json_error_premature_end_of_input:
        rc = refuse(reader, ERR_FORMAT, NULL,
                    "the line ends too early: a quote, bracket or brace is not closed");
        break;
    case json_error_end_of_input_expected:
        rc = refuse(reader, ERR_FORMAT, NULL,
                    "more after the end of the report, at byte %d: one report a line", byte);
        break;
    case json_error_numeric_overflow:
        rc = refuse(reader, ERR_FORMAT, NULL, "is too big a number");
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        rc = refuse(reader, ERR_UTF8, NULL, "contains \\u0000, which is not text: take it out");
        break;
    default:
        rc = refuse(reader, ERR_FORMAT, NULL,
                    "is not JSON, at byte %d: check quotes, commas and braces there", byte);
        break;
    }
    size_t at = byte > 0 && (size_t)byte <= line.len ? (size_t)byte : 0;
    path_of_byte(line, at, reader->error->field);
    return rc;
}

static int check_raw(const struct line_reader *reader, struct bytes line)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (line.len > LINE_BYTES_MAX) {
        return refuse(reader, ERR_LIMIT, NULL,
                      "the line has %zu bytes and at most %u are allowed: split the report",
                      line.len, LINE_BYTES_MAX);
    }
    size_t valid = utf8_valid_until(line);
    if (valid < line.len) {
        int rc =
            refuse(reader, ERR_UTF8, NULL,
                   "is not UTF-8 text at byte %zu of the line: save the file as UTF-8", valid + 1);
        path_of_byte(line, valid, reader->error->field);
        return rc;
    }
    if (text_blank(line)) {
        return refuse(reader, ERR_FORMAT, NULL, "the line is empty: one report a line");
    }
    if (line.len >= 3 && memcmp(line.data, mark, 3) == 0) {
        return refuse(reader, ERR_FORMAT, NULL,
                      "begins with a byte order mark: save the file as UTF-8 without it");
    }
    char field[FIELD_PATH_BYTES_MAX];
    if (path_of_too_deep(line, field)) {
        int rc =
            refuse(reader, ERR_LIMIT, NULL,
                   "has brackets in brackets, deeper than the %u levels allowed", PARSE_DEPTH_MAX);
        memcpy(reader->error->field, field, sizeof field);
        return rc;
    }
    return 0;
}

int report_line_read(struct bytes line, struct arena *arena, struct report_line *ret,
                     struct field_error *ret_error)
{
    struct line_reader reader = {.arena = arena, .error = ret_error};
    struct report_line read = {0};
    json_error_t error;
    json_t *object = NULL;
    int rc = check_raw(&reader, line);
    if (rc != 0) {
        goto out;
    }
    object = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, &error);
    if (object == NULL) {
        rc = refuse_json(&reader, line, &error);
        goto out;
    }
    if (!json_is_object(object)) {
        rc = refuse(&reader, ERR_FORMAT, NULL, "must be an object in braces, not %s",
                    type_text(object));
        goto out;
    }
    json_t *zero = json_object_get(object, "zero");
    bool is_zero = zero != NULL && !json_is_null(zero);
    rc = is_zero ? read_zero(&reader, object, &read) : read_report(&reader, object, &read);
    if (rc == 0) {
        *ret = read;
    }
out:
    json_decref(object);
    return rc;
}
