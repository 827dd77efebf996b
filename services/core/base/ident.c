#include "core/base/ident.h"

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool hash_is_zero(const struct hash *hash)
{
    static const struct hash zero;
    return hash_equal(hash, &zero);
}

bool incarnation_equal(const struct incarnation *a, const struct incarnation *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

bool incarnation_is_zero(const struct incarnation *incarnation)
{
    static const struct incarnation zero;
    return incarnation_equal(incarnation, &zero);
}

bool key_equal(const struct key *a, const struct key *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}
