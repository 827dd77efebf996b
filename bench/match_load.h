/* match_load.h - the mix of reports that matching is measured on, from one seed: of each hundred 20
 * are repeats (the same person and act, told again by somebody else) and 5 near misses (another
 * person, or another act, that looks like one that is there). No rate is measured from life.
 */
#ifndef BENCH_MATCH_LOAD_H
#define BENCH_MATCH_LOAD_H

#include "core/wire/entry.h"

enum load_kind { LOAD_NEW, LOAD_REPEAT, LOAD_NEAR_MISS, LOAD_KIND_COUNT };

struct load {
    uint64_t seed, drawn;
    uint32_t cases; /* so far; a case's number is its truth */
};
/* Texts live in the arena. ret_case: which case it truly is of. False: the arena is full. */
bool load_next(struct load *load, struct arena *arena, struct report *ret, enum load_kind *ret_kind,
               uint32_t *ret_case) MUST_USE;

#endif
