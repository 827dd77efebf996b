/* One entry of a batch: folded, or passed when it cannot be. */
#include "aggregator/apply.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

/* ---- one entry ---- */

/* Placements of a report that stand in the journal already. */
static int read_recorded(struct apply *apply, uint64_t position, struct fold_input *input)
{
    uint64_t first = 0;
    size_t count = 0;
    int rc = journal_get_placed(apply->batch.journal_txn, position, &first, &count);
    if (rc == ERR_NOT_FOUND) {
        return 0;
    }
    if (rc == 0) {
        rc = journal_reader_seek(apply->other_reader, apply->batch.journal_txn, first);
    }
    for (size_t i = 0; rc == 0 && i < count; i++) {
        struct journal_entry entry;
        rc = journal_reader_next(apply->other_reader, &entry);
        if (rc == 0 && (!entry.own || entry.kind != ENTRY_PLACEMENT)) {
            rc = ERR_FORMAT;
        }
        if (rc == 0) {
            struct bytes body = arena_copy(apply->arena, entry.body);
            rc = body.data == NULL
                     ? ERR_LIMIT
                     : placement_decode(body, apply->arena, &apply->recorded[i], NULL);
        }
    }
    if (rc == 0) {
        input->recorded = apply->recorded;
        input->recorded_count = count;
    }
    return rc;
}

static int keep_placements(struct apply *apply, uint64_t position)
{
    struct batch *batch = &apply->batch;
    for (size_t i = 0; i < apply->output->placement_count; i++) {
        uint8_t body[ENTRY_BYTES_MAX];
        size_t len = 0;
        int rc = placement_encode(&apply->output->placements[i], body, sizeof body, &len, NULL);
        struct bytes copy =
            rc == 0 ? arena_copy(apply->batch_arena, bytes_of(body, len)) : (struct bytes){0};
        if (rc != 0 || copy.data == NULL) {
            return rc != 0 ? rc : ERR_LIMIT;
        }
        ASSERT(batch->own_count < BATCH_OWN_MAX);
        batch->own[batch->own_count] = (struct span_entry){.kind = ENTRY_PLACEMENT, .body = copy};
        batch->own_position[batch->own_count++] = position;
        batch->own_bytes += copy.len;
    }
    return 0;
}

static int office_room(struct batch *batch, size_t more)
{
    size_t wanted = batch->office_count + more;
    if (wanted <= batch->office_capacity) {
        return 0;
    }
    wanted = wanted < BATCH_OFFICE_MAX ? BATCH_OFFICE_MAX : 2 * wanted;
    struct office_out *grown = realloc(batch->office, wanted * sizeof *grown);
    if (grown == NULL) {
        return ERR_NOMEM;
    }
    batch->office = grown;
    batch->office_capacity = wanted;
    return 0;
}

static int keep_office(struct apply *apply)
{
    struct batch *batch = &apply->batch;
    int rc = office_room(batch, apply->output->office_count);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < apply->output->office_count; i++) {
        const struct fold_office *from = &apply->output->office[i];
        struct office_out *to = &batch->office[batch->office_count++];
        *to = (struct office_out){.enrolment = from->enrolment, .kind = from->kind};
        (void)snprintf(to->regency, sizeof to->regency, "%s", from->regency);
        to->body = arena_copy(apply->batch_arena, from->body);
        if (to->body.data == NULL) {
            return ERR_LIMIT;
        }
    }
    return 0;
}

static int keep_result(struct apply *apply, uint64_t position)
{
    struct result *result = calloc(1, sizeof *result);
    if (result == NULL) {
        return ERR_NOMEM;
    }
    result->position = position;
    result->code = apply->output->code;
    (void)snprintf(result->text, sizeof result->text, "%s", apply->output->text);
    (void)snprintf(result->document_id, sizeof result->document_id, "%s",
                   apply->output->document_id);
    *apply->batch.results_end = result;
    apply->batch.results_end = &result->next;
    return 0;
}

/* What goes wrong in here is the store's fault, as in driver.c. */
static int look_up(void *arg, const struct entry_id *id, uint64_t *ret_position, uint16_t *ret_kind,
                   struct hash *ret_b)
{
    struct apply *apply = arg;
    struct journal_entry entry;
    bool was = crash_note_pause();
    int rc = journal_reader_find(apply->other_reader, apply->batch.journal_txn, id, &entry);
    crash_note_resume(was);
    if (rc == 0) {
        *ret_position = entry.position;
        *ret_kind = entry.kind;
        *ret_b = entry.b;
    }
    return rc;
}

static int read_body(void *arg, const struct entry_id *id, struct arena *arena, uint16_t *ret_kind,
                     struct bytes *ret)
{
    struct apply *apply = arg;
    struct journal_entry entry;
    bool was = crash_note_pause();
    int rc = journal_reader_find(apply->other_reader, apply->batch.journal_txn, id, &entry);
    crash_note_resume(was);
    if (rc == 0 && entry.erased) {
        rc = ERR_NOT_FOUND;
    }
    if (rc != 0) {
        return rc;
    }
    struct bytes copy = arena_copy(arena, entry.body);
    if (copy.data == NULL) {
        return ERR_NOMEM;
    }
    *ret_kind = entry.kind;
    *ret = copy;
    return 0;
}

static struct fold_input input_of(struct apply *apply, const struct journal_entry *entry)
{
    return (struct fold_input){.position = entry->position,
                               .id = entry->id,
                               .kind = entry->kind,
                               .erased = entry->erased,
                               .body = entry->body,
                               .b = entry->b,
                               .lookup = {.arg = apply, .entry = look_up, .body = read_body},
                               .own = entry->own,
                               .owner = bytes_of_text(entry->owner),
                               .enrolment = entry->enrolment,
                               .received_ms = entry->received_ms,
                               .has_clock = entry->clock.known,
                               .clock_s = entry->clock.s};
}

bool apply_ended_here(const struct apply *apply, const struct journal_entry *entry)
{
    return apply->crash.deaths > 0 && apply->crash.number == entry->position &&
           hash_equal(&apply->crash.hash, &entry->h);
}

/* What an entry made: placements and office entries unless they were put out before, and the answer
 * to an act. */
static int keep_outputs(struct apply *apply, const struct journal_entry *entry, bool made)
{
    int rc = 0;
    if (!made) {
        rc = keep_placements(apply, entry->position);
        rc = rc != 0 ? rc : keep_office(apply);
    }
    if (rc == 0 && entry->own && entry->kind != ENTRY_PLACEMENT) {
        rc = keep_result(apply, entry->position);
    }
    return rc;
}

static int fold_one(struct apply *apply, const struct journal_entry *entry, uint64_t outputs_to,
                    struct err_ctx *err)
{
    struct views views;
    driver_writing(&apply->batch.driver, &views);
    struct fold_input input = input_of(apply, entry);
    bool made = entry->position <= outputs_to;
    int rc = 0;
    bool places = entry->kind == ENTRY_REPORT || entry->kind == ENTRY_AMENDMENT;
    if (places && made) {
        rc = read_recorded(apply, entry->position, &input);
    }
    if (rc != 0) {
        return err_set(err, rc, "placements of position %llu cannot be read",
                       (unsigned long long)entry->position);
    }
    struct crash_mark mark = {.number = entry->position, .deaths = 1, .hash = entry->h};
    if (apply_ended_here(apply, entry)) {
        mark.deaths = apply->crash.deaths + 1;
    }
    crash_note_enter(&mark);
    rc = fold_entry(&apply->aggregator->fold, &views, &input, apply->arena, apply->output, err);
    if (rc == 0) {
        rc = keep_outputs(apply, entry, made);
    }
    crash_note_leave();
    bool node_change = entry->kind == ENTRY_ENROLMENT || entry->kind == ENTRY_REVOCATION;
    apply->batch.nodes_changed = apply->batch.nodes_changed || (entry->own && node_change);
    return rc;
}

/* ---- entries that cannot be folded ---- */

/* What the store cannot do is not the entry's fault; everything else is, for the fold answers
 * contents that it refuses itself. */
static bool entry_is_to_blame(int rc)
{
    return rc != 0 && rc != ERR_FULL && rc != ERR_STORAGE && rc != ERR_IO && rc != ERR_AGAIN &&
           rc != ERR_STATE;
}

int apply_skip_code(const struct apply *apply, uint64_t position)
{
    for (size_t i = 0; i < apply->skip_count; i++) {
        if (apply->skip[i].position == position) {
            return apply->skip[i].code;
        }
    }
    return 0;
}

/* The code to pass it with, NULL: it is to be folded. *ret_said: that stands in the journal. */
static int why_passed(struct apply *apply, const struct journal_entry *entry, uint64_t outputs_to,
                      const char **ret, bool *ret_said)
{
    struct bytes code;
    int rc = entry->position > outputs_to
                 ? ERR_NOT_FOUND
                 : journal_get_rejected(apply->batch.journal_txn, entry->position, &code);
    if (rc == 0) {
        char *copy = arena_alloc(apply->arena, code.len + 1);
        if (copy == NULL) {
            return ERR_NOMEM;
        }
        memcpy(copy, code.data, code.len);
        copy[code.len] = '\0';
        *ret = copy;
        *ret_said = true;
        return 0;
    }
    int skip = apply_skip_code(apply, entry->position);
    if (skip != 0) {
        *ret = err_name(skip);
    } else if (apply->crash.deaths >= CRASH_DEATHS_MAX && apply_ended_here(apply, entry)) {
        *ret = CRASH_CODE;
    }
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* Says in our own log that the entry is passed: kept in the journal, and applied by nobody. */
static int say_rejected(struct apply *apply, const struct journal_entry *entry, const char *code,
                        struct bytes text)
{
    struct batch *batch = &apply->batch;
    struct rejected rejected = {
        .position = entry->position, .code = bytes_of_text(code), .text = text};
    uint8_t body[512];
    size_t len = 0;
    int rc = rejected_encode(&rejected, body, sizeof body, &len, NULL);
    struct bytes copy =
        rc == 0 ? arena_copy(apply->batch_arena, bytes_of(body, len)) : (struct bytes){0};
    if (rc != 0 || copy.data == NULL) {
        return rc != 0 ? rc : ERR_LIMIT;
    }
    ASSERT(batch->own_count < BATCH_OWN_MAX && batch->rejected_count < BATCH_OWN_MAX);
    batch->own[batch->own_count] = (struct span_entry){.kind = ENTRY_REJECTED, .body = copy};
    batch->own_position[batch->own_count++] = 0;
    batch->own_bytes += copy.len;
    batch->rejected[batch->rejected_count].position = entry->position;
    batch->rejected[batch->rejected_count++].code = code;
    LOG(LOG_LEVEL_ERROR, "entry_rejected", log_u64("position", entry->position),
        log_text("node", entry->owner), log_text("code", code));
    return 0;
}

/* An entry that the fold cannot take is kept in the journal, marked rejected, and passed; its node
 * is told as of any refusal. */
static int pass_over(struct apply *apply, const struct journal_entry *entry, const char *code,
                     bool said, struct err_ctx *err)
{
    if (PLANTED(POISON_SKIPPED)) {
        return 0;
    }
    struct views views;
    driver_writing(&apply->batch.driver, &views);
    struct fold_input input = input_of(apply, entry);
    struct bytes text = bytes_of_text(strcmp(code, CRASH_CODE) == 0
                                          ? "it ended the program twice: kept as it is, and passed"
                                          : "it cannot be applied: kept as it is, and passed");
    int rc =
        fold_passed(&views, &input, bytes_of_text(code), text, apply->arena, apply->output, err);
    if (rc == 0 && !said) {
        rc = say_rejected(apply, entry, code, text);
    }
    return rc == 0 ? keep_outputs(apply, entry, said) : rc;
}

int apply_entry(struct apply *apply, const struct journal_entry *entry, uint64_t outputs_to,
                struct err_ctx *err)
{
    const char *code = NULL;
    bool said = false;
    arena_reset(apply->arena);
    int rc = why_passed(apply, entry, outputs_to, &code, &said);
    if (rc != 0) {
        return err_set(err, rc, "position %llu", (unsigned long long)entry->position);
    }
    if (code != NULL) {
        return pass_over(apply, entry, code, said, err);
    }
    rc = fold_one(apply, entry, outputs_to, err);
    if (entry_is_to_blame(rc)) {
        apply->failed_at = entry->position;
        apply->failed_code = rc;
    }
    return rc;
}
