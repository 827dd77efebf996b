/* check_books.h - the checker's own data; private to check*.c.
 *
 * A book is a log as one machine wrote it. A shelf is a log as its reader stored it. `safe` is what
 * stands on the disk for good: only that may be spoken of.
 */
#ifndef SIM_CHECK_BOOKS_H
#define SIM_CHECK_BOOKS_H

#include "sim.h"

#define BOOKS_MAX 256u
#define BOX_GONE (SIM_HUB + 3u) /* of a book whose machine went back before it */
#define SENT_MAX 64u
#define RESUMES_KEPT 16u
#define NO_STATEMENT UINT32_MAX

/* What somebody wrote once, wherever it stands and how often. */
struct statement {
    uint8_t body[16]; /* its beginning: bodies here are random */
    uint32_t peer;
    bool forgiven; /* deleted for want of room, and in no backup */
};
struct written {
    uint16_t kind;
    size_t len;
    const uint8_t *body;
    uint32_t statement; /* NO_STATEMENT: a genesis */
    uint8_t h[32];
};
struct stood {
    uint8_t h[32];
    uint32_t statement;
};
struct shelf {
    uint8_t incarnation[16];
    uint32_t reader, peer, log;
    struct stood *list;
    size_t stored, capacity, safe;
    size_t ever;      /* it was safe once; a restored reader may have less again */
    size_t backed_up; /* of it the reader's backup holds so much */
};
struct book {
    uint8_t incarnation[16];
    uint32_t box, peer, log;
    struct written *list;
    size_t written, capacity, safe, backed_up;
    bool over, over_safe, over_backed_up; /* it goes on as another */
    uint8_t predecessor[16];              /* zeros: none */
    uint64_t after, copies;               /* entry 1+k is (predecessor, after+k), k up to copies */
    uint64_t vouched;                     /* the writer signed up to here */
    uint64_t acked;                       /* the writer believes the reader has it */
    uint64_t receipted;                   /* and holds a signed receipt */
    uint64_t receipt_backed_up_to;        /* which says that this is in a backup */
    uint64_t deleted;
};
/* What a machine has written and holds, in order. */
struct holding {
    uint32_t *list;
    size_t count, capacity, safe, backed_up;
};
/* Spans on the way, of one machine's newest connection. */
struct account {
    uint32_t connection, life;
    struct sent {
        uint8_t incarnation[16];
        uint64_t last, wire_bytes;
    } list[SENT_MAX];
    size_t count;
};
struct sessions {
    bool has, has_safe, has_backup;
    struct session_pair accepted, accepted_safe, accepted_backup;
    uint64_t heard_ms; /* a frame in a session */
    struct heard_resume {
        struct session_pair pair;
        bool met, successor;
        uint64_t silent_ms; /* since the session before was heard of */
    } heard[RESUMES_KEPT];
    size_t heard_count;
};
struct check {
    struct book books[BOOKS_MAX];
    size_t book_count;
    struct shelf shelves[BOOKS_MAX];
    size_t shelf_count;
    struct statement *statements;
    size_t statement_count, statement_capacity;
    struct holding holdings[SIM_HUB + 1];
    struct account accounts[SIM_NODES_MAX];
    struct session_pair pair[SIM_NODES_MAX], pair_safe[SIM_NODES_MAX], pair_backup[SIM_NODES_MAX];
    struct sessions sessions[SIM_PEERS];
    bool moved[SIM_NODES_MAX]; /* its store is in another place: old logs must not be written to */
    bool revoked[SIM_PEERS];
    bool genesis_forgiven[SIM_NODES_MAX]; /* as forgiven above, of a genesis */
    bool fork_due;                        /* what is judged now is one */
    uint64_t fork_count;                  /* alarms before */
};

struct book *check_book(const struct sim *sim, uint32_t box, const struct incarnation *incarnation);
struct shelf *check_shelf(const struct sim *sim, uint32_t reader,
                          const struct incarnation *incarnation);
/* DESIGN "chain", written down a second time. */
void check_chain(const uint8_t incarnation[16], const uint8_t before[32], uint64_t seq,
                 uint16_t kind, struct bytes body, uint8_t ret[32]);

#endif
