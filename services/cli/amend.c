/* amend.c - one report from a file, as it is to read now, to the node's door. */
#include "cli/cli.h"

#include "core/base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int text_read(FILE *file, char *text, size_t *ret_len)
{
    *ret_len = fread(text, 1, LINE_BYTES_MAX + 1, file);
    return ferror(file) != 0 ? ERR_IO : *ret_len > LINE_BYTES_MAX ? ERR_LIMIT : 0;
}

static int file_read(const char *name, char *text, size_t *ret_len)
{
    if (strcmp(name, "-") == 0) {
        return text_read(stdin, text, ret_len);
    }
    FILE *file = fopen(name, "re");
    if (file == NULL) {
        return ERR_NOT_FOUND;
    }
    int rc = text_read(file, text, ret_len);
    (void)fclose(file);
    return rc;
}

/* The file, which holds one report, on as many lines as one likes. */
static int report_read(const char *name, json_t **ret, struct err_ctx *err)
{
    char *text = malloc(LINE_BYTES_MAX + 1);
    size_t len = 0;
    if (text == NULL) {
        return err_set(err, ERR_NOMEM, "report");
    }
    int rc = file_read(name, text, &len);
    json_t *report = rc != 0 ? NULL : json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
    free(text);
    if (rc != 0) {
        return err_set(err, rc, "%s: %s", name,
                       rc == ERR_LIMIT       ? "over 65536 bytes"
                       : rc == ERR_NOT_FOUND ? "cannot be opened"
                                             : "read failed");
    }
    if (!json_is_object(report)) {
        json_decref(report);
        return err_set(err, ERR_VALUE, "%s: is not one report, a JSON object", name);
    }
    *ret = report;
    return 0;
}

/* Its files go first. The key stays here meanwhile: it is that of the report, not of a new one. */
static int hand_over(struct cli *cli, const char *name, json_t **report, struct err_ctx *err)
{
    char folder[PATH_MAX];
    struct handed handed = {.text = NULL};
    json_t *key = json_incref(json_object_get(*report, "key"));
    (void)json_object_del(*report, "key");
    char *line = json_dumps(*report, JSON_COMPACT);
    int rc = line == NULL ? err_set(err, ERR_NOMEM, "report") : files_folder(name, folder, err);
    rc = rc == 0 ? files_hand_over(cli, folder, bytes_of_text(line), &handed, err) : rc;
    if (rc == 0 && handed.refused) {
        rc = err_set(err, handed.later ? ERR_AGAIN : ERR_VALUE, "%s: %s", handed.field,
                     handed.reason);
    } else if (rc == 0 && handed.text != NULL) {
        json_decref(*report);
        *report = json_loads(handed.text, 0, NULL);
    }
    if (rc == 0 && key != NULL) {
        rc = json_object_set(*report, "key", key) == 0 ? 0 : err_set(err, ERR_NOMEM, "report");
    }
    json_decref(key);
    free(handed.text);
    free(line);
    return rc;
}

int report_amend_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    const char *name = args_text(args, "file");
    json_t *report = NULL;
    int rc = report_read(name, &report, err);
    rc = rc == 0 ? hand_over(cli, name, &report, err) : rc;
    char *line = rc == 0 ? json_dumps(report, JSON_COMPACT) : NULL;
    json_t *request = json_deep_copy(args);
    if (rc == 0) {
        (void)json_object_del(request, "file");
        rc = line != NULL && json_object_set_new(request, "line", json_string(line)) == 0
                 ? call_print(cli, command_named("report replace"), request, err)
                 : err_set(err, ERR_NOMEM, "report");
    }
    json_decref(request);
    json_decref(report);
    free(line);
    return rc;
}
