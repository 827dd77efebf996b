/* Control frames: version and kind, every field, receipts and acks kept apart, hostile bytes. */
#include "core/wire/control.h"
#include "unit/core/wire/message_rows.h"

#include "kabar/v1/control.pb-c.h"

ROUND_TRIP(control)

static uint8_t frame_kind; /* of decode_message, which gets a message without its two bytes */

static int decode_message(struct bytes message, struct err_ctx *err)
{
    static uint8_t frame[FRAME_BYTES_MAX];
    static struct control control;
    frame[0] = FRAME_VERSION;
    frame[1] = frame_kind;
    if (message.len > 0) {
        memcpy(frame + 2, message.data, message.len);
    }
    arena_reset(arena);
    return control_decode(bytes_of(frame, message.len + 2), arena, &control, err);
}

static const struct row resume_rows[] = {
    {"prev", ROW_FIXED, MUST},
    {"next", ROW_FIXED, MUST},
    {"aggregator_incarnation", ROW_FIXED, MAY},
    {"enrolment", ROW_NUMBER, MUST},
    {"logs", ROW_NUMBER, MAY},
    {"logs.incarnation", ROW_FIXED, MUST},
    {"logs.lane", ROW_NUMBER, MUST},
    {"logs.acked", ROW_NUMBER, MUST},
    {"logs.last", ROW_NUMBER, MUST},
    {"logs.oldest_ms", ROW_NUMBER, MUST},
    {"office_incarnation", ROW_FIXED, MAY},
    {"office_seq", ROW_NUMBER, MUST},
    {"office_h", ROW_FIXED, MAY},
    {"credit_bytes", ROW_NUMBER, MUST},
    {"clock_ms", ROW_NUMBER, MUST},
    {"codecs", ROW_IGNORED, MAY},
    {"dictionaries", ROW_IGNORED, MAY},
    {"software", ROW_TEXT, MAY},
    {"keep_alive_s", ROW_NUMBER, MUST},
    {"successor", ROW_NUMBER, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row resumed_rows[] = {
    {"result", ROW_ENUM, MUST},
    {"next", ROW_FIXED, MUST},
    {"aggregator_incarnation", ROW_FIXED, MUST},
    {"cursors", ROW_NUMBER, MAY},
    {"cursors.incarnation", ROW_FIXED, MUST},
    {"cursors.seq", ROW_NUMBER, MUST},
    {"cursors.h", ROW_FIXED, MUST},
    {"cursors.aggregator_incarnation", ROW_FIXED, MUST},
    {"cursors.backed_up_to", ROW_NUMBER, MUST},
    {"cursors.credit_bytes", ROW_NUMBER, MUST},
    {"cursors.signature", ROW_IGNORED, MAY},
    {"clock_ms", ROW_NUMBER, MUST},
    {"codecs", ROW_IGNORED, MAY},
    {"dictionaries", ROW_IGNORED, MAY},
    {"office_incarnation", ROW_FIXED, MAY},
    {NULL, ROW_NUMBER, MAY},
};
#define ACK_ROWS                                                                                   \
    {"incarnation", ROW_FIXED, MUST}, {"seq", ROW_NUMBER, MUST}, {"h", ROW_FIXED, MUST},           \
        {"aggregator_incarnation", ROW_FIXED, MUST}, {"backed_up_to", ROW_NUMBER, MUST},           \
    {                                                                                              \
        "credit_bytes", ROW_NUMBER, MUST                                                           \
    }
static const struct row ack_rows[] = {
    ACK_ROWS,
    {"signature", ROW_IGNORED, MAY},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row receipt_rows[] = {
    ACK_ROWS,
    {"signature", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row denied_rows[] = {
    {"code", ROW_ENUM, MUST},
    {"text", ROW_TEXT, MAY},
    {"retry_s", ROW_NUMBER, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row gap_rows[] = {
    {"incarnation", ROW_FIXED, MUST},
    {"seq", ROW_NUMBER, MUST},
    {"h", ROW_FIXED, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row keep_alive_rows[] = {
    {"backlog", ROW_NUMBER, MUST}, {"oldest_ms", ROW_NUMBER, MUST}, {"clock_ms", ROW_NUMBER, MUST},
    {"answer", ROW_NUMBER, MAY},   {NULL, ROW_NUMBER, MAY},
};
static const struct row come_back_rows[] = {
    {"retry_s", ROW_NUMBER, MUST},
    {NULL, ROW_NUMBER, MAY},
};
static const struct row bye_rows[] = {
    {"reason", ROW_IGNORED, MAY},
    {NULL, ROW_NUMBER, MAY},
};

static const struct kind {
    enum frame_kind kind;
    const ProtobufCMessageDescriptor *descriptor;
    const struct row *rows;
} kinds[] = {
    {FRAME_RESUME, &kabar__v1__resume__descriptor, resume_rows},
    {FRAME_RESUMED, &kabar__v1__resumed__descriptor, resumed_rows},
    {FRAME_ACK, &kabar__v1__ack__descriptor, ack_rows},
    {FRAME_RECEIPT, &kabar__v1__ack__descriptor, receipt_rows},
    {FRAME_DENIED, &kabar__v1__denied__descriptor, denied_rows},
    {FRAME_GAP, &kabar__v1__gap__descriptor, gap_rows},
    {FRAME_KEEP_ALIVE, &kabar__v1__keep_alive__descriptor, keep_alive_rows},
    {FRAME_COME_BACK, &kabar__v1__come_back__descriptor, come_back_rows},
    {FRAME_BYE, &kabar__v1__bye__descriptor, bye_rows},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static struct bytes frame_of(enum frame_kind kind, uint8_t to[SAMPLE_BYTES_MAX])
{
    return sample("controls", "frame", frame_kind_name((int)kind), 0, to);
}

static struct rows_of rows_of_nth(size_t nth, uint8_t to[SAMPLE_BYTES_MAX])
{
    struct bytes frame = frame_of(kinds[nth].kind, to);
    frame_kind = (uint8_t)kinds[nth].kind;
    return (struct rows_of){
        .name = frame_kind_name((int)kinds[nth].kind),
        .descriptor = kinds[nth].descriptor,
        .rows = kinds[nth].rows,
        .sample = bytes_of(frame.data + 2, frame.len - 2),
        .decode = decode_message,
    };
}

static void every_field_is_checked(void **state)
{
    (void)state;
    check_all_rows(KIND_COUNT, rows_of_nth);
}

static int kind_of(const char *hex, struct err_ctx *err)
{
    static uint8_t frame[64];
    size_t len = strlen(hex) / 2;
    assert_true(hex_decode(frame, len, bytes_of_text(hex)));
    return frame_kind_of(bytes_of(frame, len), err);
}

static void frames_say_their_kind(void **state)
{
    (void)state;
    static const uint8_t large[FRAME_BYTES_MAX + 1] = {FRAME_VERSION, FRAME_SPAN};
    struct err_ctx err = {{0}};
    assert_int_equal(kind_of("0101", &err), FRAME_RESUME);
    assert_int_equal(kind_of("010dffff", &err), FRAME_MISSING);
    assert_int_equal(kind_of("", &err), ERR_FORMAT);
    assert_int_equal(kind_of("01", &err), ERR_FORMAT);
    assert_int_equal(kind_of("0100", &err), ERR_FORMAT);
    assert_int_equal(kind_of("010e", &err), ERR_FORMAT);
    assert_int_equal(kind_of("01ff", &err), ERR_FORMAT);
    assert_int_equal(kind_of("0001", &err), ERR_VERSION);
    assert_int_equal(kind_of("0201", &err), ERR_VERSION);
    assert_int_equal(frame_kind_of(bytes_of(large, FRAME_BYTES_MAX), &err), FRAME_SPAN);
    assert_int_equal(frame_kind_of(bytes_of(large, FRAME_BYTES_MAX + 1), &err), ERR_LIMIT);
    assert_string_equal(frame_kind_name(FRAME_KEEP_ALIVE), "keep_alive");
    assert_string_equal(frame_kind_name(0), "unknown");
    assert_string_equal(frame_kind_name(-3), "unknown");
    assert_string_equal(frame_kind_name(14), "unknown");
    assert_string_equal(denied_code_name(DENIED_WRONG_LOG), "wrong_log");
}

static void other_frames_are_no_control_frames(void **state)
{
    (void)state;
    static const enum frame_kind others[] = {FRAME_SPAN};
    uint8_t room[8];
    size_t len = 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct err_ctx err = {{0}};
        struct control control = {.kind = others[i]};
        frame_kind = (uint8_t)others[i];
        assert_int_equal(decode_message((struct bytes){0}, &err), ERR_FORMAT);
        assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), ERR_FORMAT);
    }
}

static void acks_and_receipts_do_not_pass_for_each_other(void **state)
{
    (void)state;
    uint8_t bytes[SAMPLE_BYTES_MAX];
    uint8_t room[256];
    static struct control control;
    size_t len = 0;
    struct err_ctx err = {{0}};
    struct bytes receipt = frame_of(FRAME_RECEIPT, bytes);
    assert_int_equal(control_decode(receipt, arena, &control, &err), 0);
    assert_true(control.as.ack.has_signature);
    bytes[1] = FRAME_ACK;
    assert_int_equal(control_decode(receipt, arena, &control, &err), ERR_FORMAT);
    assert_int_equal(control.kind, FRAME_RECEIPT);
    control.kind = FRAME_ACK;
    assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), ERR_FORMAT);
    control.as.ack.has_signature = false;
    assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), 0);
    control.kind = FRAME_RECEIPT;
    assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), ERR_FORMAT);
}

static void lists_and_lanes_have_limits(void **state)
{
    (void)state;
    static struct control control = {.kind = FRAME_RESUME};
    uint8_t room[2048];
    size_t len = 0;
    struct err_ctx err = {{0}};
    for (size_t i = 0; i < LOGS_MAX; i++) {
        control.as.resume.logs[i].lane = 1;
    }
    control.as.resume.log_count = LOGS_MAX;
    assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), 0);
    frame_kind = FRAME_RESUME;
    assert_int_equal(decode_message(bytes_of(room + 2, len - 2), &err), 0);
    memcpy(room + len, "\x2a\x00", 2);
    assert_int_equal(decode_message(bytes_of(room + 2, len), &err), ERR_LIMIT);
    control.as.resume.log_count = LOGS_MAX + 1;
    assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), ERR_LIMIT);
    control.as.resume.log_count = 1;
    control.as.resume.logs[0].lane = 5;
    assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), ERR_VALUE);
    control.as.resume.logs[0].lane = 0;
    assert_int_equal(control_encode(&control, room, sizeof room, &len, &err), ERR_VALUE);
    control.as.resume.logs[0].lane = 4;
    assert_int_equal(control_encode(&control, room, 1, &len, &err), ERR_LIMIT);
    assert_int_equal(control_encode(&control, room, 3, &len, &err), ERR_LIMIT);
}

/* What a later version adds is skipped: codecs are known to the schema, 100 is not. */
static void unused_and_unknown_fields_are_passed_over(void **state)
{
    (void)state;
    uint8_t bytes[SAMPLE_BYTES_MAX];
    struct err_ctx err = {{0}};
    struct bytes frame = frame_of(FRAME_RESUME, bytes);
    memcpy(bytes + frame.len, "\x5a\x02\x00\x01\xa0\x06\x01", 7);
    frame_kind = FRAME_RESUME;
    assert_int_equal(decode_message(bytes_of(frame.data + 2, frame.len + 5), &err), 0);
}

static struct bytes frame_of_nth(size_t nth, uint8_t to[SAMPLE_BYTES_MAX])
{
    return frame_of(kinds[nth].kind, to);
}

static bool comes_back(size_t nth, struct bytes frame)
{
    (void)nth; /* the frame says its kind */
    return round_trip_control(frame);
}

static void mutated_frames_do_no_harm(void **state)
{
    (void)state;
    check_mutations(KIND_COUNT, frame_of_nth, comes_back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_checked),
        cmocka_unit_test(frames_say_their_kind),
        cmocka_unit_test(other_frames_are_no_control_frames),
        cmocka_unit_test(acks_and_receipts_do_not_pass_for_each_other),
        cmocka_unit_test(lists_and_lanes_have_limits),
        cmocka_unit_test(unused_and_unknown_fields_are_passed_over),
        cmocka_unit_test(mutated_frames_do_no_harm),
    };
    return cmocka_run_group_tests(tests, messages_open, messages_close);
}
