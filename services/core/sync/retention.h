/* retention.h - which of our own entries may be deleted. The shell deletes; the rule stands here.
 *
 * By itself only what is covered by a receipt, backed up at the other end, and older than the
 * retention. When the store is full: what is covered by a receipt, since new reports would be
 * refused otherwise. Never what no receipt covers, and never the entry that a cursor stands at: its
 * hash proves where the log goes on. A province put back to its backup stands at the last entry
 * that is backed up, so that one stays too. Source: DESIGN "Life of a log".
 */
#ifndef CORE_SYNC_RETENTION_H
#define CORE_SYNC_RETENTION_H

#include <stdbool.h>
#include <stdint.h>

struct retention {
    uint64_t acked, receipt, backed_up_to; /* of the log */
    int64_t before_ms;                     /* entries made before this are old enough */
    bool store_full;
};

bool retention_may_delete(const struct retention *retention, uint64_t seq, int64_t created_ms);

#endif
