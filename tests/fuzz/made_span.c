#include "fuzz/made_span.h"

#include "fuzz/fuzz.h"

#include <sodium.h>
#include <string.h>
#include <zstd.h>

static uint8_t frame_room[SPAN_WIRE_BYTES_MAX + 4096];

/* flags 1 ‖ cursor 1 ‖ first 8 ‖ entries */
static void read_choices(struct bytes *input, struct made_span *plan)
{
    uint8_t flags = take_u8(input);
    plan->head_spoiled = (flags & 1u) != 0;
    plan->other_key = (flags & 2u) != 0;
    plan->cursor_spoiled = (flags & 4u) != 0;
    plan->h_before_zero = (flags & 8u) != 0;
    plan->compressed = (flags & 16u) != 0;
    plan->store_fails = (flags & 32u) != 0;
    plan->cursor = take_u8(input);
    plan->first = take_u64(input);
    if ((flags & 64u) != 0 || plan->first == 0 || plan->first > UINT64_MAX - 8192) {
        plan->first = 1;
    }
}

/* kind 2 ‖ length 2 ‖ body, as in a payload; the last one is cut to what is there. */
static void read_entries(struct bytes input, struct made_span *plan)
{
    plan->count = 0;
    while (input.len > 0 && plan->count < PLAN_ENTRIES_MAX) {
        uint8_t head[4];
        take_into(&input, head, sizeof head);
        unsigned length = get_be16(head + 2);
        bool erased = (length & 0x8000u) != 0 && input.len >= HASH_BYTES;
        size_t len = erased ? HASH_BYTES : (length & 0x7fffu) % (ENTRY_BYTES_MAX + 1);
        plan->entries[plan->count++] = (struct span_entry){
            .kind = get_be16(head), .erased = erased, .body = take_bytes(&input, len)};
    }
}

static void blake2b(uint8_t ret[HASH_BYTES], struct bytes data, const uint8_t salt[16],
                    const char *personal)
{
    uint8_t padded[16] = {0};
    static const uint8_t nothing;
    memcpy(padded, personal, strlen(personal));
    (void)crypto_generichash_blake2b_salt_personal(
        ret, HASH_BYTES, data.len > 0 ? data.data : &nothing, data.len, NULL, 0, salt, padded);
}

/* h_i from h_{i-1}, in place: SPEC 3. */
static void chain_on(uint8_t h[HASH_BYTES], const struct span_entry *entry, uint64_t seq,
                     const uint8_t incarnation[16])
{
    uint8_t block[HASH_BYTES + HASH_BYTES + 8 + 2];
    memcpy(block, h, HASH_BYTES);
    if (entry->erased) {
        memcpy(block + HASH_BYTES, entry->body.data, HASH_BYTES);
    } else {
        blake2b(block + HASH_BYTES, entry->body, NULL, "kabar.body.v1");
    }
    put_be64(block + 64, seq);
    put_be16(block + 72, entry->kind);
    blake2b(h, bytes_of(block, sizeof block), incarnation, "kabar.entry.v1");
}

static void sign_head(const uint8_t seed[32], const uint8_t incarnation[16], uint64_t seq,
                      const uint8_t h[HASH_BYTES], uint8_t ret[64])
{
    static const char domain[] = "kabar.head.v1";
    uint8_t message[sizeof domain - 1 + 16 + 8 + HASH_BYTES];
    uint8_t *at = message;
    uint8_t secret[64];
    uint8_t ignored[32];
    memcpy(at, domain, sizeof domain - 1);
    at += sizeof domain - 1;
    memcpy(at, incarnation, 16);
    put_be64(at + 16, seq);
    memcpy(at + 24, h, HASH_BYTES);
    (void)crypto_sign_seed_keypair(ignored, secret, seed);
    (void)crypto_sign_detached(ret, NULL, message, sizeof message, secret);
}

/* Where the cursor stands: before, within, at the end, beyond; never so far that it overflows. */
static uint64_t place_cursor(const struct made_span *plan)
{
    switch (plan->cursor % 6) {
    case 0:
        return 0;
    case 1:
        return plan->first - 1;
    case 2:
        return plan->first + plan->count / 2 - 1;
    case 3:
        return plan->last;
    case 4:
        return plan->last + 1 + plan->cursor / 6;
    default:
        return plan->first > 2 ? plan->first - 2 : 0;
    }
}

static void walk(struct made_span *plan, const uint8_t h_before[HASH_BYTES],
                 const uint8_t incarnation[16])
{
    uint64_t seq = plan->first - 1;
    memcpy(plan->h_last, h_before, HASH_BYTES);
    memset(plan->cursor_h, 0, HASH_BYTES);
    plan->cursor_in_span = false;
    for (uint32_t i = 0;; i++) {
        if (seq == plan->cursor) {
            memcpy(plan->cursor_h, plan->h_last, HASH_BYTES);
            plan->cursor_in_span = true;
        }
        if (i == plan->count) {
            break;
        }
        chain_on(plan->h_last, &plan->entries[i], ++seq, incarnation);
    }
    plan->cursor_h[0] ^= plan->cursor_spoiled ? 1 : 0;
}

static size_t write_payload(const struct made_span *plan, uint8_t *to)
{
    size_t len = 0;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct span_entry *entry = &plan->entries[i];
        put_be16(to + len, entry->kind);
        put_be16(to + len + 2, (uint16_t)(entry->body.len | (entry->erased ? 0x8000u : 0)));
        if (entry->body.len > 0) {
            memcpy(to + len + 4, entry->body.data, entry->body.len);
        }
        len += 4 + entry->body.len;
    }
    return len;
}

static size_t compress(const uint8_t *raw, size_t len, uint8_t *to, size_t capacity)
{
    static ZSTD_CCtx *context;
    context = context != NULL ? context : ZSTD_createCCtx();
    CHECK(context != NULL, "there is memory");
    size_t got = ZSTD_compressCCtx(context, to, capacity, raw, len, 1);
    CHECK(!ZSTD_isError(got), "zstd compresses");
    return got;
}

/* The entries of an input never exceed its length by much: driver and fuzzer keep it below. */
static void write_frame(struct made_span *plan, const uint8_t incarnation[16],
                        const uint8_t h_before[HASH_BYTES], const uint8_t head[64])
{
    static uint8_t raw[SPAN_WIRE_BYTES_MAX];
    uint8_t *to = frame_room;
    size_t raw_len = write_payload(plan, raw);
    size_t len = raw_len;
    memset(to, 0, SPAN_HEADER_BYTES);
    to[0] = 1;
    to[1] = 3;
    to[2] = plan->compressed ? 1 : 0;
    put_be32(to + 8, plan->count);
    put_be32(to + 12, (uint32_t)raw_len);
    memcpy(to + 16, incarnation, 16);
    put_be64(to + 32, plan->first);
    memcpy(to + 40, h_before, HASH_BYTES);
    memcpy(to + 72, head, 64);
    if (plan->compressed) {
        len = compress(raw, raw_len, to + SPAN_HEADER_BYTES, sizeof frame_room - SPAN_HEADER_BYTES);
    } else {
        memcpy(to + SPAN_HEADER_BYTES, raw, raw_len);
    }
    plan->frame = bytes_of(to, SPAN_HEADER_BYTES + len);
}

bool made_span_make(struct bytes input, struct made_span *ret)
{
    static const uint8_t seed[32] = {1, 2, 3};
    static const uint8_t other_seed[32] = {4, 5, 6};
    static const uint8_t incarnation[16] = {0x11, 0x22, 0x33};
    uint8_t h_before[HASH_BYTES] = {0};
    uint8_t head[64];
    uint8_t ignored[64];
    if (input.len > SPAN_WIRE_BYTES_MAX / 2) {
        return false;
    }
    read_choices(&input, ret);
    read_entries(input, ret);
    if (ret->count == 0) {
        return false;
    }
    ret->last = ret->first + ret->count - 1;
    ret->cursor = place_cursor(ret);
    if (!ret->h_before_zero) {
        memset(h_before, 0xab, sizeof h_before);
    }
    walk(ret, h_before, incarnation);
    sign_head(seed, incarnation, ret->last, ret->h_last, head);
    head[ret->last % 64] ^= ret->head_spoiled ? 1 : 0;
    (void)crypto_sign_seed_keypair(ret->signer.b, ignored, ret->other_key ? other_seed : seed);
    write_frame(ret, incarnation, h_before, head);
    return true;
}
