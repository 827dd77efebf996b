/* The command table is sound, argv becomes args, doors refuse what the table does not know. */
#include "core/wire/command.h"
#include "lib/cmocka_all.h"

#include <stdio.h>
#include <string.h>

#define WORDS_MAX 16

/* ---- the table ---- */

static void names_are_unique_and_plain(void **state)
{
    (void)state;
    for (const struct command *command = command_table; command->name != NULL; command++) {
        assert_ptr_equal(command_named(command->name), command); /* the first of that name */
        assert_non_null(command->arguments);
        assert_in_range(strlen(command->help), 1, 78);
        assert_int_equal(strspn(command->name, "abcdefghijklmnopqrstuvwxyz "),
                         strlen(command->name));
        assert_true(!command->hidden || command->place == COMMAND_AGGREGATOR ||
                    command->place == COMMAND_NODE);
    }
    assert_null(command_named("case"));
}

static void check_arguments(const struct command *command)
{
    bool options = false;
    bool optional = false;
    bool repeated = false;
    for (const struct argument *a = command->arguments; a->name != NULL; a++) {
        assert_int_equal(strspn(a->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(a->name));
        assert_in_range(strlen(a->help), 1, 100);
        for (const struct argument *b = command->arguments; b < a; b++) {
            assert_string_not_equal(a->name, b->name);
        }
        if (a->positional) {
            /* positional ones first; after an optional or repeated one none can follow */
            assert_false(options || optional || repeated);
            optional = !a->required;
            repeated = a->repeated;
        } else {
            options = true;
        }
        /* what the program takes for itself must not be asked for under another meaning */
        assert_string_not_equal(a->name, "output");
        assert_string_not_equal(a->name, "socket");
        assert_true(strcmp(a->name, "dir") != 0 || !a->required);
    }
}

static void arguments_are_in_order(void **state)
{
    (void)state;
    for (const struct command *command = command_table; command->name != NULL; command++) {
        check_arguments(command);
    }
}

static void every_command_promised_is_there(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum command_place place;
    } promised[] = {
        {"init aggregator", COMMAND_LOCAL},
        {"init node", COMMAND_LOCAL},
        {"init officer", COMMAND_LOCAL},
        {"root create", COMMAND_LOCAL},
        {"root ring", COMMAND_LOCAL},
        {"up", COMMAND_LOCAL},
        {"enrol request", COMMAND_LOCAL},
        {"enrol accept", COMMAND_LOCAL},
        {"help", COMMAND_LOCAL},
        {"version", COMMAND_LOCAL},
        {"report submit", COMMAND_NODE},
        {"report list", COMMAND_NODE},
        {"report show", COMMAND_NODE},
        {"report status", COMMAND_NODE},
        {"report zero", COMMAND_NODE},
        {"inbox list", COMMAND_NODE},
        {"inbox show", COMMAND_NODE},
        {"inbox acknowledge", COMMAND_NODE},
        {"case list", COMMAND_AGGREGATOR},
        {"case show", COMMAND_AGGREGATOR},
        {"recommend", COMMAND_AGGREGATOR},
        {"decide", COMMAND_AGGREGATOR},
        {"approve", COMMAND_AGGREGATOR},
        {"enrol approve", COMMAND_AGGREGATOR},
        {"enrol list", COMMAND_AGGREGATOR},
        {"enrol revoke", COMMAND_AGGREGATOR},
        {"journal dump", COMMAND_AGGREGATOR},
        {"document list", COMMAND_AGGREGATOR},
        {"document show", COMMAND_AGGREGATOR},
        {"status", COMMAND_EITHER},
        {"ping", COMMAND_EITHER},
    };
    for (size_t i = 0; i < sizeof promised / sizeof promised[0]; i++) {
        const struct command *command = command_named(promised[i].name);
        assert_non_null(command);
        assert_int_equal(command->place, promised[i].place);
        assert_false(command->hidden);
    }
}

static void the_longest_command_is_found(void **state)
{
    (void)state;
    int words = -1;
    const char *const submit[] = {"report", "submit", "-"};
    assert_string_equal(command_find(3, submit, &words)->name, "report submit");
    assert_int_equal(words, 2);
    const char *const approve[] = {"approve", "16-2024-000001-7f3a"};
    assert_string_equal(command_find(2, approve, &words)->name, "approve");
    assert_int_equal(words, 1);
    /* hidden ones are not typed: this is `enrol revoke` with a bad number */
    const char *const revoke[] = {"enrol", "revoke", "signed"};
    assert_string_equal(command_find(3, revoke, &words)->name, "enrol revoke");
    const char *const draft[] = {"document", "draft"};
    assert_null(command_find(2, draft, &words));
    assert_true(command_named("document draft")->hidden);
    const char *const half[] = {"report"};
    assert_null(command_find(1, half, &words));
    const char *const longer[] = {"reports", "list"};
    assert_null(command_find(2, longer, &words));
    assert_null(command_find(0, NULL, &words));
}

/* ---- argv ---- */

static const struct argument all_kinds[] = {
    {.name = "first", .type = ARGUMENT_TEXT, .positional = true, .required = true, .help = "a"},
    {.name = "rest", .type = ARGUMENT_NUMBER, .positional = true, .repeated = true, .help = "b"},
    {.name = "respond_by", .type = ARGUMENT_DATE, .help = "c"},
    {.name = "loud", .type = ARGUMENT_FLAG, .help = "d"},
    {.name = "limit", .type = ARGUMENT_NUMBER, .help = "e"},
    {.name = "key", .type = ARGUMENT_FILE, .required = true, .repeated = true, .help = "f"},
    {.name = NULL},
};
static const struct command all_kinds_command = {
    .name = "all kinds", .place = COMMAND_LOCAL, .help = "g", .arguments = all_kinds};

struct argv_case {
    const char *argv[WORDS_MAX];
    const char *expected; /* args as JSON, or part of the error */
};

static int parse_case(const struct argv_case *one, json_t **ret, struct err_ctx *err)
{
    int argc = 0;
    while (one->argv[argc] != NULL) {
        argc++;
    }
    memset(err, 0, sizeof *err);
    return command_parse(&all_kinds_command, argc, one->argv, ret, err);
}

static const struct argv_case good_argv[] = {
    {{"x", "--key", "a"}, "{\"first\":\"x\",\"key\":[\"a\"]}"},
    {{"--key=a=b", "--key", "-", "x"}, "{\"key\":[\"a=b\",\"-\"],\"first\":\"x\"}"},
    {{"-", "--key", "--loud"}, "{\"first\":\"-\",\"key\":[\"--loud\"]}"},
    {{"x", "1", "--key", "a", "2", "9223372036854775807"},
     "{\"first\":\"x\",\"rest\":[1,2,9223372036854775807],\"key\":[\"a\"]}"},
    {{"--loud", "--limit", "0", "--respond-by", "2024-02-29", "--key", "a", "--", "--x"},
     "{\"loud\":true,\"limit\":0,\"respond_by\":\"2024-02-29\",\"key\":[\"a\"],"
     "\"first\":\"--x\"}"},
};

static void argv_becomes_args(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof good_argv / sizeof good_argv[0]; i++) {
        json_t *args = NULL;
        struct err_ctx err;
        assert_int_equal(parse_case(&good_argv[i], &args, &err), 0);
        json_t *expected = json_loads(good_argv[i].expected, 0, NULL);
        assert_non_null(expected);
        assert_true(json_equal(args, expected));
        assert_int_equal(command_check(&all_kinds_command, args, &err), 0);
        json_decref(expected);
        json_decref(args);
    }
}

static const struct argv_case bad_argv[] = {
    {{"--key", "a"}, "FIRST is missing"},
    {{"x"}, "--key is missing"},
    {{"x", "--key"}, "--key needs a value"},
    {{"x", "--key", ""}, "--key must not be empty"},
    {{"x", "--key="}, "--key must not be empty"},
    {{"", "--key", "a"}, "FIRST must not be empty"},
    {{"x", "--quiet"}, "--quiet is no option of all kinds: see kabar help all kinds"},
    {{"x", "--lim", "1"}, "--lim is no option"},
    {{"x", "--respond_by", "2024-02-29"}, "--respond_by is no option"},
    {{"x", "--first", "y"}, "--first is no option"},
    {{"x", "-l"}, "-l is no option"},
    {{"x", "-limit", "1"}, "-limit is no option"},
    {{"x", "--=1"}, "-- is no option"},
    {{"x", "--limit", "1", "--limit", "1"}, "--limit is given twice"},
    {{"x", "--limit", "-1"}, "--limit must be a whole number"},
    {{"x", "--limit", "1x"}, "--limit must be a whole number"},
    {{"x", "--limit", ""}, "--limit must be a whole number"},
    {{"x", "--limit", "9223372036854775808"}, "--limit must be a whole number"},
    {{"x", "--limit", "99999999999999999999"}, "--limit must be a whole number"},
    {{"x", "one"}, "REST must be a whole number"},
    {{"x", "--loud=1"}, "--loud takes no value"},
    {{"x", "--respond-by", "2024-02-30"}, "--respond-by must be a day"},
    {{"\xff", "--key", "a"}, "FIRST is not UTF-8"},
};

static void bad_argv_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_argv / sizeof bad_argv[0]; i++) {
        json_t *args = NULL;
        struct err_ctx err;
        int rc = parse_case(&bad_argv[i], &args, &err);
        if (rc != ERR_USAGE || strstr(err.text, bad_argv[i].expected) == NULL) {
            fail_msg("case %zu: %s '%s', not '%s'", i, err_name(rc), err.text,
                     bad_argv[i].expected);
        }
        assert_null(args);
    }
}

static void too_much_is_refused(void **state)
{
    (void)state;
    json_t *args = NULL;
    struct err_ctx err;
    const char *const argv[] = {"a", "b"};
    assert_int_equal(command_parse(command_named("case show"), 2, argv, &args, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "kabar help case show"));
    assert_null(args);
}

/* ---- doors ---- */

static void requests_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *command, *args, *expected; /* NULL: good */
    } cases[] = {
        {"case list", "{}", NULL},
        {"case list", "null", NULL},
        {"case list", "{\"state\":\"verification\",\"limit\":50,\"after\":null}", NULL},
        {"case list", "{\"limit\":\"50\"}", "limit must be a whole number"},
        {"case list", "{\"limit\":-1}", "limit must be a whole number"},
        {"case list", "{\"limit\":1.0}", "limit must be a whole number"},
        {"case list", "{\"state\":5}", "state must be text"},
        {"case list", "{\"state\":\"\"}", "state must be text"},
        {"case list", "{\"state\":\"a\\u0000b\"}", "state must be text"},
        {"case list", "{\"colour\":\"red\"}", "colour is no argument of case list"},
        {"case list", "[]", "args must be an object"},
        {"case show", "{}", "CASE is missing"},
        {"case show", "{\"case\":null}", "CASE is missing"},
        {"case show", "{\"case\":\"a1b2\"}", NULL},
        /* the lines of the file follow the request: its name need not */
        {"report submit", "{}", NULL},
        {"report submit", "{\"file\":\"-\"}", NULL},
        {"report submit", "{\"file\":7}", "file must be the name"},
        {"report zero",
         "{\"from\":\"2024-05-01\",\"until\":\"2024-05-31\",\"scope\":\"all\",\"name\":\"S\"}",
         NULL},
        {"report zero", "{\"from\":\"2024-05-32\"}", "from must be a date"},
        {"report zero", "{\"from\":20240501}", "from must be a date"},
        {"root ring", "{\"retire\":\"sri\"}", "retire must be a list"},
        {"root ring", "{\"retire\":[\"sri\",1]}", "retire[1] must be text"},
        {"enrol revoke", "{\"number\":3,\"reason\":\"lost\"}", NULL},
        {"document countersign", "{\"id\":\"x\",\"officer\":\"sri\"}", "--signature is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err_ctx err = {{0}};
        json_t *args = json_loads(cases[i].args, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(args);
        int rc = command_check(command_named(cases[i].command), args, &err);
        json_decref(args);
        if (cases[i].expected == NULL ? rc != 0
                                      : rc != ERR_USAGE || !strstr(err.text, cases[i].expected)) {
            fail_msg("%s %s: %s '%s'", cases[i].command, cases[i].args, err_name(rc), err.text);
        }
    }
    struct err_ctx err;
    assert_int_equal(command_check(command_named("ping"), NULL, &err), 0);
    assert_int_equal(command_check(command_named("case show"), NULL, &err), ERR_USAGE);
}

static void flags_are_checked(void **state)
{
    (void)state;
    json_t *good = json_loads("{\"first\":\"a\",\"loud\":false}", 0, NULL);
    json_t *bad = json_loads("{\"first\":\"a\",\"loud\":\"yes\"}", 0, NULL);
    struct err_ctx err;
    assert_int_equal(command_check(&all_kinds_command, good, &err), 0);
    assert_int_equal(command_check(&all_kinds_command, bad, &err), ERR_USAGE);
    assert_non_null(strstr(err.text, "loud must be true or false"));
    json_decref(good);
    json_decref(bad);
}

/* ---- help ---- */

static char page[16384];

static void assert_page(size_t len)
{
    assert_int_equal(strlen(page), len);
    assert_int_equal(page[len - 1], '\n');
    for (const char *line = page; *line != '\0';) {
        size_t width = strcspn(line, "\n");
        assert_in_range(width, 0, 80);
        assert_true(width == 0 || line[width - 1] != ' ');
        line += width + 1;
    }
}

static void help_of_all_names_every_command(void **state)
{
    (void)state;
    size_t len = command_help(NULL, page, sizeof page);
    assert_page(len);
    for (const struct command *command = command_table; command->name != NULL; command++) {
        char row[80];
        (void)snprintf(row, sizeof row, "\n  %s ", command->name);
        bool named = strstr(page, row) != NULL;
        row[strlen(row) - 1] = '\n'; /* a long one has the line for itself */
        assert_int_equal(named || strstr(page, row) != NULL, !command->hidden);
    }
    assert_non_null(strstr(page, "\n  --socket PATH "));
}

static void help_of_each_names_its_arguments(void **state)
{
    (void)state;
    for (const struct command *command = command_table; command->name != NULL; command++) {
        assert_page(command_help(command, page, sizeof page));
        assert_non_null(strstr(page, command->help));
    }
    assert_page(command_help(&all_kinds_command, page, sizeof page));
    assert_string_equal(
        page, "usage: kabar all kinds FIRST [REST]... [--respond-by DATE] [--loud] [--limit N]\n"
              "    --key FILE...\n"
              "\n"
              "g\n"
              "\n"
              "  FIRST                   a\n"
              "  REST                    b\n"
              "  --respond-by DATE       c\n"
              "  --loud                  d\n"
              "  --limit N               e\n"
              "  --key FILE              f\n");
}

static void help_is_cut_to_its_room(void **state)
{
    (void)state;
    char small[40];
    memset(small, 'x', sizeof small);
    size_t len = command_help(NULL, small, 30);
    assert_in_range(len, 1, 29);
    assert_int_equal(small[len], '\0');
    assert_int_equal(small[30], 'x');
    assert_int_equal(command_help(NULL, small, 1), 0);
    assert_int_equal(small[0], '\0');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_unique_and_plain),
        cmocka_unit_test(arguments_are_in_order),
        cmocka_unit_test(every_command_promised_is_there),
        cmocka_unit_test(the_longest_command_is_found),
        cmocka_unit_test(argv_becomes_args),
        cmocka_unit_test(bad_argv_is_refused_by_name),
        cmocka_unit_test(too_much_is_refused),
        cmocka_unit_test(requests_are_checked),
        cmocka_unit_test(flags_are_checked),
        cmocka_unit_test(help_of_all_names_every_command),
        cmocka_unit_test(help_of_each_names_its_arguments),
        cmocka_unit_test(help_is_cut_to_its_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
