/* power_node.c - a node's life: every transaction that node_*.c hands to its writer, composed of
 * the same functions. */
#include "fault/power_disk.h"
#include "fault/power_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/node_store.h"

#define MAP_BYTES (16u << 20)
#define DOCUMENT "16-2024-000001-0101"
#define KEYED 1u /* a report's flags */
#define URGENT 2u

struct work_state {
    struct store *store;
    struct span_builder *builder;
    struct span_decoder *decoder;
    struct arena *arena;
};

static const struct incarnation urgent = {{0x21}}, routine = {{0x22}}, office = {{0x23}};

/* The same bytes for the same step: nothing that zstd or LMDB could fold. */
static struct bytes noise(size_t step, size_t len, uint8_t to[ENTRY_BYTES_MAX])
{
    uint64_t random = step * 1000003 + 17;
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)disk_random(&random);
    }
    return bytes_of(to, len);
}

/* ---- life ---- */

static void close_node(struct work_state *state)
{
    if (state != NULL) {
        store_close(state->store);
        span_builder_free(state->builder);
        span_decoder_free(state->decoder);
        arena_free(state->arena);
        free(state);
    }
}

static int open_node(const char *folder, struct work_state **ret, struct err_ctx *err)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/store", folder);
    const struct store_config config = {.path = path,
                                        .tables = node_table_names,
                                        .table_count = NODE_TABLE_COUNT,
                                        .map_bytes = MAP_BYTES,
                                        .format = NODE_FORMAT};
    struct work_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return ERR_NOMEM;
    }
    state->builder = span_builder_new();
    state->decoder = span_decoder_new();
    state->arena = arena_new(SPAN_SCRATCH_BYTES_MAX);
    int rc = state->builder == NULL || state->decoder == NULL || state->arena == NULL
                 ? ERR_NOMEM
                 : store_open(&config, &state->store, err);
    if (rc != 0) {
        close_node(state);
        return rc;
    }
    *ret = state;
    return 0;
}

static struct store *store_of(struct work_state *state)
{
    return state->store;
}

static int digest_node(struct work_state *state, struct hash *ret, struct err_ctx *err)
{
    memset(ret, 0, sizeof *ret);
    return work_digest(state->store, NODE_TABLE_COUNT, ret, err);
}

/* ---- transactions ---- */

/* node.c */
static int born_run(struct store_txn *txn, void *arg)
{
    static const uint8_t secret[KEY_BYTES] = {7};
    struct node_meta meta;
    int rc = meta_load(txn, &meta);
    (void)arg;
    if (rc == 0 && !meta.has_secret) {
        meta_put_secret(txn, secret);
    }
    return rc;
}

static void prepare_node(void)
{
}

static int born(struct work_state *state, struct err_ctx *err)
{
    return store_apply(state->store, born_run, NULL, err);
}

static int born_log(struct store_txn *txn, enum lane lane, const struct incarnation *incarnation)
{
    struct genesis genesis = {.direction = DIRECTION_UP,
                              .lane = lane,
                              .owner = bytes_of_text("16.07"),
                              .counterpart = bytes_of_text("16"),
                              .signing_key = {{4}},
                              .enrolment = 7,
                              .created_ms = work_now_ms(0)};
    struct outlog log;
    return outlog_create(txn, &node_log_tables, incarnation, &genesis, &log);
}

/* node_enrol.c */
static int enrolled(struct store_txn *txn, struct work_state *state, size_t step)
{
    uint8_t ring[ENTRY_BYTES_MAX];
    struct node_meta meta;
    (void)state;
    int rc = meta_load(txn, &meta);
    if (rc != 0) {
        return rc;
    }
    meta.enrolment = 7;
    meta.urgent = urgent;
    meta.routine = routine;
    meta.office = office;
    meta.card_office = office;
    rc = born_log(txn, LANE_URGENT, &urgent);
    rc = rc != 0 ? rc : born_log(txn, LANE_ROUTINE, &routine);
    if (rc == 0) {
        meta_put_enrolment(txn, &meta);
        meta_put_ring(txn, noise(step, 900, ring));
    }
    return rc;
}

/* node_commit.c */
static int session_pair(struct store_txn *txn, struct work_state *state, size_t step)
{
    struct session_pair pair;
    (void)state;
    memset(&pair, (int)step, sizeof pair);
    meta_put_pair(txn, &pair, step % 2 == 1);
    return 0;
}

/* node_stream.c */
static int report_of(struct store_txn *txn, size_t step, size_t len, unsigned flags)
{
    uint8_t body[ENTRY_BYTES_MAX];
    char key[16];
    struct outlog log;
    int rc = outlog_load(txn, &node_log_tables, (flags & URGENT) != 0 ? &urgent : &routine, &log);
    if (rc != 0) {
        return rc;
    }
    outlog_append(txn, &node_log_tables, &log, ENTRY_REPORT, noise(step, len, body),
                  work_now_ms(step));
    if ((flags & KEYED) != 0) {
        const struct key_record record = {
            .input = {{(uint8_t)step}}, .id = {log.incarnation, log.last}, .h = log.h_last};
        (void)snprintf(key, sizeof key, "key-%zu", step);
        key_put(txn, bytes_of_text(key), &record);
    }
    return 0;
}

static int report(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)state;
    return report_of(txn, step, 300 + step * 13, KEYED);
}

static int urgent_report(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)state;
    return report_of(txn, step, 500, KEYED | URGENT);
}

static int large_report(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)state;
    return report_of(txn, step, ENTRY_BYTES_MAX - 16, KEYED);
}

static int zero_report(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)state;
    return report_of(txn, step, 60, 0);
}

static int ack_log(struct store_txn *txn, size_t step, const struct incarnation *incarnation,
                   bool receipt)
{
    struct outlog log;
    int rc = outlog_load(txn, &node_log_tables, incarnation, &log);
    if (rc == 0) {
        log.acked = log.last;
        log.acked_ms = work_now_ms(step);
        log.receipt = receipt ? log.last : log.receipt;
        log.backed_up_to = receipt ? log.last - 1 : log.backed_up_to;
        outlog_save(txn, &node_log_tables, &log);
    }
    return rc;
}

/* node_commit.c: acks and the aggregator */
static int acked(struct store_txn *txn, struct work_state *state, size_t step)
{
    static const struct incarnation aggregator = {{0x80}};
    (void)state;
    int rc = ack_log(txn, step, &routine, false);
    meta_put_aggregator(txn, &aggregator);
    return rc;
}

static int receipted(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)state;
    int rc = ack_log(txn, step, &routine, true);
    return rc != 0 ? rc : ack_log(txn, step, &urgent, true);
}

/* ---- what the province says ---- */

static const struct span_entry office_entries[] = {
    {.kind = ENTRY_GENESIS, .body = {(const uint8_t *)"genesis", 7}},
    {.kind = ENTRY_RING, .body = {(const uint8_t *)"a ring", 6}},
    {.kind = ENTRY_DOCUMENT, .body = {(const uint8_t *)"a document", 10}},
    {.kind = ENTRY_STATUS, .body = {(const uint8_t *)"a status", 8}},
    {.kind = ENTRY_REFUSAL, .body = {(const uint8_t *)"a refusal", 9}},
    {.kind = ENTRY_DOCUMENT, .body = {(const uint8_t *)"another one", 11}},
};
#define OFFICE_ENTRIES (sizeof office_entries / sizeof office_entries[0])

/* h[seq] of the office log. */
static void office_chain(struct hash h[OFFICE_ENTRIES + 1])
{
    memset(&h[0], 0, sizeof h[0]);
    for (size_t i = 0; i < OFFICE_ENTRIES; i++) {
        struct entry_id id = {.incarnation = office, .seq = i + 1};
        struct hash b;
        chain_body(office_entries[i].body, &b);
        chain_next(&h[i], &b, &id, office_entries[i].kind, &h[i + 1]);
    }
}

/* Entries first … last, of which `skip` are there already. */
static int office_span(struct store_txn *txn, struct work_state *state, uint64_t first,
                       uint64_t last, uint32_t skip)
{
    struct hash h[OFFICE_ENTRIES + 1];
    struct signature head = {{1}};
    struct bytes frame;
    office_chain(h);
    span_builder_start(state->builder, &office, first, &h[first - 1]);
    for (uint64_t seq = first; seq <= last; seq++) {
        int rc = span_builder_add(state->builder, &office_entries[seq - 1], SPAN_RAW_BYTES_MAX);
        if (rc != 0) {
            return rc;
        }
    }
    int rc = span_builder_finish(state->builder, SPAN_RAW, &head, &frame, NULL);
    const struct span_store store = {.incarnation = office,
                                     .first_new = first + skip,
                                     .last = last,
                                     .skip = skip,
                                     .h_before = h[first + skip - 1],
                                     .h_last = h[last],
                                     .is_new_log = first == 1,
                                     .lane = LANE_OFFICE};
    return rc != 0 ? rc : office_put_span(txn, &store, frame, work_now_ms(last));
}

static int office_first(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)step;
    return office_span(txn, state, 1, 4, 0);
}

static int office_second(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)step;
    return office_span(txn, state, 3, 6, 2);
}

static int rung(struct store_txn *txn, size_t step)
{
    uint8_t body[64];
    struct outlog log;
    int rc = outlog_load(txn, &node_log_tables, &urgent, &log);
    if (rc == 0) {
        memset(body, (int)step, sizeof body);
        outlog_append(txn, &node_log_tables, &log, ENTRY_RUNG, bytes_of(body, sizeof body),
                      work_now_ms(step));
    }
    return rc;
}

/* node_office.c: a ring, a document with its first two rungs, a note, the position */
static int office_applied(struct store_txn *txn, struct work_state *state, size_t step)
{
    uint8_t bytes[ENTRY_BYTES_MAX];
    const struct entry_id about = {.incarnation = routine, .seq = 2};
    const struct inbox_item item = {.state = INBOX_VERIFIED,
                                    .received_ms = work_now_ms(step),
                                    .office = {.seq = 3},
                                    .digest = {{3}},
                                    .signed_document = noise(step, 5000, bytes)};
    (void)state;
    inbox_put(txn, bytes_of_text(DOCUMENT), &item);
    int rc = rung(txn, step);
    rc = rc != 0 ? rc : rung(txn, step + 1);
    meta_put_ring(txn, noise(step, 1100, bytes));
    note_put(txn, &about, ENTRY_STATUS, bytes_of_text("di klarifikasi"));
    meta_put_applied(txn, 4);
    return rc;
}

static int office_applied_again(struct store_txn *txn, struct work_state *state, size_t step)
{
    const struct entry_id about = {.incarnation = routine, .seq = 3};
    const struct inbox_item item = {.state = INBOX_REJECTED,
                                    .received_ms = work_now_ms(step),
                                    .office = {.seq = 6},
                                    .digest = {{4}},
                                    .reason = bytes_of_text("one signature")};
    (void)state;
    note_put(txn, &about, ENTRY_REFUSAL, bytes_of_text("ditolak"));
    inbox_put(txn, bytes_of_text("16-2024-000002-0101"), &item);
    meta_put_applied(txn, 6);
    return 0;
}

/* node_inbox.c */
static int seen_by(struct store_txn *txn, size_t step, enum inbox_state to)
{
    uint8_t people[INBOX_PEOPLE_MAX * INBOX_PERSON_BYTES];
    struct inbox_item item;
    int rc = inbox_load(txn, bytes_of_text(DOCUMENT), &item);
    if (rc != 0) {
        return rc;
    }
    memcpy(people, item.people.data, item.people.len);
    memset(people + item.people.len, (int)step, INBOX_PERSON_BYTES);
    item.people = bytes_of(people, item.people.len + INBOX_PERSON_BYTES);
    item.state = to;
    inbox_put(txn, bytes_of_text(DOCUMENT), &item);
    return rung(txn, step);
}

static int shown(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)state;
    return seen_by(txn, step, INBOX_SHOWN);
}

static int acknowledged(struct store_txn *txn, struct work_state *state, size_t step)
{
    (void)state;
    return seen_by(txn, step, INBOX_ACKNOWLEDGED);
}

/* node_prune.c: the first three that are left of the routine log */
static int pruned(struct store_txn *txn, struct work_state *state, size_t step)
{
    struct node_meta meta;
    struct entry_id id = {.incarnation = routine, .seq = 1};
    struct outlog_entry entry;
    (void)state;
    (void)step;
    int rc = meta_load(txn, &meta);
    while (rc == 0 && outlog_read(txn, &node_log_tables, &id, &entry) == ERR_NOT_FOUND) {
        id.seq++;
    }
    for (unsigned i = 0; rc == 0 && i < 3; i++, id.seq++) {
        uint8_t key[INCARNATION_BYTES + 8];
        memcpy(key, id.incarnation.b, INCARNATION_BYTES);
        put_be64(key + INCARNATION_BYTES, id.seq);
        store_delete(txn, NODE_ENTRIES, bytes_of(key, sizeof key));
    }
    if (rc == 0) {
        meta_put_pruned(txn, meta.pruned + 3);
    }
    return rc;
}

static const struct work_step steps[] = {
    {.name = "first start", .alone = born},
    {.name = "enrolled", .in_txn = enrolled},
    {.name = "session pair", .in_txn = session_pair},
    {.name = "report", .in_txn = report},
    {.name = "urgent report", .in_txn = urgent_report},
    {.name = "reports together", .in_txn = report, .with_next = true},
    {.name = "reports together", .in_txn = report, .with_next = true},
    {.name = "reports together", .in_txn = urgent_report, .with_next = true},
    {.name = "reports together", .in_txn = large_report, .with_next = true},
    {.name = "reports together", .in_txn = report},
    {.name = "zero report", .in_txn = zero_report},
    {.name = "acked", .in_txn = acked},
    {.name = "office span stored", .in_txn = office_first},
    {.name = "office applied", .in_txn = office_applied},
    {.name = "shown", .in_txn = shown},
    {.name = "acknowledged", .in_txn = acknowledged},
    {.name = "session pair", .in_txn = session_pair},
    {.name = "large report", .in_txn = large_report},
    {.name = "ack, report, pair together", .in_txn = acked, .with_next = true},
    {.name = "ack, report, pair together", .in_txn = report, .with_next = true},
    {.name = "ack, report, pair together", .in_txn = session_pair},
    {.name = "office span that overlaps", .in_txn = office_second},
    {.name = "office applied", .in_txn = office_applied_again},
    {.name = "receipted, backed up", .in_txn = receipted},
    {.name = "pruned", .in_txn = pruned},
    {.name = "report after pruning", .in_txn = report},
    {.name = "pruned and report together", .in_txn = pruned, .with_next = true},
    {.name = "pruned and report together", .in_txn = large_report},
    {.name = "report at the end", .in_txn = urgent_report},
};

/* ---- what holds in any state ---- */

static int wrong(struct err_ctx *err, const char *what, uint64_t seq)
{
    return err_set(err, ERR_FORMAT, "%s at %llu", what, (unsigned long long)seq);
}

/* The chain over what is left of a log, and that it ends where its record says. */
static int verify_log(struct store_txn *txn, const struct outlog *log, struct err_ctx *err)
{
    struct entry_id id = {.incarnation = log->incarnation, .seq = 1};
    struct outlog_entry entry;
    struct hash before = {{0}};
    bool known = true;  /* the hash before is */
    bool found = false; /* an entry was: only the front is pruned */
    int rc = ERR_NOT_FOUND;
    for (; id.seq <= log->last; id.seq++) {
        struct hash b;
        struct hash h;
        rc = outlog_read(txn, &node_log_tables, &id, &entry);
        if (rc == ERR_NOT_FOUND && !found && id.seq < log->receipt) {
            known = false;
            continue;
        }
        if (rc != 0) {
            return wrong(err, "an entry is missing", id.seq);
        }
        chain_body(entry.body, &b);
        chain_next(&before, &b, &id, entry.kind, &h);
        if (!hash_equal(&b, &entry.b) || (known && !hash_equal(&h, &entry.h))) {
            return wrong(err, "the chain does not hold", id.seq);
        }
        before = entry.h;
        known = true;
        found = true;
    }
    if (rc != 0 || !hash_equal(&before, &log->h_last)) {
        return wrong(err, "the log does not end where its record says", log->last);
    }
    id.seq = log->last + 1;
    bool good = outlog_read(txn, &node_log_tables, &id, &entry) == ERR_NOT_FOUND &&
                log->acked <= log->last && log->receipt <= log->acked;
    return good ? 0 : wrong(err, "an entry above the end, or an ack", log->last);
}

static int verify_keys(struct store_txn *txn, struct err_ctx *err)
{
    for (size_t step = 0; step < work_node.count; step++) {
        char key[16];
        struct key_record record;
        struct outlog log;
        struct outlog_entry entry;
        (void)snprintf(key, sizeof key, "key-%zu", step);
        int rc = key_load(txn, bytes_of_text(key), &record);
        if (rc == ERR_NOT_FOUND) {
            continue;
        }
        rc = rc != 0 ? rc : outlog_load(txn, &node_log_tables, &record.id.incarnation, &log);
        if (rc != 0 || record.id.seq > log.last) {
            return wrong(err, "a key names an entry that is not there", step);
        }
        rc = outlog_read(txn, &node_log_tables, &record.id, &entry);
        if (rc == 0 && !hash_equal(&entry.h, &record.h)) {
            return wrong(err, "a key names another entry", step);
        }
    }
    return 0;
}

static int verify_office(struct store_txn *txn, struct work_state *state, struct err_ctx *err)
{
    struct node_meta meta;
    struct hash h[OFFICE_ENTRIES + 1];
    int rc = meta_load(txn, &meta);
    office_chain(h);
    if (rc != 0 || meta.office_last > OFFICE_ENTRIES || meta.office_applied > meta.office_last ||
        !hash_equal(&meta.office_h, &h[meta.office_last])) {
        return wrong(err, "the office cursor", meta.office_last);
    }
    for (uint64_t seq = 1; rc == 0 && seq <= meta.office_last; seq++) {
        struct office_span span;
        struct span_header header;
        struct bytes payload;
        struct span_entry *entries = NULL;
        rc = office_find_span(txn, &(struct entry_id){office, seq}, &span);
        rc = rc != 0 ? rc : span_header_decode(span.frame, &header, &payload, err);
        rc = rc != 0 ? rc
                     : span_entries_decode(state->decoder, &header, payload, state->arena, &entries,
                                           err);
        if (rc == 0 &&
            (seq < header.first || seq - header.first >= header.count ||
             !bytes_equal(entries[seq - header.first].body, office_entries[seq - 1].body))) {
            rc = wrong(err, "an office entry is another", seq);
        }
        arena_reset(state->arena);
    }
    return rc;
}

static int verify_node(struct work_state *state, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct outlog log;
    int rc = store_read_begin(state->store, &txn, err);
    int found = rc != 0 ? rc : outlog_next(txn, &node_log_tables, NULL, &log);
    while (rc == 0 && found == 0) {
        struct incarnation after = log.incarnation;
        rc = verify_log(txn, &log, err);
        found = outlog_next(txn, &node_log_tables, &after, &log);
    }
    rc = rc != 0 || found == ERR_NOT_FOUND ? rc : found;
    rc = rc != 0 ? rc : verify_keys(txn, err);
    rc = rc != 0 ? rc : verify_office(txn, state, err);
    store_read_end(txn);
    return rc;
}

const struct work work_node = {.name = "node",
                               .steps = steps,
                               .count = sizeof steps / sizeof steps[0],
                               .prepare = prepare_node,
                               .open = open_node,
                               .close = close_node,
                               .store = store_of,
                               .digest = digest_node,
                               .verify = verify_node};
