#include "platform/door/json_memory.h"

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *give(size_t size)
{
    void *memory = malloc(size);
    if (memory == NULL && size > 0) {
        (void)fprintf(stderr, "<2>event=out_of_memory what=json bytes=%zu\n", size);
        abort();
    }
    return memory;
}

static void wipe_and_free(void *memory)
{
    if (memory != NULL) {
        explicit_bzero(memory, malloc_usable_size(memory));
        free(memory);
    }
}

void json_memory_init(bool wipe)
{
    json_set_alloc_funcs(give, wipe ? wipe_and_free : free);
}
