/* apply.h - the apply thread's own parts. See apply.c for what it promises. */
#ifndef AGGREGATOR_APPLY_H
#define AGGREGATOR_APPLY_H

#include "aggregator/aggregator.h"

#include "platform/host/crash_note.h"

#include <pthread.h>

#define BATCH_ENTRIES_MAX 1024u
#define SKIP_MAX BATCH_ENTRIES_MAX
#define BATCH_OWN_MAX 1024u
#define BATCH_OFFICE_MAX 512u
#define BATCH_ARENA_BYTES (64u * 1024u * 1024u) /* address space; used as needed */
#define BATCH_BODY_BYTES_MAX 98304u             /* own entries of one span */
#define CRASH_DEATHS_MAX 2u /* an entry that ended the applier so often is passed */

#define FOLD_ARENA_BYTES (32u * 1024u * 1024u)

struct result {
    struct result *next;
    uint64_t position;
    int code;
    char text[256];
    char document_id[DOCUMENT_ID_BYTES_MAX + 1];
};

struct office_out {
    uint64_t enrolment; /* 0: whoever serves the regency */
    uint64_t number;    /* whose office log it became */
    char regency[8];
    struct incarnation office;   /* of the enrolment */
    struct incarnation appended; /* the one its line ends in, when it was put out */
    uint16_t kind;
    struct bytes body;
};

struct batch {
    struct span_entry own[BATCH_OWN_MAX];
    uint64_t
        own_position[BATCH_OWN_MAX]; /* of the report a placement belongs to; 0: no placement */
    size_t own_count, own_bytes;
    struct {
        uint64_t position;
        const char *code;      /* static */
    } rejected[BATCH_OWN_MAX]; /* entries that are passed */
    size_t rejected_count;
    struct office_out *office; /* grows: an enrolment can bring many documents */
    size_t office_count, office_capacity;
    uint64_t to;      /* last position in the batch */
    struct hash to_h; /* of the entry there */
    struct store_txn *journal_txn;
    struct store_txn *views_txn;
    struct driver driver; /* over views_txn */
    struct result *results, **results_end;
    bool nodes_changed;
};

struct touched {
    struct touched *next;
    struct incarnation office;
    uint64_t last;
};

struct apply {
    struct aggregator *aggregator;
    pthread_t thread;
    bool started;
    pthread_mutex_t mutex;
    pthread_cond_t grew;
    pthread_cond_t put_out; /* outputs are durable */
    bool journal_grew, stop, outputs_done;
    bool full; /* waiting for room, said so */
    int outputs_rc;
    struct result *results, **results_end;
    struct touched *touched;
    bool nodes_changed;
    uint64_t position;
    int failed;
    /* The apply thread's own: */
    struct journal_reader *reader;
    struct journal_reader *other_reader; /* placements, and what copies are copies of */
    struct arena *arena, *batch_arena;
    struct batch batch;
    struct key_filter *filter;
    struct fold_output *output;
    struct placement *recorded;
    struct store_command command;
    /* Entries that the fold cannot take: passed, and marked rejected. */
    struct {
        uint64_t position;
        int code;
    } skip[SKIP_MAX];
    size_t skip_count;
    struct crash_mark crash; /* the entry that ended an earlier life of the applier */
    uint64_t failed_at;      /* the entry at which the last try failed; 0: none */
    int failed_code;
};

/* ---- apply_entry.c ---- */
/* Folds one entry into the batch, or passes it when it cannot be folded. */
int apply_entry(struct apply *apply, const struct journal_entry *entry, uint64_t outputs_to,
                struct err_ctx *err) MUST_USE;
/* The error for which it is passed in this batch, or 0. */
int apply_skip_code(const struct apply *apply, uint64_t position) MUST_USE;
/* Whether it ended an earlier life of the applier. */
bool apply_ended_here(const struct apply *apply, const struct journal_entry *entry);

/* ---- apply_batch.c ---- */
/* One batch; *ret_more: something was folded, so there may be more. */
int apply_batch(struct apply *apply, bool *ret_more, struct err_ctx *err) MUST_USE;
void apply_batch_reset(struct apply *apply);
bool apply_stopping(struct apply *apply);

/* ---- apply_outputs.c ---- */
/* Whose office log an entry goes to. */
int apply_find_office(struct store_txn *txn, struct office_out *out) MUST_USE;
/* Makes the batch's outputs durable, and tells the loop thread which office logs grew. */
int apply_put_out(struct apply *apply) MUST_USE;

#endif
