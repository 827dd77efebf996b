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

struct shelf *check_shelf(const struct sim *sim, uint32_t reader,
                          const struct incarnation *incarnation)
{
    struct check *check = sim->check;
    for (size_t i = check->shelf_count; i-- > 0;) {
        struct shelf *shelf = &check->shelves[i];
        if (shelf->reader == reader && memcmp(shelf->incarnation, incarnation->b, 16) == 0) {
            return shelf;
        }
    }
    return NULL;
}

static void add_shelf(struct sim *sim, uint32_t reader, uint32_t peer, uint32_t log,
                      const struct incarnation *incarnation)
{
    struct check *check = sim->check;
    if (check_shelf(sim, reader, incarnation) == NULL) {
        ASSERT(check->shelf_count < BOOKS_MAX);
        struct shelf *shelf = &check->shelves[check->shelf_count++];
        *shelf = (struct shelf){.reader = reader, .peer = peer, .log = log};
        memcpy(shelf->incarnation, incarnation->b, 16);
    }
}

void check_log(struct sim *sim, uint32_t box, uint32_t peer, uint32_t log,
               const struct incarnation *incarnation)
{
    struct check *check = sim->check;
    ASSERT(check->book_count < BOOKS_MAX);
    struct book *book = &check->books[check->book_count++];
    *book = (struct book){.box = box, .peer = peer, .log = log};
    memcpy(book->incarnation, incarnation->b, 16);
    if (log != SIM_OFFICE) {
        add_shelf(sim, SIM_HUB, peer, log, incarnation);
    }
}

void check_reads(struct sim *sim, uint32_t box, uint32_t peer,
                 const struct incarnation *incarnation)
{
    add_shelf(sim, box, peer, SIM_OFFICE, incarnation);
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

/* A body that was there before is the same statement, moved to another log. */
static uint32_t statement_of(struct sim *sim, uint32_t box, uint32_t peer, struct bytes body)
{
    struct check *check = sim->check;
    ASSERT(body.len >= 16 && box <= SIM_HUB);
    struct holding *holding = &check->holdings[box];
    for (size_t i = holding->count; i-- > 0;) {
        if (memcmp(check->statements[holding->list[i]].body, body.data, 16) == 0) {
            return holding->list[i];
        }
    }
    check->statements = sim_room(sim, check->statements, check->statement_count,
                                 &check->statement_capacity, sizeof *check->statements);
    uint32_t number = (uint32_t)check->statement_count++;
    check->statements[number] = (struct statement){.peer = peer};
    memcpy(check->statements[number].body, body.data, 16);
    holding->list =
        sim_room(sim, holding->list, holding->count, &holding->capacity, sizeof *holding->list);
    holding->list[holding->count++] = number;
    return number;
}

void check_written(struct sim *sim, uint32_t box, const struct incarnation *incarnation,
                   uint16_t kind, struct bytes body)
{
    static const uint8_t zeros[32];
    struct book *book = check_book(sim, box, incarnation);
    ASSERT(book != NULL);
    if (kind != ENTRY_GENESIS && box < SIM_HUB && sim->check->moved[box]) {
        sim_fail(sim, "node %u log %u: entry %zu written in a log of another place", book->peer,
                 book->log, book->written + 1);
    }
    if (book->over) {
        sim_fail(sim, "node %u log %u: written to after it was over", book->peer, book->log);
    }
    book->list = sim_room(sim, book->list, book->written, &book->capacity, sizeof *book->list);
    struct written *entry = &book->list[book->written];
    *entry = (struct written){.kind = kind, .len = body.len, .body = sim_copy(sim, body)};
    entry->statement = kind == ENTRY_GENESIS || box > SIM_HUB
                           ? NO_STATEMENT
                           : statement_of(sim, box, book->peer, body);
    const uint8_t *before = book->written == 0 ? zeros : book->list[book->written - 1].h;
    check_chain(book->incarnation, before, book->written + 1, kind, body, entry->h);
    book->written++;
}

void check_succeeds(struct sim *sim, uint32_t box, const struct incarnation *next,
                    const struct incarnation *over, const struct entry_id *after, uint64_t copies)
{
    struct book *book = check_book(sim, box, next);
    struct book *old = check_book(sim, box, over);
    ASSERT(book != NULL && old != NULL);
    memcpy(book->predecessor, after->incarnation.b, 16);
    book->after = after->seq;
    book->copies = copies;
    old->over = true;
    if (box < SIM_HUB) {
        sim->check->moved[box] = false;
    }
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
    if (seq > book->safe || seq > book->vouched ||
        memcmp(book->incarnation, shelf->incarnation, 16) != 0) {
        return false;
    }
    const struct written *entry = &book->list[seq - 1];
    bool same = entry->kind == kind && entry->len == body.len &&
                (body.len == 0 || memcmp(entry->body, body.data, body.len) == 0);
    return same && (seq == 1 || memcmp(book->list[seq - 2].h, shelf->list[seq - 2].h, 32) == 0);
}

static void shelve(struct sim *sim, struct shelf *shelf, const struct written *entry)
{
    shelf->list = sim_room(sim, shelf->list, shelf->stored, &shelf->capacity, sizeof *shelf->list);
    struct stood *stood = &shelf->list[shelf->stored++];
    stood->statement = entry->statement;
    memcpy(stood->h, entry->h, 32);
    sim->stored++;
}

void check_stored(struct sim *sim, uint32_t reader, uint32_t peer, const struct entry_id *id,
                  uint16_t kind, struct bytes body)
{
    struct shelf *shelf = check_shelf(sim, reader, &id->incarnation);
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
    for (size_t i = 0; i < sim->check->book_count; i++) {
        const struct book *book = &sim->check->books[i];
        if (is_this(book, shelf, id->seq, kind, body)) {
            shelve(sim, shelf, &book->list[id->seq - 1]);
            return;
        }
    }
    sim_fail(sim, "node %u log %u: entry %llu stored, but never written and signed so", peer,
             shelf->log, seq);
}

void check_told(struct sim *sim, uint32_t reader, const struct entry_id *id, const struct hash *h)
{
    const struct shelf *shelf = check_shelf(sim, reader, &id->incarnation);
    if (id->seq == 0) {
        return;
    }
    if (shelf == NULL) {
        sim_fail(sim, "an entry of an unknown log is said to be stored");
    } else if (id->seq > shelf->safe) {
        sim_fail(sim, "node %u log %u: %llu is said to be stored, %llu are durable", shelf->peer,
                 shelf->log, (unsigned long long)id->seq, (unsigned long long)shelf->safe);
    } else if (memcmp(shelf->list[id->seq - 1].h, h->b, 32) != 0) {
        sim_fail(sim, "node %u log %u: %llu is said to be stored with another hash", shelf->peer,
                 shelf->log, (unsigned long long)id->seq);
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
    if (ack->backed_up_to > book->receipt_backed_up_to) {
        book->receipt_backed_up_to = ack->backed_up_to;
    }
    sim->receipts++;
}

/* The most that any reader of this log ever had for good. */
static size_t ever_stored(const struct sim *sim, const struct book *book)
{
    size_t ever = 0;
    for (size_t i = 0; i < sim->check->shelf_count; i++) {
        const struct shelf *shelf = &sim->check->shelves[i];
        if (memcmp(shelf->incarnation, book->incarnation, 16) == 0 && shelf->ever > ever) {
            ever = shelf->ever;
        }
    }
    return ever;
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
    if (peer != SIM_HOSTILE && ack->id.seq > ever_stored(sim, book)) {
        sim_fail(sim, "node %u log %u: %llu acknowledged, %llu durable", peer, book->log, seq,
                 (unsigned long long)ever_stored(sim, book));
        return;
    }
    /* A late RESUME may tell of less in the office log, and it is only sent once more; a node never
     * gives up what it knows to be received, unless the aggregator lost it. */
    bool back = ack->id.seq < book->acked && !ack->has_signature;
    if (back && book->log != SIM_OFFICE && !sim->hub.was_restored) {
        sim_fail(sim, "node %u log %u: acknowledged went back to %llu", peer, book->log, seq);
    }
    bool office_back = back && book->log == SIM_OFFICE;
    if (back && box < SIM_HUB) {
        check_window_gap(sim, box, &ack->id.incarnation);
    }
    book->acked = ack->id.seq > book->acked || (back && !office_back) ? ack->id.seq : book->acked;
    if (ack->has_signature) {
        receipt_taken(sim, book, ack);
    }
}

static void forgive(struct sim *sim, struct book *book, uint64_t seq, size_t backed_up)
{
    for (uint64_t at = book->deleted + 1; at <= seq; at++) {
        uint32_t statement = book->list[at - 1].statement;
        if (at > backed_up && statement != NO_STATEMENT) {
            sim->check->statements[statement].forgiven = true;
        } else if (at > backed_up) {
            sim->check->genesis_forgiven[book->box] = true;
        }
    }
}

void check_deleted(struct sim *sim, uint32_t box, const struct incarnation *incarnation,
                   uint64_t seq, bool full)
{
    struct book *book = check_book(sim, box, incarnation);
    const struct shelf *shelf = check_shelf(sim, SIM_HUB, incarnation);
    ASSERT(book != NULL && shelf != NULL);
    unsigned long long number = seq;
    if (seq > ever_stored(sim, book) || seq > book->receipted) {
        sim_fail(sim, "node %u log %u: %llu deleted, %llu durable, %llu with a receipt", book->peer,
                 book->log, number, (unsigned long long)ever_stored(sim, book),
                 (unsigned long long)book->receipted);
    } else if ((seq > book->receipt_backed_up_to || seq > shelf->backed_up) && !full) {
        sim_fail(sim, "node %u log %u: %llu deleted, %llu in a backup, %llu said to be", book->peer,
                 book->log, number, (unsigned long long)shelf->backed_up,
                 (unsigned long long)book->receipt_backed_up_to);
    } else {
        forgive(sim, book, seq, shelf->backed_up);
        book->deleted = seq;
    }
    sim->deleted++;
}
