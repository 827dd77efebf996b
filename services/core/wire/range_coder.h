/* range_coder.h - bits in, bytes out, each bit at the price of its likelihood; and back.
 * Private to core/wire.
 *
 * A binary arithmetic coder on 32 bits without carries. The last byte written is the only one that
 * closes it; a reader takes zeros after it, and has taken exactly three of them at the end.
 */
#ifndef CORE_WIRE_RANGE_CODER_H
#define CORE_WIRE_RANGE_CODER_H

#include "core/base/bytes.h"

#define RANGE_CODER_ONE 65536u                 /* the scale of likelihoods */
#define RANGE_CODER_EVEN (RANGE_CODER_ONE / 2) /* of what nobody can foretell */

enum range_coder_mode {
    RANGE_CODER_LEARN, /* bits pass by; nothing is written or read */
    RANGE_CODER_WRITE,
    RANGE_CODER_READ
};

struct range_coder {
    enum range_coder_mode mode;
    uint32_t low, high, value;
    struct writer to;
    struct bytes from;
    size_t taken; /* bytes of `from`, and zeros behind it */
};

void range_coder_learn(struct range_coder *ret);
void range_coder_write(struct range_coder *ret, uint8_t *to, size_t capacity);
void range_coder_read(struct range_coder *ret, struct bytes from);

/* The bit that was written or read. `one`: how likely it is 1, from 1 to RANGE_CODER_ONE - 1. */
unsigned range_coder_bit(struct range_coder *coder, unsigned one, unsigned bit);

/* Bytes written in all; 0: they did not fit. Not usable afterwards. */
size_t range_coder_close(struct range_coder *coder);

/* Whether what was read ends where it was closed. True of some that were cut short as well: what
 * comes out then is something else, and a check over that has to see it. */
bool range_coder_at_end(const struct range_coder *coder);

#endif
