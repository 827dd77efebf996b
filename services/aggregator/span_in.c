/* span_in.c - a span that arrived: what is in it, and what is kept of it. */
#include "aggregator/span_in.h"

#include "core/base/plant.h"

#include <stdlib.h>

/* What was modelled for a slow line is kept as it would have come over a fast one: what reads the
 * journal (views, backups) reads it fast, and alone. It always fits so. */
static int keep(struct aggregator *aggregator, const struct span_header *header,
                const struct span_entry *entries, struct bytes *ret_frame)
{
    struct span_builder *builder = aggregator->keep_builder;
    int rc = 0;
    span_builder_start(builder, &header->incarnation, header->first, &header->h_before);
    for (uint32_t i = 0; i < header->count && rc == 0; i++) {
        rc = span_builder_add(builder, &entries[i], SPAN_MODEL_RAW_BYTES_MAX);
    }
    return rc != 0 ? rc : span_builder_finish(builder, SPAN_ZSTD, &header->head, ret_frame, NULL);
}

/* NULL: what comes has to stand alone. */
static struct span_past *past_of(struct peer_connection *connection)
{
    if (connection != NULL && connection->past == NULL) {
        connection->past = malloc(sizeof *connection->past);
        if (connection->past != NULL) {
            span_past_clear(connection->past);
        }
    }
    return connection == NULL ? NULL : connection->past;
}

int span_in(struct aggregator *aggregator, struct peer_connection *connection, struct bytes *frame,
            struct span_header *ret_header, struct intake_event *event)
{
    struct bytes payload;
    struct span_entry *entries = NULL;
    int rc = span_header_decode(*frame, ret_header, &payload, NULL);
    bool modelled = rc == 0 && ret_header->codec == SPAN_MODEL;
    bool kept_otherwise = modelled && !PLANTED(KEPT_AS_CAME);
    event->header = ret_header;
    rc = rc != 0 ? rc
                 : span_entries_receive(aggregator->decoder, ret_header, payload,
                                        modelled ? past_of(connection) : NULL, aggregator->arena,
                                        &entries, NULL);
    rc = rc == 0 && kept_otherwise ? keep(aggregator, ret_header, entries, frame) : rc;
    event->entries = entries;
    event->wire_bytes = frame->len; /* what waits for the store is counted so */
    return rc;
}
