/* arena.h - bounded memory for one parse: give out, then forget all at once.
 *
 * One block, its size fixed at arena_new; nothing is freed singly. When it is full, arena_alloc
 * gives NULL and the parse fails with ERR_LIMIT: that is the budget for hostile input.
 */
#ifndef CORE_BASE_ARENA_H
#define CORE_BASE_ARENA_H

#include "core/base/bytes.h"
#include "core/base/error.h"

struct arena;

/* Caller owns; NULL when out of memory. */
struct arena *arena_new(size_t capacity_bytes);
void arena_free(struct arena *arena);
/* Aligned for any type and zeroed; NULL when the arena is full. Valid until arena_reset. */
void *arena_alloc(struct arena *arena, size_t bytes) MUST_USE;
/* A copy inside the arena; {NULL, 0} with len > 0 asked means full. */
struct bytes arena_copy(struct arena *arena, struct bytes bytes) MUST_USE;
void arena_reset(struct arena *arena);
/* Gives back what was taken since arena_used was `used`. */
void arena_rewind(struct arena *arena, size_t used);
size_t arena_used(const struct arena *arena);

#endif
