/* intake_private.h - what the files of the intake share; nobody else includes it. */
#ifndef CORE_SYNC_INTAKE_PRIVATE_H
#define CORE_SYNC_INTAKE_PRIVATE_H

#include "core/sync/intake.h"

#define INTAKE_NO_ROOM_RETRY_S 30u
#define INTAKE_WINDOW_RETRY_S 1u

/* ---- intake.c: connections ---- */
/* The frame, for whoever wants to add to it; the connection is closed. */
struct denied *intake_deny(struct intake *intake, struct intake_connection *connection,
                           struct effects *effects, enum denied_code code, const char *text);
void intake_deny_clone(struct intake *intake, struct intake_connection *connection,
                       const struct intake_event *event, struct effects *effects);
void intake_come_back(struct intake *intake, struct intake_connection *connection,
                      struct effects *effects, uint32_t retry_s);
/* How long until the session we took has been silent for long enough; 0: it has. */
uint64_t intake_silence_left_ms(const struct intake *intake, uint64_t now_ms);
void intake_receipt(const struct intake *intake, const struct intake_log *log, struct ack *ret);
/* The connection that answers go to; NULL when there is none. */
struct intake_connection *intake_live(struct intake *intake);

/* No further log of this lane. */
bool intake_lives_full(const struct intake *intake, enum lane lane);

/* ---- intake_logs.c: logs, spans and what became of them ---- */
struct intake_log *intake_log_of(struct intake *intake, const struct incarnation *incarnation);
void intake_span(struct intake *intake, struct intake_connection *connection,
                 const struct intake_event *event, struct effects *effects);
void intake_stored(struct intake *intake, const struct intake_event *event,
                   struct effects *effects);

/* ---- intake_objects.c ---- */
/* WANT, PART, MISSING. */
void intake_object_frame(struct intake *intake, const struct intake_connection *connection,
                         const struct intake_event *event, struct effects *effects);

#endif
