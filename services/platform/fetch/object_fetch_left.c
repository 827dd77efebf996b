#include "platform/fetch/object_fetch_private.h"

#include <stdlib.h>

/* What an earlier run left is believed block by block, and written again (objects_left). */
int object_fetch_find_left(struct object_fetch *fetch)
{
    struct object_receiver *receiver = &fetch->receiver;
    uint8_t *room = malloc(OBJECT_BLOCK_BYTES);
    uint32_t list_bytes = object_list_bytes(&receiver->ref);
    if (room == NULL) {
        return err_set(&fetch->err, ERR_NOMEM, "out of memory");
    }
    int rc = objects_kept_list(fetch->draft, room, list_bytes, NULL);
    rc = rc != 0 ? rc : object_receiver_found_list(receiver, bytes_of(room, list_bytes), NULL);
    int write_rc = 0;
    for (uint32_t i = 0; rc == 0 && write_rc == 0 && i < object_blocks(&receiver->ref); i++) {
        uint32_t len = object_block_bytes(&receiver->ref, i);
        uint64_t offset = (uint64_t)i * OBJECT_BLOCK_BYTES;
        if (objects_left(fetch->draft, offset, room, len, NULL) == 0 &&
            object_receiver_found(receiver, i, bytes_of(room, len))) {
            fetch->found++;
            write_rc = objects_write(fetch->draft, offset, bytes_of(room, len), &fetch->err);
        }
    }
    free(room);
    return write_rc;
}
