/* check.c - what must hold, kept apart from the code it judges: plain copies of every entry as its
 * writer made it durable, an own chain by libsodium, and counts of what the reader made durable. */
#include "check_books.h"

#include "core/base/assert.h"

#include <sodium.h>

struct check *check_new(struct sim *sim)
{
    return sim_take(sim, sizeof(struct check));
}

struct book *check_book(const struct sim *sim, uint32_t box, const struct incarnation *incarnation)
{
    struct check *check = sim->check;
    for (size_t i = check->book_count; i-- > 0;) {
        struct book *book = &check->books[i];
        if (book->box == box && memcmp(book->incarnation, incarnation->b, 16) == 0) {
            return book;
        }
    }
    return NULL;
}

struct shelf *check_shelf(const struct sim *sim, const struct incarnation *incarnation)
{
    struct check *check = sim->check;
    for (size_t i = check->shelf_count; i-- > 0;) {
        if (memcmp(check->shelves[i].incarnation, incarnation->b, 16) == 0) {
            return &check->shelves[i];
        }
    }
    return NULL;
}

void check_log(struct sim *sim, uint32_t box, uint32_t peer, uint32_t log,
               const struct incarnation *incarnation)
{
    struct check *check = sim->check;
    ASSERT(check->book_count < BOOKS_MAX);
    struct shelf *shelf = check_shelf(sim, incarnation);
    if (shelf == NULL) {
        shelf = &check->shelves[check->shelf_count++];
        shelf->peer = peer;
        shelf->log = log;
        memcpy(shelf->incarnation, incarnation->b, 16);
    }
    struct book *book = &check->books[check->book_count++];
    *book = (struct book){.box = box, .peer = peer, .log = log, .shelf = shelf};
    memcpy(book->incarnation, incarnation->b, 16);
}

void check_chain(const uint8_t incarnation[16], const uint8_t before[32], uint64_t seq,
                 uint16_t kind, struct bytes body, uint8_t ret[32])
{
    static const uint8_t none[16];
    static const uint8_t body_name[16] = "kabar.body.v1";
    static const uint8_t entry_name[16] = "kabar.entry.v1";
    uint8_t block[32 + 32 + 8 + 2] = {0};
    memcpy(block, before, 32);
    (void)crypto_generichash_blake2b_salt_personal(block + 32, 32, body.data, body.len, NULL, 0,
                                                   none, body_name);
    for (unsigned i = 0; i < 8; i++) {
        block[64 + i] = (uint8_t)(seq >> (56 - 8 * i));
    }
    block[72] = (uint8_t)(kind >> 8);
    block[73] = (uint8_t)(kind & 0xff);
    (void)crypto_generichash_blake2b_salt_personal(ret, 32, block, sizeof block, NULL, 0,
                                                   incarnation, entry_name);
}

/* ---- the writer ---- */

void check_written(struct sim *sim, uint32_t box, const struct incarnation *incarnation,
                   uint16_t kind, struct bytes body)
{
    static const uint8_t zeros[32];
    struct book *book = check_book(sim, box, incarnation);
    ASSERT(book != NULL);
    book->list = sim_room(sim, book->list, book->written, &book->capacity, sizeof *book->list);
    struct written *entry = &book->list[book->written];
    *entry = (struct written){.kind = kind, .len = body.len, .body = sim_copy(sim, body)};
    const uint8_t *before = book->written == 0 ? zeros : book->list[book->written - 1].h;
    check_chain(book->incarnation, before, book->written + 1, kind, body, entry->h);
    book->written++;
}

void check_signed(struct sim *sim, uint32_t box, const struct incarnation *incarnation,
                  uint64_t last)
{
    struct book *book = check_book(sim, box, incarnation);
    if (book == NULL) {
        sim_fail(sim, "a head of an unknown log was signed");
        return;
    }
    if (last > book->safe) {
        sim_fail(sim, "node %u log %u: head of entry %llu signed, which is not durable", book->peer,
                 book->log, (unsigned long long)last);
    }
    book->vouched = last > book->vouched ? last : book->vouched;
}

/* ---- the reader ---- */

/* The same entry after the same history. */
static bool is_this(const struct book *book, const struct shelf *shelf, uint64_t seq, uint16_t kind,
                    struct bytes body)
{
    if (seq > book->safe || seq > book->vouched) {
        return false;
    }
    const struct written *entry = &book->list[seq - 1];
    bool same = entry->kind == kind && entry->len == body.len &&
                (body.len == 0 || memcmp(entry->body, body.data, body.len) == 0);
    return same && (seq == 1 || memcmp(book->list[seq - 2].h, shelf->h[seq - 2].b, 32) == 0);
}

void check_stored(struct sim *sim, uint32_t peer, const struct entry_id *id, uint16_t kind,
                  struct bytes body)
{
    struct shelf *shelf = check_shelf(sim, &id->incarnation);
    unsigned long long seq = id->seq;
    if (shelf == NULL || shelf->peer != peer) {
        sim_fail(sim, "node %u: entry %llu of a log that is not its own was stored", peer, seq);
        return;
    }
    if (id->seq != shelf->stored + 1) {
        sim_fail(sim, "node %u log %u: entry %llu stored after %llu", peer, shelf->log, seq,
                 (unsigned long long)shelf->stored);
        return;
    }
    const struct book *book = NULL;
    for (size_t i = 0; i < sim->check->book_count; i++) {
        const struct book *some = &sim->check->books[i];
        if (some->shelf == shelf && is_this(some, shelf, id->seq, kind, body)) {
            book = some;
        }
    }
    if (book == NULL) {
        sim_fail(sim, "node %u log %u: entry %llu stored, but never written and signed so", peer,
                 shelf->log, seq);
        return;
    }
    shelf->h = sim_room(sim, shelf->h, shelf->stored, &shelf->capacity, sizeof *shelf->h);
    memcpy(shelf->h[shelf->stored].b, book->list[id->seq - 1].h, 32);
    shelf->stored++;
    sim->stored++;
}

void check_told(struct sim *sim, const struct entry_id *id, const struct hash *h)
{
    const struct shelf *shelf = check_shelf(sim, &id->incarnation);
    if (id->seq == 0) {
        return;
    }
    if (shelf == NULL) {
        sim_fail(sim, "an entry of an unknown log is said to be stored");
    } else if (id->seq > shelf->safe) {
        sim_fail(sim, "node %u log %u: %llu is said to be stored, %llu are durable", shelf->peer,
                 shelf->log, (unsigned long long)id->seq, (unsigned long long)shelf->safe);
    } else if (memcmp(shelf->h[id->seq - 1].b, h->b, 32) != 0) {
        sim_fail(sim, "node %u log %u: %llu is said to be stored with another hash", shelf->peer,
                 shelf->log, (unsigned long long)id->seq);
    }
}

/* ---- what is on the disk for good ---- */

/* An aggregator writes the office books and the shelves of the others; a node the other way. */
static bool writes(uint32_t owner, const struct book *book)
{
    return book->box == owner;
}

static bool keeps(const struct sim *sim, uint32_t owner, const struct shelf *shelf)
{
    return owner == SIM_HUB ? shelf->log != SIM_OFFICE
                            : shelf->log == SIM_OFFICE && sim->nodes[owner].peer == shelf->peer;
}

void check_synced(struct sim *sim, uint32_t owner)
{
    struct check *check = sim->check;
    for (size_t i = 0; i < check->book_count; i++) {
        if (writes(owner, &check->books[i])) {
            check->books[i].safe = check->books[i].written;
        }
    }
    for (size_t i = 0; i < check->shelf_count; i++) {
        if (keeps(sim, owner, &check->shelves[i])) {
            check->shelves[i].safe = check->shelves[i].stored;
        }
    }
    if (owner != SIM_HUB) {
        check->pair_safe[owner] = check->pair[owner];
        return;
    }
    for (size_t i = 0; i < SIM_PEERS; i++) {
        check->sessions[i].has_safe = check->sessions[i].has;
        check->sessions[i].accepted_safe = check->sessions[i].accepted;
    }
}

void check_power_lost(struct sim *sim, uint32_t owner)
{
    struct check *check = sim->check;
    for (size_t i = 0; i < check->book_count; i++) {
        if (writes(owner, &check->books[i])) {
            check->books[i].written = check->books[i].safe;
        }
    }
    for (size_t i = 0; i < check->shelf_count; i++) {
        if (keeps(sim, owner, &check->shelves[i])) {
            check->shelves[i].stored = check->shelves[i].safe;
        }
    }
    if (owner != SIM_HUB) {
        check->pair[owner] = check->pair_safe[owner];
        return;
    }
    for (size_t i = 0; i < SIM_PEERS; i++) {
        check->sessions[i].has = check->sessions[i].has_safe;
        check->sessions[i].accepted = check->sessions[i].accepted_safe;
    }
}

void check_backup(struct sim *sim, uint32_t peer)
{
    for (size_t i = 0; i < sim->check->shelf_count; i++) {
        struct shelf *shelf = &sim->check->shelves[i];
        if (shelf->peer == peer && shelf->log != SIM_OFFICE) {
            shelf->backed_up = shelf->safe;
        }
    }
}

/* ---- what a writer believes, and does about it ---- */

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

static void receipt_taken(struct sim *sim, struct book *book, const struct ack *ack)
{
    if (!receipt_is_ours(sim, ack)) {
        sim_fail(sim, "node %u log %u: receipt that was not signed was taken", book->peer,
                 book->log);
    }
    if (ack->id.seq > book->receipted) {
        book->receipted = ack->id.seq;
    }
    if (ack->backed_up_to > book->backed_up_to) {
        book->backed_up_to = ack->backed_up_to;
    }
    sim->receipts++;
}

void check_acked(struct sim *sim, uint32_t box, uint32_t peer, const struct ack *ack)
{
    struct book *book = check_book(sim, box, &ack->id.incarnation);
    unsigned long long seq = ack->id.seq;
    if (book == NULL) {
        sim_fail(sim, "node %u: ack of an unknown log was taken", peer);
        return;
    }
    if (ack->id.seq > book->written ||
        (ack->id.seq > 0 && memcmp(book->list[ack->id.seq - 1].h, ack->h.b, 32) != 0)) {
        sim_fail(sim, "node %u log %u: ack of %llu taken with another hash", peer, book->log, seq);
        return;
    }
    if (peer != SIM_HOSTILE && ack->id.seq > book->shelf->safe) {
        sim_fail(sim, "node %u log %u: %llu acknowledged, %llu durable", peer, book->log, seq,
                 (unsigned long long)book->shelf->safe);
        return;
    }
    /* A late RESUME may tell of less in the office log, and it is only sent once more; a node never
     * gives up what it knows to be received. */
    if (book->log != SIM_OFFICE && ack->id.seq < book->acked && !ack->has_signature) {
        sim_fail(sim, "node %u log %u: acknowledged went back to %llu", peer, book->log, seq);
    }
    book->acked = ack->id.seq > book->acked ? ack->id.seq : book->acked;
    if (ack->has_signature) {
        receipt_taken(sim, book, ack);
    }
}

void check_deleted(struct sim *sim, uint32_t box, const struct incarnation *incarnation,
                   uint64_t seq, bool full)
{
    const struct book *book = check_book(sim, box, incarnation);
    ASSERT(book != NULL);
    unsigned long long number = seq;
    if (seq > book->shelf->safe || seq > book->receipted) {
        sim_fail(sim, "node %u log %u: %llu deleted, %llu durable, %llu with a receipt", book->peer,
                 book->log, number, (unsigned long long)book->shelf->safe,
                 (unsigned long long)book->receipted);
    } else if ((seq > book->backed_up_to || seq > book->shelf->backed_up) && !full) {
        sim_fail(sim, "node %u log %u: %llu deleted, %llu in a backup, %llu said to be", book->peer,
                 book->log, number, (unsigned long long)book->shelf->backed_up,
                 (unsigned long long)book->backed_up_to);
    }
    sim->deleted++;
}

/* ---- the end ---- */

static bool counts(const struct sim *sim, const struct book *book)
{
    return book->peer != SIM_HOSTILE && !sim->check->revoked[book->peer];
}

bool check_drained(const struct sim *sim)
{
    for (size_t i = 0; i < sim->check->book_count; i++) {
        const struct book *book = &sim->check->books[i];
        if (counts(sim, book) &&
            (book->shelf->stored != book->written || book->acked != book->written)) {
            return false;
        }
    }
    return true;
}

void check_end(struct sim *sim)
{
    for (size_t i = 0; i < sim->check->book_count; i++) {
        const struct book *book = &sim->check->books[i];
        if (counts(sim, book) &&
            (book->safe != book->written || book->shelf->safe != book->written)) {
            sim_fail(sim, "node %u log %u: drained, but not durable", book->peer, book->log);
        }
    }
}
