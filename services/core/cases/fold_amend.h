/* fold_amend.h - what fold_amend.c and fold_amend_where.c share. Private to core/cases. */
#ifndef CORE_CASES_FOLD_AMEND_H
#define CORE_CASES_FOLD_AMEND_H

#include "core/cases/fold_parts.h"

/* Where a subject of the report at hand is. */
struct spot {
    struct case_name name;
    struct case_view view;
    struct case_row row;
    struct placement placement;
};
/* ERR_NOT_FOUND: it has named no such subject yet. */
int fold_spot_find(struct fold *fold, uint32_t subject, struct spot *ret) MUST_USE;
/* The filer's word is a change that an officer has to see, but no officer's. The view is changed,
 * not put. keys: see fold_case_again. */
int fold_spot_again(struct fold *fold, struct spot *spot, bool keys) MUST_USE;

struct amending {
    struct report before, now;
    uint32_t subject;
    struct spot spot;
    uint64_t others; /* reports of its case that hold */
};
/* Every subject of `now`: where it is, or somewhere else. */
int fold_subjects_again(struct fold *fold, struct amending *amending) MUST_USE;

#endif
