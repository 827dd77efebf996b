/* Whether the authority that decides is the accused. */
#include "lib/cmocka_all.h"

#include "core/cases/conflict.h"

static const struct {
    const char *name, *position, *place, *authority;
    bool accused;
} rows[] = {
    {"Hani S Rustam", "Pj. Bupati Banyuasin", "Banyuasin", "Bupati Banyuasin", true},
    {"Hani S Rustam", "Penjabat Bupati", "Banyuasin", "Bupati Banyuasin", true},
    {"Hani S Rustam", "Bupati", "Banyuasin", "Plt Bupati Kabupaten Banyuasin", true},
    {"Hani S Rustam", "Wali Kota", "Palembang", "Walikota Palembang", true},
    {"H. Hani S Rustam, SH", "Camat", "Banyuasin", "Hani S. Rustam", true},
    {"Hani Rustam", "", "Banyuasin", "Bupati Banyuasin, Hani Syopiar Rustam, S.H.", true},
    {"Hani S Rustam", "Bupati Banyuasin", "Banyuasin", "Gubernur Sumatera Selatan", false},
    {"Hani S Rustam", "Bupati Muara Enim", "Muara Enim", "Bupati Banyuasin", false},
    {"Hani S Rustam", "Wakil Bupati Banyuasin", "Banyuasin", "Bupati Banyuasin", false},
    {"Hani S Rustam", "Sekretaris Bupati", "Banyuasin", "Bupati Banyuasin", false},
    {"Hani S Rustam", "Camat Talang Kelapa", "Banyuasin", "Bupati Banyuasin", false},
    {"", "", "", "Bupati Banyuasin", false},
    {"Hani S Rustam", "Bupati", "", "", false},
    {"H.", "", "Banyuasin", "H. Bupati Banyuasin", false},
    {"Bupati", "Guru", "Banyuasin", "Gubernur Sumatera Selatan", false},
};

static void the_accused_is_known_by_name_and_post(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct conflict_person person = {.name = bytes_of_text(rows[i].name),
                                               .position = bytes_of_text(rows[i].position),
                                               .place = bytes_of_text(rows[i].place)};
        bool found = conflict_is_accused(&person, bytes_of_text(rows[i].authority));
        if (found != rows[i].accused) {
            print_error("row %zu: %s and %s\n", i, rows[i].position, rows[i].authority);
        }
        assert_int_equal(found, rows[i].accused);
    }
}

static void an_officer_is_known_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *officer;
        bool same;
    } names[] = {
        {"Sri Rahayu", "Sri Rahayu", true},
        {"Hj. SRI RAHAYU, S.H., M.Si.", "Sri Rahayu", true},
        {"Rahayu, Sri", "Dra. Sri Rahayu", true},
        {"Suharto", "Suharto", true},
        {"Sri", "Sri Rahayu", false},
        {"Sri Rahayu", "Sri Rahayu Ningsih", false},
        {"Budi Santoso", "Sri Rahayu", false},
        {"", "Sri Rahayu", false},
        {"H.", "Hj.", false},
        {"", "", false},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        bool same =
            conflict_is_officer(bytes_of_text(names[i].subject), bytes_of_text(names[i].officer));
        if (same != names[i].same) {
            print_error("row %zu: %s and %s\n", i, names[i].subject, names[i].officer);
        }
        assert_int_equal(same, names[i].same);
    }
}

static void long_texts_are_cut_and_not_overrun(void **state)
{
    (void)state;
    char text[2048];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 7 == 6 ? ' ' : (char)('a' + (i / 7) % 26);
    }
    const struct conflict_person person = {.name = bytes_of(text, sizeof text),
                                           .position = bytes_of(text, sizeof text),
                                           .place = bytes_of(text, sizeof text)};
    assert_true(conflict_is_accused(&person, bytes_of(text, sizeof text)));
    assert_false(conflict_is_accused(&person, bytes_of_text("Bupati Banyuasin")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_accused_is_known_by_name_and_post),
        cmocka_unit_test(an_officer_is_known_by_name),
        cmocka_unit_test(long_texts_are_cut_and_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
