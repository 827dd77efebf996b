/* fold_parts.h - what the files of the fold share. Private to core/cases.
 *
 * A handler returns FOLD_DONE, FOLD_REFUSED (by way of fold_refuse, before its first change), or a
 * negative code of storage or memory.
 */
#ifndef CORE_CASES_FOLD_PARTS_H
#define CORE_CASES_FOLD_PARTS_H

#include "core/cases/fold.h"

#include <string.h>

enum { FOLD_DONE = 0, FOLD_REFUSED = 1 };

/* For %.*s: texts of decoded messages carry no NUL. */
#define SHOWN(text) (int)(text).len, (const char *)(text).data

struct fold {
    const struct fold_config *config;
    const struct views *views;
    const struct fold_input *input;
    struct arena *arena;
    struct fold_output *ret;
    struct entry_id identity; /* what the statement is called, see lineage.h */
    /* The report at hand: the entry, or the one that it amends or withdraws. */
    struct entry_id report;
    uint64_t report_position;
    int64_t report_ms;
    size_t office_capacity;
};

/* ---- answers ---- */
int fold_refuse(struct fold *fold, int code, const char *format, ...) MUST_USE
    __attribute__((format(printf, 3, 4)));
#ifdef KABAR_ANALYSED
#define fold_refuse(...) ((void)(fold_refuse)(__VA_ARGS__), FOLD_REFUSED)
#endif
/* A failed decode or check of contents: refused with its text; memory and storage go through. */
int fold_refuse_for(struct fold *fold, int code, const struct err_ctx *why) MUST_USE;
void fold_say(struct fold *fold, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One an entry: what contradicts what was known, for people to look into. */
void fold_alarm(struct fold *fold, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int fold_office_add(struct fold *fold, struct bytes regency, uint64_t enrolment, uint16_t kind,
                    struct bytes body) MUST_USE;
int fold_status(struct fold *fold, const struct status *value, struct bytes regency,
                uint64_t enrolment) MUST_USE;

/* ---- views: values are copied into the arena, so that they outlive the next change ---- */
int fold_get(struct fold *fold, enum view_table table, struct bytes key,
             struct bytes *ret) MUST_USE;
int fold_next(struct fold *fold, enum view_table table, struct bytes prefix, struct bytes after,
              struct bytes *ret_key, struct bytes *ret_value) MUST_USE;
void fold_put(struct fold *fold, enum view_table table, struct bytes key, struct bytes value);
int fold_counter(struct fold *fold, const char *name, uint64_t *ret) MUST_USE;
void fold_counter_put(struct fold *fold, const char *name, uint64_t value);

int fold_case_get(struct fold *fold, const struct case_name *name, struct case_view *ret) MUST_USE;
/* With `reached` as the state makes it. */
void fold_case_put(struct fold *fold, const struct case_name *name, const struct case_view *view);
/* A decision was carried out. */
int fold_case_executed(struct fold *fold, const struct document_view *document) MUST_USE;
int fold_document_get(struct fold *fold, struct bytes id, struct document_view *ret) MUST_USE;
int fold_document_put(struct fold *fold, struct bytes id,
                      const struct document_view *view) MUST_USE;
void fold_position_key(const struct fold *fold, struct view_key *ret);
void fold_addressee_key(struct bytes regency, struct bytes document_id, struct view_key *ret);

/* ---- what a case is made of: fold_contents.c ---- */
struct case_room { /* for texts of a case_view that are made, not read */
    uint8_t link[MATCH_LINK_BYTES], match[TRAITS_BYTES_MAX];
};
/* What a report knows joins what the case knows. */
int fold_case_take(struct case_view *view, const struct report *report, uint32_t subject,
                   const struct traits *traits, struct case_room *room) MUST_USE;
int fold_report_get(struct fold *fold, const struct entry_id *id, struct report_view *ret) MUST_USE;
/* What this entry, a report or an amendment, says. ERR_NOT_FOUND: it was erased. */
int fold_body(struct fold *fold, const struct entry_id *id, struct report *ret) MUST_USE;
/* What a report says now. */
int fold_contents(struct fold *fold, const struct entry_id *id, struct report *ret) MUST_USE;
struct case_row {
    uint64_t position;
    struct case_report_view view;
};
int fold_row_get(struct fold *fold, const struct case_name *name, uint64_t position,
                 uint32_t subject, struct case_report_view *ret) MUST_USE;
/* after: begins empty. ERR_NOT_FOUND: there are no more. */
int fold_row_next(struct fold *fold, const struct case_name *name, struct view_key *after,
                  struct case_row *ret) MUST_USE;
void fold_row_put(struct fold *fold, const struct case_name *name, const struct case_row *row);
void fold_row_drop(struct fold *fold, const struct case_name *name, const struct case_row *row);
/* To another case, by an officer's word; its placement says so. */
int fold_row_move(struct fold *fold, const struct case_name *from, const struct case_name *to,
                  const struct case_row *row, const char *rule,
                  enum placement_outcome outcome) MUST_USE;
/* Everything that is known from the reports that hold, gathered again; keys: and found by it. The
 * view is changed, not put. */
int fold_case_again(struct fold *fold, const struct case_name *name, bool keys,
                    struct case_view *view) MUST_USE;
/* Whose case it is, by the employing regency: those of other provinces are looked for among their
 * like only. */
struct bytes fold_province_of(const struct fold *fold, struct bytes employing);
/* Its blocks hold the case in front. */
int fold_keys_put(struct fold *fold, const struct report *report, uint32_t subject,
                  const struct traits *traits, const struct case_name *name) MUST_USE;
void fold_person_drop(struct fold *fold, struct bytes nip, const struct case_name *name);
/* The case's number is found by its name. */
int fold_number_next(struct fold *fold, const struct case_name *name, uint64_t *ret) MUST_USE;

/* ---- trust and places ---- */
/* The current ring; FOLD_REFUSED when there is none yet. */
int fold_ring(struct fold *fold, struct ring **ret) MUST_USE;
/* Whether this officer's key may sign something new. */
int fold_signs_now(struct fold *fold, const struct ring *ring, struct bytes officer) MUST_USE;
/* The active enrolment with the highest number, 0 when there is none. */
int fold_newest(struct fold *fold, struct bytes regency, uint64_t *ret) MUST_USE;
/* An office entry for every active node. */
int fold_office_all(struct fold *fold, uint16_t kind, struct bytes body) MUST_USE;
bool fold_in_province(const struct fold *fold, struct bytes regency);
/* An advisory to the province is one to all its nodes. */
bool fold_to_all(const struct fold *fold, enum document_type type, struct bytes addressee);
/* Whether this regency's node gets what is for this addressee. */
bool fold_addressed(const struct fold *fold, enum document_type type, struct bytes addressee,
                    struct bytes regency);
/* Whether a document about no case may have this addressee. */
bool fold_may_address(const struct fold *fold, enum document_type type, struct bytes addressee);
/* To the newest box of every regency but this enrolment; how many got it. */
int fold_send_to_all(struct fold *fold, struct bytes signed_document, uint64_t but,
                     size_t *ret_count) MUST_USE;
/* Which state an issued document brings its case to; false for advisories and questions. */
bool fold_target_state(enum document_type type, enum case_state *ret);

/* ---- before any handler ---- */
/* Whether a node's entry counts: not, when its statement was made before. Names it. */
int fold_once(struct fold *fold, bool *ret_counts) MUST_USE;

/* ---- handlers, one a kind ---- */
int fold_genesis(struct fold *fold) MUST_USE;
int fold_report(struct fold *fold) MUST_USE;
/* The report's record, when it does not count; counted: the one that does, or NULL. */
void fold_report_state(struct fold *fold, enum report_state state, const struct entry_id *counted);
int fold_returned(struct fold *fold) MUST_USE;
/* Documents made under a key ring that only now holds. */
int fold_returned_held(struct fold *fold) MUST_USE;
/* A subject of the report at hand joined this case: documents that awaited it find it. */
int fold_returned_attach(struct fold *fold, uint32_t subject,
                         const struct case_name *name) MUST_USE;
/* What a refused entry leaves behind. */
int fold_refused(struct fold *fold, struct bytes code, struct bytes text) MUST_USE;
/* fold_join.c: the cases the placement names go up in its own, reports, traits and all. */
int fold_join(struct fold *fold, const struct placement *placement,
              const struct case_name *into) MUST_USE;
int fold_zero(struct fold *fold) MUST_USE;

/* ---- between fold_report.c and fold_amend.c, about the report at hand ---- */
void fold_report_put(struct fold *fold, const struct report_view *view);
int fold_key_seen(struct fold *fold, const struct report *report, struct view_key *key,
                  bool *ret_seen) MUST_USE;
/* It has not counted so far. */
int fold_report_counts(struct fold *fold, const struct report *report,
                       const struct view_key *key) MUST_USE;
/* The placement that stands in the journal for this entry, or NULL. */
const struct placement *fold_recorded(const struct fold *fold, uint32_t subject);
/* Where a subject belongs: as recorded, else by the matcher. */
int fold_place(struct fold *fold, const struct report *report, uint32_t subject,
               struct placement *ret) MUST_USE;
int fold_placement_put(struct fold *fold, const struct placement *placement) MUST_USE;
int fold_subject_join(struct fold *fold, const struct report *report,
                      const struct placement *placement) MUST_USE;
/* Both, for one that has no case yet. */
int fold_subject_new(struct fold *fold, const struct report *report, uint32_t subject) MUST_USE;
/* With what is surely the same act of the same person, else by itself: the rest is not this
 * province's to find out. */
int fold_place_elsewhere(struct fold *fold, const struct report *report, uint32_t subject,
                         struct placement *ret) MUST_USE;
int fold_rerouted_status(struct fold *fold, const struct report *report, uint32_t subject,
                         const struct case_view *view) MUST_USE;
/* What was withdrawn as a whole has a report again. The view is changed, not put. */
void fold_case_revived(struct fold *fold, struct case_view *view);
int fold_amendment(struct fold *fold) MUST_USE;
int fold_withdrawal(struct fold *fold) MUST_USE;
/* fold_filed.c: by which days and regencies a report is found. */
struct arrival fold_arrival(const struct fold *fold, bool has_entered_ms, int64_t entered_ms);
void fold_filed(struct fold *fold, const struct report *report, const struct arrival *arrival);
/* Not by those any more; *ret: when it came. */
int fold_filed_drop(struct fold *fold, const struct report *report, struct arrival *ret) MUST_USE;
int fold_rung(struct fold *fold) MUST_USE;
int fold_answer(struct fold *fold) MUST_USE;
int fold_ring_entry(struct fold *fold) MUST_USE;
int fold_enrolment(struct fold *fold) MUST_USE;
int fold_revocation(struct fold *fold) MUST_USE;
int fold_rejected(struct fold *fold) MUST_USE;
int fold_catalogue_part(struct fold *fold) MUST_USE;
/* To a node that begins: which catalogue holds, if the province was given one. */
int fold_catalogue_tell(struct fold *fold, const struct node_view *node) MUST_USE;
/* report_check and zero_report_check by the codes that are known: those built in, and those of
 * every catalogue that held. Else refused; field: before its name. */
int fold_report_check(struct fold *fold, const struct report *report,
                      const char *before_field) MUST_USE;
int fold_zero_check(struct fold *fold, const struct zero_report *zero) MUST_USE;
int fold_act(struct fold *fold) MUST_USE;
/* What every act on a case asks: a key that signs now, the case as it was seen, and nobody who is
 * kept from it. */
int fold_act_on_case(struct fold *fold, const struct act *act, const struct ring *ring,
                     struct case_name *ret_name, struct case_view *ret) MUST_USE;
static inline bool case_name_same(const struct case_name *a, const struct case_name *b)
{
    return memcmp(a->b, b->b, CASE_NAME_BYTES) == 0;
}
/* Nothing joins it and nothing leaves it any more. */
static inline bool case_over(enum case_state state)
{
    return state == CASE_CLOSED || state == CASE_REJECTED || state == CASE_REROUTED;
}
/* An officer said that these are not the same. */
void fold_parted_put(struct fold *fold, const struct case_name *a, const struct case_name *b);
/* Whether there is still a candidate that nobody has judged. The view is changed, not put. */
int fold_review_again(struct fold *fold, const struct case_name *name,
                      struct case_view *view) MUST_USE;
int fold_merge(struct fold *fold, const struct act *act, const struct ring *ring) MUST_USE;
int fold_split(struct fold *fold, const struct act *act, const struct ring *ring) MUST_USE;
int fold_part(struct fold *fold, const struct act *act, const struct ring *ring) MUST_USE;
int fold_propose(struct fold *fold, const struct act *act, const struct ring *ring) MUST_USE;
int fold_countersign(struct fold *fold, const struct act *act, const struct ring *ring) MUST_USE;
/* A proposal that is not to be signed any more. */
int fold_withdraw(struct fold *fold, const struct act *act, const struct ring *ring) MUST_USE;
/* D2: what expired is signed, acknowledged, answered and executed no more. */
bool fold_expired(const struct document_view *view, int64_t at_ms);
/* The document that an act is about: into the answer. */
void fold_answer_id(struct fold *fold, struct bytes id);
/* What this document replaces, when it says so; refused (D5) when it may not. */
int fold_superseded(struct fold *fold, const struct document *document, bool *ret) MUST_USE;
/* The one it replaces is over. */
int fold_supersede(struct fold *fold, const struct document *document) MUST_USE;
/* Whether a rung of this kind or a higher one came from this regency. */
int fold_has_rung(struct fold *fold, struct bytes id, struct bytes regency, enum rung_kind rung,
                  bool *ret) MUST_USE;
/* Enough signatures: moves the document and its case, and sends what is to be sent. */
int fold_issue(struct fold *fold, const struct document *document, struct document_view *view,
               int64_t at_ms) MUST_USE;
/* To whoever filed a report of the document's case: what the case is now. */
int fold_tell_filers(struct fold *fold, const struct document_view *view,
                     const struct case_view *case_view, int64_t at_ms) MUST_USE;
/* The same in these words: without personal data. */
int fold_tell(struct fold *fold, const struct case_name *name, const struct case_view *case_view,
              const char *text, int64_t at_ms) MUST_USE;
/* Whether this officer is kept from the case: R10. */
int fold_not_barred(struct fold *fold, const struct case_view *view, struct bytes officer) MUST_USE;
/* Whether the authority named is the accused: R11. */
int fold_authority_free(struct fold *fold, struct bytes authority,
                        const struct case_view *view) MUST_USE;
/* The document is finished: a new box does not get it. */
void fold_unfinished_drop(struct fold *fold, struct bytes regency, struct bytes id);
int fold_rung_put(struct fold *fold, enum view_table table, uint64_t position,
                  const struct bytes *document, const struct rung_view *view) MUST_USE;
/* The number in an id like 16-2024-000123-7f3a; false: it is no such id of this province. */
bool fold_document_number(const struct fold *fold, struct bytes id, uint64_t *ret);
/* What the catalogue and the conflict of interest have to say to it. */
int fold_case_rules(struct fold *fold, const struct document *document,
                    const struct case_view *case_view) MUST_USE;
/* Whether the case may take this document now: its state, or the document this one supersedes. */
int fold_may_issue(struct fold *fold, const struct document *document,
                   const struct case_view *case_view) MUST_USE;

#endif
