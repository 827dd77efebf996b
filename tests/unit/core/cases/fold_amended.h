/* fold_amended.h - reports that their filers amend and withdraw, for tests of the fold. */
#ifndef UNIT_CORE_CASES_FOLD_AMENDED_H
#define UNIT_CORE_CASES_FOLD_AMENDED_H

#include "unit/core/cases/fold_story.h"

#define OTHER_NIP "197005052000031002"
#define THIRD_NIP "199001012015011001"
#define SAID_MAX 8u

/* What a report says; names and nips of one subject each, until NULL. */
struct said {
    const char *key, *form, *regency;
    struct {
        const char *name, *nip;
    } subjects[SAID_MAX];
    int32_t day; /* 0: as ever */
};

static inline struct report said_report(const struct said *said, struct subject subjects[SAID_MAX])
{
    struct report report = {.regency = bytes_of_text("16.07"),
                            .key = bytes_of_text(said->key),
                            .form = bytes_of_text(said->form != NULL ? said->form : "DS-06"),
                            .description = bytes_of_text("uraian"),
                            .channel = 1,
                            .has_occurred_on = true,
                            .occurred_on = said->day != 0 ? said->day : 20000,
                            .has_known_on = true,
                            .known_on = 20100,
                            .subjects = subjects,
                            .salt = {1, 2, 3, 4, 5, 6, 7, 8}};
    for (size_t i = 0; i < SAID_MAX && said->subjects[i].name != NULL; i++) {
        subjects[i] = (struct subject){.name = bytes_of_text(said->subjects[i].name),
                                       .nip = bytes_of_text(said->subjects[i].nip),
                                       .unit = bytes_of_text("Dinas A"),
                                       .regency = bytes_of_text(said->regency)};
        report.subject_count++;
    }
    return report;
}

/* Its name. */
static inline struct entry_id file_it(struct story *story, const struct said *said)
{
    uint8_t body[ENTRY_BYTES_MAX];
    struct subject subjects[SAID_MAX];
    size_t len = 0;
    struct report report = said_report(said, subjects);
    assert_int_equal(report_encode(&report, body, sizeof body, &len, NULL), 0);
    from_node(story, "16.07", ENTRY_REPORT, bytes_of(body, len));
    return (struct entry_id){.incarnation = {{9}}, .seq = story->node_seq};
}

static inline size_t amendment_bytes(const struct entry_id *target, const struct said *said,
                                     uint8_t body[ENTRY_BYTES_MAX])
{
    struct subject subjects[SAID_MAX];
    size_t len = 0;
    struct amendment amendment = {
        .target = *target, .report = said_report(said, subjects), .salt = {9}};
    assert_int_equal(amendment_encode(&amendment, body, ENTRY_BYTES_MAX, &len, NULL), 0);
    return len;
}

static inline size_t withdrawal_bytes(const struct entry_id *target, uint8_t body[ENTRY_BYTES_MAX])
{
    size_t len = 0;
    struct withdrawal withdrawal = {
        .target = *target, .reason = bytes_of_text("dicabut"), .salt = {8}};
    assert_int_equal(withdrawal_encode(&withdrawal, body, ENTRY_BYTES_MAX, &len, NULL), 0);
    return len;
}

static inline void amend(struct story *story, const struct entry_id *target,
                         const struct said *said)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = amendment_bytes(target, said, body);
    from_node(story, "16.07", ENTRY_AMENDMENT, bytes_of(body, len));
}

static inline void take_back(struct story *story, const struct entry_id *target)
{
    uint8_t body[ENTRY_BYTES_MAX];
    size_t len = withdrawal_bytes(target, body);
    from_node(story, "16.07", ENTRY_WITHDRAWAL, bytes_of(body, len));
}

/* The case that holds this report's subject. */
static inline struct case_name case_for(const struct story *story, const struct entry_id *id,
                                        uint32_t subject)
{
    struct case_name name;
    case_name_of(id, subject, &name);
    struct bytes value;
    if (story->views.get(story->views.arg, VIEW_PLACEMENTS, bytes_of(name.b, sizeof name.b),
                         &value) == 0) {
        struct placement placement;
        arena_reset(story->arena);
        assert_int_equal(placement_decode(value, story->arena, &placement, NULL), 0);
        assert_true(case_name_parse(placement.case_name, &name));
    }
    return name;
}

static inline struct report_view report_of(const struct story *story, const struct entry_id *id)
{
    struct view_key key;
    struct bytes value;
    struct report_view view;
    view_key_init(&key, bytes_of(id->incarnation.b, INCARNATION_BYTES));
    view_key_u64(&key, id->seq);
    assert_int_equal(story->views.get(story->views.arg, VIEW_REPORTS, view_key_bytes(&key), &value),
                     0);
    assert_int_equal(report_view_decode(value, &view), 0);
    return view;
}

#endif
