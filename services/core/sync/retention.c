#include "core/sync/retention.h"

#include "core/base/plant.h"

bool retention_may_delete(const struct retention *retention, uint64_t seq, int64_t created_ms)
{
    bool receipted = seq < retention->receipt || PLANTED(DELETE_BEFORE_RECEIPT);
    bool backed_up = seq < retention->backed_up_to || PLANTED(DELETE_ABOVE_BACKUP);
    if (!receipted || seq >= retention->acked) {
        return false;
    }
    return retention->store_full || (backed_up && created_ms < retention->before_ms);
}
