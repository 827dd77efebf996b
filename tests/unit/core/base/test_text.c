/* UTF-8 as RFC 3629 has it, blank text, and calendar days. */
#include "core/base/text.h"
#include "lib/cmocka_all.h"

static const struct {
    const char *text;
    size_t len;
    size_t until; /* first byte that breaks it */
} utf8_cases[] = {
    {"", 0, 0},
    {"Banyuasin", 9, 9},
    {"a\0b", 3, 1},                 /* NUL */
    {"\x7f", 1, 1},                 /* last of one byte */
    {"\xc2\x80", 2, 2},             /* first of two */
    {"\xdf\xbf", 2, 2},             /* last of two */
    {"\xe0\xa0\x80", 3, 3},         /* first of three */
    {"\xed\x9f\xbf", 3, 3},         /* U+D7FF, last before the surrogates */
    {"\xee\x80\x80", 3, 3},         /* U+E000, first after them */
    {"\xef\xbf\xbf", 3, 3},         /* last of three */
    {"\xf0\x90\x80\x80", 4, 4},     /* first of four */
    {"\xf4\x8f\xbf\xbf", 4, 4},     /* U+10FFFF */
    {"ab\x80", 3, 2},               /* continuation alone */
    {"\xc0\x80", 2, 0},             /* overlong NUL */
    {"\xc1\xbf", 2, 0},             /* overlong U+007F */
    {"\xe0\x9f\xbf", 3, 0},         /* overlong U+07FF */
    {"\xf0\x8f\xbf\xbf", 4, 0},     /* overlong U+FFFF */
    {"\xed\xa0\x80", 3, 0},         /* U+D800 */
    {"\xed\xbf\xbf", 3, 0},         /* U+DFFF */
    {"\xf4\x90\x80\x80", 4, 0},     /* U+110000 */
    {"\xf5\x80\x80\x80", 4, 0},     /* above all */
    {"\xff", 1, 0},                 /* never */
    {"a\xc3", 2, 1},                /* cut after one of two */
    {"a\xe2\x82", 3, 1},            /* cut after two of three */
    {"a\xf0\x9f\x98", 4, 1},        /* cut after three of four */
    {"\xc3\x28", 2, 0},             /* second byte is no continuation */
    {"\xe2\x82\x28", 3, 0},         /* third is none */
    {"\xf0\x9f\x98\x28", 4, 0},     /* fourth is none */
    {"\xe2\x82\xac\xc3\xa9!", 6, 6} /* several in a row */
};

static void utf8_is_judged_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof utf8_cases / sizeof utf8_cases[0]; i++) {
        struct bytes text = bytes_of(utf8_cases[i].text, utf8_cases[i].len);
        assert_int_equal(utf8_valid_until(text), utf8_cases[i].until);
        assert_int_equal(utf8_valid(text), utf8_cases[i].until == text.len);
    }
}

/* Every code point, encoded by the plain rule, is good except NUL and the surrogates. */
static void every_code_point_is_judged(void **state)
{
    (void)state;
    for (uint32_t point = 0x800; point < 0x10000; point++) {
        uint8_t text[3] = {(uint8_t)(0xe0u | point >> 12), (uint8_t)(0x80u | (point >> 6 & 0x3fu)),
                           (uint8_t)(0x80u | (point & 0x3fu))};
        bool surrogate = point >= 0xd800 && point < 0xe000;
        assert_int_equal(utf8_valid(bytes_of(text, 3)), !surrogate);
    }
    for (uint32_t point = 0x10000; point < 0x200000; point++) {
        uint8_t text[4] = {(uint8_t)(0xf0u | point >> 18), (uint8_t)(0x80u | (point >> 12 & 0x3fu)),
                           (uint8_t)(0x80u | (point >> 6 & 0x3fu)),
                           (uint8_t)(0x80u | (point & 0x3fu))};
        assert_int_equal(utf8_valid(bytes_of(text, 4)), point < 0x110000);
    }
}

static void blank_is_what_looks_empty(void **state)
{
    (void)state;
    static const char *const blank[] = {
        "",        " ", " \t\r\n\v\f", "\xc2\xa0", "\xe2\x80\x8b ", "\xe3\x80\x80", "\xef\xbb\xbf",
        "\xc2\x85"};
    static const char *const written[] = {"x", "  x", "\xc3\xa9", " \xe2\x80\x8b.", "0", "\x01"};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++) {
        assert_true(text_blank(bytes_of_text(blank[i])));
    }
    for (size_t i = 0; i < sizeof written / sizeof written[0]; i++) {
        assert_false(text_blank(bytes_of_text(written[i])));
    }
    assert_true(text_blank((struct bytes){0}));
    assert_false(text_blank(bytes_of(" \xe2\x80", 3))); /* cut: not blank, not text either */
}

/* Days by Python: (date(y, m, d) - date(1970, 1, 1)).days */
static const struct {
    const char *text;
    int32_t day;
} day_cases[] = {
    {"1970-01-01", 0},     {"1969-12-31", -1},    {"1900-01-01", -25567}, {"1900-03-01", -25508},
    {"2000-02-29", 11016}, {"2000-03-01", 11017}, {"2024-02-29", 19782},  {"2024-10-02", 19998},
    {"2024-12-31", 20088}, {"2100-02-28", 47540}, {"2100-03-01", 47541},  {"2200-12-31", 84370},
};

static void what_is_not_seen_is_found(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t until, prose_until;
    } cases[] = {
        {"Siti Aminah, S.Pd", 17, 17},
        {"", 0, 0},
        {"a\tb\r\nc", 1, 6},
        {"a\x01", 1, 1},
        {"a\x7f", 1, 1},
        {"a\xc2\x85", 1, 1},
        {"\xc2\xa0x", 3, 3},
        {"\xe2\x80\xae\xe2\x80\xac", 0, 0},
        {"ab\xe2\x81\xa6\xe2\x81\xa9", 2, 2},
        {"\xe2\x80\x8dx", 0, 4},
        {"\xe2\x80\x8b", 0, 0},
        {"x\xef\xbb\xbf", 1, 1},
        {"\xf3\xa0\x80\xa0", 0, 0},
        {"\xef\xbf\xbf", 0, 0},
        {"\xf4\x8f\xbf\xbe", 0, 0},
        {"\xf0\x9f\x98\x80!", 5, 5},
        {"\xef\xbf\xbd", 3, 3},
        {"\xd8\x9c", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bytes text = bytes_of_text(cases[i].text);
        assert_int_equal(text_plain_until(text, false), cases[i].until);
        assert_int_equal(text_plain_until(text, true), cases[i].prose_until);
    }
}

static void days_are_counted_from_1970(void **state)
{
    (void)state;
    char text[DAY_TEXT_CAPACITY];
    for (size_t i = 0; i < sizeof day_cases / sizeof day_cases[0]; i++) {
        int32_t day = INT32_MIN;
        assert_true(day_of_text(bytes_of_text(day_cases[i].text), &day));
        assert_int_equal(day, day_cases[i].day);
        assert_string_equal(day_to_text(day, text), day_cases[i].text);
    }
}

static void days_follow_each_other_without_gap(void **state)
{
    (void)state;
    char text[DAY_TEXT_CAPACITY];
    for (int32_t day = -25567; day <= 84370; day++) {
        int32_t back = INT32_MIN;
        assert_true(day_of_text(bytes_of_text(day_to_text(day, text)), &back));
        assert_int_equal(back, day);
    }
}

static void no_such_day_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",           "2024-02-30", "2023-02-29",  "2100-02-29",  "1900-02-29", "2024-13-01",
        "2024-00-01", "2024-01-00", "2024-01-32",  "2024-04-31",  "2024-12-32", "1899-12-31",
        "2201-01-01", "2024-1-01",  "2024-01-1",   "2024-01-011", "2024/01/01", "20240-1-01",
        "-024-01-01", "2024-+1-01", " 2024-01-01", "2024-01-0x",  "0000-00-00"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int32_t day = 4711;
        assert_false(day_of_text(bytes_of_text(wrong[i]), &day));
        assert_int_equal(day, 4711);
    }
    int32_t day = 4711;
    assert_false(day_of_date(2024, INT32_MAX, 1, &day));
    assert_false(day_of_date(2024, 1, INT32_MIN, &day));
    assert_false(day_of_date(INT32_MIN, 1, 1, &day));
    assert_int_equal(day, 4711);
}

static void a_day_outside_has_no_date(void **state)
{
    (void)state;
    static const int32_t outside[] = {-25568, 84371, INT32_MIN, INT32_MAX};
    char text[DAY_TEXT_CAPACITY];
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_string_equal(day_to_text(outside[i], text), "no such day");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_judged_byte_by_byte),
        cmocka_unit_test(every_code_point_is_judged),
        cmocka_unit_test(blank_is_what_looks_empty),
        cmocka_unit_test(what_is_not_seen_is_found),
        cmocka_unit_test(days_are_counted_from_1970),
        cmocka_unit_test(days_follow_each_other_without_gap),
        cmocka_unit_test(no_such_day_is_refused),
        cmocka_unit_test(a_day_outside_has_no_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
