/* node_changes.c - that a report was amended or withdrawn: a note about it, beside what the
 * province said (kind of the entry; its name 24 ‖ hash of what was handed in 32 ‖ its h 32).
 * Written with the entry, so lists know it at once, and the same words are known again.
 */
#include "node/node_line_in.h"

#define CHANGE_BYTES (INCARNATION_BYTES + 8u + 2u * HASH_BYTES)

/* ---- notes ---- */

static void change_put(struct store_txn *txn, const struct entry_id *about, const struct line *line)
{
    uint8_t body[CHANGE_BYTES];
    struct writer writer;
    writer_init(&writer, body, sizeof body);
    writer_bytes(&writer, bytes_of(line->id.incarnation.b, INCARNATION_BYTES));
    writer_be64(&writer, line->id.seq);
    writer_bytes(&writer, bytes_of(line->input.b, HASH_BYTES));
    writer_bytes(&writer, bytes_of(line->h.b, HASH_BYTES));
    note_put(txn, about, line->kind, bytes_of(body, writer.len));
}

static bool change_collect(void *arg, uint16_t kind, struct bytes body)
{
    struct changes *changes = arg;
    struct report_change change = {.id = {.seq = 0}};
    struct reader reader;
    if ((kind != ENTRY_AMENDMENT && kind != ENTRY_WITHDRAWAL) || body.len != CHANGE_BYTES) {
        return true;
    }
    reader_init(&reader, body);
    reader_copy(&reader, change.id.incarnation.b, INCARNATION_BYTES);
    change.id.seq = reader_be64(&reader);
    reader_copy(&reader, change.input.b, HASH_BYTES);
    reader_copy(&reader, change.h.b, HASH_BYTES);
    if (kind == ENTRY_WITHDRAWAL) {
        changes->withdrawn = true;
        changes->withdrawal = change;
    } else {
        changes->amendments++;
        changes->amendment = change;
    }
    return true;
}

int changes_of(struct store_txn *txn, const struct entry_id *report, struct changes *ret)
{
    struct changes all = {.amendments = 0};
    struct entry_id name = *report;
    bool more = true;
    int rc = 0;
    for (unsigned life = 0; rc == 0 && more && life < LIVES_MAX; life++) {
        struct changes here = {.amendments = 0}; /* older than those under later names */
        rc = note_each(txn, &name, change_collect, &here);
        all.amendment = all.amendments == 0 ? here.amendment : all.amendment;
        all.withdrawal = all.withdrawn ? all.withdrawal : here.withdrawal;
        all.amendments += here.amendments;
        all.withdrawn = all.withdrawn || here.withdrawn;
        more = report_original(txn, &name);
    }
    if (rc == 0) {
        *ret = all;
    }
    return rc;
}

/* ---- the writer's part ---- */

/* What was said while this one was on its way. */
static int said_meanwhile(struct line *line, const struct changes *changes)
{
    bool amends = line->kind == ENTRY_AMENDMENT;
    const struct report_change *same = amends ? &changes->amendment : &changes->withdrawal;
    bool there = amends ? changes->amendments > 0 : changes->withdrawn;
    if (there && hash_equal(&same->input, &line->input)) {
        line->repeated = true;
        line->id = same->id;
        line->h = same->h;
        return 0;
    }
    return changes->withdrawn ? ERR_STATE : 0;
}

int change_run(struct store_txn *txn, struct line *line)
{
    struct entry_id about;
    struct changes changes;
    struct outlog log;
    int rc = outlog_follow(txn, &node_log_tables, &line->target, &about);
    rc = rc == 0 ? changes_of(txn, &about, &changes) : rc;
    rc = rc == 0 ? said_meanwhile(line, &changes) : rc;
    if (rc != 0 || line->repeated) {
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
    change_put(txn, &about, line);
    return 0;
}
