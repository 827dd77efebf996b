/* What the handlers of the fold share: answers, and the way to the views. */
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"
#include "core/base/text.h"
#include "core/rules/catalogue.h"

#include <stdarg.h>
#include <string.h>

#undef fold_refuse

/* ---- answers ---- */
/* Cut at the last whole character: what is quoted in it may be any UTF-8. */
static void write_text(char *ret, size_t capacity, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
static void write_text(char *ret, size_t capacity, const char *format, va_list arguments)
{
    (void)vsnprintf(ret, capacity, format, arguments);
    ret[utf8_valid_until(bytes_of_text(ret))] = '\0';
}

int fold_refuse(struct fold *fold, int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_text(fold->ret->text, sizeof fold->ret->text, format, arguments);
    va_end(arguments);
    fold->ret->code = code;
    return FOLD_REFUSED;
}

int fold_refuse_for(struct fold *fold, int code, const struct err_ctx *why)
{
    enum err_action action = err_action(code);
    if (code == ERR_NOMEM || action == ERR_ACTION_FATAL) {
        return code;
    }
    return fold_refuse(fold, code, "%s", err_peek(why, code));
}

void fold_say(struct fold *fold, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_text(fold->ret->text, sizeof fold->ret->text, format, arguments);
    va_end(arguments);
}

void fold_position_key(const struct fold *fold, struct view_key *ret)
{
    view_key_init(ret, (struct bytes){0});
    view_key_u64(ret, fold->input->position);
}

void fold_alarm(struct fold *fold, int code, const char *format, ...)
{
    char text[256];
    uint8_t value[REFUSED_VIEW_BYTES_MAX];
    struct view_key key;
    va_list arguments;
    va_start(arguments, format);
    write_text(text, sizeof text, format, arguments);
    va_end(arguments);
    struct refused_view view = {
        .id = fold->input->id, .code = bytes_of_text(err_name(code)), .text = bytes_of_text(text)};
    size_t len = refused_view_encode(&view, value, sizeof value);
    fold_position_key(fold, &key);
    fold_put(fold, VIEW_ALARMS, view_key_bytes(&key), bytes_of(value, len));
    fold->ret->alarm = true;
}

static int office_grow(struct fold *fold)
{
    struct fold_output *ret = fold->ret;
    if (ret->office_count < fold->office_capacity) {
        return 0;
    }
    size_t capacity = fold->office_capacity == 0 ? 8 : 2 * fold->office_capacity;
    struct fold_office *office = arena_alloc(fold->arena, capacity * sizeof *office);
    if (office == NULL) {
        return ERR_NOMEM;
    }
    if (ret->office_count > 0) {
        memcpy(office, ret->office, ret->office_count * sizeof *office);
    }
    ret->office = office;
    fold->office_capacity = capacity;
    return 0;
}

int fold_office_add(struct fold *fold, struct bytes regency, uint64_t enrolment, uint16_t kind,
                    struct bytes body)
{
    int status = office_grow(fold);
    if (status != 0) {
        return status;
    }
    struct fold_office *office = &fold->ret->office[fold->ret->office_count++];
    ASSERT(regency.len < sizeof office->regency);
    if (regency.len > 0) {
        memcpy(office->regency, regency.data, regency.len);
    }
    office->enrolment = enrolment;
    office->kind = kind;
    office->body = body;
    return 0;
}

int fold_status(struct fold *fold, const struct status *value, struct bytes regency,
                uint64_t enrolment)
{
    const size_t capacity = 1024;
    uint8_t *body = arena_alloc(fold->arena, capacity);
    size_t len = 0;
    if (body == NULL) {
        return ERR_NOMEM;
    }
    int status = status_encode(value, body, capacity, &len, NULL);
    return status != 0
               ? status
               : fold_office_add(fold, regency, enrolment, ENTRY_STATUS, bytes_of(body, len));
}

/* ---- views ---- */
static int keep(struct fold *fold, struct bytes *value)
{
    struct bytes copy = arena_copy(fold->arena, *value);
    if (copy.data == NULL) {
        return ERR_NOMEM;
    }
    *value = copy;
    return 0;
}

int fold_get(struct fold *fold, enum view_table table, struct bytes key, struct bytes *ret)
{
    int status = fold->views->get(fold->views->arg, table, key, ret);
    return status != 0 ? status : keep(fold, ret);
}

int fold_next(struct fold *fold, enum view_table table, struct bytes prefix, struct bytes after,
              struct bytes *ret_key, struct bytes *ret_value)
{
    int status = fold->views->next(fold->views->arg, table, prefix, after, ret_key, ret_value);
    if (status == 0) {
        status = keep(fold, ret_key);
    }
    return status != 0 ? status : keep(fold, ret_value);
}

void fold_put(struct fold *fold, enum view_table table, struct bytes key, struct bytes value)
{
    fold->views->put(fold->views->arg, table, key, value);
}

int fold_counter(struct fold *fold, const char *name, uint64_t *ret)
{
    struct bytes value;
    int status = fold->views->get(fold->views->arg, VIEW_META, bytes_of_text(name), &value);
    if (status == ERR_NOT_FOUND) {
        *ret = 0;
        return 0;
    }
    if (status != 0 || value.len != 8) {
        return status != 0 ? status : ERR_FORMAT;
    }
    *ret = get_be64(value.data);
    return 0;
}

void fold_counter_put(struct fold *fold, const char *name, uint64_t value)
{
    uint8_t big[8];
    put_be64(big, value);
    fold_put(fold, VIEW_META, bytes_of_text(name), bytes_of(big, sizeof big));
}

int fold_case_get(struct fold *fold, const struct case_name *name, struct case_view *ret)
{
    struct bytes value;
    int status = fold_get(fold, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES), &value);
    return status != 0 ? status : case_view_decode(value, ret);
}

/* Going back to be examined again is not proven any more; what was closed stays what it was. */
static uint8_t reached(const struct case_view *view)
{
    enum { KEEPS = 1, PROVES = 2, DECIDES = 4 };
    static const uint8_t does[CASE_STATE_COUNT] = {
        [CASE_RECOMMENDED] = PROVES, [CASE_DECIDED] = KEEPS | PROVES | DECIDES,
        [CASE_BLOCKED] = KEEPS,      [CASE_LEFT_SERVICE] = KEEPS,
        [CASE_APPEALED] = KEEPS,     [CASE_CLOSED] = KEEPS,
    };
    unsigned what = does[view->state];
    unsigned now = (what & KEEPS) != 0 ? view->reached : 0u;
    now |= (what & PROVES) != 0 ? CASE_REACHED_PROVEN : 0u;
    now |= (what & DECIDES) != 0 ? CASE_REACHED_DECIDED : 0u;
    return (uint8_t)now;
}

void fold_case_put(struct fold *fold, const struct case_name *name, const struct case_view *view)
{
    uint8_t value[CASE_VIEW_BYTES_MAX];
    struct case_view put = *view;
    put.reached = reached(view);
    size_t len = case_view_encode(&put, value, sizeof value);
    fold_put(fold, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES), bytes_of(value, len));
    if (view->nip.len > 0) {
        struct view_key key;
        view_key_init(&key, view->nip);
        view_key_zero(&key);
        view_key_part(&key, bytes_of(name->b, CASE_NAME_BYTES));
        fold_put(fold, VIEW_PERSONS, view_key_bytes(&key), (struct bytes){0});
    }
}

int fold_document_get(struct fold *fold, struct bytes id, struct document_view *ret)
{
    struct bytes value;
    if (id.len == 0 || id.len > DOCUMENT_ID_BYTES_MAX) {
        return ERR_NOT_FOUND;
    }
    int status = fold_get(fold, VIEW_DOCUMENTS, id, &value);
    return status != 0 ? status : document_view_decode(value, ret);
}

int fold_document_put(struct fold *fold, struct bytes id, const struct document_view *view)
{
    size_t capacity = view->signed_document.len + view->withdrawn_why.len +
                      (DOCUMENT_VIEW_BYTES_MAX - ENTRY_BYTES_MAX - TEXT_BYTES_MAX);
    uint8_t *value = arena_alloc(fold->arena, capacity);
    if (value == NULL) {
        return ERR_NOMEM;
    }
    size_t len = document_view_encode(view, value, capacity);
    fold_put(fold, VIEW_DOCUMENTS, id, bytes_of(value, len));
    return 0;
}

void fold_addressee_key(struct bytes regency, struct bytes document_id, struct view_key *ret)
{
    view_key_init(ret, regency);
    view_key_zero(ret);
    view_key_part(ret, document_id);
}

/* ---- trust and places ---- */
int fold_ring(struct fold *fold, struct ring **ret)
{
    struct bytes value;
    struct signed_ring signed_ring;
    struct err_ctx why = {.text = ""};
    struct ring *ring = arena_alloc(fold->arena, sizeof *ring);
    int status =
        ring == NULL ? ERR_NOMEM : fold_get(fold, VIEW_META, bytes_of_text("ring"), &value);
    if (status == ERR_NOT_FOUND) {
        return fold_refuse(fold, ERR_STATE, "there is no key ring yet: nobody can sign");
    }
    if (status == 0) {
        status = signed_ring_decode(value, fold->arena, &signed_ring, &why);
    }
    if (status == 0) {
        status = ring_decode(signed_ring.ring, fold->arena, ring, &why);
    }
    if (status == 0) {
        *ret = ring;
    }
    return status;
}

int fold_signs_now(struct fold *fold, const struct ring *ring, struct bytes officer)
{
    const struct officer *found = ring_officer(ring, officer);
    if (found == NULL) {
        return fold_refuse(fold, ERR_KEY, "officer %.*s is not in key ring %llu", SHOWN(officer),
                           (unsigned long long)ring->number);
    }
    if (found->state != KEY_ACTIVE) {
        return fold_refuse(fold, ERR_KEY, "officer %.*s: the key is no longer active",
                           SHOWN(officer));
    }
    return FOLD_DONE;
}

int fold_newest(struct fold *fold, struct bytes regency, uint64_t *ret)
{
    struct view_key prefix, after;
    uint64_t newest = 0;
    int status = 0;
    view_key_init(&prefix, regency);
    view_key_zero(&prefix);
    view_key_init(&after, (struct bytes){0});
    while (status == 0) {
        struct node_view node;
        struct bytes key, value;
        status = fold->views->next(fold->views->arg, VIEW_NODES, view_key_bytes(&prefix),
                                   view_key_bytes(&after), &key, &value);
        if (status == 0) {
            view_key_init(&after, key);
            status = node_view_decode(value, &node);
            newest = status == 0 && node.state == NODE_ACTIVE ? node.number : newest;
        }
    }
    if (status != ERR_NOT_FOUND) {
        return status;
    }
    *ret = newest;
    return 0;
}

bool fold_in_province(const struct fold *fold, struct bytes regency)
{
    struct bytes province = fold->config->province;
    return catalogue_region_find(regency) != NULL && regency.len > province.len &&
           bytes_equal(bytes_of(regency.data, province.len), province) &&
           regency.data[province.len] == '.';
}

bool fold_addressed(const struct fold *fold, enum document_type type, struct bytes addressee,
                    struct bytes regency)
{
    return bytes_equal(addressee, regency) ||
           (fold_to_all(fold, type, addressee) && fold_in_province(fold, regency));
}

bool fold_to_all(const struct fold *fold, enum document_type type, struct bytes addressee)
{
    return type == DOCUMENT_TYPE_ADVISORY && bytes_equal(addressee, fold->config->province);
}

bool fold_may_address(const struct fold *fold, enum document_type type, struct bytes addressee)
{
    return fold_in_province(fold, addressee) || fold_to_all(fold, type, addressee);
}

bool fold_target_state(enum document_type type, enum case_state *ret)
{
    if (type == DOCUMENT_TYPE_RECOMMENDATION) {
        *ret = CASE_RECOMMENDED;
    } else if (type == DOCUMENT_TYPE_DECISION) {
        *ret = CASE_DECIDED;
    }
    return type == DOCUMENT_TYPE_RECOMMENDATION || type == DOCUMENT_TYPE_DECISION;
}
