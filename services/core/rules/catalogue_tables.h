/* catalogue_tables.h - what catalogue.cmake generates, for catalogue.c alone. Sorted by code. */
#ifndef CORE_RULES_CATALOGUE_TABLES_H
#define CORE_RULES_CATALOGUE_TABLES_H

#include "core/rules/catalogue.h"

extern const struct catalogue_form catalogue_forms[];
extern const size_t catalogue_forms_count;
extern const struct catalogue_region catalogue_regions[];
extern const size_t catalogue_regions_count;
extern const struct catalogue_sanction catalogue_sanctions[];
extern const size_t catalogue_sanctions_count;
extern const char *const catalogue_provinces[];
extern const size_t catalogue_provinces_count;
extern const char catalogue_version_text[];
extern const unsigned char catalogue_packed_text[];
extern const size_t catalogue_packed_bytes;

#endif
