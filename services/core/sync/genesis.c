#include "core/sync/genesis.h"

#include "core/base/plant.h"

#define SEQ_MAX (UINT64_MAX / 4) /* sums of these never overflow */

static bool lane_fits(const struct genesis *genesis, const struct genesis_expected *expected)
{
    if (expected->lane != 0) {
        return genesis->lane == expected->lane;
    }
    return genesis->lane == LANE_URGENT || genesis->lane == LANE_ROUTINE;
}

int genesis_check(const struct span_entry *entry, const struct genesis_expected *expected,
                  struct arena *arena, struct genesis *ret, struct err_ctx *err)
{
    if (entry->kind != ENTRY_GENESIS || entry->erased) {
        return err_set(err, ERR_FORMAT, "entry 1 is not a genesis");
    }
    struct genesis genesis;
    int rc = genesis_decode(entry->body, arena, &genesis, err);
    if (rc != 0) {
        return rc;
    }
    if (genesis.direction != expected->direction || !lane_fits(&genesis, expected)) {
        return err_set(err, ERR_KEY, "genesis: direction or lane is not for this link");
    }
    if (!bytes_equal(genesis.owner, expected->owner) && !PLANTED(WRONG_REGENCY)) {
        return err_set(err, ERR_KEY, "genesis: owner '%.*s' is not who this key belongs to",
                       (int)(genesis.owner.len > 16 ? 16 : genesis.owner.len),
                       (const char *)genesis.owner.data);
    }
    if (!bytes_equal(genesis.counterpart, expected->counterpart)) {
        return err_set(err, ERR_KEY, "genesis: written for another counterpart");
    }
    if (!key_equal(&genesis.signing_key, &expected->signing_key)) {
        return err_set(err, ERR_KEY, "genesis: signing key is not the enrolled one");
    }
    if (genesis.enrolment != expected->enrolment) {
        return err_set(err, ERR_KEY, "genesis: written under another enrolment");
    }
    if (genesis.has_predecessor &&
        (genesis.predecessor.seq > SEQ_MAX || genesis.predecessor_count > SEQ_MAX)) {
        return err_set(err, ERR_FORMAT, "genesis: no log is that long");
    }
    *ret = genesis;
    return 0;
}
