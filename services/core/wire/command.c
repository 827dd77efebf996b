/* Functions over the command table: finding, parsing argv, checking requests, help. */
#include "core/wire/command.h"

#include "core/base/assert.h"
#include "core/base/text.h"

#include <stdio.h>

#define HELP_COLUMNS 80u
#define OPTION_BYTES_MAX 48u

/* ---- finding ---- */

/* How many leading words of argv the command's name is; 0 when it is not. */
static int words_matched(const char *name, int argc, const char *const *argv)
{
    int words = 0;
    while (*name != '\0') {
        size_t len = strcspn(name, " ");
        if (words == argc || strlen(argv[words]) != len || strncmp(argv[words], name, len) != 0) {
            return 0;
        }
        words++;
        name += len;
        name += *name == ' ' ? 1 : 0;
    }
    return words;
}

const struct command *command_find(int argc, const char *const *argv, int *ret_words)
{
    const struct command *found = NULL;
    int found_words = 0;
    for (const struct command *command = command_table; command->name != NULL; command++) {
        int words = command->hidden ? 0 : words_matched(command->name, argc, argv);
        if (words > found_words) {
            found = command;
            found_words = words;
        }
    }
    if (found != NULL) {
        *ret_words = found_words;
    }
    return found;
}

const struct command *command_named(const char *name)
{
    for (const struct command *command = command_table; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

/* ---- arguments as typed ---- */

/* "respond_by" is typed --respond-by; a positional one is shown as RESPOND_BY. */
static const char *argument_shown(const struct argument *argument, char ret[OPTION_BYTES_MAX])
{
    (void)snprintf(ret, OPTION_BYTES_MAX, "%s%s", argument->positional ? "" : "--", argument->name);
    for (char *at = ret; *at != '\0'; at++) {
        if (!argument->positional && *at == '_') {
            *at = '-';
        } else if (argument->positional && *at >= 'a' && *at <= 'z') {
            *at = (char)(*at - 'a' + 'A');
        }
    }
    return ret;
}

/* name: what stands after "--", up to '=' if there is one. */
static const struct argument *option_named(const struct command *command, struct bytes name)
{
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        char shown[OPTION_BYTES_MAX];
        if (!argument->positional &&
            bytes_equal(bytes_of_text(argument_shown(argument, shown) + 2), name)) {
            return argument;
        }
    }
    return NULL;
}

/* The index-th positional argument; a repeated one is the last and takes all that follow. */
static const struct argument *positional_at(const struct command *command, size_t index)
{
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        if (argument->positional && (argument->repeated || index-- == 0)) {
            return argument;
        }
    }
    return NULL;
}

static bool number_of_text(const char *text, json_int_t *ret)
{
    json_int_t value = 0;
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || value > (INT64_MAX - (*at - '0')) / 10) {
            return false;
        }
        value = value * 10 + (*at - '0');
    }
    *ret = value;
    return text[0] != '\0';
}

static int value_of_text(const struct argument *argument, const char *text, json_t **ret,
                         struct err_ctx *err)
{
    char shown[OPTION_BYTES_MAX];
    json_int_t number = 0;
    int32_t day = 0;
    (void)argument_shown(argument, shown);
    if (!utf8_valid(bytes_of_text(text))) {
        return err_set(err, ERR_USAGE, "%s is not UTF-8 text", shown);
    }
    if (argument->type == ARGUMENT_NUMBER) {
        if (!number_of_text(text, &number)) {
            return err_set(err, ERR_USAGE, "%s must be a whole number, like 12", shown);
        }
        *ret = json_integer(number);
    } else if (argument->type == ARGUMENT_DATE && !day_of_text(bytes_of_text(text), &day)) {
        return err_set(err, ERR_USAGE, "%s must be a day of the calendar, like 2024-10-02", shown);
    } else if (text[0] == '\0') {
        return err_set(err, ERR_USAGE, "%s must not be empty", shown);
    } else {
        *ret = json_string(text);
    }
    return *ret != NULL ? 0 : err_set(err, ERR_NOMEM, "%s", shown);
}

/* Takes the reference, also on failure. */
static int args_put(json_t *args, const struct argument *argument, json_t *value,
                    struct err_ctx *err)
{
    char shown[OPTION_BYTES_MAX];
    json_t *there = json_object_get(args, argument->name);
    (void)argument_shown(argument, shown);
    if (!argument->repeated) {
        if (there != NULL) {
            json_decref(value);
            return err_set(err, ERR_USAGE, "%s is given twice", shown);
        }
        return json_object_set_new(args, argument->name, value) == 0
                   ? 0
                   : err_set(err, ERR_NOMEM, "%s", shown);
    }
    if (there == NULL) {
        there = json_array();
        if (json_object_set_new(args, argument->name, there) != 0) {
            json_decref(value);
            return err_set(err, ERR_NOMEM, "%s", shown);
        }
    }
    return json_array_append_new(there, value) == 0 ? 0 : err_set(err, ERR_NOMEM, "%s", shown);
}

struct argv_reader {
    const struct command *command;
    int argc, at;
    const char *const *argv;
    size_t positionals;
    bool options_end; /* after "--" */
    json_t *args;
};

/* The value of an option: after '=', or the next word. */
static int option_text(struct argv_reader *reader, const char *equals, const char *shown,
                       const char **ret, struct err_ctx *err)
{
    if (equals != NULL) {
        *ret = equals + 1;
        return 0;
    }
    if (reader->at == reader->argc) {
        return err_set(err, ERR_USAGE, "%s needs a value after it", shown);
    }
    *ret = reader->argv[reader->at++];
    return 0;
}

static int parse_option(struct argv_reader *reader, const char *word, struct err_ctx *err)
{
    const char *equals = strchr(word, '=');
    size_t len = equals != NULL ? (size_t)(equals - word) : strlen(word);
    const struct argument *option = len > 2 && word[1] == '-'
                                        ? option_named(reader->command, bytes_of(word + 2, len - 2))
                                        : NULL;
    if (option == NULL) {
        return err_set(err, ERR_USAGE, "%.*s is no option of %s: see kabar help %s", (int)len, word,
                       reader->command->name, reader->command->name);
    }
    char shown[OPTION_BYTES_MAX];
    const char *text = NULL;
    json_t *value = NULL;
    (void)argument_shown(option, shown);
    if (option->type == ARGUMENT_FLAG) {
        if (equals != NULL) {
            return err_set(err, ERR_USAGE, "%s takes no value", shown);
        }
        return args_put(reader->args, option, json_true(), err);
    }
    int rc = option_text(reader, equals, shown, &text, err);
    if (rc == 0) {
        rc = value_of_text(option, text, &value, err);
    }
    return rc == 0 ? args_put(reader->args, option, value, err) : rc;
}

static int parse_word(struct argv_reader *reader, struct err_ctx *err)
{
    const char *word = reader->argv[reader->at++];
    if (!reader->options_end && strcmp(word, "--") == 0) {
        reader->options_end = true;
        return 0;
    }
    if (!reader->options_end && word[0] == '-' && word[1] != '\0') {
        return parse_option(reader, word, err);
    }
    const struct argument *positional = positional_at(reader->command, reader->positionals);
    if (positional == NULL) {
        return err_set(err, ERR_USAGE, "too much is given: see kabar help %s",
                       reader->command->name);
    }
    json_t *value = NULL;
    int rc = value_of_text(positional, word, &value, err);
    reader->positionals++;
    return rc == 0 ? args_put(reader->args, positional, value, err) : rc;
}

static bool given(const json_t *args, const struct argument *argument)
{
    const json_t *value = json_object_get(args, argument->name);
    return value != NULL && !json_is_null(value);
}

static int check_required(const struct command *command, const json_t *args, bool files,
                          struct err_ctx *err)
{
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        char shown[OPTION_BYTES_MAX];
        bool needed = argument->required && (files || argument->type != ARGUMENT_FILE);
        if (needed && !given(args, argument)) {
            return err_set(err, ERR_USAGE, "%s is missing (%s)", argument_shown(argument, shown),
                           argument->help);
        }
    }
    return 0;
}

int command_parse(const struct command *command, int argc, const char *const *argv, json_t **ret,
                  struct err_ctx *err)
{
    struct argv_reader reader = {
        .command = command,
        .argc = argc,
        .argv = argv,
        .args = json_object(),
    };
    int rc = reader.args != NULL ? 0 : err_set(err, ERR_NOMEM, "arguments");
    while (rc == 0 && reader.at < argc) {
        rc = parse_word(&reader, err);
    }
    if (rc == 0) {
        rc = check_required(command, reader.args, true, err);
    }
    if (rc == 0) {
        *ret = reader.args;
        reader.args = NULL;
    }
    json_decref(reader.args);
    return rc;
}

/* ---- at a door ---- */

static bool value_fits(const struct argument *argument, const json_t *value)
{
    int32_t day = 0;
    switch (argument->type) {
    case ARGUMENT_NUMBER:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case ARGUMENT_FLAG:
        return json_is_boolean(value);
    case ARGUMENT_DATE:
        return json_is_string(value) &&
               day_of_text(bytes_of(json_string_value(value), json_string_length(value)), &day);
    case ARGUMENT_TEXT:
    case ARGUMENT_FILE:
        break;
    }
    /* Texts become C strings: what has a NUL inside is not one. */
    return json_is_string(value) && json_string_length(value) > 0 &&
           strlen(json_string_value(value)) == json_string_length(value);
}

static const char *type_wanted(enum argument_type type)
{
    static const char *const wanted[] = {
        [ARGUMENT_TEXT] = "text that is not empty", [ARGUMENT_NUMBER] = "a whole number from 0",
        [ARGUMENT_FLAG] = "true or false",          [ARGUMENT_FILE] = "the name of a file",
        [ARGUMENT_DATE] = "a date like 2024-10-02",
    };
    return wanted[type];
}

static int check_value(const struct argument *argument, const json_t *value, struct err_ctx *err)
{
    if (!argument->repeated) {
        return value_fits(argument, value) ? 0
                                           : err_set(err, ERR_USAGE, "%s must be %s",
                                                     argument->name, type_wanted(argument->type));
    }
    if (!json_is_array(value)) {
        return err_set(err, ERR_USAGE, "%s must be a list", argument->name);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        if (!value_fits(argument, json_array_get(value, i))) {
            return err_set(err, ERR_USAGE, "%s[%zu] must be %s", argument->name, i,
                           type_wanted(argument->type));
        }
    }
    return 0;
}

static const struct argument *argument_named(const struct command *command, const char *name)
{
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        if (strcmp(argument->name, name) == 0) {
            return argument;
        }
    }
    return NULL;
}

/* jansson's iterators want the object without const; nothing is changed. */
static int check_names(const struct command *command, json_t *args, struct err_ctx *err)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(args, name, value)
    {
        const struct argument *argument = argument_named(command, name);
        if (argument == NULL) {
            return err_set(err, ERR_USAGE, "%.*s is no argument of %s", (int)OPTION_BYTES_MAX, name,
                           command->name);
        }
        int rc = json_is_null(value) ? 0 : check_value(argument, value, err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

int command_check(const struct command *command, const json_t *args, struct err_ctx *err)
{
    if (args == NULL || json_is_null(args)) {
        return check_required(command, NULL, false, err);
    }
    if (!json_is_object(args)) {
        return err_set(err, ERR_USAGE, "args must be an object");
    }
    json_t *borrowed = NULL;
    memcpy(&borrowed, &args, sizeof borrowed); /* jansson walks no const object */
    int rc = check_names(command, borrowed, err);
    return rc == 0 ? check_required(command, args, false, err) : rc;
}

/* ---- help ---- */

struct page {
    struct writer writer;
    size_t column, indent;
};

static void page_line(struct page *page)
{
    writer_u8(&page->writer, '\n');
    page->column = 0;
}

static void page_pad(struct page *page, size_t column)
{
    while (page->column < column) {
        writer_u8(&page->writer, ' ');
        page->column++;
    }
}

/* One word that is not broken, on a new line if this one is full. All our words are ASCII. */
static void page_word(struct page *page, struct bytes word)
{
    bool first = page->column <= page->indent;
    size_t needed = word.len + (first ? 0 : 1);
    if (!first && page->column + needed > HELP_COLUMNS) {
        page_line(page);
        first = true;
    }
    page_pad(page, first ? page->indent : page->column + 1);
    writer_bytes(&page->writer, word);
    page->column += word.len;
}

static void page_text(struct page *page, const char *text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, " ");
        page_word(page, bytes_of(text, len));
        text += len;
        text += *text == ' ' ? 1 : 0;
    }
}

/* `left` at column 2, `right` wrapped from column `at` on. */
static void page_row(struct page *page, const char *left, const char *right, size_t at)
{
    page->indent = 2;
    page_pad(page, 2);
    writer_bytes(&page->writer, bytes_of_text(left));
    page->column += strlen(left);
    page->indent = at;
    if (page->column + 2 > at) {
        page_line(page);
    }
    page_pad(page, at);
    page_text(page, right);
    page_line(page);
    page->indent = 0;
}

static const char *type_shown(enum argument_type type)
{
    static const char *const shown[] = {
        [ARGUMENT_TEXT] = " TEXT", [ARGUMENT_NUMBER] = " N",  [ARGUMENT_FLAG] = "",
        [ARGUMENT_FILE] = " FILE", [ARGUMENT_DATE] = " DATE",
    };
    return shown[type];
}

#define ARGUMENT_SHOWN_BYTES_MAX (OPTION_BYTES_MAX + 8)

static void argument_text(const struct argument *argument, char ret[ARGUMENT_SHOWN_BYTES_MAX])
{
    char shown[OPTION_BYTES_MAX];
    (void)snprintf(ret, ARGUMENT_SHOWN_BYTES_MAX, "%s%s", argument_shown(argument, shown),
                   argument->positional ? "" : type_shown(argument->type));
}

static void help_usage(struct page *page, const struct command *command)
{
    page->indent = 0;
    page_text(page, "usage: kabar");
    page_text(page, command->name);
    page->indent = 4;
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        char shown[ARGUMENT_SHOWN_BYTES_MAX];
        char word[ARGUMENT_SHOWN_BYTES_MAX + 8];
        argument_text(argument, shown);
        (void)snprintf(word, sizeof word, "%s%s%s%s", argument->required ? "" : "[", shown,
                       argument->required ? "" : "]", argument->repeated ? "..." : "");
        page_word(page, bytes_of_text(word));
    }
    page_line(page);
}

static void help_command(struct page *page, const struct command *command)
{
    help_usage(page, command);
    page_line(page);
    page->indent = 0;
    page_text(page, command->help);
    page_line(page);
    if (command->arguments->name != NULL) {
        page_line(page);
    }
    for (const struct argument *argument = command->arguments; argument->name != NULL; argument++) {
        char shown[ARGUMENT_SHOWN_BYTES_MAX];
        argument_text(argument, shown);
        page_row(page, shown, argument->help, 26);
    }
}

static void help_place(struct page *page, enum command_place place, const char *title)
{
    page_line(page);
    page_text(page, title);
    page_line(page);
    for (const struct command *command = command_table; command->name != NULL; command++) {
        if (command->place == place && !command->hidden) {
            page_row(page, command->name, command->help, 22);
        }
    }
}

static void help_all(struct page *page)
{
    page_text(page, "usage: kabar [OPTION]... COMMAND [ARGUMENT]...");
    page_line(page);
    page_line(page);
    page_row(page, "--socket PATH", "the door to talk to", 22);
    page_row(page, "--dir DIR", "folder of the aggregator and the nodes; finds the door", 22);
    page_row(page, "-o, --output KIND", "json, table, csv or csv-bom", 22);
    page_row(page, "--help", "with a command: explain it", 22);
    page_row(page, "--version", "show the version", 22);
    help_place(page, COMMAND_LOCAL, "On this machine:");
    help_place(page, COMMAND_NODE, "At a node:");
    help_place(page, COMMAND_AGGREGATOR, "At the aggregator:");
    help_place(page, COMMAND_EITHER, "At either:");
}

size_t command_help(const struct command *command, char *ret, size_t capacity_max)
{
    ASSERT(capacity_max > 0);
    struct page page = {0};
    writer_init(&page.writer, (uint8_t *)ret, capacity_max - 1);
    if (command != NULL) {
        help_command(&page, command);
    } else {
        help_all(&page);
    }
    ret[page.writer.len] = '\0';
    return page.writer.len;
}
