/* matcher.h - first matcher: exact keys only. A case is one person and one act.
 *
 * Keys of a (report, subject), strongest first, each 16 bytes of keyed hash (SipHash-128-like:
 * BLAKE2b-128 with the province as salt is fine here) over the normalised fields:
 *   "nip_form_day"        NIP + form + occurred_on
 *   "nik_form_day"        NIK + form + occurred_on
 *   "nip_artefact"        NIP + (canonical link | evidence hash), and the same side of the
 *   "nik_artefact"        determination (form's phase)
 *   "person_artefact"     normalised name + employing regency + unit + (link | evidence hash)
 * merged: a key of the first four is known. A person_artefact hit without identifiers on either
 * side merges too (same name, same unit, same artefact); with differing identifiers it opens a
 * `review` case with the candidate. Never merges: other identifier of one kind, other form phase
 * (before/after determination), other act. Source: DOMAIN "What real duplicates look like".
 */
#ifndef CORE_CASES_MATCHER_H
#define CORE_CASES_MATCHER_H

#include "core/cases/views.h"

#define MATCHER_VERSION "exact-1"
#define MATCH_KEYS_MAX 160u /* per subject: identifiers and artefacts multiply */

struct match_key {
    uint8_t b[16];
    const char *rule;
};
struct match_keys {
    struct match_key list[MATCH_KEYS_MAX];
    size_t count;
};

/* Which keys this subject has. */
void matcher_keys(const struct report *report, uint32_t subject, struct bytes province,
                  struct match_keys *ret);

/* Decides from the views (VIEW_CASE_KEYS, VIEW_CASES). The placement's texts point into static
 * storage or the arena. Deterministic. */
int matcher_place(const struct views *views, const struct report *report, const struct entry_id *id,
                  uint64_t position, uint32_t subject, struct bytes province, struct arena *arena,
                  struct placement *ret, struct err_ctx *err) MUST_USE;

#endif
