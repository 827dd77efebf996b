/* objects_private.h - what objects.c (the folder, reading) and objects_draft.c share. */
#ifndef PLATFORM_STORE_OBJECTS_PRIVATE_H
#define PLATFORM_STORE_OBJECTS_PRIVATE_H

#include <pthread.h>

#include "platform/store/objects.h"

#define OBJECT_NAME_CAPACITY (HEX_CAPACITY(HASH_BYTES) + 8u)

struct objects {
    int folder;
    uint64_t bytes_max;
    pthread_mutex_t lock; /* of bytes */
    uint64_t bytes;       /* whole and under way, these with the size they will have */
};

/* false: they would be above bytes_max, and nothing changed. */
bool objects_take_room(struct objects *objects, uint64_t bytes) MUST_USE;
void objects_give_room(struct objects *objects, uint64_t bytes);
/* Reads errno, so it comes straight after the call that failed. */
int objects_fail(struct err_ctx *err, const char *name, const char *what);
void objects_name(const struct hash *sha256, const char *ending, char ret[OBJECT_NAME_CAPACITY]);
int objects_sync_folder(const struct objects *objects, struct err_ctx *err) MUST_USE;
/* Exactly len bytes. */
int objects_read_at(int fd, const char *name, uint64_t offset, uint8_t *to, size_t len,
                    struct err_ctx *err) MUST_USE;

#endif
