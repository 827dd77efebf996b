/* entries.c - what a log is on a disk, and spans cut from it with the shipped builder. */
#include "core/base/assert.h"
#include "core/seal/chain.h"
#include "sim.h"

void entries_add(struct sim *sim, struct entries *entries, const struct incarnation *incarnation,
                 uint16_t kind, struct bytes body)
{
    entries->list =
        sim_room(sim, entries->list, entries->count, &entries->capacity, sizeof *entries->list);
    struct hash before = {{0}};
    if (entries->count > 0) {
        before = entries->list[entries->count - 1].h;
    }
    struct entry *entry = &entries->list[entries->count++];
    *entry = (struct entry){.kind = kind, .len = body.len, .body = sim_copy(sim, body)};
    struct hash b;
    struct entry_id id = {.incarnation = *incarnation, .seq = entries->count};
    chain_body(body, &b);
    chain_next(&before, &b, &id, kind, &entry->h);
}

const struct hash *entries_h(const struct entries *entries, uint64_t seq)
{
    return seq >= 1 && seq <= entries->count ? &entries->list[seq - 1].h : NULL;
}

int entries_decode(struct sim *sim, struct arena *arena, struct bytes frame,
                   struct span_header *ret_header, struct span_entry **ret)
{
    struct bytes payload;
    int rc = span_header_decode(frame, ret_header, &payload, NULL);
    return rc != 0
               ? rc
               : span_entries_decode(sim->tools->decoder, ret_header, payload, arena, ret, NULL);
}

/* As an aggregator keeps it: what came before is not there when it is read again. */
static struct bytes alone(struct sim *sim, const struct span_header *header,
                          const struct span_entry *entries)
{
    struct bytes frame;
    struct span_builder *builder = sim->tools->builder;
    span_builder_start(builder, &header->incarnation, header->first, &header->h_before);
    for (uint32_t i = 0; i < header->count; i++) {
        int rc = span_builder_add(builder, &entries[i], SPAN_RAW_BYTES_MAX);
        ASSERT(rc == 0);
    }
    int rc = span_builder_finish(builder, SPAN_RAW, &header->head, &frame, NULL);
    ASSERT(rc == 0);
    return bytes_of(sim_copy(sim, frame), frame.len);
}

int entries_receive(struct sim *sim, struct span_past *past, struct bytes *frame,
                    struct span_header *ret_header, struct span_entry **ret)
{
    struct bytes payload;
    int rc = span_header_decode(*frame, ret_header, &payload, NULL);
    rc = rc != 0 ? rc
                 : span_entries_receive(sim->tools->decoder, ret_header, payload, past,
                                        sim->tools->arena, ret, NULL);
    if (rc == 0 && ret_header->codec == SPAN_MODEL) {
        *frame = alone(sim, ret_header, *ret);
    }
    return rc;
}

struct bytes entries_cut(struct sim *sim, uint32_t box, const struct entries *entries,
                         const struct span_plan *plan, const uint8_t *secret,
                         struct span_past *past, uint64_t *ret_last)
{
    struct span_builder *builder = sim->tools->builder;
    struct hash before = {{0}};
    if (plan->first > 1) {
        before = entries->list[plan->first - 2].h;
    }
    span_builder_start(builder, &plan->incarnation, plan->first, &before);
    span_builder_after(builder, past);
    uint64_t last = plan->first - 1;
    while (last < plan->last_max) {
        const struct entry *entry = &entries->list[last];
        struct span_entry item = {.kind = entry->kind, .body = bytes_of(entry->body, entry->len)};
        int rc = span_builder_add(builder, &item, plan->raw_bytes_max);
        if (rc == ERR_FULL) {
            break;
        }
        ASSERT(rc == 0);
        last++;
    }
    ASSERT(last >= plan->first && last <= entries->count);
    struct entry_id id = {.incarnation = plan->incarnation, .seq = last};
    struct signature head;
    head_sign(secret, &id, &entries->list[last - 1].h, &head);
    check_signed(sim, box, &plan->incarnation, last);
    struct bytes frame;
    enum span_codec codec = sim_draw(sim, 16, 1) == 0 ? SPAN_ZSTD : SPAN_RAW;
    int rc = span_builder_finish(builder, past != NULL ? SPAN_MODEL : codec, &head, &frame, NULL);
    ASSERT(rc == 0);
    if (past != NULL) {
        span_builder_sent(builder, past);
    }
    *ret_last = last;
    return frame;
}

void entries_genesis(const struct genesis *genesis, uint8_t *ret, size_t capacity, size_t *ret_len)
{
    int rc = genesis_encode(genesis, ret, capacity, ret_len, NULL);
    ASSERT(rc == 0);
}
