/* By which days and regencies a report is found: what completeness is counted from. */
#include "core/cases/fold_parts.h"

#include "core/rules/catalogue_set.h"

struct arrival fold_arrival(const struct fold *fold, bool has_entered_ms, int64_t entered_ms)
{
    return (struct arrival){.has_entered_ms = has_entered_ms,
                            .entered_ms = has_entered_ms ? entered_ms : 0,
                            .received_ms = fold->input->received_ms,
                            .has_clock = fold->input->has_clock,
                            .clock_s = fold->input->clock_s};
}

/* The day of the act, or the day it became known: a report says one of them. */
static int32_t day_of(const struct report *report)
{
    return report->has_occurred_on ? report->occurred_on : report->known_on;
}

static uint8_t class_bit(const struct subject *subject)
{
    struct bytes name = catalogue_class(subject->employment, subject->nip);
    for (unsigned i = 1; i < EMPLOYMENT_COUNT; i++) {
        if (bytes_equal(name, bytes_of_text(employment_names[i]))) {
            return (uint8_t)(1u << i);
        }
    }
    return 0;
}

static struct bytes employer(const struct report *report, const struct subject *subject)
{
    return subject->regency.len > 0 ? subject->regency : report->regency;
}

static void filed_key(const struct fold *fold, struct bytes regency, const struct report *report,
                      struct view_key *ret)
{
    view_key_init(ret, regency);
    view_key_zero(ret);
    view_key_u32(ret, (uint32_t)day_of(report));
    view_key_u64(ret, fold->report_position);
}

/* One record of a regency: the subjects it employs, and all of them where it filed. */
static void filed_put(struct fold *fold, const struct report *report, struct bytes regency,
                      const struct arrival *arrival)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    struct view_key key;
    bool here = bytes_equal(regency, report->regency);
    struct filed_view view = {
        .id = fold->report, .how = here ? FILED_HERE : 0, .arrival = *arrival};
    for (size_t i = 0; i < report->subject_count; i++) {
        bool about = bytes_equal(employer(report, &report->subjects[i]), regency);
        view.how |= about ? FILED_ABOUT : 0;
        view.classes |= here || about ? class_bit(&report->subjects[i]) : 0;
    }
    filed_key(fold, regency, report, &key);
    size_t len = filed_view_encode(&view, value, sizeof value);
    fold_put(fold, VIEW_FILED, view_key_bytes(&key), bytes_of(value, len));
}

static void file_put(struct fold *fold, const struct report *report, size_t index)
{
    uint8_t value[SMALL_VIEW_BYTES_MAX];
    const struct evidence *evidence = &report->evidence[index];
    struct view_key key;
    struct file_view view = {.sha256 = evidence->sha256, .size = evidence->size};
    memcpy(view.list.b, evidence->block_list.data, HASH_BYTES);
    view_key_init(&key, report->regency);
    view_key_zero(&key);
    view_key_u64(&key, fold->input->position * EVIDENCE_MAX + index);
    size_t len = file_view_encode(&view, value, sizeof value);
    fold_put(fold, VIEW_FILES, view_key_bytes(&key), bytes_of(value, len));
}

/* What is to be fetched from the node that has it. Files of contents that were amended stay. */
static void files_put(struct fold *fold, const struct report *report)
{
    for (size_t i = 0; i < report->evidence_count; i++) {
        const struct evidence *evidence = &report->evidence[i];
        if (evidence->block_list.len == HASH_BYTES && evidence->has_size && evidence->size > 0 &&
            evidence->size <= OBJECT_BYTES_MAX) {
            file_put(fold, report, i);
        }
    }
}

void fold_filed(struct fold *fold, const struct report *report, const struct arrival *arrival)
{
    filed_put(fold, report, report->regency, arrival);
    files_put(fold, report);
    for (size_t i = 0; i < report->subject_count; i++) {
        struct bytes regency = employer(report, &report->subjects[i]);
        if (fold_in_province(fold, regency) && !bytes_equal(regency, report->regency)) {
            filed_put(fold, report, regency, arrival); /* twice the same: no matter */
        }
    }
}

int fold_filed_drop(struct fold *fold, const struct report *report, struct arrival *ret)
{
    struct view_key key;
    struct bytes value;
    struct filed_view view;
    filed_key(fold, report->regency, report, &key);
    int status = fold_get(fold, VIEW_FILED, view_key_bytes(&key), &value);
    status = status == 0 ? filed_view_decode(value, &view) : status;
    if (status != 0) {
        return status;
    }
    *ret = view.arrival;
    fold->views->del(fold->views->arg, VIEW_FILED, view_key_bytes(&key));
    for (size_t i = 0; i < report->subject_count; i++) {
        filed_key(fold, employer(report, &report->subjects[i]), report, &key);
        fold->views->del(fold->views->arg, VIEW_FILED, view_key_bytes(&key));
    }
    return 0;
}
