/* check.c - what must hold, kept apart from the code it judges: plain copies of every entry as its
 * writer made it durable, an own chain by libsodium, and counts of what the reader made durable. */
#include "core/base/assert.h"
#include "sim.h"

#include <sodium.h>

struct written {
    uint16_t kind;
    size_t len;
    uint8_t *body;
    uint8_t h[32];
};
struct book {
    uint8_t incarnation[16];
    struct written *list;
    size_t written, capacity; /* durable at the writer */
    uint64_t vouched;         /* the writer signed up to here */
    uint64_t stored;          /* durable at the reader */
    uint64_t acked;           /* the writer believes the reader has it */
    uint64_t receipted;       /* and holds a signed receipt */
};
struct check {
    struct book books[SIM_NODES_MAX][SIM_LOGS];
    struct session_pair pair[SIM_NODES_MAX];
    uint8_t session_next[SIM_NODES_MAX][16];
};

struct check *check_new(void)
{
    return calloc(1, sizeof(struct check));
}

void check_free(struct check *check)
{
    for (size_t i = 0; check != NULL && i < SIM_NODES_MAX * SIM_LOGS; i++) {
        struct book *book = &check->books[i / SIM_LOGS][i % SIM_LOGS];
        for (size_t k = 0; k < book->written; k++) {
            free(book->list[k].body);
        }
        free(book->list);
    }
    free(check);
}

void check_log(struct sim *sim, uint32_t node, uint32_t log, const struct incarnation *incarnation)
{
    memcpy(sim->check->books[node][log].incarnation, incarnation->b, 16);
}

uint32_t check_find(const struct sim *sim, uint32_t node, const struct incarnation *incarnation)
{
    uint32_t log = 0;
    while (log < SIM_LOGS &&
           memcmp(sim->check->books[node][log].incarnation, incarnation->b, 16) != 0) {
        log++;
    }
    return log;
}

/* DESIGN "chain", written down a second time. */
static void own_chain(const struct book *book, uint64_t seq, struct written *entry)
{
    static const uint8_t none[16];
    static const uint8_t body_name[16] = "kabar.body.v1";
    static const uint8_t entry_name[16] = "kabar.entry.v1";
    uint8_t block[32 + 32 + 8 + 2] = {0};
    if (seq > 1) {
        memcpy(block, book->list[seq - 2].h, 32);
    }
    (void)crypto_generichash_blake2b_salt_personal(block + 32, 32, entry->body, entry->len, NULL, 0,
                                                   none, body_name);
    for (unsigned i = 0; i < 8; i++) {
        block[64 + i] = (uint8_t)(seq >> (56 - 8 * i));
    }
    block[72] = (uint8_t)(entry->kind >> 8);
    block[73] = (uint8_t)(entry->kind & 0xff);
    (void)crypto_generichash_blake2b_salt_personal(entry->h, 32, block, sizeof block, NULL, 0,
                                                   book->incarnation, entry_name);
}

void check_written(struct sim *sim, uint32_t node, uint32_t log, uint16_t kind, struct bytes body)
{
    struct book *book = &sim->check->books[node][log];
    book->list = sim_room(book->list, book->written, &book->capacity, sizeof *book->list);
    struct written *entry = &book->list[book->written];
    *entry = (struct written){.kind = kind, .len = body.len, .body = malloc(body.len + 1)};
    ASSERT(entry->body != NULL);
    memcpy(entry->body, body.data, body.len);
    own_chain(book, book->written + 1, entry);
    book->written++;
}

void check_signed(struct sim *sim, const struct incarnation *incarnation, uint64_t last)
{
    for (uint32_t node = 0; node < sim->node_count; node++) {
        uint32_t log = check_find(sim, node, incarnation);
        if (log == SIM_LOGS) {
            continue;
        }
        struct book *book = &sim->check->books[node][log];
        if (last > book->written) {
            sim_fail(sim, "node %u log %u: head of entry %llu signed, which is not durable", node,
                     log, (unsigned long long)last);
        }
        book->vouched = last > book->vouched ? last : book->vouched;
        return;
    }
    sim_fail(sim, "a head of an unknown log was signed");
}

void check_stored(struct sim *sim, uint32_t node, const struct entry_id *id, uint16_t kind,
                  struct bytes body)
{
    uint32_t log = check_find(sim, node, &id->incarnation);
    unsigned long long seq = id->seq;
    if (log == SIM_LOGS) {
        sim_fail(sim, "node %u: entry %llu of an unknown log was stored", node, seq);
        return;
    }
    struct book *book = &sim->check->books[node][log];
    if (id->seq != book->stored + 1) {
        sim_fail(sim, "node %u log %u: entry %llu stored after %llu", node, log, seq,
                 (unsigned long long)book->stored);
        return;
    }
    if (id->seq > book->written || id->seq > book->vouched) {
        sim_fail(sim, "node %u log %u: entry %llu stored, but never written and signed", node, log,
                 seq);
        return;
    }
    const struct written *entry = &book->list[id->seq - 1];
    if (entry->kind != kind || entry->len != body.len ||
        memcmp(entry->body, body.data, body.len) != 0) {
        sim_fail(sim, "node %u log %u: entry %llu stored with other bytes", node, log, seq);
        return;
    }
    book->stored++;
    sim->stored++;
}

/* The receipt's bytes, written down a second time. */
static bool receipt_is_ours(const struct sim *sim, const struct ack *ack)
{
    static const char domain[] = "kabar.receipt.v1";
    uint8_t message[16 + 16 + 16 + 8 + 32 + 8];
    memcpy(message, domain, 16);
    memcpy(message + 16, ack->aggregator.b, 16);
    memcpy(message + 32, ack->id.incarnation.b, 16);
    for (unsigned i = 0; i < 8; i++) {
        message[48 + i] = (uint8_t)(ack->id.seq >> (56 - 8 * i));
        message[88 + i] = (uint8_t)(ack->backed_up_to >> (56 - 8 * i));
    }
    memcpy(message + 56, ack->h.b, 32);
    return crypto_sign_verify_detached(ack->signature.b, message, sizeof message, sim->hub.key.b) ==
           0;
}

void check_acked(struct sim *sim, uint32_t node, const struct ack *ack)
{
    uint32_t log = check_find(sim, node, &ack->id.incarnation);
    if (log == SIM_LOGS) {
        sim_fail(sim, "node %u: ack of an unknown log was taken", node);
        return;
    }
    struct book *book = &sim->check->books[node][log];
    unsigned long long seq = ack->id.seq;
    if (ack->id.seq > book->stored) {
        sim_fail(sim, "node %u log %u: %llu acknowledged, %llu durable", node, log, seq,
                 (unsigned long long)book->stored);
        return;
    }
    if (ack->id.seq > 0 && memcmp(book->list[ack->id.seq - 1].h, ack->h.b, 32) != 0) {
        sim_fail(sim, "node %u log %u: ack of %llu taken with another hash", node, log, seq);
    }
    /* A late RESUME may tell of less in the office log, and it is only sent once more; a node never
     * gives up what it knows to be received. */
    if (log != SIM_OFFICE && ack->id.seq < book->acked && !ack->has_signature) {
        sim_fail(sim, "node %u log %u: acknowledged went back to %llu", node, log, seq);
    }
    book->acked = ack->id.seq > book->acked ? ack->id.seq : book->acked;
    if (ack->has_signature) {
        if (!receipt_is_ours(sim, ack)) {
            sim_fail(sim, "node %u log %u: receipt that was not signed was taken", node, log);
        }
        book->receipted = ack->id.seq > book->receipted ? ack->id.seq : book->receipted;
        sim->receipts++;
    }
}

void check_deleted(struct sim *sim, uint32_t node, uint32_t log, uint64_t seq)
{
    const struct book *book = &sim->check->books[node][log];
    if (seq > book->stored || seq > book->receipted) {
        sim_fail(sim, "node %u log %u: %llu deleted, %llu durable, %llu with a receipt", node, log,
                 (unsigned long long)seq, (unsigned long long)book->stored,
                 (unsigned long long)book->receipted);
    }
}

void check_pair_written(struct sim *sim, uint32_t node, const struct session_pair *pair)
{
    sim->check->pair[node] = *pair;
}

void check_pair_sent(struct sim *sim, uint32_t node, const struct session_pair *pair)
{
    const struct session_pair *durable = &sim->check->pair[node];
    if (memcmp(durable->prev, pair->prev, 16) != 0 || memcmp(durable->next, pair->next, 16) != 0) {
        sim_fail(sim, "node %u: session pair sent that is not durable", node);
    }
}

void check_session_written(struct sim *sim, uint32_t node, const uint8_t next[16])
{
    memcpy(sim->check->session_next[node], next, 16);
}

void check_resumed_sent(struct sim *sim, uint32_t node, const uint8_t next[16])
{
    if (memcmp(sim->check->session_next[node], next, 16) != 0) {
        sim_fail(sim, "node %u: RESUMED of a session pair that is not durable", node);
    }
}

bool check_drained(const struct sim *sim)
{
    for (uint32_t node = 0; node < sim->node_count; node++) {
        for (uint32_t log = 0; log < SIM_LOGS; log++) {
            const struct book *book = &sim->check->books[node][log];
            if (book->stored != book->written || book->acked != book->written) {
                return false;
            }
        }
    }
    return true;
}
