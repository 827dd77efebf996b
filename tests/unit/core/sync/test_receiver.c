/* The receiving end of one log: whole spans that hold and continue it, or nothing. */
#include "core/sync/receiver.h"

#include "fixture.h"

static struct sample sample;
static struct receiver receiver;
static struct span_store store;

static int begin_at(void **state, uint64_t durable)
{
    (void)state;
    sample_init(&sample, 1, "entry");
    receiver_init(&receiver, &sample.incarnation, LANE_URGENT, &sample.key, durable,
                  &sample.h[durable]);
    memset(&store, 0xee, sizeof store);
    return 0;
}

static int begin(void **state)
{
    return begin_at(state, 0);
}

static int begin_at_five(void **state)
{
    return begin_at(state, 5);
}

static int take(uint64_t first, uint64_t last)
{
    struct span_header header = sample_span(&sample, first, last);
    return receiver_take(&receiver, &header, &sample.entries[first - 1], &store, NULL);
}

static bool stored(int rc)
{
    return receiver_stored(&receiver, store.last, &store.h_last, store.epoch, rc);
}

static void new_entries_are_to_be_stored(void **state)
{
    (void)state;
    assert_int_equal(take(1, 4), RECEIVER_NEW);
    assert_true(store.is_new_log);
    assert_int_equal(store.first_new, 1);
    assert_int_equal(store.last, 4);
    assert_int_equal(store.skip, 0);
    assert_true(hash_is_zero(&store.h_before));
    assert_true(hash_equal(&store.h_last, &sample.h[4]));
    assert_int_equal(receiver.durable, 0);
    assert_int_equal(take(5, 6), RECEIVER_NEW); /* on top of what is not durable yet */
    assert_false(store.is_new_log);
    assert_true(hash_equal(&store.h_before, &sample.h[4]));
}

static void gap_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(take(7, 8), ERR_GAP);
    assert_int_equal(receiver.taken, 5);
    assert_int_equal(take(6, 8), RECEIVER_NEW);
}

static void overlap_is_skipped(void **state)
{
    (void)state;
    assert_int_equal(take(3, 9), RECEIVER_NEW);
    assert_int_equal(store.first_new, 6);
    assert_int_equal(store.skip, 3);
    assert_true(hash_equal(&store.h_before, &sample.h[5]));
    assert_int_equal(receiver.taken, 9);
}

static void what_is_known_is_seen(void **state)
{
    (void)state;
    assert_int_equal(take(5, 5), RECEIVER_SEEN);
    assert_int_equal(take(1, 5), RECEIVER_SEEN);
    assert_int_equal(take(2, 3), RECEIVER_SEEN);
    assert_int_equal(receiver.taken, 5);
    assert_int_equal(store.last, 0xeeeeeeeeeeeeeeee); /* ret untouched */
}

static void wrong_chain_is_refused(void **state)
{
    (void)state;
    struct span_header header = sample_span(&sample, 6, 8);
    struct span_entry entries[3];
    memcpy(entries, &sample.entries[5], sizeof entries);
    entries[1].body = bytes_of_text("changed");
    assert_int_equal(receiver_take(&receiver, &header, entries, &store, NULL), ERR_HEAD);
    memcpy(entries, &sample.entries[5], sizeof entries);
    entries[2].kind = ENTRY_ZERO;
    assert_int_equal(receiver_take(&receiver, &header, entries, &store, NULL), ERR_HEAD);
    header.h_before.b[0] ^= 1;
    assert_int_equal(receiver_take(&receiver, &header, &sample.entries[5], &store, NULL), ERR_HEAD);
    assert_int_equal(receiver.taken, 5);
    assert_int_equal(take(6, 8), RECEIVER_NEW);
}

static void chain_begins_with_zeros(void **state)
{
    (void)state;
    struct span_header header = sample_span(&sample, 1, 2);
    header.h_before.b[31] = 1;
    assert_int_equal(receiver_take(&receiver, &header, sample.entries, &store, NULL), ERR_CHAIN);
    header = sample_span(&sample, 1, 2);
    header.first = 0;
    assert_int_equal(receiver_take(&receiver, &header, sample.entries, &store, NULL), ERR_FORMAT);
    header = sample_span(&sample, 1, 2);
    header.count = 0;
    assert_int_equal(receiver_take(&receiver, &header, sample.entries, &store, NULL), ERR_FORMAT);
}

static void wrong_head_is_refused(void **state)
{
    (void)state;
    struct span_header header = sample_span(&sample, 6, 8);
    header.head.b[5] ^= 0x40;
    assert_int_equal(receiver_take(&receiver, &header, &sample.entries[5], &store, NULL), ERR_HEAD);
    struct entry_id earlier = {.incarnation = sample.incarnation, .seq = 7};
    head_sign(sample.secret, &earlier, &sample.h[7], &header.head); /* true, but of entry 7 */
    assert_int_equal(receiver_take(&receiver, &header, &sample.entries[5], &store, NULL), ERR_HEAD);
    struct key other;
    uint8_t secret[SECRET_BYTES];
    uint8_t seed[32] = {99};
    seal_keypair(seed, &other, secret);
    struct entry_id last = {.incarnation = sample.incarnation, .seq = 8};
    head_sign(secret, &last, &sample.h[8], &header.head); /* somebody else's */
    assert_int_equal(receiver_take(&receiver, &header, &sample.entries[5], &store, NULL), ERR_HEAD);
    assert_int_equal(receiver.taken, 5);
}

static void head_of_another_incarnation_is_refused(void **state)
{
    (void)state;
    struct span_header header = sample_span(&sample, 6, 8);
    struct entry_id id = {.seq = 8};
    memset(id.incarnation.b, 2, sizeof id.incarnation.b);
    head_sign(sample.secret, &id, &sample.h[8], &header.head);
    assert_int_equal(receiver_take(&receiver, &header, &sample.entries[5], &store, NULL), ERR_HEAD);
    assert_int_equal(receiver.taken, 5);
}

static void another_history_under_the_key_is_a_fork(void **state)
{
    (void)state;
    struct sample other;
    sample_init(&other, 1, "other");
    struct span_header header = sample_span(&other, 6, 7); /* begins right after the cursor */
    assert_int_equal(receiver_take(&receiver, &header, &other.entries[5], &store, NULL), ERR_FORK);
    header = sample_span(&other, 1, 7); /* runs across it */
    assert_int_equal(receiver_take(&receiver, &header, other.entries, &store, NULL), ERR_FORK);
    header = sample_span(&other, 1, 5); /* ends at it */
    assert_int_equal(receiver_take(&receiver, &header, other.entries, &store, NULL), ERR_FORK);
    assert_int_equal(receiver.taken, 5);
    assert_true(hash_equal(&receiver.taken_h, &sample.h[5]));
}

static void erased_entry_counts_by_its_hash(void **state)
{
    (void)state;
    struct span_header header = sample_span(&sample, 6, 8);
    struct span_entry entries[3];
    struct hash b;
    memcpy(entries, &sample.entries[5], sizeof entries);
    chain_body(entries[1].body, &b);
    entries[1].erased = true;
    entries[1].body = bytes_of(b.b, sizeof b.b);
    assert_int_equal(receiver_take(&receiver, &header, entries, &store, NULL), RECEIVER_NEW);
    assert_true(hash_equal(&receiver.taken_h, &sample.h[8]));
}

static void cursor_moves_with_the_store_only(void **state)
{
    (void)state;
    assert_int_equal(take(6, 8), RECEIVER_NEW);
    assert_int_equal(receiver.durable, 5);
    assert_true(stored(0));
    assert_int_equal(receiver.durable, 8);
    assert_true(hash_equal(&receiver.durable_h, &sample.h[8]));
    assert_false(stored(0)); /* told twice: nothing moves */
}

static void failed_store_gives_up_what_was_built_on_it(void **state)
{
    (void)state;
    assert_int_equal(take(6, 7), RECEIVER_NEW);
    struct span_store first = store;
    assert_int_equal(take(8, 9), RECEIVER_NEW);
    struct span_store second = store;
    assert_false(receiver_stored(&receiver, first.last, &first.h_last, first.epoch, ERR_FULL));
    assert_int_equal(receiver.taken, 5);
    assert_true(hash_equal(&receiver.taken_h, &sample.h[5]));
    assert_int_equal(take(6, 8), RECEIVER_NEW); /* sent again, before the second's answer */
    assert_int_not_equal(store.epoch, first.epoch);
    assert_false(receiver_stored(&receiver, second.last, &second.h_last, second.epoch, ERR_GAP));
    assert_int_equal(receiver.taken, 8); /* an answer of the past epoch takes nothing away */
    assert_true(stored(0));
    assert_int_equal(receiver.durable, 8);
}

static void what_is_durable_is_taken(void **state)
{
    (void)state;
    assert_int_equal(take(6, 7), RECEIVER_NEW);
    struct span_store first = store;
    assert_int_equal(take(8, 9), RECEIVER_NEW);
    assert_false(stored(ERR_FULL)); /* the later one's answer came first */
    assert_true(receiver_stored(&receiver, first.last, &first.h_last, first.epoch, 0));
    assert_int_equal(receiver.taken, 7);
    assert_int_equal(take(8, 9), RECEIVER_NEW);
    assert_true(hash_equal(&store.h_before, &sample.h[7]));
}

int main(void)
{
#define FROM(setup, test) cmocka_unit_test_setup(test, setup)
    const struct CMUnitTest tests[] = {
        FROM(begin, new_entries_are_to_be_stored),
        FROM(begin_at_five, gap_changes_nothing),
        FROM(begin_at_five, overlap_is_skipped),
        FROM(begin_at_five, what_is_known_is_seen),
        FROM(begin_at_five, wrong_chain_is_refused),
        FROM(begin, chain_begins_with_zeros),
        FROM(begin_at_five, wrong_head_is_refused),
        FROM(begin_at_five, head_of_another_incarnation_is_refused),
        FROM(begin_at_five, another_history_under_the_key_is_a_fork),
        FROM(begin_at_five, erased_entry_counts_by_its_hash),
        FROM(begin_at_five, cursor_moves_with_the_store_only),
        FROM(begin_at_five, failed_store_gives_up_what_was_built_on_it),
        FROM(begin_at_five, what_is_durable_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
