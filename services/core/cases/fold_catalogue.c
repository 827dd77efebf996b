/* The catalogue comes in pieces, each signed by the root; with the last one all of it is looked at,
 * and it holds or nothing has changed. */
#include "core/cases/catalogue_view.h"
#include "core/cases/fold_parts.h"

#include "core/base/plant.h"
#include "core/rules/catalogue.h"
#include "core/rules/catalogue_note.h"
#include "core/rules/report_check.h"

#include <string.h>

#define HOLDING "catalogue"
#define COLLECTED "catalogue_parts"
#define NOTE "catalogue_note"          /* what nodes are told of it */
#define KNOWN_FORM "known_form/"       /* ‖ code: a catalogue that held had it, no built-in one */
#define KNOWN_REGENCY "known_regency/" /* ‖ code, likewise */
#define NOTE_BYTES_MAX 512u
#define HEAD_BYTES (4u + HASH_BYTES) /* of both records: a number and a hash, in either order */

int catalogue_view_get(const struct views *views, struct arena *arena, struct catalogue_view *ret)
{
    struct bytes value, packed = catalogue_builtin();
    struct catalogue_problems *problems = arena_alloc(arena, sizeof *problems);
    struct catalogue_info info;
    uint8_t hash[HASH_BYTES];
    if (problems == NULL) {
        return ERR_NOMEM;
    }
    int status = views->get(views->arg, VIEW_META, bytes_of_text(HOLDING), &value);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    ret->builtin = status == ERR_NOT_FOUND;
    if (!ret->builtin) {
        if (value.len <= HEAD_BYTES) {
            return ERR_FORMAT;
        }
        packed = arena_copy(arena, bytes_of(value.data + HEAD_BYTES, value.len - HEAD_BYTES));
        if (packed.data == NULL) {
            return ERR_NOMEM;
        }
    }
    status = catalogue_parse(packed, arena, &ret->catalogue, problems);
    if (status != 0) {
        return status;
    }
    catalogue_info(ret->catalogue, &info);
    ret->number = info.number;
    catalogue_hash(packed, hash);
    (void)hex_encode(ret->version, hash, sizeof hash);
    return 0;
}

/* ---- pieces ---- */
static int part_decode(struct fold *fold, struct catalogue_part *ret)
{
    struct err_ctx why = {.text = ""};
    int status = catalogue_part_decode(fold->input->body, fold->arena, ret, &why);
    if (status == 0 && !PLANTED(ANY_CATALOGUE)) {
        status = trust_catalogue(&fold->config->root_key, ret, &why);
    }
    return status == 0 ? FOLD_DONE : fold_refuse_for(fold, status, &why);
}

static void collected_drop(struct fold *fold)
{
    fold->views->del(fold->views->arg, VIEW_META, bytes_of_text(COLLECTED));
}

/* What has come of it so far; FOLD_REFUSED when this is not the next piece. */
static int collected(struct fold *fold, const struct catalogue_part *part, struct bytes *ret)
{
    struct bytes value;
    *ret = (struct bytes){0};
    if (part->part == 0) {
        return FOLD_DONE;
    }
    int status = fold_get(fold, VIEW_META, bytes_of_text(COLLECTED), &value);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    if (status == ERR_NOT_FOUND || value.len < HEAD_BYTES ||
        memcmp(value.data, part->hash.b, HASH_BYTES) != 0 ||
        get_be32(value.data + HASH_BYTES) != part->part) {
        return fold_refuse(fold, ERR_STATE, "catalogue: part %u does not follow the one before",
                           (unsigned)part->part);
    }
    *ret = bytes_of(value.data + HEAD_BYTES, value.len - HEAD_BYTES);
    return FOLD_DONE;
}

/* A record of a number, a hash and bytes, to be filled in by the caller from the returned place. */
static uint8_t *record_new(struct fold *fold, struct bytes before, struct bytes more)
{
    uint8_t *record = arena_alloc(fold->arena, HEAD_BYTES + before.len + more.len);
    if (record != NULL && before.len > 0) {
        memcpy(record + HEAD_BYTES, before.data, before.len);
    }
    if (record != NULL && more.len > 0) {
        memcpy(record + HEAD_BYTES + before.len, more.data, more.len);
    }
    return record;
}

/* ---- the whole ---- */
/* Nodes are told by a note that the root signed too: it is made here again, and must be that one.
 * *ret: empty where an earlier version loaded it, whose catalogues stayed here. */
static int note_make(struct fold *fold, const struct catalogue_part *part, struct bytes packed,
                     struct bytes *ret)
{
    static const struct signature none;
    char name[CATALOGUE_NAME_CAPACITY];
    struct err_ctx why = {.text = ""};
    struct object_note note;
    size_t len = 0;
    *ret = (struct bytes){0};
    if (memcmp(&part->note_signature, &none, sizeof none) == 0) {
        return FOLD_DONE;
    }
    uint8_t *body = arena_alloc(fold->arena, NOTE_BYTES_MAX);
    if (body == NULL) {
        return ERR_NOMEM;
    }
    catalogue_note(packed, part->number, name, &note);
    note.signature = part->note_signature;
    int status = trust_catalogue_note(&fold->config->root_key, &note, &why);
    status = status != 0 ? status : object_note_encode(&note, body, NOTE_BYTES_MAX, &len, &why);
    *ret = bytes_of(body, len);
    return status == 0 ? FOLD_DONE : fold_refuse_for(fold, status, &why);
}

static void known_put(struct fold *fold, const char *kind, struct bytes code)
{
    struct view_key key;
    view_key_init(&key, bytes_of_text(kind));
    view_key_part(&key, code);
    fold_put(fold, VIEW_META, view_key_bytes(&key), bytes_of_text("1"));
}

/* What a node accepts by this catalogue must not be refused here once the next one holds. */
static void codes_keep(struct fold *fold, const struct catalogue *catalogue)
{
    struct bytes code, name;
    for (size_t i = 0; catalogue_form_code_at(catalogue, i, &code); i++) {
        if (catalogue_form_find(code) == NULL) {
            known_put(fold, KNOWN_FORM, code);
        }
    }
    for (size_t i = 0; catalogue_regency_at(catalogue, i, &code, &name); i++) {
        if (catalogue_region_find(code) == NULL) {
            known_put(fold, KNOWN_REGENCY, code);
        }
    }
}

/* Numbers only rise, so that nobody brings back what was replaced. */
static int number_check(struct fold *fold, uint32_t number)
{
    struct bytes value;
    int status = fold_get(fold, VIEW_META, bytes_of_text(HOLDING), &value);
    if (status == ERR_NOT_FOUND) {
        return FOLD_DONE;
    }
    if (status == 0 && value.len <= HEAD_BYTES) {
        status = ERR_FORMAT;
    }
    if (status != 0) {
        return status;
    }
    return number > get_be32(value.data)
               ? FOLD_DONE
               : fold_refuse(fold, ERR_STALE, "catalogue: number %u holds, this one is %u",
                             (unsigned)get_be32(value.data), (unsigned)number);
}

/* It holds from here on. */
static int put_in_force(struct fold *fold, const struct catalogue_part *part, uint8_t *record,
                        size_t len, struct bytes note)
{
    put_be32(record, part->number);
    memcpy(record + 4, part->hash.b, HASH_BYTES);
    fold_put(fold, VIEW_META, bytes_of_text(HOLDING), bytes_of(record, HEAD_BYTES + len));
    collected_drop(fold);
    if (note.len == 0) {
        fold->views->del(fold->views->arg, VIEW_META, bytes_of_text(NOTE));
        fold_say(fold, "catalogue %u holds, and no node is told of it", (unsigned)part->number);
        return FOLD_DONE;
    }
    fold_put(fold, VIEW_META, bytes_of_text(NOTE), note);
    fold_say(fold, "catalogue %u holds", (unsigned)part->number);
    return fold_office_all(fold, ENTRY_OBJECT, note);
}

static int whole(struct fold *fold, const struct catalogue_part *part, struct bytes before)
{
    struct err_ctx why = {.text = ""};
    const struct catalogue *catalogue = NULL;
    struct bytes note;
    uint8_t *record = record_new(fold, before, part->data);
    if (record == NULL) {
        return ERR_NOMEM;
    }
    struct bytes packed = bytes_of(record + HEAD_BYTES, before.len + part->data.len);
    int status = number_check(fold, part->number);
    if (status != FOLD_DONE) {
        return status;
    }
    status = catalogue_whole(packed, &part->hash, part->number, fold->arena, &catalogue, &why);
    if (status != 0) {
        return fold_refuse_for(fold, status, &why);
    }
    status = note_make(fold, part, packed, &note);
    if (status != FOLD_DONE) {
        return status;
    }
    codes_keep(fold, catalogue);
    return put_in_force(fold, part, record, packed.len, note);
}

int fold_catalogue_part(struct fold *fold)
{
    struct catalogue_part part;
    struct bytes before;
    int status = part_decode(fold, &part);
    if (status == FOLD_DONE) {
        status = collected(fold, &part, &before);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    if (part.part + 1 == part.parts) {
        return whole(fold, &part, before);
    }
    uint8_t *record = record_new(fold, before, part.data);
    if (record == NULL) {
        return ERR_NOMEM;
    }
    memcpy(record, part.hash.b, HASH_BYTES);
    put_be32(record + HASH_BYTES, part.part + 1);
    fold_put(fold, VIEW_META, bytes_of_text(COLLECTED),
             bytes_of(record, HEAD_BYTES + before.len + part.data.len));
    fold_say(fold, "part %u of %u", (unsigned)part.part + 1, (unsigned)part.parts);
    return FOLD_DONE;
}

/* ---- nodes and their reports ---- */
int fold_catalogue_tell(struct fold *fold, const struct node_view *node)
{
    struct bytes note;
    int status = fold_get(fold, VIEW_META, bytes_of_text(NOTE), &note);
    if (status != 0) {
        return status == ERR_NOT_FOUND ? 0 : status;
    }
    return fold_office_add(fold, node->regency, node->number, ENTRY_OBJECT, note);
}

int catalogue_view_note(const struct views *views, struct arena *arena, struct object_note *ret)
{
    struct bytes value;
    int status = views->get(views->arg, VIEW_META, bytes_of_text(NOTE), &value);
    return status != 0 ? status : object_note_decode(value, arena, ret, NULL);
}

int catalogue_view_packed(const struct views *views, struct bytes *ret)
{
    struct bytes value;
    int status = views->get(views->arg, VIEW_META, bytes_of_text(HOLDING), &value);
    if (status == 0) {
        *ret = bytes_of(value.data + HEAD_BYTES, value.len - HEAD_BYTES);
    }
    return status != 0 ? status : value.len > HEAD_BYTES ? 0 : ERR_FORMAT;
}

/* Storage that fails is kept apart from a code that is not known. */
struct known {
    struct fold *fold;
    int *status;
};

static bool was_known(const struct known *known, const char *kind, struct bytes code)
{
    struct view_key key;
    struct bytes value;
    if (code.len > CATALOGUE_CODE_BYTES_MAX) {
        return false;
    }
    view_key_init(&key, bytes_of_text(kind));
    view_key_part(&key, code);
    int status =
        known->fold->views->get(known->fold->views->arg, VIEW_META, view_key_bytes(&key), &value);
    *known->status = status == ERR_NOT_FOUND ? *known->status : status;
    return status == 0;
}

static bool known_form(const void *arg, struct bytes code)
{
    return catalogue_form_find(code) != NULL || was_known(arg, KNOWN_FORM, code);
}

static bool known_regency(const void *arg, struct bytes code)
{
    return catalogue_region_find(code) != NULL || was_known(arg, KNOWN_REGENCY, code);
}

int fold_report_check(struct fold *fold, const struct report *report, const char *before_field)
{
    int status = 0;
    struct field_error field = {.field = ""};
    const struct known known = {fold, &status};
    const struct report_codes codes = {&known, known_form, known_regency};
    int wrong = report_check(report, &codes, fold->input->owner, INT32_MAX, &field);
    if (status != 0 || wrong == 0) {
        return status;
    }
    return fold_refuse(fold, wrong, "%s%s: %s", before_field, field.field, field.reason);
}

int fold_zero_check(struct fold *fold, const struct zero_report *zero)
{
    int status = 0;
    struct field_error field = {.field = ""};
    const struct known known = {fold, &status};
    const struct report_codes codes = {&known, known_form, known_regency};
    int wrong = zero_report_check(zero, &codes, fold->input->owner, INT32_MAX, &field);
    if (status != 0 || wrong == 0) {
        return status;
    }
    return fold_refuse(fold, wrong, "%s: %s", field.field, field.reason);
}
