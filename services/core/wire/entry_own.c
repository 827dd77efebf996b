/* What stands in the aggregator's own log: enrolments, placements, acts. */
#include "core/wire/entry.h"
#include "core/wire/entry_maps.h"

#include "kabar/v1/entry.pb-c.h"

/* ---- enrolment and revocation: encoded without a signature that is zeros, to be signed ---- */
#define TO_BE_SIGNED (FIELD_MANDATORY | FIELD_ZERO_IS_ABSENT)

static const struct field_map enrolment_rows[] = {
    NUMBER(1, struct enrolment, number),
    TEXT(2, struct enrolment, regency, CODE_BYTES_MAX, FIELD_MANDATORY),
    FIXED(3, struct enrolment, curve_key.b, FIELD_MANDATORY),
    FIXED(4, struct enrolment, signing_key.b, FIELD_MANDATORY),
    FIXED(5, struct enrolment, request_hash.b, FIELD_MANDATORY),
    FIXED(6, struct enrolment, office.b, FIELD_MANDATORY),
    FLAG(7, struct enrolment, active),
    TEXT(8, struct enrolment, officer, CODE_BYTES_MAX, FIELD_MANDATORY),
    FIXED(9, struct enrolment, signature.b, TO_BE_SIGNED),
    NUMBER(10, struct enrolment, at_ms),
};
static const struct message_map enrolment_map =
    MAP(enrolment, enrolment_rows, struct enrolment, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(enrolment, enrolment_map);

static const struct field_map revocation_rows[] = {
    NUMBER(1, struct revocation, number),
    TEXT(2, struct revocation, reason, TEXT_BYTES_MAX, 0),
    TEXT(3, struct revocation, officer, CODE_BYTES_MAX, FIELD_MANDATORY),
    FIXED(4, struct revocation, signature.b, TO_BE_SIGNED),
    NUMBER(5, struct revocation, at_ms),
};
static const struct message_map revocation_map =
    MAP(revocation, revocation_rows, struct revocation, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(revocation, revocation_map);

/* ---- placement ---- */
static const struct field_map placement_rows[] = {
    NUMBER(1, struct placement, position),
    NUMBER(2, struct placement, subject),
    CODE(3, struct placement, outcome, FIELD_MANDATORY),
    TEXT(4, struct placement, case_name, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(5, struct placement, rule, CODE_BYTES_MAX, 0),
    TEXTS(6, struct placement, fields, field_count, PLACEMENT_FIELDS_MAX, CODE_BYTES_MAX, 0),
    NUMBER(7, struct placement, score_milli),
    TEXTS(8, struct placement, candidates, candidate_count, PLACEMENT_CANDIDATES_MAX,
          CODE_BYTES_MAX, 0),
    TEXT(9, struct placement, matcher, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXTS(10, struct placement, joined, joined_count, PLACEMENT_JOINED_MAX, CODE_BYTES_MAX, 0),
};
static const struct message_map placement_map =
    MAP(placement, placement_rows, struct placement, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(placement, placement_map);

/* ---- act ---- */
static const struct field_map countersign_rows[] = {
    TEXT(1, struct act, countersign_document, CODE_BYTES_MAX, FIELD_MANDATORY),
    MESSAGE(2, struct act, countersign, &officer_signature_map),
};
static const struct message_map countersign_map =
    MAP(countersign, countersign_rows, struct act, 0, NULL);

static const struct field_map advance_rows[] = {
    TEXT(1, struct act, advance_state, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(2, struct act, advance_reason, TEXT_BYTES_MAX, 0),
};
static const struct message_map advance_map = MAP(advance, advance_rows, struct act, 0, NULL);

static const struct field_map assign_rows[] = {
    TEXT(1, struct act, assign_officer, CODE_BYTES_MAX, 0),
    TEXT(2, struct act, assign_authority, SHORT_TEXT_BYTES_MAX, 0),
    TEXTS(3, struct act, assign_barred, assign_barred_count, BARRED_MAX, CODE_BYTES_MAX, 0),
    CODE(4, struct act, assign_leave, 0),
    TEXT(5, struct act, assign_reason, TEXT_BYTES_MAX, 0),
};
static const struct message_map assign_map = MAP(assign, assign_rows, struct act, 0, NULL);

static const struct field_map merge_rows[] = {
    TEXT(1, struct act, other, CODE_BYTES_MAX, FIELD_MANDATORY),
    NUMBER(2, struct act, other_version),
    TEXT(3, struct act, other_reason, TEXT_BYTES_MAX, 0),
};
static const struct message_map merge_map = MAP(merge, merge_rows, struct act, 0, NULL);

static const struct field_map piece_rows[] = {
    MESSAGE(1, struct piece, report, &entry_id_map),
    NUMBER(2, struct piece, subject),
};
static const struct message_map piece_map = MAP(piece, piece_rows, struct piece, 0, NULL);

static const struct field_map split_rows[] = {
    MESSAGES(1, struct act, pieces, piece_count, SPLIT_PIECES_MAX, 0, struct piece, &piece_map),
    TEXT(2, struct act, other_reason, TEXT_BYTES_MAX, 0),
};
static const struct message_map split_map = MAP(split, split_rows, struct act, 0, NULL);

static const struct field_map part_rows[] = {
    TEXT(1, struct act, other, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(2, struct act, other_reason, TEXT_BYTES_MAX, 0),
};
static const struct message_map part_map = MAP(apart, part_rows, struct act, 0, NULL);

static const struct field_map withdraw_rows[] = {
    TEXT(1, struct act, withdraw_document, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(2, struct act, withdraw_reason, TEXT_BYTES_MAX, 0),
};
static const struct message_map withdraw_map =
    MAP(withdraw_document, withdraw_rows, struct act, 0, NULL);

static const struct field_map look_rows[] = {
    TEXT(1, struct act, look_scope, SHORT_TEXT_BYTES_MAX, FIELD_MANDATORY),
    TEXT(2, struct act, look_reason, TEXT_BYTES_MAX, FIELD_MANDATORY),
};
static const struct message_map look_map = MAP(look, look_rows, struct act, 0, NULL);

static int act_is_one(const void *value, struct err_ctx *err)
{
    const struct act *act = value;
    int type = (int)act->type;
    if (type == 0) {
        return err_set(err, ERR_FORMAT, "act is missing");
    }
    bool known = type >= ACT_PROPOSE && type <= ACT_LOOK && type != 8; /* entered_by */
    return known ? 0 : err_set(err, ERR_VALUE, "act has the unknown type %d", type);
}

static const struct field_map act_rows[] = {
    TEXT(1, struct act, officer, CODE_BYTES_MAX, FIELD_MANDATORY),
    NUMBER(2, struct act, at_ms),
    TEXT(3, struct act, case_name, CODE_BYTES_MAX, 0),
    NUMBER_HAS(4, struct act, case_version),
    ONE_OF(ACT_PROPOSE, struct act, offsetof(struct act, propose), type, &signed_document_map),
    ONE_OF(ACT_COUNTERSIGN, struct act, 0, type, &countersign_map),
    ONE_OF(ACT_ADVANCE, struct act, 0, type, &advance_map),
    TEXT(8, struct act, entered_by, NAME_BYTES_MAX, 0),
    ONE_OF(ACT_ASSIGN, struct act, 0, type, &assign_map),
    ONE_OF(ACT_MERGE, struct act, 0, type, &merge_map),
    ONE_OF(ACT_SPLIT, struct act, 0, type, &split_map),
    ONE_OF(ACT_PART, struct act, 0, type, &part_map),
    ONE_OF(ACT_WITHDRAW, struct act, 0, type, &withdraw_map),
    ONE_OF(ACT_LOOK, struct act, 0, type, &look_map),
};
static const struct message_map act_map =
    MAP(act, act_rows, struct act, ENTRY_BYTES_MAX, act_is_one);
MESSAGE_CODEC(act, act_map);

/* ---- rejected ---- */
static const struct field_map rejected_rows[] = {
    NUMBER(1, struct rejected, position),
    TEXT(2, struct rejected, code, CODE_BYTES_MAX, FIELD_MANDATORY),
    TEXT(3, struct rejected, text, TEXT_BYTES_MAX, 0),
};
static const struct message_map rejected_map =
    MAP(rejected, rejected_rows, struct rejected, ENTRY_BYTES_MAX, NULL);
MESSAGE_CODEC(rejected, rejected_map);

/* ---- catalogue ---- */
static int part_in_range(const void *value, struct err_ctx *err)
{
    const struct catalogue_part *part = value;
    return part->parts >= 1 && part->parts <= CATALOGUE_PARTS_MAX && part->part < part->parts
               ? 0
               : err_set(err, ERR_VALUE, "part is not below parts, or parts not from 1 to %u",
                         CATALOGUE_PARTS_MAX);
}

static const struct field_map catalogue_part_rows[] = {
    FIXED(1, struct catalogue_part, hash.b, FIELD_MANDATORY),
    NUMBER(2, struct catalogue_part, number),
    NUMBER(3, struct catalogue_part, part),
    NUMBER(4, struct catalogue_part, parts),
    BLOB(5, struct catalogue_part, data, CATALOGUE_PART_BYTES_MAX, FIELD_MANDATORY),
    FIXED(6, struct catalogue_part, signature.b, FIELD_MANDATORY),
    TEXT(7, struct catalogue_part, entered_by, NAME_BYTES_MAX, 0),
    NUMBER(8, struct catalogue_part, at_ms),
    FIXED(9, struct catalogue_part, note_signature.b, FIELD_ZERO_IS_ABSENT),
};
static const struct message_map catalogue_part_map =
    MAP(catalogue_part, catalogue_part_rows, struct catalogue_part, ENTRY_BYTES_MAX, part_in_range);
MESSAGE_CODEC(catalogue_part, catalogue_part_map);
