/* uplink_private.h - what the files of the uplink share; nobody else includes it. */
#ifndef CORE_SYNC_UPLINK_PRIVATE_H
#define CORE_SYNC_UPLINK_PRIVATE_H

#include "core/sync/uplink.h"

/* ---- uplink_connect.c ---- */
void uplink_move(struct uplink *uplink, enum uplink_state to);
void uplink_begin(struct uplink *uplink, const struct uplink_event *event, struct effects *effects);
void uplink_pair_committed(struct uplink *uplink, const struct uplink_event *event,
                           struct effects *effects);
void uplink_link_down(struct uplink *uplink, const struct uplink_event *event,
                      struct effects *effects);
/* Closes what there is. */
void uplink_leave(struct uplink *uplink, struct effects *effects);
/* These leave the connection, the silent one is kept. Refused: full jitter up to 60 s. */
void uplink_wait_refused(struct uplink *uplink, const struct uplink_event *event,
                         struct effects *effects);
void uplink_wait_silent(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects);
void uplink_wait_denied(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects, enum denied_code code);
/* Denied as a successor: the aggregator says when whoever spoke before will have been silent for
 * long enough. */
void uplink_wait_take_over(struct uplink *uplink, const struct uplink_event *event,
                           struct effects *effects, enum denied_code code, uint32_t retry_s);
/* COME_BACK: as long as it says, plus random up to as much again. */
void uplink_wait_asked(struct uplink *uplink, const struct uplink_event *event,
                       struct effects *effects, uint64_t delay_ms);
bool uplink_is_kept(const struct uplink *uplink, uint32_t connection);
void uplink_drop_kept(struct uplink *uplink, struct effects *effects);
/* The kept one is the connection again; the attempt beside it ends. */
void uplink_take_back(struct uplink *uplink, const struct uplink_event *event,
                      struct effects *effects);

/* Receipts are what lets us delete: only the province's log key makes them. */
bool uplink_receipt_holds(const struct uplink *uplink, const struct ack *ack);

/* ---- uplink_carried.c ---- */
/* A receipt that came by stick in this session says more: the cursor was said before it. */
bool uplink_overtaken(const struct uplink *uplink, const struct ack *cursor);

/* ---- uplink_office.c ---- */
/* RESUMED names the office log: ours, or the one it goes on as. */
void uplink_note_office(struct uplink *uplink, const struct incarnation *office);
void uplink_office_span(struct uplink *uplink, const struct uplink_event *event,
                        struct effects *effects);
void uplink_office_stored(struct uplink *uplink, const struct uplink_event *event,
                          struct effects *effects);

#endif
