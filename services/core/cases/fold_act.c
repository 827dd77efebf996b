/* What officers do: which ring holds, who acts, and moving a case by hand. */
#include "core/cases/fold_parts.h"

static int advance_case(struct fold *fold, const struct act *act, struct case_name *ret_name,
                        struct case_view *ret)
{
    if (!case_name_parse(act->case_name, ret_name)) {
        return fold_refuse(fold, ERR_FORMAT, "\"%.*s\" names no case", SHOWN(act->case_name));
    }
    int status = fold_case_get(fold, ret_name, ret);
    if (status == ERR_NOT_FOUND) {
        return fold_refuse(fold, ERR_NOT_FOUND, "there is no case %.*s", SHOWN(act->case_name));
    }
    if (status != 0) {
        return status;
    }
    if (!act->has_case_version) {
        return fold_refuse(fold, ERR_VALUE,
                           "the act does not say which version of the case was seen");
    }
    if (act->case_version != ret->version) {
        return fold_refuse(fold, ERR_STALE, "the case is at version %llu, the officer saw %llu",
                           (unsigned long long)ret->version, (unsigned long long)act->case_version);
    }
    return FOLD_DONE;
}

static int advance(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct case_name name;
    struct case_view view;
    enum case_state to = CASE_RECEIVED;
    struct err_ctx why = {.text = ""};
    int status = fold_signs_now(fold, ring, act->officer);
    if (status == FOLD_DONE) {
        status = advance_case(fold, act, &name, &view);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    if (!case_state_of(act->advance_state, &to)) {
        return fold_refuse(fold, ERR_VALUE, "\"%.*s\" is no state of a case",
                           SHOWN(act->advance_state));
    }
    if (to == CASE_RECOMMENDED || to == CASE_DECIDED) {
        return fold_refuse(fold, ERR_STATE, "a case becomes %s only by a document of two officers",
                           case_state_name(to));
    }
    status = case_state_move(&view.state, to, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    view.version++;
    fold_case_put(fold, &name, &view);
    fold_say(fold, "the case is %s", case_state_name(to));
    return FOLD_DONE;
}

int fold_act(struct fold *fold)
{
    struct act act;
    struct err_ctx why = {.text = ""};
    struct ring *ring = NULL;
    int status = act_decode(fold->input->body, fold->arena, &act, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = fold_ring(fold, &ring);
    if (status != FOLD_DONE) {
        return status;
    }
    switch (act.type) {
    case ACT_PROPOSE:
        return fold_propose(fold, &act, ring);
    case ACT_COUNTERSIGN:
        return fold_countersign(fold, &act, ring);
    case ACT_ADVANCE:
        return advance(fold, &act, ring);
    default:
        return fold_refuse(fold, ERR_VALUE, "an act of an unknown type");
    }
}
