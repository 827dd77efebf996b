/* What a case's name means by now, and whether an officer has had it. */
#include "core/cases/matcher.h"

int matcher_case(const struct views *views, struct arena *arena, struct case_name *name,
                 struct bytes *ret)
{
    struct bytes value;
    struct placement placement;
    int status = views->get(views->arg, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES), ret);
    if (status != ERR_NOT_FOUND) {
        return status;
    }
    status = views->get(views->arg, VIEW_PLACEMENTS, bytes_of(name->b, CASE_NAME_BYTES), &value);
    status = status == 0 ? placement_decode(value, arena, &placement, NULL) : status;
    if (status == 0 && !case_name_parse(placement.case_name, name)) {
        status = ERR_FORMAT;
    }
    return status != 0
               ? status
               : views->get(views->arg, VIEW_CASES, bytes_of(name->b, CASE_NAME_BYTES), ret);
}

bool matcher_untouched(const struct case_view *view)
{
    return view->state == CASE_RECEIVED &&
           view->version == view->report_count + view->filer_versions && view->assigned.len == 0 &&
           view->report_count <= MATCH_JOIN_REPORTS_MAX;
}
