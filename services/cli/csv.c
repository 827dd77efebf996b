/* csv.c - fields after RFC 4180, and nothing that a spreadsheet would run or a terminal obey. */
#include "cli/cli.h"

#include <string.h>

/* A formula, also behind blanks and in full-width signs (＝＋－＠). */
static bool runs_as_formula(const char *text)
{
    static const char *const wide[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};
    bool runs = text[0] == '\t' || text[0] == '\r' || text[0] == '\n';
    text += strspn(text, " \t\r\n");
    runs = runs || (text[0] != '\0' && strchr("=+-@", text[0]) != NULL);
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        runs = runs || strncmp(text, wide[i], strlen(wide[i])) == 0;
    }
    return runs;
}

/* Where the comma is the decimal sign, spreadsheets begin a cell at each semicolon. */
void csv_put_field(const char *text, bool guard)
{
    char *clean = text_clean(text);
    bool quoted = strpbrk(clean, ",;\"") != NULL;
    (void)fputs(quoted ? "\"" : "", stdout);
    (void)fputs(guard && runs_as_formula(text) ? "'" : "", stdout);
    for (const char *at = clean; *at != '\0'; at++) {
        (void)fputs(*at == '"' ? "\"" : "", stdout);
        (void)fputc(*at, stdout);
        (void)fputs(guard && *at == ';' && runs_as_formula(at + 1) ? "'" : "", stdout);
    }
    (void)fputs(quoted ? "\"" : "", stdout);
    free(clean);
}

void csv_put_value(const json_t *value)
{
    if (value == NULL || json_is_null(value)) {
        return;
    }
    if (json_is_string(value)) {
        csv_put_field(json_string_value(value), true);
        return;
    }
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    csv_put_field(text == NULL ? "" : text, false);
    free(text);
}
