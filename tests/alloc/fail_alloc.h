/* fail_alloc.h - an allocator that fails when told to.
 *
 * It stands in for malloc and its family in the whole test program: our objects and every library
 * it loads (jansson, zstd, protobuf-c, LMDB, libuv), and for anonymous mmap, which libsodium's
 * Argon2 uses. Disarmed it only passes on; armed it counts, from all threads.
 */
#ifndef ALLOC_FAIL_ALLOC_H
#define ALLOC_FAIL_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The n-th allocation from now (1 = the next) fails, and with for_ever all after it; 0: none. */
void alloc_arm(size_t n, bool for_ever);
/* How many were asked for since; *ret_failed, if not NULL: how many of them failed. */
size_t alloc_disarm(size_t *ret_failed);
/* Blocks handed out and not yet given back. */
long alloc_live(void);

#endif
