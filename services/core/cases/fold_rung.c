/* What a document's readers send back: rungs and answers. */
#include "core/base/plant.h"
#include "core/base/text.h"
#include "core/cases/fold_parts.h"

#include <string.h>

/* ---- rungs ---- */
int fold_rung_put(struct fold *fold, enum view_table table, uint64_t position,
                  const struct bytes *document, const struct rung_view *view)
{
    struct view_key key;
    uint8_t *value = arena_alloc(fold->arena, RUNG_VIEW_BYTES_MAX);
    if (value == NULL) {
        return ERR_NOMEM;
    }
    view_key_init(&key, *document);
    view_key_zero(&key);
    view_key_u64(&key, position);
    size_t len = rung_view_encode(view, value, RUNG_VIEW_BYTES_MAX);
    fold_put(fold, table, view_key_bytes(&key), bytes_of(value, len));
    return 0;
}

/* Whether the id was given by an earlier life of this aggregator, which may have lost the document.
 */
static int of_earlier_life(struct fold *fold, struct bytes id, bool *ret)
{
    struct bytes own;
    char suffix[HEX_CAPACITY(2)];
    *ret = false;
    int status = fold_get(fold, VIEW_META, bytes_of_text("restored"), &own);
    if (status == ERR_NOT_FOUND) {
        return 0;
    }
    if (status == 0 && own.len == INCARNATION_BYTES && id.len > 4) {
        (void)hex_encode(suffix, own.data + INCARNATION_BYTES - 2, 2);
        *ret = memcmp(id.data + id.len - 4, suffix, 4) != 0;
    }
    return status;
}

/* The document may yet be handed back, as it was before this aggregator lost it: then its rungs
 * count. Until then the answer is the same for one that is not there and one that is not theirs. */
static int rung_early(struct fold *fold, const struct rung *rung, const struct rung_view *view)
{
    bool lost = false;
    int status = 0;
    if (rung->document.len <= DOCUMENT_ID_BYTES_MAX) {
        status =
            fold_rung_put(fold, VIEW_RUNGS_EARLY, fold->input->position, &rung->document, view);
    }
    if (status == 0) {
        status = of_earlier_life(fold, rung->document, &lost);
    }
    return status != 0 || lost
               ? status
               : fold_refuse(fold, ERR_NOT_FOUND, "no document %.*s was sent to %.*s",
                             SHOWN(rung->document), SHOWN(fold->input->owner));
}

/* D8: this node had the one that replaces it before it did so. What crossed on the way counts: it
 * says what happened. An advisory to all is known to each node by itself. */
static int not_replaced(struct fold *fold, struct bytes id, const struct document_view *document)
{
    bool knew = false;
    int status = document->state != DOCUMENT_SUPERSEDED
                     ? 0
                     : fold_has_rung(fold, document->superseded_by, fold->input->owner,
                                     RUNG_KIND_STORED, &knew);
    return status != 0 || !knew || PLANTED(REPLACED_ACKNOWLEDGED)
               ? status
               : fold_refuse(fold, ERR_STATE, "D8: %.*s is replaced by %.*s", SHOWN(id),
                             SHOWN(document->superseded_by));
}

static int not_over(struct fold *fold, struct bytes id, const struct document_view *document,
                    int64_t at_ms)
{
    return fold_expired(document, at_ms)
               ? fold_refuse(fold, ERR_STATE, "D2: %.*s had expired", SHOWN(id))
               : not_replaced(fold, id, document);
}

/* From acknowledged on. */
static int rung_lawful(struct fold *fold, const struct rung *rung,
                       const struct document_view *document)
{
    bool executed = rung->rung == RUNG_KIND_EXECUTED;
    if (rung->rung < RUNG_KIND_ACKNOWLEDGED) {
        return FOLD_DONE;
    }
    if (executed && document->type != DOCUMENT_TYPE_DECISION) {
        return fold_refuse(fold, ERR_STATE, "D7: only a decision is executed, not a %s",
                           document_type_name(document->type));
    }
    if (executed && (document->rungs & (1u << RUNG_KIND_ACKNOWLEDGED)) == 0) {
        return fold_refuse(fold, ERR_STATE, "D7: %.*s is not acknowledged yet",
                           SHOWN(rung->document));
    }
    return not_over(fold, rung->document, document, rung->at_ms);
}

static int rung_on(struct fold *fold, const struct rung *rung, const struct rung_view *view,
                   struct document_view *document)
{
    if (!fold_addressed(fold, document->type, document->addressee, fold->input->owner)) {
        return fold_refuse(fold, ERR_NOT_FOUND, "no document %.*s was sent to %.*s",
                           SHOWN(rung->document), SHOWN(fold->input->owner));
    }
    int status = rung_lawful(fold, rung, document);
    if (status != FOLD_DONE) {
        return status;
    }
    status = fold_rung_put(fold, VIEW_RUNGS, fold->input->position, &rung->document, view);
    document->rungs = (uint8_t)(document->rungs | (1u << (unsigned)rung->rung));
    if (status == 0) {
        status = fold_document_put(fold, rung->document, document);
    }
    if (status == 0 && rung->rung >= RUNG_KIND_ACKNOWLEDGED &&
        !fold_to_all(fold, document->type, document->addressee)) {
        fold_unfinished_drop(fold, document->addressee, rung->document);
    }
    return status != 0 ? status : fold_case_executed(fold, document);
}

int fold_rung(struct fold *fold)
{
    struct rung rung;
    struct document_view document;
    struct err_ctx why = {.text = ""};
    int status = rung_decode(fold->input->body, fold->arena, &rung, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    if (rung.rung >= RUNG_KIND_SHOWN && text_blank(rung.person)) {
        return fold_refuse(fold, ERR_VALUE, "a rung from shown on names the person");
    }
    struct rung_view view = {.rung = rung.rung,
                             .regency = fold->input->owner,
                             .person = rung.person,
                             .note = rung.note,
                             .at_ms = rung.at_ms,
                             .received_ms = fold->input->received_ms};
    status = fold_document_get(fold, rung.document, &document);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    bool out =
        status == 0 && document.state != DOCUMENT_PROPOSED && document.state != DOCUMENT_WITHDRAWN;
    return !out ? rung_early(fold, &rung, &view) : rung_on(fold, &rung, &view, &document);
}

int fold_has_rung(struct fold *fold, struct bytes id, struct bytes regency, enum rung_kind rung,
                  bool *ret)
{
    struct view_key prefix;
    struct bytes key = {0}, value;
    *ret = false;
    view_key_init(&prefix, id);
    view_key_zero(&prefix);
    int status = fold_next(fold, VIEW_RUNGS, view_key_bytes(&prefix), key, &key, &value);
    while (status == 0 && !*ret) {
        struct rung_view view;
        status = rung_view_decode(value, &view);
        *ret = status == 0 && view.rung >= rung && bytes_equal(view.regency, regency);
        if (status == 0 && !*ret) {
            status = fold_next(fold, VIEW_RUNGS, view_key_bytes(&prefix), key, &key, &value);
        }
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* ---- answers ---- */
static int answer_on(struct fold *fold, const struct answer *answer, const struct rung_view *view,
                     struct document_view *document)
{
    if (!fold_addressed(fold, document->type, document->addressee, fold->input->owner)) {
        return fold_refuse(fold, ERR_NOT_FOUND, "no document %.*s was sent to %.*s",
                           SHOWN(answer->document), SHOWN(fold->input->owner));
    }
    if (document->type != DOCUMENT_TYPE_QUESTION) {
        return fold_refuse(fold, ERR_STATE, "D9: %.*s is no question", SHOWN(answer->document));
    }
    int status = not_over(fold, answer->document, document, answer->at_ms);
    if (status == FOLD_DONE) {
        status = fold_rung_put(fold, VIEW_ANSWERS, fold->input->position, &answer->document, view);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    document->rungs = (uint8_t)(document->rungs | (1u << RUNG_KIND_ACKNOWLEDGED));
    fold_unfinished_drop(fold, document->addressee, answer->document);
    return fold_document_put(fold, answer->document, document);
}

/* The question may yet be handed back. */
static int answer_early(struct fold *fold, const struct answer *answer,
                        const struct rung_view *view)
{
    bool lost = false;
    int status = of_earlier_life(fold, answer->document, &lost);
    if (status != 0) {
        return status;
    }
    return lost && answer->document.len <= DOCUMENT_ID_BYTES_MAX
               ? fold_rung_put(fold, VIEW_ANSWERS, fold->input->position, &answer->document, view)
               : fold_refuse(fold, ERR_NOT_FOUND, "no document %.*s was sent to %.*s",
                             SHOWN(answer->document), SHOWN(fold->input->owner));
}

/* A later answer stands beside the earlier one. */
int fold_answer(struct fold *fold)
{
    struct answer answer;
    struct document_view document;
    struct err_ctx why = {.text = ""};
    int status = answer_decode(fold->input->body, fold->arena, &answer, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    if (text_blank(answer.stated_name) || text_blank(answer.text)) {
        return fold_refuse(fold, ERR_VALUE, "an answer says something, and who says it");
    }
    struct rung_view view = {.rung = RUNG_KIND_ACKNOWLEDGED,
                             .regency = fold->input->owner,
                             .person = answer.stated_name,
                             .note = answer.text,
                             .at_ms = answer.at_ms,
                             .received_ms = fold->input->received_ms};
    status = fold_document_get(fold, answer.document, &document);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    return status == ERR_NOT_FOUND ? answer_early(fold, &answer, &view)
                                   : answer_on(fold, &answer, &view, &document);
}
