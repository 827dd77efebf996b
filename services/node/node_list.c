/* node_list.c - what became of the reports: list, show, status. Reads only. */
#include "core/base/text.h"
#include "core/wire/report_json.h"
#include "node/node.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 1000
#define ID_TEXT_CAPACITY (HEX_CAPACITY(INCARNATION_BYTES) + 22u)
#define LANE_COUNT 2u

/* ---- state of one entry ---- */

struct notes {
    struct arena *arena;
    json_t *statuses, *refusals;
    bool refused; /* the whole entry */
};

static bool note_collect(void *arg, uint16_t kind, struct bytes body)
{
    struct notes *notes = arg;
    struct refusal refusal;
    if (kind != ENTRY_REFUSAL && kind != ENTRY_STATUS) {
        return true; /* of our own: changes_of */
    }
    arena_reset(notes->arena);
    if (kind == ENTRY_REFUSAL && refusal_decode(body, notes->arena, &refusal, NULL) == 0) {
        notes->refused = notes->refused || !refusal.has_subject;
    }
    (void)json_array_append_new(kind == ENTRY_REFUSAL ? notes->refusals : notes->statuses,
                                entry_body_to_json(kind, body, notes->arena));
    return true;
}

static const char *state_of(const struct outlog *log, uint64_t seq, bool refused)
{
    if (refused) {
        return "refused";
    }
    return seq <= log->receipt ? "receipted" : seq <= log->acked ? "received" : "waiting";
}

static bool is_report(uint16_t kind)
{
    return kind == ENTRY_REPORT || kind == ENTRY_ZERO;
}

/* ---- rows ---- */

static const char *id_text(const struct entry_id *id, char ret[ID_TEXT_CAPACITY])
{
    char hex[HEX_CAPACITY(INCARNATION_BYTES)];
    (void)snprintf(ret, ID_TEXT_CAPACITY, "%s-%llu",
                   hex_encode(hex, id->incarnation.b, INCARNATION_BYTES),
                   (unsigned long long)id->seq);
    return ret;
}

static json_t *identity_json(const struct entry_id *id, const struct outlog *log,
                             const struct outlog_entry *entry)
{
    char text[ID_TEXT_CAPACITY];
    char hex[HEX_CAPACITY(INCARNATION_BYTES)];
    return json_pack("{s:s, s:s, s:I, s:s, s:s, s:I}", "id", id_text(id, text), "incarnation",
                     hex_encode(hex, id->incarnation.b, INCARNATION_BYTES), "seq",
                     (json_int_t)id->seq, "lane", lane_name(log->lane), "kind",
                     entry_kind_name(entry->kind), "entered_ms", (json_int_t)entry->created_ms);
}

/* What a report or an amendment of one says. */
static bool contents_of(const struct outlog_entry *entry, struct arena *arena, struct report *ret)
{
    struct amendment amendment;
    if (entry->kind == ENTRY_AMENDMENT &&
        amendment_decode(entry->body, arena, &amendment, NULL) == 0) {
        *ret = amendment.report;
        return true;
    }
    return entry->kind == ENTRY_REPORT && report_decode(entry->body, arena, ret, NULL) == 0;
}

/* What a list shows of the body: no person's name. */
static void add_summary(json_t *row, const struct outlog_entry *entry, struct arena *arena)
{
    struct report report;
    struct zero_report zero;
    char day[DAY_TEXT_CAPACITY];
    arena_reset(arena);
    if (entry->erased) {
        (void)json_object_set_new(row, "erased", json_true());
    } else if (contents_of(entry, arena, &report)) {
        (void)json_object_set_new(row, "key",
                                  report.key.len > 0 ? json_text(report.key) : json_null());
        (void)json_object_set_new(row, "form", json_text(report.form));
        (void)json_object_set_new(row, "occurred_on",
                                  json_string(day_to_text(report.occurred_on, day)));
        (void)json_object_set_new(row, "subjects", json_integer((json_int_t)report.subject_count));
    } else if (entry->kind == ENTRY_ZERO &&
               zero_report_decode(entry->body, arena, &zero, NULL) == 0) {
        (void)json_object_set_new(row, "from", json_string(day_to_text(zero.from, day)));
        (void)json_object_set_new(row, "until", json_string(day_to_text(zero.until, day)));
    }
}

bool report_original(struct store_txn *txn, struct entry_id *id)
{
    struct outlog log;
    if (outlog_load(txn, &node_log_tables, &id->incarnation, &log) != 0 || id->seq < 2 ||
        id->seq - 1 > log.copies) {
        return false;
    }
    *id = (struct entry_id){log.predecessor.incarnation, log.predecessor.seq + id->seq - 1};
    return true;
}

/* What the province said of an entry, under whichever of its names. */
static int notes_of(struct store_txn *txn, const struct entry_id *id,
                    bool (*each)(void *arg, uint16_t kind, struct bytes body), void *arg)
{
    struct entry_id name = *id;
    int rc = note_each(txn, &name, each, arg);
    for (unsigned life = 0; rc == 0 && life < LIVES_MAX && report_original(txn, &name); life++) {
        rc = note_each(txn, &name, each, arg);
    }
    return rc;
}

/* State, and the notes themselves when `all`; else the last status. Takes nothing. */
static void add_state(json_t *row, struct store_txn *txn, const struct entry_id *id,
                      const struct outlog *log, struct arena *arena, bool all)
{
    struct notes notes = {.arena = arena, .statuses = json_array(), .refusals = json_array()};
    int rc = notes_of(txn, id, note_collect, &notes);
    const char *state = rc == 0 ? state_of(log, id->seq, notes.refused) : "unreadable";
    (void)json_object_set_new(row, "state", json_string(state));
    if (all) {
        (void)json_object_set(row, "statuses", notes.statuses);
        (void)json_object_set(row, "refusals", notes.refusals);
    } else {
        size_t count = json_array_size(notes.statuses);
        json_t *last = count == 0 ? NULL : json_array_get(notes.statuses, count - 1);
        (void)(last == NULL ? json_object_set_new(row, "status", json_null())
                            : json_object_set(row, "status", last));
        if (json_array_size(notes.refusals) > 0) {
            (void)json_object_set(row, "refusal", json_array_get(notes.refusals, 0));
        }
    }
    json_decref(notes.statuses);
    json_decref(notes.refusals);
}

/* The newest amendment's contents in place of its own. */
static void amended_body(struct store_txn *txn, const struct changes *changes,
                         struct outlog_entry *entry)
{
    struct entry_id id;
    struct outlog_entry newest;
    if (changes->amendments > 0 &&
        outlog_follow(txn, &node_log_tables, &changes->amendment.id, &id) == 0 &&
        outlog_read(txn, &node_log_tables, &id, &newest) == 0) {
        entry->kind = newest.kind;
        entry->body = newest.body;
        entry->erased = newest.erased;
    }
}

/* How often it was amended, whether it is withdrawn, and how far the newest of these has come. */
static void changes_into(json_t *row, struct store_txn *txn, const struct changes *changes,
                         struct arena *arena)
{
    const struct report_change *newest =
        changes->withdrawn ? &changes->withdrawal : &changes->amendment;
    struct outlog log;
    struct outlog_entry entry;
    struct entry_id id;
    if (changes->amendments > 0) {
        (void)json_object_set_new(row, "amendments", json_integer((json_int_t)changes->amendments));
    }
    if (changes->withdrawn) {
        (void)json_object_set_new(row, "withdrawn", json_true());
    }
    if ((changes->amendments == 0 && !changes->withdrawn) ||
        outlog_follow(txn, &node_log_tables, &newest->id, &id) != 0 ||
        outlog_load(txn, &node_log_tables, &id.incarnation, &log) != 0 ||
        outlog_read(txn, &node_log_tables, &id, &entry) != 0) {
        return;
    }
    json_t *change = identity_json(&id, &log, &entry);
    if (change != NULL) {
        add_state(change, txn, &id, &log, arena, false);
        (void)json_object_set_new(row, "change", change);
    }
}

/* ---- list ---- */

/* Both lanes, read from their ends, through all lives of their logs. */
struct listing {
    struct store_txn *txn;
    struct outlog logs[LANE_COUNT]; /* the life at hand */
    uint64_t at[LANE_COUNT];        /* next seq in it to look at; 0: none left */
};

static int listing_open(struct store_txn *txn, struct listing *ret)
{
    static const enum lane lanes[LANE_COUNT] = {LANE_URGENT, LANE_ROUTINE};
    ret->txn = txn;
    for (size_t i = 0; i < LANE_COUNT; i++) {
        int rc = node_log_load(txn, lanes[i], &ret->logs[i]);
        if (rc != 0) {
            return rc;
        }
        ret->at[i] = ret->logs[i].last;
    }
    return 0;
}

/* The newest report at or before at[i]; 0 and *ret, or ERR_NOT_FOUND. Moves there. */
static int listing_look(struct listing *listing, size_t i, struct outlog_entry *ret)
{
    struct outlog *log = &listing->logs[i];
    for (;;) {
        struct entry_id id = {log->incarnation, listing->at[i]};
        int rc =
            id.seq == 0 ? ERR_NOT_FOUND : outlog_read(listing->txn, &node_log_tables, &id, ret);
        if (rc == 0 && is_report(ret->kind)) {
            return 0;
        }
        if (rc == 0) {
            listing->at[i]--;
        } else if (rc == ERR_NOT_FOUND && !incarnation_is_zero(&log->predecessor.incarnation)) {
            struct incarnation before = log->predecessor.incarnation;
            rc = outlog_load(listing->txn, &node_log_tables, &before, log);
            listing->at[i] = log->last;
        }
        if (rc != 0) {
            listing->at[i] = 0;
            return rc; /* deleted: nothing older is there either */
        }
    }
}

/* The newest of both logs. False at the end. */
static bool listing_next(struct listing *listing, size_t *ret_log, struct outlog_entry *ret)
{
    struct outlog_entry newest[LANE_COUNT];
    size_t best = LANE_COUNT;
    for (size_t i = 0; i < LANE_COUNT; i++) {
        if (listing_look(listing, i, &newest[i]) == 0 &&
            (best == LANE_COUNT || newest[i].created_ms > newest[best].created_ms)) {
            best = i;
        }
    }
    if (best == LANE_COUNT) {
        return false;
    }
    *ret = newest[best];
    *ret_log = best;
    return true;
}

static json_t *row_json(struct node *node, struct listing *listing, size_t log,
                        const struct outlog_entry *entry)
{
    struct entry_id id = {listing->logs[log].incarnation, listing->at[log]};
    json_t *row = identity_json(&id, &listing->logs[log], entry);
    struct outlog_entry shown = *entry;
    struct changes changes;
    if (row != NULL && changes_of(listing->txn, &id, &changes) == 0) {
        amended_body(listing->txn, &changes, &shown);
        changes_into(row, listing->txn, &changes, node->arena);
    }
    if (row != NULL) {
        add_summary(row, &shown, node->arena);
        add_state(row, listing->txn, &id, &listing->logs[log], node->arena, false);
    }
    return row;
}

/* Digits only, and no more than fit; *at goes behind them. */
static bool seq_parse(const char **at, uint64_t *ret)
{
    const char *from = *at;
    uint64_t value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        uint64_t digit = (uint64_t)(**at - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return *at != from;
}

/* "INC-SEQ.INC-SEQ": where the next page begins in both lanes. */
static bool after_parse(const char *text, struct listing *listing)
{
    for (size_t i = 0; i < LANE_COUNT; i++) {
        struct incarnation incarnation;
        struct outlog log;
        uint64_t seq = 0;
        if (strlen(text) < 2 * INCARNATION_BYTES ||
            !hex_decode(incarnation.b, INCARNATION_BYTES, bytes_of(text, 2 * INCARNATION_BYTES))) {
            return false;
        }
        text += 2 * INCARNATION_BYTES;
        if (*text++ != '-' || !seq_parse(&text, &seq) ||
            outlog_load(listing->txn, &node_log_tables, &incarnation, &log) != 0 ||
            log.lane != listing->logs[i].lane) {
            return false;
        }
        listing->logs[i] = log;
        listing->at[i] = seq < log.last ? seq : log.last;
        if (*text++ != (i + 1 < LANE_COUNT ? '.' : '\0')) {
            return false;
        }
    }
    return true;
}

static json_t *next_json(struct listing *listing)
{
    struct outlog_entry entry;
    size_t lane = 0;
    char one[ID_TEXT_CAPACITY];
    char other[ID_TEXT_CAPACITY];
    char text[2 * ID_TEXT_CAPACITY];
    if (!listing_next(listing, &lane, &entry)) {
        return json_pack("{s:n}", "next");
    }
    const struct entry_id at[LANE_COUNT] = {{listing->logs[0].incarnation, listing->at[0]},
                                            {listing->logs[1].incarnation, listing->at[1]}};
    (void)snprintf(text, sizeof text, "%s.%s", id_text(&at[0], one), id_text(&at[1], other));
    return json_pack("{s:s}", "next", text);
}

static void list_rows(struct node *node, struct listing *listing, struct door_call *call,
                      json_int_t limit)
{
    struct outlog_entry entry;
    size_t log = 0;
    while (limit > 0 && listing_next(listing, &log, &entry)) {
        door_call_row(call, row_json(node, listing, log, &entry));
        listing->at[log]--;
        limit--;
    }
    door_call_done(call, next_json(listing));
}

/* The store as it is now; the call fails when there is none to read. */
static bool open_store(struct node *node, struct door_call *call, struct store_txn **ret)
{
    struct err_ctx err = {""};
    int rc = store_read_begin(node->store, ret, &err);
    if (rc != 0) {
        node_fail(call, rc, &err);
    }
    return rc == 0;
}

void report_list(struct node *node, struct door_call *call, const json_t *args)
{
    struct store_txn *txn = NULL;
    struct listing listing;
    const json_t *wanted = json_object_get(args, "limit");
    json_int_t limit = wanted == NULL ? LIMIT_DEFAULT : json_integer_value(wanted);
    const char *after = node_arg(args, "after");
    if (!node->enrolled) {
        door_call_done(call, json_pack("{s:n}", "next"));
        return;
    }
    if (!open_store(node, call, &txn)) {
        return;
    }
    int rc = listing_open(txn, &listing);
    if (rc != 0) {
        node_fail(call, rc, NULL);
    } else if (after != NULL && !after_parse(after, &listing)) {
        door_call_fail(call, ERR_VALUE, EXIT_DATA, "after: give \"next\" of the last answer");
    } else {
        list_rows(node, &listing, call, limit < LIMIT_MAX ? limit : LIMIT_MAX);
    }
    store_read_end(txn);
}

/* ---- one report ---- */

/* Which log's name begins like this; false unless it is one only. */
static bool log_of_prefix(struct store_txn *txn, const char *text, size_t digits,
                          struct incarnation *ret)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    char hex[HEX_CAPACITY(INCARNATION_BYTES)];
    size_t found = 0;
    int rc = store_cursor_open(txn, NODE_LOGS, &cursor);
    rc = rc == 0 ? store_seek(cursor, (struct bytes){0}, &key, &value) : rc;
    for (; rc == 0; rc = store_next(cursor, &key, &value)) {
        if (key.len == INCARNATION_BYTES &&
            strncmp(hex_encode(hex, key.data, INCARNATION_BYTES), text, digits) == 0) {
            memcpy(ret->b, key.data, INCARNATION_BYTES);
            found++;
        }
    }
    store_cursor_close(cursor);
    return found == 1;
}

/* "1f3a-12" or "1f3a/12": a prefix of one log's incarnation and a seq. */
static bool id_parse(struct store_txn *txn, const char *text, struct entry_id *ret)
{
    size_t digits = strspn(text, "0123456789abcdef");
    const char *number = text + digits + 1;
    uint64_t seq = 0;
    if (digits == 0 || digits > 2 * INCARNATION_BYTES ||
        (text[digits] != '-' && text[digits] != '/') || !seq_parse(&number, &seq) ||
        *number != '\0') {
        return false;
    }
    ret->seq = seq;
    return log_of_prefix(txn, text, digits, &ret->incarnation);
}

int report_find(struct store_txn *txn, const char *text, struct entry_id *ret)
{
    struct key_record record;
    struct entry_id id;
    size_t len = strlen(text);
    if (len > 0 && len <= KEY_BYTES_MAX && key_load(txn, bytes_of(text, len), &record) == 0) {
        id = record.id;
    } else if (!id_parse(txn, text, &id)) {
        return ERR_NOT_FOUND;
    }
    return outlog_follow(txn, &node_log_tables, &id, ret);
}

static json_t *body_json(const struct outlog_entry *entry, struct arena *arena)
{
    struct report report;
    if (entry->erased) {
        return json_null();
    }
    arena_reset(arena);
    if (entry->kind == ENTRY_AMENDMENT && contents_of(entry, arena, &report)) {
        return report_to_json(&report);
    }
    return entry_body_to_json(entry->kind, entry->body, arena);
}

/* What was said of it later; with its body: what holds now, and what it was filed with. */
static void show_changes(struct node *node, struct store_txn *txn, const struct entry_id *id,
                         struct outlog_entry *entry, json_t *row, bool body)
{
    struct changes changes = {.amendments = 0};
    bool known = changes_of(txn, id, &changes) == 0;
    if (known) {
        changes_into(row, txn, &changes, node->arena);
    }
    if (body && known && changes.amendments > 0) {
        (void)json_object_set_new(row, "first", body_json(entry, node->arena));
        amended_body(txn, &changes, entry);
    }
    if (body) {
        (void)json_object_set_new(row, "report", body_json(entry, node->arena));
    }
}

static void show(struct node *node, struct listing *listing, struct door_call *call,
                 const json_t *args, bool body)
{
    const char *text = node_arg(args, "id");
    struct entry_id id;
    struct outlog log = {.last = 0};
    struct outlog_entry entry = {.kind = 0};
    int rc = report_find(listing->txn, text == NULL ? "" : text, &id);
    if (rc == 0) {
        rc = outlog_load(listing->txn, &node_log_tables, &id.incarnation, &log);
    }
    if (rc == 0) {
        rc = outlog_read(listing->txn, &node_log_tables, &id, &entry);
    }
    if (rc == 0 && !is_report(entry.kind)) {
        rc = ERR_NOT_FOUND;
    }
    json_t *row = rc == 0 ? identity_json(&id, &log, &entry) : NULL;
    if (row == NULL) {
        struct err_ctx err = {""};
        err_set(&err, rc, rc == ERR_NOT_FOUND ? "no such report here" : "cannot be read");
        node_fail(call, rc == 0 ? ERR_NOMEM : rc, &err);
        return;
    }
    char hash[HEX_CAPACITY(HASH_BYTES)];
    (void)json_object_set_new(row, "hash", json_string(hex_encode(hash, entry.h.b, HASH_BYTES)));
    add_state(row, listing->txn, &id, &log, node->arena, true);
    show_changes(node, listing->txn, &id, &entry, row, body);
    door_call_done(call, row);
}

static void with_listing(struct node *node, struct door_call *call, const json_t *args,
                         void (*use)(struct node *, struct listing *, struct door_call *,
                                     const json_t *, bool),
                         bool body)
{
    struct store_txn *txn = NULL;
    struct listing listing;
    if (!node->enrolled) {
        door_call_fail(call, ERR_NOT_FOUND, EXIT_DATA, "not enrolled yet: there are no reports");
        return;
    }
    if (!open_store(node, call, &txn)) {
        return;
    }
    int rc = listing_open(txn, &listing);
    if (rc != 0) {
        node_fail(call, rc, NULL);
    } else {
        use(node, &listing, call, args, body);
    }
    store_read_end(txn);
}

void report_show(struct node *node, struct door_call *call, const json_t *args)
{
    with_listing(node, call, args, show, true);
}

/* ---- totals ---- */

struct totals {
    json_int_t accepted, waiting, received, receipted, refused;
    int64_t oldest_ms; /* entered; 0: none waits */
};

static bool note_refuses(void *arg, uint16_t kind, struct bytes body)
{
    struct notes *notes = arg;
    struct refusal refusal;
    arena_reset(notes->arena);
    if (kind == ENTRY_REFUSAL && refusal_decode(body, notes->arena, &refusal, NULL) == 0) {
        notes->refused = notes->refused || !refusal.has_subject;
    }
    return !notes->refused;
}

static void count_log(struct node *node, struct listing *listing, size_t log, struct totals *totals)
{
    struct outlog_entry entry;
    const struct outlog *state = &listing->logs[log];
    for (; listing_look(listing, log, &entry) == 0; listing->at[log]--) {
        struct entry_id id = {state->incarnation, listing->at[log]};
        struct notes notes = {.arena = node->arena};
        totals->accepted++;
        if (notes_of(listing->txn, &id, note_refuses, &notes) == 0 && notes.refused) {
            totals->refused++;
        } else if (id.seq <= state->receipt) {
            totals->receipted++;
        } else if (id.seq <= state->acked) {
            totals->received++;
        } else {
            totals->waiting++;
            if (totals->oldest_ms == 0 || entry.created_ms < totals->oldest_ms) {
                totals->oldest_ms = entry.created_ms;
            }
        }
    }
}

static void show_totals(struct node *node, struct listing *listing, struct door_call *call,
                        const json_t *args, bool body)
{
    struct totals totals = {0};
    (void)args;
    (void)body;
    for (size_t i = 0; i < LANE_COUNT; i++) {
        count_log(node, listing, i, &totals);
    }
    struct node_meta meta;
    if (meta_load(listing->txn, &meta) == 0) { /* what was deleted had its receipt */
        totals.accepted += (json_int_t)meta.pruned;
        totals.receipted += (json_int_t)meta.pruned;
    }
    int64_t age = totals.oldest_ms == 0 ? 0 : host_wall_ms() - totals.oldest_ms;
    door_call_done(call,
                   json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "accepted", totals.accepted,
                             "waiting", totals.waiting, "received", totals.received, "receipted",
                             totals.receipted, "refused", totals.refused, "oldest_waiting_ms",
                             totals.oldest_ms == 0 ? json_null() : json_integer(age)));
}

void report_status(struct node *node, struct door_call *call, const json_t *args)
{
    if (node_arg(args, "id") != NULL) {
        with_listing(node, call, args, show, false);
    } else if (!node->enrolled) {
        door_call_done(call,
                       json_pack("{s:i, s:i, s:i, s:i, s:i, s:n}", "accepted", 0, "waiting", 0,
                                 "received", 0, "receipted", 0, "refused", 0, "oldest_waiting_ms"));
    } else {
        with_listing(node, call, args, show_totals, false);
    }
}
