#include "core/base/text.h"

#include <stdio.h>

#define YEAR_MIN 1900
#define YEAR_MAX 2200

/* Length of the well-formed character at the start of data, 0 if there is none; left >= 1.
 * The bounds of the second byte are those of RFC 3629 section 4: they keep out overlong forms,
 * surrogates and what is above U+10FFFF. */
static size_t utf8_length(const uint8_t *data, size_t left)
{
    uint8_t first = data[0];
    if (first < 0x80) {
        return first == 0 ? 0 : 1;
    }
    if (first < 0xc2 || first > 0xf4) {
        return 0;
    }
    size_t length = first < 0xe0 ? 2 : (first < 0xf0 ? 3 : 4);
    if (length > left) {
        return 0;
    }
    uint8_t low = first == 0xe0 ? 0xa0 : (first == 0xf0 ? 0x90 : 0x80);
    uint8_t high = first == 0xed ? 0x9f : (first == 0xf4 ? 0x8f : 0xbf);
    if (data[1] < low || data[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((data[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

size_t utf8_valid_until(struct bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t length = utf8_length(text.data + at, text.len - at);
        if (length == 0) {
            break;
        }
        at += length;
    }
    return at;
}

bool utf8_valid(struct bytes text)
{
    return utf8_valid_until(text) == text.len;
}

static uint32_t utf8_point(const uint8_t *data, size_t length)
{
    static const uint8_t lead_mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t point = data[0] & lead_mask[length];
    for (size_t i = 1; i < length; i++) {
        point = point << 6 | (data[i] & 0x3fu);
    }
    return point;
}

/* Unicode's White_Space, and the zero-width characters, which look just as empty. */
static bool point_blank(uint32_t point)
{
    if (point == ' ' || (point >= '\t' && point <= '\r')) {
        return true;
    }
    return point == 0x85 || point == 0xa0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200d) || point == 0x2028 || point == 0x2029 ||
           point == 0x202f || point == 0x205f || point == 0x2060 || point == 0x3000 ||
           point == 0xfeff;
}

bool text_blank(struct bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        size_t length = utf8_length(text.data + at, text.len - at);
        if (length == 0 || !point_blank(utf8_point(text.data + at, length))) {
            return false;
        }
        at += length;
    }
    return true;
}

/* Unicode's Cc, Bidi_Control, tags, separators and noncharacters, and what has no width. */
static bool point_unseen(uint32_t point, bool prose)
{
    if (point == '\t' || point == '\n' || point == '\r' || point == 0x200c || point == 0x200d) {
        return !prose;
    }
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0xad || point == 0x61c ||
           point == 0x180e || (point >= 0x200b && point <= 0x200f) ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) ||
           point == 0xfeff || (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) == 0xfffe ||
           (point >= 0xfff9 && point <= 0xfffb) || (point >= 0xe0000 && point <= 0xe0fff);
}

size_t text_plain_until(struct bytes text, bool prose)
{
    size_t at = 0;
    while (at < text.len) {
        size_t length = utf8_length(text.data + at, text.len - at);
        if (length == 0 || point_unseen(utf8_point(text.data + at, length), prose)) {
            break;
        }
        at += length;
    }
    return at;
}

static bool leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days of a year before the first of a month. */
static int days_before_month(int year, int month)
{
    static const int before[] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    return before[month] + (month > 2 && leap_year(year) ? 1 : 0);
}

/* Days from 1970-01-01 to the first of January of a year. */
static int days_before_year(int year)
{
    int past = year - 1;
    return 365 * (year - 1970) + (past / 4 - past / 100 + past / 400) - 477;
}

bool day_of_date(int year, int month, int day, int32_t *ret)
{
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1) {
        return false;
    }
    int first = days_before_month(year, month);
    int month_days = month == 12 ? 31 : days_before_month(year, month + 1) - first;
    if (day > month_days) {
        return false;
    }
    *ret = days_before_year(year) + first + day - 1;
    return true;
}

static bool digits(const uint8_t *text, size_t count, int *ret)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (text[i] - '0');
    }
    *ret = value;
    return true;
}

bool day_of_text(struct bytes text, int32_t *ret)
{
    int year = 0;
    int month = 0;
    int day = 0;
    return text.len == 10 && text.data[4] == '-' && text.data[7] == '-' &&
           digits(text.data, 4, &year) && digits(text.data + 5, 2, &month) &&
           digits(text.data + 8, 2, &day) && day_of_date(year, month, day, ret);
}

char *day_to_text(int32_t day, char to[DAY_TEXT_CAPACITY])
{
    if (day < days_before_year(YEAR_MIN) || day >= days_before_year(YEAR_MAX + 1)) {
        (void)snprintf(to, DAY_TEXT_CAPACITY, "no such day");
        return to;
    }
    int year = 1970 + day / 366; /* never too late after 1970; before it, step down below */
    while (days_before_year(year) > day) {
        year--;
    }
    while (days_before_year(year + 1) <= day) {
        year++;
    }
    int rest = day - days_before_year(year);
    int month = 12;
    while (days_before_month(year, month) > rest) {
        month--;
    }
    unsigned mday = (unsigned)(rest - days_before_month(year, month) + 1);
    (void)snprintf(to, DAY_TEXT_CAPACITY, "%04u-%02u-%02u", (unsigned)year % 10000u,
                   (unsigned)month % 100u, mday % 100u);
    return to;
}
