#include "core/cases/match_judge.h"

#include "core/base/plant.h"
#include "core/cases/match_days.h"
#include "core/cases/match_person.h"

#include <string.h>

#define DAYS_ARTEFACT_MAX 4 /* from the first to the last: merging does not walk */
#define DAYS_REVIEW_MAX 7
#define DAYS_PLACE_MAX 2
#define DAYS_BARE_MAX 2
#define DAYS_EARLY_MAX 2 /* known before it happened: by a slip only */
#define DAYS_KNOWN_MAX 7 /* a report must come within 7 days of becoming known */
#define DAYS_KNOWN_REVIEW_MAX 21
#define DAYS_KNOWN_LATE_MAX 60 /* a referral comes weeks later */
#define WHAT_MILLI 125         /* of the score, a grade */
#define DAY_MILLI 10           /* less, for a day apart */

enum what { WHAT_OTHER, WHAT_MAYBE, WHAT_BARE, WHAT_PLACE, WHAT_ARTEFACT };

/* Both acts: the traits, and what was found of them. */
struct acts {
    const struct traits *a, *b;
    struct days days;
    enum likeness places;
    bool artefact; /* one link or file */
    bool sure;     /* it is one person */
    struct judgement *ret;
};

static enum what other(const struct acts *acts, const char *rule)
{
    acts->ret->rule = rule;
    return WHAT_OTHER;
}

static enum what by_artefact(const struct acts *acts)
{
    const struct traits *a = acts->a, *b = acts->b;
    const struct days *days = &acts->days;
    if (!a->dated || !b->dated) {
        return days->span <= DAYS_KNOWN_LATE_MAX && days->gap >= -DAYS_EARLY_MAX ? WHAT_ARTEFACT
                                                                                 : WHAT_MAYBE;
    }
    if (days->span > DAYS_ARTEFACT_MAX) {
        return days->span <= DAYS_REVIEW_MAX ? WHAT_MAYBE : other(acts, "other_day");
    }
    bool other_link =
        a->links.count > 0 && b->links.count > 0 && !traits_share(&a->links, &b->links);
    return other_link && !PLANTED(OTHER_ACT) ? WHAT_MAYBE : WHAT_ARTEFACT;
}

/* Neither says where: the same kind of act, a day or two apart. */
static enum what by_kind(const struct acts *acts)
{
    const struct traits *a = acts->a, *b = acts->b;
    bool told = a->links.count + b->links.count > 0 || a->places.count + b->places.count > 0;
    if (acts->days.gap == 0) {
        return (a->forms & b->forms) != 0 || told ? WHAT_BARE : WHAT_MAYBE;
    }
    return told && acts->days.gap <= DAYS_BARE_MAX ? WHAT_BARE : WHAT_MAYBE;
}

static enum what by_known_day(const struct acts *acts, bool placed)
{
    int32_t gap = acts->days.gap;
    int32_t late = acts->sure ? DAYS_KNOWN_LATE_MAX : DAYS_KNOWN_REVIEW_MAX;
    if (gap < -DAYS_EARLY_MAX || gap > late) {
        return other(acts, "other_day");
    }
    if (gap <= DAYS_KNOWN_MAX) {
        return placed ? WHAT_PLACE : WHAT_BARE;
    }
    return WHAT_MAYBE;
}

/* The day is said on both sides. */
static enum what by_place(const struct acts *acts, bool placed, bool one_kind)
{
    const struct days *days = &acts->days;
    if (days->gap > DAYS_PLACE_MAX || days->span > DAYS_ARTEFACT_MAX) {
        return placed && one_kind && days->gap <= DAYS_ARTEFACT_MAX ? WHAT_MAYBE
                                                                    : other(acts, "other_day");
    }
    if (placed || acts->places == LIKE_SIMILAR) {
        return placed && one_kind ? WHAT_PLACE : WHAT_MAYBE;
    }
    /* The same persons on those days in the same kind of act: the same occasion. */
    if (one_kind && traits_share(&acts->a->company, &acts->b->company)) {
        return WHAT_PLACE;
    }
    return one_kind ? by_kind(acts) : other(acts, "other_kind");
}

static enum what by_day(const struct acts *acts)
{
    const struct traits *a = acts->a, *b = acts->b;
    bool placed = acts->places == LIKE_EQUAL || acts->places == LIKE_WITHIN;
    bool one_kind = (a->groups & b->groups) != 0;
    if (acts->places == LIKE_DIFFERENT && !PLANTED(OTHER_ACT)) {
        return other(acts, "other_place");
    }
    if (a->links.count > 0 && b->links.count > 0 && !PLANTED(OTHER_ACT)) {
        /* Two posts of one day are two acts. */
        return acts->sure && acts->days.span == 0 ? WHAT_MAYBE : other(acts, "other_post");
    }
    if (a->dated && b->dated) {
        return by_place(acts, placed, one_kind);
    }
    return one_kind ? by_known_day(acts, placed) : other(acts, "other_kind");
}

static enum what judge_what(const struct acts *acts)
{
    const struct traits *a = acts->a, *b = acts->b;
    if (a->side != 0 && b->side != 0 && a->side != b->side && !PLANTED(EITHER_SIDE)) {
        return other(acts, "other_side");
    }
    enum what what = acts->artefact ? by_artefact(acts) : by_day(acts);
    if ((a->side == 0 || b->side == 0) && what > WHAT_MAYBE) {
        what = WHAT_MAYBE;
    }
    return what;
}

/* ---- what it says of itself ---- */
static enum match_finding finding_of_days(const struct acts *acts)
{
    if (!acts->a->dated || !acts->b->dated) {
        return FOUND_ABSENT;
    }
    if (acts->days.gap == 0) {
        return FOUND_EQUAL;
    }
    return acts->days.gap <= DAYS_PLACE_MAX ? FOUND_NEAR : FOUND_DIFFERENT;
}

static void act_note(const struct acts *acts)
{
    const struct traits *a = acts->a, *b = acts->b;
    struct judgement *ret = acts->ret;
    enum match_finding kind = (a->groups & b->groups) != 0 ? FOUND_NEAR : FOUND_DIFFERENT;
    enum match_finding side = a->side == b->side ? FOUND_EQUAL : FOUND_DIFFERENT;
    match_note(ret, MATCH_LINK, match_finding_shared(&a->links, &b->links));
    match_note(ret, MATCH_FILE, match_finding_shared(&a->files, &b->files));
    match_note(ret, MATCH_PLACE, match_finding_of(acts->places));
    match_note(ret, MATCH_COMPANY, match_finding_shared(&a->company, &b->company));
    match_note(ret, MATCH_FORM, (a->forms & b->forms) != 0 ? FOUND_EQUAL : kind);
    match_note(ret, MATCH_DAY, finding_of_days(acts));
    match_note(ret, MATCH_SIDE, a->side == 0 || b->side == 0 ? FOUND_ABSENT : side);
}

/* A link or file says all there is to say of what; else the place, who was with them, the form. */
static void act_give(const struct acts *acts, enum what what)
{
    struct judgement *ret = acts->ret;
    int32_t left = (int32_t)what * WHAT_MILLI;
    if (acts->artefact) {
        bool link = ret->fields[MATCH_LINK].finding == FOUND_EQUAL;
        match_give(ret, link ? MATCH_LINK : MATCH_FILE, left, &left);
    } else if (what == WHAT_PLACE) {
        bool placed = acts->places == LIKE_EQUAL || acts->places == LIKE_WITHIN;
        match_give(ret, placed ? MATCH_PLACE : MATCH_COMPANY, 2 * WHAT_MILLI, &left);
    }
    match_give(ret, MATCH_FORM, WHAT_MILLI, &left);
    match_give(ret, MATCH_DAY, left, &left);
}

/* ---- both ---- */
static const char *rule_of(enum who who, enum what what)
{
    static const char *const rules[2][3] = {
        {"person_day", "person_place", "person_artefact"},
        {"number_day", "number_place", "number_artefact"},
    };
    int column = what == WHAT_ARTEFACT ? 2 : (what == WHAT_PLACE ? 1 : 0);
    return rules[who == WHO_SURE][column];
}

void match_judge(const struct traits *report, const struct traits *known, struct judgement *ret)
{
    memset(ret, 0, sizeof *ret);
    bool artefact =
        traits_share(&report->links, &known->links) || traits_share(&report->files, &known->files);
    enum who who = match_person(report, known, artefact, ret);
    if (who == WHO_OTHER) {
        return;
    }
    struct acts acts = {.a = report,
                        .b = known,
                        .days = match_days(report, known),
                        .places = match_texts_nearest(&report->places, &known->places, NULL),
                        .artefact = artefact,
                        .sure = who == WHO_SURE,
                        .ret = ret};
    act_note(&acts);
    enum what what = judge_what(&acts);
    if (what == WHAT_OTHER) {
        for (size_t i = 0; i < MATCH_FIELD_COUNT; i++) {
            ret->fields[i].share_milli = 0;
        }
        return;
    }
    int32_t gap = acts.days.gap < 0 ? -acts.days.gap : acts.days.gap;
    int32_t off = (gap < 10 ? gap : 10) * DAY_MILLI;
    act_give(&acts, what);
    ret->fields[MATCH_DAY].share_milli -= off;
    ret->score_milli = (uint32_t)((int32_t)who * 125 + (int32_t)what * WHAT_MILLI - off);
    ret->rule = rule_of(who, what);
    ret->fragile = who == WHO_WEAK || what == WHAT_BARE;
    bool same = who >= WHO_WEAK && what >= WHAT_BARE && !(who == WHO_WEAK && what == WHAT_BARE);
    ret->verdict = same ? VERDICT_SAME : VERDICT_MAYBE;
}
