/* command.h - the one command table: every command of `kabar`, where it runs, and its options.
 *
 * Help texts, argument parsing and the check of requests at a daemon's door all come from it.
 * A request is {"command":"case list","args":{"state":"verification","limit":50}}: options by
 * name, positional arguments by their names. Pure data and functions over it.
 *
 * A name with '_' ("respond_by") is typed with '-' (--respond-by). Values in args: text, file and
 * date are strings, numbers integers from 0, flags booleans; a repeated one is a list. The program
 * handles -o/--output, --socket, --dir, --help and --version itself, before command_parse; where
 * the table has `dir`, that is the same --dir, said again so that help names it.
 *
 * Files are the command line's: a door asks for none, not even a required one. Commands that sign
 * (recommend, decide, approve, enrol approve, enrol revoke) never go to a door as they are: `kabar`
 * does them with hidden requests, because the officer's key stays on the officer's machine.
 */
#ifndef CORE_WIRE_COMMAND_H
#define CORE_WIRE_COMMAND_H

#include "core/base/bytes.h"
#include "core/base/error.h"

#include <jansson.h>

enum command_place { COMMAND_LOCAL, COMMAND_NODE, COMMAND_AGGREGATOR, COMMAND_EITHER };
enum argument_type { ARGUMENT_TEXT, ARGUMENT_NUMBER, ARGUMENT_FLAG, ARGUMENT_FILE, ARGUMENT_DATE };

struct argument {
    const char *name; /* "limit" → --limit N, or positional */
    enum argument_type type;
    bool positional, required, repeated;
    const char *help;
};
struct command {
    const char *name; /* "report submit" */
    enum command_place place;
    const char *help;                 /* one line */
    const struct argument *arguments; /* ends with name == NULL */
    bool hidden;                      /* requests `kabar` makes itself: not typed, not in help */
};

extern const struct command command_table[]; /* ends with name == NULL */

/* The longest command whose words begin argv; NULL if none or hidden. *ret_words: how many it
 * took. */
const struct command *command_find(int argc, const char *const *argv, int *ret_words);
const struct command *command_named(const char *name);
/* argv after the command's words → new args object. Files are not opened: their names travel.
 * ERR_USAGE with a text that names the option. */
int command_parse(const struct command *command, int argc, const char *const *argv, json_t **ret,
                  struct err_ctx *err) MUST_USE;
/* At a daemon's door: known names, right types, required ones there (but files). args may be NULL:
 * none. ERR_USAGE. */
int command_check(const struct command *command, const json_t *args, struct err_ctx *err) MUST_USE;
/* Help of one command (or of all, command NULL) into a bounded buffer, at most 80 columns wide;
 * cut between words if too small. NUL-terminated; returns the length without it. */
size_t command_help(const struct command *command, char *ret, size_t capacity_max);

#endif
