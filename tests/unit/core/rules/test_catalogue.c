/* Catalogue: the generated tables say what the CSV files say, read here by another reader. */
#include "core/rules/catalogue.h"
#include "lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX 65536
#define COLUMNS_MAX 16

static char text[FILE_BYTES_MAX];

/* Reads deploy/catalogue/<name>.csv into text; returns its length. */
static size_t load(const char *name)
{
    const char *source = getenv("KABAR_SOURCE");
    assert_non_null(source);
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/deploy/catalogue/%s.csv", source, name);
    assert_in_range(len, 1, sizeof path - 1);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t bytes = fread(text, 1, sizeof text - 1, file);
    assert_int_equal(fclose(file), 0);
    assert_in_range(bytes, 1, sizeof text - 2);
    text[bytes] = '\0';
    return bytes;
}

/* Splits one row in place, byte by byte. Returns where the next row starts. */
static char *split_row(char *from, char *fields[COLUMNS_MAX], size_t *ret_count)
{
    size_t count = 0;
    char *to = from;
    bool quoted = false;
    fields[count++] = to;
    for (;; from++) {
        if (*from == '\0' || (*from == '\n' && !quoted)) {
            break;
        }
        if (*from == '"' && quoted && from[1] == '"') {
            *to++ = *from++;
        } else if (*from == '"') {
            quoted = !quoted;
        } else if (*from == ',' && !quoted) {
            *to++ = '\0';
            assert_in_range(count, 1, COLUMNS_MAX - 1);
            fields[count++] = to;
        } else {
            *to++ = *from;
        }
    }
    assert_false(quoted);
    char *next = *from == '\0' ? from : from + 1;
    *to = '\0';
    *ret_count = count;
    return next;
}

static size_t column_index(char *header[COLUMNS_MAX], size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(header[i], name) == 0) {
            return i;
        }
    }
    fail_msg("no column %s", name);
    return 0;
}

static void check_form(char *row[COLUMNS_MAX], char *header[COLUMNS_MAX], size_t width)
{
    const struct catalogue_form *form = catalogue_form_find(bytes_of_text(row[0]));
    assert_non_null(form);
    assert_string_equal(form->code, row[0]);
    assert_string_equal(form->short_en, row[column_index(header, width, "short_en")]);
    assert_string_equal(form->name_id, row[column_index(header, width, "name_id")]);
    assert_string_equal(catalogue_phase_name(form->phase),
                        row[column_index(header, width, "phase")]);
    assert_string_equal(form->default_severity,
                        row[column_index(header, width, "default_severity")]);
}

static void check_region(char *row[COLUMNS_MAX], char *header[COLUMNS_MAX], size_t width)
{
    const struct catalogue_region *region = catalogue_region_find(bytes_of_text(row[0]));
    assert_non_null(region);
    assert_string_equal(region->code, row[0]);
    assert_string_equal(region->type, row[column_index(header, width, "type")]);
    assert_string_equal(region->name, row[column_index(header, width, "name")]);
    assert_string_equal(region->province, row[column_index(header, width, "province")]);
    assert_true(catalogue_province_known(bytes_of(row[0], 2)));
}

static void check_sanction(char *row[COLUMNS_MAX], char *header[COLUMNS_MAX], size_t width)
{
    const struct catalogue_sanction *sanction = catalogue_sanction_find(bytes_of_text(row[0]));
    assert_non_null(sanction);
    assert_string_equal(sanction->code, row[0]);
    assert_string_equal(sanction->level, row[column_index(header, width, "level")]);
    assert_string_equal(sanction->name_id, row[column_index(header, width, "name_id")]);
}

typedef void check_fn(char *row[COLUMNS_MAX], char *header[COLUMNS_MAX], size_t width);

/* Runs check on every row; returns how many there were. */
static size_t each_row(const char *name, check_fn *check)
{
    (void)load(name);
    char *header[COLUMNS_MAX];
    char *row[COLUMNS_MAX];
    size_t width = 0;
    size_t rows = 0;
    char *at = split_row(text, header, &width);
    for (; *at != '\0'; rows++) {
        size_t count = 0;
        at = split_row(at, row, &count);
        assert_int_equal(count, width);
        check(row, header, width);
    }
    return rows;
}

static void every_form_of_the_file_is_found(void **state)
{
    (void)state;
    assert_int_equal(each_row("violation_forms", check_form), catalogue_form_count());
}

static void every_region_of_the_file_is_found(void **state)
{
    (void)state;
    assert_int_equal(each_row("regions", check_region), catalogue_region_count());
}

static void every_sanction_of_the_file_is_found(void **state)
{
    (void)state;
    assert_int_equal(each_row("sanctions", check_sanction), catalogue_sanction_count());
    assert_null(catalogue_sanction_find(bytes_of_text("NOPE")));
    assert_null(catalogue_sanction_find(bytes_of_text("ber-bebas")));
}

static void tables_are_in_order_of_code(void **state)
{
    (void)state;
    for (size_t i = 1; i < catalogue_form_count(); i++) {
        assert_true(strcmp(catalogue_form_at(i - 1)->code, catalogue_form_at(i)->code) < 0);
    }
    for (size_t i = 1; i < catalogue_region_count(); i++) {
        assert_true(strcmp(catalogue_region_at(i - 1)->code, catalogue_region_at(i)->code) < 0);
    }
}

static void unknown_codes_are_not_found(void **state)
{
    (void)state;
    const char *const forms[] = {"", "DS", "DS-0", "DS-06 ", "ds-06", "DS-99", "AA-01", "ZZ-01"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        assert_null(catalogue_form_find(bytes_of_text(forms[i])));
    }
    const char *const regions[] = {"", "16", "16.0", "16.075", "16.99", "00.01", "99.01"};
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        assert_null(catalogue_region_find(bytes_of_text(regions[i])));
    }
    assert_null(catalogue_form_find(bytes_of("DS-06", 6))); /* its NUL is no part of a code */
    assert_true(catalogue_province_known(bytes_of_text("17")));
    const char *const provinces[] = {"", "1", "16.", "16.07", "15", "18"};
    for (size_t i = 0; i < sizeof provinces / sizeof provinces[0]; i++) {
        assert_false(catalogue_province_known(bytes_of_text(provinces[i])));
    }
}

static void quoted_commas_survive(void **state)
{
    (void)state;
    const struct catalogue_form *form = catalogue_form_find(bytes_of_text("SX-01"));
    assert_string_equal(form->short_en, "Hate speech, hoax, SARA content");
    form = catalogue_form_find(bytes_of_text("DS-08"));
    assert_string_equal(
        form->short_en,
        "Partisan activity (meeting, call, appeal, gifts) toward staff/family/public");
    assert_string_equal(form->default_severity, "berat");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_the_file_is_found),
        cmocka_unit_test(every_region_of_the_file_is_found),
        cmocka_unit_test(every_sanction_of_the_file_is_found),
        cmocka_unit_test(tables_are_in_order_of_code),
        cmocka_unit_test(unknown_codes_are_not_found),
        cmocka_unit_test(quoted_commas_survive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
