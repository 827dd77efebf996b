/* power_aggregator.c - an aggregator's life: spans, sessions, acts of officers, and the views
 * caught up by the real applier. What nodes and officers say is told to the fold in memory first
 * (fold_story.h), which makes the bytes; here they go into the journal. */
#include "fault/power_work.h"

#include "unit/core/cases/fold_story.h"

#include "aggregator/aggregator.h"

#define MAP_BYTES (32u << 20)

struct work_state {
    struct aggregator aggregator;
    struct conf_aggregator conf;
    struct journal_reader *reader;
    char root[4096];
};

static struct story *story;
static const struct incarnation own_log = {{5}}, node_log = {{9}};
static char province[] = "16";
static char regency[] = "16.07";

/* Where the story's records stand, by what they are. */
enum told {
    TOLD_OWN_GENESIS,
    TOLD_RING,
    TOLD_ENROLMENT,
    TOLD_ENROLMENT_OTHER,
    TOLD_GENESIS,
    TOLD_REPORT,
    TOLD_REPORT_AGAIN,
    TOLD_PROPOSED,
    TOLD_COUNTERSIGNED,
    TOLD_STORED,
    TOLD_VERIFIED,
    TOLD_MANY, /* eight reports of three persons each */
    TOLD_REVOKED = TOLD_MANY + 8,
    TOLD_LAST,
    TOLD_COUNT
};

static void tell_genesis(bool own)
{
    uint8_t body[512];
    size_t len = 0;
    struct genesis genesis = {.direction = own ? DIRECTION_OWN : DIRECTION_UP,
                              .lane = own ? LANE_JOURNAL : LANE_URGENT,
                              .owner = bytes_of_text(own ? province : regency),
                              .counterpart = bytes_of_text(province),
                              .enrolment = own ? 0 : NODE_07,
                              .created_ms = NOW_MS};
    assert_int_equal(genesis_encode(&genesis, body, sizeof body, &len, NULL), 0);
    if (own) {
        from_province(story, ENTRY_GENESIS, bytes_of(body, len));
    } else {
        from_node(story, regency, ENTRY_GENESIS, bytes_of(body, len));
    }
}

static void tell_report(const char *key, const char *nip, size_t subjects)
{
    put_report(story, (struct filed){.owner = regency,
                                     .key = key,
                                     .nip = nip,
                                     .employed_in = regency,
                                     .subjects = subjects});
}

static void tell_rung(const char *document, enum rung_kind kind)
{
    uint8_t body[256];
    size_t len = 0;
    struct rung rung = {.document = bytes_of_text(document), .rung = kind, .at_ms = NOW_MS};
    assert_int_equal(rung_encode(&rung, body, sizeof body, &len, NULL), 0);
    from_node(story, regency, ENTRY_RUNG, bytes_of(body, len));
}

static void tell_document(void)
{
    static struct drafted drafted;
    struct case_name name = only_case(story);
    struct document wanted = recommendation();
    assert_int_equal(draft(story, &name, &wanted, &drafted, NULL), 0);
    propose(story, &drafted, "sri", &story->sri);
    accepted(story);
    countersign(story, &drafted, "budi", &story->budi);
    accepted(story);
    tell_rung(drafted.id, RUNG_KIND_STORED);
    tell_rung(drafted.id, RUNG_KIND_VERIFIED);
}

static void tell(void)
{
    static char keys[8][8];
    void *state = NULL;
    if (story != NULL) {
        return;
    }
    (void)story_open(&state);
    story = state;
    tell_genesis(true);
    begin(story);
    tell_genesis(false);
    tell_report("a", NIP, 1);
    tell_report("b", NIP, 1);
    tell_document();
    for (unsigned i = 0; i < 8; i++) {
        char nip[20];
        (void)snprintf(keys[i], sizeof keys[i], "m%u", i);
        (void)snprintf(nip, sizeof nip, "19820314200604%02u07", i + 20);
        tell_report(keys[i], nip, 3);
    }
    put_revocation(story, NODE_03);
    accepted(story);
    tell_report("z", NIP, 1);
    assert_int_equal(story->count, TOLD_COUNT);
}

/* ---- life ---- */

static void on_wake(void *arg)
{
    (void)arg;
}

static void close_aggregator(struct work_state *state)
{
    if (state == NULL) {
        return;
    }
    struct aggregator *aggregator = &state->aggregator;
    apply_stop(aggregator);
    store_close(aggregator->views);
    store_close(aggregator->journal);
    span_builder_free(aggregator->own_builder);
    if (aggregator->apply_wake != NULL) {
        loop_wake_free(aggregator->apply_wake);
    }
    if (aggregator->loop != NULL) {
        loop_free(aggregator->loop);
    }
    journal_reader_free(state->reader);
    free(state);
}

/* main.c: open_stores */
static int open_stores(struct aggregator *aggregator, struct err_ctx *err)
{
    const char *root = aggregator->conf->store;
    char path[4096 + 16];
    struct store_config config = {.path = path,
                                  .tables = journal_table_names,
                                  .table_count = JOURNAL_TABLE_COUNT,
                                  .map_bytes = MAP_BYTES,
                                  .format = JOURNAL_FORMAT};
    int rc = folder_make(root, err);
    (void)snprintf(path, sizeof path, "%s/journal", root);
    rc = rc != 0 ? rc : store_open(&config, &aggregator->journal, err);
    (void)snprintf(path, sizeof path, "%s/views", root);
    config.tables = view_table_names;
    config.table_count = VIEW_TABLE_COUNT;
    config.format = VIEWS_FORMAT;
    return rc != 0 ? rc : store_open(&config, &aggregator->views, err);
}

static int open_aggregator(const char *folder, struct work_state **ret, struct err_ctx *err)
{
    struct work_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return ERR_NOMEM;
    }
    struct aggregator *aggregator = &state->aggregator;
    (void)snprintf(state->root, sizeof state->root, "%s/store", folder);
    state->conf.store = state->root;
    state->conf.province = province;
    aggregator->conf = &state->conf;
    aggregator->incarnation = own_log;
    aggregator->fold = story->config;
    aggregator->log_key = story->sri.public_key;
    memcpy(aggregator->log_secret, story->sri.secret, SECRET_BYTES);
    aggregator->own_builder = span_builder_new();
    state->reader = journal_reader_new();
    int rc = aggregator->own_builder == NULL || state->reader == NULL
                 ? ERR_NOMEM
                 : loop_new(&aggregator->loop, err);
    if (rc == 0) {
        aggregator->apply_wake = loop_wake_new(aggregator->loop, on_wake, NULL);
        rc = aggregator->apply_wake == NULL ? ERR_NOMEM : open_stores(aggregator, err);
    }
    if (rc != 0) {
        close_aggregator(state);
        return rc;
    }
    *ret = state;
    return 0;
}

static struct store *store_of(struct work_state *state)
{
    return state->aggregator.journal;
}

static int digest_aggregator(struct work_state *state, struct hash *ret, struct err_ctx *err)
{
    memset(ret, 0, sizeof *ret);
    int rc = work_digest(state->aggregator.journal, JOURNAL_TABLE_COUNT, ret, err);
    return rc != 0 ? rc : work_digest(state->aggregator.views, VIEW_TABLE_COUNT, ret, err);
}

/* ---- transactions ---- */

static int born_run(struct store_txn *txn, void *arg)
{
    struct aggregator *aggregator = arg;
    struct journal_meta meta;
    int rc = journal_load(txn, &meta);
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    const struct journal_birth birth = {.aggregator = own_log,
                                        .province = bytes_of_text(province),
                                        .log_key = aggregator->log_key,
                                        .log_secret = aggregator->log_secret,
                                        .now_ms = NOW_MS};
    return journal_born(txn, &birth);
}

static int born(struct work_state *state, struct err_ctx *err)
{
    return store_apply(state->aggregator.journal, born_run, &state->aggregator, err);
}

/* own.c */
static int own(struct store_txn *txn, struct work_state *state, size_t step, enum told told)
{
    const struct fold_input *input = &story->journal[told].input;
    const struct span_entry entry = {.kind = input->kind, .body = input->body};
    const struct journal_own put = {.entries = &entry,
                                    .count = 1,
                                    .log_secret = state->aggregator.log_secret,
                                    .builder = state->aggregator.own_builder,
                                    .now_ms = work_now_ms(step)};
    uint64_t position = 0;
    uint64_t seq = 0;
    return journal_put_own(txn, &put, &position, &seq);
}

#define OWN_STEP(name, told)                                                                       \
    static int name(struct store_txn *txn, struct work_state *state, size_t step)                  \
    {                                                                                              \
        return own(txn, state, step, told);                                                        \
    }
OWN_STEP(ring_entry, TOLD_RING)
OWN_STEP(enrolment_entry, TOLD_ENROLMENT)
OWN_STEP(enrolment_other, TOLD_ENROLMENT_OTHER)
OWN_STEP(proposed, TOLD_PROPOSED)
OWN_STEP(countersigned, TOLD_COUNTERSIGNED)
OWN_STEP(revoked, TOLD_REVOKED)

/* The node's entries in order of seq; record index of each. */
static const enum told node_told[] = {
    TOLD_GENESIS,  TOLD_REPORT,   TOLD_REPORT_AGAIN, TOLD_STORED,   TOLD_VERIFIED,
    TOLD_MANY,     TOLD_MANY + 1, TOLD_MANY + 2,     TOLD_MANY + 3, TOLD_MANY + 4,
    TOLD_MANY + 5, TOLD_MANY + 6, TOLD_MANY + 7,     TOLD_LAST};
#define NODE_ENTRIES_TOLD (sizeof node_told / sizeof node_told[0])

static struct span_entry node_entry(uint64_t seq)
{
    const struct fold_input *input = &story->journal[node_told[seq - 1]].input;
    return (struct span_entry){.kind = input->kind, .body = input->body};
}

static void node_chain(struct hash h[NODE_ENTRIES_TOLD + 1])
{
    memset(&h[0], 0, sizeof h[0]);
    for (uint64_t seq = 1; seq <= NODE_ENTRIES_TOLD; seq++) {
        struct entry_id id = {.incarnation = node_log, .seq = seq};
        struct span_entry entry = node_entry(seq);
        struct hash b;
        chain_body(entry.body, &b);
        chain_next(&h[seq - 1], &b, &id, entry.kind, &h[seq]);
    }
}

/* net.c: a span of the node, of which `skip` entries are there already */
static int span(struct store_txn *txn, struct work_state *state, size_t step, uint64_t first,
                uint64_t last, uint32_t skip)
{
    struct span_builder *builder = state->aggregator.own_builder;
    struct hash h[NODE_ENTRIES_TOLD + 1];
    struct signature head = {{2}};
    struct bytes frame;
    node_chain(h);
    span_builder_start(builder, &node_log, first, &h[first - 1]);
    for (uint64_t seq = first; seq <= last; seq++) {
        const struct span_entry entry = node_entry(seq);
        int rc = span_builder_add(builder, &entry, SPAN_RAW_BYTES_MAX);
        if (rc != 0) {
            return rc;
        }
    }
    int rc = span_builder_finish(builder, SPAN_RAW, &head, &frame, NULL);
    const struct span_store store = {.incarnation = node_log,
                                     .first_new = first + skip,
                                     .last = last,
                                     .skip = skip,
                                     .h_before = h[first + skip - 1],
                                     .h_last = h[last],
                                     .is_new_log = first == 1,
                                     .lane = LANE_URGENT};
    const struct journal_span put = {.store = &store,
                                     .frame = frame,
                                     .enrolment = NODE_07,
                                     .owner = regency,
                                     .received_ms = work_now_ms(step)};
    return rc != 0 ? rc : journal_put_span(txn, &put);
}

#define SPAN_STEP(name, first, last, skip)                                                         \
    static int name(struct store_txn *txn, struct work_state *state, size_t step)                  \
    {                                                                                              \
        return span(txn, state, step, first, last, skip);                                          \
    }
SPAN_STEP(span_first, 1, 2, 0)
SPAN_STEP(span_overlaps, 2, 3, 1)
SPAN_STEP(span_rungs, 4, 5, 0)
SPAN_STEP(span_many, 6, 11, 0)
SPAN_STEP(span_more, 12, 13, 0)
SPAN_STEP(span_last, 14, 14, 0)

static int session_stored(struct store_txn *txn, struct work_state *state, size_t step)
{
    struct session_memory memory = {.has_accepted = true, .past_count = 2};
    (void)state;
    memset(&memory.accepted, (int)step, sizeof memory.accepted);
    memset(memory.past, (int)step - 1, 2 * sizeof memory.past[0]);
    journal_put_session(txn, NODE_07, &memory);
    return 0;
}

/* net.c: the node has all of its office log */
static int office_acked(struct store_txn *txn, struct work_state *state, size_t step)
{
    struct incarnation office;
    struct outlog log;
    (void)state;
    memset(&office, 60 + (int)NODE_07, sizeof office);
    int rc = outlog_load(txn, &journal_office_tables, &office, &log);
    if (rc == 0) {
        log.acked = log.last;
        log.acked_ms = work_now_ms(step);
        outlog_save(txn, &journal_office_tables, &log);
    }
    return rc;
}

/* apply.c: outputs into the journal, then cases and position into the views */
static int caught_up(struct work_state *state, struct err_ctx *err)
{
    int rc = apply_open(&state->aggregator, err);
    if (rc == 0 && apply_is_full(&state->aggregator)) {
        rc = ERR_FULL;
    }
    apply_stop(&state->aggregator);
    return rc;
}

static const struct work_step steps[] = {
    {.name = "first start", .alone = born},
    {.name = "key ring", .in_txn = ring_entry},
    {.name = "enrolments together", .in_txn = enrolment_entry, .with_next = true},
    {.name = "enrolments together", .in_txn = enrolment_other},
    {.name = "views: nodes", .alone = caught_up},
    {.name = "session memory", .in_txn = session_stored},
    {.name = "span", .in_txn = span_first},
    {.name = "views: a new case", .alone = caught_up},
    {.name = "span that overlaps, session", .in_txn = span_overlaps, .with_next = true},
    {.name = "span that overlaps, session", .in_txn = session_stored},
    {.name = "proposed", .in_txn = proposed},
    {.name = "views: a merge and a draft", .alone = caught_up},
    {.name = "countersigned", .in_txn = countersigned},
    {.name = "views: a document", .alone = caught_up},
    {.name = "office log acked", .in_txn = office_acked},
    {.name = "span, ack, session together", .in_txn = span_rungs, .with_next = true},
    {.name = "span, ack, session together", .in_txn = office_acked, .with_next = true},
    {.name = "span, ack, session together", .in_txn = session_stored},
    {.name = "views: rungs", .alone = caught_up},
    {.name = "spans together", .in_txn = span_many, .with_next = true},
    {.name = "spans together", .in_txn = span_more},
    {.name = "views: many cases", .alone = caught_up},
    {.name = "revoked", .in_txn = revoked},
    {.name = "span at the end", .in_txn = span_last},
    {.name = "views: all", .alone = caught_up},
    {.name = "session memory", .in_txn = session_stored},
};

/* ---- what holds in any state ---- */

static int wrong(struct err_ctx *err, const char *what, uint64_t at)
{
    return err_set(err, ERR_FORMAT, "%s at %llu", what, (unsigned long long)at);
}

struct end {
    uint64_t last;
    struct hash h;
};

/* One entry more of a log: the next seq, and the chain holds. */
static int follow(struct end *end, const struct journal_entry *entry)
{
    struct hash b;
    struct hash h;
    chain_body(entry->body, &b);
    chain_next(&end->h, &b, &entry->id, entry->kind, &h);
    if (entry->id.seq != end->last + 1 || !hash_equal(&h, &entry->h)) {
        return ERR_CHAIN;
    }
    end->last++;
    end->h = h;
    return 0;
}

static int verify_entries(struct work_state *state, struct store_txn *txn, uint64_t next_position,
                          struct end *own_end, struct end *node_end, struct err_ctx *err)
{
    struct journal_entry entry;
    int rc = journal_reader_seek(state->reader, txn, 1);
    for (uint64_t position = 1; rc == 0 && position < next_position; position++) {
        rc = journal_reader_next(state->reader, &entry);
        if (rc != 0 || entry.position != position ||
            follow(entry.own ? own_end : node_end, &entry) != 0) {
            return wrong(err, "the journal does not hold", position);
        }
    }
    if (rc == 0 && journal_reader_next(state->reader, &entry) != ERR_NOT_FOUND) {
        rc = wrong(err, "the journal goes on past its end", next_position);
    }
    return rc;
}

struct cursor_seen {
    size_t count;
    struct journal_cursor last;
};

static void see_cursor(void *arg, const struct journal_cursor *cursor)
{
    struct cursor_seen *seen = arg;
    seen->count++;
    seen->last = *cursor;
}

/* Placements of reports up to `outputs_to` stand in our own log. */
static int verify_placed(struct work_state *state, struct store_txn *txn, uint64_t outputs_to,
                         struct err_ctx *err)
{
    for (uint64_t position = 1; position <= outputs_to; position++) {
        uint64_t first = 0;
        size_t count = 0;
        int rc = journal_get_placed(txn, position, &first, &count);
        for (size_t i = 0; rc == 0 && i < count; i++) {
            struct journal_entry entry;
            rc = journal_reader_seek(state->reader, txn, first + i);
            rc = rc != 0 ? rc : journal_reader_next(state->reader, &entry);
            if (rc != 0 || entry.kind != ENTRY_PLACEMENT) {
                return wrong(err, "a placement is missing", position);
            }
        }
        if (rc != 0 && rc != ERR_NOT_FOUND) {
            return wrong(err, "placements", position);
        }
    }
    return 0;
}

static int verify_office_log(struct store_txn *txn, const struct outlog *log, struct err_ctx *err)
{
    struct entry_id id = {.incarnation = log->incarnation};
    struct outlog_entry entry;
    struct hash before = {{0}};
    int rc = 0;
    for (id.seq = 1; rc == 0 && id.seq <= log->last; id.seq++) {
        struct hash b;
        struct hash h;
        rc = outlog_read(txn, &journal_office_tables, &id, &entry);
        if (rc == 0) {
            chain_body(entry.body, &b);
            chain_next(&before, &b, &id, entry.kind, &h);
            rc = hash_equal(&h, &entry.h) ? 0 : ERR_CHAIN;
            before = h;
        }
    }
    bool good = rc == 0 && hash_equal(&before, &log->h_last) && log->acked <= log->last;
    return good ? 0 : wrong(err, "an office log does not hold", log->last);
}

static int verify_office(struct store_txn *txn, struct err_ctx *err)
{
    struct outlog log;
    int rc = outlog_next(txn, &journal_office_tables, NULL, &log);
    while (rc == 0) {
        struct incarnation after = log.incarnation;
        rc = verify_office_log(txn, &log, err);
        rc = rc != 0 ? rc : outlog_next(txn, &journal_office_tables, &after, &log);
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int verify_views(struct work_state *state, uint64_t next_position, struct err_ctx *err)
{
    struct store_txn *views = NULL;
    uint64_t position = 0;
    int rc = store_read_begin(state->aggregator.views, &views, err);
    rc = rc != 0 ? rc : driver_position(views, &position);
    store_read_end(views);
    return rc == 0 && position >= next_position
               ? wrong(err, "the views are ahead of the journal", position)
               : rc;
}

static int verify_aggregator(struct work_state *state, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct journal_meta meta = {.next_position = 1};
    struct end own_end = {0};
    struct end node_end = {0};
    struct cursor_seen seen = {0};
    int rc = store_read_begin(state->aggregator.journal, &txn, err);
    rc = rc != 0 ? rc : journal_load(txn, &meta);
    bool unborn = rc == ERR_NOT_FOUND;
    rc = unborn ? 0 : rc;
    rc = rc != 0 ? rc : verify_entries(state, txn, meta.next_position, &own_end, &node_end, err);
    if (rc == 0 && (own_end.last != meta.own_last || !hash_equal(&own_end.h, &meta.own_h))) {
        rc = wrong(err, "our own log does not end where it says", meta.own_last);
    }
    rc = rc != 0 ? rc : journal_each_cursor(txn, see_cursor, &seen);
    if (rc == 0 && (seen.count > 1 || node_end.last != seen.last.last ||
                    !hash_equal(&node_end.h, &seen.last.h))) {
        rc = wrong(err, "the cursor is not where the log ends", node_end.last);
    }
    rc = rc != 0 ? rc : verify_placed(state, txn, meta.outputs_to, err);
    rc = rc != 0 ? rc : verify_office(txn, err);
    store_read_end(txn);
    return rc != 0 ? rc : verify_views(state, meta.next_position, err);
}

const struct work work_aggregator = {.name = "aggregator",
                                     .steps = steps,
                                     .count = sizeof steps / sizeof steps[0],
                                     .prepare = tell,
                                     .open = open_aggregator,
                                     .close = close_aggregator,
                                     .store = store_of,
                                     .digest = digest_aggregator,
                                     .verify = verify_aggregator};
