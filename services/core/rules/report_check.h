/* report_check.h - what a report must be, whoever sends it.
 *
 * Called twice: at the node's door on a line (clear answer to the clerk), and by the applier on a
 * decoded body (a refusal entry to the node). Sources: DOMAIN "Identifiers", "Process and clocks".
 */
#ifndef CORE_RULES_REPORT_CHECK_H
#define CORE_RULES_REPORT_CHECK_H

#include "core/rules/catalogue_set.h"
#include "core/wire/report_json.h"

/* Which codes there are. Whoever checks says by which catalogue. */
struct report_codes {
    const void *arg;
    bool (*form)(const void *arg, struct bytes code);
    bool (*regency)(const void *arg, struct bytes code);
};
/* Of what this program was built with. */
extern const struct report_codes report_codes_builtin;

/* own_regency: the filing regency of the node. today: days since 1970 by the local clock, or
 * INT32_MAX where the clock must not matter (applier). Checks: regency its own; form known;
 * channel given; 1..64 subjects, each with a name or nip or nik or account; nip 18 digits (9 for an
 * old one), nik 16 digits, form only: a slip in a number must not cost a report; employing regency
 * known; occurred_on given, or known_on where the day of the act is not known; occurred_on not
 * after known_on, neither after today, until ≥ on; description or url or evidence there; evidence
 * distinct. */
int report_check(const struct report *report, const struct report_codes *codes,
                 struct bytes own_regency, int32_t today, struct field_error *ret) MUST_USE;
/* Whether a report that says `before` may say `now`; both were checked. key: of the report. A3: the
 * key, if any, stays; A4: subjects keep their places, for by them they are named. */
int report_amend_check(const struct report *before, struct bytes key, const struct report *now,
                       struct field_error *ret) MUST_USE;
int zero_report_check(const struct zero_report *zero, const struct report_codes *codes,
                      struct bytes own_regency, int32_t today, struct field_error *ret) MUST_USE;

#endif
