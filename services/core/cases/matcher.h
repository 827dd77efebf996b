/* matcher.h - first matcher: exact keys only. A case is one person and one act.
 *
 * Keys of a (report, subject), strongest first, each 16 bytes of hash (BLAKE2b, the province and
 * the rule hashed in) over the normalised fields:
 *   "nip_form_day"        NIP + form + occurred_on
 *   "nik_form_day"        NIK + form + occurred_on
 *   "nip_artefact"        NIP + (canonical link | evidence hash) + side of the determination (the
 *   "nik_artefact"        form's phase) + day
 *   "person_artefact"     normalised name + employing regency + unit + (link | evidence hash) +
 *                         side + day
 * A day in an artefact key is met two days around it, because reports are off by a day or two.
 * merged: a key is known and nothing speaks against it. Against it speak: another NIP or NIK where
 * both sides have one; a day more than two from the case's (artefact keys); another link than the
 * case's (keys of a day: two posts of one day are two acts); names that share no word (identifier
 * keys: a number typed under the wrong person); that the same report has this case already for
 * another of its subjects (person key). Then the subject opens a `review` case
 * with the candidates. Initials alone, or no unit, make no person key. Never merges: another form
 * phase, another act. Source: DOMAIN "What real duplicates look like".
 */
#ifndef CORE_CASES_MATCHER_H
#define CORE_CASES_MATCHER_H

#include "core/cases/views.h"

#define MATCHER_VERSION "exact-1"
#define MATCH_DAYS_MAX 2
/* Per subject: 64 pieces of evidence and a link, three kinds of person each, two keys of a day. */
#define MATCH_KEYS_MAX 200u

struct match_key {
    uint8_t b[16];
    const char *rule;
};
struct match_keys {
    struct match_key list[MATCH_KEYS_MAX];
    size_t count;
};

/* The keys this subject's case is found by later. */
void matcher_keys(const struct report *report, uint32_t subject, struct bytes province,
                  struct match_keys *ret);

/* The same, with artefact keys moved by `days`; those of a day alone only for 0. */
void matcher_keys_near(const struct report *report, uint32_t subject, struct bytes province,
                       int days, struct match_keys *ret);

#define MATCH_LINK_BYTES 16u
/* Hash of the report's canonical link; false when it has none. */
bool matcher_link(const struct report *report, uint8_t ret[MATCH_LINK_BYTES]);

/* Decides from the views (VIEW_CASE_KEYS, VIEW_CASES, VIEW_CASE_REPORTS). The placement's texts
 * point into static storage or the arena. Deterministic. */
int matcher_place(const struct views *views, const struct report *report, const struct entry_id *id,
                  uint64_t position, uint32_t subject, struct bytes province, struct arena *arena,
                  struct placement *ret, struct err_ctx *err) MUST_USE;

#endif
