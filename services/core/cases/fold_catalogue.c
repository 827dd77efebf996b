/* The catalogue comes in pieces, each signed by the root; with the last one all of it is looked at,
 * and it holds or nothing has changed. */
#include "core/cases/catalogue_view.h"
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

#include <string.h>

#define HOLDING "catalogue"
#define COLLECTED "catalogue_parts"
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
static int whole_check(struct fold *fold, const struct catalogue_part *part, struct bytes packed)
{
    uint8_t hash[HASH_BYTES];
    const struct catalogue *catalogue = NULL;
    struct catalogue_info info;
    struct catalogue_problems *problems = arena_alloc(fold->arena, sizeof *problems);
    catalogue_hash(packed, hash);
    if (memcmp(hash, part->hash.b, HASH_BYTES) != 0) {
        return fold_refuse(fold, ERR_VALUE, "catalogue: these are not the bytes that were signed");
    }
    int status =
        problems == NULL ? ERR_NOMEM : catalogue_parse(packed, fold->arena, &catalogue, problems);
    if (status == ERR_FORMAT || status == ERR_LIMIT) {
        ASSERT(problems->count > 0);
        const struct catalogue_problem *first = &problems->list[0];
        return fold_refuse(fold, ERR_VALUE, "catalogue: %s:%u:%u: %s (of %zu mistakes)",
                           first->file, (unsigned)first->line, (unsigned)first->column,
                           first->reason, problems->count);
    }
    if (status != 0) {
        return status;
    }
    catalogue_info(catalogue, &info);
    return info.number == part->number
               ? FOLD_DONE
               : fold_refuse(fold, ERR_VALUE, "catalogue: version.csv has number %u, not %u",
                             (unsigned)info.number, (unsigned)part->number);
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

static int whole(struct fold *fold, const struct catalogue_part *part, struct bytes before)
{
    uint8_t *record = record_new(fold, before, part->data);
    if (record == NULL) {
        return ERR_NOMEM;
    }
    struct bytes packed = bytes_of(record + HEAD_BYTES, before.len + part->data.len);
    int status = number_check(fold, part->number);
    if (status == FOLD_DONE) {
        status = whole_check(fold, part, packed);
    }
    if (status != FOLD_DONE) {
        return status;
    }
    put_be32(record, part->number);
    memcpy(record + 4, part->hash.b, HASH_BYTES);
    fold_put(fold, VIEW_META, bytes_of_text(HOLDING), bytes_of(record, HEAD_BYTES + packed.len));
    collected_drop(fold);
    fold_say(fold, "catalogue %u holds", (unsigned)part->number);
    return FOLD_DONE;
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
