/* documents.c - recommendations and decisions: the officer signs what was asked, and nothing else.
 *
 * The daemon drafts the bytes; here they are decoded and compared with what was typed, shown to the
 * officer as they are, and only then signed. The key never leaves this program.
 */
#include "cli/documents.h"

#include "core/base/limits.h"
#include "core/base/text.h"
#include "core/rules/trust.h"
#include "core/seal/chain.h"
#include "core/wire/entry.h"

#include <inttypes.h>
#include <string.h>

/* ---- comparing ---- */

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
        int rc = document_compare_text(full, "case", drafting->document.case_name, err);
        json_decref(full);
        return rc;
    }
    json_t *args = json_pack("{s:s}", "case", asked);
    int rc = call_result(drafting->cli, "case show", args, &found, err);
    if (rc == 0) {
        rc = document_compare_text(found, "case", drafting->document.case_name, err);
    }
    json_decref(args);
    json_decref(found);
    return rc;
}

/* ---- signing ---- */

static int take_bytes(struct drafting *drafting, const json_t *answer, struct err_ctx *err)
{
    free(drafting->bytes);
    drafting->bytes = NULL;
    int rc = json_unhex(answer, "document", &drafting->bytes, &drafting->len, err);
    if (rc == 0) {
        rc = document_decode(bytes_of(drafting->bytes, drafting->len), drafting->arena,
                             &drafting->document, err);
        rc = rc == 0 ? 0 : err_wrap(err, rc, "the document as the daemon gave it");
    }
    return rc == 0 ? document_compare_text(answer, "id", drafting->document.id, err) : rc;
}

/* The person sees what it is before the key is opened. */
static int sign(struct drafting *drafting, const json_t *args, struct signature *ret,
                struct err_ctx *err)
{
    struct hash digest;
    document_print(&drafting->document);
    int rc = ask_possible() ? ask_yes("Sign this?", err) : 0;
    if (rc == 0 && drafting->officer.id[0] == '\0') {
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

int drafting_propose(struct drafting *drafting, const json_t *args, struct err_ctx *err)
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
    bool two = drafting->document.type == DOCUMENT_TYPE_RECOMMENDATION ||
               drafting->document.type == DOCUMENT_TYPE_DECISION;
    if (rc == 0 && two) {
        (void)fprintf(stderr, "Next: a second officer: kabar approve %.*s --officer FILE\n",
                      (int)drafting->document.id.len, (const char *)drafting->document.id.data);
    }
    return rc;
}

int with_drafting(struct cli *cli, const json_t *args, struct err_ctx *err,
                  int (*work)(struct drafting *, const json_t *, struct err_ctx *))
{
    struct drafting drafting = {
        .cli = cli, .key_file = args_text(args, "officer"), .arena = arena_new(PARSE_ARENA_BYTES)};
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
    static const char *const names[] = {"case",     "authority",  "legal_basis",
                                        "sanction", "respond_by", "text",
                                        "number",   "date",       "expires"};
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

/* Without a case it says itself whom it is for; all is the province. */
static int compare_addressee(const struct drafting *drafting, const json_t *request,
                             struct err_ctx *err)
{
    const char *asked = args_text(request, "addressee");
    if (drafting->document.case_name.len == 0 && asked != NULL && strcmp(asked, "all") == 0 &&
        bytes_equal(drafting->document.addressee, drafting->document.province)) {
        return 0;
    }
    return drafting->document.case_name.len == 0
               ? document_compare_text(request, "addressee", drafting->document.addressee, err)
               : err_set(err, ERR_VALUE, "the daemon drafted a document about a case");
}

/* Who will sign: a draft that a rule forbids is recorded as this officer's attempt. */
static int ask_draft(struct drafting *drafting, const json_t *request, json_t **ret,
                     struct err_ctx *err)
{
    static const char command[] = "document draft";
    char id[129] = "";
    json_t *named = json_deep_copy(request);
    int rc = named == NULL ? err_set(err, ERR_NOMEM, "draft") : 0;
    if (rc == 0 && drafting->key_file != NULL) {
        rc = signer_id(drafting->key_file, id, err);
    }
    if (rc == 0 && id[0] != '\0') {
        call_give(named, command, "as", json_string(id));
    }
    rc = rc == 0 ? call_result(drafting->cli, command, named, ret, err) : rc;
    json_decref(named);
    return rc;
}

int drafting_draft(struct drafting *drafting, const json_t *request, struct err_ctx *err)
{
    json_t *answer = NULL;
    int rc = ask_draft(drafting, request, &answer, err);
    if (rc == 0) {
        rc = take_bytes(drafting, answer, err);
    }
    if (rc == 0) {
        rc = document_compare(&drafting->document, request, err);
    }
    const char *case_asked = args_text(request, "case");
    if (rc == 0) {
        rc = case_asked != NULL ? compare_case(drafting, case_asked, err)
                                : compare_addressee(drafting, request, err);
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
    rc =
        request == NULL ? err_set(err, ERR_NOMEM, "draft") : drafting_draft(drafting, request, err);
    json_decref(request);
    return rc == 0 ? drafting_propose(drafting, args, err) : rc;
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

/* A second signature needs a first. That it is another officer's is for the province to say (D3): a
 * refusal here would leave no trace. */
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

int drafting_fetch(struct drafting *drafting, const char *id, json_t **ret, struct err_ctx *err)
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
    int rc = drafting_fetch(drafting, id, &answer, err);
    if (rc == 0) {
        rc = show_signers(answer, err);
    }
    if (rc == 0) {
        rc = sign(drafting, args, &signature, err);
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
