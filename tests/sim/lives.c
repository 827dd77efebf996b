/* lives.c - a log of one's own goes on as another: what platform/store/outlog_line.c does to a
 * store, here with lists. ADR 7 says when, and which entries move. */
#include "sim.h"

#include "core/base/assert.h"

#define LIVES_MAX 64u

struct lives {
    const struct own_log
        *list[LIVES_MAX];      /* the log that keeps `from` first, the living one last */
    uint64_t first[LIVES_MAX]; /* entries first … count move */
    size_t count;
};

const struct own_log *line_find(const struct line *line, const struct incarnation *incarnation)
{
    for (size_t i = 0; i < line->before_count; i++) {
        if (incarnation_equal(&line->before[i].incarnation, incarnation)) {
            return &line->before[i];
        }
    }
    return incarnation_equal(&line->now.incarnation, incarnation) ? &line->now : NULL;
}

/* Not one that was made, and refused: the line does not lead through it. */
static bool lives_before(const struct line *line, const struct incarnation *incarnation)
{
    const struct own_log *log = &line->now;
    while (log != NULL && !incarnation_is_zero(&log->predecessor.incarnation)) {
        if (incarnation_equal(&log->predecessor.incarnation, incarnation)) {
            return true;
        }
        log = line_find(line, &log->predecessor.incarnation);
    }
    return false;
}

const struct hash *line_h(const struct line *line, const struct entry_id *id, bool *ret_before)
{
    const struct own_log *log = line_find(line, &id->incarnation);
    *ret_before = log != NULL && lives_before(line, &id->incarnation);
    return log != NULL ? entries_h(&log->entries, id->seq) : NULL;
}

/* Entry seq ≥ 2 of a life is the genesis of one between, which it took over. */
static bool is_later_genesis(const struct lives *lives, size_t life, uint64_t seq)
{
    while (life > 0 && seq >= 2) {
        seq = lives->list[life--]->predecessor.seq + seq - 1;
    }
    return life > 0;
}

/* From the log that lives back to the one that `from` names. */
static int chain_of(const struct line *line, const struct entry_id *from, struct lives *ret)
{
    const struct own_log *log = &line->now;
    while (!incarnation_equal(&log->incarnation, &from->incarnation)) {
        ASSERT(ret->count < LIVES_MAX - 1);
        ret->list[ret->count++] = log;
        if (incarnation_is_zero(&log->predecessor.incarnation)) {
            return ERR_NOT_FOUND;
        }
        log = line_find(line, &log->predecessor.incarnation);
        ASSERT(log != NULL);
    }
    ret->list[ret->count++] = log;
    for (size_t i = 0; i < ret->count / 2; i++) {
        const struct own_log *other = ret->list[i];
        ret->list[i] = ret->list[ret->count - 1 - i];
        ret->list[ret->count - 1 - i] = other;
    }
    return 0;
}

static int lives_of(const struct line *line, const struct entry_id *from, struct lives *ret)
{
    int rc = chain_of(line, from, ret);
    if (rc != 0) {
        return rc;
    }
    ret->first[0] = from->seq + 1;
    for (size_t i = 1; i < ret->count; i++) {
        ret->first[i] = 2;
        while (is_later_genesis(ret, i, ret->first[i])) {
            ret->first[i]++;
        }
    }
    for (size_t i = 0; i < ret->count; i++) {
        const struct own_log *log = ret->list[i];
        if (ret->first[i] <= log->entries.count && ret->first[i] <= log->deleted) {
            return ERR_STATE; /* what should move was deleted */
        }
    }
    return from->seq > ret->list[0]->entries.count ? ERR_NOT_FOUND : 0;
}

static uint64_t moving(const struct lives *lives, size_t i)
{
    uint64_t count = lives->list[i]->entries.count;
    return count >= lives->first[i] ? count - lives->first[i] + 1 : 0;
}

/* How many of those that move are the from-log's next: its own, then the copies behind it. */
static uint64_t copies_of(const struct lives *lives)
{
    uint64_t copies = moving(lives, 0);
    uint64_t left = UINT64_MAX;
    for (size_t i = 1; i < lives->count; i++) {
        uint64_t gone = lives->first[i] - 2;
        uint64_t own = lives->list[i]->copies;
        own = own > gone ? own - gone : 0;
        left = own < left ? own : left;
        uint64_t here = moving(lives, i);
        copies += left < here ? left : here;
        if (left < here) {
            break;
        }
        left -= here;
    }
    return copies;
}

static void clamp(uint64_t *seq, uint64_t last)
{
    *seq = *seq < last ? *seq : last;
}

static void end_life(struct own_log *log, uint64_t last)
{
    log->entries.count = log->entries.count < last ? log->entries.count : last;
    clamp(&log->acked, last);
    clamp(&log->receipt, last);
    clamp(&log->backed_up_to, last);
    clamp(&log->deleted, last);
}

static void move_entries(struct sim *sim, const struct lives *lives, uint32_t box,
                         struct own_log *to)
{
    for (size_t i = 0; i < lives->count; i++) {
        const struct entries *from = &lives->list[i]->entries;
        for (uint64_t seq = lives->first[i]; seq <= from->count; seq++) {
            const struct entry *entry = &from->list[seq - 1];
            struct bytes body = bytes_of(entry->body, entry->len);
            entries_add(sim, &to->entries, &to->incarnation, entry->kind, body);
            to->entries.list[to->entries.count - 1].created_ms = entry->created_ms;
            check_written(sim, box, &to->incarnation, entry->kind, body);
        }
    }
}

/* The old ones keep what did not move. A new list: backups of this store hold the other. */
static void keep_before(struct sim *sim, struct line *line, const struct lives *lives,
                        uint64_t from_seq)
{
    struct own_log *before = sim_take(sim, (line->before_count + 1) * sizeof *before);
    for (size_t i = 0; i <= line->before_count; i++) {
        before[i] = i == line->before_count ? line->now : line->before[i];
        for (size_t k = 0; k < lives->count; k++) {
            if (incarnation_equal(&before[i].incarnation, &lives->list[k]->incarnation)) {
                end_life(&before[i], k == 0 ? from_seq : 1);
            }
        }
    }
    line->before = before;
    line->before_count++;
}

int line_succeed(struct sim *sim, struct line *line, const struct writer_of *writer,
                 const struct entry_id *from)
{
    struct lives lives = {.count = 0};
    struct own_log next = {.predecessor = *from};
    uint8_t body[512];
    size_t len = 0;
    int rc = lives_of(line, from, &lives);
    if (rc != 0) {
        return rc;
    }
    struct genesis genesis = writer->genesis;
    genesis.has_predecessor = true;
    genesis.predecessor = *from;
    genesis.predecessor_count = next.copies = copies_of(&lives);
    if (from->seq > 0) {
        genesis.predecessor_h = *entries_h(&lives.list[0]->entries, from->seq);
    }
    rng_fill(&sim->rng, next.incarnation.b, sizeof next.incarnation.b);
    entries_genesis(&genesis, body, sizeof body, &len);
    check_log(sim, writer->box, writer->peer, writer->log, &next.incarnation);
    check_succeeds(sim, writer->box, &next.incarnation, &line->now.incarnation, from, next.copies);
    entries_add(sim, &next.entries, &next.incarnation, ENTRY_GENESIS, bytes_of(body, len));
    check_written(sim, writer->box, &next.incarnation, ENTRY_GENESIS, bytes_of(body, len));
    move_entries(sim, &lives, writer->box, &next);
    sim_trace(sim, "  log %u goes on after %llu, %llu entries move", writer->log,
              (unsigned long long)from->seq, (unsigned long long)next.entries.count - 1);
    keep_before(sim, line, &lives, from->seq);
    line->now = next;
    return 0;
}
