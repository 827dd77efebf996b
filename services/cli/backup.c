/* backup.c - kabar backup, which a daemon does, and kabar restore, which the program does that will
 * use the store: it knows what must be in it. */
#include "cli/cli.h"
#include "platform/host/host.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONF_BYTES_MAX 65536u

/* ---- backup ---- */

static void show(void *arg, const json_t *row)
{
    (void)arg;
    if (isatty(STDERR_FILENO) == 1) {
        const char *stage = args_text(row, "stage");
        (void)fprintf(stderr, "\r%s: %llu bytes, %llu entries   ", stage == NULL ? "" : stage,
                      (unsigned long long)args_number(row, "bytes", 0),
                      (unsigned long long)args_number(row, "entries", 0));
    }
}

int backup_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    json_t *result = NULL;
    int rc = call_rows(cli, "backup", args, show, NULL, &result, err);
    if (isatty(STDERR_FILENO) == 1) {
        (void)fputc('\n', stderr);
    }
    if (rc == 0) {
        print_object(cli->output, result);
    }
    json_decref(result);
    return rc;
}

/* ---- restore ---- */

/* A line that sets `name`. */
static bool has_setting(const char *conf, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = conf; line != NULL; line = strchr(line, '\n')) {
        line += strspn(line, " \t\n");
        const char *behind = line + len;
        if (strncmp(line, name, len) == 0 && behind[strspn(behind, " \t")] == '=') {
            return true;
        }
    }
    return false;
}

static int program_of(const char *conf, const char **ret, struct err_ctx *err)
{
    uint8_t *text = NULL;
    size_t len = 0;
    int rc = file_read(conf, CONF_BYTES_MAX, &text, &len, err);
    if (rc != 0) {
        return rc;
    }
    *ret = has_setting((const char *)text, "listen")    ? "kabar-aggregator"
           : has_setting((const char *)text, "regency") ? "kabar-node"
                                                        : NULL;
    free(text);
    return *ret != NULL ? 0
                        : err_set(err, ERR_CONFIG,
                                  "%s: neither an aggregator's settings nor a node's", conf);
}

int restore_store_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    const char *name = NULL;
    char program[64];
    char folder[PATH_MAX];
    char path[PATH_MAX];
    char config[PATH_MAX];
    char file[PATH_MAX];
    char options[3][16] = {"--config", "--restore", "--replace"};
    bool replace = json_is_true(json_object_get(args, "replace"));
    char *const argv[] = {
        program, options[0], config, options[1], file, replace ? options[2] : NULL, NULL};
    (void)cli;
    int rc = program_of(args_text(args, "config"), &name, err);
    if (rc != 0) {
        return rc;
    }
    (void)snprintf(program, sizeof program, "%s", name);
    if (snprintf(config, sizeof config, "%s", args_text(args, "config")) >= PATH_MAX ||
        snprintf(file, sizeof file, "%s", args_text(args, "file")) >= PATH_MAX) {
        return err_set(err, ERR_LIMIT, "path too long");
    }
    program_folder(program, folder, sizeof folder);
    if (folder[0] != '\0' && path_join(folder, program, path, sizeof path, NULL) == 0) {
        (void)execv(path, argv);
    } else {
        (void)execvp(program, argv);
    }
    return err_set(err, ERR_NOT_FOUND, "%s: %s", program, strerrordesc_np(errno));
}
