/* letters.c - advisories and questions, replacing an issued document, and answers at the node. */
#include "cli/documents.h"

#include "core/base/limits.h"
#include "core/base/text.h"

#include <errno.h>
#include <string.h>

/* ---- what was typed, as the draft's arguments ---- */
static int give(json_t *request, const json_t *args, const char *name, struct err_ctx *err)
{
    json_t *value = json_object_get(args, name);
    return value == NULL || json_object_set(request, name, value) == 0
               ? 0
               : err_set(err, ERR_NOMEM, "draft");
}

static json_t *letter(const json_t *args, const char *type, const char *addressee,
                      struct err_ctx *err)
{
    static const char *const names[] = {"text", "respond_by", "expires", "legal_basis", "case"};
    json_t *request = json_pack("{s:s, s:s*}", "type", type, "addressee", addressee);
    for (size_t i = 0; request != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (give(request, args, names[i], err) != 0) {
            json_decref(request);
            request = NULL;
        }
    }
    return request;
}

static int send_letter(struct drafting *drafting, const json_t *args, const char *type,
                       const char *addressee, bool signs, struct err_ctx *err)
{
    json_t *request = letter(args, type, addressee, err);
    int rc =
        request == NULL ? err_set(err, ERR_NOMEM, "draft") : drafting_draft(drafting, request, err);
    json_decref(request);
    rc = rc == 0 && signs ? drafting_propose(drafting, args, err) : rc;
    arena_reset(drafting->arena);
    return rc;
}

/* ---- advisory send ---- */
/* "16.07,16.03": one after the other. */
static int each_addressee(struct drafting *drafting, const json_t *args, bool signs,
                          struct err_ctx *err)
{
    const char *at = args_text(args, "to");
    int rc = 0;
    while (rc == 0 && at != NULL) {
        char one[64];
        size_t len = strcspn(at, ",");
        if (len == 0 || len >= sizeof one) {
            return err_set(err, ERR_VALUE, "to: all, or regencies like 16.07,16.03");
        }
        memcpy(one, at, len);
        one[len] = '\0';
        rc = send_letter(drafting, args, "advisory", one, signs, err);
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return rc;
}

/* All are drafted before the first is signed: a slip in one code sends none. */
static int advise(struct drafting *drafting, const json_t *args, struct err_ctx *err)
{
    int rc = each_addressee(drafting, args, false, err);
    return rc == 0 ? each_addressee(drafting, args, true, err) : rc;
}

int advisory_send_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    return with_drafting(cli, args, err, advise);
}

/* ---- question ask ---- */
static int ask(struct drafting *drafting, const json_t *args, struct err_ctx *err)
{
    const char *to = args_text(args, "to");
    bool about_case = args_text(args, "case") != NULL;
    if (about_case == (to != NULL)) {
        return err_set(err, ERR_USAGE, "question ask: a case, or --to a regency, and not both");
    }
    return send_letter(drafting, args, "question", to, true, err);
}

int question_ask_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    return with_drafting(cli, args, err, ask);
}

/* ---- supersede ---- */
static int keep_text(json_t *request, const char *name, struct bytes text)
{
    return text.len == 0 || json_object_get(request, name) != NULL
               ? 0
               : json_object_set_new(request, name, json_bytes(text));
}

static int keep_day(json_t *request, const char *name, bool has, int32_t day)
{
    char text[DAY_TEXT_CAPACITY];
    return has ? keep_text(request, name, bytes_of_text(day_to_text(day, text))) : 0;
}

/* What was not typed stays as it was. */
static int keep(json_t *request, const struct document *old)
{
    char scan[HEX_CAPACITY(HASH_BYTES)] = "";
    bool to_all =
        old->case_name.len == 0 && bytes_equal(old->addressee, old->province); /* an advisory */
    const struct {
        const char *name;
        struct bytes text;
    } texts[] = {
        {"case", old->case_name},          {"authority", old->authority},
        {"sanction", old->sanction},       {"text", old->text},
        {"legal_basis", old->legal_basis}, {"number", old->decree_number},
        {"supersedes", old->id},           {"type", bytes_of_text(document_type_name(old->type))},
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        failed |= keep_text(request, texts[i].name, texts[i].text);
    }
    if (old->case_name.len == 0) {
        failed |= keep_text(request, "addressee", to_all ? bytes_of_text("all") : old->addressee);
    }
    if (old->decree_scan.len == HASH_BYTES) {
        (void)hex_encode(scan, old->decree_scan.data, HASH_BYTES);
        failed |= keep_text(request, "scan", bytes_of_text(scan));
    }
    failed |= keep_day(request, "respond_by", old->has_respond_by, old->respond_by);
    failed |= keep_day(request, "date", old->has_decree_date, old->decree_date);
    return failed;
}

static int typed(json_t *request, const json_t *args, struct err_ctx *err)
{
    static const char *const names[] = {"authority",  "sanction", "text", "legal_basis",
                                        "respond_by", "number",   "date", "expires"};
    char scan[HEX_CAPACITY(HASH_BYTES)];
    const char *file = args_text(args, "scan");
    int rc = file != NULL ? sha256_file(file, scan, err) : 0;
    if (rc == 0 && file != NULL && json_object_set_new(request, "scan", json_string(scan)) != 0) {
        rc = err_set(err, ERR_NOMEM, "draft");
    }
    for (size_t i = 0; rc == 0 && i < sizeof names / sizeof names[0]; i++) {
        rc = give(request, args, names[i], err);
    }
    return rc;
}

static int replace(struct drafting *drafting, const json_t *args, struct err_ctx *err)
{
    json_t *shown = NULL;
    json_t *request = json_object();
    int rc = drafting_fetch(drafting, args_text(args, "document"), &shown, err);
    rc = rc == 0 ? typed(request, args, err) : rc;
    if (rc == 0 && keep(request, &drafting->document) != 0) {
        rc = err_set(err, ERR_NOMEM, "draft");
    }
    rc = rc == 0 ? drafting_draft(drafting, request, err) : rc;
    json_decref(request);
    json_decref(shown);
    return rc == 0 ? drafting_propose(drafting, args, err) : rc;
}

int supersede_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    return with_drafting(cli, args, err, replace);
}

/* ---- inbox answer ---- */
/* The whole file, without the line's end. */
static int text_of_file(const char *path, json_t *request, struct err_ctx *err)
{
    char text[TEXT_BYTES_MAX + 2];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerrordesc_np(errno));
    }
    size_t len = fread(text, 1, sizeof text, file);
    bool failed = ferror(file) != 0;
    (void)fclose(file);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        len--;
    }
    if (failed || len > TEXT_BYTES_MAX) {
        return failed ? err_set(err, ERR_IO, "%s: read failed", path)
                      : err_set(err, ERR_LIMIT, "%s: over %u bytes", path, TEXT_BYTES_MAX);
    }
    return json_object_set_new(request, "text", json_stringn(text, len)) == 0
               ? 0
               : err_set(err, ERR_UTF8, "%s: is no UTF-8 text", path);
}

int inbox_answer_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    const char *file = args_text(args, "file");
    if ((file != NULL) == (args_text(args, "text") != NULL)) {
        return err_set(err, ERR_USAGE, "inbox answer: --text or --file, and not both");
    }
    json_t *request = json_deep_copy(args);
    (void)json_object_del(request, "file");
    int rc = file != NULL ? text_of_file(file, request, err) : 0;
    rc = rc == 0 ? call_print(cli, command_named("inbox answer"), request, err) : rc;
    json_decref(request);
    return rc;
}
