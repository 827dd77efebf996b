/* node_life.c - our logs go on under new names: this store was restored, moved or copied, the
 * province has less of them than we thought, or the node was enrolled anew (ADR 7). */
#include "node/node.h"

#define RETRY_MS 60000u

static const enum lane lanes[2] = {LANE_URGENT, LANE_ROUTINE};

void life_begin(const struct node *node, enum life_why why, uint64_t enrolment,
                struct bytes province, struct life *ret)
{
    *ret = (struct life){.why = why,
                         .genesis = {.direction = DIRECTION_UP,
                                     .owner = bytes_of_text(node->conf->regency),
                                     .counterpart = province,
                                     .signing_key = node->identity.sign_public,
                                     .enrolment = enrolment,
                                     .created_ms = host_wall_ms()}};
    host_random(ret->fresh, sizeof ret->fresh);
}

static int succeed(struct store_txn *txn, struct life *life, enum lane lane,
                   struct incarnation *current, const struct incarnation *fresh)
{
    struct outlog log;
    struct outlog next;
    int rc = outlog_load(txn, &node_log_tables, current, &log);
    if (rc != 0) {
        return rc;
    }
    life->genesis.lane = lane;
    struct outlog_succession succession = {.current = *current,
                                           .incarnation = *fresh,
                                           .from = {*current, log.acked},
                                           .genesis = &life->genesis};
    if (!incarnation_is_zero(&life->from.incarnation)) {
        if (!outlog_in_line(txn, &node_log_tables, &life->from.incarnation, current)) {
            return 0; /* the other lane's */
        }
        succession.from = life->from;
    }
    rc = outlog_succeed(txn, &node_log_tables, &succession, &next);
    if (rc == 0) {
        *current = *fresh;
        life->entries += next.last - 1;
    }
    return rc;
}

int life_run(struct store_txn *txn, struct life *life, struct node_meta *meta)
{
    bool all = incarnation_is_zero(&life->from.incarnation);
    life->entries = 0;
    int rc = succeed(txn, life, lanes[0], &meta->urgent, &life->fresh[0]);
    if (rc == 0) {
        rc = succeed(txn, life, lanes[1], &meta->routine, &life->fresh[1]);
    }
    if (rc != 0) {
        return rc;
    }
    if (all) { /* and a new chain of session pairs */
        meta->pair = (struct session_pair){0};
        meta->successor = life->why != LIFE_ENROLLED;
        meta_put_pair(txn, &meta->pair, meta->successor);
    }
    meta_put_enrolment(txn, meta);
    store_settle(txn);
    return 0;
}

void life_say(const struct life *life)
{
    static const char *const why[] = {
        [LIFE_TOLD] = "the province knows another past of this node, or less of it",
        [LIFE_MOVED] = "this store was restored from a backup, copied or moved",
        [LIFE_ENROLLED] = "this node was enrolled anew"};
    LOG(LOG_LEVEL_WARN, "logs_go_on_under_new_names", log_text("why", why[life->why]),
        log_u64("entries_to_send_again", life->entries));
}

/* ---- while it runs ---- */

struct life_command {
    struct store_command command;
    struct node *node;
    struct life life;
};

static int command_run(struct store_txn *txn, void *arg)
{
    struct life_command *life = arg;
    struct node_meta meta;
    int rc = meta_load(txn, &meta);
    return rc == 0 ? life_run(txn, &life->life, &meta) : rc;
}

static int begin_anew(struct node *node, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct node_meta meta;
    int rc = store_read_begin(node->store, &txn, err);
    rc = rc == 0 ? meta_load(txn, &meta) : rc;
    store_read_end(txn);
    if (rc == 0) {
        node->urgent = meta.urgent;
        node->routine = meta.routine;
        rc = sync_start(node, &meta, err);
    }
    return rc;
}

/* The old logs stay as they are, and take what is handed in; they are not sent meanwhile. */
static void try_later(struct node *node, const struct entry_id *from, int rc,
                      const struct err_ctx *err)
{
    node_trouble(node, TROUBLE_LIFE, rc,
                 rc == ERR_STATE
                     ? "the province has lost entries that this node was told to delete: "
                       "restore its newest backup there"
                     : err_peek(err, rc));
    node->sync.life_from = *from;
    loop_timer_set(node->sync.life_retry, RETRY_MS);
}

static void command_done(void *arg, int rc)
{
    struct life_command *life = arg;
    struct node *node = life->node;
    struct err_ctx err = {""};
    node_work_done(node, rc);
    if (rc == 0 && !node->stopping) {
        life_say(&life->life);
        rc = begin_anew(node, &err);
    }
    if (rc != 0 && !node->stopping) {
        try_later(node, &life->life.from, rc, &err);
    }
    free(life);
}

void life_succeed(struct node *node, const struct entry_id *from)
{
    struct life_command *life = calloc(1, sizeof *life);
    int rc = ERR_NOMEM;
    sync_forget(node);
    if (life != NULL) {
        life->command =
            (struct store_command){.run = command_run, .done = command_done, .arg = life};
        life->node = node;
        life_begin(node, LIFE_TOLD, node->card.card.enrolment, node->card.ring.province,
                   &life->life);
        life->life.from = *from;
        rc = node_submit(node, &life->command);
    }
    if (rc != 0) {
        struct err_ctx err = {""};
        free(life);
        try_later(node, from, rc, &err);
    }
}
