/* A catalogue as one text, and as one whole: what one file says of another must be there. */
#include "core/base/assert.h"
#include "core/rules/catalogue_rows.h"
#include "core/wire/entry.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void catalogue_problem(struct catalogue_problems *problems, unsigned file, uint32_t line,
                       uint32_t column, const char *format, ...)
{
    if (problems->count == CATALOGUE_PROBLEMS_MAX) {
        problems->more = true;
        return;
    }
    struct catalogue_problem *problem = &problems->list[problems->count++];
    problem->line = line;
    problem->column = column;
    (void)snprintf(problem->file, sizeof problem->file, "%s", catalogue_file_names[file]);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(problem->reason, sizeof problem->reason, format, arguments);
    va_end(arguments);
}

/* ---- packed ---- */
int catalogue_pack(const struct bytes files[CATALOGUE_FILE_COUNT], uint8_t *ret,
                   size_t capacity_max, size_t *ret_len)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    for (size_t i = 0; i < CATALOGUE_FILE_COUNT; i++) {
        char head[64];
        (void)snprintf(head, sizeof head, "%s %zu\n", catalogue_file_names[i], files[i].len);
        writer_bytes(&writer, bytes_of_text(head));
        writer_bytes(&writer, files[i]);
    }
    if (writer.overflow || writer.len > CATALOGUE_BYTES_MAX) {
        return ERR_LIMIT;
    }
    *ret_len = writer.len;
    return 0;
}

/* "NAME BYTES\n" */
static bool unpack_head(struct reader *reader, const char *name, size_t *ret_len)
{
    size_t len = 0, digits = 0;
    uint8_t byte = 0;
    if (!bytes_equal(reader_bytes(reader, strlen(name)), bytes_of_text(name)) ||
        reader_u8(reader) != ' ') {
        return false;
    }
    while ((byte = reader_u8(reader)) >= '0' && byte <= '9' && digits < 7) {
        len = len * 10 + (size_t)(byte - '0');
        digits++;
    }
    *ret_len = len;
    return digits > 0 && byte == '\n';
}

int catalogue_unpack(struct bytes packed, struct bytes ret[CATALOGUE_FILE_COUNT])
{
    struct reader reader;
    struct bytes files[CATALOGUE_FILE_COUNT];
    reader_init(&reader, packed);
    if (packed.len > CATALOGUE_BYTES_MAX) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < CATALOGUE_FILE_COUNT; i++) {
        size_t len = 0;
        if (!unpack_head(&reader, catalogue_file_names[i], &len)) {
            return ERR_FORMAT;
        }
        files[i] = reader_bytes(&reader, len);
    }
    if (reader.underflow || reader_left(&reader) != 0) {
        return ERR_FORMAT;
    }
    memcpy(ret, files, sizeof files);
    return 0;
}

void catalogue_hash(struct bytes packed, uint8_t ret[32])
{
    (void)crypto_hash_sha256(ret, packed.data, packed.len);
}

int catalogue_parse(struct bytes packed, struct arena *arena, const struct catalogue **ret,
                    struct catalogue_problems *problems)
{
    struct bytes files[CATALOGUE_FILE_COUNT];
    struct catalogue *catalogue = arena_alloc(arena, sizeof *catalogue);
    *problems = (struct catalogue_problems){.count = 0};
    int status = catalogue == NULL ? ERR_NOMEM : catalogue_unpack(packed, files);
    if (status == ERR_FORMAT || status == ERR_LIMIT) {
        catalogue_problem(problems, FILE_VERSION, 0, 0, "the files are not packed as they should");
    }
    for (unsigned i = 0; status == 0 && i < CATALOGUE_FILE_COUNT; i++) {
        status = catalogue_read_file(i, files[i], arena, &catalogue->rows[i], problems);
    }
    if (status == 0 && problems->count == 0) {
        catalogue_check_whole(catalogue, problems);
    }
    if (status != 0 || problems->count > 0) {
        return status != 0 ? status : ERR_FORMAT;
    }
    *ret = catalogue;
    return 0;
}

/* ---- the whole ---- */
static struct bytes key_of(const struct catalogue *catalogue, unsigned file, size_t index)
{
    switch (file) {
    case FILE_FORMS:
        return ROW(catalogue, FILE_FORMS, form_row, index)->code;
    case FILE_SANCTIONS:
        return ROW(catalogue, FILE_SANCTIONS, sanction_row, index)->code;
    case FILE_CLASSES:
        return ROW(catalogue, FILE_CLASSES, class_row, index)->code;
    case FILE_DEADLINES:
        return ROW(catalogue, FILE_DEADLINES, deadline_row, index)->code;
    case FILE_REGIONS:
        return ROW(catalogue, FILE_REGIONS, region_row, index)->code;
    default:
        return (struct bytes){0};
    }
}

static uint32_t line_of(const struct catalogue *catalogue, unsigned file, size_t index)
{
    switch (file) {
    case FILE_FORMS:
        return ROW(catalogue, FILE_FORMS, form_row, index)->head.line;
    case FILE_SANCTIONS:
        return ROW(catalogue, FILE_SANCTIONS, sanction_row, index)->head.line;
    case FILE_CLASSES:
        return ROW(catalogue, FILE_CLASSES, class_row, index)->head.line;
    case FILE_DEADLINES:
        return ROW(catalogue, FILE_DEADLINES, deadline_row, index)->head.line;
    default:
        return ROW(catalogue, FILE_REGIONS, region_row, index)->head.line;
    }
}

static void check_unique(const struct catalogue *catalogue, unsigned file,
                         struct catalogue_problems *problems)
{
    for (size_t i = 0; i < catalogue->rows[file].count; i++) {
        for (size_t j = 0; j < i; j++) {
            struct bytes code = key_of(catalogue, file, i);
            if (bytes_equal(code, key_of(catalogue, file, j))) {
                catalogue_problem(problems, file, line_of(catalogue, file, i), 1,
                                  "%.*s stands there twice", (int)code.len,
                                  (const char *)code.data);
                break;
            }
        }
    }
}

static void check_codes(const struct catalogue *catalogue, unsigned file, uint32_t line,
                        const struct codes *codes, struct catalogue_problems *problems)
{
    for (size_t i = 0; i < codes->count; i++) {
        struct bytes code = codes->list[i];
        if (catalogue_sanction_row(catalogue, code) == NULL) {
            catalogue_problem(problems, file, line, 1, "%.*s is no code of sanctions.csv",
                              (int)code.len, (const char *)code.data);
        }
    }
}

static void check_form(const struct catalogue *catalogue, unsigned file, uint32_t line,
                       struct bytes form, struct catalogue_problems *problems)
{
    if (catalogue_form_row(catalogue, form) == NULL) {
        catalogue_problem(problems, file, line, 1, "%.*s is no code of violation_forms.csv",
                          (int)form.len, (const char *)form.data);
    }
}

static void check_references(const struct catalogue *catalogue, struct catalogue_problems *problems)
{
    for (size_t i = 0; i < catalogue->rows[FILE_FORMS].count; i++) {
        const struct form_row *row = ROW(catalogue, FILE_FORMS, form_row, i);
        check_codes(catalogue, FILE_FORMS, row->head.line, &row->sanctions, problems);
    }
    for (size_t i = 0; i < catalogue->rows[FILE_CLASS_SANCTIONS].count; i++) {
        const struct class_sanction_row *row =
            ROW(catalogue, FILE_CLASS_SANCTIONS, class_sanction_row, i);
        check_codes(catalogue, FILE_CLASS_SANCTIONS, row->head.line, &row->sanctions, problems);
        if (catalogue_class_row(catalogue, row->class) == NULL) {
            catalogue_problem(problems, FILE_CLASS_SANCTIONS, row->head.line, 1,
                              "the class is no code of subject_classes.csv");
        }
    }
    for (size_t i = 0; i < catalogue->rows[FILE_COUNTERPARTS].count; i++) {
        const struct counterpart_row *row = ROW(catalogue, FILE_COUNTERPARTS, counterpart_row, i);
        check_form(catalogue, FILE_COUNTERPARTS, row->head.line, row->before, problems);
        check_form(catalogue, FILE_COUNTERPARTS, row->head.line, row->after, problems);
    }
    for (size_t i = 0; i < catalogue->rows[FILE_EXEMPTIONS].count; i++) {
        const struct exemption_row *row = ROW(catalogue, FILE_EXEMPTIONS, exemption_row, i);
        check_form(catalogue, FILE_EXEMPTIONS, row->head.line, row->form, problems);
    }
    for (size_t i = 0; i < catalogue->rows[FILE_DISAGREEMENTS].count; i++) {
        const struct disagreement_row *row =
            ROW(catalogue, FILE_DISAGREEMENTS, disagreement_row, i);
        check_form(catalogue, FILE_DISAGREEMENTS, row->head.line, row->form, problems);
    }
}

/* Every class has a word for every severity: an act must not fall between two rows. */
static void check_classes(const struct catalogue *catalogue, struct catalogue_problems *problems)
{
    for (size_t i = 0; i < catalogue->rows[FILE_CLASSES].count; i++) {
        const struct class_row *class = ROW(catalogue, FILE_CLASSES, class_row, i);
        unsigned seen[SEVERITY_COUNT] = {0};
        for (size_t j = 0; j < catalogue->rows[FILE_CLASS_SANCTIONS].count; j++) {
            const struct class_sanction_row *row =
                ROW(catalogue, FILE_CLASS_SANCTIONS, class_sanction_row, j);
            seen[row->severity] += bytes_equal(row->class, class->code) ? 1 : 0;
        }
        for (unsigned j = 0; j < SEVERITY_COUNT; j++) {
            if (seen[j] != 1) {
                catalogue_problem(problems, FILE_CLASSES, class->head.line, 1,
                                  "class_sanctions.csv has %u rows of it for %s, one is wanted",
                                  seen[j], severity_name((enum severity)j));
            }
        }
    }
    for (int i = 1; i < EMPLOYMENT_COUNT; i++) {
        if (catalogue_class_row(catalogue, bytes_of_text(employment_names[i])) == NULL) {
            catalogue_problem(problems, FILE_CLASSES, 0, 0, "the class %s is missing",
                              employment_names[i]);
        }
    }
}

static struct election *election_of(struct catalogue *catalogue, const struct calendar_row *row)
{
    for (size_t i = 0; i < catalogue->election_count; i++) {
        if (bytes_equal(catalogue->elections[i].name, row->election)) {
            return &catalogue->elections[i];
        }
    }
    if (catalogue->election_count == ELECTIONS_MAX) {
        return NULL;
    }
    struct election *election = &catalogue->elections[catalogue->election_count++];
    *election = (struct election){.name = row->election, .line = row->head.line};
    return election;
}

static void check_election(const struct election *election, struct catalogue_problems *problems)
{
    static const unsigned order[] = {EVENT_DETERMINATION, EVENT_CAMPAIGN_FROM, EVENT_CAMPAIGN_UNTIL,
                                     EVENT_VOTE, EVENT_UNTIL};
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        if (!election->has[order[i]]) {
            catalogue_problem(problems, FILE_CALENDARS, election->line, 1,
                              "%.*s: determination, campaign_from, campaign_until, vote and until "
                              "must be there",
                              (int)election->name.len, (const char *)election->name.data);
            return;
        }
        if (i > 0 && election->day[order[i - 1]] > election->day[order[i]]) {
            catalogue_problem(problems, FILE_CALENDARS, election->line, 1,
                              "%.*s: its days are not in order", (int)election->name.len,
                              (const char *)election->name.data);
        }
    }
}

static void elections_sort(struct catalogue *catalogue)
{
    for (size_t i = 1; i < catalogue->election_count; i++) {
        struct election election = catalogue->elections[i];
        size_t j = i;
        for (; j > 0 && catalogue->elections[j - 1].day[EVENT_VOTE] > election.day[EVENT_VOTE];
             j--) {
            catalogue->elections[j] = catalogue->elections[j - 1];
        }
        catalogue->elections[j] = election;
    }
}

static void check_calendars(struct catalogue *catalogue, struct catalogue_problems *problems)
{
    for (size_t i = 0; i < catalogue->rows[FILE_CALENDARS].count; i++) {
        const struct calendar_row *row = ROW(catalogue, FILE_CALENDARS, calendar_row, i);
        struct election *election = election_of(catalogue, row);
        if (election == NULL || election->has[row->event]) {
            catalogue_problem(problems, FILE_CALENDARS, row->head.line, 1,
                              election == NULL ? "more than 16 elections"
                                               : "this event of the election is there already");
            continue;
        }
        election->has[row->event] = true;
        election->day[row->event] = row->day;
    }
    for (size_t i = 0; i < catalogue->election_count; i++) {
        check_election(&catalogue->elections[i], problems);
    }
    elections_sort(catalogue);
}

#define DEADLINE_DAYS_MAX 366

static void check_deadlines(const struct catalogue *catalogue, struct catalogue_problems *problems)
{
    for (size_t i = 0; i < catalogue->rows[FILE_DEADLINES].count; i++) {
        const struct deadline_row *row = ROW(catalogue, FILE_DEADLINES, deadline_row, i);
        if (row->days > DEADLINE_DAYS_MAX) {
            catalogue_problem(problems, FILE_DEADLINES, row->head.line, 1, "more than %d days",
                              DEADLINE_DAYS_MAX);
        }
    }
}

static void check_holidays(const struct catalogue *catalogue, struct catalogue_problems *problems)
{
    const struct version_row *version = ROW(catalogue, FILE_VERSION, version_row, 0);
    if (version->holidays_from > version->holidays_until) {
        catalogue_problem(problems, FILE_VERSION, version->head.line, 1,
                          "holidays_from is after holidays_until");
    }
    for (size_t i = 0; i < catalogue->rows[FILE_HOLIDAYS].count; i++) {
        const struct holiday_row *row = ROW(catalogue, FILE_HOLIDAYS, holiday_row, i);
        if (row->day < version->holidays_from || row->day > version->holidays_until) {
            catalogue_problem(problems, FILE_HOLIDAYS, row->head.line, 1,
                              "the day is outside holidays_from and holidays_until");
        }
    }
}

/* "16.07", and one name for one province. */
static void check_regions(const struct catalogue *catalogue, struct catalogue_problems *problems)
{
    for (size_t i = 0; i < catalogue->rows[FILE_REGIONS].count; i++) {
        const struct region_row *row = ROW(catalogue, FILE_REGIONS, region_row, i);
        const uint8_t *code = row->code.data;
        bool good = row->code.len == 5 && code[2] == '.';
        for (size_t j = 0; good && j < 5; j++) {
            good = j == 2 || (code[j] >= '0' && code[j] <= '9');
        }
        if (!good) {
            catalogue_problem(problems, FILE_REGIONS, row->head.line, 1, "a region is like 16.07");
            continue;
        }
        for (size_t j = 0; j < i; j++) {
            const struct region_row *other = ROW(catalogue, FILE_REGIONS, region_row, j);
            if (other->code.len >= 2 && memcmp(other->code.data, code, 2) == 0 &&
                !bytes_equal(other->province, row->province)) {
                catalogue_problem(problems, FILE_REGIONS, row->head.line, 1,
                                  "the province has another name in line %u", other->head.line);
                break;
            }
        }
    }
}

void catalogue_check_whole(struct catalogue *catalogue, struct catalogue_problems *problems)
{
    static const unsigned with_codes[] = {FILE_FORMS, FILE_SANCTIONS, FILE_CLASSES, FILE_DEADLINES,
                                          FILE_REGIONS};
    for (size_t i = 0; i < sizeof with_codes / sizeof with_codes[0]; i++) {
        check_unique(catalogue, with_codes[i], problems);
    }
    check_references(catalogue, problems);
    check_classes(catalogue, problems);
    check_calendars(catalogue, problems);
    check_deadlines(catalogue, problems);
    check_holidays(catalogue, problems);
    check_regions(catalogue, problems);
}
