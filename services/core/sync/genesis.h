/* genesis.h - entry 1 of a log: the one body that intake decodes.
 *
 * It needs no signature of its own: the first head and the enrolled key vouch for it.
 */
#ifndef CORE_SYNC_GENESIS_H
#define CORE_SYNC_GENESIS_H

#include "core/wire/entry.h"
#include "core/wire/span.h"

/* What a first entry must say to be taken. Borrowed. */
struct genesis_expected {
    enum direction direction;
    enum lane lane; /* 0: urgent or routine */
    struct bytes owner, counterpart;
    struct key signing_key;
    uint64_t enrolment;
};

/* 0 and what it says (in the arena or the entry), or ERR_KEY with what does not fit, ERR_FORMAT if
 * it is no genesis. Whether a predecessor fits is the caller's to judge. */
int genesis_check(const struct span_entry *entry, const struct genesis_expected *expected,
                  struct arena *arena, struct genesis *ret, struct err_ctx *err) MUST_USE;

#endif
