/* text.h - UTF-8 and calendar days. */
#ifndef CORE_BASE_TEXT_H
#define CORE_BASE_TEXT_H

#include "core/base/bytes.h"

/* Well-formed UTF-8 (RFC 3629: no overlong forms, surrogates, above U+10FFFF) without NUL. */
bool utf8_valid(struct bytes text);
/* Index of the first byte that breaks it; text.len when valid. */
size_t utf8_valid_until(struct bytes text);
/* Index of the first character that is not seen or hides others: control characters (C0, DEL, C1),
 * what turns the direction of text, zero-width and tag characters, line and paragraph separators,
 * noncharacters. text.len when there is none. `prose` may hold tabs, line ends and the joiners that
 * some scripts need. Valid UTF-8 only. */
size_t text_plain_until(struct bytes text, bool prose);
/* Nothing but white space and zero-width characters (or empty). */
bool text_blank(struct bytes text);

/* Days since 1970-01-01 of a proleptic Gregorian date; false if there is no such day or the year
 * is outside 1900..2200. */
bool day_of_date(int year, int month, int day, int32_t *ret);
/* "YYYY-MM-DD" exactly. */
bool day_of_text(struct bytes text, int32_t *ret);
#define DAY_TEXT_CAPACITY 12u
/* Writes "YYYY-MM-DD" and a NUL, "no such day" for a day outside the years above; returns `to`. */
char *day_to_text(int32_t day, char to[DAY_TEXT_CAPACITY]);
/* The moment it is over in WIB (UTC+7), the provinces' clock. */
static inline int64_t day_end_wib_ms(int32_t day)
{
    return ((int64_t)day + 1) * 86400000 - 25200000;
}

#endif
