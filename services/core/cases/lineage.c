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
