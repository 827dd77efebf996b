/* Spans that came by stick: the same rules as on a line, but no session. */
#include "core/base/plant.h"
#include "core/sync/intake_private.h"

static const char over_text[] =
    "this log is over: it went on under another name, and what is missing comes in that one";

/* Of a log that is over everything we have is known; what we do not have its successor brings.
 * False: it lives, or is new. */
static bool judge_ended(const struct intake *intake, const struct intake_event *event, bool lives,
                        struct carried *ret)
{
    const struct span_header *header = event->header;
    struct entry_id id = {header->incarnation, header->first + header->count - 1};
    uint64_t last = 0;
    struct hash h_last;
    struct hash h = {{0}};
    struct hash h_found;
    int rc = lives ? ERR_NOT_FOUND
                   : intake->config.lookup.log(intake->config.lookup.arg, &id, &last, &h_last, &h);
    if (rc == ERR_NOT_FOUND) {
        return false;
    }
    span_hash(header, event->entries, id.seq, &h_found);
    if (rc != 0) {
        carried_refuse(ret, rc == ERR_KEY ? CARRIED_REFUSED : CARRIED_LATER, rc, NULL);
    } else if (id.seq <= last && hash_equal(&h, &h_found)) {
        *ret = (struct carried){.outcome = CARRIED_KNOWN, .known = header->count};
    } else {
        carried_refuse(ret, CARRIED_REFUSED, ERR_STATE, over_text);
    }
    return true;
}

void intake_carry(struct intake *intake, const struct intake_event *event, struct effects *effects,
                  struct carried *ret)
{
    struct intake_connection stick = {.number = CARRIED_CONNECTION, .state = INTAKE_OPEN};
    const struct intake_log *log = intake_log_of(intake, &event->header->incarnation);
    intake->begun_ms = intake->begun_ms == 0 ? event->now_ms : intake->begun_ms;
    if (intake->revoked && !PLANTED(BUNDLE_REVOKED)) {
        carried_refuse(ret, CARRIED_REFUSED, ERR_KEY, "this node's key was revoked");
    } else if (intake->held) {
        carried_refuse(ret, CARRIED_LATER, ERR_AGAIN, "the province is behind with its own work");
    } else if (!judge_ended(intake, event, log != NULL && !log->ended, ret)) {
        intake_span(intake, &stick, event, effects);
        carried_judge(effects, event->header->count, ret);
    }
}

size_t intake_receipts(const struct intake *intake, struct ack ret[LOGS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < intake->log_count; i++) {
        const struct intake_log *log = &intake->logs[i];
        if (!log->ended && log->receiver.durable > 0) {
            intake_receipt(intake, log, &ret[count++]);
        }
    }
    return count;
}
