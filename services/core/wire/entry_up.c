/* What nodes write, and the genesis of every log: tables and their functions. */
#include "core/seal/reporter.h"
#include "core/wire/entry.h"
#include "core/wire/entry_maps.h"

#include "kabar/v1/entry.pb-c.h"

/* ---- genesis ---- */
static const struct field_map predecessor_rows[] = {
    FIXED(1, struct genesis, predecessor.incarnation.b, FIELD_MANDATORY),
    NUMBER(2, struct genesis, predecessor.seq),
    FIXED(3, struct genesis, predecessor_h.b, FIELD_MANDATORY),
    NUMBER(4, struct genesis, predecessor_count),
};
static const struct message_map predecessor_map =
    MAP(predecessor, predecessor_rows, struct genesis, 0, NULL);

static const struct field_map genesis_rows[] = {
    CODE(1, struct genesis, direction, FIELD_MANDATORY),
    CODE(2, struct genesis, lane, FIELD_MANDATORY),
    TEXT(3, struct genesis, owner, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(4, struct genesis, counterpart, CODE_BYTES_MAX, FIELD_MANDATORY),
    FIXED(5, struct genesis, signing_key.b, FIELD_MANDATORY),
    NUMBER(6, struct genesis, enrolment),
    FLATTENED(7, &predecessor_map, offsetof(struct genesis, has_predecessor), 0),
    NUMBER(8, struct genesis, created_ms),
};
static const struct message_map genesis_map =
    MAP(genesis, genesis_rows, struct genesis, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(genesis, genesis_map);

/* ---- report ---- */
static const struct field_map subject_rows[] = {
    TEXT(1, struct subject, name, NAME_BYTES_MAX, 0),
    TEXT(2, struct subject, nip, CODE_BYTES_MAX, 0),
    TEXT(3, struct subject, nik, CODE_BYTES_MAX, 0),
    CODE(4, struct subject, employment, 0),
    TEXT(5, struct subject, unit, NAME_BYTES_MAX, 0),
    TEXT(6, struct subject, position, NAME_BYTES_MAX, 0),
    TEXT(7, struct subject, account, NAME_BYTES_MAX, 0),
    TEXT(8, struct subject, regency, CODE_BYTES_MAX, 0),
};
static const struct message_map subject_map = MAP(subject, subject_rows, struct subject, 0, NULL);

static const struct field_map evidence_rows[] = {
    FIXED(1, struct evidence, sha256.b, FIELD_MANDATORY),
    TEXT(2, struct evidence, media_type, NAME_BYTES_MAX, 0),
    NUMBER_HAS(3, struct evidence, size),
    EXACT(4, struct evidence, block_list, HASH_BYTES),
    TEXT(5, struct evidence, name, NAME_BYTES_MAX, 0),
};
static const struct message_map evidence_map =
    MAP(evidence, evidence_rows, struct evidence, 0, NULL);

static const struct field_map report_rows[] = {
    TEXT(1, struct report, key, KEY_BYTES_MAX, 0),
    TEXT(2, struct report, regency, CODE_BYTES_MAX, FIELD_MANDATORY),
    CODE(3, struct report, channel, FIELD_MANDATORY),
    TEXT(4, struct report, form, CODE_BYTES_MAX, FIELD_MANDATORY),
    NUMBER_HAS(5, struct report, occurred_on),
    NUMBER_HAS(6, struct report, occurred_until),
    NUMBER_HAS(7, struct report, known_on),
    TEXT(8, struct report, place, SHORT_TEXT_BYTES_MAX, 0),
    TEXT(9, struct report, description, TEXT_BYTES_MAX, 0),
    TEXT(10, struct report, url, URL_BYTES_MAX, 0),
    TEXT(11, struct report, candidate, SHORT_TEXT_BYTES_MAX, 0),
    TEXT(12, struct report, external_ref, SHORT_TEXT_BYTES_MAX, 0),
    FLAG(13, struct report, urgent),
    MESSAGES(14, struct report, subjects, subject_count, SUBJECTS_MAX, FIELD_IN_ARENA,
             struct subject, &subject_map),
    MESSAGES(15, struct report, evidence, evidence_count, EVIDENCE_MAX, FIELD_IN_ARENA,
             struct evidence, &evidence_map),
    BLOB(16, struct report, sealed_reporter, REPORTER_SEALED_BYTES_MAX, 0),
    TEXT(17, struct report, entered_by, NAME_BYTES_MAX, 0),
    NUMBER_HAS(18, struct report, entered_ms),
    FIXED(99, struct report, salt, FIELD_MANDATORY),
};
static const struct message_map report_map =
    MAP(report, report_rows, struct report, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(report, report_map);

/* ---- zero report: stated by a named person, or it is none ---- */
static const struct field_map zero_report_rows[] = {
    TEXT(1, struct zero_report, regency, CODE_BYTES_MAX, FIELD_MANDATORY),
    NUMBER(2, struct zero_report, from),
    NUMBER(3, struct zero_report, until),
    CODE(4, struct zero_report, scope, FIELD_MANDATORY),
    TEXT(5, struct zero_report, stated_name, NAME_BYTES_MAX, FIELD_MANDATORY),
    TEXT(6, struct zero_report, entered_by, NAME_BYTES_MAX, 0),
    NUMBER_HAS(7, struct zero_report, entered_ms),
    FIXED(99, struct zero_report, salt, FIELD_MANDATORY),
};
static const struct message_map zero_report_map =
    MAP(zero, zero_report_rows, struct zero_report, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(zero_report, zero_report_map);

/* ---- of a report: whether it is one, and this log's, is for core/cases to ask ---- */
static const struct field_map amendment_rows[] = {
    MESSAGE(1, struct amendment, target, &entry_id_map),
    MESSAGE(2, struct amendment, report, &report_map),
    TEXT(3, struct amendment, reason, TEXT_BYTES_MAX, 0),
    TEXT(4, struct amendment, entered_by, NAME_BYTES_MAX, 0),
    NUMBER_HAS(5, struct amendment, entered_ms),
    FIXED(99, struct amendment, salt, FIELD_MANDATORY),
};
static const struct message_map amendment_map =
    MAP(amendment, amendment_rows, struct amendment, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(amendment, amendment_map);

static const struct field_map withdrawal_rows[] = {
    MESSAGE(1, struct withdrawal, target, &entry_id_map),
    TEXT(2, struct withdrawal, reason, TEXT_BYTES_MAX, 0),
    TEXT(3, struct withdrawal, entered_by, NAME_BYTES_MAX, 0),
    NUMBER_HAS(4, struct withdrawal, entered_ms),
    FIXED(99, struct withdrawal, salt, FIELD_MANDATORY),
};
static const struct message_map withdrawal_map =
    MAP(withdrawal, withdrawal_rows, struct withdrawal, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(withdrawal, withdrawal_map);

/* ---- rung: who, and why not, is for core/rules and core/cases to ask ---- */
static const struct field_map rung_rows[] = {
    TEXT(1, struct rung, document, CODE_BYTES_MAX, FIELD_MANDATORY),
    CODE(2, struct rung, rung, FIELD_MANDATORY),
    TEXT(3, struct rung, person, NAME_BYTES_MAX, 0),
    NUMBER(4, struct rung, at_ms),
    TEXT(5, struct rung, note, TEXT_BYTES_MAX, 0),
    FIXED(99, struct rung, salt, FIELD_MANDATORY),
};
static const struct message_map rung_map = MAP(rung, rung_rows, struct rung, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(rung, rung_map);

/* ---- answer ---- */
static const struct field_map answer_rows[] = {
    TEXT(1, struct answer, document, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(2, struct answer, text, TEXT_BYTES_MAX, FIELD_MANDATORY),
    TEXT(3, struct answer, stated_name, NAME_BYTES_MAX, FIELD_MANDATORY),
    NUMBER(4, struct answer, at_ms),
    FIXED(99, struct answer, salt, FIELD_MANDATORY),
};
static const struct message_map answer_map =
    MAP(answer, answer_rows, struct answer, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(answer, answer_map);

/* ---- returned: whether it is a document, and signed, is for core/rules to ask ---- */
static const struct field_map returned_rows[] = {
    BLOB(1, struct returned, signed_document, ENTRY_BYTES_MAX, FIELD_MANDATORY),
    FIXED(2, struct returned, office.b, FIELD_MANDATORY),
    NUMBER(3, struct returned, office_seq),
};
static const struct message_map returned_map =
    MAP(returned, returned_rows, struct returned, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(returned, returned_map);
