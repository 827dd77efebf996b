/* Enrolled nodes: the views say who there is, the journal store how far each log has come. */
#include "aggregator/aggregator.h"

#include "core/base/assert.h"

#define WINDOW_START_BYTES 16384u
#define WINDOW_MAX_BYTES 1048576u
#define SPAN_RAW_BYTES 65536u

struct load {
    struct peer *peer;
    int rc;
};

static void load_log(void *arg, const struct journal_cursor *cursor)
{
    struct load *load = arg;
    if (cursor->enrolment == load->peer->enrolment && load->rc == 0) {
        load->rc = intake_add_log(&load->peer->intake, &cursor->incarnation, cursor->lane,
                                  cursor->last, &cursor->h);
    }
}

static int load_intake(struct aggregator *aggregator, struct peer *peer,
                       const struct node_view *node)
{
    struct intake_config config = {
        .limits = {.window_start_bytes = WINDOW_START_BYTES,
                   .window_max_bytes = WINDOW_MAX_BYTES,
                   .span_raw_bytes = SPAN_RAW_BYTES},
        .aggregator = aggregator->incarnation,
        .province = bytes_of_text(aggregator->conf->province),
        .regency = bytes_of_text(peer->regency),
        .enrolment = peer->enrolment,
        .signing_key = node->signing_key,
        .office = node->office,
        .log_secret = aggregator->log_secret,
        .receipt_interval_ms = aggregator->conf->receipt_interval_s * 1000u,
        .queue_bytes_max = NODE_QUEUE_BYTES_MAX,
    };
    struct session_memory session = {0};
    struct outlog office = {0};
    struct store_txn *txn = NULL;
    int rc = store_read_begin(aggregator->journal, &txn, NULL);
    if (rc == 0) {
        rc = journal_get_session(txn, peer->enrolment, &session);
        rc = rc == ERR_NOT_FOUND ? 0 : rc;
    }
    if (rc == 0) {
        intake_init(&peer->intake, &config, &session);
        struct load load = {.peer = peer};
        rc = journal_each_cursor(txn, load_log, &load);
        rc = rc == 0 ? load.rc : rc;
    }
    if (rc == 0) {
        rc = outlog_load(txn, &journal_office_tables, &node->office, &office);
        rc = rc == ERR_NOT_FOUND ? 0 : rc;
    }
    if (rc == 0) {
        rc = intake_set_office(&peer->intake, office.last, office.acked);
    }
    store_read_end(txn);
    return rc;
}

static int add_peer(struct aggregator *aggregator, const struct node_view *node)
{
    struct peer *peer = calloc(1, sizeof *peer);
    struct bytes regency = node->regency;
    if (peer == NULL || regency.len >= sizeof peer->regency) {
        free(peer);
        return peer == NULL ? ERR_NOMEM : ERR_FORMAT;
    }
    peer->aggregator = aggregator;
    peer->enrolment = node->number;
    memcpy(peer->regency, regency.data, regency.len);
    peer->curve_key = node->curve_key;
    peer->office = node->office;
    peer->active = node->state == NODE_ACTIVE;
    int rc = load_intake(aggregator, peer, node);
    if (rc != 0) {
        free(peer);
        return rc;
    }
    peer->intake.revoked = !peer->active;
    struct peer **at = &aggregator->peers; /* in order of number, whatever order they come in */
    while (*at != NULL && (*at)->enrolment < peer->enrolment) {
        at = &(*at)->next;
    }
    peer->next = *at;
    *at = peer;
    LOG(LOG_LEVEL_INFO, "node_known", log_text("node", peer->regency),
        log_u64("enrolment", node->number), log_text("state", peer->active ? "active" : "revoked"));
    return 0;
}

static int see_node(struct aggregator *aggregator, struct bytes value)
{
    struct node_view node;
    int rc = node_view_decode(value, &node);
    if (rc != 0 || node.state == NODE_PENDING) {
        return rc;
    }
    struct peer *peer = net_peer(aggregator, node.number);
    if (peer == NULL) {
        return add_peer(aggregator, &node);
    }
    if (node.state == NODE_REVOKED) {
        net_revoke(peer);
    }
    return 0;
}

int net_reload_peers(struct aggregator *aggregator, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct store_cursor *cursor = NULL;
    struct bytes key;
    struct bytes value;
    int rc = store_read_begin(aggregator->views, &txn, err);
    if (rc == 0) {
        rc = store_cursor_open(txn, VIEW_NODES, &cursor);
    }
    if (rc == 0) {
        rc = store_seek(cursor, (struct bytes){0}, &key, &value);
    }
    while (rc == 0) {
        rc = see_node(aggregator, value);
        if (rc == 0) {
            rc = store_next(cursor, &key, &value);
        }
    }
    store_cursor_close(cursor);
    store_read_end(txn);
    return rc == ERR_NOT_FOUND ? 0
                               : err_set(err, rc, "enrolments cannot be read: %s", err_text(rc));
}
