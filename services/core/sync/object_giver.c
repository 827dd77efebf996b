#include "core/sync/object_giver.h"

#include "core/base/plant.h"

/* What is in libzmq and the kernel delays an urgent report by so much. */
#define PART_BYTES 16384u

void object_giver_session(struct object_giver *giver)
{
    giver->wanted.count = 0;
    giver->wanted.first = 0;
    giver->part_due = false;
}

static void missing(uint32_t connection, const struct hash *hash, struct effects *effects)
{
    effects_send(effects, connection, FRAME_MISSING)->as.missing.hash = *hash;
}

void object_giver_want(struct object_giver *giver, const struct object_lookup *lookup,
                       uint32_t connection, const struct want *want, struct effects *effects)
{
    uint64_t bytes = 0;
    int found =
        lookup->size == NULL ? ERR_NOT_FOUND : lookup->size(lookup->arg, &want->hash, &bytes);
    if (PLANTED(OBJECT_UNNAMED)) {
        bytes = OBJECT_BYTES_MAX;
        found = 0;
    }
    if (found != 0) {
        missing(connection, &want->hash, effects);
        return;
    }
    int rc = object_sender_want(&giver->wanted, &want->hash, bytes, want->ranges,
                                (uint32_t)want->count, NULL);
    if (rc != 0) {
        effects_alarm(effects, connection, ALARM_BAD_FRAME, rc);
        return;
    }
    giver->part_due = false;
}

bool object_giver_plan(struct object_giver *giver, uint32_t connection, struct effects *effects)
{
    if (!giver->part_due) {
        giver->part_due = object_sender_next(&giver->wanted, PART_BYTES, &giver->part);
    }
    if (giver->part_due) {
        effects_add(effects, EFFECT_SEND_PART, connection)->as.part =
            (struct part_plan){.hash = giver->wanted.hash, .range = giver->part};
    }
    return giver->part_due;
}

void object_giver_sent(struct object_giver *giver, uint32_t connection, int rc,
                       struct effects *effects)
{
    giver->part_due = false;
    if (rc != 0) {
        missing(connection, &giver->wanted.hash, effects);
        object_giver_session(giver);
    }
}
