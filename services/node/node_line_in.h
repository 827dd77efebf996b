/* node_line_in.h - one line handed in, on its way into a log. */
#ifndef NODE_NODE_LINE_IN_H
#define NODE_NODE_LINE_IN_H

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
    int64_t now_ms;
    struct hash input;
    size_t key_len;
    uint8_t key[KEY_BYTES_MAX];
    size_t len;
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
void line_refuse(struct line *line, const char *field, const char *reason);
/* The node cannot take it now. */
void line_put_off(struct line *line, const char *reason);
/* Why nothing is taken: no card yet, or no room for the logs. */
const char *line_no_log(const struct node *node);

#endif
