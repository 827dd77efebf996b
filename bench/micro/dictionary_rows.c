/* dictionary_rows REPORTS ROWS - reports as JSON Lines into the rows of a span, as a dictionary of
 * codec 2 has them (proto/SPEC.md 7): what nobody can foretell is zeros, as it teaches nothing.
 *
 * services/core/wire/dictionary_1.rows was made so. It is part of the format: a file with other
 * bytes is another dictionary and gets another number.
 */
#include "core/base/assert.h"
#include "core/wire/entry.h"
#include "core/wire/report_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_BYTES_MAX 131072u
#define ARENA_BYTES (4u << 20)
#define ENTERED_MS 1727740800000 /* 2024-10-01, and a minute later each */

_Noreturn void assert_fail(const char *expression, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, expression);
    abort();
}

static _Noreturn void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "dictionary_rows: %s: %s\n", what, why);
    exit(1);
}

static size_t row(const char *text, struct arena *arena, uint64_t number, uint8_t *to, size_t room)
{
    struct report_line line;
    struct field_error field = {.field = ""};
    struct err_ctx err = {""};
    size_t len = 0;
    arena_reset(arena);
    if (report_line_read(bytes_of_text(text), arena, &line, &field) != 0) {
        die(field.field, field.reason);
    }
    if (line.type != REPORT_LINE_REPORT) {
        return 0;
    }
    struct report *report = &line.report;
    report->entered_by = bytes_of_text("petugas");
    report->has_entered_ms = true;
    report->entered_ms = ENTERED_MS + 60000 * (int64_t)number;
    for (size_t i = 0; i < report->evidence_count; i++) {
        memset(report->evidence[i].sha256.b, 0, sizeof report->evidence[i].sha256.b);
    }
    if (room < 4 || report_encode(report, to + 4, room - 4, &len, &err) != 0) {
        return 0;
    }
    put_be16(to, ENTRY_REPORT);
    put_be16(to + 2, (uint16_t)len);
    return len + 4;
}

int main(int argc, char **argv)
{
    static uint8_t rows[ROWS_BYTES_MAX];
    static char text[LINE_BYTES_MAX + 1];
    uint64_t count = 0;
    size_t len = 0;
    struct arena *arena = arena_new(ARENA_BYTES);
    FILE *in = argc == 3 ? fopen(argv[1], "re") : NULL;
    FILE *out = argc == 3 ? fopen(argv[2], "we") : NULL;
    if (in == NULL || out == NULL || arena == NULL) {
        (void)fputs("usage: dictionary_rows REPORTS ROWS\n", stderr);
        return 64;
    }
    while (fgets(text, sizeof text, in) != NULL) {
        text[strcspn(text, "\n")] = '\0';
        len += row(text, arena, count++, rows + len, sizeof rows - len);
    }
    if (fwrite(rows, 1, len, out) != len || fclose(out) != 0) {
        die(argv[2], "cannot be written");
    }
    (void)fclose(in);
    (void)printf("%zu bytes of %llu reports\n", len, (unsigned long long)count);
    arena_free(arena);
    return 0;
}
