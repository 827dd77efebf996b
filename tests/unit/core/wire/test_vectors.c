/* proto/vectors/wire.json: bytes made without this code decode to the fields written there, and
 * the decoded structs encode to the same bytes. */
#include "core/wire/control.h"
#include "core/wire/span.h"
#include "core/wire/trust_file.h"
#include "lib/cmocka_all.h"
#include "unit/core/wire/vectors_json.h"

#include <inttypes.h>
#include <jansson.h>

static json_t *vectors;
static struct arena *arena;

/* ---- structs as JSON, absent fields left out ---- */
static json_t *genesis_json(const struct genesis *genesis)
{
    json_t *to = json_object();
    number(to, "direction", genesis->direction);
    number(to, "lane", genesis->lane);
    text(to, "owner", genesis->owner);
    text(to, "counterpart", genesis->counterpart);
    FIXED_BYTES(to, "signing_key", genesis->signing_key.b);
    number(to, "enrolment", genesis->enrolment);
    number_signed(to, "created_ms", genesis->created_ms);
    if (genesis->has_predecessor) {
        json_t *within = json_object();
        FIXED_BYTES(within, "incarnation", genesis->predecessor.incarnation.b);
        number(within, "seq", genesis->predecessor.seq);
        FIXED_BYTES(within, "h", genesis->predecessor_h.b);
        number(within, "count", genesis->predecessor_count);
        put(to, "predecessor", within);
    }
    return to;
}

static json_t *subject_json(const struct subject *subject)
{
    json_t *to = json_object();
    text(to, "name", subject->name);
    text(to, "nip", subject->nip);
    text(to, "nik", subject->nik);
    number_if(to, "employment", subject->employment != 0, subject->employment);
    text(to, "unit", subject->unit);
    text(to, "position", subject->position);
    text(to, "account", subject->account);
    text(to, "regency", subject->regency);
    return to;
}

static json_t *evidence_json(const struct evidence *evidence)
{
    json_t *to = json_object();
    FIXED_BYTES(to, "sha256", evidence->sha256.b);
    text(to, "media_type", evidence->media_type);
    number_if(to, "size", evidence->has_size, (int64_t)evidence->size);
    blob(to, "block_list", evidence->block_list);
    return to;
}

static void lists_of_report(json_t *to, const struct report *report)
{
    if (report->subject_count > 0) {
        json_t *list = json_array();
        for (size_t i = 0; i < report->subject_count; i++) {
            json_array_append_new(list, subject_json(&report->subjects[i]));
        }
        put(to, "subjects", list);
    }
    if (report->evidence_count > 0) {
        json_t *list = json_array();
        for (size_t i = 0; i < report->evidence_count; i++) {
            json_array_append_new(list, evidence_json(&report->evidence[i]));
        }
        put(to, "evidence", list);
    }
}

static json_t *report_json(const struct report *report)
{
    json_t *to = json_object();
    text(to, "key", report->key);
    text(to, "regency", report->regency);
    number_signed(to, "channel", report->channel);
    text(to, "form", report->form);
    number_if(to, "occurred_on", report->has_occurred_on, report->occurred_on);
    number_if(to, "occurred_until", report->has_occurred_until, report->occurred_until);
    number_if(to, "known_on", report->has_known_on, report->known_on);
    text(to, "place", report->place);
    text(to, "description", report->description);
    text(to, "url", report->url);
    text(to, "candidate", report->candidate);
    text(to, "external_ref", report->external_ref);
    flag(to, "urgent", report->urgent);
    lists_of_report(to, report);
    blob(to, "sealed_reporter", report->sealed_reporter);
    text(to, "entered_by", report->entered_by);
    number_if(to, "entered_ms", report->has_entered_ms, report->entered_ms);
    FIXED_BYTES(to, "salt", report->salt);
    return to;
}

static json_t *zero_report_json(const struct zero_report *zero)
{
    json_t *to = json_object();
    text(to, "regency", zero->regency);
    number_signed(to, "from", zero->from);
    number_signed(to, "until", zero->until);
    number_signed(to, "scope", zero->scope);
    text(to, "stated_name", zero->stated_name);
    text(to, "entered_by", zero->entered_by);
    number_if(to, "entered_ms", zero->has_entered_ms, zero->entered_ms);
    FIXED_BYTES(to, "salt", zero->salt);
    return to;
}

static json_t *rung_json(const struct rung *rung)
{
    json_t *to = json_object();
    text(to, "document", rung->document);
    number(to, "rung", rung->rung);
    text(to, "person", rung->person);
    number_signed(to, "at_ms", rung->at_ms);
    text(to, "note", rung->note);
    FIXED_BYTES(to, "salt", rung->salt);
    return to;
}

static json_t *officer_signature_json(const struct officer_signature *signature)
{
    json_t *to = json_object();
    text(to, "officer", signature->officer);
    FIXED_BYTES(to, "signature", signature->signature.b);
    return to;
}

static json_t *signed_document_json(const struct signed_document *document)
{
    json_t *to = json_object();
    json_t *list = json_array();
    blob(to, "document", document->document);
    for (size_t i = 0; i < document->signature_count; i++) {
        json_array_append_new(list, officer_signature_json(&document->signatures[i]));
    }
    put(to, "signatures", list);
    return to;
}

static json_t *returned_json(const struct returned *returned)
{
    json_t *to = json_object();
    blob(to, "signed_document", returned->signed_document);
    blob(to, "office", bytes_of(returned->office.b, INCARNATION_BYTES));
    number(to, "office_seq", returned->office_seq);
    return to;
}

static json_t *document_json(const struct document *document)
{
    json_t *to = json_object();
    text(to, "province", document->province);
    text(to, "id", document->id);
    number(to, "type", document->type);
    text(to, "case_name", document->case_name);
    number_if(to, "case_version", document->has_case_version, (int64_t)document->case_version);
    text(to, "addressee", document->addressee);
    text(to, "authority", document->authority);
    text(to, "legal_basis", document->legal_basis);
    text(to, "sanction", document->sanction);
    text(to, "text", document->text);
    text(to, "subject_name", document->subject_name);
    text(to, "subject_nip", document->subject_nip);
    text(to, "subject_unit", document->subject_unit);
    text(to, "decree_number", document->decree_number);
    number_if(to, "decree_date", document->has_decree_date, document->decree_date);
    blob(to, "decree_scan", document->decree_scan);
    number_if(to, "respond_by", document->has_respond_by, document->respond_by);
    blob(to, "catalogue", document->catalogue);
    number(to, "ring", document->ring);
    text(to, "supersedes", document->supersedes);
    number_if(to, "expires_ms", document->has_expires_ms, document->expires_ms);
    number_if(to, "created_ms", document->has_created_ms, document->created_ms);
    text(to, "form", document->form);
    FIXED_BYTES(to, "salt", document->salt);
    return to;
}

static json_t *entry_id_json(const struct entry_id *id)
{
    json_t *to = json_object();
    FIXED_BYTES(to, "incarnation", id->incarnation.b);
    number(to, "seq", id->seq);
    return to;
}

static json_t *status_json(const struct status *status)
{
    json_t *to = json_object();
    put(to, "report", entry_id_json(&status->report));
    number(to, "subject", status->subject);
    text(to, "case_short", status->case_short);
    text(to, "state", status->state);
    text(to, "text", status->text);
    number_signed(to, "at_ms", status->at_ms);
    return to;
}

static json_t *refusal_json(const struct refusal *refusal)
{
    json_t *to = json_object();
    put(to, "entry", entry_id_json(&refusal->entry));
    text(to, "code", refusal->code);
    text(to, "text", refusal->text);
    number_signed(to, "at_ms", refusal->at_ms);
    number_if(to, "subject", refusal->has_subject, refusal->subject);
    return to;
}

static json_t *enrolment_json(const struct enrolment *enrolment)
{
    json_t *to = json_object();
    number(to, "number", enrolment->number);
    text(to, "regency", enrolment->regency);
    FIXED_BYTES(to, "curve_key", enrolment->curve_key.b);
    FIXED_BYTES(to, "signing_key", enrolment->signing_key.b);
    FIXED_BYTES(to, "request_hash", enrolment->request_hash.b);
    FIXED_BYTES(to, "office", enrolment->office.b);
    flag(to, "active", enrolment->active);
    text(to, "officer", enrolment->officer);
    FIXED_BYTES(to, "signature", enrolment->signature.b);
    number_signed(to, "at_ms", enrolment->at_ms);
    return to;
}

static json_t *revocation_json(const struct revocation *revocation)
{
    json_t *to = json_object();
    number(to, "number", revocation->number);
    text(to, "reason", revocation->reason);
    text(to, "officer", revocation->officer);
    FIXED_BYTES(to, "signature", revocation->signature.b);
    number_signed(to, "at_ms", revocation->at_ms);
    return to;
}

static json_t *texts_json(const struct bytes *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, text_json(texts[i]));
    }
    return list;
}

static json_t *placement_json(const struct placement *placement)
{
    json_t *to = json_object();
    number(to, "position", placement->position);
    number(to, "subject", placement->subject);
    number(to, "outcome", placement->outcome);
    text(to, "case_name", placement->case_name);
    text(to, "rule", placement->rule);
    put(to, "fields", texts_json(placement->fields, placement->field_count));
    number(to, "score_milli", placement->score_milli);
    put(to, "candidates", texts_json(placement->candidates, placement->candidate_count));
    text(to, "matcher", placement->matcher);
    put(to, "joined", texts_json(placement->joined, placement->joined_count));
    return to;
}

static json_t *pieces_json(const struct act *act)
{
    json_t *list = json_array();
    for (size_t i = 0; i < act->piece_count; i++) {
        json_t *piece = json_object();
        put(piece, "report", entry_id_json(&act->pieces[i].report));
        number(piece, "subject", act->pieces[i].subject);
        (void)json_array_append_new(list, piece);
    }
    return list;
}

static json_t *act_json(const struct act *act)
{
    json_t *to = json_object();
    json_t *within = json_object();
    text(to, "officer", act->officer);
    number_signed(to, "at_ms", act->at_ms);
    text(to, "case_name", act->case_name);
    number_if(to, "case_version", act->has_case_version, (int64_t)act->case_version);
    switch (act->type) {
    case ACT_PROPOSE:
        json_decref(within);
        put(to, "propose", signed_document_json(&act->propose));
        break;
    case ACT_COUNTERSIGN:
        text(within, "document", act->countersign_document);
        put(within, "signature", officer_signature_json(&act->countersign));
        put(to, "countersign", within);
        break;
    case ACT_ASSIGN:
        text(within, "officer", act->assign_officer);
        text(within, "authority", act->assign_authority);
        put(within, "barred", texts_json(act->assign_barred, act->assign_barred_count));
        number(within, "leave", (uint64_t)act->assign_leave);
        text(within, "reason", act->assign_reason);
        put(to, "assign", within);
        break;
    case ACT_MERGE:
    case ACT_PART:
        text(within, "other", act->other);
        if (act->type == ACT_MERGE) {
            number(within, "other_version", act->other_version);
        }
        text(within, "reason", act->other_reason);
        put(to, act->type == ACT_MERGE ? "merge" : "part", within);
        break;
    case ACT_SPLIT:
        put(within, "pieces", pieces_json(act));
        text(within, "reason", act->other_reason);
        put(to, "split", within);
        break;
    case ACT_WITHDRAW:
        text(within, "document", act->withdraw_document);
        text(within, "reason", act->withdraw_reason);
        put(to, "withdraw", within);
        break;
    case ACT_LOOK:
        text(within, "scope", act->look_scope);
        text(within, "reason", act->look_reason);
        put(to, "look", within);
        break;
    case ACT_ADVANCE:
    default:
        text(within, "state", act->advance_state);
        text(within, "reason", act->advance_reason);
        put(to, "advance", within);
    }
    text(to, "entered_by", act->entered_by);
    return to;
}

static json_t *catalogue_part_json(const struct catalogue_part *part)
{
    json_t *to = json_object();
    FIXED_BYTES(to, "hash", part->hash.b);
    number(to, "number", part->number);
    number(to, "part", part->part);
    number(to, "parts", part->parts);
    blob(to, "data", part->data);
    FIXED_BYTES(to, "signature", part->signature.b);
    text(to, "entered_by", part->entered_by);
    number_signed(to, "at_ms", part->at_ms);
    static const struct signature none;
    if (memcmp(&part->note_signature, &none, sizeof none) != 0) {
        FIXED_BYTES(to, "note_signature", part->note_signature.b);
    }
    return to;
}

static json_t *rejected_json(const struct rejected *rejected)
{
    json_t *to = json_object();
    number(to, "position", rejected->position);
    text(to, "code", rejected->code);
    text(to, "text", rejected->text);
    return to;
}

static json_t *ring_json(const struct ring *ring)
{
    json_t *to = json_object();
    json_t *list = json_array();
    text(to, "province", ring->province);
    number(to, "number", ring->number);
    number_signed(to, "issued_ms", ring->issued_ms);
    FIXED_BYTES(to, "curve_key", ring->curve_key.b);
    FIXED_BYTES(to, "log_key", ring->log_key.b);
    FIXED_BYTES(to, "reader_key", ring->reader_key.b);
    FIXED_BYTES(to, "bundle_key", ring->bundle_key.b);
    for (size_t i = 0; i < ring->officer_count; i++) {
        const struct officer *officer = &ring->officers[i];
        json_t *within = json_object();
        text(within, "id", officer->id);
        text(within, "name", officer->name);
        text(within, "role", officer->role);
        text(within, "scope", officer->scope);
        FIXED_BYTES(within, "key", officer->key.b);
        number(within, "state", officer->state);
        json_array_append_new(list, within);
    }
    put(to, "officers", list);
    text(to, "name", ring->name);
    return to;
}

static json_t *signed_ring_json(const struct signed_ring *ring)
{
    json_t *to = json_object();
    blob(to, "ring", ring->ring);
    FIXED_BYTES(to, "signature", ring->signature.b);
    return to;
}

static json_t *enrol_request_json(const struct enrol_request *request)
{
    json_t *to = json_object();
    text(to, "regency", request->regency);
    FIXED_BYTES(to, "curve_key", request->curve_key.b);
    FIXED_BYTES(to, "signing_key", request->signing_key.b);
    FIXED_BYTES(to, "nonce", request->nonce);
    number_signed(to, "created_ms", request->created_ms);
    text(to, "host", request->host);
    text(to, "software", request->software);
    return to;
}

static json_t *signed_request_json(const struct signed_request *request)
{
    json_t *to = json_object();
    blob(to, "request", request->request);
    FIXED_BYTES(to, "signature", request->signature.b);
    return to;
}

static json_t *province_card_json(const struct province_card *card)
{
    json_t *to = json_object();
    FIXED_BYTES(to, "request_hash", card->request_hash.b);
    FIXED_BYTES(to, "root_key", card->root_key.b);
    blob(to, "ring", card->ring);
    put(to, "endpoints", texts_json(card->endpoints, card->endpoint_count));
    number(to, "enrolment", card->enrolment);
    text(to, "regency", card->regency);
    FIXED_BYTES(to, "aggregator", card->aggregator.b);
    FIXED_BYTES(to, "office", card->office.b);
    return to;
}

/* ---- control frames ---- */
static json_t *log_position_json(const struct log_position *position)
{
    json_t *to = json_object();
    FIXED_BYTES(to, "incarnation", position->incarnation.b);
    number(to, "lane", position->lane);
    number(to, "acked", position->acked);
    number(to, "last", position->last);
    number_signed(to, "oldest_ms", position->oldest_ms);
    return to;
}

static json_t *resume_json(const struct resume *resume)
{
    json_t *to = json_object();
    FIXED_BYTES(to, "prev", resume->pair.prev);
    FIXED_BYTES(to, "next", resume->pair.next);
    FIXED_BYTES_IF(to, "aggregator", resume->aggregator.b,
                   !incarnation_is_zero(&resume->aggregator));
    number(to, "enrolment", resume->enrolment);
    if (resume->log_count > 0) {
        json_t *list = json_array();
        for (size_t i = 0; i < resume->log_count; i++) {
            json_array_append_new(list, log_position_json(&resume->logs[i]));
        }
        put(to, "logs", list);
    }
    FIXED_BYTES_IF(to, "office", resume->office.b, !incarnation_is_zero(&resume->office));
    number(to, "office_seq", resume->office_seq);
    FIXED_BYTES_IF(to, "office_h", resume->office_h.b, !hash_is_zero(&resume->office_h));
    number(to, "credit_bytes", resume->credit_bytes);
    number_signed(to, "clock_ms", resume->clock_ms);
    text(to, "software", resume->software);
    number(to, "keep_alive_s", resume->keep_alive_s);
    flag(to, "successor", resume->successor);
    return to;
}

static json_t *ack_json(const struct ack *ack)
{
    json_t *to = json_object();
    FIXED_BYTES(to, "incarnation", ack->id.incarnation.b);
    number(to, "seq", ack->id.seq);
    FIXED_BYTES(to, "h", ack->h.b);
    FIXED_BYTES(to, "aggregator", ack->aggregator.b);
    number(to, "backed_up_to", ack->backed_up_to);
    number(to, "credit_bytes", ack->credit_bytes);
    FIXED_BYTES_IF(to, "signature", ack->signature.b, ack->has_signature);
    return to;
}

static json_t *resumed_json(const struct resumed *resumed)
{
    json_t *to = json_object();
    json_t *list = json_array();
    number(to, "result", resumed->old ? 2 : 1);
    FIXED_BYTES(to, "next", resumed->next);
    FIXED_BYTES(to, "aggregator", resumed->aggregator.b);
    for (size_t i = 0; i < resumed->cursor_count; i++) {
        json_array_append_new(list, ack_json(&resumed->cursors[i]));
    }
    put(to, "cursors", list);
    number_signed(to, "clock_ms", resumed->clock_ms);
    FIXED_BYTES(to, "office", resumed->office.b);
    return to;
}

static json_t *small_control_json(const struct control *control)
{
    json_t *to = json_object();
    if (control->kind == FRAME_DENIED) {
        number(to, "code", control->as.denied.code);
        text(to, "text", control->as.denied.text);
        number(to, "retry_s", control->as.denied.retry_s);
    } else if (control->kind == FRAME_GAP) {
        FIXED_BYTES(to, "incarnation", control->as.gap.have.incarnation.b);
        number(to, "seq", control->as.gap.have.seq);
        FIXED_BYTES(to, "h", control->as.gap.h.b);
    } else if (control->kind == FRAME_KEEP_ALIVE) {
        number(to, "backlog", control->as.keep_alive.backlog);
        number_signed(to, "oldest_ms", control->as.keep_alive.oldest_ms);
        number_signed(to, "clock_ms", control->as.keep_alive.clock_ms);
        flag(to, "answer", control->as.keep_alive.answer);
    } else if (control->kind == FRAME_COME_BACK) {
        number(to, "retry_s", control->as.come_back.retry_s);
    } else {
        assert_int_equal(control->kind, FRAME_BYE);
    }
    return to;
}

static json_t *control_json(const struct control *control)
{
    if (control->kind == FRAME_RESUME) {
        return resume_json(&control->as.resume);
    }
    if (control->kind == FRAME_RESUMED) {
        return resumed_json(&control->as.resumed);
    }
    if (control->kind == FRAME_ACK || control->kind == FRAME_RECEIPT) {
        return ack_json(&control->as.ack);
    }
    return small_control_json(control);
}

/* ---- the file and the tests ---- */
static struct bytes hex_of(const json_t *vector, const char *name)
{
    const char *hex = json_string_value(json_object_get(vector, name));
    assert_non_null(hex);
    size_t len = strlen(hex) / 2;
    uint8_t *data = arena_alloc(arena, len);
    assert_non_null(data);
    assert_true(hex_decode(data, len, bytes_of_text(hex)));
    return bytes_of(data, len);
}

static void assert_same_json(json_t *got, const json_t *vector)
{
    json_t *wanted = json_object_get(vector, "fields");
    if (!json_equal(got, wanted)) {
        char *got_text = json_dumps(got, JSON_SORT_KEYS);
        char *wanted_text = json_dumps(wanted, JSON_SORT_KEYS);
        print_error("got    %s\nwanted %s\n", got_text, wanted_text);
        free(got_text);
        free(wanted_text);
        fail();
    }
    json_decref(got);
}

static void assert_same_bytes(struct bytes got, struct bytes wanted)
{
    assert_int_equal(got.len, wanted.len);
    assert_memory_equal(got.data, wanted.data, wanted.len);
}

static uint8_t room[CONTROL_BYTES_MAX];

#define CHECKER(type)                                                                              \
    static void check_##type(const json_t *vector, struct bytes body)                              \
    {                                                                                              \
        static struct type value;                                                                  \
        struct err_ctx err = {{0}};                                                                \
        size_t len = 0;                                                                            \
        if (type##_decode(body, arena, &value, &err) != 0) {                                       \
            fail_msg("%s", err.text);                                                              \
        }                                                                                          \
        assert_same_json(type##_json(&value), vector);                                             \
        assert_int_equal(type##_encode(&value, room, sizeof room, &len, &err), 0);                 \
        assert_same_bytes(bytes_of(room, len), body);                                              \
        assert_int_equal(type##_encode(&value, room, body.len - 1, &len, &err), ERR_LIMIT);        \
    }
CHECKER(genesis)
CHECKER(report)
CHECKER(zero_report)
CHECKER(rung)
CHECKER(returned)
CHECKER(signed_document)
CHECKER(document)
CHECKER(status)
CHECKER(refusal)
CHECKER(enrolment)
CHECKER(revocation)
CHECKER(placement)
CHECKER(act)
CHECKER(rejected)
CHECKER(catalogue_part)
CHECKER(ring)
CHECKER(signed_ring)
CHECKER(enrol_request)
CHECKER(signed_request)
CHECKER(province_card)

static const struct checker {
    const char *message;
    void (*check)(const json_t *vector, struct bytes body);
} checkers[] = {
    {"genesis", check_genesis},
    {"report", check_report},
    {"zero", check_zero_report},
    {"rung", check_rung},
    {"returned", check_returned},
    {"signed_document", check_signed_document},
    {"document", check_document},
    {"status", check_status},
    {"refusal", check_refusal},
    {"enrolment", check_enrolment},
    {"revocation", check_revocation},
    {"placement", check_placement},
    {"act", check_act},
    {"rejected", check_rejected},
    {"catalogue_part", check_catalogue_part},
    {"ring", check_ring},
    {"signed_ring", check_signed_ring},
    {"enrol_request", check_enrol_request},
    {"signed_request", check_signed_request},
    {"province_card", check_province_card},
};
#define CHECKER_COUNT (sizeof checkers / sizeof checkers[0])

static void messages_of_every_kind(void **state)
{
    (void)state;
    size_t i = 0;
    json_t *vector = NULL;
    bool seen[CHECKER_COUNT] = {false};
    json_array_foreach(json_object_get(vectors, "messages"), i, vector)
    {
        const char *message = json_string_value(json_object_get(vector, "message"));
        size_t which = 0;
        while (which < CHECKER_COUNT && strcmp(checkers[which].message, message) != 0) {
            which++;
        }
        assert_true(which < CHECKER_COUNT);
        /* cppcheck-suppress arrayIndexOutOfBoundsCond // assert_true does not return */
        seen[which] = true;
        arena_reset(arena);
        /* cppcheck-suppress arrayIndexOutOfBoundsCond // the same */
        checkers[which].check(vector, hex_of(vector, "hex"));
    }
    for (size_t which = 0; which < CHECKER_COUNT; which++) {
        assert_true(seen[which]);
    }
}

static void control_frames_of_every_kind(void **state)
{
    (void)state;
    size_t i = 0;
    json_t *vector = NULL;
    unsigned seen = 0;
    json_array_foreach(json_object_get(vectors, "controls"), i, vector)
    {
        static struct control control;
        struct err_ctx err = {{0}};
        size_t len = 0;
        arena_reset(arena);
        struct bytes frame = hex_of(vector, "hex");
        if (control_decode(frame, arena, &control, &err) != 0) {
            fail_msg("%s", err.text);
        }
        assert_string_equal(frame_kind_name((int)control.kind),
                            json_string_value(json_object_get(vector, "frame")));
        assert_same_json(control_json(&control), vector);
        assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), 0);
        assert_same_bytes(bytes_of(room, len), frame);
        seen |= 1u << control.kind;
    }
    /* resume, resumed, ack, receipt, denied, gap, keep_alive, come_back, bye */
    assert_int_equal(seen, 0x7f6);
}

static void check_span_entries(const json_t *vector, const struct span_entry *entries)
{
    size_t i = 0;
    json_t *wanted = NULL;
    json_array_foreach(json_object_get(vector, "entries"), i, wanted)
    {
        assert_int_equal(entries[i].kind, json_integer_value(json_object_get(wanted, "kind")));
        assert_int_equal(entries[i].erased, json_is_true(json_object_get(wanted, "erased")));
        assert_true(bytes_equal(entries[i].body, hex_of(wanted, "body")));
    }
}

static void check_built(const struct span_header *header, const struct span_entry *entries,
                        struct bytes frame)
{
    struct span_builder *builder = span_builder_new();
    struct bytes built = {0};
    assert_non_null(builder);
    span_builder_start(builder, &header->incarnation, header->first, &header->h_before);
    for (uint32_t i = 0; i < header->count; i++) {
        assert_int_equal(span_builder_add(builder, &entries[i], SPAN_RAW_BYTES_MAX), 0);
    }
    assert_int_equal(span_builder_finish(builder, header->codec, &header->head, &built, NULL), 0);
    if (header->codec != SPAN_ZSTD) { /* how zstd packs is its own business */
        assert_same_bytes(built, frame);
    }
    span_builder_free(builder);
}

static void spans_raw_and_compressed(void **state)
{
    (void)state;
    size_t i = 0;
    json_t *vector = NULL;
    struct span_decoder *decoder = span_decoder_new();
    assert_int_equal(json_array_size(json_object_get(vectors, "spans")), 3);
    json_array_foreach(json_object_get(vectors, "spans"), i, vector)
    {
        struct span_header header = {.count = 0};
        struct span_entry *entries = NULL;
        struct bytes payload = {0};
        arena_reset(arena);
        struct bytes frame = hex_of(vector, "hex");
        assert_int_equal(span_header_decode(frame, &header, &payload, NULL), 0);
        assert_int_equal(header.codec, i); /* raw, zstd, modelled */
        assert_int_equal(header.count, json_array_size(json_object_get(vector, "entries")));
        assert_int_equal(header.first, json_integer_value(json_object_get(vector, "first")));
        assert_int_equal(header.raw_len, json_integer_value(json_object_get(vector, "raw_len")));
        assert_memory_equal(header.incarnation.b, hex_of(vector, "incarnation").data, 16);
        assert_memory_equal(header.h_before.b, hex_of(vector, "h_before").data, 32);
        assert_memory_equal(header.head.b, hex_of(vector, "head").data, 64);
        assert_int_equal(span_entries_decode(decoder, &header, payload, arena, &entries, NULL), 0);
        check_span_entries(vector, entries);
        check_built(&header, entries, frame);
    }
    span_decoder_free(decoder);
}

static int open_vectors(void **state)
{
    (void)state;
    const char *source = getenv("KABAR_SOURCE");
    char path[4096];
    json_error_t error;
    (void)snprintf(path, sizeof path, "%s/proto/vectors/wire.json", source ? source : ".");
    vectors = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (vectors == NULL) {
        print_error("%s: %s\n", path, error.text);
    }
    arena = arena_new(PARSE_ARENA_BYTES);
    return vectors != NULL && arena != NULL ? 0 : -1;
}

static int close_vectors(void **state)
{
    (void)state;
    json_decref(vectors);
    arena_free(arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_every_kind),
        cmocka_unit_test(control_frames_of_every_kind),
        cmocka_unit_test(spans_raw_and_compressed),
    };
    return cmocka_run_group_tests(tests, open_vectors, close_vectors);
}
