/* doors.h - commands of the aggregator's socket, one function each. Loop thread.
 *
 * A handler answers its call now, or hands it to own_append, whose fold answers it. Views and
 * journal are read in transactions that end before the handler returns.
 */
#ifndef AGGREGATOR_DOORS_H
#define AGGREGATOR_DOORS_H

#include "aggregator/aggregator.h"

typedef void door_handler(struct aggregator *aggregator, struct door_call *call,
                          const json_t *args);

door_handler door_case_list, door_case_show, door_case_assign, door_case_advance, door_case_merge,
    door_case_split, door_review_list, door_review_same, door_review_part;
door_handler door_attachment_list, door_attachment_open;
door_handler door_document_list, door_document_show, door_document_draft, door_document_propose,
    door_document_countersign, door_document_withdraw;
door_handler door_catalogue_part;
door_handler door_enrol_prepare, door_enrol_activate, door_enrol_list, door_enrol_revoke;
door_handler door_status, door_ping, door_journal_dump, door_backup;
door_handler door_stats, door_completeness;
door_handler door_bundle_take, door_bundle_answer, door_bundle_office, door_bundle_read;

void door_bundle_gone(struct aggregator *aggregator, const struct door_call *call);
json_t *door_bundles_json(const struct aggregator *aggregator); /* files by outcome */
void door_backup_gone(struct aggregator *aggregator, const struct door_call *call);

/* Shared by handlers. */
const char *door_text(const json_t *args, const char *name); /* NULL if absent */
/* A day, if it is there. ERR_VALUE with a text. */
int door_day(const json_t *args, const char *name, bool *ret_has, int32_t *ret,
             struct err_ctx *err) MUST_USE;
uint64_t door_number(const json_t *args, const char *name, uint64_t otherwise);
void door_refuse(struct door_call *call, int code, const struct err_ctx *err);
/* malloc'ed bytes of a hex argument; NULL: refused already. */
uint8_t *door_hex(struct door_call *call, const json_t *args, const char *name, size_t bytes_max,
                  size_t *ret_len);
json_t *door_hex_json(const uint8_t *bytes, size_t len);
/* Into our own log; the fold's word is the answer. */
void door_append_act(struct aggregator *aggregator, struct door_call *call, struct act *act);
/* Rungs in order, their names or all of them. */
json_t *door_rungs_json(struct store_txn *views, struct bytes id, bool whole);
json_t *door_answers_json(struct store_txn *views, struct bytes id,
                          const struct document_view *document);
/* By regency: who has received, read and acknowledged it, and who has not. */
void door_receipts_into(const struct aggregator *aggregator, struct store_txn *views,
                        struct bytes id, const struct document_view *document, json_t *json);
/* Until when it holds and is to be answered, and how it ended. */
void door_times_into(struct aggregator *aggregator, const struct document_view *document,
                     size_t answers, json_t *json);
/* "documents" of a case, and "funnel": how far the one in force has come. */
void door_case_documents(struct aggregator *aggregator, struct store_txn *views,
                         const struct case_name *name, json_t *json);
/* ---- door_enrol.c ---- */
struct enrol_keys {
    struct key curve, signing;
    uint64_t number; /* 0: has none yet */
};
/* ERR_EXISTS, with whose they are: an active enrolment has one of them under another number. */
int door_enrol_check_keys(struct store_txn *views, const struct enrol_keys *keys,
                          struct err_ctx *err) MUST_USE;
/* ---- door_look.c: personal data ---- */
#define LOOK_SCOPE_BYTES 480u
struct door_looking {
    char scope[LOOK_SCOPE_BYTES]; /* what is looked at */
    struct bytes case_name;       /* full; empty: it is no one case */
    own_then *shown;
};
/* shown(…) answers the call once an entry is accepted that says who looks ("as" in args), at what
 * and why ("reason"). */
void door_look_at(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                  const struct door_looking *looking);
/* With "reveal" in args: shown(…) answers the call once an entry that says who looks and why is
 * accepted. Without: false, and nothing happened. `scope`: the command. */
bool door_look(struct aggregator *aggregator, struct door_call *call, const json_t *args,
               const char *scope, own_then *shown);
/* Likewise of the case that args name. `command`: the scope. */
bool door_look_case(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                    const char *command, own_then *shown);
/* In "report_list" of a case: persons as below, and "***" for all words, links and names of files.
 */
void door_mask_reports(json_t *list);
/* The name's first letter and "***"; of a number the last three digits; of an account where it is.
 */
json_t *door_masked_name(struct bytes name);
json_t *door_masked_number(struct bytes number);
/* Likewise, on the case that `case` names, as it was seen. */
void door_act_on_case(struct aggregator *aggregator, struct door_call *call, const json_t *args,
                      struct act *act);
/* Which cases went up in it, and which are not the same: short forms. */
/* What the matcher says of two cases now, by all that is known of both. */
json_t *door_judgement_json(struct aggregator *aggregator, const struct case_view *one,
                            const struct case_view *other);
void door_set_ties(struct aggregator *aggregator, struct store_txn *txn,
                   const struct case_name *name, json_t *json);
/* What a case is due by, and the other cases of the same number. */
json_t *door_due_json(struct aggregator *aggregator, struct store_txn *txn,
                      const struct case_view *view);
json_t *door_others_json(struct aggregator *aggregator, struct store_txn *txn,
                         const struct case_name *name, const struct case_view *view);
/* "16-000123" or a full case name. ERR_NOT_FOUND with a text. */
int door_find_case(struct aggregator *aggregator, struct store_txn *views, const char *text,
                   struct case_name *ret, struct err_ctx *err) MUST_USE;
json_t *backup_json(struct store_txn *journal); /* the last one, and what came in since */
/* What the catalogue that holds says of a case: severity, sanctions, phases; null: its form is
 * not there. */
json_t *door_verdict_json(struct aggregator *aggregator, struct store_txn *txn,
                          const struct case_view *view);
json_t *door_node_json(const struct peer *peer);

#endif
