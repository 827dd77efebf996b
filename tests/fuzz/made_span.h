/* made_span.h - a span by the book, made from the bytes of an input: its own frame, chain and head,
 * computed here from SPEC and libsodium, not with the code that is checked. */
#ifndef TESTS_FUZZ_MADE_SPAN_H
#define TESTS_FUZZ_MADE_SPAN_H

#include "core/wire/span.h"

#define PLAN_ENTRIES_MAX 256u

struct made_span {
    uint64_t first, last, cursor;
    bool h_before_zero, head_spoiled, other_key, cursor_spoiled, store_fails, compressed;
    bool cursor_in_span; /* first-1 to last */
    uint32_t count;
    struct span_entry entries[PLAN_ENTRIES_MAX]; /* point into the input */
    uint8_t h_last[HASH_BYTES];
    uint8_t cursor_h[HASH_BYTES]; /* what the receiver has */
    struct key signer;            /* whom it expects */
    struct bytes frame;           /* until the next plan */
};

/* False when the input holds no entry. */
bool made_span_make(struct bytes input, struct made_span *ret);

#endif
