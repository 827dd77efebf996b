/* What the province writes to nodes: documents, statuses, refusals, object notes. */
#include "core/wire/entry.h"
#include "core/wire/entry_maps.h"

#include "kabar/v1/entry.pb-c.h"

static const struct field_map entry_id_rows[] = {
    FIXED(1, struct entry_id, incarnation.b, FIELD_MANDATORY),
    NUMBER(2, struct entry_id, seq),
};
const struct message_map entry_id_map = MAP(entry_id, entry_id_rows, struct entry_id, 0, NULL);

static const struct field_map officer_signature_rows[] = {
    TEXT(1, struct officer_signature, officer, CODE_BYTES_MAX, FIELD_MANDATORY),
    FIXED(2, struct officer_signature, signature.b, FIELD_MANDATORY),
};
const struct message_map officer_signature_map =
    MAP(signature, officer_signature_rows, struct officer_signature, 0, NULL);

/* ---- signed document ---- */
static const struct field_map signed_document_rows[] = {
    BLOB(1, struct signed_document, document, ENTRY_BYTES_MAX, FIELD_MANDATORY),
    MESSAGES(2, struct signed_document, signatures, signature_count, SIGNATURES_MAX, 0,
             struct officer_signature, &officer_signature_map),
};
const struct message_map signed_document_map = MAP(
    signed_document, signed_document_rows, struct signed_document, SIGNED_DOCUMENT_BYTES_MAX, NULL);
MESSAGE_CODEC(signed_document, signed_document_map);

/* ---- document: what each type must have is for core/rules to ask ---- */
static const struct field_map document_rows[] = {
    TEXT(1, struct document, province, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(2, struct document, id, CODE_BYTES_MAX, FIELD_MANDATORY),
    CODE(3, struct document, type, FIELD_MANDATORY),
    TEXT(4, struct document, case_name, CODE_BYTES_MAX, 0),
    NUMBER_HAS(5, struct document, case_version),
    TEXT(6, struct document, addressee, CODE_BYTES_MAX, 0),
    TEXT(7, struct document, authority, SHORT_TEXT_BYTES_MAX, 0),
    TEXT(8, struct document, legal_basis, TEXT_BYTES_MAX, 0),
    TEXT(9, struct document, sanction, CODE_BYTES_MAX, 0),
    TEXT(10, struct document, text, TEXT_BYTES_MAX, 0),
    TEXT(11, struct document, subject_name, NAME_BYTES_MAX, 0),
    TEXT(12, struct document, subject_nip, CODE_BYTES_MAX, 0),
    TEXT(13, struct document, subject_unit, NAME_BYTES_MAX, 0),
    TEXT(14, struct document, decree_number, NAME_BYTES_MAX, 0),
    NUMBER_HAS(15, struct document, decree_date),
    EXACT(16, struct document, decree_scan, HASH_BYTES),
    NUMBER_HAS(17, struct document, respond_by),
    BLOB(18, struct document, catalogue, CODE_BYTES_MAX, 0), /* a hash or a version */
    NUMBER(19, struct document, ring),
    TEXT(20, struct document, supersedes, CODE_BYTES_MAX, 0),
    NUMBER_HAS(21, struct document, expires_ms),
    NUMBER_HAS(22, struct document, created_ms),
    TEXT(23, struct document, form, CODE_BYTES_MAX, 0),
    FIXED(99, struct document, salt, FIELD_MANDATORY),
};
static const struct message_map document_map =
    MAP(document, document_rows, struct document, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(document, document_map);

/* ---- status ---- */
static const struct field_map status_rows[] = {
    MESSAGE(1, struct status, report, &entry_id_map),
    NUMBER(2, struct status, subject),
    TEXT(3, struct status, case_short, CODE_BYTES_MAX, 0),
    TEXT(4, struct status, state, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(5, struct status, text, TEXT_BYTES_MAX, 0),
    NUMBER(6, struct status, at_ms),
};
static const struct message_map status_map =
    MAP(status, status_rows, struct status, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(status, status_map);

/* ---- refusal ---- */
static const struct field_map refusal_rows[] = {
    MESSAGE(1, struct refusal, entry, &entry_id_map),
    TEXT(2, struct refusal, code, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(3, struct refusal, text, TEXT_BYTES_MAX, 0),
    NUMBER(4, struct refusal, at_ms),
    NUMBER_HAS(5, struct refusal, subject),
};
static const struct message_map refusal_map =
    MAP(refusal, refusal_rows, struct refusal, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(refusal, refusal_map);

/* ---- object note: only a catalogue's is signed ---- */
static const struct field_map object_note_rows[] = {
    CODE(1, struct object_note, purpose, FIELD_MANDATORY),
    FIXED(2, struct object_note, hash.b, FIELD_MANDATORY),
    NUMBER(3, struct object_note, size),
    FIXED(4, struct object_note, block_list.b, FIELD_MANDATORY),
    NUMBER_HAS(5, struct object_note, number),
    FIXED(6, struct object_note, signature.b, FIELD_ZERO_IS_ABSENT),
    TEXT(7, struct object_note, name, NAME_BYTES_MAX, 0),
};
static const struct message_map object_note_map =
    MAP(object_note, object_note_rows, struct object_note, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(object_note, object_note_map);
