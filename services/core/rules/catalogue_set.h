/* catalogue_set.h - a whole catalogue read from its files: checked as one, looked up by form, day
 * and subject class.
 *
 * The files are those of deploy/catalogue, in the order of catalogue_file_names; `packed` they are
 * one text, whose SHA-256 is the catalogue's version. A catalogue with any mistake is no catalogue:
 * catalogue_parse gives all of it or nothing, and says file, line and column of what is wrong.
 * Everything lies in the arena and in the packed text. It never judges a case: it says what the
 * files say.
 */
#ifndef CORE_RULES_CATALOGUE_SET_H
#define CORE_RULES_CATALOGUE_SET_H

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/error.h"

#define CATALOGUE_FILE_COUNT 12u
#define CATALOGUE_BYTES_MAX 196608u     /* packed, all files together */
#define CATALOGUE_ROWS_MAX 1024u        /* of one file: 514 regencies there are */
#define CATALOGUE_FIELD_BYTES_MAX 1024u /* of one field */
#define CATALOGUE_CODES_MAX 16u         /* in one field, by '|' */
#define CATALOGUE_CODE_BYTES_MAX 32u
#define CATALOGUE_PROBLEMS_MAX 32u
#define CATALOGUE_ARENA_BYTES 1048576u /* holds any catalogue within these limits */

extern const char *const catalogue_file_names[CATALOGUE_FILE_COUNT]; /* "calendars.csv", … */

struct catalogue_problem {
    char file[32];
    uint32_t line, column; /* from 1; column in bytes; 0: of the file as a whole */
    char reason[160];
};
struct catalogue_problems {
    struct catalogue_problem list[CATALOGUE_PROBLEMS_MAX];
    size_t count;
    bool more; /* there were others */
};

/* The files one after the other, each behind "NAME BYTES\n". ERR_LIMIT: over CATALOGUE_BYTES_MAX or
 * capacity_max. */
int catalogue_pack(const struct bytes files[CATALOGUE_FILE_COUNT], uint8_t *ret,
                   size_t capacity_max, size_t *ret_len) MUST_USE;
int catalogue_unpack(struct bytes packed, struct bytes ret[CATALOGUE_FILE_COUNT]) MUST_USE;
/* SHA-256 of the packed text, as catalogue_version() has it in hex. */
void catalogue_hash(struct bytes packed, uint8_t ret[32]);

struct catalogue;
/* ERR_FORMAT with problems; ERR_LIMIT; ERR_NOMEM: the arena is too small. */
int catalogue_parse(struct bytes packed, struct arena *arena, const struct catalogue **ret,
                    struct catalogue_problems *problems) MUST_USE;
/* What this program was built with, packed; lives as long as the program. */
struct bytes catalogue_builtin(void);

/* ---- what it holds ---- */
enum severity {
    SEVERITY_UNSPECIFIED,
    SEVERITY_MORAL,
    SEVERITY_MODERATE,
    SEVERITY_SEVERE,
    SEVERITY_DISMISSAL,
    SEVERITY_COUNT
};
const char *severity_name(enum severity severity); /* "unspecified" "moral" "sedang" … "ptdh" */

enum determination_phase { DETERMINATION_UNKNOWN, DETERMINATION_BEFORE, DETERMINATION_AFTER };
enum campaign_phase { CAMPAIGN_UNKNOWN, CAMPAIGN_BEFORE, CAMPAIGN_DURING, CAMPAIGN_AFTER };
const char *determination_phase_name(enum determination_phase phase);
const char *campaign_phase_name(enum campaign_phase phase);

struct catalogue_info {
    uint32_t number; /* only rises */
    int32_t day;
    size_t forms, sanctions, regions, holidays;
};
void catalogue_info(const struct catalogue *catalogue, struct catalogue_info *ret);

/* The regencies, in the order of the file; false: there are no more. */
bool catalogue_regency_at(const struct catalogue *catalogue, size_t index, struct bytes *ret_code,
                          struct bytes *ret_name);

/* The codes of its forms, in the order of the file; false: there are no more. */
bool catalogue_form_code_at(const struct catalogue *catalogue, size_t index, struct bytes *ret);

/* Which election a day belongs to, and where in it the day lies, on both axes. */
struct catalogue_moment {
    struct bytes election; /* "pilkada-2024" */
    enum determination_phase determination;
    enum campaign_phase campaign;
    bool quiet;
    bool disputed; /* between two determinations: it depends on the candidate */
};
void catalogue_moment(const struct catalogue *catalogue, int32_t day, struct catalogue_moment *ret);

struct catalogue_act {
    struct bytes form;
    bool has_day;
    int32_t day;
    struct bytes class; /* "pns"; empty or not known: as "unknown" */
};
/* `applied` is the form of the other side of the determination where the reported one does not
 * fit the day (KE-04 after it is DS-06). `outside`: the form names another phase, and there is no
 * such other form: the severity is the form's own, and an officer should look. */
struct catalogue_verdict {
    struct catalogue_moment moment;
    struct bytes reported, applied, class, authority, legal_basis;
    enum severity severity;
    bool asn, outside, referred;
    bool permitted_on_leave; /* no breach by whom is on unpaid leave (CLTN) */
    struct bytes sanctions[CATALOGUE_CODES_MAX];
    size_t sanction_count;
    struct bytes other_source; /* who says another severity; empty: nobody */
    enum severity other_severity;
};
/* False: the form is not in the catalogue. */
bool catalogue_judge(const struct catalogue *catalogue, const struct catalogue_act *act,
                     struct catalogue_verdict *ret);
/* Whether it has such a form, such a regency, such a sanction. */
bool catalogue_has_form(const struct catalogue *catalogue, struct bytes code);
bool catalogue_has_regency(const struct catalogue *catalogue, struct bytes code);
bool catalogue_has_sanction(const struct catalogue *catalogue, struct bytes code);
bool catalogue_permits(const struct catalogue_verdict *verdict, struct bytes sanction);
/* The class of a person: what was stated, or what a number of 18 digits shows (an NI PPPK has 21
 * or more where an appointment has its month), else "unknown". stated: index of employment_names */
struct bytes catalogue_class(int stated, struct bytes nip);

/* ---- deadlines ---- */
#define CATALOGUE_DUE_MAX 4u
struct catalogue_due {
    struct bytes code, name, legal_basis, source;
    uint32_t days;
    bool working;
    int32_t day;
    bool uncertain; /* it runs through days whose holidays the catalogue does not know */
};
/* The deadlines that run in a state ("verification") of a case that came into it on day `since`;
 * `election` decides which. The day itself does not count. */
size_t catalogue_due(const struct catalogue *catalogue, struct bytes state, struct bytes election,
                     int32_t since, struct catalogue_due ret[CATALOGUE_DUE_MAX]);
/* Days left on `today`, in the deadline's own unit: 0 on its last day, negative once it is past. */
int64_t catalogue_days_left(const struct catalogue *catalogue, const struct catalogue_due *due,
                            int32_t today);
bool catalogue_working_day(const struct catalogue *catalogue, int32_t day);

#endif
