/* report_json_place.h - paths like "subjects[3].nip", and which one a byte of a line belongs to.
 *
 * Private to report_json.c. Told from the raw bytes, so it works where JSON or UTF-8 is broken.
 */
#ifndef CORE_WIRE_REPORT_JSON_PLACE_H
#define CORE_WIRE_REPORT_JSON_PLACE_H

#include "core/wire/report_json.h"

/* Adds ".key" (no dot at the start; nothing for an empty key), cut to what is fit to be shown. */
void path_key(struct writer *path, struct bytes key);
/* Adds "[index]". */
void path_index(struct writer *path, size_t index);
/* The path of the value that byte `at` lies in; "" when that is the line itself. */
void path_of_byte(struct bytes line, size_t at, char ret[FIELD_PATH_BYTES_MAX]);
/* True when the line is nested deeper than PARSE_DEPTH_MAX, and then the path where. */
bool path_of_too_deep(struct bytes line, char ret[FIELD_PATH_BYTES_MAX]);

#endif
