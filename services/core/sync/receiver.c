#include "core/sync/receiver.h"

#include "core/base/plant.h"
#include "core/seal/chain.h"

void receiver_init(struct receiver *receiver, const struct incarnation *incarnation, enum lane lane,
                   const struct key *signer, uint64_t durable, const struct hash *durable_h)
{
    *receiver = (struct receiver){
        .incarnation = *incarnation,
        .lane = lane,
        .signer = *signer,
        .durable = durable,
        .taken = durable,
        .durable_h = *durable_h,
        .taken_h = *durable_h,
    };
}

struct walk {
    struct hash h_last;
    bool meets_cursor; /* the span contains the cursor's entry or begins right after it */
    bool agrees;       /* … and has the same h there */
};

static struct walk walk_chain(const struct receiver *receiver, const struct span_header *header,
                              const struct span_entry *entries)
{
    struct walk walk = {.h_last = header->h_before};
    struct entry_id id = {.incarnation = header->incarnation, .seq = header->first - 1};
    for (uint32_t i = 0;; i++) {
        if (id.seq == receiver->taken) {
            walk.meets_cursor = true;
            walk.agrees = hash_equal(&walk.h_last, &receiver->taken_h);
        }
        if (i == header->count) {
            return walk;
        }
        struct hash b;
        if (entries[i].erased) {
            memcpy(b.b, entries[i].body.data, sizeof b.b);
        } else {
            chain_body(entries[i].body, &b);
        }
        id.seq++;
        struct hash before = walk.h_last;
        chain_next(&before, &b, &id, entries[i].kind, &walk.h_last);
    }
}

static void take(struct receiver *receiver, const struct span_header *header,
                 const struct hash *h_last, struct span_store *ret)
{
    uint64_t last = header->first + header->count - 1;
    *ret = (struct span_store){
        .incarnation = header->incarnation,
        .first_new = receiver->taken + 1,
        .last = last,
        .skip = (uint32_t)(receiver->taken + 1 - header->first),
        .epoch = receiver->epoch,
        .h_before = receiver->taken_h,
        .h_last = *h_last,
        .is_new_log = receiver->taken == 0,
        .lane = receiver->lane,
    };
    receiver->taken = last;
    receiver->taken_h = *h_last;
}

int receiver_take(struct receiver *receiver, const struct span_header *header,
                  const struct span_entry *entries, struct span_store *ret, struct err_ctx *err)
{
    uint64_t last = header->first + header->count - 1;
    if (header->first == 0 || last < header->first) {
        return err_set(err, ERR_FORMAT, "entries are counted from 1");
    }
    if (header->first > receiver->taken + 1 && !PLANTED(WATERMARK_GAP)) {
        return err_set(err, ERR_GAP, "span begins at %llu, cursor is %llu",
                       (unsigned long long)header->first, (unsigned long long)receiver->taken);
    }
    if (header->first == 1 && !hash_is_zero(&header->h_before)) {
        return err_set(err, ERR_CHAIN, "the chain does not begin with zeros");
    }
    struct walk walk = walk_chain(receiver, header, entries);
    struct entry_id head = {.incarnation = header->incarnation, .seq = last};
    if (!PLANTED(NO_HEAD_CHECK) &&
        !head_verify(&receiver->signer, &head, &walk.h_last, &header->head)) {
        return err_set(err, ERR_HEAD, "head of entry %llu does not verify",
                       (unsigned long long)last);
    }
    if (walk.meets_cursor && !walk.agrees && PLANTED(FORK_DROPPED)) {
        return RECEIVER_SEEN;
    }
    if (walk.meets_cursor && !walk.agrees && !PLANTED(NO_CHAIN_CHECK)) {
        return err_set(err, ERR_FORK, "entry %llu is another than the one we have",
                       (unsigned long long)receiver->taken);
    }
    if (last <= receiver->taken) {
        return RECEIVER_SEEN;
    }
    take(receiver, header, &walk.h_last, ret);
    return RECEIVER_NEW;
}

bool receiver_stored(struct receiver *receiver, uint64_t last, const struct hash *h_last,
                     uint32_t epoch, int rc)
{
    if (rc == 0) {
        if (last <= receiver->durable) {
            return false;
        }
        receiver->durable = last;
        receiver->durable_h = *h_last;
        if (receiver->taken < last) {
            receiver->taken = last;
            receiver->taken_h = *h_last;
        }
        return true;
    }
    if (epoch == receiver->epoch) {
        receiver->taken = receiver->durable;
        receiver->taken_h = receiver->durable_h;
        receiver->epoch++;
    }
    return false;
}
