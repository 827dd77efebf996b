#include "core/wire/range_coder.h"

#include "core/base/assert.h"

#define TOP_BYTE 0xff000000u
#define VALUE_BYTES 4u

void range_coder_learn(struct range_coder *ret)
{
    *ret = (struct range_coder){.mode = RANGE_CODER_LEARN};
}

void range_coder_write(struct range_coder *ret, uint8_t *to, size_t capacity)
{
    *ret = (struct range_coder){.mode = RANGE_CODER_WRITE, .high = UINT32_MAX};
    writer_init(&ret->to, to, capacity);
}

static uint8_t take(struct range_coder *coder)
{
    size_t at = coder->taken++;
    return at < coder->from.len ? coder->from.data[at] : 0;
}

void range_coder_read(struct range_coder *ret, struct bytes from)
{
    *ret = (struct range_coder){.mode = RANGE_CODER_READ, .high = UINT32_MAX, .from = from};
    for (size_t i = 0; i < VALUE_BYTES; i++) {
        ret->value = ret->value << 8 | take(ret);
    }
}

/* Bytes that low and high agree on are settled. */
static void shift(struct range_coder *coder)
{
    while (((coder->low ^ coder->high) & TOP_BYTE) == 0) {
        if (coder->mode == RANGE_CODER_WRITE) {
            writer_u8(&coder->to, (uint8_t)(coder->high >> 24));
        } else {
            coder->value = coder->value << 8 | take(coder);
        }
        coder->low <<= 8;
        coder->high = coder->high << 8 | 0xffu;
    }
}

unsigned range_coder_bit(struct range_coder *coder, unsigned one, unsigned bit)
{
    if (coder->mode == RANGE_CODER_LEARN) {
        return bit;
    }
    ASSERT(one > 0 && one < RANGE_CODER_ONE);
    uint64_t width = coder->high - coder->low;
    uint32_t middle = coder->low + (uint32_t)(width * one / RANGE_CODER_ONE);
    if (coder->mode == RANGE_CODER_READ) {
        bit = coder->value <= middle ? 1 : 0;
    }
    if (bit != 0) {
        coder->high = middle;
    } else {
        coder->low = middle + 1;
    }
    shift(coder);
    return bit;
}

size_t range_coder_close(struct range_coder *coder)
{
    ASSERT(coder->mode == RANGE_CODER_WRITE);
    writer_u8(&coder->to, (uint8_t)((coder->low >> 24) + 1)); /* and zeros: above low, below high */
    return coder->to.overflow ? 0 : coder->to.len;
}

bool range_coder_at_end(const struct range_coder *coder)
{
    return coder->taken == coder->from.len + VALUE_BYTES - 1;
}
