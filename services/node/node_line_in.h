/* node_line_in.h - one line handed in, on its way into a log. */
#ifndef NODE_NODE_LINE_IN_H
#define NODE_NODE_LINE_IN_H

#include "core/seal/reporter.h"
#include "core/wire/report_json.h"
#include "node/node.h"

struct stream;

/* One line's answer, and while it is on its way the entry to be appended. */
struct line {
    struct store_command command;
    struct stream *stream;
    struct line *next;
    uint64_t number;
    bool ready, accepted;
    bool later; /* refused, but nothing is wrong with the line: it may be handed in again */
    struct field_error error;
    struct entry_id id; /* from here: left by the writer */
    struct hash h;
    bool repeated;
    uint16_t kind;
    enum lane lane;
    struct entry_id target; /* of an amendment or withdrawal: the report; seq 0: it is neither */
    int code;               /* of a refusal; 0: ERR_VALUE */
    int64_t now_ms;
    struct hash input;
    size_t key_len;
    uint8_t key[KEY_BYTES_MAX];
    size_t len;
    size_t file_count; /* SHA-256 of each file that the report names, behind the body */
    uint8_t body[];
};

/* Reads, checks, seals and encodes: a line ready for the writer, or refused. Wipes every copy of
 * who reported. NULL when out of memory. */
struct files_wanted; /* node_files.h; NULL: what is not here is a reason to refuse */
struct line *line_of_text(struct node *node, struct bytes text, bool oversized, const char *user,
                          struct files_wanted *wanted);
/* Of a line that was not handed to the writer: it would not be taken. */
bool line_refused_already(struct node *node, struct line *line);
/* The same for a zero report stated at the door. */
struct line *line_of_zero(struct node *node, struct zero_report *zero, const char *user);
/* Of a single line, ready or for the writer: the answer is the call's. Takes it; NULL: no memory.
 */
void line_single(struct node *node, struct door_call *call, struct line *line);

/* ---- for lines about an earlier report: node_amend.c ---- */
void *line_arena_start(struct arena *arena);
void line_arena_wipe(struct arena *arena, void *start);
int line_input_hash(struct node *node, const struct report_line *read, struct hash *ret) MUST_USE;
int line_seal_reporter(struct node *node, struct report_line *read,
                       uint8_t sealed[REPORTER_SEALED_BYTES_MAX], struct err_ctx *err) MUST_USE;
/* After the body there, len bytes, the SHA-256 of each file that the report names; how many. */
size_t line_list_files(const struct report *report, uint8_t *body, size_t len);
/* The writer's part: the entry that is appended names these files. */
void line_name_files(struct store_txn *txn, const struct line *line);
/* The writer's part (node_changes.c). ERR_STATE: the report is withdrawn. */
int change_run(struct store_txn *txn, struct line *line) MUST_USE;

void line_refuse(struct line *line, const char *field, const char *reason);
/* The node cannot take it now. */
void line_put_off(struct line *line, const char *reason);
/* Why nothing is taken: no card yet, or no room for the logs. */
const char *line_no_log(const struct node *node);

#endif
