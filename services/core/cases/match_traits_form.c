/* Which acts a form names, and which forms are taken for one another. */
#include "core/cases/match_traits.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define FORM_BYTES 5u

/* same: forms of one act before and after the determination have one number. Partisan activity
 * (DS-08) is what people choose for decisions and teams too. */
struct form_row {
    char code[FORM_BYTES + 1];
    uint8_t same, groups;
};
static const struct form_row form_rows[] = {
    {"KE-01", 1, FORM_BANNER},
    {"DS-01", 1, FORM_BANNER},
    {"KE-02", 2, FORM_ONLINE},
    {"DS-02", 2, FORM_ONLINE},
    {"KE-04", 3, FORM_ONLINE},
    {"DS-06", 3, FORM_ONLINE},
    {"KE-05", 4, FORM_ONLINE},
    {"DS-07", 4, FORM_ONLINE},
    {"KE-03", 5, FORM_EVENT},
    {"DS-04", 5, FORM_EVENT},
    {"KE-06", 6, FORM_EVENT},
    {"PP-04", 6, FORM_EVENT},
    {"KE-07", 7, FORM_EVENT},
    {"DS-03", 8, FORM_EVENT},
    {"DS-08", 9, FORM_EVENT | FORM_DECISION | FORM_TEAM},
    {"PP-01", 10, FORM_EVENT},
    {"PP-02", 11, FORM_EVENT},
    {"PP-03", 12, FORM_EVENT},
    {"DS-12", 13, FORM_DECISION},
    {"DS-09", 14, FORM_TEAM},
    {"DS-10", 15, FORM_TEAM},
};

void traits_form(struct bytes form, struct traits *ret)
{
    static const struct form_row other = {"", 0, FORM_OTHER};
    const struct form_row *row = &other;
    for (size_t i = 0; form.len == FORM_BYTES && i < LENGTH(form_rows); i++) {
        if (memcmp(form.data, form_rows[i].code, FORM_BYTES) == 0) {
            row = &form_rows[i];
        }
    }
    uint32_t same = row->same;
    for (size_t i = 0; row == &other && i < form.len; i++) {
        same = 16u + (same * 3u + form.data[i]) % 16u; /* forms a later catalogue knows */
    }
    ret->groups = row->groups;
    ret->forms = 1u << same;
}
