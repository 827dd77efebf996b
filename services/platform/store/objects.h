/* objects.h - files named by the SHA-256 of their bytes, in a folder beside a store.
 *
 *   HASH         whole, synced, its folder too: only then it has this name
 *   HASH.part    being fetched; stays when the program ends, and is gone on with
 *   HASH.list    its block list
 *   new-….tmp    a local file being copied in; dropped when the folder is opened
 *
 * Promises: what objects_finish reported is there after any loss of power, so an entry that names
 * it may be appended then. A file that could not be written or synced is dropped whole: what a
 * failed sync was to write would be read as good. All files together, those under way with the size
 * they will have, never exceed bytes_max. A draft is one thread's at a
 * time; the folder may serve several.
 */
#ifndef PLATFORM_STORE_OBJECTS_H
#define PLATFORM_STORE_OBJECTS_H

#include "core/base/error.h"
#include "core/base/ident.h"

struct objects;
struct object_draft;

/* Makes the folder if it is not there; counts and sweeps what is in it. */
int objects_open(const char *path, uint64_t bytes_max, struct objects **ret,
                 struct err_ctx *err) MUST_USE;
void objects_close(struct objects *objects);
uint64_t objects_bytes(struct objects *objects);

/* ERR_NOT_FOUND: not here, or not whole. */
int objects_size(const struct objects *objects, const struct hash *sha256, uint64_t *ret,
                 struct err_ctx *err) MUST_USE;
/* ERR_VALUE: it has no such range. */
int objects_read(const struct objects *objects, const struct hash *sha256, uint64_t offset,
                 uint8_t *to, size_t len, struct err_ctx *err) MUST_USE;

/* A file that becomes an object. sha256 NULL: copied from here, its name not known yet; else
 * fetched, and gone on with if a part of it is here. ERR_EXISTS: it is here whole. ERR_LIMIT: empty
 * or above OBJECT_BYTES_MAX. ERR_FULL: above bytes_max, or no room on the disk: nothing changed.
 * ERR_VALUE: a part is here, of a larger file. */
int objects_begin(struct objects *objects, const struct hash *sha256, uint64_t size,
                  struct object_draft **ret, struct err_ctx *err) MUST_USE;
/* After a failure here or in objects_finish the file is gone; only objects_leave may follow. */
int objects_write(struct object_draft *draft, uint64_t offset, struct bytes bytes,
                  struct err_ctx *err) MUST_USE;
/* What an earlier run left; zeros where nothing was written. Whoever believes a block writes it
 * again: a sync that failed just before that run ended has made it look written. */
int objects_left(const struct object_draft *draft, uint64_t offset, uint8_t *to, size_t len,
                 struct err_ctx *err) MUST_USE;
/* Of a fetched one. ERR_NOT_FOUND: none was kept, or another length. */
int objects_keep_list(struct object_draft *draft, struct bytes list, struct err_ctx *err) MUST_USE;
int objects_kept_list(const struct object_draft *draft, uint8_t *to, size_t len,
                      struct err_ctx *err) MUST_USE;
/* Whole: its hash is computed, and where it was named compared (ERR_CHAIN). ERR_EXISTS: a local
 * file that is here already, whole; ret_sha256 is written then too. */
int objects_finish(struct object_draft *draft, struct hash *ret_sha256,
                   struct err_ctx *err) MUST_USE;
/* What came is not what was named: the file goes; only objects_leave may follow. */
void objects_give_up(struct object_draft *draft);
/* Frees the draft, finished or not; what is being fetched stays as .part. NULL is fine. */
void objects_leave(struct object_draft *draft);

#endif
