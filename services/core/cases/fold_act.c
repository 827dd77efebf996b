/* What officers do: which ring holds, who acts, and moving a case by hand. */
#include "core/cases/fold_parts.h"

#include "core/base/text.h"

#include <string.h>

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

int fold_act_on_case(struct fold *fold, const struct act *act, const struct ring *ring,
                     struct case_name *ret_name, struct case_view *ret)
{
    int status = fold_signs_now(fold, ring, act->officer);
    if (status == FOLD_DONE) {
        status = advance_case(fold, act, ret_name, ret);
    }
    return status == FOLD_DONE ? fold_not_barred(fold, ret, act->officer) : status;
}

static int step(struct fold *fold, const struct act *act, const struct case_view *view,
                enum case_state to)
{
    const struct case_facts facts = {.by = CASE_BY_OFFICER,
                                     .reason = !text_blank(act->advance_reason),
                                     .reroute_code = case_reroute_code(act->advance_reason).len > 0,
                                     .assigned = view->assigned.len > 0,
                                     .assignee = bytes_equal(view->assigned, act->officer)};
    enum case_rule rule = case_step(view->state, to, &facts);
    return rule == CASE_RULE_NONE
               ? FOLD_DONE
               : fold_refuse(fold, ERR_STATE, "%s (from %s to %s)", case_rule_text(rule),
                             case_state_name(view->state), case_state_name(to));
}

/* To those who filed: the state, and of a reroute its code. Reasons may name persons. */
static int tell(struct fold *fold, const struct case_name *name, const struct case_view *view,
                const struct act *act)
{
    char text[96];
    struct bytes code = case_reroute_code(act->advance_reason);
    if (view->state == CASE_REROUTED) {
        (void)snprintf(text, sizeof text, "the case is rerouted: %.*s", SHOWN(code));
    } else {
        (void)snprintf(text, sizeof text, "the case is %s", case_state_name(view->state));
    }
    return fold_tell(fold, name, view, text, act->at_ms);
}

static int advance(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct case_name name;
    struct case_view view;
    enum case_state to = CASE_RECEIVED;
    int status = fold_act_on_case(fold, act, ring, &name, &view);
    if (status != FOLD_DONE) {
        return status;
    }
    if (!case_state_of(act->advance_state, &to)) {
        return fold_refuse(fold, ERR_VALUE, "\"%.*s\" is no state of a case",
                           SHOWN(act->advance_state));
    }
    status = step(fold, act, &view, to);
    if (status != FOLD_DONE) {
        return status;
    }
    view.state = to;
    view.since_ms = act->at_ms;
    view.version++;
    fold_case_put(fold, &name, &view);
    fold_say(fold, "the case is %s", case_state_name(to));
    return tell(fold, &name, &view, act);
}

/* ---- assign ---- */
static int barred_add(struct fold *fold, const struct act *act, struct case_view *view)
{
    uint8_t *text = arena_alloc(fold->arena, CASE_BARRED_BYTES_MAX);
    struct writer writer;
    if (text == NULL) {
        return ERR_NOMEM;
    }
    writer_init(&writer, text, CASE_BARRED_BYTES_MAX);
    writer_bytes(&writer, view->barred);
    for (size_t i = 0; i < act->assign_barred_count; i++) {
        struct bytes officer = act->assign_barred[i];
        if (text_blank(officer) || memchr(officer.data, '|', officer.len) != NULL) {
            return fold_refuse(fold, ERR_VALUE, "barred: this is no officer's id");
        }
        if (writer.len > 0) {
            writer_u8(&writer, '|');
        }
        writer_bytes(&writer, officer);
    }
    if (writer.overflow) {
        return fold_refuse(fold, ERR_LIMIT, "barred: over %u bytes together",
                           CASE_BARRED_BYTES_MAX);
    }
    view->barred = bytes_of(text, writer.len);
    return FOLD_DONE;
}

static int assign_officer(struct fold *fold, const struct ring *ring, struct bytes officer,
                          struct case_view *view)
{
    int status = FOLD_DONE;
    if (officer.len > 0) {
        status = fold_signs_now(fold, ring, officer);
        view->assigned = officer;
    }
    /* Also the one who had it before and is kept from it now. */
    return status == FOLD_DONE && view->assigned.len > 0
               ? fold_not_barred(fold, view, view->assigned)
               : status;
}

static int assign(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct case_name name;
    struct case_view view;
    int status = fold_act_on_case(fold, act, ring, &name, &view);
    if (status == FOLD_DONE && view.state == CASE_CLOSED) {
        status = fold_refuse(fold, ERR_STATE, "%s", case_rule_text(CASE_RULE_CLOSED));
    }
    if (status == FOLD_DONE && act->assign_officer.len == 0 && act->assign_authority.len == 0 &&
        act->assign_barred_count == 0 && act->assign_leave == 0) {
        status = fold_refuse(fold, ERR_VALUE, "nothing is said to be assigned");
    }
    if (status == FOLD_DONE && act->assign_barred_count > 0) {
        status = barred_add(fold, act, &view);
    }
    if (status == FOLD_DONE && act->assign_authority.len > 0) {
        status = fold_authority_free(fold, act->assign_authority, &view);
        view.authority = act->assign_authority;
    }
    if (status == FOLD_DONE) {
        status = assign_officer(fold, ring, act->assign_officer, &view);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    view.leave = act->assign_leave != 0 ? act->assign_leave : view.leave;
    view.version++;
    fold_case_put(fold, &name, &view);
    fold_say(fold, "the case is assigned to %.*s",
             view.assigned.len > 0 ? (int)view.assigned.len : 6,
             view.assigned.len > 0 ? (const char *)view.assigned.data : "nobody");
    return FOLD_DONE;
}

/* ---- look ---- */
/* Whoever looks must be known by a key that holds, and say why; the entry is all that comes of it.
 */
static int look(struct fold *fold, const struct act *act, const struct ring *ring)
{
    struct case_name name;
    struct case_view view;
    int status = fold_signs_now(fold, ring, act->officer);
    if (status == FOLD_DONE && text_blank(act->look_reason)) {
        status = fold_refuse(fold, ERR_VALUE, "a reason must be given to see personal data");
    }
    if (status != FOLD_DONE || act->case_name.len == 0) {
        return status;
    }
    if (!case_name_parse(act->case_name, &name)) {
        return fold_refuse(fold, ERR_FORMAT, "\"%.*s\" names no case", SHOWN(act->case_name));
    }
    status = fold_case_get(fold, &name, &view);
    return status == ERR_NOT_FOUND
               ? fold_refuse(fold, ERR_NOT_FOUND, "there is no case %.*s", SHOWN(act->case_name))
               : status;
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
    case ACT_MERGE:
        return fold_merge(fold, &act, ring);
    case ACT_SPLIT:
        return fold_split(fold, &act, ring);
    case ACT_PART:
        return fold_part(fold, &act, ring);
    case ACT_ASSIGN:
        return assign(fold, &act, ring);
    case ACT_WITHDRAW:
        return fold_withdraw(fold, &act, ring);
    case ACT_LOOK:
        return look(fold, &act, ring);
    default:
        return fold_refuse(fold, ERR_VALUE, "an act of an unknown type");
    }
}
