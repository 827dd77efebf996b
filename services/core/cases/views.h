/* views.h - the records that are computed from the journal, and how the fold reaches them.
 *
 * The fold names keys and gets values through `struct views`, and puts changes the same way; the
 * driver (LMDB now) makes all changes of a batch and the position they reach one transaction. The
 * values are our own fixed encodings, versioned by VIEWS_FORMAT: another format means rebuild.
 */
#ifndef CORE_CASES_VIEWS_H
#define CORE_CASES_VIEWS_H

#include "core/cases/case_state.h"
#include "core/wire/entry.h"

#define VIEWS_FORMAT 16u

enum view_table {
    VIEW_META, /* "position" and "journal" are the driver's; "ring" → signed ring; "case_number"
                * and "document_number" → u64, the last one given; "restored" → incarnation of
                * our own log since the last restore; "catalogue" → number 4 ‖ SHA-256 32 ‖ packed;
                * "cases_joined" → u64, how many went up in others; "catalogue_parts" → SHA-256 32 ‖
                * parts so far 4 ‖ their bytes */
    VIEW_REPORTS,      /* inc 16 ‖ seq 8 → struct report_view */
    VIEW_REPORT_KEYS,  /* regency ‖ 0 ‖ key → inc ‖ seq: one (regency, key) counts once */
    VIEW_PLACEMENTS,   /* inc ‖ seq ‖ subject 4 → the placement, as its entry's body */
    VIEW_CASES,        /* case name 28 → struct case_view */
    VIEW_CASE_REPORTS, /* case name ‖ position 8 ‖ subject 4 → why it is there */
    VIEW_CASE_KEYS, /* key 16 → (case name ‖ letters 4 ‖ name)…, newest first: matcher.h */
    VIEW_CASE_NUMBERS, /* number 8 → case name */
    VIEW_DOCUMENTS,    /* document id → struct document_view */
    VIEW_RUNGS,        /* id ‖ 0 ‖ position 8 → struct rung_view */
    VIEW_ADDRESSEES, /* regency ‖ 0 ‖ document id → nothing: unfinished documents of a regency;
                      * of the province: what all its nodes get */
    VIEW_ZEROS, /* regency ‖ 0 ‖ from 4 ‖ until 4 ‖ scope 1 ‖ position 8 → stated name, time */
    VIEW_REFUSED, /* position → identity, code, text */
    VIEW_NODES,   /* regency ‖ 0 ‖ enrolment 8 → struct node_view */
    VIEW_LINES, /* inc 16 → struct line_view: logs that go on from another, or are gone on from */
    VIEW_COPIES, /* canonical inc ‖ seq ‖ kind 2 ‖ b 32 → struct copy_view: who counted */
    VIEW_SAID, /* regency ‖ 0 ‖ kind 2 ‖ b 32 → struct copy_view: statements that counted in logs
                * of a line, whatever they are called there */
    VIEW_COPIED,  /* position → struct copied_view: entries that were counted before */
    VIEW_ALARMS,  /* position → struct refused_view: what contradicts what was known */
    VIEW_AWAITED, /* case name ‖ document id → nothing: documents whose case is not here yet */
    VIEW_SUPERSEDED,  /* document id → id of the one that replaced it before it was known */
    VIEW_HELD,        /* position → struct held_view: documents made under a later key ring */
    VIEW_RUNGS_EARLY, /* as VIEW_RUNGS, of documents that are not known, or only proposed */
    VIEW_PERSONS,     /* nip ‖ 0 ‖ case name → nothing: cases of one number */
    VIEW_FILED, /* regency ‖ 0 ‖ day 4 ‖ position 8 → struct filed_view: reports that a regency
                 * filed, or that are about somebody it employs, by the day of the act */
    VIEW_ANSWERS, /* as VIEW_RUNGS, the note is the answer; also of questions not known yet */
    VIEW_MERGED,  /* case name → name of the case it went up in ‖ its own number 8 */
    VIEW_PARTED, /* case name ‖ case name → position 8: an officer said that they are not the same;
                  * stands in both orders */
    VIEW_FILES, /* regency ‖ 0 ‖ (position × EVIDENCE_MAX + index) 8 → struct file_view: files that
                 * reports name and their nodes have */
    VIEW_TABLE_COUNT
};
extern const char *const view_table_names[VIEW_TABLE_COUNT];

/* The shell's driver. get: 0 or ERR_NOT_FOUND or a storage error; the value is valid until the
 * next put or delete. next: first key > `after` that begins with `prefix` (empty `after`: the
 * first), for scans. */
struct views {
    void *arg;
    int (*get)(void *arg, enum view_table table, struct bytes key, struct bytes *ret);
    void (*put)(void *arg, enum view_table table, struct bytes key, struct bytes value);
    void (*del)(void *arg, enum view_table table, struct bytes key);
    int (*next)(void *arg, enum view_table table, struct bytes prefix, struct bytes after,
                struct bytes *ret_key, struct bytes *ret_value);
};

#define VIEW_KEY_BYTES_MAX 400u /* of any table; LMDB takes 511 */

/* Keys of more than one part: writes at most VIEW_KEY_BYTES_MAX, ASSERTs that it fits. */
struct view_key {
    uint8_t b[VIEW_KEY_BYTES_MAX];
    size_t len;
};
void view_key_init(struct view_key *key, struct bytes first);
void view_key_zero(struct view_key *key); /* the 0 that ends a text */
void view_key_part(struct view_key *key, struct bytes part);
void view_key_u32(struct view_key *key, uint32_t value);
void view_key_u64(struct view_key *key, uint64_t value);
struct bytes view_key_bytes(const struct view_key *key);

#define CASE_NAME_BYTES 28u    /* incarnation 16 ‖ seq 8 ‖ subject 4 of its first report */
#define CASE_TEXT_CAPACITY 96u /* "32 hex-seq-subject" and a NUL */
#define DOCUMENT_ID_BYTES_MAX 48u

struct case_name {
    uint8_t b[CASE_NAME_BYTES];
};
void case_name_of(const struct entry_id *id, uint32_t subject, struct case_name *ret);
char *case_name_text(const struct case_name *name, char ret[CASE_TEXT_CAPACITY]);
bool case_name_parse(struct bytes text, struct case_name *ret);
/* "16-000123", for officers. */
#define CASE_SHORT_CAPACITY 32u
char *case_short_text(struct bytes province, uint64_t number, char ret[CASE_SHORT_CAPACITY]);
bool case_short_parse(struct bytes text, struct bytes province, uint64_t *ret_number);

/* How far a case has come, which `closed` and `left_service` do not say any more. */
enum { CASE_REACHED_PROVEN = 1, CASE_REACHED_DECIDED = 2, CASE_REACHED_EXECUTED = 4 };

struct case_view {
    uint64_t number;  /* officers' short form: "16-000123" */
    uint64_t version; /* from 1; rises with each report that joins and each change of state: what
                       * an officer saw. A proposal changes nothing yet, so it does not raise it */
    enum case_state state;
    struct bytes regency;                              /* employing regency: where documents go */
    struct bytes filed_by;                             /* regency of the first report */
    struct bytes name, nip, nik, unit, position, form; /* of the first report that gives them */
    struct bytes match; /* what it is recognised by: match_traits.h */
    struct bytes link;  /* 16 bytes of hash of its canonical link; empty: none yet */
    int employment;
    bool has_occurred_on;
    int32_t occurred_on;
    uint64_t report_count;    /* placements that point here */
    uint64_t withdrawn_count; /* of them: those that do not hold any more */
    uint64_t filer_versions;  /* of the versions: those that amendments and withdrawals made, and
                               * two for each report that one of them led away */
    bool needs_review;        /* opened by `review` */
    uint64_t opened_position;
    int64_t opened_ms; /* arrival of its first report */
    int64_t since_ms;  /* when it came into its state; 0: when it was opened */
    struct bytes assigned, authority, barred; /* officer; who decides instead; "tono|wati" */
    int leave;                                /* index in leave_names */
    uint8_t reached; /* CASE_REACHED_…: what holds of it now, kept by fold_case_put */
};
enum report_state {
    REPORT_APPLIED,
    REPORT_REFUSED,
    REPORT_REPEATED_KEY,
    REPORT_COPY, /* counted before, see VIEW_COPIED */
    REPORT_WITHDRAWN,
    REPORT_STATE_COUNT
};
struct report_view {
    uint64_t position;
    struct bytes regency; /* filing */
    uint32_t subject_count;
    int64_t received_ms;
    enum report_state state;
    /* The entry whose contents hold: the newest amendment. Of a copy: the one that counted. Zeros:
     * its own. */
    struct entry_id contents;
    struct entry_id withdrawal; /* zeros: it is not withdrawn */
    uint32_t amendments;
    int64_t changed_ms; /* when the newest of these came; 0: none did */
};
struct case_report_view {
    struct entry_id id;
    uint32_t subject;
    enum placement_outcome outcome;
    uint32_t score_milli;
    struct bytes rule;
    bool withdrawn; /* with its report, or this subject by an amendment: shown, and not counted */
};
struct document_view {
    enum document_state state;
    enum document_type type;
    struct case_name case_name; /* zero for advisories; as signed while it is awaited */
    struct bytes addressee;
    uint64_t position; /* of the proposal */
    int64_t proposed_ms, issued_ms;
    int64_t expires_ms;           /* INT64_MAX: never */
    bool returned;                /* handed back by its node: when it was issued is not known */
    uint8_t rungs;                /* bit (1 << rung_kind) */
    struct bytes signed_document; /* encoded, with the signatures so far */
    struct bytes superseded_by;   /* document id; empty: none */
    struct bytes withdrawn_by, withdrawn_why; /* officer and reason, of a proposal */
};
struct rung_view {
    enum rung_kind rung;
    struct bytes regency, person, note;
    int64_t at_ms, received_ms;
};
/* When a statement was made and when it came. */
struct arrival {
    bool has_entered_ms, has_clock;
    int64_t entered_ms; /* by the node's clock */
    int64_t received_ms;
    int32_t clock_s; /* the node's clock minus ours, in the session that brought it */
};
struct zero_view {
    struct entry_id id;
    struct bytes stated_name;
    struct arrival arrival;
};
enum { FILED_HERE = 1, FILED_ABOUT = 2 }; /* filed by the regency; about one of its employees */
struct filed_view {
    struct entry_id id;
    uint8_t how;     /* FILED_… */
    uint8_t classes; /* bit (1 << index of employment_names) of each subject it stands here for */
    struct arrival arrival;
};
struct refused_view {
    struct entry_id id; /* zeros: only the position is known (an entry that ended the applier) */
    struct bytes code, text;
};
struct node_view {
    enum { NODE_PENDING, NODE_ACTIVE, NODE_REVOKED } state; /* pending: card made */
    uint64_t number;
    struct bytes regency;
    struct key curve_key, signing_key;
    struct incarnation office;
    int64_t at_ms; /* of the entry that gave it this state */
};
/* Which log this one goes on from (zero: none), how many of its entries are copies, and from which
 * seq on its own entries may have come as copies (0: no log goes on from it). */
struct line_view {
    struct entry_id predecessor;
    uint64_t copies;
    uint64_t copied_from;
};
struct copy_view {
    uint64_t position;
    struct entry_id id; /* as it came */
};
struct copied_view {
    struct entry_id canonical;
    uint64_t position; /* of the entry that counted */
};
struct held_view {
    struct entry_id id;
    uint64_t enrolment;
    int64_t received_ms;
    struct bytes owner, body;
};

static inline bool entry_id_is_zero(const struct entry_id *id)
{
    return id->seq == 0;
}
/* Reports of a case that hold. */
static inline uint64_t case_live(const struct case_view *view)
{
    return view->report_count - view->withdrawn_count;
}

/* What a name means now: the case that holds its report. 0 also when there is none. The arena is as
 * it was. */
int views_lead(const struct views *views, struct arena *arena, struct case_name *name) MUST_USE;

#define CASE_BARRED_BYTES_MAX 512u
#define CASE_VIEW_BYTES_MAX 7008u
#define DOCUMENT_VIEW_BYTES_MAX (ENTRY_BYTES_MAX + TEXT_BYTES_MAX + 1024u)
#define REFUSED_VIEW_BYTES_MAX (TEXT_BYTES_MAX + 512u)
#define SMALL_VIEW_BYTES_MAX 1024u /* of reports, case reports, zeros, nodes, lines, copies */
#define HELD_VIEW_BYTES_MAX (ENTRY_BYTES_MAX + 64u)
#define RUNG_VIEW_BYTES_MAX (TEXT_BYTES_MAX + 1024u)

/* Encodings: encode returns the length (ASSERTs that it fits capacity_max), decode ERR_FORMAT.
 * Texts are borrowed from the value. */
size_t case_view_encode(const struct case_view *view, uint8_t *ret, size_t capacity_max);
int case_view_decode(struct bytes value, struct case_view *ret) MUST_USE;
size_t report_view_encode(const struct report_view *view, uint8_t *ret, size_t capacity_max);
int report_view_decode(struct bytes value, struct report_view *ret) MUST_USE;
size_t case_report_view_encode(const struct case_report_view *view, uint8_t *ret,
                               size_t capacity_max);
int case_report_view_decode(struct bytes value, struct case_report_view *ret) MUST_USE;
size_t document_view_encode(const struct document_view *view, uint8_t *ret, size_t capacity_max);
int document_view_decode(struct bytes value, struct document_view *ret) MUST_USE;
size_t rung_view_encode(const struct rung_view *view, uint8_t *ret, size_t capacity_max);
int rung_view_decode(struct bytes value, struct rung_view *ret) MUST_USE;
size_t zero_view_encode(const struct zero_view *view, uint8_t *ret, size_t capacity_max);
int zero_view_decode(struct bytes value, struct zero_view *ret) MUST_USE;
size_t filed_view_encode(const struct filed_view *view, uint8_t *ret, size_t capacity_max);
int filed_view_decode(struct bytes value, struct filed_view *ret) MUST_USE;
size_t refused_view_encode(const struct refused_view *view, uint8_t *ret, size_t capacity_max);
int refused_view_decode(struct bytes value, struct refused_view *ret) MUST_USE;
size_t node_view_encode(const struct node_view *view, uint8_t *ret, size_t capacity_max);
int node_view_decode(struct bytes value, struct node_view *ret) MUST_USE;
size_t line_view_encode(const struct line_view *view, uint8_t *ret, size_t capacity_max);
int line_view_decode(struct bytes value, struct line_view *ret) MUST_USE;
size_t copy_view_encode(const struct copy_view *view, uint8_t *ret, size_t capacity_max);
int copy_view_decode(struct bytes value, struct copy_view *ret) MUST_USE;
size_t copied_view_encode(const struct copied_view *view, uint8_t *ret, size_t capacity_max);
int copied_view_decode(struct bytes value, struct copied_view *ret) MUST_USE;
/* A file of a report, in the order the reports came. */
struct file_view {
    struct hash sha256, list;
    uint64_t size;
};
size_t file_view_encode(const struct file_view *view, uint8_t *ret, size_t capacity_max);
int file_view_decode(struct bytes value, struct file_view *ret) MUST_USE;
size_t held_view_encode(const struct held_view *view, uint8_t *ret, size_t capacity_max);
int held_view_decode(struct bytes value, struct held_view *ret) MUST_USE;

#endif
