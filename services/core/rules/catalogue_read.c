/* Reading one file of a catalogue: CSV as in RFC 4180, each column of a known kind. */
#include "core/base/text.h"
#include "core/rules/catalogue_columns.h"

#include <string.h>

/* ---- fields ---- */
struct csv {
    unsigned file;
    struct bytes text;
    size_t at, line_at; /* where the line began */
    uint32_t line;
    struct arena *arena;
    struct catalogue_problems *problems;
};
struct field {
    struct bytes text;
    uint32_t line, column;
    bool last; /* of its row */
};

static void wrong(const struct csv *csv, const struct field *field, const char *what)
{
    catalogue_problem(csv->problems, csv->file, field->line, field->column, "%s", what);
}

static bool at_end(const struct csv *csv)
{
    return csv->at >= csv->text.len;
}

/* Past the comma or the end of the line that must stand here. */
static bool field_end(struct csv *csv, struct field *field)
{
    const uint8_t *data = csv->text.data;
    if (!at_end(csv) && data[csv->at] == '\r') {
        csv->at++;
    }
    field->last = at_end(csv) || data[csv->at] == '\n';
    if (!field->last && data[csv->at] != ',') {
        wrong(csv, field, "a comma or the end of the line must follow the field");
        return false;
    }
    csv->at += at_end(csv) ? 0 : 1;
    if (field->last) {
        csv->line++;
        csv->line_at = csv->at;
    }
    return true;
}

/* In quotes: commas, line ends and doubled quotes. Doubled ones are made single in the arena. */
static int quoted_field(struct csv *csv, struct field *field)
{
    const uint8_t *data = csv->text.data;
    size_t begin = ++csv->at, doubled = 0;
    for (;; csv->at++) {
        if (at_end(csv)) {
            wrong(csv, field, "the quotes are not closed");
            return ERR_FORMAT;
        }
        if (data[csv->at] == '"' && csv->at + 1 < csv->text.len && data[csv->at + 1] == '"') {
            doubled++;
            csv->at++;
        } else if (data[csv->at] == '"') {
            break;
        } else if (data[csv->at] == '\n') {
            csv->line++;
            csv->line_at = csv->at + 1;
        }
    }
    field->text = bytes_of(data + begin, csv->at - begin);
    csv->at++;
    if (doubled == 0) {
        return 0;
    }
    uint8_t *to = arena_alloc(csv->arena, field->text.len);
    size_t len = 0;
    for (size_t i = 0; to != NULL && i < field->text.len; i++) {
        to[len++] = field->text.data[i];
        i += field->text.data[i] == '"' ? 1 : 0;
    }
    field->text = bytes_of(to, len);
    return to == NULL ? ERR_NOMEM : 0;
}

/* The next field. ERR_FORMAT: a problem was told, and the rest of the file cannot be read. */
static int field_next(struct csv *csv, struct field *ret)
{
    const uint8_t *data = csv->text.data;
    ret->line = csv->line;
    ret->column = (uint32_t)(csv->at - csv->line_at) + 1;
    if (!at_end(csv) && data[csv->at] == '"') {
        int status = quoted_field(csv, ret);
        if (status != 0) {
            return status;
        }
    } else {
        size_t begin = csv->at;
        while (!at_end(csv) && data[csv->at] != ',' && data[csv->at] != '\n' &&
               data[csv->at] != '\r') {
            csv->at++;
        }
        ret->text = bytes_of(data + begin, csv->at - begin);
        if (memchr(data + begin, '"', csv->at - begin) != NULL) {
            wrong(csv, ret, "a quote inside a field that is not quoted");
            return ERR_FORMAT;
        }
    }
    return field_end(csv, ret) ? 0 : ERR_FORMAT;
}

/* ---- values ---- */
static bool code_valid(struct bytes text)
{
    if (text.len == 0 || text.len > CATALOGUE_CODE_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_') {
            return false;
        }
    }
    return true;
}

static const char *put_codes(struct bytes text, struct codes *ret)
{
    size_t begin = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '|') {
            continue;
        }
        struct bytes code = bytes_of(text.data + begin, i - begin);
        if (!code_valid(code)) {
            return "codes with | between them are wanted";
        }
        if (ret->count == CATALOGUE_CODES_MAX) {
            return "too many codes";
        }
        ret->list[ret->count++] = code;
        begin = i + 1;
    }
    return NULL;
}

static const char *put_number(struct bytes text, int32_t *ret)
{
    int32_t value = 0;
    if (text.len == 0 || text.len > 6) {
        return "a number from 1 to 999999 is wanted";
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return "a number from 1 to 999999 is wanted";
        }
        value = value * 10 + (text.data[i] - '0');
    }
    *ret = value;
    return value > 0 ? NULL : "a number from 1 to 999999 is wanted";
}

static const char *put_choice(struct bytes text, const char *const *choices, int32_t *ret)
{
    for (int32_t i = 0; choices[i] != NULL; i++) {
        if (bytes_equal(text, bytes_of_text(choices[i]))) {
            *ret = i;
            return NULL;
        }
    }
    return "this is none of the values that the column may have";
}

/* NULL, or what is wrong with it. */
static const char *put_value(const struct column *column, struct bytes text, void *row)
{
    void *at = (uint8_t *)row + column->offset;
    switch (column->kind) {
    case COLUMN_CODE:
        *(struct bytes *)at = text;
        return code_valid(text) ? NULL : "a code of letters, digits, '-', '.', '_' is wanted";
    case COLUMN_CODES:
        return put_codes(text, at);
    case COLUMN_DAY:
        return day_of_text(text, at) ? NULL : "a day like 2024-11-27 is wanted";
    case COLUMN_NUMBER:
        return put_number(text, at);
    case COLUMN_CHOICE:
        return put_choice(text, column->choices, at);
    case COLUMN_TEXT:
        break;
    }
    *(struct bytes *)at = text;
    if (text_blank(text)) {
        return "this must not be empty";
    }
    return text.len > CATALOGUE_FIELD_BYTES_MAX ? "the field is too long" : NULL;
}

/* ---- rows ---- */
static size_t width(const struct table *table)
{
    size_t count = 0;
    while (count < COLUMNS_MAX && table->columns[count].name != NULL) {
        count++;
    }
    return count;
}

/* row NULL: the header, whose fields are the names. ERR_FORMAT: it is no header of this file. */
static int take_field(struct csv *csv, const struct column *column, const struct field *field,
                      void *row)
{
    const char *why = NULL;
    if (row == NULL) {
        const char *name = column == NULL ? "none" : column->name;
        if (bytes_equal(field->text, bytes_of_text(name))) {
            return 0;
        }
        catalogue_problem(csv->problems, csv->file, field->line, field->column,
                          "the column should be %s", name);
        return ERR_FORMAT;
    }
    if (column != NULL) {
        why = put_value(column, field->text, row);
    }
    if (why != NULL) {
        catalogue_problem(csv->problems, csv->file, field->line, field->column, "%s: %s",
                          column->name, why);
    }
    return 0;
}

static int read_row(struct csv *csv, const struct table *table, void *row)
{
    struct field field = {.last = false};
    size_t count = 0, wanted = width(table);
    while (!field.last) {
        int status = field_next(csv, &field);
        if (status == 0) {
            status = take_field(csv, count < wanted ? &table->columns[count] : NULL, &field, row);
        }
        if (status != 0) {
            return status;
        }
        count++;
    }
    if (count != wanted) {
        catalogue_problem(csv->problems, csv->file, field.line, 1, "%zu fields, %zu are wanted",
                          count, wanted);
    }
    return 0;
}

static size_t lines_of(struct bytes text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++) {
        count += text.data[i] == '\n' ? 1 : 0;
    }
    return count;
}

static int read_rows(struct csv *csv, const struct table *table, struct rows *ret)
{
    size_t lines = lines_of(csv->text);
    size_t rows_max = lines < table->rows_max ? lines : table->rows_max;
    ret->list = arena_alloc(csv->arena, rows_max * table->row_bytes);
    int status = ret->list == NULL ? ERR_NOMEM : read_row(csv, table, NULL);
    while (status == 0 && !at_end(csv)) {
        if (ret->count == rows_max) {
            catalogue_problem(csv->problems, csv->file, csv->line, 1, "more than %zu rows",
                              table->rows_max);
            return 0;
        }
        uint8_t *row = (uint8_t *)ret->list + ret->count * table->row_bytes;
        ((struct row_head *)(void *)row)->line = csv->line;
        status = read_row(csv, table, row);
        ret->count++;
    }
    if (status == 0 && ret->count == 0) {
        catalogue_problem(csv->problems, csv->file, 1, 0, "there are no rows");
    }
    return status == ERR_FORMAT ? 0 : status;
}

int catalogue_read_file(unsigned file, struct bytes text, struct arena *arena, struct rows *ret,
                        struct catalogue_problems *problems)
{
    struct csv csv = {.file = file, .text = text, .line = 1, .arena = arena, .problems = problems};
    size_t valid = utf8_valid_until(text);
    if (valid < text.len) {
        csv.text = bytes_of(text.data, valid);
        catalogue_problem(problems, file, (uint32_t)lines_of(csv.text), 0, "not UTF-8 text");
        return 0;
    }
    return read_rows(&csv, &catalogue_tables_of[file], ret);
}
