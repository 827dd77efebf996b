/* chance.c - splitmix64 seeds xoshiro256**; and what kind of run a seed makes. */
#include "sim.h"

enum how { CHANCE, EVERY, FOLLOWS };
struct fault_row {
    const char *name;
    enum how how;
    uint32_t heavy, mild;
};
static const struct fault_row rows[FAULT_COUNT] = {
#define FAULT_X(name, text, how, heavy, mild) [name] = {text, how, heavy, mild},
    FAULT_LIST(FAULT_X)
#undef FAULT_X
};

const char *fault_name(enum fault fault)
{
    return fault < FAULT_COUNT ? rows[fault].name : "none";
}

void rng_seed(struct rng *rng, uint64_t seed)
{
    for (size_t i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        rng->s[i] = z ^ (z >> 31);
    }
}

static uint64_t turn(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->s;
    uint64_t ret = turn(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn(s[3], 45);
    return ret;
}

uint64_t rng_below(struct rng *rng, uint64_t limit)
{
    return limit == 0 ? 0 : rng_next(rng) % limit;
}

void rng_fill(struct rng *rng, uint8_t *to, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = rng_next(rng);
        memcpy(to + i, &word, len - i < 8 ? len - i : 8);
    }
}

/* ---- profiles ---- */

/* What only shows together with sessions that end and come again. */
static void some_cuts(struct rng *rng, struct profile *profile)
{
    if (profile->level[FAULT_CUT] == 0 && rng_below(rng, 2) == 0) {
        profile->level[FAULT_CUT] = rows[FAULT_CUT].mild;
    }
}

static void storm(struct rng *rng, struct profile *ret)
{
    ret->name = "storm";
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (rows[i].how != FOLLOWS && rng_below(rng, 2) == 0) {
            uint64_t scale = 50 + rng_below(rng, 150);
            ret->level[i] = (uint32_t)(rows[i].mild * scale / 100);
        }
    }
}

void profile_draw(struct rng *rng, struct profile *ret)
{
    *ret = (struct profile){.name = "calm"};
    uint64_t kind = rng_below(rng, 100);
    if (kind < 5) {
        ret->level[FAULT_CUT] = 15000;
    } else if (kind < 75) {
        uint64_t at = rng_below(rng, FAULT_COUNT);
        while (rows[at].how == FOLLOWS) {
            at = (at + 1) % FAULT_COUNT;
        }
        ret->name = rows[at].name;
        ret->level[at] = rows[at].heavy;
        some_cuts(rng, ret);
    } else {
        storm(rng, ret);
        some_cuts(rng, ret);
    }
}
