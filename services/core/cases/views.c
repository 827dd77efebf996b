#include "core/cases/views.h"

#include "core/base/assert.h"

const char *const view_table_names[VIEW_TABLE_COUNT] = {
    [VIEW_META] = "meta",
    [VIEW_REPORTS] = "reports",
    [VIEW_REPORT_KEYS] = "report_keys",
    [VIEW_PLACEMENTS] = "placements",
    [VIEW_CASES] = "cases",
    [VIEW_CASE_REPORTS] = "case_reports",
    [VIEW_CASE_KEYS] = "case_keys",
    [VIEW_CASE_NUMBERS] = "case_numbers",
    [VIEW_DOCUMENTS] = "documents",
    [VIEW_RUNGS] = "rungs",
    [VIEW_ADDRESSEES] = "addressees",
    [VIEW_ZEROS] = "zeros",
    [VIEW_REFUSED] = "refused",
    [VIEW_NODES] = "nodes",
    [VIEW_LINES] = "lines",
    [VIEW_COPIES] = "copies",
    [VIEW_SAID] = "said",
    [VIEW_COPIED] = "copied",
    [VIEW_ALARMS] = "alarms",
    [VIEW_AWAITED] = "awaited",
    [VIEW_SUPERSEDED] = "superseded",
    [VIEW_HELD] = "held",
    [VIEW_RUNGS_EARLY] = "rungs_early",
    [VIEW_PERSONS] = "persons",
    [VIEW_FILED] = "filed",
    [VIEW_ANSWERS] = "answers",
    [VIEW_MERGED] = "merged",
    [VIEW_PARTED] = "parted",
    [VIEW_FILES] = "files",
};

/* ---- values: numbers big-endian, texts with two bytes of length before them ---- */
static void put_text(struct writer *writer, struct bytes text)
{
    ASSERT(text.len <= UINT16_MAX);
    writer_be16(writer, (uint16_t)text.len);
    writer_bytes(writer, text);
}

static struct bytes get_text(struct reader *reader)
{
    size_t len = reader_be16(reader);
    return reader_bytes(reader, len);
}

static void put_i64(struct writer *writer, int64_t value)
{
    writer_be64(writer, (uint64_t)value);
}

static int64_t get_i64(struct reader *reader)
{
    return (int64_t)reader_be64(reader);
}

static void put_id(struct writer *writer, const struct entry_id *id)
{
    writer_bytes(writer, bytes_of(id->incarnation.b, INCARNATION_BYTES));
    writer_be64(writer, id->seq);
}

static void get_id(struct reader *reader, struct entry_id *ret)
{
    reader_copy(reader, ret->incarnation.b, INCARNATION_BYTES);
    ret->seq = reader_be64(reader);
}

/* A code below `count`, or the value is malformed. */
static unsigned get_code(struct reader *reader, unsigned count)
{
    unsigned code = reader_u8(reader);
    if (code >= count) {
        reader->underflow = true;
    }
    return code < count ? code : 0;
}

static void put_arrival(struct writer *writer, const struct arrival *arrival)
{
    writer_u8(writer, arrival->has_entered_ms);
    put_i64(writer, arrival->entered_ms);
    put_i64(writer, arrival->received_ms);
    writer_u8(writer, arrival->has_clock);
    writer_be32(writer, (uint32_t)arrival->clock_s);
}

static void get_arrival(struct reader *reader, struct arrival *ret)
{
    ret->has_entered_ms = get_code(reader, 2) == 1;
    ret->entered_ms = get_i64(reader);
    ret->received_ms = get_i64(reader);
    ret->has_clock = get_code(reader, 2) == 1;
    ret->clock_s = (int32_t)reader_be32(reader);
}

static size_t written(const struct writer *writer)
{
    ASSERT(!writer->overflow);
    return writer->len;
}

static int whole(const struct reader *reader)
{
    return reader->underflow || reader_left(reader) != 0 ? ERR_FORMAT : 0;
}

/* The value comes out only when it was whole. */
#define RETURN_WHOLE(reader, view, ret)                                                            \
    do {                                                                                           \
        int status_ = whole(&(reader));                                                            \
        if (status_ == 0) {                                                                        \
            *(ret) = (view);                                                                       \
        }                                                                                          \
        return status_;                                                                            \
    } while (0)

size_t case_view_encode(const struct case_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    writer_be64(&writer, view->number);
    writer_be64(&writer, view->version);
    writer_u8(&writer, (uint8_t)view->state);
    put_text(&writer, view->regency);
    put_text(&writer, view->filed_by);
    put_text(&writer, view->name);
    put_text(&writer, view->nip);
    put_text(&writer, view->nik);
    put_text(&writer, view->unit);
    put_text(&writer, view->position);
    put_text(&writer, view->form);
    put_text(&writer, view->link);
    put_text(&writer, view->match);
    writer_u8(&writer, (uint8_t)view->employment);
    writer_u8(&writer, view->has_occurred_on);
    writer_be32(&writer, (uint32_t)view->occurred_on);
    writer_be64(&writer, view->report_count);
    writer_be64(&writer, view->withdrawn_count);
    writer_be64(&writer, view->filer_versions);
    writer_u8(&writer, view->needs_review);
    writer_be64(&writer, view->opened_position);
    put_i64(&writer, view->opened_ms);
    put_i64(&writer, view->since_ms);
    put_text(&writer, view->assigned);
    put_text(&writer, view->authority);
    put_text(&writer, view->barred);
    writer_u8(&writer, (uint8_t)view->leave);
    writer_u8(&writer, view->reached);
    return written(&writer);
}

int case_view_decode(struct bytes value, struct case_view *ret)
{
    struct reader reader;
    struct case_view view = {0};
    reader_init(&reader, value);
    view.number = reader_be64(&reader);
    view.version = reader_be64(&reader);
    view.state = (enum case_state)get_code(&reader, CASE_STATE_COUNT);
    view.regency = get_text(&reader);
    view.filed_by = get_text(&reader);
    view.name = get_text(&reader);
    view.nip = get_text(&reader);
    view.nik = get_text(&reader);
    view.unit = get_text(&reader);
    view.position = get_text(&reader);
    view.form = get_text(&reader);
    view.link = get_text(&reader);
    view.match = get_text(&reader);
    view.employment = (int)get_code(&reader, EMPLOYMENT_COUNT);
    view.has_occurred_on = get_code(&reader, 2) == 1;
    view.occurred_on = (int32_t)reader_be32(&reader);
    view.report_count = reader_be64(&reader);
    view.withdrawn_count = reader_be64(&reader);
    view.filer_versions = reader_be64(&reader);
    view.needs_review = get_code(&reader, 2) == 1;
    view.opened_position = reader_be64(&reader);
    view.opened_ms = get_i64(&reader);
    view.since_ms = get_i64(&reader);
    view.assigned = get_text(&reader);
    view.authority = get_text(&reader);
    view.barred = get_text(&reader);
    view.leave = (int)get_code(&reader, LEAVE_COUNT);
    view.reached = (uint8_t)get_code(&reader, 8);
    RETURN_WHOLE(reader, view, ret);
}

size_t report_view_encode(const struct report_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    writer_be64(&writer, view->position);
    put_text(&writer, view->regency);
    writer_be32(&writer, view->subject_count);
    put_i64(&writer, view->received_ms);
    writer_u8(&writer, (uint8_t)view->state);
    put_id(&writer, &view->contents);
    put_id(&writer, &view->withdrawal);
    writer_be32(&writer, view->amendments);
    put_i64(&writer, view->changed_ms);
    return written(&writer);
}

int report_view_decode(struct bytes value, struct report_view *ret)
{
    struct reader reader;
    struct report_view view = {0};
    reader_init(&reader, value);
    view.position = reader_be64(&reader);
    view.regency = get_text(&reader);
    view.subject_count = reader_be32(&reader);
    view.received_ms = get_i64(&reader);
    view.state = (enum report_state)get_code(&reader, REPORT_STATE_COUNT);
    get_id(&reader, &view.contents);
    get_id(&reader, &view.withdrawal);
    view.amendments = reader_be32(&reader);
    view.changed_ms = get_i64(&reader);
    RETURN_WHOLE(reader, view, ret);
}

size_t case_report_view_encode(const struct case_report_view *view, uint8_t *ret,
                               size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    put_id(&writer, &view->id);
    writer_be32(&writer, view->subject);
    writer_u8(&writer, (uint8_t)view->outcome);
    writer_be32(&writer, view->score_milli);
    put_text(&writer, view->rule);
    writer_u8(&writer, view->withdrawn);
    return written(&writer);
}

int case_report_view_decode(struct bytes value, struct case_report_view *ret)
{
    struct reader reader;
    struct case_report_view view = {0};
    reader_init(&reader, value);
    get_id(&reader, &view.id);
    view.subject = reader_be32(&reader);
    view.outcome = (enum placement_outcome)get_code(&reader, PLACEMENT_REROUTED + 1u);
    view.score_milli = reader_be32(&reader);
    view.rule = get_text(&reader);
    view.withdrawn = get_code(&reader, 2) == 1;
    RETURN_WHOLE(reader, view, ret);
}

size_t document_view_encode(const struct document_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    writer_u8(&writer, (uint8_t)view->state);
    writer_u8(&writer, (uint8_t)view->type);
    writer_bytes(&writer, bytes_of(view->case_name.b, CASE_NAME_BYTES));
    put_text(&writer, view->addressee);
    writer_be64(&writer, view->position);
    put_i64(&writer, view->proposed_ms);
    put_i64(&writer, view->issued_ms);
    put_i64(&writer, view->expires_ms);
    writer_u8(&writer, view->returned);
    writer_u8(&writer, view->rungs);
    put_text(&writer, view->signed_document);
    put_text(&writer, view->superseded_by);
    put_text(&writer, view->withdrawn_by);
    put_text(&writer, view->withdrawn_why);
    return written(&writer);
}

int document_view_decode(struct bytes value, struct document_view *ret)
{
    struct reader reader;
    struct document_view view = {0};
    reader_init(&reader, value);
    view.state = (enum document_state)get_code(&reader, DOCUMENT_STATE_COUNT);
    view.type = (enum document_type)get_code(&reader, DOCUMENT_TYPE_QUESTION + 1u);
    reader_copy(&reader, view.case_name.b, CASE_NAME_BYTES);
    view.addressee = get_text(&reader);
    view.position = reader_be64(&reader);
    view.proposed_ms = get_i64(&reader);
    view.issued_ms = get_i64(&reader);
    view.expires_ms = get_i64(&reader);
    view.returned = get_code(&reader, 2) == 1;
    view.rungs = reader_u8(&reader);
    view.signed_document = get_text(&reader);
    view.superseded_by = get_text(&reader);
    view.withdrawn_by = get_text(&reader);
    view.withdrawn_why = get_text(&reader);
    RETURN_WHOLE(reader, view, ret);
}

size_t rung_view_encode(const struct rung_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    writer_u8(&writer, (uint8_t)view->rung);
    put_text(&writer, view->regency);
    put_text(&writer, view->person);
    put_text(&writer, view->note);
    put_i64(&writer, view->at_ms);
    put_i64(&writer, view->received_ms);
    return written(&writer);
}

int rung_view_decode(struct bytes value, struct rung_view *ret)
{
    struct reader reader;
    struct rung_view view = {0};
    reader_init(&reader, value);
    view.rung = (enum rung_kind)get_code(&reader, RUNG_KIND_EXECUTED + 1u);
    view.regency = get_text(&reader);
    view.person = get_text(&reader);
    view.note = get_text(&reader);
    view.at_ms = get_i64(&reader);
    view.received_ms = get_i64(&reader);
    RETURN_WHOLE(reader, view, ret);
}

size_t zero_view_encode(const struct zero_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    put_id(&writer, &view->id);
    put_text(&writer, view->stated_name);
    put_arrival(&writer, &view->arrival);
    return written(&writer);
}

int zero_view_decode(struct bytes value, struct zero_view *ret)
{
    struct reader reader;
    struct zero_view view = {0};
    reader_init(&reader, value);
    get_id(&reader, &view.id);
    view.stated_name = get_text(&reader);
    get_arrival(&reader, &view.arrival);
    RETURN_WHOLE(reader, view, ret);
}

size_t filed_view_encode(const struct filed_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    put_id(&writer, &view->id);
    writer_u8(&writer, view->how);
    writer_u8(&writer, view->classes);
    put_arrival(&writer, &view->arrival);
    return written(&writer);
}

int filed_view_decode(struct bytes value, struct filed_view *ret)
{
    struct reader reader;
    struct filed_view view = {0};
    reader_init(&reader, value);
    get_id(&reader, &view.id);
    view.how = (uint8_t)get_code(&reader, 4);
    view.classes = (uint8_t)get_code(&reader, 1u << EMPLOYMENT_COUNT);
    get_arrival(&reader, &view.arrival);
    RETURN_WHOLE(reader, view, ret);
}

size_t refused_view_encode(const struct refused_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    put_id(&writer, &view->id);
    put_text(&writer, view->code);
    put_text(&writer, view->text);
    return written(&writer);
}

int refused_view_decode(struct bytes value, struct refused_view *ret)
{
    struct reader reader;
    struct refused_view view = {0};
    reader_init(&reader, value);
    get_id(&reader, &view.id);
    view.code = get_text(&reader);
    view.text = get_text(&reader);
    RETURN_WHOLE(reader, view, ret);
}

size_t node_view_encode(const struct node_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    writer_u8(&writer, (uint8_t)view->state);
    writer_be64(&writer, view->number);
    put_text(&writer, view->regency);
    writer_bytes(&writer, bytes_of(view->curve_key.b, KEY_BYTES));
    writer_bytes(&writer, bytes_of(view->signing_key.b, KEY_BYTES));
    writer_bytes(&writer, bytes_of(view->office.b, INCARNATION_BYTES));
    put_i64(&writer, view->at_ms);
    return written(&writer);
}

int node_view_decode(struct bytes value, struct node_view *ret)
{
    struct reader reader;
    struct node_view view = {0};
    reader_init(&reader, value);
    unsigned state = get_code(&reader, NODE_REVOKED + 1u);
    view.state = state == NODE_REVOKED  ? NODE_REVOKED
                 : state == NODE_ACTIVE ? NODE_ACTIVE
                                        : NODE_PENDING;
    view.number = reader_be64(&reader);
    view.regency = get_text(&reader);
    reader_copy(&reader, view.curve_key.b, KEY_BYTES);
    reader_copy(&reader, view.signing_key.b, KEY_BYTES);
    reader_copy(&reader, view.office.b, INCARNATION_BYTES);
    view.at_ms = get_i64(&reader);
    RETURN_WHOLE(reader, view, ret);
}

size_t line_view_encode(const struct line_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    put_id(&writer, &view->predecessor);
    writer_be64(&writer, view->copies);
    writer_be64(&writer, view->copied_from);
    return written(&writer);
}

int line_view_decode(struct bytes value, struct line_view *ret)
{
    struct reader reader;
    struct line_view view = {0};
    reader_init(&reader, value);
    get_id(&reader, &view.predecessor);
    view.copies = reader_be64(&reader);
    view.copied_from = reader_be64(&reader);
    RETURN_WHOLE(reader, view, ret);
}

size_t copy_view_encode(const struct copy_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    writer_be64(&writer, view->position);
    put_id(&writer, &view->id);
    return written(&writer);
}

int copy_view_decode(struct bytes value, struct copy_view *ret)
{
    struct reader reader;
    struct copy_view view = {0};
    reader_init(&reader, value);
    view.position = reader_be64(&reader);
    get_id(&reader, &view.id);
    RETURN_WHOLE(reader, view, ret);
}

size_t copied_view_encode(const struct copied_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    put_id(&writer, &view->canonical);
    writer_be64(&writer, view->position);
    return written(&writer);
}

int copied_view_decode(struct bytes value, struct copied_view *ret)
{
    struct reader reader;
    struct copied_view view = {0};
    reader_init(&reader, value);
    get_id(&reader, &view.canonical);
    view.position = reader_be64(&reader);
    RETURN_WHOLE(reader, view, ret);
}

size_t held_view_encode(const struct held_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    put_id(&writer, &view->id);
    writer_be64(&writer, view->enrolment);
    put_i64(&writer, view->received_ms);
    put_text(&writer, view->owner);
    put_text(&writer, view->body);
    return written(&writer);
}

int held_view_decode(struct bytes value, struct held_view *ret)
{
    struct reader reader;
    struct held_view view = {0};
    reader_init(&reader, value);
    get_id(&reader, &view.id);
    view.enrolment = reader_be64(&reader);
    view.received_ms = get_i64(&reader);
    view.owner = get_text(&reader);
    view.body = get_text(&reader);
    RETURN_WHOLE(reader, view, ret);
}

size_t file_view_encode(const struct file_view *view, uint8_t *ret, size_t capacity_max)
{
    struct writer writer;
    writer_init(&writer, ret, capacity_max);
    writer_bytes(&writer, bytes_of(view->sha256.b, HASH_BYTES));
    writer_bytes(&writer, bytes_of(view->list.b, HASH_BYTES));
    writer_be64(&writer, view->size);
    return written(&writer);
}

int file_view_decode(struct bytes value, struct file_view *ret)
{
    struct reader reader;
    struct file_view view = {0};
    reader_init(&reader, value);
    reader_copy(&reader, view.sha256.b, HASH_BYTES);
    reader_copy(&reader, view.list.b, HASH_BYTES);
    view.size = reader_be64(&reader);
    RETURN_WHOLE(reader, view, ret);
}
