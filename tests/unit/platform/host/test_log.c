#include "lib/cmocka_all.h"

#include "platform/host/log.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What was written to stderr between capture_begin and capture_end. */
static int saved = -1;
static char captured[8192];

static void capture_begin(void)
{
    int file = memfd_create("log", 0);
    assert_true(file >= 0);
    saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    (void)close(file);
}

static const char *capture_end(void)
{
    ssize_t len = pread(STDERR_FILENO, captured, sizeof captured - 1, 0);
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
    assert_true(len >= 0);
    captured[len] = '\0';
    return captured;
}

static const char *logged(struct log_field field)
{
    capture_begin();
    LOG(LOG_LEVEL_INFO, "test", field);
    return capture_end();
}

static void writes_typed_fields_on_one_line(void **state)
{
    (void)state;
    static const uint8_t id[] = {0x00, 0xab, 0xff};
    capture_begin();
    LOG(LOG_LEVEL_WARN, "sync_resumed", log_text("node", "16.07"), log_u64("count", UINT64_MAX),
        log_i64("skew_ms", INT64_MIN), log_hex("id", id, sizeof id));
    assert_string_equal(capture_end(), "<4>event=sync_resumed node=16.07 count=18446744073709551615"
                                       " skew_ms=-9223372036854775808 id=00abff\n");
}

static void escapes_what_could_forge_a_line(void **state)
{
    (void)state;
    assert_string_equal(logged(log_text("t", "a\n<3>event=forged")),
                        "<6>event=test t=\"a\\n<3>event=forged\"\n");
    assert_string_equal(logged(log_text("t", "say \"hi\" \\ x=1")),
                        "<6>event=test t=\"say \\\"hi\\\" \\\\ x=1\"\n");
    assert_string_equal(logged(log_text("t", "\x1b[31m\r\t\x7f")),
                        "<6>event=test t=\"\\x1b[31m\\x0d\\x09\\x7f\"\n");
    assert_string_equal(logged(log_text("t", "Bupati\xc3\xa9\xff")),
                        "<6>event=test t=\"Bupati\\xc3\\xa9\\xff\"\n");
    assert_string_equal(logged(log_text("t", "k=v")), "<6>event=test t=\"k=v\"\n");
}

static void empty_and_null_texts_are_seen(void **state)
{
    (void)state;
    assert_string_equal(logged(log_text("t", "")), "<6>event=test t=\"\"\n");
    assert_string_equal(logged(log_text("t", NULL)), "<6>event=test t=\"\"\n");
}

static void line_is_bounded_and_says_that_it_was_cut(void **state)
{
    (void)state;
    static char huge[6000];
    memset(huge, '\n', sizeof huge - 1);
    capture_begin();
    LOG(LOG_LEVEL_INFO, "test", log_u64("before", 1), log_text("huge", huge), log_u64("after", 2));
    assert_string_equal(capture_end(), "<6>event=test before=1 cut=1\n");
    huge[2000] = '\0'; /* 4000 bytes when escaped: just fits */
    const char *line = logged(log_text("huge", huge));
    assert_true(strlen(line) <= PIPE_BUF);
    assert_null(strstr(line, "cut=1"));
}

static void level_hides_what_is_below_it(void **state)
{
    (void)state;
    log_set_level(LOG_LEVEL_WARN);
    assert_string_equal(logged(log_u64("n", 1)), "");
    log_set_level(LOG_LEVEL_INFO);
    assert_string_equal(logged(log_u64("n", 1)), "<6>event=test n=1\n");
}

static void level_names(void **state)
{
    (void)state;
    assert_int_equal(log_level_of("error"), LOG_LEVEL_ERROR);
    assert_int_equal(log_level_of("warn"), LOG_LEVEL_WARN);
    assert_int_equal(log_level_of("info"), LOG_LEVEL_INFO);
    assert_int_equal(log_level_of("debug"), LOG_LEVEL_DEBUG);
    assert_int_equal(log_level_of("INFO"), -1);
    assert_int_equal(log_level_of(""), -1);
}

static void limit_lets_one_through_and_counts_the_rest(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    uint64_t held = 99;
    assert_true(log_limit_pass(&limit, 1000, 500, &held));
    assert_int_equal(held, 0);
    held = 99;
    assert_false(log_limit_pass(&limit, 1000, 500, &held));
    assert_false(log_limit_pass(&limit, 1499, 500, &held));
    assert_int_equal(held, 99); /* written only when a line passes */
    assert_true(log_limit_pass(&limit, 1500, 500, &held));
    assert_int_equal(held, 2);
    assert_true(log_limit_pass(&limit, 9000, 500, &held));
    assert_int_equal(held, 0);
}

static void what_was_held_back_is_told_by_itself(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    uint64_t held = 99;
    assert_false(log_limit_rest(&limit, 1000, 500, &held)); /* nothing was */
    assert_true(log_limit_pass(&limit, 1000, 500, &held));
    assert_false(log_limit_pass(&limit, 1200, 500, &held));
    assert_false(log_limit_pass(&limit, 1300, 500, &held));
    assert_false(log_limit_rest(&limit, 1499, 500, &held));
    assert_true(log_limit_rest(&limit, 1500, 500, &held));
    assert_int_equal(held, 2);
    assert_false(log_limit_rest(&limit, 9000, 500, &held));
    assert_false(log_limit_pass(&limit, 1999, 500, &held)); /* that line began an interval */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_typed_fields_on_one_line),
        cmocka_unit_test(escapes_what_could_forge_a_line),
        cmocka_unit_test(empty_and_null_texts_are_seen),
        cmocka_unit_test(line_is_bounded_and_says_that_it_was_cut),
        cmocka_unit_test(level_hides_what_is_below_it),
        cmocka_unit_test(level_names),
        cmocka_unit_test(limit_lets_one_through_and_counts_the_rest),
        cmocka_unit_test(what_was_held_back_is_told_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
