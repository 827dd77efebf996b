/* fold.h - one journal entry in, changes of the views and office entries out.
 *
 * Everything about contents is judged here, after the entry is durable: a refusal is an answer
 * (an office entry to the node), never a reason to lose the entry. Deterministic: a rebuild over
 * the same journal gives the same views. Placements of entries that were applied before are handed
 * in (they stand in the journal) and never matched again.
 *
 * Counting once (ADR 7): a statement stands in several logs of a line when a node goes on under
 * another incarnation. The first entry of one canonical identity, kind and b counts; the others
 * leave a VIEW_COPIED record and nothing else, no refusal and no status either. Two statements
 * under one identity both count, and leave an alarm.
 *
 * A refused entry leaves one record (VIEW_REFUSED), a REFUSAL for its node, and for a report a
 * VIEW_REPORTS record that says so; it changes nothing else, but that a rung is kept for
 * the document that may yet be handed back. Entries of unknown kinds are kept and applied by
 * nobody yet. What amendments and withdrawals of reports do: fold_amend.c.
 */
#ifndef CORE_CASES_FOLD_H
#define CORE_CASES_FOLD_H

#include "core/cases/matcher.h"
#include "core/rules/trust.h"

struct fold_config {
    struct bytes province;
    struct key root_key;        /* rings are verified under it */
    uint8_t document_suffix[2]; /* last two bytes of the aggregator incarnation: "-7f3a" */
};

/* An entry of a node's log by its identity: where it stands in the journal, its kind and b.
 * ERR_NOT_FOUND; other errors are of storage. */
struct fold_lookup {
    void *arg;
    int (*entry)(void *arg, const struct entry_id *id, uint64_t *ret_position, uint16_t *ret_kind,
                 struct hash *ret_b);
    /* Its body, in the arena. ERR_NOT_FOUND also when it was erased. */
    int (*body)(void *arg, const struct entry_id *id, struct arena *arena, uint16_t *ret_kind,
                struct bytes *ret);
};

struct fold_input {
    uint64_t position;
    struct entry_id id;
    uint16_t kind;
    bool erased;
    struct bytes body;
    struct hash b;             /* of the body, also when it is erased */
    struct fold_lookup lookup; /* asked for copies and where a case is read again; what stands later
                                * does not count */
    bool own;                  /* the aggregator's own log */
    struct bytes owner;        /* regency the log belongs to; empty when own */
    uint64_t enrolment;        /* 0 when own */
    int64_t received_ms;
    bool has_clock; /* what its session said of the node's clock: minus ours, in seconds */
    int32_t clock_s;
    const struct placement *recorded; /* by subject, when already in the journal; else NULL */
    size_t recorded_count;
};

/* An entry for the office log of whoever serves `regency` (or of enrolment `enrolment` when not 0).
 */
struct fold_office {
    char regency[8];
    uint64_t enrolment;
    uint16_t kind;
    struct bytes body; /* in the arena */
};
struct fold_output {
    struct placement placements[SUBJECTS_MAX]; /* to append to the own log, unless recorded */
    size_t placement_count;
    struct fold_office *office; /* in the arena */
    size_t office_count;
    /* The entry says what the one at this position said, and has no effect; 0: it counts. */
    uint64_t same_as;
    bool alarm; /* it contradicts what was known: a VIEW_ALARMS record says how */
    /* The answer to an officer's act or to a report; code 0: accepted. The text is UTF-8 and names
     * the rule; for an accepted act it says what happened. */
    int code;
    char text[256];
    char document_id[DOCUMENT_ID_BYTES_MAX + 1];
};

/* Errors are only of storage or memory (ERR_NOMEM: the arena is too small; PARSE_ARENA_BYTES is
 * enough for any report and for an enrolment with some hundred unfinished documents); contents that
 * are refused give 0 with ret->code set. After an error the changes so far must be dropped.
 *
 * Acts: a PROPOSE must carry the case version it was drafted at; a COUNTERSIGN may, and is checked
 * against the document's own where it does not. Proposing does not raise the version: the second
 * officer signs the case the first one saw, or neither does. An ADVANCE never leads to recommended
 * or decided: only issued documents do. Advisories and questions need no case and are issued by
 * their one signature; they are for one regency each.
 * Office entries of a regency go to its newest active enrolment, the one of the highest number. */
int fold_entry(const struct fold_config *config, const struct views *views,
               const struct fold_input *input, struct arena *arena, struct fold_output *ret,
               struct err_ctx *err) MUST_USE;

/* In place of fold_entry, for an entry that it cannot take (it gave an error, or ended the
 * process): leaves what a refused entry leaves, with this code and text, and does not look at the
 * body. */
int fold_passed(const struct views *views, const struct fold_input *input, struct bytes code,
                struct bytes text, struct arena *arena, struct fold_output *ret,
                struct err_ctx *err) MUST_USE;

/* Drafting, for the door: fills the document's case fields, id, ring number, addressee and
 * catalogue from the views, or says why it cannot be. Changes nothing, so two drafts with no
 * proposal between them have one id, and the second proposal is refused. `wanted` has type,
 * authority, sanction, texts, decree fields set by the officer. Checks: case exists, state allows,
 * decision: all four decree fields; recommendation: authority and respond_by; form and sanction
 * known; decree_date not after, a recommendation's respond_by not before the day of now_ms in WIB.
 * The acts of signed documents are not held against sanctions and days again. The id is
 * "16-2024-000123-7f3a": province, year of now_ms, next number, suffix. case_name NULL: an
 * advisory or question about no case, for the regency wanted->addressee. ERR_NOT_FOUND, ERR_STATE,
 * ERR_VALUE (contents), or storage and memory. */
int fold_draft(const struct fold_config *config, const struct views *views,
               const struct case_name *case_name, const struct document *wanted, int64_t now_ms,
               const uint8_t salt[SALT_BYTES], struct arena *arena, struct bytes *ret_document,
               uint64_t *ret_case_version, struct err_ctx *err) MUST_USE;

#endif
