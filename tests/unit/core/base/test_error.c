/* Codes, their names and what a caller may do; the text that grows layer by layer. */
#include "core/base/error.h"
#include "lib/cmocka_all.h"

static void every_code_has_name_text_and_action(void **state)
{
    (void)state;
    for (int code = -1; code > -(int)ERR_ORDINAL_END; code--) {
        assert_int_equal(strncmp(err_name(code), "ERR_", 4), 0);
        assert_string_not_equal(err_name(code), "ERR_UNKNOWN");
        assert_true(strlen(err_text(code)) > 0);
        assert_int_not_equal(err_action(code), ERR_ACTION_NONE);
        for (int other = code + 1; other < 0; other++) {
            assert_string_not_equal(err_name(code), err_name(other));
            assert_string_not_equal(err_text(code), err_text(other));
        }
    }
}

static void rows_stand_where_their_code_says(void **state)
{
    (void)state;
    assert_int_equal(ERR_NOMEM, -1);
    assert_string_equal(err_name(ERR_NOMEM), "ERR_NOMEM");
    assert_int_equal(err_action(ERR_NOMEM), ERR_ACTION_RETRY);
    assert_string_equal(err_name(ERR_FORK), "ERR_FORK");
    assert_string_equal(err_text(ERR_FORK), "two histories under one key");
    assert_int_equal(err_action(ERR_FORK), ERR_ACTION_DROP);
    assert_int_equal(err_action(ERR_STORAGE), ERR_ACTION_FATAL);
    assert_string_equal(err_name(ERR_USAGE), "ERR_USAGE");
    assert_string_equal(err_name(0), "OK");
    assert_int_equal(err_action(0), ERR_ACTION_NONE);
}

static void foreign_codes_are_unknown_and_fatal(void **state)
{
    (void)state;
    static const int foreign[] = {1,    -(int)ERR_ORDINAL_END, -4711,
                                  4711, -2147483647 - 1,       2147483647};
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
        assert_string_equal(err_name(foreign[i]), "ERR_UNKNOWN");
        assert_string_equal(err_text(foreign[i]), "unknown error");
        assert_int_equal(err_action(foreign[i]), ERR_ACTION_FATAL);
    }
}

static void text_is_wrapped_layer_by_layer(void **state)
{
    (void)state;
    struct err_ctx err = {{0}};
    assert_string_equal(err_peek(&err, ERR_FULL), "no room");
    assert_int_equal(err_set(&err, ERR_FULL, "map file %d", 7), ERR_FULL);
    assert_int_equal(err_wrap(&err, ERR_STORAGE, "open %s", "store"), ERR_STORAGE);
    assert_string_equal(err_peek(&err, ERR_STORAGE), "open store: map file 7");
    err_set(&err, ERR_FULL, "anew");
    assert_string_equal(err_peek(&err, ERR_FULL), "anew");
}

static void wrapping_nothing_takes_the_fixed_text(void **state)
{
    (void)state;
    struct err_ctx err = {{0}};
    assert_int_equal(err_wrap(&err, ERR_TIMEOUT, "connect"), ERR_TIMEOUT);
    assert_string_equal(err_peek(&err, ERR_TIMEOUT), "connect: took too long");
}

static void without_a_context_the_code_still_comes_back(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_GAP, "%s", "x"), ERR_GAP);
    assert_int_equal(err_wrap(NULL, ERR_GAP, "%s", "x"), ERR_GAP);
    assert_string_equal(err_peek(NULL, ERR_GAP), "entries before these are missing");
}

static void long_text_is_cut_not_overrun(void **state)
{
    (void)state;
    struct err_ctx err = {{0}};
    char longer[2 * ERR_TEXT_BYTES_MAX];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    err_set(&err, ERR_LIMIT, "%s", longer);
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES_MAX - 1);
    err_wrap(&err, ERR_LIMIT, "where");
    assert_int_equal(strncmp(err.text, "where: xxx", 10), 0);
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES_MAX - 1);
    err_wrap(&err, ERR_LIMIT, "%s", longer);
    assert_int_equal(strlen(err.text), ERR_TEXT_BYTES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_name_text_and_action),
        cmocka_unit_test(rows_stand_where_their_code_says),
        cmocka_unit_test(foreign_codes_are_unknown_and_fatal),
        cmocka_unit_test(text_is_wrapped_layer_by_layer),
        cmocka_unit_test(wrapping_nothing_takes_the_fixed_text),
        cmocka_unit_test(without_a_context_the_code_still_comes_back),
        cmocka_unit_test(long_text_is_cut_not_overrun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
