/* What numbers say of a birth. */
#include "core/cases/match_person.h"

#include <string.h>

/* What two births say of each other. A number that gives no possible day, or the same digits with
 * two neighbours exchanged, was typed wrong: it speaks for nobody and against nobody. */
enum births { BIRTHS_UNKNOWN, BIRTHS_EQUAL, BIRTHS_DIFFER };

#define BIRTH_DIGITS 6u

/* YYMMDD */
static bool birth_possible(const char birth[BIRTH_DIGITS])
{
    int month = (birth[2] - '0') * 10 + (birth[3] - '0');
    int day = (birth[4] - '0') * 10 + (birth[5] - '0');
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static bool neighbours_exchanged(const char a[BIRTH_DIGITS], const char b[BIRTH_DIGITS])
{
    size_t at = 0;
    while (at + 1 < BIRTH_DIGITS && a[at] == b[at]) {
        at++;
    }
    return at + 1 < BIRTH_DIGITS && a[at] == b[at + 1] && a[at + 1] == b[at] &&
           memcmp(a + at + 2, b + at + 2, BIRTH_DIGITS - at - 2) == 0;
}

/* A NIP begins with YYYYMMDD, a NIK has DDMMYY after its region, 40 more for women. Both as YYMMDD.
 */
static enum births births_compare(struct bytes nip, struct bytes nik)
{
    char one[BIRTH_DIGITS], other[BIRTH_DIGITS];
    if (nip.len != 18 || nik.len != 16) {
        return BIRTHS_UNKNOWN;
    }
    bool century = memcmp(nip.data, "19", 2) == 0 || memcmp(nip.data, "20", 2) == 0;
    memcpy(one, nip.data + 2, BIRTH_DIGITS);
    memcpy(other, nik.data + 10, 2);
    memcpy(other + 2, nik.data + 8, 2);
    other[4] = (char)(nik.data[6] >= '4' ? nik.data[6] - 4 : nik.data[6]);
    other[5] = (char)nik.data[7];
    if (memcmp(one, other, BIRTH_DIGITS) == 0) {
        return BIRTHS_EQUAL;
    }
    bool wrong = !century || !birth_possible(one) || !birth_possible(other) ||
                 neighbours_exchanged(one, other);
    return wrong ? BIRTHS_UNKNOWN : BIRTHS_DIFFER;
}

bool match_births_differ(const struct trait_texts *nips, const struct trait_texts *niks)
{
    bool differ = false;
    for (size_t i = 0; i < nips->count; i++) {
        for (size_t j = 0; j < niks->count; j++) {
            enum births births =
                births_compare(trait_bytes(&nips->list[i]), trait_bytes(&niks->list[j]));
            if (births == BIRTHS_EQUAL) {
                return false;
            }
            differ = differ || births == BIRTHS_DIFFER;
        }
    }
    return differ;
}
