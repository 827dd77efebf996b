/* Logs that go on as others, by chance: a model keeps every statement with all places it ever had,
 * and knows nothing of how outlog_line.c counts. After each succession all of it is looked up. */
#include "unit/platform/store/fixture.h"

#include "core/base/arena.h"
#include "core/seal/chain.h"
#include "platform/host/host.h"
#include "platform/store/outlog.h"

#include <sodium.h>

#define LIVES_MAX 24u
#define STATEMENTS_MAX 400u
#define SEEDS 60u
#define CREATED_MS 1700000000000

static const struct outlog_tables tables = {.entries = TABLE_ONE, .logs = TABLE_TWO};
static struct key signer;

/* ---- the model ---- */

struct statement {
    uint16_t kind;
    bool erased;
    int64_t created_ms;
    uint8_t body[64]; /* unlike any other's */
    size_t len;
    uint64_t seq[LIVES_MAX + 1]; /* by life: where it was or is; 0: never there */
    unsigned life;               /* where it is now; 0: a genesis that was left out */
};
struct model_life {
    struct incarnation incarnation;
    unsigned before; /* the life its genesis names; 0: none */
    uint64_t from;   /* the seq in it */
    uint64_t copies;
    unsigned successor;
    uint64_t last, last_ever, acked;
};
struct model {
    uint64_t random;
    struct fixture *fixture;
    struct model_life lives[LIVES_MAX + 1]; /* from 1 */
    unsigned life_count, current;
    struct statement statements[STATEMENTS_MAX];
    size_t count;
};

static uint64_t below(struct model *model, uint64_t limit)
{
    model->random ^= model->random << 13; /* xorshift64 */
    model->random ^= model->random >> 7;
    model->random ^= model->random << 17;
    return model->random % limit;
}

static struct statement *statement_at(struct model *model, unsigned life, uint64_t seq)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model->statements[i].life == life && model->statements[i].seq[life] == seq) {
            return &model->statements[i];
        }
    }
    fail_msg("the model has nothing at %u %llu", life, (unsigned long long)seq);
    return model->statements;
}

static struct statement *statement_add(struct model *model, unsigned life, uint64_t seq)
{
    assert_true(model->count < STATEMENTS_MAX);
    struct statement *statement = &model->statements[model->count++];
    statement->life = life;
    statement->seq[life] = seq;
    return statement;
}

static void fill(struct model *model, struct statement *statement)
{
    statement->kind = (uint16_t)(below(model, 3) == 0 ? 4711 : ENTRY_REPORT);
    statement->created_ms = CREATED_MS + (int64_t)below(model, 1000);
    int len = snprintf((char *)statement->body, sizeof statement->body, "statement %zu of %llx",
                       model->count, (unsigned long long)model->random);
    statement->len = (size_t)len;
}

/* ---- the store, in step ---- */

struct job {
    struct model *model;
    struct statement *statement;
    struct outlog_succession succession;
    struct outlog log;
};

static struct genesis genesis_of(void)
{
    return (struct genesis){
        .direction = DIRECTION_UP,
        .lane = LANE_URGENT,
        .owner = bytes_of_text("16.07"),
        .counterpart = bytes_of_text("16"),
        .signing_key = signer,
        .enrolment = 7,
        .created_ms = CREATED_MS,
    };
}

static int create_run(struct store_txn *txn, void *arg)
{
    struct job *job = arg;
    struct genesis genesis = genesis_of();
    return outlog_create(txn, &tables, &job->succession.incarnation, &genesis, &job->log);
}

static int append_run(struct store_txn *txn, void *arg)
{
    struct job *job = arg;
    struct model *model = job->model;
    const struct statement *statement = job->statement;
    int rc = outlog_load(txn, &tables, &model->lives[model->current].incarnation, &job->log);
    if (rc == 0) {
        outlog_append(txn, &tables, &job->log, statement->kind,
                      bytes_of(statement->body, statement->len), statement->created_ms);
    }
    return rc;
}

static int acked_run(struct store_txn *txn, void *arg)
{
    struct job *job = arg;
    const struct model_life *life = &job->model->lives[job->model->current];
    int rc = outlog_load(txn, &tables, &life->incarnation, &job->log);
    if (rc == 0) {
        job->log.acked = life->acked;
        job->log.receipt = life->acked;
        job->log.backed_up_to = life->acked / 2;
        outlog_save(txn, &tables, &job->log);
    }
    return rc;
}

static int succeed_run(struct store_txn *txn, void *arg)
{
    struct job *job = arg;
    return outlog_succeed(txn, &tables, &job->succession, &job->log);
}

static int delete_run(struct store_txn *txn, void *arg)
{
    const struct entry_id *id = arg;
    uint8_t key[INCARNATION_BYTES + 8];
    memcpy(key, id->incarnation.b, INCARNATION_BYTES);
    put_be64(key + INCARNATION_BYTES, id->seq);
    store_delete(txn, TABLE_ONE, bytes_of(key, sizeof key));
    return 0;
}

/* As erasing will do it: the flag set, the body gone, b and h kept. */
static int erase_run(struct store_txn *txn, void *arg)
{
    const struct entry_id *id = arg;
    struct outlog_entry entry;
    uint8_t key[INCARNATION_BYTES + 8];
    uint8_t value[12 + 2 * HASH_BYTES] = {0};
    int rc = outlog_read(txn, &tables, id, &entry);
    if (rc == 0) {
        memcpy(key, id->incarnation.b, INCARNATION_BYTES);
        put_be64(key + INCARNATION_BYTES, id->seq);
        put_be16(value, entry.kind);
        value[2] = 1;
        put_be64(value + 4, (uint64_t)entry.created_ms);
        memcpy(value + 12, entry.b.b, HASH_BYTES);
        memcpy(value + 12 + HASH_BYTES, entry.h.b, HASH_BYTES);
        store_put(txn, TABLE_ONE, bytes_of(key, sizeof key), bytes_of(value, sizeof value));
    }
    return rc;
}

static int apply(struct model *model, int (*run)(struct store_txn *, void *), void *arg)
{
    return store_apply(model->fixture->store, run, arg, NULL);
}

static struct incarnation incarnation_new(struct model *model)
{
    struct incarnation incarnation;
    for (size_t i = 0; i < INCARNATION_BYTES; i++) { /* so that their order is any */
        incarnation.b[i] = (uint8_t)below(model, 256);
    }
    return incarnation;
}

static void begin(struct model *model, struct fixture *fixture, uint64_t seed)
{
    *model = (struct model){.random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
                            .fixture = fixture,
                            .life_count = 1,
                            .current = 1};
    struct job job = {.succession.incarnation = incarnation_new(model)};
    model->lives[1] =
        (struct model_life){.incarnation = job.succession.incarnation, .last = 1, .last_ever = 1};
    statement_add(model, 1, 1)->kind = ENTRY_GENESIS;
    assert_int_equal(apply(model, create_run, &job), 0);
}

static void append(struct model *model)
{
    struct model_life *life = &model->lives[model->current];
    struct statement *statement = statement_add(model, model->current, ++life->last);
    struct job job = {.model = model, .statement = statement};
    life->last_ever = life->last;
    fill(model, statement);
    assert_int_equal(apply(model, append_run, &job), 0);
    assert_int_equal(job.log.last, life->last);
    if (below(model, 8) == 0) {
        struct entry_id id = {life->incarnation, life->last};
        statement->erased = true;
        assert_int_equal(apply(model, erase_run, &id), 0);
    }
}

static void ack(struct model *model)
{
    struct job job = {.model = model};
    struct model_life *life = &model->lives[model->current];
    life->acked += below(model, life->last - life->acked + 1);
    assert_int_equal(apply(model, acked_run, &job), 0);
}

/* ---- looking ---- */

static struct store_txn *reading(struct model *model)
{
    struct store_txn *txn = NULL;
    assert_int_equal(store_read_begin(model->fixture->store, &txn, NULL), 0);
    return txn;
}

/* Everything that was ever said stands where the model has it, asked by any of its places. */
static void check_statement(struct model *model, struct store_txn *txn, struct statement *statement)
{
    for (unsigned i = 1; i <= model->life_count; i++) {
        struct entry_id id = {model->lives[i].incarnation, statement->seq[i]};
        struct entry_id now;
        if (id.seq > 0) {
            int rc = outlog_follow(txn, &tables, &id, &now);
            assert_int_equal(rc, statement->life == 0 ? ERR_NOT_FOUND : 0);
            if (rc != 0) {
                continue;
            }
            assert_true(
                incarnation_equal(&now.incarnation, &model->lives[statement->life].incarnation));
            assert_int_equal(now.seq, statement->seq[statement->life]);
        }
    }
    if (statement->life == 0) {
        return;
    }
    struct entry_id id = {model->lives[statement->life].incarnation,
                          statement->seq[statement->life]};
    struct outlog_entry entry;
    assert_int_equal(outlog_read(txn, &tables, &id, &entry), 0);
    assert_int_equal(entry.kind, statement->kind);
    assert_int_equal(entry.erased, statement->erased);
    if (statement->len > 0) { /* not a genesis */
        struct hash b;
        struct bytes body = bytes_of(statement->body, statement->len);
        chain_body(body, &b);
        assert_int_equal(entry.created_ms, statement->created_ms);
        assert_true(hash_equal(&entry.b, &b));
        assert_true(entry.erased ? entry.body.len == 0 : bytes_equal(entry.body, body));
    }
}

/* The record, and the chain from the first entry on. */
static void check_life(struct model *model, struct store_txn *txn, unsigned number)
{
    const struct model_life *life = &model->lives[number];
    struct outlog log;
    struct hash h = {{0}};
    assert_int_equal(outlog_load(txn, &tables, &life->incarnation, &log), 0);
    assert_int_equal(log.last, life->last);
    assert_int_equal(log.acked, life->acked);
    assert_int_equal(log.receipt, life->acked);
    assert_true(log.backed_up_to <= life->acked);
    assert_int_equal(log.copies, life->copies);
    assert_int_equal(log.predecessor.seq, life->from);
    assert_true(
        incarnation_equal(&log.predecessor.incarnation, &model->lives[life->before].incarnation));
    assert_true(incarnation_equal(&log.successor, &model->lives[life->successor].incarnation));
    assert_int_equal(outlog_lives(&log), number == model->current);
    for (uint64_t seq = 1; seq <= life->last; seq++) {
        struct entry_id id = {life->incarnation, seq};
        struct outlog_entry entry;
        assert_int_equal(outlog_read(txn, &tables, &id, &entry), 0);
        chain_next(&h, &entry.b, &id, entry.kind, &h);
        assert_true(hash_equal(&h, &entry.h));
    }
    assert_true(hash_equal(&h, &log.h_last));
    struct entry_id behind = {life->incarnation, life->last + 1};
    struct entry_id never = {life->incarnation, life->last_ever + 1};
    struct outlog_entry entry;
    assert_int_equal(outlog_read(txn, &tables, &behind, &entry), ERR_NOT_FOUND);
    assert_int_equal(outlog_follow(txn, &tables, &never, &never), ERR_NOT_FOUND);
}

static void check(struct model *model)
{
    struct store_txn *txn = reading(model);
    for (unsigned i = 1; i <= model->life_count; i++) {
        bool wanted = false;
        check_life(model, txn, i);
        for (unsigned at = model->current; at != 0 && !wanted; at = model->lives[at].before) {
            wanted = at == i;
        }
        assert_int_equal(outlog_in_line(txn, &tables, &model->lives[i].incarnation,
                                        &model->lives[model->current].incarnation),
                         wanted);
    }
    for (size_t i = 0; i < model->count; i++) {
        check_statement(model, txn, &model->statements[i]);
    }
    store_read_end(txn);
}

/* ---- going on as another ---- */

/* The k-th of those that moved is the from-log's next but k, if it ever stood there. */
static uint64_t copies_of(struct model *model, unsigned life, unsigned from, uint64_t seq)
{
    uint64_t copies = 0;
    while (2 + copies <= model->lives[life].last &&
           statement_at(model, life, 2 + copies)->seq[from] == seq + 1 + copies) {
        copies++;
    }
    return copies;
}

/* In the model: all behind `seq` of life `from` in the line becomes the new life's. */
static void model_succeed(struct model *model, unsigned from, uint64_t seq,
                          const struct incarnation *incarnation)
{
    unsigned line[LIVES_MAX];
    unsigned depth = 0;
    unsigned next = ++model->life_count;
    struct model_life *to = &model->lives[next];
    *to = (struct model_life){.incarnation = *incarnation, .before = from, .from = seq, .last = 1};
    statement_add(model, next, 1)->kind = ENTRY_GENESIS;
    for (unsigned at = model->current; at != from; at = model->lives[at].before) {
        line[depth++] = at;
    }
    line[depth++] = from;
    while (depth-- > 0) {
        struct model_life *life = &model->lives[line[depth]];
        uint64_t keeps = line[depth] == from ? seq : life->last > 0;
        for (uint64_t i = keeps + 1; i <= life->last; i++) {
            struct statement *statement = statement_at(model, line[depth], i);
            bool later = statement->kind == ENTRY_GENESIS && statement->seq[from] == 0;
            statement->life = later ? 0 : next;
            statement->seq[next] = later ? 0 : ++to->last;
        }
        life->last = keeps;
        life->acked = life->acked < keeps ? life->acked : keeps;
        life->successor = next;
    }
    to->last_ever = to->last;
    model->current = next;
    to->copies = copies_of(model, next, from, seq);
}

static void check_genesis(struct model *model, const struct hash *wanted_h)
{
    struct store_txn *txn = reading(model);
    struct arena *arena = arena_new(PARSE_ARENA_BYTES);
    const struct model_life *life = &model->lives[model->current];
    struct entry_id id = {life->incarnation, 1};
    struct outlog_entry entry;
    struct genesis genesis;
    assert_non_null(arena);
    assert_int_equal(outlog_read(txn, &tables, &id, &entry), 0);
    assert_int_equal(genesis_decode(entry.body, arena, &genesis, NULL), 0);
    assert_true(genesis.has_predecessor);
    assert_int_equal(genesis.predecessor.seq, life->from);
    assert_true(incarnation_equal(&genesis.predecessor.incarnation,
                                  &model->lives[life->before].incarnation));
    assert_int_equal(genesis.predecessor_count, life->copies);
    assert_true(hash_equal(&genesis.predecessor_h, wanted_h));
    arena_free(arena);
    store_read_end(txn);
}

static struct job job_of(struct model *model, const struct genesis *genesis, unsigned from,
                         uint64_t seq)
{
    return (struct job){.succession = {.current = model->lives[model->current].incarnation,
                                       .incarnation = incarnation_new(model),
                                       .from = {model->lives[from].incarnation, seq},
                                       .genesis = genesis}};
}

static void succeed(struct model *model, unsigned from, uint64_t seq)
{
    struct genesis genesis = genesis_of();
    struct job job = job_of(model, &genesis, from, seq);
    struct hash h = {{0}};
    if (seq > 0) {
        struct store_txn *txn = reading(model);
        assert_int_equal(outlog_hash(txn, &tables, &job.succession.from, &h), 0);
        store_read_end(txn);
    }
    assert_int_equal(apply(model, succeed_run, &job), 0);
    model_succeed(model, from, seq, &job.succession.incarnation);
    assert_int_equal(job.log.last, model->lives[model->current].last);
    assert_int_equal(job.log.acked, 0);
    assert_int_equal(job.log.lane, LANE_URGENT);
    assert_int_equal(job.log.enrolment, 7);
    check_genesis(model, &h);
}

/* An entry of a log of the line, oftener of the newest. */
static void succeed_anywhere(struct model *model)
{
    unsigned from = model->current;
    while (model->lives[from].before != 0 && below(model, 2) == 0) {
        from = model->lives[from].before;
    }
    succeed(model, from, below(model, model->lives[from].last + 1));
}

static void refused(struct model *model, struct job job, int wanted)
{
    job.log.last = 4711;
    assert_int_equal(apply(model, succeed_run, &job), wanted);
    assert_int_equal(job.log.last, 4711);
    check(model);
}

/* ---- the tests ---- */

static struct model *model_new(struct fixture *fixture, uint64_t seed)
{
    struct model *model = malloc(sizeof *model);
    assert_non_null(model);
    begin(model, fixture, seed);
    return model;
}

static void statements_stand_once_and_are_found(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.map_bytes = 1u << 30;
    fixture_open(fixture);
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        struct model *model = model_new(fixture, seed);
        unsigned lives = 2 + (unsigned)below(model, 7);
        while (model->life_count < lives) {
            uint64_t act = below(model, 10);
            if (act < 6) {
                append(model);
            } else if (act < 8) {
                ack(model);
            } else {
                succeed_anywhere(model);
                check(model);
            }
        }
        free(model);
    }
}

/* ADR 7: a node restored, then its aggregator too, further back. */
static void another_successor_begins_further_back(void **state)
{
    struct model *model = model_new(*state, 1);
    for (int i = 0; i < 7; i++) {
        append(model);
    }
    succeed(model, 1, 5);
    append(model);
    check(model);
    assert_int_equal(model->lives[2].copies, 3);
    succeed(model, 1, 2);
    check(model);
    assert_int_equal(model->lives[3].last, 8);
    assert_int_equal(model->lives[3].copies, 6); /* 3 … 5 of its own, 6 … 8 from between */
    succeed(model, 3, 8);                        /* nothing to take over */
    check(model);
    assert_int_equal(model->lives[4].last, 1);
    assert_int_equal(model->lives[4].copies, 0);
    succeed(model, 1, 0); /* all there ever was, the genesis too */
    check(model);
    assert_int_equal(model->lives[5].last, 10);
    assert_int_equal(model->lives[5].copies, 8);
    free(model);
}

static void what_does_not_fit_changes_nothing(void **state)
{
    struct model *model = model_new(*state, 2);
    struct genesis genesis = genesis_of();
    for (int i = 0; i < 5; i++) {
        append(model);
    }
    refused(model, job_of(model, &genesis, 1, 7), ERR_NOT_FOUND);
    struct job job = job_of(model, &genesis, 1, 3);
    job.succession.from.incarnation = incarnation_new(model);
    refused(model, job, ERR_NOT_FOUND);
    job = job_of(model, &genesis, 1, 3);
    job.succession.incarnation = job.succession.current;
    refused(model, job, ERR_EXISTS);
    succeed(model, 1, 4);
    refused(model, job_of(model, &genesis, 1, 5), ERR_NOT_FOUND); /* it moved */
    job = job_of(model, &genesis, 1, 3);
    job.succession.current = model->lives[1].incarnation;
    refused(model, job, ERR_EXISTS); /* over already */
    genesis.counterpart = bytes_of_text("");
    struct job bad = job_of(model, &genesis, 1, 3);
    bad.succession.genesis = &genesis;
    genesis.owner = (struct bytes){NULL, 0};
    int rc = apply(model, succeed_run, &bad);
    assert_true(rc != 0);
    check(model);
    free(model);
}

static void what_was_deleted_cannot_move(void **state)
{
    struct model *model = model_new(*state, 3);
    struct genesis genesis = genesis_of();
    for (int i = 0; i < 5; i++) {
        append(model);
    }
    struct entry_id id = {model->lives[1].incarnation, 1};
    for (; id.seq <= 3; id.seq++) { /* as a node prunes */
        assert_int_equal(apply(model, delete_run, &id), 0);
    }
    for (uint64_t seq = 0; seq <= 3; seq++) {
        struct job job = job_of(model, &genesis, 1, seq);
        assert_int_equal(apply(model, succeed_run, &job), ERR_STATE);
    }
    struct job job = job_of(model, &genesis, 1, 4);
    assert_int_equal(apply(model, succeed_run, &job), 0);
    assert_int_equal(job.log.last, 3);
    assert_int_equal(job.log.copies, 2);
    struct store_txn *txn = reading(model);
    struct entry_id now;
    for (id.seq = 1; id.seq <= 4; id.seq++) { /* deleted ones stand where they stood */
        assert_int_equal(outlog_follow(txn, &tables, &id, &now), 0);
        assert_int_equal(now.seq, id.seq);
    }
    id.seq = 6;
    assert_int_equal(outlog_follow(txn, &tables, &id, &now), 0);
    assert_int_equal(now.seq, 3);
    store_read_end(txn);
    /* A life between whose genesis is gone keeps nothing. */
    struct entry_id first = {job.succession.incarnation, 1};
    struct job again = job_of(model, &genesis, 1, 4);
    again.succession.current = first.incarnation;
    assert_int_equal(apply(model, delete_run, &first), 0);
    assert_int_equal(apply(model, succeed_run, &again), 0);
    assert_int_equal(again.log.copies, 2);
    txn = reading(model);
    struct outlog between;
    assert_int_equal(outlog_load(txn, &tables, &first.incarnation, &between), 0);
    assert_int_equal(between.last, 0);
    assert_int_equal(outlog_follow(txn, &tables, &first, &now), ERR_NOT_FOUND);
    first.seq = 2;
    assert_int_equal(outlog_follow(txn, &tables, &first, &now), 0);
    assert_true(incarnation_equal(&now.incarnation, &again.succession.incarnation));
    assert_int_equal(now.seq, 2);
    store_read_end(txn);
    free(model);
}

static void nothing_is_found_of_what_never_was(void **state)
{
    struct model *model = model_new(*state, 4);
    append(model);
    succeed(model, 1, 1);
    struct store_txn *txn = reading(model);
    const struct incarnation stranger = {{9}};
    const struct entry_id ids[] = {{stranger, 1}, {model->lives[1].incarnation, 0}};
    struct entry_id now;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(outlog_follow(txn, &tables, &ids[i], &now), ERR_NOT_FOUND);
    }
    assert_false(outlog_in_line(txn, &tables, &stranger, &model->lives[2].incarnation));
    assert_false(outlog_in_line(txn, &tables, &model->lives[1].incarnation, &stranger));
    assert_false(
        outlog_in_line(txn, &tables, &model->lives[2].incarnation, &model->lives[1].incarnation));
    store_read_end(txn);
    free(model);
}

/* ---- much of it, in one transaction ---- */

struct load {
    struct incarnation incarnation;
    uint64_t count;
    size_t bytes;
};

static int load_run(struct store_txn *txn, void *arg)
{
    static uint8_t body[ENTRY_BYTES_MAX];
    const struct load *load = arg;
    struct outlog log;
    int rc = outlog_load(txn, &tables, &load->incarnation, &log);
    for (uint64_t i = 0; rc == 0 && i < load->count; i++) {
        put_be64(body, i);
        outlog_append(txn, &tables, &log, ENTRY_REPORT, bytes_of(body, load->bytes), CREATED_MS);
    }
    return rc;
}

static void much_moves_in_one_transaction(void **state)
{
    struct fixture *fixture = *state;
    const char *bytes = getenv("KABAR_BODY_BYTES"); /* to measure with larger ones, by hand */
    size_t body_bytes = bytes == NULL ? 64 : strtoul(bytes, NULL, 10);
    fixture->config.map_bytes = (UINT64_C(512) << 20) + UINT64_C(800000) * body_bytes;
    fixture_open(fixture);
    struct model *model = model_new(fixture, 5);
    struct load load = {
        .incarnation = model->lives[1].incarnation, .count = 200000, .bytes = body_bytes};
    assert_int_equal(apply(model, load_run, &load), 0);
    struct genesis genesis = genesis_of();
    struct job job = job_of(model, &genesis, 1, 1);
    uint64_t began_ms = host_monotonic_ms();
    assert_int_equal(apply(model, succeed_run, &job), 0);
    print_message("200000 entries of %zu bytes moved in %llu ms\n", body_bytes,
                  (unsigned long long)(host_monotonic_ms() - began_ms));
    assert_int_equal(job.log.last, 200001);
    assert_int_equal(job.log.copies, 200000);
    struct store_txn *txn = reading(model);
    struct hash h = {{0}};
    for (uint64_t seq = 1; seq <= job.log.last; seq++) {
        struct entry_id id = {job.log.incarnation, seq};
        struct outlog_entry entry;
        assert_int_equal(outlog_read(txn, &tables, &id, &entry), 0);
        assert_true(seq == 1 || get_be64(entry.body.data) == seq - 2);
        chain_next(&h, &entry.b, &id, entry.kind, &h);
        assert_true(hash_equal(&h, &entry.h));
    }
    struct entry_id gone = {model->lives[1].incarnation, 2};
    assert_int_equal(outlog_hash(txn, &tables, &gone, &h), ERR_NOT_FOUND);
    store_read_end(txn);
    free(model);
}

static int keys_make(void **state)
{
    static const uint8_t seed[32] = {4, 7};
    uint8_t secret[SECRET_BYTES];
    (void)state;
    if (sodium_init() < 0) {
        return -1;
    }
    seal_keypair(seed, &signer, secret);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(statements_stand_once_and_are_found, fixture_setup_closed,
                                        fixture_teardown),
        TEST(another_successor_begins_further_back),
        TEST(what_does_not_fit_changes_nothing),
        TEST(what_was_deleted_cannot_move),
        TEST(nothing_is_found_of_what_never_was),
        cmocka_unit_test_setup_teardown(much_moves_in_one_transaction, fixture_setup_closed,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, keys_make, NULL);
}
