/* Keys of the views, and the two ways a case is named. */
#include "core/cases/views.h"

#include "core/base/assert.h"

#include <string.h>

/* ---- keys ---- */
void view_key_part(struct view_key *key, struct bytes part)
{
    ASSERT(part.len <= sizeof key->b - key->len);
    if (part.len > 0) {
        memcpy(key->b + key->len, part.data, part.len);
    }
    key->len += part.len;
}

void view_key_init(struct view_key *key, struct bytes first)
{
    key->len = 0;
    view_key_part(key, first);
}

void view_key_zero(struct view_key *key)
{
    view_key_part(key, bytes_of("", 1));
}

void view_key_u32(struct view_key *key, uint32_t value)
{
    uint8_t big[4];
    put_be32(big, value);
    view_key_part(key, bytes_of(big, sizeof big));
}

void view_key_u64(struct view_key *key, uint64_t value)
{
    uint8_t big[8];
    put_be64(big, value);
    view_key_part(key, bytes_of(big, sizeof big));
}

struct bytes view_key_bytes(const struct view_key *key)
{
    return bytes_of(key->b, key->len);
}

/* ---- case names ---- */
void case_name_of(const struct entry_id *id, uint32_t subject, struct case_name *ret)
{
    memcpy(ret->b, id->incarnation.b, INCARNATION_BYTES);
    put_be64(ret->b + INCARNATION_BYTES, id->seq);
    put_be32(ret->b + INCARNATION_BYTES + 8, subject);
}

/* "-" and the number; where it ends. Written for every report that is placed: no printf. */
static char *number_write(char *at, uint64_t number)
{
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *at++ = '-';
    while (count > 0) {
        *at++ = digits[--count];
    }
    return at;
}

char *case_name_text(const struct case_name *name, char ret[CASE_TEXT_CAPACITY])
{
    char hex[HEX_CAPACITY(INCARNATION_BYTES)];
    hex_encode(hex, name->b, INCARNATION_BYTES);
    char *at = ret + strlen(hex);
    memcpy(ret, hex, strlen(hex));
    at = number_write(at, get_be64(name->b + INCARNATION_BYTES));
    at = number_write(at, get_be32(name->b + INCARNATION_BYTES + 8));
    *at = '\0';
    return ret;
}

/* Decimal digits up to the end or to `stop`, which is passed over. */
static bool number_until(struct bytes text, size_t *at, uint8_t stop, uint64_t *ret)
{
    uint64_t value = 0;
    size_t begin = *at;
    while (*at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9') {
        uint64_t digit = (uint64_t)(text.data[*at] - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
        (*at)++;
    }
    bool any = *at > begin;
    if (stop != 0) {
        if (*at >= text.len || text.data[*at] != stop) {
            return false;
        }
        (*at)++;
    } else if (*at != text.len) {
        return false;
    }
    *ret = value;
    return any;
}

bool case_name_parse(struct bytes text, struct case_name *ret)
{
    struct entry_id id = {0};
    uint64_t seq = 0, subject = 0;
    size_t at = 2 * INCARNATION_BYTES + 1;
    if (text.len <= at || text.data[at - 1] != '-' ||
        !hex_decode(id.incarnation.b, INCARNATION_BYTES, bytes_of(text.data, at - 1)) ||
        !number_until(text, &at, '-', &seq) || !number_until(text, &at, 0, &subject) ||
        subject > UINT32_MAX) {
        return false;
    }
    id.seq = seq;
    struct case_name name;
    char again[CASE_TEXT_CAPACITY];
    case_name_of(&id, (uint32_t)subject, &name);
    /* One spelling only: no upper case, no leading zeros. */
    if (!bytes_equal(text, bytes_of_text(case_name_text(&name, again)))) {
        return false;
    }
    *ret = name;
    return true;
}

char *case_short_text(struct bytes province, uint64_t number, char ret[CASE_SHORT_CAPACITY])
{
    ASSERT(province.len <= 8);
    int len = snprintf(ret, CASE_SHORT_CAPACITY, "%.*s-%06llu", (int)province.len,
                       (const char *)province.data, (unsigned long long)number);
    ASSERT(len > 0 && (size_t)len < CASE_SHORT_CAPACITY);
    return ret;
}

bool case_short_parse(struct bytes text, struct bytes province, uint64_t *ret_number)
{
    size_t at = province.len + 1;
    return text.len > at && bytes_equal(bytes_of(text.data, province.len), province) &&
           text.data[province.len] == '-' && text.len - at >= 6 &&
           number_until(text, &at, 0, ret_number);
}
