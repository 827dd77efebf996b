/* Eight words over the phone: no two of the list alike, and comparing as people type. The words of
 * known data are checked against independent ones in test_vectors.c. */
#include "core/seal/words.h"
#include "lib/cmocka_all.h"

#include <sodium.h>
#include <string.h>

#define WORD_CAPACITY 16u

/* How many letters must be put in, taken out, changed or swapped with their neighbour. */
static unsigned distance(const char *a, const char *b)
{
    unsigned table[WORD_CAPACITY][WORD_CAPACITY];
    size_t rows = strlen(a);
    size_t columns = strlen(b);
    for (size_t i = 0; i <= rows; i++) {
        for (size_t j = 0; j <= columns; j++) {
            if (i == 0 || j == 0) {
                table[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned best = table[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u);
            best = table[i - 1][j] + 1 < best ? table[i - 1][j] + 1 : best;
            best = table[i][j - 1] + 1 < best ? table[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                table[i - 2][j - 2] + 1 < best) {
                best = table[i - 2][j - 2] + 1;
            }
            table[i][j] = best;
        }
    }
    return table[rows][columns];
}

/* What is left of a word over a bad line: voiced as unvoiced, o as u, no h at the end, doubled
 * letters as one. */
static void by_ear(const char *word, char to[WORD_CAPACITY])
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    static const char heard[] = "abctebkhicklmnubkrstubwkys";
    size_t len = 0;
    for (size_t i = 0; word[i] != '\0'; i++) {
        char letter = heard[strchr(letters, word[i]) - letters];
        bool silent = word[i] == 'h' && word[i + 1] == '\0';
        /* cppcheck-suppress uninitvar // to[len - 1] was written in an earlier round */
        if (!silent && (len == 0 || to[len - 1] != letter)) {
            to[len++] = letter;
        }
    }
    to[len] = '\0';
}

static void words_are_short_and_plain(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        const char *word = words_list(i);
        size_t len = strlen(word);
        assert_in_range(len, 3, 8);
        assert_int_equal(strspn(word, "abcdefghijklmnopqrstuvwxyz"), len);
    }
}

static void no_two_words_are_alike(void **state)
{
    (void)state;
    for (unsigned i = 1; i < 256; i++) {
        char mine[WORD_CAPACITY];
        by_ear(words_list(i), mine);
        for (unsigned j = 0; j < i; j++) {
            char other[WORD_CAPACITY];
            by_ear(words_list(j), other);
            if (distance(words_list(i), words_list(j)) < 2 || distance(mine, other) < 2) {
                fail_msg("%s and %s are alike", words_list(i), words_list(j));
            }
        }
    }
}

/* The check above would see them. */
static void alike_words_are_seen(void **state)
{
    (void)state;
    char a[WORD_CAPACITY];
    char b[WORD_CAPACITY];
    assert_int_equal(distance("batu", "bata"), 1);
    assert_int_equal(distance("batu", "baut"), 1);
    assert_int_equal(distance("teh", "tebu"), 2);
    by_ear("pagi", a);
    by_ear("bakki", b);
    assert_string_equal(a, b);
    by_ear("tanah", a);
    by_ear("dana", b);
    assert_string_equal(a, b);
}

static void other_data_gives_other_words(void **state)
{
    (void)state;
    char words[WORDS_TEXT_CAPACITY];
    char others[WORDS_TEXT_CAPACITY];
    words_of(bytes_of_text("card"), words);
    words_of(bytes_of_text("cart"), others);
    assert_false(words_match(words, others));
    words_of(bytes_of_text("card"), others);
    assert_string_equal(words, others);
}

static void eight_words_with_one_blank_between(void **state)
{
    (void)state;
    char words[WORDS_TEXT_CAPACITY];
    words_of(bytes_of_text("card"), words);
    size_t blanks = 0;
    for (const char *at = words; *at != '\0'; at++) {
        assert_true(*at == ' ' || (*at >= 'a' && *at <= 'z'));
        blanks += *at == ' ';
        assert_false(*at == ' ' && at[1] == ' ');
    }
    assert_int_equal(blanks, 7);
}

static void comparing_forgives_how_people_type(void **state)
{
    (void)state;
    static const char words[] = "rumah pohon gunung";
    static const char *const same[] = {"rumah pohon gunung",        "RUMAH Pohon gunUNG",
                                       "  rumah  pohon\tgunung \n", "rumah-pohon-gunung",
                                       "rumah - pohon -- gunung",   "-rumah pohon\r\ngunung-"};
    static const char *const different[] = {"",
                                            " ",
                                            "rumah",
                                            "rumah pohon",
                                            "rumah pohon gunun",
                                            "rumah pohon gunungg",
                                            "rumahpohon gunung",
                                            "rum ah pohon gunung",
                                            "pohon rumah gunung",
                                            "rumah pohon gunung gunung",
                                            "rumah_pohon_gunung",
                                            "rumah pohon g\xc3\xbcnung"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(words_match(same[i], words));
        assert_true(words_match(words, same[i]));
    }
    for (size_t i = 0; i < sizeof different / sizeof different[0]; i++) {
        assert_false(words_match(different[i], words));
        assert_false(words_match(words, different[i]));
    }
    assert_false(words_match("", ""));
    assert_false(words_match(" ", "-"));
}

static int start(void **state)
{
    (void)state;
    return sodium_init() < 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_short_and_plain),
        cmocka_unit_test(no_two_words_are_alike),
        cmocka_unit_test(alike_words_are_seen),
        cmocka_unit_test(other_data_gives_other_words),
        cmocka_unit_test(eight_words_with_one_blank_between),
        cmocka_unit_test(comparing_forgives_how_people_type),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
