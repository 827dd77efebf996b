/* Documents that a node hands back to an aggregator that lost them (ADR 7): verified as a node
 * verifies them, and taken in as issued. Nothing is decided here again: what the officers signed
 * was in force already. What they come with may come in any order, and leaves the same. */
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"
#include "core/cases/lineage.h"

#include <string.h>

#define HELD_AT_ONCE_MAX 256u /* when a key ring comes; the others wait for the next one */

struct handed {
    struct bytes encoded; /* with its signatures */
    struct signed_document signed_document;
    struct document document;
    uint64_t number;
    struct case_name case_name;
};

/* ---- may it be taken? ---- */
static int handed_read(struct fold *fold, struct handed *ret)
{
    struct returned returned;
    struct err_ctx why = {.text = ""};
    int status = returned_decode(fold->input->body, fold->arena, &returned, &why);
    if (status == 0) {
        ret->encoded = returned.signed_document;
        status = signed_document_decode(ret->encoded, fold->arena, &ret->signed_document, &why);
    }
    if (status == 0) {
        status = document_decode(ret->signed_document.document, fold->arena, &ret->document, &why);
    }
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    if (!fold_addressed(fold, ret->document.type, ret->document.addressee, fold->input->owner)) {
        return fold_refuse(fold, ERR_NOT_FOUND, "%.*s is addressed to %.*s, not to %.*s",
                           SHOWN(ret->document.id), SHOWN(ret->document.addressee),
                           SHOWN(fold->input->owner));
    }
    if (!fold_document_number(fold, ret->document.id, &ret->number)) {
        return fold_refuse(fold, ERR_FORMAT, "id: \"%.*s\" is not like 16-2024-000123-7f3a",
                           SHOWN(ret->document.id));
    }
    memset(&ret->case_name, 0, sizeof ret->case_name);
    return ret->document.case_name.len == 0 ||
                   case_name_parse(ret->document.case_name, &ret->case_name)
               ? FOLD_DONE
               : fold_refuse(fold, ERR_FORMAT, "case_name: names no case");
}

/* Signed under a key ring that was lost as well: when it is here again, so is the document. */
static int hold(struct fold *fold, const struct handed *handed)
{
    struct view_key key;
    uint8_t *value = arena_alloc(fold->arena, HELD_VIEW_BYTES_MAX);
    struct held_view view = {.id = fold->input->id,
                             .enrolment = fold->input->enrolment,
                             .received_ms = fold->input->received_ms,
                             .owner = fold->input->owner,
                             .body = fold->input->body};
    if (value == NULL) {
        return ERR_NOMEM;
    }
    fold_position_key(fold, &key);
    size_t len = held_view_encode(&view, value, HELD_VIEW_BYTES_MAX);
    fold_put(fold, VIEW_HELD, view_key_bytes(&key), bytes_of(value, len));
    fold_say(fold, "%.*s waits for key ring %llu", SHOWN(handed->document.id),
             (unsigned long long)handed->document.ring);
    return FOLD_DONE;
}

/* What we know under this id. ret->state DOCUMENT_STATE_COUNT: nothing. A proposal is not decided:
 * what two officers signed wins. */
static int handed_known(struct fold *fold, const struct handed *handed, struct document_view *ret,
                        bool *ret_again)
{
    struct signed_document known;
    *ret_again = false;
    int status = fold_document_get(fold, handed->document.id, ret);
    if (status == ERR_NOT_FOUND) {
        ret->state = DOCUMENT_STATE_COUNT;
        return FOLD_DONE;
    }
    if (status == 0) {
        status = signed_document_decode(ret->signed_document, fold->arena, &known, NULL);
    }
    if (status != 0 || ret->state == DOCUMENT_PROPOSED || ret->state == DOCUMENT_WITHDRAWN) {
        return status;
    }
    if (bytes_equal(known.document, handed->signed_document.document)) {
        *ret_again = true;
        return FOLD_DONE;
    }
    fold_alarm(fold, ERR_EXISTS, "%.*s handed back is another document than the one known",
               SHOWN(handed->document.id));
    return fold_refuse(fold, ERR_EXISTS, "%.*s is another document here",
                       SHOWN(handed->document.id));
}

/* ---- its case ---- */
static int placed_in(struct fold *fold, const struct entry_id *id, const uint8_t subject[4],
                     struct case_name *ret)
{
    struct view_key key;
    struct bytes value;
    struct placement placement;
    view_key_init(&key, bytes_of(id->incarnation.b, INCARNATION_BYTES));
    view_key_u64(&key, id->seq);
    view_key_part(&key, bytes_of(subject, 4));
    int status = fold_get(fold, VIEW_PLACEMENTS, view_key_bytes(&key), &value);
    if (status == 0) {
        status = placement_decode(value, fold->arena, &placement, NULL);
    }
    if (status == 0 && !case_name_parse(placement.case_name, ret)) {
        status = ERR_FORMAT;
    }
    return status;
}

/* The report came in a successor of the log in which it was made. */
static int placed_as_copy(struct fold *fold, const struct case_name *name, struct case_name *ret)
{
    struct view_key prefix;
    struct bytes key, value;
    struct copy_view copy;
    uint8_t kind[2];
    put_be16(kind, ENTRY_REPORT);
    view_key_init(&prefix, bytes_of(name->b, INCARNATION_BYTES + 8));
    view_key_part(&prefix, bytes_of(kind, sizeof kind));
    int status =
        fold_next(fold, VIEW_COPIES, view_key_bytes(&prefix), (struct bytes){0}, &key, &value);
    if (status == 0) {
        status = copy_view_decode(value, &copy);
    }
    return status != 0 ? status : placed_in(fold, &copy.id, name->b + INCARNATION_BYTES + 8, ret);
}

/* The case that holds what this name says: the report's subject may have been put elsewhere since.
 * ERR_NOT_FOUND: its report is not here yet. */
static int case_find(struct fold *fold, const struct case_name *name, struct case_name *ret)
{
    struct entry_id id;
    struct case_view view;
    struct case_name lead = *name;
    int status = views_lead(fold->views, fold->arena, &lead);
    status = status == 0 ? fold_case_get(fold, &lead, &view) : status;
    if (status == 0) {
        *ret = lead;
    }
    if (status == ERR_NOT_FOUND) {
        memcpy(id.incarnation.b, name->b, INCARNATION_BYTES);
        id.seq = get_be64(name->b + INCARNATION_BYTES);
        status = placed_in(fold, &id, name->b + INCARNATION_BYTES + 8, ret);
    }
    return status == ERR_NOT_FOUND ? placed_as_copy(fold, name, ret) : status;
}

/* Where a decision or its execution has led: a document that comes late does not lead back. */
static bool beyond(enum case_state state)
{
    return state == CASE_RECOMMENDED || state == CASE_DECIDED || state == CASE_BLOCKED ||
           state == CASE_APPEALED || state == CASE_CLOSED;
}

static int attach(struct fold *fold, struct bytes id, struct document_view *view,
                  const struct case_name *name)
{
    struct case_view case_view;
    enum case_state target = CASE_RECEIVED;
    view->case_name = *name;
    int status = fold_document_put(fold, id, view);
    if (status == 0) {
        status = fold_case_get(fold, name, &case_view);
    }
    if (status != 0 || !fold_target_state(view->type, &target)) {
        return status;
    }
    if (view->state != DOCUMENT_SUPERSEDED &&
        case_state_move(&case_view.state, target, NULL) != 0 && !beyond(case_view.state)) {
        fold_alarm(fold, ERR_STATE, "%.*s is in force, and its case is %s", SHOWN(id),
                   case_state_name(case_view.state));
    }
    case_view.version++;
    case_view.since_ms = fold->input->received_ms;
    fold_case_put(fold, name, &case_view);
    status = fold_case_executed(fold, view);
    return status != 0 ? status
                       : fold_tell_filers(fold, view, &case_view, fold->input->received_ms);
}

static int attach_or_await(struct fold *fold, const struct handed *handed,
                           struct document_view *view)
{
    struct case_name name;
    struct view_key key;
    if (handed->document.case_name.len == 0) {
        return 0;
    }
    int status = case_find(fold, &handed->case_name, &name);
    if (status != ERR_NOT_FOUND) {
        return status != 0 ? status : attach(fold, handed->document.id, view, &name);
    }
    view_key_init(&key, bytes_of(handed->case_name.b, CASE_NAME_BYTES));
    view_key_part(&key, handed->document.id);
    fold_put(fold, VIEW_AWAITED, view_key_bytes(&key), (struct bytes){0});
    return 0;
}

static int attach_awaited(struct fold *fold, const struct entry_id *id, uint32_t subject,
                          const struct case_name *name)
{
    struct case_name awaited;
    struct bytes key = {0}, value;
    case_name_of(id, subject, &awaited);
    struct bytes prefix = bytes_of(awaited.b, CASE_NAME_BYTES);
    int status = fold_next(fold, VIEW_AWAITED, prefix, key, &key, &value);
    while (status == 0) {
        struct document_view view;
        struct bytes document = bytes_of(key.data + prefix.len, key.len - prefix.len);
        status = fold_document_get(fold, document, &view);
        if (status == 0) {
            status = attach(fold, document, &view, name);
        }
        if (status == 0) {
            fold->views->del(fold->views->arg, VIEW_AWAITED, key);
            status = fold_next(fold, VIEW_AWAITED, prefix, key, &key, &value);
        }
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

int fold_returned_attach(struct fold *fold, uint32_t subject, const struct case_name *name)
{
    const struct entry_id *id = &fold->report;
    bool renamed = id->seq != fold->identity.seq ||
                   !incarnation_equal(&id->incarnation, &fold->identity.incarnation);
    int status = attach_awaited(fold, id, subject, name);
    return status != 0 || !renamed ? status : attach_awaited(fold, &fold->identity, subject, name);
}

/* ---- its rungs, and what it replaces ---- */
static int take_rungs(struct fold *fold, struct bytes id, struct document_view *view)
{
    struct view_key prefix;
    struct bytes key = {0}, value;
    view_key_init(&prefix, id);
    view_key_zero(&prefix);
    int status = fold_next(fold, VIEW_RUNGS_EARLY, view_key_bytes(&prefix), key, &key, &value);
    while (status == 0) {
        struct rung_view rung;
        status = rung_view_decode(value, &rung);
        if (status == 0 && fold_addressed(fold, view->type, view->addressee, rung.regency)) {
            view->rungs = (uint8_t)(view->rungs | (1u << (unsigned)rung.rung));
            status = fold_rung_put(fold, VIEW_RUNGS, get_be64(key.data + key.len - 8), &id, &rung);
        }
        if (status == 0) {
            fold->views->del(fold->views->arg, VIEW_RUNGS_EARLY, key);
            status = fold_next(fold, VIEW_RUNGS_EARLY, view_key_bytes(&prefix), key, &key, &value);
        }
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* A question that was answered before it was here. */
static int take_answers(struct fold *fold, struct bytes id, struct document_view *view)
{
    struct view_key prefix;
    struct bytes key = {0}, value;
    if (view->type != DOCUMENT_TYPE_QUESTION) {
        return 0;
    }
    view_key_init(&prefix, id);
    view_key_zero(&prefix);
    int status = fold_next(fold, VIEW_ANSWERS, view_key_bytes(&prefix), key, &key, &value);
    if (status == 0) {
        view->rungs = (uint8_t)(view->rungs | (1u << RUNG_KIND_ACKNOWLEDGED));
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* The one it replaces, also when that one comes later. */
static int replace(struct fold *fold, const struct document *document)
{
    struct document_view old;
    if (document->supersedes.len == 0 || document->supersedes.len > DOCUMENT_ID_BYTES_MAX) {
        return 0;
    }
    fold_put(fold, VIEW_SUPERSEDED, document->supersedes, document->id);
    int status = fold_document_get(fold, document->supersedes, &old);
    if (status != 0) {
        return status == ERR_NOT_FOUND ? 0 : status;
    }
    if (old.type != document->type || !bytes_equal(old.addressee, document->addressee) ||
        document_state_move(&old.state, DOCUMENT_SUPERSEDED, NULL) != 0) {
        return 0;
    }
    old.superseded_by = document->id;
    fold_unfinished_drop(fold, old.addressee, document->supersedes);
    return fold_document_put(fold, document->supersedes, &old);
}

static int replaced(struct fold *fold, const struct handed *handed, struct document_view *view)
{
    struct bytes by;
    struct document_view newer;
    int status = fold_get(fold, VIEW_SUPERSEDED, handed->document.id, &by);
    if (status == 0) {
        status = fold_document_get(fold, by, &newer);
    }
    if (status == 0 && newer.type == view->type && bytes_equal(newer.addressee, view->addressee)) {
        view->state = DOCUMENT_SUPERSEDED;
        view->superseded_by = by;
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* ---- taking it in ---- */
static void as_issued(const struct fold *fold, const struct handed *handed,
                      struct document_view *view)
{
    const struct document *document = &handed->document;
    bool proposed = view->state == DOCUMENT_PROPOSED || view->state == DOCUMENT_WITHDRAWN;
    int64_t made_ms = document->has_created_ms ? document->created_ms : fold->input->received_ms;
    *view = (struct document_view){.state = DOCUMENT_ISSUED,
                                   .type = document->type,
                                   .case_name = handed->case_name,
                                   .addressee = document->addressee,
                                   .position = proposed ? view->position : fold->input->position,
                                   .proposed_ms = proposed ? view->proposed_ms : made_ms,
                                   .issued_ms = made_ms,
                                   .expires_ms =
                                       document->has_expires_ms ? document->expires_ms : INT64_MAX,
                                   .returned = true,
                                   .signed_document = handed->encoded};
}

static int number_taken(struct fold *fold, uint64_t number)
{
    uint64_t highest = 0;
    int status = fold_counter(fold, "document_number", &highest);
    if (status == 0 && number > highest) {
        fold_counter_put(fold, "document_number", number);
    }
    return status;
}

/* To who serves the regency now, unless it is the one that handed it back. */
static int unfinished(struct fold *fold, const struct handed *handed,
                      const struct document_view *view)
{
    struct view_key key;
    uint64_t newest = 0;
    size_t count = 0;
    bool all = fold_to_all(fold, view->type, view->addressee);
    if (view->state != DOCUMENT_ISSUED || (!all && view->rungs >> RUNG_KIND_ACKNOWLEDGED != 0)) {
        return 0;
    }
    fold_addressee_key(view->addressee, handed->document.id, &key);
    fold_put(fold, VIEW_ADDRESSEES, view_key_bytes(&key), (struct bytes){0});
    if (all) {
        return fold_send_to_all(fold, view->signed_document, fold->input->enrolment, &count);
    }
    int status = fold_newest(fold, view->addressee, &newest);
    if (status != 0 || newest == 0 || newest == fold->input->enrolment) {
        return status;
    }
    return fold_office_add(fold, view->addressee, newest, ENTRY_DOCUMENT, view->signed_document);
}

static int take_in(struct fold *fold, const struct handed *handed, struct document_view *view)
{
    as_issued(fold, handed, view);
    int status = number_taken(fold, handed->number);
    if (status == 0) {
        status = replaced(fold, handed, view);
    }
    if (status == 0) {
        status = replace(fold, &handed->document);
    }
    if (status == 0) {
        status = take_rungs(fold, handed->document.id, view);
    }
    if (status == 0) {
        status = take_answers(fold, handed->document.id, view);
    }
    if (status == 0) {
        status = fold_document_put(fold, handed->document.id, view);
    }
    if (status == 0) {
        status = unfinished(fold, handed, view);
    }
    if (status == 0) {
        status = attach_or_await(fold, handed, view);
    }
    if (status == 0) {
        fold_say(fold, "%.*s is taken in again", SHOWN(handed->document.id));
    }
    return status;
}

int fold_returned(struct fold *fold)
{
    struct handed *handed = arena_alloc(fold->arena, sizeof *handed);
    struct document_view known;
    struct ring *ring = NULL;
    struct err_ctx why = {.text = ""};
    bool again = false;
    int status = handed == NULL ? ERR_NOMEM : handed_read(fold, handed);
    if (status == FOLD_DONE) {
        status = fold_ring(fold, &ring);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    if (handed->document.ring > ring->number) {
        return hold(fold, handed);
    }
    status = trust_document(ring, &handed->signed_document, TRUST_FULL, false, fold->arena,
                            &handed->document, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = handed_known(fold, handed, &known, &again);
    if (status != FOLD_DONE) {
        return status;
    }
    if (again) {
        fold_say(fold, "%.*s is here", SHOWN(handed->document.id));
        return FOLD_DONE;
    }
    return take_in(fold, handed, &known);
}

/* ---- those that waited for a key ring ---- */
/* As if the entry came now; what the ring's own answer says stays. */
static int fold_again(struct fold *fold, const struct fold_input *input)
{
    struct fold_output *ret = fold->ret;
    const struct fold_input *before = fold->input;
    char text[sizeof ret->text];
    memcpy(text, ret->text, sizeof text);
    fold->input = input;
    int status = fold_returned(fold);
    if (status == FOLD_REFUSED) {
        status = fold_refused(fold, bytes_of_text(err_name(ret->code)), bytes_of_text(ret->text));
    }
    fold->input = before;
    ret->code = 0;
    memcpy(ret->text, text, sizeof text);
    return status;
}

int fold_returned_held(struct fold *fold)
{
    struct bytes key = {0}, value;
    int status = fold_next(fold, VIEW_HELD, (struct bytes){0}, key, &key, &value);
    for (size_t i = 0; status == 0 && i < HELD_AT_ONCE_MAX; i++) {
        struct held_view held;
        status = held_view_decode(value, &held);
        if (status != 0) {
            return status;
        }
        struct fold_input input = {.position = get_be64(key.data),
                                   .id = held.id,
                                   .kind = ENTRY_RETURNED,
                                   .body = held.body,
                                   .owner = held.owner,
                                   .enrolment = held.enrolment,
                                   .received_ms = held.received_ms};
        fold->views->del(fold->views->arg, VIEW_HELD, key);
        status = fold_again(fold, &input);
        if (status == 0) {
            status = fold_next(fold, VIEW_HELD, (struct bytes){0}, key, &key, &value);
        }
    }
    return status == ERR_NOT_FOUND ? FOLD_DONE : status;
}
