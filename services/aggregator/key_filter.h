/* key_filter.h - which keys of a table are surely not there: a Bloom filter, so that a report of
 * something new costs no look-ups in the store for each of its keys (VIEW_CASE_KEYS).
 *
 * A "no" is certain as long as every key that is put goes in; a "maybe" is asked of the store. What
 * was put by a transaction that was given up stays in, which costs a look-up. Keys are hashes:
 * their bits are taken as they are. At most KEY_FILTER_BYTES_MAX; fuller, it says "maybe" more
 * often. One thread's own.
 */
#ifndef AGGREGATOR_KEY_FILTER_H
#define AGGREGATOR_KEY_FILTER_H

#include "core/base/bytes.h"

#define KEY_FILTER_KEY_BYTES 16u
#define KEY_FILTER_KEYS_MIN UINT64_C(65536)
#define KEY_FILTER_BYTES_MAX (UINT64_C(64) << 20)

struct key_filter;

/* For so many keys, two bytes each. NULL: no memory. */
struct key_filter *key_filter_new(uint64_t keys_max);
void key_filter_free(struct key_filter *filter);
void key_filter_add(struct key_filter *filter, const uint8_t key[KEY_FILTER_KEY_BYTES]);
bool key_filter_maybe(const struct key_filter *filter, const uint8_t key[KEY_FILTER_KEY_BYTES]);
/* How many keys went in that it did not say "maybe" of. */
uint64_t key_filter_count(const struct key_filter *filter);
/* More went in than it was made for, and a larger one may be made. */
bool key_filter_full(const struct key_filter *filter);
uint64_t key_filter_keys_max(const struct key_filter *filter);

#endif
