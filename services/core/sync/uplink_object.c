#include "core/sync/uplink_private.h"

#include "core/base/plant.h"

/* What is in libzmq and the kernel delays an urgent report by so much. */
#define PART_BYTES 16384u

void uplink_object_session(struct uplink *uplink)
{
    uplink->objects.count = 0;
    uplink->objects.first = 0;
    uplink->part_due = false;
}

static void missing(struct uplink *uplink, struct effects *effects, const struct hash *hash)
{
    effects_send(effects, uplink->connection, FRAME_MISSING)->as.missing.hash = *hash;
}

void uplink_object_want(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects)
{
    const struct want *want = &event->control->as.want;
    uint64_t bytes = 0;
    int found = uplink->config.object == NULL
                    ? ERR_NOT_FOUND
                    : uplink->config.object(uplink->config.lookup_arg, &want->hash, &bytes);
    if (PLANTED(OBJECT_UNNAMED)) {
        bytes = OBJECT_BYTES_MAX;
        found = 0;
    }
    if (found != 0) {
        missing(uplink, effects, &want->hash);
        return;
    }
    int rc = object_sender_want(&uplink->objects, &want->hash, bytes, want->ranges,
                                (uint32_t)want->count, NULL);
    if (rc != 0) {
        effects_alarm(effects, uplink->connection, ALARM_BAD_FRAME, rc);
        return;
    }
    uplink->part_due = false;
}

void uplink_object_plan(struct uplink *uplink, struct effects *effects)
{
    if (uplink->no_objects) {
        return;
    }
    if (!uplink->part_due) {
        uplink->part_due = object_sender_next(&uplink->objects, PART_BYTES, &uplink->part);
    }
    if (uplink->part_due) {
        uplink->planned = true;
        effects_add(effects, EFFECT_SEND_PART, uplink->connection)->as.part =
            (struct part_plan){.hash = uplink->objects.hash, .range = uplink->part};
    }
}

void uplink_object_sent(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects)
{
    uplink->planned = false;
    uplink->part_due = false;
    if (event->rc != 0) {
        missing(uplink, effects, &uplink->objects.hash);
        uplink_object_session(uplink);
    }
}

void uplink_hold(struct uplink *uplink, bool urgent_only, bool no_objects)
{
    uplink->sender.urgent_only = urgent_only;
    uplink->no_objects = no_objects;
}
