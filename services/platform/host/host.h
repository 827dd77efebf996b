/* host.h - what the machine gives: clocks, randomness, files, and the one way to end on a bug.
 *
 * The only code (with the rest of platform/) that asks for time or randomness. Thread-safe.
 */
#ifndef PLATFORM_HOST_HOST_H
#define PLATFORM_HOST_HOST_H

#include <pthread.h>

#include "core/base/bytes.h"
#include "core/base/error.h"

/* First call of every program: libsodium, SIGPIPE ignored, umask 077, as many
 * descriptors as we may have (65,536 at most), no core dumps, a SIGBUS
 * handler that prints a fixed line and exits (a truncated map must not loop). */
int host_init(struct err_ctx *err) MUST_USE;

/* What the SIGBUS line says of this part of memory; the text is copied, and cut to fit. A slot, or
 * -1 when all are taken: then the line says less. */
#define HOST_MAP_TEXT_BYTES 1024u
int host_map_name(uintptr_t begin, uintptr_t end, const char *text);
void host_map_forget(int slot); /* -1 is fine */

/* How many descriptors this process may have open. */
uint64_t host_descriptors_max(void);

/* Milliseconds that never jump and go on while the machine sleeps (CLOCK_BOOTTIME). */
uint64_t host_monotonic_ms(void);
uint64_t host_monotonic_us(void);
/* Wall clock, milliseconds since 1970 UTC: data only, never used to order or to time out. */
int64_t host_wall_ms(void);
void host_random(void *to, size_t len);
/* What /etc/machine-id says; zeros if there is none. Confidential (machine-id(5)): hashed before it
 * is kept or shown. */
#define MACHINE_ID_BYTES 16u
void host_machine_id(uint8_t ret[MACHINE_ID_BYTES]);

/* A thread that takes no signals but those it brings on itself: the others are the loop's. 0 or an
 * errno. */
int host_thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg) MUST_USE;

/* Whole file, at most capacity_max bytes; *ret is malloc'ed and owned by the caller. */
int file_read(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
              struct err_ctx *err) MUST_USE;
/* As file_read, but refuses (ERR_PERMISSION) a file that is not a regular file owned by this user
 * (or root) with no right for group or others. The text names path, mode found and mode wanted. */
int file_read_secret(const char *path, size_t bytes_max, uint8_t **ret, size_t *ret_len,
                     struct err_ctx *err) MUST_USE;
enum file_guard {
    FILE_SECRET,  /* as file_read_secret wants it */
    FILE_TRUSTED, /* what it says is believed: nobody but its owner (this user or root) writes it */
};
/* ERR_PERMISSION with path, mode found and mode wanted; ERR_NOT_FOUND. */
int file_check(const char *path, enum file_guard guard, struct err_ctx *err) MUST_USE;
/* Creates path with mode; ERR_EXISTS if there. File and folder are synced before it returns. */
int file_create(const char *path, unsigned mode, struct bytes content,
                struct err_ctx *err) MUST_USE;
/* The same, but replaces what is there (write beside, sync, rename, sync the folder). */
int file_replace(const char *path, unsigned mode, struct bytes content,
                 struct err_ctx *err) MUST_USE;
/* Gives a file another name, never one that is there (ERR_EXISTS); both folders are synced. */
int file_rename_new(const char *from, const char *to, struct err_ctx *err) MUST_USE;
/* A name is in a folder for good only once the folder is synced: the one that holds path is. */
int file_sync_name(const char *path, struct err_ctx *err) MUST_USE;
/* mkdir with mode 0700, parents too; fine if there. */
int folder_make(const char *path, struct err_ctx *err) MUST_USE;

#endif
