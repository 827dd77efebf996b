/* node_status.c - how the node is, in words and numbers. Holds nobody's data. */
#include "node/node_budget.h"
#include "node/node_bundle.h"

const char *denied_text(enum denied_code code)
{
    switch (code) {
    case DENIED_REVOKED:
        return "revoked: the province has shut this node out; it keeps what is handed in, and has "
               "to be enrolled again";
    case DENIED_UNKNOWN_KEY:
        return "the province does not know this node's key: the enrolment is not active yet, was "
               "revoked, or the card is of another province";
    case DENIED_CLONE:
        return "clone: another machine speaks with this node's keys, or did until a moment ago. "
               "This "
               "one keeps what is handed in, and takes over by itself once the other has been "
               "silent for long enough; if both are to live, enrol one of them anew";
    case DENIED_FORK:
        return "fork: what this node says of its past is not what the province has. It keeps what "
               "is "
               "handed in; the province's officer has to look why, and to enrol it anew";
    case DENIED_NO_SESSION:
        return "no session: the province has no session with this node; it connects again";
    case DENIED_WRONG_LOG:
        return "wrong log: under this enrolment the province has other logs than those of this "
               "store. Either a newer card was given out: accept that one; or this is not the "
               "store that the enrolment wrote to: put that one back, or enrol anew";
    case DENIED_VERSION:
        return "version: the province's program is too old or too new for this one";
    }
    return code == 0 ? NULL : "refused by the province, for a reason this version does not know";
}

static json_t *text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

static json_t *time_or_null(int64_t at_ms)
{
    return at_ms == 0 ? json_null() : json_integer((json_int_t)at_ms);
}

static json_t *log_json(const struct node *node, const struct outlog *log)
{
    char hex[HEX_CAPACITY(INCARNATION_BYTES)];
    const struct sender *sender = &node->sync.uplink.sender;
    uint64_t stuck = 0; /* the entry that it waits before, because it cannot be read */
    for (size_t i = 0; i < sender->log_count; i++) {
        if (incarnation_equal(&sender->logs[i].incarnation, &log->incarnation)) {
            stuck = sender->logs[i].stuck > sender->logs[i].sent ? sender->logs[i].stuck : 0;
        }
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "incarnation",
                     hex_encode(hex, log->incarnation.b, INCARNATION_BYTES), "lane",
                     lane_name(log->lane), "last", (json_int_t)log->last, "acked",
                     (json_int_t)log->acked, "receipt", (json_int_t)log->receipt, "backed_up_to",
                     (json_int_t)log->backed_up_to, "unreadable",
                     stuck == 0 ? json_null() : json_integer((json_int_t)stuck), "trouble",
                     text_or_null(stuck == 0 ? NULL : line_stuck_text));
}

/* Age of the oldest entry that waits, and when the last ack came. The logs that live: those that
 * are over have nothing that waits. */
static void logs_into(json_t *status, const struct node *node, struct store_txn *txn)
{
    struct outlog log;
    int64_t oldest_ms = 0;
    int64_t acked_ms = 0;
    json_t *list = json_array();
    int rc = txn == NULL ? ERR_NOT_FOUND : outlog_next(txn, &node->tables, NULL, &log);
    while (rc == 0) {
        struct entry_id id = {log.incarnation, log.acked + 1};
        struct outlog_entry entry;
        acked_ms = log.acked_ms > acked_ms ? log.acked_ms : acked_ms;
        if (outlog_lives(&log)) {
            (void)json_array_append_new(list, log_json(node, &log));
            if (outlog_read(txn, &node->tables, &id, &entry) == 0 &&
                (oldest_ms == 0 || entry.created_ms < oldest_ms)) {
                oldest_ms = entry.created_ms;
            }
        }
        struct incarnation after = log.incarnation;
        rc = outlog_next(txn, &node->tables, &after, &log);
    }
    int64_t age_ms = oldest_ms == 0 ? 0 : host_wall_ms() - oldest_ms;
    (void)json_object_set_new(status, "logs", list);
    (void)json_object_set_new(status, "oldest_ms",
                              oldest_ms == 0 ? json_null() : json_integer(age_ms));
    (void)json_object_set_new(status, "last_ack_ms", time_or_null(acked_ms));
}

static void inbox_into(json_t *status, struct store_txn *txn)
{
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    json_int_t total = 0;
    json_int_t open = 0;
    int rc = txn == NULL ? ERR_NOT_FOUND : store_cursor_open(txn, NODE_INBOX, &cursor);
    rc = rc == 0 ? store_seek(cursor, (struct bytes){NULL, 0}, &key, &value) : rc;
    for (; rc == 0; rc = store_next(cursor, &key, &value)) {
        struct inbox_item item;
        if (inbox_decode(value, &item) == 0) {
            total++;
            open += item.state < INBOX_ACKNOWLEDGED;
        }
    }
    store_cursor_close(cursor);
    (void)json_object_set_new(status, "inbox",
                              json_pack("{s:I, s:I}", "total", total, "unacknowledged", open));
}

static void store_into(json_t *status, const struct node *node)
{
    struct store_numbers numbers;
    struct err_ctx err = {""};
    store_numbers(node->store, &numbers);
    int latch = store_latch_reason(node->store, &err);
    uint64_t quota = node->conf->quota_mib << 20;
    if (quota == 0 || quota > numbers.map_bytes) {
        quota = numbers.map_bytes;
    }
    json_t *store = json_pack(
        "{s:I, s:I, s:b, s:o, s:b, s:o, s:I, s:I, s:I}", "used", (json_int_t)numbers.used_bytes,
        "quota", (json_int_t)quota, "full", (int)numbers.full, "full_since_ms",
        time_or_null(numbers.full ? node->full_since_ms : 0), "latched", latch != 0, "reason",
        latch == 0 ? json_null() : json_string(err_peek(&err, latch)), "commits",
        (json_int_t)numbers.commits, "commands", (json_int_t)numbers.commands, "last_commit_us",
        (json_int_t)numbers.last_commit_us);
    (void)json_object_set_new(status, "store", store);
}

static const char *const trouble_names[TROUBLE_COUNT] = {
#define TROUBLE_X(name, text) [name] = (text),
    TROUBLE_LIST(TROUBLE_X)
#undef TROUBLE_X
};

static void counters_into(json_t *status, const struct node_counters *counters)
{
    json_t *all = json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "entries_deleted",
        (json_int_t)counters->entries_deleted, "reports_accepted",
        (json_int_t)counters->reports_accepted, "reports_refused",
        (json_int_t)counters->reports_refused, "reports_repeated",
        (json_int_t)counters->reports_repeated, "frames_in", (json_int_t)counters->frames_in,
        "frames_out", (json_int_t)counters->frames_out, "spans_out",
        (json_int_t)counters->spans_out, "office_entries", (json_int_t)counters->office_entries,
        "connects", (json_int_t)counters->connects, "wire_bytes_out",
        (json_int_t)counters->wire_bytes_out, "wire_bytes_in", (json_int_t)counters->wire_bytes_in);
    for (size_t i = 0; i < ALARM_COUNT; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "alarm_%s", alarm_name((enum alarm)i));
        (void)json_object_set_new(all, name, json_integer((json_int_t)counters->alarms[i]));
    }
    for (size_t i = 0; i < TROUBLE_COUNT; i++) {
        (void)json_object_set_new(all, trouble_names[i],
                                  json_integer((json_int_t)counters->troubles[i]));
    }
    (void)json_object_set_new(status, "counters", all);
}

void node_trouble(struct node *node, enum trouble trouble, int code, const char *text)
{
    uint64_t held = 0;
    node->counters.troubles[trouble]++;
    if (log_limit_pass(&node->trouble_limits[trouble], host_monotonic_ms(),
                       node->conf->log_interval_s * 1000, &held)) {
        const struct log_field fields[] = {log_text("code", err_name(code)), log_text("text", text),
                                           log_u64("held", held)};
        node_log(LOG_LEVEL_WARN, trouble_names[trouble], fields, 3);
    }
}

void node_log(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    log_fields(level, event, fields, fields[count - 1].u64 == 0 ? count - 1 : count);
}

static json_t *known_or_null(uint64_t value)
{
    return value == 0 ? json_null() : json_integer((json_int_t)value);
}

static json_t *line_json(const struct node *node)
{
    const struct uplink *uplink = &node->sync.uplink;
    char hex[HEX_CAPACITY(INCARNATION_BYTES)];
    if (!node->enrolled) {
        return json_pack("{s:n, s:s, s:n, s:i, s:n, s:n, s:n, s:n}", "enrolment", "connection",
                         "not enrolled", "denied", "backlog", 0, "ack_ms", "rate_bytes_s",
                         "aggregator", "clock_offset_ms");
    }
    bool met = !incarnation_is_zero(&uplink->aggregator);
    return json_pack(
        "{s:I, s:s, s:o, s:b, s:I, s:o, s:o, s:o, s:I, s:I}", "enrolment",
        (json_int_t)uplink->config.enrolment, "connection", uplink_state_name(uplink->state),
        "denied", text_or_null(denied_text(uplink->denied)), "taking_over",
        (int)uplink->own.successor, "backlog", (json_int_t)sender_backlog(&uplink->sender),
        "ack_ms", known_or_null(uplink->sender.pace.ack_time_ms), "rate_bytes_s",
        known_or_null(pace_rate_bytes_s(&uplink->sender.pace)), "aggregator",
        text_or_null(met ? hex_encode(hex, uplink->aggregator.b, INCARNATION_BYTES) : NULL),
        "clock_offset_ms", (json_int_t)uplink->clock_offset_ms, "ring",
        (json_int_t)node->ring.number);
}

void node_status(struct node *node, struct door_call *call, const json_t *args)
{
    struct store_txn *txn = NULL;
    (void)args;
    json_t *status = json_pack("{s:s, s:s, s:s}", "program", "kabar-node", "version", KABAR_VERSION,
                               "regency", node->conf->regency);
    json_t *line = line_json(node);
    if (status == NULL || line == NULL || json_object_update(status, line) != 0) {
        json_decref(status);
        json_decref(line);
        node_fail(call, ERR_NOMEM, NULL);
        return;
    }
    json_decref(line);
    if (store_read_begin(node->store, &txn, NULL) != 0) {
        txn = NULL; /* what the store would say is left out; its state is said below */
    }
    logs_into(status, node, txn);
    inbox_into(status, txn);
    store_read_end(txn);
    store_into(status, node);
    counters_into(status, &node->counters);
    (void)json_object_set_new(status, "budget", budget_json(node));
    (void)json_object_set_new(status, "bundles", bundles_json(node));
    (void)json_object_set_new(status, "catalogue", catalogue_status(node));
    door_call_done(call, status);
}
