/* Entries' bodies as JSON, for lists, pages and `journal dump`.
 *
 * Absent is left out. Raw bytes are hex, days YYYY-MM-DD, times milliseconds. The sealed reporter
 * is shown as its length only, and random salts not at all.
 */
#include "core/base/text.h"
#include "core/wire/report_json.h"
#include "core/wire/trust_file.h"

#include <stdio.h>

#define HEX_BYTES_SHOWN_MAX 64u /* the longest fixed-size value, a signature */

/* ---- an object under construction: a failure sticks and is asked for once, at the end ---- */

struct builder {
    json_t *object;
    bool failed;
};

static struct builder builder_start(void)
{
    json_t *object = json_object();
    return (struct builder){.object = object, .failed = object == NULL};
}

static json_t *builder_end(struct builder *builder)
{
    if (builder->failed) {
        json_decref(builder->object);
        builder->object = NULL;
    }
    return builder->object;
}

/* Takes the reference. */
static void put(struct builder *builder, const char *name, json_t *value)
{
    if (builder->failed || value == NULL) {
        json_decref(value);
        builder->failed = true;
    } else if (json_object_set_new(builder->object, name, value) != 0) {
        builder->failed = true;
    }
}

static void put_text(struct builder *builder, const char *name, struct bytes text)
{
    if (text.len > 0) {
        put(builder, name, json_text(text));
    }
}

static void put_number(struct builder *builder, const char *name, uint64_t value)
{
    char text[24];
    if (value <= INT64_MAX) {
        put(builder, name, json_integer((json_int_t)value));
        return;
    }
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put(builder, name, json_string(text));
}

static void put_signed(struct builder *builder, const char *name, int64_t value)
{
    put(builder, name, json_integer((json_int_t)value));
}

static void put_name(struct builder *builder, const char *name, const char *value)
{
    if (value != NULL) {
        put(builder, name, json_string(value));
    }
}

static void put_code(struct builder *builder, const char *name, const char *const *names, int count,
                     int value)
{
    if (value > 0 && value < count) {
        put_name(builder, name, names[value]);
    }
}

static void put_day(struct builder *builder, const char *name, int32_t day)
{
    char text[DAY_TEXT_CAPACITY];
    put(builder, name, json_string(day_to_text(day, text)));
}

/* Of fixed-size values only. */
static void put_hex(struct builder *builder, const char *name, const uint8_t *data, size_t len)
{
    char text[HEX_CAPACITY(HEX_BYTES_SHOWN_MAX)];
    if (len <= HEX_BYTES_SHOWN_MAX) {
        put(builder, name, json_string(hex_encode(text, data, len)));
    } else {
        builder->failed = true;
    }
}
#define PUT_HEX(builder, name, value) put_hex(builder, name, (value).b, sizeof(value).b)

static json_t *json_hex(struct bytes bytes)
{
    char *text = malloc(HEX_CAPACITY(bytes.len));
    json_t *ret = text != NULL ? json_string(hex_encode(text, bytes.data, bytes.len)) : NULL;
    free(text);
    return ret;
}

static json_t *json_undecoded(struct bytes body)
{
    struct builder builder = builder_start();
    put(&builder, "hex", json_hex(body));
    return builder_end(&builder);
}

static json_t *json_entry_id(const struct entry_id *id)
{
    struct builder builder = builder_start();
    PUT_HEX(&builder, "incarnation", id->incarnation);
    put_number(&builder, "seq", id->seq);
    return builder_end(&builder);
}

static json_t *json_texts(const struct bytes *texts, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < count; i++) {
        if (json_array_append_new(list, json_text(texts[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

json_t *json_text(struct bytes text)
{
    static const uint8_t replacement[] = {0xef, 0xbf, 0xbd}; /* U+FFFD */
    size_t valid = utf8_valid_until(text);
    if (valid == text.len) {
        return json_stringn(text.len > 0 ? (const char *)text.data : "", text.len);
    }
    uint8_t *repaired = malloc(text.len * sizeof replacement);
    if (repaired == NULL) {
        return NULL;
    }
    struct writer writer;
    writer_init(&writer, repaired, text.len * sizeof replacement);
    while (text.len > 0) {
        writer_bytes(&writer, bytes_of(text.data, valid));
        size_t used = valid < text.len ? valid + 1 : valid;
        if (used > valid) {
            writer_bytes(&writer, bytes_of(replacement, sizeof replacement));
        }
        text = bytes_of(text.data + used, text.len - used);
        valid = utf8_valid_until(text);
    }
    json_t *ret = json_stringn((const char *)repaired, writer.len);
    free(repaired);
    return ret;
}

/* ---- up ---- */

static json_t *subject_to_json(const struct subject *subject)
{
    struct builder builder = builder_start();
    put_text(&builder, "name", subject->name);
    put_text(&builder, "nip", subject->nip);
    put_text(&builder, "nik", subject->nik);
    put_code(&builder, "employment", employment_names, EMPLOYMENT_COUNT, subject->employment);
    put_text(&builder, "unit", subject->unit);
    put_text(&builder, "position", subject->position);
    put_text(&builder, "account", subject->account);
    put_text(&builder, "regency", subject->regency);
    return builder_end(&builder);
}

static json_t *evidence_to_json(const struct evidence *evidence)
{
    struct builder builder = builder_start();
    PUT_HEX(&builder, "sha256", evidence->sha256);
    put_text(&builder, "media_type", evidence->media_type);
    put_text(&builder, "name", evidence->name);
    if (evidence->has_size) {
        put_number(&builder, "size", evidence->size);
    }
    if (evidence->block_list.len > 0) {
        put(&builder, "block_list", json_hex(evidence->block_list));
    }
    return builder_end(&builder);
}

static json_t *subjects_to_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < report->subject_count; i++) {
        if (json_array_append_new(list, subject_to_json(&report->subjects[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *evidence_list_to_json(const struct report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < report->evidence_count; i++) {
        if (json_array_append_new(list, evidence_to_json(&report->evidence[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static void put_report_dates(struct builder *builder, const struct report *report)
{
    if (report->has_occurred_on) {
        put_day(builder, "occurred_on", report->occurred_on);
    }
    if (report->has_occurred_until) {
        put_day(builder, "occurred_until", report->occurred_until);
    }
    if (report->has_known_on) {
        put_day(builder, "known_on", report->known_on);
    }
}

json_t *report_to_json(const struct report *report)
{
    struct builder builder = builder_start();
    put_text(&builder, "key", report->key);
    put_text(&builder, "regency", report->regency);
    put_code(&builder, "channel", channel_names, CHANNEL_COUNT, report->channel);
    put_text(&builder, "form", report->form);
    put_report_dates(&builder, report);
    put_text(&builder, "place", report->place);
    put_text(&builder, "description", report->description);
    put_text(&builder, "url", report->url);
    put_text(&builder, "candidate", report->candidate);
    put_text(&builder, "external_ref", report->external_ref);
    put(&builder, "urgent", json_boolean(report->urgent));
    put(&builder, "subjects", subjects_to_json(report));
    if (report->evidence_count > 0) {
        put(&builder, "evidence", evidence_list_to_json(report));
    }
    if (report->sealed_reporter.len > 0) {
        put_number(&builder, "sealed_reporter_bytes", report->sealed_reporter.len);
    }
    put_text(&builder, "entered_by", report->entered_by);
    if (report->has_entered_ms) {
        put_signed(&builder, "entered_ms", report->entered_ms);
    }
    return builder_end(&builder);
}

json_t *zero_report_to_json(const struct zero_report *zero)
{
    struct builder period = builder_start();
    put_day(&period, "from", zero->from);
    put_day(&period, "until", zero->until);
    put_code(&period, "scope", scope_names, SCOPE_COUNT, zero->scope);
    struct builder builder = builder_start();
    put_text(&builder, "regency", zero->regency);
    put(&builder, "zero", builder_end(&period));
    put_text(&builder, "stated_name", zero->stated_name);
    put_text(&builder, "entered_by", zero->entered_by);
    if (zero->has_entered_ms) {
        put_signed(&builder, "entered_ms", zero->entered_ms);
    }
    return builder_end(&builder);
}

/* Who filed it says so; their words. */
static void put_entered(struct builder *builder, struct bytes reason, struct bytes entered_by,
                        bool has_entered_ms, int64_t entered_ms)
{
    put_text(builder, "reason", reason);
    put_text(builder, "entered_by", entered_by);
    if (has_entered_ms) {
        put_signed(builder, "entered_ms", entered_ms);
    }
}

static json_t *amendment_to_json(const struct amendment *amendment)
{
    struct builder builder = builder_start();
    put(&builder, "target", json_entry_id(&amendment->target));
    put(&builder, "report", report_to_json(&amendment->report));
    put_entered(&builder, amendment->reason, amendment->entered_by, amendment->has_entered_ms,
                amendment->entered_ms);
    return builder_end(&builder);
}

static json_t *withdrawal_to_json(const struct withdrawal *withdrawal)
{
    struct builder builder = builder_start();
    put(&builder, "target", json_entry_id(&withdrawal->target));
    put_entered(&builder, withdrawal->reason, withdrawal->entered_by, withdrawal->has_entered_ms,
                withdrawal->entered_ms);
    return builder_end(&builder);
}

static json_t *rung_to_json(const struct rung *rung)
{
    struct builder builder = builder_start();
    put_text(&builder, "document", rung->document);
    put_name(&builder, "rung", rung_name(rung->rung));
    put_text(&builder, "person", rung->person);
    put_signed(&builder, "at_ms", rung->at_ms);
    put_text(&builder, "note", rung->note);
    return builder_end(&builder);
}

static json_t *answer_to_json(const struct answer *answer)
{
    struct builder builder = builder_start();
    put_text(&builder, "document", answer->document);
    put_text(&builder, "text", answer->text);
    put_text(&builder, "stated_name", answer->stated_name);
    put_signed(&builder, "at_ms", answer->at_ms);
    return builder_end(&builder);
}

/* ---- any log ---- */

static json_t *predecessor_to_json(const struct genesis *genesis)
{
    struct builder builder = builder_start();
    PUT_HEX(&builder, "incarnation", genesis->predecessor.incarnation);
    put_number(&builder, "seq", genesis->predecessor.seq);
    PUT_HEX(&builder, "h", genesis->predecessor_h);
    put_number(&builder, "count", genesis->predecessor_count);
    return builder_end(&builder);
}

static json_t *genesis_to_json(const struct genesis *genesis)
{
    static const char *const directions[] = {NULL, "up", "down", "own"};
    struct builder builder = builder_start();
    put_code(&builder, "direction", directions, 4, (int)genesis->direction);
    put_name(&builder, "lane", lane_name(genesis->lane));
    put_text(&builder, "owner", genesis->owner);
    put_text(&builder, "counterpart", genesis->counterpart);
    PUT_HEX(&builder, "signing_key", genesis->signing_key);
    put_number(&builder, "enrolment", genesis->enrolment);
    put_signed(&builder, "created_ms", genesis->created_ms);
    if (genesis->has_predecessor) {
        put(&builder, "predecessor", predecessor_to_json(genesis));
    }
    return builder_end(&builder);
}

/* ---- office ---- */

static void put_document_subject(struct builder *builder, const struct document *document)
{
    put_text(builder, "form", document->form);
    put_text(builder, "subject_name", document->subject_name);
    put_text(builder, "subject_nip", document->subject_nip);
    put_text(builder, "subject_unit", document->subject_unit);
}

static void put_document_decree(struct builder *builder, const struct document *document)
{
    put_text(builder, "decree_number", document->decree_number);
    if (document->has_decree_date) {
        put_day(builder, "decree_date", document->decree_date);
    }
    if (document->decree_scan.len > 0) {
        put(builder, "decree_scan", json_hex(document->decree_scan));
    }
}

static void put_document_times(struct builder *builder, const struct document *document)
{
    if (document->has_respond_by) {
        put_day(builder, "respond_by", document->respond_by);
    }
    if (document->has_expires_ms) {
        put_signed(builder, "expires_ms", document->expires_ms);
    }
    if (document->has_created_ms) {
        put_signed(builder, "created_ms", document->created_ms);
    }
}

static json_t *document_to_json(const struct document *document)
{
    struct builder builder = builder_start();
    put_text(&builder, "id", document->id);
    put_name(&builder, "type", document_type_name(document->type));
    put_text(&builder, "province", document->province);
    put_text(&builder, "case", document->case_name);
    if (document->has_case_version) {
        put_number(&builder, "case_version", document->case_version);
    }
    put_text(&builder, "addressee", document->addressee);
    put_text(&builder, "authority", document->authority);
    put_text(&builder, "legal_basis", document->legal_basis);
    put_text(&builder, "sanction", document->sanction);
    put_text(&builder, "text", document->text);
    put_document_subject(&builder, document);
    put_document_decree(&builder, document);
    put_document_times(&builder, document);
    put_text(&builder, "catalogue", document->catalogue);
    put_number(&builder, "ring", document->ring);
    put_text(&builder, "supersedes", document->supersedes);
    return builder_end(&builder);
}

static json_t *officer_signature_to_json(const struct officer_signature *signature)
{
    struct builder builder = builder_start();
    put_text(&builder, "officer", signature->officer);
    PUT_HEX(&builder, "signature", signature->signature);
    return builder_end(&builder);
}

static json_t *signatures_to_json(const struct signed_document *signed_document)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < signed_document->signature_count; i++) {
        json_t *one = officer_signature_to_json(&signed_document->signatures[i]);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

/* Signatures are over bytes: those that do not decode are shown as they are. */
static json_t *signed_document_to_json(const struct signed_document *signed_document,
                                       struct arena *arena)
{
    struct document document;
    struct builder builder = builder_start();
    int rc = document_decode(signed_document->document, arena, &document, NULL);
    put(&builder, "document",
        rc == 0 ? document_to_json(&document) : json_undecoded(signed_document->document));
    put(&builder, "signatures", signatures_to_json(signed_document));
    return builder_end(&builder);
}

static json_t *returned_to_json(const struct returned *returned, struct arena *arena)
{
    struct signed_document document;
    struct builder builder = builder_start();
    int rc = signed_document_decode(returned->signed_document, arena, &document, NULL);
    put(&builder, "signed_document",
        rc == 0 ? signed_document_to_json(&document, arena)
                : json_undecoded(returned->signed_document));
    PUT_HEX(&builder, "office", returned->office);
    put_number(&builder, "office_seq", returned->office_seq);
    return builder_end(&builder);
}

static json_t *status_to_json(const struct status *status)
{
    struct builder builder = builder_start();
    put(&builder, "report", json_entry_id(&status->report));
    put_number(&builder, "subject", status->subject);
    put_text(&builder, "case", status->case_short);
    put_text(&builder, "state", status->state);
    put_text(&builder, "text", status->text);
    put_signed(&builder, "at_ms", status->at_ms);
    return builder_end(&builder);
}

static json_t *refusal_to_json(const struct refusal *refusal)
{
    struct builder builder = builder_start();
    put(&builder, "entry", json_entry_id(&refusal->entry));
    if (refusal->has_subject) {
        put_number(&builder, "subject", refusal->subject);
    }
    put_text(&builder, "code", refusal->code);
    put_text(&builder, "text", refusal->text);
    put_signed(&builder, "at_ms", refusal->at_ms);
    return builder_end(&builder);
}

static json_t *object_note_to_json(const struct object_note *note)
{
    struct builder builder = builder_start();
    put_name(&builder, "purpose", object_purpose_name(note->purpose));
    PUT_HEX(&builder, "hash", note->hash);
    put_number(&builder, "size", note->size);
    PUT_HEX(&builder, "block_list", note->block_list);
    if (note->has_number) {
        put_number(&builder, "number", note->number);
    }
    PUT_HEX(&builder, "signature", note->signature);
    put_text(&builder, "name", note->name);
    return builder_end(&builder);
}

static json_t *officer_to_json(const struct officer *officer)
{
    static const char *const states[] = {NULL, "active", "retired", "revoked"};
    struct builder builder = builder_start();
    put_text(&builder, "id", officer->id);
    put_text(&builder, "name", officer->name);
    put_text(&builder, "role", officer->role);
    put_text(&builder, "scope", officer->scope);
    PUT_HEX(&builder, "key", officer->key);
    put_code(&builder, "state", states, 4, (int)officer->state);
    return builder_end(&builder);
}

static json_t *officers_to_json(const struct ring *ring)
{
    json_t *list = json_array();
    for (size_t i = 0; list != NULL && i < ring->officer_count; i++) {
        if (json_array_append_new(list, officer_to_json(&ring->officers[i])) != 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *ring_to_json(const struct ring *ring)
{
    struct builder builder = builder_start();
    put_text(&builder, "province", ring->province);
    put_text(&builder, "name", ring->name);
    put_number(&builder, "number", ring->number);
    put_signed(&builder, "issued_ms", ring->issued_ms);
    PUT_HEX(&builder, "curve_key", ring->curve_key);
    PUT_HEX(&builder, "log_key", ring->log_key);
    PUT_HEX(&builder, "reader_key", ring->reader_key);
    PUT_HEX(&builder, "bundle_key", ring->bundle_key);
    put(&builder, "officers", officers_to_json(ring));
    return builder_end(&builder);
}

static json_t *signed_ring_to_json(const struct signed_ring *signed_ring, struct arena *arena)
{
    struct ring ring;
    struct builder builder = builder_start();
    int rc = ring_decode(signed_ring->ring, arena, &ring, NULL);
    put(&builder, "ring", rc == 0 ? ring_to_json(&ring) : json_undecoded(signed_ring->ring));
    PUT_HEX(&builder, "signature", signed_ring->signature);
    return builder_end(&builder);
}

/* ---- the aggregator's own log ---- */

static json_t *enrolment_to_json(const struct enrolment *enrolment)
{
    struct builder builder = builder_start();
    put_number(&builder, "number", enrolment->number);
    put_text(&builder, "regency", enrolment->regency);
    PUT_HEX(&builder, "curve_key", enrolment->curve_key);
    PUT_HEX(&builder, "signing_key", enrolment->signing_key);
    PUT_HEX(&builder, "request_hash", enrolment->request_hash);
    PUT_HEX(&builder, "office", enrolment->office);
    put(&builder, "active", json_boolean(enrolment->active));
    put_text(&builder, "officer", enrolment->officer);
    put_signed(&builder, "at_ms", enrolment->at_ms);
    PUT_HEX(&builder, "signature", enrolment->signature);
    return builder_end(&builder);
}

static json_t *revocation_to_json(const struct revocation *revocation)
{
    struct builder builder = builder_start();
    put_number(&builder, "number", revocation->number);
    put_text(&builder, "reason", revocation->reason);
    put_text(&builder, "officer", revocation->officer);
    put_signed(&builder, "at_ms", revocation->at_ms);
    PUT_HEX(&builder, "signature", revocation->signature);
    return builder_end(&builder);
}

static json_t *catalogue_part_to_json(const struct catalogue_part *part)
{
    struct builder builder = builder_start();
    PUT_HEX(&builder, "hash", part->hash);
    put_number(&builder, "number", part->number);
    put_number(&builder, "part", part->part);
    put_number(&builder, "parts", part->parts);
    put_number(&builder, "bytes", part->data.len);
    PUT_HEX(&builder, "signature", part->signature);
    put_text(&builder, "entered_by", part->entered_by);
    put_signed(&builder, "at_ms", part->at_ms);
    return builder_end(&builder);
}

static json_t *placement_to_json(const struct placement *placement)
{
    struct builder builder = builder_start();
    put_number(&builder, "position", placement->position);
    put_number(&builder, "subject", placement->subject);
    put_name(&builder, "outcome", placement_outcome_name(placement->outcome));
    put_text(&builder, "case", placement->case_name);
    put_text(&builder, "rule", placement->rule);
    put(&builder, "fields", json_texts(placement->fields, placement->field_count));
    put_number(&builder, "score_milli", placement->score_milli);
    put(&builder, "candidates", json_texts(placement->candidates, placement->candidate_count));
    put_text(&builder, "matcher", placement->matcher);
    if (placement->joined_count > 0) {
        put(&builder, "joined", json_texts(placement->joined, placement->joined_count));
    }
    return builder_end(&builder);
}

static json_t *countersign_to_json(const struct act *act)
{
    struct builder builder = builder_start();
    put_text(&builder, "document", act->countersign_document);
    put(&builder, "signature", officer_signature_to_json(&act->countersign));
    return builder_end(&builder);
}

static json_t *advance_to_json(const struct act *act)
{
    struct builder builder = builder_start();
    put_text(&builder, "state", act->advance_state);
    put_text(&builder, "reason", act->advance_reason);
    return builder_end(&builder);
}

static json_t *assign_to_json(const struct act *act)
{
    struct builder builder = builder_start();
    put_text(&builder, "officer", act->assign_officer);
    put_text(&builder, "authority", act->assign_authority);
    put(&builder, "barred", json_texts(act->assign_barred, act->assign_barred_count));
    put_code(&builder, "leave", leave_names, LEAVE_COUNT, act->assign_leave);
    put_text(&builder, "reason", act->assign_reason);
    return builder_end(&builder);
}

static json_t *merge_to_json(const struct act *act)
{
    struct builder builder = builder_start();
    put_text(&builder, "other", act->other);
    if (act->type == ACT_MERGE) {
        put_number(&builder, "other_version", act->other_version);
    }
    put_text(&builder, "reason", act->other_reason);
    return builder_end(&builder);
}

/* "INCARNATION-SEQ:SUBJECT" each, as the command line takes them. */
static json_t *split_to_json(const struct act *act)
{
    char text[SPLIT_PIECES_MAX][80], hex[HEX_CAPACITY(INCARNATION_BYTES)];
    struct bytes list[SPLIT_PIECES_MAX];
    struct builder builder = builder_start();
    for (size_t i = 0; i < act->piece_count; i++) {
        const struct entry_id *id = &act->pieces[i].report;
        (void)snprintf(text[i], sizeof text[i], "%s-%llu:%u",
                       hex_encode(hex, id->incarnation.b, INCARNATION_BYTES),
                       (unsigned long long)id->seq, (unsigned)act->pieces[i].subject);
        list[i] = bytes_of_text(text[i]);
    }
    put(&builder, "pieces", json_texts(list, act->piece_count));
    put_text(&builder, "reason", act->other_reason);
    return builder_end(&builder);
}

static json_t *withdraw_to_json(const struct act *act)
{
    struct builder builder = builder_start();
    put_text(&builder, "document", act->withdraw_document);
    put_text(&builder, "reason", act->withdraw_reason);
    return builder_end(&builder);
}

static json_t *look_to_json(const struct act *act)
{
    struct builder builder = builder_start();
    put_text(&builder, "scope", act->look_scope);
    put_text(&builder, "reason", act->look_reason);
    return builder_end(&builder);
}

static json_t *act_to_json(const struct act *act, struct arena *arena)
{
    struct builder builder = builder_start();
    put_text(&builder, "officer", act->officer);
    put_signed(&builder, "at_ms", act->at_ms);
    put_text(&builder, "case", act->case_name);
    if (act->has_case_version) {
        put_number(&builder, "case_version", act->case_version);
    }
    switch (act->type) {
    case ACT_PROPOSE:
        put(&builder, "propose", signed_document_to_json(&act->propose, arena));
        break;
    case ACT_COUNTERSIGN:
        put(&builder, "countersign", countersign_to_json(act));
        break;
    case ACT_ADVANCE:
        put(&builder, "advance", advance_to_json(act));
        break;
    case ACT_ASSIGN:
        put(&builder, "assign", assign_to_json(act));
        break;
    case ACT_MERGE:
        put(&builder, "merge", merge_to_json(act));
        break;
    case ACT_SPLIT:
        put(&builder, "split", split_to_json(act));
        break;
    case ACT_PART:
        put(&builder, "part", merge_to_json(act));
        break;
    case ACT_WITHDRAW:
        put(&builder, "withdraw", withdraw_to_json(act));
        break;
    case ACT_LOOK:
        put(&builder, "look", look_to_json(act));
        break;
    }
    put_text(&builder, "entered_by", act->entered_by);
    return builder_end(&builder);
}

static json_t *rejected_to_json(const struct rejected *rejected)
{
    struct builder builder = builder_start();
    put_number(&builder, "position", rejected->position);
    put_text(&builder, "code", rejected->code);
    put_text(&builder, "text", rejected->text);
    return builder_end(&builder);
}

/* ---- any kind ---- */

/* Decode, then the kind's own function. */
#define BODY_SHOWN(type, ...)                                                                      \
    static json_t *type##_shown(struct bytes body, struct arena *arena)                            \
    {                                                                                              \
        struct type value;                                                                         \
        return type##_decode(body, arena, &value, NULL) == 0 ? type##_to_json(__VA_ARGS__)         \
                                                             : json_undecoded(body);               \
    }
BODY_SHOWN(genesis, &value)
BODY_SHOWN(report, &value)
BODY_SHOWN(zero_report, &value)
BODY_SHOWN(amendment, &value)
BODY_SHOWN(withdrawal, &value)
BODY_SHOWN(rung, &value)
BODY_SHOWN(answer, &value)
BODY_SHOWN(returned, &value, arena)
BODY_SHOWN(signed_document, &value, arena)
BODY_SHOWN(status, &value)
BODY_SHOWN(refusal, &value)
BODY_SHOWN(signed_ring, &value, arena)
BODY_SHOWN(enrolment, &value)
BODY_SHOWN(revocation, &value)
BODY_SHOWN(placement, &value)
BODY_SHOWN(act, &value, arena)
BODY_SHOWN(rejected, &value)
BODY_SHOWN(catalogue_part, &value)
BODY_SHOWN(object_note, &value)

static const struct {
    uint16_t kind;
    json_t *(*show)(struct bytes body, struct arena *arena);
} shown[] = {
    {ENTRY_GENESIS, genesis_shown},     {ENTRY_REPORT, report_shown},
    {ENTRY_ZERO, zero_report_shown},    {ENTRY_AMENDMENT, amendment_shown},
    {ENTRY_RUNG, rung_shown},           {ENTRY_WITHDRAWAL, withdrawal_shown},
    {ENTRY_ANSWER, answer_shown},       {ENTRY_RETURNED, returned_shown},
    {ENTRY_STATUS, status_shown},       {ENTRY_DOCUMENT, signed_document_shown},
    {ENTRY_REFUSAL, refusal_shown},     {ENTRY_RING, signed_ring_shown},
    {ENTRY_ENROLMENT, enrolment_shown}, {ENTRY_REVOCATION, revocation_shown},
    {ENTRY_PLACEMENT, placement_shown}, {ENTRY_ACT, act_shown},
    {ENTRY_REJECTED, rejected_shown},   {ENTRY_CATALOGUE, catalogue_part_shown},
    {ENTRY_OBJECT, object_note_shown},
};

json_t *entry_body_to_json(uint16_t kind, struct bytes body, struct arena *arena)
{
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        if (shown[i].kind == kind) {
            return shown[i].show(body, arena);
        }
    }
    return json_undecoded(body);
}
