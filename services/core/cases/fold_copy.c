/* Counting once: a statement that stands in several logs of a line has effect the first time. */
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/cases/lineage.h"

#define NO_COPY 0u

static void canonical_key(const struct entry_id *canonical, struct view_key *ret)
{
    view_key_init(ret, bytes_of(canonical->incarnation.b, INCARNATION_BYTES));
    view_key_u64(ret, canonical->seq);
}

static void statement_key(const struct fold *fold, const struct entry_id *canonical,
                          struct view_key *ret)
{
    uint8_t kind[2];
    put_be16(kind, fold->input->kind);
    canonical_key(canonical, ret);
    view_key_part(ret, bytes_of(kind, sizeof kind));
    view_key_part(ret, bytes_of(fold->input->b.b, HASH_BYTES));
}

static void said_key(const struct fold *fold, struct view_key *ret)
{
    uint8_t kind[2];
    put_be16(kind, fold->input->kind);
    view_key_init(ret, fold->input->owner);
    view_key_zero(ret);
    view_key_part(ret, bytes_of(kind, sizeof kind));
    view_key_part(ret, bytes_of(fold->input->b.b, HASH_BYTES));
}

/* ---- who said it first ---- */
/* The same statement in any log of a line: two branches may each have taken it over by a name of
 * their own, when the log in which it was made was lost. */
static int said_before(struct fold *fold, struct copy_view *ret)
{
    struct view_key key;
    struct bytes value;
    said_key(fold, &key);
    int status = fold->views->get(fold->views->arg, VIEW_SAID, view_key_bytes(&key), &value);
    status = status == 0 ? copy_view_decode(value, ret) : status;
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* The same statement in the log in which it was made, when that came before: *ret; another one
 * there: *ret_other. */
static int made_itself(struct fold *fold, const struct entry_id *canonical, struct copy_view *ret,
                       bool *ret_other)
{
    const struct fold_lookup *lookup = &fold->input->lookup;
    uint64_t position = 0;
    uint16_t kind = 0;
    struct hash b;
    ASSERT(lookup->entry != NULL);
    int status = lookup->entry(lookup->arg, canonical, &position, &kind, &b);
    if (status == ERR_NOT_FOUND || (status == 0 && position >= fold->input->position)) {
        return 0;
    }
    if (status == 0 && kind == fold->input->kind && hash_equal(&b, &fold->input->b)) {
        *ret = (struct copy_view){.position = position, .id = *canonical};
    } else if (status == 0) {
        *ret_other = true;
    }
    return status;
}

/* The same among copies that counted, or another one there. */
static int came_as_copy(struct fold *fold, const struct entry_id *canonical, struct copy_view *ret,
                        bool *ret_other)
{
    struct view_key key;
    struct bytes found, value;
    statement_key(fold, canonical, &key);
    int status = fold->views->get(fold->views->arg, VIEW_COPIES, view_key_bytes(&key), &value);
    if (status == 0) {
        return copy_view_decode(value, ret);
    }
    if (status != ERR_NOT_FOUND) {
        return status;
    }
    canonical_key(canonical, &key);
    status = fold->views->next(fold->views->arg, VIEW_COPIES, view_key_bytes(&key),
                               (struct bytes){0}, &found, &value);
    *ret_other = *ret_other || status == 0;
    return status == ERR_NOT_FOUND ? 0 : status;
}

/* ---- what is left behind ---- */
static void pass(struct fold *fold, const struct entry_id *canonical, const struct copy_view *first)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    struct copied_view view = {.canonical = *canonical, .position = first->position};
    size_t len = copied_view_encode(&view, value, sizeof value);
    fold_position_key(fold, &key);
    fold_put(fold, VIEW_COPIED, view_key_bytes(&key), bytes_of(value, len));
    if (fold->input->kind == ENTRY_REPORT) {
        fold_report_state(fold, REPORT_COPY, &first->id);
    }
    fold->ret->same_as = first->position;
    fold_say(fold, "it is position %llu", (unsigned long long)first->position);
}

static void say_position(struct fold *fold)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    struct copy_view view = {.position = fold->input->position, .id = fold->input->id};
    size_t len = copy_view_encode(&view, value, sizeof value);
    said_key(fold, &key);
    fold_put(fold, VIEW_SAID, view_key_bytes(&key), bytes_of(value, len));
}

static void count_copy(struct fold *fold, const struct entry_id *canonical)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    struct copy_view view = {.position = fold->input->position, .id = fold->input->id};
    size_t len = copy_view_encode(&view, value, sizeof value);
    statement_key(fold, canonical, &key);
    fold_put(fold, VIEW_COPIES, view_key_bytes(&key), bytes_of(value, len));
}

int fold_once(struct fold *fold, bool *ret_counts)
{
    struct lineage lineage;
    struct copy_view first = {.position = NO_COPY};
    bool other = false;
    char name[HEX_CAPACITY(INCARNATION_BYTES)];
    *ret_counts = true;
    int status = lineage_canonical(fold->views, &fold->input->id, &lineage);
    bool alone = !lineage.goes_on && !lineage.may_be_copied;
    if (status != 0 || alone || PLANTED(COPY_COUNTED_TWICE)) {
        return status;
    }
    status = said_before(fold, &first);
    if (status == 0 && first.position == NO_COPY && lineage.is_copy) {
        status = made_itself(fold, &lineage.canonical, &first, &other);
    }
    if (status == 0 && first.position == NO_COPY) {
        status = came_as_copy(fold, &lineage.canonical, &first, &other);
    }
    if (status != 0) {
        return status;
    }
    if (first.position != NO_COPY) {
        *ret_counts = false;
        pass(fold, &lineage.canonical, &first);
        return 0;
    }
    say_position(fold);
    if (lineage.is_copy) {
        count_copy(fold, &lineage.canonical);
    }
    if (other) {
        fold_alarm(fold, ERR_FORK, "two statements are called %s seq %llu: both count",
                   hex_encode(name, lineage.canonical.incarnation.b, INCARNATION_BYTES),
                   (unsigned long long)lineage.canonical.seq);
    } else {
        fold->identity = lineage.canonical;
    }
    return 0;
}

int fold_genesis(struct fold *fold)
{
    struct genesis genesis;
    const struct fold_input *input = fold->input;
    if (input->id.seq != 1) {
        return FOLD_DONE;
    }
    int status = genesis_decode(input->body, fold->arena, &genesis, NULL);
    if (status == ERR_NOMEM) {
        return status;
    }
    if (status != 0 || !genesis.has_predecessor) {
        return FOLD_DONE; /* what it must say was asked before it was taken */
    }
    if (input->own) {
        fold_put(fold, VIEW_META, bytes_of_text("restored"),
                 bytes_of(input->id.incarnation.b, INCARNATION_BYTES));
        return FOLD_DONE;
    }
    return lineage_begin(fold->views, &input->id.incarnation, &genesis.predecessor,
                         genesis.predecessor_count);
}
