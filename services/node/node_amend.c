/* node_amend.c - what is said of a report later: other contents, or that it does not hold.
 *
 * An entry in the report's own log, synced before the answer, offline like any other. The same
 * words handed in again get the same answer. Who reported stays as sealed when an amendment names
 * nobody.
 */
#include "core/base/text.h"
#include "core/rules/report_check.h"
#include "core/seal/chain.h"
#include "node/node_files.h"
#include "node/node_line_in.h"

#define WIB_MS (7 * 3600000)
#define DAY_MS 86400000

/* ---- the report that is meant ---- */

struct ask {
    struct node *node;
    struct store_txn *txn;
    const char *user;
    struct bytes reason;
    struct entry_id id; /* of the report, where it stands now */
    enum lane lane;
    struct changes changes;
    struct report first, now;
};

static int refused(struct line *line, int code, const char *field, const char *reason)
{
    line_refuse(line, field, reason);
    line->code = code;
    return code;
}

static int entry_of(struct store_txn *txn, const struct entry_id *name, struct entry_id *ret_id,
                    struct outlog_entry *ret)
{
    int rc = outlog_follow(txn, &node_log_tables, name, ret_id);
    return rc != 0 ? rc : outlog_read(txn, &node_log_tables, ret_id, ret);
}

/* What it was filed with, and what it says now; both in the node's arena. */
static int contents_read(struct ask *ask, const struct outlog_entry *entry, struct line *line)
{
    struct amendment amendment;
    struct outlog_entry newest;
    struct entry_id id;
    struct arena *arena = ask->node->arena;
    int rc = report_decode(entry->body, arena, &ask->first, NULL);
    if (rc == 0 && ask->changes.amendments > 0) {
        rc = entry_of(ask->txn, &ask->changes.amendment.id, &id, &newest);
        rc = rc == 0 ? amendment_decode(newest.body, arena, &amendment, NULL) : rc;
    }
    if (rc == 0) {
        ask->now = ask->changes.amendments > 0 ? amendment.report : ask->first;
    }
    return rc == 0 ? 0 : refused(line, rc, "", "what the report says cannot be read any more");
}

static int report_read(struct ask *ask, const char *text, struct line *line)
{
    struct outlog log;
    struct outlog_entry entry;
    if (report_find(ask->txn, text, &ask->id) != 0) {
        return refused(line, ERR_NOT_FOUND, "", "no such report here");
    }
    int rc = outlog_load(ask->txn, &node_log_tables, &ask->id.incarnation, &log);
    rc = rc == 0 ? outlog_read(ask->txn, &node_log_tables, &ask->id, &entry) : rc;
    rc = rc == 0 ? changes_of(ask->txn, &ask->id, &ask->changes) : rc;
    if (rc == ERR_NOT_FOUND || (rc == 0 && entry.erased)) {
        return refused(line, ERR_NOT_FOUND, "",
                       "this report is not kept here any more: the province has it, tell its "
                       "officers");
    }
    if (rc != 0) {
        return refused(line, rc, "", "the report cannot be read");
    }
    if (entry.kind != ENTRY_REPORT) {
        return refused(line, ERR_NOT_FOUND, "",
                       entry.kind == ENTRY_ZERO ? "this is a zero report: state another one"
                                                : "no such report here");
    }
    ask->lane = log.lane;
    return contents_read(ask, &entry, line);
}

/* ---- amend ---- */

static bool reporter_given(const struct report_line *read)
{
    return read->reporter_name.len > 0 || read->reporter_contact.len > 0;
}

/* All but who handed it in and when, and what only we add. */
static int plain_bytes(struct arena *arena, const struct report *report, struct bytes *ret)
{
    struct report plain = *report;
    size_t len = 0;
    uint8_t *body = arena_alloc(arena, ENTRY_BYTES_MAX);
    plain.evidence = arena_alloc(arena, (report->evidence_count + 1) * sizeof *plain.evidence);
    if (body == NULL || plain.evidence == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < report->evidence_count; i++) {
        plain.evidence[i] = report->evidence[i];
        plain.evidence[i].block_list = (struct bytes){0};
    }
    plain.key = plain.sealed_reporter = plain.entered_by = (struct bytes){0};
    plain.has_entered_ms = false;
    memset(plain.salt, 1, sizeof plain.salt);
    int rc = report_encode(&plain, body, ENTRY_BYTES_MAX, &len, NULL);
    *ret = bytes_of(body, len);
    return rc;
}

/* The same as it says now. A key's own record knows the reporter too. */
static bool nothing_new(struct ask *ask, const struct report_line *read, const struct hash *input)
{
    struct key_record record;
    struct bytes before, now;
    if (ask->changes.amendments == 0 && ask->first.key.len > 0 &&
        key_load(ask->txn, ask->first.key, &record) == 0) {
        return hash_equal(&record.input, input);
    }
    return !reporter_given(read) && plain_bytes(ask->node->arena, &ask->now, &before) == 0 &&
           plain_bytes(ask->node->arena, &read->report, &now) == 0 && bytes_equal(before, now);
}

static int line_check(struct ask *ask, struct report_line *read, struct line *line)
{
    int32_t today = (int32_t)((host_wall_ms() + WIB_MS) / DAY_MS);
    if (read->type != REPORT_LINE_REPORT) {
        return refused(line, ERR_VALUE, "zero", "a report is amended by a report");
    }
    const struct report_codes codes = catalogue_codes(ask->node);
    int rc = report_check(&read->report, &codes, bytes_of_text(ask->node->conf->regency), today,
                          &line->error);
    rc = rc == 0 ? report_amend_check(&ask->now, ask->first.key, &read->report, &line->error) : rc;
    line->code = rc;
    line->ready = rc != 0;
    return rc;
}

/* Answered like the first time: *ret. */
static int known_words(struct ask *ask, struct report_line *read, struct line *line, bool *ret)
{
    const struct report_change *newest = &ask->changes.amendment;
    read->report.key = ask->first.key;
    if (line_input_hash(ask->node, read, &line->input) != 0) {
        return refused(line, ERR_LIMIT, "", "the report does not fit into an entry");
    }
    *ret = ask->changes.amendments > 0 && hash_equal(&newest->input, &line->input);
    if (*ret) {
        line->ready = line->accepted = line->repeated = true;
        line->id = newest->id;
        line->h = newest->h;
        return 0;
    }
    return nothing_new(ask, read, &line->input)
               ? refused(line, ERR_EXISTS, "", "nothing is changed: the report says this already")
               : 0;
}

static int amendment_body(struct ask *ask, struct report_line *read, struct line *line,
                          uint8_t *body)
{
    uint8_t sealed[REPORTER_SEALED_BYTES_MAX];
    struct err_ctx err = {""};
    struct report *report = &read->report;
    int rc = files_name(ask->node, report, ask->node->arena, NULL, &line->error);
    if (rc != 0) {
        line->ready = true;
        line->code = rc;
        return rc;
    }
    rc = line_seal_reporter(ask->node, read, sealed, &err);
    if (!reporter_given(read)) {
        report->sealed_reporter = ask->now.sealed_reporter;
    }
    report->entered_by = bytes_of_text(ask->user);
    report->has_entered_ms = true;
    report->entered_ms = line->now_ms;
    host_random(report->salt, sizeof report->salt);
    struct amendment amendment = {.target = ask->id,
                                  .report = *report,
                                  .reason = ask->reason,
                                  .entered_by = report->entered_by,
                                  .has_entered_ms = true,
                                  .entered_ms = line->now_ms};
    host_random(amendment.salt, sizeof amendment.salt);
    rc = rc == 0 ? amendment_encode(&amendment, body, ENTRY_BYTES_MAX, &line->len, &err) : rc;
    if (rc != 0) {
        return refused(line, rc, "", err_peek(&err, rc));
    }
    line->file_count = line_list_files(report, body, line->len);
    return 0;
}

static void amend(struct ask *ask, const json_t *args, struct line *line, uint8_t *body)
{
    struct report_line read = {.type = REPORT_LINE_REPORT};
    bool known = false;
    int rc = report_read(ask, node_arg(args, "id"), line);
    if (rc == 0 && ask->changes.withdrawn) {
        rc = refused(line, ERR_STATE, "", "the report is withdrawn: hand in another one");
    }
    if (rc != 0) {
        return;
    }
    rc = report_line_read(bytes_of_text(node_arg(args, "line")), ask->node->arena, &read,
                          &line->error);
    line->code = rc;
    line->ready = rc != 0;
    rc = rc == 0 ? line_check(ask, &read, line) : rc;
    rc = rc == 0 ? known_words(ask, &read, line, &known) : rc;
    if (rc == 0 && !known) {
        (void)amendment_body(ask, &read, line, body);
    }
}

/* ---- withdraw ---- */

/* Of the words, under this node's secret: the same ones get the same answer. */
static void reason_hash(const struct ask *ask, struct hash *ret)
{
    uint8_t input[KEY_BYTES + TEXT_BYTES_MAX];
    struct writer writer;
    writer_init(&writer, input, sizeof input);
    writer_bytes(&writer, bytes_of(ask->node->input_secret, KEY_BYTES));
    writer_bytes(&writer, ask->reason);
    seal_hash("kabar.reason.v1", bytes_of(input, writer.len), ret);
    explicit_bzero(input, sizeof input);
}

static void withdraw(struct ask *ask, const json_t *args, struct line *line, uint8_t *body)
{
    struct err_ctx err = {""};
    struct withdrawal withdrawal = {.reason = ask->reason,
                                    .entered_by = bytes_of_text(ask->user),
                                    .has_entered_ms = true,
                                    .entered_ms = line->now_ms};
    if (report_read(ask, node_arg(args, "id"), line) != 0) {
        return;
    }
    reason_hash(ask, &line->input);
    if (ask->changes.withdrawn && hash_equal(&ask->changes.withdrawal.input, &line->input)) {
        line->ready = line->accepted = line->repeated = true;
        line->id = ask->changes.withdrawal.id;
        line->h = ask->changes.withdrawal.h;
        return;
    }
    if (ask->changes.withdrawn) {
        (void)refused(line, ERR_STATE, "", "the report is withdrawn already");
        return;
    }
    withdrawal.target = ask->id;
    host_random(withdrawal.salt, sizeof withdrawal.salt);
    int rc = withdrawal_encode(&withdrawal, body, ENTRY_BYTES_MAX, &line->len, &err);
    if (rc != 0) {
        (void)refused(line, rc, "", err_peek(&err, rc));
    }
}

/* ---- the calls ---- */

typedef void change_fill(struct ask *ask, const json_t *args, struct line *line, uint8_t *body);

/* A line for the writer, or refused; NULL when out of memory. */
static struct line *change_line(struct ask *ask, const json_t *args, uint16_t kind,
                                change_fill *fill)
{
    static uint8_t body[ENTRY_BYTES_MAX + HASH_BYTES * EVIDENCE_MAX]; /* loop thread only */
    struct line head = {.now_ms = host_wall_ms(), .kind = kind};
    struct err_ctx err = {""};
    void *start = line_arena_start(ask->node->arena);
    int rc = store_read_begin(ask->node->store, &ask->txn, &err);
    if (rc == 0) {
        fill(ask, args, &head, body);
    } else {
        (void)refused(&head, rc, "", err_peek(&err, rc));
    }
    store_read_end(ask->txn);
    line_arena_wipe(ask->node->arena, start);
    head.target = ask->id;
    head.lane = ask->lane;
    size_t len = head.ready ? 0 : head.len + HASH_BYTES * head.file_count;
    struct line *line = malloc(sizeof *line + len);
    if (line != NULL) {
        *line = head;
        memcpy(line->body, body, len);
    }
    return line;
}

static void change_begin(struct node *node, struct door_call *call, const json_t *args,
                         uint16_t kind, change_fill *fill)
{
    const char *reason = node_arg(args, "reason");
    struct ask ask = {.node = node, .user = door_call_user(call)};
    ask.reason = bytes_of_text(reason == NULL ? "" : reason);
    bool must = kind == ENTRY_WITHDRAWAL;
    if (!node->enrolled) {
        door_call_fail(call, ERR_AGAIN, EXIT_RETRY, line_no_log(node));
    } else if ((must && text_blank(ask.reason)) || ask.reason.len > TEXT_BYTES_MAX ||
               text_plain_until(ask.reason, true) < ask.reason.len) {
        door_call_fail(call, ERR_VALUE, EXIT_DATA,
                       "reason: why, in words; at most 8192 bytes, in characters that are seen");
    } else {
        line_single(node, call, change_line(&ask, args, kind, fill));
    }
}

void report_replace(struct node *node, struct door_call *call, const json_t *args)
{
    change_begin(node, call, args, ENTRY_AMENDMENT, amend);
}

void report_withdraw(struct node *node, struct door_call *call, const json_t *args)
{
    change_begin(node, call, args, ENTRY_WITHDRAWAL, withdraw);
}
