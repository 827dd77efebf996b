/* matcher.h - which case a (report, subject) belongs to. A case is one person and one act.
 *
 * Blocks are looked up (a handful of gets), at most MATCH_CASES_MAX cases of them are judged
 * (match_judge.h). merged: one case is the same, and no other is as good; review: a case of its own
 * with at most MATCH_CANDIDATES_MAX candidates; new. Keys of blocks are 16 bytes of SipHash over
 * the province, the kind of key and
 *   "nip", "nik"     the number
 *   "link", "file"   the canonical link, the hash of an evidence
 *   "name"           regency, first letters of the name, eight days
 *   "place"          regency, place, eight days
 * A report that is the same as one case, and shows with all that case knows that others are it too,
 * joins them (placement `joined`): so it matters little which report came first. What an officer
 * has touched goes up in no other, and two cases in which one report names a subject each stay two.
 * An undated one is kept and looked for under all days that may have been it. A block keeps its
 * newest cases. Source: DOMAIN "What real duplicates look like".
 */
#ifndef CORE_CASES_MATCHER_H
#define CORE_CASES_MATCHER_H

#include "core/cases/match_judge.h"
#include "core/cases/views.h"

#define MATCHER_VERSION "judged-7"
#define MATCH_CASES_MAX 16u         /* judged per subject */
#define MATCH_CANDIDATES_MAX 3u     /* of a review */
#define MATCH_JOIN_REPORTS_MAX 256u /* a case of more goes up in no other */
#define MATCH_BLOCK_CASES_MAX 32u
/* Case name ‖ letters its words begin with ‖ length ‖ the person's name; no name: it is longer, or
 * reports of the case give several. A case whose name cannot be the report's is not read. */
#define MATCH_BLOCK_NAME_MAX 24u
#define MATCH_BLOCK_BYTES_MAX                                                                      \
    (MATCH_BLOCK_CASES_MAX * (CASE_NAME_BYTES + 5u + MATCH_BLOCK_NAME_MAX))
/* nip, nik, a link, files, two blocks of days each for name and place, and of an undated report two
 * earlier ones for the name; a name of initials has two. */
#define MATCH_KEYS_MAX (3u + TRAIT_FILES_MAX + 2u + 2u * (2u + 2u))

struct match_key {
    uint8_t b[16];
    bool by_number; /* whatever the name */
};
struct match_keys {
    struct match_key list[MATCH_KEYS_MAX];
    size_t count;
};

/* Where this subject's case is kept; look: where others of it may be. */
void matcher_keys(const struct traits *traits, struct bytes province, bool look,
                  struct match_keys *ret);
/* The letters its words begin with, a bit each. */
uint32_t matcher_letters(const struct traits *traits);
struct block_entry {
    struct case_name case_name;
    uint32_t letters;
    struct bytes name;
};
/* False: it was the last, or the rest is none of ours (underflow). */
bool matcher_block_next(struct reader *block, struct block_entry *ret);
/* The block with the case in front; 0 when nothing changes. */
size_t matcher_block_add(struct bytes block, const struct case_name *name,
                         const struct traits *traits, uint8_t ret[MATCH_BLOCK_BYTES_MAX]);

/* The case that holds the report by which a case was named; the case itself while there is one. The
 * name changes when it went up in another. ERR_NOT_FOUND; storage. */
int matcher_case(const struct views *views, struct arena *arena, struct case_name *name,
                 struct bytes *ret) MUST_USE;

/* What an officer has touched stays as it is. */
bool matcher_untouched(const struct case_view *view);

#define MATCH_LINK_BYTES 16u
/* Hash of the report's canonical link; false when it has none. */
bool matcher_link(const struct report *report, uint8_t ret[MATCH_LINK_BYTES]);

/* Decides from the views (VIEW_CASE_KEYS, VIEW_CASES, VIEW_CASE_REPORTS). The placement's texts
 * point into static storage or the arena. Deterministic. */
int matcher_place(const struct views *views, const struct report *report, const struct entry_id *id,
                  uint64_t position, uint32_t subject, struct bytes province, struct arena *arena,
                  struct placement *ret, struct err_ctx *err) MUST_USE;

/* All that a placement would be decided from now, what is kept apart with the rule that does so.
 * Cases that their block's letters or names rule out are not among them: they are not read. */
struct matcher_judged {
    struct case_name case_name;
    struct judgement judgement;
};
int matcher_explain(const struct views *views, const struct report *report, uint64_t position,
                    uint32_t subject, struct bytes province, struct arena *arena,
                    struct matcher_judged ret[MATCH_CASES_MAX], size_t *ret_count) MUST_USE;

#endif
