/* documents_compare.c - a document as it was drafted: shown to whom is to sign it, and compared
 * with what was typed. */
#include "cli/documents.h"

#include "core/base/text.h"

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
void document_print(const struct document *document)
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

int document_compare_text(const json_t *args, const char *name, struct bytes found,
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
    return document_compare_text(args, name, bytes_of_text(text), err);
}

static int compare_scan(const json_t *args, struct bytes found, struct err_ctx *err)
{
    char hex[HEX_CAPACITY(HASH_BYTES)] = "";
    if (found.len == HASH_BYTES) {
        (void)hex_encode(hex, found.data, found.len);
    }
    return document_compare_text(args, "scan", bytes_of_text(hex), err);
}

static int compare_expiry(const json_t *args, const struct document *document, struct err_ctx *err)
{
    const char *text = args_text(args, "expires");
    int32_t day = 0;
    bool asked = text != NULL && day_of_text(bytes_of_text(text), &day);
    return asked == document->has_expires_ms &&
                   (!asked || document->expires_ms == day_end_wib_ms(day))
               ? 0
               : err_set(err, ERR_VALUE,
                         "the daemon drafted another \"expires\" than was asked for; nothing was "
                         "signed");
}

/* legal_basis alone may come from the catalogue when it was not asked for; it is shown. */
int document_compare(const struct document *document, const json_t *args, struct err_ctx *err)
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
        rc = document_compare_text(args, texts[i].name, texts[i].found, err);
    }
    if (rc == 0 && args_text(args, "legal_basis") != NULL) {
        rc = document_compare_text(args, "legal_basis", document->legal_basis, err);
    }
    if (rc == 0) {
        rc = compare_day(args, "date", document->has_decree_date, document->decree_date, err);
    }
    if (rc == 0) {
        rc = compare_day(args, "respond_by", document->has_respond_by, document->respond_by, err);
    }
    if (rc == 0) {
        rc = compare_expiry(args, document, err);
    }
    return rc == 0 ? compare_scan(args, document->decree_scan, err) : rc;
}
