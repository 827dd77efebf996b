/* The office log as it comes in, also when it goes on as another one. */
#include "core/base/plant.h"
#include "core/sync/uplink_private.h"

void uplink_set_office_signer(struct uplink *uplink, const struct key *signer)
{
    uplink->office.signer = *signer;
    uplink->office_next.signer = *signer;
}

/* A restored aggregator goes on in another office log; ours stays until that one's genesis is in.
 */
void uplink_note_office(struct uplink *uplink, const struct incarnation *office)
{
    static const struct hash none;
    if (incarnation_is_zero(office) || incarnation_equal(office, &uplink->office.incarnation)) {
        uplink->office_over = false;
    } else if (!uplink->office_over ||
               !incarnation_equal(office, &uplink->office_next.incarnation)) {
        receiver_init(&uplink->office_next, office, LANE_OFFICE, &uplink->office.signer, 0, &none);
        uplink->office_over = true;
    }
}

static void send_office_ack(struct uplink *uplink, struct effects *effects)
{
    struct ack *ack = &effects_send(effects, uplink->connection, FRAME_ACK)->as.ack;
    ack->id.incarnation = uplink->office.incarnation;
    ack->id.seq = uplink->office.durable;
    ack->h = uplink->office.durable_h;
    ack->aggregator = uplink->aggregator;
    ack->credit_bytes = uplink->config.limits.window_max_bytes;
}

static struct gap *send_gap(struct uplink *uplink, struct effects *effects,
                            const struct receiver *receiver)
{
    struct gap *gap = &effects_send(effects, uplink->connection, FRAME_GAP)->as.gap;
    gap->have.incarnation = receiver->incarnation;
    gap->have.seq = receiver->durable;
    gap->h = receiver->durable_h;
    return gap;
}

/* One is enough: what was under way behind the gap arrives out of place too. */
static void tell_office_gap(struct uplink *uplink, struct effects *effects,
                            const struct receiver *receiver)
{
    if (!uplink->gap_told) {
        (void)send_gap(uplink, effects, receiver);
        uplink->gap_told = true;
    }
}

/* Our h at the entry that it goes on from: of the office log we have, or of an earlier one, when
 * the province was put back to the same copy twice. ERR_NOT_FOUND. */
static int office_h(const struct uplink *uplink, const struct entry_id *from, struct hash *ret)
{
    const struct receiver *office = &uplink->office;
    bool present = incarnation_equal(&from->incarnation, &office->incarnation);
    if (present && from->seq > office->durable) {
        return ERR_NOT_FOUND;
    }
    *ret = office->durable_h;
    return present && from->seq == office->durable
               ? 0
               : uplink->config.office_h(uplink->config.lookup_arg, from, ret);
}

/* 0; ERR_GAP: we never were where it goes on from; ERR_CHAIN: we were, and something else stands
 * there. seq 0: we are given all of it. */
static int check_office_line(const struct uplink *uplink, const struct genesis *genesis)
{
    struct hash h;
    if (!genesis->has_predecessor) {
        return ERR_KEY;
    }
    if (genesis->predecessor.seq == 0) {
        return 0;
    }
    int rc = office_h(uplink, &genesis->predecessor, &h);
    if (rc != 0) {
        return rc == ERR_NOT_FOUND ? ERR_GAP : rc;
    }
    return hash_equal(&h, &genesis->predecessor_h) ? 0 : ERR_CHAIN;
}

/* We had it, and went on from it: the province was put back, and does not know it. Nothing of it is
 * taken, or its entries would come a second time, and others in their place. */
static bool had_before(const struct uplink *uplink, const struct incarnation *incarnation)
{
    const struct entry_id first = {.incarnation = *incarnation, .seq = 1};
    struct hash h;
    return uplink->config.office_h(uplink->config.lookup_arg, &first, &h) == 0;
}

/* Entry 1 of an office log must say that it is ours, and a new one that it goes on from ours. */
static int check_office(struct uplink *uplink, const struct uplink_event *event,
                        const struct receiver *receiver, struct genesis *ret)
{
    if (receiver->taken > 0 || event->header->first != 1) {
        return 0;
    }
    struct genesis_expected expected = {.direction = DIRECTION_DOWN,
                                        .lane = LANE_OFFICE,
                                        .owner = uplink->config.province,
                                        .counterpart = uplink->config.regency,
                                        .signing_key = receiver->signer,
                                        .enrolment = uplink->config.enrolment};
    int rc = genesis_check(&event->entries[0], &expected, event->arena, ret, NULL);
    if (rc == 0 && receiver == &uplink->office_next) {
        rc = had_before(uplink, &receiver->incarnation) ? ERR_FORK : check_office_line(uplink, ret);
    }
    return rc;
}

static struct receiver *office_of(struct uplink *uplink, const struct incarnation *incarnation)
{
    if (uplink->office_over && incarnation_equal(incarnation, &uplink->office_next.incarnation)) {
        return &uplink->office_next;
    }
    bool ours =
        incarnation_equal(incarnation, &uplink->office.incarnation) || PLANTED(HEAD_OF_OTHER_LIFE);
    return ours ? &uplink->office : NULL;
}

static void store_office(struct uplink *uplink, struct effects *effects,
                         const struct span_store *store, const struct genesis *genesis)
{
    struct span_store *to = &effects_add(effects, EFFECT_STORE_SPAN, uplink->connection)->as.store;
    *to = *store;
    if (genesis->has_predecessor) {
        to->predecessor = genesis->predecessor;
        to->copies = genesis->predecessor_count;
        to->ends = uplink->office.incarnation;
    }
    uplink->gap_told = false;
}

/* A province that was put back unseen wrote other entries in the place of ours, for a copy of this
 * node, and then went on. It is told that we know nothing: it says all of the line again. */
static void other_past(struct uplink *uplink, struct effects *effects)
{
    effects_alarm(effects, uplink->connection, ALARM_FORK, ERR_FORK);
    struct gap *gap = send_gap(uplink, effects, &uplink->office);
    gap->have.seq = 0;
    memset(&gap->h, 0, sizeof gap->h);
}

void uplink_office_span(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects)
{
    struct genesis genesis = {.has_predecessor = false};
    struct receiver *office = office_of(uplink, &event->header->incarnation);
    uplink->heard_ms = event->now_ms;
    int rc = office == NULL ? ERR_KEY : check_office(uplink, event, office, &genesis);
    if (rc == ERR_GAP) { /* the new one goes on from where we never were */
        (void)send_gap(uplink, effects, &uplink->office);
        return;
    }
    if (rc == ERR_CHAIN) {
        other_past(uplink, effects);
        return;
    }
    if (rc != 0) {
        effects_alarm(effects, uplink->connection, rc == ERR_FORK ? ALARM_FORK : ALARM_WRONG_LOG,
                      rc);
        return;
    }
    struct span_store store;
    rc = receiver_take(office, event->header, event->entries, &store, NULL);
    if (rc == RECEIVER_NEW) {
        store_office(uplink, effects, &store, &genesis);
    } else if (rc == RECEIVER_SEEN) {
        send_office_ack(uplink, effects);
    } else if (rc == ERR_GAP) {
        tell_office_gap(uplink, effects, office);
    } else {
        effects_alarm(effects, uplink->connection, rc == ERR_FORK ? ALARM_FORK : ALARM_BAD_CHAIN,
                      rc);
    }
}

void uplink_office_stored(struct uplink *uplink, const struct uplink_event *event,
                          struct effects *effects)
{
    const struct span_store *store = &event->store;
    struct receiver *office = office_of(uplink, &store->incarnation);
    bool moved = office != NULL &&
                 receiver_stored(office, store->last, &store->h_last, store->epoch, event->rc);
    if (moved && office == &uplink->office_next) {
        uplink->office = uplink->office_next;
        uplink->config.office = uplink->office.incarnation;
        uplink->office_over = false;
    }
    bool connected = uplink->state == UPLINK_RESUMING || uplink->state == UPLINK_LIVE;
    if (moved && connected) {
        send_office_ack(uplink, effects);
    } else if (event->rc != 0 && connected) {
        /* No room: a new session later begins at our cursor again. */
        effects_alarm(effects, uplink->connection, ALARM_NO_ROOM, event->rc);
        uplink_wait_refused(uplink, event, effects);
    }
}
