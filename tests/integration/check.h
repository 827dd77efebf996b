/* check.h - the parts of check_journal: the journal and its answers; who signed it; what the nodes
 * say of it. Shares no code with core.
 */
#ifndef INTEGRATION_CHECK_H
#define INTEGRATION_CHECK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct check_log {
    char incarnation[33];
    json_int_t last, headed; /* entries there are; up to where a head vouches for them */
    unsigned char h[32];
    bool has_signer;
    unsigned char signer[32];
};

/* One line each, up to a limit; counted. */
void check_violation(const char *what, const char *where);
const char *check_text(const json_t *row, const char *name);
json_int_t check_number(const json_t *row, const char *name);
bool check_unhex(const char *text, unsigned char *ret, size_t len);

/* h = BLAKE2b-256(before ‖ b ‖ seq 8 BE ‖ kind 2 BE; salt incarnation, "kabar.entry.v1"), all hex.
 * False: something is not hex of its length. */
struct check_link {
    const char *incarnation, *before, *body_hash;
    json_int_t seq, kind;
};
bool check_chain(const struct check_link *link, char ret[65]);

/* ---- check_line.c ---- */
void check_line_open(void);
void check_line_close(void);
/* True: the statement was in the journal before, so that it must not count. `hashes`: those of the
 * entries so far, by "incarnation-seq". */
bool check_line_entry(const json_t *row, json_t *hashes, const char *where);
/* The hash of an entry that came only in a log that went on from its own; NULL. */
const char *check_line_hash(const char *name);
bool check_line_repeats(json_int_t position);

/* ---- check_signed.c ---- */
void check_signed_open(void);
void check_signed_close(void);
/* After the chain was judged: ring, enrolment, genesis, and the head, where there is one. */
void check_signed_entry(struct check_log *log, const json_t *row, const char *where);
/* At the end: every entry must be vouched for. */
void check_signed_log(const struct check_log *log);

/* ---- check_lists.c ---- */
void check_lists_open(void);
void check_lists_close(void);
void check_lists_entry(const json_t *row); /* of the journal */
void check_lists_answer(const json_t *row);
/* A row of `report list` or `inbox list`, with "owner" and "list" ("report", "inbox") added. All
 * rows of a node, or none. */
void check_lists_row(const json_t *row);
void check_lists_end(void);

#endif
