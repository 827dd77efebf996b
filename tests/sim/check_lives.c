/* check_lives.c - what is on a disk for good, what a backup holds, what a restore takes away; and
 * at the end: is everything there, and does it count once. */
#include "check_books.h"

#include "core/base/assert.h"

/* ---- on the disk for good ---- */

static void each_session(struct check *check, void (*each)(struct sessions *))
{
    for (size_t i = 0; i < SIM_PEERS; i++) {
        each(&check->sessions[i]);
    }
}

static void session_synced(struct sessions *sessions)
{
    sessions->has_safe = sessions->has;
    sessions->accepted_safe = sessions->accepted;
}

static void session_lost(struct sessions *sessions)
{
    sessions->has = sessions->has_safe;
    sessions->accepted = sessions->accepted_safe;
}

static void session_backup(struct sessions *sessions)
{
    sessions->has_backup = sessions->has_safe;
    sessions->accepted_backup = sessions->accepted_safe;
}

static void session_restored(struct sessions *sessions)
{
    sessions->has = sessions->has_safe = sessions->has_backup;
    sessions->accepted = sessions->accepted_safe = sessions->accepted_backup;
}

void check_synced(struct sim *sim, uint32_t owner)
{
    struct check *check = sim->check;
    for (size_t i = 0; i < check->book_count; i++) {
        struct book *book = &check->books[i];
        if (book->box == owner) {
            book->safe = book->written;
            book->over_safe = book->over;
        }
    }
    for (size_t i = 0; i < check->shelf_count; i++) {
        struct shelf *shelf = &check->shelves[i];
        if (shelf->reader == owner) {
            shelf->safe = shelf->stored;
            shelf->ever = shelf->safe > shelf->ever ? shelf->safe : shelf->ever;
        }
    }
    if (owner <= SIM_HUB) {
        check->holdings[owner].safe = check->holdings[owner].count;
    }
    if (owner == SIM_HUB) {
        each_session(check, session_synced);
    } else if (owner < SIM_HUB) {
        check->pair_safe[owner] = check->pair[owner];
    }
}

void check_power_lost(struct sim *sim, uint32_t owner)
{
    struct check *check = sim->check;
    for (size_t i = 0; i < check->book_count; i++) {
        struct book *book = &check->books[i];
        if (book->box == owner) {
            book->written = book->safe;
            book->over = book->over_safe;
        }
    }
    for (size_t i = 0; i < check->shelf_count; i++) {
        struct shelf *shelf = &check->shelves[i];
        if (shelf->reader == owner) {
            shelf->stored = shelf->safe;
        }
    }
    check->holdings[owner].count = check->holdings[owner].safe;
    if (owner == SIM_HUB) {
        each_session(check, session_lost);
    } else {
        check->pair[owner] = check->pair_safe[owner];
    }
}

/* ---- backups ---- */

void check_backup(struct sim *sim, uint32_t owner)
{
    struct check *check = sim->check;
    for (size_t i = 0; i < check->book_count; i++) {
        struct book *book = &check->books[i];
        if (book->box == owner) {
            book->backed_up = book->safe;
            book->over_backed_up = book->over_safe;
        }
    }
    for (size_t i = 0; i < check->shelf_count; i++) {
        struct shelf *shelf = &check->shelves[i];
        if (shelf->reader == owner) {
            shelf->backed_up = shelf->safe;
        }
    }
    check->holdings[owner].backed_up = check->holdings[owner].safe;
    if (owner == SIM_HUB) {
        each_session(check, session_backup);
    } else {
        check->pair_backup[owner] = check->pair_safe[owner];
    }
}

/* What was written stays in the books of nobody, since its frames are still about; the machine goes
 * on from a copy of what the backup holds. */
static void book_restored(struct sim *sim, struct book *book, uint32_t owner)
{
    struct check *check = sim->check;
    if (book->backed_up == 0) {
        book->box = BOX_GONE;
        return;
    }
    ASSERT(check->book_count < BOOKS_MAX);
    struct book *copy = &check->books[check->book_count++];
    *copy = *book;
    copy->box = owner;
    copy->written = copy->safe = copy->backed_up = book->backed_up;
    copy->over = copy->over_safe = book->over_backed_up;
    copy->capacity = 0;
    copy->list = NULL;
    for (size_t i = 0; i < copy->written; i++) {
        copy->list = sim_room(sim, copy->list, i, &copy->capacity, sizeof *copy->list);
        copy->list[i] = book->list[i];
    }
    uint64_t *const beyond[] = {&copy->vouched, &copy->acked, &copy->receipted,
                                &copy->receipt_backed_up_to, &copy->deleted};
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        *beyond[i] = *beyond[i] < copy->written ? *beyond[i] : copy->written;
    }
}

/* from: whose backup it is; another than `to` for a copy, which leaves its original alone. */
void check_restored(struct sim *sim, uint32_t to, uint32_t from)
{
    struct check *check = sim->check;
    size_t books = check->book_count;
    size_t shelves = check->shelf_count;
    for (size_t i = 0; i < books; i++) {
        struct book *book = &check->books[i];
        if (book->box == from && (to == from || book->backed_up > 0)) {
            book_restored(sim, book, to);
            book->box = to == from ? BOX_GONE : from;
        }
    }
    for (size_t i = 0; i < shelves; i++) {
        struct shelf *shelf = &check->shelves[i];
        if (shelf->reader != from) {
            continue;
        }
        if (to != from) {
            ASSERT(check->shelf_count < BOOKS_MAX);
            struct shelf *copy = &check->shelves[check->shelf_count++];
            *copy = *shelf;
            copy->reader = to;
            copy->list = NULL;
            copy->capacity = 0;
            for (size_t k = 0; k < shelf->backed_up; k++) {
                copy->list = sim_room(sim, copy->list, k, &copy->capacity, sizeof *copy->list);
                copy->list[k] = shelf->list[k];
            }
            shelf = copy;
        }
        shelf->stored = shelf->safe = shelf->backed_up;
    }
    const struct holding *held = &check->holdings[from];
    struct holding *holding = &check->holdings[to];
    struct holding copy = {.safe = held->backed_up, .backed_up = held->backed_up};
    for (size_t i = 0; i < held->backed_up; i++) {
        copy.list = sim_room(sim, copy.list, i, &copy.capacity, sizeof *copy.list);
        copy.list[copy.count++] = held->list[i];
    }
    *holding = copy;
    if (to == SIM_HUB) {
        each_session(check, session_restored);
    } else {
        check->pair[to] = check->pair_safe[to] = check->pair_backup[to] = check->pair_backup[from];
    }
}

void check_moved(struct sim *sim, uint32_t box, bool moved)
{
    sim->check->moved[box] = moved;
}

/* A node cannot go back so far: only if what it should send again was deleted for want of room. */
void check_stuck(struct sim *sim, uint32_t box)
{
    const struct holding *holding = &sim->check->holdings[box];
    for (size_t i = 0; i < holding->count; i++) {
        if (sim->check->statements[holding->list[i]].forgiven) {
            return;
        }
    }
    if (!sim->check->genesis_forgiven[box]) {
        sim_fail(sim, "node %u: cannot go back so far, though it deleted only what is in a backup",
                 box);
    }
}

/* The aggregator says that it lost what it had. */
void check_was_restored(struct sim *sim)
{
    if (!sim->hub.was_restored) {
        sim_fail(sim, "aggregator: says that it was restored, and was not");
    }
}

/* ---- the end ---- */

static bool counts(const struct sim *sim, const struct book *book)
{
    bool never_was = book->written == 0; /* a power loss took even its genesis */
    if (never_was || book->peer == SIM_HOSTILE || book->over || book->box > SIM_HUB ||
        sim->check->revoked[book->peer]) {
        return false;
    }
    return book->box == SIM_HUB || !sim->nodes[book->box].off;
}

/* Who reads it now. */
static const struct shelf *reader_of(const struct sim *sim, const struct book *book)
{
    struct incarnation incarnation;
    memcpy(incarnation.b, book->incarnation, 16);
    if (book->log != SIM_OFFICE) {
        return check_shelf(sim, SIM_HUB, &incarnation);
    }
    for (uint32_t i = 0; i < sim->node_count; i++) {
        if (sim->nodes[i].peer == book->peer && !sim->nodes[i].off) {
            return check_shelf(sim, i, &incarnation);
        }
    }
    return NULL;
}

static bool read_by_somebody(const struct sim *sim, const struct book *book)
{
    for (uint32_t i = 0; book->log == SIM_OFFICE && i < sim->node_count; i++) {
        if (sim->nodes[i].peer == book->peer && !sim->nodes[i].off) {
            return true;
        }
    }
    return book->log != SIM_OFFICE;
}

/* Another machine under the same key may have written more. */
static bool has_all(const struct sim *sim, const struct shelf *shelf, const struct book *book)
{
    bool split = sim->hub.peers[book->peer].split || sim->hub.was_restored;
    return shelf != NULL && book->acked == book->written &&
           (split ? shelf->safe >= book->written : shelf->safe == book->written) &&
           (book->written == 0 ||
            memcmp(shelf->list[book->written - 1].h, book->list[book->written - 1].h, 32) == 0);
}

static const struct book *undrained(const struct sim *sim)
{
    for (size_t i = 0; i < sim->check->book_count; i++) {
        const struct book *book = &sim->check->books[i];
        if (counts(sim, book) && read_by_somebody(sim, book) &&
            !has_all(sim, reader_of(sim, book), book)) {
            return book;
        }
    }
    return NULL;
}

bool check_drained(const struct sim *sim)
{
    return undrained(sim) == NULL;
}

void check_not_drained(struct sim *sim)
{
    const struct book *book = undrained(sim);
    if (book == NULL) {
        sim_fail(sim, "a restored copy has not had its turn %u minutes after the last fault",
                 SIM_QUIET_MS_MAX / 60000);
        return;
    }
    const struct shelf *shelf = reader_of(sim, book);
    sim_fail(sim,
             "not drained %u minutes after the last fault: log %u of peer %u (%02x%02x), %llu "
             "written, %llu acked, %llu there",
             SIM_QUIET_MS_MAX / 60000, (unsigned)book->log, book->peer, book->incarnation[0],
             book->incarnation[1], (unsigned long long)book->written,
             (unsigned long long)book->acked,
             shelf == NULL ? 0ULL : (unsigned long long)shelf->safe);
}

static const struct book *any_book(const struct sim *sim, const uint8_t incarnation[16])
{
    for (size_t i = 0; i < sim->check->book_count; i++) {
        if (memcmp(sim->check->books[i].incarnation, incarnation, 16) == 0) {
            return &sim->check->books[i];
        }
    }
    return NULL;
}

/* Where an entry stood first: entry 1+k of a successor is (old, s+k) (DESIGN). */
static void canonical(const struct sim *sim, uint8_t incarnation[16], uint64_t *seq)
{
    static const uint8_t none[16];
    for (;;) {
        const struct book *book = any_book(sim, incarnation);
        if (book == NULL || memcmp(book->predecessor, none, 16) == 0 || *seq < 2 ||
            *seq > book->copies + 1) {
            return;
        }
        *seq = book->after + *seq - 1;
        memcpy(incarnation, book->predecessor, 16);
    }
}

struct place {
    bool there;
    bool goes_on; /* in a log that goes on from another: known by what it says, too */
    uint8_t incarnation[16];
    uint64_t seq;
};

static void count_shelf(struct sim *sim, const struct shelf *shelf, struct place *places)
{
    static const uint8_t none[16];
    for (size_t i = 0; i < shelf->safe && !sim->failed; i++) {
        const struct book *book = any_book(sim, shelf->incarnation);
        struct place place = {.there = true, .seq = i + 1};
        place.goes_on = book != NULL && memcmp(book->predecessor, none, 16) != 0;
        memcpy(place.incarnation, shelf->incarnation, 16);
        canonical(sim, place.incarnation, &place.seq);
        uint32_t statement = shelf->list[i].statement;
        if (statement == NO_STATEMENT) {
            continue;
        }
        struct place *first = &places[statement];
        if (first->there && !(first->goes_on && place.goes_on) &&
            (first->seq != place.seq || memcmp(first->incarnation, place.incarnation, 16) != 0)) {
            sim_fail(sim, "node %u log %u: entry %zu is there already and would count twice",
                     shelf->peer, shelf->log, i + 1);
        }
        *first = place;
    }
}

static struct place *places_at_hub(struct sim *sim)
{
    struct check *check = sim->check;
    struct place *places = sim_take(sim, (check->statement_count + 1) * sizeof *places);
    for (size_t i = 0; i < check->shelf_count; i++) {
        if (check->shelves[i].reader == SIM_HUB) {
            count_shelf(sim, &check->shelves[i], places);
        }
    }
    return places;
}

static void all_there(struct sim *sim, uint32_t box, const struct place *places)
{
    const struct holding *holding = &sim->check->holdings[box];
    for (size_t i = 0; i < holding->count && !sim->failed; i++) {
        bool forgiven = sim->check->statements[holding->list[i]].forgiven && sim->hub.was_restored;
        if (!places[holding->list[i]].there && !forgiven) {
            sim_fail(sim, "node %u: statement %zu of it is nowhere at the aggregator", box, i + 1);
        }
    }
}

static bool stands_at(const struct sim *sim, uint32_t reader, uint32_t statement)
{
    for (size_t i = 0; i < sim->check->shelf_count; i++) {
        const struct shelf *shelf = &sim->check->shelves[i];
        for (size_t k = 0; shelf->reader == reader && k < shelf->safe; k++) {
            if (shelf->list[k].statement == statement) {
                return true;
            }
        }
    }
    return false;
}

/* Every document that the aggregator holds for this node has come. */
static void documents_there(struct sim *sim, const struct node *node)
{
    const struct holding *holding = &sim->check->holdings[SIM_HUB];
    for (size_t i = 0; i < holding->count && !sim->failed; i++) {
        uint32_t statement = holding->list[i];
        if (sim->check->statements[statement].peer == node->peer &&
            !stands_at(sim, node->index, statement)) {
            sim_fail(sim, "node %u: document %zu of the aggregator never came", node->index, i + 1);
        }
    }
}

/* Only what nodes say is counted: documents have ids, and are applied once by them. */
void check_end(struct sim *sim)
{
    const struct place *at_hub = places_at_hub(sim);
    for (uint32_t i = 0; i < sim->node_count && !sim->failed; i++) {
        const struct node *node = &sim->nodes[i];
        if (!sim->check->revoked[node->peer] && !node->stuck) {
            all_there(sim, i, at_hub);
        }
        if (!sim->check->revoked[node->peer] && !node->off) {
            documents_there(sim, node);
        }
    }
}
