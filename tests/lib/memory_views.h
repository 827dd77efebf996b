/* memory_views.h - the views in memory, for tests: sorted tables, strict about borrowed values.
 *
 * A value that was got is overwritten and freed at the next change, so that a reader who keeps it
 * too long is seen (and by AddressSanitizer, named).
 */
#ifndef LIB_MEMORY_VIEWS_H
#define LIB_MEMORY_VIEWS_H

#include "core/cases/views.h"

struct memory_views;

struct memory_views *memory_views_new(void);
void memory_views_free(struct memory_views *memory);
/* Borrowed, as long as `memory` lives. */
struct views memory_views_driver(struct memory_views *memory);

size_t memory_views_count(const struct memory_views *memory, enum view_table table);
/* index < count, in the order of keys; valid until the next change. */
void memory_views_at(const struct memory_views *memory, enum view_table table, size_t index,
                     struct bytes *ret_key, struct bytes *ret_value);
/* Name of the first table that differs in any byte; NULL when all are the same. */
const char *memory_views_differ(const struct memory_views *a, const struct memory_views *b);
/* The n-th read from now (1 = the next) fails with ERR_STORAGE; 0: none does. */
void memory_views_fail_at(struct memory_views *memory, size_t read);
/* Reads that were asked since memory_views_fail_at. */
size_t memory_views_reads(const struct memory_views *memory);
/* Takes all of `from`. */
void memory_views_copy(struct memory_views *to, const struct memory_views *from);

#endif
