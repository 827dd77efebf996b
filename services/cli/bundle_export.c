/* bundle_export.c - kabar bundle export, and the answer that bundle import writes. */
#include "cli/bundle_private.h"

#include <string.h>

static int key_of(const json_t *object, const char *name, struct key *ret, struct err_ctx *err)
{
    if (!hex_decode(ret->b, KEY_BYTES, bytes_of_text(args_text(object, name)))) {
        return err_set(err, ERR_FORMAT, "the daemon gave no key");
    }
    return 0;
}

/* A file, with the manifest that `made` has. */
static int open_file(struct bundle_writer *writer, const char *path, enum bundle_kind kind,
                     const json_t *made, struct err_ctx *err)
{
    struct key to;
    uint8_t *manifest = NULL;
    size_t len = 0;
    *writer = (struct bundle_writer){.fd = -1};
    int rc = key_of(made, "to", &to, err);
    rc = rc != 0 ? rc : json_unhex(made, "manifest", &manifest, &len, err);
    rc = rc != 0 ? rc : bundle_writer_open(writer, path, kind, &to, bytes_of(manifest, len), err);
    free(manifest);
    return rc;
}

static int put_hex(struct bundle_writer *writer, const json_t *object, const char *name,
                   struct err_ctx *err)
{
    uint8_t *frame = NULL;
    size_t len = 0;
    int rc = json_unhex(object, name, &frame, &len, err);
    rc = rc != 0 ? rc : bundle_writer_put(writer, bytes_of(frame, len), err);
    free(frame);
    return rc;
}

/* The span of a log that begins at *first; *first is behind it afterwards. */
static int put_span(struct cli *cli, struct bundle_writer *writer, const char *command,
                    const json_t *log, uint64_t *first, struct err_ctx *err)
{
    json_t *answer = NULL;
    json_t *request = json_pack("{s:O, s:I, s:O}", "log", json_object_get(log, "log"), "first",
                                (json_int_t)*first, "last", json_object_get(log, "last"));
    int rc = request == NULL ? err_set(err, ERR_NOMEM, "request")
                             : call_result(cli, command, request, &answer, err);
    rc = rc != 0 ? rc : put_hex(writer, answer, "frame", err);
    uint64_t last = rc != 0 ? 0 : args_number(answer, "last", 0);
    if (rc == 0 && last < *first) {
        rc = err_set(err, ERR_FORMAT, "the daemon gave a span of nothing");
    }
    *first = rc == 0 ? last + 1 : *first;
    json_decref(request);
    json_decref(answer);
    return rc;
}

/* ---- export ---- */

struct export
{
    struct cli *cli;
    const char *path;
    uint64_t bytes_max; /* of a file; 0: any */
    const json_t *made;
    struct bundle_writer writer;
    json_t *files; /* those that are done */
    json_t *unreadable;
    uint64_t entries;
    struct err_ctx *err;
};

static int next_file(struct export *export)
{
    char path[PATH_MAX];
    json_t *file = NULL;
    int rc = bundle_writer_close(&export->writer, 0, &file, export->err);
    export->writer.fd = -1;
    if (rc == 0) {
        (void)json_array_append_new(export->files, file);
        int len =
            snprintf(path, sizeof path, "%s.%zu", export->path, json_array_size(export->files) + 1);
        rc = len < 0 || (size_t)len >= sizeof path
                 ? err_set(export->err, ERR_LIMIT, "path too long: %.64s", export->path)
                 : open_file(&export->writer, path, BUNDLE_FROM_NODE, export->made, export->err);
    }
    return rc;
}

static bool is_full(const struct export *export)
{
    return export->bytes_max > 0 &&
           export->writer.bytes + BUNDLE_CHUNK_BYTES_MAX + 64 > export->bytes_max;
}

/* An entry that is damaged holds up its log, as it does on a line; the other one goes on. */
static int export_log(struct export *export, const json_t *log)
{
    uint64_t first = args_number(log, "first", 1);
    uint64_t last = args_number(log, "last", 0);
    int rc = 0;
    while (rc == 0 && first <= last) {
        uint64_t begin = first;
        rc = is_full(export) ? next_file(export) : 0;
        rc = rc != 0
                 ? rc
                 : put_span(export->cli, &export->writer, "bundle cut", log, &first, export->err);
        export->entries += first - begin;
    }
    if (rc == ERR_FORMAT || rc == ERR_NOT_FOUND) {
        (void)fprintf(stderr, "%s: entry %llu cannot be read; what stands behind it stays here\n",
                      args_text(log, "lane"), (unsigned long long)first);
        (void)json_array_append_new(export->unreadable,
                                    json_pack("{s:O, s:I}", "lane", json_object_get(log, "lane"),
                                              "seq", (json_int_t)first));
        export->cli->exit_code = 65;
        rc = 0;
    }
    return rc;
}

static json_t *logs_of(const json_t *made)
{
    json_t *logs = json_object();
    size_t at = 0;
    const json_t *log = NULL;
    json_array_foreach(json_object_get(made, "logs"), at, log)
    {
        json_int_t first = (json_int_t)args_number(log, "first", 1);
        json_int_t last = (json_int_t)args_number(log, "last", 0);
        (void)json_object_set_new(logs, args_text(log, "lane"),
                                  first > last ? json_null() : json_pack("[I, I]", first, last));
    }
    return logs;
}

static int export_all(struct export *export)
{
    size_t at = 0;
    const json_t *log = NULL;
    json_t *file = NULL;
    int rc = open_file(&export->writer, export->path, BUNDLE_FROM_NODE, export->made, export->err);
    json_array_foreach(json_object_get(export->made, "logs"), at, log)
    {
        rc = rc != 0 ? rc : export_log(export, log);
    }
    rc = bundle_writer_close(&export->writer, rc, &file, export->err);
    if (rc == 0) {
        (void)json_array_append_new(export->files, file);
    }
    return rc;
}

int bundle_export_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    json_t *made = NULL;
    json_t *request = json_object();
    struct export export = {.cli = cli,
                            .path = args_text(args, "file"),
                            .bytes_max = args_number(args, "max_mib", 0) << 20,
                            .files = json_array(),
                            .unreadable = json_array(),
                            .err = err};
    if (args_number(args, "from", 0) > 0) {
        (void)json_object_set(request, "from", json_object_get(args, "from"));
    }
    int rc = call_result(cli, "bundle begin", request, &made, err);
    export.made = made;
    rc = rc != 0 ? rc : export_all(&export);
    if (rc == 0) {
        json_t *result =
            json_pack("{s:I, s:o, s:O, s:O}", "entries", (json_int_t) export.entries, "logs",
                      logs_of(made), "files", export.files, "unreadable", export.unreadable);
        print_object(cli->output, result);
        json_decref(result);
        (void)fputs("carry it to the province: kabar bundle import FILE --key offline/bundle.key"
                    " --answer FILE\n",
                    stderr);
    }
    json_decref(export.files);
    json_decref(export.unreadable);
    json_decref(request);
    json_decref(made);
    return rc;
}

/* ---- the answer ---- */

int bundle_answer_write(struct cli *cli, const char *manifest_hex, const char *path, json_t **ret,
                        struct err_ctx *err)
{
    struct bundle_writer writer = {.fd = -1};
    json_t *made = NULL;
    size_t at = 0;
    const json_t *receipt = NULL;
    json_t *request = json_pack("{s:s}", "manifest", manifest_hex);
    int rc = call_result(cli, "bundle answer", request, &made, err);
    rc = rc != 0 ? rc : open_file(&writer, path, BUNDLE_ANSWER, made, err);
    json_array_foreach(json_object_get(made, "receipts"), at, receipt)
    {
        json_t *row = json_pack("{s:O}", "frame", receipt);
        rc = rc != 0 ? rc : put_hex(&writer, row, "frame", err);
        json_decref(row);
    }
    uint64_t first = args_number(made, "first", 1);
    uint64_t last = args_number(made, "last", 0);
    while (rc == 0 && first <= last) {
        rc = put_span(cli, &writer, "bundle office", made, &first, err);
    }
    rc = bundle_writer_close(&writer, rc, ret, err);
    json_decref(request);
    json_decref(made);
    return rc;
}
