#include "core/cases/lineage.h"

/* ERR_NOT_FOUND: it goes on from none, and none from it. */
static int line_get(const struct views *views, const struct incarnation *incarnation,
                    struct line_view *ret)
{
    struct bytes value;
    int status =
        views->get(views->arg, VIEW_LINES, bytes_of(incarnation->b, INCARNATION_BYTES), &value);
    return status != 0 ? status : line_view_decode(value, ret);
}

static void line_put(const struct views *views, const struct incarnation *incarnation,
                     const struct line_view *view)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    size_t len = line_view_encode(view, value, sizeof value);
    views->put(views->arg, VIEW_LINES, bytes_of(incarnation->b, INCARNATION_BYTES),
               bytes_of(value, len));
}

static bool is_copy(const struct line_view *line, uint64_t seq)
{
    return seq >= 2 && seq - 1 <= line->copies;
}

int lineage_canonical(const struct views *views, const struct entry_id *id, struct lineage *ret)
{
    struct line_view line;
    *ret = (struct lineage){.canonical = *id};
    int status = line_get(views, &id->incarnation, &line);
    if (status == 0) {
        ret->goes_on = !incarnation_is_zero(&line.predecessor.incarnation);
        ret->may_be_copied = line.copied_from != 0 && id->seq >= line.copied_from;
    }
    for (size_t i = 0; status == 0 && i < LINEAGE_STEPS_MAX && is_copy(&line, ret->canonical.seq);
         i++) {
        ret->is_copy = true;
        ret->canonical = (struct entry_id){.incarnation = line.predecessor.incarnation,
                                           .seq = line.predecessor.seq + ret->canonical.seq - 1};
        status = line_get(views, &ret->canonical.incarnation, &line);
    }
    return status == ERR_NOT_FOUND ? 0 : status;
}

int lineage_begin(const struct views *views, const struct incarnation *incarnation,
                  const struct entry_id *predecessor, uint64_t copies)
{
    struct line_view line = {.copies = 0};
    int status = line_get(views, incarnation, &line); /* its successor may have come before it */
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    line.predecessor = *predecessor;
    line.copies = copies;
    line_put(views, incarnation, &line);
    line = (struct line_view){.copies = 0};
    status = line_get(views, &predecessor->incarnation, &line);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    if (line.copied_from == 0 || predecessor->seq + 1 < line.copied_from) {
        line.copied_from = predecessor->seq + 1;
    }
    line_put(views, &predecessor->incarnation, &line);
    return 0;
}

struct step {
    struct incarnation log;
    uint64_t s, copies; /* of what it goes on from */
};

/* From the entry's log back to the target's; false: there is no way. */
static int way_back(const struct views *views, const struct entry_id *at,
                    const struct incarnation *to, struct step steps[LINEAGE_STEPS_MAX],
                    size_t *ret_count, bool *ret_found)
{
    struct incarnation log = at->incarnation;
    size_t count = 0;
    *ret_found = true;
    while (!incarnation_equal(&log, to)) {
        struct line_view line;
        int status = count == LINEAGE_STEPS_MAX ? ERR_NOT_FOUND : line_get(views, &log, &line);
        if (status != 0 || incarnation_is_zero(&line.predecessor.incarnation)) {
            *ret_found = false;
            return status == ERR_NOT_FOUND ? 0 : status;
        }
        steps[count++] =
            (struct step){.log = log, .s = line.predecessor.seq, .copies = line.copies};
        log = line.predecessor.incarnation;
    }
    *ret_count = count;
    return 0;
}

int lineage_in_log(const struct views *views, const struct entry_id *at,
                   const struct entry_id *target, struct entry_id *ret, bool *ret_in)
{
    struct step steps[LINEAGE_STEPS_MAX];
    struct entry_id id = *target;
    size_t count = 0;
    int status = way_back(views, at, &target->incarnation, steps, &count, ret_in);
    if (status != 0 || !*ret_in) {
        return status;
    }
    while (count > 0 && id.seq > steps[count - 1].s) {
        const struct step *step = &steps[--count];
        if (id.seq - step->s > step->copies) {
            *ret_in = false; /* made there after this log had gone on */
            return 0;
        }
        id = (struct entry_id){.incarnation = step->log, .seq = id.seq - step->s + 1};
    }
    *ret_in = id.seq > 0 && (count > 0 || id.seq < at->seq);
    *ret = id;
    return 0;
}
