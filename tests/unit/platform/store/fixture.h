/* fixture.h - a store in a folder of its own, and commands that remember what became of them. */
#ifndef UNIT_PLATFORM_STORE_FIXTURE_H
#define UNIT_PLATFORM_STORE_FIXTURE_H

#include "lib/cmocka_all.h"

#include <errno.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "lib/folder.h"
#include "platform/store/store.h"

#define FIXTURE_FORMAT 7u
#define FIXTURE_DEADLINE_S 60
#define FIXTURE_VALUE_BYTES_MAX 65536u

enum { TABLE_ONE, TABLE_TWO };

struct fixture {
    char path[FOLDER_PATH_CAPACITY];
    struct store_config config;
    struct store *store;
    sem_t woken; /* posted by the writer thread after each batch */
    sem_t gate;  /* what an ACT_GATE command waits for, after it has said so by the next */
    sem_t at_gate;
};

static const char *const fixture_tables[] = {"one", "two"};

static inline void fixture_open(struct fixture *fixture)
{
    struct err_ctx err = {""};
    int rc = store_open(&fixture->config, &fixture->store, &err);
    if (rc != 0) {
        fail_msg("%s", err_peek(&err, rc));
    }
}

static inline void fixture_close(struct fixture *fixture)
{
    store_close(fixture->store);
    fixture->store = NULL;
}

/* The folder is there, the store in it not yet. */
static inline struct fixture *fixture_new(void)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    folder_open(fixture->path);
    fixture->config = (struct store_config){
        .path = fixture->path,
        .tables = fixture_tables,
        .table_count = 2,
        .map_bytes = 16u << 20,
        .format = FIXTURE_FORMAT,
    };
    assert_int_equal(sem_init(&fixture->woken, 0, 0), 0);
    assert_int_equal(sem_init(&fixture->gate, 0, 0), 0);
    assert_int_equal(sem_init(&fixture->at_gate, 0, 0), 0);
    return fixture;
}

static inline void fixture_free(struct fixture *fixture)
{
    if (fixture->store != NULL) {
        store_writer_stop(fixture->store);
        store_close(fixture->store);
    }
    folder_drop(fixture->path);
    (void)sem_destroy(&fixture->woken);
    (void)sem_destroy(&fixture->gate);
    (void)sem_destroy(&fixture->at_gate);
    free(fixture);
}

static inline int fixture_setup(void **state)
{
    struct fixture *fixture = fixture_new();
    fixture_open(fixture);
    *state = fixture;
    return 0;
}

static inline int fixture_setup_closed(void **state)
{
    *state = fixture_new();
    return 0;
}

static inline int fixture_teardown(void **state)
{
    fixture_free(*state);
    return 0;
}

/* A semaphore, by a deadline: a hang is a failure, not a hang. */
static inline void fixture_await(sem_t *semaphore)
{
    struct timespec at;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &at), 0);
    at.tv_sec += FIXTURE_DEADLINE_S;
    while (sem_timedwait(semaphore, &at) != 0) {
        assert_int_equal(errno, EINTR);
    }
}

/* ---- commands ---- */

enum note_act {
    ACT_PUT,
    ACT_APPEND,
    ACT_DELETE,
    ACT_FAIL,     /* an error before any write */
    ACT_SPOIL,    /* writes, then gives an error */
    ACT_LONG_KEY, /* a put that LMDB cannot take; run() itself says 0 */
    ACT_GATE      /* waits for fixture->gate: what is queued meanwhile is one batch */
};

struct note {
    struct store_command command;
    struct fixture *fixture;
    enum note_act act;
    uint32_t key;
    size_t value_bytes;
    int rc;
    unsigned done;
    unsigned runs;
};

static inline void fixture_put(struct store_txn *txn, uint32_t key, size_t value_bytes)
{
    static const uint8_t zeros[FIXTURE_VALUE_BYTES_MAX];
    uint8_t bytes[4];
    put_be32(bytes, key);
    store_put(txn, TABLE_ONE, bytes_of(bytes, sizeof bytes), bytes_of(zeros, value_bytes));
}

static inline int note_run(struct store_txn *txn, void *arg)
{
    static const uint8_t long_key[512];
    struct note *note = arg;
    uint8_t key[4];
    put_be32(key, note->key);
    note->runs++;
    switch (note->act) {
    case ACT_PUT:
        fixture_put(txn, note->key, note->value_bytes);
        return 0;
    case ACT_APPEND:
        store_append(txn, TABLE_ONE, bytes_of(key, sizeof key), bytes_of_text("appended"));
        return 0;
    case ACT_DELETE:
        store_delete(txn, TABLE_ONE, bytes_of(key, sizeof key));
        return 0;
    case ACT_FAIL:
        return ERR_STALE;
    case ACT_SPOIL:
        fixture_put(txn, note->key, note->value_bytes);
        return ERR_STATE;
    case ACT_LONG_KEY:
        store_put(txn, TABLE_ONE, bytes_of(long_key, sizeof long_key), bytes_of_text("x"));
        return 0;
    case ACT_GATE:
        (void)sem_post(&note->fixture->at_gate);
        fixture_await(&note->fixture->gate);
        return 0;
    }
    return ERR_USAGE;
}

static inline void note_done(void *arg, int rc)
{
    struct note *note = arg;
    note->rc = rc;
    note->done++;
}

static inline struct note note_of(struct fixture *fixture, enum note_act act, uint32_t key)
{
    return (struct note){.fixture = fixture, .act = act, .key = key, .value_bytes = 16};
}

static inline int note_submit(struct note *note)
{
    note->command.run = note_run;
    note->command.done = note_done;
    note->command.arg = note;
    note->done = 0;
    note->runs = 0;
    return store_submit(note->fixture->store, &note->command);
}

static inline void fixture_wake(void *arg)
{
    struct fixture *fixture = arg;
    (void)sem_post(&fixture->woken);
}

static inline void fixture_start(struct fixture *fixture, size_t queue_max, size_t batch_max)
{
    struct store_writer_config config = {
        .store = fixture->store,
        .wake = fixture_wake,
        .wake_arg = fixture,
        .queue_max = queue_max,
        .batch_max = batch_max,
    };
    assert_int_equal(store_writer_start(&config, NULL), 0);
}

/* Until every one of them is done. */
static inline void notes_await(struct fixture *fixture, const struct note *notes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        while (notes[i].done == 0) {
            fixture_await(&fixture->woken);
            (void)store_collect(fixture->store);
        }
        assert_int_equal(notes[i].done, 1);
    }
}

/* All of them in one batch (of a writer that is idle). */
static inline void notes_batch(struct fixture *fixture, struct note *notes, size_t count)
{
    struct note gate = note_of(fixture, ACT_GATE, 0);
    assert_int_equal(note_submit(&gate), 0);
    fixture_await(&fixture->at_gate);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(note_submit(&notes[i]), 0);
    }
    assert_int_equal(sem_post(&fixture->gate), 0);
    notes_await(fixture, &gate, 1);
    notes_await(fixture, notes, count);
}

/* One command, to its end. */
static inline int note_alone(struct fixture *fixture, struct note note)
{
    int rc = note_submit(&note);
    if (rc != 0) {
        return rc;
    }
    notes_await(fixture, &note, 1);
    return note.rc;
}

static inline bool fixture_has(struct fixture *fixture, uint32_t key)
{
    struct store_txn *txn = NULL;
    struct bytes value;
    uint8_t bytes[4];
    put_be32(bytes, key);
    assert_int_equal(store_read_begin(fixture->store, &txn, NULL), 0);
    int rc = store_get(txn, TABLE_ONE, bytes_of(bytes, sizeof bytes), &value);
    assert_true(rc == 0 || rc == ERR_NOT_FOUND);
    store_read_end(txn);
    return rc == 0;
}

static inline struct store_numbers fixture_numbers(struct fixture *fixture)
{
    struct store_numbers numbers;
    store_numbers(fixture->store, &numbers);
    return numbers;
}

#endif
