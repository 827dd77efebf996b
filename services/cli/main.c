/* kabar - the command line: local files of trust, and requests at the doors of the daemons. */
#include "cli/cli.h"
#include "platform/door/json_memory.h"
#include "platform/host/host.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>

static int version_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    (void)cli;
    (void)args;
    (void)err;
    (void)printf("kabar %s\n", KABAR_VERSION);
    return 0;
}

/* Commands that are more than one request. */
static const struct {
    const char *name;
    command_run *run;
} own[] = {
    {"help", help_run},
    {"version", version_run},
    {"init aggregator", init_aggregator_run},
    {"init node", init_node_run},
    {"init officer", init_officer_run},
    {"root create", root_create_run},
    {"root ring", root_ring_run},
    {"up", up_run},
    {"backup", backup_run},
    {"bundle export", bundle_export_run},
    {"bundle import", bundle_import_run},
    {"restore", restore_store_run},
    {"match", match_run},
    {"catalogue check", catalogue_check_run},
    {"catalogue load", catalogue_load_run},
    {"enrol request", enrol_request_run},
    {"enrol accept", enrol_accept_run},
    {"enrol approve", enrol_approve_run},
    {"enrol revoke", enrol_revoke_run},
    {"report submit", submit_run},
    {"case attachment open", attachment_open_run},
    {"report amend", report_amend_run},
    {"recommend", recommend_run},
    {"decide", decide_run},
    {"approve", approve_run},
    {"advisory send", advisory_send_run},
    {"question ask", question_ask_run},
    {"supersede", supersede_run},
    {"inbox answer", inbox_answer_run},
};

static int run_command(struct options *options, const json_t *args, struct err_ctx *err)
{
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        if (strcmp(own[i].name, options->command->name) == 0) {
            return own[i].run(&options->cli, args, err);
        }
    }
    if (options->command->place == COMMAND_LOCAL) {
        return err_set(err, ERR_USAGE, "%s: not part of this program", options->command->name);
    }
    return call_print(&options->cli, options->command, args, err);
}

static int run(struct options *options, struct err_ctx *err)
{
    json_t *args = NULL;
    if (options->version) {
        return version_run(NULL, NULL, NULL);
    }
    if (options->command == NULL && options->rest_count > 0) {
        return help_unknown(options->rest_count, options->rest, err);
    }
    if (options->command == NULL || options->help) {
        help_print(options->command);
        return options->help ? 0 : err_set(err, ERR_USAGE, "no command given");
    }
    int rc = command_parse(options->command, options->rest_count, options->rest, &args, err);
    if (rc != 0) {
        return rc;
    }
    rc = run_command(options, args, err);
    json_decref(args);
    return rc;
}

static int exit_of(int code)
{
    switch ((enum err_code)code) {
    case ERR_NONE:
        return EX_OK;
    case ERR_USAGE:
        return EX_USAGE;
    case ERR_NOT_FOUND:
        return EX_NOINPUT;
    case ERR_EXISTS:
        return EX_CANTCREAT;
    case ERR_NOMEM:
        return EX_OSERR;
    case ERR_GONE:
        return EX_UNAVAILABLE;
    case ERR_IO:
    case ERR_STORAGE:
        return EX_IOERR;
    case ERR_GAP:
    case ERR_STALE:
    case ERR_FULL:
    case ERR_AGAIN:
    case ERR_TIMEOUT:
    case ERR_BUSY:
        return EX_TEMPFAIL;
    case ERR_PERMISSION:
        return EX_NOPERM;
    case ERR_CONFIG:
        return EX_CONFIG;
    case ERR_LIMIT:
    case ERR_FORMAT:
    case ERR_UTF8:
    case ERR_VALUE:
    case ERR_VERSION:
    case ERR_CHAIN:
    case ERR_HEAD:
    case ERR_FORK:
    case ERR_KEY:
    case ERR_SIGNATURE:
    case ERR_STATE:
        return EX_DATAERR;
    }
    return EX_SOFTWARE;
}

/* A full disk or a closed pipe shows only now. */
static int close_output(struct err_ctx *err)
{
    bool failed = ferror(stdout) != 0;
    if (fclose(stdout) != 0 || failed) {
        return err_set(err, ERR_IO, "standard output: %s",
                       errno != 0 ? strerrordesc_np(errno) : "write failed");
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct err_ctx err = {{0}};
    struct options options = {0};
    json_memory_init(false);
    int rc = host_init(&err);
    if (rc == 0) {
        rc = options_parse(argc - 1, (const char *const *)(argv + 1), &options, &err);
    }
    if (rc == 0) {
        rc = run(&options, &err);
    }
    int closed = close_output(rc == 0 ? &err : NULL);
    if (rc == 0 && closed != 0) {
        rc = closed;
        options.cli.exit_code = 0;
    }
    if (rc != 0) {
        char *text = text_clean(err_peek(&err, rc));
        (void)fprintf(stderr, "kabar: %s\n", text);
        free(text);
    }
    int code = options.cli.exit_code != 0 ? options.cli.exit_code : exit_of(rc);
    options_clear(&options);
    return code;
}
