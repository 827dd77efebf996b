/* uplink_private.h - what the files of the uplink share; nobody else includes it. */
#ifndef CORE_SYNC_UPLINK_PRIVATE_H
#define CORE_SYNC_UPLINK_PRIVATE_H

#include "core/sync/uplink.h"

/* ---- uplink.c ---- */
/* Leaves the connection; tries again with full jitter up to 60 s. */
void uplink_wait_refused(struct uplink *uplink, const struct uplink_event *event,
                         struct effects *effects);

/* ---- uplink_office.c ---- */
/* RESUMED names the office log: ours, or the one it goes on as. */
void uplink_note_office(struct uplink *uplink, const struct incarnation *office);
void uplink_office_span(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects);
void uplink_office_stored(struct uplink *uplink, const struct uplink_event *event,
                          struct effects *effects);

/* ---- uplink_object.c: files of ours that the aggregator asks for ---- */
void uplink_object_session(struct uplink *uplink);
void uplink_object_want(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects);
/* The next part goes out, if one is wanted: nothing else waits. */
void uplink_object_plan(struct uplink *uplink, struct effects *effects);
void uplink_object_sent(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects);

#endif
