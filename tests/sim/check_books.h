/* check_books.h - the checker's own data; private to check*.c.
 *
 * A book is a log as one machine wrote it. A shelf is a log as its reader stored it. `safe` is what
 * stands on the disk for good: only that may be spoken of.
 */
#ifndef SIM_CHECK_BOOKS_H
#define SIM_CHECK_BOOKS_H

#include "sim.h"

#define BOOKS_MAX 64u
#define BOXES (SIM_NODES_MAX + 3u) /* nodes, aggregator, the hostile one and its other history */
#define SENT_MAX 64u
#define RESUMES_KEPT 16u

struct written {
    uint16_t kind;
    size_t len;
    const uint8_t *body;
    uint8_t h[32];
};
struct shelf {
    uint8_t incarnation[16];
    uint32_t peer, log;
    struct hash *h;
    size_t stored, capacity, safe;
    size_t backed_up; /* of it a backup holds so much */
};
struct book {
    uint8_t incarnation[16];
    uint32_t box, peer, log;
    struct shelf *shelf;
    struct written *list;
    size_t written, capacity, safe;
    uint64_t vouched;      /* the writer signed up to here */
    uint64_t acked;        /* the writer believes the reader has it */
    uint64_t receipted;    /* and holds a signed receipt */
    uint64_t backed_up_to; /* which says that this is in a backup */
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
    bool has, has_safe;
    struct session_pair accepted, accepted_safe;
    struct heard_resume {
        struct session_pair pair;
        bool met;
    } heard[RESUMES_KEPT];
    size_t heard_count;
};
struct check {
    struct book books[BOOKS_MAX];
    size_t book_count;
    struct shelf shelves[BOOKS_MAX];
    size_t shelf_count;
    struct account accounts[SIM_NODES_MAX];
    struct session_pair pair[SIM_NODES_MAX], pair_safe[SIM_NODES_MAX];
    struct sessions sessions[SIM_PEERS];
    bool revoked[SIM_PEERS];
    bool fork_due;       /* what is judged now is one */
    uint64_t fork_count; /* alarms before */
};

struct book *check_book(const struct sim *sim, uint32_t box, const struct incarnation *incarnation);
struct shelf *check_shelf(const struct sim *sim, const struct incarnation *incarnation);
/* DESIGN "chain", written down a second time. */
void check_chain(const uint8_t incarnation[16], const uint8_t before[32], uint64_t seq,
                 uint16_t kind, struct bytes body, uint8_t ret[32]);

#endif
