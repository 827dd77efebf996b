/* A log with its chain, keys and genesis, and looking for effects; for the tests of core/sync. */
#ifndef SYNC_FIXTURE_H
#define SYNC_FIXTURE_H

#include "core/seal/chain.h"
#include "core/sync/effects.h"
#include "lib/cmocka_all.h"

#define SAMPLE_ENTRIES 40u
#define PROVINCE "16"
#define REGENCY "16.07"
#define ENROLMENT 7u

struct sample {
    struct incarnation incarnation;
    struct key key;
    uint8_t secret[SECRET_BYTES];
    struct span_entry entries[SAMPLE_ENTRIES]; /* of seq 1 … */
    struct hash h[SAMPLE_ENTRIES + 1];         /* h[seq]; h[0] is zero */
    uint8_t genesis[512];
    char bodies[SAMPLE_ENTRIES][16];
};

static inline void sample_chain(struct sample *sample)
{
    memset(&sample->h[0], 0, sizeof sample->h[0]);
    for (uint32_t i = 0; i < SAMPLE_ENTRIES; i++) {
        struct entry_id id = {.incarnation = sample->incarnation, .seq = i + 1};
        struct hash b;
        chain_body(sample->entries[i].body, &b);
        chain_next(&sample->h[i], &b, &id, sample->entries[i].kind, &sample->h[i + 1]);
    }
}

/* Bodies carry `text`: samples with the same mark and another text are a fork. */
static inline void sample_init(struct sample *sample, uint8_t mark, const char *text)
{
    memset(sample, 0, sizeof *sample);
    uint8_t seed[32] = {mark};
    seal_keypair(seed, &sample->key, sample->secret);
    memset(sample->incarnation.b, mark, sizeof sample->incarnation.b);
    for (uint32_t i = 0; i < SAMPLE_ENTRIES; i++) {
        int len = snprintf(sample->bodies[i], sizeof sample->bodies[i], "%.8s %u", text, i + 1);
        sample->entries[i].kind = ENTRY_REPORT;
        sample->entries[i].body = bytes_of(sample->bodies[i], (size_t)len);
    }
    sample_chain(sample);
}

static inline struct genesis sample_statement(const struct sample *sample, enum lane lane)
{
    bool down = lane == LANE_OFFICE;
    return (struct genesis){.direction = down ? DIRECTION_DOWN : DIRECTION_UP,
                            .lane = lane,
                            .owner = bytes_of_text(down ? PROVINCE : REGENCY),
                            .counterpart = bytes_of_text(down ? REGENCY : PROVINCE),
                            .signing_key = sample->key,
                            .enrolment = ENROLMENT,
                            .created_ms = 1};
}

static inline void sample_genesis(struct sample *sample, const struct genesis *genesis)
{
    size_t len = 0;
    assert_int_equal(genesis_encode(genesis, sample->genesis, sizeof sample->genesis, &len, NULL),
                     0);
    sample->entries[0].kind = ENTRY_GENESIS;
    sample->entries[0].body = bytes_of(sample->genesis, len);
    sample_chain(sample);
}

static inline void sample_open(struct sample *sample, uint8_t mark, enum lane lane)
{
    sample_init(sample, mark, "entry");
    struct genesis genesis = sample_statement(sample, lane);
    sample_genesis(sample, &genesis);
}

/* The header of a span first … last; its entries are &sample->entries[first - 1]. */
static inline struct span_header sample_span(const struct sample *sample, uint64_t first,
                                             uint64_t last)
{
    struct span_header header = {.incarnation = sample->incarnation,
                                 .first = first,
                                 .count = (uint32_t)(last - first + 1),
                                 .h_before = sample->h[first - 1]};
    struct entry_id id = {.incarnation = sample->incarnation, .seq = last};
    head_sign(sample->secret, &id, &sample->h[last], &header.head);
    return header;
}

/* Entries first … of `old` move behind the genesis of `sample`, which goes on from first - 1. */
static inline void sample_succeed(struct sample *sample, const struct sample *old, uint8_t mark,
                                  enum lane lane, uint64_t first)
{
    sample_init(sample, mark, "own");
    sample->key = old->key;
    memcpy(sample->secret, old->secret, sizeof sample->secret);
    for (uint64_t seq = first; seq < SAMPLE_ENTRIES; seq++) {
        sample->entries[seq - first + 1] = old->entries[seq - 1];
    }
    struct genesis genesis = sample_statement(sample, lane);
    genesis.has_predecessor = true;
    genesis.predecessor = (struct entry_id){.incarnation = old->incarnation, .seq = first - 1};
    genesis.predecessor_h = old->h[first - 1];
    genesis.predecessor_count = SAMPLE_ENTRIES - first;
    sample_genesis(sample, &genesis);
}

/* What an aggregator's store has: these logs, up to `last`. */
struct sample_store {
    const struct sample *logs[4];
    uint64_t last[4];
    int rc; /* != 0: it cannot be read */
};

static inline int sample_lookup(void *arg, const struct entry_id *id, uint64_t *ret_last,
                                struct hash *ret_h_last, struct hash *ret_h)
{
    const struct sample_store *store = arg;
    if (store == NULL) {
        return ERR_NOT_FOUND;
    }
    if (store->rc != 0) {
        return store->rc;
    }
    for (size_t i = 0; i < 4 && store->logs[i] != NULL; i++) {
        if (incarnation_equal(&store->logs[i]->incarnation, &id->incarnation)) {
            *ret_last = store->last[i];
            *ret_h_last = store->logs[i]->h[store->last[i]];
            *ret_h = id->seq <= store->last[i] ? store->logs[i]->h[id->seq] : *ret_h_last;
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

static inline struct ack sample_ack(const struct sample *sample, uint64_t seq)
{
    return (struct ack){.id = {.incarnation = sample->incarnation, .seq = seq},
                        .h = sample->h[seq],
                        .credit_bytes = 100000};
}

static inline size_t count_of(const struct effects *effects, enum effect_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < effects->count; i++) {
        count += effects->list[i].type == type;
    }
    return count;
}

/* The first effect of this type; the test fails without one. */
static inline const struct effect *effect_of(const struct effects *effects, enum effect_type type)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->list[i].type == type) {
            return &effects->list[i];
        }
    }
    fail_msg("no effect of type %d", (int)type);
    abort();
}

static inline size_t frames_of(const struct effects *effects, enum frame_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < effects->count; i++) {
        count += effects->list[i].type == EFFECT_SEND && effects->list[i].as.control.kind == kind;
    }
    return count;
}

static inline const struct control *frame_of(const struct effects *effects, enum frame_kind kind)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->list[i].type == EFFECT_SEND && effects->list[i].as.control.kind == kind) {
            return &effects->list[i].as.control;
        }
    }
    fail_msg("no %s was sent", frame_kind_name((int)kind));
    abort();
}

static inline bool alarmed(const struct effects *effects, enum alarm code)
{
    for (size_t i = 0; i < effects->count; i++) {
        if (effects->list[i].type == EFFECT_ALARM && effects->list[i].as.alarm.code == code) {
            return true;
        }
    }
    return false;
}

#endif
