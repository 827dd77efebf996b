/* pool.c - memory that is given back as a whole when a run is over: no malloc in a run. Under the
 * address sanitizer every piece is a malloc of its own, so that it sees what runs over. */
#include "core/base/assert.h"
#include "sim.h"

#define CHUNK_BYTES ((size_t)4 << 20)
#define ALIGNMENT 16u

#if defined(__SANITIZE_ADDRESS__)
#define PIECES_MAX 1u
#else
#define PIECES_MAX CHUNK_BYTES
#endif

struct chunk {
    struct chunk *next;
    size_t used, capacity;
    _Alignas(ALIGNMENT) uint8_t data[];
};
struct pool {
    struct chunk *full, *current, *empty;
};

static struct chunk *chunk_new(size_t capacity)
{
    struct chunk *chunk = malloc(sizeof *chunk + capacity);
    ASSERT(chunk != NULL);
    *chunk = (struct chunk){.capacity = capacity};
    return chunk;
}

static void chunks_free(struct chunk *chunk)
{
    while (chunk != NULL) {
        struct chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

struct pool *pool_new(void)
{
    struct pool *pool = calloc(1, sizeof *pool);
    ASSERT(pool != NULL);
    return pool;
}

void pool_free(struct pool *pool)
{
    chunks_free(pool->full);
    chunks_free(pool->current);
    chunks_free(pool->empty);
    free(pool);
}

/* Chunks of the usual size are kept. */
static void retire(struct pool *pool, struct chunk *chunk)
{
    if (chunk->capacity == CHUNK_BYTES) {
        chunk->used = 0;
        chunk->next = pool->empty;
        pool->empty = chunk;
    } else {
        free(chunk);
    }
}

void pool_reset(struct pool *pool)
{
    while (pool->full != NULL) {
        struct chunk *chunk = pool->full;
        pool->full = chunk->next;
        retire(pool, chunk);
    }
    if (pool->current != NULL) {
        retire(pool, pool->current);
        pool->current = NULL;
    }
}

static void next_chunk(struct pool *pool, size_t bytes)
{
    if (pool->current != NULL) {
        pool->current->next = pool->full;
        pool->full = pool->current;
    }
    if (bytes <= PIECES_MAX && pool->empty != NULL) {
        pool->current = pool->empty;
        pool->empty = pool->current->next;
        pool->current->next = NULL;
    } else {
        pool->current = chunk_new(bytes <= PIECES_MAX ? CHUNK_BYTES : bytes);
    }
}

void *pool_take(struct pool *pool, size_t bytes)
{
    size_t rounded = PIECES_MAX == 1 ? bytes : (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (pool->current == NULL || pool->current->capacity - pool->current->used < rounded ||
        PIECES_MAX == 1) {
        next_chunk(pool, rounded);
    }
    void *ret = pool->current->data + pool->current->used;
    pool->current->used += rounded;
    return ret;
}
