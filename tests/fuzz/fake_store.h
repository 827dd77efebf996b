/* fake_store.h - platform/store/store.h over a few rows in memory, so that what reads records meets
 * values that no writer of ours ever put there. Linked in place of the real one. */
#ifndef TESTS_FUZZ_FAKE_STORE_H
#define TESTS_FUZZ_FAKE_STORE_H

#include "platform/store/store.h"

/* Emptied; one at a time. */
struct store_txn *fake_store(void);
/* Each value lies in memory of just its size. */
void fake_put(unsigned table, struct bytes key, struct bytes value);
/* From now on nothing can be opened or read: ERR_STORAGE. */
void fake_refuses(bool refuses);

#endif
