/* The writer thread: group commit, one bad command, full maps and quotas. */
#include "unit/platform/store/fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#define MANY 300u

/* How often the writer waited for company, rather than for work. */
static atomic_uint gathers;

/* Defined here again to watch the writer's waits; its condition runs on this clock. */
int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *at)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    atomic_fetch_add(&gathers, at->tv_sec - now.tv_sec < 30);
    return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, at);
}

static void test_group_commit(void **state)
{
    struct fixture *fixture = *state;
    static struct note notes[MANY];
    fixture_start(fixture, 1024, 128);
    for (uint32_t i = 0; i < MANY; i++) {
        notes[i] = note_of(fixture, ACT_APPEND, i); /* appended: any other order is an error */
    }
    uint64_t before = fixture_numbers(fixture).commits;
    notes_batch(fixture, notes, MANY);
    struct store_numbers numbers = fixture_numbers(fixture);
    assert_int_equal(numbers.commits - before, 3); /* 128 + 128 + 44 */
    assert_int_equal(numbers.commands, MANY + 1);
    assert_int_equal(numbers.batches_max, 128);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(notes[i].rc, 0);
        assert_int_equal(notes[i].runs, 1);
    }
    store_writer_stop(fixture->store);
    fixture_close(fixture);
    fixture_open(fixture);
    assert_true(fixture_has(fixture, 0));
    assert_true(fixture_has(fixture, MANY - 1));
}

static void test_a_lone_command_is_one_commit(void **state)
{
    struct fixture *fixture = *state;
    atomic_store(&gathers, 0);
    fixture_start(fixture, 16, 16);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(note_alone(fixture, note_of(fixture, ACT_PUT, i)), 0);
    }
    assert_int_equal(fixture_numbers(fixture).commits, 3);
    assert_int_equal(fixture_numbers(fixture).batches_max, 1);
    assert_int_equal(atomic_load(&gathers), 0); /* committed at once */
}

static struct note new_work(struct fixture *fixture, uint32_t key)
{
    struct note note = note_of(fixture, ACT_PUT, key);
    note.command.droppable = true;
    return note;
}

static void test_in_a_rush_it_waits_for_company(void **state)
{
    struct fixture *fixture = *state;
    struct note notes[] = {new_work(fixture, 1), new_work(fixture, 2)};
    fixture_start(fixture, 16, 16);
    notes_batch(fixture, notes, 2);
    atomic_store(&gathers, 0);
    assert_int_equal(note_alone(fixture, new_work(fixture, 5)), 0);
    assert_in_range(atomic_load(&gathers), 1, 16);
    atomic_store(&gathers, 0);
    assert_int_equal(note_alone(fixture, new_work(fixture, 6)), 0);
    assert_int_equal(atomic_load(&gathers), 0); /* the rush is over */
}

/* A report and an ack that fell into one commit are no rush: the next report does not wait. */
static void test_acks_are_nobodys_company(void **state)
{
    struct fixture *fixture = *state;
    struct note notes[] = {new_work(fixture, 1), note_of(fixture, ACT_PUT, 2)};
    fixture_start(fixture, 16, 16);
    notes_batch(fixture, notes, 2);
    atomic_store(&gathers, 0);
    assert_int_equal(note_alone(fixture, new_work(fixture, 3)), 0);
    assert_int_equal(atomic_load(&gathers), 0);
}

static void test_failing_before_a_write_fails_alone(void **state)
{
    struct fixture *fixture = *state;
    struct note notes[] = {
        note_of(fixture, ACT_PUT, 1),
        note_of(fixture, ACT_FAIL, 2),
        note_of(fixture, ACT_PUT, 3),
    };
    fixture_start(fixture, 16, 16);
    notes_batch(fixture, notes, 3);
    assert_int_equal(notes[0].rc, 0);
    assert_int_equal(notes[1].rc, ERR_STALE);
    assert_int_equal(notes[2].rc, 0);
    assert_int_equal(notes[0].runs, 1); /* no transaction was thrown away for it */
    assert_true(fixture_has(fixture, 1) && fixture_has(fixture, 3));
}

static void test_failing_after_a_write_fails_alone(void **state)
{
    struct fixture *fixture = *state;
    struct note notes[] = {
        note_of(fixture, ACT_PUT, 1),  note_of(fixture, ACT_SPOIL, 2),
        note_of(fixture, ACT_PUT, 3),  note_of(fixture, ACT_LONG_KEY, 4),
        note_of(fixture, ACT_PUT, 5),  note_of(fixture, ACT_APPEND, 0),
        note_of(fixture, ACT_FAIL, 6),
    };
    static const int wanted[] = {0, ERR_STATE, 0, ERR_LIMIT, 0, ERR_VALUE, ERR_STALE};
    fixture_start(fixture, 16, 16);
    notes_batch(fixture, notes, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(notes[i].rc, wanted[i]);
    }
    assert_true(fixture_has(fixture, 1) && fixture_has(fixture, 3) && fixture_has(fixture, 5));
    assert_false(fixture_has(fixture, 2));
    assert_false(fixture_has(fixture, 0));
    assert_int_equal(fixture_numbers(fixture).commits, 1);
    assert_false(store_latched(fixture->store));
}

static void test_queue_full_then_stopped(void **state)
{
    struct fixture *fixture = *state;
    struct note gate = note_of(fixture, ACT_GATE, 0);
    struct note notes[5];
    fixture_start(fixture, 4, 1);
    assert_int_equal(note_submit(&gate), 0);
    fixture_await(&fixture->at_gate); /* it is out of the queue now */
    for (size_t i = 0; i < 5; i++) {
        notes[i] = note_of(fixture, ACT_PUT, (uint32_t)i);
        assert_int_equal(note_submit(&notes[i]), i < 4 ? 0 : ERR_AGAIN);
    }
    assert_int_equal(sem_post(&fixture->gate), 0);
    store_writer_stop(fixture->store); /* finishes and collects all that was queued */
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(notes[i].done, 1);
        assert_int_equal(notes[i].rc, 0);
    }
    assert_int_equal(notes[4].done, 0); /* it was never taken */
    assert_int_equal(note_submit(&notes[4]), ERR_STATE);
    store_writer_stop(fixture->store); /* again is fine */
}

static struct note droppable(struct fixture *fixture, uint32_t key, size_t value_bytes)
{
    struct note note = note_of(fixture, ACT_PUT, key);
    note.value_bytes = value_bytes;
    note.command.droppable = true;
    return note;
}

/* Puts until it is full; how many went in. */
static uint32_t fill_up(struct fixture *fixture, uint32_t from, size_t value_bytes)
{
    for (uint32_t i = from;; i++) {
        int rc = note_alone(fixture, droppable(fixture, i, value_bytes));
        if (rc != 0) {
            assert_int_equal(rc, ERR_FULL);
            assert_false(fixture_has(fixture, i));
            return i - from;
        }
    }
}

static void test_map_full(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.map_bytes = 256u << 10;
    fixture_open(fixture);
    fixture_start(fixture, 64, 64);
    uint32_t count = fill_up(fixture, 0, 1000);
    assert_in_range(count, 50, 256);

    struct note mixed[] = {
        droppable(fixture, 1000, 1000), note_of(fixture, ACT_DELETE, 0),
        droppable(fixture, 1001, 1000), note_of(fixture, ACT_DELETE, 1),
        note_of(fixture, ACT_FAIL, 0),
    };
    mixed[0].value_bytes = 20000; /* surely no room */
    notes_batch(fixture, mixed, 5);
    assert_int_equal(mixed[0].rc, ERR_FULL);
    assert_int_equal(mixed[1].rc, 0);
    assert_int_equal(mixed[2].rc, ERR_FULL);
    assert_int_equal(mixed[3].rc, 0);
    assert_int_equal(mixed[4].rc, ERR_STALE);
    assert_false(fixture_has(fixture, 0) || fixture_has(fixture, 1) || fixture_has(fixture, 1001));

    for (uint32_t i = 2; i < count; i++) {
        assert_int_equal(note_alone(fixture, note_of(fixture, ACT_DELETE, i)), 0);
    }
    assert_false(store_latched(fixture->store));
    assert_in_range(fill_up(fixture, 2000, 1000), count - 10, 256); /* the room is back */
}

/* What may not be dropped either fits or not by itself: it takes nobody with it. */
static void test_map_full_of_what_cannot_be_dropped(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.map_bytes = 64u << 10; /* and the reserve: a good megabyte in all */
    fixture_open(fixture);
    fixture_start(fixture, 64, 64);
    assert_int_equal(note_alone(fixture, note_of(fixture, ACT_PUT, 1)), 0);
    struct note most = note_of(fixture, ACT_PUT, 100);
    most.value_bytes = FIXTURE_VALUE_BYTES_MAX;
    for (; most.key < 112; most.key++) {
        assert_int_equal(note_alone(fixture, most), 0);
    }
    struct note notes[] = {
        note_of(fixture, ACT_PUT, 2),    note_of(fixture, ACT_PUT, 3), note_of(fixture, ACT_PUT, 4),
        note_of(fixture, ACT_PUT, 5),    note_of(fixture, ACT_PUT, 6), note_of(fixture, ACT_PUT, 7),
        note_of(fixture, ACT_DELETE, 1),
    };
    for (size_t i = 0; i < 6; i++) {
        notes[i].value_bytes = 60000; /* some fit, not all */
    }
    notes_batch(fixture, notes, 7);
    size_t fitted = 0;
    for (uint32_t i = 0; i < 6; i++) {
        assert_true(notes[i].rc == 0 || notes[i].rc == ERR_FULL);
        assert_int_equal(fixture_has(fixture, i + 2), notes[i].rc == 0);
        fitted += notes[i].rc == 0;
    }
    assert_in_range(fitted, 1, 5);
    assert_int_equal(notes[6].rc, 0);
    assert_false(fixture_has(fixture, 1));
}

/* New work that would just fit into the map together does not get what is kept for the rest. */
static void test_one_batch_leaves_the_reserve(void **state)
{
    struct fixture *fixture = *state;
    struct note notes[19];
    fixture->config.map_bytes = 256u << 10; /* 1.3 MiB with the reserve */
    fixture_open(fixture);
    fixture_start(fixture, 64, 64);
    for (uint32_t i = 0; i < 19; i++) {
        notes[i] = droppable(fixture, i, 60000);
    }
    notes_batch(fixture, notes, 19);
    assert_int_equal(notes[0].rc, 0);
    assert_true(fixture_has(fixture, 0));
    assert_int_equal(notes[18].rc, ERR_FULL);
    assert_false(fixture_has(fixture, 18));
    assert_true(fixture_numbers(fixture).full);
    for (uint32_t i = 100; i < 104; i++) {
        struct note rest = note_of(fixture, ACT_PUT, i);
        rest.value_bytes = 60000;
        assert_int_equal(note_alone(fixture, rest), 0);
    }
}

static void test_quota(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.quota_bytes = 512u << 10;
    fixture_open(fixture);
    fixture_start(fixture, 64, 64);
    uint32_t count = fill_up(fixture, 0, 3000);
    assert_in_range(count, 60, 170);
    assert_true(fixture_numbers(fixture).used_bytes > (512u << 10));
    /* The map is far from full: only new work is refused. */
    assert_int_equal(note_alone(fixture, note_of(fixture, ACT_PUT, 5000)), 0);
    for (uint32_t i = 0; i < count / 2; i++) {
        assert_int_equal(note_alone(fixture, note_of(fixture, ACT_DELETE, i)), 0);
    }
    /* Pages freed count as room, though the file stays as large. */
    assert_true(fixture_numbers(fixture).used_bytes < (512u << 10));
    assert_int_equal(note_alone(fixture, droppable(fixture, 6000, 3000)), 0);
}

static void test_numbers(void **state)
{
    struct fixture *fixture = *state;
    fixture_start(fixture, 16, 16);
    uint64_t before = fixture_numbers(fixture).used_bytes;
    struct note note = note_of(fixture, ACT_PUT, 1);
    note.value_bytes = 50000;
    assert_int_equal(note_alone(fixture, note), 0);
    struct store_numbers numbers = fixture_numbers(fixture);
    assert_true(numbers.used_bytes >= before + 50000);
    assert_int_equal(numbers.map_bytes, 16u << 20);
    assert_int_equal(numbers.commands, 1);
    assert_int_equal(numbers.stale_readers_cleared, 0);
    assert_int_equal(note_alone(fixture, note_of(fixture, ACT_DELETE, 99)), 0);
    assert_int_equal(fixture_numbers(fixture).commits, 1); /* nothing changed, nothing synced */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define TEST_CLOSED(name)                                                                          \
    cmocka_unit_test_setup_teardown(name, fixture_setup_closed, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_group_commit),
        TEST(test_a_lone_command_is_one_commit),
        TEST(test_in_a_rush_it_waits_for_company),
        TEST(test_acks_are_nobodys_company),
        TEST(test_failing_before_a_write_fails_alone),
        TEST(test_failing_after_a_write_fails_alone),
        TEST(test_queue_full_then_stopped),
        TEST_CLOSED(test_map_full),
        TEST_CLOSED(test_map_full_of_what_cannot_be_dropped),
        TEST_CLOSED(test_one_batch_leaves_the_reserve),
        TEST_CLOSED(test_quota),
        TEST(test_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
