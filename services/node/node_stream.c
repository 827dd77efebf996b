/* node_stream.c - reports come in as streams of lines, go through the writer, and are answered.
 *
 *   line ── form, rules ──► sealed and encoded ──► writer: key known? append ──► answer
 *     └── refused ────────────────────────────────────────────────────────────► answer
 *
 * Answers leave in the order of the lines, however many are on their way.
 */
#include "core/base/assert.h"
#include "core/base/text.h"
#include "node/node_line_in.h"

#define LINES_MAX 128u /* of one stream on their way into the store; above it reading waits */

/* A `report submit`, or a `report zero` (single: one line, answered as the call's result). */
struct stream {
    struct open_call open;
    struct node *node;
    struct stream *next, **at; /* in node->streams */
    struct door_call *call;    /* NULL: the client went away */
    bool single, ended, stopping, paused;
    struct line *first, *last;
    size_t waiting;
    uint64_t accepted, refused;
};

/* ---- answers ---- */

static json_t *accepted_json(const struct line *line)
{
    char incarnation[HEX_CAPACITY(INCARNATION_BYTES)];
    char hash[HEX_CAPACITY(HASH_BYTES)];
    return json_pack("{s:s, s:I, s:s}", "incarnation",
                     hex_encode(incarnation, line->id.incarnation.b, INCARNATION_BYTES), "seq",
                     (json_int_t)line->id.seq, "hash", hex_encode(hash, line->h.b, HASH_BYTES));
}

static json_t *line_json(const struct line *line)
{
    if (!line->accepted) {
        return json_pack("{s:I, s:b, s:o, s:o, s:o*}", "line", (json_int_t)line->number, "accepted",
                         0, "field", json_text(bytes_of_text(line->error.field)), "reason",
                         json_text(bytes_of_text(line->error.reason)), "retry",
                         line->later ? json_true() : NULL);
    }
    json_t *answer = json_pack("{s:I, s:b}", "line", (json_int_t)line->number, "accepted", 1);
    json_t *identity = accepted_json(line);
    if (answer == NULL || identity == NULL || json_object_update(answer, identity) != 0) {
        json_decref(answer);
        answer = NULL;
    }
    json_decref(identity);
    return answer;
}

static void stream_free(struct stream *stream)
{
    *stream->at = stream->next;
    if (stream->next != NULL) {
        stream->next->at = stream->at;
    }
    free(stream);
}

static void single_answer(struct stream *stream, const struct line *line)
{
    struct door_call *call = stream->call;
    stream->call = NULL;
    stream->ended = true;
    if (line->accepted) {
        door_call_done(call, accepted_json(line));
    } else {
        char text[sizeof line->error.field + sizeof line->error.reason + 4];
        (void)snprintf(text, sizeof text, "%s%s%s", line->error.field,
                       line->error.field[0] == '\0' ? "" : ": ", line->error.reason);
        int code = line->code != 0 ? line->code : ERR_VALUE;
        door_call_fail(call, line->later ? ERR_AGAIN : code, line->later ? EXIT_RETRY : EXIT_DATA,
                       text);
    }
}

static void answer(struct stream *stream, const struct line *line)
{
    struct node *node = stream->node;
    stream->accepted += line->accepted;
    stream->refused += !line->accepted;
    node->counters.reports_accepted += line->accepted && !line->repeated;
    node->counters.reports_repeated += line->accepted && line->repeated;
    node->counters.reports_refused += !line->accepted;
    if (stream->call == NULL) {
        return;
    }
    if (stream->single) {
        single_answer(stream, line);
    } else {
        door_call_raw(stream->call, line_json(line));
    }
}

static void hold(struct stream *stream)
{
    bool pause = stream->waiting >= LINES_MAX || door_call_full(stream->call);
    if (pause != stream->paused) {
        stream->paused = pause;
        door_call_pause(stream->call, pause);
    }
}

/* Answers what is ready from the front; the stream may be gone afterwards. */
static void stream_flush(struct stream *stream)
{
    while (stream->first != NULL && stream->first->ready) {
        struct line *line = stream->first;
        stream->first = line->next;
        stream->waiting--;
        answer(stream, line);
        free(line);
    }
    if (stream->call != NULL && stream->waiting == 0 && stream->ended) {
        json_t *done = json_pack("{s:I, s:I}", "accepted", (json_int_t)stream->accepted, "refused",
                                 (json_int_t)stream->refused);
        door_call_done(stream->call, done);
        stream->call = NULL;
    } else if (stream->call != NULL && stream->waiting == 0 && stream->stopping) {
        door_call_fail(stream->call, ERR_AGAIN, EXIT_RETRY,
                       "the node is stopping: hand in again what was not answered");
        stream->call = NULL;
    } else if (stream->call != NULL) {
        hold(stream);
    }
    if (stream->call == NULL && stream->waiting == 0) {
        stream_free(stream);
    }
}

/* ---- the writer's part ---- */

static int find_key(struct store_txn *txn, struct line *line)
{
    struct key_record record;
    int rc = line->key_len == 0 ? ERR_NOT_FOUND
                                : key_load(txn, bytes_of(line->key, line->key_len), &record);
    if (rc != 0) {
        return rc;
    }
    if (!hash_equal(&record.input, &line->input)) {
        return ERR_EXISTS;
    }
    line->id = record.id;
    line->h = record.h;
    line->repeated = true;
    return 0;
}

void line_name_files(struct store_txn *txn, const struct line *line)
{
    for (size_t i = 0; i < line->file_count; i++) {
        struct hash sha256;
        memcpy(sha256.b, line->body + line->len + i * HASH_BYTES, HASH_BYTES);
        file_name(txn, &sha256);
    }
}

static int line_run(struct store_txn *txn, void *arg)
{
    struct line *line = arg;
    struct outlog log;
    line->repeated = false;
    if (line->target.seq != 0) {
        return change_run(txn, line);
    }
    int rc = find_key(txn, line);
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    rc = node_log_load(txn, line->lane, &log);
    if (rc != 0) {
        return rc;
    }
    outlog_append(txn, &node_log_tables, &log, line->kind, bytes_of(line->body, line->len),
                  line->now_ms);
    line_name_files(txn, line);
    line->id = (struct entry_id){log.incarnation, log.last};
    line->h = log.h_last;
    if (line->key_len > 0) {
        const struct key_record record = {.input = line->input, .id = line->id, .h = line->h};
        key_put(txn, bytes_of(line->key, line->key_len), &record);
    }
    return 0;
}

static void settle(struct line *line, int rc)
{
    line->ready = true;
    line->accepted = rc == 0;
    if (rc == ERR_EXISTS) {
        line_refuse(line, "key", "this key was used for another report");
    } else if (rc == ERR_STATE) {
        line->code = rc;
        line_refuse(line, "", "the report is withdrawn already");
    } else if (rc != 0) {
        line_put_off(line, node_store_text(rc));
    }
}

static void line_done(void *arg, int rc)
{
    struct line *line = arg;
    struct stream *stream = line->stream;
    struct node *node = stream->node;
    node_work_done(node, rc);
    if (rc != 0 || !line->repeated) {
        node_store_room(node, rc);
    }
    settle(line, rc);
    if (rc == 0 && !line->repeated) {
        sync_appended(node, &line->id);
    }
    stream_flush(stream);
}

/* A key that is known already needs no room: it is answered even when the store is full. */
static bool known_already(struct node *node, struct line *line)
{
    struct store_txn *txn = NULL;
    if (line->key_len == 0 || store_read_begin(node->store, &txn, NULL) != 0) {
        return false;
    }
    int rc = find_key(txn, line);
    store_read_end(txn);
    if (rc == 0 || rc == ERR_EXISTS) {
        settle(line, rc);
        return true;
    }
    line->repeated = false;
    return false;
}

bool line_refused_already(struct node *node, struct line *line)
{
    return (line->ready || known_already(node, line)) && !line->accepted;
}

/* Into the stream's order, and to the writer. Takes the line. */
static void stream_add(struct stream *stream, struct line *line, uint64_t number)
{
    struct node *node = stream->node;
    if (line == NULL) { /* nobody could be told line by line any more */
        struct door_call *call = stream->call;
        stream->call = NULL;
        door_call_fail(call, ERR_NOMEM, EXIT_RETRY, "out of memory");
        stream_flush(stream);
        return;
    }
    line->stream = stream;
    line->number = number;
    line->next = NULL;
    if (stream->first == NULL) {
        stream->first = line;
    } else {
        stream->last->next = line;
    }
    stream->last = line;
    stream->waiting++;
    if (!line->ready && !known_already(node, line)) {
        line->command = (struct store_command){
            .run = line_run, .done = line_done, .arg = line, .droppable = true};
        int rc = node_submit(node, &line->command);
        if (rc != 0) {
            settle(line, rc);
        }
    }
    stream_flush(stream);
}

/* ---- the calls ---- */

static struct stream *stream_new(struct node *node, struct door_call *call, bool single)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        door_call_fail(call, ERR_NOMEM, EXIT_RETRY, "out of memory");
        return NULL;
    }
    stream->node = node;
    stream->call = call;
    stream->single = single;
    stream->open.kind = OPEN_STREAM;
    stream->next = node->streams;
    stream->at = &node->streams;
    if (stream->next != NULL) {
        stream->next->at = &stream->next;
    }
    node->streams = stream;
    door_call_set_data(call, stream);
    return stream;
}

void line_single(struct node *node, struct door_call *call, struct line *line)
{
    struct stream *stream = stream_new(node, call, true);
    if (stream != NULL) {
        stream_add(stream, line, 1);
    } else {
        free(line);
    }
}

void report_submit(struct node *node, struct door_call *call, const json_t *args)
{
    (void)args;
    (void)stream_new(node, call, false);
}

void report_line(struct node *node, struct door_call *call, uint64_t number, struct bytes text,
                 bool oversized)
{
    struct stream *stream = door_call_data(call);
    if (stream->single || stream->stopping || (!oversized && text_blank(text))) {
        return;
    }
    struct line *line = line_of_text(node, text, oversized, door_call_user(call), NULL);
    stream_add(stream, line, number);
}

void report_end(struct node *node, struct door_call *call)
{
    struct stream *stream = door_call_data(call);
    (void)node;
    if (!stream->single) {
        stream->ended = true;
        stream_flush(stream);
    }
}

void report_drain(struct node *node, struct door_call *call)
{
    struct stream *stream = door_call_data(call);
    (void)node;
    if (!stream->single) {
        stream_flush(stream);
    }
}

void report_gone(struct node *node, struct door_call *call)
{
    struct stream *stream = door_call_data(call);
    (void)node;
    stream->call = NULL;
    stream_flush(stream);
}

void report_stop(struct node *node)
{
    struct stream *next = NULL;
    for (struct stream *stream = node->streams; stream != NULL; stream = next) {
        next = stream->next;
        stream->stopping = !stream->single;
        stream_flush(stream);
    }
}

static int scope_of(const char *name)
{
    for (int i = 1; i < SCOPE_COUNT; i++) {
        if (name != NULL && scope_names[i] != NULL && strcmp(scope_names[i], name) == 0) {
            return i;
        }
    }
    return 0;
}

void report_zero(struct node *node, struct door_call *call, const json_t *args)
{
    struct zero_report zero = {.scope = scope_of(node_arg(args, "scope"))};
    zero.regency = bytes_of_text(node->conf->regency);
    zero.stated_name = bytes_of_text(node_arg(args, "name"));
    if (!node->enrolled) {
        door_call_fail(call, ERR_AGAIN, EXIT_RETRY, line_no_log(node));
    } else if (!day_of_text(bytes_of_text(node_arg(args, "from")), &zero.from) ||
               !day_of_text(bytes_of_text(node_arg(args, "until")), &zero.until)) {
        door_call_fail(call, ERR_VALUE, EXIT_DATA, "from, until: days like 2024-05-31");
    } else if (zero.scope == 0) {
        door_call_fail(call, ERR_VALUE, EXIT_DATA, "scope: all, pns, pppk, honorer or village");
    } else if (text_blank(zero.stated_name) || zero.stated_name.len > NAME_BYTES_MAX ||
               text_plain_until(zero.stated_name, false) < zero.stated_name.len) {
        door_call_fail(call, ERR_VALUE, EXIT_DATA,
                       "name: who states it, at most 256 bytes, in characters that are seen");
    } else {
        line_single(node, call, line_of_zero(node, &zero, door_call_user(call)));
    }
}
