/* report_json.h - the JSON line of a report or a zero report, in and out (format: DESIGN).
 *
 * Reading says which field is wrong and why, in words a clerk can act on. It checks form only:
 * JSON, UTF-8, types, sizes, unknown fields, code lists, dates that exist. What a report must be
 * (known form and region, identifiers, dates in order) is rules/report_check.
 */
#ifndef CORE_WIRE_REPORT_JSON_H
#define CORE_WIRE_REPORT_JSON_H

#include "core/wire/entry.h"

#include <jansson.h>

#define FIELD_PATH_BYTES_MAX 64u
/* What a refused line answers with: {"field":…,"reason":…}. */
struct field_error {
    char field[FIELD_PATH_BYTES_MAX]; /* "subjects[3].nip"; "" = the line as a whole */
    char reason[192];
};

struct report_line {
    enum { REPORT_LINE_REPORT, REPORT_LINE_ZERO } type;
    struct report report; /* sealed_reporter empty: reporter_name and _contact are plain here */
    struct zero_report zero;
    struct bytes reporter_name, reporter_contact;
};

/* jansson's memory must not fail (platform/door/json_memory.h says why): ERR_NOMEM is not all that
 * can come of it. All bytes point into the arena. 0, or ERR_FORMAT, ERR_UTF8, ERR_LIMIT, ERR_VALUE
 * (or ERR_NOMEM) with *ret_error. Reasons echo codes and dates only: nothing that could name a
 * person. */
int report_line_read(struct bytes line, struct arena *arena, struct report_line *ret,
                     struct field_error *ret_error) MUST_USE;

/* New references, NULL when out of memory. Bytes that are not UTF-8 (from a hostile log) come out
 * with U+FFFD for what is broken. */
json_t *report_to_json(const struct report *report);
json_t *zero_report_to_json(const struct zero_report *zero);
/* Any known body, decoded, as an object for `journal dump`; {"hex":…} for unknown kinds or bodies
 * that do not decode. */
json_t *entry_body_to_json(uint16_t kind, struct bytes body, struct arena *arena);
json_t *json_text(struct bytes text); /* a JSON string, repaired as above */

#endif
