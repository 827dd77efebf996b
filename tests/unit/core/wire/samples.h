/* Samples for the tests of this room: the golden bytes of proto/vectors (wire.json, and the
 * messages of later.json), and mutations of bytes from a printed seed. */
#ifndef UNIT_CORE_WIRE_SAMPLES_H
#define UNIT_CORE_WIRE_SAMPLES_H

#include "core/base/bytes.h"
#include "lib/cmocka_all.h"

#include <inttypes.h>
#include <jansson.h>

#define SAMPLE_BYTES_MAX 4096u
#define SEED UINT64_C(20241127)
#define MUTATIONS 20000

static json_t *sample_file;

static inline json_t *samples_load(const char *name)
{
    const char *source = getenv("KABAR_SOURCE");
    char path[4096];
    json_error_t error;
    (void)snprintf(path, sizeof path, "%s/proto/vectors/%s", source ? source : ".", name);
    return json_load_file(path, 0, &error);
}

static inline int samples_open(void **state)
{
    (void)state;
    sample_file = samples_load("wire.json");
    json_t *later = samples_load("later.json");
    int rc = json_array_extend(json_object_get(sample_file, "messages"),
                               json_object_get(later, "messages"));
    json_decref(later);
    return rc;
}

static inline int samples_close(void **state)
{
    (void)state;
    json_decref(sample_file);
    return 0;
}

/* The nth (from 0) sample of that name into `to`; list is "messages" or "controls", key "message"
 * or "frame". */
static inline struct bytes sample(const char *list, const char *key, const char *name, size_t nth,
                                  uint8_t to[SAMPLE_BYTES_MAX])
{
    size_t i = 0;
    json_t *vector = NULL;
    json_array_foreach(json_object_get(sample_file, list), i, vector)
    {
        const char *found = json_string_value(json_object_get(vector, key));
        if (strcmp(found, name) == 0 && nth-- == 0) {
            const char *hex = json_string_value(json_object_get(vector, "hex"));
            size_t len = strlen(hex) / 2;
            assert_true(len <= SAMPLE_BYTES_MAX);
            assert_true(hex_decode(to, len, bytes_of_text(hex)));
            return bytes_of(to, len);
        }
    }
    fail_msg("no sample of %s", name);
    return (struct bytes){0};
}

/* splitmix64 */
static inline uint64_t next_random(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* One to four changes: a byte, a bit, a cut, a piece doubled or taken out. */
static inline struct bytes mutate(uint64_t *seed, struct bytes from, uint8_t *to, size_t capacity)
{
    size_t len = from.len;
    memcpy(to, from.data, len);
    for (uint64_t i = next_random(seed) % 4 + 1; i > 0 && len > 0; i--) {
        size_t at = (size_t)(next_random(seed) % len);
        size_t piece = (size_t)(next_random(seed) % (len - at)) + 1;
        switch (next_random(seed) % 6) {
        case 0:
            len = next_random(seed) % 4 == 0 ? at : len;
            break;
        case 1:
            memmove(to + at, to + at + piece, len - at - piece);
            len -= piece;
            break;
        case 2:
            piece = piece <= capacity - len ? piece : capacity - len;
            memmove(to + at + piece, to + at, len - at);
            len += piece;
            break;
        case 3:
            to[at] = (uint8_t)next_random(seed);
            break;
        default:
            to[at] ^= (uint8_t)(1u << next_random(seed) % 8);
        }
    }
    return bytes_of(to, len);
}

/* MUTATIONS times one of `count` samples, changed: `accepts` says whether it was taken, and fails
 * the test where that did harm. */
static inline void check_mutations(size_t count,
                                   struct bytes (*sample_of)(size_t nth,
                                                             uint8_t to[SAMPLE_BYTES_MAX]),
                                   bool (*accepts)(size_t nth, struct bytes changed))
{
    static uint8_t changed[2 * SAMPLE_BYTES_MAX];
    uint64_t seed = SEED;
    size_t accepted = 0;
    print_message("seed %" PRIu64 "\n", seed);
    for (size_t i = 0; i < MUTATIONS; i++) {
        uint8_t bytes[SAMPLE_BYTES_MAX];
        size_t nth = (size_t)(next_random(&seed) % count);
        struct bytes message = mutate(&seed, sample_of(nth, bytes), changed, sizeof changed);
        accepted += accepts(nth, message) ? 1 : 0;
    }
    /* Neither all nor none, or nothing was tried. */
    assert_in_range(accepted, MUTATIONS / 100, MUTATIONS * 9 / 10);
}

#endif
