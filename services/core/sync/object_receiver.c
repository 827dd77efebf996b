#include "core/sync/object_receiver.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

#include <string.h>

const char *object_phase_name(enum object_phase phase)
{
    static const char *const names[] = {"list", "blocks", "whole", "done", "refused"};
    return phase <= OBJECT_REFUSED ? names[phase] : "unknown";
}

int object_receiver_init(struct object_receiver *receiver, const struct object_ref *ref,
                         struct err_ctx *err)
{
    int code = object_ref_check(ref, err);
    if (code != 0) {
        return code;
    }
    memset(receiver, 0, sizeof *receiver);
    receiver->ref = *ref;
    receiver->phase = OBJECT_LIST;
    return 0;
}

/* Nothing is under way; what came of a block that is not whole stays. */
static void stop_asking(struct object_receiver *receiver)
{
    receiver->asked_until = receiver->at;
}

static void go_to(struct object_receiver *receiver, uint64_t offset)
{
    receiver->at = offset;
    stop_asking(receiver);
}

static bool list_fits(const struct object_receiver *receiver, struct bytes list)
{
    struct hash hash;
    object_list_hash(list, &hash);
    return list.len == object_list_bytes(&receiver->ref) && hash_equal(&hash, &receiver->ref.list);
}

static bool block_fits(const struct object_receiver *receiver, uint32_t index, struct bytes block)
{
    struct hash hash;
    object_block_hash(block, &hash);
    return block.len == object_block_bytes(&receiver->ref, index) &&
           (memcmp(hash.b, receiver->list + (size_t)index * HASH_BYTES, HASH_BYTES) == 0 ||
            PLANTED(OBJECT_UNCHECKED));
}

static void list_is_here(struct object_receiver *receiver)
{
    receiver->phase = OBJECT_BLOCKS;
    go_to(receiver, 0);
}

static void block_is_here(struct object_receiver *receiver, uint32_t index)
{
    receiver->have[index] = true;
    receiver->have_count++;
    if (receiver->have_count == object_blocks(&receiver->ref)) {
        receiver->phase = OBJECT_WHOLE;
        stop_asking(receiver);
    }
}

int object_receiver_found_list(struct object_receiver *receiver, struct bytes list,
                               struct err_ctx *err)
{
    if (receiver->phase != OBJECT_LIST) {
        return err_set(err, ERR_STATE, "the block list is known already");
    }
    if (!list_fits(receiver, list)) {
        return err_set(err, ERR_VALUE, "not the block list that the entry names");
    }
    memcpy(receiver->list, list.data, list.len);
    list_is_here(receiver);
    return 0;
}

bool object_receiver_found(struct object_receiver *receiver, uint32_t index, struct bytes block)
{
    bool under_way = receiver->asked_until > receiver->at;
    if (receiver->phase != OBJECT_BLOCKS || under_way || index >= object_blocks(&receiver->ref) ||
        receiver->have[index] || !block_fits(receiver, index, block)) {
        return false;
    }
    block_is_here(receiver, index);
    return true;
}

void object_receiver_session(struct object_receiver *receiver)
{
    receiver->missing = false;
    stop_asking(receiver);
}

/* To the first block that is not here, unless a part of it is. */
static void next_block(struct object_receiver *receiver)
{
    uint32_t index = (uint32_t)(receiver->at / OBJECT_BLOCK_BYTES);
    if (receiver->at < receiver->ref.size && !receiver->have[index]) {
        return;
    }
    index = 0;
    while (receiver->have[index]) {
        index++;
    }
    go_to(receiver, (uint64_t)index * OBJECT_BLOCK_BYTES);
}

/* The end of what lacks from `at` on: blocks that are here are not asked for again. */
static uint64_t lacking_until(const struct object_receiver *receiver)
{
    uint32_t index = (uint32_t)(receiver->at / OBJECT_BLOCK_BYTES);
    uint32_t blocks = object_blocks(&receiver->ref);
    while (index < blocks && !receiver->have[index]) {
        index++;
    }
    uint64_t end = (uint64_t)index * OBJECT_BLOCK_BYTES;
    return end < receiver->ref.size ? end : receiver->ref.size;
}

bool object_receiver_want(struct object_receiver *receiver, uint64_t bytes_max,
                          struct hash *ret_hash, struct object_range *ret)
{
    ASSERT(bytes_max > 0);
    bool list = receiver->phase == OBJECT_LIST;
    if ((!list && receiver->phase != OBJECT_BLOCKS) || receiver->missing ||
        receiver->asked_until > receiver->at) {
        return false;
    }
    if (!list) {
        next_block(receiver);
    }
    uint64_t end = list ? object_list_bytes(&receiver->ref) : lacking_until(receiver);
    uint64_t length = end - receiver->at < bytes_max ? end - receiver->at : bytes_max;
    *ret_hash = list ? receiver->ref.list : receiver->ref.sha256;
    *ret = (struct object_range){.offset = receiver->at, .length = length};
    receiver->asked_until = receiver->at + length;
    return true;
}

static int does_not_fit(struct object_receiver *receiver, uint64_t begin, struct err_ctx *err)
{
    go_to(receiver, begin);
    receiver->wrong++;
    if (receiver->wrong < OBJECT_WRONG_MAX) {
        return err_set(err, ERR_CHAIN, "what came at %llu does not fit: asked for again",
                       (unsigned long long)begin);
    }
    receiver->phase = OBJECT_REFUSED;
    return err_set(err, ERR_CHAIN, "%u times what came did not fit: the object is refused",
                   receiver->wrong);
}

static int take_list(struct object_receiver *receiver, struct bytes data, struct object_effect *ret,
                     struct err_ctx *err)
{
    memcpy(receiver->list + receiver->at, data.data, data.len);
    receiver->at += data.len;
    struct bytes list = bytes_of(receiver->list, object_list_bytes(&receiver->ref));
    if (receiver->at < list.len) {
        return 0;
    }
    if (!list_fits(receiver, list)) {
        return does_not_fit(receiver, 0, err);
    }
    list_is_here(receiver);
    *ret = (struct object_effect){.what = OBJECT_KEEP_LIST, .bytes = list};
    return 0;
}

static int take_block(struct object_receiver *receiver, struct bytes data,
                      struct object_effect *ret, struct err_ctx *err)
{
    uint32_t index = (uint32_t)(receiver->at / OBJECT_BLOCK_BYTES);
    uint64_t begin = (uint64_t)index * OBJECT_BLOCK_BYTES;
    memcpy(receiver->block + (receiver->at - begin), data.data, data.len);
    receiver->at += data.len;
    struct bytes block = bytes_of(receiver->block, object_block_bytes(&receiver->ref, index));
    if (receiver->at < begin + block.len) {
        return 0;
    }
    if (!block_fits(receiver, index, block)) {
        return does_not_fit(receiver, begin, err);
    }
    block_is_here(receiver, index);
    *ret = (struct object_effect){.what = OBJECT_WRITE, .offset = begin, .bytes = block};
    return 0;
}

int object_receiver_part(struct object_receiver *receiver, const struct object_part *part,
                         struct object_effect *ret, struct err_ctx *err)
{
    *ret = (struct object_effect){.what = OBJECT_NOTHING};
    bool list = receiver->phase == OBJECT_LIST;
    const struct hash *hash = list ? &receiver->ref.list : &receiver->ref.sha256;
    uint64_t room = OBJECT_BLOCK_BYTES - receiver->at % OBJECT_BLOCK_BYTES;
    if ((!list && receiver->phase != OBJECT_BLOCKS) || !hash_equal(hash, &part->hash) ||
        part->offset != receiver->at || part->data.len == 0 || part->data.len > room ||
        part->data.len > receiver->asked_until - receiver->at) {
        return err_set(err, ERR_VALUE, "not the part that was asked for");
    }
    return list ? take_list(receiver, part->data, ret, err)
                : take_block(receiver, part->data, ret, err);
}

void object_receiver_missing(struct object_receiver *receiver)
{
    receiver->missing = true;
    stop_asking(receiver);
}

int object_receiver_whole(struct object_receiver *receiver, const struct hash *sha256,
                          struct err_ctx *err)
{
    ASSERT(receiver->phase == OBJECT_WHOLE);
    if (!hash_equal(sha256, &receiver->ref.sha256)) {
        receiver->phase = OBJECT_REFUSED;
        return err_set(err, ERR_CHAIN, "its blocks fit, its SHA-256 does not: refused");
    }
    receiver->phase = OBJECT_DONE;
    return 0;
}

bool object_receiver_idle(const struct object_receiver *receiver)
{
    return receiver->asked_until <= receiver->at;
}

uint64_t object_receiver_bytes(const struct object_receiver *receiver)
{
    uint32_t last = object_blocks(&receiver->ref) - 1;
    uint64_t bytes = (uint64_t)receiver->have_count * OBJECT_BLOCK_BYTES;
    return receiver->have[last]
               ? bytes - OBJECT_BLOCK_BYTES + object_block_bytes(&receiver->ref, last)
               : bytes;
}
