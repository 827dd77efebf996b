/* Spans. Byte 0 chooses: 0 the rest is a frame; 1 the rest is entries that become a frame with a
 * real chain and head, which a receiver takes, spoiled or not; 2 likewise through our span builder.
 */
#include "fuzz/fuzz.h"

#include "fuzz/made_span.h"

#include "core/seal/chain.h"
#include "core/sync/receiver.h"
#include "core/wire/dictionary.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct span_decoder *decoder;
static struct arena *scratch;
static struct span_builder *builder;

/* ---- 0: any frame ---- */

static void check_entries(const struct span_header *header, const struct span_entry *entries)
{
    size_t raw_len = 0;
    for (uint32_t i = 0; i < header->count; i++) {
        CHECK(entries[i].body.len <= ENTRY_BYTES_MAX, "no body over its limit");
        CHECK(!entries[i].erased || entries[i].body.len == HASH_BYTES, "erased: only b");
        raw_len += 4 + entries[i].body.len;
    }
    CHECK(raw_len == header->raw_len, "the entries fill the payload");
}

/* With less memory than it needs, a span is refused for that, and with just enough it is not. */
static void check_little_memory(const struct span_header *header, struct bytes payload)
{
    static struct arena *tight;
    struct span_entry *entries = NULL;
    struct err_ctx err = {""};
    tight = tight != NULL ? tight : arena_new(2048);
    CHECK(tight != NULL, "there is memory");
    arena_reset(tight);
    size_t need = header->count * sizeof *entries + 16;
    need += header->codec == SPAN_RAW ? 0 : header->raw_len;
    int rc = span_entries_decode(decoder, header, payload, tight, &entries, &err);
    CHECK(rc == 0 || rc == ERR_LIMIT, "what lacks is memory");
    CHECK(rc == 0 || need > 2048, "and it does lack");
}

/* Once: a body over its limit, in a frame that is right but for that. */
static void check_body_too_long(void)
{
    static uint8_t frame[SPAN_HEADER_BYTES + 4 + ENTRY_BYTES_MAX + 1];
    struct span_header header = {.count = 1, .first = 1, .raw_len = 4 + ENTRY_BYTES_MAX + 1};
    struct bytes payload;
    struct span_entry *entries = NULL;
    struct err_ctx err = {""};
    span_header_encode(&header, frame);
    put_be16(frame + SPAN_HEADER_BYTES + 2, ENTRY_BYTES_MAX + 1);
    CHECK(span_header_decode(bytes_of(frame, sizeof frame), &header, &payload, &err) == 0 &&
              span_entries_decode(decoder, &header, payload, scratch, &entries, &err) == ERR_LIMIT,
          "a body has a limit");
}

/* Once: more before it than there can be; and what is kept of a long connection. */
static void check_past(void)
{
    static struct span_past past;
    struct span_header header = {
        .count = 1, .first = 3, .raw_len = 9, .after = 3, .codec = SPAN_MODEL};
    struct span_entry *entries = NULL;
    struct err_ctx err = {""};
    struct bytes rows = dictionary_1();
    CHECK(span_entries_decode(decoder, &header, rows, scratch, &entries, &err) == ERR_FORMAT,
          "nothing stands before the first");
    for (uint64_t seq = 1; seq < 301; seq++) {
        struct bytes row = bytes_of(rows.data, 4u + get_be16(rows.data + 2));
        span_past_add(&past, &header.incarnation, seq, 1, row);
        rows = bytes_of(rows.data + row.len, rows.len - row.len);
    }
    CHECK(past.count <= SPAN_PAST_ENTRIES_MAX && past.len <= SPAN_PAST_BYTES_MAX &&
              span_past_before(&past, &header.incarnation, 301) > 10,
          "the newest are kept");
}

static void prepare(void)
{
    if (decoder == NULL) {
        CHECK(sodium_init() >= 0, "libsodium is there");
        span_decoder_free(span_decoder_new());
        span_decoder_free(NULL);
        decoder = span_decoder_new();
        builder = span_builder_new();
        scratch = arena_new(SPAN_SCRATCH_BYTES_MAX);
        CHECK(decoder != NULL && builder != NULL && scratch != NULL, "there is memory");
        check_body_too_long();
        check_past();
    }
    arena_reset(scratch);
}

/* As many reports of the dictionary as it was packed after, if they are few. */
static struct span_past *past_for(const struct span_header *header)
{
    static struct span_past past;
    struct bytes rows = dictionary_1();
    size_t len = 0;
    span_past_clear(&past);
    for (unsigned i = 0; i < header->after; i++) {
        len += 4u + get_be16(rows.data + len + 2);
    }
    if (header->after > 0 && header->first > header->after) {
        span_past_add(&past, &header->incarnation, header->first - header->after, header->after,
                      bytes_of(rows.data, len));
    }
    return &past;
}

static void take_frame(struct bytes frame)
{
    struct span_header header;
    struct bytes payload;
    struct span_entry *entries = NULL;
    struct err_ctx err = {""};
    uint8_t again[SPAN_HEADER_BYTES];
    int rc = span_header_decode(frame, &header, &payload, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    CHECK(frame.len <= SPAN_WIRE_BYTES_MAX, "no longer than the limit");
    CHECK(header.count >= 1 && header.count <= SPAN_ENTRIES_MAX, "as many entries as allowed");
    CHECK(header.raw_len <= SPAN_RAW_BYTES_MAX, "no larger than the limit");
    CHECK(header.raw_len <= payload.len * SPAN_RATIO_MAX, "no denser than the limit");
    CHECK(header.first >= 1 && header.first + header.count - 1 >= header.first, "seq is in range");
    span_header_encode(&header, again);
    CHECK(memcmp(again, frame.data, sizeof again) == 0, "a header is written as it was read");
    rc =
        span_entries_receive(decoder, &header, payload, past_for(&header), scratch, &entries, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        return;
    }
    check_entries(&header, entries);
    if (header.after == 0) {
        check_little_memory(&header, payload);
    }
}

/* ---- 1: a frame that a receiver takes ---- */

/* What must come of it, by SPEC 7 "Taking a span" and nothing else. */
static int expected(const struct made_span *plan)
{
    if (plan->first > plan->cursor + 1) {
        return ERR_GAP;
    }
    if (plan->first == 1 && !plan->h_before_zero) {
        return ERR_CHAIN;
    }
    if (plan->head_spoiled || plan->other_key) {
        return ERR_HEAD;
    }
    if (plan->cursor_in_span && plan->cursor_spoiled) {
        return ERR_FORK;
    }
    return plan->last <= plan->cursor ? (int)RECEIVER_SEEN : (int)RECEIVER_NEW;
}

static void check_taken(const struct made_span *plan, struct receiver *receiver,
                        const struct span_store *store)
{
    CHECK(store->first_new == plan->cursor + 1 && store->last == plan->last, "what is new is new");
    CHECK(store->skip == plan->cursor + 1 - plan->first, "what is known is passed over");
    CHECK(memcmp(store->h_last.b, plan->h_last, HASH_BYTES) == 0, "h of the last entry");
    CHECK(store->is_new_log == (plan->cursor == 0), "a log is new at its first entry");
    CHECK(receiver->taken == plan->last && receiver->durable == plan->cursor,
          "taken, not durable yet");
    if (plan->store_fails) {
        uint32_t epoch = receiver->epoch;
        CHECK(!receiver_stored(receiver, store->last, &store->h_last, store->epoch, ERR_STORAGE),
              "nothing is acknowledged that is not stored");
        CHECK(receiver->taken == plan->cursor && receiver->epoch == epoch + 1, "it is given up");
    }
    CHECK(receiver_stored(receiver, store->last, &store->h_last, store->epoch, 0), "an ack is due");
    CHECK(receiver->durable == plan->last && receiver->taken == plan->last, "now it is durable");
    CHECK(!receiver_stored(receiver, store->last, &store->h_last, store->epoch, 0),
          "and is acknowledged once");
}

static bool unmoved(const struct receiver *receiver, const struct made_span *plan)
{
    return receiver->taken == plan->cursor && receiver->durable == plan->cursor &&
           receiver->epoch == 0 && memcmp(receiver->taken_h.b, plan->cursor_h, HASH_BYTES) == 0;
}

static void check_receiver(const struct made_span *plan, const struct span_header *header,
                           const struct span_entry *entries)
{
    struct receiver receiver;
    struct hash cursor_h;
    struct span_store store = {.last = 0};
    struct err_ctx err = {""};
    memcpy(cursor_h.b, plan->cursor_h, HASH_BYTES);
    receiver_init(&receiver, &header->incarnation, LANE_ROUTINE, &plan->signer, plan->cursor,
                  &cursor_h);
    struct span_store kept;
    int rc = receiver_take(&receiver, header, entries, &store, &err);
    kept = store;
    CHECK(rc == expected(plan), "a receiver judges as SPEC says");
    if (rc < 0) {
        check_refused(rc, &err);
    }
    struct span_header none = *header;
    none.first = 0;
    struct receiver other = receiver;
    CHECK(receiver_take(&other, &none, entries, &store, &err) == ERR_FORMAT, "seq is from 1");
    if (rc == (int)RECEIVER_NEW) {
        check_taken(plan, &receiver, &kept);
    } else {
        CHECK(unmoved(&receiver, plan), "nothing changes when nothing is new");
    }
}

static void take_plan(struct bytes input)
{
    static struct made_span plan;
    struct span_header header;
    struct bytes payload;
    struct span_entry *entries = NULL;
    struct err_ctx err = {""};
    if (!made_span_make(input, &plan)) {
        return;
    }
    int rc = span_header_decode(plan.frame, &header, &payload, &err);
    if (rc != 0) {
        check_refused(rc, &err);
        CHECK(rc == ERR_LIMIT, "what is made by the book is refused for its size only");
        return;
    }
    CHECK(span_entries_decode(decoder, &header, payload, scratch, &entries, &err) == 0,
          "what is made by the book is read");
    check_entries(&header, entries);
    check_little_memory(&header, payload);
    struct hash h;
    span_hash(&header, entries, plan.last, &h);
    CHECK(memcmp(h.b, plan.h_last, HASH_BYTES) == 0, "h of the last entry, by SPEC 3");
    span_hash(&header, entries, plan.first - 1, &h);
    CHECK(hash_equal(&h, &header.h_before), "and what stands before the first");
    check_receiver(&plan, &header, entries);
}

/* ---- 2: our builder ---- */

/* The same entries stood before them, as far as there is room. */
static void past_of(const struct made_span *plan, uint32_t count,
                    const struct incarnation *incarnation, struct span_past *ret)
{
    static uint8_t rows[SPAN_PAST_BYTES_MAX];
    struct writer writer;
    writer_init(&writer, rows, sizeof rows);
    uint32_t there = 0;
    span_past_clear(ret);
    for (; there < count && there + 1 < plan->first; there++) {
        const struct span_entry *entry = &plan->entries[there];
        if (writer.len + 4 + entry->body.len > sizeof rows) {
            break;
        }
        writer_be16(&writer, entry->kind);
        writer_be16(&writer, (uint16_t)(entry->body.len | (entry->erased ? 0x8000u : 0)));
        writer_bytes(&writer, entry->body);
    }
    if (there > 0) {
        span_past_add(ret, incarnation, plan->first - there, there, bytes_of(rows, writer.len));
    }
}

static void check_built(const struct made_span *plan, struct bytes frame, uint32_t count,
                        struct span_past *past)
{
    struct span_header header;
    struct bytes payload;
    struct span_entry *entries = NULL;
    CHECK(span_header_decode(frame, &header, &payload, NULL) == 0, "built, so read");
    CHECK(header.count == count && header.first == plan->first, "as it was built");
    int alone = span_entries_decode(decoder, &header, payload, scratch, &entries, NULL);
    CHECK(alone == (header.after > 0 ? ERR_GAP : 0), "who lacks what was before says so");
    CHECK(span_entries_receive(decoder, &header, payload, past, scratch, &entries, NULL) == 0,
          "built, so opened");
    for (uint32_t i = 0; i < count; i++) {
        const struct span_entry *wanted = &plan->entries[i];
        CHECK(entries[i].kind == wanted->kind && entries[i].erased == wanted->erased &&
                  bytes_equal(entries[i].body, wanted->body),
              "a builder gives every byte back");
    }
}

static void build_plan(struct bytes input)
{
    static struct made_span plan;
    static struct span_past past;
    struct incarnation incarnation = {{7}};
    struct hash h_before = {{0}};
    struct signature head = {{9}};
    struct bytes frame;
    if (!made_span_make(input, &plan)) {
        return;
    }
    size_t raw_bytes_max = input.len % 3 == 0 ? 512 : SPAN_WIRE_BYTES_MAX - SPAN_HEADER_BYTES;
    span_builder_start(builder, &incarnation, plan.first, &h_before);
    uint32_t count = 0;
    int rc = 0;
    while (rc == 0 && count < plan.count) {
        rc = span_builder_add(builder, &plan.entries[count], raw_bytes_max);
        count += rc == 0 ? 1 : 0;
    }
    CHECK(rc == 0 || rc == ERR_FULL, "an entry that may be sent can be added");
    CHECK(count >= 1 && span_builder_count(builder) == count, "at least one fits");
    enum span_codec codec = !plan.compressed     ? SPAN_RAW
                            : input.len % 2 == 0 ? SPAN_MODEL
                                                 : SPAN_ZSTD;
    past_of(&plan, count, &incarnation, &past);
    span_builder_after(builder, &past);
    CHECK(span_builder_finish(builder, codec, &head, &frame, NULL) == 0, "what fits is finished");
    struct span_past theirs = past;
    check_built(&plan, frame, count, &theirs);
    span_builder_sent(builder, &past);
    CHECK(past.next == theirs.next && past.count == theirs.count && past.len == theirs.len &&
              memcmp(past.rows, theirs.rows, past.len) == 0,
          "both ends have the same behind them");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes input = bytes_of(data, size);
    prepare();
    switch (take_u8(&input) % 3) {
    case 0:
        take_frame(input);
        break;
    case 1:
        take_plan(input);
        break;
    default:
        build_plan(input);
    }
    return 0;
}
