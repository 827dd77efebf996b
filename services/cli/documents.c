/* documents.c - recommendations and decisions: the officer signs what was asked, and nothing else.
 *
 * The daemon drafts the bytes; here they are decoded and compared with what was typed, shown to the
 * officer as they are, and only then signed. The key never leaves this program.
 */
#include "cli/cli.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "core/wire/entry.h"

#include <inttypes.h>
#include <string.h>

struct drafting {
    struct cli *cli;
    struct arena *arena;
    uint8_t *bytes;
    size_t len;
    struct document document;
    struct signer officer;
};

/* ---- showing ---- */

static void show_text(json_t *object, const char *name, struct bytes text)
{
    if (text.len > 0) {
        (void)json_object_set_new(object, name, json_bytes(text));
    }
}

static void show_day(json_t *object, const char *name, bool has, int32_t day)
{
    char text[DAY_TEXT_CAPACITY];
    if (has) {
        (void)json_object_set_new(object, name, json_string(day_to_text(day, text)));
    }
}

static void show_number(json_t *object, const char *name, bool has, int64_t number)
{
    if (has) {
        (void)json_object_set_new(object, name, json_integer(number));
    }
}

/* From the decoded bytes, never from what the daemon says about them. */
static void show_document(const struct document *document)
{
    json_t *object = json_object();
    const char *type = document_type_name(document->type);
    show_text(object, "document", document->id);
    show_text(object, "type", bytes_of_text(type));
    show_text(object, "province", document->province);
    show_text(object, "case", document->case_name);
    show_number(object, "case_version", document->has_case_version,
                (int64_t)document->case_version);
    show_text(object, "addressee", document->addressee);
    show_text(object, "name", document->subject_name);
    show_text(object, "nip", document->subject_nip);
    show_text(object, "unit", document->subject_unit);
    show_text(object, "form", document->form);
    show_text(object, "authority", document->authority);
    show_text(object, "sanction", document->sanction);
    show_text(object, "text", document->text);
    show_text(object, "legal_basis", document->legal_basis);
    show_text(object, "decree_number", document->decree_number);
    show_day(object, "decree_date", document->has_decree_date, document->decree_date);
    if (document->decree_scan.len > 0) {
        (void)json_object_set_new(object, "decree_scan_sha256", json_hex(document->decree_scan));
    }
    show_day(object, "respond_by", document->has_respond_by, document->respond_by);
    show_text(object, "supersedes", document->supersedes);
    show_number(object, "expires_ms", document->has_expires_ms, document->expires_ms);
    show_number(object, "ring", true, (int64_t)document->ring);
    (void)fputs("What will be signed:\n", stderr);
    print_block(stderr, object);
    json_decref(object);
}

/* ---- comparing ---- */

static int compare_text(const json_t *args, const char *name, struct bytes found,
                        struct err_ctx *err)
{
    const char *asked = args_text(args, name);
    return bytes_equal(bytes_of_text(asked), found)
               ? 0
               : err_set(err, ERR_VALUE,
                         "the daemon drafted another \"%s\" than was asked for; nothing was signed",
                         name);
}

static int compare_day(const json_t *args, const char *name, bool has, int32_t found,
                       struct err_ctx *err)
{
    char text[DAY_TEXT_CAPACITY] = "";
    if (has) {
        (void)day_to_text(found, text);
    }
    return compare_text(args, name, bytes_of_text(text), err);
}

static int compare_scan(const json_t *args, struct bytes found, struct err_ctx *err)
{
    char hex[HEX_CAPACITY(HASH_BYTES)] = "";
    if (found.len == HASH_BYTES) {
        (void)hex_encode(hex, found.data, found.len);
    }
    return compare_text(args, "scan", bytes_of_text(hex), err);
}

/* legal_basis alone may come from the catalogue when it was not asked for; it is shown. */
static int compare_fields(const struct document *document, const json_t *args, struct err_ctx *err)
{
    const struct {
        const char *name;
        struct bytes found;
    } texts[] = {
        {"authority", document->authority},
        {"sanction", document->sanction},
        {"text", document->text},
        {"number", document->decree_number},
        {"supersedes", document->supersedes},
        {"type", bytes_of_text(document_type_name(document->type))},
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof texts / sizeof texts[0]; i++) {
        rc = compare_text(args, texts[i].name, texts[i].found, err);
    }
    if (rc == 0 && args_text(args, "legal_basis") != NULL) {
        rc = compare_text(args, "legal_basis", document->legal_basis, err);
    }
    if (rc == 0) {
        rc = compare_day(args, "date", document->has_decree_date, document->decree_date, err);
    }
    if (rc == 0) {
        rc = compare_day(args, "respond_by", document->has_respond_by, document->respond_by, err);
    }
    return rc == 0 ? compare_scan(args, document->decree_scan, err) : rc;
}

static bool is_full_name(const char *name)
{
    return strspn(name, "0123456789abcdef") == 32 && name[32] == '-';
}

/* A case typed in its short form: what it names is asked apart from the draft. */
static int compare_case(struct drafting *drafting, const char *asked, struct err_ctx *err)
{
    json_t *found = NULL;
    if (is_full_name(asked)) {
        json_t *full = json_pack("{s:s}", "case", asked);
        int rc = compare_text(full, "case", drafting->document.case_name, err);
        json_decref(full);
        return rc;
    }
    json_t *args = json_pack("{s:s}", "case", asked);
    int rc = call_result(drafting->cli, "case show", args, &found, err);
    if (rc == 0) {
        rc = compare_text(found, "case", drafting->document.case_name, err);
    }
    json_decref(args);
    json_decref(found);
    return rc;
}

/* ---- signing ---- */

static int take_bytes(struct drafting *drafting, const json_t *answer, struct err_ctx *err)
{
    int rc = json_unhex(answer, "document", &drafting->bytes, &drafting->len, err);
    if (rc == 0) {
        rc = document_decode(bytes_of(drafting->bytes, drafting->len), drafting->arena,
                             &drafting->document, err);
        rc = rc == 0 ? 0 : err_wrap(err, rc, "the document as the daemon gave it");
    }
    return rc == 0 ? compare_text(answer, "id", drafting->document.id, err) : rc;
}

/* The person sees what it is before the key is opened. */
static int sign(struct drafting *drafting, const json_t *args, struct signature *ret,
                struct err_ctx *err)
{
    struct hash digest;
    show_document(&drafting->document);
    int rc = ask_possible() ? ask_yes("Sign this?", err) : 0;
    if (rc == 0) {
        rc = signer_open(args_text(args, "officer"), "officer", args_text(args, "passphrase_file"),
                         &drafting->officer, err);
    }
    if (rc == 0) {
        document_digest(bytes_of(drafting->bytes, drafting->len), &digest);
        seal_sign(drafting->officer.secret, "kabar.doc.v1", bytes_of(digest.b, sizeof digest.b),
                  ret);
    }
    return rc;
}

static int send_signature(struct drafting *drafting, const char *command, json_t *args,
                          const struct signature *signature, struct err_ctx *err)
{
    json_t *answer = NULL;
    call_give(args, command, "officer", json_string(drafting->officer.id));
    call_give(args, command, "signature", json_hex(bytes_of(signature->b, sizeof signature->b)));
    int rc = call_result(drafting->cli, command, args, &answer, err);
    if (rc == 0) {
        print_object(drafting->cli->output, answer);
    }
    json_decref(answer);
    return rc;
}

static int propose(struct drafting *drafting, const json_t *args, struct err_ctx *err)
{
    static const char command[] = "document propose";
    struct signature signature;
    int rc = sign(drafting, args, &signature, err);
    if (rc != 0) {
        return rc;
    }
    json_t *request = json_object();
    call_give(request, command, "document", json_hex(bytes_of(drafting->bytes, drafting->len)));
    call_give(request, command, "case_version",
              json_integer((json_int_t)drafting->document.case_version));
    rc = send_signature(drafting, command, request, &signature, err);
    json_decref(request);
    if (rc == 0) {
        (void)fprintf(stderr, "Next: a second officer: kabar approve %.*s --officer FILE\n",
                      (int)drafting->document.id.len, (const char *)drafting->document.id.data);
    }
    return rc;
}

static int with_drafting(struct cli *cli, const json_t *args, struct err_ctx *err,
                         int (*work)(struct drafting *, const json_t *, struct err_ctx *))
{
    struct drafting drafting = {.cli = cli, .arena = arena_new(PARSE_ARENA_BYTES)};
    if (drafting.arena == NULL) {
        return err_set(err, ERR_NOMEM, "document");
    }
    int rc = work(&drafting, args, err);
    signer_clear(&drafting.officer);
    arena_free(drafting.arena);
    free(drafting.bytes);
    return rc;
}

/* ---- recommend, decide ---- */

/* What was typed, as the draft's arguments; the scan by its hash. */
static json_t *draft_args(const json_t *args, const char *type, const char *scan)
{
    static const char *const names[] = {"case",       "authority", "legal_basis", "sanction",
                                        "respond_by", "text",      "number",      "date"};
    json_t *request = json_pack("{s:s, s:s*}", "type", type, "scan", scan);
    for (size_t i = 0; request != NULL && i < sizeof names / sizeof names[0]; i++) {
        json_t *value = json_object_get(args, names[i]);
        if (value != NULL && json_object_set(request, names[i], value) != 0) {
            json_decref(request);
            request = NULL;
        }
    }
    return request;
}

static int draft(struct drafting *drafting, const json_t *request, struct err_ctx *err)
{
    json_t *answer = NULL;
    int rc = call_result(drafting->cli, "document draft", request, &answer, err);
    if (rc == 0) {
        rc = take_bytes(drafting, answer, err);
    }
    if (rc == 0) {
        rc = compare_fields(&drafting->document, request, err);
    }
    if (rc == 0) {
        rc = compare_case(drafting, args_text(request, "case"), err);
    }
    json_decref(answer);
    return rc;
}

static int make(struct drafting *drafting, const json_t *args, const char *type,
                struct err_ctx *err)
{
    char scan[HEX_CAPACITY(HASH_BYTES)];
    const char *file = args_text(args, "scan");
    int rc = file != NULL ? sha256_file(file, scan, err) : 0;
    if (rc != 0) {
        return rc;
    }
    json_t *request = draft_args(args, type, file != NULL ? scan : NULL);
    rc = request == NULL ? err_set(err, ERR_NOMEM, "draft") : draft(drafting, request, err);
    json_decref(request);
    return rc == 0 ? propose(drafting, args, err) : rc;
}

static int recommend(struct drafting *drafting, const json_t *args, struct err_ctx *err)
{
    return make(drafting, args, "recommendation", err);
}

static int decide(struct drafting *drafting, const json_t *args, struct err_ctx *err)
{
    return make(drafting, args, "decision", err);
}

int recommend_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    return with_drafting(cli, args, err, recommend);
}

int decide_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    return with_drafting(cli, args, err, decide);
}

/* ---- approve ---- */

static const char *signer_at(const json_t *answer, size_t index)
{
    const json_t *row = json_array_get(json_object_get(answer, "signed_by"), index);
    return json_is_object(row) ? args_text(row, "officer") : json_string_value(row);
}

/* A second signature needs a first. */
static int show_signers(const json_t *answer, struct err_ctx *err)
{
    size_t count = json_array_size(json_object_get(answer, "signed_by"));
    for (size_t i = 0; i < count; i++) {
        const char *id = signer_at(answer, i);
        char *clean = text_clean(id == NULL ? "?" : id);
        (void)fprintf(stderr, "Signed by %s, as the daemon says (it checks both signatures).\n",
                      clean);
        free(clean);
    }
    return count > 0 ? 0 : err_set(err, ERR_STATE, "nobody has signed this document yet");
}

/* … and by somebody else. */
static int check_other(const json_t *answer, const char *officer, struct err_ctx *err)
{
    size_t count = json_array_size(json_object_get(answer, "signed_by"));
    for (size_t i = 0; i < count; i++) {
        const char *id = signer_at(answer, i);
        if (id != NULL && strcmp(id, officer) == 0) {
            return err_set(err, ERR_STATE, "%s has signed this document already", officer);
        }
    }
    return 0;
}

static int fetch(struct drafting *drafting, const char *id, json_t **ret, struct err_ctx *err)
{
    json_t *request = json_pack("{s:s}", "id", id);
    int rc = call_result(drafting->cli, "document show", request, ret, err);
    json_decref(request);
    if (rc == 0) {
        rc = take_bytes(drafting, *ret, err);
    }
    if (rc == 0 && !bytes_equal(drafting->document.id, bytes_of_text(id))) {
        rc = err_set(err, ERR_VALUE, "the daemon gave another document than %s", id);
    }
    return rc;
}

static int countersign(struct drafting *drafting, const json_t *args, struct err_ctx *err)
{
    static const char command[] = "document countersign";
    const char *id = args_text(args, "document");
    struct signature signature;
    json_t *answer = NULL;
    int rc = fetch(drafting, id, &answer, err);
    if (rc == 0) {
        rc = show_signers(answer, err);
    }
    if (rc == 0) {
        rc = sign(drafting, args, &signature, err);
    }
    if (rc == 0) {
        rc = check_other(answer, drafting->officer.id, err);
    }
    json_decref(answer);
    if (rc != 0) {
        return rc;
    }
    json_t *request = json_pack("{s:s}", "id", id);
    rc = send_signature(drafting, command, request, &signature, err);
    json_decref(request);
    return rc;
}

int approve_run(struct cli *cli, const json_t *args, struct err_ctx *err)
{
    return with_drafting(cli, args, err, countersign);
}
