/* catalogue_columns.h - which columns each file of a catalogue has. Private to core/rules. */
#ifndef CORE_RULES_CATALOGUE_COLUMNS_H
#define CORE_RULES_CATALOGUE_COLUMNS_H

#include "core/rules/catalogue_rows.h"

enum column_kind {
    COLUMN_TEXT,
    COLUMN_CODE,
    COLUMN_CODES,
    COLUMN_DAY,
    COLUMN_NUMBER,
    COLUMN_CHOICE
};

struct column {
    const char *name;
    enum column_kind kind;
    size_t offset;
    const char *const *choices; /* ends with NULL */
};
#define COLUMNS_MAX 9u
struct table {
    size_t row_bytes;
    size_t rows_max;
    struct column columns[COLUMNS_MAX]; /* ends with name == NULL, or full */
};
extern const struct table catalogue_tables_of[CATALOGUE_FILE_COUNT];

#endif
