/* Office logs on the loop thread: which one a node's line ends in, spans cut from it, its acks, and
 * its successor when a node has less of it than it goes on from. */
#include "aggregator/aggregator.h"

int office_cut(struct peer *peer, const struct span_plan *plan, struct bytes *ret_frame,
               uint64_t *ret_last)
{
    struct aggregator *aggregator = peer->aggregator;
    struct store_txn *txn = NULL;
    int rc = store_read_begin(aggregator->journal, &txn, NULL);
    if (rc == 0) {
        struct outlog_cut cut = {.incarnation = plan->incarnation,
                                 .first = plan->first,
                                 .last_max = plan->last_max,
                                 .raw_bytes_max = plan->raw_bytes_max,
                                 .codec = SPAN_ZSTD,
                                 .secret = aggregator->log_secret};
        rc = outlog_cut(txn, &journal_office_tables, &cut, aggregator->cut_builder, ret_frame,
                        ret_last, NULL);
    }
    store_read_end(txn);
    return rc;
}

/* ---- what a node says of its office log ---- */

/* The entry of an office log that a frame names; false: it names none. */
static bool named_by(const struct control *control, struct entry_id *ret)
{
    switch (control->kind) {
    case FRAME_RESUME:
        *ret = (struct entry_id){.incarnation = control->as.resume.office,
                                 .seq = control->as.resume.office_seq};
        return true;
    case FRAME_ACK:
        *ret = control->as.ack.id;
        return true;
    case FRAME_GAP:
        *ret = control->as.gap.have;
        return true;
    case FRAME_RESUMED:
    case FRAME_SPAN:
    case FRAME_RECEIPT:
    case FRAME_DENIED:
    case FRAME_KEEP_ALIVE:
    case FRAME_COME_BACK:
    case FRAME_BYE:
    case FRAME_WANT:
    case FRAME_PART:
    case FRAME_MISSING:
        break;
    }
    return false;
}

int office_look_up(struct peer *peer, struct intake_event *event, struct hash *own)
{
    struct entry_id id;
    struct store_txn *txn = NULL;
    if (!named_by(event->control, &id)) {
        return 0;
    }
    bool current = incarnation_equal(&id.incarnation, &peer->office);
    int rc = store_read_begin(peer->aggregator->journal, &txn, NULL);
    if (rc == 0) {
        struct outlog log;
        bool before = !current &&
                      outlog_in_line(txn, &journal_office_tables, &id.incarnation, &peer->office) &&
                      outlog_load(txn, &journal_office_tables, &id.incarnation, &log) == 0 &&
                      log.enrolment == peer->enrolment;
        bool ours = (current || before) && outlog_hash(txn, &journal_office_tables, &id, own) == 0;
        event->own_h = ours ? own : NULL;
        event->office_before = before;
        event->office_last = before ? log.last : 0;
    }
    store_read_end(txn);
    return rc;
}

struct acked_command {
    struct store_command command;
    struct incarnation office;
    uint64_t seq;
    int64_t at_ms;
};

static int acked_run(struct store_txn *txn, void *arg)
{
    const struct acked_command *acked = arg;
    struct outlog log;
    int rc = outlog_load(txn, &journal_office_tables, &acked->office, &log);
    if (rc == 0 && acked->seq > log.acked && acked->seq <= log.last) {
        log.acked = acked->seq;
        log.acked_ms = acked->at_ms;
        outlog_save(txn, &journal_office_tables, &log);
    }
    return rc;
}

static void acked_done(void *arg, int rc)
{
    (void)rc; /* the node's next RESUME says it again */
    free(arg);
}

void office_note_ack(struct peer *peer, const struct ack *ack)
{
    struct acked_command *acked = malloc(sizeof *acked);
    if (acked == NULL) {
        return;
    }
    *acked = (struct acked_command){.command = {.run = acked_run, .done = acked_done, .arg = acked},
                                    .office = ack->id.incarnation,
                                    .seq = ack->id.seq,
                                    .at_ms = host_wall_ms()};
    if (store_submit(peer->aggregator->journal, &acked->command) != 0) {
        free(acked);
    }
}

/* ---- a successor ---- */

struct succeed_command {
    struct store_command command;
    struct peer *peer;
    struct outlog_succession succession;
    int64_t at_ms;
};

static int succeed_run(struct store_txn *txn, void *arg)
{
    struct succeed_command *succeed = arg;
    const struct aggregator *aggregator = succeed->peer->aggregator;
    struct genesis genesis = {.direction = DIRECTION_DOWN,
                              .lane = LANE_OFFICE,
                              .owner = bytes_of_text(aggregator->conf->province),
                              .counterpart = bytes_of_text(succeed->peer->regency),
                              .signing_key = aggregator->log_key,
                              .enrolment = succeed->peer->enrolment,
                              .created_ms = succeed->at_ms};
    struct outlog_succession succession = succeed->succession;
    struct outlog successor;
    succession.genesis = &genesis;
    if (!outlog_in_line(txn, &journal_office_tables, &succession.from.incarnation,
                        &succession.current)) { /* the node has a log of a life that is lost */
        succession.from = (struct entry_id){.incarnation = succeed->peer->enrolled_office};
    }
    return outlog_succeed(txn, &journal_office_tables, &succession, &successor);
}

static void succeed_done(void *arg, int rc)
{
    struct succeed_command *succeed = arg;
    struct peer *peer = succeed->peer;
    if (rc != 0) {
        LOG(LOG_LEVEL_ERROR, "office_not_succeeded", log_text("node", peer->regency),
            log_u64("from", succeed->succession.from.seq), log_text("error", err_name(rc)));
    }
    free(succeed);
    net_begin_anew(peer);
}

void office_succeed(struct peer *peer, const struct entry_id *from)
{
    struct succeed_command *succeed = malloc(sizeof *succeed);
    int rc = ERR_NOMEM;
    peer->stopped = true;
    if (succeed != NULL) {
        *succeed = (struct succeed_command){
            .command = {.run = succeed_run, .done = succeed_done, .arg = succeed},
            .peer = peer,
            .succession = {.current = peer->office, .from = *from},
            .at_ms = host_wall_ms()};
        host_random(&succeed->succession.incarnation, sizeof succeed->succession.incarnation);
        rc = store_submit(peer->aggregator->journal, &succeed->command);
    }
    if (rc != 0) { /* the node says again what it lacks */
        free(succeed);
        peer->begin_anew = true;
    }
}
