/* What the province says by stick: receipts and its office log, by the rules of a line. Stick and
 * line overtake each other: an older receipt is known, and what the line said of less before a
 * newer one came is no step back (uplink_overtaken). */
#include "core/base/plant.h"
#include "core/sync/uplink_private.h"

bool uplink_overtaken(const struct uplink *uplink, const struct ack *cursor)
{
    for (size_t i = 0; i < uplink->sender.log_count; i++) {
        if (incarnation_equal(&uplink->sender.logs[i].incarnation, &cursor->id.incarnation)) {
            const struct ack *carried = &uplink->carried[i];
            return cursor->id.seq < carried->id.seq && !PLANTED(BUNDLE_OVERTAKES) &&
                   incarnation_equal(&carried->aggregator, &uplink->aggregator);
        }
    }
    return false;
}

static bool says_more(const struct ack *receipt, const struct ack *last)
{
    bool same = incarnation_equal(&receipt->aggregator, &last->aggregator);
    return !same || receipt->id.seq > last->id.seq ||
           (receipt->id.seq == last->id.seq && receipt->backed_up_to > last->backed_up_to);
}

/* One of the life we met last: another's may speak of what was lost since. */
static bool is_of_now(const struct uplink *uplink, const struct ack *receipt)
{
    return incarnation_is_zero(&uplink->aggregator) ||
           incarnation_equal(&uplink->aggregator, &receipt->aggregator);
}

static void carry_receipt(struct uplink *uplink, const struct uplink_event *event,
                          struct effects *effects, struct carried *ret)
{
    const struct ack *receipt = &event->control->as.ack;
    const struct out_log *log = sender_log(&uplink->sender, &receipt->id.incarnation);
    uint64_t credit_bytes = uplink->sender.credit_bytes;
    bool moved = false;
    if (!uplink_receipt_holds(uplink, receipt) && !PLANTED(BUNDLE_UNVERIFIED)) {
        effects_alarm(effects, CARRIED_CONNECTION, ALARM_ACK_FOREIGN, ERR_SIGNATURE);
        return;
    }
    if (log == NULL) {
        return; /* of a log that is over: known */
    }
    if (!is_of_now(uplink, receipt)) {
        carried_refuse(ret, CARRIED_REFUSED, ERR_STALE,
                       "of another life of the province than the one met last: over a line it "
                       "says what it has");
        return;
    }
    size_t at = (size_t)(log - uplink->sender.logs);
    uint64_t acked = log->acked;
    if (!says_more(receipt, &uplink->receipts[at])) {
        return; /* known, whatever the line said since: it may have been put back */
    }
    int rc = sender_acked(&uplink->sender, receipt, event->own_h[0], event->now_ms, &moved);
    uplink->sender.credit_bytes = credit_bytes; /* the line's */
    if (rc != 0) {
        effects_alarm(effects, CARRIED_CONNECTION,
                      rc == ERR_VALUE ? ALARM_ACK_AHEAD : ALARM_ACK_FOREIGN, rc);
        return;
    }
    uplink->receipts[at] = *receipt;
    uplink->carried[at] = *receipt;
    effects_add(effects, EFFECT_ACKED, CARRIED_CONNECTION)->as.acked = *receipt;
    *ret = (struct carried){.outcome = CARRIED_NEW, .fresh = log->acked - acked};
}

/* An office log that goes on from ours under another name, and one that ours went on from. */
static bool is_past(struct uplink *uplink, const struct incarnation *office)
{
    const struct entry_id first = {.incarnation = *office, .seq = 1};
    struct hash h;
    bool ours = incarnation_equal(office, &uplink->office.incarnation);
    if (ours || uplink->office_over) {
        return false;
    }
    if (uplink->config.office_h(uplink->config.lookup_arg, &first, &h) == 0) {
        return true;
    }
    uplink_note_office(uplink, office);
    return false;
}

static void carry_office(struct uplink *uplink, const struct uplink_event *event,
                         struct effects *effects)
{
    const struct uplink before = *uplink; /* the line's: what was heard and said on it */
    if (is_past(uplink, &event->header->incarnation)) {
        return;
    }
    uplink->connection = CARRIED_CONNECTION;
    uplink->gap_told = false;
    uplink_office_span(uplink, event, effects);
    uplink->connection = before.connection;
    uplink->heard_ms = before.heard_ms;
    uplink->gap_told = before.gap_told;
}

void uplink_carry(struct uplink *uplink, const struct uplink_event *event, struct effects *effects,
                  struct carried *ret)
{
    carried_refuse(ret, CARRIED_KNOWN, 0, NULL);
    if (event->type == UPLINK_EVENT_SPAN) {
        carry_office(uplink, event, effects);
    } else if (event->control->kind == FRAME_RECEIPT) {
        carry_receipt(uplink, event, effects, ret);
    } else {
        carried_refuse(ret, CARRIED_REFUSED, ERR_FORMAT, NULL);
    }
    if (ret->outcome == CARRIED_KNOWN) {
        carried_judge(effects, event->type == UPLINK_EVENT_SPAN ? event->header->count : 0, ret);
    }
}
