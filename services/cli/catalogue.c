/* catalogue.c - kabar catalogue: a folder of CSV files read as a whole, here, without a daemon. */
#include "cli/cli.h"

#include "core/base/text.h"
#include "core/rules/catalogue_note.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
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

/* What is wrong is printed, and ERR_FORMAT. */
static int parse(struct cli *cli, const struct folder *folder, struct arena *arena,
                 const struct catalogue **ret, struct err_ctx *err)
{
    struct catalogue_problems problems = {.count = 0};
    int rc = catalogue_parse(bytes_of(folder->packed, folder->len), arena, ret, &problems);
    if (rc == 0) {
        return 0;
    }
    print_problems(cli->output, &problems);
    return err_set(err, rc, "%zu%s mistakes: this is no catalogue", problems.count,
                   problems.more ? " and more" : "");
}

int catalogue_check_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct folder folder = {.len = 0};
    const struct catalogue *catalogue = NULL;
    struct arena *arena = arena_new(CATALOGUE_ARENA_BYTES);
    int rc = arena == NULL ? err_set(err, ERR_NOMEM, "catalogue")
                           : folder_read(args_text(args, "folder"), &folder, err);
    if (rc == 0) {
        rc = parse(cli, &folder, arena, &catalogue, err);
    }
    if (rc == 0) {
        print_sound(cli->output, catalogue, bytes_of(folder.packed, folder.len));
    }
    folder_clear(&folder);
    arena_free(arena);
    return rc;
}

/* ---- load ---- */

/* The answer to the last part is the catalogue's. */
static int send_part(struct cli *cli, const struct catalogue_part *part, bool last,
                     struct err_ctx *err)
{
    json_t *answer = NULL;
    json_t *request = json_pack(
        "{s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "hash", json_hex(bytes_of(part->hash.b, HASH_BYTES)),
        "number", (json_int_t)part->number, "part", (json_int_t)part->part, "parts",
        (json_int_t)part->parts, "data", json_hex(part->data), "signature",
        json_hex(bytes_of(part->signature.b, SIGNATURE_BYTES)), "note_signature",
        json_hex(bytes_of(part->note_signature.b, SIGNATURE_BYTES)));
    int rc = call_result(cli, "catalogue part", request, &answer, err);
    if (rc == 0 && last) {
        print_object(cli->output, answer);
    }
    json_decref(request);
    json_decref(answer);
    return rc;
}

static int send_all(struct cli *cli, const struct folder *folder, struct catalogue_part *part,
                    struct err_ctx *err)
{
    size_t at = 0;
    int rc = 0;
    part->parts =
        (uint32_t)((folder->len + CATALOGUE_PART_BYTES_MAX - 1) / CATALOGUE_PART_BYTES_MAX);
    for (part->part = 0; rc == 0 && part->part < part->parts; part->part++) {
        size_t left = folder->len - at;
        size_t len = left < CATALOGUE_PART_BYTES_MAX ? left : CATALOGUE_PART_BYTES_MAX;
        part->data = bytes_of(folder->packed + at, len);
        rc = send_part(cli, part, len == left, err);
        at += len;
    }
    return rc;
}

/* Two signatures: of the catalogue, and of the note by which nodes are told of it. */
static int sign(const struct signer *root, struct bytes packed, struct catalogue_part *part,
                struct err_ctx *err)
{
    char name[CATALOGUE_NAME_CAPACITY];
    struct object_note note;
    struct hash digest;
    catalogue_digest(&part->hash, part->number, &digest);
    seal_sign(root->secret, "kabar.rules.v1", bytes_of(digest.b, sizeof digest.b),
              &part->signature);
    catalogue_note(packed, part->number, name, &note);
    int rc = object_note_digest(&note, &digest, err);
    if (rc == 0) {
        seal_sign(root->secret, "kabar.object.v1", bytes_of(digest.b, sizeof digest.b),
                  &part->note_signature);
    }
    return rc;
}

static int load(struct cli *cli, const json_t *args, const struct folder *folder,
                const struct catalogue *catalogue, struct err_ctx *err)
{
    struct signer root = {.id = {0}};
    struct catalogue_part part = {.number = 0};
    struct catalogue_info info;
    struct bytes packed = bytes_of(folder->packed, folder->len);
    catalogue_info(catalogue, &info);
    part.number = info.number;
    catalogue_hash(packed, part.hash.b);
    int rc = signer_open(args_text(args, "root"), "root", args_text(args, "passphrase_file"), &root,
                         err);
    rc = rc != 0 ? rc : sign(&root, packed, &part, err);
    signer_clear(&root);
    return rc == 0 ? send_all(cli, folder, &part, err) : rc;
}

int catalogue_load_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    struct folder folder = {.len = 0};
    const struct catalogue *catalogue = NULL;
    struct arena *arena = arena_new(CATALOGUE_ARENA_BYTES);
    int rc = arena == NULL ? err_set(err, ERR_NOMEM, "catalogue")
                           : folder_read(args_text(args, "folder"), &folder, err);
    if (rc == 0) {
        rc = parse(cli, &folder, arena, &catalogue, err);
    }
    if (rc == 0) {
        rc = load(cli, args, &folder, catalogue, err);
    }
    folder_clear(&folder);
    arena_free(arena);
    return rc;
}
