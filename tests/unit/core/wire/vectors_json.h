/* vectors_json.h - fields of our structs as the JSON of proto/vectors, absent ones left out. */
#ifndef UNIT_CORE_WIRE_VECTORS_JSON_H
#define UNIT_CORE_WIRE_VECTORS_JSON_H

#include "core/base/bytes.h"
#include "lib/cmocka_all.h"

#include <inttypes.h>
#include <jansson.h>

static inline void put(json_t *to, const char *name, json_t *value)
{
    assert_int_equal(json_object_set_new(to, name, value), 0);
}

static inline json_t *text_json(struct bytes text)
{
    return json_stringn((const char *)text.data, text.len);
}

static inline json_t *hex_json(const uint8_t *data, size_t len)
{
    static char hex[HEX_CAPACITY(4096)];
    assert_true(len <= 4096);
    return json_string(hex_encode(hex, data, len));
}

static inline void text(json_t *to, const char *name, struct bytes value)
{
    if (value.len > 0) {
        put(to, name, text_json(value));
    }
}

static inline void blob(json_t *to, const char *name, struct bytes value)
{
    if (value.len > 0) {
        put(to, name, hex_json(value.data, value.len));
    }
}

#define FIXED_BYTES(to, name, array) put(to, name, hex_json(array, sizeof(array)))
#define FIXED_BYTES_IF(to, name, array, has)                                                       \
    do {                                                                                           \
        if (has) {                                                                                 \
            FIXED_BYTES(to, name, array);                                                          \
        }                                                                                          \
    } while (0)

static inline void number_signed(json_t *to, const char *name, int64_t value)
{
    put(to, name, json_integer(value));
}

static inline void number(json_t *to, const char *name, uint64_t value)
{
    if (value > UINT64_C(1) << 53) {
        char decimal[24];
        (void)snprintf(decimal, sizeof decimal, "%" PRIu64, value);
        put(to, name, json_string(decimal));
    } else {
        put(to, name, json_integer((json_int_t)value));
    }
}

static inline void number_if(json_t *to, const char *name, bool has, int64_t value)
{
    if (has) {
        number_signed(to, name, value);
    }
}

static inline void flag(json_t *to, const char *name, bool value)
{
    if (value) {
        put(to, name, json_true());
    }
}

#endif
