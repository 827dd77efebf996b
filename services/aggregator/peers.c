/* Enrolled nodes: the views say who there is, the journal store how far each log has come. */
#include "aggregator/give.h"

#define WINDOW_START_BYTES 16384u
#define WINDOW_MAX_BYTES 1048576u
#define SPAN_RAW_BYTES 65536u

struct load {
    struct peer *peer;
    struct store_txn *txn;
    int rc;
};

static void load_log(void *arg, const struct journal_cursor *cursor)
{
    struct load *load = arg;
    if (cursor->enrolment == load->peer->enrolment) {
        intake_count_life(&load->peer->intake, cursor->lane);
    }
    bool lives = cursor->enrolment == load->peer->enrolment && !cursor->ended;
    if (lives && load->rc == 0) {
        load->rc = intake_add_log(&load->peer->intake, &cursor->incarnation, cursor->lane,
                                  cursor->last, &cursor->h);
        uint64_t backed_up_to = 0;
        load->rc = load->rc != 0
                       ? load->rc
                       : journal_get_backed_up(load->txn, &cursor->incarnation, &backed_up_to);
        intake_set_backed_up(&load->peer->intake, &cursor->incarnation, backed_up_to);
    }
}

/* In a step of the intake: a log of this regency, also under an earlier enrolment. */
static int look_up_log(void *arg, const struct entry_id *id, uint64_t *ret_last,
                       struct hash *ret_h_last, struct hash *ret_h)
{
    struct peer *peer = arg;
    struct aggregator *aggregator = peer->aggregator;
    struct store_txn *txn = NULL;
    struct journal_cursor cursor;
    int rc = store_read_begin(aggregator->journal, &txn, NULL);
    rc = rc != 0 ? rc : journal_find_cursor(txn, &id->incarnation, &cursor);
    if (rc == 0 && strcmp(cursor.owner, peer->regency) != 0) {
        rc = ERR_KEY;
    }
    struct hash h = {{0}};
    if (rc == 0 && id->seq == cursor.last) {
        h = cursor.h;
    } else if (rc == 0 && id->seq > 0 && id->seq < cursor.last) {
        struct journal_entry entry;
        rc = journal_reader_find(aggregator->loop_reader, txn, id, &entry);
        h = rc == 0 ? entry.h : h;
        rc = rc == ERR_NOT_FOUND ? ERR_FORMAT : rc; /* the cursor says that it is there */
    }
    store_read_end(txn);
    if (rc == 0) {
        *ret_last = cursor.last;
        *ret_h_last = cursor.h;
        *ret_h = h;
    }
    return rc;
}

static struct intake_config intake_config_of(struct peer *peer)
{
    const struct aggregator *aggregator = peer->aggregator;
    return (struct intake_config){
        .limits = {.window_start_bytes = WINDOW_START_BYTES,
                   .window_max_bytes = WINDOW_MAX_BYTES,
                   .span_raw_bytes = SPAN_RAW_BYTES},
        .lookup = {.arg = peer, .log = look_up_log},
        .object = {.arg = peer, .size = give_size},
        .keep_alive_ms = aggregator->conf->keep_alive_s * 1000u,
        .log_key = aggregator->log_key,
        .aggregator = aggregator->incarnation,
        .province = bytes_of_text(aggregator->conf->province),
        .regency = bytes_of_text(peer->regency),
        .enrolment = peer->enrolment,
        .signing_key = peer->signing_key,
        .office = peer->office,
        .log_secret = aggregator->log_secret,
        .receipt_interval_ms = aggregator->conf->receipt_interval_s * 1000u,
        .queue_bytes_max = NODE_QUEUE_BYTES_MAX,
    };
}

/* The office log and those that it goes on from. */
static int count_office_lives(struct peer *peer, struct store_txn *txn)
{
    struct outlog log = {.predecessor.incarnation = peer->office};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < LOG_LIVES_MAX; i++) {
        struct incarnation at = log.predecessor.incarnation;
        if (incarnation_is_zero(&at)) {
            break;
        }
        rc = outlog_load(txn, &journal_office_tables, &at, &log);
        if (rc == 0) {
            intake_count_life(&peer->intake, LANE_OFFICE);
        }
    }
    return rc == ERR_NOT_FOUND ? 0 : rc; /* none is made yet */
}

static int load_logs(struct peer *peer, struct store_txn *txn)
{
    struct load load = {.peer = peer, .txn = txn};
    struct outlog office = {0};
    int rc = journal_each_cursor(txn, load_log, &load);
    rc = rc != 0 ? rc : load.rc;
    rc = rc != 0 ? rc : count_office_lives(peer, txn);
    if (rc == 0) {
        rc = outlog_load(txn, &journal_office_tables, &peer->office, &office);
        rc = rc == ERR_NOT_FOUND ? 0 : rc;
    }
    return rc != 0 ? rc : intake_set_office(&peer->intake, office.last, office.acked);
}

int net_load_intake(struct peer *peer)
{
    struct aggregator *aggregator = peer->aggregator;
    struct session_memory session = {0};
    struct store_txn *txn = NULL;
    int rc = store_read_begin(aggregator->journal, &txn, NULL);
    if (rc == 0) {
        rc = journal_get_session(txn, peer->enrolment, &session);
        rc = rc == ERR_NOT_FOUND ? 0 : rc;
    }
    rc = rc != 0 ? rc : journal_session_is_ours(txn, peer->enrolment, &peer->has_resumed);
    rc = rc != 0 ? rc : journal_office_end(txn, &peer->enrolled_office, &peer->office);
    if (rc == 0) {
        struct intake_config config = intake_config_of(peer);
        intake_init(&peer->intake, &config, &session);
        rc = load_logs(peer, txn);
    }
    store_read_end(txn);
    peer->intake.revoked = !peer->active;
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
    peer->signing_key = node->signing_key;
    peer->enrolled_office = node->office;
    peer->enrolled_ms = node->at_ms;
    peer->active = node->state == NODE_ACTIVE;
    int rc = net_load_intake(peer);
    if (rc != 0) {
        free(peer);
        return rc;
    }
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
