#include "core/base/arena.h"

#include "core/base/assert.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGN 16u

struct arena {
    size_t capacity;
    size_t used;
    uint8_t *block;
};

struct arena *arena_new(size_t capacity_bytes)
{
    struct arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL) {
        return NULL;
    }
    arena->block = malloc(capacity_bytes);
    if (arena->block == NULL) {
        free(arena);
        return NULL;
    }
    arena->capacity = capacity_bytes;
    return arena;
}

void arena_free(struct arena *arena)
{
    if (arena != NULL) {
        free(arena->block);
        free(arena);
    }
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    size_t start = (arena->used + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (start > arena->capacity || bytes > arena->capacity - start) {
        return NULL;
    }
    arena->used = start + bytes;
    void *room = arena->block + start;
    memset(room, 0, bytes);
    return room;
}

struct bytes arena_copy(struct arena *arena, struct bytes bytes)
{
    uint8_t *room = arena_alloc(arena, bytes.len);
    if (room == NULL) {
        return (struct bytes){0};
    }
    if (bytes.len > 0) {
        memcpy(room, bytes.data, bytes.len);
    }
    return bytes_of(room, bytes.len);
}

void arena_reset(struct arena *arena)
{
    arena->used = 0;
}

void arena_rewind(struct arena *arena, size_t used)
{
    ASSERT(used <= arena->used);
    arena->used = used;
}

size_t arena_used(const struct arena *arena)
{
    return arena->used;
}
