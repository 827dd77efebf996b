#include "core/cases/matcher.h"

#include "core/base/assert.h"
#include "core/cases/normalise.h"

#include <string.h>

struct search {
    const struct views *views;
    const struct report *report;
    const struct subject *subject;
    uint64_t position;
    struct arena *arena;
    struct placement *ret;
};

static bool numbers_differ(struct bytes a, struct bytes b)
{
    char one[NORMAL_NUMBER_CAPACITY], two[NORMAL_NUMBER_CAPACITY];
    size_t one_len = normalise_number(a, one), two_len = normalise_number(b, two);
    return one_len > 0 && two_len > 0 &&
           !bytes_equal(bytes_of(one, one_len), bytes_of(two, two_len));
}

/* Two names that share nothing, and both say enough to tell. */
static bool names_differ(struct bytes a, struct bytes b)
{
    char one[NORMAL_NAME_CAPACITY], two[NORMAL_NAME_CAPACITY];
    struct bytes first = bytes_of(one, normalise_name(a, one));
    struct bytes second = bytes_of(two, normalise_name(b, two));
    return !normal_name_weak(first) && !normal_name_weak(second) &&
           !normal_names_share(first, second);
}

static bool rule_is(const struct match_key *key, const char *rule)
{
    return strcmp(key->rule, rule) == 0;
}

/* Two posts of one day are two acts, however alike the rest. */
static bool links_differ(const struct search *search, struct bytes link)
{
    uint8_t own[MATCH_LINK_BYTES];
    return link.len > 0 && matcher_link(search->report, own) &&
           !bytes_equal(bytes_of(own, sizeof own), link);
}

/* Is a subject of this very report in that case already? */
static int in_this_report(const struct search *search, const struct case_name *name, bool *ret)
{
    struct view_key prefix;
    struct bytes key, value;
    view_key_init(&prefix, bytes_of(name->b, CASE_NAME_BYTES));
    view_key_u64(&prefix, search->position);
    int status = search->views->next(search->views->arg, VIEW_CASE_REPORTS, view_key_bytes(&prefix),
                                     (struct bytes){0}, &key, &value);
    if (status != 0 && status != ERR_NOT_FOUND) {
        return status;
    }
    *ret = status == 0;
    return 0;
}

/* Whether nothing speaks against joining this case by this key. */
static int may_join(const struct search *search, const struct match_key *key,
                    const struct case_name *name, bool *ret)
{
    struct bytes value;
    struct case_view view;
    bool same_report = false;
    int status = search->views->get(search->views->arg, VIEW_CASES,
                                    bytes_of(name->b, CASE_NAME_BYTES), &value);
    if (status == 0) {
        status = case_view_decode(value, &view);
    }
    if (status != 0) {
        return status;
    }
    bool person_key = rule_is(key, "person_artefact");
    int64_t days = (int64_t)search->report->occurred_on - view.occurred_on;
    bool fits = !numbers_differ(search->subject->nip, view.nip) &&
                !numbers_differ(search->subject->nik, view.nik) && days <= MATCH_DAYS_MAX &&
                days >= -MATCH_DAYS_MAX;
    bool day_key = rule_is(key, "nip_form_day") || rule_is(key, "nik_form_day");
    fits = fits && (person_key || !names_differ(search->subject->name, view.name));
    fits = fits && !(day_key && links_differ(search, view.link));
    if (fits && person_key) {
        status = in_this_report(search, name, &same_report);
    }
    *ret = fits && !same_report;
    return status;
}

static int copy_case_text(struct arena *arena, const struct case_name *name, struct bytes *ret)
{
    char text[CASE_TEXT_CAPACITY];
    struct bytes copy = arena_copy(arena, bytes_of_text(case_name_text(name, text)));
    if (copy.data == NULL) {
        return ERR_NOMEM;
    }
    *ret = copy;
    return 0;
}

static int candidate_add(const struct search *search, const struct case_name *name)
{
    struct placement *place = search->ret;
    char text[CASE_TEXT_CAPACITY];
    struct bytes shown = bytes_of_text(case_name_text(name, text));
    for (size_t i = 0; i < place->candidate_count; i++) {
        if (bytes_equal(place->candidates[i], shown)) {
            return 0;
        }
    }
    if (place->candidate_count == PLACEMENT_CANDIDATES_MAX) {
        return 0;
    }
    return copy_case_text(search->arena, name, &place->candidates[place->candidate_count++]);
}

/* What each rule compared, for whoever reviews the merge. */
static void fields_of(const char *rule, struct placement *ret)
{
    static const struct {
        const char *rule;
        const char *fields[5];
    } table[] = {
        {"nip_form_day", {"nip", "form", "occurred_on"}},
        {"nik_form_day", {"nik", "form", "occurred_on"}},
        {"nip_artefact", {"nip", "artefact", "phase", "occurred_on"}},
        {"nik_artefact", {"nik", "artefact", "phase", "occurred_on"}},
        {"person_artefact", {"name", "regency", "unit", "artefact", "occurred_on"}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strcmp(table[i].rule, rule) != 0) {
            continue;
        }
        for (size_t j = 0; j < 5 && table[i].fields[j] != NULL; j++) {
            ret->fields[ret->field_count++] = bytes_of_text(table[i].fields[j]);
        }
    }
}

static int join(const struct search *search, const struct match_key *key,
                const struct case_name *name)
{
    struct placement *place = search->ret;
    place->outcome = PLACEMENT_MERGED;
    place->rule = bytes_of_text(key->rule);
    place->score_milli = rule_is(key, "person_artefact") ? 900 : 1000;
    place->candidate_count = 0;
    place->field_count = 0;
    fields_of(key->rule, place);
    return copy_case_text(search->arena, name, &place->case_name);
}

/* Looks all keys up in their order; stops at the first case that may be joined. */
static int try_keys(const struct search *search, const struct match_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        struct bytes value;
        struct case_name name;
        bool fits = false;
        int status = search->views->get(search->views->arg, VIEW_CASE_KEYS,
                                        bytes_of(keys->list[i].b, sizeof keys->list[i].b), &value);
        if (status == ERR_NOT_FOUND) {
            continue;
        }
        if (status != 0 || value.len != CASE_NAME_BYTES) {
            return status != 0 ? status : ERR_FORMAT;
        }
        memcpy(name.b, value.data, CASE_NAME_BYTES);
        status = may_join(search, &keys->list[i], &name, &fits);
        if (status == 0 && fits) {
            return join(search, &keys->list[i], &name);
        }
        if (status == 0 && search->ret->candidate_count == 0) {
            search->ret->rule = bytes_of_text(keys->list[i].rule);
        }
        if (status == 0) {
            status = candidate_add(search, &name);
        }
        if (status != 0) {
            return status;
        }
    }
    return 0;
}

int matcher_place(const struct views *views, const struct report *report, const struct entry_id *id,
                  uint64_t position, uint32_t subject, struct bytes province, struct arena *arena,
                  struct placement *ret, struct err_ctx *err)
{
    /* The report's own day first, then one off, then two. */
    static const int near_days[] = {0, -1, 1, -2, 2};
    struct case_name own;
    struct search search = {.views = views,
                            .report = report,
                            .subject = &report->subjects[subject],
                            .position = position,
                            .arena = arena,
                            .ret = ret};
    memset(ret, 0, sizeof *ret);
    ret->position = position;
    ret->subject = subject;
    ret->matcher = bytes_of_text(MATCHER_VERSION);
    for (size_t i = 0; i < sizeof near_days / sizeof near_days[0]; i++) {
        struct match_keys keys;
        matcher_keys_near(report, subject, province, near_days[i], &keys);
        int status = try_keys(&search, &keys);
        if (status != 0) {
            return err_wrap(err, status, "match subject %u", (unsigned)subject);
        }
        if (ret->outcome == PLACEMENT_MERGED) {
            return 0;
        }
    }
    ret->outcome = ret->candidate_count > 0 ? PLACEMENT_REVIEW : PLACEMENT_NEW;
    ret->score_milli = ret->candidate_count > 0 ? 500 : 0;
    if (ret->candidate_count > 0) {
        fields_of((const char *)ret->rule.data, ret);
    } else {
        ret->rule = bytes_of_text("none");
    }
    case_name_of(id, subject, &own);
    int status = copy_case_text(arena, &own, &ret->case_name);
    return status == 0 ? 0 : err_wrap(err, status, "match subject %u", (unsigned)subject);
}
