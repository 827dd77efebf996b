#include "core/wire/span_model.h"

#include "core/wire/context_model.h"
#include "core/wire/span_fields.h"

#include "core/base/assert.h"
#include "core/base/limits.h"

#include <stdlib.h>
#include <string.h>

#define ROW_HEAD_BYTES 4u
#define LENGTH_ERASED 0x8000u
#define NUMBER_BYTES 8u

/* How a body goes. */
enum form { FORM_FIELDS, FORM_WHOLE, FORM_ERASED };

/* What a column is of; its number is (message or kind, field) and this. */
enum role { ROLE_KIND, ROLE_FORM, ROLE_TAG, ROLE_NUMBER, ROLE_TEXT, ROLE_RAW, ROLE_WHOLE };

struct span_model {
    struct context_model *contexts;
    struct range_coder coder;
    uint64_t last[SPAN_FIELD_SLOTS], kept_last[SPAN_FIELD_SLOTS];
    struct writer out; /* of reading */
    bool wrong;        /* what was read makes no sense */
};

/* ---- symbols, both ways: what is given is written, what comes back was written or read ---- */

static void column(struct span_model *model, uint32_t message, uint32_t field, enum role role)
{
    context_model_column(model->contexts, message << 20 | field << 4 | (uint32_t)role);
}

static uint8_t symbol(struct span_model *model, uint8_t byte)
{
    return context_model_byte(model->contexts, &model->coder, byte);
}

static uint64_t number(struct span_model *model, uint64_t value)
{
    uint8_t bytes = 0;
    uint64_t got = 0;
    while (bytes < NUMBER_BYTES && value >> (8 * bytes) != 0) {
        bytes++;
    }
    bytes = symbol(model, bytes);
    if (bytes > NUMBER_BYTES) {
        model->wrong = true;
        return 0;
    }
    for (unsigned i = bytes; i > 0; i--) {
        got = got << 8 | symbol(model, (uint8_t)(value >> (8 * (i - 1))));
    }
    return got;
}

static uint8_t unforeseen(struct span_model *model, uint8_t byte)
{
    unsigned got = 0;
    for (int at = 7; at >= 0; at--) {
        got =
            got << 1 | range_coder_bit(&model->coder, RANGE_CODER_EVEN, (unsigned)byte >> at & 1u);
    }
    return (uint8_t)got;
}

static bool reading(const struct span_model *model)
{
    return model->coder.mode == RANGE_CODER_READ;
}

/* Whether reading may go on: the room that is left bounds every loop. */
static bool going(const struct span_model *model)
{
    return !model->wrong && !model->out.overflow;
}

static void emit(struct span_model *model, uint8_t byte)
{
    if (reading(model)) {
        writer_u8(&model->out, byte);
    }
}

static void run_of(struct span_model *model, struct bytes bytes, bool foreseen)
{
    uint64_t len = number(model, bytes.len);
    if (reading(model) && (!going(model) || len > model->out.capacity - model->out.len)) {
        model->wrong = true;
        return;
    }
    for (uint64_t i = 0; i < len; i++) {
        uint8_t byte = reading(model) ? 0 : bytes.data[i];
        emit(model, foreseen ? symbol(model, byte) : unforeseen(model, byte));
    }
}

static void text(struct span_model *model, struct bytes bytes)
{
    for (size_t i = 0; going(model); i++) {
        uint8_t byte = symbol(model, !reading(model) && i < bytes.len ? bytes.data[i] : 0);
        if (byte == 0) {
            break;
        }
        emit(model, byte);
    }
}

static uint32_t tag_of(struct span_model *model, uint32_t tag)
{
    uint8_t low = symbol(model, (uint8_t)((tag & 0x7fu) | (tag > 0x7f ? 0x80u : 0)));
    return low < 0x80 ? low : (low & 0x7fu) | (uint32_t)symbol(model, (uint8_t)(tag >> 7)) << 7;
}

static uint64_t value_of(struct span_model *model, const struct span_token *token)
{
    if (token->slot == 0) {
        return number(model, token->number);
    }
    uint64_t *last = &model->last[token->slot];
    uint64_t step = span_unfold(token->number) - *last;
    *last += span_unfold(number(model, span_fold(step)));
    return span_fold(*last);
}

/* ---- bodies ---- */

static void say_field(struct span_model *model, const struct span_token *token)
{
    switch (token->type) {
    case SPAN_TOKEN_NUMBER:
        column(model, token->message, token->field, ROLE_NUMBER);
        (void)value_of(model, token);
        break;
    case SPAN_TOKEN_TEXT:
        column(model, token->message, token->field, ROLE_TEXT);
        text(model, token->bytes);
        break;
    case SPAN_TOKEN_RAW:
        column(model, token->message, token->field, ROLE_RAW);
        run_of(model, token->bytes, false);
        break;
    case SPAN_TOKEN_OPEN:
    case SPAN_TOKEN_END:
        break;
    }
}

static void say_fields(struct span_model *model, unsigned kind, struct bytes body)
{
    struct span_field_reader reader;
    struct span_token token;
    span_fields_read(&reader, kind, body);
    while (!reader.done && span_field_next(&reader, &token)) {
        column(model, token.message, token.tag_before, ROLE_TAG);
        (void)tag_of(model, token.tag);
        say_field(model, &token);
    }
}

static void hear_field(struct span_model *model, struct span_field_writer *writer,
                       const struct span_token *token)
{
    size_t start = 0;
    span_field_tag(writer, token);
    switch (token->type) {
    case SPAN_TOKEN_NUMBER:
        column(model, token->message, token->field, ROLE_NUMBER);
        span_field_number(writer, value_of(model, token));
        break;
    case SPAN_TOKEN_TEXT:
        column(model, token->message, token->field, ROLE_TEXT);
        start = model->out.len;
        text(model, bytes_of(NULL, 0));
        span_field_length(writer, start);
        break;
    case SPAN_TOKEN_RAW:
        column(model, token->message, token->field, ROLE_RAW);
        start = model->out.len;
        run_of(model, bytes_of(NULL, 0), false);
        span_field_length(writer, start);
        break;
    case SPAN_TOKEN_OPEN:
    case SPAN_TOKEN_END:
        break;
    }
}

static void hear_fields(struct span_model *model, unsigned kind)
{
    struct span_field_writer writer;
    struct span_token token;
    span_fields_write(&writer, kind, &model->out);
    while (!writer.done && going(model)) {
        span_field_where(&writer, &token);
        column(model, token.message, token.tag_before, ROLE_TAG);
        if (!span_field_tagged(tag_of(model, 0), &token)) {
            model->wrong = true;
            return;
        }
        hear_field(model, &writer, &token);
    }
}

/* ---- rows ---- */

static enum form form_of(unsigned kind, bool erased, struct bytes body)
{
    struct span_field_reader reader;
    struct span_token token;
    if (erased) {
        return FORM_ERASED;
    }
    span_fields_read(&reader, kind, body);
    while (!reader.done) {
        if (!span_field_next(&reader, &token)) {
            return FORM_WHOLE;
        }
    }
    return FORM_FIELDS;
}

static unsigned kind_and_form(struct span_model *model, unsigned kind, uint8_t *form)
{
    column(model, 0, 0, ROLE_KIND);
    unsigned high = symbol(model, (uint8_t)(kind >> 8));
    unsigned got = high << 8 | symbol(model, (uint8_t)kind);
    column(model, 0, got, ROLE_FORM);
    *form = symbol(model, *form);
    return got;
}

static void say_row(struct span_model *model, unsigned kind, bool erased, struct bytes body)
{
    uint8_t form = (uint8_t)form_of(kind, erased, body);
    (void)kind_and_form(model, kind, &form);
    if (form == FORM_FIELDS) {
        say_fields(model, kind, body);
    } else {
        column(model, 0, kind, ROLE_WHOLE);
        run_of(model, body, form == FORM_WHOLE);
    }
}

static void hear_row(struct span_model *model)
{
    uint8_t form = 0;
    unsigned kind = kind_and_form(model, 0, &form);
    size_t start = model->out.len + ROW_HEAD_BYTES;
    writer_be16(&model->out, (uint16_t)kind);
    writer_be16(&model->out, 0);
    if (form == FORM_FIELDS) {
        hear_fields(model, kind);
    } else if (form <= FORM_ERASED) {
        column(model, 0, kind, ROLE_WHOLE);
        run_of(model, bytes_of(NULL, 0), form == FORM_WHOLE);
    } else {
        model->wrong = true;
    }
    if (going(model) && model->out.len - start <= ENTRY_BYTES_MAX) {
        size_t len = model->out.len - start;
        put_be16(model->out.data + start - 2,
                 (uint16_t)(len | (form == FORM_ERASED ? LENGTH_ERASED : 0)));
    } else {
        model->wrong = true;
    }
}

static bool say_rows(struct span_model *model, struct bytes rows)
{
    struct reader reader;
    reader_init(&reader, rows);
    while (reader_left(&reader) > 0) {
        unsigned kind = reader_be16(&reader);
        unsigned length = reader_be16(&reader);
        struct bytes body = reader_bytes(&reader, length & ~LENGTH_ERASED);
        if (reader.underflow) {
            return false;
        }
        say_row(model, kind, (length & LENGTH_ERASED) != 0, body);
        if (model->coder.to.overflow) {
            return false;
        }
    }
    return true;
}

/* ---- spans ---- */

static bool learn(struct span_model *model, struct bytes dictionary)
{
    model->contexts = context_model_new();
    range_coder_learn(&model->coder);
    if (model->contexts == NULL || !say_rows(model, dictionary)) {
        return false;
    }
    context_model_keep(model->contexts);
    memcpy(model->kept_last, model->last, sizeof model->last);
    return true;
}

struct span_model *span_model_new(struct bytes dictionary)
{
    struct span_model *model = calloc(1, sizeof *model);
    if (model != NULL && !learn(model, dictionary)) {
        span_model_free(model);
        model = NULL;
    }
    return model;
}

void span_model_free(struct span_model *model)
{
    if (model != NULL) {
        context_model_free(model->contexts);
        free(model);
    }
}

/* Back to what the dictionary taught, and on from there with what went before. */
static void begin(struct span_model *model, struct bytes before)
{
    context_model_forget(model->contexts);
    memcpy(model->last, model->kept_last, sizeof model->last);
    model->wrong = false;
    writer_init(&model->out, NULL, 0);
    range_coder_learn(&model->coder);
    bool whole = say_rows(model, before);
    ASSERT(whole);
}

size_t span_model_pack(struct span_model *model, struct bytes before, struct bytes rows,
                       uint8_t *to, size_t room)
{
    begin(model, before);
    range_coder_write(&model->coder, to, room);
    return say_rows(model, rows) ? range_coder_close(&model->coder) : 0;
}

int span_model_unpack(struct span_model *model, struct bytes before, struct bytes payload,
                      uint32_t count, uint8_t *to, size_t raw_len, struct err_ctx *err)
{
    begin(model, before);
    range_coder_read(&model->coder, payload);
    writer_init(&model->out, to, raw_len);
    for (uint32_t i = 0; i < count && going(model); i++) {
        hear_row(model);
    }
    if (!going(model)) {
        return err_set(err, ERR_FORMAT, "span: its payload makes no sense");
    }
    if (model->out.len != raw_len || !range_coder_at_end(&model->coder)) {
        return err_set(err, ERR_FORMAT, "span: %zu bytes came out, not %zu, or some are left over",
                       model->out.len, raw_len);
    }
    return 0;
}
