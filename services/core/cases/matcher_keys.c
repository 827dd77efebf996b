/* The exact keys of one subject of one report. */
#include "core/cases/matcher.h"

#include "core/base/assert.h"
#include "core/cases/normalise.h"
#include "core/rules/catalogue.h"
#include "core/seal/chain.h"

#include <string.h>

#define PERSON_BYTES_MAX (NAME_BYTES_MAX + 2u * NORMAL_NAME_CAPACITY + 16u)
#define KEY_INPUT_BYTES_MAX (PERSON_BYTES_MAX + NORMAL_LINK_CAPACITY + 2u * NAME_BYTES_MAX)

/* Every part with its length before it: no two lists of parts look alike. */
static void put_part(struct writer *writer, struct bytes part)
{
    writer_be32(writer, (uint32_t)part.len);
    writer_bytes(writer, part);
}

struct basis {
    struct bytes province;
    struct match_keys *keys;
    int32_t day;
};

static void key_add(const struct basis *basis, const char *rule, struct bytes person,
                    struct bytes act)
{
    ASSERT(basis->keys->count < MATCH_KEYS_MAX);
    uint8_t input[KEY_INPUT_BYTES_MAX];
    struct writer writer;
    struct hash hash;
    struct match_key *key = &basis->keys->list[basis->keys->count];
    writer_init(&writer, input, sizeof input);
    put_part(&writer, basis->province);
    put_part(&writer, bytes_of_text(rule));
    put_part(&writer, person);
    put_part(&writer, act);
    writer_be32(&writer, (uint32_t)basis->day);
    if (writer.overflow) {
        return; /* over the wire's limits: no key rather than a cut one */
    }
    seal_hash("kabar.match.v1", bytes_of(input, writer.len), &hash);
    memcpy(key->b, hash.b, sizeof key->b);
    key->rule = rule;
    basis->keys->count++;
}

/* ---- who ---- */
struct person {
    char nip[NORMAL_NUMBER_CAPACITY], nik[NORMAL_NUMBER_CAPACITY];
    size_t nip_len, nik_len;
    uint8_t named[PERSON_BYTES_MAX]; /* name, regency and unit; empty when that names nobody */
    size_t named_len;
};

static void person_named(const struct report *report, const struct subject *subject,
                         struct person *person)
{
    char name[NORMAL_NAME_CAPACITY], unit[NORMAL_NAME_CAPACITY];
    struct bytes normal = bytes_of(name, normalise_name(subject->name, name));
    struct bytes where = bytes_of(unit, normalise_unit(subject->unit, unit));
    struct bytes regency = subject->regency.len > 0 ? subject->regency : report->regency;
    struct writer writer;
    writer_init(&writer, person->named, sizeof person->named);
    if (normal_name_weak(normal) || where.len == 0) {
        return;
    }
    put_part(&writer, normal);
    put_part(&writer, regency);
    put_part(&writer, where);
    person->named_len = writer.overflow ? 0 : writer.len;
}

static void person_of(const struct report *report, uint32_t subject, struct person *ret)
{
    const struct subject *who = &report->subjects[subject];
    memset(ret, 0, sizeof *ret);
    ret->nip_len = normalise_number(who->nip, ret->nip);
    ret->nik_len = normalise_number(who->nik, ret->nik);
    person_named(report, who, ret);
}

/* ---- what ---- */
/* Before or after the determination, or neither: the same post counts once on each side. */
static uint8_t side_of(struct bytes form)
{
    const struct catalogue_form *found = catalogue_form_find(form);
    enum catalogue_phase phase = found == NULL ? CATALOGUE_PHASE_ANY : found->phase;
    if (phase == CATALOGUE_PHASE_BEFORE_DETERMINATION) {
        return 'b';
    }
    return phase == CATALOGUE_PHASE_ANY ? 'x' : 'a';
}

static void artefact_keys(const struct basis *basis, const struct person *person,
                          struct bytes artefact)
{
    if (person->nip_len > 0) {
        key_add(basis, "nip_artefact", bytes_of(person->nip, person->nip_len), artefact);
    }
    if (person->nik_len > 0) {
        key_add(basis, "nik_artefact", bytes_of(person->nik, person->nik_len), artefact);
    }
    if (person->named_len > 0) {
        key_add(basis, "person_artefact", bytes_of(person->named, person->named_len), artefact);
    }
}

static void all_artefacts(const struct report *report, const struct basis *basis,
                          const struct person *person)
{
    char artefact[NORMAL_LINK_CAPACITY + 2];
    uint8_t side = side_of(report->form);
    artefact[0] = (char)side;
    artefact[1] = 'l';
    size_t len = normalise_link(report->url, artefact + 2);
    if (len > 0) {
        artefact_keys(basis, person, bytes_of(artefact, len + 2));
    }
    for (size_t i = 0; i < report->evidence_count && i < EVIDENCE_MAX; i++) {
        artefact[1] = 'e';
        memcpy(artefact + 2, report->evidence[i].sha256.b, HASH_BYTES);
        artefact_keys(basis, person, bytes_of(artefact, HASH_BYTES + 2));
    }
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

void matcher_keys_near(const struct report *report, uint32_t subject, struct bytes province,
                       int days, struct match_keys *ret)
{
    ASSERT(subject < report->subject_count);
    struct person person;
    struct basis basis = {.province = province, .keys = ret, .day = report->occurred_on};
    ret->count = 0;
    if (!report->has_occurred_on) {
        return; /* the day of the act is not known: no exact key can say that it is the same act */
    }
    person_of(report, subject, &person);
    if (days == 0 && person.nip_len > 0) {
        key_add(&basis, "nip_form_day", bytes_of(person.nip, person.nip_len), report->form);
    }
    if (days == 0 && person.nik_len > 0) {
        key_add(&basis, "nik_form_day", bytes_of(person.nik, person.nik_len), report->form);
    }
    basis.day = (int32_t)((int64_t)report->occurred_on + days);
    all_artefacts(report, &basis, &person);
}

void matcher_keys(const struct report *report, uint32_t subject, struct bytes province,
                  struct match_keys *ret)
{
    matcher_keys_near(report, subject, province, 0, ret);
}
