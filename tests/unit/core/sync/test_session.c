/* Session pairs: what a RESUME means, what is kept of the past, and which pair a node sends. */
#include "core/sync/session.h"

#include "lib/cmocka_all.h"

/* Pair i leads from i to i + 1. */
static struct session_pair pair_between(uint8_t prev, uint8_t next)
{
    struct session_pair pair;
    memset(pair.prev, prev, sizeof pair.prev);
    memset(pair.next, next, sizeof pair.next);
    return pair;
}

static struct session_memory memory_of(uint8_t pairs)
{
    struct session_memory memory = {0};
    for (uint8_t i = 0; i < pairs; i++) {
        struct session_pair pair = pair_between(i, (uint8_t)(i + 1));
        session_accept(&memory, &pair);
    }
    return memory;
}

static void every_verdict(void **state)
{
    (void)state;
    static const struct {
        uint8_t pairs; /* accepted before: 0→1, 1→2, … */
        uint8_t prev, next;
        bool same_aggregator, successor;
        enum session_verdict want;
    } rows[] = {
        {0, 0, 1, true, false, SESSION_STEP},   /* the first ever */
        {0, 55, 56, true, false, SESSION_STEP}, /* nothing accepted: not judged */
        {1, 0, 1, true, false, SESSION_RETRY},
        {1, 1, 99, true, false, SESSION_STEP},
        {1, 0, 99, true, false, SESSION_FORK}, /* another next after the same prev: a clone */
        {1, 1, 1, true, false, SESSION_STEP},
        {10, 9, 10, true, false, SESSION_RETRY},
        {10, 10, 77, true, false, SESSION_STEP},
        {10, 9, 77, true, false, SESSION_FORK},
        {10, 0, 1, true, false, SESSION_FORK}, /* nine ago: forgotten */
        {10, 77, 10, true, false, SESSION_FORK},
        {10, 77, 78, false, false, SESSION_STEP}, /* met another aggregator: not judged */
        {10, 77, 78, true, true, SESSION_STEP},   /* a successor's first */
        {10, 9, 10, false, false, SESSION_RETRY}, /* but the same stays the same */
        {10, 5, 6, false, false, SESSION_OLD},    /* and a late one does not lead back */
        {10, 5, 6, true, true, SESSION_OLD},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct session_memory memory = memory_of(rows[i].pairs);
        struct session_pair got = pair_between(rows[i].prev, rows[i].next);
        enum session_verdict verdict =
            session_judge(&memory, &got, rows[i].same_aggregator, rows[i].successor);
        if (verdict != rows[i].want) {
            fail_msg("row %zu: %s", i, session_verdict_name(verdict));
        }
    }
}

static void each_of_the_last_eight_is_old(void **state)
{
    (void)state;
    for (uint8_t accepted = 1; accepted <= 12; accepted++) {
        struct session_memory memory = memory_of(accepted);
        assert_int_equal(memory.past_count, accepted > 8 ? 8 : accepted - 1);
        for (uint8_t i = 0; i + 1 < accepted; i++) {
            struct session_pair pair = pair_between(i, (uint8_t)(i + 1));
            enum session_verdict want = accepted - 1 - i <= 8 ? SESSION_OLD : SESSION_FORK;
            assert_int_equal(session_judge(&memory, &pair, true, false), want);
        }
    }
}

static void memory_survives_its_bytes(void **state)
{
    (void)state;
    uint8_t bytes[SESSION_MEMORY_BYTES];
    for (uint8_t pairs = 0; pairs <= 11; pairs++) {
        struct session_memory memory = memory_of(pairs);
        struct session_memory back;
        session_encode(&memory, bytes);
        assert_int_equal(session_decode(bytes_of(bytes, sizeof bytes), &back, NULL), 0);
        assert_int_equal(back.has_accepted, memory.has_accepted);
        assert_int_equal(back.past_count, memory.past_count);
        assert_memory_equal(&back.accepted, &memory.accepted, sizeof back.accepted);
        assert_memory_equal(back.past, memory.past, sizeof back.past);
    }
}

static void malformed_memory_is_refused(void **state)
{
    (void)state;
    struct session_memory memory = memory_of(3);
    struct session_memory back;
    uint8_t bytes[SESSION_MEMORY_BYTES];
    session_encode(&memory, bytes);
    assert_int_equal(session_decode(bytes_of(bytes, sizeof bytes - 1), &back, NULL), ERR_FORMAT);
    assert_int_equal(session_decode(bytes_of(bytes, 0), &back, NULL), ERR_FORMAT);
    bytes[0] = 2;
    assert_int_equal(session_decode(bytes_of(bytes, sizeof bytes), &back, NULL), ERR_FORMAT);
    bytes[0] = 1;
    bytes[1] = SESSION_PAIRS_KEPT + 1;
    assert_int_equal(session_decode(bytes_of(bytes, sizeof bytes), &back, NULL), ERR_FORMAT);
}

static void own_pair_changes_only_once_confirmed(void **state)
{
    (void)state;
    static const uint8_t fresh[3][16] = {{1}, {2}, {3}};
    struct session_own own = {0};
    assert_true(session_own_next(&own, fresh[0]));
    assert_memory_equal(own.pair.next, fresh[0], 16);
    assert_false(session_own_next(&own, fresh[1]));
    assert_memory_equal(own.pair.next, fresh[0], 16);
    assert_false(session_own_confirm(&own, fresh[1]));
    assert_false(session_own_next(&own, fresh[1]));
    assert_true(session_own_confirm(&own, fresh[0]));
    assert_true(session_own_next(&own, fresh[2]));
    assert_memory_equal(own.pair.prev, fresh[0], 16);
    assert_memory_equal(own.pair.next, fresh[2], 16);
    assert_false(own.confirmed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_verdict),
        cmocka_unit_test(each_of_the_last_eight_is_old),
        cmocka_unit_test(memory_survives_its_bytes),
        cmocka_unit_test(malformed_memory_is_refused),
        cmocka_unit_test(own_pair_changes_only_once_confirmed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
