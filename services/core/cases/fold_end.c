/* How a document ends but by being done: withdrawn before it is issued, replaced, expired. */
#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/cases/fold_parts.h"

#include <string.h>

void fold_answer_id(struct fold *fold, struct bytes id)
{
    ASSERT(id.len < sizeof fold->ret->document_id);
    memcpy(fold->ret->document_id, id.data, id.len);
    fold->ret->document_id[id.len] = '\0';
}

bool fold_expired(const struct document_view *view, int64_t at_ms)
{
    return at_ms >= view->expires_ms;
}

/* ---- replaced ---- */
static bool replaceable(const struct document *document, const struct case_name *name,
                        const struct document_view *old)
{
    bool out = old->state == DOCUMENT_ISSUED || old->state == DOCUMENT_WAITING;
    return out && old->type == document->type && bytes_equal(old->addressee, document->addressee) &&
           memcmp(old->case_name.b, name->b, sizeof name->b) == 0;
}

int fold_superseded(struct fold *fold, const struct document *document, bool *ret)
{
    struct document_view old;
    struct case_name name = {.b = {0}};
    *ret = false;
    if (document->supersedes.len == 0) {
        return FOLD_DONE;
    }
    int status = fold_document_get(fold, document->supersedes, &old);
    if (status == ERR_NOT_FOUND) {
        return fold_refuse(fold, ERR_NOT_FOUND, "there is no document %.*s to supersede",
                           SHOWN(document->supersedes));
    }
    if (status != 0) {
        return status;
    }
    if (document->case_name.len > 0 && !case_name_parse(document->case_name, &name)) {
        return fold_refuse(fold, ERR_FORMAT, "case_name: names no case");
    }
    *ret = replaceable(document, &name, &old);
    return *ret ? FOLD_DONE
                : fold_refuse(fold, ERR_STATE,
                              "D5: %.*s is no issued document of this case, type and addressee to "
                              "supersede",
                              SHOWN(document->supersedes));
}

int fold_supersede(struct fold *fold, const struct document *document)
{
    struct document_view old;
    if (document->supersedes.len == 0) {
        return 0;
    }
    int status = fold_document_get(fold, document->supersedes, &old);
    if (status == 0) {
        status = document_state_move(&old.state, DOCUMENT_SUPERSEDED, NULL);
    }
    if (status == 0) {
        old.superseded_by = document->id;
        status = fold_document_put(fold, document->supersedes, &old);
    }
    if (status == 0) {
        fold_unfinished_drop(fold, old.addressee, document->supersedes);
    }
    return status;
}

/* ---- withdrawn ---- */
static int proposal_get(struct fold *fold, struct bytes id, struct document_view *ret)
{
    int status = fold_document_get(fold, id, ret);
    if (status == ERR_NOT_FOUND) {
        return fold_refuse(fold, ERR_NOT_FOUND, "there is no document %.*s", SHOWN(id));
    }
    return status != 0 || ret->state == DOCUMENT_PROPOSED
               ? status
               : fold_refuse(fold, ERR_STATE,
                             "D1: %.*s is %s already: only a proposal is withdrawn, what is issued "
                             "is superseded",
                             SHOWN(id), document_state_name(ret->state));
}

/* Who is kept from the case does not end its documents either. */
static int may_withdraw(struct fold *fold, const struct act *act, const struct document_view *view)
{
    static const struct case_name none;
    struct case_view case_view;
    if (text_blank(act->withdraw_reason)) {
        return fold_refuse(fold, ERR_VALUE, "D6: a reason must be given");
    }
    if (memcmp(&view->case_name, &none, sizeof none) == 0) {
        return FOLD_DONE;
    }
    struct case_name name = view->case_name; /* it may have gone up in another */
    int status = views_lead(fold->views, fold->arena, &name);
    status = status == 0 ? fold_case_get(fold, &name, &case_view) : status;
    if (status == 0) {
        return fold_not_barred(fold, &case_view, act->officer);
    }
    return status == ERR_NOT_FOUND ? FOLD_DONE : status;
}

int fold_withdraw(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct document_view view;
    int status = fold_signs_now(fold, ring, act->officer);
    if (status == FOLD_DONE) {
        status = proposal_get(fold, act->withdraw_document, &view);
    }
    if (status == FOLD_DONE) {
        status = may_withdraw(fold, act, &view);
    }
    if (status == FOLD_DONE) {
        status = document_state_move(&view.state, DOCUMENT_WITHDRAWN, NULL);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    view.withdrawn_by = act->officer;
    view.withdrawn_why = act->withdraw_reason;
    fold_answer_id(fold, act->withdraw_document);
    fold_say(fold, "%.*s is withdrawn", SHOWN(act->withdraw_document));
    return fold_document_put(fold, act->withdraw_document, &view);
}
