/* Objects at the aggregator's end: asked for by the node, which gets what its office log names, and
 * those that the shell asked the node for. */
#include "core/sync/intake_private.h"

void intake_object_frame(struct intake *intake, const struct intake_connection *connection,
                         const struct intake_event *event, struct effects *effects)
{
    static const struct object_lookup nothing; /* not in a session yet, or not any more */
    const struct control *control = event->control;
    bool live = connection->number == intake->live;
    if (control->kind == FRAME_WANT) {
        object_giver_want(&intake->giver, live ? &intake->config.object : &nothing,
                          connection->number, &control->as.want, effects);
    } else if (live) {
        effects_add(effects, EFFECT_OBJECT, connection->number)->as.control = *control;
    }
}

uint32_t intake_asks(const struct intake *intake)
{
    for (size_t i = 0; i < INTAKE_CONNECTIONS_MAX; i++) {
        const struct intake_connection *connection = &intake->connections[i];
        if (connection->number != 0 && connection->number == intake->live &&
            connection->state == INTAKE_OPEN && !intake->revoked) {
            return connection->number;
        }
    }
    return 0;
}
