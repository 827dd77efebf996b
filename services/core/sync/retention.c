#include "core/sync/retention.h"

bool retention_may_delete(const struct retention *retention, uint64_t seq, int64_t created_ms)
{
    if (seq >= retention->receipt || seq >= retention->acked) {
        return false;
    }
    return retention->store_full ||
           (seq <= retention->backed_up_to && created_ms < retention->before_ms);
}
