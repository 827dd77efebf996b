#include "core/sync/session.h"

#include "core/base/plant.h"

const char *session_verdict_name(enum session_verdict verdict)
{
    static const char *const names[] = {"step", "retry", "old", "fork"};
    return verdict <= SESSION_FORK ? names[verdict] : "unknown";
}

static bool pair_equal(const struct session_pair *a, const struct session_pair *b)
{
    return memcmp(a->prev, b->prev, sizeof a->prev) == 0 &&
           memcmp(a->next, b->next, sizeof a->next) == 0;
}

enum session_verdict session_judge(const struct session_memory *memory,
                                   const struct session_pair *got, bool same_aggregator,
                                   bool successor)
{
    if (memory->has_accepted && pair_equal(&memory->accepted, got)) {
        return PLANTED(RETRY_IS_FORK) ? SESSION_FORK : SESSION_RETRY;
    }
    /* Before all else: a late RESUME of a node that had not met us yet must not lead back. */
    for (uint32_t i = 0; i < memory->past_count; i++) {
        if (pair_equal(&memory->past[i], got)) {
            return SESSION_OLD;
        }
    }
    if (!memory->has_accepted || !same_aggregator || successor || PLANTED(ANY_PREV)) {
        return SESSION_STEP;
    }
    bool follows = memcmp(got->prev, memory->accepted.next, sizeof got->prev) == 0;
    return follows ? SESSION_STEP : SESSION_FORK;
}

void session_accept(struct session_memory *memory, const struct session_pair *got)
{
    if (memory->has_accepted) {
        memmove(&memory->past[1], &memory->past[0], sizeof memory->past - sizeof memory->past[0]);
        memory->past[0] = memory->accepted;
        if (memory->past_count < SESSION_PAIRS_KEPT) {
            memory->past_count++;
        }
    }
    memory->accepted = *got;
    memory->has_accepted = true;
}

void session_encode(const struct session_memory *memory, uint8_t ret[SESSION_MEMORY_BYTES])
{
    struct writer writer;
    writer_init(&writer, ret, SESSION_MEMORY_BYTES);
    writer_u8(&writer, memory->has_accepted);
    writer_u8(&writer, (uint8_t)memory->past_count);
    writer_bytes(&writer, bytes_of(memory->accepted.prev, 16));
    writer_bytes(&writer, bytes_of(memory->accepted.next, 16));
    for (size_t i = 0; i < SESSION_PAIRS_KEPT; i++) {
        writer_bytes(&writer, bytes_of(memory->past[i].prev, 16));
        writer_bytes(&writer, bytes_of(memory->past[i].next, 16));
    }
}

int session_decode(struct bytes bytes, struct session_memory *ret, struct err_ctx *err)
{
    if (bytes.len != SESSION_MEMORY_BYTES || bytes.data[0] > 1 ||
        bytes.data[1] > SESSION_PAIRS_KEPT) {
        return err_set(err, ERR_FORMAT, "stored session pairs are malformed");
    }
    struct reader reader;
    reader_init(&reader, bytes);
    ret->has_accepted = reader_u8(&reader) == 1;
    ret->past_count = reader_u8(&reader);
    reader_copy(&reader, ret->accepted.prev, 16);
    reader_copy(&reader, ret->accepted.next, 16);
    for (size_t i = 0; i < SESSION_PAIRS_KEPT; i++) {
        reader_copy(&reader, ret->past[i].prev, 16);
        reader_copy(&reader, ret->past[i].next, 16);
    }
    return 0;
}

bool session_own_next(struct session_own *own, const uint8_t fresh[16])
{
    if (!own->confirmed) {
        static const uint8_t none[16];
        if (memcmp(own->pair.next, none, 16) != 0) {
            return false; /* not answered yet: the same pair goes out again */
        }
    }
    memcpy(own->pair.prev, own->pair.next, 16);
    memcpy(own->pair.next, fresh, 16);
    own->confirmed = false;
    return true;
}

void session_own_succeed(struct session_own *own)
{
    *own = (struct session_own){.successor = true};
}

bool session_own_confirm(struct session_own *own, const uint8_t next[16])
{
    if (memcmp(own->pair.next, next, 16) != 0) {
        return false;
    }
    own->confirmed = true;
    own->successor = false;
    return true;
}
