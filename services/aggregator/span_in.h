/* span_in.h - what is in a span that arrived, and what is kept of it. Loop thread. */
#ifndef AGGREGATOR_SPAN_IN_H
#define AGGREGATOR_SPAN_IN_H

#include "aggregator/aggregator.h"

/* Fills the event's header, entries (in the aggregator's arena) and wire_bytes; `frame` becomes
 * what the journal keeps, valid until the next one. `connection`: NULL by stick. ERR_GAP: it was
 * packed after entries that did not come over this connection, and has to come anew. */
int span_in(struct aggregator *aggregator, struct peer_connection *connection, struct bytes *frame,
            struct span_header *ret_header, struct intake_event *event) MUST_USE;

#endif
