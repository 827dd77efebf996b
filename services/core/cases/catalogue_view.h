/* catalogue_view.h - the catalogue that holds: the newest one that the root signed, or the one this
 * program was built with while there is none. */
#ifndef CORE_CASES_CATALOGUE_VIEW_H
#define CORE_CASES_CATALOGUE_VIEW_H

#include "core/cases/views.h"
#include "core/rules/catalogue_set.h"

struct catalogue_view {
    const struct catalogue *catalogue; /* in the arena, with what it points to */
    uint32_t number;
    char version[2 * HASH_BYTES + 1]; /* as documents name it */
    bool builtin;
};
/* ERR_NOMEM: the arena is too small; errors of storage. */
int catalogue_view_get(const struct views *views, struct arena *arena,
                       struct catalogue_view *ret) MUST_USE;
/* What nodes are told of it, decoded into the arena, and the bytes that it names (borrowed from the
 * storage). ERR_NOT_FOUND: none was loaded, or by a version that did not tell them. */
int catalogue_view_note(const struct views *views, struct arena *arena,
                        struct object_note *ret) MUST_USE;
int catalogue_view_packed(const struct views *views, struct bytes *ret) MUST_USE;
/* Of a case as it is known now; false: its form is not in the catalogue. */
bool case_verdict(const struct catalogue *catalogue, const struct case_view *view,
                  struct catalogue_verdict *ret);

#endif
