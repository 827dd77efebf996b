/* The files of a catalogue, column by column, in the order in which they stand. */
#include "core/rules/catalogue_columns.h"

const char *const catalogue_file_names[CATALOGUE_FILE_COUNT] = {
    [FILE_VERSION] = "version.csv",
    [FILE_FORMS] = "violation_forms.csv",
    [FILE_SANCTIONS] = "sanctions.csv",
    [FILE_CLASSES] = "subject_classes.csv",
    [FILE_CLASS_SANCTIONS] = "class_sanctions.csv",
    [FILE_COUNTERPARTS] = "counterparts.csv",
    [FILE_DISAGREEMENTS] = "disagreements.csv",
    [FILE_CALENDARS] = "calendars.csv",
    [FILE_DEADLINES] = "deadlines.csv",
    [FILE_HOLIDAYS] = "holidays.csv",
    [FILE_REGIONS] = "regions.csv",
    [FILE_EXEMPTIONS] = "exemptions.csv",
};

static const char *const phases[] = {"any", "before_determination", "after_determination",
                                     "campaign", NULL};
static const char *const severities[] = {"unspecified", "moral", "sedang", "berat", "ptdh", NULL};
static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const events[] = {"determination",
                                     "determination_president",
                                     "campaign_from",
                                     "campaign_until",
                                     "quiet_from",
                                     "quiet_until",
                                     "vote",
                                     "until",
                                     NULL};
static const char *const units[] = {"calendar", "working", NULL};
static const char *const holiday_kinds[] = {"national", "joint_leave", "vote", NULL};
static const char *const facts[] = {"cltn", NULL};
static const char *const region_types[] = {"kabupaten", "kota", NULL};

#define TEXT(type, member)                                                                         \
    {                                                                                              \
        .name = #member, .kind = COLUMN_TEXT, .offset = offsetof(struct type, member)              \
    }
#define CODE(type, member)                                                                         \
    {                                                                                              \
        .name = #member, .kind = COLUMN_CODE, .offset = offsetof(struct type, member)              \
    }
#define CODES(type, text, member)                                                                  \
    {                                                                                              \
        .name = (text), .kind = COLUMN_CODES, .offset = offsetof(struct type, member)              \
    }
#define DAY(type, text, member)                                                                    \
    {                                                                                              \
        .name = (text), .kind = COLUMN_DAY, .offset = offsetof(struct type, member)                \
    }
#define COUNT(type, member)                                                                        \
    {                                                                                              \
        .name = #member, .kind = COLUMN_NUMBER, .offset = offsetof(struct type, member)            \
    }
#define CHOICE(type, text, member, names)                                                          \
    {                                                                                              \
        .name = (text), .kind = COLUMN_CHOICE, .offset = offsetof(struct type, member),            \
        .choices = (names)                                                                         \
    }
#define BASIS                                                                                      \
    {                                                                                              \
        .name = "legal_basis", .kind = COLUMN_TEXT,                                                \
        .offset = offsetof(struct row_head, legal_basis)                                           \
    }
#define SOURCE                                                                                     \
    {                                                                                              \
        .name = "source", .kind = COLUMN_TEXT, .offset = offsetof(struct row_head, source)         \
    }

const struct table catalogue_tables_of[CATALOGUE_FILE_COUNT] = {
    [FILE_VERSION] = {sizeof(struct version_row),
                      1,
                      {COUNT(version_row, number), DAY(version_row, "date", day),
                       DAY(version_row, "holidays_from", holidays_from),
                       DAY(version_row, "holidays_until", holidays_until), TEXT(version_row, note),
                       BASIS, SOURCE}},
    [FILE_FORMS] = {sizeof(struct form_row),
                    128,
                    {CODE(form_row, code), TEXT(form_row, short_en), TEXT(form_row, name_id), BASIS,
                     CHOICE(form_row, "phase", phase, phases),
                     CHOICE(form_row, "default_severity", severity, severities),
                     CODES(form_row, "sanction_kinds", sanctions), SOURCE}},
    [FILE_SANCTIONS] = {sizeof(struct sanction_row),
                        128,
                        {CODE(sanction_row, code), CODE(sanction_row, level),
                         TEXT(sanction_row, name_id), TEXT(sanction_row, name_en), BASIS, SOURCE}},
    [FILE_CLASSES] = {sizeof(struct class_row),
                      16,
                      {CODE(class_row, code), TEXT(class_row, name_id), TEXT(class_row, name_en),
                       CHOICE(class_row, "asn", asn, no_yes), TEXT(class_row, authority), BASIS,
                       SOURCE}},
    [FILE_CLASS_SANCTIONS] = {sizeof(struct class_sanction_row),
                              128,
                              {CODE(class_sanction_row, class),
                               CHOICE(class_sanction_row, "severity", severity, severities),
                               CODES(class_sanction_row, "sanctions", sanctions), BASIS, SOURCE}},
    [FILE_COUNTERPARTS] = {sizeof(struct counterpart_row),
                           128,
                           {CODE(counterpart_row, before), CODE(counterpart_row, after), BASIS,
                            SOURCE}},
    [FILE_DISAGREEMENTS] = {sizeof(struct disagreement_row),
                            128,
                            {CODE(disagreement_row, form),
                             CHOICE(disagreement_row, "severity", severity, severities), BASIS,
                             SOURCE, TEXT(disagreement_row, note)}},
    [FILE_CALENDARS] = {sizeof(struct calendar_row),
                        128,
                        {CODE(calendar_row, election), CHOICE(calendar_row, "event", event, events),
                         DAY(calendar_row, "date", day), BASIS, SOURCE}},
    [FILE_DEADLINES] = {sizeof(struct deadline_row),
                        128,
                        {CODE(deadline_row, code), CODE(deadline_row, election),
                         CODE(deadline_row, state), COUNT(deadline_row, days),
                         CHOICE(deadline_row, "unit", unit, units), TEXT(deadline_row, name_en),
                         BASIS, SOURCE}},
    [FILE_HOLIDAYS] = {sizeof(struct holiday_row),
                       CATALOGUE_ROWS_MAX,
                       {DAY(holiday_row, "date", day), TEXT(holiday_row, name),
                        CHOICE(holiday_row, "kind", kind, holiday_kinds), BASIS, SOURCE}},
    [FILE_EXEMPTIONS] = {sizeof(struct exemption_row),
                         64,
                         {CODE(exemption_row, form), CHOICE(exemption_row, "fact", fact, facts),
                          BASIS, SOURCE}},
    [FILE_REGIONS] = {sizeof(struct region_row),
                      CATALOGUE_ROWS_MAX,
                      {CODE(region_row, code), CHOICE(region_row, "type", type, region_types),
                       TEXT(region_row, name), TEXT(region_row, province), BASIS, SOURCE}},
};
