/* catalogue.h - the forms of violation, the sanctions and the regions, as deploy/catalogue has
 * them.
 *
 * The tables are made from the CSV files when the program is built (catalogue.cmake), so a value
 * the sources disagree on is changed there and never in code. Everything returned is constant and
 * lives as long as the program. It never judges a report: the rules do, with what is found here.
 */
#ifndef CORE_RULES_CATALOGUE_H
#define CORE_RULES_CATALOGUE_H

#include "core/base/bytes.h"

/* When a form applies, seen from the day of the act; calendars.csv has the days. */
enum catalogue_phase {
    CATALOGUE_PHASE_ANY,
    CATALOGUE_PHASE_BEFORE_DETERMINATION,
    CATALOGUE_PHASE_AFTER_DETERMINATION,
    CATALOGUE_PHASE_CAMPAIGN,
};

struct catalogue_form {
    const char *code;     /* "DS-06" */
    const char *short_en; /* a few English words */
    const char *name_id;  /* the wording of the decree, Indonesian */
    enum catalogue_phase phase;
    const char *default_severity; /* "moral", "sedang", "berat", "ptdh", "unspecified" */
};

struct catalogue_region {
    const char *code;     /* "16.07", Home Affairs scheme */
    const char *type;     /* "kabupaten" or "kota" */
    const char *name;     /* "Banyuasin", without the type */
    const char *province; /* "Sumatera Selatan" */
};

struct catalogue_sanction {
    const char *code;    /* "BER-BEBAS" */
    const char *level;   /* "moral", "ringan", "sedang", "berat", … as in the CSV */
    const char *name_id; /* Indonesian */
};

/* NULL when unknown. Codes are compared byte by byte: no case folding, no trimming. */
const struct catalogue_form *catalogue_form_find(struct bytes code);
const struct catalogue_region *catalogue_region_find(struct bytes code);
const struct catalogue_sanction *catalogue_sanction_find(struct bytes code);

/* True for the two digits before the dot of any region, e.g. "16". */
bool catalogue_province_known(struct bytes code);

/* In the order of the codes; index < count. */
size_t catalogue_form_count(void);
const struct catalogue_form *catalogue_form_at(size_t index);
size_t catalogue_region_count(void);
const struct catalogue_region *catalogue_region_at(size_t index);
size_t catalogue_sanction_count(void);

/* "any", "before_determination", "after_determination", "campaign", as in the CSV. */
const char *catalogue_phase_name(enum catalogue_phase phase);

/* 64 hex digits: SHA-256 of the built-in catalogue's packed text (catalogue_set.h). A document says
 * which catalogue it was made under. */
const char *catalogue_version(void);

#endif
