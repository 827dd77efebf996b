/* call.c - finding a daemon's door, asking it, and what its answers mean here. */
#include "cli/cli.h"

#include "platform/door/door.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#define SYSTEM_AGGREGATOR "/run/kabar/aggregator.sock"
#define SYSTEM_NODE "/run/kabar/node.sock"
#define HANGS "it hangs, or it was stopped (systemctl status, or look at its log)"

/* ---- which socket ---- */

static int copy_path(const char *path, char ret[PATH_MAX], struct err_ctx *err)
{
    size_t len = strlen(path);
    if (len >= PATH_MAX) {
        return err_set(err, ERR_LIMIT, "path too long: %.64s", path);
    }
    memcpy(ret, path, len + 1);
    return 0;
}

struct sockets {
    char name[64]; /* of the last one */
    size_t count;
};

static int count_socket(void *arg, const char *name, struct err_ctx *err)
{
    struct sockets *sockets = arg;
    size_t len = strlen(name);
    (void)err;
    if (len > 5 && len < sizeof sockets->name && strcmp(name + len - 5, ".sock") == 0) {
        (void)snprintf(sockets->name, sizeof sockets->name, "%s", name);
        sockets->count++;
    }
    return 0;
}

/* The only node socket of a folder. */
static int only_node(const char *dir, char ret[PATH_MAX], struct err_ctx *err)
{
    struct sockets sockets = {.count = 0};
    int rc = each_node(dir, count_socket, &sockets, err);
    if (rc == 0 && sockets.count == 0) {
        rc = err_set(err, ERR_GONE,
                     "no daemon answers in %s (no node-*.sock there): is it running?"
                     " (kabar --dir %s up)",
                     dir, dir);
    } else if (rc == 0 && sockets.count > 1) {
        rc = err_set(err, ERR_USAGE, "%s has %zu nodes: say which with --regency NN.NN", dir,
                     sockets.count);
    }
    return rc == 0 ? path_join(dir, sockets.name, ret, PATH_MAX, err) : rc;
}

static int path_in_dir(const struct cli *cli, enum command_place place, char ret[PATH_MAX],
                       struct err_ctx *err)
{
    char name[32];
    struct stat info;
    if (cli->regency != NULL && place != COMMAND_AGGREGATOR) {
        (void)snprintf(name, sizeof name, "node-%.16s.sock", cli->regency);
        return path_join(cli->dir, name, ret, PATH_MAX, err);
    }
    int rc = path_join(cli->dir, "aggregator.sock", ret, PATH_MAX, err);
    if (rc != 0 || place == COMMAND_AGGREGATOR ||
        (place == COMMAND_EITHER && stat(ret, &info) == 0)) {
        return rc;
    }
    return only_node(cli->dir, ret, err);
}

static int door_path(const struct cli *cli, enum command_place place, char ret[PATH_MAX],
                     struct err_ctx *err)
{
    const char *given = cli->socket;
    struct stat info;
    if (given == NULL && cli->dir != NULL) {
        return path_in_dir(cli, place, ret, err);
    }
    if (given == NULL) {
        given = secure_getenv("KABAR_SOCKET");
    }
    if (given == NULL || given[0] == '\0') {
        bool aggregator = place == COMMAND_AGGREGATOR ||
                          (place == COMMAND_EITHER && stat(SYSTEM_AGGREGATOR, &info) == 0);
        given = aggregator ? SYSTEM_AGGREGATOR : SYSTEM_NODE;
    }
    return copy_path(given, ret, err);
}

int call_open(const struct cli *cli, enum command_place place, struct door_client **ret,
              struct err_ctx *err)
{
    char path[PATH_MAX];
    int rc = door_path(cli, place, path, err);
    if (rc != 0) {
        return rc;
    }
    rc = door_client_open(path, ANSWER_MS_MAX, ret, err);
    if (rc == ERR_TIMEOUT) {
        return err_set(err, ERR_GONE, "the daemon at %s lets nobody in for %d s: " HANGS, path,
                       ANSWER_MS_MAX / 1000);
    }
    if (rc == ERR_GONE) {
        const char *program = place == COMMAND_AGGREGATOR ? "kabar-aggregator"
                              : place == COMMAND_NODE     ? "kabar-node"
                                                          : "kabar-*";
        return err_set(err, rc,
                       "no daemon answers at %s: is it running? (systemctl status %s, or kabar up)",
                       path, program);
    }
    return rc;
}

/* ---- one request ---- */

int call_send(struct door_client *client, const char *command, const json_t *args, bool stream,
              struct err_ctx *err)
{
    json_t *copy = args == NULL ? json_object() : json_deep_copy(args);
    json_t *request = json_pack("{s:i, s:s, s:o*}", "id", 1, "command", command, "args", copy);
    if (stream && request != NULL && json_object_set_new(request, "stream", json_true()) != 0) {
        json_decref(request);
        request = NULL;
    }
    char *line = request == NULL ? NULL : json_dumps(request, JSON_COMPACT);
    int rc = line == NULL ? err_set(err, ERR_NOMEM, "request")
             : stream     ? door_client_put(client, bytes_of_text(line), err)
                          : door_client_send(client, bytes_of_text(line), err);
    free(line);
    json_decref(request);
    return rc;
}

/* ---- no answer ---- */

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text);
    size_t tail = strlen(end);
    return len >= tail && strcmp(text + len - tail, end) == 0;
}

/* Asking twice does no harm. What is not known here may have changed something. */
static bool only_asks(const char *command)
{
    static const char *const ends[] = {"ping", "status", " list", " show", " dump", " draft"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (ends_with(command, ends[i])) {
            return true;
        }
    }
    return false;
}

/* The command that shows whether another was taken. */
static const char *shown_by(const char *command)
{
    static const struct {
        const char *begin, *ask;
    } shown[] = {
        {"report ", "report list"},     {"inbox ", "inbox list"}, {"case ", "case show"},
        {"document ", "document list"}, {"enrol ", "enrol list"},
    };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        if (strncmp(command, shown[i].begin, strlen(shown[i].begin)) == 0) {
            return shown[i].ask;
        }
    }
    return "status";
}

int call_silence(struct cli *cli, const char *command, int code, struct err_ctx *err)
{
    if (code != ERR_TIMEOUT) {
        return code;
    }
    if (only_asks(command)) {
        cli->exit_code = EX_UNAVAILABLE;
        return err_set(err, code, "no answer for %d s: " HANGS, ANSWER_MS_MAX / 1000);
    }
    cli->exit_code = EX_TEMPFAIL;
    return err_set(err, code,
                   "no answer for %d s: " HANGS ". It may have been taken: ask with `kabar %s` "
                   "before saying it again",
                   ANSWER_MS_MAX / 1000, shown_by(command));
}

/* A code's number by its name; a daemon newer than us may have others. */
static int code_named(const char *name)
{
    static const struct {
        const char *name;
        int code;
    } codes[] = {
#define ERR_X(name, text, action) {#name, name},
        ERR_LIST(ERR_X)
#undef ERR_X
    };
    for (size_t i = 0; name != NULL && i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i].name, name) == 0) {
            return codes[i].code;
        }
    }
    return ERR_VALUE;
}

int call_outcome(struct cli *cli, const json_t *answer, json_t **ret, struct err_ctx *err)
{
    const json_t *error = json_object_get(answer, "error");
    if (json_is_true(json_object_get(answer, "ok"))) {
        *ret = json_incref(json_object_get(answer, "result"));
        return 0;
    }
    const char *text = args_text(error, "text");
    int code = code_named(args_text(error, "code"));
    json_int_t status = json_integer_value(json_object_get(error, "exit"));
    if (status > 0 && status < 126) {
        cli->exit_code = (int)status;
    }
    return err_set(err, code, "%s", text != NULL ? text : err_text(code));
}

static int read_answer(struct door_client *client, json_t **ret, struct err_ctx *err)
{
    struct bytes line;
    int rc = door_client_read(client, &line, err);
    if (rc != 0) {
        return rc == ERR_TIMEOUT ? rc : err_wrap(err, rc, "the daemon's answer");
    }
    json_t *answer = json_loadb((const char *)line.data, line.len, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(answer)) {
        json_decref(answer);
        return err_set(err, ERR_FORMAT, "the daemon answered something that is not JSON");
    }
    *ret = answer;
    return 0;
}

/* Rows go to on_row (NULL: none wanted) until the final answer. */
static int finish(struct cli *cli, struct door_client *client, call_row *on_row, void *arg,
                  json_t **ret, struct err_ctx *err)
{
    for (;;) {
        json_t *answer = NULL;
        int rc = read_answer(client, &answer, err);
        if (rc != 0) {
            return rc;
        }
        const json_t *row = json_object_get(answer, "row");
        if (row != NULL && on_row != NULL) {
            on_row(arg, row);
        } else if (row == NULL) {
            rc = call_outcome(cli, answer, ret, err);
            json_decref(answer);
            return rc;
        }
        json_decref(answer);
    }
}

static enum command_place place_of(const char *command)
{
    const struct command *row = command_named(command);
    return row == NULL ? COMMAND_AGGREGATOR : row->place;
}

int call_rows(struct cli *cli, const char *command, const json_t *args, call_row *on_row, void *arg,
              json_t **ret, struct err_ctx *err)
{
    struct door_client *client = NULL;
    int rc = call_open(cli, place_of(command), &client, err);
    if (rc != 0) {
        return rc;
    }
    rc = call_send(client, command, args, false, err);
    if (rc == 0 || rc == ERR_GONE) { /* who hung up may have said why */
        rc = finish(cli, client, on_row, arg, ret, err);
    }
    rc = call_silence(cli, command, rc, err);
    door_client_close(client);
    return rc;
}

int call_result(struct cli *cli, const char *command, const json_t *args, json_t **ret,
                struct err_ctx *err)
{
    return call_rows(cli, command, args, NULL, NULL, ret, err);
}

/* Lists are rows, and only what they say about the next page is of interest besides. */
static void print_result(struct cli *cli, const struct command *command, const json_t *result,
                         size_t rows)
{
    bool list = ends_with(command->name, " list") || ends_with(command->name, " dump");
    if (!list && rows == 0) {
        print_object(cli->output, result);
        return;
    }
    char *next = cell_text("next", json_object_get(result, "next"));
    if (next[0] != '\0') {
        (void)fprintf(stderr, "there is more: --after %s\n", next);
    } else if (rows == 0 && cli->output == OUTPUT_TABLE) {
        (void)fputs("nothing to show\n", stderr);
    }
    free(next);
}

static void row_to_print(void *arg, const json_t *row)
{
    print_row(arg, row);
}

int call_print(struct cli *cli, const struct command *command, const json_t *args,
               struct err_ctx *err)
{
    struct door_client *client = NULL;
    json_t *result = NULL;
    int rc = call_open(cli, command->place, &client, err);
    if (rc != 0) {
        return rc;
    }
    struct print *print = print_new(cli->output, command->name);
    rc = call_send(client, command->name, args, false, err);
    if (rc == 0 || rc == ERR_GONE) { /* who hung up may have said why */
        rc = finish(cli, client, row_to_print, print, &result, err);
    }
    rc = call_silence(cli, command->name, rc, err);
    size_t rows = print_end(print);
    if (rc == 0) {
        print_result(cli, command, result, rows);
    }
    json_decref(result);
    door_client_close(client);
    return rc;
}

void call_give(json_t *args, const char *command, const char *name, json_t *value)
{
    const struct command *row = command_named(command);
    const struct argument *argument = row == NULL ? NULL : row->arguments;
    while (argument != NULL && argument->name != NULL && strcmp(argument->name, name) != 0) {
        argument++;
    }
    if (argument != NULL && argument->name != NULL && value != NULL) {
        (void)json_object_set_new(args, name, value);
    } else {
        json_decref(value);
    }
}
