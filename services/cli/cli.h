/* cli.h - what the parts of `kabar` share: settings, arguments, doors, printing, keys.
 *
 * A command's function returns 0 or an error code; main prints the text and turns the code into an
 * exit status of sysexits.h. A daemon's refusal brings its own status, kept in struct cli. Answers
 * go to standard output, everything said to a person to standard error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "core/base/error.h"
#include "core/base/ident.h"
#include "core/wire/command.h"

#include <jansson.h>
#include <limits.h>

enum output { OUTPUT_JSON, OUTPUT_TABLE, OUTPUT_CSV, OUTPUT_CSV_BOM };

struct cli {
    enum output output;
    const char *socket;  /* --socket; NULL */
    const char *dir;     /* --dir; NULL */
    const char *regency; /* --regency; NULL */
    int exit_code;       /* from a daemon's refusal, or refused lines; 0: from the error's code */
};

typedef int command_run(struct cli *cli, const json_t *args, struct err_ctx *err);

/* ---- options.c: the command line ---- */

/* Takes the global options out of argv (they may stand anywhere an option may). What is left is the
 * command's. *ret_command is NULL if no command is named; *ret_help: --help was given. */
struct options {
    struct cli cli;
    const struct command *command;
    const char **rest; /* the words if there is no command, else what follows them */
    int rest_count;
    bool help, version;
};
int options_parse(int argc, const char *const *argv, struct options *ret,
                  struct err_ctx *err) MUST_USE;
void options_clear(struct options *options);
int help_run(struct cli *cli, const json_t *args, struct err_ctx *err) MUST_USE;
void help_print(const struct command *command);
/* "no such command", with what may have been meant. */
int help_unknown(int count, const char *const *words, struct err_ctx *err) MUST_USE;

const char *args_text(const json_t *args, const char *name); /* NULL if not there */
uint64_t args_number(const json_t *args, const char *name, uint64_t preset);

/* ---- call.c: requests at a daemon's door ---- */

/* A daemon that neither reads nor answers for so long hangs, or was stopped. Counted anew with each
 * row and each line's answer: a long command only has to show that it gets on. */
#define ANSWER_MS_MAX 30000

struct door_client;
int call_open(const struct cli *cli, enum command_place place, struct door_client **ret,
              struct err_ctx *err) MUST_USE;
/* stream: it goes out with what follows. */
int call_send(struct door_client *client, const char *command, const json_t *args, bool stream,
              struct err_ctx *err) MUST_USE;
/* What a person is told when it ended with ERR_TIMEOUT: the daemon's silence, and whether the
 * command may have been taken nevertheless (else the exit status is that of a daemon that is not
 * there). Other codes are handed on. */
int call_silence(struct cli *cli, const char *command, int code, struct err_ctx *err) MUST_USE;
/* The final answer: its result, or the refusal as an error (and cli->exit_code). */
int call_outcome(struct cli *cli, const json_t *answer, json_t **ret, struct err_ctx *err) MUST_USE;
/* One request that is answered without rows. */
int call_result(struct cli *cli, const char *command, const json_t *args, json_t **ret,
                struct err_ctx *err) MUST_USE;
/* One whose rows say how far it is. */
typedef void call_row(void *arg, const json_t *row);
int call_rows(struct cli *cli, const char *command, const json_t *args, call_row *on_row, void *arg,
              json_t **ret, struct err_ctx *err) MUST_USE;
/* Asks and prints: every command that is nothing but a request. */
int call_print(struct cli *cli, const struct command *command, const json_t *args,
               struct err_ctx *err) MUST_USE;
/* Sets args[name] if the daemon's command knows that name; takes the reference. */
void call_give(json_t *args, const char *command, const char *name, json_t *value);

/* ---- print.c, block.c, cell.c: answers for people and programs ---- */

struct print;
struct print *print_new(enum output output, const char *command);
void print_row(struct print *print, const json_t *row);
size_t print_end(struct print *print); /* frees; how many rows there were */
void print_object(enum output output, const json_t *object);
/* Of a line of CSV; guard: what would run as a formula begins with a quote mark. */
void csv_put_field(const char *text, bool guard);
void csv_put_value(const json_t *value);
void print_block(FILE *to, const json_t *object);
/* What a person may be shown on a terminal: no control or direction-changing characters, so that
 * no report can paint the screen. Caller frees; never NULL. */
char *text_clean(const char *text);
/* A value as a person reads it: times in WIB, lists joined. Caller frees; never NULL. */
char *cell_text(const char *key, const json_t *value);
size_t cell_width(const char *text);
bool cell_is_scalar(const json_t *value); /* or a list of nothing but scalars */

/* ---- submit.c, up.c, backup.c ---- */

command_run backup_run MUST_USE;
command_run restore_store_run MUST_USE; /* becomes the program whose store it is */
command_run submit_run MUST_USE;
command_run report_amend_run MUST_USE; /* amend.c */
command_run up_run MUST_USE;

/* ---- handover.c: files that a report names ---- */

/* What became of one line. */
struct handed {
    char *text;   /* goes in its place; freed by the caller. NULL: the line as it is */
    bool refused; /* it does not go */
    bool later;   /* nothing is wrong with it: the node has no room now */
    char field[64];
    char reason[224];
};
/* Opens the files a line names, and hands over what the node does not have, on a connection of its
 * own. The files lie in `folder`. An error is the connection's, or ours. */
int files_hand_over(struct cli *cli, const char *folder, struct bytes line, struct handed *ret,
                    struct err_ctx *err) MUST_USE;

/* submit.c: the folder of the reports, where their files lie. */
int files_folder(const char *name, char ret[PATH_MAX], struct err_ctx *err) MUST_USE;

/* ---- ask.c: the person at the terminal ---- */

bool ask_possible(void);
/* ERR_STATE unless the answer is yes. */
int ask_yes(const char *question, struct err_ctx *err) MUST_USE;
/* Wiped and freed by secret_free. From the file, or asked without echo; twice if `confirm`. */
struct secret {
    uint8_t *data;
    size_t len;
};
int ask_passphrase(const char *file, const char *whose, bool confirm, struct secret *ret,
                   struct err_ctx *err) MUST_USE;
void secret_free(struct secret *secret);

/* ---- keys.c: key files ---- */

struct signer {
    char id[129]; /* of an officer; "root" */
    struct key key;
    uint8_t secret[SECRET_BYTES];
};
/* A sealed key file; the caller wipes *ret. */
int signer_open(const char *file, const char *kind, const char *passphrase_file, struct signer *ret,
                struct err_ctx *err) MUST_USE;
void signer_clear(struct signer *signer);
/* Whose key it says it is; nothing is opened, and nothing proven. */
int signer_id(const char *file, char ret[129], struct err_ctx *err) MUST_USE;
/* Makes a sealed key file. ERR_EXISTS if there. */
int signer_create(const char *file, const char *kind, const char *id, const char *passphrase_file,
                  struct key *ret_public, struct err_ctx *err) MUST_USE;
/* Raw secrets of daemons: 64 hex digits, mode 0600. */
enum key_type { KEY_TYPE_CURVE, KEY_TYPE_SIGN };
int secret_key_create(const char *file, enum key_type type, struct key *ret_public,
                      struct err_ctx *err) MUST_USE;
/* secret: 64 bytes for signing, 32 for curve; may be NULL. */
int secret_key_load(const char *file, enum key_type type, struct key *ret_public, uint8_t *secret,
                    struct err_ctx *err) MUST_USE;

/* ---- files.c: paths and small files ---- */

int path_join(const char *folder, const char *name, char *ret, size_t capacity,
              struct err_ctx *err) MUST_USE;
/* Calls found for every "node-…" of a folder in order, until it returns other than 0. A folder that
 * is not there has none. */
int each_node(const char *folder, int (*found)(void *arg, const char *name, struct err_ctx *err),
              void *arg, struct err_ctx *err) MUST_USE;
/* The folder this program was started from, if `program` is there too; else empty: PATH has it. */
void program_folder(const char *program, char *ret, size_t capacity);
int json_file_write(const char *path, const json_t *object, struct err_ctx *err) MUST_USE;
int json_file_read(const char *path, json_t **ret, struct err_ctx *err) MUST_USE;
int json_key(const json_t *object, const char *path, const char *name, struct key *ret,
             struct err_ctx *err) MUST_USE;
int sha256_file(const char *path, char ret_hex[HEX_CAPACITY(32)], struct err_ctx *err) MUST_USE;
json_t *json_hex(struct bytes bytes); /* NULL: out of memory */
/* A hex member of an answer; caller frees *ret. */
int json_unhex(const json_t *object, const char *name, uint8_t **ret, size_t *ret_len,
               struct err_ctx *err) MUST_USE;
/* A borrowed text as JSON; bytes that are no UTF-8 become "?". */
json_t *json_bytes(struct bytes text);

/* ---- init.c, ring.c, enrol.c, enrol_province.c, documents.c,
 * catalogue.c ---- */

command_run init_aggregator_run MUST_USE;
command_run init_node_run MUST_USE;
command_run init_officer_run MUST_USE;
command_run root_create_run MUST_USE;
command_run root_ring_run MUST_USE;
command_run enrol_request_run MUST_USE;
command_run enrol_accept_run MUST_USE;
command_run enrol_approve_run MUST_USE;
command_run enrol_revoke_run MUST_USE;
command_run match_run MUST_USE;           /* match.c */
command_run attachment_open_run MUST_USE; /* attachment.c */
command_run bundle_export_run MUST_USE;
command_run bundle_import_run MUST_USE;
command_run catalogue_check_run MUST_USE;
command_run catalogue_load_run MUST_USE;
command_run recommend_run MUST_USE;
command_run decide_run MUST_USE;
command_run approve_run MUST_USE;
command_run advisory_send_run MUST_USE; /* letters.c */
command_run question_ask_run MUST_USE;
command_run supersede_run MUST_USE;
command_run inbox_answer_run MUST_USE;

/* The eight words: --words compared, else the person asked. *ret_sure is false when there was
 * neither; ERR_VALUE when they differ. */
int words_compare(const char *typed, const char *words, bool *ret_sure,
                  struct err_ctx *err) MUST_USE;

#endif
