/* fold_elsewhere.c - those whom another province employs: one rerouted case an act, and every node
 * that filed it is told whose it is. */
#include "core/cases/fold_parts.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/cases/matcher.h"
#include "core/rules/catalogue.h"

#include <stdio.h>

struct bytes fold_province_of(const struct fold *fold, struct bytes employing)
{
    bool elsewhere = employing.len > 0 && !fold_in_province(fold, employing);
    return elsewhere && !PLANTED(PROVINCE_IGNORED)
               ? bytes_of(employing.data, employing.len < 2 ? employing.len : 2)
               : fold->config->province;
}

int fold_rerouted_status(struct fold *fold, const struct report *report, uint32_t subject,
                         const struct case_view *view)
{
    char text[256], short_name[CASE_SHORT_CAPACITY];
    struct bytes regency = report->subjects[subject].regency;
    const struct catalogue_region *region = catalogue_region_find(regency);
    ASSERT(region != NULL); /* the rules know every employing regency */
    (void)snprintf(text, sizeof text,
                   "subject %u is employed by %s (%s %s), of another province: for %.2s to handle",
                   (unsigned)subject + 1, region->code, region->type, region->name, region->code);
    case_short_text(fold->config->province, view->number, short_name);
    struct status status = {.report = fold->report,
                            .subject = subject,
                            .case_short = bytes_of_text(short_name),
                            .state = bytes_of_text(case_state_name(CASE_REROUTED)),
                            .text = bytes_of_text(text),
                            .at_ms = fold->input->received_ms};
    return fold_status(fold, &status, fold->input->owner, fold->input->enrolment);
}

int fold_place_elsewhere(struct fold *fold, const struct report *report, uint32_t subject,
                         struct placement *ret)
{
    char text[CASE_TEXT_CAPACITY];
    struct case_name name;
    struct placement found;
    struct bytes regency = report->subjects[subject].regency;
    int status = matcher_place(fold->views, report, &fold->report, fold->report_position, subject,
                               fold_province_of(fold, regency), fold->arena, &found, NULL);
    if (status != 0) {
        return status;
    }
    case_name_of(&fold->report, subject, &name);
    struct bytes own = arena_copy(fold->arena, bytes_of_text(case_name_text(&name, text)));
    *ret =
        (struct placement){.subject = subject,
                           .outcome = PLACEMENT_REROUTED,
                           .case_name = found.outcome == PLACEMENT_MERGED ? found.case_name : own,
                           .rule = bytes_of_text("other_province"),
                           .fields = {bytes_of_text("regency")},
                           .field_count = 1,
                           .matcher = bytes_of_text(MATCHER_VERSION)};
    return own.data == NULL ? ERR_NOMEM : 0;
}
