/* What is the same link, name, unit or number, and what must stay different. */
#include "lib/cmocka_all.h"

#include "core/cases/normalise.h"

#include <string.h>

struct pair {
    const char *from, *to;
};

static void check_link(const char *from, const char *to)
{
    char out[NORMAL_LINK_CAPACITY + 1];
    size_t len = normalise_link(bytes_of_text(from), out);
    out[len] = '\0';
    assert_string_equal(out, to);
}

static void links(void **state)
{
    (void)state;
    static const struct pair rows[] = {
        {"https://m.facebook.com/groups/x/posts/1/", "facebook.com/groups/x/posts/1"},
        {"https://www.facebook.com/groups/x/posts/1/?mibextid=N&fbclid=I#top",
         "facebook.com/groups/x/posts/1"},
        {"HTTP://WWW.Facebook.COM/groups/x/posts/1", "facebook.com/groups/x/posts/1"},
        {"  mobile.twitter.com/a/status/9?s=20&t=abc ", "x.com/a/status/9"},
        {"https://x.com/a/status/9", "x.com/a/status/9"},
        {"https://youtu.be/AbC?si=zz", "youtube.com/watch?v=AbC"},
        {"https://www.youtube.com/watch?v=AbC&feature=shared", "youtube.com/watch?v=AbC"},
        {"https://m.facebook.com/story.php?id=2&story_fbid=1&utm_source=wa",
         "facebook.com/story.php?id=2&story_fbid=1"},
        {"https://facebook.com/story.php?story_fbid=1&id=2",
         "facebook.com/story.php?id=2&story_fbid=1"},
        {"https://kabar.example:443/a/b//?utm_medium=x&utm_campaign=y", "kabar.example/a/b"},
        {"https://kabar.example/?p=12", "kabar.example?p=12"},
        {"https://kabar.example/a?s=rapat", "kabar.example/a?s=rapat"},
        {"https://instagram.com/p/CtH/?igsh=1&igshid=2", "instagram.com/p/CtH"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_link(rows[i].from, rows[i].to);
    }
}

static void links_that_name_no_single_thing(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "   ",
        "https://",
        "https://www.facebook.com/",
        "https://www.facebook.com/some.person",
        "https://x.com/someone/",
        "instagram.com/someone?igsh=1",
        "https://youtube.com/@channel",
        "https://kabar.example/",
        "di grup WA",
        "?a=b",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_link(rows[i], "");
    }
}

static void links_stay_different(void **state)
{
    (void)state;
    check_link("https://youtu.be/abc", "youtube.com/watch?v=abc");
    check_link("https://youtu.be/ABC", "youtube.com/watch?v=ABC");
    check_link("https://facebook.com/a/posts/1?comment_id=4",
               "facebook.com/a/posts/1?comment_id=4");
    check_link("https://m.de/a", "m.de/a");
    check_link("https://mail.example/a", "mail.example/a");
}

/* As long as the wire allows, and longer: cut or refused, never past the end. */
static void long_links(void **state)
{
    (void)state;
    static char url[8000];
    char out[NORMAL_LINK_CAPACITY];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://k.example/", 18);
    assert_int_equal(normalise_link(bytes_of(url, URL_BYTES_MAX), out), URL_BYTES_MAX - 8);
    assert_int_equal(normalise_link(bytes_of(url, sizeof url), out), 0);
    memset(url + 20, '&', sizeof url - 20);
    url[19] = '?';
    assert_true(normalise_link(bytes_of(url, sizeof url), out) <= sizeof out);
}

static void check_name(const char *from, const char *to)
{
    char out[NORMAL_NAME_CAPACITY + 1];
    size_t len = normalise_name(bytes_of_text(from), out);
    out[len] = '\0';
    assert_string_equal(out, to);
}

static void names(void **state)
{
    (void)state;
    static const struct pair rows[] = {
        {"H. Muhammad Yusri Hamdan, S.Sos., M.Si.", "muhammad yusri hamdan"},
        {"M. Yusri Hamdan", "muhammad yusri hamdan"},
        {"Muh. Yusri Hamdan, S.Sos", "muhammad yusri hamdan"},
        {"MOH.YUSRI  HAMDAN", "muhammad yusri hamdan"},
        {"Kgs. Mohd. Arifin Jalal, S.P.", "muhammad arifin jalal"},
        {"M. Arifin Jalal SP", "muhammad arifin jalal"},
        {"Ir. Erwin Ibrahim, ST., MM., MBA IPU ASEAN ENG", "erwin ibrahim"},
        {"Erwin Ibrahim", "erwin ibrahim"},
        {"Drs. H. Syamsul Rizal Umar", "syamsul rizal umar"},
        {"Hj. R.A. Nurhayati Somad, S.H., M.H.", "nurhayati somad"},
        {"Prof. Dr. Ir. H. Ali", "ali"},
        {"Dr., H. Ali Umar, M.Si.", "ali umar"},
        {"Djoko Tjipto Soeroto", "joko cipto suroto"},
        {"Sjahrir", "syahrir"},
        {"MUHAAMMAD Sukarni", "muhammad sukarni"},
        {"Muhamamd Sukarni", "muhammad sukarni"},
        {"Muhmmad Sukarni", "muhammad sukarni"},
        {"Muhamnad Sukarni", "muhamnad sukarni"}, /* another letter: not sure */
        {"Nur'aini", "nuraini"},
        {"Hj. Nurlela", "nurlela"},
        {"HS", "hs"},
        {"H. S.", "s"},
        {"Haji", "haji"},
        {"", ""},
        {" , ", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_name(rows[i].from, rows[i].to);
    }
}

static void names_stay_different(void **state)
{
    (void)state;
    check_name("Dewi Anggraini, S.Pd.", "dewi anggraini");
    check_name("Dewi Anggraini Putri, S.Pd.", "dewi anggraini putri");
    check_name("Kemas Toyib, S.P.", "toyib");
    check_name("Kemas Toyibin, S.P.", "toyibin");
    check_name("Ahmad M.", "ahmad m"); /* a last M is no Muhammad */
    check_name("Siti Haji Aminah", "siti haji aminah");
    check_name("Ratna Febriani", "ratna febriani");
}

static void weak_names(void **state)
{
    (void)state;
    assert_true(normal_name_weak(bytes_of_text("")));
    assert_true(normal_name_weak(bytes_of_text("rd")));
    assert_true(normal_name_weak(bytes_of_text("a b cd")));
    assert_false(normal_name_weak(bytes_of_text("ali")));
    assert_false(normal_name_weak(bytes_of_text("a budi")));
    assert_true(normal_names_share(bytes_of_text("asmara dewi"), bytes_of_text("siti dewi")));
    assert_false(normal_names_share(bytes_of_text("asmara dewi"), bytes_of_text("dew asmar")));
    assert_false(normal_names_share(bytes_of_text("a b"), bytes_of_text("a b")));
}

static void check_unit(const char *from, const char *to)
{
    char out[NORMAL_NAME_CAPACITY + 1];
    size_t len = normalise_unit(bytes_of_text(from), out);
    out[len] = '\0';
    assert_string_equal(out, to);
}

static void units(void **state)
{
    (void)state;
    check_unit("Badan Naskah & Arsip Rawa", "badan naskah dan arsip rawa");
    check_unit("Badan Naskah dan Arsip  Rawa.", "badan naskah dan arsip rawa");
    check_unit("Kec. Tebat Serai", "kecamatan tebat serai");
    check_unit("Kecamatan Tebat Serai", "kecamatan tebat serai");
    check_unit("PKM Kikim Lama", "puskesmas kikim lama");
    check_unit("BPP Bungin", "balai penyuluhan bungin");
    check_unit("SMPN 73 Tebat Serai", "smp negeri 73 tebat serai");
    check_unit("SMP Negeri 73 Tebat Serai", "smp negeri 73 tebat serai");
    check_unit("SDN 14 Kayu Agung", "sd negeri 14 kayu agung");
    check_unit("SDN 41 Kayu Agung", "sd negeri 41 kayu agung");
    check_unit("", "");
}

static void numbers(void **state)
{
    (void)state;
    char out[NORMAL_NUMBER_CAPACITY];
    size_t len = normalise_number(bytes_of_text("19820314 200604 1 007"), out);
    assert_int_equal(len, 18);
    assert_memory_equal(out, "198203142006041007", 18);
    assert_int_equal(normalise_number(bytes_of_text("-"), out), 0);
    assert_int_equal(
        normalise_number(bytes_of_text("00000000001111111111222222222233333333334"), out),
        NORMAL_NUMBER_CAPACITY);
}

/* Names at the wire's limit: all words expand, and nothing is written past the end. */
static void long_names(void **state)
{
    (void)state;
    static char name[4000];
    char out[NORMAL_NAME_CAPACITY];
    for (size_t i = 0; i < sizeof name; i++) {
        name[i] = "mhd "[i % 4];
    }
    assert_true(normalise_name(bytes_of(name, NAME_BYTES_MAX), out) <= sizeof out);
    assert_true(normalise_name(bytes_of(name, sizeof name), out) <= sizeof out);
    memset(name, 'q', sizeof name);
    assert_true(normalise_name(bytes_of(name, sizeof name), out) > 0);
    assert_true(normalise_unit(bytes_of(name, sizeof name), out) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links),
        cmocka_unit_test(links_that_name_no_single_thing),
        cmocka_unit_test(links_stay_different),
        cmocka_unit_test(long_links),
        cmocka_unit_test(names),
        cmocka_unit_test(names_stay_different),
        cmocka_unit_test(weak_names),
        cmocka_unit_test(units),
        cmocka_unit_test(numbers),
        cmocka_unit_test(long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
