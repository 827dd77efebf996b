/* catalogue.c - kabar catalogue: a folder of CSV files read as a whole, here, without a daemon. */
#include "cli/cli.h"

#include "core/base/text.h"
#include "core/rules/catalogue_set.h"
#include "platform/host/host.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct folder {
    uint8_t *files[CATALOGUE_FILE_COUNT];
    uint8_t *packed;
    size_t len;
};

static void folder_clear(struct folder *folder)
{
    for (size_t i = 0; i < CATALOGUE_FILE_COUNT; i++) {
        free(folder->files[i]);
    }
    free(folder->packed);
}

/* dir NULL: what this program was built with. */
static int folder_read(const char *dir, struct folder *ret, struct err_ctx *err)
{
    struct bytes texts[CATALOGUE_FILE_COUNT] = {{0}};
    ret->packed = malloc(CATALOGUE_BYTES_MAX);
    if (ret->packed == NULL) {
        return err_set(err, ERR_NOMEM, "catalogue");
    }
    if (dir == NULL) {
        struct bytes builtin = catalogue_builtin();
        memcpy(ret->packed, builtin.data, builtin.len);
        ret->len = builtin.len;
        return 0;
    }
    for (size_t i = 0; i < CATALOGUE_FILE_COUNT; i++) {
        char path[PATH_MAX];
        size_t len = 0;
        int rc = path_join(dir, catalogue_file_names[i], path, sizeof path, err);
        rc = rc != 0 ? rc : file_read(path, CATALOGUE_BYTES_MAX, &ret->files[i], &len, err);
        if (rc != 0) {
            return rc;
        }
        texts[i] = bytes_of(ret->files[i], len);
    }
    return catalogue_pack(texts, ret->packed, CATALOGUE_BYTES_MAX, &ret->len) == 0
               ? 0
               : err_set(err, ERR_LIMIT, "%s: the files are over %u bytes together", dir,
                         CATALOGUE_BYTES_MAX);
}

static void print_problems(enum output output, const struct catalogue_problems *problems)
{
    struct print *print = print_new(output, "catalogue check");
    for (size_t i = 0; i < problems->count; i++) {
        const struct catalogue_problem *problem = &problems->list[i];
        json_t *row = json_pack("{s:s, s:I, s:I, s:s}", "file", problem->file, "line",
                                (json_int_t)problem->line, "column", (json_int_t)problem->column,
                                "reason", problem->reason);
        print_row(print, row);
        json_decref(row);
    }
    (void)print_end(print);
}

static void print_sound(enum output output, const struct catalogue *catalogue, struct bytes packed)
{
    char hex[HEX_CAPACITY(32)], day[DAY_TEXT_CAPACITY];
    uint8_t hash[32];
    struct catalogue_info info;
    catalogue_info(catalogue, &info);
    catalogue_hash(packed, hash);
    json_t *object =
        json_pack("{s:b, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "valid", 1, "number",
                  (json_int_t)info.number, "date", day_to_text(info.day, day), "version",
                  hex_encode(hex, hash, sizeof hash), "forms", (json_int_t)info.forms, "sanctions",
                  (json_int_t)info.sanctions, "regions", (json_int_t)info.regions, "holidays",
                  (json_int_t)info.holidays, "bytes", (json_int_t)packed.len);
    print_object(output, object);
    json_decref(object);
}

int catalogue_check_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct folder folder = {.len = 0};
    struct catalogue_problems problems = {.count = 0};
    const struct catalogue *catalogue = NULL;
    struct arena *arena = arena_new(CATALOGUE_ARENA_BYTES);
    int rc = arena == NULL ? err_set(err, ERR_NOMEM, "catalogue")
                           : folder_read(args_text(args, "dir"), &folder, err);
    if (rc == 0) {
        struct bytes packed = bytes_of(folder.packed, folder.len);
        rc = catalogue_parse(packed, arena, &catalogue, &problems);
        if (rc == 0) {
            print_sound(cli->output, catalogue, packed);
        } else {
            print_problems(cli->output, &problems);
            rc = err_set(err, rc, "%zu%s mistakes: this is no catalogue", problems.count,
                         problems.more ? " and more" : "");
        }
    }
    folder_clear(&folder);
    arena_free(arena);
    return rc;
}
