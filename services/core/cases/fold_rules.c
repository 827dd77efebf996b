/* What a recommendation or decision must keep to beside its form: what the catalogue permits, and
 * that the accused does not decide; and who works on no case of their own. */
#include "core/cases/catalogue_view.h"
#include "core/cases/conflict.h"
#include "core/cases/fold_parts.h"

#include "core/base/plant.h"
#include "core/rules/catalogue.h"

#include <string.h>

bool case_verdict(const struct catalogue *catalogue, const struct case_view *view,
                  struct catalogue_verdict *ret)
{
    const struct catalogue_act act = {.form = view->form,
                                      .has_day = view->has_occurred_on,
                                      .day = view->occurred_on,
                                      .class = catalogue_class(view->employment, view->nip)};
    return catalogue_judge(catalogue, &act, ret);
}

#define LEAVE_CLTN 2

static size_t put_permitted(const struct catalogue_verdict *verdict, char *ret, size_t capacity)
{
    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < verdict->sanction_count; i++) {
        struct bytes code = verdict->sanctions[i];
        if (len + code.len + 3 > capacity) {
            break;
        }
        len +=
            (size_t)snprintf(ret + len, capacity - len, "%s%.*s", i > 0 ? ", " : "", SHOWN(code));
    }
    return len;
}

/* Under another catalogue than the one that holds, it was judged by the program that took it: views
 * rebuilt by a later one must not depend on what that one was built with. The door takes none. */
static int sanction_permitted(struct fold *fold, const struct document *document,
                              const struct case_view *view)
{
    char permitted[96];
    struct catalogue_view holding;
    struct catalogue_verdict *verdict = arena_alloc(fold->arena, sizeof *verdict);
    int status =
        verdict == NULL ? ERR_NOMEM : catalogue_view_get(fold->views, fold->arena, &holding);
    if (status != 0 || !bytes_equal(document->catalogue, bytes_of_text(holding.version))) {
        return status;
    }
    if (!case_verdict(holding.catalogue, view, verdict)) {
        return fold_refuse(fold, ERR_VALUE, "form: %.*s is not in the catalogue",
                           SHOWN(view->form));
    }
    if (verdict->permitted_on_leave && view->leave == LEAVE_CLTN) {
        return fold_refuse(fold, ERR_VALUE, "R13: %.*s is permitted to whom is on unpaid leave",
                           SHOWN(verdict->applied));
    }
    if (catalogue_permits(verdict, document->sanction)) {
        return FOLD_DONE;
    }
    (void)put_permitted(verdict, permitted, sizeof permitted);
    return fold_refuse(fold, ERR_VALUE,
                       "D11: sanction: %.*s, %s, %.*s: the catalogue permits %s, not "
                       "this",
                       SHOWN(verdict->applied), severity_name(verdict->severity),
                       SHOWN(verdict->class), permitted);
}

int fold_authority_free(struct fold *fold, struct bytes authority, const struct case_view *view)
{
    const struct catalogue_region *region = catalogue_region_find(view->regency);
    const struct conflict_person accused = {
        .name = view->name,
        .position = view->position,
        .place = bytes_of_text(region == NULL ? NULL : region->name)};
    return conflict_is_accused(&accused, authority)
               ? fold_refuse(fold, ERR_STATE,
                             "R11: the accused does not decide: name the next "
                             "authority")
               : FOLD_DONE;
}

static int not_the_subject(struct fold *fold, const struct case_view *view, struct bytes officer)
{
    struct ring *ring = NULL;
    int status = fold_ring(fold, &ring);
    const struct officer *known = status == FOLD_DONE ? ring_officer(ring, officer) : NULL;
    return known != NULL && conflict_is_officer(view->name, known->name)
               ? fold_refuse(fold, ERR_STATE, "R14: officer %.*s has the name of the accused",
                             SHOWN(officer))
               : status;
}

/* "tono|wati" */
int fold_not_barred(struct fold *fold, const struct case_view *view, struct bytes officer)
{
    size_t begin = 0;
    for (size_t i = 0; i <= view->barred.len; i++) {
        if (i < view->barred.len && view->barred.data[i] != '|') {
            continue;
        }
        struct bytes one = bytes_of(view->barred.data + begin, i - begin);
        if (one.len > 0 && bytes_equal(one, officer) && !PLANTED(BARRED_ACTS)) {
            return fold_refuse(fold, ERR_STATE, "R10: officer %.*s is kept from this case",
                               SHOWN(officer));
        }
        begin = i + 1;
    }
    return not_the_subject(fold, view, officer);
}

/* The case was led to another authority, because the usual one is accused or close. */
static int authority_is_the_cases(struct fold *fold, struct bytes authority,
                                  const struct case_view *view)
{
    return view->authority.len == 0 || bytes_equal(view->authority, authority)
               ? FOLD_DONE
               : fold_refuse(fold, ERR_STATE, "R12: this case is for %.*s to decide",
                             SHOWN(view->authority));
}

int fold_case_rules(struct fold *fold, const struct document *document,
                    const struct case_view *view)
{
    enum case_state target = CASE_RECEIVED;
    if (!fold_target_state(document->type, &target)) {
        return FOLD_DONE;
    }
    int status = fold_authority_free(fold, document->authority, view);
    if (status == FOLD_DONE) {
        status = authority_is_the_cases(fold, document->authority, view);
    }
    if (status == FOLD_DONE && document->sanction.len > 0) {
        status = sanction_permitted(fold, document, view);
    }
    return status;
}
