/* print.c - rows as JSON lines, as an aligned table, or as CSV.
 *
 * JSON goes out as it comes. A table or CSV looks at the first rows before it fixes its columns and
 * widths; what comes after them is streamed, so memory stays bounded.
 */
#include "cli/cli.h"

#include "core/base/assert.h"

#include <string.h>
#include <unistd.h>

#define ROWS_LOOKED_AT 1000u
#define COLUMNS_MAX 48u
#define CELL_COLUMNS_MAX 44u
#define HEX_SHOWN 12u /* a prefix is what the commands take, too */

struct print {
    enum output output;
    const char *command;
    json_t *held; /* rows before the columns are fixed; NULL after */
    char *columns[COLUMNS_MAX];
    size_t widths[COLUMNS_MAX];
    bool numbers[COLUMNS_MAX];
    size_t column_count, rows;
    bool mark; /* a byte order mark comes first: some spreadsheets take UTF-8 for it only */
};

/* What a table shows of rows that have more than a screen holds; CSV and JSON have all. */
static const struct {
    const char *command;
    const char *columns;
} preferred[] = {
    {"case list",
     "short state form occurred_on name nip unit regency filed_by reports needs_review opened_ms"},
    {"document list", "id type state short addressee signed_by rungs proposed_ms issued_ms"},
    {"enrol list", "number regency state connected backlog last_heard_ms"},
    {"report list",
     "incarnation seq lane kind key form occurred_on subjects state amendments withdrawn status "
     "entered_ms"},
    {"inbox list", "id type from subject state reason replaced_by respond_by received_ms"},
    {"completeness",
     "period regency name silence expected received on_time came_on_time reporting_rate "
     "on_time_rate zero_from zero_until zero_scope stated_by contradicted later_on age_days stale"},
    {"journal dump", "position incarnation seq kind owner enrolment hash erased received_ms"},
};

struct print *print_new(enum output output, const char *command)
{
    struct print *print = calloc(1, sizeof *print);
    ASSERT(print != NULL);
    *print = (struct print){.output = output == OUTPUT_CSV_BOM ? OUTPUT_CSV : output,
                            .command = command,
                            .held = json_array(),
                            .mark = output == OUTPUT_CSV_BOM};
    ASSERT(print->held != NULL);
    return print;
}

/* ---- columns ---- */

static void add_column(struct print *print, const char *name, size_t len)
{
    for (size_t i = 0; i < print->column_count; i++) {
        if (strlen(print->columns[i]) == len && memcmp(print->columns[i], name, len) == 0) {
            return;
        }
    }
    if (print->column_count < COLUMNS_MAX) {
        char *copy = strndup(name, len);
        ASSERT(copy != NULL);
        print->columns[print->column_count++] = copy;
    }
}

static const char *preferred_columns(const struct print *print)
{
    for (size_t i = 0; i < sizeof preferred / sizeof preferred[0]; i++) {
        if (print->output == OUTPUT_TABLE && strcmp(preferred[i].command, print->command) == 0) {
            return preferred[i].columns;
        }
    }
    return NULL;
}

/* In a table only what some row has, and what fits in a cell. */
static bool column_wanted(const struct print *print, const char *name)
{
    for (size_t i = 0; i < json_array_size(print->held); i++) {
        const json_t *value = json_object_get(json_array_get(print->held, i), name);
        if (value != NULL && !json_is_null(value) && cell_is_scalar(value)) {
            return true;
        }
    }
    return false;
}

static void find_columns(struct print *print)
{
    const char *names = preferred_columns(print);
    while (names != NULL && *names != '\0') {
        size_t len = strcspn(names, " ");
        add_column(print, names, len);
        names += len;
        names += *names == ' ' ? 1 : 0;
    }
    for (size_t i = 0; print->column_count == 0 || (names == NULL && i > 0); i++) {
        json_t *row = json_array_get(print->held, i);
        const char *name = NULL;
        json_t *value = NULL;
        if (row == NULL) {
            break;
        }
        json_object_foreach(row, name, value)
        {
            add_column(print, name, strlen(name));
        }
    }
}

static void drop_columns(struct print *print)
{
    size_t kept = 0;
    for (size_t i = 0; i < print->column_count; i++) {
        if (column_wanted(print, print->columns[i])) {
            print->columns[kept++] = print->columns[i];
        } else {
            free(print->columns[i]);
        }
    }
    print->column_count = kept;
}

/* ---- table ---- */

static bool is_hex(const char *text)
{
    size_t len = strspn(text, "0123456789abcdef");
    return len >= 32 && text[len] == '\0';
}

/* Bytes of the character at text, and its columns. */
static size_t char_bytes(const char *text, size_t *ret_columns)
{
    char one[5] = {text[0]};
    size_t len = 1;
    while (len < 4 && ((unsigned char)text[len] & 0xc0u) == 0x80u) {
        one[len] = text[len];
        len++;
    }
    *ret_columns = cell_width(one);
    return len;
}

/* Cuts to CELL_COLUMNS_MAX with an ellipsis, for which there is room after the text. */
static void cut(char *text)
{
    static const char dots[] = "…";
    size_t keep = is_hex(text) ? HEX_SHOWN : CELL_COLUMNS_MAX - 1;
    size_t at = 0;
    size_t width = 0;
    if (cell_width(text) <= keep + 1) {
        return;
    }
    while (text[at] != '\0') {
        size_t columns = 0;
        size_t len = char_bytes(text + at, &columns);
        if (width + columns > keep) {
            break;
        }
        width += columns;
        at += len;
    }
    memcpy(text + at, dots, sizeof dots);
}

static char *table_cell(const char *name, const json_t *row)
{
    char *text = cell_text(name, json_object_get(row, name));
    size_t len = strlen(text);
    char *longer = realloc(text, len + sizeof "…");
    ASSERT(longer != NULL);
    cut(longer);
    return longer;
}

static void measure(struct print *print)
{
    for (size_t c = 0; c < print->column_count; c++) {
        print->widths[c] = cell_width(print->columns[c]);
        print->numbers[c] = true;
        for (size_t i = 0; i < json_array_size(print->held); i++) {
            const json_t *row = json_array_get(print->held, i);
            const json_t *value = json_object_get(row, print->columns[c]);
            char *text = table_cell(print->columns[c], row);
            size_t width = cell_width(text);
            print->widths[c] = width > print->widths[c] ? width : print->widths[c];
            print->numbers[c] = print->numbers[c] &&
                                (value == NULL || json_is_number(value) || json_is_null(value));
            free(text);
        }
    }
}

static void put_cell(const struct print *print, size_t column, const char *text)
{
    size_t width = cell_width(text);
    size_t pad = width < print->widths[column] ? print->widths[column] - width : 0;
    bool last = column + 1 == print->column_count;
    if (print->numbers[column]) {
        (void)printf("%*s%s", (int)pad, "", text);
    } else {
        (void)printf("%s%*s", text, last ? 0 : (int)pad, "");
    }
    (void)fputs(last ? "\n" : "  ", stdout);
}

/* "respond_by" → "RESPOND BY", a time without its unit. */
static void put_heading(const struct print *print, size_t column)
{
    char heading[64];
    (void)snprintf(heading, sizeof heading, "%s", print->columns[column]);
    size_t len = strlen(heading);
    if (len > 3 && strcmp(heading + len - 3, "_ms") == 0) {
        heading[len - 3] = '\0';
    }
    for (char *at = heading; *at != '\0'; at++) {
        if (*at == '_') {
            *at = ' ';
        } else if (*at >= 'a' && *at <= 'z') {
            *at = (char)(*at - 'a' + 'A');
        }
    }
    put_cell(print, column, heading);
}

static void put_table_row(const struct print *print, const json_t *row)
{
    for (size_t c = 0; c < print->column_count; c++) {
        char *text = table_cell(print->columns[c], row);
        put_cell(print, c, text);
        free(text);
    }
}

/* ---- CSV ---- */

static void put_csv_row(const struct print *print, const json_t *row)
{
    for (size_t c = 0; c < print->column_count; c++) {
        (void)fputs(c == 0 ? "" : ",", stdout);
        csv_put_value(json_object_get(row, print->columns[c]));
    }
    (void)fputs("\r\n", stdout);
}

/* ---- rows ---- */

static void put_row(const struct print *print, const json_t *row)
{
    if (print->output == OUTPUT_TABLE) {
        put_table_row(print, row);
    } else {
        put_csv_row(print, row);
    }
}

static void put_headings(const struct print *print)
{
    (void)fputs(print->mark ? "\ufeff" : "", stdout);
    for (size_t c = 0; c < print->column_count; c++) {
        if (print->output == OUTPUT_TABLE) {
            put_heading(print, c);
        } else {
            (void)fputs(c == 0 ? "" : ",", stdout);
            csv_put_field(print->columns[c], true);
        }
    }
    (void)fputs(print->output == OUTPUT_CSV ? "\r\n" : "", stdout);
}

/* The columns are what the rows held have; those rows go out. */
static void settle(struct print *print)
{
    find_columns(print);
    if (print->output == OUTPUT_TABLE) {
        drop_columns(print);
        measure(print);
    }
    if (json_array_size(print->held) > 0) {
        put_headings(print);
    }
    for (size_t i = 0; i < json_array_size(print->held); i++) {
        put_row(print, json_array_get(print->held, i));
    }
    json_decref(print->held);
    print->held = NULL;
}

/* Pure ASCII; jansson leaves only DEL as it is. */
static void put_json_terminal(const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII);
    for (const char *at = text == NULL ? "" : text; *at != '\0'; at++) {
        if (*at == 0x7f) {
            (void)fputs("\\u007f", stdout);
        } else {
            (void)fputc(*at, stdout);
        }
    }
    free(text);
}

static void put_json(const json_t *value)
{
    if (!isatty(STDOUT_FILENO)) {
        (void)json_dumpf(value, stdout, JSON_COMPACT);
    } else {
        put_json_terminal(value);
    }
    (void)fputc('\n', stdout);
}

void print_row(struct print *print, const json_t *row)
{
    print->rows++;
    if (print->output == OUTPUT_JSON) {
        put_json(row);
    } else if (print->held == NULL) {
        put_row(print, row);
    } else {
        json_t *copy = json_deep_copy(row);
        ASSERT(copy != NULL && json_array_append_new(print->held, copy) == 0);
        if (json_array_size(print->held) == ROWS_LOOKED_AT) {
            settle(print);
        }
    }
}

size_t print_end(struct print *print)
{
    size_t rows = print->rows;
    if (print->held != NULL && print->output != OUTPUT_JSON) {
        settle(print);
    }
    json_decref(print->held);
    for (size_t i = 0; i < print->column_count; i++) {
        free(print->columns[i]);
    }
    free(print);
    return rows;
}

void print_object(enum output output, const json_t *object)
{
    if (!json_is_object(object)) {
        return;
    }
    if (output == OUTPUT_JSON) {
        put_json(object);
    } else if (output == OUTPUT_TABLE) {
        print_block(stdout, object);
    } else {
        struct print *print = print_new(output, "");
        print_row(print, object);
        (void)print_end(print);
    }
}
