/* The blocks in which a case is found. */
#include "core/cases/matcher.h"

#include "core/base/assert.h"
#include "core/base/plant.h"
#include "core/cases/match_names.h"
#include "core/cases/normalise.h"
#include "core/seal/chain.h"

#include <string.h>

#define KEY_INPUT_BYTES_MAX 512u
#define DAY_OFFSET (INT64_C(1) << 33) /* no day is before it, and it is a multiple of 8 */
#define DAYS_AROUND 2
#define DAYS_BEFORE_KNOWN 8
#define DAYS_BEFORE_KNOWN_MAX 21 /* by the name only: for an officer */

struct basis {
    struct bytes province;
    struct match_keys *keys;
};

/* Every part with its length before it: no two lists of parts look alike. */
static void put_part(struct writer *writer, struct bytes part)
{
    writer_be32(writer, (uint32_t)part.len);
    writer_bytes(writer, part);
}

static void key_add(const struct basis *basis, const char *kind, struct bytes first,
                    struct bytes second, uint32_t days)
{
    ASSERT(basis->keys->count < MATCH_KEYS_MAX);
    uint8_t input[KEY_INPUT_BYTES_MAX];
    struct writer writer;
    struct match_key *key = &basis->keys->list[basis->keys->count];
    writer_init(&writer, input, sizeof input);
    put_part(&writer, basis->province);
    put_part(&writer, bytes_of_text(kind));
    put_part(&writer, first);
    put_part(&writer, second);
    writer_be32(&writer, days);
    ASSERT(!writer.overflow);
    seal_lookup(bytes_of(input, writer.len), key->b);
    key->by_number = strcmp(kind, "nip") == 0 || strcmp(kind, "nik") == 0;
    basis->keys->count++;
}

static void artefact_keys(const struct basis *basis, const char *kind,
                          const struct trait_hashes *hashes)
{
    for (size_t i = 0; i < hashes->count; i++) {
        uint8_t hash[8];
        put_be64(hash, hashes->list[i]);
        key_add(basis, kind, bytes_of(hash, sizeof hash), (struct bytes){0}, 0);
    }
}

static uint32_t eight_days(int64_t day)
{
    return (uint32_t)((uint64_t)(day + DAY_OFFSET) / 8);
}

static void name_key(const struct basis *basis, const struct traits *traits, uint32_t days)
{
    char initials[MATCH_INITIALS_CAPACITY];
    size_t len = match_initials(trait_first(&traits->names), traits->initials, initials);
    if (len > 0) {
        key_add(basis, "name", trait_bytes(&traits->regency), bytes_of(initials, len), days);
    }
    if (traits->initials && len > 2 && initials[0] == 'm') { /* Muhammad, perhaps */
        key_add(basis, "name", trait_bytes(&traits->regency), bytes_of(initials + 1, len - 1),
                days);
    }
}

static void day_keys(const struct basis *basis, const struct traits *traits, uint32_t days)
{
    name_key(basis, traits, days);
    if (traits->places.count > 0) {
        key_add(basis, "place", trait_bytes(&traits->regency), trait_first(&traits->places), days);
    }
}

void matcher_keys(const struct traits *traits, struct bytes province, bool look,
                  struct match_keys *ret)
{
    struct basis basis = {.province = province, .keys = ret};
    struct trait_hashes link = traits->links;
    link.count = link.count > 1 ? 1 : link.count;
    ret->count = 0;
    if (traits->nips.count > 0) {
        key_add(&basis, "nip", trait_first(&traits->nips), (struct bytes){0}, 0);
    }
    if (traits->niks.count > 0) {
        key_add(&basis, "nik", trait_first(&traits->niks), (struct bytes){0}, 0);
    }
    artefact_keys(&basis, "link", &link);
    artefact_keys(&basis, "file", &traits->files);
    /* Without a day it is kept under all that may have been it, for those who name the day. */
    int32_t before = traits->dated ? DAYS_AROUND : DAYS_BEFORE_KNOWN;
    int32_t after = traits->dated ? DAYS_AROUND : 0;
    if (!look && (traits->dated || PLANTED(UNDATED_ONCE))) {
        before = 0;
        after = 0;
    }
    uint32_t first = eight_days((int64_t)traits->day_first - before);
    uint32_t last = eight_days((int64_t)traits->day_first + after);
    day_keys(&basis, traits, first);
    if (last != first) {
        day_keys(&basis, traits, last);
    }
    uint32_t earliest = eight_days((int64_t)traits->day_first - DAYS_BEFORE_KNOWN_MAX);
    for (uint32_t days = first; before > 0 && !traits->dated && days > earliest; days--) {
        name_key(&basis, traits, days - 1);
    }
}

uint32_t matcher_letters(const struct traits *traits)
{
    char initials[MATCH_INITIALS_CAPACITY];
    size_t len = match_initials(trait_first(&traits->names), traits->initials, initials);
    uint32_t letters = 0;
    for (size_t i = 0; i < len; i++) {
        bool letter = initials[i] >= 'a' && initials[i] <= 'z';
        letters |= 1u << (letter ? (uint32_t)(initials[i] - 'a') : 26u);
    }
    return letters;
}

bool matcher_block_next(struct reader *block, struct block_entry *ret)
{
    if (reader_left(block) == 0) {
        return false;
    }
    struct bytes head = reader_bytes(block, CASE_NAME_BYTES + 5);
    if (block->underflow) {
        return false;
    }
    memcpy(ret->case_name.b, head.data, CASE_NAME_BYTES);
    ret->letters = get_be32(head.data + CASE_NAME_BYTES);
    ret->name = reader_bytes(block, head.data[CASE_NAME_BYTES + 4]);
    return !block->underflow;
}

static void entry_put(struct writer *writer, const struct block_entry *entry)
{
    writer_bytes(writer, bytes_of(entry->case_name.b, CASE_NAME_BYTES));
    writer_be32(writer, entry->letters);
    writer_u8(writer, (uint8_t)entry->name.len);
    writer_bytes(writer, entry->name);
}

/* Its entry, if it has one. */
static bool block_find(struct bytes block, const struct case_name *name, struct block_entry *ret)
{
    struct reader reader;
    reader_init(&reader, block);
    while (matcher_block_next(&reader, ret)) {
        if (memcmp(ret->case_name.b, name->b, CASE_NAME_BYTES) == 0) {
            return true;
        }
    }
    return false;
}

/* The others behind the one in front, as many as there is room for; `without` stays where it is,
 * but loses its name. */
static void entries_copy(struct writer *writer, struct bytes block, size_t count,
                         const struct case_name *without)
{
    struct reader reader;
    struct block_entry entry = {.letters = 0};
    reader_init(&reader, block);
    while (count < MATCH_BLOCK_CASES_MAX && matcher_block_next(&reader, &entry)) {
        if (without != NULL && memcmp(entry.case_name.b, without->b, CASE_NAME_BYTES) == 0) {
            entry.name.len = 0;
        }
        entry_put(writer, &entry);
        count++;
    }
}

size_t matcher_block_add(struct bytes block, const struct case_name *name,
                         const struct traits *traits, uint8_t ret[MATCH_BLOCK_BYTES_MAX])
{
    struct writer writer;
    struct block_entry known = {.letters = 0},
                       entry = {.case_name = *name, .name = trait_first(&traits->names)};
    entry.name.len = entry.name.len > MATCH_BLOCK_NAME_MAX ? 0 : entry.name.len;
    writer_init(&writer, ret, MATCH_BLOCK_BYTES_MAX);
    if (block_find(block, name, &known)) {
        if (known.name.len == 0 || bytes_equal(known.name, entry.name)) {
            return 0;
        }
        entries_copy(&writer, block, 0, name);
        return writer.len;
    }
    entry.letters = matcher_letters(traits);
    entry_put(&writer, &entry);
    entries_copy(&writer, block, 1, NULL);
    return writer.len;
}

bool matcher_link(const struct report *report, uint8_t ret[MATCH_LINK_BYTES])
{
    char link[NORMAL_LINK_CAPACITY];
    struct hash hash;
    size_t len = normalise_link(report->url, link);
    if (len > 0) {
        seal_hash("kabar.link.v1", bytes_of(link, len), &hash);
        memcpy(ret, hash.b, MATCH_LINK_BYTES);
    }
    return len > 0;
}
