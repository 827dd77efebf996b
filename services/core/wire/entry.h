/* entry.h - kinds of entries and their bodies as our own structs.
 *
 * Decoding: pre-scan, protobuf-c with the arena as its allocator, then presence, sizes, enum ranges
 * and UTF-8 checked; what comes out points into the arena or the body. ERR_FORMAT, ERR_LIMIT,
 * ERR_UTF8 or ERR_VALUE with the field's name in the text. A missing optional number has its
 * has_ flag false; one without a has_ flag is mandatory, absent bools are false. Encoding writes
 * the canonical bytes (fields in order of number) and refuses, with the same errors, what decoding
 * would; only the signature of an enrolment or revocation, and those about object notes, may be
 * zeros, and are left out then.
 * An unknown kind is kept by everybody and applied by nobody.
 */
#ifndef CORE_WIRE_ENTRY_H
#define CORE_WIRE_ENTRY_H

#include "core/base/arena.h"
#include "core/base/ident.h"
#include "core/base/limits.h"

enum entry_kind {
    ENTRY_GENESIS = 1,
    ENTRY_REPORT = 16,
    ENTRY_ZERO = 17,
    ENTRY_AMENDMENT = 18,
    ENTRY_WITHDRAWAL = 19,
    ENTRY_RUNG = 20,
    ENTRY_ANSWER = 21,
    ENTRY_RETURNED = 22,
    ENTRY_DOCUMENT = 32,
    ENTRY_STATUS = 33,
    ENTRY_REFUSAL = 34,
    ENTRY_RING = 35,
    ENTRY_OBJECT = 36,
    ENTRY_ENROLMENT = 48,
    ENTRY_REVOCATION = 49,
    ENTRY_PLACEMENT = 50,
    ENTRY_ACT = 51,
    ENTRY_REJECTED = 52,
    ENTRY_CATALOGUE = 53,
};
/* "report", "zero", …; "unknown" for others. */
const char *entry_kind_name(uint16_t kind);

enum direction { DIRECTION_UP = 1, DIRECTION_DOWN = 2, DIRECTION_OWN = 3 };
enum lane { LANE_URGENT = 1, LANE_ROUTINE = 2, LANE_OFFICE = 3, LANE_JOURNAL = 4 };
const char *lane_name(enum lane lane);

struct genesis {
    enum direction direction;
    enum lane lane;
    struct bytes owner, counterpart;
    struct key signing_key;
    uint64_t enrolment;
    int64_t created_ms;
    bool has_predecessor;
    struct entry_id predecessor; /* old incarnation, last acknowledged seq */
    struct hash predecessor_h;
    uint64_t predecessor_count;
};

struct subject {
    struct bytes name, nip, nik, unit, position, account, regency;
    int employment; /* index in EMPLOYMENT names; 0 = not given */
};
struct evidence {
    struct hash sha256;
    struct bytes media_type;
    bool has_size;
    uint64_t size;
    struct bytes block_list; /* HASH_BYTES: the file is an object, and follows; else empty */
    struct bytes name;       /* as it was called, without its folder */
    bool has_path;           /* in a line that is handed in, in no entry: the file is meant */
};
struct report {
    struct bytes key, regency, form, place, description, url, candidate, external_ref;
    int channel; /* index in CHANNEL names */
    bool has_occurred_on, has_occurred_until, has_known_on, has_entered_ms, urgent;
    int32_t occurred_on, occurred_until, known_on; /* days since 1970 */
    struct subject *subjects;
    size_t subject_count;
    struct evidence *evidence;
    size_t evidence_count;
    struct bytes sealed_reporter, entered_by;
    int64_t entered_ms;
    uint8_t salt[SALT_BYTES];
};
struct zero_report {
    struct bytes regency, stated_name, entered_by;
    int32_t from, until;
    int scope; /* index in SCOPE names */
    bool has_entered_ms;
    int64_t entered_ms;
    uint8_t salt[SALT_BYTES];
};
/* What the filer says of an earlier report: its contents are these now, or it does not hold. */
struct amendment {
    struct entry_id target;
    struct report report;
    struct bytes reason, entered_by;
    bool has_entered_ms;
    int64_t entered_ms;
    uint8_t salt[SALT_BYTES];
};
struct withdrawal {
    struct entry_id target;
    struct bytes reason, entered_by;
    bool has_entered_ms;
    int64_t entered_ms;
    uint8_t salt[SALT_BYTES];
};
/* Index 0 is "not given" (NULL); names as in the JSON of DESIGN. */
extern const char
    *const channel_names[]; /* bawaslu citizen inspectorate media lapor referral own_finding */
extern const char *const employment_names[]; /* pns pppk honorer kades village_staff unknown */
extern const char *const scope_names[];      /* all pns pppk honorer village */
#define CHANNEL_COUNT 8
#define EMPLOYMENT_COUNT 7
#define SCOPE_COUNT 6

enum rung_kind {
    RUNG_KIND_STORED = 1,
    RUNG_KIND_VERIFIED = 2,
    RUNG_KIND_SHOWN = 3,
    RUNG_KIND_ACKNOWLEDGED = 4,
    RUNG_KIND_EXECUTED = 5
};
const char *rung_name(enum rung_kind rung);
struct rung {
    struct bytes document, person, note;
    enum rung_kind rung;
    int64_t at_ms;
    uint8_t salt[SALT_BYTES];
};

/* To a question, by a stated name; it takes note of the question as well. */
struct answer {
    struct bytes document, text, stated_name;
    int64_t at_ms;
    uint8_t salt[SALT_BYTES];
};

/* A document that a restored aggregator lost. */
struct returned {
    struct bytes signed_document; /* the office entry's body, as received */
    struct incarnation office;
    uint64_t office_seq;
};

struct officer_signature {
    struct bytes officer; /* id in the ring */
    struct signature signature;
};
struct signed_document {
    struct bytes document; /* the bytes the signatures are over, by way of document_digest */
    struct officer_signature signatures[SIGNATURES_MAX];
    size_t signature_count;
};
enum document_type {
    DOCUMENT_TYPE_RECOMMENDATION = 1,
    DOCUMENT_TYPE_DECISION = 2,
    DOCUMENT_TYPE_ADVISORY = 3,
    DOCUMENT_TYPE_QUESTION = 4
};
const char *document_type_name(enum document_type type);
struct document {
    struct bytes province, id, case_name, addressee, authority, legal_basis, sanction, text;
    struct bytes subject_name, subject_nip, subject_unit, decree_number, catalogue, supersedes,
        form;
    struct bytes decree_scan; /* 32 bytes or empty */
    enum document_type type;
    bool has_case_version, has_decree_date, has_respond_by, has_expires_ms, has_created_ms;
    uint64_t case_version, ring;
    int32_t decree_date, respond_by;
    int64_t expires_ms, created_ms;
    uint8_t salt[SALT_BYTES];
};
struct status {
    struct entry_id report;
    uint32_t subject;
    struct bytes case_short, state, text;
    int64_t at_ms;
};
struct refusal {
    struct entry_id entry;
    struct bytes code, text;
    bool has_subject;
    uint32_t subject;
    int64_t at_ms;
};

/* Names an object of the province to a node. */
enum object_purpose { OBJECT_CATALOGUE = 1, OBJECT_DICTIONARY = 2, OBJECT_FILE = 3 };
const char *object_purpose_name(enum object_purpose purpose);
struct object_note {
    enum object_purpose purpose;
    struct hash hash;
    struct hash block_list;
    uint64_t size;
    bool has_number;
    uint32_t number;
    struct signature signature; /* zeros: none */
    struct bytes name;
};

struct enrolment {
    uint64_t number;
    struct bytes regency, officer;
    struct key curve_key, signing_key;
    struct hash request_hash;
    struct incarnation office;
    bool active;
    int64_t at_ms;
    struct signature signature;
};
struct revocation {
    uint64_t number;
    struct bytes reason, officer;
    int64_t at_ms;
    struct signature signature;
};
enum placement_outcome {
    PLACEMENT_NEW = 1,
    PLACEMENT_MERGED = 2,
    PLACEMENT_REVIEW = 3,
    PLACEMENT_REROUTED = 4
};
const char *placement_outcome_name(enum placement_outcome outcome);
#define PLACEMENT_FIELDS_MAX 8u
#define PLACEMENT_CANDIDATES_MAX 8u
#define PLACEMENT_JOINED_MAX 3u
struct placement {
    uint64_t position; /* journal position of the report */
    uint32_t subject;
    enum placement_outcome outcome;
    struct bytes case_name, rule, matcher;
    struct bytes fields[PLACEMENT_FIELDS_MAX];
    size_t field_count;
    uint32_t score_milli;
    struct bytes candidates[PLACEMENT_CANDIDATES_MAX];
    size_t candidate_count;
    struct bytes joined[PLACEMENT_JOINED_MAX]; /* cases that this report shows to be this one */
    size_t joined_count;
};
#define BARRED_MAX 8u                   /* officers a case may be kept from */
extern const char *const leave_names[]; /* none cltn */
#define LEAVE_COUNT 3
#define SPLIT_PIECES_MAX 16u /* that leave a case in one act */
struct piece {
    struct entry_id report;
    uint32_t subject;
};
struct act {
    struct bytes officer, case_name, entered_by;
    int64_t at_ms;
    bool has_case_version;
    uint64_t case_version;
    enum {
        ACT_PROPOSE = 5,
        ACT_COUNTERSIGN = 6,
        ACT_ADVANCE = 7,
        ACT_ASSIGN = 9,
        ACT_MERGE = 10,
        ACT_SPLIT = 11,
        ACT_PART = 12,
        ACT_WITHDRAW = 13,
        ACT_LOOK = 14
    } type;
    struct signed_document propose;
    struct bytes countersign_document; /* document id */
    struct officer_signature countersign;
    struct bytes advance_state, advance_reason;
    struct bytes assign_officer, assign_authority, assign_reason;
    struct bytes assign_barred[BARRED_MAX];
    size_t assign_barred_count;
    struct bytes withdraw_document, withdraw_reason;
    int assign_leave;                 /* index in leave_names; 0: not said */
    struct bytes other, other_reason; /* the other case of a merge or part; reason of a split too */
    uint64_t other_version;           /* of a merge */
    struct piece pieces[SPLIT_PIECES_MAX];
    size_t piece_count;
    struct bytes look_scope, look_reason;
};
struct rejected {
    uint64_t position;
    struct bytes code, text;
};
struct catalogue_part {
    struct hash hash; /* SHA-256 of the packed catalogue */
    uint32_t number, part, parts;
    struct bytes data, entered_by;
    struct signature signature;      /* the root's */
    struct signature note_signature; /* the root's, of the object note; zeros: none */
    int64_t at_ms;
};

int genesis_decode(struct bytes body, struct arena *arena, struct genesis *ret,
                   struct err_ctx *err) MUST_USE;
int report_decode(struct bytes body, struct arena *arena, struct report *ret,
                  struct err_ctx *err) MUST_USE;
int zero_report_decode(struct bytes body, struct arena *arena, struct zero_report *ret,
                       struct err_ctx *err) MUST_USE;
int amendment_decode(struct bytes body, struct arena *arena, struct amendment *ret,
                     struct err_ctx *err) MUST_USE;
int withdrawal_decode(struct bytes body, struct arena *arena, struct withdrawal *ret,
                      struct err_ctx *err) MUST_USE;
int rung_decode(struct bytes body, struct arena *arena, struct rung *ret,
                struct err_ctx *err) MUST_USE;
int answer_decode(struct bytes body, struct arena *arena, struct answer *ret,
                  struct err_ctx *err) MUST_USE;
int returned_decode(struct bytes body, struct arena *arena, struct returned *ret,
                    struct err_ctx *err) MUST_USE;
int signed_document_decode(struct bytes body, struct arena *arena, struct signed_document *ret,
                           struct err_ctx *err) MUST_USE;
int document_decode(struct bytes body, struct arena *arena, struct document *ret,
                    struct err_ctx *err) MUST_USE;
int status_decode(struct bytes body, struct arena *arena, struct status *ret,
                  struct err_ctx *err) MUST_USE;
int refusal_decode(struct bytes body, struct arena *arena, struct refusal *ret,
                   struct err_ctx *err) MUST_USE;
int object_note_decode(struct bytes body, struct arena *arena, struct object_note *ret,
                       struct err_ctx *err) MUST_USE;
int enrolment_decode(struct bytes body, struct arena *arena, struct enrolment *ret,
                     struct err_ctx *err) MUST_USE;
int revocation_decode(struct bytes body, struct arena *arena, struct revocation *ret,
                      struct err_ctx *err) MUST_USE;
int placement_decode(struct bytes body, struct arena *arena, struct placement *ret,
                     struct err_ctx *err) MUST_USE;
int act_decode(struct bytes body, struct arena *arena, struct act *ret,
               struct err_ctx *err) MUST_USE;
int catalogue_part_decode(struct bytes body, struct arena *arena, struct catalogue_part *ret,
                          struct err_ctx *err) MUST_USE;
int rejected_decode(struct bytes body, struct arena *arena, struct rejected *ret,
                    struct err_ctx *err) MUST_USE;

/* Encoders write into `ret` (capacity_max bytes there) and set *ret_len; ERR_LIMIT if it does not
 * fit or a field is over its limit. The struct's contents are borrowed. */
#define ENTRY_ENCODER(type)                                                                        \
    int type##_encode(const struct type *value, uint8_t *ret, size_t capacity_max,                 \
                      size_t *ret_len, struct err_ctx *err) MUST_USE
ENTRY_ENCODER(genesis);
ENTRY_ENCODER(report);
ENTRY_ENCODER(zero_report);
ENTRY_ENCODER(amendment);
ENTRY_ENCODER(withdrawal);
ENTRY_ENCODER(rung);
ENTRY_ENCODER(answer);
ENTRY_ENCODER(returned);
ENTRY_ENCODER(signed_document);
ENTRY_ENCODER(document);
ENTRY_ENCODER(status);
ENTRY_ENCODER(refusal);
ENTRY_ENCODER(object_note);
ENTRY_ENCODER(enrolment);
ENTRY_ENCODER(revocation);
ENTRY_ENCODER(placement);
ENTRY_ENCODER(act);
ENTRY_ENCODER(rejected);
ENTRY_ENCODER(catalogue_part);

#endif
