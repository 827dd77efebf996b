#include "core/cases/numbers.h"

#include "core/base/assert.h"
#include "core/base/plant.h"

#include <stdio.h>
#include <string.h>

bool numbers_by_of(const char *name, enum numbers_by *ret)
{
    static const char *const names[NUMBERS_BY_COUNT] = {
#define NUMBERS_X(name, text) [name] = (text),
        NUMBERS_BY_LIST(NUMBERS_X)
#undef NUMBERS_X
    };
    for (unsigned i = 0; i < NUMBERS_BY_COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum numbers_by)i;
            return true;
        }
    }
    return false;
}

/* ---- groups ---- */
static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word; empty at the end. */
static struct bytes next_word(struct bytes *text)
{
    size_t from = 0;
    while (from < text->len && is_space(text->data[from])) {
        from++;
    }
    size_t until = from;
    while (until < text->len && !is_space(text->data[until])) {
        until++;
    }
    struct bytes word = bytes_of(text->data + from, until - from);
    *text = bytes_of(text->data + until, text->len - until);
    return word;
}

/* Whether a post's first word says too little without the next one. */
static bool wants_next(const char *word)
{
    static const char *const words[] = {"kepala", "sekretaris", "staf", "analis", "plt.",
                                        "plt",    "pj.",        "pj",   "guru",   "tenaga"};
    bool wants = false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        wants = wants || strcmp(word, words[i]) == 0;
    }
    return wants;
}

/* In lower case, as far as there is room. */
static void add_word(struct bytes word, char ret[NUMBERS_GROUP_CAPACITY])
{
    size_t len = strlen(ret);
    if (len > 0 && word.len > 0) {
        ret[len++] = ' ';
    }
    for (size_t i = 0; i < word.len && len < NUMBERS_GROUP_CAPACITY - 2; i++) {
        uint8_t c = word.data[i];
        ret[len++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    ret[len] = '\0';
    while (len > 0 && !utf8_valid(bytes_of(ret, len))) {
        ret[--len] = '\0'; /* cut within a letter */
    }
}

/* What a post is called, without where: of "Camat Tanjung Rimba" the first word, of "Kepala Dinas
 * …" two. Texts are free: this is for looking; unit and post stand in the case. */
static void post_name(struct bytes position, char ret[NUMBERS_GROUP_CAPACITY])
{
    struct bytes rest = position;
    add_word(next_word(&rest), ret);
    if (wants_next(ret)) {
        add_word(next_word(&rest), ret);
    }
}

static void phase_name(const struct numbers *numbers, const struct case_view *view,
                       char ret[NUMBERS_GROUP_CAPACITY])
{
    struct catalogue_moment moment;
    if (!view->has_occurred_on) {
        return;
    }
    catalogue_moment(numbers->catalogue, view->occurred_on, &moment);
    (void)snprintf(ret, NUMBERS_GROUP_CAPACITY, "%.*s %s %s",
                   (int)(moment.election.len < 32 ? moment.election.len : 32),
                   (const char *)moment.election.data,
                   determination_phase_name(moment.determination),
                   campaign_phase_name(moment.campaign));
}

static void text_name(struct bytes text, char ret[NUMBERS_GROUP_CAPACITY])
{
    (void)snprintf(ret, NUMBERS_GROUP_CAPACITY, "%.*s", (int)text.len, (const char *)text.data);
}

char *numbers_group(const struct numbers *numbers, const struct case_view *view,
                    char ret[NUMBERS_GROUP_CAPACITY])
{
    struct period week;
    ret[0] = '\0';
    switch (numbers->by) {
    case NUMBERS_BY_FORM:
        text_name(view->form, ret);
        break;
    case NUMBERS_BY_POSITION:
        post_name(view->position, ret);
        break;
    case NUMBERS_BY_CLASS:
        text_name(catalogue_class(view->employment, view->nip), ret);
        break;
    case NUMBERS_BY_PHASE:
        phase_name(numbers, view, ret);
        break;
    case NUMBERS_BY_REGENCY:
        text_name(view->regency, ret);
        break;
    case NUMBERS_BY_WEEK:
        week = period_of(PERIOD_WEEK, period_day(view->opened_ms));
        (void)period_text(PERIOD_WEEK, &week, ret);
        break;
    case NUMBERS_BY_NOTHING:
        (void)snprintf(ret, NUMBERS_GROUP_CAPACITY, "all");
        break;
    case NUMBERS_BY_COUNT:
        ASSERT(false);
    }
    if (ret[0] == '\0') {
        (void)snprintf(ret, NUMBERS_GROUP_CAPACITY, "unknown");
    }
    return ret;
}

/* ---- counting ---- */
static void count(struct numbers_row *row, const struct case_view *view)
{
    unsigned reached = view->reached;
    if (PLANTED(NOT_PROVEN_COUNTS) && view->state == CASE_NOT_PROVEN) {
        reached |= CASE_REACHED_PROVEN;
    }
    row->reported++;
    row->proven += (reached & CASE_REACHED_PROVEN) != 0;
    row->decided += (reached & CASE_REACHED_DECIDED) != 0;
    row->executed += (reached & CASE_REACHED_EXECUTED) != 0;
}

/* Where the group is, or would be. */
static size_t place_of(const struct numbers *numbers, const char *group)
{
    size_t low = 0, high = numbers->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(numbers->rows[middle].group, group) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct numbers_row *row_of(struct numbers *numbers, const char *group)
{
    size_t at = place_of(numbers, group);
    struct numbers_row *row = &numbers->rows[at];
    if (at < numbers->count && strcmp(row->group, group) == 0) {
        return row;
    }
    if (numbers->count == NUMBERS_GROUPS_MAX) {
        return &numbers->others;
    }
    memmove(row + 1, row, (numbers->count - at) * sizeof *row);
    numbers->count++;
    *row = (struct numbers_row){.reported = 0};
    (void)snprintf(row->group, sizeof row->group, "%s", group);
    return row;
}

void numbers_add(struct numbers *numbers, const struct case_view *view)
{
    char group[NUMBERS_GROUP_CAPACITY];
    int32_t day = period_day(view->opened_ms);
    if ((numbers->has_from && day < numbers->from) ||
        (numbers->has_until && day > numbers->until) ||
        (view->state == CASE_WITHDRAWN && view->report_count > 0 && case_live(view) == 0 &&
         !PLANTED(WITHDRAWN_COUNTS))) {
        return;
    }
    count(&numbers->total, view);
    count(row_of(numbers, numbers_group(numbers, view, group)), view);
}
