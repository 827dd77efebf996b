/* journal_line.c - what a restored, copied or moved store does before anything else: whatever it
 * wrote under its names may have been written otherwise by the life that it lost, so it takes new
 * ones. */
#include "aggregator/journal.h"

#include "core/base/arena.h"

#include <stdlib.h>

#define RESTORED_KEY "restored"
#define RESTORED_BYTES (8u + INCARNATION_BYTES)
#define LIVES_MAX 4096u
#define LOG_ARENA_BYTES 65536u

/* ---- office logs ---- */

int journal_office_end(struct store_txn *txn, const struct incarnation *first,
                       struct incarnation *ret)
{
    struct incarnation at = *first;
    for (size_t i = 0; i < LIVES_MAX; i++) {
        struct outlog log;
        int rc = outlog_load(txn, &journal_office_tables, &at, &log);
        if (rc != 0 && rc != ERR_NOT_FOUND) {
            return rc;
        }
        if (rc == ERR_NOT_FOUND || outlog_lives(&log)) {
            *ret = at;
            return 0;
        }
        at = log.successor;
    }
    return ERR_LIMIT;
}

struct offices {
    struct outlog *list;
    size_t count, capacity;
    struct arena *arena;
    const struct journal_rebirth *rebirth;
};

static int offices_add(struct offices *offices, const struct outlog *log)
{
    if (offices->count == offices->capacity) {
        size_t capacity = offices->capacity == 0 ? 64 : 2 * offices->capacity;
        struct outlog *list = realloc(offices->list, capacity * sizeof *list);
        if (list == NULL) {
            return ERR_NOMEM;
        }
        offices->list = list;
        offices->capacity = capacity;
    }
    offices->list[offices->count++] = *log;
    return 0;
}

/* All that live, before the first of them is succeeded. */
static int offices_find(struct store_txn *txn, struct offices *offices)
{
    struct outlog log;
    int rc = outlog_next(txn, &journal_office_tables, NULL, &log);
    while (rc == 0) {
        struct incarnation at = log.incarnation;
        rc = outlog_lives(&log) ? offices_add(offices, &log) : 0;
        rc = rc != 0 ? rc : outlog_next(txn, &journal_office_tables, &at, &log);
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static struct genesis office_genesis(const struct journal_birth *birth, struct bytes regency,
                                     uint64_t enrolment)
{
    return (struct genesis){.direction = DIRECTION_DOWN,
                            .lane = LANE_OFFICE,
                            .owner = birth->province,
                            .counterpart = regency,
                            .signing_key = birth->log_key,
                            .enrolment = enrolment,
                            .created_ms = birth->now_ms};
}

/* Whose log it is stands in its genesis. */
static int office_succeed(struct store_txn *txn, const struct offices *offices,
                          const struct outlog *log)
{
    struct entry_id first = {.incarnation = log->incarnation, .seq = 1};
    struct outlog_entry entry;
    struct genesis known;
    struct outlog successor;
    arena_reset(offices->arena);
    int rc = outlog_read(txn, &journal_office_tables, &first, &entry);
    rc = rc != 0 ? rc : genesis_decode(entry.body, offices->arena, &known, NULL);
    if (rc != 0) {
        return rc;
    }
    char regency[8] = "";
    if (known.counterpart.len >= sizeof regency) {
        return ERR_FORMAT;
    }
    memcpy(regency, known.counterpart.data, known.counterpart.len);
    struct genesis genesis =
        office_genesis(&offices->rebirth->birth, bytes_of_text(regency), log->enrolment);
    struct outlog_succession succession = {
        .current = log->incarnation,
        .from = {.incarnation = log->incarnation, .seq = log->acked},
        .genesis = &genesis};
    offices->rebirth->name(&succession.incarnation);
    return outlog_succeed(txn, &journal_office_tables, &succession, &successor);
}

/* An office log is made with its first entry, under the name on the card. One that is not there yet
 * may have been there in the life that was lost: it is made, so that it can be succeeded. */
static int office_make(struct store_txn *txn, struct offices *offices,
                       const struct journal_entry *entry)
{
    struct enrolment enrolment;
    struct outlog log;
    arena_reset(offices->arena);
    if (enrolment_decode(entry->body, offices->arena, &enrolment, NULL) != 0 || !enrolment.active) {
        return 0;
    }
    int rc = outlog_load(txn, &journal_office_tables, &enrolment.office, &log);
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    struct genesis genesis =
        office_genesis(&offices->rebirth->birth, enrolment.regency, enrolment.number);
    return outlog_create(txn, &journal_office_tables, &enrolment.office, &genesis, &log);
}

/* Enrolments whose outputs were not made yet. */
static int offices_make(struct store_txn *txn, struct offices *offices, uint64_t outputs_to)
{
    struct journal_reader *reader = offices->rebirth->reader;
    struct journal_entry entry;
    int rc = journal_reader_seek(reader, txn, outputs_to + 1);
    rc = rc != 0 ? rc : journal_reader_next(reader, &entry);
    while (rc == 0) {
        rc = entry.own && entry.kind == ENTRY_ENROLMENT ? office_make(txn, offices, &entry) : 0;
        rc = rc != 0 ? rc : journal_reader_next(reader, &entry);
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* ---- all of it ---- */

static void put_restored(struct store_txn *txn, const struct journal_birth *birth,
                         const struct incarnation *old)
{
    uint8_t value[RESTORED_BYTES];
    put_be64(value, (uint64_t)birth->now_ms);
    memcpy(value + 8, old->b, INCARNATION_BYTES);
    store_put(txn, JOURNAL_META, bytes_of_text(RESTORED_KEY), bytes_of(value, sizeof value));
}

int journal_get_restored(struct store_txn *txn, struct journal_restored *ret)
{
    struct bytes value;
    int rc = store_get(txn, JOURNAL_META, bytes_of_text(RESTORED_KEY), &value);
    if (rc == 0 && value.len != RESTORED_BYTES) {
        rc = ERR_FORMAT;
    }
    if (rc == 0) {
        ret->at_ms = (int64_t)get_be64(value.data);
        memcpy(ret->old.b, value.data + 8, INCARNATION_BYTES);
    }
    return rc;
}

int journal_reborn(struct store_txn *txn, const struct journal_rebirth *rebirth)
{
    struct offices offices = {.rebirth = rebirth, .arena = arena_new(LOG_ARENA_BYTES)};
    struct journal_meta meta;
    int rc = offices.arena == NULL ? ERR_NOMEM : journal_load(txn, &meta);
    rc = rc != 0 ? rc : offices_make(txn, &offices, meta.outputs_to);
    rc = rc != 0 ? rc : offices_find(txn, &offices);
    for (size_t i = 0; rc == 0 && i < offices.count; i++) {
        rc = office_succeed(txn, &offices, &offices.list[i]);
    }
    rc = rc != 0 ? rc : journal_put_own_genesis(txn, &rebirth->birth, &meta);
    if (rc == 0) {
        put_restored(txn, &rebirth->birth, &meta.aggregator);
        store_settle(txn);
    }
    free(offices.list);
    arena_free(offices.arena);
    return rc;
}
