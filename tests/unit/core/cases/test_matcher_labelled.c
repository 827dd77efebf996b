/* Made reports, ours and labelled: no two persons and no two acts are merged, most of what is one
 * is found, and the order of arrival changes next to nothing. Counted here, without the matcher. */
#include "unit/core/cases/match_bench.h"
#include "unit/core/cases/match_labelled.h"

#define SEED_FIRST 1607u
#define SEEDS 6u
#define GROUPS 144u
#define RECALL_PERCENT_MIN 95u
#define CHANGED_PER_THOUSAND_MAX 1u

struct line {
    size_t row;
    unsigned subject, person, act;
    struct case_name name; /* where it is at last */
    bool review;
};
static struct labelled rows[LABELLED_MAX];
static struct line lines[2][2 * LABELLED_MAX];

static void case_now(struct bench *bench, uint64_t seq, unsigned subject, struct line *line)
{
    const struct entry_id id = {.incarnation = {{1}}, .seq = seq};
    struct placement placement;
    struct case_name own;
    struct bytes value;
    case_name_of(&id, subject, &own);
    arena_reset(bench->arena);
    assert_int_equal(bench->views.get(bench->views.arg, VIEW_PLACEMENTS,
                                      bytes_of(own.b, CASE_NAME_BYTES), &value),
                     0);
    assert_int_equal(placement_decode(value, bench->arena, &placement, NULL), 0);
    assert_true(case_name_parse(placement.case_name, &line->name));
    line->review = placement.outcome == PLACEMENT_REVIEW;
    assert_int_equal(matcher_case(&bench->views, bench->arena, &line->name, &value), 0);
}

/* All rows in this order, through the fold; then the lines, in the order of the rows. */
static size_t run(const size_t *order, size_t count, struct line *ret)
{
    static uint64_t seq_of[LABELLED_MAX];
    void *state = NULL;
    size_t total = 0;
    assert_int_equal(bench_open(&state), 0);
    struct bench *bench = state;
    for (size_t i = 0; i < count; i++) {
        const struct labelled *row = &rows[order[i]];
        submit(bench, row->json, strlen(row->json));
        seq_of[order[i]] = bench->seq;
    }
    for (size_t i = 0; i < count; i++) {
        for (unsigned j = 0; j < rows[i].subjects; j++, total++) {
            ret[total] = (struct line){
                .row = i, .subject = j, .person = rows[i].person[j], .act = rows[i].act};
            case_now(bench, seq_of[i], j, &ret[total]);
        }
    }
    (void)bench_close(&state);
    return total;
}

static bool together(const struct line *a, const struct line *b)
{
    return memcmp(a->name.b, b->name.b, CASE_NAME_BYTES) == 0;
}

struct counts {
    size_t pairs, found, persons, acts, changed, either, review, lines;
};

static void say(const struct line *a, const struct line *b, const char *what)
{
    print_message("%s:\n  %s\n  %s\n", what, rows[a->row].json, rows[b->row].json);
}

static void count(const struct line *list, size_t total, struct counts *ret)
{
    for (size_t i = 0; i < total; i++) {
        ret->review += list[i].review;
        for (size_t j = i + 1; j < total; j++) {
            const struct line *a = &list[i], *b = &list[j];
            bool person = a->person == b->person, act = a->act == b->act, one = together(a, b);
            ret->pairs += person && act;
            ret->found += person && act && one;
            ret->persons += one && !person;
            ret->acts += one && person && !act;
            if (one && !(person && act)) {
                say(a, b, person ? "two acts in one case" : "two persons in one case");
            }
        }
    }
    ret->lines += total;
}

static void in_order(size_t order[LABELLED_MAX], size_t total)
{
    for (size_t i = 0; i < total; i++) {
        order[i] = i;
    }
}

/* Whatever the order, nobody is merged with another. */
static void nobody_is_taken_for_another(void **state)
{
    (void)state;
    static size_t order[LABELLED_MAX];
    struct counts counts = {0};
    for (uint64_t seed = SEED_FIRST; seed < SEED_FIRST + SEEDS; seed++) {
        print_message("seed %" PRIu64 "\n", seed);
        size_t total = labelled_make(seed, GROUPS, rows);
        in_order(order, total);
        count(lines[0], run(order, total, lines[0]), &counts);
        labelled_order(~seed, total, order);
        count(lines[1], run(order, total, lines[1]), &counts);
    }
    print_message("%zu lines, %zu pairs, %zu found, %zu reviews\n", counts.lines, counts.pairs,
                  counts.found, counts.review);
    assert_int_equal(counts.persons, 0);
    assert_int_equal(counts.acts, 0);
    assert_true(counts.pairs > 1000);
    assert_true(counts.found * 100 >= counts.pairs * RECALL_PERCENT_MIN);
}

static void the_order_changes_next_to_nothing(void **state)
{
    (void)state;
    static size_t order[LABELLED_MAX];
    size_t changed = 0, either = 0;
    for (uint64_t seed = SEED_FIRST; seed < SEED_FIRST + SEEDS; seed++) {
        print_message("seed %" PRIu64 "\n", seed);
        size_t count_rows = labelled_make(seed, GROUPS, rows);
        in_order(order, count_rows);
        size_t total = run(order, count_rows, lines[0]);
        labelled_order(seed, count_rows, order);
        assert_int_equal(run(order, count_rows, lines[1]), total);
        for (size_t i = 0; i < total; i++) {
            for (size_t j = i + 1; j < total; j++) {
                bool first = together(&lines[0][i], &lines[0][j]);
                bool second = together(&lines[1][i], &lines[1][j]);
                either += first || second;
                changed += first != second;
            }
        }
    }
    print_message("%zu of %zu pairs changed\n", changed, either);
    assert_true(either > 1000);
    assert_true(changed * 1000 <= either * CHANGED_PER_THOUSAND_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_is_taken_for_another),
        cmocka_unit_test(the_order_changes_next_to_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
