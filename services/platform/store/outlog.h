/* outlog.h - logs that we write, kept in two tables: the same at the node and at the aggregator.
 *
 *   entries table   incarnation 16 ‖ seq 8
 *                   → kind 2 ‖ flags 1 ‖ zero 1 ‖ created_ms 8 ‖ b 32 ‖ h 32 ‖ body
 *   logs table      incarnation 16 → struct outlog (fixed encoding)
 *
 * An append is one chain step in the caller's transaction. A span is cut anew each time it is
 * sent, its head signed then. Flags bit 0: erased (no body). Never in this file: when to send.
 */
#ifndef PLATFORM_STORE_OUTLOG_H
#define PLATFORM_STORE_OUTLOG_H

#include "core/wire/entry.h"
#include "core/wire/span.h"
#include "platform/store/store.h"

struct outlog_tables {
    unsigned entries, logs;
};

struct outlog {
    struct incarnation incarnation;
    enum lane lane;
    uint64_t enrolment;
    uint64_t last;
    struct hash h_last;
    uint64_t acked;   /* durable at the other end, as far as we heard */
    uint64_t receipt; /* covered by a signed receipt */
    uint64_t backed_up_to;
    int64_t acked_ms; /* wall clock when acked last moved */
    /* Its line (ADR 7). predecessor.incarnation zero: the first; successor zero: it lives. */
    struct entry_id predecessor; /* the old log and s */
    uint64_t copies;             /* entries 2 … copies+1 are the old s+1 … */
    struct incarnation successor;
    uint64_t last_ever; /* highest seq there was before it ended; 0: it lives */
};

struct outlog_entry {
    uint16_t kind;
    bool erased;
    int64_t created_ms;
    struct hash b, h;
    struct bytes body; /* borrowed from the transaction */
};

int outlog_load(struct store_txn *txn, const struct outlog_tables *tables,
                const struct incarnation *incarnation, struct outlog *ret) MUST_USE;
void outlog_save(struct store_txn *txn, const struct outlog_tables *tables,
                 const struct outlog *log);
/* The log behind `after` (NULL: the first), by incarnation; ended ones too. ERR_NOT_FOUND: no more.
 */
int outlog_next(struct store_txn *txn, const struct outlog_tables *tables,
                const struct incarnation *after, struct outlog *ret) MUST_USE;
bool outlog_lives(const struct outlog *log);
/* Entry 1. ERR_EXISTS. *ret is the log afterwards. */
int outlog_create(struct store_txn *txn, const struct outlog_tables *tables,
                  const struct incarnation *incarnation, const struct genesis *genesis,
                  struct outlog *ret) MUST_USE;
/* Appends and updates *log and its record. */
void outlog_append(struct store_txn *txn, const struct outlog_tables *tables, struct outlog *log,
                   uint16_t kind, struct bytes body, int64_t now_ms);
int outlog_read(struct store_txn *txn, const struct outlog_tables *tables,
                const struct entry_id *id, struct outlog_entry *ret) MUST_USE;
/* Our hash of that entry; ERR_NOT_FOUND. */
int outlog_hash(struct store_txn *txn, const struct outlog_tables *tables,
                const struct entry_id *id, struct hash *ret) MUST_USE;

/* Every log: its entries' bodies and chain, from the first that is not deleted, up to what its
 * record says. *ret_entries (may be NULL): how many. ERR_FORMAT and what is wrong. */
int outlog_check_all(struct store_txn *txn, const struct outlog_tables *tables,
                     const struct store_watch *watch, uint64_t *ret_entries,
                     struct err_ctx *err) MUST_USE;

/* ---- the line of a log (ADR 7; outlog_line.c) ----
 *
 * The log `current` is over; a new one goes on after `from`, an entry (seq 0: none) of current or
 * of an earlier log of its line. What stands behind `from` in the line moves to it, verbatim and in
 * order, genesis entries of later logs left out; the old logs keep the rest. `genesis` says all but
 * the predecessor. *ret is the new log, acked 0. ERR_NOT_FOUND: `from` is not in the line.
 * ERR_STATE: `from` or what stood behind it was deleted. ERR_EXISTS: the new incarnation is there,
 * or current is over already. All before any write; it may be a large transaction. */
struct outlog_succession {
    struct incarnation current, incarnation; /* of the log that ends, of the new one */
    struct entry_id from;
    const struct genesis *genesis;
};
int outlog_succeed(struct store_txn *txn, const struct outlog_tables *tables,
                   const struct outlog_succession *succession, struct outlog *ret) MUST_USE;
/* Where a statement stands now: `id` itself, or its copy in a successor (also when it was deleted
 * there since). ERR_NOT_FOUND: there never was one. */
int outlog_follow(struct store_txn *txn, const struct outlog_tables *tables,
                  const struct entry_id *id, struct entry_id *ret) MUST_USE;
/* True if `earlier` is `log` or one of those it goes on from. */
bool outlog_in_line(struct store_txn *txn, const struct outlog_tables *tables,
                    const struct incarnation *earlier, const struct incarnation *log);

struct outlog_cut {
    struct incarnation incarnation;
    uint64_t first, last_max;
    size_t raw_bytes_max;
    enum span_codec codec;
    const struct span_past *past; /* of the connection it goes over; NULL: it stands alone */
    const uint8_t *secret;        /* SECRET_BYTES: signs the head */
};
/* As many entries as fit, and up to one that is not there or damaged. ERR_NOT_FOUND: the first (or
 * the one before it) is not there. ERR_FORMAT: the first's body is not what its hash says: damaged.
 * A frame in `builder`, valid until its next use, and the last entry in it. */
int outlog_cut(struct store_txn *txn, const struct outlog_tables *tables,
               const struct outlog_cut *cut, struct span_builder *builder, struct bytes *ret_frame,
               uint64_t *ret_last, struct err_ctx *err) MUST_USE;

#endif
