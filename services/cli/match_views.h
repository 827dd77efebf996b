/* match_views.h - views in memory, for one pass of `kabar match`: a skip list per table. */
#ifndef CLI_MATCH_VIEWS_H
#define CLI_MATCH_VIEWS_H

#include "core/cases/views.h"

struct match_views;
/* Caller owns; NULL when out of memory. */
struct match_views *match_views_new(void);
void match_views_free(struct match_views *views);
/* Borrowed, as long as `views` lives. */
struct views match_views_driver(struct match_views *views);
/* Whether a change was lost for want of memory. */
bool match_views_full(const struct match_views *views);

#endif
