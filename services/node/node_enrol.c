/* node_enrol.c - from a province card to logs of our own and a key ring in force. */
#include "core/rules/trust.h"
#include "node/node.h"

#define CARD_LOOK_MS 1000u
#define RING_ARENA_BYTES 262144u

struct birth {
    struct store_command command;
    struct node *node;
    struct node_card card;
    struct incarnation urgent, routine;
    int64_t now_ms;
    bool moved; /* the store is not where it was */
    struct life life;
    bool lives_on; /* left by the writer: our logs were succeeded */
};

static int born_log(struct store_txn *txn, const struct birth *birth, enum lane lane,
                    const struct incarnation *incarnation)
{
    const struct node *node = birth->node;
    struct genesis genesis = {
        .direction = DIRECTION_UP,
        .lane = lane,
        .owner = bytes_of_text(node->conf->regency),
        .counterpart = birth->card.ring.province,
        .signing_key = node->identity.sign_public,
        .enrolment = birth->card.card.enrolment,
        .created_ms = birth->now_ms,
    };
    struct outlog log;
    return outlog_create(txn, &node_log_tables, incarnation, &genesis, &log);
}

/* First enrolment of this store. */
static int born(struct store_txn *txn, const struct birth *birth, struct node_meta *meta)
{
    const struct province_card *card = &birth->card.card;
    meta->enrolment = card->enrolment;
    meta->urgent = birth->urgent;
    meta->routine = birth->routine;
    meta->office = card->office;
    meta->card_office = card->office;
    int rc = born_log(txn, birth, LANE_URGENT, &birth->urgent);
    if (rc == 0) {
        rc = born_log(txn, birth, LANE_ROUTINE, &birth->routine);
    }
    if (rc == 0) {
        meta_put_enrolment(txn, meta);
        meta_put_ring(txn, card->ring);
        store_settle(txn);
    }
    return rc;
}

/* Another card than the one this store knows: what it holds comes in under the new enrolment. */
static int enrolled_anew(struct store_txn *txn, struct birth *birth, struct node_meta *meta)
{
    static const struct incarnation nobody;
    const struct province_card *card = &birth->card.card;
    meta->enrolment = card->enrolment;
    meta->office = card->office;
    meta->card_office = card->office;
    birth->life.why = LIFE_ENROLLED;
    int rc = life_run(txn, &birth->life, meta);
    if (rc == 0) {
        office_forget(txn);
        meta_put_aggregator(txn, &nobody);
        meta_put_ring(txn, card->ring);
    }
    return rc;
}

static int birth_run(struct store_txn *txn, void *arg)
{
    struct birth *birth = arg;
    const struct province_card *card = &birth->card.card;
    struct node_meta meta;
    birth->lives_on = false;
    int rc = meta_load(txn, &meta);
    if (rc != 0) {
        return rc;
    }
    if (!meta.has_enrolment) {
        return born(txn, birth, &meta);
    }
    bool same =
        meta.enrolment == card->enrolment && incarnation_equal(&meta.card_office, &card->office);
    if (same && !birth->moved) {
        return 0;
    }
    birth->lives_on = true;
    birth->life.why = LIFE_MOVED;
    return same ? life_run(txn, &birth->life, &meta) : enrolled_anew(txn, birth, &meta);
}

int node_take_ring(struct node *node, struct bytes signed_ring, struct err_ctx *err)
{
    struct arena *arena = arena_new(RING_ARENA_BYTES);
    if (arena == NULL) {
        return err_set(err, ERR_NOMEM, "key ring: out of memory");
    }
    struct ring ring;
    struct bytes copy = arena_copy(arena, signed_ring);
    int rc = copy.data == NULL ? err_set(err, ERR_LIMIT, "key ring: too long")
                               : trust_ring(&node->card.card.root_key, copy, node->ring.number,
                                            node->card.ring.province, arena, &ring, err);
    if (rc != 0) {
        arena_free(arena);
        return rc;
    }
    arena_free(node->ring_arena);
    node->ring_arena = arena;
    node->ring = ring;
    if (node->sync.ready) {
        uplink_set_office_signer(&node->sync.uplink, &ring.log_key);
    }
    LOG(LOG_LEVEL_INFO, "ring", log_u64("number", ring.number),
        log_u64("officers", ring.officer_count));
    return 0;
}

/* The newer of the card's ring and the store's comes into force; then the uplink starts. */
static int enrolled(struct node *node, struct node_card *card, struct err_ctx *err)
{
    struct store_txn *txn = NULL;
    struct node_meta meta;
    int rc = store_read_begin(node->store, &txn, err);
    if (rc != 0) {
        return rc;
    }
    node->card = *card;
    *card = (struct node_card){0};
    node->ring = (struct ring){0};
    rc = meta_load(txn, &meta);
    if (rc == 0) {
        rc = node_take_ring(node, node->card.card.ring, err);
    }
    if (rc == 0 && !bytes_equal(meta.ring, node->card.card.ring)) {
        int newer = node_take_ring(node, meta.ring, NULL);
        rc = newer == ERR_STALE ? 0 : newer;
    }
    store_read_end(txn);
    if (rc != 0) {
        return err_wrap(err, rc, "store: key ring");
    }
    node->urgent = meta.urgent;
    node->routine = meta.routine;
    rc = sync_start(node, &meta, err);
    if (rc == 0) {
        node->enrolled = true;
        node->office.incarnation = meta.office;
        node->office.applied = meta.office_applied;
        LOG(LOG_LEVEL_INFO, "enrolled", log_text("regency", node->conf->regency),
            log_u64("enrolment", meta.enrolment));
        office_pump(node);
        node_prune_look(node);
    }
    return rc;
}

/* Not enrolled after all: nothing that runs depends on it, so the node says so and ends. */
static void give_up(struct node *node, int rc, const struct err_ctx *err)
{
    LOG(LOG_LEVEL_ERROR, "enrolment_failed", log_text("code", err_name(rc)),
        log_text("text", err_peek(err, rc)));
    node->exit_code = node_exit_of_start(rc);
    node->stopping = true;
    loop_stop(node->loop);
}

/* The logs could not be made, or go on under new names, for want of room: the door opens all the
 * same, whoever hands something in is told, and it is tried again. */
static int wait_for_room(struct node *node, struct err_ctx *err)
{
    node_store_room(node, ERR_FULL);
    loop_timer_set(node->card_timer, CARD_LOOK_MS);
    return node->door == NULL ? node_started(node, err) : 0;
}

/* The store holds the enrolment; not before, or a crash between would shut the node out. */
static void note_use(struct node *node, const struct province_card *card)
{
    struct err_ctx err = {""};
    int rc = in_use_note(node->conf, card, &err);
    if (rc != 0) {
        node_trouble(node, TROUBLE_CARD, rc, err_peek(&err, rc));
    }
}

static void birth_done(void *arg, int rc)
{
    struct birth *birth = arg;
    struct node *node = birth->node;
    struct err_ctx err = {""};
    node_work_done(node, rc);
    node->enrolling = false;
    if (rc == 0) {
        node_store_room(node, 0);
        note_use(node, &birth->card.card);
    }
    if (rc == 0 && birth->lives_on) {
        life_say(&birth->life);
    }
    if (rc == 0 && !node->stopping) {
        rc = enrolled(node, &birth->card, &err);
    }
    if (rc == 0 && !node->stopping && node->door == NULL) {
        rc = node_started(node, &err);
    } else if (rc == ERR_FULL && !node->stopping) {
        rc = wait_for_room(node, &err);
    }
    if (rc != 0) {
        give_up(node, rc, &err);
    }
    card_clear(&birth->card);
    free(birth);
}

int node_enrol(struct node *node, struct node_card *card, struct err_ctx *err)
{
    int rc = in_use_check(node, &card->card, err);
    if (rc != 0) {
        return rc;
    }
    struct birth *birth = calloc(1, sizeof *birth);
    if (birth == NULL) {
        return err_set(err, ERR_NOMEM, "enrol: out of memory");
    }
    birth->command = (struct store_command){.run = birth_run, .done = birth_done, .arg = birth};
    birth->node = node;
    birth->card = *card;
    birth->now_ms = host_wall_ms();
    birth->moved = store_moved(node->store);
    life_begin(node, LIFE_MOVED, card->card.enrolment, birth->card.ring.province, &birth->life);
    host_random(birth->urgent.b, sizeof birth->urgent.b);
    host_random(birth->routine.b, sizeof birth->routine.b);
    rc = node_submit(node, &birth->command);
    if (rc != 0) {
        free(birth);
        return err_set(err, rc, "enrol: the store does not take it");
    }
    *card = (struct node_card){0};
    node->enrolling = true;
    return 0;
}

void node_watch_card(struct node *node)
{
    if (node->enrolled || node->enrolling || node->stopping) {
        return;
    }
    struct err_ctx err = {""};
    struct node_card card = {0};
    int rc = card_load(node->conf, &node->identity, &card, &err);
    if (rc == 0) {
        rc = node_enrol(node, &card, &err);
    }
    if (rc == ERR_NOT_FOUND && !node->card_told) {
        node->card_told = true;
        LOG(LOG_LEVEL_WARN, "not_enrolled",
            log_text("text", "there is no card, and so no report is taken: kabar enrol request, "
                             "then kabar enrol accept with the card that the province gives"));
    } else if (rc != 0 && rc != ERR_NOT_FOUND) {
        node_trouble(node, TROUBLE_CARD, rc, err_peek(&err, rc));
    }
    card_clear(&card);
    if (rc != 0) {
        loop_timer_set(node->card_timer, CARD_LOOK_MS);
    }
}
