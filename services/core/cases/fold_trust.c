/* Key rings, enrolments, revocations, and entries that ended the applier. */
#include "core/cases/fold_parts.h"

#include <string.h>

static void node_key(const struct node_view *node, struct view_key *ret)
{
    view_key_init(ret, node->regency);
    view_key_zero(ret);
    view_key_u64(ret, node->number);
}

static void node_put(struct fold *fold, const struct node_view *node)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    node_key(node, &key);
    size_t len = node_view_encode(node, value, sizeof value);
    fold_put(fold, VIEW_NODES, view_key_bytes(&key), bytes_of(value, len));
}

/* The next enrolment after `key`, in any order of regencies. */
static int node_next(struct fold *fold, struct bytes *key, struct node_view *ret)
{
    struct bytes found, value;
    int status = fold_next(fold, VIEW_NODES, (struct bytes){0}, *key, &found, &value);
    if (status != 0) {
        return status;
    }
    *key = found;
    return node_view_decode(value, ret);
}

/* By number alone; ERR_NOT_FOUND. */
static int node_find(struct fold *fold, uint64_t number, struct node_view *ret)
{
    struct bytes key = {0};
    struct node_view node;
    int status = node_next(fold, &key, &node);
    while (status == 0 && node.number != number) {
        status = node_next(fold, &key, &node);
    }
    if (status == 0) {
        *ret = node;
    }
    return status;
}

/* ---- the key ring ---- */
int fold_office_all(struct fold *fold, uint16_t kind, struct bytes body)
{
    struct bytes key = {0};
    struct node_view node;
    int status = node_next(fold, &key, &node);
    while (status == 0) {
        if (node.state == NODE_ACTIVE) {
            status = fold_office_add(fold, node.regency, node.number, kind, body);
        }
        if (status == 0) {
            status = node_next(fold, &key, &node);
        }
    }
    return status == ERR_NOT_FOUND ? FOLD_DONE : status;
}

/* The number the next ring must have at least. */
static int ring_number_min(struct fold *fold, uint64_t *ret)
{
    struct bytes value;
    struct ring *ring = NULL;
    int status = fold->views->get(fold->views->arg, VIEW_META, bytes_of_text("ring"), &value);
    if (status == ERR_NOT_FOUND) {
        *ret = 1;
        return 0;
    }
    if (status == 0) {
        status = fold_ring(fold, &ring);
    }
    if (status == 0) {
        *ret = ring->number + 1;
    }
    return status;
}

int fold_ring_entry(struct fold *fold)
{
    struct err_ctx why = {.text = ""};
    uint64_t number_min = 0;
    struct ring *ring = arena_alloc(fold->arena, sizeof *ring);
    int status = ring == NULL ? ERR_NOMEM : ring_number_min(fold, &number_min);
    if (status != 0) {
        return status;
    }
    status = trust_ring(&fold->config->root_key, fold->input->body, number_min,
                        fold->config->province, fold->arena, ring, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    fold_put(fold, VIEW_META, bytes_of_text("ring"), fold->input->body);
    fold_say(fold, "key ring %llu holds", (unsigned long long)ring->number);
    status = fold_office_all(fold, ENTRY_RING, fold->input->body);
    return status != FOLD_DONE ? status : fold_returned_held(fold);
}

int fold_send_to_all(struct fold *fold, struct bytes signed_document, uint64_t but,
                     size_t *ret_count)
{
    struct bytes key = {0};
    struct node_view node;
    *ret_count = 0;
    int status = node_next(fold, &key, &node);
    while (status == 0) {
        uint64_t newest = 0;
        status = node.state == NODE_ACTIVE ? fold_newest(fold, node.regency, &newest) : 0;
        if (status == 0 && node.number == newest && newest != 0) {
            ++*ret_count;
            status = newest == but ? 0
                                   : fold_office_add(fold, node.regency, newest, ENTRY_DOCUMENT,
                                                     signed_document);
        }
        if (status == 0) {
            status = node_next(fold, &key, &node);
        }
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* ---- a node begins ---- */
static int document_moves(struct fold *fold, struct bytes id, struct document_view *view,
                          enum document_state to)
{
    int status = document_state_move(&view->state, to, NULL);
    return status == 0 ? fold_document_put(fold, id, view) : status;
}

/* Not what expired meanwhile, and of what all get not what this regency acknowledged. */
static int document_send(struct fold *fold, struct bytes id, const struct node_view *node,
                         struct bytes addressee)
{
    struct document_view view;
    bool done = false;
    int status = fold_document_get(fold, id, &view);
    if (status == 0 && fold_expired(&view, node->at_ms)) {
        fold_unfinished_drop(fold, addressee, id);
        return document_moves(fold, id, &view, DOCUMENT_EXPIRED);
    }
    if (status == 0 && view.state == DOCUMENT_WAITING) {
        status = document_moves(fold, id, &view, DOCUMENT_ISSUED);
    }
    if (status == 0 && !bytes_equal(addressee, node->regency)) {
        status = fold_has_rung(fold, id, node->regency, RUNG_KIND_ACKNOWLEDGED, &done);
    }
    if (status != 0 || done) {
        return status;
    }
    return fold_office_add(fold, node->regency, node->number, ENTRY_DOCUMENT, view.signed_document);
}

/* A new box gets every unfinished document, not the history. */
static int documents_send(struct fold *fold, const struct node_view *node, struct bytes addressee)
{
    struct view_key prefix;
    struct bytes key = {0}, value;
    fold_addressee_key(addressee, (struct bytes){0}, &prefix);
    int status = fold_next(fold, VIEW_ADDRESSEES, view_key_bytes(&prefix), key, &key, &value);
    while (status == 0) {
        struct bytes id = bytes_of(key.data + prefix.len, key.len - prefix.len);
        status = document_send(fold, id, node, addressee);
        if (status == 0) {
            status = fold_next(fold, VIEW_ADDRESSEES, view_key_bytes(&prefix), key, &key, &value);
        }
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

static int node_begins(struct fold *fold, const struct node_view *node)
{
    struct bytes ring;
    int status = fold_get(fold, VIEW_META, bytes_of_text("ring"), &ring);
    if (status == 0) {
        status = fold_office_add(fold, node->regency, node->number, ENTRY_RING, ring);
    }
    if (status == 0) {
        status = fold_catalogue_tell(fold, node);
    }
    if (status == 0) {
        status = documents_send(fold, node, node->regency);
    }
    return status != 0 ? status : documents_send(fold, node, fold->config->province);
}

static bool same_box(const struct node_view *node, const struct enrolment *enrolment)
{
    return bytes_equal(node->regency, enrolment->regency) &&
           key_equal(&node->curve_key, &enrolment->curve_key) &&
           key_equal(&node->signing_key, &enrolment->signing_key) &&
           incarnation_equal(&node->office, &enrolment->office);
}

/* Whether this entry may follow what is known of its number. */
static int enrolment_follows(struct fold *fold, const struct enrolment *enrolment,
                             const struct node_view *known)
{
    unsigned long long number = enrolment->number;
    if (!same_box(known, enrolment)) {
        return fold_refuse(fold, ERR_EXISTS, "enrolment %llu is of another box or regency", number);
    }
    if (known->state == NODE_REVOKED) {
        return fold_refuse(fold, ERR_STATE, "enrolment %llu is revoked: begin a new one", number);
    }
    if (known->state == NODE_ACTIVE && !enrolment->active) {
        return fold_refuse(fold, ERR_STATE, "enrolment %llu is active: only a revocation ends it",
                           number);
    }
    return FOLD_DONE;
}

static int enrolment_check(struct fold *fold, const struct enrolment *enrolment)
{
    struct err_ctx why = {.text = ""};
    struct ring *ring = NULL;
    int status = fold_ring(fold, &ring);
    if (status != FOLD_DONE) {
        return status;
    }
    status = fold_signs_now(fold, ring, enrolment->officer);
    if (status != FOLD_DONE) {
        return status;
    }
    status = trust_enrolment(ring, enrolment, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    if (!fold_in_province(fold, enrolment->regency)) {
        return fold_refuse(fold, ERR_VALUE, "%.*s is no regency of province %.*s",
                           SHOWN(enrolment->regency), SHOWN(fold->config->province));
    }
    return enrolment->number != 0
               ? FOLD_DONE
               : fold_refuse(fold, ERR_VALUE, "an enrolment has a number from 1");
}

int fold_enrolment(struct fold *fold)
{
    struct enrolment enrolment;
    struct node_view known = {.number = 0};
    struct err_ctx why = {.text = ""};
    int status = enrolment_decode(fold->input->body, fold->arena, &enrolment, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = enrolment_check(fold, &enrolment);
    if (status != FOLD_DONE) {
        return status;
    }
    status = node_find(fold, enrolment.number, &known);
    bool is_new = status == ERR_NOT_FOUND;
    if (!is_new) {
        status = status == 0 ? enrolment_follows(fold, &enrolment, &known) : status;
        if (status != FOLD_DONE || (known.state == NODE_ACTIVE)) {
            return status;
        }
    }
    struct node_view node = {.state = enrolment.active ? NODE_ACTIVE : NODE_PENDING,
                             .number = enrolment.number,
                             .regency = enrolment.regency,
                             .curve_key = enrolment.curve_key,
                             .signing_key = enrolment.signing_key,
                             .office = enrolment.office,
                             .at_ms = enrolment.at_ms};
    node_put(fold, &node);
    fold_say(fold, "enrolment %llu of %.*s is %s", (unsigned long long)node.number,
             SHOWN(node.regency), enrolment.active ? "active" : "waiting for the words");
    return enrolment.active ? node_begins(fold, &node) : FOLD_DONE;
}

int fold_revocation(struct fold *fold)
{
    struct revocation revocation;
    struct node_view node = {.number = 0};
    struct ring *ring = NULL;
    struct err_ctx why = {.text = ""};
    int status = revocation_decode(fold->input->body, fold->arena, &revocation, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = fold_ring(fold, &ring);
    if (status == FOLD_DONE) {
        status = fold_signs_now(fold, ring, revocation.officer);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    status = trust_revocation(ring, &revocation, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = node_find(fold, revocation.number, &node);
    if (status == ERR_NOT_FOUND) {
        return fold_refuse(fold, ERR_NOT_FOUND, "there is no enrolment %llu",
                           (unsigned long long)revocation.number);
    }
    if (status != 0 || node.state == NODE_REVOKED) {
        return status;
    }
    node.state = NODE_REVOKED;
    node.at_ms = revocation.at_ms;
    node_put(fold, &node);
    fold_say(fold, "enrolment %llu of %.*s is revoked", (unsigned long long)node.number,
             SHOWN(node.regency));
    return FOLD_DONE;
}

/* ---- an entry that ended the applier twice ---- */
int fold_rejected(struct fold *fold)
{
    struct rejected rejected;
    struct err_ctx why = {.text = ""};
    struct view_key key;
    int status = rejected_decode(fold->input->body, fold->arena, &rejected, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    uint8_t *value = arena_alloc(fold->arena, REFUSED_VIEW_BYTES_MAX);
    if (value == NULL) {
        return ERR_NOMEM;
    }
    struct refused_view view = {0};
    struct bytes before;
    view_key_init(&key, (struct bytes){0});
    view_key_u64(&key, rejected.position);
    status = fold_get(fold, VIEW_REFUSED, view_key_bytes(&key), &before);
    status = status == 0 ? refused_view_decode(before, &view) : status;
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    view.code = rejected.code; /* the identity stays: it was noted when the entry was passed */
    view.text = rejected.text;
    size_t len = refused_view_encode(&view, value, REFUSED_VIEW_BYTES_MAX);
    fold_put(fold, VIEW_REFUSED, view_key_bytes(&key), bytes_of(value, len));
    return FOLD_DONE;
}
