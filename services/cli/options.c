/* options.c - the command line: global options out of it, the rest for the command table; help. */
#include "cli/cli.h"

#include "core/base/assert.h"

#include <string.h>
#include <unistd.h>

#define HELP_BYTES_MAX 32768u
#define WORD_BYTES_MAX 64u

const char *args_text(const json_t *args, const char *name)
{
    return json_string_value(json_object_get(args, name));
}

uint64_t args_number(const json_t *args, const char *name, uint64_t preset)
{
    const json_t *value = json_object_get(args, name);
    return json_is_integer(value) ? (uint64_t)json_integer_value(value) : preset;
}

/* ---- global options ---- */

struct reading {
    int argc, at;
    const char *const *argv;
    struct options *to;
};

static const char *const output_names[] = {
    [OUTPUT_JSON] = "json",
    [OUTPUT_TABLE] = "table",
    [OUTPUT_CSV] = "csv",
    [OUTPUT_CSV_BOM] = "csv-bom",
};

static int set_output(struct cli *cli, const char *text, struct err_ctx *err)
{
    for (size_t i = 0; text != NULL && i < sizeof output_names / sizeof output_names[0]; i++) {
        if (strcmp(output_names[i], text) == 0) {
            cli->output = (enum output)i;
            return 0;
        }
    }
    return err_set(err, ERR_USAGE, "--output must be json, table, csv or csv-bom");
}

static bool command_has(const struct command *command, const char *name)
{
    const struct argument *argument = command == NULL ? NULL : command->arguments;
    while (argument != NULL && argument->name != NULL) {
        if (strcmp(argument->name, name) == 0) {
            return true;
        }
        argument++;
    }
    return false;
}

/* "--name value" or "--name=value" → true, and the value (NULL if it is missing). */
static bool option_is(struct reading *reading, const char *name, const char **ret)
{
    const char *word = reading->argv[reading->at];
    size_t len = strlen(name);
    if (strncmp(word, name, len) != 0 || (word[len] != '\0' && word[len] != '=')) {
        return false;
    }
    reading->at++;
    if (word[len] == '=') {
        *ret = word + len + 1;
    } else {
        *ret = reading->at < reading->argc ? reading->argv[reading->at++] : NULL;
    }
    return true;
}

static int keep(const char **to, const char *value, const char *name, struct err_ctx *err)
{
    if (value == NULL || value[0] == '\0') {
        return err_set(err, ERR_USAGE, "%s needs a value after it", name);
    }
    *to = value;
    return 0;
}

/* *ret_taken: it was a global option. --regency may be the command's own. */
static int take_global(struct reading *reading, bool *ret_taken, struct err_ctx *err)
{
    struct options *to = reading->to;
    const char *word = reading->argv[reading->at];
    const char *value = NULL;
    *ret_taken = true;
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        to->help = true;
        reading->at++;
        return 0;
    }
    if (strcmp(word, "--version") == 0) {
        to->version = true;
        reading->at++;
        return 0;
    }
    if (option_is(reading, "-o", &value) || option_is(reading, "--output", &value)) {
        return set_output(&to->cli, value, err);
    }
    if (option_is(reading, "--socket", &value)) {
        return keep(&to->cli.socket, value, "--socket", err);
    }
    if (option_is(reading, "--dir", &value)) {
        return keep(&to->cli.dir, value, "--dir", err);
    }
    if (!command_has(to->command, "regency") && option_is(reading, "--regency", &value)) {
        return keep(&to->cli.regency, value, "--regency", err);
    }
    *ret_taken = false;
    return 0;
}

/* "--respond-by" is the argument "respond_by". */
static bool is_flag(const struct command *command, const char *word)
{
    for (const struct argument *row = command->arguments; row->name != NULL; row++) {
        size_t i = 0;
        while (row->name[i] != '\0' &&
               (row->name[i] == word[i + 2] || (row->name[i] == '_' && word[i + 2] == '-'))) {
            i++;
        }
        if (row->name[i] == '\0' && word[i + 2] == '\0') {
            return row->type == ARGUMENT_FLAG;
        }
    }
    return false;
}

/* An option of the command takes its value along, whatever that looks like. */
static void pass_on(struct reading *reading)
{
    struct options *to = reading->to;
    const char *word = reading->argv[reading->at++];
    to->rest[to->rest_count++] = word;
    bool option = strncmp(word, "--", 2) == 0 && strchr(word, '=') == NULL && to->command != NULL &&
                  !is_flag(to->command, word);
    if (option && reading->at < reading->argc) {
        to->rest[to->rest_count++] = reading->argv[reading->at++];
    }
}

static int take_globals(struct reading *reading, bool leading, struct err_ctx *err)
{
    while (reading->at < reading->argc) {
        bool taken = false;
        const char *word = reading->argv[reading->at];
        if (strcmp(word, "--") == 0 || (leading && word[0] != '-')) {
            return 0;
        }
        int rc = take_global(reading, &taken, err);
        if (rc != 0) {
            return rc;
        }
        if (!taken && leading) {
            return err_set(err, ERR_USAGE, "%s: no such option before a command: see kabar help",
                           word);
        }
        if (!taken) {
            pass_on(reading);
        }
    }
    return 0;
}

int options_parse(int argc, const char *const *argv, struct options *ret, struct err_ctx *err)
{
    struct reading reading = {.argc = argc, .argv = argv, .to = ret};
    int words = 0;
    *ret = (struct options){
        .cli = {.output = isatty(STDOUT_FILENO) == 1 ? OUTPUT_TABLE : OUTPUT_JSON},
        .rest = calloc((size_t)argc + 1, sizeof *ret->rest),
    };
    if (ret->rest == NULL) {
        return err_set(err, ERR_NOMEM, "arguments");
    }
    int rc = take_globals(&reading, true, err);
    if (rc != 0) {
        return rc;
    }
    ret->command = command_find(argc - reading.at, argv + reading.at, &words);
    reading.at += words;
    rc = take_globals(&reading, false, err);
    while (rc == 0 && reading.at < argc) { /* from "--" on */
        ret->rest[ret->rest_count++] = argv[reading.at++];
    }
    return rc;
}

void options_clear(struct options *options)
{
    free(options->rest);
    options->rest = NULL;
}

/* ---- help ---- */

static void print_more(const struct command *command)
{
    static const char more[] =
        "\n  --regency NN.NN     which node of --dir, where it has several\n\n"
        "KABAR_SOCKET is --socket where neither it nor --dir is given. On a terminal answers are\n"
        "tables, else JSON. Exit status: 0, or as sysexits.h has it (64 usage, 65 data refused,\n"
        "69 no daemon, 75 try again, 77 not permitted).\n";
    (void)fputs(command == NULL ? more : "\nOptions of every command: see kabar help.\n", stdout);
    if (command != NULL && strncmp(command->name, "init ", 5) == 0) {
        (void)fputs("--socket PATH is the door that goes into the settings, from DIR.\n", stdout);
    }
}

void help_print(const struct command *command)
{
    char *text = calloc(1, HELP_BYTES_MAX);
    if (text != NULL) {
        (void)command_help(command, text, HELP_BYTES_MAX);
        (void)fputs(text, stdout);
        print_more(command);
        free(text);
    }
}

/* The words typed, with one blank between; cut if too long. */
static void join(int count, const char *const *words, char ret[WORD_BYTES_MAX])
{
    size_t len = 0;
    ret[0] = '\0';
    for (int i = 0; i < count && len + 1 < WORD_BYTES_MAX; i++) {
        int put = snprintf(ret + len, WORD_BYTES_MAX - len, "%s%s", i == 0 ? "" : " ", words[i]);
        len += put > 0 ? (size_t)put : 0;
    }
}

/* Edit distance of two short texts (insert, delete, replace). */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[WORD_BYTES_MAX + 1];
    size_t len = strnlen(b, WORD_BYTES_MAX);
    for (unsigned i = 0; i <= len; i++) {
        row[i] = i;
    }
    for (size_t i = 0; a[i] != '\0'; i++) {
        unsigned diagonal = row[0];
        row[0]++;
        for (size_t j = 0; j < len; j++) {
            unsigned replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            unsigned least = row[j] < row[j + 1] ? row[j] + 1 : row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = replaced < least ? replaced : least;
        }
    }
    return row[len];
}

static bool starts_with_word(const char *name, const char *word)
{
    size_t len = strlen(word);
    return strncmp(name, word, len) == 0 && name[len] == ' ';
}

static bool list_group(const char *word, FILE *to)
{
    bool found = false;
    for (const struct command *row = command_table; row->name != NULL; row++) {
        if (!row->hidden && starts_with_word(row->name, word)) {
            (void)fprintf(to, "  kabar %-20s%s\n", row->name, row->help);
            found = true;
        }
    }
    return found;
}

int help_unknown(int count, const char *const *words, struct err_ctx *err)
{
    char typed[WORD_BYTES_MAX];
    const char *nearest = NULL;
    unsigned best = 4; /* more changes than three is another word */
    int take = 0;
    while (take < count && take < 2 && words[take][0] != '-') {
        take++;
    }
    join(take, words, typed);
    if (take > 0 && list_group(words[0], stderr)) {
        return err_set(err, ERR_USAGE, "\"%s\" is no whole command: one of those above", typed);
    }
    for (const struct command *row = command_table; row->name != NULL; row++) {
        const char *two = strchr(row->name, ' ');
        char first[WORD_BYTES_MAX];
        join(two == NULL ? 1 : take, words, first);
        unsigned changes = distance(first, row->name);
        if (!row->hidden && changes < best) {
            best = changes;
            nearest = row->name;
        }
    }
    if (nearest != NULL) {
        return err_set(err, ERR_USAGE, "no command \"%s\"; did you mean \"kabar %s\"?", typed,
                       nearest);
    }
    return err_set(err, ERR_USAGE, "no command \"%s\": see kabar help", typed);
}

int help_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    const json_t *list = json_object_get(args, "command");
    const char *words[4] = {0};
    int count = 0;
    int taken = 0;
    (void)cli;
    while (count < 4 && (size_t)count < json_array_size(list)) {
        words[count] = json_string_value(json_array_get(list, (size_t)count));
        count++;
    }
    const struct command *command = command_find(count, words, &taken);
    if (count == 0 || (command != NULL && taken == count)) {
        help_print(command);
        return 0;
    }
    if (count == 1 && list_group(words[0], stdout)) {
        return 0;
    }
    return help_unknown(count, words, err);
}
