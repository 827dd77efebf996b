/* document draft: the bytes to sign; and what a rule forbids to draft, as an attempt of who asked.
 */
#include "aggregator/doors.h"

#include "core/base/text.h"
#include "core/wire/report_json.h"

static int type_of(const char *name, enum document_type *ret)
{
    for (int type = DOCUMENT_TYPE_RECOMMENDATION; type <= DOCUMENT_TYPE_QUESTION; type++) {
        if (strcmp(document_type_name((enum document_type)type), name) == 0) {
            *ret = (enum document_type)type;
            return 0;
        }
    }
    return ERR_VALUE;
}

/* To the end of that day where the province is. */
static int expiry_of(const json_t *args, struct document *ret, struct err_ctx *err)
{
    const char *day = door_text(args, "expires");
    int32_t last = 0;
    if (day == NULL) {
        return 0;
    }
    ret->has_expires_ms = day_of_text(bytes_of_text(day), &last);
    ret->expires_ms = day_end_wib_ms(last);
    return ret->has_expires_ms ? 0 : err_set(err, ERR_VALUE, "expires: %.20s is no day", day);
}

static int wanted_of(const struct aggregator *aggregator, const json_t *args,
                     uint8_t scan[HASH_BYTES], struct document *ret, struct err_ctx *err)
{
    const char *day = door_text(args, "date");
    const char *respond_by = door_text(args, "respond_by");
    const char *scan_hex = door_text(args, "scan");
    *ret = (struct document){.authority = bytes_of_text(door_text(args, "authority")),
                             .addressee = bytes_of_text(door_text(args, "addressee")),
                             .sanction = bytes_of_text(door_text(args, "sanction")),
                             .legal_basis = bytes_of_text(door_text(args, "legal_basis")),
                             .text = bytes_of_text(door_text(args, "text")),
                             .decree_number = bytes_of_text(door_text(args, "number")),
                             .supersedes = bytes_of_text(door_text(args, "supersedes"))};
    if (type_of(door_text(args, "type"), &ret->type) != 0) {
        return err_set(err, ERR_VALUE, "type: recommendation, decision, advisory or question");
    }
    if (day != NULL) {
        ret->has_decree_date = day_of_text(bytes_of_text(day), &ret->decree_date);
        if (!ret->has_decree_date) {
            return err_set(err, ERR_VALUE, "date: %.20s is no day", day);
        }
    }
    if (respond_by != NULL) {
        ret->has_respond_by = day_of_text(bytes_of_text(respond_by), &ret->respond_by);
        if (!ret->has_respond_by) {
            return err_set(err, ERR_VALUE, "respond_by: %.20s is no day", respond_by);
        }
    }
    if (scan_hex != NULL) {
        if (!hex_decode(scan, HASH_BYTES, bytes_of_text(scan_hex))) {
            return err_set(err, ERR_VALUE, "scan: a SHA-256 in hex is wanted");
        }
        ret->decree_scan = bytes_of(scan, HASH_BYTES);
    }
    if (bytes_equal(ret->addressee, bytes_of_text("all"))) {
        ret->addressee = bytes_of_text(aggregator->conf->province);
    }
    return expiry_of(args, ret, err);
}

static void answer_refused(struct aggregator *aggregator, struct door_call *call,
                           const json_t *args)
{
    (void)aggregator;
    struct err_ctx err = {{0}};
    int code = (int)json_integer_value(json_object_get(args, "code"));
    door_refuse(call, err_set(&err, code, "%s", door_text(args, "text")), &err);
}

/* What a rule forbids never comes to a signature. So that the attempt is in the journal, it becomes
 * a proposal that nobody signed: the fold refuses each of these. */
static int attempt_append(struct aggregator *aggregator, struct door_call *call,
                          const char *officer, const struct document *document, const json_t *said)
{
    uint8_t bytes[ENTRY_BYTES_MAX];
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = 0;
    struct act act = {.type = ACT_PROPOSE,
                      .officer = bytes_of_text(officer),
                      .at_ms = host_wall_ms(),
                      .case_name = document->case_name,
                      .entered_by = bytes_of_text(door_call_user(call))};
    int rc = document_encode(document, bytes, sizeof bytes, &len, NULL);
    act.propose.document = bytes_of(bytes, len);
    rc = rc == 0 ? act_encode(&act, body, sizeof body, &len, NULL) : rc;
    return rc == 0 ? own_append_attempt(aggregator, ENTRY_ACT, bytes_of(body, len), call,
                                        answer_refused, said)
                   : rc;
}

static bool by_a_rule(int code)
{
    return code == ERR_VALUE || code == ERR_STATE || code == ERR_STALE;
}

/* Without `as` nobody attempts anything: it is asked whether it could be drafted. */
static void draft_refuse(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                         const struct document *wanted, int code, const struct err_ctx *err)
{
    const char *officer = door_text(args, "as");
    struct document document = *wanted;
    int rc = 0;
    if (officer == NULL || wanted->case_name.len == 0 || !by_a_rule(code)) {
        door_refuse(call, code, err);
        return;
    }
    document.id = bytes_of_text("-"); /* a refused draft uses up no number */
    document.province = bytes_of_text(aggregator->conf->province);
    json_t *said = json_pack("{s:i, s:s}", "code", code, "text", err->text);
    rc = said == NULL ? ERR_NOMEM : attempt_append(aggregator, call, officer, &document, said);
    json_decref(said);
    if (rc != 0) {
        door_refuse(call, rc == ERR_FULL ? rc : code, err);
    }
}

struct drafting {
    struct document wanted;
    char full[CASE_TEXT_CAPACITY];
    uint8_t scan[HASH_BYTES], salt[SALT_BYTES];
    struct bytes document;
    uint64_t version;
};

static int draft(struct aggregator *aggregator, const json_t *args, struct drafting *drafting,
                 struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct views views;
    struct case_name name;
    const char *text = door_text(args, "case");
    int rc = store_read_begin(aggregator->views, &txn, err);
    if (rc == 0 && text != NULL) {
        rc = door_find_case(aggregator, txn, text, &name, err);
    }
    arena_reset(aggregator->arena);
    if (rc == 0) {
        driver_views(txn, &views);
        rc = fold_draft(&aggregator->fold, &views, text == NULL ? NULL : &name, &drafting->wanted,
                        host_wall_ms(), drafting->salt, aggregator->arena, &drafting->document,
                        &drafting->version, err);
        if (text != NULL) { /* for what is refused: the draft says it by itself */
            drafting->wanted.case_name = bytes_of_text(case_name_text(&name, drafting->full));
        }
    }
    store_read_end(txn);
    return rc;
}

void door_document_draft(struct aggregator *aggregator, struct door_call *call, const json_t *args)
{
    struct err_ctx err = {{0}};
    struct document made;
    struct drafting drafting = {.version = 0};
    host_random(drafting.salt, sizeof drafting.salt);
    int rc = wanted_of(aggregator, args, drafting.scan, &drafting.wanted, &err);
    if (rc == 0) {
        memcpy(drafting.wanted.salt, drafting.salt, SALT_BYTES);
        rc = draft(aggregator, args, &drafting, &err);
    }
    rc = rc == 0 ? document_decode(drafting.document, aggregator->arena, &made, &err) : rc;
    if (rc != 0) {
        draft_refuse(aggregator, call, args, &drafting.wanted, rc, &err);
        return;
    }
    door_call_done(call,
                   json_pack("{s:o, s:o, s:I}", "document",
                             door_hex_json(drafting.document.data, drafting.document.len), "id",
                             json_text(made.id), "case_version", (json_int_t)drafting.version));
}
