/* node_door.c - requests at the socket: checked against the command table, handed to their code. */
#include "core/base/assert.h"
#include "core/wire/command.h"
#include "node/node_bundle.h"

#define EXIT_USAGE_ERROR 64
#define EXIT_PERMISSION 77

static void ping(struct node *node, struct door_call *call, const json_t *args)
{
    (void)args;
    door_call_done(call, json_pack("{s:b, s:s, s:s, s:s}", "ok", 1, "program", "kabar-node",
                                   "version", KABAR_VERSION, "regency", node->conf->regency));
}

static const struct handler {
    const char *command;
    void (*run)(struct node *node, struct door_call *call, const json_t *args);
} handlers[] = {
    {"report submit", report_submit},
    {"report files", report_files},
    {"report list", report_list},
    {"report show", report_show},
    {"report status", report_status},
    {"report zero", report_zero},
    {"report replace", report_replace},
    {"report withdraw", report_withdraw},
    {"inbox list", inbox_list},
    {"inbox show", inbox_show},
    {"inbox acknowledge", inbox_acknowledge},
    {"inbox executed", inbox_executed},
    {"inbox answer", inbox_answer},
    {"status", node_status},
    {"ping", ping},
    {"backup", node_backup},
    {"bundle begin", bundle_begin_asked},
    {"bundle cut", bundle_cut_asked},
    {"bundle key", bundle_key_asked},
    {"bundle accept", bundle_accept},
    {"bundle answer read", bundle_answer_read},
};

static int exit_of(int code)
{
    switch (code) {
    case ERR_USAGE:
        return EXIT_USAGE_ERROR;
    case ERR_NOMEM:
    case ERR_AGAIN:
    case ERR_FULL:
    case ERR_STALE:
        return EXIT_RETRY;
    case ERR_GONE:
    case ERR_TIMEOUT:
        return EXIT_UNAVAILABLE;
    case ERR_IO:
    case ERR_STORAGE:
        return EXIT_IO;
    case ERR_PERMISSION:
        return EXIT_PERMISSION;
    default:
        return EXIT_DATA;
    }
}

void node_fail(struct door_call *call, int code, const struct err_ctx *err)
{
    door_call_fail(call, code, exit_of(code), err_peek(err, code));
}

const char *node_arg(const json_t *args, const char *name)
{
    return json_string_value(json_object_get(args, name));
}

static void on_request(void *arg, struct door_call *call, const char *name, const json_t *args)
{
    struct err_ctx err = {""};
    const struct command *command = command_named(name);
    const struct handler *handler = NULL;
    for (size_t i = 0; i < sizeof handlers / sizeof handlers[0]; i++) {
        if (strcmp(handlers[i].command, name) == 0) {
            handler = &handlers[i];
        }
    }
    int rc = command == NULL || handler == NULL
                 ? err_set(&err, ERR_USAGE, "no such command at a node: %s", name)
                 : command_check(command, args, &err);
    if (rc != 0) {
        node_fail(call, rc, &err);
    } else {
        handler->run(arg, call, args);
    }
}

static bool is_a(const struct door_call *call, int kind)
{
    const struct open_call *open = door_call_data(call);
    return open != NULL && (int)open->kind == kind;
}

static void on_line(void *arg, struct door_call *call, uint64_t line, struct bytes text,
                    bool oversized)
{
    if (is_a(call, OPEN_STREAM)) {
        report_line(arg, call, line, text, oversized);
    } else if (is_a(call, OPEN_FILES)) {
        report_files_line(arg, call, line, text, oversized);
    }
}

static void on_end(void *arg, struct door_call *call)
{
    if (is_a(call, OPEN_STREAM)) {
        report_end(arg, call);
    } else if (is_a(call, OPEN_FILES)) {
        report_files_end(call);
    }
}

static void on_drain(void *arg, struct door_call *call)
{
    if (is_a(call, OPEN_STREAM)) {
        report_drain(arg, call);
    }
}

static void on_gone(void *arg, struct door_call *call)
{
    node_backup_gone(arg, call);
    if (is_a(call, OPEN_STREAM)) {
        report_gone(arg, call);
    } else if (is_a(call, OPEN_FILES)) {
        report_files_gone(call);
    } else if (is_a(call, OPEN_BUNDLE)) {
        bundle_gone(call);
    } else if (door_call_data(call) != NULL) {
        inbox_gone(arg, call);
    }
}

int doors_open(struct node *node, struct err_ctx *err)
{
    const struct door_config config = {
        .loop = node->loop,
        .path = node->conf->door,
        .group = node->conf->door_group,
        .on_request = on_request,
        .on_line = on_line,
        .on_end = on_end,
        .on_gone = on_gone,
        .on_drain = on_drain,
        .arg = node,
    };
    return door_open(&config, &node->door, err);
}
