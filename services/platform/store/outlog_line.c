/* outlog_line.c - a log that is over goes on as another: what moves, and where it stands then.
 *
 *   before   X  1 ─ 2 ─ 3 ─ 4        Y  g ─ 2 ─ 3        (Y goes on after X 4, and is written to)
 *   after    X  1 ─ 2                Y  g                 W  g ─ X3 ─ X4 ─ Y2 ─ Y3   (from X 2)
 *
 * In the line, entry q of a log stands where entry s + q - 1 of its predecessor would (s: what its
 * genesis names). So places are arithmetic over genesis entries, which never change; the record's
 * last_ever says which of them there ever were.
 */
#include <stdlib.h>

#include "core/base/plant.h"
#include "platform/store/outlog_private.h"

#define LIVES_MAX 4096u /* of one line; each is a restore, a move or a clone that came second */

struct life {
    struct outlog log;
    uint64_t first; /* entries first … log.last move; what is between the genesis and it goes */
};
struct line {
    struct life *lives; /* the log that keeps `from` first, the one that ends last */
    size_t count, capacity;
    struct hash from_h;
};

static bool same(const struct incarnation *a, const struct incarnation *b)
{
    return incarnation_equal(a, b);
}

/* ---- the line ---- */

static int line_add(struct line *line, const struct outlog *log)
{
    if (line->count == line->capacity) {
        size_t capacity = line->capacity == 0 ? 8 : 2 * line->capacity;
        if (capacity > LIVES_MAX) {
            return ERR_LIMIT;
        }
        struct life *lives = realloc(line->lives, capacity * sizeof *lives);
        if (lives == NULL) {
            return ERR_NOMEM;
        }
        line->lives = lives;
        line->capacity = capacity;
    }
    line->lives[line->count++] = (struct life){.log = *log, .first = 2};
    return 0;
}

static void line_turn(struct line *line)
{
    for (size_t i = 0; i < line->count / 2; i++) {
        struct life life = line->lives[i];
        line->lives[i] = line->lives[line->count - 1 - i];
        line->lives[line->count - 1 - i] = life;
    }
}

/* Entry seq ≥ 2 of a life is the genesis of one between, which it took over (from seq 0). */
static bool is_later_genesis(const struct line *line, size_t life, uint64_t seq)
{
    while (life > 0 && seq >= 2) {
        seq = line->lives[life--].log.predecessor.seq + seq - 1;
    }
    return life > 0;
}

/* From the log that ends back to the one that `from` names. */
static int line_load(struct store_txn *txn, const struct outlog_tables *tables,
                     const struct outlog_succession *succession, struct line *line)
{
    struct outlog log = {.predecessor.incarnation = succession->current};
    do {
        struct incarnation before = log.predecessor.incarnation;
        if (incarnation_is_zero(&before)) {
            return ERR_NOT_FOUND;
        }
        int rc = outlog_load(txn, tables, &before, &log);
        rc = rc != 0 ? rc : line_add(line, &log);
        if (rc != 0) {
            return rc;
        }
    } while (!same(&log.incarnation, &succession->from.incarnation));
    line_turn(line);
    line->lives[0].first = succession->from.seq + 1;
    for (size_t i = 1; i < line->count; i++) {
        while (is_later_genesis(line, i, line->lives[i].first)) {
            line->lives[i].first++;
        }
    }
    return succession->from.seq > log.last ? ERR_NOT_FOUND : 0;
}

static int check_life(struct store_txn *txn, const struct outlog_tables *tables,
                      const struct life *life)
{
    struct entry_id id = {.incarnation = life->log.incarnation, .seq = life->first};
    uint8_t wanted[OUTLOG_KEY_BYTES];
    struct bytes key;
    struct bytes value;
    struct store_cursor *cursor = NULL;
    int rc = store_cursor_open(txn, tables->entries, &cursor);
    if (rc != 0) {
        return rc;
    }
    for (; rc == 0 && id.seq <= life->log.last; id.seq++) {
        bool begins = id.seq == life->first;
        rc = begins ? store_seek(cursor, outlog_key(&id, wanted), &key, &value)
                    : store_next(cursor, &key, &value);
        if (rc == 0 && !bytes_equal(key, outlog_key(&id, wanted))) {
            rc = ERR_NOT_FOUND;
        }
    }
    store_cursor_close(cursor);
    return rc == ERR_NOT_FOUND ? ERR_STATE : rc;
}

/* Our h at `from`: of the last entry there was, the log's record knows it. */
static int load_from_h(struct store_txn *txn, const struct outlog_tables *tables,
                       const struct entry_id *from, struct line *line)
{
    const struct outlog *log = &line->lives[0].log;
    if (from->seq == 0) {
        line->from_h = (struct hash){{0}};
        return 0;
    }
    if (from->seq == log->last) {
        line->from_h = log->h_last;
        return 0;
    }
    int rc = outlog_hash(txn, tables, from, &line->from_h);
    return rc == ERR_NOT_FOUND ? ERR_STATE : rc;
}

static int line_check(struct store_txn *txn, const struct outlog_tables *tables,
                      const struct outlog_succession *succession, struct line *line)
{
    struct outlog there;
    int rc = outlog_load(txn, tables, &succession->incarnation, &there);
    if (rc != ERR_NOT_FOUND) {
        return rc == 0 ? ERR_EXISTS : rc;
    }
    rc = line_load(txn, tables, succession, line);
    if (rc == 0 && !outlog_lives(&line->lives[line->count - 1].log)) {
        rc = ERR_EXISTS;
    }
    for (size_t i = 0; rc == 0 && i < line->count; i++) {
        rc = check_life(txn, tables, &line->lives[i]);
    }
    return rc != 0 ? rc : load_from_h(txn, tables, &succession->from, line);
}

static uint64_t moves(const struct life *life)
{
    return life->log.last >= life->first ? life->log.last - life->first + 1 : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* How many of those that move are, one after the other, the from-log's next: its own, then the
 * copies that the lives behind it have of it. */
static uint64_t line_copies(const struct line *line)
{
    uint64_t copies = moves(&line->lives[0]);
    uint64_t left = UINT64_MAX; /* of the from-log's, not seen yet */
    for (size_t i = 1; i < line->count; i++) {
        const struct life *life = &line->lives[i];
        left = least(left, life->log.copies - least(life->log.copies, life->first - 2));
        uint64_t here = moves(life);
        copies += least(left, here);
        if (left < here) {
            break;
        }
        left -= here;
    }
    return copies;
}

/* ---- moving ---- */

static void drop_entry(struct store_txn *txn, const struct outlog_tables *tables,
                       const struct entry_id *id)
{
    uint8_t key[OUTLOG_KEY_BYTES];
    store_delete(txn, tables->entries, outlog_key(id, key));
}

static int move_life(struct store_txn *txn, const struct outlog_tables *tables,
                     const struct life *life, struct outlog *to)
{
    struct entry_id id = {.incarnation = life->log.incarnation, .seq = life->first};
    int rc = 0;
    for (; rc == 0 && id.seq <= life->log.last; id.seq++) {
        uint8_t body[ENTRY_BYTES_MAX];
        struct outlog_entry entry;
        rc = outlog_read(txn, tables, &id, &entry);
        if (rc == 0 && entry.body.len > sizeof body) {
            rc = ERR_FORMAT;
        }
        if (rc == 0) {
            memcpy(body, entry.body.data, entry.body.len);
            entry.body.data = body; /* the map's page may go with the delete */
            drop_entry(txn, tables, &id);
            outlog_put(txn, tables, to, &entry);
            rc = store_txn_error(txn);
        }
    }
    return rc;
}

static void clamp(uint64_t *seq, uint64_t last)
{
    *seq = least(*seq, last);
}

/* What a log keeps: up to `last`, whose h this is. */
static void life_end(struct store_txn *txn, const struct outlog_tables *tables, struct life *life,
                     uint64_t last, const struct hash *h, const struct incarnation *successor)
{
    struct outlog *log = &life->log;
    log->last_ever = log->last > log->last_ever ? log->last : log->last_ever;
    log->last = last;
    log->h_last = *h;
    log->successor = *successor;
    clamp(&log->acked, last);
    clamp(&log->receipt, last);
    clamp(&log->backed_up_to, last);
    outlog_save(txn, tables, log);
}

static void line_end(struct store_txn *txn, const struct outlog_tables *tables, struct line *line,
                     const struct outlog_succession *succession)
{
    static const struct hash none;
    const struct incarnation *successor = &succession->incarnation;
    life_end(txn, tables, &line->lives[0], succession->from.seq, &line->from_h, successor);
    for (size_t i = 1; i < line->count; i++) {
        struct entry_id genesis = {.incarnation = line->lives[i].log.incarnation, .seq = 1};
        struct entry_id second = {.incarnation = genesis.incarnation, .seq = 2};
        struct hash h;
        drop_entry(txn, tables, &second);                         /* if it did not move */
        bool there = outlog_hash(txn, tables, &genesis, &h) == 0; /* it may be deleted by now */
        life_end(txn, tables, &line->lives[i], there, there ? &h : &none, successor);
    }
}

static int line_move(struct store_txn *txn, const struct outlog_tables *tables,
                     const struct outlog_succession *succession, struct line *line,
                     struct outlog *ret)
{
    struct genesis genesis = *succession->genesis;
    genesis.has_predecessor = true;
    genesis.predecessor = succession->from;
    genesis.predecessor_h = line->from_h;
    genesis.predecessor_count = line_copies(line);
    struct outlog log;
    int rc = outlog_create(txn, tables, &succession->incarnation, &genesis, &log);
    for (size_t i = 0; rc == 0 && i < line->count; i++) {
        if (PLANTED(LIFE_LEFT_OUT) && i > 0 && i + 1 < line->count) {
            continue;
        }
        rc = move_life(txn, tables, &line->lives[i], &log);
    }
    if (rc != 0) {
        return rc;
    }
    log.predecessor = succession->from;
    log.copies = genesis.predecessor_count;
    outlog_save(txn, tables, &log);
    line_end(txn, tables, line, succession);
    rc = store_txn_error(txn);
    if (rc == 0) {
        *ret = log;
    }
    return rc;
}

int outlog_succeed(struct store_txn *txn, const struct outlog_tables *tables,
                   const struct outlog_succession *succession, struct outlog *ret)
{
    struct line line = {.count = 0};
    int rc = line_check(txn, tables, succession, &line);
    if (rc == 0) {
        rc = line_move(txn, tables, succession, &line, ret);
    }
    free(line.lives);
    return rc;
}

/* ---- asking ---- */

/* One step: from a log that is over to its successor. */
static int follow_once(struct store_txn *txn, const struct outlog_tables *tables,
                       const struct outlog *log, struct entry_id *at)
{
    struct outlog to;
    struct outlog back = *log;
    uint64_t seq = at->seq;
    int rc = outlog_load(txn, tables, &log->successor, &to);
    for (size_t i = 0; rc == 0 && !same(&back.incarnation, &to.predecessor.incarnation); i++) {
        if (seq < 2) {
            return ERR_NOT_FOUND; /* the genesis of a life between: it went nowhere */
        }
        struct incarnation before = back.predecessor.incarnation;
        seq = back.predecessor.seq + seq - 1;
        rc = i == LIVES_MAX ? ERR_LIMIT : outlog_load(txn, tables, &before, &back);
    }
    if (rc == 0) {
        *at = (struct entry_id){to.incarnation, 1 + seq - to.predecessor.seq};
    }
    return rc;
}

int outlog_follow(struct store_txn *txn, const struct outlog_tables *tables,
                  const struct entry_id *id, struct entry_id *ret)
{
    struct entry_id at = *id;
    for (size_t i = 0; i < LIVES_MAX; i++) {
        struct outlog log;
        int rc = outlog_load(txn, tables, &at.incarnation, &log);
        if (rc == 0 && at.seq > 0 && at.seq <= log.last) {
            *ret = at;
            return 0;
        }
        if (rc == 0) {
            bool moved = at.seq > 0 && at.seq <= log.last_ever && !outlog_lives(&log);
            rc = moved ? follow_once(txn, tables, &log, &at) : ERR_NOT_FOUND;
        }
        if (rc != 0) {
            return rc;
        }
    }
    return ERR_LIMIT;
}

bool outlog_in_line(struct store_txn *txn, const struct outlog_tables *tables,
                    const struct incarnation *earlier, const struct incarnation *log)
{
    struct outlog at = {.predecessor.incarnation = *log};
    for (size_t i = 0; i < LIVES_MAX; i++) {
        struct incarnation before = at.predecessor.incarnation;
        if (incarnation_is_zero(&before) || outlog_load(txn, tables, &before, &at) != 0) {
            return false;
        }
        if (same(&at.incarnation, earlier)) {
            return true;
        }
    }
    return false;
}
