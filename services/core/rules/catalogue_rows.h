/* catalogue_rows.h - the rows of a catalogue. Private to core/rules. */
#ifndef CORE_RULES_CATALOGUE_ROWS_H
#define CORE_RULES_CATALOGUE_ROWS_H

#include "core/rules/catalogue_set.h"

enum {
    FILE_VERSION,
    FILE_FORMS,
    FILE_SANCTIONS,
    FILE_CLASSES,
    FILE_CLASS_SANCTIONS,
    FILE_COUNTERPARTS,
    FILE_DISAGREEMENTS,
    FILE_CALENDARS,
    FILE_DEADLINES,
    FILE_HOLIDAYS,
    FILE_REGIONS,
    FILE_EXEMPTIONS
};

enum form_phase { FORM_ANY, FORM_BEFORE, FORM_AFTER, FORM_CAMPAIGN };
enum calendar_event {
    EVENT_DETERMINATION,
    EVENT_DETERMINATION_PRESIDENT,
    EVENT_CAMPAIGN_FROM,
    EVENT_CAMPAIGN_UNTIL,
    EVENT_QUIET_FROM,
    EVENT_QUIET_UNTIL,
    EVENT_VOTE,
    EVENT_UNTIL,
    EVENT_COUNT
};
enum day_unit { UNIT_CALENDAR, UNIT_WORKING };

/* Every row begins with where it stands and ends with what it rests on. */
struct row_head {
    uint32_t line;
    struct bytes legal_basis, source;
};
struct codes {
    struct bytes list[CATALOGUE_CODES_MAX];
    size_t count;
};
struct version_row {
    struct row_head head;
    int32_t number, day, holidays_from, holidays_until;
    struct bytes note;
};
struct form_row {
    struct row_head head;
    struct bytes code, short_en, name_id;
    int32_t phase, severity;
    struct codes sanctions;
};
struct sanction_row {
    struct row_head head;
    struct bytes code, level, name_id, name_en;
};
struct class_row {
    struct row_head head;
    struct bytes code, name_id, name_en, authority;
    int32_t asn;
};
struct class_sanction_row {
    struct row_head head;
    struct bytes class;
    int32_t severity;
    struct codes sanctions;
};
struct counterpart_row {
    struct row_head head;
    struct bytes before, after;
};
struct disagreement_row {
    struct row_head head;
    struct bytes form, note;
    int32_t severity;
};
struct calendar_row {
    struct row_head head;
    struct bytes election;
    int32_t event, day;
};
struct deadline_row {
    struct row_head head;
    struct bytes code, election, state, name_en;
    int32_t days, unit;
};
struct holiday_row {
    struct row_head head;
    int32_t day, kind;
    struct bytes name;
};
struct region_row {
    struct row_head head;
    struct bytes code, name, province;
    int32_t type;
};

struct exemption_row {
    struct row_head head;
    struct bytes form;
    int32_t fact;
};

struct rows {
    void *list;
    size_t count;
};
#define ELECTIONS_MAX 16u
struct election {
    struct bytes name;
    uint32_t line;
    bool has[EVENT_COUNT];
    int32_t day[EVENT_COUNT];
};
struct catalogue {
    struct rows rows[CATALOGUE_FILE_COUNT];
    struct election elections[ELECTIONS_MAX]; /* by day of vote */
    size_t election_count;
};

#define ROW(catalogue, file, type, index)                                                          \
    (&((const struct type *)(catalogue)->rows[file].list)[index])

const struct form_row *catalogue_form_row(const struct catalogue *catalogue, struct bytes code);
const struct sanction_row *catalogue_sanction_row(const struct catalogue *catalogue,
                                                  struct bytes code);
const struct class_row *catalogue_class_row(const struct catalogue *catalogue, struct bytes code);

void catalogue_problem(struct catalogue_problems *problems, unsigned file, uint32_t line,
                       uint32_t column, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* One file's rows. ERR_NOMEM; whatever else is wrong is a problem. */
int catalogue_read_file(unsigned file, struct bytes text, struct arena *arena, struct rows *ret,
                        struct catalogue_problems *problems) MUST_USE;
/* What no single row can say. Fills in the elections. */
void catalogue_check_whole(struct catalogue *catalogue, struct catalogue_problems *problems);

#endif
