/* outlog_private.h - what outlog.c and outlog_line.c share. */
#ifndef PLATFORM_STORE_OUTLOG_PRIVATE_H
#define PLATFORM_STORE_OUTLOG_PRIVATE_H

#include "platform/store/outlog.h"

#define OUTLOG_KEY_BYTES (INCARNATION_BYTES + 8u)

struct bytes outlog_key(const struct entry_id *id, uint8_t key[OUTLOG_KEY_BYTES]);
/* The entry as the log's next: kind, flag, time, b and body as they are, chained anew. Updates
 * *log, not its record. The body must not lie in the map. */
void outlog_put(struct store_txn *txn, const struct outlog_tables *tables, struct outlog *log,
                const struct outlog_entry *entry);

#endif
