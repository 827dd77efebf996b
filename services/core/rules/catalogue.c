#include "core/rules/catalogue.h"

#include "core/base/assert.h"
#include "core/rules/catalogue_set.h"
#include "core/rules/catalogue_tables.h"

typedef const char *code_at_fn(size_t index);

/* Index of the code in a table sorted by code, or count when it is not there. */
static size_t find(struct bytes code, size_t count, code_at_fn *code_at)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = bytes_compare(bytes_of_text(code_at(middle)), code);
        if (order == 0) {
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return count;
}

static const char *form_code(size_t index)
{
    return catalogue_forms[index].code;
}

static const char *region_code(size_t index)
{
    return catalogue_regions[index].code;
}

static const char *sanction_code(size_t index)
{
    return catalogue_sanctions[index].code;
}

static const char *province_code(size_t index)
{
    return catalogue_provinces[index];
}

const struct catalogue_form *catalogue_form_find(struct bytes code)
{
    size_t index = find(code, catalogue_forms_count, form_code);
    return index < catalogue_forms_count ? &catalogue_forms[index] : NULL;
}

const struct catalogue_region *catalogue_region_find(struct bytes code)
{
    size_t index = find(code, catalogue_regions_count, region_code);
    return index < catalogue_regions_count ? &catalogue_regions[index] : NULL;
}

const struct catalogue_sanction *catalogue_sanction_find(struct bytes code)
{
    size_t index = find(code, catalogue_sanctions_count, sanction_code);
    return index < catalogue_sanctions_count ? &catalogue_sanctions[index] : NULL;
}

bool catalogue_province_known(struct bytes code)
{
    return find(code, catalogue_provinces_count, province_code) < catalogue_provinces_count;
}

size_t catalogue_form_count(void)
{
    return catalogue_forms_count;
}

const struct catalogue_form *catalogue_form_at(size_t index)
{
    ASSERT(index < catalogue_forms_count);
    return &catalogue_forms[index];
}

size_t catalogue_region_count(void)
{
    return catalogue_regions_count;
}

const struct catalogue_region *catalogue_region_at(size_t index)
{
    ASSERT(index < catalogue_regions_count);
    return &catalogue_regions[index];
}

size_t catalogue_sanction_count(void)
{
    return catalogue_sanctions_count;
}

const char *catalogue_phase_name(enum catalogue_phase phase)
{
    static const char *const names[] = {
        [CATALOGUE_PHASE_ANY] = "any",
        [CATALOGUE_PHASE_BEFORE_DETERMINATION] = "before_determination",
        [CATALOGUE_PHASE_AFTER_DETERMINATION] = "after_determination",
        [CATALOGUE_PHASE_CAMPAIGN] = "campaign",
    };
    size_t index = (size_t)phase;
    ASSERT(index < sizeof names / sizeof names[0]);
    return names[index];
}

const char *catalogue_version(void)
{
    return catalogue_version_text;
}

struct bytes catalogue_builtin(void)
{
    return bytes_of(catalogue_packed_text, catalogue_packed_bytes);
}
