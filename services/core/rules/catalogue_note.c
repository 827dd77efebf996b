#include "core/rules/catalogue_note.h"

#include "core/base/assert.h"
#include "core/seal/object_blocks.h"

#include <stdio.h>
#include <string.h>

#define CATALOGUE_BLOCKS_MAX ((CATALOGUE_BYTES_MAX + OBJECT_BLOCK_BYTES - 1) / OBJECT_BLOCK_BYTES)

void catalogue_note(struct bytes packed, uint32_t number, char name[CATALOGUE_NAME_CAPACITY],
                    struct object_note *ret)
{
    uint8_t list[CATALOGUE_BLOCKS_MAX * HASH_BYTES];
    ASSERT(packed.len > 0 && packed.len <= CATALOGUE_BYTES_MAX);
    (void)snprintf(name, CATALOGUE_NAME_CAPACITY, "catalogue-%u", (unsigned)number);
    *ret = (struct object_note){.purpose = OBJECT_CATALOGUE,
                                .size = packed.len,
                                .has_number = true,
                                .number = number,
                                .name = bytes_of_text(name)};
    catalogue_hash(packed, ret->hash.b);
    object_list_hash(object_list_of(packed, list), &ret->block_list);
}

static int first_mistake(const struct catalogue_problems *problems, struct err_ctx *err)
{
    ASSERT(problems->count > 0);
    const struct catalogue_problem *first = &problems->list[0];
    return err_set(err, ERR_VALUE, "catalogue: %s:%u:%u: %s (of %zu mistakes)", first->file,
                   (unsigned)first->line, (unsigned)first->column, first->reason, problems->count);
}

int catalogue_whole(struct bytes packed, const struct hash *hash, uint32_t number,
                    struct arena *arena, const struct catalogue **ret, struct err_ctx *err)
{
    struct hash found = {{0}}; /* cppcheck does not see it filled in */
    struct catalogue_info info;
    const struct catalogue *catalogue = NULL;
    struct catalogue_problems *problems = arena_alloc(arena, sizeof *problems);
    catalogue_hash(packed, found.b);
    if (!hash_equal(&found, hash)) {
        return err_set(err, ERR_VALUE, "catalogue: these are not the bytes that were signed");
    }
    int rc = problems == NULL ? ERR_NOMEM : catalogue_parse(packed, arena, &catalogue, problems);
    if (rc == ERR_FORMAT || rc == ERR_LIMIT) {
        return first_mistake(problems, err);
    }
    if (rc != 0) {
        return err_set(err, rc, "catalogue: out of memory");
    }
    catalogue_info(catalogue, &info);
    if (info.number != number) {
        return err_set(err, ERR_VALUE, "catalogue: version.csv has number %u, not %u",
                       (unsigned)info.number, (unsigned)number);
    }
    *ret = catalogue;
    return 0;
}
