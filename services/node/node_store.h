/* node_store.h - the node's tables and what stands in them.
 *
 *   meta     "secret" 32 | "enrolment" number 8 ‖ urgent 16 ‖ routine 16 ‖ office 16 ‖ the
 *            office log that the card named 16
 *            "pair" prev 16 ‖ next 16 ‖ successor 1 | "aggregator" 16
 *            "office" seq 8 ‖ h 32, "applied" 8: of the office log in "enrolment"
 *            "receipt.urgent", "receipt.routine": the last receipt, whole
 *            "budget" day 8 ‖ month 8 ‖ bytes of that day 8 ‖ of that month 8
 *            "pruned" 8: reports deleted so far
 *            "owner" regency: since entries were deleted, and a genesis with them
 *            "ring" SignedRing
 *            "file" ‖ SHA-256 32 → size 8 ‖ hash of the block list 32: kept in objects/
 *   entries, logs   our own logs (platform/store/outlog.h)
 *   keys     report's key → keyed hash of its input 32 ‖ incarnation 16 ‖ seq 8 ‖ h 32
 *   office   incarnation 16 ‖ first new seq 8 → skip 4 ‖ received_ms 8 ‖ the span as received
 *   inbox    document id → struct inbox_item
 *   notes    incarnation 16 ‖ seq 8 ‖ how many before 8 → kind 2 ‖ body of a status or refusal
 *
 * Functions with a txn run in the caller's transaction.
 */
#ifndef NODE_NODE_STORE_H
#define NODE_NODE_STORE_H

#include "core/sync/budget.h"
#include "core/sync/effects.h"
#include "platform/store/outlog.h"

#define NODE_FORMAT 2u

enum node_table {
    NODE_META,
    NODE_ENTRIES,
    NODE_LOGS,
    NODE_KEYS,
    NODE_OFFICE,
    NODE_INBOX,
    NODE_NOTES,
    NODE_TABLE_COUNT
};
extern const char *const node_table_names[NODE_TABLE_COUNT];
extern const struct outlog_tables node_log_tables;

struct node_meta {
    bool has_secret, has_enrolment;
    uint8_t input_secret[KEY_BYTES];
    uint64_t enrolment;
    struct incarnation urgent, routine, office, card_office;
    struct session_pair pair;
    bool successor; /* no RESUMED has come for the pair since our logs were succeeded */
    struct incarnation aggregator;
    struct ack receipts[2]; /* urgent, routine; id.seq 0: none */
    uint64_t office_last;
    struct hash office_h;
    uint64_t office_applied;
    uint64_t pruned;   /* reports that were deleted: the province has them */
    struct bytes ring; /* borrowed from the transaction; empty: none yet */
};
/* What is not there yet comes back as zeros. ERR_FORMAT. */
int meta_load(struct store_txn *txn, struct node_meta *ret) MUST_USE;
void meta_put_secret(struct store_txn *txn, const uint8_t secret[KEY_BYTES]);
void meta_put_enrolment(struct store_txn *txn, const struct node_meta *meta);
void meta_put_pair(struct store_txn *txn, const struct session_pair *pair, bool successor);
void meta_put_receipt(struct store_txn *txn, enum lane lane, const struct ack *receipt);
void meta_put_aggregator(struct store_txn *txn, const struct incarnation *aggregator);
void meta_put_applied(struct store_txn *txn, uint64_t seq);
void meta_put_pruned(struct store_txn *txn, uint64_t reports);
void meta_put_budget(struct store_txn *txn, const struct budget *budget);
/* Zeros when there is none. ERR_FORMAT. */
int meta_budget(struct store_txn *txn, struct budget *ret) MUST_USE;
void meta_put_ring(struct store_txn *txn, struct bytes signed_ring);

/* ---- node_owner.c ---- */
#define NODE_OWNER_BYTES 8u
/* Whose store this is; "" before the first enrolment. ERR_FORMAT. */
int node_owner(struct store_txn *txn, char ret[NODE_OWNER_BYTES]) MUST_USE;
void meta_put_owner(struct store_txn *txn, const char *regency);
/* ERR_CONFIG, without a text: it is another regency's, which is in ret. */
int node_check_owner(struct store *store, const char *regency, char ret[NODE_OWNER_BYTES],
                     struct err_ctx *err) MUST_USE;

/* The log of this lane that lives: the one to append to. */
int node_log_load(struct store_txn *txn, enum lane lane, struct outlog *ret) MUST_USE;

/* ---- keys ---- */
struct key_record {
    struct hash input;
    struct entry_id id;
    struct hash h; /* of that entry, which may be deleted */
};
/* ERR_NOT_FOUND. */
int key_load(struct store_txn *txn, struct bytes key, struct key_record *ret) MUST_USE;
void key_put(struct store_txn *txn, struct bytes key, const struct key_record *record);

/* ---- files: what was handed over at our door and is kept (node_files.c) ---- */
struct file_note {
    uint64_t size;
    struct hash list; /* of its blocks */
};
/* ERR_NOT_FOUND, ERR_FORMAT. */
int file_load(struct store_txn *txn, const struct hash *sha256, struct file_note *ret) MUST_USE;
/* list: of the hashes of its blocks, kept as well. */
void file_put(struct store_txn *txn, const struct hash *sha256, const struct file_note *note,
              struct bytes list);
/* A log of ours names it: in the transaction that appends the entry. */
void file_name(struct store_txn *txn, const struct hash *sha256);
/* What the province may ask for under this hash: a file that a log of ours names, or the list of
 * its blocks (borrowed from the transaction; empty: the file). ERR_NOT_FOUND, ERR_FORMAT. */
struct file_named {
    struct hash sha256;
    uint64_t size;
    struct bytes list;
};
int file_find_named(struct store_txn *txn, const struct hash *hash,
                    struct file_named *ret) MUST_USE;

/* ---- office ---- */
/* ERR_GAP, before any write, unless the cursor is exactly where `store` continues. The first span
 * of the log that ours goes on as makes that one ours: ERR_AGAIN while entries of ours wait to be
 * applied. Documents that the province lost with what it had sent us are handed back: appended to
 * the urgent log. */
int office_put_span(struct store_txn *txn, const struct span_store *store, struct bytes frame,
                    int64_t received_ms) MUST_USE;
struct office_span {
    uint32_t skip;
    int64_t received_ms;
    struct bytes frame; /* borrowed from the transaction */
};
/* The span that holds an entry of an office log, ours now or an earlier one. ERR_NOT_FOUND,
 * ERR_FORMAT. */
int office_find_span(struct store_txn *txn, const struct entry_id *id,
                     struct office_span *ret) MUST_USE;
/* A new enrolment's office log: nothing of it is here yet. */
void office_forget(struct store_txn *txn);

/* ---- inbox ---- */
enum inbox_state {
    INBOX_STORED = 1,
    INBOX_VERIFIED,
    INBOX_SHOWN,
    INBOX_ACKNOWLEDGED,
    INBOX_REJECTED,
    INBOX_REPLACED, /* its reason is the id of the document that stands in its place */
    INBOX_EXECUTED,
};
const char *inbox_state_name(enum inbox_state state);

#define INBOX_PEOPLE_MAX 64u
#define INBOX_SHOWN_MAX 32u /* of them; the rest is for who acknowledges */
#define INBOX_PERSON_BYTES 8u
struct inbox_item {
    enum inbox_state state;
    int64_t received_ms;
    struct entry_id office;       /* the entry that brought it */
    struct hash digest;           /* of the document's bytes */
    struct bytes reason;          /* of a rejection; INBOX_REPLACED: by which */
    struct bytes people;          /* hashes of who it was shown to or acknowledged it, 8 each */
    struct bytes signed_document; /* as received */
};
#define INBOX_REASON_MAX 512u
int inbox_decode(struct bytes value, struct inbox_item *ret) MUST_USE;
int inbox_load(struct store_txn *txn, struct bytes id, struct inbox_item *ret) MUST_USE;
void inbox_put(struct store_txn *txn, struct bytes id, const struct inbox_item *item);

/* ---- notes ---- */
/* Behind those there are about it; what was said before is not said again. */
void note_put(struct store_txn *txn, const struct entry_id *about, uint16_t kind,
              struct bytes body);
/* Calls back for every note about an entry, oldest first, until it says false. */
int note_each(struct store_txn *txn, const struct entry_id *about,
              bool (*each)(void *arg, uint16_t kind, struct bytes body), void *arg) MUST_USE;

#endif
