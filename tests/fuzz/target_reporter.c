/* Who reported, as the reader opens it: a node sealed it, and nobody looked inside. Byte 0 chooses:
 * 0 the rest is sealed text as it came, 1 the rest is what a hostile node sealed, 2 a name and a
 * contact that we seal. What opens is what SPEC 13 says, and nothing else opens. */
#include "fuzz/fuzz.h"

#include "core/base/limits.h"
#include "core/seal/reporter.h"

#include <sodium.h>
#include <string.h>

#define PLAIN_BYTES 2048u
#define SEAL_BYTES 48u

static struct key reader;
static uint8_t reader_secret[32];

static void prepare(void)
{
    static const uint8_t seed[32] = {77};
    static bool done;
    if (!done) {
        CHECK(sodium_init() >= 0 && crypto_box_seed_keypair(reader.b, reader_secret, seed) == 0,
              "libsodium is there");
        done = true;
    }
}

static void take_sealed(struct bytes sealed)
{
    uint8_t plain[PLAIN_BYTES];
    struct bytes name;
    struct bytes contact;
    struct err_ctx err = {""};
    int rc = reporter_open(&reader, reader_secret, sealed, plain, &name, &contact, &err);
    CHECK(rc == ERR_FORMAT || rc == ERR_SIGNATURE, "nothing opens that was not sealed to us");
    check_refused(rc, &err);
}

/* name length 2 ‖ name ‖ contact length 2 ‖ contact ‖ zeros */
static bool sound(const uint8_t *plain, size_t size)
{
    size_t name = get_be16(plain);
    if (2 + name + 2 > size) {
        return false;
    }
    size_t contact = get_be16(plain + 2 + name);
    size_t at = 4 + name + contact;
    while (at < size && plain[at] == 0) {
        at++;
    }
    return 4 + name + contact <= size && at == size;
}

static void take_hostile(struct bytes input)
{
    static const size_t sizes[] = {256, 1024, 2048, 255};
    uint8_t plain[PLAIN_BYTES] = {0};
    uint8_t sealed[PLAIN_BYTES + SEAL_BYTES];
    uint8_t opened[PLAIN_BYTES];
    struct bytes name;
    struct bytes contact;
    struct err_ctx err = {""};
    size_t size = sizes[take_u8(&input) % 4];
    take_into(&input, plain, size);
    CHECK(crypto_box_seal(sealed, plain, size, reader.b) == 0, "libsodium seals");
    int rc = reporter_open(&reader, reader_secret, bytes_of(sealed, size + SEAL_BYTES), opened,
                           &name, &contact, &err);
    CHECK((rc == 0) == (size != 255 && sound(plain, size)), "what is sound opens, and no other");
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(name.len == get_be16(plain) && memcmp(name.data, plain + 2, name.len) == 0, "the name");
    CHECK(contact.len == get_be16(plain + 2 + name.len) &&
              memcmp(contact.data, plain + 4 + name.len, contact.len) == 0,
          "and the contact");
}

static void take_own(struct bytes input)
{
    uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
    uint8_t opened[PLAIN_BYTES];
    uint8_t seed[32] = {1};
    struct bytes name_back;
    struct bytes contact_back;
    struct err_ctx err = {""};
    size_t len = 0;
    static const struct key unusable;
    struct bytes name = take_bytes(&input, take_u8(&input) * 8u);
    int rc = reporter_seal(&reader, seed, name, input, sealed, &len, &err);
    CHECK((rc == 0) == (name.len + input.len <= REPORTER_BYTES_MAX), "as much as there may be");
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(reporter_open(&reader, reader_secret, bytes_of(sealed, len), opened, &name_back,
                        &contact_back, &err) == 0 &&
              bytes_equal(name, name_back) && bytes_equal(input, contact_back),
          "sealed, so opens, and is the same");
    sealed[len / 2] ^= 1;
    CHECK(reporter_open(&reader, reader_secret, bytes_of(sealed, len), opened, &name_back,
                        &contact_back, &err) == ERR_SIGNATURE,
          "altered, so does not");
    CHECK(reporter_seal(&unusable, seed, name, input, sealed, &len, &err) == ERR_KEY,
          "no such key");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const takers[])(struct bytes) = {take_sealed, take_hostile, take_own};
    struct bytes input = bytes_of(data, size);
    prepare();
    takers[take_u8(&input) % (sizeof takers / sizeof takers[0])](input);
    return 0;
}
